/**
 * How close() ends a connection: FIN or RST, and SO_LINGER.
 *
 * Shows: close() sends FIN and returns at once; with unread data it sends RST, so that the peer learns that its bytes
 * were not read; SO_LINGER with 0 seconds means RST in any case, and no TIME-WAIT.
 * Root: not needed.
 * Run: npm run example -- 25
 */
import { AF_INET, kernel, SO, SOCK_STREAM, type Socket, SocketError, TCP } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
console.log(`SO_LINGER of a new socket: ${JSON.stringify(listener.get(SO.LINGER))}`);

await closeAndLook('everything read', () => undefined);
await closeAndLook('unread data', async (here, there) => {
  await there.send('nobody will read this');
  await here.ready('in');
});
await closeAndLook('SO_LINGER on, 0 seconds', (here) => here.set(SO.LINGER, { on: true, seconds: 0 }));
listener.close();

async function closeAndLook(what: string, before: (here: Socket, there: Socket) => unknown): Promise<void> {
  const here = kernel.socket(AF_INET, SOCK_STREAM);
  await here.connect(listener.getsockname());
  const there = await listener.accept();
  await before(here, there);
  here.close();
  let seen: string;
  try {
    seen = `recv returned ${(await there.recv(100)).length}: FIN`;
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    seen = `recv failed with ${error.code}: RST`;
  }
  console.log(`${what.padEnd(24)} the peer's ${seen}, ${there.get(TCP.INFO).state}`);
  there.close();
}
