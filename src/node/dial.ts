/** Opens the connection that an HTTP or TLS client asks for: to where its URL says, or to where the program says. */
import type { AddressLike, Socket } from '../socket/index.ts';
import { type ConnectOptions, connectFirst, createConnection } from './connect.ts';

export interface DialOptions extends ConnectOptions {
  /** Connect there, whatever the URL says: `unix:@name`, `unix:/run/app.sock`, `vsock:2:80`, `127.0.0.1:8080`. */
  readonly to?: AddressLike | undefined;
}

/** @throws as `createConnection` does */
export function dial(hostname: string, port: number, options: DialOptions): Promise<Socket> {
  const { to } = options;
  return to === undefined ? createConnection(hostname, port, options) : connectFirst([to], options, 'the address');
}
