/**
 * A trace in figures: what was sent and lost, and for its main TCP connection how the handshake and the close went.
 * Pure: the same trace gives the same figures, whoever produced it. TCP fields are read from the packets' bytes.
 */
import { seqAdd, seqGe, seqGt, seqLt } from '../core/index.ts';
import { TcpFlags } from '../wire/index.ts';
import type { CallEnter, CallExit, Trace, TraceEvent } from './event.ts';
import { type PacketFacts, packetFacts } from './packet-facts.ts';
import { inTimeOrder, type PacketHistory, packetHistories } from './packets.ts';

export interface Handshake {
  /** When the client sent its first SYN, got the SYN-ACK, sent the ACK: ns since the start of the trace. */
  readonly synT: number;
  readonly synAckT: number | null;
  readonly ackT: number | null;
  /**
   * From the first SYN to the return of connect(), or to the ACK when no call was recorded or it did not wait; null when
   * the connection never came about.
   */
  readonly durationNs: number | null;
}

export interface TcpSummary {
  /** The trace's number of the connection, where it has one. */
  readonly flow: number | null;
  /** Host ids and endpoints; the client is the one that sent the first SYN. */
  readonly client: string;
  readonly server: string | null;
  readonly clientAddress: string;
  readonly serverAddress: string;
  /** Segments sent, retransmissions included, copies made on the wire not. */
  readonly segments: number;
  /** Those of them with data. */
  readonly dataSegments: number;
  /** Data bytes each way, each byte once however often it was sent. */
  readonly payloadBytes: { readonly fromClient: number; readonly fromServer: number };
  /** Segments that sent again what had been sent: data, SYN or FIN. */
  readonly retransmissions: number;
  readonly handshake: Handshake | null;
  /** Least one-way delays measured, the two ways added; null when a way saw no packet arrive. */
  readonly pathRttNs: number | null;
  /** Handshake duration in round trips of that path, to a tenth. */
  readonly roundTrips: number | null;
  /** From the SYN that was answered to the SYN-ACK, both at the client. */
  readonly rttNs: number | null;
  /** Who sent the first FIN, or the RST that ended an established connection. */
  readonly whoClosedFirst: string | null;
  /** From the first FIN or RST on: segments that carry one or acknowledge a FIN; a FIN that also acknowledges is one. */
  readonly closingSegments: number;
  /** Host whose socket went to TIME-WAIT. */
  readonly timeWaitHolder: string | null;
  /** RST segments sent. */
  readonly resets: number;
  /** The SYN was answered with a RST. */
  readonly refused: boolean;
  /** `ok`, or the errno name of the client's connect(); null when no connect() returned. */
  readonly connectResult: string | null;
}

export interface UdpSummary {
  readonly flow: number | null;
  /** Both endpoints; `a` sent the first datagram. */
  readonly a: string;
  readonly b: string;
  /** Datagrams. */
  readonly sent: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly duplicated: number;
  /** Data bytes sent. */
  readonly payloadBytes: { readonly fromA: number; readonly fromB: number };
}

export interface TraceSummary {
  readonly packets: {
    readonly sent: number;
    readonly delivered: number;
    readonly dropped: number;
    readonly duplicated: number;
    /** Bytes sent, from the IP header on (from the frame on an Ethernet link). */
    readonly bytes: number;
  };
  /** The TCP connection with most segments, the earlier of equals; null when there is none. */
  readonly tcp: TcpSummary | null;
  readonly udp: readonly UdpSummary[];
}

/** A packet with its reading. */
interface Sent {
  readonly packet: PacketHistory;
  readonly facts: PacketFacts;
}

/** Packets of one 5-tuple in order of sending. */
interface Conversation {
  readonly protocol: 'tcp' | 'udp';
  readonly packets: Sent[];
}

export function summarise(trace: Trace): TraceSummary {
  const histories = packetHistories(trace);
  const packets = { sent: 0, delivered: 0, dropped: 0, duplicated: 0, bytes: 0 };
  const conversations = new Map<string, Conversation>();
  const linkTypes = new Map(trace.header.links.map(({ id, linkType }) => [id, linkType]));
  const events = inTimeOrder(trace.events);
  for (const event of events) {
    if (event.k === 'pkt.rx') packets.delivered++;
    if (event.k === 'pkt.drop') packets.dropped++;
    if (event.k === 'pkt.tx') {
      packets.sent++;
      packets.bytes += event.len;
    }
    if (event.k === 'pkt.dup') packets.duplicated++;
    if (event.k !== 'pkt.tx' && event.k !== 'pkt.dup') continue;
    const packet = histories.get(event.pkt)!;
    const facts = packetFacts(packet.sent, linkTypes.get(event.link));
    if (facts?.tcp === undefined && facts?.udp === undefined) continue;
    const protocol = facts.tcp === undefined ? 'udp' : 'tcp';
    const ends = [facts.source, facts.target].sort();
    const key = `${protocol} ${ends[0]} ${ends[1]}`;
    const known = conversations.get(key);
    if (known === undefined) conversations.set(key, { protocol, packets: [{ packet, facts }] });
    else known.packets.push({ packet, facts });
  }
  let main: Conversation | undefined;
  const udp: UdpSummary[] = [];
  for (const conversation of conversations.values()) {
    if (conversation.protocol === 'udp') udp.push(summariseUdp(conversation));
    else if (main === undefined || conversation.packets.length > main.packets.length) main = conversation;
  }
  return { packets, tcp: main === undefined ? null : summariseTcp(main, events), udp };
}

function flowOf(packets: readonly Sent[]): number | null {
  for (const { packet } of packets) if (packet.tx?.flow !== undefined) return packet.tx.flow;
  return null;
}

function summariseUdp(conversation: Conversation): UdpSummary {
  const { packets } = conversation;
  const { source: a, target: b } = packets[0]!.facts;
  const counts = { sent: 0, delivered: 0, dropped: 0, duplicated: 0 };
  const payloadBytes = { fromA: 0, fromB: 0 };
  for (const { packet, facts } of packets) {
    if (packet.rx !== undefined) counts.delivered++;
    if (packet.drop !== undefined) counts.dropped++;
    if (packet.dup !== undefined) counts.duplicated++;
    if (packet.tx === undefined) continue;
    counts.sent++;
    if (facts.source === a) payloadBytes.fromA += facts.udp!.payloadSize;
    else payloadBytes.fromB += facts.udp!.payloadSize;
  }
  return { flow: flowOf(packets), a, b, ...counts, payloadBytes };
}

/** What one direction has sent so far. */
interface Sender {
  /** After the highest sequence number sent; undefined before the first segment. */
  end: number | undefined;
  payloadBytes: number;
  finEnd: number | undefined;
  /** The peer's FIN arrived here and is not acknowledged yet. */
  owesFinAck: boolean;
}

function summariseTcp(conversation: Conversation, events: readonly TraceEvent[]): TcpSummary {
  const all = conversation.packets;
  const segments = all.filter(({ packet }) => packet.tx !== undefined);
  const isSyn = ({ facts }: Sent): boolean => hasFlags(facts, TcpFlags.SYN) && !hasFlags(facts, TcpFlags.ACK);
  const first = segments.find(isSyn) ?? segments[0] ?? all[0]!;
  const clientAddress = first.facts.source;
  const serverAddress = first.facts.target;
  const client = first.packet.from;
  const fromClient = (sent: Sent): boolean => sent.facts.source === clientAddress;
  const server = segments.find((sent) => !fromClient(sent))?.packet.from ?? first.packet.to ?? null;
  const flow = flowOf(all);

  const path = pathRtt(all, fromClient);
  const hand = handshakeOf(segments, fromClient, isSyn);
  const connect = connectOf(events, client, flow, first.packet.tx?.sock);
  const streams = streamsOf(segments, all, fromClient, events);
  const isOpen = hand !== null && hand.synAckT !== null;
  const refused = !isOpen && segments.some((sent) => !fromClient(sent) && hasFlags(sent.facts, TcpFlags.RST));
  const connectResult = connect === null ? null : resultOf(connect, isOpen, refused);
  let handshake: Handshake | null = null;
  if (hand !== null) {
    // connect() that does not wait returns before the handshake ends; then the ACK is its end.
    const waited = connect !== null && connect.exit.ret === 0 && hand.ackT !== null && connect.exit.t >= hand.ackT;
    const endT = !isOpen ? null : waited ? connect.exit.t : hand.ackT;
    handshake = {
      synT: hand.synT,
      synAckT: hand.synAckT,
      ackT: hand.ackT,
      durationNs: endT === null ? null : endT - hand.synT,
    };
  }
  const duration = handshake?.durationNs ?? null;
  return {
    flow,
    client,
    server,
    clientAddress,
    serverAddress,
    segments: segments.length,
    dataSegments: segments.filter(({ facts }) => facts.tcp!.payloadSize > 0).length,
    payloadBytes: streams.payloadBytes,
    retransmissions: streams.retransmissions,
    handshake,
    pathRttNs: path,
    roundTrips: duration === null || path === null || path === 0 ? null : Math.round((duration / path) * 10) / 10,
    rttNs: hand?.rttNs ?? null,
    whoClosedFirst: isOpen || hand === null ? streams.whoClosedFirst : null,
    closingSegments: streams.closingSegments,
    timeWaitHolder: timeWaitHolder(events, flow, segments),
    resets: segments.filter(({ facts }) => hasFlags(facts, TcpFlags.RST)).length,
    refused,
    connectResult,
  };
}

function hasFlags(facts: PacketFacts, mask: number): boolean {
  return (facts.tcp!.flags & mask) === mask;
}

function pathRtt(packets: readonly Sent[], fromClient: (sent: Sent) => boolean): number | null {
  let there = Infinity;
  let back = Infinity;
  for (const sent of packets) {
    const { tx, rx } = sent.packet;
    if (tx === undefined || rx === undefined) continue;
    if (fromClient(sent)) there = Math.min(there, rx.t - tx.t);
    else back = Math.min(back, rx.t - tx.t);
  }
  return Number.isFinite(there + back) ? there + back : null;
}

function handshakeOf(
  segments: readonly Sent[],
  fromClient: (sent: Sent) => boolean,
  isSyn: (sent: Sent) => boolean,
): { synT: number; synAckT: number | null; ackT: number | null; rttNs: number | null } | null {
  const syns = segments.filter(isSyn);
  if (syns.length === 0) return null;
  const synT = syns[0]!.packet.tx!.t;
  const synAck = segments.find(
    (sent) => !fromClient(sent) && hasFlags(sent.facts, TcpFlags.SYN | TcpFlags.ACK) && sent.packet.rx !== undefined,
  );
  if (synAck === undefined) return { synT, synAckT: null, ackT: null, rttNs: null };
  const synAckT = synAck.packet.rx!.t;
  const ack = segments.find(
    (sent) =>
      fromClient(sent) &&
      sent.packet.tx!.t >= synAckT &&
      hasFlags(sent.facts, TcpFlags.ACK) &&
      !hasFlags(sent.facts, TcpFlags.RST),
  );
  // Of several SYNs the answered one is the last that had arrived when the SYN-ACK left.
  const answered = syns.findLast(({ packet }) => packet.rx !== undefined && packet.rx.t <= synAck.packet.tx!.t);
  return {
    synT,
    synAckT,
    ackT: ack?.packet.tx?.t ?? null,
    rttNs: answered === undefined ? null : synAckT - answered.packet.tx!.t,
  };
}

function streamsOf(
  segments: readonly Sent[],
  all: readonly Sent[],
  fromClient: (sent: Sent) => boolean,
  events: readonly TraceEvent[],
): {
  payloadBytes: { fromClient: number; fromServer: number };
  retransmissions: number;
  whoClosedFirst: string | null;
  closingSegments: number;
} {
  const newSender = (): Sender => ({ end: undefined, payloadBytes: 0, finEnd: undefined, owesFinAck: false });
  const client = newSender();
  const server = newSender();
  let retransmissions = 0;
  let closingSegments = 0;
  let whoClosedFirst: string | null = null;
  const send = (sent: Sent): void => {
    const [self, peer] = fromClient(sent) ? [client, server] : [server, client];
    const tcp = sent.facts.tcp!;
    const flags = tcp.flags;
    const length = tcp.sequenceLength;
    const end = seqAdd(tcp.seq, length);
    if ((flags & TcpFlags.RST) === 0 && length > 0) {
      if (self.end !== undefined && seqLt(tcp.seq, self.end)) retransmissions++;
      if (self.end === undefined || seqGt(end, self.end)) {
        const from = self.end === undefined || seqGt(tcp.seq, self.end) ? tcp.seq : self.end;
        const news = (end - from) >>> 0;
        // SYN and FIN take a number each and are no data.
        const marks = (flags & TcpFlags.FIN ? 1 : 0) + (flags & TcpFlags.SYN && from === tcp.seq ? 1 : 0);
        self.payloadBytes += news - marks;
        self.end = end;
      }
    }
    const carries = (flags & (TcpFlags.FIN | TcpFlags.RST)) !== 0;
    const answersFin =
      (flags & TcpFlags.ACK) !== 0 && self.owesFinAck && peer.finEnd !== undefined && seqGe(tcp.ack, peer.finEnd);
    if (answersFin) self.owesFinAck = false;
    if (carries && whoClosedFirst === null) whoClosedFirst = sent.packet.from;
    if (carries || answersFin) closingSegments++;
    if ((flags & TcpFlags.FIN) !== 0) self.finEnd = end;
  };
  const arrive = (sent: Sent): void => {
    if ((sent.facts.tcp!.flags & TcpFlags.FIN) === 0) return;
    const [self, peer] = fromClient(sent) ? [client, server] : [server, client];
    // The copy of a packet brings the same FIN.
    self.finEnd ??= seqAdd(sent.facts.tcp!.seq, sent.facts.tcp!.sequenceLength);
    peer.owesFinAck = true;
  };
  const byPacket = new Map(all.map((sent) => [sent.packet.pkt, sent]));
  const own = new Set(segments.map((sent) => sent.packet.pkt));
  for (const event of events) {
    if (event.k !== 'pkt.tx' && event.k !== 'pkt.rx') continue;
    const sent = byPacket.get(event.pkt);
    if (sent === undefined) continue;
    if (event.k === 'pkt.rx') arrive(sent);
    else if (own.has(event.pkt)) send(sent);
  }
  return {
    payloadBytes: { fromClient: client.payloadBytes, fromServer: server.payloadBytes },
    retransmissions,
    whoClosedFirst,
    closingSegments,
  };
}

interface Connect {
  readonly enter: CallEnter;
  readonly exit: CallExit;
}

/** The client's connect() for this connection: by its flow or socket number, else the first one of the host. */
function connectOf(
  events: readonly TraceEvent[],
  client: string,
  flow: number | null,
  sock: number | undefined,
): Connect | null {
  const enters = events.filter(
    (event): event is CallEnter => event.k === 'call.enter' && event.name === 'connect' && event.host === client,
  );
  const enter =
    (sock === undefined ? undefined : enters.find((event) => event.sock === sock)) ??
    (flow === null ? undefined : enters.find((event) => event.flow === flow)) ??
    enters.find((event) => event.sock === undefined && event.flow === undefined);
  if (enter === undefined) return null;
  const exit = events.find((event): event is CallExit => event.k === 'call.exit' && event.enter === enter.seq);
  return exit === undefined ? null : { enter, exit };
}

function resultOf(connect: Connect, isOpen: boolean, refused: boolean): string {
  if (connect.exit.ret === 0) return 'ok';
  const errno = connect.exit.errno ?? 'unknown';
  // A connect() that does not wait says so, and the packets say what came of it.
  if (errno !== 'EINPROGRESS') return errno;
  return isOpen ? 'ok' : refused ? 'ECONNREFUSED' : errno;
}

function timeWaitHolder(events: readonly TraceEvent[], flow: number | null, segments: readonly Sent[]): string | null {
  const socks = new Set(segments.map(({ packet }) => packet.tx!.sock).filter((sock) => sock !== undefined));
  for (const event of events) {
    if (event.k !== 'tcp.state' || event.new !== 'TIME-WAIT') continue;
    if (event.flow === undefined && event.sock === undefined) return event.host;
    if (event.flow !== undefined && event.flow === flow) return event.host;
    if (event.sock !== undefined && socks.has(event.sock)) return event.host;
  }
  return null;
}
