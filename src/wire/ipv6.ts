/** IPv6 header (RFC 8200 §3). The headers that may follow it are in ipv6-extensions.ts. */
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, ipv6Address, named, uint, type ViewClass, viewClass } from './field.ts';
import { IpProtocol, ipProtocolName } from './iana/protocols.ts';

/** The header, in the order of the wire. */
export interface Ipv6Fields {
  /** 6. RFC 8200 §3 */
  version: number;
  /** DSCP and ECN, as IPv4's type of service. RFC 8200 §7, RFC 2474 §3, RFC 3168 §5 */
  trafficClass: number;
  /** 20 bits. RFC 8200 §6, RFC 6437 */
  flowLabel: number;
  /** Bytes after this header, extension headers included; 0 in a jumbogram. RFC 8200 §3, RFC 2675 §3 */
  payloadLength: number;
  /** What follows: see `IpProtocol`. RFC 8200 §3 */
  nextHeader: number;
  /** Hops left. RFC 8200 §3 */
  hopLimit: number;
  /** Source address. RFC 8200 §3 */
  src: string;
  /** Destination; with an unfinished routing header the next hop of it. RFC 8200 §3 */
  dst: string;
}

export const ipv6Table: HeaderTable<Ipv6Fields> = headerTable<Ipv6Fields>('ipv6', 'RFC 8200 §3', 40, {
  version: uint(0, 4, '§3'),
  trafficClass: uint(4, 8, '§7'),
  flowLabel: uint(12, 20, '§6, RFC 6437'),
  payloadLength: uint(32, 16, '§3, RFC 2675 §3'),
  nextHeader: named(uint(48, 8, '§3'), ipProtocolName),
  hopLimit: uint(56, 8, '§3'),
  src: ipv6Address(64, '§3'),
  dst: ipv6Address(192, '§3'),
});

const Ipv6View: ViewClass<Ipv6Fields> = viewClass(ipv6Table);

/** A decoded IPv6 header; see `HeaderView` for how long it is good. */
export class Ipv6Header extends Ipv6View {
  get layer(): 'ipv6' {
    return 'ipv6';
  }

  /** The six bits of the traffic class that choose the treatment. RFC 2474 §3 */
  get dscp(): number {
    return this.trafficClass >>> 2;
  }

  /** 0 not capable, 1 ECT(1), 2 ECT(0), 3 congestion experienced. RFC 3168 §5 */
  get ecn(): number {
    return this.trafficClass & 3;
  }
}

/**
 * Decode one IPv6 header (RFC 8200 §3).
 * @param bytes borrowed, read-only; bytes after the payload length (Ethernet padding) are left out of the payload
 * @param claimedEnd where the bytes ended on the wire, when the capture was cut; counts only for a payload length of 0
 * @returns a view, `truncated` when the payload length reaches past the bytes
 * Faults: TRUNCATED; BAD_VERSION
 */
export function decodeIpv6(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): Ipv6Header | DecodeFault {
  if (end - offset < 40) return fault('TRUNCATED', 'ipv6', 'header', offset, 40, end - offset);
  const version = bytes[offset]! >>> 4;
  if (version !== 6) return fault('BAD_VERSION', 'ipv6', 'version', offset, 6, version);
  const headerEnd = offset + 40;
  const length = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
  // 0 is a jumbogram, or a packet over 64 KiB that the card is to cut: the link knows how long it is.
  const whole = length === 0 && bytes[offset + 6] !== IpProtocol.IPV6_NONXT;
  const packetEnd = whole ? claimedEnd : headerEnd + length;
  return new Ipv6Header(bytes, offset, headerEnd, packetEnd < end ? packetEnd : end, packetEnd);
}

/** What `encodeIpv6` needs; the rest is filled in, or kept when given. */
export interface Ipv6Init extends Partial<Ipv6Fields> {
  src: string;
  dst: string;
  /** See `IpProtocol`. */
  nextHeader: number;
}

/** Encode header and payload (extension headers and all) as one packet; hopLimit is 64 unless given. */
export function encodeIpv6(init: Ipv6Init, payload?: Uint8Array): Uint8Array {
  const length = payload?.length ?? 0;
  if (init.payloadLength === undefined && length > 0xffff) {
    throw new RangeError(`payload: expected at most 65535 bytes, got ${length}`);
  }
  const bytes = new Uint8Array(40 + length);
  if (payload !== undefined) bytes.set(payload, 40);
  writeIpv6Fields(init, bytes, 0, length);
  return bytes;
}

const table = ipv6Table.fields;

/** Write the header at `offset`. For senders that lay out a packet in place. */
export function writeIpv6Fields(init: Ipv6Init, bytes: Uint8Array, offset: number, payloadLength: number): void {
  table.version.write(bytes, offset, init.version ?? 6);
  table.trafficClass.write(bytes, offset, init.trafficClass ?? 0);
  table.flowLabel.write(bytes, offset, init.flowLabel ?? 0);
  table.payloadLength.write(bytes, offset, init.payloadLength ?? payloadLength);
  table.nextHeader.write(bytes, offset, init.nextHeader);
  table.hopLimit.write(bytes, offset, init.hopLimit ?? 64);
  table.src.write(bytes, offset, init.src);
  table.dst.write(bytes, offset, init.dst);
}

/** `class 0x0, flowlabel 0x12345, hlim 64, next-header 6, payload length 20` */
export function describeIpv6(ip: Ipv6Header): string {
  const traffic = ip.trafficClass.toString(16);
  const flow = ip.flowLabel.toString(16).padStart(5, '0');
  return `class 0x${traffic}, flowlabel 0x${flow}, hlim ${ip.hopLimit}, next-header ${ip.nextHeader}, payload length ${ip.payloadLength}`;
}
