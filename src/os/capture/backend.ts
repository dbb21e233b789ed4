/** How packets get from the kernel to a capture: a ring that both see, or a queue that is read. */
import type { PacketBatch, PacketFilter } from '../../capture/index.ts';

/** What the capture wants of its backend. */
export interface Wanted {
  readonly bufferBytes: number;
  /** Longest that a packet waits for more to come, in ms. */
  readonly retireMs: number;
  readonly snapLen: number;
  readonly linkType: number;
  /** The socket gives packets without link header: LINKTYPE_LINUX_SLL2 is written before them. */
  readonly cooked: boolean;
  /** Overwrite what is given back, to find those who look at it too late. */
  readonly poison: boolean;
  /** By direction and interface, which a filter of the kernel's does not know. */
  isWanted(isOutgoing: boolean, ifindex: number): boolean;
  /** Asked besides the kernel's filter, where that one does not do. Undefined: everything passes. */
  readonly userFilter: PacketFilter | undefined;
}

export interface Backend {
  readonly kind: 'ring' | 'copy';
  /** Give back what was taken, and take what is there. */
  take(): PacketBatch | null;
  release(): void;
  close(): void;
}
