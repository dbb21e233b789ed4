/** TCP echo on Barewire. argv: `async` (one await a call) or `ready` (try forms in a readiness callback). */
import { AF_INET, kernel, SOCK_STREAM, TCP } from '../../dist/index.js';
import { ready, untilTold } from './report.mjs';

let count = 0;
let bytes = 0;

async function echoAsync(socket) {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const length = await socket.recv(buffer);
      if (length === 0) break;
      count++;
      bytes += length;
      const sent = await socket.send(length === buffer.length ? buffer : buffer.subarray(0, length));
      if (sent < length) await socket.sendAll(buffer.subarray(sent, length));
    }
  } catch (error) {
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
  }
  socket.close();
}

const shared = new Uint8Array(65_536);

function echoReady(socket) {
  /** Bytes that the kernel had no room for yet; while there are some, nothing is read. */
  let left;
  const flush = async () => {
    await socket.sendAll(left);
    left = undefined;
    run();
  };
  const run = () => {
    try {
      while (left === undefined) {
        const length = socket.tryRecv(shared);
        if (length === null) return;
        if (length === 0) return socket.close();
        count++;
        bytes += length;
        const sent = socket.trySend(shared, 0, length) ?? 0;
        if (sent < length) {
          left = shared.slice(sent, length);
          flush().catch(() => socket.close());
        }
      }
    } catch (error) {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
      socket.close();
    }
  };
  socket.onReadable(run);
}

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
ready(listener.getsockname().port);
untilTold(() => ({ count, bytes }));
const echo = process.argv[2] === 'async' ? echoAsync : echoReady;
for await (const socket of listener) {
  socket.set(TCP.NODELAY, true);
  echo(socket);
}
