/**
 * Shows what options of IPv4 and IPv6 do to the headers on the wire, to bind and to errors. Two hosts, and the wire between
 * them in our hands.
 */
import { expect } from 'vitest';
import { readU16 } from '../../src/core/index.ts';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { IFA_F_NODAD } from '../../src/netlink/rtnetlink-rows.ts';
import {
  AF_INET,
  AF_INET6,
  IP,
  IP_PMTUDISC_DO,
  IP_PMTUDISC_DONT,
  IPPROTO_ICMPV6,
  IPV6,
  IPV6_PREFER_SRC_PUBLIC,
  IPV6_PREFER_SRC_TMP,
  SO,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';
import type { Packet } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type Hosts, shows, text, timeoutMs, useHosts, type Version } from './setting.ts';

/** linux/if_addr.h. */
const IFA_F_TEMPORARY = 0x01;
const IFA_F_TENTATIVE = 0x40;
const IFA_F_MANAGETEMPADDR = 0x100;

const byteAt = (packet: Packet, offset: number): number => packet.bytes[offset] as number;
/** Packets of other tests may still be on their way: a port tells them apart. */
const isUdpTo =
  (port: number) =>
  (packet: Packet): boolean =>
    packet.find('udp')?.dstPort === port;
const dontFragment = (packet: Packet): boolean => (byteAt(packet, 6) & 0x40) !== 0;

/** IPv6: the byte with DSCP and ECN lies across two. */
const trafficClass = (packet: Packet): number => ((byteAt(packet, 0) << 4) | (byteAt(packet, 1) >> 4)) & 0xff;
const flowLabel = (packet: Packet): number =>
  ((byteAt(packet, 1) & 0x0f) << 16) | (byteAt(packet, 2) << 8) | byteAt(packet, 3);

describeInNamespace(import.meta.url, 'effects of IPv4 and IPv6 options on the sender', () => {
  const hosts = useHosts();

  /** The first UDP packet that one send makes, after `prepare`. */
  async function sent(
    prepare: (socket: Socket, hosts: Hosts) => void,
    version: Version = 4,
    size = 1,
  ): Promise<Packet> {
    const all = hosts();
    using target = all.udp('server', version);
    using socket = all.udp('client', version);
    prepare(socket, all);
    const from = all.mark;
    await socket.sendto(new Uint8Array(size), target.getsockname());
    const { port } = target.getsockname() as { port: number };
    // Behind IPv6's fragment header the port is not decoded.
    const isOurs = (packet: Packet): boolean =>
      packet.find('udp')?.dstPort === port || (packet.fragment !== undefined && readU16(packet.bytes, 50) === port);
    return await all.packet('client', from, isOurs);
  }

  // ---------------------------------------------------------------- headers that are sent

  shows('IP_TTL', 'the packet on the wire has it', async () => {
    expect(byteAt(await sent((socket) => socket.set(IP.TTL, 9)), 8)).toBe(9);
  });

  shows('IP_TOS', 'the packet on the wire has it', async () => {
    expect(byteAt(await sent((socket) => socket.set(IP.TOS, 0xb9)), 1)).toBe(0xb9);
  });

  shows('IP_MTU_DISCOVER', 'decides over the don’t-fragment bit on the wire, and over EMSGSIZE', async () => {
    expect(dontFragment(await sent((socket) => socket.set(IP.MTU_DISCOVER, IP_PMTUDISC_DO)))).toBe(true);
    expect(dontFragment(await sent((socket) => socket.set(IP.MTU_DISCOVER, IP_PMTUDISC_DONT)))).toBe(false);
    const all = hosts();
    using socket = all.udp('client');
    socket.set(IP.MTU_DISCOVER, IP_PMTUDISC_DO);
    expect(() => socket.trySendto(new Uint8Array(3000), all.at('server', 9))).toThrow(/EMSGSIZE/);
  });

  shows('IP_OPTIONS', 'the header on the wire is longer and has them', async () => {
    const packet = await sent((socket) => socket.set(IP.OPTIONS, Uint8Array.of(1, 1, 1, 0)));
    expect(byteAt(packet, 0)).toBe(0x46);
    expect([...packet.bytes.subarray(20, 24)]).toEqual([1, 1, 1, 0]);
  });

  shows('IP_HDRINCL', 'the header on the wire is the program’s own', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET, SOCK_RAW, 253);
    socket.set(IP.HDRINCL, true);
    const header = Uint8Array.of(0x45, 0x28, 0, 20, 0, 7, 0, 0, 33, 253, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2);
    const from = all.mark;
    await socket.sendto(header, { family: 'inet', address: all.address('server'), port: 0 });
    const packet = await all.packet('client', from, ({ bytes }) => bytes[9] === 253);
    expect([byteAt(packet, 1), byteAt(packet, 8), packet.bytes.length]).toEqual([0x28, 33, 20]);
  });

  shows('IPV6_UNICAST_HOPS', 'the packet on the wire has it', async () => {
    expect(byteAt(await sent((socket) => socket.set(IPV6.UNICAST_HOPS, 9), 6), 7)).toBe(9);
  });

  shows('IPV6_TCLASS', 'the packet on the wire has it', async () => {
    expect(trafficClass(await sent((socket) => socket.set(IPV6.TCLASS, 0xb9), 6))).toBe(0xb9);
  });

  shows('IPV6_AUTOFLOWLABEL', 'on, packets have a flow label; off, it is 0', async () => {
    const connected = (on: boolean) => (socket: Socket, all: Hosts) => {
      socket.set(IPV6.AUTOFLOWLABEL, on);
      socket.tryConnect(all.at('server', 9, 6));
    };
    expect(flowLabel(await sent(connected(true), 6))).not.toBe(0);
    expect(flowLabel(await sent(connected(false), 6))).toBe(0);
  });

  shows(['IPV6_FLOWLABEL_MGR', 'IPV6_FLOWINFO_SEND'], 'a leased label of ours is on the wire', async () => {
    const all = hosts();
    using target = all.udp('server', 6);
    using socket = all.udp('client', 6);
    const lease = { destination: all.address('server', 6), label: 0x12345, action: 0, share: 1, flags: 1, expires: 6 };
    socket.set(IPV6.FLOWLABEL_MGR, { ...lease, linger: 6 });
    socket.set(IPV6.FLOWINFO_SEND, true);
    const from = all.mark;
    const { port } = target.getsockname() as { port: number };
    const address = { family: 'inet6', address: all.address('server', 6), port, flowinfo: 0x12345 } as const;
    await socket.sendto('x', address);
    expect(flowLabel(await all.packet('client', from, isUdpTo(port)))).toBe(0x12345);
  });

  shows('IPV6_HDRINCL', 'the header on the wire is the program’s own', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET6, SOCK_RAW, 253);
    socket.set(IPV6.HDRINCL, true);
    const template = await sent(() => {}, 6);
    const header = template.bytes.slice(0, 40);
    header.set([0x60, 0, 0, 0, 0, 0, 253, 77]);
    const from = all.mark;
    await socket.sendto(header, { family: 'inet6', address: all.address('server', 6), port: 0 });
    const packet = await all.packet('client', from, ({ bytes }) => bytes[6] === 253);
    expect(byteAt(packet, 7)).toBe(77);
  });

  shows('IPV6_CHECKSUM', 'the kernel fills the checksum in at that offset', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET6, SOCK_RAW, 253);
    socket.set(IPV6.CHECKSUM, 2);
    const from = all.mark;
    await socket.sendto(new Uint8Array(8), { family: 'inet6', address: all.address('server', 6), port: 0 });
    const packet = await all.packet('client', from, ({ bytes }) => bytes[6] === 253);
    expect(byteAt(packet, 42) | byteAt(packet, 43)).not.toBe(0);
    using icmp = all.client.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    expect(() => icmp.set(IPV6.CHECKSUM, 4)).toThrow(/EINVAL/);
  });

  const PADDED = Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0);
  const SEGMENTS = Uint8Array.of(0, 2, 4, 0, 0, 0, 0, 0, 0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);

  shows('IPV6_HOPOPTS', 'every packet has that header', async () => {
    expect(byteAt(await sent((socket) => socket.set(IPV6.HOPOPTS, PADDED), 6), 6)).toBe(0);
  });

  shows('IPV6_DSTOPTS', 'every packet has that header', async () => {
    expect(byteAt(await sent((socket) => socket.set(IPV6.DSTOPTS, PADDED), 6), 6)).toBe(60);
  });

  shows(
    ['IPV6_RTHDR', 'IPV6_RTHDRDSTOPTS'],
    'a routing header and the options before it are in every packet',
    async () => {
      const all = hosts();
      using socket = all.udp('client', 6);
      socket.set(IPV6.RTHDRDSTOPTS, PADDED);
      socket.set(IPV6.RTHDR, SEGMENTS);
      expect(socket.get(IPV6.RTHDR)).toHaveLength(24);
      const from = all.mark;
      await socket.sendto('x', all.at('server', 9, 6));
      const packet = await all.packet('client', from, ({ bytes }) => bytes[6] === 60);
      expect([byteAt(packet, 6), byteAt(packet, 40)]).toEqual([60, 43]);
    },
  );

  shows('IPV6_DONTFRAG', 'what is too large is refused instead of cut', async () => {
    const all = hosts();
    using socket = all.udp('client', 6);
    socket.set(IPV6.DONTFRAG, true);
    expect(() => socket.trySendto(new Uint8Array(3000), all.at('server', 9, 6))).toThrow(/EMSGSIZE/);
    socket.set(IPV6.DONTFRAG, false);
    expect(socket.trySendto(new Uint8Array(3000), all.at('server', 9, 6))).toBe(3000);
  });

  shows('IPV6_MTU', 'fragments on the wire are no longer than it; read, it is the path’s', async () => {
    const packet = await sent((socket) => socket.set(IPV6.MTU, 1300), 6, 2000);
    expect(packet.bytes.length).toBeLessThanOrEqual(1300);
    expect(packet.fragment).toBeDefined();
    using socket = hosts().udp('client', 6);
    await socket.connect(hosts().at('server', 9, 6));
    expect(socket.get(IPV6.MTU)).toBe(1500);
    expect(socket.get(IPV6.PATHMTU).mtu).toBe(1500);
  });

  shows('IPV6_MTU_DISCOVER', 'DO refuses what is too large, DONT cuts it', () => {
    const all = hosts();
    using socket = all.udp('client', 6);
    socket.set(IPV6.MTU_DISCOVER, IP_PMTUDISC_DO);
    expect(() => socket.trySendto(new Uint8Array(3000), all.at('server', 9, 6))).toThrow(/EMSGSIZE/);
    socket.set(IPV6.MTU_DISCOVER, IP_PMTUDISC_DONT);
    expect(socket.trySendto(new Uint8Array(3000), all.at('server', 9, 6))).toBe(3000);
  });

  shows('IPV6_PKTINFO', 'sends through that interface, from which there is no way', () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET6, SOCK_DGRAM);
    socket.set(IPV6.PKTINFO, { address: '::', ifindex: 1 });
    expect(() => socket.trySendto(Uint8Array.of(1), all.at('server', 9, 6))).toThrow(/ENETUNREACH/);
    socket.set(IPV6.PKTINFO, { address: '::', ifindex: 0 });
    expect(socket.trySendto(Uint8Array.of(1), all.at('server', 9, 6))).toBe(1);
  });

  shows('IPV6_2292PKTOPTIONS', 'a header that is set once as a control message is in every packet', async () => {
    // struct cmsghdr: 24 bytes, level IPPROTO_IPV6, type IPV6_2292DSTOPTS.
    const message = Uint8Array.of(24, 0, 0, 0, 0, 0, 0, 0, 41, 0, 0, 0, 4, 0, 0, 0, ...PADDED);
    expect(byteAt(await sent((socket) => socket.set(IPV6['2292PKTOPTIONS'], message), 6), 6)).toBe(60);
    using pair = await hosts().connection({ version: 6 });
    expect(pair.server.get(IPV6['2292PKTOPTIONS'])).toEqual(new Uint8Array(0));
  });

  shows('IP_UNICAST_IF', 'sends through that interface', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET, SOCK_DGRAM);
    socket.set(IP.UNICAST_IF, 1);
    // There is no way from lo to the server.
    const through = (): number | null => socket.trySendto(Uint8Array.of(1), all.at('server', 4009));
    const from = all.mark;
    try {
      through();
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/ENETUNREACH|EINVAL/) });
    }
    expect(all.packets('client', from).filter(isUdpTo(4009))).toEqual([]);
    socket.set(IP.UNICAST_IF, 0);
    expect(through()).toBe(1);
  });

  shows('IPV6_UNICAST_IF', 'sends through that interface', () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET6, SOCK_DGRAM);
    socket.set(IPV6.UNICAST_IF, 1);
    expect(() => socket.trySendto(Uint8Array.of(1), all.at('server', 9, 6))).toThrow(/ENETUNREACH/);
  });

  // ---------------------------------------------------------------- bind and connect

  shows('IP_FREEBIND', 'an address that no interface has can be bound', () => {
    using socket = hosts().client.socket(AF_INET, SOCK_DGRAM);
    expect(() => socket.bind('192.0.2.7:0')).toThrow(/EADDRNOTAVAIL/);
    socket.set(IP.FREEBIND, true);
    socket.bind('192.0.2.7:0');
    expect(socket.getsockname()).toMatchObject({ address: '192.0.2.7' });
  });

  shows('IP_TRANSPARENT', 'a foreign address can be bound, and is the source on the wire', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET, SOCK_DGRAM);
    socket.set(IP.TRANSPARENT, true);
    socket.bind('192.0.2.9:4000');
    const from = all.mark;
    await socket.sendto('x', all.at('server', 9));
    const on = await all.packet('client', from, (packet) => packet.find('udp')?.srcPort === 4000);
    expect([...on.bytes.subarray(12, 16)]).toEqual([192, 0, 2, 9]);
  });

  shows(['IPV6_FREEBIND', 'IPV6_TRANSPARENT'], 'an address that no interface has can be bound', () => {
    for (const option of [IPV6.FREEBIND, IPV6.TRANSPARENT]) {
      using socket = hosts().client.socket(AF_INET6, SOCK_DGRAM);
      expect(() => socket.bind('[fd99::7]:0')).toThrow(/EADDRNOTAVAIL/);
      socket.set(option, true);
      socket.bind('[fd99::7]:0');
    }
  });

  shows('IP_BIND_ADDRESS_NO_PORT', 'bind takes no port; connect does', async () => {
    const all = hosts();
    using listener = all.listener();
    using socket = all.tcp('client');
    socket.set(IP.BIND_ADDRESS_NO_PORT, true);
    socket.bind(all.at('client', 0));
    expect(socket.getsockname()).toMatchObject({ port: 0 });
    await socket.connect(listener.getsockname(), { timeoutMs });
    expect((socket.getsockname() as { port: number }).port).toBeGreaterThan(0);
  });

  shows('IP_LOCAL_PORT_RANGE', 'chosen ports lie in it, and there are no more than it has', () => {
    const open: Socket[] = [];
    const bind = (): void => {
      const socket = hosts().client.socket(AF_INET, SOCK_STREAM);
      open.push(socket);
      socket.set(IP.LOCAL_PORT_RANGE, 40_003 * 65_536 + 40_000);
      socket.bind('127.0.0.1:0');
    };
    // The kernel tries an even number of ports.
    for (let i = 0; i < 4; i++) bind();
    const ports = open.map((socket) => (socket.getsockname() as { port: number }).port).sort((a, b) => a - b);
    expect(ports).toEqual([40_000, 40_001, 40_002, 40_003]);
    expect(bind).toThrow(/EADDRINUSE/);
    for (const socket of open) socket.close();
  });

  shows('IPV6_V6ONLY', 'a socket with it leaves the port to IPv4', () => {
    const all = hosts();
    using six = all.client.socket(AF_INET6, SOCK_STREAM);
    six.set(IPV6.V6ONLY, true);
    six.bind('[::]:0');
    const { port } = six.getsockname() as { port: number };
    using four = all.client.socket(AF_INET, SOCK_STREAM);
    four.bind(`0.0.0.0:${port}`);
    using both = all.client.socket(AF_INET6, SOCK_STREAM);
    both.set(IPV6.V6ONLY, false);
    expect(() => both.bind(`[::]:${port}`)).toThrow(/EADDRINUSE/);
  });

  shows('IPV6_ADDRFORM', 'a socket that is connected to a mapped address becomes one of IPv4', async () => {
    const all = hosts();
    using socket = all.client.socket(AF_INET6, SOCK_DGRAM);
    await socket.connect('[::ffff:10.77.0.2]:9');
    socket.set(IPV6.ADDRFORM, AF_INET);
    expect(socket.get(SO.DOMAIN)).toBe(AF_INET);
    expect(socket.getpeername()).toMatchObject({ family: 'inet', address: '10.77.0.2' });
  });

  shows('IPV6_ADDR_PREFERENCES', 'the source is the temporary address, or the public one', async () => {
    const all = hosts();
    using route = new Rtnetlink(all.client);
    const { ifname } = all.lab.client;
    const { index } = route.link(ifname);
    // RFC 8981: the kernel makes a temporary address beside one with this flag.
    all.lab.client.setSysctl(`ipv6.conf.${ifname}.use_tempaddr`, 1);
    route.addAddress(index, 'fd77::10/64', IFA_F_NODAD | IFA_F_MANAGETEMPADDR);
    // Not while it is tentative.
    const isTemporary = (flags: number): boolean => (flags & (IFA_F_TEMPORARY | IFA_F_TENTATIVE)) === IFA_F_TEMPORARY;
    const temporary = (): string | undefined =>
      route.addresses().find(({ flags, family }) => family === 'inet6' && isTemporary(flags))?.address;
    await expect.poll(temporary, { timeout: timeoutMs, interval: 5 }).toBeDefined();
    const source = async (preference: number): Promise<string> => {
      using socket = all.client.socket(AF_INET6, SOCK_DGRAM);
      socket.set(IPV6.ADDR_PREFERENCES, preference);
      await socket.connect(all.at('server', 9, 6));
      return (socket.getsockname() as { address: string }).address;
    };
    expect(await source(IPV6_PREFER_SRC_TMP)).toBe(temporary());
    expect(['fd77::1', 'fd77::10']).toContain(await source(IPV6_PREFER_SRC_PUBLIC));
    route.deleteAddress(index, 'fd77::10/64');
    using socket = all.udp('client', 6);
    const both = IPV6_PREFER_SRC_TMP | IPV6_PREFER_SRC_PUBLIC;
    expect(() => socket.set(IPV6.ADDR_PREFERENCES, both)).toThrow(/EINVAL/);
  });

  shows(['IP_MINTTL', 'IPV6_MINHOPCOUNT'], 'segments with less do not come in', async () => {
    for (const [version, option, most] of [
      [4, IP.MINTTL, IP.TTL],
      [6, IPV6.MINHOPCOUNT, IPV6.UNICAST_HOPS],
    ] as const) {
      using pair = await hosts().connection({ version });
      pair.server.set(option, 255);
      pair.client.set(most, 64);
      await pair.client.send('lost');
      await expect(pair.server.recv(10, { timeoutMs: 60 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
      pair.client.set(most, 255);
      // What was lost is sent again, now with enough.
      expect(text(await pair.server.recv(10, { timeoutMs }))).toBe('lost');
    }
  });
});
