/**
 * Control messages of IPv6 sockets: the advanced API of RFC 3542 (ipv6(7)), the older one of RFC 2292 under its own
 * kinds, and Linux's additions.
 */
import { formatIpv6, parseIpv6 } from '../../addr/ipv6.ts';
import type { Inet6Address } from '../../addr/sockaddr.ts';
import { decodeSockAddr, writeSockAddr } from '../../addr/sockaddr.ts';
import { readHostU32, readU32, writeHostU32, writeU32 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type BytesMessage,
  bytesRow,
  type ControlRow,
  checkI32,
  checkU32,
  I32,
  type NumberMessage,
  numberRow,
  readHostI32,
} from './row.ts';

const SOL_IPV6 = 41;

type PktinfoKind = 'ipv6-pktinfo' | 'ipv6-2292pktinfo';

/** IPV6_PKTINFO, both ways (RFC 3542 §6.1, §6.2). A received one can be handed to `sendmsg` for the answer. */
export interface Ipv6Pktinfo<Kind extends PktinfoKind = PktinfoKind> {
  readonly kind: Kind;
  /** Destination of what came; source of what is sent, '::' leaves it to the kernel. */
  readonly address: string;
  /** Interface; sent, 0 leaves it to the routing table. */
  readonly ifindex: number;
}

/** IPV6_FLOWINFO: traffic class and flow label as they stand on the wire. */
export interface Ipv6Flowinfo {
  readonly kind: 'ipv6-flowinfo';
  /** A 28-bit number: class in bits 20–27, label in bits 0–19. */
  readonly flowinfo: number;
}

/** IPV6_PATHMTU (RFC 3542 §11.3): the path to `address` carries packets of `mtu` bytes. */
export interface Ipv6Pathmtu {
  readonly kind: 'ipv6-pathmtu';
  readonly address: Inet6Address;
  readonly mtu: number;
}

/** IPV6_ORIGDSTADDR: where a datagram was addressed before it was diverted here (TPROXY). */
export interface Ipv6Origdstaddr {
  readonly kind: 'ipv6-origdstaddr';
  readonly address: Inet6Address;
}

export type Ipv6Control =
  | Ipv6Pktinfo<'ipv6-pktinfo'>
  | Ipv6Pktinfo<'ipv6-2292pktinfo'>
  | Ipv6Flowinfo
  | Ipv6Pathmtu
  | Ipv6Origdstaddr
  /** IPV6_HOPLIMIT (RFC 3542 §6.3): received with IPV6_RECVHOPLIMIT; sent, -1 stands for the socket's own. */
  | NumberMessage<'ipv6-hoplimit' | 'ipv6-2292hoplimit', 'hopLimit'>
  /** IPV6_TCLASS (RFC 3542 §6.5): the byte with DSCP and ECN; sent, -1 stands for the kernel's default. */
  | NumberMessage<'ipv6-tclass', 'tclass'>
  /** IPV6_DONTFRAG (RFC 3542 §11.2), sent: 1 forbids fragmentation of this datagram. */
  | NumberMessage<'ipv6-dontfrag', 'on'>
  /** IPV6_RECVFRAGSIZE: the largest fragment that the datagram came in, in bytes. */
  | NumberMessage<'ipv6-recvfragsize', 'bytes'>
  /** IPV6_HOPOPTS, IPV6_DSTOPTS and the options before a routing header, IPV6_RTHDRDSTOPTS: whole headers (§8, §9). */
  | BytesMessage<'ipv6-hopopts' | 'ipv6-dstopts' | 'ipv6-rthdrdstopts' | 'ipv6-2292hopopts' | 'ipv6-2292dstopts'>
  /** IPV6_RTHDR: a whole routing header (RFC 3542 §7). */
  | BytesMessage<'ipv6-rthdr' | 'ipv6-2292rthdr'>;

function pktinfo(name: string, kind: Ipv6Pktinfo['kind'], type: number): ControlRow<Ipv6Pktinfo> {
  return {
    name,
    kind,
    level: SOL_IPV6,
    type,
    decode: (data) =>
      data.length === 20 ? { kind, address: formatIpv6(data, 0), ifindex: readHostI32(data, 16) } : undefined,
    encode: ({ address, ifindex }) => {
      const bytes = typeof address === 'string' ? parseIpv6(address) : null;
      if (bytes === null) throw new TypeError(`${kind}.address: expected an IPv6 address, got '${String(address)}'`);
      const data = new Uint8Array(20);
      data.set(bytes);
      writeHostU32(data, 16, checkI32(ifindex, `${kind}.ifindex`));
      return data;
    },
  };
}

const flowinfo: ControlRow<Ipv6Flowinfo> = {
  name: 'IPV6_FLOWINFO',
  kind: 'ipv6-flowinfo',
  level: SOL_IPV6,
  type: 11,
  // Network order: the only number among these messages that is.
  decode: (data) => (data.length === 4 ? { kind: 'ipv6-flowinfo', flowinfo: readU32(data, 0) } : undefined),
  encode: (message) => {
    const data = new Uint8Array(4);
    writeU32(data, 0, checkU32(message.flowinfo, 'ipv6-flowinfo.flowinfo'));
    return data;
  },
};

function readInet6(data: Uint8Array): Inet6Address | undefined {
  const address = decodeSockAddr(data.subarray(0, 28));
  return address.family === 'inet6' ? address : undefined;
}

function writeInet6(address: Inet6Address, data: Uint8Array, field: string): void {
  if (address?.family !== 'inet6') throw new TypeError(`${field}: expected an address of family inet6`);
  writeSockAddr(address, data);
}

const pathmtu: ControlRow<Ipv6Pathmtu> = {
  name: 'IPV6_PATHMTU',
  kind: 'ipv6-pathmtu',
  level: SOL_IPV6,
  type: 61,
  decode: (data) => {
    const address = data.length === 32 ? readInet6(data) : undefined;
    return address && { kind: 'ipv6-pathmtu', address, mtu: readHostU32(data, 28) };
  },
  encode: ({ address, mtu }) => {
    const data = new Uint8Array(32);
    writeInet6(address, data, 'ipv6-pathmtu.address');
    writeHostU32(data, 28, checkU32(mtu, 'ipv6-pathmtu.mtu'));
    return data;
  },
};

const origdstaddr: ControlRow<Ipv6Origdstaddr> = {
  name: 'IPV6_ORIGDSTADDR',
  kind: 'ipv6-origdstaddr',
  level: SOL_IPV6,
  type: 74,
  decode: (data) => {
    const address = data.length === 28 ? readInet6(data) : undefined;
    return address && { kind: 'ipv6-origdstaddr', address };
  },
  encode: ({ address }) => {
    const data = new Uint8Array(28);
    writeInet6(address, data, 'ipv6-origdstaddr.address');
    return data;
  },
};

export const ipv6Rows: readonly AnyRow[] = [
  pktinfo('IPV6_PKTINFO', 'ipv6-pktinfo', 50),
  flowinfo,
  pathmtu,
  origdstaddr,
  numberRow('IPV6_HOPLIMIT', 'ipv6-hoplimit', SOL_IPV6, 52, 'hopLimit', I32),
  numberRow('IPV6_TCLASS', 'ipv6-tclass', SOL_IPV6, 67, 'tclass', I32),
  numberRow('IPV6_DONTFRAG', 'ipv6-dontfrag', SOL_IPV6, 62, 'on', I32),
  numberRow('IPV6_RECVFRAGSIZE', 'ipv6-recvfragsize', SOL_IPV6, 77, 'bytes', I32),
  bytesRow('IPV6_HOPOPTS', 'ipv6-hopopts', SOL_IPV6, 54),
  bytesRow('IPV6_DSTOPTS', 'ipv6-dstopts', SOL_IPV6, 59),
  bytesRow('IPV6_RTHDRDSTOPTS', 'ipv6-rthdrdstopts', SOL_IPV6, 55),
  bytesRow('IPV6_RTHDR', 'ipv6-rthdr', SOL_IPV6, 57),
  pktinfo('IPV6_2292PKTINFO', 'ipv6-2292pktinfo', 2),
  numberRow('IPV6_2292HOPLIMIT', 'ipv6-2292hoplimit', SOL_IPV6, 8, 'hopLimit', I32),
  bytesRow('IPV6_2292HOPOPTS', 'ipv6-2292hopopts', SOL_IPV6, 3),
  bytesRow('IPV6_2292DSTOPTS', 'ipv6-2292dstopts', SOL_IPV6, 4),
  bytesRow('IPV6_2292RTHDR', 'ipv6-2292rthdr', SOL_IPV6, 5),
];
