/** SCTP (RFC 9260 §3): the common header with its CRC-32C, and the list of chunks. Bodies of chunks: sctp-chunks.ts. */
import { crc32c } from '../core/crc32c.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { decodeSctpChunks, describeSctpChunk, encodeSctpChunks, type SctpChunk } from './sctp-chunks.ts';

/** The common header, in the order of the wire. */
export interface SctpFields {
  /** RFC 9260 §3.1 */
  srcPort: number;
  /** RFC 9260 §3.1 */
  dstPort: number;
  /** Of the receiver; 0 only with INIT. RFC 9260 §3.1 */
  verificationTag: number;
  /** CRC-32C of the packet, as the four bytes read big-endian; the CRC's least significant byte is first. RFC 9260 §6.8 */
  checksum: number;
}

export const sctpTable: HeaderTable<SctpFields> = headerTable<SctpFields>('sctp', 'RFC 9260 §3.1', 12, {
  srcPort: uint(0, 16, '§3.1'),
  dstPort: uint(16, 16, '§3.1'),
  verificationTag: uint(32, 32, '§3.1'),
  checksum: uint(64, 32, '§3.1, §6.8'),
});

const SctpView: ViewClass<SctpFields> = viewClass(sctpTable);

/** A decoded common header; the chunks are its payload. */
export class SctpHeader extends SctpView {
  get layer(): 'sctp' {
    return 'sctp';
  }

  /** Decoded on each call; the last is `malformed` where the list makes no sense. RFC 9260 §3.2 */
  get chunks(): readonly SctpChunk[] {
    return decodeSctpChunks(this.bytes, this.headerEnd, this.payloadEnd);
  }

  /** RFC 9260 §6.8 */
  get checksumState(): 'good' | 'bad' | 'unverified' {
    if (this.truncated) return 'unverified';
    return sctpChecksum(this.bytes, this.headerOffset, this.payloadEnd) === this.checksum ? 'good' : 'bad';
  }
}

/** The checksum as it stands in the header, whatever stands there now. RFC 9260 §6.8 */
export function sctpChecksum(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): number {
  const before = crc32c(bytes, offset, offset + 8);
  const crc = crc32c(bytes, offset + 12, end, crc32c(zeros, 0, 4, before));
  return ((crc << 24) | ((crc & 0xff00) << 8) | ((crc >>> 8) & 0xff00) | (crc >>> 24)) >>> 0;
}

const zeros = new Uint8Array(4);

/** Decode one common header. Faults: TRUNCATED. */
export function decodeSctp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): SctpHeader | DecodeFault {
  if (end - offset < 12) return fault('TRUNCATED', 'sctp', 'header', offset, 12, end - offset);
  return new SctpHeader(bytes, offset, offset + 12, end, claimedEnd);
}

/** What `encodeSctp` needs. */
export interface SctpInit extends Partial<SctpFields> {
  srcPort: number;
  dstPort: number;
  /** Written unless `payload` is given. */
  chunks?: readonly SctpChunk[];
}

/**
 * Encode one packet; the checksum is computed unless `init` gives one.
 * @param payload chunks as bytes; when it is given, `chunks` are not looked at
 * @example
 * ```ts
 * import { encodeSctp } from 'barewire/wire';
 * encodeSctp({ srcPort: 1, dstPort: 2, verificationTag: 9, chunks: [{ name: 'cookieAck', flags: 0 }] }).length; // 16
 * ```
 */
export function encodeSctp(init: SctpInit, payload?: Uint8Array): Uint8Array {
  const body = payload ?? encodeSctpChunks(init.chunks ?? []);
  const bytes = new Uint8Array(12 + body.length);
  bytes.set(body, 12);
  const table = sctpTable.fields;
  table.srcPort.write(bytes, 0, init.srcPort);
  table.dstPort.write(bytes, 0, init.dstPort);
  table.verificationTag.write(bytes, 0, init.verificationTag ?? 0);
  table.checksum.write(bytes, 0, init.checksum ?? sctpChecksum(bytes));
  return bytes;
}

/** tcpdump's `sctp (1) [INIT] …, (2) [DATA] …` */
export function describeSctp(sctp: SctpHeader): string {
  const words = sctp.chunks.map((chunk, i) => `(${i + 1}) ${describeSctpChunk(chunk)}`);
  return words.length === 0 ? 'sctp' : `sctp ${words.join(', ')}`;
}
