/**
 * Socket addresses: plain objects tagged by `family`, their text, and the kernel's structs (Linux layouts: ip(7),
 * ipv6(7), unix(7), packet(7), netlink(7)).
 *
 * `sa_family`, scope ids and interface numbers stand in the order of this machine; ports, flow labels and the protocol
 * of a packet address in network order.
 */
import {
  equal,
  fromUtf8,
  readHostU16,
  readHostU32,
  readU16,
  readU32,
  utf8,
  writeHostU16,
  writeHostU32,
  writeU16,
  writeU32,
} from '../core/bytes.ts';
import { checkPort, formatEndpoint, parseEndpoint } from './endpoint.ts';
import { formatIpv4, parseIpv4 } from './ipv4.ts';
import { formatIpv6, parseIpv6Into } from './ipv6.ts';
import { formatMac, parseMac } from './mac.ts';
import { formatOther, type OtherAddress, parseOther, readOther, writeOther } from './sockaddr-others.ts';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;

/** sizeof(struct sockaddr_storage): the longest address that any family has. */
export const SOCKADDR_STORAGE_BYTES = 128;
/** sizeof(struct sockaddr_alg), the longest of the rarer families. */
const LARGEST_OTHER_BYTES = 88;
/** sizeof(sun_path). A path may fill it without a NUL at its end; Linux adds one (unix(7), BUGS). */
export const SUN_PATH_BYTES = 108;

/** IPv4: sockaddr_in. */
export interface InetAddress {
  readonly family: 'inet';
  /** Dotted decimal. */
  readonly address: string;
  readonly port: number;
}

/** IPv6: sockaddr_in6. */
export interface Inet6Address {
  readonly family: 'inet6';
  /** Without zone when decoded; a numeric zone (`fe80::1%2`) is taken when encoding without `scopeId`. */
  readonly address: string;
  readonly port: number;
  /** Flow label and traffic class as on the wire, a 32-bit number; 0 is left out when decoding. */
  readonly flowinfo?: number;
  /** Interface number; 0 is left out when decoding. */
  readonly scopeId?: number;
}

/** A socket in the file system: sockaddr_un with a path. */
export interface UnixPathAddress {
  readonly family: 'unix';
  readonly path: string;
  readonly abstract?: undefined;
}

/** A name in Linux's abstract namespace (sun_path begins with NUL; every byte counts, NULs too). */
export interface UnixAbstractAddress {
  readonly family: 'unix';
  /** Without the leading NUL. Bytes where the name is not UTF-8. */
  readonly abstract: string | Uint8Array;
  readonly path?: undefined;
}

/** A Unix socket that nobody bound; bound with this, Linux picks an abstract name (autobind). */
export interface UnixUnnamedAddress {
  readonly family: 'unix';
  readonly path?: undefined;
  readonly abstract?: undefined;
}

export type UnixAddress = UnixPathAddress | UnixAbstractAddress | UnixUnnamedAddress;

/** A network interface: sockaddr_ll. */
export interface PacketAddress {
  readonly family: 'packet';
  /** 0 means every interface. */
  readonly ifindex: number;
  /** EtherType as a plain number: 0x0800, or 3 (ETH_P_ALL). */
  readonly protocol: number;
  /** ARPHRD_ number of the interface: 1 is Ethernet, 772 loopback. */
  readonly hatype?: number;
  /** PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
  readonly pkttype?: number;
  /** Link-layer address, up to 8 bytes as `02:00:00:00:00:01`. */
  readonly address?: string;
}

/** sockaddr_nl. */
export interface NetlinkAddress {
  readonly family: 'netlink';
  /** Port id; 0 is the kernel. */
  readonly pid: number;
  /** Bit mask of multicast groups. */
  readonly groups: number;
}

/** Any other family, or bytes that do not fit the one they name: nothing is lost. */
export interface RawAddress {
  readonly family: 'raw';
  /** sa_family. */
  readonly number: number;
  /** What follows sa_family. Owned. */
  readonly data: Uint8Array;
}

export type SocketAddress =
  | InetAddress
  | Inet6Address
  | UnixAddress
  | PacketAddress
  | NetlinkAddress
  | OtherAddress
  | RawAddress;

/** Finds an interface's number by name, as if_nametoindex(3); 0 or undefined when there is none. */
export type InterfaceIndex = (name: string) => number | undefined;

// ---------------------------------------------------------------------------------------------------- object to struct

// The last IPv4 text and its number: a program sends to one peer many times.
let lastInetText = '';
let lastInetValue = 0;

function inetValue(text: string): number {
  if (text === lastInetText) return lastInetValue;
  const value = parseIpv4(text);
  if (value === null) throw new TypeError(`address: expected an IPv4 address, got '${text}'`);
  lastInetText = text;
  return (lastInetValue = value);
}

function checkU32(value: number, name: string): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)) {
    throw new RangeError(`${name}: expected a whole number from 0 to 4294967295, got ${value}`);
  }
  return value;
}

function checkRoom(into: Uint8Array, need: number): void {
  if (into.length < need) throw new RangeError(`into: expected room for ${need} bytes, got ${into.length}`);
}

/**
 * Write the struct of an address into a buffer, without allocating for inet.
 * @param into written from `offset`; 128 bytes hold any address
 * @param ifindex looks up interface names in zones; without it only numbers are taken
 * @returns its length in bytes, as bind(2) and sendto(2) want it
 * @throws TypeError or RangeError naming the field, what was expected and what came
 */
export function writeSockAddr(
  addr: SocketAddress,
  into: Uint8Array,
  offset: number = 0,
  ifindex?: InterfaceIndex,
): number {
  switch (addr.family) {
    case 'inet':
      checkRoom(into, offset + 16);
      writeHostU16(into, offset, AF_INET);
      writeU16(into, offset + 2, checkPort(addr.port));
      writeU32(into, offset + 4, inetValue(addr.address));
      into.fill(0, offset + 8, offset + 16);
      return 16;
    case 'inet6':
      return writeInet6(addr, into, offset, ifindex);
    case 'unix':
      return writeUnix(addr, into, offset);
    case 'packet':
      return writePacket(addr, into, offset);
    case 'netlink':
      checkRoom(into, offset + 12);
      writeHostU16(into, offset, AF_NETLINK);
      writeHostU16(into, offset + 2, 0);
      writeHostU32(into, offset + 4, checkU32(addr.pid, 'pid'));
      writeHostU32(into, offset + 8, checkU32(addr.groups, 'groups'));
      return 12;
    case 'vsock':
    case 'can':
    case 'alg':
    case 'xdp':
      checkRoom(into, offset + LARGEST_OTHER_BYTES);
      return writeOther(addr, into, offset);
    case 'raw': {
      const length = 2 + addr.data.length;
      if (length > SOCKADDR_STORAGE_BYTES) {
        throw new RangeError(`data: expected at most ${SOCKADDR_STORAGE_BYTES - 2} bytes, got ${addr.data.length}`);
      }
      checkRoom(into, offset + length);
      writeHostU16(into, offset, addr.number);
      into.set(addr.data, offset + 2);
      return length;
    }
    default:
      throw new TypeError(
        `family: expected inet, inet6, unix, packet, netlink, vsock, can, alg, xdp or raw, got '${String((addr as { family: unknown }).family)}'`,
      );
  }
}

function writeInet6(addr: Inet6Address, into: Uint8Array, offset: number, ifindex: InterfaceIndex | undefined): number {
  checkRoom(into, offset + 28);
  const text = addr.address;
  const percent = text.indexOf('%');
  let scopeId = addr.scopeId ?? 0;
  if (percent >= 0 && addr.scopeId === undefined) scopeId = zoneToScopeId(text.slice(percent + 1), ifindex);
  if (!parseIpv6Into(text, 0, percent < 0 ? text.length : percent, into, offset + 8)) {
    throw new TypeError(`address: expected an IPv6 address, got '${text}'`);
  }
  writeHostU16(into, offset, AF_INET6);
  writeU16(into, offset + 2, checkPort(addr.port));
  writeU32(into, offset + 4, checkU32(addr.flowinfo ?? 0, 'flowinfo'));
  writeHostU32(into, offset + 24, checkU32(scopeId, 'scopeId'));
  return 28;
}

function writeUnix(addr: UnixAddress, into: Uint8Array, offset: number): number {
  if (addr.path === undefined && addr.abstract === undefined) {
    checkRoom(into, offset + 2);
    writeHostU16(into, offset, AF_UNIX);
    return 2;
  }
  if (addr.path !== undefined) {
    const path = utf8(addr.path);
    if (path.length === 0) throw new TypeError("path: expected at least one character, got ''");
    if (path.includes(0)) throw new TypeError('path: expected no NUL (for an abstract name use `abstract`)');
    if (path.length > SUN_PATH_BYTES) {
      throw new RangeError(`path: expected at most ${SUN_PATH_BYTES} bytes, got ${path.length} ('${addr.path}')`);
    }
    // The NUL belongs to the address where there is room for it; a path of 108 bytes goes without (unix(7), BUGS).
    const length = 2 + Math.min(path.length + 1, SUN_PATH_BYTES);
    checkRoom(into, offset + length);
    writeHostU16(into, offset, AF_UNIX);
    into.set(path, offset + 2);
    if (path.length < SUN_PATH_BYTES) into[offset + 2 + path.length] = 0;
    return length;
  }
  const name = typeof addr.abstract === 'string' ? utf8(addr.abstract) : addr.abstract;
  if (name.length > SUN_PATH_BYTES - 1) {
    throw new RangeError(`abstract: expected at most ${SUN_PATH_BYTES - 1} bytes, got ${name.length}`);
  }
  checkRoom(into, offset + 3 + name.length);
  writeHostU16(into, offset, AF_UNIX);
  into[offset + 2] = 0;
  into.set(name, offset + 3);
  return 3 + name.length;
}

function writePacket(addr: PacketAddress, into: Uint8Array, offset: number): number {
  checkRoom(into, offset + 20);
  const text = addr.address ?? '';
  const length = text === '' ? 0 : (text.length + 1) / 3;
  const mac =
    length === 0 ? new Uint8Array(0) : Number.isInteger(length) && length <= 8 ? parseMac(text, length) : null;
  if (mac === null) throw new TypeError(`address: expected up to 8 bytes as 02:00:00:00:00:01, got '${text}'`);
  writeHostU16(into, offset, AF_PACKET);
  writeU16(into, offset + 2, checkPort(addr.protocol, 'protocol'));
  writeHostU32(into, offset + 4, checkU32(addr.ifindex, 'ifindex'));
  writeHostU16(into, offset + 8, checkPort(addr.hatype ?? 0, 'hatype'));
  into[offset + 10] = addr.pkttype ?? 0;
  into[offset + 11] = length;
  into.fill(0, offset + 12, offset + 20);
  into.set(mac, offset + 12);
  return 20;
}

/** An address as the kernel wants it: `length` bytes of `bytes` count. */
export interface EncodedSockAddr {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/**
 * Encode an address: an object, a text that `parseSocketAddress` takes, or one already encoded (returned as it is).
 * @param into where to write; a new 128-byte array when left out
 * @param ifindex looks up interface names in texts and zones
 * @example
 * ```ts
 * import { encodeSockAddr } from 'barewire/addr';
 * const { bytes, length } = encodeSockAddr({ family: 'inet', address: '127.0.0.1', port: 80 });
 * bytes.subarray(0, length); // 02 00 00 50 7f 00 00 01 and eight zeros (little-endian machine)
 * ```
 */
export function encodeSockAddr(
  addr: SocketAddress | SockAddr | string,
  into?: Uint8Array,
  ifindex?: InterfaceIndex,
): EncodedSockAddr {
  if (addr instanceof SockAddr) {
    if (into === undefined) return addr;
    checkRoom(into, addr.length);
    into.set(addr.bytes.subarray(0, addr.length));
    return { bytes: into, length: addr.length };
  }
  const bytes = into ?? new Uint8Array(SOCKADDR_STORAGE_BYTES);
  const plain = typeof addr === 'string' ? parseSocketAddress(addr, ifindex) : addr;
  const length = writeSockAddr(plain, bytes, 0, ifindex);
  return { bytes, length };
}

/**
 * An address encoded once, for the path where encoding on each call would show.
 * @example
 * ```ts
 * import { SockAddr } from 'barewire/addr';
 * const peer = new SockAddr('127.0.0.1:9000');
 * peer.length; // 16
 * ```
 */
export class SockAddr implements EncodedSockAddr {
  /** 128 bytes, of which `length` count. Owned by this object: read only. */
  readonly bytes: Uint8Array;
  readonly length: number;

  constructor(addr: SocketAddress | string, ifindex?: InterfaceIndex) {
    this.bytes = new Uint8Array(SOCKADDR_STORAGE_BYTES);
    this.length = writeSockAddr(typeof addr === 'string' ? parseSocketAddress(addr, ifindex) : addr, this.bytes);
  }

  /** The address as an object, newly made. */
  decode(): SocketAddress {
    return decodeSockAddr(this.bytes, this.length);
  }

  toString(): string {
    return formatSocketAddress(this.decode());
  }
}

// ---------------------------------------------------------------------------------------------------- struct to object

/**
 * Decode an address that the kernel filled in. Never throws: a family that is unknown, or a length that does not fit
 * the family, gives `{family: 'raw'}`.
 * @param bytes borrowed, read-only
 * @param length as the kernel reported it; may be 0 (no address), and more than was written when it was cut
 * @param offset where the address begins in `bytes`
 */
export function decodeSockAddr(bytes: Uint8Array, length: number = bytes.length, offset: number = 0): SocketAddress {
  if (length > bytes.length - offset) length = bytes.length - offset;
  if (length < 2) return { family: 'raw', number: 0, data: new Uint8Array(0) };
  const family = readHostU16(bytes, offset);
  switch (family) {
    case AF_INET:
      // Linux takes and gives 16; 8 is where the address ends.
      if (length < 8) break;
      return { family: 'inet', address: formatIpv4(readU32(bytes, offset + 4)), port: readU16(bytes, offset + 2) };
    case AF_INET6:
      // 24 is RFC 2133's struct without a scope id, which Linux still takes.
      if (length < 24) break;
      return decodeInet6(bytes, length, offset);
    case AF_UNIX: {
      const unix = decodeUnix(bytes.subarray(offset + 2, offset + length));
      if (unix === null) break;
      return unix;
    }
    case AF_PACKET:
      if (length < 12) break;
      return decodePacket(bytes, length, offset);
    case AF_NETLINK:
      if (length < 12) break;
      return { family: 'netlink', pid: readHostU32(bytes, offset + 4), groups: readHostU32(bytes, offset + 8) };
  }
  const other = readOther(family, bytes, offset, length);
  return other ?? { family: 'raw', number: family, data: bytes.slice(offset + 2, offset + length) };
}

function decodeInet6(bytes: Uint8Array, length: number, offset: number): Inet6Address {
  const address = formatIpv6(bytes, offset + 8);
  const port = readU16(bytes, offset + 2);
  const flowinfo = readU32(bytes, offset + 4);
  const scopeId = length >= 28 ? readHostU32(bytes, offset + 24) : 0;
  if (flowinfo === 0) {
    return scopeId === 0 ? { family: 'inet6', address, port } : { family: 'inet6', address, port, scopeId };
  }
  return scopeId === 0
    ? { family: 'inet6', address, port, flowinfo }
    : { family: 'inet6', address, port, flowinfo, scopeId };
}

/** Null where the bytes could not be made again from text. */
function decodeUnix(path: Uint8Array): UnixAddress | null {
  if (path.length === 0) return { family: 'unix' };
  if (path[0] === 0) {
    const name = path.slice(1);
    const text = fromUtf8(name);
    return { family: 'unix', abstract: equal(utf8(text), name) ? text : name };
  }
  const nul = path.indexOf(0);
  const name = nul < 0 ? path : path.subarray(0, nul);
  const text = fromUtf8(name);
  return equal(utf8(text), name) ? { family: 'unix', path: text } : null;
}

function decodePacket(bytes: Uint8Array, length: number, offset: number): PacketAddress {
  const addressLength = Math.min(bytes[offset + 11]!, 8, length - 12);
  const fixed = {
    family: 'packet',
    ifindex: readHostU32(bytes, offset + 4),
    protocol: readU16(bytes, offset + 2),
    hatype: readHostU16(bytes, offset + 8),
    pkttype: bytes[offset + 10]!,
  } as const;
  return addressLength === 0 ? fixed : { ...fixed, address: formatMac(bytes, offset + 12, addressLength) };
}

// ---------------------------------------------------------------------------------------------------------------- text

function zoneToScopeId(zone: string, ifindex: InterfaceIndex | undefined): number {
  if (/^\d{1,10}$/.test(zone)) return checkU32(Number(zone), 'scope id');
  const index = ifindex?.(zone);
  if (index !== undefined && index > 0) return index;
  throw new TypeError(
    ifindex === undefined
      ? `scope id: expected a number (interface names cannot be looked up here), got '${zone}'`
      : `scope id: expected an interface of this host, got '${zone}'`,
  );
}

/**
 * Parse `127.0.0.1:80`, `[::1%2]:80`, `unix:/path`, `unix:@name` (abstract), `unix:` (unnamed), `packet:2` or
 * `packet:eth0`, `netlink:pid`, `vsock:2:80`, `can:3`, `alg:hash:sha256`, `xdp:3:0`. Host names are not resolved.
 * @param ifindex looks up interface names; without it only numbers are taken
 * @throws TypeError or RangeError naming what is wrong
 * @example
 * ```ts
 * import { parseSocketAddress } from 'barewire/addr';
 * parseSocketAddress('[fe80::1%lo]:80', (name) => (name === 'lo' ? 1 : 0));
 * // { family: 'inet6', address: 'fe80::1', port: 80, scopeId: 1 }
 * ```
 */
export function parseSocketAddress(text: string, ifindex?: InterfaceIndex): SocketAddress {
  if (typeof text !== 'string') throw new TypeError(`address: expected a text, got ${typeof text}`);
  if (text.startsWith('unix:')) {
    const rest = text.slice(5);
    if (rest === '') return { family: 'unix' };
    return rest.startsWith('@') ? { family: 'unix', abstract: rest.slice(1) } : { family: 'unix', path: rest };
  }
  if (text.startsWith('packet:')) {
    // ETH_P_ALL, as it is what a socket that listens to an interface wants.
    return { family: 'packet', ifindex: zoneToScopeId(text.slice(7), ifindex), protocol: 3 };
  }
  if (text.startsWith('netlink:')) {
    const pid = text.slice(8);
    if (!/^\d{1,10}$/.test(pid)) throw new TypeError(`netlink: expected a port id in decimal digits, got '${pid}'`);
    return { family: 'netlink', pid: checkU32(Number(pid), 'netlink'), groups: 0 };
  }
  const other = parseOther(text, (zone) => zoneToScopeId(zone, ifindex));
  if (other !== undefined) return other;
  const { address, port, zone } = parseEndpoint(text);
  if (!address.includes(':')) return { family: 'inet', address, port };
  if (zone === undefined) return { family: 'inet6', address, port };
  return { family: 'inet6', address, port, scopeId: zoneToScopeId(zone, ifindex) };
}

/**
 * The text of an address, which `parseSocketAddress` reads again where it has a form for it. Never throws.
 * @param ifname interface names for scope ids and packet addresses; numbers are printed without it
 */
export function formatSocketAddress(addr: SocketAddress, ifname?: (ifindex: number) => string | undefined): string {
  switch (addr.family) {
    case 'inet':
      return `${addr.address}:${addr.port}`;
    case 'inet6':
      return addr.scopeId === undefined || addr.scopeId === 0
        ? `[${addr.address}]:${addr.port}`
        : formatEndpoint(addr.address, addr.port, ifname?.(addr.scopeId) ?? addr.scopeId);
    case 'unix':
      // A relative path that begins with @ would read as an abstract name: ./ says the same file.
      if (addr.path !== undefined) return `unix:${addr.path.startsWith('@') ? './' : ''}${addr.path}`;
      if (addr.abstract === undefined) return 'unix:';
      return `unix:@${typeof addr.abstract === 'string' ? addr.abstract : fromUtf8(addr.abstract)}`;
    case 'packet':
      return `packet:${ifname?.(addr.ifindex) ?? addr.ifindex}`;
    case 'netlink':
      return `netlink:${addr.pid}`;
    case 'vsock':
    case 'can':
    case 'alg':
    case 'xdp':
      return formatOther(addr, ifname);
    case 'raw':
      return `raw:${addr.number}`;
  }
}
