/**
 * What holds of every trace that the lab records, whatever the scenario and whatever the wire does: the format, the
 * order of the states, and the cause of each packet. A few runs go on side by side, each on two namespaces of its own.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type LinkDevice, parseWireRule, type WireAction } from '../../src/link/index.ts';
import { type LabHost, type LabHosts, makeLabHosts } from '../../src/os/lab-hosts.ts';
import { findScenario, type LabSide, playLab } from '../../src/tools/lab/index.ts';
import { summarise, type TcpState, type TcpSummary, validateTrace } from '../../src/trace/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { Played, play, type SentPacket } from './played.ts';

const DELAY_MS = 10;
/** Looking at so many socket tables is work: with more runs at a time, timers would be late and segments sent again. */
const AT_A_TIME = 4;

interface Case {
  readonly scenario: string;
  readonly family?: 4 | 6;
  readonly rules?: readonly (readonly [WireAction, string])[];
  /** The figures that the run must come to. */
  readonly tcp?: Partial<TcpSummary> | null;
  readonly lost?: number;
}

const CASES: readonly Case[] = [
  {
    scenario: 'handshake',
    tcp: { connectResult: 'ok', whoClosedFirst: 'client', timeWaitHolder: 'client', resets: 0 },
  },
  { scenario: 'handshake', family: 6, tcp: { connectResult: 'ok', whoClosedFirst: 'client', retransmissions: 0 } },
  { scenario: 'refused', tcp: { connectResult: 'ECONNREFUSED', refused: true, resets: 1, segments: 2 } },
  { scenario: 'refused', family: 6, tcp: { connectResult: 'ECONNREFUSED', refused: true, resets: 1, segments: 2 } },
  { scenario: 'close-3', tcp: { closingSegments: 3, retransmissions: 0 } },
  { scenario: 'close-3', family: 6, tcp: { closingSegments: 3, retransmissions: 0 } },
  { scenario: 'close-4', tcp: { closingSegments: 4, retransmissions: 0, timeWaitHolder: 'client' } },
  { scenario: 'lost-syn', tcp: { connectResult: 'ok', retransmissions: 1 }, lost: 1 },
  { scenario: 'half-close', tcp: { payloadBytes: { fromClient: 6, fromServer: 28 }, whoClosedFirst: 'client' } },
  { scenario: 'half-close', family: 6, tcp: { payloadBytes: { fromClient: 6, fromServer: 28 } } },
  { scenario: 'udp', tcp: null },
  { scenario: 'udp', family: 6, tcp: null },
  { scenario: 'rst-on-unread', tcp: { resets: 1, whoClosedFirst: 'server', timeWaitHolder: null } },
  {
    scenario: 'handshake',
    rules: [['drop', 'client>server:data#1']],
    tcp: { payloadBytes: { fromClient: 6, fromServer: 6 } },
    lost: 1,
  },
  { scenario: 'handshake', rules: [['drop', 'server>client:data#1']], tcp: { connectResult: 'ok' }, lost: 1 },
  { scenario: 'handshake', rules: [['drop', 'client>server:fin#1']], tcp: { connectResult: 'ok' }, lost: 1 },
  { scenario: 'close-3', rules: [['drop', 'server>client:fin#1']], tcp: { connectResult: 'ok' }, lost: 1 },
  { scenario: 'handshake', rules: [['dup', '*:data']], tcp: { payloadBytes: { fromClient: 6, fromServer: 6 } } },
  { scenario: 'handshake', rules: [['dup', '*:any']], tcp: { payloadBytes: { fromClient: 6, fromServer: 6 } } },
  { scenario: 'handshake', rules: [['hold', '*:data=50']], tcp: { payloadBytes: { fromClient: 6, fromServer: 6 } } },
  {
    scenario: 'half-close',
    rules: [['reorder', 'server>client:data#1']],
    tcp: { payloadBytes: { fromClient: 6, fromServer: 28 } },
  },
  {
    scenario: 'half-close',
    rules: [['reorder', 'client>server:data#1']],
    tcp: { payloadBytes: { fromClient: 6, fromServer: 28 } },
  },
];

const nameOf = ({ scenario, family = 4, rules = [] }: Case): string =>
  [scenario, `IPv${family}`, ...rules.map((rule) => rule.join(' '))].join(', ');

/**
 * Transitions of RFC 9293 §3.3.2, figure 5. CLOSED may follow any state: a RST, or an abort (§3.10.5). From SYN-RECEIVED
 * the socket that a listener has made begins in LISTEN.
 */
const LEGAL: Readonly<Record<TcpState, readonly TcpState[]>> = {
  CLOSED: ['LISTEN', 'SYN-SENT'],
  LISTEN: ['SYN-RECEIVED', 'SYN-SENT', 'CLOSED'],
  'SYN-SENT': ['SYN-RECEIVED', 'ESTABLISHED', 'CLOSED'],
  'SYN-RECEIVED': ['ESTABLISHED', 'FIN-WAIT-1', 'LISTEN', 'CLOSED'],
  ESTABLISHED: ['FIN-WAIT-1', 'CLOSE-WAIT', 'CLOSED'],
  'FIN-WAIT-1': ['FIN-WAIT-2', 'CLOSING', 'TIME-WAIT', 'CLOSED'],
  'FIN-WAIT-2': ['TIME-WAIT', 'CLOSED'],
  'CLOSE-WAIT': ['LAST-ACK', 'CLOSED'],
  CLOSING: ['TIME-WAIT', 'CLOSED'],
  'LAST-ACK': ['CLOSED'],
  'TIME-WAIT': ['CLOSED'],
};

function expectLegalStates({ states }: Played): void {
  const last = new Map<string, TcpState>();
  for (const { host, sock, flow, old, new: next } of states) {
    const socket = `${host} ${sock} ${flow}`;
    const before = last.get(socket);
    // A socket is first heard of as one that did not exist, or as what its listener was.
    if (before === undefined) expect(['CLOSED', 'LISTEN'], socket).toContain(old);
    else expect(old, socket).toBe(before);
    expect(LEGAL[old], `${socket}: from ${old}`).toContain(next);
    last.set(socket, next);
  }
}

/** After the last number that the segment occupies: SYN and FIN take one each (RFC 9293 §3.4). */
function endOf({ tcp, text, kind }: SentPacket): number {
  const control = ['SYN', 'SYN-ACK'].includes(kind) ? 1 : (tcp?.flags ?? 0) & 1;
  return ((tcp?.seq ?? 0) + text.length + control) >>> 0;
}

function expectCauses(run: Played, hasRules: boolean): void {
  const bySeq = new Map(run.packets.map((packet) => [packet.pkt, packet]));
  const copies = new Map(run.trace.events.flatMap((event) => (event.k === 'pkt.dup' ? [[event.pkt, event.of]] : [])));
  const sent = new Set<string>();
  for (const packet of run.packets) {
    const { from, kind, tcp, event } = packet;
    const cause = run.cause(event);
    const what = `${from} ${kind} (packet ${packet.pkt})`;
    const isAgain = !['ACK', 'UDP', 'RST'].includes(kind) && sent.has(`${from} ${kind} ${tcp?.seq}`);
    sent.add(`${from} ${kind} ${tcp?.seq}`);
    expect(cause?.host, what).toBe(from);
    // A second SYN-ACK may answer a second SYN.
    if (isAgain && (kind !== 'SYN-ACK' || cause?.k === 'timer')) {
      expect(cause, what).toMatchObject({ k: 'timer', name: 'rto', what: 'fire', src: 'inferred', flow: event.flow });
      continue;
    }
    // Data that still waits when the socket is closed takes the FIN along.
    const fin = packet.text === '' ? /^(close|shutdown)$/ : /^(send|close|shutdown)$/;
    const calls = { SYN: /^connect$/, data: /^send$/, FIN: fin, UDP: /^sendto$/ }[kind];
    if (calls !== undefined) {
      expect(cause, what).toMatchObject({ k: 'call.enter', name: expect.stringMatching(calls) });
      continue;
    }
    if (kind === 'RST' && cause?.k === 'call.enter') {
      expect(cause.name, what).toBe('close');
      continue;
    }
    if (cause?.k !== 'pkt.rx') throw new Error(`${what}: expected an arrival as the cause, got ${cause?.k}`);
    const answered = bySeq.get(copies.get(cause.pkt) ?? cause.pkt)!;
    expect(answered.from, what).not.toBe(from);
    if (!hasRules) expect(tcp?.ack, `${what} answers packet ${answered.pkt}`).toBe(endOf(answered));
  }
}

/** What the programs read, in order: a stream has neither gaps nor repetitions, whatever the wire did. */
function read(run: Played, host: string): string {
  const calls = run.calls.filter((call) => call.host === host && call.name === 'recv');
  return calls.map(({ exit }) => exit.out?.buf ?? '').join('');
}

describeInNamespace(import.meta.url, 'every trace of the lab', () => {
  const runs = new Map<Case, Promise<Played>>();
  beforeAll(async () => {
    for (let at = 0; at < CASES.length; at += AT_A_TIME) {
      // Making and closing namespaces holds up everything else: all before, and all after.
      const batch = CASES.slice(at, at + AT_A_TIME).map((each) => ({ each, hosts: makeLabHosts() }));
      const played = batch.map(({ each, hosts }) => {
        const run = playOn(hosts, each);
        runs.set(each, run);
        return run;
      });
      // Each failure belongs to the test that asks for the run.
      await Promise.allSettled(played);
      for (const { hosts } of batch) hosts.close();
    }
  });

  test.for(CASES.map((each) => [nameOf(each), each] as const))('%s', async ([, each]) => {
    const run = await runs.get(each)!;
    const { trace, packets } = run;
    const { scenario, rules = [], lost = 0 } = each;
    expect(validateTrace(trace)).toEqual([]);
    expectLegalStates(run);
    expectCauses(run, rules.length > 0 || scenario === 'lost-syn');
    for (const { pkt, t, rxT } of packets) {
      if (rxT !== undefined) expect(rxT - t, `packet ${pkt}`).toBeGreaterThanOrEqual(DELAY_MS * 1e6);
    }
    const { packets: figures, tcp, udp } = summarise(trace);
    expect(figures.dropped).toBe(lost);
    if (lost > 0) expect(tcp?.retransmissions).toBeGreaterThanOrEqual(lost);
    expect(figures.delivered).toBe(figures.sent + figures.duplicated - lost);
    if (each.tcp === null) {
      expect(tcp).toBeNull();
      expect(udp).toMatchObject([{ sent: 2, delivered: 2, payloadBytes: { fromA: 6, fromB: 6 } }]);
      expect(run.states).toEqual([]);
    } else {
      expect(tcp).toMatchObject(each.tcp ?? {});
    }
    const isConversation = !['refused', 'udp', 'rst-on-unread'].includes(scenario);
    if (!isConversation) return;
    expect(read(run, 'server')).toBe('hello\n');
    expect(read(run, 'client')).toBe(scenario === 'half-close' ? 'still here\nand here\ngoodbye\n' : 'world\n');
    expect(run.path('client')).toContain('TIME-WAIT');
    expect(run.path('server').at(-1)).toBe('CLOSED');
  });

  describe('a run that is aborted', () => {
    test.for([
      ['handshake', 1],
      ['handshake', 3],
      ['close-4', 8],
      ['half-close', 7],
      ['rst-on-unread', 4],
      ['udp', 1],
    ] as const)('%s, at packet %i: a trace without a problem, no call left open', async ([scenario, at]) => {
      const { trace } = await abortAt(scenario, at);
      expect(validateTrace(trace)).toEqual([]);
      const packets = trace.events.filter(({ k }) => k === 'pkt.tx');
      expect(packets.length).toBeGreaterThanOrEqual(at);
      expect(trace.events.filter(({ k }) => k === 'call.exit')).toHaveLength(
        trace.events.filter(({ k }) => k === 'call.enter').length,
      );
      expect(trace.events.some((event) => event.k === 'call.exit' && event.errno === 'ABORT_ERR')).toBe(true);
    });

    test('aborted before it began: a trace with nothing on the wire', async () => {
      const { trace } = await abortAt('handshake', 0);
      expect(validateTrace(trace)).toEqual([]);
      expect(trace.events.some(({ k }) => k === 'pkt.rx')).toBe(false);
    });
  });

  test('no descriptor is left behind, whether a run ends, is aborted or fails', async () => {
    await play('handshake', { delayMs: 1 });
    const before = descriptors();
    for (const scenario of ['close-3', 'refused', 'udp', 'rst-on-unread']) await play(scenario, { delayMs: 1 });
    for (const at of [0, 1, 4]) await abortAt('handshake', at);
    await expect(play('handshake', { port: 65_536 })).rejects.toThrow();
    expect(descriptors()).toEqual(before);
  });
});

/** Open descriptors by kind: sockets, pipes, namespaces, TUN. The numbers in the names differ from run to run. */
function descriptors(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const kind = readlinkSync(`/proc/self/fd/${fd}`).replace(/\[?\d+\]?$/, '');
      counts[kind] = (counts[kind] ?? 0) + 1;
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return counts;
}

/** Play, and abort when a host has sent the packet of this number; 0: before anything. */
async function abortAt(scenario: string, at: number): Promise<Played> {
  const control = new AbortController();
  let count = 0;
  if (at === 0) control.abort();
  const hosts = makeLabHosts();
  try {
    return await playOn(hosts, { scenario }, control.signal, () => {
      if (++count === at) control.abort();
    });
  } finally {
    hosts.close();
  }
}

async function playOn(
  hosts: LabHosts,
  { scenario, family = 4, rules = [] }: Case,
  signal: AbortSignal = new AbortController().signal,
  afterSend: () => void = () => {},
): Promise<Played> {
  const watched = (device: LinkDevice): LinkDevice => ({
    name: device.name,
    mtu: device.mtu,
    linkType: device.linkType,
    send: (bytes) => device.send(bytes),
    onReceive: (receiver) =>
      device.onReceive((bytes) => {
        receiver(bytes);
        afterSend();
      }),
    close: () => device.close(),
  });
  const side = ({ name, host, addresses, observeSockets }: LabHost): LabSide => ({
    name,
    host,
    addresses,
    observe: () => observeSockets() as ReturnType<NonNullable<LabSide['observe']>>,
  });
  const { client, server, tier } = hosts;
  const trace = await playLab({
    scenario: findScenario(scenario)!,
    client: side(client),
    server: side(server),
    path: { kind: 'wire', client: watched(client.device), server: watched(server.device), delayMs: DELAY_MS },
    family,
    port: 8888,
    rules: rules.map(([action, text]) => parseWireRule(action, text)),
    signal,
    env: { tier },
    producer: 'kernel',
    mtu: client.device.mtu,
  });
  return new Played(trace, tier);
}
