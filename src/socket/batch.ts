/** Many datagrams in one crossing: the memory that recvmmsg(2) fills and sendmmsg(2) reads. */
import { decodeSockAddr, encodeSockAddr, type SocketAddress } from '../addr/sockaddr.ts';
import { readHostU16, readHostU32 } from '../core/bytes.ts';
import { IPPROTO_UDP, MSG_TRUNC } from './constants.ts';

/** Room for one `sockaddr_storage`. */
export const ADDRESS_ROOM = 128;

/** Room for the one control message that every batch must understand: the segment size of UDP_GRO, with its header. */
const LEAST_CONTROL = 24;
/** sizeof(struct cmsghdr): length, level, type. */
const CMSG_HEADER = 16;
const UDP_GRO = 104;

export interface BatchOptions {
  /**
   * Bytes of room for the control messages of each datagram; at least 24, which hold the segment size of UDP_GRO. An
   * AF_UNIX socket receives them only when it is given: descriptors in them (SCM_RIGHTS) are then yours to close.
   */
  readonly controlSize?: number | undefined;
  /**
   * Let `sendBatch` hand a run of datagrams of one size for one peer to the kernel as one (UDP_SEGMENT, udp(7)); what is
   * sent is the same. On when left out.
   */
  readonly segmentation?: boolean | undefined;
}

/**
 * A slab of `capacity` datagrams of up to `stride` bytes each, allocated once and reused for every batch.
 *
 * @example
 * ```ts
 * import { AF_INET, DatagramBatch, kernel, SOCK_DGRAM } from 'barewire';
 * using receiver = kernel.socket(AF_INET, SOCK_DGRAM);
 * receiver.bind('127.0.0.1:0');
 * using sender = kernel.socket(AF_INET, SOCK_DGRAM);
 * await sender.connect(receiver.getsockname());
 * const out = new DatagramBatch(2, 64);
 * out.put(0, new TextEncoder().encode('one'));
 * out.put(1, new TextEncoder().encode('two'));
 * await sender.sendBatch(out, 0, 2);
 * const batch = new DatagramBatch(64, 2048);
 * const count = await receiver.recvBatch(batch);
 * for (let i = 0; i < count; i++) console.log(new TextDecoder().decode(batch.data(i)));
 * ```
 */
export class DatagramBatch {
  readonly capacity: number;
  /** Bytes between the starts of two datagrams: the most that one can hold. */
  readonly stride: number;
  readonly slab: Uint8Array;
  /** Length of each datagram in bytes: after a receive its real length, which can be more than `stride` holds. */
  readonly lengths: Int32Array;
  /** `msg_flags` of each received datagram. */
  readonly messageFlags: Int32Array;
  readonly addresses: Uint8Array;
  readonly addressLengths: Int32Array;
  /** Control data of each datagram, `controlStride` bytes apart. */
  readonly controls: Uint8Array;
  readonly controlStride: number;
  readonly controlLengths: Int32Array;
  /** Whether `controlSize` was given. */
  readonly wantsControl: boolean;
  readonly segmentation: boolean;

  constructor(capacity: number, stride: number, options?: BatchOptions) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1024) {
      throw new RangeError(`capacity: expected an integer from 1 to 1024, got ${capacity}`);
    }
    if (!Number.isInteger(stride) || stride < 1 || stride > 65_536) {
      throw new RangeError(`stride: expected an integer from 1 to 65536, got ${stride}`);
    }
    const controlSize = options?.controlSize ?? LEAST_CONTROL;
    if (!Number.isInteger(controlSize) || controlSize < LEAST_CONTROL || controlSize > 65_536) {
      throw new RangeError(`controlSize: expected an integer from ${LEAST_CONTROL} to 65536, got ${controlSize}`);
    }
    this.capacity = capacity;
    this.stride = stride;
    this.slab = new Uint8Array(capacity * stride);
    this.lengths = new Int32Array(capacity);
    this.messageFlags = new Int32Array(capacity);
    this.addresses = new Uint8Array(capacity * ADDRESS_ROOM);
    this.addressLengths = new Int32Array(capacity);
    // A cmsghdr begins on a word.
    this.controlStride = (controlSize + 7) & ~7;
    this.controls = new Uint8Array(capacity * this.controlStride);
    this.controlLengths = new Int32Array(capacity);
    this.wantsControl = options?.controlSize !== undefined;
    this.segmentation = options?.segmentation ?? true;
  }

  /** Message `index` as a view into the slab: good until the next receive into this batch. */
  data(index: number): Uint8Array {
    const start = this.#check(index) * this.stride;
    return this.slab.subarray(start, start + Math.min(this.lengths[index] as number, this.stride));
  }

  /** Whether the datagram was longer than `stride` and its end is lost. */
  truncated(index: number): boolean {
    // With UDP_GRO the kernel joins no more than fits, so a length beyond the stride is a loss there too.
    return (
      (this.lengths[this.#check(index)] as number) > this.stride ||
      ((this.messageFlags[index] as number) & MSG_TRUNC) !== 0
    );
  }

  /** Who sent datagram `index`. */
  address(index: number): SocketAddress {
    const start = this.#check(index) * ADDRESS_ROOM;
    return decodeSockAddr(this.addresses.subarray(start, start + ADDRESS_ROOM), this.addressLengths[index] as number);
  }

  /** The control data of message `index`: a view. */
  control(index: number): Uint8Array {
    const start = this.#check(index) * this.controlStride;
    return this.controls.subarray(start, start + (this.controlLengths[index] as number));
  }

  /**
   * On a socket with UDP_GRO one message may be several datagrams of one sender, joined: the size of all but the last,
   * in bytes; 0 for a message that is one datagram.
   */
  segmentSize(index: number): number {
    const end = this.#check(index) * this.controlStride + (this.controlLengths[index] as number);
    let at = index * this.controlStride;
    while (at + CMSG_HEADER + 2 <= end) {
      const length = readHostU32(this.controls, at);
      const level = readHostU32(this.controls, at + 8);
      // The kernel writes an int where udp(7) says uint16_t; on a little-endian machine both begin alike.
      if (level === IPPROTO_UDP && readHostU32(this.controls, at + 12) === UDP_GRO) {
        return readHostU16(this.controls, at + CMSG_HEADER);
      }
      if (length < CMSG_HEADER) return 0;
      at += (length + 7) & ~7;
    }
    return 0;
  }

  /**
   * Visit every datagram of the first `count` messages of a receive, those that UDP_GRO joined one by one:
   * `slab[start … end)` of message `index`, which has the sender's address.
   */
  each(count: number, visit: (start: number, end: number, index: number) => void): void {
    for (let index = 0; index < count; index++) {
      const start = index * this.stride;
      const end = start + Math.min(this.lengths[index] as number, this.stride);
      const size = (this.controlLengths[index] as number) === 0 ? 0 : this.segmentSize(index);
      if (size === 0) {
        visit(start, end, index);
        continue;
      }
      for (let at = start; at < end; at += size) visit(at, Math.min(at + size, end), index);
    }
  }

  /** Copy `data` to place `index`, for `target`; without a target it goes to the connected peer. */
  put(index: number, data: Uint8Array, target?: SocketAddress): void {
    this.#check(index);
    if (data.length > this.stride) {
      throw new RangeError(`data: expected at most ${this.stride} bytes (the stride), got ${data.length}`);
    }
    this.slab.set(data, index * this.stride);
    this.lengths[index] = data.length;
    // What a receive has left here is not to be sent.
    this.controlLengths[index] = 0;
    if (target === undefined) {
      this.addressLengths[index] = 0;
      return;
    }
    const encoded = encodeSockAddr(target);
    this.addresses.set(encoded.bytes.subarray(0, encoded.length), index * ADDRESS_ROOM);
    this.addressLengths[index] = encoded.length;
  }

  #check(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.capacity) {
      throw new RangeError(`index: expected an integer from 0 to ${this.capacity - 1}, got ${index}`);
    }
    return index;
  }
}
