/** Interfaces and their addresses as a program sees them: the kernel's numbers by their names (netdevice(7)). */
import type { InterfaceAddress, Link, LinkStatistics } from '../netlink/rtnetlink-rows.ts';

/** One interface without its addresses and counters: what a change is told of. */
export interface InterfaceLink {
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
}

export interface NetworkInterface extends InterfaceLink {
  /** Since the interface was made. */
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

/** @param names of all interfaces by their numbers, for `master` */
export function describeLink(link: Link, names: ReadonlyMap<number, string>): InterfaceLink {
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
  };
}

export function describeAddress(row: InterfaceAddress): AssignedAddress {
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
