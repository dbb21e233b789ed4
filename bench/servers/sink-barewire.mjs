/** Reads whatever comes and drops it, on Barewire. argv: tcp|unix|dgram|seqpacket PORT-or-path async|ready. */
import { AF_INET, AF_UNIX, kernel, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../../dist/index.js';
import { ready, untilTold } from './report.mjs';

const [kind, where, form] = process.argv.slice(2);
const TYPES = { tcp: SOCK_STREAM, unix: SOCK_STREAM, dgram: SOCK_DGRAM, seqpacket: SOCK_SEQPACKET };
const buffer = new Uint8Array(65_536);
let count = 0;
let bytes = 0;

async function drainAsync(socket) {
  for (;;) {
    const length = await socket.recv(buffer);
    if (length === 0) break;
    count++;
    bytes += length;
  }
  socket.close();
}

function drainReady(socket) {
  socket.onReadable(() => {
    for (let length = socket.tryRecv(buffer); length !== null; length = socket.tryRecv(buffer)) {
      if (length === 0) return socket.close();
      count++;
      bytes += length;
    }
  });
}

const drain = form === 'async' ? drainAsync : drainReady;
const socket = kernel.socket(kind === 'tcp' ? AF_INET : AF_UNIX, TYPES[kind]);
socket.bind(kind === 'tcp' ? '127.0.0.1:0' : `unix:${where}`);
untilTold(() => ({ count, bytes }));
if (kind === 'dgram') {
  ready(where);
  drain(socket);
} else {
  socket.listen();
  ready(kind === 'tcp' ? socket.getsockname().port : where);
  for await (const connection of socket) drain(connection);
}
