/** Values of AF_XDP and MPTCP options that are structs (linux/if_xdp.h, linux/mptcp.h). */
import type { OptionType } from './row.ts';
import { struct, u8, u32, u64 } from './struct.ts';

/** struct xdp_statistics. */
export interface XdpStatistics {
  readonly rxDropped: bigint;
  readonly rxInvalidDescriptors: bigint;
  readonly txInvalidDescriptors: bigint;
  readonly rxRingFull: bigint;
  readonly rxFillRingEmpty: bigint;
  readonly txRingEmpty: bigint;
}

export const xdpStatistics: OptionType<XdpStatistics> = struct('xdp_statistics', 48, {
  rxDropped: u64(0),
  rxInvalidDescriptors: u64(8),
  txInvalidDescriptors: u64(16),
  rxRingFull: u64(24),
  rxFillRingEmpty: u64(32),
  txRingEmpty: u64(40),
});

/** struct xdp_ring_offset: where in its mapping a ring has what. */
export interface XdpRingOffset {
  readonly producer: bigint;
  readonly consumer: bigint;
  readonly descriptors: bigint;
  readonly flags: bigint;
}

/** struct xdp_mmap_offsets. */
export interface XdpMmapOffsets {
  readonly rx: XdpRingOffset;
  readonly tx: XdpRingOffset;
  readonly fill: XdpRingOffset;
  readonly completion: XdpRingOffset;
}

const ringAt = (at: number) => ({
  read: (bytes: Uint8Array): XdpRingOffset => ({
    producer: u64(at).read(bytes),
    consumer: u64(at + 8).read(bytes),
    descriptors: u64(at + 16).read(bytes),
    flags: u64(at + 24).read(bytes),
  }),
  write: (): never => {
    throw new TypeError('XDP_MMAP_OFFSETS can only be read');
  },
});

export const xdpMmapOffsets: OptionType<XdpMmapOffsets> = struct('xdp_mmap_offsets', 128, {
  rx: ringAt(0),
  tx: ringAt(32),
  fill: ringAt(64),
  completion: ringAt(96),
});

/** struct mptcp_info, the part that all kernels with the option have. */
export interface MptcpInfo {
  readonly subflows: number;
  readonly addAddrSignals: number;
  readonly addAddrAccepted: number;
  readonly subflowsMax: number;
  readonly addAddrSignalsMax: number;
  readonly addAddrAcceptedMax: number;
  /** MPTCP_INFO_FLAG_FALLBACK 1, MPTCP_INFO_FLAG_REMOTE_KEY_RECEIVED 2. */
  readonly flags: number;
  readonly token: number;
  readonly writeSeq: bigint;
  readonly sndUna: bigint;
  readonly rcvNxt: bigint;
  readonly localAddrUsed: number;
  readonly localAddrMax: number;
  readonly checksums: boolean;
}

export const mptcpInfo: OptionType<MptcpInfo> = struct('mptcp_info', 48, {
  subflows: u8(0),
  addAddrSignals: u8(1),
  addAddrAccepted: u8(2),
  subflowsMax: u8(3),
  addAddrSignalsMax: u8(4),
  addAddrAcceptedMax: u8(5),
  flags: u32(8),
  token: u32(12),
  writeSeq: u64(16),
  sndUna: u64(24),
  rcvNxt: u64(32),
  localAddrUsed: u8(40),
  localAddrMax: u8(41),
  checksums: {
    read: (bytes) => bytes[42] === 1,
    write: () => {
      throw new TypeError('MPTCP_INFO can only be read');
    },
  },
});
