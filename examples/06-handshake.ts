/**
 * The three-way handshake on the wire: SYN x, SYN-ACK y x+1, ACK x+1 y+1.
 *
 * Shows: three packets pass before any data; what their numbers have to do with each other. connect() returns when the
 * second has come.
 * Root: not needed: a packet socket wants CAP_NET_RAW, so the lesson makes a network namespace of its own.
 * Run: npm run example -- 06
 */
import { AF_INET, AF_PACKET, htons, SOCK_DGRAM, SOCK_STREAM } from 'barewire';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';
import { decodePacket, EtherType, tcpFlagsText } from 'barewire/wire';

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const host = NetworkNamespace.create('lesson', { loopback: true });

// AF_PACKET, SOCK_DGRAM: packets from their IP header on. The protocol is given in network order.
const sniffer = host.socket(AF_PACKET, SOCK_DGRAM, htons(EtherType.IPV4));

const listener = host.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:8888');
listener.listen();
const client = host.socket(AF_INET, SOCK_STREAM);
await client.connect('127.0.0.1:8888');
console.log('connect() returned 0');

let x = 0;
let y = 0;
for (let seen = 0; seen < 3; ) {
  const { data, address } = await sniffer.recvfrom(2048);
  // Loopback shows each packet twice, going out (PACKET_OUTGOING, 4) and coming in.
  if (address.family !== 'packet' || address.pkttype === 4) continue;
  const { tcp } = decodePacket(data, 'raw');
  if (tcp === undefined) continue;
  seen += 1;
  if (seen === 1) x = tcp.seq;
  if (seen === 2) y = tcp.seq;
  const from = tcp.dstPort === 8888 ? 'client -> server' : 'server -> client';
  const numbers = [
    `seq = ${relative(tcp.seq, seen === 2)}`,
    ...(seen > 1 ? [`ack = ${relative(tcp.ack, seen === 3)}`] : []),
  ];
  console.log(`${seen}  ${from}  ${tcpFlagsText(tcp.flags).padEnd(8)} ${numbers.join(', ')}`);
}
console.log('x and y are random: a stranger cannot guess the numbers of a connection');

for (const socket of [client, listener, sniffer, host]) socket.close();

/** A number as the handbook writes it: y, or x + 1. */
function relative(number: number, serverSide: boolean): string {
  const [base, name] = serverSide ? [y, 'y'] : [x, 'x'];
  const distance = (number - base) >>> 0;
  return distance === 0 ? name : `${name} + ${distance}`;
}
