/** Options of IPv6 (ipv6(7), RFC 3493, RFC 3542). */
import { IPPROTO_IPV6 } from '../constants.ts';
import {
  type FlowLabelRequest,
  flowLabelReq,
  type Ipv6PathMtu,
  type Ipv6Source,
  in6Pktinfo,
  ip6Mtuinfo,
} from './ipv6-values.ts';
import { type Ipv6Membership, indexInNetworkOrder, ipv6Mreq } from './multicast.ts';
import { type Option, rowsOf } from './row.ts';
import { bool, bytesOf, int } from './values.ts';

const controlBytes = bytesOf(1024);
const policy = bytesOf(1024);
const extension = bytesOf(2048);

export interface Ipv6Level {
  readonly ADDRFORM: Option<number>;
  readonly '2292PKTINFO': Option<boolean>;
  readonly '2292HOPOPTS': Option<boolean>;
  readonly '2292DSTOPTS': Option<boolean>;
  readonly '2292RTHDR': Option<boolean>;
  readonly '2292PKTOPTIONS': Option<Uint8Array>;
  readonly CHECKSUM: Option<number>;
  readonly '2292HOPLIMIT': Option<boolean>;
  readonly FLOWINFO: Option<boolean>;
  readonly UNICAST_HOPS: Option<number>;
  readonly MULTICAST_IF: Option<number>;
  readonly MULTICAST_HOPS: Option<number>;
  readonly MULTICAST_LOOP: Option<boolean>;
  readonly ADD_MEMBERSHIP: Option<Ipv6Membership>;
  readonly DROP_MEMBERSHIP: Option<Ipv6Membership>;
  readonly ROUTER_ALERT: Option<number>;
  readonly MTU_DISCOVER: Option<number>;
  readonly MTU: Option<number>;
  readonly RECVERR: Option<boolean>;
  readonly V6ONLY: Option<boolean>;
  readonly JOIN_ANYCAST: Option<Ipv6Membership>;
  readonly LEAVE_ANYCAST: Option<Ipv6Membership>;
  readonly MULTICAST_ALL: Option<boolean>;
  readonly ROUTER_ALERT_ISOLATE: Option<boolean>;
  readonly RECVERR_RFC4884: Option<boolean>;
  readonly FLOWLABEL_MGR: Option<FlowLabelRequest>;
  readonly FLOWINFO_SEND: Option<boolean>;
  readonly IPSEC_POLICY: Option<Uint8Array>;
  readonly XFRM_POLICY: Option<Uint8Array>;
  readonly HDRINCL: Option<boolean>;
  readonly RECVPKTINFO: Option<boolean>;
  readonly PKTINFO: Option<Ipv6Source>;
  readonly RECVHOPLIMIT: Option<boolean>;
  readonly RECVHOPOPTS: Option<boolean>;
  readonly HOPOPTS: Option<Uint8Array>;
  readonly RTHDRDSTOPTS: Option<Uint8Array>;
  readonly RECVRTHDR: Option<boolean>;
  readonly RTHDR: Option<Uint8Array>;
  readonly RECVDSTOPTS: Option<boolean>;
  readonly DSTOPTS: Option<Uint8Array>;
  readonly RECVPATHMTU: Option<boolean>;
  readonly PATHMTU: Option<Ipv6PathMtu>;
  readonly DONTFRAG: Option<boolean>;
  readonly RECVTCLASS: Option<boolean>;
  readonly TCLASS: Option<number>;
  readonly AUTOFLOWLABEL: Option<boolean>;
  readonly ADDR_PREFERENCES: Option<number>;
  readonly MINHOPCOUNT: Option<number>;
  readonly ORIGDSTADDR: Option<boolean>;
  readonly RECVORIGDSTADDR: Option<boolean>;
  readonly TRANSPARENT: Option<boolean>;
  readonly UNICAST_IF: Option<number>;
  readonly RECVFRAGSIZE: Option<boolean>;
  readonly FREEBIND: Option<boolean>;
  readonly JOIN_GROUP: Option<Ipv6Membership>;
  readonly LEAVE_GROUP: Option<Ipv6Membership>;
  readonly RXHOPOPTS: Option<Uint8Array>;
  readonly RXDSTOPTS: Option<Uint8Array>;
}

const ipv6 = rowsOf(IPPROTO_IPV6, 'IPV6_');

/** Options of IPv6 sockets. */
export const IPV6: Ipv6Level = {
  ADDRFORM: ipv6('ADDRFORM', 1, int),
  '2292PKTINFO': ipv6('2292PKTINFO', 2, bool),
  '2292HOPOPTS': ipv6('2292HOPOPTS', 3, bool),
  '2292DSTOPTS': ipv6('2292DSTOPTS', 4, bool),
  '2292RTHDR': ipv6('2292RTHDR', 5, bool),
  '2292PKTOPTIONS': ipv6('2292PKTOPTIONS', 6, controlBytes),
  CHECKSUM: ipv6('CHECKSUM', 7, int),
  '2292HOPLIMIT': ipv6('2292HOPLIMIT', 8, bool),
  FLOWINFO: ipv6('FLOWINFO', 11, bool),
  UNICAST_HOPS: ipv6('UNICAST_HOPS', 16, int),
  MULTICAST_IF: ipv6('MULTICAST_IF', 17, int),
  MULTICAST_HOPS: ipv6('MULTICAST_HOPS', 18, int),
  MULTICAST_LOOP: ipv6('MULTICAST_LOOP', 19, bool),
  ADD_MEMBERSHIP: ipv6('ADD_MEMBERSHIP', 20, ipv6Mreq, 'w'),
  DROP_MEMBERSHIP: ipv6('DROP_MEMBERSHIP', 21, ipv6Mreq, 'w'),
  ROUTER_ALERT: ipv6('ROUTER_ALERT', 22, int),
  MTU_DISCOVER: ipv6('MTU_DISCOVER', 23, int),
  MTU: ipv6('MTU', 24, int),
  RECVERR: ipv6('RECVERR', 25, bool),
  V6ONLY: ipv6('V6ONLY', 26, bool),
  JOIN_ANYCAST: ipv6('JOIN_ANYCAST', 27, ipv6Mreq, 'w'),
  LEAVE_ANYCAST: ipv6('LEAVE_ANYCAST', 28, ipv6Mreq, 'w'),
  MULTICAST_ALL: ipv6('MULTICAST_ALL', 29, bool),
  ROUTER_ALERT_ISOLATE: ipv6('ROUTER_ALERT_ISOLATE', 30, bool),
  RECVERR_RFC4884: ipv6('RECVERR_RFC4884', 31, bool),
  FLOWLABEL_MGR: ipv6('FLOWLABEL_MGR', 32, flowLabelReq),
  FLOWINFO_SEND: ipv6('FLOWINFO_SEND', 33, bool),
  IPSEC_POLICY: ipv6('IPSEC_POLICY', 34, policy, 'w'),
  XFRM_POLICY: ipv6('XFRM_POLICY', 35, policy, 'w'),
  HDRINCL: ipv6('HDRINCL', 36, bool),
  RECVPKTINFO: ipv6('RECVPKTINFO', 49, bool),
  PKTINFO: ipv6('PKTINFO', 50, in6Pktinfo, 'w'),
  RECVHOPLIMIT: ipv6('RECVHOPLIMIT', 51, bool),
  RECVHOPOPTS: ipv6('RECVHOPOPTS', 53, bool),
  HOPOPTS: ipv6('HOPOPTS', 54, extension),
  RTHDRDSTOPTS: ipv6('RTHDRDSTOPTS', 55, extension),
  RECVRTHDR: ipv6('RECVRTHDR', 56, bool),
  RTHDR: ipv6('RTHDR', 57, extension),
  RECVDSTOPTS: ipv6('RECVDSTOPTS', 58, bool),
  DSTOPTS: ipv6('DSTOPTS', 59, extension),
  RECVPATHMTU: ipv6('RECVPATHMTU', 60, bool),
  PATHMTU: ipv6('PATHMTU', 61, ip6Mtuinfo, 'r'),
  DONTFRAG: ipv6('DONTFRAG', 62, bool),
  RECVTCLASS: ipv6('RECVTCLASS', 66, bool),
  TCLASS: ipv6('TCLASS', 67, int),
  AUTOFLOWLABEL: ipv6('AUTOFLOWLABEL', 70, bool),
  ADDR_PREFERENCES: ipv6('ADDR_PREFERENCES', 72, int),
  MINHOPCOUNT: ipv6('MINHOPCOUNT', 73, int),
  ORIGDSTADDR: ipv6('ORIGDSTADDR', 74, bool),
  RECVORIGDSTADDR: ipv6('RECVORIGDSTADDR', 74, bool, 'rw', 'ORIGDSTADDR'),
  TRANSPARENT: ipv6('TRANSPARENT', 75, bool),
  UNICAST_IF: ipv6('UNICAST_IF', 76, indexInNetworkOrder),
  RECVFRAGSIZE: ipv6('RECVFRAGSIZE', 77, bool),
  FREEBIND: ipv6('FREEBIND', 78, bool),
  JOIN_GROUP: ipv6('JOIN_GROUP', 20, ipv6Mreq, 'w', 'ADD_MEMBERSHIP'),
  LEAVE_GROUP: ipv6('LEAVE_GROUP', 21, ipv6Mreq, 'w', 'DROP_MEMBERSHIP'),
  RXHOPOPTS: ipv6('RXHOPOPTS', 54, extension, 'rw', 'HOPOPTS'),
  RXDSTOPTS: ipv6('RXDSTOPTS', 59, extension, 'rw', 'DSTOPTS'),
};
