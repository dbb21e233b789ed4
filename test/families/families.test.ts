/**
 * Every family and type that Linux has: opened, bound and used where this kernel allows it, refused with the documented
 * error where it does not; interfaces by name. The bytes of addresses are in sockaddr.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { ifNameToIndex } from '../../src/os/interfaces.ts';
import { kernel } from '../../src/os/kernel.ts';
import { FEATURES } from '../../src/os/supports.ts';
import {
  AF_ALG,
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_ROUTE,
  AF_UNIX,
  AF_VSOCK,
  AF_XDP,
  type Host,
  IP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_RAW,
  PACKET,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type SocketError,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace, setSysctl } from '../support/namespaces.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('families', () => {
  test.each([SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET])('AF_UNIX type %i: path, abstract and unnamed', async (type) => {
    using server = kernel.socket(AF_UNIX, type);
    server.bind({ family: 'unix' });
    const name = server.getsockname();
    // Autobind (unix(7)): five hexadecimal digits in the abstract namespace.
    expect(name).toMatchObject({ family: 'unix', abstract: expect.stringMatching(/^[0-9a-f]{5}$/) as string });
    using client = kernel.socket(AF_UNIX, type);
    if (type === SOCK_DGRAM) {
      await client.connect(name);
      await client.send('x');
      expect(text(await server.recv(10))).toBe('x');
      return;
    }
    server.listen();
    await client.connect(name);
    using connection = await server.accept();
    expect(connection.getpeername()).toEqual({ family: 'unix' });
    await client.send('one');
    await client.send('two');
    const first = text(await connection.recv(100));
    expect(first).toBe(type === SOCK_SEQPACKET ? 'one' : 'onetwo');
  });

  test('AF_ROUTE is AF_NETLINK here', () => expect(AF_ROUTE).toBe(AF_NETLINK));

  test('NETLINK: a question to the generic family and its answer, through a plain socket', async () => {
    using socket = kernel.socket(AF_NETLINK, SOCK_RAW, 16);
    socket.bind('netlink:0');
    // nlmsghdr, genlmsghdr (CTRL_CMD_GETFAMILY 3, version 1), CTRL_ATTR_FAMILY_NAME "nlctrl".
    const request = Buffer.alloc(32);
    request.writeUInt32LE(31 + 1, 0);
    request.writeUInt16LE(16, 4);
    request.writeUInt16LE(1, 6);
    request.writeUInt32LE(7, 8);
    request.writeUInt8(3, 16);
    request.writeUInt8(1, 17);
    request.writeUInt16LE(11, 20);
    request.writeUInt16LE(2, 22);
    request.write('nlctrl\0', 24, 'latin1');
    await socket.sendto(request, { family: 'netlink', pid: 0, groups: 0 });
    const { data, address } = await socket.recvfrom(4096);
    expect(address).toEqual({ family: 'netlink', pid: 0, groups: 0 });
    expect(Buffer.from(data).readUInt32LE(8)).toBe(7);
    expect(Buffer.from(data).includes('nlctrl')).toBe(true);
  });

  test('VSOCK: bound to a port of every context', (ctx) => {
    const support = kernel.supports('AF_VSOCK');
    if (!support.supported) ctx.skip(`AF_VSOCK: ${support.reason}`);
    using socket = kernel.socket(AF_VSOCK, SOCK_STREAM);
    socket.bind('vsock:any:any');
    const name = socket.getsockname();
    expect(name).toMatchObject({ family: 'vsock', cid: 0xffff_ffff });
    socket.listen();
    using other = kernel.socket(AF_VSOCK, SOCK_STREAM);
    expect(() => other.bind(name)).toThrow(/EADDRINUSE/);
  });

  test.each([
    ['AF_CAN', AF_CAN, SOCK_RAW, 1, 'can:0'],
    ['AF_ALG', AF_ALG, SOCK_SEQPACKET, 0, 'alg:hash:sha256'],
    ['AF_XDP', AF_XDP, SOCK_RAW, 0, undefined],
  ] as const)('%s opens, or the kernel says that it has none', (name, domain, type, protocol, address) => {
    const { supported, code } = kernel.supports(name);
    if (!supported) {
      expect(() => kernel.socket(domain, type, protocol)).toThrow(code);
      return;
    }
    using socket = kernel.socket(domain, type, protocol);
    if (address !== undefined) socket.bind(address);
    expect(socket.fd).toBeGreaterThan(0);
  });

  test('supports: every feature is tried, and a refusal has a reason', () => {
    const all = kernel.supports();
    expect(all.map(({ name }) => name)).toEqual(FEATURES);
    for (const { supported, reason } of all) expect(supported || (reason ?? '').length > 5).toBe(true);
    expect(kernel.supports('AF_UNIX')).toEqual({ name: 'AF_UNIX', supported: true });
    expect(() => kernel.supports('AF_NONSENSE')).toThrow(/name: expected one of AF_INET, .*got 'AF_NONSENSE'/);
  });
});

describeInNamespace(import.meta.url, 'families that need privilege', () => {
  function inNamespace<T>(run: (host: ReturnType<typeof loopbackNamespace>) => Promise<T>): () => Promise<T> {
    return async () => {
      using namespace = loopbackNamespace('families');
      return await run(namespace);
    };
  }

  /** A UDP datagram over loopback, for whoever listens below. */
  async function sayOnLoopback(host: Host, word: string): Promise<void> {
    using sender = host.socket(AF_INET, SOCK_DGRAM);
    await sender.sendto(word, '127.0.0.1:9');
  }

  test(
    'PACKET: cooked and raw, the selector, direction, statistics, the interface by name',
    inNamespace(async (host) => {
      using all = host.socket(AF_PACKET, SOCK_RAW, 0);
      // By the namespace's own names: lo is 1 there.
      all.bind('packet:lo');
      expect(all.getsockname()).toMatchObject({ family: 'packet', ifindex: 1, protocol: 3, hatype: 772 });
      using cooked = host.socket(AF_PACKET, SOCK_DGRAM, 0);
      cooked.bind({ family: 'packet', ifindex: 1, protocol: 0x0800 });
      using other = host.socket(AF_PACKET, SOCK_RAW, 0);
      other.bind({ family: 'packet', ifindex: 1, protocol: 0x0806 });
      await sayOnLoopback(host, 'seen below');
      const frame = await all.recvfrom(2000);
      expect(frame.address).toMatchObject({ family: 'packet', pkttype: 4, protocol: 0x0800 });
      expect(Buffer.from(frame.data).readUInt16BE(12)).toBe(0x0800);
      const packet = await cooked.recvfrom(2000);
      expect((packet.data[0] as number) >> 4).toBe(4);
      expect(packet.data.length).toBe(frame.data.length - 14);
      expect(text(packet.data.subarray(28))).toBe('seen below');
      expect(other.tryRecv(new Uint8Array(100))).toBeNull();
      expect(all.get(PACKET.STATISTICS)).toMatchObject({ drops: 0 });
    }),
  );

  test(
    'PACKET: what is sent is received, with the addresses that the program wrote',
    inNamespace(async (host) => {
      using receiver = host.socket(AF_PACKET, SOCK_RAW, 0);
      receiver.bind({ family: 'packet', ifindex: 1, protocol: 0x88b5 });
      using sender = host.socket(AF_PACKET, SOCK_RAW, 0);
      // EtherType 0x88b5 is for experiments on one's own network (IEEE 802).
      const frame = new Uint8Array(60);
      frame.set([0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0x88, 0xb5, 1, 2, 3]);
      await sender.sendto(frame, { family: 'packet', ifindex: 1, protocol: 0x88b5, address: '00:00:00:00:00:00' });
      const { data, address } = await receiver.recvfrom(100);
      expect([...data.subarray(6, 17)]).toEqual([2, 0, 0, 0, 0, 9, 0x88, 0xb5, 1, 2, 3]);
      expect(address).toMatchObject({ address: '02:00:00:00:00:09' });
    }),
  );

  test(
    'RAW: ICMP with the IP header, IPPROTO_RAW with one of our own, IPv6 without',
    inNamespace(async (host) => {
      using ping = host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      const request = Buffer.from('0800f7fd00010001', 'hex');
      await ping.sendto(request, '127.0.0.1:0');
      const { data } = await ping.recvfrom(100);
      expect([(data[0] as number) >> 4, data[9], data.length]).toEqual([4, 1, 28]);
      using own = host.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
      // raw(7): IPPROTO_RAW implies IP_HDRINCL.
      expect(own.get(IP.HDRINCL)).toBe(true);
      using six = host.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
      await six.sendto(Buffer.from('8000000000010001', 'hex'), '[::1]:0');
      const answer = await six.recvfrom(100);
      expect([answer.data[0], answer.data.length]).toEqual([128, 8]);
      expect(answer.address).toMatchObject({ family: 'inet6', address: '::1' });
    }),
  );

  test(
    'ICMP datagram sockets, once the group range allows them',
    inNamespace(async (host) => {
      const refused = (() => {
        try {
          host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP).close();
          return undefined;
        } catch (error) {
          return (error as SocketError).code;
        }
      })();
      expect(refused).toBe('EACCES');
      // Only group 0 is mapped inside a user namespace of one's own.
      setSysctl(host, 'ipv4/ping_group_range', '0 0');
      using ping = host.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
      await ping.connect('127.0.0.1:0');
      await ping.send(Buffer.from('0800000000000007', 'hex'));
      const reply = await ping.recv(100, { timeoutMs: 2000 });
      // The kernel wrote checksum and identifier: the identifier is the socket's port.
      const { port } = ping.getsockname() as { port: number };
      expect([reply[0], Buffer.from(reply).readUInt16BE(4), Buffer.from(reply).readUInt16BE(6)]).toEqual([0, port, 7]);
    }),
  );

  test(
    'interfaces by name are those of the namespace',
    inNamespace(async (host) => {
      using route = new Rtnetlink(host);
      route.addVeth({ name: 'left' }, { name: 'right' });
      const index = ifNameToIndex('left', host) as number;
      expect(index).toBeGreaterThan(1);
      expect(ifNameToIndex('left')).toBeUndefined();
      using socket = host.socket(AF_PACKET, SOCK_RAW, 0);
      socket.bind('packet:left');
      expect(socket.getsockname()).toMatchObject({ ifindex: index });
    }),
  );
});
