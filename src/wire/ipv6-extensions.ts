/**
 * IPv6 extension headers (RFC 8200 §4): hop-by-hop and destination options, routing, fragment, and authentication
 * (RFC 4302); ESP (RFC 4303), where reading ends because all that follows is encrypted.
 */

import { formatIpv6 } from '../addr/ipv6.ts';
import { concat, readU16, readU32, toHex, writeU16, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type Field, type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { ipProtocolName } from './iana/protocols.ts';

// ------------------------------------------------------------------------------------ hop-by-hop, destination options

/** What every extension header but fragment and ESP begins with. */
export interface ExtensionFields {
  /** What follows this header. RFC 8200 §4 */
  nextHeader: number;
  /** Length in units of 8 bytes, not counting the first 8. RFC 8200 §4.3 */
  extensionLength: number;
}

/** Option types (RFC 8200 §4.2, RFC 2711, RFC 2675; IANA "IPv6 Parameters", as of 2025-10-06). */
export const Ipv6OptionType = { PAD1: 0, PADN: 1, ROUTER_ALERT: 5, JUMBO_PAYLOAD: 0xc2 } as const;

export type Ipv6Option =
  | { readonly name: 'pad1' }
  | { readonly name: 'padN'; readonly data: Uint8Array }
  | { readonly name: 'routerAlert'; readonly value: number }
  /** Bytes after the IPv6 header, over 65,535. */
  | { readonly name: 'jumboPayload'; readonly length: number }
  /** The two high bits of `kind` say what a node that does not know it does: 0 skip, else discard. RFC 8200 §4.2 */
  | { readonly name: 'unknown'; readonly kind: number; readonly data: Uint8Array }
  | { readonly name: 'malformed'; readonly data: Uint8Array; readonly note: string };

/** Decode the options of a hop-by-hop or destination options header; ends for any bytes. */
export function decodeIpv6Options(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): Ipv6Option[] {
  const options: Ipv6Option[] = [];
  let at = offset;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === Ipv6OptionType.PAD1) {
      options.push({ name: 'pad1' });
      at++;
      continue;
    }
    const dataEnd = at + 2 + (bytes[at + 1] ?? 0);
    if (at + 2 > end || dataEnd > end) {
      options.push({ name: 'malformed', data: bytes.slice(at, end), note: `option ${kind} reaches past the header` });
      break;
    }
    const length = dataEnd - at - 2;
    if (kind === Ipv6OptionType.PADN) options.push({ name: 'padN', data: bytes.slice(at + 2, dataEnd) });
    else if (kind === Ipv6OptionType.ROUTER_ALERT && length === 2) {
      options.push({ name: 'routerAlert', value: readU16(bytes, at + 2) });
    } else if (kind === Ipv6OptionType.JUMBO_PAYLOAD && length === 4) {
      options.push({ name: 'jumboPayload', length: readU32(bytes, at + 2) });
    } else options.push({ name: 'unknown', kind, data: bytes.slice(at + 2, dataEnd) });
    at = dataEnd;
  }
  return options;
}

/** Encode options as they are: put padding where alignment is wanted. The header is filled up with one PadN or Pad1. */
export function encodeIpv6Options(options: readonly Ipv6Option[]): Uint8Array {
  return concat(options.map(encodeIpv6Option));
}

function encodeIpv6Option(option: Ipv6Option): Uint8Array {
  switch (option.name) {
    case 'pad1':
      return Uint8Array.of(0);
    case 'padN':
      return concat([Uint8Array.of(Ipv6OptionType.PADN, option.data.length), option.data]);
    case 'routerAlert': {
      const bytes = Uint8Array.of(Ipv6OptionType.ROUTER_ALERT, 2, 0, 0);
      writeU16(bytes, 2, option.value);
      return bytes;
    }
    case 'jumboPayload': {
      const bytes = Uint8Array.of(Ipv6OptionType.JUMBO_PAYLOAD, 4, 0, 0, 0, 0);
      writeU32(bytes, 2, option.length);
      return bytes;
    }
    case 'unknown':
      return concat([Uint8Array.of(option.kind, option.data.length), option.data]);
    case 'malformed':
      return option.data;
  }
}

const optionsHeaderFields = {
  nextHeader: named(uint(0, 8, '§4.3'), ipProtocolName),
  extensionLength: uint(8, 8, '§4.3'),
};

export const hopByHopTable: HeaderTable<ExtensionFields> = headerTable<ExtensionFields>(
  'hop-by-hop',
  'RFC 8200 §4.3',
  2,
  optionsHeaderFields,
);
export const destinationOptionsTable: HeaderTable<ExtensionFields> = headerTable<ExtensionFields>(
  'destination-options',
  'RFC 8200 §4.6',
  2,
  optionsHeaderFields,
);

const HopByHopView: ViewClass<ExtensionFields> = viewClass(hopByHopTable);
const DestinationOptionsView: ViewClass<ExtensionFields> = viewClass(destinationOptionsTable);

/** A decoded hop-by-hop options header (RFC 8200 §4.3). */
export class HopByHopHeader extends HopByHopView {
  get layer(): 'hop-by-hop' {
    return 'hop-by-hop';
  }

  /** Decoded on each call. */
  get options(): readonly Ipv6Option[] {
    return decodeIpv6Options(this.bytes, this.headerOffset + 2, this.headerEnd);
  }
}

/** A decoded destination options header (RFC 8200 §4.6). */
export class DestinationOptionsHeader extends DestinationOptionsView {
  get layer(): 'destination-options' {
    return 'destination-options';
  }

  /** Decoded on each call. */
  get options(): readonly Ipv6Option[] {
    return decodeIpv6Options(this.bytes, this.headerOffset + 2, this.headerEnd);
  }
}

/** End of an extension header whose length counts units of `unit` bytes and leaves out `extra` bytes, or a fault. */
function extensionEnd(
  layer: string,
  bytes: Uint8Array,
  offset: number,
  end: number,
  claimedEnd: number,
  unit: number,
): number | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', layer, 'header', offset, 8, end - offset);
  const length = unit === 8 ? 8 * (bytes[offset + 1]! + 1) : 4 * (bytes[offset + 1]! + 2);
  if (offset + length > claimedEnd) {
    return fault('BAD_LENGTH', layer, 'extensionLength', offset + 1, length, claimedEnd - offset);
  }
  if (offset + length > end) return fault('TRUNCATED', layer, 'header', offset, length, end - offset);
  return offset + length;
}

/** Decode a hop-by-hop options header. Faults: TRUNCATED; BAD_LENGTH (past the end of the packet). */
export function decodeHopByHop(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): HopByHopHeader | DecodeFault {
  const headerEnd = extensionEnd('hop-by-hop', bytes, offset, end, claimedEnd, 8);
  return typeof headerEnd === 'number' ? new HopByHopHeader(bytes, offset, headerEnd, end, claimedEnd) : headerEnd;
}

/** Decode a destination options header. Faults: TRUNCATED; BAD_LENGTH (past the end of the packet). */
export function decodeDestinationOptions(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): DestinationOptionsHeader | DecodeFault {
  const headerEnd = extensionEnd('destination-options', bytes, offset, end, claimedEnd, 8);
  if (typeof headerEnd !== 'number') return headerEnd;
  return new DestinationOptionsHeader(bytes, offset, headerEnd, end, claimedEnd);
}

/** Encode an options header of either sort, filled up to a multiple of 8 bytes, and what follows it. */
export function encodeOptionsHeader(
  init: { readonly nextHeader: number; readonly options: readonly Ipv6Option[]; readonly extensionLength?: number },
  payload?: Uint8Array,
): Uint8Array {
  const list = encodeIpv6Options(init.options);
  const headerBytes = (2 + list.length + 7) & ~7;
  const bytes = new Uint8Array(headerBytes + (payload?.length ?? 0));
  bytes[0] = init.nextHeader;
  bytes[1] = init.extensionLength ?? headerBytes / 8 - 1;
  bytes.set(list, 2);
  const left = headerBytes - 2 - list.length;
  // RFC 8200 §4.2: Pad1 for one byte, PadN for more.
  if (left >= 2) bytes.set([Ipv6OptionType.PADN, left - 2], 2 + list.length);
  if (payload !== undefined) bytes.set(payload, headerBytes);
  return bytes;
}

// -------------------------------------------------------------------------------------------------------------- routing

/** RFC 8200 §4.4: the four bytes that all routing types share. */
export interface RoutingFields extends ExtensionFields {
  /** 0 (deprecated, RFC 5095), 2 (RFC 6275), 3 (RFC 6554), 4 segment routing (RFC 8754). */
  routingType: number;
  /** Nodes still to visit. */
  segmentsLeft: number;
}

export const routingTable: HeaderTable<RoutingFields> = headerTable<RoutingFields>('routing', 'RFC 8200 §4.4', 4, {
  nextHeader: named(uint(0, 8, '§4.4'), ipProtocolName),
  extensionLength: uint(8, 8, '§4.4'),
  routingType: uint(16, 8, '§4.4'),
  segmentsLeft: uint(24, 8, '§4.4'),
});

const RoutingView: ViewClass<RoutingFields> = viewClass(routingTable);

/** A decoded routing header. */
export class RoutingHeader extends RoutingView {
  get layer(): 'routing' {
    return 'routing';
  }

  /** Whole addresses after the first 8 bytes; means something for types 0, 2 and 4. */
  get addresses(): readonly string[] {
    const list: string[] = [];
    // Type 4 may have more after its list; byte 4 is the index of the last entry (RFC 8754 §2).
    const most = this.routingType === 4 ? this.bytes[this.headerOffset + 4]! + 1 : 128;
    for (let at = this.headerOffset + 8; at + 16 <= this.headerEnd && list.length < most; at += 16) {
      list.push(formatIpv6(this.bytes, at));
    }
    return list;
  }

  /** Where the packet ends up, for the pseudo header (RFC 8200 §8.1); undefined when the IPv6 header already says so. */
  get finalDestination(): string | undefined {
    if (this.segmentsLeft === 0) return undefined;
    const list = this.addresses;
    // RFC 8754 §2: the segment list is in reverse order.
    if (this.routingType === 4) return list[0];
    return this.routingType === 0 || this.routingType === 2 ? list.at(-1) : undefined;
  }
}

/** Decode a routing header. Faults: TRUNCATED; BAD_LENGTH (past the end of the packet). */
export function decodeRouting(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): RoutingHeader | DecodeFault {
  const headerEnd = extensionEnd('routing', bytes, offset, end, claimedEnd, 8);
  return typeof headerEnd === 'number' ? new RoutingHeader(bytes, offset, headerEnd, end, claimedEnd) : headerEnd;
}

// ------------------------------------------------------------------------------------------------------------- fragment

/** RFC 8200 §4.5, in the order of the wire. */
export interface FragmentFields {
  /** What the fragmentable part begins with. RFC 8200 §4.5 */
  nextHeader: number;
  /** Kept as it came. RFC 8200 §4.5 */
  reserved: number;
  /** Where this fragment's data begins in the whole, in bytes (the wire counts units of 8). RFC 8200 §4.5 */
  fragmentOffset: number;
  /** Kept as it came. RFC 8200 §4.5 */
  reserved2: number;
  /** 1 when more fragments follow. RFC 8200 §4.5 */
  moreFragments: number;
  /** Shared by the fragments of one packet. RFC 8200 §4.5 */
  id: number;
}

const fragmentUnits = uint(16, 13, '§4.5');
const fragmentOffset: Field<number> = {
  ...fragmentUnits,
  read: (bytes, offset) => fragmentUnits.read(bytes, offset) << 3,
  write: (bytes, offset, value) => fragmentUnits.write(bytes, offset, value >>> 3),
};

export const fragmentTable: HeaderTable<FragmentFields> = headerTable<FragmentFields>('fragment', 'RFC 8200 §4.5', 8, {
  nextHeader: named(uint(0, 8, '§4.5'), ipProtocolName),
  reserved: uint(8, 8, '§4.5'),
  fragmentOffset,
  reserved2: uint(29, 2, '§4.5'),
  moreFragments: uint(31, 1, '§4.5'),
  id: uint(32, 32, '§4.5'),
});

const FragmentView: ViewClass<FragmentFields> = viewClass(fragmentTable);

/** A decoded fragment header. */
export class FragmentHeader extends FragmentView {
  get layer(): 'fragment' {
    return 'fragment';
  }
}

/** Decode a fragment header. Faults: TRUNCATED. */
export function decodeFragment(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): FragmentHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'fragment', 'header', offset, 8, end - offset);
  return new FragmentHeader(bytes, offset, offset + 8, end, claimedEnd);
}

/** Encode a fragment header and its data. */
export function encodeFragment(
  init: Partial<FragmentFields> & { nextHeader: number; id: number },
  payload?: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  const table = fragmentTable.fields;
  table.nextHeader.write(bytes, 0, init.nextHeader);
  table.reserved.write(bytes, 0, init.reserved ?? 0);
  table.fragmentOffset.write(bytes, 0, init.fragmentOffset ?? 0);
  table.reserved2.write(bytes, 0, init.reserved2 ?? 0);
  table.moreFragments.write(bytes, 0, init.moreFragments ?? 0);
  table.id.write(bytes, 0, init.id);
  if (payload !== undefined) bytes.set(payload, 8);
  return bytes;
}

// ---------------------------------------------------------------------------------------------------------- AH and ESP

/** RFC 4302 §2: the fixed part; the integrity check value follows. */
export interface AuthenticationFields {
  /** What follows this header. RFC 4302 §2.1 */
  nextHeader: number;
  /** Length in units of 4 bytes, less 2: not like the others. RFC 4302 §2.2 */
  extensionLength: number;
  /** Kept as it came. RFC 4302 §2.3 */
  reserved: number;
  /** Security parameters index. RFC 4302 §2.4 */
  spi: number;
  /** Counts up with each packet. RFC 4302 §2.5 */
  sequence: number;
}

export const authenticationTable: HeaderTable<AuthenticationFields> = headerTable<AuthenticationFields>(
  'authentication',
  'RFC 4302 §2',
  12,
  {
    nextHeader: named(uint(0, 8, '§2.1'), ipProtocolName),
    extensionLength: uint(8, 8, '§2.2'),
    reserved: uint(16, 16, '§2.3'),
    spi: uint(32, 32, '§2.4'),
    sequence: uint(64, 32, '§2.5'),
  },
);

const AuthenticationView: ViewClass<AuthenticationFields> = viewClass(authenticationTable);

/** A decoded authentication header. */
export class AuthenticationHeader extends AuthenticationView {
  get layer(): 'authentication' {
    return 'authentication';
  }
}

/** Decode an authentication header. Faults: TRUNCATED; BAD_LENGTH (under 12 bytes, or past the end of the packet). */
export function decodeAuthentication(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): AuthenticationHeader | DecodeFault {
  if (end - offset < 12) return fault('TRUNCATED', 'authentication', 'header', offset, 12, end - offset);
  const headerEnd = extensionEnd('authentication', bytes, offset, end, claimedEnd, 4);
  if (typeof headerEnd !== 'number') return headerEnd;
  if (headerEnd - offset < 12) {
    return fault('BAD_LENGTH', 'authentication', 'extensionLength', offset + 1, 12, headerEnd - offset);
  }
  return new AuthenticationHeader(bytes, offset, headerEnd, end, claimedEnd);
}

/**
 * Encode an authentication header and what follows it.
 * @param icv integrity check value, as the algorithm gave it; whole words
 */
export function encodeAuthentication(
  init: Partial<AuthenticationFields> & { nextHeader: number; spi: number; sequence: number },
  icv: Uint8Array,
  payload?: Uint8Array,
): Uint8Array {
  if (icv.length % 4 !== 0) throw new RangeError(`icv: expected whole words, got ${icv.length} bytes`);
  const bytes = new Uint8Array(12 + icv.length + (payload?.length ?? 0));
  const table = authenticationTable.fields;
  table.nextHeader.write(bytes, 0, init.nextHeader);
  table.extensionLength.write(bytes, 0, init.extensionLength ?? 1 + icv.length / 4);
  table.reserved.write(bytes, 0, init.reserved ?? 0);
  table.spi.write(bytes, 0, init.spi);
  table.sequence.write(bytes, 0, init.sequence);
  bytes.set(icv, 12);
  if (payload !== undefined) bytes.set(payload, 12 + icv.length);
  return bytes;
}

/** RFC 4303 §2: all that can be read without the key. */
export interface EspFields {
  /** Security parameters index. RFC 4303 §2.1 */
  spi: number;
  /** Counts up with each packet. RFC 4303 §2.2 */
  sequence: number;
}

export const espTable: HeaderTable<EspFields> = headerTable<EspFields>('esp', 'RFC 4303 §2', 8, {
  spi: uint(0, 32, '§2.1'),
  sequence: uint(32, 32, '§2.2'),
});

const EspView: ViewClass<EspFields> = viewClass(espTable);

/** A decoded ESP header. */
export class EspHeader extends EspView {
  get layer(): 'esp' {
    return 'esp';
  }
}

/** Decode an ESP header. Faults: TRUNCATED. */
export function decodeEsp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): EspHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'esp', 'header', offset, 8, end - offset);
  return new EspHeader(bytes, offset, offset + 8, end, claimedEnd);
}

/** Encode an ESP header and the encrypted bytes behind it. */
export function encodeEsp(init: EspFields, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  espTable.fields.spi.write(bytes, 0, init.spi);
  espTable.fields.sequence.write(bytes, 0, init.sequence);
  if (payload !== undefined) bytes.set(payload, 8);
  return bytes;
}

// ------------------------------------------------------------------------------------------------------------ describe

export type Ipv6Extension =
  | HopByHopHeader
  | DestinationOptionsHeader
  | RoutingHeader
  | FragmentHeader
  | AuthenticationHeader
  | EspHeader;

/** tcpdump's short names: `HBH`, `DSTOPT`, `srcrt (len=2, type=0, segleft=1)`, `frag (0|1448)`. */
export function describeIpv6Extension(header: Ipv6Extension): string {
  switch (header.layer) {
    case 'hop-by-hop':
    case 'destination-options': {
      const name = header.layer === 'hop-by-hop' ? 'HBH' : 'DSTOPT';
      const words = header.options
        .filter(({ name }) => name !== 'pad1' && name !== 'padN')
        .map((option) => {
          if (option.name === 'routerAlert') return `(rtalert: 0x${option.value.toString(16).padStart(4, '0')})`;
          if (option.name === 'jumboPayload') return `(jumbo: ${option.length})`;
          if (option.name === 'unknown')
            return `(opt_type 0x${option.kind.toString(16).padStart(2, '0')}: len=${option.data.length})`;
          return option.name === 'malformed' ? `[bad opt: ${option.note}]` : '';
        });
      return [name, ...words].join(' ');
    }
    case 'routing':
      return `srcrt (len=${header.extensionLength}, type=${header.routingType}, segleft=${header.segmentsLeft})`;
    case 'fragment':
      return `frag (${header.fragmentOffset}|${header.payloadSize})`;
    case 'authentication': {
      const icv = header.bytes.subarray(header.headerOffset + 12, header.headerEnd);
      return `AH(spi=0x${hex32(header.spi)},seq=0x${header.sequence.toString(16)},icv=0x${toHex(icv)})`;
    }
    case 'esp':
      return `ESP(spi=0x${hex32(header.spi)},seq=0x${header.sequence.toString(16)}), length ${header.payloadSize + 8}`;
  }
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** `udp fragment, offset 1480, length 100`: what is said of a fragment that is not the first. */
export function describeLaterFragment(protocol: number, offset: number, length: number): string {
  return `${ipProtocolName(protocol)} fragment, offset ${offset}, length ${length}`;
}
