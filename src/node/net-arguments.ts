/** What node:net takes as arguments, in all its forms, and how it refuses what it does not. */
import { isIP } from 'node:net';
import { argumentType, codedError, outOfRange } from './net-errors.ts';

type Callback = (...args: unknown[]) => void;

/** Options that were called for as `(options)`, `(path)` or `(port, host)`, and the callback at the end. */
export type NormalizedArguments = readonly [options: Record<string, unknown>, callback: Callback | null];

const normalized = new WeakSet<object>();

/** `connect` and `listen` share their forms; what stands between is theirs. */
export function normalizeArguments(args: readonly unknown[]): NormalizedArguments {
  const first = args[0];
  // `connect` of a subclass may hand on what was brought into shape already.
  if (Array.isArray(first) && normalized.has(first)) return first as unknown as NormalizedArguments;
  const last = args.at(-1);
  const pair: NormalizedArguments = [optionsOf(args), typeof last === 'function' ? (last as Callback) : null];
  normalized.add(pair);
  return pair;
}

function optionsOf(args: readonly unknown[]): Record<string, unknown> {
  const first = args[0];
  if (args.length === 0) return {};
  if (typeof first === 'object' && first !== null) return first as Record<string, unknown>;
  if (isPipeName(first)) return { path: first };
  return typeof args[1] === 'string' ? { port: first, host: args[1] } : { port: first };
}

/** Text that is no number is a path. */
export function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && toNumber(value) === false;
}

export function toNumber(value: unknown): number | false {
  const number = Number(value);
  return number >= 0 ? number : false;
}

/** @returns the port as a number */
export function checkPort(port: unknown, name = 'Port'): number {
  const isText = typeof port === 'string';
  const fits = (isText && port.trim() !== '') || typeof port === 'number';
  if (fits && Number(port) === Number(port) >>> 0 && Number(port) <= 65_535) return Number(port) | 0;
  const shown = isText ? `type string ('${port}')` : `type ${typeof port} (${String(port)})`;
  throw codedError(RangeError, 'ERR_SOCKET_BAD_PORT', `${name} should be >= 0 and < 65536. Received ${shown}.`);
}

export function checkConnectPort(port: unknown): number {
  if (port === undefined) return 0;
  if (typeof port !== 'number' && typeof port !== 'string') {
    throw argumentType('options.port', 'one of type number or string', port);
  }
  return checkPort(port);
}

export function checkNumber(value: unknown, name: string): number {
  if (typeof value !== 'number') throw argumentType(name, 'of type number', value);
  return value;
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw argumentType(name, 'of type boolean', value);
  return value;
}

export function checkFunction(value: unknown, name: string): void {
  if (typeof value !== 'function') throw argumentType(name, 'of type function', value);
}

export function checkInteger(value: unknown, name: string, least: number, most = 0x7fffffff): number {
  const number = checkNumber(value, name);
  if (!Number.isInteger(number)) throw outOfRange(name, 'an integer', number);
  if (number < least || number > most) throw outOfRange(name, `>= ${least} && <= ${most}`, number);
  return number;
}

export function checkIp(address: unknown): string {
  if (typeof address === 'string' && isIP(address) !== 0) return address;
  throw codedError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${String(address)}`);
}

export function checkSignal(signal: unknown, name: string): AbortSignal {
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal) return signal as AbortSignal;
  throw argumentType(name, 'an instance of AbortSignal', signal);
}
