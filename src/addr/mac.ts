/**
 * Link-layer addresses: EUI-48 as IEEE 802 writes it (`02-00-5E-10-00-01`) and as Unix does (`02:00:5e:10:00:01`), and
 * the longer and shorter ones of other links in the same style.
 */
import { toHex } from '../core/bytes.ts';

/** ff:ff:ff:ff:ff:ff: every station on the link. */
export const MAC_BROADCAST = 'ff:ff:ff:ff:ff:ff';

/**
 * Parse pairs of hex digits between `:` or `-`.
 * @param length how many bytes the address has; 6 for Ethernet
 * @returns bytes, newly made, or null
 */
export function parseMac(text: string, length: number = 6): Uint8Array | null {
  if (text.length !== length * 3 - 1) return null;
  const separator = text[2];
  if (separator !== ':' && separator !== '-' && length > 1) return null;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const pair = text.slice(3 * i, 3 * i + 2);
    if (!/^[0-9a-fA-F]{2}$/.test(pair)) return null;
    if (i > 0 && text[3 * i - 1] !== separator) return null;
    bytes[i] = Number.parseInt(pair, 16);
  }
  return bytes;
}

/** Lower-case pairs between colons, as ip(8) prints them. */
export function formatMac(bytes: Uint8Array, offset: number = 0, length: number = 6): string {
  return toHex(bytes.subarray(offset, offset + length), ':');
}

/** The group bit is set: broadcast or multicast (IEEE 802 §8.2.2). */
export function isMacGroup(bytes: Uint8Array, offset: number = 0): boolean {
  return (bytes[offset]! & 1) === 1;
}
