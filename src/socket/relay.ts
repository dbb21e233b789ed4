/** What a proxy does with two connections: bytes from one to the other, through a pipe of the kernel's (splice(2)). */
import type { Pipe } from './pipe.ts';
import type { FileLike, Socket } from './socket.ts';
import type { WaitOptions } from './wait-queue.ts';

/**
 * Send everything that `from` receives to `to`, until the end of the stream, without copying it through this process;
 * then half-close `to`. What a proxy does, one direction of it. `timeoutMs` is for each step: how long nothing may move.
 * When it rejects, bytes that were under way are still in the pipe.
 * @returns how many bytes passed
 */
export async function relay(from: Socket, to: Socket, pipe: Pipe, options?: WaitOptions): Promise<number> {
  const room = pipe.capacity;
  let total = 0;
  for (;;) {
    const moved = await from.spliceTo(pipe, room, options);
    if (moved === 0) break;
    for (let left = moved; left > 0; ) left -= await to.spliceFrom(pipe, left, options);
    total += moved;
  }
  to.shutdown('wr');
  return total;
}

/**
 * Write what `from` receives to a file, without copying it through this process, until the end of the stream or until
 * `length` bytes have come. `timeoutMs` is for each step: how long nothing may come.
 * @param file open for writing, not with O_APPEND; written at its own position. Borrowed until the promise settles
 * @returns how many bytes were written
 */
export async function receiveFile(
  from: Socket,
  file: FileLike,
  pipe: Pipe,
  options?: WaitOptions & { readonly length?: number | undefined },
): Promise<number> {
  const { length = Number.POSITIVE_INFINITY } = options ?? {};
  const room = pipe.capacity;
  let total = 0;
  while (total < length) {
    const moved = await from.spliceTo(pipe, Math.min(room, length - total), options);
    if (moved === 0) break;
    pipe.emptyInto(typeof file === 'number' ? file : file.fd, moved);
    total += moved;
  }
  return total;
}
