/**
 * Reads a device's descriptor whenever it is readable, a bounded batch a turn of the event loop, so that a busy wire
 * cannot starve timers and sockets.
 */
import type { Handle, Wakeable } from '../socket/index.ts';
import { POLLIN, SocketError } from '../socket/index.ts';
import type { KernelDriver } from './kernel-driver.ts';

/** Packets that a device reads in one turn. */
export const PACKETS_PER_TURN = 64;

export class DevicePump {
  readonly #driver: KernelDriver;
  readonly #handle: Handle;
  readonly #readBatch: () => boolean;
  readonly #wakeable: Wakeable = { wake: () => this.#turn() };
  #running = false;
  #scheduled = false;

  /** @param readBatch reads up to PACKETS_PER_TURN packets; true: there may be more */
  constructor(driver: KernelDriver, handle: Handle, readBatch: () => boolean) {
    this.#driver = driver;
    this.#handle = handle;
    this.#readBatch = readBatch;
  }

  /** From now on the device is read, and keeps the process alive. */
  start(): void {
    if (this.#running) return;
    const result = this.#driver.attach(this.#handle, this.#wakeable, POLLIN);
    if (result < 0) throw new SocketError(-result, { syscall: 'epoll_ctl' });
    this.#running = true;
    this.#driver.pending(1);
    // What came before the edge was watched for is never told.
    this.#schedule();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#driver.release(this.#handle);
    this.#driver.pending(-1);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#driver.nextTurn(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (!this.#running || this.#scheduled) return;
    let more = true;
    try {
      more = this.#readBatch();
    } finally {
      // Readiness is edge-triggered: what is left is not told again. Also when a receiver threw.
      if (more && this.#running) this.#schedule();
    }
  }
}
