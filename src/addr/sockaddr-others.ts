/**
 * Socket addresses of the rarer families: virtual machines (vsock(7)), CAN bus, the kernel's ciphers (AF_ALG) and
 * express data path (AF_XDP). Numbers stand in the order of this machine.
 */
import { equal, fromUtf8, readHostU16, readHostU32, utf8, writeHostU16, writeHostU32 } from '../core/bytes.ts';

const AF_CAN = 29;
const AF_ALG = 38;
const AF_VSOCK = 40;
const AF_XDP = 44;

/** VMADDR_CID_ANY and VMADDR_PORT_ANY. */
const ANY = 0xffff_ffff;

/** Between a virtual machine and its host: sockaddr_vm. */
export interface VsockAddress {
  readonly family: 'vsock';
  /** Context id of the machine: 2 is the host. */
  readonly cid: number;
  readonly port: number;
  /** VMADDR_FLAG_ bits; 0 is left out when decoding. */
  readonly flags?: number;
}

/** A CAN interface: sockaddr_can. */
export interface CanAddress {
  readonly family: 'can';
  /** 0 means every interface. */
  readonly ifindex: number;
  /** Of ISO-TP: the identifiers to receive and to send with; both 0 are left out when decoding. */
  readonly rxId?: number;
  readonly txId?: number;
}

/** A cipher, hash or random generator of the kernel: sockaddr_alg. */
export interface AlgAddress {
  readonly family: 'alg';
  /** `hash`, `skcipher`, `aead`, `rng`. */
  readonly type: string;
  /** `sha256`, `cbc(aes)`. */
  readonly name: string;
  readonly features?: number;
  readonly mask?: number;
}

/** One queue of an interface: sockaddr_xdp. */
export interface XdpAddress {
  readonly family: 'xdp';
  readonly ifindex: number;
  readonly queueId: number;
  /** XDP_ bits: 1 shared umem, 2 copy, 4 zero copy, 8 wake-up needed. */
  readonly flags?: number;
  /** The descriptor whose memory is shared. */
  readonly sharedUmemFd?: number;
}

export type OtherAddress = VsockAddress | CanAddress | AlgAddress | XdpAddress;

/** Sizes of the structs, and of sockaddr_alg's texts with their NUL. */
const VM_BYTES = 16;
const CAN_BYTES = 24;
const ALG_BYTES = 88;
const XDP_BYTES = 16;
const ALG_TYPE_BYTES = 14;
const ALG_NAME_BYTES = 64;

function u32(value: number, name: string): number {
  if (!(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff)) {
    throw new RangeError(`${name}: expected a whole number from 0 to 4294967295, got ${value}`);
  }
  return value;
}

/** @returns the struct's length; `into` has room for 128 bytes from `offset` */
export function writeOther(addr: OtherAddress, into: Uint8Array, offset: number): number {
  const at = (field: number): number => offset + field;
  switch (addr.family) {
    case 'vsock':
      into.fill(0, offset, at(VM_BYTES));
      writeHostU16(into, offset, AF_VSOCK);
      writeHostU32(into, at(4), u32(addr.port, 'port'));
      writeHostU32(into, at(8), u32(addr.cid, 'cid'));
      into[at(12)] = addr.flags ?? 0;
      return VM_BYTES;
    case 'can':
      into.fill(0, offset, at(CAN_BYTES));
      writeHostU16(into, offset, AF_CAN);
      writeHostU32(into, at(4), u32(addr.ifindex, 'ifindex'));
      writeHostU32(into, at(8), u32(addr.rxId ?? 0, 'rxId'));
      writeHostU32(into, at(12), u32(addr.txId ?? 0, 'txId'));
      return CAN_BYTES;
    case 'alg':
      into.fill(0, offset, at(ALG_BYTES));
      writeHostU16(into, offset, AF_ALG);
      writeText(into, at(2), addr.type, ALG_TYPE_BYTES, 'type');
      writeHostU32(into, at(16), u32(addr.features ?? 0, 'features'));
      writeHostU32(into, at(20), u32(addr.mask ?? 0, 'mask'));
      writeText(into, at(24), addr.name, ALG_NAME_BYTES, 'name');
      return ALG_BYTES;
    case 'xdp':
      writeHostU16(into, offset, AF_XDP);
      writeHostU16(into, at(2), (addr.flags ?? 0) & 0xffff);
      writeHostU32(into, at(4), u32(addr.ifindex, 'ifindex'));
      writeHostU32(into, at(8), u32(addr.queueId, 'queueId'));
      writeHostU32(into, at(12), u32(addr.sharedUmemFd ?? 0, 'sharedUmemFd'));
      return XDP_BYTES;
  }
}

function writeText(into: Uint8Array, at: number, text: string, room: number, name: string): void {
  const bytes = utf8(text);
  if (bytes.length === 0 || bytes.length >= room || bytes.includes(0)) {
    throw new RangeError(`${name}: expected 1 to ${room - 1} bytes without NUL, got '${text}'`);
  }
  into.set(bytes, at);
}

/** @returns undefined for a family that is not of these, or a length that does not fit it */
export function readOther(family: number, bytes: Uint8Array, offset: number, length: number): OtherAddress | undefined {
  const field = (at: number): number => readHostU32(bytes, offset + at);
  if (family === AF_VSOCK && length >= VM_BYTES) {
    const flags = bytes[offset + 12] as number;
    return { family: 'vsock', cid: field(8), port: field(4), ...(flags === 0 ? {} : { flags }) };
  }
  // The kernel gives no more than the interface of a raw CAN socket.
  if (family === AF_CAN && length >= 8) {
    const [rxId, txId] = length >= 16 ? [field(8), field(12)] : [0, 0];
    return { family: 'can', ifindex: field(4), ...(rxId === 0 && txId === 0 ? {} : { rxId, txId }) };
  }
  if (family === AF_ALG && length >= ALG_BYTES) {
    const type = readText(bytes, offset + 2, ALG_TYPE_BYTES);
    const name = readText(bytes, offset + 24, ALG_NAME_BYTES);
    if (type === undefined || name === undefined) return undefined;
    const [features, mask] = [field(16), field(20)];
    return { family: 'alg', type, name, ...(features === 0 ? {} : { features }), ...(mask === 0 ? {} : { mask }) };
  }
  if (family === AF_XDP && length >= XDP_BYTES) {
    const [flags, sharedUmemFd] = [readHostU16(bytes, offset + 2), field(12)];
    return {
      family: 'xdp',
      ifindex: field(4),
      queueId: field(8),
      ...(flags === 0 ? {} : { flags }),
      ...(sharedUmemFd === 0 ? {} : { sharedUmemFd }),
    };
  }
  return undefined;
}

/** undefined where text could not make the same bytes again. */
function readText(bytes: Uint8Array, at: number, room: number): string | undefined {
  const nul = bytes.indexOf(0, at);
  if (nul <= at || nul >= at + room) return undefined;
  const name = bytes.subarray(at, nul);
  const text = fromUtf8(name);
  const isClean = bytes.subarray(nul, at + room).every((byte) => byte === 0);
  return isClean && equal(utf8(text), name) ? text : undefined;
}

/**
 * `vsock:2:80` (`any` for either number), `can:3`, `can:3:291:801` (identifiers to receive and send), `alg:hash:sha256`,
 * `xdp:3:0`.
 * @param scopeId reads an interface's number or name
 * @returns undefined for a text of another kind
 */
export function parseOther(text: string, scopeId: (zone: string) => number): OtherAddress | undefined {
  const [kind, ...parts] = text.split(':');
  const number = (part: string | undefined, name: string): number => {
    if (part === 'any') return ANY;
    if (part === undefined || !/^\d{1,10}$/.test(part)) {
      throw new TypeError(`${name}: expected a decimal number, got '${part ?? ''}' in '${text}'`);
    }
    return u32(Number(part), name);
  };
  const expectParts = (least: number, most: number): void => {
    if (parts.length >= least && parts.length <= most) return;
    throw new TypeError(`address: expected ${least} to ${most} parts behind '${kind}:', got '${text}'`);
  };
  switch (kind) {
    case 'vsock':
      expectParts(2, 2);
      return { family: 'vsock', cid: number(parts[0], 'cid'), port: number(parts[1], 'port') };
    case 'can': {
      expectParts(1, 3);
      const ifindex = scopeId(parts[0] ?? '');
      if (parts.length === 1) return { family: 'can', ifindex };
      return { family: 'can', ifindex, rxId: number(parts[1], 'rxId'), txId: number(parts[2], 'txId') };
    }
    case 'alg':
      expectParts(2, 2);
      return { family: 'alg', type: parts[0] as string, name: parts[1] as string };
    case 'xdp':
      expectParts(2, 2);
      return { family: 'xdp', ifindex: scopeId(parts[0] ?? ''), queueId: number(parts[1], 'queueId') };
    default:
      return undefined;
  }
}

export function formatOther(addr: OtherAddress, ifname?: (ifindex: number) => string | undefined): string {
  const any = (value: number): string => (value === ANY ? 'any' : String(value));
  switch (addr.family) {
    case 'vsock':
      return `vsock:${any(addr.cid)}:${any(addr.port)}`;
    case 'can': {
      const ids = addr.rxId === undefined && addr.txId === undefined ? '' : `:${addr.rxId ?? 0}:${addr.txId ?? 0}`;
      return `can:${ifname?.(addr.ifindex) ?? addr.ifindex}${ids}`;
    }
    case 'alg':
      return `alg:${addr.type}:${addr.name}`;
    case 'xdp':
      return `xdp:${ifname?.(addr.ifindex) ?? addr.ifindex}:${addr.queueId}`;
  }
}
