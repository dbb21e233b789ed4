/**
 * Write packets into capture files that are begun anew by size or time, as tcpdump's -C, -G and -W do. Writing is
 * synchronous: while the disk is slow the kernel keeps packets in the capture's ring, and counts what does not fit.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { type ByteSink, PcapngWriter, PcapWriter } from '../../capture/index.ts';

export interface CaptureFileWriterOptions {
  /** pcapng when left out, and pcap for a name that ends with `.pcap` or `.cap`. */
  readonly format?: 'pcap' | 'pcapng' | undefined;
  readonly linkType: number;
  readonly snapLen?: number | undefined;
  /** pcapng: what is told of the interface. */
  readonly interface?: string | undefined;
  readonly filter?: string | undefined;
  /** pcapng: the program. */
  readonly application?: string | undefined;
  /** Begin another file when this one has reached so many bytes. */
  readonly rotateBytes?: number | undefined;
  /** Begin another file after so many seconds. */
  readonly rotateSeconds?: number | undefined;
  /** With `rotateBytes`: so many files, written in turn. With `rotateSeconds`: stop after so many. */
  readonly files?: number | undefined;
  /** Write every packet at once, for whoever reads along. */
  readonly unbuffered?: boolean | undefined;
}

/** What `write` takes: a live packet, or one of another file. */
export interface WrittenPacket {
  /** ns since 1970. */
  readonly t: bigint | null;
  /** Borrowed for the time of the call. */
  readonly bytes: Uint8Array;
  /** Bytes on the wire. */
  readonly length: number;
  readonly direction?: 'inbound' | 'outbound' | undefined;
  readonly comments?: readonly string[] | undefined;
}

export interface WrittenStatistics {
  readonly received: number;
  readonly dropped: number;
}

const BUFFER_BYTES = 64 * 1024;
const NS_PER_SECOND = 1_000_000_000n;
const STDOUT = 1;

export class CaptureFileWriter {
  readonly #path: string;
  readonly #options: CaptureFileWriterOptions;
  readonly #format: 'pcap' | 'pcapng';
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #fd = -1;
  #fileBytes = 0;
  #fileBegan = 0n;
  #count = 0;
  #names: string[] = [];
  #put: (packet: WrittenPacket) => void = () => undefined;
  #pcapng: PcapngWriter | undefined;
  packets = 0;

  /**
   * @param path of the file; `-` is standard output; with `rotateSeconds` it goes through strftime(3)
   * @throws RangeError for options that contradict each other; the error of open(2), with the first packet
   */
  constructor(path: string, options: CaptureFileWriterOptions) {
    if (path === '-' && (options.rotateBytes !== undefined || options.rotateSeconds !== undefined)) {
      throw new RangeError("path: expected a file to begin others after it, got '-'");
    }
    this.#path = path;
    this.#options = options;
    this.#format = options.format ?? (/\.p?cap$/.test(path) ? 'pcap' : 'pcapng');
  }

  get linkType(): number {
    return this.#options.linkType;
  }

  /** The files written, in order. */
  get files(): readonly string[] {
    return this.#names;
  }

  /** All of the files of `-G -W` are full: nothing more is written. */
  get isFull(): boolean {
    const { rotateSeconds, files } = this.#options;
    return rotateSeconds !== undefined && files !== undefined && this.#count > files;
  }

  /** @param now ns since 1970, for a packet without stamp */
  write(packet: WrittenPacket, now: bigint = 0n): void {
    const t = packet.t ?? now;
    this.begin(t);
    if (this.#isDue(t)) this.#next(t);
    if (this.isFull) return;
    this.#put(packet.t === null ? { ...packet, t } : packet);
    this.packets++;
    if (this.#options.unbuffered === true || this.#waitingBytes >= BUFFER_BYTES) this.flush();
  }

  /** Make the first file, also when no packet comes. */
  begin(t: bigint): void {
    if (this.#count === 0) this.#open(t);
  }

  #isDue(t: bigint): boolean {
    const { rotateBytes, rotateSeconds } = this.#options;
    if (rotateBytes !== undefined && this.#fileBytes >= rotateBytes) return true;
    return rotateSeconds !== undefined && t - this.#fileBegan >= BigInt(rotateSeconds) * NS_PER_SECOND;
  }

  #next(t: bigint): void {
    this.#closeFile();
    this.#open(t);
  }

  #open(t: bigint): void {
    this.#count++;
    if (this.isFull) return;
    this.#fileBegan = t;
    this.#fileBytes = 0;
    const name = this.#nameOf(this.#count - 1, t);
    this.#fd = name === '-' ? STDOUT : openSync(name, 'w', 0o644);
    if (!this.#names.includes(name)) this.#names.push(name);
    const sink: ByteSink = (bytes) => {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      this.#fileBytes += bytes.length;
    };
    if (this.#format === 'pcap') this.#beginPcap(sink);
    else this.#beginPcapng(sink);
    if (this.#options.unbuffered === true) this.flush();
  }

  #beginPcap(sink: ByteSink): void {
    const { linkType, snapLen } = this.#options;
    const writer = new PcapWriter(sink, { linkType, ...(snapLen === undefined ? {} : { snapLen }) });
    this.#put = ({ t, bytes, length }) => writer.write({ t: t!, bytes, length });
  }

  #beginPcapng(sink: ByteSink): void {
    const { linkType, snapLen = 0, interface: name, filter, application } = this.#options;
    const writer = new PcapngWriter(sink, application === undefined ? {} : { application });
    writer.addInterface({
      linkType,
      snapLen,
      ...(name === undefined ? {} : { name }),
      ...(filter === undefined ? {} : { filter }),
    });
    this.#pcapng = writer;
    this.#put = ({ t, bytes, length, direction, comments = [] }) =>
      writer.writePacket({
        interface: 0,
        t: t!,
        bytes,
        length,
        comments,
        ...(direction === undefined ? {} : { direction }),
      });
  }

  /** tcpdump's names: `x`, `x1`, `x2` by size; `x0` … `x9` in turn; `x` through strftime by time. */
  #nameOf(index: number, t: bigint): string {
    const { rotateBytes, rotateSeconds, files } = this.#options;
    if (rotateSeconds !== undefined) {
      const name = timeName(this.#path, t);
      return name === this.#names.at(-1) ? `${name}${index}` : name;
    }
    if (rotateBytes === undefined) return this.#path;
    if (files !== undefined) return `${this.#path}${String(index % files).padStart(String(files - 1).length, '0')}`;
    return index === 0 ? this.#path : `${this.#path}${index}`;
  }

  /** Hand over what is held back. */
  flush(): void {
    for (const bytes of this.#waiting.splice(0)) writeAll(this.#fd, bytes);
    this.#waitingBytes = 0;
  }

  #closeFile(): void {
    if (this.#fd < 0) return;
    this.flush();
    if (this.#fd !== STDOUT) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** @param statistics written into a pcapng file's last block */
  close(statistics?: WrittenStatistics, t: bigint = this.#fileBegan): void {
    if (this.#fd < 0) return;
    if (statistics !== undefined && this.#pcapng !== undefined) {
      this.#pcapng.writeStatistics({
        interface: 0,
        t,
        received: BigInt(statistics.received),
        dropped: BigInt(statistics.dropped),
        delivered: BigInt(this.packets),
      });
    }
    this.#closeFile();
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** write(2) until all has gone: a pipe that is full makes us wait, and so the capture's ring fill. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

/** The conversions of strftime(3) that names of files are made of, in local time. */
function timeName(path: string, t: bigint): string {
  const date = new Date(Number(t / 1_000_000n));
  const two = (value: number): string => String(value).padStart(2, '0');
  const parts: Readonly<Record<string, string>> = {
    '%': '%',
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    H: two(date.getHours()),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    s: String(Math.floor(date.getTime() / 1000)),
    F: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`,
    T: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
  };
  return path.replaceAll(/%(.)/g, (whole, letter: string) => parts[letter] ?? whole);
}
