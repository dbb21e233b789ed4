/** What rtnetlink(7) tells of links, addresses, routes and neighbours: types, and the bytes read into them. */
import { formatMac, inet_ntop } from '../addr/index.ts';
import { readHostU16, readHostU32, readHostU64 } from '../core/index.ts';
import { AF_INET, AF_INET6 } from '../socket/index.ts';
import { expectDecoded } from './client.ts';
import { type Attribute, attributeNumber, attributeOf, attributeText, decodeAttributes } from './message.ts';

const IFLA_ADDRESS = 1;
const IFLA_BROADCAST = 2;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_OPERSTATE = 16;
const IFLA_LINKINFO = 18;
const IFLA_STATS64 = 23;
const IFLA_INFO_KIND = 1;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_LABEL = 3;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
/** struct rtnexthop. */
const NEXT_HOP_BYTES = 8;
const RTA_TABLE = 15;

const NDA_DST = 1;
const NDA_LLADDR = 2;

/** Interface flags (netdevice(7)). */
export const IFF_UP = 0x1;
export const IFF_BROADCAST = 0x2;
export const IFF_LOOPBACK = 0x8;
export const IFF_POINTOPOINT = 0x10;
export const IFF_RUNNING = 0x40;
/** No address resolution: neighbours are taken to have the interface's own hardware address. */
export const IFF_NOARP = 0x80;
export const IFF_PROMISC = 0x100;
export const IFF_MULTICAST = 0x1000;
export const IFF_LOWER_UP = 0x10000;

/** Address flags. */
export const IFA_F_NODAD = 0x02;
export const IFA_F_DADFAILED = 0x08;
export const IFA_F_TENTATIVE = 0x40;
export const IFA_F_PERMANENT = 0x80;

export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ number: 1 Ethernet, 772 loopback, 65534 none (TUN). */
  readonly hardware: number;
  /** IFF_ bits. */
  readonly flags: number;
  readonly up: boolean;
  readonly mtu: number;
  /** Hardware address as `02:00:00:00:00:01`; absent where the link has none. */
  readonly address?: string;
  /** RFC 2863 state: `unknown` 0, `down` 2, `up` 6. */
  readonly operState: number;
  /** `veth`, `tun` …: absent for hardware and loopback. */
  readonly kind?: string;
  readonly broadcast?: string;
  /** Index of the bridge or bond that this link belongs to. */
  readonly master?: number;
  /** Index of the link below a VLAN or the other end of a veth pair, in its namespace. */
  readonly lower?: number;
  readonly statistics?: LinkStatistics;
}

/** Since the link was made; exact up to 2^53 (nine million gigabytes). */
export interface LinkStatistics {
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxErrors: number;
  readonly txErrors: number;
  readonly rxDropped: number;
  readonly txDropped: number;
}

export interface InterfaceAddress {
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefixLength: number;
  readonly ifindex: number;
  /** IFA_F_ bits. */
  readonly flags: number;
  /** 0 everywhere, 253 this link, 254 this host. */
  readonly scope: number;
  readonly label?: string;
  readonly broadcast?: string;
  /** The other end of a point-to-point link. */
  readonly peer?: string;
}

/** One way of a route that has several. */
export interface RouteHop {
  readonly gateway?: string;
  readonly ifindex: number;
  /** Its share of the flows. */
  readonly weight: number;
}

export interface Route {
  readonly family: 'inet' | 'inet6';
  /** Absent: the default route. */
  readonly target?: string;
  readonly prefixLength: number;
  readonly gateway?: string;
  readonly ifindex?: number;
  /** Of a route over several ways (ECMP), which has no gateway and no interface of its own. */
  readonly nextHops?: readonly RouteHop[];
  readonly source?: string;
  readonly priority?: number;
  readonly table: number;
  /** RTN_ number: 1 unicast, 2 local, 3 broadcast, 5 multicast. */
  readonly type: number;
  /** RTPROT_ number: 2 kernel, 4 static. */
  readonly protocol: number;
}

export interface Neighbour {
  readonly ifindex: number;
  readonly address: string;
  readonly hardwareAddress?: string;
  /** NUD_ bits: 0x80 permanent, 0x40 no ARP, 0x02 reachable. */
  readonly state: number;
}

function attributesAfter(body: Uint8Array, structBytes: number, name: string): readonly Attribute[] {
  return expectDecoded(decodeAttributes(body, structBytes), `rtnetlink ${name}`).attributes;
}

export function decodeLink(body: Uint8Array): Link {
  const attributes = attributesAfter(body, 16, 'RTM_NEWLINK');
  const flags = readHostU32(body, 8);
  const address = attributeOf(attributes, IFLA_ADDRESS);
  const info = attributeOf(attributes, IFLA_LINKINFO);
  const kind =
    info === undefined ? undefined : attributeText(attributesAfter(info, 0, 'IFLA_LINKINFO'), IFLA_INFO_KIND);
  return {
    index: readHostU32(body, 4),
    name: attributeText(attributes, IFLA_IFNAME) ?? '',
    hardware: readHostU16(body, 2),
    flags,
    up: (flags & IFF_UP) !== 0,
    mtu: attributeNumber(attributes, IFLA_MTU) ?? 0,
    ...(address === undefined || address.length === 0 ? {} : { address: formatMac(address, 0, address.length) }),
    operState: attributeNumber(attributes, IFLA_OPERSTATE) ?? 0,
    ...(kind === undefined ? {} : { kind }),
    ...optional('broadcast', hardwareText(attributeOf(attributes, IFLA_BROADCAST))),
    ...optional('master', attributeNumber(attributes, IFLA_MASTER)),
    ...optional('lower', attributeNumber(attributes, IFLA_LINK)),
    ...optional('statistics', decodeStatistics(attributeOf(attributes, IFLA_STATS64))),
  };
}

function optional<Key extends string, T>(key: Key, value: T | undefined): { readonly [K in Key]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: T });
}

function hardwareText(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined || bytes.length === 0 ? undefined : formatMac(bytes, 0, bytes.length);
}

/** struct rtnl_link_stats64: a row of 64-bit counters, eight of which everybody knows. */
function decodeStatistics(bytes: Uint8Array | undefined): LinkStatistics | undefined {
  if (bytes === undefined || bytes.length < 64) return undefined;
  const at = (index: number): number => Number(readHostU64(bytes, index * 8));
  return {
    rxPackets: at(0),
    txPackets: at(1),
    rxBytes: at(2),
    txBytes: at(3),
    rxErrors: at(4),
    txErrors: at(5),
    rxDropped: at(6),
    txDropped: at(7),
  };
}

/** A dump of every family also tells of multicast routing, MPLS and bridges. */
function isInternet(family: number): boolean {
  return family === AF_INET || family === AF_INET6;
}

function familyName(number: number): 'inet' | 'inet6' {
  return number === AF_INET6 ? 'inet6' : 'inet';
}

/** Text of an address attribute; undefined when it is absent or does not have its family's length. */
function addressText(family: number, bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length !== (family === AF_INET6 ? 16 : 4)) return undefined;
  return inet_ntop(family === AF_INET6 ? AF_INET6 : AF_INET, bytes);
}

export function decodeAddress(body: Uint8Array): InterfaceAddress | null {
  const attributes = attributesAfter(body, 8, 'RTM_NEWADDR');
  const family = body[0]!;
  if (!isInternet(family)) return null;
  const bytes = attributeOf(attributes, IFA_LOCAL) ?? attributeOf(attributes, IFA_ADDRESS);
  const label = attributeText(attributes, IFA_LABEL);
  const peer = addressText(family, attributeOf(attributes, IFA_ADDRESS));
  return {
    family: familyName(family),
    address: addressText(family, bytes) ?? '',
    prefixLength: body[1]!,
    ifindex: readHostU32(body, 4),
    flags: attributeNumber(attributes, IFA_FLAGS) ?? body[2]!,
    scope: body[3]!,
    ...(label === undefined ? {} : { label }),
    ...optional('broadcast', addressText(family, attributeOf(attributes, IFA_BROADCAST))),
    ...optional('peer', peer === addressText(family, bytes) ? undefined : peer),
  };
}

export function decodeRoute(body: Uint8Array): Route | null {
  const attributes = attributesAfter(body, 12, 'RTM_NEWROUTE');
  const family = body[0]!;
  if (!isInternet(family)) return null;
  const target = addressText(family, attributeOf(attributes, RTA_DST));
  const gateway = addressText(family, attributeOf(attributes, RTA_GATEWAY));
  const source = addressText(family, attributeOf(attributes, RTA_PREFSRC));
  const ifindex = attributeNumber(attributes, RTA_OIF);
  const priority = attributeNumber(attributes, RTA_PRIORITY);
  return {
    family: familyName(family),
    ...(target === undefined ? {} : { target }),
    prefixLength: body[1]!,
    ...(gateway === undefined ? {} : { gateway }),
    ...(ifindex === undefined ? {} : { ifindex }),
    ...optional('nextHops', decodeNextHops(family, attributeOf(attributes, RTA_MULTIPATH))),
    ...(source === undefined ? {} : { source }),
    ...(priority === undefined ? {} : { priority }),
    table: attributeNumber(attributes, RTA_TABLE) ?? body[4]!,
    type: body[7]!,
    protocol: body[5]!,
  };
}

/** A row of struct rtnexthop, attributes behind each (rtnetlink(7)). */
function decodeNextHops(family: number, bytes: Uint8Array | undefined): readonly RouteHop[] | undefined {
  if (bytes === undefined) return undefined;
  const hops: RouteHop[] = [];
  let at = 0;
  while (bytes.length - at >= NEXT_HOP_BYTES) {
    const length = readHostU16(bytes, at);
    if (length < NEXT_HOP_BYTES || length > bytes.length - at) break;
    const attributes = attributesAfter(bytes.subarray(at, at + length), NEXT_HOP_BYTES, 'RTA_MULTIPATH');
    const gateway = addressText(family, attributeOf(attributes, RTA_GATEWAY));
    hops.push({
      ...optional('gateway', gateway),
      ifindex: readHostU32(bytes, at + 4),
      weight: bytes[at + 3]! + 1,
    });
    at += (length + 3) & ~3;
  }
  return hops;
}

export function decodeNeighbour(body: Uint8Array): Neighbour | null {
  const attributes = attributesAfter(body, 12, 'RTM_NEWNEIGH');
  if (!isInternet(body[0]!)) return null;
  const hardware = attributeOf(attributes, NDA_LLADDR);
  return {
    ifindex: readHostU32(body, 4),
    address: addressText(body[0]!, attributeOf(attributes, NDA_DST)) ?? '',
    ...(hardware === undefined ? {} : { hardwareAddress: formatMac(hardware, 0, hardware.length) }),
    state: readHostU16(body, 8),
  };
}
