/**
 * The doors for reading: a whole file in memory, or chunks as they come. Both find out the format by themselves and give
 * the same items; neither throws on any bytes.
 */
import { concat, fault, readU32 } from '../core/index.ts';
import type { CapturedPacket, CaptureItem, FormatReader } from './items.ts';
import { PcapReader, pcapOrder } from './pcap.ts';
import { BLOCK_SECTION } from './pcapng.ts';
import { PcapngReader } from './pcapng-reader.ts';

/** Enough to tell the formats apart. @internal */
export const MAGIC_BYTES = 4;

/** `pcap`, `pcapng`, or undefined when the first 4 bytes are of neither. */
export function captureFormat(bytes: Uint8Array): 'pcap' | 'pcapng' | undefined {
  if (bytes.length < MAGIC_BYTES) return undefined;
  if (readU32(bytes, 0) === BLOCK_SECTION) return 'pcapng';
  return pcapOrder(bytes) === undefined ? undefined : 'pcap';
}

/** The reader of a file that begins like this; undefined when it is of no format known. @internal */
export function readerFor(bytes: Uint8Array): FormatReader | undefined {
  const format = captureFormat(bytes);
  if (format === undefined) return undefined;
  return format === 'pcap' ? new PcapReader() : new PcapngReader();
}

/** @internal */
export function notACapture(bytes: Uint8Array): CaptureItem {
  return bytes.length < MAGIC_BYTES
    ? { kind: 'fault', fault: fault('TRUNCATED', 'capture', 'magic', 0, MAGIC_BYTES, bytes.length) }
    : { kind: 'fault', fault: fault('BAD_MAGIC', 'capture', 'magic', 0, BLOCK_SECTION, readU32(bytes, 0)) };
}

/** The file ends inside a record. @internal */
export function cutShort(format: FormatReader, offset: number, have: number): CaptureItem {
  const field = format.layer === 'pcap' ? 'record' : 'block';
  return { kind: 'fault', fault: fault('TRUNCATED', format.layer, field, offset, format.want, have) };
}

/**
 * Everything in a pcap or pcapng file: sections, interfaces, packets and the rest, in file order. A file that is cut
 * gives its whole packets and then one fault that says where.
 * @param bytes borrowed, read-only; packets are views into it
 */
export function* readCapture(bytes: Uint8Array): Generator<CaptureItem, void, undefined> {
  const format = readerFor(bytes);
  if (format === undefined) {
    yield notACapture(bytes);
    return;
  }
  const out: CaptureItem[] = [];
  let at = 0;
  while (at < bytes.length) {
    const used = format.next(bytes, at, 0, out);
    for (const item of out) yield item;
    out.length = 0;
    if (used < 0) return;
    if (used === 0) {
      yield cutShort(format, at, bytes.length - at);
      return;
    }
    at += used;
  }
}

/** Only the packets; faults are dropped, so use it where a file is known to be good. */
export function* readPackets(bytes: Uint8Array): Generator<CapturedPacket, void, undefined> {
  for (const item of readCapture(bytes)) if (item.kind === 'packet') yield item;
}

/** Reads a capture that comes in pieces: from a pipe, a socket, a growing file. */
export class CaptureReader {
  #format: FormatReader | undefined;
  /** Bytes that are not yet read, in the pieces in which they came. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #want = MAGIC_BYTES;
  /** Offset in the file of the first pending byte. */
  #base = 0;
  #over = false;

  /** True when nothing more can be read: `end` was called or the file is broken. */
  get done(): boolean {
    return this.#over;
  }

  /**
   * Take the next piece, of any size.
   * @param chunk the reader's from now on: packets are views into it
   * @returns what could be read now
   */
  push(chunk: Uint8Array): CaptureItem[] {
    const out: CaptureItem[] = [];
    if (this.#over || chunk.length === 0) return out;
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    // Pieces are joined only when a record can be whole: joining at every byte would be quadratic.
    if (this.#pendingBytes < this.#want) return out;
    const bytes = this.#pending.length === 1 ? chunk : concat(this.#pending);
    this.#format ??= readerFor(bytes);
    if (this.#format === undefined) {
      this.#stop();
      return [notACapture(bytes)];
    }
    let at = 0;
    for (;;) {
      const used = this.#format.next(bytes, at, this.#base, out);
      if (used < 0) {
        this.#stop();
        return out;
      }
      if (used === 0) break;
      at += used;
    }
    this.#base += at;
    this.#pending = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#pendingBytes = bytes.length - at;
    this.#want = this.#format.want;
    return out;
  }

  /** No more pieces come. Gives a fault when the file ends inside a record. */
  end(): CaptureItem[] {
    if (this.#over) return [];
    const rest = this.#pendingBytes;
    const format = this.#format;
    const pending = this.#pending;
    this.#stop();
    if (format === undefined) return [notACapture(concat(pending))];
    return rest === 0 ? [] : [cutShort(format, this.#base, rest)];
  }

  #stop(): void {
    this.#over = true;
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}
