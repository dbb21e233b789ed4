/**
 * What bind() refuses: EADDRINUSE, EACCES, EADDRNOTAVAIL, EINVAL, each made on purpose.
 *
 * Shows: an address has one owner; ports below 1024 are for the privileged; only addresses of this machine can be
 * bound; a socket is bound once. And SO_REUSEADDR, which lets a server bind its port again while old connections are in
 * TIME-WAIT.
 * Root: not needed. Run by root it gives up its rights for the EACCES.
 * Run: npm run example -- 12
 */
import { readFileSync } from 'node:fs';
import { type AddressLike, AF_INET, kernel, SO, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const first = kernel.socket(AF_INET, SOCK_STREAM);
first.set(SO.REUSEADDR, true); // before bind(); its connections inherit it
first.bind('127.0.0.1:0');
first.listen();
const taken = first.getsockname();

attempt('an address that is taken', taken);
asOrdinaryUser(() => attempt('port 80 without privilege', '127.0.0.1:80'));
attempt('an address of another machine', '192.0.2.1:0');
attempt('a second time', '127.0.0.1:0', first);

// The one that closes first keeps TIME-WAIT, and with it the address.
const client = kernel.socket(AF_INET, SOCK_STREAM);
await client.connect(taken);
const connection = await first.accept();
connection.close();
await client.recv(1);
client.close();
first.close();
attempt('after a restart', taken);
const again = kernel.socket(AF_INET, SOCK_STREAM);
again.set(SO.REUSEADDR, true);
attempt('with SO_REUSEADDR', taken, again);
again.close();

function attempt(what: string, address: AddressLike, socket?: Socket): void {
  const tried = socket ?? kernel.socket(AF_INET, SOCK_STREAM);
  try {
    tried.bind(address);
    console.log(`${what.padEnd(30)} 0`);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${what.padEnd(30)} -1, errno ${error.code}: ${error.text}`);
  }
  if (socket === undefined) tried.close();
}

function asOrdinaryUser(run: () => void): void {
  const lowest = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  if (lowest <= 80) {
    console.log(`(here everybody may bind port 80: net.ipv4.ip_unprivileged_port_start is ${lowest})`);
    return;
  }
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534); // nobody
  run();
  if (isRoot) process.seteuid?.(0);
}
