/**
 * What a payload is by its ports: DNS (53), multicast DNS (5353), DHCP (67, 68), NTP (123), and over TCP the hello that a TLS
 * connection begins with (443, 853, 8443). A port is a hint only, so
 * `decodePacket` leaves the payload alone and nothing here makes a packet bad.
 */
import type { DecodeFault } from '../core/fault.ts';
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, type Dhcpv4Message, decodeDhcpv4, describeDhcpv4 } from './dhcpv4.ts';
import { DNS_PORT, type DnsMessage, decodeDns, describeDns, MDNS_PORT } from './dns.ts';
import { decodeNtp, describeNtp, NTP_PORT, type NtpPacket } from './ntp.ts';
import type { Packet } from './packet.ts';
import type { TcpHeader } from './tcp.ts';
import {
  decodeTlsHello,
  decodeTlsRecord,
  describeTlsHello,
  type TlsClientHello,
  TlsContentType,
  type TlsServerHello,
} from './tls.ts';

/** A message of one of the protocols known here, by `kind`. */
export type ApplicationMessage = DnsMessage | Dhcpv4Message | NtpPacket | TlsClientHello | TlsServerHello;

/**
 * Decode the payload of a datagram, or of one TCP segment, as its ports suggest.
 * @returns undefined when the ports say nothing, or the datagram is not whole; a fault when it is not what they say
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
  if (tcp !== undefined) return isTlsPort(tcp) ? decodeHello(tcp) : undefined;
  if (udp === undefined || udp.truncated || packet.fragment !== undefined) return undefined;
  if (udp.payloadEnd === udp.headerEnd || packet.layers.at(-1) !== udp) return undefined;
  if (isPort(udp, DNS_PORT) || isPort(udp, MDNS_PORT)) return decodeDns(bytes, udp.headerEnd, udp.payloadEnd);
  if (isPort(udp, DHCP_SERVER_PORT) || isPort(udp, DHCP_CLIENT_PORT)) {
    return decodeDhcpv4(bytes, udp.headerEnd, udp.payloadEnd);
  }
  if (isPort(udp, NTP_PORT)) return decodeNtp(bytes, udp.headerEnd, udp.payloadEnd);
  return undefined;
}

function isTlsPort(tcp: TcpHeader): boolean {
  return isPort(tcp, 443) || isPort(tcp, 853) || isPort(tcp, 8443);
}

function decodeHello({ bytes, headerEnd, payloadEnd }: TcpHeader): ApplicationMessage | DecodeFault | undefined {
  // Records after the hellos say nothing in the clear.
  if (payloadEnd - headerEnd < 6 || bytes[headerEnd] !== TlsContentType.HANDSHAKE) return undefined;
  const record = decodeTlsRecord(bytes, headerEnd, payloadEnd);
  return record.ok ? decodeTlsHello(bytes, record.headerEnd, record.payloadEnd) : record;
}

function isPort(udp: { readonly srcPort: number; readonly dstPort: number }, port: number): boolean {
  return udp.srcPort === port || udp.dstPort === port;
}

/** One line of what the payload says; undefined where it is not understood. */
export function describeApplication(packet: Packet): string | undefined {
  const message = decodeApplication(packet);
  if (message === undefined || !message.ok) return undefined;
  switch (message.kind) {
    case 'dns':
      return describeDns(message);
    case 'dhcpv4':
      return describeDhcpv4(message);
    case 'ntp':
      return describeNtp(message);
    default:
      return describeTlsHello(message);
  }
}
