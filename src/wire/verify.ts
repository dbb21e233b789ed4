/** Are the checksums of a decoded packet right? */

import { parseIpv6 } from '../addr/ipv6.ts';
import { readU16 } from '../core/bytes.ts';
import { pseudoSumV4, pseudoSumV6, sum16 } from '../core/checksum.ts';
import { IpProtocol } from './iana/protocols.ts';
import type { Ipv4Header } from './ipv4.ts';
import type { Ipv6Header } from './ipv6.ts';
import type { Packet } from './packet.ts';

/**
 * - `good`, `bad`: computed and compared.
 * - `absent`: the sender made none (UDP over IPv4 with 0), or there is nothing that has one.
 * - `partial`: the field holds the sum of the pseudo header alone: the kernel left the rest to the card, as it does on
 *   loopback and for packets captured on their way out. Not an error.
 * - `unverified`: bytes are missing (cut capture, fragment).
 */
export type ChecksumState = 'good' | 'bad' | 'absent' | 'partial' | 'unverified';

/** The header checksum of IPv4. RFC 791 §3.1 */
export function verifyIpv4Checksum(ip: Ipv4Header): ChecksumState {
  return sum16(ip.bytes, ip.headerOffset, ip.headerEnd) === 0xffff ? 'good' : 'bad';
}

/**
 * Both checksums of a packet: the innermost IP header's and the transport's (TCP, UDP, ICMP, IGMP, SCTP, UDP-Lite).
 * @example
 * ```ts
 * import { decodePacket, encodeIcmpv4, encodeIpv4, verifyChecksums } from 'barewire/wire';
 * const ping = encodeIpv4({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 1 }, encodeIcmpv4({ type: 8 }));
 * verifyChecksums(decodePacket(ping, 'raw')); // { ip: 'good', transport: 'good' }
 * ```
 */
export function verifyChecksums(packet: Packet): { readonly ip: ChecksumState; readonly transport: ChecksumState } {
  const { ip } = packet;
  if (ip === undefined) return { ip: 'absent', transport: 'absent' };
  return { ip: ip.layer === 'ipv4' ? verifyIpv4Checksum(ip) : 'absent', transport: verifyTransport(packet, ip) };
}

function verifyTransport(packet: Packet, ip: Ipv4Header | Ipv6Header): ChecksumState {
  const { tcp, udp, icmp } = packet;
  const layer = tcp ?? udp ?? icmp;
  if (layer === undefined) return verifyOther(packet, ip);
  const { bytes, headerOffset: start, payloadEnd: end } = layer;
  // RFC 768: zero says that there is none; RFC 8200 §8.1 forbids that over IPv6, where tunnels do it (RFC 6935).
  if (udp !== undefined && udp.checksum === 0) return 'absent';
  if (packet.fragment !== undefined || layer.truncated) return 'unverified';
  if (icmp?.layer === 'icmpv4') return sum16(bytes, start, end) === 0xffff ? 'good' : 'bad';
  const protocol = tcp !== undefined ? IpProtocol.TCP : udp !== undefined ? IpProtocol.UDP : IpProtocol.ICMPV6;
  const pseudo = pseudoSumOf(packet, ip, protocol, end - start);
  if (sum16(bytes, start, end, pseudo) === 0xffff) return 'good';
  const field = start + (tcp !== undefined ? 16 : udp !== undefined ? 6 : 2);
  return readU16(bytes, field) === pseudo ? 'partial' : 'bad';
}

/** The transports that no field of the packet names. */
function verifyOther(packet: Packet, ip: Ipv4Header | Ipv6Header): ChecksumState {
  const layer = packet.layers.at(-1);
  if (packet.fragment !== undefined || layer === undefined) return 'unverified';
  const { bytes, headerOffset: start, payloadEnd: end } = layer;
  switch (layer.layer) {
    case 'igmp':
      return layer.truncated ? 'unverified' : sum16(bytes, start, end) === 0xffff ? 'good' : 'bad';
    case 'sctp':
      return layer.checksumState;
    case 'udp-lite': {
      const { coverageEnd } = layer;
      if (coverageEnd > end) return 'unverified';
      const pseudo = pseudoSumOf(packet, ip, IpProtocol.UDPLITE, layer.claimedEnd - start);
      return sum16(bytes, start, coverageEnd, pseudo) === 0xffff ? 'good' : 'bad';
    }
    default:
      return 'absent';
  }
}

function pseudoSumOf(packet: Packet, ip: Ipv4Header | Ipv6Header, protocol: number, length: number): number {
  const { bytes, headerOffset } = ip;
  if (ip.layer === 'ipv4') return pseudoSumV4(ip.srcValue, finalIpv4(ip) ?? ip.dstValue, protocol, length);
  const src = bytes.subarray(headerOffset + 8, headerOffset + 24);
  // RFC 8200 §8.1: with a routing header the pseudo header has the final destination.
  const routing = packet.find('routing');
  const final = routing === undefined ? undefined : routing.finalDestination;
  const dst = final === undefined ? null : parseIpv6(final);
  return pseudoSumV6(src, dst ?? bytes.subarray(headerOffset + 24, headerOffset + 40), protocol, length);
}

/** The last address of an unfinished source route (RFC 1122 §3.2.1.8(c): the transport sees the final destination). */
function finalIpv4(ip: Ipv4Header): number | undefined {
  if (ip.headerEnd - ip.headerOffset === 20) return undefined;
  const { bytes } = ip;
  for (let at = ip.headerOffset + 20; at + 2 < ip.headerEnd; ) {
    const type = bytes[at]!;
    if (type === 0) return undefined;
    const length = type === 1 ? 1 : bytes[at + 1]!;
    if (length === 0 || (type !== 1 && length < 2) || at + length > ip.headerEnd) return undefined;
    // Loose or strict source route whose pointer still lies inside it.
    if ((type === 131 || type === 137) && length >= 7 && bytes[at + 2]! + 3 <= length) {
      return ((readU16(bytes, at + length - 4) << 16) | readU16(bytes, at + length - 2)) >>> 0;
    }
    at += length;
  }
  return undefined;
}
