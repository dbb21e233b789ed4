/** Bytes in rows of sixteen: offset, hexadecimal, and what is printable. */

export interface HexDumpOptions {
  /** Without the column of characters: tcpdump's -x. */
  readonly plain?: boolean;
  /** What the first byte's offset is shown as; 0 when left out. */
  readonly from?: number;
}

const ROW = 16;

/**
 * One line a row, in the form of `tcpdump -X`.
 * @example
 * ```ts
 * import { hexDump } from 'barewire/wire';
 * hexDump(new TextEncoder().encode('GET /'))[0]; // '0x0000:  4745 5420 2f                             GET /'
 * ```
 */
export function hexDump(bytes: Uint8Array, { plain = false, from = 0 }: HexDumpOptions = {}): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    let pairs = '';
    for (const [i, byte] of row.entries())
      pairs += `${i % 2 === 0 && i > 0 ? ' ' : ''}${byte.toString(16).padStart(2, '0')}`;
    const offset = (from + at).toString(16).padStart(4, '0');
    lines.push(plain ? `0x${offset}:  ${pairs}` : `0x${offset}:  ${pairs.padEnd(40)} ${printableBytes(row)}`);
  }
  return lines;
}

/** ASCII, with a dot for what cannot be shown. */
export function printableBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
}
