/**
 * IPv4 addresses: strict dotted decimal (RFC 6943 §3.1.1; the form that inet_pton(3) takes) to a 32-bit number, most
 * significant byte first, and back. The loose forms of inet_aton(3) are in inet.ts.
 */
import { readU32 } from '../core/bytes.ts';

/**
 * Parse exactly four decimal parts without leading zeros, as inet_pton(AF_INET) does.
 * @returns the address as 0 … 2^32 - 1 ('1.2.3.4' is 0x01020304), or null
 * @example
 * ```ts
 * import { parseIpv4 } from 'barewire/addr';
 * parseIpv4('10.0.0.1'); // 0x0a000001
 * parseIpv4('10.0.0.01'); // null
 * ```
 */
export function parseIpv4(text: string): number | null {
  return parseIpv4At(text, 0, text.length);
}

/** `parseIpv4` on a part of a text, for IPv6 addresses that end in one. */
export function parseIpv4At(text: string, start: number, end: number): number | null {
  let value = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) {
      // A leading zero means octal to inet_aton and nothing to inet_pton: refused, so that nobody reads it two ways.
      if (digits > 0 && part === 0) return null;
      part = part * 10 + code - 0x30;
      if (part > 255) return null;
      digits++;
    } else if (code === 0x2e && digits > 0 && dots < 3) {
      value = (value << 8) | part;
      part = 0;
      digits = 0;
      dots++;
    } else {
      return null;
    }
  }
  return dots === 3 && digits > 0 ? ((value << 8) | part) >>> 0 : null;
}

const decimal: readonly string[] = Array.from({ length: 256 }, (_, byte) => String(byte));

// Packets and datagrams come in runs from one peer: keeping the last text saves most of the work (13 against 86 ns).
let lastValue = 0;
let lastText = '0.0.0.0';

/** Dotted decimal of a 32-bit address. */
export function formatIpv4(address: number): string {
  const value = address >>> 0;
  if (value === lastValue) return lastText;
  lastText = `${decimal[value >>> 24]}.${decimal[(value >>> 16) & 255]}.${decimal[(value >>> 8) & 255]}.${decimal[value & 255]}`;
  lastValue = value;
  return lastText;
}

/** Dotted decimal of the four bytes at `offset`. */
export function formatIpv4Bytes(bytes: Uint8Array, offset: number = 0): string {
  return formatIpv4(readU32(bytes, offset));
}

/** Is the text an address that `parseIpv4` takes? */
export function isIpv4(text: string): boolean {
  return parseIpv4(text) !== null;
}

/** 224.0.0.0/4 (RFC 5771). */
export function isIpv4Multicast(address: number): boolean {
  return address >>> 28 === 0xe;
}

/** 127.0.0.0/8 (RFC 1122 §3.2.1.3). */
export function isIpv4Loopback(address: number): boolean {
  return address >>> 24 === 127;
}
