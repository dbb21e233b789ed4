/**
 * Who talks with whom: the key of a conversation, the same for both directions. Keys are short strings of 16-bit units,
 * made without formatting an address: a table of flows asks for one with every packet.
 */
import { readU16, readU32 } from '../core/index.ts';
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
  const protocol = packet.protocol ?? 0;
  return ip.layer === 'ipv4' ? ipv4Key(ip, protocol, srcPort, dstPort) : ipv6Key(ip, protocol, srcPort, dstPort);
}

/** One string of seven units, made at once: of parts put together the table would have to make it anew. */
function ipv4Key({ bytes, headerOffset }: Ipv4Header, protocol: number, srcPort: number, dstPort: number): PacketKey {
  const src = readU32(bytes, headerOffset + 12);
  const dst = readU32(bytes, headerOffset + 16);
  const isForward = src === dst ? srcPort <= dstPort : src < dst;
  const [first, firstPort, second, secondPort] = isForward
    ? [src, srcPort, dst, dstPort]
    : [dst, dstPort, src, srcPort];
  const key = String.fromCharCode(
    protocol,
    first >>> 16,
    first & 0xffff,
    firstPort,
    second >>> 16,
    second & 0xffff,
    secondPort,
  );
  return { key, isForward };
}

function ipv6Key({ bytes, headerOffset }: Ipv6Header, protocol: number, srcPort: number, dstPort: number): PacketKey {
  const source = ipv6End(bytes, headerOffset + 8, srcPort);
  const target = ipv6End(bytes, headerOffset + 24, dstPort);
  const isForward = source <= target;
  return { key: String.fromCharCode(protocol) + (isForward ? source + target : target + source), isForward };
}

/** Ports, or for an echo its identifier on both sides; 0 where there is neither. */
export function portsOf({ tcp, udp, icmp, layers }: Packet): readonly [srcPort: number, dstPort: number] {
  const ports = tcp ?? udp;
  // Both begin with them.
  if (ports !== undefined)
    return [readU16(ports.bytes, ports.headerOffset), readU16(ports.bytes, ports.headerOffset + 2)];
  if (icmp !== undefined) return ECHO_TYPES.has(icmp.type) ? [icmp.id, icmp.id] : [0, 0];
  const last = layers.at(-1);
  return last?.layer === 'sctp' || last?.layer === 'udp-lite' ? [last.srcPort, last.dstPort] : [0, 0];
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

function ipv6End(bytes: Uint8Array, at: number, port: number): string {
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
