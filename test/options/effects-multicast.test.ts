/**
 * Shows what multicast options do: who hears a group, from which source, through which interface, with which TTL. Two
 * hosts, and the wire between them in our hands; what stays on one machine, on its loopback interface.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  asking,
  IP,
  IPV6,
  MCAST,
  MCAST_EXCLUDE,
  MCAST_INCLUDE,
  MCAST6,
  SOCK_DGRAM,
  type Socket,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, text, timeoutMs, useHosts } from './setting.ts';

const LO = 1;
const GROUP = '239.77.0.1';
const GROUP6 = 'ff15::77';
const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

describeInNamespace(import.meta.url, 'effects of multicast options', () => {
  const hosts = useHosts();
  let local: NetworkNamespace;
  beforeAll(() => {
    local = loopbackNamespace('multicast');
    using route = new Rtnetlink(local);
    route.setLink(LO, { multicast: true });
    route.addRoute({ target: '224.0.0.0/4', ifindex: LO });
  });
  afterAll(() => local.close());

  function wire(): number {
    using route = new Rtnetlink(hosts().client);
    return route.link(hosts().lab.client.ifname).index;
  }

  function receiver(): Socket {
    const socket = local.socket(AF_INET, SOCK_DGRAM);
    socket.bind('0.0.0.0:0');
    return socket;
  }

  /** IPv6: on the client's end of the wire; it hears what it says itself. */
  function receiver6(): Socket {
    const socket = hosts().client.socket(AF_INET6, SOCK_DGRAM);
    socket.bind('[::]:0');
    return socket;
  }

  /** Say `what` to the group from one of our addresses. */
  function say(what: string, to: Socket, source = '127.0.0.1'): void {
    using socket = local.socket(AF_INET, SOCK_DGRAM);
    socket.bind(`${source}:0`);
    socket.set(IP.MULTICAST_IF, { ifindex: LO });
    socket.trySendto(new TextEncoder().encode(what), `${GROUP}:${portOf(to)}`);
  }

  function say6(what: string, to: Socket): void {
    using socket = hosts().client.socket(AF_INET6, SOCK_DGRAM);
    socket.set(IPV6.MULTICAST_IF, wire());
    const address = { family: 'inet6', address: GROUP6, port: portOf(to) } as const;
    socket.trySendto(new TextEncoder().encode(what), address);
  }

  async function hears(socket: Socket, what: string): Promise<void> {
    expect(text(await socket.recv(64, { timeoutMs }))).toBe(what);
  }

  async function silent(socket: Socket): Promise<void> {
    await expect(socket.recv(10, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
  }

  shows(['IP_ADD_MEMBERSHIP', 'IP_DROP_MEMBERSHIP'], 'a group is heard from joining to leaving', async () => {
    using socket = receiver();
    say('early', socket);
    socket.set(IP.ADD_MEMBERSHIP, { group: GROUP, ifindex: LO });
    say('heard', socket);
    await hears(socket, 'heard');
    socket.set(IP.DROP_MEMBERSHIP, { group: GROUP, ifindex: LO });
    say('late', socket);
    await silent(socket);
    expect(() => socket.set(IP.ADD_MEMBERSHIP, { group: '10.0.0.1', ifindex: LO })).toThrow(/EINVAL/);
  });

  shows(['IP_BLOCK_SOURCE', 'IP_UNBLOCK_SOURCE'], 'one source of a joined group is not heard', async () => {
    using socket = receiver();
    socket.set(IP.ADD_MEMBERSHIP, { group: GROUP, address: '127.0.0.1' });
    const blocked = { group: GROUP, interface: '127.0.0.1', source: '127.0.0.2' };
    socket.set(IP.BLOCK_SOURCE, blocked);
    say('two', socket, '127.0.0.2');
    say('three', socket, '127.0.0.3');
    await hears(socket, 'three');
    socket.set(IP.UNBLOCK_SOURCE, blocked);
    say('two', socket, '127.0.0.2');
    await hears(socket, 'two');
  });

  shows(
    ['IP_ADD_SOURCE_MEMBERSHIP', 'IP_DROP_SOURCE_MEMBERSHIP', 'IP_MSFILTER'],
    'one source of a group is heard, no other; the filter says so',
    async () => {
      using socket = receiver();
      const wanted = { group: GROUP, interface: '127.0.0.1', source: '127.0.0.2' };
      socket.set(IP.ADD_SOURCE_MEMBERSHIP, wanted);
      say('three', socket, '127.0.0.3');
      say('two', socket, '127.0.0.2');
      await hears(socket, 'two');
      const question = { group: GROUP, interface: '127.0.0.1', mode: 0, sources: Array(8).fill('0.0.0.0') };
      const filter = asking(IP.MSFILTER, question);
      expect(socket.get(filter)).toMatchObject({ mode: MCAST_INCLUDE, sources: ['127.0.0.2'] });
      socket.set(IP.MSFILTER, { ...wanted, mode: MCAST_EXCLUDE, sources: ['127.0.0.2'] });
      say('two', socket, '127.0.0.2');
      say('three', socket, '127.0.0.3');
      await hears(socket, 'three');
      socket.set(IP.MSFILTER, { ...wanted, mode: MCAST_INCLUDE, sources: ['127.0.0.2'] });
      socket.set(IP.DROP_SOURCE_MEMBERSHIP, wanted);
      say('two', socket, '127.0.0.2');
      await silent(socket);
    },
  );

  shows(
    ['MCAST_JOIN_GROUP', 'MCAST_LEAVE_GROUP'],
    'a group of either family is heard from joining to leaving',
    async () => {
      using four = receiver();
      four.set(MCAST.JOIN_GROUP, { ifindex: LO, group: GROUP });
      say('four', four);
      await hears(four, 'four');
      four.set(MCAST.LEAVE_GROUP, { ifindex: LO, group: GROUP });
      say('four', four);
      await silent(four);
      using six = receiver6();
      six.set(MCAST6.JOIN_GROUP, { ifindex: wire(), group: GROUP6 });
      say6('six', six);
      await hears(six, 'six');
      six.set(MCAST6.LEAVE_GROUP, { ifindex: wire(), group: GROUP6 });
      say6('six', six);
      await silent(six);
    },
  );

  shows(
    ['MCAST_JOIN_SOURCE_GROUP', 'MCAST_LEAVE_SOURCE_GROUP'],
    'one source of a group is heard, no other',
    async () => {
      using socket = receiver();
      const wanted = { ifindex: LO, group: GROUP, source: '127.0.0.3' };
      socket.set(MCAST.JOIN_SOURCE_GROUP, wanted);
      say('two', socket, '127.0.0.2');
      say('three', socket, '127.0.0.3');
      await hears(socket, 'three');
      socket.set(MCAST.LEAVE_SOURCE_GROUP, wanted);
      say('three', socket, '127.0.0.3');
      await silent(socket);
      using six = receiver6();
      six.set(MCAST6.JOIN_SOURCE_GROUP, { ifindex: wire(), group: GROUP6, source: 'fd99::1' });
      say6('six', six);
      await silent(six);
      six.set(MCAST6.JOIN_SOURCE_GROUP, { ifindex: wire(), group: GROUP6, source: hosts().address('client', 6) });
      say6('six', six);
      await hears(six, 'six');
    },
  );

  shows(
    ['MCAST_BLOCK_SOURCE', 'MCAST_UNBLOCK_SOURCE', 'MCAST_MSFILTER'],
    'one source of a joined group is not heard; the filter says so',
    async () => {
      using socket = receiver();
      socket.set(MCAST.JOIN_GROUP, { ifindex: LO, group: GROUP });
      const blocked = { ifindex: LO, group: GROUP, source: '127.0.0.2' };
      socket.set(MCAST.BLOCK_SOURCE, blocked);
      say('two', socket, '127.0.0.2');
      say('three', socket, '127.0.0.3');
      await hears(socket, 'three');
      const question = { ifindex: LO, group: GROUP, mode: 0, sources: Array(4).fill('0.0.0.0') };
      const { mode, sources } = socket.get(asking(MCAST.MSFILTER, question));
      expect([mode, sources]).toMatchObject([MCAST_EXCLUDE, [{ address: '127.0.0.2' }]]);
      socket.set(MCAST.UNBLOCK_SOURCE, blocked);
      say('two', socket, '127.0.0.2');
      await hears(socket, 'two');
      socket.set(MCAST.MSFILTER, { ifindex: LO, group: GROUP, mode: MCAST_INCLUDE, sources: ['127.0.0.3'] });
      say('two', socket, '127.0.0.2');
      say('three', socket, '127.0.0.3');
      await hears(socket, 'three');
    },
  );

  shows(['IPV6_ADD_MEMBERSHIP', 'IPV6_DROP_MEMBERSHIP'], 'a group is heard from joining to leaving', async () => {
    using socket = receiver6();
    socket.set(IPV6.ADD_MEMBERSHIP, { group: GROUP6, ifindex: wire() });
    say6('heard', socket);
    await hears(socket, 'heard');
    socket.set(IPV6.DROP_MEMBERSHIP, { group: GROUP6, ifindex: wire() });
    say6('late', socket);
    await silent(socket);
  });

  shows(
    ['IP_MULTICAST_ALL', 'IPV6_MULTICAST_ALL'],
    'switched off, groups that others joined are not heard',
    async () => {
      using socket = receiver();
      using other = local.socket(AF_INET, SOCK_DGRAM);
      other.set(MCAST.JOIN_GROUP, { ifindex: LO, group: GROUP });
      say('all', socket);
      await hears(socket, 'all');
      socket.set(IP.MULTICAST_ALL, false);
      say('all', socket);
      await silent(socket);
      using six = receiver6();
      using other6 = hosts().client.socket(AF_INET6, SOCK_DGRAM);
      other6.set(MCAST6.JOIN_GROUP, { ifindex: wire(), group: GROUP6 });
      say6('all', six);
      await hears(six, 'all');
      six.set(IPV6.MULTICAST_ALL, false);
      say6('all', six);
      await silent(six);
    },
  );

  shows(['IP_MULTICAST_TTL', 'IPV6_MULTICAST_HOPS'], 'the packet on the wire has it', async () => {
    const all = hosts();
    const ifindex = wire();
    for (const [domain, at] of [
      [AF_INET, 8],
      [AF_INET6, 7],
    ] as const) {
      using socket = all.client.socket(domain, SOCK_DGRAM);
      const from = all.mark;
      if (domain === AF_INET) {
        socket.set(IP.MULTICAST_TTL, 5);
        socket.set(IP.MULTICAST_IF, { ifindex });
        socket.trySendto(Uint8Array.of(1), `${GROUP}:4019`);
      } else {
        socket.set(IPV6.MULTICAST_HOPS, 5);
        socket.set(IPV6.MULTICAST_IF, ifindex);
        socket.trySendto(Uint8Array.of(1), { family: 'inet6', address: GROUP6, port: 4019 });
      }
      const packet = await all.packet(
        'client',
        from,
        (one) => one.find('udp')?.dstPort === 4019 && one.bytes[0] === (domain === AF_INET ? 0x45 : 0x60),
      );
      expect(packet.bytes[at]).toBe(5);
    }
  });

  shows(
    ['IP_MULTICAST_IF', 'IPV6_MULTICAST_IF', 'IP_MULTICAST_LOOP', 'IPV6_MULTICAST_LOOP'],
    'what is sent through the wire is heard at home only with the loop on',
    async () => {
      const all = hosts();
      const ifindex = wire();
      for (const loop of [true, false]) {
        using four = all.client.socket(AF_INET, SOCK_DGRAM);
        four.bind('0.0.0.0:0');
        four.set(IP.ADD_MEMBERSHIP, { group: GROUP, ifindex });
        four.set(IP.MULTICAST_IF, { ifindex });
        four.set(IP.MULTICAST_LOOP, loop);
        four.trySendto(Uint8Array.of(1), `${GROUP}:${portOf(four)}`);
        using six = all.client.socket(AF_INET6, SOCK_DGRAM);
        six.bind('[::]:0');
        six.set(IPV6.ADD_MEMBERSHIP, { group: GROUP6, ifindex });
        six.set(IPV6.MULTICAST_IF, ifindex);
        six.set(IPV6.MULTICAST_LOOP, loop);
        six.trySendto(Uint8Array.of(1), { family: 'inet6', address: GROUP6, port: portOf(six) });
        for (const socket of [four, six]) {
          if (loop) expect((await socket.recv(8, { timeoutMs })).length).toBe(1);
          else await silent(socket);
        }
      }
    },
  );

  shows(
    ['IPV6_JOIN_ANYCAST', 'IPV6_LEAVE_ANYCAST'],
    'the interface answers to the address until it is left',
    async () => {
      using holder = local.socket(AF_INET6, SOCK_DGRAM);
      using route = new Rtnetlink(local);
      route.addAddress(LO, 'fd55::1/64');
      const listed = (): boolean =>
        local.run(() =>
          readFileSync('/proc/thread-self/net/anycast6', 'utf8').includes('fd550000000000000000000000000077'),
        );
      const membership = { group: 'fd55::77', ifindex: LO };
      holder.set(IPV6.JOIN_ANYCAST, membership);
      expect(listed()).toBe(true);
      holder.set(IPV6.LEAVE_ANYCAST, membership);
      expect(listed()).toBe(false);
      expect(() => holder.set(IPV6.LEAVE_ANYCAST, membership)).toThrow(/ENOENT/);
    },
  );
});
