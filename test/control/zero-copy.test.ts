/**
 * A zero-copy send resolves when the kernel has let go of its memory: TCP and UDP, IPv4 and IPv6, many at once, beside
 * ICMP errors and timed sends on the same socket, ended by close, deadline and abort.
 */
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  drainErrorQueue,
  explainErrors,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  sendTimed,
  sendZeroCopy,
} from '../../src/socket/index.ts';
import { pattern, readAll, tcpPair } from './streams.ts';

const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const timeoutMs = 5000;

const families = [
  ['IPv4', AF_INET, '127.0.0.1'],
  ['IPv6', AF_INET6, '[::1]'],
] as const;

describe.each(families)('%s', (_, family, address) => {
  test('TCP: all of it, more than the send buffer holds', async () => {
    const [client, server] = await tcpPair(kernel, family, address);
    using _client = client;
    using _server = server;
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536);
    const data = pattern(3_000_000);
    const [result, got] = await Promise.all([sendZeroCopy(client, data, { timeoutMs }), readAll(server, data.length)]);
    // Loopback hands the same memory to the receiver, so the kernel copies.
    expect(result).toEqual({ bytes: 3_000_000, copied: true });
    expect(Buffer.compare(got, data)).toBe(0);
    expect(drainErrorQueue(client)).toEqual([]);
  });

  test('TCP: it does not resolve while the peer’s kernel has not taken the bytes', async () => {
    const [client, server] = await tcpPair(kernel, family, address);
    using _client = client;
    using _server = server;
    // More than both kernels' buffers hold.
    const data = pattern(30_000_000);
    let settled = false;
    const sending = sendZeroCopy(client, data, { timeoutMs }).finally(() => {
      settled = true;
    });
    await server.ready('in', { timeoutMs });
    await readAll(server, 1_000_000);
    expect(settled).toBe(false);
    await readAll(server, data.length - 1_000_000);
    expect(await sending).toMatchObject({ bytes: data.length });
  });

  test('TCP: many outstanding at once, in order', async () => {
    const [client, server] = await tcpPair(kernel, family, address);
    using _client = client;
    using _server = server;
    const parts = Array.from({ length: 200 }, (_value, i) => pattern(1000 + i, i));
    const sending = Promise.all(parts.map((part) => sendZeroCopy(client, part, { timeoutMs })));
    const whole = Buffer.concat(parts);
    const got = await readAll(server, whole.length);
    expect(Buffer.compare(got, whole)).toBe(0);
    expect((await sending).map(({ bytes }) => bytes)).toEqual(parts.map(({ length }) => length));
  });

  test('UDP: one datagram each, to the connected peer or to whom it is said', async () => {
    using to = kernel.socket(family, SOCK_DGRAM);
    to.bind(`${address}:0`);
    using udp = kernel.socket(family, SOCK_DGRAM);
    const data = pattern(20_000);
    expect(await sendZeroCopy(udp, data, { to: to.getsockname(), timeoutMs })).toEqual({ bytes: 20_000, copied: true });
    expect(Buffer.compare(await to.recv(65_536, { timeoutMs }), data)).toBe(0);
    await udp.connect(to.getsockname());
    const many = await Promise.all(Array.from({ length: 50 }, (_value, i) => sendZeroCopy(udp, pattern(100 + i))));
    expect(many.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 50 }, (_value, i) => 100 + i));
  });

  test('UDP: refused datagrams, timed sends and zero copy on one socket do not take each other’s entries', async () => {
    using to = kernel.socket(family, SOCK_DGRAM);
    to.bind(`${address}:0`);
    const there = to.getsockname();
    using closed = kernel.socket(family, SOCK_DGRAM);
    closed.bind(`${address}:0`);
    const gone = closed.getsockname();
    closed.close();
    using udp = kernel.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    const receiving = udp.recv(10, { timeoutMs });
    const failed = expect(receiving).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      cause: { destination: gone, origin: family === AF_INET ? 'icmp' : 'icmp6' },
    });
    const zeroCopies = Promise.all([1, 2, 3].map((i) => sendZeroCopy(udp, pattern(5000, i), { to: there, timeoutMs })));
    const times = Promise.all([1, 2, 3].map((i) => sendTimed(udp, `tick ${i}`, { to: there, timeoutMs })));
    await udp.sendto('lost', gone);
    await failed;
    expect(await zeroCopies).toEqual(new Array(3).fill({ bytes: 5000, copied: true }));
    for (const { queuedNs, sentNs, bytes } of await times) {
      expect(bytes).toBe(6);
      expect(sentNs).toBeGreaterThanOrEqual(queuedNs);
    }
    expect(drainErrorQueue(udp)).toEqual([]);
  });

  test('UDP, explained: an error that came while no call waited fails the next call, once', async () => {
    using to = kernel.socket(family, SOCK_DGRAM);
    to.bind(`${address}:0`);
    const there = to.getsockname();
    using closed = kernel.socket(family, SOCK_DGRAM);
    closed.bind(`${address}:0`);
    const gone = closed.getsockname();
    closed.close();
    using udp = kernel.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    const refused = { code: 'ECONNREFUSED', cause: { destination: gone, errno: 111 } };
    const calls: (() => Promise<unknown>)[] = [
      () => udp.sendto('plain', there),
      () => udp.recv(1, { timeoutMs }),
      () => sendZeroCopy(udp, pattern(100), { to: there, timeoutMs }),
      () => sendTimed(udp, 'timed', { to: there, timeoutMs }),
    ];
    await sendZeroCopy(udp, pattern(100), { to: there, timeoutMs });
    for (const call of calls) {
      await udp.sendto('lost', gone);
      // The readiness loop wakes; the queue is read for the zero-copy sends, and the ICMP message with it.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      await expect(call()).rejects.toMatchObject(refused);
      expect(udp.tryRecv(new Uint8Array(1))).toBeNull();
    }
    expect(drainErrorQueue(udp)).toEqual([]);
  });
});

describe('how it ends otherwise', () => {
  async function stuck(): Promise<{ client: Socket; server: Socket; data: Uint8Array }> {
    const [client, server] = await tcpPair(kernel, AF_INET, '127.0.0.1');
    server.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096);
    client.setsockopt(SOL_SOCKET, SO_SNDBUF, 100_000);
    return { client, server, data: pattern(2_000_000) };
  }

  test('close rejects what is outstanding with ECANCELED', async () => {
    const { client, server, data } = await stuck();
    const sends = [1, 2, 3].map(() => sendZeroCopy(client, data));
    const ended = Promise.allSettled(sends);
    await new Promise((resolve) => setImmediate(resolve));
    client.close();
    for (const outcome of await ended) expect(outcome).toMatchObject({ reason: { code: 'ECANCELED' } });
    await expect(sendZeroCopy(client, data)).rejects.toMatchObject({ code: 'EBADF' });
    server.close();
  });

  test('deadline and abort', async () => {
    const { client, server, data } = await stuck();
    await expect(sendZeroCopy(client, data, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    const controller = new AbortController();
    const sending = sendZeroCopy(client, data, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(sending).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'enough' } });
    await expect(sendZeroCopy(client, data, { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    client.close();
    server.close();
  });

  test('a peer that resets', async () => {
    const { client, server, data } = await stuck();
    const sending = sendZeroCopy(client, data, { timeoutMs });
    const failed = expect(sending).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
    await server.recv(1, { timeoutMs });
    server.close();
    await failed;
    client.close();
  });

  test('nothing to send, a wrong argument, a family without it', async () => {
    const [client, server] = await tcpPair(kernel, AF_INET, '127.0.0.1');
    expect(await sendZeroCopy(client, new Uint8Array(0))).toEqual({ bytes: 0, copied: false });
    await expect(sendZeroCopy(client, 'text' as never)).rejects.toThrow(/^data: expected a Uint8Array, got string/);
    await expect(sendZeroCopy(client, new Uint8Array(1), { timeoutMs: -1 })).rejects.toThrow(RangeError);
    client.close();
    server.close();
    using unix = kernel.socket(AF_UNIX, SOCK_STREAM);
    await expect(sendZeroCopy(unix, new Uint8Array(1))).rejects.toThrow(
      /^socket: expected a family with an error queue/,
    );
    using unconnected = kernel.socket(AF_INET, SOCK_STREAM);
    await expect(sendZeroCopy(unconnected, new Uint8Array(1))).rejects.toMatchObject({ code: 'EPIPE' });
  });
});
