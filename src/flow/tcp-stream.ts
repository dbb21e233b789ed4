/**
 * One direction of a TCP connection as the bytes that its receiver reads (RFC 9293 §3.4, §3.10.7.4): segments in any
 * order, sent again, overlapping, missing, across the wrap of sequence numbers.
 *
 * Bytes are told as soon as they are next. Bytes that were delivered are not kept: of segments that repeat them it is
 * told that they did, not whether they were the same.
 */
import { seqDiff } from '../core/index.ts';
import type { TcpHeader } from '../wire/index.ts';
import { TcpFlags } from '../wire/index.ts';

export interface StreamOptions {
  /** Of bytes that wait for earlier ones and come twice: keep the first, as Linux does, or the last. */
  readonly overlap?: 'first' | 'last' | undefined;
  /** Bytes held at most while earlier ones are missing; then what is missing is given up. 1 MiB when left out. */
  readonly maxHeldBytes?: number | undefined;
}

/** What a segment brought. Offsets count bytes from the first after the SYN. */
export type StreamEvent =
  /** The next bytes. `bytes` is a view into the packet when `isView`, else owned. */
  | {
      readonly kind: 'data';
      readonly offset: number;
      readonly bytes: Uint8Array;
      readonly isView: boolean;
      readonly t: bigint;
      readonly frame: number;
    }
  /** So many bytes are missing and will not come: acknowledged though not captured, or given up at a limit. */
  | { readonly kind: 'gap'; readonly offset: number; readonly length: number; readonly why: 'not captured' | 'limit' }
  /** Bytes that were delivered before. */
  | { readonly kind: 'repeated'; readonly offset: number; readonly length: number; readonly frame: number }
  /** Bytes that came twice while they waited, and differ. */
  | { readonly kind: 'different'; readonly offset: number; readonly length: number; readonly frame: number }
  /** Beyond anything that a window allows. */
  | { readonly kind: 'outside'; readonly offset: number; readonly length: number; readonly frame: number }
  /** FIN, with everything before it; or RST, or the connection's ports were used again. */
  | { readonly kind: 'end'; readonly offset: number; readonly why: 'fin' | 'rst' | 'reused' };

/** RFC 7323 §2.3: the largest window, 65535 shifted by 14. */
const MAX_WINDOW_BYTES = 65_535 * 2 ** 14;
const DEFAULT_HELD_BYTES = 1 << 20;
/** Memory of one held piece besides its bytes. */
const OVERHEAD_BYTES = 100;

interface Held {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly t: bigint;
  readonly frame: number;
}

export class TcpStream {
  readonly #options: StreamOptions;
  /** Sequence number of offset 0. */
  #base = 0;
  #isStarted = false;
  /** The next byte to deliver. */
  #next = 0;
  /** Sorted, without overlaps, all behind `#next`. */
  #held: Held[] = [];
  #heldBytes = 0;
  #fin = -1;
  #isOver = false;

  constructor(options: StreamOptions = {}) {
    this.#options = options;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes delivered or given up so far. */
  get length(): number {
    return this.#next;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The initial sequence number, once known. */
  get isn(): number {
    return (this.#base - 1) >>> 0;
  }

  /** Where a sequence number lies: bytes from the first, also behind the wrap. */
  offsetOf(seq: number): number {
    return this.#next + seqDiff(seq, (this.#base + this.#next) >>> 0);
  }

  /**
   * Take a segment of this direction.
   * @param tcp its payload is borrowed: `data` events of it are views
   * @param out gets what it brought, in order
   */
  add(tcp: TcpHeader, t: bigint, frame: number, out: StreamEvent[]): void {
    if (this.#isOver) return;
    const isSyn = (tcp.flags & TcpFlags.SYN) !== 0;
    if (!this.#isStarted) this.#start(isSyn ? (tcp.seq + 1) >>> 0 : tcp.seq);
    const offset = this.offsetOf(isSyn ? (tcp.seq + 1) >>> 0 : tcp.seq);
    const { payload } = tcp;
    const end = offset + payload.length;
    // RFC 9293 §3.10.7.4: neither data nor FIN nor RST count outside the window.
    if (Math.abs(end - this.#next) > MAX_WINDOW_BYTES || Math.abs(offset - this.#next) > MAX_WINDOW_BYTES) {
      out.push({ kind: 'outside', offset, length: payload.length, frame });
      return;
    }
    // One from before the last byte read is an old one or a false one: the sender has gone on since.
    if ((tcp.flags & TcpFlags.FIN) !== 0 && !tcp.truncated && end >= this.#next && this.#fin < 0) this.#fin = end;
    if (payload.length > 0) this.#take({ offset, bytes: payload, t, frame }, out);
    if ((tcp.flags & TcpFlags.RST) !== 0) this.end('rst', out);
    else this.#checkEnd(out);
  }

  /** The peer has acknowledged up to here: what is missing before it was received, though not captured. */
  acknowledged(ack: number, out: StreamEvent[]): void {
    if (!this.#isStarted || this.#isOver) return;
    const reach = this.offsetOf(ack);
    // FIN counts as one (RFC 9293 §3.4).
    const end = this.#fin >= 0 && reach > this.#fin ? this.#fin : reach;
    if (end <= this.#next || end - this.#next > MAX_WINDOW_BYTES) return;
    const first = this.#held[0];
    // Nothing came after it yet: the segment may only have been captured later than its acknowledgement.
    if (first === undefined || first.offset > end) return;
    this.#skip(first.offset, 'not captured', out);
    this.#deliverHeld(out);
    this.#checkEnd(out);
  }

  /** End it: nothing more is told. Held bytes come before, behind the gaps that they are behind. */
  end(why: 'rst' | 'reused', out: StreamEvent[]): void {
    if (this.#isOver) return;
    this.flush(out);
    this.#isOver = true;
    out.push({ kind: 'end', offset: this.#next, why });
  }

  /** Give up what is missing, so that nothing is held: there are too many streams that wait. */
  release(out: StreamEvent[]): void {
    while (this.#held.length > 0) {
      this.#skip(this.#held[0]!.offset, 'limit', out);
      this.#deliverHeld(out);
    }
    this.#checkEnd(out);
  }

  /** The capture is over: what waits comes, behind the gaps that it is behind. */
  flush(out: StreamEvent[]): void {
    while (this.#held.length > 0) {
      this.#skip(this.#held[0]!.offset, 'not captured', out);
      this.#deliverHeld(out);
    }
    this.#checkEnd(out);
  }

  #start(base: number): void {
    this.#base = base;
    this.#isStarted = true;
  }

  #take(piece: Held, out: StreamEvent[]): void {
    const end = piece.offset + piece.bytes.length;
    const old = Math.min(end, this.#next) - piece.offset;
    if (old > 0) out.push({ kind: 'repeated', offset: piece.offset, length: old, frame: piece.frame });
    if (end <= this.#next) return;
    const rest = old > 0 ? part(piece, old, piece.bytes.length) : piece;
    if (rest.offset === this.#next && (this.#held.length === 0 || this.#held[0]!.offset >= end)) {
      this.#deliver(rest, true, out);
      this.#deliverHeld(out);
      return;
    }
    this.#hold(rest, out);
    this.#deliverHeld(out);
    this.#limit(out);
  }

  #deliver({ offset, bytes, t, frame }: Held, isView: boolean, out: StreamEvent[]): void {
    out.push({ kind: 'data', offset, bytes, isView, t, frame });
    this.#next = offset + bytes.length;
  }

  /** Deliver what is next now. */
  #deliverHeld(out: StreamEvent[]): void {
    let count = 0;
    for (const piece of this.#held) {
      if (piece.offset !== this.#next) break;
      this.#deliver(piece, false, out);
      this.#heldBytes -= piece.bytes.length;
      count++;
    }
    if (count > 0) this.#held.splice(0, count);
  }

  /** Keep a copy of a piece, and of what it has in common with others what the policy says. */
  #hold(piece: Held, out: StreamEvent[]): void {
    const end = piece.offset + piece.bytes.length;
    const last = this.#held.at(-1);
    // Most come behind all others.
    if (last === undefined || last.offset + last.bytes.length <= piece.offset) {
      this.#insert({ ...piece, bytes: piece.bytes.slice() });
      return;
    }
    const others = this.#held.filter(({ offset, bytes }) => offset < end && offset + bytes.length > piece.offset);
    for (const other of others) tellDifference(piece, other, out);
    let parts = [piece];
    if (this.#options.overlap === 'last') {
      for (const other of others) this.#replace(other, outside(other, piece.offset, end));
    } else {
      for (const { offset, bytes } of others) {
        parts = parts.flatMap((one) => outside(one, offset, offset + bytes.length));
      }
    }
    for (const one of parts) this.#insert({ ...one, bytes: one.bytes.slice() });
  }

  #insert(piece: Held): void {
    let at = this.#held.length;
    while (at > 0 && this.#held[at - 1]!.offset > piece.offset) at--;
    this.#held.splice(at, 0, piece);
    this.#heldBytes += piece.bytes.length;
  }

  #replace(piece: Held, parts: readonly Held[]): void {
    this.#held.splice(this.#held.indexOf(piece), 1, ...parts);
    this.#heldBytes += parts.reduce((sum, { bytes }) => sum + bytes.length, 0) - piece.bytes.length;
  }

  #limit(out: StreamEvent[]): void {
    const most = this.#options.maxHeldBytes ?? DEFAULT_HELD_BYTES;
    while (this.#held.length > 0 && this.#heldBytes + this.#held.length * OVERHEAD_BYTES > most) {
      this.#skip(this.#held[0]!.offset, 'limit', out);
      this.#deliverHeld(out);
    }
  }

  #skip(to: number, why: 'not captured' | 'limit', out: StreamEvent[]): void {
    if (to <= this.#next) return;
    out.push({ kind: 'gap', offset: this.#next, length: to - this.#next, why });
    this.#next = to;
  }

  #checkEnd(out: StreamEvent[]): void {
    if (this.#isOver || this.#fin < 0 || this.#next < this.#fin) return;
    this.#isOver = true;
    out.push({ kind: 'end', offset: this.#next, why: 'fin' });
  }
}

function part(piece: Held, from: number, to: number): Held {
  return { ...piece, offset: piece.offset + from, bytes: piece.bytes.subarray(from, to) };
}

/** What of a piece lies before `from` and behind `to`. */
function outside(piece: Held, from: number, to: number): Held[] {
  const end = piece.offset + piece.bytes.length;
  const parts: Held[] = [];
  if (piece.offset < from) parts.push(part(piece, 0, Math.min(end, from) - piece.offset));
  if (end > to) parts.push(part(piece, Math.max(0, to - piece.offset), piece.bytes.length));
  return parts;
}

function tellDifference(piece: Held, other: Held, out: StreamEvent[]): void {
  const from = Math.max(piece.offset, other.offset);
  const to = Math.min(piece.offset + piece.bytes.length, other.offset + other.bytes.length);
  for (let at = from; at < to; at++) {
    if (piece.bytes[at - piece.offset] === other.bytes[at - other.offset]) continue;
    out.push({ kind: 'different', offset: from, length: to - from, frame: piece.frame });
    return;
  }
}
