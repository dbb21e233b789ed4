/**
 * Internet protocol numbers that this library knows by name (IANA "Assigned Internet Protocol Numbers"; compared with
 * Wireshark 4.0.17 on 2026-11-23). Extension headers of IPv6 share the number space.
 */
export const IpProtocol = {
  HOPOPT: 0,
  ICMP: 1,
  IGMP: 2,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  DCCP: 33,
  IPV6: 41,
  IPV6_ROUTE: 43,
  IPV6_FRAG: 44,
  GRE: 47,
  ESP: 50,
  AH: 51,
  ICMPV6: 58,
  IPV6_NONXT: 59,
  IPV6_OPTS: 60,
  OSPF: 89,
  PIM: 103,
  VRRP: 112,
  L2TP: 115,
  SCTP: 132,
  MOBILITY: 135,
  UDPLITE: 136,
  MPLS: 137,
  HIP: 139,
  SHIM6: 140,
} as const;

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(IpProtocol).map(([name, number]) => [number, name.toLowerCase().replace('_', '-')]),
);

/** `tcp`, `ipv6-frag`, or `ip-proto-200` for a number without a name here. */
export function ipProtocolName(protocol: number): string {
  return names.get(protocol) ?? `ip-proto-${protocol}`;
}
