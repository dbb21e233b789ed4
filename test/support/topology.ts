/**
 * A small internet for tests: six hosts of the real kernel, four hops from end to end, two of them beside each other.
 *
 * ```
 *                     10.91.2.2  a  10.91.4.1
 *   client — r1 —<                            >— r2 — server
 *                     10.91.3.2  b  10.91.5.1
 * ```
 *
 * | link | IPv4 | IPv6 |
 * |---|---|---|
 * | client — r1 | 10.91.1.2 — 10.91.1.1 | fd91:1::2 — fd91:1::1 |
 * | r1 — a | 10.91.2.1 — 10.91.2.2 | fd91:2::1 — fd91:2::2 |
 * | r1 — b | 10.91.3.1 — 10.91.3.2 | fd91:3::1 — fd91:3::2 |
 * | a — r2 | 10.91.4.1 — 10.91.4.2 | fd91:4::1 — fd91:4::2 |
 * | b — r2 | 10.91.5.1 — 10.91.5.2 | fd91:5::1 — fd91:5::2 |
 * | r2 — server | 10.91.6.1 — 10.91.6.2 | fd91:6::1 — fd91:6::2 |
 *
 * r1 spreads flows over a and b by ports, and has routes that answer "unreachable" (10.91.100.0/24, fd91:100::/64),
 * "prohibited" (10.91.101.0/24, fd91:101::/64) and nothing (10.91.102.0/24, fd91:102::/64). Routers answer as often as
 * asked; the server keeps Linux's limits for ICMP errors. Of the client: 10.91.1.9 is on the link and nobody has it;
 * 10.92.0.0/16 has no route at all.
 *
 * Needs CAP_SYS_ADMIN: stand inside `describeInNamespace`, or a user namespace.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { IFA_F_NODAD, Rtnetlink } from '../../src/netlink/index.ts';
import { IN6_ADDR_GEN_MODE_NONE } from '../../src/netlink/rtnetlink.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { addressesServe, setSysctl } from './namespaces.ts';

export const HOSTS = ['client', 'r1', 'a', 'b', 'r2', 'server'] as const;
export type HostName = (typeof HOSTS)[number];

/** Links in order; the first host has .1 but on the client's link, where the router has it. */
const LINKS: readonly (readonly [network: number, first: HostName, second: HostName])[] = [
  [1, 'r1', 'client'],
  [2, 'r1', 'a'],
  [3, 'r1', 'b'],
  [4, 'a', 'r2'],
  [5, 'b', 'r2'],
  [6, 'r2', 'server'],
];

/** Where a host sends what it has no link to; `via` the host at the other end of a link. */
const ROUTES: readonly (readonly [host: HostName, networks: readonly number[] | 'default', via: readonly number[]])[] =
  [
    ['client', [2, 3, 4, 5, 6, 100, 101, 102], [1]],
    ['server', 'default', [6]],
    ['r1', [4, 5, 6], [2, 3]],
    ['a', [1, 3], [2]],
    ['a', [5, 6], [4]],
    ['b', [1, 2], [3]],
    ['b', [4, 6], [5]],
    ['r2', [1, 2, 3], [4, 5]],
  ];

export interface Topology extends Disposable {
  readonly hosts: Readonly<Record<HostName, NetworkNamespace>>;
  /** A program on a host, as child_process.spawn starts it. */
  spawn(host: HostName, program: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
}

export async function makeTopology(): Promise<Topology> {
  const hosts = Object.fromEntries(
    HOSTS.map((name) => [name, NetworkNamespace.create(name, { loopback: true })]),
  ) as Record<HostName, NetworkNamespace>;
  const tables = Object.fromEntries(HOSTS.map((name) => [name, new Rtnetlink(hosts[name])])) as Record<
    HostName,
    Rtnetlink
  >;
  try {
    for (const host of HOSTS) setUp(hosts[host], host);
    const ends = new Map(LINKS.flatMap(([network, first, second]) => join(hosts, tables, network, first, second)));
    for (const [host, networks, via] of ROUTES) addRoutes(tables[host], host, networks, via, ends);
    for (const family of [4, 6] as const) {
      tables.r1.addRoute({ target: subnet(family, 100), type: 'unreachable' });
      tables.r1.addRoute({ target: subnet(family, 101), type: 'prohibit' });
      tables.r1.addRoute({ target: subnet(family, 102), type: 'blackhole' });
    }
    for (const host of HOSTS) await addressesServe(tables[host]);
  } finally {
    for (const table of Object.values(tables)) table.close();
  }
  return {
    hosts,
    spawn: (host, program, args, options = {}) => hosts[host].run(() => spawn(program, args, options)),
    [Symbol.dispose]: () => {
      for (const host of Object.values(hosts)) host.close();
    },
  };
}

/** `10.91.4.1`, or `fd91:4::1`. */
export function addressOf(family: 4 | 6, network: number, host: number): string {
  return family === 4 ? `10.91.${network}.${host}` : `fd91:${network}::${host}`;
}

function subnet(family: 4 | 6, network: number): string {
  return family === 4 ? `10.91.${network}.0/24` : `fd91:${network}::/64`;
}

function setUp(host: NetworkNamespace, name: HostName): void {
  allowPing(host);
  if (name === 'client' || name === 'server') return;
  setSysctl(host, 'ipv4/ip_forward', 1);
  setSysctl(host, 'ipv6/conf/all/forwarding', 1);
  // Ports choose the way, so that each flow keeps to one.
  setSysctl(host, 'ipv4/fib_multipath_hash_policy', 1);
  setSysctl(host, 'ipv6/fib_multipath_hash_policy', 1);
  setSysctl(host, 'ipv4/icmp_ratelimit', 0);
  setSysctl(host, 'ipv6/icmp/ratelimit', 0);
}

/** Everybody may open ICMP datagram sockets; in a user namespace of one user everybody is root. */
function allowPing(host: NetworkNamespace): void {
  try {
    setSysctl(host, 'ipv4/ping_group_range', '0 65534');
  } catch {
    // A group that this user namespace does not know.
    setSysctl(host, 'ipv4/ping_group_range', '0 0');
  }
}

/** @returns by host and network, the number of its interface and the last number of the other end's addresses */
function join(
  hosts: Readonly<Record<HostName, NetworkNamespace>>,
  tables: Readonly<Record<HostName, Rtnetlink>>,
  network: number,
  first: HostName,
  second: HostName,
): [string, { readonly index: number; readonly peer: number }][] {
  const names = { [first]: `to-${second}`, [second]: `to-${first}` };
  tables[first].addVeth({ name: names[first]! }, { name: names[second]!, netnsFd: hosts[second].fd });
  return [first, second].map((host, at) => {
    const { index } = tables[host].link(names[host]!);
    tables[host].setLink(index, { ipv6AddrGenMode: IN6_ADDR_GEN_MODE_NONE });
    tables[host].setLink(index, { up: true });
    tables[host].addAddress(index, `${addressOf(4, network, at + 1)}/24`);
    tables[host].addAddress(index, `${addressOf(6, network, at + 1)}/64`, IFA_F_NODAD);
    // A router asks for a neighbour with a link-local address (RFC 4861 §4.3).
    tables[host].addAddress(index, `fe80::${at + 1}/64`, IFA_F_NODAD);
    return [`${host} ${network}`, { index, peer: 2 - at }];
  });
}

function addRoutes(
  table: Rtnetlink,
  host: HostName,
  networks: readonly number[] | 'default',
  via: readonly number[],
  ends: ReadonlyMap<string, { readonly index: number; readonly peer: number }>,
): void {
  for (const family of [4, 6] as const) {
    const nextHops = via.map((network) => {
      const { index, peer } = ends.get(`${host} ${network}`)!;
      return { gateway: addressOf(family, network, peer), ifindex: index };
    });
    const targets =
      networks === 'default'
        ? [family === 4 ? 'default' : 'default6']
        : networks.map((network) => subnet(family, network));
    for (const target of targets) {
      table.addRoute(nextHops.length === 1 ? { target, ...nextHops[0]! } : { target, nextHops });
    }
  }
}
