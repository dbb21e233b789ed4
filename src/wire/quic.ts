/**
 * QUIC packets as far as they can be read without keys: long headers (RFC 9000 §17.2, RFC 9369 for version 2), several in
 * a datagram (§12.2), version negotiation (§17.2.1), and that a header is short (§17.3).
 */
import { concat, readU32, toHex, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';

export const QUIC_PORT = 443;

export type QuicType = 'initial' | '0-rtt' | 'handshake' | 'retry';

const VERSION_2 = 0x6b33_43cf;
const TYPES: readonly QuicType[] = ['initial', '0-rtt', 'handshake', 'retry'];
/** RFC 9369 §3.2: the types' numbers of version 2. */
const TYPES_2: readonly QuicType[] = ['retry', 'initial', '0-rtt', 'handshake'];
const RETRY_TAG_BYTES = 16;
const MOST_ID_BYTES = 20;
const MOST_PACKETS = 64;

interface Long {
  /** The whole first byte: its low bits are protected. */
  readonly first: number;
  readonly version: number;
  readonly target: Uint8Array;
  readonly source: Uint8Array;
}

/** One packet of a datagram. */
export type QuicPacket =
  | ({
      readonly form: 'initial' | '0-rtt' | 'handshake';
      /** Of an Initial packet; undefined for others. RFC 9000 §17.2.2 */
      readonly token: Uint8Array | undefined;
      /** Packet number and payload, protected. */
      readonly payload: Uint8Array;
      /** Bytes of the two variable-length integers, where senders take more than they need. RFC 9000 §16 */
      readonly tokenLengthBytes: number;
      readonly lengthBytes: number;
    } & Long)
  /** RFC 9000 §17.2.5 */
  | ({ readonly form: 'retry'; readonly token: Uint8Array; readonly tag: Uint8Array } & Long)
  /** RFC 9000 §17.2.1 */
  | ({ readonly form: 'version-negotiation'; readonly versions: readonly number[] } & Long)
  /** A version that is not known here: only what RFC 8999 promises of every version. */
  | ({ readonly form: 'unknown'; readonly payload: Uint8Array } & Long)
  /** RFC 9000 §17.3: nothing more can be read without knowing the connection. */
  | { readonly form: 'short'; readonly bytes: Uint8Array };

/** A decoded datagram; owned. */
export interface QuicDatagram {
  readonly ok: true;
  readonly kind: 'quic';
  readonly packets: readonly QuicPacket[];
}

/** Whether bytes begin with a long header of a version that there is (RFC 9000 §15). */
export function looksLikeQuic(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset < 7 || (bytes[offset]! & 0x80) === 0) return false;
  const version = readU32(bytes, offset + 1);
  return version === 0 || version === 1 || version === VERSION_2 || version >>> 8 === 0xff00_00;
}

/** Decode the packets of a datagram. Faults: TRUNCATED; BAD_LENGTH (connection id, token, length); TOO_MANY */
export function decodeQuic(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): QuicDatagram | DecodeFault {
  if (end <= offset) return fault('TRUNCATED', 'quic', 'header', offset, 1, 0);
  const packets: QuicPacket[] = [];
  for (let at = offset; at < end; ) {
    if (packets.length === MOST_PACKETS)
      return fault('TOO_MANY', 'quic', 'packets', at, MOST_PACKETS, MOST_PACKETS + 1);
    // Behind the first packet a byte without the form bit is a short header too, or padding.
    if ((bytes[at]! & 0x80) === 0) {
      packets.push({ form: 'short', bytes: bytes.slice(at, end) });
      break;
    }
    const read = longPacket(bytes, at, end);
    if ('code' in read) return read;
    packets.push(read.packet);
    at = read.end;
  }
  return { ok: true, kind: 'quic', packets };
}

function longPacket(bytes: Uint8Array, at: number, end: number): { packet: QuicPacket; end: number } | DecodeFault {
  if (end - at < 7) return fault('TRUNCATED', 'quic', 'header', at, 7, end - at);
  const version = readU32(bytes, at + 1);
  const target = idAt(bytes, at + 5, end, version);
  if ('code' in target) return target;
  const source = idAt(bytes, target.end, end, version);
  if ('code' in source) return source;
  const long: Long = { first: bytes[at]!, version, target: target.id, source: source.id };
  const body = source.end;
  if (version === 0) return negotiation(bytes, body, end, long);
  const types = version === VERSION_2 ? TYPES_2 : version === 1 || version >>> 8 === 0xff00_00 ? TYPES : undefined;
  if (types === undefined) return { packet: { ...long, form: 'unknown', payload: bytes.slice(body, end) }, end };
  const form = types[(long.first >>> 4) & 3]!;
  return form === 'retry' ? retry(bytes, body, end, long) : numbered(bytes, body, end, long, form);
}

function idAt(
  bytes: Uint8Array,
  at: number,
  end: number,
  version: number,
): { id: Uint8Array; end: number } | DecodeFault {
  if (at >= end) return fault('TRUNCATED', 'quic', 'connectionId', at, 1, 0);
  const size = bytes[at]!;
  // RFC 9000 §17.2: 20 at most in this version; RFC 8999 §5.1 allows others more.
  if (size > MOST_ID_BYTES && version === 1)
    return fault('BAD_LENGTH', 'quic', 'connectionId', at, MOST_ID_BYTES, size);
  if (at + 1 + size > end) return fault('TRUNCATED', 'quic', 'connectionId', at, size, end - at - 1);
  return { id: bytes.slice(at + 1, at + 1 + size), end: at + 1 + size };
}

function negotiation(
  bytes: Uint8Array,
  at: number,
  end: number,
  long: Long,
): { packet: QuicPacket; end: number } | DecodeFault {
  if ((end - at) % 4 !== 0) return fault('BAD_LENGTH', 'quic', 'versions', at, (end - at + 3) & ~3, end - at);
  const versions = Array.from({ length: (end - at) / 4 }, (_, i) => readU32(bytes, at + 4 * i));
  return { packet: { ...long, form: 'version-negotiation', versions }, end };
}

function retry(
  bytes: Uint8Array,
  at: number,
  end: number,
  long: Long,
): { packet: QuicPacket; end: number } | DecodeFault {
  const tagAt = end - RETRY_TAG_BYTES;
  if (tagAt < at) return fault('TRUNCATED', 'quic', 'tag', at, RETRY_TAG_BYTES, end - at);
  return { packet: { ...long, form: 'retry', token: bytes.slice(at, tagAt), tag: bytes.slice(tagAt, end) }, end };
}

function numbered(
  bytes: Uint8Array,
  offset: number,
  end: number,
  long: Long,
  form: 'initial' | '0-rtt' | 'handshake',
): { packet: QuicPacket; end: number } | DecodeFault {
  let at = offset;
  let token: Uint8Array | undefined;
  let tokenLengthBytes = 0;
  if (form === 'initial') {
    const size = integerAt(bytes, at, end);
    if (size === undefined) return fault('TRUNCATED', 'quic', 'tokenLength', at, 1, end - at);
    at += size.bytes;
    if (size.value > end - at) return fault('BAD_LENGTH', 'quic', 'tokenLength', at, size.value, end - at);
    token = bytes.slice(at, at + size.value);
    tokenLengthBytes = size.bytes;
    at += size.value;
  }
  const length = integerAt(bytes, at, end);
  if (length === undefined) return fault('TRUNCATED', 'quic', 'length', at, 1, end - at);
  at += length.bytes;
  if (length.value > end - at) return fault('BAD_LENGTH', 'quic', 'length', at, length.value, end - at);
  const payload = bytes.slice(at, at + length.value);
  const packet: QuicPacket = { ...long, form, token, payload, tokenLengthBytes, lengthBytes: length.bytes };
  return { packet, end: at + length.value };
}

/** A variable-length integer (RFC 9000 §16); those above 2^48 are longer than any datagram. */
function integerAt(bytes: Uint8Array, at: number, end: number): { value: number; bytes: number } | undefined {
  if (at >= end) return undefined;
  const size = 1 << (bytes[at]! >>> 6);
  if (at + size > end) return undefined;
  let value = bytes[at]! & 0x3f;
  for (let i = 1; i < size; i++) value = value * 256 + bytes[at + i]!;
  return { value, bytes: size };
}

function integer(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let left = value;
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = left % 256;
    left = Math.floor(left / 256);
  }
  bytes[0] = (bytes[0]! & 0x3f) | (Math.log2(size) << 6);
  return bytes;
}

/** Encode packets into a datagram; what was decoded gives its own bytes again. */
export function encodeQuic(packets: readonly QuicPacket[]): Uint8Array {
  return concat(packets.map(encodeOne));
}

function encodeOne(packet: QuicPacket): Uint8Array {
  if (packet.form === 'short') return packet.bytes;
  const head = new Uint8Array(5);
  head[0] = packet.first;
  writeU32(head, 1, packet.version);
  const ids = [packet.target, packet.source].flatMap((id) => [Uint8Array.of(id.length), id]);
  return concat([head, ...ids, ...bodyOf(packet)]);
}

function bodyOf(packet: Exclude<QuicPacket, { readonly form: 'short' }>): Uint8Array[] {
  switch (packet.form) {
    case 'version-negotiation':
      return packet.versions.map((version) => {
        const bytes = new Uint8Array(4);
        writeU32(bytes, 0, version);
        return bytes;
      });
    case 'retry':
      return [packet.token, packet.tag];
    case 'unknown':
      return [packet.payload];
    default: {
      const { token, tokenLengthBytes, lengthBytes, payload } = packet;
      const front = token === undefined ? [] : [integer(token.length, tokenLengthBytes), token];
      return [...front, integer(payload.length, lengthBytes), payload];
    }
  }
}

/** `QUIC initial, version 1, from 01 to 02…, length 1182` */
export function describeQuic({ packets }: QuicDatagram): string {
  return `QUIC ${packets.map(describeOne).join('; ')}`;
}

function describeOne(packet: QuicPacket): string {
  if (packet.form === 'short') return `short header, length ${packet.bytes.length}`;
  const { form, version, target, source } = packet;
  const ids = `target ${toHex(target) || '-'}, source ${toHex(source) || '-'}`;
  if (form === 'version-negotiation') {
    return `version negotiation, ${ids}, versions ${packet.versions.map((one) => `0x${one.toString(16)}`).join(' ')}`;
  }
  const name = version === VERSION_2 ? '2' : version === 1 ? '1' : `0x${version.toString(16)}`;
  const length = 'payload' in packet ? `, length ${packet.payload.length}` : '';
  return `${form}, version ${name}, ${ids}${length}`;
}
