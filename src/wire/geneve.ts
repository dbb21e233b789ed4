/** Virtual networks over UDP: Geneve (RFC 8926 §3.4), with options. */
import { concat, readU16, writeU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { etherTypeName } from './iana/ethertypes.ts';

/** The port that IANA assigned. RFC 8926 §3.3 */
export const GENEVE_PORT = 6081;

/** The fixed part, in the order of the wire. */
export interface GeneveFields {
  /** 0. RFC 8926 §3.4 */
  version: number;
  /** Length of the options in units of 4 bytes. RFC 8926 §3.4 */
  optionWords: number;
  /** 1: a control message, for the tunnel's end itself. RFC 8926 §3.4 */
  control: number;
  /** 1: there is an option that must be understood. RFC 8926 §3.4 */
  critical: number;
  /** Kept as it came. RFC 8926 §3.4 */
  reserved: number;
  /** EtherType of the payload; 0x6558 for an Ethernet frame. RFC 8926 §3.4 */
  protocol: number;
  /** Virtual network identifier. RFC 8926 §3.4 */
  vni: number;
  /** Kept as it came. RFC 8926 §3.4 */
  reserved2: number;
}

export const geneveTable: HeaderTable<GeneveFields> = headerTable<GeneveFields>('geneve', 'RFC 8926 §3.4', 8, {
  version: uint(0, 2, '§3.4'),
  optionWords: uint(2, 6, '§3.4'),
  control: uint(8, 1, '§3.4'),
  critical: uint(9, 1, '§3.4'),
  reserved: uint(10, 6, '§3.4'),
  protocol: named(uint(16, 16, '§3.4'), etherTypeName),
  vni: uint(32, 24, '§3.4'),
  reserved2: uint(56, 8, '§3.4'),
});

/** RFC 8926 §3.5 */
export type GeneveOption =
  | {
      readonly name: 'option';
      /** Who defines `type`. */
      readonly optionClass: number;
      /** The high bit says that it must be understood. */
      readonly type: number;
      /** Three bits, kept as they came; absent when zero. */
      readonly reserved?: number;
      /** Whole words. */
      readonly data: Uint8Array;
    }
  | { readonly name: 'malformed'; readonly data: Uint8Array; readonly note: string };

const GeneveView: ViewClass<GeneveFields> = viewClass(geneveTable);

/** A decoded Geneve header. */
export class GeneveHeader extends GeneveView {
  get layer(): 'geneve' {
    return 'geneve';
  }

  /** Decoded on each call; ends at one that makes no sense. RFC 8926 §3.5 */
  get options(): readonly GeneveOption[] {
    return decodeGeneveOptions(this.bytes, this.headerOffset + 8, this.headerEnd);
  }
}

/** Decode a list of options; ends for any bytes. */
export function decodeGeneveOptions(bytes: Uint8Array, offset: number, end: number): GeneveOption[] {
  const options: GeneveOption[] = [];
  let at = offset;
  while (at < end) {
    const next = at + 4 + 4 * ((bytes[at + 3] ?? 0) & 31);
    if (at + 4 > end || next > end) {
      options.push({ name: 'malformed', data: bytes.slice(at, end), note: 'an option reaches past the header' });
      break;
    }
    const reserved = bytes[at + 3]! >>> 5;
    options.push({
      name: 'option',
      optionClass: readU16(bytes, at),
      type: bytes[at + 2]!,
      ...(reserved === 0 ? {} : { reserved }),
      data: bytes.slice(at + 4, next),
    });
    at = next;
  }
  return options;
}

/** Decode one Geneve header. Faults: TRUNCATED; BAD_VERSION; BAD_LENGTH (options past the end of the datagram). */
export function decodeGeneve(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): GeneveHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'geneve', 'header', offset, 8, end - offset);
  const version = bytes[offset]! >>> 6;
  if (version !== 0) return fault('BAD_VERSION', 'geneve', 'version', offset, 0, version);
  const headerEnd = offset + 8 + 4 * (bytes[offset]! & 63);
  if (headerEnd > claimedEnd) {
    return fault('BAD_LENGTH', 'geneve', 'optionWords', offset, headerEnd - offset, claimedEnd - offset);
  }
  if (headerEnd > end) return fault('TRUNCATED', 'geneve', 'options', offset + 8, headerEnd - offset, end - offset);
  return new GeneveHeader(bytes, offset, headerEnd, end, claimedEnd);
}

/** What `encodeGeneve` needs; an Ethernet frame is in it unless `protocol` says otherwise. */
export interface GeneveInit extends Partial<GeneveFields> {
  vni: number;
  options?: readonly GeneveOption[];
}

/** Encode a Geneve header, its options and what follows. */
export function encodeGeneve(init: GeneveInit, payload?: Uint8Array): Uint8Array {
  const options = concat((init.options ?? []).map(encodeOption));
  if (options.length > 252) throw new RangeError(`options: expected at most 252 bytes, got ${options.length}`);
  const bytes = new Uint8Array(8 + options.length + (payload?.length ?? 0));
  const table = geneveTable.fields;
  table.version.write(bytes, 0, init.version ?? 0);
  table.optionWords.write(bytes, 0, init.optionWords ?? options.length / 4);
  table.control.write(bytes, 0, init.control ?? 0);
  table.critical.write(bytes, 0, init.critical ?? 0);
  table.reserved.write(bytes, 0, init.reserved ?? 0);
  table.protocol.write(bytes, 0, init.protocol ?? 0x6558);
  table.vni.write(bytes, 0, init.vni);
  table.reserved2.write(bytes, 0, init.reserved2 ?? 0);
  bytes.set(options, 8);
  if (payload !== undefined) bytes.set(payload, 8 + options.length);
  return bytes;
}

function encodeOption(option: GeneveOption): Uint8Array {
  if (option.name === 'malformed') return option.data;
  const { data } = option;
  if (data.length % 4 !== 0 || data.length > 124) {
    throw new RangeError(`data: expected whole words, at most 124 bytes, got ${data.length}`);
  }
  const head = Uint8Array.of(0, 0, option.type, ((option.reserved ?? 0) << 5) | (data.length / 4));
  writeU16(head, 0, option.optionClass);
  return concat([head, data]);
}

/** tcpdump's `Geneve, Flags [C], vni 0xa, proto transparent-bridging` */
export function describeGeneve(geneve: GeneveHeader): string {
  const letters = (geneve.control === 1 ? 'O' : '') + (geneve.critical === 1 ? 'C' : '');
  return `Geneve, Flags [${letters || 'none'}], vni 0x${geneve.vni.toString(16)}, proto ${etherTypeName(geneve.protocol)}`;
}
