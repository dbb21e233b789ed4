/**
 * IPv4 header (RFC 791 §3.1) with DSCP and ECN in place of the type of service (RFC 2474 §3, RFC 3168 §5), and its
 * options (RFC 791 §3.1, RFC 2113).
 */

import { formatIpv4Bytes, parseIpv4 } from '../addr/ipv4.ts';
import { concat, readU16, readU32, toHex, writeU16, writeU32 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import {
  type Field,
  flags,
  type HeaderTable,
  headerTable,
  ipv4Address,
  named,
  uint,
  type ViewClass,
  viewClass,
} from './field.ts';
import { ipProtocolName } from './iana/protocols.ts';
import { type CommonOption, decodeOptionList, encodeCommonOption, encodeOption, joinOptions } from './tlv.ts';

/** The fixed part, in the order of the wire. */
export interface Ipv4Fields {
  /** 4. RFC 791 §3.1 */
  version: number;
  /** Header length in 32-bit words, options included: 5…15. RFC 791 §3.1 */
  ihlWords: number;
  /** Differentiated services code point. RFC 2474 §3 */
  dscp: number;
  /** 0 not capable, 1 ECT(1), 2 ECT(0), 3 congestion experienced. RFC 3168 §5 */
  ecn: number;
  /** Header and data, bytes; 0 where the kernel's segmentation offload has not filled it in. RFC 791 §3.1 */
  totalLength: number;
  /** Shared by the fragments of one packet. RFC 791 §3.1, RFC 6864 */
  id: number;
  /** Three bits: see `Ipv4Flags`. RFC 791 §3.1 */
  flags: number;
  /** Where this fragment's data begins in the whole, in bytes (the wire counts units of 8). RFC 791 §3.1 */
  fragmentOffset: number;
  /** Hops left. RFC 791 §3.1, RFC 1812 §5.3.1 */
  ttl: number;
  /** What the payload is: see `IpProtocol`. RFC 791 §3.1 */
  protocol: number;
  /** Over the header alone. RFC 791 §3.1 */
  checksum: number;
  /** Source address. RFC 791 §3.1 */
  src: string;
  /** Destination address; with an unfinished source route the next hop of it. RFC 791 §3.1 */
  dst: string;
}

/** Units of 8 bytes on the wire, bytes outside. */
function inBytes(field: Field<number>): Field<number> {
  const { read, write } = field;
  return {
    ...field,
    read: (bytes, offset) => read(bytes, offset) << 3,
    write: (bytes, offset, value) => write(bytes, offset, value >>> 3),
  };
}

/** Masks for `flags`. */
export const Ipv4Flags = {
  /** More fragments follow. */
  MF: 1,
  /** Do not fragment. */
  DF: 2,
  /** Must be zero; kept as it came. */
  RESERVED: 4,
} as const;

export const ipv4Table: HeaderTable<Ipv4Fields> = headerTable<Ipv4Fields>('ipv4', 'RFC 791 §3.1', 20, {
  version: uint(0, 4, '§3.1'),
  ihlWords: uint(4, 4, '§3.1'),
  dscp: uint(8, 6, 'RFC 2474 §3'),
  ecn: uint(14, 2, 'RFC 3168 §5'),
  totalLength: uint(16, 16, '§3.1'),
  id: uint(32, 16, '§3.1, RFC 6864'),
  flags: flags(48, 3, '§3.1', Ipv4Flags),
  fragmentOffset: inBytes(uint(51, 13, '§3.1')),
  ttl: uint(64, 8, '§3.1'),
  protocol: named(uint(72, 8, '§3.1'), ipProtocolName),
  checksum: uint(80, 16, '§3.1'),
  src: ipv4Address(96, '§3.1'),
  dst: ipv4Address(128, '§3.1'),
});

// ------------------------------------------------------------------------------------------------------------- options

/** Option types by number (RFC 791 §3.1, RFC 2113; IANA "IPv4 Option Numbers", as of 2025-10-06). */
export const Ipv4OptionType = {
  END: 0,
  NOP: 1,
  RECORD_ROUTE: 7,
  TIMESTAMP: 68,
  LOOSE_SOURCE_ROUTE: 131,
  STRICT_SOURCE_ROUTE: 137,
  ROUTER_ALERT: 148,
} as const;

/** Record route, loose or strict source route. */
export interface RouteOption {
  readonly name: 'recordRoute' | 'looseSourceRoute' | 'strictSourceRoute';
  /** Where the next address is taken from or written to, counted from the option's first byte as 1; the first is 4. */
  readonly pointer: number;
  /** Every slot, used or not. */
  readonly addresses: readonly string[];
}

/** Internet timestamp. */
export interface TimestampOption {
  readonly name: 'timestamp';
  readonly pointer: number;
  /** Hosts that had no room. */
  readonly overflow: number;
  /** 0 times only, 1 each with its address, 3 only at the addresses given. */
  readonly flag: number;
  /** Milliseconds since midnight UT; the high bit marks another unit. */
  readonly entries: readonly { readonly address?: string; readonly time: number }[];
}

/** Routers should look at this packet (RFC 2113); 0 is the only value in use. */
export interface RouterAlertOption {
  readonly name: 'routerAlert';
  readonly value: number;
}

export type Ipv4Option = RouteOption | TimestampOption | RouterAlertOption | CommonOption;

/** Decode the options of a header; ends for any bytes, as `decodeTcpOptions`. */
export function decodeIpv4Options(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): Ipv4Option[] {
  return decodeOptionList<Ipv4Option>(bytes, offset, end, decodeOneOption);
}

const routeNames: Readonly<Record<number, RouteOption['name']>> = {
  [Ipv4OptionType.RECORD_ROUTE]: 'recordRoute',
  [Ipv4OptionType.LOOSE_SOURCE_ROUTE]: 'looseSourceRoute',
  [Ipv4OptionType.STRICT_SOURCE_ROUTE]: 'strictSourceRoute',
};

function decodeOneOption(type: number, bytes: Uint8Array, at: number, end: number): Ipv4Option | string | null {
  const length = end - at + 2;
  const name = routeNames[type];
  if (name !== undefined) {
    if (length < 3 || (length - 3) % 4 !== 0) return `${name}: expected a length of 3 and 4 an address, got ${length}`;
    const addresses: string[] = [];
    for (let i = at + 1; i < end; i += 4) addresses.push(formatIpv4Bytes(bytes, i));
    return { name, pointer: bytes[at]!, addresses };
  }
  if (type === Ipv4OptionType.TIMESTAMP) return decodeTimestamp(bytes, at, end);
  if (type === Ipv4OptionType.ROUTER_ALERT) {
    if (length !== 4) return `routerAlert: expected a length of 4, got ${length}`;
    return { name: 'routerAlert', value: readU16(bytes, at) };
  }
  return null;
}

function decodeTimestamp(bytes: Uint8Array, at: number, end: number): TimestampOption | string {
  const length = end - at + 2;
  if (length < 4) return `timestamp: expected a length of 4 or more, got ${length}`;
  const flag = bytes[at + 1]! & 15;
  const step = flag === 0 ? 4 : 8;
  if ((length - 4) % step !== 0) return `timestamp: expected a length of 4 and ${step} an entry, got ${length}`;
  const entries: { address?: string; time: number }[] = [];
  for (let i = at + 2; i < end; i += step) {
    entries.push(
      step === 4 ? { time: readU32(bytes, i) } : { address: formatIpv4Bytes(bytes, i), time: readU32(bytes, i + 4) },
    );
  }
  return { name: 'timestamp', pointer: bytes[at]!, overflow: bytes[at + 1]! >>> 4, flag, entries };
}

/** Encode an option list, filled up to whole words with end-of-list zeros; RangeError over 40 bytes. */
export function encodeIpv4Options(options: readonly Ipv4Option[]): Uint8Array {
  return joinOptions(options.map(encodeOneOption), 40, 'ipv4');
}

function addressBytes(text: string): Uint8Array {
  const value = parseIpv4(text);
  if (value === null) throw new TypeError(`addresses: expected an IPv4 address, got '${text}'`);
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, value);
  return bytes;
}

function encodeOneOption(option: Ipv4Option): Uint8Array {
  switch (option.name) {
    case 'recordRoute':
    case 'looseSourceRoute':
    case 'strictSourceRoute': {
      const type =
        option.name === 'recordRoute'
          ? Ipv4OptionType.RECORD_ROUTE
          : option.name === 'looseSourceRoute'
            ? Ipv4OptionType.LOOSE_SOURCE_ROUTE
            : Ipv4OptionType.STRICT_SOURCE_ROUTE;
      return encodeOption(type, concat([Uint8Array.of(option.pointer), ...option.addresses.map(addressBytes)]));
    }
    case 'timestamp': {
      const parts: Uint8Array[] = [Uint8Array.of(option.pointer, (option.overflow << 4) | option.flag)];
      for (const { address, time } of option.entries) {
        if (address !== undefined) parts.push(addressBytes(address));
        const word = new Uint8Array(4);
        writeU32(word, 0, time);
        parts.push(word);
      }
      return encodeOption(Ipv4OptionType.TIMESTAMP, concat(parts));
    }
    case 'routerAlert':
      return encodeOption(Ipv4OptionType.ROUTER_ALERT, Uint8Array.of(option.value >>> 8, option.value & 255));
    default:
      return encodeCommonOption(option)!;
  }
}

// ---------------------------------------------------------------------------------------------------------------- view

const Ipv4View: ViewClass<Ipv4Fields> = viewClass(ipv4Table);

/** A decoded IPv4 header; see `HeaderView` for how long it is good. */
export class Ipv4Header extends Ipv4View {
  get layer(): 'ipv4' {
    return 'ipv4';
  }

  /** Decoded on each call: keep the result. */
  get options(): readonly Ipv4Option[] {
    return decodeIpv4Options(this.bytes, this.headerOffset + 20, this.headerEnd);
  }

  /** Source address as a number, first byte on top. */
  get srcValue(): number {
    return readU32(this.bytes, this.headerOffset + 12);
  }

  /** Destination address as a number, first byte on top. */
  get dstValue(): number {
    return readU32(this.bytes, this.headerOffset + 16);
  }

  /** Part of a larger packet: more fragments follow, or some came before. */
  get isFragment(): boolean {
    return (readU16(this.bytes, this.headerOffset + 6) & 0x3fff) !== 0;
  }
}

/**
 * Decode one IPv4 header (RFC 791 §3.1); options when asked for.
 * @param bytes borrowed, read-only; bytes after `totalLength` (Ethernet padding) are left out of the payload
 * @param end where the captured bytes end
 * @param claimedEnd where they ended on the wire, when the capture was cut; counts only for a `totalLength` of 0
 * @returns a view, `truncated` when `totalLength` reaches past the bytes
 * Faults: TRUNCATED; BAD_VERSION; BAD_LENGTH (ihlWords under 5, totalLength under the header)
 */
export function decodeIpv4(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): Ipv4Header | DecodeFault {
  if (end - offset < 20) return fault('TRUNCATED', 'ipv4', 'header', offset, 20, end - offset);
  const first = bytes[offset]!;
  if (first >>> 4 !== 4) return fault('BAD_VERSION', 'ipv4', 'version', offset, 4, first >>> 4);
  const words = first & 15;
  if (words < 5) return fault('BAD_LENGTH', 'ipv4', 'ihlWords', offset, 5, words);
  const headerEnd = offset + 4 * words;
  let totalLength = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
  // Linux leaves 0 in packets over 64 KiB that the card is to cut (BIG TCP, segmentation offload): the link knows.
  if (totalLength === 0) totalLength = claimedEnd - offset;
  if (totalLength < 4 * words) return fault('BAD_LENGTH', 'ipv4', 'totalLength', offset + 2, 4 * words, totalLength);
  const packetEnd = offset + totalLength;
  if (headerEnd > end) return fault('TRUNCATED', 'ipv4', 'options', offset + 20, 4 * words, end - offset);
  return new Ipv4Header(bytes, offset, headerEnd, packetEnd < end ? packetEnd : end, packetEnd);
}

/** What `encodeIpv4` needs; the rest is filled in, or kept when given. */
export interface Ipv4Init extends Partial<Ipv4Fields> {
  src: string;
  dst: string;
  /** See `IpProtocol`. */
  protocol: number;
  options?: readonly Ipv4Option[];
}

/**
 * Encode header, options and payload as one packet. Lengths and checksum are computed where `init` does not give them;
 * ttl is 64, and the don't-fragment flag is set, as Linux sends TCP.
 * @param payload copied
 * @example
 * ```ts
 * import { encodeIpv4, encodeUdp, IpProtocol } from 'barewire/wire';
 * const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
 * const datagram = encodeUdp({ srcPort: 1000, dstPort: 53 }, Uint8Array.of(1), ends);
 * encodeIpv4({ ...ends, protocol: IpProtocol.UDP }, datagram).length; // 29
 * ```
 */
export function encodeIpv4(init: Ipv4Init, payload?: Uint8Array): Uint8Array {
  const options = init.options === undefined || init.options.length === 0 ? undefined : encodeIpv4Options(init.options);
  const headerBytes = 20 + (options?.length ?? 0);
  const bytes = new Uint8Array(headerBytes + (payload?.length ?? 0));
  if (options !== undefined) bytes.set(options, 20);
  if (payload !== undefined) bytes.set(payload, headerBytes);
  if (init.totalLength === undefined && bytes.length > 0xffff) {
    throw new RangeError(`payload: expected at most ${0xffff - headerBytes} bytes, got ${bytes.length - headerBytes}`);
  }
  writeIpv4Fields(init, bytes, 0, headerBytes, bytes.length);
  return bytes;
}

const table = ipv4Table.fields;

/** Write the fixed part at `offset`, options being there already, and its checksum unless `init` gives one. */
export function writeIpv4Fields(
  init: Ipv4Init,
  bytes: Uint8Array,
  offset: number,
  headerBytes: number,
  totalLength: number,
): void {
  table.version.write(bytes, offset, init.version ?? 4);
  table.ihlWords.write(bytes, offset, init.ihlWords ?? headerBytes >>> 2);
  table.dscp.write(bytes, offset, init.dscp ?? 0);
  table.ecn.write(bytes, offset, init.ecn ?? 0);
  table.totalLength.write(bytes, offset, init.totalLength ?? totalLength);
  table.id.write(bytes, offset, init.id ?? 0);
  table.flags.write(bytes, offset, init.flags ?? Ipv4Flags.DF);
  table.fragmentOffset.write(bytes, offset, init.fragmentOffset ?? 0);
  table.ttl.write(bytes, offset, init.ttl ?? 64);
  table.protocol.write(bytes, offset, init.protocol);
  table.checksum.write(bytes, offset, init.checksum ?? 0);
  table.src.write(bytes, offset, init.src);
  table.dst.write(bytes, offset, init.dst);
  if (init.checksum === undefined) writeU16(bytes, offset + 10, checksum(bytes, offset, offset + headerBytes));
}

// ------------------------------------------------------------------------------------------------------------ describe

/** What the packet carries beyond its addresses: `tos 0x2, ttl 64, id 1, flags [DF], proto TCP (6), length 60`. */
export function describeIpv4(ip: Ipv4Header): string {
  const bits = ip.flags;
  const marks = [
    (bits & Ipv4Flags.MF) === 0 ? '' : '+',
    (bits & Ipv4Flags.DF) === 0 ? '' : 'DF',
    (bits & Ipv4Flags.RESERVED) === 0 ? '' : 'rsvd',
  ].filter((mark) => mark !== '');
  const tos = (ip.dscp << 2) | ip.ecn;
  let text = `tos 0x${tos.toString(16)}, ttl ${ip.ttl}, id ${ip.id}, offset ${ip.fragmentOffset}`;
  text += `, flags [${marks.length === 0 ? 'none' : marks.join(', ')}]`;
  text += `, proto ${ipProtocolName(ip.protocol).toUpperCase()} (${ip.protocol}), length ${ip.totalLength}`;
  if (ip.headerEnd - ip.headerOffset > 20) text += `, options (${ip.options.map(describeOption).join(',')})`;
  return text;
}

function describeOption(option: Ipv4Option): string {
  switch (option.name) {
    case 'eol':
      return 'EOL';
    case 'nop':
      return 'NOP';
    case 'recordRoute':
      return `RR ${option.addresses.join(', ')}`;
    case 'looseSourceRoute':
      return `LSRR ${option.addresses.join(', ')}`;
    case 'strictSourceRoute':
      return `SSRR ${option.addresses.join(', ')}`;
    case 'timestamp':
      return `TS ${option.entries.map(({ address, time }) => (address === undefined ? time : `${address}@${time}`)).join(' ')}`;
    case 'routerAlert':
      return `RA value ${option.value}`;
    case 'unknown':
      return `unknown ${option.kind} 0x${toHex(option.data)}`;
    case 'malformed':
      return `[bad opt: ${option.note}]`;
  }
}
