/**
 * ICMP errors as news, not as failures. Linux tells an error by failing whatever call comes next, also one about another
 * peer (ip(7) IP_RECVERR, BUGS): a server would fail to answer one client because an earlier one is gone. Here the queue
 * is read and told of, and the call is made again.
 */
import { SOCK_STREAM } from './constants.ts';
import type { SocketDriver } from './driver.ts';
import { EBADF } from './errno.ts';
import { SocketError } from './error.ts';
import { type ErrorQueue, isFault, type QueuedError } from './error-queue.ts';
import { ipErrorQueue, wantRecverr } from './recverr.ts';
import type { SocketCore } from './socket-core.ts';

/** Errors that one call may run into and be made again: each took at least one ICMP message. */
const MOST_AGAIN = 64;

/** The calls that fail for an earlier packet. A connect that is refused shall fail. */
const CALLS = ['recv', 'recvfrom', 'recvmsg', 'recvmmsg', 'readv', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'writev'];

type Call = (...args: unknown[]) => number;

/** `driver` with those calls made again when all that was wrong is an ICMP message about an earlier packet. */
function again(driver: SocketDriver, queue: ErrorQueue): SocketDriver {
  const wrapped: Record<string, unknown> = {};
  // Own functions (the addon's) and methods of the class alike, each with the driver as its object.
  for (
    let at: object | null = driver;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name === 'constructor' || name in wrapped) continue;
      const value = Reflect.get(driver, name) as unknown;
      wrapped[name] = typeof value === 'function' ? (value as Call).bind(driver) : value;
    }
  }
  for (const name of CALLS) {
    const call = wrapped[name] as Call;
    wrapped[name] = (...args: unknown[]): number => {
      let result = call(...args);
      // Where errors are explained too, calls fail, with the message as cause.
      for (let i = 0; i < MOST_AGAIN && result < 0 && !queue.callsFirst && queue.readFault(-result); i++) {
        result = call(...args);
      }
      return result;
    };
  }
  return wrapped as unknown as SocketDriver;
}

/**
 * Tell `listener` of every ICMP error about what this socket sent, as it comes, and on a datagram or raw socket fail no
 * call for it: a server goes on while clients vanish. On TCP the calls fail as they do. Where `explainErrors` is on too,
 * calls fail first, with the message as cause, and the listener hears of the rest. Turns IP_RECVERR and IPV6_RECVERR on.
 *
 * The listener runs after the code that is running now. Does not keep the process alive.
 * @returns how to stop: the options are set again as they were
 * @throws TypeError for a socket that is not of AF_INET or AF_INET6; SocketError of setsockopt(2)
 * @example
 * ```ts
 * import { AF_INET, kernel, SOCK_DGRAM, watchErrors } from 'barewire';
 * using server = kernel.socket(AF_INET, SOCK_DGRAM);
 * server.bind('127.0.0.1:0');
 * const stop = watchErrors(server, ({ text }) => console.log('lost a client:', text));
 * stop();
 * ```
 */
export function watchErrors(socket: SocketCore, listener: (error: QueuedError) => void): () => void {
  if (typeof listener !== 'function') throw new TypeError(`listener: expected a function, got ${typeof listener}`);
  const queue = ipErrorQueue(socket);
  if (socket.closed) throw new SocketError(EBADF, { syscall: 'setsockopt' });
  const release = wantRecverr(socket);
  let stopped = false;
  const unsubscribe = queue.subscribe({
    take: (entry) => {
      if (!isFault(entry)) return false;
      // A call may be under way: what the listener throws is not that call's error.
      queueMicrotask(() => {
        if (!stopped) listener(entry);
      });
      return true;
    },
    closed: () => undefined,
  });
  const unwrap = socket.type === SOCK_STREAM ? undefined : wrap(socket, queue);
  return () => {
    if (stopped) return;
    stopped = true;
    unsubscribe();
    unwrap?.();
    release();
  };
}

/** How many watch, a socket, and what its driver was before. */
const watched = new WeakMap<SocketCore, { count: number; readonly own: SocketDriver }>();

/** Put the driver that calls again before this socket's own: the one place where a socket's driver is replaced. */
function wrap(socket: SocketCore, queue: ErrorQueue): () => void {
  const replaceable: { driver: SocketDriver } = socket;
  let entry = watched.get(socket);
  if (entry === undefined || entry.count === 0) {
    entry = { count: 0, own: socket.driver };
    watched.set(socket, entry);
    replaceable.driver = again(socket.driver, queue);
  }
  const mine = entry;
  mine.count++;
  return () => {
    mine.count--;
    if (mine.count === 0) replaceable.driver = mine.own;
  };
}
