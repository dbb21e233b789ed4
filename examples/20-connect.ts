/**
 * connect(): connected, refused, or no answer.
 *
 * Shows: success takes one round trip; a port where nobody listens answers with RST, hence ECONNREFUSED at once; no
 * answer means waiting: the SYN is sent again, first after a second, later ever more rarely, and the kernel gives up
 * (ETIMEDOUT) after minutes unless told otherwise. A deadline of the program's own is another error.
 * Root: not needed.
 * Run: npm run example -- 20
 */
import { type AddressLike, AF_INET, kernel, SOCK_STREAM, SocketError, TCP } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
await attempt('somebody listens', listener.getsockname());

const closed = kernel.socket(AF_INET, SOCK_STREAM);
closed.bind('127.0.0.1:0'); // ours, so that nobody else listens there
await attempt('nobody listens', closed.getsockname());

// A listener whose queue is full drops SYNs: as silent as a machine that is switched off.
const full = kernel.socket(AF_INET, SOCK_STREAM);
full.bind('127.0.0.1:0');
full.listen(0);
const filler = kernel.socket(AF_INET, SOCK_STREAM);
await filler.connect(full.getsockname());
await attempt('no answer, timeoutMs 200', full.getsockname(), 200);

const impatient = kernel.socket(AF_INET, SOCK_STREAM);
impatient.set(TCP.SYNCNT, 1); // one more SYN and no further
impatient.set(TCP.USER_TIMEOUT, 500); // ms
await attempt('no answer, TCP_USER_TIMEOUT 500', full.getsockname(), undefined, impatient);

for (const socket of [listener, closed, full, filler]) socket.close();

async function attempt(
  what: string,
  address: AddressLike,
  timeoutMs?: number,
  socket = kernel.socket(AF_INET, SOCK_STREAM),
): Promise<void> {
  try {
    await socket.connect(address, { timeoutMs });
    console.log(`${what.padEnd(32)} 0`);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${what.padEnd(32)} -1, ${error.code}, ${error.text === error.code ? 'our own deadline' : error.text}`);
  }
  socket.close();
}
