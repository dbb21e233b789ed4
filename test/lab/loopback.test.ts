/**
 * Where no wire of ours is allowed the lab plays over this machine's loopback: the calls and the states are real, and
 * the packets are seen where a packet socket may be opened (CAP_NET_RAW).
 */
import { expect, test } from 'vitest';
import { type LabOptions, runLab } from '../../src/cli/lab-bridge.ts';
import { readCapabilities } from '../../src/os/capabilities.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET6, SOCK_STREAM } from '../../src/socket/index.ts';
import { summarise, type TcpState, type Trace, validateTrace } from '../../src/trace/index.ts';

const seesPackets = readCapabilities().netRaw;

/** A port that nobody uses now, over IPv4 and IPv6. */
function freePort(): number {
  using socket = kernel.socket(AF_INET6, SOCK_STREAM);
  socket.bind('[::]:0');
  const name = socket.getsockname();
  if (!('port' in name)) throw new Error('no port');
  return name.port;
}

async function playOnLoopback(scenario: string, more: Partial<LabOptions> = {}) {
  const port = freePort();
  const { signal } = new AbortController();
  const result = await runLab({ scenario, port, rules: [], family: 4, wire: 'loopback', signal, ...more });
  if (result.kind !== 'played') throw new Error('played elsewhere');
  expect(validateTrace(result.trace)).toEqual([]);
  expect(result.trace.header.env?.tier).toBe('loopback');
  return { ...result, port };
}

function exits({ events }: Trace, host: string): string[] {
  return events.flatMap((event) => {
    if (event.k !== 'call.exit' || event.host !== host) return [];
    const enter = events[event.enter];
    return enter?.k === 'call.enter' ? [`${enter.name} ${event.errno ?? 'ok'}`] : [];
  });
}

const statesOf = ({ events }: Trace, host: string): TcpState[] =>
  events.flatMap((event) =>
    event.k === 'tcp.state' && event.host === host && event.flow !== undefined ? [event.new] : [],
  );

test.each([4, 6] as const)('handshake, IPv%i: calls, states, and each packet once at both ends', async (family) => {
  const { trace, notes, port } = await playOnLoopback('handshake', { family });
  expect(exits(trace, 'client')).toEqual(['socket ok', 'connect ok', 'send ok', 'recv ok', 'close ok']);
  expect(exits(trace, 'server').slice(0, 4)).toEqual(['socket ok', 'bind ok', 'listen ok', 'accept ok']);
  expect(statesOf(trace, 'client')).toContain('ESTABLISHED');
  expect(statesOf(trace, 'client').at(-1)).toBe('TIME-WAIT');
  expect(statesOf(trace, 'server').at(-1)).toBe('CLOSED');
  const { packets, tcp } = summarise(trace);
  if (!seesPackets) {
    expect(packets.sent).toBe(0);
    expect(notes.join()).toMatch(/packets were not seen \(a packet socket needs CAP_NET_RAW/);
    return;
  }
  expect(notes).toEqual(['played over loopback instead: calls and states are real']);
  expect(packets).toMatchObject({ delivered: packets.sent, dropped: 0, duplicated: 0 });
  expect(tcp).toMatchObject({
    client: 'client',
    server: 'server',
    serverAddress: family === 4 ? `127.0.0.1:${port}` : `[::1]:${port}`,
    payloadBytes: { fromClient: 6, fromServer: 6 },
    retransmissions: 0,
    whoClosedFirst: 'client',
    connectResult: 'ok',
  });
});

test('refused: connect says so, and the RST is the only answer', async () => {
  const { trace } = await playOnLoopback('refused');
  expect(exits(trace, 'client')).toEqual(['socket ok', 'connect ECONNREFUSED', 'close ok']);
  if (seesPackets) expect(summarise(trace).tcp).toMatchObject({ segments: 2, resets: 1, refused: true });
});

test('rst-on-unread: ECONNRESET', async () => {
  const { trace } = await playOnLoopback('rst-on-unread');
  expect(exits(trace, 'client')).toContain('recv ECONNRESET');
  if (seesPackets) expect(summarise(trace).tcp).toMatchObject({ resets: 1 });
});

test.each([4, 6] as const)('udp, IPv%i: two datagrams and no states', async (family) => {
  const { trace } = await playOnLoopback('udp', { family });
  expect(exits(trace, 'server')).toEqual(['socket ok', 'bind ok', 'recvfrom ok', 'sendto ok', 'close ok']);
  expect(trace.events.some(({ k }) => k === 'tcp.state')).toBe(false);
  const { tcp, udp } = summarise(trace);
  expect(tcp).toBeNull();
  if (seesPackets) expect(udp).toMatchObject([{ sent: 2, delivered: 2 }]);
});

test('what lies on the wire of others is none of ours', async () => {
  // Runs at the same time share lo: each sees its own port alone.
  const runs = await Promise.all([playOnLoopback('handshake'), playOnLoopback('close-3'), playOnLoopback('udp')]);
  for (const { trace } of runs) {
    expect(new Set(trace.events.flatMap((event) => (event.k === 'pkt.tx' ? [event.flow] : []))).size).toBe(
      seesPackets ? 1 : 0,
    );
  }
});

test('a rule, a delay or a scenario that needs a wire is refused', async () => {
  await expect(playOnLoopback('handshake', { delayMs: 5 })).rejects.toThrow('no delay and no rules there');
  await expect(playOnLoopback('lost-syn')).rejects.toThrow("'lost-syn' needs a wire that loses packets");
});
