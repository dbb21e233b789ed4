/**
 * accept(): one passive socket, and a new active one for every client.
 *
 * Shows: the listener can only accept; each accepted connection has a descriptor of its own and the same local port;
 * the four numbers (two addresses, two ports) tell connections apart.
 * Root: not needed.
 * Run: npm run example -- 18
 */
import { AF_INET, formatSocketAddress, kernel, SO, SOCK_STREAM, SocketError } from 'barewire';

const text = new TextDecoder();

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
console.log(`passive socket: SO_ACCEPTCONN is ${listener.get(SO.ACCEPTCONN)}`);

const alice = kernel.socket(AF_INET, SOCK_STREAM);
const bob = kernel.socket(AF_INET, SOCK_STREAM);
await alice.connect(listener.getsockname());
await bob.connect(listener.getsockname());

const withAlice = await listener.accept();
const withBob = await listener.accept();
console.log(`active sockets: SO_ACCEPTCONN is ${withAlice.get(SO.ACCEPTCONN)} and ${withBob.get(SO.ACCEPTCONN)}`);
console.log(`three sockets, three descriptors: ${new Set([listener.fd, withAlice.fd, withBob.fd]).size}`);

const local = (socket: typeof listener): string => formatSocketAddress(socket.getsockname());
const peer = (socket: typeof listener): string => formatSocketAddress(socket.getpeername());
console.log(`the same local address: ${local(withAlice) === local(listener) && local(withBob) === local(listener)}`);
console.log(`different peers: ${peer(withAlice) !== peer(withBob)}`);

await alice.send('I am alice');
await bob.send('I am bob');
console.log(
  `from one: ${text.decode(await withAlice.recv(100))}; from the other: ${text.decode(await withBob.recv(100))}`,
);

try {
  await listener.recv(1);
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`recv() on the passive socket: ${error.code}`);
}

for (const socket of [alice, bob, withAlice, withBob, listener]) socket.close();
