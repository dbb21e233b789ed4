/**
 * A stream has no borders, datagrams have: two sends, then one read.
 *
 * Shows: TCP may hand two sends to one recv; UDP hands over one datagram a call, and cuts what does not fit.
 * Root: not needed.
 * Run: npm run example -- 04
 */
import { AF_INET, kernel, SOCK_DGRAM, SOCK_STREAM } from 'barewire';

const text = new TextDecoder();

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
const tcp = kernel.socket(AF_INET, SOCK_STREAM);
await tcp.connect(listener.getsockname());
const connection = await listener.accept();

await tcp.send('first');
await tcp.send('second');
// Both are in the receive buffer now: on loopback a segment arrives within send().
console.log(`TCP: two sends, one recv(1024): "${text.decode(await connection.recv(1024))}"`);

await tcp.send('a longer message');
console.log(`TCP: recv(8) takes a part:      "${text.decode(await connection.recv(8))}"`);
console.log(`TCP: the rest is still there:   "${text.decode(await connection.recv(1024))}"`);

const receiver = kernel.socket(AF_INET, SOCK_DGRAM);
receiver.bind('127.0.0.1:0');
const udp = kernel.socket(AF_INET, SOCK_DGRAM);
await udp.sendto('first', receiver.getsockname());
await udp.sendto('second', receiver.getsockname());
console.log(`UDP: one recvfrom, one datagram: "${text.decode((await receiver.recvfrom(1024)).data)}"`);
console.log(`UDP: the next:                   "${text.decode((await receiver.recvfrom(1024)).data)}"`);

await udp.sendto('a longer message', receiver.getsockname());
const cut = await receiver.recvfrom(8);
console.log(`UDP: room for 8:                 "${text.decode(cut.data)}", ${cut.length - 8} bytes lost for ever`);

for (const socket of [listener, tcp, connection, receiver, udp]) socket.close();
