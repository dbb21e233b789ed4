/**
 * `barewire/net`: `node:net` on our sockets. A program changes the name in its import and nothing else; what it gets is
 * the sockets below (`socket.socket.get(TCP.INFO)`), Unix abstract names that other programs can reach, and `listen` on
 * a socket made to order. docs/node.md says what differs.
 */
import { BlockList, isIP, isIPv4, isIPv6, type NetConnectOpts, SocketAddress } from 'node:net';
import { normalizeArguments } from './net-arguments.ts';
import { defaults } from './net-connect.ts';
import { NetServer, type NetServerOptions } from './net-server.ts';
import { connect as connectWith, NetSocket, type NetSocketOptions } from './net-socket.ts';

export type {
  AddressInfo,
  DropArgument,
  IpcNetConnectOpts,
  IpcSocketConnectOpts,
  ListenOptions,
  LookupFunction,
  NetConnectOpts,
  OnReadOpts,
  ServerOpts,
  SocketConnectOpts,
  SocketConstructorOpts,
  SocketReadyState,
  TcpNetConnectOpts,
  TcpSocketConnectOpts,
} from 'node:net';

/** A class that may be called without `new`, as old programs do with Node's. */
type Callable<Class extends new (...args: never[]) => unknown> = Class &
  ((...args: ConstructorParameters<Class>) => InstanceType<Class>);

function callable<Class extends new (...args: never[]) => object>(target: Class): Callable<Class> {
  const made = new Proxy(target, {
    apply: (Made, _, args) => Reflect.construct(Made, args) as object,
  }) as Callable<Class>;
  (target.prototype as { constructor: unknown }).constructor = made;
  return made;
}

/** net.Socket. */
export const Socket: Callable<typeof NetSocket> = callable(NetSocket);
export type Socket = NetSocket;
/** net.Stream, Socket's name of old. */
export const Stream: Callable<typeof NetSocket> = Socket;
/** net.Server. */
export const Server: Callable<typeof NetServer> = callable(NetServer);
export type Server = NetServer;

/**
 * A server; `listen` starts it.
 *
 * @example
 * ```ts
 * import { connect, createServer } from 'barewire/net';
 * const server = createServer((socket) => socket.end('hello\n')).listen(0, '127.0.0.1', () => {
 *   const { port } = server.address() as { port: number };
 *   connect(port, '127.0.0.1').on('data', (data) => {
 *     console.log(String(data)); // hello
 *     server.close();
 *   });
 * });
 * ```
 */
export function createServer(connectionListener?: (socket: Socket) => void): Server;
export function createServer(options?: NetServerOptions, connectionListener?: (socket: Socket) => void): Server;
export function createServer(
  options?: NetServerOptions | ((socket: Socket) => void),
  listener?: (socket: Socket) => void,
): Server {
  return new NetServer(options, listener);
}

/** A socket that connects. */
export function connect(options: NetConnectOpts, connectionListener?: () => void): Socket;
export function connect(port: number, host?: string, connectionListener?: () => void): Socket;
export function connect(port: number, connectionListener?: () => void): Socket;
export function connect(path: string, connectionListener?: () => void): Socket;
export function connect(...args: unknown[]): Socket {
  return connectWith(...args);
}

export const createConnection: typeof connect = connect;

export const getDefaultAutoSelectFamily: () => boolean = defaults.getAutoSelectFamily;
export const setDefaultAutoSelectFamily: (value: boolean) => void = defaults.setAutoSelectFamily;
export const getDefaultAutoSelectFamilyAttemptTimeout: () => number = defaults.getAttemptTimeout;
export const setDefaultAutoSelectFamilyAttemptTimeout: (value: number) => void = defaults.setAttemptTimeout;

export type { NetServerOptions, NetSocketOptions };
export { BlockList, isIP, isIPv4, isIPv6, SocketAddress };

/** Everything, for `import net from 'barewire/net'`. */
const net: {
  BlockList: typeof BlockList;
  SocketAddress: typeof SocketAddress;
  Socket: typeof Socket;
  Stream: typeof Stream;
  Server: typeof Server;
  connect: typeof connect;
  createConnection: typeof connect;
  createServer: typeof createServer;
  isIP: typeof isIP;
  isIPv4: typeof isIPv4;
  isIPv6: typeof isIPv6;
  /** Underscored and undocumented in Node, and used by libraries that wrap `connect`. */
  _normalizeArgs: (args: readonly unknown[]) => readonly unknown[];
  getDefaultAutoSelectFamily: typeof getDefaultAutoSelectFamily;
  setDefaultAutoSelectFamily: typeof setDefaultAutoSelectFamily;
  getDefaultAutoSelectFamilyAttemptTimeout: typeof getDefaultAutoSelectFamilyAttemptTimeout;
  setDefaultAutoSelectFamilyAttemptTimeout: typeof setDefaultAutoSelectFamilyAttemptTimeout;
} = {
  BlockList,
  SocketAddress,
  Socket,
  Stream,
  Server,
  connect,
  createConnection,
  createServer,
  isIP,
  isIPv4,
  isIPv6,
  _normalizeArgs: normalizeArguments,
  getDefaultAutoSelectFamily,
  setDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamilyAttemptTimeout,
};
export default net;
