/**
 * A concurrent server: all clients at once. It tells each how long its message was; "exit" ends that conversation.
 *
 * Shows: where Python starts a thread for each client, here each runs an async function of its own in one thread: at an
 * `await` the others go on.
 * Root: not needed. Listens on 127.0.0.1, port 6666 or what PORT says. Ctrl-C ends it.
 * Run: npm run example -- 29-concurrent-server, then 29-concurrent-client in as many terminals as you like
 */
import { AF_INET, formatSocketAddress, kernel, SO, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const text = new TextDecoder();

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.set(SO.REUSEADDR, true);
listener.bind(`127.0.0.1:${process.env.PORT ?? 6666}`);
listener.listen(10);
console.log(`listening on ${formatSocketAddress(listener.getsockname())}`);

const connections = new Set<Socket>();
process.once('SIGINT', () => {
  listener.close(); // ends the loop below
  for (const connection of connections) connection.close();
});

for await (const connection of listener) void serve(connection); // not awaited: the next client need not wait
console.log('closed');

async function serve(connection: Socket): Promise<void> {
  const peer = formatSocketAddress(connection.getpeername());
  connections.add(connection);
  console.log(`${peer} is here; ${connections.size} at once`);
  try {
    for (;;) {
      // One recv is not one message: a long one comes in parts, two short ones together.
      const bytes = await connection.recv(1024);
      const request = text.decode(bytes);
      if (bytes.length === 0 || request.trim() === 'exit') break;
      console.log(`${peer} request-> ${request.trimEnd()}`);
      await connection.sendAll(`Your data was ${bytes.length} bytes long`);
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${peer} ${error.message}`);
  }
  connection.close();
  connections.delete(connection);
  console.log(`${peer} left`);
}
