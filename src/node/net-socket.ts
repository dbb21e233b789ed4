/**
 * net.Socket on our sockets: `connect` in all its forms, and the order of events that programs rely on (`lookup`,
 * `connectionAttempt`, `connect`, `ready`, `data`, `end`, `close`). The stream is streams.ts, the way to a connection
 * net-connect.ts. What it does and when is that of Node 20's net, https://nodejs.org/api/net.html.
 */
import { channel } from 'node:diagnostics_channel';
import {
  BlockList,
  Socket as NodeSocket,
  type OnReadOpts,
  type SocketConnectOpts,
  type SocketConstructorOpts,
  type SocketReadyState,
} from 'node:net';
import { addAbortSignal } from 'node:stream';
import { kernel } from '../os/kernel.ts';
import { Socket as BareSocket, SOCK_STREAM, SocketError } from '../socket/index.ts';
import { Flow, type ReadTarget } from './flow.ts';
import { checkInteger, checkNumber, normalizeArguments } from './net-arguments.ts';
import { Opening } from './net-connect.ts';
import { argumentType, argumentValue, callError, codedError, hostError, socketClosed } from './net-errors.ts';
import { SocketDuplex } from './streams.ts';

/** The server that a connection came from. */
export interface ServerOfSocket {
  _connections: number;
  _emitCloseIfDrained(): void;
}

export interface NetSocketOptions extends SocketConstructorOpts {
  /** Read into memory of the program's own; no 'data' then. */
  readonly onread?: OnReadOpts | undefined;
  /** A socket of ours, owned from now on: connected, or made ready for `connect` (bound, its options set). */
  readonly handle?: BareSocket | Flow | undefined;
  /** `handle` comes from accept(2), so nobody need ask whether it is connected. */
  readonly accepted?: boolean | undefined;
  readonly pauseOnCreate?: boolean | undefined;
  readonly manualStart?: boolean | undefined;
  /** Addresses that `connect` refuses with ERR_IP_BLOCKED. */
  readonly blockList?: BlockList | undefined;
  /** IP_TOS or IPV6_TCLASS, 0 to 255. */
  readonly typeOfService?: number | undefined;
  readonly noDelay?: boolean | undefined;
  readonly keepAlive?: boolean | undefined;
  readonly keepAliveInitialDelay?: number | undefined;
  readonly readableHighWaterMark?: number | undefined;
  readonly writableHighWaterMark?: number | undefined;
  readonly highWaterMark?: number | undefined;
}

const EISCONN = 106;

type Done = (error?: Error | null) => void;

const clientChannel = channel('net.client.socket');

export class NetSocket extends SocketDuplex {
  connecting: boolean = false;
  /** The addresses that were tried, when several were. */
  autoSelectFamilyAttemptedAddresses: string[] = undefined as unknown as string[];
  readonly blockList: BlockList | undefined;
  server: ServerOfSocket | null = null;
  _server: ServerOfSocket | null = null;
  _parent: null = null;
  _hadError: boolean = false;
  #opening: Opening | undefined;
  /** Given to the constructor, and not connected yet. */
  #prepared: BareSocket | undefined;
  readonly #userBuffer: ReadTarget | undefined;
  #refed = true;
  #typeOfService: number | undefined;

  constructor(given?: NetSocketOptions | number) {
    const options: NetSocketOptions = typeof given === 'number' ? { fd: given } : { ...given };
    checkOptions(options);
    super(streamOptions(options));
    this.#userBuffer = userBufferOf(options.onread, this);
    this.blockList = options.blockList;
    if (options.noDelay) super.setNoDelay(true);
    if (options.keepAlive) super.setKeepAlive(true, options.keepAliveInitialDelay);
    if (options.typeOfService !== undefined) this.setTypeOfService(options.typeOfService);
    const socket = socketOf(options);
    if (socket !== undefined && (options.accepted === true || isConnected(socket))) this.#startWith(socket, options);
    else this.#prepared = socket;
    // Last, and not by Duplex's own option: a signal aborted already destroys at once.
    if (options.signal !== undefined) addAbortSignal(options.signal, this);
  }

  #startWith(socket: BareSocket, options: NetSocketOptions): void {
    this.attach(socket, this.#userBuffer);
    this.applyOptions();
    if (options.readable === false) return;
    if (options.pauseOnCreate === true) (this as { readableFlowing: boolean | null }).readableFlowing = false;
    else if (options.manualStart !== true) this.read(0);
  }

  protected override failure(error: SocketError): Error {
    return callError(-error.errno, error.syscall);
  }

  protected override canceled(_error: SocketError): null {
    return null;
  }

  // ---------------------------------------------------------------- connecting

  connect(options: SocketConnectOpts, connectionListener?: () => void): this;
  connect(port: number, host: string, connectionListener?: () => void): this;
  connect(port: number, connectionListener?: () => void): this;
  connect(path: string, connectionListener?: () => void): this;
  connect(...args: unknown[]): this {
    const [options, listener] = normalizeArguments(args);
    if (listener !== null) this.once('connect', listener);
    if (options.port === undefined && options.path == null) {
      const message = 'The "options" or "port" or "path" argument must be specified';
      throw codedError(TypeError, 'ERR_MISSING_ARGS', message);
    }
    const path = options.path;
    if (this._handle !== null) {
      // Connected already: connect(2) would say so.
      const place = (path ?? options.host ?? 'localhost') as string;
      this.destroy(hostError(EISCONN, 'connect', place, path ? undefined : Number(options.port)));
      return this;
    }
    this.#opening?.cancel();
    this.#revive();
    this._unrefTimer();
    this.connecting = true;
    const opening = new Opening(this, this.#prepared);
    this.#prepared = undefined;
    this.#opening = opening;
    if (!path) {
      opening.toHost(options);
      return this;
    }
    if (typeof path !== 'string') throw argumentType('options.path', 'of type string', path);
    opening.toPath(path);
    return this;
  }

  /** A socket that was closed can connect again. */
  #revive(): void {
    this.peerEnded = false;
    this.forgetAddresses();
    // Of every stream; underscored because only sockets, of all of Node's, come back to life.
    (this as unknown as { _undestroy(): void })._undestroy();
  }

  /** Called when connected; not for programs. */
  opened(socket: BareSocket): void {
    if (this.destroyed) {
      socket.close();
      return;
    }
    this.#opening = undefined;
    this.connecting = false;
    const flow = this.attach(socket, this.#userBuffer);
    if (!this.#refed) flow.unref();
    this._unrefTimer();
    this.applyOptions();
    this.emit('connect');
    this.emit('ready');
    if (!this.isPaused()) this.read(0);
  }

  protected override get isConnected(): boolean {
    return !this.connecting;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    super._destroy(error, done);
    const server = this._server;
    if (server === null) return;
    server._connections--;
    server._emitCloseIfDrained();
  }

  protected override closeHandle(): boolean {
    this.connecting = false;
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.cancel();
    this.#prepared?.close();
    this.#prepared = undefined;
    return super.closeHandle() || opening !== undefined;
  }

  // ---------------------------------------------------------------- what waits for the connection

  override _read(size: number): void {
    if (this.connecting || this._handle === null) this.once('connect', () => this._read(size));
    else super._read(size);
  }

  override _write(chunk: Uint8Array, encoding: BufferEncoding, done: Done): void {
    if (this.#mustWait) this.#whenConnected(chunk.length, done, () => super._write(chunk, encoding, done));
    else super._write(chunk, encoding, done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    let bytes = 0;
    for (const { chunk } of chunks) bytes += chunk.length;
    if (this.#mustWait) this.#whenConnected(bytes, done, () => super._writev(chunks, done));
    else super._writev(chunks, done);
  }

  /** `tls.connect({ socket })` may come before `socket.connect()`: then TLS's first words wait, too. */
  get #mustWait(): boolean {
    return this.connecting || (this.isAdapted && this._handle === null && !this.destroyed);
  }

  #whenConnected(bytes: number, done: Done, write: () => void): void {
    this.deferredBytes = bytes;
    const onClose = (): void => {
      this.deferredBytes = 0;
      const message = 'Socket closed before the connection was established';
      done(codedError(Error, 'ERR_SOCKET_CLOSED_BEFORE_CONNECTION', message));
    };
    this.once('connect', () => {
      this.off('close', onClose);
      this.deferredBytes = 0;
      write();
    });
    this.once('close', onClose);
  }

  protected override closedError(): Error {
    return socketClosed();
  }

  override _final(done: Done): void {
    if (this.pending) this.once('connect', () => this._final(done));
    else super._final(done);
  }

  override resetAndDestroy(): this {
    if (this.connecting) {
      this.once('connect', () => super.resetAndDestroy());
    } else if (this._handle === null) {
      this.destroy(socketClosed());
    } else if (!this._handle.isTcp) {
      throw codedError(TypeError, 'ERR_INVALID_HANDLE_TYPE', 'This handle type cannot be sent');
    } else {
      super.resetAndDestroy();
    }
    return this;
  }

  // ---------------------------------------------------------------- a buffer of the program's own (`onread`)

  override pause(): this {
    if (this.#userBuffer !== undefined && !this.connecting) this._handle?.readStop();
    return super.pause();
  }

  override resume(): this {
    if (this.#userBuffer !== undefined && !this.connecting) this._handle?.readStart();
    return super.resume();
  }

  override read(size?: number): unknown {
    if (this.#userBuffer !== undefined && !this.connecting) this._handle?.readStart();
    return super.read(size);
  }

  // ---------------------------------------------------------------- state

  // Typed as Node types them: not `undefined`, although it is that when there is no connection.
  override get localAddress(): string {
    return super.localAddress as string;
  }

  override get localPort(): number {
    return super.localPort as number;
  }

  override get localFamily(): string {
    return super.localFamily as string;
  }

  get pending(): boolean {
    return this._handle === null || this.connecting;
  }

  get _connecting(): boolean {
    return this.connecting;
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening';
    if (this.readable) return this.writable ? 'open' : 'readOnly';
    return this.writable ? 'writeOnly' : 'closed';
  }

  /** Deprecated in Node; `writableLength`. */
  get bufferSize(): number {
    return (this._handle === null && this.#opening === undefined ? undefined : this.writableLength) as number;
  }

  get _bytesDispatched(): number {
    return this._handle?.bytesWritten ?? 0;
  }

  _getpeername(): object {
    return this.peer;
  }

  _getsockname(): object {
    return this.address();
  }

  /** IP_TOS, or IPV6_TCLASS: DSCP and ECN bits. Kept for the connection when there is none yet. */
  setTypeOfService(tos: number): this {
    if (Number.isNaN(tos)) throw argumentType('tos', 'of type number', tos);
    checkInteger(tos, 'tos', 0, 255);
    this.#typeOfService = tos;
    if (this.isConnected && this._handle?.isTcp === true) this._handle.setTypeOfService(tos);
    return this;
  }

  getTypeOfService(): number {
    return this._handle?.isTcp === true ? this._handle.getTypeOfService() : (this.#typeOfService ?? 0);
  }

  protected override applyOptions(): void {
    super.applyOptions();
    const tos = this.#typeOfService;
    if (tos !== undefined && this._handle?.isTcp === true) this._handle.setTypeOfService(tos);
  }

  override ref(): this {
    this.#refed = true;
    if (this._handle === null && this.#opening === undefined) this.once('connect', () => this.ref());
    this.#opening?.setRef(true);
    return super.ref();
  }

  override unref(): this {
    if (this._handle === null && this.#opening === undefined) this.once('connect', () => this.unref());
    else this.#refed = false;
    this.#opening?.setRef(false);
    return super.unref();
  }
}

function userBufferOf(onread: unknown, socket: NetSocket): ReadTarget | undefined {
  if (typeof onread !== 'object' || onread === null) return undefined;
  const { buffer, callback } = onread as { buffer: unknown; callback: unknown };
  if (typeof callback !== 'function') return undefined;
  const call = (count: number, bytes: Uint8Array): unknown => callback.call(socket, count, bytes) as unknown;
  if (typeof buffer === 'function') {
    let current = (buffer as () => Uint8Array)();
    return {
      buffer: () => current,
      onBytes: (count) => {
        const goOn = call(count, current) !== false;
        const next: unknown = (buffer as () => unknown)();
        if (next instanceof Uint8Array) current = next;
        return goOn;
      },
    };
  }
  if (!(buffer instanceof Uint8Array)) return undefined;
  return { buffer: () => buffer, onBytes: (count) => call(count, buffer) !== false };
}

function checkOptions(options: NetSocketOptions): void {
  const modes = options as { objectMode?: unknown; readableObjectMode?: unknown; writableObjectMode?: unknown };
  for (const mode of ['objectMode', 'readableObjectMode', 'writableObjectMode'] as const) {
    if (modes[mode]) throw argumentValue(`options.${mode}`, modes[mode], 'is not supported');
  }
  if (options.blockList !== undefined && !(options.blockList instanceof BlockList)) {
    throw argumentType('options.blockList', 'an instance of BlockList', options.blockList);
  }
  if (options.keepAliveInitialDelay !== undefined) {
    checkNumber(options.keepAliveInitialDelay, 'options.keepAliveInitialDelay');
  }
}

function streamOptions(options: NetSocketOptions): object {
  const { handle: _, fd: _fd, onread: _onread, signal: _signal, ...rest } = options;
  return { ...rest, allowHalfOpen: Boolean(options.allowHalfOpen) };
}

function socketOf({ handle, fd }: NetSocketOptions): BareSocket | undefined {
  if (handle instanceof Flow) return handle.socket;
  if (handle !== undefined && handle !== null && !(handle instanceof BareSocket)) {
    throw argumentType('options.handle', 'an instance of Socket of barewire', handle);
  }
  return handle ?? (fd === undefined ? undefined : adoptFd(fd));
}

function isConnected(socket: BareSocket): boolean {
  try {
    socket.getpeername();
    return true;
  } catch (error) {
    if (error instanceof SocketError && error.code === 'ENOTCONN') return false;
    throw error;
  }
}

/** A stream socket by its number. Node takes pipes and terminals as well; those are not sockets. */
function adoptFd(fd: number): BareSocket {
  checkInteger(fd, 'fd', 0);
  try {
    const socket = kernel.adopt(fd);
    if (socket.type === SOCK_STREAM) return socket;
    socket.detach();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
  throw codedError(TypeError, 'ERR_INVALID_FD_TYPE', 'Unsupported fd type: UNKNOWN');
}

// Node's own sockets (of node:http, say) count as well where a program asks `socket instanceof net.Socket`; classes that
// a program derived from ours stay what they are.
Object.defineProperty(NetSocket, Symbol.hasInstance, {
  value(this: typeof NetSocket, value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    return this.prototype === NetSocket.prototype && value instanceof NodeSocket;
  },
});

/** `net.connect` and `net.createConnection`. */
export function connect(...args: unknown[]): NetSocket {
  const pair = normalizeArguments(args);
  const [options] = pair;
  const socket = new NetSocket(options as NetSocketOptions);
  if (clientChannel.hasSubscribers) clientChannel.publish({ socket });
  if (options.timeout) socket.setTimeout(options.timeout as number);
  return socket.connect(pair as never);
}
