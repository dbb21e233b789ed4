/**
 * Sockets that Node has already made, as ours: to read TCP_INFO of a live `net.Socket`, to set an option that Node has
 * no name for, or to take a connection over altogether.
 *
 * Node does not publish the descriptor; it stands in `_handle.fd` of net and dgram sockets on every line from 20 on
 * (26.4 adds `BoundSocket.fd()`). Where it is missing the error says so.
 */
import type { Socket as DgramSocket } from 'node:dgram';
import type { Server as NetServer, Socket as NetSocket } from 'node:net';
import { kernel } from '../os/kernel.ts';
import { OwnedFd, type Socket, SocketError } from '../socket/index.ts';

/** What Node has made, or whatever says its descriptor as `net.BoundSocket` does. */
export type NodeSocket = DgramSocket | NetSocket | NetServer | { fd(): number };

/** Where Node keeps the descriptor. */
interface Insides {
  readonly _handle?: { readonly fd?: number } | null;
  fd?(): number;
}

const EBADF = 9;

/** @throws TypeError for what is no socket of Node's; SocketError EBADF for one that is not open */
function descriptorOf(target: NodeSocket): number {
  if (typeof target !== 'object' || target === null) {
    const got = target === null ? 'null' : typeof target;
    throw new TypeError(`target: expected a socket of node:net or node:dgram, got ${got}`);
  }
  const insides = target as Insides;
  const fd = typeof insides.fd === 'function' ? insides.fd() : (datagramHandle(target) ?? insides._handle)?.fd;
  if (typeof fd === 'number' && fd >= 0) return fd;
  const isKnown = '_handle' in target || datagramHandle(target) !== undefined || typeof insides.fd === 'function';
  if (isKnown) throw new SocketError(EBADF, { syscall: 'adopt' });
  throw new TypeError('target: expected a socket of node:net or node:dgram, got an object without a descriptor');
}

/** A dgram socket keeps its handle under a symbol: its public `_handle` works too, and warns. */
function datagramHandle(target: object): { readonly fd?: number } | undefined {
  const symbol = Object.getOwnPropertySymbols(target).find(({ description }) => description === 'state symbol');
  if (symbol === undefined) return undefined;
  const state = (target as Record<symbol, { readonly handle?: { readonly fd?: number } | null } | undefined>)[symbol];
  return state?.handle ?? {};
}

/**
 * A second descriptor for the same open socket: options, names, TCP_INFO and the error queue are the socket's own, and
 * Node goes on using its own descriptor. Reading or accepting here takes from Node. Close it when done.
 * @throws TypeError for what is no socket of Node's; SocketError EBADF for one that is not open
 * @example
 * ```ts
 * import { createConnection, createServer, type AddressInfo } from 'node:net';
 * import { once } from 'node:events';
 * import { TCP } from 'barewire';
 * import { borrow } from 'barewire/node';
 * const server = createServer().listen(0, '127.0.0.1');
 * await once(server, 'listening');
 * const client = createConnection((server.address() as AddressInfo).port, '127.0.0.1');
 * await once(client, 'connect');
 * {
 *   using socket = borrow(client);
 *   socket.set(TCP.USER_TIMEOUT, 5000);
 *   console.log(socket.get(TCP.INFO).state); // ESTABLISHED
 * }
 * client.destroy();
 * server.close();
 * ```
 */
export function borrow(target: NodeSocket): Socket {
  const { driver } = kernel;
  const fd = descriptorOf(target);
  // Node's descriptor is a handle of ours for the time of dup(2) only.
  const handle = driver.adopt(fd, true);
  if (handle < 0) throw new SocketError(-handle, { syscall: 'adopt', fd });
  const copy = driver.dup(handle);
  driver.detach(handle);
  if (copy < 0) throw new SocketError(-copy, { syscall: 'dup', fd });
  return kernel.adopt(driver.detach(copy));
}

/** A connection that was Node's. */
export interface TakenOver {
  readonly socket: Socket;
  /** What Node had read of the stream and nobody had taken; comes before what `socket` receives. */
  readonly buffered: Uint8Array;
}

/**
 * Take a connection over from a `net.Socket`, which is destroyed without ending the connection. Nothing that was
 * received is lost; what Node has not yet written is: wait for its 'drain' or `writableLength` 0 first.
 * @throws TypeError, SocketError EBADF as `borrow`; RangeError while Node still has bytes to write
 */
export function takeOver(target: NetSocket): TakenOver {
  const unwritten = target.writableLength;
  if (unwritten > 0) throw new RangeError(`target: expected nothing left to write, got ${unwritten} bytes`);
  const socket = borrow(target);
  target.pause();
  const parts: Uint8Array[] = [];
  for (let part: unknown = target.read(); part !== null; part = target.read()) {
    parts.push(typeof part === 'string' ? Buffer.from(part) : (part as Uint8Array));
  }
  target.destroy();
  return { socket, buffered: Buffer.concat(parts) };
}

/**
 * Any open descriptor, or a live socket of Node's, as a Socket: a number and an OwnedFd are taken over (they are the
 * Socket's to close), Node's sockets are borrowed.
 * @throws SocketError EBADF, ENOTSOCK; TypeError
 */
export function adopt(target: number | OwnedFd | NodeSocket): Socket {
  return typeof target === 'number' || target instanceof OwnedFd ? kernel.adopt(target) : borrow(target);
}
