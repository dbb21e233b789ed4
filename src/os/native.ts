/**
 * What the C addon exports: one function per system call, no policy.
 *
 * The rules of the contract (native/README.md says how C keeps them):
 * - arguments are numbers and typed arrays; the result is the call's own value or **-errno**; no call throws for what
 *   the kernel says. A wrong *type* of argument is -EINVAL, an offset or length outside its array is -EFAULT, a handle
 *   that is closed or was never ours is -EBADF;
 * - a `Handle` is a slot and a generation in one 31-bit number, never the descriptor itself, so a descriptor number
 *   that the kernel hands out again is never reached through a stale handle;
 * - every descriptor is non-blocking and close-on-exec; EINTR is retried in C;
 * - a call that has more than one result leaves the others in `registers` (see `Register`), read them before the
 *   next call;
 * - addresses, options and control messages are bytes: C knows no format.
 */
import type { Handle, SystemCalls } from '../socket/system-calls.ts';

/** Ready bits, the same as epoll's: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP. */
export const Ready = { in: 0x001, pri: 0x002, out: 0x004, err: 0x008, hup: 0x010, rdhup: 0x2000 } as const;

export interface Native extends SystemCalls {
  /** How many handles are open in this environment. */
  openHandles(): number;
  /** open(2) with O_CLOEXEC | O_NONBLOCK added; for device files such as /dev/net/tun. */
  open(path: string, flags: number): number;
  /** pidfd_open(2). */
  pidfdOpen(pid: number): number;
  /** setns(2) for the calling thread. */
  setns(fd: number, type: number): number;
  /** unshare(2) for the calling thread. */
  unshare(flags: number): number;

  // family: rings (native/ring.c)
  /**
   * mmap(2) of a socket's ring, readable and writable, shared with the kernel. -EOPNOTSUPP where this build of V8 takes
   * no memory from outside. Unmapped when the buffer is collected, or by `munmap`.
   */
  mmap(handle: Handle, length: number): ArrayBuffer | number;
  /** munmap(2): views of the buffer become empty. */
  munmap(buffer: ArrayBuffer): number;

  // family: readiness (native/poll.c, native/loop.c)
  /**
   * poll(2) on `handles`, each waiting for `events[i]` (POLLIN 1, POLLOUT 4); `revents[i]` gets what is ready.
   * Blocks the thread for at most `timeoutMs` (-1: without end). EINTR is retried with the time that remains.
   */
  poll(handles: Int32Array, events: Int32Array, revents: Int32Array, timeoutMs: number): number;
  /**
   * Start this environment's readiness loop: one epoll descriptor under one uv_poll handle. When descriptors become
   * ready, C ORs their bits into `ready[slot]`, lists their handles in `woken[0 … count)` and calls `wake(count)`,
   * at most `woken.length` a turn. -ENOSYS where the runtime's libuv cannot poll (then nothing is registered).
   */
  loopStart(ready: Int32Array, woken: Int32Array, wake: (count: number) => void): number;
  loopStop(): number;
  /** Keep the process alive while something waits (1), or not (0). */
  loopRef(wanted: number): number;
  /**
   * Register a handle, edge-triggered, for any of EPOLLIN (1), EPOLLPRI (2) and EPOLLOUT (4); RDHUP, HUP and ERR always. Again with a
   * further direction adds it; with what is registered already it is 0 and does nothing.
   */
  watch(handle: Handle, events: number): number;
}

/** The slot of a handle: the index of its ready bits. */
export const SLOT_BITS = 20;
export const slotOf = (handle: Handle): number => handle & ((1 << SLOT_BITS) - 1);
