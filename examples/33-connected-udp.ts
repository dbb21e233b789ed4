/**
 * connect() on a UDP socket: no packet is sent, but the socket has a peer from now on.
 *
 * Shows: send and recv without addresses; datagrams from others are not delivered; and an error that an unconnected
 * socket never hears of: nobody is bound to the peer's port, ICMP says so, and the next call fails with ECONNREFUSED.
 * Root: not needed.
 * Run: npm run example -- 33
 */
import { AF_INET, kernel, SOCK_DGRAM, SocketError } from 'barewire';

const text = new TextDecoder();

const peer = kernel.socket(AF_INET, SOCK_DGRAM);
peer.bind('127.0.0.1:0');
const stranger = kernel.socket(AF_INET, SOCK_DGRAM);

const socket = kernel.socket(AF_INET, SOCK_DGRAM);
await socket.connect(peer.getsockname());
await stranger.sendto('from a stranger', socket.getsockname());
await peer.sendto('from the peer', socket.getsockname());
console.log(`connected, it hears only the peer: "${text.decode(await socket.recv(100))}"`);
console.log(`and nothing else: ${socket.tryRecv(new Uint8Array(100))}`);

await socket.send('no address needed');
console.log(`send() without an address: "${text.decode((await peer.recvfrom(100)).data)}"`);

const nobody = peer.getsockname();
peer.close();
console.log(
  `the peer is gone; send() returns ${await socket.send('is anybody there?')}: a datagram is never refused at once`,
);
try {
  await socket.send('hello?');
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`the next send(): ${error.code}, from the ICMP message "port unreachable"`);
}

const unconnected = kernel.socket(AF_INET, SOCK_DGRAM);
await unconnected.sendto('is anybody there?', nobody);
console.log(`an unconnected socket is not told: sendto() returns ${await unconnected.sendto('hello?', nobody)} again`);

for (const each of [socket, stranger, unconnected]) each.close();
