/**
 * Prefixes in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3): parse, print, compare.
 */
import { equal, writeU32 } from '../core/bytes.ts';
import { formatIpv4Bytes, parseIpv4 } from './ipv4.ts';
import { formatIpv6, parseIpv6 } from './ipv6.ts';

export interface Prefix {
  readonly family: 'inet' | 'inet6';
  /** 4 or 16 bytes, owned; bits after `length` are kept as they were written (192.0.2.7/24 is an interface address). */
  readonly bytes: Uint8Array;
  /** Bits, 0…32 or 0…128. */
  readonly length: number;
}

/** Bytes of an IPv4 (4) or IPv6 (16) address without zone, newly made, or null. */
export function parseAddress(text: string): Uint8Array | null {
  if (text.includes(':')) return parseIpv6(text);
  const v4 = parseIpv4(text);
  if (v4 === null) return null;
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, v4);
  return bytes;
}

/** Text of 4 or 16 address bytes. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatIpv4Bytes(bytes);
  if (bytes.length === 16) return formatIpv6(bytes);
  throw new RangeError(`bytes: expected 4 or 16 bytes, got ${bytes.length}`);
}

/**
 * Parse `10.0.0.0/8` or `fe80::/10`; without `/` the whole address is meant.
 * @throws TypeError naming what is wrong
 * @example
 * ```ts
 * import { parsePrefix, prefixContains } from 'barewire/addr';
 * prefixContains(parsePrefix('10.0.0.0/8'), '10.200.0.1'); // true
 * ```
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === null) throw new TypeError(`prefix: expected an address such as 10.0.0.0/8 or fe80::/10, got '${text}'`);
  const most = bytes.length * 8;
  const digits = slash < 0 ? String(most) : text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > most) {
    throw new TypeError(`prefix: expected a length of 0 to ${most} after '/', got '${text}'`);
  }
  return { family: bytes.length === 4 ? 'inet' : 'inet6', bytes, length: Number(digits) };
}

/** `10.0.0.0/8`. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.bytes)}/${prefix.length}`;
}

/** Mask bytes of a length: 255.255.255.0 for 24 of 4 bytes. */
export function prefixMask(length: number, addressBytes: 4 | 16): Uint8Array {
  const mask = new Uint8Array(addressBytes);
  for (let i = 0; i < addressBytes; i++) mask[i] = 0xff00 >>> Math.min(8, Math.max(0, length - 8 * i));
  return mask;
}

/** The same prefix with every bit after its length zero. */
export function networkOf(prefix: Prefix): Prefix {
  const mask = prefixMask(prefix.length, prefix.bytes.length === 4 ? 4 : 16);
  return { ...prefix, bytes: prefix.bytes.map((byte, i) => byte & mask[i]!) };
}

/** Does the address (text, or 4 or 16 bytes) lie in the prefix? An address of the other family does not. */
export function prefixContains(prefix: Prefix, address: string | Uint8Array): boolean {
  const bytes = typeof address === 'string' ? parseAddress(address) : address;
  if (bytes === null) throw new TypeError(`address: expected an IPv4 or IPv6 address, got '${String(address)}'`);
  if (bytes.length !== prefix.bytes.length) return false;
  return equal(networkOf({ ...prefix, bytes }).bytes, networkOf(prefix).bytes);
}
