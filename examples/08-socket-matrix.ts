/**
 * socket(domain, type, protocol): which combinations this kernel has, and what it answers to the others.
 *
 * Shows: a descriptor or an errno in each cell. Answers that depend on who asks (EPERM for raw and packet sockets
 * without CAP_NET_RAW) change when you run it as root.
 * Root: not needed; try it both ways.
 * Run: npm run example -- 08
 */
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_VSOCK,
  IPPROTO_ICMP,
  IPPROTO_UDP,
  kernel,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SocketError,
} from 'barewire';

const domains = Object.entries({ AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK });
const types = Object.entries({ SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_RDM, SOCK_SEQPACKET });

console.log(['', ...types.map(([name]) => name)].map((text) => text.padEnd(17)).join(''));
for (const [name, domain] of domains) {
  const cells = types.map(([, type]) => tryOut(domain, type).padEnd(17));
  console.log(`${name.padEnd(17)}${cells.join('')}`);
}
console.log();
console.log(`AF_INET, SOCK_STREAM, IPPROTO_UDP:  ${tryOut(AF_INET, SOCK_STREAM, IPPROTO_UDP)}`);
console.log(`AF_INET, SOCK_DGRAM, IPPROTO_ICMP:  ${tryOut(AF_INET, SOCK_DGRAM, IPPROTO_ICMP)}`);
console.log(`AF_INET, SOCK_RAW, protocol 0:      ${tryOut(AF_INET, SOCK_RAW, 0)}`);
console.log(`AF_INET, SOCK_RAW, IPPROTO_ICMP:    ${tryOut(AF_INET, SOCK_RAW, IPPROTO_ICMP)}`);
console.log(`a domain that nobody has (99):      ${tryOut(99, SOCK_STREAM)}`);

function tryOut(domain: number, type: number, protocol = 0): string {
  try {
    kernel.socket(domain, type, protocol).close();
    return 'ok';
  } catch (error) {
    if (error instanceof SocketError) return error.code;
    throw error;
  }
}
