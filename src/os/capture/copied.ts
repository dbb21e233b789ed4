/**
 * Packets read one message each from the socket's queue, and copied: where a ring cannot be mapped. Slower by what
 * system calls and copies cost; the same packets.
 */

import { LINKTYPE_ETHERNET } from '../../capture/link-types.ts';
import { LivePacket, type PacketBatch, type PacketMemory, type PacketStamp } from '../../capture/live.ts';
import { readHostU32 } from '../../core/index.ts';
import { type ControlMessage, decodeControl } from '../../socket/control/index.ts';
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
const MOST_BYTES = 65_536;
/** Room for auxiliary data (40 bytes) and a time stamp (32). */
const CONTROL_BYTES = 128;
const ADDRESS_BYTES = 128;
const NS_PER_SECOND = 1_000_000_000n;

type Auxdata = Extract<ControlMessage, { readonly kind: 'packet-auxdata' }>;

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

/** Packets with memory of their own. */
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

export class Copied implements Backend {
  readonly kind = 'copy';
  readonly #socket: Socket;
  readonly #wanted: Wanted;
  readonly #messages: DatagramBatch;

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
      for (let i = 0; i < count; i++) this.#add(batch, i);
      if (batch.length > 0) return batch;
    }
  }

  #add(batch: CopiedBatch, index: number): void {
    const { addresses } = this.#messages;
    const address = index * ADDRESS_BYTES;
    const outgoing = addresses[address + LINK_ADDRESS.pkttype] === PACKET_OUTGOING;
    const ifindex = readHostU32(addresses, address + LINK_ADDRESS.ifindex);
    if (!this.#wanted.isWanted(outgoing, ifindex)) return;
    const control = decodeControl(this.#messages.control(index));
    const aux = control.find((message): message is Auxdata => message.kind === 'packet-auxdata');
    const data = this.#messages.data(index);
    const bytes = new Uint8Array(HEADROOM + data.length);
    bytes.set(data, HEADROOM);
    const start = this.#withHeaders(bytes, addresses, address, aux);
    const length = (aux?.length ?? this.#messages.lengths[index]!) + HEADROOM - start;
    const keep = this.#wanted.userFilter;
    if (keep !== undefined && keep(bytes.subarray(start), length) === 0) return;
    const memory: PacketMemory = { generation: 0, bytes };
    const checksumPending = aux !== undefined && (aux.status & TP_STATUS_CSUMNOTREADY) !== 0;
    const stamp: PacketStamp = { ...timeOf(control), length, ifindex, outgoing, checksumPending };
    batch.packets.push(new LivePacket(memory, start, bytes.length, stamp));
  }

  /** @returns where the packet begins with its headers */
  #withHeaders(bytes: Uint8Array, addresses: Uint8Array, address: number, aux: Auxdata | undefined): number {
    const hasTag = aux !== undefined && (aux.status & TP_STATUS_VLAN_VALID) !== 0;
    const tpid = hasTag && (aux.status & TP_STATUS_VLAN_TPID_VALID) !== 0 ? aux.vlanTpid : ETH_P_8021Q;
    const tag = hasTag ? { tpid, tci: aux.vlanTci } : undefined;
    if (this.#wanted.cooked) return writeCookedHeader(bytes, HEADROOM, addresses, address, tag);
    if (tag === undefined || this.#wanted.linkType !== LINKTYPE_ETHERNET) return HEADROOM;
    return restoreVlanTag(bytes, HEADROOM, tag.tpid, tag.tci);
  }

  release(): void {
    // Packets have memory of their own.
  }

  close(): void {
    // The socket is the capture's.
  }
}

function timeOf(control: readonly ControlMessage[]): { readonly seconds: number; readonly nanoseconds: number } {
  const stamp = control.find((message) => message.kind === 'timestampns');
  const ns = stamp?.kind === 'timestampns' ? stamp.ns : 0n;
  return { seconds: Number(ns / NS_PER_SECOND), nanoseconds: Number(ns % NS_PER_SECOND) };
}
