/** A capture file, packet by packet, at the speed of the disk: one buffer, no object for a packet, no promise. */
import { closeSync, openSync, readSync } from 'node:fs';
import { CaptureCursor } from '../../capture/index.ts';

/**
 * Walk a pcap or pcapng file of any size. The file is read as it is wanted, 256 KiB at a time, in the calling thread.
 * `readCaptureFile` is the door for everything else: promises, progress, files that gzip made, packets to keep.
 *
 * @throws the error of open(2); `next` that of read(2)
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs';
 * import { encodePcap } from 'barewire/capture';
 * import { CaptureFileCursor } from 'barewire/os';
 * import { decodePacket } from 'barewire/wire';
 *
 * writeFileSync('x.pcap', encodePcap([{ t: 1n, bytes: new Uint8Array(60) }], { linkType: 1 }));
 * using file = new CaptureFileCursor('x.pcap');
 * while (file.next()) console.log(decodePacket(file.bytes, file.linkType, file).layers.length);
 * ```
 */
export class CaptureFileCursor extends CaptureCursor implements Disposable {
  readonly #file: { fd: number | undefined };

  constructor(path: string) {
    const fd = openSync(path, 'r');
    const file: { fd: number | undefined } = { fd };
    try {
      // The first bytes are read before there is a `this`.
      super((into, at) => (file.fd === undefined ? 0 : readSync(file.fd, into, at, into.length - at, null)));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#file = file;
  }

  /** Nothing more is read; twice is fine. */
  close(): void {
    const { fd } = this.#file;
    if (fd === undefined) return;
    this.#file.fd = undefined;
    closeSync(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
