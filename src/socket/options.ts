/**
 * Socket options as rows: { name, level, number, type, man }. Getter and setter both come from the row, so that an
 * option can never be read at one level and written at another.
 */
import { IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP, SOL_SOCKET } from './constants.ts';
import { decodeTcpInfo, type TcpInfo } from './tcp-info.ts';

/** How the bytes of an option's value are read and written (host byte order). */
export interface OptionType<T> {
  /** Bytes of room that getsockopt is given. */
  readonly size: number;
  /** @param bytes borrowed: exactly what the kernel wrote */
  decode(bytes: Uint8Array): T;
  /** @returns the bytes for setsockopt; throws TypeError or RangeError for a value that cannot be one */
  encode(value: T): Uint8Array;
}

export interface Option<T> {
  /** The C name. */
  readonly name: string;
  readonly level: number;
  readonly number: number;
  readonly type: OptionType<T>;
  /** The page that describes it: `socket(7)`. */
  readonly man: string;
}

export interface Linger {
  readonly on: boolean;
  /** How long close() may wait for unsent data, in seconds; 0 with `on` sends RST. */
  readonly seconds: number;
}

const int: OptionType<number> = {
  size: 4,
  decode: (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(0, true),
  encode: (value) => {
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
      throw new RangeError(`option value: expected a 32-bit integer, got ${String(value)}`);
    }
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value, true);
    return bytes;
  },
};

const bool: OptionType<boolean> = {
  size: 4,
  // Some options answer with one byte (IP_MULTICAST_LOOP), most with an int.
  decode: (bytes) => bytes.some((byte) => byte !== 0),
  encode: (value) => {
    if (typeof value !== 'boolean') throw new TypeError(`option value: expected a boolean, got ${typeof value}`);
    return int.encode(value ? 1 : 0);
  },
};

const linger: OptionType<Linger> = {
  size: 8,
  decode: (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return { on: view.getInt32(0, true) !== 0, seconds: view.getInt32(4, true) };
  },
  encode: ({ on, seconds }) => {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > 0x7fffffff) {
      throw new RangeError(`linger.seconds: expected an integer of 0 or more, got ${String(seconds)}`);
    }
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, on ? 1 : 0, true);
    view.setInt32(4, seconds, true);
    return bytes;
  },
};

const text: OptionType<string> = {
  size: 64,
  decode: (bytes) => new TextDecoder().decode(bytes).replace(/\0.*$/s, ''),
  encode: (value) => {
    if (typeof value !== 'string') throw new TypeError(`option value: expected a string, got ${typeof value}`);
    return new TextEncoder().encode(`${value}\0`);
  },
};

const tcpInfo: OptionType<TcpInfo> = {
  size: 512,
  decode: decodeTcpInfo,
  encode: () => {
    throw new TypeError('TCP_INFO can only be read');
  },
};

const row =
  (level: number, man: string) =>
  <T>(name: string, number: number, type: OptionType<T>): Option<T> => ({ name, level, number, type, man });

const so = row(SOL_SOCKET, 'socket(7)');
const tcp = row(IPPROTO_TCP, 'tcp(7)');
const udp = row(IPPROTO_UDP, 'udp(7)');
const ip = row(IPPROTO_IP, 'ip(7)');
const ip6 = row(IPPROTO_IPV6, 'ipv6(7)');

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
  readonly PRIORITY: Option<number>;
  readonly LINGER: Option<Linger>;
  readonly REUSEPORT: Option<boolean>;
  readonly PASSCRED: Option<boolean>;
  readonly RCVLOWAT: Option<number>;
  readonly BINDTODEVICE: Option<string>;
  readonly ACCEPTCONN: Option<boolean>;
  readonly MARK: Option<number>;
  readonly PROTOCOL: Option<number>;
  readonly DOMAIN: Option<number>;
  readonly BUSY_POLL: Option<number>;
}

/** Options of every socket. `SO.REUSEADDR` is SO_REUSEADDR. Buffer sizes are in bytes; the kernel doubles what is set. */
export const SO: SocketLevel = {
  DEBUG: so('SO_DEBUG', 1, bool),
  REUSEADDR: so('SO_REUSEADDR', 2, bool),
  TYPE: so('SO_TYPE', 3, int),
  ERROR: so('SO_ERROR', 4, int),
  DONTROUTE: so('SO_DONTROUTE', 5, bool),
  BROADCAST: so('SO_BROADCAST', 6, bool),
  SNDBUF: so('SO_SNDBUF', 7, int),
  RCVBUF: so('SO_RCVBUF', 8, int),
  KEEPALIVE: so('SO_KEEPALIVE', 9, bool),
  OOBINLINE: so('SO_OOBINLINE', 10, bool),
  PRIORITY: so('SO_PRIORITY', 12, int),
  LINGER: so('SO_LINGER', 13, linger),
  REUSEPORT: so('SO_REUSEPORT', 15, bool),
  PASSCRED: so('SO_PASSCRED', 16, bool),
  RCVLOWAT: so('SO_RCVLOWAT', 18, int),
  BINDTODEVICE: so('SO_BINDTODEVICE', 25, text),
  ACCEPTCONN: so('SO_ACCEPTCONN', 30, bool),
  MARK: so('SO_MARK', 36, int),
  PROTOCOL: so('SO_PROTOCOL', 38, int),
  DOMAIN: so('SO_DOMAIN', 39, int),
  BUSY_POLL: so('SO_BUSY_POLL', 46, int),
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
  readonly INFO: Option<TcpInfo>;
  readonly QUICKACK: Option<boolean>;
  readonly CONGESTION: Option<string>;
  readonly USER_TIMEOUT: Option<number>;
  readonly FASTOPEN: Option<number>;
  readonly NOTSENT_LOWAT: Option<number>;
}

/** Options of TCP sockets. KEEPIDLE, KEEPINTVL, LINGER2 and DEFER_ACCEPT are in seconds, USER_TIMEOUT in ms. */
export const TCP: TcpLevel = {
  NODELAY: tcp('TCP_NODELAY', 1, bool),
  MAXSEG: tcp('TCP_MAXSEG', 2, int),
  CORK: tcp('TCP_CORK', 3, bool),
  KEEPIDLE: tcp('TCP_KEEPIDLE', 4, int),
  KEEPINTVL: tcp('TCP_KEEPINTVL', 5, int),
  KEEPCNT: tcp('TCP_KEEPCNT', 6, int),
  SYNCNT: tcp('TCP_SYNCNT', 7, int),
  LINGER2: tcp('TCP_LINGER2', 8, int),
  DEFER_ACCEPT: tcp('TCP_DEFER_ACCEPT', 9, int),
  INFO: tcp('TCP_INFO', 11, tcpInfo),
  QUICKACK: tcp('TCP_QUICKACK', 12, bool),
  CONGESTION: tcp('TCP_CONGESTION', 13, text),
  USER_TIMEOUT: tcp('TCP_USER_TIMEOUT', 18, int),
  FASTOPEN: tcp('TCP_FASTOPEN', 23, int),
  NOTSENT_LOWAT: tcp('TCP_NOTSENT_LOWAT', 25, int),
};

export interface UdpLevel {
  readonly CORK: Option<boolean>;
  readonly SEGMENT: Option<number>;
  readonly GRO: Option<boolean>;
}

/** Options of UDP sockets. SEGMENT (GSO) is the size in bytes of the datagrams that one send is cut into. */
export const UDP: UdpLevel = {
  CORK: udp('UDP_CORK', 1, bool),
  SEGMENT: udp('UDP_SEGMENT', 103, int),
  GRO: udp('UDP_GRO', 104, bool),
};

export interface IpLevel {
  readonly TOS: Option<number>;
  readonly TTL: Option<number>;
  readonly HDRINCL: Option<boolean>;
  readonly RECVERR: Option<boolean>;
  readonly MTU_DISCOVER: Option<number>;
  readonly FREEBIND: Option<boolean>;
}

export const IP: IpLevel = {
  TOS: ip('IP_TOS', 1, int),
  TTL: ip('IP_TTL', 2, int),
  HDRINCL: ip('IP_HDRINCL', 3, bool),
  RECVERR: ip('IP_RECVERR', 11, bool),
  MTU_DISCOVER: ip('IP_MTU_DISCOVER', 10, int),
  FREEBIND: ip('IP_FREEBIND', 15, bool),
};

export interface Ipv6Level {
  readonly UNICAST_HOPS: Option<number>;
  readonly RECVERR: Option<boolean>;
  readonly V6ONLY: Option<boolean>;
  readonly TCLASS: Option<number>;
}

export const IPV6: Ipv6Level = {
  UNICAST_HOPS: ip6('IPV6_UNICAST_HOPS', 16, int),
  RECVERR: ip6('IPV6_RECVERR', 25, bool),
  V6ONLY: ip6('IPV6_V6ONLY', 26, bool),
  TCLASS: ip6('IPV6_TCLASS', 67, int),
};
