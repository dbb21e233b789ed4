import { afterAll, beforeAll, expect } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { SockDiag } from '../../src/netlink/sock-diag.ts';
import { IN_USERNS } from '../../src/os/capabilities.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, IPPROTO_UDP, SO, SOCK_DGRAM, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, timeoutMs, useHosts } from './setting.ts';

/** Classic BPF: take all, take nothing, take datagrams whose first byte (behind the UDP header) is k. */
const take = (k: number) => ({ code: 0x06, jt: 0, jf: 0, k });
const ACCEPT = [take(0xffff_ffff)];
const DROP = [take(0)];
const onlyFirstByte = (value: number) => [
  { code: 0x30, jt: 0, jf: 0, k: 8 },
  { code: 0x15, jt: 0, jf: 1, k: value },
  take(0xffff_ffff),
  take(0),
];

const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

describeInNamespace(import.meta.url, 'effects of options of every socket', () => {
  const hosts = useHosts();
  let local: NetworkNamespace;
  beforeAll(() => {
    local = loopbackNamespace('local');
  });
  afterAll(() => local.close());

  function udp(address = '127.0.0.1:0', prepare: (socket: Socket) => void = () => {}): Socket {
    const socket = local.socket(AF_INET, SOCK_DGRAM);
    prepare(socket);
    socket.bind(address);
    return socket;
  }

  async function silent(socket: Socket): Promise<void> {
    await expect(socket.recv(10, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
  }

  // ---------------------------------------------------------------- addresses and ports

  shows('SO_REUSEADDR', 'a listener’s port can be bound again while an old connection waits in TIME-WAIT', async () => {
    const open = (reuse: boolean): Socket => {
      const socket = local.socket(AF_INET, SOCK_STREAM);
      socket.set(SO.REUSEADDR, reuse);
      return socket;
    };
    // Linux asks it of both: of who holds the port, and of who wants it.
    using first = open(true);
    first.bind('127.0.0.1:0');
    first.listen();
    using client = open(false);
    await client.connect(first.getsockname(), { timeoutMs });
    const server = await first.accept({ timeoutMs });
    // The server closes first, so that TIME-WAIT is its own.
    server.close();
    expect(await client.recv(new Uint8Array(1), { timeoutMs })).toBe(0);
    client.close();
    const address = first.getsockname();
    first.close();
    using without = open(false);
    expect(() => without.bind(address)).toThrow(/EADDRINUSE/);
    using again = open(true);
    again.bind(address);
  });

  shows('SO_REUSEPORT', 'two sockets bind one port, and both receive', async () => {
    using a = udp('127.0.0.1:0', (socket) => socket.set(SO.REUSEPORT, true));
    const address = a.getsockname();
    expect(() => udp(`127.0.0.1:${portOf(a)}`)).toThrow(/EADDRINUSE/);
    using b = udp(`127.0.0.1:${portOf(a)}`, (socket) => socket.set(SO.REUSEPORT, true));
    for (let i = 0; i < 64; i++) {
      using sender = udp();
      sender.trySendto(Uint8Array.of(i), address);
    }
    const count = (socket: Socket): number => {
      let n = 0;
      while (socket.tryRecv(new Uint8Array(1)) !== null) n++;
      return n;
    };
    const [inA, inB] = [count(a), count(b)];
    expect(inA + inB).toBe(64);
    expect(Math.min(inA, inB)).toBeGreaterThan(0);
  });

  shows(
    ['SO_ATTACH_REUSEPORT_CBPF', 'SO_DETACH_REUSEPORT_BPF'],
    'a program picks the socket by its index; taken away, the hash does again',
    async () => {
      using a = udp('127.0.0.1:0', (socket) => socket.set(SO.REUSEPORT, true));
      using b = udp(`127.0.0.1:${portOf(a)}`, (socket) => socket.set(SO.REUSEPORT, true));
      const group = [a, b];
      for (const index of [1, 0]) {
        a.set(SO.ATTACH_REUSEPORT_CBPF, [take(index)]);
        for (let i = 0; i < 16; i++) {
          using sender = udp();
          sender.trySendto(Uint8Array.of(i), a.getsockname());
        }
        expect(group.map((socket) => socket.tryReady('in'))).toEqual([index === 0, index === 1]);
        while ((group[index] as Socket).tryRecv(new Uint8Array(1)) !== null);
      }
      a.set(SO.DETACH_REUSEPORT_BPF, true);
      expect(() => a.set(SO.DETACH_REUSEPORT_BPF, true)).toThrow(/ENOENT/);
    },
  );

  shows('SO_BROADCAST', 'without it a broadcast is EACCES; with it everybody receives', async () => {
    using receiver = udp('0.0.0.0:0');
    using sender = udp('127.0.0.1:0');
    const broadcast = `127.255.255.255:${portOf(receiver)}`;
    expect(() => sender.trySendto(Uint8Array.of(1), broadcast)).toThrow(/EACCES/);
    sender.set(SO.BROADCAST, true);
    sender.trySendto(Uint8Array.of(7), broadcast);
    expect(await receiver.recv(10, { timeoutMs })).toEqual(Uint8Array.of(7));
  });

  shows('SO_DONTROUTE', 'hosts behind a gateway are out of reach', () => {
    const all = hosts();
    using route = new Rtnetlink(all.client);
    route.addRoute({ target: '198.51.100.0/24', gateway: all.address('server') });
    using socket = all.udp('client');
    expect(socket.trySendto(Uint8Array.of(1), '198.51.100.1:9')).toBe(1);
    socket.set(SO.DONTROUTE, true);
    expect(() => socket.trySendto(Uint8Array.of(1), '198.51.100.1:9')).toThrow(/ENETUNREACH|EHOSTUNREACH/);
  });

  shows(['SO_BINDTODEVICE', 'SO_BINDTOIFINDEX'], 'nothing leaves through another interface; sock_diag names it', () => {
    const all = hosts();
    for (const bind of [
      (socket: Socket) => socket.set(SO.BINDTODEVICE, 'lo'),
      (socket: Socket) => socket.set(SO.BINDTOIFINDEX, 1),
    ]) {
      using socket = all.client.socket(AF_INET, SOCK_DGRAM);
      bind(socket);
      socket.bind('0.0.0.0:0');
      using diag = new SockDiag(all.client);
      const row = diag
        .sockets({ protocol: 'udp', family: 'inet' })
        .find(({ source }) => source.port === portOf(socket));
      expect(row?.ifindex).toBe(1);
      const from = all.mark;
      try {
        socket.trySendto(Uint8Array.of(1), all.at('server', 9));
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/ENETUNREACH|EINVAL/) });
      }
      expect(all.packets('client', from).some((packet) => packet.find('udp')?.srcPort === portOf(socket))).toBe(false);
    }
    using socket = all.client.socket(AF_INET, SOCK_DGRAM);
    expect(() => socket.set(SO.BINDTODEVICE, 'nonesuch')).toThrow(/ENODEV/);
  });

  shows(['SO_MARK', 'SO_RCVMARK'], 'the receiver of the same machine reads the mark', async () => {
    using receiver = udp();
    receiver.set(SO.RCVMARK, true);
    using sender = udp();
    sender.set(SO.MARK, 0xcafe);
    await sender.sendto('x', receiver.getsockname());
    const message = await receiver.recvmsg({ size: 8, controlSize: 64, timeoutMs });
    expect(message.control).toEqual([{ kind: 'mark', mark: 0xcafe }]);
  });

  shows(['SO_PRIORITY', 'SO_RCVPRIORITY'], 'the receiver of the same machine reads the priority', async () => {
    using receiver = udp();
    receiver.set(SO.RCVPRIORITY, true);
    using sender = udp();
    sender.set(SO.PRIORITY, 5);
    await sender.sendto('x', receiver.getsockname());
    const message = await receiver.recvmsg({ size: 8, controlSize: 64, timeoutMs });
    expect(message.control).toEqual([{ kind: 'priority', priority: 5 }]);
  });

  // ---------------------------------------------------------------- filters

  shows(
    ['SO_ATTACH_FILTER', 'SO_GET_FILTER', 'SO_DETACH_FILTER', 'SO_LOCK_FILTER'],
    'a program drops what it says, can be read, taken away, and locked',
    async () => {
      using receiver = udp();
      using sender = udp();
      const say = (value: number): void => {
        sender.trySendto(Uint8Array.of(value), receiver.getsockname());
      };
      receiver.set(SO.ATTACH_FILTER, onlyFirstByte(7));
      expect(receiver.get(SO.GET_FILTER)).toEqual(onlyFirstByte(7));
      say(1);
      say(7);
      expect(await receiver.recv(10, { timeoutMs })).toEqual(Uint8Array.of(7));
      await silent(receiver);
      receiver.set(SO.DETACH_FILTER, true);
      say(1);
      expect(await receiver.recv(10, { timeoutMs })).toEqual(Uint8Array.of(1));
      receiver.set(SO.ATTACH_FILTER, ACCEPT);
      receiver.set(SO.LOCK_FILTER, true);
      expect(() => receiver.set(SO.ATTACH_FILTER, DROP)).toThrow(/EPERM/);
      expect(() => receiver.set(SO.LOCK_FILTER, false)).toThrow(/EPERM/);
    },
  );

  // ---------------------------------------------------------------- buffers, figures

  shows(['SO_SNDBUFFORCE', 'SO_RCVBUFFORCE'], 'sizes past the limits of net.core are taken', (context) => {
    if (process.env[IN_USERNS] !== undefined) return context.skip('needs CAP_NET_ADMIN in the first user namespace');
    using socket = udp();
    const huge = 64 * 1024 * 1024;
    socket.set(SO.RCVBUF, huge);
    expect(socket.get(SO.RCVBUF)).toBeLessThan(2 * huge);
    socket.set(SO.RCVBUFFORCE, huge);
    socket.set(SO.SNDBUFFORCE, huge);
    expect([socket.get(SO.RCVBUF), socket.get(SO.SNDBUF)]).toEqual([2 * huge, 2 * huge]);
    return undefined;
  });

  shows('SO_MEMINFO', 'the receive queue grows with what is not read', async () => {
    using receiver = udp();
    using sender = udp();
    expect(receiver.get(SO.MEMINFO).receiveQueue).toBe(0);
    await sender.sendto(new Uint8Array(1000), receiver.getsockname());
    expect(receiver.get(SO.MEMINFO).receiveQueue).toBeGreaterThan(1000);
  });

  shows(['SO_COOKIE', 'SO_NETNS_COOKIE'], 'each socket has its own; sockets of one namespace share the other', () => {
    using a = udp();
    using b = udp();
    expect(a.get(SO.COOKIE)).not.toBe(b.get(SO.COOKIE));
    expect(a.get(SO.NETNS_COOKIE)).toBe(b.get(SO.NETNS_COOKIE));
    using elsewhere = hosts().udp('client');
    expect(elsewhere.get(SO.NETNS_COOKIE)).not.toBe(a.get(SO.NETNS_COOKIE));
  });

  shows(['SO_TYPE', 'SO_DOMAIN', 'SO_PROTOCOL', 'SO_PEERNAME', 'SO_SNDLOWAT'], 'say what the socket is', async () => {
    using a = udp();
    using b = udp();
    await a.connect(b.getsockname());
    expect([a.get(SO.TYPE), a.get(SO.DOMAIN), a.get(SO.PROTOCOL)]).toEqual([SOCK_DGRAM, AF_INET, IPPROTO_UDP]);
    expect(a.get(SO.PEERNAME)).toEqual(b.getsockname());
    expect(a.get(SO.SNDLOWAT)).toBe(1);
  });

  shows('SO_ERROR', 'has the pending error, once', async () => {
    using socket = udp();
    using closed = udp();
    const address = closed.getsockname();
    closed.close();
    await socket.connect(address);
    await socket.send('x');
    await socket.ready('err', { timeoutMs });
    expect([socket.get(SO.ERROR), socket.get(SO.ERROR)]).toEqual([111, 0]);
  });

  shows(['SO_INCOMING_CPU', 'SO_INCOMING_NAPI_ID'], 'the CPU that the last packet came in on', async () => {
    using receiver = udp();
    expect(receiver.get(SO.INCOMING_CPU)).toBe(-1);
    using sender = udp();
    // Only connected UDP sockets keep it.
    await receiver.connect(sender.getsockname());
    await sender.sendto('x', receiver.getsockname());
    await receiver.recv(8, { timeoutMs });
    expect(receiver.get(SO.INCOMING_CPU)).toBeGreaterThanOrEqual(0);
    expect(receiver.get(SO.INCOMING_NAPI_ID)).toBe(0);
  });

  shows('SO_BPF_EXTENSIONS', 'is what linux/filter.h has as SKF_AD_MAX', () => {
    using socket = udp();
    expect(socket.get(SO.BPF_EXTENSIONS)).toBeGreaterThanOrEqual(60);
  });

  shows('SO_TXTIME', 'a time to leave at is taken with a message, once it is on', async () => {
    using sender = udp();
    using receiver = udp();
    const message = { data: 'x', to: receiver.getsockname(), control: [{ kind: 'txtime', ns: 1n }] } as const;
    expect(() => sender.trySendmsg(message)).toThrow(/EINVAL/);
    sender.set(SO.TXTIME, { clockId: 1, flags: 0 });
    expect(sender.trySendmsg(message)).toBe(1);
  });
});
