/**
 * What waits to be written to one connection: sent at once while the peer reads, kept in order while it does not, and
 * bounded, so that a peer that stopped reading costs a fixed amount of memory and then its place.
 */
import type { Socket } from '../../socket/socket.ts';

/** Pieces handed to one writev. */
const PIECES_PER_CALL = 64;

/** A piece has its own cost in memory, so their number is bounded too. */
const MAX_PIECES = 16_384;

export class Outbox {
  readonly #socket: Socket;
  readonly #limit: number;
  readonly #onFail: (error: unknown) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #pumping = false;
  #stopped = false;
  #onDrained: (() => void) | undefined;
  /** When the peer last took something (performance.now), for those who wait for it. */
  progressAt = 0;

  constructor(socket: Socket, limitBytes: number, onFail: (error: unknown) => void) {
    this.#socket = socket;
    this.#limit = limitBytes;
    this.#onFail = onFail;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /**
   * @param bytes kept until sent: the same bytes may be in the boxes of many
   * @returns false: the box is full, nothing of `bytes` was taken
   */
  write(bytes: Uint8Array): boolean {
    if (this.#stopped) return true;
    let sent = 0;
    if (this.#pieces.length === 0) {
      try {
        sent = this.#socket.trySend(bytes) ?? 0;
      } catch (error) {
        this.#fail(error);
        return true;
      }
      if (sent === bytes.length) return true;
    }
    const rest = bytes.length - sent;
    if (this.#bytes + rest > this.#limit || this.#pieces.length >= MAX_PIECES) return false;
    if (this.#pieces.length === 0) this.progressAt = performance.now();
    this.#pieces.push(sent === 0 ? bytes : bytes.subarray(sent));
    this.#bytes += rest;
    if (!this.#pumping) void this.#pump();
    return true;
  }

  /** Forget all that waits except the piece that may be half sent; then `last`, whatever the limit. */
  replaceWith(last: Uint8Array): void {
    this.#pieces.length = Math.min(this.#pieces.length, 1);
    this.#pieces.push(last);
    this.#bytes = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (!this.#pumping) void this.#pump();
  }

  /** Call `then` once, when nothing waits any more. */
  onceDrained(then: () => void): void {
    if (this.#pieces.length === 0) then();
    else this.#onDrained = then;
  }

  /** Nothing is written from now on; the socket is the caller's to close. */
  stop(): void {
    this.#stopped = true;
    this.#pieces = [];
    this.#bytes = 0;
    this.#onDrained = undefined;
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#pieces.length > 0 && !this.#stopped) {
        const taken = await this.#socket.writev(this.#pieces.slice(0, PIECES_PER_CALL));
        if (this.#stopped) return;
        this.progressAt = performance.now();
        this.#forget(taken);
      }
    } catch (error) {
      this.#fail(error);
      return;
    } finally {
      this.#pumping = false;
    }
    const then = this.#onDrained;
    this.#onDrained = undefined;
    then?.();
  }

  #forget(taken: number): void {
    this.#bytes = Math.max(0, this.#bytes - taken);
    let whole = 0;
    let left = taken;
    for (const piece of this.#pieces) {
      if (left < piece.length) break;
      left -= piece.length;
      whole++;
    }
    this.#pieces.splice(0, whole);
    const first = this.#pieces[0];
    if (left > 0 && first !== undefined) this.#pieces[0] = first.subarray(left);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#onFail(error);
  }
}
