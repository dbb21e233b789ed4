/**
 * What the payload of a datagram is by its ports: DNS (53), multicast DNS (5353), NTP (123). A port is a hint only, so
 * `decodePacket` leaves the payload alone and nothing here makes a packet bad.
 */
import type { DecodeFault } from '../core/fault.ts';
import { DNS_PORT, type DnsMessage, decodeDns, describeDns, MDNS_PORT } from './dns.ts';
import { decodeNtp, describeNtp, NTP_PORT, type NtpPacket } from './ntp.ts';
import type { Packet } from './packet.ts';

/** A message of one of the protocols known here, by `kind`. */
export type ApplicationMessage = DnsMessage | NtpPacket;

/**
 * Decode the payload of a UDP datagram as its ports suggest.
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
  const { udp, bytes } = packet;
  if (udp === undefined || udp.truncated || packet.fragment !== undefined) return undefined;
  if (udp.payloadEnd === udp.headerEnd || packet.layers.at(-1) !== udp) return undefined;
  if (isPort(udp, DNS_PORT) || isPort(udp, MDNS_PORT)) return decodeDns(bytes, udp.headerEnd, udp.payloadEnd);
  if (isPort(udp, NTP_PORT)) return decodeNtp(bytes, udp.headerEnd, udp.payloadEnd);
  return undefined;
}

function isPort(udp: { readonly srcPort: number; readonly dstPort: number }, port: number): boolean {
  return udp.srcPort === port || udp.dstPort === port;
}

/** One line of what the payload says; undefined where it is not understood. */
export function describeApplication(packet: Packet): string | undefined {
  const message = decodeApplication(packet);
  if (message === undefined || !message.ok) return undefined;
  return message.kind === 'dns' ? describeDns(message) : describeNtp(message);
}
