/**
 * What every call of a socket stands on: who owns the descriptor, how a call waits, how it fails, and how readiness
 * reaches those who wait. The calls themselves are in socket.ts.
 */
import {
  decodeSockAddr,
  type EncodedSockAddr,
  encodeSockAddr,
  formatSocketAddress,
  parseSocketAddress,
  SockAddr,
  type SocketAddress,
} from '../addr/sockaddr.ts';
import { readHostU32, utf8 } from '../core/bytes.ts';
import { ADDRESS_ROOM } from './batch.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from './constants.ts';
import type { Handle, SocketDriver, Wakeable } from './driver.ts';
import { EBADF, ECANCELED, ENODEV } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { type Option, type Pointee, SO } from './options/index.ts';
import { Turn } from './turn.ts';
import { checkTimeout, type QueueOwner, timeoutError, type WaitOptions, WaitQueue } from './wait-queue.ts';

/**
 * An address as every call takes it: an object, its text (`127.0.0.1:80`), or bytes made ready before. A text may name
 * an interface (`[fe80::1%eth0]:80`, `packet:eth0`) where the host has interfaces: it is looked up in the socket's own
 * network namespace, and one that is not there is a SocketError ENODEV.
 */
export type AddressLike = SocketAddress | string | SockAddr;

export interface SyncOptions {
  readonly flags?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

/** What can be waited for: data or a connection, room, urgent data, an error or the error queue. */
export type Direction = 'in' | 'out' | 'pri' | 'err';

/** What poll(2) is asked for; errors and hang-ups it always tells. */
const EVENTS: Readonly<Record<Direction, number>> = { in: POLLIN, out: POLLOUT, pri: POLLPRI, err: 0 };

/** struct ifreq: a name, then what is asked for. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
const SIOCGIFINDEX = 0x8933;

/** Between two tries of a sync call that poll(2) does not hold up. */
const LONGEST_PAUSE_MS = 10;
const NO_HANDLES: Int32Array = new Int32Array(0);

const IN_BITS = POLLIN | POLLRDHUP | POLLHUP | POLLERR;
const OUT_BITS = POLLOUT | POLLHUP | POLLERR;
const ERR_BITS = POLLERR | POLLHUP;

/** Where the address of one call is written; read before the next call. */
export const scratch: Uint8Array = new Uint8Array(ADDRESS_ROOM);

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

/** @typeParam Type SOCK_STREAM and the like, where the type checker can see it */
export class SocketCore<Type extends number = number> implements Disposable {
  readonly domain: number;
  readonly type: Type;
  readonly protocol: number;
  readonly driver: SocketDriver;
  /**
   * What an error of this socket was caused by, asked when one is made: the error queue's answer, when somebody
   * listens to it.
   */
  causeOf: ((errno: number, syscall: string) => unknown) | undefined;
  #handle: Handle;
  #closed = false;
  #in: WaitQueue | undefined;
  #out: WaitQueue | undefined;
  /** Those who wait for readiness itself: no call of theirs stands in line with the others. */
  #polls: Map<Direction, WaitQueue> | undefined;
  /** For calls that send in several pieces, which must not mix. */
  #sendTurn: Turn | undefined;
  #onReadable: (() => void) | undefined;
  #onErrorQueue: (() => void) | undefined;
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

  // ---------------------------------------------------------------- options and descriptor calls

  /** Read an option by its row. */
  get<T>(option: Option<T>): T {
    return this.read(option);
  }

  /** As `get`, for the library's own questions: no call of the program's. */
  protected read<T>(option: Option<T>): T {
    const { size, request, unit = 1 } = option.type;
    const room = new Uint8Array(size);
    if (request !== undefined) room.set(request);
    return option.type.decode(this.#getsockopt(option.level, option.number, room, option.name, unit));
  }

  /** Set an option by its row. */
  set<T>(option: Option<T>, value: T): void {
    const { type, level, number, name } = option;
    this.#setsockopt(level, number, type.encode(value), name, type.pointee?.(value));
  }

  /** Read an option by its numbers: the bytes that the kernel gave, at most `room`. */
  getsockopt(level: number, option: number, room = 4): Uint8Array {
    return this.#getsockopt(level, option, new Uint8Array(room), undefined, 1);
  }

  /** Set an option by its numbers: an int, or the bytes of whatever struct it takes. */
  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#setsockopt(level, option, typeof value === 'number' ? SO.TYPE.type.encode(value) : value, undefined);
  }

  /**
   * ioctl(2).
   * @param argument what the request reads and writes, at least as long as the kernel's struct; not checked further
   * @returns the call's own value; `argument` holds what the kernel wrote
   * @throws SocketError ENOTTY (not for this kind of socket), EFAULT (argument too short), EPERM
   */
  ioctl(request: number, argument: Uint8Array | null = null): number {
    return this.checked(this.driver.ioctl(this.#handle, request, argument), 'ioctl');
  }

  /**
   * fcntl(2), for the commands that take a number: F_GETFL, F_SETFL, F_SETOWN … A socket without O_NONBLOCK would block
   * the event loop in its async calls: leave that flag set.
   */
  fcntl(command: number, argument = 0): number {
    return this.checked(this.driver.fcntl(this.#handle, command, argument), 'fcntl');
  }

  // ---------------------------------------------------------------- the end of it

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
    return this.checked(this.driver.detach(this.#letGo('detach')), 'detach');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---------------------------------------------------------------- readiness

  /**
   * Resolves when a read (`in`) or write (`out`) would not block, urgent data has come (`pri`), or an error or an entry
   * of the error queue is there (`err`): poll(2) for one socket.
   */
  async ready(direction: Direction, options?: WaitOptions): Promise<void> {
    await this.#inQueue(this.#pollQueue(direction), 'poll', options, () => this.tryReady(direction) || undefined);
  }

  /** Whether `ready(direction)` would resolve now. */
  tryReady(direction: Direction): boolean {
    return this.checked(this.driver.poll(this.#handle, EVENTS[direction], 0), 'poll') !== 0;
  }

  /** Blocks this thread until it is ready. @throws SocketError ERR_SOCKET_TIMEOUT */
  readySync(direction: Direction, options?: SyncOptions): void {
    this.callSync('poll', EVENTS[direction], options, () => (this.tryReady(direction) ? true : null));
  }

  /**
   * Call `listener` whenever the socket becomes readable (edge-triggered: read until null, or you may not be called
   * again). The fastest way to receive: no promise. One listener a socket; returns how to stop.
   */
  onReadable(listener: () => void): () => void {
    if (this.#onReadable !== undefined) throw new TypeError('onReadable: this socket has a listener already');
    if (this.#closed) throw new SocketError(EBADF, { syscall: 'epoll_ctl' });
    this.#arm(POLLIN);
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

  /**
   * Call `listener` when an error or an entry of the error queue (MSG_ERRQUEUE: ICMP errors, completions of zero-copy
   * sends, timestamps) may be there, before calls that wait are tried again; and a last time when the socket is
   * `closed`. One listener a socket; it does not keep the process alive. Returns how to stop.
   */
  onErrorQueue(listener: () => void): () => void {
    if (this.#onErrorQueue !== undefined) throw new TypeError('onErrorQueue: this socket has a listener already');
    if (this.#closed) throw new SocketError(EBADF, { syscall: 'epoll_ctl' });
    this.#arm(0);
    this.#onErrorQueue = listener;
    return () => {
      if (this.#onErrorQueue === listener) this.#onErrorQueue = undefined;
    };
  }

  #wake(bits: number): void {
    // What a listener throws must keep no call from its wake-up: an edge is told once.
    try {
      if ((bits & POLLERR) !== 0) this.#onErrorQueue?.();
    } finally {
      this.#drain(bits);
    }
    if ((bits & IN_BITS) !== 0) this.#onReadable?.();
  }

  #drain(bits: number): void {
    // First those who only look: a call that is tried afterwards may take what they were told of.
    if (this.#polls !== undefined) {
      for (const [direction, queue] of this.#polls) {
        if ((bits & (EVENTS[direction] | ERR_BITS | POLLRDHUP)) !== 0) queue.drain();
      }
    }
    if ((bits & IN_BITS) !== 0) this.#in?.drain();
    if ((bits & OUT_BITS) !== 0) this.#out?.drain();
  }

  // ---------------------------------------------------------------- for the calls: waiting

  /** Whether nobody waits for this direction: a call may be tried at once. */
  protected isFree(direction: 'in' | 'out'): boolean {
    const queue = direction === 'in' ? this.#in : this.#out;
    return queue === undefined || queue.isEmpty;
  }

  /** Try at once unless others wait already; then wait in line. */
  protected callAsync<T>(
    direction: 'in' | 'out',
    syscall: string,
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
    partial?: () => T | undefined,
  ): Promise<T> {
    return this.#inQueue(this.#queue(direction), syscall, options, attempt, partial);
  }

  #inQueue<T>(
    queue: WaitQueue,
    syscall: string,
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
    partial?: () => T | undefined,
  ): Promise<T> {
    try {
      checkTimeout(options?.timeoutMs);
      if (options?.signal?.aborted === true) return Promise.reject(new AbortError(options.signal.reason));
      if (queue.isEmpty) {
        const result = attempt();
        if (result !== undefined) return this.settled(result);
        if (options?.timeoutMs === 0) {
          const done = partial?.();
          if (done === undefined) throw timeoutError(syscall, 0, this.fd);
          return this.settled(done);
        }
      }
      return queue.wait(syscall, options, attempt, partial);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Wait until `attempt` gives something, without trying now. */
  protected waitInLine<T>(
    direction: 'in' | 'out',
    syscall: string,
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
  ): Promise<T> {
    return this.#queue(direction).wait(syscall, options, attempt);
  }

  /**
   * The outcome of a call that did not have to wait. An error ends here and is not tried again: the kernel tells a
   * pending error once, and a second recv after ECONNRESET would look like the end of the stream.
   */
  protected counted(count: number, syscall: string): Promise<number> {
    return count < 0 ? Promise.reject(this.failure(-count, syscall)) : this.settled(count);
  }

  /** A result that was there at once: now, or next turn when this turn has had its share. */
  protected settled<T>(result: T): Promise<T> {
    if (this.driver.spend()) return Promise.resolve(result);
    return new Promise((resolve) => this.driver.nextTurn(() => resolve(result)));
  }

  /**
   * Try, and wait in poll(2) while the answer is null.
   * @param partial asked at the deadline: what has been done already is the result then
   */
  protected callSync<T>(
    syscall: string,
    events: number,
    options: SyncOptions | undefined,
    attempt: () => T | null,
    partial?: () => T | undefined,
  ): T {
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    for (let pauseMs = 0; ; pauseMs = Math.min(pauseMs + 1, LONGEST_PAUSE_MS)) {
      const result = attempt();
      if (result !== null) return result;
      try {
        // Ready, and yet the call would block: an entry in the error queue, a peek for more than is there. poll(2)
        // comes back at once for as long as that is so.
        if (pauseMs > 1) this.driver.pollMany(NO_HANDLES, NO_HANDLES, NO_HANDLES, pauseMs);
        if (deadline !== undefined && now() >= deadline) throw timeoutError(syscall, options?.timeoutMs ?? 0, this.fd);
        this.pollSync(syscall, events, deadline, options);
      } catch (error) {
        const done = partial?.();
        if (done === undefined) throw error;
        return done;
      }
    }
  }

  /** Block in poll(2) until `deadline` (of `now()`). @throws SocketError ERR_SOCKET_TIMEOUT */
  protected pollSync(
    syscall: string,
    events: number,
    deadline: number | undefined,
    options: SyncOptions | undefined,
  ): void {
    const left = deadline === undefined ? -1 : Math.max(0, Math.ceil(deadline - now()));
    const bits = this.checked(this.driver.poll(this.#handle, events, Math.min(left, 0x7fffffff)), 'poll');
    if (bits === 0 && deadline !== undefined) throw timeoutError(syscall, options?.timeoutMs ?? 0, this.fd);
  }

  #arm(events: number): void {
    this.checked(this.driver.attach(this.#handle, this.#wakeable, events), 'epoll_ctl');
  }

  #queue(direction: 'in' | 'out'): WaitQueue {
    return direction === 'in' ? (this.#in ??= this.#newQueue(POLLIN)) : (this.#out ??= this.#newQueue(POLLOUT));
  }

  #pollQueue(direction: Direction): WaitQueue {
    if (!(direction in EVENTS)) {
      throw new TypeError(`direction: expected 'in', 'out', 'pri' or 'err', got ${String(direction)}`);
    }
    this.#polls ??= new Map();
    let queue = this.#polls.get(direction);
    if (queue === undefined) {
      queue = this.#newQueue(EVENTS[direction]);
      this.#polls.set(direction, queue);
    }
    return queue;
  }

  /** Whose turn it is to send in several pieces; given back with `give`. */
  protected get sendTurn(): Turn {
    this.#sendTurn ??= new Turn(this.#newQueue(undefined));
    return this.#sendTurn;
  }

  /** @param events what wakes those who wait; undefined: no event of the kernel's */
  #newQueue(events: number | undefined): WaitQueue {
    const owner: QueueOwner = {
      arm: () => {
        if (events !== undefined) this.#arm(events);
      },
      pending: (change) => this.driver.pending(change),
      setTimer: (ms, run) => this.driver.setTimer(ms, run),
      fd: () => this.fd,
    };
    return new WaitQueue(owner);
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
    const onErrorQueue = this.#onErrorQueue;
    this.#onErrorQueue = undefined;
    const canceled = (): SocketError => new SocketError(ECANCELED, { syscall });
    this.#in?.failAll(canceled);
    this.#out?.failAll(canceled);
    for (const queue of this.#polls?.values() ?? []) queue.failAll(canceled);
    this.#sendTurn?.failAll(canceled);
    onErrorQueue?.();
    return handle;
  }

  // ---------------------------------------------------------------- for the calls: addresses

  /** An address as the driver wants it; interface names in it are those of this socket's network namespace. */
  protected encoded(address: AddressLike): EncodedSockAddr {
    if (address instanceof SockAddr) return address;
    const mayNameOne = typeof address === 'string' || address.family === 'inet6';
    return encodeSockAddr(address, undefined, mayNameOne ? (name) => this.#interfaceIndex(name) : undefined);
  }

  /** if_nametoindex(3), asked of this socket: it answers for the namespace that it was made in. */
  #interfaceIndex(name: string): number | undefined {
    const bytes = utf8(name);
    const missing = (): SocketError => new SocketError(ENODEV, { syscall: 'if_nametoindex', address: name });
    if (bytes.length === 0 || bytes.length >= IFNAMSIZ) throw missing();
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(bytes);
    const result = this.driver.ioctl(this.#handle, SIOCGIFINDEX, request);
    if (result === -ENODEV) throw missing();
    if (result === -EBADF) throw new SocketError(EBADF, { syscall: 'if_nametoindex' });
    // A stack has no such call, and so no names.
    return result < 0 ? undefined : readHostU32(request, IFNAMSIZ);
  }

  // ---------------------------------------------------------------- for the calls: failing

  /** The value of a call, or its error thrown. */
  protected checked(result: number, syscall: string, address?: AddressLike): number {
    if (result >= 0) return result;
    throw this.failure(-result, syscall, address);
  }

  protected failure(errno: number, syscall: string, address?: AddressLike, option?: string): SocketError {
    const cause = this.causeOf?.(errno, syscall);
    return new SocketError(errno, { syscall, fd: this.fd, option, cause, ...addressFields(address) });
  }

  /** @param unit bytes that getsockopt counts as one: SO_GET_FILTER counts instructions */
  #getsockopt(level: number, option: number, value: Uint8Array, name: string | undefined, unit: number): Uint8Array {
    const length = this.driver.getsockopt(this.#handle, level, option, value, value.length / unit);
    if (length < 0) throw this.failure(-length, 'getsockopt', undefined, name ?? `${level}/${option}`);
    return value.subarray(0, length * unit);
  }

  #setsockopt(level: number, option: number, value: Uint8Array, name: string | undefined, pointee?: Pointee): void {
    const { driver } = this;
    const result =
      pointee === undefined
        ? driver.setsockopt(this.#handle, level, option, value, value.length)
        : driver.setsockopt(this.#handle, level, option, value, value.length, pointee.offset, pointee.bytes);
    if (result < 0) throw this.failure(-result, 'setsockopt', undefined, name ?? `${level}/${option}`);
  }
}

function addressFields(address: AddressLike | undefined): { address?: string; port?: number } {
  if (address === undefined) return {};
  const plain =
    address instanceof SockAddr
      ? decodeSockAddr(address.bytes, address.length)
      : typeof address === 'string'
        ? parseSocketAddress(address, () => 1) // only the texts are asked for
        : address;
  if (plain.family === 'inet' || plain.family === 'inet6') return { address: plain.address, port: plain.port };
  if (plain.family !== 'unix') return {};
  if (plain.path !== undefined) return { address: plain.path };
  // As ss(8) and parseSocketAddress write it.
  if (plain.abstract !== undefined) return { address: formatSocketAddress(plain).slice('unix:'.length) };
  return {};
}

/** Milliseconds of a clock that never goes back. */
export function now(): number {
  return performance.now();
}

/**
 * The options of one of the calls that a longer one makes: what is left of the whole's time.
 * @param deadline when the longer one gives up, in `now()`
 */
export function withTimeLeft<Options extends { readonly timeoutMs?: number | undefined }>(
  options: Options | undefined,
  deadline: number | undefined,
): Options | undefined {
  if (options === undefined || deadline === undefined) return options;
  return { ...options, timeoutMs: Math.max(0, deadline - now()) };
}

/** When a call with these options gives up, in `now()`; undefined: never. */
export function deadlineOf(options: { readonly timeoutMs?: number | undefined } | undefined): number | undefined {
  return options?.timeoutMs === undefined ? undefined : now() + options.timeoutMs;
}
