/**
 * Who talks with whom: the key of a conversation, the same for both directions. Keys are short strings of 16-bit units,
 * made without formatting an address: a table of flows asks for one with every packet.
 */
import { readU16 } from '../core/index.ts';
import type { Ipv4Header, Ipv6Header, Packet } from '../wire/index.ts';

export interface PacketKey {
  readonly key: string;
  /** Whether the packet goes from the smaller end to the larger one: the other direction has the same key. */
  readonly isForward: boolean;
}

const TCP = 6;
const UDP = 17;
const SCTP = 132;
const ECHO_TYPES: ReadonlySet<number> = new Set([0, 8, 128, 129]);

/** The key of a packet's transport: addresses, ports (or the identifier of an echo), protocol. Undefined without IP. */
export function transportKey(packet: Packet): PacketKey | undefined {
  const { ip } = packet;
  if (ip === undefined) return undefined;
  const [srcPort, dstPort] = portsOf(packet);
  const source = endText(ip, 'src', srcPort);
  const target = endText(ip, 'dst', dstPort);
  const isForward = source <= target;
  const protocol = String.fromCharCode(packet.protocol ?? 0);
  return { key: isForward ? protocol + source + target : protocol + target + source, isForward };
}

/** Ports, or for an echo its identifier on both sides; 0 where there is neither. */
export function portsOf(packet: Packet): readonly [srcPort: number, dstPort: number] {
  const { tcp, udp, icmp } = packet;
  const ports = tcp ?? udp;
  if (ports !== undefined) return [ports.srcPort, ports.dstPort];
  if (icmp !== undefined && ECHO_TYPES.has(icmp.type)) return [icmp.id, icmp.id];
  const last = packet.layers.at(-1);
  if (last?.layer === 'sctp' || last?.layer === 'udp-lite') return [last.srcPort, last.dstPort];
  return [0, 0];
}

/** `tcp`, `udp`, `sctp`, `icmp`, `ip 47`. */
export function protocolName(protocol: number): string {
  if (protocol === TCP) return 'tcp';
  if (protocol === UDP) return 'udp';
  if (protocol === SCTP) return 'sctp';
  if (protocol === 1) return 'icmp';
  if (protocol === 58) return 'icmpv6';
  return `ip ${protocol}`;
}

function endText(ip: Ipv4Header | Ipv6Header, side: 'src' | 'dst', port: number): string {
  const { bytes, headerOffset } = ip;
  if (ip.layer === 'ipv4') {
    const at = headerOffset + (side === 'src' ? 12 : 16);
    return String.fromCharCode(readU16(bytes, at), readU16(bytes, at + 2), port);
  }
  const at = headerOffset + (side === 'src' ? 8 : 24);
  return String.fromCharCode(
    readU16(bytes, at),
    readU16(bytes, at + 2),
    readU16(bytes, at + 4),
    readU16(bytes, at + 6),
    readU16(bytes, at + 8),
    readU16(bytes, at + 10),
    readU16(bytes, at + 12),
    readU16(bytes, at + 14),
    port,
  );
}
