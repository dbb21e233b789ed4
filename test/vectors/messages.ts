/**
 * Messages of protocols above UDP and TCP, encoded here (2026-11-23) after the examples of their documents, with what
 * Wireshark reads in them. `encode` makes the bytes again of what was decoded.
 */
import { concat, utf8 } from '../../src/core/index.ts';
import {
  type ApplicationMessage,
  encodeDhcpv6,
  encodeDns,
  encodeHttpHead,
  encodeQuic,
  encodeRadius,
  encodeSnmp,
  encodeStun,
  encodeSyslog,
  encodeTftp,
} from '../../src/wire/index.ts';

export interface MessageVector {
  readonly name: string;
  readonly transport: 'udp' | 'tcp';
  readonly port: number;
  readonly payload: Uint8Array;
  /** What `describeMessage` says. */
  readonly line: string;
  readonly tshark: Readonly<Record<string, string>>;
}

const octets = (...values: number[]): Uint8Array => Uint8Array.from(values);
const text = (value: string): Uint8Array => utf8(value);
const TRANSACTION = octets(0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae);
const DUID = octets(0, 3, 0, 1, 2, 0, 0, 0, 0, 1);

const solicit = {
  relay: false,
  type: 1,
  transactionId: 0x123456,
  options: [
    { kind: 'duid', code: 1, duid: DUID },
    { kind: 'request', code: 6, codes: [23, 24] },
    { kind: 'number', code: 8, value: 0, size: 2 },
    { kind: 'association', code: 3, iaid: 7, renew: 0, rebind: 0, options: [] },
  ],
} as const;

export const messageVectors: readonly MessageVector[] = [
  {
    name: 'TFTP read request with options (RFC 2347)',
    transport: 'udp',
    port: 69,
    payload: encodeTftp({ opcode: 1, file: 'boot.img', mode: 'octet', options: [{ name: 'blksize', value: '1428' }] }),
    line: 'TFTP, RRQ "boot.img" octet blksize 1428',
    tshark: { 'tftp.opcode': '1', 'tftp.source_file': 'boot.img', 'tftp.type': 'octet', 'tftp.option.value': '1428' },
  },
  {
    name: 'TFTP data',
    transport: 'udp',
    port: 69,
    payload: encodeTftp({ opcode: 3, block: 2, data: new Uint8Array(512) }),
    line: 'TFTP, DATA block 2, length 512',
    tshark: { 'tftp.opcode': '3', 'tftp.block': '2' },
  },
  {
    name: 'TFTP acknowledgement',
    transport: 'udp',
    port: 69,
    payload: encodeTftp({ opcode: 4, block: 2 }),
    line: 'TFTP, ACK block 2',
    tshark: { 'tftp.opcode': '4', 'tftp.block': '2' },
  },
  {
    name: 'TFTP error',
    transport: 'udp',
    port: 69,
    payload: encodeTftp({ opcode: 5, error: 1, text: 'File not found' }),
    line: 'TFTP, ERROR 1 "File not found"',
    tshark: { 'tftp.opcode': '5', 'tftp.error.code': '1', 'tftp.error.message': 'File not found' },
  },
  {
    name: 'TFTP option acknowledgement (RFC 2347)',
    transport: 'udp',
    port: 69,
    payload: encodeTftp({ opcode: 6, options: [{ name: 'tsize', value: '9' }, { name: 'timeout', value: '1' }] }),
    line: 'TFTP, OACK tsize 9 timeout 1',
    tshark: { 'tftp.opcode': '6', 'tftp.option.name': 'tsize,timeout' },
  },
  {
    name: 'syslog (RFC 5424 §6.5, example 1)',
    transport: 'udp',
    port: 514,
    payload: text("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick"),
    line: "SYSLOG auth.critical, su: 'su root' failed for lonvick",
    tshark: {
      'syslog.facility': '4',
      'syslog.level': '2',
      'syslog.hostname': 'mymachine.example.com',
      'syslog.appname': 'su',
    },
  },
  {
    name: 'syslog with structured data (RFC 5424 §6.5, example 3)',
    transport: 'udp',
    port: 514,
    payload: text(
      '<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [example@32473 iut="3" source="A\\"]pp"][x@1] An event',
    ),
    line: 'SYSLOG local4.notice, evntslog: An event',
    tshark: { 'syslog.facility': '20', 'syslog.level': '5' },
  },
  {
    name: 'syslog of old (RFC 3164 §5.4)',
    transport: 'udp',
    port: 514,
    payload: text("<13>Oct 11 22:14:15 host su: 'su root' failed"),
    line: "SYSLOG user.notice, Oct 11 22:14:15 host su: 'su root' failed",
    tshark: { 'syslog.facility': '1', 'syslog.level': '5' },
  },
  {
    name: 'HTTP request',
    transport: 'tcp',
    port: 80,
    payload: text('GET /index.html?q=1 HTTP/1.1\r\nHost: example.org\r\nAccept:*/*\r\n\r\n'),
    line: 'HTTP: GET /index.html?q=1 HTTP/1.1',
    tshark: { 'http.request.method': 'GET', 'http.request.uri': '/index.html?q=1', 'http.host': 'example.org' },
  },
  {
    name: 'HTTP response with a folded field and bare line feeds',
    transport: 'tcp',
    port: 80,
    payload: text('HTTP/1.0 404 Not Found\nServer: x\nX-Long: a\n b\n\n'),
    line: 'HTTP: HTTP/1.0 404 Not Found',
    // Wireshark takes a response from a client for data.
    tshark: {},
  },
  {
    name: 'DNS over TCP',
    transport: 'tcp',
    port: 53,
    payload: (() => {
      const message = encodeDns({ questions: [{ name: 'example.org', type: 28, class: 1 }] });
      return concat([octets(message.length >>> 8, message.length), message]);
    })(),
    line: '0 AAAA? example.org. (29)',
    tshark: { 'dns.qry.name': 'example.org', 'dns.qry.type': '28' },
  },
  {
    name: 'STUN binding request (RFC 5769 §2.1, cut)',
    transport: 'udp',
    port: 3478,
    payload: encodeStun({
      type: 1,
      transaction: TRANSACTION,
      attributes: [
        { type: 0x8022, data: text('STUN test client') },
        { type: 0x0024, data: octets(0x6e, 0, 1, 0xff) },
        { type: 0x0006, data: text('evtj:h6vY'), padding: octets(0x20, 0x20, 0x20) },
      ],
    }),
    line: 'STUN Binding request, software STUN test client, username evtj:h6vY',
    tshark: { 'stun.type': '0x0001', 'stun.att.username': 'evtj:h6vY', 'stun.att.software': 'STUN test client' },
  },
  {
    name: 'STUN binding success response (RFC 5769 §2.2, §2.3, cut)',
    transport: 'udp',
    port: 3478,
    payload: encodeStun({
      type: 0x0101,
      transaction: TRANSACTION,
      attributes: [
        { type: 0x0020, data: octets(0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43) },
        {
          type: 0x0020,
          data: octets(0, 2, 0xa1, 0x47, 1, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9),
        },
      ],
    }),
    line:
      'STUN Binding success response, xor-mapped-address 192.0.2.1:32853, ' +
      'xor-mapped-address [2001:db8:1234:5678:11:2233:4455:6677]:32853',
    tshark: { 'stun.type': '0x0101', 'stun.att.ipv4': '192.0.2.1', 'stun.att.ipv6': '2001:db8:1234:5678:11:2233:4455:6677' },
  },
  {
    name: 'STUN error',
    transport: 'udp',
    port: 3478,
    payload: encodeStun({
      type: 0x0111,
      transaction: TRANSACTION,
      attributes: [{ type: 9, data: concat([octets(0, 0, 4, 1), text('Unauthorized')]) }],
    }),
    line: 'STUN Binding error response, error-code 401 Unauthorized',
    tshark: { 'stun.att.error.class': '4', 'stun.att.error': '1', 'stun.att.error.reason': 'Unauthorized' },
  },
  {
    name: 'RADIUS access request (RFC 2865 §7.1)',
    transport: 'udp',
    port: 1812,
    payload: encodeRadius({
      code: 1,
      id: 7,
      authenticator: octets(15, 64, 63, 148, 115, 151, 128, 87, 189, 131, 213, 203, 152, 244, 34, 122),
      attributes: [
        { type: 1, data: text('nemo') },
        { type: 2, data: octets(13, 190, 112, 141, 147, 212, 19, 206, 49, 150, 228, 63, 120, 42, 10, 238) },
        { type: 4, data: octets(192, 168, 1, 16) },
        { type: 5, data: octets(0, 0, 0, 3) },
      ],
    }),
    line: 'RADIUS, Access-Request (1), id: 0x07 length: 56, user nemo',
    tshark: { 'radius.code': '1', 'radius.id': '7', 'radius.User_Name': 'nemo', 'radius.NAS_IP_Address': '192.168.1.16' },
  },
  {
    name: 'SNMP get request',
    transport: 'udp',
    port: 161,
    payload: encodeSnmp({
      version: 1,
      community: 'public',
      operation: 0xa0,
      requestId: 17,
      bindings: [{ oid: '1.3.6.1.2.1.1.1.0', tag: 5, data: octets() }],
    }),
    line: 'SNMPv2c C="public" GetRequest(17) 1.3.6.1.2.1.1.1.0',
    tshark: { 'snmp.version': '1', 'snmp.community': 'public', 'snmp.request_id': '17', 'snmp.name': '1.3.6.1.2.1.1.1.0' },
  },
  {
    name: 'SNMP response with values',
    transport: 'udp',
    port: 161,
    payload: encodeSnmp({
      version: 0,
      community: 'private',
      operation: 0xa2,
      requestId: -70_000,
      error: 2,
      errorIndex: 1,
      bindings: [
        { oid: '1.3.6.1.2.1.1.5.0', tag: 4, data: text('router') },
        { oid: '1.3.6.1.2.1.1.3.0', tag: 0x43, data: octets(1, 0, 0) },
        { oid: '2.999.4294967295', tag: 0x40, data: octets(10, 0, 0, 1) },
      ],
    }),
    line:
      'SNMPv1 C="private" GetResponse(-70000) error 2 1.3.6.1.2.1.1.5.0="router" 1.3.6.1.2.1.1.3.0=65536 ' +
      '2.999.4294967295=10.0.0.1',
    tshark: { 'snmp.version': '0', 'snmp.request_id': '-70000', 'snmp.error_status': '2', 'snmp.value.timeticks': '65536' },
  },
  {
    name: 'DHCPv6 solicit',
    transport: 'udp',
    port: 547,
    payload: encodeDhcpv6(solicit),
    line: 'DHCPv6 solicit, xid 0x123456, client 00030001020000000001',
    tshark: { 'dhcpv6.msgtype': '1', 'dhcpv6.xid': '0x123456', 'dhcpv6.duid.bytes': '00030001020000000001', 'dhcpv6.requested_option_code': '23,24' },
  },
  {
    name: 'DHCPv6 reply with an address, a prefix, name servers',
    transport: 'udp',
    port: 546,
    payload: encodeDhcpv6({
      relay: false,
      type: 7,
      transactionId: 1,
      options: [
        { kind: 'duid', code: 2, duid: DUID },
        {
          kind: 'association',
          code: 3,
          iaid: 7,
          renew: 1800,
          rebind: 2880,
          options: [
            {
              kind: 'address',
              code: 5,
              address: '2001:db8::5',
              preferred: 3600,
              valid: 7200,
              options: [{ kind: 'status', code: 13, status: 0, text: 'fine' }],
            },
          ],
        },
        {
          kind: 'association',
          code: 25,
          iaid: 8,
          renew: 1,
          rebind: 2,
          options: [
            { kind: 'prefix', code: 26, prefix: '2001:db8:1::', length: 48, preferred: 1, valid: 2, options: [] },
          ],
        },
        { kind: 'addresses', code: 23, addresses: ['2001:db8::53', '2001:db8::54'] },
        { kind: 'names', code: 24, names: ['example.org', 'example.com'] },
        { kind: 'raw', code: 999, data: octets(1, 2, 3) },
      ],
    }),
    line:
      'DHCPv6 reply, xid 0x000001, server 00030001020000000001, address 2001:db8::5, prefix 2001:db8:1::/48',
    tshark: {
      'dhcpv6.msgtype': '7',
      'dhcpv6.iaaddr.ip': '2001:db8::5',
      'dhcpv6.iaprefix.pref_len': '48',
      'dhcpv6.dns_server': '2001:db8::53,2001:db8::54',
    },
  },
  {
    name: 'DHCPv6 relayed',
    transport: 'udp',
    port: 547,
    payload: encodeDhcpv6({
      relay: true,
      type: 12,
      hops: 1,
      linkAddress: '2001:db8::1',
      peerAddress: 'fe80::9',
      options: [
        { kind: 'raw', code: 18, data: text('eth0') },
        { kind: 'relayed', code: 9, message: { ok: true, kind: 'dhcpv6', ...solicit } },
      ],
    }),
    line:
      'DHCPv6 relay-forward, link 2001:db8::1, peer fe80::9, ' +
      '(DHCPv6 solicit, xid 0x123456, client 00030001020000000001)',
    tshark: { 'dhcpv6.msgtype': '12,1', 'dhcpv6.linkaddr': '2001:db8::1', 'dhcpv6.peeraddr': 'fe80::9' },
  },
  {
    name: 'QUIC initial and handshake in one datagram',
    transport: 'udp',
    port: 443,
    payload: encodeQuic([
      {
        form: 'initial',
        first: 0xc3,
        version: 1,
        target: octets(1, 2, 3, 4, 5, 6, 7, 8),
        source: octets(9),
        token: octets(0xaa, 0xbb),
        tokenLengthBytes: 1,
        lengthBytes: 2,
        payload: new Uint8Array(100).fill(3),
      },
      {
        form: 'handshake',
        first: 0xe1,
        version: 1,
        target: octets(1, 2, 3, 4, 5, 6, 7, 8),
        source: octets(9),
        token: undefined,
        tokenLengthBytes: 0,
        lengthBytes: 4,
        payload: new Uint8Array(40).fill(4),
      },
      { form: 'short', bytes: new Uint8Array(30).fill(0x41) },
    ]),
    line:
      'QUIC initial, version 1, target 0102030405060708, source 09, length 100; ' +
      'handshake, version 1, target 0102030405060708, source 09, length 40; short header, length 30',
    tshark: {},
  },
  {
    name: 'QUIC version negotiation',
    transport: 'udp',
    port: 443,
    payload: encodeQuic([
      { form: 'version-negotiation', first: 0x80, version: 0, target: octets(1), source: octets(2, 3), versions: [1, 0x6b3343cf] },
    ]),
    line: 'QUIC version negotiation, target 01, source 0203, versions 0x1 0x6b3343cf',
    // Wireshark wants to have seen the client's packet.
    tshark: {},
  },
  {
    name: 'QUIC retry (RFC 9001 §A.4)',
    transport: 'udp',
    port: 443,
    payload: encodeQuic([
      {
        form: 'retry',
        first: 0xff,
        version: 1,
        target: octets(),
        source: octets(0xf0, 0x67, 0xa5, 0x50, 0x2a, 0x42, 0x62, 0xb5),
        token: text('token'),
        tag: octets(0x04, 0xa2, 0x65, 0xba, 0x2e, 0xff, 0x4d, 0x82, 0x90, 0x58, 0xfb, 0x3f, 0x0f, 0x24, 0x96, 0xba),
      },
    ]),
    line: 'QUIC retry, version 1, target -, source f067a5502a4262b5',
    tshark: { 'quic.retry_token': '746f6b656e', 'quic.scid': 'f067a5502a4262b5' },
  },
];

/** The bytes of a decoded message again. */
export function encodeMessage(message: ApplicationMessage): Uint8Array | undefined {
  switch (message.kind) {
    case 'tftp':
      return encodeTftp(message);
    case 'syslog':
      return encodeSyslog(message);
    case 'http':
      return encodeHttpHead(message);
    case 'stun':
      return encodeStun(message);
    case 'radius':
      return encodeRadius(message);
    case 'dhcpv6':
      return encodeDhcpv6(message);
    case 'quic':
      return encodeQuic(message.packets);
    case 'snmp':
      return 'requestId' in message ? encodeSnmp(message) : undefined;
    default:
      return undefined;
  }
}
