/**
 * Errors that say why. UDP, raw and TCP sockets learn of ICMP errors only when asked to (ip(7) IP_RECVERR, ipv6(7)
 * IPV6_RECVERR), and an errno alone does not say who answered what about which packet. Off until a program turns it on
 * for one socket; nothing here concerns any other. (To be told without calls that fail: watch-errors.ts.)
 */
import { SOCK_STREAM } from './constants.ts';
import { wrapCalls } from './datagram-calls.ts';
import type { QueuedError } from './error-queue.ts';
import { ipErrorQueue, wantRecverr } from './recverr.ts';
import type { SocketCore } from './socket-core.ts';

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
  const queue = ipErrorQueue(socket);
  if (socket.causeOf !== undefined) throw new TypeError('socket: its errors are explained already');
  const release = wantRecverr(socket);
  const causeOf = (errno: number, syscall: string): QueuedError | undefined => queue.takeCause(errno, syscall);
  socket.causeOf = causeOf;
  queue.callsFirst = true;
  const unwrap = socket.type === SOCK_STREAM ? undefined : wrapCalls(socket, queue);
  return () => {
    if (socket.causeOf !== causeOf) return;
    socket.causeOf = undefined;
    queue.callsFirst = false;
    unwrap?.();
    release();
  };
}
