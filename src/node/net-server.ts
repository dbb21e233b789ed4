/**
 * net.Server on our sockets: `listen` in all its forms, connections as net-socket.ts makes them, and Node's events,
 * messages and limits, https://nodejs.org/api/net.html. What belongs to node:cluster is not here: a server listens in
 * its own process, as with `exclusive: true`.
 */
import { channel } from 'node:diagnostics_channel';
import { lookup } from 'node:dns';
import { EventEmitter } from 'node:events';
import { chmodSync, statSync, unlinkSync } from 'node:fs';
import { type AddressInfo, BlockList, type DropArgument, isIP, type ListenOptions, type ServerOpts } from 'node:net';
import { getDefaultHighWaterMark } from 'node:stream';
import { promisify } from 'node:util';
import type { SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import { AF_INET, AF_INET6, AF_UNIX, IPV6, SO, SOCK_STREAM, Socket, SocketError } from '../socket/index.ts';
import { addressFields, ipSocketAddress } from './address-fields.ts';
import { checkNumber, checkPort, checkSignal, isPipeName, normalizeArguments, toNumber } from './net-arguments.ts';
import { argumentType, argumentValue, callError, codedError, listenError } from './net-errors.ts';
import { NetSocket } from './net-socket.ts';
import { acceptInto } from './serve.ts';

/** What Node asks for; the kernel caps it at net.core.somaxconn. */
const BACKLOG = 511;

const ENOENT = 2;
const EACCES = 13;
const EINVAL = 22;
const EADDRINUSE = 98;

type Listener = (socket: NetSocket) => void;

const serverChannel = channel('net.server.socket');
const listenStart = channel('tracing:net.server.listen:asyncStart');
const listenEnd = channel('tracing:net.server.listen:asyncEnd');
const listenFailed = channel('tracing:net.server.listen:error');

/** Where to listen, once the options are understood. */
interface Place {
  readonly address: SocketAddress;
  /** As messages have them. */
  readonly host: string;
  readonly port: number;
}

export interface NetServerOptions extends ServerOpts {
  /** Connections from these addresses are closed at once, without an event. */
  readonly blockList?: BlockList | undefined;
}

export class NetServer extends EventEmitter {
  allowHalfOpen: boolean;
  pauseOnConnect: boolean;
  noDelay: boolean;
  keepAlive: boolean;
  /** Seconds. */
  keepAliveInitialDelay: number;
  highWaterMark: number;
  /** More connections at a time are dropped; 0 or nothing: no limit. */
  maxConnections: number = undefined as unknown as number;
  /** Taken for compatibility: connections over the limit are always dropped. */
  dropMaxConnection: boolean = false;
  _handle: Socket | null = null;
  _connections = 0;
  /** `4:127.0.0.1:80`: what some programs tell servers apart by. */
  _connectionKey: string | undefined = undefined;
  readonly blockList: BlockList | undefined;
  #pipeName: string | undefined;
  #unrefed = false;
  /** Tells the listen that goes on from those given up. */
  #listenId = 0;

  constructor(given?: NetServerOptions | Listener | null, listener?: Listener) {
    super();
    if (given != null && typeof given !== 'function' && typeof given !== 'object') {
      throw argumentType('options', 'of type object', given);
    }
    const options: NetServerOptions = typeof given === 'function' ? {} : { ...given };
    const onConnection = typeof given === 'function' ? given : listener;
    if (typeof onConnection === 'function') this.on('connection', onConnection);
    const { keepAliveInitialDelay, highWaterMark } = options;
    if (keepAliveInitialDelay !== undefined) checkNumber(keepAliveInitialDelay, 'options.keepAliveInitialDelay');
    if (highWaterMark !== undefined) checkNumber(highWaterMark, 'options.highWaterMark');
    if (options.blockList !== undefined && !(options.blockList instanceof BlockList)) {
      throw argumentType('options.blockList', 'an instance of BlockList', options.blockList);
    }
    this.blockList = options.blockList;
    this.allowHalfOpen = options.allowHalfOpen || false;
    this.pauseOnConnect = !!options.pauseOnConnect;
    this.noDelay = Boolean(options.noDelay);
    this.keepAlive = Boolean(options.keepAlive);
    this.keepAliveInitialDelay = Math.max(0, Math.trunc((keepAliveInitialDelay ?? 0) / 1000) | 0);
    const asked = highWaterMark ?? -1;
    this.highWaterMark = asked < 0 ? getDefaultHighWaterMark(false) : asked;
  }

  // ---------------------------------------------------------------- listening

  listen(port?: number, hostname?: string, backlog?: number, listeningListener?: () => void): this;
  listen(port?: number, hostname?: string, listeningListener?: () => void): this;
  listen(port?: number, backlog?: number, listeningListener?: () => void): this;
  listen(port?: number, listeningListener?: () => void): this;
  listen(path: string, backlog?: number, listeningListener?: () => void): this;
  listen(path: string, listeningListener?: () => void): this;
  listen(options: ListenOptions, listeningListener?: () => void): this;
  listen(handle: unknown, backlog?: number, listeningListener?: () => void): this;
  listen(handle: unknown, listeningListener?: () => void): this;
  listen(...args: unknown[]): this {
    const [given, listener] = normalizeArguments(args);
    if (this._handle !== null) {
      const message = 'Listen method has been called more than once without closing.';
      throw codedError(Error, 'ERR_SERVER_ALREADY_LISTEN', message);
    }
    if (listenStart.hasSubscribers) listenStart.publish({ server: this, options: given });
    if (listener !== null) this.once('listening', listener as () => void);
    const backlog = toNumber(args.length > 1 && args[1]) || toNumber(args.length > 2 && args[2]) || 0;
    const handle = given instanceof Socket ? given : given._handle || given.handle;
    const options = (handle || given) as Record<string, unknown>;
    this.#listenId++;
    if (options instanceof Socket) {
      this.#listenOn(options, backlog, undefined, undefined);
      return this;
    }
    this.#closeWith(options.signal);
    if (typeof options.fd === 'number' && options.fd >= 0) {
      this.#listenFd(options.fd, backlog, options === handle);
      return this;
    }
    const anyPort =
      args.length === 0 ||
      typeof args[0] === 'function' ||
      (options.port === undefined && 'port' in options) ||
      options.port === null;
    const port = anyPort ? 0 : options.port;
    if (typeof port === 'number' || typeof port === 'string') {
      this.#listenTcp(checkPort(port, 'options.port'), options, (options.backlog as number) || backlog);
      return this;
    }
    if (options.path && isPipeName(options.path)) {
      this.#listenPath(options.path, options, (options.backlog as number) || backlog);
      return this;
    }
    const lacks = !('port' in options) && !('path' in options);
    throw argumentValue('options', options, lacks ? 'must have the property "port" or "path"' : 'is invalid');
  }

  #closeWith(given: unknown): void {
    if (given === undefined) return;
    const signal = checkSignal(given, 'options.signal');
    const onAborted = (): void => {
      this.close();
    };
    if (signal.aborted) {
      process.nextTick(onAborted);
      return;
    }
    signal.addEventListener('abort', onAborted, { once: true });
    this.once('close', () => signal.removeEventListener('abort', onAborted));
  }

  #listenTcp(port: number, options: Record<string, unknown>, backlog: number): void {
    const host = options.host;
    if (!host) {
      this.#listenAnywhere(port, options, backlog);
      return;
    }
    const id = this.#listenId;
    lookup(host as string, (error, ip) => {
      if (id !== this.#listenId) return;
      if (error !== null) {
        this.emit('error', error);
        return;
      }
      this.#listenAt({ address: ipSocketAddress(ip, port), host: ip, port }, options, backlog);
    });
  }

  /** Every address: of IPv6, which takes IPv4 connections as well, or where there is none of IPv4. */
  #listenAnywhere(port: number, options: Record<string, unknown>, backlog: number): void {
    const place: Place = { address: { family: 'inet6', address: '::', port }, host: '::', port };
    const bound = bind(place, options);
    if (typeof bound !== 'number' || bound === EADDRINUSE) {
      this.#listenOrFail(bound, place, backlog);
      return;
    }
    this.#listenAt({ address: { family: 'inet', address: '0.0.0.0', port }, host: '0.0.0.0', port }, options, backlog);
  }

  #listenAt(place: Place, options: Record<string, unknown>, backlog: number): void {
    this.#listenOrFail(bind(place, options), place, backlog);
  }

  #listenOrFail(bound: Socket | number, { host, port }: Place, backlog: number): void {
    if (typeof bound === 'number') this.#fail(listenError(bound, host, port));
    else this.#listenOn(bound, backlog, host, port);
  }

  #listenPath(path: string, options: Record<string, unknown>, backlog: number): void {
    const abstract = path.startsWith('\0');
    const { readableAll, writableAll } = options;
    if (abstract && (readableAll || writableAll)) {
      const reason = 'can not set readableAll or writableAllt to true when path is abstract unix socket';
      throw argumentValue('options', options, reason);
    }
    this.#pipeName = path;
    const address: SocketAddress = abstract ? { family: 'unix', abstract: path.slice(1) } : { family: 'unix', path };
    const bound = bind({ address, host: path, port: -1 }, options);
    // libuv's habit: a folder that is not there is told as one that is forbidden.
    this.#listenOrFail(bound === ENOENT ? EACCES : bound, { address, host: path, port: -1 }, backlog);
    if (this._handle === null) return;
    const READABLE = 0o444;
    const WRITABLE = 0o222;
    const mode = (readableAll === true ? READABLE : 0) | (writableAll === true ? WRITABLE : 0);
    if (mode !== 0) chmodSync(path, statSync(path).mode | mode);
  }

  /** @param shared the descriptor of another's handle (a server of node:net), who keeps it */
  #listenFd(fd: number, backlog: number, shared: boolean): void {
    let socket: Socket;
    try {
      socket = kernel.adopt(fd);
      if (shared) {
        const theirs = socket;
        try {
          socket = theirs.dup();
        } finally {
          theirs.detach();
        }
      }
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      this.#fail(listenError(EINVAL, undefined, undefined));
      return;
    }
    this.#listenOn(socket, backlog, undefined, undefined);
  }

  #listenOn(socket: Socket, backlog: number, host: string | undefined, port: number | undefined): void {
    try {
      socket.listen(backlog || BACKLOG);
    } catch (error) {
      socket.close();
      this.#fail(listenError(errnoOf(error), host, port));
      return;
    }
    this._handle = socket;
    const version = isIP(host ?? '');
    this._connectionKey = `${version === 0 ? -1 : version}:${host ?? null}:${port ?? -1}`;
    acceptInto(
      socket,
      (connection) => this.#take(connection),
      (error) => this.emit('error', callError(errnoOf(error), 'accept')),
    );
    if (this.#unrefed) socket.driver.pending(-1);
    if (listenEnd.hasSubscribers) listenEnd.publish({ server: this });
    process.nextTick(() => {
      if (this._handle !== null) this.emit('listening');
    });
  }

  #fail(error: Error): void {
    if (listenFailed.hasSubscribers) listenFailed.publish({ server: this, error });
    process.nextTick(() => this.emit('error', error));
  }

  get listening(): boolean {
    return this._handle !== null;
  }

  address(): AddressInfo | string | null {
    const socket = this._handle;
    if (socket === null) return null;
    if (this.#pipeName !== undefined) return this.#pipeName;
    const { address, family, port } = addressFields(() => socket.getsockname());
    return address === undefined ? null : ({ address, family, port } as AddressInfo);
  }

  // ---------------------------------------------------------------- connections

  #take(connection: Socket): void {
    if (this.#isBlocked(connection)) {
      connection.close();
      return;
    }
    if (this.maxConnections && this._connections >= this.maxConnections) {
      const dropped = dropArgument(connection);
      connection.close();
      this.emit('drop', dropped);
      return;
    }
    const socket = new NetSocket({
      handle: connection,
      accepted: true,
      allowHalfOpen: this.allowHalfOpen,
      pauseOnCreate: this.pauseOnConnect,
      readableHighWaterMark: this.highWaterMark,
      writableHighWaterMark: this.highWaterMark,
      noDelay: this.noDelay,
      keepAlive: this.keepAlive,
      keepAliveInitialDelay: this.keepAliveInitialDelay * 1000,
    });
    this._connections++;
    socket.server = this;
    socket._server = this;
    this.emit('connection', socket);
    if (serverChannel.hasSubscribers) serverChannel.publish({ socket });
  }

  #isBlocked(connection: Socket): boolean {
    if (this.blockList === undefined) return false;
    const { address, family } = addressFields(() => connection.getpeername());
    return address !== undefined && this.blockList.check(address, family === 'IPv6' ? 'ipv6' : 'ipv4');
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this._connections);
    return this;
  }

  /** Deprecated in Node; `getConnections`. */
  get connections(): number {
    return this._connections;
  }

  // ---------------------------------------------------------------- the end

  /** Accept no more; 'close' comes when the last connection has ended. */
  close(callback?: (error?: Error) => void): this {
    this.#listenId++;
    const socket = this._handle;
    if (typeof callback === 'function') {
      this.once('close', () => {
        if (socket !== null) callback();
        else callback(codedError(Error, 'ERR_SERVER_NOT_RUNNING', 'Server is not running.'));
      });
    }
    if (socket !== null) {
      this._handle = null;
      if (this.#unrefed) socket.driver.pending(1);
      socket.close();
      this.#unlink();
    }
    this._emitCloseIfDrained();
    return this;
  }

  /** The name of a Unix socket goes with its server. */
  #unlink(): void {
    const path = this.#pipeName;
    this.#pipeName = undefined;
    if (path === undefined || path.startsWith('\0')) return;
    try {
      unlinkSync(path);
    } catch {
      // Somebody else removed it, or may not be kept from it.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this._handle === null) return;
    await promisify((done: (error?: Error | null) => void) => this.close((error) => done(error ?? null)))();
  }

  _emitCloseIfDrained(): void {
    if (this._handle !== null || this._connections > 0) return;
    process.nextTick(() => this.emit('close'));
  }

  ref(): this {
    if (this.#unrefed) this._handle?.driver.pending(1);
    this.#unrefed = false;
    return this;
  }

  unref(): this {
    if (!this.#unrefed) this._handle?.driver.pending(-1);
    this.#unrefed = true;
    return this;
  }
}

/** A promise that a listener returned was rejected: the connection's affair, or the server's. */
Object.defineProperty(NetServer.prototype, EventEmitter.captureRejectionSymbol, {
  configurable: true,
  writable: true,
  value(this: NetServer, error: Error, event: string | symbol, ...args: unknown[]): void {
    if (event === 'connection') (args[0] as NetSocket).destroy(error);
    else this.emit('error', error);
  },
});

/** A bound socket, or the errno (positive) that says why not. */
function bind({ address }: Place, options: Record<string, unknown>): Socket | number {
  const domain = address.family === 'inet6' ? AF_INET6 : address.family === 'inet' ? AF_INET : AF_UNIX;
  let socket: Socket;
  try {
    socket = kernel.socket(domain, SOCK_STREAM);
  } catch (error) {
    return errnoOf(error);
  }
  try {
    if (domain !== AF_UNIX) socket.set(SO.REUSEADDR, true);
    if (domain === AF_INET6) socket.set(IPV6.V6ONLY, options.ipv6Only === true);
    if (domain !== AF_UNIX && options.reusePort === true) socket.set(SO.REUSEPORT, true);
    socket.bind(address);
    return socket;
  } catch (error) {
    socket.close();
    return errnoOf(error);
  }
}

function errnoOf(error: unknown): number {
  if (error instanceof SocketError) return -error.errno;
  if (error instanceof TypeError || error instanceof RangeError) return EINVAL;
  throw error;
}

function dropArgument(connection: Socket): DropArgument | undefined {
  const local = addressFields(() => connection.getsockname());
  const remote = addressFields(() => connection.getpeername());
  if (local.address === undefined && remote.address === undefined) return undefined;
  return {
    localAddress: local.address as string,
    localPort: local.port as number,
    localFamily: local.family as string,
    remoteAddress: remote.address as string,
    remotePort: remote.port as number,
    remoteFamily: remote.family as string,
  };
}

export function createServer(options?: NetServerOptions | Listener | null, listener?: Listener): NetServer {
  return new NetServer(options, listener);
}
