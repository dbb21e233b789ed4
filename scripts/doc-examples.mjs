/**
 * Type-checks and runs every example of the documentation: the ```ts blocks of README.md and docs/, and the `@example`
 * parts of doc comments in src.
 *
 *   node scripts/doc-examples.mjs [--check-only] [FILE…]
 *
 * An example is a whole module, as a reader would paste it: it names its imports (`import { … } from 'barewire/wire'`).
 * A block opened with ```ts no-run is type-checked and not run; use it for what never ends. One opened with
 * ```ts namespace calls reexecInUserNamespace and is run where the machine allows that, else only checked. A run
 * fails when the module throws, leaves a non-zero exit code, or has not ended after 20 seconds. Each runs in an empty
 * folder of its own, on the sources, without a build (the addon must be built if it needs the kernel).
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const TIMEOUT_MS = 20_000;
const PARALLEL = 2;
/** Enough of what a failed example printed to see the reason. */
const OUTPUT_LINES = 15;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const checkOnly = process.argv.includes('--check-only');
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const failures = [];
let namespacesAllowed;
const examples = listFiles().flatMap((file) => extract(file, readFileSync(join(root, file), 'utf8')));
if (examples.length === 0 && failures.length === 0) failures.push('no example found');

// Below the project's root and outside node_modules, so that `barewire/…` resolves to this package itself.
mkdirSync(join(root, 'out'), { recursive: true });
const scratch = mkdtempSync(join(root, 'out', 'doc-examples-'));
let ran = 0;
try {
  for (const example of examples) writeFileSync(join(scratch, example.module), example.text);
  if (examples.length > 0) typeCheck();
  if (!checkOnly) await runAll(examples.filter((example) => example.run && !example.broken));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

for (const failure of failures) process.stdout.write(`${failure}\n`);
const unrun = examples.length - ran;
process.stdout.write(`${ran} examples ran${unrun > 0 ? `, ${unrun} only checked` : ''}`);
process.stdout.write(failures.length > 0 ? `, ${failures.length} failed\n` : '\n');
process.exitCode = failures.length > 0 ? 1 : 0;

function listFiles() {
  if (chosen.length > 0) return chosen.map((file) => relative(root, resolve(file)));
  const below = (folder, suffix) =>
    existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { recursive: true })
          .filter((name) => name.endsWith(suffix) && !name.endsWith('.test.ts'))
          .map((name) => `${folder}/${name}`)
          .sort()
      : [];
  return [
    ...(existsSync(join(root, 'README.md')) ? ['README.md'] : []),
    ...below('docs', '.md'),
    ...below('src', '.ts'),
  ];
}

function extract(file, text) {
  return file.endsWith('.md') ? fromMarkdown(file, text, 0) : fromSource(file, text);
}

/** The ts blocks of a Markdown text whose first line is line `offset + 1` of `file`. */
function fromMarkdown(file, text, offset) {
  const found = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    const open = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(.*?)\s*$/.exec(lines[i]);
    if (open === null) continue;
    const [, indent, fence, language, attributes] = open;
    let end = i + 1;
    while (end < lines.length && lines[end].trim() !== fence) end += 1;
    const where = `${file}:${offset + i + 1}`;
    if (end === lines.length) failures.push(`${where}: code block without an end`);
    else if (language === 'ts' || language === 'typescript') {
      if (!['', 'no-run', 'namespace'].includes(attributes)) {
        failures.push(`${where}: unknown mark '${attributes}'; expected 'no-run', 'namespace' or nothing`);
      }
      const refused = attributes === 'namespace' && !mayMakeNamespaces();
      if (refused) process.stdout.write(`${where}: only checked: no namespace can be made here\n`);
      const run = attributes !== 'no-run' && !refused;
      const code = lines.slice(i + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
      found.push(makeExample(file, offset + i + 2, code, run));
    }
    i = end;
  }
  return found;
}

/** The `@example` parts of doc comments, fenced or not. */
function fromSource(file, text) {
  const found = [];
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    if (!comment[0].includes('@example')) continue;
    const firstLine = text.slice(0, comment.index).split('\n').length;
    const lines = comment[0]
      .slice(3, -2)
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, ''));
    for (let i = 0; i < lines.length; i += 1) {
      if (!/^\s*@example\b/.test(lines[i])) continue;
      let end = i + 1;
      let fenced = false;
      while (end < lines.length && (fenced || !/^\s*@[a-z]/.test(lines[end]))) {
        if (/^\s*(```|~~~)/.test(lines[end])) fenced = !fenced;
        end += 1;
      }
      const body = lines.slice(i + 1, end);
      if (body.some((line) => /^\s*(```|~~~)/.test(line))) {
        found.push(...fromMarkdown(file, body.join('\n'), firstLine + i));
      } else if (body.every((line) => line.trim() === '')) {
        failures.push(`${file}:${firstLine + i}: @example without code on the lines below it`);
      } else found.push(makeExample(file, firstLine + i + 1, body, true));
      i = end - 1;
    }
  }
  return found;
}

/** Root may; others in a user namespace, unless the machine forbids those. */
function mayMakeNamespaces() {
  namespacesAllowed ??=
    spawnSync('unshare', [...(process.geteuid?.() === 0 ? [] : ['-Ur']), '-n', 'true']).status === 0;
  return namespacesAllowed;
}

function makeExample(file, line, code, run) {
  return {
    file,
    line,
    run,
    broken: false,
    module: `${file.replaceAll(/[^\w.-]/g, '_')}.${line}.ts`,
    // Blank lines above, so that the compiler and stack traces name the line in the document.
    text: `${'\n'.repeat(line - 1)}${code.join('\n')}\n`,
  };
}

function typeCheck() {
  const config = {
    extends: '../../tsconfig.check.json',
    compilerOptions: { rootDir: '../..' },
    include: ['*.ts'],
    exclude: [],
  };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [tsc, '-p', scratch, '--pretty', 'false'], {
    cwd: scratch,
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status === 0) return;
  const before = failures.length;
  for (const line of stdout.split('\n')) {
    const [, path, at, message] = /^(.*?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
    const example = examples.find(({ module }) => path === module);
    if (example !== undefined) {
      example.broken = true;
      failures.push(`${example.file}:${at}: ${message}`);
    } else if (path !== undefined) failures.push(`${relative(root, resolve(scratch, path))}:${at}: ${message}`);
  }
  if (failures.length === before) failures.push(`tsc: ${(stdout + stderr).trim()}`);
}

async function runAll(list) {
  if (list.length === 0) return;
  const runnable = await bundle(list);
  const queue = [...runnable];
  const worker = async () => {
    for (let example = queue.shift(); example !== undefined; example = queue.shift()) {
      const reason = await run(example);
      ran += 1;
      if (reason !== null) failures.push(`${example.file}:${example.line}: the example ${reason}`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** One file per example: Node 20 reads no TypeScript, and a bundle needs no build of the package. */
async function bundle(list) {
  const options = {
    absWorkingDir: root,
    outdir: scratch,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['barewire-source'],
    external: ['*.node'],
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
  };
  const done = [];
  for (const example of list) {
    try {
      await build({ ...options, entryPoints: [join(scratch, example.module)] });
      done.push(example);
    } catch (error) {
      const texts = error.errors?.map(({ text }) => text) ?? [error.message];
      failures.push(`${example.file}:${example.line}: does not bundle: ${texts.join('; ')}`);
    }
  }
  return done;
}

/** Null when the example ended well, else what it did instead. */
async function run(example) {
  const folder = mkdtempSync(join(scratch, 'run-'));
  const module = join(scratch, example.module.replace(/\.ts$/, '.mjs'));
  const child = spawn(process.execPath, ['--enable-source-maps', module], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill('SIGKILL');
  }, TIMEOUT_MS);
  const [code, signal] = await new Promise((done) => {
    child.on('error', (error) => done([error.message, null]));
    child.on('close', (...ending) => done(ending));
  });
  clearTimeout(timer);
  if (code === 0) return null;
  const what = timedOut ? `did not end within ${TIMEOUT_MS / 1000} s` : `ended with ${signal ?? `code ${code}`}`;
  const said = output.trim().split('\n').slice(-OUTPUT_LINES);
  return output.trim() === '' ? what : `${what}:\n${said.map((line) => `    ${line}`).join('\n')}`;
}
