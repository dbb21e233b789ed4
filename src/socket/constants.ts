/**
 * The numbers behind the C names, as Linux defines them (socket(2), recv(2), shutdown(2)); the same on every
 * architecture that Node runs on but MIPS and SPARC, which we do not support.
 */
export const AF_UNSPEC = 0;
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
/** BSD's routing sockets; on Linux rtnetlink has their job. */
export const AF_ROUTE: number = AF_NETLINK;
export const AF_PACKET = 17;
export const AF_VSOCK = 40;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_RDM = 4;
export const SOCK_SEQPACKET = 5;

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_IPV6 = 41;
export const IPPROTO_ICMPV6 = 58;
export const IPPROTO_RAW = 255;

export const SOL_SOCKET = 1;
export const SOL_PACKET = 263;
export const SOL_NETLINK = 270;

export const MSG_OOB = 0x01;
export const MSG_PEEK = 0x02;
export const MSG_DONTROUTE = 0x04;
export const MSG_CTRUNC = 0x08;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_ERRQUEUE = 0x2000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;
export const MSG_WAITFORONE = 0x10000;
export const MSG_ZEROCOPY = 0x4000000;
export const MSG_FASTOPEN = 0x20000000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

export const SHUT_RD = 0;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;

/** The largest backlog that listen(2) honours by default: net.core.somaxconn since Linux 5.4. */
export const SOMAXCONN = 4096;

/** Ready bits of epoll(7) and poll(2): the numbers agree. */
export const POLLIN = 0x001;
export const POLLPRI = 0x002;
export const POLLOUT = 0x004;
export const POLLERR = 0x008;
export const POLLHUP = 0x010;
export const POLLRDHUP = 0x2000;

/* Address families (linux/socket.h). */
export const AF_LOCAL = 1;
export const AF_FILE = 1;
export const AF_AX25 = 3;
export const AF_IPX = 4;
export const AF_APPLETALK = 5;
export const AF_NETROM = 6;
export const AF_BRIDGE = 7;
export const AF_ATMPVC = 8;
export const AF_X25 = 9;
export const AF_ROSE = 11;
export const AF_DECnet = 12;
export const AF_NETBEUI = 13;
export const AF_SECURITY = 14;
export const AF_KEY = 15;
export const AF_ASH = 18;
export const AF_ECONET = 19;
export const AF_ATMSVC = 20;
export const AF_RDS = 21;
export const AF_SNA = 22;
export const AF_IRDA = 23;
export const AF_PPPOX = 24;
export const AF_WANPIPE = 25;
export const AF_LLC = 26;
export const AF_IB = 27;
export const AF_MPLS = 28;
export const AF_CAN = 29;
export const AF_TIPC = 30;
export const AF_BLUETOOTH = 31;
export const AF_IUCV = 32;
export const AF_RXRPC = 33;
export const AF_ISDN = 34;
export const AF_PHONET = 35;
export const AF_IEEE802154 = 36;
export const AF_CAIF = 37;
export const AF_ALG = 38;
export const AF_NFC = 39;
export const AF_KCM = 41;
export const AF_QIPCRTR = 42;
export const AF_SMC = 43;
export const AF_XDP = 44;
export const AF_MCTP = 45;
export const AF_MAX = 46;

/* Socket types, and what socket(2) may be told along with them (socket(2)). */
export const SOCK_DCCP = 6;
export const SOCK_PACKET = 10;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x80000;

/* Flags of send, recv and their kin, and of what recvmsg returns (recv(2), send(2)). */
export const MSG_TRYHARD = 0x04;
export const MSG_PROXY = 0x10;
export const MSG_FIN = 0x200;
export const MSG_SYN = 0x400;
export const MSG_RST = 0x1000;
export const MSG_BATCH = 0x40000;
export const MSG_SOCK_DEVMEM = 0x2000000;

/* Control messages of level SOL_SOCKET (unix(7), socket(7)). */
export const SCM_RIGHTS = 0x01;
export const SCM_CREDENTIALS = 0x02;
export const SCM_SECURITY = 0x03;
export const SCM_PIDFD = 0x04;
export const SCM_TIMESTAMP = 29;
export const SCM_TIMESTAMPNS = 35;
export const SCM_TIMESTAMPING = 37;
export const SCM_WIFI_STATUS = 41;
export const SCM_TIMESTAMPING_OPT_STATS = 54;
export const SCM_TIMESTAMPING_PKTINFO = 58;
export const SCM_TXTIME = 61;
export const SCM_DEVMEM_LINEAR = 78;
export const SCM_DEVMEM_DMABUF = 79;
export const SCM_TS_OPT_ID = 81;
export const SCM_INQ = 84;

/* Levels of options and control messages (getsockopt(2)). */
export const SOL_IP = 0;
export const SOL_TCP = 6;
export const SOL_UDP = 17;
export const SOL_IPV6 = 41;
export const SOL_ICMPV6 = 58;
export const SOL_SCTP = 132;
export const SOL_UDPLITE = 136;
export const SOL_RAW = 255;
export const SOL_DECNET = 261;
export const SOL_X25 = 262;
export const SOL_ATM = 264;
export const SOL_AAL = 265;
export const SOL_IRDA = 266;
export const SOL_NETBEUI = 267;
export const SOL_LLC = 268;
export const SOL_DCCP = 269;
export const SOL_TIPC = 271;
export const SOL_RXRPC = 272;
export const SOL_PPPOL2TP = 273;
export const SOL_BLUETOOTH = 274;
export const SOL_PNPIPE = 275;
export const SOL_RDS = 276;
export const SOL_IUCV = 277;
export const SOL_CAIF = 278;
export const SOL_ALG = 279;
export const SOL_NFC = 280;
export const SOL_KCM = 281;
export const SOL_TLS = 282;
export const SOL_XDP = 283;
export const SOL_MPTCP = 284;
export const SOL_MCTP = 285;
export const SOL_SMC = 286;
export const SOL_VSOCK = 287;

/* Values of IPv4 options (ip(7)). */
export const IP_PMTUDISC_DONT = 0;
export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;
export const IP_PMTUDISC_INTERFACE = 4;
export const IP_PMTUDISC_OMIT = 5;
export const IP_DEFAULT_MULTICAST_TTL = 1;
export const IP_DEFAULT_MULTICAST_LOOP = 1;
export const IP_MAX_MEMBERSHIPS = 20;
export const MCAST_EXCLUDE = 0;
export const MCAST_INCLUDE = 1;

/* Names and values of IPv6 (ipv6(7)). */
export const IPV6_NEXTHOP = 9;
export const IPV6_AUTHHDR = 10;
export const IPV6_HOPLIMIT = 52;
export const IPV6_USE_MIN_MTU = 63;
export const IPV6_PMTUDISC_DONT = 0;
export const IPV6_PMTUDISC_WANT = 1;
export const IPV6_PMTUDISC_DO = 2;
export const IPV6_PMTUDISC_PROBE = 3;
export const IPV6_PMTUDISC_INTERFACE = 4;
export const IPV6_PMTUDISC_OMIT = 5;
export const IPV6_FL_A_GET = 0;
export const IPV6_FL_A_PUT = 1;
export const IPV6_FL_A_RENEW = 2;
export const IPV6_FL_F_CREATE = 1;
export const IPV6_FL_F_EXCL = 2;
export const IPV6_FL_F_REFLECT = 4;
export const IPV6_FL_F_REMOTE = 8;
export const IPV6_FL_S_NONE = 0;
export const IPV6_FL_S_EXCL = 1;
export const IPV6_FL_S_PROCESS = 2;
export const IPV6_FL_S_USER = 3;
export const IPV6_FL_S_ANY = 255;
export const IPV6_PREFER_SRC_TMP = 0x0001;
export const IPV6_PREFER_SRC_PUBLIC = 0x0002;
export const IPV6_PREFER_SRC_COA = 0x0004;
export const IPV6_PREFER_SRC_PUBTMP_DEFAULT = 0x0100;
export const IPV6_PREFER_SRC_HOME = 0x0400;
export const IPV6_PREFER_SRC_CGA = 0x0008;
export const IPV6_PREFER_SRC_NONCGA = 0x0800;
export const IPV6_RTHDR_LOOSE = 0;
export const IPV6_RTHDR_STRICT = 1;
export const IPV6_RTHDR_TYPE_0 = 0;

/* States, values of options, and names of TCP (tcp(7)). */
export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;
export const TCP_CA_Open = 0;
export const TCP_CA_Disorder = 1;
export const TCP_CA_CWR = 2;
export const TCP_CA_Recovery = 3;
export const TCP_CA_Loss = 4;
export const TCP_NO_QUEUE = 0;
export const TCP_RECV_QUEUE = 1;
export const TCP_SEND_QUEUE = 2;
export const TCP_REPAIR_ON = 1;
export const TCP_REPAIR_OFF = 0;
export const TCP_REPAIR_OFF_NO_WP = -1;
export const TCP_MD5SIG_MAXKEYLEN = 80;
export const TCP_MD5SIG_FLAG_PREFIX = 0x1;
export const TCP_MD5SIG_FLAG_IFINDEX = 0x2;
export const TCP_MSS_DEFAULT = 536;
export const TCP_MSS_DESIRED = 1220;
export const TCP_RECEIVE_ZEROCOPY_FLAG_TLB_CLEAN_HINT = 0x1;
export const TCPI_OPT_TIMESTAMPS = 1;
export const TCPI_OPT_SACK = 2;
export const TCPI_OPT_WSCALE = 4;
export const TCPI_OPT_ECN = 8;
export const TCPI_OPT_ECN_SEEN = 16;
export const TCPI_OPT_SYN_DATA = 32;

/* Values of UDP_ENCAP (udp(7)). */
export const UDP_ENCAP_ESPINUDP_NON_IKE = 1;
export const UDP_ENCAP_ESPINUDP = 2;
export const UDP_ENCAP_L2TPINUDP = 3;
export const UDP_ENCAP_GTP0 = 4;
export const UDP_ENCAP_GTP1U = 5;
export const UDP_ENCAP_RXRPC = 6;
export const TCP_ENCAP_ESPINTCP = 7;

/* Bits of SO_TIMESTAMPING and SO_TXTIME (linux/net_tstamp.h). */
export const SOF_TIMESTAMPING_TX_HARDWARE = 0x1;
export const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
export const SOF_TIMESTAMPING_RX_HARDWARE = 0x4;
export const SOF_TIMESTAMPING_RX_SOFTWARE = 0x8;
export const SOF_TIMESTAMPING_SOFTWARE = 0x10;
export const SOF_TIMESTAMPING_SYS_HARDWARE = 0x20;
export const SOF_TIMESTAMPING_RAW_HARDWARE = 0x40;
export const SOF_TIMESTAMPING_OPT_ID = 0x80;
export const SOF_TIMESTAMPING_TX_SCHED = 0x100;
export const SOF_TIMESTAMPING_TX_ACK = 0x200;
export const SOF_TIMESTAMPING_OPT_CMSG = 0x400;
export const SOF_TIMESTAMPING_OPT_TSONLY = 0x800;
export const SOF_TIMESTAMPING_OPT_STATS = 0x1000;
export const SOF_TIMESTAMPING_OPT_PKTINFO = 0x2000;
export const SOF_TIMESTAMPING_OPT_TX_SWHW = 0x4000;
export const SOF_TIMESTAMPING_BIND_PHC = 0x8000;
export const SOF_TIMESTAMPING_OPT_ID_TCP = 0x10000;
export const SOF_TXTIME_DEADLINE_MODE = 0x1;
export const SOF_TXTIME_REPORT_ERRORS = 0x2;

/* Protocols of packet sockets: EtherTypes, and a few numbers of Linux's own (linux/if_ether.h). */
export const ETH_P_ALL = 0x0003;
export const ETH_P_802_3 = 0x0001;
export const ETH_P_802_2 = 0x0004;
export const ETH_P_CAN = 0x000c;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_RARP = 0x8035;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_P_MPLS_UC = 0x8847;
export const ETH_P_MPLS_MC = 0x8848;
export const ETH_P_PPP_DISC = 0x8863;
export const ETH_P_PPP_SES = 0x8864;
export const ETH_P_PAE = 0x888e;
export const ETH_P_8021AD = 0x88a8;
export const ETH_P_LLDP = 0x88cc;
export const ETH_P_MACSEC = 0x88e5;
export const ETH_P_1588 = 0x88f7;
export const ETH_P_LOOPBACK = 0x9000;

/* Packet types, values of options, and names of packet sockets (packet(7)). */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;
export const PACKET_LOOPBACK = 5;
export const PACKET_USER = 6;
export const PACKET_KERNEL = 7;
export const PACKET_FASTROUTE = 6;
export const PACKET_RECV_OUTPUT = 3;
export const PACKET_TX_TIMESTAMP = 16;
export const PACKET_MR_MULTICAST = 0;
export const PACKET_MR_PROMISC = 1;
export const PACKET_MR_ALLMULTI = 2;
export const PACKET_MR_UNICAST = 3;
export const PACKET_FANOUT_HASH = 0;
export const PACKET_FANOUT_LB = 1;
export const PACKET_FANOUT_CPU = 2;
export const PACKET_FANOUT_ROLLOVER = 3;
export const PACKET_FANOUT_RND = 4;
export const PACKET_FANOUT_QM = 5;
export const PACKET_FANOUT_CBPF = 6;
export const PACKET_FANOUT_EBPF = 7;
export const PACKET_FANOUT_FLAG_ROLLOVER = 0x1000;
export const PACKET_FANOUT_FLAG_UNIQUEID = 0x2000;
export const PACKET_FANOUT_FLAG_IGNORE_OUTGOING = 0x4000;
export const PACKET_FANOUT_FLAG_DEFRAG = 0x8000;

/* Netlink protocols, and names of netlink sockets (netlink(7)). */
export const NETLINK_ROUTE = 0;
export const NETLINK_UNUSED = 1;
export const NETLINK_USERSOCK = 2;
export const NETLINK_FIREWALL = 3;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_INET_DIAG = 4;
export const NETLINK_NFLOG = 5;
export const NETLINK_XFRM = 6;
export const NETLINK_SELINUX = 7;
export const NETLINK_ISCSI = 8;
export const NETLINK_AUDIT = 9;
export const NETLINK_FIB_LOOKUP = 10;
export const NETLINK_CONNECTOR = 11;
export const NETLINK_NETFILTER = 12;
export const NETLINK_IP6_FW = 13;
export const NETLINK_DNRTMSG = 14;
export const NETLINK_KOBJECT_UEVENT = 15;
export const NETLINK_GENERIC = 16;
export const NETLINK_SCSITRANSPORT = 18;
export const NETLINK_ECRYPTFS = 19;
export const NETLINK_RDMA = 20;
export const NETLINK_CRYPTO = 21;
export const NETLINK_SMC = 22;
export const NETLINK_RX_RING = 6;
export const NETLINK_TX_RING = 7;

/* Names and addresses of vsock (vsock(7)). */
export const VMADDR_CID_ANY = 0xffffffff;
export const VMADDR_CID_HYPERVISOR = 0;
export const VMADDR_CID_LOCAL = 1;
export const VMADDR_CID_HOST = 2;
export const VMADDR_PORT_ANY = 0xffffffff;
export const VMADDR_FLAG_TO_HOST = 0x01;

/* Ciphers and record types of kernel TLS (linux/tls.h). */
export const TLS_CIPHER_AES_GCM_128 = 51;
export const TLS_CIPHER_AES_GCM_256 = 52;
export const TLS_CIPHER_AES_CCM_128 = 53;
export const TLS_CIPHER_CHACHA20_POLY1305 = 54;
export const TLS_CIPHER_SM4_GCM = 55;
export const TLS_CIPHER_SM4_CCM = 56;
export const TLS_CIPHER_ARIA_GCM_128 = 57;
export const TLS_CIPHER_ARIA_GCM_256 = 58;
export const TLS_SET_RECORD_TYPE = 1;
export const TLS_GET_RECORD_TYPE = 2;

/* Flags of AF_XDP addresses and rings (linux/if_xdp.h). */
export const XDP_SHARED_UMEM = 0x1;
export const XDP_COPY = 0x2;
export const XDP_ZEROCOPY = 0x4;
export const XDP_USE_NEED_WAKEUP = 0x8;
export const XDP_UMEM_UNALIGNED_CHUNK_FLAG = 0x1;
export const XDP_RING_NEED_WAKEUP = 0x1;
export const XDP_OPTIONS_ZEROCOPY = 0x1;
