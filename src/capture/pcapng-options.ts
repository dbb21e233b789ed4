/**
 * Options of pcapng that say more of an interface and of a packet (draft-ietf-opsawg-pcapng, "Interface Description
 * Block" and "Enhanced Packet Block"): read into named fields, written from them.
 */
import { formatIpv4Bytes, formatIpv6, formatMac, parseIpv4, parseIpv6, parseMac, prefixMask } from '../addr/index.ts';
import { concat } from '../core/index.ts';
import { get32, get64, put32, put64 } from './endian.ts';
import type { InterfaceExtras, PacketExtras, RawOption } from './items.ts';

const IF_IPV4 = 4;
const IF_IPV6 = 5;
const IF_MAC = 6;
const IF_EUI = 7;
const IF_SPEED = 8;
const IF_FCSLEN = 13;
const IF_TXSPEED = 16;
const IF_RXSPEED = 17;
const EPB_HASH = 3;
const EPB_QUEUE = 6;
const EPB_VERDICT = 7;
const EPB_PROCESS = 8;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** @returns whether the option is one of these, and well-formed: it is in `into` then */
export function readInterfaceExtra(
  into: Mutable<InterfaceExtras>,
  code: number,
  value: Uint8Array,
  little: boolean,
): boolean {
  const size = value.length;
  switch (code) {
    case IF_IPV4: {
      const length = size === 8 ? maskLength(value.subarray(4)) : -1;
      if (length < 0) return false;
      into.ipv4 = [...(into.ipv4 ?? []), `${formatIpv4Bytes(value)}/${length}`];
      return true;
    }
    case IF_IPV6:
      if (size !== 17 || value[16]! > 128) return false;
      into.ipv6 = [...(into.ipv6 ?? []), `${formatIpv6(value)}/${value[16]}`];
      return true;
    case IF_MAC:
      if (size !== 6 || into.hardwareAddress !== undefined) return false;
      into.hardwareAddress = formatMac(value);
      return true;
    case IF_EUI:
      if (size !== 8 || into.eui64 !== undefined) return false;
      into.eui64 = formatMac(value, 0, 8);
      return true;
    case IF_FCSLEN:
      if (size !== 1 || into.fcsBytes !== undefined) return false;
      into.fcsBytes = value[0]!;
      return true;
    default:
      return readSpeed(into, code, value, little);
  }
}

const SPEEDS: ReadonlyMap<number, 'speed' | 'sendSpeed' | 'receiveSpeed'> = new Map([
  [IF_SPEED, 'speed'],
  [IF_TXSPEED, 'sendSpeed'],
  [IF_RXSPEED, 'receiveSpeed'],
]);

function readSpeed(into: Mutable<InterfaceExtras>, code: number, value: Uint8Array, little: boolean): boolean {
  const key = SPEEDS.get(code);
  if (key === undefined || value.length !== 8 || into[key] !== undefined) return false;
  into[key] = get64(value, 0, little);
  return true;
}

/** The length of a mask that is a prefix; -1 for another. */
function maskLength(mask: Uint8Array): number {
  for (let length = 0; length <= 32; length++) {
    if (prefixMask(length, 4).every((byte, i) => byte === mask[i])) return length;
  }
  return -1;
}

/** @throws TypeError for an address that is none */
export function interfaceExtraOptions(extras: InterfaceExtras, little: boolean): RawOption[] {
  const { ipv4 = [], ipv6 = [], hardwareAddress, eui64, fcsBytes } = extras;
  const options: RawOption[] = [
    ...ipv4.map((text) => ({ code: IF_IPV4, value: ipv4Value(text) })),
    ...ipv6.map((text) => ({ code: IF_IPV6, value: ipv6Value(text) })),
  ];
  if (hardwareAddress !== undefined) options.push({ code: IF_MAC, value: macValue(hardwareAddress, 6) });
  if (eui64 !== undefined) options.push({ code: IF_EUI, value: macValue(eui64, 8) });
  for (const [code, key] of SPEEDS) {
    const speed = extras[key];
    if (speed === undefined) continue;
    const value = new Uint8Array(8);
    put64(value, 0, speed, little);
    options.push({ code, value });
  }
  if (fcsBytes !== undefined) options.push({ code: IF_FCSLEN, value: Uint8Array.of(fcsBytes) });
  return options;
}

function parts(text: string, most: number): [address: string, length: number] {
  const [address = '', length = String(most)] = text.split('/');
  const number = Number(length);
  if (!/^\d{1,3}$/.test(length) || number > most)
    throw new TypeError(`prefix: expected a length up to ${most}, got '${text}'`);
  return [address, number];
}

function ipv4Value(text: string): Uint8Array {
  const [address, length] = parts(text, 32);
  const number = parseIpv4(address);
  if (number === null) throw new TypeError(`ipv4: expected an address such as 10.0.0.1/24, got '${text}'`);
  return concat([Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number), prefixMask(length, 4)]);
}

function ipv6Value(text: string): Uint8Array {
  const [address, length] = parts(text, 128);
  const bytes = parseIpv6(address);
  if (bytes === null) throw new TypeError(`ipv6: expected an address such as 2001:db8::1/64, got '${text}'`);
  return concat([bytes, Uint8Array.of(length)]);
}

function macValue(text: string, length: number): Uint8Array {
  const bytes = parseMac(text, length);
  if (bytes === null) throw new TypeError(`address: expected ${length} bytes as 02:00:00:00:00:01, got '${text}'`);
  return bytes;
}

/** @returns whether the option is one of these, and well-formed: it is in `into` then */
export function readPacketExtra(
  into: Mutable<PacketExtras>,
  code: number,
  value: Uint8Array,
  little: boolean,
): boolean {
  const size = value.length;
  if (code === EPB_HASH && size >= 1 && into.hash === undefined) {
    into.hash = { algorithm: value[0]!, data: value.subarray(1) };
  } else if (code === EPB_QUEUE && size === 4 && into.queue === undefined) into.queue = get32(value, 0, little);
  else if (code === EPB_VERDICT && size >= 1) {
    into.verdicts = [...(into.verdicts ?? []), { type: value[0]!, data: value.subarray(1) }];
  } else if (code === EPB_PROCESS && size === 8 && into.process === undefined) {
    into.process = { pid: get32(value, 0, little), tid: get32(value, 4, little) };
  } else return false;
  return true;
}

export function packetExtraOptions(
  { hash, queue, verdicts = [], process }: PacketExtras,
  little: boolean,
): RawOption[] {
  const options: RawOption[] = [];
  if (hash !== undefined) options.push({ code: EPB_HASH, value: concat([Uint8Array.of(hash.algorithm), hash.data]) });
  if (queue !== undefined) options.push({ code: EPB_QUEUE, value: words(little, queue) });
  for (const { type, data } of verdicts)
    options.push({ code: EPB_VERDICT, value: concat([Uint8Array.of(type), data]) });
  if (process !== undefined) options.push({ code: EPB_PROCESS, value: words(little, process.pid, process.tid) });
  return options;
}

function words(little: boolean, ...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) put32(bytes, 4 * i, value, little);
  return bytes;
}
