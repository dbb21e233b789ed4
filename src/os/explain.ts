/**
 * Why a socket call failed, in this machine's own terms: who holds the port, which addresses there are, what the limit
 * is. Asked for after the error; nothing is watched beforehand. Reads sock_diag, rtnetlink and /proc; works without
 * privilege, then without the names of other people's processes.
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Host, SocketError } from '../socket/index.ts';
import { interfaces } from './interfaces.ts';
import { kernel } from './kernel.ts';
import { SockDiag, type SocketRow } from './netlink/sock-diag.ts';

/** Somebody who has what was asked for. */
export interface Holder {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** `127.0.0.1:80`, or the path. */
  readonly address: string;
  /** TCP's state; `bound` for a socket that is bound only, `LISTEN` for a Unix listener. */
  readonly state: string;
  readonly uid?: number;
  /** Absent without the privilege to look, and for sockets that no process has (TIME-WAIT). */
  readonly pid?: number;
  readonly command?: string;
}

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
  const { code, address, port, syscall } = error as SocketError;
  const explanation = EXPLAINERS[code]?.({ address, port, syscall, host });
  return explanation === undefined ? undefined : { code, ...explanation };
}

interface Failure {
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly syscall: string;
  readonly host: Host;
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
};

// --------------------------------------------------------------------------------------------------------- in use

function inUse(failure: Failure): Told {
  const { address, port } = failure;
  if (address?.startsWith('/') === true || (address !== undefined && port === undefined)) return pathInUse(address);
  if (port === undefined || port === 0) {
    return { text: 'no ephemeral port is free', advice: 'widen the sysctl net.ipv4.ip_local_port_range' };
  }
  const rows = rowsAt(failure.host, port, address);
  const holders = describeRows(rows);
  const named = holders.slice(0, 3).map(describeHolder).join('; ');
  if (holders.length === 0) {
    return { text: `port ${port} was held when the call was made and is free now`, advice: 'try again' };
  }
  const isOnlyWaiting = holders.every(({ state }) => state === 'TIME-WAIT');
  return {
    text: `port ${port} is held: ${named}${holders.length > 3 ? ` and ${holders.length - 3} more` : ''}`,
    advice: isOnlyWaiting
      ? 'only connections that have ended hold it: wait a minute, or set SO_REUSEADDR before bind (the socket that had the port must have had it too)'
      : 'end that program, take another port, or set SO_REUSEPORT on both sockets to share it',
    holders,
  };
}

/** Sockets whose local address overlaps: the same, or a wildcard on either side (an IPv6 one takes IPv4 too). */
function rowsAt(host: Host, port: number, address: string | undefined): SocketRow[] {
  using diag = new SockDiag(host);
  const isAny = (text: string): boolean => text === '0.0.0.0' || text === '::';
  const plain = (text: string): string => text.replace(/^::ffff:(?=\d+\.)/, '');
  const rows = diag.sockets({ bound: true }).filter(({ source }) => source.port === port);
  const overlapping = rows.filter(
    ({ source }) =>
      address === undefined || isAny(address) || isAny(source.address) || plain(source.address) === plain(address),
  );
  // Connections of a listener hold its port too, but it is the listener that one wants to know of.
  const owners = overlapping.filter(({ state }) => state === 'LISTEN' || state === 'CLOSED');
  return owners.length > 0 ? owners : overlapping;
}

function describeRows(rows: readonly SocketRow[]): Holder[] {
  const owners = processesOf(new Set(rows.map(({ inode }) => inode).filter((inode) => inode !== 0)));
  return rows.map((row) => {
    const { source, protocol, uid } = row;
    const address = source.address.includes(':')
      ? `[${source.address}]:${source.port}`
      : `${source.address}:${source.port}`;
    const state = row.state === 'CLOSED' ? 'bound' : row.state;
    return { protocol, address, state, uid, ...owners.get(row.inode) };
  });
}

function describeHolder({ protocol, address, state, pid, command, uid }: Holder): string {
  const who =
    pid !== undefined
      ? `${command ?? 'process'} (pid ${pid})`
      : state === 'TIME-WAIT'
        ? 'nobody any more'
        : `a process of user ${uid ?? '?'}`;
  return `${who}, ${protocol} ${address} ${state}`;
}

/** Which process has a socket open, by its inode: /proc/PID/fd, as far as it may be read. */
function processesOf(inodes: ReadonlySet<number>): Map<number, { readonly pid: number; readonly command: string }> {
  const found = new Map<number, { readonly pid: number; readonly command: string }>();
  if (inodes.size === 0) return found;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    for (const inode of socketInodes(entry)) {
      if (!inodes.has(inode) || found.has(inode)) continue;
      found.set(inode, { pid: Number(entry), command: read(`/proc/${entry}/comm`).trim() });
    }
    if (found.size === inodes.size) return found;
  }
  return found;
}

function socketInodes(pid: string): number[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    // Another user's process, or one that has just ended.
    return [];
  }
  return names.flatMap((name) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${name}`))?.[1];
      return inode === undefined ? [] : [Number(inode)];
    } catch {
      return [];
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function pathInUse(path: string): Told {
  let isSocket: boolean;
  try {
    isSocket = lstatSync(path).isSocket();
  } catch {
    return { text: `${path} was there when the call was made and is gone now`, advice: 'try again' };
  }
  if (!isSocket) return { text: `${path} exists and is no socket`, advice: 'take another path: it is somebody’s file' };
  // Columns of /proc/net/unix: number, references, protocol, flags, type, state, inode, path.
  const inode = read('/proc/net/unix')
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .find((columns) => columns.slice(7).join(' ') === path)?.[6];
  if (inode === undefined) {
    return { text: `${path} is a socket file whose program has ended`, advice: 'remove the file, then bind again' };
  }
  const owner = processesOf(new Set([Number(inode)])).get(Number(inode));
  const holder: Holder = { protocol: 'unix', address: path, state: 'LISTEN', ...owner };
  return {
    text: `${path} is held by ${owner === undefined ? 'a process of another user' : `${owner.command} (pid ${owner.pid})`}`,
    advice: 'end that program or take another path',
    holders: [holder],
  };
}

// ------------------------------------------------------------------------------------------------------- the others

function notAllowed({ syscall, port }: Failure): Told {
  if (syscall === 'bind' && port !== undefined && port > 0) {
    const first = Number(read('/proc/sys/net/ipv4/ip_unprivileged_port_start').trim() || '1024');
    if (port >= first) return undefined;
    return {
      text: `ports below ${first} are for root`,
      advice: `take a port from ${first} on, or lower the sysctl net.ipv4.ip_unprivileged_port_start`,
    };
  }
  if (syscall === 'socket') {
    return {
      text: 'raw and packet sockets need CAP_NET_RAW',
      advice: 'run as root, or in a user and network namespace of your own: unshare -Urn',
    };
  }
  return undefined;
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
