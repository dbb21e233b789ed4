/**
 * The Berkeley socket. Each I/O call has three forms:
 *
 * - **async** (`recv`): one system call, tried at once; waits only when it would block;
 * - **try** (`tryRecv`): one system call, never waits; `null` means would block;
 * - **sync** (`recvSync`): waits in poll(2), with a deadline if asked.
 *
 * The class is made in storeys, one subject a file, each standing on the one before: descriptor.ts (who it is, options,
 * errors), socket-core.ts (waiting and the end), receive.ts, send.ts, transfer.ts, and here names, connections and
 * iteration. Read socket(7), tcp(7), udp(7), unix(7) for what the calls mean; driver.ts for what stands behind them.
 */
import { decodeSockAddr, type SocketAddress } from '../addr/sockaddr.ts';
import { readHostU32 } from '../core/bytes.ts';
import { type AddressLike, type CallOptions, deadlineOf, now, type SyncOptions } from './call-arguments.ts';
import {
  POLLIN,
  POLLOUT,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOMAXCONN,
} from './constants.ts';
import type { Handle } from './driver.ts';
import { EAGAIN, EALREADY, ECANCELED, EINPROGRESS, EISCONN, ENOTCONN } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { SO } from './options/index.ts';
import type { Received } from './receive.ts';
import { scratch } from './socket-core.ts';
import { TransferringSocket } from './transfer.ts';
import { checkTimeout, timeoutError, type WaitOptions } from './wait-queue.ts';

export type { AddressLike, CallOptions, SyncOptions } from './call-arguments.ts';
export type { Received } from './receive.ts';
export type { Direction } from './socket-core.ts';
export type { FileLike, FileRange } from './transfer.ts';

/** Room for one datagram when `for await` reads a datagram socket: the most that UDP can carry. */
const LARGEST_DATAGRAM = 65_536;

/** When unix(7) sockets say EAGAIN to connect (backlog full), no readiness event follows: ask again so often. */
const CONNECT_RETRY_MS = 5;

const SIOCATMARK = 0x8905;
const SIOCOUTQ = 0x5411;
const SIOCINQ = 0x541b;

function howNumber(how: 'rd' | 'wr' | 'both' | number): number {
  if (how === 'rd') return SHUT_RD;
  if (how === 'wr') return SHUT_WR;
  if (how === 'both') return SHUT_RDWR;
  if (typeof how === 'number') return how;
  throw new TypeError(`how: expected 'rd', 'wr' or 'both', got ${String(how)}`);
}

/** What `for await` on a socket of this type yields: connections of a listener, messages of a datagram socket. */
export type Item<Type extends number> = Type extends typeof SOCK_DGRAM | typeof SOCK_RAW ? Received : Socket<Type>;

/**
 * One open socket, and the calls on it. Made by a host (`kernel.socket(…)`) or by `accept`; it owns its descriptor until
 * `close`, `detach` or the end of a `using` block. Calls that may wait have three forms: `recv`, `tryRecv`, `recvSync`.
 * @typeParam Type SOCK_STREAM and the like, where the type checker can see it
 */
export class Socket<Type extends number = number> extends TransferringSocket<Type> {
  #mayRetryConnect = false;

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
    if (result === 0 || result === -ENOTCONN) this.isReadShut ||= this.type !== SOCK_STREAM && number !== SHUT_WR;
    this.checked(result, 'shutdown');
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
      if (message.data.length === 0 && this.isReadShut) return;
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
