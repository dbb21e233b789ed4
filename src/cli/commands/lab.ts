/**
 * `barewire lab`: play a scenario over a wire of our own, on two hosts of this kernel, and draw what happened: calls,
 * packets and states of both ends on one clock.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireRule } from '../../link/wire-rules.ts';
import { DEFAULT_SCENARIO, SCENARIO_TEXTS } from '../../tools/lab/scenario-texts.ts';
import type { Trace } from '../../trace/event.ts';
import { CommandError, ExitCode, UsageError } from '../errors.ts';
import type { LabOptions } from '../lab-bridge.ts';
import { type CommandRow, command } from '../options/command.ts';
import {
  choice,
  colorRow,
  decimal,
  type Flags,
  flag,
  list,
  port,
  preset,
  value,
  whole,
  words,
} from '../options/rows.ts';
import { write } from '../output.ts';
import { lineWidth, speaksUtf8, wantsColour } from '../terminal.ts';

const names = Object.keys(SCENARIO_TEXTS);
const widest = Math.max(...names.map((name) => name.length));
const rule = words('rule');

const rows = {
  scenario: value('s', words('name', names), 'the same as the argument'),
  delay: value('d', decimal('milliseconds', 0, 60_000), 'one-way delay of the wire, in ms; 20 when not told'),
  drop: list(undefined, rule, 'lose a packet'),
  hold: list(undefined, words('rule=ms'), 'keep a packet for so long'),
  dup: list(undefined, rule, 'deliver a packet twice'),
  reorder: list(undefined, rule, 'let the next packet overtake one'),
  ipv6: flag('6', 'IPv6 instead of IPv4'),
  port: value('p', port, "the server's port"),
  wire: preset(undefined, choice('auto', 'tun', 'veth', 'loopback'), 'auto', 'what the hosts are joined by'),
  list: flag(undefined, 'list the packets, as tcpdump does, instead of the ladder'),
  json: flag(undefined, 'the trace as NDJSON on stdout, and nothing else'),
  output: value('o', words('directory', 'directory'), 'also write <scenario>.pcapng and <scenario>.trace.ndjson there'),
  replay: value(undefined, words('file', 'file'), 'draw a saved trace (.trace.ndjson) instead of a new run'),
  absolute: flag(undefined, 'sequence numbers as they are on the wire'),
  color: colorRow,
  width: value(undefined, whole('columns', 30, 9999), 'draw for so many columns'),
  ascii: flag(undefined, 'draw with ASCII only'),
};

type LabFlags = Flags<typeof rows>;

export const labCommand: CommandRow = command({
  name: 'lab',
  summary: 'show a TCP or UDP exchange of this kernel: calls, packets and states of both ends',
  description:
    'Plays a scenario between two hosts of this kernel over a wire of our own, and draws the ladder: system ' +
    'calls, packets and TCP states of both ends on one clock. Needs no root where user namespaces are allowed.',
  arguments: [{ name: 'scenario', text: 'see below', optional: true, offers: names }],
  options: rows,
  sections: [
    {
      title: 'Scenarios',
      body: Object.entries(SCENARIO_TEXTS)
        .map(([name, text]) => `  ${name.padEnd(widest)}  ${text}${name === DEFAULT_SCENARIO ? ' (default)' : ''}`)
        .join('\n'),
    },
    {
      title: 'Rules',
      body: `Rules name packets as FROM>TO:WHAT#N: client>server:syn#1 is the client's first
SYN, *:ack every pure ACK. WHAT is syn, syn-ack, ack, data, fin, rst, tcp, udp,
icmp or any. Quote them: > is special to the shell.`,
    },
    {
      title: 'Examples',
      body: `  barewire lab
  barewire lab handshake --drop 'client>server:syn#1'
  barewire lab close-4 --delay 50 -o traces
  barewire lab udp --json | jq -c 'select(.k == "pkt.tx")'`,
    },
  ],
  run: ([scenario], flags) => lab(scenario, flags),
});

async function parseRules(flags: LabFlags): Promise<WireRule[]> {
  const { parseWireRule } = await import('../../link/wire-rules.ts');
  const actions = ['drop', 'hold', 'dup', 'reorder'] as const;
  try {
    return actions.flatMap((action) => flags[action].map((text) => parseWireRule(action, text)));
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

async function lab(argument: string | undefined, flags: LabFlags): Promise<number> {
  if (argument !== undefined && flags.scenario !== undefined && argument !== flags.scenario) {
    throw new UsageError(`two scenarios given: '${argument}' and '${flags.scenario}'`);
  }
  if (flags.json && flags.list) throw new UsageError('--json and --list exclude each other');
  const given = argument ?? flags.scenario;
  if (flags.replay !== undefined) {
    if (given !== undefined) throw new UsageError(`--replay draws what was recorded: there is no place for '${given}'`);
    await show(await readSaved(flags.replay), flags);
    return ExitCode.yes;
  }
  const scenario = given ?? DEFAULT_SCENARIO;
  if (!names.includes(scenario)) {
    throw new UsageError(`unknown scenario '${scenario}'; there are: ${names.join(', ')}`);
  }
  return run(scenario, flags);
}

async function run(scenario: string, flags: LabFlags): Promise<number> {
  const rules = await parseRules(flags);
  const abort = new AbortController();
  let signal: NodeJS.Signals | undefined;
  const stop = (name: NodeJS.Signals): void => {
    // A second one means it: without the handler the system's own way applies.
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    signal = name;
    abort.abort(name);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const options: LabOptions = {
    scenario,
    rules,
    family: flags.ipv6 ? 6 : 4,
    wire: flags.wire,
    signal: abort.signal,
    ...(flags.delay === undefined ? {} : { delayMs: flags.delay }),
    ...(flags.port === undefined ? {} : { port: flags.port }),
  };
  try {
    const { runLab } = await import('../lab-bridge.ts');
    const result = await runLab(options);
    if (result.kind === 'elsewhere') return result.exitCode;
    const { trace, notes } = result;
    for (const note of notes) process.stderr.write(`barewire lab: ${note}\n`);
    if (signal !== undefined)
      process.stderr.write(`barewire lab: interrupted by ${signal}; this is what was recorded\n`);
    // First the files: a reader of stdout that goes away ends the program.
    if (flags.output !== undefined) await save(trace, scenario, flags.output);
    await show(trace, flags);
  } catch (error) {
    if (signal === undefined) throw error;
    process.stderr.write(`barewire lab: interrupted by ${signal} before anything was recorded\n`);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  return signal === undefined ? ExitCode.yes : ExitCode.signal + (signal === 'SIGINT' ? 2 : 15);
}

async function show(trace: Trace, flags: LabFlags): Promise<void> {
  if (flags.json) {
    const { encodeTrace } = await import('../../trace/ndjson.ts');
    return write(encodeTrace(trace));
  }
  const unicode = !flags.ascii && speaksUtf8(process.env);
  const { absolute } = flags;
  if (flags.list) {
    const { listPackets } = await import('../listing.ts');
    return write(listPackets(trace, { unicode, absolute }));
  }
  const [{ drawLadder }, { printSummary }, { summarise }] = await Promise.all([
    import('../ladder/ladder.ts'),
    import('../ladder/summary.ts'),
    import('../../trace/summary.ts'),
  ]);
  const width = flags.width ?? lineWidth(process.stdout, process.env);
  const colour = wantsColour(process.stdout, process.env, flags.color);
  const figures = printSummary(summarise(trace), width);
  await write(`${drawLadder(trace, { width, unicode, colour, absolute })}${figures === '' ? '' : '\n'}${figures}`);
}

async function readSaved(file: string): Promise<Trace> {
  const { readTrace } = await import('../../trace/ndjson.ts');
  const { trace, problems } = readTrace(await readFile(file, 'utf8'));
  const { describeProblem } = await import('../../trace/validate.ts');
  if (trace === undefined) {
    throw new CommandError(
      `${file} is no trace: ${problems[0] === undefined ? 'it is empty' : describeProblem(problems[0])}`,
    );
  }
  for (const problem of problems.slice(0, 5))
    process.stderr.write(`barewire lab: ${file}: ${describeProblem(problem)}\n`);
  if (problems.length > 5) process.stderr.write(`barewire lab: ${file}: and ${problems.length - 5} more\n`);
  return trace;
}

async function save(trace: Trace, scenario: string, folder: string): Promise<void> {
  const [{ encodeTrace }, { traceToPcapng }] = await Promise.all([
    import('../../trace/ndjson.ts'),
    import('../../trace/pcapng.ts'),
  ]);
  await mkdir(folder, { recursive: true });
  const files = { pcapng: join(folder, `${scenario}.pcapng`), trace: join(folder, `${scenario}.trace.ndjson`) };
  await writeFile(files.pcapng, traceToPcapng(trace));
  await writeFile(files.trace, encodeTrace(trace));
  process.stderr.write(`barewire lab: wrote ${files.pcapng} and ${files.trace}\n`);
}
