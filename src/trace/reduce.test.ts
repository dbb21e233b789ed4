// The state at an instant: what the handshake trace says of each socket at each step, and an index that answers the same
// as folding from the start, wherever one asks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trace, TraceEvent } from './event.ts';
import { foldEvent, initialState, reduce, SNAPSHOT_EVERY, stateAt, TraceIndex } from './reduce.ts';
import {
  ACCEPTED_SOCK,
  CLIENT_SOCK,
  datagramTrace,
  HEADER,
  handshakeTrace,
  LISTENER_SOCK,
  lostSynTrace,
  refusedTrace,
} from './testing/handshake.ts';

const MS = 1_000_000;
const trace = handshakeTrace();

describe('the handshake, step by step', () => {
  const at = (ms: number) => stateAt(trace, { t: ms * MS });

  it('nothing before the first event', () => {
    const state = initialState(trace.header);
    expect(state).toMatchObject({ t: 0, seq: -1 });
    expect(Object.keys(state.hosts)).toEqual(['client', 'server']);
    expect(state.knobs.get('delayMs')).toBe(20);
  });

  it('the SYN is on the wire, connect and accept wait', () => {
    const { hosts, inFlight, counts } = at(10);
    expect(hosts.client!.sockets.get(CLIENT_SOCK)).toEqual({
      sock: CLIENT_SOCK,
      fd: 3,
      flow: 1,
      state: 'SYN-SENT',
      stateSource: 'observed',
      by: 'TCP_INFO',
      local: '10.77.0.1:51234',
      peer: '10.77.0.2:8888',
      lastCall: 'connect',
      closed: false,
    });
    expect([...hosts.client!.calls.values()].map(({ name }) => name)).toEqual(['connect']);
    expect([...hosts.server!.calls.values()].map(({ name }) => name)).toEqual(['accept']);
    expect(hosts.server!.sockets.get(LISTENER_SOCK)).toMatchObject({ fd: 3, state: 'LISTEN', local: '10.77.0.2:8888' });
    expect([...inFlight.values()]).toEqual([
      { pkt: 1, link: 'wire', from: 'client', to: 'server', sentT: 1_050_000, len: 52 },
    ]);
    expect(counts).toMatchObject({ sent: 1, delivered: 0 });
    expect(hosts.client!.timers.get('1 rto')).toEqual({ sock: 1, name: 'rto', at: 1_001_050_000 });
  });

  it('half open: known by inference, one in the SYN queue', () => {
    const { server } = at(30).hosts;
    expect(server!.sockets.get(ACCEPTED_SOCK)).toMatchObject({
      state: 'SYN-RECEIVED',
      stateSource: 'inferred',
      peer: '10.77.0.1:51234',
      local: '10.77.0.2:8888',
    });
    expect(server!.sockets.get(ACCEPTED_SOCK)!.fd).toBeUndefined();
    expect(server!.queues.get('10.77.0.2:8888')).toEqual({ syn: { n: 1, max: 5 }, accept: { n: 0, max: 5 } });
  });

  it('established, and accept has given the socket its descriptor', () => {
    const { hosts } = at(61.25);
    expect(hosts.server!.sockets.get(ACCEPTED_SOCK)).toMatchObject({ state: 'ESTABLISHED', fd: 4 });
    expect(hosts.server!.calls.size).toBe(0);
    expect(hosts.client!.timers.size).toBe(0);
  });

  it('closed by the program, while TCP waits', () => {
    const { hosts, inFlight, counts, seq } = at(10_000);
    expect(hosts.client!.sockets.get(CLIENT_SOCK)).toMatchObject({
      state: 'TIME-WAIT',
      stateSource: 'inferred',
      closed: true,
      fd: undefined,
      lastCall: 'close',
    });
    expect(hosts.server!.sockets.get(ACCEPTED_SOCK)).toMatchObject({ state: 'CLOSED', closed: true });
    expect(inFlight.size).toBe(0);
    expect(counts).toEqual({
      events: trace.events.length,
      calls: 13,
      sent: 10,
      delivered: 10,
      dropped: 0,
      duplicated: 0,
      held: 0,
      edited: 0,
    });
    expect(seq).toBe(trace.events.length - 1);
  });

  it('a dropped packet is not in flight', () => {
    const state = stateAt(lostSynTrace(), { t: 500 * MS });
    expect(state.inFlight.size).toBe(0);
    expect(state.counts).toMatchObject({ sent: 1, dropped: 1 });
  });

  it('a failed connect leaves a closed TCP and an open descriptor', () => {
    const { client } = stateAt(refusedTrace(), { t: 1000 * MS }).hosts;
    expect(client!.sockets.get(CLIENT_SOCK)).toMatchObject({ state: 'CLOSED', fd: 3, closed: false });
  });
});

describe('what the wire does', () => {
  const packet = { host: 'client', src: 'observed', link: 'wire' } as const;
  const events: TraceEvent[] = [
    { seq: 0, t: 0, k: 'pkt.tx', pkt: 1, len: 3, bytes: Uint8Array.of(1, 2, 3), ...packet },
    { seq: 1, t: 1, k: 'pkt.dup', pkt: 2, of: 1, why: 'twice', ...packet },
    { seq: 2, t: 2, k: 'pkt.hold', pkt: 1, why: 'reorder', ...packet },
    { seq: 3, t: 3, k: 'pkt.edit', pkt: 2, why: 'flip', bytes: Uint8Array.of(9), ...packet },
    { seq: 4, t: 4, k: 'pkt.rx', pkt: 2, len: 1, link: 'wire', host: 'server', src: 'observed' },
    { seq: 5, t: 5, k: 'counter', host: 'client', src: 'observed', name: 'TcpRetransSegs', delta: 2 },
    { seq: 6, t: 6, k: 'counter', host: 'client', src: 'observed', name: 'TcpRetransSegs', delta: 1 },
    { seq: 7, t: 7, k: 'knob', host: 'client', src: 'observed', path: 'loss', old: 0, new: 0.5 },
    { seq: 8, t: 8, k: 'tcp.vars', host: 'client', src: 'observed', sock: 4, vars: { cwnd: 14_480, rto: 200_000 } },
    { seq: 9, t: 9, k: 'tcp.vars', host: 'client', src: 'observed', sock: 4, vars: { cwnd: 28_960 } },
    { seq: 10, t: 10, k: 'mystery', host: 'client', src: 'observed' } as unknown as TraceEvent,
    { seq: 11, t: 11, k: 'note', host: 'nobody', src: 'observed', text: '' },
    { seq: 12, t: 12, k: 'note', host: 'constructor', src: 'observed', text: '' },
  ];
  const wire: Trace = { header: HEADER, events };

  it('copies, holds and edits', () => {
    const state = stateAt(wire, { seq: 3 });
    expect([...state.inFlight.values()]).toMatchObject([
      { pkt: 1, len: 3, held: 'reorder' },
      { pkt: 2, len: 1, of: 1, from: 'client', to: 'server', sentT: 1 },
    ]);
    expect([...stateAt(wire, { seq: 4 }).inFlight.keys()]).toEqual([1]);
  });

  it('counters, knobs, figures; unknown kinds and hosts are only counted', () => {
    const state = stateAt(wire, { t: 100 });
    expect(state.hosts.client!.counters.get('TcpRetransSegs')).toBe(3);
    expect(state.knobs.get('loss')).toBe(0.5);
    expect(state.hosts.client!.sockets.get(4)!.vars).toEqual({ cwnd: 28_960, rto: 200_000 });
    expect(state.counts.events).toBe(events.length);
  });

  it('reduce leaves the state before as it is', () => {
    const before = initialState(HEADER);
    const after = reduce(before, events[0]!);
    expect(before.inFlight.size).toBe(0);
    expect(before.counts.sent).toBe(0);
    expect(after.inFlight.size).toBe(1);
  });
});

/** A trace of many events: the handshake over and over, each a second later. */
function long(rounds: number): Trace {
  const events: TraceEvent[] = [];
  for (let round = 0; round < rounds; round++) {
    const base = events.length;
    for (const event of trace.events) {
      const shifted = { ...event, seq: base + event.seq, t: event.t + round * 1_000 * MS } as TraceEvent;
      const enter = event.k === 'call.exit' ? { enter: event.enter + base } : {};
      events.push({ ...shifted, ...enter } as TraceEvent);
    }
  }
  return { header: trace.header, events };
}

describe('TraceIndex', () => {
  it('says at every event what folding from the start says', () => {
    const many = long(9);
    expect(many.events.length).toBeGreaterThan(2 * SNAPSHOT_EVERY);
    const index = new TraceIndex(many);
    const state = initialState(many.header);
    for (const event of many.events) {
      foldEvent(state, event);
      if (event.seq % 7 === 0 || event.seq % SNAPSHOT_EVERY < 2 || event.seq % SNAPSHOT_EVERY === 255) {
        expect(index.at({ seq: event.seq })).toEqual(state);
      }
    }
    expect(index.after(1e9)).toEqual(state);
    expect(index.after(-1)).toEqual(initialState(many.header));
    expect(index.at({ seq: 1e9 })).toEqual(initialState(many.header));
  });

  it('at any time, for traces of any length, also a multiple of the distance of snapshots', () => {
    const many = long(9);
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(0, SNAPSHOT_EVERY, 2 * SNAPSHOT_EVERY), fc.nat({ max: many.events.length })),
        fc.integer({ min: -1, max: 10_000 * MS }),
        (length, t) => {
          const part = { header: many.header, events: many.events.slice(0, length) };
          expect(new TraceIndex(part).at({ t })).toEqual(stateAt(part, { t }));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('what one caller does to a state is not seen by the next', () => {
    const index = new TraceIndex(trace);
    index.at({ t: 30 * MS }).hosts.client!.sockets.clear();
    expect(index.at({ t: 30 * MS }).hosts.client!.sockets.size).toBe(1);
  });

  it('what was inferred late stands where it happened', () => {
    const events: TraceEvent[] = [
      { seq: 0, t: 100, k: 'tcp.state', host: 'client', src: 'observed', sock: 1, old: 'SYN-SENT', new: 'ESTABLISHED' },
      { seq: 1, t: 50, k: 'tcp.state', host: 'client', src: 'inferred', sock: 1, old: 'CLOSED', new: 'SYN-SENT' },
    ];
    const late = { header: HEADER, events };
    for (const ask of [(t: number) => stateAt(late, { t }), (t: number) => new TraceIndex(late).at({ t })]) {
      expect(ask(60).hosts.client!.sockets.get(1)!.state).toBe('SYN-SENT');
      expect(ask(100).hosts.client!.sockets.get(1)!.state).toBe('ESTABLISHED');
    }
    expect(new TraceIndex(late).at({ seq: 1 }).hosts.client!.sockets.get(1)!.state).toBe('SYN-SENT');
  });

  it('datagram sockets learn their address from what they send', () => {
    const { client } = stateAt(datagramTrace(), { t: 5 * MS }).hosts;
    expect(client!.sockets.get(CLIENT_SOCK)).toMatchObject({ local: '10.77.0.1:51234', lastCall: 'sendto' });
    expect(client!.sockets.get(CLIENT_SOCK)!.peer).toBeUndefined();
  });
});
