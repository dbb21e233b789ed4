/**
 * What stands behind a socket: its system calls, and how to wait for them. The kernel driver (os) and the stack implement
 * it; everything a program sees (`Socket`) is written once above it.
 */
import type { Handle, SystemCalls } from './system-calls.ts';

export type { Handle, SystemCalls } from './system-calls.ts';

/** Whoever waits for a handle: told the ready bits (POLLIN …) whenever they change from not ready to ready. */
export interface Wakeable {
  wake(bits: number): void;
}

export interface SocketDriver extends SystemCalls {
  /**
   * From now on tell `waiter` when the handle becomes ready for `events` (POLLIN, POLLPRI, POLLOUT), edge-triggered;
   * errors and hang-ups always. 0 or -errno. Again with a further event adds it: nobody is woken for room that nobody
   * waits for.
   */
  attach(handle: Handle, waiter: Wakeable, events: number): number;
  /** Stop telling. Called before close and detach. */
  release(handle: Handle): void;
  /** A call began to wait (1) or stopped waiting (-1): keeps the process alive meanwhile. */
  pending(change: 1 | -1): void;
  /**
   * Spend one call that completed at once. False when this turn of the event loop has had its share: the caller then
   * hands its result over through `nextTurn`, so that a busy socket cannot starve timers and other sockets.
   */
  spend(): boolean;
  nextTurn(run: () => void): void;
  /** Run `run` after `ms` (of this driver's time); returns the cancel. */
  setTimer(ms: number, run: () => void): () => void;
  /** Block until a bit of `events` is ready: the ready bits, 0 after `timeoutMs` (-1: without end), or -errno. */
  poll(handle: Handle, events: number, timeoutMs: number): number;
  /** poll(2) for many: `revents[i]` gets the ready bits of `handles[i]`. How many have some, or -errno. */
  pollMany(handles: Int32Array, events: Int32Array, revents: Int32Array, timeoutMs: number): number;
  /** A socket was collected by the garbage collector while open. */
  leaked?(handle: Handle, what: string): void;
}
