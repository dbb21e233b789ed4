/**
 * Which raw socket gets which packet: protocol, bound address, connected address.
 *
 * Shows: a truth table, filled in live. Every raw socket whose protocol fits gets a copy; a bound one only what is sent
 * to its address; a connected one only what its peer sent. Raw sockets have no ports. On Linux protocol 0 (IPPROTO_IP)
 * is no wildcard: socket() refuses it.
 * Root: not needed: the lesson makes a network namespace of its own.
 * Run: npm run example -- 38
 */
import { AF_INET, SOCK_RAW, SocketError } from 'barewire';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';
import { decodePacket } from 'barewire/wire';

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const host = NetworkNamespace.create('lesson', { loopback: true });

// All of 127.0.0.0/8 is this host: several addresses without any configuration. 253 and 254 are for experiments.
const any = host.socket(AF_INET, SOCK_RAW, 253);
const bound = host.socket(AF_INET, SOCK_RAW, 253);
bound.bind('127.0.0.2:0');
const connected = host.socket(AF_INET, SOCK_RAW, 253);
await connected.connect('127.0.0.3:0');
const other = host.socket(AF_INET, SOCK_RAW, 254);
const sockets = { 'protocol 253': any, 'bound to .2': bound, 'connected to .3': connected, 'protocol 254': other };

const packets = [
  { protocol: 253, from: '127.0.0.1', to: '127.0.0.1' },
  { protocol: 253, from: '127.0.0.1', to: '127.0.0.2' },
  { protocol: 253, from: '127.0.0.3', to: '127.0.0.1' },
  { protocol: 254, from: '127.0.0.1', to: '127.0.0.1' },
];
console.log(['packet'.padEnd(38), ...Object.keys(sockets)].join('  '));
for (const { protocol, from, to } of packets) {
  const sender = host.socket(AF_INET, SOCK_RAW, protocol);
  sender.bind(`${from}:0`); // the source address of what it sends
  await sender.sendto('x', `${to}:0`);
  sender.close();
  const cells = Object.entries(sockets).map(([name, socket]) => (gotOne(socket) ? 'yes' : '-').padEnd(name.length));
  console.log([`protocol ${protocol}, ${from} > ${to}`.padEnd(38), ...cells].join('  ').trimEnd());
}

try {
  host.socket(AF_INET, SOCK_RAW, 0);
} catch (error) {
  if (!(error instanceof SocketError)) throw error;
  console.log(`protocol 0: ${error.code}`);
}
for (const socket of [any, bound, connected, other, host]) socket.close();

/** Take everything that is there. What comes begins with the IP header. */
function gotOne(socket: typeof any): boolean {
  let got = false;
  const buffer = new Uint8Array(2048);
  for (let seen = socket.tryRecvfrom(buffer); seen !== null; seen = socket.tryRecvfrom(buffer)) {
    got ||= decodePacket(seen.data, 'raw').ipv4 !== undefined;
  }
  return got;
}
