/**
 * Who holds a port or a path: sock_diag(7) for ports, /proc/net/unix for paths, /proc/PID/fd for the process behind a
 * socket, as far as it may be read (proc(5)).
 */
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { SockDiag, type SocketRow } from '../netlink/sock-diag.ts';
import { AF_UNIX, type Host, SOCK_DGRAM, SocketError } from '../socket/index.ts';
import { NetworkNamespace } from './namespace.ts';

/** Somebody who has what was asked for. */
export interface Holder {
  readonly protocol: 'tcp' | 'udp' | 'unix';
  /** `127.0.0.1:80`, or the path. */
  readonly address: string;
  /** TCP's state; `bound` for a socket that is bound only, `LISTEN` for a Unix listener. */
  readonly state: string;
  /** The socket's number: `socket:[INODE]` in /proc/PID/fd. Absent where no process has it open (TIME-WAIT). */
  readonly inode?: number;
  readonly uid?: number;
  /** Absent without the privilege to look, and for sockets that no process has (TIME-WAIT). */
  readonly pid?: number;
  readonly command?: string;
}

/** Read a file as it looks in the network namespace of `host`; empty where it cannot be read. */
export function readIn(host: Host, path: string): string {
  return host instanceof NetworkNamespace ? host.run(() => read(path)) : read(path);
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

// ------------------------------------------------------------------------------------------------------------- ports

export interface WantedPort {
  readonly port: number;
  /** Undefined: whichever address. */
  readonly address: string | undefined;
  /** Undefined: whichever protocol. */
  readonly protocol: 'tcp' | 'udp' | undefined;
  /** IPV6_V6ONLY of the socket that wanted it. */
  readonly v6only: boolean;
}

/** Sockets that stand in the way of a bind, those of a program before what is left of its connections. */
export function holdersOf(host: Host, { port, address, protocol, v6only }: WantedPort): Holder[] {
  using diag = new SockDiag(host);
  const query = { bound: true, ...(protocol === undefined ? {} : { protocol }) };
  const rows = diag.sockets(query).filter(({ source, ...row }) => {
    if (source.port !== port) return false;
    return address === undefined || overlap(address, v6only, source.address, row.v6only ?? false);
  });
  // Connections of a listener hold its port too, but it is the listener that one wants to know of.
  const owners = rows.filter(({ state }) => state === 'LISTEN' || state === 'CLOSED');
  return describeRows(owners.length > 0 ? owners : rows);
}

/** Whether two local addresses cannot have one port both: ip(7), ipv6(7). */
function overlap(a: string, aV6only: boolean, b: string, bV6only: boolean): boolean {
  const [one, other] = [plain(a), plain(b)];
  const [oneIs6, otherIs6] = [one.includes(':'), other.includes(':')];
  if (oneIs6 === otherIs6) return one === other || isAny(one) || isAny(other);
  // The IPv6 wildcard takes IPv4's ports too, unless it was told not to; no other IPv6 address does.
  return oneIs6 ? one === '::' && !aV6only : other === '::' && !bV6only;
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** An IPv4 address in IPv6's clothes is the IPv4 address; a zone says nothing about who holds it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
}

export function describeRows(rows: readonly SocketRow[]): Holder[] {
  const owners = processesOf(new Set(rows.map(({ inode }) => inode).filter((inode) => inode !== 0)));
  return rows.map(({ source, protocol, uid, inode, state }) => ({
    protocol,
    address: source.address.includes(':') ? `[${source.address}]:${source.port}` : `${source.address}:${source.port}`,
    state: state === 'CLOSED' ? 'bound' : state,
    ...(inode === 0 ? {} : { inode, uid }),
    ...owners.get(inode),
  }));
}

/** `python3 (pid 7), tcp 127.0.0.1:80 LISTEN` */
export function describeHolder({ protocol, address, state, pid, command, uid, inode }: Holder): string {
  const who =
    pid !== undefined
      ? `${command ?? 'process'} (pid ${pid})`
      : inode === undefined && protocol !== 'unix'
        ? 'no program any more'
        : uid === undefined
          ? 'a process that may not be looked at'
          : `a process of user ${uid} that may not be looked at`;
  return `${who}, ${protocol} ${address} ${state}`;
}

// ------------------------------------------------------------------------------------------------------------- paths

/** What is at a Unix address. */
export type PathState =
  | { readonly kind: 'gone' }
  | { readonly kind: 'no socket' }
  /** A socket file that nobody is behind any more. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'held'; readonly holder: Holder };

/** @param address a path, or `@name` in the abstract namespace */
export function unixHolder(host: Host, address: string): PathState {
  const isAbstract = address.startsWith('@');
  if (!isAbstract) {
    try {
      if (!lstatSync(address).isSocket()) return { kind: 'no socket' };
    } catch {
      return { kind: 'gone' };
    }
  }
  const row = unixRow(host, address);
  if (row !== undefined) {
    const owner = processesOf(new Set([row.inode])).get(row.inode);
    const { state, inode } = row;
    return { kind: 'held', holder: { protocol: 'unix', address, state, inode, ...owner } };
  }
  if (isAbstract) return { kind: 'gone' };
  // The table is that of one network namespace and has paths as they were written; files are of all.
  return isAlive(host, address)
    ? { kind: 'held', holder: { protocol: 'unix', address, state: 'bound' } }
    : { kind: 'stale' };
}

const SO_ACCEPTCON = 0x10000;

/** Columns of /proc/net/unix: number, references, protocol, flags, type, state, inode, path. */
function unixRow(host: Host, address: string): { readonly inode: number; readonly state: string } | undefined {
  for (const line of readIn(host, '/proc/thread-self/net/unix').split('\n')) {
    const match = /^\s*\S+: \S+ \S+ ([0-9A-F]+) \S+ \S+ +(\d+) (.+)$/.exec(line);
    if (match?.[3] !== address) continue;
    const listens = (Number.parseInt(match[1] as string, 16) & SO_ACCEPTCON) !== 0;
    return { inode: Number(match[2]), state: listens ? 'LISTEN' : 'bound' };
  }
  return undefined;
}

/** A datagram socket's connect asks without being noticed: a listener has the wrong type for it, and says so. */
function isAlive(host: Host, path: string): boolean {
  try {
    using probe = host.socket(AF_UNIX, SOCK_DGRAM);
    probe.tryConnect({ family: 'unix', path });
    return true;
  } catch (error) {
    return !(error instanceof SocketError && error.code === 'ECONNREFUSED');
  }
}

// --------------------------------------------------------------------------------------------------------- processes

/** Which process has a socket open, by its inode. */
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
