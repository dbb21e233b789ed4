/**
 * Stream, datagram, raw: what three types of socket hand to the program for the same "hello".
 *
 * Shows: a stream and a datagram socket give the data alone; a raw socket gives the IP and transport headers, too.
 * Root: not needed: a raw socket wants CAP_NET_RAW, so the lesson makes a network namespace of its own.
 * Run: npm run example -- 01
 */
import { AF_INET, IPPROTO_UDP, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM } from 'barewire';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const host = NetworkNamespace.create('lesson', { loopback: true });

// SOCK_STREAM: a connection first, then bytes without borders.
const listener = host.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:8888');
listener.listen();
const tcp = host.socket(AF_INET, SOCK_STREAM);
await tcp.connect('127.0.0.1:8888');
const connection = await listener.accept();
await tcp.send('hello');
show('SOCK_STREAM', await connection.recv(1024));

// SOCK_DGRAM: no connection; each datagram carries its address. The raw socket listens to the same datagram.
const receiver = host.socket(AF_INET, SOCK_DGRAM);
receiver.bind('127.0.0.1:8888');
const raw = host.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
const sender = host.socket(AF_INET, SOCK_DGRAM);
await sender.sendto('hello', '127.0.0.1:8888');
show('SOCK_DGRAM', (await receiver.recvfrom(1024)).data);

// SOCK_RAW with IPPROTO_UDP: a copy of every UDP packet, from its IP header on.
const packet = (await raw.recvfrom(1024)).data;
show('SOCK_RAW', packet);
console.log('            = 20 bytes IPv4 header + 8 bytes UDP header + 5 bytes data');

for (const socket of [listener, tcp, connection, receiver, raw, sender, host]) socket.close();

function show(type: string, bytes: Uint8Array): void {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  console.log(`${type.padEnd(11)} ${bytes.length} bytes: ${hex}`);
}
