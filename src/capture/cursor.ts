/**
 * Walk the packets of a file without making an object of each: the door for whoever counts millions. `readPackets` and
 * `readCapture` are the ones for everybody else.
 *
 * The file is in memory, or comes piece by piece into one buffer that is used again and again. The second is the faster
 * one for a large file too: a piece stays in the processor's cache, where in a file of 50 MB every packet begins with a
 * wait for the memory, which was measured to take longer than decoding it.
 */
import type { DecodeFault } from '../core/index.ts';
import { get32 } from './endian.ts';
import type { CaptureInterface, CaptureItem, FormatReader } from './items.ts';
import { BLOCK_ENHANCED_PACKET } from './pcapng.ts';
import { captureFormat, cutShort, MAGIC_BYTES, notACapture, readerFor } from './reader.ts';

/**
 * Where a cursor gets more of its file from: write what comes next into `into` from `at` on.
 * @returns how many bytes were written; 0 at the end of the file
 */
export type CaptureFill = (into: Uint8Array, at: number) => number;

/** Of a file that comes in pieces; it grows for a larger record. */
const BUFFER_BYTES = 256 * 1024;

const RECORD_HEADER_BYTES = 16;
/** Type, length, interface, two halves of a time, two lengths; and the length again at the end. */
const ENHANCED_HEADER_BYTES = 28;
const ENHANCED_LEAST_BYTES = 32;
const NS_PER_SECOND = 1_000_000_000n;

/**
 * @example
 * ```ts
 * import { CaptureCursor, encodePcap } from 'barewire/capture';
 * import { decodePacket } from 'barewire/wire';
 *
 * const file = encodePcap([{ t: 1n, bytes: new Uint8Array(60) }], { linkType: 1 });
 * const cursor = new CaptureCursor(file);
 * while (cursor.next()) decodePacket(cursor.bytes, cursor.linkType, cursor);
 * if (cursor.fault !== undefined) console.log(cursor.fault.code);
 * ```
 */
export class CaptureCursor {
  /**
   * The file, borrowed and read-only; or the piece of it at hand, which the next call of `next` may overwrite: copy what
   * is to be kept.
   */
  bytes: Uint8Array;
  /** The packet's captured bytes are `bytes[offset … end)`. */
  offset = 0;
  end = 0;
  /** Bytes that the packet had on the wire. */
  wireLength = 0;
  /** `LINKTYPE_` number. */
  linkType = 0;
  /** Index of the interface in its section. */
  interface = 0;
  /** The last damage met: reading goes on behind a block that is damaged inside, and ends where the lengths are. */
  fault: DecodeFault | undefined;
  readonly #fill: CaptureFill | undefined;
  readonly #format: FormatReader | undefined;
  readonly #isPcapng: boolean;
  readonly #out: CaptureItem[] = [];
  /** What was read of the file is `bytes[0 … valid)`, and `bytes[0]` is at `base` of it. */
  #valid: number;
  #base = 0;
  #at = 0;
  #isOver = false;
  #little = true;
  #interfaces: CaptureInterface[] = [];
  #current: CaptureInterface | undefined;
  /** The stamp as it stands in the file; undefined: the packet has a `t` of its own. */
  #high = 0;
  #low = 0;
  #t: bigint | null | undefined;

  /** @param source the whole file, or what gives it piece by piece */
  constructor(source: Uint8Array | CaptureFill) {
    const isWhole = typeof source !== 'function';
    this.bytes = isWhole ? source : new Uint8Array(BUFFER_BYTES);
    this.#valid = isWhole ? source.length : 0;
    this.#fill = isWhole ? undefined : source;
    while (this.#valid < MAGIC_BYTES && this.#more());
    const begin = this.bytes.subarray(0, this.#valid);
    this.#format = readerFor(begin);
    this.#isPcapng = captureFormat(begin) === 'pcapng';
    if (this.#format === undefined) this.#stop([notACapture(begin)]);
  }

  /** ns since 1970, made on each call; null for a packet without stamp. */
  get t(): bigint | null {
    if (this.#t !== undefined) return this.#t;
    const from = this.#current!;
    if (!this.#isPcapng) {
      return BigInt(this.#high) * NS_PER_SECOND + (BigInt(this.#low) * NS_PER_SECOND) / from.unitsPerSecond;
    }
    const units = (BigInt(this.#high) << 32n) | BigInt(this.#low);
    return (units * NS_PER_SECOND) / from.unitsPerSecond + from.offsetSeconds * NS_PER_SECOND;
  }

  /** Go to the next packet. @returns false at the end, or at a fault that nothing can follow */
  next(): boolean {
    for (;;) {
      if (this.#isPcapng ? this.#enhanced() : this.#record()) return true;
      if (this.#isOver || (this.#at >= this.#valid && !this.#more())) return false;
      if (this.#other()) return true;
    }
  }

  /** A record of a pcap file, when it is a plain one. */
  #record(): boolean {
    const { bytes } = this;
    const from = this.#interfaces[0];
    const at = this.#at;
    if (from === undefined || at + RECORD_HEADER_BYTES > this.#valid) return false;
    const captured = get32(bytes, at + 8, this.#little);
    const offset = at + RECORD_HEADER_BYTES;
    if (captured > this.#valid - offset || captured > from.snapLen) return false;
    this.#set(from, offset, captured, get32(bytes, at + 12, this.#little));
    this.#high = get32(bytes, at, this.#little);
    this.#low = get32(bytes, at + 4, this.#little);
    this.#at = this.end;
    return true;
  }

  /** An enhanced packet block, when its lengths agree. */
  #enhanced(): boolean {
    const { bytes } = this;
    const little = this.#little;
    const at = this.#at;
    if (at + ENHANCED_LEAST_BYTES > this.#valid || get32(bytes, at, little) !== BLOCK_ENHANCED_PACKET) return false;
    const total = get32(bytes, at + 4, little);
    const from = this.#interfaces[get32(bytes, at + 8, little)];
    if (from === undefined || total < ENHANCED_LEAST_BYTES || total % 4 !== 0 || total > this.#valid - at) return false;
    const captured = get32(bytes, at + 20, little);
    if (captured > total - ENHANCED_LEAST_BYTES || get32(bytes, at + total - 4, little) !== total) return false;
    this.#set(from, at + ENHANCED_HEADER_BYTES, captured, get32(bytes, at + 24, little));
    this.#high = get32(bytes, at + 12, little);
    this.#low = get32(bytes, at + 16, little);
    this.#at = at + total;
    return true;
  }

  #set(from: CaptureInterface, offset: number, captured: number, length: number): void {
    this.#current = from;
    this.#t = undefined;
    this.offset = offset;
    this.end = offset + captured;
    this.wireLength = Math.max(length, captured);
    this.linkType = from.linkType;
    this.interface = from.index;
  }

  /** Anything else, read by the format's own reader. @returns whether it was a packet all the same */
  #other(): boolean {
    const out = this.#out;
    const format = this.#format!;
    out.length = 0;
    const at = this.#at;
    const used = format.next(this.bytes.subarray(0, this.#valid), at, this.#base, out);
    if (used <= 0) {
      if (used < 0) this.#stop(out);
      else if (!this.#more(format.want)) this.#stop([cutShort(format, this.#base + this.#at, this.#valid - this.#at)]);
      return false;
    }
    this.#at = at + used;
    let isPacket = false;
    for (const item of out) {
      switch (item.kind) {
        case 'section':
          this.#little = item.littleEndian;
          this.#interfaces = [];
          break;
        case 'interface':
          this.#interfaces[item.index] = item;
          break;
        case 'packet':
          this.#set(
            this.#interfaces[item.interface]!,
            item.bytes.byteOffset - this.bytes.byteOffset,
            item.bytes.length,
            item.length,
          );
          this.#t = item.t;
          isPacket = true;
          break;
        case 'fault':
          this.fault = item.fault;
          break;
      }
    }
    return isPacket;
  }

  /**
   * Go on with the file: what was not read yet moves to the front of the buffer, and the next piece comes behind it.
   * @param want bytes of the record at hand
   * @returns false at the end of the file
   */
  #more(want: number = 0): boolean {
    if (this.#fill === undefined) return false;
    const rest = this.bytes.subarray(this.#at, this.#valid);
    if (want > this.bytes.length) {
      this.bytes = new Uint8Array(want);
      this.bytes.set(rest);
    } else this.bytes.copyWithin(0, this.#at, this.#valid);
    this.#base += this.#at;
    this.#at = 0;
    this.#valid = rest.length;
    const read = this.#fill(this.bytes, this.#valid);
    this.#valid += read;
    return read > 0;
  }

  /** Nothing more can be read: the last fault says why. */
  #stop(items: Iterable<CaptureItem>): void {
    for (const item of items) if (item.kind === 'fault') this.fault = item.fault;
    this.#isOver = true;
  }
}
