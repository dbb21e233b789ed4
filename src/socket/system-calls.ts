/**
 * The system calls of a driver, one method each: numbers and bytes in, the call's own value or **-errno** out. Nothing
 * throws for what the kernel says, and nothing here knows the format of an address, an option or a control message.
 *
 * A wrong *type* of argument is -EINVAL, an offset or length outside its array is -EFAULT, a handle that is closed or
 * was never this driver's is -EBADF. A driver that lacks a call answers -EOPNOTSUPP (or -ENOTTY for ioctl).
 */

/** Names one open descriptor of one driver; never reused while anybody can still hold it. */
export type Handle = number;

/** Indexes into `registers`. */
export const Register = {
  /** Length in bytes of the address that accept, recvfrom, recvmsg, getsockname or getpeername wrote. */
  addressLength: 0,
  /** `msg_flags` of recvmsg (MSG_TRUNC, MSG_CTRUNC, MSG_OOB, MSG_ERRQUEUE …). */
  messageFlags: 1,
  /** Length in bytes of the control data that recvmsg wrote. */
  controlLength: 2,
} as const;

export interface SystemCalls {
  /** Second results of the last call, by `Register`: read them before the next call. */
  readonly registers: Int32Array;
  socket(domain: number, type: number, protocol: number): number;
  /** Writes both handles to `pair`. */
  socketpair(domain: number, type: number, protocol: number, pair: Int32Array): number;
  bind(handle: Handle, address: Uint8Array, addressLength: number): number;
  connect(handle: Handle, address: Uint8Array, addressLength: number): number;
  listen(handle: Handle, backlog: number): number;
  /** Returns the new handle; the peer's address goes to `address` (may be null). */
  accept(handle: Handle, address: Uint8Array | null): number;
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
   * its sender to `addresses[i * 128 …]` with `addressLengths[i]` (both may be null), its control data to
   * `controls[i * controlStride …]` with `controlLengths[i]` (may be left out). Returns the number received.
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
    controls?: Uint8Array | null,
    controlStride?: number,
    controlLengths?: Int32Array | null,
  ): number;
  /**
   * Up to `count` datagrams in one crossing, laid out as in recvmmsg from datagram `first`. `addressLengths[i]` 0
   * (or null `addresses`) sends on the connection; `controlLengths[i]` 0 sends no control data. Returns the number sent.
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
    controls?: Uint8Array | null,
    controlStride?: number,
    controlLengths?: Int32Array | null,
  ): number;
  read(handle: Handle, bytes: Uint8Array, offset: number, length: number): number;
  write(handle: Handle, bytes: Uint8Array, offset: number, length: number): number;
  /** sendfile(2): `offset` -1 reads from the file's own position and moves it. */
  sendfile(to: Handle, file: Handle, offset: number, length: number): number;
  /** splice(2): one of the two is a pipe. */
  splice(from: Handle, to: Handle, length: number, flags: number): number;

  close(handle: Handle): number;
  /**
   * Take ownership of a descriptor of this process: sets FD_CLOEXEC and, unless `shared` says that others use the same
   * open file, O_NONBLOCK. Returns a handle.
   */
  adopt(fd: number, shared?: boolean): number;
  /** Give up ownership: forget the handle, keep the descriptor open, return it. */
  detach(handle: Handle): number;
  /** The descriptor number behind a handle, still owned by it. */
  fd(handle: Handle): number;
  /** A second descriptor for the same open file (F_DUPFD_CLOEXEC). */
  dup(handle: Handle): number;
  /** `argument` may be null; `pointee` as in setsockopt (ifreq with a pointer, SIOCETHTOOL). */
  ioctl(
    handle: Handle,
    request: number,
    argument: Uint8Array | null,
    pointerOffset?: number,
    pointee?: Uint8Array,
  ): number;
  /** fcntl(2) for commands that take a number (F_GETFL, F_SETPIPE_SZ …); others are -EINVAL. */
  fcntl(handle: Handle, command: number, argument: number): number;
  /** pipe2(2): writes the handles of the reading and the writing end to `pair`. */
  pipe(pair: Int32Array): number;
}
