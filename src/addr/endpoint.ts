/**
 * An address and a port as text: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80` (RFC 3986 §3.2.2 brackets, RFC 5952
 * §6 with the port). Names are not resolved anywhere in this room.
 */

import { isIpv4 } from './ipv4.ts';
import { formatIpv6, parseScopedIpv6 } from './ipv6.ts';

export interface Endpoint {
  /** Canonical text, without brackets or zone. */
  readonly address: string;
  /** 0…65535. */
  readonly port: number;
  /** The zone as written: an interface name or number. */
  readonly zone?: string;
}

/**
 * Check a port at a public door.
 * @throws TypeError for what is no number, RangeError for what is no port
 */
export function checkPort(port: number, name: string = 'port'): number {
  if (typeof port !== 'number') throw new TypeError(`${name}: expected a number, got ${typeof port}`);
  if (!(Number.isInteger(port) && port >= 0 && port <= 65535)) {
    throw new RangeError(`${name}: expected a whole number from 0 to 65535, got ${port}`);
  }
  return port;
}

/** Parse decimal digits as a port. */
export function parsePort(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new TypeError(`port: expected decimal digits, got '${text}'`);
  return checkPort(Number(text));
}

/**
 * Parse `address:port`. An IPv6 address needs its brackets: without them `::1:80` would be an address too.
 * @throws TypeError naming what is wrong; RangeError for a port over 65535
 * @example
 * ```ts
 * import { parseEndpoint } from 'barewire/addr';
 * parseEndpoint('[::1%lo]:80'); // { address: '::1', port: 80, zone: 'lo' }
 * ```
 */
export function parseEndpoint(text: string): Endpoint {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const scoped = close < 0 ? null : parseScopedIpv6(text.slice(1, close));
    if (scoped === null) throw new TypeError(`endpoint: expected an IPv6 address between [ and ], got '${text}'`);
    if (text[close + 1] !== ':') throw new TypeError(`endpoint: expected ':' and a port after ']', got '${text}'`);
    const port = parsePort(text.slice(close + 2));
    const address = formatIpv6(scoped.bytes);
    return scoped.zone === undefined ? { address, port } : { address, port, zone: scoped.zone };
  }
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw new TypeError(`endpoint: expected address:port, got '${text}'`);
  const address = text.slice(0, colon);
  if (address.includes(':')) throw new TypeError(`endpoint: expected an IPv6 address in brackets, got '${text}'`);
  if (!isIpv4(address)) {
    throw new TypeError(`endpoint: expected an IPv4 address such as 127.0.0.1 (names are not resolved), got '${text}'`);
  }
  return { address, port: parsePort(text.slice(colon + 1)) };
}

/** `127.0.0.1:80` or `[::1%lo]:80`. */
export function formatEndpoint(address: string, port: number, zone?: string | number): string {
  if (!address.includes(':')) return `${address}:${port}`;
  return zone === undefined ? `[${address}]:${port}` : `[${address}%${zone}]:${port}`;
}
