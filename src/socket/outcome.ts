/**
 * A call that the kernel finishes later and tells of on the error queue: one promise, and the ways in which it ends: done,
 * failed, deadline, abort. It keeps the process alive meanwhile. (Calls that wait for readiness: wait-queue.ts.)
 */
import { offAbort, onAbort } from './abort-listeners.ts';
import { AbortError } from './error.ts';
import type { SocketCore } from './socket-core.ts';
import { timeoutError, type WaitOptions } from './wait-queue.ts';

/** How one call ends: only the first word counts. */
export class Outcome<T> {
  readonly #settle: (how: () => void) => void;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #ended = false;
  // Made when somebody asks: most calls never wait for anything that must be stopped, and a controller costs more than
  // the call.
  #controller: AbortController | undefined;

  constructor(settle: (how: () => void) => void, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#settle = settle;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Aborted when the call ends, however it does. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended) this.#controller.abort();
    return this.#controller.signal;
  }

  done(value: T): void {
    this.#end(() => this.#resolve(value));
  }

  failed(error: unknown): void {
    this.#end(() => this.#reject(error));
  }

  #end(how: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller?.abort();
    this.#settle(how);
  }
}

/** Run `start`, which arranges that its outcome is settled once. What it throws rejects. */
export function later<T>(
  socket: SocketCore,
  syscall: string,
  { signal, timeoutMs }: WaitOptions,
  start: (outcome: Outcome<T>) => void,
): Promise<T> {
  const { driver } = socket;
  return new Promise((resolve, reject) => {
    let cancelTimer: (() => void) | undefined;
    const settle = (how: () => void): void => {
      cancelTimer?.();
      if (signal !== undefined) offAbort(signal, aborted);
      driver.pending(-1);
      how();
    };
    const outcome = new Outcome<T>(settle, resolve, reject);
    const aborted = (): void => outcome.failed(new AbortError(signal?.reason));
    driver.pending(1);
    if (signal !== undefined) onAbort(signal, aborted);
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      cancelTimer = driver.setTimer(timeoutMs, () => outcome.failed(timeoutError(syscall, timeoutMs, socket.fd)));
    }
    try {
      start(outcome);
    } catch (error) {
      outcome.failed(error);
    }
  });
}
