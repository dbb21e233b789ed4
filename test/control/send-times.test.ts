/** A timed send resolves with when the bytes were queued, sent and acknowledged, whatever else the stream carries. */
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  drainErrorQueue,
  type SendTimes,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  SocketError,
  sendTimed,
} from '../../src/socket/index.ts';

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_TIMESTAMPING = 37;
const timeoutMs = 5000;
const SECOND = 1_000_000_000n;

const families = [
  ['IPv4', AF_INET, '127.0.0.1'],
  ['IPv6', AF_INET6, '[::1]'],
] as const;

async function tcpPair(family: number, address: string): Promise<[Socket, Socket]> {
  using listener = kernel.socket(family, SOCK_STREAM);
  listener.bind(`${address}:0`);
  listener.listen();
  const client = kernel.socket(family, SOCK_STREAM);
  await client.connect(listener.getsockname(), { timeoutMs });
  return [client, await listener.accept({ timeoutMs })];
}

/** EINVAL before Linux 6.2. */
async function refusedForTcp(): Promise<string | undefined> {
  const [client, server] = await tcpPair(AF_INET, '127.0.0.1');
  try {
    await sendTimed(client, 'x', { timeoutMs });
    return undefined;
  } catch (error) {
    if (!(error instanceof SocketError && error.code === 'EINVAL')) throw error;
    return 'this kernel counts ids of a stream otherwise (SOF_TIMESTAMPING_OPT_ID_TCP, Linux 6.2)';
  } finally {
    client.close();
    server.close();
  }
}
const noTcp = await refusedForTcp();

function expectOrder({ queuedNs, sentNs, ackedNs }: SendTimes): void {
  const now = BigInt(Date.now()) * 1_000_000n;
  expect(queuedNs).toBeGreaterThan(now - 60n * SECOND);
  expect(queuedNs).toBeLessThan(now + 60n * SECOND);
  expect(sentNs).toBeGreaterThanOrEqual(queuedNs);
  if (ackedNs !== undefined) expect(ackedNs).toBeGreaterThanOrEqual(sentNs);
}

describe.each(families)('%s', (_, family, address) => {
  test('UDP: queued, sent; each datagram its own', async () => {
    using to = kernel.socket(family, SOCK_DGRAM);
    to.bind(`${address}:0`);
    using udp = kernel.socket(family, SOCK_DGRAM);
    const first = await sendTimed(udp, 'tick', { to: to.getsockname(), timeoutMs });
    expect(first).toEqual({ bytes: 4, queuedNs: expect.any(BigInt), sentNs: expect.any(BigInt) });
    expectOrder(first);
    await udp.connect(to.getsockname());
    await udp.send('a plain one between');
    const many = await Promise.all(
      Array.from({ length: 40 }, (_value, i) => sendTimed(udp, 'x'.repeat(i), { timeoutMs })),
    );
    expect(many.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 40 }, (_value, i) => i));
    many.forEach(expectOrder);
    for (let i = 1; i < many.length; i++) expect(many[i]?.queuedNs).toBeGreaterThanOrEqual(many[i - 1]?.sentNs ?? 0n);
    expect(drainErrorQueue(udp)).toEqual([]);
  });

  test('TCP: queued, sent, acknowledged; plain sends between do not disturb', async (context) => {
    if (noTcp !== undefined) return context.skip(noTcp);
    const [client, server] = await tcpPair(family, address);
    using _client = client;
    using _server = server;
    await client.send('before the first');
    for (let i = 1; i <= 5; i++) {
      const times = await sendTimed(client, 'x'.repeat(100 * i), { timeoutMs });
      expect(times.bytes).toBe(100 * i);
      expect(times.ackedNs).toBeDefined();
      expectOrder(times);
      await client.send(`plain ${i}`);
    }
    const mixed = await Promise.all([
      sendTimed(client, 'one', { timeoutMs }),
      client.send('between'),
      sendTimed(client, new Uint8Array(50_000), { timeoutMs }),
      sendTimed(client, 'sent is enough', { until: 'sent', timeoutMs }),
    ]);
    for (const times of mixed) if (typeof times === 'object') expectOrder(times);
    expect((mixed[3] as SendTimes).ackedNs).toBeUndefined();
    return undefined;
  });

  test('TCP: behind what a slow reader has not taken yet', async (context) => {
    if (noTcp !== undefined) return context.skip(noTcp);
    const [client, server] = await tcpPair(family, address);
    using _client = client;
    using _server = server;
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 4_000_000);
    server.setsockopt(SOL_SOCKET, SO_RCVBUF, 100_000);
    const filled = await client.send(new Uint8Array(2_000_000));
    expect(filled).toBeGreaterThan(200_000);
    let settled = false;
    const last = sendTimed(client, 'last', { timeoutMs }).finally(() => {
      settled = true;
    });
    await server.recv(1, { timeoutMs });
    expect(settled).toBe(false);
    for (let read = 1; read < filled + 4; ) read += (await server.recv(1_000_000, { timeoutMs })).length;
    expectOrder(await last);
    return undefined;
  });
});

test('what the program asked for stays on', async () => {
  using to = kernel.socket(AF_INET, SOCK_DGRAM);
  to.bind('127.0.0.1:0');
  using udp = kernel.socket(AF_INET, SOCK_DGRAM);
  udp.bind('127.0.0.1:0');
  udp.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, 8 | 16 | 128); // RX_SOFTWARE, SOFTWARE, OPT_ID
  await sendTimed(udp, 'x', { to: to.getsockname(), timeoutMs });
  // The kernel begins to stamp all that comes in a work queue of its own, some time after the first who asks.
  for (let stamped = false; !stamped; ) {
    await to.sendto('answer', udp.getsockname());
    stamped = ((await udp.recvmsg({ timeoutMs })).controlOf('timestamping')?.softwareNs ?? 0n) > 0n;
  }
});

test('close, deadline, abort, and what cannot be timed', async () => {
  const [client, server] = await tcpPair(AF_INET, '127.0.0.1');
  server.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
  client.setsockopt(SOL_SOCKET, SO_SNDBUF, 1_000_000);
  while (client.trySend(new Uint8Array(100_000)) !== null);
  if (noTcp === undefined) {
    await expect(sendTimed(client, 'x', { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    const controller = new AbortController();
    const aborted = expect(sendTimed(client, 'x', { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    controller.abort();
    await aborted;
    const closed = expect(sendTimed(client, 'x')).rejects.toMatchObject({ code: 'ECANCELED' });
    client.close();
    await closed;
  }
  client.close();
  server.close();
  await expect(sendTimed(client, 'x')).rejects.toMatchObject({ code: 'EBADF' });
  using tcp = kernel.socket(AF_INET, SOCK_STREAM);
  await expect(sendTimed(tcp, '')).rejects.toThrow(/^data: expected at least one byte on a stream, got 0/);
  using unix = kernel.socket(AF_UNIX, SOCK_DGRAM);
  await expect(sendTimed(unix, 'x')).rejects.toThrow(/^socket: expected a family with an error queue/);
});
