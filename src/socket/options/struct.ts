/**
 * Option values that are C structs: each field at its offset, so that a codec is its table. A kernel that is older than
 * the struct writes less of it; what is missing then reads as zero.
 */
import { formatIpv4Bytes, parseIpv4 } from '../../addr/ipv4.ts';
import { formatIpv6, parseIpv6 } from '../../addr/ipv6.ts';
import { decodeSockAddr, parseSocketAddress, type SocketAddress, writeSockAddr } from '../../addr/sockaddr.ts';
import {
  readHostU16,
  readHostU32,
  readHostU64,
  writeHostU16,
  writeHostU32,
  writeHostU64,
  writeU32,
} from '../../core/bytes.ts';
import { checkBigint, checkBytes, checkInt, readHostI32, U64_MAX } from '../control/row.ts';
import type { OptionType } from './row.ts';

export interface Field<T> {
  read(bytes: Uint8Array): T;
  /** @param name what an error calls it: `linger.seconds` */
  write(bytes: Uint8Array, value: T, name: string): void;
}

/** struct sockaddr_storage. */
export const STORAGE_BYTES = 128;

/** A struct of `size` bytes. `name` is the C name without `struct`. */
export function struct<T extends object>(
  name: string,
  size: number,
  fields: { readonly [K in keyof T]-?: Field<T[K]> },
): OptionType<T> {
  const entries = Object.entries(fields) as [keyof T & string, Field<unknown>][];
  return {
    name,
    size,
    decode: (bytes) => {
      const whole = atLeast(bytes, size);
      const value: Record<string, unknown> = {};
      for (const [key, field] of entries) {
        const part = field.read(whole);
        if (part !== undefined) value[key] = part;
      }
      // Every key of T has its field.
      return value as T;
    },
    encode: (value) => {
      if (typeof value !== 'object' || value === null) {
        throw new TypeError(`${name}: expected an object, got ${String(value)}`);
      }
      const bytes = new Uint8Array(size);
      for (const [key, field] of entries) field.write(bytes, value[key], `${name}.${key}`);
      return bytes;
    },
  };
}

export function atLeast(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const whole = new Uint8Array(size);
  whole.set(bytes);
  return whole;
}

export const u8 = (at: number): Field<number> => ({
  read: (bytes) => bytes[at] as number,
  write: (bytes, value, name) => {
    bytes[at] = checkInt(value, name, 0, 0xff);
  },
});

export const u16 = (at: number): Field<number> => ({
  read: (bytes) => readHostU16(bytes, at),
  write: (bytes, value, name) => writeHostU16(bytes, at, checkInt(value, name, 0, 0xffff)),
});

export const u32 = (at: number): Field<number> => ({
  read: (bytes) => readHostU32(bytes, at),
  write: (bytes, value, name) => writeHostU32(bytes, at, checkInt(value, name, 0, 0xffff_ffff)),
});

export const i32 = (at: number): Field<number> => ({
  read: (bytes) => readHostI32(bytes, at),
  write: (bytes, value, name) => writeHostU32(bytes, at, checkInt(value, name, -(2 ** 31), 2 ** 31 - 1)),
});

export const u64 = (at: number): Field<bigint> => ({
  read: (bytes) => readHostU64(bytes, at),
  write: (bytes, value, name) => writeHostU64(bytes, at, checkBigint(value, name, 0n, U64_MAX)),
});

/** An int that is yes or no. */
export const flag = (at: number): Field<boolean> => ({
  read: (bytes) => readHostU32(bytes, at) !== 0,
  write: (bytes, value, name) => {
    if (typeof value !== 'boolean') throw new TypeError(`${name}: expected a boolean, got ${typeof value}`);
    writeHostU32(bytes, at, value ? 1 : 0);
  },
});

/** struct in_addr. */
export const ipv4 = (at: number): Field<string> => ({
  read: (bytes) => formatIpv4Bytes(bytes, at),
  write: (bytes, value, name) => {
    const address = typeof value === 'string' ? parseIpv4(value) : null;
    if (address === null) throw new TypeError(`${name}: expected an IPv4 address, got '${String(value)}'`);
    writeU32(bytes, at, address);
  },
});

/** struct in6_addr. */
export const ipv6 = (at: number): Field<string> => ({
  read: (bytes) => formatIpv6(bytes, at),
  write: (bytes, value, name) => {
    const address = typeof value === 'string' ? parseIpv6(value) : null;
    if (address === null) throw new TypeError(`${name}: expected an IPv6 address, got '${String(value)}'`);
    bytes.set(address, at);
  },
});

/** struct sockaddr_storage; an address without a port may be given as text. */
export const sockaddr = (at: number): Field<SocketAddress | string> => ({
  read: (bytes) => decodeSockAddr(bytes, STORAGE_BYTES, at),
  write: (bytes, value, name) => {
    if (value === undefined) throw new TypeError(`${name}: expected an address, got undefined`);
    writeSockAddr(typeof value === 'string' ? addressOf(value) : value, bytes, at);
  },
});

function addressOf(text: string): SocketAddress {
  if (parseIpv4(text) !== null) return { family: 'inet', address: text, port: 0 };
  if (parseIpv6(text) !== null) return { family: 'inet6', address: text, port: 0 };
  return parseSocketAddress(text);
}

/** Bytes of a fixed length; shorter ones are filled with zeros. */
export const blob = (at: number, length: number): Field<Uint8Array> => ({
  read: (bytes) => bytes.slice(at, at + length),
  write: (bytes, value, name) => {
    const given = checkBytes(value, name);
    if (given.length > length) throw new RangeError(`${name}: expected at most ${length} bytes, got ${given.length}`);
    bytes.set(given, at);
  },
});

/** A field that may be left out; it is written as `fallback` then. */
export function optional<T>(field: Field<T>, fallback: T): Field<T | undefined> {
  return { read: field.read, write: (bytes, value, name) => field.write(bytes, value ?? fallback, name) };
}
