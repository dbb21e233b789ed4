/** What a failed call throws: Node's own fields and shape, from the kernel and from the stack alike. */
import { errnoName, errnoText } from './errno.ts';

export interface SocketErrorDetails {
  /** The C name of the call: `connect`. */
  readonly syscall: string;
  /** Text of the address that the call was given, with its port apart, as Node does. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly fd?: number | undefined;
  /** Name of the option that was read or set. */
  readonly option?: string | undefined;
  readonly cause?: unknown;
}

/**
 * A system call said no.
 *
 * `code` is the C name (`ECONNREFUSED`), `errno` its **negative** number as in Node's errors, `syscall` the C name of
 * the call. Two codes are our own: `ERR_SOCKET_TIMEOUT` (a `timeoutMs` passed; the kernel's ETIMEDOUT stays itself) and
 * `ECANCELED` (the socket was closed while the call waited).
 *
 * @example
 * ```ts
 * import { AF_INET, kernel, SOCK_STREAM, SocketError } from 'barewire';
 * using socket = kernel.socket(AF_INET, SOCK_STREAM);
 * try {
 *   await socket.connect('127.0.0.1:1');
 * } catch (error) {
 *   if (!(error instanceof SocketError) || error.code !== 'ECONNREFUSED') throw error;
 *   console.log(error.message); // connect ECONNREFUSED 127.0.0.1:1
 * }
 * ```
 */
export class SocketError extends Error {
  override readonly name: string = 'SocketError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly address?: string;
  readonly port?: number;
  readonly fd?: number;
  readonly option?: string;

  /** @param errno positive, as errno(3); or a code of our own with its text */
  constructor(errno: number | { readonly code: string; readonly text: string }, details: SocketErrorDetails) {
    const code = typeof errno === 'number' ? errnoName(errno) : errno.code;
    const where =
      details.address === undefined
        ? ''
        : details.port === undefined
          ? ` ${details.address}`
          : ` ${details.address.includes(':') ? `[${details.address}]` : details.address}:${details.port}`;
    const what = details.option === undefined ? '' : ` ${details.option}`;
    const text = typeof errno === 'number' ? '' : `: ${errno.text}`;
    super(`${details.syscall} ${code}${where}${what}${text}`, { cause: details.cause });
    this.code = code;
    this.errno = typeof errno === 'number' ? -errno : 0;
    this.syscall = details.syscall;
    if (details.address !== undefined) this.address = details.address;
    if (details.port !== undefined) this.port = details.port;
    if (details.fd !== undefined) this.fd = details.fd;
    if (details.option !== undefined) this.option = details.option;
  }

  /** The text of strerror(3): `Connection refused`. */
  get text(): string {
    return this.errno === 0 ? this.code : errnoText(-this.errno);
  }
}

/** A call was aborted through its signal. The socket is as usable as before. */
export class AbortError extends Error {
  override readonly name: string = 'AbortError';
  readonly code: string = 'ABORT_ERR';
  constructor(cause: unknown) {
    super('The operation was aborted', { cause });
  }
}
