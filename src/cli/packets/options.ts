/** The options that `show` and `sniff` share: tcpdump's letters. */
import { UsageError } from '../errors.ts';
import { colorRow, count, flag, jsonRow, outputRow, type RowsFor, value, whole, words } from '../options/rows.ts';
import type { ByteForm, PrinterOptions } from './printer.ts';
import { TIME_FORMS } from './time.ts';

const PRINT = 'Printing';

/** What is printed of a packet, and how. */
export interface PrintFlags {
  readonly time: number;
  readonly nano: boolean;
  readonly verbose: number;
  readonly tree: boolean;
  readonly linkHeader: boolean;
  readonly quiet: boolean;
  readonly number: boolean;
  readonly notes: boolean;
  readonly absolute: boolean;
  readonly hex: number;
  readonly hexText: number;
  readonly ascii: boolean;
  readonly numeric: number;
  readonly json: boolean;
  readonly output: string | undefined;
  readonly color: 'auto' | 'always' | 'never';
}

/** Which packets are read. */
export interface PickFlags {
  readonly count: number | undefined;
  readonly filterFile: string | undefined;
  readonly explain: boolean;
}

export interface ShowFlags extends PrintFlags, PickFlags {
  readonly write: string | undefined;
  readonly conv: boolean;
  readonly protocols: boolean;
  readonly follow: number | undefined;
  readonly as: 'text' | 'hex' | 'raw';
}

export interface SniffFlags extends PrintFlags, PickFlags {
  readonly interface: string | undefined;
  readonly listInterfaces: boolean;
  readonly snapLength: number;
  readonly noPromiscuous: boolean;
  readonly direction: 'in' | 'out' | 'inout';
  readonly bufferSize: number;
  readonly immediate: boolean;
  readonly write: string | undefined;
  readonly print: boolean;
  readonly packetBuffered: boolean;
  readonly fileSize: number | undefined;
  readonly rotateSeconds: number | undefined;
  readonly fileCount: number | undefined;
  readonly read: string | undefined;
  readonly dump: number;
  readonly linkType: string | undefined;
  readonly statsEvery: number | undefined;
}

export const printRows: RowsFor<PrintFlags> = {
  time: count(
    't',
    'no time; -tt seconds since 1970, -ttt since the packet before, -tttt with date, -ttttt since the first',
    PRINT,
  ),
  nano: flag(undefined, 'nine digits of a second instead of six', PRINT),
  verbose: count('v', 'the fields of the IP header, wrong checksums, comments', PRINT),
  tree: flag('V', 'every field of every layer', PRINT),
  linkHeader: flag('e', 'the link header', PRINT),
  quiet: flag('q', 'ends and length only', PRINT),
  number: flag('#', 'number the packets', PRINT),
  notes: flag(
    undefined,
    'what is remarkable about TCP segments: sent again, out of order, window full, round trips',
    PRINT,
  ),
  absolute: flag('S', 'TCP sequence numbers as they are on the wire', PRINT),
  hex: count('x', 'the bytes in hexadecimal; -xx with the link header', PRINT),
  hexText: count('X', 'the bytes in hexadecimal and as characters; -XX with the link header', PRINT),
  ascii: flag('A', 'the bytes as characters', PRINT),
  numeric: count('n', 'nothing: addresses and ports are always numbers; taken because hands type it', PRINT),
  json: jsonRow,
  output: outputRow,
  color: colorRow,
};

export const pickRows: RowsFor<PickFlags> = {
  count: value('c', whole('packets', 1, Number.MAX_SAFE_INTEGER), 'end after so many packets'),
  filterFile: value('F', words('file', 'file'), 'read the filter expression from a file'),
  explain: flag(undefined, 'print dropped packets too, and which instruction of the filter dropped them'),
};

export function printerOptions(flags: PrintFlags): PrinterOptions {
  const forms: ByteForm[] = [];
  if (flags.hex > 0) forms.push(flags.hex > 1 ? 'xx' : 'x');
  if (flags.hexText > 0) forms.push(flags.hexText > 1 ? 'XX' : 'X');
  if (flags.ascii) forms.push('A');
  if (forms.length > 1) throw new UsageError('-x, -X and -A exclude each other');
  // -t none, -tt epoch … as TIME_FORMS has them.
  const time = TIME_FORMS[flags.time];
  if (time === undefined)
    throw new UsageError(`-t: expected at most ${TIME_FORMS.length - 1} of them, got ${flags.time}`);
  return {
    time,
    nanoseconds: flags.nano,
    absolute: flags.absolute,
    link: flags.linkHeader,
    verbose: flags.verbose > 0,
    quiet: flags.quiet,
    tree: flags.tree,
    bytes: forms[0] ?? 'none',
    numbers: flags.number,
    notes: flags.notes,
  };
}
