/**
 * Extension objects behind the packet that an ICMP error quotes (RFC 4884), with the MPLS label stack (RFC 4950) and
 * the interface it came in on (RFC 5837 §4.1, kept raw but for its class). traceroute shows them.
 */
import { concat, readU16, writeU16 } from '../core/bytes.ts';
import { checksum, sum16 } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import type { Icmpv4Message } from './icmpv4.ts';
import type { Icmpv6Message } from './icmpv6.ts';
import { encodeMplsLabels, type MplsLabel, readMplsLabel } from './mpls.ts';

/** IANA "ICMP Extension Object Classes". */
export const IcmpExtensionClass = {
  MPLS_LABEL_STACK: 1,
  INTERFACE_INFORMATION: 2,
  INTERFACE_IDENTIFICATION: 3,
} as const;

/** RFC 4884 §8 */
export type IcmpExtensionObject =
  /** The labels that the packet came with, outermost first. RFC 4950 §3 */
  | { readonly name: 'mpls'; readonly labels: readonly MplsLabel[] }
  /** `classNumber` and `type` (C-Type) say what `data` is. */
  | { readonly name: 'unknown'; readonly classNumber: number; readonly type: number; readonly data: Uint8Array };

/** The extension structure of one message. RFC 4884 §7 */
export interface IcmpExtensions {
  readonly ok: true;
  /** Where it begins in the message's bytes: the quoted packet, zeros included, ends here. */
  readonly offset: number;
  readonly checksum: number;
  /** A checksum of zero says that there is none. */
  readonly checksumState: 'good' | 'bad' | 'absent';
  readonly objects: readonly IcmpExtensionObject[];
}

/** RFC 4884 §5.5: senders from before the length field put the extensions after 128 bytes. */
const LEGACY_QUOTE_BYTES = 128;

/**
 * The extensions of an ICMP error, when it has any.
 * @returns undefined for messages without
 * Faults: TRUNCATED; BAD_LENGTH (quote under 128 bytes or past the end; an object under 4 or past the end);
 * BAD_VERSION (not 2)
 */
export function decodeIcmpExtensions(icmp: Icmpv4Message | Icmpv6Message): IcmpExtensions | DecodeFault | undefined {
  const found = extensionOffset(icmp);
  if (found === undefined || typeof found !== 'number') return found;
  const { bytes, payloadEnd: end } = icmp;
  if (found + 4 > end) return fault('TRUNCATED', 'icmp-extensions', 'header', found, 4, end - found);
  const version = bytes[found]! >>> 4;
  if (version !== 2) return fault('BAD_VERSION', 'icmp-extensions', 'version', found, 2, version);
  const objects: IcmpExtensionObject[] = [];
  let at = found + 4;
  while (at < end) {
    if (at + 4 > end) return fault('TRUNCATED', 'icmp-extensions', 'object', at, 4, end - at);
    const length = readU16(bytes, at);
    if (length < 4) return fault('BAD_LENGTH', 'icmp-extensions', 'length', at, 4, length);
    if (at + length > end) return fault('TRUNCATED', 'icmp-extensions', 'object', at, length, end - at);
    objects.push(decodeObject(bytes, at, at + length));
    at += length;
  }
  const sum = readU16(bytes, found + 2);
  const state = sum === 0 ? 'absent' : sum16(bytes, found, end) === 0xffff ? 'good' : 'bad';
  return { ok: true, offset: found, checksum: sum, checksumState: state, objects };
}

/** Where the extensions begin: by the length field, or after 128 bytes when what stands there checks as extensions. */
function extensionOffset(icmp: Icmpv4Message | Icmpv6Message): number | DecodeFault | undefined {
  const { type, bytes, headerEnd: at, payloadEnd: end } = icmp;
  // RFC 4884 §4: only these messages may carry extensions; in others the byte is something else.
  const four = icmp.layer === 'icmpv4';
  if (four ? type !== 3 && type !== 11 && type !== 12 : type !== 1 && type !== 3) return undefined;
  // RFC 4884 §4.1, §4.4: words of 32 bits in the second byte for IPv4, of 64 bits in the first for IPv6.
  const length = four ? 4 * bytes[icmp.headerOffset + 5]! : 8 * bytes[icmp.headerOffset + 4]!;
  if (length > 0) {
    const field = icmp.headerOffset + (four ? 5 : 4);
    if (length < LEGACY_QUOTE_BYTES) {
      return fault('BAD_LENGTH', 'icmp-extensions', 'quoteLength', field, LEGACY_QUOTE_BYTES, length);
    }
    if (at + length > end) return fault('TRUNCATED', 'icmp-extensions', 'quote', at, length, end - at);
    return at + length === end ? undefined : at + length;
  }
  const legacy = at + LEGACY_QUOTE_BYTES;
  // Without the length field only version and checksum tell extensions from a long quote: both have to be right.
  if (legacy + 8 > end || icmp.truncated || bytes[legacy] !== 0x20 || readU16(bytes, legacy + 2) === 0)
    return undefined;
  return sum16(bytes, legacy, end) === 0xffff ? legacy : undefined;
}

function decodeObject(bytes: Uint8Array, at: number, end: number): IcmpExtensionObject {
  const classNumber = bytes[at + 2]!;
  const type = bytes[at + 3]!;
  if (classNumber === IcmpExtensionClass.MPLS_LABEL_STACK && type === 1 && (end - at) % 4 === 0) {
    const labels: MplsLabel[] = [];
    for (let i = at + 4; i < end; i += 4) labels.push(readMplsLabel(bytes, i));
    return { name: 'mpls', labels };
  }
  return { name: 'unknown', classNumber, type, data: bytes.slice(at + 4, end) };
}

/**
 * A quote filled up with zeros to at least 128 bytes, and extensions with their checksum: an error message's payload.
 * The quote's length goes into the message's `rest`: in words of 4 bytes at bits 16–23 for ICMPv4, of 8 at bits 24–31
 * for ICMPv6.
 * @param unit 4 for ICMPv4, 8 for ICMPv6
 */
export function encodeIcmpExtensions(
  quote: Uint8Array,
  objects: readonly IcmpExtensionObject[],
  unit: 4 | 8,
): { readonly payload: Uint8Array; readonly quoteWords: number } {
  const quoteBytes = Math.max(LEGACY_QUOTE_BYTES, Math.ceil(quote.length / unit) * unit);
  if (quoteBytes / unit > 255) throw new RangeError(`quote: expected at most ${255 * unit} bytes, got ${quote.length}`);
  const extensions = concat([Uint8Array.of(0x20, 0, 0, 0), ...objects.map(encodeObject)]);
  // RFC 4884 §7: zero would say that there is none.
  writeU16(extensions, 2, checksum(extensions) || 0xffff);
  const payload = new Uint8Array(quoteBytes + extensions.length);
  payload.set(quote);
  payload.set(extensions, quoteBytes);
  return { payload, quoteWords: quoteBytes / unit };
}

function encodeObject(object: IcmpExtensionObject): Uint8Array {
  const [classNumber, type, data] =
    object.name === 'mpls'
      ? [IcmpExtensionClass.MPLS_LABEL_STACK, 1, encodeMplsLabels(object.labels)]
      : [object.classNumber, object.type, object.data];
  const head = Uint8Array.of(0, 0, classNumber, type);
  writeU16(head, 0, 4 + data.length);
  return concat([head, data]);
}

/** `, MPLS label 24000 tc 0 ttl 1`: what is said behind the line of the message; empty without extensions. */
export function describeIcmpExtensions(icmp: Icmpv4Message | Icmpv6Message): string {
  const found = decodeIcmpExtensions(icmp);
  if (found === undefined) return '';
  if (!found.ok) return ' [bad extensions]';
  const words = found.objects.map((object) =>
    object.name === 'mpls'
      ? object.labels
          .map(({ label, trafficClass, ttl }) => `, MPLS label ${label} tc ${trafficClass} ttl ${ttl}`)
          .join('')
      : `, extension class ${object.classNumber} type ${object.type}`,
  );
  return words.join('') + (found.checksumState === 'bad' ? ' (bad extension checksum)' : '');
}
