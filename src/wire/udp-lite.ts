/** UDP-Lite (RFC 3828): UDP whose checksum may cover only the beginning, so that damaged data still arrives. */
import { readU16, writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { IpProtocol } from './iana/protocols.ts';
import { type PseudoAddresses, pseudoSum } from './pseudo.ts';

/** The header, in the order of the wire. */
export interface UdpLiteFields {
  /** Source port. RFC 3828 §3.1 */
  srcPort: number;
  /** Destination port. RFC 3828 §3.1 */
  dstPort: number;
  /** Bytes under the checksum, the header's eight included; 0 for all of them. RFC 3828 §3.1 */
  coverage: number;
  /** Over pseudo header and covered bytes; never absent. RFC 3828 §3.1 */
  checksum: number;
}

export const udpLiteTable: HeaderTable<UdpLiteFields> = headerTable<UdpLiteFields>('udp-lite', 'RFC 3828 §3', 8, {
  srcPort: uint(0, 16, '§3.1'),
  dstPort: uint(16, 16, '§3.1'),
  coverage: uint(32, 16, '§3.1'),
  checksum: uint(48, 16, '§3.1'),
});

const UdpLiteView: ViewClass<UdpLiteFields> = viewClass(udpLiteTable);

/** A decoded UDP-Lite header. */
export class UdpLiteHeader extends UdpLiteView {
  get layer(): 'udp-lite' {
    return 'udp-lite';
  }

  /** Where the checksum's cover ends; after `payloadEnd` when the capture was cut inside it. */
  get coverageEnd(): number {
    return this.coverage === 0 ? this.claimedEnd : this.headerOffset + this.coverage;
  }
}

/**
 * Decode one UDP-Lite header. The datagram's length is that of the IP payload.
 * Faults: TRUNCATED; BAD_LENGTH (coverage of 1 to 7, or past the end of the IP payload)
 */
export function decodeUdpLite(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): UdpLiteHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'udp-lite', 'header', offset, 8, end - offset);
  const coverage = readU16(bytes, offset + 4);
  if (coverage > 0 && coverage < 8) return fault('BAD_LENGTH', 'udp-lite', 'coverage', offset + 4, 8, coverage);
  if (coverage > claimedEnd - offset) {
    return fault('BAD_LENGTH', 'udp-lite', 'coverage', offset + 4, coverage, claimedEnd - offset);
  }
  return new UdpLiteHeader(bytes, offset, offset + 8, end, claimedEnd);
}

/** What `encodeUdpLite` needs; all bytes are covered unless `coverage` says otherwise. */
export interface UdpLiteInit extends Partial<UdpLiteFields> {
  srcPort: number;
  dstPort: number;
}

/**
 * Encode header and data as one datagram.
 * @param addresses for the checksum; without them it is left 0 unless `init.checksum` is given
 */
export function encodeUdpLite(init: UdpLiteInit, payload?: Uint8Array, addresses?: PseudoAddresses): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  if (payload !== undefined) bytes.set(payload, 8);
  const table = udpLiteTable.fields;
  const coverage = init.coverage ?? 0;
  table.srcPort.write(bytes, 0, init.srcPort);
  table.dstPort.write(bytes, 0, init.dstPort);
  table.coverage.write(bytes, 0, coverage);
  table.checksum.write(bytes, 0, init.checksum ?? 0);
  if (init.checksum === undefined && addresses !== undefined) {
    // RFC 3828 §3.2: the pseudo header has the length of the whole datagram, not what is covered.
    const sum = pseudoSum(addresses, IpProtocol.UDPLITE, bytes.length);
    writeU16(bytes, 6, checksum(bytes, 0, coverage === 0 ? bytes.length : coverage, sum) || 0xffff);
  }
  return bytes;
}

/** `UDP-Lite, coverage 8, length 5` */
export function describeUdpLite(udp: UdpLiteHeader): string {
  return `UDP-Lite, ${udp.coverage === 0 ? '' : `coverage ${udp.coverage}, `}length ${udp.payloadSize}`;
}
