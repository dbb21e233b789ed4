/** Control messages of UDP, TCP, packet and netlink sockets, and of time, on the kernel: set, sent, seen. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  type ControlKind,
  IPPROTO_TCP,
  IPPROTO_UDP,
  type Message,
  MSG_ERRQUEUE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_NETLINK,
  SOL_PACKET,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';

const timeoutMs = 5000;
const SO_RCVBUF = 8;
const SO_TXTIME = 61;
const TX_SOFTWARE = 2;
const RX_SOFTWARE = 8;
const SOFTWARE = 16;
const OPT_ID = 128;
const OPT_TSONLY = 2048;
const OPT_STATS = 4096;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const int32 = (...values: number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);
/** Nanoseconds of CLOCK_REALTIME, good to a millisecond. */
const nowNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;
const SECOND = 1_000_000_000n;

describeInNamespace(import.meta.url, 'control messages of transports and time', () => {
  let net: NetworkNamespace;
  beforeAll(() => {
    net = loopbackNamespace('transport');
  });
  afterAll(() => net.close());

  function udpPair(family: typeof AF_INET | typeof AF_INET6 = AF_INET): [Socket<2>, Socket<2>] {
    const sender = net.socket(family, SOCK_DGRAM);
    const to = net.socket(family, SOCK_DGRAM);
    to.bind(family === AF_INET ? '127.0.0.1:0' : '[::1]:0');
    sender.connectSync(to.getsockname());
    return [sender, to];
  }

  async function tcpPair(): Promise<[Socket<1>, Socket<1>]> {
    using listener = net.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:0');
    listener.listen();
    const client = net.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.getsockname(), { timeoutMs });
    return [client, await listener.accept({ timeoutMs })];
  }

  describe('UDP', () => {
    test.each([
      ['IPv4', AF_INET],
      ['IPv6', AF_INET6],
    ] as const)('UDP_SEGMENT cuts one send, UDP_GRO says how it was joined again, %s', async (_, family) => {
      const [sender, to] = udpPair(family);
      using _sender = sender;
      using _to = to;
      const data = Uint8Array.from({ length: 2500 }, (_value, i) => i);
      const control = [{ kind: 'udp-segment', bytes: 1000 }] as const;
      await sender.sendmsg({ data, control });
      const lengths: number[] = [];
      for (let i = 0; i < 3; i++) lengths.push((await to.recvmsg({ timeoutMs })).length);
      expect(lengths).toEqual([1000, 1000, 500]);
      to.setsockopt(IPPROTO_UDP, 104, 1); // UDP_GRO
      await sender.sendmsg({ data, control });
      const joined = await to.recvmsg({ timeoutMs });
      expect(joined.data).toEqual(data);
      expect(joined.controlOf('udp-gro')).toEqual({ kind: 'udp-gro', bytes: 1000 });
    });

    test('SO_RXQ_OVFL counts what found no room', async () => {
      const [sender, to] = udpPair();
      using _sender = sender;
      using _to = to;
      to.setsockopt(SOL_SOCKET, 40, 1);
      to.setsockopt(SOL_SOCKET, SO_RCVBUF, 4608);
      const sent = 100;
      for (let i = 0; i < sent; i++) await sender.send(new Uint8Array(500));
      let got = 0;
      while (to.tryRecv(new Uint8Array(500)) !== null) got++;
      expect(got).toBeLessThan(sent);
      await sender.send('after');
      const message = await to.recvmsg({ timeoutMs });
      expect(message.controlOf('rxq-ovfl')).toEqual({ kind: 'rxq-ovfl', dropped: sent - got });
    });
  });

  test('TCP_CM_INQ: what is left to read', async () => {
    const [client, server] = await tcpPair();
    using _client = client;
    using _server = server;
    server.setsockopt(IPPROTO_TCP, 36, 1); // TCP_INQ
    await client.sendAll('twelve bytes');
    const message = await server.recvmsg({ size: 5, timeoutMs });
    expect(text(message.data)).toBe('twelv');
    expect(message.controlOf('tcp-inq')).toEqual({ kind: 'tcp-inq', bytes: 7 });
  });

  test('PACKET_AUXDATA: lengths and where the headers are', async () => {
    using packet = net.socket(AF_PACKET, SOCK_RAW, 0x0300); // ETH_P_ALL in network order
    packet.bind({ family: 'packet', ifindex: 1, protocol: 3 });
    packet.setsockopt(SOL_PACKET, 8, 1);
    using sender = net.socket(AF_INET, SOCK_DGRAM);
    await sender.sendto('four', '127.0.0.1:9');
    const message = await packet.recvmsg({ size: 20, timeoutMs });
    expect(message.truncated).toBe(true);
    expect(message.controlOf('packet-auxdata')).toMatchObject({
      length: 14 + 20 + 8 + 4,
      // Bytes that a filter left of it, not those that were read.
      snapLength: 14 + 20 + 8 + 4,
      mac: 0,
      net: 14,
      vlanTci: 0,
    });
  });

  test('PACKET_AUXDATA: a VLAN tag that the kernel took out of the frame', async () => {
    using packet = net.socket(AF_PACKET, SOCK_RAW, 0x0300);
    packet.bind({ family: 'packet', ifindex: 1, protocol: 3 });
    packet.setsockopt(SOL_PACKET, 8, 1);
    using sender = net.socket(AF_PACKET, SOCK_RAW, 0);
    // Ethernet with an 802.1Q tag: priority 3, VLAN 42, then an experimental EtherType (IEEE 802).
    const frame = Uint8Array.from([...new Array<number>(12).fill(0), 0x81, 0x00, 0x60, 0x2a, 0x88, 0xb5, 1, 2, 3, 4]);
    await sender.sendto(frame, { family: 'packet', ifindex: 1, protocol: 0x8100 });
    let message: Message;
    do message = await packet.recvmsg({ size: 200, timeoutMs });
    while (message.address?.family !== 'packet' || message.address.pkttype === 4);
    expect(message.controlOf('packet-auxdata')).toMatchObject({ vlanTci: 0x602a, vlanTpid: 0x8100 });
  });

  test('NETLINK_PKTINFO: the group that a notice came through', async () => {
    using socket = net.socket(AF_NETLINK, SOCK_RAW, 0);
    socket.setsockopt(SOL_NETLINK, 3, 1);
    socket.bind({ family: 'netlink', pid: 0, groups: 1 }); // RTMGRP_LINK
    using route = new Rtnetlink(net);
    route.setLink(1, { mtu: 60_000 });
    const message = await socket.recvmsg({ timeoutMs });
    expect(message.controlOf('netlink-pktinfo')).toEqual({ kind: 'netlink-pktinfo', group: 1 });
    route.setLink(1, { mtu: 65_536 });
  });

  test('NETLINK_LISTEN_ALL_NSID: the namespace that a notice comes from', async () => {
    using socket = net.socket(AF_NETLINK, SOCK_RAW, 0);
    socket.setsockopt(SOL_NETLINK, 8, 1);
    socket.bind({ family: 'netlink', pid: 0, groups: 1 });
    using other = NetworkNamespace.create('other');
    using route = new Rtnetlink(net);
    // A pair with one end in each makes the two namespaces known to each other.
    route.addVeth({ name: 'ours0' }, { name: 'theirs0', netnsFd: other.fd });
    using inOther = new Rtnetlink(other);
    inOther.setLink(inOther.link('theirs0').index, { mtu: 1400 });
    let message: Message;
    do message = await socket.recvmsg({ timeoutMs });
    while (message.controlOf('netlink-nsid') === undefined);
    expect(message.controlOf('netlink-nsid')?.nsid).toBeGreaterThanOrEqual(0);
    route.deleteLink(route.link('ours0').index);
  });

  describe('time', () => {
    test.each([
      ['SO_TIMESTAMP', 29, 'timestamp', undefined],
      ['SO_TIMESTAMP_NEW', 63, 'timestamp', true],
      ['SO_TIMESTAMPNS', 35, 'timestampns', undefined],
      ['SO_TIMESTAMPNS_NEW', 64, 'timestampns', true],
    ] as const)('%s: when a datagram came', async (_, option, kind, wide) => {
      const [sender, to] = udpPair();
      using _sender = sender;
      using _to = to;
      to.setsockopt(SOL_SOCKET, option, 1);
      const before = nowNs();
      await sender.send('tick');
      const stamp = (await to.recvmsg({ timeoutMs })).controlOf(kind);
      expect(stamp?.wide).toBe(wide);
      expect(stamp?.ns).toBeGreaterThan(before - SECOND);
      expect(stamp?.ns).toBeLessThan(nowNs() + SECOND);
      if (kind === 'timestamp') expect((stamp?.ns ?? 1n) % 1000n).toBe(0n);
    });

    test.each([
      ['SO_TIMESTAMPING', 37, undefined],
      ['SO_TIMESTAMPING_NEW', 65, true],
    ] as const)(
      '%s: when one came, and when an answer asked for by its own control message went',
      async (_, option, wide) => {
        const [sender, to] = udpPair();
        using _sender = sender;
        using _to = to;
        to.setsockopt(SOL_SOCKET, option, RX_SOFTWARE | SOFTWARE);
        // The kernel begins to stamp all that comes in a work queue of its own, some time after the first who asks.
        for (let stamped = false; !stamped; ) {
          await sender.send('not asked for');
          stamped = (await to.recvmsg({ timeoutMs })).controlOf('timestamping') !== undefined;
        }
        sender.setsockopt(SOL_SOCKET, option, SOFTWARE | OPT_ID | OPT_TSONLY);
        await sender.send('not asked for');
        await to.recv(100, { timeoutMs });
        const request = { kind: 'timestamping-request', flags: TX_SOFTWARE, ...(wide && { wide }) } as const;
        await sender.sendmsg({ data: 'asked for', control: [request] });
        await sender.ready('err', { timeoutMs });
        const report = sender.tryRecvmsg({ flags: MSG_ERRQUEUE });
        const sent = report?.controlOf('timestamping');
        expect(report?.controlOf('ip-recverr')).toMatchObject({ errno: 42, origin: 4, info: 0, data: 0 });
        expect(sender.tryRecvmsg({ flags: MSG_ERRQUEUE })).toBeNull();
        const received = (await to.recvmsg({ timeoutMs })).controlOf('timestamping');
        expect({ ...received, softwareNs: 0n }).toEqual({
          kind: 'timestamping',
          softwareNs: 0n,
          legacyNs: 0n,
          hardwareNs: 0n,
          ...(wide && { wide }),
        });
        expect(received?.softwareNs).toBeGreaterThanOrEqual(sent?.softwareNs ?? SECOND ** 3n);
      },
    );

    test('SCM_TS_OPT_ID: a number of our choice comes back with the time', async (context) => {
      const [sender, to] = udpPair();
      using _sender = sender;
      using _to = to;
      sender.setsockopt(SOL_SOCKET, 37, SOFTWARE | OPT_ID | OPT_TSONLY);
      const control = [
        { kind: 'timestamping-request', flags: TX_SOFTWARE },
        { kind: 'ts-opt-id', id: 0xdead_beef },
      ] as const;
      try {
        await sender.sendmsg({ data: 'x', control });
      } catch (error) {
        if (!(error instanceof SocketError && error.code === 'EINVAL')) throw error;
        return context.skip('this kernel has no SCM_TS_OPT_ID (Linux 6.13)');
      }
      await sender.ready('err', { timeoutMs });
      expect(sender.tryRecvmsg({ flags: MSG_ERRQUEUE })?.controlOf('ip-recverr')).toMatchObject({ data: 0xdead_beef });
      return undefined;
    });

    test('SCM_TIMESTAMPING_OPT_STATS: figures of the connection with each time', async () => {
      const [client, server] = await tcpPair();
      using _client = client;
      using _server = server;
      client.setsockopt(SOL_SOCKET, 37, SOFTWARE | OPT_ID | OPT_TSONLY | OPT_STATS | TX_SOFTWARE);
      await client.send('stats');
      await client.ready('err', { timeoutMs });
      const stats = client.tryRecvmsg({ flags: MSG_ERRQUEUE })?.controlOf('timestamping-opt-stats')?.stats;
      expect(stats).toMatchObject({ totalRetrans: 0n, sndCwnd: expect.any(Number), minRttUs: expect.any(Number) });
      expect(Object.keys(stats ?? {}).length).toBeGreaterThanOrEqual(20);
    });

    test('SO_TXTIME: a time to leave at is taken once the option is on', async () => {
      const [sender, to] = udpPair();
      using _sender = sender;
      using _to = to;
      const control = [{ kind: 'txtime', ns: process.hrtime.bigint() + 1_000_000n }] as const;
      await expect(sender.sendmsg({ data: 'x', control })).rejects.toMatchObject({ code: 'EINVAL' });
      sender.setsockopt(SOL_SOCKET, SO_TXTIME, int32(1, 0)); // CLOCK_MONOTONIC, no flags
      await sender.sendmsg({ data: 'on time', control });
      expect(text(await to.recv(100, { timeoutMs }))).toBe('on time');
    });

    test('transmit times of a packet socket (PACKET_TX_TIMESTAMP)', async () => {
      using packet = net.socket(AF_PACKET, SOCK_RAW, 0);
      packet.bind({ family: 'packet', ifindex: 1, protocol: 0 });
      packet.setsockopt(SOL_SOCKET, 37, SOFTWARE | OPT_ID | OPT_TSONLY | TX_SOFTWARE);
      const frame = new Uint8Array(60);
      frame.set([0x88, 0xb5], 12);
      await packet.sendto(frame, { family: 'packet', ifindex: 1, protocol: 0x88b5 });
      await packet.ready('err', { timeoutMs });
      const report = packet.tryRecvmsg({ flags: MSG_ERRQUEUE });
      expect(report?.controlOf('packet-tx-timestamp')).toMatchObject({ errno: 42, origin: 4 });
      expect(report?.controlOf('timestamping')?.softwareNs).toBeGreaterThan(0n);
    });
  });

  describe('kinds that need what this machine may not have', () => {
    const probes: readonly [ControlKind, string, () => void][] = [
      ['tls-get-record-type', 'kernel TLS', () => tcpUlp()],
      ['tls-set-record-type', 'kernel TLS', () => tcpUlp()],
      ['alg-op', 'AF_ALG', () => net.socket(38, SOCK_SEQPACKET).close()],
      ['alg-iv', 'AF_ALG', () => net.socket(38, SOCK_SEQPACKET).close()],
      ['alg-aead-assoclen', 'AF_ALG', () => net.socket(38, SOCK_SEQPACKET).close()],
    ];

    function tcpUlp(): void {
      using socket = net.socket(AF_INET, SOCK_STREAM);
      try {
        socket.setsockopt(IPPROTO_TCP, 31, new TextEncoder().encode('tls'));
      } catch (error) {
        // A kernel that has it says that the socket is not connected.
        if (!(error instanceof SocketError && error.code === 'ENOTCONN')) throw error;
      }
    }

    test.for(probes)('%s', ([, what, probe], context) => {
      try {
        probe();
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        return context.skip(`no ${what} in this kernel (${error.code}): the layout is compared with CPython only`);
      }
      return context.skip(`${what} is there, but no test talks to it yet: the layout is compared with CPython only`);
    });

    test.for([
      ['wifi-status', 'a Wi-Fi card'],
      ['devmem-dmabuf', 'a network card with header split and device memory'],
      ['timestamping-pktinfo', 'a network card with a clock'],
      ['vsock-recverr', 'a virtual machine socket with zero copy'],
    ] as const)('%s', ([, what], context) => {
      context.skip(`needs ${what}`);
    });
  });
});
