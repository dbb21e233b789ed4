/** Holds connections that say nothing, on node:net. argv: `facade` for barewire/net. */
import { heapEach, ready } from './report.mjs';

const { createServer } = await import(process.argv[2] === 'facade' ? '../../dist/bundled/net.js' : 'node:net');
const connections = [];
const server = createServer((socket) => {
  connections.push(socket);
  socket.on('data', () => {});
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => {
  heapEach(() => connections.length);
  ready(server.address().port);
});
