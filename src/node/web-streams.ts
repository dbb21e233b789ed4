/**
 * A connected socket as Web Streams (the Streams standard of the WHATWG): a readable byte stream and a writable one.
 *
 * Back pressure is the kernel's: one recv(2) per pull and one chunk sent at a time, so nothing waits in JavaScript. A
 * reader that brings its own buffer (BYOB) has the kernel write right into it.
 */
import { SO, SOCK_STREAM, type Socket, SocketError } from '../socket/index.ts';

/** Room for one read when the reader brings no buffer. */
const CHUNK_BYTES = 65_536;

export interface WebStreamsOptions {
  /** Size of the buffers that are read into when the reader brings none; 64 KiB. */
  readonly chunkSize?: number | undefined;
}

export interface SocketStreams {
  /** Bytes from the peer; takes BYOB readers. `cancel` stops reading (shutdown(2) of that direction). */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer. `close` sends FIN; `abort` closes the connection with RST. */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when both directions have ended and the socket is closed; rejects with the error that ended it. */
  readonly closed: Promise<void>;
}

/** Both directions of one socket, which is closed when neither is left. */
class Ends {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;
  #open = 2;
  /** Ends the recv under way when reading is cancelled. */
  readonly cancelled = new AbortController();

  constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever does not ask must not be ended by an unhandled rejection.
    this.closed.catch(() => undefined);
  }

  /** One direction is over. */
  end(): void {
    if (--this.#open > 0) return;
    this.socket.close();
    this.#resolve();
  }

  fail(reason: unknown): void {
    this.#open = 0;
    // RST and no FIN: the peer must not take what it has for the whole.
    quietly(() => this.socket.set(SO.LINGER, { on: true, seconds: 0 }));
    this.socket.close();
    this.#reject(reason);
  }
}

/**
 * A connected stream socket as Web Streams. They own the socket from now on.
 * @throws TypeError for a socket that is no stream
 *
 * @example
 * ```ts
 * import { AF_UNIX, kernel, SOCK_STREAM } from 'barewire';
 * import { toWebStreams } from 'barewire/node';
 * const [ours, theirs] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
 * const there = toWebStreams(theirs);
 * void there.readable.pipeTo(there.writable); // an echo server
 * const { readable, writable } = toWebStreams(ours);
 * const writer = writable.getWriter();
 * await writer.write(new TextEncoder().encode('hello'));
 * await writer.close();
 * console.log(await new Response(readable).text()); // hello
 * ```
 */
export function toWebStreams(socket: Socket, options: WebStreamsOptions = {}): SocketStreams {
  if (socket.type !== SOCK_STREAM) {
    throw new TypeError(`socket: expected a stream socket (SOCK_STREAM), got type ${socket.type}`);
  }
  const chunkSize = options.chunkSize ?? CHUNK_BYTES;
  if (!Number.isInteger(chunkSize) || chunkSize <= 0) {
    throw new RangeError(`chunkSize: expected an integer above 0, got ${chunkSize}`);
  }
  const ends = new Ends(socket);
  return { readable: readableOf(ends, chunkSize), writable: writableOf(ends), closed: ends.closed };
}

function readableOf(ends: Ends, chunkSize: number): ReadableStream<Uint8Array> {
  const { socket, cancelled } = ends;
  const source = {
    type: 'bytes' as const,
    autoAllocateChunkSize: chunkSize,
    async pull(controller: ReadableByteStreamController): Promise<void> {
      // autoAllocateChunkSize makes a request for every pull, the reader's own buffer or one of ours.
      const request = controller.byobRequest as ReadableStreamBYOBRequest;
      const view = request.view as Uint8Array;
      const into = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      let count: number;
      try {
        count = await socket.recv(into, { signal: cancelled.signal });
      } catch (error) {
        if (cancelled.signal.aborted) return;
        ends.fail(error);
        throw error;
      }
      if (count === 0) {
        controller.close();
        // The standard wants an answer to the request even at the end.
        request.respond(0);
        ends.end();
        return;
      }
      request.respond(count);
    },
    cancel(): void {
      cancelled.abort();
      quietly(() => socket.shutdown('rd'));
      ends.end();
    },
  };
  // 0: nothing is read before somebody asks, so the kernel's window is the only buffer.
  return new ReadableStream(source, { highWaterMark: 0 });
}

function writableOf(ends: Ends): WritableStream<Uint8Array> {
  const { socket } = ends;
  return new WritableStream<Uint8Array>({
    async write(chunk, controller): Promise<void> {
      const { signal } = controller as { readonly signal?: AbortSignal };
      try {
        if (!(chunk instanceof Uint8Array)) throw new TypeError(`chunk: expected a Uint8Array, got ${typeof chunk}`);
        await socket.sendAll(chunk, { signal });
      } catch (error) {
        // abort() waits for the write under way and then ends the connection itself.
        if (signal?.aborted !== true) ends.fail(error);
        throw error;
      }
    },
    close(): void {
      quietly(() => socket.shutdown('wr'));
      ends.end();
    },
    abort(reason): void {
      ends.fail(reason);
    },
  });
}

/** The peer may have ended the connection a moment ago: then there is nothing left to say. */
function quietly(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
}
