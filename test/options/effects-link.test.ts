/**
 * Shows what options of packet, netlink, raw and vsock sockets do: what is received, from where, with which extras.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { NetlinkClient } from '../../src/netlink/client.ts';
import { NetlinkWriter } from '../../src/netlink/message.ts';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { kernel } from '../../src/os/kernel.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_VSOCK,
  AF_XDP,
  ICMPV6,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  NETLINK,
  PACKET,
  PACKET_FANOUT_CBPF,
  PACKET_FANOUT_LB,
  PACKET_MR_MULTICAST,
  PACKET_MR_PROMISC,
  RAW,
  SO,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  type Socket,
  VSOCK,
  XDP,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, timeoutMs } from './setting.ts';

const LO = 1;
const ETH_P_ALL = 0x0003;
const ETH_P_IP = 0x0800;
const RTNLGRP_LINK = 1;

describeInNamespace(import.meta.url, 'effects of options of packet, netlink and raw sockets', () => {
  let local: NetworkNamespace;
  beforeAll(() => {
    local = loopbackNamespace('link');
  });
  afterAll(() => local.close());

  /** Hears the loopback interface, where every packet comes twice: going out and coming in. */
  function packets(prepare: (socket: Socket) => void = () => {}): Socket {
    const socket = local.socket(AF_PACKET, SOCK_RAW);
    prepare(socket);
    socket.bind({ family: 'packet', ifindex: LO, protocol: ETH_P_ALL });
    return socket;
  }

  function traffic(count = 1): void {
    using socket = local.socket(AF_INET, SOCK_DGRAM);
    for (let i = 0; i < count; i++) socket.trySendto(Uint8Array.of(i), '127.0.0.1:9');
  }

  function drain(socket: Socket): Uint8Array[] {
    const all: Uint8Array[] = [];
    const room = new Uint8Array(2048);
    for (let n = socket.tryRecv(room); n !== null; n = socket.tryRecv(room)) all.push(room.slice(0, n));
    return all;
  }

  shows('PACKET_STATISTICS', 'counts what came and what was dropped, since it was last read', async () => {
    using socket = packets((one) => one.set(SO.RCVBUF, 2048));
    socket.get(PACKET.STATISTICS);
    traffic(50);
    const { packets: came, drops } = socket.get(PACKET.STATISTICS);
    expect(came).toBeGreaterThanOrEqual(100);
    expect(drops).toBeGreaterThan(0);
    expect(socket.get(PACKET.STATISTICS).packets).toBe(0);
    socket.set(PACKET.VERSION, 2);
    expect(socket.get(PACKET.STATISTICS)).toHaveProperty('freezes');
  });

  shows(
    ['PACKET_ADD_MEMBERSHIP', 'PACKET_DROP_MEMBERSHIP'],
    'the interface listens to one more group, and no more',
    () => {
      using route = new Rtnetlink(local);
      route.addVeth({ name: 'one' }, { name: 'two' });
      const { index } = route.link('one');
      route.setLink(index, { up: true });
      const listens = (): boolean =>
        local.run(() => /one .* 0190aabbccdd$/m.test(readFileSync('/proc/thread-self/net/dev_mcast', 'utf8')));
      using socket = local.socket(AF_PACKET, SOCK_RAW);
      const address = Uint8Array.of(0x01, 0x90, 0xaa, 0xbb, 0xcc, 0xdd);
      const membership = { ifindex: index, type: PACKET_MR_MULTICAST, address };
      socket.set(PACKET.ADD_MEMBERSHIP, membership);
      expect(listens()).toBe(true);
      socket.set(PACKET.DROP_MEMBERSHIP, membership);
      expect(listens()).toBe(false);
      socket.set(PACKET.ADD_MEMBERSHIP, { ifindex: index, type: PACKET_MR_PROMISC });
      expect(() => socket.set(PACKET.ADD_MEMBERSHIP, { ifindex: 9999, type: PACKET_MR_PROMISC })).toThrow(/ENODEV/);
      route.deleteLink(index);
    },
  );

  shows('PACKET_AUXDATA', 'lengths and offsets come with each packet', async () => {
    using socket = packets((one) => one.set(PACKET.AUXDATA, true));
    traffic();
    const message = await socket.recvmsg({ size: 10, controlSize: 128, timeoutMs });
    expect(message.controlOf('packet-auxdata')).toMatchObject({ length: 43, net: 14 });
  });

  shows('PACKET_IGNORE_OUTGOING', 'what goes out is not heard', () => {
    using all = packets();
    using incoming = packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    drain(all);
    drain(incoming);
    traffic();
    const [heardAll, heardIncoming] = [drain(all).length, drain(incoming).length];
    expect(heardAll).toBe(2 * heardIncoming);
    expect(heardIncoming).toBeGreaterThan(0);
  });

  shows(['PACKET_FANOUT', 'PACKET_ROLLOVER_STATS'], 'two sockets of a group share the packets', () => {
    const open = (): Socket => packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    using a = open();
    using b = open();
    for (const socket of [a, b]) {
      socket.set(PACKET.FANOUT, { id: 77, type: PACKET_FANOUT_LB, flags: 0x1000 });
      drain(socket);
    }
    traffic(20);
    const counts = [drain(a).length, drain(b).length];
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(a.get(PACKET.FANOUT)).toMatchObject({ id: 77, type: PACKET_FANOUT_LB });
    expect(a.get(PACKET.ROLLOVER_STATS)).toMatchObject({ failed: expect.any(BigInt) });
  });

  shows('PACKET_FANOUT_DATA', 'a program picks the socket of the group', () => {
    using a = packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    using b = packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    for (const socket of [a, b]) socket.set(PACKET.FANOUT, { id: 78, type: PACKET_FANOUT_CBPF, flags: 0 });
    a.set(PACKET.FANOUT_DATA, [{ code: 0x06, jt: 0, jf: 0, k: 1 }]);
    for (const socket of [a, b]) drain(socket);
    traffic(5);
    expect(drain(a)).toEqual([]);
    expect(drain(b).length).toBeGreaterThanOrEqual(5);
  });

  shows(
    ['PACKET_VERSION', 'PACKET_RX_RING', 'PACKET_TX_RING', 'PACKET_RESERVE', 'PACKET_HDRLEN'],
    'a ring is made of blocks that fit, and fixes the version',
    () => {
      using socket = packets();
      socket.set(PACKET.VERSION, 2);
      socket.set(PACKET.RESERVE, 32);
      expect(socket.get(PACKET.HDRLEN)).toBe(48);
      const ring = { blockSize: 4096, blockCount: 4, frameSize: 2048, frameCount: 8 };
      expect(() => socket.set(PACKET.RX_RING, { ...ring, frameCount: 9, retireMs: 10 })).toThrow(/EINVAL/);
      socket.set(PACKET.RX_RING, { ...ring, retireMs: 10 });
      expect(() => socket.set(PACKET.VERSION, 1)).toThrow(/EBUSY/);
      expect(() => socket.set(PACKET.RESERVE, 64)).toThrow(/EBUSY/);
      using sender = packets();
      sender.set(PACKET.VERSION, 1);
      sender.set(PACKET.TX_RING, ring);
      expect(() => sender.set(PACKET.VERSION, 0)).toThrow(/EBUSY/);
    },
  );

  shows(['PACKET_LOSS', 'PACKET_TX_HAS_OFF'], 'cannot change once there is a ring', () => {
    using socket = packets();
    socket.set(PACKET.TX_RING, { blockSize: 4096, blockCount: 1, frameSize: 2048, frameCount: 2 });
    expect(() => socket.set(PACKET.LOSS, true)).toThrow(/EBUSY/);
    socket.set(PACKET.TX_HAS_OFF, true);
    expect(socket.get(PACKET.TX_HAS_OFF)).toBe(false);
  });

  shows(['PACKET_VNET_HDR', 'PACKET_VNET_HDR_SZ'], 'packets begin with a header of 10 or 12 bytes', async () => {
    using plain = packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    using ten = packets((one) => {
      one.set(PACKET.IGNORE_OUTGOING, true);
      one.set(PACKET.VNET_HDR, true);
    });
    using twelve = packets((one) => {
      one.set(PACKET.IGNORE_OUTGOING, true);
      one.set(PACKET.VNET_HDR_SZ, 12);
    });
    for (const socket of [plain, ten, twelve]) drain(socket);
    traffic();
    const lengths = [plain, ten, twelve].map((socket) => drain(socket)[0]?.length ?? 0);
    expect(lengths).toEqual([43, 53, 55]);
  });

  shows('PACKET_ORIGDEV', 'what comes in on an interface that stands on another names that other', async (context) => {
    using route = new Rtnetlink(local);
    route.addVeth({ name: 'below' }, { name: 'beside' });
    const below = route.link('below').index;
    const beside = route.link('beside').index;
    for (const index of [below, beside]) route.setLink(index, { up: true });
    using client = new NetlinkClient(local, 0);
    // RTM_NEWLINK: IFLA_IFNAME, IFLA_LINK, IFLA_LINKINFO with IFLA_INFO_KIND.
    const body = new NetlinkWriter()
      .zeros(16)
      .attribute(3, 'above\0')
      .attribute(5, below)
      .nest(18, (info) => info.attribute(1, 'macvlan'))
      .finish();
    try {
      client.request({ name: 'rtnetlink RTM_NEWLINK', type: 16, flags: 0x600, body });
    } catch {
      return context.skip('this kernel has no macvlan');
    }
    const above = route.link('above');
    route.setLink(above.index, { up: true });
    const frame = new Uint8Array(60);
    frame.set((above.address as string).split(':').map((octet) => Number.parseInt(octet, 16)));
    // An experimental EtherType, so that nobody else speaks it.
    frame.set([0x88, 0xb5], 12);
    using sender = local.socket(AF_PACKET, SOCK_RAW);
    for (const [on, index] of [
      [false, above.index],
      [true, below],
    ] as const) {
      using receiver = local.socket(AF_PACKET, SOCK_RAW);
      receiver.set(PACKET.ORIGDEV, on);
      receiver.bind({ family: 'packet', ifindex: above.index, protocol: 0x88b5 });
      await sender.sendto(frame, { family: 'packet', ifindex: beside, protocol: 0x88b5 });
      expect((await receiver.recvfrom(64, { timeoutMs })).address).toMatchObject({ family: 'packet', ifindex: index });
    }
    route.deleteLink(below);
    return undefined;
  });

  shows('PACKET_QDISC_BYPASS', 'what is sent arrives, past the queueing discipline', async () => {
    using receiver = packets((one) => one.set(PACKET.IGNORE_OUTGOING, true));
    using sender = packets((one) => one.set(PACKET.QDISC_BYPASS, true));
    drain(receiver);
    const frame = new Uint8Array(60);
    frame.set([8, 0, 0x45], 12);
    await sender.sendto(frame, { family: 'packet', ifindex: LO, protocol: ETH_P_IP });
    expect((await receiver.recv(128, { timeoutMs })).length).toBe(60);
  });

  // ---------------------------------------------------------------- netlink

  function netlink(): Socket {
    const socket = local.socket(AF_NETLINK, SOCK_RAW, 0);
    socket.bind({ family: 'netlink', pid: 0, groups: 0 });
    return socket;
  }

  function notice(mtu: number): void {
    using route = new Rtnetlink(local);
    route.setLink(LO, { mtu });
  }

  shows(
    ['NETLINK_ADD_MEMBERSHIP', 'NETLINK_DROP_MEMBERSHIP', 'NETLINK_LIST_MEMBERSHIPS', 'NETLINK_PKTINFO'],
    'notices of a group come from joining to leaving, with its number',
    async () => {
      using socket = netlink();
      socket.set(NETLINK.PKTINFO, true);
      socket.set(NETLINK.ADD_MEMBERSHIP, RTNLGRP_LINK);
      expect(socket.get(NETLINK.LIST_MEMBERSHIPS)[0]).toBe(1);
      notice(30_000);
      const message = await socket.recvmsg({ size: 8192, controlSize: 64, timeoutMs });
      expect(message.control).toEqual([{ kind: 'netlink-pktinfo', group: RTNLGRP_LINK }]);
      drain(socket);
      socket.set(NETLINK.DROP_MEMBERSHIP, RTNLGRP_LINK);
      notice(30_001);
      await expect(socket.recv(100, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    },
  );

  shows('NETLINK_LISTEN_ALL_NSID', 'notices of another namespace come, with the id that it has here', async () => {
    using other = loopbackNamespace('other');
    using client = new NetlinkClient(local, 0);
    // RTM_NEWNSID: struct rtgenmsg, NETNSA_NSID, NETNSA_FD.
    const body = new NetlinkWriter().zeros(4).attribute(1, 7).attribute(3, other.fd).finish();
    client.request({ name: 'rtnetlink RTM_NEWNSID', type: 88, body });
    using socket = netlink();
    socket.set(NETLINK.ADD_MEMBERSHIP, RTNLGRP_LINK);
    const change = (mtu: number): void => {
      using route = new Rtnetlink(other);
      route.setLink(LO, { mtu });
    };
    change(30_000);
    expect(socket.tryReady('in')).toBe(false);
    socket.set(NETLINK.LISTEN_ALL_NSID, true);
    change(30_001);
    const message = await socket.recvmsg({ size: 8192, controlSize: 64, timeoutMs });
    expect(message.control).toEqual([{ kind: 'netlink-nsid', nsid: 7 }]);
  });

  /** Asks for a link that is not there. */
  function wrongRequest(): Uint8Array {
    const request = new Uint8Array(32);
    const view = new DataView(request.buffer);
    view.setUint32(0, 32, true);
    view.setUint16(4, 16, true);
    view.setUint16(6, 0x1 | 0x4, true);
    view.setUint32(8, 7, true);
    view.setInt32(20, 9999, true);
    return request;
  }

  shows('NETLINK_CAP_ACK', 'an acknowledgement repeats only the header of the request', async () => {
    using socket = netlink();
    const lengths: number[] = [];
    for (const on of [false, true]) {
      socket.set(NETLINK.CAP_ACK, on);
      await socket.sendto(wrongRequest(), { family: 'netlink', pid: 0, groups: 0 });
      lengths.push((await socket.recv(512, { timeoutMs })).length);
    }
    expect(lengths).toEqual([16 + 4 + 32, 16 + 4 + 16]);
  });

  shows(['NETLINK_EXT_ACK', 'NETLINK_GET_STRICT_CHK'], 'a wrong request is refused, with words', async () => {
    using socket = netlink();
    socket.set(NETLINK.EXT_ACK, true);
    socket.set(NETLINK.GET_STRICT_CHK, true);
    // A dump of links whose header has bits that a strict kernel does not take.
    const request = wrongRequest();
    const view = new DataView(request.buffer);
    view.setUint16(4, 18, true);
    view.setUint16(6, 0x1 | 0x4 | 0x300, true);
    view.setUint32(28, 1, true);
    await socket.sendto(request, { family: 'netlink', pid: 0, groups: 0 });
    const answer = await socket.recv(1024, { timeoutMs });
    expect(new TextDecoder().decode(answer)).toMatch(/[a-z]{4}/);
  });

  shows('NETLINK_NO_ENOBUFS', 'a receive buffer that is full is no error', async () => {
    for (const quiet of [false, true]) {
      using socket = netlink();
      socket.set(SO.RCVBUF, 2048);
      socket.set(NETLINK.NO_ENOBUFS, quiet);
      socket.set(NETLINK.ADD_MEMBERSHIP, RTNLGRP_LINK);
      for (let i = 0; i < 12; i++) notice(20_000 + i);
      const read = (): Uint8Array[] => drain(socket);
      if (quiet) expect(read().length).toBeGreaterThan(0);
      else expect(read).toThrow(/ENOBUFS/);
    }
  });

  // ---------------------------------------------------------------- raw

  shows('ICMP_FILTER', 'blocked types are not received', async () => {
    using all = local.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    using filtered = local.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    // Destination unreachable.
    filtered.set(RAW.ICMP_FILTER, [3]);
    traffic();
    await all.ready('in', { timeoutMs });
    expect(drain(all).map((packet) => packet[20])).toContain(3);
    expect(drain(filtered)).toEqual([]);
  });

  shows('ICMPV6_FILTER', 'blocked types are not received', async () => {
    using all = local.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    using filtered = local.socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    filtered.set(ICMPV6.FILTER, [1]);
    using socket = local.socket(AF_INET6, SOCK_DGRAM);
    socket.trySendto(Uint8Array.of(1), '[::1]:9');
    await all.ready('in', { timeoutMs });
    expect(drain(all).map((message) => message[0])).toContain(1);
    expect(drain(filtered)).toEqual([]);
  });

  // ---------------------------------------------------------------- vsock, XDP

  shows(
    ['SO_VM_SOCKETS_BUFFER_SIZE', 'SO_VM_SOCKETS_BUFFER_MIN_SIZE', 'SO_VM_SOCKETS_BUFFER_MAX_SIZE'],
    'the size stays between its bounds',
    (context) => {
      using socket = openVsock();
      if (socket === undefined) return context.skip('this kernel has no vsock');
      socket.set(VSOCK.BUFFER_MAX_SIZE, 100_000n);
      socket.set(VSOCK.BUFFER_SIZE, 5_000_000n);
      expect(socket.get(VSOCK.BUFFER_SIZE)).toBe(100_000n);
      socket.set(VSOCK.BUFFER_MIN_SIZE, 50_000n);
      socket.set(VSOCK.BUFFER_SIZE, 10n);
      expect(socket.get(VSOCK.BUFFER_SIZE)).toBe(50_000n);
      return undefined;
    },
  );

  shows(['SO_VM_SOCKETS_CONNECT_TIMEOUT', 'SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW'], 'both set the same time', (context) => {
    using socket = openVsock();
    if (socket === undefined) return context.skip('this kernel has no vsock');
    socket.set(VSOCK.CONNECT_TIMEOUT_NEW, 3000);
    expect(socket.get(VSOCK.CONNECT_TIMEOUT)).toBe(3000);
    return undefined;
  });

  function openVsock(): Socket | undefined {
    try {
      return kernel.socket(AF_VSOCK, SOCK_STREAM);
    } catch {
      return undefined;
    }
  }

  shows(
    [
      'XDP_RX_RING',
      'XDP_TX_RING',
      'XDP_UMEM_FILL_RING',
      'XDP_UMEM_COMPLETION_RING',
      'XDP_UMEM_REG',
      'XDP_MMAP_OFFSETS',
    ],
    'rings are made once, with a power of two of entries',
    (context) => {
      let socket: Socket;
      try {
        socket = local.socket(AF_XDP, SOCK_RAW);
      } catch {
        return context.skip('this kernel has no AF_XDP');
      }
      socket.set(XDP.RX_RING, 64);
      expect(() => socket.set(XDP.RX_RING, 64)).toThrow(/EINVAL/);
      expect(() => socket.set(XDP.TX_RING, 63)).toThrow(/EINVAL/);
      for (const ring of [XDP.UMEM_FILL_RING, XDP.UMEM_COMPLETION_RING]) {
        socket.set(ring, 64);
        expect(() => socket.set(ring, 64)).toThrow(/EINVAL/);
      }
      expect(() => socket.set(XDP.UMEM_REG, new Uint8Array(32))).toThrow(/EINVAL/);
      expect(socket.get(XDP.MMAP_OFFSETS).rx.descriptors).toBeGreaterThan(0n);
      socket.close();
      return undefined;
    },
  );
});
