/**
 * Each scenario of the lab on two namespaces of this kernel: what the bytes on the wire, the calls and the states say,
 * against what RFC 9293 and the man pages say. Nothing here is simulated; the wire alone is ours.
 */
import { describe, expect, test } from 'vitest';
import { MS } from '../../src/core/index.ts';
import { decodeTrace, encodeTrace } from '../../src/trace/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type Played, play, type SentPacket } from './played.ts';

const RTT_NS = 40 * MS;

/** Sequence numbers wrap. */
const plus = (seq: number, count: number): number => (seq + count) >>> 0;
const tcpOf = (packet: SentPacket): NonNullable<SentPacket['tcp']> => {
  if (packet.tcp === undefined) throw new Error(`packet ${packet.pkt} is no TCP segment`);
  return packet.tcp;
};

/** RFC 9293 §3.5, figure 6. */
function expectHandshake(run: Played): void {
  const [syn, synAck, ack] = [
    run.packet('client', 'SYN'),
    run.packet('server', 'SYN-ACK'),
    run.packet('client', 'ACK'),
  ];
  expect(tcpOf(synAck).ack).toBe(plus(tcpOf(syn).seq, 1));
  expect(tcpOf(ack).seq).toBe(plus(tcpOf(syn).seq, 1));
  expect(tcpOf(ack).ack).toBe(plus(tcpOf(synAck).seq, 1));
}

/** What must hold of any trace: no packet early, none lost or doubled in silence, every cause before its effect. */
function expectSound({ trace, packets }: Played, delayMs: number): void {
  expect(decodeTrace(encodeTrace(trace))).toEqual(trace);
  const dropped = new Set(trace.events.flatMap((event) => (event.k === 'pkt.drop' ? [event.pkt] : [])));
  for (const { pkt, t, rxT } of packets) {
    if (dropped.has(pkt)) {
      expect(rxT).toBeUndefined();
      continue;
    }
    expect(rxT, `packet ${pkt} arrives`).toBeDefined();
    expect(rxT! - t, `packet ${pkt} is not early`).toBeGreaterThanOrEqual(delayMs * MS);
  }
  const arrivals = trace.events.flatMap((event) => (event.k === 'pkt.rx' ? [event.pkt] : []));
  expect(new Set(arrivals).size).toBe(arrivals.length);
  for (const { seq, cause } of trace.events) {
    if (typeof cause === 'number') expect(cause).toBeLessThan(seq);
  }
  for (const { host, k, cause } of trace.events) {
    if (k !== 'pkt.tx' || typeof cause !== 'number') continue;
    expect(trace.events[cause]!.host, 'what makes a host send happens on that host').toBe(host);
  }
}

/** The segments from the first FIN on. */
function closing(run: Played): readonly string[] {
  const first = run.packets.findIndex(({ kind }) => kind === 'FIN');
  return run.packets.slice(first).map(({ from, kind }) => `${from} ${kind}`);
}

/** What the wire does to real traffic, and how a run ends. */
function wireTests(): void {
  test('the delay and the port are those that were asked for', async () => {
    const run = await play('handshake', { delayMs: 5, port: 1234 });
    expectSound(run, 5);
    expect(run.packets.every(({ tcp }) => tcp?.srcPort === 1234 || tcp?.dstPort === 1234)).toBe(true);
    const delays = run.packets.map(({ t, rxT }) => (rxT! - t) / MS).sort((a, b) => a - b);
    // A grain of a millisecond, and what the machine adds when it is busy.
    expect(delays[delays.length >> 1]).toBeLessThan(8);
    expect(run.trace.header.scenario).toMatchObject({ id: 'handshake', knobs: { delayMs: 5, port: 1234 } });
  });

  test('a lost SYN-ACK: the client asks again, and a second SYN-ACK comes', async () => {
    const run = await play('handshake', { rules: [['drop', 'server>client:syn-ack#1']] });
    expectSound(run, 20);
    expect(run.said.slice(0, 2)).toEqual(['client SYN', 'server SYN-ACK']);
    expect(tcpOf(run.packet('server', 'SYN-ACK', 2)).seq).toBe(tcpOf(run.packet('server', 'SYN-ACK', 1)).seq);
    expect(run.path('client').at(-1)).toBe('TIME-WAIT');
  });

  test('a lost data segment comes again with the same bytes', async () => {
    const run = await play('handshake', { rules: [['drop', 'client>server:data#1']] });
    expectSound(run, 20);
    const [lost, again] = [run.packet('client', 'data', 1), run.packet('client', 'data', 2)];
    expect([again.text, tcpOf(again).seq]).toEqual([lost.text, tcpOf(lost).seq]);
    expect(run.cause(again.event)).toMatchObject({ k: 'timer', name: 'rto', src: 'inferred' });
    expect(run.call('server', 'recv').exit.out?.buf).toBe('hello\n');
  });

  test('a copied segment is acknowledged again and read once', async () => {
    const run = await play('handshake', { rules: [['dup', 'client>server:data#1']] });
    const dup = run.trace.events.find((event) => event.k === 'pkt.dup');
    expect(dup).toMatchObject({ host: 'client', why: 'client>server:data#1', of: run.packet('client', 'data').pkt });
    const arrivals = run.trace.events.filter((event) => event.k === 'pkt.rx' && event.pkt === dup?.pkt);
    expect(arrivals).toHaveLength(1);
    expect(run.call('server', 'recv', 1).exit.out?.buf).toBe('hello\n');
    expect(run.call('server', 'recv', 2).exit.ret).toBe(0);
  });

  test('a held segment comes later by so much', async () => {
    const run = await play('handshake', { rules: [['hold', 'client>server:data#1=100']] });
    expectSound(run, 20);
    const { t, rxT } = run.packet('client', 'data');
    expect(rxT! - t).toBeGreaterThanOrEqual(120 * MS);
    expect(run.trace.events.find(({ k }) => k === 'pkt.hold')).toMatchObject({ why: 'client>server:data#1=100' });
  });

  test('reorder: the data of the server passes the ACK that was sent before it', async () => {
    const run = await play('handshake', { rules: [['reorder', 'server>client:ack#1']] });
    expectSound(run, 20);
    const [ack, world] = [run.packet('server', 'ACK'), run.packet('server', 'data')];
    expect(ack.t).toBeLessThan(world.t);
    expect(world.rxT!).toBeLessThan(ack.rxT!);
    expect(run.call('client', 'recv').exit.out?.buf).toBe('world\n');
  });

  test('an aborted run ends at once and keeps what was recorded', async () => {
    const control = new AbortController();
    setTimeout(() => control.abort(), 300);
    const begun = performance.now();
    // No answer ever comes: the client would wait for ever.
    const run = await play('udp', { rules: [['drop', 'server>client:udp']], signal: control.signal });
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(run.said).toEqual(['client UDP "hello\\n"', 'server UDP "world\\n"']);
    expect(run.call('client', 'recvfrom').exit).toMatchObject({ ret: -1, errno: 'ABORT_ERR' });
  });

  test('a program that fails is told in the trace, and the other does not wait for ever', async () => {
    // Each host has a loopback of its own: the client asks a host where nobody listens, the server waits in accept.
    const begun = performance.now();
    const run = await play('handshake', { serverAddress: '127.0.0.1' });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(run.call('client', 'connect').exit.errno).toBe('ECONNREFUSED');
    expect(run.call('server', 'accept').exit.errno).toBe('ABORT_ERR');
    expect(run.trace.events.filter(({ k }) => k === 'note')).toMatchObject([
      { host: 'client', text: 'the program of client ended: connect ECONNREFUSED 127.0.0.1:8888' },
    ]);
    expect(run.packets).toEqual([]);
  });
}

describeInNamespace(import.meta.url, 'two hosts on this kernel', () => {
  describe('the wire', wireTests);

  describe.each([
    ['tun', 4],
    ['tun', 6],
    ['veth', 4],
    ['veth', 6],
  ] as const)('handshake over %s, IPv%i', (wire, family) => {
    test('three segments, a line each way, FINs, TIME-WAIT at the client', async (context) => {
      const run = await play('handshake', { wire, family }).catch((error: unknown) => {
        if (error instanceof Error && error.name === 'LabRefused') return error;
        throw error;
      });
      if (run instanceof Error) return context.skip(run.message);
      expectSound(run, 20);
      expectHandshake(run);
      const [hello, world] = [run.packet('client', 'data'), run.packet('server', 'data')];
      expect([hello.text, world.text]).toEqual(['hello\n', 'world\n']);
      expect(tcpOf(run.packet('server', 'ACK')).ack).toBe(plus(tcpOf(hello).seq, 6));

      // connect(2) ends with the SYN-ACK: after a round trip, and before the server knows.
      const connect = run.call('client', 'connect');
      expect(connect.exit.ret).toBe(0);
      expect(connect.exit.t - connect.enter.t).toBeGreaterThanOrEqual(RTT_NS);
      expect(connect.exit.t).toBeLessThan(run.state('server', 'ESTABLISHED').t);
      expect(run.call('server', 'accept').exit.t).toBeGreaterThan(run.packet('client', 'ACK').rxT!);

      expect(run.path('client')).toEqual(['CLOSED', 'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'TIME-WAIT']);
      expect(run.path('server')).toEqual(['LISTEN', 'SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
      expect(run.state('client', 'TIME-WAIT').src).toBe('observed');
      const listener = run.states.filter(({ host, flow }) => host === 'server' && flow === undefined);
      expect(listener.map((event) => event.new)).toEqual(['LISTEN', 'CLOSED']);
      return undefined;
    });
  });

  test('every packet knows what made its host send it', async () => {
    const run = await play('handshake');
    const causes = run.packets.map((packet) => {
      const cause = run.cause(packet.event);
      const what =
        cause?.k === 'call.enter'
          ? cause.name
          : cause?.k === 'pkt.rx'
            ? `rx ${run.packets.find(({ pkt }) => pkt === cause.pkt)?.kind}`
            : cause?.k;
      return `${packet.from} ${packet.kind} < ${what}`;
    });
    expect(causes).toEqual([
      'client SYN < connect',
      'server SYN-ACK < rx SYN',
      'client ACK < rx SYN-ACK',
      'client data < send',
      'server ACK < rx data',
      'server data < send',
      'client ACK < rx data',
      'client FIN < close',
      'server FIN < close',
      'client ACK < rx FIN',
    ]);
    // The server closes two sockets: the FIN is that of the connection, not of the listener.
    const fin = run.packet('server', 'FIN').event;
    expect(run.cause(fin)?.sock).toBe(fin.sock);
  });

  test.each(['handshake', 'refused', 'close-4', 'half-close', 'rst-on-unread'])(
    '%s: states that are inferred from the segments are those of the kernel',
    async (id) => {
      const [seen, inferred] = [await play(id), await play(id, { blind: true })];
      expect(inferred.states.every(({ src }) => src === 'inferred')).toBe(true);
      for (const host of ['client', 'server']) expect(inferred.path(host), host).toEqual(seen.path(host));
      const listener = (run: Played): unknown =>
        run.states.filter(({ flow }) => flow === undefined).map(({ host, ...event }) => [host, event.new]);
      expect(listener(inferred)).toEqual(listener(seen));
    },
  );

  test('refused: a RST answers the SYN, and connect says so', async () => {
    const run = await play('refused');
    expectSound(run, 20);
    expect(run.said).toEqual(['client SYN', 'server RST']);
    // RFC 9293 §3.10.7.1: the RST acknowledges the SYN, or the client would not believe it.
    expect(tcpOf(run.packet('server', 'RST')).ack).toBe(plus(tcpOf(run.packet('client', 'SYN')).seq, 1));
    const { enter, exit } = run.call('client', 'connect');
    expect([exit.ret, exit.errno]).toEqual([-1, 'ECONNREFUSED']);
    expect(exit.t - enter.t).toBeGreaterThanOrEqual(RTT_NS);
    expect(run.path('client')).toEqual(['CLOSED', 'SYN-SENT', 'CLOSED']);
  });

  test.each([1, 2, 3])('close-3: the server closes at once, its FIN carries the ACK (run %i)', async () => {
    const run = await play('close-3');
    expectSound(run, 20);
    expect(closing(run)).toEqual(['client FIN', 'server FIN', 'client ACK']);
    const [first, second, last] = run.packets.slice(-3);
    expect(tcpOf(second!).ack).toBe(plus(tcpOf(first!).seq, 1));
    expect(tcpOf(last!).ack).toBe(plus(tcpOf(second!).seq, 1));
    expect(run.path('client').at(-1)).toBe('TIME-WAIT');
    expect(run.path('client')).not.toContain('FIN-WAIT-2');
  });

  test('close-4: the server closes later, its ACK and its FIN are two segments', async () => {
    const run = await play('close-4');
    expectSound(run, 20);
    expect(closing(run)).toEqual(['client FIN', 'server ACK', 'server FIN', 'client ACK']);
    const [ack, fin] = run.packets.slice(-3);
    expect(fin!.t - ack!.t).toBeGreaterThan(100 * MS);
    expect(run.path('client').slice(-3)).toEqual(['FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
    expect(run.path('server').slice(-3)).toEqual(['CLOSE-WAIT', 'LAST-ACK', 'CLOSED']);
  });

  test('lost-syn: the same SYN comes again after a second (RFC 6298 §2.1)', async () => {
    const run = await play('lost-syn');
    expectSound(run, 20);
    expectHandshake(run);
    const [lost, again] = [run.packet('client', 'SYN', 1), run.packet('client', 'SYN', 2)];
    expect(tcpOf(again).seq).toBe(tcpOf(lost).seq);
    expect(again.t - lost.t).toBeGreaterThan(900 * MS);
    expect(again.t - lost.t).toBeLessThan(1_300 * MS);
    expect(lost.rxT).toBeUndefined();
    expect(run.trace.events.find(({ k }) => k === 'pkt.drop')).toMatchObject({
      pkt: lost.pkt,
      host: 'client',
      why: 'client>server:syn#1',
    });
    // Nobody saw the timer: that it fired follows from the second SYN.
    expect(run.cause(again.event)).toMatchObject({ k: 'timer', name: 'rto', what: 'fire', src: 'inferred' });
    const { enter, exit } = run.call('client', 'connect');
    expect(exit.t - enter.t).toBeGreaterThan(900 * MS + RTT_NS);
  });

  test('half-close: the server goes on sending after the FIN of the client', async () => {
    const run = await play('half-close');
    expectSound(run, 20);
    const fin = run.packet('client', 'FIN');
    expect(run.cause(fin.event)).toMatchObject({ k: 'call.enter', name: 'shutdown' });
    const after = run.packets.filter(({ from, kind, t }) => from === 'server' && kind === 'data' && t > fin.rxT!);
    expect(after.map(({ text }) => text)).toEqual(['still here\n', 'and here\n', 'goodbye\n']);
    const read = run.calls.filter(({ host, name }) => host === 'client' && name === 'recv');
    expect(read.map(({ exit }) => exit.out?.buf)).toEqual(['still here\n', 'and here\n', 'goodbye\n', '']);
    expect(run.path('client').slice(-3)).toEqual(['FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']);
  });

  test('udp: two datagrams, the addresses of the calls are the ports on the wire, no states', async () => {
    const run = await play('udp');
    expectSound(run, 20);
    expect(run.said).toEqual(['client UDP "hello\\n"', 'server UDP "world\\n"']);
    const [asked, answered] = run.packets;
    expect(asked!.udp!.dstPort).toBe(8888);
    expect(answered!.udp).toMatchObject({ srcPort: 8888, dstPort: asked!.udp!.srcPort });
    const from = run.call('server', 'recvfrom').exit.out?.addr;
    expect(from).toBe(`10.77.0.1:${asked!.udp!.srcPort}`);
    expect(run.call('server', 'sendto').enter.args.addr).toBe(from);
    expect(run.states).toEqual([]);
    expect(run.calls.some(({ name }) => ['listen', 'accept', 'connect'].includes(name))).toBe(false);
  });

  test('rst-on-unread: close with unread data is a RST, and the peer gets ECONNRESET (RFC 1122 §4.2.2.13)', async () => {
    const run = await play('rst-on-unread');
    expectSound(run, 20);
    const rst = run.packet('server', 'RST');
    expect(run.packets.some(({ kind }) => kind === 'FIN')).toBe(false);
    expect(run.cause(rst.event)).toMatchObject({ k: 'call.enter', name: 'close', sock: rst.event.sock });
    expect(run.call('client', 'recv').exit).toMatchObject({ ret: -1, errno: 'ECONNRESET' });
    expect(run.path('client').at(-1)).toBe('CLOSED');
  });
});
