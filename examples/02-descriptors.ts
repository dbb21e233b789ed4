/**
 * Everything is a file: a socket is a descriptor, and read(2) and write(2) work on it.
 *
 * Shows: 0, 1 and 2 are open already; socket() takes the next free number; the file functions of Node (read(2) and
 * write(2)) move bytes over a connection; a number is free again after close().
 * Root: not needed.
 * Run: npm run example -- 02
 */
import { readlinkSync, readSync, writeSync } from 'node:fs';
import { AF_INET, kernel, SOCK_STREAM } from 'barewire';

const names = ['standard input', 'standard output', 'standard error'];
for (const [fd, name] of names.entries()) console.log(`fd ${fd} is open: ${name}`);

const listener = kernel.socket(AF_INET, SOCK_STREAM);
console.log(`socket() returned a descriptor above 2: ${listener.fd > 2}`);
console.log(`/proc/self/fd says what it is: ${readlinkSync(`/proc/self/fd/${listener.fd}`).replace(/\d+/, 'inode')}`);

listener.bind('127.0.0.1:0');
listener.listen();
const client = kernel.socket(AF_INET, SOCK_STREAM);
await client.connect(listener.getsockname());
const server = await listener.accept();

writeSync(client.fd, 'through write(2)');
await server.ready('in');
const buffer = Buffer.alloc(100);
const count = readSync(server.fd, buffer);
console.log(`read(2) returned ${count}: ${buffer.toString('utf8', 0, count)}`);

const number = client.fd;
client.close();
console.log(`after close() the object has no descriptor: fd ${client.fd}`);
const next = kernel.socket(AF_INET, SOCK_STREAM);
console.log(`the next socket gets the lowest free number, the same one: ${next.fd === number}`);

for (const socket of [next, server, listener]) socket.close();
