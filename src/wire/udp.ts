/** UDP header (RFC 768; RFC 8200 §8.1 for the checksum over IPv6; RFC 2675 §4 for length 0). */
import { writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { IpProtocol } from './iana/protocols.ts';
import { type PseudoAddresses, pseudoSum } from './pseudo.ts';

/** The header, in the order of the wire. */
export interface UdpFields {
  /** Source port; 0 when no answer is wanted. RFC 768 */
  srcPort: number;
  /** Destination port. RFC 768 */
  dstPort: number;
  /** Header and data, bytes, at least 8; 0 in a jumbogram. RFC 768, RFC 2675 §4 */
  length: number;
  /** Over pseudo header, header and data; 0 means none was made (IPv4 only). RFC 768, RFC 8200 §8.1 */
  checksum: number;
}

export const udpTable: HeaderTable<UdpFields> = headerTable<UdpFields>('udp', 'RFC 768', 8, {
  srcPort: uint(0, 16, 'Fields'),
  dstPort: uint(16, 16, 'Fields'),
  length: uint(32, 16, 'Fields, RFC 2675 §4'),
  checksum: uint(48, 16, 'Fields, RFC 8200 §8.1'),
});

const UdpView: ViewClass<UdpFields> = viewClass(udpTable);

/** A decoded UDP header; see `HeaderView` for how long it is good. */
export class UdpHeader extends UdpView {
  get layer(): 'udp' {
    return 'udp';
  }
}

/**
 * Decode one UDP header.
 * @param bytes borrowed, read-only
 * @param end where the captured datagram ends
 * @param claimedEnd where it ends by the IP header; Infinity in a first fragment, whose datagram is longer than itself
 * @returns a view whose payload ends where `length` says: bytes after it belong to the IP payload only (RFC 9868)
 * Faults: TRUNCATED (need, have); BAD_LENGTH (under 8, or past the end of the IP payload)
 */
export function decodeUdp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): UdpHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'udp', 'header', offset, 8, end - offset);
  const length = (bytes[offset + 4]! << 8) | bytes[offset + 5]!;
  if (length === 0) return new UdpHeader(bytes, offset, offset + 8, end, claimedEnd === Infinity ? end : claimedEnd);
  if (length < 8) return fault('BAD_LENGTH', 'udp', 'length', offset + 4, 8, length);
  const datagramEnd = offset + length;
  if (datagramEnd > claimedEnd) return fault('BAD_LENGTH', 'udp', 'length', offset + 4, length, claimedEnd - offset);
  return new UdpHeader(bytes, offset, offset + 8, datagramEnd < end ? datagramEnd : end, datagramEnd);
}

/** What `encodeUdp` needs; the rest is filled in, or kept when given. */
export interface UdpInit extends Partial<UdpFields> {
  srcPort: number;
  dstPort: number;
}

/**
 * Encode header and data as one datagram.
 * @param payload copied
 * @param addresses for the checksum; without them it is left 0 ("none") unless `init.checksum` is given
 */
export function encodeUdp(init: UdpInit, payload?: Uint8Array, addresses?: PseudoAddresses): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  if (payload !== undefined) bytes.set(payload, 8);
  if (init.length === undefined && bytes.length > 0xffff) {
    throw new RangeError(`payload: expected at most 65527 bytes, got ${bytes.length - 8}`);
  }
  writeUdpFields(init, bytes, 0, bytes.length);
  if (init.checksum === undefined && addresses !== undefined) {
    const sum = pseudoSum(addresses, IpProtocol.UDP, bytes.length);
    // RFC 768: a sum of zero is sent as all ones, because zero says that there is none.
    writeU16(bytes, 6, checksum(bytes, 0, bytes.length, sum) || 0xffff);
  }
  return bytes;
}

const table = udpTable.fields;

/** Write the header at `offset`; the checksum is `init.checksum` or 0. For senders that lay out a packet in place. */
export function writeUdpFields(init: UdpInit, bytes: Uint8Array, offset: number, length: number): void {
  table.srcPort.write(bytes, offset, init.srcPort);
  table.dstPort.write(bytes, offset, init.dstPort);
  table.length.write(bytes, offset, init.length ?? length);
  table.checksum.write(bytes, offset, init.checksum ?? 0);
}

/** `UDP, length 5` */
export function describeUdp(udp: UdpHeader): string {
  return `UDP, length ${udp.payloadSize}`;
}
