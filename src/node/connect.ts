/**
 * Connecting to a name: happy eyeballs (RFC 8305). The addresses are tried one after the other, 250 ms apart and both
 * families in turn, each attempt going on while the next begins; the first connection wins and the others are closed.
 */
import {
  decodeSockAddr,
  formatSocketAddress,
  parseSocketAddress,
  SockAddr,
  type SocketAddress,
} from '../addr/index.ts';
import { ifNameToIndex } from '../os/interfaces.ts';
import { kernel } from '../os/kernel.ts';
import { offAbort, onAbort } from '../socket/abort-listeners.ts';
import {
  AbortError,
  type AddressLike,
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  AF_VSOCK,
  type Host,
  SO,
  SOCK_STREAM,
  type Socket,
  SocketError,
  type WaitOptions,
} from '../socket/index.ts';
import { getaddrinfo, NameError } from './names.ts';

/** RFC 8305 §5: the Connection Attempt Delay that it recommends. */
const ATTEMPT_DELAY_MS = 250;

/** One address that was tried. */
export interface Attempt {
  readonly address: SocketAddress;
  /** ms after the first attempt began. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** undefined: this one won. `ABORT_ERR`: another one was faster. */
  readonly error: Error | undefined;
}

export interface ConnectOptions extends WaitOptions {
  /** 4 or 6 to use one family only. */
  readonly family?: 4 | 6 | undefined;
  /** ms between the beginnings of two attempts, while none has failed: 250, from 10 on. */
  readonly attemptDelayMs?: number | undefined;
  /** Local IP address to connect from: only addresses of its family are tried. */
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Send and receive through this interface only: SO_BINDTODEVICE. */
  readonly device?: string | undefined;
  /** Called with each new socket before bind and connect, to set whatever options are wanted. */
  readonly prepare?: ((socket: Socket) => void) | undefined;
  /** Whose sockets: this machine's kernel, a network namespace, a stack. Names are looked up here in any case. */
  readonly via?: Host | undefined;
  /** Told of each attempt as it ends. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
}

/** No address answered. `errors` are those of the attempts, in order; `code` is the most telling of theirs. */
export class ConnectError extends AggregateError {
  override readonly name: string = 'ConnectError';
  readonly code: string;
  readonly syscall: string = 'connect';
  readonly attempts: readonly Attempt[];

  constructor(what: string, attempts: readonly Attempt[]) {
    const failures = attempts.map(({ error }) => error as Error);
    super(
      failures,
      `connect: none of the ${attempts.length} addresses of ${what} answered: ${attempts.map(line).join('; ')}`,
    );
    this.attempts = attempts;
    this.code = mostTelling(failures);
  }
}

const line = ({ address, error }: Attempt): string => `${formatSocketAddress(address)} ${codeOf(error)}`;
const codeOf = (error: Error | undefined): string => (error as { code?: string } | undefined)?.code ?? 'unknown';

/** That somebody answered says more than that nobody did, and that more than that there is no way. */
const TELLING = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EACCES',
  'EPERM',
  'ETIMEDOUT',
  'ERR_SOCKET_TIMEOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
];

function mostTelling(errors: readonly Error[]): string {
  const codes = new Set(errors.map(codeOf));
  return TELLING.find((code) => codes.has(code)) ?? codeOf(errors[0]);
}

/**
 * A connected stream socket to `host`:`port`, by the address that answers first.
 * @param host a name, an IP address, or an address of any family as text (`unix:@name`, `vsock:2:80`; then no port)
 * @param port a number, or a name of /etc/services
 * @throws the attempt's SocketError when there was one address, ConnectError when there were several; NameError
 *   or Node's ENOTFOUND; AbortError; SocketError ERR_SOCKET_TIMEOUT for the whole
 * @example
 * ```ts
 * import { createConnection, listen } from 'barewire/node';
 * await using server = await listen(0, { host: 'localhost' });
 * using client = await createConnection('localhost', server.port);
 * using connection = await server.accept();
 * await client.sendAll('hello');
 * console.log(new TextDecoder().decode(await connection.recv(5))); // hello
 * ```
 */
export async function createConnection(
  host: string,
  port?: number | string,
  options: ConnectOptions = {},
): Promise<Socket<typeof SOCK_STREAM>> {
  if (typeof host !== 'string') throw new TypeError(`host: expected a string, got ${typeof host}`);
  const began = performance.now();
  const addresses = await addressesOf(host, port, options);
  const left =
    options.timeoutMs === undefined ? undefined : Math.max(0, options.timeoutMs - (performance.now() - began));
  return connectFirst(addresses, { ...options, timeoutMs: left }, host);
}

async function addressesOf(
  host: string,
  port: number | string | undefined,
  options: ConnectOptions,
): Promise<SocketAddress[]> {
  if (port === undefined) return [plain(host, options.via)];
  const { family, localAddress, signal, timeoutMs } = options;
  const wanted = family ?? (localAddress === undefined ? undefined : localAddress.includes(':') ? 6 : 4);
  // URLs write IPv6 addresses in brackets.
  const name = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const found = await getaddrinfo(name, port, {
    family: wanted === 6 ? AF_INET6 : wanted === 4 ? AF_INET : AF_UNSPEC,
    type: SOCK_STREAM,
    signal,
    timeoutMs,
  });
  if (found.length === 0) throw new NameError('EAI_NONAME', 'no address', host);
  return interleave(found.map(({ address }) => address));
}

/** RFC 8305 §4: families in turn, beginning with that of the best address, each in its own order. */
export function interleave(addresses: readonly SocketAddress[]): SocketAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return Array.from({ length: Math.max(first.length, others.length) }, (_, i) => [first[i], others[i]])
    .flat()
    .filter((address) => address !== undefined);
}

/**
 * The first of these addresses that a connection comes about to; see `createConnection`.
 * @param what the name that people know them by, for the error
 */
export async function connectFirst(
  addresses: readonly AddressLike[],
  options: ConnectOptions = {},
  what = 'the list',
): Promise<Socket<typeof SOCK_STREAM>> {
  if (addresses.length === 0) throw new RangeError('addresses: expected at least one, got none');
  return new Race(
    addresses.map((address) => plain(address, options.via)),
    options,
    what,
  ).run();
}

/** Attempts under way, and the one promise that they settle. */
class Race {
  readonly #addresses: readonly SocketAddress[];
  readonly #options: ConnectOptions;
  readonly #what: string;
  readonly #delayMs: number;
  readonly #attempts: Attempt[] = [];
  readonly #stop = new AbortController();
  #began = 0;
  #next = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #resolve: (socket: Socket<typeof SOCK_STREAM>) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #isOver = false;

  constructor(addresses: readonly SocketAddress[], options: ConnectOptions, what: string) {
    const { attemptDelayMs = ATTEMPT_DELAY_MS, timeoutMs } = options;
    if (typeof attemptDelayMs !== 'number' || !(attemptDelayMs >= 10)) {
      throw new RangeError(`attemptDelayMs: expected 10 or more, got ${String(attemptDelayMs)}`);
    }
    if (timeoutMs !== undefined && !(timeoutMs >= 0)) {
      throw new RangeError(`timeoutMs: expected a number of 0 or more, got ${String(timeoutMs)}`);
    }
    this.#addresses = addresses;
    this.#options = options;
    this.#what = what;
    this.#delayMs = attemptDelayMs;
  }

  async run(): Promise<Socket<typeof SOCK_STREAM>> {
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) throw new AbortError(signal.reason);
    const aborted = (): void => this.#end(new AbortError(signal?.reason));
    if (signal !== undefined) onAbort(signal, aborted);
    this.#began = performance.now();
    try {
      return await new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        if (timeoutMs !== undefined && timeoutMs < 0x7fffffff) {
          const error = { code: 'ERR_SOCKET_TIMEOUT', text: `${this.#what} did not answer within the time given` };
          this.#deadline = setTimeout(() => this.#end(new SocketError(error, { syscall: 'connect' })), timeoutMs);
        }
        this.#startNext();
      });
    } finally {
      if (signal !== undefined) offAbort(signal, aborted);
      clearTimeout(this.#deadline);
    }
  }

  /** Begin the next attempt now, and the one after it when its time has come. */
  #startNext(): void {
    clearTimeout(this.#timer);
    const address = this.#addresses[this.#next++];
    if (address === undefined) return;
    this.#running++;
    if (this.#next < this.#addresses.length) this.#timer = setTimeout(() => this.#startNext(), this.#delayMs);
    void this.#attempt(address);
  }

  async #attempt(address: SocketAddress): Promise<void> {
    const startedMs = performance.now() - this.#began;
    let socket: Socket<typeof SOCK_STREAM> | undefined;
    let error: Error | undefined;
    try {
      socket = openFor(address, this.#options);
      await socket.connect(address, { signal: this.#stop.signal });
    } catch (caught) {
      error = caught as Error;
    }
    this.#running--;
    const isWinner = error === undefined && !this.#isOver;
    // A connection that came second is closed like one that never came.
    if (!isWinner) socket?.close();
    if (error === undefined && !isWinner) error = new AbortError('another address was faster');
    const attempt = { address, startedMs, endedMs: performance.now() - this.#began, error };
    this.#attempts.push(attempt);
    this.#tell(attempt);
    if (this.#isOver) return;
    if (isWinner) return this.#end(undefined, socket);
    // RFC 8305 §5: a failure is no reason to wait for the delay.
    if (this.#next < this.#addresses.length) this.#startNext();
    else if (this.#running === 0) this.#end(this.#failure());
  }

  #tell(attempt: Attempt): void {
    try {
      this.#options.onAttempt?.(attempt);
    } catch (error) {
      // A listener threw: that is the process's affair, and the race goes on.
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #failure(): Error {
    const { error } = this.#attempts[0] as Attempt;
    return this.#addresses.length === 1 ? (error as Error) : new ConnectError(this.#what, this.#attempts);
  }

  #end(error: Error | undefined, socket?: Socket<typeof SOCK_STREAM>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    if (socket === undefined) this.#reject(error);
    else this.#resolve(socket);
    this.#stop.abort();
  }
}

function openFor(address: SocketAddress, options: ConnectOptions): Socket<typeof SOCK_STREAM> {
  const { via = kernel, device, prepare, localAddress, localPort } = options;
  const socket = via.socket(domainOf(address), SOCK_STREAM);
  try {
    if (device !== undefined) socket.set(SO.BINDTODEVICE, device);
    prepare?.(socket);
    if (
      (localAddress !== undefined || localPort !== undefined) &&
      (address.family === 'inet' || address.family === 'inet6')
    ) {
      const any = address.family === 'inet6' ? '::' : '0.0.0.0';
      socket.bind({ family: address.family, address: localAddress ?? any, port: localPort ?? 0 });
    }
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Interface names in a text are those of the host that the connection goes by. */
function plain(address: AddressLike, via: Host | undefined): SocketAddress {
  if (address instanceof SockAddr) return decodeSockAddr(address.bytes, address.length);
  return typeof address === 'string' ? parseSocketAddress(address, (name) => ifNameToIndex(name, via)) : address;
}

/** The domain that a socket for this address must have. */
export function domainOf(address: SocketAddress): number {
  const { family } = address;
  if (family === 'inet') return AF_INET;
  if (family === 'inet6') return AF_INET6;
  if (family === 'unix') return AF_UNIX;
  if ((family as string) === 'vsock') return AF_VSOCK;
  throw new TypeError(`address: expected one that streams connect to, got family '${family}'`);
}
