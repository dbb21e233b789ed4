/**
 * A call that the kernel finishes later and tells of on the error queue: one promise, and the ways in which it ends: done,
 * failed, deadline, abort. It keeps the process alive meanwhile. (Calls that wait for readiness: wait-queue.ts.)
 */
import { AbortError } from './error.ts';
import type { SocketCore } from './socket-core.ts';
import { timeoutError, type WaitOptions } from './wait-queue.ts';

export interface Outcome<T> {
  /** Aborted when the call has ended, however it did. */
  readonly ended: AbortSignal;
  /** Only the first of these counts. */
  readonly done: (value: T) => void;
  readonly failed: (error: unknown) => void;
}

/** Run `start`, which arranges that its outcome is settled once. What it throws rejects. */
export function later<T>(
  socket: SocketCore,
  syscall: string,
  options: WaitOptions,
  start: (outcome: Outcome<T>) => void,
): Promise<T> {
  const { signal, timeoutMs } = options;
  const { driver } = socket;
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    let cancelTimer: (() => void) | undefined;
    const end = (how: () => void): void => {
      if (ended.signal.aborted) return;
      ended.abort();
      cancelTimer?.();
      signal?.removeEventListener('abort', onAbort);
      driver.pending(-1);
      how();
    };
    const failed = (error: unknown): void => end(() => reject(error));
    const onAbort = (): void => failed(new AbortError(signal?.reason));
    driver.pending(1);
    signal?.addEventListener('abort', onAbort);
    if (timeoutMs !== undefined && timeoutMs !== Number.POSITIVE_INFINITY) {
      cancelTimer = driver.setTimer(timeoutMs, () => failed(timeoutError(syscall, timeoutMs, socket.fd)));
    }
    try {
      start({ ended: ended.signal, done: (value) => end(() => resolve(value)), failed });
    } catch (error) {
      failed(error);
    }
  });
}
