/**
 * Everything that must hold before a commit, one line each:
 *
 *   npm run ok                    all of it
 *   npm run ok -- --no-tests      without the test suite
 *
 * All checks run even when one fails; the exit code is 0 only if every one passed. What a failed check printed follows
 * its line.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const script = (name, ...args) => [join('scripts', name), ...args];
const tool = (path, ...args) => [join('node_modules', path), ...args];

const checks = [
  { name: 'build', command: script('build.mjs') },
  { name: 'layers', command: script('layers.mjs') },
  {
    name: 'format and lint',
    command: tool('@biomejs/biome/bin/biome', 'check', '--colors=off', '--error-on-warnings'),
  },
  { name: 'lint with types', command: tool('oxlint/bin/oxlint', '--type-aware', '--deny-warnings') },
  {
    name: 'types of everything',
    command: tool('typescript/bin/tsc', '-p', 'tsconfig.check.json', '--pretty', 'false'),
  },
  { name: 'tests', command: script('test.mjs') },
  { name: 'doc examples', command: script('doc-examples.mjs') },
];

const withoutTests = process.argv.includes('--no-tests');
const unknown = process.argv.slice(2).find((argument) => argument !== '--no-tests');
if (unknown !== undefined) {
  process.stderr.write(`ok: unknown argument '${unknown}'; expected --no-tests or nothing\n`);
  process.exit(2);
}

const failed = [];
const started = performance.now();
for (const { name, command } of checks) {
  if (withoutTests && name === 'tests') continue;
  const begun = performance.now();
  const { code, output } = await run(command);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const lastLine = output.trimEnd().split('\n').at(-1);
  const detail = ['layers', 'tests', 'doc examples'].includes(name) && code === 0 ? `  ${lastLine}` : '';
  process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(20)} ${seconds.padStart(6)} s${detail}\n`);
  if (code !== 0) {
    failed.push(name);
    process.stdout.write(`${output.trimEnd().replaceAll(/^(?=.)/gm, '    ')}\n\n`);
  }
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
if (failed.length === 0) process.stdout.write(`all checks passed in ${seconds} s\n`);
else process.stdout.write(`${failed.length} of the checks failed in ${seconds} s: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

function run(command) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}ended by ${signal}` : output }),
    );
  });
}
