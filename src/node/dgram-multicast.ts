/** The options of node:dgram by their rows: time to live, groups and their interfaces, and the errors of buffer sizes. */
import { getSystemErrorMap } from 'node:util';
import { isIpv4, isIpv6 } from '../addr/index.ts';
import { ifNameToIndex } from '../os/interfaces.ts';
import { AF_INET6, errnoNumber, IP, IPV6, MCAST, type Socket, SocketError } from '../socket/index.ts';
import { checkNumber } from './net-arguments.ts';
import { argumentType, codedError } from './net-errors.ts';

const invalid = (): SocketError => new SocketError(errnoNumber('EINVAL') as number, { syscall: 'setsockopt' });
const isV6 = (socket: Socket): boolean => socket.domain === AF_INET6;

function text(value: unknown, name: string): string {
  if (typeof value === 'string') return value;
  throw argumentType(name, 'of type string', value);
}

export function setTtl(socket: Socket, ttl: number): number {
  checkNumber(ttl, 'ttl');
  if (!(ttl >= 1 && ttl <= 255)) throw invalid();
  if (isV6(socket)) socket.set(IPV6.UNICAST_HOPS, Math.trunc(ttl));
  else socket.set(IP.TTL, Math.trunc(ttl));
  return ttl;
}

export function setMulticastTtl(socket: Socket, ttl: number): number {
  checkNumber(ttl, 'ttl');
  if (!(ttl >= 0 && ttl <= 255)) throw invalid();
  if (isV6(socket)) socket.set(IPV6.MULTICAST_HOPS, Math.trunc(ttl));
  else socket.set(IP.MULTICAST_TTL, Math.trunc(ttl));
  return ttl;
}

export function setLoopback(socket: Socket, flag: boolean): boolean {
  if (isV6(socket)) socket.set(IPV6.MULTICAST_LOOP, Boolean(flag));
  else socket.set(IP.MULTICAST_LOOP, Boolean(flag));
  return flag;
}

/** An IPv4 address of the interface, or for IPv6 any address with its zone: `::%eth1`. */
export function setInterface(socket: Socket, address: string): void {
  text(address, 'interfaceAddress');
  // The address, not the socket, says which of the two options: the kernel refuses the other family's.
  if (isIpv4(address)) socket.set(IP.MULTICAST_IF, { address });
  else socket.set(IPV6.MULTICAST_IF, zoneIndex(address));
}

/** The interface of `::%eth1` or `::%2`; 0, any, without a zone. */
function zoneIndex(address: string): number {
  const [plain = '', zone] = address.split('%', 2);
  if (!isIpv6(plain)) throw invalid();
  if (zone === undefined) return 0;
  return /^\d+$/.test(zone) ? Number(zone) : (ifNameToIndex(zone) ?? 0);
}

export function join(socket: Socket, group: string, address: string | undefined): void {
  membership(socket, group, address, IP.ADD_MEMBERSHIP, IPV6.ADD_MEMBERSHIP);
}

export function leave(socket: Socket, group: string, address: string | undefined): void {
  membership(socket, group, address, IP.DROP_MEMBERSHIP, IPV6.DROP_MEMBERSHIP);
}

function membership(
  socket: Socket,
  group: string,
  address: string | undefined,
  four: typeof IP.ADD_MEMBERSHIP,
  six: typeof IPV6.ADD_MEMBERSHIP,
): void {
  if (!group) throw codedError(TypeError, 'ERR_MISSING_ARGS', 'The "multicastAddress" argument must be specified');
  const plain = group.split('%', 1)[0] as string;
  if (isIpv4(group)) {
    if (address !== undefined && !isIpv4(address)) throw invalid();
    socket.set(four, { group, address });
  } else if (isIpv6(plain)) {
    socket.set(six, { group: plain, ifindex: address === undefined ? 0 : zoneIndex(address) });
  } else throw invalid();
}

export function joinSource(socket: Socket, source: string, group: string, address: string | undefined): void {
  sourceMembership(socket, source, group, address, true);
}

export function leaveSource(socket: Socket, source: string, group: string, address: string | undefined): void {
  sourceMembership(socket, source, group, address, false);
}

function sourceMembership(
  socket: Socket,
  source: string,
  group: string,
  address: string | undefined,
  isJoin: boolean,
): void {
  text(source, 'sourceAddress');
  text(group, 'groupAddress');
  if (isIpv4(group)) {
    if (!isIpv4(source) || (address !== undefined && !isIpv4(address))) throw invalid();
    const value = { group, source, interface: address ?? '0.0.0.0' };
    socket.set(isJoin ? IP.ADD_SOURCE_MEMBERSHIP : IP.DROP_SOURCE_MEMBERSHIP, value);
  } else if (isIpv6(group) && isIpv6(source)) {
    const value = {
      ifindex: address === undefined ? 0 : zoneIndex(address),
      group: { family: 'inet6', address: group, port: 0 },
      source: { family: 'inet6', address: source, port: 0 },
    } as const;
    socket.set(isJoin ? MCAST.JOIN_SOURCE_GROUP : MCAST.LEAVE_SOURCE_GROUP, value);
  } else throw invalid();
}

/** `ERR_SOCKET_BUFFER_SIZE`, with what libuv's call of that name would have said. */
export function bufferSizeError(error: unknown, syscall: string): unknown {
  const { errno } = error as { readonly errno?: number };
  if (errno === undefined) return error;
  const [code, message] = getSystemErrorMap().get(errno) ?? ['UNKNOWN', 'unknown error'];
  const text = `Could not get or set buffer size: ${syscall} returned ${code} (${message})`;
  const made = codedError(Error, 'ERR_SOCKET_BUFFER_SIZE', text);
  return Object.assign(made, { name: 'SystemError', info: { errno, code, message, syscall }, errno, syscall });
}
