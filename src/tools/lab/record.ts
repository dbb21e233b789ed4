/**
 * From what the observers tell to the events of one trace: the calls of both programs, the packets at both ends of the
 * wire, and what caused what.
 */
import { seqDiff } from '../../core/index.ts';
import type { WireListener } from '../../link/wire.ts';
import type { CallObserver, ObservedCall, ObservedResult } from '../../socket/index.ts';
import type { TraceRecorder } from '../../trace/index.ts';
import { decodePacket, type Packet, TcpFlags } from '../../wire/index.ts';

const SENDING: ReadonlySet<string> = new Set(['send', 'sendto', 'writev', 'sendmmsg']);
const CLOSING: ReadonlySet<string> = new Set(['close', 'shutdown']);

/** What the recorder remembers of one host. */
interface HostMemory {
  /** The last call of each kind: its `call.enter` and its socket. */
  readonly calls: Map<'connect' | 'send' | 'close', { readonly seq: number; readonly sock: number }>;
  /** The packet that came last: what an ACK answers. */
  lastRx: number | null;
  /** The sockets of connections, by flow. */
  readonly socks: Map<number, number>;
  /** First sequence number after what has been sent, by flow: what begins below was sent before. */
  readonly sent: Map<number, number>;
  listener: number | undefined;
}

export interface RecordOptions {
  readonly recorder: TraceRecorder;
  readonly link: string;
  readonly linkType: number;
  /** Called after a call has ended and after a packet has come or gone: the moment to look at states. */
  look(host: string, cause: number | null): void;
}

export class LabRecord {
  readonly #options: RecordOptions;
  readonly #hosts = new Map<string, HostMemory>();
  readonly #socks = new Map<number, number>();
  readonly #enters = new Map<number, { readonly host: string; readonly call: ObservedCall; readonly sock: number }>();
  /** The tx event of each packet, and its flow. */
  readonly #packets = new Map<number, { readonly tx: number; readonly length: number; readonly flow?: number }>();
  /** When anything last happened on the wire, in the trace's time. */
  lastPacketT = 0;

  constructor(options: RecordOptions) {
    this.#options = options;
  }

  // ---------------------------------------------------------------- calls

  observer(host: string): CallObserver {
    const { recorder, look } = this.#options;
    return {
      enter: (call) => {
        const sock = this.#sockOf(call.socketId);
        const { name, fd, args } = call;
        const flow = this.#flowOfSock(host, sock);
        const seq = recorder.emit({
          k: 'call.enter',
          host,
          src: 'observed',
          name,
          args,
          sock,
          ...(fd < 0 ? {} : { fd }),
          ...(flow === undefined ? {} : { flow }),
        });
        this.#enters.set(seq, { host, call, sock });
        this.#remember(host, name, seq, sock);
        return seq;
      },
      exit: (token, result) => look(host, this.#exit(token, result)),
    };
  }

  #remember(host: string, name: string, seq: number, sock: number): void {
    const memory = this.#memory(host);
    if (name === 'connect') memory.calls.set('connect', { seq, sock });
    if (SENDING.has(name)) memory.calls.set('send', { seq, sock });
    if (CLOSING.has(name)) memory.calls.set('close', { seq, sock });
    if (name === 'listen') memory.listener = sock;
  }

  #exit(token: number, { ret, errno, bytes, out, opened }: ObservedResult): number {
    const { recorder } = this.#options;
    const { host, call, sock } = this.#enters.get(token) ?? { host: '', call: undefined, sock: 0 };
    this.#enters.delete(token);
    if (call?.name === 'accept' && opened !== undefined && typeof out?.['addr'] === 'string') {
      this.#accepted(host, opened.socketId, out['addr']);
    }
    const flow = this.#flowOfSock(host, opened === undefined ? sock : this.#sockOf(opened.socketId));
    // What a call was waiting for came with the last packet, if one came since it began.
    const lastRx = this.#memory(host).lastRx;
    const cause = lastRx !== null && lastRx > token ? lastRx : null;
    return recorder.emit({
      k: 'call.exit',
      host,
      src: 'observed',
      enter: token,
      ret,
      sock,
      cause,
      ...(errno === undefined ? {} : { errno }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(out === undefined ? {} : { out }),
      ...(flow === undefined ? {} : { flow }),
    });
  }

  /** The connection was known by its packets before accept gave it a socket: both are one. */
  #accepted(host: string, socketId: number, peer: string): void {
    for (const [flow, sock] of this.#memory(host).socks) {
      if (this.#peers.get(flow)?.has(peer) === true) this.#socks.set(socketId, sock);
    }
  }

  readonly #peers = new Map<number, ReadonlySet<string>>();

  #sockOf(socketId: number): number {
    let sock = this.#socks.get(socketId);
    if (sock === undefined) {
      sock = this.#options.recorder.nextSocket();
      this.#socks.set(socketId, sock);
    }
    return sock;
  }

  #flowOfSock(host: string, sock: number): number | undefined {
    for (const [flow, of] of this.#memory(host).socks) if (of === sock) return flow;
    return undefined;
  }

  /** The socket of a connection as one host has it: the one that connects, or one that accept will give. */
  sockOfFlow(host: string, flow: number): number {
    const memory = this.#memory(host);
    let sock = memory.socks.get(flow);
    if (sock === undefined) {
      const connecting = memory.calls.get('connect')?.sock;
      const isFree = connecting !== undefined && ![...memory.socks.values()].includes(connecting);
      sock = isFree ? connecting : this.#options.recorder.nextSocket();
      memory.socks.set(flow, sock);
    }
    return sock;
  }

  listenerSock(host: string): number {
    const memory = this.#memory(host);
    memory.listener ??= this.#options.recorder.nextSocket();
    return memory.listener;
  }

  // ---------------------------------------------------------------- packets

  wireListener(): WireListener {
    const { recorder, link, look } = this.#options;
    const common = (packet: number): { pkt: number; link: string; src: 'observed'; flow?: number } => {
      const flow = this.#packets.get(packet)?.flow;
      return { pkt: packet, link, src: 'observed', ...(flow === undefined ? {} : { flow }) };
    };
    const touch = (): void => {
      this.lastPacketT = recorder.events.at(-1)?.t ?? 0;
    };
    return {
      onTx: (packet, host, bytes) => {
        const tx = this.#tx(packet, host, bytes);
        touch();
        look(host, tx);
      },
      onRx: (packet, host) => {
        const { tx = null, length = 0 } = this.#packets.get(packet) ?? {};
        const rx = recorder.emit({ k: 'pkt.rx', host, ...common(packet), len: length, cause: tx });
        this.#memory(host).lastRx = rx;
        touch();
      },
      afterRx: (_packet, host) => look(host, this.#memory(host).lastRx),
      onFate: (packet, host, fate, why) => {
        const cause = this.#packets.get(packet)?.tx ?? null;
        recorder.emit({ k: fate === 'drop' ? 'pkt.drop' : 'pkt.hold', host, ...common(packet), why, cause });
        touch();
      },
      onCopy: (copy, original, host, why) => {
        const from = this.#packets.get(original);
        if (from !== undefined) this.#packets.set(copy, from);
        recorder.emit({ k: 'pkt.dup', host, ...common(copy), of: original, why, cause: from?.tx ?? null });
      },
    };
  }

  #tx(packet: number, host: string, bytes: Uint8Array): number {
    const { recorder, link, linkType } = this.#options;
    const decoded = decodePacket(bytes, linkType);
    const flow = this.#flow(decoded);
    const isTcp = decoded.tcp !== undefined && flow !== undefined;
    if (isTcp) this.sockOfFlow(host, flow);
    const sock = isTcp ? this.#memory(host).socks.get(flow) : undefined;
    const cause = this.#cause(host, decoded, flow);
    const tx = recorder.emit({
      k: 'pkt.tx',
      host,
      src: 'observed',
      pkt: packet,
      link,
      len: bytes.length,
      bytes,
      cause,
      ...(flow === undefined ? {} : { flow }),
      ...(sock === undefined ? {} : { sock }),
    });
    this.#packets.set(packet, { tx, length: bytes.length, ...(flow === undefined ? {} : { flow }) });
    return tx;
  }

  #flow({ ip, tcp, udp }: Packet): number | undefined {
    const ports = tcp ?? udp;
    if (ip === undefined || ports === undefined) return undefined;
    const protocol = tcp === undefined ? 'udp' : 'tcp';
    const flow = this.#options.recorder.flowOf(protocol, ip.src, ports.srcPort, ip.dst, ports.dstPort);
    if (!this.#peers.has(flow)) {
      const name = (address: string, port: number): string =>
        address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
      this.#peers.set(flow, new Set([name(ip.src, ports.srcPort), name(ip.dst, ports.dstPort)]));
    }
    return flow;
  }

  /** What made the host send this: a call of its program, a packet that it answers, or the retransmission timer. */
  #cause(host: string, { tcp, udp, payloadOffset, payloadEnd }: Packet, flow: number | undefined): number | null {
    const { calls, lastRx, sent } = this.#memory(host);
    if (udp !== undefined) return calls.get('send')?.seq ?? null;
    if (tcp === undefined || flow === undefined) return lastRx;
    const has = (flag: number): boolean => (tcp.flags & flag) !== 0;
    const control = (has(TcpFlags.SYN) ? 1 : 0) + (has(TcpFlags.FIN) ? 1 : 0);
    const occupied = payloadEnd - payloadOffset + control;
    if (occupied > 0) {
      const end = (tcp.seq + occupied) >>> 0;
      const before = sent.get(flow);
      if (before !== undefined && seqDiff(end, before) <= 0) return this.#retransmission(host, flow);
      sent.set(flow, end);
    }
    if (has(TcpFlags.SYN)) return has(TcpFlags.ACK) ? lastRx : (calls.get('connect')?.seq ?? null);
    if (payloadEnd > payloadOffset) return calls.get('send')?.seq ?? null;
    if (has(TcpFlags.FIN)) return calls.get('close')?.seq ?? null;
    if (has(TcpFlags.RST)) return this.#causeOfReset(host);
    return lastRx;
  }

  /** A RST answers a packet that nobody wants, or is the close of a socket with unread data: whichever was later. */
  #causeOfReset(host: string): number | null {
    const { calls, lastRx } = this.#memory(host);
    const close = calls.get('close')?.seq;
    return close !== undefined && (lastRx === null || close > lastRx) ? close : lastRx;
  }

  #retransmission(host: string, flow: number): number {
    const sock = this.#memory(host).socks.get(flow);
    return this.#options.recorder.emit({
      k: 'timer',
      host,
      src: 'inferred',
      name: 'rto',
      what: 'fire',
      flow,
      ...(sock === undefined ? {} : { sock }),
    });
  }

  #memory(host: string): HostMemory {
    let memory = this.#hosts.get(host);
    if (memory === undefined) {
      memory = { calls: new Map(), lastRx: null, socks: new Map(), sent: new Map(), listener: undefined };
      this.#hosts.set(host, memory);
    }
    return memory;
  }
}
