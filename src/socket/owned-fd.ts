/**
 * A descriptor that came from elsewhere (SCM_RIGHTS of unix(7), a pidfd) and has one owner: it closes itself when nobody
 * takes it.
 */
import type { Handle, SocketDriver } from './driver.ts';
import { EBADF } from './errno.ts';
import { SocketError } from './error.ts';

const registry = new FinalizationRegistry<{ driver: SocketDriver; handle: Handle }>(({ driver, handle }) => {
  driver.close(handle);
});

export class OwnedFd implements Disposable {
  readonly #driver: SocketDriver;
  readonly #handle: Handle;
  #open = true;

  /**
   * Take ownership of `fd`. Its open file may be shared with the sender, so that its flags are left as they are.
   * @throws SocketError EBADF
   */
  constructor(driver: SocketDriver, fd: number) {
    const handle = driver.adopt(fd, true);
    if (handle < 0) throw new SocketError(-handle, { syscall: 'adopt', fd });
    this.#driver = driver;
    this.#handle = handle;
    registry.register(this, { driver, handle }, this);
  }

  /** The number, still owned by this object; -1 once it is taken or closed. */
  get fd(): number {
    return this.#open ? this.#driver.fd(this.#handle) : -1;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /**
   * Give the descriptor away: from now on it is the caller's to close. `host.adopt(owned)` makes a Socket of it.
   * @throws SocketError EBADF when it is taken or closed already
   */
  take(): number {
    if (!this.#open) throw new SocketError(EBADF, { syscall: 'detach' });
    this.#end();
    return this.#driver.detach(this.#handle);
  }

  /** Closing twice is fine. */
  close(): void {
    if (!this.#open) return;
    this.#end();
    this.#driver.close(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #end(): void {
    this.#open = false;
    registry.unregister(this);
  }
}
