/** What `barewire sniff` runs. */
import { compileFilter, LINK_TYPES, type LivePacket } from '../../capture/index.ts';
import { CaptureFileWriter } from '../../os/capture/file-writer.ts';
import { type Capture, openCapture } from '../../os/capture/open.ts';
import { interfaces } from '../../os/interfaces.ts';
import { SocketError } from '../../socket/error.ts';
import { CommandError, ExitCode, errorMessage, UsageError } from '../errors.ts';
import { write } from '../output.ts';
import { onSignals } from '../talk.ts';
import { version } from '../version.ts';
import { printerOptions, type SniffFlags } from './options.ts';
import { PacketPrinter, type ShownPacket } from './printer.ts';
import { programListing } from './program-listing.ts';
import { packetRecord } from './record.ts';
import { asCommandError, filterText } from './show.ts';
import { errorRecord, summaryRecord } from './summary.ts';

/** What `-r` does not know of `show`. */
const READ_FLAGS = { filterFile: undefined, explain: false, conv: false, follow: undefined, as: 'text' } as const;
const LINKTYPE_ETHERNET = 1;
const BYTES_PER_MEGABYTE = 1_000_000;
const SIGINT_EXIT = 130;

/** @returns the exit code */
export async function sniff(expression: string, flags: SniffFlags): Promise<number> {
  const filter = await filterText(expression, flags.filterFile);
  if (flags.listInterfaces) return listInterfaces(flags.json);
  if (flags.dump > 0) return dump(filter, flags);
  if (flags.read !== undefined) {
    const { show } = await import('./show.ts');
    return show(flags.read, filter, { ...flags, ...READ_FLAGS });
  }
  checkFlags(flags);
  const task = open(filter, flags);
  try {
    return await task.run();
  } catch (error) {
    throw await task.failed(error);
  }
}

async function listInterfaces(json: boolean): Promise<number> {
  const lines = interfaces().map(({ index, name, up, type, addresses }) => {
    if (json) return JSON.stringify({ v: 1, type: 'interface', index, name, up, kind: type });
    const where = addresses.map(({ address }) => address).join(', ');
    return `${index}.${name} [${up ? 'up' : 'down'}, ${type}]${where === '' ? '' : ` ${where}`}`;
  });
  if (!json) lines.push('any (every interface)');
  await write(`${lines.join('\n')}\n`);
  return ExitCode.yes;
}

async function dump(filter: string, flags: SniffFlags): Promise<number> {
  if (flags.dump > 3) throw new UsageError(`-d: expected at most 3 of them, got ${flags.dump}`);
  try {
    const { program } = compileFilter(filter, { linkType: linkTypeOf(flags.linkType) });
    await write(`${programListing(program, flags.dump)}\n`);
    return ExitCode.yes;
  } catch (error) {
    throw asCommandError(error);
  }
}

/** tcpdump calls Ethernet EN10MB. */
function linkTypeOf(name: string | undefined): number {
  if (name === undefined || name.toUpperCase() === 'EN10MB') return LINKTYPE_ETHERNET;
  const found = LINK_TYPES.find((one) => one.name === name.toUpperCase());
  if (found !== undefined) return found.number;
  throw new CommandError(`-y: expected EN10MB, ${LINK_TYPES.map((one) => one.name).join(', ')}; got '${name}'`);
}

function checkFlags(flags: SniffFlags): void {
  if (flags.write === undefined) {
    for (const [name, given] of [
      ['-C', flags.fileSize],
      ['-G', flags.rotateSeconds],
      ['-W', flags.fileCount],
    ] as const) {
      if (given !== undefined) throw new UsageError(`${name} needs -w`);
    }
  }
  if (flags.fileCount !== undefined && flags.fileSize === undefined && flags.rotateSeconds === undefined) {
    throw new UsageError('-W needs -C or -G');
  }
  if (flags.write === '-' && process.stdout.isTTY) throw new UsageError('-w -: expected stdout to be a pipe or a file');
  if (flags.write === '-' && (flags.print || flags.json)) throw new UsageError('-w - and printing exclude each other');
}

function open(filter: string, flags: SniffFlags): Sniff {
  const name = flags.interface ?? firstInterface();
  try {
    const capture = openCapture(name, {
      filter,
      snapLen: flags.snapLength === 0 ? 262_144 : flags.snapLength,
      promiscuous: !flags.noPromiscuous,
      direction: flags.direction === 'inout' ? 'both' : flags.direction,
      bufferBytes: flags.bufferSize * 1024,
      // A person who looks on wants each packet when it comes, a file wants them all.
      latency: flags.immediate || flags.write === undefined ? 'low' : 'throughput',
    });
    return new Sniff(capture, filter, flags);
  } catch (error) {
    throw asCommandError(explained(error, name));
  }
}

/** As tcpdump chooses: one that is up and no loopback, or else loopback. */
function firstInterface(): string {
  const up = interfaces().filter((one) => one.up);
  const chosen = up.find(({ type }) => type !== 'loopback') ?? up[0];
  if (chosen === undefined) throw new CommandError('no interface is up; name one with -i (-D lists them)');
  return chosen.name;
}

function explained(error: unknown, name: string): unknown {
  if (!(error instanceof SocketError)) return error;
  if (error.code === 'EPERM' || error.code === 'EACCES') {
    return new CommandError(
      `need CAP_NET_RAW on ${name} (you are uid ${process.getuid?.() ?? '?'}, without it). ` +
        'Try: as root · unshare -Urn for a network of your own · barewire show FILE for a capture that is there',
    );
  }
  if (error.code === 'ENODEV') return new CommandError(`${name}: no such interface; barewire sniff -D lists them`);
  if (error.code === 'ENETDOWN') return new CommandError(`${name}: the interface went down`);
  return error;
}

class Sniff {
  readonly #capture: Capture;
  readonly #flags: SniffFlags;
  readonly #printer: PacketPrinter;
  readonly #writer: CaptureFileWriter | undefined;
  readonly #names: ReadonlyMap<number, string>;
  readonly #abort = new AbortController();
  #captured = 0;
  #exitCode: number = ExitCode.yes;
  #lastT = 0n;
  #isOver = false;

  constructor(capture: Capture, filter: string, flags: SniffFlags) {
    this.#capture = capture;
    this.#flags = flags;
    this.#printer = new PacketPrinter(printerOptions(flags));
    // A capture of every interface says of each packet where it was.
    this.#names = new Map(capture.interface === 'any' ? interfaces().map(({ index, name }) => [index, name]) : []);
    this.#writer = flags.write === undefined ? undefined : this.#openWriter(flags.write, filter);
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

  async run(): Promise<number> {
    const signals = onSignals((exitCode) => {
      // tcpdump's users end it with Ctrl-C: that is no failure.
      this.#exitCode = exitCode === SIGINT_EXIT ? ExitCode.yes : exitCode;
      this.#abort.abort();
    });
    const tell = (): void => void process.stderr.write(this.#countLines());
    process.on('SIGUSR1', tell);
    this.#begin();
    try {
      await this.#packets();
    } finally {
      signals.stop();
      process.off('SIGUSR1', tell);
    }
    await this.#end(this.#abort.signal.aborted ? 'interrupted' : 'done');
    return this.#exitCode;
  }

  #begin(): void {
    const { interface: name, snapLen, linkType } = this.#capture;
    this.#writer?.begin(BigInt(Date.now()) * 1_000_000n);
    process.stderr.write(
      `barewire sniff: listening on ${name}, link type ${linkType}, snapshot length ${snapLen} bytes\n`,
    );
  }

  async #packets(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      let batch: Iterable<LivePacket>;
      try {
        batch = await this.#capture.next({ signal: this.#abort.signal });
      } catch (error) {
        if (this.#abort.signal.aborted) return;
        throw explained(error, this.#capture.interface);
      }
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

  /** @returns what is to be printed of it */
  #packet(packet: LivePacket): string {
    const { t, bytes, length, direction } = packet;
    this.#lastT = t;
    if (this.#writer !== undefined) {
      this.#writer.write({ t, bytes, length, direction });
      if (this.#writer.isFull) return '';
    }
    this.#captured++;
    if (this.#writer !== undefined && !this.#flags.print) return '';
    const name = this.#names.get(packet.ifindex);
    const place = name === undefined ? undefined : `${name} ${direction === 'outbound' ? 'Out' : 'In '}`;
    const shown: ShownPacket = { t, bytes, length, linkType: this.#capture.linkType, place };
    return this.#flags.json
      ? `${JSON.stringify(packetRecord({ ...shown, place: name }, this.#captured))}\n`
      : this.#printer.print(shown, this.#captured);
  }

  #countLines(): string {
    const { received, dropped } = this.#capture.statistics();
    const packets = (count: number): string => `${count} packet${count === 1 ? '' : 's'}`;
    return (
      `${packets(this.#captured)} captured\n${packets(received)} received by filter\n` +
      `${packets(dropped)} dropped by kernel\n`
    );
  }

  async #end(reason: 'done' | 'interrupted' | 'error'): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const statistics = this.#capture.statistics();
    this.#writer?.close(statistics, this.#lastT);
    const lines = this.#countLines();
    this.#capture.close();
    const files = this.#writer?.files ?? [];
    const { received, dropped } = statistics;
    if (this.#flags.json) await write(summaryRecord(reason, { captured: this.#captured, received, dropped, files }));
    else process.stderr.write(`\n${lines}${files.length === 0 ? '' : `written: ${files.join(' ')}\n`}`);
  }

  /** End it all the same: what was captured is kept. */
  async failed(error: unknown): Promise<unknown> {
    if (this.#flags.json) {
      const { code } = error as { readonly code?: unknown };
      await write(errorRecord(typeof code === 'string' ? code : null, errorMessage(error)));
    }
    await this.#end('error');
    return error;
  }
}
