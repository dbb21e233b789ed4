/** The echo service that answers each message with its length, over TCP or UDP, as engines. */
export { ECHO_TCP_PORT, ECHO_UDP_PORT, EXIT, MESSAGE_BYTES } from './answer.ts';
export * from './client.ts';
export * from './server.ts';
