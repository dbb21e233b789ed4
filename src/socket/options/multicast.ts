/**
 * Values of multicast options: IPv4's own (ip(7)), IPv6's own (ipv6(7), RFC 3493 §5.2), and those of RFC 3678 that take
 * either family (MCAST_*). MCAST_INCLUDE hears only the sources listed, MCAST_EXCLUDE all but those.
 */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { checkInt } from '../control/row.ts';
import type { OptionType } from './row.ts';
import { type Field, i32, ipv4, ipv6, optional, STORAGE_BYTES, sockaddr, struct, u32 } from './struct.ts';

/** struct ip_mreqn. */
export interface Ipv4Membership {
  readonly group: string;
  /** A local address of the interface; left out, `ifindex` or the routing table says which. */
  readonly address?: string | undefined;
  readonly ifindex?: number | undefined;
}

export const ipMreqn: OptionType<Ipv4Membership> = struct('ip_mreqn', 12, {
  group: ipv4(0),
  address: optional(ipv4(4), '0.0.0.0'),
  ifindex: optional(i32(8), 0),
});

/** IP_MULTICAST_IF: which interface multicast is sent through; read, only `address` is told. */
export interface Ipv4Interface {
  readonly address?: string | undefined;
  readonly ifindex?: number | undefined;
}

const interfaceMreqn: OptionType<Ipv4Interface> = struct('ip_mreqn', 12, {
  address: optional(ipv4(4), '0.0.0.0'),
  ifindex: optional(i32(8), 0),
});

export const ipMulticastIf: OptionType<Ipv4Interface> = {
  ...interfaceMreqn,
  size: 4,
  decode: (bytes) => ({ address: ipv4(0).read(bytes) }),
};

/** struct ip_mreq_source: the kernel wants the interface by its address. */
export interface Ipv4SourceMembership {
  readonly group: string;
  readonly interface: string;
  readonly source: string;
}

export const ipMreqSource: OptionType<Ipv4SourceMembership> = struct('ip_mreq_source', 12, {
  group: ipv4(0),
  interface: ipv4(4),
  source: ipv4(8),
});

/** struct ipv6_mreq; `ifindex` 0 leaves the choice to the routing table. */
export interface Ipv6Membership {
  readonly group: string;
  readonly ifindex: number;
}

export const ipv6Mreq: OptionType<Ipv6Membership> = struct('ipv6_mreq', 20, { group: ipv6(0), ifindex: i32(16) });

/** struct group_req. The group is an address or its text; its port means nothing. */
export interface GroupMembership {
  readonly ifindex: number;
  readonly group: SocketAddress | string;
}

export const groupReq: OptionType<GroupMembership> = struct('group_req', 136, { ifindex: u32(0), group: sockaddr(8) });

/** struct group_source_req. */
export interface GroupSourceMembership {
  readonly ifindex: number;
  readonly group: SocketAddress | string;
  readonly source: SocketAddress | string;
}

export const groupSourceReq: OptionType<GroupSourceMembership> = struct('group_source_req', 264, {
  ifindex: u32(0),
  group: sockaddr(8),
  source: sockaddr(136),
});

/** Most sources asked for; the kernel's default limit is 10 (net.ipv4.igmp_max_msf), 64 for IPv6. */
const SOURCES = 64;

export interface SourceFilter<Address> {
  /** MCAST_EXCLUDE 0, MCAST_INCLUDE 1. */
  readonly mode: number;
  readonly sources: readonly Address[];
}

/** struct ip_msfilter: the source filter of one group on one interface. Read it with `asking`. */
export interface Ipv4SourceFilter extends SourceFilter<string> {
  readonly group: string;
  /** A local address of the interface. */
  readonly interface: string;
}

interface Ipv4FilterHead {
  readonly group: string;
  readonly interface: string;
  readonly mode: number;
}

const ipv4Head = struct<Ipv4FilterHead>('ip_msfilter', 16, { group: ipv4(0), interface: ipv4(4), mode: u32(8) });

export const ipMsfilter: OptionType<Ipv4SourceFilter> = withSources('ip_msfilter', ipv4Head, 4, 12, ipv4);

/** struct group_filter: as ip_msfilter, for either family. Read it with `asking`. */
export interface GroupFilter extends SourceFilter<SocketAddress | string> {
  readonly ifindex: number;
  readonly group: SocketAddress | string;
}

interface GroupFilterHead {
  readonly ifindex: number;
  readonly group: SocketAddress | string;
  readonly mode: number;
}

const groupHead = struct<GroupFilterHead>('group_filter', 144, { ifindex: u32(0), group: sockaddr(8), mode: u32(136) });

export const groupFilter: OptionType<GroupFilter> = withSources(
  'group_filter',
  groupHead,
  STORAGE_BYTES,
  140,
  sockaddr,
);

/** A struct that ends in a count (at `countAt`) and so many addresses. */
function withSources<Head extends object, Address>(
  name: string,
  head: OptionType<Head>,
  stride: number,
  countAt: number,
  address: (at: number) => Field<Address>,
): OptionType<Head & { readonly sources: readonly Address[] }> {
  return {
    name,
    size: head.size + SOURCES * stride,
    decode: (bytes) => {
      const room = Math.floor((bytes.length - head.size) / stride);
      const count = Math.min(readHostU32(bytes, countAt), Math.max(0, room));
      const sources = Array.from({ length: count }, (_, i) => address(head.size + i * stride).read(bytes));
      return { ...head.decode(bytes), sources };
    },
    encode: (value) => {
      const { sources } = value;
      if (!Array.isArray(sources)) throw new TypeError(`${name}.sources: expected an array, got ${typeof sources}`);
      const bytes = new Uint8Array(head.size + Math.max(sources.length, 1) * stride);
      bytes.set(head.encode(value));
      writeHostU32(bytes, countAt, checkInt(sources.length, `${name}.sources.length`, 0, 0xffff));
      sources.forEach((source: Address, i) => {
        address(head.size + i * stride).write(bytes, source, `${name}.sources[${i}]`);
      });
      return bytes;
    },
  };
}

/** IP_MULTICAST_IF's counterpart for unicast: an interface index that stands in network order. */
export const indexInNetworkOrder: OptionType<number> = {
  name: 'int (network order)',
  size: 4,
  decode: (bytes) =>
    ((bytes[0] as number) << 24) | ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number),
  encode: (value) => {
    checkInt(value, 'option value', 0, 0x7fff_ffff);
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  },
};
