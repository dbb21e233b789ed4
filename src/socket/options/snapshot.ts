/** All that can be read of a socket's options at once, as plain data, and what changed between two such readings. */
import { toHex } from '../../core/bytes.ts';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_VSOCK,
  AF_XDP,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_ICMPV6,
  SOL_MPTCP,
  SOL_NETLINK,
  SOL_PACKET,
  SOL_RAW,
  SOL_SOCKET,
  SOL_TLS,
  SOL_UDPLITE,
  SOL_XDP,
} from '../constants.ts';
import { SocketError } from '../error.ts';
import { type OptionRow, optionRows } from './catalogue.ts';
import type { Option } from './row.ts';

/** Plain data that JSON can say: 64-bit numbers as decimal text, bytes as hex. */
export type SnapshotValue =
  | string
  | number
  | boolean
  | null
  | readonly SnapshotValue[]
  | { readonly [key: string]: SnapshotValue };

/** Why an option could not be read: `ENOTCONN`. */
export interface SnapshotError {
  readonly error: string;
}

/** By C name; options that this kernel does not have, or that mean nothing for this socket, with their error. */
export type Snapshot = Readonly<Record<string, SnapshotValue | SnapshotError>>;

/** What a snapshot needs of a socket. */
export interface OptionReader {
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  get<T>(option: Option<T>): T;
}

/** Not read, because reading changes the socket, or makes a descriptor. */
const CHANGED_BY_READING: ReadonlySet<string> = new Set([
  'SO_ERROR',
  'SO_PEERPIDFD',
  'PACKET_STATISTICS',
  'TCP_SAVED_SYN',
  'TCP_ZEROCOPY_RECEIVE',
]);

/** Answer only a question (`asking`). */
const ANSWER_A_QUESTION: ReadonlySet<string> = new Set([
  'IP_MSFILTER',
  'MCAST_MSFILTER',
  'IPV6_FLOWLABEL_MGR',
  'TCP_AO_INFO',
  'TCP_AO_GET_KEYS',
  'MPTCP_TCPINFO',
  'MPTCP_SUBFLOW_ADDRS',
  'MPTCP_FULL_INFO',
]);

const IPPROTO_MPTCP = 262;
const IPPROTO_UDPLITE = 136;

function isInet({ domain }: OptionReader): boolean {
  return domain === AF_INET || domain === AF_INET6;
}

function isStream(socket: OptionReader): boolean {
  const protocols: readonly number[] = [0, IPPROTO_TCP, IPPROTO_MPTCP];
  return isInet(socket) && socket.type === SOCK_STREAM && protocols.includes(socket.protocol);
}

/** Which sockets have the options of a level. */
const LEVELS: Readonly<Record<number, (socket: OptionReader) => boolean>> = {
  [SOL_SOCKET]: () => true,
  // The kernel hands level IP of an IPv6 socket on to IPv4's code, but for raw sockets.
  [IPPROTO_IP]: (socket) => isInet(socket) && !(socket.domain === AF_INET6 && socket.type === SOCK_RAW),
  [IPPROTO_IPV6]: ({ domain }) => domain === AF_INET6,
  [IPPROTO_TCP]: isStream,
  [SOL_TLS]: isStream,
  [SOL_MPTCP]: ({ protocol }) => protocol === IPPROTO_MPTCP,
  [IPPROTO_UDP]: (socket) =>
    isInet(socket) && socket.type === SOCK_DGRAM && (socket.protocol === 0 || socket.protocol === IPPROTO_UDP),
  [SOL_UDPLITE]: ({ protocol }) => protocol === IPPROTO_UDPLITE,
  [SOL_RAW]: ({ domain, type, protocol }) => domain === AF_INET && type === SOCK_RAW && protocol === IPPROTO_ICMP,
  [SOL_ICMPV6]: ({ domain, type, protocol }) => domain === AF_INET6 && type === SOCK_RAW && protocol === IPPROTO_ICMPV6,
  [SOL_PACKET]: ({ domain }) => domain === AF_PACKET,
  [SOL_NETLINK]: ({ domain }) => domain === AF_NETLINK,
  [AF_VSOCK]: ({ domain }) => domain === AF_VSOCK,
  [SOL_XDP]: ({ domain }) => domain === AF_XDP,
};

/** The options that a socket of this domain, type and protocol may have, second names left out. */
export function optionsOf(socket: Pick<OptionReader, 'domain' | 'type' | 'protocol'>): OptionRow[] {
  const reader = socket as OptionReader;
  return optionRows().filter((row) => row.alias === undefined && LEVELS[row.level]?.(reader) === true);
}

/**
 * Read every option that the socket has. Left out are those that reading would change (SO_ERROR, PACKET_STATISTICS …)
 * and those that only answer a question (IP_MSFILTER …).
 * @example
 * ```ts
 * import { AF_INET, diff, kernel, SO, SOCK_DGRAM, snapshot } from 'barewire';
 * using socket = kernel.socket(AF_INET, SOCK_DGRAM);
 * const before = snapshot(socket);
 * socket.set(SO.BROADCAST, true);
 * console.log(diff(before, snapshot(socket))); // { SO_BROADCAST: { before: false, after: true } }
 * ```
 */
export function snapshot(socket: OptionReader): Snapshot {
  const values: Record<string, SnapshotValue | SnapshotError> = {};
  for (const row of optionsOf(socket)) {
    if (row.access === 'w' || CHANGED_BY_READING.has(row.name) || ANSWER_A_QUESTION.has(row.name)) continue;
    values[row.name] = readOne(socket, row);
  }
  return values;
}

function readOne(socket: OptionReader, row: OptionRow): SnapshotValue | SnapshotError {
  try {
    return plain(socket.get(row));
  } catch (error) {
    if (!(error instanceof SocketError) || error.code === 'EBADF') throw error;
    return { error: error.code };
  }
}

function plain(value: unknown): SnapshotValue {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
  }
  return (value ?? null) as SnapshotValue;
}

export interface SnapshotChange {
  readonly before?: SnapshotValue | SnapshotError;
  readonly after?: SnapshotValue | SnapshotError;
}

/** The options whose values differ, by C name; one that only one snapshot has lacks the other half. */
export function diff(before: Snapshot, after: Snapshot): Record<string, SnapshotChange> {
  const changes: Record<string, SnapshotChange> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    // Values are plain data whose keys stand in the order of their codec.
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    changes[name] = { ...(old === undefined ? {} : { before: old }), ...(now === undefined ? {} : { after: now }) };
  }
  return changes;
}
