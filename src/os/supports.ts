/**
 * What this kernel has and lets this process use: each feature is tried, and a refusal gives its reason and what to do.
 * Nothing is remembered, as privileges and modules come and go; a probe takes a few µs; one that
 * asks for a family which is not there makes the kernel look for its module, and load it where it is installed.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import {
  AF_ALG,
  AF_BLUETOOTH,
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_TIPC,
  AF_UNIX,
  AF_VSOCK,
  AF_XDP,
  errnoText,
  type Host,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../socket/index.ts';
import { readCapabilities } from './capabilities.ts';

export interface Support {
  /** `AF_VSOCK`, `raw`, `icmp datagram`, `kTLS` … */
  readonly name: string;
  readonly supported: boolean;
  /** Why not, and what to do about it: one line. */
  readonly reason?: string;
  /** The error that said so. */
  readonly code?: string;
}

/** undefined: supported. */
type Refusal = { readonly reason: string; readonly code?: string } | undefined;
type Probe = (host: Host) => Refusal;

const IPPROTO_MPTCP = 262;
const IPPROTO_SCTP = 132;
const IPPROTO_UDPLITE = 136;
const NETLINK_ROUTE = 0;
const NETLINK_SOCK_DIAG = 4;
const NETLINK_GENERIC = 16;
const BTPROTO_L2CAP = 0;
const CAN_RAW = 1;
const VMADDR_CID_LOCAL = 1;

const PRIVILEGE = 'needs CAP_NET_RAW: run as root, or in a user and network namespace (unshare -Urn)';
const ADMIN = 'needs CAP_NET_ADMIN: run as root, or in a user and network namespace (unshare -Urn)';

function refusalOf(error: unknown, hints: Readonly<Record<string, string>>): Refusal {
  if (!(error instanceof SocketError)) throw error;
  const missing = 'not in this kernel';
  const usual: Readonly<Record<string, string>> = {
    EAFNOSUPPORT: missing,
    EPROTONOSUPPORT: missing,
    ESOCKTNOSUPPORT: missing,
    ENOPROTOOPT: missing,
    ENOENT: missing,
    EOPNOTSUPP: missing,
  };
  return { reason: hints[error.code] ?? usual[error.code] ?? errnoText(-error.errno), code: error.code };
}

/** A socket of this kind can be opened, and `then` does not fail. */
function opens(
  domain: number,
  type: number,
  protocol: number,
  hints: Readonly<Record<string, string>> = {},
  then: (socket: Socket, host: Host) => void = () => undefined,
): Probe {
  return (host) => {
    try {
      using socket = host.socket(domain, type, protocol);
      then(socket, host);
      return undefined;
    } catch (error) {
      return refusalOf(error, hints);
    }
  };
}

const raw = { EPERM: PRIVILEGE, EACCES: PRIVILEGE };
const option =
  (level: number, number: number, value: number | Uint8Array) =>
  (socket: Socket): void =>
    socket.setsockopt(level, number, value);

/** ping_group_range says which groups may open ICMP datagram sockets. */
function pingHint(): string {
  const range = readText('/proc/sys/net/ipv4/ping_group_range')?.trim().replace(/\s+/, ' to ') ?? 'unknown';
  return `only for groups ${range}: sysctl net.ipv4.ping_group_range='0 2147483647', or a raw socket`;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

const PROBES: readonly (readonly [name: string, probe: Probe])[] = [
  ['AF_INET', opens(AF_INET, SOCK_STREAM, 0)],
  [
    'AF_INET6',
    opens(
      AF_INET6,
      SOCK_STREAM,
      0,
      { EADDRNOTAVAIL: 'no IPv6 address: net.ipv6.conf.lo.disable_ipv6 is set' },
      (socket) => socket.bind({ family: 'inet6', address: '::1', port: 0 }),
    ),
  ],
  ['AF_UNIX', opens(AF_UNIX, SOCK_STREAM, 0)],
  ['AF_UNIX datagram', opens(AF_UNIX, SOCK_DGRAM, 0)],
  ['AF_UNIX seqpacket', opens(AF_UNIX, SOCK_SEQPACKET, 0)],
  ['AF_NETLINK route', opens(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)],
  ['AF_NETLINK sock_diag', opens(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)],
  ['AF_NETLINK generic', opens(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC)],
  ['AF_PACKET', opens(AF_PACKET, SOCK_RAW, 0, raw)],
  ['AF_VSOCK', opens(AF_VSOCK, SOCK_STREAM, 0)],
  [
    'AF_VSOCK loopback',
    opens(
      AF_VSOCK,
      SOCK_STREAM,
      0,
      { ENODEV: 'no vsock_loopback module', EADDRNOTAVAIL: 'no vsock_loopback module' },
      (socket, host) => {
        socket.bind({ family: 'vsock', cid: VMADDR_CID_LOCAL, port: 0xffff_ffff });
        socket.listen();
        using client = host.socket(AF_VSOCK, SOCK_STREAM);
        client.tryConnect(socket.getsockname());
      },
    ),
  ],
  ['AF_XDP', opens(AF_XDP, SOCK_RAW, 0, raw)],
  ['AF_CAN', opens(AF_CAN, SOCK_RAW, CAN_RAW)],
  ['AF_ALG', opens(AF_ALG, SOCK_SEQPACKET, 0)],
  ['AF_TIPC', opens(AF_TIPC, SOCK_SEQPACKET, 0)],
  ['AF_BLUETOOTH', opens(AF_BLUETOOTH, SOCK_SEQPACKET, BTPROTO_L2CAP)],
  ['raw', opens(AF_INET, SOCK_RAW, IPPROTO_ICMP, raw)],
  ['raw IPv6', opens(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, raw)],
  [
    'icmp datagram',
    (host) => opens(AF_INET, SOCK_DGRAM, IPPROTO_ICMP, { EACCES: pingHint(), EPERM: pingHint() })(host),
  ],
  [
    'icmp6 datagram',
    (host) => opens(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, { EACCES: pingHint(), EPERM: pingHint() })(host),
  ],
  ['MPTCP', opens(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)],
  ['SCTP', opens(AF_INET, SOCK_STREAM, IPPROTO_SCTP)],
  ['UDP-Lite', opens(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE)],
  // tcp(7) has the upper-layer protocol looked up first: a missing module is ENOENT, an unconnected socket ENOTCONN.
  ['kTLS', kernelTls],
  ['TCP_REPAIR', opens(AF_INET, SOCK_STREAM, 0, { EPERM: ADMIN }, option(IPPROTO_TCP, 19, 1))],
  ['TCP_FASTOPEN', opens(AF_INET, SOCK_STREAM, 0, {}, option(IPPROTO_TCP, 23, 1))],
  ['SO_REUSEPORT', opens(AF_INET, SOCK_STREAM, 0, {}, option(SOL_SOCKET, 15, 1))],
  ['SO_MARK', opens(AF_INET, SOCK_STREAM, 0, { EPERM: ADMIN }, option(SOL_SOCKET, 36, 1))],
  ['IP_TRANSPARENT', opens(AF_INET, SOCK_STREAM, 0, { EPERM: ADMIN }, option(0, 19, 1))],
  ['zero copy', opens(AF_INET, SOCK_STREAM, 0, {}, option(SOL_SOCKET, 60, 1))],
  ['UDP_SEGMENT', opens(AF_INET, SOCK_DGRAM, IPPROTO_UDP, {}, option(IPPROTO_UDP, 103, 1000))],
  ['UDP_GRO', opens(AF_INET, SOCK_DGRAM, IPPROTO_UDP, {}, option(IPPROTO_UDP, 104, 1))],
  [
    'SO_TXTIME',
    opens(AF_INET, SOCK_DGRAM, 0, { EPERM: ADMIN }, option(SOL_SOCKET, 61, Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))),
  ],
  ['SO_TIMESTAMPING', opens(AF_INET, SOCK_DGRAM, 0, {}, option(SOL_SOCKET, 37, 0x18))],
  ['SO_PASSPIDFD', opens(AF_UNIX, SOCK_DGRAM, 0, {}, option(SOL_SOCKET, 76, 1))],
  ['network namespaces', namespaces],
  ['user namespaces', userNamespaces],
  ['TUN', tun],
];

function kernelTls(host: Host): Refusal {
  using socket = host.socket(AF_INET, SOCK_STREAM);
  try {
    socket.setsockopt(IPPROTO_TCP, 31, new TextEncoder().encode('tls'));
  } catch (error) {
    if (error instanceof SocketError && error.code === 'ENOTCONN') return undefined;
    return refusalOf(error, { ENOENT: 'no tls module in this kernel' });
  }
  return undefined;
}

function namespaces(): Refusal {
  if (readCapabilities().canUnshareNet) return undefined;
  return { reason: 'needs CAP_SYS_ADMIN: run as root, or in a user namespace (unshare -Urn)', code: 'EPERM' };
}

function userNamespaces(): Refusal {
  const { allowed, text, hint } = readCapabilities().userNamespace;
  return allowed ? undefined : { reason: `${text}; ${hint}` };
}

function tun(): Refusal {
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code = 'EACCES' } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no /dev/net/tun: load the tun module' : '/dev/net/tun is not open to this user';
    return { reason, code };
  }
}

/** The names that `supports` knows. */
export const FEATURES: readonly string[] = PROBES.map(([name]) => name);

/**
 * Every feature, tried now on sockets of `host`: a network namespace, say. For this machine, `kernel.supports()`.
 */
export function everySupport(host: Host): Support[] {
  return PROBES.map(([name, probe]) => toSupport(name, probe(host)));
}

/** @throws RangeError for a name that is not in FEATURES */
export function supportOf(name: string, host: Host): Support {
  const probe = PROBES.find(([known]) => known === name)?.[1];
  if (probe === undefined) throw new RangeError(`name: expected one of ${FEATURES.join(', ')}, got '${String(name)}'`);
  return toSupport(name, probe(host));
}

function toSupport(name: string, refusal: Refusal): Support {
  return refusal === undefined ? { name, supported: true } : { name, supported: false, ...refusal };
}
