/** Options of packet sockets (packet(7)). */
import { SOL_PACKET } from '../constants.ts';
import {
  type PacketFanout,
  type PacketMembership,
  type PacketRing,
  type PacketRollover,
  type PacketStatistics,
  packetFanout,
  packetMreq,
  packetRing,
  packetRollover,
  packetStatistics,
} from './packet-values.ts';
import { type Option, type OptionType, rowsOf } from './row.ts';
import { type SockFilter, sockFprog } from './socket-values.ts';
import { bool, int } from './values.ts';

/** Of TPACKET_V3, whose number stands in the buffer. */
const hdrlen: OptionType<number> = { ...int, request: int.encode(2) };

export interface PacketLevel {
  readonly ADD_MEMBERSHIP: Option<PacketMembership>;
  readonly DROP_MEMBERSHIP: Option<PacketMembership>;
  readonly RX_RING: Option<PacketRing>;
  readonly STATISTICS: Option<PacketStatistics>;
  readonly COPY_THRESH: Option<number>;
  readonly AUXDATA: Option<boolean>;
  readonly ORIGDEV: Option<boolean>;
  readonly VERSION: Option<number>;
  readonly HDRLEN: Option<number>;
  readonly RESERVE: Option<number>;
  readonly TX_RING: Option<PacketRing>;
  readonly LOSS: Option<boolean>;
  readonly VNET_HDR: Option<boolean>;
  readonly TIMESTAMP: Option<number>;
  readonly FANOUT: Option<PacketFanout>;
  readonly TX_HAS_OFF: Option<boolean>;
  readonly QDISC_BYPASS: Option<boolean>;
  readonly ROLLOVER_STATS: Option<PacketRollover>;
  readonly FANOUT_DATA: Option<readonly SockFilter[]>;
  readonly IGNORE_OUTGOING: Option<boolean>;
  readonly VNET_HDR_SZ: Option<number>;
}

const packet = rowsOf(SOL_PACKET, 'PACKET_');

/** Options of packet sockets. */
export const PACKET: PacketLevel = {
  ADD_MEMBERSHIP: packet('ADD_MEMBERSHIP', 1, packetMreq, 'w'),
  DROP_MEMBERSHIP: packet('DROP_MEMBERSHIP', 2, packetMreq, 'w'),
  RX_RING: packet('RX_RING', 5, packetRing, 'w'),
  STATISTICS: packet('STATISTICS', 6, packetStatistics, 'r'),
  COPY_THRESH: packet('COPY_THRESH', 7, int, 'w'),
  AUXDATA: packet('AUXDATA', 8, bool),
  ORIGDEV: packet('ORIGDEV', 9, bool),
  VERSION: packet('VERSION', 10, int),
  HDRLEN: packet('HDRLEN', 11, hdrlen, 'r'),
  RESERVE: packet('RESERVE', 12, int),
  TX_RING: packet('TX_RING', 13, packetRing, 'w'),
  LOSS: packet('LOSS', 14, bool),
  VNET_HDR: packet('VNET_HDR', 15, bool),
  TIMESTAMP: packet('TIMESTAMP', 17, int),
  FANOUT: packet('FANOUT', 18, packetFanout),
  TX_HAS_OFF: packet('TX_HAS_OFF', 19, bool),
  QDISC_BYPASS: packet('QDISC_BYPASS', 20, bool),
  ROLLOVER_STATS: packet('ROLLOVER_STATS', 21, packetRollover, 'r'),
  FANOUT_DATA: packet('FANOUT_DATA', 22, sockFprog, 'w'),
  IGNORE_OUTGOING: packet('IGNORE_OUTGOING', 23, bool),
  VNET_HDR_SZ: packet('VNET_HDR_SZ', 24, int),
};
