/** An error says why: the ICMP message that caused it, from a router that refuses, and how much a narrow path carries. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import {
  AF_INET,
  AF_INET6,
  explainErrors,
  IPPROTO_IP,
  IPPROTO_IPV6,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type RoutedNamespaces, routedNamespaces, setSysctl } from '../support/namespaces.ts';
import { causeOf, failure } from './cause.ts';

const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
const PMTUDISC_DO = 2;
const timeoutMs = 5000;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describeInNamespace(import.meta.url, 'behind a router that refuses', () => {
  let net: RoutedNamespaces;
  beforeAll(async () => {
    net = await routedNamespaces();
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

  test.each([
    ['IPv4', AF_INET, '10.88.0.77', 'icmp', 3, 1, '10.88.0.1', 'ipv4/neigh/up0'],
    ['IPv6', AF_INET6, '[fd88::77]', 'icmp6', 1, 3, 'fd88::1', 'ipv6/neigh/up0'],
  ] as const)(
    'nobody at that address on our own wire, %s',
    async (_, family, address, origin, type, code, self, sysctl) => {
      setSysctl(net.client, `${sysctl}/mcast_solicit`, 1);
      setSysctl(net.client, `${sysctl}/retrans_time_ms`, 20);
      using udp = net.client.socket(family, SOCK_DGRAM);
      explainErrors(udp);
      await udp.sendto('anybody home?', `${address}:7`);
      const error = await failure(udp.recv(1, { timeoutMs }));
      expect(error.code).toBe('EHOSTUNREACH');
      // This host says it to itself, in the router's words.
      expect(causeOf(error)).toMatchObject({ origin, type, code, offender: { address: self } });
      using tcp = net.client.socket(family, SOCK_STREAM);
      explainErrors(tcp);
      const refused = await failure(tcp.connect(`${address}:80`, { timeoutMs }));
      expect(refused).toMatchObject({ code: 'EHOSTUNREACH', syscall: 'connect' });
      expect(causeOf(refused)).toMatchObject({ origin, type, code, offender: { address: self } });
    },
  );

  test.each([
    ['IPv4', AF_INET, '10.88.0.9', '10.88.2.1:0', { type: 3, code: 13, offender: { address: '10.88.0.2' } }],
    ['IPv6', AF_INET6, '[fd88::1]', '[fd88:2::1]:0', { type: 1, code: 1, offender: { address: 'fd88::2' } }],
  ] as const)('a raw socket hears of its packets, %s', async (_, family, self, to, expected) => {
    using raw = net.client.socket(family, SOCK_RAW, 253);
    raw.bind(`${self}:0`);
    explainErrors(raw);
    // Linux looks at an ICMP error only when it quotes at least 8 bytes behind the IP header.
    await raw.sendto('a raw packet', to);
    const cause = causeOf(await failure(raw.recv(1, { timeoutMs })));
    expect(cause).toMatchObject(expected);
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

  test.each([
    ['IPv4', AF_INET, '10.88.0.9', '10.88.3.1', '10.88.3.1/32', 'EHOSTUNREACH'],
    ['IPv6', AF_INET6, '[fd88::1]', '[fd88:3::1]', 'fd88:3::1/128', 'EACCES'],
  ] as const)(
    'an established connection, %s: TCP sits the error out, explained it is told, and lives on',
    async (_, family, self, address, target, code) => {
      using listener = net.far.socket(family, SOCK_STREAM);
      listener.bind(`${address}:0`);
      listener.listen();
      const connect = async (): Promise<[Socket, Socket]> => {
        const tcp = net.client.socket(family, SOCK_STREAM);
        tcp.bind(`${self}:0`);
        await tcp.connect(listener.getsockname(), { timeoutMs });
        return [tcp, await listener.accept({ timeoutMs })];
      };
      const [plain, plainPeer] = await connect();
      const [explained, explainedPeer] = await connect();
      using _plain = plain;
      using _explained = explained;
      explainErrors(explained);
      using route = new Rtnetlink(net.router);
      const prohibited = { target, type: 'prohibit' } as const;
      // A route for this one host goes before the link's own.
      route.addRoute(prohibited);
      const waiting = plain.recv(100, { timeoutMs });
      const told = failure(explained.recv(100, { timeoutMs }));
      await plain.send('one');
      await explained.send('two');
      // Linux queues no entry for a connection that is established: the errno alone says it.
      expect(await told).toMatchObject({ code, cause: undefined });
      route.deleteRoute(prohibited);
      // Both are sent again, and both connections go on.
      expect(text(await plainPeer.recv(10, { timeoutMs }))).toBe('one');
      expect(text(await explainedPeer.recv(10, { timeoutMs }))).toBe('two');
      await plainPeer.send('still here');
      expect(text(await waiting)).toBe('still here');
      await explainedPeer.send('here too');
      expect(text(await explained.recv(10, { timeoutMs }))).toBe('here too');
      plainPeer.close();
      explainedPeer.close();
    },
  );
});
