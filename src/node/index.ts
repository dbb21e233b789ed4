/** Our sockets in Node's shapes: streams, names, connecting and serving. */
export { SocketDuplex, type SocketDuplexOptions, toDuplex } from './streams.ts';
export { type SocketStreams, toWebStreams, type WebStreamsOptions } from './web-streams.ts';
