/** What the commands that talk line by line (chat, echo) share: addresses, records, input lines, errors, signals. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { formatSocketAddress, parsePort, type SocketAddress } from '../addr/index.ts';
import { explain as explainHere } from '../os/explain.ts';
import { SocketError } from '../socket/error.ts';
import { LineSplitter } from '../tools/chat/index.ts';
import { CommandError, ExitCode, errorMessage } from './errors.ts';

export interface FamilyOptions {
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
}

/** `[ADDR] [PORT]` of a server: a number alone is a port. */
export function listenArguments(
  first: string | undefined,
  second: string | undefined,
): [string | undefined, string | undefined] {
  return second === undefined && first !== undefined && /^\d+$/.test(first) ? [undefined, first] : [first, second];
}

export function portNumber(text: string | undefined, fallback: number, least = 1): number {
  if (text === undefined) return fallback;
  let port = -1;
  try {
    port = parsePort(text);
  } catch {
    // Told below.
  }
  if (port < least) throw new CommandError(`port: expected a number from ${least} to 65535, got '${text}'`);
  return port;
}

/** @returns ms; undefined for 0, which means without end */
export function seconds(name: string, text: string): number | undefined {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new CommandError(`${name}: expected seconds, got '${text}'`);
  }
  return value === 0 ? undefined : value * 1000;
}

/** The addresses of a name, in the system's order; an address is itself. */
export async function addressesOf(host: string, port: number, options: FamilyOptions): Promise<SocketAddress[]> {
  if (options.ipv4 === true && options.ipv6 === true) throw new CommandError('-4 and -6 exclude each other');
  const family = options.ipv4 === true ? 4 : options.ipv6 === true ? 6 : 0;
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const zoned = bare.includes('%');
  if (isIP(bare) !== 0 && family !== 0 && isIP(bare) !== family) {
    throw new CommandError(`${bare} is not an IPv${family} address`);
  }
  let found: readonly { address: string; family: number }[];
  try {
    found = zoned ? [{ address: bare, family: 6 }] : await lookup(bare, { all: true, family });
  } catch (error) {
    const code = (error as { code?: string }).code;
    throw new CommandError(
      code === 'EAI_AGAIN'
        ? `${bare}: no name server answered`
        : family === 0
          ? `${bare}: no such name`
          : `${bare}: no IPv${family} address`,
    );
  }
  return found.map((entry) => ({ family: entry.family === 6 ? 'inet6' : 'inet', address: entry.address, port }));
}

/** Open the first address that can be opened; the last one's error when none can. */
export async function firstThatOpens<T>(
  addresses: readonly SocketAddress[],
  open: (at: SocketAddress) => Promise<T> | T,
): Promise<T> {
  let last: unknown;
  for (const address of addresses) {
    try {
      return await open(address);
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      last = error;
    }
  }
  throw last;
}

/** The error to show: where the general text would miss what this conversation knows, one that says it. */
export function explained(error: unknown, udp: boolean, at?: SocketAddress): unknown {
  if (!(error instanceof SocketError)) return error;
  const where = at === undefined ? 'the peer' : formatSocketAddress(at);
  switch (error.code) {
    case 'ECONNREFUSED':
      return udp
        ? new CommandError(
            `${where} answered ICMP port unreachable (connection refused): nothing listens there`,
            ExitCode.no,
          )
        : error;
    case 'ECONNRESET':
    case 'EPIPE':
      return new CommandError(`${where}: connection reset by peer`, ExitCode.no, error);
    case 'ERR_SOCKET_TIMEOUT':
      return new CommandError(`${where}: no answer in time`, ExitCode.no, error);
    default:
      return error;
  }
}

type Field = string | number | boolean | null | readonly string[] | SocketAddress;

/** Where a command's results go: lines for people, or one JSON object a line. Data on stdout, talk on stderr. */
export class Report {
  readonly json: boolean;
  readonly #command: string;
  readonly #startedAt = performance.now();
  #hasSummary = false;
  /** What the summary of a failure tells. */
  counts: () => Readonly<Record<string, Field>> = () => ({});
  /** Prints above the input line while there is one. */
  print: (text: string) => void = (text) => {
    process.stdout.write(`${text}\n`);
  };

  constructor(command: string, json: boolean | undefined) {
    this.#command = command;
    this.json = json === true;
  }

  /** A record in JSON mode, `text` (when there is one) else. */
  event(type: string, fields: Readonly<Record<string, Field>>, text?: string): void {
    if (this.json) this.#record(type, fields);
    else if (text !== undefined) this.print(text);
  }

  /** For people, on stderr, in both modes. */
  note(text: string): void {
    if (process.stderr.isTTY && !this.json) this.print(text);
    else process.stderr.write(`${text}\n`);
  }

  /** Record the failure that ends the command; the caller throws what is returned, and the program prints it. */
  fail(error: unknown, udp = false, at?: SocketAddress): unknown {
    const shown = explained(error, udp, at);
    const code = (error as { code?: unknown }).code;
    if (this.json) {
      this.#record('error', {
        code: typeof code === 'string' ? code : null,
        message: errorMessage(shown, explainHere),
      });
    }
    this.summary(code === 'ERR_SOCKET_TIMEOUT' ? 'deadline' : 'error', this.counts());
    return shown;
  }

  /** The last record, once; `text` goes to stderr when given. */
  summary(
    reason: 'done' | 'interrupted' | 'deadline' | 'error',
    fields: Readonly<Record<string, Field>>,
    text?: string,
  ): void {
    if (this.#hasSummary) return;
    this.#hasSummary = true;
    if (this.json) this.#record('summary', { reason, ...fields, elapsed_ms: Math.round(this.elapsedMs) });
    if (text !== undefined) process.stderr.write(`barewire ${this.#command}: ${text}\n`);
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  #record(type: string, fields: Readonly<Record<string, Field>>): void {
    process.stdout.write(`${JSON.stringify({ v: 1, type, time: new Date().toISOString(), ...fields })}\n`);
  }
}

export const addressFields = (address: SocketAddress): { address: string; port: number } =>
  address.family === 'inet' || address.family === 'inet6'
    ? { address: address.address, port: address.port }
    : { address: formatSocketAddress(address), port: 0 };

/** The lines of standard input when it is not a terminal. `undefined` is a line longer than `limit`. */
export async function* inputLines(limit: number): AsyncGenerator<string | undefined, void, void> {
  const lines = new LineSplitter(limit);
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      for (const line of lines.push(chunk)) yield line.tooLong ? undefined : line.text;
    }
  } catch (error) {
    // A closed descriptor or a terminal that went away reads as its end.
    if ((error as { code?: string }).code === undefined) throw error;
  }
  for (const line of lines.end()) yield line.text;
}

/** A command that has ended must not be kept alive by input that nobody reads any more. */
export function releaseInput(): void {
  process.stdin.pause();
  process.stdin.destroy();
}
