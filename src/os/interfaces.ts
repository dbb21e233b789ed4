/**
 * The network interfaces of a host, all of them: also those that are down or have no address, which Node leaves out
 * (rtnetlink(7), netdevice(7)). What changes about them is in watch-interfaces.ts.
 */

import { NetlinkError } from '../netlink/client.ts';
import { Rtnetlink } from '../netlink/rtnetlink.ts';
import type { Link } from '../netlink/rtnetlink-rows.ts';
import type { Host } from '../socket/index.ts';
import { describeAddress, describeLink, type NetworkInterface } from './interface-rows.ts';
import { kernel } from './kernel.ts';

export type { AssignedAddress, InterfaceLink, NetworkInterface } from './interface-rows.ts';

/**
 * Every interface of a host, in the order of their numbers. Needs no privilege.
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
    .map((link) => ({
      ...describeLink(link, names),
      ...(link.statistics === undefined ? {} : { statistics: link.statistics }),
      addresses: addresses.filter(({ ifindex }) => ifindex === link.index).map(describeAddress),
    }));
}

/** if_nametoindex(3): undefined for a name that no interface has. */
export function ifNameToIndex(name: string, host: Host = kernel): number | undefined {
  return /^[^\s/:\0]{1,15}$/.test(name) ? linkOf(name, host)?.index : undefined;
}

/** if_indextoname(3): undefined for a number that no interface has. */
export function ifIndexToName(index: number, host: Host = kernel): string | undefined {
  return Number.isInteger(index) && index > 0 && index < 2 ** 31 ? linkOf(index, host)?.name : undefined;
}

function linkOf(which: string | number, host: Host): Link | undefined {
  using netlink = new Rtnetlink(host);
  try {
    return netlink.link(which);
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENODEV') return undefined;
    throw error;
  }
}
