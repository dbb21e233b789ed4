/** Accepts and closes, on barewire/net. */
import { createServer } from '../../dist/node/net.js';
import { ready, untilTold } from './report.mjs';

let count = 0;
const server = createServer((socket) => {
  count++;
  socket.on('error', () => {});
  socket.destroy();
});
server.listen(0, '127.0.0.1', 4096, () => ready(server.address().port));
untilTold(() => ({ count, bytes: 0 }));
