/**
 * Netlink messages and attributes as bytes: netlink(7), libnetlink(3), rtnetlink(7).
 *
 * A datagram from the kernel holds messages one after another, each a 16-byte `nlmsghdr` and a body; a body is a fixed
 * struct of its family followed by attributes (`rtattr`: length, type, value), which may nest. Everything begins on a
 * multiple of four bytes and is in the byte order of this machine, except where an attribute says otherwise.
 *
 * Decoders return a fault for damaged bytes and never throw: lengths are checked against what surrounds them and every
 * step goes forward, so any input ends.
 */
import {
  type DecodeFault,
  fault,
  fromUtf8,
  readHostU16,
  readHostU32,
  utf8,
  writeHostU16,
  writeHostU32,
  writeU16,
} from '../core/index.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;

/** Options of level SOL_NETLINK. */
export const NETLINK_CAP_ACK = 10;
export const NETLINK_EXT_ACK = 11;
export const NETLINK_GET_STRICT_CHK = 12;

export const NLMSG_NOOP = 1;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLMSG_OVERRUN = 4;

export const NLM_F_REQUEST = 0x01;
export const NLM_F_MULTI = 0x02;
export const NLM_F_ACK = 0x04;
/** The table changed while it was dumped: entries may be missing or twice. */
export const NLM_F_DUMP_INTR = 0x10;
/** In a request for a dump. */
export const NLM_F_DUMP = 0x300;
/** In a NEW request. */
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;
/** In an NLMSG_ERROR: the request's body is not repeated; attributes follow. */
export const NLM_F_CAPPED = 0x100;
export const NLM_F_ACK_TLVS = 0x200;

export const NLA_F_NESTED = 0x8000;
export const NLA_F_NET_BYTEORDER = 0x4000;
const NLA_TYPE_MASK = 0x3fff;

export const NLMSG_HEADER_BYTES = 16;
/** struct nlattr: length and type. */
export const ATTRIBUTE_HEADER_BYTES = 4;

const NLMSGERR_ATTR_MSG = 1;
const NLMSGERR_ATTR_OFFS = 2;

const align4 = (length: number): number => (length + 3) & ~3;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly portId: number;
  /** A view into what was decoded. */
  readonly body: Uint8Array;
}

export interface Attribute {
  /** Without the two flag bits. */
  readonly type: number;
  readonly nested: boolean;
  readonly netByteOrder: boolean;
  /** A view into what was decoded. */
  readonly value: Uint8Array;
}

/**
 * Grows as it is written to. Values of structs go through `u8` … `bytes`; `attribute` and `nest` align by themselves.
 */
export class NetlinkWriter {
  #bytes: Uint8Array = new Uint8Array(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #reserve(length: number): number {
    const at = this.#length;
    if (at + length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#bytes.length * 2, at + length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length = at + length;
    return at;
  }

  u8(value: number): this {
    this.#bytes[this.#reserve(1)] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    writeHostU16(this.#bytes, at, value);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    writeHostU32(this.#bytes, at, value);
    return this;
  }

  /** Big-endian, as ports are. */
  net16(value: number): this {
    const at = this.#reserve(2);
    writeU16(this.#bytes, at, value);
    return this;
  }

  zeros(length: number): this {
    // The buffer may hold what was cut off by an earlier finish: write them.
    const at = this.#reserve(length);
    this.#bytes.fill(0, at, at + length);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Fill up to a multiple of four bytes. */
  align(): this {
    return this.zeros(align4(this.#length) - this.#length);
  }

  /** One attribute; a number becomes 32 bits in host order, a text its UTF-8 bytes (write the final \0 yourself). */
  attribute(type: number, value: Uint8Array | string | number): this {
    const bytes = typeof value === 'string' ? utf8(value) : value;
    const length = ATTRIBUTE_HEADER_BYTES + (typeof bytes === 'number' ? 4 : bytes.length);
    if (length > 0xffff) throw new RangeError(`value: expected at most 65531 bytes, got ${length - 4}`);
    this.align().u16(length).u16(type);
    if (typeof bytes === 'number') return this.u32(bytes);
    return this.bytes(bytes).align();
  }

  /** An attribute whose value `write` writes: a struct, attributes, or both. */
  nest(type: number, write: (writer: this) => void, flag: number = NLA_F_NESTED): this {
    this.align();
    const at = this.#length;
    this.u16(0).u16(type | flag);
    write(this);
    const length = this.#length - at;
    if (length > 0xffff) throw new RangeError(`value: expected at most 65531 bytes, got ${length - 4}`);
    writeHostU16(this.#bytes, at, length);
    return this.align();
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/** One whole message, padded to four bytes. `nlmsg_len` counts header and body without the padding. */
export function encodeMessage(message: NetlinkMessage): Uint8Array {
  const length = NLMSG_HEADER_BYTES + message.body.length;
  const bytes = new Uint8Array(align4(length));
  writeHostU32(bytes, 0, length);
  writeHostU16(bytes, 4, message.type);
  writeHostU16(bytes, 6, message.flags);
  writeHostU32(bytes, 8, message.sequence);
  writeHostU32(bytes, 12, message.portId);
  bytes.set(message.body, NLMSG_HEADER_BYTES);
  return bytes;
}

export type DecodedMessages = { readonly ok: true; readonly messages: readonly NetlinkMessage[] };

/**
 * The messages of one datagram.
 * @param bytes borrowed; the bodies are views into it
 * Faults: TRUNCATED (bytes end inside a header or a body), BAD_LENGTH (`nlmsg_len` under 16)
 */
export function decodeMessages(bytes: Uint8Array): DecodedMessages | DecodeFault {
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < NLMSG_HEADER_BYTES) return fault('TRUNCATED', 'netlink', 'header', at, NLMSG_HEADER_BYTES, left);
    const length = readHostU32(bytes, at);
    if (length < NLMSG_HEADER_BYTES) return fault('BAD_LENGTH', 'netlink', 'length', at, NLMSG_HEADER_BYTES, length);
    if (length > left) return fault('TRUNCATED', 'netlink', 'body', at, length, left);
    messages.push({
      type: readHostU16(bytes, at + 4),
      flags: readHostU16(bytes, at + 6),
      sequence: readHostU32(bytes, at + 8),
      portId: readHostU32(bytes, at + 12),
      body: bytes.subarray(at + NLMSG_HEADER_BYTES, at + length),
    });
    at += align4(length);
  }
  return { ok: true, messages };
}

export type DecodedAttributes = { readonly ok: true; readonly attributes: readonly Attribute[] };

/**
 * The attributes in `bytes[offset …]`.
 * @param bytes borrowed; the values are views into it
 * Faults: TRUNCATED (bytes end inside an attribute), BAD_LENGTH (length under 4; a body shorter than `offset`)
 */
export function decodeAttributes(bytes: Uint8Array, offset: number = 0): DecodedAttributes | DecodeFault {
  if (bytes.length < offset) return fault('TRUNCATED', 'netlink', 'struct', 0, offset, bytes.length);
  const attributes: Attribute[] = [];
  let at = offset;
  while (at < bytes.length) {
    const left = bytes.length - at;
    if (left < ATTRIBUTE_HEADER_BYTES) return fault('TRUNCATED', 'netlink', 'attribute', at, 4, left);
    const length = readHostU16(bytes, at);
    if (length < ATTRIBUTE_HEADER_BYTES) return fault('BAD_LENGTH', 'netlink', 'attributeLength', at, 4, length);
    if (length > left) return fault('TRUNCATED', 'netlink', 'attribute', at, length, left);
    const type = readHostU16(bytes, at + 2);
    attributes.push({
      type: type & NLA_TYPE_MASK,
      nested: (type & NLA_F_NESTED) !== 0,
      netByteOrder: (type & NLA_F_NET_BYTEORDER) !== 0,
      value: bytes.subarray(at + ATTRIBUTE_HEADER_BYTES, at + length),
    });
    at += align4(length);
  }
  return { ok: true, attributes };
}

/** The value of the last attribute of a type, as the kernel takes it. */
export function attributeOf(attributes: readonly Attribute[], type: number): Uint8Array | undefined {
  for (let i = attributes.length - 1; i >= 0; i--) if (attributes[i]!.type === type) return attributes[i]!.value;
  return undefined;
}

/** A text value up to its \0. */
export function attributeText(attributes: readonly Attribute[], type: number): string | undefined {
  const value = attributeOf(attributes, type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return fromUtf8(end === -1 ? value : value.subarray(0, end));
}

/** A number of 1, 2 or 4 bytes in host order; undefined when the value has another length. */
export function attributeNumber(attributes: readonly Attribute[], type: number): number | undefined {
  const value = attributeOf(attributes, type);
  if (value === undefined) return undefined;
  if (value.length === 4) return readHostU32(value, 0);
  if (value.length === 2) return readHostU16(value, 0);
  return value.length === 1 ? value[0] : undefined;
}

export interface NetlinkAck {
  readonly ok: true;
  /** Positive, as errno(3); 0 is an acknowledgement. */
  readonly errno: number;
  /** Sequence number of the request that it answers. */
  readonly sequence: number;
  /** The kernel's own sentence (extended acknowledgement), where it gave one. */
  readonly text?: string;
  /** Where in the request the offending attribute stands, bytes from its header. */
  readonly offset?: number;
}

/**
 * An NLMSG_ERROR (netlink(7)): the error, the header of the request, and with NETLINK_EXT_ACK attributes after it.
 * Faults: TRUNCATED; those of `decodeAttributes`
 */
export function decodeAck(message: NetlinkMessage): NetlinkAck | DecodeFault {
  const { body } = message;
  const need = 4 + NLMSG_HEADER_BYTES;
  if (body.length < need) return fault('TRUNCATED', 'netlink', 'error', 0, need, body.length);
  const errno = 0 - (readHostU32(body, 0) | 0);
  const ack = { ok: true, errno, sequence: readHostU32(body, 12) } as const;
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return ack;
  // The request's body is repeated between its header and the attributes, unless it was cut (NETLINK_CAP_ACK, or
  // always in an acknowledgement).
  const repeated = (message.flags & NLM_F_CAPPED) !== 0 || errno === 0 ? NLMSG_HEADER_BYTES : readHostU32(body, 4);
  if (repeated < NLMSG_HEADER_BYTES) {
    return fault('BAD_LENGTH', 'netlink', 'error.length', 4, NLMSG_HEADER_BYTES, repeated);
  }
  const decoded = decodeAttributes(body, Math.min(4 + align4(repeated), 0x7fff_ffff));
  if (!decoded.ok) return decoded;
  const text = attributeText(decoded.attributes, NLMSGERR_ATTR_MSG);
  const offset = attributeNumber(decoded.attributes, NLMSGERR_ATTR_OFFS);
  return { ...ack, ...(text === undefined ? {} : { text }), ...(offset === undefined ? {} : { offset }) };
}

/**
 * The end of a dump: its int is 0 or -errno when the dump failed half way; attributes may follow it.
 * Older kernels send no int at all.
 */
export function decodeDone(message: NetlinkMessage): NetlinkAck | DecodeFault {
  const { body, sequence } = message;
  if (body.length < 4) return { ok: true, errno: 0, sequence };
  const ack = { ok: true, errno: 0 - (readHostU32(body, 0) | 0), sequence } as const;
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return ack;
  const decoded = decodeAttributes(body, 4);
  if (!decoded.ok) return decoded;
  const text = attributeText(decoded.attributes, NLMSGERR_ATTR_MSG);
  return text === undefined ? ack : { ...ack, text };
}
