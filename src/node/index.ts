/** Our sockets in Node's shapes: streams, names, connecting and serving. */
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
export { type ServeOptions, type Serving, serveConnections } from './serve.ts';
export { SocketDuplex, type SocketDuplexOptions, toDuplex } from './streams.ts';
export { secure, serveTls } from './tls.ts';
export { type SocketStreams, toWebStreams, type WebStreamsOptions } from './web-streams.ts';
