/**
 * What Python's create_connection((host, port), timeout=5) does: resolve, try each address, give up in time.
 *
 * Shows: one line of Python is several calls: getaddrinfo, then socket and connect for each answer until one works; the
 * timeout holds for each try. `localhost` may be ::1 and 127.0.0.1: a server that listens on one of them only is found.
 * At the end the library's createConnection, which does not wait for one address to fail before it tries the next.
 * Root: not needed.
 * Run: npm run example -- 35, or npm run example -- 35 HOST PORT
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatSocketAddress, kernel, SOCK_STREAM, type Socket, SocketError } from 'barewire';
import { createConnection, getaddrinfo } from 'barewire/node';

const [, , host = 'localhost', port = String(process.argv.length > 2 ? 80 : await webServerOfOurs())] = process.argv;

console.log('by hand:');
await request(await connectByHand(host, port, 5000));

console.log('createConnection:');
await request(await createConnection(host, port, { timeoutMs: 5000 }));

async function connectByHand(name: string, service: string, timeoutMs: number): Promise<Socket> {
  let last: unknown = new Error(`no address for ${name}`);
  for (const { family, type, protocol, address } of await getaddrinfo(name, service, { type: SOCK_STREAM })) {
    const socket = kernel.socket(family, type, protocol);
    const text = formatSocketAddress({ ...address, port: 0 }).replace(/:0$/, '');
    try {
      await socket.connect(address, { timeoutMs });
      console.log(`  connected to ${text}`);
      return socket;
    } catch (error) {
      socket.close(); // a socket whose connect failed is of no use
      if (!(error instanceof SocketError)) throw error;
      console.log(`  ${text}: ${error.code}; the next address`);
      last = error;
    }
  }
  throw last;
}

async function request(connection: Socket): Promise<void> {
  await connection.sendAll(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const text = new TextDecoder();
  let answer = '';
  for await (const chunk of connection.chunks()) answer += text.decode(chunk, { stream: true });
  connection.close();
  console.log(`  ${answer.split('\r\n')[0]}`);
}

/** On IPv4 only, and for two requests. */
async function webServerOfOurs(): Promise<number> {
  let left = 2;
  const server = createServer((_, response) => {
    response.end('hello\n');
    left -= 1;
    if (left === 0) server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
