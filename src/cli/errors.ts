/**
 * Errors in one line: what failed, why, what to do. Exit codes: 0 yes, 1 no (refused, unreachable), 2 a mistake in the
 * command or in the system, 128 + n after signal n.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { explain as explainHere } from '../os/explain.ts';
import { errnoName, errnoText } from '../socket/errno.ts';
import { printable } from './text.ts';

export const ExitCode = { yes: 0, no: 1, error: 2, signal: 128 } as const;

/** The command line is wrong: printed with a hint at the help, exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

/** A failure with its own text and exit code. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;
  constructor(message: string, exitCode: number = ExitCode.error, cause?: unknown) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}

/** What SocketError and Node's own errors have. */
interface CodedError {
  readonly code: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly path?: string;
  /** LabRefused: why, and what to do. */
  readonly text?: string;
  readonly hint?: string;
}

function coded(error: unknown): CodedError | null {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string'
    ? (error as unknown as CodedError)
    : null;
}

/** `ECONNREFUSED`, for records; null for an error that has none. */
export function errorCode(error: unknown): string | null {
  return coded(error)?.code ?? (error instanceof Error ? coded(error.cause)?.code : undefined) ?? null;
}

/** Finds out who holds an address. */
type Explainer = typeof explainHere;

/**
 * One line, without the name of the program.
 * @param explainer to tell who holds an address that is in use
 */
export function errorMessage(error: unknown, explainer?: Explainer): string {
  const said = error instanceof Error ? error.message : String(error);
  const known = coded(error);
  return printable((known === null ? null : explain(known, said, explainer)) ?? said).replaceAll('\\n', '; ');
}

/** As `errorMessage`, with what can be found out; it takes much code, which is loaded only when it is needed. */
export async function fullErrorMessage(error: unknown): Promise<string> {
  if (coded(error)?.code !== 'EADDRINUSE') return errorMessage(error);
  const { explain } = await import('../os/explain.ts');
  return errorMessage(error, explain);
}

/** 1 where the network said no, 2 where the command or the system is at fault. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return NO.has(coded(error)?.code ?? '') ? ExitCode.no : ExitCode.error;
}

const NO = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ERR_SOCKET_TIMEOUT',
  'EPIPE',
]);

function explain(error: CodedError, said: string, explainer?: Explainer): string | null {
  const { code, syscall, address, port } = error;
  const place = address === undefined ? 'the address' : port === undefined ? address : endpoint(address, port);
  // Who threw it knows best.
  if (error.text !== undefined && error.hint !== undefined) return `${error.text}. ${capital(error.hint)}`;
  switch (code) {
    case 'EACCES':
      if (syscall === 'bind' && port !== undefined && port > 0) {
        const first = unprivilegedPortStart();
        return `port ${port} is below ip_unprivileged_port_start (${first}). Use ${port + 8_000}, or CAP_NET_BIND_SERVICE`;
      }
      if (syscall === 'socket') return 'a raw or packet socket needs CAP_NET_RAW. Run as root, or inside: barewire lab';
      return null;
    case 'EPERM':
      return `${syscall ?? 'the call'} is not permitted for uid ${process.getuid?.() ?? '?'}. Run as root, or inside: barewire lab`;
    case 'EADDRINUSE':
      return inUse(error, place, explainer);
    case 'EADDRNOTAVAIL':
      return address === undefined ? null : `${address} is not on this host; addresses: ${localAddresses().join(', ')}`;
    case 'ECONNREFUSED':
      return `${place} answered RST: host up, nothing listens on ${port ?? 'that port'}. Is the server running?`;
    case 'ETIMEDOUT':
      return `no answer from ${place}: filtered, or the host is down`;
    case 'ENETUNREACH':
      return `no route to ${place}. See: ip route`;
    case 'EHOSTUNREACH':
      return `${place} cannot be reached: a router said so, or nobody answered ARP or neighbour discovery`;
    case 'ENOTFOUND':
    case 'EAI_NONAME':
      return `${said.split(' ').at(-1)}: this name does not exist`;
    case 'EAI_AGAIN':
      return `${said.split(' ').at(-1)}: the resolver did not answer`;
    case 'ENOENT':
      return error.path === undefined ? null : `${error.path}: no such file or directory`;
  }
  if (syscall !== undefined && error.path !== undefined) return `${error.path}: ${systemText(error, said)}`;
  return null;
}

function inUse(error: CodedError, place: string, explainer: Explainer | undefined): string {
  const { holders: [holder] = [], advice } = explainer?.(error) ?? {};
  if (holder?.pid !== undefined) {
    return `${place} is in use by ${holder.command} (pid ${holder.pid}). End it, or choose another port`;
  }
  if (holder?.state === 'TIME-WAIT')
    return `${place} is in use by connections that have ended. ${capital(advice ?? '')}`;
  return `${place} is in use by another socket. Choose another port, or see who has it: ss -ltnp`;
}

function systemText(error: CodedError, said: string): string {
  const { errno } = error as { errno?: unknown };
  return typeof errno === 'number' && errnoName(-errno) === error.code ? errnoText(-errno) : said;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function endpoint(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** ip(7): ports below need CAP_NET_BIND_SERVICE. */
function unprivilegedPortStart(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
