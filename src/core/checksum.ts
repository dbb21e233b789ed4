/**
 * The Internet checksum: RFC 1071 (the sum, its order independence), RFC 1624 (change one word without adding all
 * again), and the pseudo headers of RFC 9293 §3.1 and RFC 8200 §8.1.
 *
 * A *sum* here is the folded one's complement sum, 0…0xffff, of big-endian words; a *checksum* is its complement, as it
 * stands in a header. Sums of parts may be added as long as every part but the last has even length.
 */
import { LITTLE_ENDIAN } from './bytes.ts';

/** Under this many bytes, byte pairs beat the fixed cost of the 16-bit view. */
const VIEW_FROM_BYTES = 32;
/** Words added before folding: 0x7fff words of 0xffff stay under 2^31, where engines keep small integers. */
const FOLD_EVERY_WORDS = 0x7fff;

// The last buffer's 16-bit view. Packets of a batch share one buffer, and making a view costs more than adding 40 bytes.
// A detached or shrunk buffer shows in the length; `end` is bounded by the caller's array, which shrinks with it.
let viewedBuffer: ArrayBufferLike | undefined;
let words: Uint16Array = new Uint16Array(0);

function wordsOf(buffer: ArrayBufferLike): Uint16Array {
  if (buffer === viewedBuffer && words.length === buffer.byteLength >>> 1) return words;
  words = new Uint16Array(buffer, 0, buffer.byteLength >>> 1);
  viewedBuffer = buffer;
  return words;
}

/** Fold carries of a 32-bit sum into 16 bits (RFC 1071 §1). */
export function foldSum(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
}

/**
 * One's complement sum of `bytes[offset … end)`, added to `initial`.
 * An odd last byte counts as the high half of a word whose low half is zero (RFC 1071 §4.1).
 * @returns the folded sum, 0…0xffff, not complemented
 */
export function sum16(bytes: Uint8Array, offset: number = 0, end: number = bytes.length, initial: number = 0): number {
  if (end > bytes.length) end = bytes.length;
  const length = end - offset;
  let sum = 0;
  if (length < VIEW_FROM_BYTES) {
    let i = offset;
    for (; i + 1 < end; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
    if (i < end) sum += bytes[i]! << 8;
    return foldSum(sum + initial);
  }
  const start = bytes.byteOffset + offset;
  // RFC 1071 §2(B): the sum is the same in either byte order, swapped at the end. Starting on an odd address the first
  // byte is taken alone, which swaps the halves of all that follow once more.
  const odd = start & 1;
  const view = wordsOf(bytes.buffer);
  let word = (start + odd) >>> 1;
  const last = (bytes.byteOffset + end) >>> 1;
  while (word < last) {
    const stop = Math.min(last, word + FOLD_EVERY_WORDS);
    const stop4 = word + ((stop - word) & ~3);
    let part = 0;
    for (; word < stop4; word += 4) part += view[word]! + view[word + 1]! + view[word + 2]! + view[word + 3]!;
    for (; word < stop; word++) part += view[word]!;
    sum = foldSum(sum + foldSum(part));
  }
  const swapped = LITTLE_ENDIAN ? odd === 0 : odd === 1;
  if (swapped) sum = swap(sum);
  if (odd === 1) sum += bytes[offset]! << 8;
  // A byte is left over at the end when start and end differ in parity: a high half. Then the total length is odd when
  // the start was even, even when it was odd, where that byte is the low half of the last word.
  if (((bytes.byteOffset + end) & 1) === 1) sum += odd === 1 ? bytes[end - 1]! : bytes[end - 1]! << 8;
  return foldSum(sum + initial);
}

/**
 * The checksum field for `bytes[offset … end)`: the complement of the sum. Zero the field first.
 * Over data that already holds a right checksum the result is 0.
 * @param initial a sum to begin with, for instance of a pseudo header
 */
export function checksum(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  initial: number = 0,
): number {
  return ~sum16(bytes, offset, end, initial) & 0xffff;
}

/**
 * The checksum after one 16-bit word of the data changed (RFC 1624 §3, equation 3: HC' = ~(~HC + ~m + m')).
 * The older equation of RFC 1141 gives 0xffff where 0x0000 is right.
 */
export function updateChecksum(old: number, oldWord: number, newWord: number): number {
  return ~foldSum((~old & 0xffff) + (~oldWord & 0xffff) + (newWord & 0xffff)) & 0xffff;
}

/**
 * Sum of the IPv4 pseudo header (RFC 9293 §3.1, RFC 768).
 * @param src,dst addresses as 32-bit numbers, most significant byte first
 * @param length of the segment or datagram, header and data, bytes
 */
export function pseudoSumV4(src: number, dst: number, protocol: number, length: number): number {
  return foldSum((src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + length);
}

/**
 * Sum of the IPv6 pseudo header (RFC 8200 §8.1).
 * @param src,dst 16 bytes each, borrowed
 * @param length of the upper-layer header and data, bytes (32 bits)
 */
export function pseudoSumV6(src: Uint8Array, dst: Uint8Array, nextHeader: number, length: number): number {
  return sum16(dst, 0, 16, sum16(src, 0, 16, foldSum((length >>> 16) + (length & 0xffff)) + nextHeader));
}
