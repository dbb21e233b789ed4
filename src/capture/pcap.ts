/**
 * pcap files: draft-ietf-opsawg-pcap (what libpcap wrote since 1998). A file header of 24 bytes tells byte order and
 * resolution by its magic number; then records of 16 bytes and the packet. One link type a file, no comments.
 */
import { concat, fault } from '../core/index.ts';
import { get16, get32, put16, put32 } from './endian.ts';
import { type ByteSink, type CaptureItem, type FormatReader, MAX_BLOCK_BYTES } from './items.ts';

const MAGIC_US = 0xa1b2c3d4;
const MAGIC_NS = 0xa1b23c4d;
/** Alexey Kuznetsov's variant: longer records, read by nobody but old Linux tools. */
const MAGIC_MODIFIED = 0xa1b2cd34;

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;

/** Longest packet that libpcap keeps; also what we announce when the caller names no limit. */
export const MAX_SNAPLEN = 262_144;

/** The file's byte order if `bytes` begin as a pcap file does, else undefined. Needs 4 bytes. */
export function pcapOrder(bytes: Uint8Array): 'little' | 'big' | undefined {
  const isMagic = (value: number): boolean => value === MAGIC_US || value === MAGIC_NS || value === MAGIC_MODIFIED;
  if (isMagic(get32(bytes, 0, true))) return 'little';
  if (isMagic(get32(bytes, 0, false))) return 'big';
  return undefined;
}

/** Reads records one at a time; `readCapture` and `CaptureReader` are the doors. */
export class PcapReader implements FormatReader {
  readonly layer = 'pcap';
  want: number = FILE_HEADER_BYTES;
  #begun = false;
  #little = true;
  #nsPerUnit = 1000n;
  #linkType = 0;
  #limitBytes = MAX_SNAPLEN;

  next(bytes: Uint8Array, at: number, base: number, out: CaptureItem[]): number {
    return this.#begun ? this.#record(bytes, at, base, out) : this.#fileHeader(bytes, at, base, out);
  }

  #fileHeader(bytes: Uint8Array, at: number, base: number, out: CaptureItem[]): number {
    if (bytes.length - at < FILE_HEADER_BYTES) {
      this.want = FILE_HEADER_BYTES;
      return 0;
    }
    const little = pcapOrder(bytes.subarray(at)) === 'little';
    const magic = get32(bytes, at, little);
    const major = get16(bytes, at + 4, little);
    const minor = get16(bytes, at + 6, little);
    if (magic === MAGIC_MODIFIED) {
      out.push({ kind: 'fault', fault: fault('UNSUPPORTED', 'pcap', 'magic', base + at, MAGIC_US, magic) });
      return -1;
    }
    // Versions before 2.4 had the two lengths of a record the other way round at times; nobody has written them since.
    if (major !== 2 || minor !== 4) {
      const bad =
        major === 2
          ? fault('BAD_VERSION', 'pcap', 'minor', base + at + 6, 4, minor)
          : fault('BAD_VERSION', 'pcap', 'major', base + at + 4, 2, major);
      out.push({ kind: 'fault', fault: bad });
      return -1;
    }
    const snapLen = get32(bytes, at + 16, little);
    this.#begun = true;
    this.#little = little;
    this.#nsPerUnit = magic === MAGIC_NS ? 1n : 1000n;
    // The upper half of the field tells whether frames end in an FCS, not what they are.
    this.#linkType = get32(bytes, at + 20, little) & 0xffff;
    // Some writers exceed the snap length they announce, so it only ever raises the limit.
    this.#limitBytes = Math.min(Math.max(snapLen, MAX_SNAPLEN), MAX_BLOCK_BYTES);
    out.push({ kind: 'section', format: 'pcap', littleEndian: little, major, minor, comments: [], options: [] });
    out.push({
      kind: 'interface',
      index: 0,
      linkType: this.#linkType,
      snapLen,
      unitsPerSecond: 1_000_000_000n / this.#nsPerUnit,
      offsetSeconds: 0n,
      comments: [],
      options: [],
    });
    return FILE_HEADER_BYTES;
  }

  #record(bytes: Uint8Array, at: number, base: number, out: CaptureItem[]): number {
    if (bytes.length - at < RECORD_HEADER_BYTES) {
      this.want = RECORD_HEADER_BYTES;
      return 0;
    }
    const little = this.#little;
    const capLen = get32(bytes, at + 8, little);
    const length = get32(bytes, at + 12, little);
    if (capLen > this.#limitBytes) {
      out.push({
        kind: 'fault',
        fault: fault('BAD_LENGTH', 'pcap', 'capturedLength', base + at + 8, this.#limitBytes, capLen),
      });
      return -1;
    }
    const total = RECORD_HEADER_BYTES + capLen;
    if (bytes.length - at < total) {
      this.want = total;
      return 0;
    }
    const seconds = BigInt(get32(bytes, at, little));
    out.push({
      kind: 'packet',
      t: seconds * 1_000_000_000n + BigInt(get32(bytes, at + 4, little)) * this.#nsPerUnit,
      interface: 0,
      linkType: this.#linkType,
      bytes: bytes.subarray(at + RECORD_HEADER_BYTES, at + total),
      // A wire length under the kept length is a lie of the writer; what is here was on the wire.
      length: Math.max(length, capLen),
      truncated: length > capLen,
      comments: [],
      options: [],
      offset: base + at,
    });
    return total;
  }
}

export interface PcapOptions {
  readonly linkType: number;
  /** Packets are cut to this many bytes; `MAX_SNAPLEN` when not given. */
  readonly snapLen?: number;
  /** `ns` when not given. Tools from before 2013 read only `us`; the stamp is then cut, not rounded. */
  readonly resolution?: 'us' | 'ns';
  /** True when not given. */
  readonly littleEndian?: boolean;
}

export interface PcapRecord {
  /** ns since 1970. */
  readonly t: bigint;
  /** Borrowed for the time of the call. */
  readonly bytes: Uint8Array;
  /** Length on the wire when `bytes` is already cut. */
  readonly length?: number;
}

/** Writes a pcap file into a sink, the file header at once. */
export class PcapWriter {
  readonly #sink: ByteSink;
  readonly #little: boolean;
  readonly #snapLen: number;
  readonly #nsPerUnit: bigint;

  constructor(sink: ByteSink, options: PcapOptions) {
    const { linkType, snapLen = MAX_SNAPLEN, resolution = 'ns', littleEndian = true } = options;
    checkU16('linkType', linkType);
    if (!(Number.isInteger(snapLen) && snapLen > 0 && snapLen <= MAX_SNAPLEN)) {
      throw new RangeError(`snapLen: expected 1 to ${MAX_SNAPLEN}, got ${snapLen}`);
    }
    this.#sink = sink;
    this.#little = littleEndian;
    this.#snapLen = snapLen;
    this.#nsPerUnit = resolution === 'ns' ? 1n : 1000n;
    const header = new Uint8Array(FILE_HEADER_BYTES);
    put32(header, 0, resolution === 'ns' ? MAGIC_NS : MAGIC_US, littleEndian);
    put16(header, 4, 2, littleEndian);
    put16(header, 6, 4, littleEndian);
    put32(header, 16, snapLen, littleEndian);
    put32(header, 20, linkType, littleEndian);
    sink(header);
  }

  /** @throws RangeError on a stamp before 1970 or after 2106 */
  write(record: PcapRecord): void {
    const { t, bytes, length = bytes.length } = record;
    const seconds = t / 1_000_000_000n;
    if (t < 0n || seconds > 0xffff_ffffn) throw new RangeError(`t: expected 0 to 2^32 seconds in ns, got ${t}`);
    const kept = Math.min(bytes.length, this.#snapLen);
    const out = new Uint8Array(RECORD_HEADER_BYTES + kept);
    put32(out, 0, Number(seconds), this.#little);
    put32(out, 4, Number((t % 1_000_000_000n) / this.#nsPerUnit), this.#little);
    put32(out, 8, kept, this.#little);
    put32(out, 12, Math.max(length, bytes.length), this.#little);
    out.set(kept === bytes.length ? bytes : bytes.subarray(0, kept), RECORD_HEADER_BYTES);
    this.#sink(out);
  }
}

function checkU16(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff)) {
    throw new RangeError(`${name}: expected 0 to 65535, got ${value}`);
  }
}

/** A whole pcap file in memory. */
export function encodePcap(records: Iterable<PcapRecord>, options: PcapOptions): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapWriter((bytes) => parts.push(bytes), options);
  for (const record of records) writer.write(record);
  return concat(parts);
}
