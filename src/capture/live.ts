/**
 * Packets as they come, in batches. Whatever captures gives these: a ring of the kernel's, a queue, a stack.
 *
 * A batch is borrowed: its packets are views, good until the next one is asked for. What is to be kept is copied with
 * `packet.copy()`; a packet that is looked into too late throws instead of showing another one's bytes.
 */
import type { CapturedPacket } from './items.ts';

const NS_PER_SECOND = 1_000_000_000n;

/** A batch's memory, and whether it is still the batch's. */
export interface PacketMemory {
  /** Changes when the memory is given back. */
  readonly generation: number;
  readonly bytes: Uint8Array;
}

/** What is known of one captured packet besides its bytes. */
export interface PacketStamp {
  /** Seconds since 1970, and nanoseconds in them. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Length on the wire in bytes: larger than the captured part when the packet was cut. */
  readonly length: number;
  readonly ifindex: number;
  readonly outgoing: boolean;
  /** The sender left the checksum to a card: the one in the packet is not the whole sum. */
  readonly checksumPending: boolean;
}

/** One captured packet of a batch. */
export class LivePacket {
  readonly #memory: PacketMemory;
  readonly #generation: number;
  readonly #start: number;
  readonly #end: number;
  readonly #stamp: PacketStamp;

  constructor(memory: PacketMemory, start: number, end: number, stamp: PacketStamp) {
    this.#memory = memory;
    this.#generation = memory.generation;
    this.#start = start;
    this.#end = end;
    this.#stamp = stamp;
  }

  /**
   * The captured bytes: a view, made on each call, good until the next batch is asked for.
   * @throws TypeError when that has happened
   */
  get bytes(): Uint8Array {
    if (this.#memory.generation !== this.#generation) {
      throw new TypeError('packet: expected one of the current batch; copy() keeps a packet');
    }
    return this.#memory.bytes.subarray(this.#start, this.#end);
  }

  /** Captured bytes. */
  get capturedLength(): number {
    return this.#end - this.#start;
  }

  /** Bytes on the wire. */
  get length(): number {
    return this.#stamp.length;
  }

  get truncated(): boolean {
    return this.#stamp.length > this.#end - this.#start;
  }

  /** ns since 1970. */
  get t(): bigint {
    return BigInt(this.#stamp.seconds) * NS_PER_SECOND + BigInt(this.#stamp.nanoseconds);
  }

  get seconds(): number {
    return this.#stamp.seconds;
  }

  get nanoseconds(): number {
    return this.#stamp.nanoseconds;
  }

  /** Number of the interface that it was seen on. */
  get ifindex(): number {
    return this.#stamp.ifindex;
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#stamp.outgoing ? 'outbound' : 'inbound';
  }

  /** The sender left the checksum to a card, as it does on loopback: see `verifyChecksums`, state `partial`. */
  get checksumPending(): boolean {
    return this.#stamp.checksumPending;
  }

  /** The packet as a file's reader gives it, with memory of its own. */
  copy(linkType: number, index: number = 0): CapturedPacket {
    return {
      kind: 'packet',
      t: this.t,
      interface: index,
      linkType,
      bytes: this.bytes.slice(),
      length: this.length,
      truncated: this.truncated,
      direction: this.direction,
      comments: [],
      options: [],
      offset: 0,
    };
  }
}

/** Packets that came together, in their order. */
export interface PacketBatch extends Iterable<LivePacket> {
  readonly length: number;
  /** @throws RangeError for an index outside 0 … length - 1 */
  at(index: number): LivePacket;
}

/** What a capture has counted since it was opened. */
export interface LiveStatistics {
  /** Packets that passed the filter; those that were dropped afterwards among them. */
  readonly received: number;
  /** Packets lost because they were not read fast enough. */
  readonly dropped: number;
  /** How often the ring was full. */
  readonly frozen: number;
}

/** A capture under way. Reading too slowly loses packets, and `statistics` says how many; nothing else happens. */
export interface LiveCapture extends AsyncIterable<PacketBatch>, Disposable {
  /** `LINKTYPE_` number of the packets. */
  readonly linkType: number;
  /** Name of the interface, or `any`. */
  readonly interface: string;
  /** The next packets, as soon as there are some. The batch before is given back. */
  next(options?: {
    readonly signal?: AbortSignal | undefined;
    readonly timeoutMs?: number | undefined;
  }): Promise<PacketBatch>;
  /** The next packets if there are some now: no promise. The batch before is given back. */
  tryNext(): PacketBatch | null;
  statistics(): LiveStatistics;
  close(): void;
}
