/** What the figures and views of a trace want to know of a packet: who talks to whom, and the TCP or UDP header. */
import { formatEndpoint } from '../addr/index.ts';
import { decodePacket, type TcpHeader, type UdpHeader } from '../wire/index.ts';

export interface PacketFacts {
  /** Addresses as text; with the port, `10.77.0.1:51234`, where the packet has ports. */
  readonly source: string;
  readonly target: string;
  readonly tcp?: TcpHeader;
  readonly udp?: UdpHeader;
}

/**
 * Read a packet as far as TCP or UDP.
 * @param bytes borrowed: the headers are views into it
 * @param linkType of the link in the trace's header; raw IP when not given
 * @returns undefined when there is no IP header to read
 */
export function packetFacts(bytes: Uint8Array, linkType: number = 101): PacketFacts | undefined {
  const { ip, tcp, udp, icmp } = decodePacket(bytes, linkType);
  if (ip === undefined) return undefined;
  // What an ICMP error quotes was sent by somebody else.
  if (icmp !== undefined) return { source: ip.src, target: ip.dst };
  if (tcp !== undefined) {
    return { source: formatEndpoint(ip.src, tcp.srcPort), target: formatEndpoint(ip.dst, tcp.dstPort), tcp };
  }
  if (udp !== undefined) {
    return { source: formatEndpoint(ip.src, udp.srcPort), target: formatEndpoint(ip.dst, udp.dstPort), udp };
  }
  return { source: ip.src, target: ip.dst };
}
