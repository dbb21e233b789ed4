/**
 * Control messages of time: when a packet came or left (socket(7), Documentation/networking/timestamping), and when one
 * shall leave. Times are nanoseconds as bigint; of CLOCK_REALTIME unless said otherwise.
 */
import { readHostU32, readHostU64, writeHostU32, writeHostU64 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type ControlRow,
  checkBigint,
  checkU32,
  type NumberMessage,
  numberRow,
  readTimespecNs,
  U32,
  U64_MAX,
  writeTimespecNs,
} from './row.ts';
import { type OptStats, optStats } from './time-stats.ts';

const SOL_SOCKET = 1;
const US_PER_SECOND = 1_000_000n;

type TimestampKind = 'timestamp' | 'timestampns';

/** SO_TIMESTAMP (grain 1 µs), SO_TIMESTAMPNS: when the packet was received. */
export interface Timestamp<Kind extends TimestampKind = TimestampKind> {
  readonly kind: Kind;
  readonly ns: bigint;
  /** The message carries the _NEW number (64-bit time on every architecture). On 64 bits the struct is the same. */
  readonly wide?: true;
}

/** SO_TIMESTAMPING as it comes: up to three clocks; 0n where one has nothing to say. */
export interface Timestamping {
  readonly kind: 'timestamping';
  /** By the kernel. */
  readonly softwareNs: bigint;
  /** Once the hardware's time brought to the system's clock; Linux leaves it 0. */
  readonly legacyNs: bigint;
  /** By the network card's own clock. */
  readonly hardwareNs: bigint;
  readonly wide?: true;
}

/** SO_TIMESTAMPING as it is sent: which times of this message shall be reported (SOF_TIMESTAMPING_TX_*). */
export interface TimestampingRequest {
  readonly kind: 'timestamping-request';
  readonly flags: number;
  readonly wide?: true;
}

/** SCM_TIMESTAMPING_PKTINFO (SOF_TIMESTAMPING_OPT_PKTINFO): the interface that took the hardware timestamp. */
export interface TimestampingPktinfo {
  readonly kind: 'timestamping-pktinfo';
  readonly ifindex: number;
  /** Length of the packet at layer 2, in bytes. */
  readonly packetLength: number;
}

/** SCM_TXTIME (SO_TXTIME): this datagram leaves at `ns` of the clock that the option named. */
export interface Txtime {
  readonly kind: 'txtime';
  readonly ns: bigint;
}

export type TimeControl =
  | Timestamp<'timestamp'>
  | Timestamp<'timestampns'>
  | Timestamping
  | TimestampingRequest
  | TimestampingPktinfo
  | Txtime
  | OptStats
  /** SCM_TS_OPT_ID (Linux 6.13), sent: the number by which this message's timestamps will be known. */
  | NumberMessage<'ts-opt-id', 'id'>;

/** Old and new numbers have the same struct on 64-bit machines: one pair of functions, two rows. */
function timestamp(kind: Timestamp['kind'], type: number, perSecond: bigint, wide: boolean): ControlRow<Timestamp> {
  return {
    name: `${kind === 'timestamp' ? 'SO_TIMESTAMP' : 'SO_TIMESTAMPNS'}_${wide ? 'NEW' : 'OLD'}`,
    kind,
    level: SOL_SOCKET,
    type,
    accepts: (message) => (message.wide === true) === wide,
    decode: (data) => {
      const ns = data.length === 16 ? readTimespecNs(data, 0, perSecond) : undefined;
      if (ns === undefined) return undefined;
      return wide ? { kind, ns, wide } : { kind, ns };
    },
    encode: ({ ns }) => {
      const data = new Uint8Array(16);
      writeTimespecNs(data, 0, ns, `${kind}.ns`, perSecond);
      return data;
    },
  };
}

function timestamping(type: number, wide: boolean): ControlRow<Timestamping> {
  return {
    name: `SO_TIMESTAMPING_${wide ? 'NEW' : 'OLD'}`,
    kind: 'timestamping',
    level: SOL_SOCKET,
    type,
    accepts: (message) => (message.wide === true) === wide,
    decode: (data) => {
      if (data.length !== 48) return undefined;
      const softwareNs = readTimespecNs(data, 0);
      const legacyNs = readTimespecNs(data, 16);
      const hardwareNs = readTimespecNs(data, 32);
      if (softwareNs === undefined || legacyNs === undefined || hardwareNs === undefined) return undefined;
      const times = { kind: 'timestamping', softwareNs, legacyNs, hardwareNs } as const;
      return wide ? { ...times, wide } : times;
    },
    encode: (message) => {
      const data = new Uint8Array(48);
      writeTimespecNs(data, 0, message.softwareNs, 'timestamping.softwareNs');
      writeTimespecNs(data, 16, message.legacyNs, 'timestamping.legacyNs');
      writeTimespecNs(data, 32, message.hardwareNs, 'timestamping.hardwareNs');
      return data;
    },
  };
}

function timestampingRequest(type: number, wide: boolean): ControlRow<TimestampingRequest> {
  const kind = 'timestamping-request';
  return {
    name: `SO_TIMESTAMPING_${wide ? 'NEW' : 'OLD'}`,
    kind,
    level: SOL_SOCKET,
    type,
    accepts: (message) => (message.wide === true) === wide,
    decode: (data) => {
      if (data.length !== 4) return undefined;
      const flags = readHostU32(data, 0);
      return wide ? { kind, flags, wide } : { kind, flags };
    },
    encode: ({ flags }) => {
      const data = new Uint8Array(4);
      writeHostU32(data, 0, checkU32(flags, `${kind}.flags`));
      return data;
    },
  };
}

const timestampingPktinfo: ControlRow<TimestampingPktinfo> = {
  name: 'SCM_TIMESTAMPING_PKTINFO',
  kind: 'timestamping-pktinfo',
  level: SOL_SOCKET,
  type: 58,
  decode: (data) =>
    data.length === 16
      ? { kind: 'timestamping-pktinfo', ifindex: readHostU32(data, 0), packetLength: readHostU32(data, 4) }
      : undefined,
  encode: ({ ifindex, packetLength }) => {
    const data = new Uint8Array(16);
    writeHostU32(data, 0, checkU32(ifindex, 'timestamping-pktinfo.ifindex'));
    writeHostU32(data, 4, checkU32(packetLength, 'timestamping-pktinfo.packetLength'));
    return data;
  },
};

const txtime: ControlRow<Txtime> = {
  name: 'SCM_TXTIME',
  kind: 'txtime',
  level: SOL_SOCKET,
  type: 61,
  decode: (data) => (data.length === 8 ? { kind: 'txtime', ns: readHostU64(data, 0) } : undefined),
  encode: ({ ns }) => {
    const data = new Uint8Array(8);
    writeHostU64(data, 0, checkBigint(ns, 'txtime.ns', 0n, U64_MAX));
    return data;
  },
};

export const timeRows: readonly AnyRow[] = [
  timestamp('timestamp', 29, US_PER_SECOND, false),
  timestamp('timestamp', 63, US_PER_SECOND, true),
  timestamp('timestampns', 35, 1_000_000_000n, false),
  timestamp('timestampns', 64, 1_000_000_000n, true),
  timestamping(37, false),
  timestamping(65, true),
  timestampingRequest(37, false),
  timestampingRequest(65, true),
  timestampingPktinfo,
  optStats,
  txtime,
  numberRow('SCM_TS_OPT_ID', 'ts-opt-id', SOL_SOCKET, 81, 'id', U32),
];
