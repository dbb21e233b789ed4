/**
 * What comes before a connection of net.Socket: looking the name up, binding this end, trying one address after the
 * other (Node's autoSelectFamily: 250 ms for each, families in turn), and the events that tell of it.
 */
import { ADDRCONFIG, lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type BlockList, getDefaultAutoSelectFamily, getDefaultAutoSelectFamilyAttemptTimeout, isIP } from 'node:net';
import type { SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import { AF_INET, AF_INET6, AF_UNIX, IPV6, SO, SOCK_STREAM, type Socket, SocketError } from '../socket/index.ts';
import { addressFields, ipSocketAddress } from './address-fields.ts';
import { checkBoolean, checkConnectPort, checkFunction, checkInteger, checkIp, checkNumber } from './net-arguments.ts';
import { attemptsError, blocked, codedError, hostError } from './net-errors.ts';

const ECONNREFUSED = 111;
const ETIMEDOUT = 110;

/** Shorter attempts than this Node does not make. */
const SHORTEST_ATTEMPT_MS = 10;

type Family = 4 | 6;

interface Target {
  readonly address: string;
  readonly family: Family;
}

/** The net.Socket that opens. */
export interface Opener {
  readonly connecting: boolean;
  /** Addresses that it must not connect to. */
  readonly blockList: BlockList | undefined;
  autoSelectFamilyAttemptedAddresses: string[];
  emit(event: string, ...args: unknown[]): boolean;
  destroy(error?: Error): unknown;
  _unrefTimer(): void;
  /** Connected: the socket is the opener's. */
  opened(socket: Socket): void;
}

let autoSelectFamily = getDefaultAutoSelectFamily();
let attemptTimeoutMs = getDefaultAutoSelectFamilyAttemptTimeout();

export const defaults = {
  getAutoSelectFamily: (): boolean => autoSelectFamily,
  setAutoSelectFamily: (value: boolean): void => {
    autoSelectFamily = checkBoolean(value, 'value');
  },
  getAttemptTimeout: (): number => attemptTimeoutMs,
  setAttemptTimeout: (value: number): void => {
    attemptTimeoutMs = Math.max(SHORTEST_ATTEMPT_MS, checkInteger(value, 'value', 1));
  },
} as const;

/** What connect's options say, checked as Node checks them. */
interface Plan {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly several: boolean;
  readonly attemptMs: number;
}

function planOf(options: Record<string, unknown>): Plan {
  const { localAddress, localPort, autoSelectFamily: several, autoSelectFamilyAttemptTimeout: attemptMs } = options;
  if (localAddress) checkIp(localAddress);
  if (localPort) checkNumber(localPort, 'options.localPort');
  const port = checkConnectPort(options.port);
  return {
    host: (options.host as string | undefined) || 'localhost',
    port,
    localAddress: (localAddress as string | undefined) || undefined,
    localPort: (localPort as number | undefined) || undefined,
    several: several == null ? autoSelectFamily : checkBoolean(several, 'options.autoSelectFamily'),
    attemptMs:
      attemptMs == null
        ? attemptTimeoutMs
        : Math.max(SHORTEST_ATTEMPT_MS, checkInteger(attemptMs, 'options.autoSelectFamilyAttemptTimeout', 1)),
  };
}

/** One call of connect, from then until connected, failed or cancelled. */
export class Opening {
  readonly #opener: Opener;
  #prepared: Socket | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #cancelled = false;
  #refed = true;
  /** The wait for the kernel is taken out of what keeps the process alive. */
  #released = false;

  /** @param prepared used for the first attempt, in place of a new socket */
  constructor(opener: Opener, prepared?: Socket) {
    this.#opener = opener;
    this.#prepared = prepared;
  }

  #newSocket(domain: number): Socket {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    return prepared ?? kernel.socket(domain, SOCK_STREAM);
  }

  /** The socket under way, if any attempt has begun. */
  get socket(): Socket | undefined {
    return this.#socket;
  }

  cancel(): void {
    this.#cancelled = true;
    this.#drop();
  }

  setRef(on: boolean): void {
    this.#refed = on;
    this.#hold(!on && this.#socket !== undefined);
  }

  #hold(released: boolean): void {
    if (released === this.#released) return;
    this.#released = released;
    this.#socket?.driver.pending(released ? -1 : 1);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#hold(false);
    this.#prepared?.close();
    this.#prepared = undefined;
    this.#socket?.close();
    this.#socket = undefined;
  }

  // ---------------------------------------------------------------- unix(7)

  /** @param path a NUL first means the abstract namespace */
  toPath(path: string): void {
    const opener = this.#opener;
    opener.emit('connectionAttempt', path, undefined, undefined);
    const address: SocketAddress = path.startsWith('\0')
      ? { family: 'unix', abstract: path.slice(1) }
      : { family: 'unix', path };
    this.#attempt(AF_UNIX, address, (errno) => {
      if (errno === 0) {
        this.#done();
        return;
      }
      const error = hostError(errno, 'connect', path);
      opener.emit('connectionAttemptFailed', path, undefined, undefined, error);
      opener.destroy(error);
    });
  }

  // ---------------------------------------------------------------- IP

  /** @throws errors about options, at once */
  toHost(options: Record<string, unknown>): void {
    const plan = planOf(options);
    const opener = this.#opener;
    const version = isIP(plan.host);
    if (version !== 0) {
      const target: Target = { address: plan.host, family: version as Family };
      process.nextTick(() => {
        if (opener.connecting && !this.#cancelled) this.#one(plan, target);
      });
      return;
    }
    if (options.lookup != null) checkFunction(options.lookup, 'options.lookup');
    const family = familyOf(options.family);
    const hints = (options.hints as number | undefined) || 0;
    const anyFamily = family !== 4 && family !== 6;
    const question = { family, hints: anyFamily && hints === 0 ? ADDRCONFIG : hints };
    const lookup = (options.lookup ?? dnsLookup) as typeof dnsLookup;
    if (anyFamily && plan.localAddress === undefined && plan.several) {
      lookup(
        plan.host,
        { ...question, all: true } as never,
        ((error: Error | null, found: LookupAddress[]) => this.#foundSeveral(plan, error, found)) as never,
      );
      return;
    }
    lookup(
      plan.host,
      question as never,
      ((error: Error | null, ip: string, found: number) => this.#foundOne(plan, options, error, ip, found)) as never,
    );
  }

  get #isOver(): boolean {
    return this.#cancelled || !this.#opener.connecting;
  }

  #fail(error: Error): void {
    // connect() may have been called a moment ago, before anybody listens.
    process.nextTick(() => {
      if (!this.#cancelled) this.#opener.destroy(error);
    });
  }

  #foundOne(plan: Plan, options: Record<string, unknown>, error: Error | null, ip: string, family: number): void {
    this.#opener.emit('lookup', error, ip, family, plan.host);
    if (this.#isOver) return;
    if (error !== null && error !== undefined) {
      this.#fail(error);
      return;
    }
    const wrong = wrongAddress(ip, family, options);
    if (wrong !== null) {
      this.#fail(wrong);
      return;
    }
    this.#opener._unrefTimer();
    this.#one(plan, { address: ip, family: family as Family });
  }

  #foundSeveral(plan: Plan, error: Error | null, found: readonly LookupAddress[]): void {
    if (this.#isOver) return;
    if (error !== null && error !== undefined) {
      this.#opener.emit('lookup', error, undefined, undefined, plan.host);
      this.#fail(error);
      return;
    }
    for (const { address, family } of found) {
      this.#opener.emit('lookup', error, address, family, plan.host);
      if (this.#isOver) return;
    }
    const targets = inTurn(found);
    const [only] = targets;
    if (only === undefined) {
      const { address, family } = found[0] as LookupAddress;
      this.#fail(wrongAddress(address, family, { host: plan.host, port: plan.port }) as Error);
      return;
    }
    this.#opener._unrefTimer();
    if (targets.length === 1) {
      this.#one(plan, only);
      return;
    }
    this.#opener.autoSelectFamilyAttemptedAddresses = [];
    this.#next(plan, targets, 0, []);
  }

  #one(plan: Plan, target: Target): void {
    const { address, family } = target;
    const opener = this.#opener;
    const local = localOf(plan, target);
    const { port } = plan;
    const early = this.#begin(target, plan, local, (errno) => {
      if (errno === 0) {
        this.#done();
        return;
      }
      const error = connectError(errno, plan, target, local);
      opener.emit('connectionAttemptFailed', address, port, family, error);
      opener.destroy(error);
    });
    if (early !== null) opener.destroy(early);
  }

  /** Attempt number `index`; those before have failed. */
  #next(plan: Plan, targets: readonly Target[], index: number, errors: Error[]): void {
    if (this.#isOver) return;
    const opener = this.#opener;
    const target = targets[index];
    if (target === undefined) {
      opener.destroy(attemptsError(errors));
      return;
    }
    const { address, family } = target;
    const { port } = plan;
    const local = plan.localPort === undefined ? undefined : localOf(plan, target);
    const goOn = (event: string, error: Error): void => {
      clearTimeout(this.#timer);
      errors.push(error);
      if (event === 'connectionAttemptTimeout') opener.emit(event, address, port, family);
      else if (!isBind(error)) opener.emit(event, address, port, family, error);
      this.#drop();
      this.#next(plan, targets, index + 1, errors);
    };
    const early = this.#begin(target, plan, local, (errno) => {
      if (errno === 0) this.#done();
      else goOn('connectionAttemptFailed', connectError(errno, plan, target, local));
    });
    if (early === null || !isBind(early)) opener.autoSelectFamilyAttemptedAddresses.push(`${address}:${port}`);
    if (early !== null) {
      goOn('connectionAttemptFailed', early);
      return;
    }
    if (index === targets.length - 1) return;
    this.#timer = setTimeout(() => {
      goOn('connectionAttemptTimeout', connectError(ETIMEDOUT, plan, target, local));
    }, plan.attemptMs);
  }

  /** Bind, tell, and connect. @returns an error that was there at once */
  #begin(target: Target, plan: Plan, local: Target | undefined, settle: (errno: number) => void): Error | null {
    const { address, family } = target;
    let socket: Socket;
    try {
      socket = this.#newSocket(family === 6 ? AF_INET6 : AF_INET);
    } catch (error) {
      return hostError(errnoOf(error), 'connect', address, plan.port);
    }
    this.#socket = socket;
    if (local !== undefined) {
      const port = plan.localPort ?? 0;
      try {
        // What libuv sets before every bind.
        socket.set(SO.REUSEADDR, true);
        if (family === 6) socket.set(IPV6.V6ONLY, false);
        socket.bind(ipSocketAddress(local.address, port));
      } catch (error) {
        return hostError(errnoOf(error), 'bind', local.address, port);
      }
    }
    this.#opener.emit('connectionAttempt', address, plan.port, family);
    if (this.#isOver) return null;
    if (this.#opener.blockList?.check(address, family === 6 ? 'ipv6' : 'ipv4') === true) return blocked(address);
    const errno = this.#connect(socket, ipSocketAddress(address, plan.port), settle);
    if (errno === 0) return null;
    const { address: here, port: herePort } = addressFields(() => socket.getsockname());
    return hostError(errno, 'connect', address, plan.port, `${here}:${herePort}`);
  }

  // ---------------------------------------------------------------- the system call

  #attempt(domain: number, address: SocketAddress, settle: (errno: number) => void): void {
    let socket: Socket;
    try {
      socket = this.#newSocket(domain);
    } catch (error) {
      process.nextTick(settle, errnoOf(error));
      return;
    }
    this.#socket = socket;
    this.#connect(socket, address, settle);
  }

  /**
   * connect(2), its outcome told in a later turn: 0 or a positive errno.
   * @returns 0, or the errno of a call that was refused as it stood (ENETUNREACH, EINVAL), which Node tells at once
   */
  #connect(socket: Socket, address: SocketAddress, settle: (errno: number) => void): number {
    const settleIfCurrent = (errno: number): void => {
      if (this.#cancelled || this.#socket !== socket) return;
      this.#hold(false);
      settle(errno);
    };
    let connected: boolean;
    try {
      connected = socket.tryConnect(address) === true;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== ECONNREFUSED && address.family !== 'unix') return errno;
      socket.driver.nextTurn(() => settleIfCurrent(errno));
      return 0;
    }
    const failed = (error: unknown): void => settleIfCurrent(errnoOf(error));
    // Never in the turn of the call, even where the kernel answers at once: listeners may be added until then.
    socket.driver.nextTurn(() => {
      if (connected) settleIfCurrent(0);
      else if (this.#socket === socket && !this.#cancelled) {
        socket.connect(address).then(() => settleIfCurrent(0), failed);
        if (!this.#refed) this.#hold(true);
      }
    });
    return 0;
  }

  #done(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket as Socket;
    this.#socket = undefined;
    this.#opener.opened(socket);
  }
}

function errnoOf(error: unknown): number {
  if (error instanceof SocketError) return -error.errno;
  // A path that does not fit, and the like: what the kernel would say of such an address.
  const EINVAL = 22;
  if (error instanceof TypeError || error instanceof RangeError) return EINVAL;
  throw error;
}

function familyOf(family: unknown): unknown {
  if (family === 'IPv4') return 4;
  return family === 'IPv6' ? 6 : family;
}

/** A failed bind is no attempt. */
function isBind(error: Error): boolean {
  return (error as { syscall?: string }).syscall === 'bind';
}

/** Where this end is bound, when anything is asked. */
function localOf(plan: Plan, target: Target): Target | undefined {
  if (plan.localAddress === undefined && plan.localPort === undefined) return undefined;
  return { address: plan.localAddress ?? (target.family === 6 ? '::' : '0.0.0.0'), family: target.family };
}

function connectError(errno: number, plan: Plan, target: Target, local: Target | undefined): Error {
  const localPort = plan.localPort;
  if (local === undefined || localPort === undefined) return hostError(errno, 'connect', target.address, plan.port);
  const error = hostError(errno, 'connect', target.address, plan.port, `${local.address}:${localPort}`);
  return Object.assign(error, { localAddress: local.address, localPort });
}

/** Each address once, families in turn, the first one's first. */
function inTurn(found: readonly LookupAddress[]): Target[] {
  const lists: Record<Family, Target[]> = { 4: [], 6: [] };
  let first: Family | undefined;
  for (const { address, family } of found) {
    if (isIP(address) === 0 || (family !== 4 && family !== 6)) continue;
    first ??= family;
    if (!lists[family].some((target) => target.address === address)) lists[family].push({ address, family });
  }
  const [one, other] = first === 6 ? [lists[6], lists[4]] : [lists[4], lists[6]];
  const targets: Target[] = [];
  for (let index = 0; index < Math.max(one.length, other.length); index++) {
    if (one[index] !== undefined) targets.push(one[index] as Target);
    if (other[index] !== undefined) targets.push(other[index] as Target);
  }
  return targets;
}

/** What a lookup of the program's own may get wrong. */
function wrongAddress(ip: unknown, family: unknown, options: Record<string, unknown>): Error | null {
  if (typeof ip !== 'string' || isIP(ip) === 0) {
    return codedError(TypeError, 'ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${String(ip)}`);
  }
  if (family === 4 || family === 6) return null;
  const { host, port } = options;
  const message = `Invalid address family: ${String(family)} ${String(host)}:${String(port)}`;
  return Object.assign(codedError(RangeError, 'ERR_INVALID_ADDRESS_FAMILY', message), { host, port });
}
