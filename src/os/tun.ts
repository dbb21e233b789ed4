/**
 * A TUN device as a link device: the kernel's end is an interface of a namespace, ours a descriptor on which each read
 * and write is one whole IP packet (Documentation/networking/tuntap.rst).
 *
 * The kernel finishes checksums and segments before it hands a packet over, since we never offer to do that
 * (TUNSETOFFLOAD), and checks the checksums of what we write.
 */
import { constants } from 'node:fs';
import { fromUtf8, utf8, writeHostU16 } from '../core/index.ts';
import type { LinkDevice } from '../link/device.ts';
import { type Handle, SocketError } from '../socket/index.ts';
import { DevicePump, PACKETS_PER_TURN } from './device-pump.ts';
import { type KernelDriver, kernelDriver } from './kernel-driver.ts';
import type { NetworkNamespace } from './namespace.ts';

export const TUN_PATH = '/dev/net/tun';

const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
/** No four bytes of flags and protocol before each packet. */
const IFF_NO_PI = 0x1000;
/** struct ifreq. */
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;
/** LINKTYPE_RAW of pcap: the bytes begin with the IP header. */
const LINKTYPE_RAW = 101;

export interface TunOptions {
  /** Where the interface is made; the namespace of the calling thread when absent. */
  readonly host?: NetworkNamespace | undefined;
  /** Wanted name, `tun%d` for the next free number. */
  readonly name?: string;
  /** The interface's MTU, which the caller sets (rtnetlink); the device only needs to know. */
  readonly mtu?: number;
}

export class TunDevice implements LinkDevice, Disposable {
  /** The interface's name as the kernel gave it. */
  readonly name: string;
  readonly mtu: number;
  readonly linkType: number = LINKTYPE_RAW;
  readonly #driver: KernelDriver;
  readonly #handle: Handle;
  readonly #pump: DevicePump;
  readonly #buffer: Uint8Array;
  #receiver: ((bytes: Uint8Array) => void) | undefined;
  #closed = false;

  private constructor(driver: KernelDriver, handle: Handle, name: string, mtu: number) {
    this.#driver = driver;
    this.#handle = handle;
    this.name = name;
    this.mtu = mtu;
    // The MTU may be changed from outside: room for the largest packet there is.
    this.#buffer = new Uint8Array(65_536);
    this.#pump = new DevicePump(driver, handle, () => this.#readBatch());
  }

  /**
   * Make an interface that lives as long as the device is open. It is down and has no address.
   * @throws SocketError EACCES (no right to open /dev/net/tun), ENOENT (no such file), EPERM (no CAP_NET_ADMIN), EBUSY
   *   (name taken)
   */
  static open(options: TunOptions = {}): TunDevice {
    const { host, name = 'tun%d', mtu = 1500 } = options;
    const bytes = utf8(name);
    if (bytes.length === 0 || bytes.length >= IFNAMSIZ || bytes.includes(0)) {
      throw new TypeError(`name: expected an interface name of 1 to 15 bytes, got '${name}'`);
    }
    const driver = kernelDriver();
    const { native } = driver;
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(bytes);
    writeHostU16(request, IFNAMSIZ, IFF_TUN | IFF_NO_PI);
    const open = (): Handle => {
      const handle = native.open(TUN_PATH, constants.O_RDWR);
      if (handle < 0) throw new SocketError(-handle, { syscall: 'open', address: TUN_PATH });
      const result = native.ioctl(handle, TUNSETIFF, request);
      if (result < 0) {
        native.close(handle);
        throw new SocketError(-result, { syscall: 'ioctl', option: 'TUNSETIFF' });
      }
      return handle;
    };
    // The interface goes to the namespace in which the file was opened, not to where TUNSETIFF is called.
    const handle = host === undefined ? open() : host.run(open);
    const end = request.indexOf(0);
    return new TunDevice(driver, handle, fromUtf8(request.subarray(0, Math.min(end, IFNAMSIZ))), mtu);
  }

  send(bytes: Uint8Array): boolean {
    return !this.#closed && this.#driver.native.write(this.#handle, bytes, 0, bytes.length) >= 0;
  }

  onReceive(receiver: (bytes: Uint8Array) => void): void {
    if (this.#closed) throw new SocketError(9, { syscall: 'epoll_ctl' });
    this.#receiver = receiver;
    this.#pump.start();
  }

  /** The interface vanishes. Closing twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pump.stop();
    this.#driver.native.close(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readBatch(): boolean {
    const buffer = this.#buffer;
    for (let i = 0; i < PACKETS_PER_TURN; i++) {
      const length = this.#driver.native.read(this.#handle, buffer, 0, buffer.length);
      if (length < 0) return false;
      this.#receiver?.(buffer.slice(0, length));
      if (this.#closed) return false;
    }
    return true;
  }
}
