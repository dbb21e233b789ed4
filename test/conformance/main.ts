/**
 * The conformance table as a program: `npm run conformance -- [options]` (scripts/conformance.mjs bundles and starts it).
 *
 *   --host NAME    the host to judge: kernel, or observed (the kernel, every call reported)
 *   --only TEXT    cases whose id or subject holds this text
 *   --form FORM    async, try or sync; all three when left out
 *   --random N     instead of the table N random scripts of each kind; --seed S repeats a run
 *   --list         print the cases with their sources and run nothing
 *   --notes        print where Linux differs from POSIX or an RFC, and run nothing
 *   --script       with --list or a failure: print the scripts too
 *   --no-python    without the comparison with CPython
 *   --json         one JSON document instead of the table
 *
 * Exit code 0: nothing failed and no difference from CPython is unexplained.
 */
import { parseArgs } from 'node:util';
import type { Case, Group } from './case.ts';
import { type TestHost, tableHosts } from './hosts.ts';
import { FORMS, type Form } from './interpreter.ts';
import { type Judgement, judge } from './judge.ts';
import { knownFailures } from './known-failures.ts';
import { findPython } from './oracle.ts';
import { randomGroup, randomKinds } from './random-scripts.ts';
import { type CaseResult, runCase } from './runner.ts';
import { groups } from './table.ts';

interface Options {
  readonly host: TestHost;
  readonly only: string;
  readonly forms: readonly Form[];
  readonly list: boolean;
  readonly notes: boolean;
  readonly script: boolean;
  readonly python: boolean;
  readonly json: boolean;
  /** What is run: the table, or random scripts. */
  readonly groups: readonly Group[];
}

interface Section {
  readonly subject: string;
  readonly results: readonly CaseResult[];
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    allowNegative: true,
    options: {
      host: { type: 'string', default: 'kernel' },
      only: { type: 'string', default: '' },
      form: { type: 'string' },
      list: { type: 'boolean', default: false },
      notes: { type: 'boolean', default: false },
      script: { type: 'boolean', default: false },
      python: { type: 'boolean', default: true },
      json: { type: 'boolean', default: false },
      random: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const host = tableHosts.find(({ name }) => name === values.host);
  if (host === undefined) {
    throw new RangeError(
      `--host: expected one of ${tableHosts.map(({ name }) => name).join(', ')}, got '${values.host}'`,
    );
  }
  const form = FORMS.find((name) => name === values.form);
  if (values.form !== undefined && form === undefined) {
    throw new RangeError(`--form: expected one of ${FORMS.join(', ')}, got '${values.form}'`);
  }
  const { only, list, notes, script, python, json } = values;
  return {
    host,
    only,
    forms: form === undefined ? FORMS : [form],
    list,
    notes,
    script,
    python,
    json,
    groups: groupsOf(values.random, values.seed),
  };
}

/** A number that an option was given. */
function whole(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new RangeError(`${option}: expected a whole number, got '${text}'`);
  return Number(text);
}

function groupsOf(random: string | undefined, seed: string | undefined): readonly Group[] {
  if (random === undefined) return groups;
  const from = seed === undefined ? Date.now() : whole('--seed', seed);
  return randomKinds.map((kind) => randomGroup(kind, whole('--random', random), from));
}

function chosen({ groups, only }: Options): { subject: string; cases: Case[] }[] {
  return groups
    .map(({ subject, cases }) => ({
      subject,
      cases: subject.includes(only) ? [...cases] : cases.filter(({ id }) => id.includes(only)),
    }))
    .filter(({ cases }) => cases.length > 0);
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const indent = (text: string): string => text.replaceAll(/^/gm, '      ');
const scriptOf = ({ steps }: Case): string => indent(steps.map(({ text }) => text).join('\n'));

function list(options: Options): void {
  const sections = chosen(options);
  if (options.json) {
    say(JSON.stringify(sections.map(({ subject, cases }) => ({ subject, cases: cases.map(plain) }))));
    return;
  }
  for (const { subject, cases } of sections) {
    say(`${subject}`);
    for (const given of cases) {
      say(`  ${given.id}  [${given.source}]${given.note === undefined ? '' : `\n      ${given.note}`}`);
      if (options.script) say(scriptOf(given));
    }
  }
  say(`${sections.reduce((sum, { cases }) => sum + cases.length, 0)} cases`);
}

/** Every note once, with the sources of its cases and how many there are. */
function listNotes(options: Options): void {
  const notes = new Map<string, { sources: Set<string>; cases: number }>();
  for (const { note, source } of chosen(options).flatMap(({ cases }) => cases)) {
    if (note === undefined) continue;
    const row = notes.get(note) ?? { sources: new Set(), cases: 0 };
    row.sources.add(source);
    row.cases++;
    notes.set(note, row);
  }
  const rows = [...notes].map(([note, { sources, cases }]) => ({ note, sources: [...sources], cases }));
  if (options.json) say(JSON.stringify(rows));
  else for (const { note, sources, cases } of rows) say(`${note}\n    ${cases} cases: ${sources.join('; ')}`);
}

function plain({ id, source, note, needs, steps }: Case): object {
  return { id, source, note, needs: [...needs], script: steps.map(({ text }) => text) };
}

async function run(options: Options): Promise<boolean> {
  const lacks = options.host.lacks?.() ?? new Map();
  const started = performance.now();
  const sections: Section[] = [];
  for (const { subject, cases } of chosen(options)) {
    const results: CaseResult[] = [];
    for (const given of cases) results.push(await runCase(given, options.host, lacks, options.forms));
    sections.push({ subject, results });
  }
  const seconds = (performance.now() - started) / 1000;
  const results = sections.flatMap((section) => section.results);
  const python = options.python ? findPython() : undefined;
  const judgement =
    python === undefined
      ? undefined
      : await judge(results, python, oracleProgram(), options.only === '' && options.groups === groups);
  const missing = options.python ? 'python3 is not installed' : '--no-python';
  if (options.json) printJson(options, sections, judgement);
  else {
    printTable(options, sections, seconds);
    printJudgement(judgement, missing);
  }
  const failed = results.some(({ state }) => state === 'failed') || results.length === 0;
  return !failed && (judgement === undefined || judgement.unexplained.length + judgement.stale.length === 0);
}

function oracleProgram(): string {
  const path = process.env.BAREWIRE_ORACLE;
  if (path === undefined) throw new Error('BAREWIRE_ORACLE: expected the path of oracle.py');
  return path;
}

const STATES = ['passed', 'failed', 'known', 'skipped'] as const;

function count(results: readonly CaseResult[], state: CaseResult['state']): number {
  return results.filter((result) => result.state === state).length;
}

function printTable(options: Options, sections: readonly Section[], seconds: number): void {
  const all = sections.flatMap(({ results }) => results);
  const width = Math.max(7, ...sections.map(({ subject }) => subject.length));
  const row = (name: string, results: readonly CaseResult[]): string =>
    name.padEnd(width) +
    [...STATES.map((state) => count(results, state)), results.length]
      .map((number) => String(number).padStart(9))
      .join('');
  say(`${'subject'.padEnd(width)}${[...STATES, 'cases'].map((word) => word.padStart(9)).join('')}`);
  for (const { subject, results } of sections) say(row(subject, results));
  say(row('total', all));
  for (const result of all.filter(({ state }) => state === 'failed')) {
    say(`\nfailed: ${result.case.id}  [${result.case.source}]\n      ${result.reason}`);
    if (options.script) say(scriptOf(result.case));
  }
  for (const { case: given, state, reason } of all)
    if (state === 'known') say(`\nknown to fail: ${given.id}\n      ${reason}`);
  for (const { id } of knownFailures) {
    const cases = all.filter((result) => id.test(result.case.id));
    if (cases.length > 0 && cases.every(({ state }) => state === 'passed')) say(`\nno longer fails: ${id.source}`);
  }
  const reasons = new Map<string, number>();
  for (const { state, reason } of all) if (state === 'skipped') reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  for (const [reason, times] of reasons) say(`\nskipped ${times}: ${reason}`);
  say(`\nhost ${options.host.name}, forms ${options.forms.join(' ')}: ${seconds.toFixed(1)} s`);
}

function printJudgement(judgement: Judgement | undefined, missing: string): void {
  if (judgement === undefined) {
    say(`not compared with CPython: ${missing}`);
    return;
  }
  const { compared, explained, unexplained, stale } = judgement;
  for (const { id, line, ours, python } of unexplained) {
    say(`\ndiffers from CPython: ${id}\n      ${line}\n      here ${ours}, CPython ${python}`);
  }
  for (const { id, reason } of stale) say(`\nno longer differs from CPython: ${id.source} (${reason})`);
  const reasons = new Map<string, number>();
  for (const { reason } of explained) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  for (const [reason, times] of reasons) say(`\nexplained, ${times} times: ${reason}`);
  say(
    `compared with CPython: ${compared}; differences ${explained.length + unexplained.length}, unexplained ${unexplained.length}`,
  );
}

function printJson(options: Options, sections: readonly Section[], judgement: Judgement | undefined): void {
  const document = {
    host: options.host.name,
    forms: options.forms,
    groups: sections.map(({ subject, results }) => ({
      subject,
      cases: results.map(({ case: given, state, reason }) => ({ ...plain(given), state, reason })),
    })),
    python: judgement,
  };
  say(JSON.stringify(document, (_, value: unknown) => (value instanceof RegExp ? value.source : value)));
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.list) list(options);
  else if (options.notes) listNotes(options);
  else process.exitCode = (await run(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
