/**
 * What IGMPv3 and MLDv2 share but for the size of an address: group records of a report (RFC 3376 §4.2, RFC 3810 §5.2)
 * and the codes of a query in which large numbers are written as mantissa and exponent (RFC 3376 §4.1.1, §4.1.7).
 */
import { formatIpv4Bytes, parseIpv4 } from '../addr/ipv4.ts';
import { formatIpv6, parseIpv6 } from '../addr/ipv6.ts';
import { concat, readU16, writeU16, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';

/** RFC 3376 §4.2.12 */
export const MulticastRecordType = {
  MODE_IS_INCLUDE: 1,
  MODE_IS_EXCLUDE: 2,
  CHANGE_TO_INCLUDE: 3,
  CHANGE_TO_EXCLUDE: 4,
  ALLOW_NEW_SOURCES: 5,
  BLOCK_OLD_SOURCES: 6,
} as const;

const names = ['', 'is_in', 'is_ex', 'to_in', 'to_ex', 'allow', 'block'];

/** One group's record in a report. */
export interface MulticastRecord {
  /** See `MulticastRecordType`. */
  readonly type: number;
  readonly group: string;
  readonly sources: readonly string[];
  /** Whole words; none are defined. */
  readonly auxiliary?: Uint8Array;
}

type AddressBytes = 4 | 16;

/** Addresses one after the other. Fault: TRUNCATED. */
export function decodeAddresses(
  layer: string,
  bytes: Uint8Array,
  offset: number,
  end: number,
  count: number,
  size: AddressBytes,
): string[] | DecodeFault {
  if (offset + count * size > end) return fault('TRUNCATED', layer, 'sources', offset, count * size, end - offset);
  return Array.from({ length: count }, (_, i) => formatAddress(bytes, offset + i * size, size));
}

/** The records of a report. Fault: TRUNCATED. */
export function decodeRecords(
  layer: string,
  bytes: Uint8Array,
  offset: number,
  end: number,
  count: number,
  size: AddressBytes,
): MulticastRecord[] | DecodeFault {
  const records: MulticastRecord[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + 4 + size > end) return fault('TRUNCATED', layer, 'records', at, 4 + size, end - at);
    const sources = decodeAddresses(layer, bytes, at + 4 + size, end, readU16(bytes, at + 2), size);
    if (!Array.isArray(sources)) return sources;
    const auxiliaryAt = at + 4 + size * (1 + sources.length);
    const next = auxiliaryAt + 4 * bytes[at + 1]!;
    if (next > end) return fault('TRUNCATED', layer, 'auxiliary', auxiliaryAt, next - auxiliaryAt, end - auxiliaryAt);
    records.push({
      type: bytes[at]!,
      group: formatAddress(bytes, at + 4, size),
      sources,
      ...(next === auxiliaryAt ? {} : { auxiliary: bytes.slice(auxiliaryAt, next) }),
    });
    at = next;
  }
  return records;
}

function formatAddress(bytes: Uint8Array, offset: number, size: AddressBytes): string {
  return size === 4 ? formatIpv4Bytes(bytes, offset) : formatIpv6(bytes, offset);
}

/** @throws TypeError when it is no address of that family */
export function encodeAddress(text: string, size: AddressBytes): Uint8Array {
  if (size === 16) {
    const six = parseIpv6(text);
    if (six === null) throw new TypeError(`expected an IPv6 address, got '${text}'`);
    return six;
  }
  const value = parseIpv4(text);
  if (value === null) throw new TypeError(`expected an IPv4 address, got '${text}'`);
  const four = new Uint8Array(4);
  writeU32(four, 0, value);
  return four;
}

/** The bytes of a report's records. */
export function encodeRecords(records: readonly MulticastRecord[], size: AddressBytes): Uint8Array {
  return concat(
    records.map(({ type, group, sources, auxiliary }) => {
      const head = Uint8Array.of(type, (auxiliary?.length ?? 0) / 4, 0, 0);
      writeU16(head, 2, sources.length);
      return concat([
        head,
        encodeAddress(group, size),
        ...sources.map((source) => encodeAddress(source, size)),
        auxiliary ?? new Uint8Array(0),
      ]);
    }),
  );
}

/**
 * The number that a floating-point code stands for: itself in the lower half of its range, mantissa and exponent above.
 * @param bits of the code: 8 (IGMP, QQIC), 16 (maximum response code of MLDv2)
 */
export function multicastCodeValue(code: number, bits: 8 | 16): number {
  if (code < 1 << (bits - 1)) return code;
  const mantissaBits = bits - 4;
  const mantissa = (code & ((1 << mantissaBits) - 1)) | (1 << mantissaBits);
  return mantissa << (((code >>> mantissaBits) & 7) + 3);
}

/** tcpdump's `[gaddr 224.0.0.251 to_ex { 10.0.0.1 }]`. */
export function describeRecord({ type, group, sources }: MulticastRecord): string {
  const from = sources.length === 0 ? '{ }' : `{ ${sources.join(' ')} }`;
  return `[gaddr ${group} ${names[type] ?? `type ${type}`} ${from}]`;
}
