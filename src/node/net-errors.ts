/**
 * The errors of node:net, so that programs which look at `code`, `errno`, `syscall`, `address`, `port` or the message
 * find what they know: https://nodejs.org/api/errors.html.
 */
import { getSystemErrorMap, getSystemErrorName, inspect } from 'node:util';

type ErrorClass = new (message: string) => Error;

/** An error with a code of Node's own. */
export function codedError(Class: ErrorClass, code: string, message: string): Error {
  return Object.assign(new Class(message), { code });
}

/** `The "options.port" property must be of type number. Received null` */
export function argumentType(name: string, expected: string, got: unknown): Error {
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(
    TypeError,
    'ERR_INVALID_ARG_TYPE',
    `The "${name}" ${kind} must be ${expected}. Received ${received(got)}`,
  );
}

export function argumentValue(name: string, got: unknown, reason = 'is invalid'): Error {
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${inspect(got)}`);
}

export function outOfRange(name: string, expected: string, got: unknown): Error {
  return codedError(
    RangeError,
    'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${expected}. Received ${String(got)}`,
  );
}

function received(got: unknown): string {
  if (got === null || got === undefined) return String(got);
  if (typeof got === 'function') return `function ${got.name}`;
  if (typeof got === 'object') return `an instance of ${got.constructor?.name ?? 'Object'}`;
  const text = inspect(got);
  return `type ${typeof got} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`;
}

export const socketClosed = (): Error => codedError(Error, 'ERR_SOCKET_CLOSED', 'Socket is closed');

export const blocked = (ip: string): Error =>
  codedError(Error, 'ERR_IP_BLOCKED', `IP(${ip}) is blocked by net.BlockList`);

interface HostFields {
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

function systemError(errno: number, syscall: string, where: HostFields, message: string): Error {
  const error = Object.assign(new Error(message), { errno: -errno, code: getSystemErrorName(-errno), syscall });
  // Node has the fields only where they say something.
  if (where.address !== undefined) Object.assign(error, { address: where.address });
  if (where.port !== undefined) Object.assign(error, { port: where.port });
  return error;
}

/** `read ECONNRESET`. @param errno positive */
export function callError(errno: number, syscall: string): Error {
  return systemError(errno, syscall, {}, `${syscall} ${getSystemErrorName(-errno)}`);
}

/** `connect ECONNREFUSED 127.0.0.1:80 - Local (127.0.0.1:4000)` */
export function hostError(errno: number, syscall: string, address: string, port?: number, local?: string): Error {
  const end = local === undefined ? '' : ` - Local (${local})`;
  const message = `${syscall} ${getSystemErrorName(-errno)} ${place(address, port)}${end}`;
  return systemError(errno, syscall, { address, port: withPort(port) ? port : undefined }, message);
}

/** `listen EADDRINUSE: address already in use 127.0.0.1:80` */
export function listenError(errno: number, address: string | undefined, port: number | undefined): Error {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [getSystemErrorName(-errno), 'unknown error'];
  const where = address === undefined ? '' : ` ${place(address, port)}`;
  const fields = { port: withPort(port) || port === -1 ? port : undefined };
  const error = systemError(errno, 'listen', fields, `listen ${code}: ${text}${where}`);
  return Object.assign(error, { address: address ?? null });
}

const withPort = (port: number | undefined): boolean => port !== undefined && port > 0;

function place(address: string, port: number | undefined): string {
  return withPort(port) ? `${address}:${port}` : address;
}

/** What several failed attempts come to: `errors`, and the first one's code. */
export function attemptsError(errors: readonly Error[]): AggregateError {
  return Object.assign(new AggregateError(errors), { code: (errors[0] as Error & { code?: string }).code });
}
