/** TCP echo on barewire/net: the program of tcp-echo-net.mjs, its import changed. */
import { createServer } from '../../dist/node/net.js';
import { ready, untilTold } from './report.mjs';

let count = 0;
let bytes = 0;
const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => {
    count++;
    bytes += chunk.length;
    socket.write(chunk);
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', 4096, () => ready(server.address().port));
untilTold(() => ({ count, bytes }));
