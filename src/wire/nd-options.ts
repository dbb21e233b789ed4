/**
 * Options of neighbour discovery messages: RFC 4861 §4.6 (link-layer addresses, prefix information, redirected header,
 * MTU), RFC 8106 §5 (DNS servers and search lists), RFC 4191 §2.3 (routes). Lengths count units of eight bytes.
 */
import { formatIpv6, parseIpv6 } from '../addr/ipv6.ts';
import { formatMac, parseMac } from '../addr/mac.ts';
import { concat, equal, readU16, readU32, writeU32 } from '../core/bytes.ts';
import { decodeName, encodeName } from './dns-name.ts';

/** IANA "IPv6 Neighbor Discovery Option Formats". */
export const NdOptionType = {
  SOURCE_LINK_ADDRESS: 1,
  TARGET_LINK_ADDRESS: 2,
  PREFIX_INFORMATION: 3,
  REDIRECTED_HEADER: 4,
  MTU: 5,
  ROUTE_INFORMATION: 24,
  RDNSS: 25,
  DNSSL: 31,
} as const;

/** Flags of prefix information (RFC 4861 §4.6.2; R is RFC 6275 §7.2). */
export const NdPrefixFlags = { ON_LINK: 0x80, AUTONOMOUS: 0x40, ROUTER_ADDRESS: 0x20 } as const;

/** An option; `reserved` is there only when a sender put something into bits that should be zero. */
export type NdOption =
  /** Six bytes on Ethernet; more on other links, padding included. RFC 4861 §4.6.1 */
  | { readonly name: 'sourceLinkAddress' | 'targetLinkAddress'; readonly address: string }
  /** RFC 4861 §4.6.2; a lifetime of 0xffffffff has no end. */
  | {
      readonly name: 'prefixInformation';
      readonly prefix: string;
      readonly prefixLength: number;
      /** See `NdPrefixFlags`. */
      readonly flags: number;
      readonly validLifetimeS: number;
      readonly preferredLifetimeS: number;
      readonly reserved?: number;
    }
  /** The beginning of the packet that the redirect answers. RFC 4861 §4.6.3 */
  | { readonly name: 'redirectedHeader'; readonly packet: Uint8Array }
  /** RFC 4861 §4.6.4 */
  | { readonly name: 'mtu'; readonly mtu: number; readonly reserved?: number }
  /** RFC 4191 §2.3 */
  | {
      readonly name: 'routeInformation';
      readonly prefix: string;
      readonly prefixLength: number;
      /** Bytes of the prefix that are sent: 0, 8 or 16. */
      readonly prefixBytes: 0 | 8 | 16;
      /** Preference in bits 3 and 4: 0 medium, 1 high, 3 low. */
      readonly flags: number;
      readonly lifetimeS: number;
    }
  /** RFC 8106 §5.1 */
  | {
      readonly name: 'rdnss';
      readonly lifetimeS: number;
      readonly servers: readonly string[];
      readonly reserved?: number;
    }
  /** RFC 8106 §5.2 */
  | {
      readonly name: 'dnssl';
      readonly lifetimeS: number;
      readonly domains: readonly string[];
      readonly reserved?: number;
    }
  /** Not known here, or not as its RFC says. */
  | { readonly name: 'unknown'; readonly kind: number; readonly data: Uint8Array }
  /** From here on the list makes no sense: all that is left. RFC 4861 §4.6: a length of zero drops the packet. */
  | { readonly name: 'malformed'; readonly data: Uint8Array; readonly note: string };

/** Decode a list of options; ends for any bytes. Encoding the result gives the same bytes. */
export function decodeNdOptions(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): NdOption[] {
  const options: NdOption[] = [];
  let at = offset;
  while (at < end) {
    const length = 8 * (bytes[at + 1] ?? 0);
    if (at + 2 > end || length === 0 || at + length > end) {
      const note = `option ${bytes[at]}: expected a length of 8 to ${end - at}, got ${at + 2 > end ? 'none' : length}`;
      options.push({ name: 'malformed', data: bytes.slice(at, end), note });
      break;
    }
    const kind = bytes[at]!;
    options.push(
      decodeKnown(kind, bytes, at + 2, at + length) ?? {
        name: 'unknown',
        kind,
        data: bytes.slice(at + 2, at + length),
      },
    );
    at += length;
  }
  return options;
}

function decodeKnown(kind: number, bytes: Uint8Array, at: number, end: number): NdOption | null {
  const length = end - at;
  switch (kind) {
    case NdOptionType.SOURCE_LINK_ADDRESS:
      return { name: 'sourceLinkAddress', address: formatMac(bytes, at, length) };
    case NdOptionType.TARGET_LINK_ADDRESS:
      return { name: 'targetLinkAddress', address: formatMac(bytes, at, length) };
    case NdOptionType.PREFIX_INFORMATION:
      if (length !== 30) return null;
      return {
        name: 'prefixInformation',
        prefix: formatIpv6(bytes, at + 14),
        prefixLength: bytes[at]!,
        flags: bytes[at + 1]!,
        validLifetimeS: readU32(bytes, at + 2),
        preferredLifetimeS: readU32(bytes, at + 6),
        ...reservedOf(readU32(bytes, at + 10)),
      };
    case NdOptionType.REDIRECTED_HEADER:
      if (readU16(bytes, at) !== 0 || readU32(bytes, at + 2) !== 0) return null;
      return { name: 'redirectedHeader', packet: bytes.slice(at + 6, end) };
    case NdOptionType.MTU:
      if (length !== 6) return null;
      return { name: 'mtu', mtu: readU32(bytes, at + 2), ...reservedOf(readU16(bytes, at)) };
    case NdOptionType.ROUTE_INFORMATION:
      return decodeRoute(bytes, at, length);
    case NdOptionType.RDNSS: {
      if (length < 22 || (length - 6) % 16 !== 0) return null;
      const servers: string[] = [];
      for (let i = at + 6; i < end; i += 16) servers.push(formatIpv6(bytes, i));
      return { name: 'rdnss', lifetimeS: readU32(bytes, at + 2), servers, ...reservedOf(readU16(bytes, at)) };
    }
    case NdOptionType.DNSSL:
      return decodeSearchList(bytes, at, end);
    default:
      return null;
  }
}

function reservedOf(reserved: number): { reserved?: number } {
  return reserved === 0 ? {} : { reserved };
}

function decodeRoute(bytes: Uint8Array, at: number, length: number): NdOption | null {
  const prefixBytes = length - 6;
  if (prefixBytes !== 0 && prefixBytes !== 8 && prefixBytes !== 16) return null;
  const prefix = new Uint8Array(16);
  prefix.set(bytes.subarray(at + 6, at + length));
  return {
    name: 'routeInformation',
    prefix: formatIpv6(prefix),
    prefixLength: bytes[at]!,
    prefixBytes,
    flags: bytes[at + 1]!,
    lifetimeS: readU32(bytes, at + 2),
  };
}

function decodeSearchList(bytes: Uint8Array, at: number, end: number): NdOption | null {
  const domains: string[] = [];
  let next = at + 6;
  // RFC 8106 §5.2: zeros fill the option up, so a name that is only the root is padding.
  while (next < end && bytes[next] !== 0) {
    const name = decodeName(bytes, next, end);
    if (!name.ok) return null;
    domains.push(name.name);
    next = name.end;
  }
  const option: NdOption = {
    name: 'dnssl',
    lifetimeS: readU32(bytes, at + 2),
    domains,
    ...reservedOf(readU16(bytes, at)),
  };
  return equal(encodeNdOption(option).subarray(2), bytes.subarray(at, end)) ? option : null;
}

/**
 * Encode a list of options.
 * @throws TypeError for an address or name that is none, RangeError for lengths that are no multiple of eight bytes
 */
export function encodeNdOptions(options: readonly NdOption[]): Uint8Array {
  return concat(options.map(encodeNdOption));
}

function encodeNdOption(option: NdOption): Uint8Array {
  switch (option.name) {
    case 'sourceLinkAddress':
    case 'targetLinkAddress': {
      const length = option.address.split(':').length;
      const address = parseMac(option.address, length);
      if (address === null) throw new TypeError(`address: expected a link-layer address, got '${option.address}'`);
      const { SOURCE_LINK_ADDRESS, TARGET_LINK_ADDRESS } = NdOptionType;
      return frame(option.name === 'sourceLinkAddress' ? SOURCE_LINK_ADDRESS : TARGET_LINK_ADDRESS, address);
    }
    case 'prefixInformation': {
      const data = new Uint8Array(30);
      data[0] = option.prefixLength;
      data[1] = option.flags;
      writeU32(data, 2, option.validLifetimeS);
      writeU32(data, 6, option.preferredLifetimeS);
      writeU32(data, 10, option.reserved ?? 0);
      data.set(address(option.prefix), 14);
      return frame(NdOptionType.PREFIX_INFORMATION, data);
    }
    case 'redirectedHeader':
      return frame(NdOptionType.REDIRECTED_HEADER, concat([new Uint8Array(6), option.packet]));
    case 'mtu':
      return frame(NdOptionType.MTU, lifetime(option.reserved, option.mtu));
    case 'routeInformation': {
      const data = new Uint8Array(6 + option.prefixBytes);
      data[0] = option.prefixLength;
      data[1] = option.flags;
      writeU32(data, 2, option.lifetimeS);
      data.set(address(option.prefix).subarray(0, option.prefixBytes), 6);
      return frame(NdOptionType.ROUTE_INFORMATION, data);
    }
    case 'rdnss':
      return frame(
        NdOptionType.RDNSS,
        concat([lifetime(option.reserved, option.lifetimeS), ...option.servers.map(address)]),
      );
    case 'dnssl':
      return frame(
        NdOptionType.DNSSL,
        concat([lifetime(option.reserved, option.lifetimeS), ...option.domains.map(encodeName)]),
      );
    case 'unknown':
      return frame(option.kind, option.data);
    case 'malformed':
      return option.data;
  }
}

function address(text: string): Uint8Array {
  const bytes = parseIpv6(text);
  if (bytes === null) throw new TypeError(`expected an IPv6 address, got '${text}'`);
  return bytes;
}

/** Two reserved bytes and a number of four: how MTU, RDNSS and DNSSL begin. */
function lifetime(reserved: number | undefined, value: number): Uint8Array {
  const data = new Uint8Array(6);
  data[0] = (reserved ?? 0) >>> 8;
  data[1] = reserved ?? 0;
  writeU32(data, 2, value);
  return data;
}

/** Kind, length in units of eight bytes, data, zeros up to the next unit. */
function frame(kind: number, data: Uint8Array): Uint8Array {
  const units = Math.ceil((2 + data.length) / 8);
  if (units > 255) throw new RangeError(`option ${kind}: expected at most 2038 bytes, got ${data.length}`);
  const bytes = new Uint8Array(8 * units);
  bytes[0] = kind;
  bytes[1] = units;
  bytes.set(data, 2);
  return bytes;
}

/** `, prefix fd00::/64`: an option as it follows in the line of its message; empty for those that say little. */
export function describeNdOption(option: NdOption): string {
  switch (option.name) {
    case 'sourceLinkAddress':
      return `, source link-address ${option.address}`;
    case 'targetLinkAddress':
      return `, destination link-address ${option.address}`;
    case 'prefixInformation':
      return `, prefix ${option.prefix}/${option.prefixLength}`;
    case 'mtu':
      return `, mtu ${option.mtu}`;
    case 'routeInformation':
      return `, route ${option.prefix}/${option.prefixLength} lifetime ${option.lifetimeS}s`;
    case 'rdnss':
      return `, dns ${option.servers.join(' ')}`;
    case 'dnssl':
      return `, search ${option.domains.join(' ')}`;
    case 'malformed':
      return `, [bad opt: ${option.note}]`;
    default:
      return '';
  }
}
