/**
 * The lowest storey of a socket: which descriptor it owns, the calls that ask and set and never wait (options, ioctl,
 * fcntl), how addresses become bytes and how a call's errno becomes an error.
 */
import { type EncodedSockAddr, encodeSockAddr, SockAddr } from '../addr/sockaddr.ts';
import { readHostU32, utf8 } from '../core/bytes.ts';
import { type AddressLike, addressFields } from './call-arguments.ts';
import { SOL_SOCKET } from './constants.ts';
import type { Handle, SocketDriver } from './driver.ts';
import { EBADF, ENODEV } from './errno.ts';
import { SocketError } from './error.ts';
import { type Option, type Pointee, SO } from './options/index.ts';

/** struct ifreq: a name, then what is asked for. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
const SIOCGIFINDEX = 0x8933;

/** The one option whose length getsockopt counts in instructions, of so many bytes. */
const SO_GET_FILTER = 26;
const FILTER_UNIT = 8;

interface Held {
  readonly driver: SocketDriver;
  readonly handle: Handle;
  readonly what: string;
}

const registry = new FinalizationRegistry<Held>(({ driver, handle, what }) => {
  driver.leaked?.(handle, what);
  driver.release(handle);
  driver.close(handle);
});

/** Who owns a descriptor, and what can be asked of it. @typeParam Type as of `Socket` */
export class SocketDescriptor<Type extends number = number> {
  readonly domain: number;
  readonly type: Type;
  readonly protocol: number;
  readonly driver: SocketDriver;
  /**
   * What an error of this socket was caused by, asked when one is made: the error queue's answer, when somebody
   * listens to it.
   */
  causeOf: ((errno: number, syscall: string) => unknown) | undefined;
  readonly #handle: Handle;
  #closed = false;

  /** Called by hosts only: the socket becomes the owner of `handle`. */
  constructor(driver: SocketDriver, handle: Handle, domain: number, type: Type, protocol: number) {
    this.driver = driver;
    this.#handle = handle;
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
    registry.register(this, { driver, handle, what: `socket(${domain}, ${type}, ${protocol})` }, this);
  }

  // ---------------------------------------------------------------- identity

  /** The descriptor number, still owned by this socket; -1 after close. */
  get fd(): number {
    return this.#closed ? -1 : this.driver.fd(this.#handle);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What the driver calls this socket; for drivers' friends (netlink, devices), not for programs. */
  get handle(): Handle {
    return this.#handle;
  }

  /** From now on this object is closed, and its handle the caller's to close or to hand over. */
  protected giveUp(): Handle {
    this.#closed = true;
    registry.unregister(this);
    return this.#handle;
  }

  // ---------------------------------------------------------------- options and descriptor calls

  /** Read an option by its row. */
  get<T>(option: Option<T>): T {
    return this.read(option);
  }

  /** As `get`, for the library's own questions: no call of the program's. */
  protected read<T>(option: Option<T>): T {
    const { size, request, unit = 1 } = option.type;
    const room = new Uint8Array(size);
    if (request !== undefined) room.set(request);
    return option.type.decode(this.#getsockopt(option.level, option.number, room, option.name, unit));
  }

  /** Set an option by its row. */
  set<T>(option: Option<T>, value: T): void {
    const { type, level, number, name } = option;
    this.#setsockopt(level, number, type.encode(value), name, type.pointee?.(value));
  }

  /** Read an option by its numbers: the bytes that the kernel gave, at most `room`. */
  getsockopt(level: number, option: number, room = 4): Uint8Array {
    const unit = level === SOL_SOCKET && option === SO_GET_FILTER ? FILTER_UNIT : 1;
    return this.#getsockopt(level, option, new Uint8Array(room), undefined, unit);
  }

  /** Set an option by its numbers: an int, or the bytes of whatever struct it takes. */
  setsockopt(level: number, option: number, value: number | Uint8Array): void {
    this.#setsockopt(level, option, typeof value === 'number' ? SO.TYPE.type.encode(value) : value, undefined);
  }

  /**
   * ioctl(2).
   * @param argument what the request reads and writes, at least as long as the kernel's struct; not checked further
   * @returns the call's own value; `argument` holds what the kernel wrote
   * @throws SocketError ENOTTY (not for this kind of socket), EFAULT (argument too short), EPERM
   */
  ioctl(request: number, argument: Uint8Array | null = null): number {
    return this.checked(this.driver.ioctl(this.#handle, request, argument), 'ioctl');
  }

  /**
   * fcntl(2), for the commands that take a number: F_GETFL, F_SETFL, F_SETOWN … A socket without O_NONBLOCK would block
   * the event loop in its async calls: leave that flag set.
   */
  fcntl(command: number, argument = 0): number {
    return this.checked(this.driver.fcntl(this.#handle, command, argument), 'fcntl');
  }

  // ---------------------------------------------------------------- for the calls: addresses

  /** An address as the driver wants it; interface names in it are those of this socket's network namespace. */
  protected encoded(address: AddressLike): EncodedSockAddr {
    if (address instanceof SockAddr) return address;
    const mayNameOne = typeof address === 'string' || address.family === 'inet6';
    return encodeSockAddr(address, undefined, mayNameOne ? (name) => this.#interfaceIndex(name) : undefined);
  }

  /** if_nametoindex(3), asked of this socket: it answers for the namespace that it was made in. */
  #interfaceIndex(name: string): number | undefined {
    const bytes = utf8(name);
    const missing = (): SocketError => new SocketError(ENODEV, { syscall: 'if_nametoindex', address: name });
    if (bytes.length === 0 || bytes.length >= IFNAMSIZ) throw missing();
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(bytes);
    const result = this.driver.ioctl(this.#handle, SIOCGIFINDEX, request);
    if (result === -ENODEV) throw missing();
    if (result === -EBADF) throw new SocketError(EBADF, { syscall: 'if_nametoindex' });
    // A stack has no such call, and so no names.
    return result < 0 ? undefined : readHostU32(request, IFNAMSIZ);
  }

  // ---------------------------------------------------------------- for the calls: failing

  /** The value of a call, or its error thrown. */
  protected checked(result: number, syscall: string, address?: AddressLike): number {
    if (result >= 0) return result;
    throw this.failure(-result, syscall, address);
  }

  protected failure(errno: number, syscall: string, address?: AddressLike, option?: string): SocketError {
    const cause = this.causeOf?.(errno, syscall);
    return new SocketError(errno, { syscall, fd: this.fd, option, cause, ...addressFields(address) });
  }

  /** @param unit bytes that getsockopt counts as one: SO_GET_FILTER counts instructions */
  #getsockopt(level: number, option: number, value: Uint8Array, name: string | undefined, unit: number): Uint8Array {
    const length = this.driver.getsockopt(this.#handle, level, option, value, Math.floor(value.length / unit));
    if (length < 0) throw this.failure(-length, 'getsockopt', undefined, name ?? `${level}/${option}`);
    return value.subarray(0, length * unit);
  }

  #setsockopt(level: number, option: number, value: Uint8Array, name: string | undefined, pointee?: Pointee): void {
    const { driver } = this;
    const result =
      pointee === undefined
        ? driver.setsockopt(this.#handle, level, option, value, value.length)
        : driver.setsockopt(this.#handle, level, option, value, value.length, pointee.offset, pointee.bytes);
    if (result < 0) throw this.failure(-result, 'setsockopt', undefined, name ?? `${level}/${option}`);
  }
}
