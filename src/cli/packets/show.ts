/** What `barewire show` runs. */
import { readFile } from 'node:fs/promises';
import {
  type CapturedPacket,
  type CaptureItem,
  compileFilter,
  explainFilter,
  type Filter,
  FilterError,
  type PacketFilter,
  packetFilter,
} from '../../capture/index.ts';
import { describeFault } from '../../core/index.ts';
import { TcpAnalyser } from '../../flow/index.ts';
import { readCaptureFile } from '../../os/capture/file-reader.ts';
import { CaptureFileWriter } from '../../os/capture/file-writer.ts';
import { CommandError, ExitCode, UsageError } from '../errors.ts';
import { write, writeInto } from '../output.ts';
import { type Reason, type Records, withRecords } from '../records.ts';
import { onSignals } from '../signals.ts';
import { wantsColour } from '../terminal.ts';
import { version } from '../version.ts';
import { Conversations } from './conversations.ts';
import { Follow } from './follow.ts';
import { Hierarchy } from './hierarchy.ts';
import { printerOptions, type ShowFlags } from './options.ts';
import { PacketPrinter } from './printer.ts';
import { packetRecord } from './record.ts';

/** Text that is written at once: a write for each packet would cost more than the packet. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Below this a file is read before anybody could look at its progress. */
const LONG_BYTES = 32 << 20;

/** @returns the exit code */
export async function show(file: string, expression: string, flags: ShowFlags): Promise<number> {
  if (flags.output !== undefined) writeInto(flags.output);
  return withRecords(flags.json, async (records) => {
    const text = await filterText(expression, flags.filterFile);
    return await read(file, new Show(flags, text, records));
  });
}

async function read(file: string, task: Show): Promise<number> {
  const abort = new AbortController();
  let code = 0;
  const signals = onSignals((exitCode) => {
    code = exitCode;
    abort.abort();
  });
  try {
    const source = file === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : file;
    const onProgress = progressLine(task.isQuiet);
    for await (const items of readCaptureFile(source, { signal: abort.signal, onProgress })) {
      if (!(await task.take(items))) break;
    }
  } catch (error) {
    if (!abort.signal.aborted) {
      await task.keep();
      throw error;
    }
  } finally {
    signals.stop();
  }
  await task.end(code !== 0 ? 'interrupted' : task.isDamaged ? 'error' : 'done');
  return code !== 0 ? code : task.isDamaged ? ExitCode.error : ExitCode.yes;
}

/** The expression on the command line, or that of a file. */
export async function filterText(expression: string, file: string | undefined): Promise<string> {
  if (file === undefined) return expression;
  if (expression !== '') throw new CommandError(`-F ${file}: expected no expression beside it, got '${expression}'`);
  return (await readFile(file, 'utf8')).trim();
}

/** A filter's mistake with the place marked below it. */
export function asCommandError(error: unknown): unknown {
  return error instanceof FilterError ? new CommandError(`filter: ${error.message}`, ExitCode.error, error) : error;
}

/** The filter of each link type: a file may have several. */
class Filters {
  readonly #expression: string;
  readonly #made = new Map<number, { readonly filter: Filter; readonly keep: PacketFilter }>();

  constructor(expression: string) {
    this.#expression = expression;
    // A mistake is told before anything is read.
    if (expression !== '') this.of(1);
  }

  of(linkType: number): { readonly filter: Filter; readonly keep: PacketFilter } | undefined {
    if (this.#expression === '') return undefined;
    let made = this.#made.get(linkType);
    if (made === undefined) {
      try {
        const filter = compileFilter(this.#expression, { linkType });
        made = { filter, keep: packetFilter(filter.program) };
      } catch (error) {
        throw asCommandError(error);
      }
      this.#made.set(linkType, made);
    }
    return made;
  }
}

class Show {
  readonly #flags: ShowFlags;
  readonly #filters: Filters;
  readonly #printer: PacketPrinter;
  /** For records; the printer has its own. */
  readonly #analyser: TcpAnalyser | undefined;
  readonly #counts = { packets: 0, shown: 0, bytes: 0, faults: 0 };
  /** Printed at the end, instead of packets. */
  readonly #table: Conversations | Hierarchy | undefined;
  readonly #follow: Follow | undefined;
  readonly #records: Records;
  #writer: CaptureFileWriter | undefined;
  /** Of the first interface. */
  #linkType: number | undefined;
  #waiting = '';

  constructor(flags: ShowFlags, expression: string, records: Records) {
    this.#flags = flags;
    this.#records = records;
    records.counts = () => this.#counts;
    this.#filters = new Filters(expression);
    this.#printer = new PacketPrinter(printerOptions(flags));
    this.#analyser = flags.notes ? new TcpAnalyser() : undefined;
    const ways = [flags.conv, flags.protocols, flags.follow !== undefined, flags.write !== undefined];
    if (ways.filter(Boolean).length > 1) {
      throw new UsageError('--conv, --protocols, --follow and -w exclude each other');
    }
    const { as, json } = flags;
    if (json && as === 'raw') throw new UsageError('--as raw and --json exclude each other');
    this.#table = flags.conv ? new Conversations() : flags.protocols ? new Hierarchy() : undefined;
    const colour = wantsColour(process.stdout, process.env, flags.color);
    this.#follow = flags.follow === undefined ? undefined : new Follow({ index: flags.follow, as, colour, json });
  }

  get isDamaged(): boolean {
    return this.#counts.faults > 0;
  }

  /** Nothing is printed while the file is read, or not on this terminal. */
  get isQuiet(): boolean {
    return this.#flags.write !== undefined || this.#table !== undefined || !process.stdout.isTTY;
  }

  /** @returns false when no more is wanted */
  async take(items: readonly CaptureItem[]): Promise<boolean> {
    for (const item of items) {
      if (item.kind === 'interface') this.#linkType ??= item.linkType;
      if (item.kind === 'fault') await this.#fault(describeFault(item.fault));
      if (item.kind !== 'packet') continue;
      if (this.#packet(item) && this.#follow !== undefined) await write(this.#follow.add(item));
      if (this.#waiting.length >= CHUNK_CHARACTERS) await this.#flush();
      if (this.#counts.shown === this.#flags.count) return false;
    }
    return true;
  }

  /** @returns whether the filter lets it through */
  #packet(packet: CapturedPacket): boolean {
    this.#counts.packets++;
    const made = this.#filters.of(packet.linkType);
    if (made !== undefined && made.keep(packet.bytes, packet.length) === 0) {
      if (this.#flags.explain) {
        const { text } = explainFilter(made.filter, packet.bytes, packet.length);
        this.#waiting += `${this.#printer.print(packet, this.#counts.packets)}    ${text}\n`;
      }
      return false;
    }
    this.#counts.shown++;
    this.#counts.bytes += packet.length;
    if (this.#flags.write !== undefined) this.#write(packet, this.#flags.write);
    else if (this.#table !== undefined) this.#table.add(packet);
    else if (this.#follow !== undefined) return true;
    else if (this.#flags.json)
      this.#waiting += `${JSON.stringify(packetRecord(packet, this.#counts.packets, this.#analyser))}\n`;
    else this.#waiting += this.#printer.print(packet, this.#counts.packets);
    return true;
  }

  #write(packet: CapturedPacket, path: string): void {
    const { linkType } = packet;
    const writer = this.#writerOf(path, linkType);
    if (writer.linkType !== linkType) {
      throw new CommandError(`-w ${path}: expected one link type, got ${writer.linkType} and ${linkType}`);
    }
    writer.write(packet);
  }

  #writerOf(path: string, linkType: number): CaptureFileWriter {
    this.#writer ??= new CaptureFileWriter(path, { linkType, application: `barewire ${version()}` });
    return this.#writer;
  }

  async #fault(text: string): Promise<void> {
    this.#counts.faults++;
    await this.#flush();
    await this.#records.error('ERR_CAPTURE', text);
    process.stderr.write(`barewire show: ${text}\n`);
  }

  /** What was read so far is not lost, whatever happens. */
  async keep(): Promise<void> {
    await this.#flush();
    const { write: path } = this.#flags;
    // No packet, and yet a file: whoever reads it shall find that there was none.
    if (path !== undefined && this.#linkType !== undefined) this.#writerOf(path, this.#linkType).begin(0n);
    this.#writer?.close();
  }

  async end(reason: Reason): Promise<void> {
    await this.keep();
    if (this.#follow !== undefined) await write(this.#follow.end());
    if (this.#table !== undefined) await write(this.#flags.json ? this.#table.records() : this.#table.text());
    if (this.#flags.write !== undefined && !this.#flags.json) {
      process.stderr.write(`barewire show: ${this.#counts.shown} of ${this.#counts.packets} packets written\n`);
    }
    await this.#records.summary(reason);
  }

  async #flush(): Promise<void> {
    if (this.#waiting === '') return;
    const text = this.#waiting;
    this.#waiting = '';
    await write(text);
  }
}

/** How far a long file is read, on a terminal that prints nothing else. */
function progressLine(isQuiet: boolean): ((read: number, size: number | undefined) => void) | undefined {
  if (!process.stderr.isTTY || !isQuiet) return undefined;
  let last = -1;
  return (read, size) => {
    if (size === undefined || size < LONG_BYTES) return;
    const percent = Math.floor((100 * read) / size);
    if (percent === last) return;
    last = percent;
    const bar = '#'.repeat(Math.floor(percent / 2.5)).padEnd(40, '.');
    process.stderr.write(percent >= 100 ? '\r\u001b[K' : `\r${bar} ${percent} %`);
  };
}
