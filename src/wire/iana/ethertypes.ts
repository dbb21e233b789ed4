/** EtherTypes (IEEE registration authority, IANA "IEEE 802 Numbers"; compared with Wireshark 4.0.17 on 2026-11-23). */
export const EtherType = {
  IPV4: 0x0800,
  ARP: 0x0806,
  VLAN: 0x8100,
  /** An Ethernet frame inside GRE or Geneve. */
  TRANSPARENT_BRIDGING: 0x6558,
  RARP: 0x8035,
  IPV6: 0x86dd,
  MAC_CONTROL: 0x8808,
  MPLS: 0x8847,
  MPLS_MULTICAST: 0x8848,
  PPPOE_DISCOVERY: 0x8863,
  PPPOE_SESSION: 0x8864,
  EAPOL: 0x888e,
  QINQ: 0x88a8,
  LLDP: 0x88cc,
  MACSEC: 0x88e5,
  PTP: 0x88f7,
  /** 802.1ad before it had a number of its own. */
  QINQ_OLD: 0x9100,
} as const;

const names: ReadonlyMap<number, string> = new Map(
  Object.entries(EtherType).map(([name, number]) => [number, name.toLowerCase().replaceAll('_', '-')]),
);

/** `ipv4`, or `0x1234` for a number without a name here. */
export function etherTypeName(etherType: number): string {
  return names.get(etherType) ?? `0x${etherType.toString(16).padStart(4, '0')}`;
}
