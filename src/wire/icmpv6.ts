/** ICMP for IPv6 (RFC 4443) and neighbour discovery (RFC 4861). */

import { formatIpv6, parseIpv6 } from '../addr/ipv6.ts';
import { writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { Icmpv6Type, icmpv6TypeName, icmpv6UnreachableCodes } from './iana/icmp.ts';
import { IpProtocol } from './iana/protocols.ts';
import type { QuotedEnds } from './icmpv4.ts';
import { decodeMld, describeMld, type MldBody } from './mld.ts';
import { decodeNdOptions, describeNdOption, type NdOption } from './nd-options.ts';
import { type PseudoAddresses, pseudoSum } from './pseudo.ts';

/** The first eight bytes, in the order of the wire. */
export interface Icmpv6Fields {
  /** See `Icmpv6Type`; under 128 an error. RFC 4443 §2.1 */
  type: number;
  /** Narrows the type. RFC 4443 §2.1 */
  code: number;
  /** Over pseudo header and message. RFC 4443 §2.3 */
  checksum: number;
  /** Four bytes whose meaning is the type's: see the getters. RFC 4443 §3, §4, RFC 4861 §4 */
  rest: number;
}

export const icmpv6Table: HeaderTable<Icmpv6Fields> = headerTable<Icmpv6Fields>('icmpv6', 'RFC 4443 §2.1', 8, {
  type: named(uint(0, 8, '§2.1'), icmpv6TypeName),
  code: uint(8, 8, '§2.1'),
  checksum: uint(16, 16, '§2.3'),
  rest: uint(32, 32, '§3, §4, RFC 4861 §4'),
});

const Icmpv6View: ViewClass<Icmpv6Fields> = viewClass(icmpv6Table);

/** A decoded ICMPv6 message; see `HeaderView` for how long it is good. */
export class Icmpv6Message extends Icmpv6View {
  get layer(): 'icmpv6' {
    return 'icmpv6';
  }

  /** Identifier of an echo message. RFC 4443 §4.1 */
  get id(): number {
    return this.rest >>> 16;
  }

  /** Sequence number of the same. RFC 4443 §4.1 */
  get seq(): number {
    return this.rest & 0xffff;
  }

  /** What fits the next hop, for "packet too big". RFC 4443 §3.2 */
  get mtu(): number {
    return this.rest;
  }

  /** Which byte of the quoted packet a parameter problem is about. RFC 4443 §3.4 */
  get pointer(): number {
    return this.rest;
  }

  /** An error message, whose payload begins with the packet that caused it. RFC 4443 §2.1 */
  get isError(): boolean {
    return this.type < 128;
  }

  /** Whom a neighbour message or redirect is about; undefined for other types or when it is cut. RFC 4861 §4.3–4.5 */
  get target(): string | undefined {
    const { type } = this;
    if (type < Icmpv6Type.NEIGHBOR_SOLICITATION || type > Icmpv6Type.REDIRECT) return undefined;
    return this.payloadEnd - this.headerEnd < 16 ? undefined : formatIpv6(this.bytes, this.headerEnd);
  }

  /** Options of a neighbour discovery message, decoded on each call; none in other messages. RFC 4861 §4.6 */
  get options(): readonly NdOption[] {
    const start = ndOptionStart(this.type);
    return start === undefined ? [] : decodeNdOptions(this.bytes, this.headerEnd + start, this.payloadEnd);
  }

  /** Body of a multicast listener message, decoded on each call; undefined for other types. RFC 2710, RFC 3810 */
  get mld(): MldBody | DecodeFault | undefined {
    return decodeMld(this);
  }
}

/** Where options begin after the first eight bytes (RFC 4861 §4.1–4.5). */
function ndOptionStart(type: number): number | undefined {
  switch (type) {
    case Icmpv6Type.ROUTER_SOLICITATION:
      return 0;
    case Icmpv6Type.ROUTER_ADVERTISEMENT:
      return 8;
    case Icmpv6Type.NEIGHBOR_SOLICITATION:
    case Icmpv6Type.NEIGHBOR_ADVERTISEMENT:
      return 16;
    case Icmpv6Type.REDIRECT:
      return 32;
    default:
      return undefined;
  }
}

/** Decode one ICMPv6 message. Faults: TRUNCATED. */
export function decodeIcmpv6(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): Icmpv6Message | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'icmpv6', 'header', offset, 8, end - offset);
  return new Icmpv6Message(bytes, offset, offset + 8, end, claimedEnd);
}

/** What `encodeIcmpv6` needs. Of `rest` and the names for its parts, `rest` counts. */
export interface Icmpv6Init extends Partial<Icmpv6Fields> {
  type: number;
  id?: number;
  seq?: number;
  mtu?: number;
  pointer?: number;
  /** Written before `payload` for neighbour messages. */
  target?: string | undefined;
}

/**
 * Encode one ICMPv6 message.
 * @param payload echo data, options, or for an error the packet that caused it; copied
 * @param addresses for the checksum; without them it is left 0 unless `init.checksum` is given (a raw ICMPv6 socket's
 * kernel fills it in)
 */
export function encodeIcmpv6(init: Icmpv6Init, payload?: Uint8Array, addresses?: PseudoAddresses): Uint8Array {
  let target: Uint8Array | null = null;
  // A decoded message has its target in the payload already; only a plain object asks for it to be written.
  if (init.target !== undefined && !(init instanceof Icmpv6Message)) {
    target = parseIpv6(init.target);
    if (target === null) throw new TypeError(`target: expected an IPv6 address, got '${init.target}'`);
  }
  const start = 8 + (target?.length ?? 0);
  const bytes = new Uint8Array(start + (payload?.length ?? 0));
  if (target !== null) bytes.set(target, 8);
  if (payload !== undefined) bytes.set(payload, start);
  const table = icmpv6Table.fields;
  table.type.write(bytes, 0, init.type);
  table.code.write(bytes, 0, init.code ?? 0);
  table.checksum.write(bytes, 0, init.checksum ?? 0);
  const idAndSeq = (((init.id ?? 0) << 16) | ((init.seq ?? 0) & 0xffff)) >>> 0;
  table.rest.write(bytes, 0, init.rest ?? init.mtu ?? init.pointer ?? idAndSeq);
  if (init.checksum === undefined && addresses !== undefined) {
    const sum = pseudoSum(addresses, IpProtocol.ICMPV6, bytes.length);
    writeU16(bytes, 2, checksum(bytes, 0, bytes.length, sum));
  }
  return bytes;
}

/** One message in tcpdump's words: `ICMP6, echo request, id 1, seq 1, length 64`. */
export function describeIcmpv6(icmp: Icmpv6Message, quoted?: QuotedEnds): string {
  return `ICMP6, ${describeBody(icmp, quoted)}, length ${icmp.payloadSize + 8}`;
}

function describeBody(icmp: Icmpv6Message, quoted: QuotedEnds | undefined): string {
  const name = icmpv6TypeName(icmp.type);
  switch (icmp.type) {
    case Icmpv6Type.ECHO_REQUEST:
    case Icmpv6Type.ECHO_REPLY:
      return `${name}, id ${icmp.id}, seq ${icmp.seq}`;
    case Icmpv6Type.DESTINATION_UNREACHABLE: {
      const why = icmpv6UnreachableCodes[icmp.code] ?? `code ${icmp.code}`;
      if (quoted === undefined) return `${name}, ${why}`;
      return `${name}, ${why}, ${quoted.dst}${icmp.code === 4 && quoted.port !== undefined ? ` ${quoted.port}` : ''}`;
    }
    case Icmpv6Type.PACKET_TOO_BIG:
      return `${name}, mtu ${icmp.mtu}`;
    case Icmpv6Type.TIME_EXCEEDED:
      return icmp.code === 0 ? `${name} in-transit for ${quoted?.dst ?? '?'}` : 'ip reassembly time exceeded';
    case Icmpv6Type.PARAMETER_PROBLEM: {
      const what = ['erroneous', 'next header', 'option'][icmp.code] ?? `code ${icmp.code}`;
      return `${name}, ${what} - octet ${icmp.pointer}`;
    }
    case Icmpv6Type.NEIGHBOR_SOLICITATION:
      return `${name}, who has ${icmp.target ?? '?'}${describeOptions(icmp)}`;
    case Icmpv6Type.NEIGHBOR_ADVERTISEMENT:
      return `${name}, tgt is ${icmp.target ?? '?'}${describeOptions(icmp)}`;
    case Icmpv6Type.REDIRECT: {
      const dst = icmp.payloadEnd - icmp.headerEnd < 32 ? '?' : formatIpv6(icmp.bytes, icmp.headerEnd + 16);
      return `${name}, ${dst} to ${icmp.target ?? '?'}`;
    }
    case Icmpv6Type.ROUTER_ADVERTISEMENT:
      return `${name}, hop limit ${icmp.rest >>> 24}, router lifetime ${icmp.rest & 0xffff}s${describeOptions(icmp)}`;
    case Icmpv6Type.ROUTER_SOLICITATION:
      return `${name}${describeOptions(icmp)}`;
    case Icmpv6Type.MLD_QUERY:
    case Icmpv6Type.MLD_REPORT:
    case Icmpv6Type.MLD_DONE:
    case Icmpv6Type.MLDV2_REPORT:
      return describeListener(icmp);
    default:
      return icmp.code === 0 ? name : `${name}, code ${icmp.code}`;
  }
}

function describeOptions(icmp: Icmpv6Message): string {
  return icmp.options.map(describeNdOption).join('');
}

function describeListener(icmp: Icmpv6Message): string {
  const body = icmp.mld;
  return body === undefined || 'code' in body ? `${icmpv6TypeName(icmp.type)} [|mld]` : describeMld(body);
}
