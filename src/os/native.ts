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
export type Handle = number;

/** Indexes into `Native.registers`. */
export const Register = {
  /** Length in bytes of the address that accept, recvfrom, recvmsg, getsockname or getpeername wrote. */
  addressLength: 0,
  /** `msg_flags` of recvmsg (MSG_TRUNC, MSG_CTRUNC, MSG_OOB, MSG_ERRQUEUE …). */
  messageFlags: 1,
  /** Length in bytes of the control data that recvmsg wrote. */
  controlLength: 2,
} as const;

/** Ready bits, the same as epoll's: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP. */
export const Ready = { in: 0x001, out: 0x004, err: 0x008, hup: 0x010, rdhup: 0x2000 } as const;

export interface Native {
  /** Second results of the last call on this thread; see `Register`. */
  readonly registers: Int32Array;

  // family: sockets (native/socket.c)
  socket(domain: number, type: number, protocol: number): Handle | number;
  /** Writes both handles to `pair`. */
  socketpair(domain: number, type: number, protocol: number, pair: Int32Array): number;
  bind(handle: Handle, address: Uint8Array, addressLength: number): number;
  connect(handle: Handle, address: Uint8Array, addressLength: number): number;
  listen(handle: Handle, backlog: number): number;
  /** Returns the new handle; the peer's address goes to `address` (may be null). */
  accept(handle: Handle, address: Uint8Array | null): Handle | number;
  /** Returns the address length (the kernel's, which may be more than fits). */
  getsockname(handle: Handle, address: Uint8Array): number;
  getpeername(handle: Handle, address: Uint8Array): number;
  shutdown(handle: Handle, how: number): number;
  /** Returns the length of the value. */
  getsockopt(handle: Handle, level: number, option: number, value: Uint8Array, length: number): number;
  /**
   * `pointee`, when given, is data that the value points to (sock_fprog's program): its address is stored at
   * `pointerOffset` in `value` for the time of the call.
   */
  setsockopt(
    handle: Handle,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
    pointerOffset?: number,
    pointee?: Uint8Array,
  ): number;

  // family: input and output (native/io.c)
  recv(handle: Handle, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  send(handle: Handle, bytes: Uint8Array, offset: number, length: number, flags: number): number;
  recvfrom(
    handle: Handle,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
  ): number;
  sendto(
    handle: Handle,
    bytes: Uint8Array,
    offset: number,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  /** At most 1024 arrays (IOV_MAX); more is -EINVAL. */
  readv(handle: Handle, parts: readonly Uint8Array[]): number;
  writev(handle: Handle, parts: readonly Uint8Array[]): number;
  recvmsg(
    handle: Handle,
    parts: readonly Uint8Array[],
    address: Uint8Array | null,
    control: Uint8Array | null,
    flags: number,
  ): number;
  sendmsg(
    handle: Handle,
    parts: readonly Uint8Array[],
    address: Uint8Array | null,
    addressLength: number,
    control: Uint8Array | null,
    controlLength: number,
    flags: number,
  ): number;
  /**
   * Up to `count` datagrams in one crossing: datagram i goes to `slab[i * stride …]`, its length to `lengths[i]`
   * (with MSG_TRUNC in `flags` the real length, which may exceed `stride`), its msg_flags to `messageFlags[i]`,
   * its sender to `addresses[i * 128 …]` with `addressLengths[i]` (both may be null). Returns the number received.
   */
  recvmmsg(
    handle: Handle,
    slab: Uint8Array,
    stride: number,
    count: number,
    lengths: Int32Array,
    messageFlags: Int32Array,
    addresses: Uint8Array | null,
    addressLengths: Int32Array | null,
    flags: number,
  ): number;
  /**
   * Up to `count` datagrams in one crossing, laid out as in recvmmsg from datagram `first`. `addressLengths[i]` 0
   * (or null `addresses`) sends on the connection. Returns the number sent.
   */
  sendmmsg(
    handle: Handle,
    slab: Uint8Array,
    stride: number,
    first: number,
    count: number,
    lengths: Int32Array,
    addresses: Uint8Array | null,
    addressLengths: Int32Array | null,
    flags: number,
  ): number;
  read(handle: Handle, bytes: Uint8Array, offset: number, length: number): number;
  write(handle: Handle, bytes: Uint8Array, offset: number, length: number): number;

  // family: descriptors (native/descriptor.c)
  close(handle: Handle): number;
  /** Take ownership of a descriptor of this process: sets O_NONBLOCK and FD_CLOEXEC, returns a handle. */
  adopt(fd: number): Handle | number;
  /** Give up ownership: forget the handle, keep the descriptor open, return it. */
  detach(handle: Handle): number;
  /** The descriptor number behind a handle, still owned by it. */
  fd(handle: Handle): number;
  /** A second descriptor for the same open file (F_DUPFD_CLOEXEC). */
  dup(handle: Handle): Handle | number;
  /** How many handles are open in this environment. */
  openHandles(): number;
  /** open(2) with O_CLOEXEC | O_NONBLOCK added; for device files such as /dev/net/tun. */
  open(path: string, flags: number): Handle | number;
  /** `argument` may be null; `pointee` as in setsockopt (ifreq with a pointer, SIOCETHTOOL). */
  ioctl(
    handle: Handle,
    request: number,
    argument: Uint8Array | null,
    pointerOffset?: number,
    pointee?: Uint8Array,
  ): number;
  /** setns(2) for the calling thread. */
  setns(fd: number, type: number): number;
  /** unshare(2) for the calling thread. */
  unshare(flags: number): number;

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
   * Register a handle, edge-triggered, for EPOLLIN (1), EPOLLOUT (4) or both; RDHUP, HUP and ERR always. Again with a
   * further direction adds it; with what is registered already it is 0 and does nothing.
   */
  watch(handle: Handle, events: number): number;
}

/** The slot of a handle: the index of its ready bits. */
export const SLOT_BITS = 20;
export const slotOf = (handle: Handle): number => handle & ((1 << SLOT_BITS) - 1);
