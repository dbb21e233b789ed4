/**
 * A network namespace as a host (network_namespaces(7)): its sockets are made inside it and live there; everything else
 * about them is as on the kernel, in the same process and event loop.
 */
import { closeSync, openSync } from 'node:fs';
import { Rtnetlink } from '../netlink/rtnetlink.ts';
import type { SocketDriver } from '../socket/driver.ts';
import { EBADF } from '../socket/errno.ts';
import { SocketError } from '../socket/error.ts';
import { DriverHost } from '../socket/host.ts';
import { type KernelDriver, kernelDriver } from './kernel-driver.ts';

/** unshare(2) and setns(2). */
export const CLONE_NEWNET = 0x40000000;

/** The namespace of the calling thread; `/proc/self` would be the main thread's in a worker. */
const THREAD_NAMESPACE = '/proc/thread-self/ns/net';

/** The kernel driver, with the calls that make sockets done inside the namespace. */
function driverInside(kernel: KernelDriver, run: <T>(inside: () => T) => T): SocketDriver {
  // The addon's functions are own properties of the driver and are taken as they are; its methods keep their object.
  return Object.assign({} as SocketDriver, kernel, {
    socket: (domain, type, protocol) => run(() => kernel.socket(domain, type, protocol)),
    socketpair: (domain, type, protocol, pair) => run(() => kernel.socketpair(domain, type, protocol, pair)),
    attach: (handle, waiter, events) => kernel.attach(handle, waiter, events),
    release: (handle) => kernel.release(handle),
    pending: (change) => kernel.pending(change),
    spend: () => kernel.spend(),
    nextTurn: (run) => kernel.nextTurn(run),
    setTimer: (ms, run) => kernel.setTimer(ms, run),
    poll: (handle, events, timeoutMs) => kernel.poll(handle, events, timeoutMs),
    pollMany: (handles, events, revents, timeoutMs) => kernel.pollMany(handles, events, revents, timeoutMs),
    leaked: (handle, what) => kernel.leaked(handle, what),
  } satisfies Partial<SocketDriver>);
}

/** The number that a namespace's loopback interface always has. */
const LOOPBACK_INDEX = 1;

export interface NamespaceOptions {
  /** Bring the loopback interface up, so that 127.0.0.1 and ::1 answer. */
  readonly loopback?: boolean;
}

/** The way into a namespace, which it keeps alive; closed, or collected, it leads nowhere. */
class Entrance {
  readonly fd: number;
  readonly #kernel: KernelDriver;
  #open = true;

  /** @param fd owned from now on */
  constructor(fd: number, kernel: KernelDriver) {
    this.fd = fd;
    this.#kernel = kernel;
    entrances.register(this, fd, this);
  }

  run<T>(inside: () => T): T {
    // The number may be another file's by now: another namespace's.
    if (!this.#open) throw new SocketError(EBADF, { syscall: 'setns' });
    const home = openSync(THREAD_NAMESPACE, 'r');
    try {
      enter(this.#kernel, this.fd);
      try {
        return inside();
      } finally {
        enter(this.#kernel, home);
      }
    } finally {
      closeSync(home);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    entrances.unregister(this);
    closeSync(this.fd);
  }
}

const entrances = new FinalizationRegistry<number>((fd) => closeSync(fd));

export class NetworkNamespace extends DriverHost implements Disposable {
  /** A descriptor that keeps the namespace alive; owned. */
  readonly fd: number;
  readonly #entrance: Entrance;

  private constructor(name: string, entrance: Entrance, kernel: KernelDriver) {
    super(
      name,
      driverInside(kernel, (inside) => entrance.run(inside)),
    );
    this.fd = entrance.fd;
    this.#entrance = entrance;
  }

  /**
   * Make a new, empty namespace: only a loopback interface, which is down unless `loopback` says otherwise.
   * @throws SocketError EPERM without CAP_SYS_ADMIN (a user namespace of one's own gives it)
   */
  static create(name: string, { loopback = false }: NamespaceOptions = {}): NetworkNamespace {
    const kernel = kernelDriver();
    const made = new NetworkNamespace(name, new Entrance(openNew(kernel), kernel), kernel);
    if (!loopback) return made;
    try {
      using route = new Rtnetlink(made);
      route.setLink(LOOPBACK_INDEX, { up: true });
      return made;
    } catch (error) {
      made.close();
      throw error;
    }
  }

  /**
   * Run `inside` synchronously in the namespace: what it opens belongs there. Do not await in it.
   * @throws SocketError EBADF after `close`, as the host's own calls
   */
  run<T>(inside: () => T): T {
    return this.#entrance.run(inside);
  }

  /** Let go of the namespace: it ends with its last socket, and no further one can be made. Twice is fine. */
  close(): void {
    this.#entrance.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A descriptor of a namespace that is made for it. */
function openNew(kernel: KernelDriver): number {
  const home = openSync(THREAD_NAMESPACE, 'r');
  try {
    const made = kernel.native.unshare(CLONE_NEWNET);
    if (made < 0) throw new SocketError(-made, { syscall: 'unshare' });
    try {
      return openSync(THREAD_NAMESPACE, 'r');
    } finally {
      enter(kernel, home);
    }
  } finally {
    closeSync(home);
  }
}

function enter(kernel: KernelDriver, fd: number): void {
  const result = kernel.native.setns(fd, CLONE_NEWNET);
  if (result < 0) throw new SocketError(-result, { syscall: 'setns' });
}
