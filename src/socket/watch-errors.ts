/**
 * ICMP errors as news, not as failures: a server must not fail to answer one client because an earlier one is gone.
 * (To have them as causes of calls that fail: explain-errors.ts.)
 */
import { SOCK_STREAM } from './constants.ts';
import { wrapCalls } from './datagram-calls.ts';
import { EBADF } from './errno.ts';
import { SocketError } from './error.ts';
import { isFault, type QueuedError } from './error-queue.ts';
import { ipErrorQueue, wantRecverr } from './recverr.ts';
import type { SocketCore } from './socket-core.ts';

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
  const unwrap = socket.type === SOCK_STREAM ? undefined : wrapCalls(socket, queue);
  queue.watchers++;
  return () => {
    if (stopped) return;
    stopped = true;
    queue.watchers--;
    unsubscribe();
    unwrap?.();
    release();
  };
}
