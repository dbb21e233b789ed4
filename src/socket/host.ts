/** A host: whatever has a `socket(domain, type, protocol)` call. The only way to get a socket. */
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from './constants.ts';
import type { Handle, SocketDriver } from './driver.ts';
import { SocketError } from './error.ts';
import { type Option, SO } from './options/index.ts';
import { OwnedFd } from './owned-fd.ts';
import { Socket } from './socket.ts';

export interface Host {
  /** For people and traces: `kernel`, `client`. */
  readonly name: string;
  readonly driver: SocketDriver;
  /**
   * socket(2). The socket is non-blocking and close-on-exec, whether SOCK_NONBLOCK and SOCK_CLOEXEC are given or not.
   * @throws SocketError EAFNOSUPPORT, EPROTONOSUPPORT, EPERM or EACCES (raw and packet sockets), EMFILE
   */
  socket<Type extends number>(domain: number, type: Type, protocol?: number): Socket<Type>;
  /** socketpair(2): two connected sockets of AF_UNIX. */
  socketpair<Type extends number>(domain: number, type: Type, protocol?: number): [Socket<Type>, Socket<Type>];
  /**
   * Take over a descriptor that is a socket: from SCM_RIGHTS, from the service manager, from another library. It becomes
   * non-blocking and close-on-exec and belongs to the Socket from now on.
   * @throws SocketError EBADF, ENOTSOCK
   */
  adopt(fd: number | OwnedFd): Socket;
}

/** The host on top of any driver. */
export class DriverHost implements Host {
  readonly name: string;
  readonly driver: SocketDriver;

  constructor(name: string, driver: SocketDriver) {
    this.name = name;
    this.driver = driver;
  }

  socket<Type extends number>(domain: number, type: Type, protocol = 0): Socket<Type> {
    checkNumber('domain', domain);
    checkNumber('type', type);
    checkNumber('protocol', protocol);
    const handle = this.driver.socket(domain, type, protocol);
    if (handle < 0) throw new SocketError(-handle, { syscall: 'socket' });
    return this.wrap(handle, domain, plainType(type), protocol);
  }

  socketpair<Type extends number>(domain: number, type: Type, protocol = 0): [Socket<Type>, Socket<Type>] {
    checkNumber('domain', domain);
    checkNumber('type', type);
    checkNumber('protocol', protocol);
    const pair = new Int32Array(2);
    const result = this.driver.socketpair(domain, type, protocol, pair);
    if (result < 0) throw new SocketError(-result, { syscall: 'socketpair' });
    const plain = plainType(type);
    return [
      this.wrap(pair[0] as number, domain, plain, protocol),
      this.wrap(pair[1] as number, domain, plain, protocol),
    ];
  }

  adopt(fd: number | OwnedFd): Socket {
    if (typeof fd === 'number') checkNumber('fd', fd);
    else if (!(fd instanceof OwnedFd)) throw new TypeError(`fd: expected a number or an OwnedFd, got ${typeof fd}`);
    const number = typeof fd === 'number' ? fd : fd.fd;
    // Asked before anything is changed: what is no socket stays with the caller as it was.
    const [domain, type, protocol] = this.#identify(number);
    if (typeof fd !== 'number') fd.take();
    const handle = this.driver.adopt(number);
    if (handle < 0) throw new SocketError(-handle, { syscall: 'adopt', fd: number });
    return this.wrap(handle, domain, type, protocol);
  }

  /** Domain, type and protocol of an open descriptor. */
  #identify(fd: number): [domain: number, type: number, protocol: number] {
    const handle = this.driver.adopt(fd, true);
    if (handle < 0) throw new SocketError(-handle, { syscall: 'adopt', fd });
    try {
      const read = ({ level, number, type, name }: Option<number>): number => {
        const value = new Uint8Array(type.size);
        const length = this.driver.getsockopt(handle, level, number, value, value.length);
        if (length < 0) throw new SocketError(-length, { syscall: 'getsockopt', fd, option: name });
        return type.decode(value.subarray(0, length));
      };
      return [read(SO.DOMAIN), read(SO.TYPE), read(SO.PROTOCOL)];
    } finally {
      this.driver.detach(handle);
    }
  }

  /** Makes the object for a new handle; an observed host makes observed sockets. */
  protected wrap<Type extends number>(handle: Handle, domain: number, type: Type, protocol: number): Socket<Type> {
    return new Socket(this.driver, handle, domain, type, protocol);
  }
}

/** The type without the flags that ride in the same number (socket(2)); every socket here has both. */
function plainType<Type extends number>(type: Type): Type {
  return (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) as Type;
}

export function checkNumber(name: string, value: unknown): void {
  if (!Number.isInteger(value)) throw new TypeError(`${name}: expected an integer, got ${String(value)}`);
}
