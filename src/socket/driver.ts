/**
 * What stands behind a socket: one method per system call, numbers and bytes in, the call's value or **-errno** out.
 * The kernel driver (os) and the stack implement it; everything a program sees (`Socket`) is written once above it.
 */

/** Names one open socket of one driver; never reused while anybody can still hold it. */
export type Handle = number;

/** Whoever waits for a handle: told the ready bits (POLLIN …) whenever they change from not ready to ready. */
export interface Wakeable {
  wake(bits: number): void;
}

export interface SocketDriver {
  /**
   * Second results of the last call: [0] length of the address written, [1] `msg_flags`, [2] length of control data.
   */
  readonly registers: Int32Array;

  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, pair: Int32Array): number;
  bind(handle: Handle, address: Uint8Array, addressLength: number): number;
  connect(handle: Handle, address: Uint8Array, addressLength: number): number;
  listen(handle: Handle, backlog: number): number;
  accept(handle: Handle, address: Uint8Array | null): number;
  getsockname(handle: Handle, address: Uint8Array): number;
  getpeername(handle: Handle, address: Uint8Array): number;
  shutdown(handle: Handle, how: number): number;
  getsockopt(handle: Handle, level: number, option: number, value: Uint8Array, length: number): number;
  setsockopt(handle: Handle, level: number, option: number, value: Uint8Array, length: number): number;
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
  readv(handle: Handle, parts: readonly Uint8Array[]): number;
  writev(handle: Handle, parts: readonly Uint8Array[]): number;
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
  close(handle: Handle): number;
  /** Forget the handle and give its descriptor number away, still open. */
  detach(handle: Handle): number;
  /** The descriptor number, for messages and /proc; still owned by the handle. */
  fd(handle: Handle): number;

  /**
   * From now on tell `waiter` when the handle becomes ready for `events` (POLLIN, POLLOUT), edge-triggered; errors and
   * hang-ups always. 0 or -errno. Again with a further event adds it: nobody is woken for room that nobody waits for.
   */
  attach(handle: Handle, waiter: Wakeable, events: number): number;
  /** Stop telling. Called before close and detach. */
  release(handle: Handle): void;
  /** A call began to wait (1) or stopped waiting (-1): keeps the process alive meanwhile. */
  pending(change: 1 | -1): void;
  /**
   * Spend one call that completed at once. False when this turn of the event loop has had its share: the caller then
   * hands its result over through `nextTurn`, so that a busy socket cannot starve timers and other sockets.
   */
  spend(): boolean;
  nextTurn(run: () => void): void;
  /** Run `run` after `ms` (of this driver's time); returns the cancel. */
  setTimer(ms: number, run: () => void): () => void;
  /** Block until a bit of `events` is ready: the ready bits, 0 after `timeoutMs` (-1: without end), or -errno. */
  poll(handle: Handle, events: number, timeoutMs: number): number;
  /** A socket was collected by the garbage collector while open. */
  leaked?(handle: Handle, what: string): void;
}
