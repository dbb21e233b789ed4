/** Control messages of IPv4 sockets (ip(7)): where a datagram came in, its header fields, its options. */

import { formatIpv4Bytes, parseIpv4 } from '../../addr/ipv4.ts';
import type { InetAddress } from '../../addr/sockaddr.ts';
import { decodeSockAddr, writeSockAddr } from '../../addr/sockaddr.ts';
import { writeHostU32, writeU32 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type BytesMessage,
  bytesRow,
  type ControlRow,
  checkI32,
  I32,
  type NumberMessage,
  numberRow,
  readHostI32,
  U8,
  U32,
} from './row.ts';

const SOL_IP = 0;

/**
 * IP_PKTINFO, both ways. Handing a received one to `sendmsg` answers from the address that was asked, through the same
 * interface.
 */
export interface IpPktinfo {
  readonly kind: 'ip-pktinfo';
  /** Interface it came in on; to send through, 0 leaves it to the routing table. */
  readonly ifindex: number;
  /** ipi_spec_dst: the local address it came to; to send from, '0.0.0.0' leaves it to the routing table. */
  readonly specDst: string;
  /** ipi_addr: the destination in the header, which may be a group or broadcast address; not read when sending. */
  readonly address: string;
}

/** IP_ORIGDSTADDR: where a datagram was addressed before it was diverted here (TPROXY). */
export interface IpOrigdstaddr {
  readonly kind: 'ip-origdstaddr';
  readonly address: InetAddress;
}

export type IpControl =
  | IpPktinfo
  | IpOrigdstaddr
  /** IP_TTL: received with IP_RECVTTL; sent, it is the datagram's own. */
  | NumberMessage<'ip-ttl', 'ttl'>
  /** IP_TOS: the byte with DSCP and ECN; received with IP_RECVTOS. */
  | NumberMessage<'ip-tos', 'tos'>
  /** IP_PROTOCOL: sent on a raw socket with IP_HDRINCL, the protocol that the packet's route is looked up for. */
  | NumberMessage<'ip-protocol', 'protocol'>
  /** IP_CHECKSUM: sum of the payload, unfolded, as the kernel had it; what was peeled off is taken off. */
  | NumberMessage<'ip-checksum', 'sum'>
  /** IP_RECVFRAGSIZE: the largest fragment that the datagram came in, in bytes. */
  | NumberMessage<'ip-recvfragsize', 'bytes'>
  /** IP_RECVOPTS: the options of the header that came. */
  | BytesMessage<'ip-recvopts'>
  /** IP_RETOPTS: the options turned round for an answer; sent, the datagram's own options. */
  | BytesMessage<'ip-retopts'>;

function checkIpv4(text: unknown, field: string): number {
  const value = typeof text === 'string' ? parseIpv4(text) : null;
  if (value === null) throw new TypeError(`${field}: expected an IPv4 address, got '${String(text)}'`);
  return value;
}

const pktinfo: ControlRow<IpPktinfo> = {
  name: 'IP_PKTINFO',
  kind: 'ip-pktinfo',
  level: SOL_IP,
  type: 8,
  decode: (data) =>
    data.length === 12
      ? {
          kind: 'ip-pktinfo',
          ifindex: readHostI32(data, 0),
          specDst: formatIpv4Bytes(data, 4),
          address: formatIpv4Bytes(data, 8),
        }
      : undefined,
  encode: ({ ifindex, specDst, address }) => {
    const data = new Uint8Array(12);
    writeHostU32(data, 0, checkI32(ifindex, 'ip-pktinfo.ifindex'));
    writeU32(data, 4, checkIpv4(specDst, 'ip-pktinfo.specDst'));
    writeU32(data, 8, checkIpv4(address, 'ip-pktinfo.address'));
    return data;
  },
};

const origdstaddr: ControlRow<IpOrigdstaddr> = {
  name: 'IP_ORIGDSTADDR',
  kind: 'ip-origdstaddr',
  level: SOL_IP,
  type: 20,
  decode: (data) => {
    const address = data.length === 16 ? decodeSockAddr(data) : undefined;
    return address?.family === 'inet' ? { kind: 'ip-origdstaddr', address } : undefined;
  },
  encode: ({ address }) => {
    if (address?.family !== 'inet') throw new TypeError('ip-origdstaddr.address: expected an address of family inet');
    const data = new Uint8Array(16);
    writeSockAddr(address, data);
    return data;
  },
};

export const ipRows: readonly AnyRow[] = [
  pktinfo,
  origdstaddr,
  numberRow('IP_TTL', 'ip-ttl', SOL_IP, 2, 'ttl', I32),
  // One byte is what Linux gives; it takes one byte or an int.
  numberRow('IP_TOS', 'ip-tos', SOL_IP, 1, 'tos', U8),
  numberRow('IP_PROTOCOL', 'ip-protocol', SOL_IP, 52, 'protocol', I32),
  numberRow('IP_CHECKSUM', 'ip-checksum', SOL_IP, 23, 'sum', U32),
  numberRow('IP_RECVFRAGSIZE', 'ip-recvfragsize', SOL_IP, 25, 'bytes', I32),
  bytesRow('IP_RECVOPTS', 'ip-recvopts', SOL_IP, 6),
  bytesRow('IP_RETOPTS', 'ip-retopts', SOL_IP, 7),
];
