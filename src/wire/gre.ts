/** Generic routing encapsulation, version 0: RFC 2784 (checksum), RFC 2890 (key, sequence number). */
import { readU16, readU32, writeU16, writeU32 } from '../core/bytes.ts';
import { checksum, sum16 } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { etherTypeName } from './iana/ethertypes.ts';

/** The first four bytes, in the order of the wire; what the first bits announce follows. */
export interface GreFields {
  /** 1: checksum and a reserved word follow. RFC 2784 §2.2 */
  checksumPresent: number;
  /** 1: source routes follow, as in RFC 1701; not understood here. RFC 2784 §2.3 */
  routingPresent: number;
  /** 1: a key follows. RFC 2890 §2.1 */
  keyPresent: number;
  /** 1: a sequence number follows. RFC 2890 §2.2 */
  sequencePresent: number;
  /** Kept as it came. RFC 2784 §2.3 */
  reserved: number;
  /** 0; version 1 is PPTP's (RFC 2637). RFC 2784 §2.3.1 */
  version: number;
  /** EtherType of the payload. RFC 2784 §2.4 */
  protocol: number;
}

export const greTable: HeaderTable<GreFields> = headerTable<GreFields>('gre', 'RFC 2784 §2.1', 4, {
  checksumPresent: uint(0, 1, '§2.2'),
  routingPresent: uint(1, 1, '§2.3'),
  keyPresent: uint(2, 1, 'RFC 2890 §2.1'),
  sequencePresent: uint(3, 1, 'RFC 2890 §2.2'),
  reserved: uint(4, 9, '§2.3'),
  version: uint(13, 3, '§2.3.1'),
  protocol: named(uint(16, 16, '§2.4'), etherTypeName),
});

const GreView: ViewClass<GreFields> = viewClass(greTable);

/** A decoded GRE header; see `HeaderView` for how long it is good. */
export class GreHeader extends GreView {
  get layer(): 'gre' {
    return 'gre';
  }

  /** Over header and payload; undefined when there is none. RFC 2784 §2.5 */
  get checksum(): number | undefined {
    return this.checksumPresent === 1 ? readU16(this.bytes, this.headerOffset + 4) : undefined;
  }

  /** The word after the checksum; undefined when there is none. RFC 2784 §2.6 */
  get reserved1(): number | undefined {
    return this.checksumPresent === 1 ? readU16(this.bytes, this.headerOffset + 6) : undefined;
  }

  /** Which flow of the tunnel; undefined when there is none. RFC 2890 §2.1 */
  get key(): number | undefined {
    if (this.keyPresent === 0) return undefined;
    return readU32(this.bytes, this.headerOffset + 4 + 4 * this.checksumPresent);
  }

  /** Counts packets of a flow; undefined when there is none. RFC 2890 §2.2 */
  get sequence(): number | undefined {
    return this.sequencePresent === 0 ? undefined : readU32(this.bytes, this.headerEnd - 4);
  }

  /** RFC 2784 §2.5 */
  get checksumState(): 'good' | 'bad' | 'absent' | 'unverified' {
    if (this.checksumPresent === 0) return 'absent';
    if (this.truncated) return 'unverified';
    return sum16(this.bytes, this.headerOffset, this.payloadEnd) === 0xffff ? 'good' : 'bad';
  }
}

/** Decode one GRE header. Faults: TRUNCATED; UNSUPPORTED (source routes, another version than 0). */
export function decodeGre(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): GreHeader | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'gre', 'header', offset, 4, end - offset);
  const bits = bytes[offset]!;
  const version = bytes[offset + 1]! & 7;
  if (version !== 0) return fault('UNSUPPORTED', 'gre', 'version', offset + 1, 0, version);
  if ((bits & 0x40) !== 0) return fault('UNSUPPORTED', 'gre', 'routingPresent', offset, 0, 1);
  const length = 4 + 4 * ((bits >>> 7) + ((bits >>> 5) & 1) + ((bits >>> 4) & 1));
  if (end - offset < length) return fault('TRUNCATED', 'gre', 'header', offset, length, end - offset);
  return new GreHeader(bytes, offset, offset + length, end, claimedEnd);
}

/** What `encodeGre` needs; giving a key or a sequence number says that it is there. */
export interface GreInit extends Partial<GreFields> {
  protocol: number;
  /** Computed when `checksumPresent` is 1 and this is not given. */
  checksum?: number | undefined;
  reserved1?: number | undefined;
  key?: number | undefined;
  sequence?: number | undefined;
}

/**
 * Encode a GRE header and what follows it.
 * @example
 * ```ts
 * import { encodeGre, EtherType } from 'barewire/wire';
 * encodeGre({ protocol: EtherType.IPV4, key: 100 }).length; // 8
 * ```
 */
export function encodeGre(init: GreInit, payload?: Uint8Array): Uint8Array {
  const hasChecksum = init.checksumPresent ?? (init.checksum === undefined ? 0 : 1);
  const hasKey = init.keyPresent ?? (init.key === undefined ? 0 : 1);
  const hasSequence = init.sequencePresent ?? (init.sequence === undefined ? 0 : 1);
  const length = 4 + 4 * (hasChecksum + hasKey + hasSequence);
  const bytes = new Uint8Array(length + (payload?.length ?? 0));
  const table = greTable.fields;
  table.checksumPresent.write(bytes, 0, hasChecksum);
  table.routingPresent.write(bytes, 0, init.routingPresent ?? 0);
  table.keyPresent.write(bytes, 0, hasKey);
  table.sequencePresent.write(bytes, 0, hasSequence);
  table.reserved.write(bytes, 0, init.reserved ?? 0);
  table.version.write(bytes, 0, init.version ?? 0);
  table.protocol.write(bytes, 0, init.protocol);
  if (hasChecksum === 1) writeU16(bytes, 6, init.reserved1 ?? 0);
  if (hasKey === 1) writeU32(bytes, 4 + 4 * hasChecksum, init.key ?? 0);
  if (hasSequence === 1) writeU32(bytes, length - 4, init.sequence ?? 0);
  if (payload !== undefined) bytes.set(payload, length);
  if (hasChecksum === 1) writeU16(bytes, 4, init.checksum ?? checksum(bytes));
  return bytes;
}

/** tcpdump's `GREv0, key=0x64, seq 1, length 92`; another protocol than IP is named. */
export function describeGre(gre: GreHeader): string {
  const { key, sequence, protocol } = gre;
  const words = ['GREv0'];
  if (key !== undefined) words.push(`key=0x${key.toString(16)}`);
  if (sequence !== undefined) words.push(`seq ${sequence}`);
  if (protocol !== 0x0800 && protocol !== 0x86dd) words.push(`proto ${etherTypeName(protocol)}`);
  return `${words.join(', ')}, length ${gre.claimedEnd - gre.headerOffset}`;
}
