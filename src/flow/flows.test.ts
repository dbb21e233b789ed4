/** Conversations of a capture: who began, what went each way, how TCP connections ended, ports that are used again. */
import { describe, expect, test } from 'vitest';
import { buildPacket, decodePacket, type PacketInit, TcpFlags } from '../wire/index.ts';
import { FlowTable } from './flows.ts';
import { TcpFollower } from './follow.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const { SYN, ACK, FIN, RST, PSH } = TcpFlags;

interface Step {
  readonly from: 'client' | 'server';
  readonly flags: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly payload?: string;
}

function packetOf(
  { from, flags, seq = 1, ack = 0, payload = '' }: Step,
  ports = [4000, 80],
): ReturnType<typeof decodePacket> {
  const [srcPort, dstPort] = from === 'client' ? ports : ports.toReversed();
  const init: PacketInit = {
    ipv4: from === 'client' ? { src: A, dst: B } : { src: B, dst: A },
    tcp: { srcPort: srcPort!, dstPort: dstPort!, seq, ack, flags },
    payload: new TextEncoder().encode(payload),
  };
  return decodePacket(buildPacket(init), 'raw');
}

function play(...steps: Step[]): FlowTable {
  const table = new FlowTable();
  for (const [i, step] of steps.entries()) {
    const packet = packetOf(step);
    table.add(packet, BigInt(i) * 1000n, packet.end);
  }
  return table;
}

const c = (flags: number, payload?: string, seq?: number): Step => ({
  from: 'client',
  flags,
  ...(payload ? { payload } : {}),
  ...(seq ? { seq } : {}),
});
const s = (flags: number, payload?: string): Step => ({ from: 'server', flags, ...(payload ? { payload } : {}) });
const HANDSHAKE = [c(SYN), s(SYN | ACK), c(ACK)];

describe('TCP', () => {
  test.each([
    ['S0', 'S', [c(SYN), c(SYN)]],
    ['REJ', 'Sr', [c(SYN), s(RST | ACK)]],
    ['S1', 'ShA', HANDSHAKE],
    ['SF', 'ShADadFf', [...HANDSHAKE, c(PSH | ACK, 'hi'), s(ACK), s(PSH | ACK, 'ho'), c(FIN | ACK), s(FIN | ACK)]],
    ['RSTO', 'ShADR', [...HANDSHAKE, c(PSH | ACK, 'hi'), c(RST)]],
    ['RSTR', 'ShAr', [...HANDSHAKE, s(RST)]],
    ['S2', 'ShAF', [...HANDSHAKE, c(FIN | ACK)]],
    ['S3', 'ShAf', [...HANDSHAKE, s(FIN | ACK)]],
    ['RSTOS0', 'SR', [c(SYN), c(RST)]],
    ['OTH', 'Dd', [c(PSH | ACK, 'a'), s(PSH | ACK, 'b')]],
  ] as const)('%s: %s', (state, history, steps) => {
    const [flow, ...more] = play(...steps).flows;
    expect(more).toEqual([]);
    expect([flow?.tcp?.state, flow?.tcp?.history]).toEqual([state, history]);
    expect(flow?.client).toEqual({ address: A, port: 4000 });
  });

  test('a capture that begins with the answer knows the server all the same', () => {
    const [flow] = play(s(SYN | ACK), c(ACK)).flows;
    expect(flow).toMatchObject({ client: { address: A, port: 4000 }, server: { address: B, port: 80 } });
    expect([flow?.toServer.packets, flow?.toClient.packets]).toEqual([1, 1]);
  });

  test('a SYN with another number is another connection of the same ports; with the same number it is sent again', () => {
    const table = play(c(SYN, '', 7), c(SYN, '', 7), s(RST | ACK), c(SYN, '', 9), s(SYN | ACK));
    expect(table.flows.map(({ index, tcp, toServer }) => [index, tcp?.state, toServer.packets])).toEqual([
      [0, 'REJ', 2],
      [1, 'S1', 1],
    ]);
  });
});

test('counts on the wire and of the payload, first and last, each way', () => {
  const [flow] = play(...HANDSHAKE, c(PSH | ACK, 'twelve bytes'), s(ACK)).flows;
  expect(flow).toMatchObject({
    toServer: { packets: 3, bytes: 3 * 40 + 12, payloadBytes: 12 },
    toClient: { packets: 2, bytes: 80, payloadBytes: 0 },
    first: 0n,
    last: 4000n,
  });
});

test('UDP, echo and IPv6 have conversations too; ARP has none', () => {
  const table = new FlowTable();
  const add = (init: PacketInit, link: 'raw' | 'ethernet' = 'raw'): void => {
    const packet = decodePacket(buildPacket(init), link);
    table.add(packet, 0n, packet.end);
  };
  add({ ipv4: { src: A, dst: B }, udp: { srcPort: 5, dstPort: 53 } });
  add({ ipv4: { src: B, dst: A }, udp: { srcPort: 53, dstPort: 5 } });
  add({ ipv4: { src: A, dst: B }, icmpv4: { type: 8, id: 77, seq: 1 } });
  add({ ipv4: { src: B, dst: A }, icmpv4: { type: 0, id: 77, seq: 1 } });
  add({ ipv6: { src: '::1', dst: '::2' }, udp: { srcPort: 5, dstPort: 53 } });
  add(
    {
      ethernet: { src: '02:00:00:00:00:01', dst: 'ff:ff:ff:ff:ff:ff' },
      arp: { operation: 1, senderMac: '02:00:00:00:00:01', senderAddress: A, targetAddress: B },
    },
    'ethernet',
  );
  expect(
    table.flows.map(({ protocol, index, toServer, toClient, client }) => [
      protocol,
      index,
      toServer.packets,
      toClient.packets,
      client.port,
    ]),
  ).toEqual([
    ['udp', 0, 1, 1, 5],
    ['icmp', 0, 1, 1, 77],
    ['udp', 1, 1, 0, 5],
  ]);
});

test('both ends open at once: one connection (RFC 9293 §3.5)', () => {
  const table = play(c(SYN, '', 7), { ...s(SYN), seq: 900 }, { ...s(SYN | ACK), seq: 900 }, c(SYN | ACK, '', 7));
  expect(
    table.flows.map(({ client, toServer, toClient }) => [client.address, toServer.packets, toClient.packets]),
  ).toEqual([[A, 2, 2]]);
});

test('ports used again: behind a connection met in its middle, and behind a SYN that was not captured', () => {
  const middle = play(c(PSH | ACK, 'x', 50), c(SYN, '', 7));
  expect(middle.flows.map(({ isPortsReused }) => isPortsReused)).toEqual([false, true]);
  const unseen = play(c(SYN, '', 7), { ...s(SYN | ACK), seq: 500, ack: 8 }, { ...s(SYN | ACK), seq: 900, ack: 70 });
  expect(unseen.flows.map(({ isPortsReused }) => isPortsReused)).toEqual([false, true]);
});

test('a limit of flows: those that are silent are given up, told and counted', () => {
  const told: number[] = [];
  const table = new FlowTable({ maxFlows: 10, onForgotten: ({ client }) => told.push(client.port) });
  for (let port = 1; port <= 100; port++) {
    table.add(packetOf(c(SYN), [port, 80]), BigInt(port), 40);
    table.add(packetOf(c(ACK), [1, 80]), BigInt(port), 40);
  }
  expect([table.flows.length, table.forgotten, told.length]).toEqual([10, 90, 90]);
  expect(table.flows[0]).toMatchObject({ client: { port: 1 }, toServer: { packets: 101 } });
});

test('following lets go of what the table gives up', () => {
  const follower = new TcpFollower({ maxFlows: 3 });
  const held: Step = { from: 'client', flags: ACK, seq: 50, payload: 'waits' };
  for (let port = 1; port <= 20; port++) {
    follower.add(packetOf(c(SYN), [port, 80]), 0n, 40, port);
    follower.add(packetOf(held, [port, 80]), 0n, 45, port);
  }
  expect(follower.flush().filter(({ event }) => event.kind === 'data')).toHaveLength(3);
});

test('ports used again end what was followed, with what waited', () => {
  const follower = new TcpFollower();
  const steps = [c(SYN, '', 7), c(ACK, 'waits', 50), c(SYN, '', 900)];
  const events = steps.flatMap((step, i) =>
    follower.add(packetOf(step), 0n, 40, i + 1).map(({ flow, isToServer, event }) => {
      return `${flow.index}${isToServer ? '>' : '<'} ${event.kind}${event.kind === 'end' ? ` ${event.why}` : ''}`;
    }),
  );
  expect(events).toEqual(['0> gap', '0> data', '0> end reused', '0< end reused']);
});

test('all streams together hold no more than a limit', () => {
  const follower = new TcpFollower({ maxTotalHeldBytes: 20 });
  const events = [1, 2, 3, 4, 5, 6].flatMap((port) => {
    follower.add(packetOf(c(SYN), [port, 80]), 0n, 40, port);
    const waits = packetOf({ from: 'client', flags: ACK, seq: 50, payload: 'waits' }, [port, 80]);
    return follower.add(waits, 0n, 45, port).map(({ flow, event }) => `${flow.client.port} ${event.kind}`);
  });
  expect(events).toEqual(['1 gap', '1 data', '2 gap', '2 data']);
});

test('following: what each side read, once, up to both ends; what is sent again afterwards brings nothing', () => {
  const follower = new TcpFollower();
  const steps: Step[] = [
    { from: 'client', flags: SYN, seq: 100 },
    { from: 'server', flags: SYN | ACK, seq: 500 },
    { from: 'client', flags: PSH | ACK, seq: 101, payload: 'GET' },
    { from: 'server', flags: PSH | ACK, seq: 501, payload: 'page' },
    { from: 'client', flags: FIN | ACK, seq: 104 },
    { from: 'server', flags: FIN | ACK, seq: 505 },
    { from: 'server', flags: FIN | PSH | ACK, seq: 501, payload: 'page' },
  ];
  const said = steps.flatMap((step, i) => {
    const packet = packetOf(step);
    return follower.add(packet, BigInt(i), packet.end, i + 1).map(({ isToServer, event }) => {
      const side = isToServer ? '>' : '<';
      return event.kind === 'data' ? `${side}${new TextDecoder().decode(event.bytes)}` : `${side}${event.kind}`;
    });
  });
  expect(said).toEqual(['>GET', '<page', '>end', '<end']);
  expect(follower.flush()).toEqual([]);
});
