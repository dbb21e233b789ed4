/**
 * IPv6 addresses: every text form of RFC 4291 §2.2 in, the one form of RFC 5952 out, zones as RFC 4007 §11 writes them
 * (`fe80::1%eth0`).
 */
import { readU16, writeU16, writeU32 } from '../core/bytes.ts';
import { formatIpv4Bytes, parseIpv4At } from './ipv4.ts';

/**
 * Parse an address without a zone, as inet_pton(AF_INET6) does.
 * @returns 16 bytes, newly made, or null
 * @example
 * ```ts
 * import { parseIpv6 } from 'barewire/addr';
 * parseIpv6('::ffff:10.0.0.1'); // 16 bytes ending in ff ff 0a 00 00 01
 * parseIpv6('1::2::3'); // null
 * ```
 */
export function parseIpv6(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  return parseIpv6Into(text, 0, text.length, bytes, 0) ? bytes : null;
}

/** Parse `text[start … end)` into 16 bytes at `offset`; false, with those bytes undefined, when it is no address. */
export function parseIpv6Into(text: string, start: number, end: number, bytes: Uint8Array, offset: number): boolean {
  let groups = 0;
  /** How many groups stood before `::`. */
  let gap = -1;
  let i = start;
  if (end - start < 2) return false;
  if (text.charCodeAt(i) === 0x3a) {
    if (text.charCodeAt(i + 1) !== 0x3a) return false;
    gap = 0;
    i += 2;
  }
  while (i < end) {
    if (groups === 8) return false;
    const groupStart = i;
    let value = 0;
    let code = -1;
    for (; i < end; i++) {
      code = text.charCodeAt(i);
      const digit = hexDigit(code);
      if (digit < 0) break;
      value = (value << 4) | digit;
      // Four digits at most, zeros included: inet_pton refuses 00001.
      if (i - groupStart >= 4) return false;
    }
    if (i < end && code === 0x2e) {
      if (groups > 6) return false;
      const v4 = parseIpv4At(text, groupStart, end);
      if (v4 === null) return false;
      writeU32(bytes, offset + 2 * groups, v4);
      groups += 2;
      break;
    }
    if (i === groupStart) return false;
    writeU16(bytes, offset + 2 * groups, value);
    groups++;
    if (i === end) break;
    if (code !== 0x3a) return false;
    i++;
    if (i === end) return false;
    if (text.charCodeAt(i) === 0x3a) {
      if (gap >= 0) return false;
      gap = groups;
      i++;
    }
  }
  if (gap < 0) return groups === 8;
  // `::` stands for one group or more.
  if (groups === 8) return false;
  const tail = 2 * (groups - gap);
  bytes.copyWithin(offset + 16 - tail, offset + 2 * gap, offset + 2 * groups);
  bytes.fill(0, offset + 2 * gap, offset + 16 - tail);
  return true;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** An address and, after `%`, its zone: an interface name or number (RFC 4007 §11.2). */
export interface ScopedIpv6 {
  /** 16 bytes, owned. */
  readonly bytes: Uint8Array;
  readonly zone?: string;
}

/** Parse an address that may carry a zone; null when it is none or the zone is empty. */
export function parseScopedIpv6(text: string): ScopedIpv6 | null {
  const percent = text.indexOf('%');
  if (percent < 0) {
    const bytes = parseIpv6(text);
    return bytes && { bytes };
  }
  const bytes = new Uint8Array(16);
  if (percent === text.length - 1 || !parseIpv6Into(text, 0, percent, bytes, 0)) return null;
  return { bytes, zone: text.slice(percent + 1) };
}

/**
 * The canonical text (RFC 5952 §4, §5): lower case, no leading zeros, `::` for the longest run of two zero groups or
 * more (the first of equals), IPv4-mapped and -compatible addresses in mixed notation: what inet_ntop(3) prints.
 */
export function formatIpv6(bytes: Uint8Array, offset: number = 0): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let group = 0; group < 8; group++) {
    let length = 0;
    while (group + length < 8 && readU16(bytes, offset + 2 * (group + length)) === 0) length++;
    if (length > bestLength) {
      bestStart = group;
      bestLength = length;
    }
    group += length;
  }
  const mixed = bestStart === 0 && (bestLength === 6 || (bestLength === 5 && readU16(bytes, offset + 10) === 0xffff));
  const groups = mixed ? 6 : 8;
  let text = '';
  for (let group = 0; group < groups; group++) {
    if (group === bestStart) {
      text += '::';
      group += bestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += readU16(bytes, offset + 2 * group).toString(16);
  }
  if (!mixed) return text;
  return `${text}${text.endsWith(':') ? '' : ':'}${formatIpv4Bytes(bytes, offset + 12)}`;
}

/** Is the text an address that `parseIpv6` takes (no zone)? */
export function isIpv6(text: string): boolean {
  return parseIpv6(text) !== null;
}

/** ff00::/8 (RFC 4291 §2.7). */
export function isIpv6Multicast(bytes: Uint8Array, offset: number = 0): boolean {
  return bytes[offset] === 0xff;
}

/** fe80::/10 (RFC 4291 §2.5.6): needs a zone to be usable. */
export function isIpv6LinkLocal(bytes: Uint8Array, offset: number = 0): boolean {
  return bytes[offset] === 0xfe && (bytes[offset + 1]! & 0xc0) === 0x80;
}

/** ::1 (RFC 4291 §2.5.3). */
export function isIpv6Loopback(bytes: Uint8Array, offset: number = 0): boolean {
  for (let i = 0; i < 15; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 15] === 1;
}

/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2): an IPv4 address as dual-stack sockets show it. */
export function isIpv4Mapped(bytes: Uint8Array, offset: number = 0): boolean {
  for (let i = 0; i < 10; i++) if (bytes[offset + i] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}
