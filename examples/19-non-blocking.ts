/**
 * O_NONBLOCK: accept() that does not wait, and poll() that says when to try again.
 *
 * Shows: every socket here is non-blocking in the kernel. tryAccept() is the plain system call: null stands for -1 with
 * EAGAIN. accept() tries, and waits for readiness only then; acceptSync() waits in poll(2) and holds the whole program.
 * Root: not needed.
 * Run: npm run example -- 19
 */
import { readFileSync } from 'node:fs';
import { AF_INET, kernel, SOCK_STREAM, SocketError } from 'barewire';

const O_NONBLOCK = 0o4000;

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();

// What fcntl(fd, F_GETFL) says, as the kernel prints it.
const flags = Number.parseInt(
  /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${listener.fd}`, 'utf8'))?.[1] ?? '',
  8,
);
console.log(`O_NONBLOCK is set: ${(flags & O_NONBLOCK) !== 0}`);

console.log(`tryAccept(), nobody there: ${listener.tryAccept() === null ? 'null' : 'a socket'} (EAGAIN)`);

const client = kernel.socket(AF_INET, SOCK_STREAM);
console.log(`tryConnect(): ${client.tryConnect(listener.getsockname())} (EINPROGRESS)`);
await client.ready('out');
console.log('poll() says that the client can write: it is connected');

await listener.ready('in');
console.log('poll() says that the listener can accept');
const connection = listener.tryAccept();
console.log(`tryAccept() now: ${connection === null ? 'null' : 'a socket'}`);

try {
  listener.acceptSync({ timeoutMs: 50 });
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`acceptSync({timeoutMs: 50}) waited: ${error.code}`);
}

connection?.close();
client.close();
listener.close();
