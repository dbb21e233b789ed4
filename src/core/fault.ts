/**
 * What a decoder answers when bytes are not what they should be. A fault is returned, never thrown: bad packets are
 * normal, and throwing costs microseconds where returning costs nanoseconds. Every code has a line in docs/errors.md.
 */

export type FaultCode =
  /** The bytes end before the field does. */
  | 'TRUNCATED'
  /** A length field contradicts itself or what surrounds it. */
  | 'BAD_LENGTH'
  /** A version field names another protocol. */
  | 'BAD_VERSION'
  /** A field holds a value that its protocol does not allow. */
  | 'BAD_VALUE'
  /** A file does not begin with the mark of its format. */
  | 'BAD_MAGIC'
  /** The checksum does not fit the bytes. */
  | 'BAD_CHECKSUM'
  /** More nested layers or entries than the decoder follows. */
  | 'TOO_MANY'
  /** Well-formed, and not understood here. */
  | 'UNSUPPORTED';

export interface DecodeFault {
  readonly ok: false;
  readonly code: FaultCode;
  /** The header or block that could not be read: `tcp`, `ipv4`, `pcapng`. */
  readonly layer: string;
  /** The field at fault, by its name in the decoded object; `header` when the fixed part is cut. */
  readonly field: string;
  /** Where the field begins, bytes from the start of what was decoded. */
  readonly offset: number;
  /** What the field asks for: bytes for lengths, the expected value otherwise. */
  readonly need: number;
  /** What there is. */
  readonly have: number;
}

/** Make a fault; arguments in the order of the fields. */
export function fault(
  code: FaultCode,
  layer: string,
  field: string,
  offset: number,
  need: number,
  have: number,
): DecodeFault {
  return { ok: false, code, layer, field, offset, need, have };
}

/** One line for people: `tcp.dataOffset at 46: BAD_LENGTH, need 5, have 3`. */
export function describeFault(f: DecodeFault): string {
  return `${f.layer}.${f.field} at ${f.offset}: ${f.code}, need ${f.need}, have ${f.have}`;
}

/** True when `value` is a fault and not a decoded thing. */
export function isFault(value: { readonly ok: boolean } | DecodeFault): value is DecodeFault {
  return value.ok === false && 'code' in value && 'have' in value;
}
