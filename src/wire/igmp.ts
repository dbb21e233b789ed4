/** Group membership over IPv4: IGMP versions 1 (RFC 1112 appendix I), 2 (RFC 2236) and 3 (RFC 3376). */
import { formatIpv4 } from '../addr/ipv4.ts';
import { concat, readU16, readU32, writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import {
  decodeAddresses,
  decodeRecords,
  describeRecord,
  encodeAddress,
  encodeRecords,
  type MulticastRecord,
  multicastCodeValue,
} from './multicast-record.ts';

/** RFC 3376 §4 */
export const IgmpType = {
  MEMBERSHIP_QUERY: 0x11,
  V1_REPORT: 0x12,
  V2_REPORT: 0x16,
  LEAVE: 0x17,
  V3_REPORT: 0x22,
} as const;

/** The first eight bytes, in the order of the wire. */
export interface IgmpFields {
  /** See `IgmpType`. RFC 3376 §4 */
  type: number;
  /** How long a member may wait, tenths of a second as a code; zero in version 1 and in reports. RFC 3376 §4.1.1 */
  maxResponseCode: number;
  /** Over the whole message. RFC 3376 §4.1.2 */
  checksum: number;
  /** The group; in a version 3 report two reserved bytes and the number of records. RFC 3376 §4.1.3, §4.2 */
  rest: number;
}

export const igmpTable: HeaderTable<IgmpFields> = headerTable<IgmpFields>('igmp', 'RFC 3376 §4', 8, {
  type: uint(0, 8, '§4'),
  maxResponseCode: uint(8, 8, '§4.1.1'),
  checksum: uint(16, 16, '§4.1.2'),
  rest: uint(32, 32, '§4.1.3, §4.2'),
});

/** What a version 3 query has after the group. RFC 3376 §4.1.4–4.1.9 */
export interface IgmpQueryBody {
  /** Routers are to leave their timers alone (S). RFC 3376 §4.1.5 */
  readonly suppress: boolean;
  /** Querier's robustness variable (QRV). RFC 3376 §4.1.6 */
  readonly robustness: number;
  /** Querier's query interval as a code (QQIC), seconds. RFC 3376 §4.1.7 */
  readonly intervalCode: number;
  readonly sources: readonly string[];
}

const IgmpView: ViewClass<IgmpFields> = viewClass(igmpTable);

/** A decoded IGMP message; see `HeaderView` for how long it is good. */
export class IgmpMessage extends IgmpView {
  get layer(): 'igmp' {
    return 'igmp';
  }

  /** 1, 2 or 3; a query's by its length and its maximum response code. RFC 3376 §7.1 */
  get version(): 1 | 2 | 3 {
    const { type } = this;
    if (type === IgmpType.V3_REPORT) return 3;
    if (type === IgmpType.V1_REPORT) return 1;
    if (type !== IgmpType.MEMBERSHIP_QUERY) return 2;
    if (this.claimedEnd - this.headerOffset >= 12) return 3;
    return this.maxResponseCode === 0 ? 1 : 2;
  }

  /** The group asked or told about; 0.0.0.0 in a general query; undefined in a version 3 report. */
  get group(): string | undefined {
    return this.type === IgmpType.V3_REPORT ? undefined : formatIpv4(this.rest);
  }

  /** How long a member may wait before it answers, ms. RFC 3376 §4.1.1 */
  get maxResponseMs(): number {
    const code = this.maxResponseCode;
    return 100 * (this.version === 3 ? multicastCodeValue(code, 8) : code);
  }

  /** What a version 3 query says besides; undefined in other messages. Fault: TRUNCATED. */
  get query(): IgmpQueryBody | DecodeFault | undefined {
    if (this.type !== IgmpType.MEMBERSHIP_QUERY || this.version !== 3) return undefined;
    const { bytes, headerEnd: at, payloadEnd: end } = this;
    if (at + 4 > end) return fault('TRUNCATED', 'igmp', 'query', at, 4, end - at);
    const sources = decodeAddresses('igmp', bytes, at + 4, end, readU16(bytes, at + 2), 4);
    if (!Array.isArray(sources)) return sources;
    return {
      suppress: (bytes[at]! & 8) !== 0,
      robustness: bytes[at]! & 7,
      intervalCode: bytes[at + 1]!,
      sources,
    };
  }

  /** The records of a version 3 report; undefined in other messages. Fault: TRUNCATED. RFC 3376 §4.2 */
  get records(): readonly MulticastRecord[] | DecodeFault | undefined {
    if (this.type !== IgmpType.V3_REPORT) return undefined;
    return decodeRecords('igmp', this.bytes, this.headerEnd, this.payloadEnd, this.rest & 0xffff, 4);
  }
}

/** Decode one IGMP message. Faults: TRUNCATED. */
export function decodeIgmp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): IgmpMessage | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'igmp', 'header', offset, 8, end - offset);
  return new IgmpMessage(bytes, offset, offset + 8, end, claimedEnd);
}

/** What `encodeIgmp` needs. Of `rest` and the names for its parts, `rest` counts. */
export interface IgmpInit extends Partial<IgmpFields> {
  type: number;
  group?: string | undefined;
  /** Makes a version 3 query. */
  query?: IgmpQueryBody | DecodeFault | undefined;
  /** For a version 3 report. */
  records?: readonly MulticastRecord[] | DecodeFault | undefined;
}

/**
 * Encode one IGMP message; the checksum is computed unless `init` gives one.
 * @param payload what follows the first eight bytes; when it is given, `query` and `records` are not looked at
 * @example
 * ```ts
 * import { encodeIgmp, IgmpType, MulticastRecordType } from 'barewire/wire';
 * const record = { type: MulticastRecordType.CHANGE_TO_EXCLUDE, group: '224.0.0.251', sources: [] };
 * encodeIgmp({ type: IgmpType.V3_REPORT, records: [record] }).length; // 16
 * ```
 */
export function encodeIgmp(init: IgmpInit, payload?: Uint8Array): Uint8Array {
  const body = payload ?? bodyOf(init);
  const bytes = new Uint8Array(8 + body.length);
  bytes.set(body, 8);
  const table = igmpTable.fields;
  table.type.write(bytes, 0, init.type);
  table.maxResponseCode.write(bytes, 0, init.maxResponseCode ?? 0);
  table.checksum.write(bytes, 0, init.checksum ?? 0);
  table.rest.write(bytes, 0, init.rest ?? restOf(init));
  if (init.checksum === undefined) writeU16(bytes, 2, checksum(bytes));
  return bytes;
}

function restOf({ group, records }: IgmpInit): number {
  if (records !== undefined && !('code' in records)) return records.length;
  return group === undefined ? 0 : readU32(encodeAddress(group, 4), 0);
}

function bodyOf({ query, records }: IgmpInit): Uint8Array {
  if (records !== undefined && !('code' in records)) return encodeRecords(records, 4);
  if (query === undefined || 'code' in query) return new Uint8Array(0);
  const head = Uint8Array.of((query.suppress ? 8 : 0) | (query.robustness & 7), query.intervalCode, 0, 0);
  writeU16(head, 2, query.sources.length);
  return concat([head, ...query.sources.map((source) => encodeAddress(source, 4))]);
}

/** In tcpdump's words: `igmp query v3 [gaddr 224.0.0.251]`, `igmp v3 report, 1 group record(s) [gaddr … to_ex { }]`. */
export function describeIgmp(igmp: IgmpMessage): string {
  switch (igmp.type) {
    case IgmpType.MEMBERSHIP_QUERY: {
      const about = igmp.rest === 0 ? '' : ` [gaddr ${igmp.group}]`;
      const { query } = igmp;
      const from =
        query === undefined || 'code' in query || query.sources.length === 0 ? '' : ` { ${query.sources.join(' ')} }`;
      return `igmp query v${igmp.version}${about}${from}`;
    }
    case IgmpType.V1_REPORT:
    case IgmpType.V2_REPORT:
      return `igmp v${igmp.version} report ${igmp.group}`;
    case IgmpType.LEAVE:
      return `igmp leave ${igmp.group}`;
    case IgmpType.V3_REPORT: {
      const { records } = igmp;
      const list = Array.isArray(records) ? records.map((record) => ` ${describeRecord(record)}`).join('') : ' [|igmp]';
      return `igmp v3 report, ${igmp.rest & 0xffff} group record(s)${list}`;
    }
    default:
      return `igmp type 0x${igmp.type.toString(16).padStart(2, '0')}, length ${igmp.payloadSize + 8}`;
  }
}
