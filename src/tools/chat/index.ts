/** A chat over TCP or UDP, as engines: they return values and tell events, and print nothing. */
import type { ChatServer, ChatServerOptions } from './server.ts';
import { serveTcpChat } from './tcp-server.ts';
import { serveUdpChat } from './udp-server.ts';

export * from './client.ts';
export { byteLength, decodeText, LineSplitter, MAX_LINE_BYTES, printable } from './lines.ts';
export { CHAT_PORT } from './port.ts';
export { addressName, SERVER_NAME } from './protocol.ts';
export type { LeaveReason, RoomEvent, RoomStats } from './room.ts';
export type { ChatServer, ChatServerEvent, ChatServerOptions } from './server.ts';

/**
 * Listen and serve; returns at once.
 * @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES
 * @example
 * ```ts
 * import { kernel } from 'barewire';
 * import { joinChat, serveChat } from 'barewire/tools';
 * const server = serveChat({ host: kernel, address: { family: 'inet', address: '127.0.0.1', port: 0 }, onEvent() {} });
 * const client = await joinChat({
 *   host: kernel,
 *   address: server.address,
 *   name: 'alice',
 *   onEvent: (event) => {
 *     if (event.type === 'welcome') console.log(event.text); // welcome alice, nobody else is here
 *   },
 * });
 * await client.say('hello');
 * client.end();
 * await client.finished;
 * await server.close();
 * ```
 */
export function serveChat(options: ChatServerOptions & { readonly udp?: boolean | undefined }): ChatServer {
  return options.udp === true ? serveUdpChat(options) : serveTcpChat(options);
}
