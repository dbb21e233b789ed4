/**
 * `barewire lab` as it is installed, run as a program: what it prints, which files it writes, how it ends, and that an
 * ordinary user gets the same. Wireshark's reading of the capture is compared with our listing of the trace.
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addonPath } from '../../src/os/load.ts';
import { readTrace, type Trace } from '../../src/trace/index.ts';

const NOBODY = 65_534;
const ESCAPE = '\u001b';
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** Where the build puts the command line. */
const BUNDLE = join('dist', 'bundled-cli');
const isRoot = process.geteuid?.() === 0;

/** The installed package as an ordinary user would have it: readable by all, wherever the project itself may lie. */
let scratch = '';
let bin = '';

beforeAll(() => {
  if (isStale(join(root, BUNDLE, 'cli.js'))) {
    execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  }
  scratch = mkdtempSync(join(tmpdir(), 'barewire-lab-'));
  const copy = join(scratch, 'package');
  bin = join(copy, 'bin', 'barewire.js');
  const addon = join('build', basename(addonPath()));
  const bundle = readdirSync(join(root, BUNDLE)).map((name) => join(BUNDLE, name));
  for (const file of ['package.json', 'bin/barewire.js', ...bundle]) install(join(root, file), join(copy, file));
  install(addonPath(), join(copy, addon));
  chmodSync(scratch, 0o755);
  mkdirSync(join(scratch, 'home'));
  if (isRoot) execFileSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(scratch, 'home')]);
}, 120_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function install(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

/** Older than any source: what would be tested is not what is written. */
function isStale(built: string): boolean {
  if (!existsSync(built)) return true;
  const { mtimeMs } = statSync(built);
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return sources
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .some((name) => statSync(join(root, 'src', name)).mtimeMs > mtimeMs);
}

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

interface Run {
  readonly ended: Promise<Ended>;
  readonly pid: number;
  interrupt(): void;
}

interface As {
  readonly env?: Readonly<Record<string, string>>;
  /** Without privilege, whoever runs the tests. */
  readonly ordinary?: boolean;
}

function start(args: readonly string[], { env = {}, ordinary = false }: As = {}): Run {
  const program = [process.execPath, bin, 'lab', ...args];
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
  const [command, ...rest] = ordinary && isRoot ? ['setpriv', ...identity, ...program] : program;
  const child = spawn(command!, rest, {
    cwd: join(scratch, 'home'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: join(scratch, 'home'), LANG: 'C.UTF-8', ...env },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
  return { ended, pid: child.pid ?? -1, interrupt: () => child.kill('SIGINT') };
}

const lab = (args: readonly string[], as: As = {}): Promise<Ended> => start(args, as).ended;

/** A machine that refuses user namespaces, or has no setpriv, cannot show what an ordinary user gets. */
function whyNotOrdinary(): string | undefined {
  const identity = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
  const enter = ['unshare', '--user', '--map-root-user', '--net', 'true'];
  const [command, ...args] = isRoot ? ['setpriv', ...identity, ...enter] : enter;
  const tried = spawnSync(command!, args, { encoding: 'utf8' });
  if (tried.error !== undefined) return tried.error.message;
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

function whyNotLab(): string | undefined {
  return isRoot ? undefined : whyNotOrdinary();
}

function parse(text: string): Trace {
  const { trace, problems } = readTrace(text);
  expect(problems).toEqual([]);
  if (trace === undefined) throw new Error('no header');
  return trace;
}

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => [...line].length));

describe('what is printed', () => {
  test.for(['handshake', 'close-4', 'half-close', 'refused', 'udp', 'rst-on-unread'])(
    '%s through a pipe: 80 columns, no escape codes',
    async (scenario, context) => {
      const reason = whyNotLab();
      if (reason !== undefined) return context.skip(reason);
      const { status, out, err } = await lab([scenario, '--delay', '10']);
      expect(status, err).toBe(0);
      expect(out).not.toContain(ESCAPE);
      expect(widest(out)).toBe(80);
      expect(out).toContain(scenario);
      expect(out).toMatch(/^packets {4}\d+ sent, \d+ delivered, 0 lost/m);
      return undefined;
    },
  );

  test('-6: IPv6 addresses, 80 columns all the same', async (context) => {
    const reason = whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const { status, out, err } = await lab(['handshake', '-6', '--delay', '10']);
    expect(status, err).toBe(0);
    expect(out).toContain('[fd77::2]:8888');
    expect(widest(out)).toBeLessThanOrEqual(80);
    return undefined;
  });

  test('LC_ALL=C: ASCII and nothing else', async (context) => {
    const reason = whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const { status, out, err } = await lab(['close-3', '--delay', '10', '--dup', '*:data'], { env: { LC_ALL: 'C' } });
    expect(status, err).toBe(0);
    expect(out).toMatch(/^[\n\x20-\x7e]+$/);
    expect(widest(out)).toBeLessThanOrEqual(80);
    return undefined;
  });

  test('--json: a trace without a problem, and nothing else on stdout', async (context) => {
    const reason = whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const args = ['handshake', '--json', '--delay', '7', '--port', '4711', '--hold', 'client>server:data#1=15'];
    const { status, out, err } = await lab(args);
    expect(status, err).toBe(0);
    // Remarks, on which wire was to be had, are for people.
    expect(err).toMatch(/^(barewire lab: .*\n)*$/);
    const { header, events } = parse(out);
    expect(header).toMatchObject({
      producer: 'kernel',
      hosts: [{ id: 'client' }, { id: 'server' }],
      scenario: { id: 'handshake', knobs: { delayMs: 7, port: 4711, rules: 'hold client>server:data#1=15' } },
    });
    expect(events.filter(({ k }) => k === 'pkt.hold')).toHaveLength(1);
    return undefined;
  });
});

/** What a segment says, from our listing and from Wireshark's fields. */
interface Segment {
  readonly seq: number | undefined;
  readonly ack: number | undefined;
  readonly flags: string;
}

const FLAGS: readonly (readonly [letter: string, mask: number])[] = [
  ['F', 0x01],
  ['S', 0x02],
  ['R', 0x04],
  ['P', 0x08],
  ['.', 0x10],
];

/** The lines of `--list` that are a packet leaving or arriving. */
function listed(text: string): Segment[] {
  const lines = text.split('\n').filter((line) => /^ *\d+\.\d+ +\S+ +(out|in) /.test(line));
  return lines.map((line) => {
    const number = (pattern: RegExp): number | undefined => {
      const found = pattern.exec(line)?.[1];
      return found === undefined ? undefined : Number(found);
    };
    const flags = /Flags \[([^\]]*)\]/.exec(line)?.[1] ?? '';
    return { seq: number(/ seq (\d+)/), ack: number(/ ack (\d+)/), flags: [...flags].sort().join('') };
  });
}

async function wireshark(file: string, fields: readonly string[], filter: readonly string[] = []): Promise<string[][]> {
  const args = ['-n', '-r', file, ...filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const { stdout } = await promisify(execFile)('tshark', args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

describe('-o: the files', () => {
  test.for([
    'close-4',
    'rst-on-unread -6',
    'handshake --drop client>server:data#1 --dup server>client:data#1',
    'half-close --reorder server>client:data#1',
    'udp',
    'udp -6',
  ])('%s: Wireshark reads what we list, packet by packet', async (words, context) => {
    const [scenario = '', ...rest] = words.split(' ');
    const reason = whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const folder = join(scratch, 'home', 'traces', `${scenario}${rest.length}`);
    const { status, err } = await lab([scenario, ...rest, '--delay', '10', '-o', folder]);
    expect(status, err).toBe(0);
    const saved = { capture: join(folder, `${scenario}.pcapng`), trace: join(folder, `${scenario}.trace.ndjson`) };
    expect(err).toContain(saved.capture);
    expect(err).toContain(saved.trace);
    const { events } = parse(readFileSync(saved.trace, 'utf8'));
    const seen = events.filter(({ k }) => k === 'pkt.tx' || k === 'pkt.rx');
    const replay = await lab(['--replay', saved.trace, '--list', '--absolute']);
    expect(replay).toMatchObject({ status: 0, err: '' });
    const ours = listed(replay.out);
    expect(ours).toHaveLength(seen.length);

    if (spawnSync('tshark', ['--version']).error !== undefined) return context.skip('tshark is not installed');
    expect(await wireshark(saved.capture, ['frame.number'], ['-Y', '_ws.malformed'])).toEqual([]);
    const rows = await wireshark(saved.capture, ['frame.number', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.flags']);
    expect(rows).toHaveLength(seen.length);
    for (const [i, [, seq = '', ack = '', flags = '']] of rows.entries()) {
      const mine = ours[i]!;
      const letters = FLAGS.filter(([, mask]) => (Number(flags) & mask) !== 0).map(([letter]) => letter);
      expect(mine.flags, `packet ${i + 1}`).toBe(letters.sort().join(''));
      // As tcpdump does, the listing leaves out the number of a segment that occupies none.
      if (mine.seq !== undefined) expect(mine.seq, `seq of packet ${i + 1}`).toBe(Number(seq));
      if (mine.ack !== undefined) expect(mine.ack, `ack of packet ${i + 1}`).toBe(Number(ack));
      expect(mine.ack !== undefined).toBe((Number(flags) & 0x10) !== 0);
      expect(mine.seq !== undefined || !/[SFP]/.test(mine.flags)).toBe(true);
    }
    return undefined;
  });

  test('a saved run is drawn as the run itself was', async (context) => {
    const reason = whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const folder = join(scratch, 'home', 'traces', 'again');
    const first = await lab(['close-3', '--delay', '10', '-o', folder]);
    const again = await lab(['--replay', join(folder, 'close-3.trace.ndjson')]);
    expect(again).toEqual({ status: 0, out: first.out, err: '' });
    return undefined;
  });
});

describe('how it ends', () => {
  test.each([
    [['nosuch'], "unknown scenario 'nosuch'; there are: handshake, "],
    [['udp', '--drop', 'client'], "--drop 'client': expected FROM>TO:WHAT"],
    [['udp', '--drop', 'client>server:syn#0'], "NUMBERS: expected #N, #N-M or #N+ counted from 1; got '#0'"],
    [['udp', '--hold', 'client>server:udp'], 'MS: expected =MS'],
    [['udp', '--dup', 'client>router:udp'], "expected client, server or * as a host; got 'router'"],
    [['udp', '--delay', 'soon'], 'Expected milliseconds from 0 to 60000.'],
    [['udp', '--port', '0'], 'Expected a port from 1 to 65535.'],
    [['udp', '--json', '--list'], '--json and --list exclude each other'],
    [['udp', '--replay', 'x'], "there is no place for 'udp'"],
    [['lost-syn', '--wire', 'loopback'], "'lost-syn' needs a wire that loses packets"],
    [['udp', '--wire', 'loopback', '--delay', '5'], 'no delay and no rules there'],
  ])('%j: exit code 2, what is wrong on stderr, nothing on stdout', async (args, said) => {
    const { status, out, err } = await lab(args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(said);
  });

  test.for([
    ['the user who runs the tests', false],
    ['an ordinary user', true],
  ] as const)('SIGINT, %s: exit code 130, and what was recorded is printed', async ([, ordinary], context) => {
    const reason = ordinary ? whyNotOrdinary() : whyNotLab();
    if (reason !== undefined) return context.skip(reason);
    const run = start(['lost-syn'], { ordinary });
    await Promise.race([isWaiting(run.pid), run.ended]);
    run.interrupt();
    const { status, out, err } = await run.ended;
    expect(status, err).toBe(130);
    expect(err).toContain('interrupted by SIGINT; this is what was recorded');
    expect(out).toContain('SYN seq=0');
    expect(out).toContain('client>server:syn#1');
    expect(out).not.toContain('SYN-ACK');
    return undefined;
  });
});

const POLL_MS = 20;
const CALM_POLLS = 5;

/**
 * The lost SYN leaves a second in which nothing happens: the program holds both namespaces, and its descriptors have
 * not changed for a tenth of that. There is no output to wait for, since the ladder is drawn at the end.
 */
async function isWaiting(pid: number): Promise<void> {
  let before = '';
  for (let calm = 0; calm < CALM_POLLS; ) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const now = descriptors(lastDescendant(pid));
    const hasHosts = now.filter((target) => target.startsWith('net:[')).length >= 2;
    calm = hasHosts && now.join() === before ? calm + 1 : 0;
    before = now.join();
  }
}

/** setpriv, unshare and node follow one another in one process; an ordinary user's lab is a child of its own. */
function lastDescendant(pid: number): number {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    return child === undefined || child === '' ? pid : lastDescendant(Number(child));
  } catch {
    return pid;
  }
}

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // It has ended, or is between two programs.
    return [];
  }
}

describe('an ordinary user', () => {
  test('gets packets, states and files of their own, without asking for anything', async (context) => {
    const reason = whyNotOrdinary();
    if (reason !== undefined) return context.skip(reason);
    const { status, out, err } = await lab(['close-3', '--delay', '10', '-o', 'mine'], { ordinary: true });
    expect(status, err).toBe(0);
    expect(err).not.toContain('loopback');
    expect(out).toContain('TIME-WAIT');
    expect(out).toMatch(/client closed first; 3 segments/);
    const file = join(scratch, 'home', 'mine', 'close-3.trace.ndjson');
    const { header, events } = parse(readFileSync(file, 'utf8'));
    expect(header.env?.tier).toMatch(/^(tun|veth)$/);
    expect(events.some(({ k }) => k === 'pkt.rx')).toBe(true);
    if (isRoot) expect(statSync(file).uid).toBe(NOBODY);
    return undefined;
  });

  test('has the exit codes of everybody else', async (context) => {
    const reason = whyNotOrdinary();
    if (reason !== undefined) return context.skip(reason);
    expect(await lab(['nosuch'], { ordinary: true })).toMatchObject({ status: 2, out: '' });
    expect(await lab(['udp', '--drop', '*'], { ordinary: true })).toMatchObject({ status: 2, out: '' });
    return undefined;
  });

  test('over loopback: calls and states, and on stderr why there are no packets', async () => {
    const args = ['handshake', '--wire', 'loopback', '--json', '--port', String(20_000 + (process.pid % 10_000))];
    const { status, out, err } = await lab(args, { ordinary: true });
    expect(status, err).toBe(0);
    const { header, events } = parse(out);
    expect(header.env?.tier).toBe('loopback');
    expect(events.some((event) => event.k === 'call.exit' && event.ret === 0)).toBe(true);
    expect(events.some((event) => event.k === 'tcp.state' && event.new === 'ESTABLISHED')).toBe(true);
    expect(events.some(({ k }) => k === 'pkt.tx')).toBe(false);
    expect(err).toMatch(/packets were not seen \(a packet socket needs CAP_NET_RAW: /);
  });
});
