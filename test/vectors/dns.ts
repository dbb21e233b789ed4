/**
 * DNS beyond the everyday: EDNS, updates, multicast DNS, the records of DNSSEC and other rarer ones. Hex as our encoder
 * gave it on 2026-11-23; `tshark` is what Wireshark 4.0.17 reads in it, `line` what we say of it.
 */
import type { ProtocolVector } from './protocol.ts';

export const dnsVectors: readonly ProtocolVector[] = [
  {
    name: 'DNS query with EDNS',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000044000040004011b6a5c0000201c00002029c400035003007a0000701000001000000000001076578616d706c65036f' +
      '7267000001000100002904d0000000000000',
    line: 'IP 192.0.2.1.40000 > 192.0.2.2.53: 7+ [1au] A? example.org. (40)',
    tshark: { 'dns.rr.udp_payload_size': '1232', 'dns.count.add_rr': '1' },
  },
  {
    name: 'DNS update',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500006f000040004011b67ac0000201c00002029c400035005bd633000728000001000100010000076578616d706c65036f' +
      '72670000060001076578616d706c65036f72670000010001000000010004c0000201076578616d706c65036f726700000100' +
      'fe000000010004c0000201',
    line: 'IP 192.0.2.1.40000 > 192.0.2.2.53: 7 update [1a] [1n] SOA? example.org. (83)',
    tshark: { 'dns.flags.opcode': '5' },
  },
  {
    name: 'multicast DNS questions, unicast and multicast answers wanted',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500004a000040004011b69fc0000201c000020214e914e900360ce6000000000002000000000000076578616d706c65036f' +
      '72670000018001076578616d706c65036f72670000010001',
    line: 'IP 192.0.2.1.5353 > 192.0.2.2.5353: 0 [2q] A (QU)? example.org. A (QM)? example.org. (46)',
    tshark: { 'dns.qry.qu': '1,0' },
  },
  {
    name: 'multicast DNS answer that flushes caches',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500005e000040004011b68bc0000201c000020214e914e9004abff4000084000000000200000000076578616d706c65036f' +
      '72670000018001000000010004c0000201076578616d706c65036f72670000010001000000010004c0000201',
    line: 'IP 192.0.2.1.5353 > 192.0.2.2.5353: 0*- [0q] 2/0/0 (Cache flush) A 192.0.2.1, A 192.0.2.1 (66)',
    tshark: { 'dns.resp.cache_flush': '1,0' },
  },
  {
    name: 'DNS answer with records of security and place',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500031d000040004011b3ccc0000201c000020200359c40030914fa000884000001000e000000000161076578616d706c65' +
      '0000ff00010161076578616d706c65000027000100000e10000d076578616d706c65036e6574000161076578616d706c6500' +
      '000d000100000e1000090752464338343832000161076578616d706c65000011000100000e1000100561646d696e07657861' +
      '6d706c6500000161076578616d706c6500001d000100000e100010001216138b43e94082e015800098a3c80161076578616d' +
      '706c65000023000100000e10002b006400320175074532552b7369701b215e2e2a24217369703a696e666f406578616d706c' +
      '652e6f726721000161076578616d706c6500002b000100000e1000244f660802e06d44b80b8f1d39a95c0b0d7c65d08458e8' +
      '80409bbc683457104237c7f8ec8d0161076578616d706c6500002c000100000e100022040200000000000000000000000000' +
      '000000000000000000000000000000000000ff0161076578616d706c6500002e000100000e10005b00010d0200000e106b36' +
      'ec806b0f5f803039076578616d706c6500aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' +
      'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0161076578616d706c6500002f000100000e10' +
      '00160162076578616d706c650000064001000000030101400161076578616d706c65000030000100000e1000440101030dbb' +
      'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' +
      'bbbbbbbbbbbbbbbbbbbbbbbbbb0161076578616d706c65000032000100000e10002201010000001411111111111111111111' +
      '1111111111111111111100064000000000020161076578616d706c65000033000100000e1000070100000a02aabb01610765' +
      '78616d706c65000034000100000e100023030101cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc' +
      'cccc0161076578616d706c65000100000100000e100018000a000168747470733a2f2f6578616d706c652e6f72672f',
    line: 'IP 192.0.2.1.53 > 192.0.2.2.40000: 8*- 14/0/0 DNAME example.net., HINFO "RFC8482" "", RP admin.example. ., LOC 52.500000 13.400000 34.00m, NAPTR 100 50 "u" "E2U+sip" "!^.*$!sip:info@example.org!" ., DS 20326 8 2 e06d44b80b8f1d39a95c0b0d7c65d08458e880409bbc683457104237c7f8ec8d, SSHFP 4 2 00000000000000000000000000000000000000000000000000000000000000ff, RRSIG A 13 2 3600 1798761600 1796169600 12345 example. (64 bytes), NSEC b.example. A MX RRSIG NSEC CAA, DNSKEY 257 3 13 (64 bytes), NSEC3 1 1 0 - 1111111111111111111111111111111111111111 A RRSIG, NSEC3PARAM 1 0 10 aabb, TLSA 3 1 1 cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc, URI 10 1 "https://example.org/" (769)',
    tshark: { 'dns.dname': 'example.net', 'dns.hinfo.cpu': 'RFC8482', 'dns.rp.mailbox': 'admin.example', 'dns.loc.size': '18', 'dns.loc.latitude': '2336483648', 'dns.loc.longitude': '2195723648', 'dns.loc.altitude': '10003400', 'dns.naptr.order': '100', 'dns.naptr.preference': '50', 'dns.naptr.flags': 'u', 'dns.naptr.service': 'E2U+sip', 'dns.naptr.regex': '!^.*$!sip:info@example.org!', 'dns.ds.key_id': '0x4f66', 'dns.ds.digest_type': '2', 'dns.sshfp.algorithm': '4', 'dns.rrsig.type_covered': '1', 'dns.rrsig.labels': '2', 'dns.rrsig.signers_name': 'example', 'dns.rrsig.key_tag': '12345', 'dns.nsec.next_domain_name': 'b.example', 'dns.dnskey.flags': '0x0101', 'dns.dnskey.algorithm': '13', 'dns.nsec3.algo': '1,1', 'dns.nsec3.iterations': '0,10', 'dns.nsec3.hash_length': '20', 'dns.tlsa.certificate_usage': '3', 'dns.tlsa.selector': '1' },
  },
];
