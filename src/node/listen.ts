/**
 * A listener as people want it: dual-stack, on loopback unless told otherwise, without the traps: a stale Unix socket
 * file, running out of descriptors, one connection's error ending all.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { parseSocketAddress, type SocketAddress } from '../addr/index.ts';
import { ifNameToIndex } from '../os/interfaces.ts';
import { kernel } from '../os/kernel.ts';
import { offAbort, onAbort } from '../socket/abort-listeners.ts';
import {
  AbortError,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Host,
  IPV6,
  SO,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOMAXCONN,
  type Socket,
  SocketError,
  type WaitOptions,
} from '../socket/index.ts';
import { domainOf } from './connect.ts';
import { getaddrinfo } from './names.ts';

/** accept(2) failed for want of descriptors or memory: no edge tells when there is room again, so ask so often. */
const ACCEPT_RETRY_MS = 100;
const OUT_OF_ROOM: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** accept(2): errors of the connection that was next, not of the listener. */
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'EPROTO',
  'ENETDOWN',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENONET',
  'ENOPROTOOPT',
  'EOPNOTSUPP',
]);

export interface ListenOptions {
  /**
   * Name or address to listen on: loopback when left out. `*` is every address, of both families where IPv6 exists, on
   * one socket.
   */
  readonly host?: string | undefined;
  /** Most connections that wait for accept; the kernel caps it at net.core.somaxconn. */
  readonly backlog?: number | undefined;
  /** SO_REUSEPORT: several listeners share the connections. */
  readonly reusePort?: boolean | undefined;
  /** Refuse IPv4 on an IPv6 socket. */
  readonly ipv6Only?: boolean | undefined;
  readonly device?: string | undefined;
  /** Called with the socket before bind, to set whatever options are wanted. */
  readonly prepare?: ((socket: Socket) => void) | undefined;
  readonly via?: Host | undefined;
}

export interface ServeEachOptions {
  /** Open connections at once; further ones wait in the backlog. No limit when left out. */
  readonly maxConnections?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told of what a handler throws, and of accept(2) running out of descriptors; it never ends the server. */
  readonly onError?: ((error: unknown, connection: Socket | undefined) => void) | undefined;
}

/** The file of a Unix socket that we made. */
interface SocketFile {
  readonly path: string;
  readonly inode: number;
}

/** One listening socket. */
export class Listener implements AsyncDisposable {
  readonly socket: Socket<typeof SOCK_STREAM>;
  readonly address: SocketAddress;
  readonly #file: SocketFile | undefined;
  readonly #open = new Set<Socket>();
  /** Wakes those that wait for a connection to end: `serve` at its limit, `close` while it drains. */
  #waiting: (() => void)[] = [];

  /** @param file the socket file that ends with the listener */
  constructor(socket: Socket<typeof SOCK_STREAM>, file?: SocketFile) {
    this.socket = socket;
    this.address = socket.getsockname();
    this.#file = file;
  }

  /** The port; 0 for families without. */
  get port(): number {
    return 'port' in this.address && typeof this.address.port === 'number' ? this.address.port : 0;
  }

  /** Connections that `serve` has open. */
  get connections(): number {
    return this.#open.size;
  }

  /**
   * The next connection. One that failed before it was accepted is passed over, and running out of descriptors is
   * waited out: other errors are the listener's own.
   */
  async accept(options?: WaitOptions): Promise<Socket<typeof SOCK_STREAM>> {
    return this.#accept(options, () => undefined);
  }

  async #accept(
    options: WaitOptions | undefined,
    told: (error: SocketError) => void,
  ): Promise<Socket<typeof SOCK_STREAM>> {
    const began = performance.now();
    let limits = options;
    for (;;) {
      try {
        return await this.socket.accept(limits);
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        if (OF_THE_CONNECTION.has(error.code)) continue;
        if (!OUT_OF_ROOM.has(error.code)) throw error;
        told(error);
        await new Promise<void>((resolve) => this.socket.driver.setTimer(ACCEPT_RETRY_MS, resolve));
        if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
        // The time given is for all tries together; once it is over, what was in the way is the answer.
        if (options?.timeoutMs === undefined) continue;
        const left = options.timeoutMs - (performance.now() - began);
        if (left <= 0) throw error;
        limits = { ...options, timeoutMs: left };
      }
    }
  }

  /** The connections, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Socket<typeof SOCK_STREAM>, void, void> {
    while (!this.socket.closed) {
      let connection: Socket<typeof SOCK_STREAM>;
      try {
        connection = await this.accept();
      } catch (error) {
        if (this.socket.closed) return;
        throw error;
      }
      yield connection;
    }
  }

  /**
   * Run `handler` for each connection, many at once; its connection is closed when it is done. Resolves when the
   * listener is closed or the signal aborts.
   */
  async serve(
    handler: (connection: Socket<typeof SOCK_STREAM>) => unknown,
    { maxConnections = Number.POSITIVE_INFINITY, signal, onError }: ServeEachOptions = {},
  ): Promise<void> {
    const told = (error: SocketError): void => onError?.(error, undefined);
    for (;;) {
      while (this.#open.size >= maxConnections && !this.socket.closed && signal?.aborted !== true) {
        await this.#someEnd(signal);
      }
      let connection: Socket<typeof SOCK_STREAM>;
      try {
        connection = await this.#accept({ signal }, told);
      } catch (error) {
        if (this.socket.closed || signal?.aborted === true) return;
        throw error;
      }
      void this.#handle(connection, handler, onError);
    }
  }

  async #handle(
    connection: Socket<typeof SOCK_STREAM>,
    handler: (connection: Socket<typeof SOCK_STREAM>) => unknown,
    onError: ServeEachOptions['onError'],
  ): Promise<void> {
    this.#open.add(connection);
    try {
      await handler(connection);
    } catch (error) {
      onError?.(error, connection);
    } finally {
      connection.close();
      this.#open.delete(connection);
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when a connection has ended, the listener is closed or the signal aborts. */
  #someEnd(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        if (signal !== undefined) offAbort(signal, wake);
        resolve();
      };
      if (signal !== undefined) onAbort(signal, wake);
      this.#waiting.push(wake);
    });
  }

  /**
   * Stop accepting. Connections that `serve` has open may go on for `drainMs` and are then closed; at once when left out.
   */
  async close({ drainMs = 0 }: { readonly drainMs?: number | undefined } = {}): Promise<void> {
    if (!this.socket.closed) {
      const { driver } = this.socket;
      this.socket.close();
      this.#wake();
      if (this.#file !== undefined) removeSocketFile(this.#file);
      let isLate = false;
      const cancel = driver.setTimer(drainMs, () => {
        isLate = true;
        this.#wake();
      });
      while (this.#open.size > 0 && !isLate && drainMs > 0) await this.#someEnd();
      cancel();
    }
    for (const connection of this.#open) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Listen for streams.
 * @param where a port (0: any free one), or an address as text: `unix:/run/app.sock`, `unix:@name`, `[::1]:8080`
 * @throws SocketError EADDRINUSE (also when somebody listens on the Unix path), EACCES, EADDRNOTAVAIL
 * @example
 * ```ts
 * import { createConnection, listen } from 'barewire/node';
 * const server = await listen(0);
 * const serving = server.serve(async (connection) => connection.sendAll('good day'));
 * using client = await createConnection('127.0.0.1', server.port);
 * console.log(new TextDecoder().decode(await client.recv(100))); // good day
 * await server.close();
 * await serving;
 * ```
 */
export async function listen(where: number | string, options: ListenOptions = {}): Promise<Listener> {
  if (typeof where === 'string') {
    return listenAt(
      parseSocketAddress(where, (name) => ifNameToIndex(name, options.via)),
      options,
    );
  }
  const { host = '127.0.0.1' } = options;
  if (host === '*') return listenEverywhere(where, options);
  const [found] = await getaddrinfo(host, where, { type: SOCK_STREAM });
  return listenAt((found as { address: SocketAddress }).address, options);
}

/** One IPv6 socket that takes IPv4 too; IPv4 alone on a machine without IPv6. */
function listenEverywhere(port: number, options: ListenOptions): Listener {
  try {
    return listenAt({ family: 'inet6', address: '::', port }, options);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
    return listenAt({ family: 'inet', address: '0.0.0.0', port }, options);
  }
}

function listenAt(address: SocketAddress, options: ListenOptions): Listener {
  const { via = kernel, backlog = SOMAXCONN, reusePort = false, ipv6Only = false, device, prepare } = options;
  const domain = domainOf(address);
  const socket = via.socket(domain, SOCK_STREAM);
  try {
    if (domain === AF_INET || domain === AF_INET6) socket.set(SO.REUSEADDR, true);
    if (domain === AF_INET6) socket.set(IPV6.V6ONLY, ipv6Only);
    if (reusePort) socket.set(SO.REUSEPORT, true);
    if (device !== undefined) socket.set(SO.BINDTODEVICE, device);
    prepare?.(socket);
    const path = domain === AF_UNIX && address.family === 'unix' ? address.path : undefined;
    let file: SocketFile | undefined;
    if (path === undefined) socket.bind(address);
    else file = bindPath(socket, path, via);
    socket.listen(backlog);
    return new Listener(socket, file);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** bind(2) to a path; a socket file that nobody listens on any more is replaced. */
function bindPath(socket: Socket, path: string, via: Host): SocketFile {
  try {
    socket.bind({ family: 'unix', path });
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== 'EADDRINUSE' || !isStale(path, via)) throw error;
    unlinkSync(path);
    socket.bind({ family: 'unix', path });
  }
  return { path, inode: lstatSync(path).ino };
}

/**
 * A socket file whose owner is gone refuses; anything else, and any doubt, is left alone. A datagram socket asks: the
 * kernel tells it that the type is wrong (EPROTOTYPE) and a listener that lives sees no connection come and go.
 */
function isStale(path: string, via: Host): boolean {
  if (!lstatSync(path).isSocket()) return false;
  using probe = via.socket(AF_UNIX, SOCK_DGRAM);
  try {
    probe.tryConnect({ family: 'unix', path });
    return false;
  } catch (error) {
    return error instanceof SocketError && error.code === 'ECONNREFUSED';
  }
}

function removeSocketFile({ path, inode }: SocketFile): void {
  try {
    // Another one may stand there by now: its owner's, not ours.
    if (lstatSync(path).ino === inode) unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
