/** Sends datagrams on Barewire for a set time. argv: PORT size milliseconds batch|async. */
import { AF_INET, DatagramBatch, kernel, SOCK_DGRAM } from '../../dist/index.js';
import { now } from './report.mjs';

const [port, size, ms] = process.argv.slice(2, 5).map(Number);
const socket = kernel.socket(AF_INET, SOCK_DGRAM);
await socket.connect(`127.0.0.1:${port}`);
let sent = 0;
const start = now();
const end = start + ms * 1e6;
if (process.argv[5] === 'batch') {
  const batch = new DatagramBatch(64, size);
  const data = new Uint8Array(size);
  for (let i = 0; i < 64; i++) batch.put(i, data);
  while (now() < end) sent += await socket.sendBatch(batch, 0, 64);
} else {
  const data = new Uint8Array(size);
  while (now() < end) {
    await socket.send(data);
    sent++;
  }
}
process.stdout.write(`${sent} ${now() - start}\n`);
socket.close();
