/** Options of UDP (udp(7)) and UDP-Lite (udplite(7)). */
import { IPPROTO_UDP, SOL_UDPLITE } from '../constants.ts';
import { type Option, rowsOf } from './row.ts';
import { bool, int } from './values.ts';

export interface UdpLevel {
  readonly CORK: Option<boolean>;
  readonly ENCAP: Option<number>;
  readonly NO_CHECK6_TX: Option<boolean>;
  readonly NO_CHECK6_RX: Option<boolean>;
  readonly SEGMENT: Option<number>;
  readonly GRO: Option<boolean>;
}

const udp = rowsOf(IPPROTO_UDP, 'UDP_');

/** Options of UDP sockets. SEGMENT (GSO) is the size in bytes of the datagrams that one send is cut into. */
export const UDP: UdpLevel = {
  CORK: udp('CORK', 1, bool),
  ENCAP: udp('ENCAP', 100, int),
  NO_CHECK6_TX: udp('NO_CHECK6_TX', 101, bool),
  NO_CHECK6_RX: udp('NO_CHECK6_RX', 102, bool),
  SEGMENT: udp('SEGMENT', 103, int),
  GRO: udp('GRO', 104, bool),
};

export interface UdpLiteLevel {
  readonly SEND_CSCOV: Option<number>;
  readonly RECV_CSCOV: Option<number>;
}

const udplite = rowsOf(SOL_UDPLITE, 'UDPLITE_');

/** Options of UDP-Lite sockets (RFC 3828; taken out of Linux in 7.1). */
export const UDPLITE: UdpLiteLevel = {
  SEND_CSCOV: udplite('SEND_CSCOV', 10, int),
  RECV_CSCOV: udplite('RECV_CSCOV', 11, int),
};
