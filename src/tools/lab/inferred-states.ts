/**
 * TCP states of hosts whose socket table cannot be read: followed from the segments that they send and get (RFC 9293
 * §3.3.2, figure 5) and from listen and close of a listener. All of it is inferred, and marked so.
 *
 * A segment counts when it has arrived, a FIN when everything before it has. What a host does without a segment (giving
 * up, the end of TIME-WAIT) is not seen here.
 */
import { seqDiff } from '../../core/index.ts';
import type { CallExit, TcpState, TraceEvent, TraceRecorder } from '../../trace/index.ts';
import { decodePacket, TcpFlags } from '../../wire/index.ts';

interface Segment {
  readonly flow: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  /** First sequence number after it; SYN and FIN take one each. */
  readonly end: number;
}

interface Connection {
  readonly host: string;
  readonly flow: number;
  sock: number | undefined;
  state: TcpState;
  /** What an ACK of our FIN acknowledges. */
  finEnd: number | undefined;
  rcvNxt: number | undefined;
  /** Segments that came before those in front of them. */
  readonly early: Segment[];
}

export interface InferredStatesOptions {
  readonly recorder: TraceRecorder;
  readonly linkType: number;
  /** Hosts to follow; others are left to whoever sees them. */
  readonly hosts: ReadonlySet<string>;
}

/** Follow the trace from now on. @returns the function that ends it */
export function inferStates(options: InferredStatesOptions): () => void {
  const follower = new Follower(options);
  return options.recorder.onEvent((event) => follower.see(event));
}

class Follower {
  readonly #options: InferredStatesOptions;
  readonly #segments = new Map<number, Segment>();
  readonly #connections = new Map<string, Connection>();
  /** Listening sockets, by `host sock`. */
  readonly #listening = new Set<string>();

  constructor(options: InferredStatesOptions) {
    this.#options = options;
  }

  see(event: TraceEvent): void {
    if (event.k === 'pkt.tx') {
      const segment = this.#read(event.flow, event.bytes);
      if (segment === undefined) return;
      this.#segments.set(event.pkt, segment);
      const connection = this.#connection(event.host, segment);
      if (connection === undefined) return;
      connection.sock ??= event.sock;
      this.#sent(connection, segment, event.seq);
    } else if (event.k === 'pkt.dup') {
      const segment = this.#segments.get(event.of);
      if (segment !== undefined) this.#segments.set(event.pkt, segment);
    } else if (event.k === 'pkt.rx') {
      const segment = this.#segments.get(event.pkt);
      const connection = segment && this.#connection(event.host, segment);
      if (segment !== undefined && connection !== undefined) this.#arrived(connection, segment, event.seq);
    } else if (event.k === 'call.exit' && event.ret === 0) {
      this.#listener(event);
    }
  }

  #read(flow: number | undefined, bytes: Uint8Array): Segment | undefined {
    const { tcp, payloadOffset, payloadEnd } = decodePacket(bytes, this.#options.linkType);
    if (tcp === undefined || flow === undefined) return undefined;
    const { flags, seq, ack } = tcp;
    const control = ((flags & TcpFlags.SYN) === 0 ? 0 : 1) + ((flags & TcpFlags.FIN) === 0 ? 0 : 1);
    return { flow, flags, seq, ack, end: (seq + payloadEnd - payloadOffset + control) >>> 0 };
  }

  /** A host knows a connection from the first SYN that it sends or answers; a RST for nobody makes none. */
  #connection(host: string, { flow, flags }: Segment): Connection | undefined {
    if (!this.#options.hosts.has(host)) return undefined;
    const key = `${host} ${flow}`;
    let connection = this.#connections.get(key);
    if (connection === undefined && (flags & TcpFlags.SYN) !== 0) {
      const state = 'CLOSED';
      connection = { host, flow, sock: undefined, state, finEnd: undefined, rcvNxt: undefined, early: [] };
      this.#connections.set(key, connection);
    }
    return connection;
  }

  #sent(connection: Connection, { flags, end }: Segment, cause: number): void {
    const { state } = connection;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (has(TcpFlags.RST)) {
      // A refusal comes from no socket: it was never more than CLOSED here.
      this.#change(connection, 'CLOSED', cause);
    } else if (has(TcpFlags.SYN) && state === 'CLOSED') {
      if (has(TcpFlags.ACK)) connection.state = 'LISTEN';
      this.#change(connection, has(TcpFlags.ACK) ? 'SYN-RECEIVED' : 'SYN-SENT', cause);
    } else if (has(TcpFlags.FIN)) {
      connection.finEnd = end;
      if (state === 'ESTABLISHED' || state === 'SYN-RECEIVED') this.#change(connection, 'FIN-WAIT-1', cause);
      if (state === 'CLOSE-WAIT') this.#change(connection, 'LAST-ACK', cause);
    }
  }

  #arrived(connection: Connection, segment: Segment, cause: number): void {
    const { flags, ack, end } = segment;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    if (has(TcpFlags.RST)) {
      this.#change(connection, 'CLOSED', cause);
      return;
    }
    if (has(TcpFlags.SYN)) connection.rcvNxt ??= end;
    const isFinAcked = has(TcpFlags.ACK) && connection.finEnd !== undefined && seqDiff(ack, connection.finEnd) >= 0;
    const isFinRead = this.#inOrder(connection, segment);
    this.#change(connection, after(connection.state, flags, isFinAcked, isFinRead), cause);
  }

  /** @returns whether the FIN of the peer has now been reached */
  #inOrder(connection: Connection, segment: Segment): boolean {
    const { early } = connection;
    early.push(segment);
    for (let at = 0; at < early.length; ) {
      const { seq, end, flags } = early[at]!;
      const { rcvNxt } = connection;
      if (rcvNxt === undefined || seqDiff(seq, rcvNxt) > 0) {
        at++;
        continue;
      }
      early.splice(at, 1);
      if (seqDiff(end, rcvNxt) <= 0) continue;
      connection.rcvNxt = end;
      if ((flags & TcpFlags.FIN) !== 0) return true;
      at = 0;
    }
    return false;
  }

  #listener({ host, sock, enter, seq }: CallExit): void {
    const call = this.#options.recorder.events[enter];
    if (sock === undefined || call?.k !== 'call.enter' || !this.#options.hosts.has(host)) return;
    const key = `${host} ${sock}`;
    if (call.name === 'listen' && !this.#listening.has(key)) {
      this.#listening.add(key);
      this.#emit(host, { sock }, 'CLOSED', 'LISTEN', 'call', seq);
    }
    if (call.name === 'close' && this.#listening.delete(key)) {
      this.#emit(host, { sock }, 'LISTEN', 'CLOSED', 'call', seq);
    }
  }

  #change(connection: Connection, state: TcpState, cause: number): void {
    const { host, flow, sock, state: old } = connection;
    if (old === state) return;
    connection.state = state;
    this.#emit(host, { flow, ...(sock === undefined ? {} : { sock }) }, old, state, 'packet', cause);
  }

  #emit(
    host: string,
    of: { readonly flow?: number; readonly sock?: number },
    old: TcpState,
    state: TcpState,
    by: 'packet' | 'call',
    cause: number,
  ): void {
    this.#options.recorder.emit({ k: 'tcp.state', host, src: 'inferred', ...of, old, new: state, by, cause });
  }
}

/** The state after a segment without RST; what it acknowledges counts before its FIN. */
function after(state: TcpState, flags: number, isFinAcked: boolean, isFinRead: boolean): TcpState {
  switch (state) {
    case 'SYN-SENT':
      if ((flags & TcpFlags.SYN) === 0) return state;
      return (flags & TcpFlags.ACK) === 0 ? 'SYN-RECEIVED' : 'ESTABLISHED';
    case 'SYN-RECEIVED':
      if ((flags & TcpFlags.ACK) === 0) return state;
      return isFinRead ? 'CLOSE-WAIT' : 'ESTABLISHED';
    case 'ESTABLISHED':
      return isFinRead ? 'CLOSE-WAIT' : state;
    case 'FIN-WAIT-1':
      if (isFinRead) return isFinAcked ? 'TIME-WAIT' : 'CLOSING';
      return isFinAcked ? 'FIN-WAIT-2' : state;
    case 'FIN-WAIT-2':
      return isFinRead ? 'TIME-WAIT' : state;
    case 'CLOSING':
      return isFinAcked ? 'TIME-WAIT' : state;
    case 'LAST-ACK':
      return isFinAcked ? 'CLOSED' : state;
    default:
      return state;
  }
}
