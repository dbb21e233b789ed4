/** Options of IPv4 (ip(7)). */
import { IPPROTO_IP } from '../constants.ts';
import {
  type Ipv4Interface,
  type Ipv4Membership,
  type Ipv4SourceFilter,
  type Ipv4SourceMembership,
  indexInNetworkOrder,
  ipMreqn,
  ipMreqSource,
  ipMsfilter,
  ipMulticastIf,
} from './multicast.ts';
import { type Option, rowsOf } from './row.ts';
import { bool, bytesOf, int, u32 } from './values.ts';

const ipOptions = bytesOf(40);
const controlBytes = bytesOf(1024);
const policy = bytesOf(1024);

export interface IpLevel {
  readonly TOS: Option<number>;
  readonly TTL: Option<number>;
  readonly HDRINCL: Option<boolean>;
  readonly OPTIONS: Option<Uint8Array>;
  readonly ROUTER_ALERT: Option<boolean>;
  readonly RECVOPTS: Option<boolean>;
  readonly RETOPTS: Option<boolean>;
  readonly PKTINFO: Option<boolean>;
  readonly PKTOPTIONS: Option<Uint8Array>;
  readonly MTU_DISCOVER: Option<number>;
  readonly RECVERR: Option<boolean>;
  readonly RECVTTL: Option<boolean>;
  readonly RECVTOS: Option<boolean>;
  readonly MTU: Option<number>;
  readonly FREEBIND: Option<boolean>;
  readonly IPSEC_POLICY: Option<Uint8Array>;
  readonly XFRM_POLICY: Option<Uint8Array>;
  readonly PASSSEC: Option<boolean>;
  readonly TRANSPARENT: Option<boolean>;
  readonly ORIGDSTADDR: Option<boolean>;
  readonly RECVORIGDSTADDR: Option<boolean>;
  readonly MINTTL: Option<number>;
  readonly NODEFRAG: Option<boolean>;
  readonly CHECKSUM: Option<boolean>;
  readonly BIND_ADDRESS_NO_PORT: Option<boolean>;
  readonly RECVFRAGSIZE: Option<boolean>;
  readonly RECVERR_RFC4884: Option<boolean>;
  readonly MULTICAST_IF: Option<Ipv4Interface>;
  readonly MULTICAST_TTL: Option<number>;
  readonly MULTICAST_LOOP: Option<boolean>;
  readonly ADD_MEMBERSHIP: Option<Ipv4Membership>;
  readonly DROP_MEMBERSHIP: Option<Ipv4Membership>;
  readonly UNBLOCK_SOURCE: Option<Ipv4SourceMembership>;
  readonly BLOCK_SOURCE: Option<Ipv4SourceMembership>;
  readonly ADD_SOURCE_MEMBERSHIP: Option<Ipv4SourceMembership>;
  readonly DROP_SOURCE_MEMBERSHIP: Option<Ipv4SourceMembership>;
  readonly MSFILTER: Option<Ipv4SourceFilter>;
  readonly MULTICAST_ALL: Option<boolean>;
  readonly UNICAST_IF: Option<number>;
  readonly LOCAL_PORT_RANGE: Option<number>;
  readonly PROTOCOL: Option<number>;
  readonly RECVRETOPTS: Option<boolean>;
  readonly PMTUDISC: Option<number>;
}

const ip = rowsOf(IPPROTO_IP, 'IP_');

/** Options of IPv4 sockets; on IPv6 sockets they hold for their IPv4 traffic. */
export const IP: IpLevel = {
  TOS: ip('TOS', 1, int),
  TTL: ip('TTL', 2, int),
  HDRINCL: ip('HDRINCL', 3, bool),
  OPTIONS: ip('OPTIONS', 4, ipOptions),
  ROUTER_ALERT: ip('ROUTER_ALERT', 5, bool),
  RECVOPTS: ip('RECVOPTS', 6, bool),
  RETOPTS: ip('RETOPTS', 7, bool),
  PKTINFO: ip('PKTINFO', 8, bool),
  PKTOPTIONS: ip('PKTOPTIONS', 9, controlBytes, 'r'),
  MTU_DISCOVER: ip('MTU_DISCOVER', 10, int),
  RECVERR: ip('RECVERR', 11, bool),
  RECVTTL: ip('RECVTTL', 12, bool),
  RECVTOS: ip('RECVTOS', 13, bool),
  MTU: ip('MTU', 14, int, 'r'),
  FREEBIND: ip('FREEBIND', 15, bool),
  IPSEC_POLICY: ip('IPSEC_POLICY', 16, policy, 'w'),
  XFRM_POLICY: ip('XFRM_POLICY', 17, policy, 'w'),
  PASSSEC: ip('PASSSEC', 18, bool),
  TRANSPARENT: ip('TRANSPARENT', 19, bool),
  ORIGDSTADDR: ip('ORIGDSTADDR', 20, bool),
  RECVORIGDSTADDR: ip('RECVORIGDSTADDR', 20, bool, 'rw', 'ORIGDSTADDR'),
  MINTTL: ip('MINTTL', 21, int),
  NODEFRAG: ip('NODEFRAG', 22, bool),
  CHECKSUM: ip('CHECKSUM', 23, bool),
  BIND_ADDRESS_NO_PORT: ip('BIND_ADDRESS_NO_PORT', 24, bool),
  RECVFRAGSIZE: ip('RECVFRAGSIZE', 25, bool),
  RECVERR_RFC4884: ip('RECVERR_RFC4884', 26, bool),
  MULTICAST_IF: ip('MULTICAST_IF', 32, ipMulticastIf),
  MULTICAST_TTL: ip('MULTICAST_TTL', 33, int),
  MULTICAST_LOOP: ip('MULTICAST_LOOP', 34, bool),
  ADD_MEMBERSHIP: ip('ADD_MEMBERSHIP', 35, ipMreqn, 'w'),
  DROP_MEMBERSHIP: ip('DROP_MEMBERSHIP', 36, ipMreqn, 'w'),
  UNBLOCK_SOURCE: ip('UNBLOCK_SOURCE', 37, ipMreqSource, 'w'),
  BLOCK_SOURCE: ip('BLOCK_SOURCE', 38, ipMreqSource, 'w'),
  ADD_SOURCE_MEMBERSHIP: ip('ADD_SOURCE_MEMBERSHIP', 39, ipMreqSource, 'w'),
  DROP_SOURCE_MEMBERSHIP: ip('DROP_SOURCE_MEMBERSHIP', 40, ipMreqSource, 'w'),
  MSFILTER: ip('MSFILTER', 41, ipMsfilter),
  MULTICAST_ALL: ip('MULTICAST_ALL', 49, bool),
  UNICAST_IF: ip('UNICAST_IF', 50, indexInNetworkOrder),
  LOCAL_PORT_RANGE: ip('LOCAL_PORT_RANGE', 51, u32),
  PROTOCOL: ip('PROTOCOL', 52, int, 'r'),
  RECVRETOPTS: ip('RECVRETOPTS', 7, bool, 'rw', 'RETOPTS'),
  PMTUDISC: ip('PMTUDISC', 10, int, 'rw', 'MTU_DISCOVER'),
};
