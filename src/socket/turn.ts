/** One call at a time of those that take several system calls: the others stand in line until it is their turn. */
import type { WaitOptions, WaitQueue } from './wait-queue.ts';

export class Turn {
  readonly #queue: WaitQueue;
  #isTaken = false;

  /** @param queue its own, with nothing to register: turns are given here, not by the kernel */
  constructor(queue: WaitQueue) {
    this.#queue = queue;
  }

  /**
   * Whether the caller has the turn now; otherwise `wait` for it. Nobody jumps the queue: a turn just given back belongs to the first
   * in line.
   */
  take(): boolean {
    return this.#queue.isEmpty && this.#tryTake() === true;
  }

  /**
   * Resolves when it is the caller's turn, who must `give` it back then. Rejects as any call that waits.
   * @param syscall what errors name
   */
  async wait(syscall: string, options: WaitOptions | undefined): Promise<void> {
    await this.#queue.wait(syscall, options, () => this.#tryTake());
  }

  give(): void {
    this.#isTaken = false;
    this.#queue.drain();
  }

  failAll(error: () => unknown): void {
    this.#queue.failAll(error);
  }

  #tryTake(): true | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    return true;
  }
}
