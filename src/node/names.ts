/**
 * From names to addresses and back: getaddrinfo(3), getnameinfo(3). Looking names up is the C library's work, through
 * Node's `dns.lookup`; numeric hosts and services are read here, without a thread.
 */
import * as dns from 'node:dns';
import { lookupService as lookupServiceName } from 'node:dns/promises';
import { formatIpv4, isIpv4, isIpv6, parseIpv4, type SocketAddress } from '../addr/index.ts';
import { offAbort, onAbort } from '../socket/abort-listeners.ts';
import {
  AbortError,
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SocketError,
  type WaitOptions,
} from '../socket/index.ts';
import { checkTimeout } from '../socket/wait-queue.ts';
import { getservbyname, getservbyport } from './services.ts';

export const AI_PASSIVE = 0x0001;
export const AI_CANONNAME = 0x0002;
export const AI_NUMERICHOST = 0x0004;
export const AI_V4MAPPED = 0x0008;
export const AI_ALL = 0x0010;
export const AI_ADDRCONFIG = 0x0020;
export const AI_NUMERICSERV = 0x0400;

export const NI_NUMERICHOST = 1;
export const NI_NUMERICSERV = 2;
export const NI_NOFQDN = 4;
export const NI_NAMEREQD = 8;
export const NI_DGRAM = 16;

export interface Hints extends WaitOptions {
  /** AF_INET, AF_INET6, or AF_UNSPEC for both. */
  readonly family?: number | undefined;
  /** SOCK_STREAM, SOCK_DGRAM, SOCK_RAW; one entry for each when left out. */
  readonly type?: number | undefined;
  readonly protocol?: number | undefined;
  /** AI_* bits. AI_CANONNAME gives the name as it was asked for: Node does not pass the real one on. */
  readonly flags?: number | undefined;
}

/** `struct addrinfo`: everything for socket() and connect(). */
export interface AddressInfo {
  readonly family: typeof AF_INET | typeof AF_INET6;
  readonly type: number;
  readonly protocol: number;
  readonly address: Extract<SocketAddress, { readonly family: 'inet' | 'inet6' }>;
  readonly canonname?: string;
}

/** A name or service that does not resolve: `code` is the C name (`EAI_NONAME`), or Node's own where it gives one. */
export class NameError extends Error {
  override readonly name: string = 'NameError';
  readonly code: string;
  readonly syscall: string = 'getaddrinfo';
  readonly hostname: string | undefined;

  constructor(code: string, text: string, hostname?: string) {
    super(`getaddrinfo ${code}${hostname === undefined ? '' : ` ${hostname}`}: ${text}`);
    this.code = code;
    this.hostname = hostname;
  }
}

const KINDS: readonly (readonly [type: number, protocol: number])[] = [
  [SOCK_STREAM, IPPROTO_TCP],
  [SOCK_DGRAM, IPPROTO_UDP],
  [SOCK_RAW, 0],
];

/**
 * The addresses of a host, best first (RFC 6724, as the C library orders them).
 * @param host a name, an address (`fe80::1%eth0` keeps its zone), or null: this machine, for AI_PASSIVE any address
 * @param service a port or a name of /etc/services
 * @throws NameError EAI_NONAME, EAI_SERVICE, EAI_FAMILY, EAI_SOCKTYPE; Node's ENOTFOUND, EAI_AGAIN; AbortError;
 *   SocketError ERR_SOCKET_TIMEOUT
 * @example
 * ```ts
 * import { getaddrinfo } from 'barewire/node';
 * import { SOCK_STREAM } from 'barewire';
 * const [first] = await getaddrinfo('127.0.0.1', 'http', { type: SOCK_STREAM });
 * console.log(first?.address); // { family: 'inet', address: '127.0.0.1', port: 80 }
 * ```
 */
export async function getaddrinfo(
  host: string | null,
  service?: string | number | null,
  hints: Hints = {},
): Promise<AddressInfo[]> {
  const { family = AF_UNSPEC, flags = 0 } = hints;
  if (family !== AF_UNSPEC && family !== AF_INET && family !== AF_INET6) {
    throw new NameError('EAI_FAMILY', `family: expected AF_INET, AF_INET6 or AF_UNSPEC, got ${family}`);
  }
  if (host === null && (service === undefined || service === null)) {
    throw new NameError('EAI_NONAME', 'expected a host, a service or both');
  }
  const ports = servicePorts(service, hints);
  const addresses = host === null ? ownAddresses(family, flags) : await hostAddresses(host, family, flags, hints);
  const canonname = (flags & AI_CANONNAME) !== 0 && host !== null ? { canonname: host } : {};
  return addresses.flatMap(({ address, version }, i) =>
    ports.map(
      ({ type, protocol, port }, j): AddressInfo => ({
        family: version === 6 ? AF_INET6 : AF_INET,
        type,
        protocol,
        address: { family: version === 6 ? 'inet6' : 'inet', address, port },
        ...(i === 0 && j === 0 ? canonname : {}),
      }),
    ),
  );
}

interface Found {
  readonly address: string;
  readonly version: 4 | 6;
}

function ownAddresses(family: number, flags: number): Found[] {
  const isPassive = (flags & AI_PASSIVE) !== 0;
  const four: Found = { address: isPassive ? '0.0.0.0' : '127.0.0.1', version: 4 };
  const six: Found = { address: isPassive ? '::' : '::1', version: 6 };
  if (family !== AF_UNSPEC) return [family === AF_INET ? four : six];
  // glibc gives the wildcard of IPv4 first, and the loopback of IPv6 first.
  return isPassive ? [four, six] : [six, four];
}

async function hostAddresses(host: string, family: number, flags: number, hints: Hints): Promise<Found[]> {
  if (typeof host !== 'string' || host === '' || host.includes('\0')) {
    throw new NameError('EAI_NONAME', `host: expected a name or an address, got '${String(host)}'`);
  }
  const numeric = numericAddress(host, family, flags);
  if (numeric !== undefined) return [numeric];
  if ((flags & AI_NUMERICHOST) !== 0) throw new NameError('EAI_NONAME', 'expected a numeric address', host);
  const wanted = {
    all: true,
    order: 'verbatim',
    family: family === AF_INET ? 4 : family === AF_INET6 ? 6 : 0,
    hints: nodeHints(flags),
  } as dns.LookupAllOptions;
  const found = await bounded(() => dns.promises.lookup(host, wanted), hints);
  return found.map(({ address, family: version }) => ({ address, version: version === 6 ? 6 : 4 }));
}

/** An address as it is written; undefined for a name. */
function numericAddress(host: string, family: number, flags: number): Found | undefined {
  const wrong = (): NameError => new NameError('EAI_ADDRFAMILY', 'an address of the other family', host);
  if (isIpv4(host)) {
    if (family !== AF_INET6) return { address: formatIpv4(parseIpv4(host) as number), version: 4 };
    if ((flags & AI_V4MAPPED) === 0) throw wrong();
    return { address: `::ffff:${host}`, version: 6 };
  }
  const [address = '', zone] = host.split('%', 2);
  if (!isIpv6(address) || zone === '') return undefined;
  if (family === AF_INET) throw wrong();
  return { address: host, version: 6 };
}

function nodeHints(flags: number): number {
  return (
    ((flags & AI_ADDRCONFIG) !== 0 ? dns.ADDRCONFIG : 0) |
    ((flags & AI_V4MAPPED) !== 0 ? dns.V4MAPPED : 0) |
    ((flags & AI_ALL) !== 0 ? dns.ALL : 0)
  );
}

/** A lookup cannot be stopped, only no longer waited for; for a signal that is aborted already none is begun. */
async function bounded<T>(begin: () => Promise<T>, { signal, timeoutMs }: WaitOptions): Promise<T> {
  checkTimeout(timeoutMs);
  if (signal?.aborted === true) throw new AbortError(signal.reason);
  if (signal === undefined && timeoutMs === undefined) return begin();
  let end: () => void = () => undefined;
  const limit = new Promise<never>((_, reject) => {
    const aborted = (): void => reject(new AbortError(signal?.reason));
    if (signal !== undefined) onAbort(signal, aborted);
    const error = { code: 'ERR_SOCKET_TIMEOUT', text: `not done after ${timeoutMs} ms` };
    const late = (): void => reject(new SocketError(error, { syscall: 'getaddrinfo' }));
    const timer = timeoutMs === undefined ? undefined : setTimeout(late, Math.min(timeoutMs, 0x7fffffff));
    end = () => {
      clearTimeout(timer);
      if (signal !== undefined) offAbort(signal, aborted);
    };
  });
  try {
    return await Promise.race([begin(), limit]);
  } finally {
    end();
  }
}

interface Port {
  readonly type: number;
  readonly protocol: number;
  readonly port: number;
}

/** One entry for each kind of socket that has the service. */
function servicePorts(service: string | number | null | undefined, { type, protocol, flags = 0 }: Hints): Port[] {
  const kinds = KINDS.filter(
    ([kind, usual]) =>
      (type ?? kind) === kind && (protocol === undefined || protocol === 0 || usual === protocol || kind === SOCK_RAW),
  ).map(([kind, usual]) => ({ type: kind, protocol: protocol === undefined || protocol === 0 ? usual : protocol }));
  if (kinds.length === 0)
    throw new NameError('EAI_SOCKTYPE', `type: no such socket (type ${type}, protocol ${protocol})`);
  const number = service === undefined || service === null ? 0 : Number(service);
  if (Number.isInteger(number) && service !== '') {
    if (number < 0 || number > 65_535) throw new NameError('EAI_SERVICE', `port: expected 0 to 65535, got ${service}`);
    return kinds.map((kind) => ({ ...kind, port: number }));
  }
  if ((flags & AI_NUMERICSERV) !== 0) throw new NameError('EAI_NONAME', `service: expected a number, got '${service}'`);
  const named = kinds.flatMap((kind): Port[] => {
    const of = kind.protocol === IPPROTO_TCP ? 'tcp' : kind.protocol === IPPROTO_UDP ? 'udp' : undefined;
    const found = of === undefined ? undefined : getservbyname(String(service), of);
    return found === undefined ? [] : [{ ...kind, port: found.port }];
  });
  if (named.length === 0) throw new NameError('EAI_SERVICE', `service: nobody knows '${service}'`);
  return named;
}

export interface NameInfo {
  readonly host: string;
  readonly service: string;
}

/**
 * The name of an address and of its port.
 * @param flags NI_* bits
 * @throws NameError EAI_NONAME with NI_NAMEREQD; EAI_FAMILY for an address that is not IP
 */
export async function getnameinfo(address: SocketAddress, flags = 0, options: WaitOptions = {}): Promise<NameInfo> {
  if (address.family !== 'inet' && address.family !== 'inet6') {
    throw new NameError('EAI_FAMILY', `family: expected inet or inet6, got ${address.family}`);
  }
  const { port } = address;
  const numeric =
    address.family === 'inet6' && address.scopeId !== undefined
      ? `${address.address}%${address.scopeId}`
      : address.address;
  const known = getservbyport(port, (flags & NI_DGRAM) === 0 ? 'tcp' : 'udp');
  const service = (flags & NI_NUMERICSERV) !== 0 ? String(port) : (known?.name ?? String(port));
  if ((flags & NI_NUMERICHOST) !== 0) return { host: numeric, service };
  const found = await bounded(() => lookupServiceName(address.address, port), options).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND') return undefined;
      throw error;
    },
  );
  const isNamed = found !== undefined && !isIpv4(found.hostname) && !isIpv6(found.hostname);
  if (!isNamed) {
    if ((flags & NI_NAMEREQD) !== 0) throw new NameError('EAI_NONAME', 'the address has no name', numeric);
    return { host: numeric, service };
  }
  const host = (flags & NI_NOFQDN) !== 0 ? (found.hostname.split('.')[0] as string) : found.hostname;
  return { host, service };
}
