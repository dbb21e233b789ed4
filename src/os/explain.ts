/**
 * Why a socket call failed, in this machine's own terms: who holds the port, which addresses there are, what the limit
 * is. Asked for after the error; nothing is watched beforehand. Reads sock_diag, rtnetlink and /proc; works without
 * privilege, then without the names of other people's processes.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseIpv4 } from '../addr/index.ts';
import { SockDiag } from '../netlink/sock-diag.ts';
import { AF_INET6, type Host, IPPROTO_TCP, IPPROTO_UDP, IPV6, type Option, SO, SocketError } from '../socket/index.ts';
import { describeHolder, describeRows, type Holder, holdersOf, read, readIn, unixHolder } from './explain-holders.ts';
import { type AssignedAddress, interfaces } from './interfaces.ts';
import { kernel } from './kernel.ts';

export type { Holder } from './explain-holders.ts';

export interface Explanation {
  readonly code: string;
  /** One sentence: what is so. */
  readonly text: string;
  /** One sentence: what to do. */
  readonly advice?: string;
  readonly holders?: readonly Holder[];
}

/**
 * @param error what a call threw: a SocketError, or an error of Node's with the same fields
 * @param host where it was thrown
 * @returns undefined when there is nothing to add to the error
 * @example
 * ```ts
 * import { AF_INET, explain, kernel, SOCK_STREAM } from 'barewire';
 * using one = kernel.socket(AF_INET, SOCK_STREAM);
 * one.bind('127.0.0.1:0');
 * one.listen();
 * using other = kernel.socket(AF_INET, SOCK_STREAM);
 * try {
 *   other.bind(one.getsockname());
 * } catch (error) {
 *   console.log(explain(error)?.holders?.[0]?.pid === process.pid); // true
 * }
 * ```
 */
export function explain(error: unknown, host: Host = kernel): Explanation | undefined {
  if (!(error instanceof Error) || typeof (error as SocketError).code !== 'string') return undefined;
  const { code, address, port, syscall, fd } = error as SocketError;
  const asked = error instanceof SocketError && fd !== undefined ? socketBehind(fd, host) : undefined;
  const explanation = EXPLAINERS[code]?.({
    code,
    // Node writes abstract names with a NUL, and -1 for the port that a path has not.
    address: address?.replace(/^\0/, '@'),
    port: port !== undefined && port < 0 ? undefined : port,
    syscall,
    host,
    asked,
    isOurs: error instanceof SocketError,
  });
  return explanation === undefined ? undefined : { code, ...explanation };
}

interface Failure {
  readonly code: string;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly syscall: string;
  readonly host: Host;
  /** The socket that was refused, where it is still open. */
  readonly asked: AskedSocket | undefined;
  /** Our own error and not one of Node's. */
  readonly isOurs: boolean;
}

interface AskedSocket {
  readonly protocol: number;
  readonly v6only: boolean;
  readonly reuseAddress: boolean;
}

type Told = Omit<Explanation, 'code'> | undefined;

const EXPLAINERS: Readonly<Record<string, (failure: Failure) => Told>> = {
  EADDRINUSE: inUse,
  EACCES: notAllowed,
  EPERM: notAllowed,
  EADDRNOTAVAIL: notHere,
  ENETUNREACH: ({ address, host }) => noRoute(address, host),
  EHOSTUNREACH: ({ address }) => ({
    text: `no answer to the search for ${address ?? 'the host'} on its link, or a router said that it cannot be reached`,
    advice: 'turn the error queue on to learn which router said so',
  }),
  EAFNOSUPPORT: () => ({
    text: 'this kernel does not have the address family, or the address is of another family than the socket',
    advice: 'kernel.supports() lists the families that it has',
  }),
  EMFILE: () => descriptorLimit(),
  ENFILE: () => ({ text: 'the whole machine is out of open files', advice: 'raise the sysctl fs.file-max' }),
  ECONNREFUSED: refused,
  ENOENT: noPath,
};

// --------------------------------------------------------------------------------------------------------- in use

function inUse(failure: Failure): Told {
  const { host, address, port, asked } = failure;
  if (address !== undefined && port === undefined) return pathInUse(host, address);
  if (port === undefined) return undefined;
  if (port === 0) {
    const range = readIn(host, '/proc/sys/net/ipv4/ip_local_port_range').trim().replace(/\s+/, ' to ');
    return { text: `no port of ${range} is free`, advice: 'widen the sysctl net.ipv4.ip_local_port_range' };
  }
  const wanted = { port, address, v6only: asked?.v6only ?? false };
  const known = holdersOf(host, { ...wanted, protocol: protocolOf(failure) });
  // The descriptor may be another socket's by now.
  const holders = known.length > 0 ? known : holdersOf(host, { ...wanted, protocol: undefined });
  if (holders.length === 0) {
    return { text: `port ${port} was held when the call was made and is free now`, advice: 'try again' };
  }
  const named = holders.slice(0, 3).map(describeHolder).join('; ');
  return {
    text: `port ${port} is held: ${named}${holders.length > 3 ? ` and ${holders.length - 3} more` : ''}`,
    advice: portAdvice(holders, asked),
    holders,
  };
}

function portAdvice(holders: readonly Holder[], asked: AskedSocket | undefined): string {
  if (holders.every(({ inode }) => inode === undefined)) {
    const why = 'only connections that have ended hold it';
    return asked?.reuseAddress === true
      ? `${why}, of a socket that did not have SO_REUSEADDR: wait a minute`
      : `${why}: wait a minute, or set SO_REUSEADDR before bind (the socket that had the port must have had it too)`;
  }
  return 'end that program, take another port or address, or set SO_REUSEPORT on both sockets before bind to share it';
}

/** undefined where the error does not say: both are looked at. */
function protocolOf({ syscall, asked, isOurs }: Failure): 'tcp' | 'udp' | undefined {
  if (syscall === 'listen') return 'tcp';
  // Node's TCP servers fail in listen, its datagram sockets in bind.
  if (!isOurs) return syscall === 'bind' ? 'udp' : undefined;
  if (asked?.protocol === IPPROTO_UDP) return 'udp';
  return asked?.protocol === IPPROTO_TCP || asked?.protocol === IPPROTO_MPTCP ? 'tcp' : undefined;
}

const IPPROTO_MPTCP = 262;

/** Look at the socket that was refused; undefined where its descriptor is closed, or no IP socket's. */
function socketBehind(fd: number, host: Host): AskedSocket | undefined {
  if (fd < 0) return undefined;
  const { driver } = host;
  const handle = driver.adopt(fd, true);
  if (handle < 0) return undefined;
  try {
    const get = <T>({ level, number, type }: Option<T>): T | undefined => {
      const value = new Uint8Array(type.size);
      const length = driver.getsockopt(handle, level, number, value, value.length);
      return length < 0 ? undefined : type.decode(value.subarray(0, length));
    };
    const protocol = get(SO.PROTOCOL);
    if (protocol === undefined) return undefined;
    const v6only = get(SO.DOMAIN) === AF_INET6 && get(IPV6.V6ONLY) === true;
    return { protocol, v6only, reuseAddress: get(SO.REUSEADDR) === true };
  } finally {
    driver.detach(handle);
  }
}

function pathInUse(host: Host, path: string): Told {
  const found = unixHolder(host, path);
  switch (found.kind) {
    case 'gone':
      return { text: `${path} was there when the call was made and is gone now`, advice: 'try again' };
    case 'no socket':
      return { text: `${path} exists and is no socket`, advice: 'take another path: it is somebody’s file' };
    case 'stale':
      return { text: `${path} is a socket file whose program has ended`, advice: 'remove the file, then bind again' };
    case 'held':
      return {
        text: `${path} is held: ${describeHolder(found.holder)}`,
        advice: 'end that program or take another path',
        holders: [found.holder],
      };
  }
}

// ------------------------------------------------------------------------------------------------------- the others

function notAllowed({ code, syscall, address, port, host }: Failure): Told {
  if (syscall === 'socket') return noSocket(code, host);
  if (address !== undefined && port === undefined) return pathNotAllowed(syscall, address);
  if (syscall === 'bind' && port !== undefined && port > 0) {
    const first = Number(readIn(host, '/proc/sys/net/ipv4/ip_unprivileged_port_start').trim() || '1024');
    if (port >= first) return undefined;
    return {
      text: `ports below ${first} need CAP_NET_BIND_SERVICE`,
      advice: `take a port from ${first} on, or lower the sysctl net.ipv4.ip_unprivileged_port_start`,
    };
  }
  if (!/^(connect|send)/.test(syscall) || address === undefined) return undefined;
  if (code === 'EACCES' && isBroadcast(address, host)) {
    return { text: `${address} is a broadcast address`, advice: 'set SO_BROADCAST to send to it' };
  }
  return {
    text: `a rule of this machine forbids packets to ${address}: a firewall, or a route of type prohibit`,
    advice: 'see `nft list ruleset` and `ip route get`',
  };
}

function noSocket(code: string, host: Host): Told {
  if (code === 'EPERM') {
    return {
      text: 'raw and packet sockets need CAP_NET_RAW',
      advice: 'run as root, or in a user and network namespace of your own: unshare -Urn',
    };
  }
  const range = readIn(host, '/proc/sys/net/ipv4/ping_group_range').trim().replace(/\s+/, ' to ');
  return {
    text: `ICMP datagram sockets are for groups ${range} here`,
    advice: 'widen the sysctl net.ipv4.ping_group_range, or take a raw socket (CAP_NET_RAW)',
  };
}

function pathNotAllowed(syscall: string, path: string): Told {
  return syscall === 'bind'
    ? { text: `no file may be made in ${dirname(path)}`, advice: 'take a directory that you may write to' }
    : {
        text: `${path}, or a directory above it, is not open to this user`,
        advice: 'connecting needs permission to write to the socket file and to search its directories',
      };
}

function isBroadcast(address: string, host: Host): boolean {
  if (address === '255.255.255.255') return true;
  const value = parseIpv4(address);
  if (value === null) return false;
  return interfaces(host).some(({ addresses }) =>
    addresses.some((row) => row.broadcast === address || lastOf(row) === value),
  );
}

/** The last address of a subnet is its broadcast address, also where nobody said so. */
function lastOf({ family, address, prefixLength }: AssignedAddress): number | undefined {
  const value = family === 'inet' && prefixLength < 31 ? parseIpv4(address) : null;
  return value === null ? undefined : (value | (0xffff_ffff >>> prefixLength)) >>> 0;
}

function noPath({ syscall, address, port }: Failure): Told {
  if (address === undefined || port !== undefined) return undefined;
  const folder = dirname(address);
  if (!existsSync(folder)) return { text: `there is no directory ${folder}`, advice: 'make it first' };
  if (syscall === 'bind') return undefined;
  return { text: `there is no ${address}`, advice: 'the server has not begun to listen, or listens elsewhere' };
}

function notHere({ address, host, syscall }: Failure): Told {
  if (address === undefined || syscall === 'connect') {
    return {
      text: 'no local address or port is left for this connection',
      advice: 'connections in TIME-WAIT hold ports: widen the sysctl net.ipv4.ip_local_port_range',
    };
  }
  const own = interfaces(host).flatMap(({ name, addresses }) => addresses.map((row) => `${row.address} (${name})`));
  return {
    text: `no interface has the address ${address}; there are ${own.join(', ') || 'none'}`,
    advice: 'bind to one of these, to 0.0.0.0 or ::, or set IP_FREEBIND',
  };
}

function noRoute(address: string | undefined, host: Host): Told {
  const up = interfaces(host).filter((one) => one.up && one.addresses.length > 0);
  const isV6 = address?.includes(':') === true;
  const family = isV6 ? 'inet6' : 'inet';
  const usable = up.filter(({ addresses }) => addresses.some((row) => row.family === family && row.scope === 'global'));
  return {
    text:
      usable.length === 0
        ? `no interface has a global ${isV6 ? 'IPv6' : 'IPv4'} address, so nothing outside this machine can be reached`
        : `no route leads to ${address ?? 'the address'}`,
    advice: 'see `ip route`; an interface may be down',
  };
}

function descriptorLimit(): Told {
  const limit = /^Max open files\s+(\d+)\s+(\d+|unlimited)/m.exec(read('/proc/self/limits'));
  const open = readdirSync('/proc/self/fd').length;
  return {
    text: `this process has ${open} open files and may have ${limit?.[1] ?? 'no more'}`,
    advice: `close some, or raise the limit (ulimit -n, up to ${limit?.[2] ?? 'the hard limit'})`,
  };
}

function refused({ address, port, host }: Failure): Told {
  if (address === undefined || port === undefined) {
    return address === undefined ? undefined : { text: `${address} is there, and nobody listens on it any more` };
  }
  const isOwn =
    interfaces(host).some(({ addresses }) => addresses.some((row) => row.address === address)) ||
    address.startsWith('127.');
  if (!isOwn) return { text: `${address} answered that nobody listens on port ${port}` };
  using diag = new SockDiag(host);
  const others = diag
    .sockets({ protocol: 'tcp' })
    .filter(({ state, source }) => state === 'LISTEN' && source.port === port);
  if (others.length === 0) return { text: `nobody listens on port ${port} of this machine` };
  const holders = describeRows(others);
  return {
    text: `port ${port} is listened on, but on another address: ${holders.map(describeHolder).join('; ')}`,
    advice: 'connect to that address, or let it listen on this one',
    holders,
  };
}
