/**
 * Sockets that Node has already made, as ours: to read TCP_INFO of a live `net.Socket`, to set an option that Node has
 * no name for, or to take a connection over altogether.
 *
 * Node does not publish the descriptor; it stands in `_handle.fd` of net and dgram sockets on every line from 20 on
 * (26.4 adds `BoundSocket.fd()`). Where it is missing the error says so.
 */
import { kernel } from '../os/kernel.ts';
import { OwnedFd, type Socket, SocketError } from '../socket/index.ts';

/** A `net.Socket`, `net.Server`, `dgram.Socket`, `net.BoundSocket`, or anything else that has its descriptor there. */
export interface NodeSocketLike {
  readonly _handle?: { readonly fd?: number } | null | undefined;
  fd?(): number;
}

/** A `net.Socket`, as far as it is asked of when its connection is taken over. */
export interface NodeStreamLike extends NodeSocketLike {
  pause(): unknown;
  read(): unknown;
  destroy(): unknown;
}

const EBADF = 9;

/** @throws TypeError for what is no socket of Node's; SocketError EBADF for one that is not open */
function descriptorOf(target: NodeSocketLike): number {
  if (typeof target !== 'object' || target === null) {
    throw new TypeError(
      `target: expected a socket of node:net or node:dgram, got ${target === null ? 'null' : typeof target}`,
    );
  }
  // A dgram socket keeps its handle under a symbol; its own getter warns, the one behind it does not.
  const state = Object.getOwnPropertySymbols(target).find((symbol) => symbol.description === 'state symbol');
  const inner =
    state === undefined
      ? undefined
      : (target as unknown as Record<symbol, NodeSocketLike['_handle'] & { handle?: NodeSocketLike['_handle'] }>)[
          state
        ];
  const fd =
    typeof target.fd === 'function'
      ? target.fd()
      : (inner?.handle ?? (state === undefined ? target._handle : undefined))?.fd;
  if (typeof fd === 'number' && fd >= 0) return fd;
  const isKnown = typeof target.fd === 'function' || state !== undefined || '_handle' in target;
  if (isKnown) throw new SocketError(EBADF, { syscall: 'adopt' });
  throw new TypeError('target: expected a socket of node:net or node:dgram, got an object without a descriptor');
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
export function borrow(target: NodeSocketLike): Socket {
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
export function takeOver(target: NodeStreamLike & { readonly writableLength?: number | undefined }): TakenOver {
  const unwritten = target.writableLength ?? 0;
  if (unwritten > 0) throw new RangeError(`target: expected nothing left to write, got ${unwritten} bytes`);
  const socket = borrow(target);
  target.pause();
  const parts: Uint8Array[] = [];
  for (let part = target.read(); part !== null && part !== undefined; part = target.read()) {
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
export function adopt(target: number | OwnedFd | NodeSocketLike): Socket {
  return typeof target === 'number' || target instanceof OwnedFd ? kernel.adopt(target) : borrow(target);
}
