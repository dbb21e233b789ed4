/**
 * The calls that receive: recv, recvfrom, readv, recvmsg and recvmmsg, in their three forms, and how each of them tells
 * the end. Read recv(2), and udp(7) and unix(7) for what a datagram's length means.
 */
import { decodeSockAddr, type SocketAddress } from '../addr/sockaddr.ts';
import type { DatagramBatch } from './batch.ts';
import { type CallOptions, checkBuffer, checkSize, type SyncOptions } from './call-arguments.ts';
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLRDHUP,
  SOCK_STREAM,
} from './constants.ts';
import { EAGAIN } from './errno.ts';
import { SocketError } from './error.ts';
import { filled, Message, type MessageOptions, type MessageRoom, receiveControl, roomOf } from './message.ts';
import { SocketCore, scratch } from './socket-core.ts';
import { Register } from './system-calls.ts';
import type { WaitOptions } from './wait-queue.ts';

/** One datagram with its sender. */
export interface Received {
  /** The bytes: a view into the buffer that the caller gave, or owned. */
  readonly data: Uint8Array;
  readonly address: SocketAddress;
  /** The datagram's real length; more than `data.length` when it did not fit. */
  readonly length: number;
  readonly truncated: boolean;
}

/** One try after the other of a receiving call, and what it has got when it is given up. */
interface Receiver {
  readonly attempt: () => number | null;
  readonly partial?: () => number | undefined;
}

/** What a socket receives. @typeParam Type as of `Socket` */
export class ReceivingSocket<Type extends number = number> extends SocketCore<Type> {
  /** `shutdown('rd')` of a socket that is no stream. */
  protected isReadShut = false;
  /** Came after bytes of a MSG_WAITALL call: the kernel tells it once, so it is kept for the next call. */
  #late: SocketError | undefined;

  /**
   * What a call that waits says where the kernel says EAGAIN: null to go on waiting. Behind shutdown(2) Linux tells a
   * blocking reader of datagrams 0 and a non-blocking one EAGAIN (__skb_wait_for_more_packets), and every descriptor
   * here is non-blocking. A call that may not wait has EAGAIN.
   */
  #atEnd<T>(options: CallOptions | SyncOptions | undefined, end: () => T): T | null {
    if (!this.isReadShut || options?.timeoutMs === 0) return null;
    return ((options?.flags ?? 0) & (MSG_ERRQUEUE | MSG_DONTWAIT)) === 0 ? end() : null;
  }

  /**
   * Receive into `buffer`, or into fresh memory of `size` bytes.
   * @returns the count of bytes, or the bytes; 0 (or none) at the end of a stream
   * @throws SocketError ECONNRESET, ENOTCONN, ETIMEDOUT; ECONNREFUSED on a connected datagram socket
   */
  recv(buffer: Uint8Array, options?: CallOptions): Promise<number>;
  recv(size: number, options?: CallOptions): Promise<Uint8Array>;
  recv(target: Uint8Array | number, options?: CallOptions): Promise<number | Uint8Array> {
    if (typeof target === 'number') {
      return this.#recvSize(target, options);
    }
    // Whatever is no buffer goes the long way, where its error rejects.
    if (options === undefined && this.isFree('in') && this.#late === undefined && ArrayBuffer.isView(target)) {
      const count = this.driver.recv(this.handle, target, 0, target.length, 0);
      if (count !== -EAGAIN) return this.counted(count, 'recv');
    }
    try {
      const { attempt, partial } = this.#receiver(target, options);
      return this.callAsync('in', 'recv', options, () => attempt() ?? undefined, partial);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #recvSize(size: number, options: CallOptions | undefined): Promise<Uint8Array> {
    const buffer = new Uint8Array(checkSize(size));
    return buffer.subarray(0, await this.recv(buffer, options));
  }

  /** @returns the count, 0 at the end of a stream, null: nothing there now */
  tryRecv(buffer: Uint8Array, offset = 0, length: number = buffer.length - offset, flags = 0): number | null {
    return this.#recvOnce(buffer, offset, length, flags);
  }

  #recvOnce(buffer: Uint8Array, offset: number, length: number, flags: number): number | null {
    if (this.#late !== undefined) throw this.#takeLate(this.#late);
    const count = this.driver.recv(this.handle, buffer, offset, length, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'recv');
  }

  #takeLate(late: SocketError): SocketError {
    this.#late = undefined;
    return late;
  }

  /**
   * One attempt after the other of a call that waits. A descriptor is non-blocking, and the kernel heeds MSG_WAITALL on
   * blocking ones only: here the same is made of several calls.
   */
  #receiver(buffer: Uint8Array, options: CallOptions | SyncOptions | undefined): Receiver {
    checkBuffer(buffer);
    const flags = options?.flags ?? 0;
    if ((flags & MSG_WAITALL) === 0 || this.type !== SOCK_STREAM || buffer.length === 0) {
      return { attempt: () => this.#recvOnce(buffer, 0, buffer.length, flags) ?? this.#atEnd(options, zero) };
    }
    return (flags & MSG_PEEK) === 0 ? this.#fill(buffer, flags) : { attempt: this.#peekAll(buffer, flags) };
  }

  #fill(buffer: Uint8Array, flags: number): Receiver {
    let got = 0;
    const attempt = (): number | null => {
      while (got < buffer.length) {
        let count: number | null;
        try {
          count = this.#recvOnce(buffer, got, buffer.length - got, flags);
        } catch (error) {
          // What has come is told first, the error with the next call, as recv(2) does.
          if (got === 0 || !(error instanceof SocketError)) throw error;
          this.#late = error;
          return got;
        }
        if (count === null) return null;
        if (count === 0) return got;
        got += count;
      }
      return got;
    };
    // recv(2) with SO_RCVTIMEO or interrupted by a signal: what has come so far is its result.
    return { attempt, partial: () => (got === 0 ? undefined : got) };
  }

  #peekAll(buffer: Uint8Array, flags: number): () => number | null {
    return () => {
      const count = this.#recvOnce(buffer, 0, buffer.length, flags);
      if (count === null || count === buffer.length) return count;
      const bits = this.checked(this.driver.poll(this.handle, POLLRDHUP, 0), 'poll');
      return (bits & (POLLRDHUP | POLLHUP | POLLERR)) === 0 ? null : count;
    };
  }

  recvSync(buffer: Uint8Array, options?: SyncOptions): number;
  recvSync(size: number, options?: SyncOptions): Uint8Array;
  recvSync(target: Uint8Array | number, options?: SyncOptions): number | Uint8Array {
    if (typeof target === 'number') {
      const buffer = new Uint8Array(checkSize(target));
      return buffer.subarray(0, this.recvSync(buffer, options));
    }
    const { attempt, partial } = this.#receiver(target, options);
    return this.callSync('recv', POLLIN, options, attempt, partial);
  }

  /** Receive one datagram with its sender. Given a size, `data` is owned; given a buffer, `data` is a view into it. */
  recvfrom(target: Uint8Array | number, options?: CallOptions): Promise<Received> {
    if (typeof target === 'number') return this.#recvfromSize(target, options);
    return this.callAsync('in', 'recvfrom', options, () => this.#recvfromLast(target, options) ?? undefined);
  }

  async #recvfromSize(size: number, options: CallOptions | undefined): Promise<Received> {
    return this.recvfrom(new Uint8Array(checkSize(size)), options);
  }

  tryRecvfrom(buffer: Uint8Array, flags = 0): Received | null {
    return this.#recvfromOnce(buffer, flags);
  }

  #recvfromOnce(buffer: Uint8Array, flags: number): Received | null {
    checkBuffer(buffer);
    // MSG_TRUNC makes the kernel tell a datagram's real length; on a TCP stream it would throw the data away (tcp(7)).
    const all = this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC;
    const length = this.driver.recvfrom(this.handle, buffer, 0, buffer.length, all, scratch);
    if (length === -EAGAIN) return null;
    this.checked(length, 'recvfrom');
    const address = decodeSockAddr(scratch, this.driver.registers[0] as number);
    const data = buffer.subarray(0, Math.min(length, buffer.length));
    return { data, address, length, truncated: length > buffer.length };
  }

  recvfromSync(target: Uint8Array | number, options?: SyncOptions): Received {
    const buffer = typeof target === 'number' ? new Uint8Array(checkSize(target)) : target;
    return this.callSync('recvfrom', POLLIN, options, () => this.#recvfromLast(buffer, options));
  }

  #recvfromLast(buffer: Uint8Array, options: CallOptions | SyncOptions | undefined): Received | null {
    return this.#recvfromOnce(buffer, options?.flags ?? 0) ?? this.#atEnd(options, () => endOf(buffer));
  }

  /** Fill several buffers in order: readv(2). */
  readv(parts: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    return this.callAsync('in', 'readv', options, () => this.#readvLast(parts, options) ?? undefined);
  }

  tryReadv(parts: readonly Uint8Array[]): number | null {
    return this.#readvOnce(parts);
  }

  readvSync(parts: readonly Uint8Array[], options?: SyncOptions): number {
    return this.callSync('readv', POLLIN, options, () => this.#readvLast(parts, options));
  }

  #readvLast(parts: readonly Uint8Array[], options: WaitOptions | undefined): number | null {
    return this.#readvOnce(parts) ?? this.#atEnd(options, zero);
  }

  #readvOnce(parts: readonly Uint8Array[]): number | null {
    const count = this.driver.readv(this.handle, parts);
    return count === -EAGAIN ? null : this.checked(count, 'readv');
  }

  /** Receive up to `batch.capacity` datagrams in one system call; resolves as soon as there is one. */
  recvBatch(batch: DatagramBatch, options?: CallOptions): Promise<number> {
    if (options === undefined && this.isFree('in')) {
      const count = this.#recvmmsg(batch, 0);
      if (count !== -EAGAIN) return this.counted(count, 'recvmmsg');
    }
    return this.callAsync('in', 'recvmmsg', options, () => this.#recvBatchLast(batch, options) ?? undefined);
  }

  tryRecvBatch(batch: DatagramBatch, flags = 0): number | null {
    return this.#recvBatchOnce(batch, flags);
  }

  recvBatchSync(batch: DatagramBatch, options?: SyncOptions): number {
    return this.callSync('recvmmsg', POLLIN, options, () => this.#recvBatchLast(batch, options));
  }

  #recvBatchLast(batch: DatagramBatch, options: CallOptions | SyncOptions | undefined): number | null {
    return this.#recvBatchOnce(batch, options?.flags ?? 0) ?? this.#atEnd(options, zero);
  }

  #recvBatchOnce(batch: DatagramBatch, flags: number): number | null {
    const count = this.#recvmmsg(batch, flags);
    if (count >= 0) return count;
    if (count === -EAGAIN) return null;
    throw this.failure(-count, 'recvmmsg');
  }

  #recvmmsg(batch: DatagramBatch, flags: number): number {
    // As in recvfrom: on a TCP stream MSG_TRUNC throws the data away.
    const whole = this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC;
    const isUnix = this.domain === AF_UNIX;
    // Descriptors that nobody asked for would stay open: without room for them the kernel closes them (unix(7)).
    const controls = isUnix && !batch.wantsControl ? null : batch.controls;
    if (controls === null) batch.controlLengths.fill(0);
    return this.driver.recvmmsg(
      this.handle,
      batch.slab,
      batch.stride,
      batch.capacity,
      batch.lengths,
      batch.messageFlags,
      batch.addresses,
      batch.addressLengths,
      isUnix ? whole | MSG_CMSG_CLOEXEC : whole,
      controls,
      batch.controlStride,
      batch.controlLengths,
    );
  }

  /**
   * Receive one message with its control messages and flags: recvmsg(2).
   * @example
   * ```ts
   * import { AF_UNIX, kernel, SOCK_DGRAM } from 'barewire';
   * const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
   * await a.sendmsg({ data: 'a socket', control: [{ kind: 'rights', fds: [a] }] });
   * const message = await b.recvmsg({ size: 100 });
   * const rights = message.controlOf('rights');
   * using copy = kernel.adopt(rights!.fds[0]!);
   * console.log(new TextDecoder().decode(message.data), copy.type === SOCK_DGRAM); // a socket true
   * a.close();
   * b.close();
   * ```
   * @throws SocketError as `recv`
   */
  recvmsg(options?: MessageOptions): Promise<Message> {
    try {
      const { buffers, control } = roomOf(options);
      const attempt = (): Message | undefined => this.#recvmsgLast(buffers, control, options) ?? undefined;
      return this.callAsync('in', 'recvmsg', options, attempt);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @returns null: nothing there now; with MSG_ERRQUEUE: the error queue is empty */
  tryRecvmsg(options?: MessageRoom): Message | null {
    const { buffers, control } = roomOf(options);
    return this.#recvmsgOnce(buffers, control, options?.flags ?? 0);
  }

  recvmsgSync(options?: MessageRoom & SyncOptions): Message {
    const { buffers, control } = roomOf(options);
    return this.callSync('recvmsg', POLLIN, options, () => this.#recvmsgLast(buffers, control, options));
  }

  #recvmsgLast(
    buffers: readonly Uint8Array[],
    control: Uint8Array | null,
    options: CallOptions | SyncOptions | undefined,
  ): Message | null {
    const nothing = (): Message => new Message([], 0, undefined, [], 0);
    return this.#recvmsgOnce(buffers, control, options?.flags ?? 0) ?? this.#atEnd(options, nothing);
  }

  #recvmsgOnce(buffers: readonly Uint8Array[], control: Uint8Array | null, flags: number): Message | null {
    // Descriptors that arrive must not leak into child processes; packet sockets refuse the flag (EINVAL).
    const whole = this.type === SOCK_STREAM ? flags : flags | MSG_TRUNC;
    const all = this.domain === AF_UNIX ? whole | MSG_CMSG_CLOEXEC : whole;
    const length = this.driver.recvmsg(this.handle, buffers, scratch, control, all);
    if (length === -EAGAIN) return null;
    this.checked(length, 'recvmsg');
    const { registers } = this.driver;
    const addressLength = registers[Register.addressLength] as number;
    const messageFlags = registers[Register.messageFlags] as number;
    const controlLength = registers[Register.controlLength] as number;
    // Taken over before anything can fail: descriptors that came are ours from now on.
    const received = control === null ? [] : receiveControl(this.driver, control, controlLength);
    const address = addressLength === 0 ? undefined : decodeSockAddr(scratch, addressLength);
    return new Message(filled(buffers, length), length, address, received, messageFlags);
  }
}

const zero = (): number => 0;

/** What recvfrom says behind the end: no bytes, from nobody. */
function endOf(buffer: Uint8Array): Received {
  return { data: buffer.subarray(0, 0), address: decodeSockAddr(scratch, 0), length: 0, truncated: false };
}
