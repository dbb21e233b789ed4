/**
 * Shows what options of IP do where a router is on the way, or where a packet is made for the occasion: router alert,
 * routing headers, ICMP extensions, IPsec policies.
 */
import { expect } from 'vitest';
import { sum16, writeU16 } from '../../src/core/index.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  IP,
  IPPROTO_RAW,
  IPPROTO_UDP,
  IPV6,
  MSG_ERRQUEUE,
  SOCK_DGRAM,
  SOCK_RAW,
  type Socket,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { routedNamespaces } from '../support/namespaces.ts';
import { shows, timeoutMs, useHosts } from './setting.ts';

/** RFC 2113, and RFC 2711 in a hop-by-hop header. */
const ALERT = Uint8Array.of(148, 4, 0, 0);
const ALERT6 = Uint8Array.of(0, 0, 5, 2, 0, 0, 1, 0);
/** RFC 8754: a segment routing header whose one segment, the server, is reached. */
const SEGMENTS = Uint8Array.of(0, 2, 4, 0, 0, 0, 0, 0, 0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);

describeInNamespace(import.meta.url, 'effects of options where a router is on the way', () => {
  const hosts = useHosts();

  shows('IP_ROUTER_ALERT', 'a raw socket on the router takes packets that pass through with that option', async () => {
    using routed = await routedNamespaces();
    using raw = routed.router.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
    using sender = routed.client.socket(AF_INET, SOCK_DGRAM);
    sender.set(IP.OPTIONS, ALERT);
    raw.set(IP.ROUTER_ALERT, true);
    sender.trySendto(Uint8Array.of(1), '10.88.3.9:9');
    const packet = await raw.recv(128, { timeoutMs });
    expect([packet[0], packet[20], packet.at(-1)]).toEqual([0x46, 148, 1]);
    raw.set(IP.ROUTER_ALERT, false);
    sender.trySendto(Uint8Array.of(2), '10.88.3.9:9');
    await expect(raw.recv(128, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
  });

  shows(
    ['IPV6_ROUTER_ALERT', 'IPV6_ROUTER_ALERT_ISOLATE'],
    'raw sockets take packets that pass a router with that option, isolated ones those of their own namespace',
    async () => {
      using routed = await routedNamespaces();
      const open = (host: NetworkNamespace, isolate: boolean): Socket => {
        const raw = host.socket(AF_INET6, SOCK_RAW, IPPROTO_RAW);
        raw.set(IPV6.ROUTER_ALERT_ISOLATE, isolate);
        raw.set(IPV6.ROUTER_ALERT, 0);
        return raw;
      };
      using own = open(routed.router, true);
      using foreign = open(routed.client, true);
      using everywhere = open(routed.client, false);
      using sender = routed.client.socket(AF_INET6, SOCK_DGRAM);
      sender.set(IPV6.HOPOPTS, ALERT6);
      sender.trySendto(Uint8Array.of(2), '[fd88:3::9]:9');
      expect((await own.recv(128, { timeoutMs })).at(-1)).toBe(2);
      expect((await everywhere.recv(128, { timeoutMs })).at(-1)).toBe(2);
      expect(foreign.tryReady('in')).toBe(false);
    },
  );

  shows(['IPV6_RECVRTHDR', 'IPV6_2292RTHDR'], 'the receiver reads the routing header', async (context) => {
    const all = hosts();
    try {
      all.lab.server.setSysctl('ipv6.conf.all.seg6_enabled', 1);
      all.lab.server.setSysctl(`ipv6.conf.${all.lab.server.ifname}.seg6_enabled`, 1);
    } catch {
      return context.skip('this kernel has no segment routing, and takes no other routing header');
    }
    for (const [option, kind] of [
      [IPV6.RECVRTHDR, 'ipv6-rthdr'],
      [IPV6['2292RTHDR'], 'ipv6-2292rthdr'],
    ] as const) {
      using receiver = all.udp('server', 6);
      receiver.set(option, true);
      using sender = all.udp('client', 6);
      sender.set(IPV6.RTHDR, SEGMENTS);
      await sender.sendto('x', receiver.getsockname());
      const message = await receiver.recvmsg({ size: 8, controlSize: 128, timeoutMs });
      expect(message.control.map((one) => one.kind)).toEqual([kind]);
    }
    return undefined;
  });

  /** An ICMP message of the server: unreachable, with the client's packet quoted and an extension object behind it. */
  function unreachable(quoted: Uint8Array, version: 4 | 6): Uint8Array {
    const quote = new Uint8Array(128);
    quote.set(quoted);
    // RFC 4884 §7: version 2, checksum, then one object of 8 bytes, class 1 (MPLS).
    const extension = Uint8Array.of(0x20, 0, 0, 0, 0, 8, 1, 1, 0, 0, 0, 1);
    writeU16(extension, 2, sum16(extension) ^ 0xffff);
    const icmp = new Uint8Array(8 + quote.length + extension.length);
    // Its length field counts 32-bit words in IPv4, 64-bit words in IPv6.
    icmp.set(version === 4 ? [3, 3, 0, 0, 0, 32, 0, 0] : [1, 4, 0, 0, 16, 0, 0, 0]);
    icmp.set(quote, 8);
    icmp.set(extension, 8 + quote.length);
    return version === 4 ? inIpv4(icmp) : inIpv6(icmp, quoted);
  }

  function inIpv4(icmp: Uint8Array): Uint8Array {
    writeU16(icmp, 2, sum16(icmp) ^ 0xffff);
    const packet = new Uint8Array(20 + icmp.length);
    packet.set([0x45, 0, 0, 0, 0, 1, 0, 0, 64, 1, 0, 0, 10, 77, 0, 2, 10, 77, 0, 1]);
    writeU16(packet, 2, packet.length);
    writeU16(packet, 10, sum16(packet.subarray(0, 20)) ^ 0xffff);
    packet.set(icmp, 20);
    return packet;
  }

  function inIpv6(icmp: Uint8Array, quoted: Uint8Array): Uint8Array {
    const packet = new Uint8Array(40 + icmp.length);
    packet.set([0x60, 0, 0, 0, 0, 0, 58, 64]);
    writeU16(packet, 4, icmp.length);
    packet.set(quoted.subarray(24, 40), 8);
    packet.set(quoted.subarray(8, 24), 24);
    // RFC 8200 §8.1: addresses, length and next header are summed too.
    const summed = new Uint8Array(40 + icmp.length);
    summed.set(packet.subarray(8, 40));
    writeU16(summed, 34, icmp.length);
    summed[39] = 58;
    summed.set(icmp, 40);
    writeU16(icmp, 2, sum16(summed) ^ 0xffff);
    packet.set(icmp, 40);
    return packet;
  }

  shows(
    ['IP_RECVERR_RFC4884', 'IPV6_RECVERR_RFC4884'],
    'the error says where the extension objects of the ICMP message begin',
    async () => {
      const all = hosts();
      for (const version of [4, 6] as const) {
        using listener = all.udp('server', version);
        using socket = all.udp('client', version);
        socket.set(version === 4 ? IP.RECVERR : IPV6.RECVERR, true);
        socket.set(version === 4 ? IP.RECVERR_RFC4884 : IPV6.RECVERR_RFC4884, true);
        const from = all.mark;
        await socket.sendto('a datagram that somebody takes', listener.getsockname());
        const { bytes } = await all.packet('client', from, (packet) => packet.find('udp') !== undefined);
        all.wire.pass('server', unreachable(bytes, version));
        await socket.ready('err', { timeoutMs });
        const room = { size: 512, controlSize: 256, flags: MSG_ERRQUEUE, timeoutMs };
        const message = await socket.recvmsg(room);
        const error = message.controlOf(version === 4 ? 'ip-recverr' : 'ipv6-recverr');
        expect(error).toMatchObject({ errno: 111, origin: version === 4 ? 2 : 3 });
        // struct sock_ee_data_rfc4884: the payload that comes is as long as this says, then the extension follows.
        expect((error?.data ?? 0) & 0xffff).toBe(128 - (version === 4 ? 28 : 48));
      }
    },
  );

  shows(['IP_XFRM_POLICY', 'IPV6_XFRM_POLICY'], 'a policy that blocks stops what this socket sends', (context) => {
    const all = hosts();
    for (const version of [4, 6] as const) {
      using socket = all.udp('client', version);
      // struct xfrm_userpolicy_info: the selector's family, then direction out and action block.
      const policy = new Uint8Array(168);
      new DataView(policy.buffer).setUint16(40, version === 4 ? AF_INET : AF_INET6, true);
      // No limit of bytes, packets or time.
      policy.fill(0xff, 56, 88);
      policy.set([1, 1], 160);
      try {
        socket.set(version === 4 ? IP.XFRM_POLICY : IPV6.XFRM_POLICY, policy);
      } catch {
        return context.skip('this kernel has no IPsec');
      }
      expect(() => socket.trySendto(Uint8Array.of(1), all.at('server', 9, version))).toThrow(/EPERM/);
      using other = all.udp('client', version);
      expect(other.trySendto(Uint8Array.of(1), all.at('server', 9, version))).toBe(1);
    }
    return undefined;
  });
});
