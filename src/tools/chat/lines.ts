/**
 * Lines out of a stream of bytes, and text that is safe to print.
 *
 * Splitting happens on bytes and decoding on whole lines, so a character whose bytes arrive in two reads is never cut.
 */

/** Longest line that a chat takes, in bytes without its end. */
export const MAX_LINE_BYTES = 65_536;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

export interface Line {
  /** Invalid UTF-8 reads as U+FFFD; NUL bytes (C programs that send their whole buffer) are dropped. */
  readonly text: string;
  /** The line was longer than the limit: `text` is empty, the rest of it is skipped. */
  readonly tooLong: boolean;
}

export class LineSplitter {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #length = 0;
  #skipping = false;

  /** @param limit longest line in bytes */
  constructor(limit: number = MAX_LINE_BYTES) {
    this.#limit = limit;
  }

  /** Bytes that wait for the end of their line. */
  get partialBytes(): number {
    return this.#length;
  }

  /** @param bytes borrowed */
  push(bytes: Uint8Array): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      this.#add(bytes.subarray(start, end < 0 ? bytes.length : end), lines);
      if (end < 0) return lines;
      if (this.#skipping) this.#skipping = false;
      else lines.push({ text: this.#take(), tooLong: false });
      start = end + 1;
    }
  }

  /** End of input: what is there without an end is a line too. */
  end(): Line[] {
    this.#skipping = false;
    return this.#length === 0 ? [] : [{ text: this.#take(), tooLong: false }];
  }

  /** The unfinished line as it is now, except for the bytes of a character that is not whole yet. */
  flushPartial(): string {
    const bytes = this.#join();
    const whole = bytes.length - incompleteTail(bytes);
    this.#parts = whole < bytes.length ? [bytes.slice(whole)] : [];
    this.#length = bytes.length - whole;
    return decodeText(bytes.subarray(0, whole));
  }

  #add(bytes: Uint8Array, lines: Line[]): void {
    if (this.#skipping || bytes.length === 0) return;
    if (this.#length + bytes.length > this.#limit) {
      this.#parts = [];
      this.#length = 0;
      this.#skipping = true;
      lines.push({ text: '', tooLong: true });
      return;
    }
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
  }

  #take(): string {
    let bytes = this.#join();
    this.#parts = [];
    this.#length = 0;
    if (bytes[bytes.length - 1] === RETURN) bytes = bytes.subarray(0, -1);
    return decodeText(bytes);
  }

  #join(): Uint8Array {
    if (this.#parts.length === 1) return this.#parts[0] as Uint8Array;
    const bytes = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    return bytes;
  }
}

/** How many bytes at the end begin a UTF-8 character that is not complete (0 to 3). */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return need > back ? back : 0;
  }
  return 0;
}

/** UTF-8 to text; never throws. */
export function decodeText(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.includes('\0') ? text.replaceAll('\0', '') : text;
}

/** The lines of one datagram; its end ends the last one. */
export function datagramLines(data: Uint8Array): string[] {
  return decodeText(data)
    .replace(/\r?\n$/, '')
    .split(/\r?\n/);
}

export function encodeLine(text: string): Uint8Array {
  return encoder.encode(`${text}\n`);
}

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/**
 * Text without what would steer a terminal: C0 (tab stays), DEL, C1, and the marks that turn the direction of text
 * around. Whoever prints what a stranger wrote goes through here.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, (char) => (char === '\t' ? char : ''));
}
