/**
 * Five pairs of calls that move bytes: read/write, recv/send, readv/writev, recvmsg/sendmsg, recvfrom/sendto.
 *
 * Shows: the same eleven bytes through each pair over one connection, and what each pair can do that the others cannot.
 * Root: not needed.
 * Run: npm run example -- 21
 */
import { readSync, writeSync } from 'node:fs';
import { AF_INET, IP, kernel, MSG_PEEK, SOCK_DGRAM, SOCK_STREAM } from 'barewire';

const text = new TextDecoder();
const bytes = (string: string): Uint8Array => new TextEncoder().encode(string);

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
const client = kernel.socket(AF_INET, SOCK_STREAM);
await client.connect(listener.getsockname());
const server = await listener.accept();

// 1  The file calls: no flags, no address.
writeSync(client.fd, 'hello world');
await server.ready('in');
const buffer = new Uint8Array(100);
let count = readSync(server.fd, buffer);
console.log(`write/read          ${count} "${text.decode(buffer.subarray(0, count))}"`);

// 2  With flags: MSG_PEEK looks and leaves the bytes there.
await client.send('hello world');
console.log(`recv with MSG_PEEK  ${await server.recv(buffer, { flags: MSG_PEEK })}, and the bytes stay`);
count = await server.recv(buffer);
console.log(`send/recv           ${count} "${text.decode(buffer.subarray(0, count))}"`);

// 3  Several buffers in one call (struct iovec): a header and a body without copying them together.
await client.writev([bytes('hello '), bytes('world')]);
const head = new Uint8Array(6);
const body = new Uint8Array(94);
count = await server.readv([head, body]);
console.log(`writev/readv        ${count} "${text.decode(head)}" + "${text.decode(body.subarray(0, count - 6))}"`);

// 4  Everything at once (struct msghdr): buffers, address, control messages, flags. Here on UDP: what TTL did it have?
const receiver = kernel.socket(AF_INET, SOCK_DGRAM);
receiver.bind('127.0.0.1:0');
receiver.set(IP.RECVTTL, true);
const sender = kernel.socket(AF_INET, SOCK_DGRAM);
sender.set(IP.TTL, 42);
await sender.sendmsg({ data: [bytes('hello '), bytes('world')], to: receiver.getsockname() });
const message = await receiver.recvmsg({ size: 100 });
const ttl = message.controlOf('ip-ttl');
console.log(`sendmsg/recvmsg     ${message.length} "${text.decode(message.data)}" with ${JSON.stringify(ttl)}`);

// 5  With an address: for sockets that talk to many.
await sender.sendto('hello world', receiver.getsockname());
const datagram = await receiver.recvfrom(100);
const isFromSender = datagram.address.family === 'inet' && datagram.address.address === '127.0.0.1';
console.log(`sendto/recvfrom     ${datagram.length} "${text.decode(datagram.data)}", its sender told: ${isFromSender}`);

for (const socket of [client, server, listener, sender, receiver]) socket.close();
