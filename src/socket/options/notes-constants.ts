/**
 * The catalogue's constants: numbers with a C name that are no option. Groups open with `#`, their prefix, what they are
 * and where they are described; then one line each: name, number, what it means. Read by catalogue.ts.
 */
export const constantNotes = `
# AF | address families | linux/socket.h
AF_UNSPEC | 0 | No family: whichever it is.
AF_UNIX | 1 | Sockets of one machine, named by paths or abstract names.
AF_LOCAL | 1 | POSIX name of AF_UNIX.
AF_FILE | 1 | Old name of AF_UNIX.
AF_INET | 2 | IPv4.
AF_AX25 | 3 | Amateur packet radio AX.25.
AF_IPX | 4 | Novell IPX; taken out of Linux.
AF_APPLETALK | 5 | AppleTalk DDP.
AF_NETROM | 6 | Amateur packet radio NET/ROM.
AF_BRIDGE | 7 | Bridges, in rtnetlink messages only.
AF_ATMPVC | 8 | ATM permanent virtual circuits.
AF_X25 | 9 | X.25 packet layer.
AF_INET6 | 10 | IPv6.
AF_ROSE | 11 | Amateur packet radio ROSE.
AF_DECnet | 12 | DECnet; taken out of Linux in 6.1.
AF_NETBEUI | 13 | Reserved; never implemented.
AF_SECURITY | 14 | Reserved; never implemented.
AF_KEY | 15 | IPsec keys (PF_KEYv2, RFC 2367).
AF_NETLINK | 16 | Messages between kernel and programs.
AF_ROUTE | 16 | BSD's routing sockets; on Linux rtnetlink has their job.
AF_PACKET | 17 | Frames of network interfaces.
AF_ASH | 18 | Reserved; never implemented.
AF_ECONET | 19 | Acorn Econet; taken out of Linux.
AF_ATMSVC | 20 | ATM switched virtual circuits.
AF_RDS | 21 | Reliable datagram sockets of Oracle clusters.
AF_SNA | 22 | Reserved; never implemented.
AF_IRDA | 23 | Infrared; taken out of Linux.
AF_PPPOX | 24 | PPP over Ethernet, L2TP, PPTP.
AF_WANPIPE | 25 | Wanpipe cards; taken out of Linux.
AF_LLC | 26 | IEEE 802.2 logical link control.
AF_IB | 27 | InfiniBand addresses.
AF_MPLS | 28 | Label switching, in rtnetlink messages only.
AF_CAN | 29 | Controller area network of vehicles and machines.
AF_TIPC | 30 | Cluster communication TIPC.
AF_BLUETOOTH | 31 | Bluetooth.
AF_IUCV | 32 | IBM z/VM inter-user communication.
AF_RXRPC | 33 | RxRPC, as AFS uses it.
AF_ISDN | 34 | mISDN.
AF_PHONET | 35 | Nokia's Phonet, for modems.
AF_IEEE802154 | 36 | Low-power radio IEEE 802.15.4.
AF_CAIF | 37 | ST-Ericsson modems.
AF_ALG | 38 | The kernel's ciphers and hashes.
AF_NFC | 39 | Near-field communication.
AF_VSOCK | 40 | Between a virtual machine and its host.
AF_KCM | 41 | Messages over TCP, cut by a BPF program.
AF_QIPCRTR | 42 | Qualcomm's router between processors.
AF_SMC | 43 | TCP sockets over RDMA.
AF_XDP | 44 | Frames of a card's queue, in shared memory.
AF_MCTP | 45 | Management components of a board.
AF_MAX | 46 | One more than the highest family (of these headers).
# SOCK | socket types, and what socket(2) may be told along with them | socket(2)
SOCK_STREAM | 1 | A stream of bytes over a connection.
SOCK_DGRAM | 2 | Messages, each for itself.
SOCK_RAW | 3 | A protocol's packets themselves.
SOCK_RDM | 4 | Messages that arrive, in any order.
SOCK_SEQPACKET | 5 | Messages over a connection, in order.
SOCK_DCCP | 6 | Datagrams with congestion control; taken out of Linux in 6.16.
SOCK_PACKET | 10 | Old way to frames; AF_PACKET took its place.
SOCK_NONBLOCK | 0x800 | Flag: non-blocking from the beginning; the driver always sets it.
SOCK_CLOEXEC | 0x80000 | Flag: closed on exec; the driver always sets it.
# MSG | flags of send, recv and their kin, and of what recvmsg returns | recv(2), send(2)
MSG_OOB | 0x01 | Urgent data.
MSG_PEEK | 0x02 | Leave what is read in the queue.
MSG_DONTROUTE | 0x04 | Send past no gateway.
MSG_TRYHARD | 0x04 | Another name of MSG_DONTROUTE.
MSG_CTRUNC | 0x08 | Told: control messages did not fit.
MSG_PROXY | 0x10 | Reserved; without effect.
MSG_TRUNC | 0x20 | Told: the message did not fit; asked: give its real length.
MSG_DONTWAIT | 0x40 | Do not block for this call.
MSG_EOR | 0x80 | End of a record.
MSG_WAITALL | 0x100 | Wait until all that was asked for is there.
MSG_FIN | 0x200 | Reserved; without effect.
MSG_SYN | 0x400 | Reserved; without effect.
MSG_CONFIRM | 0x800 | The neighbour answered: its entry in the neighbour table is fresh.
MSG_RST | 0x1000 | Reserved; without effect.
MSG_ERRQUEUE | 0x2000 | Read from the error queue.
MSG_NOSIGNAL | 0x4000 | No SIGPIPE when the peer is gone.
MSG_MORE | 0x8000 | More is coming: do not send a small segment, or a datagram, yet.
MSG_WAITFORONE | 0x10000 | recvmmsg waits for the first message only.
MSG_BATCH | 0x40000 | sendmmsg: more messages are coming.
MSG_SOCK_DEVMEM | 0x2000000 | Receive payload in device memory (Linux 6.12).
MSG_ZEROCOPY | 0x4000000 | Send from the caller's memory; the error queue tells when it is free.
MSG_FASTOPEN | 0x20000000 | Connect, with data in the SYN.
MSG_CMSG_CLOEXEC | 0x40000000 | Received descriptors are closed on exec.
# SCM | control messages of level SOL_SOCKET | unix(7), socket(7)
SCM_RIGHTS | 0x01 | Open descriptors.
SCM_CREDENTIALS | 0x02 | Process, user and group of the sender.
SCM_SECURITY | 0x03 | Security label of the sender.
SCM_PIDFD | 0x04 | A pidfd of the sender (Linux 6.5).
SCM_TIMESTAMP | 29 | Time of arrival in microseconds.
SCM_TIMESTAMPNS | 35 | Time of arrival in nanoseconds.
SCM_TIMESTAMPING | 37 | Times by SO_TIMESTAMPING.
SCM_WIFI_STATUS | 41 | Whether a Wi-Fi frame was acknowledged.
SCM_TIMESTAMPING_OPT_STATS | 54 | Figures of the connection when a timestamp was taken.
SCM_TIMESTAMPING_PKTINFO | 58 | Interface and length of the packet that was stamped.
SCM_TXTIME | 61 | When a datagram is to leave.
SCM_DEVMEM_LINEAR | 78 | Payload that came to host memory (Linux 6.12).
SCM_DEVMEM_DMABUF | 79 | Payload that came to device memory (Linux 6.12).
SCM_TS_OPT_ID | 81 | The caller's id of a timestamp (Linux 6.13).
SCM_INQ | 84 | Unread bytes of a Unix stream (Linux 6.17).
# SOL | levels of options and control messages | getsockopt(2)
SOL_IP | 0 | IPv4; IPPROTO_IP.
SOL_SOCKET | 1 | Every socket.
SOL_TCP | 6 | TCP; IPPROTO_TCP.
SOL_UDP | 17 | UDP; IPPROTO_UDP.
SOL_IPV6 | 41 | IPv6; IPPROTO_IPV6.
SOL_ICMPV6 | 58 | ICMPv6 raw sockets; IPPROTO_ICMPV6.
SOL_SCTP | 132 | SCTP.
SOL_UDPLITE | 136 | UDP-Lite.
SOL_RAW | 255 | IPv4 raw sockets.
SOL_DECNET | 261 | DECnet.
SOL_X25 | 262 | X.25.
SOL_PACKET | 263 | Packet sockets.
SOL_ATM | 264 | ATM cells.
SOL_AAL | 265 | ATM adaptation layer.
SOL_IRDA | 266 | Infrared.
SOL_NETBEUI | 267 | Reserved.
SOL_LLC | 268 | IEEE 802.2 LLC.
SOL_DCCP | 269 | DCCP.
SOL_NETLINK | 270 | Netlink.
SOL_TIPC | 271 | TIPC.
SOL_RXRPC | 272 | RxRPC.
SOL_PPPOL2TP | 273 | PPP over L2TP.
SOL_BLUETOOTH | 274 | Bluetooth.
SOL_PNPIPE | 275 | Phonet pipes.
SOL_RDS | 276 | RDS.
SOL_IUCV | 277 | IUCV.
SOL_CAIF | 278 | CAIF.
SOL_ALG | 279 | The kernel's ciphers and hashes.
SOL_NFC | 280 | NFC.
SOL_KCM | 281 | KCM.
SOL_TLS | 282 | TLS in the kernel.
SOL_XDP | 283 | AF_XDP.
SOL_MPTCP | 284 | Multipath TCP.
SOL_MCTP | 285 | MCTP.
SOL_SMC | 286 | SMC.
SOL_VSOCK | 287 | Control messages of vsock.
# SO | names at SOL_SOCKET that are no option | asm-generic/socket.h
SO_SECURITY_AUTHENTICATION | 22 | Reserved for NRL's IPv6; no code behind it.
SO_SECURITY_ENCRYPTION_TRANSPORT | 23 | Reserved for NRL's IPv6; no code behind it.
SO_SECURITY_ENCRYPTION_NETWORK | 24 | Reserved for NRL's IPv6; no code behind it.
SO_DEVMEM_LINEAR | 78 | Type of a control message only: payload that came to host memory.
SO_DEVMEM_DMABUF | 79 | Type of a control message only: payload that came to device memory.
# IP | values of IPv4 options | ip(7)
IP_PMTUDISC_DONT | 0 | Fragment; never set the don't-fragment bit.
IP_PMTUDISC_WANT | 1 | Discover the path MTU; fragment what is larger.
IP_PMTUDISC_DO | 2 | Discover the path MTU; larger is EMSGSIZE.
IP_PMTUDISC_PROBE | 3 | Set the bit and disregard the path MTU.
IP_PMTUDISC_INTERFACE | 4 | Take the interface's MTU; believe no ICMP.
IP_PMTUDISC_OMIT | 5 | As INTERFACE, and let routers fragment.
IP_DEFAULT_MULTICAST_TTL | 1 | Time to live of multicast when nothing is set.
IP_DEFAULT_MULTICAST_LOOP | 1 | Loopback of multicast when nothing is set.
IP_MAX_MEMBERSHIPS | 20 | Groups of one socket by default (net.ipv4.igmp_max_memberships).
MCAST_EXCLUDE | 0 | A source filter: all but those listed.
MCAST_INCLUDE | 1 | A source filter: only those listed.
SO_ORIGINAL_DST | 80 | At SOL_IP: where a connection was addressed before the packet filter redirected it; asked for with getsockopt.
# IPV6 | names and values of IPv6 | ipv6(7)
IPV6_NEXTHOP | 9 | An option of RFC 3542 that Linux does not have.
IPV6_AUTHHDR | 10 | A control message of RFC 2292 that Linux refuses.
IPV6_HOPLIMIT | 52 | Type of a control message only; IPV6_UNICAST_HOPS is the option.
IPV6_USE_MIN_MTU | 63 | An option of RFC 3542 that Linux does not have.
IPV6_PMTUDISC_DONT | 0 | Fragment to the path MTU that is known.
IPV6_PMTUDISC_WANT | 1 | Discover the path MTU; fragment what is larger.
IPV6_PMTUDISC_DO | 2 | Discover the path MTU; larger is EMSGSIZE.
IPV6_PMTUDISC_PROBE | 3 | Disregard the path MTU.
IPV6_PMTUDISC_INTERFACE | 4 | Take the interface's MTU; believe no ICMPv6.
IPV6_PMTUDISC_OMIT | 5 | As INTERFACE, and fragment what is larger.
IPV6_FL_A_GET | 0 | Flow labels: lease one.
IPV6_FL_A_PUT | 1 | Flow labels: give one back.
IPV6_FL_A_RENEW | 2 | Flow labels: lease longer.
IPV6_FL_F_CREATE | 1 | Flow labels: make it when it is not there.
IPV6_FL_F_EXCL | 2 | Flow labels: it must not be there.
IPV6_FL_F_REFLECT | 4 | Flow labels: answer with the label that came.
IPV6_FL_F_REMOTE | 8 | Flow labels: read the peer's.
IPV6_FL_S_NONE | 0 | Flow labels: shared with nobody.
IPV6_FL_S_EXCL | 1 | Flow labels: for this socket.
IPV6_FL_S_PROCESS | 2 | Flow labels: for this process.
IPV6_FL_S_USER | 3 | Flow labels: for this user.
IPV6_FL_S_ANY | 255 | Flow labels: for everybody.
IPV6_PREFER_SRC_TMP | 0x0001 | Prefer temporary source addresses (RFC 8981).
IPV6_PREFER_SRC_PUBLIC | 0x0002 | Prefer public source addresses.
IPV6_PREFER_SRC_COA | 0x0004 | Prefer care-of addresses.
IPV6_PREFER_SRC_PUBTMP_DEFAULT | 0x0100 | Leave temporary or public to the system.
IPV6_PREFER_SRC_HOME | 0x0400 | Prefer home addresses.
IPV6_PREFER_SRC_CGA | 0x0008 | Prefer cryptographically made addresses.
IPV6_PREFER_SRC_NONCGA | 0x0800 | Prefer other than cryptographically made addresses.
IPV6_RTHDR_LOOSE | 0 | A hop need not be a neighbour.
IPV6_RTHDR_STRICT | 1 | A hop must be a neighbour.
IPV6_RTHDR_TYPE_0 | 0 | Routing header of type 0; deprecated by RFC 5095.
# TCP | states, values of options, and names of TCP | tcp(7)
TCP_ESTABLISHED | 1 | State: connected.
TCP_SYN_SENT | 2 | State: SYN sent, no answer yet.
TCP_SYN_RECV | 3 | State: SYN received and answered.
TCP_FIN_WAIT1 | 4 | State: FIN sent.
TCP_FIN_WAIT2 | 5 | State: our FIN is acknowledged, the peer still sends.
TCP_TIME_WAIT | 6 | State: both are done; late segments die out.
TCP_CLOSE | 7 | State: closed.
TCP_CLOSE_WAIT | 8 | State: the peer is done, we are not.
TCP_LAST_ACK | 9 | State: our FIN follows the peer's.
TCP_LISTEN | 10 | State: listening.
TCP_CLOSING | 11 | State: both FINs crossed.
TCP_CA_Open | 0 | Congestion: nothing is amiss.
TCP_CA_Disorder | 1 | Congestion: duplicate acknowledgements came.
TCP_CA_CWR | 2 | Congestion: the window shrinks, by ECN or a full queue.
TCP_CA_Recovery | 3 | Congestion: fast retransmit.
TCP_CA_Loss | 4 | Congestion: a retransmission timeout passed.
TCP_NO_QUEUE | 0 | TCP_REPAIR_QUEUE: none.
TCP_RECV_QUEUE | 1 | TCP_REPAIR_QUEUE: what was received and not read.
TCP_SEND_QUEUE | 2 | TCP_REPAIR_QUEUE: what was sent and not acknowledged.
TCP_REPAIR_ON | 1 | TCP_REPAIR: begin.
TCP_REPAIR_OFF | 0 | TCP_REPAIR: end, and probe the peer's window.
TCP_REPAIR_OFF_NO_WP | -1 | TCP_REPAIR: end without a packet.
TCP_MD5SIG_MAXKEYLEN | 80 | Most bytes of a key.
TCP_MD5SIG_FLAG_PREFIX | 0x1 | TCP_MD5SIG_EXT: prefixLength counts.
TCP_MD5SIG_FLAG_IFINDEX | 0x2 | TCP_MD5SIG_EXT: ifindex counts.
TCP_MSS_DEFAULT | 536 | Segment size when the peer names none (RFC 9293 §3.7.1).
TCP_MSS_DESIRED | 1220 | Segment size that IPv6 paths always carry.
TCP_RECEIVE_ZEROCOPY_FLAG_TLB_CLEAN_HINT | 0x1 | TCP_ZEROCOPY_RECEIVE: pages are unmapped by the kernel.
TCPI_OPT_TIMESTAMPS | 1 | TCP_INFO options: timestamps.
TCPI_OPT_SACK | 2 | TCP_INFO options: selective acknowledgements.
TCPI_OPT_WSCALE | 4 | TCP_INFO options: window scaling.
TCPI_OPT_ECN | 8 | TCP_INFO options: ECN was agreed on.
TCPI_OPT_ECN_SEEN | 16 | TCP_INFO options: a packet with ECT came.
TCPI_OPT_SYN_DATA | 32 | TCP_INFO options: data in the SYN was acknowledged.
# UDP | values of UDP_ENCAP | udp(7)
UDP_ENCAP_ESPINUDP_NON_IKE | 1 | ESP in UDP, of an early draft.
UDP_ENCAP_ESPINUDP | 2 | ESP in UDP (RFC 3948).
UDP_ENCAP_L2TPINUDP | 3 | L2TP (RFC 2661).
UDP_ENCAP_GTP0 | 4 | GTP version 0.
UDP_ENCAP_GTP1U | 5 | GTP version 1, user plane.
UDP_ENCAP_RXRPC | 6 | RxRPC.
TCP_ENCAP_ESPINTCP | 7 | ESP in TCP (RFC 8229).
# SOF | bits of SO_TIMESTAMPING and SO_TXTIME | linux/net_tstamp.h
SOF_TIMESTAMPING_TX_HARDWARE | 0x1 | Take the card's time when a packet leaves.
SOF_TIMESTAMPING_TX_SOFTWARE | 0x2 | Take the system's time when a packet goes to the card.
SOF_TIMESTAMPING_RX_HARDWARE | 0x4 | Take the card's time when a packet comes.
SOF_TIMESTAMPING_RX_SOFTWARE | 0x8 | Take the system's time when a packet comes.
SOF_TIMESTAMPING_SOFTWARE | 0x10 | Tell the system's times.
SOF_TIMESTAMPING_SYS_HARDWARE | 0x20 | Deprecated; without effect.
SOF_TIMESTAMPING_RAW_HARDWARE | 0x40 | Tell the card's times.
SOF_TIMESTAMPING_OPT_ID | 0x80 | Number the sent packets, and tell the number with the time.
SOF_TIMESTAMPING_TX_SCHED | 0x100 | Take the time when a packet enters the queueing discipline.
SOF_TIMESTAMPING_TX_ACK | 0x200 | TCP: take the time when everything is acknowledged.
SOF_TIMESTAMPING_OPT_CMSG | 0x400 | Times of sending come with interface and destination.
SOF_TIMESTAMPING_OPT_TSONLY | 0x800 | Times of sending come without the packet.
SOF_TIMESTAMPING_OPT_STATS | 0x1000 | Times of sending come with figures of the connection.
SOF_TIMESTAMPING_OPT_PKTINFO | 0x2000 | Times of arrival come with interface and length.
SOF_TIMESTAMPING_OPT_TX_SWHW | 0x4000 | Tell both times of sending.
SOF_TIMESTAMPING_BIND_PHC | 0x8000 | Use one clock of the card.
SOF_TIMESTAMPING_OPT_ID_TCP | 0x10000 | TCP: number from the bytes written, not acknowledged (Linux 6.2).
SOF_TXTIME_DEADLINE_MODE | 0x1 | SO_TXTIME: the time is a deadline.
SOF_TXTIME_REPORT_ERRORS | 0x2 | SO_TXTIME: missed times come through the error queue.
# ETH_P | protocols of packet sockets: EtherTypes, and a few numbers of Linux's own | linux/if_ether.h
ETH_P_ALL | 0x0003 | Every protocol, and also what goes out.
ETH_P_802_3 | 0x0001 | Frames with a length in place of a type.
ETH_P_802_2 | 0x0004 | Frames with an IEEE 802.2 header.
ETH_P_CAN | 0x000c | Frames of a controller area network.
ETH_P_IP | 0x0800 | IPv4.
ETH_P_ARP | 0x0806 | Address resolution (RFC 826).
ETH_P_RARP | 0x8035 | Reverse address resolution (RFC 903).
ETH_P_8021Q | 0x8100 | A VLAN tag.
ETH_P_IPV6 | 0x86dd | IPv6.
ETH_P_MPLS_UC | 0x8847 | Label switching.
ETH_P_MPLS_MC | 0x8848 | Label switching, multicast.
ETH_P_PPP_DISC | 0x8863 | PPP over Ethernet: looking for a peer.
ETH_P_PPP_SES | 0x8864 | PPP over Ethernet: a session.
ETH_P_PAE | 0x888e | Port access of IEEE 802.1X, EAP over LAN.
ETH_P_8021AD | 0x88a8 | A provider's VLAN tag.
ETH_P_LLDP | 0x88cc | Link layer discovery.
ETH_P_MACSEC | 0x88e5 | Encrypted frames, IEEE 802.1AE.
ETH_P_1588 | 0x88f7 | Precision time protocol.
ETH_P_LOOPBACK | 0x9000 | Loopback test frames.
# PACKET | packet types, values of options, and names of packet sockets | packet(7)
PACKET_HOST | 0 | A packet for this machine.
PACKET_BROADCAST | 1 | A broadcast.
PACKET_MULTICAST | 2 | A multicast.
PACKET_OTHERHOST | 3 | A packet for another machine, heard in promiscuous mode.
PACKET_OUTGOING | 4 | A packet that this machine sends.
PACKET_LOOPBACK | 5 | Not seen by programs.
PACKET_USER | 6 | Not seen by programs.
PACKET_KERNEL | 7 | Not seen by programs.
PACKET_FASTROUTE | 6 | Old name of PACKET_USER's number; not used.
PACKET_RECV_OUTPUT | 3 | An option without code behind it.
PACKET_TX_TIMESTAMP | 16 | Type of a control message only: time of a sent packet, from the error queue.
PACKET_MR_MULTICAST | 0 | Membership: one group.
PACKET_MR_PROMISC | 1 | Membership: everything on the wire.
PACKET_MR_ALLMULTI | 2 | Membership: all groups.
PACKET_MR_UNICAST | 3 | Membership: one more address of our own.
PACKET_FANOUT_HASH | 0 | Fan-out by the flow's hash.
PACKET_FANOUT_LB | 1 | Fan-out in turn.
PACKET_FANOUT_CPU | 2 | Fan-out by the CPU that the packet came in on.
PACKET_FANOUT_ROLLOVER | 3 | Fan-out to the first socket with room.
PACKET_FANOUT_RND | 4 | Fan-out at random.
PACKET_FANOUT_QM | 5 | Fan-out by the card's queue.
PACKET_FANOUT_CBPF | 6 | Fan-out by a classic BPF program.
PACKET_FANOUT_EBPF | 7 | Fan-out by an extended BPF program.
PACKET_FANOUT_FLAG_ROLLOVER | 0x1000 | Fan-out: a full socket passes on to the next.
PACKET_FANOUT_FLAG_UNIQUEID | 0x2000 | Fan-out: the kernel picks a free id.
PACKET_FANOUT_FLAG_IGNORE_OUTGOING | 0x4000 | Fan-out: without what this machine sends.
PACKET_FANOUT_FLAG_DEFRAG | 0x8000 | Fan-out: put fragments together first.
# NETLINK | netlink protocols, and names of netlink sockets | netlink(7)
NETLINK_ROUTE | 0 | Interfaces, addresses, routes, neighbours (rtnetlink).
NETLINK_UNUSED | 1 | Not used.
NETLINK_USERSOCK | 2 | Between programs.
NETLINK_FIREWALL | 3 | Not used; once the packet filter's queue.
NETLINK_SOCK_DIAG | 4 | Sockets, as ss lists them.
NETLINK_INET_DIAG | 4 | Old name of NETLINK_SOCK_DIAG.
NETLINK_NFLOG | 5 | Log of the packet filter; nfnetlink took its place.
NETLINK_XFRM | 6 | IPsec.
NETLINK_SELINUX | 7 | Events of SELinux.
NETLINK_ISCSI | 8 | iSCSI.
NETLINK_AUDIT | 9 | Audit.
NETLINK_FIB_LOOKUP | 10 | Look a route up.
NETLINK_CONNECTOR | 11 | Events of processes, and drivers.
NETLINK_NETFILTER | 12 | Packet filter and connection tracking.
NETLINK_IP6_FW | 13 | Not used.
NETLINK_DNRTMSG | 14 | DECnet routing; taken out of Linux.
NETLINK_KOBJECT_UEVENT | 15 | Devices that come and go.
NETLINK_GENERIC | 16 | Families by name (ethtool, nl80211, MPTCP …).
NETLINK_SCSITRANSPORT | 18 | SCSI transports.
NETLINK_ECRYPTFS | 19 | eCryptfs.
NETLINK_RDMA | 20 | RDMA.
NETLINK_CRYPTO | 21 | The kernel's ciphers.
NETLINK_SMC | 22 | SMC.
NETLINK_RX_RING | 6 | Rings of netlink sockets; taken out of Linux in 4.6.
NETLINK_TX_RING | 7 | Rings of netlink sockets; taken out of Linux in 4.6.
# SO_VM_SOCKETS | names and addresses of vsock | vsock(7)
SO_VM_SOCKETS_PEER_HOST_VM_ID | 3 | VMCI only, and taken out of Linux.
SO_VM_SOCKETS_TRUSTED | 5 | VMCI only, and taken out of Linux.
SO_VM_SOCKETS_NONBLOCK_TXRX | 7 | VMCI only, and taken out of Linux.
VMADDR_CID_ANY | 0xffffffff | Any context: bind to all.
VMADDR_CID_HYPERVISOR | 0 | The hypervisor itself.
VMADDR_CID_LOCAL | 1 | This machine: loopback.
VMADDR_CID_HOST | 2 | The host of this virtual machine.
VMADDR_PORT_ANY | 0xffffffff | Any port: the kernel picks one.
VMADDR_FLAG_TO_HOST | 0x01 | The peer is behind the host.
# TLS | ciphers and record types of kernel TLS | linux/tls.h
TLS_CIPHER_AES_GCM_128 | 51 | AES-GCM with a key of 128 bits.
TLS_CIPHER_AES_GCM_256 | 52 | AES-GCM with a key of 256 bits.
TLS_CIPHER_AES_CCM_128 | 53 | AES-CCM with a key of 128 bits.
TLS_CIPHER_CHACHA20_POLY1305 | 54 | ChaCha20-Poly1305.
TLS_CIPHER_SM4_GCM | 55 | SM4-GCM.
TLS_CIPHER_SM4_CCM | 56 | SM4-CCM.
TLS_CIPHER_ARIA_GCM_128 | 57 | ARIA-GCM with a key of 128 bits.
TLS_CIPHER_ARIA_GCM_256 | 58 | ARIA-GCM with a key of 256 bits.
TLS_SET_RECORD_TYPE | 1 | Control message: the type of a record that is sent.
TLS_GET_RECORD_TYPE | 2 | Control message: the type of a record that came.
# XDP | flags of AF_XDP addresses and rings | linux/if_xdp.h
XDP_SHARED_UMEM | 0x1 | bind: share the memory of another socket.
XDP_COPY | 0x2 | bind: copy packets.
XDP_ZEROCOPY | 0x4 | bind: do not copy packets.
XDP_USE_NEED_WAKEUP | 0x8 | bind: rings say when they want a wake-up.
XDP_UMEM_UNALIGNED_CHUNK_FLAG | 0x1 | Memory: chunks may begin anywhere.
XDP_RING_NEED_WAKEUP | 0x1 | A ring wants a wake-up.
XDP_OPTIONS_ZEROCOPY | 0x1 | XDP_OPTIONS: packets are not copied.
`;
