/**
 * The client for 27-tcp-server: each line that you type goes to the server, then its answer is awaited.
 *
 * Shows: socket, connect, write, read, close. read returning 0 means that the server is gone.
 * Root: not needed.
 * Run: npm run example -- 27-tcp-client [ADDRESS]; PORT says which port, 8888 otherwise
 */
import { createInterface } from 'node:readline';
import { AF_INET, kernel, SOCK_STREAM, SocketError } from 'barewire';

const text = new TextDecoder();
const address = process.argv[2] ?? '127.0.0.1';

const socket = kernel.socket(AF_INET, SOCK_STREAM);
try {
  await socket.connect(`${address}:${process.env.PORT ?? 8888}`);
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.error(`connect error: ${error.text}`); // perror("connect error")
  process.exit(1);
}
console.log('Client-> connected');

for await (const line of createInterface({ input: process.stdin })) {
  await socket.sendAll(`${line}\n`);
  const bytes = await socket.recv(1024);
  if (bytes.length === 0) {
    console.log('Client-> the server is gone');
    break;
  }
  console.log(`Server-> ${text.decode(bytes).trimEnd()}`);
}

socket.close();
