/**
 * The calls that wait for one direction of one socket, first come first served, and the one mechanism by which they
 * end: done, error, deadline, abort, close.
 */
import { offAbort, onAbort } from './abort-listeners.ts';
import { AbortError, SocketError } from './error.ts';

export interface WaitOptions {
  /** Abort the call: it rejects with AbortError, the socket stays usable. */
  readonly signal?: AbortSignal | undefined;
  /** Give up after so many ms: the call rejects with ERR_SOCKET_TIMEOUT. 0 is a value: only what is ready now. */
  readonly timeoutMs?: number | undefined;
}

/** One call that waits. It ends once, and leaves its queue when it does, whatever happens while it is being tried. */
interface Waiter {
  /** Try the call again; true when it is over. */
  attempt(): boolean;
  fail(error: unknown): void;
}

/** What a queue needs to know of its socket. */
export interface QueueOwner {
  /** Register for readiness; throws when the kernel refuses. */
  arm(): void;
  pending(change: 1 | -1): void;
  setTimer(ms: number, run: () => void): () => void;
  fd(): number;
}

/** Throws for a timeout that is not a number of ms, before anything has been tried. */
export function checkTimeout(timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) return;
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) {
    throw new RangeError(`timeoutMs: expected a number of 0 or more, got ${String(timeoutMs)}`);
  }
}

export function timeoutError(syscall: string, timeoutMs: number, fd: number): SocketError {
  const text = `not done after ${timeoutMs} ms`;
  return new SocketError({ code: 'ERR_SOCKET_TIMEOUT', text }, { syscall, fd });
}

export class WaitQueue {
  readonly #owner: QueueOwner;
  readonly #waiters: Waiter[] = [];

  constructor(owner: QueueOwner) {
    this.#owner = owner;
  }

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /**
   * Wait until `attempt` returns something else than undefined; what it throws rejects.
   * The caller has tried once already (and saw EAGAIN), or others are before it in the queue.
   * @param partial asked when the wait is given up: what has been done already is the result then
   */
  wait<T>(
    syscall: string,
    options: WaitOptions | undefined,
    attempt: () => T | undefined,
    partial?: () => T | undefined,
  ): Promise<T> {
    const signal = options?.signal;
    const timeoutMs = options?.timeoutMs;
    if (signal?.aborted === true) return Promise.reject(new AbortError(signal.reason));
    return new Promise<T>((resolve, reject) => {
      let cancelTimer: (() => void) | undefined;
      let isOver = false;
      const end = (): boolean => {
        if (isOver) return false;
        isOver = true;
        this.#remove(waiter);
        cancelTimer?.();
        if (signal !== undefined) offAbort(signal, aborted);
        this.#owner.pending(-1);
        return true;
      };
      const waiter: Waiter = {
        attempt: () => {
          try {
            const result = attempt();
            if (result !== undefined && end()) resolve(result);
          } catch (error) {
            if (end()) reject(error);
          }
          return isOver;
        },
        fail: (error) => {
          if (end()) reject(error);
        },
      };
      const giveUp = (error: unknown): void => {
        const isHead = this.#waiters[0] === waiter;
        try {
          const done = partial?.();
          if (!end()) return;
          if (done === undefined) reject(error);
          else resolve(done);
        } catch (thrown) {
          waiter.fail(thrown);
        }
        // It may have waited for more than the next one needs, and no wake-up would come for what is there already.
        if (isHead) this.drain();
      };
      const aborted = (): void => giveUp(new AbortError(signal?.reason));
      this.#waiters.push(waiter);
      this.#owner.pending(1);
      if (signal !== undefined) onAbort(signal, aborted);
      try {
        if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
          cancelTimer = this.#owner.setTimer(timeoutMs, () =>
            giveUp(timeoutError(syscall, timeoutMs, this.#owner.fd())),
          );
        }
        // Registering after EAGAIN loses nothing: epoll reports what is ready at the time of EPOLL_CTL_ADD.
        this.#owner.arm();
      } catch (error) {
        giveUp(error);
      }
    });
  }

  #remove(waiter: Waiter): void {
    if (this.#waiters[0] === waiter) this.#waiters.shift();
    else {
      const index = this.#waiters.indexOf(waiter);
      if (index > 0) this.#waiters.splice(index, 1);
    }
  }

  /** Ready: let waiters try in order, until one has to go on waiting. */
  drain(): void {
    // One that is over has left the queue.
    while (this.#waiters[0]?.attempt() === true);
  }

  failAll(error: () => unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.fail(error());
  }
}
