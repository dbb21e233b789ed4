/**
 * Why raw sockets exist, and who may have one.
 *
 * Shows: a stream or datagram socket carries payload only: no ICMP, no header of one's own, no new protocol. A raw
 * socket can, and therefore wants CAP_NET_RAW: EPERM without. An ordinary user has it in a user and network namespace
 * of their own, where it harms nobody.
 * Root: not needed. Run by root it gives up its rights for the EPERM.
 * Run: npm run example -- 37
 */
import { AF_INET, AF_PACKET, IPPROTO_ICMP, kernel, SOCK_RAW, SOCK_STREAM, SocketError } from 'barewire';
import { NetworkNamespace, readCapabilities, reexecInUserNamespace } from 'barewire/os';

if (!readCapabilities().inUserNamespace) {
  // An ordinary socket needs nothing; and the addon is loaded while its folder can be read.
  attempt('anybody, SOCK_STREAM     ', () => kernel.socket(AF_INET, SOCK_STREAM));
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65534); // nobody
  attempt('ordinary user, SOCK_RAW  ', () => kernel.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  attempt('ordinary user, AF_PACKET ', () => kernel.socket(AF_PACKET, SOCK_RAW));
  if (isRoot) process.seteuid?.(0);
}

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const host = NetworkNamespace.create('lesson', { loopback: true });
attempt('own namespace, SOCK_RAW  ', () => host.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
attempt('own namespace, AF_PACKET ', () => host.socket(AF_PACKET, SOCK_RAW));
attempt('own namespace, protocol 253, which nobody has defined', () => host.socket(AF_INET, SOCK_RAW, 253));
host.close();

function attempt(what: string, open: () => { close(): void }): void {
  try {
    open().close();
    console.log(`${what} ok`);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${what} ${error.code}: ${error.text}`);
  }
}
