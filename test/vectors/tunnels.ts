/**
 * Packets in packets: tunnels, labels and the link headers under them. Hex as our encoders gave it on 2026-11-23; `tshark` is what
 * Wireshark 4.0.17 reads in it (an oracle that shares no code), `line` what we say of it.
 */
import type { ProtocolVector } from './protocol.ts';

export const tunnelVectors: readonly ProtocolVector[] = [
  {
    name: 'GRE, plain',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500003800004000402fb693c0000201c0000202000008004500002000004000400126db0a0000010a000002080033310007' +
      '000161626364',
    line: 'IP 192.0.2.1 > 192.0.2.2: GREv0, length 36: IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'gre.proto': '0x0800', 'ip.src': '192.0.2.1,10.0.0.1', 'icmp.seq': '1' },
  },
  {
    name: 'GRE with checksum, key and sequence number',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500006000004000402fb66bc0000201c0000202b00086dd627e000000000064000000056000000000140640fd0000000000' +
      '00000000000000000001fd00000000000000000000000000000204d2005000000000000000005002ffffb0bc0000',
    line: 'IP 192.0.2.1 > 192.0.2.2: GREv0, key=0x64, seq 5, length 76: IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'gre.proto': '0x86dd', 'gre.key': '0x00000064', 'gre.sequence_number': '5', 'gre.checksum.status': '1', 'tcp.dstport': '80' },
  },
  {
    name: 'GRE over IPv6 with an Ethernet frame',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '6000000000342f4020010db800000000000000000000000120010db800000000000000000000000220006558000000070200' +
      '0000001202000000001108004500001e00004000401126cd0a0000010a0000020fa00009000a73c56869',
    line: 'IP6 2001:db8::1 > 2001:db8::2: GREv0, key=0x7, proto transparent-bridging, length 52: IP 10.0.0.1.4000 > 10.0.0.2.9: UDP, length 2',
    tshark: { 'gre.proto': '0x6558', 'gre.key': '0x00000007', 'eth.src': '02:00:00:00:00:11', 'udp.dstport': '9' },
  },
  {
    name: 'GRE with a protocol not read here',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500001b00004000402fb6b0c0000201c00002020000880b0021ff',
    line: 'IP 192.0.2.1 > 192.0.2.2: GREv0, proto 0x880b, length 7',
    tshark: { 'gre.proto': '0x880b' },
  },
  {
    name: 'IPv4 in IPv4',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000034000040004004b6c2c0000201c00002024500002000004000400126db0a0000010a00000208003331000700016162' +
      '6364',
    line: 'IP 192.0.2.1 > 192.0.2.2: IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'ip.src': '192.0.2.1,10.0.0.1', 'ip.proto': '4,1' },
  },
  {
    name: 'IPv6 in IPv4',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000050000040004029b681c0000201c00002026000000000140640fd000000000000000000000000000001fd0000000000' +
      '0000000000000000000204d2005000000000000000005002ffffb0bc0000',
    line: 'IP 192.0.2.1 > 192.0.2.2: IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'ip.proto': '41', 'ipv6.src': 'fd00::1', 'tcp.dstport': '80' },
  },
  {
    name: 'IPv4 in IPv6',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '600000000020044020010db800000000000000000000000120010db800000000000000000000000245000020000040004001' +
      '26db0a0000010a000002080033310007000161626364',
    line: 'IP6 2001:db8::1 > 2001:db8::2: IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'ipv6.nxt': '4', 'ip.src': '10.0.0.1' },
  },
  {
    name: 'MPLS, two labels',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '020000000002020000000001884705dc163f000101404500002000004000400126db0a0000010a0000020800333100070001' +
      '61626364',
    line: 'MPLS (label 24001, tc 3, ttl 63) MPLS (label 16, tc 0, [S], ttl 64) IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'mpls.label': '24001,16', 'mpls.exp': '3,0', 'mpls.bottom': '0,1', 'mpls.ttl': '63,64', 'ip.src': '10.0.0.1' },
  },
  {
    name: 'MPLS over IP',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000054000040004089b61dc0000201c0000202000641406000000000140640fd000000000000000000000000000001fd00' +
      '000000000000000000000000000204d2005000000000000000005002ffffb0bc0000',
    line: 'IP 192.0.2.1 > 192.0.2.2: MPLS (label 100, tc 0, [S], ttl 64) IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'mpls.label': '100', 'tcp.dstport': '80' },
  },
  {
    name: 'MPLS in GRE',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500003c00004000402fb68fc0000201c000020200008847000641404500002000004000400126db0a0000010a0000020800' +
      '33310007000161626364',
    line: 'IP 192.0.2.1 > 192.0.2.2: GREv0, proto mpls, length 40: MPLS (label 100, tc 0, [S], ttl 64) IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'gre.proto': '0x8847', 'mpls.label': '100', 'ip.src': '192.0.2.1,10.0.0.1' },
  },
  {
    name: 'PPPoE discovery: PADI',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      'ffffffffffff020000000001886311090000000c01010000010300040badcafe000000000000000000000000000000000000' +
      '000000000000',
    line: 'PPPoE PADI [service-name] [host-uniq], length 12',
    tshark: { 'pppoe.code': '0x09', 'pppoe.session_id': '0x0000', 'pppoed.tags.host_uniq': '0badcafe' },
  },
  {
    name: 'PPPoE discovery: PADO',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '020000000002020000000001886311070000001d0101000369737001020006627261732d31010400080011223344556677',
    line: 'PPPoE PADO [service-name "isp"] [ac-name "bras-1"] [ac-cookie], length 29',
    tshark: { 'pppoe.code': '0x07', 'pppoed.tags.ac_name': 'bras-1', 'pppoed.tags.ac_cookie': '0011223344556677', 'pppoed.tags.service_name': 'isp' },
  },
  {
    name: 'PPPoE session with IPv4, padded',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '020000000002020000000001886411000011002200214500002000004000400126db0a0000010a0000020800333100070001' +
      '61626364000000000000',
    line: 'PPPoE [ses 0x11] IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'pppoe.session_id': '0x0011', 'ppp.protocol': '0x0021', 'ip.src': '10.0.0.1' },
  },
  {
    name: 'PPPoE session with IPv6',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '020000000002020000000001886411000011003e00576000000000140640fd000000000000000000000000000001fd000000' +
      '00000000000000000000000204d2005000000000000000005002ffffb0bc0000',
    line: 'PPPoE [ses 0x11] IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'ppp.protocol': '0x0057', 'tcp.dstport': '80' },
  },
  {
    name: 'PPPoE session with LCP',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '020000000002020000000001886411000011000ac02109010008a1a2a3a4',
    line: 'PPPoE [ses 0x11], LCP, length 8',
    tshark: { 'ppp.protocol': '0xc021' },
  },
  {
    name: '802.3 with LLC (spanning tree), padded',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '0180c20000000200000000010026424203000000000080000200000000010000000080000200000000018001000014000200' +
      '0f000000000000000000',
    line: 'LLC, dsap 0x42, ssap 0x42, ctrl 0x03, length 35',
    tshark: { 'eth.len': '38', 'llc.dsap': '0x42', 'llc.control': '0x0003' },
  },
  {
    name: '802.3 with LLC, numbered',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '0180c20000000200000000010006f0f00205aabb',
    line: 'LLC, dsap 0xf0, ssap 0xf0, ctrl 0x02, length 2',
    tshark: { 'llc.dsap': '0xf0', 'llc.control.n_s': '1' },
  },
  {
    name: '802.3 with SNAP and IPv4',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '0180c20000000200000000010028aaaa0300000008004500002000004000400126db0a0000010a0000020800333100070001' +
      '61626364',
    line: 'LLC, dsap 0xaa, ssap 0xaa, ctrl 0x03: IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'llc.oui': '0', 'llc.type': '0x0800', 'ip.src': '10.0.0.1' },
  },
  {
    name: '802.3 with SNAP of a vendor',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '0180c2000000020000000001000caaaa0300000c200002b40000',
    line: 'LLC, dsap 0xaa, ssap 0xaa, ctrl 0x03, oui 0x00000c, pid 0x2000, length 4',
    tshark: { 'llc.oui': '12', 'llc.dsap': '0xaa' },
  },
  {
    name: '802.1ad and 802.1Q tags',
    source: 'encoded',
    linkType: 'ethernet',
    hex:
      '02000000000202000000000188a800c88100a06408004500002000004000400126db0a0000010a0000020800333100070001' +
      '61626364',
    line: 'vlan 200, p 0, vlan 100, p 5, IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'vlan.id': '100', 'ip.src': '10.0.0.1' },
  },
  {
    name: 'VXLAN',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000050000040004011b699c0000201c0000202c35012b5003c416708000000000064000200000000120200000000110800' +
      '4500001e00004000401126cd0a0000010a0000020fa00009000a73c56869',
    line: 'IP 192.0.2.1.50000 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 100: IP 10.0.0.1.4000 > 10.0.0.2.9: UDP, length 2',
    tshark: { 'vxlan.vni': '100', 'vxlan.flags': '0x0800', 'udp.dstport': '4789,9', 'eth.src': '02:00:00:00:00:11' },
  },
  {
    name: 'VXLAN with ARP',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500004e000040004011b69bc0000201c0000202c35012b5003a703e08000000ffffff00ffffffffffff0200000000110806' +
      '00010800060400010200000000110a0000010000000000000a000002',
    line: 'IP 192.0.2.1.50000 > 192.0.2.2.4789: VXLAN, flags [I] (0x08), vni 16777215: ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28',
    tshark: { 'vxlan.vni': '16777215', 'arp.opcode': '1', 'arp.dst.proto_ipv4': '10.0.0.2' },
  },
  {
    name: 'Geneve with options',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500005c000040004011b68dc0000201c0000202c35017c10048b2a10340655800000a000102800100010002010301000200' +
      '0000001202000000001108004500001e00004000401126cd0a0000010a0000020fa00009000a73c56869',
    line: 'IP 192.0.2.1.50000 > 192.0.2.2.6081: Geneve, Flags [C], vni 0xa, proto transparent-bridging: IP 10.0.0.1.4000 > 10.0.0.2.9: UDP, length 2',
    tshark: { 'geneve.vni': '0x00000a', 'geneve.option.class': '0x0102,0x0103', 'geneve.proto_type': '0x6558', 'udp.dstport': '6081,9' },
  },
  {
    name: 'Geneve with IPv6',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000060000040004011b689c0000201c0000202c35017c1004ca928000086dd00000a006000000000140640fd0000000000' +
      '00000000000000000001fd00000000000000000000000000000204d2005000000000000000005002ffffb0bc0000',
    line: 'IP 192.0.2.1.50000 > 192.0.2.2.6081: Geneve, Flags [none], vni 0xa, proto ipv6: IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'geneve.vni': '0x00000a', 'geneve.proto_type': '0x86dd', 'tcp.dstport': '80' },
  },
  {
    name: 'BSD loopback, little-endian',
    source: 'encoded',
    linkType: 'null',
    hex:
      '020000004500002000004000400126db0a0000010a000002080033310007000161626364',
    line: 'IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 1, length 12',
    tshark: { 'null.family': '2', 'ip.src': '10.0.0.1' },
  },
  {
    name: 'BSD loopback of macOS with IPv6',
    source: 'encoded',
    linkType: 'null',
    hex:
      '1e0000006000000000140640fd000000000000000000000000000001fd00000000000000000000000000000204d200500000' +
      '0000000000005002ffffb0bc0000',
    line: 'IP6 fd00::1.1234 > fd00::2.80: Flags [S], seq 0, win 65535, length 0',
    tshark: { 'null.family': '30', 'tcp.dstport': '80' },
  },
];
