/**
 * The C library's address functions by their C names (byteorder(3), inet(3), inet_pton(3)), with C's answers.
 *
 * One convention for numbers: an `in_addr_t` here is the very integer that a C program on this machine sees in
 * `s_addr`, whose *bytes in memory* are in network order. On a little-endian machine inet_addr('127.0.0.1') is
 * 0x0100007f, and htonl(INADDR_LOOPBACK) is the same number. Everywhere else in the library an IPv4 address as a number
 * has its first byte on top (0x7f000001, C's host order): ntohl() leads there and htonl() back.
 */
import { LITTLE_ENDIAN, writeU32 } from '../core/bytes.ts';
import { formatIpv4, formatIpv4Bytes, parseIpv4 } from './ipv4.ts';
import { formatIpv6, parseIpv6 } from './ipv6.ts';

const AF_INET = 2;
const AF_INET6 = 10;

/** Host order, as C's constants are: pass it through htonl(). */
export const INADDR_ANY = 0x0000_0000;
export const INADDR_LOOPBACK = 0x7f00_0001;
export const INADDR_BROADCAST = 0xffff_ffff;
/** What inet_addr() answers to text that is no address; also what it answers to 255.255.255.255. */
export const INADDR_NONE = 0xffff_ffff;

/** 16 bits from host to network order. Bits above the 16th are cut, as in C. */
export function htons(value: number): number {
  return LITTLE_ENDIAN ? ((value & 0xff) << 8) | ((value >>> 8) & 0xff) : value & 0xffff;
}

/** 32 bits from host to network order. */
export function htonl(value: number): number {
  if (!LITTLE_ENDIAN) return value >>> 0;
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** 16 bits from network to host order. */
export function ntohs(value: number): number {
  return htons(value);
}

/** 32 bits from network to host order. */
export function ntohl(value: number): number {
  return htonl(value);
}

/**
 * Address text to bytes in network order. Strict: four decimal parts without leading zeros; no zone.
 * @param family AF_INET (2) or AF_INET6 (10)
 * @returns 4 or 16 bytes, newly made; null where C returns 0
 * @throws TypeError for another family, where C returns -1 with EAFNOSUPPORT
 * @example
 * ```ts
 * import { inet_pton } from 'barewire/addr';
 * inet_pton(2, '192.0.2.1'); // Uint8Array [192, 0, 2, 1]
 * inet_pton(10, 'fe80::1%lo'); // null: a zone needs getaddrinfo or parseSocketAddress
 * ```
 */
export function inet_pton(family: number, text: string): Uint8Array | null {
  if (family === AF_INET6) return parseIpv6(text);
  if (family !== AF_INET) throw unsupported(family);
  const value = parseIpv4(text);
  if (value === null) return null;
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}

/**
 * Address bytes to text.
 * @param bytes borrowed; 4 for AF_INET, 16 for AF_INET6; more is ignored, as C reads no further
 */
export function inet_ntop(family: number, bytes: Uint8Array): string {
  const need = family === AF_INET ? 4 : 16;
  if (family !== AF_INET && family !== AF_INET6) throw unsupported(family);
  if (bytes.length < need) throw new RangeError(`bytes: expected ${need} bytes, got ${bytes.length}`);
  return need === 4 ? formatIpv4Bytes(bytes) : formatIpv6(bytes);
}

function unsupported(family: number): TypeError {
  return new TypeError(`family: expected AF_INET (${AF_INET}) or AF_INET6 (${AF_INET6}), got ${family}`);
}

/** The last part fills what the parts before it left: a is 32 bits, a.b has 24 in b, a.b.c has 16 in c. */
const lastPartMost: readonly number[] = [0xffff_ffff, 0xff_ffff, 0xffff, 0xff];

/**
 * The old, loose reading of an IPv4 address: a, a.b, a.b.c or a.b.c.d, each part decimal, octal (0…) or hex (0x…),
 * anything after white space ignored. `127.1` is 127.0.0.1 and `010.0.0.1` is 8.0.0.1, which is why filters that
 * compare text are so often wrong.
 * @returns s_addr as C sees it (see the head of this file), or null where C returns 0
 * @example
 * ```ts
 * import { inet_aton, inet_ntoa } from 'barewire/addr';
 * inet_ntoa(inet_aton('0x7f.1') ?? 0); // '127.0.0.1'
 * ```
 */
export function inet_aton(text: string): number | null {
  // A C string ends at its first NUL.
  const nul = text.indexOf('\0');
  const input = nul < 0 ? text : text.slice(0, nul);
  // strtoul(…, base 0) on text that begins with a digit: "0x" without a digit after it reads as "0" and stops at x.
  const match = /^((?:0[xX][0-9a-fA-F]+|\d+)(?:\.(?:0[xX][0-9a-fA-F]+|\d+)){0,3})(?:[ \t\n\v\f\r].*)?$/s.exec(input);
  if (match === null) return null;
  const parts: number[] = [];
  for (const part of match[1]!.split('.')) {
    let value: number;
    if (/^0[xX]/.test(part)) value = Number.parseInt(part.slice(2), 16);
    else if (part.startsWith('0')) value = /^[0-7]+$/.test(part) ? Number.parseInt(part, 8) : Number.NaN;
    else value = Number.parseInt(part, 10);
    if (!(value <= 0xffff_ffff)) return null;
    parts.push(value);
  }
  const last = parts.length - 1;
  let address = parts[last]!;
  if (address > lastPartMost[last]!) return null;
  for (let i = 0; i < last; i++) {
    if (parts[i]! > 255) return null;
    address += parts[i]! * 2 ** (24 - 8 * i);
  }
  return htonl(address);
}

/**
 * inet_aton() without a way to say no: INADDR_NONE (0xffffffff) means failure, and is at the same time the right answer
 * for 255.255.255.255, which therefore cannot be told from nonsense. Kept for programs that are ported; use inet_pton().
 */
export function inet_addr(text: string): number {
  return inet_aton(text) ?? INADDR_NONE;
}

/** s_addr, as C sees it, to dotted decimal. A new text each time: C's shared static buffer is not imitated. */
export function inet_ntoa(address: number): string {
  return formatIpv4(ntohl(address));
}
