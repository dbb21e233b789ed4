/** Options of TCP (tcp(7)), of TLS in the kernel and of Multipath TCP. */
import { IPPROTO_TCP, SOL_MPTCP, SOL_TLS } from '../constants.ts';
import { decodeTcpInfo, type TcpInfo } from '../tcp-info.ts';
import { type Option, type OptionType, rowsOf } from './row.ts';
import {
  type CongestionInfo,
  ccInfo,
  md5sig,
  type RepairOption,
  type RepairWindow,
  repairOptions,
  repairWindow,
  type TcpMd5Signature,
  type TlsCryptoInfo,
  tlsCryptoInfo,
  type ZerocopyReceive,
  zerocopyReceive,
} from './tcp-values.ts';
import { bool, bytesOf, int, textOf, u32 } from './values.ts';
import { type MptcpInfo, mptcpInfo } from './xdp-values.ts';

const text = textOf(256);
const syn = bytesOf(1024);
const fastopenKey = bytesOf(32);
const ao = bytesOf(512);
const subflows = bytesOf(4096);
const tcpInfo: OptionType<TcpInfo> = {
  name: 'tcp_info',
  size: 512,
  decode: decodeTcpInfo,
  encode: () => {
    throw new TypeError('TCP_INFO can only be read');
  },
};

export interface TcpLevel {
  readonly NODELAY: Option<boolean>;
  readonly MAXSEG: Option<number>;
  readonly CORK: Option<boolean>;
  readonly KEEPIDLE: Option<number>;
  readonly KEEPINTVL: Option<number>;
  readonly KEEPCNT: Option<number>;
  readonly SYNCNT: Option<number>;
  readonly LINGER2: Option<number>;
  readonly DEFER_ACCEPT: Option<number>;
  readonly WINDOW_CLAMP: Option<number>;
  readonly INFO: Option<TcpInfo>;
  readonly QUICKACK: Option<boolean>;
  readonly CONGESTION: Option<string>;
  readonly MD5SIG: Option<TcpMd5Signature>;
  readonly THIN_LINEAR_TIMEOUTS: Option<boolean>;
  readonly THIN_DUPACK: Option<boolean>;
  readonly USER_TIMEOUT: Option<number>;
  readonly REPAIR: Option<number>;
  readonly REPAIR_QUEUE: Option<number>;
  readonly QUEUE_SEQ: Option<number>;
  readonly REPAIR_OPTIONS: Option<readonly RepairOption[]>;
  readonly FASTOPEN: Option<number>;
  readonly TIMESTAMP: Option<number>;
  readonly NOTSENT_LOWAT: Option<number>;
  readonly CC_INFO: Option<CongestionInfo>;
  readonly SAVE_SYN: Option<number>;
  readonly SAVED_SYN: Option<Uint8Array>;
  readonly REPAIR_WINDOW: Option<RepairWindow>;
  readonly FASTOPEN_CONNECT: Option<boolean>;
  readonly ULP: Option<string>;
  readonly MD5SIG_EXT: Option<TcpMd5Signature>;
  readonly FASTOPEN_KEY: Option<Uint8Array>;
  readonly FASTOPEN_NO_COOKIE: Option<boolean>;
  readonly ZEROCOPY_RECEIVE: Option<ZerocopyReceive>;
  readonly INQ: Option<boolean>;
  readonly TX_DELAY: Option<number>;
  readonly AO_ADD_KEY: Option<Uint8Array>;
  readonly AO_DEL_KEY: Option<Uint8Array>;
  readonly AO_INFO: Option<Uint8Array>;
  readonly AO_GET_KEYS: Option<Uint8Array>;
  readonly AO_REPAIR: Option<Uint8Array>;
  readonly IS_MPTCP: Option<boolean>;
  readonly RTO_MAX_MS: Option<number>;
  readonly RTO_MIN_US: Option<number>;
  readonly DELACK_MAX_US: Option<number>;
  readonly CM_INQ: Option<boolean>;
}

const tcp = rowsOf(IPPROTO_TCP, 'TCP_');

/** Options of TCP sockets. KEEPIDLE, KEEPINTVL, LINGER2 and DEFER_ACCEPT are in seconds, USER_TIMEOUT in ms. */
export const TCP: TcpLevel = {
  NODELAY: tcp('NODELAY', 1, bool),
  MAXSEG: tcp('MAXSEG', 2, int),
  CORK: tcp('CORK', 3, bool),
  KEEPIDLE: tcp('KEEPIDLE', 4, int),
  KEEPINTVL: tcp('KEEPINTVL', 5, int),
  KEEPCNT: tcp('KEEPCNT', 6, int),
  SYNCNT: tcp('SYNCNT', 7, int),
  LINGER2: tcp('LINGER2', 8, int),
  DEFER_ACCEPT: tcp('DEFER_ACCEPT', 9, int),
  WINDOW_CLAMP: tcp('WINDOW_CLAMP', 10, int),
  INFO: tcp('INFO', 11, tcpInfo, 'r'),
  QUICKACK: tcp('QUICKACK', 12, bool),
  CONGESTION: tcp('CONGESTION', 13, text),
  MD5SIG: tcp('MD5SIG', 14, md5sig, 'w'),
  THIN_LINEAR_TIMEOUTS: tcp('THIN_LINEAR_TIMEOUTS', 16, bool),
  THIN_DUPACK: tcp('THIN_DUPACK', 17, bool),
  USER_TIMEOUT: tcp('USER_TIMEOUT', 18, int),
  REPAIR: tcp('REPAIR', 19, int),
  REPAIR_QUEUE: tcp('REPAIR_QUEUE', 20, int),
  QUEUE_SEQ: tcp('QUEUE_SEQ', 21, u32),
  REPAIR_OPTIONS: tcp('REPAIR_OPTIONS', 22, repairOptions, 'w'),
  FASTOPEN: tcp('FASTOPEN', 23, int),
  TIMESTAMP: tcp('TIMESTAMP', 24, u32),
  NOTSENT_LOWAT: tcp('NOTSENT_LOWAT', 25, u32),
  CC_INFO: tcp('CC_INFO', 26, ccInfo, 'r'),
  SAVE_SYN: tcp('SAVE_SYN', 27, int),
  SAVED_SYN: tcp('SAVED_SYN', 28, syn, 'r'),
  REPAIR_WINDOW: tcp('REPAIR_WINDOW', 29, repairWindow),
  FASTOPEN_CONNECT: tcp('FASTOPEN_CONNECT', 30, bool),
  ULP: tcp('ULP', 31, text),
  MD5SIG_EXT: tcp('MD5SIG_EXT', 32, md5sig, 'w'),
  FASTOPEN_KEY: tcp('FASTOPEN_KEY', 33, fastopenKey),
  FASTOPEN_NO_COOKIE: tcp('FASTOPEN_NO_COOKIE', 34, bool),
  ZEROCOPY_RECEIVE: tcp('ZEROCOPY_RECEIVE', 35, zerocopyReceive, 'r'),
  INQ: tcp('INQ', 36, bool),
  TX_DELAY: tcp('TX_DELAY', 37, int),
  AO_ADD_KEY: tcp('AO_ADD_KEY', 38, ao, 'w'),
  AO_DEL_KEY: tcp('AO_DEL_KEY', 39, ao, 'w'),
  AO_INFO: tcp('AO_INFO', 40, ao),
  AO_GET_KEYS: tcp('AO_GET_KEYS', 41, ao, 'r'),
  AO_REPAIR: tcp('AO_REPAIR', 42, ao),
  IS_MPTCP: tcp('IS_MPTCP', 43, bool, 'r'),
  RTO_MAX_MS: tcp('RTO_MAX_MS', 44, int),
  RTO_MIN_US: tcp('RTO_MIN_US', 45, int),
  DELACK_MAX_US: tcp('DELACK_MAX_US', 46, int),
  CM_INQ: tcp('CM_INQ', 36, bool, 'rw', 'INQ'),
};

export interface TlsLevel {
  readonly TX: Option<TlsCryptoInfo>;
  readonly RX: Option<TlsCryptoInfo>;
  readonly TX_ZEROCOPY_RO: Option<boolean>;
  readonly RX_EXPECT_NO_PAD: Option<boolean>;
}

const tls = rowsOf(SOL_TLS, 'TLS_');

/** Options of TCP sockets with TCP.ULP 'tls': TLS records by the kernel. */
export const TLS: TlsLevel = {
  TX: tls('TX', 1, tlsCryptoInfo),
  RX: tls('RX', 2, tlsCryptoInfo),
  TX_ZEROCOPY_RO: tls('TX_ZEROCOPY_RO', 3, bool),
  RX_EXPECT_NO_PAD: tls('RX_EXPECT_NO_PAD', 4, bool),
};

export interface MptcpLevel {
  readonly INFO: Option<MptcpInfo>;
  readonly TCPINFO: Option<Uint8Array>;
  readonly SUBFLOW_ADDRS: Option<Uint8Array>;
  readonly FULL_INFO: Option<Uint8Array>;
}

const mptcp = rowsOf(SOL_MPTCP, 'MPTCP_');

/** Options of Multipath TCP sockets (protocol IPPROTO_MPTCP). */
export const MPTCP: MptcpLevel = {
  INFO: mptcp('INFO', 1, mptcpInfo, 'r'),
  TCPINFO: mptcp('TCPINFO', 2, subflows, 'r'),
  SUBFLOW_ADDRS: mptcp('SUBFLOW_ADDRS', 3, subflows, 'r'),
  FULL_INFO: mptcp('FULL_INFO', 4, subflows, 'r'),
};
