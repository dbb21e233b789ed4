/**
 * Read a capture file of any size with little memory: pieces of the file are read, given to the reader, and forgotten
 * when their packets are. Files that gzip made are read too, as tcpdump's users keep them.
 */
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { type CaptureItem, CaptureReader } from '../../capture/index.ts';

export interface CaptureFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told after each piece: bytes read, and the file's size where it has one. */
  readonly onProgress?: ((read: number, size: number | undefined) => void) | undefined;
}

/** Bytes of one piece. Packets are views into it: it lives as long as any of them is kept. */
const PIECE_BYTES = 256 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

/**
 * The items of a capture file in batches, in file order; a damaged file gives what is whole and then a fault.
 * @param source a path, or pieces as they come: standard input, a socket
 * @returns each packet is a view, good as long as it is kept
 * @throws the error of open(2) or read(2); AbortError
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { encodePcap } from 'barewire/capture';
 * import { readCaptureFile } from 'barewire/os';
 *
 * writeFileSync('x.pcap', encodePcap([{ t: 1n, bytes: new Uint8Array(20) }], { linkType: 101 }));
 * for await (const items of readCaptureFile('x.pcap')) {
 *   for (const item of items) console.log(item.kind); // section, interface, packet
 * }
 * ```
 */
export async function* readCaptureFile(
  source: string | AsyncIterable<Uint8Array>,
  options?: CaptureFileOptions,
): AsyncGenerator<CaptureItem[], void, void> {
  const reader = new CaptureReader();
  const pieces = typeof source === 'string' ? piecesOf(source, options) : source;
  for await (const piece of unzipped(pieces)) {
    options?.signal?.throwIfAborted();
    // Node's streams may hand out memory that they use again.
    const items = reader.push(typeof source === 'string' ? piece : piece.slice());
    if (items.length > 0) yield items;
    if (reader.done) return;
  }
  const rest = reader.end();
  if (rest.length > 0) yield rest;
}

async function* piecesOf(
  path: string,
  options: CaptureFileOptions | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    const size = stat.isFile() ? stat.size : undefined;
    let read = 0;
    for (;;) {
      const piece = new Uint8Array(PIECE_BYTES);
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null);
      if (bytesRead === 0) return;
      read += bytesRead;
      options?.onProgress?.(read, size);
      yield piece.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The pieces as they are, or what gzip made them of. */
async function* unzipped(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const all = (async function* () {
    try {
      yield first.value;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  const isZipped = first.value[0] === GZIP_MAGIC[0] && first.value[1] === GZIP_MAGIC[1];
  if (!isZipped) {
    yield* all;
    return;
  }
  const { Readable } = await import('node:stream');
  for await (const piece of Readable.from(all).pipe(createGunzip())) yield (piece as Uint8Array).slice();
}
