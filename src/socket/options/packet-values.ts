/** Values of packet-socket options that are structs: packet_mreq and its kin (packet(7), linux/if_packet.h). */
import { readHostU32 } from '../../core/bytes.ts';
import { checkInt } from '../control/row.ts';
import type { OptionType } from './row.ts';
import { blob, i32, optional, struct, u16, u32, u64 } from './struct.ts';

/** struct packet_mreq. */
export interface PacketMembership {
  readonly ifindex: number;
  /** PACKET_MR_MULTICAST 0, PACKET_MR_PROMISC 1, PACKET_MR_ALLMULTI 2, PACKET_MR_UNICAST 3. */
  readonly type: number;
  /** The link-layer address, for MULTICAST and UNICAST. */
  readonly address?: Uint8Array | undefined;
}

const mreq = struct<PacketMembership & { readonly length?: number | undefined }>('packet_mreq', 16, {
  ifindex: i32(0),
  type: u16(4),
  length: optional(u16(6), 0),
  address: optional(blob(8, 8), new Uint8Array(0)),
});

export const packetMreq: OptionType<PacketMembership> = {
  ...mreq,
  encode: (value) => mreq.encode({ ...value, length: value.address?.length ?? 0 }),
};

/** struct tpacket_stats, tpacket_stats_v3: since the last time it was read. */
export interface PacketStatistics {
  /** Packets that came to the socket, dropped ones among them. */
  readonly packets: number;
  readonly drops: number;
  /** TPACKET_V3: how often the ring was full. */
  readonly freezes?: number;
}

export const packetStatistics: OptionType<PacketStatistics> = {
  name: 'tpacket_stats_v3',
  size: 12,
  decode: (bytes) => ({
    packets: bytes.length >= 4 ? readHostU32(bytes, 0) : 0,
    drops: bytes.length >= 8 ? readHostU32(bytes, 4) : 0,
    ...(bytes.length >= 12 ? { freezes: readHostU32(bytes, 8) } : {}),
  }),
  encode: () => {
    throw new TypeError('PACKET_STATISTICS can only be read');
  },
};

/** struct fanout_args: sockets of one id share the packets. */
export interface PacketFanout {
  /** 0 to 65535. */
  readonly id: number;
  /** PACKET_FANOUT_*: HASH 0, LB 1, CPU 2, ROLLOVER 3, RND 4, QM 5, CBPF 6, EBPF 7. */
  readonly type: number;
  /** PACKET_FANOUT_FLAG_*: ROLLOVER 0x1000, UNIQUEID 0x2000, IGNORE_OUTGOING 0x4000, DEFRAG 0x8000. */
  readonly flags: number;
}

export const packetFanout: OptionType<PacketFanout> = {
  name: 'fanout_args',
  size: 4,
  decode: (bytes) => {
    const word = readHostU32(bytes, 0);
    return { id: word & 0xffff, type: (word >>> 16) & 0xff, flags: (word >>> 16) & 0xff00 };
  },
  encode: ({ id, type, flags }) => {
    checkInt(id, 'fanout_args.id', 0, 0xffff);
    checkInt(type, 'fanout_args.type', 0, 0xff);
    checkInt(flags, 'fanout_args.flags', 0, 0xff00);
    const args = struct<{ id: number; typeFlags: number }>('fanout_args', 8, { id: u16(0), typeFlags: u16(2) });
    return args.encode({ id, typeFlags: type | flags }).subarray(0, 4);
  },
};

/** struct tpacket_req (16 bytes) and, when `retireMs` is given, tpacket_req3 (28 bytes): a ring of blocks to map. */
export interface PacketRing {
  /** A multiple of the page size. */
  readonly blockSize: number;
  readonly blockCount: number;
  readonly frameSize: number;
  readonly frameCount: number;
  /** TPACKET_V3: a block is handed over after so long although it is not full. */
  readonly retireMs?: number | undefined;
  readonly privateSize?: number | undefined;
  /** TP_FT_REQ_FILL_RXHASH 1. */
  readonly features?: number | undefined;
}

const ring3 = struct<PacketRing>('tpacket_req3', 28, {
  blockSize: u32(0),
  blockCount: u32(4),
  frameSize: u32(8),
  frameCount: u32(12),
  retireMs: optional(u32(16), 0),
  privateSize: optional(u32(20), 0),
  features: optional(u32(24), 0),
});

export const packetRing: OptionType<PacketRing> = {
  ...ring3,
  name: 'tpacket_req3',
  encode: (value) => {
    const bytes = ring3.encode(value);
    return value.retireMs === undefined ? bytes.subarray(0, 16) : bytes;
  },
};

/** struct tpacket_rollover_stats. */
export interface PacketRollover {
  readonly all: bigint;
  readonly huge: bigint;
  readonly failed: bigint;
}

export const packetRollover: OptionType<PacketRollover> = struct('tpacket_rollover_stats', 24, {
  all: u64(0),
  huge: u64(8),
  failed: u64(16),
});
