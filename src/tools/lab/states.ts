/**
 * The TCP states of one host, from looking at its socket table again and again: a change between two looks is an
 * observed event; a state that must have lain between is an inferred one.
 */
import { formatEndpoint } from '../../addr/index.ts';
import type { TcpState, TraceRecorder } from '../../trace/index.ts';

/** One row of the host's socket table. */
export interface SocketState {
  readonly state: TcpState;
  readonly source: { readonly address: string; readonly port: number };
  readonly target: { readonly address: string; readonly port: number };
}

/** The host's TCP sockets now. */
export type ObserveSockets = () => readonly SocketState[];

/** What lies between two states that were seen one after the other (RFC 9293 §3.3.2, figure 5). */
const BETWEEN: Readonly<Record<string, readonly TcpState[]>> = {
  'LISTEN ESTABLISHED': ['SYN-RECEIVED'],
  'LISTEN CLOSE-WAIT': ['SYN-RECEIVED', 'ESTABLISHED'],
  'LISTEN LAST-ACK': ['SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT'],
  'LISTEN FIN-WAIT-1': ['SYN-RECEIVED', 'ESTABLISHED'],
  'LISTEN FIN-WAIT-2': ['SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1'],
  'CLOSED ESTABLISHED': ['SYN-SENT'],
  'CLOSED CLOSE-WAIT': ['SYN-SENT', 'ESTABLISHED'],
  'CLOSED FIN-WAIT-1': ['SYN-SENT', 'ESTABLISHED'],
  'SYN-SENT CLOSE-WAIT': ['ESTABLISHED'],
  'SYN-SENT FIN-WAIT-1': ['ESTABLISHED'],
  'SYN-RECEIVED CLOSE-WAIT': ['ESTABLISHED'],
  'SYN-RECEIVED LAST-ACK': ['ESTABLISHED', 'CLOSE-WAIT'],
  'SYN-RECEIVED FIN-WAIT-2': ['ESTABLISHED', 'FIN-WAIT-1'],
  'ESTABLISHED LAST-ACK': ['CLOSE-WAIT'],
  'ESTABLISHED FIN-WAIT-2': ['FIN-WAIT-1'],
  'ESTABLISHED TIME-WAIT': ['FIN-WAIT-1'],
  'ESTABLISHED CLOSING': ['FIN-WAIT-1'],
};

/** States that end by themselves soon: while one is held, the run is not over. */
const PASSING: ReadonlySet<TcpState> = new Set([
  'SYN-SENT',
  'SYN-RECEIVED',
  'FIN-WAIT-1',
  // Asked when both programs have ended: the other side's FIN is on its way.
  'FIN-WAIT-2',
  'CLOSING',
  'LAST-ACK',
]);

interface Known {
  state: TcpState;
  readonly flow?: number;
  readonly sock: number;
}

export interface StateTrackerOptions {
  readonly recorder: TraceRecorder;
  readonly host: string;
  /** The server's port: other sockets of the host are none of our business (loopback has many). */
  readonly port: number;
  readonly role: 'client' | 'server';
  readonly observe: ObserveSockets;
  /** The trace's number for the socket of this connection. */
  sockOf(flow: number): number;
  /** The trace's number for the listening socket. */
  listenerSock(): number;
}

export class StateTracker {
  readonly #options: StateTrackerOptions;
  readonly #known = new Map<string, Known>();
  /**
   * Sockets that were there before the run, with the state that they were in: those of an earlier run, which hold
   * TIME-WAIT for a minute on a host that outlives it (loopback). They are none of this trace until they change.
   */
  readonly #earlier = new Map<string, TcpState>();

  constructor(options: StateTrackerOptions) {
    this.#options = options;
    for (const { key, state } of this.#rows()) this.#earlier.set(key, state);
  }

  /** A state that is about to change by itself. */
  get isPassing(): boolean {
    return [...this.#known.values()].some(({ state }) => PASSING.has(state));
  }

  /** Look at the table. `cause`: the event after which this look is. */
  look(cause: number | null): void {
    const seen = new Set<string>();
    const there = new Set<string>();
    for (const { key, state, source, target } of this.#rows()) {
      there.add(key);
      if (this.#earlier.get(key) === state) continue;
      this.#earlier.delete(key);
      seen.add(key);
      this.#see(key, state, source, target, cause);
    }
    for (const key of this.#earlier.keys()) if (!there.has(key)) this.#earlier.delete(key);
    for (const [key, known] of this.#known) {
      if (!seen.has(key)) this.#change(key, known, 'CLOSED', cause);
    }
  }

  /** The host's sockets that belong to this side of the run. */
  #rows(): (SocketState & { readonly key: string })[] {
    const { observe, port, role } = this.#options;
    const rows: (SocketState & { readonly key: string })[] = [];
    for (const { state, source, target } of observe()) {
      if (role === 'server' ? source.port !== port : target.port !== port) continue;
      const key = `${formatEndpoint(source.address, source.port)} ${formatEndpoint(target.address, target.port)}`;
      rows.push({ key, state, source, target });
    }
    return rows;
  }

  #see(
    key: string,
    state: TcpState,
    source: SocketState['source'],
    target: SocketState['target'],
    cause: number | null,
  ): void {
    let known = this.#known.get(key);
    if (known === undefined) {
      const { recorder, role, sockOf, listenerSock } = this.#options;
      if (state === 'LISTEN') {
        known = { state: 'CLOSED', sock: listenerSock() };
      } else {
        const flow = recorder.flowOf('tcp', source.address, source.port, target.address, target.port);
        known = { state: role === 'server' ? 'LISTEN' : 'CLOSED', flow, sock: sockOf(flow) };
      }
      this.#known.set(key, known);
    }
    if (known.state !== state) this.#change(key, known, state, cause);
  }

  #change(key: string, known: Known, state: TcpState, cause: number | null): void {
    for (const between of BETWEEN[`${known.state} ${state}`] ?? []) this.#emit(known, between, 'inferred', cause);
    this.#emit(known, state, 'observed', cause);
    if (state === 'CLOSED') this.#known.delete(key);
  }

  #emit(known: Known, state: TcpState, src: 'observed' | 'inferred', cause: number | null): void {
    const { recorder, host } = this.#options;
    const { flow, sock, state: old } = known;
    const by = src === 'observed' ? 'sock_diag' : 'the states before and after';
    recorder.emit({
      k: 'tcp.state',
      host,
      src,
      sock,
      old,
      new: state,
      by,
      cause,
      ...(flow === undefined ? {} : { flow }),
    });
    known.state = state;
  }
}
