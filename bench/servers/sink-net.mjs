/** Reads whatever comes and drops it, on node:net. argv: tcp|unix PORT-or-path. */
import { createServer } from 'node:net';
import { ready, untilTold } from './report.mjs';

const [kind, where] = process.argv.slice(2);
let count = 0;
let bytes = 0;
const server = createServer((socket) => {
  socket.on('data', (chunk) => {
    count++;
    bytes += chunk.length;
  });
  socket.on('error', () => {});
});
const told = () => ready(kind === 'tcp' ? server.address().port : where);
if (kind === 'tcp') server.listen(0, '127.0.0.1', told);
else server.listen(where, told);
untilTold(() => ({ count, bytes }));
