/**
 * Capture packets of an interface as they come (packet(7)): `openCapture`. What a batch is and how long it is good
 * stands in src/capture/live.ts.
 */
import type { FilterOptions, LiveCapture, LiveStatistics, PacketBatch, PacketFilter } from '../../capture/index.ts';
import { compileFilter, packetFilter } from '../../capture/index.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL2, LINKTYPE_NETLINK, LINKTYPE_RAW } from '../../capture/link-types.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  type Host,
  PACKET,
  SO,
  SOCK_DGRAM,
  SOCK_RAW,
  type Socket,
  SocketError,
  type WaitOptions,
} from '../../socket/index.ts';
import { ifNameToIndex } from '../interfaces.ts';
import { kernel } from '../kernel.ts';
import { kernelDriver } from '../kernel-driver.ts';
import type { Backend, Wanted } from './backend.ts';
import { openCopied } from './copied.ts';
import { kernelFilter } from './kernel-filter.ts';
import { openRing } from './ring.ts';

export interface CaptureOptions {
  /** pcap-filter(7). The kernel drops what it does not want. */
  readonly filter?: string | undefined;
  /** Names in the filter: services, hosts. */
  readonly names?: Pick<FilterOptions, 'hosts' | 'services' | 'netmask'> | undefined;
  /** Bytes of each packet to keep, 1 … 262144; all of it when left out. */
  readonly snapLen?: number | undefined;
  /** Ask the card for everything on the wire, not only what is for this machine. On when left out; never for `any`. */
  readonly promiscuous?: boolean | undefined;
  /**
   * Packets that come in, that go out, or both. On loopback, where each packet does both, `both` shows it once.
   */
  readonly direction?: 'in' | 'out' | 'both' | undefined;
  /** Memory for packets that wait to be read, in bytes; 4 MiB when left out. */
  readonly bufferBytes?: number | undefined;
  /** `low`: a packet waits 1 ms at most for others to come; `throughput`: 10 ms. */
  readonly latency?: 'low' | 'throughput' | undefined;
  /** `hardware`: the card's own clock, where it has one. */
  readonly timestamps?: 'kernel' | 'hardware' | undefined;
  /** Share the packets with the other captures of this group: threads, processes. */
  readonly fanout?: FanoutOptions | undefined;
  /** `ring` fails where memory cannot be mapped; `copy` reads packets one by one. Left out: a ring if possible. */
  readonly backend?: 'ring' | 'copy' | undefined;
  /** For tests: overwrite each batch when it is given back. */
  readonly poison?: boolean | undefined;
  /** The machine, or a network namespace, that the interface is in. */
  readonly host?: Host | undefined;
}

export interface FanoutOptions {
  /** 0 … 65535: captures of one group belong together; interface, mode and direction are the same in all. */
  readonly group: number;
  /** By flow, in turn, by the processor that a packet came in on, the first with room, by chance, by the card's queue. */
  readonly mode: keyof typeof FANOUT_MODES;
  /** One that is full passes on to the next. */
  readonly rollover?: boolean | undefined;
  /** Put IP fragments together before a flow is chosen. */
  readonly defragment?: boolean | undefined;
}

const FANOUT_MODES = { hash: 0, 'round-robin': 1, cpu: 2, rollover: 3, random: 4, queue: 5 } as const;
const PACKET_FANOUT_FLAG_ROLLOVER = 0x1000;
const PACKET_FANOUT_FLAG_IGNORE_OUTGOING = 0x4000;
const PACKET_FANOUT_FLAG_DEFRAG = 0x8000;

export const MAX_SNAP_LENGTH = 262_144;
const DEFAULT_BUFFER = 4 << 20;
const RETIRE_MS = { low: 1, throughput: 10 } as const;
/** SOF_TIMESTAMPING_RAW_HARDWARE: ring frames with the card's time where there is one. */
const RAW_HARDWARE = 1 << 6;
const PACKET_MR_PROMISC = 1;
/** Longer than a busy machine takes to hand over a block whose time is up. */
const OLD_PACKETS_MS = 200;
const EBADF = 9;
const ENODEV = 19;
const EOPNOTSUPP = 95;

/** ARPHRD_ numbers whose frames a raw socket gives with a link header that LINKTYPE_ knows. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [1, LINKTYPE_ETHERNET],
  [772, LINKTYPE_ETHERNET],
  [519, LINKTYPE_RAW],
  [824, LINKTYPE_NETLINK],
  [65_534, LINKTYPE_RAW],
]);
const ARPHRD_LOOPBACK = 772;
/** lo, in every network namespace. */
const LOOPBACK_INDEX = 1;

/**
 * Capture the packets of an interface, from now on.
 * @param name of the interface; `any`: all of them, with a Linux cooked header (LINKTYPE_LINUX_SLL2)
 * @throws SocketError EPERM without CAP_NET_RAW, ENODEV, ENETDOWN; FilterError; RangeError, TypeError for an option
 * @example
 * ```ts
 * import { describePacket, decodePacket } from 'barewire/wire';
 * import { openCapture } from 'barewire/os';
 *
 * async function watch(name: string): Promise<void> {
 *   using capture = openCapture(name, { filter: 'tcp port 80' });
 *   for await (const batch of capture) {
 *     for (const { bytes, length } of batch) {
 *       console.log(describePacket(decodePacket(bytes, capture.linkType, { wireLength: length })));
 *     }
 *   }
 * }
 * ```
 */
export function openCapture(name: string, options: CaptureOptions = {}): Capture {
  return new Capture(name, options);
}

export class Capture implements LiveCapture {
  readonly interface: string;
  readonly linkType: number;
  /** Bytes of each packet that are kept at most. */
  readonly snapLen: number;
  readonly #socket: Socket;
  readonly #backend: Backend;
  readonly #options: CaptureOptions;
  readonly #retireMs: number;
  /** Where the kernel cannot decide. */
  #again: PacketFilter | undefined;
  /** After a change of filter: packets of the one before may be there until all is read, at that time or later. */
  #old: PacketFilter | undefined;
  /** `performance.now`. */
  #oldUntil = 0;
  #received = 0;
  #dropped = 0;
  #frozen = 0;

  /** Made by `openCapture`. */
  constructor(name: string, options: CaptureOptions) {
    const { snapLen = MAX_SNAP_LENGTH, latency = 'throughput', host = kernel } = options;
    checkWhole('snapLen', snapLen, 1, MAX_SNAP_LENGTH);
    checkWhole('bufferBytes', options.bufferBytes ?? DEFAULT_BUFFER, 1, 0x7fff_ffff);
    this.interface = name;
    this.snapLen = snapLen;
    this.#options = options;
    this.#retireMs = RETIRE_MS[latency];
    if (this.#retireMs === undefined) throw new TypeError(`latency: expected 'low' or 'throughput', got ${latency}`);
    const { socket, ifindex, linkType, isLoopback } = packetSocket(host, name);
    this.#socket = socket;
    this.linkType = linkType;
    try {
      this.#filter(options.filter);
      this.#backend = this.#openBackend(isLoopback);
      this.#listen(ifindex, isLoopback);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** `ring`: memory shared with the kernel; `copy`: packets are read one by one. */
  get backend(): 'ring' | 'copy' {
    return this.#backend.kind;
  }

  #openBackend(isLoopback: boolean): Backend {
    const { direction = 'both', bufferBytes = DEFAULT_BUFFER, poison = false, backend } = this.#options;
    const cooked = this.linkType === LINKTYPE_LINUX_SLL2;
    const userFilter = (): PacketFilter | undefined => this.#userFilter();
    const wanted: Wanted = {
      bufferBytes,
      retireMs: this.#retireMs,
      snapLen: this.snapLen,
      linkType: this.linkType,
      cooked,
      poison,
      isWanted: directionTest(direction, isLoopback),
      get userFilter() {
        return userFilter();
      },
    };
    const { native } = kernelDriver();
    const ring = backend === 'copy' ? undefined : openRing(this.#socket, native, wanted);
    if (ring !== undefined) return ring;
    if (backend === 'ring') throw new SocketError(EOPNOTSUPP, { syscall: 'mmap' });
    return openCopied(this.#socket, wanted);
  }

  /** Bind last: what came before the filter and the ring were there would be of no use. */
  #listen(ifindex: number, isLoopback: boolean): void {
    const { promiscuous = true, direction = 'both', timestamps, fanout } = this.#options;
    const socket = this.#socket;
    // Not even handed over, and so not counted.
    const ignoresOutgoing = direction === 'in' || (direction === 'both' && isLoopback && ifindex !== 0);
    if (ignoresOutgoing) socket.set(PACKET.IGNORE_OUTGOING, true);
    if (timestamps === 'hardware') socket.set(PACKET.TIMESTAMP, RAW_HARDWARE);
    socket.bind({ family: 'packet', ifindex, protocol: ETH_P_ALL });
    if (promiscuous && ifindex !== 0) socket.set(PACKET.ADD_MEMBERSHIP, { ifindex, type: PACKET_MR_PROMISC });
    if (fanout !== undefined) socket.set(PACKET.FANOUT, fanoutValue(fanout, ignoresOutgoing));
  }

  async next(options?: WaitOptions): Promise<PacketBatch> {
    const until = options?.timeoutMs === undefined ? undefined : performance.now() + options.timeoutMs;
    for (;;) {
      const batch = this.tryNext();
      if (batch !== null) return batch;
      const left = until === undefined ? {} : { timeoutMs: Math.max(0, Math.ceil(until - performance.now())) };
      await this.#socket.ready('in', { ...options, ...left });
    }
  }

  tryNext(): PacketBatch | null {
    if (this.#socket.closed) throw new SocketError(EBADF, { syscall: 'recv' });
    const batch = this.#backend.take();
    if (batch !== null) return batch;
    // Only reading to the end shows that none is left: time alone does not empty a ring that nobody reads.
    if (this.#old !== undefined && performance.now() > this.#oldUntil) this.#old = undefined;
    // The interface went down or away: what it had sent before has been read.
    const errno = this.#socket.get(SO.ERROR);
    if (errno !== 0) throw new SocketError(errno, { syscall: 'recv', address: this.interface });
    return null;
  }

  /** Call `listener` when packets may be there: take them with `tryNext` until null. Returns how to stop. */
  onReadable(listener: () => void): () => void {
    return this.#socket.onReadable(listener);
  }

  /** The batches until the capture is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PacketBatch, void, void> {
    while (!this.#socket.closed) {
      let batch: PacketBatch;
      try {
        batch = await this.next();
      } catch (error) {
        if (this.#socket.closed) return;
        throw error;
      }
      yield batch;
    }
  }

  /**
   * Capture other packets from now on: none that only the filter before let through comes any more.
   * @param expression pcap-filter(7); undefined: everything
   */
  setFilter(expression: string | undefined): void {
    const { linkType } = this;
    const { hosts, services, netmask } = this.#options.names ?? {};
    const everything = expression === undefined || expression.trim() === '';
    const again = everything
      ? undefined
      : packetFilter(compileFilter(expression, { linkType, hosts, services, netmask }).program);
    this.#filter(expression);
    // What the ring holds by now was let in by the old one: it is asked again here until it has been read.
    this.#old = again;
    this.#oldUntil = performance.now() + 2 * this.#retireMs + OLD_PACKETS_MS;
  }

  #filter(expression: string | undefined): void {
    const { program, again } = kernelFilter(expression, this.linkType, this.snapLen, this.#options.names);
    this.#socket.set(SO.ATTACH_FILTER, program);
    this.#again = again === undefined ? undefined : packetFilter(again.program);
  }

  /** What is asked of packets besides the kernel's filter. */
  #userFilter(): PacketFilter | undefined {
    return this.#old ?? this.#again;
  }

  statistics(): LiveStatistics {
    if (!this.#socket.closed) {
      const { packets, drops, freezes = 0 } = this.#socket.get(PACKET.STATISTICS);
      this.#received += packets;
      this.#dropped += drops;
      this.#frozen += freezes;
    }
    return { received: this.#received, dropped: this.#dropped, frozen: this.#frozen };
  }

  /** End it; a call that waits rejects with ECANCELED, the iteration ends. Packets of the last batch are gone. */
  close(): void {
    if (this.#socket.closed) return;
    this.statistics();
    this.#backend.close();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The socket, not bound to a protocol yet: it hears nothing. */
function packetSocket(
  host: Host,
  name: string,
): { socket: Socket; ifindex: number; linkType: number; isLoopback: boolean } {
  if (name === 'any') {
    const socket = host.socket(AF_PACKET, SOCK_DGRAM, 0);
    return { socket, ifindex: 0, linkType: LINKTYPE_LINUX_SLL2, isLoopback: true };
  }
  const socket = host.socket(AF_PACKET, SOCK_RAW, 0);
  try {
    // `3` is interface 3, as tcpdump has it.
    const ifindex = /^\d+$/.test(name) ? Number(name) : ifNameToIndex(name, host);
    if (ifindex === undefined) throw new SocketError(ENODEV, { syscall: 'bind', address: name });
    socket.bind({ family: 'packet', ifindex, protocol: 0 });
    const bound = socket.getsockname();
    const hatype = bound.family === 'packet' ? bound.hatype : undefined;
    const linkType = LINK_TYPES.get(hatype ?? -1);
    if (linkType !== undefined) return { socket, ifindex, linkType, isLoopback: hatype === ARPHRD_LOOPBACK };
    // A link header of another kind: the kernel takes it off.
    socket.close();
    const cooked = host.socket(AF_PACKET, SOCK_DGRAM, 0);
    return { socket: cooked, ifindex, linkType: LINKTYPE_LINUX_SLL2, isLoopback: false };
  } catch (error) {
    socket.close();
    throw error;
  }
}

function directionTest(direction: string, mayBeLoopback: boolean): Wanted['isWanted'] {
  switch (direction) {
    case 'in':
      return (isOutgoing) => !isOutgoing;
    case 'out':
      return (isOutgoing) => isOutgoing;
    case 'both':
      if (!mayBeLoopback) return () => true;
      // A packet on loopback goes out and comes in: it is one packet.
      return (isOutgoing, ifindex) => !isOutgoing || ifindex !== LOOPBACK_INDEX;
    default:
      throw new TypeError(`direction: expected 'in', 'out' or 'both', got ${direction}`);
  }
}

/** @param ignoresOutgoing said again for the group: the kernel asks it, not its members */
function fanoutValue(
  { group, mode, rollover = false, defragment = false }: FanoutOptions,
  ignoresOutgoing: boolean,
): { id: number; type: number; flags: number } {
  checkWhole('fanout.group', group, 0, 0xffff);
  const type = FANOUT_MODES[mode];
  if (type === undefined) {
    throw new TypeError(`fanout.mode: expected one of ${Object.keys(FANOUT_MODES).join(', ')}, got ${mode}`);
  }
  const flags =
    (rollover ? PACKET_FANOUT_FLAG_ROLLOVER : 0) |
    (defragment ? PACKET_FANOUT_FLAG_DEFRAG : 0) |
    (ignoresOutgoing ? PACKET_FANOUT_FLAG_IGNORE_OUTGOING : 0);
  return { id: group, type, flags };
}

function checkWhole(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${value}`);
  }
}
