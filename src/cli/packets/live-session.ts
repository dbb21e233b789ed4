/** One run of `barewire sniff`: packets of a capture are printed or written until something ends it. */
import {
  compileFilter,
  explainFilter,
  type Filter,
  type FilterVerdict,
  type LivePacket,
  type PacketBatch,
} from '../../capture/index.ts';
import { TcpAnalyser } from '../../flow/index.ts';
import { CaptureFileWriter } from '../../os/capture/file-writer.ts';
import type { Capture } from '../../os/capture/open.ts';
import { interfaces } from '../../os/interfaces.ts';
import { SocketError } from '../../socket/error.ts';
import { CommandError, ExitCode } from '../errors.ts';
import { write } from '../output.ts';
import { type Records, record } from '../records.ts';
import { onSignals } from '../signals.ts';
import { version } from '../version.ts';
import { Companion } from './companion.ts';
import { printerOptions, type SniffFlags } from './options.ts';
import { PacketPrinter, type ShownPacket } from './printer.ts';
import { packetRecord } from './record.ts';

const BYTES_PER_MEGABYTE = 1_000_000;
const SIGINT_EXIT = 130;
/** When a command has ended, its last connections still close: the capture ends when nothing has come for so long… */
const QUIET_MS = 100;
/** …and on a busy interface after so long. */
const LINGER_MS = 1000;

/** What a socket's error means to whoever wants to capture. */
export function explained(error: unknown, name: string): unknown {
  if (!(error instanceof SocketError)) return error;
  const told = (message: string): CommandError => new CommandError(message, ExitCode.error, error);
  switch (error.code) {
    case 'EPERM':
    case 'EACCES':
      return told(
        `need CAP_NET_RAW on ${name} (you are uid ${process.getuid?.() ?? '?'}, without it). ` +
          'Try: as root · unshare -Urn for a network of your own · barewire show FILE for a capture that is there',
      );
    case 'ENODEV':
      return told(`${name}: no such interface; barewire sniff -D lists them`);
    case 'ENETDOWN':
      return told(`${name}: the interface went down`);
    default:
      return error;
  }
}

export class LiveSession {
  readonly #capture: Capture;
  readonly #flags: SniffFlags;
  readonly #records: Records;
  readonly #printer: PacketPrinter;
  /** For records; the printer has its own. */
  readonly #analyser: TcpAnalyser | undefined;
  readonly #writer: CaptureFileWriter | undefined;
  /** The filter that is explained, instead of one that the kernel runs. */
  readonly #asked: Filter | undefined;
  readonly #names: ReadonlyMap<number, string>;
  readonly #abort = new AbortController();
  /** Interrupts the wait for packets, so that it goes on with a deadline. */
  readonly #wake = new AbortController();
  readonly #either = AbortSignal.any([this.#abort.signal, this.#wake.signal]);
  #companion: Companion | undefined;
  /** performance.now() at which the capture ends, once the command behind `--` has. */
  #until = Number.POSITIVE_INFINITY;
  #seen = 0;
  #captured = 0;
  #exitCode: number = ExitCode.yes;
  #lastT = 0n;

  /** @param capture owned: closed at the end */
  constructor(capture: Capture, filter: string, flags: SniffFlags, records: Records) {
    this.#capture = capture;
    this.#flags = flags;
    this.#records = records;
    this.#printer = new PacketPrinter(printerOptions(flags));
    this.#analyser = flags.notes ? new TcpAnalyser() : undefined;
    this.#asked = flags.explain ? compileFilter(filter, { linkType: capture.linkType }) : undefined;
    // A capture of every interface says of each packet where it was.
    this.#names = new Map(capture.interface === 'any' ? interfaces().map(({ index, name }) => [index, name]) : []);
    this.#writer = flags.write === undefined ? undefined : this.#openWriter(flags.write, filter);
    records.counts = () => ({ ...this.#counts(), files: this.#writer?.files ?? [] });
  }

  #openWriter(path: string, filter: string): CaptureFileWriter {
    const { fileSize, rotateSeconds, fileCount, packetBuffered } = this.#flags;
    return new CaptureFileWriter(path, {
      linkType: this.#capture.linkType,
      snapLen: this.#capture.snapLen,
      interface: this.#capture.interface,
      ...(filter === '' ? {} : { filter }),
      application: `barewire ${version()}`,
      rotateBytes: fileSize === undefined ? undefined : fileSize * BYTES_PER_MEGABYTE,
      rotateSeconds,
      files: fileCount,
      unbuffered: packetBuffered,
    });
  }

  /**
   * @param behind a command line to run meanwhile; empty for none
   * @returns the exit code
   */
  async run(behind: readonly string[]): Promise<number> {
    const signals = onSignals((exitCode) => this.#stop(exitCode));
    const tell = (): void => void process.stderr.write(this.#countLines());
    process.on('SIGUSR1', tell);
    try {
      await this.#untilOver(behind);
      if (this.#companion !== undefined) this.#exitCode = await this.#companion.exitCode;
    } finally {
      signals.stop();
      process.off('SIGUSR1', tell);
    }
    await this.#records.summary(this.#abort.signal.aborted ? 'interrupted' : 'done');
    return this.#exitCode;
  }

  async #untilOver(behind: readonly string[]): Promise<void> {
    const { statsEvery } = this.#flags;
    const timer = statsEvery === undefined ? undefined : setInterval(() => void this.#stats(), statsEvery * 1000);
    try {
      this.#begin();
      if (behind.length > 0) this.#accompany(behind);
      await this.#packets();
    } finally {
      clearInterval(timer);
      this.#close();
    }
  }

  #stop(exitCode: number): void {
    // tcpdump's users end it with Ctrl-C: that is no failure.
    this.#exitCode = exitCode === SIGINT_EXIT ? ExitCode.yes : exitCode;
    this.#companion?.signal(exitCode - ExitCode.signal);
    this.#abort.abort();
  }

  #begin(): void {
    const { interface: name, snapLen, linkType } = this.#capture;
    this.#writer?.begin(BigInt(Date.now()) * 1_000_000n);
    process.stderr.write(
      `barewire sniff: listening on ${name}, link type ${linkType}, snapshot length ${snapLen} bytes\n`,
    );
  }

  /** Run a command; the capture ends soon after it. */
  #accompany(behind: readonly string[]): void {
    const { write: path, output, print } = this.#flags;
    const isStdoutTaken = path === '-' || ((path === undefined || print) && output === undefined);
    this.#companion = new Companion(behind, isStdoutTaken);
    const end = (lingerMs: number) => (): void => {
      this.#until = performance.now() + lingerMs;
      this.#wake.abort();
    };
    // One that cannot be run leaves nothing to wait for; whoever asks for its exit code hears why.
    this.#companion.exitCode.then(end(LINGER_MS), end(0));
  }

  async #packets(): Promise<void> {
    for (let batch = await this.#next(); batch !== undefined; batch = await this.#next()) {
      let text = '';
      for (const packet of batch) {
        text += this.#packet(packet);
        if (this.#captured === this.#flags.count || this.#writer?.isFull === true) {
          await write(text);
          return;
        }
      }
      // Waits for a slow reader; the kernel keeps what comes meanwhile, and counts what does not fit.
      if (text !== '') await write(text);
    }
  }

  /** Packets that came; undefined when the capture is over. */
  async #next(): Promise<PacketBatch | undefined> {
    while (!this.#abort.signal.aborted) {
      const left = this.#until - performance.now();
      const isEnding = left !== Number.POSITIVE_INFINITY;
      if (isEnding && left <= 0) return undefined;
      const signal = isEnding ? this.#abort.signal : this.#either;
      try {
        return await this.#capture.next({ signal, ...(isEnding ? { timeoutMs: Math.min(QUIET_MS, left) } : {}) });
      } catch (error) {
        if (isEnding && (error as { code?: unknown }).code === 'ERR_SOCKET_TIMEOUT') return undefined;
        if (!signal.aborted) throw explained(error, this.#capture.interface);
      }
    }
    return undefined;
  }

  /** @returns what is to be printed of it */
  #packet(packet: LivePacket): string {
    const { t, bytes, length, direction } = packet;
    this.#lastT = t;
    this.#seen++;
    const verdict = this.#asked === undefined ? undefined : explainFilter(this.#asked, bytes, length);
    if (this.#writer !== undefined) {
      this.#writer.write({ t, bytes, length, direction });
      if (this.#writer.isFull) return '';
    }
    if (verdict?.isKept !== false) this.#captured++;
    if (this.#writer !== undefined && !this.#flags.print) return '';
    const name = this.#names.get(packet.ifindex);
    const shown = { t, bytes, length, linkType: this.#capture.linkType };
    if (this.#flags.json) return this.#record({ ...shown, place: name }, verdict);
    const place = name === undefined ? undefined : `${name} ${direction === 'outbound' ? 'Out' : 'In '}`;
    const lines = this.#printer.print({ ...shown, place }, this.#seen);
    return verdict === undefined ? lines : `${lines}    ${verdict.text}\n`;
  }

  #record(shown: ShownPacket, verdict: FilterVerdict | undefined): string {
    const fields = packetRecord(shown, this.#seen, this.#analyser);
    return `${JSON.stringify(verdict === undefined ? fields : { ...fields, kept: verdict.isKept, why: verdict.text })}\n`;
  }

  #counts(): { captured: number; received: number; dropped: number } {
    const { received, dropped } = this.#capture.statistics();
    return { captured: this.#captured, received, dropped };
  }

  #countLines(): string {
    const { captured, received, dropped } = this.#counts();
    const packets = (count: number): string => `${count} packet${count === 1 ? '' : 's'}`;
    return `${packets(captured)} captured\n${packets(received)} received by filter\n${packets(dropped)} dropped by kernel\n`;
  }

  async #stats(): Promise<void> {
    if (this.#flags.json) await write(record('stats', this.#counts()));
    else process.stderr.write(`${this.#countLines().trimEnd().replaceAll('\n', ', ')}\n`);
  }

  /** What was captured is kept, however it ends. */
  #close(): void {
    this.#writer?.close(this.#capture.statistics(), this.#lastT);
    this.#capture.close();
    if (this.#flags.json) return;
    const files = this.#writer?.files ?? [];
    process.stderr.write(`\n${this.#countLines()}${files.length === 0 ? '' : `written: ${files.join(' ')}\n`}`);
  }
}
