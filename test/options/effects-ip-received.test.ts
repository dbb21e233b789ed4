/**
 * Shows what options of IPv4 and IPv6 tell a receiver beside the bytes. Two hosts, and the wire between them in our hands.
 */
import { expect } from 'vitest';
import { IP, IP_PMTUDISC_DONT, IPV6, type Message, type Option, type Socket } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { shows, timeoutMs, useHosts, type Version } from './setting.ts';

/** RFC 8200 §4.2: PadN with four bytes of zeros fills the eight that a header has at least. */
const PADDED = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0);

describeInNamespace(import.meta.url, 'effects of IPv4 and IPv6 options on the receiver', () => {
  const hosts = useHosts();

  /** What the receiver is told of one datagram when it has set `option`. */
  async function received(
    option: Option<boolean>,
    version: Version = 4,
    prepare: (socket: Socket) => void = () => {},
    size = 4,
  ): Promise<Message> {
    const all = hosts();
    using target = all.udp('server', version);
    target.set(option, true);
    using socket = all.udp('client', version);
    prepare(socket);
    await socket.sendto(new Uint8Array(size), target.getsockname());
    return await target.recvmsg({ size: 4096, controlSize: 512, timeoutMs });
  }

  const told: readonly [
    name: string,
    option: Option<boolean>,
    version: Version,
    kind: string,
    says: Record<string, unknown>,
    prepare?: (socket: Socket) => void,
  ][] = [
    ['IP_RECVTTL', IP.RECVTTL, 4, 'ip-ttl', { ttl: 33 }, (s) => s.set(IP.TTL, 33)],
    ['IP_RECVTOS', IP.RECVTOS, 4, 'ip-tos', { tos: 0x68 }, (s) => s.set(IP.TOS, 0x68)],
    ['IPV6_RECVHOPLIMIT', IPV6.RECVHOPLIMIT, 6, 'ipv6-hoplimit', { hopLimit: 33 }, (s) => s.set(IPV6.UNICAST_HOPS, 33)],
    ['IPV6_RECVTCLASS', IPV6.RECVTCLASS, 6, 'ipv6-tclass', { tclass: 0x68 }, (s) => s.set(IPV6.TCLASS, 0x68)],
  ];

  async function tells(row: (typeof told)[number]): Promise<void> {
    const [, option, version, kind, says, prepare] = row;
    const message = await received(option, version, prepare);
    expect(message.control).toEqual([{ kind, ...says }]);
  }

  shows('IP_RECVTTL', 'the receiver reads the sender’s TTL', () => tells(told[0] as (typeof told)[number]));
  shows('IP_RECVTOS', 'the receiver reads the sender’s TOS', () => tells(told[1] as (typeof told)[number]));
  shows('IPV6_RECVHOPLIMIT', 'the receiver reads the sender’s hop limit', () =>
    tells(told[2] as (typeof told)[number]),
  );
  shows('IPV6_RECVTCLASS', 'the receiver reads the sender’s class', () => tells(told[3] as (typeof told)[number]));

  shows('IP_PKTINFO', 'the receiver reads interface and destination', async () => {
    const message = await received(IP.PKTINFO);
    expect(message.controlOf('ip-pktinfo')).toMatchObject({ specDst: '10.77.0.2', address: '10.77.0.2' });
  });

  shows('IPV6_RECVPKTINFO', 'the receiver reads interface and destination', async () => {
    const message = await received(IPV6.RECVPKTINFO, 6);
    expect(message.controlOf('ipv6-pktinfo')).toMatchObject({ address: 'fd77::2' });
  });

  shows('IPV6_2292PKTINFO', 'the receiver reads interface and destination', async () => {
    const message = await received(IPV6['2292PKTINFO'], 6);
    expect(message.controlOf('ipv6-2292pktinfo')).toMatchObject({ address: 'fd77::2' });
  });

  shows('IPV6_2292HOPLIMIT', 'the receiver reads the hop limit', async () => {
    const message = await received(IPV6['2292HOPLIMIT'], 6, (socket) => socket.set(IPV6.UNICAST_HOPS, 5));
    expect(message.control).toEqual([{ kind: 'ipv6-2292hoplimit', hopLimit: 5 }]);
  });

  shows('IP_RECVOPTS', 'the receiver reads the header’s options', async () => {
    const message = await received(IP.RECVOPTS, 4, (socket) => socket.set(IP.OPTIONS, Uint8Array.of(1, 1, 1, 0)));
    expect(message.control).toEqual([{ kind: 'ip-recvopts', data: Uint8Array.of(1, 1, 1, 0) }]);
  });

  shows('IP_RETOPTS', 'the receiver reads them as an answer would have them', async () => {
    const route = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
    const message = await received(IP.RETOPTS, 4, (socket) => socket.set(IP.OPTIONS, route));
    expect(message.control[0]?.kind).toBe('ip-retopts');
  });

  shows('IP_ORIGDSTADDR', 'the receiver reads where it was addressed', async () => {
    const message = await received(IP.ORIGDSTADDR);
    expect(message.controlOf('ip-origdstaddr')?.address).toMatchObject({ address: '10.77.0.2' });
  });

  shows('IPV6_ORIGDSTADDR', 'the receiver reads where it was addressed', async () => {
    const message = await received(IPV6.ORIGDSTADDR, 6);
    expect(message.controlOf('ipv6-origdstaddr')?.address).toMatchObject({ address: 'fd77::2' });
  });

  shows('IP_CHECKSUM', 'the receiver reads a sum', async () => {
    const message = await received(IP.CHECKSUM);
    expect(message.control.map(({ kind }) => kind)).toEqual(['ip-checksum']);
  });

  shows('IP_RECVFRAGSIZE', 'the receiver reads the largest fragment’s size', async () => {
    const message = await received(IP.RECVFRAGSIZE, 4, (s) => s.set(IP.MTU_DISCOVER, IP_PMTUDISC_DONT), 3000);
    expect(message.controlOf('ip-recvfragsize')?.bytes).toBeGreaterThan(1000);
  });

  shows('IPV6_RECVFRAGSIZE', 'the receiver reads the largest fragment’s size', async () => {
    const message = await received(IPV6.RECVFRAGSIZE, 6, undefined, 3000);
    expect(message.controlOf('ipv6-recvfragsize')?.bytes).toBeGreaterThan(1000);
  });

  shows('IPV6_FLOWINFO', 'the receiver reads class and label', async () => {
    const message = await received(IPV6.FLOWINFO, 6, (socket) => socket.set(IPV6.TCLASS, 0x68));
    expect((message.controlOf('ipv6-flowinfo')?.flowinfo ?? 0) >>> 20).toBe(0x68);
  });

  const headers: readonly [Option<boolean>, string, Option<Uint8Array>, Uint8Array][] = [
    [IPV6.RECVHOPOPTS, 'ipv6-hopopts', IPV6.HOPOPTS, PADDED],
    [IPV6.RECVDSTOPTS, 'ipv6-dstopts', IPV6.DSTOPTS, PADDED],
    [IPV6['2292HOPOPTS'], 'ipv6-2292hopopts', IPV6.HOPOPTS, PADDED],
    [IPV6['2292DSTOPTS'], 'ipv6-2292dstopts', IPV6.DSTOPTS, PADDED],
  ];

  shows(
    ['IPV6_RECVHOPOPTS', 'IPV6_RECVDSTOPTS', 'IPV6_2292HOPOPTS', 'IPV6_2292DSTOPTS'],
    'the receiver reads the extension headers',
    async () => {
      for (const [option, kind, header, value] of headers) {
        const message = await received(option, 6, (socket) => socket.set(header, value));
        expect(message.control.map((one) => one.kind)).toEqual([kind]);
      }
    },
  );

  shows('IP_RECVERR', 'an unconnected socket hears that nobody listens', async () => {
    const all = hosts();
    using socket = all.udp('client');
    socket.set(IP.RECVERR, true);
    await socket.sendto('x', all.at('server', 9));
    await expect(socket.recv(10, { timeoutMs })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  shows('IPV6_RECVERR', 'an unconnected socket hears that nobody listens', async () => {
    const all = hosts();
    using socket = all.udp('client', 6);
    socket.set(IPV6.RECVERR, true);
    await socket.sendto('x', all.at('server', 9, 6));
    await expect(socket.recv(10, { timeoutMs })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  shows('IPV6_RECVPATHMTU', 'a smaller path is told as a control message', async () => {
    const all = hosts();
    using socket = all.udp('client', 6);
    socket.set(IPV6.RECVPATHMTU, true);
    socket.set(IPV6.DONTFRAG, true);
    expect(() => socket.trySendto(new Uint8Array(3000), all.at('server', 9, 6))).toThrow(/EMSGSIZE/);
    const message = await socket.recvmsg({ size: 16, controlSize: 256, timeoutMs });
    expect(message.controlOf('ipv6-pathmtu')?.mtu).toBe(1500);
  });
});
