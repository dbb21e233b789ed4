/**
 * An HTTP client over a plain socket: connect, write a request, read until the end.
 *
 * Shows: inet_pton says whether the address is one; the request is text with empty line; "Connection: close" makes the
 * server end the stream, so that read returning 0 is the end of the answer. Without arguments a web server of Node's is
 * brought along.
 * Root: not needed.
 * Run: npm run example -- 34, or npm run example -- 34 ADDRESS [HOST] [PORT]
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AF_INET, inet_ntop, inet_pton, kernel, SOCK_STREAM, SocketError } from 'barewire';

const [
  ,
  ,
  address = '127.0.0.1',
  host = 'localhost',
  port = String(process.argv.length > 2 ? 80 : await webServerOfOurs()),
] = process.argv;

const bytes = inet_pton(AF_INET, address);
if (bytes === null) {
  // C's inet_pton returns 0 for this, not -1: `< 0` would miss it.
  console.error(`inet_pton: '${address}' is no IPv4 address`);
  process.exit(1);
}

const socket = kernel.socket(AF_INET, SOCK_STREAM);
try {
  await socket.connect(`${inet_ntop(AF_INET, bytes)}:${port}`, { timeoutMs: 5000 });
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.error(`connect error: ${error.text}`); // perror("connect error")
  process.exit(1);
}
await socket.sendAll(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

// One recv may hold any part of the answer, and may cut a character in two.
const text = new TextDecoder();
let answer = '';
for await (const chunk of socket.chunks()) answer += text.decode(chunk, { stream: true });
socket.close();

const end = answer.indexOf('\r\n\r\n');
console.log(answer.slice(0, end).replaceAll(/^Date: .*$/gm, 'Date: (some time)'));
console.log();
console.log(answer.slice(end + 4));

async function webServerOfOurs(): Promise<number> {
  const server = createServer((request, response) => {
    response.end(`you asked ${request.headers.host} for ${request.url}\n`);
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
