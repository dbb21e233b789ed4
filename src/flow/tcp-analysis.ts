/**
 * What is remarkable about each segment of a TCP connection: sent again, out of order, a gap before it, a duplicate
 * acknowledgement, a closed window; and what it tells of times and bytes under way. The notes are those of Wireshark's
 * `tcp.analysis`, so that both can be read side by side; each is a guess from the capture, not what a host did.
 *
 * The rules follow the protocol (RFC 9293 §3.8, RFC 5681 §3.2, RFC 2018, RFC 6298 §3) as far as that is seen.
 */
import { seqGt, seqLe, seqLt, seqMax } from '../core/index.ts';
import { type Packet, type SackBlock, TcpFlags, type TcpHeader } from '../wire/index.ts';
import { type Flow, FlowTable, type FlowTableOptions } from './flows.ts';
import { type Segment, TcpSide } from './tcp-side.ts';

/** Masks for `notes`. Of the four about repeated bytes a segment has one at most. */
export const TcpNote = {
  /** Bytes that were sent before, or should have been. */
  RETRANSMISSION: 0x0001,
  /** … soon after two or more duplicate acknowledgements, not waiting for the timer (RFC 5681 §3.2). */
  FAST_RETRANSMISSION: 0x0002,
  /** … although they had been acknowledged. */
  SPURIOUS_RETRANSMISSION: 0x0004,
  /** Before the highest byte seen, so soon after it that the network must have changed the order. */
  OUT_OF_ORDER: 0x0008,
  /** Bytes before this segment were not captured. */
  LOST_SEGMENT: 0x0010,
  /** Says once more what was said: something arrived behind a gap (RFC 5681 §2). */
  DUPLICATE_ACK: 0x0020,
  /** Acknowledges bytes that were not captured. */
  ACKED_UNSEEN: 0x0040,
  /** Asks for an answer with a byte that was acknowledged (RFC 9293 §3.8.4). */
  KEEP_ALIVE: 0x0080,
  KEEP_ALIVE_ACK: 0x0100,
  /** Nothing new but another window. */
  WINDOW_UPDATE: 0x0200,
  /** Uses up the window of the other end; told only where the scale of windows is known. */
  WINDOW_FULL: 0x0400,
  /** No more, please (RFC 9293 §3.8.6). */
  ZERO_WINDOW: 0x0800,
  /** One byte into a closed window (RFC 9293 §3.8.6.1). */
  ZERO_WINDOW_PROBE: 0x1000,
  ZERO_WINDOW_PROBE_ACK: 0x2000,
  /** A new connection with the addresses and ports of an older one (RFC 9293 §3.6.1). */
  PORTS_REUSED: 0x4000,
} as const;

const noteNames: readonly (readonly [number, string])[] = Object.entries(TcpNote).map(([name, mask]) => [
  mask,
  name.toLowerCase().replaceAll('_', ' '),
]);

/**
 * Notes as words.
 * @example
 * ```ts
 * import { TcpNote, tcpNoteNames } from 'barewire/flow';
 * tcpNoteNames(TcpNote.LOST_SEGMENT | TcpNote.ZERO_WINDOW); // ['lost segment', 'zero window']
 * ```
 */
export function tcpNoteNames(notes: number): string[] {
  return noteNames.filter(([mask]) => (notes & mask) !== 0).map(([, name]) => name);
}

/** What one segment tells; owned. */
export interface TcpAnalysis {
  readonly flow: Flow;
  readonly isToServer: boolean;
  /** See `TcpNote`; 0 for a segment that is like it should be. */
  readonly notes: number;
  /** The segment whose end this one acknowledges, and how long that took at the place of capture, in ns. */
  readonly acks: { readonly frame: number; readonly rttNs: bigint; readonly isAmbiguous: boolean } | undefined;
  /** Of a duplicate acknowledgement: which one, from 1, and what it repeats. */
  readonly duplicate: { readonly count: number; readonly ofFrame: number } | undefined;
  /** Of a retransmission after a time: the first sending, where that was captured, and the ns since. */
  readonly again: { readonly ofFrame: number; readonly afterNs: bigint } | undefined;
  /** With data: bytes sent and not acknowledged after this segment; undefined behind a gap in the capture. */
  readonly bytesInFlight: number | undefined;
  /** Scaled, where the scale is known. */
  readonly windowBytes: number;
  readonly isWindowScaleKnown: boolean;
  /** From the SYN to the acknowledgement of its answer, in ns, from that segment on. */
  readonly initialRttNs: bigint | undefined;
}

const { SYN, FIN, RST, ACK } = TcpFlags;
const CONTROL = SYN | FIN | RST;
/** Out of order without a known round trip: within 3 ms of the highest byte, as Wireshark has it. */
const REORDER_NS = 3_000_000n;
/** A fast retransmission comes within 20 ms of the last duplicate acknowledgement, as Wireshark has it. */
const FAST_NS = 20_000_000n;
const NO_BLOCKS: readonly SackBlock[] = [];
const TIMESTAMPS_KIND = 8;

/** Both ends of one connection. */
class Connection {
  readonly client: TcpSide = new TcpSide();
  readonly server: TcpSide = new TcpSide();
  initialRttNs: bigint | undefined = undefined;
}

/**
 * Analyses the TCP connections of a capture, a packet at a time. Memory: the table's, and per connection the segments
 * that wait for their acknowledgement, 10,000 a direction at most; a flow that the table forgets is forgotten here.
 * @example
 * ```ts
 * import { TcpAnalyser, tcpNoteNames } from 'barewire/flow';
 * import { buildPacket, decodePacket } from 'barewire/wire';
 *
 * const analyser = new TcpAnalyser();
 * const payload = new TextEncoder().encode('hello');
 * const segment = (seq: number) =>
 *   decodePacket(
 *     buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, tcp: { srcPort: 1, dstPort: 2, seq }, payload }),
 *     'raw',
 *   );
 * analyser.add(segment(100), 0n, 45, 1);
 * tcpNoteNames(analyser.add(segment(200), 1000n, 45, 2)?.notes ?? 0); // ['lost segment']
 * ```
 */
export class TcpAnalyser {
  readonly table: FlowTable;
  readonly #connections = new WeakMap<Flow, Connection>();

  constructor(options: FlowTableOptions = {}) {
    this.table = new FlowTable(options);
  }

  /**
   * Take a packet; others than TCP are counted in the table.
   * @param packet borrowed for the call
   * @param t ns since 1970
   * @param length on the wire
   * @param frame its number
   * @returns undefined for what is no TCP segment, or only a fragment of one
   */
  add(packet: Packet, t: bigint, length: number, frame: number): TcpAnalysis | undefined {
    const found = this.table.add(packet, t, length);
    const { tcp } = packet;
    if (found === undefined || tcp === undefined || packet.fragment !== undefined) return undefined;
    let connection = this.#connections.get(found.flow);
    if (connection === undefined) {
      connection = new Connection();
      this.#connections.set(found.flow, connection);
    }
    return analyse(connection, found.flow, found.isToServer, tcp, t, frame);
  }
}

function analyse(
  connection: Connection,
  flow: Flow,
  isToServer: boolean,
  tcp: TcpHeader,
  t: bigint,
  frame: number,
): TcpAnalysis {
  const { client, server } = connection;
  const [own, peer] = isToServer ? [client, server] : [server, client];
  const isFirst = !client.isStarted && !server.isStarted;
  const segment = own.read(tcp, peer, t, frame);
  noteRoundTrip(connection, segment, own, peer);
  if (segment.hasAck) peer.isInFlightKnown = true;

  let notes = ownNotes(segment, own, peer);
  if (isFirst && flow.isPortsReused) notes |= TcpNote.PORTS_REUSED;
  if ((notes & TcpNote.LOST_SEGMENT) !== 0) own.isInFlightKnown = false;
  const duplicate = countDuplicates(segment, own, (notes & TcpNote.DUPLICATE_ACK) !== 0);
  if (segment.hasAck && peer.isStarted && seqGt(segment.ack, peer.seenSeq)) {
    notes |= TcpNote.ACKED_UNSEEN;
    // Told once: from here on it counts as seen.
    peer.seenSeq = segment.ack;
  }
  const threshold = connection.initialRttNs ?? REORDER_NS;
  notes |= repeatNote(segment, own, peer, notes, threshold);
  const again = (notes & TcpNote.RETRANSMISSION) === 0 ? undefined : sinceFirst(segment, own, peer);

  own.sent(segment, (notes & TcpNote.ZERO_WINDOW_PROBE) !== 0);
  own.said(segment, sackOf(tcp));
  own.lastNotes = notes;
  const acks = segment.hasAck ? peer.acknowledged(segment.ack) : undefined;
  return {
    flow,
    isToServer,
    notes,
    acks: acks && { frame: acks.frame, rttNs: t - acks.t, isAmbiguous: acks.isAmbiguous },
    duplicate,
    again,
    bytesInFlight: segment.payloadBytes > 0 && own.isInFlightKnown ? own.inFlight(peer) : undefined,
    windowBytes: segment.windowBytes,
    isWindowScaleKnown: own.shiftWith(peer) !== undefined,
    initialRttNs: connection.initialRttNs,
  };
}

/** RFC 9293 §3.5: the third segment of the handshake acknowledges the answer to its sender's SYN, and nothing more. */
function noteRoundTrip(connection: Connection, segment: Segment, own: TcpSide, peer: TcpSide): void {
  const { flags, seq, ack, t } = segment;
  if (connection.initialRttNs !== undefined || (flags & (SYN | ACK)) !== ACK || own.isn < 0 || peer.isn < 0) return;
  const isThird = seq === (own.isn + 1) >>> 0 && ack === (peer.isn + 1) >>> 0;
  if (own.isOpener && isThird && seq === own.nextSeq && ack === peer.nextSeq) connection.initialRttNs = t - own.synTime;
}

/** Notes from what this end and the other have said before. */
function ownNotes(segment: Segment, own: TcpSide, peer: TcpSide): number {
  const { seq, payloadBytes, flags, windowBytes } = segment;
  const isControl = (flags & CONTROL) !== 0;
  const isNext = own.isStarted && seq === own.nextSeq;
  if (payloadBytes === 1 && isNext && peer.windowBytes === 0) return TcpNote.ZERO_WINDOW_PROBE;
  let notes = 0;
  if (windowBytes === 0 && !isControl) notes |= TcpNote.ZERO_WINDOW;
  if (own.isStarted && seqGt(seq, own.nextSeq) && (flags & RST) === 0) notes |= TcpNote.LOST_SEGMENT;
  if (isControl) return notes;
  if (own.isStarted && payloadBytes <= 1 && seq === (own.nextSeq - 1) >>> 0) notes |= TcpNote.KEEP_ALIVE;
  if (payloadBytes > 0) return fillsWindow(segment, own, peer) ? notes | TcpNote.WINDOW_FULL : notes;
  return isNext && own.hasAcked && segment.hasAck && segment.ack === own.lastAck
    ? notes | sameAckNote(segment, own, peer)
    : notes;
}

function fillsWindow({ end }: Segment, own: TcpSide, peer: TcpSide): boolean {
  if (!peer.hasAcked || peer.shiftWith(own) === undefined) return false;
  return end === (peer.lastAck + peer.windowBytes) >>> 0;
}

/** A segment without data that acknowledges what its sender acknowledged last. */
function sameAckNote({ windowBytes }: Segment, own: TcpSide, peer: TcpSide): number {
  if (windowBytes !== own.windowBytes) return windowBytes === 0 ? 0 : TcpNote.WINDOW_UPDATE;
  if (windowBytes === 0) {
    return (peer.lastNotes & TcpNote.ZERO_WINDOW_PROBE) === 0 ? 0 : TcpNote.ZERO_WINDOW_PROBE_ACK;
  }
  return (peer.lastNotes & TcpNote.KEEP_ALIVE) === 0 ? TcpNote.DUPLICATE_ACK : TcpNote.KEEP_ALIVE_ACK;
}

function countDuplicates(segment: Segment, own: TcpSide, isDuplicate: boolean): TcpAnalysis['duplicate'] {
  if (isDuplicate) own.duplicateAcks++;
  else if (segment.hasAck && !(own.hasAcked && segment.ack === own.lastAck)) {
    own.firstAckFrame = segment.frame;
    own.duplicateAcks = 0;
  }
  return isDuplicate ? { count: own.duplicateAcks, ofFrame: own.firstAckFrame } : undefined;
}

/** Why a segment comes that does not reach beyond the highest byte seen; 0 for one that is new. */
function repeatNote(segment: Segment, own: TcpSide, peer: TcpSide, notes: number, reorderNs: bigint): number {
  const { seq, end, payloadBytes, t } = segment;
  if (seq === end || (notes & (TcpNote.KEEP_ALIVE | TcpNote.ZERO_WINDOW_PROBE)) !== 0) return 0;
  if (payloadBytes > 0 && peer.hasAcked && seqLe((seq + payloadBytes) >>> 0, peer.lastAck)) {
    return TcpNote.SPURIOUS_RETRANSMISSION;
  }
  if (!own.isStarted || !seqLt(seq, own.nextSeq)) return 0;
  // Repeats the one byte of a zero-window probe or a keep-alive, and goes on: new data.
  if (payloadBytes > 1 && seq === (own.nextSeq - 1) >>> 0) return 0;
  if (peer.duplicateAcks >= 2 && t - peer.lastAckTime < FAST_NS && seq === peer.lastAck) {
    return TcpNote.FAST_RETRANSMISSION;
  }
  if (t - own.nextSeqTime < reorderNs && end !== own.nextSeq && !own.hasSent(seq, end)) return TcpNote.OUT_OF_ORDER;
  return TcpNote.RETRANSMISSION;
}

function sinceFirst({ seq, t }: Segment, own: TcpSide, peer: TcpSide): TcpAnalysis['again'] {
  // What was acknowledged is not remembered.
  const first = own.firstSending(peer.hasAcked ? seqMax(seq, peer.lastAck) : seq);
  return first && { ofFrame: first.frame, afterNs: t - first.t };
}

/** SACK blocks (RFC 2018 §3). Most segments have timestamps alone, which is seen without reading options. */
function sackOf(tcp: TcpHeader): readonly SackBlock[] {
  const { bytes, headerOffset, headerEnd } = tcp;
  const size = headerEnd - headerOffset - 20;
  if (size < 10 || (size === 12 && bytes[headerOffset + 22] === TIMESTAMPS_KIND)) return NO_BLOCKS;
  for (const option of tcp.options) if (option.name === 'sack') return option.blocks;
  return NO_BLOCKS;
}
