/**
 * Layout of a TPACKET_V3 ring (packet(7), linux/if_packet.h, Documentation/networking/packet_mmap): blocks of packets
 * in host byte order. A block belongs to the kernel or to us; its status says to whom.
 */

/** TP_STATUS_*: of a block and of a packet. */
export const TP_STATUS_KERNEL = 0;
export const TP_STATUS_USER = 1;
export const TP_STATUS_CSUMNOTREADY = 8;
export const TP_STATUS_VLAN_VALID = 0x10;
export const TP_STATUS_VLAN_TPID_VALID = 0x40;

export const TPACKET_V3 = 2;

/** Offsets in struct tpacket_block_desc. */
export const BLOCK = { status: 8, packets: 12, firstPacket: 16 } as const;

/** Offsets in struct tpacket3_hdr, and in the struct sockaddr_ll after it. */
export const PACKET3 = {
  next: 0,
  seconds: 4,
  nanoseconds: 8,
  captured: 12,
  length: 16,
  status: 20,
  mac: 24,
  vlanTci: 32,
  vlanTpid: 36,
  /** TPACKET_ALIGN(sizeof(struct tpacket3_hdr)). */
  address: 48,
} as const;

/** Offsets in struct sockaddr_ll. */
export const LINK_ADDRESS = { protocol: 2, ifindex: 4, hatype: 8, pkttype: 10, halen: 11, address: 12 } as const;

export const PACKET_OUTGOING = 4;
export const ETH_P_8021Q = 0x8100;
