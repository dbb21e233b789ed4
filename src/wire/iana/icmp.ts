/** ICMP types and codes (IANA "ICMP Parameters" and "ICMPv6 Parameters"; numbers compared with Wireshark 4.0.17 on 2026-11-23), with tcpdump's words. */
export const Icmpv4Type = {
  ECHO_REPLY: 0,
  DESTINATION_UNREACHABLE: 3,
  SOURCE_QUENCH: 4,
  REDIRECT: 5,
  ECHO_REQUEST: 8,
  ROUTER_ADVERTISEMENT: 9,
  ROUTER_SOLICITATION: 10,
  TIME_EXCEEDED: 11,
  PARAMETER_PROBLEM: 12,
  TIMESTAMP_REQUEST: 13,
  TIMESTAMP_REPLY: 14,
  INFORMATION_REQUEST: 15,
  INFORMATION_REPLY: 16,
  ADDRESS_MASK_REQUEST: 17,
  ADDRESS_MASK_REPLY: 18,
  EXTENDED_ECHO_REQUEST: 42,
  EXTENDED_ECHO_REPLY: 43,
} as const;

export const Icmpv6Type = {
  DESTINATION_UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  TIME_EXCEEDED: 3,
  PARAMETER_PROBLEM: 4,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  MLD_QUERY: 130,
  MLD_REPORT: 131,
  MLD_DONE: 132,
  ROUTER_SOLICITATION: 133,
  ROUTER_ADVERTISEMENT: 134,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
  REDIRECT: 137,
  MLDV2_REPORT: 143,
} as const;

function words(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name.toLowerCase().replaceAll('_', ' ')]));
}

const v4 = words(Icmpv4Type);
const v6 = words(Icmpv6Type);

/** `echo request`, or `type-200`. */
export function icmpv4TypeName(type: number): string {
  return v4.get(type) ?? `type-${type}`;
}

/** `neighbor solicitation`, or `type-200`. */
export function icmpv6TypeName(type: number): string {
  return v6.get(type) ?? `type-${type}`;
}

/** Codes of ICMPv4 destination unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1). */
export const icmpv4UnreachableCodes: readonly string[] = [
  'net unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'need to frag',
  'source route failed',
  'net unknown',
  'host unknown',
  'source host isolated',
  'net prohibited',
  'host prohibited',
  'net unreachable for TOS',
  'host unreachable for TOS',
  'admin prohibited filter',
  'host precedence violation',
  'precedence cutoff',
];

/** Codes of ICMPv6 destination unreachable (RFC 4443 §3.1). */
export const icmpv6UnreachableCodes: readonly string[] = [
  'unreachable route',
  'unreachable prohibited',
  'beyond scope',
  'unreachable address',
  'unreachable port',
  'source address failed policy',
  'reject route to destination',
];
