/**
 * UDP-Lite, SCTP, AH and ESP. Hex as our encoders gave it on 2026-11-23; `tshark` is what
 * Wireshark 4.0.17 reads in it (an oracle that shares no code), `line` what we say of it.
 */
import type { ProtocolVector } from './protocol.ts';

export const transportVectors: readonly ProtocolVector[] = [
  {
    name: 'UDP-Lite, all covered',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000021000040004088b651c0000201c000020203e807d000002bdc68656c6c6f',
    line: 'IP 192.0.2.1.1000 > 192.0.2.2.2000: UDP-Lite, length 5',
    tshark: { 'udp.srcport': '1000', 'udp.dstport': '2000', 'udp.checksum_coverage': '0', 'udp.checksum.status': '1' },
  },
  {
    name: 'UDP-Lite, only the header covered',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '60000000000d884020010db800000000000000000000000120010db800000000000000000000000203e807d0000898356865' +
      '6c6c6f',
    line: 'IP6 2001:db8::1.1000 > 2001:db8::2.2000: UDP-Lite, coverage 8, length 5',
    tshark: { 'udp.checksum_coverage': '8', 'udp.checksum.status': '1' },
  },
  {
    name: 'SCTP INIT',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000050000040004084b626c0000201c00002021388138900000000f3d13f3401000030cafebabe00010000000a00140000' +
      '03e800050008c0000201000c00080005000680080005c1000000c0000004',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [INIT] [init tag: 3405691582] [rwnd: 65536] [OS: 10] [MIS: 20] [init TSN: 1000]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '1', 'sctp.init_initiate_tag': '0xcafebabe', 'sctp.init_credit': '65536', 'sctp.init_nr_out_streams': '10', 'sctp.init_nr_in_streams': '20', 'sctp.init_initial_tsn': '1000' },
  },
  {
    name: 'SCTP INIT ACK with a cookie',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000040000040004084b636c0000201c0000202138813890102030494e42b800200001d0000000700010000000a000a0000' +
      '0001000700090102030405000000',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [INIT ACK] [init tag: 7] [rwnd: 65536] [OS: 10] [MIS: 10] [init TSN: 1]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '2', 'sctp.initack_initiate_tag': '0x00000007', 'sctp.parameter_state_cookie': '0102030405' },
  },
  {
    name: 'SCTP COOKIE ECHO with DATA',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000044000040004084b632c0000201c00002021388138901020304aa3637d60a0000090102030405000000000300150000' +
      '03e8000400050000000068656c6c6f000000',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [COOKIE ECHO], (2) [DATA] (B)(E) [TSN: 1000] [SID: 4] [SSEQ 5] [PPID 0] length 5',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '10,0', 'sctp.cookie': '0102030405', 'sctp.data_tsn_raw': '1000', 'sctp.data_sid': '0x0004', 'sctp.data_ssn': '5' },
  },
  {
    name: 'SCTP SACK with gaps',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000040000040004084b636c0000201c000020213881389010203044685d80303000020000003e80000ea60000200020002' +
      '000300050009000003e6000003e7',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [SACK] [cum ack 1000] [a_rwnd 60000] [#gap acks 2] [#dup tsns 2]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '3', 'sctp.sack_cumulative_tsn_ack_raw': '1000', 'sctp.sack_a_rwnd': '60000', 'sctp.sack_gap_block_start': '2,5', 'sctp.sack_gap_block_end': '3,9', 'sctp.sack_duplicate_tsn': '998,999' },
  },
  {
    name: 'SCTP HEARTBEAT and its ACK',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000038000040004084b63ec0000201c000020213881389010203048aba4acf0400000c00010008010203040500000c0001' +
      '000801020304',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [HEARTBEAT], (2) [HEARTBEAT ACK]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '4,5' },
  },
  {
    name: 'SCTP ABORT with a cause',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500002c000040004084b64ac0000201c0000202138813890102030422d312a30601000b000c000762796500',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [ABORT]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '6', 'sctp.cause_code': '0x000c' },
  },
  {
    name: 'SCTP ERROR, COOKIE ACK',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000034000040004084b642c0000201c000020213881389010203047d7170b70900001000060008ff000004000700040b00' +
      '0004',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [ERROR], (2) [COOKIE ACK]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '9,255,11' },
  },
  {
    name: 'SCTP SHUTDOWN in all three',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000030000040004084b646c0000201c000020213881389010203041ce312d607000008000003e9080000040e000004',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [SHUTDOWN] [cum ack 1001], (2) [SHUTDOWN ACK], (3) [SHUTDOWN COMPLETE]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '7,8,14', 'sctp.shutdown_cumulative_tsn_ack': '1001' },
  },
  {
    name: 'SCTP with a chunk not known here',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500002c000040004084b64ac0000201c00002021388138901020304ac859cb6c000000c0000000100000002',
    line: 'IP 192.0.2.1.5000 > 192.0.2.2.5001: sctp (1) [chunk type 0xc0]',
    tshark: { 'sctp.checksum.status': '1', 'sctp.chunk_type': '192' },
  },
  {
    name: 'AH in IPv4',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '45000035000040004033b692c0000201c0000202110400000000010000000005000102030405060708090a0b03e800090009' +
      'ffe678',
    line: 'IP 192.0.2.1.1000 > 192.0.2.2.9: AH(spi=0x00000100,seq=0x5,icv=0x000102030405060708090a0b) UDP, length 1',
    tshark: { 'ah.spi': '0x00000100', 'ah.sequence': '5', 'ah.icv': '000102030405060708090a0b', 'udp.dstport': '9' },
  },
  {
    name: 'ESP in IPv4',
    source: 'encoded',
    linkType: 'raw',
    hex:
      '4500002c000040004032b69cc0000201c00002021234567800000009deadbeefdeadbeefdeadbeefdeadbeef',
    line: 'IP 192.0.2.1 > 192.0.2.2: ESP(spi=0x12345678,seq=0x9), length 24',
    tshark: { 'esp.spi': '0x12345678', 'esp.sequence': '9' },
  },
];
