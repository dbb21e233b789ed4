/**
 * The Berkeley socket. Each I/O call has three forms:
 *
 * - **async** (`recv`): one system call, tried at once; waits only when it would block;
 * - **try** (`tryRecv`): one system call, never waits; `null` means would block;
 * - **sync** (`recvSync`): waits in poll(2), with a deadline if asked.
 *
 * Read socket(7), tcp(7), udp(7), unix(7) for what the calls mean; driver.ts for what stands behind them.
 */
import { decodeSockAddr, type EncodedSockAddr, type SocketAddress } from '../addr/sockaddr.ts';
import { readHostU32 } from '../core/bytes.ts';
import type { DatagramBatch } from './batch.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_UDP,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
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
import type { Handle } from './driver.ts';
import {
  EAGAIN,
  EALREADY,
  ECANCELED,
  EINPROGRESS,
  EINVAL,
  EIO,
  EISCONN,
  EMSGSIZE,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
} from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import {
  filled,
  Message,
  type MessageOptions,
  type MessageRoom,
  type OutgoingMessage,
  partsOf,
  receiveControl,
  roomOf,
  sendControl,
} from './message.ts';
import { SO } from './options/index.ts';
import type { Pipe } from './pipe.ts';
import { runLength, sendRun } from './segmentation.ts';
import {
  type AddressLike,
  deadlineOf,
  now,
  SocketCore,
  type SyncOptions,
  scratch,
  withTimeLeft,
} from './socket-core.ts';
import { Register } from './system-calls.ts';
import { checkTimeout, timeoutError, type WaitOptions } from './wait-queue.ts';

export type { AddressLike, Direction, SyncOptions } from './socket-core.ts';

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

/** Room for one datagram when `for await` reads a datagram socket: the most that UDP can carry. */
const LARGEST_DATAGRAM = 65_536;

/** When unix(7) sockets say EAGAIN to connect (backlog full), no readiness event follows: ask again so often. */
const CONNECT_RETRY_MS = 5;

/** Most bytes of one sendfile(2), a little less than 2 GiB: MAX_RW_COUNT of Linux. */
const MOST_AT_ONCE = 0x7fff_f000;

/** A device without checksums, a path whose MTU is smaller than a datagram, a kernel before 4.18: not errors of ours. */
const CANNOT_SEGMENT: ReadonlySet<number> = new Set([EIO, EINVAL, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP]);

const SPLICE_F_NONBLOCK = 2;
const SIOCATMARK = 0x8905;
const SIOCOUTQ = 0x5411;
const SIOCINQ = 0x541b;

/** An open file: its descriptor number, or an object that has one. */
export type FileLike = number | { readonly fd: number };

export interface FileRange {
  readonly offset?: number | undefined;
  /** In bytes. */
  readonly length: number;
}

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

/** One try after the other of a receiving call, and what it has got when it is given up. */
interface Receiver {
  readonly attempt: () => number | null;
  readonly partial?: () => number | undefined;
}

/** What `for await` on a socket of this type yields: connections of a listener, messages of a datagram socket. */
export type Item<Type extends number> = Type extends typeof SOCK_DGRAM | typeof SOCK_RAW ? Received : Socket<Type>;

/**
 * One open socket, and the calls on it. Made by a host (`kernel.socket(…)`) or by `accept`; it owns its descriptor until
 * `close`, `detach` or the end of a `using` block. Calls that may wait have three forms: `recv`, `tryRecv`, `recvSync`.
 * @typeParam Type SOCK_STREAM and the like, where the type checker can see it
 */
export class Socket<Type extends number = number> extends SocketCore<Type> {
  #mayRetryConnect = false;
  /** `shutdown('rd')` of a socket that is no stream. */
  #isReadShut = false;
  /** Came after bytes of a MSG_WAITALL call: the kernel tells it once, so it is kept for the next call. */
  #late: SocketError | undefined;
  /** Whether runs of datagrams may go as one message for the kernel to cut. */
  #segments: boolean =
    this.type === SOCK_DGRAM &&
    (this.domain === AF_INET || this.domain === AF_INET6) &&
    (this.protocol === 0 || this.protocol === IPPROTO_UDP);

  // ---------------------------------------------------------------- names

  /** The address that this socket is bound to: all zeros before bind(2) or connect(2). */
  getsockname(): SocketAddress {
    const length = this.checked(this.driver.getsockname(this.handle, scratch), 'getsockname');
    return decodeSockAddr(scratch, length);
  }

  /** @throws SocketError ENOTCONN */
  getpeername(): SocketAddress {
    const length = this.checked(this.driver.getpeername(this.handle, scratch), 'getpeername');
    return decodeSockAddr(scratch, length);
  }

  // ---------------------------------------------------------------- calls that never wait

  /** @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES (port below ip_unprivileged_port_start), EINVAL (bound) */
  bind(address: AddressLike): void {
    const { bytes, length } = this.encoded(address);
    this.checked(this.driver.bind(this.handle, bytes, length), 'bind', address);
  }

  /** @param backlog most connections that wait for accept; the kernel caps it at net.core.somaxconn */
  listen(backlog: number = SOMAXCONN): void {
    this.checked(this.driver.listen(this.handle, backlog), 'listen');
  }

  /** `wr` sends FIN and leaves the other direction open (half-close). */
  shutdown(how: 'rd' | 'wr' | 'both' | number): void {
    const number = howNumber(how);
    const result = this.driver.shutdown(this.handle, number);
    // Without a peer it is ENOTCONN, and yet it is done: inet_shutdown wakes those who read.
    if (result === 0 || result === -ENOTCONN) this.#isReadShut ||= this.type !== SOCK_STREAM && number !== SHUT_WR;
    this.checked(result, 'shutdown');
  }

  /**
   * What a call that waits says where the kernel says EAGAIN: null to go on waiting. Behind shutdown(2) Linux tells a
   * blocking reader of datagrams 0 and a non-blocking one EAGAIN (__skb_wait_for_more_packets), and every descriptor
   * here is non-blocking. A call that may not wait has EAGAIN.
   */
  #atEnd<T>(options: CallOptions | SyncOptions | undefined, end: () => T): T | null {
    if (!this.#isReadShut || options?.timeoutMs === 0) return null;
    return ((options?.flags ?? 0) & (MSG_ERRQUEUE | MSG_DONTWAIT)) === 0 ? end() : null;
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
    await this.waitInLine('out', 'connect', options, done);
  }

  /** true: connected; null: under way (EINPROGRESS) or, for unix(7) sockets, the listener's backlog is full. */
  tryConnect(address: AddressLike): true | null {
    return this.#connectOnce(address);
  }

  #connectOnce(address: AddressLike): true | null {
    const { bytes, length } = this.encoded(address);
    const result = this.driver.connect(this.handle, bytes, length);
    if (result === 0) return true;
    if (result === -EINPROGRESS || result === -EALREADY || result === -EAGAIN) {
      this.#mayRetryConnect = result === -EAGAIN;
      return null;
    }
    throw this.failure(-result, 'connect', address);
  }

  connectSync(address: AddressLike, options?: SyncOptions): void {
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    if (this.#connectOnce(address) === true) return;
    for (;;) {
      if (this.#mayRetryConnect) this.driver.poll(this.handle, 0, CONNECT_RETRY_MS);
      else this.pollSync('connect', POLLOUT, deadline, options);
      if (this.#mayRetryConnect ? this.#connectOnce(address) === true : this.#connected(address)) return;
      if (deadline !== undefined && now() >= deadline) throw timeoutError('connect', options?.timeoutMs ?? 0, this.fd);
    }
  }

  async #connectAgain(address: AddressLike, options: WaitOptions | undefined): Promise<void> {
    const deadline = deadlineOf(options);
    while (this.#mayRetryConnect) {
      await new Promise<void>((resolve) => this.driver.setTimer(CONNECT_RETRY_MS, resolve));
      if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
      if (this.closed) throw new SocketError(ECANCELED, { syscall: 'connect' });
      if (this.#connectOnce(address) === true) return;
      if (deadline !== undefined && now() >= deadline) throw timeoutError('connect', options?.timeoutMs ?? 0, this.fd);
    }
  }

  /**
   * Asked of connect(2) itself, as POSIX has it: a second call says how the first ended. SO_ERROR and getpeername would
   * tell as much, and leave the kernel's socket "connecting" for ever: a later connect would not say EISCONN.
   */
  #connected(address: AddressLike): boolean {
    const { bytes, length } = this.encoded(address);
    const result = this.driver.connect(this.handle, bytes, length);
    if (result === -EALREADY || result === -EINPROGRESS) return false;
    if (result === 0 || result === -EISCONN) return true;
    throw this.failure(-result, 'connect', address);
  }

  // ---------------------------------------------------------------- accept

  /** The next connection, as a socket of its own. */
  accept(options?: WaitOptions): Promise<Socket<Type>> {
    return this.callAsync('in', 'accept', options, () => this.#acceptOnce() ?? undefined);
  }

  tryAccept(): Socket<Type> | null {
    return this.#acceptOnce();
  }

  #acceptOnce(): Socket<Type> | null {
    const result = this.driver.accept(this.handle, null);
    if (result === -EAGAIN) return null;
    return this.spawn(this.checked(result, 'accept'));
  }

  acceptSync(options?: SyncOptions): Socket<Type> {
    return this.callSync('accept', POLLIN, options, () => this.#acceptOnce());
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
    if (options === undefined && this.isFree('in') && this.#late === undefined) {
      const count = this.driver.recv(this.handle, target, 0, target.length, 0);
      if (count !== -EAGAIN) return this.counted(count, 'recv');
    }
    const { attempt, partial } = this.#receiver(target, options);
    return this.callAsync('in', 'recv', options, () => attempt() ?? undefined, partial);
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
    if (this.#late !== undefined) throw this.#takeLate(this.#late);
    const count = this.driver.recv(this.handle, buffer, offset, length, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'recv');
  }

  #takeLate(late: SocketError): SocketError {
    this.#late = undefined;
    return late;
  }

  /**
   * One attempt after the other of a call that waits. A descriptor is non-blocking, and the kernel heeds MSG_WAITALL on
   * blocking ones only: here the same is made of several calls.
   */
  #receiver(buffer: Uint8Array, options: CallOptions | SyncOptions | undefined): Receiver {
    const flags = options?.flags ?? 0;
    if ((flags & MSG_WAITALL) === 0 || this.type !== SOCK_STREAM || buffer.length === 0) {
      return { attempt: () => this.#recvOnce(buffer, 0, buffer.length, flags) ?? this.#atEnd(options, zero) };
    }
    return (flags & MSG_PEEK) === 0 ? this.#fill(buffer, flags) : { attempt: this.#peekAll(buffer, flags) };
  }

  #fill(buffer: Uint8Array, flags: number): Receiver {
    let got = 0;
    const attempt = (): number | null => {
      while (got < buffer.length) {
        let count: number | null;
        try {
          count = this.#recvOnce(buffer, got, buffer.length - got, flags);
        } catch (error) {
          // What has come is told first, the error with the next call, as recv(2) does.
          if (got === 0 || !(error instanceof SocketError)) throw error;
          this.#late = error;
          return got;
        }
        if (count === null) return null;
        if (count === 0) return got;
        got += count;
      }
      return got;
    };
    // recv(2) with SO_RCVTIMEO or interrupted by a signal: what has come so far is its result.
    return { attempt, partial: () => (got === 0 ? undefined : got) };
  }

  #peekAll(buffer: Uint8Array, flags: number): () => number | null {
    return () => {
      const count = this.#recvOnce(buffer, 0, buffer.length, flags);
      if (count === null || count === buffer.length) return count;
      const bits = this.checked(this.driver.poll(this.handle, POLLRDHUP, 0), 'poll');
      return (bits & (POLLRDHUP | POLLHUP | POLLERR)) === 0 ? null : count;
    };
  }

  recvSync(buffer: Uint8Array, options?: SyncOptions): number;
  recvSync(size: number, options?: SyncOptions): Uint8Array;
  recvSync(target: Uint8Array | number, options?: SyncOptions): number | Uint8Array {
    if (typeof target === 'number') {
      const buffer = new Uint8Array(checkSize(target));
      return buffer.subarray(0, this.recvSync(buffer, options));
    }
    const { attempt, partial } = this.#receiver(target, options);
    return this.callSync('recv', POLLIN, options, attempt, partial);
  }

  /** Receive one datagram with its sender. Given a size, `data` is owned; given a buffer, `data` is a view into it. */
  recvfrom(target: Uint8Array | number, options?: CallOptions): Promise<Received> {
    if (typeof target === 'number') return this.#recvfromSize(target, options);
    return this.callAsync('in', 'recvfrom', options, () => this.#recvfromLast(target, options) ?? undefined);
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
    const length = this.driver.recvfrom(this.handle, buffer, 0, buffer.length, all, scratch);
    if (length === -EAGAIN) return null;
    this.checked(length, 'recvfrom');
    const address = decodeSockAddr(scratch, this.driver.registers[0] as number);
    const data = buffer.subarray(0, Math.min(length, buffer.length));
    return { data, address, length, truncated: length > buffer.length };
  }

  recvfromSync(target: Uint8Array | number, options?: SyncOptions): Received {
    const buffer = typeof target === 'number' ? new Uint8Array(checkSize(target)) : target;
    return this.callSync('recvfrom', POLLIN, options, () => this.#recvfromLast(buffer, options));
  }

  #recvfromLast(buffer: Uint8Array, options: CallOptions | SyncOptions | undefined): Received | null {
    return this.#recvfromOnce(buffer, options?.flags ?? 0) ?? this.#atEnd(options, () => endOf(buffer));
  }

  /** Fill several buffers in order: readv(2). */
  readv(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.callAsync('in', 'readv', options, () => this.#readvLast(parts, options) ?? undefined);
  }

  tryReadv(parts: readonly Uint8Array[]): number | null {
    return this.#readvOnce(parts);
  }

  readvSync(parts: readonly Uint8Array[], options?: SyncOptions): number {
    return this.callSync('readv', POLLIN, options, () => this.#readvLast(parts, options));
  }

  #readvLast(parts: readonly Uint8Array[], options: WaitOptions | undefined): number | null {
    return this.#readvOnce(parts) ?? this.#atEnd(options, zero);
  }

  #readvOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.readv(this.handle, parts);
    return count === -EAGAIN ? null : this.checked(count, 'readv');
  }

  /** Receive up to `batch.capacity` datagrams in one system call; resolves as soon as there is one. */
  recvBatch(batch: DatagramBatch, options?: CallOptions): Promise<number> {
    if (options === undefined && this.isFree('in')) {
      const count = this.#recvmmsg(batch, 0);
      if (count !== -EAGAIN) return this.counted(count, 'recvmmsg');
    }
    return this.callAsync('in', 'recvmmsg', options, () => this.#recvBatchLast(batch, options) ?? undefined);
  }

  tryRecvBatch(batch: DatagramBatch, flags = 0): number | null {
    return this.#recvBatchOnce(batch, flags);
  }

  recvBatchSync(batch: DatagramBatch, options?: SyncOptions): number {
    return this.callSync('recvmmsg', POLLIN, options, () => this.#recvBatchLast(batch, options));
  }

  #recvBatchLast(batch: DatagramBatch, options: CallOptions | SyncOptions | undefined): number | null {
    return this.#recvBatchOnce(batch, options?.flags ?? 0) ?? this.#atEnd(options, zero);
  }

  #recvBatchOnce(batch: DatagramBatch, flags: number): number | null {
    const count = this.#recvmmsg(batch, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'recvmmsg');
  }

  #recvmmsg(batch: DatagramBatch, flags: number): number {
    return this.driver.recvmmsg(
      this.handle,
      batch.slab,
      batch.stride,
      batch.capacity,
      batch.lengths,
      batch.messageFlags,
      batch.addresses,
      batch.addressLengths,
      flags | MSG_TRUNC,
      batch.controls,
      batch.controlStride,
      batch.controlLengths,
    );
  }

  /**
   * Receive one message with its control messages and flags: recvmsg(2).
   * @example
   * ```ts
   * import { AF_UNIX, kernel, SOCK_DGRAM } from 'barewire';
   * const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
   * await a.sendmsg({ data: 'a socket', control: [{ kind: 'rights', fds: [a] }] });
   * const message = await b.recvmsg({ size: 100 });
   * const rights = message.controlOf('rights');
   * using copy = kernel.adopt(rights!.fds[0]!);
   * console.log(new TextDecoder().decode(message.data), copy.type === SOCK_DGRAM); // a socket true
   * a.close();
   * b.close();
   * ```
   * @throws SocketError as `recv`
   */
  recvmsg(options?: MessageOptions): Promise<Message> {
    try {
      const { buffers, control } = roomOf(options);
      const attempt = (): Message | undefined => this.#recvmsgLast(buffers, control, options) ?? undefined;
      return this.callAsync('in', 'recvmsg', options, attempt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @returns null: nothing there now; with MSG_ERRQUEUE: the error queue is empty */
  tryRecvmsg(options?: MessageRoom): Message | null {
    const { buffers, control } = roomOf(options);
    return this.#recvmsgOnce(buffers, control, options?.flags ?? 0);
  }

  recvmsgSync(options?: MessageRoom & SyncOptions): Message {
    const { buffers, control } = roomOf(options);
    return this.callSync('recvmsg', POLLIN, options, () => this.#recvmsgLast(buffers, control, options));
  }

  #recvmsgLast(
    buffers: readonly Uint8Array[],
    control: Uint8Array | null,
    options: CallOptions | SyncOptions | undefined,
  ): Message | null {
    const nothing = (): Message => new Message([], 0, undefined, [], 0);
    return this.#recvmsgOnce(buffers, control, options?.flags ?? 0) ?? this.#atEnd(options, nothing);
  }

  #recvmsgOnce(buffers: readonly Uint8Array[], control: Uint8Array | null, flags: number): Message | null {
    // Descriptors that arrive must not leak into child processes; packet sockets refuse the flag (EINVAL).
    const whole = this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC;
    const all = this.domain === AF_UNIX ? whole | MSG_CMSG_CLOEXEC : whole;
    const length = this.driver.recvmsg(this.handle, buffers, scratch, control, all);
    if (length === -EAGAIN) return null;
    this.checked(length, 'recvmsg');
    const { registers } = this.driver;
    const addressLength = registers[Register.addressLength] as number;
    const messageFlags = registers[Register.messageFlags] as number;
    const controlLength = registers[Register.controlLength] as number;
    // Taken over before anything can fail: descriptors that came are ours from now on.
    const received = control === null ? [] : receiveControl(this.driver, control, controlLength);
    const address = addressLength === 0 ? undefined : decodeSockAddr(scratch, addressLength);
    return new Message(filled(buffers, length), length, address, received, messageFlags);
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
    if (options === undefined && this.isFree('out')) {
      const count = this.driver.send(this.handle, bytes, 0, bytes.length, MSG_NOSIGNAL);
      if (count !== -EAGAIN) return this.counted(count, 'send');
    }
    return this.callAsync('out', 'send', options, () => this.#sendOnce(bytes, 0, bytes.length, flags) ?? undefined);
  }

  trySend(data: Uint8Array, offset = 0, length: number = data.length - offset, flags = 0): number | null {
    return this.#sendOnce(data, offset, length, flags);
  }

  #sendOnce(data: Uint8Array, offset: number, length: number, flags: number): number | null {
    const count = this.driver.send(this.handle, data, offset, length, flags | MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'send');
  }

  sendSync(data: Uint8Array | string, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    const flags = options?.flags ?? 0;
    return this.callSync('send', POLLOUT, options, () => this.#sendOnce(bytes, 0, bytes.length, flags));
  }

  /**
   * Send all of `data`: as many send calls as it takes. Several at once take their turns, with those of `sendfileAll`, so
   * that their bytes never mix; `send` does not wait for them. The deadline is for the whole. After an error or abort,
   * an unknown part has gone.
   */
  async sendAll(data: Uint8Array | string, options?: CallOptions): Promise<void> {
    const bytes = bytesOf(data, 'data');
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    if (!this.sendTurn.take()) await this.sendTurn.wait('send', options);
    let sent = 0;
    try {
      do sent += await this.send(sent === 0 ? bytes : bytes.subarray(sent), withTimeLeft(options, deadline));
      while (sent < bytes.length);
    } catch (error) {
      throw this.#ofTheWhole(error, 'send', options);
    } finally {
      this.sendTurn.give();
    }
  }

  sendAllSync(data: Uint8Array | string, options?: SyncOptions): void {
    const bytes = bytesOf(data, 'data');
    let sent = 0;
    do sent += this.sendSync(bytes.subarray(sent), options);
    while (sent < bytes.length);
  }

  /** Send one datagram to `target`. For the hot path make the target a SockAddr once. */
  sendto(data: Uint8Array | string, target: AddressLike, options?: CallOptions): Promise<number> {
    try {
      const bytes = bytesOf(data, 'data');
      const address = this.encoded(target);
      const flags = options?.flags ?? 0;
      return this.callAsync('out', 'sendto', options, () => this.#sendto(bytes, address, target, flags) ?? undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySendto(data: Uint8Array, target: AddressLike, flags = 0): number | null {
    return this.#sendto(data, this.encoded(target), target, flags);
  }

  sendtoSync(data: Uint8Array | string, target: AddressLike, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    const address = this.encoded(target);
    return this.callSync('sendto', POLLOUT, options, () => this.#sendto(bytes, address, target, options?.flags ?? 0));
  }

  #sendto(bytes: Uint8Array, address: EncodedSockAddr, target: AddressLike, flags: number): number | null {
    const all = flags | MSG_NOSIGNAL;
    const count = this.driver.sendto(this.handle, bytes, 0, bytes.length, all, address.bytes, address.length);
    return count === -EAGAIN ? null : this.checked(count, 'sendto', target);
  }

  /** Send several buffers as one: writev(2). Raises no SIGPIPE: Node ignores that signal. */
  writev(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.callAsync('out', 'writev', options, () => this.#writevOnce(parts) ?? undefined);
  }

  tryWritev(parts: readonly Uint8Array[]): number | null {
    return this.#writevOnce(parts);
  }

  writevSync(parts: readonly Uint8Array[], options?: SyncOptions): number {
    return this.callSync('writev', POLLOUT, options, () => this.#writevOnce(parts));
  }

  #writevOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.writev(this.handle, parts);
    return count === -EAGAIN ? null : this.checked(count, 'writev');
  }

  /** Send one message with control messages: sendmsg(2). Resolves with how many bytes went. */
  sendmsg(message: OutgoingMessage, options?: WaitOptions): Promise<number> {
    try {
      const attempt = this.#sendmsgAttempt(message);
      return this.callAsync('out', 'sendmsg', options, () => attempt() ?? undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySendmsg(message: OutgoingMessage): number | null {
    return this.#sendmsgAttempt(message)();
  }

  sendmsgSync(message: OutgoingMessage, options?: SyncOptions): number {
    return this.callSync('sendmsg', POLLOUT, options, this.#sendmsgAttempt(message));
  }

  #sendmsgAttempt({ data, to, control, flags = 0 }: OutgoingMessage): () => number | null {
    const parts = partsOf(data);
    const address = to === undefined ? null : this.encoded(to);
    const controlBytes = sendControl(control);
    return () => {
      const count = this.driver.sendmsg(
        this.handle,
        parts,
        address?.bytes ?? null,
        address?.length ?? 0,
        controlBytes,
        controlBytes?.length ?? 0,
        flags | MSG_NOSIGNAL,
      );
      return count === -EAGAIN ? null : this.checked(count, 'sendmsg', to);
    };
  }

  /** Send datagrams `first` … `first + count - 1` of the batch in one system call; resolves with how many went. */
  sendBatch(batch: DatagramBatch, first: number, count: number, options?: CallOptions): Promise<number> {
    return this.callAsync(
      'out',
      'sendmmsg',
      options,
      () => this.#sendBatchOnce(batch, first, count, options?.flags ?? 0) ?? undefined,
    );
  }

  trySendBatch(batch: DatagramBatch, first: number, count: number, flags = 0): number | null {
    return this.#sendBatchOnce(batch, first, count, flags);
  }

  sendBatchSync(batch: DatagramBatch, first: number, count: number, options?: SyncOptions): number {
    const flags = options?.flags ?? 0;
    return this.callSync('sendmmsg', POLLOUT, options, () => this.#sendBatchOnce(batch, first, count, flags));
  }

  #sendBatchOnce(batch: DatagramBatch, first: number, count: number, flags: number): number | null {
    const sent = this.#sendRun(batch, first, count, flags) ?? this.#sendmmsg(batch, first, count, flags);
    if (sent >= 0) return sent;
    if (sent === -EAGAIN) return null;
    throw this.failure(-sent, 'sendmmsg');
  }

  #sendmmsg(batch: DatagramBatch, first: number, count: number, flags: number): number {
    return this.driver.sendmmsg(
      this.handle,
      batch.slab,
      batch.stride,
      first,
      count,
      batch.lengths,
      batch.addresses,
      batch.addressLengths,
      flags | MSG_NOSIGNAL,
      batch.controls,
      batch.controlStride,
      batch.controlLengths,
    );
  }

  /** The datagrams at the beginning of the range as few messages; undefined: send them one by one. */
  #sendRun(batch: DatagramBatch, first: number, count: number, flags: number): number | undefined {
    if (!this.#segments || !batch.segmentation || count < 2) return undefined;
    const run = runLength(batch, first, count);
    if (run < 2) return undefined;
    const sent = sendRun(this.driver, this.handle, batch, first, run, flags);
    if (!CANNOT_SEGMENT.has(-sent)) return sent;
    this.#segments = false;
    return undefined;
  }

  // ---------------------------------------------------------------- from descriptor to descriptor

  /**
   * Send a part of a file without copying it through this process: sendfile(2). Resolves with the bytes of one call; 0
   * at the end of the file. `sendfileAll` is the loop.
   * @param file an open descriptor (`fs.openSync`) or what has one (`FileHandle`); borrowed until the promise settles
   * @param offset where to read, in bytes; left out, the file's own position is used and moved
   */
  sendfile(file: FileLike, options: FileRange & WaitOptions): Promise<number> {
    return this.callAsync('out', 'sendfile', options, () => this.#sendfileOnce(file, options) ?? undefined);
  }

  trySendfile(file: FileLike, range: FileRange): number | null {
    return this.#sendfileOnce(file, range);
  }

  sendfileSync(file: FileLike, options: FileRange & SyncOptions): number {
    return this.callSync('sendfile', POLLOUT, options, () => this.#sendfileOnce(file, options));
  }

  /**
   * Send `length` bytes of a file from `offset`, or up to its end when it is shorter; resolves with how many went. Takes
   * turns with `sendAll`; the deadline is for the whole.
   */
  async sendfileAll(file: FileLike, options: FileRange & WaitOptions): Promise<number> {
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    if (!this.sendTurn.take()) await this.sendTurn.wait('sendfile', options);
    let sent = 0;
    try {
      while (sent < options.length) {
        const offset = options.offset === undefined ? undefined : options.offset + sent;
        const range = { ...withTimeLeft(options, deadline), offset, length: options.length - sent };
        const count = await this.sendfile(file, range);
        if (count === 0) break;
        sent += count;
      }
      return sent;
    } catch (error) {
      throw this.#ofTheWhole(error, 'sendfile', options);
    } finally {
      this.sendTurn.give();
    }
  }

  /** A piece had what was left of the time: the error tells of the whole. */
  #ofTheWhole(error: unknown, syscall: string, options: WaitOptions | undefined): unknown {
    const isLate = error instanceof SocketError && error.code === 'ERR_SOCKET_TIMEOUT';
    return isLate ? timeoutError(syscall, options?.timeoutMs ?? 0, this.fd) : error;
  }

  #sendfileOnce(file: FileLike, { offset = -1, length }: FileRange): number | null {
    const fd = typeof file === 'number' ? file : file.fd;
    // The file belongs to the caller: it is ours for the time of the call only.
    const borrowed = this.driver.adopt(fd, true);
    if (borrowed < 0) throw this.failure(-borrowed, 'sendfile');
    const count = this.driver.sendfile(this.handle, borrowed, offset, Math.min(length, MOST_AT_ONCE));
    this.driver.detach(borrowed);
    return count === -EAGAIN ? null : this.checked(count, 'sendfile');
  }

  /**
   * Move received bytes into a pipe without copying them: splice(2). Resolves with how many moved; 0 at the end of the
   * stream.
   * @throws SocketError EAGAIN when the pipe is full: empty it first
   */
  spliceTo(pipe: Pipe, length: number, options?: WaitOptions): Promise<number> {
    return this.callAsync('in', 'splice', options, () => this.trySpliceTo(pipe, length) ?? undefined);
  }

  trySpliceTo(pipe: Pipe, length: number): number | null {
    const count = this.driver.splice(this.handle, pipe.writer, length, SPLICE_F_NONBLOCK);
    if (count === -EAGAIN && pipe.hasRoom) return null;
    return this.checked(count, 'splice');
  }

  /** Send what is in a pipe: splice(2). */
  spliceFrom(pipe: Pipe, length: number, options?: WaitOptions): Promise<number> {
    return this.callAsync('out', 'splice', options, () => this.trySpliceFrom(pipe, length) ?? undefined);
  }

  trySpliceFrom(pipe: Pipe, length: number): number | null {
    const count = this.driver.splice(pipe.reader, this.handle, length, SPLICE_F_NONBLOCK);
    if (count === -EAGAIN && pipe.hasData) return null;
    return this.checked(count, 'splice');
  }

  // ---------------------------------------------------------------- the descriptor

  /** A second socket object for the same open socket: dup(2). The connection ends when both are closed. */
  dup(): Socket<Type> {
    return this.spawn(this.checked(this.driver.dup(this.handle), 'dup'));
  }

  /** Bytes that can be read now, or the length of the next datagram: SIOCINQ of tcp(7), udp(7), unix(7). */
  inq(): number {
    return this.#queueSize(SIOCINQ);
  }

  /** Bytes in the send queue: not yet acknowledged (TCP) or not yet sent (others). SIOCOUTQ. */
  outq(): number {
    return this.#queueSize(SIOCOUTQ);
  }

  /** Whether the next byte to read is the one after the urgent mark: sockatmark(3). */
  atMark(): boolean {
    return this.#queueSize(SIOCATMARK) !== 0;
  }

  #queueSize(request: number): number {
    // SIOCATMARK shares its range with the requests that take a struct ifreq, and is given as much room.
    const value = new Uint8Array(40);
    this.ioctl(request, value);
    return readHostU32(value, 0);
  }

  // ---------------------------------------------------------------- iteration

  /** The connections of a listener, until it is closed. */
  async *accepts(options?: WaitOptions): AsyncGenerator<Socket<Type>, void, void> {
    for await (const connection of this.#untilClosed(() => this.accept(options))) yield connection;
  }

  /** The datagrams of a datagram socket, each in memory of its own, until it is closed or shut down for reading. */
  async *messages(options?: CallOptions): AsyncGenerator<Received, void, void> {
    const buffer = new Uint8Array(LARGEST_DATAGRAM);
    for await (const message of this.#untilClosed(() => this.recvfrom(buffer, options))) {
      if (message.data.length === 0 && this.#isReadShut) return;
      yield { ...message, data: message.data.slice() };
    }
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
    return this.read(SO.ACCEPTCONN);
  }

  async *#untilClosed<T>(next: () => Promise<T>): AsyncGenerator<T, void, void> {
    while (!this.closed) {
      let value: T;
      try {
        value = await next();
      } catch (error) {
        if (error instanceof SocketError && error.code === 'ECANCELED' && this.closed) return;
        throw error;
      }
      yield value;
    }
  }
}

const zero = (): number => 0;

/** What recvfrom says behind the end: no bytes, from nobody. */
function endOf(buffer: Uint8Array): Received {
  return { data: buffer.subarray(0, 0), address: decodeSockAddr(scratch, 0), length: 0, truncated: false };
}

function checkSize(size: number): number {
  if (!Number.isInteger(size) || size < 0) throw new RangeError(`size: expected an integer of 0 or more, got ${size}`);
  return size;
}
