/**
 * A TPACKET_V3 ring as batches: the kernel fills blocks of memory that both see, nothing is copied, and a block of
 * hundreds of packets costs no system call. Read tpacket.ts first.
 */

import { LINKTYPE_ETHERNET } from '../../capture/link-types.ts';
import {
  LivePacket,
  type LivePacket as Packet,
  type PacketBatch,
  type PacketMemory,
  type PacketStamp,
} from '../../capture/live.ts';
import { readHostU16 } from '../../core/index.ts';
import { PACKET, type Socket, SocketError } from '../../socket/index.ts';
import type { Native } from '../native.ts';
import type { Backend, Wanted } from './backend.ts';
import { HEADROOM, restoreVlanTag, writeCookedHeader } from './headers.ts';
import {
  BLOCK,
  ETH_P_8021Q,
  LINK_ADDRESS,
  PACKET_OUTGOING,
  PACKET3,
  TP_STATUS_CSUMNOTREADY,
  TP_STATUS_KERNEL,
  TP_STATUS_USER,
  TP_STATUS_VLAN_TPID_VALID,
  TP_STATUS_VLAN_VALID,
  TPACKET_V3,
} from './tpacket.ts';

/** One block is one batch at most: small enough for the cache, large enough for a packet of 64 KiB and its like. */
const BLOCK_BYTES = 256 * 1024;
const FRAME_BYTES = 2048;
const LEAST_BLOCKS = 2;
const POISON = 0xdd;

/** Make the ring of a packet socket that is not bound yet, and map it. Undefined where memory from outside is refused. */
export function openRing(socket: Socket, native: Native, wanted: Wanted): Ring | undefined {
  const blockCount = Math.max(LEAST_BLOCKS, Math.floor(wanted.bufferBytes / BLOCK_BYTES));
  const size = blockCount * BLOCK_BYTES;
  socket.set(PACKET.VERSION, TPACKET_V3);
  socket.set(PACKET.RESERVE, HEADROOM);
  socket.set(PACKET.RX_RING, {
    blockSize: BLOCK_BYTES,
    blockCount,
    frameSize: FRAME_BYTES,
    frameCount: size / FRAME_BYTES,
    retireMs: wanted.retireMs,
  });
  const memory = native.mmap(socket.handle, size);
  if (typeof memory !== 'number') return new Ring(memory, blockCount, native, wanted);
  const EOPNOTSUPP = 95;
  if (memory === -EOPNOTSUPP) return undefined;
  throw new SocketError(-memory, { syscall: 'mmap' });
}

export class Ring implements Backend, PacketMemory {
  readonly kind = 'ring';
  readonly #native: Native;
  readonly #wanted: Wanted;
  readonly #memory: ArrayBuffer;
  readonly #words: Uint32Array;
  /** The same words, for Atomics: the kernel writes them on another core. */
  readonly #status: Int32Array;
  readonly #blockCount: number;
  readonly #batch: RingBatch;
  readonly bytes: Uint8Array;
  generation = 0;
  #block = 0;
  #isOurs = false;

  constructor(memory: ArrayBuffer, blockCount: number, native: Native, wanted: Wanted) {
    this.#memory = memory;
    this.#blockCount = blockCount;
    this.#native = native;
    this.#wanted = wanted;
    this.bytes = new Uint8Array(memory);
    this.#words = new Uint32Array(memory);
    this.#status = new Int32Array(memory);
    this.#batch = new RingBatch(this, this.#words);
  }

  take(): PacketBatch | null {
    this.release();
    for (;;) {
      const start = this.#block * BLOCK_BYTES;
      if ((Atomics.load(this.#status, (start + BLOCK.status) >>> 2) & TP_STATUS_USER) === 0) return null;
      this.#isOurs = true;
      this.#fill(start);
      if (this.#batch.length > 0) return this.#batch;
      // Only packets that nobody wants.
      this.release();
    }
  }

  release(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    this.generation++;
    this.#batch.length = 0;
    const start = this.#block * BLOCK_BYTES;
    if (this.#wanted.poison) {
      this.bytes.fill(POISON, start + this.#words[(start + BLOCK.firstPacket) >>> 2]!, start + BLOCK_BYTES);
    }
    Atomics.store(this.#status, (start + BLOCK.status) >>> 2, TP_STATUS_KERNEL);
    this.#block = (this.#block + 1) % this.#blockCount;
  }

  close(): void {
    this.generation++;
    this.#isOurs = false;
    this.#batch.length = 0;
    this.#native.munmap(this.#memory);
  }

  /** Find the packets of a block, with their headers put back. */
  #fill(start: number): void {
    const words = this.#words;
    const batch = this.#batch;
    const count = words[(start + BLOCK.packets) >>> 2]!;
    let at = start + words[(start + BLOCK.firstPacket) >>> 2]!;
    for (let i = 0; i < count; i++) {
      const next = at + words[(at + PACKET3.next) >>> 2]!;
      const first = this.#wholePacket(at);
      if (first >= 0) batch.add(at, first);
      at = next;
    }
  }

  /** @returns where the packet begins with its headers; -1 when it is none of ours */
  #wholePacket(at: number): number {
    const { bytes } = this;
    const words = this.#words;
    const address = at + PACKET3.address;
    const isOutgoing = bytes[address + LINK_ADDRESS.pkttype] === PACKET_OUTGOING;
    const ifindex = words[(address + LINK_ADDRESS.ifindex) >>> 2]!;
    if (!this.#wanted.isWanted(isOutgoing, ifindex)) return -1;
    const status = words[(at + PACKET3.status) >>> 2]!;
    const data = at + readHostU16(bytes, at + PACKET3.mac);
    const hasTag = (status & TP_STATUS_VLAN_VALID) !== 0;
    const tpid = (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? readHostU16(bytes, at + PACKET3.vlanTpid) : ETH_P_8021Q;
    const tci = words[(at + PACKET3.vlanTci) >>> 2]! & 0xffff;
    let first = data;
    if (this.#wanted.cooked) first = writeCookedHeader(bytes, data, bytes, address, hasTag ? { tpid, tci } : undefined);
    else if (hasTag && this.#wanted.linkType === LINKTYPE_ETHERNET) first = restoreVlanTag(bytes, data, tpid, tci);
    const keep = this.#wanted.userFilter;
    if (keep === undefined) return first;
    const captured = words[(at + PACKET3.captured) >>> 2]! + data - first;
    const length = words[(at + PACKET3.length) >>> 2]! + data - first;
    return keep(bytes.subarray(first, first + captured), length) === 0 ? -1 : first;
  }
}

/** The packets of the block at hand: where their headers stand, and where they begin. */
class RingBatch implements PacketBatch {
  readonly #ring: Ring;
  readonly #words: Uint32Array;
  #headers = new Int32Array(1024);
  #starts = new Int32Array(1024);
  length = 0;

  constructor(ring: Ring, words: Uint32Array) {
    this.#ring = ring;
    this.#words = words;
  }

  add(header: number, start: number): void {
    if (this.length === this.#headers.length) this.#grow();
    this.#headers[this.length] = header;
    this.#starts[this.length++] = start;
  }

  #grow(): void {
    const [headers, starts] = [new Int32Array(this.length * 2), new Int32Array(this.length * 2)];
    headers.set(this.#headers);
    starts.set(this.#starts);
    this.#headers = headers;
    this.#starts = starts;
  }

  at(index: number): Packet {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`index: expected 0 to ${this.length - 1}, got ${index}`);
    }
    const at = this.#headers[index]!;
    const start = this.#starts[index]!;
    const words = this.#words;
    const { bytes } = this.#ring;
    const data = at + readHostU16(bytes, at + PACKET3.mac);
    const added = data - start;
    const address = at + PACKET3.address;
    const stamp: PacketStamp = {
      seconds: words[(at + PACKET3.seconds) >>> 2]!,
      nanoseconds: words[(at + PACKET3.nanoseconds) >>> 2]!,
      length: words[(at + PACKET3.length) >>> 2]! + added,
      ifindex: words[(address + LINK_ADDRESS.ifindex) >>> 2]!,
      outgoing: bytes[address + LINK_ADDRESS.pkttype] === PACKET_OUTGOING,
      checksumPending: (words[(at + PACKET3.status) >>> 2]! & TP_STATUS_CSUMNOTREADY) !== 0,
    };
    return new LivePacket(this.#ring, start, data + words[(at + PACKET3.captured) >>> 2]!, stamp);
  }

  [Symbol.iterator](): Iterator<Packet> {
    let index = 0;
    return {
      next: () => (index < this.length ? { done: false, value: this.at(index++) } : { done: true, value: undefined }),
    };
  }
}
