/**
 * The option list that IPv4 (RFC 791 §3.1) and TCP (RFC 9293 §3.1) share: kind 0 ends it, kind 1 is one byte of nothing,
 * every other option is kind, length (both bytes included), data.
 *
 * One walker for both, because this is where neighbours hang or end the program: a length of 0 or 1 never moves on, and
 * a length past the end reads what is not there. Either ends the walk here, with the rest kept as it is.
 */
import { concat } from '../core/bytes.ts';

/** End of the list. `rest` is what follows it in the header, usually zeros; absent when nothing does. */
export interface EndOption {
  readonly name: 'eol';
  readonly rest?: Uint8Array;
}

/** One byte of padding. */
export interface NopOption {
  readonly name: 'nop';
}

/** An option not known here, or a known one of a length that its RFC does not allow (`note` says so). */
export interface UnknownOption {
  readonly name: 'unknown';
  readonly kind: number;
  /** Without kind and length. */
  readonly data: Uint8Array;
  readonly note?: string;
}

/** From here on the list makes no sense: all bytes left, kept raw. */
export interface MalformedOption {
  readonly name: 'malformed';
  readonly data: Uint8Array;
  readonly note: string;
}

export type CommonOption = EndOption | NopOption | UnknownOption | MalformedOption;

/**
 * Walk an option list. Ends for any bytes; reads nothing outside `[offset, end)`.
 * @param decodeOne called for each option with the offset and end of its data; null when kind or length are unknown
 * @returns options in order; `data` and `rest` are copies, owned
 */
export function decodeOptionList<T>(
  bytes: Uint8Array,
  offset: number,
  end: number,
  decodeOne: (kind: number, bytes: Uint8Array, offset: number, end: number) => T | string | null,
): (T | CommonOption)[] {
  const options: (T | CommonOption)[] = [];
  let at = offset;
  while (at < end) {
    const kind = bytes[at]!;
    if (kind === 0) {
      options.push(at + 1 === end ? { name: 'eol' } : { name: 'eol', rest: bytes.slice(at + 1, end) });
      break;
    }
    if (kind === 1) {
      options.push({ name: 'nop' });
      at++;
      continue;
    }
    if (at + 1 >= end) {
      options.push({ name: 'malformed', data: bytes.slice(at, end), note: `kind ${kind} without a length` });
      break;
    }
    const length = bytes[at + 1]!;
    if (length < 2 || at + length > end) {
      const note = `kind ${kind}: expected a length of 2 to ${end - at}, got ${length}`;
      options.push({ name: 'malformed', data: bytes.slice(at, end), note });
      break;
    }
    const option = decodeOne(kind, bytes, at + 2, at + length);
    if (option === null) options.push({ name: 'unknown', kind, data: bytes.slice(at + 2, at + length) });
    else if (typeof option === 'string') {
      options.push({ name: 'unknown', kind, data: bytes.slice(at + 2, at + length), note: option });
    } else options.push(option);
    at += length;
  }
  return options;
}

/** Bytes of the options that both lists have; null for any other. */
export function encodeCommonOption(option: { readonly name: string }): Uint8Array | null {
  const common = option as CommonOption;
  switch (common.name) {
    case 'eol':
      return common.rest === undefined ? Uint8Array.of(0) : concat([Uint8Array.of(0), common.rest]);
    case 'nop':
      return Uint8Array.of(1);
    case 'unknown':
      return encodeOption(common.kind, common.data);
    case 'malformed':
      return common.data;
    default:
      return null;
  }
}

/** Kind, length, data. */
export function encodeOption(kind: number, data: Uint8Array): Uint8Array {
  if (data.length > 253) throw new RangeError(`data: expected at most 253 bytes, got ${data.length}`);
  const bytes = new Uint8Array(2 + data.length);
  bytes[0] = kind;
  bytes[1] = 2 + data.length;
  bytes.set(data, 2);
  return bytes;
}

/**
 * One list, filled with end-of-list zeros to a multiple of four bytes.
 * @throws RangeError when it does not fit `most` bytes
 */
export function joinOptions(parts: readonly Uint8Array[], most: number, layer: string): Uint8Array {
  const list = concat(parts);
  const length = (list.length + 3) & ~3;
  if (length > most) throw new RangeError(`${layer} options: expected at most ${most} bytes, got ${list.length}`);
  if (length === list.length) return list;
  const padded = new Uint8Array(length);
  padded.set(list);
  return padded;
}
