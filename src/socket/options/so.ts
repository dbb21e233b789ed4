/** Options of level SOL_SOCKET (socket(7), unix(7)). */

import type { SocketAddress } from '../../addr/sockaddr.ts';
import { SOL_SOCKET } from '../constants.ts';
import { type Option, rowsOf } from './row.ts';
import {
  address,
  type DevmemTokens,
  devmemTokens,
  type Linger,
  linger,
  meminfo,
  type PeerCredentials,
  type SocketMemory,
  type SockFilter,
  sockFprog,
  type TimestampingFlags,
  type TxTime,
  timestamping,
  txtime,
  ucred,
} from './socket-values.ts';
import { bool, int, listOf, textOf, timeMs, trigger, u32, u64 } from './values.ts';

const ifname = textOf(16);
const text = textOf(256);
const pacing = u64;
const gids = listOf(4096);

export interface SocketLevel {
  readonly DEBUG: Option<boolean>;
  readonly REUSEADDR: Option<boolean>;
  readonly TYPE: Option<number>;
  readonly ERROR: Option<number>;
  readonly DONTROUTE: Option<boolean>;
  readonly BROADCAST: Option<boolean>;
  readonly SNDBUF: Option<number>;
  readonly RCVBUF: Option<number>;
  readonly KEEPALIVE: Option<boolean>;
  readonly OOBINLINE: Option<boolean>;
  readonly NO_CHECK: Option<boolean>;
  readonly PRIORITY: Option<number>;
  readonly LINGER: Option<Linger>;
  readonly BSDCOMPAT: Option<boolean>;
  readonly REUSEPORT: Option<boolean>;
  readonly PASSCRED: Option<boolean>;
  readonly PEERCRED: Option<PeerCredentials>;
  readonly RCVLOWAT: Option<number>;
  readonly SNDLOWAT: Option<number>;
  readonly RCVTIMEO: Option<number>;
  readonly SNDTIMEO: Option<number>;
  readonly BINDTODEVICE: Option<string>;
  readonly ATTACH_FILTER: Option<readonly SockFilter[]>;
  readonly DETACH_FILTER: Option<true>;
  readonly PEERNAME: Option<SocketAddress>;
  readonly TIMESTAMP: Option<boolean>;
  readonly ACCEPTCONN: Option<boolean>;
  readonly PEERSEC: Option<string>;
  readonly SNDBUFFORCE: Option<number>;
  readonly RCVBUFFORCE: Option<number>;
  readonly PASSSEC: Option<boolean>;
  readonly TIMESTAMPNS: Option<boolean>;
  readonly MARK: Option<number>;
  readonly TIMESTAMPING: Option<TimestampingFlags>;
  readonly PROTOCOL: Option<number>;
  readonly DOMAIN: Option<number>;
  readonly RXQ_OVFL: Option<boolean>;
  readonly WIFI_STATUS: Option<boolean>;
  readonly PEEK_OFF: Option<number>;
  readonly NOFCS: Option<boolean>;
  readonly LOCK_FILTER: Option<boolean>;
  readonly SELECT_ERR_QUEUE: Option<boolean>;
  readonly BUSY_POLL: Option<number>;
  readonly MAX_PACING_RATE: Option<bigint>;
  readonly BPF_EXTENSIONS: Option<number>;
  readonly INCOMING_CPU: Option<number>;
  readonly ATTACH_BPF: Option<number>;
  readonly ATTACH_REUSEPORT_CBPF: Option<readonly SockFilter[]>;
  readonly ATTACH_REUSEPORT_EBPF: Option<number>;
  readonly CNX_ADVICE: Option<number>;
  readonly MEMINFO: Option<SocketMemory>;
  readonly INCOMING_NAPI_ID: Option<number>;
  readonly COOKIE: Option<bigint>;
  readonly PEERGROUPS: Option<readonly number[]>;
  readonly ZEROCOPY: Option<boolean>;
  readonly TXTIME: Option<TxTime>;
  readonly BINDTOIFINDEX: Option<number>;
  readonly TIMESTAMP_NEW: Option<boolean>;
  readonly TIMESTAMPNS_NEW: Option<boolean>;
  readonly TIMESTAMPING_NEW: Option<TimestampingFlags>;
  readonly RCVTIMEO_NEW: Option<number>;
  readonly SNDTIMEO_NEW: Option<number>;
  readonly DETACH_REUSEPORT_BPF: Option<true>;
  readonly PREFER_BUSY_POLL: Option<boolean>;
  readonly BUSY_POLL_BUDGET: Option<number>;
  readonly NETNS_COOKIE: Option<bigint>;
  readonly BUF_LOCK: Option<number>;
  readonly RESERVE_MEM: Option<number>;
  readonly TXREHASH: Option<number>;
  readonly RCVMARK: Option<boolean>;
  readonly PASSPIDFD: Option<boolean>;
  readonly PEERPIDFD: Option<number>;
  readonly DEVMEM_DONTNEED: Option<DevmemTokens>;
  readonly RCVPRIORITY: Option<boolean>;
  readonly PASSRIGHTS: Option<boolean>;
  readonly INQ: Option<boolean>;
  readonly GET_FILTER: Option<readonly SockFilter[]>;
  readonly DETACH_BPF: Option<true>;
  readonly TIMESTAMP_OLD: Option<boolean>;
  readonly TIMESTAMPNS_OLD: Option<boolean>;
  readonly TIMESTAMPING_OLD: Option<TimestampingFlags>;
  readonly RCVTIMEO_OLD: Option<number>;
  readonly SNDTIMEO_OLD: Option<number>;
}

const so = rowsOf(SOL_SOCKET, 'SO_');

/**
 * Options of every socket. `SO.REUSEADDR` is SO_REUSEADDR. Buffer sizes are in bytes; the kernel doubles what is set.
 * docs/options.md says of each what it does and what setting it takes.
 * @example
 * ```ts
 * import { AF_INET, kernel, SO, SOCK_DGRAM } from 'barewire';
 * using socket = kernel.socket(AF_INET, SOCK_DGRAM);
 * socket.set(SO.REUSEPORT, true);
 * // A classic BPF program of one instruction, "return 64": every datagram is cut to 64 bytes, UDP's header counted.
 * socket.set(SO.ATTACH_FILTER, [{ code: 0x06, jt: 0, jf: 0, k: 64 }]);
 * console.log(socket.get(SO.RCVBUF), socket.get(SO.MEMINFO).receiveQueue);
 * ```
 */
export const SO: SocketLevel = {
  DEBUG: so('DEBUG', 1, bool),
  REUSEADDR: so('REUSEADDR', 2, bool),
  TYPE: so('TYPE', 3, int, 'r'),
  ERROR: so('ERROR', 4, int, 'r'),
  DONTROUTE: so('DONTROUTE', 5, bool),
  BROADCAST: so('BROADCAST', 6, bool),
  SNDBUF: so('SNDBUF', 7, int),
  RCVBUF: so('RCVBUF', 8, int),
  KEEPALIVE: so('KEEPALIVE', 9, bool),
  OOBINLINE: so('OOBINLINE', 10, bool),
  NO_CHECK: so('NO_CHECK', 11, bool),
  PRIORITY: so('PRIORITY', 12, int),
  LINGER: so('LINGER', 13, linger),
  BSDCOMPAT: so('BSDCOMPAT', 14, bool),
  REUSEPORT: so('REUSEPORT', 15, bool),
  PASSCRED: so('PASSCRED', 16, bool),
  PEERCRED: so('PEERCRED', 17, ucred, 'r'),
  RCVLOWAT: so('RCVLOWAT', 18, int),
  SNDLOWAT: so('SNDLOWAT', 19, int, 'r'),
  RCVTIMEO: so('RCVTIMEO', 20, timeMs),
  SNDTIMEO: so('SNDTIMEO', 21, timeMs),
  BINDTODEVICE: so('BINDTODEVICE', 25, ifname),
  ATTACH_FILTER: so('ATTACH_FILTER', 26, sockFprog, 'w'),
  DETACH_FILTER: so('DETACH_FILTER', 27, trigger, 'w'),
  PEERNAME: so('PEERNAME', 28, address, 'r'),
  TIMESTAMP: so('TIMESTAMP', 29, bool),
  ACCEPTCONN: so('ACCEPTCONN', 30, bool, 'r'),
  PEERSEC: so('PEERSEC', 31, text, 'r'),
  SNDBUFFORCE: so('SNDBUFFORCE', 32, int, 'w'),
  RCVBUFFORCE: so('RCVBUFFORCE', 33, int, 'w'),
  PASSSEC: so('PASSSEC', 34, bool),
  TIMESTAMPNS: so('TIMESTAMPNS', 35, bool),
  MARK: so('MARK', 36, u32),
  TIMESTAMPING: so('TIMESTAMPING', 37, timestamping),
  PROTOCOL: so('PROTOCOL', 38, int, 'r'),
  DOMAIN: so('DOMAIN', 39, int, 'r'),
  RXQ_OVFL: so('RXQ_OVFL', 40, bool),
  WIFI_STATUS: so('WIFI_STATUS', 41, bool),
  PEEK_OFF: so('PEEK_OFF', 42, int),
  NOFCS: so('NOFCS', 43, bool),
  LOCK_FILTER: so('LOCK_FILTER', 44, bool),
  SELECT_ERR_QUEUE: so('SELECT_ERR_QUEUE', 45, bool),
  BUSY_POLL: so('BUSY_POLL', 46, int),
  MAX_PACING_RATE: so('MAX_PACING_RATE', 47, pacing),
  BPF_EXTENSIONS: so('BPF_EXTENSIONS', 48, int, 'r'),
  INCOMING_CPU: so('INCOMING_CPU', 49, int),
  ATTACH_BPF: so('ATTACH_BPF', 50, int, 'w'),
  ATTACH_REUSEPORT_CBPF: so('ATTACH_REUSEPORT_CBPF', 51, sockFprog, 'w'),
  ATTACH_REUSEPORT_EBPF: so('ATTACH_REUSEPORT_EBPF', 52, int, 'w'),
  CNX_ADVICE: so('CNX_ADVICE', 53, int, 'w'),
  MEMINFO: so('MEMINFO', 55, meminfo, 'r'),
  INCOMING_NAPI_ID: so('INCOMING_NAPI_ID', 56, int, 'r'),
  COOKIE: so('COOKIE', 57, u64, 'r'),
  PEERGROUPS: so('PEERGROUPS', 59, gids, 'r'),
  ZEROCOPY: so('ZEROCOPY', 60, bool),
  TXTIME: so('TXTIME', 61, txtime),
  BINDTOIFINDEX: so('BINDTOIFINDEX', 62, int),
  TIMESTAMP_NEW: so('TIMESTAMP_NEW', 63, bool),
  TIMESTAMPNS_NEW: so('TIMESTAMPNS_NEW', 64, bool),
  TIMESTAMPING_NEW: so('TIMESTAMPING_NEW', 65, timestamping),
  RCVTIMEO_NEW: so('RCVTIMEO_NEW', 66, timeMs),
  SNDTIMEO_NEW: so('SNDTIMEO_NEW', 67, timeMs),
  DETACH_REUSEPORT_BPF: so('DETACH_REUSEPORT_BPF', 68, trigger, 'w'),
  PREFER_BUSY_POLL: so('PREFER_BUSY_POLL', 69, bool),
  BUSY_POLL_BUDGET: so('BUSY_POLL_BUDGET', 70, int, 'w'),
  NETNS_COOKIE: so('NETNS_COOKIE', 71, u64, 'r'),
  BUF_LOCK: so('BUF_LOCK', 72, u32),
  RESERVE_MEM: so('RESERVE_MEM', 73, int),
  TXREHASH: so('TXREHASH', 74, int),
  RCVMARK: so('RCVMARK', 75, bool),
  PASSPIDFD: so('PASSPIDFD', 76, bool),
  PEERPIDFD: so('PEERPIDFD', 77, int, 'r'),
  DEVMEM_DONTNEED: so('DEVMEM_DONTNEED', 80, devmemTokens, 'w'),
  RCVPRIORITY: so('RCVPRIORITY', 82, bool),
  PASSRIGHTS: so('PASSRIGHTS', 83, bool),
  INQ: so('INQ', 84, bool, 'w'),
  GET_FILTER: so('GET_FILTER', 26, sockFprog, 'r'),
  DETACH_BPF: so('DETACH_BPF', 27, trigger, 'w', 'DETACH_FILTER'),
  TIMESTAMP_OLD: so('TIMESTAMP_OLD', 29, bool, 'rw', 'TIMESTAMP'),
  TIMESTAMPNS_OLD: so('TIMESTAMPNS_OLD', 35, bool, 'rw', 'TIMESTAMPNS'),
  TIMESTAMPING_OLD: so('TIMESTAMPING_OLD', 37, timestamping, 'rw', 'TIMESTAMPING'),
  RCVTIMEO_OLD: so('RCVTIMEO_OLD', 20, timeMs, 'rw', 'RCVTIMEO'),
  SNDTIMEO_OLD: so('SNDTIMEO_OLD', 21, timeMs, 'rw', 'SNDTIMEO'),
};
