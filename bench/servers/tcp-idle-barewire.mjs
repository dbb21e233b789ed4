/** Holds connections that say nothing, on Barewire. argv: `async` (a pending recv each) or `ready` (a callback each). */
import { AF_INET, kernel, SOCK_STREAM } from '../../dist/index.js';
import { heapEach, ready } from './report.mjs';

const buffer = new Uint8Array(65_536);
const connections = [];
const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
heapEach(() => connections.length);
ready(listener.getsockname().port);

/** Reads nothing but the end, which comes as a reset. */
function awaitEnd(socket) {
  try {
    if (socket.tryRecv(buffer) === 0) socket.close();
  } catch {
    socket.close();
  }
}

for await (const socket of listener) {
  connections.push(socket);
  if (process.argv[2] === 'async') socket.recv(buffer).catch(() => socket.close());
  else socket.onReadable(() => awaitEnd(socket));
}
