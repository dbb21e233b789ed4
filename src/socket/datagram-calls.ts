/**
 * The calls of a datagram socket whose ICMP errors somebody is told of. Linux tells such an error by failing whatever
 * call comes next (ip(7) IP_RECVERR, BUGS), and reading it off the error queue takes that away. So, while errors are
 * watched, a call that fails for an earlier packet is made again; while they are explained, one that the queue's reader
 * took for want of a call that waits fails the next.
 */
import type { SocketDriver } from './driver.ts';
import type { ErrorQueue } from './error-queue.ts';
import type { SocketCore } from './socket-core.ts';

/** Errors that one call may run into and be made again: each took at least one ICMP message. */
const MOST_AGAIN = 64;

/** The calls that fail for an earlier packet. A connect that is refused shall fail. */
const CALLS = ['recv', 'recvfrom', 'recvmsg', 'recvmmsg', 'readv', 'send', 'sendto', 'sendmsg', 'sendmmsg', 'writev'];

type Call = (...args: unknown[]) => number;

/** `call`, with what is written at the head of this file. */
function told(call: Call, queue: ErrorQueue): Call {
  return (...args) => {
    const owed = queue.takeOwed();
    if (owed !== undefined) return -owed.errno;
    let result = call(...args);
    for (let i = 0; i < MOST_AGAIN && result < 0 && queue.callsAgain && queue.readFault(-result); i++) {
      result = call(...args);
    }
    return result;
  };
}

function wrap(driver: SocketDriver, queue: ErrorQueue): SocketDriver {
  const wrapped: Record<string, unknown> = {};
  // Own functions (the addon's) and methods of the class alike, each with the driver as its object.
  for (
    let at: object | null = driver;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name === 'constructor' || name in wrapped) continue;
      const value = Reflect.get(driver, name) as unknown;
      wrapped[name] = typeof value === 'function' ? (value as Call).bind(driver) : value;
    }
  }
  for (const name of CALLS) wrapped[name] = told(wrapped[name] as Call, queue);
  return wrapped as unknown as SocketDriver;
}

/** How many are told, a socket, and what its driver was before. */
const wrappings = new WeakMap<SocketCore, { count: number; readonly own: SocketDriver }>();

/** From now on the socket's calls are as above, until as many have said that they need it no longer. */
export function wrapCalls(socket: SocketCore, queue: ErrorQueue): () => void {
  // The one place where a socket's driver is replaced.
  const replaceable: { driver: SocketDriver } = socket;
  let entry = wrappings.get(socket);
  if (entry === undefined || entry.count === 0) {
    entry = { count: 0, own: socket.driver };
    wrappings.set(socket, entry);
    replaceable.driver = wrap(socket.driver, queue);
  }
  const mine = entry;
  mine.count++;
  return () => {
    mine.count--;
    if (mine.count === 0) replaceable.driver = mine.own;
  };
}
