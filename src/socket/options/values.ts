/** Codecs of plain option values: ints, bools, times, strings, bytes, lists. */
import { fromUtf8, readHostU32, readHostU64, utf8, writeHostU32, writeHostU64 } from '../../core/bytes.ts';
import { checkBigint, checkBytes, checkInt, U64_MAX } from '../control/row.ts';
import type { OptionType } from './row.ts';

/** A number from as many bytes as the kernel gave: some options answer with one byte, most with four. */
function readInt(bytes: Uint8Array): number {
  if (bytes.length >= 4) return readHostU32(bytes, 0) | 0;
  return bytes[0] ?? 0;
}

function intBytes(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
    throw new RangeError(`option value: expected a 32-bit integer, got ${String(value)}`);
  }
  const bytes = new Uint8Array(4);
  writeHostU32(bytes, 0, value);
  return bytes;
}

export const int: OptionType<number> = { name: 'int', size: 4, decode: readInt, encode: intBytes };

/** As int, for values over 2^31: marks, rates, bit sets. */
export const u32: OptionType<number> = {
  name: 'u32',
  size: 4,
  decode: (bytes) => readInt(bytes) >>> 0,
  encode: intBytes,
};

export const bool: OptionType<boolean> = {
  name: 'bool',
  size: 4,
  decode: (bytes) => bytes.some((byte) => byte !== 0),
  encode: (value) => {
    if (typeof value !== 'boolean') throw new TypeError(`option value: expected a boolean, got ${typeof value}`);
    return intBytes(value ? 1 : 0);
  },
};

/** For options that do something when set, whatever the value: set them to true. */
export const trigger: OptionType<true> = {
  name: 'true',
  size: 4,
  decode: () => true,
  encode: () => intBytes(1),
};

/** One byte, where the kernel insists on it. */
export const byte: OptionType<number> = {
  name: 'byte',
  size: 1,
  decode: readInt,
  encode: (value) => Uint8Array.of(checkInt(value, 'option value', 0, 255)),
};

export const u64: OptionType<bigint> = {
  name: 'u64',
  size: 8,
  decode: (bytes) => (bytes.length >= 8 ? readHostU64(bytes, 0) : BigInt(readInt(bytes) >>> 0)),
  encode: (value) => {
    const bytes = new Uint8Array(8);
    writeHostU64(bytes, 0, checkBigint(value, 'option value', 0n, U64_MAX));
    return bytes;
  },
};

/** struct timeval in milliseconds; fractions go down to a microsecond. 0 means without end. */
export const timeMs: OptionType<number> = {
  name: 'timeval (ms)',
  size: 16,
  decode: (bytes) => Number(readHostU64(bytes, 0)) * 1000 + Number(readHostU64(bytes, 8)) / 1000,
  encode: (value) => {
    if (typeof value !== 'number' || !(value >= 0 && value <= Number.MAX_SAFE_INTEGER / 1000)) {
      throw new RangeError(`option value: expected milliseconds of 0 or more, got ${String(value)}`);
    }
    const micros = BigInt(Math.round(value * 1000));
    const bytes = new Uint8Array(16);
    writeHostU64(bytes, 0, micros / 1_000_000n);
    writeHostU64(bytes, 8, micros % 1_000_000n);
    return bytes;
  },
};

/** A C string. @param size most bytes that the kernel gives */
export function textOf(size: number): OptionType<string> {
  return {
    name: 'string',
    size,
    decode: (bytes) => {
      const end = bytes.indexOf(0);
      return fromUtf8(end < 0 ? bytes : bytes.subarray(0, end));
    },
    encode: (value) => {
      if (typeof value !== 'string') throw new TypeError(`option value: expected a string, got ${typeof value}`);
      return utf8(`${value}\0`);
    },
  };
}

/** Bytes of another format. @param size most bytes that the kernel gives */
export function bytesOf(size: number, name: string = 'bytes'): OptionType<Uint8Array> {
  return {
    name,
    size,
    decode: (bytes) => bytes.slice(),
    encode: (value) => checkBytes(value, 'option value'),
  };
}

/** 32-bit numbers in a row. @param most how many the kernel gives at most */
export function listOf(most: number, name: string = 'u32[]'): OptionType<readonly number[]> {
  return {
    name,
    size: 4 * most,
    decode: (bytes) => Array.from({ length: bytes.length >>> 2 }, (_, i) => readHostU32(bytes, 4 * i)),
    encode: (value) => {
      if (!Array.isArray(value)) throw new TypeError(`option value: expected an array, got ${typeof value}`);
      const bytes = new Uint8Array(4 * value.length);
      value.forEach((one, i) => {
        writeHostU32(bytes, 4 * i, checkInt(one, `option value[${i}]`, 0, 0xffff_ffff));
      });
      return bytes;
    },
  };
}
