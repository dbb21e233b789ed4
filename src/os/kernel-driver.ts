/**
 * This machine's kernel as a driver: the addon's functions as they are, plus the readiness loop that wakes sockets.
 * One driver per thread: handles, epoll and waiters belong to the environment that made them.
 */
import type { Handle, SocketDriver, SystemCalls, Wakeable } from '../socket/driver.ts';
import { EBADF } from '../socket/errno.ts';
import { loadNative } from './load.ts';
import { type Native, slotOf } from './native.ts';

/** Slots with ready bits: as many descriptors as Linux lets one process have by default (fs.nr_open). */
const MAX_SLOTS = 1 << 20;

/** Handles woken in one turn: the rest follow in the next, after timers and other handles of the event loop. */
const WOKEN_PER_TURN = 256;

/** Calls that may complete at once before the event loop gets its turn. */
const CALLS_PER_TURN = 512;

export class KernelDriver implements SocketDriver {
  readonly native: Native;
  readonly registers: Int32Array;
  // The addon's own functions, not methods around them: the hot path is one crossing and nothing else.
  readonly socket: SystemCalls['socket'];
  readonly socketpair: SystemCalls['socketpair'];
  readonly bind: SystemCalls['bind'];
  readonly connect: SystemCalls['connect'];
  readonly listen: SystemCalls['listen'];
  readonly accept: SystemCalls['accept'];
  readonly getsockname: SystemCalls['getsockname'];
  readonly getpeername: SystemCalls['getpeername'];
  readonly shutdown: SystemCalls['shutdown'];
  readonly getsockopt: SystemCalls['getsockopt'];
  readonly setsockopt: SystemCalls['setsockopt'];
  readonly recv: SystemCalls['recv'];
  readonly send: SystemCalls['send'];
  readonly recvfrom: SystemCalls['recvfrom'];
  readonly sendto: SystemCalls['sendto'];
  readonly readv: SystemCalls['readv'];
  readonly writev: SystemCalls['writev'];
  readonly recvmsg: SystemCalls['recvmsg'];
  readonly sendmsg: SystemCalls['sendmsg'];
  readonly recvmmsg: SystemCalls['recvmmsg'];
  readonly sendmmsg: SystemCalls['sendmmsg'];
  readonly read: SystemCalls['read'];
  readonly write: SystemCalls['write'];
  readonly sendfile: SystemCalls['sendfile'];
  readonly splice: SystemCalls['splice'];
  readonly close: SystemCalls['close'];
  readonly adopt: SystemCalls['adopt'];
  readonly detach: SystemCalls['detach'];
  readonly fd: SystemCalls['fd'];
  readonly dup: SystemCalls['dup'];
  readonly ioctl: SystemCalls['ioctl'];
  readonly fcntl: SystemCalls['fcntl'];
  readonly pipe: SystemCalls['pipe'];

  readonly #waiters: (Wakeable | undefined)[] = [];
  // Pages of it that no socket uses are never touched, so the size costs address space, not memory.
  readonly #ready: Int32Array = new Int32Array(MAX_SLOTS);
  readonly #woken: Int32Array = new Int32Array(WOKEN_PER_TURN);
  readonly #pollHandles: Int32Array = new Int32Array(1);
  readonly #pollEvents: Int32Array = new Int32Array(1);
  readonly #pollReady: Int32Array = new Int32Array(1);
  #looping = false;
  #pending = 0;
  #budget = CALLS_PER_TURN;
  #turn: (() => void)[] | undefined;

  constructor(native: Native = loadNative()) {
    this.native = native;
    this.registers = native.registers;
    this.socket = native.socket;
    this.socketpair = native.socketpair;
    this.bind = native.bind;
    this.connect = native.connect;
    this.listen = native.listen;
    this.accept = native.accept;
    this.getsockname = native.getsockname;
    this.getpeername = native.getpeername;
    this.shutdown = native.shutdown;
    this.getsockopt = native.getsockopt;
    this.setsockopt = native.setsockopt;
    this.recv = native.recv;
    this.send = native.send;
    this.recvfrom = native.recvfrom;
    this.sendto = native.sendto;
    this.readv = native.readv;
    this.writev = native.writev;
    this.recvmsg = native.recvmsg;
    this.sendmsg = native.sendmsg;
    this.recvmmsg = native.recvmmsg;
    this.sendmmsg = native.sendmmsg;
    this.read = native.read;
    this.write = native.write;
    this.sendfile = native.sendfile;
    this.splice = native.splice;
    this.close = native.close;
    this.adopt = native.adopt;
    this.detach = native.detach;
    this.fd = native.fd;
    this.dup = native.dup;
    this.ioctl = native.ioctl;
    this.fcntl = native.fcntl;
    this.pipe = native.pipe;
  }

  attach(handle: Handle, waiter: Wakeable, events: number): number {
    if (!this.#looping) {
      const started = this.native.loopStart(this.#ready, this.#woken, (count) => this.#wake(count));
      if (started < 0) return started;
      this.#looping = true;
      this.native.loopRef(this.#pending > 0 ? 1 : 0);
    }
    const result = this.native.watch(handle, events);
    if (result === 0) this.#waiters[slotOf(handle)] = waiter;
    return result;
  }

  release(handle: Handle): void {
    this.#waiters[slotOf(handle)] = undefined;
  }

  pending(change: 1 | -1): void {
    this.#pending += change;
    if (!this.#looping) return;
    if (this.#pending === 0) this.native.loopRef(0);
    else if (this.#pending === 1 && change === 1) this.native.loopRef(1);
  }

  #wake(count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = slotOf(this.#woken[i] as number);
      const bits = this.#ready[slot] as number;
      this.#ready[slot] = 0;
      try {
        this.#waiters[slot]?.wake(bits);
      } catch (error) {
        throwLater(error);
      }
    }
  }

  spend(): boolean {
    if (this.#budget > 0) {
      this.#budget--;
      return true;
    }
    this.#startTurn();
    return false;
  }

  nextTurn(run: () => void): void {
    this.#startTurn().push(run);
  }

  #startTurn(): (() => void)[] {
    if (this.#turn !== undefined) return this.#turn;
    const turn: (() => void)[] = [];
    this.#turn = turn;
    setImmediate(() => {
      this.#turn = undefined;
      this.#budget = CALLS_PER_TURN;
      for (const run of turn) {
        try {
          run();
        } catch (error) {
          throwLater(error);
        }
      }
    });
    return turn;
  }

  setTimer(ms: number, run: () => void): () => void {
    // setTimeout takes 2^31 - 1 ms at most and fires at once beyond; 24 days are as good as never for one call.
    const timer = setTimeout(run, Math.min(ms, 0x7fffffff));
    return () => clearTimeout(timer);
  }

  poll(handle: Handle, events: number, timeoutMs: number): number {
    this.#pollHandles[0] = handle;
    this.#pollEvents[0] = events;
    this.#pollReady[0] = 0;
    const result = this.native.poll(this.#pollHandles, this.#pollEvents, this.#pollReady, timeoutMs);
    if (result < 0) return result;
    const bits = this.#pollReady[0] as number;
    const POLLNVAL = 0x20;
    return (bits & POLLNVAL) !== 0 ? -EBADF : bits;
  }

  pollMany(handles: Int32Array, events: Int32Array, revents: Int32Array, timeoutMs: number): number {
    return this.native.poll(handles, events, revents, timeoutMs);
  }

  leaked(_handle: Handle, what: string): void {
    process.emitWarning(`${what} was never closed; close() it, or declare it with 'using'`, 'SocketLeakWarning');
  }
}

/** What one listener throws is an uncaught exception of its own; the others still get their turn. */
function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

let driver: KernelDriver | undefined;

/** This thread's driver, made at first use: importing the package must not need the addon. */
export function kernelDriver(): KernelDriver {
  driver ??= new KernelDriver();
  return driver;
}
