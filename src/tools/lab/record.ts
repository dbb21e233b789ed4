/**
 * From what the observers tell to the events of one trace: the calls of both programs, the packets at both ends of the
 * wire, and what caused what.
 */
import { seqDiff } from '../../core/index.ts';
import type { WireListener } from '../../link/wire.ts';
import type { CallObserver, ObservedCall, ObservedResult } from '../../socket/index.ts';
import type { TraceRecorder } from '../../trace/index.ts';
import { decodePacket, type Packet, TcpFlags } from '../../wire/index.ts';

/** Calls that send packets, by their C names. */
const KINDS: Readonly<Record<string, CallKind>> = {
  connect: 'connect',
  send: 'send',
  sendto: 'send',
  writev: 'send',
  sendmmsg: 'send',
  close: 'close',
  shutdown: 'close',
};

type CallKind = 'connect' | 'send' | 'close';

/** A call of one kind: its `call.enter` and its socket. */
interface LastCall {
  readonly seq: number;
  readonly sock: number;
}

/** What the recorder remembers of one host. */
interface HostMemory {
  /** The last call of each kind, of any socket. */
  readonly calls: Map<CallKind, LastCall>;
  /** The same by socket, as `send 3`: a server closes its connection and its listener one after the other. */
  readonly callsOfSock: Map<string, LastCall>;
  /** The packet that came last. */
  lastRx: number | null;
  /** The same by flow. */
  readonly lastRxOfFlow: Map<number, number>;
  /** The first arrival of what ends before a sequence number, by flow and number: what an ACK of it answers. */
  readonly arrivals: Map<string, number>;
  /** The highest number acknowledged, by flow. */
  readonly acked: Map<number, number>;
  /** Where the trace stood when the last SYN-ACK was sent, by flow. */
  readonly synAcks: Map<number, number>;
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
  readonly #packets = new Map<
    number,
    { readonly tx: number; readonly length: number; readonly flow?: number; readonly end?: number }
  >();
  /** When a call last ended or a packet last came or went, in the trace's time. */
  lastT = 0;

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
    const kind = KINDS[name];
    if (kind !== undefined) {
      memory.calls.set(kind, { seq, sock });
      memory.callsOfSock.set(`${kind} ${sock}`, { seq, sock });
    }
    if (name === 'listen') memory.listener = sock;
  }

  #exit(token: number, { ret, errno, bytes, out, opened }: ObservedResult): number {
    const { recorder } = this.#options;
    const { host, call, sock } = this.#enters.get(token) ?? { host: '', call: undefined, sock: 0 };
    this.#enters.delete(token);
    if (call?.name === 'accept' && opened !== undefined && typeof out?.addr === 'string') {
      this.#accepted(host, opened.socketId, out.addr);
    }
    const flow = this.#flowOfSock(host, opened === undefined ? sock : this.#sockOf(opened.socketId));
    // What a call was waiting for came with the last packet, if one came since it began.
    const lastRx = this.#memory(host).lastRx;
    const cause = lastRx !== null && lastRx > token ? lastRx : null;
    const exit = recorder.emit({
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
    this.#touch();
    return exit;
  }

  #touch(): void {
    this.lastT = this.#options.recorder.events.at(-1)?.t ?? 0;
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
    const touch = (): void => this.#touch();
    return {
      onTx: (packet, host, bytes) => {
        this.#tx(packet, host, bytes);
        touch();
      },
      afterTx: (packet, host) => look(host, this.#packets.get(packet)?.tx ?? null),
      onRx: (packet, host) => {
        const { tx = null, length = 0, flow, end } = this.#packets.get(packet) ?? {};
        const rx = recorder.emit({ k: 'pkt.rx', host, ...common(packet), len: length, cause: tx });
        const memory = this.#memory(host);
        memory.lastRx = rx;
        if (flow !== undefined) memory.lastRxOfFlow.set(flow, rx);
        const key = `${flow} ${end}`;
        if (end !== undefined && !memory.arrivals.has(key)) memory.arrivals.set(key, rx);
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
    // The answer to a packet for nobody is a RST: there is no socket behind it.
    if (isTcp && ((decoded.tcp?.flags ?? 0) & TcpFlags.RST) === 0) this.sockOfFlow(host, flow);
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
    const end = occupiedEnd(decoded);
    this.#packets.set(packet, {
      tx,
      length: bytes.length,
      ...(flow === undefined ? {} : { flow }),
      ...(end === undefined ? {} : { end }),
    });
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
  #cause(host: string, packet: Packet, flow: number | undefined): number | null {
    const { tcp, udp, payloadOffset, payloadEnd } = packet;
    const memory = this.#memory(host);
    const { sent } = memory;
    if (udp !== undefined) return memory.calls.get('send')?.seq ?? null;
    if (tcp === undefined || flow === undefined) return memory.lastRx;
    const lastRx = memory.lastRxOfFlow.get(flow) ?? null;
    const call = (kind: CallKind): number | null => this.#callOf(memory, kind, flow);
    const has = (flag: number): boolean => (tcp.flags & flag) !== 0;
    const isAckOfNews = has(TcpFlags.ACK) && this.#acknowledges(memory, flow, tcp.ack);
    const isSynAck = has(TcpFlags.SYN) && has(TcpFlags.ACK);
    const end = occupiedEnd(packet);
    if (end !== undefined) {
      const before = sent.get(flow);
      const isAgain = before !== undefined && seqDiff(end, before) <= 0;
      // A SYN that comes again is answered again, before any timer.
      const isAnswer = isSynAck && lastRx !== null && lastRx > (memory.synAcks.get(flow) ?? -1);
      if (isSynAck) memory.synAcks.set(flow, this.#options.recorder.events.length);
      if (isAgain && !isAnswer) return this.#retransmission(host, flow);
      if (!isAgain) sent.set(flow, end);
    }
    if (has(TcpFlags.SYN)) return isSynAck ? lastRx : call('connect');
    if (payloadEnd > payloadOffset) return call('send');
    if (has(TcpFlags.FIN)) return call('close');
    if (has(TcpFlags.RST)) {
      // It answers a packet that nobody wants, or is the close of a socket with unread data: whichever was later.
      const close = call('close');
      return close !== null && (lastRx === null || close > lastRx) ? close : lastRx;
    }
    // Several packets may have come before the ACK of the first is read; an ACK that brings no news answers the last.
    return (isAckOfNews ? memory.arrivals.get(`${flow} ${tcp.ack}`) : undefined) ?? lastRx;
  }

  /** True when this is more than was acknowledged before. */
  #acknowledges({ acked }: HostMemory, flow: number, ack: number): boolean {
    const before = acked.get(flow);
    if (before !== undefined && seqDiff(ack, before) <= 0) return false;
    acked.set(flow, ack);
    return true;
  }

  /** The last call of a kind on the socket of a connection. */
  #callOf({ socks, callsOfSock }: HostMemory, kind: CallKind, flow: number): number | null {
    return callsOfSock.get(`${kind} ${socks.get(flow)}`)?.seq ?? null;
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
      memory = {
        calls: new Map(),
        callsOfSock: new Map(),
        lastRx: null,
        lastRxOfFlow: new Map(),
        arrivals: new Map(),
        acked: new Map(),
        synAcks: new Map(),
        socks: new Map(),
        sent: new Map(),
        listener: undefined,
      };
      this.#hosts.set(host, memory);
    }
    return memory;
  }
}

/** After the last sequence number that a segment occupies; undefined when it occupies none: a pure ACK, a RST. */
function occupiedEnd({ tcp, payloadOffset, payloadEnd }: Packet): number | undefined {
  if (tcp === undefined) return undefined;
  const control = ((tcp.flags & TcpFlags.SYN) === 0 ? 0 : 1) + ((tcp.flags & TcpFlags.FIN) === 0 ? 0 : 1);
  const occupied = payloadEnd - payloadOffset + control;
  return occupied === 0 ? undefined : (tcp.seq + occupied) >>> 0;
}
