/** Runs one case: ours, then the original, each on the case's host with its peers made anew. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SockDiag } from '../../src/netlink/index.ts';
import { setSysctl } from '../support/namespaces.ts';
import type { HostName, Topology } from '../support/topology.ts';
import { type Case, type Outcome, type Peer, REST, type Verdict } from './case.ts';
import { compareLines, shape } from './shape.ts';

const TIMEOUT_MS = 20_000;
const NOBODY = '65534';

/** The checkout: the nearest folder above with a package.json; this file may be bundled. */
export const root = rootAbove(dirname(fileURLToPath(import.meta.url)));
const barewire = join(root, 'bin', 'barewire.js');

function rootAbove(folder: string): string {
  try {
    accessSync(join(folder, 'package.json'));
    return folder;
  } catch {
    return rootAbove(dirname(folder));
  }
}

export async function runCase(net: Topology, row: Case): Promise<Verdict> {
  const ours = await runOne(net, row, [process.execPath, barewire, ...row.args]);
  const { original: command } = row;
  const missing = command !== undefined && !isInstalled(command[0]!) ? `${command[0]} is not installed` : undefined;
  const original = command === undefined || missing !== undefined ? undefined : await runOne(net, row, command);
  return {
    case: row,
    ours,
    ...(original === undefined ? {} : { original }),
    ...(missing === undefined ? {} : { missing }),
    faults: judge(row, ours, original),
  };
}

function judge(row: Case, ours: Outcome, original: Outcome | undefined): string[] {
  const faults: string[] = [];
  if (ours.exit !== row.exit) faults.push(`exit: expected ${row.exit}, got ${ours.exit}`);
  if (row.stdout !== undefined) faults.push(...compareLines('stdout', ours.stdout, row.stdout, REST));
  if (row.stderr !== undefined) faults.push(...compareLines('stderr', ours.stderr, row.stderr, REST));
  if (original === undefined) return faults;
  const theirs = row.originalExit ?? row.exit;
  if (original.exit !== theirs) faults.push(`exit of ${row.original![0]}: expected ${theirs}, got ${original.exit}`);
  for (const stream of ['stdout', 'stderr'] as const) {
    if (row.same !== stream && row.same !== 'both') continue;
    const form = (text: string): string => shape((row.blur ?? String)(text));
    const expected = form(original[stream]).split('\n');
    faults.push(...compareLines(`${stream} (as ${row.original![0]})`, form(ours[stream]), expected, REST));
  }
  return faults;
}

async function runOne(net: Topology, row: Case, command: readonly string[]): Promise<Outcome> {
  const host = row.host ?? 'client';
  const restore = Object.entries(row.sysctls ?? {}).map(([name, value]) => {
    const before = net.hosts[host].run(() => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim());
    setSysctl(net.hosts[host], name, value);
    return () => setSysctl(net.hosts[host], name, before);
  });
  const prepared = await row.prepare?.(net.hosts);
  const peers: ChildProcess[] = [];
  try {
    for (const peer of row.peers ?? []) peers.push(await startPeer(net, peer));
    return await finish(net, host, row, command);
  } finally {
    for (const peer of peers) peer.kill('SIGKILL');
    prepared?.[Symbol.dispose]();
    for (const undo of restore) undo();
  }
}

async function finish(net: Topology, host: HostName, row: Case, command: readonly string[]): Promise<Outcome> {
  const [program, ...args] = [...(row.user === 'root' ? [] : withoutPrivilege()), ...command];
  const env = { ...process.env, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TZ: 'UTC', NO_COLOR: '1' };
  const child = net.spawn(host, program!, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  const said = { stdout: '', stderr: '' };
  const waiting = [...(row.signals ?? [])];
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]!.setEncoding('utf8').on('data', (text: string) => {
      said[stream] += text;
      while (waiting.length > 0 && waiting[0]!.after.test(said.stdout + said.stderr)) {
        child.kill(waiting.shift()!.signal);
      }
    });
  }
  child.stdin!.on('error', () => {}).end(row.input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), row.timeoutMs ?? TIMEOUT_MS);
  const exit = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code ?? 128 + osConstants.signals[signal ?? 'SIGKILL']));
  });
  clearTimeout(timer);
  return { command, exit, ...said };
}

async function startPeer(net: Topology, peer: Peer): Promise<ChildProcess> {
  const command = peer.command.flatMap((word) => (word === '{barewire}' ? [process.execPath, barewire] : [word]));
  const child = net.spawn(peer.host, command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  }
  child.stdin!.on('error', () => {});
  if (peer.input !== undefined) child.stdin!.end(peer.input);
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code) => (ended = `exit code ${code}`));
  using diag = new SockDiag(net.hosts[peer.host]);
  const isReady = (): boolean => {
    if (peer.prints !== undefined) return peer.prints.test(said);
    if (peer.listens === undefined) return child.pid !== undefined;
    return diag
      .sockets({ protocol: 'tcp' })
      .some(({ state, source }) => state === 'LISTEN' && source.port === peer.listens);
  };
  const until = performance.now() + TIMEOUT_MS;
  while (!isReady()) {
    if (ended !== undefined || performance.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`peer ${command.join(' ')} on ${peer.host} was not ready: ${ended ?? 'timeout'}: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return child;
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { env: { ...process.env, PATH: searchPath } }).status === 0;
}

const searchPath = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

/**
 * Starts a command without capabilities: as nobody where root runs this and nobody may read the checkout; else as the
 * user that there is, stripped of them.
 */
export function withoutPrivilege(): readonly string[] {
  const strip = ['setpriv', '--no-new-privs', '--inh-caps=-all'];
  if (canBecomeNobody()) return [...strip, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
  return [...strip, '--bounding-set=-all'];
}

let becomes: boolean | undefined;

function canBecomeNobody(): boolean {
  becomes ??=
    spawnSync('setpriv', [
      `--reuid=${NOBODY}`,
      `--regid=${NOBODY}`,
      '--clear-groups',
      process.execPath,
      '-e',
      `
      require('node:fs').accessSync(${JSON.stringify(barewire)}, ${constants.R_OK})`,
    ]).status === 0;
  return becomes;
}

/** Is the command line built? */
export function isBuilt(): boolean {
  try {
    return statSync(join(root, 'dist', 'bundled-cli', 'cli.js')).isFile();
  } catch {
    return false;
  }
}
