/**
 * The calls that move bytes from one descriptor to another and never through this process: sendfile(2) from a file,
 * splice(2) to and from a pipe. (What is made of them: relay.ts.)
 */
import { deadlineOf, ofTheWhole, type SyncOptions, withTimeLeft } from './call-arguments.ts';
import { POLLOUT } from './constants.ts';
import { EAGAIN } from './errno.ts';
import type { Pipe } from './pipe.ts';
import { SendingSocket } from './send.ts';
import { checkTimeout, type WaitOptions } from './wait-queue.ts';

/** Most bytes of one sendfile(2), a little less than 2 GiB: MAX_RW_COUNT of Linux. */
const MOST_AT_ONCE = 0x7fff_f000;

const SPLICE_F_NONBLOCK = 2;

/** An open file: its descriptor number, or an object that has one. */
export type FileLike = number | { readonly fd: number };

export interface FileRange {
  readonly offset?: number | undefined;
  /** In bytes. */
  readonly length: number;
}

/** What a socket takes from files and pipes and gives to them. @typeParam Type as of `Socket` */
export class TransferringSocket<Type extends number = number> extends SendingSocket<Type> {
  /**
   * Send a part of a file without copying it through this process: sendfile(2). Resolves with the bytes of one call; 0
   * at the end of the file. `sendfileAll` is the loop.
   * @param file an open descriptor (`fs.openSync`) or what has one (`FileHandle`); borrowed until the promise settles
   * @param offset where to read, in bytes; left out, the file's own position is used and moved
   */
  sendfile(file: FileLike, options: FileRange & WaitOptions): Promise<number> {
    return this.callAsync('out', 'sendfile', options, () => this.#sendfileOnce(file, options) ?? undefined);
  }

  trySendfile(file: FileLike, range: FileRange): number | null {
    return this.#sendfileOnce(file, range);
  }

  sendfileSync(file: FileLike, options: FileRange & SyncOptions): number {
    return this.callSync('sendfile', POLLOUT, options, () => this.#sendfileOnce(file, options));
  }

  /**
   * Send `length` bytes of a file from `offset`, or up to its end when it is shorter; resolves with how many went. Takes
   * turns with `sendAll`; the deadline is for the whole.
   */
  async sendfileAll(file: FileLike, options: FileRange & WaitOptions): Promise<number> {
    checkTimeout(options?.timeoutMs);
    const deadline = deadlineOf(options);
    if (!this.sendTurn.take()) await this.sendTurn.wait('sendfile', options);
    let sent = 0;
    try {
      while (sent < options.length) {
        const offset = options.offset === undefined ? undefined : options.offset + sent;
        const range = { ...withTimeLeft(options, deadline), offset, length: options.length - sent };
        const count = await this.sendfile(file, range);
        if (count === 0) break;
        sent += count;
      }
      return sent;
    } catch (error) {
      throw ofTheWhole(error, 'sendfile', options, this.fd);
    } finally {
      this.sendTurn.give();
    }
  }

  #sendfileOnce(file: FileLike, { offset = -1, length }: FileRange): number | null {
    const fd = typeof file === 'number' ? file : file.fd;
    // The file belongs to the caller: it is ours for the time of the call only.
    const borrowed = this.driver.adopt(fd, true);
    if (borrowed < 0) throw this.failure(-borrowed, 'sendfile');
    const count = this.driver.sendfile(this.handle, borrowed, offset, Math.min(length, MOST_AT_ONCE));
    this.driver.detach(borrowed);
    return count === -EAGAIN ? null : this.checked(count, 'sendfile');
  }

  /**
   * Move received bytes into a pipe without copying them: splice(2). Resolves with how many moved; 0 at the end of the
   * stream.
   * @throws SocketError EAGAIN when the pipe is full: empty it first
   */
  spliceTo(pipe: Pipe, length: number, options?: WaitOptions): Promise<number> {
    return this.callAsync('in', 'splice', options, () => this.trySpliceTo(pipe, length) ?? undefined);
  }

  trySpliceTo(pipe: Pipe, length: number): number | null {
    const count = this.driver.splice(this.handle, pipe.writer, length, SPLICE_F_NONBLOCK);
    if (count === -EAGAIN && pipe.hasRoom) return null;
    return this.checked(count, 'splice');
  }

  /** Send what is in a pipe: splice(2). */
  spliceFrom(pipe: Pipe, length: number, options?: WaitOptions): Promise<number> {
    return this.callAsync('out', 'splice', options, () => this.trySpliceFrom(pipe, length) ?? undefined);
  }

  trySpliceFrom(pipe: Pipe, length: number): number | null {
    const count = this.driver.splice(pipe.reader, this.handle, length, SPLICE_F_NONBLOCK);
    if (count === -EAGAIN && pipe.hasData) return null;
    return this.checked(count, 'splice');
  }
}
