/** IP_RECVERR and IPV6_RECVERR (ip(7), ipv6(7)), on as long as somebody wants them, then as the program had them. */
import { AF_INET, AF_INET6, IPPROTO_IP, IPPROTO_IPV6, SOCK_RAW } from './constants.ts';
import { ErrorQueue } from './error-queue.ts';
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

/** From now on ICMP errors come to this socket's error queue. Returns how to say that one no longer wants it. */
export function wantRecverr(socket: SocketCore): () => void {
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

/** The error queue of an IP socket. @throws TypeError for any other */
export function ipErrorQueue(socket: SocketCore): ErrorQueue {
  if (socket.domain !== AF_INET && socket.domain !== AF_INET6) {
    throw new TypeError(`socket: expected one of AF_INET or AF_INET6, got family ${socket.domain}`);
  }
  return ErrorQueue.of(socket);
}
