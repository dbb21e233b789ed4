/**
 * Group membership over IPv6, the bodies of four ICMPv6 messages: MLD version 1 (RFC 2710 §3) and 2 (RFC 3810 §5). The
 * ICMPv6 header in front is in icmpv6.ts.
 */
import { formatIpv6 } from '../addr/ipv6.ts';
import { concat, readU16, writeU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { Icmpv6Type } from './iana/icmp.ts';
import {
  decodeAddresses,
  decodeRecords,
  describeRecord,
  encodeAddress,
  encodeRecords,
  type MulticastRecord,
  multicastCodeValue,
} from './multicast-record.ts';

/** What the body needs of the message around it; an `Icmpv6Message` will do. */
export interface MldEnvelope {
  readonly bytes: Uint8Array;
  readonly type: number;
  /** The four bytes before the body: maximum response code and reserved, or the number of records. */
  readonly rest: number;
  readonly headerEnd: number;
  readonly payloadEnd: number;
  readonly claimedEnd: number;
}

/** RFC 2710 §3: what a version 1 message says, and what a query of version 2 begins with. */
interface MldGroup {
  /** `::` in a general query. */
  readonly group: string;
  readonly maxResponseMs: number;
}

/** A decoded body. */
export type MldBody =
  | (MldGroup & { readonly name: 'query'; readonly version: 1 })
  | (MldGroup & {
      readonly name: 'query';
      readonly version: 2;
      /** Routers are to leave their timers alone (S). RFC 3810 §5.1.7 */
      readonly suppress: boolean;
      /** Querier's robustness variable (QRV). RFC 3810 §5.1.8 */
      readonly robustness: number;
      /** Querier's query interval as a code (QQIC), seconds. RFC 3810 §5.1.9 */
      readonly intervalCode: number;
      readonly sources: readonly string[];
    })
  | (MldGroup & { readonly name: 'report' | 'done'; readonly version: 1 })
  | { readonly name: 'report'; readonly version: 2; readonly records: readonly MulticastRecord[] };

/** Decode the body of an MLD message; undefined for another type of ICMPv6. Faults: TRUNCATED. */
export function decodeMld(icmp: MldEnvelope): MldBody | DecodeFault | undefined {
  const { bytes, type, rest, headerEnd: at, payloadEnd: end } = icmp;
  if (type === Icmpv6Type.MLDV2_REPORT) {
    const records = decodeRecords('mld', bytes, at, end, rest & 0xffff, 16);
    return Array.isArray(records) ? { name: 'report', version: 2, records } : records;
  }
  if (type !== Icmpv6Type.MLD_QUERY && type !== Icmpv6Type.MLD_REPORT && type !== Icmpv6Type.MLD_DONE) return undefined;
  if (at + 16 > end) return fault('TRUNCATED', 'mld', 'group', at, 16, end - at);
  const group = formatIpv6(bytes, at);
  const code = rest >>> 16;
  if (type !== Icmpv6Type.MLD_QUERY) {
    return { name: type === Icmpv6Type.MLD_DONE ? 'done' : 'report', version: 1, group, maxResponseMs: code };
  }
  // RFC 3810 §8.1: a query of 24 bytes is version 1, one of 28 or more version 2.
  if (icmp.claimedEnd - at < 20) return { name: 'query', version: 1, group, maxResponseMs: code };
  if (at + 20 > end) return fault('TRUNCATED', 'mld', 'query', at + 16, 4, end - at - 16);
  const sources = decodeAddresses('mld', bytes, at + 20, end, readU16(bytes, at + 18), 16);
  if (!Array.isArray(sources)) return sources;
  return {
    name: 'query',
    version: 2,
    group,
    maxResponseMs: multicastCodeValue(code, 16),
    suppress: (bytes[at + 16]! & 8) !== 0,
    robustness: bytes[at + 16]! & 7,
    intervalCode: bytes[at + 17]!,
    sources,
  };
}

/** A version 2 report's body; the number of records goes into the message's `rest`. RFC 3810 §5.2 */
export function encodeMldRecords(records: readonly MulticastRecord[]): Uint8Array {
  return encodeRecords(records, 16);
}

/** A query's body: the group, and for version 2 what follows it. RFC 3810 §5.1 */
export function encodeMldQuery(
  group: string,
  query?: {
    readonly suppress?: boolean;
    readonly robustness?: number;
    readonly intervalCode?: number;
    readonly sources?: readonly string[];
  },
): Uint8Array {
  if (query === undefined) return encodeAddress(group, 16);
  const sources = query.sources ?? [];
  const head = Uint8Array.of(
    (query.suppress === true ? 8 : 0) | ((query.robustness ?? 2) & 7),
    query.intervalCode ?? 125,
    0,
    0,
  );
  writeU16(head, 2, sources.length);
  return concat([encodeAddress(group, 16), head, ...sources.map((source) => encodeAddress(source, 16))]);
}

/** In tcpdump's words, after `ICMP6, `. */
export function describeMld(body: MldBody): string {
  if ('records' in body) {
    const list = body.records.map((record) => ` ${describeRecord(record)}`).join('');
    return `multicast listener report v2, ${body.records.length} group record(s)${list}`;
  }
  const what = `multicast listener ${body.name}${body.name === 'query' && body.version === 2 ? ' v2' : ''}`;
  const wait = body.name === 'query' ? ` max resp delay: ${body.maxResponseMs}` : '';
  const from =
    body.name === 'query' && body.version === 2 && body.sources.length > 0 ? ` { ${body.sources.join(' ')} }` : '';
  return `${what}${wait} addr: ${body.group}${from}`;
}
