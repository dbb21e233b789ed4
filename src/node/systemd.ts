/**
 * The service manager's two protocols: sockets that it opened for us (sd_listen_fds(3)) and what we tell it
 * (sd_notify(3)). Both are environment variables and plain sockets; no library of systemd's is needed.
 */
import { parseSocketAddress, type SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import { AF_UNIX, AF_VSOCK, type OutgoingControl, SOCK_DGRAM, SOCK_STREAM, type Socket } from '../socket/index.ts';

/** sd_listen_fds(3): the first descriptor that is passed. */
const LISTEN_FDS_START = 3;
/** More would be no service's; a fence against nonsense in the environment. */
const MOST_DESCRIPTORS = 1024;

type Environment = Record<string, string | undefined>;

/** A socket that the service manager opened and passed on. */
export interface PassedSocket {
  /** FileDescriptorName= of the socket unit; `unknown` when it gave none. */
  readonly name: string;
  readonly socket: Socket;
}

/**
 * The sockets that this process was started with, each now ours; none when it was not started through a socket unit.
 * The environment variables are removed, so that children do not take them for theirs; call it once.
 * @throws RangeError for variables that make no sense; SocketError ENOTSOCK for a descriptor that is no socket
 */
export function listenFds(environment: Environment = process.env): PassedSocket[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = environment;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) delete environment[name];
  // Inherited through a shell that is not the service: the descriptors are not here.
  if (pid === undefined || count === undefined || Number(pid) !== process.pid) return [];
  const total = Number(count);
  if (!Number.isInteger(total) || total < 0 || total > MOST_DESCRIPTORS) {
    throw new RangeError(`LISTEN_FDS: expected 0 to ${MOST_DESCRIPTORS}, got '${count}'`);
  }
  const named = names === undefined || names === '' ? [] : names.split(':');
  const passed: PassedSocket[] = [];
  try {
    for (let i = 0; i < total; i++) {
      passed.push({ name: named[i] ?? 'unknown', socket: kernel.adopt(LISTEN_FDS_START + i) });
    }
  } catch (error) {
    for (const { socket } of passed) socket.close();
    throw error;
  }
  return passed;
}

export interface Notification {
  /** READY=1: started (or done reloading). */
  readonly ready?: boolean | undefined;
  readonly reloading?: boolean | undefined;
  readonly stopping?: boolean | undefined;
  /** STATUS=: one line for `systemctl status`. */
  readonly status?: string | undefined;
  /** ERRNO=: why it failed, positive. */
  readonly errno?: number | undefined;
  /** MAINPID= */
  readonly mainPid?: number | undefined;
  /** WATCHDOG=1: still alive. `trigger`: take it as dead. */
  readonly watchdog?: boolean | 'trigger' | undefined;
  /** EXTEND_TIMEOUT_USEC=, from ms. */
  readonly extendTimeoutMs?: number | undefined;
  /** FDSTORE=1: descriptors to keep while the service restarts, under a name. They stay open here. */
  readonly store?: { readonly name: string; readonly fds: readonly (number | Socket)[] } | undefined;
  /** FDSTOREREMOVE=1: forget those kept under this name. */
  readonly unstore?: string | undefined;
  /** Any further assignments, as they are: `{ BUSERROR: '…' }`. */
  readonly extra?: Readonly<Record<string, string>> | undefined;
}

/**
 * Tell the service manager: sd_notify(3).
 * @returns false when there is none (NOTIFY_SOCKET is not set), which is no error
 * @throws TypeError for a value with a line break; SocketError of the send
 * @example
 * ```ts
 * import { notify } from 'barewire/node';
 * await notify({ ready: true, status: 'Waiting for connections' });
 * ```
 */
export async function notify(what: Notification, environment: Environment = process.env): Promise<boolean> {
  const text = message(what);
  const where = environment.NOTIFY_SOCKET;
  if (where === undefined || where === '') return false;
  const address = notifyAddress(where);
  const isVsock = (address.family as string) === 'vsock';
  const control: OutgoingControl[] = what.store === undefined ? [] : [{ kind: 'rights', fds: [...what.store.fds] }];
  // systemd listens for streams on vsock, as few kernels have its datagrams.
  using socket = isVsock ? kernel.socket(AF_VSOCK, SOCK_STREAM) : kernel.socket(AF_UNIX, SOCK_DGRAM);
  if (isVsock) {
    await socket.connect(address);
    await socket.sendAll(text);
  } else await socket.sendmsg({ data: text, to: address, control });
  return true;
}

function notifyAddress(where: string): SocketAddress {
  if (where.startsWith('@')) return { family: 'unix', abstract: where.slice(1) };
  if (where.startsWith('/')) return { family: 'unix', path: where };
  if (/^vsock(-stream)?:/.test(where)) return parseSocketAddress(where.replace(/^vsock-stream:/, 'vsock:'));
  throw new RangeError(`NOTIFY_SOCKET: expected a path, @name or vsock:CID:PORT, got '${where}'`);
}

function message(what: Notification): string {
  const { ready, reloading, stopping, status, errno, mainPid, watchdog, extendTimeoutMs, store, unstore, extra } = what;
  const lines: [string, string][] = [];
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) lines.push([name, String(value)]);
  };
  add('READY', ready === true ? 1 : undefined);
  add('RELOADING', reloading === true ? 1 : undefined);
  // sd_notify(3): with RELOADING=1 the time is wanted, on the monotonic clock.
  add('MONOTONIC_USEC', reloading === true ? String(process.hrtime.bigint() / 1000n) : undefined);
  add('STOPPING', stopping === true ? 1 : undefined);
  add('STATUS', status);
  add('ERRNO', errno);
  add('MAINPID', mainPid);
  add('WATCHDOG', watchdog === true ? 1 : watchdog === 'trigger' ? 'trigger' : undefined);
  add('EXTEND_TIMEOUT_USEC', extendTimeoutMs === undefined ? undefined : Math.round(extendTimeoutMs * 1000));
  add('FDSTORE', store === undefined ? undefined : 1);
  add('FDSTOREREMOVE', unstore === undefined ? undefined : 1);
  add('FDNAME', store?.name ?? unstore);
  for (const [name, value] of Object.entries(extra ?? {})) add(name, value);
  for (const [name, value] of lines) {
    if (/[\n\0]/.test(value)) throw new TypeError(`${name}: expected one line, got ${JSON.stringify(value)}`);
  }
  return lines.map(([name, value]) => `${name}=${value}`).join('\n');
}

/**
 * How often the service manager wants to hear that we live: WATCHDOG_USEC in ms, undefined when it does not
 * (sd_watchdog_enabled(3)). Tell it twice as often.
 */
export function watchdogIntervalMs(environment: Environment = process.env): number | undefined {
  const { WATCHDOG_USEC: interval, WATCHDOG_PID: pid } = environment;
  if (interval === undefined || (pid !== undefined && Number(pid) !== process.pid)) return undefined;
  const microseconds = Number(interval);
  return Number.isFinite(microseconds) && microseconds > 0 ? microseconds / 1000 : undefined;
}

/**
 * Tell the service manager at half its interval that we live, as long as the event loop turns; does not keep the process
 * alive. Does nothing where no watchdog is wanted.
 * @param isWell asked each time; false lets the watchdog bite
 * @returns how to stop
 */
export function startWatchdog(isWell: () => boolean = () => true, environment: Environment = process.env): () => void {
  const interval = watchdogIntervalMs(environment);
  if (interval === undefined) return () => undefined;
  const timer = setInterval(() => {
    if (isWell()) notify({ watchdog: true }, environment).catch(() => undefined);
  }, interval / 2);
  timer.unref();
  return () => clearInterval(timer);
}
