/** An error says why: the ICMP message that caused it, here from a closed port of loopback; and nothing unless asked. */
import { describe, expect, test } from 'vitest';
import type { SocketAddress } from '../../src/addr/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import type { Host } from '../../src/socket/host.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  DatagramBatch,
  drainErrorQueue,
  explainErrors,
  IPPROTO_IP,
  IPPROTO_IPV6,
  type QueuedError,
  SOCK_DGRAM,
  SOCK_STREAM,
  SocketError,
  watchErrors,
} from '../../src/socket/index.ts';
import { causeOf, failure } from './cause.ts';

const timeoutMs = 5000;

const families = [
  { name: 'IPv4', family: AF_INET, loopback: '127.0.0.1' },
  { name: 'IPv6', family: AF_INET6, loopback: '[::1]' },
] as const;

/** An address that answers nothing but ICMP. */
function closedPort(host: Host, family: number, address: string, type: number = SOCK_DGRAM): SocketAddress {
  using socket = host.socket(family, type);
  socket.bind(`${address}:0`);
  return socket.getsockname();
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe.each(families)('UDP to a closed port, $name', ({ family, loopback }) => {
  const isV4 = family === AF_INET;
  const refused = isV4
    ? { origin: 'icmp', type: 3, code: 3, errno: 111, offender: { family: 'inet', address: '127.0.0.1', port: 0 } }
    : { origin: 'icmp6', type: 1, code: 4, errno: 111, offender: { family: 'inet6', address: '::1', port: 0 } };

  test('without explainErrors nothing changes: an unconnected socket never hears of it', async () => {
    const target = closedPort(kernel, family, loopback);
    using udp = kernel.socket(family, SOCK_DGRAM);
    await udp.sendto('one', target);
    await udp.sendto('two', target);
    expect(udp.tryRecv(new Uint8Array(10))).toBeNull();
    expect(drainErrorQueue(udp)).toEqual([]);
  });

  test('a waiting recv rejects with the ICMP message and our own payload quoted in it', async () => {
    const target = closedPort(kernel, family, loopback);
    using udp = kernel.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    udp.bind(`${loopback}:0`);
    const receiving = failure(udp.recv(10, { timeoutMs }));
    await udp.sendto('anybody there?', target);
    const error = await receiving;
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'recv' });
    const cause = causeOf(error);
    expect(cause).toMatchObject({ ...refused, destination: target });
    expect(text(cause.payload)).toBe('anybody there?');
    expect(cause.text).toMatch(/^ICMP(v6)? port unreachable \((3\/3|1\/4)\) from (127\.0\.0\.1|::1) about /);
    // The socket is as usable as before.
    await udp.sendto('to myself', udp.getsockname());
    expect(text(await udp.recv(100, { timeoutMs }))).toBe('to myself');
  });

  test('a connected socket: the next send tells, in all three forms', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    await udp.connect(closedPort(kernel, family, loopback));
    explainErrors(udp);
    await udp.send('1');
    await udp.ready('err', { timeoutMs });
    expect(causeOf(await failure(udp.send('2'))).payload).toEqual(new TextEncoder().encode('1'));
    await udp.send('3');
    await udp.ready('err', { timeoutMs });
    expect(() => udp.trySend(new Uint8Array(1))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining(refused) }),
    );
    await udp.send('4');
    await udp.ready('err', { timeoutMs });
    expect(() => udp.sendSync('5')).toThrow(expect.objectContaining({ cause: expect.objectContaining(refused) }));
  });

  test('each call that fails has its own message: several errors are told one by one, in order', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    const targets = [1, 2, 3].map(() => closedPort(kernel, family, loopback));
    // On loopback the answer is there before sendto returns, and the next sendto would fail for it.
    const causes: QueuedError[] = [];
    for (const target of targets) {
      for (;;) {
        try {
          udp.trySendto(new TextEncoder().encode('x'), target);
          break;
        } catch (error) {
          causes.push(causeOf(error as SocketError));
        }
      }
    }
    causes.push(causeOf(await failure(udp.recv(1, { timeoutMs }))));
    expect(causes.map(({ destination }) => destination)).toEqual(targets);
    expect(udp.tryRecv(new Uint8Array(1))).toBeNull();
  });

  test('an error that no packet caused leaves the queue alone', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    await udp.sendto('lost', closedPort(kernel, family, loopback));
    await udp.ready('err', { timeoutMs });
    expect(() => udp.setsockopt(IPPROTO_IP, 9999, 1)).toThrow(expect.objectContaining({ code: 'ENOPROTOOPT' }));
    expect(() => udp.bind('192.0.2.1:0')).toThrow(SocketError);
    expect(text(causeOf(await failure(udp.recv(1, { timeoutMs }))).payload)).toBe('lost');
  });

  test('stopped, errors have no cause and the options are off again', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    const stop = explainErrors(udp);
    expect(() => explainErrors(udp)).toThrow(TypeError);
    stop();
    stop();
    await udp.connect(closedPort(kernel, family, loopback));
    await udp.send('x');
    await udp.ready('err', { timeoutMs });
    expect(await failure(udp.recv(1, { timeoutMs }))).toMatchObject({ code: 'ECONNREFUSED', cause: undefined });
    expect(udp.getsockopt(isV4 ? IPPROTO_IP : IPPROTO_IPV6, isV4 ? 11 : 25)[0]).toBe(0);
  });

  test('an option that the program had set itself stays set', () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    const [level, option] = isV4 ? [IPPROTO_IP, 11] : [IPPROTO_IPV6, 25];
    udp.setsockopt(level, option, 1);
    const stopWatching = watchErrors(udp, () => undefined);
    const stopExplaining = explainErrors(udp);
    stopWatching();
    stopExplaining();
    expect(udp.getsockopt(level, option)[0]).toBe(1);
    udp.setsockopt(level, option, 0);
    explainErrors(udp)();
    expect(udp.getsockopt(level, option)[0]).toBe(0);
  });

  test('watchErrors tells of every client that is gone, and recv goes on waiting', async () => {
    using server = kernel.socket(family, SOCK_DGRAM);
    server.bind(`${loopback}:0`);
    const told: QueuedError[] = [];
    let all: () => void = () => undefined;
    const three = new Promise<void>((resolve) => {
      all = resolve;
    });
    const stop = watchErrors(server, (error) => {
      told.push(error);
      if (told.length === 3) all();
    });
    const receiving = server.recv(100, { timeoutMs });
    for (let i = 0; i < 3; i++) {
      const before = told.length;
      await server.sendto(`to ${i}`, closedPort(kernel, family, loopback));
      while (told.length === before) await new Promise((resolve) => setImmediate(resolve));
    }
    await three;
    expect(told.map(({ payload }) => text(payload))).toEqual(['to 0', 'to 1', 'to 2']);
    using client = kernel.socket(family, SOCK_DGRAM);
    await client.sendto('still here', server.getsockname());
    expect(text(await receiving)).toBe('still here');
    stop();
    stop();
    expect(server.getsockopt(isV4 ? IPPROTO_IP : IPPROTO_IPV6, isV4 ? 11 : 25)[0]).toBe(0);
  });

  test('watchErrors: no call fails for a peer that is gone, in any form, and each is told once', async () => {
    using to = kernel.socket(family, SOCK_DGRAM);
    to.bind(`${loopback}:0`);
    const there = to.getsockname();
    const gone = closedPort(kernel, family, loopback);
    using server = kernel.socket(family, SOCK_DGRAM);
    const told: QueuedError[] = [];
    const stop = watchErrors(server, (error) => told.push(error));
    const one = new Uint8Array(1);
    const batch = new DatagramBatch(2, 16);
    batch.put(0, one, there);
    batch.put(1, one, there);
    const calls: (() => unknown)[] = [
      () => server.sendto(one, there),
      () => server.trySendto(one, there),
      () => server.sendtoSync(one, there),
      () => server.sendmsg({ data: one, to: there }),
      () => server.trySendmsg({ data: one, to: there }),
      () => server.sendmsgSync({ data: one, to: there }),
      () => server.sendBatch(batch, 0, 2),
      () => server.tryRecv(one),
      () => server.tryRecvfrom(one),
      () => server.tryRecvmsg({ size: 1 }),
      () => server.tryRecvBatch(batch),
      () => server.tryReadv([one]),
    ];
    for (const call of calls) {
      // On loopback the ICMP message is there before this returns.
      await server.sendto('lost', gone);
      await call();
    }
    for (let i = 0; i < 8; i++) expect((await to.recv(1, { timeoutMs })).length).toBe(1);
    while (told.length < calls.length) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toHaveLength(calls.length);
    // What is wrong with the call itself still fails it.
    await expect(server.sendto(new Uint8Array(70_000), there)).rejects.toMatchObject({ code: 'EMSGSIZE' });
    stop();
    await server.sendto('lost', gone);
    expect(server.tryRecv(one)).toBeNull();
  });

  test('explained and watched: a call that waits fails with its message, the listener hears of the others', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    udp.bind(`${loopback}:0`);
    explainErrors(udp);
    const told: string[] = [];
    watchErrors(udp, ({ payload }) => told.push(text(payload)));
    const receiving = failure(udp.recv(1, { timeoutMs }));
    await udp.sendto('first', closedPort(kernel, family, loopback));
    expect(text(causeOf(await receiving).payload)).toBe('first');
    await udp.sendto('second', closedPort(kernel, family, loopback));
    while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(['second']);
  });

  test('drainErrorQueue gives what came with the option set by hand', async () => {
    using udp = kernel.socket(family, SOCK_DGRAM);
    udp.setsockopt(isV4 ? IPPROTO_IP : IPPROTO_IPV6, isV4 ? 11 : 25, 1);
    const target = closedPort(kernel, family, loopback);
    await udp.sendto('by hand', target);
    await udp.ready('err', { timeoutMs });
    expect(drainErrorQueue(udp)).toMatchObject([{ ...refused, destination: target }]);
    expect(drainErrorQueue(udp)).toEqual([]);
    // The error went with the entry.
    expect(udp.tryRecv(new Uint8Array(1))).toBeNull();
  });
});

test('an IPv6 socket hears of its IPv4 datagrams too', async () => {
  const target = closedPort(kernel, AF_INET, '127.0.0.1');
  using udp = kernel.socket(AF_INET6, SOCK_DGRAM);
  explainErrors(udp);
  await udp.sendto('mapped', { family: 'inet6', address: '::ffff:127.0.0.1', port: (target as { port: number }).port });
  const { type, code, offender } = causeOf(await failure(udp.recv(1, { timeoutMs })));
  expect({ type, code, offender }).toEqual({
    type: 3,
    code: 3,
    offender: { family: 'inet6', address: '::ffff:127.0.0.1', port: 0 },
  });
});

test('TCP refused by RST has no ICMP message, and says so', async () => {
  const target = closedPort(kernel, AF_INET, '127.0.0.1', SOCK_STREAM);
  using tcp = kernel.socket(AF_INET, SOCK_STREAM);
  explainErrors(tcp);
  expect(await failure(tcp.connect(target, { timeoutMs }))).toMatchObject({ code: 'ECONNREFUSED', cause: undefined });
});

test('families without an error queue are refused at the door', () => {
  using unix = kernel.socket(AF_UNIX, SOCK_DGRAM);
  expect(() => drainErrorQueue(unix)).toThrow(/^socket: expected a family with an error queue/);
  expect(() => explainErrors(unix)).toThrow(/^socket: expected one of AF_INET or AF_INET6/);
  using udp = kernel.socket(AF_INET, SOCK_DGRAM);
  expect(() => watchErrors(udp, undefined as never)).toThrow(/^listener: expected a function/);
  udp.close();
  expect(() => explainErrors(udp)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(drainErrorQueue(udp)).toEqual([]);
});
