/** Our sockets in Node's shapes: streams, names, connecting and serving. */

export { adopt, borrow, type NodeSocket, type TakenOver, takeOver } from './adopt.ts';
export {
  type Attempt,
  ConnectError,
  type ConnectOptions,
  connectFirst,
  createConnection,
  interleave,
} from './connect.ts';
export type { DialOptions } from './dial.ts';
export {
  type ConnectorCallback,
  type ConnectorOptions,
  type ConnectorTarget,
  connector,
  httpAgent,
  httpsAgent,
  serveHttp,
} from './http.ts';
export { Listener, type ListenOptions, listen, type ServeEachOptions } from './listen.ts';
export * from './names.ts';
export { type ServeOptions, type Serving, serveConnections } from './serve.ts';
export { getservbyname, getservbyport, type Service, type ServiceProtocol } from './services.ts';
export { SocketDuplex, type SocketDuplexOptions, toDuplex } from './streams.ts';
export {
  listenFds,
  type Notification,
  notify,
  type PassedSocket,
  startWatchdog,
  watchdogIntervalMs,
} from './systemd.ts';
export { secure, serveTls } from './tls.ts';
export { type SocketStreams, toWebStreams, type WebStreamsOptions } from './web-streams.ts';
