/** What can be fuzzed. */
export interface Target {
  /** `room/subject` */
  readonly name: string;
  /** Good inputs, of which bad ones are made. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Feed the bytes and check what must hold of any bytes.
   * @param bytes borrowed; must not be changed
   * @returns the way that the bytes took, with values left out: inputs that took a new way are kept and changed further
   * @throws when something does not hold
   */
  readonly run: (bytes: Uint8Array) => string;
}

/** @throws when `condition` does not hold */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** A line with numbers and addresses left out: packets that differ in nothing else took the same way. */
export function shapeOf(text: string): string {
  return text.replaceAll(/[\da-f]*\d[\da-f:.]*/g, '#').slice(0, 80);
}
