/** Many datagrams in one crossing: the memory that recvmmsg(2) fills and sendmmsg(2) reads. */
import { decodeSockAddr, encodeSockAddr, type SocketAddress } from '../addr/sockaddr.ts';

/** Room for one `sockaddr_storage`. */
export const ADDRESS_ROOM = 128;

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

  constructor(capacity: number, stride: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1024) {
      throw new RangeError(`capacity: expected an integer from 1 to 1024, got ${capacity}`);
    }
    if (!Number.isInteger(stride) || stride < 1 || stride > 65_536) {
      throw new RangeError(`stride: expected an integer from 1 to 65536, got ${stride}`);
    }
    this.capacity = capacity;
    this.stride = stride;
    this.slab = new Uint8Array(capacity * stride);
    this.lengths = new Int32Array(capacity);
    this.messageFlags = new Int32Array(capacity);
    this.addresses = new Uint8Array(capacity * ADDRESS_ROOM);
    this.addressLengths = new Int32Array(capacity);
  }

  /** Datagram `index` as a view into the slab: good until the next receive into this batch. */
  data(index: number): Uint8Array {
    const start = this.#check(index) * this.stride;
    return this.slab.subarray(start, start + Math.min(this.lengths[index] as number, this.stride));
  }

  /** Whether the datagram was longer than `stride` and its end is lost. */
  truncated(index: number): boolean {
    return (this.lengths[this.#check(index)] as number) > this.stride;
  }

  /** Who sent datagram `index`. */
  address(index: number): SocketAddress {
    const start = this.#check(index) * ADDRESS_ROOM;
    return decodeSockAddr(this.addresses.subarray(start, start + ADDRESS_ROOM), this.addressLengths[index] as number);
  }

  /** Copy `data` to place `index`, for `target`; without a target it goes to the connected peer. */
  put(index: number, data: Uint8Array, target?: SocketAddress): void {
    this.#check(index);
    if (data.length > this.stride) {
      throw new RangeError(`data: expected at most ${this.stride} bytes (the stride), got ${data.length}`);
    }
    this.slab.set(data, index * this.stride);
    this.lengths[index] = data.length;
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
