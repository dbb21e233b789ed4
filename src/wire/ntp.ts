/** Network time: NTP version 4 and SNTP (RFC 5905 §7.3), and older versions, whose header is the same. */
import { toHex } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { decodeNtpTrailer, type NtpTrailer } from './ntp-trailer.ts';

export const NTP_PORT = 123;

/** The header, in the order of the wire. */
export interface NtpFields {
  /** Leap indicator: 3 says that the clock is not set. RFC 5905 §7.3 */
  leap: number;
  /** RFC 5905 §7.3 */
  version: number;
  /** 3 client, 4 server, 5 broadcast; 1 and 2 peers, 6 control, 7 private. RFC 5905 §7.3 */
  mode: number;
  /** 0 a "kiss of death", 1 a reference clock, 16 not set. RFC 5905 §7.3 */
  stratum: number;
  /** Signed; log2 of seconds between questions. RFC 5905 §7.3 */
  poll: number;
  /** Signed; log2 of seconds. RFC 5905 §7.3 */
  precision: number;
  /** 16.16 seconds. RFC 5905 §7.3 */
  rootDelay: number;
  /** 16.16 seconds. RFC 5905 §7.3 */
  rootDispersion: number;
  /** Text at stratum 0 and 1, else the server's own server. RFC 5905 §7.3 */
  referenceId: number;
  /** When the clock was last set: seconds since 1900, and a fraction of 2^32. RFC 5905 §6 */
  referenceSeconds: number;
  referenceFraction: number;
  /** The client's transmit time, sent back. RFC 5905 §7.3 */
  originSeconds: number;
  originFraction: number;
  /** When the question came. RFC 5905 §7.3 */
  receiveSeconds: number;
  receiveFraction: number;
  /** When this packet left. RFC 5905 §7.3 */
  transmitSeconds: number;
  transmitFraction: number;
}

export const ntpTable: HeaderTable<NtpFields> = headerTable<NtpFields>('ntp', 'RFC 5905 §7.3', 48, {
  leap: uint(0, 2, '§7.3'),
  version: uint(2, 3, '§7.3'),
  mode: uint(5, 3, '§7.3'),
  stratum: uint(8, 8, '§7.3'),
  poll: uint(16, 8, '§7.3'),
  precision: uint(24, 8, '§7.3'),
  rootDelay: uint(32, 32, '§7.3'),
  rootDispersion: uint(64, 32, '§7.3'),
  referenceId: uint(96, 32, '§7.3'),
  referenceSeconds: uint(128, 32, '§6'),
  referenceFraction: uint(160, 32, '§6'),
  originSeconds: uint(192, 32, '§7.3'),
  originFraction: uint(224, 32, '§7.3'),
  receiveSeconds: uint(256, 32, '§7.3'),
  receiveFraction: uint(288, 32, '§7.3'),
  transmitSeconds: uint(320, 32, '§7.3'),
  transmitFraction: uint(352, 32, '§7.3'),
});

const NtpView: ViewClass<NtpFields> = viewClass(ntpTable);

/** A decoded NTP header; extension fields and the authenticator are its payload: see `trailer`. */
export class NtpPacket extends NtpView {
  get layer(): 'ntp' {
    return 'ntp';
  }

  get kind(): 'ntp' {
    return 'ntp';
  }

  /** Extension fields and authenticator; undefined where nothing follows the header. Faults: TRUNCATED; BAD_LENGTH. */
  get trailer(): NtpTrailer | DecodeFault | undefined {
    if (this.payloadSize === 0) return undefined;
    return decodeNtpTrailer(this.bytes, this.headerEnd, this.payloadEnd);
  }
}

/** Decode one NTP packet. Faults: TRUNCATED; UNSUPPORTED (control and private modes have another header). */
export function decodeNtp(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): NtpPacket | DecodeFault {
  if (end > offset && (bytes[offset]! & 7) >= 6) {
    return fault('UNSUPPORTED', 'ntp', 'mode', offset, 5, bytes[offset]! & 7);
  }
  if (end - offset < 48) return fault('TRUNCATED', 'ntp', 'header', offset, 48, end - offset);
  return new NtpPacket(bytes, offset, offset + 48, end, end);
}

/** Encode one NTP packet; what is not given is 0, but for version 4 and mode 3. */
export function encodeNtp(init: Partial<NtpFields>, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(48 + (payload?.length ?? 0));
  const values: Partial<NtpFields> = { version: 4, mode: 3, ...pick(init) };
  for (const name of names) ntpTable.fields[name].write(bytes, 0, values[name] ?? 0);
  if (payload !== undefined) bytes.set(payload, 48);
  return bytes;
}

const names = Object.keys(ntpTable.fields) as (keyof NtpFields)[];

/** A decoded packet has its fields on the prototype, where a spread does not look. */
function pick(init: Partial<NtpFields>): Partial<NtpFields> {
  return Object.fromEntries(names.filter((name) => init[name] !== undefined).map((name) => [name, init[name]]));
}

/** Seconds from 1900, where NTP counts from, to 1970. RFC 5905 §6 */
const TO_1970_S = 2_208_988_800;

/**
 * A time of NTP as milliseconds since 1970, in the era that begins on 7 February 2036 when the seconds' high bit is 0.
 * @returns NaN for 0, which says that the time is not known (RFC 5905 §6)
 */
export function ntpTimeMs(seconds: number, fraction: number): number {
  if (seconds === 0 && fraction === 0) return Number.NaN;
  // RFC 4330 §3: without the bit the time lies after 2036.
  const era = seconds >= 0x8000_0000 ? 0 : 2 ** 32;
  return (seconds + era - TO_1970_S) * 1000 + (fraction * 1000) / 2 ** 32;
}

const modes = ['Reserved', 'symmetric active', 'symmetric passive', 'Client', 'Server', 'Broadcast'];

/** tcpdump's `NTPv4, Client, length 48`; a server's stratum and source too. */
export function describeNtp(ntp: NtpPacket): string {
  const clock = ntp.mode === 4 ? `, stratum ${ntp.stratum}, refid ${toHex(ntp.header.subarray(12, 16))}` : '';
  return `NTPv${ntp.version}, ${modes[ntp.mode]}${clock}, length ${48 + ntp.payloadSize}`;
}
