/** ICMP for IPv4 (RFC 792, RFC 1191 §4 for the next-hop MTU, RFC 1122 §3.2.2). */

import { formatIpv4, parseIpv4 } from '../addr/ipv4.ts';
import { readU16, writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { Icmpv4Type, icmpv4TypeName, icmpv4UnreachableCodes } from './iana/icmp.ts';

/** The first eight bytes, in the order of the wire. */
export interface Icmpv4Fields {
  /** See `Icmpv4Type`. RFC 792 */
  type: number;
  /** Narrows the type. RFC 792 */
  code: number;
  /** Over the whole message. RFC 792 */
  checksum: number;
  /** Four bytes whose meaning is the type's: see the getters. RFC 792 */
  rest: number;
}

export const icmpv4Table: HeaderTable<Icmpv4Fields> = headerTable<Icmpv4Fields>('icmpv4', 'RFC 792', 8, {
  type: named(uint(0, 8, 'Message Formats'), icmpv4TypeName),
  code: uint(8, 8, 'Message Formats'),
  checksum: uint(16, 16, 'Message Formats'),
  rest: uint(32, 32, 'Message Formats'),
});

const Icmpv4View: ViewClass<Icmpv4Fields> = viewClass(icmpv4Table);

/** A decoded ICMP message; see `HeaderView` for how long it is good. */
export class Icmpv4Message extends Icmpv4View {
  get layer(): 'icmpv4' {
    return 'icmpv4';
  }

  /** Identifier of an echo, timestamp, information or mask message. RFC 792 */
  get id(): number {
    return this.rest >>> 16;
  }

  /** Sequence number of the same. RFC 792 */
  get seq(): number {
    return this.rest & 0xffff;
  }

  /** Where a redirect points. RFC 792 */
  get gateway(): string {
    return formatIpv4(this.rest);
  }

  /** What fits the next hop, for "fragmentation needed"; 0 from routers older than RFC 1191. RFC 1191 §4 */
  get nextHopMtu(): number {
    return this.rest & 0xffff;
  }

  /** Which byte of the quoted packet a parameter problem is about. RFC 792 */
  get pointer(): number {
    return this.rest >>> 24;
  }

  /** An error message, whose payload begins with the packet that caused it. RFC 1122 §3.2.2 */
  get isError(): boolean {
    return isIcmpv4Error(this.type);
  }
}

/** Destination unreachable, source quench, redirect, time exceeded, parameter problem. RFC 1122 §3.2.2 */
export function isIcmpv4Error(type: number): boolean {
  return type === 3 || type === 4 || type === 5 || type === 11 || type === 12;
}

/** Decode one ICMP message. Faults: TRUNCATED. */
export function decodeIcmpv4(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): Icmpv4Message | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'icmpv4', 'header', offset, 8, end - offset);
  return new Icmpv4Message(bytes, offset, offset + 8, end, claimedEnd);
}

/** What `encodeIcmpv4` needs. Of `rest` and the names for its parts, `rest` counts. */
export interface Icmpv4Init extends Partial<Icmpv4Fields> {
  type: number;
  id?: number;
  seq?: number;
  gateway?: string;
  nextHopMtu?: number;
  pointer?: number;
}

/**
 * Encode one ICMP message; the checksum is computed unless `init` gives one.
 * @param payload echo data, or for an error the packet that caused it; copied
 * @example
 * ```ts
 * import { encodeIcmpv4, Icmpv4Type } from 'barewire/wire';
 * encodeIcmpv4({ type: Icmpv4Type.ECHO_REQUEST, id: 7, seq: 1 }, new Uint8Array(56)).length; // 64
 * ```
 */
export function encodeIcmpv4(init: Icmpv4Init, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  if (payload !== undefined) bytes.set(payload, 8);
  const table = icmpv4Table.fields;
  table.type.write(bytes, 0, init.type);
  table.code.write(bytes, 0, init.code ?? 0);
  table.checksum.write(bytes, 0, init.checksum ?? 0);
  table.rest.write(bytes, 0, init.rest ?? restOf(init));
  if (init.checksum === undefined) writeU16(bytes, 2, checksum(bytes));
  return bytes;
}

function restOf(init: Icmpv4Init): number {
  if (init.gateway !== undefined) {
    const value = parseIpv4(init.gateway);
    if (value === null) throw new TypeError(`gateway: expected an IPv4 address, got '${init.gateway}'`);
    return value;
  }
  if (init.pointer !== undefined) return (init.pointer << 24) >>> 0;
  return (((init.id ?? 0) << 16) | ((init.nextHopMtu ?? init.seq ?? 0) & 0xffff)) >>> 0;
}

/** What the packet quoted in an error says, as far as `describe` needs it. */
export interface QuotedEnds {
  readonly dst: string;
  /** `udp port 33434` or `tcp port 80` when the quote reaches that far. */
  readonly port?: string;
  readonly protocol: string;
}

/** One message in tcpdump's words: `ICMP echo request, id 1, seq 1, length 64`. */
export function describeIcmpv4(icmp: Icmpv4Message, quoted?: QuotedEnds): string {
  return `ICMP ${describeBody(icmp, quoted)}, length ${icmp.payloadSize + 8}`;
}

function describeBody(icmp: Icmpv4Message, quoted: QuotedEnds | undefined): string {
  switch (icmp.type) {
    case Icmpv4Type.ECHO_REQUEST:
    case Icmpv4Type.ECHO_REPLY:
      return `${icmpv4TypeName(icmp.type)}, id ${icmp.id}, seq ${icmp.seq}`;
    case Icmpv4Type.DESTINATION_UNREACHABLE:
      return describeUnreachable(icmp, quoted);
    case Icmpv4Type.REDIRECT: {
      const what = ['net', 'host', 'net TOS', 'host TOS'][icmp.code] ?? `code ${icmp.code}`;
      return `redirect ${quoted?.dst ?? '?'} to ${what} ${icmp.gateway}`;
    }
    case Icmpv4Type.TIME_EXCEEDED:
      return icmp.code === 0
        ? 'time exceeded in-transit'
        : icmp.code === 1
          ? 'ip reassembly time exceeded'
          : `time exceeded, code ${icmp.code}`;
    case Icmpv4Type.PARAMETER_PROBLEM:
      return `parameter problem - octet ${icmp.pointer}`;
    default:
      return icmp.code === 0 ? icmpv4TypeName(icmp.type) : `${icmpv4TypeName(icmp.type)}, code ${icmp.code}`;
  }
}

function describeUnreachable(icmp: Icmpv4Message, quoted: QuotedEnds | undefined): string {
  if (quoted === undefined) return icmpv4UnreachableCodes[icmp.code] ?? `unreachable, code ${icmp.code}`;
  switch (icmp.code) {
    case 0:
      return `net ${quoted.dst} unreachable`;
    case 1:
      return `host ${quoted.dst} unreachable`;
    case 2:
      return `${quoted.dst} protocol ${quoted.protocol} unreachable`;
    case 3:
      return `${quoted.dst} ${quoted.port ?? `${quoted.protocol} port`} unreachable`;
    case 4: {
      const mtu = readU16(icmp.bytes, icmp.headerOffset + 6);
      return `${quoted.dst} unreachable - need to frag${mtu === 0 ? '' : ` (mtu ${mtu})`}`;
    }
    default:
      return `host ${quoted.dst} unreachable - ${icmpv4UnreachableCodes[icmp.code] ?? `code ${icmp.code}`}`;
  }
}
