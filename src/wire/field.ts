/**
 * Headers as tables. A header is described once, as a table of fields (bit offset, width, RFC section); from the table
 * come a view class with one getter per field, the writers, the bit diagram and the field list that documentation and
 * fuzzers read.
 *
 * The table is turned into closures when the module loads and never looked at per packet: measured at the speed of
 * hand-written reads, where interpreting the table for each packet costs thirty times as much. No code is generated
 * from text, so it also runs under a browser's content security policy.
 *
 * A header file writes its fields twice, for two readers: an interface (`TcpFields`: names, types, meaning, RFC
 * section, for people and editors) and the table (`tcpTable`: bits, for the machine). The compiler holds them together:
 * a field missing on either side, or of another type, does not compile.
 */

import { formatIpv4, parseIpv4 } from '../addr/ipv4.ts';
import { formatIpv6, parseIpv6Into } from '../addr/ipv6.ts';
import { formatMac, parseMac } from '../addr/mac.ts';
import { readU16, readU24, readU32, writeU16, writeU24, writeU32 } from '../core/bytes.ts';

/** One field of a header: where it is, and how to read and write it. */
export interface Field<T> {
  /** From the first bit of the header, the most significant bit of byte 0. */
  readonly bitOffset: number;
  /** Bits. */
  readonly width: number;
  /** Section of the header's RFC, or another document where that defines the field. */
  readonly rfc: string;
  /** How the bits are to be shown. */
  readonly kind: 'number' | 'flags' | 'ipv4' | 'ipv6' | 'mac';
  /** What a number stands for, where it has a name. */
  readonly nameOf?: ((value: number) => string | undefined) | undefined;
  /** The single bits of flags, highest first: mask and name. */
  readonly bits?: readonly (readonly [mask: number, name: string])[] | undefined;
  /** @param offset of the header in `bytes`, not of the field. Unchecked: the caller has checked the header's length. */
  readonly read: (bytes: Uint8Array, offset: number) => T;
  /** Changes this field's bits only; higher bits of a number are cut. Address texts must be well-formed (TypeError). */
  readonly write: (bytes: Uint8Array, offset: number, value: T) => void;
}

/** One field for every name of the header's interface, of that type. */
export type Fields<F> = { readonly [K in keyof F]-?: Field<F[K]> };

/** What a header's fields are, for those who do not know the header: documentation, diagrams, fuzzers. */
export interface FieldInfo {
  readonly name: string;
  readonly bitOffset: number;
  readonly width: number;
  readonly rfc: string;
  readonly kind: Field<unknown>['kind'];
  readonly nameOf?: Field<unknown>['nameOf'];
  readonly bits?: Field<unknown>['bits'];
}

/** A header: its name, its document and its fields. */
export interface HeaderTable<F> {
  readonly layer: string;
  /** 'RFC 9293 §3.1' */
  readonly rfc: string;
  /** Bytes of the fixed part. */
  readonly fixedBytes: number;
  readonly fields: Fields<F>;
}

// ------------------------------------------------------------------------------------------------------------- fields

/** An unsigned number of 1 to 32 bits, big-endian; more than one byte only from a byte boundary or within 32 bits. */
export function uint(
  bitOffset: number,
  width: number,
  rfc: string,
  kind: 'number' | 'flags' = 'number',
): Field<number> {
  const at = bitOffset >>> 3;
  const inByte = bitOffset & 7;
  const { read, write } = inByte === 0 && width % 8 === 0 ? wholeBytes(at, width) : someBits(at, inByte, width);
  return { bitOffset, width, rfc, kind, read, write };
}

type Read<T> = Field<T>['read'];
type Write<T> = Field<T>['write'];

function wholeBytes(at: number, width: number): { read: Read<number>; write: Write<number> } {
  switch (width) {
    case 8:
      return {
        read: (bytes, offset) => bytes[offset + at]!,
        write: (bytes, offset, value) => {
          bytes[offset + at] = value;
        },
      };
    case 16:
      return {
        read: (bytes, offset) => readU16(bytes, offset + at),
        write: (bytes, offset, value) => writeU16(bytes, offset + at, value),
      };
    case 24:
      return {
        read: (bytes, offset) => readU24(bytes, offset + at),
        write: (bytes, offset, value) => writeU24(bytes, offset + at, value),
      };
    case 32:
      return {
        read: (bytes, offset) => readU32(bytes, offset + at),
        write: (bytes, offset, value) => writeU32(bytes, offset + at, value),
      };
    default:
      throw new RangeError(`width: expected 8, 16, 24 or 32, got ${width}`);
  }
}

function someBits(at: number, inByte: number, width: number): { read: Read<number>; write: Write<number> } {
  const span = Math.ceil((inByte + width) / 8);
  const shift = span * 8 - inByte - width;
  const mask = 2 ** width - 1;
  const keep = ~(mask << shift);
  if (span === 1) {
    return {
      read: (bytes, offset) => (bytes[offset + at]! >>> shift) & mask,
      write: (bytes, offset, value) => {
        bytes[offset + at] = (bytes[offset + at]! & keep) | ((value & mask) << shift);
      },
    };
  }
  if (span === 2) {
    return {
      read: (bytes, offset) => (readU16(bytes, offset + at) >>> shift) & mask,
      write: (bytes, offset, value) =>
        writeU16(bytes, offset + at, (readU16(bytes, offset + at) & keep) | ((value & mask) << shift)),
    };
  }
  if (span > 4) throw new RangeError(`bitOffset, width: expected a field within 32 bits, got ${inByte} + ${width}`);
  // Three bytes would do for some, but no header that ends with the field is shorter than the four around it here.
  const before = span === 3 ? at - 1 : at;
  return {
    read: (bytes, offset) => (readU32(bytes, offset + before) >>> shift) & mask,
    write: (bytes, offset, value) =>
      writeU32(bytes, offset + before, (readU32(bytes, offset + before) & keep) | ((value & mask) << shift)),
  };
}

/**
 * Bits with names of their own, kept together as one number.
 * @param masks their names and values, as the header's constant has them
 */
export function flags(
  bitOffset: number,
  width: number,
  rfc: string,
  masks?: Readonly<Record<string, number>>,
): Field<number> {
  const bits = Object.entries(masks ?? {})
    .map(([name, mask]) => [mask, name] as const)
    .sort(([a], [b]) => b - a);
  return { ...uint(bitOffset, width, rfc, 'flags'), bits };
}

/** A number whose values have names. */
export function named(field: Field<number>, nameOf: (value: number) => string | undefined): Field<number> {
  return { ...field, nameOf };
}

/** An IPv4 address as text. */
export function ipv4Address(bitOffset: number, rfc: string): Field<string> {
  const at = bitOffset >>> 3;
  return {
    bitOffset,
    width: 32,
    rfc,
    kind: 'ipv4',
    read: (bytes, offset) => formatIpv4(readU32(bytes, offset + at)),
    write: (bytes, offset, text) => {
      const value = parseIpv4(text);
      if (value === null) throw new TypeError(`expected an IPv4 address, got '${text}'`);
      writeU32(bytes, offset + at, value);
    },
  };
}

/** An IPv6 address as text. */
export function ipv6Address(bitOffset: number, rfc: string): Field<string> {
  const at = bitOffset >>> 3;
  return {
    bitOffset,
    width: 128,
    rfc,
    kind: 'ipv6',
    read: (bytes, offset) => formatIpv6(bytes, offset + at),
    write: (bytes, offset, text) => {
      if (!parseIpv6Into(text, 0, text.length, bytes, offset + at)) {
        throw new TypeError(`expected an IPv6 address, got '${text}'`);
      }
    },
  };
}

/** An EUI-48 address as text. */
export function macAddress(bitOffset: number, rfc: string): Field<string> {
  const at = bitOffset >>> 3;
  return {
    bitOffset,
    width: 48,
    rfc,
    kind: 'mac',
    read: (bytes, offset) => formatMac(bytes, offset + at),
    write: (bytes, offset, text) => {
      const mac = parseMac(text);
      if (mac === null) throw new TypeError(`expected an Ethernet address such as 02:00:00:00:00:01, got '${text}'`);
      bytes.set(mac, offset + at);
    },
  };
}

// -------------------------------------------------------------------------------------------------------------- tables

/** Describe a header. Checks once, at load, that the fields cover the fixed part without a gap or an overlap. */
export function headerTable<F>(layer: string, rfc: string, fixedBytes: number, fields: Fields<F>): HeaderTable<F> {
  const table = { layer, rfc, fixedBytes, fields };
  let bit = 0;
  for (const field of fieldsOf(table)) {
    if (field.bitOffset !== bit)
      throw new RangeError(`${layer}.${field.name}: expected bit ${bit}, got ${field.bitOffset}`);
    bit += field.width;
  }
  if (bit !== fixedBytes * 8) throw new RangeError(`${layer}: expected fields for ${fixedBytes * 8} bits, got ${bit}`);
  return table;
}

/** The fields in the order of the wire. */
export function fieldsOf<F>(table: HeaderTable<F>): FieldInfo[] {
  return (Object.entries(table.fields) as [string, Field<unknown>][])
    .map(([name, { bitOffset, width, rfc, kind, nameOf, bits }]) => ({
      name,
      bitOffset,
      width,
      rfc,
      kind,
      nameOf,
      bits,
    }))
    .sort((a, b) => a.bitOffset - b.bitOffset);
}

/**
 * The header drawn as in an RFC: 32 bits a row, a field's name in its bits.
 * @example
 * ```ts
 * import { bitDiagram, udpTable } from 'barewire/wire';
 * bitDiagram(udpTable).split('\n')[3]; // '|            srcPort            |            dstPort            |'
 * ```
 */
export function bitDiagram<F>(table: HeaderTable<F>): string {
  const bits = table.fixedBytes * 8;
  const cellText: string[] = [];
  const cellRow: number[] = [];
  const cellBits: number[] = [];
  for (const field of fieldsOf(table)) {
    let left = field.width;
    let bit = field.bitOffset;
    while (left > 0) {
      const part = Math.min(left, 32 - (bit % 32));
      // An address fills several rows: its name goes into the first.
      cellText.push(left === field.width ? field.name : '');
      cellRow.push(bit >>> 5);
      cellBits.push(part);
      bit += part;
      left -= part;
    }
  }
  const tens = Array.from({ length: 32 }, (_, i) => (i % 10 === 0 ? String(i / 10) : ' ')).join(' ');
  const ones = Array.from({ length: 32 }, (_, i) => String(i % 10)).join(' ');
  const rule = (count: number): string => `${'+-'.repeat(count)}+`;
  const lines = [` ${tens}`.trimEnd(), ` ${ones}`, rule(Math.min(32, bits))];
  for (let row = 0; row * 32 < bits; row++) {
    let line = '|';
    for (let i = 0; i < cellRow.length; i++) {
      if (cellRow[i] !== row) continue;
      const width = cellBits[i]! * 2 - 1;
      const text = cellText[i]!.slice(0, width);
      const before = (width - text.length) >>> 1;
      line += `${' '.repeat(before)}${text}${' '.repeat(width - text.length - before)}|`;
    }
    lines.push(line, rule(Math.min(32, bits - row * 32)));
  }
  return lines.join('\n');
}

// --------------------------------------------------------------------------------------------------------------- views

/**
 * One decoded header: a view into the packet's bytes. Fields are read when they are asked for, so that a header costs
 * nothing for fields that nobody looks at. Good as long as the bytes are: `toObject()` is a copy to keep.
 */
export class HeaderView {
  // `declare` keeps these lines out of the JavaScript. Real class fields are *defined* before the constructor assigns
  // them, and a define that sees many subclasses goes through the engine's slow path: measured at 2,000 ns for three headers against 70.

  /** The whole packet. Borrowed. */
  declare readonly bytes: Uint8Array;
  /** Where this header begins in `bytes`. */
  declare readonly headerOffset: number;
  /** Where it ends, options included, and the payload begins. */
  declare readonly headerEnd: number;
  /** Where the payload ends: by the lengths in the headers, or where the captured bytes end if that comes first. */
  declare readonly payloadEnd: number;
  /** Where the payload ends by the lengths in the headers; after `payloadEnd` when the capture was cut. */
  declare readonly claimedEnd: number;

  constructor(bytes: Uint8Array, headerOffset: number, headerEnd: number, payloadEnd: number, claimedEnd: number) {
    this.bytes = bytes;
    this.headerOffset = headerOffset;
    this.headerEnd = headerEnd;
    this.payloadEnd = payloadEnd;
    this.claimedEnd = claimedEnd;
  }

  /** True, where a DecodeFault has false. */
  get ok(): true {
    return true;
  }

  get payloadOffset(): number {
    return this.headerEnd;
  }

  /** Payload bytes that the headers claim, captured or not. */
  get payloadSize(): number {
    return this.claimedEnd - this.headerEnd;
  }

  /** The capture ends before the payload does. */
  get truncated(): boolean {
    return this.claimedEnd > this.payloadEnd;
  }

  /** The payload as a view into `bytes`; made on each call. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.headerEnd, this.payloadEnd);
  }

  /** The header's bytes, options included, as a view. */
  get header(): Uint8Array {
    return this.bytes.subarray(this.headerOffset, this.headerEnd);
  }

  /** All fields of the fixed part and the offsets as a plain object, owned. */
  toObject(): Record<string, unknown> {
    const object: Record<string, unknown> = { layer: (this as unknown as { layer: string }).layer };
    for (const name of fieldNames(this)) object[name] = (this as unknown as Record<string, unknown>)[name];
    const extra = (this as unknown as { options?: unknown }).options;
    if (extra !== undefined) object.options = extra;
    object.headerOffset = this.headerOffset;
    object.headerEnd = this.headerEnd;
    object.payloadOffset = this.headerEnd;
    object.payloadEnd = this.payloadEnd;
    return object;
  }

  toJSON(): Record<string, unknown> {
    return this.toObject();
  }
}

const NAMES: unique symbol = Symbol('field names');
const TABLE: unique symbol = Symbol('table');

function fieldNames(view: HeaderView): readonly string[] {
  return (view as unknown as { [NAMES]?: readonly string[] })[NAMES] ?? [];
}

/** The table that a decoded header was read by. */
export function tableOf(view: HeaderView): HeaderTable<unknown> | undefined {
  return (view as unknown as { [TABLE]?: HeaderTable<unknown> })[TABLE];
}

/** The class that a table yields: one getter per field. */
export type ViewClass<F> = new (
  bytes: Uint8Array,
  headerOffset: number,
  headerEnd: number,
  payloadEnd: number,
  claimedEnd: number,
) => HeaderView & Readonly<F>;

/** Make the view class of a header: for every field a getter on the prototype, closed over that field's reader. */
export function viewClass<F>(table: HeaderTable<F>): ViewClass<F> {
  const View = class extends HeaderView {};
  const entries = Object.entries(table.fields) as [string, Field<unknown>][];
  for (const [name, { read }] of entries) {
    Object.defineProperty(View.prototype, name, {
      get(this: HeaderView): unknown {
        return read(this.bytes, this.headerOffset);
      },
      enumerable: true,
      configurable: true,
    });
  }
  Object.defineProperty(View.prototype, NAMES, { value: entries.map(([name]) => name) });
  Object.defineProperty(View.prototype, TABLE, { value: table });
  return View as unknown as ViewClass<F>;
}
