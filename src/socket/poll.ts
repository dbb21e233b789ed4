/** poll(2) over several sockets: for programs in the manner of C, where one loop serves all. */

import { offAbort, onAbort } from './abort-listeners.ts';
import type { SocketDriver } from './driver.ts';
import { EBADF } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import type { Direction, SocketCore } from './socket-core.ts';
import { checkTimeout, type WaitOptions } from './wait-queue.ts';

/** One socket and what it is asked for; `struct pollfd`. */
export interface PollEntry {
  readonly socket: SocketCore;
  /** POLLIN, POLLPRI, POLLOUT, POLLRDHUP. Errors and hang-ups are always told. */
  readonly events: number;
}

/** What C's poll(2) allows at once here. */
const MOST = 1024;

const NAMES: readonly (readonly [Direction, number])[] = [
  ['in', 0x001],
  ['pri', 0x002],
  ['out', 0x004],
  ['rdhup', 0x2000],
];

/**
 * Wait until at least one of the sockets is ready.
 * @returns the ready bits of each entry, in order; none set when `timeoutMs` passed
 * @throws SocketError EBADF (a closed socket); AbortError
 * @example
 * ```ts
 * import { AF_UNIX, kernel, POLLIN, poll, SOCK_STREAM } from 'barewire';
 * const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
 * await a.send('x');
 * console.log(await poll([{ socket: a, events: POLLIN }, { socket: b, events: POLLIN }])); // [ 0, 1 ]
 * a.close();
 * b.close();
 * ```
 */
export async function poll(entries: readonly PollEntry[], options?: WaitOptions): Promise<number[]> {
  checkTimeout(options?.timeoutMs);
  const limit = new Limit(entries[0]?.socket.driver, options);
  try {
    for (;;) {
      const bits = tryPoll(entries);
      if (limit.isOver || bits.some((ready) => ready !== 0)) return bits;
      // Ready for a moment only, when another call takes what has come: then the wait begins anew.
      await someReady(entries, limit.ended);
    }
  } finally {
    limit.stop();
  }
}

/** What is ready now; never waits. */
export function tryPoll(entries: readonly PollEntry[]): number[] {
  return pollSync(entries, { timeoutMs: 0 });
}

/** Blocks this thread. */
export function pollSync(
  entries: readonly PollEntry[],
  options?: { readonly timeoutMs?: number | undefined },
): number[] {
  checkTimeout(options?.timeoutMs);
  if (entries.length > MOST) throw new RangeError(`entries: expected at most ${MOST}, got ${entries.length}`);
  const driver = driverOf(entries);
  if (driver === undefined) return [];
  const handles = Int32Array.from(entries, ({ socket }) => (socket.closed ? -1 : socket.handle));
  const events = Int32Array.from(entries, (entry) => entry.events);
  const revents = new Int32Array(entries.length);
  const timeoutMs = Math.min(Math.ceil(options?.timeoutMs ?? -1), 0x7fffffff);
  const result = driver.pollMany(handles, events, revents, timeoutMs);
  if (result < 0) throw new SocketError(-result, { syscall: 'poll' });
  return [...revents];
}

function driverOf(entries: readonly PollEntry[]): SocketDriver | undefined {
  const driver = entries[0]?.socket.driver;
  for (const { socket } of entries) {
    if (socket.closed) throw new SocketError(EBADF, { syscall: 'poll' });
  }
  return driver;
}

async function someReady(entries: readonly PollEntry[], ended: Promise<void>): Promise<void> {
  const stop = new AbortController();
  try {
    await Promise.race([ended, ...entries.flatMap((entry) => waits(entry, stop.signal))]);
  } finally {
    stop.abort();
  }
}

function waits({ socket, events }: PollEntry, signal: AbortSignal): Promise<void>[] {
  const wanted = NAMES.filter(([, bit]) => (events & bit) !== 0).map(([direction]) => direction);
  const directions: readonly Direction[] = wanted.length === 0 ? ['err'] : wanted;
  const all = directions.map((direction) => socket.ready(direction, { signal }));
  // Those that lose the race are aborted, which nobody waits for.
  for (const one of all) one.catch(() => undefined);
  return all;
}

/** How long a poll may wait: until its deadline, or until its signal aborts. */
class Limit {
  isOver: boolean;
  /** Resolves at the deadline, rejects with AbortError. */
  readonly ended: Promise<void>;
  stop: () => void = () => undefined;

  /** @param driver whose clock counts: a simulated host has its own time. Without one there is nothing to wait for. */
  constructor(driver: SocketDriver | undefined, { signal, timeoutMs = Number.POSITIVE_INFINITY }: WaitOptions = {}) {
    this.isOver = timeoutMs === 0;
    this.ended = new Promise((resolve, reject) => {
      const late = (): void => {
        this.isOver = true;
        resolve();
      };
      const aborted = (): void => reject(new AbortError(signal?.reason));
      const isBounded = timeoutMs !== Number.POSITIVE_INFINITY;
      const cancel = isBounded && !this.isOver ? driver?.setTimer(timeoutMs, late) : undefined;
      if (isBounded && cancel === undefined) late();
      if (signal?.aborted === true) aborted();
      else if (signal !== undefined) onAbort(signal, aborted);
      this.stop = () => {
        cancel?.();
        if (signal !== undefined) offAbort(signal, aborted);
      };
    });
    // Nobody waits for it when something is ready first.
    this.ended.catch(() => undefined);
  }
}
