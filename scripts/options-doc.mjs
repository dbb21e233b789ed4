/**
 * Writes docs/options.md from the catalogue of socket options (src/socket/options) and from what the tests say they show.
 *
 *   node scripts/options-doc.mjs            write it
 *   node scripts/options-doc.mjs --check    exit code 1 when it is not up to date
 *
 * Either way it fails when an option that can be set is neither shown by a test (`shows(…)` in test/options) nor listed
 * with a reason in test/options/unseen.ts, and when one is both.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'docs', 'options.md');
const check = process.argv.includes('--check');
const stray = process.argv.slice(2).find((argument) => argument !== '--check');
if (stray !== undefined) fail([`unknown argument '${stray}'; expected --check or nothing`]);

const { optionRows, constantRows, constantGroups, samples, unseen } = await load();
const shown = readShown();
fail(problems());
const text = page();
if (!check) writeFileSync(target, text);
else if (readOrEmpty(target) !== text) fail(['docs/options.md is not up to date: run node scripts/options-doc.mjs']);

const settable = optionRows().filter(isSettable);
const seen = settable.filter(({ name }) => shown.has(name));
process.stdout.write(
  `options: ${optionRows().length} rows, ${settable.length} can be set, the effect of ${seen.length} is seen, ` +
    `of ${settable.length - seen.length} not; ${constantRows().length} constants\n`,
);

/** The catalogue and the tests' tables, bundled for this process: they are TypeScript. */
async function load() {
  const contents = [
    "export { optionRows, constantRows, constantGroups } from './src/socket/options/index.ts';",
    "export { samples } from './test/options/samples.ts';",
    "export { unseen } from './test/options/unseen.ts';",
  ].join('\n');
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** Option name → what tests show of it. */
function readShown() {
  const all = new Map();
  const folder = join(root, 'test', 'options');
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .sort()) {
    const source = readFileSync(join(folder, file), 'utf8');
    for (const [, names, what] of source.matchAll(/\bshows\(\s*(\[[^\]]*\]|'\w+'),\s*'((?:[^'\\]|\\.)*)'/g)) {
      for (const [, name] of names.matchAll(/'(\w+)'/g)) all.set(name, [...(all.get(name) ?? []), what]);
    }
  }
  return all;
}

function isSettable({ access, alias }) {
  return access !== 'r' && alias === undefined;
}

function problems() {
  const found = [];
  const names = new Set(optionRows().map(({ name }) => name));
  for (const { name } of optionRows().filter(isSettable)) {
    if (shown.has(name) && name in unseen) found.push(`${name}: shown by a test, and listed as unseen`);
    if (!shown.has(name) && !(name in unseen)) found.push(`${name}: neither shown by a test nor listed as unseen`);
  }
  for (const name of [...shown.keys(), ...Object.keys(unseen)])
    if (!names.has(name)) found.push(`${name}: no such option`);
  return [...new Set(found)];
}

function page() {
  const rows = optionRows();
  return `${[
    '# Socket options',
    '',
    `Every option that \`Socket.get\` and \`Socket.set\` know by name, ${rows.length} rows; then the constants. Made by`,
    '`node scripts/options-doc.mjs` from `src/socket/options` and `test/options`; do not edit.',
    '',
    '`SO.REUSEADDR` is SO_REUSEADDR, `TCP.INFO` is TCP_INFO: the object is the prefix. MCAST_* stand twice, as `MCAST` for',
    'IPv4 and `MCAST6` for IPv6. ICMP_FILTER is `RAW.ICMP_FILTER`, SO_VM_SOCKETS_* are `VSOCK`. A program asks the same',
    'table with `optionRows()`, `optionNamed(name)`, `describeOption(row)`; `snapshot(socket)` reads all that a socket has.',
    '',
    'Columns: r = read, w = set. *since*: the first kernel that has it. *capability*: what setting it takes, beside what',
    'making the socket took. *tested*: the effect that a test sees, or why none can be seen.',
    '',
    ...levels(rows).flatMap(([title, group]) => [`## ${title}`, '', ...table(group), '']),
    '## Constants',
    '',
    'Numbers with a C name that are no option; `constantRows()` has them.',
    '',
    ...constantGroups().flatMap(constantTable),
  ].join('\n')}`;
}

/** MCAST_* share their levels with others but have an object of their own. */
function levels(rows) {
  const groups = new Map();
  for (const row of rows) {
    const title = row.name.startsWith('MCAST_') ? `MCAST_* (${row.levelName})` : row.levelName;
    groups.set(title, [...(groups.get(title) ?? []), row]);
  }
  return [...groups];
}

function table(rows) {
  return [
    '| option | value | | since | capability | what it does | tested |',
    '|---|---|---|---|---|---|---|',
    ...rows.map((row) => {
      const { name, type, access, since, privilege = '', text: what, man, alias } = row;
      const note = alias === undefined ? `${what} *${man}*` : `Another name of ${alias}. *${man}*`;
      return `| ${[`\`${name}\``, type.name, access, since, privilege, note, tested(row)].map(cell).join(' | ')} |`;
    }),
  ];
}

function tested({ name, access, alias }) {
  if (alias !== undefined) return '';
  const parts = [];
  if (samples.has(name)) parts.push('set and read back');
  parts.push(...(shown.get(name) ?? []));
  if (name in unseen) parts.push(`not seen: ${unseen[name]}`);
  if (parts.length === 0 && access === 'r') parts.push('read');
  return parts.join('; ');
}

function constantTable({ prefix, title, source }) {
  const rows = constantRows().filter(({ group }) => group === prefix);
  return [
    `### ${prefix}: ${title} (${source})`,
    '',
    '| name | number | |',
    '|---|---|---|',
    ...rows.map(({ name, value, text: what }) => `| \`${name}\` | ${value} | ${cell(what)} |`),
    '',
  ];
}

function cell(value) {
  return String(value).replaceAll('|', '\\|');
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function fail(messages) {
  if (messages.length === 0) return;
  for (const message of messages) process.stderr.write(`options-doc: ${message}\n`);
  process.exit(1);
}
