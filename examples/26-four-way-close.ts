/**
 * Half-close and the four-way close: FIN, ACK, FIN, ACK, and the states on both sides.
 *
 * Shows: shutdown(wr) ends one direction; the other goes on; the side that closed first ends in TIME-WAIT and keeps the
 * address for a minute; the other is done at once.
 * Root: not needed.
 * Run: npm run example -- 26
 */
import { AF_INET, kernel, SOCK_STREAM, type SocketAddress, TCP } from 'barewire';
import { SockDiag } from 'barewire/netlink';

const text = new TextDecoder();

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
const client = kernel.socket(AF_INET, SOCK_STREAM);
await client.connect(listener.getsockname());
const server = await listener.accept();
const [from, to] = [client.getsockname(), client.getpeername()];
show('connected');

client.shutdown('wr');
console.log(
  `   client: FIN. The server reads ${(await server.recv(100)).length} bytes: the end of what the client had to say`,
);
show('one direction closed');

await server.send('the answer');
console.log(`   server: data. The client reads "${text.decode(await client.recv(100))}"`);
show('the other still open');

server.close();
console.log(`   server: FIN. The client reads ${(await client.recv(100)).length} bytes`);
client.close();

const diag = new SockDiag(kernel);
const rows = diag
  .sockets({ protocol: 'tcp', family: 'inet' })
  .filter(({ source, target }) => source.port === portOf(from) && target.port === portOf(to));
console.log(`both closed. In the kernel's table the client's port is ${rows[0]?.state ?? 'gone'}, with no descriptor`);
console.log(
  `   for ${Math.ceil((rows[0]?.expiresMs ?? 0) / 10_000) * 10} seconds: a late segment must not meet a new connection`,
);
diag.close();
listener.close();

function portOf(address: SocketAddress): number {
  return address.family === 'inet' ? address.port : 0;
}

function show(what: string): void {
  const state = (socket: typeof client): string => socket.get(TCP.INFO).state.padEnd(12);
  console.log(`${what.padEnd(24)} client ${state(client)} server ${state(server)}`);
}
