/**
 * The network interfaces of a host, all of them: also those that are down or have no address, which Node leaves out; and
 * what changes about them, as it changes (rtnetlink(7), netdevice(7)).
 */
import { AF_NETLINK, type Host, SOCK_RAW, type Socket, SocketError, type WaitOptions } from '../socket/index.ts';
import { kernel } from './kernel.ts';
import { expectDecoded } from './netlink/client.ts';
import { decodeMessages, NETLINK_ROUTE, type NetlinkMessage } from './netlink/message.ts';
import { Rtnetlink } from './netlink/rtnetlink.ts';
import {
  decodeAddress,
  decodeLink,
  decodeRoute,
  type InterfaceAddress,
  type Link,
  type LinkStatistics,
  type Route,
} from './netlink/rtnetlink-rows.ts';

export interface NetworkInterface {
  readonly name: string;
  readonly index: number;
  /** IFF_UP: somebody turned it on. */
  readonly up: boolean;
  /** IFF_RUNNING: it has a carrier and can send. */
  readonly running: boolean;
  /** `UP`, `BROADCAST`, `LOOPBACK`, `MULTICAST`, `PROMISC` …: the IFF_ names. */
  readonly flags: readonly string[];
  /** In bytes. */
  readonly mtu: number;
  /** `ethernet`, `loopback`, `none` (TUN); the ARPHRD_ number as text for others. */
  readonly type: string;
  readonly hardwareAddress?: string;
  readonly broadcast?: string;
  /** RFC 2863. */
  readonly operState: 'unknown' | 'notpresent' | 'down' | 'lowerlayerdown' | 'testing' | 'dormant' | 'up';
  /** `veth`, `bridge`, `tun` …: absent for hardware and loopback. */
  readonly kind?: string;
  /** Name of the bridge or bond that it belongs to. */
  readonly master?: string;
  readonly statistics?: LinkStatistics;
  readonly addresses: readonly AssignedAddress[];
}

export interface AssignedAddress {
  readonly family: 'inet' | 'inet6';
  readonly address: string;
  readonly prefixLength: number;
  readonly scope: 'global' | 'site' | 'link' | 'host' | 'nowhere';
  /** `permanent`, `tentative`, `deprecated`, `temporary` …: the IFA_F_ names in small letters. */
  readonly flags: readonly string[];
  readonly broadcast?: string;
  /** The other end of a point-to-point link. */
  readonly peer?: string;
  readonly label?: string;
}

const IFF_NAMES = [
  'UP',
  'BROADCAST',
  'DEBUG',
  'LOOPBACK',
  'POINTOPOINT',
  'NOTRAILERS',
  'RUNNING',
  'NOARP',
  'PROMISC',
  'ALLMULTI',
  'MASTER',
  'SLAVE',
  'MULTICAST',
  'PORTSEL',
  'AUTOMEDIA',
  'DYNAMIC',
  'LOWER_UP',
  'DORMANT',
  'ECHO',
] as const;
const IFA_NAMES = [
  'temporary',
  'nodad',
  'optimistic',
  'dadfailed',
  'homeaddress',
  'deprecated',
  'tentative',
  'permanent',
  'managetempaddr',
  'noprefixroute',
  'mcautojoin',
  'stableprivacy',
] as const;
const OPER_STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'] as const;
const SCOPES: ReadonlyMap<number, AssignedAddress['scope']> = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
]);
/** ARPHRD_ numbers. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'ethernet'],
  [280, 'can'],
  [512, 'ppp'],
  [768, 'ipip'],
  [769, 'ip6tunnel'],
  [772, 'loopback'],
  [776, 'sit'],
  [778, 'gre'],
  [801, 'ieee80211'],
  [803, 'radiotap'],
  [65_534, 'none'],
]);

const named = <T extends string>(bits: number, names: readonly T[]): T[] =>
  names.filter((_, i) => (bits & (1 << i)) !== 0);

/**
 * Every interface of a host, in the order of their numbers.
 * @param host this machine, or a network namespace
 * @example
 * ```ts
 * import { interfaces } from 'barewire';
 * const lo = interfaces().find(({ flags }) => flags.includes('LOOPBACK'));
 * console.log(lo?.name, lo?.index); // lo 1
 * ```
 */
export function interfaces(host: Host = kernel): NetworkInterface[] {
  using netlink = new Rtnetlink(host);
  const links = netlink.links();
  const addresses = netlink.addresses();
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return links
    .sort((a, b) => a.index - b.index)
    .map((link) =>
      describeLink(
        link,
        names,
        addresses.filter(({ ifindex }) => ifindex === link.index),
      ),
    );
}

function describeLink(
  link: Link,
  names: ReadonlyMap<number, string>,
  addresses: readonly InterfaceAddress[],
): NetworkInterface {
  const flags = named(link.flags, IFF_NAMES);
  return {
    name: link.name,
    index: link.index,
    up: flags.includes('UP'),
    running: flags.includes('RUNNING'),
    flags,
    mtu: link.mtu,
    type: TYPES.get(link.hardware) ?? String(link.hardware),
    ...(link.address === undefined ? {} : { hardwareAddress: link.address }),
    ...(link.broadcast === undefined ? {} : { broadcast: link.broadcast }),
    operState: OPER_STATES[link.operState] ?? 'unknown',
    ...(link.kind === undefined ? {} : { kind: link.kind }),
    ...(link.master === undefined ? {} : { master: names.get(link.master) ?? String(link.master) }),
    ...(link.statistics === undefined ? {} : { statistics: link.statistics }),
    addresses: addresses.map(describeAddress),
  };
}

function describeAddress(row: InterfaceAddress): AssignedAddress {
  const { family, address, prefixLength, broadcast, peer, label } = row;
  return {
    family,
    address,
    prefixLength,
    scope: SCOPES.get(row.scope) ?? 'global',
    flags: named(row.flags, IFA_NAMES),
    ...(broadcast === undefined ? {} : { broadcast }),
    ...(peer === undefined ? {} : { peer }),
    ...(label === undefined ? {} : { label }),
  };
}

/** if_nametoindex(3): undefined for a name that no interface has. */
export function ifNameToIndex(name: string, host: Host = kernel): number | undefined {
  using netlink = new Rtnetlink(host);
  return netlink.links().find((link) => link.name === name)?.index;
}

/** if_indextoname(3): undefined for a number that no interface has. */
export function ifIndexToName(index: number, host: Host = kernel): string | undefined {
  using netlink = new Rtnetlink(host);
  return netlink.links().find((link) => link.index === index)?.name;
}

// ------------------------------------------------------------------------------------------------------------ changes

/** Something about the network changed. `removed` is false for what is new and for what is different. */
export type InterfaceEvent =
  | { readonly kind: 'link'; readonly removed: boolean; readonly link: NetworkInterface }
  | { readonly kind: 'address'; readonly removed: boolean; readonly ifindex: number; readonly address: AssignedAddress }
  | { readonly kind: 'route'; readonly removed: boolean; readonly route: Route }
  /** Events came faster than they were read and some are lost: ask `interfaces()` again. */
  | { readonly kind: 'lost' };

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
/** RTMGRP_ bits of netlink(7): links, addresses and routes of both families. */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
const RECEIVE_BYTES = 65_536;
/** Room for the burst of a machine that starts its containers. */
const QUEUE_BYTES = 1 << 20;
const SO_RCVBUF = 8;
const SOL_SOCKET = 1;

/**
 * What changes about the interfaces of a host, from now on, until the signal aborts or the loop is left. Needs no
 * privilege. A link that stays as it was may be told again: the kernel says so for every small change.
 * @example
 * ```ts
 * import { watchInterfaces } from 'barewire';
 * const stop = new AbortController();
 * setTimeout(() => stop.abort(), 10);
 * for await (const event of watchInterfaces({ signal: stop.signal })) console.log(event.kind);
 * ```
 */
export async function* watchInterfaces(
  { signal }: Pick<WaitOptions, 'signal'> = {},
  host: Host = kernel,
): AsyncGenerator<InterfaceEvent, void, void> {
  using socket = host.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  socket.setsockopt(SOL_SOCKET, SO_RCVBUF, QUEUE_BYTES);
  socket.bind({ family: 'netlink', pid: 0, groups: GROUPS });
  const buffer = new Uint8Array(RECEIVE_BYTES);
  for (;;) {
    const events = await nextEvents(socket, buffer, signal);
    if (events === undefined) return;
    yield* events;
  }
}

/** undefined: the signal has aborted. */
async function nextEvents(
  socket: Socket,
  buffer: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<InterfaceEvent[] | undefined> {
  try {
    const length = await socket.recv(buffer, { signal });
    const { messages } = expectDecoded(decodeMessages(buffer.subarray(0, length)), 'rtnetlink events');
    return messages.flatMap((message) => eventOf(message) ?? []);
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    // netlink(7): ENOBUFS means that messages were dropped.
    if (error instanceof SocketError && error.code === 'ENOBUFS') return [{ kind: 'lost' }];
    throw error;
  }
}

function eventOf({ type, body }: NetlinkMessage): InterfaceEvent | undefined {
  switch (type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      // Bridges tell of their ports with the same message, of a family of their own.
      if (body[0] !== 0) return undefined;
      return { kind: 'link', removed: type === RTM_DELLINK, link: describeLink(decodeLink(body), new Map(), []) };
    case RTM_NEWADDR:
    case RTM_DELADDR: {
      const row = decodeAddress(body);
      if (row === null) return undefined;
      return { kind: 'address', removed: type === RTM_DELADDR, ifindex: row.ifindex, address: describeAddress(row) };
    }
    case RTM_NEWROUTE:
    case RTM_DELROUTE: {
      const route = decodeRoute(body);
      return route === null ? undefined : { kind: 'route', removed: type === RTM_DELROUTE, route };
    }
    default:
      return undefined;
  }
}
