/**
 * listen(backlog): how many connections wait for accept(), and what happens to the next.
 *
 * Shows: listen(2) takes three (Linux counts "more than backlog"); the others are not refused: their SYNs are dropped
 * and sent again, so that connect() waits, and gets through as soon as accept() makes room.
 * Root: not needed.
 * Run: npm run example -- 17
 */
import { AF_INET, kernel, SOCK_STREAM, SOMAXCONN, SocketError, TCP } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen(2);
const address = listener.getsockname();

const clients = Array.from({ length: 6 }, () => kernel.socket(AF_INET, SOCK_STREAM));
const outcomes = await Promise.all(
  clients.map(async (client) => {
    try {
      await client.connect(address, { timeoutMs: 300 });
      return 'connected';
    } catch (error) {
      if (!(error instanceof SocketError) || error.code !== 'ERR_SOCKET_TIMEOUT') throw error;
      return 'waiting';
    }
  }),
);
const states = clients.map((client) => client.get(TCP.INFO).state);
for (const [i, outcome] of outcomes.entries()) console.log(`client ${i + 1}: ${outcome}, ${states[i]}`);

// The first SYN was sent again after a second or will be: room now lets it in.
const accepted = [await listener.accept(), await listener.accept(), await listener.accept()];
const late = clients[3]!;
await late.ready('out');
console.log(`after three accepts client 4 is ${late.get(TCP.INFO).state}`);
console.log(`the most that listen() takes by default here: SOMAXCONN = ${SOMAXCONN}`);

for (const socket of [...clients, ...accepted, listener]) socket.close();
