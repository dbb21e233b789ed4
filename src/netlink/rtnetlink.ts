/**
 * Links, addresses, routes and neighbours of one network namespace: rtnetlink(7), netdevice(7), veth(4).
 *
 * What `ip link`, `ip address`, `ip route` and `ip neighbour` do, as far as a lab needs it. Nothing is remembered:
 * each call asks the kernel. Changes need CAP_NET_ADMIN over the namespace.
 */
import { inet_pton, parseMac } from '../addr/index.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, type Host } from '../socket/index.ts';
import { NetlinkClient } from './client.ts';
import {
  ATTRIBUTE_HEADER_BYTES,
  NETLINK_ROUTE,
  NetlinkWriter,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
} from './message.ts';
import {
  decodeAddress,
  decodeLink,
  decodeNeighbour,
  decodeRoute,
  IFF_MULTICAST,
  IFF_NOARP,
  IFF_UP,
  type InterfaceAddress,
  type Link,
  type Neighbour,
  type Route,
} from './rtnetlink-rows.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;
const RTM_NEWNEIGH = 28;
const RTM_GETNEIGH = 30;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_MULTIPATH = 9;
/** struct rtnexthop. */
const NEXT_HOP_BYTES = 8;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
/** RTN_ numbers: what a route does with a packet. */
const ROUTE_TYPES = { unicast: 1, local: 2, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const RT_SCOPE_UNIVERSE = 0;
const RT_SCOPE_LINK = 253;

const NDA_DST = 1;
const NDA_LLADDR = 2;
const NUD_PERMANENT = 0x80;

/** IFLA_INET6_ADDR_GEN_MODE: make no link-local address, and so no router solicitation. */
export const IN6_ADDR_GEN_MODE_NONE = 1;

/** Interface names are at most 15 bytes (IFNAMSIZ with its \0). */
const IFNAME_MOST = 15;

export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly name?: string;
  /** Hardware address. */
  readonly address?: string;
  /** IFF_NOARP on or off. */
  readonly noarp?: boolean;
  /** IFF_MULTICAST on or off. */
  readonly multicast?: boolean;
  /** IFLA_INET6_ADDR_GEN_MODE; EAFNOSUPPORT where the kernel or the link has no IPv6. */
  readonly ipv6AddrGenMode?: number;
  /** Move the link to the namespace behind this descriptor. */
  readonly netnsFd?: number;
}

export interface VethEnd {
  readonly name: string;
  readonly address?: string;
  readonly mtu?: number;
  /** The namespace of this end; the socket's own when absent. */
  readonly netnsFd?: number;
}

/** One way of a route that has several (ip-route(8), nexthop). */
export interface NextHop {
  readonly gateway: string;
  readonly ifindex: number;
  /** Its share, 1 to 256; 1 when left out. */
  readonly weight?: number;
}

export interface RouteSpec {
  /** `10.0.0.0/8`, `fd00::/64`, or `default` for IPv4 (`default6` for IPv6). */
  readonly target: string;
  readonly gateway?: string;
  /** Instead of `gateway` and `ifindex`: flows are spread over these (ECMP). */
  readonly nextHops?: readonly NextHop[];
  readonly ifindex?: number;
  readonly source?: string;
  readonly priority?: number;
  /**
   * `unicast` when left out. `local` delivers here; `unreachable` and `prohibit` answer by ICMP, `blackhole` does not.
   */
  readonly type?: keyof typeof ROUTE_TYPES;
}

/** rtnetlink(7) of one namespace: open, ask, close. */
export class Rtnetlink implements Disposable {
  readonly #client: NetlinkClient;

  constructor(host: Host) {
    this.#client = new NetlinkClient(host, NETLINK_ROUTE);
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---------------------------------------------------------------- links

  links(): Link[] {
    return this.#dump('RTM_GETLINK', RTM_GETLINK, RTM_NEWLINK, linkHead(0), decodeLink);
  }

  /** One link by name or number. @throws NetlinkError ENODEV */
  link(which: string | number): Link {
    const head = linkHead(typeof which === 'number' ? which : 0);
    if (typeof which === 'string') head.attribute(IFLA_IFNAME, `${checkName(which)}\0`);
    const body = head.finish();
    for (const answer of this.#client.request({ name: 'rtnetlink RTM_GETLINK', type: RTM_GETLINK, body })) {
      if (answer.type === RTM_NEWLINK) return decodeLink(answer.body);
    }
    throw new Error(`rtnetlink: the kernel acknowledged a request for ${which} without an answer`);
  }

  /** Change one link; the kernel applies all of it or says why not. */
  setLink(index: number, change: LinkChange): void {
    let flags = 0;
    let mask = 0;
    const flag = (bit: number, wanted: boolean | undefined): void => {
      if (wanted === undefined) return;
      mask |= bit;
      if (wanted) flags |= bit;
    };
    flag(IFF_UP, change.up);
    flag(IFF_NOARP, change.noarp);
    flag(IFF_MULTICAST, change.multicast);
    const writer = linkHead(index, flags, mask);
    const { ipv6AddrGenMode } = change;
    if (change.name !== undefined) writer.attribute(IFLA_IFNAME, `${checkName(change.name)}\0`);
    if (change.mtu !== undefined) writer.attribute(IFLA_MTU, change.mtu);
    if (change.address !== undefined) writer.attribute(IFLA_ADDRESS, macBytes(change.address));
    if (change.netnsFd !== undefined) writer.attribute(IFLA_NET_NS_FD, change.netnsFd);
    if (ipv6AddrGenMode !== undefined) {
      writer.nest(IFLA_AF_SPEC, (spec) =>
        spec.nest(AF_INET6, (inet6) => inet6.attribute(IFLA_INET6_ADDR_GEN_MODE, Uint8Array.of(ipv6AddrGenMode))),
      );
    }
    // RTM_NEWLINK without NLM_F_CREATE changes; RTM_SETLINK does not take every attribute on older kernels.
    this.#change('RTM_NEWLINK', RTM_NEWLINK, 0, writer);
  }

  /** A pair of veth(4) ends, each made in its namespace at once. */
  addVeth(end: VethEnd, peer: VethEnd): void {
    const writer = vethEnd(linkHead(0), end).nest(IFLA_LINKINFO, (info) =>
      info
        .attribute(IFLA_INFO_KIND, 'veth')
        // VETH_INFO_PEER holds an ifinfomsg and then attributes, as a message of its own would.
        .nest(IFLA_INFO_DATA, (data) => data.nest(VETH_INFO_PEER, (inner) => vethEnd(appendLinkHead(inner), peer))),
    );
    this.#change('RTM_NEWLINK', RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, writer);
  }

  /** Remove a link; of a veth(4) pair both ends go. */
  deleteLink(index: number): void {
    this.#change('RTM_DELLINK', RTM_DELLINK, 0, linkHead(index));
  }

  // ---------------------------------------------------------------- addresses

  addresses(): InterfaceAddress[] {
    const head = new NetlinkWriter().zeros(8);
    return this.#dump('RTM_GETADDR', RTM_GETADDR, RTM_NEWADDR, head, decodeAddress);
  }

  /**
   * @param address `10.0.0.1/24`, `fd00::1/64`
   * @param flags IFA_F_ bits; with IFA_F_NODAD an IPv6 address serves at once, without asking the link for a double
   */
  addAddress(index: number, address: string, flags: number = 0): void {
    this.#change('RTM_NEWADDR', RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, addressBody(index, address, flags));
  }

  deleteAddress(index: number, address: string): void {
    this.#change('RTM_DELADDR', RTM_DELADDR, 0, addressBody(index, address, 0));
  }

  // ---------------------------------------------------------------- routes and neighbours

  routes(): Route[] {
    const head = new NetlinkWriter().zeros(12);
    return this.#dump('RTM_GETROUTE', RTM_GETROUTE, RTM_NEWROUTE, head, decodeRoute);
  }

  addRoute(route: RouteSpec): void {
    this.#change('RTM_NEWROUTE', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, routeBody(route));
  }

  deleteRoute(route: RouteSpec): void {
    this.#change('RTM_DELROUTE', RTM_DELROUTE, 0, routeBody(route));
  }

  neighbours(): Neighbour[] {
    const head = new NetlinkWriter().zeros(12);
    return this.#dump('RTM_GETNEIGH', RTM_GETNEIGH, RTM_NEWNEIGH, head, decodeNeighbour);
  }

  /** A permanent entry: nothing is asked on the link. */
  addNeighbour(index: number, address: string, hardwareAddress: string): void {
    const { family, bytes } = addressBytes(address);
    const writer = new NetlinkWriter().u8(family).zeros(3).u32(index).u16(NUD_PERMANENT).u8(0).u8(0);
    writer.attribute(NDA_DST, bytes).attribute(NDA_LLADDR, macBytes(hardwareAddress));
    this.#change('RTM_NEWNEIGH', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, writer);
  }

  #change(name: string, type: number, flags: number, body: NetlinkWriter): void {
    this.#client.request({ name: `rtnetlink ${name}`, type, flags, body: body.finish() });
  }

  #dump<T>(
    name: string,
    type: number,
    answer: number,
    head: NetlinkWriter,
    decode: (body: Uint8Array) => T | null,
  ): T[] {
    const rows: T[] = [];
    const request = { name: `rtnetlink ${name}`, type, body: head.finish() };
    this.#client.dump(
      request,
      (message) => {
        const row = message.type === answer ? decode(message.body) : null;
        if (row !== null) rows.push(row);
      },
      () => {
        rows.length = 0;
      },
    );
    return rows;
  }
}

// ------------------------------------------------------------------------------------------------ structs to bytes

/** struct ifinfomsg: family, pad, type, index, flags, mask of the flags to change. */
function appendLinkHead(writer: NetlinkWriter, index = 0, flags = 0, mask = 0): NetlinkWriter {
  return writer.u8(AF_UNSPEC).u8(0).u16(0).u32(index).u32(flags).u32(mask);
}

function linkHead(index: number, flags = 0, mask = 0): NetlinkWriter {
  return appendLinkHead(new NetlinkWriter(), index, flags, mask);
}

function vethEnd(writer: NetlinkWriter, end: VethEnd): NetlinkWriter {
  writer.attribute(IFLA_IFNAME, `${checkName(end.name)}\0`);
  if (end.address !== undefined) writer.attribute(IFLA_ADDRESS, macBytes(end.address));
  if (end.mtu !== undefined) writer.attribute(IFLA_MTU, end.mtu);
  if (end.netnsFd !== undefined) writer.attribute(IFLA_NET_NS_FD, end.netnsFd);
  return writer;
}

function addressBody(index: number, text: string, flags: number): NetlinkWriter {
  const { family, bytes, prefixLength } = prefixBytes(text, 'address');
  const writer = new NetlinkWriter()
    .u8(family)
    .u8(prefixLength)
    .u8(flags & 0xff)
    .u8(RT_SCOPE_UNIVERSE)
    .u32(index);
  // IFA_LOCAL is the address, IFA_ADDRESS the other end of a point-to-point link; elsewhere both are the same.
  writer.attribute(IFA_LOCAL, bytes).attribute(IFA_ADDRESS, bytes);
  if (flags !== 0) writer.attribute(IFA_FLAGS, flags);
  return writer;
}

function routeBody(route: RouteSpec): NetlinkWriter {
  const fallback = route.target === 'default' ? '0.0.0.0/0' : route.target === 'default6' ? '::/0' : route.target;
  const { family, bytes, prefixLength } = prefixBytes(fallback, 'target');
  const isDirect = route.gateway === undefined && route.nextHops === undefined;
  const scope = isDirect && family === AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  const writer = new NetlinkWriter()
    .u8(family)
    .u8(prefixLength)
    .u8(0)
    .u8(0)
    .u8(RT_TABLE_MAIN)
    .u8(RTPROT_STATIC)
    .u8(scope)
    .u8(ROUTE_TYPES[route.type ?? 'unicast'])
    .u32(0);
  if (prefixLength > 0) writer.attribute(RTA_DST, bytes);
  if (route.gateway !== undefined) writer.attribute(RTA_GATEWAY, addressBytes(route.gateway, family).bytes);
  if (route.ifindex !== undefined) writer.attribute(RTA_OIF, route.ifindex);
  if (route.source !== undefined) writer.attribute(RTA_PREFSRC, addressBytes(route.source, family).bytes);
  if (route.priority !== undefined) writer.attribute(RTA_PRIORITY, route.priority);
  if (route.nextHops !== undefined) writer.attribute(RTA_MULTIPATH, nextHopBytes(route.nextHops, family));
  return writer;
}

/** struct rtnexthop, a gateway behind each (rtnetlink(7)). */
function nextHopBytes(nextHops: readonly NextHop[], family: number): Uint8Array {
  const writer = new NetlinkWriter();
  for (const { gateway, ifindex, weight = 1 } of nextHops) {
    if (!Number.isInteger(weight) || weight < 1 || weight > 256) {
      throw new RangeError(`weight: expected an integer from 1 to 256, got ${weight}`);
    }
    const { bytes } = addressBytes(gateway, family);
    writer
      .u16(NEXT_HOP_BYTES + ATTRIBUTE_HEADER_BYTES + bytes.length)
      .u8(0)
      .u8(weight - 1)
      .u32(ifindex)
      .attribute(RTA_GATEWAY, bytes);
  }
  return writer.finish();
}

function checkName(name: string): string {
  const length = new TextEncoder().encode(name).length;
  if (length === 0 || length > IFNAME_MOST || /[\s/:\0]/.test(name) || name === '.' || name === '..') {
    throw new TypeError(`name: expected an interface name of 1 to 15 bytes without white space, / or :, got '${name}'`);
  }
  return name;
}

function macBytes(text: string): Uint8Array {
  const bytes = parseMac(text);
  if (bytes === null) throw new TypeError(`address: expected a hardware address as 02:00:00:00:00:01, got '${text}'`);
  return bytes;
}

function addressBytes(text: string, wanted?: number): { family: number; bytes: Uint8Array } {
  const family = text.includes(':') ? AF_INET6 : AF_INET;
  const bytes = inet_pton(family, text);
  if (bytes === null) throw new TypeError(`address: expected an IPv4 or IPv6 address, got '${text}'`);
  if (wanted !== undefined && family !== wanted) {
    throw new TypeError(`address: expected an address of the target's family, got '${text}'`);
  }
  return { family, bytes };
}

function prefixBytes(text: string, name: string): { family: number; bytes: Uint8Array; prefixLength: number } {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const most = text.includes(':') ? 128 : 32;
  const prefixLength = Number(match?.[2]);
  if (match === null || prefixLength > most) {
    throw new TypeError(`${name}: expected an address and a prefix length up to ${most} as 10.0.0.1/24, got '${text}'`);
  }
  return { ...addressBytes(match[1]!), prefixLength };
}
