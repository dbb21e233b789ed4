/** Which kinds of sockets this kernel makes: every family with every type, tried. */
import {
  AF_BLUETOOTH,
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_KEY,
  constantRows,
  type Host,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SocketError,
} from '../socket/index.ts';

export interface SocketKind {
  /** `AF_INET`, and its number. */
  readonly family: string;
  readonly domain: number;
  /** `SOCK_STREAM`, and its number. */
  readonly type: string;
  readonly typeNumber: number;
  /** What it was tried with: 0 where the family has a default. */
  readonly protocol: number;
  readonly supported: boolean;
  /** Why not: one line. */
  readonly reason?: string;
  /** The error of socket(2). */
  readonly code?: string;
}

const TYPES = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET } as const;

/** Where protocol 0 stands for nothing: ICMP, CAN_BCM and CAN_RAW, PF_KEY_V2, BTPROTO_HCI. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  [`${AF_INET} ${SOCK_RAW}`, IPPROTO_ICMP],
  [`${AF_INET6} ${SOCK_RAW}`, IPPROTO_ICMPV6],
  [`${AF_CAN} ${SOCK_DGRAM}`, 2],
  [`${AF_CAN} ${SOCK_RAW}`, 1],
  [`${AF_KEY} ${SOCK_RAW}`, 2],
  [`${AF_BLUETOOTH} ${SOCK_RAW}`, 1],
]);

const REASONS: Readonly<Record<string, string>> = {
  EAFNOSUPPORT: 'the family is not in this kernel',
  ESOCKTNOSUPPORT: 'the family has no such type',
  EPROTONOSUPPORT: 'the family has no such type',
  EPROTOTYPE: 'the family has no such type',
  EOPNOTSUPP: 'the family has no such type',
  EINVAL: 'the family has no such type',
  ENODEV: 'nothing carries it: no device or module behind the family',
  EPERM:
    'needs a capability (CAP_NET_RAW, AF_KEY CAP_NET_ADMIN): run as root, or in a user and network namespace (unshare -Urn)',
};

/**
 * Open a socket of every family and type, and close it. As each family that is not there makes the kernel look for a
 * module, it may load one that is installed, and it takes a few ms.
 * @param host this machine, or a network namespace
 * @example
 * ```ts
 * import { kernel, socketKinds } from 'barewire';
 * const families = socketKinds(kernel).filter(({ supported }) => supported).map(({ family, type }) => `${family} ${type}`);
 * console.log(families.includes('AF_INET SOCK_STREAM')); // true
 * ```
 */
export function socketKinds(host: Host): SocketKind[] {
  // AF_UNIX stands before its older names, AF_NETLINK before AF_ROUTE; the first and the last are no families.
  const families = new Map<number, string>();
  for (const { group, name, value } of constantRows()) {
    if (group === 'AF' && name !== 'AF_UNSPEC' && name !== 'AF_MAX' && !families.has(value)) families.set(value, name);
  }
  return [...families].sort(([a], [b]) => a - b).flatMap(([domain, family]) => kindsOf(host, domain, family));
}

function kindsOf(host: Host, domain: number, family: string): SocketKind[] {
  let isMissing = false;
  return Object.entries(TYPES).map(([type, typeNumber]) => {
    const protocol = PROTOCOLS.get(`${domain} ${typeNumber}`) ?? 0;
    const code = isMissing ? 'EAFNOSUPPORT' : tryOpen(host, domain, typeNumber, protocol);
    // The same for every type: asking again would only look for the module again.
    if (code === 'EAFNOSUPPORT') isMissing = true;
    const kind = { family, domain, type, typeNumber, protocol };
    if (code === undefined) return { ...kind, supported: true };
    return { ...kind, supported: false, reason: REASONS[code] ?? code, code };
  });
}

function tryOpen(host: Host, domain: number, type: number, protocol: number): string | undefined {
  try {
    host.socket(domain, type, protocol).close();
    return undefined;
  } catch (error) {
    if (error instanceof SocketError) return error.code;
    throw error;
  }
}
