/**
 * Headers that the kernel took off a packet and keeps beside it: the outer VLAN tag, and for cooked sockets the whole
 * link header. They are written in front of the packet again, so that it looks as it did on the wire (VLAN) and as
 * libpcap writes it (LINKTYPE_LINUX_SLL2).
 */
import { readHostU16, readHostU32, writeU16, writeU32 } from '../../core/index.ts';
import { LINK_ADDRESS } from './tpacket.ts';

/** The two addresses of an Ethernet frame, which stand before the tag. */
const MACS = 12;
const VLAN_TAG = 4;
const SLL2_BYTES = 20;

/** Free bytes before each packet that are needed at most. */
export const HEADROOM: number = SLL2_BYTES + VLAN_TAG;

/**
 * Put a VLAN tag back into the Ethernet frame at `start`, into the four bytes before it.
 * @returns where the frame begins now
 */
export function restoreVlanTag(bytes: Uint8Array, start: number, tpid: number, tci: number): number {
  bytes.copyWithin(start - VLAN_TAG, start, start + MACS);
  writeU16(bytes, start - VLAN_TAG + MACS, tpid);
  writeU16(bytes, start - VLAN_TAG + MACS + 2, tci);
  return start - VLAN_TAG;
}

/**
 * Write a cooked header (LINKTYPE_LINUX_SLL2) before the packet at `start`, and the VLAN tag that the kernel kept.
 * @param from memory with the packet's struct sockaddr_ll at `address`
 * @param tag the outer VLAN tag, where there was one
 * @returns where the header begins
 */
export function writeCookedHeader(
  bytes: Uint8Array,
  start: number,
  from: Uint8Array,
  address: number,
  tag?: { readonly tpid: number; readonly tci: number },
): number {
  // Already in network order, like the frame's own.
  const high = from[address + LINK_ADDRESS.protocol]!;
  const low = from[address + LINK_ADDRESS.protocol + 1]!;
  let at = start;
  if (tag !== undefined) {
    at -= VLAN_TAG;
    writeU16(bytes, at, tag.tci);
    bytes[at + 2] = high;
    bytes[at + 3] = low;
  }
  at -= SLL2_BYTES;
  if (tag === undefined) {
    bytes[at] = high;
    bytes[at + 1] = low;
  } else writeU16(bytes, at, tag.tpid);
  writeU16(bytes, at + 2, 0);
  writeU32(bytes, at + 4, readHostU32(from, address + LINK_ADDRESS.ifindex));
  writeU16(bytes, at + 8, readHostU16(from, address + LINK_ADDRESS.hatype));
  bytes[at + 10] = from[address + LINK_ADDRESS.pkttype]!;
  bytes[at + 11] = from[address + LINK_ADDRESS.halen]!;
  for (let i = 0; i < 8; i++) bytes[at + 12 + i] = from[address + LINK_ADDRESS.address + i]!;
  return at;
}
