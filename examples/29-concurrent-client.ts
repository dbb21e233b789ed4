/**
 * The client for 29-concurrent-server: lines that you type are requests; "exit" ends.
 *
 * Shows: getsockname() tells the client's own address and port, which the kernel chose at connect().
 * Root: not needed.
 * Run: npm run example -- 29-concurrent-client [ADDRESS]; PORT says which port, 6666 otherwise
 */
import { createInterface } from 'node:readline';
import { AF_INET, formatSocketAddress, kernel, SOCK_STREAM } from 'barewire';

const text = new TextDecoder();
const address = process.argv[2] ?? '127.0.0.1';

const socket = kernel.socket(AF_INET, SOCK_STREAM);
await socket.connect(`${address}:${process.env.PORT ?? 6666}`);
console.log(`client socket-> ${formatSocketAddress(socket.getsockname())}`);

for await (const line of createInterface({ input: process.stdin })) {
  await socket.sendAll(line);
  if (line === 'exit') break;
  const bytes = await socket.recv(1024);
  if (bytes.length === 0) break;
  console.log(`server ${address} response-> ${text.decode(bytes)}`);
}

socket.close();
