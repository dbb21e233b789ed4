/** What calls are given, checked at the door: addresses, data, options, and the time that they have. */
import {
  decodeSockAddr,
  formatSocketAddress,
  parseSocketAddress,
  SockAddr,
  type SocketAddress,
} from '../addr/sockaddr.ts';
import { SocketError } from './error.ts';
import { timeoutError, type WaitOptions } from './wait-queue.ts';

/**
 * An address as every call takes it: an object, its text (`127.0.0.1:80`), or bytes made ready before. A text may name
 * an interface (`[fe80::1%eth0]:80`, `packet:eth0`) where the host has interfaces: it is looked up in the socket's own
 * network namespace, and one that is not there is a SocketError ENODEV.
 */
export type AddressLike = SocketAddress | string | SockAddr;

export interface SyncOptions {
  readonly flags?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface CallOptions extends WaitOptions {
  /** MSG_* bits. */
  readonly flags?: number | undefined;
}

/** The bytes that are to be sent; a string goes as UTF-8. @throws TypeError for anything else */
export function bytesOf(data: Uint8Array | string, name: string): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  if (!(data instanceof Uint8Array))
    throw new TypeError(`${name}: expected a Uint8Array or a string, got ${typeof data}`);
  return data;
}

/** @throws TypeError for what is no memory to receive into */
export function checkBuffer(buffer: unknown): void {
  // Not by its class: an array of another realm (node:vm) is as good.
  if (ArrayBuffer.isView(buffer)) return;
  throw new TypeError(`buffer: expected a Uint8Array, got ${buffer === null ? 'null' : typeof buffer}`);
}

/** @throws RangeError for what is no length of a buffer */
export function checkSize(size: number): number {
  if (!Number.isInteger(size) || size < 0) throw new RangeError(`size: expected an integer of 0 or more, got ${size}`);
  return size;
}

/** What an error about an address names: address and port, or the path of a Unix socket. */
export function addressFields(address: AddressLike | undefined): { address?: string; port?: number } {
  if (address === undefined) return {};
  const plain =
    address instanceof SockAddr
      ? decodeSockAddr(address.bytes, address.length)
      : typeof address === 'string'
        ? parseSocketAddress(address, () => 1) // only the texts are asked for
        : address;
  if (plain.family === 'inet' || plain.family === 'inet6') return { address: plain.address, port: plain.port };
  if (plain.family !== 'unix') return {};
  if (plain.path !== undefined) return { address: plain.path };
  // As ss(8) and parseSocketAddress write it.
  if (plain.abstract !== undefined) return { address: formatSocketAddress(plain).slice('unix:'.length) };
  return {};
}

/** Milliseconds of a clock that never goes back. */
export function now(): number {
  return performance.now();
}

/**
 * The options of one of the calls that a longer one makes: what is left of the whole's time.
 * @param deadline when the longer one gives up, in `now()`
 */
export function withTimeLeft<Options extends { readonly timeoutMs?: number | undefined }>(
  options: Options | undefined,
  deadline: number | undefined,
): Options | undefined {
  if (options === undefined || deadline === undefined) return options;
  return { ...options, timeoutMs: Math.max(0, deadline - now()) };
}

/** When a call with these options gives up, in `now()`; undefined: never. */
export function deadlineOf(options: { readonly timeoutMs?: number | undefined } | undefined): number | undefined {
  return options?.timeoutMs === undefined ? undefined : now() + options.timeoutMs;
}

/** A piece had what was left of the time: the error tells of the whole. */
export function ofTheWhole(error: unknown, syscall: string, options: SyncOptions | undefined, fd: number): unknown {
  const isLate = error instanceof SocketError && error.code === 'ERR_SOCKET_TIMEOUT';
  return isLate ? timeoutError(syscall, options?.timeoutMs ?? 0, fd) : error;
}
