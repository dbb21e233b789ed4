/**
 * A UDP server: no listen, no accept, one socket for everybody. What comes is printed, what you type is the answer.
 *
 * Shows: socket, bind, recvfrom, sendto. recvfrom tells who sent the datagram, sendto says who shall get the answer.
 * Root: not needed. Binds 127.0.0.1, port 8888 or what PORT says. Ends with the input, or Ctrl-C.
 * Run: npm run example -- 31-udp-server, then 31-udp-client (or `nc -u 127.0.0.1 8888`) in another terminal
 */
import { createInterface } from 'node:readline';
import { AF_INET, formatSocketAddress, kernel, SOCK_DGRAM } from 'barewire';

const text = new TextDecoder();
const typed = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const socket = kernel.socket(AF_INET, SOCK_DGRAM);
socket.bind(`127.0.0.1:${process.env.PORT ?? 8888}`);
console.log(`Server-> bound to ${formatSocketAddress(socket.getsockname())}; there is no connection to wait for`);

for await (const { data, address } of socket) {
  console.log(`Client-> ${text.decode(data).trimEnd()}`);
  const { value: line, done } = await typed.next();
  if (done === true) break;
  await socket.sendto(`${line}\n`, address);
  console.log(`Server-> ${line}`);
}
socket.close();
process.stdin.destroy();
