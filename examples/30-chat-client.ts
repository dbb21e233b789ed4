/**
 * The client for 30-chat-server: prints what others say while you type.
 *
 * Shows: reading and writing one socket at the same time; at the end of your input the client shuts down its sending
 * side, and hears the others until the server closes or Ctrl-C.
 * Root: not needed.
 * Run: npm run example -- 30-chat-client NAME [ADDRESS]; PORT says which port, 8888 otherwise
 */
import { createInterface } from 'node:readline';
import { AF_INET, kernel, SOCK_STREAM } from 'barewire';

const name = process.argv[2] ?? 'somebody';
const address = process.argv[3] ?? '127.0.0.1';

const socket = kernel.socket(AF_INET, SOCK_STREAM);
await socket.connect(`${address}:${process.env.PORT ?? 8888}`);
console.log(`connected as ${name}`);

const listening = listen();
for await (const line of createInterface({ input: process.stdin })) await socket.sendAll(`${name}: ${line}\n`);
socket.shutdown('wr');
await listening;
socket.close();

async function listen(): Promise<void> {
  for await (const chunk of socket.chunks()) process.stdout.write(chunk);
}
