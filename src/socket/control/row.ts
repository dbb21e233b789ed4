/**
 * One control message as a row: its C name, level and type, and how its bytes are read and written.
 *
 * A row's `decode` answers undefined for a length that is not its struct's: the message then stays 'unknown' bytes, and
 * nothing is lost. A row's `encode` throws TypeError or RangeError that name the field as `kind.field`.
 */
import { readHostU16, readHostU32, readHostU64, writeHostU16, writeHostU32, writeHostU64 } from '../../core/bytes.ts';

export interface Kinded {
  readonly kind: string;
}

export interface ControlRow<M extends Kinded = Kinded> {
  /** The C name: `SCM_RIGHTS`. */
  readonly name: string;
  readonly kind: string;
  /** cmsg_level: SOL_SOCKET, IPPROTO_IP … */
  readonly level: number;
  /** cmsg_type. */
  readonly type: number;
  /** @param data borrowed: exactly the message's data */
  decode(data: Uint8Array): M | undefined;
  /** @returns the message's data, newly made */
  encode(message: M): Uint8Array;
  /** Where two rows write one kind (old and new numbers): whether this one is meant. */
  accepts?(message: M): boolean;
}

/** A row of some message, as the table keeps it: whoever encodes has looked at the kind first. */
export interface AnyRow extends Pick<ControlRow, 'name' | 'kind' | 'level' | 'type' | 'decode'> {
  encode(message: never): Uint8Array;
  accepts?(message: never): boolean;
}

/** @throws RangeError unless `value` is an integer from `min` to `max` */
export function checkInt(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`${field}: expected a number, got ${typeof value}`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${field}: expected an integer from ${min} to ${max}, got ${value}`);
  }
  return value;
}

export const U32_MAX = 0xffff_ffff;
export const I32_MIN: number = -(2 ** 31);
export const I32_MAX: number = 2 ** 31 - 1;

export function checkU32(value: unknown, field: string): number {
  return checkInt(value, field, 0, U32_MAX);
}

export function checkI32(value: unknown, field: string): number {
  return checkInt(value, field, I32_MIN, I32_MAX);
}

/** @throws TypeError unless a bigint, RangeError unless from `min` to `max` */
export function checkBigint(value: unknown, field: string, min: bigint, max: bigint): bigint {
  if (typeof value !== 'bigint') throw new TypeError(`${field}: expected a bigint, got ${typeof value}`);
  if (value < min || value > max) throw new RangeError(`${field}: expected from ${min} to ${max}, got ${value}`);
  return value;
}

export const U64_MAX: bigint = 2n ** 64n - 1n;

export function checkBytes(value: unknown, field: string): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError(`${field}: expected a Uint8Array, got ${typeof value}`);
  return value;
}

/** A 32-bit signed integer in the order of this machine. */
export function readHostI32(bytes: Uint8Array, offset: number): number {
  return readHostU32(bytes, offset) | 0;
}

/** How one number stands in a message. */
export interface Width {
  readonly bytes: number;
  readonly min: number;
  readonly max: number;
  read(data: Uint8Array, offset: number): number;
  write(data: Uint8Array, offset: number, value: number): void;
}

export const U8: Width = {
  bytes: 1,
  min: 0,
  max: 0xff,
  read: (data, offset) => data[offset] as number,
  write: (data, offset, value) => {
    data[offset] = value;
  },
};
export const U16: Width = { bytes: 2, min: 0, max: 0xffff, read: readHostU16, write: writeHostU16 };
export const U32: Width = { bytes: 4, min: 0, max: U32_MAX, read: readHostU32, write: writeHostU32 };
export const I32: Width = { bytes: 4, min: I32_MIN, max: I32_MAX, read: readHostI32, write: writeHostU32 };

/** A kind whose data is one number: `{ kind, [field]: number }`. Several kinds give a union, one member a kind. */
export type NumberMessage<Kind extends string, Field extends string> = Kind extends string
  ? { readonly kind: Kind } & { readonly [F in Field]: number }
  : never;

/** The row of a message that is one number. */
export function numberRow(
  name: string,
  kind: string,
  level: number,
  type: number,
  field: string,
  width: Width,
): ControlRow<Kinded & Readonly<Record<string, unknown>>> {
  return {
    name,
    kind,
    level,
    type,
    decode: (data) => (data.length === width.bytes ? { kind, [field]: width.read(data, 0) } : undefined),
    encode: (message) => {
      const data = new Uint8Array(width.bytes);
      width.write(data, 0, checkInt(message[field], `${kind}.${field}`, width.min, width.max));
      return data;
    },
  };
}

/** A kind whose data is bytes of another format, as on the wire; owned when decoded. Several kinds give a union. */
export type BytesMessage<Kind extends string> = Kind extends string
  ? { readonly kind: Kind; readonly data: Uint8Array }
  : never;

/** The row of a message whose bytes stay bytes (IP options, extension headers). */
export function bytesRow(
  name: string,
  kind: string,
  level: number,
  type: number,
): ControlRow<Kinded & { readonly data: Uint8Array }> {
  return {
    name,
    kind,
    level,
    type,
    decode: (data) => ({ kind, data: data.slice() }),
    encode: (message) => checkBytes(message.data, `${kind}.data`),
  };
}

const NS_PER_SECOND = 1_000_000_000n;
const SECONDS_MAX = 2n ** 63n - 1n;
/** The span of a struct timespec in ns. */
const NS_MIN = -(2n ** 63n) * NS_PER_SECOND;
const NS_MAX = SECONDS_MAX * NS_PER_SECOND + NS_PER_SECOND - 1n;

/** struct timespec (16 bytes) as nanoseconds; undefined when tv_nsec is out of range. */
export function readTimespecNs(
  data: Uint8Array,
  offset: number,
  perSecond: bigint = NS_PER_SECOND,
): bigint | undefined {
  const seconds = BigInt.asIntN(64, readHostU64(data, offset));
  const fraction = readHostU64(data, offset + 8);
  if (fraction >= perSecond) return undefined;
  return seconds * NS_PER_SECOND + fraction * (NS_PER_SECOND / perSecond);
}

/** Write nanoseconds as struct timespec, or as struct timeval with `perSecond` 1,000,000. */
export function writeTimespecNs(
  data: Uint8Array,
  offset: number,
  ns: unknown,
  field: string,
  perSecond: bigint = NS_PER_SECOND,
): void {
  const value = checkBigint(ns, field, NS_MIN, NS_MAX);
  const grain = NS_PER_SECOND / perSecond;
  const remainder = ((value % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  if (remainder % grain !== 0n) throw new RangeError(`${field}: expected a multiple of ${grain} ns, got ${value}`);
  writeHostU64(data, offset, BigInt.asUintN(64, (value - remainder) / NS_PER_SECOND));
  writeHostU64(data, offset + 8, remainder / grain);
}
