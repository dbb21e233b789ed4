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

/** More about an interface. */
export interface InterfaceExtras {
  /** `10.0.0.1/24`; masks that are no prefix stay in `options`. */
  readonly ipv4?: readonly string[];
  /** `2001:db8::1/64` */
  readonly ipv6?: readonly string[];
  /** `02:00:00:00:00:01` */
  readonly hardwareAddress?: string;
  /** `02:00:00:ff:fe:00:00:01` */
  readonly eui64?: string;
  /** Bits a second. */
  readonly speed?: bigint;
  readonly sendSpeed?: bigint;
  readonly receiveSpeed?: bigint;
  /** Bytes of frame check sequence at the end of each frame. */
  readonly fcsBytes?: number;
}

/** More about a packet. */
export interface PacketExtras {
  /** 0 two's complement, 1 XOR, 2 CRC-32, 3 MD-5, 4 SHA-1, 5 Toeplitz. */
  readonly hash?: { readonly algorithm: number; readonly data: Uint8Array };
  /** The interface's queue that it came in on. */
  readonly queue?: number;
  /** What decided about it: 0 hardware, 1 Linux eBPF TC, 2 Linux eBPF XDP. */
  readonly verdicts?: readonly { readonly type: number; readonly data: Uint8Array }[];
  /** The process that sent or received it. */
  readonly process?: { readonly pid: number; readonly tid: number };
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

export interface CaptureInterface extends InterfaceExtras {
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

export interface CapturedPacket extends PacketExtras {
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

/** A custom block: what somebody who has a Private Enterprise Number put into a file. */
export interface CaptureCustom {
  readonly kind: 'custom';
  /** IANA's Private Enterprise Number. */
  readonly enterprise: number;
  /** What only its writer knows, with options and padding where there are some: a view. */
  readonly data: Uint8Array;
  /** Whether a program that changes the file may copy it. */
  readonly mayCopy: boolean;
  readonly offset: number;
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
  | CaptureCustom
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
