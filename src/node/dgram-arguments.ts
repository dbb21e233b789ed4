/** What node:dgram takes as arguments, in all its forms, and how it refuses what it does not. */
import { lookup as dnsLookup } from 'node:dns';
import type { BlockList } from 'node:net';
import { inspect } from 'node:util';
import { checkFunction, checkPort, checkSignal } from './net-arguments.ts';
import { argumentType, codedError } from './net-errors.ts';

type SocketType = 'udp4' | 'udp6';
// biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
type Callback = (...args: any[]) => void;

/** As dgram calls it: name, family, and then the address. */
export type Lookup = (
  hostname: string,
  family: number,
  callback: (error: Error | null, address: string, family: number) => void,
) => void;

export interface SocketOptions {
  readonly type: SocketType;
  readonly reuseAddr?: boolean | undefined;
  readonly reusePort?: boolean | undefined;
  readonly ipv6Only?: boolean | undefined;
  /** SO_RCVBUF and SO_SNDBUF, in bytes. */
  readonly recvBufferSize?: number | undefined;
  readonly sendBufferSize?: number | undefined;
  readonly lookup?: Lookup | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly receiveBlockList?: BlockList | undefined;
  readonly sendBlockList?: BlockList | undefined;
}

/** The options with those that have a default filled in. */
export interface CreateOptions extends SocketOptions {
  readonly lookup: Lookup;
}

export interface BindOptions {
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  readonly exclusive?: boolean | undefined;
  readonly fd?: number | undefined;
}

/** @throws ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE */
export function checkCreate(given: unknown): CreateOptions {
  const options = (typeof given === 'object' && given !== null ? given : { type: given }) as Partial<SocketOptions>;
  const { type, lookup, signal } = options;
  if (lookup !== undefined) checkFunction(lookup, 'lookup');
  if (type !== 'udp4' && type !== 'udp6') {
    throw codedError(TypeError, 'ERR_SOCKET_BAD_TYPE', 'Bad socket type specified. Valid types are: udp4, udp6');
  }
  if (signal !== undefined) checkSignal(signal, 'options.signal');
  return { ...options, type, lookup: lookup ?? defaultLookup };
}

const defaultLookup: Lookup = (hostname, family, callback) => dnsLookup(hostname, family, callback);

export interface BindArguments {
  readonly port: number;
  readonly address: string;
  readonly exclusive: boolean;
  readonly fd: number | undefined;
}

/** `(port, address, callback)`, `(options, callback)` and what lies between. */
export function bindArguments(
  given: readonly unknown[],
  isV6: boolean,
): BindArguments & { readonly callback: Callback | undefined } {
  const last = given.at(-1);
  const callback = typeof last === 'function' ? (last as Callback) : undefined;
  const [first, second] = given;
  const any = isV6 ? '::' : '0.0.0.0';
  const isOptions = typeof first === 'object' && first !== null;
  const options: BindOptions = isOptions ? (first as BindOptions) : {};
  const { fd } = options;
  if (Number.isInteger(fd) && (fd as number) > 0) {
    return { port: 0, address: any, exclusive: true, fd, callback };
  }
  const port = isOptions ? options.port : first;
  const address = isOptions ? options.address : typeof second === 'function' ? undefined : second;
  if (address !== undefined && address !== null && address !== '' && typeof address !== 'string') {
    throw argumentType('address', 'of type string', address);
  }
  const number = typeof port === 'function' || port === undefined || port === null ? 0 : checkPort(port);
  return {
    port: number,
    address: typeof address === 'string' && address !== '' ? address : any,
    exclusive: options.exclusive === true,
    fd: undefined,
    callback,
  };
}

export interface SendArguments {
  readonly list: readonly Uint8Array[];
  readonly port: number | undefined;
  readonly address: string | undefined;
  readonly callback: ((error: Error | null, bytes?: number) => void) | undefined;
}

/** `(msg, offset, length, port, address, callback)` with every part but the first left out in some form or other. */
export function sendArguments(given: readonly unknown[], connected: boolean): SendArguments {
  let [buffer, offset, length, port, address, callback] = given;
  if (!connected) {
    if (address || (Boolean(port) && typeof port !== 'function')) buffer = slice(buffer, offset, length);
    else [callback, port, address] = [port, offset, length];
  } else {
    if (typeof length === 'number') {
      buffer = slice(buffer, offset, length);
      if (typeof port === 'function') [callback, port] = [port, undefined];
    } else callback = offset;
    if (port || address) {
      throw codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
    }
  }
  const list = bufferList(buffer);
  const number = connected ? undefined : remotePort(port);
  let then = typeof callback === 'function' ? callback : undefined;
  if (typeof address === 'function') [then, address] = [address, undefined];
  else if (address !== undefined && address !== null && typeof address !== 'string') {
    throw argumentType('address', 'of type string', address);
  }
  return {
    list,
    port: number,
    address: (address as string | null | undefined) ?? undefined,
    callback: then as SendArguments['callback'],
  };
}

/** A port to send to: 0 is none. @throws ERR_SOCKET_BAD_PORT */
export function remotePort(port: unknown): number {
  try {
    const number = checkPort(port);
    if (number > 0) return number;
  } catch {
    // Said below, in dgram's words.
  }
  const shown = port === undefined || port === null ? String(port) : `type ${typeof port} (${inspect(port)})`;
  throw codedError(RangeError, 'ERR_SOCKET_BAD_PORT', `Port should be > 0 and < 65536. Received ${shown}.`);
}

/** As Node words it. */
const KINDS = 'of type string or an instance of Buffer, TypedArray, or DataView';

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string') return Buffer.from(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}

function slice(buffer: unknown, offset: unknown, length: unknown): Uint8Array {
  const bytes = bytesOf(buffer);
  if (bytes === undefined) throw argumentType('buffer', KINDS, buffer);
  const start = Number(offset) >>> 0;
  const count = Number(length) >>> 0;
  if (start > bytes.length) throw outside('offset');
  if (start + count > bytes.length) throw outside('length');
  return bytes.subarray(start, start + count);
}

const outside = (name: string): Error =>
  codedError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', `"${name}" is outside of buffer bounds`);

function bufferList(buffer: unknown): Uint8Array[] {
  if (!Array.isArray(buffer)) {
    const bytes = bytesOf(buffer);
    if (bytes === undefined) throw argumentType('buffer', KINDS, buffer);
    return [bytes];
  }
  const list = buffer.map(bytesOf);
  if (list.includes(undefined)) throw argumentType('buffer list arguments', KINDS, buffer);
  return list.length === 0 ? [new Uint8Array(0)] : (list as Uint8Array[]);
}
