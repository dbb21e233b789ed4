/**
 * Half-open connections: the server has answered the SYN, and the last ACK never comes.
 *
 * Shows: what `netstat -nap | grep SYN_RECV` shows under a SYN attack, without any attack: two hosts of our own are
 * joined by a wire of our own, which loses each client's final ACK. The client believes that it is connected; the
 * server holds a half-open connection and sends its SYN-ACK again.
 * Root: not needed: the hosts are network namespaces.
 * Run: npm run example -- 07
 */
import { AF_INET, SOCK_STREAM } from 'barewire';
import { makeLabHosts, reexecInUserNamespace } from 'barewire/os';
import { decodePacket, TcpFlags } from 'barewire/wire';

const CONNECTIONS = 4;

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const { client, server, close } = makeLabHosts();

// The wire. Everything passes but a segment from the client with ACK alone.
let lost = 0;
let answers = 0;
const answeredAgain = new Promise<void>((resolve) => {
  server.device.onReceive((bytes) => {
    answers += 1;
    client.device.send(bytes);
    if (answers === 2 * CONNECTIONS) resolve();
  });
});
client.device.onReceive((bytes) => {
  if (decodePacket(bytes, 'raw').tcp?.flags === TcpFlags.ACK) lost += 1;
  else server.device.send(bytes);
});

const listener = server.host.socket(AF_INET, SOCK_STREAM);
listener.bind('10.77.0.2:8888');
listener.listen(20);
const sockets = Array.from({ length: CONNECTIONS }, () => client.host.socket(AF_INET, SOCK_STREAM));
await Promise.all(sockets.map((socket) => socket.connect('10.77.0.2:8888')));
console.log(`${CONNECTIONS} connects returned 0; the wire has lost ${lost} ACKs`);

const count = (rows: readonly { readonly state: string }[], state: string): number =>
  rows.filter((row) => row.state === state).length;
console.log(`client: ${count(client.observeSockets(), 'ESTABLISHED')} sockets ESTABLISHED`);
console.log(`server: ${count(server.observeSockets(), 'SYN-RECEIVED')} sockets SYN-RECEIVED (netstat: SYN_RECV)`);
console.log(`accept() has nothing to give: ${listener.tryAccept() === null}`);

await answeredAgain; // after a second
console.log(`after a second the server has sent ${answers} SYN-ACKs for ${CONNECTIONS} connections`);

for (const socket of [...sockets, listener]) socket.close();
close();
