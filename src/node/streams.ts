/**
 * A connected socket as a Node stream: `toDuplex(socket)`. What net.Socket does for bytes, this does: back pressure both
 * ways, half-close, idle timeout, errors as `read ECONNRESET` and `write EPIPE`, and the methods that `node:http` and
 * `node:tls` look for, so that both run on any of our sockets.
 *
 * net-socket.ts adds what comes before a connection. The pump below is flow.ts.
 */
import { addAbortSignal, Duplex, type DuplexOptions as NodeDuplexOptions } from 'node:stream';
import { SOCK_STREAM, type Socket, type SocketError } from '../socket/index.ts';
import type { AddressFields } from './address-fields.ts';
import { Flow, type KeepAliveSeconds, type ReadTarget } from './flow.ts';
import { argumentType, outOfRange } from './net-errors.ts';

/** setTimeout's longest, in ms; 24 days. */
const LONGEST_TIMER_MS = 0x7fffffff;

export interface SocketDuplexOptions {
  /** Keep writing after the peer's FIN until `end()`; false: end our side too, as net does. */
  readonly allowHalfOpen?: boolean | undefined;
  /** Bytes that wait to be read before reading stops; Node's default (16 KiB in Node 20). */
  readonly readableHighWaterMark?: number | undefined;
  /** Bytes that wait to be sent before `write` answers false. */
  readonly writableHighWaterMark?: number | undefined;
  /** Read nothing before `resume()` or `read()`. */
  readonly pauseOnCreate?: boolean | undefined;
  /** Destroys the stream with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

const SYSTEM_KEEPALIVE: KeepAliveSeconds = { idle: 0, interval: undefined, count: undefined };

export interface KeepAliveOptions {
  readonly enable?: boolean | undefined;
  readonly initialDelay?: number | undefined;
  readonly interval?: number | undefined;
  readonly count?: number | undefined;
}

type WriteDone = (error?: Error | null) => void;

/** A connected socket as a Node stream. Made by `toDuplex`; `net.Socket` of `barewire/net` is one, too. */
export class SocketDuplex extends Duplex {
  /** The flow while the socket is open, under the name by which libraries ask for it. */
  _handle: Flow | null = null;
  /** The `timeoutMs` of setTimeout. */
  timeout?: number;
  #timer: NodeJS.Timeout | undefined;
  #queueAtTimeout = 0;
  #noDelay = false;
  #keepAlive = false;
  #keepAliveSeconds: KeepAliveSeconds = SYSTEM_KEEPALIVE;
  #resetting = false;
  #peerEnded = false;
  #sockname: AddressFields | undefined;
  #peername: AddressFields | undefined;
  #bytesRead = 0;
  #bytesDispatched = 0;
  /** What `_write` was given and has not finished with while there is no connection. */
  protected deferredBytes = 0;

  constructor(options: NodeDuplexOptions = {}) {
    // emitClose: net.Socket's 'close' says whether there was an error, so it is emitted here.
    super({ ...options, allowHalfOpen: options.allowHalfOpen === true, emitClose: false, autoDestroy: true });
    this.on('end', onEnd);
  }

  /** Called once per connection: from now on the stream owns the socket. */
  protected attach(socket: Socket, target?: ReadTarget): Flow {
    this._handle = new Flow(
      socket,
      {
        onData: (chunk) => {
          this._unrefTimer();
          return this.push(chunk);
        },
        onEnd: () => {
          this._unrefTimer();
          this.push(null);
          // Lets 'end' come when nothing is buffered, although nobody reads.
          this.read(0);
        },
        onError: (error) => this.destroy(this.failure(error)),
      },
      target,
    );
    this.#sockname = undefined;
    this.#peername = undefined;
    return this._handle;
  }

  /** The error as listeners see it. */
  protected failure(error: SocketError): Error {
    return error;
  }

  /** What a write under way is told when the stream is destroyed. */
  protected canceled(error: SocketError): Error | null {
    return error;
  }

  /** The socket below, for options and figures (`get(TCP.INFO)`); reading or writing it would take the stream's bytes. */
  get socket(): Socket | undefined {
    return this._handle?.socket;
  }

  /** node:tls or node:http2 reads this stream, and ends it when they are done. */
  protected isAdapted: boolean = false;

  /**
   * Node puts an adapter round streams that are not its own. TLS has an end of its own (close_notify), still to be sent
   * when the peer's FIN is here, so that FIN must then not end our side: TLS does, in its own time.
   */
  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    if (event === 'data' && isNodesAdapter(listener)) this.isAdapted = true;
    return super.on(event, listener as () => void);
  }

  // ---------------------------------------------------------------- Readable and Writable

  override _read(_size: number): void {
    this._handle?.readStart();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: WriteDone): void {
    if (this._handle === null) {
      done(this.closedError());
      return;
    }
    this._unrefTimer();
    this._handle.write(chunk, this.#after(done));
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: WriteDone): void {
    if (this._handle === null) {
      done(this.closedError());
      return;
    }
    this._unrefTimer();
    const parts: Uint8Array[] = [];
    for (const { chunk } of chunks) if (chunk.length > 0) parts.push(chunk);
    this._handle.writev(parts, this.#after(done));
  }

  #after(done: WriteDone): (error: SocketError | null) => void {
    return (error) => {
      if (error !== null) {
        done(this.destroyed ? this.canceled(error) : this.failure(error));
        return;
      }
      this._unrefTimer();
      this.#queueAtTimeout = 0;
      done();
    };
  }

  protected closedError(): Error {
    return Object.assign(new Error('Socket is closed'), { code: 'ERR_SOCKET_CLOSED' });
  }

  override _final(done: WriteDone): void {
    if (this._handle === null) {
      done();
      return;
    }
    this._handle.shutdown((error) => done(error === null ? null : this.failure(error)));
  }

  /** After the peer's FIN ended this side, the reason is the peer and not the program. */
  override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
    if (!this.#peerEnded || this.allowHalfOpen || !this.writableEnded) {
      return super.write(chunk, encoding as BufferEncoding, done as WriteDone);
    }
    const callback = typeof encoding === 'function' ? encoding : done;
    const error = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
    if (typeof callback === 'function') process.nextTick(callback as (error: Error) => void, error);
    this.destroy(error);
    return false;
  }

  /** The peer's FIN was read to the end. */
  protected get peerEnded(): boolean {
    return this.#peerEnded;
  }

  protected set peerEnded(ended: boolean) {
    this.#peerEnded = ended;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.closeHandle()) {
      // Node tells in the phase of closing handles, after the turn's other callbacks.
      setImmediate(() => this.emit('close', error !== null));
      done(error);
      return;
    }
    done(error);
    process.nextTick(() => this.emit('close'));
  }

  /** Close what there is to close; false: nothing was open. */
  protected closeHandle(): boolean {
    const flow = this._handle;
    if (flow === null) return false;
    this.#bytesRead = flow.bytesRead;
    this.#bytesDispatched = flow.bytesWritten;
    this._handle = null;
    this.#sockname = undefined;
    if (this.#resetting) flow.reset();
    else flow.close();
    this.#resetting = false;
    return true;
  }

  /** Close once everything written has been sent. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', () => this.destroy());
  }

  /** Close with RST, so that the peer sees ECONNRESET; unsent data is dropped. */
  resetAndDestroy(): this {
    this.#resetting = true;
    return this.destroy();
  }

  // ---------------------------------------------------------------- the idle timer

  /** 'timeout' is emitted after `msecs` without any traffic; 0 turns it off. Nothing is closed. */
  setTimeout(msecs: number, listener?: () => void): this {
    if (this.destroyed) return this;
    this.timeout = msecs;
    const ms = timerDuration(msecs);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (listener !== undefined && typeof listener !== 'function')
      throw argumentType('callback', 'of type function', listener);
    if (ms === 0) {
      if (listener !== undefined) this.removeListener('timeout', listener);
      return this;
    }
    this.#timer = setTimeout(() => this._onTimeout(), ms);
    this.#timer.unref();
    if (listener !== undefined) this.once('timeout', listener);
    return this;
  }

  _onTimeout(): void {
    const queued = this._handle?.writeQueueSize ?? 0;
    if (queued > 0 && queued !== this.#queueAtTimeout) {
      // A big write is under way and gets on: that is no idleness.
      this.#queueAtTimeout = queued;
      this._unrefTimer();
      return;
    }
    this.emit('timeout');
  }

  /** Something went over the wire: idleness begins again. */
  _unrefTimer(): void {
    this.#timer?.refresh();
  }

  // ---------------------------------------------------------------- options

  /** TCP_NODELAY. Kept for the connection when there is none yet. */
  setNoDelay(enable: boolean = true): this {
    const on = Boolean(enable);
    if (this._handle !== null && this.isConnected && on !== this.#noDelay) this._handle.setNoDelay(on);
    this.#noDelay = on;
    return this;
  }

  /**
   * SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT; an object `{ enable, initialDelay, interval, count }` says
   * the same. Times in ms; an `initialDelay` below a second leaves the system's.
   */
  setKeepAlive(enable?: boolean | KeepAliveOptions, initialDelay?: number, interval?: number, count?: number): this {
    const asked = typeof enable === 'object' && enable !== null ? enable : { enable, initialDelay, interval, count };
    const on = Boolean(asked.enable);
    const wanted: KeepAliveSeconds = {
      idle: wholeSeconds(asked.initialDelay ?? 0),
      interval: asked.interval === undefined ? undefined : wholeSeconds(asked.interval),
      count: asked.count,
    };
    const before = this.#keepAliveSeconds;
    const differs = wanted.idle !== before.idle || wanted.interval !== before.interval || wanted.count !== before.count;
    const changed = on !== this.#keepAlive || (on && differs);
    this.#keepAlive = on;
    this.#keepAliveSeconds = wanted;
    if (this._handle !== null && this.isConnected && changed) this._handle.setKeepAlive(on, wanted);
    return this;
  }

  /** What was asked for before there was a connection. */
  protected applyOptions(): void {
    if (this.#noDelay) this._handle?.setNoDelay(true);
    if (this.#keepAlive) this._handle?.setKeepAlive(true, this.#keepAliveSeconds);
  }

  /** False while net.Socket connects. */
  protected get isConnected(): boolean {
    return true;
  }

  ref(): this {
    this._handle?.ref();
    return this;
  }

  unref(): this {
    this._handle?.unref();
    return this;
  }

  // ---------------------------------------------------------------- addresses and figures

  /** This end's address; no fields on a unix(7) socket or a closed one. */
  address(): AddressFields {
    // Also where somebody reads the getters of the prototype, which has no handle at all.
    if (this._handle == null) return {};
    return (this.#sockname ??= this._handle.sockname());
  }

  protected get peer(): AddressFields {
    if (!(#peername in this)) return {};
    if (this._handle === null || !this.isConnected) return this.#peername ?? {};
    return (this.#peername ??= this._handle.peername());
  }

  get localAddress(): string | undefined {
    return this.address().address;
  }

  get localPort(): number | undefined {
    return this.address().port;
  }

  get localFamily(): string | undefined {
    return this.address().family;
  }

  /** Known until the end, when the socket was asked for it once. */
  get remoteAddress(): string | undefined {
    return this.peer.address;
  }

  get remotePort(): number | undefined {
    return this.peer.port;
  }

  get remoteFamily(): string | undefined {
    return this.peer.family;
  }

  get bytesRead(): number {
    if (!(#bytesRead in this)) return undefined as never;
    return this._handle?.bytesRead ?? this.#bytesRead;
  }

  /** Bytes handed to the kernel, and those that wait here. */
  get bytesWritten(): number {
    if (!(#bytesDispatched in this)) return undefined as never;
    const dispatched = this._handle?.bytesWritten ?? this.#bytesDispatched;
    return dispatched + this.deferredBytes + this.#buffered();
  }

  #buffered(): number {
    // `writableLength` counts the write under way as well, whose bytes `dispatched` has.
    const waiting = (this as { writableBuffer?: readonly { chunk: Uint8Array | string; encoding: BufferEncoding }[] })
      .writableBuffer;
    let bytes = 0;
    for (const { chunk, encoding } of waiting ?? []) {
      bytes += typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length;
    }
    return bytes;
  }

  protected forgetAddresses(): void {
    this.#sockname = undefined;
    this.#peername = undefined;
  }
}

/** Its one listener for data is the one function of Node's that can fail with this code. */
function isNodesAdapter(listener: (...args: never[]) => void): boolean {
  return listener.name === 'ondata' && Function.prototype.toString.call(listener).includes('ERR_STREAM_WRAP');
}

/** One listener for all, so that `listenerCount('end')` is what programs know. */
function onEnd(this: SocketDuplex): void {
  const stream = this as unknown as { peerEnded: boolean; isAdapted: boolean; allowHalfOpen: boolean };
  stream.peerEnded = true;
  // Only now: TLS takes over what it finds here when it begins, and Duplex looks after 'end'.
  if (stream.isAdapted) stream.allowHalfOpen = true;
}

/** What is no number is 0, as with Node. */
function wholeSeconds(ms: number): number {
  return Math.trunc(Number(ms) / 1000) | 0;
}

function timerDuration(msecs: unknown): number {
  if (typeof msecs !== 'number') throw argumentType('msecs', 'of type number', msecs);
  if (!(msecs >= 0 && Number.isFinite(msecs))) {
    throw outOfRange('msecs', 'a non-negative finite number', msecs);
  }
  return Math.min(msecs, LONGEST_TIMER_MS);
}

class ConnectedDuplex extends SocketDuplex {
  constructor(socket: Socket, options: SocketDuplexOptions) {
    const { allowHalfOpen, readableHighWaterMark, writableHighWaterMark, signal } = options;
    super({
      ...(allowHalfOpen === undefined ? {} : { allowHalfOpen }),
      ...(readableHighWaterMark === undefined ? {} : { readableHighWaterMark }),
      ...(writableHighWaterMark === undefined ? {} : { writableHighWaterMark }),
    });
    this.attach(socket);
    if (options.pauseOnCreate === true) this.pause();
    else this.read(0);
    // Last, and not by Duplex's own option: a signal aborted already destroys at once.
    if (signal !== undefined) addAbortSignal(signal, this);
  }
}

/**
 * A connected stream socket as a Node `Duplex`, with what `node:tls` and `node:http` expect of a net.Socket.
 *
 * The stream owns the socket from now on: it closes it when both directions have ended, on an error and on `destroy()`.
 * Errors are SocketErrors (`read ECONNRESET`, `write EPIPE`). Reading keeps the process alive unless `unref()`.
 * @throws TypeError for a socket that is no stream
 *
 * @example
 * ```ts
 * import { AF_UNIX, kernel, SOCK_STREAM } from 'barewire';
 * import { toDuplex } from 'barewire/node';
 * const [ours, theirs] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
 * toDuplex(theirs).end('hello');
 * let text = '';
 * for await (const chunk of toDuplex(ours).setEncoding('utf8')) text += chunk;
 * console.log(text); // hello
 * ```
 */
export function toDuplex(socket: Socket, options: SocketDuplexOptions = {}): SocketDuplex {
  if (socket.type !== SOCK_STREAM) {
    throw new TypeError(`socket: expected a stream socket (SOCK_STREAM), got type ${socket.type}`);
  }
  return new ConnectedDuplex(socket, options);
}
