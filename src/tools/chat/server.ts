/** What both chat servers have in common, seen from outside. */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import type { Host } from '../../socket/host.ts';
import type { RoomEvent, RoomStats } from './room.ts';

export type ChatServerEvent = RoomEvent | { readonly type: 'error'; readonly error: unknown };

export interface ChatServerOptions {
  readonly host: Host;
  /** Where to listen; port 0 lets the system choose. */
  readonly address: SocketAddress;
  readonly onEvent: (event: ChatServerEvent) => void;
  /** Most clients at once; default 1000. */
  readonly maxClients?: number | undefined;
  /** TCP: bytes that may wait for a client that does not read; then it is disconnected. Default 1 MiB. */
  readonly queueBytes?: number | undefined;
  /** UDP: ms without a datagram after which a client counts as gone. Default 60,000. */
  readonly idleMs?: number | undefined;
}

export interface ChatServer {
  /** Where it listens, with the real port. */
  readonly address: SocketAddress;
  readonly names: readonly string[];
  readonly stats: RoomStats;
  /** Say a line to everybody, as `server`. */
  say(text: string): void;
  /** Tell everybody, then close all. Never rejects; a client that does not read is waited for at most half a second. */
  close(): Promise<void>;
}

export const DEFAULT_MAX_CLIENTS = 1000;
export const DEFAULT_QUEUE_BYTES: number = 1024 * 1024;

export function checkLimit(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name}: expected a whole number of 1 or more, got ${String(value)}`);
  }
  return value;
}

export function domainOf(address: SocketAddress, inet: number, inet6: number): number {
  if (address.family === 'inet') return inet;
  if (address.family === 'inet6') return inet6;
  throw new TypeError(`address: expected family inet or inet6, got ${address.family}`);
}
