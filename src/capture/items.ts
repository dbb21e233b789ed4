/**
 * What a capture file holds, the same for pcap and pcapng. Times are nanoseconds since 1970 as bigint: they do not fit
 * a double. Bytes are views into what was read: good until the caller reuses it.
 */
import type { DecodeFault } from '../core/index.ts';

/** A pcapng option that this version does not name, or that a writer is to add as it is. */
export interface RawOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** Begin of a file (pcap) or of a section (pcapng); interface numbers start again at 0. */
export interface CaptureSection {
  readonly kind: 'section';
  readonly format: 'pcap' | 'pcapng';
  readonly littleEndian: boolean;
  readonly major: number;
  readonly minor: number;
  readonly hardware?: string;
  readonly os?: string;
  readonly application?: string;
  readonly comments: readonly string[];
  readonly options: readonly RawOption[];
}

export interface CaptureInterface {
  readonly kind: 'interface';
  /** Counts from 0 in each section. */
  readonly index: number;
  /** A `LINKTYPE_` number. */
  readonly linkType: number;
  /** Longest packet kept, bytes; 0 means no limit. */
  readonly snapLen: number;
  /** How fine the stamps are: units a second. */
  readonly unitsPerSecond: bigint;
  /** Added to every stamp, seconds. */
  readonly offsetSeconds: bigint;
  readonly name?: string;
  readonly description?: string;
  readonly os?: string;
  readonly hardware?: string;
  /** The capture filter as text. */
  readonly filter?: string;
  readonly comments: readonly string[];
  readonly options: readonly RawOption[];
}

export interface CapturedPacket {
  readonly kind: 'packet';
  /** ns since 1970; null when the file has no stamp (a simple packet block). */
  readonly t: bigint | null;
  /** Index of the interface in its section; 0 in a pcap file. */
  readonly interface: number;
  readonly linkType: number;
  readonly bytes: Uint8Array;
  /** Length on the wire in bytes: larger than `bytes` when the packet was cut. */
  readonly length: number;
  readonly truncated: boolean;
  readonly direction?: 'inbound' | 'outbound';
  /** epb_flags as it stands in the file. */
  readonly flags?: number;
  readonly comments: readonly string[];
  readonly packetId?: bigint;
  /** Packets lost by the interface between the one before and this one. */
  readonly dropCount?: bigint;
  readonly options: readonly RawOption[];
  /** Where its record or block begins in the file. */
  readonly offset: number;
}

export interface CaptureStatistics {
  readonly kind: 'statistics';
  readonly interface: number;
  readonly t: bigint;
  readonly start?: bigint;
  readonly end?: bigint;
  /** Packets, each counted since the start of the capture. */
  readonly received?: bigint;
  readonly dropped?: bigint;
  readonly accepted?: bigint;
  readonly osDropped?: bigint;
  readonly delivered?: bigint;
  readonly comments: readonly string[];
  readonly options: readonly RawOption[];
}

/** Names of addresses; 4 or 16 bytes each. */
export interface CaptureNames {
  readonly kind: 'names';
  readonly records: readonly { readonly address: Uint8Array; readonly names: readonly string[] }[];
}

/** Keys to decrypt what was captured. */
export interface CaptureSecrets {
  readonly kind: 'secrets';
  /** `SECRETS_TLS` and the like. */
  readonly type: number;
  readonly data: Uint8Array;
}

/** A block that this version does not read, without its type and lengths. */
export interface UnknownBlock {
  readonly kind: 'block';
  readonly type: number;
  readonly body: Uint8Array;
  readonly littleEndian: boolean;
  readonly offset: number;
}

/** Something is damaged. Items may follow when only one block was; nothing follows when the chain of lengths broke. */
export interface CaptureFault {
  readonly kind: 'fault';
  readonly fault: DecodeFault;
}

export type CaptureItem =
  | CaptureSection
  | CaptureInterface
  | CapturedPacket
  | CaptureStatistics
  | CaptureNames
  | CaptureSecrets
  | UnknownBlock
  | CaptureFault;

/** Takes what a writer makes, in order; each array is newly made and the sink's to keep. */
export type ByteSink = (bytes: Uint8Array) => void;

/**
 * One file format. `next` reads the record at `at` and appends to `out` what it holds.
 * @internal
 */
export interface FormatReader {
  readonly layer: 'pcap' | 'pcapng';
  /** Bytes that the record at hand asks for, known after `next` returned 0. */
  readonly want: number;
  /**
   * @param base offset of `bytes[0]` in the file
   * @returns bytes used; 0 when the record is not whole; -1 when nothing more can be read (a fault was appended)
   */
  next(bytes: Uint8Array, at: number, base: number, out: CaptureItem[]): number;
}

/**
 * The largest record or block believed, in bytes. A damaged length must not make an incremental reader wait for
 * 4 GiB; Wireshark and libpcap stop at the same size.
 */
export const MAX_BLOCK_BYTES: number = 16 * 1024 * 1024;
