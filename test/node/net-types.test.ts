/** To the type checker, too, `barewire/net` is `node:net`: what takes Node's sockets and servers takes ours. */
import type * as nodeNet from 'node:net';
import { expect, test } from 'vitest';
import net, { connect, createServer, type Server, Socket } from '../../src/node/net.ts';

function takesSocket(socket: nodeNet.Socket): nodeNet.Socket {
  return socket;
}

function takesServer(server: nodeNet.Server): nodeNet.Server {
  return server;
}

test('sockets and servers are assignable', () => {
  const socket = new Socket({ allowHalfOpen: true });
  expect(takesSocket(socket)).toBe(socket);
  const server: Server = createServer({ noDelay: true }, (connection) => takesSocket(connection));
  expect(takesServer(server)).toBe(server);
  server.on('connection', (connection: Socket) => connection.end());
  socket.destroy();
});

test('functions are called in all forms of node:net', () => {
  const forms: ((...args: Parameters<typeof nodeNet.connect>) => nodeNet.Socket)[] = [connect, net.connect];
  expect(forms).toHaveLength(2);
  const isIp: typeof nodeNet.isIP = net.isIP;
  expect(isIp('::1')).toBe(6);
  const Class: new (options?: nodeNet.SocketConstructorOpts) => nodeNet.Socket = Socket;
  expect(new Class()).toBeInstanceOf(Socket);
});
