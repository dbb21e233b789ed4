/** What `barewire/net` has beyond node:net: the sockets below, and sockets made to order. */
import { once } from 'node:events';
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http';
import { createServer as createNodeServer, Socket as NodeSocket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { kernel } from '../../src/index.ts';
import { BlockList, connect, createServer, type Server, Socket } from '../../src/node/net.ts';
import { AF_INET, AF_UNIX, IP, IPV6, SO, SOCK_DGRAM, SOCK_STREAM, TCP } from '../../src/socket/index.ts';

async function portOf(server: Server): Promise<number> {
  if (!server.listening || server.address() === null) await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

test("a connection's options and figures are at hand", async () => {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  const client = connect(await portOf(server), '127.0.0.1');
  client.setNoDelay().setKeepAlive(true, 5000);
  await once(client, 'connect');
  expect(client.socket?.get(TCP.NODELAY)).toBe(true);
  expect(client.socket?.get(TCP.KEEPIDLE)).toBe(5);
  client.end('0123456789');
  expect(await text(client)).toBe('0123456789');
  server.close();
  await once(server, 'close');
});

test('a socket made ready connects: bound to a device, to an address, with its options set', async () => {
  const server = createServer((socket) => socket.end(String(socket.remoteAddress))).listen(0, '127.0.0.1');
  const port = await portOf(server);
  const socket = kernel.socket(AF_INET, SOCK_STREAM);
  socket.set(SO.BINDTODEVICE, 'lo');
  socket.bind('127.0.0.8:0');
  const { fd } = socket;
  const client = new Socket({ handle: socket });
  expect(client.pending).toBe(true);
  client.connect(port, '127.0.0.1');
  await once(client, 'connect');
  expect(client.socket?.fd).toBe(fd);
  expect(client.socket?.get(SO.BINDTODEVICE)).toBe('lo');
  expect(await text(client)).toBe('127.0.0.8');
  server.close();

  const unused = kernel.socket(AF_INET, SOCK_STREAM);
  new Socket({ handle: unused }).destroy();
  expect(unused.closed).toBe(true);
});

test('a server listens on a socket made ready, and on a descriptor', async () => {
  for (const form of ['socket', 'fd'] as const) {
    const listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:0');
    const server = createServer((socket) => socket.end('hi'));
    server.listen(form === 'socket' ? listener : { fd: listener.detach() });
    const client = connect(await portOf(server), '127.0.0.1');
    expect(await text(client)).toBe('hi');
    server.close();
    await once(server, 'close');
  }
});

test("a server of Node's own can be listened on, too", async () => {
  const theirs = createNodeServer().listen(0, '127.0.0.1');
  await once(theirs, 'listening');
  const { port } = theirs.address() as { port: number };
  const ours = createServer((socket) => socket.end('ours'));
  ours.listen(theirs);
  await once(ours, 'listening');
  theirs.close();
  await once(theirs, 'close');
  expect(await text(connect(port, '127.0.0.1'))).toBe('ours');
  ours.close();
});

test('a connected descriptor becomes a socket', async () => {
  const [one, other] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const client = new Socket({ fd: one.detach() });
  const peer = new Socket({ handle: other });
  peer.end('through a descriptor');
  expect(await text(client)).toBe('through a descriptor');
  const datagram = kernel.socket(AF_INET, SOCK_DGRAM);
  expect(() => new Socket({ fd: datagram.fd })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_FD_TYPE' }));
  datagram.close();
});

test('several servers share a port with reusePort', async () => {
  const servers: Server[] = [createServer((socket) => socket.end('first'))];
  const options = { host: '127.0.0.1', reusePort: true };
  servers[0]?.listen({ ...options, port: 0 });
  const port = await portOf(servers[0] as Server);
  const second = createServer((socket) => socket.end('second'));
  servers.push(second.listen({ ...options, port }));
  await once(second, 'listening');
  const answers = new Set<string>();
  for (let tries = 0; tries < 200 && answers.size < 2; tries++) answers.add(await text(connect(port, '127.0.0.1')));
  expect([...answers].sort()).toEqual(['first', 'second']);
  for (const server of servers) server.close();
});

test("Node's http server takes the facade's connections, and its sockets count as sockets", async () => {
  const web = createHttpServer((request, response) => {
    response.end(`${request.socket instanceof Socket} ${request.socket.remoteAddress}`);
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => web.emit('connection', socket)).listen(
    0,
    '127.0.0.1',
  );
  const asked = get({ port: await portOf(server), host: '127.0.0.1', agent: false });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(await text(response)).toBe('true 127.0.0.1');
  expect(new NodeSocket()).toBeInstanceOf(Socket);
  class Mine extends Socket {}
  expect(new NodeSocket()).not.toBeInstanceOf(Mine);
  expect(new Mine()).toBeInstanceOf(Mine);
  server.close();
  await once(server, 'close');
});

test('type of service, and keep-alive with interval and count, reach the kernel', async () => {
  const server = createServer((socket) => socket.resume()).listen(0);
  const port = await portOf(server);
  for (const host of ['127.0.0.1', '::1']) {
    const client = connect({ port, host, typeOfService: 0x10 } as never);
    expect(client.getTypeOfService()).toBe(0x10);
    await once(client, 'connect');
    const row = host === '::1' ? IPV6.TCLASS : IP.TOS;
    expect(client.socket?.get(row)).toBe(0x10);
    client.setTypeOfService(0xb8).setKeepAlive(true, 9000, 3000, 4);
    expect([client.socket?.get(row), client.getTypeOfService()]).toEqual([0xb8, 0xb8]);
    expect([TCP.KEEPIDLE, TCP.KEEPINTVL, TCP.KEEPCNT].map((option) => client.socket?.get(option))).toEqual([9, 3, 4]);
    client.setKeepAlive({ enable: true, initialDelay: 8000 });
    expect([TCP.KEEPIDLE, TCP.KEEPINTVL, TCP.KEEPCNT].map((option) => client.socket?.get(option))).toEqual([8, 1, 10]);
    expect(() => client.setTypeOfService(256)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }));
    client.destroy();
  }
  server.close();
});

test('a block list holds for connecting and for serving', async () => {
  const blockList = new BlockList();
  blockList.addAddress('127.0.0.5');
  const server = createServer({ blockList }, (socket) => socket.end(String(socket.remoteAddress))).listen(
    0,
    '127.0.0.1',
  );
  const port = await portOf(server);
  const refused = connect({ port, host: '127.0.0.5', blockList } as never);
  expect((await once(refused, 'error'))[0]).toMatchObject({ code: 'ERR_IP_BLOCKED' });
  const fromBlocked = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.5' });
  expect(await text(fromBlocked).catch((error: Error & { code?: string }) => error.code)).toMatch(/^(|ECONNRESET)$/);
  expect(await text(connect(port, '127.0.0.1'))).toBe('127.0.0.1');
  server.close();
});
