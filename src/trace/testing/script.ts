/**
 * Hand-made traces for tests: say what happens when, in any order, with `cause` as a reference to another line; `build`
 * sorts by time and numbers everything. Packets are valid IPv4 with right checksums.
 */
import { checksum, fromHex, pseudoSumV4, sum16, writeU16, writeU32 } from '../../core/index.ts';
import type { CallArgument, EventDraft, TcpState, Trace, TraceHeader } from '../event.ts';
import { TraceRecorder } from '../recorder.ts';

/** A line of the script; what later lines name as their cause. */
export interface Line {
  readonly draft: EventDraft;
  readonly t: number;
  readonly cause: Line | undefined;
  readonly enter: Line | undefined;
}

export interface CallOptions {
  readonly sock?: number;
  readonly flow?: number;
  readonly fd?: number;
  readonly args?: Readonly<Record<string, CallArgument>>;
  readonly line?: number;
}

export interface ExitOptions {
  readonly ret: number;
  readonly errno?: string;
  readonly bytes?: number;
  readonly out?: Readonly<Record<string, CallArgument>>;
  readonly cause?: Line;
}

export interface PacketOptions {
  readonly sock?: number;
  readonly flow: number;
  readonly cause?: Line;
  /** Instead of reaching the other host. */
  readonly drop?: string;
  /** Instead of the one-way delay of the script. */
  readonly delayNs?: number;
}

export interface StateOptions {
  readonly sock: number;
  readonly flow?: number;
  readonly by?: string;
  readonly cause?: Line;
  readonly inferred?: boolean;
}

export class TraceScript {
  readonly header: TraceHeader;
  readonly delayNs: number;
  readonly #lines: Line[] = [];
  readonly #calls = new Map<Line, CallOptions>();
  #packets = 0;

  constructor(header: TraceHeader, delayNs: number) {
    this.header = header;
    this.delayNs = delayNs;
  }

  add(t: number, draft: EventDraft, cause?: Line, enter?: Line): Line {
    const line: Line = { draft, t, cause, enter };
    this.#lines.push(line);
    return line;
  }

  enter(t: number, host: string, name: string, options: CallOptions = {}): Line {
    const { sock, flow, fd, args = {}, line } = options;
    const entered = this.add(t, {
      k: 'call.enter',
      host,
      src: 'observed',
      name,
      args,
      ...(sock === undefined ? {} : { sock }),
      ...(flow === undefined ? {} : { flow }),
      ...(fd === undefined ? {} : { fd }),
      ...(line === undefined ? {} : { loc: { file: `${host}.ts`, line } }),
    });
    this.#calls.set(entered, options);
    return entered;
  }

  exit(t: number, enter: Line, options: ExitOptions): Line {
    const { cause, ...result } = options;
    const { sock, flow } = this.#calls.get(enter) ?? {};
    const draft: EventDraft = {
      k: 'call.exit',
      host: enter.draft.host,
      src: 'observed',
      enter: 0,
      ...(sock === undefined ? {} : { sock }),
      ...(flow === undefined ? {} : { flow }),
      ...result,
    };
    return this.add(t, draft, cause, enter);
  }

  /** A packet from `host` to the other end: tx, and rx (or drop). Returns both lines. */
  packet(t: number, host: string, bytes: Uint8Array, options: PacketOptions): { tx: Line; rx: Line } {
    const link = this.header.links[0]!;
    const peer = link.a === host ? link.b : link.a;
    const pkt = ++this.#packets;
    const common = {
      pkt,
      link: link.id,
      src: 'observed',
      flow: options.flow,
      ...(options.sock === undefined ? {} : { sock: options.sock }),
    } as const;
    const tx = this.add(t, { k: 'pkt.tx', host, len: bytes.length, dur: 0, bytes, ...common }, options.cause);
    const rx =
      options.drop === undefined
        ? this.add(
            t + (options.delayNs ?? this.delayNs),
            { k: 'pkt.rx', host: peer, pkt, link: link.id, src: 'observed', flow: options.flow, len: bytes.length },
            tx,
          )
        : this.add(t, { k: 'pkt.drop', host, why: options.drop, ...common }, tx);
    return { tx, rx };
  }

  state(t: number, host: string, old: TcpState, next: TcpState, options: StateOptions): Line {
    const { sock, flow, by, cause, inferred = false } = options;
    const draft: EventDraft = {
      k: 'tcp.state',
      host,
      old,
      new: next,
      sock,
      src: inferred ? 'inferred' : 'observed',
      ...(flow === undefined ? {} : { flow }),
      ...(by === undefined ? {} : { by }),
    };
    return this.add(t, draft, cause);
  }

  /** Lines of one instant keep the order in which they were said. */
  build(): Trace {
    const lines = this.#lines
      .map((line, order) => ({ line, order }))
      .sort((a, b) => a.line.t - b.line.t || a.order - b.order);
    const recorder = new TraceRecorder({ header: this.header, now: () => 0 });
    const seqs = new Map<Line, number>();
    for (const { line } of lines) {
      const draft = {
        ...line.draft,
        t: line.t,
        ...(line.cause === undefined ? {} : { cause: seqs.get(line.cause)! }),
        ...(line.enter === undefined ? {} : { enter: seqs.get(line.enter)! }),
      } as EventDraft;
      seqs.set(line, recorder.emit(draft));
    }
    return recorder.trace();
  }
}

/** Masks of the TCP control bits (RFC 9293 §3.1). */
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

/** MSS 1460, SACK permitted, window scale 7: what Linux puts on a SYN, without the timestamps. */
export const SYN_OPTIONS: Uint8Array = fromHex('020405b4 01010402 01030307');

export interface Endpoint4 {
  readonly ip: string;
  readonly port: number;
}

export interface SegmentFields {
  readonly seq: number;
  readonly ack?: number;
  readonly flags: number;
  readonly window?: number;
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

function ipNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function ipv4(source: string, target: string, protocol: number, upper: Uint8Array, id: number): Uint8Array {
  const packet = new Uint8Array(20 + upper.length);
  packet[0] = 0x45;
  writeU16(packet, 2, packet.length);
  writeU16(packet, 4, id);
  writeU16(packet, 6, 0x4000);
  packet[8] = 64;
  packet[9] = protocol;
  writeU32(packet, 12, ipNumber(source));
  writeU32(packet, 16, ipNumber(target));
  writeU16(packet, 10, checksum(packet, 0, 20));
  packet.set(upper, 20);
  return packet;
}

/** One IPv4 packet that holds one TCP segment. */
export function tcpSegment(source: Endpoint4, target: Endpoint4, fields: SegmentFields): Uint8Array {
  const { seq, ack = 0, flags, window = 64_240, options = new Uint8Array(0), payload = new Uint8Array(0) } = fields;
  const headerBytes = 20 + options.length;
  const segment = new Uint8Array(headerBytes + payload.length);
  writeU16(segment, 0, source.port);
  writeU16(segment, 2, target.port);
  writeU32(segment, 4, seq);
  writeU32(segment, 8, ack);
  segment[12] = (headerBytes / 4) << 4;
  segment[13] = flags;
  writeU16(segment, 14, window);
  segment.set(options, 20);
  segment.set(payload, headerBytes);
  const pseudo = pseudoSumV4(ipNumber(source.ip), ipNumber(target.ip), 6, segment.length);
  writeU16(segment, 16, ~sum16(segment, 0, segment.length, pseudo) & 0xffff);
  return ipv4(source.ip, target.ip, 6, segment, seq & 0xffff);
}

/** One IPv4 packet that holds one UDP datagram. */
export function udpDatagram(source: Endpoint4, target: Endpoint4, payload: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(8 + payload.length);
  writeU16(datagram, 0, source.port);
  writeU16(datagram, 2, target.port);
  writeU16(datagram, 4, datagram.length);
  datagram.set(payload, 8);
  const pseudo = pseudoSumV4(ipNumber(source.ip), ipNumber(target.ip), 17, datagram.length);
  writeU16(datagram, 6, checksum(datagram, 0, datagram.length, pseudo) || 0xffff);
  return ipv4(source.ip, target.ip, 17, datagram, 1);
}
