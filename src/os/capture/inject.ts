/**
 * Put packets on an interface as they are, link header included (packet(7), SOCK_RAW): `openInjector`. For tests, for
 * answering by hand, for playing back a capture in a namespace of one's own.
 */
import {
  AF_PACKET,
  DatagramBatch,
  type Host,
  PACKET,
  SOCK_RAW,
  type Socket,
  SocketError,
  type WaitOptions,
} from '../../socket/index.ts';
import { interfaces } from '../interfaces.ts';
import { kernel } from '../kernel.ts';

export interface InjectorOptions {
  /** Hand packets straight to the driver, past the queueing discipline: faster, and lost where the card is busy. */
  readonly bypassQueue?: boolean | undefined;
  /** The machine, or a network namespace, that the interface is in. */
  readonly host?: Host | undefined;
}

const PACKETS_AT_ONCE = 64;
const MOST_BYTES = 65_536;
const ENODEV = 19;
const EMSGSIZE = 90;

/**
 * A way to send frames on an interface.
 * @throws SocketError EPERM without CAP_NET_RAW, ENODEV
 * @example
 * ```ts
 * import { openInjector } from 'barewire/os';
 * import { buildPacket } from 'barewire/wire';
 *
 * async function say(name: string): Promise<void> {
 *   using injector = openInjector(name);
 *   const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
 *   await injector.send(buildPacket({ ethernet, ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, udp: { srcPort: 1, dstPort: 9 } }));
 * }
 * ```
 */
export function openInjector(name: string, options: InjectorOptions = {}): Injector {
  return new Injector(name, options);
}

export class Injector implements Disposable {
  readonly interface: string;
  /** Largest payload of a frame in bytes, without the link header, when the injector was opened. */
  readonly mtu: number;
  readonly #socket: Socket<typeof SOCK_RAW>;
  #batch: DatagramBatch | undefined;

  /** Made by `openInjector`. */
  constructor(name: string, { bypassQueue = false, host = kernel }: InjectorOptions) {
    const found = interfaces(host).find((one) => one.name === name);
    if (found === undefined) throw new SocketError(ENODEV, { syscall: 'bind', address: name });
    this.interface = name;
    this.mtu = found.mtu;
    // Protocol 0: it hears nothing.
    this.#socket = host.socket(AF_PACKET, SOCK_RAW, 0);
    try {
      this.#socket.bind({ family: 'packet', ifindex: found.index, protocol: 0 });
      if (bypassQueue) this.#socket.set(PACKET.QDISC_BYPASS, true);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /**
   * Send one frame.
   * @param frame borrowed until the promise settles
   * @throws SocketError EMSGSIZE (more than the interface takes), ENETDOWN, ENOBUFS (the card's queue is full)
   */
  async send(frame: Uint8Array, options?: WaitOptions): Promise<void> {
    try {
      await this.#socket.send(frame, options);
    } catch (error) {
      throw this.#explained(error, frame.length);
    }
  }

  /**
   * Send frames in their order, many in one system call.
   * @returns how many went: all of them, or it throws as `send` does; the error has `sent`, how many had gone before
   */
  async sendAll(frames: readonly Uint8Array[], options?: WaitOptions): Promise<number> {
    const batch = (this.#batch ??= new DatagramBatch(PACKETS_AT_ONCE, MOST_BYTES, { segmentation: false }));
    let sent = 0;
    while (sent < frames.length) {
      const count = Math.min(PACKETS_AT_ONCE, frames.length - sent);
      for (let i = 0; i < count; i++) batch.put(i, frames[sent + i]!);
      try {
        for (let gone = 0; gone < count; ) {
          const now = await this.#socket.sendBatch(batch, gone, count - gone, options);
          gone += now;
          sent += now;
        }
      } catch (error) {
        throw Object.assign(this.#explained(error, frames[sent]?.length ?? 0) as Error, { sent });
      }
    }
    return sent;
  }

  #explained(error: unknown, length: number): unknown {
    if (!(error instanceof SocketError) || error.errno !== -EMSGSIZE) return error;
    const cause = new RangeError(
      `frame: expected at most ${this.mtu} bytes behind the link header, got ${length} with it`,
    );
    return new SocketError(EMSGSIZE, { syscall: error.syscall, address: this.interface, cause });
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
