/** This machine's kernel as a host. */
import type { SocketDriver } from '../socket/driver.ts';
import { DriverHost, type Host } from '../socket/host.ts';
import type { OwnedFd } from '../socket/owned-fd.ts';
import type { Socket } from '../socket/socket.ts';
import { kernelDriver } from './kernel-driver.ts';
import { everySupport, type Support, supportOf } from './supports.ts';

/** This machine's kernel: a host that can also say what it has. */
export interface KernelHost extends Host {
  /**
   * What this kernel has and lets this process use; each feature is tried when asked.
   * @param name one of FEATURES: `AF_VSOCK`, `raw`, `icmp datagram`, `kTLS` …; every one when left out
   */
  supports(): Support[];
  supports(name: string): Support;
}

class Kernel implements KernelHost {
  readonly name = 'kernel';
  #host: DriverHost | undefined;

  // Made at first use, so that importing the package works where there is no addon (and everything else of it does).
  get #inner(): DriverHost {
    this.#host ??= new DriverHost(this.name, kernelDriver());
    return this.#host;
  }

  get driver(): SocketDriver {
    return this.#inner.driver;
  }

  socket<Type extends number>(domain: number, type: Type, protocol?: number): Socket<Type> {
    return this.#inner.socket(domain, type, protocol);
  }

  socketpair<Type extends number>(domain: number, type: Type, protocol?: number): [Socket<Type>, Socket<Type>] {
    return this.#inner.socketpair(domain, type, protocol);
  }

  supports(): Support[];
  supports(name: string): Support;
  supports(name?: string): Support | Support[] {
    return name === undefined ? everySupport(this) : supportOf(name, this);
  }

  adopt(fd: number | OwnedFd): Socket {
    return this.#inner.adopt(fd);
  }
}

/**
 * This machine's kernel: `kernel.socket(domain, type, protocol)` is socket(2).
 *
 * @example
 * ```ts
 * import { AF_INET, kernel, SOCK_STREAM } from 'barewire';
 * using listener = kernel.socket(AF_INET, SOCK_STREAM);
 * listener.bind('127.0.0.1:0');
 * listener.listen();
 * using client = kernel.socket(AF_INET, SOCK_STREAM);
 * await client.connect(listener.getsockname());
 * using server = await listener.accept();
 * await client.sendAll('hello');
 * console.log(new TextDecoder().decode(await server.recv(100))); // hello
 * ```
 */
export const kernel: KernelHost = new Kernel();
