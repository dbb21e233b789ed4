/**
 * Readiness among many: ten Unix socket pairs play ping-pong while the others of `total` lie idle and are watched. argv:
 * barewire|net total ms. Prints messages and nanoseconds.
 */
import net from 'node:net';
import { AF_UNIX, kernel, SOCK_STREAM } from '../../dist/index.js';
import { now } from './report.mjs';

const [who, totalText, ms] = process.argv.slice(2);
const total = Number(totalText);
const ACTIVE = 10;
const byte = Buffer.from('x');
let count = 0;
const keep = [];

function pair() {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  if (who !== 'net') return [a, b];
  return [a, b].map((socket) => new net.Socket({ fd: socket.detach(), readable: true, writable: true }));
}

/** Answers every byte with one. */
function play(socket) {
  if (who === 'net') {
    socket.on('data', () => {
      count++;
      socket.write(byte);
    });
    return;
  }
  const into = new Uint8Array(16);
  socket.onReadable(() => {
    while (socket.tryRecv(into) !== null) {
      count++;
      socket.trySend(byte);
    }
  });
}

for (let i = 0; i < total; i += 2) {
  const [a, b] = pair();
  play(a);
  play(b);
  keep.push(a, b);
}
await new Promise((resolve) => setTimeout(resolve, 100));
for (let i = 0; i < ACTIVE; i++) {
  const socket = keep[i * 2];
  if (socket === undefined) break;
  if (who === 'net') socket.write(byte);
  else socket.trySend(byte);
}
await new Promise((resolve) => setTimeout(resolve, 100));
count = 0;
const start = now();
await new Promise((resolve) => setTimeout(resolve, Number(ms)));
console.log(`${count} ${now() - start}`);
process.exit(0);
