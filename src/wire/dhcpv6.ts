/** DHCP for IPv6 (RFC 8415): messages of clients and servers (§8), of relays (§9), and options (§21; RFC 3646 for DNS). */
import { formatIpv6, parseIpv6 } from '../addr/ipv6.ts';
import {
  concat,
  fromUtf8,
  readU16,
  readU24,
  readU32,
  toHex,
  utf8,
  writeU16,
  writeU24,
  writeU32,
} from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { decodeName, encodeName } from './dns-name.ts';

export const DHCPV6_CLIENT_PORT = 546;
export const DHCPV6_SERVER_PORT = 547;

/** RFC 8415 §7.3 */
export const Dhcpv6Type = {
  SOLICIT: 1,
  ADVERTISE: 2,
  REQUEST: 3,
  CONFIRM: 4,
  RENEW: 5,
  REBIND: 6,
  REPLY: 7,
  RELEASE: 8,
  DECLINE: 9,
  RECONFIGURE: 10,
  INFORMATION_REQUEST: 11,
  RELAY_FORWARD: 12,
  RELAY_REPLY: 13,
} as const;

const typeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(Dhcpv6Type).map(([name, type]) => [type, name.toLowerCase().replaceAll('_', '-')]),
);

/** RFC 8415 §24 and RFC 3646: the options that are typed here. */
export const Dhcpv6OptionCode = {
  CLIENT_ID: 1,
  SERVER_ID: 2,
  IA_NA: 3,
  IA_TA: 4,
  IA_ADDRESS: 5,
  OPTION_REQUEST: 6,
  PREFERENCE: 7,
  ELAPSED_TIME: 8,
  RELAY_MESSAGE: 9,
  UNICAST: 12,
  STATUS_CODE: 13,
  RAPID_COMMIT: 14,
  INTERFACE_ID: 18,
  DNS_SERVERS: 23,
  DOMAIN_LIST: 24,
  IA_PD: 25,
  IA_PREFIX: 26,
} as const;

/** One option; a value that is not as its RFC says is `raw`. */
export type Dhcpv6Option =
  /** DUID of the client (code 1) or server (2). RFC 8415 §21.2, §21.3 */
  | { readonly kind: 'duid'; readonly code: number; readonly duid: Uint8Array }
  /** Identity association for addresses (3) or prefixes (25); times in seconds. RFC 8415 §21.4, §21.21 */
  | {
      readonly kind: 'association';
      readonly code: number;
      readonly iaid: number;
      readonly renew: number;
      readonly rebind: number;
      readonly options: readonly Dhcpv6Option[];
    }
  /** Temporary addresses (4). RFC 8415 §21.5 */
  | {
      readonly kind: 'temporary';
      readonly code: number;
      readonly iaid: number;
      readonly options: readonly Dhcpv6Option[];
    }
  /** Lifetimes in seconds. RFC 8415 §21.6 */
  | {
      readonly kind: 'address';
      readonly code: number;
      readonly address: string;
      readonly preferred: number;
      readonly valid: number;
      readonly options: readonly Dhcpv6Option[];
    }
  /** RFC 8415 §21.22 */
  | {
      readonly kind: 'prefix';
      readonly code: number;
      readonly prefix: string;
      readonly length: number;
      readonly preferred: number;
      readonly valid: number;
      readonly options: readonly Dhcpv6Option[];
    }
  /** Codes that the client asks for. RFC 8415 §21.7 */
  | { readonly kind: 'request'; readonly code: number; readonly codes: readonly number[] }
  /** Preference, 0 … 255 (7), or hundredths of a second (8). RFC 8415 §21.8, §21.9 */
  | { readonly kind: 'number'; readonly code: number; readonly value: number; readonly size: 1 | 2 }
  /** What a relay carries. RFC 8415 §21.10 */
  | { readonly kind: 'relayed'; readonly code: number; readonly message: Dhcpv6Message }
  /** RFC 8415 §21.13 */
  | { readonly kind: 'status'; readonly code: number; readonly status: number; readonly text: string }
  /** RFC 3646 §3; RFC 8415 §21.12 has one. */
  | { readonly kind: 'addresses'; readonly code: number; readonly addresses: readonly string[] }
  /** RFC 3646 §4 */
  | { readonly kind: 'names'; readonly code: number; readonly names: readonly string[] }
  | { readonly kind: 'raw'; readonly code: number; readonly data: Uint8Array };

interface Common {
  readonly ok: true;
  readonly kind: 'dhcpv6';
  /** See `Dhcpv6Type`. */
  readonly type: number;
  readonly options: readonly Dhcpv6Option[];
}

/** A decoded message; owned. */
export type Dhcpv6Message = Common &
  (
    | { readonly relay: false /** Joins question and answer. */; readonly transactionId: number }
    | {
        readonly relay: true;
        readonly hops: number;
        readonly linkAddress: string;
        readonly peerAddress: string;
      }
  );

/** Relays in relays, and options in options (RFC 8415 §19.1.2 has 8 hops). */
const MOST_DEPTH = 12;

/** Decode one message. Faults: TRUNCATED; BAD_LENGTH (an option past the end); TOO_MANY (relays in relays) */
export function decodeDhcpv6(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): Dhcpv6Message | DecodeFault {
  return decodeMessage(bytes, offset, end, 0);
}

function decodeMessage(bytes: Uint8Array, offset: number, end: number, depth: number): Dhcpv6Message | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'dhcpv6', 'header', offset, 4, end - offset);
  const type = bytes[offset]!;
  const isRelay = type === Dhcpv6Type.RELAY_FORWARD || type === Dhcpv6Type.RELAY_REPLY;
  const at = offset + (isRelay ? 34 : 4);
  if (at > end) return fault('TRUNCATED', 'dhcpv6', 'relay', offset, 34, end - offset);
  const options = decodeOptions(bytes, at, end, depth);
  if ('code' in options) return options;
  const common = { ok: true, kind: 'dhcpv6', type, options } as const;
  if (!isRelay) return { ...common, relay: false, transactionId: readU24(bytes, offset + 1) };
  return {
    ...common,
    relay: true,
    hops: bytes[offset + 1]!,
    linkAddress: formatIpv6(bytes, offset + 2),
    peerAddress: formatIpv6(bytes, offset + 18),
  };
}

function decodeOptions(bytes: Uint8Array, start: number, end: number, depth: number): Dhcpv6Option[] | DecodeFault {
  if (depth > MOST_DEPTH) return fault('TOO_MANY', 'dhcpv6', 'options', start, MOST_DEPTH, depth);
  const options: Dhcpv6Option[] = [];
  for (let at = start; at < end; ) {
    if (end - at < 4) return fault('TRUNCATED', 'dhcpv6', 'option', at, 4, end - at);
    const code = readU16(bytes, at);
    const size = readU16(bytes, at + 2);
    if (size > end - at - 4) return fault('BAD_LENGTH', 'dhcpv6', 'option', at + 2, size, end - at - 4);
    const from = at + 4;
    at = from + size;
    options.push(decodeOption(bytes, code, from, at, depth) ?? { kind: 'raw', code, data: bytes.slice(from, at) });
  }
  return options;
}

/** @returns undefined for a code or value that is not typed */
function decodeOption(
  bytes: Uint8Array,
  code: number,
  from: number,
  to: number,
  depth: number,
): Dhcpv6Option | undefined {
  const size = to - from;
  const inner = (at: number): Dhcpv6Option[] | undefined => {
    const options = decodeOptions(bytes, at, to, depth + 1);
    return 'code' in options ? undefined : options;
  };
  switch (code) {
    case Dhcpv6OptionCode.CLIENT_ID:
    case Dhcpv6OptionCode.SERVER_ID:
      return { kind: 'duid', code, duid: bytes.slice(from, to) };
    case Dhcpv6OptionCode.IA_NA:
    case Dhcpv6OptionCode.IA_PD: {
      const options = size < 12 ? undefined : inner(from + 12);
      if (options === undefined) return undefined;
      const [iaid, renew, rebind] = [readU32(bytes, from), readU32(bytes, from + 4), readU32(bytes, from + 8)];
      return { kind: 'association', code, iaid, renew, rebind, options };
    }
    case Dhcpv6OptionCode.IA_TA: {
      const options = size < 4 ? undefined : inner(from + 4);
      return options === undefined ? undefined : { kind: 'temporary', code, iaid: readU32(bytes, from), options };
    }
    case Dhcpv6OptionCode.IA_ADDRESS: {
      const options = size < 24 ? undefined : inner(from + 24);
      if (options === undefined) return undefined;
      const [preferred, valid] = [readU32(bytes, from + 16), readU32(bytes, from + 20)];
      return { kind: 'address', code, address: formatIpv6(bytes, from), preferred, valid, options };
    }
    case Dhcpv6OptionCode.IA_PREFIX: {
      const options = size < 25 ? undefined : inner(from + 25);
      if (options === undefined) return undefined;
      const [preferred, valid] = [readU32(bytes, from), readU32(bytes, from + 4)];
      const [length, prefix] = [bytes[from + 8]!, formatIpv6(bytes, from + 9)];
      return { kind: 'prefix', code, prefix, length, preferred, valid, options };
    }
    case Dhcpv6OptionCode.RELAY_MESSAGE: {
      const message = decodeMessage(bytes, from, to, depth + 1);
      return message.ok ? { kind: 'relayed', code, message } : undefined;
    }
    default:
      return decodeSimple(bytes, code, from, to);
  }
}

function decodeSimple(bytes: Uint8Array, code: number, from: number, to: number): Dhcpv6Option | undefined {
  const size = to - from;
  switch (code) {
    case Dhcpv6OptionCode.OPTION_REQUEST:
      if (size % 2 !== 0) return undefined;
      return { kind: 'request', code, codes: Array.from({ length: size / 2 }, (_, i) => readU16(bytes, from + 2 * i)) };
    case Dhcpv6OptionCode.PREFERENCE:
      return size === 1 ? { kind: 'number', code, value: bytes[from]!, size: 1 } : undefined;
    case Dhcpv6OptionCode.ELAPSED_TIME:
      return size === 2 ? { kind: 'number', code, value: readU16(bytes, from), size: 2 } : undefined;
    case Dhcpv6OptionCode.STATUS_CODE: {
      if (size < 2) return undefined;
      const data = bytes.subarray(from + 2, to);
      const text = fromUtf8(data);
      // What is no UTF-8 would not be the same on its way back.
      return utf8(text).length === data.length
        ? { kind: 'status', code, status: readU16(bytes, from), text }
        : undefined;
    }
    case Dhcpv6OptionCode.UNICAST:
    case Dhcpv6OptionCode.DNS_SERVERS:
      if (size === 0 || size % 16 !== 0) return undefined;
      return {
        kind: 'addresses',
        code,
        addresses: Array.from({ length: size / 16 }, (_, i) => formatIpv6(bytes, from + 16 * i)),
      };
    case Dhcpv6OptionCode.DOMAIN_LIST: {
      const names = namesOf(bytes, from, to);
      return names === undefined ? undefined : { kind: 'names', code, names };
    }
    default:
      return undefined;
  }
}

/** RFC 8415 §10: names in the form of DNS, never compressed. */
function namesOf(bytes: Uint8Array, from: number, to: number): string[] | undefined {
  const names: string[] = [];
  const copy = bytes.slice(from, to);
  for (let at = 0; at < copy.length; ) {
    const name = decodeName(copy, at, copy.length, 0);
    if (!name.ok) return undefined;
    const plain = encodeName(name.name);
    // A pointer, or letters that do not come out as they were: kept raw.
    if (plain.length !== name.end - at || plain.some((byte, i) => byte !== copy[at + i])) return undefined;
    names.push(name.name);
    at = name.end;
  }
  return names;
}

type Init<T> = T extends unknown ? Omit<T, 'ok' | 'kind'> : never;

/** Encode one message; what was decoded gives its own bytes again. @throws TypeError for a text that is no IPv6 address */
export function encodeDhcpv6(message: Init<Dhcpv6Message>): Uint8Array {
  const head = new Uint8Array(message.relay ? 34 : 4);
  head[0] = message.type;
  if (message.relay) {
    head[1] = message.hops;
    head.set(addressBytes(message.linkAddress), 2);
    head.set(addressBytes(message.peerAddress), 18);
  } else writeU24(head, 1, message.transactionId);
  return concat([head, ...message.options.map(encodeOption)]);
}

function encodeOption(option: Dhcpv6Option): Uint8Array {
  const data = dataOf(option);
  const bytes = new Uint8Array(4 + data.length);
  writeU16(bytes, 0, option.code);
  writeU16(bytes, 2, data.length);
  bytes.set(data, 4);
  return bytes;
}

function dataOf(option: Dhcpv6Option): Uint8Array {
  switch (option.kind) {
    case 'duid':
      return option.duid;
    case 'association':
      return concat([words(option.iaid, option.renew, option.rebind), ...option.options.map(encodeOption)]);
    case 'temporary':
      return concat([words(option.iaid), ...option.options.map(encodeOption)]);
    case 'address': {
      const { address, preferred, valid, options } = option;
      return concat([addressBytes(address), words(preferred, valid), ...options.map(encodeOption)]);
    }
    case 'prefix': {
      const { prefix, length, preferred, valid, options } = option;
      return concat([
        words(preferred, valid),
        Uint8Array.of(length),
        addressBytes(prefix),
        ...options.map(encodeOption),
      ]);
    }
    case 'request':
      return concat(option.codes.map((code) => Uint8Array.of(code >>> 8, code)));
    case 'number':
      return option.size === 1 ? Uint8Array.of(option.value) : Uint8Array.of(option.value >>> 8, option.value);
    case 'relayed':
      return encodeDhcpv6(option.message);
    case 'status':
      return concat([Uint8Array.of(option.status >>> 8, option.status), utf8(option.text)]);
    case 'addresses':
      return concat(option.addresses.map(addressBytes));
    case 'names':
      return concat(option.names.map(encodeName));
    case 'raw':
      return option.data;
  }
}

function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) writeU32(bytes, 4 * i, value);
  return bytes;
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpv6(text);
  if (bytes === null) throw new TypeError(`address: expected an IPv6 address, got '${text}'`);
  return bytes;
}

/** `DHCPv6 reply, xid 0x123456, client 0001…, addresses 2001:db8::5` */
export function describeDhcpv6(message: Dhcpv6Message): string {
  const parts = [`DHCPv6 ${typeNames.get(message.type) ?? `type ${message.type}`}`];
  if (message.relay) parts.push(`link ${message.linkAddress}`, `peer ${message.peerAddress}`);
  else parts.push(`xid 0x${message.transactionId.toString(16).padStart(6, '0')}`);
  for (const option of message.options) {
    if (option.kind === 'duid') parts.push(`${option.code === 1 ? 'client' : 'server'} ${toHex(option.duid)}`);
    if (option.kind === 'relayed') parts.push(`(${describeDhcpv6(option.message)})`);
    if (option.kind === 'status') parts.push(`status ${option.status} ${option.text}`.trimEnd());
    if (option.kind !== 'association') continue;
    for (const inner of option.options) {
      if (inner.kind === 'address') parts.push(`address ${inner.address}`);
      if (inner.kind === 'prefix') parts.push(`prefix ${inner.prefix}/${inner.length}`);
    }
  }
  return parts.join(', ');
}
