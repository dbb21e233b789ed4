/**
 * What every call of a socket stands on: how it waits, how readiness reaches those who wait, and how close ends them.
 * Below is descriptor.ts; the calls themselves are in receive.ts, send.ts, transfer.ts and socket.ts.
 */

import { ADDRESS_ROOM } from './batch.ts';
import { deadlineOf, now, type SyncOptions } from './call-arguments.ts';
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from './constants.ts';
import { SocketDescriptor } from './descriptor.ts';
import type { Handle, Wakeable } from './driver.ts';
import { EBADF, ECANCELED } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { Turn } from './turn.ts';
import { checkTimeout, type QueueOwner, timeoutError, type WaitOptions, WaitQueue } from './wait-queue.ts';

/** What can be waited for: data or a connection, room, urgent data, the peer's end, an error or the error queue. */
export type Direction = 'in' | 'out' | 'pri' | 'rdhup' | 'err';

/** What poll(2) is asked for; errors and hang-ups it always tells. */
const EVENTS: Readonly<Record<Direction, number>> = {
  in: POLLIN,
  out: POLLOUT,
  pri: POLLPRI,
  rdhup: POLLRDHUP,
  err: 0,
};

/** Between two tries of a sync call that poll(2) does not hold up. */
const LONGEST_PAUSE_MS = 10;
const NO_HANDLES: Int32Array = new Int32Array(0);

const IN_BITS = POLLIN | POLLRDHUP | POLLHUP | POLLERR;
const OUT_BITS = POLLOUT | POLLHUP | POLLERR;
const ERR_BITS = POLLERR | POLLHUP;

/** Where the address of one call is written; read before the next call. */
export const scratch: Uint8Array = new Uint8Array(ADDRESS_ROOM);

/** The socket's own part of a wake-up, which only the class can reach. */
let wakeUp: (socket: SocketCore, bits: number) => void;

/**
 * What the driver knows of a socket. It holds it only while somebody waits: a socket that nobody holds any more can then
 * be collected, and so closed, although it has waited before.
 */
class Waker implements Wakeable {
  #held: SocketCore | undefined;
  #weak: WeakRef<SocketCore> | undefined;

  hold(socket: SocketCore): void {
    this.#held = socket;
  }

  letGo(socket: SocketCore): void {
    this.#weak ??= new WeakRef(socket);
    this.#held = undefined;
  }

  wake(bits: number): void {
    const socket = this.#held ?? this.#weak?.deref();
    if (socket !== undefined) wakeUp(socket, bits);
  }
}

/** A socket that can wait and end. @typeParam Type as of `Socket` */
export class SocketCore<Type extends number = number> extends SocketDescriptor<Type> implements Disposable {
  #in: WaitQueue | undefined;
  #out: WaitQueue | undefined;
  /** Those who wait for readiness itself: no call of theirs stands in line with the others. */
  #polls: Map<Direction, WaitQueue> | undefined;
  /** For calls that send in several pieces, which must not mix. */
  #sendTurn: Turn | undefined;
  #onReadable: (() => void) | undefined;
  #onErrorQueue: (() => void) | undefined;
  /** What the driver wakes; made when something waits for the first time. */
  #waker: Waker | undefined;
  /** Calls and listeners that wait for a wake-up. */
  #waiting = 0;

  // ---------------------------------------------------------------- the end of it

  /**
   * Close the socket; calls that wait reject with ECANCELED. Closing twice is fine. TCP sends FIN, or RST when received
   * data was never read (RFC 9293 §3.10.4, and what Linux does).
   */
  close(): void {
    if (this.closed) return;
    const handle = this.#letGo('close');
    const result = this.driver.close(handle);
    // EINTR and EIO of close(2) leave nothing to close again on Linux; EBADF would be our own mistake.
    if (result === -EBADF) throw new SocketError(EBADF, { syscall: 'close' });
  }

  /** Give the descriptor away, open and as it is; this object is closed from now on. */
  detach(): number {
    if (this.closed) throw new SocketError(EBADF, { syscall: 'detach' });
    return this.checked(this.driver.detach(this.#letGo('detach')), 'detach');
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // ---------------------------------------------------------------- readiness

  /**
   * Resolves when a read (`in`) or write (`out`) would not block, urgent data has come (`pri`), the peer of a stream sends
   * no more (`rdhup`, whatever is still to be read), or an error or an entry of the error queue is there (`err`): poll(2)
   * for one socket.
   */
  async ready(direction: Direction, options?: WaitOptions): Promise<void> {
    await this.#inQueue(this.#pollQueue(direction), 'poll', options, () => this.tryReady(direction) || undefined);
  }

  /** Whether `ready(direction)` would resolve now. */
  tryReady(direction: Direction): boolean {
    return this.checked(this.driver.poll(this.handle, EVENTS[direction], 0), 'poll') !== 0;
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
    if (this.closed) throw new SocketError(EBADF, { syscall: 'epoll_ctl' });
    this.#arm(POLLIN);
    this.#onReadable = listener;
    this.#count(1);
    this.driver.pending(1);
    // What arrived before the edge was watched for would otherwise never be told.
    this.driver.nextTurn(() => {
      if (this.#onReadable === listener) listener();
    });
    return () => {
      if (this.#onReadable !== listener) return;
      this.#onReadable = undefined;
      this.#count(-1);
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
    if (this.closed) throw new SocketError(EBADF, { syscall: 'epoll_ctl' });
    this.#arm(0);
    this.#onErrorQueue = listener;
    this.#count(1);
    return () => {
      if (this.#onErrorQueue !== listener) return;
      this.#onErrorQueue = undefined;
      this.#count(-1);
    };
  }

  /** One more that waits, or one less. While there is any, the driver holds this socket; else it can be forgotten. */
  #count(change: 1 | -1): void {
    this.#waiting += change;
    this.#waker ??= new Waker();
    if (this.#waiting === 0) this.#waker.letGo(this);
    else this.#waker.hold(this);
  }

  static {
    wakeUp = (socket, bits) => socket.#wake(bits);
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
    const bits = this.checked(this.driver.poll(this.handle, events, Math.min(left, 0x7fffffff)), 'poll');
    if (bits === 0 && deadline !== undefined) throw timeoutError(syscall, options?.timeoutMs ?? 0, this.fd);
  }

  #arm(events: number): void {
    this.#waker ??= new Waker();
    this.checked(this.driver.attach(this.handle, this.#waker, events), 'epoll_ctl');
  }

  #queue(direction: 'in' | 'out'): WaitQueue {
    return direction === 'in' ? (this.#in ??= this.#newQueue(POLLIN)) : (this.#out ??= this.#newQueue(POLLOUT));
  }

  #pollQueue(direction: Direction): WaitQueue {
    if (!Object.hasOwn(EVENTS, direction)) {
      throw new TypeError(`direction: expected 'in', 'out', 'pri', 'rdhup' or 'err', got ${String(direction)}`);
    }
    this.#polls ??= new Map();
    let queue = this.#polls.get(direction);
    if (queue === undefined) {
      // The end of the peer is always watched for.
      queue = this.#newQueue(EVENTS[direction] & ~POLLRDHUP);
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
      pending: (change) => {
        this.#count(change);
        this.driver.pending(change);
      },
      setTimer: (ms, run) => this.driver.setTimer(ms, run),
      fd: () => this.fd,
    };
    return new WaitQueue(owner);
  }

  #letGo(syscall: string): Handle {
    const handle = this.giveUp();
    this.driver.release(handle);
    if (this.#onReadable !== undefined) {
      this.#onReadable = undefined;
      this.#count(-1);
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
}
