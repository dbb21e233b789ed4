/** What the address structs of single families share: the shape of a codec, and checks that name the field. */
import { writeHostU16 } from '../../core/bytes.ts';

/** Finds an interface's number by name, as if_nametoindex(3); 0 or undefined when there is none. */
export type InterfaceIndex = (name: string) => number | undefined;

/** Finds an interface's name by number, as if_indextoname(3); undefined when there is none. */
export type InterfaceName = (ifindex: number) => string | undefined;

/** One family whose struct has a fixed length. */
export interface FamilyCodec<A> {
  /** AF_ number. */
  readonly number: number;
  /** sizeof(struct). */
  readonly bytes: number;
  /** What stands in `into` from `offset` is zero but for sa_family. */
  write(addr: A, into: Uint8Array, offset: number): void;
  /** Null where the bytes are too short, or could not be made again from an object. */
  read(bytes: Uint8Array, length: number, offset: number): A | null;
  /** @param text what follows the family's name and colon */
  parse(text: string, ifindex: InterfaceIndex | undefined): A;
  /** Without the family's name and colon. */
  format(addr: A, ifname: InterfaceName | undefined): string;
}

/** Write a whole struct. Returns its length. */
export function writeStruct<A>(codec: FamilyCodec<A>, addr: A, into: Uint8Array, offset: number): number {
  checkRoom(into, offset + codec.bytes);
  into.fill(0, offset, offset + codec.bytes);
  writeHostU16(into, offset, codec.number);
  codec.write(addr, into, offset);
  return codec.bytes;
}

export function checkRange(value: number, name: string, most: number): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= most)) {
    throw new RangeError(`${name}: expected a whole number from 0 to ${most}, got ${String(value)}`);
  }
  return value;
}

export const checkU8 = (value: number, name: string): number => checkRange(value, name, 0xff);
export const checkU16 = (value: number, name: string): number => checkRange(value, name, 0xffff);
export const checkU32 = (value: number, name: string): number => checkRange(value, name, 0xffff_ffff);

export function checkRoom(into: Uint8Array, need: number): void {
  if (into.length < need) throw new RangeError(`into: expected room for ${need} bytes, got ${into.length}`);
}

/** A number in decimal digits, or hexadecimal after 0x. */
export function parseU32(text: string, name: string): number {
  if (!/^(?:\d{1,10}|0x[\da-f]{1,8})$/i.test(text)) throw new TypeError(`${name}: expected a number, got '${text}'`);
  return checkU32(Number(text), name);
}

/** The parts of a text between colons: exactly as many as there are names. */
export function splitText(text: string, family: string, names: readonly string[]): string[] {
  const parts = text.split(':');
  if (parts.length !== names.length || parts.includes('')) {
    throw new TypeError(`${family}: expected ${family}:${names.join(':')}, got '${family}:${text}'`);
  }
  return parts;
}

/** An interface by number, or by name where names can be looked up. */
export function parseInterface(text: string, ifindex: InterfaceIndex | undefined, what = 'interface'): number {
  if (/^\d{1,10}$/.test(text)) return checkU32(Number(text), what);
  const index = ifindex?.(text);
  if (index !== undefined && index > 0) return index;
  throw new TypeError(
    ifindex === undefined
      ? `${what}: expected a number (interface names cannot be looked up here), got '${text}'`
      : `${what}: expected an interface of this host, got '${text}'`,
  );
}
