/**
 * A chat room: what one client says, all others hear.
 *
 * Shows: one program that holds many connections and writes to those that it did not read from. Lines are put together
 * from whatever recv returns. A client that does not read is thrown out instead of holding up the room.
 * Root: not needed. Listens on 127.0.0.1, port 8888 or what PORT says. Ctrl-C ends it.
 * Run: npm run example -- 30-chat-server, then 30-chat-client NAME (or nc) in other terminals
 */
import { AF_INET, formatSocketAddress, kernel, SO, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const LONGEST_LINE = 1000;

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.set(SO.REUSEADDR, true);
listener.bind(`127.0.0.1:${process.env.PORT ?? 8888}`);
listener.listen(20);
console.log(`listening on ${formatSocketAddress(listener.getsockname())}`);

const room = new Set<Socket>();
process.once('SIGINT', () => {
  listener.close();
  for (const client of room) client.close();
});

for await (const client of listener) void serve(client);
console.log('closed');

async function serve(client: Socket): Promise<void> {
  room.add(client);
  console.log(`${room.size} in the room`);
  try {
    for await (const line of lines(client)) tellOthers(client, line);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
  client.close();
  room.delete(client);
  console.log(`${room.size} in the room`);
}

/** The lines of a stream, however its bytes were cut. */
async function* lines(socket: Socket): AsyncGenerator<string> {
  const text = new TextDecoder();
  let rest = '';
  for await (const chunk of socket.chunks(1024)) {
    const parts = (rest + text.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    if (rest.length > LONGEST_LINE) return; // no line has a right to all our memory
    yield* parts;
  }
}

function tellOthers(sender: Socket, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (const client of room) {
    if (client === sender) continue;
    try {
      // Never waits. A send buffer without room for one line belongs to a client that stopped reading.
      if (client.trySend(bytes) !== bytes.length) client.close();
    } catch {
      client.close(); // its own loop notices and says so
    }
  }
}
