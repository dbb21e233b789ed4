/** What `barewire sniff` runs. */
import { compileFilter, LINK_TYPES } from '../../capture/index.ts';
import { openCapture } from '../../os/capture/open.ts';
import { interfaces } from '../../os/interfaces.ts';
import { CommandError, ExitCode, UsageError } from '../errors.ts';
import { write, writeInto } from '../output.ts';
import { type Records, record, withRecords } from '../records.ts';
import { explained, LiveSession } from './live-session.ts';
import type { SniffFlags } from './options.ts';
import { programListing } from './program-listing.ts';
import { asCommandError, filterText, show } from './show.ts';

/** What `-r` does not know of `show`. */
const READ_FLAGS = { conv: false, protocols: false, follow: undefined, as: 'text' } as const;
const LINKTYPE_ETHERNET = 1;

/**
 * @param behind a command line to run meanwhile
 * @returns the exit code
 */
export async function sniff(expression: string, flags: SniffFlags, behind: readonly string[]): Promise<number> {
  if (flags.read !== undefined) {
    if (behind.length > 0) throw new UsageError('-r and a command behind -- exclude each other');
    return show(flags.read, expression, { ...flags, ...READ_FLAGS });
  }
  if (flags.output !== undefined) writeInto(flags.output);
  if (flags.listInterfaces) return listInterfaces(flags.json);
  if (flags.dump > 0) return dump(await filterText(expression, flags.filterFile), flags);
  return withRecords(flags.json, async (records) => {
    const filter = await filterText(expression, flags.filterFile);
    checkFlags(flags, behind);
    return await open(filter, flags, records).run(behind);
  });
}

async function listInterfaces(json: boolean): Promise<number> {
  const lines = interfaces().map(({ index, name, up, type, addresses }) => {
    if (json) return record('interface', { index, name, up, kind: type });
    const where = addresses.map(({ address }) => address).join(', ');
    return `${index}.${name} [${up ? 'up' : 'down'}, ${type}]${where === '' ? '' : ` ${where}`}\n`;
  });
  if (!json) lines.push('any (every interface)\n');
  await write(lines.join(''));
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

function checkFlags(flags: SniffFlags, behind: readonly string[]): void {
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
  if (flags.write !== undefined && flags.explain) throw new UsageError('-w and --explain exclude each other');
  if (behind[0] === '') throw new UsageError("--: expected a command, got ''");
}

function open(filter: string, flags: SniffFlags, records: Records): LiveSession {
  const name = flags.interface ?? firstInterface();
  try {
    const capture = openCapture(name, {
      // To be explained here, dropped packets must come here.
      filter: flags.explain ? undefined : filter,
      snapLen: flags.snapLength === 0 ? 262_144 : flags.snapLength,
      promiscuous: !flags.noPromiscuous,
      direction: flags.direction === 'inout' ? 'both' : flags.direction,
      bufferBytes: flags.bufferSize * 1024,
      // A person who looks on wants each packet when it comes, a file wants them all.
      latency: flags.immediate || flags.write === undefined ? 'low' : 'throughput',
    });
    return new LiveSession(capture, filter, flags, records);
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
