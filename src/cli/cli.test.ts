/** The program as a user starts it: streams, exit codes, help, replays. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeTrace } from '../trace/ndjson.ts';
import { lostSynTrace } from '../trace/testing/handshake.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
let scratch: string;
let cli: string;
let saved: string;

beforeAll(async () => {
  // Below the package, where the program finds its package.json and the addon.
  scratch = mkdtempSync(join(tmpdir(), 'barewire-cli-'));
  cli = join(scratch, 'cli.mjs');
  saved = join(scratch, 'lost-syn.trace.ndjson');
  writeFileSync(saved, encodeTrace(lostSynTrace()));
  writeFileSync(join(scratch, 'package.json'), JSON.stringify({ name: 'barewire', version: '9.8.7', type: 'module' }));
  await build({
    absWorkingDir: root,
    entryPoints: ['src/cli/main.ts'],
    outfile: cli,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['*.node'],
    banner: { js: "import { createRequire as __c } from 'node:module';\nconst require = __c(import.meta.url);" },
  });
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const ENV = { PATH: process.env.PATH ?? '', LANG: 'C.UTF-8' };

function barewire(
  args: readonly string[],
  env: Record<string, string> = {},
): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    env: { ...ENV, ...env },
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, out: stdout, err: stderr };
}

test('--version is the version of the package', () => {
  expect(barewire(['--version'])).toEqual({ status: 0, out: '9.8.7\n', err: '' });
});

describe('a wrong command line: stderr, exit code 2, nothing on stdout', () => {
  test.each([
    [['--nonsense'], /unknown option '--nonsense'/],
    [['nonsense'], /unknown command 'nonsense'/],
    [[], /Usage: barewire/],
    [['lab', '--nonsense'], /unknown option '--nonsense'/],
    [['lab', 'nonsense'], /^barewire lab: unknown scenario 'nonsense'; there are: handshake, refused/],
    [['lab', 'udp', '-s', 'refused'], /two scenarios/],
    [['lab', 'udp', 'refused'], /too many arguments/],
    [['lab', '--delay', 'soon'], /milliseconds from 0 to 60000/],
    [['lab', '--delay', '-1'], /milliseconds from 0 to 60000/],
    [['lab', '--delay', ''], /milliseconds from 0 to 60000/],
    [['lab', '--port', '0'], /port from 1 to 65535/],
    [['lab', '--port', '65536'], /port from 1 to 65535/],
    [['lab', '--wire', 'string'], /auto, tun, veth, loopback/],
    [['lab', '--color', 'mauve'], /auto, always, never/],
    [['lab', '--drop', 'nothing'], /^barewire lab: --drop 'nothing': expected FROM>TO:WHAT/],
    [['lab', '--hold', 'client>server:syn#1'], /^barewire lab: --hold 'client>server:syn#1': .*=MS/],
    [['lab', '--json', '--list'], /exclude each other/],
    [['lab', 'udp', '--replay', 'x'], /--replay/],
    [['lab', '--replay', '/nowhere/at/all'], /^barewire lab: \/nowhere\/at\/all: no such file or directory\n$/],
  ])('%j', (args, message) => {
    const { status, out, err } = barewire(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

test('-h is short, --help is long; both are data on stdout', () => {
  const short = barewire(['lab', '-h']);
  const long = barewire(['lab', '--help']);
  expect([short.status, short.err, long.status, long.err]).toEqual([0, '', 0, '']);
  expect(short.out).toContain('--drop');
  expect(short.out).not.toContain('Scenarios:');
  expect(long.out).toContain('Scenarios:');
  expect(long.out).toContain('rst-on-unread');
  for (const name of ['lab', 'chat', 'echo']) expect(barewire(['-h']).out).toContain(name);
});

describe('a saved trace', () => {
  test('is drawn for 80 columns, plain, with its figures', () => {
    const { status, out, err } = barewire(['lab', '--replay', saved]);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toContain('✕');
    expect(out).toContain('SYN seq=0 again');
    expect(out).not.toContain('\u001b');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBe(80);
    expect(out).toMatch(/connect {4}connected; handshake took 1\.04 s/);
    expect(out).toMatch(/client holds TIME-WAIT/);
  });

  test('COLUMNS, --width, locale, --ascii and --color are heeded', () => {
    const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));
    expect(widest(barewire(['lab', '--replay', saved], { COLUMNS: '100' }).out)).toBe(100);
    expect(widest(barewire(['lab', '--replay', saved, '--width', '64'], { COLUMNS: '100' }).out)).toBe(64);
    const ascii = /^[\n\x20-\x7e]*$/;
    expect(barewire(['lab', '--replay', saved], { LANG: 'C' }).out).toMatch(ascii);
    expect(barewire(['lab', '--replay', saved, '--ascii']).out).toMatch(ascii);
    expect(barewire(['lab', '--replay', saved, '--color', 'always']).out).toContain('\u001b[94m');
    expect(barewire(['lab', '--replay', saved], { FORCE_COLOR: '1' }).out).toContain('\u001b[94m');
  });

  test('--list: one line a packet and end', () => {
    const lines = barewire(['lab', '--replay', saved, '--list']).out.split('\n');
    expect(lines.slice(0, 4)).toEqual([
      '   1.050 client out  IP 10.77.0.1.51234 > 10.77.0.2.8888: Flags [S], seq 0, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0',
      '   1.050 client lost IP 10.77.0.1.51234 > 10.77.0.2.8888: Flags [S], seq 0, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0 (client>server:syn#1)',
      '1001.050 client out  IP 10.77.0.1.51234 > 10.77.0.2.8888: Flags [S], seq 0, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0',
      '1021.050 server in   IP 10.77.0.1.51234 > 10.77.0.2.8888: Flags [S], seq 0, win 64240, options [mss 1460,nop,nop,sackOK,nop,wscale 7], length 0',
    ]);
  });

  test('--json gives the same file back', () => {
    expect(barewire(['lab', '--replay', saved, '--json']).out).toBe(encodeTrace(lostSynTrace()));
  });

  test('bad lines are named, the rest is drawn; a file that is no trace is refused', () => {
    const damaged = join(scratch, 'damaged.ndjson');
    writeFileSync(damaged, `${encodeTrace(lostSynTrace())}{"k":\n`);
    const { status, out, err } = barewire(['lab', '--replay', damaged]);
    expect(status).toBe(0);
    expect(out).toContain('SYN');
    expect(err).toMatch(/^barewire lab: .*damaged\.ndjson: .*\n$/);
    const other = join(scratch, 'other.txt');
    writeFileSync(other, 'hello\n');
    expect(barewire(['lab', '--replay', other])).toMatchObject({ status: 2, out: '' });
  });
});

test('a reader that goes away is no error', async () => {
  const child = spawn(process.execPath, [cli, 'lab', '--replay', saved, '--json'], {
    env: ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect({ status, err }).toEqual({ status: 0, err: '' });
});
