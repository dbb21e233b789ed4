/**
 * What the pcapng reader and writer share (draft-ietf-opsawg-pcapng): block types, option codes, and the walk through
 * options. A file is a chain of blocks: type, total length, body, total length again; everything padded to 32 bits, in
 * the byte order that the section header tells by its magic.
 */
import { concat } from '../core/index.ts';
import { get16, put16 } from './endian.ts';
import type { RawOption } from './items.ts';

/** Section header; reads the same in both byte orders, and breaks when a file is sent as text. */
export const BLOCK_SECTION = 0x0a0d0d0a;
export const BLOCK_INTERFACE = 1;
/** Obsolete: what enhanced packets replaced; read, never written. */
export const BLOCK_PACKET = 2;
export const BLOCK_SIMPLE_PACKET = 3;
export const BLOCK_NAMES = 4;
export const BLOCK_STATISTICS = 5;
export const BLOCK_ENHANCED_PACKET = 6;
export const BLOCK_SECRETS = 0x0a;
/** May be copied by programs that change a file, and may not. */
export const BLOCK_CUSTOM_COPY = 0x0bad;
export const BLOCK_CUSTOM_NO_COPY = 0x4000_0bad;

export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Type and two lengths. */
export const BLOCK_FRAME_BYTES = 12;

/** NSS key log lines, as browsers and Node write them. */
export const SECRETS_TLS = 0x544c534b;

export const OPT_END = 0;
export const OPT_COMMENT = 1;
export const SHB_HARDWARE = 2;
export const SHB_OS = 3;
export const SHB_USERAPPL = 4;
export const IF_NAME = 2;
export const IF_DESCRIPTION = 3;
export const IF_TSRESOL = 9;
export const IF_FILTER = 11;
export const IF_OS = 12;
export const IF_TSOFFSET = 14;
export const IF_HARDWARE = 15;
export const EPB_FLAGS = 2;
export const EPB_DROPCOUNT = 4;
export const EPB_PACKETID = 5;
export const ISB_STARTTIME = 2;
export const ISB_ENDTIME = 3;
export const ISB_IFRECV = 4;
export const ISB_IFDROP = 5;
export const ISB_FILTERACCEPT = 6;
export const ISB_OSDROP = 7;
export const ISB_USRDELIV = 8;

export const NRB_END = 0;
export const NRB_IPV4 = 1;
export const NRB_IPV6 = 2;

/** Mask and values of the direction in epb_flags. */
export const DIRECTION_MASK = 0b11;
export const DIRECTION_INBOUND = 0b01;
export const DIRECTION_OUTBOUND = 0b10;

/** Up to the next 32-bit boundary. */
export function pad4(length: number): number {
  return (length + 3) & ~3;
}

/**
 * Walk through options in `bytes[at … end)`, calling `each` with a view of every value.
 * @returns the offset of the option that does not fit, or undefined when all is well
 */
export function walkOptions(
  bytes: Uint8Array,
  at: number,
  end: number,
  little: boolean,
  each: (code: number, value: Uint8Array) => void,
): number | undefined {
  while (end - at >= 4) {
    const code = get16(bytes, at, little);
    const length = get16(bytes, at + 2, little);
    if (code === OPT_END) return undefined;
    if (at + 4 + length > end) return at;
    each(code, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + pad4(length);
  }
  // opt_endofopt is often left out at the end of a block. One to three bytes over are no option.
  return at < end ? at : undefined;
}

/** Options one after another, padded, closed by opt_endofopt; nothing at all when there are none. */
export function encodeOptions(options: readonly RawOption[], little: boolean): Uint8Array {
  if (options.length === 0) return new Uint8Array(0);
  const parts = options.map(({ code, value }) => {
    if (value.length > 0xffff) {
      throw new RangeError(`option ${code}: expected at most 65535 bytes, got ${value.length}`);
    }
    const part = new Uint8Array(4 + pad4(value.length));
    put16(part, 0, code, little);
    put16(part, 2, value.length, little);
    part.set(value, 4);
    return part;
  });
  return concat([...parts, new Uint8Array(4)]);
}
