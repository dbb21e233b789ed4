/**
 * Socket addresses: plain objects tagged by `family`, their text, and the kernel's structs (Linux layouts: ip(7),
 * ipv6(7), unix(7)). The families whose struct is a few fixed fields have a file each in sockaddr/.
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
import { type AlgAddress, alg } from './sockaddr/alg.ts';
import { type CanAddress, can } from './sockaddr/can.ts';
import {
  checkRoom,
  checkU16,
  checkU32,
  type FamilyCodec,
  type InterfaceIndex,
  type InterfaceName,
  parseInterface,
  writeStruct,
} from './sockaddr/codec.ts';
import { type NetlinkAddress, netlink } from './sockaddr/netlink.ts';
import { type PacketAddress, packet } from './sockaddr/packet.ts';
import { type QipcrtrAddress, qipcrtr } from './sockaddr/qipcrtr.ts';
import { type TipcAddress, tipc } from './sockaddr/tipc.ts';
import { type VsockAddress, vsock } from './sockaddr/vsock.ts';
import { type XdpAddress, xdp } from './sockaddr/xdp.ts';

export type { AlgAddress } from './sockaddr/alg.ts';
export type { CanAddress } from './sockaddr/can.ts';
export type { InterfaceIndex, InterfaceName } from './sockaddr/codec.ts';
export type { NetlinkAddress } from './sockaddr/netlink.ts';
export type { PacketAddress } from './sockaddr/packet.ts';
export type { QipcrtrAddress } from './sockaddr/qipcrtr.ts';
export type { TipcAddress, TipcRangeAddress, TipcServiceAddress, TipcSocketAddress } from './sockaddr/tipc.ts';
export type { VsockAddress } from './sockaddr/vsock.ts';
export type { XdpAddress } from './sockaddr/xdp.ts';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** sizeof(struct sockaddr_storage): the longest address that any family has. */
export const SOCKADDR_STORAGE_BYTES = 128;
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

/** Any other family, or bytes that do not fit the one they name: nothing is lost. */
export interface RawAddress {
  readonly family: 'raw';
  /** sa_family. */
  readonly number: number;
  /** What follows sa_family. Owned. */
  readonly data: Uint8Array;
}

/** A family in sockaddr/. */
type FixedAddress =
  | PacketAddress
  | NetlinkAddress
  | VsockAddress
  | CanAddress
  | AlgAddress
  | XdpAddress
  | TipcAddress
  | QipcrtrAddress;

export type SocketAddress = InetAddress | Inet6Address | UnixAddress | FixedAddress | RawAddress;

type Codecs = { readonly [Name in FixedAddress['family']]: FamilyCodec<Extract<FixedAddress, { family: Name }>> };
const codecs: Codecs = { packet, netlink, vsock, can, alg, xdp, tipc, qipcrtr };
const codecByName = new Map(Object.entries(codecs) as [string, FamilyCodec<FixedAddress>][]);
const codecByNumber = new Map([...codecByName.values()].map((codec) => [codec.number, codec]));
const FAMILY_NAMES = ['inet', 'inet6', 'unix', ...codecByName.keys(), 'raw'];

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
    case 'raw': {
      const length = 2 + addr.data.length;
      if (length > SOCKADDR_STORAGE_BYTES) {
        throw new RangeError(`data: expected at most ${SOCKADDR_STORAGE_BYTES - 2} bytes, got ${addr.data.length}`);
      }
      checkRoom(into, offset + length);
      writeHostU16(into, offset, checkU16(addr.number, 'number'));
      into.set(addr.data, offset + 2);
      return length;
    }
    default: {
      const codec = codecByName.get(addr.family);
      if (codec !== undefined) return writeStruct(codec, addr, into, offset);
      const { family } = addr as { family: unknown };
      throw new TypeError(`family: expected one of ${FAMILY_NAMES.join(', ')}, got '${String(family)}'`);
    }
  }
}

function writeInet6(addr: Inet6Address, into: Uint8Array, offset: number, ifindex: InterfaceIndex | undefined): number {
  checkRoom(into, offset + 28);
  const text = addr.address;
  const percent = text.indexOf('%');
  let scopeId = addr.scopeId ?? 0;
  if (percent >= 0 && addr.scopeId === undefined)
    scopeId = parseInterface(text.slice(percent + 1), ifindex, 'scope id');
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
    default: {
      const addr = codecByNumber.get(family)?.read(bytes, length, offset) ?? null;
      if (addr !== null) return addr;
    }
  }
  return { family: 'raw', number: family, data: bytes.slice(offset + 2, offset + length) };
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

// ---------------------------------------------------------------------------------------------------------------- text

/**
 * Parse `127.0.0.1:80`, `[::1%2]:80`, `unix:/path`, `unix:@name` (abstract), `unix:` (unnamed), `packet:2` or
 * `packet:eth0`, `netlink:pid`, `vsock:2:80` or `vsock:any:80`, `can:3` or `can:3:291:801` (identifiers to receive and to send), `xdp:3:0` (interface, queue),
 * `alg:hash:sha256`, `tipc:service:TYPE:INSTANCE`, `qipcrtr:NODE:PORT`. Host names are not resolved.
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
  const codec = codecByName.get(text.slice(0, Math.max(0, text.indexOf(':'))));
  if (codec !== undefined) return codec.parse(text.slice(text.indexOf(':') + 1), ifindex);
  const { address, port, zone } = parseEndpoint(text);
  if (!address.includes(':')) return { family: 'inet', address, port };
  if (zone === undefined) return { family: 'inet6', address, port };
  return { family: 'inet6', address, port, scopeId: parseInterface(zone, ifindex, 'scope id') };
}

/**
 * The text of an address, which `parseSocketAddress` reads again where it has a form for it. Never throws.
 * @param ifname interface names for scope ids and packet addresses; numbers are printed without it
 */
export function formatSocketAddress(addr: SocketAddress, ifname?: InterfaceName): string {
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
    case 'raw':
      return `raw:${addr.number}`;
    default:
      return `${addr.family}:${codecByName.get(addr.family)?.format(addr, ifname) ?? ''}`;
  }
}
