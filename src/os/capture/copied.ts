/**
 * Packets read one message each from the socket's queue, and copied: where a ring cannot be mapped. Slower by what
 * system calls and copies cost; the same packets.
 */

import { LINKTYPE_ETHERNET } from '../../capture/link-types.ts';
import { LivePacket, type PacketBatch, type PacketMemory, type PacketStamp } from '../../capture/live.ts';
import { readHostU16, readHostU32, readHostU64 } from '../../core/index.ts';
import { DatagramBatch, PACKET, SO, type Socket, SocketError } from '../../socket/index.ts';
import type { Backend, Wanted } from './backend.ts';
import { HEADROOM, restoreVlanTag, writeCookedHeader } from './headers.ts';
import {
  ETH_P_8021Q,
  LINK_ADDRESS,
  PACKET_OUTGOING,
  TP_STATUS_CSUMNOTREADY,
  TP_STATUS_VLAN_TPID_VALID,
  TP_STATUS_VLAN_VALID,
} from './tpacket.ts';

const PACKETS_AT_ONCE = 64;
/** A multiple of the page size would put the beginnings of all packets into the same few lines of the cache. */
const MOST_BYTES = 65_536 - 192;
/** Room for auxiliary data (40 bytes) and a time stamp (32). */
const CONTROL_BYTES = 128;
const ADDRESS_BYTES = 128;
const SOL_SOCKET = 1;
const SCM_TIMESTAMPNS = 35;
const SOL_PACKET = 263;
const PACKET_AUXDATA = 8;
/** sizeof(struct cmsghdr); the data begins behind it. */
const CMSG_HEADER = 16;

/** Set up a packet socket that is not bound yet. */
export function openCopied(socket: Socket, wanted: Wanted): Copied {
  socket.set(PACKET.AUXDATA, true);
  socket.set(SO.TIMESTAMPNS, true);
  try {
    socket.set(SO.RCVBUFFORCE, wanted.bufferBytes);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    // Without CAP_NET_ADMIN: as much as net.core.rmem_max allows.
    socket.set(SO.RCVBUF, wanted.bufferBytes);
  }
  return new Copied(socket, wanted);
}

/** Packets with memory of their own, which they share. */
class CopiedBatch implements PacketBatch {
  readonly packets: LivePacket[] = [];

  get length(): number {
    return this.packets.length;
  }

  at(index: number): LivePacket {
    const packet = this.packets[index];
    if (packet === undefined) throw new RangeError(`index: expected 0 to ${this.length - 1}, got ${index}`);
    return packet;
  }

  [Symbol.iterator](): Iterator<LivePacket> {
    return this.packets[Symbol.iterator]();
  }
}

/** What the kernel says beside a packet; one is used for all of them. */
class Beside {
  /** TP_STATUS_* of struct tpacket_auxdata; 0 without one. */
  status = 0;
  /** On the wire; 0 without auxiliary data. */
  length = 0;
  vlanTci = 0;
  vlanTpid = 0;
  seconds = 0;
  nanoseconds = 0;

  /** Read the control messages of `bytes[at … end)`: no object for each, as `decodeControl` makes them. */
  read(bytes: Uint8Array, begin: number, end: number): void {
    this.status = this.length = this.vlanTci = this.vlanTpid = this.seconds = this.nanoseconds = 0;
    for (let at = begin; at + CMSG_HEADER <= end; ) {
      const length = readHostU32(bytes, at);
      const level = readHostU32(bytes, at + 8);
      const type = readHostU32(bytes, at + 12);
      const data = at + CMSG_HEADER;
      if (level === SOL_PACKET && type === PACKET_AUXDATA) {
        this.status = readHostU32(bytes, data);
        this.length = readHostU32(bytes, data + 4);
        this.vlanTci = readHostU16(bytes, data + 16);
        this.vlanTpid = readHostU16(bytes, data + 18);
      } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPNS) {
        this.seconds = Number(readHostU64(bytes, data));
        this.nanoseconds = Number(readHostU64(bytes, data + 8));
      }
      if (length < CMSG_HEADER) return;
      at += (length + 7) & ~7;
    }
  }
}

export class Copied implements Backend {
  readonly kind = 'copy';
  readonly #socket: Socket;
  readonly #wanted: Wanted;
  readonly #messages: DatagramBatch;
  readonly #beside: Beside = new Beside();

  constructor(socket: Socket, wanted: Wanted) {
    this.#socket = socket;
    this.#wanted = wanted;
    const room = Math.min(wanted.snapLen, MOST_BYTES);
    this.#messages = new DatagramBatch(PACKETS_AT_ONCE, room, { controlSize: CONTROL_BYTES });
  }

  take(): PacketBatch | null {
    for (;;) {
      const count = this.#socket.tryRecvBatch(this.#messages);
      if (count === null || count === 0) return null;
      const batch = new CopiedBatch();
      const memory: PacketMemory = { generation: 0, bytes: new Uint8Array(this.#bytesOf(count)) };
      let at = 0;
      for (let i = 0; i < count; i++) at = this.#add(batch, memory, at, i);
      if (batch.length > 0) return batch;
    }
  }

  /** Room for so many messages, each with the headers that may come before it. */
  #bytesOf(count: number): number {
    const { lengths, stride } = this.#messages;
    let bytes = count * HEADROOM;
    for (let i = 0; i < count; i++) bytes += Math.min(lengths[i]!, stride);
    return bytes;
  }

  /** @returns where the next packet may begin */
  #add(batch: CopiedBatch, memory: PacketMemory, at: number, index: number): number {
    const { addresses, lengths, stride, slab, controls, controlStride, controlLengths } = this.#messages;
    const address = index * ADDRESS_BYTES;
    const outgoing = addresses[address + LINK_ADDRESS.pkttype] === PACKET_OUTGOING;
    const ifindex = readHostU32(addresses, address + LINK_ADDRESS.ifindex);
    if (!this.#wanted.isWanted(outgoing, ifindex)) return at;
    const beside = this.#beside;
    beside.read(controls, index * controlStride, index * controlStride + controlLengths[index]!);
    const { bytes } = memory;
    const from = index * stride;
    const captured = Math.min(lengths[index]!, stride);
    const end = at + HEADROOM + captured;
    bytes.set(slab.subarray(from, from + captured), at + HEADROOM);
    const start = this.#withHeaders(bytes, at + HEADROOM, address);
    const length = (beside.length || lengths[index]!) + at + HEADROOM - start;
    const keep = this.#wanted.userFilter;
    if (keep !== undefined && keep(bytes.subarray(start, end), length) === 0) return at;
    const { seconds, nanoseconds } = beside;
    const checksumPending = (beside.status & TP_STATUS_CSUMNOTREADY) !== 0;
    const stamp: PacketStamp = { seconds, nanoseconds, length, ifindex, outgoing, checksumPending };
    batch.packets.push(new LivePacket(memory, start, end, stamp));
    return end;
  }

  /** @returns where the packet at `at` begins with its headers */
  #withHeaders(bytes: Uint8Array, at: number, address: number): number {
    const { status, vlanTci: tci, vlanTpid } = this.#beside;
    const tpid = (status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? vlanTpid : ETH_P_8021Q;
    const tag = (status & TP_STATUS_VLAN_VALID) !== 0 ? { tpid, tci } : undefined;
    if (this.#wanted.cooked) return writeCookedHeader(bytes, at, this.#messages.addresses, address, tag);
    if (tag === undefined || this.#wanted.linkType !== LINKTYPE_ETHERNET) return at;
    return restoreVlanTag(bytes, at, tag.tpid, tag.tci);
  }

  release(): void {
    // Packets have memory of their own.
  }

  close(): void {
    // The socket is the capture's.
  }
}
