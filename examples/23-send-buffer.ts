/**
 * What a positive return of send() means: copied to the send buffer, no more than that.
 *
 * Shows: a peer that never reads, and yet send() takes bytes, until both buffers are full; SIOCOUTQ and SIOCINQ tell
 * where they are; as soon as the peer reads, there is room again.
 * Root: not needed.
 * Run: npm run example -- 23
 */
import { AF_INET, kernel, SO, SOCK_STREAM } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.set(SO.RCVBUF, 32 * 1024); // accepted sockets inherit it
listener.bind('127.0.0.1:0');
listener.listen();
const client = kernel.socket(AF_INET, SOCK_STREAM);
client.set(SO.SNDBUF, 32 * 1024);
console.log(`SO_SNDBUF was set to 32768 and reads ${client.get(SO.SNDBUF)}: the kernel doubles it for its own needs`);
await client.connect(listener.getsockname());
const server = await listener.accept();

const chunk = new Uint8Array(4096);
let taken = 0;
for (let count = client.trySend(chunk); count !== null; count = client.trySend(chunk)) taken += count;
console.log(`send() took more than 32768 bytes although nobody reads: ${taken > 32_768}`);
console.log(`then it said EAGAIN: trySend() is ${client.trySend(chunk)}`);

const outside = client.outq();
const inside = server.inq();
console.log(`all of them are in one of the two buffers: ${outside + inside >= taken && outside > 0 && inside > 0}`);

let read = 0;
const buffer = new Uint8Array(65_536);
const reading = (async () => {
  while (read < taken) read += await server.recv(buffer);
})();
await client.ready('out');
console.log('the peer reads: there is room again');
await reading;
console.log(`and everything arrived: ${read === taken}`);

for (const socket of [client, server, listener]) socket.close();
