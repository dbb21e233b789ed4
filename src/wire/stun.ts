/** STUN (RFC 8489 §5, §14) and the names of TURN's messages and attributes (RFC 8656 §17, §18). */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { formatIpv6 } from '../addr/ipv6.ts';
import { concat, fromUtf8, readU16, readU32, toHex, writeU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint } from './field.ts';

export const STUN_PORT = 3478;
export const STUN_TLS_PORT = 5349;
/** RFC 8489 §5: what every message has since RFC 5389. */
export const STUN_MAGIC = 0x2112_a442;

export interface StunFields {
  /** Two zero bits, then class and method, their bits mixed. RFC 8489 §5 */
  type: number;
  /** Bytes behind the header. RFC 8489 §5 */
  length: number;
  /** RFC 8489 §5 */
  magic: number;
  /** Joins request and response. RFC 8489 §5 */
  transaction1: number;
  transaction2: number;
  transaction3: number;
}

const METHODS: ReadonlyMap<number, string> = new Map([
  [1, 'Binding'],
  [3, 'Allocate'],
  [4, 'Refresh'],
  [6, 'Send'],
  [7, 'Data'],
  [8, 'CreatePermission'],
  [9, 'ChannelBind'],
]);
const CLASSES = ['request', 'indication', 'success response', 'error response'] as const;

/** `Binding request` */
export function stunTypeName(type: number): string {
  // RFC 8489 §5: M11-M7 C1 M6-M4 C0 M3-M0.
  const method = (type & 0x000f) | ((type & 0x00e0) >>> 1) | ((type & 0x3e00) >>> 2);
  const kind = ((type & 0x0100) >>> 7) | ((type & 0x0010) >>> 4);
  return `${METHODS.get(method) ?? `method ${method}`} ${CLASSES[kind]}`;
}

export const stunTable: HeaderTable<StunFields> = headerTable<StunFields>('stun', 'RFC 8489 §5', 20, {
  type: named(uint(0, 16, '§5'), stunTypeName),
  length: uint(16, 16, '§5'),
  magic: uint(32, 32, '§5'),
  transaction1: uint(64, 32, '§5'),
  transaction2: uint(96, 32, '§5'),
  transaction3: uint(128, 32, '§5'),
});

/** One attribute: type, and its value without padding. */
export interface StunAttribute {
  /** `xor-mapped-address`; `type-0x1234` for one that has no name here. */
  readonly name: string;
  readonly type: number;
  readonly data: Uint8Array;
  /** What the value says: an address and port, a text, an error. */
  readonly text: string;
  /** Padding that is not zeros: senders may put anything there (RFC 8489 §14). */
  readonly padding?: Uint8Array;
}

/** A decoded message; owned. */
export interface StunMessage {
  readonly ok: true;
  readonly kind: 'stun';
  readonly type: number;
  /** 12 bytes. */
  readonly transaction: Uint8Array;
  readonly attributes: readonly StunAttribute[];
  /** Bytes behind what the header claims. */
  readonly rest: Uint8Array;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [0x0001, 'mapped-address'],
  [0x0006, 'username'],
  [0x0008, 'message-integrity'],
  [0x0009, 'error-code'],
  [0x000a, 'unknown-attributes'],
  [0x000c, 'channel-number'],
  [0x000d, 'lifetime'],
  [0x0012, 'xor-peer-address'],
  [0x0013, 'data'],
  [0x0014, 'realm'],
  [0x0015, 'nonce'],
  [0x0016, 'xor-relayed-address'],
  [0x0017, 'requested-address-family'],
  [0x0018, 'even-port'],
  [0x0019, 'requested-transport'],
  [0x001a, 'dont-fragment'],
  [0x001c, 'message-integrity-sha256'],
  [0x001d, 'password-algorithm'],
  [0x001e, 'userhash'],
  [0x0020, 'xor-mapped-address'],
  [0x0022, 'reservation-token'],
  [0x0024, 'priority'],
  [0x0025, 'use-candidate'],
  [0x8002, 'password-algorithms'],
  [0x8003, 'alternate-domain'],
  [0x8022, 'software'],
  [0x8023, 'alternate-server'],
  [0x8028, 'fingerprint'],
  [0x8029, 'ice-controlled'],
  [0x802a, 'ice-controlling'],
]);
const TEXTS: ReadonlySet<number> = new Set([0x0006, 0x0014, 0x0015, 0x8022, 0x8003]);
const ADDRESSES: ReadonlySet<number> = new Set([0x0001, 0x8023]);
const XOR_ADDRESSES: ReadonlySet<number> = new Set([0x0012, 0x0016, 0x0020]);

/** Whether bytes begin as a message does: zero bits, a length of whole words, the magic number (RFC 8489 §6.3). */
export function looksLikeStun(bytes: Uint8Array, offset: number, end: number): boolean {
  return end - offset >= 20 && bytes[offset]! < 0x40 && readU32(bytes, offset + 4) === STUN_MAGIC;
}

/** Decode one message. Faults: TRUNCATED; BAD_VALUE (magic); BAD_LENGTH (an attribute past the end) */
export function decodeStun(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): StunMessage | DecodeFault {
  if (end - offset < 20) return fault('TRUNCATED', 'stun', 'header', offset, 20, end - offset);
  const { type, length, magic } = stunTable.fields;
  const found = magic.read(bytes, offset);
  if (found !== STUN_MAGIC) return fault('BAD_VALUE', 'stun', 'magic', offset + 4, STUN_MAGIC, found);
  const stop = offset + 20 + length.read(bytes, offset);
  if (stop > end) return fault('TRUNCATED', 'stun', 'attributes', offset + 20, stop - offset - 20, end - offset - 20);
  const attributes: StunAttribute[] = [];
  for (let at = offset + 20; at < stop; ) {
    if (stop - at < 4) return fault('BAD_LENGTH', 'stun', 'attribute', at, 4, stop - at);
    const size = readU16(bytes, at + 2);
    const next = at + 4 + ((size + 3) & ~3);
    if (next > stop) return fault('BAD_LENGTH', 'stun', 'attribute', at + 2, size, stop - at - 4);
    attributes.push(attributeOf(bytes, at, size, offset));
    at = next;
  }
  return {
    ok: true,
    kind: 'stun',
    type: type.read(bytes, offset),
    transaction: bytes.slice(offset + 8, offset + 20),
    attributes,
    rest: bytes.slice(stop, end),
  };
}

function attributeOf(bytes: Uint8Array, at: number, size: number, offset: number): StunAttribute {
  const type = readU16(bytes, at);
  const data = bytes.slice(at + 4, at + 4 + size);
  const padding = bytes.slice(at + 4 + size, at + 4 + ((size + 3) & ~3));
  const name = NAMES.get(type) ?? `type-0x${type.toString(16).padStart(4, '0')}`;
  const text = textOf(type, data, bytes.subarray(offset + 4, offset + 20));
  return { name, type, data, text, ...(padding.some((byte) => byte !== 0) ? { padding } : {}) };
}

/** @param mask magic and transaction: what XOR-MAPPED-ADDRESS and its kin are mixed with (RFC 8489 §14.2) */
function textOf(type: number, data: Uint8Array, mask: Uint8Array): string {
  if (TEXTS.has(type)) return fromUtf8(data);
  if (ADDRESSES.has(type)) return addressText(data) ?? toHex(data);
  if (XOR_ADDRESSES.has(type)) {
    // The port is mixed with the upper half of the magic number.
    const plain = data.map((byte, i) => (i < 2 ? byte : byte ^ mask[i < 4 ? i - 2 : i - 4]!));
    return addressText(plain) ?? toHex(data);
  }
  if (type === 0x0009 && data.length >= 4) {
    return `${(data[2]! & 7) * 100 + data[3]!} ${fromUtf8(data.subarray(4))}`.trimEnd();
  }
  return data.length === 4 ? String(readU32(data, 0)) : toHex(data);
}

function addressText(data: Uint8Array): string | undefined {
  if (data.length === 8 && data[1] === 1) return `${formatIpv4Bytes(data, 4)}:${readU16(data, 2)}`;
  if (data.length === 20 && data[1] === 2) return `[${formatIpv6(data, 4)}]:${readU16(data, 2)}`;
  return undefined;
}

export interface StunInit {
  readonly type: number;
  readonly transaction: Uint8Array;
  readonly attributes?: readonly Pick<StunAttribute, 'type' | 'data' | 'padding'>[];
  readonly rest?: Uint8Array;
}

/** Encode one message; what was decoded gives its own bytes again. @throws RangeError for a transaction of other than 12 bytes */
export function encodeStun({ type, transaction, attributes = [], rest = new Uint8Array(0) }: StunInit): Uint8Array {
  if (transaction.length !== 12) throw new RangeError(`transaction: expected 12 bytes, got ${transaction.length}`);
  const body = concat(
    attributes.flatMap(({ type, data, padding }) => {
      const head = new Uint8Array(4);
      writeU16(head, 0, type);
      writeU16(head, 2, data.length);
      return [head, data, padding ?? new Uint8Array(-data.length & 3)];
    }),
  );
  const header = new Uint8Array(20);
  const table = stunTable.fields;
  table.type.write(header, 0, type);
  table.length.write(header, 0, body.length);
  table.magic.write(header, 0, STUN_MAGIC);
  header.set(transaction, 8);
  return concat([header, body, rest]);
}

/** `STUN Binding success response, xor-mapped-address 192.0.2.1:4000` */
export function describeStun({ type, attributes }: StunMessage): string {
  const told = attributes.filter(({ name }) => /address|error-code|software|username/.test(name));
  return [`STUN ${stunTypeName(type)}`, ...told.map(({ name, text }) => `${name} ${text}`)].join(', ');
}
