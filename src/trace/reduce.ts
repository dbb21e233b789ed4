/**
 * From events to the state at an instant: what each host's sockets, calls, queues and timers are, and which packets are
 * on the wire. `stateAt` is the plain way; `TraceIndex` keeps a snapshot every 256 events, so that going anywhere in a
 * long trace folds at most 255 of them.
 *
 * Events count in order of their time, not of their number: what was inferred late stands where it happened.
 */
import type {
  CallEnter,
  CallExit,
  PacketTx,
  Source,
  StateChange,
  TcpState,
  TcpVars,
  Trace,
  TraceEvent,
  TraceHeader,
} from './event.ts';
import { packetFacts } from './packet-facts.ts';
import { inTimeOrder } from './packets.ts';

export interface SocketState {
  readonly sock: number;
  /** Undefined before the call that makes it known, and after close. */
  readonly fd?: number | undefined;
  readonly flow?: number | undefined;
  readonly state?: TcpState | undefined;
  readonly stateSource?: Source | undefined;
  /** How the state was seen. */
  readonly by?: string | undefined;
  /** `10.77.0.1:51234`. */
  readonly local?: string | undefined;
  readonly peer?: string | undefined;
  /** Name of the call entered last. */
  readonly lastCall?: string | undefined;
  readonly vars?: TcpVars['vars'] | undefined;
  /** The program has closed it; TCP may still be at work. */
  readonly closed: boolean;
}

export interface QueueState {
  readonly syn?: { readonly n: number; readonly max?: number };
  readonly accept?: { readonly n: number; readonly max?: number };
}

export interface TimerState {
  readonly sock: number | undefined;
  readonly name: string;
  /** When it fires: ns since the start of the trace. */
  readonly at: number | undefined;
}

export interface HostState {
  readonly id: string;
  readonly sockets: Map<number, SocketState>;
  /** Calls that have not returned, by the `seq` of their call.enter. */
  readonly calls: Map<number, CallEnter>;
  /** By the listener's address. */
  readonly queues: Map<string, QueueState>;
  /** Running timers by `<sock> <name>`. */
  readonly timers: Map<string, TimerState>;
  readonly counters: Map<string, number>;
}

export interface PacketInFlight {
  readonly pkt: number;
  readonly link: string;
  readonly from: string;
  /** Undefined when the header does not know the link. */
  readonly to: string | undefined;
  /** When it was sent, ns since the start; a copy was sent when it was made. */
  readonly sentT: number;
  readonly len: number;
  /** The packet that a copy was made from. */
  readonly of?: number;
  /** Why the wire keeps it back. */
  readonly held?: string;
}

export interface TraceCounts {
  events: number;
  calls: number;
  sent: number;
  delivered: number;
  dropped: number;
  duplicated: number;
  held: number;
  edited: number;
}

/** Everything at one instant. Maps are the state's own; what is in them is never changed, only replaced. */
export interface TraceState {
  /** Time of the last event folded in; 0 before the first. */
  t: number;
  /** Its `seq`; -1 before the first. */
  seq: number;
  readonly hosts: Readonly<Record<string, HostState>>;
  readonly inFlight: Map<number, PacketInFlight>;
  readonly knobs: Map<string, string | number | boolean | null>;
  readonly counts: TraceCounts;
  readonly links: TraceHeader['links'];
}

/** Before the first event. */
export function initialState(header: TraceHeader): TraceState {
  const hosts: Record<string, HostState> = {};
  for (const { id } of header.hosts) hosts[id] = emptyHost(id);
  return {
    t: 0,
    seq: -1,
    hosts,
    inFlight: new Map(),
    knobs: new Map(Object.entries(header.scenario?.knobs ?? {})),
    counts: { events: 0, calls: 0, sent: 0, delivered: 0, dropped: 0, duplicated: 0, held: 0, edited: 0 },
    links: header.links,
  };
}

function emptyHost(id: string): HostState {
  return {
    id,
    sockets: new Map(),
    calls: new Map(),
    queues: new Map(),
    timers: new Map(),
    counters: new Map(),
  };
}

/** A state of its own: folding into one does not show in the other. */
export function cloneState(state: TraceState): TraceState {
  const hosts: Record<string, HostState> = {};
  for (const [id, host] of Object.entries(state.hosts)) {
    hosts[id] = {
      id,
      sockets: new Map(host.sockets),
      calls: new Map(host.calls),
      queues: new Map(host.queues),
      timers: new Map(host.timers),
      counters: new Map(host.counters),
    };
  }
  return {
    t: state.t,
    seq: state.seq,
    hosts,
    inFlight: new Map(state.inFlight),
    knobs: new Map(state.knobs),
    counts: { ...state.counts },
    links: state.links,
  };
}

/** The state after one more event; the old one stays as it is. To fold many, clone once and use `foldEvent`. */
export function reduce(state: TraceState, event: TraceEvent): TraceState {
  const next = cloneState(state);
  foldEvent(next, event);
  return next;
}

/** Fold one event into `state`, which is changed. Events of unknown kinds and unknown hosts are only counted. */
export function foldEvent(state: TraceState, event: TraceEvent): void {
  state.t = event.t;
  state.seq = event.seq;
  state.counts.events++;
  const host = Object.hasOwn(state.hosts, event.host) ? state.hosts[event.host] : undefined;
  if (host === undefined) return;
  switch (event.k) {
    case 'call.enter':
      enterCall(state, host, event);
      break;
    case 'call.exit':
      exitCall(host, event);
      break;
    case 'pkt.tx':
      sendPacket(state, host, event);
      break;
    case 'pkt.rx':
      state.counts.delivered++;
      state.inFlight.delete(event.pkt);
      break;
    case 'pkt.drop':
      state.counts.dropped++;
      state.inFlight.delete(event.pkt);
      break;
    case 'pkt.hold': {
      state.counts.held++;
      const packet = state.inFlight.get(event.pkt);
      if (packet !== undefined) state.inFlight.set(event.pkt, { ...packet, held: event.why });
      break;
    }
    case 'pkt.edit': {
      state.counts.edited++;
      const packet = state.inFlight.get(event.pkt);
      if (packet !== undefined && event.bytes !== undefined) {
        state.inFlight.set(event.pkt, { ...packet, len: event.bytes.length });
      }
      break;
    }
    case 'pkt.dup': {
      state.counts.duplicated++;
      const original = state.inFlight.get(event.of);
      const { pkt, link, of, t } = event;
      state.inFlight.set(pkt, {
        pkt,
        link,
        from: event.host,
        to: peerOf(state, link, event.host),
        sentT: t,
        len: original?.len ?? 0,
        of,
      });
      break;
    }
    case 'tcp.state':
      changeState(host, event);
      break;
    case 'tcp.vars':
      if (event.sock !== undefined) {
        const known = host.sockets.get(event.sock)?.vars;
        change(host, event.sock, { vars: { ...known, ...event.vars } });
      }
      break;
    case 'queue':
      host.queues.set(event.listener, {
        ...host.queues.get(event.listener),
        ...(event.syn === undefined ? {} : { syn: event.syn }),
        ...(event.accept === undefined ? {} : { accept: event.accept }),
      });
      break;
    case 'timer': {
      const key = `${event.sock ?? '-'} ${event.name}`;
      if (event.what === 'set') host.timers.set(key, { sock: event.sock, name: event.name, at: event.at });
      else host.timers.delete(key);
      break;
    }
    case 'counter':
      host.counters.set(event.name, (host.counters.get(event.name) ?? 0) + event.delta);
      break;
    case 'knob':
      state.knobs.set(event.path, event.new);
      break;
    default:
  }
}

function change(host: HostState, sock: number, fields: Partial<SocketState>): void {
  const known = host.sockets.get(sock) ?? { sock, closed: false };
  host.sockets.set(sock, { ...known, ...fields });
}

function peerOf(state: TraceState, link: string, host: string): string | undefined {
  const found = state.links.find(({ id }) => id === link);
  return found === undefined ? undefined : found.a === host ? found.b : found.a;
}

function enterCall(state: TraceState, host: HostState, event: CallEnter): void {
  state.counts.calls++;
  host.calls.set(event.seq, event);
  if (event.sock === undefined) return;
  change(host, event.sock, {
    lastCall: event.name,
    ...(event.fd === undefined || host.sockets.get(event.sock)?.closed === true ? {} : { fd: event.fd }),
    ...(event.flow === undefined ? {} : { flow: event.flow }),
    ...(event.name === 'connect' && typeof event.args.addr === 'string' ? { peer: event.args.addr } : {}),
  });
}

function exitCall(host: HostState, event: CallExit): void {
  const enter = host.calls.get(event.enter);
  host.calls.delete(event.enter);
  if (enter === undefined || enter.sock === undefined || event.ret < 0) return;
  if (enter.name === 'socket') change(host, enter.sock, { fd: event.ret });
  if (enter.name === 'close') change(host, enter.sock, { fd: undefined, closed: true });
  if (enter.name === 'bind' && typeof enter.args.addr === 'string') {
    change(host, enter.sock, { local: enter.args.addr });
  }
  if (enter.name === 'getsockname' && typeof event.out?.addr === 'string') {
    change(host, enter.sock, { local: event.out.addr });
  }
  if (enter.name.startsWith('accept')) acceptSocket(host, enter.sock, event);
}

/** The call names the listener; which connection it gave is told by the peer's address. */
function acceptSocket(host: HostState, listener: number, event: CallExit): void {
  const peer = event.out?.addr;
  for (const [sock, known] of host.sockets) {
    if (sock === listener || known.fd !== undefined || known.closed || known.peer !== peer) continue;
    change(host, sock, { fd: event.ret });
    return;
  }
}

function changeState(host: HostState, event: StateChange): void {
  if (event.sock === undefined) return;
  change(host, event.sock, {
    state: event.new,
    stateSource: event.src,
    by: event.by,
    ...(event.flow === undefined ? {} : { flow: event.flow }),
  });
}

function sendPacket(state: TraceState, host: HostState, event: PacketTx): void {
  state.counts.sent++;
  const { pkt, link, len, t } = event;
  const to = peerOf(state, link, event.host);
  state.inFlight.set(pkt, { pkt, link, from: event.host, to, sentT: t, len });
  if (event.sock === undefined) return;
  const known = host.sockets.get(event.sock);
  // What a socket sends tells both of its addresses, when no call has.
  if (known?.local !== undefined && known.peer !== undefined) return;
  const linkType = state.links.find(({ id }) => id === link)?.linkType;
  const facts = packetFacts(event.bytes, linkType);
  if (facts?.tcp !== undefined) {
    change(host, event.sock, { local: known?.local ?? facts.source, peer: known?.peer ?? facts.target });
  } else if (facts?.udp !== undefined) {
    change(host, event.sock, { local: known?.local ?? facts.source });
  }
}

/** An instant: after all events up to and with time `t`, or after the event numbered `seq` and all before it in time. */
export type Instant = { readonly t: number } | { readonly seq: number };

/** How many events lie between two snapshots. */
export const SNAPSHOT_EVERY = 256;

/** For going back and forth in a trace that does not change any more. */
export class TraceIndex {
  readonly trace: Trace;
  /** The events in order of time, which is how they are folded. */
  readonly events: readonly TraceEvent[];
  /** The i-th is the state before event `i * SNAPSHOT_EVERY`. */
  readonly #snapshots: TraceState[] = [];
  #positions: Map<number, number> | undefined;

  constructor(trace: Trace) {
    this.trace = trace;
    this.events = inTimeOrder(trace.events);
    const state = initialState(trace.header);
    for (const [i, event] of this.events.entries()) {
      if (i % SNAPSHOT_EVERY === 0) this.#snapshots.push(cloneState(state));
      foldEvent(state, event);
    }
    if (this.events.length % SNAPSHOT_EVERY === 0) this.#snapshots.push(state);
  }

  /** The state at an instant, made anew: the caller's to keep. */
  at(instant: Instant): TraceState {
    return this.after('t' in instant ? this.#countUntil(instant.t) : this.#positionOf(instant.seq) + 1);
  }

  /** The state after the first `count` events in order of time. */
  after(count: number): TraceState {
    const events = Math.min(Math.max(count, 0), this.events.length);
    const snapshot = Math.floor(events / SNAPSHOT_EVERY);
    const state = cloneState(this.#snapshots[snapshot]!);
    for (let i = snapshot * SNAPSHOT_EVERY; i < events; i++) foldEvent(state, this.events[i]!);
    return state;
  }

  /** How many events have a time up to `t`. */
  #countUntil(t: number): number {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle]!.t <= t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Place of an event in order of time; -1 before all when there is none of this number. */
  #positionOf(seq: number): number {
    if (this.events[seq]?.seq === seq) return seq;
    this.#positions ??= new Map(this.events.map((event, i) => [event.seq, i]));
    return this.#positions.get(seq) ?? -1;
  }
}

/** The state of `trace` at an instant. Folds from the start; `TraceIndex` is for asking often. */
export function stateAt(trace: Trace, instant: Instant): TraceState {
  const state = initialState(trace.header);
  for (const event of inTimeOrder(trace.events)) {
    if ('t' in instant && event.t > instant.t) break;
    foldEvent(state, event);
    if ('seq' in instant && event.seq === instant.seq) return state;
  }
  return 'seq' in instant ? initialState(trace.header) : state;
}
