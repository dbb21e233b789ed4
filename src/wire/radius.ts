/** RADIUS (RFC 2865 §3, §5; accounting RFC 2866): the header and attributes, those typed that people look at. */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { concat, fromUtf8, readU32, toHex } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint } from './field.ts';

export const RADIUS_PORTS: readonly number[] = [1812, 1813, 1645, 1646, 3799];

/** RFC 2865 §3, RFC 2866 §3, RFC 5176 §2.3 */
export const radiusCodes: ReadonlyMap<number, string> = new Map([
  [1, 'Access-Request'],
  [2, 'Access-Accept'],
  [3, 'Access-Reject'],
  [4, 'Accounting-Request'],
  [5, 'Accounting-Response'],
  [11, 'Access-Challenge'],
  [12, 'Status-Server'],
  [13, 'Status-Client'],
  [40, 'Disconnect-Request'],
  [41, 'Disconnect-ACK'],
  [42, 'Disconnect-NAK'],
  [43, 'CoA-Request'],
  [44, 'CoA-ACK'],
  [45, 'CoA-NAK'],
]);

export interface RadiusFields {
  /** What it is: `radiusCodes`. RFC 2865 §3 */
  code: number;
  /** Joins request and reply. RFC 2865 §3 */
  id: number;
  /** Of all of it, header included. RFC 2865 §3 */
  length: number;
}

/** The 16 bytes of the authenticator follow the table. */
export const radiusTable: HeaderTable<RadiusFields> = headerTable<RadiusFields>('radius', 'RFC 2865 §3', 4, {
  code: named(uint(0, 8, '§3'), (code) => radiusCodes.get(code)),
  id: uint(8, 8, '§3'),
  length: uint(16, 16, '§3'),
});

type Form = 'text' | 'address' | 'number' | 'bytes';

/** RFC 2865 §5, RFC 2866 §5, RFC 2869 §5: name and form. */
const ATTRIBUTES: ReadonlyMap<number, readonly [name: string, form: Form]> = new Map([
  [1, ['User-Name', 'text']],
  [2, ['User-Password', 'bytes']],
  [3, ['CHAP-Password', 'bytes']],
  [4, ['NAS-IP-Address', 'address']],
  [5, ['NAS-Port', 'number']],
  [6, ['Service-Type', 'number']],
  [7, ['Framed-Protocol', 'number']],
  [8, ['Framed-IP-Address', 'address']],
  [9, ['Framed-IP-Netmask', 'address']],
  [11, ['Filter-Id', 'text']],
  [12, ['Framed-MTU', 'number']],
  [18, ['Reply-Message', 'text']],
  [24, ['State', 'bytes']],
  [25, ['Class', 'bytes']],
  [26, ['Vendor-Specific', 'bytes']],
  [27, ['Session-Timeout', 'number']],
  [28, ['Idle-Timeout', 'number']],
  [30, ['Called-Station-Id', 'text']],
  [31, ['Calling-Station-Id', 'text']],
  [32, ['NAS-Identifier', 'text']],
  [40, ['Acct-Status-Type', 'number']],
  [41, ['Acct-Delay-Time', 'number']],
  [42, ['Acct-Input-Octets', 'number']],
  [43, ['Acct-Output-Octets', 'number']],
  [44, ['Acct-Session-Id', 'text']],
  [46, ['Acct-Session-Time', 'number']],
  [55, ['Event-Timestamp', 'number']],
  [61, ['NAS-Port-Type', 'number']],
  [79, ['EAP-Message', 'bytes']],
  [80, ['Message-Authenticator', 'bytes']],
  [87, ['NAS-Port-Id', 'text']],
]);

export interface RadiusAttribute {
  readonly type: number;
  readonly data: Uint8Array;
  /** `User-Name`, or `Attribute-200`. */
  readonly name: string;
  /** The value in words: text, address, number, or hexadecimal. */
  readonly text: string;
}

/** A decoded packet; owned. */
export interface RadiusPacket {
  readonly ok: true;
  readonly kind: 'radius';
  readonly code: number;
  readonly id: number;
  /** 16 bytes. */
  readonly authenticator: Uint8Array;
  readonly attributes: readonly RadiusAttribute[];
  /** Bytes behind the length that the header claims: padding (RFC 2865 §3). */
  readonly rest: Uint8Array;
}

/** Decode one packet. Faults: TRUNCATED; BAD_LENGTH (length, an attribute) */
export function decodeRadius(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): RadiusPacket | DecodeFault {
  if (end - offset < 20) return fault('TRUNCATED', 'radius', 'header', offset, 20, end - offset);
  const { code, id, length } = radiusTable.fields;
  const total = length.read(bytes, offset);
  if (total < 20) return fault('BAD_LENGTH', 'radius', 'length', offset + 2, 20, total);
  if (total > end - offset) return fault('TRUNCATED', 'radius', 'attributes', offset, total, end - offset);
  const stop = offset + total;
  const attributes: RadiusAttribute[] = [];
  for (let at = offset + 20; at < stop; ) {
    const size = at + 1 < stop ? bytes[at + 1]! : 0;
    if (size < 2 || at + size > stop)
      return fault('BAD_LENGTH', 'radius', 'attribute', at + 1, Math.max(2, size), stop - at);
    attributes.push(attributeOf(bytes[at]!, bytes.slice(at + 2, at + size)));
    at += size;
  }
  return {
    ok: true,
    kind: 'radius',
    code: code.read(bytes, offset),
    id: id.read(bytes, offset),
    authenticator: bytes.slice(offset + 4, offset + 20),
    attributes,
    rest: bytes.slice(stop, end),
  };
}

function attributeOf(type: number, data: Uint8Array): RadiusAttribute {
  const [name, form] = ATTRIBUTES.get(type) ?? [`Attribute-${type}`, 'bytes' as const];
  return { type, data, name, text: textOf(form, data) };
}

function textOf(form: Form, data: Uint8Array): string {
  if (form === 'text') return fromUtf8(data);
  if (form === 'address' && data.length === 4) return formatIpv4Bytes(data);
  if (form === 'number' && data.length === 4) return String(readU32(data, 0));
  return toHex(data);
}

export interface RadiusInit {
  readonly code: number;
  readonly id: number;
  readonly authenticator: Uint8Array;
  readonly attributes?: readonly Pick<RadiusAttribute, 'type' | 'data'>[];
  readonly rest?: Uint8Array;
}

/** Encode one packet. @throws RangeError for an authenticator of other than 16 bytes, an attribute of more than 253 */
export function encodeRadius({
  code,
  id,
  authenticator,
  attributes = [],
  rest = new Uint8Array(0),
}: RadiusInit): Uint8Array {
  if (authenticator.length !== 16)
    throw new RangeError(`authenticator: expected 16 bytes, got ${authenticator.length}`);
  const body = concat(
    attributes.flatMap(({ type, data }) => {
      if (data.length > 253) throw new RangeError(`attributes: expected at most 253 bytes, got ${data.length}`);
      return [Uint8Array.of(type, data.length + 2), data];
    }),
  );
  const header = new Uint8Array(20);
  const table = radiusTable.fields;
  table.code.write(header, 0, code);
  table.id.write(header, 0, id);
  table.length.write(header, 0, 20 + body.length);
  header.set(authenticator, 4);
  return concat([header, body, rest]);
}

/** `RADIUS, Access-Request (1), id: 0x07 length: 44`, as tcpdump says it. */
export function describeRadius({ code, id, attributes }: RadiusPacket): string {
  const length = attributes.reduce((sum, { data }) => sum + data.length + 2, 20);
  const user = attributes.find(({ type }) => type === 1);
  const head = `RADIUS, ${radiusCodes.get(code) ?? 'Unknown'} (${code}), id: 0x${id.toString(16).padStart(2, '0')} length: ${length}`;
  return user === undefined ? head : `${head}, user ${user.text}`;
}
