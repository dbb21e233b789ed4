/**
 * An ordinary user's program starts itself again in a user and network namespace. Root runs these tests as the user
 * nobody; others as themselves.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IN_USERNS, tryUserNamespace } from '../../src/os/capabilities.ts';

const NOBODY = 65_534;
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const PROGRAM = `
import { LabRefused, readCapabilities, reexecInUserNamespace } from './src/os/capabilities.ts';
try {
  const code = await reexecInUserNamespace();
  if (code !== null) {
    console.log('outside ' + code);
    process.exit(code);
  }
} catch (error) {
  if (!(error instanceof LabRefused)) throw error;
  console.log('refused ' + JSON.stringify({ ...error, message: error.message }));
  process.exit(3);
}
const { canUnshareNet, inUserNamespace } = readCapabilities();
console.log('inside ' + JSON.stringify({ uid: process.getuid(), canUnshareNet, inUserNamespace, argv: process.argv.slice(2) }));
const [what] = process.argv.slice(2);
if (what === 'exit') process.exit(7);
if (what === 'die') process.kill(process.pid, 'SIGKILL');
for (const [signal, code] of [['SIGTERM', 5], ['SIGINT', 6]]) process.on(signal, () => process.exit(code));
setInterval(() => {}, 1000);
console.log('ready');
`;

describe('reexecInUserNamespace', () => {
  let scratch = '';
  let program = '';
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'barewire-reexec-'));
    chmodSync(scratch, 0o755);
    program = join(scratch, 'program.mjs');
    buildSync({
      stdin: { contents: PROGRAM, resolveDir: root, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    });
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  function start(argument: string, env: Record<string, string> = {}) {
    const isRoot = process.geteuid?.() === 0 && process.env[IN_USERNS] !== '1';
    const child = spawn(process.execPath, [program, argument, 'two words'], {
      ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
    const ready = new Promise<void>((resolve) => child.stdout.on('data', () => output.includes('ready') && resolve()));
    return { child, ended, ready, output: () => output };
  }

  test('the program runs as root of its own namespace, and its exit code comes back', async (context) => {
    const refused = tryUserNamespace();
    if (refused !== null) return context.skip(refused.message);
    const run = start('exit');
    expect(await run.ended, run.output()).toBe(7);
    expect(run.output()).toContain(
      'inside {"uid":0,"canUnshareNet":true,"inUserNamespace":true,"argv":["exit","two words"]}',
    );
    expect(run.output()).toContain('outside 7');
    const killed = start('die');
    expect(await killed.ended).toBe(128 + 9);
    return undefined;
  });

  test.for([
    ['SIGTERM', 5],
    ['SIGINT', 6],
  ] as const)('%s is handed on', async ([signal, code], context) => {
    const refused = tryUserNamespace();
    if (refused !== null) return context.skip(refused.message);
    const run = start('wait');
    await run.ready;
    run.child.kill(signal);
    expect(await run.ended, run.output()).toBe(code);
    expect(run.output()).toContain(`outside ${code}`);
    return undefined;
  });

  test('a kernel that refuses is told apart from a program that fails', async () => {
    const bin = join(scratch, 'bin');
    mkdirSync(bin);
    writeFileSync(
      join(bin, 'unshare'),
      '#!/bin/sh\necho "unshare: unshare failed: Operation not permitted" >&2\nexit 1\n',
      { mode: 0o755 },
    );
    const run = start('exit', { PATH: `${bin}:${process.env.PATH ?? ''}` });
    expect(await run.ended, run.output()).toBe(3);
    expect(run.output()).toContain('refused {');
    expect(run.output()).toMatch(/"what":"user namespace","code":"EPERM"/);
    expect(run.output()).toContain('unshare failed: Operation not permitted');
    const missing = start('exit', { PATH: scratch });
    expect(await missing.ended, missing.output()).toBe(3);
    expect(missing.output()).toContain('"code":"ENOENT"');
  });
});
