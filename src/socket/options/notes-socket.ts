/**
 * What is to be said of options of level SOL_SOCKET and of link-level families.
 *
 * One line an option: its name, the kernel that first had it, where it is described, the capability that setting it
 * takes (- for none), what it does. Read by catalogue.ts.
 */
export const socketNotes = `
SO_DEBUG | 1.0 | socket(7) | CAP_NET_ADMIN in the first user namespace | Record debugging figures in protocols that have any; TCP keeps none today.
SO_REUSEADDR | 1.0 | socket(7) | - | Bind although old connections of the port wait in TIME-WAIT; on datagram sockets, several may bind the same address.
SO_TYPE | 1.0 | socket(7) | - | SOCK_STREAM, SOCK_DGRAM … of this socket.
SO_ERROR | 1.0 | socket(7) | - | The pending error, 0 for none; reading clears it.
SO_DONTROUTE | 1.0 | socket(7) | - | Send to hosts on a link of ours only, past no gateway.
SO_BROADCAST | 1.0 | socket(7) | - | Allow sending to broadcast addresses; without it that is EACCES.
SO_SNDBUF | 1.0 | socket(7) | - | Bytes of the send buffer; the kernel doubles what is set and net.core.wmem_max bounds it.
SO_RCVBUF | 1.0 | socket(7) | - | Bytes of the receive buffer; the kernel doubles what is set and net.core.rmem_max bounds it.
SO_KEEPALIVE | 1.0 | socket(7) | - | Probe an idle connection and end it when nobody answers.
SO_OOBINLINE | 1.0 | socket(7) | - | Urgent data stays in the stream instead of waiting for MSG_OOB.
SO_NO_CHECK | 1.0 | socket(7) | - | UDP over IPv4: send without a checksum.
SO_PRIORITY | 2.2 | socket(7) | CAP_NET_ADMIN or CAP_NET_RAW over 6 | Queueing priority of what is sent, for the interface's queueing discipline.
SO_LINGER | 1.0 | socket(7) | - | How long close waits for unsent data; 0 seconds ends the connection with RST.
SO_BSDCOMPAT | 2.0 | socket(7) | - | Once hid ICMP errors from UDP; has done nothing since 2.4.
SO_REUSEPORT | 3.9 | socket(7) | - | Several sockets of one user bind the same port; the kernel spreads the load over them.
SO_PASSCRED | 2.2 | socket(7) | - | Receive the sender's process, user and group with each message (SCM_CREDENTIALS).
SO_PEERCRED | 2.2 | socket(7) | - | Process, user and group at the other end of a Unix connection.
SO_RCVLOWAT | 2.4 | socket(7) | - | Bytes that must be there before a read is ready.
SO_SNDLOWAT | 2.4 | socket(7) | - | Free bytes before a write is ready: always 1 on Linux.
SO_RCVTIMEO | 2.4 | socket(7) | - | How long a blocking receive waits; our sockets never block in it, timeoutMs is the way.
SO_SNDTIMEO | 2.4 | socket(7) | - | How long a blocking send waits; our sockets never block in it, timeoutMs is the way.
SO_BINDTODEVICE | 2.0 | socket(7) | CAP_NET_RAW to change a binding (before 5.7 always) | Use one interface only, by its name; the empty name takes it back.
SO_ATTACH_FILTER | 2.2 | socket(7) | - | Run a classic BPF program over what arrives: 0 drops, n keeps n bytes.
SO_DETACH_FILTER | 2.2 | socket(7) | - | Take the filter away.
SO_PEERNAME | 2.2 | socket(7) | - | The peer's address; other families than IPv4 are cut to 16 bytes, so that getpeername is the better way.
SO_TIMESTAMP | 1.0 | socket(7) | - | Receive the time of arrival in microseconds with each message (SCM_TIMESTAMP).
SO_ACCEPTCONN | 2.4 | socket(7) | - | Whether the socket listens.
SO_PEERSEC | 2.6.2 | socket(7) | - | Security label of the peer, where SELinux, AppArmor or Smack gives one.
SO_SNDBUFFORCE | 2.6.14 | socket(7) | CAP_NET_ADMIN in the first user namespace | As SNDBUF, past net.core.wmem_max.
SO_RCVBUFFORCE | 2.6.14 | socket(7) | CAP_NET_ADMIN in the first user namespace | As RCVBUF, past net.core.rmem_max.
SO_PASSSEC | 2.6.18 | socket(7) | - | Receive the sender's security label with each message (SCM_SECURITY).
SO_TIMESTAMPNS | 2.6.22 | socket(7) | - | As TIMESTAMP, in nanoseconds (SCM_TIMESTAMPNS).
SO_MARK | 2.6.25 | socket(7) | CAP_NET_ADMIN or CAP_NET_RAW | Mark everything that is sent, for routing rules and packet filters.
SO_TIMESTAMPING | 2.6.30 | socket(7) | - | Times of sending and arrival, from software or the card, by SOF_TIMESTAMPING_* flags.
SO_PROTOCOL | 2.6.32 | socket(7) | - | The protocol that the socket was made with, resolved: IPPROTO_TCP and the like.
SO_DOMAIN | 2.6.32 | socket(7) | - | AF_INET, AF_UNIX … of this socket.
SO_RXQ_OVFL | 2.6.33 | socket(7) | - | Receive the count of dropped datagrams with each message.
SO_WIFI_STATUS | 3.3 | socket(7) | - | Learn from the error queue whether a Wi-Fi frame was acknowledged.
SO_PEEK_OFF | 3.4 | socket(7) | - | Where MSG_PEEK looks: each peek moves on, so that a queue can be looked through; -1 switches it off.
SO_NOFCS | 3.4 | socket(7) | - | Packet sockets: the frame brings its own check sequence (where the card can).
SO_LOCK_FILTER | 3.9 | socket(7) | - | Nobody may change the filter any more; cannot be taken back.
SO_SELECT_ERR_QUEUE | 3.10 | socket(7) | - | poll also tells POLLPRI when the error queue has something.
SO_BUSY_POLL | 3.11 | socket(7) | CAP_NET_ADMIN to raise, in older kernels | Microseconds to ask the card for packets before sleeping.
SO_MAX_PACING_RATE | 3.13 | socket(7) | - | Most bytes per second that are sent; 2^64-1 is without bound.
SO_BPF_EXTENSIONS | 3.14 | socket(7) | - | Which extensions the kernel's classic BPF knows (SKF_AD_MAX).
SO_INCOMING_CPU | 3.19 | socket(7) | - | The CPU that packets of this socket come in on; set (since 4.4), listeners of a REUSEPORT group prefer their CPU.
SO_ATTACH_BPF | 3.19 | socket(7) | - | Run an extended BPF program, given by its descriptor, over what arrives.
SO_ATTACH_REUSEPORT_CBPF | 4.5 | socket(7) | - | A classic BPF program picks the socket of a REUSEPORT group by its index.
SO_ATTACH_REUSEPORT_EBPF | 4.5 | socket(7) | - | An extended BPF program picks the socket of a REUSEPORT group.
SO_CNX_ADVICE | 4.6 | asm-generic/socket.h | - | 1: the path of this connection is bad; the kernel looks for another neighbour.
SO_MEMINFO | 4.12 | asm-generic/socket.h | - | Bytes in queues and buffers, and packets dropped.
SO_INCOMING_NAPI_ID | 4.12 | socket(7) | - | Id of the receive queue that the last packet came through.
SO_COOKIE | 4.12 | asm-generic/socket.h | - | A number that no other socket of this machine has or had since boot.
SO_PEERGROUPS | 4.13 | asm-generic/socket.h | - | Supplementary groups of the peer of a Unix connection.
SO_ZEROCOPY | 4.14 | asm-generic/socket.h | - | Allow MSG_ZEROCOPY; completions come through the error queue.
SO_TXTIME | 4.19 | asm-generic/socket.h | CAP_NET_ADMIN for other clocks than CLOCK_MONOTONIC | Datagrams carry their time of departure, for the etf and fq queueing disciplines.
SO_BINDTOIFINDEX | 5.1 | asm-generic/socket.h | CAP_NET_RAW to change a binding | Use one interface only, by its index; 0 takes it back.
SO_TIMESTAMP_NEW | 5.1 | asm-generic/socket.h | - | As TIMESTAMP, with 64-bit seconds on 32-bit machines too.
SO_TIMESTAMPNS_NEW | 5.1 | asm-generic/socket.h | - | As TIMESTAMPNS, with 64-bit seconds on 32-bit machines too.
SO_TIMESTAMPING_NEW | 5.1 | asm-generic/socket.h | - | As TIMESTAMPING, with 64-bit seconds on 32-bit machines too.
SO_RCVTIMEO_NEW | 5.1 | asm-generic/socket.h | - | As RCVTIMEO, with 64-bit seconds on 32-bit machines too.
SO_SNDTIMEO_NEW | 5.1 | asm-generic/socket.h | - | As SNDTIMEO, with 64-bit seconds on 32-bit machines too.
SO_DETACH_REUSEPORT_BPF | 5.3 | asm-generic/socket.h | - | Take the program of a REUSEPORT group away.
SO_PREFER_BUSY_POLL | 5.11 | asm-generic/socket.h | CAP_NET_ADMIN in the first user namespace | The card's interrupts wait while this socket polls.
SO_BUSY_POLL_BUDGET | 5.11 | asm-generic/socket.h | CAP_NET_ADMIN in the first user namespace to raise | Packets that one busy poll takes at most.
SO_NETNS_COOKIE | 5.14 | asm-generic/socket.h | - | A number of the network namespace that the socket lives in.
SO_BUF_LOCK | 5.15 | asm-generic/socket.h | - | Which buffer sizes the kernel leaves alone: 1 the send buffer, 2 the receive buffer.
SO_RESERVE_MEM | 5.16 | asm-generic/socket.h | - | Bytes of memory set aside for this socket for good (needs a memory control group).
SO_TXREHASH | 5.18 | asm-generic/socket.h | - | 1: a TCP connection that times out changes its flow hash, and so its path; 0 keeps it, -1 is the default of the namespace.
SO_RCVMARK | 5.19 | asm-generic/socket.h | CAP_NET_ADMIN or CAP_NET_RAW | Receive the mark of each packet (control message of SO_MARK).
SO_PASSPIDFD | 6.5 | asm-generic/socket.h | - | Receive a pidfd of the sender with each message (SCM_PIDFD).
SO_PEERPIDFD | 6.5 | asm-generic/socket.h | - | A new pidfd of the process at the other end; whoever reads it must close it.
SO_DEVMEM_DONTNEED | 6.12 | asm-generic/socket.h | - | Give pieces of received device memory back.
SO_RCVPRIORITY | 6.14 | asm-generic/socket.h | - | Receive the priority of each packet (control message of SO_PRIORITY).
SO_PASSRIGHTS | 6.16 | asm-generic/socket.h | - | Unix sockets: whether descriptors (SCM_RIGHTS) may come in; on by default.
SO_INQ | 6.17 | asm-generic/socket.h | - | Unix streams: receive the count of unread bytes with each message (SCM_INQ).
SO_GET_FILTER | 3.8 | socket(7) | - | The attached classic BPF program, as it was given.
SO_DETACH_BPF | 3.19 | socket(7) | - | Take the program away; the same as DETACH_FILTER.
SO_TIMESTAMP_OLD | 5.1 | asm-generic/socket.h | - | What TIMESTAMP is on 64-bit machines.
SO_TIMESTAMPNS_OLD | 5.1 | asm-generic/socket.h | - | What TIMESTAMPNS is on 64-bit machines.
SO_TIMESTAMPING_OLD | 5.1 | asm-generic/socket.h | - | What TIMESTAMPING is on 64-bit machines.
SO_RCVTIMEO_OLD | 5.1 | asm-generic/socket.h | - | What RCVTIMEO is on 64-bit machines.
SO_SNDTIMEO_OLD | 5.1 | asm-generic/socket.h | - | What SNDTIMEO is on 64-bit machines.
PACKET_ADD_MEMBERSHIP | 2.2 | packet(7) | - | Hear more of the interface: a group, everything (promiscuous), all groups, one more address.
PACKET_DROP_MEMBERSHIP | 2.2 | packet(7) | - | Take that back.
PACKET_RX_RING | 2.4 | packet(7) | - | Make a receive ring in memory that can be mapped.
PACKET_STATISTICS | 2.4 | packet(7) | - | Packets received and dropped; reading sets both to 0.
PACKET_COPY_THRESH | 2.4 | linux/if_packet.h | - | Bytes over which a packet that does not fit its ring frame is queued whole as well.
PACKET_AUXDATA | 2.6.21 | packet(7) | - | Receive lengths, offsets and VLAN tag of each packet (control message).
PACKET_ORIGDEV | 2.6.21 | linux/if_packet.h | - | Addresses name the interface that a packet came in on, below bonds and bridges.
PACKET_VERSION | 2.6.27 | packet(7) | - | Layout of ring frames: 0 TPACKET_V1, 1 V2, 2 V3.
PACKET_HDRLEN | 2.6.27 | linux/if_packet.h | - | Bytes of a ring frame's header in version 3; ask for others with getsockopt.
PACKET_RESERVE | 2.6.27 | packet(7) | - | Bytes left free before each packet in a ring.
PACKET_TX_RING | 2.6.31 | packet(7) | - | Make a ring to send from.
PACKET_LOSS | 2.6.31 | packet(7) | - | A malformed frame in the send ring is skipped instead of stopping it.
PACKET_VNET_HDR | 2.6.34 | linux/if_packet.h | - | Packets begin with struct virtio_net_hdr: checksum and segmentation state.
PACKET_TIMESTAMP | 2.6.36 | packet(7) | - | Where ring frames take their time from: SOF_TIMESTAMPING_* bits.
PACKET_FANOUT | 3.1 | packet(7) | - | Sockets of one group share the packets between them.
PACKET_TX_HAS_OFF | 3.11 | linux/if_packet.h | - | Frames of the send ring say themselves where their data begins.
PACKET_QDISC_BYPASS | 3.14 | packet(7) | - | Send past the queueing discipline, straight to the card.
PACKET_ROLLOVER_STATS | 4.2 | linux/if_packet.h | - | How often a fan-out group moved on to the next socket.
PACKET_FANOUT_DATA | 4.3 | linux/if_packet.h | - | The classic BPF program of a fan-out group of type PACKET_FANOUT_CBPF.
PACKET_IGNORE_OUTGOING | 4.20 | linux/if_packet.h | - | Do not hear what this machine sends.
PACKET_VNET_HDR_SZ | 6.4 | linux/if_packet.h | - | Bytes of the header that VNET_HDR puts before packets: 10 or 12.
NETLINK_ADD_MEMBERSHIP | 2.6.14 | netlink(7) | depends on the protocol | Join a group, by its number.
NETLINK_DROP_MEMBERSHIP | 2.6.14 | netlink(7) | - | Leave a group.
NETLINK_PKTINFO | 2.6.14 | netlink(7) | - | Receive the group of each message (control message).
NETLINK_BROADCAST_ERROR | 2.6.30 | netlink(7) | - | A multicast that one receiver could not take is an error to the sender.
NETLINK_NO_ENOBUFS | 2.6.30 | netlink(7) | - | A full receive buffer loses messages without ENOBUFS.
NETLINK_LISTEN_ALL_NSID | 4.2 | netlink(7) | CAP_NET_BROADCAST | Hear notifications of other network namespaces that have an id here.
NETLINK_LIST_MEMBERSHIPS | 4.2 | netlink(7) | - | Bit set of the groups that were joined, 32 a word.
NETLINK_CAP_ACK | 4.3 | netlink(7) | - | Acknowledgements do not repeat the request.
NETLINK_EXT_ACK | 4.12 | netlink(7) | - | Acknowledgements say in words what was wrong, and where.
NETLINK_GET_STRICT_CHK | 4.20 | linux/netlink.h | - | Requests for tables are checked strictly and may filter.
SO_VM_SOCKETS_BUFFER_SIZE | 3.9 | linux/vm_sockets.h | - | Bytes of buffer of a stream.
SO_VM_SOCKETS_BUFFER_MIN_SIZE | 3.9 | linux/vm_sockets.h | - | Lower bound of BUFFER_SIZE.
SO_VM_SOCKETS_BUFFER_MAX_SIZE | 3.9 | linux/vm_sockets.h | - | Upper bound of BUFFER_SIZE.
SO_VM_SOCKETS_CONNECT_TIMEOUT | 3.9 | linux/vm_sockets.h | - | How long connect waits for an answer, in milliseconds.
SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD | 5.16 | linux/vm_sockets.h | - | What CONNECT_TIMEOUT is on 64-bit machines.
SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW | 5.16 | linux/vm_sockets.h | - | As CONNECT_TIMEOUT, with 64-bit seconds on 32-bit machines too.
XDP_MMAP_OFFSETS | 4.18 | linux/if_xdp.h | - | Where producer, consumer and descriptors stand in each ring's mapping.
XDP_RX_RING | 4.18 | linux/if_xdp.h | - | Make a receive ring of so many descriptors, a power of two.
XDP_TX_RING | 4.18 | linux/if_xdp.h | - | Make a send ring of so many descriptors.
XDP_UMEM_REG | 4.18 | linux/if_xdp.h | CAP_NET_RAW (the socket) | Hand memory to the kernel for packets; struct xdp_umem_reg as bytes, whose address must stay valid.
XDP_UMEM_FILL_RING | 4.18 | linux/if_xdp.h | - | Make the ring through which the kernel is given room.
XDP_UMEM_COMPLETION_RING | 4.18 | linux/if_xdp.h | - | Make the ring through which sent packets come back.
XDP_STATISTICS | 4.18 | linux/if_xdp.h | - | Packets dropped and descriptors that were wrong.
XDP_OPTIONS | 5.3 | linux/if_xdp.h | - | Whether packets are really not copied: XDP_OPTIONS_ZEROCOPY 1.
`;
