/** A pipe that bytes pass through on their way from one descriptor to another: pipe(7), splice(2). */
import { POLLIN, POLLOUT } from './constants.ts';
import type { Handle, SocketDriver } from './driver.ts';
import { SocketError } from './error.ts';

const registry = new FinalizationRegistry<{ driver: SocketDriver; ends: readonly Handle[] }>(({ driver, ends }) => {
  for (const end of ends) driver.close(end);
});

const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;

export class Pipe implements Disposable {
  readonly #driver: SocketDriver;
  /** What the driver calls the two ends. */
  readonly reader: Handle;
  readonly writer: Handle;
  #open = true;

  /**
   * @param capacity bytes that fit in, at least; the kernel's 64 KiB when left out, up to fs.pipe-max-size
   * @throws SocketError EMFILE; EPERM for a capacity above the limit; EOPNOTSUPP on a host without pipes
   */
  constructor(host: { readonly driver: SocketDriver }, capacity?: number) {
    this.#driver = host.driver;
    const pair = new Int32Array(2);
    const made = this.#driver.pipe(pair);
    if (made < 0) throw new SocketError(-made, { syscall: 'pipe' });
    this.reader = pair[0] as number;
    this.writer = pair[1] as number;
    registry.register(this, { driver: this.#driver, ends: [this.reader, this.writer] }, this);
    if (capacity === undefined) return;
    const set = this.#driver.fcntl(this.writer, F_SETPIPE_SZ, capacity);
    if (set >= 0) return;
    this.close();
    throw new SocketError(-set, { syscall: 'fcntl' });
  }

  /** In bytes. @throws SocketError EBADF after close */
  get capacity(): number {
    const bytes = this.#driver.fcntl(this.writer, F_GETPIPE_SZ, 0);
    if (bytes < 0) throw new SocketError(-bytes, { syscall: 'fcntl' });
    return bytes;
  }

  get hasRoom(): boolean {
    return this.#driver.poll(this.writer, POLLOUT, 0) > 0;
  }

  get hasData(): boolean {
    return this.#driver.poll(this.reader, POLLIN, 0) > 0;
  }

  /**
   * Move `length` bytes that are in the pipe to an open file.
   * @throws SocketError EINVAL (a file with O_APPEND), ENOSPC, EBADF
   */
  emptyInto(fd: number, length: number): void {
    const file = this.#driver.adopt(fd, true);
    if (file < 0) throw new SocketError(-file, { syscall: 'splice', fd });
    try {
      for (let left = length; left > 0; ) {
        const moved = this.#driver.splice(this.reader, file, left, 0);
        if (moved < 0) throw new SocketError(-moved, { syscall: 'splice', fd });
        if (moved === 0) throw new RangeError(`length: expected at most what is in the pipe, got ${left} more`);
        left -= moved;
      }
    } finally {
      this.#driver.detach(file);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    registry.unregister(this);
    this.#driver.close(this.reader);
    this.#driver.close(this.writer);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
