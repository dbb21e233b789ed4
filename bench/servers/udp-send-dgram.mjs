/** Sends datagrams on node:dgram for a set time. argv: PORT size milliseconds. */
import { createSocket } from 'node:dgram';
import { now } from './report.mjs';

const [port, size, ms] = process.argv.slice(2).map(Number);
const socket = createSocket('udp4');
const data = Buffer.alloc(size);
socket.connect(port, '127.0.0.1', () => {
  let sent = 0;
  const start = now();
  const end = start + ms * 1e6;
  const done = (error) => {
    if (error !== null) throw error;
    sent++;
    if (now() < end) socket.send(data, done);
    else {
      process.stdout.write(`${sent} ${now() - start}\n`);
      socket.close();
    }
  };
  socket.send(data, done);
});
