/**
 * The Berkeley socket. Each I/O call has three forms:
 *
 * - **async** (`recv`): one system call, tried at once; waits only when it would block;
 * - **try** (`tryRecv`): one system call, never waits; `null` means would block;
 * - **sync** (`recvSync`): waits in poll(2), with a deadline if asked.
 *
 * Read socket(7), tcp(7), udp(7), unix(7) for what the calls mean; driver.ts for what stands behind them.
 */
import {
  decodeSockAddr,
  type EncodedSockAddr,
  encodeSockAddr,
  parseSocketAddress,
  SockAddr,
  type SocketAddress,
} from '../addr/sockaddr.ts';
import { ADDRESS_ROOM, type DatagramBatch } from './batch.ts';
import {
  MSG_NOSIGNAL,
  MSG_TRUNC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOMAXCONN,
} from './constants.ts';
import type { Handle, SocketDriver, Wakeable } from './driver.ts';
import { EAGAIN, EALREADY, EBADF, ECANCELED, EINPROGRESS, ENOTCONN } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { type Option, SO } from './options.ts';
import { checkTimeout, type QueueOwner, timeoutError, type WaitOptions, WaitQueue } from './wait-queue.ts';

/** An address as every call takes it: an object, its text (`127.0.0.1:80`), or bytes made ready before. */
export type AddressLike = SocketAddress | string | SockAddr;

export interface CallOptions extends WaitOptions {
  /** MSG_* bits. */
  readonly flags?: number | undefined;
}

/** One datagram with its sender. */
export interface Received {
  /** The bytes: a view into the buffer that the caller gave, or owned. */
  readonly data: Uint8Array;
  readonly address: SocketAddress;
  /** The datagram's real length; more than `data.length` when it did not fit. */
  readonly length: number;
  readonly truncated: boolean;
}

export interface SyncOptions {
  readonly flags?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

const IN_BITS = POLLIN | POLLRDHUP | POLLHUP | POLLERR;
const OUT_BITS = POLLOUT | POLLHUP | POLLERR;

/** Room for one datagram when `for await` reads a datagram socket: the most that UDP can carry. */
const LARGEST_DATAGRAM = 65_536;

/** When unix(7) sockets say EAGAIN to connect (backlog full), no readiness event follows: ask again so often. */
const CONNECT_RETRY_MS = 5;

const scratch = new Uint8Array(ADDRESS_ROOM);

interface Held {
  readonly driver: SocketDriver;
  readonly handle: Handle;
  readonly what: string;
}

const registry = new FinalizationRegistry<Held>(({ driver, handle, what }) => {
  driver.leaked?.(handle, what);
  driver.release(handle);
  driver.close(handle);
});

function bytesOf(data: Uint8Array | string, name: string): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  if (!(data instanceof Uint8Array))
    throw new TypeError(`${name}: expected a Uint8Array or a string, got ${typeof data}`);
  return data;
}

function howNumber(how: 'rd' | 'wr' | 'both' | number): number {
  if (how === 'rd') return SHUT_RD;
  if (how === 'wr') return SHUT_WR;
  if (how === 'both') return SHUT_RDWR;
  if (typeof how === 'number') return how;
  throw new TypeError(`how: expected 'rd', 'wr' or 'both', got ${String(how)}`);
}

/** What `for await` on a socket of this type yields: connections of a listener, messages of a datagram socket. */
export type Item<Type extends number> = Type extends typeof SOCK_DGRAM | typeof SOCK_RAW ? Received : Socket<Type>;

/** @typeParam Type SOCK_STREAM and the like, where the type checker can see it */
export class Socket<Type extends number = number> implements Disposable {
  readonly domain: number;
  readonly type: Type;
  readonly protocol: number;
  readonly driver: SocketDriver;
  #handle: Handle;
  #closed = false;
  #in: WaitQueue | undefined;
  #out: WaitQueue | undefined;
  #onReadable: (() => void) | undefined;
  readonly #wakeable: Wakeable = { wake: (bits) => this.#wake(bits) };

  /** Called by hosts only: the socket becomes the owner of `handle`. */
  constructor(driver: SocketDriver, handle: Handle, domain: number, type: Type, protocol: number) {
    this.driver = driver;
    this.#handle = handle;
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
    registry.register(this, { driver, handle, what: `socket(${domain}, ${type}, ${protocol})` }, this);
  }

  // ---------------------------------------------------------------- identity

  /** The descriptor number, still owned by this socket; -1 after close. */
  get fd(): number {
    return this.#closed ? -1 : this.driver.fd(this.#handle);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the driver calls this socket; for drivers' friends (netlink, devices), not for programs. */
  get handle(): Handle {
    return this.#handle;
  }

  /** The address that this socket is bound to: all zeros before bind(2) or connect(2). */
  getsockname(): SocketAddress {
    const length = this.#check(this.driver.getsockname(this.#handle, scratch), 'getsockname');
    return decodeSockAddr(scratch, length);
  }

  /** @throws SocketError ENOTCONN */
  getpeername(): SocketAddress {
    const length = this.#check(this.driver.getpeername(this.#handle, scratch), 'getpeername');
    return decodeSockAddr(scratch, length);
  }

  // ---------------------------------------------------------------- calls that never wait

  /** @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES (port below ip_unprivileged_port_start), EINVAL (bound) */
  bind(address: AddressLike): void {
    const { bytes, length } = encodeSockAddr(address);
    this.#check(this.driver.bind(this.#handle, bytes, length), 'bind', address);
  }

  /** @param backlog most connections that wait for accept; the kernel caps it at net.core.somaxconn */
  listen(backlog: number = SOMAXCONN): void {
    this.#check(this.driver.listen(this.#handle, backlog), 'listen');
  }

  /** `wr` sends FIN and leaves the other direction open (half-close). */
  shutdown(how: 'rd' | 'wr' | 'both' | number): void {
    this.#check(this.driver.shutdown(this.#handle, howNumber(how)), 'shutdown');
  }

  /** Read an option by its row. */
  get<T>(option: Option<T>): T {
    return option.type.decode(this.#getsockopt(option.level, option.number, option.type.size, option.name));
  }

  /** Set an option by its row. */
  set<T>(option: Option<T>, value: T): void {
    this.#setsockopt(option.level, option.number, option.type.encode(value), option.name);
  }

  /** Read an option by its numbers: the bytes that the kernel gave, at most `room`. */
  getsockopt(level: number, option: number, room = 4): Uint8Array {
    return this.#getsockopt(level, option, room, undefined);
  }

  /** Set an option by its numbers: an int, or the bytes of whatever struct it takes. */
  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#setsockopt(level, option, typeof value === 'number' ? SO.TYPE.type.encode(value) : value, undefined);
  }

  /**
   * Close the socket; calls that wait reject with ECANCELED. Closing twice is fine. TCP sends FIN, or RST when received
   * data was never read (RFC 9293 §3.10.4, and what Linux does).
   */
  close(): void {
    if (this.#closed) return;
    const handle = this.#letGo('close');
    const result = this.driver.close(handle);
    // EINTR and EIO of close(2) leave nothing to close again on Linux; EBADF would be our own mistake.
    if (result === -EBADF) throw new SocketError(EBADF, { syscall: 'close' });
  }

  /** Give the descriptor away, open and as it is; this object is closed from now on. */
  detach(): number {
    if (this.#closed) throw new SocketError(EBADF, { syscall: 'detach' });
    return this.#check(this.driver.detach(this.#letGo('detach')), 'detach');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---------------------------------------------------------------- connect

  /**
   * Resolves when connected. On Linux that is when the SYN-ACK arrives: one round trip, and half a round trip before
   * the server is ESTABLISHED.
   * @throws SocketError ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EISCONN, EADDRNOTAVAIL
   */
  async connect(address: AddressLike, options?: WaitOptions): Promise<void> {
    checkTimeout(options?.timeoutMs);
    if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
    if (this.#connectOnce(address) === true) return;
    if (this.#mayRetryConnect) return this.#connectAgain(address, options);
    const done = (): true | undefined => (this.#connected(address) ? true : undefined);
    await this.#queue('out').wait('connect', options, done);
  }

  /** true: connected; null: under way (EINPROGRESS) or, for unix(7) sockets, the listener's backlog is full. */
  tryConnect(address: AddressLike): true | null {
    return this.#connectOnce(address);
  }

  #connectOnce(address: AddressLike): true | null {
    const { bytes, length } = encodeSockAddr(address);
    const result = this.driver.connect(this.#handle, bytes, length);
    if (result === 0) return true;
    if (result === -EINPROGRESS || result === -EALREADY || result === -EAGAIN) {
      this.#mayRetryConnect = result === -EAGAIN;
      return null;
    }
    throw this.#error(-result, 'connect', address);
  }

  connectSync(address: AddressLike, options?: SyncOptions): void {
    checkTimeout(options?.timeoutMs);
    const deadline = this.#deadline(options);
    if (this.#connectOnce(address) === true) return;
    for (;;) {
      if (this.#mayRetryConnect) this.driver.poll(this.#handle, 0, CONNECT_RETRY_MS);
      else this.#pollSync('connect', POLLOUT, deadline, options);
      if (this.#mayRetryConnect ? this.#connectOnce(address) === true : this.#connected(address)) return;
      if (deadline !== undefined && now() >= deadline) throw timeoutError('connect', options?.timeoutMs ?? 0, this.fd);
    }
  }

  #mayRetryConnect = false;

  async #connectAgain(address: AddressLike, options: WaitOptions | undefined): Promise<void> {
    const deadline = this.#deadline(options);
    while (this.#mayRetryConnect) {
      await new Promise<void>((resolve) => this.driver.setTimer(CONNECT_RETRY_MS, resolve));
      if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
      if (this.#closed) throw new SocketError(ECANCELED, { syscall: 'connect' });
      if (this.#connectOnce(address) === true) return;
      if (deadline !== undefined && now() >= deadline) throw timeoutError('connect', options?.timeoutMs ?? 0, this.fd);
    }
  }

  #connected(address: AddressLike): boolean {
    const { level, number, type } = SO.ERROR;
    const error = type.decode(this.#getsockopt(level, number, type.size, SO.ERROR.name));
    if (error !== 0) throw this.#error(error, 'connect', address);
    // SO_ERROR 0 also means "still trying" when a stale event woke us; only a peer's name means connected.
    const result = this.driver.getpeername(this.#handle, scratch);
    if (result === -ENOTCONN) return false;
    this.#check(result, 'connect', address);
    return true;
  }

  // ---------------------------------------------------------------- accept

  /** The next connection, as a socket of its own. */
  accept(options?: WaitOptions): Promise<Socket<Type>> {
    return this.#async('in', 'accept', options, () => this.#acceptOnce() ?? undefined);
  }

  tryAccept(): Socket<Type> | null {
    return this.#acceptOnce();
  }

  #acceptOnce(): Socket<Type> | null {
    const result = this.driver.accept(this.#handle, null);
    if (result === -EAGAIN) return null;
    return this.spawn(this.#check(result, 'accept'));
  }

  acceptSync(options?: SyncOptions): Socket<Type> {
    return this.#sync('accept', POLLIN, options, () => this.#acceptOnce());
  }

  /** Makes the object for an accepted connection; observed sockets make observed ones. */
  protected spawn(handle: Handle): Socket<Type> {
    return new Socket<Type>(this.driver, handle, this.domain, this.type, this.protocol);
  }

  // ---------------------------------------------------------------- receive

  /**
   * Receive into `buffer`, or into fresh memory of `size` bytes.
   * @returns the count of bytes, or the bytes; 0 (or none) at the end of a stream
   * @throws SocketError ECONNRESET, ENOTCONN, ETIMEDOUT; ECONNREFUSED on a connected datagram socket
   */
  recv(buffer: Uint8Array, options?: CallOptions): Promise<number>;
  recv(size: number, options?: CallOptions): Promise<Uint8Array>;
  recv(target: Uint8Array | number, options?: CallOptions): Promise<number | Uint8Array> {
    if (typeof target === 'number') {
      return this.#recvSize(target, options);
    }
    const flags = options?.flags ?? 0;
    if (options === undefined && (this.#in === undefined || this.#in.isEmpty)) {
      const count = this.driver.recv(this.#handle, target, 0, target.length, flags);
      if (count !== -EAGAIN) return this.#counted(count, 'recv');
    }
    return this.#async('in', 'recv', options, () => this.#recvOnce(target, 0, target.length, flags) ?? undefined);
  }

  async #recvSize(size: number, options: CallOptions | undefined): Promise<Uint8Array> {
    const buffer = new Uint8Array(checkSize(size));
    return buffer.subarray(0, await this.recv(buffer, options));
  }

  /** @returns the count, 0 at the end of a stream, null: nothing there now */
  tryRecv(buffer: Uint8Array, offset = 0, length: number = buffer.length - offset, flags = 0): number | null {
    return this.#recvOnce(buffer, offset, length, flags);
  }

  #recvOnce(buffer: Uint8Array, offset: number, length: number, flags: number): number | null {
    const count = this.driver.recv(this.#handle, buffer, offset, length, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.#error(-count, 'recv');
  }

  recvSync(buffer: Uint8Array, options?: SyncOptions): number;
  recvSync(size: number, options?: SyncOptions): Uint8Array;
  recvSync(target: Uint8Array | number, options?: SyncOptions): number | Uint8Array {
    if (typeof target === 'number') {
      const buffer = new Uint8Array(checkSize(target));
      return buffer.subarray(0, this.recvSync(buffer, options));
    }
    const flags = options?.flags ?? 0;
    return this.#sync('recv', POLLIN, options, () => this.#recvOnce(target, 0, target.length, flags));
  }

  /** Receive one datagram with its sender. Given a size, `data` is owned; given a buffer, `data` is a view into it. */
  recvfrom(target: Uint8Array | number, options?: CallOptions): Promise<Received> {
    if (typeof target === 'number') return this.#recvfromSize(target, options);
    const flags = options?.flags ?? 0;
    return this.#async('in', 'recvfrom', options, () => this.#recvfromOnce(target, flags) ?? undefined);
  }

  async #recvfromSize(size: number, options: CallOptions | undefined): Promise<Received> {
    return this.recvfrom(new Uint8Array(checkSize(size)), options);
  }

  tryRecvfrom(buffer: Uint8Array, flags = 0): Received | null {
    return this.#recvfromOnce(buffer, flags);
  }

  #recvfromOnce(buffer: Uint8Array, flags: number): Received | null {
    // MSG_TRUNC makes the kernel tell a datagram's real length; on a TCP stream it would throw the data away (tcp(7)).
    const all = this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC;
    const length = this.driver.recvfrom(this.#handle, buffer, 0, buffer.length, all, scratch);
    if (length === -EAGAIN) return null;
    this.#check(length, 'recvfrom');
    const address = decodeSockAddr(scratch, this.driver.registers[0] as number);
    const data = buffer.subarray(0, Math.min(length, buffer.length));
    return { data, address, length, truncated: length > buffer.length };
  }

  recvfromSync(target: Uint8Array | number, options?: SyncOptions): Received {
    const buffer = typeof target === 'number' ? new Uint8Array(checkSize(target)) : target;
    return this.#sync('recvfrom', POLLIN, options, () => this.#recvfromOnce(buffer, options?.flags ?? 0));
  }

  /** Fill several buffers in order: readv(2). */
  readv(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.#async('in', 'readv', options, () => this.#readvOnce(parts) ?? undefined);
  }

  tryReadv(parts: readonly Uint8Array[]): number | null {
    return this.#readvOnce(parts);
  }

  #readvOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.readv(this.#handle, parts);
    return count === -EAGAIN ? null : this.#check(count, 'readv');
  }

  /** Receive up to `batch.capacity` datagrams in one system call; resolves as soon as there is one. */
  recvBatch(batch: DatagramBatch, options?: CallOptions): Promise<number> {
    if (options === undefined && (this.#in === undefined || this.#in.isEmpty)) {
      const count = this.#recvmmsg(batch, 0);
      if (count !== -EAGAIN) return this.#counted(count, 'recvmmsg');
    }
    return this.#async('in', 'recvmmsg', options, () => this.#recvBatchOnce(batch, options?.flags ?? 0) ?? undefined);
  }

  tryRecvBatch(batch: DatagramBatch, flags = 0): number | null {
    return this.#recvBatchOnce(batch, flags);
  }

  #recvBatchOnce(batch: DatagramBatch, flags: number): number | null {
    const count = this.#recvmmsg(batch, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.#error(-count, 'recvmmsg');
  }

  #recvmmsg(batch: DatagramBatch, flags: number): number {
    return this.driver.recvmmsg(
      this.#handle,
      batch.slab,
      batch.stride,
      batch.capacity,
      batch.lengths,
      batch.messageFlags,
      batch.addresses,
      batch.addressLengths,
      flags | MSG_TRUNC,
    );
  }

  // ---------------------------------------------------------------- send

  /**
   * Hand bytes to the kernel: resolves with how many it took (one system call), which for a stream can be fewer than
   * given: `sendAll` is the loop. SIGPIPE never comes (MSG_NOSIGNAL).
   * @param data borrowed until the promise settles; strings go as UTF-8
   * @throws SocketError EPIPE, ECONNRESET, ENOTCONN, EMSGSIZE; ECONNREFUSED on a connected datagram socket
   */
  send(data: Uint8Array | string, options?: CallOptions): Promise<number> {
    const bytes = bytesOf(data, 'data');
    const flags = options?.flags ?? 0;
    if (options === undefined && (this.#out === undefined || this.#out.isEmpty)) {
      const count = this.driver.send(this.#handle, bytes, 0, bytes.length, MSG_NOSIGNAL);
      if (count !== -EAGAIN) return this.#counted(count, 'send');
    }
    return this.#async('out', 'send', options, () => this.#sendOnce(bytes, 0, bytes.length, flags) ?? undefined);
  }

  trySend(data: Uint8Array, offset = 0, length: number = data.length - offset, flags = 0): number | null {
    return this.#sendOnce(data, offset, length, flags);
  }

  #sendOnce(data: Uint8Array, offset: number, length: number, flags: number): number | null {
    const count = this.driver.send(this.#handle, data, offset, length, flags | MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.#error(-count, 'send');
  }

  sendSync(data: Uint8Array | string, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    const flags = options?.flags ?? 0;
    return this.#sync('send', POLLOUT, options, () => this.#sendOnce(bytes, 0, bytes.length, flags));
  }

  /** Send all of `data`: as many send calls as it takes. After an error or abort, an unknown part has gone. */
  async sendAll(data: Uint8Array | string, options?: CallOptions): Promise<void> {
    const bytes = bytesOf(data, 'data');
    let sent = await this.send(bytes, options);
    while (sent < bytes.length) sent += await this.send(bytes.subarray(sent), options);
  }

  sendAllSync(data: Uint8Array | string, options?: SyncOptions): void {
    const bytes = bytesOf(data, 'data');
    let sent = 0;
    do sent += this.sendSync(bytes.subarray(sent), options);
    while (sent < bytes.length);
  }

  /** Send one datagram to `target`. For the hot path make the target a SockAddr once. */
  sendto(data: Uint8Array | string, target: AddressLike, options?: CallOptions): Promise<number> {
    const bytes = bytesOf(data, 'data');
    const address = encodeSockAddr(target);
    const flags = options?.flags ?? 0;
    return this.#async('out', 'sendto', options, () => this.#sendto(bytes, address, target, flags) ?? undefined);
  }

  trySendto(data: Uint8Array, target: AddressLike, flags = 0): number | null {
    return this.#sendto(data, encodeSockAddr(target), target, flags);
  }

  sendtoSync(data: Uint8Array | string, target: AddressLike, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    return this.#sync('sendto', POLLOUT, options, () =>
      this.#sendto(bytes, encodeSockAddr(target), target, options?.flags ?? 0),
    );
  }

  #sendto(bytes: Uint8Array, address: EncodedSockAddr, target: AddressLike, flags: number): number | null {
    const all = flags | MSG_NOSIGNAL;
    const count = this.driver.sendto(this.#handle, bytes, 0, bytes.length, all, address.bytes, address.length);
    return count === -EAGAIN ? null : this.#check(count, 'sendto', target);
  }

  /** Send several buffers as one: writev(2). Raises no SIGPIPE: Node ignores that signal. */
  writev(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.#async('out', 'writev', options, () => this.#writevOnce(parts) ?? undefined);
  }

  tryWritev(parts: readonly Uint8Array[]): number | null {
    return this.#writevOnce(parts);
  }

  #writevOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.writev(this.#handle, parts);
    return count === -EAGAIN ? null : this.#check(count, 'writev');
  }

  /** Send datagrams `first` … `first + count - 1` of the batch in one system call; resolves with how many went. */
  sendBatch(batch: DatagramBatch, first: number, count: number, options?: CallOptions): Promise<number> {
    return this.#async(
      'out',
      'sendmmsg',
      options,
      () => this.#sendBatchOnce(batch, first, count, options?.flags ?? 0) ?? undefined,
    );
  }

  trySendBatch(batch: DatagramBatch, first: number, count: number, flags = 0): number | null {
    return this.#sendBatchOnce(batch, first, count, flags);
  }

  #sendBatchOnce(batch: DatagramBatch, first: number, count: number, flags: number): number | null {
    const sent = this.driver.sendmmsg(
      this.#handle,
      batch.slab,
      batch.stride,
      first,
      count,
      batch.lengths,
      batch.addresses,
      batch.addressLengths,
      flags | MSG_NOSIGNAL,
    );
    if (sent >= 0) return sent;
    if (sent === -EAGAIN) return null;
    throw this.#error(-sent, 'sendmmsg');
  }

  // ---------------------------------------------------------------- readiness

  /** Resolves when a read (or write) would not block: poll(2) for one socket. */
  ready(direction: 'in' | 'out', options?: WaitOptions): Promise<void> {
    const events = direction === 'in' ? POLLIN : POLLOUT;
    const isReady = (): true | undefined =>
      this.#check(this.driver.poll(this.#handle, events, 0), 'poll') === 0 ? undefined : true;
    return this.#async(direction, 'poll', options, isReady).then(() => undefined);
  }

  /**
   * Call `listener` whenever the socket becomes readable (edge-triggered: read until null, or you may not be called
   * again). The fastest way to receive: no promise. One listener a socket; returns how to stop.
   */
  onReadable(listener: () => void): () => void {
    if (this.#onReadable !== undefined) throw new TypeError('onReadable: this socket has a listener already');
    if (this.#closed) throw new SocketError(EBADF, { syscall: 'epoll_ctl' });
    this.#arm('in');
    this.#onReadable = listener;
    this.driver.pending(1);
    // What arrived before the edge was watched for would otherwise never be told.
    this.driver.nextTurn(() => {
      if (this.#onReadable === listener) listener();
    });
    return () => {
      if (this.#onReadable !== listener) return;
      this.#onReadable = undefined;
      this.driver.pending(-1);
    };
  }

  /** The connections of a listener, until it is closed. */
  async *accepts(options?: WaitOptions): AsyncGenerator<Socket<Type>, void, void> {
    for await (const connection of this.#untilClosed(() => this.accept(options))) yield connection;
  }

  /** The datagrams of a datagram socket, each in memory of its own, until it is closed. */
  async *messages(options?: CallOptions): AsyncGenerator<Received, void, void> {
    const buffer = new Uint8Array(LARGEST_DATAGRAM);
    const next = async (): Promise<Received> => {
      const message = await this.recvfrom(buffer, options);
      return { ...message, data: message.data.slice() };
    };
    for await (const message of this.#untilClosed(next)) yield message;
  }

  /** The bytes of a stream in pieces, each owned, until the peer's FIN (or close). */
  async *chunks(size = 65_536, options?: CallOptions): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of this.#untilClosed(() => this.recv(size, options))) {
      if (chunk.length === 0) return;
      yield chunk;
    }
  }

  /**
   * `for await (const connection of listener)` or `for await (const message of udp)`: a listening socket yields
   * connections, a datagram socket its messages. Use `chunks()` for a stream.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Item<Type>, void, void> {
    const isDatagram = this.type === SOCK_DGRAM || this.type === SOCK_RAW;
    if (!isDatagram && !this.#isListening()) {
      throw new TypeError('for await: expected a listening or datagram socket; use chunks() to read a stream');
    }
    const items: AsyncGenerator<Socket<Type> | Received, void, void> = isDatagram ? this.messages() : this.accepts();
    // `Item` says at compile time what `isDatagram` says at run time.
    return items as AsyncGenerator<Item<Type>, void, void>;
  }

  #isListening(): boolean {
    const { level, number, type, name } = SO.ACCEPTCONN;
    return type.decode(this.#getsockopt(level, number, type.size, name));
  }

  async *#untilClosed<T>(next: () => Promise<T>): AsyncGenerator<T, void, void> {
    while (!this.#closed) {
      let value: T;
      try {
        value = await next();
      } catch (error) {
        if (error instanceof SocketError && error.code === 'ECANCELED' && this.#closed) return;
        throw error;
      }
      yield value;
    }
  }

  // ---------------------------------------------------------------- the machinery

  #wake(bits: number): void {
    if ((bits & IN_BITS) !== 0) {
      this.#in?.drain();
      this.#onReadable?.();
    }
    if ((bits & OUT_BITS) !== 0) this.#out?.drain();
  }

  #arm(direction: 'in' | 'out'): void {
    const events = direction === 'in' ? POLLIN : POLLOUT;
    this.#check(this.driver.attach(this.#handle, this.#wakeable, events), 'epoll_ctl');
  }

  #queue(direction: 'in' | 'out'): WaitQueue {
    const existing = direction === 'in' ? this.#in : this.#out;
    if (existing !== undefined) return existing;
    const owner: QueueOwner = {
      arm: () => this.#arm(direction),
      pending: (change) => this.driver.pending(change),
      setTimer: (ms, run) => this.driver.setTimer(ms, run),
      fd: () => this.fd,
    };
    const queue = new WaitQueue(owner);
    if (direction === 'in') this.#in = queue;
    else this.#out = queue;
    return queue;
  }

  /** Try at once unless others wait already; then wait in line. */
  #async<T>(
    direction: 'in' | 'out',
    syscall: string,
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
  ): Promise<T> {
    try {
      checkTimeout(options?.timeoutMs);
      if (options?.signal?.aborted === true) return Promise.reject(new AbortError(options.signal.reason));
      const queue = direction === 'in' ? this.#in : this.#out;
      if (queue === undefined || queue.isEmpty) {
        const result = attempt();
        if (result !== undefined) return this.#settled(result);
        if (options?.timeoutMs === 0) throw timeoutError(syscall, 0, this.fd);
      }
      return this.#queue(direction).wait(syscall, options, attempt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The outcome of a call that did not have to wait. An error ends here and is not tried again: the kernel tells a
   * pending error once, and a second recv after ECONNRESET would look like the end of the stream.
   */
  #counted(count: number, syscall: string): Promise<number> {
    return count < 0 ? Promise.reject(this.#error(-count, syscall)) : this.#settled(count);
  }

  /** A result that was there at once: now, or next turn when this turn has had its share. */
  #settled<T>(result: T): Promise<T> {
    if (this.driver.spend()) return Promise.resolve(result);
    return new Promise((resolve) => this.driver.nextTurn(() => resolve(result)));
  }

  #sync<T>(syscall: string, events: number, options: SyncOptions | undefined, attempt: () => T | null): T {
    checkTimeout(options?.timeoutMs);
    const deadline = this.#deadline(options);
    for (;;) {
      const result = attempt();
      if (result !== null) return result;
      this.#pollSync(syscall, events, deadline, options);
    }
  }

  #deadline(options: { readonly timeoutMs?: number | undefined } | undefined): number | undefined {
    return options?.timeoutMs === undefined ? undefined : now() + options.timeoutMs;
  }

  #pollSync(syscall: string, events: number, deadline: number | undefined, options: SyncOptions | undefined): void {
    const left = deadline === undefined ? -1 : Math.max(0, Math.ceil(deadline - now()));
    const bits = this.#check(this.driver.poll(this.#handle, events, Math.min(left, 0x7fffffff)), 'poll');
    if (bits === 0 && deadline !== undefined) throw timeoutError(syscall, options?.timeoutMs ?? 0, this.fd);
  }

  #letGo(syscall: string): Handle {
    this.#closed = true;
    registry.unregister(this);
    const handle = this.#handle;
    this.driver.release(handle);
    if (this.#onReadable !== undefined) {
      this.#onReadable = undefined;
      this.driver.pending(-1);
    }
    const canceled = (): SocketError => new SocketError(ECANCELED, { syscall });
    this.#in?.failAll(canceled);
    this.#out?.failAll(canceled);
    return handle;
  }

  #getsockopt(level: number, option: number, room: number, name: string | undefined): Uint8Array {
    const value = new Uint8Array(room);
    const length = this.driver.getsockopt(this.#handle, level, option, value, room);
    if (length < 0) throw this.#error(-length, 'getsockopt', undefined, name ?? `${level}/${option}`);
    return value.subarray(0, length);
  }

  #setsockopt(level: number, option: number, value: Uint8Array, name: string | undefined): void {
    const result = this.driver.setsockopt(this.#handle, level, option, value, value.length);
    if (result < 0) throw this.#error(-result, 'setsockopt', undefined, name ?? `${level}/${option}`);
  }

  #check(result: number, syscall: string, address?: AddressLike): number {
    if (result >= 0) return result;
    throw this.#error(-result, syscall, address);
  }

  #error(errno: number, syscall: string, address?: AddressLike, option?: string): SocketError {
    return new SocketError(errno, { syscall, fd: this.fd, option, ...addressFields(address) });
  }
}

function addressFields(address: AddressLike | undefined): { address?: string; port?: number } {
  if (address === undefined) return {};
  const plain =
    address instanceof SockAddr
      ? decodeSockAddr(address.bytes, address.length)
      : typeof address === 'string'
        ? parseSocketAddress(address)
        : address;
  if (plain.family === 'inet' || plain.family === 'inet6') return { address: plain.address, port: plain.port };
  if (plain.family === 'unix' && 'path' in plain && plain.path !== undefined) return { address: plain.path };
  return {};
}

function checkSize(size: number): number {
  if (!Number.isInteger(size) || size < 0) throw new RangeError(`size: expected an integer of 0 or more, got ${size}`);
  return size;
}

/** Milliseconds of a clock that never goes back. */
function now(): number {
  return performance.now();
}
