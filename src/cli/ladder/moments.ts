/**
 * From a trace to what a ladder draws: packets as flights between the hosts, calls as bars, state changes, in order of
 * time. Nothing here knows about columns.
 */
import type { CallEnter, CallExit, Source, Trace, TraceEvent, TraceHost } from '../../trace/event.ts';
import { enterTexts, exitTexts, instantTexts, type NameAddress } from './calls.ts';
import type { Glyphs } from './glyphs.ts';
import { type PacketText, packetTexts } from './packet.ts';

export type Side = 'left' | 'right';

/** What one host does within this time may share a row. */
export const MOMENT_NS = 100_000;

/** One packet from its sender to its end. */
export interface Flight {
  readonly pkt: number;
  readonly from: Side;
  readonly text: PacketText;
  readonly copy: boolean;
  /** The wire took it. */
  readonly lost: boolean;
  /** A packet of the same direction that left later has arrived before. */
  late: boolean;
  arrived: boolean;
}

/** A call that runs over several rows. */
export interface Bar {
  readonly side: Side;
  /** 0 is next to the text. */
  lane: number;
}

interface Base {
  readonly t: number;
  readonly side: Side;
}

export type Item = Base &
  (
    | { readonly k: 'enter' | 'exit'; readonly texts: readonly string[]; readonly bar: Bar; readonly failed: boolean }
    | { readonly k: 'instant'; readonly texts: readonly string[]; readonly failed: boolean }
    | { readonly k: 'state'; readonly text: string; readonly src: Source }
    | { readonly k: 'leave' | 'arrive'; readonly flight: Flight; readonly below: readonly string[] }
    /** The flight ends on the wire, later than it left. */
    | { readonly k: 'vanish'; readonly flight: Flight; readonly below: readonly string[] }
    | { readonly k: 'remark'; readonly text: string }
  );

export interface Scene {
  readonly left: TraceHost;
  readonly right: TraceHost;
  /** Address with port where the trace shows one port for that host. */
  readonly addresses: { readonly left: string; readonly right: string };
  readonly items: readonly Item[];
  /** How many bars stand side by side at most. */
  readonly bars: { readonly left: number; readonly right: number };
  readonly sources: ReadonlySet<Source>;
  readonly protocol: string;
}

/** The client on the left: who sends the first packet, or makes the first connect(2), or is named first. */
function sidesOf(trace: Trace): { left: TraceHost; right: TraceHost } {
  const first = trace.events.find(
    (event) => event.k === 'pkt.tx' || (event.k === 'call.enter' && event.name === 'connect'),
  );
  const [a, b] = trace.header.hosts;
  const none: TraceHost = { id: '', name: '', ips: [] };
  const left = trace.header.hosts.find((host) => host.id === first?.host) ?? a ?? none;
  const right = trace.header.hosts.find((host) => host !== left) ?? b ?? none;
  return { left, right };
}

export function sceneOf(trace: Trace, glyphs: Glyphs, absolute: boolean): Scene {
  const { left, right } = sidesOf(trace);
  const sideOf = (host: string): Side | null => (host === left.id ? 'left' : host === right.id ? 'right' : null);
  const texts = packetTexts(trace, absolute);
  const sources = new Set<Source>();
  const ends = new Map<number, TraceEvent>();
  const exits = new Map<number, CallExit>();
  const remarks = new Map<number, string[]>();
  for (const event of trace.events) {
    if (event.k === 'pkt.rx' || event.k === 'pkt.drop') ends.set(event.pkt, event);
    else if (event.k === 'call.exit') exits.set(event.enter, event);
  }
  // On loopback both hosts have one address, and a name would be a guess.
  const shared = new Set(left.ips.filter((ip) => right.ips.includes(ip)));
  const nameAddress: NameAddress = (text) => {
    for (const host of [left, right]) {
      for (const ip of host.ips) {
        if (shared.has(ip)) continue;
        if (text === ip || text.startsWith(`${ip}:`)) return host.name + text.slice(ip.length);
        if (text.startsWith(`[${ip}]`)) return host.name + text.slice(ip.length + 2);
      }
    }
    return text;
  };

  const bars = { left: 1, right: 1 };
  const running: { left: (Bar | undefined)[]; right: (Bar | undefined)[] } = { left: [], right: [] };
  const open = new Map<number, { call: CallEnter; bar: Bar }>();
  const instant = new Set<number>();
  const flights = new Map<number, Flight>();
  const items: Item[] = [];

  trace.events.forEach((event, index) => {
    const side = sideOf(event.host);
    if (side === null) return;
    const at = { t: event.t, side };
    switch (event.k) {
      case 'call.enter': {
        const exit = exits.get(event.seq);
        if (exit !== undefined && isInstant(trace.events, index, exit)) {
          instant.add(event.seq);
          items.push({
            ...at,
            k: 'instant',
            texts: instantTexts(event, exit, glyphs, nameAddress),
            failed: exit.ret < 0,
          });
          break;
        }
        const lanes = running[side];
        const free = lanes.indexOf(undefined);
        const bar: Bar = { side, lane: free < 0 ? lanes.length : free };
        lanes[bar.lane] = bar;
        bars[side] = Math.max(bars[side], lanes.length);
        open.set(event.seq, { call: event, bar });
        items.push({ ...at, k: 'enter', texts: enterTexts(event, glyphs, nameAddress), bar, failed: false });
        break;
      }
      case 'call.exit': {
        const entered = open.get(event.enter);
        if (instant.has(event.enter) || entered === undefined) break;
        running[side][entered.bar.lane] = undefined;
        const texts = exitTexts(entered.call.name, event, glyphs, nameAddress);
        items.push({ ...at, k: 'exit', texts, bar: entered.bar, failed: event.ret < 0 });
        break;
      }
      case 'tcp.state':
        // The end of the listening socket is its close() call; in the lane of the connection it would read as its end.
        if (event.flow === undefined && event.new === 'CLOSED') break;
        sources.add(event.src);
        items.push({ ...at, k: 'state', text: event.new, src: event.src });
        break;
      case 'timer':
        if (event.what !== 'fire') break;
        sources.add(event.src);
        items.push({ ...at, k: 'state', text: `${event.name} fires`, src: event.src });
        break;
      case 'pkt.tx':
      case 'pkt.dup': {
        const text = texts.get(event.pkt);
        if (text === undefined) break;
        // A copy is told of by its own pkt.tx too, or by pkt.dup alone.
        if (event.k === 'pkt.dup') {
          if (trace.events.some((other) => other.k === 'pkt.tx' && other.pkt === event.pkt)) {
            remarks.set(event.pkt, [`copied: ${event.why}`]);
            break;
          }
        }
        const copy = event.k === 'pkt.dup' || remarks.has(event.pkt);
        const end = ends.get(event.pkt);
        const below = remarks.get(event.pkt) ?? [];
        if (event.k === 'pkt.dup') below.push(`copied: ${event.why}`);
        remarks.set(event.pkt, below);
        const lostAtOnce = end?.k === 'pkt.drop' && end.t - event.t <= MOMENT_NS;
        const flight: Flight = {
          pkt: event.pkt,
          from: side,
          text,
          copy,
          lost: lostAtOnce,
          late: false,
          arrived: false,
        };
        flights.set(event.pkt, flight);
        items.push({ ...at, k: 'leave', flight, below });
        break;
      }
      case 'pkt.rx': {
        const flight = flights.get(event.pkt);
        if (flight === undefined) break;
        flight.arrived = true;
        items.push({ ...at, k: 'arrive', flight, below: [] });
        break;
      }
      case 'pkt.drop':
      case 'pkt.hold':
      case 'pkt.edit': {
        const flight = flights.get(event.pkt);
        const word = event.k === 'pkt.drop' ? 'lost' : event.k === 'pkt.hold' ? 'held' : 'edited';
        if (event.k === 'pkt.drop' && flight?.lost === false) {
          items.push({ ...at, k: 'vanish', flight, below: [`lost: ${event.why}`] });
          break;
        }
        const list = remarks.get(event.pkt) ?? [];
        list.push(`${word}: ${event.why}`);
        remarks.set(event.pkt, list);
        break;
      }
      case 'note':
        items.push({ ...at, k: 'remark', text: event.text });
        break;
    }
  });
  markLate(items);
  for (const item of items) if (item.k === 'enter') item.bar.lane = Math.min(item.bar.lane, MOST_BARS - 1);
  return {
    left,
    right,
    addresses: { left: addressOf('left', flights, left), right: addressOf('right', flights, right) },
    items,
    bars: { left: Math.min(MOST_BARS, bars.left), right: Math.min(MOST_BARS, bars.right) },
    sources,
    protocol: [...new Set([...flights.values()].map((flight) => flight.text.protocol))].join(', ').toUpperCase(),
  };
}

const MOST_BARS = 3;

/** It returned within a moment, and all that its host did meanwhile was to send and to change state. */
function isInstant(events: readonly TraceEvent[], index: number, exit: CallExit): boolean {
  const enter = events[index]!;
  if (exit.t - enter.t > MOMENT_NS) return false;
  for (let i = index + 1; i < events.length && events[i] !== exit; i++) {
    const { host, k } = events[i]!;
    if (host === enter.host && (k === 'call.enter' || k === 'call.exit' || k === 'pkt.rx')) return false;
  }
  return true;
}

function markLate(items: readonly Item[]): void {
  const order = new Map<Flight, number>();
  const newest = { left: -1, right: -1 };
  for (const item of items) {
    if (item.k === 'leave') order.set(item.flight, order.size);
    if (item.k !== 'arrive') continue;
    const { flight } = item;
    const place = order.get(flight)!;
    if (place < newest[flight.from]) flight.late = true;
    newest[flight.from] = Math.max(newest[flight.from], place);
  }
}

function addressOf(side: Side, flights: ReadonlyMap<number, Flight>, host: TraceHost): string {
  const seen = new Set<string>();
  for (const { from, text } of flights.values()) {
    const address = from === side ? text.source : text.target;
    if (address !== '') seen.add(address);
  }
  return seen.size === 1 ? [...seen][0]! : (host.ips[0] ?? '');
}
