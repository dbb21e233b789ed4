/**
 * A seeded random source: the same seed gives the same run, on every engine. For simulations, loss and tests; never for
 * secrets or initial sequence numbers on a real network.
 *
 * The generator is sfc32 (Chris Doty-Humphrey's PractRand): 128 bits of state, four adds and shifts a number.
 */
export class Random {
  /** What to print so that a run can be repeated. */
  readonly seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: expected a safe integer, got ${seed}`);
    this.seed = seed;
    this.#a = 0x9e3779b9;
    this.#b = seed | 0;
    this.#c = Math.floor(seed / 2 ** 32) | 0;
    // The first numbers of near seeds look alike until the state has been stirred.
    for (let i = 0; i < 15; i++) this.u32();
  }

  /** 0 … 2^32 - 1. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0 ≤ x < 1, 53 bits. */
  float(): number {
    return ((this.u32() >>> 5) * 2 ** 26 + (this.u32() >>> 6)) / 2 ** 53;
  }

  /** A whole number, 0 ≤ n < `limit`. */
  below(limit: number): number {
    if (!(Number.isSafeInteger(limit) && limit > 0)) {
      throw new RangeError(`limit: expected a whole number from 1, got ${limit}`);
    }
    return Math.floor(this.float() * limit);
  }

  /** A whole number, `low` ≤ n ≤ `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with probability `p`; draws a number even for 0 and 1, so that a knob does not shift the rest of the run. */
  chance(p: number): boolean {
    return this.float() < p;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** `length` random bytes, newly made. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u32() >>> 24;
    return bytes;
  }

  /** A source of its own for one part of a run: drawing there does not change what is drawn here. */
  fork(): Random {
    return new Random(this.u32());
  }
}
