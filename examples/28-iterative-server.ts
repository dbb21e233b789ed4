/**
 * An iterative server: one client after the other, in the blocking style of C.
 *
 * Shows: the Sync calls wait in poll(2) and hold the whole program, as in the handbook's C. While one client is served,
 * the others are connected already and wait in the queue of listen().
 * Root: not needed. Listens on 127.0.0.1, port 8888 or what PORT says. Ctrl-C ends it.
 * Run: npm run example -- 28; then `nc 127.0.0.1 8888` in two terminals: the second is answered when the first has left
 */
import { AF_INET, formatSocketAddress, kernel, SO, SOCK_STREAM } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.set(SO.REUSEADDR, true);
listener.bind(`127.0.0.1:${process.env.PORT ?? 8888}`);
listener.listen(5);
console.log(`listening on ${formatSocketAddress(listener.getsockname())}`);

const buffer = new Uint8Array(1024);
for (let number = 1; ; number++) {
  const connection = listener.acceptSync();
  let total = 0;
  for (let count = connection.recvSync(buffer); count > 0; count = connection.recvSync(buffer)) {
    connection.sendAllSync(buffer.subarray(0, count));
    total += count;
  }
  connection.close();
  console.log(`client ${number}: ${total} bytes and back`);
}
