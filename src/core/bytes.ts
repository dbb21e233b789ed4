/**
 * Big-endian reads and writes on Uint8Array, hex text and the few operations on whole arrays that every room needs.
 *
 * Shifts on a plain Uint8Array are the fastest way in today's engines (a DataView made per packet costs 4–8 times as
 * much, Buffer's readers 5–8 times). The readers do not check: whoever parses checks the length of a header once, with
 * a fault that says what was missing, and then reads. Past the end a reader sees zeros; it never throws.
 */

/** Read an unsigned byte. */
export function readU8(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | 0;
}

/** Read 16 bits, big-endian. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Read 24 bits, big-endian. */
export function readU24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

/** Read 32 bits, big-endian, as a number from 0 to 2^32 - 1. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
}

/** Read 64 bits, big-endian. */
export function readU64(bytes: Uint8Array, offset: number): bigint {
  return (BigInt(readU32(bytes, offset)) << 32n) | BigInt(readU32(bytes, offset + 4));
}

/** Write the low 8 bits of `value`. */
export function writeU8(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
}

/** Write the low 16 bits of `value`, big-endian. */
export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Write the low 24 bits of `value`, big-endian. */
export function writeU24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}

/** Write the low 32 bits of `value`, big-endian. */
export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** Write the low 64 bits of `value`, big-endian. */
export function writeU64(bytes: Uint8Array, offset: number, value: bigint): void {
  writeU32(bytes, offset, Number((value >> 32n) & 0xffff_ffffn));
  writeU32(bytes, offset + 4, Number(value & 0xffff_ffffn));
}

/** Byte order of this machine, found once: x86 and ARM under Linux are little-endian. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Read 16 bits in the order of this machine, as the kernel's structs hold them. */
export function readHostU16(bytes: Uint8Array, offset: number): number {
  return LITTLE_ENDIAN ? bytes[offset]! | (bytes[offset + 1]! << 8) : readU16(bytes, offset);
}

/** Read 32 bits in the order of this machine. */
export function readHostU32(bytes: Uint8Array, offset: number): number {
  if (!LITTLE_ENDIAN) return readU32(bytes, offset);
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}

/** Write the low 16 bits of `value` in the order of this machine. */
export function writeHostU16(bytes: Uint8Array, offset: number, value: number): void {
  if (!LITTLE_ENDIAN) {
    writeU16(bytes, offset, value);
    return;
  }
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

/** Write the low 32 bits of `value` in the order of this machine. */
export function writeHostU32(bytes: Uint8Array, offset: number, value: number): void {
  if (!LITTLE_ENDIAN) {
    writeU32(bytes, offset, value);
    return;
  }
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}

/** Read 64 bits in the order of this machine. */
export function readHostU64(bytes: Uint8Array, offset: number): bigint {
  if (!LITTLE_ENDIAN) return readU64(bytes, offset);
  return (BigInt(readHostU32(bytes, offset + 4)) << 32n) | BigInt(readHostU32(bytes, offset));
}

/** Write the low 64 bits of `value` in the order of this machine. */
export function writeHostU64(bytes: Uint8Array, offset: number, value: bigint): void {
  if (!LITTLE_ENDIAN) {
    writeU64(bytes, offset, value);
    return;
  }
  writeHostU32(bytes, offset, Number(value & 0xffff_ffffn));
  writeHostU32(bytes, offset + 4, Number((value >> 32n) & 0xffff_ffffn));
}

const hexPairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Two lower-case hex digits a byte, `separator` between bytes. */
export function toHex(bytes: Uint8Array, separator: string = ''): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += i === 0 ? hexPairs[bytes[i]!]! : separator + hexPairs[bytes[i]!]!;
  return text;
}

/**
 * Bytes from hex digits; white space, `:` and `-` between digits are ignored.
 * @throws TypeError on any other character or an odd number of digits
 */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/[\s:-]+/g, '');
  const odd = digits.search(/[^0-9a-fA-F]/);
  if (odd >= 0) throw new TypeError(`text: expected hex digits, got '${digits[odd]}'`);
  if (digits.length % 2 !== 0) throw new TypeError(`text: expected an even number of hex digits, got ${digits.length}`);
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** One new array with the parts one after another. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Same length, same bytes. Not in constant time: nothing here is secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const textEncoder = new TextEncoder();
// Keeping a byte order mark makes text → bytes → text exact.
const textDecoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 bytes of a text, newly made. */
export function utf8(text: string): Uint8Array {
  return textEncoder.encode(text);
}

/** Text of UTF-8 bytes; a bad sequence becomes U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return textDecoder.decode(bytes);
}
