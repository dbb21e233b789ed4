/**
 * Errors that say why. UDP, raw and TCP sockets learn of ICMP errors only when asked to (ip(7) IP_RECVERR, ipv6(7)
 * IPV6_RECVERR), and an errno alone does not say who answered what about which packet. Both are off until a program
 * turns them on for one socket; nothing here concerns any other.
 */
import { AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SOCK_RAW } from './constants.ts';
import { SocketError } from './error.ts';
import { ErrorQueue, isFault, type QueuedError } from './error-queue.ts';
import type { SocketCore } from './socket-core.ts';

const IP_RECVERR = 11;
const IPV6_RECVERR = 25;

/** Who wants the options on, a socket, and what the program itself had set before. */
interface Wanted {
  count: number;
  readonly restore: () => void;
}

const wanted = new WeakMap<SocketCore, Wanted>();

/** The options that a socket of this kind has, as [level, number]. */
function recverr(socket: SocketCore): readonly (readonly [number, number])[] {
  const v4 = [IPPROTO_IP, IP_RECVERR] as const;
  if (socket.domain === AF_INET) return [v4];
  const v6 = [IPPROTO_IPV6, IPV6_RECVERR] as const;
  // An IPv6 socket also sends IPv4 (mapped addresses), and hears of its errors by IPv4's option; a raw one does not.
  return socket.type === SOCK_RAW ? [v6] : [v6, v4];
}

function turnOn(socket: SocketCore): Wanted {
  const before = recverr(socket).map(([level, option]) => [level, option, socket.getsockopt(level, option)] as const);
  for (const [level, option] of before) socket.setsockopt(level, option, 1);
  const restore = (): void => {
    for (const [level, option, value] of before) socket.setsockopt(level, option, value);
  };
  return { count: 0, restore };
}

function wantRecverr(socket: SocketCore): () => void {
  let entry = wanted.get(socket);
  if (entry === undefined || entry.count === 0) {
    entry = turnOn(socket);
    wanted.set(socket, entry);
  }
  const mine = entry;
  mine.count++;
  let done = false;
  return () => {
    if (done) return;
    done = true;
    mine.count--;
    if (mine.count === 0 && !socket.closed) mine.restore();
  };
}

/**
 * From now on an error of this socket that an ICMP message (or this host's own IP layer) caused has that message as its
 * `cause`: a `QueuedError`. Turns IP_RECVERR, and on IPv6 sockets IPV6_RECVERR, on, with what they do: an unconnected
 * UDP socket's next call fails for an error about any datagram it sent before (`cause.destination` says which), and an
 * established TCP connection's call fails for an ICMP error that TCP would have sat out (without a cause: Linux queues
 * none then). Connections that a listener
 * accepts inherit the options, not the explanation: call this for each.
 *
 * @returns how to stop: the options are set again as they were
 * @throws TypeError for a socket that is not of AF_INET or AF_INET6; SocketError of setsockopt(2)
 * @example
 * ```ts
 * import { AF_INET, explainErrors, kernel, SOCK_DGRAM, SocketError } from 'barewire';
 * using closed = kernel.socket(AF_INET, SOCK_DGRAM);
 * closed.bind('127.0.0.1:0');
 * const target = closed.getsockname();
 * closed.close();
 * using udp = kernel.socket(AF_INET, SOCK_DGRAM);
 * explainErrors(udp);
 * await udp.sendto('anybody there?', target);
 * try {
 *   await udp.recv(100);
 * } catch (error) {
 *   if (!(error instanceof SocketError)) throw error;
 *   console.log(error.code, error.cause); // ECONNREFUSED, ICMP port unreachable (3/3) from 127.0.0.1 about …
 * }
 * ```
 */
export function explainErrors(socket: SocketCore): () => void {
  const queue = queueOf(socket);
  if (socket.causeOf !== undefined) throw new TypeError('socket: its errors are explained already');
  const release = wantRecverr(socket);
  const causeOf = (errno: number, syscall: string): QueuedError | undefined => queue.takeCause(errno, syscall);
  socket.causeOf = causeOf;
  queue.callsFirst = true;
  return () => {
    if (socket.causeOf !== causeOf) return;
    socket.causeOf = undefined;
    queue.callsFirst = false;
    release();
  };
}

/**
 * Tell `listener` of every ICMP error about what this socket sent, as it comes, instead of failing the calls that wait:
 * a server's `recv` goes on while clients vanish. A call made between the error's arrival and the event loop's next turn
 * still fails with it, as the kernel has it that way. Where `explainErrors` is on too, calls that wait fail first and the
 * listener hears of the rest. Turns IP_RECVERR and IPV6_RECVERR on.
 *
 * Does not keep the process alive.
 * @returns how to stop
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
  const queue = queueOf(socket);
  if (socket.closed) throw new SocketError({ code: 'EBADF', text: 'the socket is closed' }, { syscall: 'setsockopt' });
  const release = wantRecverr(socket);
  const unsubscribe = queue.subscribe({
    take: (entry) => {
      if (!isFault(entry)) return false;
      listener(entry);
      return true;
    },
    closed: () => undefined,
  });
  return () => {
    unsubscribe();
    release();
  };
}

function queueOf(socket: SocketCore): ErrorQueue {
  if (socket.domain !== AF_INET && socket.domain !== AF_INET6) {
    throw new TypeError(`socket: expected one of AF_INET or AF_INET6, got family ${socket.domain}`);
  }
  return ErrorQueue.of(socket);
}
