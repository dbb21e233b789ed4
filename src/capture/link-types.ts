/**
 * Link types: what the bytes of a captured packet begin with. Numbers of the LINKTYPE registry
 * (draft-ietf-opsawg-pcaplinktype, www.tcpdump.org/linktypes.html); those that this project meets.
 */

export const LINKTYPE_NULL = 0;
export const LINKTYPE_ETHERNET = 1;
export const LINKTYPE_PPP = 9;
export const LINKTYPE_RAW = 101;
export const LINKTYPE_IEEE802_11 = 105;
export const LINKTYPE_LOOP = 108;
export const LINKTYPE_LINUX_SLL = 113;
export const LINKTYPE_IEEE802_11_RADIOTAP = 127;
export const LINKTYPE_USER0 = 147;
export const LINKTYPE_IPV4 = 228;
export const LINKTYPE_IPV6 = 229;
export const LINKTYPE_NETLINK = 253;
export const LINKTYPE_LINUX_SLL2 = 276;

export interface LinkType {
  readonly number: number;
  /** The name after `LINKTYPE_`. */
  readonly name: string;
  readonly meaning: string;
}

export const LINK_TYPES: readonly LinkType[] = [
  { number: LINKTYPE_NULL, name: 'NULL', meaning: 'BSD loopback: 4 bytes of address family in host order' },
  { number: LINKTYPE_ETHERNET, name: 'ETHERNET', meaning: 'Ethernet frame without preamble and FCS' },
  { number: LINKTYPE_PPP, name: 'PPP', meaning: 'PPP frame' },
  { number: LINKTYPE_RAW, name: 'RAW', meaning: 'IPv4 or IPv6 packet, told apart by its version' },
  { number: LINKTYPE_IEEE802_11, name: 'IEEE802_11', meaning: 'IEEE 802.11 frame' },
  { number: LINKTYPE_LOOP, name: 'LOOP', meaning: 'OpenBSD loopback: 4 bytes of address family, big-endian' },
  { number: LINKTYPE_LINUX_SLL, name: 'LINUX_SLL', meaning: 'Linux cooked capture, what "any" gave for long' },
  { number: LINKTYPE_IEEE802_11_RADIOTAP, name: 'IEEE802_11_RADIOTAP', meaning: 'radiotap header, then 802.11' },
  { number: LINKTYPE_USER0, name: 'USER0', meaning: 'for private use' },
  { number: LINKTYPE_IPV4, name: 'IPV4', meaning: 'IPv4 packet' },
  { number: LINKTYPE_IPV6, name: 'IPV6', meaning: 'IPv6 packet' },
  { number: LINKTYPE_NETLINK, name: 'NETLINK', meaning: 'Linux netlink message behind a cooked header' },
  { number: LINKTYPE_LINUX_SLL2, name: 'LINUX_SLL2', meaning: 'Linux cooked capture v2, with the interface index' },
];

const names: ReadonlyMap<number, string> = new Map(LINK_TYPES.map((row) => [row.number, row.name]));

/** `ETHERNET`, or `LINKTYPE 4711` for a number that is not in the table. */
export function linkTypeName(linkType: number): string {
  return names.get(linkType) ?? `LINKTYPE ${linkType}`;
}
