/** Options of AF_XDP sockets (linux/if_xdp.h). */
import { SOL_XDP } from '../constants.ts';
import { type Option, rowsOf } from './row.ts';
import { bytesOf, int, u32 } from './values.ts';
import { type XdpMmapOffsets, type XdpStatistics, xdpMmapOffsets, xdpStatistics } from './xdp-values.ts';

const umem = bytesOf(32);

export interface XdpLevel {
  readonly MMAP_OFFSETS: Option<XdpMmapOffsets>;
  readonly RX_RING: Option<number>;
  readonly TX_RING: Option<number>;
  readonly UMEM_REG: Option<Uint8Array>;
  readonly UMEM_FILL_RING: Option<number>;
  readonly UMEM_COMPLETION_RING: Option<number>;
  readonly STATISTICS: Option<XdpStatistics>;
  readonly OPTIONS: Option<number>;
}

const xdp = rowsOf(SOL_XDP, 'XDP_');

/** Options of AF_XDP sockets. */
export const XDP: XdpLevel = {
  MMAP_OFFSETS: xdp('MMAP_OFFSETS', 1, xdpMmapOffsets, 'r'),
  RX_RING: xdp('RX_RING', 2, int, 'w'),
  TX_RING: xdp('TX_RING', 3, int, 'w'),
  UMEM_REG: xdp('UMEM_REG', 4, umem, 'w'),
  UMEM_FILL_RING: xdp('UMEM_FILL_RING', 5, int, 'w'),
  UMEM_COMPLETION_RING: xdp('UMEM_COMPLETION_RING', 6, int, 'w'),
  STATISTICS: xdp('STATISTICS', 7, xdpStatistics, 'r'),
  OPTIONS: xdp('OPTIONS', 8, u32, 'r'),
};
