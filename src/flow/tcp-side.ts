/**
 * What the packets of a capture have told about one end of a TCP connection: how far it has sent, what of that is not
 * acknowledged yet, what it has acknowledged itself and what window it leaves (RFC 9293 §3.3.1, RFC 7323 §2, RFC 2018).
 *
 * The capture is not the host: segments may be missing here that arrived there, and the other way round.
 */
import { seqDiff, seqGt, seqLe, seqLt, seqMax } from '../core/index.ts';
import { type SackBlock, TcpFlags, type TcpHeader } from '../wire/index.ts';

/** A segment, read once: what the rules of the analysis ask for. */
export interface Segment {
  readonly seq: number;
  /** The sequence number behind it: data, SYN and FIN counted. */
  readonly end: number;
  readonly payloadBytes: number;
  readonly flags: number;
  readonly hasAck: boolean;
  readonly ack: number;
  /** Scaled, where the scale is known. */
  readonly windowBytes: number;
  readonly t: bigint;
  readonly frame: number;
}

interface Unacked {
  /** Moves on when a part is acknowledged. */
  seq: number;
  readonly end: number;
  readonly t: bigint;
  readonly frame: number;
}

/** What an acknowledgement was for. */
export interface Acknowledged {
  readonly frame: number;
  readonly t: bigint;
  /** The same bytes were sent more than once: nobody knows which sending is answered (Karn; RFC 6298 §3). */
  readonly isAmbiguous: boolean;
}

/** Segments remembered per direction until they are acknowledged; a capture of one direction alone has no ends. */
const MOST_UNACKED = 10_000;
/** RFC 7323 §2.3: shifts over 14 count as 14. */
const MOST_SHIFT = 14;

export class TcpSide {
  /** Nothing is known of the numbers before the first segment. */
  isStarted = false;
  /** Behind the highest byte seen, and when that was. */
  nextSeq = 0;
  nextSeqTime = 0n;
  /** Behind the highest byte before which nothing is missing here: more than this cannot be acknowledged. */
  seenSeq = 0;
  /** The last acknowledgement that this end sent. */
  hasAcked = false;
  lastAck = 0;
  lastAckTime = 0n;
  windowBytes = -1;
  /** Blocks that this end reported with its last acknowledgement. */
  sacked: readonly SackBlock[] = [];
  duplicateAcks = 0;
  /** The acknowledgement that the duplicates repeat. */
  firstAckFrame = 0;
  /** Notes of this end's last segment. */
  lastNotes = 0;
  /** The number of its SYN, -1 before. */
  isn = -1;
  /** Its SYN asked for the connection; the other end's answers. */
  isOpener = false;
  /** When its SYN was seen last. */
  synTime = 0n;
  /** Shift of its windows: undefined while no SYN has told, -1 for a SYN without the option. */
  offeredShift: number | undefined = undefined;
  /** False from a hole in what was captured until an acknowledgement of the other end. */
  isInFlightKnown = true;
  /** By sequence number, in the order sent where that is the same. */
  readonly #unacked: Unacked[] = [];
  /** Behind the highest byte of data among them: a FIN has a number, but is none. */
  #dataEnd = 0;

  /** Read a segment of this end. @param peer the other end, which must agree to scaled windows */
  read(tcp: TcpHeader, peer: TcpSide, t: bigint, frame: number): Segment {
    const { flags, seq } = tcp;
    const isSyn = (flags & TcpFlags.SYN) !== 0;
    if (isSyn) {
      this.isn = seq;
      this.synTime = t;
      this.isOpener = (flags & TcpFlags.ACK) === 0;
      const scale = tcp.options.find((option) => option.name === 'windowScale');
      this.offeredShift = scale?.name === 'windowScale' ? Math.min(scale.shift, MOST_SHIFT) : -1;
    }
    return {
      seq,
      end: (seq + tcp.sequenceLength) >>> 0,
      payloadBytes: tcp.payloadSize,
      flags,
      hasAck: (flags & TcpFlags.ACK) !== 0,
      ack: tcp.ack,
      // RFC 7323 §2.2: the window of a SYN is never scaled.
      windowBytes: isSyn ? tcp.window : tcp.window * 2 ** (this.shiftWith(peer) ?? 0),
      t,
      frame,
    };
  }

  /** How far windows are shifted: both ends must have offered it (RFC 7323 §2.2). Undefined when that was not seen. */
  shiftWith(peer: TcpSide): number | undefined {
    const { offeredShift: own } = this;
    const { offeredShift: others } = peer;
    if (own === -1 || others === -1) return 0;
    return own === undefined || others === undefined ? undefined : own;
  }

  /** Note what was sent. @param isProbe a zero-window probe: its byte is likely refused, so the numbers do not move */
  sent(segment: Segment, isProbe: boolean): void {
    const { seq, end, flags, t, frame } = segment;
    if (seq !== end && this.#unacked.length < MOST_UNACKED) {
      // FIN is bit 0.
      const dataEnd = (end - (flags & TcpFlags.FIN)) >>> 0;
      this.#dataEnd = this.#unacked.length === 0 ? dataEnd : seqMax(this.#dataEnd, dataEnd);
      this.#remember({ seq, end, t, frame });
    }
    if (!isProbe && (!this.isStarted || seqGt(end, this.nextSeq))) {
      this.nextSeq = end;
      this.nextSeqTime = t;
    }
    if (!this.isStarted) this.seenSeq = end;
    else if (seqLe(seq, this.seenSeq) && seqGt(end, this.seenSeq)) this.#seen(end);
    this.isStarted = true;
  }

  /** Nothing is missing before `end`; nor before what follows it and came earlier. */
  #seen(end: number): void {
    this.seenSeq = end;
    if (end === this.nextSeq) return;
    for (const one of this.#unacked) {
      if (seqGt(one.seq, this.seenSeq)) return;
      this.seenSeq = seqMax(this.seenSeq, one.end);
    }
  }

  /** Note what this end said about the other direction. */
  said(segment: Segment, sacked: readonly SackBlock[]): void {
    this.windowBytes = segment.windowBytes;
    if (!segment.hasAck) return;
    this.hasAcked = true;
    this.lastAck = segment.ack;
    this.lastAckTime = segment.t;
    this.sacked = sacked;
  }

  /** The other end has acknowledged up to here. @returns the segment that ends there, sent first if sent twice */
  acknowledged(ack: number): Acknowledged | undefined {
    let found: Unacked | undefined;
    let matches = 0;
    let kept = 0;
    let at = 0;
    const unacked = this.#unacked;
    // Sorted: what begins at `ack` or behind it stays.
    for (; at < unacked.length && seqLt(unacked[at]!.seq, ack); at++) {
      const one = unacked[at]!;
      if (one.end === ack) {
        matches++;
        if (found === undefined || one.frame < found.frame) found = one;
      }
      if (seqGt(one.end, ack)) {
        one.seq = ack;
        unacked[kept++] = one;
      }
    }
    if (at > kept) unacked.splice(kept, at - kept);
    return found === undefined ? undefined : { frame: found.frame, t: found.t, isAmbiguous: matches > 1 };
  }

  /** Bytes of data sent and not acknowledged, without those that the other end has by its SACK blocks. */
  inFlight(peer: TcpSide): number {
    const first = this.#unacked[0];
    if (first === undefined) return 0;
    let bytes = seqDiff(this.#dataEnd, first.seq);
    for (const [i, { left, right }] of peer.sacked.entries()) {
      const second = peer.sacked[1];
      // RFC 2883 §4: the first block may tell of bytes that came twice; those of the second contain it then.
      if (i === 0 && second !== undefined && seqLe(second.left, left) && seqLe(right, second.right)) continue;
      if (seqLe(first.seq, left) && seqLe(right, this.#dataEnd)) bytes -= seqDiff(right, left);
    }
    return Math.max(0, bytes);
  }

  /** The segment that had this byte first; undefined when it was acknowledged or not captured. */
  firstSending(seq: number): { readonly frame: number; readonly t: bigint } | undefined {
    let first: Unacked | undefined;
    for (const one of this.#unacked) {
      if (seqGt(one.seq, seq)) break;
      if (seqGt(one.end, seq) && (first === undefined || one.frame < first.frame)) first = one;
    }
    return first;
  }

  /** Whether one unacknowledged segment has all of it. */
  hasSent(seq: number, end: number): boolean {
    return this.#unacked.some((one) => seqLe(one.seq, seq) && seqLe(end, one.end));
  }

  #remember(one: Unacked): void {
    const unacked = this.#unacked;
    let at = unacked.length;
    while (at > 0 && seqLt(one.seq, unacked[at - 1]!.seq)) at--;
    if (at === unacked.length) unacked.push(one);
    else unacked.splice(at, 0, one);
  }
}
