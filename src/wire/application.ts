/**
 * What a payload is by its ports: one row a protocol. A port is a hint only, so `decodePacket` leaves the payload alone,
 * a row may look first whether the bytes begin as its protocol does, and nothing here makes a packet bad.
 */
import { readU16 } from '../core/bytes.ts';
import type { DecodeFault } from '../core/fault.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type Dhcpv4Message, decodeDhcpv4, describeDhcpv4 } from './dhcpv4.ts';
import { DHCPV6_CLIENT_PORT, DHCPV6_SERVER_PORT, type Dhcpv6Message, decodeDhcpv6, describeDhcpv6 } from './dhcpv6.ts';
import { DNS_PORT, type DnsMessage, decodeDns, describeDns, MDNS_PORT } from './dns.ts';
import { decodeDnsOverTcp } from './dns-tcp.ts';
import { decodeHttpHead, describeHttp, HTTP_PORTS, type HttpHead, looksLikeHttp } from './http1.ts';
import { decodeNtp, describeNtp, NTP_PORT, type NtpPacket } from './ntp.ts';
import type { Packet } from './packet.ts';
import { decodeQuic, describeQuic, looksLikeQuic, QUIC_PORT, type QuicDatagram } from './quic.ts';
import { decodeRadius, describeRadius, RADIUS_PORTS, type RadiusPacket } from './radius.ts';
import { decodeSnmp, describeSnmp, SNMP_PORT, SNMP_TRAP_PORT, type SnmpMessage } from './snmp.ts';
import { decodeStun, describeStun, looksLikeStun, STUN_PORT, STUN_TLS_PORT, type StunMessage } from './stun.ts';
import { decodeSyslog, describeSyslog, SYSLOG_PORT, type SyslogMessage } from './syslog.ts';
import { decodeTftp, describeTftp, TFTP_PORT, type TftpMessage } from './tftp.ts';
import {
  decodeTlsAlert,
  decodeTlsHello,
  decodeTlsRecord,
  describeTlsAlert,
  describeTlsHello,
  type TlsAlert,
  type TlsClientHello,
  TlsContentType,
  type TlsServerHello,
} from './tls.ts';

/** A message of one of the protocols known here, by `kind`. */
export type ApplicationMessage =
  | DnsMessage
  | Dhcpv4Message
  | Dhcpv6Message
  | HttpHead
  | NtpPacket
  | QuicDatagram
  | RadiusPacket
  | SnmpMessage
  | StunMessage
  | SyslogMessage
  | TftpMessage
  | TlsAlert
  | TlsClientHello
  | TlsServerHello;

type Decode = (bytes: Uint8Array, offset: number, end: number) => ApplicationMessage | DecodeFault | undefined;
type LooksLike = (bytes: Uint8Array, offset: number, end: number) => boolean;

/** One protocol over one transport. */
export interface ApplicationProtocol {
  /** `dns` */
  readonly name: string;
  readonly transport: 'udp' | 'tcp';
  readonly ports: readonly number[];
  /** The document. */
  readonly rfc: string;
  /** Whether bytes can be of it at all; left out where every byte can. */
  readonly looksLike?: LooksLike;
  /** @returns undefined for bytes that say nothing in the clear */
  readonly decode: Decode;
}

const DNS_PORTS = [DNS_PORT, MDNS_PORT];

/** Every protocol that is looked for, in the order of its name. */
export const applicationProtocols: readonly ApplicationProtocol[] = [
  {
    name: 'dhcpv4',
    transport: 'udp',
    ports: [DHCP_SERVER_PORT, DHCP_CLIENT_PORT],
    rfc: 'RFC 2131',
    decode: decodeDhcpv4,
  },
  {
    name: 'dhcpv6',
    transport: 'udp',
    ports: [DHCPV6_CLIENT_PORT, DHCPV6_SERVER_PORT],
    rfc: 'RFC 8415',
    decode: decodeDhcpv6,
  },
  { name: 'dns', transport: 'udp', ports: DNS_PORTS, rfc: 'RFC 1035, RFC 6762', decode: decodeDns },
  {
    name: 'dns',
    transport: 'tcp',
    ports: [DNS_PORT],
    rfc: 'RFC 1035 §4.2.2',
    looksLike: isWholeDns,
    decode: decodeDnsOverTcp,
  },
  {
    name: 'http',
    transport: 'tcp',
    ports: HTTP_PORTS,
    rfc: 'RFC 9112',
    looksLike: looksLikeHttp,
    decode: decodeHttpHead,
  },
  { name: 'ntp', transport: 'udp', ports: [NTP_PORT], rfc: 'RFC 5905', decode: decodeNtp },
  { name: 'quic', transport: 'udp', ports: [QUIC_PORT], rfc: 'RFC 9000', looksLike: looksLikeQuic, decode: decodeQuic },
  { name: 'radius', transport: 'udp', ports: RADIUS_PORTS, rfc: 'RFC 2865', decode: decodeRadius },
  { name: 'snmp', transport: 'udp', ports: [SNMP_PORT, SNMP_TRAP_PORT], rfc: 'RFC 1157, RFC 3416', decode: decodeSnmp },
  {
    name: 'stun',
    transport: 'udp',
    ports: [STUN_PORT, STUN_TLS_PORT, 19_302],
    rfc: 'RFC 8489',
    looksLike: looksLikeStun,
    decode: decodeStun,
  },
  { name: 'syslog', transport: 'udp', ports: [SYSLOG_PORT], rfc: 'RFC 5424, RFC 3164', decode: decodeSyslog },
  { name: 'tftp', transport: 'udp', ports: [TFTP_PORT], rfc: 'RFC 1350', decode: decodeTftp },
  {
    name: 'tls',
    transport: 'tcp',
    ports: [443, 853, 8443],
    rfc: 'RFC 8446',
    looksLike: isClearTls,
    decode: decodeTls,
  },
];

/** Rows by port, for each transport. */
const byPort = {
  udp: new Map<number, ApplicationProtocol>(),
  tcp: new Map<number, ApplicationProtocol>(),
} as const;
for (const row of applicationProtocols) for (const port of row.ports) byPort[row.transport].set(port, row);

/**
 * Decode the payload of a datagram, or of one TCP segment, as its ports suggest.
 * @returns undefined when the ports say nothing, the bytes are not of that protocol, or the datagram is not whole; a
 * fault when it is not what it seems
 * @example
 * ```ts
 * import { buildPacket, decodeApplication, decodePacket, encodeDns } from 'barewire/wire';
 * const payload = encodeDns({ questions: [{ name: 'example.org', type: 1, class: 1 }] });
 * const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
 * const packet = decodePacket(buildPacket({ ipv4: ends, udp: { srcPort: 4000, dstPort: 53 }, payload }), 'raw');
 * decodeApplication(packet)?.ok; // true
 * ```
 */
export function decodeApplication(packet: Packet): ApplicationMessage | DecodeFault | undefined {
  const { udp, tcp, bytes } = packet;
  const transport = tcp ?? udp;
  if (transport === undefined || transport.payloadEnd === transport.headerEnd) return undefined;
  if (udp !== undefined && tcp === undefined) {
    if (udp.truncated || packet.fragment !== undefined || packet.layers.at(-1) !== udp) return undefined;
  }
  const { srcPort, dstPort, headerEnd, payloadEnd } = transport;
  return decodeByPort(tcp === undefined ? 'udp' : 'tcp', srcPort, dstPort, bytes, headerEnd, payloadEnd);
}

/** As `decodeApplication`, for bytes that are at hand already: of a stream, of a fragmented datagram put together. */
export function decodeByPort(
  transport: 'udp' | 'tcp',
  srcPort: number,
  dstPort: number,
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): ApplicationMessage | DecodeFault | undefined {
  const rows = byPort[transport];
  const row = rows.get(dstPort) ?? rows.get(srcPort);
  if (row === undefined) {
    // RFC 8489 §6.3: the magic number is made for telling it from whatever else goes over the same ports.
    return transport === 'udp' && looksLikeStun(bytes, offset, end) ? decodeStun(bytes, offset, end) : undefined;
  }
  if (row.looksLike?.(bytes, offset, end) === false) return undefined;
  return row.decode(bytes, offset, end);
}

/** RFC 1035 §4.2.2: two bytes of length, then the message. */
function isWholeDns(bytes: Uint8Array, offset: number, end: number): boolean {
  return end - offset >= 14 && readU16(bytes, offset) <= end - offset - 2;
}

/** Handshakes, and alerts that are short enough not to be encrypted; other records say nothing in the clear. */
function isClearTls(bytes: Uint8Array, offset: number, end: number): boolean {
  if (bytes[offset] === TlsContentType.ALERT) return end - offset >= 7 && readU16(bytes, offset + 3) === 2;
  return end - offset >= 6 && bytes[offset] === TlsContentType.HANDSHAKE;
}

function decodeTls(bytes: Uint8Array, offset: number, end: number): ApplicationMessage | DecodeFault {
  const record = decodeTlsRecord(bytes, offset, end);
  if (!record.ok) return record;
  const decode = record.type === TlsContentType.ALERT ? decodeTlsAlert : decodeTlsHello;
  return decode(bytes, record.headerEnd, record.payloadEnd);
}

/** One line of what the payload says; undefined where it is not understood. */
export function describeApplication(packet: Packet): string | undefined {
  const message = decodeApplication(packet);
  if (message === undefined || !message.ok) return undefined;
  // RFC 6762 §5.4, §10.2: only the port tells that the top bit of a class means something else.
  const { udp } = packet;
  if (message.kind === 'dns') return describeDns(message, udp?.srcPort === MDNS_PORT || udp?.dstPort === MDNS_PORT);
  return describeMessage(message);
}

type Describers = {
  readonly [K in ApplicationMessage['kind']]: (message: Extract<ApplicationMessage, { readonly kind: K }>) => string;
};

const describers: Describers = {
  clientHello: describeTlsHello,
  dhcpv4: describeDhcpv4,
  dhcpv6: describeDhcpv6,
  dns: (message) => describeDns(message),
  http: describeHttp,
  ntp: describeNtp,
  quic: describeQuic,
  radius: describeRadius,
  serverHello: describeTlsHello,
  snmp: describeSnmp,
  stun: describeStun,
  syslog: describeSyslog,
  tftp: describeTftp,
  tlsAlert: describeTlsAlert,
};

/** One line of a message. */
export function describeMessage(message: ApplicationMessage): string {
  const describe = describers[message.kind] as (message: ApplicationMessage) => string;
  return describe(message);
}
