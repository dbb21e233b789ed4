/** Numbers in the byte order of the file: capture files are written in the order of the machine that made them. */
import { readU16, readU32, writeU16, writeU32 } from '../core/index.ts';

export function get16(bytes: Uint8Array, at: number, little: boolean): number {
  return little ? bytes[at]! | (bytes[at + 1]! << 8) : readU16(bytes, at);
}

export function get32(bytes: Uint8Array, at: number, little: boolean): number {
  if (!little) return readU32(bytes, at);
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function get64(bytes: Uint8Array, at: number, little: boolean): bigint {
  const first = BigInt(get32(bytes, at, little));
  const second = BigInt(get32(bytes, at + 4, little));
  return little ? (second << 32n) | first : (first << 32n) | second;
}

export function put16(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  if (!little) {
    writeU16(bytes, at, value);
    return;
  }
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function put32(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  if (!little) {
    writeU32(bytes, at, value);
    return;
  }
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function put64(bytes: Uint8Array, at: number, value: bigint, little: boolean): void {
  const high = Number((value >> 32n) & 0xffff_ffffn);
  const low = Number(value & 0xffff_ffffn);
  put32(bytes, at, little ? low : high, little);
  put32(bytes, at + 4, little ? high : low, little);
}
