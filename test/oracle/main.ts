/** The comparison of capture files with Wireshark as a command; scripts/oracle.mjs starts it. */
import { parseArgs } from 'node:util';
import { type Comparison, compareCapture, type Difference, MOST_PLACES, type Tally } from './compare.ts';
import { tsharkVersion } from './tshark.ts';

const HELP = `npm run oracle -- FILE... [--places N] [--json] [--all]

Decodes pcap and pcapng files with Barewire and with tshark and compares every field that both know: what it says, in
every packet, and at which bits it stands, in a sample of at most N packets (${MOST_PLACES}; 0 for none).
Prints how often each field was compared, equal, different for a known reason (test/oracle/rules.ts), different for none.
--all lists the known differences too. Exit code: 0 nothing unexplained, 1 something unexplained, 2 wrong arguments, a
file that cannot be read, no tshark.
`;
const MOST_LISTED = 100;

/** @returns the exit code */
export function main(args: readonly string[]): number {
  let options: Options;
  try {
    options = readArguments(args);
  } catch (error) {
    process.stderr.write(`oracle: ${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const version = tsharkVersion();
  if (version === undefined) {
    process.stderr.write('oracle: tshark is not installed; on Debian and Ubuntu: apt-get install tshark\n');
    return 2;
  }
  try {
    const results = options.files.map((path) => ({ path, ...compareCapture(path, { mostPlaces: options.places }) }));
    process.stdout.write(options.json ? json(version, results) : report(version, results, options.all));
    return results.every(isExplained) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`oracle: ${(error as Error).message}\n`);
    return 2;
  }
}

interface Options {
  readonly files: readonly string[];
  readonly places: number;
  readonly json: boolean;
  readonly all: boolean;
  readonly help: boolean;
}

function readArguments(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      places: { type: 'string', default: String(MOST_PLACES) },
      json: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const places = Number(values.places);
  if (!Number.isSafeInteger(places) || places < 0) {
    throw new Error(`--places: expected a number of packets, got '${values.places}'`);
  }
  if (positionals.length === 0 && !values.help) throw new Error('FILE: expected at least one capture file, got none');
  return { files: positionals, places, json: values.json, all: values.all, help: values.help };
}

function isExplained({ differences }: Comparison): boolean {
  return differences.every(({ reason }) => reason !== undefined);
}

type Result = Comparison & { readonly path: string };

function json(version: string, results: readonly Result[]): string {
  const files = results.map((result) => ({
    ...result,
    fields: Object.fromEntries(result.fields),
    unnamed: Object.fromEntries(result.unnamed),
  }));
  return `${JSON.stringify({ tshark: version, files }, null, 2)}\n`;
}

function report(version: string, results: readonly Result[], listsAll: boolean): string {
  const lines = [`against ${version}`, ''];
  for (const { path, frames, sampled } of results) lines.push(`${path}: ${frames} packets, places in ${sampled}`);
  const unnamed = new Set(results.flatMap(({ unnamed }) => [...unnamed.keys()]));
  if (unnamed.size > 0) lines.push(`not compared, without names in test/oracle/names.ts: ${[...unnamed].join(', ')}`);
  lines.push('', ...table(sumOf(results)), '', ...reasons(results));
  const listed = results.flatMap(({ path, differences }) =>
    differences.filter(({ reason }) => listsAll || reason === undefined).map((one) => differenceLine(path, one)),
  );
  lines.push(...listed.slice(0, listsAll ? Infinity : MOST_LISTED));
  if (!listsAll && listed.length > MOST_LISTED) lines.push(`and ${listed.length - MOST_LISTED} more`);
  return `${lines.join('\n')}\n`;
}

/** Values and places of all files, by field. */
function sumOf(results: readonly Result[]): Map<string, Tally> {
  const sums = new Map<string, Tally>();
  for (const [field, tally] of results.flatMap(({ fields }) => [...fields])) {
    const sum = sums.get(field) ?? { compared: 0, equal: 0, explained: 0, unexplained: 0 };
    for (const key of KEYS) sum[key] += tally[key];
    sums.set(field, sum);
  }
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const KEYS = ['compared', 'equal', 'explained', 'unexplained'] as const;

function table(sums: ReadonlyMap<string, Tally>): string[] {
  const total: Tally = { compared: 0, equal: 0, explained: 0, unexplained: 0 };
  for (const tally of sums.values()) for (const key of KEYS) total[key] += tally[key];
  const row = (name: string, cells: readonly unknown[]): string =>
    `${name.padEnd(34)}${cells.map((cell) => String(cell).padStart(12)).join('')}`;
  const rows = [...sums, ['all', total] as const].map(([name, tally]) =>
    row(
      name,
      KEYS.map((key) => tally[key]),
    ),
  );
  return [row('field (@: where it stands)', KEYS), ...rows];
}

function reasons(results: readonly Result[]): string[] {
  const counts = new Map<string, number>();
  for (const { reason } of results.flatMap(({ differences }) => differences)) {
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const rows = [...counts].sort(([, a], [, b]) => b - a);
  return rows.length === 0
    ? []
    : ['known differences:', ...rows.map(([why, n]) => `${String(n).padStart(8)}  ${why}`), ''];
}

function differenceLine(path: string, { frame, subject, field, ours, theirs, reason }: Difference): string {
  const what = subject === 'place' ? `${field} @` : field;
  const why = reason === undefined ? '' : ` (${reason})`;
  return `${path}: frame ${frame}: ${what}: ours ${list(ours)}, theirs ${list(theirs)}${why}`;
}

function list(values: readonly string[]): string {
  return values.length === 0 ? 'none' : values.join(' ');
}
