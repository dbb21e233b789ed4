/**
 * TCP options: RFC 9293 §3.1 and §3.2 (end, no-operation, maximum segment size), RFC 7323 (window scale, timestamps),
 * RFC 2018 (SACK), RFC 7413 (fast open), RFC 6994 (experiments, under which fast open began), RFC 5482 (user timeout),
 * RFC 2385 (MD5), RFC 5925 (authentication), RFC 8684 (multipath). IANA "TCP Parameters", as of 2025-10-06.
 */
import { concat, readU16, readU32, toHex, writeU16, writeU32 } from '../core/bytes.ts';
import { type CommonOption, decodeOptionList, encodeCommonOption, encodeOption, joinOptions } from './tlv.ts';

/** Option kinds by number. */
export const TcpOptionKind = {
  END: 0,
  NOP: 1,
  MSS: 2,
  WINDOW_SCALE: 3,
  SACK_PERMITTED: 4,
  SACK: 5,
  TIMESTAMPS: 8,
  MD5: 19,
  USER_TIMEOUT: 28,
  AO: 29,
  MPTCP: 30,
  FAST_OPEN: 34,
  EXPERIMENT_1: 253,
  EXPERIMENT_2: 254,
} as const;

/** The experiment number under which fast open travelled before it had kind 34 (RFC 7413 §4.1.1, appendix B). */
export const FAST_OPEN_EXPERIMENT = 0xf989;
/** Options fill at most what the data offset can say beyond the fixed header: 15 words less 5. */
export const MOST_TCP_OPTION_BYTES = 40;

/** Data that arrived out of order: `left` is its first sequence number, `right` the one after its last. */
export interface SackBlock {
  readonly left: number;
  readonly right: number;
}

/** Largest segment the sender of this option takes, bytes without headers; SYN only (RFC 9293 §3.7.1). */
export interface MssOption {
  readonly name: 'mss';
  readonly mss: number;
}
/** The window field of later segments counts units of 2^shift; SYN only; over 14 means 14 (RFC 7323 §2.2, §2.3). */
export interface WindowScaleOption {
  readonly name: 'windowScale';
  readonly shift: number;
}
/** RFC 2018 §2; SYN only. */
export interface SackPermittedOption {
  readonly name: 'sackPermitted';
}
/** RFC 2018 §3. The first block may report a duplicate instead (RFC 2883). */
export interface SackOption {
  readonly name: 'sack';
  readonly blocks: readonly SackBlock[];
}
/** RFC 7323 §3.2: TSval and TSecr, in ticks of their senders. */
export interface TimestampsOption {
  readonly name: 'timestamps';
  readonly value: number;
  readonly echo: number;
}
/** RFC 7413 §4.1.1: a cookie, or none when one is asked for. */
export interface FastOpenOption {
  readonly name: 'fastOpen';
  readonly cookie: Uint8Array;
  /** Sent as kind 254 with the experiment number. */
  readonly experimental?: true;
}
/** RFC 2385 §3: 16 bytes. */
export interface Md5Option {
  readonly name: 'md5';
  readonly digest: Uint8Array;
}
/** RFC 5925 §2.2. */
export interface AoOption {
  readonly name: 'ao';
  readonly keyId: number;
  readonly nextKeyId: number;
  readonly mac: Uint8Array;
}
/** RFC 8684 §3: `data` begins with the byte that holds the subtype. */
export interface MptcpOption {
  readonly name: 'mptcp';
  readonly subtype: number;
  readonly data: Uint8Array;
}
/** RFC 5482 §2. */
export interface UserTimeoutOption {
  readonly name: 'userTimeout';
  readonly timeout: number;
  readonly unit: 'seconds' | 'minutes';
}

export type TcpOption =
  | MssOption
  | WindowScaleOption
  | SackPermittedOption
  | SackOption
  | TimestampsOption
  | FastOpenOption
  | Md5Option
  | AoOption
  | MptcpOption
  | UserTimeoutOption
  | CommonOption;

/**
 * Decode the options between the fixed header and the data offset. Ends for any bytes: an option that makes no sense
 * becomes `malformed` with all that follows, one of a wrong length becomes `unknown` with a note.
 * @param bytes borrowed; byte arrays in the result are copies
 */
export function decodeTcpOptions(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): TcpOption[] {
  return decodeOptionList<TcpOption>(bytes, offset, end, decodeOne);
}

function wrongLength(name: string, expected: string, length: number): string {
  return `${name}: expected a length of ${expected}, got ${length}`;
}

function decodeOne(kind: number, bytes: Uint8Array, at: number, end: number): TcpOption | string | null {
  const length = end - at + 2;
  switch (kind) {
    case TcpOptionKind.MSS:
      if (length !== 4) return wrongLength('mss', '4', length);
      return { name: 'mss', mss: readU16(bytes, at) };
    case TcpOptionKind.WINDOW_SCALE:
      if (length !== 3) return wrongLength('windowScale', '3', length);
      return { name: 'windowScale', shift: bytes[at]! };
    case TcpOptionKind.SACK_PERMITTED:
      if (length !== 2) return wrongLength('sackPermitted', '2', length);
      return { name: 'sackPermitted' };
    case TcpOptionKind.SACK: {
      if (length < 10 || (length - 2) % 8 !== 0) return wrongLength('sack', '2 and 8 for each block', length);
      const blocks: SackBlock[] = [];
      for (let i = at; i < end; i += 8) blocks.push({ left: readU32(bytes, i), right: readU32(bytes, i + 4) });
      return { name: 'sack', blocks };
    }
    case TcpOptionKind.TIMESTAMPS:
      if (length !== 10) return wrongLength('timestamps', '10', length);
      return { name: 'timestamps', value: readU32(bytes, at), echo: readU32(bytes, at + 4) };
    case TcpOptionKind.MD5:
      if (length !== 18) return wrongLength('md5', '18', length);
      return { name: 'md5', digest: bytes.slice(at, end) };
    case TcpOptionKind.USER_TIMEOUT: {
      if (length !== 4) return wrongLength('userTimeout', '4', length);
      const word = readU16(bytes, at);
      return { name: 'userTimeout', timeout: word & 0x7fff, unit: word >>> 15 === 1 ? 'minutes' : 'seconds' };
    }
    case TcpOptionKind.AO:
      if (length < 4) return wrongLength('ao', 'at least 4', length);
      return { name: 'ao', keyId: bytes[at]!, nextKeyId: bytes[at + 1]!, mac: bytes.slice(at + 2, end) };
    case TcpOptionKind.MPTCP:
      if (length < 3) return wrongLength('mptcp', 'at least 3', length);
      return { name: 'mptcp', subtype: bytes[at]! >>> 4, data: bytes.slice(at, end) };
    case TcpOptionKind.FAST_OPEN:
      return { name: 'fastOpen', cookie: bytes.slice(at, end) };
    case TcpOptionKind.EXPERIMENT_2:
      if (length < 4 || readU16(bytes, at) !== FAST_OPEN_EXPERIMENT) return null;
      return { name: 'fastOpen', cookie: bytes.slice(at + 2, end), experimental: true };
    default:
      return null;
  }
}

/**
 * Encode an option list, filled up to whole words with end-of-list zeros.
 * Put NOPs where alignment is wanted: nothing is inserted, so that a decoded list gives the same bytes.
 * @throws RangeError over 40 bytes
 */
export function encodeTcpOptions(options: readonly TcpOption[]): Uint8Array {
  return joinOptions(options.map(encodeTcpOption), MOST_TCP_OPTION_BYTES, 'tcp');
}

/** The bytes of one option, without padding. */
export function encodeTcpOption(option: TcpOption): Uint8Array {
  switch (option.name) {
    case 'mss':
      return withU16(TcpOptionKind.MSS, option.mss);
    case 'windowScale':
      return Uint8Array.of(TcpOptionKind.WINDOW_SCALE, 3, option.shift);
    case 'sackPermitted':
      return Uint8Array.of(TcpOptionKind.SACK_PERMITTED, 2);
    case 'sack': {
      const data = new Uint8Array(8 * option.blocks.length);
      option.blocks.forEach(({ left, right }, i) => {
        writeU32(data, 8 * i, left);
        writeU32(data, 8 * i + 4, right);
      });
      return encodeOption(TcpOptionKind.SACK, data);
    }
    case 'timestamps': {
      const bytes = new Uint8Array(10);
      bytes[0] = TcpOptionKind.TIMESTAMPS;
      bytes[1] = 10;
      writeU32(bytes, 2, option.value);
      writeU32(bytes, 6, option.echo);
      return bytes;
    }
    case 'md5':
      return encodeOption(TcpOptionKind.MD5, option.digest);
    case 'userTimeout':
      return withU16(TcpOptionKind.USER_TIMEOUT, (option.unit === 'minutes' ? 0x8000 : 0) | (option.timeout & 0x7fff));
    case 'ao':
      return encodeOption(TcpOptionKind.AO, concat([Uint8Array.of(option.keyId, option.nextKeyId), option.mac]));
    case 'mptcp':
      return encodeOption(TcpOptionKind.MPTCP, option.data);
    case 'fastOpen':
      if (option.experimental !== true) return encodeOption(TcpOptionKind.FAST_OPEN, option.cookie);
      return encodeOption(
        TcpOptionKind.EXPERIMENT_2,
        concat([Uint8Array.of(FAST_OPEN_EXPERIMENT >>> 8, FAST_OPEN_EXPERIMENT & 255), option.cookie]),
      );
    default:
      return encodeCommonOption(option)!;
  }
}

function withU16(kind: number, value: number): Uint8Array {
  const bytes = Uint8Array.of(kind, 4, 0, 0);
  writeU16(bytes, 2, value);
  return bytes;
}

/**
 * Options in tcpdump's words: `mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7`.
 * @param ackBase subtracted from the edges of SACK blocks, which are numbers of the other direction
 */
export function describeTcpOptions(options: readonly TcpOption[], ackBase: number = 0): string {
  return options.map((option) => describeTcpOption(option, ackBase)).join(',');
}

function describeBlock({ left, right }: SackBlock, base: number): string {
  return `{${(left - base) >>> 0}:${(right - base) >>> 0}}`;
}

function describeTcpOption(option: TcpOption, ackBase: number): string {
  switch (option.name) {
    case 'eol':
    case 'nop':
      return option.name;
    case 'mss':
      return `mss ${option.mss}`;
    case 'windowScale':
      return `wscale ${option.shift}`;
    case 'sackPermitted':
      return 'sackOK';
    case 'sack':
      return `sack ${option.blocks.length} ${option.blocks.map((block) => describeBlock(block, ackBase)).join('')}`;
    case 'timestamps':
      return `TS val ${option.value} ecr ${option.echo}`;
    case 'md5':
      return `md5 ${toHex(option.digest)}`;
    case 'userTimeout':
      return `user timeout ${option.timeout} ${option.unit}`;
    case 'ao':
      return `tcp-ao keyid ${option.keyId} rnextkeyid ${option.nextKeyId} mac 0x${toHex(option.mac)}`;
    case 'mptcp':
      return `mptcp ${option.data.length + 2} subtype ${option.subtype}`;
    case 'fastOpen': {
      const name = option.experimental === true ? 'exp-tfo' : 'tfo';
      return option.cookie.length === 0 ? `${name} cookiereq` : `${name} cookie ${toHex(option.cookie)}`;
    }
    case 'unknown':
      return option.data.length === 0 ? `unknown-${option.kind}` : `unknown-${option.kind} 0x${toHex(option.data)}`;
    case 'malformed':
      return `[bad opt: ${option.note}]`;
  }
}
