/** Conversations: who talked with whom, how much, how long. */
import { type Packet, TcpFlags, type TcpHeader } from '../wire/index.ts';
import { type PacketKey, portsOf, protocolName, transportKey } from './key.ts';
import { TcpProgress } from './tcp-progress.ts';

export interface FlowEnd {
  readonly address: string;
  /** Port; the identifier of an echo; 0 where there is neither. */
  readonly port: number;
}

export interface FlowCounts {
  packets: number;
  /** On the wire, link header included. */
  bytes: number;
  /** Of the transport's payload. */
  payloadBytes: number;
}

/** One conversation; counts grow while packets are added. */
export interface Flow {
  /** Counted from 0 in the order of the first packets; for TCP and UDP apart, as Wireshark's stream numbers are. */
  readonly index: number;
  /** `tcp`, `udp`, `icmp` … */
  readonly protocol: string;
  /** Who began: the first packet's source, or the SYN's where one was seen. */
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly toServer: FlowCounts;
  readonly toClient: FlowCounts;
  /** ns since 1970. */
  readonly first: bigint;
  last: bigint;
  /** TCP only. */
  readonly tcp: TcpProgress | undefined;
  /** A connection of the same addresses and ports came before it. */
  readonly isPortsReused: boolean;
}

/** Where a packet belongs. */
export interface FlowHit {
  readonly flow: Flow;
  readonly isToServer: boolean;
  /** With the first packet of a connection that has the ports of an older one: that one. */
  readonly replaced: Flow | undefined;
}

export interface FlowTableOptions {
  /** Flows held at most, 1,000,000 when left out: then one that was silent long goes, and `forgotten` counts it. */
  readonly maxFlows?: number | undefined;
  /** Told of each flow that goes. */
  readonly onForgotten?: ((flow: Flow) => void) | undefined;
}

interface Entry {
  readonly flow: Flow;
  /** Whether the client is the end that the key has first. */
  readonly isClientFirst: boolean;
  /** Initial sequence numbers, or NOTHING, or MIDSTREAM. */
  clientIsn: number;
  serverIsn: number;
  /** Since it was looked at for room. */
  wasUsed: boolean;
  /** Until it was told. */
  replaced: Flow | undefined;
}

const DEFAULT_MAX_FLOWS = 1_000_000;
/** No segment came from there. */
const NOTHING = -1;
/** Segments came, but no SYN before them. */
const MIDSTREAM = -2;

/**
 * A table of conversations.
 * @example
 * ```ts
 * import { FlowTable } from 'barewire/flow';
 * import { buildPacket, decodePacket } from 'barewire/wire';
 *
 * const table = new FlowTable();
 * const bytes = buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, udp: { srcPort: 1000, dstPort: 53 } });
 * table.add(decodePacket(bytes, 'raw'), 0n, bytes.length);
 * for (const { protocol, client, server } of table.flows) console.log(protocol, client.address, server.port); // udp 10.0.0.1 53
 * ```
 */
export class FlowTable {
  readonly #entries = new Map<string, Entry>();
  readonly #options: FlowTableOptions;
  readonly #counts = new Map<string, number>();
  /** Followed by another of the same ports. */
  readonly #replaced = new Set<Flow>();
  /** Flows that were given up for others. */
  forgotten = 0;

  constructor(options: FlowTableOptions = {}) {
    this.#options = options;
  }

  /** All flows, in the order of their first packets. */
  get flows(): Flow[] {
    const open = Array.from(this.#entries.values(), ({ flow }) => flow);
    return [...this.#replaced, ...open].sort((a, b) =>
      a.first < b.first ? -1 : a.first > b.first ? 1 : a.index - b.index,
    );
  }

  /**
   * Count a packet.
   * @param t ns since 1970
   * @param length on the wire, link header included
   * @returns undefined for a packet without IP
   */
  add(packet: Packet, t: bigint, length: number): FlowHit | undefined {
    const key = transportKey(packet);
    if (key === undefined) return undefined;
    const entry = this.#entryOf(key, packet, t);
    const { flow, replaced } = entry;
    entry.replaced = undefined;
    const isToServer = key.isForward === entry.isClientFirst;
    const counts = isToServer ? flow.toServer : flow.toClient;
    const payloadBytes = payloadOf(packet);
    counts.packets++;
    counts.bytes += length;
    counts.payloadBytes += payloadBytes;
    if (t > flow.last) flow.last = t;
    if (packet.tcp !== undefined) {
      noteIsn(entry, packet.tcp, isToServer);
      flow.tcp?.see(packet.tcp.flags, payloadBytes, isToServer);
    }
    return { flow, isToServer, replaced };
  }

  #entryOf({ key, isForward }: PacketKey, packet: Packet, t: bigint): Entry {
    const known = this.#entries.get(key);
    const isReused = known !== undefined && beginsAnew(known, packet.tcp, isForward === known.isClientFirst);
    if (known !== undefined && !isReused) {
      known.wasUsed = true;
      return known;
    }
    if (known !== undefined) {
      this.#replaced.add(known.flow);
      this.#entries.delete(key);
    }
    this.#makeRoom();
    const entry = this.#open(isForward, packet, t, known?.flow);
    this.#entries.set(key, entry);
    return entry;
  }

  #open(isForward: boolean, packet: Packet, t: bigint, replaced: Flow | undefined): Entry {
    const ip = packet.ip!;
    const [srcPort, dstPort] = portsOf(packet);
    const source: FlowEnd = { address: ip.src, port: srcPort };
    const target: FlowEnd = { address: ip.dst, port: dstPort };
    const protocol = protocolName(packet.protocol ?? 0);
    // What answers a SYN is the server, also when the capture began with it.
    const isAnswer = packet.tcp !== undefined && (packet.tcp.flags & SYN_ACK) === SYN_ACK;
    const index = this.#counts.get(protocol) ?? 0;
    this.#counts.set(protocol, index + 1);
    const flow: Flow = {
      index,
      protocol,
      client: isAnswer ? target : source,
      server: isAnswer ? source : target,
      toServer: { packets: 0, bytes: 0, payloadBytes: 0 },
      toClient: { packets: 0, bytes: 0, payloadBytes: 0 },
      first: t,
      last: t,
      tcp: packet.tcp === undefined ? undefined : new TcpProgress(),
      isPortsReused: replaced !== undefined,
    };
    const isClientFirst = isForward !== isAnswer;
    return { flow, isClientFirst, clientIsn: NOTHING, serverIsn: NOTHING, wasUsed: false, replaced };
  }

  /**
   * One place for a new flow. Those that were replaced go first; then whichever of the oldest was not used since it was
   * last looked at ("second chance"): near to what was silent longest, without work for each packet.
   */
  #makeRoom(): void {
    const most = Math.max(1, this.#options.maxFlows ?? DEFAULT_MAX_FLOWS);
    if (this.#entries.size + this.#replaced.size < most) return;
    for (const flow of this.#replaced) {
      this.#replaced.delete(flow);
      this.#forget(flow);
      return;
    }
    // Ends: what is moved behind the others has lost its mark.
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.wasUsed) {
        this.#forget(entry.flow);
        return;
      }
      entry.wasUsed = false;
      this.#entries.set(key, entry);
    }
  }

  #forget(flow: Flow): void {
    this.forgotten++;
    this.#options.onForgotten?.(flow);
  }
}

const SYN_ACK = TcpFlags.SYN | TcpFlags.ACK;

/**
 * RFC 9293 §3.6.1: a SYN with another number than its sender's last one is another connection of the same ports. So is
 * one with the same number after the end, and the answer to a SYN that was not captured. A SYN from an end that has
 * said nothing yet is a simultaneous open (§3.5).
 */
function beginsAnew({ clientIsn, serverIsn, flow }: Entry, tcp: TcpHeader | undefined, isToServer: boolean): boolean {
  if (tcp === undefined || (tcp.flags & TcpFlags.SYN) === 0) return false;
  const [own, other] = isToServer ? [clientIsn, serverIsn] : [serverIsn, clientIsn];
  if (own === NOTHING) return false;
  if ((tcp.flags & TcpFlags.ACK) !== 0) return own !== tcp.seq && other !== (tcp.ack - 1) >>> 0;
  return own !== tcp.seq || flow.tcp?.isOver === true;
}

function noteIsn(entry: Entry, { flags, seq, ack }: TcpHeader, isToServer: boolean): void {
  const isSyn = (flags & TcpFlags.SYN) !== 0;
  const isn = isSyn ? seq : MIDSTREAM;
  if (isToServer) {
    if (entry.clientIsn < 0 && (isSyn || entry.clientIsn === NOTHING)) entry.clientIsn = isn;
  } else if (entry.serverIsn < 0 && (isSyn || entry.serverIsn === NOTHING)) entry.serverIsn = isn;
  // The answer to a SYN that was not captured tells its number.
  if ((flags & SYN_ACK) === SYN_ACK && !isToServer && entry.clientIsn < 0) entry.clientIsn = (ack - 1) >>> 0;
}

function payloadOf({ tcp, udp, payloadEnd, payloadOffset }: Packet): number {
  if (tcp !== undefined) return tcp.payloadSize;
  return udp === undefined ? payloadEnd - payloadOffset : udp.payloadSize;
}
