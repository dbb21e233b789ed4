/**
 * The error queue of a socket (recv(2) MSG_ERRQUEUE, ip(7) IP_RECVERR): ICMP errors, completions of zero-copy sends and
 * transmit timestamps, all in one queue of the kernel's. One reader a socket hands each entry to whoever it is for, so
 * that explain-errors.ts, zero-copy.ts and send-times.ts do not take each other's; what nobody wants is kept for
 * `drainErrorQueue`.
 */
import { decodeSockAddr, formatSocketAddress, type SocketAddress } from '../addr/sockaddr.ts';
import { ADDRESS_ROOM } from './batch.ts';
import { AF_INET, AF_INET6, AF_PACKET, AF_VSOCK, MSG_ERRQUEUE } from './constants.ts';
import { type ControlMessage, decodeControl, type ExtendedError } from './control/index.ts';
import type { SocketDriver } from './driver.ts';
import { EAGAIN } from './errno.ts';
import { SocketError } from './error.ts';
import { icmpv4Reason, icmpv6Reason } from './icmp-reason.ts';
import type { SocketCore } from './socket-core.ts';
import { Register } from './system-calls.ts';

/** SO_EE_ORIGIN_*, by number. `timestamp` is SO_EE_ORIGIN_TXSTATUS. */
const ORIGINS = ['none', 'local', 'icmp', 'icmp6', 'timestamp', 'zero-copy', 'txtime'] as const;

export type ErrorOrigin = (typeof ORIGINS)[number] | 'unknown';

/** One entry of the error queue; the `cause` of an error when `explainErrors` is on. */
export interface QueuedError {
  /** Who found it: this machine, a router or host by ICMP, or no error at all (timestamps and completions). */
  readonly origin: ErrorOrigin;
  /** One line for people: `ICMP port unreachable (3/3) from 127.0.0.1 about 127.0.0.1:9`. */
  readonly text: string;
  /** Linux's number for it, positive; 0 for a zero-copy completion. */
  readonly errno: number;
  /** Type of the ICMP message. */
  readonly type: number;
  /** Code of the ICMP message; for zero copy 1 when the kernel copied. */
  readonly code: number;
  /** ee_info: the MTU for EMSGSIZE; which of its times a timestamp is; the first id of a completed range. */
  readonly info: number;
  /** ee_data: the id of a timestamp, the last id of a completed range. */
  readonly data: number;
  /** What fits through, in bytes with the IP header, where the error says so (EMSGSIZE). */
  readonly mtu?: number;
  /** Who sent the ICMP message; port 0. */
  readonly offender?: SocketAddress;
  /** Where the packet was going that the error is about. */
  readonly destination?: SocketAddress;
  /** What the ICMP message quoted of the packet, from behind the UDP header, or from the TCP header on. Owned. */
  readonly payload: Uint8Array;
  /** Every control message of the entry (timestamps, pktinfo). */
  readonly control: readonly ControlMessage[];
}

/** Who wants entries as they come. */
export interface ErrorQueueReader {
  /** True when the entry was for this reader. */
  take(entry: QueuedError): boolean;
  /** The socket was closed: nothing more comes. */
  closed(): void;
}

const EMSGSIZE = 90;
/**
 * What an ICMP message or the IP layer makes of a packet (icmp_err_convert in net/ipv4/icmp.c, tab_unreach in
 * net/ipv6/icmp.c): EACCES, ENONET, EPROTO, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNREFUSED,
 * EHOSTDOWN, EHOSTUNREACH. For any other errno the queue is left alone, for reading it takes the pending error away.
 */
const FAULTS: ReadonlySet<number> = new Set([13, 64, 71, EMSGSIZE, 92, 95, 100, 101, 111, 112, 113]);
/** The calls that report an error of the socket; setsockopt(2) says ENOPROTOOPT of its own. */
const CALLS: ReadonlySet<string> = new Set(
  'connect accept recv recvfrom recvmsg recvmmsg readv send sendto sendmsg sendmmsg writev sendfile splice'.split(' '),
);
/** Entries that nobody took, kept for `drainErrorQueue`; the oldest go first. */
const MAX_KEPT = 256;
/** Entries read in one turn of the event loop. */
const READ_PER_TURN = 1024;
const CONTROL_ROOM = 1024;

// One call at a time fills these: what an entry keeps is copied out.
const payloadRoom = new Uint8Array(65_536);
const controlRoom = new Uint8Array(CONTROL_ROOM);
const addressRoom = new Uint8Array(ADDRESS_ROOM);

const queues = new WeakMap<SocketCore, ErrorQueue>();

export class ErrorQueue {
  readonly #socket: SocketCore;
  /** The socket's own, whatever watch-errors.ts puts before it. */
  readonly #driver: SocketDriver;
  readonly #readers = new Set<ErrorQueueReader>();
  #kept: QueuedError[] = [];
  #stop: (() => void) | undefined;
  /** What the last read failed with. */
  #errno = 0;
  /** Errors are explained: calls fail for them, and take their entry as cause, before the rest is read. */
  callsFirst = false;
  /** How many watch errors. */
  watchers = 0;
  /** What `takeOwed` gave, until `takeCause` asks for it. */
  #raised: QueuedError | undefined;

  private constructor(socket: SocketCore) {
    this.#socket = socket;
    this.#driver = socket.driver;
  }

  /**
   * The one reader of this socket's queue.
   * @throws TypeError for a family without an error queue: there the flag means nothing and data would be read
   */
  static of(socket: SocketCore): ErrorQueue {
    let queue = queues.get(socket);
    if (queue === undefined) {
      if (![AF_INET, AF_INET6, AF_PACKET, AF_VSOCK].includes(socket.domain)) {
        throw new TypeError(
          `socket: expected a family with an error queue (inet, inet6, packet, vsock), got ${socket.domain}`,
        );
      }
      queue = new ErrorQueue(socket);
      queues.set(socket, queue);
    }
    return queue;
  }

  /** From now on the queue is read whenever it fills, and `reader` is asked about every entry. Returns how to stop. */
  subscribe(reader: ErrorQueueReader): () => void {
    this.#stop ??= this.#socket.onErrorQueue(() => this.#wake());
    this.#readers.add(reader);
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  #wake(): void {
    if (this.#socket.closed) {
      for (const reader of [...this.#readers]) reader.closed();
    } else if (this.callsFirst) {
      // Reading an ICMP error off the queue takes the pending error off the socket (net/core/skbuff.c): calls that wait
      // are tried in this turn, right after the wake, and must still find it.
      queueMicrotask(() => this.read());
    } else {
      this.read();
    }
  }

  /** Read what is there and hand it out. */
  read(): void {
    for (let i = 0; i < READ_PER_TURN; i++) {
      const entry = this.next();
      if (entry === null) return;
      this.handOut(entry);
    }
    this.#driver.nextTurn(() => this.read());
  }

  /** Whether a call that failed for an earlier packet is made again: errors are news, unless they are explained too. */
  get callsAgain(): boolean {
    return this.watchers > 0 && !this.callsFirst;
  }

  /** The oldest ICMP message that was read while no call waited that could fail for it: the next call does. */
  takeOwed(): QueuedError | undefined {
    if (!this.callsFirst || this.#kept.length === 0) return undefined;
    const index = this.#kept.findIndex(isIcmp);
    this.#raised = index < 0 ? undefined : this.#kept.splice(index, 1)[0];
    return this.#raised;
  }

  /** Read what is there; whether an ICMP message that says `errno` was among it. */
  readFault(errno: number): boolean {
    if (!FAULTS.has(errno)) return false;
    let found = false;
    for (let i = 0; i < READ_PER_TURN; i++) {
      const entry = this.next();
      if (entry === null) break;
      found ||= entry.errno === errno && isIcmp(entry);
      this.handOut(entry);
    }
    return found;
  }

  /** Everything that nobody took: what is in the kernel's queue now, and what was kept before. */
  drain(): QueuedError[] {
    this.#errno = 0;
    this.read();
    if (this.#errno !== 0) throw new SocketError(this.#errno, { syscall: 'recvmsg', fd: this.#socket.fd });
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  /**
   * The entry that made a call fail with `errno`: the first in the queue, else the latest kept. What stands behind it in
   * the queue stays there, for the call that fails next.
   */
  takeCause(errno: number, syscall: string): QueuedError | undefined {
    if (!FAULTS.has(errno) || !CALLS.has(syscall)) return undefined;
    const raised = this.#raised;
    this.#raised = undefined;
    if (raised?.errno === errno) return raised;
    for (let i = 0; i < READ_PER_TURN; i++) {
      const entry = this.next();
      if (entry === null) break;
      if (isFault(entry) && entry.errno === errno) return entry;
      this.handOut(entry);
    }
    const index = this.#kept.findLastIndex((entry) => isFault(entry) && entry.errno === errno);
    return index < 0 ? undefined : this.#kept.splice(index, 1)[0];
  }

  handOut(entry: QueuedError): void {
    for (const reader of [...this.#readers]) if (reader.take(entry)) return;
    this.#kept.push(entry);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }

  /** The next entry of the kernel's queue; null when it is empty (or the socket closed). */
  next(): QueuedError | null {
    const socket = this.#socket;
    if (socket.closed) return null;
    const driver = this.#driver;
    const length = driver.recvmsg(socket.handle, [payloadRoom], addressRoom, controlRoom, MSG_ERRQUEUE);
    if (length < 0) {
      // Whoever asks on the way (a call that failed, the readiness loop) has nobody to tell; `drain` has.
      if (length !== -EAGAIN) this.#errno = -length;
      return null;
    }
    const { registers } = driver;
    const control = decodeControl(controlRoom, registers[Register.controlLength] as number);
    const addressLength = registers[Register.addressLength] as number;
    return entryOf(control, decodeSockAddr(addressRoom, addressLength), payloadRoom.slice(0, length));
  }
}

function isIcmp({ origin }: QueuedError): boolean {
  return origin === 'icmp' || origin === 'icmp6';
}

/** Whether an entry says that something went wrong with a packet. */
export function isFault({ origin }: QueuedError): boolean {
  return origin === 'icmp' || origin === 'icmp6' || origin === 'local';
}

const NOTHING: Omit<ExtendedError, 'kind'> = { errno: 0, origin: 0, type: 0, code: 0, info: 0, data: 0 };

function isExtended(message: ControlMessage): message is ControlMessage & ExtendedError {
  return 'origin' in message;
}

function entryOf(control: readonly ControlMessage[], destination: SocketAddress, payload: Uint8Array): QueuedError {
  const { errno, origin, type, code, info, data, offender } = control.find(isExtended) ?? NOTHING;
  const known = destination.family === 'raw' ? undefined : destination;
  const name = ORIGINS[origin] ?? 'unknown';
  return {
    origin: name,
    text: textOf(name, type, code, offender, known, errno === EMSGSIZE ? info : 0),
    errno,
    type,
    code,
    info,
    data,
    ...(errno === EMSGSIZE ? { mtu: info } : {}),
    ...(offender === undefined ? {} : { offender }),
    ...(known === undefined ? {} : { destination: known }),
    payload,
    control,
  };
}

function textOf(
  origin: ErrorOrigin,
  type: number,
  code: number,
  offender: SocketAddress | undefined,
  destination: SocketAddress | undefined,
  mtu: number,
): string {
  const about = destination === undefined ? '' : ` about ${formatSocketAddress(destination)}`;
  const room = mtu === 0 ? '' : `, ${mtu} bytes fit`;
  if (origin === 'icmp' || origin === 'icmp6') {
    const reason = origin === 'icmp' ? icmpv4Reason(type, code) : icmpv6Reason(type, code);
    const from = offender !== undefined && 'address' in offender ? ` from ${offender.address}` : '';
    return `${origin === 'icmp' ? 'ICMP' : 'ICMPv6'} ${reason} (${type}/${code})${from}${about}${room}`;
  }
  return `${origin === 'local' ? 'this host' : origin}${about}${room}`;
}

/**
 * Take everything out of the error queue that is not on its way to somebody else (a zero-copy send, a timed send): ICMP
 * errors when IP_RECVERR or IPV6_RECVERR is on, timestamps and completions of calls made by hand. Oldest first; at most
 * 256 that came earlier are kept.
 *
 * Reading an ICMP error also takes the pending error off the socket: the next call does not fail for it.
 * @throws TypeError for a family that has no error queue
 * @example
 * ```ts
 * import { AF_INET, drainErrorQueue, IP, kernel, SOCK_DGRAM } from 'barewire';
 * using closed = kernel.socket(AF_INET, SOCK_DGRAM);
 * closed.bind('127.0.0.1:0');
 * const target = closed.getsockname();
 * closed.close();
 * using udp = kernel.socket(AF_INET, SOCK_DGRAM);
 * udp.set(IP.RECVERR, true);
 * await udp.sendto('anybody there?', target);
 * await udp.ready('err', { timeoutMs: 1000 });
 * for (const { text, payload } of drainErrorQueue(udp)) console.log(text, payload.length);
 * ```
 */
export function drainErrorQueue(socket: SocketCore): QueuedError[] {
  return ErrorQueue.of(socket).drain();
}
