/**
 * Receives datagrams on Barewire. argv: `batch` (recvmmsg), `gro` (the same, joined by the kernel and visited one by
 * one) or `async` (recvfrom, one await a datagram).
 */
import { AF_INET, DatagramBatch, kernel, SO, SOCK_DGRAM, UDP } from '../../dist/index.js';
import { ready, untilTold } from './report.mjs';

let count = 0;
let bytes = 0;
const socket = kernel.socket(AF_INET, SOCK_DGRAM);
socket.set(SO.RCVBUF, 4 << 20);
socket.bind('127.0.0.1:0');
ready(socket.getsockname().port);
untilTold(() => ({ count, bytes }));
if (process.argv[2] === 'gro') {
  socket.set(UDP.GRO, true);
  const batch = new DatagramBatch(16, 65_536);
  const visit = (start, end) => {
    count++;
    bytes += end - start;
  };
  for (;;) batch.each(await socket.recvBatch(batch), visit);
} else if (process.argv[2] === 'batch') {
  const batch = new DatagramBatch(64, 2048);
  for (;;) {
    const received = await socket.recvBatch(batch);
    count += received;
    for (let i = 0; i < received; i++) bytes += batch.lengths[i];
  }
} else {
  const buffer = new Uint8Array(2048);
  for (;;) {
    const { length } = await socket.recvfrom(buffer);
    count++;
    bytes += length;
  }
}
