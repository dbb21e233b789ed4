/**
 * SCM_TIMESTAMPING_OPT_STATS: figures of the TCP connection at the moment of a transmit timestamp, as netlink
 * attributes (linux/tcp.h TCP_NLA_*, netlink(7)).
 */
import { readHostU16, readHostU32, readHostU64, writeHostU16, writeHostU32, writeHostU64 } from '../../core/bytes.ts';
import { type ControlRow, checkBigint, checkInt, U64_MAX } from './row.ts';

/** Name, TCP_NLA_ number and size of each figure. Times in µs unless the name says ns. */
const FIGURES = [
  ['busyUs', 1, 8],
  ['rwndLimitedUs', 2, 8],
  ['sndbufLimitedUs', 3, 8],
  ['dataSegsOut', 4, 8],
  ['totalRetrans', 5, 8],
  ['pacingRate', 6, 8],
  ['deliveryRate', 7, 8],
  ['sndCwnd', 8, 4],
  ['reordering', 9, 4],
  ['minRttUs', 10, 4],
  ['recurRetrans', 11, 1],
  ['deliveryRateAppLimited', 12, 1],
  ['sndqSize', 13, 4],
  ['caState', 14, 1],
  ['sndSsthresh', 15, 4],
  ['delivered', 16, 4],
  ['deliveredCe', 17, 4],
  ['bytesSent', 18, 8],
  ['bytesRetrans', 19, 8],
  ['dsackDups', 20, 4],
  ['reordSeen', 21, 4],
  ['srttUs', 22, 4],
  ['timeoutRehash', 23, 2],
  ['bytesNotsent', 24, 4],
  ['edtNs', 25, 8],
  ['ttl', 26, 1],
  ['rehash', 27, 4],
] as const;

type Row = (typeof FIGURES)[number];

/** What the kernel gave: a figure it did not is left out. 64-bit figures are bigint. */
export type ConnectionFigures = {
  readonly [R in Row as R[0]]?: R[2] extends 8 ? bigint : number;
};

export interface OptStats {
  readonly kind: 'timestamping-opt-stats';
  readonly stats: ConnectionFigures;
}

const KIND = 'timestamping-opt-stats';
const HEADER = 4;
const byNumber: ReadonlyMap<number, Row> = new Map(FIGURES.map((row) => [row[1], row]));

function readFigure(data: Uint8Array, offset: number, size: number): number | bigint {
  if (size === 8) return readHostU64(data, offset);
  if (size === 4) return readHostU32(data, offset);
  return size === 2 ? readHostU16(data, offset) : (data[offset] as number);
}

function decode(data: Uint8Array): OptStats | undefined {
  const stats: Record<string, number | bigint> = {};
  let at = 0;
  while (at + HEADER <= data.length) {
    const length = readHostU16(data, at);
    if (length < HEADER || at + length > data.length) return undefined;
    const row = byNumber.get(readHostU16(data, at + 2));
    // Attribute 0 is padding, and a later kernel's figures have no name here yet.
    if (row !== undefined) {
      if (length !== HEADER + row[2]) return undefined;
      stats[row[0]] = readFigure(data, at + HEADER, row[2]);
    }
    at += (length + 3) & ~3;
  }
  return at === data.length ? { kind: KIND, stats } : undefined;
}

function encode({ stats }: OptStats): Uint8Array {
  const data = new Uint8Array(FIGURES.length * 12);
  let at = 0;
  for (const [name, number, size] of FIGURES) {
    const value = stats[name];
    if (value === undefined) continue;
    writeHostU16(data, at, HEADER + size);
    writeHostU16(data, at + 2, number);
    const field = `${KIND}.stats.${name}`;
    if (size === 8) writeHostU64(data, at + HEADER, checkBigint(value, field, 0n, U64_MAX));
    else if (size === 4) writeHostU32(data, at + HEADER, checkInt(value, field, 0, 0xffff_ffff));
    else if (size === 2) writeHostU16(data, at + HEADER, checkInt(value, field, 0, 0xffff));
    else data[at + HEADER] = checkInt(value, field, 0, 0xff);
    at += HEADER + ((size + 3) & ~3);
  }
  return data.subarray(0, at);
}

export const optStats: ControlRow<OptStats> = {
  name: 'SCM_TIMESTAMPING_OPT_STATS',
  kind: KIND,
  level: 1,
  type: 54,
  decode,
  encode,
};
