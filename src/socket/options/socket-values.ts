/** Values of SOL_SOCKET options that are structs (socket(7), unix(7), packet(7) for the timestamps). */
import { decodeSockAddr, encodeSockAddr, type SocketAddress } from '../../addr/sockaddr.ts';
import { readHostU16, readHostU32, writeHostU16, writeHostU32 } from '../../core/bytes.ts';
import { checkInt } from '../control/row.ts';
import type { OptionType } from './row.ts';
import { flag, i32, struct, u32 } from './struct.ts';

export interface Linger {
  readonly on: boolean;
  /** How long close() may wait for unsent data, in seconds; 0 with `on` sends RST. */
  readonly seconds: number;
}

export const linger: OptionType<Linger> = struct('linger', 8, { on: flag(0), seconds: i32(4) });

/** struct ucred: the process at the other end, as it was when it connected or made the pair. */
export interface PeerCredentials {
  /** 0 when there is no such process in our pid namespace. */
  readonly pid: number;
  /** 4294967295 (-1) when nobody is there. */
  readonly uid: number;
  readonly gid: number;
}

export const ucred: OptionType<PeerCredentials> = struct('ucred', 12, { pid: i32(0), uid: u32(4), gid: u32(8) });

/** struct so_timestamping. */
export interface TimestampingFlags {
  /** SOF_TIMESTAMPING_* bits. */
  readonly flags: number;
  /** With SOF_TIMESTAMPING_BIND_PHC: the index of the clock; else 0. */
  readonly bindPhc: number;
}

export const timestamping: OptionType<TimestampingFlags> = struct('so_timestamping', 8, {
  flags: u32(0),
  bindPhc: i32(4),
});

/** struct sock_txtime: datagrams carry their time of departure as a control message `txtime`. */
export interface TxTime {
  /** CLOCK_TAI 11, CLOCK_MONOTONIC 1 … */
  readonly clockId: number;
  /** SOF_TXTIME_DEADLINE_MODE 1, SOF_TXTIME_REPORT_ERRORS 2. */
  readonly flags: number;
}

export const txtime: OptionType<TxTime> = struct('sock_txtime', 8, { clockId: i32(0), flags: u32(4) });

/** SO_MEMINFO: memory of one socket, in bytes unless said otherwise. */
export interface SocketMemory {
  readonly receiveQueue: number;
  readonly receiveBuffer: number;
  /** Bytes of sent packets that are not freed yet. */
  readonly sendAllocated: number;
  readonly sendBuffer: number;
  /** Reserved from the protocol's share, not used yet. */
  readonly forward: number;
  readonly sendQueue: number;
  /** Filters, control messages, group memberships. */
  readonly optionMemory: number;
  readonly backlog: number;
  /** Packets dropped by this socket. */
  readonly drops: number;
}

export const meminfo: OptionType<SocketMemory> = struct('u32[9]', 36, {
  receiveQueue: u32(0),
  receiveBuffer: u32(4),
  sendAllocated: u32(8),
  sendBuffer: u32(12),
  forward: u32(16),
  sendQueue: u32(20),
  optionMemory: u32(24),
  backlog: u32(28),
  drops: u32(32),
});

/** SO_PEERNAME wants no more room than the address has: that of IPv4's is whole, others come as raw bytes. */
export const address: OptionType<SocketAddress> = {
  name: 'sockaddr',
  size: 16,
  decode: (bytes) => decodeSockAddr(bytes),
  encode: (value) => {
    const { bytes, length } = encodeSockAddr(value);
    return bytes.subarray(0, length);
  },
};

/** One instruction of a classic BPF program: struct sock_filter (linux/filter.h). */
export interface SockFilter {
  readonly code: number;
  /** Instructions to skip when a jump's condition holds; 0 to 255. */
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

const INSTRUCTION = 8;
/** BPF_MAXINSNS. */
const MOST_INSTRUCTIONS = 4096;

function programBytes(program: readonly SockFilter[]): Uint8Array {
  if (!Array.isArray(program)) throw new TypeError(`filter: expected an array, got ${typeof program}`);
  const bytes = new Uint8Array(program.length * INSTRUCTION);
  program.forEach(({ code, jt, jf, k }, i) => {
    const at = i * INSTRUCTION;
    writeHostU16(bytes, at, checkInt(code, `filter[${i}].code`, 0, 0xffff));
    bytes[at + 2] = checkInt(jt, `filter[${i}].jt`, 0, 255);
    bytes[at + 3] = checkInt(jf, `filter[${i}].jf`, 0, 255);
    writeHostU32(bytes, at + 4, checkInt(k, `filter[${i}].k`, 0, 0xffff_ffff));
  });
  return bytes;
}

function readProgram(bytes: Uint8Array): SockFilter[] {
  return Array.from({ length: Math.floor(bytes.length / INSTRUCTION) }, (_, i) => {
    const at = i * INSTRUCTION;
    const [jt, jf] = [bytes[at + 2] as number, bytes[at + 3] as number];
    return { code: readHostU16(bytes, at), jt, jf, k: readHostU32(bytes, at + 4) };
  });
}

/**
 * struct sock_fprog: a count, and a pointer to the program. Read (SO_GET_FILTER), the kernel gives the program itself
 * and counts in instructions.
 */
export const sockFprog: OptionType<readonly SockFilter[]> = {
  name: 'sock_fprog',
  size: MOST_INSTRUCTIONS * INSTRUCTION,
  unit: INSTRUCTION,
  decode: readProgram,
  encode: (program) => {
    const bytes = new Uint8Array(16);
    const count = Array.isArray(program) ? program.length : 0;
    writeHostU16(bytes, 0, checkInt(count, 'filter.length', 1, MOST_INSTRUCTIONS));
    return bytes;
  },
  pointee: (program) => ({ offset: 8, bytes: programBytes(program) }),
};

/** struct dmabuf_token[]: pieces of device memory that are given back. */
export interface DevmemTokens {
  readonly start: number;
  readonly count: number;
}

export const devmemTokens: OptionType<DevmemTokens> = struct('dmabuf_token', 8, { start: u32(0), count: u32(4) });
