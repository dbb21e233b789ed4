/** An error says why: the ICMP message that caused it, from a closed port, a router that refuses, a path that is narrow. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SocketAddress } from '../../src/addr/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import type { Host } from '../../src/socket/host.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  drainErrorQueue,
  explainErrors,
  IPPROTO_IP,
  IPPROTO_IPV6,
  type QueuedError,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SocketError,
  watchErrors,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type RoutedNamespaces, routedNamespaces } from '../support/namespaces.ts';

const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
const PMTUDISC_DO = 2;
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

async function failure(promise: Promise<unknown>): Promise<SocketError> {
  const error = await promise.then(
    () => new Error('expected a SocketError'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof SocketError)) throw error;
  return error;
}

function causeOf(error: SocketError): QueuedError {
  expect(error.cause).toBeTypeOf('object');
  return error.cause as QueuedError;
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

describeInNamespace(import.meta.url, 'behind a router that refuses', () => {
  let net: RoutedNamespaces;
  beforeAll(() => {
    net = routedNamespaces();
  });
  afterAll(() => net[Symbol.dispose]());

  const refusals = [
    ['IPv4 unreachable', AF_INET, '10.88.1.1', 'EHOSTUNREACH', 'icmp', 3, 1, '10.88.0.2'],
    ['IPv4 prohibited', AF_INET, '10.88.2.1', 'EHOSTUNREACH', 'icmp', 3, 13, '10.88.0.2'],
    ['IPv6 unreachable', AF_INET6, '[fd88:1::1]', 'ENETUNREACH', 'icmp6', 1, 0, 'fd88::2'],
    ['IPv6 prohibited', AF_INET6, '[fd88:2::1]', 'EACCES', 'icmp6', 1, 1, 'fd88::2'],
  ] as const;

  test.each(refusals)('UDP, %s', async (_, family, address, code, origin, type, icmpCode, offender) => {
    using udp = net.client.socket(family, SOCK_DGRAM);
    explainErrors(udp);
    await udp.sendto('over there?', `${address}:7`);
    const error = await failure(udp.recv(1, { timeoutMs }));
    const cause = causeOf(error);
    expect(error.code).toBe(code);
    expect(cause).toMatchObject({
      origin,
      type,
      code: icmpCode,
      offender: { address: offender },
      destination: { port: 7 },
    });
    expect(text(cause.payload)).toBe('over there?');
  });

  test.each(refusals)('TCP connect, %s', async (_, family, address, code, origin, type, icmpCode, offender) => {
    using tcp = net.client.socket(family, SOCK_STREAM);
    explainErrors(tcp);
    const error = await failure(tcp.connect(`${address}:80`, { timeoutMs }));
    expect(error).toMatchObject({ code, syscall: 'connect', port: 80 });
    const cause = causeOf(error);
    expect(cause).toMatchObject({ origin, type, code: icmpCode, offender: { address: offender } });
    // The TCP header stands at its head: our SYN's target port.
    expect((cause.payload[2] as number) * 256 + (cause.payload[3] as number)).toBe(80);
  });

  test('a raw socket hears of its packets', async () => {
    using raw = net.client.socket(AF_INET, SOCK_RAW, 253);
    explainErrors(raw);
    // Linux looks at an ICMP error only when it quotes at least 8 bytes behind the IP header.
    await raw.sendto('a raw packet', '10.88.2.1:0');
    const cause = causeOf(await failure(raw.recv(1, { timeoutMs })));
    expect(cause).toMatchObject({ type: 3, code: 13, offender: { address: '10.88.0.2' } });
    expect(text(cause.payload)).toContain('a raw packet');
  });

  test.each([
    ['IPv4', AF_INET, '10.88.0.2', '10.88.0.2:7', IPPROTO_IP, IP_MTU_DISCOVER],
    ['IPv6', AF_INET6, 'fd88::2', '[fd88::2]:7', IPPROTO_IPV6, IPV6_MTU_DISCOVER],
  ] as const)(
    'too big for our own interface, %s: this host says how much fits',
    async (_, family, address, to, level, option) => {
      using udp = net.client.socket(family, SOCK_DGRAM);
      udp.setsockopt(level, option, PMTUDISC_DO);
      explainErrors(udp);
      const error = await failure(udp.sendto(new Uint8Array(3000), to));
      expect(error).toMatchObject({ code: 'EMSGSIZE', syscall: 'sendto' });
      expect(causeOf(error)).toMatchObject({ origin: 'local', errno: 90, mtu: 1500, destination: { address } });
      expect(causeOf(error).text).toMatch(/^this host about .*, 1500 bytes fit$/);
    },
  );

  test.each([
    ['IPv4', AF_INET, '10.88.3.1:7', IPPROTO_IP, IP_MTU_DISCOVER, { origin: 'icmp', type: 3, code: 4 }],
    ['IPv6', AF_INET6, '[fd88:3::1]:7', IPPROTO_IPV6, IPV6_MTU_DISCOVER, { origin: 'icmp6', type: 2, code: 0 }],
  ] as const)(
    'too big further on, %s: the router says how much fits',
    async (_, family, to, level, option, expected) => {
      using udp = net.client.socket(family, SOCK_DGRAM);
      udp.setsockopt(level, option, PMTUDISC_DO);
      explainErrors(udp);
      await udp.sendto(new Uint8Array(1400), to);
      const error = await failure(udp.recv(1, { timeoutMs }));
      expect(error.code).toBe('EMSGSIZE');
      expect(causeOf(error)).toMatchObject({ ...expected, mtu: 1300 });
    },
  );
});
