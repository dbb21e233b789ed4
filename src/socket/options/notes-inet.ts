/**
 * What is to be said of options of the Internet protocols.
 *
 * One line an option: its name, the kernel that first had it, where it is described, the capability that setting it
 * takes (- for none), what it does. Read by catalogue.ts.
 */
export const inetNotes = `
IP_TOS | 1.0 | ip(7) | CAP_NET_ADMIN for some values in old kernels | The byte with DSCP and ECN of what is sent; TCP keeps its ECN bits.
IP_TTL | 1.0 | ip(7) | - | Time to live of what is sent, 1 to 255; -1 sets the default again.
IP_HDRINCL | 2.0 | ip(7) | - | Raw sockets: the program writes the IP header itself.
IP_OPTIONS | 2.0 | ip(7) | CAP_NET_RAW for some options | IP options of what is sent, as on the wire, at most 40 bytes.
IP_ROUTER_ALERT | 2.2 | ip(7) | CAP_NET_RAW (the socket) | Raw sockets on a router: take packets with the router alert option (RFC 2113) that pass through.
IP_RECVOPTS | 2.2 | ip(7) | - | Receive the IP options of each datagram.
IP_RETOPTS | 2.2 | ip(7) | - | Receive the IP options of each datagram, turned round for an answer.
IP_PKTINFO | 2.2 | ip(7) | - | Receive interface and destination of each datagram.
IP_PKTOPTIONS | 2.2 | linux/in.h | - | TCP: control messages of the last segment, as bytes for decodeControl.
IP_MTU_DISCOVER | 2.2 | ip(7) | - | Path MTU discovery: IP_PMTUDISC_DONT, WANT, DO, PROBE, INTERFACE, OMIT.
IP_RECVERR | 2.2 | ip(7) | - | ICMP errors go to the error queue, and unconnected sockets hear of them.
IP_RECVTTL | 2.2 | ip(7) | - | Receive the time to live of each datagram.
IP_RECVTOS | 2.2 | ip(7) | - | Receive the TOS byte of each datagram.
IP_MTU | 2.2 | ip(7) | - | Path MTU of a connected socket.
IP_FREEBIND | 2.4 | ip(7) | - | Bind an address that no interface has (yet).
IP_IPSEC_POLICY | 2.5.47 | ip(7) | CAP_NET_ADMIN | IPsec policy of this socket, in the form of PF_KEY.
IP_XFRM_POLICY | 2.5.47 | ip(7) | CAP_NET_ADMIN | IPsec policy of this socket, struct xfrm_userpolicy_info and templates; nothing to read.
IP_PASSSEC | 2.6.17 | ip(7) | - | Receive the security label of each datagram.
IP_TRANSPARENT | 2.6.28 | ip(7) | CAP_NET_ADMIN or CAP_NET_RAW | Bind foreign addresses and take diverted connections (TPROXY).
IP_ORIGDSTADDR | 2.6.29 | ip(7) | - | Receive where each datagram was addressed before it was diverted.
IP_RECVORIGDSTADDR | 2.6.29 | ip(7) | - | Another name of ORIGDSTADDR.
IP_MINTTL | 2.6.34 | ip(7) | - | Drop segments of this connection whose time to live is lower (RFC 5082).
IP_NODEFRAG | 2.6.36 | ip(7) | - | Raw sockets: do not put outgoing fragments together for the packet filter.
IP_CHECKSUM | 4.0 | linux/in.h | - | UDP: receive the sum of each datagram's payload.
IP_BIND_ADDRESS_NO_PORT | 4.2 | ip(7) | - | bind to port 0 takes only the address; the port is chosen at connect, so more connections fit.
IP_RECVFRAGSIZE | 4.10 | linux/in.h | - | Receive the size of the largest fragment of each datagram.
IP_RECVERR_RFC4884 | 5.9 | linux/in.h | - | Extension objects of ICMP errors (RFC 4884) come with the error.
IP_MULTICAST_IF | 1.2 | ip(7) | - | Interface that multicast is sent through.
IP_MULTICAST_TTL | 1.2 | ip(7) | - | Time to live of multicast; 1 by default.
IP_MULTICAST_LOOP | 1.2 | ip(7) | - | Whether this machine hears its own multicast.
IP_ADD_MEMBERSHIP | 1.2 | ip(7) | - | Join a group.
IP_DROP_MEMBERSHIP | 1.2 | ip(7) | - | Leave a group.
IP_UNBLOCK_SOURCE | 2.4.22 | ip(7) | - | Hear a blocked source of a group again.
IP_BLOCK_SOURCE | 2.4.22 | ip(7) | - | Do not hear one source of a joined group.
IP_ADD_SOURCE_MEMBERSHIP | 2.4.22 | ip(7) | - | Join a group to hear one source of it.
IP_DROP_SOURCE_MEMBERSHIP | 2.4.22 | ip(7) | - | Leave one source of a group.
IP_MSFILTER | 2.4.22 | ip(7) | - | The whole source filter of a joined group; read with asking.
IP_MULTICAST_ALL | 2.6.31 | ip(7) | - | Whether the socket hears groups that other sockets of the machine joined; on by default.
IP_UNICAST_IF | 3.4 | ip(7) | - | Interface that unicast is sent through, by index, without binding to it.
IP_LOCAL_PORT_RANGE | 6.3 | linux/in.h | - | Range that ports are chosen from: highest times 65536 plus lowest; 0 is the system's.
IP_PROTOCOL | 6.4 | linux/in.h | - | Protocol of a raw socket.
IP_RECVRETOPTS | 2.2 | linux/in.h | - | Another name of RETOPTS.
IP_PMTUDISC | 2.2 | linux/in.h | - | Old name of MTU_DISCOVER.
IPV6_ADDRFORM | 2.2 | ipv6(7) | - | Turn a socket connected to an IPv4-mapped address into an AF_INET socket.
IPV6_2292PKTINFO | 2.2 | ipv6(7) | - | As RECVPKTINFO, in the older form of RFC 2292.
IPV6_2292HOPOPTS | 2.2 | ipv6(7) | - | As RECVHOPOPTS, in the older form of RFC 2292.
IPV6_2292DSTOPTS | 2.2 | ipv6(7) | - | As RECVDSTOPTS, in the older form of RFC 2292.
IPV6_2292RTHDR | 2.2 | ipv6(7) | - | As RECVRTHDR, in the older form of RFC 2292.
IPV6_2292PKTOPTIONS | 2.2 | ipv6(7) | - | Control messages that apply to all that is sent; read on TCP, those of the last segment.
IPV6_CHECKSUM | 2.2 | ipv6(7) | - | Raw sockets: where in the payload the kernel puts the checksum; -1 is nowhere.
IPV6_2292HOPLIMIT | 2.2 | ipv6(7) | - | As RECVHOPLIMIT, in the older form of RFC 2292.
IPV6_FLOWINFO | 2.2 | ipv6(7) | - | Receive traffic class and flow label of each packet.
IPV6_UNICAST_HOPS | 2.2 | ipv6(7) | - | Hop limit of unicast that is sent; -1 is the route's.
IPV6_MULTICAST_IF | 2.2 | ipv6(7) | - | Interface that multicast is sent through, by index.
IPV6_MULTICAST_HOPS | 2.2 | ipv6(7) | - | Hop limit of multicast that is sent; 1 by default.
IPV6_MULTICAST_LOOP | 2.2 | ipv6(7) | - | Whether this machine hears its own multicast.
IPV6_ADD_MEMBERSHIP | 2.2 | ipv6(7) | - | Join a group on one interface.
IPV6_DROP_MEMBERSHIP | 2.2 | ipv6(7) | - | Leave a group.
IPV6_ROUTER_ALERT | 2.2 | ipv6(7) | CAP_NET_RAW (the socket) | Raw sockets on a router: take packets with this router alert value that pass through; -1 ends it.
IPV6_MTU_DISCOVER | 2.2 | ipv6(7) | - | Path MTU discovery: IPV6_PMTUDISC_DONT, WANT, DO, PROBE, INTERFACE, OMIT.
IPV6_MTU | 2.2 | ipv6(7) | - | Largest packet to send, in bytes from 1280; read, the path MTU of a connected socket.
IPV6_RECVERR | 2.2 | ipv6(7) | - | ICMPv6 errors go to the error queue, and unconnected sockets hear of them.
IPV6_V6ONLY | 2.4.21 | ipv6(7) | - | No IPv4 through this socket; set before bind.
IPV6_JOIN_ANYCAST | 2.2 | ipv6(7) | CAP_NET_ADMIN | Answer to an anycast address.
IPV6_LEAVE_ANYCAST | 2.2 | ipv6(7) | - | Stop answering to an anycast address.
IPV6_MULTICAST_ALL | 4.20 | linux/in6.h | - | Whether the socket hears groups that other sockets of the machine joined; on by default.
IPV6_ROUTER_ALERT_ISOLATE | 5.1 | linux/in6.h | - | Take router alert packets of this socket's network namespace only.
IPV6_RECVERR_RFC4884 | 5.9 | linux/in6.h | - | Extension objects of ICMPv6 errors (RFC 4884) come with the error.
IPV6_FLOWLABEL_MGR | 2.2 | ipv6(7) | CAP_NET_ADMIN for labels that others share | Lease flow labels, renew them, give them back; read with asking.
IPV6_FLOWINFO_SEND | 2.2 | ipv6(7) | - | Use the flowinfo of the address that is connected or sent to.
IPV6_IPSEC_POLICY | 2.5.47 | ipv6(7) | CAP_NET_ADMIN | IPsec policy of this socket, in the form of PF_KEY.
IPV6_XFRM_POLICY | 2.5.47 | ipv6(7) | CAP_NET_ADMIN | IPsec policy of this socket, struct xfrm_userpolicy_info and templates; nothing to read.
IPV6_HDRINCL | 4.5 | linux/in6.h | - | Raw sockets: the program writes the IPv6 header itself.
IPV6_RECVPKTINFO | 2.6.14 | ipv6(7) | - | Receive interface and destination of each packet.
IPV6_PKTINFO | 2.6.14 | ipv6(7) | - | Source address and interface of all that is sent.
IPV6_RECVHOPLIMIT | 2.6.14 | ipv6(7) | - | Receive the hop limit of each packet.
IPV6_RECVHOPOPTS | 2.6.14 | ipv6(7) | - | Receive the hop-by-hop options header of each packet.
IPV6_HOPOPTS | 2.6.14 | ipv6(7) | CAP_NET_RAW | Hop-by-hop options header of all that is sent, as on the wire.
IPV6_RTHDRDSTOPTS | 2.6.14 | ipv6(7) | CAP_NET_RAW | Destination options before a routing header, as on the wire.
IPV6_RECVRTHDR | 2.6.14 | ipv6(7) | - | Receive the routing header of each packet.
IPV6_RTHDR | 2.6.14 | ipv6(7) | - | Routing header of all that is sent, as on the wire.
IPV6_RECVDSTOPTS | 2.6.14 | ipv6(7) | - | Receive the destination options header of each packet.
IPV6_DSTOPTS | 2.6.14 | ipv6(7) | CAP_NET_RAW | Destination options header of all that is sent, as on the wire.
IPV6_RECVPATHMTU | 2.6.35 | ipv6(7) | - | Hear of changes of the path MTU as control messages.
IPV6_PATHMTU | 2.6.35 | ipv6(7) | - | Path MTU of a connected socket, with its destination.
IPV6_DONTFRAG | 2.6.35 | ipv6(7) | - | Refuse to fragment: too large is EMSGSIZE.
IPV6_RECVTCLASS | 2.6.14 | ipv6(7) | - | Receive the traffic class of each packet.
IPV6_TCLASS | 2.6.14 | ipv6(7) | - | Traffic class of what is sent: DSCP and ECN; -1 is the default.
IPV6_AUTOFLOWLABEL | 3.17 | linux/in6.h | - | Whether the kernel puts a flow label from the flow's hash on what is sent.
IPV6_ADDR_PREFERENCES | 2.6.26 | ipv6(7) | - | Which source addresses are preferred (RFC 5014): IPV6_PREFER_SRC_*.
IPV6_MINHOPCOUNT | 2.6.35 | ipv6(7) | - | Drop segments of this connection whose hop limit is lower (RFC 5082).
IPV6_ORIGDSTADDR | 2.6.37 | ipv6(7) | - | Receive where each datagram was addressed before it was diverted.
IPV6_RECVORIGDSTADDR | 2.6.37 | ipv6(7) | - | Another name of ORIGDSTADDR.
IPV6_TRANSPARENT | 2.6.37 | ipv6(7) | CAP_NET_ADMIN or CAP_NET_RAW | Bind foreign addresses and take diverted connections (TPROXY).
IPV6_UNICAST_IF | 3.4 | ipv6(7) | - | Interface that unicast is sent through, by index, without binding to it.
IPV6_RECVFRAGSIZE | 4.10 | linux/in6.h | - | Receive the size of the largest fragment of each datagram.
IPV6_FREEBIND | 4.15 | linux/in6.h | - | Bind an address that no interface has (yet).
IPV6_JOIN_GROUP | 2.2 | linux/in6.h | - | The name of ADD_MEMBERSHIP in RFC 3493.
IPV6_LEAVE_GROUP | 2.2 | linux/in6.h | - | The name of DROP_MEMBERSHIP in RFC 3493.
IPV6_RXHOPOPTS | 2.6.14 | linux/in6.h | - | Another name of HOPOPTS.
IPV6_RXDSTOPTS | 2.6.14 | linux/in6.h | - | Another name of DSTOPTS.
MCAST_JOIN_GROUP | 2.4.22 | ip(7) | - | Join a group on one interface, of IPv4 or IPv6 (RFC 3678).
MCAST_BLOCK_SOURCE | 2.4.22 | ip(7) | - | Do not hear one source of a joined group.
MCAST_UNBLOCK_SOURCE | 2.4.22 | ip(7) | - | Hear a blocked source again.
MCAST_LEAVE_GROUP | 2.4.22 | ip(7) | - | Leave a group.
MCAST_JOIN_SOURCE_GROUP | 2.4.22 | ip(7) | - | Join a group to hear one source of it.
MCAST_LEAVE_SOURCE_GROUP | 2.4.22 | ip(7) | - | Leave one source of a group.
MCAST_MSFILTER | 2.4.22 | ip(7) | - | The whole source filter of a joined group; read with asking.
ICMP_FILTER | 2.2 | raw(7) | - | ICMP types, 0 to 31, that a raw socket does not receive.
ICMPV6_FILTER | 2.2 | linux/icmpv6.h | - | ICMPv6 types that a raw socket does not receive (ICMP6_FILTER in RFC 3542).
TCP_NODELAY | 1.0 | tcp(7) | - | Send small segments at once instead of waiting for the acknowledgement of the last (Nagle's algorithm off).
TCP_MAXSEG | 1.0 | tcp(7) | - | Most bytes of a segment that are announced and sent.
TCP_CORK | 2.2 | tcp(7) | - | Hold back segments that are not full, for 200 ms at most; taking it off sends them.
TCP_KEEPIDLE | 2.4 | tcp(7) | - | Seconds of silence before the first keep-alive probe.
TCP_KEEPINTVL | 2.4 | tcp(7) | - | Seconds between keep-alive probes.
TCP_KEEPCNT | 2.4 | tcp(7) | - | Keep-alive probes without an answer before the connection ends.
TCP_SYNCNT | 2.4 | tcp(7) | - | How often a SYN is sent again before connect gives up.
TCP_LINGER2 | 2.4 | tcp(7) | - | Seconds that a closed socket stays in FIN-WAIT-2; negative: not at all.
TCP_DEFER_ACCEPT | 2.4 | tcp(7) | - | A listener hears of a connection when its first data is there; seconds to wait for it.
TCP_WINDOW_CLAMP | 2.4 | tcp(7) | - | Most bytes of receive window that are offered.
TCP_INFO | 2.4 | tcp(7) | - | What the kernel knows of the connection: state, round-trip time, windows, losses, rates.
TCP_QUICKACK | 2.4.4 | tcp(7) | - | Acknowledge at once; not lasting, the kernel leaves that mode by itself.
TCP_CONGESTION | 2.6.13 | tcp(7) | CAP_NET_ADMIN for algorithms that are not in tcp_allowed_congestion_control | Name of the congestion control algorithm.
TCP_MD5SIG | 2.6.20 | tcp(7) | - | Sign segments to and from one peer with a key (RFC 2385).
TCP_THIN_LINEAR_TIMEOUTS | 2.6.34 | tcp(7) | - | Streams with few packets in flight retransmit without doubling the timeout.
TCP_THIN_DUPACK | 2.6.34 | tcp(7) | - | Once: retransmit after one duplicate acknowledgement; accepted without effect since 4.11.
TCP_USER_TIMEOUT | 2.6.37 | tcp(7) | - | Milliseconds that sent data may stay unacknowledged before the connection ends with ETIMEDOUT.
TCP_REPAIR | 3.5 | tcp(7) | CAP_NET_ADMIN | 1: take the connection's state apart or put it together without packets; 0 or -1 ends that.
TCP_REPAIR_QUEUE | 3.5 | tcp(7) | CAP_NET_ADMIN | Which queue repair works on: TCP_NO_QUEUE, TCP_RECV_QUEUE, TCP_SEND_QUEUE.
TCP_QUEUE_SEQ | 3.5 | tcp(7) | CAP_NET_ADMIN to set | Sequence number at the end of that queue (under repair).
TCP_REPAIR_OPTIONS | 3.5 | tcp(7) | CAP_NET_ADMIN | What the handshake agreed on: segment size, window scales, SACK, timestamps.
TCP_FASTOPEN | 3.7 | tcp(7) | - | A listener takes data with the SYN: most such connections that are not complete.
TCP_TIMESTAMP | 3.9 | tcp(7) | CAP_NET_ADMIN to set | The clock behind the timestamps option.
TCP_NOTSENT_LOWAT | 3.12 | tcp(7) | - | A write is ready only while fewer bytes than this wait unsent.
TCP_CC_INFO | 4.1 | tcp(7) | - | Figures of the congestion control algorithm itself.
TCP_SAVE_SYN | 4.2 | tcp(7) | - | A listener keeps the headers of each SYN: 1 from the IP header on, 2 (since 5.10) with the link header.
TCP_SAVED_SYN | 4.2 | tcp(7) | - | The kept headers; reading frees them.
TCP_REPAIR_WINDOW | 4.8 | linux/tcp.h | CAP_NET_ADMIN | Windows of a connection under repair.
TCP_FASTOPEN_CONNECT | 4.11 | tcp(7) | - | connect only notes the address; the SYN leaves with the first data.
TCP_ULP | 4.13 | linux/tcp.h | - | Put a layer on top of the connection: 'tls'.
TCP_MD5SIG_EXT | 4.13 | linux/tcp.h | - | As MD5SIG, for a prefix of addresses or one interface.
TCP_FASTOPEN_KEY | 4.15 | linux/tcp.h | - | Key of a listener's Fast Open cookies: 16 bytes, or 32 for a new and an old one.
TCP_FASTOPEN_NO_COOKIE | 4.15 | linux/tcp.h | - | Fast Open without cookies, for networks where addresses can be trusted.
TCP_ZEROCOPY_RECEIVE | 4.18 | linux/tcp.h | - | Receive by mapping pages instead of copying; reading takes data from the queue.
TCP_INQ | 4.18 | linux/tcp.h | - | Receive the count of unread bytes with each message (TCP_CM_INQ).
TCP_TX_DELAY | 5.3 | linux/tcp.h | - | Microseconds by which everything sent is delayed, to try how a long path feels (where fq is the queueing discipline).
TCP_AO_ADD_KEY | 6.7 | linux/tcp.h | - | Add a key of the authentication option (RFC 5925); struct tcp_ao_add as bytes.
TCP_AO_DEL_KEY | 6.7 | linux/tcp.h | - | Take such a key away; struct tcp_ao_del as bytes.
TCP_AO_INFO | 6.7 | linux/tcp.h | - | State of the authentication option on this socket; struct tcp_ao_info_opt as bytes.
TCP_AO_GET_KEYS | 6.7 | linux/tcp.h | - | List the keys; struct tcp_ao_getsockopt as bytes, asked with one.
TCP_AO_REPAIR | 6.7 | linux/tcp.h | CAP_NET_ADMIN | Sequence number extensions of a connection under repair; struct tcp_ao_repair as bytes.
TCP_IS_MPTCP | 6.10 | linux/tcp.h | - | Whether the connection speaks Multipath TCP and did not fall back.
TCP_RTO_MAX_MS | 6.15 | linux/tcp.h | - | Longest retransmission timeout in milliseconds, 1,000 to 120,000.
TCP_RTO_MIN_US | 6.15 | linux/tcp.h | - | Shortest retransmission timeout in microseconds.
TCP_DELACK_MAX_US | 6.15 | linux/tcp.h | - | Longest delay of an acknowledgement in microseconds.
TCP_CM_INQ | 4.18 | linux/tcp.h | - | Name of INQ as a control message.
TLS_TX | 4.13 | linux/tls.h | - | Keys for what is sent: from now on the kernel encrypts (after TCP_ULP 'tls').
TLS_RX | 4.17 | linux/tls.h | - | Keys for what comes: from now on the kernel decrypts.
TLS_TX_ZEROCOPY_RO | 6.0 | linux/tls.h | - | sendfile promises that the file does not change, so that cards need no copy.
TLS_RX_EXPECT_NO_PAD | 6.0 | linux/tls.h | - | TLS 1.3: expect records without padding, which saves a copy.
MPTCP_INFO | 5.16 | linux/mptcp.h | - | State of a Multipath TCP connection.
MPTCP_TCPINFO | 5.16 | linux/mptcp.h | - | struct tcp_info of each subflow; bytes, asked with struct mptcp_subflow_data.
MPTCP_SUBFLOW_ADDRS | 5.16 | linux/mptcp.h | - | Addresses of each subflow; bytes, asked with struct mptcp_subflow_data.
MPTCP_FULL_INFO | 6.5 | linux/mptcp.h | - | All of that at once; bytes, asked with struct mptcp_full_info.
UDP_CORK | 2.5.44 | udp(7) | - | Gather what is sent into one datagram, until it is taken off.
UDP_ENCAP | 2.5.67 | udp(7) | - | Datagrams carry packets for the kernel: UDP_ENCAP_ESPINUDP, UDP_ENCAP_L2TPINUDP and others.
UDP_NO_CHECK6_TX | 3.16 | udp(7) | - | UDP over IPv6: send checksum 0 (RFC 6935, for tunnels).
UDP_NO_CHECK6_RX | 3.16 | udp(7) | - | UDP over IPv6: take datagrams with checksum 0.
UDP_SEGMENT | 4.18 | linux/udp.h | - | Bytes of the datagrams that one send is cut into (GSO); 0 is off.
UDP_GRO | 5.0 | linux/udp.h | - | Receive runs of datagrams as one, their size as a control message.
UDPLITE_SEND_CSCOV | 2.6.20 | udplite(7) | - | UDP-Lite: bytes at the front that the checksum covers; 0 is all.
UDPLITE_RECV_CSCOV | 2.6.20 | udplite(7) | - | UDP-Lite: datagrams with less coverage are dropped.
`;
