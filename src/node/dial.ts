/**
 * Opens the connection that an HTTP or TLS client asks for, with a socket made to order: on any host, to any address,
 * bound to a device or address, with options set before connect(2).
 */
import type { AddressLike, Host, Socket } from '../socket/index.ts';
import { connectFirst, createConnection } from './connect.ts';

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
 * A connected stream socket to `options.to`, or to the address of `hostname` that answers first.
 * @throws as `createConnection`
 */
export function dial(hostname: string, port: number, options: DialOptions): Promise<Socket> {
  const { host: via, to, device, localAddress, prepare, timeoutMs } = options;
  const settings = { via, device, localAddress, prepare, timeoutMs };
  return to === undefined ? createConnection(hostname, port, settings) : connectFirst([to], settings);
}
