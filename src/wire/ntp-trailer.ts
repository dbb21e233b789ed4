/**
 * What may follow the header of an NTP packet: extension fields (RFC 7822 §3, those of network time security in RFC 8915
 * §5) and the code that proves who sent it (RFC 5905 §7.3). Nothing but their lengths tells one from the other.
 */
import { concat, readU16, readU32, writeU16, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';

/** IANA "NTP Extension Field Types", as of 2026-11: those in use. */
export const NtpExtensionType = {
  /** RFC 8915 §5.3 */
  UNIQUE_IDENTIFIER: 0x0104,
  /** RFC 8915 §5.4 */
  NTS_COOKIE: 0x0204,
  /** RFC 8915 §5.5 */
  NTS_COOKIE_PLACEHOLDER: 0x0304,
  /** RFC 8915 §5.6 */
  NTS_AUTHENTICATOR: 0x0404,
  /** RFC 7821 §3: makes the UDP checksum come out right. */
  CHECKSUM_COMPLEMENT: 0x2005,
} as const;

/** RFC 7822 §3 */
export interface NtpExtension {
  /** See `NtpExtensionType`. */
  readonly type: number;
  /** Padding to four bytes included; a multiple of four bytes, 12 at least. */
  readonly value: Uint8Array;
}

/** RFC 5905 §7.3; a digest of no bytes is a "crypto-NAK": the sender could not prove what it was asked with. */
export interface NtpMac {
  readonly keyId: number;
  /** 16 bytes (MD5, AES-CMAC of RFC 8573) or 20 (SHA-1); none in a crypto-NAK. */
  readonly digest: Uint8Array;
}

/** All that follows the header. Plain data, owned. */
export interface NtpTrailer {
  readonly ok: true;
  readonly extensions: readonly NtpExtension[];
  readonly mac?: NtpMac;
}

/** Key id alone, with 16 and with 20 bytes of digest. RFC 7822 §7.5.1 keeps extension fields out of these lengths. */
const MAC_BYTES: ReadonlySet<number> = new Set([4, 20, 24]);
/** RFC 7822 §3 */
const LEAST_EXTENSION_BYTES = 16;

/**
 * Decode what follows the header.
 * Faults: TRUNCATED (a field longer than what is left); BAD_LENGTH (under 16 or no multiple of 4)
 */
export function decodeNtpTrailer(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): NtpTrailer | DecodeFault {
  const extensions: NtpExtension[] = [];
  let at = offset;
  while (at < end && !MAC_BYTES.has(end - at)) {
    if (at + 4 > end) return fault('TRUNCATED', 'ntp', 'extension', at, 4, end - at);
    const length = readU16(bytes, at + 2);
    if (length < LEAST_EXTENSION_BYTES || length % 4 !== 0) {
      return fault('BAD_LENGTH', 'ntp', 'extension', at + 2, LEAST_EXTENSION_BYTES, length);
    }
    if (at + length > end) return fault('TRUNCATED', 'ntp', 'extension', at, length, end - at);
    extensions.push({ type: readU16(bytes, at), value: bytes.slice(at + 4, at + length) });
    at += length;
  }
  if (at === end) return { ok: true, extensions };
  return { ok: true, extensions, mac: { keyId: readU32(bytes, at), digest: bytes.slice(at + 4, end) } };
}

/**
 * Encode what follows the header, as `encodeNtp` takes it for a payload.
 * @throws RangeError for lengths that no reader could tell apart
 */
export function encodeNtpTrailer({ extensions, mac }: Omit<NtpTrailer, 'ok'>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { type, value } of extensions) {
    if (value.length % 4 !== 0 || value.length < 12 || value.length > 0xfff8) {
      throw new RangeError(`value: expected a multiple of four bytes from 12 to 65528, got ${value.length}`);
    }
    const head = new Uint8Array(4);
    writeU16(head, 0, type);
    writeU16(head, 2, 4 + value.length);
    parts.push(head, value);
  }
  if (mac !== undefined) {
    if (!MAC_BYTES.has(4 + mac.digest.length)) {
      throw new RangeError(`digest: expected 0, 16 or 20 bytes, got ${mac.digest.length}`);
    }
    const key = new Uint8Array(4);
    writeU32(key, 0, mac.keyId);
    parts.push(key, mac.digest);
  } else if (MAC_BYTES.has(4 + (extensions.at(-1)?.value.length ?? -4))) {
    // RFC 7822 §7.5.1.4: the last one has 28 bytes at least where no code follows it.
    throw new RangeError('extensions: expected 24 bytes of value or more in the last one without a mac');
  }
  return concat(parts);
}
