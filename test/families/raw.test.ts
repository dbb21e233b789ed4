/**
 * Which raw sockets get which packets, and what the kernel does to the headers that a program writes (raw(7), ipv6(7)):
 * the handbook's rules for raw sockets, each as a row of a table that the kernel fills in.
 */
import { expect, test } from 'vitest';
import type { SocketAddress } from '../../src/addr/index.ts';
import { checksum } from '../../src/core/index.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  type Host,
  IP,
  IPPROTO_ICMP,
  IPPROTO_RAW,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  type Socket,
  type SocketError,
} from '../../src/socket/index.ts';
import { decodeIpv4, encodeIpv4, Ipv4Flags, Ipv4Header, type Ipv4Init } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';

/** RFC 3692: for experiments. */
const ONE = 253;
const OTHER = 254;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as SocketError).code;
  }
  return 'no error';
}

function header(packet: Uint8Array): Ipv4Header {
  const ip = decodeIpv4(packet);
  if (!(ip instanceof Ipv4Header)) throw new Error(JSON.stringify(ip));
  return ip;
}

/** What lies in the queue of a raw socket, in its order. */
function queued(socket: Socket, skip: number): string[] {
  const buffer = new Uint8Array(2000);
  const texts: string[] = [];
  for (;;) {
    const length = socket.tryRecv(buffer);
    if (length === null) return texts;
    texts.push(textOf(buffer.subarray(skip, length)));
  }
}

interface Place {
  readonly protocol: number;
  readonly bind?: string;
  readonly connect?: string;
}

interface Sent {
  readonly protocol: number;
  readonly from: string;
  readonly to: string;
}

/** Send each packet, and see which sockets got it. */
async function deliver(
  host: Host,
  family: 'inet' | 'inet6',
  places: Readonly<Record<string, Place>>,
  packets: Readonly<Record<string, Sent>>,
): Promise<Record<string, string[]>> {
  const domain = family === 'inet' ? AF_INET : AF_INET6;
  const at = (address: string): SocketAddress => ({ family, address, port: 0 });
  const opened: Socket[] = [];
  const open = (protocol: number): Socket => {
    const socket = host.socket(domain, SOCK_RAW, protocol);
    opened.push(socket);
    return socket;
  };
  try {
    const sockets = Object.entries(places).map(([name, place]) => {
      const socket = open(place.protocol);
      if (place.bind !== undefined) socket.bind(at(place.bind));
      if (place.connect !== undefined) socket.connectSync(at(place.connect));
      return { name, socket };
    });
    // A packet goes to all its sockets at once: when a socket without any rule has it, every other has it too.
    const witnesses = new Map([ONE, OTHER].map((protocol) => [protocol, open(protocol)]));
    const skip = family === 'inet' ? 20 : 0;
    for (const [label, { protocol, from, to }] of Object.entries(packets)) {
      const sender = open(protocol);
      sender.bind(at(from));
      await sender.sendto(label, at(to));
      expect(textOf((await witnesses.get(protocol)!.recv(100)).subarray(skip))).toBe(label);
    }
    return Object.fromEntries(sockets.map(({ name, socket }) => [name, queued(socket, skip)]));
  } finally {
    for (const socket of opened) socket.close();
  }
}

describeInNamespace(import.meta.url, 'raw sockets', () => {
  function inside(run: (host: NetworkNamespace) => Promise<void> | void, mtu?: number): () => Promise<void> {
    return async () => {
      using host = loopbackNamespace('raw', mtu);
      await run(host);
    };
  }

  test(
    'IPv4: protocol, bound destination and connected source each narrow what comes',
    inside(async (host) => {
      const places = {
        any: { protocol: ONE },
        bound: { protocol: ONE, bind: '127.0.0.2' },
        connected: { protocol: ONE, bind: '127.0.0.2', connect: '127.0.0.3' },
        'other protocol': { protocol: OTHER },
        // raw(7): IPPROTO_RAW only sends; it gets packets of protocol 255, and there are none.
        IPPROTO_RAW: { protocol: IPPROTO_RAW },
      };
      const packets = {
        '1 to 1': { protocol: ONE, from: '127.0.0.1', to: '127.0.0.1' },
        '1 to 2': { protocol: ONE, from: '127.0.0.1', to: '127.0.0.2' },
        '3 to 2': { protocol: ONE, from: '127.0.0.3', to: '127.0.0.2' },
        'other 3 to 2': { protocol: OTHER, from: '127.0.0.3', to: '127.0.0.2' },
      };
      expect(await deliver(host, 'inet', places, packets)).toEqual({
        any: ['1 to 1', '1 to 2', '3 to 2'],
        bound: ['1 to 2', '3 to 2'],
        connected: ['3 to 2'],
        'other protocol': ['other 3 to 2'],
        IPPROTO_RAW: [],
      });
    }),
  );

  test(
    'IPv6: the same, without the header',
    inside(async (host) => {
      const places = {
        any: { protocol: ONE },
        bound: { protocol: ONE, bind: '::1' },
        connected: { protocol: ONE, connect: '::1' },
        'other protocol': { protocol: OTHER },
      };
      const packets = {
        one: { protocol: ONE, from: '::1', to: '::1' },
        other: { protocol: OTHER, from: '::1', to: '::1' },
      };
      expect(await deliver(host, 'inet6', places, packets)).toEqual({
        any: ['one'],
        bound: ['one'],
        connected: ['one'],
        'other protocol': ['other'],
      });
    }),
  );

  test(
    'protocol 0 is no wildcard on Linux; ports do not exist, and the protocol stands in their place',
    inside((host) => {
      expect(codeOf(() => host.socket(AF_INET, SOCK_RAW, 0))).toBe('EPROTONOSUPPORT');
      expect(codeOf(() => host.socket(AF_INET6, SOCK_RAW, 0))).toBe('EPROTONOSUPPORT');
      using socket = host.socket(AF_INET, SOCK_RAW, ONE);
      expect(socket.getsockname()).toEqual({ family: 'inet', address: '0.0.0.0', port: ONE });
      socket.bind('127.0.0.2:77');
      expect(socket.getsockname()).toMatchObject({ address: '127.0.0.2' });
      using second = host.socket(AF_INET, SOCK_RAW, ONE);
      // Nothing to be in use: any number of raw sockets may have one address.
      second.bind('127.0.0.2:77');
      expect(codeOf(() => second.sendSync('x'))).toBe('EDESTADDRREQ');
      expect(codeOf(() => second.bind('10.9.8.7:0'))).toBe('EADDRNOTAVAIL');
    }),
  );

  test(
    'a raw socket of UDP sees the datagrams of UDP sockets, which get them all the same',
    inside(async (host) => {
      using below = host.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
      using udp = host.socket(AF_INET, SOCK_DGRAM);
      udp.bind('127.0.0.1:0');
      using sender = host.socket(AF_INET, SOCK_DGRAM);
      await sender.sendto('for two', udp.getsockname());
      expect(textOf(await udp.recv(100))).toBe('for two');
      const packet = await below.recv(100);
      expect([header(packet).protocol, textOf(packet.subarray(28))]).toEqual([IPPROTO_UDP, 'for two']);
    }),
  );

  test(
    'ping to oneself: the request comes back first, then the reply',
    inside(async (host) => {
      using ping = host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      const request = Uint8Array.of(8, 0, 0, 0, 0, 2, 0, 1);
      const sum = checksum(request);
      request.set([sum >>> 8, sum & 0xff], 2);
      await ping.sendto(request, '127.0.0.1:0');
      const types = [(await ping.recv(100))[20], (await ping.recv(100))[20]];
      expect(types).toEqual([8, 0]);
    }),
  );

  const given = { src: '127.0.0.1', dst: '127.0.0.1', protocol: ONE, flags: 0, ttl: 64 };
  const written: readonly (readonly [what: string, init: Partial<Ipv4Init>, got: Partial<Ipv4Init>])[] = [
    ['an id of its own is kept', { id: 0x1234 }, { id: 0x1234 }],
    ['a wrong checksum is made right', { id: 1, checksum: 0xdead }, { id: 1 }],
    ['a wrong length is made right', { id: 1, totalLength: 999 }, { totalLength: 24 }],
    ['length 0 is filled in', { id: 1, totalLength: 0 }, { totalLength: 24 }],
    ['source 0.0.0.0 is filled in', { id: 1, src: '0.0.0.0' }, { src: '127.0.0.1' }],
    ['another source is kept', { id: 1, src: '127.0.0.9' }, { src: '127.0.0.9' }],
    [
      'time to live, service and don’t-fragment are kept',
      { id: 1, ttl: 3, dscp: 46, ecn: 1, flags: Ipv4Flags.DF },
      { ttl: 3, dscp: 46, ecn: 1, flags: Ipv4Flags.DF },
    ],
    ['the protocol is the header’s, not the socket’s', { id: 1, protocol: OTHER }, { protocol: OTHER }],
  ];
  test.each(written)('IP_HDRINCL: %s', (_, init, got) =>
    inside(async (host) => {
      using receiver = host.socket(AF_INET, SOCK_RAW, got.protocol ?? ONE);
      using sender = host.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
      expect(sender.get(IP.HDRINCL)).toBe(true);
      await sender.sendto(encodeIpv4({ ...given, ...init }, bytesOf('data')), '127.0.0.1:0');
      const packet = await receiver.recv(100);
      const ip = header(packet);
      for (const [field, value] of Object.entries(got))
        expect([field, ip[field as keyof Ipv4Header]]).toEqual([field, value]);
      // Whatever the program wrote there.
      expect(checksum(packet, 0, 20)).toBe(0);
      expect(textOf(packet.subarray(20))).toBe('data');
    })(),
  );

  test(
    'IP_HDRINCL: an id of 0 is the kernel’s to choose',
    inside(async (host) => {
      using receiver = host.socket(AF_INET, SOCK_RAW, ONE);
      using sender = host.socket(AF_INET, SOCK_RAW, ONE);
      sender.set(IP.HDRINCL, true);
      const ids: number[] = [];
      for (let i = 0; i < 4; i++) {
        await sender.sendto(encodeIpv4({ ...given, id: 0 }, bytesOf('data')), '127.0.0.1:0');
        ids.push(header(await receiver.recv(100)).id);
      }
      // One of them may be 0 by chance.
      expect(ids.filter((id) => id !== 0).length).toBeGreaterThan(2);
    }),
  );

  test(
    'MTU 1500: 4000 bytes go as three fragments; with a header of one’s own they do not go at all',
    inside(async (host) => {
      using wire = host.socket(AF_PACKET, SOCK_DGRAM, 0);
      // Only ETH_P_ALL sees what goes out (packet(7) does not say so).
      wire.bind('packet:lo');
      using receiver = host.socket(AF_INET, SOCK_RAW, ONE);
      using sender = host.socket(AF_INET, SOCK_RAW, ONE);
      const payload = Uint8Array.from({ length: 4000 }, (__, i) => i);
      expect(await sender.sendto(payload, '127.0.0.1:0')).toBe(4000);
      const whole = await receiver.recv(5000);
      expect(whole.subarray(20)).toEqual(payload);
      expect(header(whole)).toMatchObject({ totalLength: 4020, flags: 0, fragmentOffset: 0 });
      const fragments: (readonly [number, number, number])[] = [];
      while (fragments.length < 3) {
        const { data, address } = await wire.recvfrom(2000);
        // On its way out; the same comes in again.
        if (address?.family !== 'packet' || address.pkttype !== 4) continue;
        const { totalLength, flags, fragmentOffset } = header(data);
        fragments.push([totalLength, flags, fragmentOffset]);
      }
      expect(fragments).toEqual([
        [1500, Ipv4Flags.MF, 0],
        [1500, Ipv4Flags.MF, 1480],
        [1060, 0, 2960],
      ]);
      sender.set(IP.HDRINCL, true);
      const own = encodeIpv4({ ...given, id: 1 }, payload);
      await expect(sender.sendto(own, '127.0.0.1:0')).rejects.toMatchObject({ code: 'EMSGSIZE' });
    }, 1500),
  );

  test(
    'IP_HDRINCL: a header that cannot be',
    inside((host) => {
      using sender = host.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
      const send = (packet: Uint8Array): string => codeOf(() => sender.sendtoSync(packet, '127.0.0.1:0'));
      expect(send(new Uint8Array(19))).toBe('EINVAL');
      // Longer, by its own length of header, than the packet is.
      expect(send(encodeIpv4({ ...given, ihlWords: 15 }, bytesOf('data')))).toBe('EINVAL');
    }),
  );
});
