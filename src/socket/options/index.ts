/**
 * Socket options. Each is a row (row.ts) in the object of its level: `SO.REUSEADDR`, `TCP.INFO`, `IP.TTL`; a value's
 * bytes are the business of its codec (values.ts, struct.ts, *-values.ts). What is said of each option, and every number
 * with a C name that is no option, is the catalogue (catalogue.ts); snapshot.ts reads all that a socket has.
 */
export * from './catalogue.ts';
export * from './ip.ts';
export * from './ipv6.ts';
export type * from './ipv6-values.ts';
export * from './mcast.ts';
export type * from './multicast.ts';
export * from './netlink.ts';
export * from './packet.ts';
export type * from './packet-values.ts';
export * from './raw.ts';
export { type Access, asking, type Option, type OptionType, type Pointee } from './row.ts';
export * from './snapshot.ts';
export * from './so.ts';
export type {
  DevmemTokens,
  Linger,
  PeerCredentials,
  SocketMemory,
  SockFilter,
  TimestampingFlags,
  TxTime,
} from './socket-values.ts';
export * from './tcp.ts';
export type * from './tcp-values.ts';
export * from './udp.ts';
export * from './vsock.ts';
export * from './xdp.ts';
export type * from './xdp-values.ts';
