/**
 * Conversations: who talked with whom, how much, how long; and for TCP how far it came (the words of Zeek's conn_state
 * and history, which many read).
 */
import { type Packet, TcpFlags } from '../wire/index.ts';
import { type PacketKey, portsOf, protocolName, transportKey } from './key.ts';

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
}

/** How far a TCP connection came, as the capture shows it. */
export class TcpProgress {
  /**
   * What was seen, in order and once each: S SYN, h SYN-ACK, A ACK, D data, F FIN, R RST; large letters from the
   * client, small ones from the server (Zeek's history).
   */
  history = '';
  #seen = new Set<string>();

  /** @internal */
  see(flags: number, payloadBytes: number, isFromClient: boolean): void {
    const note = (letter: string): void => {
      const cased = isFromClient ? letter : letter.toLowerCase();
      if (this.#seen.has(cased)) return;
      this.#seen.add(cased);
      this.history += cased;
    };
    const isSyn = (flags & TcpFlags.SYN) !== 0;
    const isAck = (flags & TcpFlags.ACK) !== 0;
    if (isSyn) note(isAck ? 'H' : 'S');
    if (isAck && !isSyn && payloadBytes === 0 && (flags & (TcpFlags.FIN | TcpFlags.RST)) === 0) note('A');
    if (payloadBytes > 0) note('D');
    if ((flags & TcpFlags.FIN) !== 0) note('F');
    if ((flags & TcpFlags.RST) !== 0) note('R');
  }

  /**
   * One word for how it went: S0 a SYN and no answer, S1 established, SF closed by both, REJ refused, S2 and S3 closed
   * by one side only, RSTO and RSTR reset by the client or the server, RSTOS0, SH and SHR half of a handshake, OTH
   * begun before the capture.
   */
  get state(): string {
    const has = (letter: string): boolean => this.#seen.has(letter);
    if (!has('S')) return has('h') ? (has('f') ? 'SHR' : 'OTH') : 'OTH';
    if (!has('h')) {
      if (has('r')) return 'REJ';
      if (has('R')) return 'RSTOS0';
      return has('F') ? 'SH' : 'S0';
    }
    if (has('R')) return 'RSTO';
    if (has('r')) return 'RSTR';
    if (has('F') && has('f')) return 'SF';
    if (has('F')) return 'S2';
    if (has('f')) return 'S3';
    return 'S1';
  }
}

export interface FlowTableOptions {
  /** Flows held at most: then the one that was silent longest goes, and `forgotten` counts it. */
  readonly maxFlows?: number | undefined;
}

interface Entry {
  readonly flow: Flow;
  /** Whether the client is the end that the key has first. */
  readonly isClientFirst: boolean;
  /** A connection whose both sides have said FIN, or that was reset, may be followed by another of the same ports. */
  isn: number;
}

const DEFAULT_MAX_FLOWS = 1_000_000;

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
  readonly #maxFlows: number;
  readonly #counts = new Map<string, number>();
  #ended: Flow[] = [];
  /** Flows that were given up for others. */
  forgotten = 0;

  constructor({ maxFlows = DEFAULT_MAX_FLOWS }: FlowTableOptions = {}) {
    this.#maxFlows = maxFlows;
  }

  /** All flows, in the order of their first packets. */
  get flows(): Flow[] {
    const open = Array.from(this.#entries.values(), ({ flow }) => flow);
    return [...this.#ended, ...open].sort((a, b) =>
      a.first < b.first ? -1 : a.first > b.first ? 1 : a.index - b.index,
    );
  }

  /**
   * Count a packet.
   * @param t ns since 1970
   * @param length on the wire, link header included
   * @returns its flow, and whether it goes to the server; undefined for a packet without IP
   */
  add(packet: Packet, t: bigint, length: number): { readonly flow: Flow; readonly isToServer: boolean } | undefined {
    const key = transportKey(packet);
    if (key === undefined) return undefined;
    const entry = this.#entryOf(key, packet, t);
    const { flow } = entry;
    const isToServer = key.isForward === entry.isClientFirst;
    const counts = isToServer ? flow.toServer : flow.toClient;
    const payloadBytes = payloadOf(packet);
    counts.packets++;
    counts.bytes += length;
    counts.payloadBytes += payloadBytes;
    if (t > flow.last) flow.last = t;
    flow.tcp?.see(packet.tcp?.flags ?? 0, payloadBytes, isToServer);
    return { flow, isToServer };
  }

  #entryOf({ key, isForward }: PacketKey, packet: Packet, t: bigint): Entry {
    const { tcp } = packet;
    const isOpening = tcp !== undefined && (tcp.flags & (TcpFlags.SYN | TcpFlags.ACK)) === TcpFlags.SYN;
    const known = this.#entries.get(key);
    // A SYN with another number: the ports are used again (RFC 9293 §3.6.1), not sent again.
    if (known !== undefined && !(isOpening && known.isn >= 0 && known.isn !== tcp.seq)) return known;
    if (known !== undefined) {
      this.#ended.push(known.flow);
      this.#entries.delete(key);
    }
    const entry = this.#open(isForward, packet, t, isOpening ? tcp.seq : -1);
    this.#entries.set(key, entry);
    this.#limit();
    return entry;
  }

  #open(isForward: boolean, packet: Packet, t: bigint, isn: number): Entry {
    const ip = packet.ip!;
    const [srcPort, dstPort] = portsOf(packet);
    const source: FlowEnd = { address: ip.src, port: srcPort };
    const target: FlowEnd = { address: ip.dst, port: dstPort };
    const protocol = protocolName(packet.protocol ?? 0);
    // What answers a SYN is the server, also when the capture began with it.
    const isAnswer = packet.tcp !== undefined && (packet.tcp.flags & 0x12) === 0x12;
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
    };
    return { flow, isClientFirst: isForward !== isAnswer, isn };
  }

  #limit(): void {
    if (this.#entries.size + this.#ended.length <= this.#maxFlows) return;
    this.forgotten++;
    if (this.#ended.length > 0) {
      this.#ended.shift();
      return;
    }
    // Insertion order is the order of first packets: near enough, and costs nothing.
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }
}

function payloadOf({ tcp, udp, payloadEnd, payloadOffset }: Packet): number {
  if (tcp !== undefined) return tcp.payloadSize;
  return udp === undefined ? payloadEnd - payloadOffset : udp.payloadSize;
}
