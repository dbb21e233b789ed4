/** For each option that can be set and read: a socket that has it, a value to set, and what is read then. */
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_VSOCK,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '../../src/socket/constants.ts';

type Kind = readonly [domain: number, type: number, protocol: number];

export const UDP4: Kind = [AF_INET, SOCK_DGRAM, 0];
export const TCP4: Kind = [AF_INET, SOCK_STREAM, 0];
const UDP6: Kind = [AF_INET6, SOCK_DGRAM, 0];
const TCP6: Kind = [AF_INET6, SOCK_STREAM, 0];
const UNIX: Kind = [AF_UNIX, SOCK_DGRAM, 0];
const PACKET: Kind = [AF_PACKET, SOCK_RAW, 0];
const NETLINK: Kind = [AF_NETLINK, SOCK_RAW, 0];
const VSOCK: Kind = [AF_VSOCK, SOCK_STREAM, 0];
const ICMP: Kind = [AF_INET, SOCK_RAW, IPPROTO_ICMP];
const ICMP6: Kind = [AF_INET6, SOCK_RAW, IPPROTO_ICMPV6];
const RAW6: Kind = [AF_INET6, SOCK_RAW, 255];
const UDPLITE: Kind = [AF_INET, SOCK_DGRAM, 136];

export interface Sample {
  readonly kind: Kind;
  readonly value: unknown;
  /** What is read; the value itself when left out. */
  readonly back?: unknown;
  /** Errors that say that this kernel, or this machine, does not have it. */
  readonly lacking?: readonly string[];
}

/** Bools that are set to true on one kind of socket. */
const bools: readonly [Kind, string][] = [
  [UDP4, 'SO_DEBUG SO_REUSEADDR SO_DONTROUTE SO_BROADCAST SO_NO_CHECK SO_REUSEPORT SO_TIMESTAMP SO_TIMESTAMPNS'],
  [UDP4, 'SO_RXQ_OVFL SO_WIFI_STATUS SO_LOCK_FILTER SO_SELECT_ERR_QUEUE SO_TIMESTAMP_NEW SO_TIMESTAMPNS_NEW'],
  [UDP4, 'SO_PREFER_BUSY_POLL SO_RCVMARK SO_RCVPRIORITY'],
  [TCP4, 'SO_KEEPALIVE SO_OOBINLINE SO_ZEROCOPY'],
  [UNIX, 'SO_PASSCRED SO_PASSSEC SO_PASSPIDFD'],
  [PACKET, 'SO_NOFCS'],
  [TCP4, 'TCP_NODELAY TCP_CORK TCP_THIN_LINEAR_TIMEOUTS TCP_FASTOPEN_CONNECT TCP_FASTOPEN_NO_COOKIE TCP_INQ'],
  [UDP4, 'UDP_CORK UDP_NO_CHECK6_TX UDP_NO_CHECK6_RX UDP_GRO'],
  [UDP4, 'IP_RECVOPTS IP_RETOPTS IP_PKTINFO IP_RECVERR IP_RECVTTL IP_RECVTOS IP_FREEBIND IP_PASSSEC IP_TRANSPARENT'],
  [UDP4, 'IP_ORIGDSTADDR IP_CHECKSUM IP_BIND_ADDRESS_NO_PORT IP_RECVFRAGSIZE IP_RECVERR_RFC4884'],
  [ICMP, 'IP_HDRINCL IP_NODEFRAG'],
  [UDP6, 'IPV6_2292PKTINFO IPV6_2292HOPOPTS IPV6_2292DSTOPTS IPV6_2292RTHDR IPV6_2292HOPLIMIT IPV6_FLOWINFO'],
  [UDP6, 'IPV6_RECVERR IPV6_V6ONLY IPV6_RECVERR_RFC4884 IPV6_FLOWINFO_SEND IPV6_RECVPKTINFO IPV6_RECVHOPLIMIT'],
  [UDP6, 'IPV6_RECVHOPOPTS IPV6_RECVRTHDR IPV6_RECVDSTOPTS IPV6_RECVPATHMTU IPV6_DONTFRAG IPV6_RECVTCLASS'],
  [
    UDP6,
    'IPV6_AUTOFLOWLABEL IPV6_ORIGDSTADDR IPV6_TRANSPARENT IPV6_RECVFRAGSIZE IPV6_FREEBIND IPV6_ROUTER_ALERT_ISOLATE',
  ],
  [RAW6, 'IPV6_HDRINCL'],
  [PACKET, 'PACKET_AUXDATA PACKET_ORIGDEV PACKET_LOSS PACKET_VNET_HDR PACKET_TX_HAS_OFF PACKET_QDISC_BYPASS'],
  [PACKET, 'PACKET_IGNORE_OUTGOING'],
  [NETLINK, 'NETLINK_PKTINFO NETLINK_BROADCAST_ERROR NETLINK_NO_ENOBUFS NETLINK_CAP_ACK'],
  [NETLINK, 'NETLINK_EXT_ACK NETLINK_GET_STRICT_CHK'],
];

const others: Readonly<Record<string, Sample>> = {
  SO_SNDBUF: { kind: UDP4, value: 20_000, back: 40_000 },
  SO_RCVBUF: { kind: UDP4, value: 20_000, back: 40_000 },
  SO_PRIORITY: { kind: UDP4, value: 7 },
  SO_LINGER: { kind: TCP4, value: { on: true, seconds: 5 } },
  SO_BSDCOMPAT: { kind: UDP4, value: true, back: false },
  SO_RCVLOWAT: { kind: TCP4, value: 100 },
  SO_RCVTIMEO: { kind: UDP4, value: 1500 },
  SO_SNDTIMEO: { kind: UDP4, value: 2000 },
  SO_RCVTIMEO_NEW: { kind: UDP4, value: 1500 },
  SO_SNDTIMEO_NEW: { kind: UDP4, value: 2000 },
  SO_BINDTODEVICE: { kind: UDP4, value: 'lo' },
  SO_BINDTOIFINDEX: { kind: UDP4, value: 1 },
  SO_MARK: { kind: UDP4, value: 0xdead_beef },
  SO_TIMESTAMPING: { kind: UDP4, value: { flags: 0x18, bindPhc: 0 } },
  SO_TIMESTAMPING_NEW: { kind: UDP4, value: { flags: 0x18, bindPhc: 0 } },
  SO_PEEK_OFF: { kind: UNIX, value: 3 },
  SO_BUSY_POLL: { kind: UDP4, value: 50 },
  SO_MAX_PACING_RATE: { kind: TCP4, value: 1_000_000n },
  SO_INCOMING_CPU: { kind: TCP4, value: 0 },
  SO_TXTIME: { kind: UDP4, value: { clockId: 1, flags: 2 } },
  SO_BUF_LOCK: { kind: UDP4, value: 3 },
  SO_RESERVE_MEM: { kind: TCP4, value: 4096, lacking: ['EOPNOTSUPP', 'ENOMEM'] },
  SO_TXREHASH: { kind: TCP4, value: 0 },
  SO_PASSRIGHTS: { kind: UNIX, value: false },
  TCP_MAXSEG: { kind: TCP4, value: 1000 },
  TCP_KEEPIDLE: { kind: TCP4, value: 100 },
  TCP_KEEPINTVL: { kind: TCP4, value: 10 },
  TCP_KEEPCNT: { kind: TCP4, value: 3 },
  TCP_SYNCNT: { kind: TCP4, value: 2 },
  TCP_LINGER2: { kind: TCP4, value: 30 },
  // Kept as a count of retransmissions: after 1, 2 and 4 s.
  TCP_DEFER_ACCEPT: { kind: TCP4, value: 5, back: 7 },
  TCP_WINDOW_CLAMP: { kind: TCP4, value: 20_000 },
  TCP_QUICKACK: { kind: TCP4, value: false },
  TCP_CONGESTION: { kind: TCP4, value: 'reno' },
  TCP_THIN_DUPACK: { kind: TCP4, value: true, back: false },
  TCP_USER_TIMEOUT: { kind: TCP4, value: 5000 },
  TCP_REPAIR: { kind: TCP4, value: 1 },
  TCP_FASTOPEN: { kind: TCP4, value: 5 },
  TCP_NOTSENT_LOWAT: { kind: TCP4, value: 16_384 },
  TCP_SAVE_SYN: { kind: TCP4, value: 1 },
  TCP_ULP: { kind: TCP4, value: 'tls', lacking: ['ENOENT', 'ENOTCONN'] },
  TCP_FASTOPEN_KEY: { kind: TCP4, value: Uint8Array.from({ length: 16 }, (_, i) => i) },
  TCP_TX_DELAY: { kind: TCP4, value: 1000 },
  TCP_RTO_MAX_MS: { kind: TCP4, value: 5000 },
  TCP_RTO_MIN_US: { kind: TCP4, value: 100_000 },
  TCP_DELACK_MAX_US: { kind: TCP4, value: 100_000 },
  UDP_ENCAP: { kind: UDP4, value: 2, lacking: ['ENOPROTOOPT'] },
  UDP_SEGMENT: { kind: UDP4, value: 1200 },
  UDPLITE_SEND_CSCOV: { kind: UDPLITE, value: 20 },
  UDPLITE_RECV_CSCOV: { kind: UDPLITE, value: 20 },
  IP_TOS: { kind: UDP4, value: 0xb8 },
  IP_TTL: { kind: UDP4, value: 9 },
  IP_OPTIONS: { kind: UDP4, value: Uint8Array.of(1, 1, 1, 1) },
  IP_MTU_DISCOVER: { kind: UDP4, value: 2 },
  IP_MINTTL: { kind: TCP4, value: 200 },
  IP_MULTICAST_IF: { kind: UDP4, value: { address: '127.0.0.1' } },
  IP_MULTICAST_TTL: { kind: UDP4, value: 3 },
  IP_MULTICAST_LOOP: { kind: UDP4, value: false },
  IP_MULTICAST_ALL: { kind: UDP4, value: false },
  IP_UNICAST_IF: { kind: UDP4, value: 1 },
  IP_LOCAL_PORT_RANGE: { kind: UDP4, value: 40_010 * 65_536 + 40_000 },
  IP_ROUTER_ALERT: { kind: ICMP, value: true },
  IPV6_UNICAST_HOPS: { kind: UDP6, value: 9 },
  IPV6_MULTICAST_IF: { kind: UDP6, value: 1 },
  IPV6_MULTICAST_HOPS: { kind: UDP6, value: 3 },
  IPV6_MULTICAST_LOOP: { kind: UDP6, value: false },
  IPV6_MULTICAST_ALL: { kind: UDP6, value: false },
  IPV6_MTU_DISCOVER: { kind: UDP6, value: 2 },
  IPV6_CHECKSUM: { kind: RAW6, value: 2 },
  IPV6_TCLASS: { kind: UDP6, value: 0xb8 },
  IPV6_ADDR_PREFERENCES: { kind: UDP6, value: 2, back: 0x402 },
  IPV6_MINHOPCOUNT: { kind: TCP6, value: 200 },
  IPV6_UNICAST_IF: { kind: UDP6, value: 1 },
  IPV6_HOPOPTS: { kind: UDP6, value: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) },
  IPV6_DSTOPTS: { kind: UDP6, value: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) },
  IPV6_RTHDRDSTOPTS: { kind: UDP6, value: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) },
  PACKET_VERSION: { kind: PACKET, value: 2 },
  PACKET_RESERVE: { kind: PACKET, value: 64 },
  PACKET_TIMESTAMP: { kind: PACKET, value: 0x40 },
  PACKET_VNET_HDR_SZ: { kind: PACKET, value: 12 },
  NETLINK_LISTEN_ALL_NSID: { kind: NETLINK, value: true },
  ICMP_FILTER: { kind: ICMP, value: [0, 8] },
  ICMPV6_FILTER: { kind: ICMP6, value: [128, 129] },
  SO_VM_SOCKETS_BUFFER_SIZE: { kind: VSOCK, value: 65_536n },
  SO_VM_SOCKETS_BUFFER_MIN_SIZE: { kind: VSOCK, value: 256n },
  SO_VM_SOCKETS_BUFFER_MAX_SIZE: { kind: VSOCK, value: 1_048_576n },
  SO_VM_SOCKETS_CONNECT_TIMEOUT: { kind: VSOCK, value: 1500 },
  SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW: { kind: VSOCK, value: 1500 },
};

export const samples: ReadonlyMap<string, Sample> = new Map([
  ...bools.flatMap(([kind, names]) => names.split(' ').map((name): [string, Sample] => [name, { kind, value: true }])),
  ...Object.entries(others),
]);

/** Set and read only under circumstances that the test of their effect makes. */
export const elsewhere: ReadonlySet<string> = new Set([
  'TCP_REPAIR_QUEUE',
  'TCP_QUEUE_SEQ',
  'TCP_TIMESTAMP',
  'TCP_REPAIR_WINDOW',
  'TCP_AO_INFO',
  'TCP_AO_REPAIR',
  'TLS_TX',
  'TLS_RX',
  'TLS_TX_ZEROCOPY_RO',
  'TLS_RX_EXPECT_NO_PAD',
  'IP_MSFILTER',
  'MCAST_MSFILTER',
  'IPV6_MTU',
  'IPV6_ADDRFORM',
  'IPV6_2292PKTOPTIONS',
  'IPV6_ROUTER_ALERT',
  'IPV6_FLOWLABEL_MGR',
  'IPV6_RTHDR',
  'PACKET_FANOUT',
]);
