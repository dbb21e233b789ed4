/**
 * What applications say over UDP and TCP. Hex as our encoders gave it on 2026-11-23; `tshark` is what
 * Wireshark 4.0.17 reads in it (an oracle that shares no code), `line` what we say of it.
 */
import type { ProtocolVector } from './protocol.ts';

export const applicationVectors: readonly ProtocolVector[] = [
  {
    name: 'DNS query',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000050000040004011b699c0000201c00002029c400035003c5c55000701000001000000000001076578616d706c65036f' +
      '726700001c000100002904d000008000000c000a00080102030405060708',
    line: 'IP 192.0.2.1.40000 > 192.0.2.2.53: 7+ AAAA? example.org. (52)',
    tshark: { 'dns.id': '0x0007', 'dns.qry.name': 'example.org', 'dns.qry.type': '28', 'dns.rr.udp_payload_size': '1232', 'dns.opt.code': '10' },
  },
  {
    name: 'DNS answer with every kind of record',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000241000040004011b4a8c0000201c000020200359c40022dc3ef000781800001000c00000000076578616d706c65036f' +
      '72670000ff0001076578616d706c65036f726700000100010000012c0004c0000250076578616d706c65036f726700001c00' +
      '010000012c001020010db800000000000000000000008003777777076578616d706c65036f726700000500010000012c000d' +
      '076578616d706c65036f726700076578616d706c65036f726700000200010000012c0011036e7331076578616d706c65036f' +
      '726700023830013201300331393207696e2d61646472046172706100000c00010000012c000d076578616d706c65036f7267' +
      '00076578616d706c65036f726700000f00010000012c0014000a046d61696c076578616d706c65036f726700076578616d70' +
      '6c65036f726700001000010000012c00130b763d73706631202d616c6c067365636f6e64076578616d706c65036f72670000' +
      '0600010000012c0038036e7331076578616d706c65036f7267000561646d696e076578616d706c65036f72670078c4052d00' +
      '001c2000000258000151800000003c055f68747470045f746370076578616d706c65036f726700002100010000012c001700' +
      '0100021f9003777777076578616d706c65036f726700076578616d706c65036f726700010100010000012c00118005697373' +
      '756563612e6578616d706c65076578616d706c65036f726700004100010000012c0010000100000100030268320003000201' +
      'bb076578616d706c65036f726700ff0000010000012c0003c0ffee',
    line: 'IP 192.0.2.1.53 > 192.0.2.2.40000: 7 12/0/0 A 192.0.2.80, AAAA 2001:db8::80, CNAME example.org., NS ns1.example.org., PTR example.org., MX mail.example.org. 10, TXT "v=spf1 -all" "second", SOA, SRV www.example.org.:8080 1 2, CAA 128 "issue" "ca.example", HTTPS 1 ., TYPE65280 0xc0ffee (549)',
    tshark: { 'dns.a': '192.0.2.80', 'dns.aaaa': '2001:db8::80', 'dns.cname': 'example.org', 'dns.ns': 'ns1.example.org', 'dns.ptr.domain_name': 'example.org', 'dns.mx.mail_exchange': 'mail.example.org', 'dns.mx.preference': '10', 'dns.txt': 'v=spf1 -all,second', 'dns.soa.mname': 'ns1.example.org', 'dns.soa.serial_number': '2026112301', 'dns.srv.port': '8080', 'dns.srv.target': 'www.example.org', 'dns.caa.tag': 'issue', 'dns.svcb.svcparam.alpn': 'h2', 'dns.svcb.svcparam.port': '443', 'dns.count.answers': '12' },
  },
  {
    name: 'DNS answer with compressed names',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000060000040004011b689c0000201c000020200359c40004ca90400098400000100020000000003777777076578616d70' +
      '6c65036f72670000010001c00c000500010000012c000704686f7374c010c02d000100010000012c0004c0000250',
    line: 'IP 192.0.2.1.53 > 192.0.2.2.40000: 9*- 2/0/0 CNAME host.example.org., A 192.0.2.80 (68)',
    tshark: { 'dns.resp.name': 'www.example.org,host.example.org', 'dns.cname': 'host.example.org', 'dns.a': '192.0.2.80' },
  },
  {
    name: 'DNS no such name',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500003c000040004011b6adc0000201c000020200359c4000287157000980830001000000000000026e78076578616d706c' +
      '65036f72670000010001',
    line: 'IP 192.0.2.1.53 > 192.0.2.2.40000: 9 NXDomain 0/0/0 (32)',
    tshark: { 'dns.flags.rcode': '3' },
  },
  {
    name: 'multicast DNS',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500003d00004000ff11d8b2c0000201e00000fb14e914e90029ae57000000000001000000000000045f697070045f746370' +
      '056c6f63616c00000c8001',
    line: 'IP 192.0.2.1.5353 > 224.0.0.251.5353: 0 PTR? _ipp._tcp.local. (33)',
    tshark: { 'dns.qry.name': '_ipp._tcp.local', 'dns.qry.qu': '1' },
  },
  {
    name: 'NTP client',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500004c000040004011b69dc0000201c0000202007b007b003876c6e30006e9000000000000000000000000000000000000' +
      '000000000000000000000000000000000000eed2ab0080000000',
    line: 'IP 192.0.2.1.123 > 192.0.2.2.123: NTPv4, Client, length 48',
    tshark: { 'ntp.flags.mode': '3', 'ntp.flags.vn': '4', 'ntp.flags.li': '3', 'ntp.ppoll': '6' },
  },
  {
    name: 'NTP server with an authenticator',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000060000040004011b689c0000201c0000202007b9c40004c4e2f24010000000100000000000047505300000000000000' +
      '000000000000000000000000000000000000eed2ab000000000000000001000102030405060708090a0b0c0d0e0f',
    line: 'IP 192.0.2.1.123 > 192.0.2.2.40000: NTPv4, Server, stratum 1, refid 47505300, length 68',
    tshark: { 'ntp.flags.mode': '4', 'ntp.stratum': '1', 'ntp.keyid': '00000001' },
  },
];
