/**
 * Sending without copying (Documentation/networking/msg_zerocopy): the kernel sends from the program's own memory and
 * says on the error queue when it has let go. Over loopback the kernel copies after all and says so; on virtual links a
 * plain `send` of up to 60 KB was faster. What it is for is a network card that takes large pages as they are.
 */
import { MSG_ZEROCOPY, SOCK_STREAM, SOL_SOCKET } from './constants.ts';
import { SO_EE_CODE_ZEROCOPY_COPIED } from './control/index.ts';
import { EBADF, ECANCELED } from './errno.ts';
import { AbortError, SocketError } from './error.ts';
import { ErrorQueue, type QueuedError } from './error-queue.ts';
import { later, type Outcome } from './outcome.ts';
import type { AddressLike, Socket } from './socket.ts';
import { checkTimeout, type WaitOptions } from './wait-queue.ts';

const SO_ZEROCOPY = 60;
const U32 = 2 ** 32;
/** Bytes of one call on a stream: the kernel counts them all against RLIMIT_MEMLOCK before it takes any. */
const MOST_PER_CALL = 1 << 20;

export interface ZeroCopyOptions extends WaitOptions {
  /** Where to; left out on a connected socket. */
  readonly to?: AddressLike | undefined;
  /** MSG_* bits beside MSG_ZEROCOPY. */
  readonly flags?: number | undefined;
}

export interface ZeroCopyResult {
  /** Bytes sent: all of them on a stream, one datagram otherwise. */
  readonly bytes: number;
  /** The kernel copied after all (loopback, a card without scatter-gather): this path does not gain by it. */
  readonly copied: boolean;
}

/** One call, as long as the kernel may read its memory. */
interface Pending {
  /** Held so that the memory lives. */
  readonly data: Uint8Array;
  readonly options: ZeroCopyOptions;
  /** Bytes handed to the kernel so far. */
  sent: number;
  /** Whether all of it has been. */
  handedOver: boolean;
  /** Completions that are still to come. */
  left: number;
  copied: boolean;
  readonly outcome: Outcome<ZeroCopyResult>;
}

function finish({ outcome, sent, copied }: Pending): void {
  outcome.done({ bytes: sent, copied });
}

const senders = new WeakMap<Socket, ZeroCopySender>();

/**
 * Send `data` without copying it, and resolve when the kernel has let go of the memory: until then it must not be
 * changed, moved to another thread or resized. On a stream all of it is sent, in order with other calls of this function
 * (not with `send`, if both wait).
 *
 * The kernel numbers these sends: on one socket let either this function or the program's own MSG_ZEROCOPY calls do all
 * of them. Where the kernel may pin no more memory (ENOBUFS: RLIMIT_MEMLOCK, net.core.optmem_max) the call waits for an
 * earlier one's completion; when there is none to wait for, it sends as `send` does, and says `copied`.
 *
 * A call that is aborted, or ended by its deadline or by `close`, rejects while the kernel may still read the memory:
 * leave it unchanged then.
 * @param data borrowed until the promise settles
 * @throws SocketError as `send`; ENOTSUP for a family or protocol without it; ECANCELED when closed meanwhile
 * @example
 * ```ts
 * import { AF_INET, kernel, SOCK_STREAM, sendZeroCopy } from 'barewire';
 * using listener = kernel.socket(AF_INET, SOCK_STREAM);
 * listener.bind('127.0.0.1:0');
 * listener.listen();
 * using client = kernel.socket(AF_INET, SOCK_STREAM);
 * await client.connect(listener.getsockname());
 * using server = await listener.accept();
 * const [{ bytes, copied }] = await Promise.all([sendZeroCopy(client, new Uint8Array(65_536)), server.recv(65_536)]);
 * console.log(bytes, copied); // 65536 true: over loopback the kernel copies
 * ```
 */
export function sendZeroCopy(socket: Socket, data: Uint8Array, options?: ZeroCopyOptions): Promise<ZeroCopyResult> {
  try {
    if (!(data instanceof Uint8Array)) throw new TypeError(`data: expected a Uint8Array, got ${typeof data}`);
    checkTimeout(options?.timeoutMs);
    if (options?.signal?.aborted === true) throw new AbortError(options.signal.reason);
    if (socket.closed) throw new SocketError(EBADF, { syscall: 'sendmsg' });
    let sender = senders.get(socket);
    if (sender === undefined) {
      sender = new ZeroCopySender(socket);
      senders.set(socket, sender);
    }
    return sender.send(data, options ?? {});
  } catch (error) {
    return Promise.reject(error);
  }
}

class ZeroCopySender {
  readonly #socket: Socket;
  readonly #queue: ErrorQueue;
  /** By the kernel's number: one for each system call that took something. */
  readonly #byId = new Map<number, Pending>();
  #nextId = 0;
  /** Calls whose data has not been handed over yet: one after the other, as the kernel numbers them. */
  readonly #line: Pending[] = [];
  #moving = false;
  /** Called at the next completion, by a send that found no room for another note. */
  #onRoom: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#queue = ErrorQueue.of(socket);
    socket.setsockopt(SOL_SOCKET, SO_ZEROCOPY, 1);
    this.#queue.subscribe({
      take: (entry) => this.#take(entry),
      closed: () => this.#failAll(new SocketError(ECANCELED, { syscall: 'sendmsg' })),
    });
  }

  send(data: Uint8Array, options: ZeroCopyOptions): Promise<ZeroCopyResult> {
    return later(this.#socket, 'sendmsg', options, (outcome) => {
      this.#line.push({ data, options, outcome, sent: 0, handedOver: false, left: 0, copied: false });
      if (!this.#moving) void this.#move();
    });
  }

  /** Hand over what waits in line, until the line is empty. The first steps are taken at once. */
  async #move(): Promise<void> {
    this.#moving = true;
    for (let head = this.#line[0]; head !== undefined; head = this.#line[0]) {
      try {
        const wait = this.#handOver(head);
        // Whoever waits wakes up when the call has ended meanwhile, too: then it is skipped.
        if (wait === undefined) this.#line.shift();
        else await wait;
      } catch (error) {
        head.outcome.failed(error);
        this.#line.shift();
      }
    }
    this.#moving = false;
  }

  /** All of a stream's data, or one datagram. Undefined when there is nothing more to do for it; else what to wait for. */
  #handOver(pending: Pending): Promise<void> | undefined {
    const { data, options, outcome } = pending;
    while (!outcome.ended && !pending.handedOver) {
      const isStream = this.#socket.type === SOCK_STREAM;
      const piece = isStream ? data.subarray(pending.sent, pending.sent + MOST_PER_CALL) : data;
      const count = this.#sendOnce(pending, piece, options);
      if (count === 'blocked') return this.#socket.ready('out', { signal: outcome.signal });
      if (count === 'no room') return this.#room(outcome);
      pending.sent += count;
      pending.handedOver = pending.sent === data.length || !isStream;
      if (pending.handedOver && pending.left === 0) finish(pending);
    }
    return undefined;
  }

  #sendOnce(pending: Pending, data: Uint8Array, { to, flags = 0 }: ZeroCopyOptions): number | 'blocked' | 'no room' {
    if (this.#socket.closed) throw new SocketError(ECANCELED, { syscall: 'sendmsg' });
    let count: number | null;
    try {
      count = this.#socket.trySendmsg({ data, to, flags: flags | MSG_ZEROCOPY });
      // The kernel numbers a send only when it took something to keep.
      if (count !== null && count > 0) this.#register(pending);
    } catch (error) {
      if (!(error instanceof SocketError && error.code === 'ENOBUFS')) throw error;
      if (this.#byId.size > 0) return 'no room';
      count = this.#socket.trySendmsg({ data, to, flags });
      pending.copied = true;
    }
    return count ?? 'blocked';
  }

  #register(pending: Pending): void {
    pending.left++;
    this.#byId.set(this.#nextId, pending);
    this.#nextId = (this.#nextId + 1) % U32;
  }

  /** Resolves at the next completion. */
  #room({ signal }: Outcome<ZeroCopyResult>): Promise<void> {
    return new Promise((resolve) => {
      this.#onRoom = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
      // What is on the queue already would wake nobody any more.
      this.#queue.read();
    });
  }

  #take({ origin, code, info, data }: QueuedError): boolean {
    if (origin !== 'zero-copy') return false;
    // One note may stand for a range of sends; it wraps around with the number.
    for (let id = info; ; id = (id + 1) % U32) {
      this.#complete(id, code === SO_EE_CODE_ZEROCOPY_COPIED);
      if (id === data) break;
    }
    this.#onRoom?.();
    this.#onRoom = undefined;
    return true;
  }

  #complete(id: number, copied: boolean): void {
    const pending = this.#byId.get(id);
    if (pending === undefined) return;
    this.#byId.delete(id);
    pending.left--;
    if (copied) pending.copied = true;
    if (pending.left === 0 && pending.handedOver) finish(pending);
  }

  #failAll(error: SocketError): void {
    const all = new Set([...this.#byId.values(), ...this.#line]);
    this.#byId.clear();
    for (const pending of all) pending.outcome.failed(error);
  }
}
