/**
 * Opens the connection that an HTTP or TLS client asks for, with a socket made to order: on any host, to any address,
 * bound to a device or address, with options set before connect(2).
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { decodeSockAddr, parseSocketAddress, SockAddr, type SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import {
  type AddressLike,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Host,
  SO,
  SOCK_STREAM,
  type Socket,
} from '../socket/index.ts';

export interface DialOptions {
  /** Whose sockets: this machine's kernel, a network namespace, a stack. Names are resolved here in any case. */
  readonly host?: Host | undefined;
  /** Connect there, whatever the URL says: `unix:@name`, `unix:/run/app.sock`, `127.0.0.1:8080`. */
  readonly to?: AddressLike | undefined;
  /** Send and receive through this interface only: SO_BINDTODEVICE. */
  readonly device?: string | undefined;
  /** Local IP address to connect from. */
  readonly localAddress?: string | undefined;
  /** Called with each new socket before connect(2), to set whatever options are wanted. */
  readonly prepare?: ((socket: Socket) => void) | undefined;
  /** How long one connect may take. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A connected stream socket to `options.to`, or to the first address of `hostname` that answers.
 * @throws the one SocketError, or an AggregateError of them when several addresses refused
 */
export async function dial(hostname: string, port: number, options: DialOptions): Promise<Socket> {
  const addresses = options.to === undefined ? await resolve(hostname, port, options) : [plain(options.to)];
  const errors: unknown[] = [];
  for (const address of addresses) {
    try {
      return await dialOne(address, options);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  throw new AggregateError(errors, `connect: none of the ${errors.length} addresses of ${hostname} answered`);
}

async function dialOne(address: SocketAddress, options: DialOptions): Promise<Socket> {
  const socket = (options.host ?? kernel).socket(domainOf(address), SOCK_STREAM);
  try {
    if (options.device !== undefined) socket.set(SO.BINDTODEVICE, options.device);
    options.prepare?.(socket);
    if (options.localAddress !== undefined) socket.bind(local(options.localAddress));
    await socket.connect(address, { timeoutMs: options.timeoutMs });
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

async function resolve(hostname: string, port: number, options: DialOptions): Promise<SocketAddress[]> {
  // URLs write IPv6 addresses in brackets.
  const name = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  const family = isIP(options.localAddress ?? '');
  const found = isIP(name) === 0 ? await lookup(name, { all: true, family }) : [{ address: name, family: isIP(name) }];
  return found.map(({ address, family: version }) => ({ family: version === 6 ? 'inet6' : 'inet', address, port }));
}

function local(address: string): SocketAddress {
  return { family: isIP(address) === 6 ? 'inet6' : 'inet', address, port: 0 };
}

function plain(address: AddressLike): SocketAddress {
  if (address instanceof SockAddr) return decodeSockAddr(address.bytes, address.length);
  return typeof address === 'string' ? parseSocketAddress(address) : address;
}

function domainOf(address: SocketAddress): number {
  if (address.family === 'inet') return AF_INET;
  if (address.family === 'inet6') return AF_INET6;
  if (address.family === 'unix') return AF_UNIX;
  throw new TypeError(`to: expected an inet, inet6 or unix address, got family '${address.family}'`);
}
