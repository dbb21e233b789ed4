/** As much of ASN.1's basic encoding rules (X.690 §8) as SNMP needs: tags of one byte, definite lengths. */
import { concat } from '../core/bytes.ts';

/** One element: its tag, and where its content lies. */
export interface BerElement {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

export const BerTag = { INTEGER: 0x02, OCTETS: 0x04, NULL: 0x05, OID: 0x06, SEQUENCE: 0x30 } as const;

/** The element at `at`; undefined when it is not whole, or its length is not definite. X.690 §8.1.3 */
export function berElement(bytes: Uint8Array, at: number, end: number): BerElement | undefined {
  if (at + 2 > end) return undefined;
  const first = bytes[at + 1]!;
  let size = first;
  let start = at + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || start + count > end) return undefined;
    size = 0;
    for (let i = 0; i < count; i++) size = size * 256 + bytes[start + i]!;
    start += count;
  }
  return size > end - start ? undefined : { tag: bytes[at]!, start, end: start + size };
}

/** The elements in `bytes[start … end)`; undefined when one is not whole. */
export function berElements(bytes: Uint8Array, start: number, end: number): BerElement[] | undefined {
  const elements: BerElement[] = [];
  for (let at = start; at < end; ) {
    const element = berElement(bytes, at, end);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}

/** A whole number, two's complement; undefined for one that a double does not hold. X.690 §8.3 */
export function berInteger(bytes: Uint8Array, { start, end }: BerElement): number | undefined {
  if (end === start || end - start > 6) return undefined;
  let value = bytes[start]! >= 0x80 ? bytes[start]! - 256 : bytes[start]!;
  for (let at = start + 1; at < end; at++) value = value * 256 + bytes[at]!;
  return value;
}

/** `1.3.6.1.2.1`; undefined when the last part is not whole. X.690 §8.19 */
export function berOid(bytes: Uint8Array, { start, end }: BerElement): string | undefined {
  if (end === start || bytes[end - 1]! >= 0x80) return undefined;
  const parts: number[] = [];
  let value = 0;
  for (let at = start; at < end; at++) {
    value = value * 128 + (bytes[at]! & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER / 128) return undefined;
    if (bytes[at]! >= 0x80) continue;
    if (parts.length === 0) {
      const top = Math.min(2, Math.floor(value / 40));
      parts.push(top, value - 40 * top);
    } else parts.push(value);
    value = 0;
  }
  return parts.join('.');
}

/** An element with the shortest length. */
export function encodeBer(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const body = concat(content);
  const size = body.length;
  if (size < 0x80) return concat([Uint8Array.of(tag, size), body]);
  const digits: number[] = [];
  for (let left = size; left > 0; left = Math.floor(left / 256)) digits.unshift(left % 256);
  return concat([Uint8Array.of(tag, 0x80 | digits.length, ...digits), body]);
}

/** A whole number in as few bytes as it needs. */
export function encodeBerInteger(value: number, tag: number = BerTag.INTEGER): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.unshift(((left % 256) + 256) % 256);
    left = Math.floor(left / 256);
  } while (!(left === 0 && bytes[0]! < 0x80) && !(left === -1 && bytes[0]! >= 0x80));
  return encodeBer(tag, Uint8Array.from(bytes));
}

/** @throws RangeError for a text that is no object identifier */
export function encodeBerOid(text: string): Uint8Array {
  const parts = text.split('.').map(Number);
  if (parts.length < 2 || !parts.every((part) => Number.isSafeInteger(part) && part >= 0)) {
    throw new RangeError(`oid: expected numbers with dots between, got '${text}'`);
  }
  const [first, second, ...rest] = parts as [number, number, ...number[]];
  return encodeBer(BerTag.OID, Uint8Array.from([40 * first + second, ...rest].flatMap(base128)));
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) bytes.unshift((left % 128) | 0x80);
  return bytes;
}
