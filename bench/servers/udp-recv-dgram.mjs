/** Receives datagrams on node:dgram. */
import { createSocket } from 'node:dgram';
import { ready, untilTold } from './report.mjs';

let count = 0;
let bytes = 0;
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
socket.on('message', (message) => {
  count++;
  bytes += message.length;
});
socket.bind(0, '127.0.0.1', () => ready(socket.address().port));
untilTold(() => ({ count, bytes }));
