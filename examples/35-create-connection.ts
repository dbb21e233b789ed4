/**
 * What Python's create_connection((host, port), timeout=5) does: resolve, try each address, give up in time.
 *
 * Shows: one line of Python is several calls: getaddrinfo, then socket and connect for each answer until one works; the
 * timeout holds for each try. `localhost` may be ::1 and 127.0.0.1: a server that listens on one of them only is found.
 * Root: not needed.
 * Run: npm run example -- 35, or npm run example -- 35 HOST PORT
 */
import { lookup } from 'node:dns/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AF_INET, AF_INET6, kernel, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const [, , host = 'localhost', port = String(process.argv.length > 2 ? 80 : await webServerOfOurs())] = process.argv;

const connection = await createConnection(host, Number(port), { timeoutMs: 5000 });
await connection.sendAll(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
let answer = '';
for await (const chunk of connection.chunks()) answer += new TextDecoder().decode(chunk);
console.log(answer.split('\r\n')[0]);
connection.close();

async function createConnection(name: string, number: number, options: { timeoutMs: number }): Promise<Socket> {
  let last: unknown = new Error(`no address for ${name}`);
  for (const { address, family } of await lookup(name, { all: true })) {
    const socket = kernel.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_STREAM);
    const text = family === 6 ? `[${address}]:${number}` : `${address}:${number}`;
    try {
      await socket.connect(text, options);
      console.log(`connected to ${family === 6 ? `[${address}]` : address}`);
      return socket;
    } catch (error) {
      socket.close(); // a socket whose connect failed is of no use
      if (!(error instanceof SocketError)) throw error;
      console.log(`${family === 6 ? `[${address}]` : address}: ${error.code}; the next address`);
      last = error;
    }
  }
  throw last;
}

async function webServerOfOurs(): Promise<number> {
  const server = createServer((_, response) => {
    response.end('hello\n');
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
