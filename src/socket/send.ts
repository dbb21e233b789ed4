/**
 * The calls that send: send, sendto, writev, sendmsg and sendmmsg, in their three forms, and `sendAll`, the loop that
 * sends it all. Read send(2); tcp(7) for the send buffer, udp(7) for UDP_SEGMENT.
 */
import type { EncodedSockAddr } from '../addr/sockaddr.ts';
import type { DatagramBatch } from './batch.ts';
import {
  type AddressLike,
  bytesOf,
  type CallOptions,
  deadlineOf,
  ofTheWhole,
  type SyncOptions,
  withTimeLeft,
} from './call-arguments.ts';
import { AF_INET, AF_INET6, IPPROTO_UDP, MSG_NOSIGNAL, POLLOUT, SOCK_DGRAM } from './constants.ts';
import { EAGAIN, EINVAL, EIO, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP } from './errno.ts';
import { type OutgoingMessage, partsOf, sendControl } from './message.ts';
import { ReceivingSocket } from './receive.ts';
import { runLength, sendRun } from './segmentation.ts';
import { checkTimeout, type WaitOptions } from './wait-queue.ts';

/** A device without checksums, a path whose MTU is smaller than a datagram, a kernel before 4.18: not errors of ours. */
const CANNOT_SEGMENT: ReadonlySet<number> = new Set([EIO, EINVAL, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP]);

/** What a socket sends, beside what it receives. @typeParam Type as of `Socket` */
export class SendingSocket<Type extends number = number> extends ReceivingSocket<Type> {
  /** Whether runs of datagrams may go as one message for the kernel to cut. */
  #segments: boolean =
    this.type === SOCK_DGRAM &&
    (this.domain === AF_INET || this.domain === AF_INET6) &&
    (this.protocol === 0 || this.protocol === IPPROTO_UDP);

  /**
   * Hand bytes to the kernel: resolves with how many it took (one system call), which for a stream can be fewer than
   * given: `sendAll` is the loop. SIGPIPE never comes (MSG_NOSIGNAL).
   * @param data borrowed until the promise settles; strings go as UTF-8
   * @throws SocketError EPIPE, ECONNRESET, ENOTCONN, EMSGSIZE; ECONNREFUSED on a connected datagram socket
   */
  send(data: Uint8Array | string, options?: CallOptions): Promise<number> {
    let bytes: Uint8Array;
    try {
      bytes = bytesOf(data, 'data');
    } catch (error) {
      return Promise.reject(error);
    }
    const flags = options?.flags ?? 0;
    if (options === undefined && this.isFree('out')) {
      const count = this.driver.send(this.handle, bytes, 0, bytes.length, MSG_NOSIGNAL);
      if (count !== -EAGAIN) return this.counted(count, 'send');
    }
    return this.callAsync('out', 'send', options, () => this.#sendOnce(bytes, 0, bytes.length, flags) ?? undefined);
  }

  trySend(data: Uint8Array, offset = 0, length: number = data.length - offset, flags = 0): number | null {
    return this.#sendOnce(data, offset, length, flags);
  }

  #sendOnce(data: Uint8Array, offset: number, length: number, flags: number): number | null {
    const count = this.driver.send(this.handle, data, offset, length, flags | MSG_NOSIGNAL);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'send');
  }

  sendSync(data: Uint8Array | string, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    const flags = options?.flags ?? 0;
    return this.callSync('send', POLLOUT, options, () => this.#sendOnce(bytes, 0, bytes.length, flags));
  }

  /**
   * Send all of `data`: as many send calls as it takes. Several at once take their turns, with those of `sendfileAll`, so
   * that their bytes never mix; `send` does not wait for them. The deadline is for the whole. After an error or abort,
   * an unknown part has gone.
   */
  async sendAll(data: Uint8Array | string, options?: CallOptions): Promise<void> {
    const bytes = bytesOf(data, 'data');
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    if (!this.sendTurn.take()) await this.sendTurn.wait('send', options);
    let sent = 0;
    try {
      do sent += await this.send(sent === 0 ? bytes : bytes.subarray(sent), withTimeLeft(options, deadline));
      while (sent < bytes.length);
    } catch (error) {
      throw ofTheWhole(error, 'send', options, this.fd);
    } finally {
      this.sendTurn.give();
    }
  }

  /** As `sendAll`; the deadline is for the whole. Holding the thread, it cannot wait for the turn of an async one. */
  sendAllSync(data: Uint8Array | string, options?: SyncOptions): void {
    const bytes = bytesOf(data, 'data');
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    let sent = 0;
    try {
      do sent += this.sendSync(bytes.subarray(sent), withTimeLeft(options, deadline));
      while (sent < bytes.length);
    } catch (error) {
      throw ofTheWhole(error, 'send', options, this.fd);
    }
  }

  /** Send one datagram to `target`. For the hot path make the target a SockAddr once. */
  sendto(data: Uint8Array | string, target: AddressLike, options?: CallOptions): Promise<number> {
    try {
      const bytes = bytesOf(data, 'data');
      const address = this.encoded(target);
      const flags = options?.flags ?? 0;
      return this.callAsync('out', 'sendto', options, () => this.#sendto(bytes, address, target, flags) ?? undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySendto(data: Uint8Array, target: AddressLike, flags = 0): number | null {
    return this.#sendto(data, this.encoded(target), target, flags);
  }

  sendtoSync(data: Uint8Array | string, target: AddressLike, options?: SyncOptions): number {
    const bytes = bytesOf(data, 'data');
    const address = this.encoded(target);
    return this.callSync('sendto', POLLOUT, options, () => this.#sendto(bytes, address, target, options?.flags ?? 0));
  }

  #sendto(bytes: Uint8Array, address: EncodedSockAddr, target: AddressLike, flags: number): number | null {
    const all = flags | MSG_NOSIGNAL;
    const count = this.driver.sendto(this.handle, bytes, 0, bytes.length, all, address.bytes, address.length);
    return count === -EAGAIN ? null : this.checked(count, 'sendto', target);
  }

  /** Send several buffers as one: writev(2). Raises no SIGPIPE: Node ignores that signal. */
  writev(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.callAsync('out', 'writev', options, () => this.#writevOnce(parts) ?? undefined);
  }

  tryWritev(parts: readonly Uint8Array[]): number | null {
    return this.#writevOnce(parts);
  }

  writevSync(parts: readonly Uint8Array[], options?: SyncOptions): number {
    return this.callSync('writev', POLLOUT, options, () => this.#writevOnce(parts));
  }

  #writevOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.writev(this.handle, parts);
    return count === -EAGAIN ? null : this.checked(count, 'writev');
  }

  /** Send one message with control messages: sendmsg(2). Resolves with how many bytes went. */
  sendmsg(message: OutgoingMessage, options?: WaitOptions): Promise<number> {
    try {
      const attempt = this.#sendmsgAttempt(message);
      return this.callAsync('out', 'sendmsg', options, () => attempt() ?? undefined);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  trySendmsg(message: OutgoingMessage): number | null {
    return this.#sendmsgAttempt(message)();
  }

  sendmsgSync(message: OutgoingMessage, options?: SyncOptions): number {
    return this.callSync('sendmsg', POLLOUT, options, this.#sendmsgAttempt(message));
  }

  #sendmsgAttempt({ data, to, control, flags = 0 }: OutgoingMessage): () => number | null {
    const parts = partsOf(data);
    const address = to === undefined ? null : this.encoded(to);
    const controlBytes = sendControl(control);
    return () => {
      const count = this.driver.sendmsg(
        this.handle,
        parts,
        address?.bytes ?? null,
        address?.length ?? 0,
        controlBytes,
        controlBytes?.length ?? 0,
        flags | MSG_NOSIGNAL,
      );
      return count === -EAGAIN ? null : this.checked(count, 'sendmsg', to);
    };
  }

  /** Send datagrams `first` … `first + count - 1` of the batch in one system call; resolves with how many went. */
  sendBatch(batch: DatagramBatch, first: number, count: number, options?: CallOptions): Promise<number> {
    return this.callAsync(
      'out',
      'sendmmsg',
      options,
      () => this.#sendBatchOnce(batch, first, count, options?.flags ?? 0) ?? undefined,
    );
  }

  trySendBatch(batch: DatagramBatch, first: number, count: number, flags = 0): number | null {
    return this.#sendBatchOnce(batch, first, count, flags);
  }

  sendBatchSync(batch: DatagramBatch, first: number, count: number, options?: SyncOptions): number {
    const flags = options?.flags ?? 0;
    return this.callSync('sendmmsg', POLLOUT, options, () => this.#sendBatchOnce(batch, first, count, flags));
  }

  #sendBatchOnce(batch: DatagramBatch, first: number, count: number, flags: number): number | null {
    const sent = this.#sendRun(batch, first, count, flags) ?? this.#sendmmsg(batch, first, count, flags);
    if (sent >= 0) return sent;
    if (sent === -EAGAIN) return null;
    throw this.failure(-sent, 'sendmmsg');
  }

  #sendmmsg(batch: DatagramBatch, first: number, count: number, flags: number): number {
    return this.driver.sendmmsg(
      this.handle,
      batch.slab,
      batch.stride,
      first,
      count,
      batch.lengths,
      batch.addresses,
      batch.addressLengths,
      flags | MSG_NOSIGNAL,
      batch.controls,
      batch.controlStride,
      batch.controlLengths,
    );
  }

  /** The datagrams at the beginning of the range as few messages; undefined: send them one by one. */
  #sendRun(batch: DatagramBatch, first: number, count: number, flags: number): number | undefined {
    if (!this.#segments || !batch.segmentation || count < 2) return undefined;
    const run = runLength(batch, first, count);
    if (run < 2) return undefined;
    const sent = sendRun(this.driver, this.handle, batch, first, run, flags);
    if (!CANNOT_SEGMENT.has(-sent)) return sent;
    this.#segments = false;
    return undefined;
  }
}
