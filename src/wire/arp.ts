/** Address resolution: RFC 826, IPv4 over Ethernet (RFC 5227 for probes and announcements). */

import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { formatMac } from '../addr/mac.ts';
import { readU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, ipv4Address, macAddress, uint, type ViewClass, viewClass } from './field.ts';
import { EtherType } from './iana/ethertypes.ts';

/** The packet for 6-byte hardware and 4-byte protocol addresses, in the order of the wire. */
export interface ArpFields {
  /** 1 is Ethernet. RFC 826 "Packet format" */
  hardwareType: number;
  /** EtherType of the protocol addresses: 0x0800. RFC 826 */
  protocolType: number;
  /** Bytes of a hardware address: 6. RFC 826 */
  hardwareLength: number;
  /** Bytes of a protocol address: 4. RFC 826 */
  protocolLength: number;
  /** 1 request, 2 reply. RFC 826 */
  operation: number;
  /** RFC 826; in a probe senderAddress is 0.0.0.0 (RFC 5227 §1.1) */
  senderMac: string;
  /** RFC 826 */
  senderAddress: string;
  /** Zeros in a request. RFC 826 */
  targetMac: string;
  /** RFC 826 */
  targetAddress: string;
}

export const arpTable: HeaderTable<ArpFields> = headerTable<ArpFields>('arp', 'RFC 826', 28, {
  hardwareType: uint(0, 16, 'Packet format'),
  protocolType: uint(16, 16, 'Packet format'),
  hardwareLength: uint(32, 8, 'Packet format'),
  protocolLength: uint(40, 8, 'Packet format'),
  operation: uint(48, 16, 'Packet format'),
  senderMac: macAddress(64, 'Packet format'),
  senderAddress: ipv4Address(112, 'Packet format'),
  targetMac: macAddress(144, 'Packet format'),
  targetAddress: ipv4Address(192, 'Packet format'),
});

const ArpView: ViewClass<ArpFields> = viewClass(arpTable);

/** A decoded ARP packet; see `HeaderView` for how long it is good. */
export class ArpPacket extends ArpView {
  get layer(): 'arp' {
    return 'arp';
  }
}

/** Decode one ARP packet. Faults: TRUNCATED; UNSUPPORTED (other addresses than IPv4's, other lengths than Ethernet's). */
export function decodeArp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): ArpPacket | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'arp', 'header', offset, 28, end - offset);
  const protocol = readU16(bytes, offset + 2);
  if (protocol !== EtherType.IPV4) {
    return fault('UNSUPPORTED', 'arp', 'protocolType', offset + 2, EtherType.IPV4, protocol);
  }
  if (bytes[offset + 4] !== 6) return fault('UNSUPPORTED', 'arp', 'hardwareLength', offset + 4, 6, bytes[offset + 4]!);
  if (bytes[offset + 5] !== 4) return fault('UNSUPPORTED', 'arp', 'protocolLength', offset + 5, 4, bytes[offset + 5]!);
  if (end - offset < 28) return fault('TRUNCATED', 'arp', 'header', offset, 28, end - offset);
  return new ArpPacket(bytes, offset, offset + 28, end, claimedEnd);
}

/** What `encodeArp` needs; types and lengths are Ethernet's and IPv4's, targetMac zeros, unless given. */
export interface ArpInit extends Partial<ArpFields> {
  operation: number;
  senderMac: string;
  senderAddress: string;
  targetAddress: string;
}

/** Encode one ARP packet, 28 bytes. */
export function encodeArp(init: ArpInit): Uint8Array {
  const bytes = new Uint8Array(28);
  const table = arpTable.fields;
  table.hardwareType.write(bytes, 0, init.hardwareType ?? 1);
  table.protocolType.write(bytes, 0, init.protocolType ?? EtherType.IPV4);
  table.hardwareLength.write(bytes, 0, init.hardwareLength ?? 6);
  table.protocolLength.write(bytes, 0, init.protocolLength ?? 4);
  table.operation.write(bytes, 0, init.operation);
  table.senderMac.write(bytes, 0, init.senderMac);
  table.senderAddress.write(bytes, 0, init.senderAddress);
  table.targetMac.write(bytes, 0, init.targetMac ?? '00:00:00:00:00:00');
  table.targetAddress.write(bytes, 0, init.targetAddress);
  return bytes;
}

/** `Request who-has 10.0.0.1 tell 10.0.0.2, length 28` */
export function describeArp(arp: ArpPacket): string {
  const at = arp.headerOffset;
  const sender = formatIpv4Bytes(arp.bytes, at + 14);
  const length = arp.headerEnd - at;
  if (arp.operation === 1) return `Request who-has ${arp.targetAddress} tell ${sender}, length ${length}`;
  if (arp.operation === 2) return `Reply ${sender} is-at ${formatMac(arp.bytes, at + 8)}, length ${length}`;
  return `operation ${arp.operation}, length ${length}`;
}
