/** Bad bytes out of good ones: what people and networks do to a packet, and what an attacker would. */
import type { Random } from '../../src/core/index.ts';

/** Beyond this nothing new is found, and everything gets slow. */
export const MAX_INPUT_BYTES = 2048;

/** Lengths and counts at which decoders go wrong. */
const EDGES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 20, 31, 32, 39, 40, 63, 64, 127, 128, 191, 192, 254, 255];

type Change = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

const changes: readonly Change[] = [
  (bytes, random) => set(bytes, random, (old) => old ^ (1 << random.below(8))),
  (bytes, random) => set(bytes, random, () => random.below(256)),
  (bytes, random) => set(bytes, random, () => random.pick(EDGES)),
  (bytes, random) => set(bytes, random, (old) => old + random.between(-3, 3)),
  // A 16-bit length that is everything, nothing, or about what is left.
  (bytes, random) => {
    const at = random.below(bytes.length);
    const left = bytes.length - at;
    const value = random.pick([0, 1, 0xffff, left, left - 1, left + 1, left - 2, left - 4]) & 0xffff;
    const copy = bytes.slice();
    copy[at] = value >>> 8;
    if (at + 1 < copy.length) copy[at + 1] = value;
    return copy;
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(0, Math.max(1, bytes.length - random.between(1, 8))),
  (bytes, random) => replace(bytes, random.below(bytes.length + 1), 0, randomBytes(random, random.between(1, 16))),
  (bytes, random) => replace(bytes, random.below(bytes.length), random.between(1, 16), new Uint8Array(0)),
  // The same piece again: options and records in a row.
  (bytes, random) => {
    const from = random.below(bytes.length);
    return replace(bytes, from, 0, bytes.slice(from, from + random.between(1, 32)));
  },
  (bytes, random) =>
    replace(bytes, random.below(bytes.length), random.between(1, 8), randomBytes(random, random.between(1, 8))),
  // The head of one and the tail of another.
  (bytes, random, other) =>
    replace(
      bytes.slice(0, random.below(bytes.length + 1)),
      MAX_INPUT_BYTES,
      0,
      other.slice(random.below(other.length + 1)),
    ),
];

/**
 * A changed copy.
 * @param other another input, of which pieces may be taken
 */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let result = bytes.length === 0 ? randomBytes(random, random.between(1, 64)) : bytes;
  for (let count = 1 << random.below(4); count > 0; count--) {
    if (result.length === 0) break;
    result = random.pick(changes)(result, random, other);
  }
  return result.slice(0, MAX_INPUT_BYTES);
}

function set(bytes: Uint8Array, random: Random, value: (old: number) => number): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  copy[at] = value(copy[at]!);
  return copy;
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** `bytes` with `count` of them from `at` on replaced by `by`. */
function replace(bytes: Uint8Array, at: number, count: number, by: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...by, ...bytes.subarray(at + count)]);
}

/**
 * The smallest input found that still fails: pieces are left out, then bytes are set to 0.
 * @param fails tells whether an input fails
 * @param limit how often to ask
 */
export function minimise(bytes: Uint8Array, fails: (bytes: Uint8Array) => boolean, limit: number = 4000): Uint8Array {
  let best = bytes;
  let asked = 0;
  const attempt = (candidate: Uint8Array): boolean => {
    if (asked++ >= limit || !fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let size = best.length; size >= 1; size >>>= 1) {
    for (let at = 0; at < best.length; ) {
      if (!attempt(replace(best, at, size, new Uint8Array(0)))) at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] !== 0) attempt(replace(best, at, 1, Uint8Array.of(0)));
  }
  return best;
}
