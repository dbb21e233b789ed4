/**
 * Group membership, neighbour discovery and ICMP extensions. Hex as our encoders gave it on 2026-11-23; `tshark` is what
 * Wireshark 4.0.17 reads in it (an oracle that shares no code), `line` what we say of it.
 */
import type { ProtocolVector } from './protocol.ts';

export const membershipVectors: readonly ProtocolVector[] = [
  {
    name: 'IGMPv1 query',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001c000040000102d7ddc0000201e00000011100eeff00000000',
    line: 'IP 192.0.2.1 > 224.0.0.1: igmp query v1',
    tshark: { 'igmp.type': '0x11', 'igmp.version': '1', 'igmp.checksum.status': '1' },
  },
  {
    name: 'IGMPv2 query for a group',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001c000040000102c6dac0000201ef010203110afdf0ef010203',
    line: 'IP 192.0.2.1 > 239.1.2.3: igmp query v2 [gaddr 239.1.2.3]',
    tshark: { 'igmp.type': '0x11', 'igmp.version': '2', 'igmp.max_resp': '10', 'igmp.maddr': '239.1.2.3' },
  },
  {
    name: 'IGMPv1 report',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001c000040000102c6dac0000201ef0102031200fcfaef010203',
    line: 'IP 192.0.2.1 > 239.1.2.3: igmp v1 report 239.1.2.3',
    tshark: { 'igmp.type': '0x12', 'igmp.maddr': '239.1.2.3' },
  },
  {
    name: 'IGMPv2 report',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001c000040000102c6dac0000201ef0102031600f8faef010203',
    line: 'IP 192.0.2.1 > 239.1.2.3: igmp v2 report 239.1.2.3',
    tshark: { 'igmp.type': '0x16', 'igmp.maddr': '239.1.2.3' },
  },
  {
    name: 'IGMPv2 leave',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001c000040000102d7dcc0000201e00000021700f7faef010203',
    line: 'IP 192.0.2.1 > 224.0.0.2: igmp leave 239.1.2.3',
    tshark: { 'igmp.type': '0x17', 'igmp.maddr': '239.1.2.3' },
  },
  {
    name: 'IGMPv3 query with sources',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000028000040000102c6cec0000201ef010203119adedeef0102030a7d00020a0000010a000002',
    line: 'IP 192.0.2.1 > 239.1.2.3: igmp query v3 [gaddr 239.1.2.3] { 10.0.0.1 10.0.0.2 }',
    tshark: { 'igmp.version': '3', 'igmp.max_resp': '416', 'igmp.s': '1', 'igmp.qrv': '2', 'igmp.qqic': '125', 'igmp.num_src': '2', 'igmp.saddr': '10.0.0.1,10.0.0.2' },
  },
  {
    name: 'IGMPv3 report',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000038000040000102d7acc0000201e00000162200f2f20000000204000000e00000fb05010002e80101010a0000010a00' +
      '000201020304',
    line: 'IP 192.0.2.1 > 224.0.0.22: igmp v3 report, 2 group record(s) [gaddr 224.0.0.251 to_ex { }] [gaddr 232.1.1.1 allow { 10.0.0.1 10.0.0.2 }]',
    tshark: { 'igmp.type': '0x22', 'igmp.num_grp_recs': '2', 'igmp.record_type': '4,5', 'igmp.maddr': '224.0.0.251,232.1.1.1', 'igmp.saddr': '10.0.0.1,10.0.0.2', 'igmp.aux_data_len': '0,1' },
  },
  {
    name: 'MLDv1 query',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000200001fe800000000000000000000000000001ff0200000000000000000000000000013a000502000001008200' +
      '7c3f03e8000000000000000000000000000000000000',
    line: 'IP6 fe80::1 > ff02::1: HBH (rtalert: 0x0000) ICMP6, multicast listener query max resp delay: 1000 addr: ::, length 24',
    tshark: { 'icmpv6.type': '130', 'icmpv6.mld.maximum_response_delay': '1000', 'icmpv6.mld.multicast_address': '::', 'icmpv6.checksum.status': '1' },
  },
  {
    name: 'MLDv1 report',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000200001fe800000000000000000000000000001ff0200000000000000000000000000fb3a000502000001008300' +
      '7e2f00000000ff0200000000000000000000000000fb',
    line: 'IP6 fe80::1 > ff02::fb: HBH (rtalert: 0x0000) ICMP6, multicast listener report addr: ff02::fb, length 24',
    tshark: { 'icmpv6.type': '131', 'icmpv6.mld.multicast_address': 'ff02::fb' },
  },
  {
    name: 'MLDv1 done',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000200001fe800000000000000000000000000001ff0200000000000000000000000000023a000502000001008400' +
      '7f1c00000000ff050000000000000000000000010003',
    line: 'IP6 fe80::1 > ff02::2: HBH (rtalert: 0x0000) ICMP6, multicast listener done addr: ff05::1:3, length 24',
    tshark: { 'icmpv6.type': '132', 'icmpv6.mld.multicast_address': 'ff05::1:3' },
  },
  {
    name: 'MLDv2 query with a source',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000340001fe800000000000000000000000000001ff0500000000000000000000000100033a000502000001008200' +
      'b80b90000000ff0500000000000000000000000100030b3c000120010db8000000000000000000000001',
    line: 'IP6 fe80::1 > ff05::1:3: HBH (rtalert: 0x0000) ICMP6, multicast listener query v2 max resp delay: 65536 addr: ff05::1:3 { 2001:db8::1 }, length 44',
    tshark: { 'icmpv6.type': '130', 'icmpv6.mld.maximum_response_code': '65536', 'icmpv6.mld.flag.s': '1', 'icmpv6.mld.flag.qrv': '3', 'icmpv6.mld.qqi': '60', 'icmpv6.mld.source_address': '2001:db8::1' },
  },
  {
    name: 'MLDv2 report',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000580001fe800000000000000000000000000001ff0200000000000000000000000000163a000502000001008f00' +
      '132c0000000204000000ff0200000000000000000000000000fb01000002ff35000000000000000000000000000120010db8' +
      '00000000000000000000000120010db8000000000000000000000002',
    line: 'IP6 fe80::1 > ff02::16: HBH (rtalert: 0x0000) ICMP6, multicast listener report v2, 2 group record(s) [gaddr ff02::fb to_ex { }] [gaddr ff35::1 is_in { 2001:db8::1 2001:db8::2 }], length 80',
    tshark: { 'icmpv6.type': '143', 'icmpv6.mldr.nb_mcast_records': '2', 'icmpv6.mldr.mar.record_type': '4,1', 'icmpv6.mldr.mar.multicast_address': 'ff02::fb,ff35::1', 'icmpv6.mldr.mar.source_address': '2001:db8::1,2001:db8::2' },
  },
  {
    name: 'router solicitation',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000103afffe800000000000000000000000000001ff02000000000000000000000000000285007a2c000000000101' +
      '020000000001',
    line: 'IP6 fe80::1 > ff02::2: ICMP6, router solicitation, source link-address 02:00:00:00:00:01, length 16',
    tshark: { 'icmpv6.type': '133', 'icmpv6.opt.linkaddr': '02:00:00:00:00:01' },
  },
  {
    name: 'router advertisement with every option',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000a83afffe800000000000000000000000000001ff02000000000000000000000000000186002fe240c007080000' +
      '753000000258010102000000000105010000000005c8030440c000015180000038400000000020010db80001000000000000' +
      '00000000180230080000025820010db80002000019050000000004b020010db800000000000000000000005320010db80000' +
      '000000000000000000541f050000000004b0076578616d706c65036f72670004636f7270076578616d706c65036f72670000' +
      '0e01a1a2a3a4a5a6',
    line: 'IP6 fe80::1 > ff02::1: ICMP6, router advertisement, hop limit 64, router lifetime 1800s, source link-address 02:00:00:00:00:01, mtu 1480, prefix 2001:db8:1::/64, route 2001:db8:2::/48 lifetime 600s, dns 2001:db8::53 2001:db8::54, search example.org corp.example.org, length 168',
    tshark: { 'icmpv6.type': '134', 'icmpv6.opt.type': '1,5,3,24,25,31,14', 'icmpv6.opt.mtu': '1480', 'icmpv6.opt.prefix.length': '64,48', 'icmpv6.opt.prefix.valid_lifetime': '86400', 'icmpv6.opt.rdnss': '2001:db8::53,2001:db8::54', 'icmpv6.opt.dnssl': 'example.org,corp.example.org', 'icmpv6.opt.route_lifetime': '600' },
  },
  {
    name: 'neighbour solicitation',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff00000287007a9700000000fe80' +
      '00000000000000000000000000020101020000000001',
    line: 'IP6 fe80::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, who has fe80::2, source link-address 02:00:00:00:00:01, length 32',
    tshark: { 'icmpv6.nd.ns.target_address': 'fe80::2', 'icmpv6.opt.linkaddr': '02:00:00:00:00:01' },
  },
  {
    name: 'neighbour advertisement',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000203afffe800000000000000000000000000001fe8000000000000000000000000000028800181c60000000fe80' +
      '00000000000000000000000000010201020000000001',
    line: 'IP6 fe80::1 > fe80::2: ICMP6, neighbor advertisement, tgt is fe80::1, destination link-address 02:00:00:00:00:01, length 32',
    tshark: { 'icmpv6.nd.na.target_address': 'fe80::1', 'icmpv6.nd.na.flag.s': '1', 'icmpv6.opt.linkaddr': '02:00:00:00:00:01' },
  },
  {
    name: 'redirect with the packet it is about',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000703afffe800000000000000000000000000001fe8000000000000000000000000000028900d3ce00000000fe80' +
      '000000000000000000000000000320010db80000000000000000000000090201020000000003040800000000000060000000' +
      '000d1140fe80000000000000000000000000000220010db800000000000000000000000913880007000d7c2e68656c6c6f00' +
      '0000',
    line: 'IP6 fe80::1 > fe80::2: ICMP6, redirect, 2001:db8::9 to fe80::3, length 112',
    tshark: { 'icmpv6.nd.rd.target_address': 'fe80::3', 'icmpv6.rd.na.destination_address': '2001:db8::9', 'icmpv6.opt.type': '2,4' },
  },
  {
    name: 'ICMP time exceeded with an MPLS label stack',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '450000b40000400040013c46cb007101c00002010b00e14100200000450000280000400001118d89c0000201c63364079c40' +
      '829a0014f4ae0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' +
      '0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' +
      '0000000000002000bb06000c010105dc100100010bff0008020200000005',
    line: 'IP 203.0.113.1 > 192.0.2.1: ICMP time exceeded in-transit, length 160, MPLS label 24001 tc 0 ttl 1, MPLS label 16 tc 5 ttl 255, extension class 2 type 2',
    tshark: { 'icmp.type': '11', 'icmp.mpls.label': '24001,16', 'icmp.mpls.ttl': '1,255', 'icmp.ext.checksum.status': '1' },
  },
  {
    name: 'ICMP time exceeded with labels, without the length',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '450000b40000400040013c46cb007101c00002010b00e16100000000450000280000400001118d89c0000201c63364079c40' +
      '829a0014f4ae0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' +
      '0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' +
      '0000000000002000bb06000c010105dc100100010bff0008020200000005',
    line: 'IP 203.0.113.1 > 192.0.2.1: ICMP time exceeded in-transit, length 160, MPLS label 24001 tc 0 ttl 1, MPLS label 16 tc 5 ttl 255, extension class 2 type 2',
    tshark: { 'icmp.mpls.label': '24001,16' },
  },
  {
    name: 'ICMPv6 time exceeded with an MPLS label stack',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000a03a4020010db800000000000000000000000920010db800000000000000000000000103001fb9100000006000' +
      '00000014110120010db800000000000000000000000120010db80000000000000000000000029c40829a0014857600000000' +
      '0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000' +
      '00000000000000000000000000000000000000000000000000002000bb06000c010105dc100100010bff0008020200000005',
    line: 'IP6 2001:db8::9 > 2001:db8::1: ICMP6, time exceeded in-transit for 2001:db8::2, length 160, MPLS label 24001 tc 0 ttl 1, MPLS label 16 tc 5 ttl 255, extension class 2 type 2',
    tshark: { 'icmpv6.type': '3' },
  },
];
