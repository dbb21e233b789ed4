/**
 * Control messages of IPv4 and IPv6 on the kernel, both ways: the option that turns one on is set, a datagram is sent,
 * with its own header fields where sendmsg takes them, and the receiver's message says what came.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { IFA_F_NODAD } from '../../src/netlink/rtnetlink-rows.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  type ControlKind,
  type ControlMessage,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_RAW,
  type Message,
  type ReceivedControl,
  SOCK_DGRAM,
  SOCK_RAW,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { addressesServe, loopbackNamespace, setSysctl } from '../support/namespaces.ts';

const timeoutMs = 5000;
const lo = 1;
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The options that ask for a control message, as [level, number]. */
const ASK = {
  IP_PKTINFO: [IPPROTO_IP, 8],
  IP_RECVTTL: [IPPROTO_IP, 12],
  IP_RECVTOS: [IPPROTO_IP, 13],
  IP_RECVOPTS: [IPPROTO_IP, 6],
  IP_RETOPTS: [IPPROTO_IP, 7],
  IP_RECVORIGDSTADDR: [IPPROTO_IP, 20],
  IP_CHECKSUM: [IPPROTO_IP, 23],
  IP_RECVFRAGSIZE: [IPPROTO_IP, 25],
  IP_PASSSEC: [IPPROTO_IP, 18],
  IPV6_RECVPKTINFO: [IPPROTO_IPV6, 49],
  IPV6_RECVHOPLIMIT: [IPPROTO_IPV6, 51],
  IPV6_RECVHOPOPTS: [IPPROTO_IPV6, 53],
  IPV6_RECVRTHDR: [IPPROTO_IPV6, 56],
  IPV6_RECVDSTOPTS: [IPPROTO_IPV6, 58],
  IPV6_RECVTCLASS: [IPPROTO_IPV6, 66],
  IPV6_RECVORIGDSTADDR: [IPPROTO_IPV6, 74],
  IPV6_RECVFRAGSIZE: [IPPROTO_IPV6, 77],
  IPV6_FLOWINFO: [IPPROTO_IPV6, 11],
  IPV6_2292PKTINFO: [IPPROTO_IPV6, 2],
  IPV6_2292HOPOPTS: [IPPROTO_IPV6, 3],
  IPV6_2292DSTOPTS: [IPPROTO_IPV6, 4],
  IPV6_2292RTHDR: [IPPROTO_IPV6, 5],
  IPV6_2292HOPLIMIT: [IPPROTO_IPV6, 8],
  SO_RCVMARK: [SOL_SOCKET, 75],
  SO_RCVPRIORITY: [SOL_SOCKET, 82],
} as const;

/** RFC 8200 §4.2: PadN with four bytes of zeros fills the eight that a header has at least. */
const PADDED = bytes(0, 0, 1, 4, 0, 0, 0, 0);
/** RFC 2711: router alert in a hop-by-hop header. */
const ROUTER_ALERT = bytes(0, 0, 5, 2, 0, 0, 1, 0);
/** RFC 8754: a segment routing header with one segment, none left. */
const SEGMENTS = bytes(0, 2, 4, 0, 0, 0, 0, 0, ...bytes(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

interface Row {
  readonly title: string;
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly ask: keyof typeof ASK;
  readonly send?: readonly ControlMessage[];
  readonly kind: ControlKind;
  /** What the message says; the port stands for the receiver's. */
  readonly says: (port: number) => Record<string, unknown>;
  readonly size?: number;
}

const v4 = { family: AF_INET } as const;
const v6 = { family: AF_INET6 } as const;
const any4 = '0.0.0.0';

const rows: readonly Row[] = [
  {
    ...v4,
    title: 'IP_PKTINFO: where it came in',
    ask: 'IP_PKTINFO',
    kind: 'ip-pktinfo',
    says: () => ({ ifindex: lo, specDst: '127.0.0.1', address: '127.0.0.1' }),
  },
  {
    ...v4,
    title: 'IP_TTL sent with one datagram',
    ask: 'IP_RECVTTL',
    send: [{ kind: 'ip-ttl', ttl: 7 }],
    kind: 'ip-ttl',
    says: () => ({ ttl: 7 }),
  },
  {
    ...v4,
    title: 'IP_TOS sent with one datagram',
    ask: 'IP_RECVTOS',
    send: [{ kind: 'ip-tos', tos: 0xb9 }],
    kind: 'ip-tos',
    says: () => ({ tos: 0xb9 }),
  },
  {
    ...v4,
    title: 'IP_RETOPTS sent, IP_RECVOPTS received: a record of the route',
    ask: 'IP_RECVOPTS',
    send: [{ kind: 'ip-retopts', data: bytes(7, 7, 4, 0, 0, 0, 0, 0) }],
    kind: 'ip-recvopts',
    // The sending host has recorded itself: the pointer stands at 8.
    says: () => ({ data: bytes(7, 7, 8, 127, 0, 0, 1, 0) }),
  },
  {
    ...v4,
    title: 'IP_RETOPTS received: the options for an answer',
    ask: 'IP_RETOPTS',
    send: [{ kind: 'ip-retopts', data: bytes(7, 7, 4, 0, 0, 0, 0, 0) }],
    kind: 'ip-retopts',
    says: () => ({ data: expect.any(Uint8Array) }),
  },
  {
    ...v4,
    title: 'IP_ORIGDSTADDR',
    ask: 'IP_RECVORIGDSTADDR',
    kind: 'ip-origdstaddr',
    says: (port) => ({ address: { family: 'inet', address: '127.0.0.1', port } }),
  },
  {
    ...v4,
    title: 'IP_RECVFRAGSIZE: 3,000 bytes over an MTU of 1,500',
    ask: 'IP_RECVFRAGSIZE',
    size: 3000,
    kind: 'ip-recvfragsize',
    says: () => ({ bytes: 1500 }),
  },
  {
    ...v4,
    title: 'SO_MARK sent with one datagram',
    ask: 'SO_RCVMARK',
    send: [{ kind: 'mark', mark: 0xbeef }],
    kind: 'mark',
    says: () => ({ mark: 0xbeef }),
  },
  {
    ...v4,
    title: 'SO_PRIORITY sent with one datagram',
    ask: 'SO_RCVPRIORITY',
    send: [{ kind: 'priority', priority: 5 }],
    kind: 'priority',
    says: () => ({ priority: 5 }),
  },
  {
    ...v6,
    title: 'IPV6_PKTINFO: where it came in',
    ask: 'IPV6_RECVPKTINFO',
    kind: 'ipv6-pktinfo',
    says: () => ({ ifindex: lo, address: '::1' }),
  },
  {
    ...v6,
    title: 'IPV6_HOPLIMIT sent with one datagram',
    ask: 'IPV6_RECVHOPLIMIT',
    send: [{ kind: 'ipv6-hoplimit', hopLimit: 7 }],
    kind: 'ipv6-hoplimit',
    says: () => ({ hopLimit: 7 }),
  },
  {
    ...v6,
    title: 'IPV6_HOPLIMIT -1 sent: the default',
    ask: 'IPV6_RECVHOPLIMIT',
    send: [{ kind: 'ipv6-hoplimit', hopLimit: -1 }],
    kind: 'ipv6-hoplimit',
    says: () => ({ hopLimit: 64 }),
  },
  {
    ...v6,
    title: 'IPV6_TCLASS sent with one datagram',
    ask: 'IPV6_RECVTCLASS',
    send: [{ kind: 'ipv6-tclass', tclass: 0xb9 }],
    kind: 'ipv6-tclass',
    says: () => ({ tclass: 0xb9 }),
  },
  {
    ...v6,
    title: 'IPV6_FLOWINFO: traffic class and flow label',
    ask: 'IPV6_FLOWINFO',
    send: [
      { kind: 'ipv6-tclass', tclass: 0xb8 },
      { kind: 'ipv6-flowinfo', flowinfo: 0x0001_2345 },
    ],
    kind: 'ipv6-flowinfo',
    says: () => ({ flowinfo: 0x0b81_2345 }),
  },
  {
    ...v6,
    title: 'IPV6_HOPOPTS sent with one datagram',
    ask: 'IPV6_RECVHOPOPTS',
    send: [{ kind: 'ipv6-hopopts', data: ROUTER_ALERT }],
    kind: 'ipv6-hopopts',
    // The kernel filled in the next header: UDP.
    says: () => ({ data: bytes(17, 0, 5, 2, 0, 0, 1, 0) }),
  },
  {
    ...v6,
    title: 'IPV6_DSTOPTS sent with one datagram',
    ask: 'IPV6_RECVDSTOPTS',
    send: [{ kind: 'ipv6-dstopts', data: PADDED }],
    kind: 'ipv6-dstopts',
    says: () => ({ data: bytes(17, 0, 1, 4, 0, 0, 0, 0) }),
  },
  {
    ...v6,
    title: 'IPV6_ORIGDSTADDR',
    ask: 'IPV6_RECVORIGDSTADDR',
    kind: 'ipv6-origdstaddr',
    says: (port) => ({ address: { family: 'inet6', address: '::1', port } }),
  },
  {
    ...v6,
    title: 'IPV6_RECVFRAGSIZE: 3,000 bytes over an MTU of 1,500',
    ask: 'IPV6_RECVFRAGSIZE',
    size: 3000,
    kind: 'ipv6-recvfragsize',
    says: () => ({ bytes: 1496 }),
  },
  {
    ...v6,
    title: 'IPV6_2292PKTINFO, of the older API',
    ask: 'IPV6_2292PKTINFO',
    kind: 'ipv6-2292pktinfo',
    says: () => ({ ifindex: lo, address: '::1' }),
  },
  {
    ...v6,
    title: 'IPV6_2292HOPLIMIT both ways',
    ask: 'IPV6_2292HOPLIMIT',
    send: [{ kind: 'ipv6-2292hoplimit', hopLimit: 9 }],
    kind: 'ipv6-2292hoplimit',
    says: () => ({ hopLimit: 9 }),
  },
  {
    ...v6,
    title: 'IPV6_2292HOPOPTS both ways',
    ask: 'IPV6_2292HOPOPTS',
    send: [{ kind: 'ipv6-2292hopopts', data: ROUTER_ALERT }],
    kind: 'ipv6-2292hopopts',
    says: () => ({ data: bytes(17, 0, 5, 2, 0, 0, 1, 0) }),
  },
  {
    ...v6,
    title: 'IPV6_2292DSTOPTS both ways',
    ask: 'IPV6_2292DSTOPTS',
    send: [{ kind: 'ipv6-2292dstopts', data: PADDED }],
    kind: 'ipv6-2292dstopts',
    says: () => ({ data: bytes(17, 0, 1, 4, 0, 0, 0, 0) }),
  },
];

describeInNamespace(import.meta.url, 'control messages of IP', () => {
  let net: NetworkNamespace;
  beforeAll(async () => {
    net = loopbackNamespace('control', 1500);
    using route = new Rtnetlink(net);
    route.addAddress(lo, 'fd99::2/128', IFA_F_NODAD);
    await addressesServe(route);
  });
  afterAll(() => net.close());

  const addressOf = (family: number): string => (family === AF_INET ? '127.0.0.1' : '[::1]');

  function receiver(family: number, ...asks: (keyof typeof ASK)[]): Socket<typeof SOCK_DGRAM> {
    const socket = net.socket(family, SOCK_DGRAM);
    for (const ask of asks) socket.setsockopt(ASK[ask][0], ASK[ask][1], 1);
    socket.bind(`${addressOf(family)}:0`);
    return socket;
  }

  const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

  async function exchange(
    to: Socket,
    control: readonly ControlMessage[],
    data: Uint8Array = bytes(1, 2, 3),
  ): Promise<Message> {
    using sender = net.socket(to.domain, SOCK_DGRAM);
    await sender.sendmsg({ data, to: to.getsockname(), control });
    return to.recvmsg({ timeoutMs });
  }

  test.for(rows.map((row) => [row.title, row] as const))('%s', async ([, row], context) => {
    let socket: Socket;
    try {
      socket = receiver(row.family, row.ask);
    } catch (error) {
      if (!(error instanceof SocketError && error.code === 'ENOPROTOOPT')) throw error;
      return context.skip(`this kernel has no ${row.ask}`);
    }
    using to = socket;
    const data = new Uint8Array(row.size ?? 3).fill(7);
    let message: Message;
    try {
      message = await exchange(to, row.send ?? [], data);
    } catch (error) {
      if (!(error instanceof SocketError && error.code === 'EINVAL' && row.kind === 'priority')) throw error;
      return context.skip('this kernel takes no SO_PRIORITY in sendmsg (Linux 6.14)');
    }
    expect(message.data).toEqual(data);
    expect(message.control.filter(({ kind }) => kind === row.kind)).toEqual([
      { kind: row.kind, ...row.says(portOf(to)) },
    ]);
    return undefined;
  });

  describe('answering from the address that was asked', () => {
    test.each([
      ['IPv4', AF_INET, 'IP_PKTINFO', 'ip-pktinfo', any4, '127.0.0.2'],
      ['IPv6', AF_INET6, 'IPV6_RECVPKTINFO', 'ipv6-pktinfo', '[::]', 'fd99::2'],
    ] as const)('%s: the message that came is the one to send', async (_, family, ask, kind, any, asked) => {
      using server = net.socket(family, SOCK_DGRAM);
      server.setsockopt(ASK[ask][0], ASK[ask][1], 1);
      server.bind(`${any}:0`);
      using client = net.socket(family, SOCK_DGRAM);
      const host = family === AF_INET6 ? `[${asked}]` : asked;
      await client.sendto('who?', `${host}:${portOf(server)}`);
      const question = await server.recvmsg({ timeoutMs });
      const pktinfo = question.controlOf(kind);
      expect(pktinfo).toMatchObject({ kind, ifindex: lo, address: asked });
      await server.sendmsg({ data: 'me', to: question.address!, control: [pktinfo!] });
      const answer = await client.recvfrom(100, { timeoutMs });
      expect(answer.address).toMatchObject({ address: asked, port: portOf(server) });
    });

    test('from an address that is not ours it is refused', async () => {
      using socket = net.socket(AF_INET, SOCK_DGRAM);
      const control = [{ kind: 'ip-pktinfo', ifindex: 0, specDst: '192.0.2.1', address: any4 }] as const;
      await expect(socket.sendmsg({ data: 'x', to: '127.0.0.1:9', control })).rejects.toMatchObject({
        code: expect.stringMatching(/^(EINVAL|ENETUNREACH)$/),
      });
    });
  });

  test('all that an IPv4 receiver can ask for at once, in one message', async () => {
    using to = receiver(AF_INET, 'IP_PKTINFO', 'IP_RECVTTL', 'IP_RECVTOS', 'IP_RECVORIGDSTADDR', 'IP_RECVOPTS');
    const { control } = await exchange(to, [
      { kind: 'ip-ttl', ttl: 3 },
      { kind: 'ip-tos', tos: 4 },
      { kind: 'ip-retopts', data: bytes(1, 1, 1, 0) },
    ]);
    const kinds = ['ip-pktinfo', 'ip-ttl', 'ip-tos', 'ip-recvopts', 'ip-origdstaddr'];
    expect(control.map(({ kind }) => kind)).toEqual(kinds);
  });

  test('all that an IPv6 receiver can ask for at once, in one message', async () => {
    using to = receiver(
      AF_INET6,
      ...(['IPV6_RECVPKTINFO', 'IPV6_RECVHOPLIMIT', 'IPV6_RECVTCLASS', 'IPV6_RECVHOPOPTS'] as const),
      ...(['IPV6_RECVDSTOPTS', 'IPV6_RECVRTHDR', 'IPV6_RECVORIGDSTADDR'] as const),
    );
    const { control } = await exchange(to, [
      { kind: 'ipv6-hopopts', data: PADDED },
      { kind: 'ipv6-dstopts', data: PADDED },
    ]);
    const got = control.map(({ kind }) => kind);
    expect(new Set(got)).toEqual(
      new Set(['ipv6-pktinfo', 'ipv6-hoplimit', 'ipv6-tclass', 'ipv6-hopopts', 'ipv6-dstopts', 'ipv6-origdstaddr']),
    );
  });

  test('IPV6_DONTFRAG with one datagram, and the MTU told by IPV6_PATHMTU', async () => {
    using socket = net.socket(AF_INET6, SOCK_DGRAM);
    socket.setsockopt(IPPROTO_IPV6, 60, 1);
    using to = receiver(AF_INET6);
    const data = new Uint8Array(3000);
    await socket.sendmsg({ data, to: to.getsockname(), control: [{ kind: 'ipv6-dontfrag', on: 0 }] });
    expect((await to.recvmsg({ timeoutMs })).length).toBe(3000);
    const sending = socket.sendmsg({ data, to: to.getsockname(), control: [{ kind: 'ipv6-dontfrag', on: 1 }] });
    await expect(sending).rejects.toMatchObject({ code: 'EMSGSIZE' });
    // Not readable for poll(2), so it is asked for.
    const told = socket.tryRecvmsg({ size: 0 });
    expect(told?.controlOf('ipv6-pathmtu')).toMatchObject({ mtu: 1500, address: { family: 'inet6', address: '::1' } });
  });

  test.for([
    ['IPV6_RTHDR', 'IPV6_RECVRTHDR', 'IPV6_RECVDSTOPTS', 'ipv6-rthdr', 'ipv6-dstopts'],
    ['IPV6_2292RTHDR', 'IPV6_2292RTHDR', 'IPV6_2292DSTOPTS', 'ipv6-2292rthdr', 'ipv6-2292dstopts'],
  ] as const)(
    '%s received, and the options before it (RFC 3542 §7, §9)',
    async ([, ask, askOptions, kind, options], context) => {
      for (const name of ['all', 'lo']) setSysctl(net, `ipv6/conf/${name}/seg6_enabled`, 1);
      using to = receiver(AF_INET6, ask, askOptions);
      using sender = net.socket(AF_INET6, SOCK_DGRAM);
      try {
        // In sendmsg Linux takes a routing header of type 2 only (mobile IPv6); segment routing goes by the option.
        sender.setsockopt(IPPROTO_IPV6, 55, PADDED);
        sender.setsockopt(IPPROTO_IPV6, 57, SEGMENTS);
      } catch (error) {
        if (!(error instanceof SocketError && error.code === 'EINVAL')) throw error;
        return context.skip('this kernel has no segment routing (CONFIG_IPV6_SEG6)');
      }
      await sender.sendto('by way of', to.getsockname());
      const message = await to.recvmsg({ timeoutMs });
      // Next header UDP, two units of eight bytes more, type 4.
      expect(message.controlOf(kind)?.data.subarray(0, 3)).toEqual(bytes(17, 2, 4));
      expect(message.controlOf(kind)?.data.subarray(8)).toEqual(SEGMENTS.subarray(8));
      expect(message.controlOf(options)?.data).toEqual(bytes(43, 0, 1, 4, 0, 0, 0, 0));
      return undefined;
    },
  );

  test('a routing header and the options before it are taken by sendmsg, or refused as such', async () => {
    using sender = net.socket(AF_INET6, SOCK_DGRAM);
    const home = bytes(0, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const before = [{ kind: 'ipv6-rthdrdstopts', data: PADDED }] as const;
    expect(await sender.sendmsg({ data: 'x', to: '[::1]:9', control: before })).toBe(1);
    for (const kind of ['ipv6-rthdr', 'ipv6-2292rthdr'] as const) {
      const outcome = await sender.sendmsg({ data: 'x', to: '[::1]:9', control: [{ kind, data: home }] }).then(
        () => 'sent',
        (error: SocketError) => error.code,
      );
      // EINVAL where the kernel is built without mobile IPv6.
      expect(outcome).toMatch(/^(sent|EINVAL)$/);
    }
  });

  test('IP_PROTOCOL with one packet whose header is our own', async () => {
    using raw = net.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    using to = net.socket(AF_INET, SOCK_RAW, 253);
    const header = bytes(0x45, 0, 0, 0, 0, 0, 0, 0, 64, 253, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 1, 2, 3);
    const packet = (protocol: number): Promise<number> =>
      raw.sendmsg({ data: header, to: '127.0.0.1:0', control: [{ kind: 'ip-protocol', protocol }] });
    expect(await packet(253)).toBe(23);
    expect((await to.recvmsg({ timeoutMs })).data.subarray(20)).toEqual(bytes(1, 2, 3));
    await expect(packet(256)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test('what the kernel does not take at this level is refused, and the socket stays usable', async () => {
    using to = receiver(AF_INET);
    using socket = net.socket(AF_INET, SOCK_DGRAM);
    const target = to.getsockname();
    const unknown: ControlMessage = { kind: 'unknown', level: IPPROTO_IP, type: 200, data: bytes(1, 2, 3, 4) };
    await expect(socket.sendmsg({ data: 'x', to: target, control: [unknown] })).rejects.toMatchObject({
      code: 'EINVAL',
    });
    await expect(
      socket.sendmsg({ data: 'x', to: target, control: [{ kind: 'ip-ttl', ttl: 256 }] }),
    ).rejects.toMatchObject({ code: 'EINVAL' });
    expect(await socket.sendmsg({ data: 'x', to: target, control: [{ kind: 'ip-ttl', ttl: 255 }] })).toBe(1);
  });

  test('room for less than came: the message says so and what is cut is unknown or gone', async () => {
    using to = receiver(AF_INET, 'IP_PKTINFO', 'IP_RECVTTL');
    using socket = net.socket(AF_INET, SOCK_DGRAM);
    const seen: ReceivedControl[][] = [];
    for (const controlSize of [0, 15, 16, 20, 28, 32, 40, 56]) {
      await socket.sendto('x', to.getsockname());
      const message = await to.recvmsg({ controlSize, timeoutMs });
      expect(message.controlTruncated).toBe(controlSize < 52);
      seen.push([...message.control]);
    }
    expect(seen.map((control) => control.map(({ kind }) => kind))).toEqual([
      [],
      [],
      ['unknown'],
      ['unknown'],
      ['ip-pktinfo'],
      ['ip-pktinfo'],
      ['ip-pktinfo'],
      ['ip-pktinfo', 'ip-ttl'],
    ]);
  });

  test('IP_CHECKSUM', async (context) => {
    using to = receiver(AF_INET, 'IP_CHECKSUM');
    const { control } = await exchange(to, []);
    const sum = control.find(({ kind }) => kind === 'ip-checksum');
    if (sum === undefined)
      return context.skip('loopback computes no full checksum, which is what the kernel passes on');
    expect(sum).toMatchObject({ sum: expect.any(Number) });
    return undefined;
  });

  test('SCM_SECURITY of IP (IP_PASSSEC)', async (context) => {
    using to = receiver(AF_INET, 'IP_PASSSEC');
    const { control } = await exchange(to, []);
    const label = control.find(({ kind }) => kind === 'ip-security');
    if (label === undefined) return context.skip('no security module labels packets here');
    expect(label).toMatchObject({ label: expect.any(String) });
    return undefined;
  });
});
