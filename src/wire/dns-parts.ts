/**
 * The parts that the data of DNS records is made of: numbers, names (RFC 1035 §3.1), character strings (§3.3), lists of
 * types (RFC 4034 §4.1.2) and of options (RFC 6891 §6.1.2). dns-data.ts puts them together, a row for each kind of record.
 */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { formatIpv6 } from '../addr/ipv6.ts';
import { concat, equal, fromUtf8, readU16, readU32, toHex, utf8, writeU16, writeU32 } from '../core/bytes.ts';
import { decodeName, encodeName } from './dns-name.ts';
import { encodeAddress } from './multicast-record.ts';

/** Where reading a record's data has come to. */
export interface PartCursor {
  readonly bytes: Uint8Array;
  /** Moved on by each part. */
  at: number;
  /** Of the record's data. */
  readonly end: number;
  /** Where the message begins, from which compressed names count. */
  readonly message: number;
}

/** One part of a record's data: three functions that belong together. */
export interface Part<T> {
  /** The value at `cursor.at`, which moves past it; undefined where the bytes are no such value. */
  read(cursor: PartCursor): T | undefined;
  /** The same bytes again, but for names that came compressed. */
  write(value: T): Uint8Array;
  /** As in a zone file. */
  text(value: T): string;
}

/** A number and its bytes: an option of OPT, a parameter of SVCB and HTTPS. */
export interface DnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

function take(cursor: PartCursor, length: number): number {
  const { at } = cursor;
  if (at + length > cursor.end) return -1;
  cursor.at += length;
  return at;
}

function unsigned(length: 1 | 2 | 4): Part<number> {
  return {
    read(cursor) {
      const at = take(cursor, length);
      if (at < 0) return undefined;
      if (length === 1) return cursor.bytes[at];
      return length === 2 ? readU16(cursor.bytes, at) : readU32(cursor.bytes, at);
    },
    write(value) {
      const bytes = new Uint8Array(length);
      if (length === 1) bytes[0] = value;
      else if (length === 2) writeU16(bytes, 0, value);
      else writeU32(bytes, 0, value);
      return bytes;
    },
    text: String,
  };
}

export const u8: Part<number> = unsigned(1);
export const u16: Part<number> = unsigned(2);
export const u32: Part<number> = unsigned(4);

/** A byte that has to be 0, such as a version: with another one the rest means something else. */
export const zero: Part<0> = {
  read: (cursor) => (u8.read(cursor) === 0 ? 0 : undefined),
  write: () => new Uint8Array(1),
  text: () => '',
};

function nameWith(allowsCompression: boolean): Part<string> {
  return {
    read(cursor) {
      const name = decodeName(cursor.bytes, cursor.at, cursor.end, allowsCompression ? cursor.message : undefined);
      if (!name.ok) return undefined;
      cursor.at = name.end;
      return name.name;
    },
    write: encodeName,
    text: (name) => (name === '.' ? name : `${name}.`),
  };
}

/** A name that may be compressed: RFC 1035's types, and those that readers have to expand (RFC 3597 §4). */
export const name: Part<string> = nameWith(true);

/** A name of a type made later, which is never compressed. RFC 3597 §4 */
export const plainName: Part<string> = nameWith(false);

/** IPv4 (four bytes) or IPv6 (sixteen). */
export function address(length: 4 | 16): Part<string> {
  return {
    read(cursor) {
      const at = take(cursor, length);
      if (at < 0) return undefined;
      return length === 4 ? formatIpv4Bytes(cursor.bytes, at) : formatIpv6(cursor.bytes, at);
    },
    write: (value) => encodeAddress(value, length),
    text: String,
  };
}

/** More bytes than this are counted in a line, not shown. */
const MOST_SHOWN_BYTES = 32;

function hexText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '-';
  return bytes.length <= MOST_SHOWN_BYTES ? toHex(bytes) : `(${bytes.length} bytes)`;
}

/** All bytes up to the end of the data. */
export const rest: Part<Uint8Array> = {
  read(cursor) {
    const at = take(cursor, cursor.end - cursor.at);
    return cursor.bytes.slice(at, cursor.end);
  },
  write: (value) => value,
  text: hexText,
};

/** A length in one byte, then as many. */
export const shortBytes: Part<Uint8Array> = {
  read(cursor) {
    const length = u8.read(cursor);
    const at = length === undefined ? -1 : take(cursor, length);
    return at < 0 ? undefined : cursor.bytes.slice(at, cursor.at);
  },
  write(value) {
    if (value.length > 255) throw new RangeError(`text: expected at most 255 bytes, got ${value.length}`);
    return concat([Uint8Array.of(value.length), value]);
  },
  text: hexText,
};

/** `part` as text, where its bytes are UTF-8: other bytes would not come back. */
function asText(part: Part<Uint8Array>): Part<string> {
  return {
    read(cursor) {
      const bytes = part.read(cursor);
      if (bytes === undefined) return undefined;
      const text = fromUtf8(bytes);
      return equal(utf8(text), bytes) ? text : undefined;
    },
    write: (value) => part.write(utf8(value)),
    text: (value) => JSON.stringify(value),
  };
}

/** RFC 1035 §3.3: a character string. */
export const shortText: Part<string> = asText(shortBytes);

/** Text up to the end of the data, without a length. */
export const restText: Part<string> = asText(rest);

/** RFC 1035 §3.3.14: character strings, one at least, up to the end. */
export const strings: Part<readonly Uint8Array[]> = {
  read(cursor) {
    const list: Uint8Array[] = [];
    do {
      const one = shortBytes.read(cursor);
      if (one === undefined) return undefined;
      list.push(one);
    } while (cursor.at < cursor.end);
    return list;
  },
  write: (list) => concat(list.map((one) => shortBytes.write(one))),
  text: (list) => list.map((one) => JSON.stringify(fromUtf8(one))).join(' '),
};

/** Codes with lengths of two bytes each, up to the end. RFC 6891 §6.1.2, RFC 9460 §2.2 */
export const options: Part<readonly DnsOption[]> = {
  read(cursor) {
    const list: DnsOption[] = [];
    while (cursor.at < cursor.end) {
      const code = u16.read(cursor);
      const length = u16.read(cursor);
      const at = code === undefined || length === undefined ? -1 : take(cursor, length);
      if (at < 0) return undefined;
      list.push({ code: code!, data: cursor.bytes.slice(at, cursor.at) });
    }
    return list;
  },
  write: (list) => concat(list.map(({ code, data }) => concat([u16.write(code), u16.write(data.length), data]))),
  text: (list) => list.map(({ code, data }) => `key${code}=${hexText(data)}`).join(' '),
};

/** Windows of 256 types, of each the bits up to the last one set. RFC 4034 §4.1.2 */
export function typeBitmap(nameOf: (type: number) => string): Part<readonly number[]> {
  const write = (types: readonly number[]): Uint8Array => {
    const windows = new Map<number, number[]>();
    for (const type of [...new Set(types)].sort((a, b) => a - b)) {
      const bits = windows.get(type >>> 8) ?? [];
      windows.set(type >>> 8, bits);
      const byte = (type & 0xff) >>> 3;
      while (bits.length <= byte) bits.push(0);
      bits[byte] = bits[byte]! | (0x80 >>> (type & 7));
    }
    return Uint8Array.from([...windows].flatMap(([window, bits]) => [window, bits.length, ...bits]));
  };
  return {
    read(cursor) {
      const types: number[] = [];
      const { at: start } = cursor;
      while (cursor.at < cursor.end) {
        const window = u8.read(cursor)!;
        const bits = shortBytes.read(cursor);
        if (bits === undefined) return undefined;
        for (let bit = 0; bit < 8 * bits.length; bit++) {
          if ((bits[bit >>> 3]! & (0x80 >>> (bit & 7))) !== 0) types.push((window << 8) | bit);
        }
      }
      // Zeros at the end, empty windows or windows out of order would not come back: RFC 4034 forbids them.
      return equal(write(types), cursor.bytes.subarray(start, cursor.end)) ? types : undefined;
    },
    write,
    text: (types) => types.map(nameOf).join(' '),
  };
}
