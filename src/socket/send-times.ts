/**
 * When a send really went: transmit timestamps of the kernel (Documentation/networking/timestamping, SO_TIMESTAMPING
 * with SOF_TIMESTAMPING_OPT_ID), matched to the call that they belong to.
 */
import { readHostU32, readHostU64 } from '../core/bytes.ts';
import { IPPROTO_TCP, MSG_EOR, SOCK_STREAM, SOL_SOCKET } from './constants.ts';
import type { ControlMessage } from './control/index.ts';
import { EBADF, ECANCELED } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { ErrorQueue, type QueuedError } from './error-queue.ts';
import { later, type Outcome } from './outcome.ts';
import type { AddressLike, Socket } from './socket.ts';
import { checkTimeout, type WaitOptions } from './wait-queue.ts';

const SO_TIMESTAMPING = 37;

/** SOF_TIMESTAMPING_*: what is asked of each message … */
const TX_SOFTWARE = 1 << 1;
const TX_SCHED = 1 << 8;
const TX_ACK = 1 << 9;
/** … and of the socket. */
const SOFTWARE = 1 << 4;
const OPT_ID = 1 << 7;
const OPT_TSONLY = 1 << 11;
/** Ids of a stream count from the byte that is written next, not from the first one unacknowledged (Linux 6.2). */
const OPT_ID_TCP = 1 << 16;

/** SCM_TSTAMP_*: which time a report is. */
const SND = 0;
const SCHED = 1;
const ACK = 2;

const TCP_INFO = 11;
const TCP_INFO_ROOM = 256;
const U32_BITS = 32;
const MOST_PENDING = 8192;
/**
 * Sends after which the queue is read without waiting for a wake: reports count against SO_RCVBUF, and those that find no
 * room are dropped.
 */
const READ_AFTER = 32;

/** Nanoseconds of CLOCK_REALTIME. */
export interface SendTimes {
  /** Bytes that the one system call took. */
  readonly bytes: number;
  /** The last of them entered the packet scheduler. */
  readonly queuedNs: bigint;
  /** It was handed to the network card's driver. */
  readonly sentNs: bigint;
  /** TCP: the peer's TCP acknowledged it. */
  readonly ackedNs?: bigint;
}

export interface SendTimedOptions extends WaitOptions {
  /** Where to; left out on a connected socket. */
  readonly to?: AddressLike | undefined;
  /** MSG_* bits. */
  readonly flags?: number | undefined;
  readonly control?: readonly ControlMessage[] | undefined;
  /** TCP: resolve when the bytes are `sent`, or when they are `acked`. `acked` when left out. */
  readonly until?: 'sent' | 'acked' | undefined;
}

interface Pending {
  readonly bytes: number;
  readonly wantsAck: boolean;
  readonly outcome: Outcome<SendTimes>;
  queuedNs: bigint | undefined;
  sentNs: bigint | undefined;
  ackedNs: bigint | undefined;
}

const senders = new WeakMap<Socket, TimedSender>();

/**
 * Send once, as `send` or `sendto`, and resolve with the times at which it happened. A message that the kernel drops on
 * its way out is never reported: give a `timeoutMs`.
 *
 * Uses SO_TIMESTAMPING of this socket: what the program has set there stays on, its own ids start anew. Works for UDP,
 * raw, packet and TCP sockets, the latter from Linux 6.2.
 * @param data borrowed until it is sent; not empty on a stream
 * @throws SocketError as `send`; EINVAL of setsockopt(2) for TCP before Linux 6.2 or unconnected; ECANCELED when closed
 * meanwhile
 * @example
 * ```ts
 * import { AF_INET, kernel, SOCK_DGRAM, sendTimed } from 'barewire';
 * using receiver = kernel.socket(AF_INET, SOCK_DGRAM);
 * receiver.bind('127.0.0.1:0');
 * using udp = kernel.socket(AF_INET, SOCK_DGRAM);
 * const { queuedNs, sentNs } = await sendTimed(udp, 'tick', { to: receiver.getsockname(), timeoutMs: 1000 });
 * console.log(`${sentNs - queuedNs} ns in the packet scheduler`);
 * ```
 */
export function sendTimed(socket: Socket, data: Uint8Array | string, options?: SendTimedOptions): Promise<SendTimes> {
  try {
    checkTimeout(options?.timeoutMs);
    if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
    if (socket.closed) throw new SocketError(EBADF, { syscall: 'sendmsg' });
    if (data.length === 0 && socket.type === SOCK_STREAM) {
      throw new RangeError('data: expected at least one byte on a stream, got 0');
    }
    let sender = senders.get(socket);
    if (sender === undefined) {
      sender = new TimedSender(socket);
      senders.set(socket, sender);
    }
    return sender.send(data, options ?? {});
  } catch (error) {
    return Promise.reject(error);
  }
}

class TimedSender {
  readonly #socket: Socket;
  readonly #queue: ErrorQueue;
  readonly #isTcp: boolean;
  readonly #byId = new Map<number, Pending>();
  /** TCP: bytes written when ids began to count; else the number of timed sends so far. */
  readonly #base: bigint;
  #count = 0;
  #sent = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#isTcp = socket.type === SOCK_STREAM;
    this.#queue = ErrorQueue.of(socket);
    const flags = readHostU32(socket.getsockopt(SOL_SOCKET, SO_TIMESTAMPING), 0);
    // Off and on again: ids count from 0 when the option goes on.
    if ((flags & OPT_ID) !== 0) socket.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags & ~(OPT_ID | OPT_ID_TCP));
    const ids = this.#isTcp ? OPT_ID | OPT_ID_TCP : OPT_ID;
    socket.setsockopt(SOL_SOCKET, SO_TIMESTAMPING, flags | SOFTWARE | OPT_TSONLY | ids);
    this.#base = this.#isTcp ? this.#written() : 0n;
    this.#queue.subscribe({
      take: (entry) => this.#take(entry),
      closed: () => this.#failAll(),
    });
  }

  send(data: Uint8Array | string, options: SendTimedOptions): Promise<SendTimes> {
    return later(this.#socket, 'sendmsg', options, (outcome) => {
      this.#sendOnce(data, options, outcome).catch((error: unknown) => outcome.failed(error));
    });
  }

  async #sendOnce(
    data: Uint8Array | string,
    { to, flags = 0, control = [], until = 'acked' }: SendTimedOptions,
    outcome: Outcome<SendTimes>,
  ): Promise<void> {
    const wantsAck = this.#isTcp && until === 'acked';
    const wanted = TX_SCHED | TX_SOFTWARE | (wantsAck ? TX_ACK : 0);
    const message = {
      data,
      to,
      // The end of a record keeps TCP from adding later bytes to the segment, whose time would then be theirs.
      flags: this.#isTcp ? flags | MSG_EOR : flags,
      control: [...control, { kind: 'timestamping-request', flags: wanted } as const],
    };
    let bytes = this.#socket.trySendmsg(message);
    while (bytes === null) {
      await this.#socket.ready('out', { signal: outcome.signal });
      bytes = this.#socket.trySendmsg(message);
    }
    const none = { queuedNs: undefined, sentNs: undefined, ackedNs: undefined };
    this.#byId.set(this.#nextId(), { bytes, wantsAck, outcome, ...none });
    this.#forgetOldest();
    if (++this.#sent % READ_AFTER === 0) this.#queue.read();
  }

  /** Calls that were given up stay until their reports have come, which may be never. */
  #forgetOldest(): void {
    if (this.#byId.size <= MOST_PENDING) return;
    for (const [id, { outcome }] of this.#byId) {
      if (outcome.ended) this.#byId.delete(id);
      if (this.#byId.size <= MOST_PENDING / 2) return;
    }
  }

  /** The kernel's id of the message that has just been sent. */
  #nextId(): number {
    // A stream's id is the place of the message's last byte. Others write to the stream too, so the kernel is asked.
    if (this.#isTcp) return Number(BigInt.asUintN(U32_BITS, this.#written() - this.#base - 1n));
    return this.#count++ >>> 0;
  }

  /** Bytes written to the stream since it began: tcpi_bytes_sent - tcpi_bytes_retrans + tcpi_notsent_bytes. */
  #written(): bigint {
    const { driver, handle, fd } = this.#socket;
    const info = new Uint8Array(TCP_INFO_ROOM);
    // Our own question, not the program's: past the socket, so that a trace does not show it.
    const length = driver.getsockopt(handle, IPPROTO_TCP, TCP_INFO, info, TCP_INFO_ROOM);
    if (length < 0) throw new SocketError(-length, { syscall: 'getsockopt', fd, option: 'TCP_INFO' });
    return readHostU64(info, 200) - readHostU64(info, 208) + BigInt(readHostU32(info, 144));
  }

  #take({ origin, info, data, control }: QueuedError): boolean {
    if (origin !== 'timestamp') return false;
    const times = control.find((message) => message.kind === 'timestamping');
    const pending = this.#byId.get(data);
    if (times === undefined || pending === undefined) return false;
    const ns = times.softwareNs === 0n ? times.hardwareNs : times.softwareNs;
    // A retransmission reports again: the first time is the one that was asked for.
    if (info === SCHED) pending.queuedNs ??= ns;
    else if (info === SND) pending.sentNs ??= ns;
    else if (info === ACK) pending.ackedNs ??= ns;
    if (isComplete(pending)) this.#byId.delete(data);
    return true;
  }

  #failAll(): void {
    for (const { outcome } of [...this.#byId.values()])
      outcome.failed(new SocketError(ECANCELED, { syscall: 'sendmsg' }));
  }
}

/** Settles the call when all has been reported that it waits for. */
function isComplete({ bytes, wantsAck, queuedNs, sentNs, ackedNs, outcome }: Pending): boolean {
  if (queuedNs === undefined || sentNs === undefined || (wantsAck && ackedNs === undefined)) return false;
  outcome.done(ackedNs === undefined ? { bytes, queuedNs, sentNs } : { bytes, queuedNs, sentNs, ackedNs });
  return true;
}
