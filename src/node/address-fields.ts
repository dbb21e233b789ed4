/** IP addresses as Node writes them: `address`, `family`, `port`; an interface's name after the percent sign. */
import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { SocketAddress } from '../addr/index.ts';
import { SocketError } from '../socket/index.ts';

/** What `address()` tells: an empty object where there is none (unix(7) sockets, closed ones). */
export interface AddressFields {
  readonly address?: string;
  readonly family?: string;
  readonly port?: number;
}

/** Node's fields for what getsockname(2) or getpeername(2) says; none for anything but IP, or when the call fails. */
export function addressFields(ask: () => SocketAddress): AddressFields {
  let plain: SocketAddress;
  try {
    plain = ask();
  } catch (error) {
    if (error instanceof SocketError) return {};
    throw error;
  }
  if (plain.family === 'inet') return { address: plain.address, family: 'IPv4', port: plain.port };
  if (plain.family !== 'inet6') return {};
  const zone = plain.scopeId === undefined ? '' : `%${interfaceName(plain.scopeId)}`;
  return { address: `${plain.address}${zone}`, family: 'IPv6', port: plain.port };
}

function interfaceName(index: number): string {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (addresses?.some((entry) => entry.family === 'IPv6' && entry.scopeid === index) === true) return name;
  }
  return String(index);
}

/** The socket address of an IP address's text; a zone may be a name or a number. */
export function ipSocketAddress(ip: string, port: number): SocketAddress {
  if (!isIPv6(ip)) return { family: 'inet', address: ip, port };
  const [address, zone] = ip.split('%') as [string, string | undefined];
  return zone === undefined
    ? { family: 'inet6', address, port }
    : { family: 'inet6', address, port, scopeId: interfaceIndex(zone) };
}

/** 0, which the kernel refuses where it matters, for an interface that is not there. */
function interfaceIndex(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  if (zone.includes('/')) return 0;
  try {
    return Number(readFileSync(`/sys/class/net/${zone}/ifindex`, 'utf8'));
  } catch {
    return 0;
  }
}
