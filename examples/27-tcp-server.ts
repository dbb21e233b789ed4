/**
 * A TCP server for one client: what it says is printed, what you type is the answer.
 *
 * Shows: socket, bind, listen, accept, read, write, close, in the handbook's order. Unlike the handbook's program it
 * ends when the client is gone: read has returned 0.
 * Root: not needed. Listens on 127.0.0.1, port 8888 or what PORT says; 0 lets the kernel choose.
 * Run: npm run example -- 27-tcp-server, then 27-tcp-client (or `nc 127.0.0.1 8888`) in another terminal
 */
import { createInterface } from 'node:readline';
import { AF_INET, formatSocketAddress, kernel, SO, SOCK_STREAM } from 'barewire';

const text = new TextDecoder();
const typed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.set(SO.REUSEADDR, true);
listener.bind(`127.0.0.1:${process.env.PORT ?? 8888}`);
listener.listen(20);
console.log(`Server-> listening on ${formatSocketAddress(listener.getsockname())} (passive socket)`);

const connection = await listener.accept();
console.log('Server-> a client is here (active socket)');

for (;;) {
  const bytes = await connection.recv(1024);
  if (bytes.length === 0) break; // the client closed
  console.log(`Client-> ${text.decode(bytes).trimEnd()}`);
  const { value: line, done } = await typed.next();
  if (done === true) break; // end of input: nothing more to say
  await connection.sendAll(`${line}\n`);
  console.log(`Server-> ${line}`);
}

console.log('Server-> the connection is over');
connection.close();
listener.close();
process.stdin.destroy();
