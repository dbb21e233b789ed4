/**
 * Arithmetic on 32-bit sequence numbers, which wrap (RFC 9293 §3.4, RFC 1982 §3).
 *
 * `a < b` is wrong as soon as a connection passes 2^32; every comparison of sequence numbers goes through here. Numbers
 * are 0 … 2^32 - 1. Two numbers exactly 2^31 apart have no order (RFC 1982 §3.2); here both are "less", as in Linux.
 */

/** `a` comes before `b`. */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** `a` comes before `b` or is it. */
export function seqLe(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** `a` comes after `b`. */
export function seqGt(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}

/** `a` comes after `b` or is it. */
export function seqGe(a: number, b: number): boolean {
  return ((b - a) | 0) <= 0;
}

/** `seq + n`, wrapped; `n` may be negative. */
export function seqAdd(seq: number, n: number): number {
  return (seq + n) >>> 0;
}

/** `a - b` as a signed distance, -2^31 … 2^31 - 1: positive when `a` is later. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** `low <= seq < high` in sequence space (RFC 9293 §3.4). */
export function seqInWindow(seq: number, low: number, windowBytes: number): boolean {
  return (seq - low) >>> 0 < windowBytes;
}

/** The later of two. */
export function seqMax(a: number, b: number): number {
  return seqLt(a, b) ? b : a;
}

/** The earlier of two. */
export function seqMin(a: number, b: number): number {
  return seqLt(a, b) ? a : b;
}
