/**
 * When a socket gets its address: getsockname() before and after bind, listen and connect.
 *
 * Shows: a new socket has the address 0.0.0.0:0; bind() gives it one, with port 0 the kernel chooses; listen() and
 * connect() bind a socket that nobody has bound; an accepted socket has the listener's address.
 * Root: not needed.
 * Run: npm run example -- 11
 */
import { AF_INET, formatSocketAddress, kernel, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const server = kernel.socket(AF_INET, SOCK_STREAM);
show('socket()', server);
server.bind('127.0.0.1:0');
show('bind(127.0.0.1:0)', server);
server.listen();
show('listen()', server);

const unbound = kernel.socket(AF_INET, SOCK_STREAM);
unbound.listen();
show('listen() without bind()', unbound);
unbound.close();

const client = kernel.socket(AF_INET, SOCK_STREAM);
try {
  client.getpeername();
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`${'getpeername() too early'.padEnd(26)} ${error.code}`);
}
await client.connect(server.getsockname());
show('connect() without bind()', client);

const connection = await server.accept();
show('accept()', connection);
const same = formatSocketAddress(connection.getpeername()) === formatSocketAddress(client.getsockname());
console.log(`the peer of the accepted socket is the client's address: ${same}`);

for (const socket of [client, connection, server]) socket.close();

function show(call: string, socket: Socket): void {
  const address = socket.getsockname();
  if (address.family !== 'inet') throw new Error(`unexpected family ${address.family}`);
  const port = address.port === 0 ? '0' : 'a port that the kernel chose';
  console.log(`${call.padEnd(26)} ${address.address} : ${port}`);
}
