/** What every case needs: C peers compiled when asked for, runtimes of others, children that talk in lines, a measurement. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, '..', 'build', 'bench');

/** Compile a C peer unless it is newer than its source. */
export function peer(name) {
  const source = join(here, 'peers', `${name}.c`);
  const target = join(built, name);
  const newest = Math.max(statSync(source).mtimeMs, statSync(join(here, 'peers', 'common.h')).mtimeMs);
  if (!existsSync(target) || statSync(target).mtimeMs < newest) {
    mkdirSync(built, { recursive: true });
    execFileSync(process.env.CC ?? 'cc', ['-O2', '-std=gnu11', '-Wall', '-Wextra', '-o', target, source]);
  }
  return [target];
}

/** Bun, Deno and CPython, where they are to be had: without them the rest runs. */
const foreign = {
  bun: runtime('bun', '1.4.5'),
  deno: runtime('deno', '2.9.6'),
  python: works('python3') ? 'python3' : undefined,
};

function works(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** A runtime from the npm registry, in a folder of its own. */
function runtime(name, version) {
  const prefix = join(built, '..', 'matrix', `${name}-${version}`);
  const path = join(prefix, 'node_modules', '.bin', name);
  if (existsSync(path)) return path;
  mkdirSync(prefix, { recursive: true });
  const install = ['install', '--prefix', prefix, '--no-audit', '--no-fund', `${name}@${version}`];
  spawnSync('npm', install, { stdio: 'ignore', timeout: 120_000 });
  if (existsSync(path)) return path;
  console.error(`bench: ${name} could not be installed; it is left out`);
  return undefined;
}

/** Contenders that are here: name → run. */
export function strangers(run, programs) {
  const found = {};
  for (const [name, file] of Object.entries(programs)) {
    const program = foreign[name];
    if (program === undefined) continue;
    const before = name === 'deno' ? ['run', '--allow-all'] : [];
    found[name] = run([program, ...before, join(here, 'servers', file)]);
  }
  return found;
}

export const script = (name, ...args) => [process.execPath, join(here, 'servers', `${name}.mjs`), ...args];

/** What a program ran on the CPU so far: user and system, in ms. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export function start(command, options = {}) {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  let text = '';
  const waiting = [];
  child.stdout.on('data', (chunk) => {
    text += chunk;
    for (let at = text.indexOf('\n'); at >= 0 && waiting.length > 0; at = text.indexOf('\n')) {
      const line = text.slice(0, at);
      text = text.slice(at + 1);
      waiting.shift().resolve(line);
    }
  });
  // Not at its exit: what it wrote last may still be on its way.
  child.on('close', (code, signal) => {
    for (const { reject } of waiting.splice(0)) {
      reject(new Error(`${basename(command[1] ?? command[0])}: ended (${code ?? signal}) before it answered`));
    }
  });
  const line = () =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdout.emit('data', '');
    });
  return { child, line };
}

/** One line that is written over, for people only. */
export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One server, one load: `rate` per second as the load counts it (or the server, for receivers). */
export async function measureServer(command, load, countAt, ms) {
  const server = start(command);
  const port = (await server.line()).split(' ')[1];
  const warm = start(load(port, 150));
  await warm.line();
  await pause(20);
  const cpuBefore = cpuMs(server.child.pid);
  const began = process.hrtime.bigint();
  const client = start(load(port, ms));
  const [count, ns, p50 = Number.NaN, p99 = Number.NaN] = (await client.line()).split(' ').map(Number);
  await pause(20);
  const cpu = (cpuMs(server.child.pid) - cpuBefore) / (Number(process.hrtime.bigint() - began) / 1e6);
  server.child.stdin.write('stop\n');
  const [served] = (await server.line()).split(' ').map(Number);
  // A receiver counts from its start: the warm-up's share is small, and the same for every contender.
  const rate = countAt === 'load' ? (count * 1e9) / ns : (served * 1e9) / (ns + 150e6);
  return { rate: Number.isNaN(p50) ? rate : 1e9 / p50, cpu, p50, p99 };
}

/** A program that counts for itself for `ms`. */
export async function measureSender(command, options) {
  const sender = start(command, options);
  const line = await sender.line();
  const [count, ns] = line.split(' ').map(Number);
  await new Promise((resolve) => sender.child.once('close', resolve));
  return { rate: (count * 1e9) / ns, cpu: Number.NaN };
}

export const tcpLoad = (mode, connections, size) => (port, ms) =>
  [...peer('tcp_load'), mode, port, connections, size, ms].map(String);
// With segmentation offload the sender is several times faster than any receiver: what is measured is the receiver.
export const udpLoad = (size) => (port, ms) => [...peer('udp_send'), port, size, ms, 'gso'].map(String);

/** When a process has `count` descriptors or more: what the client calls connected need not be accepted yet. */
async function holds(pid, count) {
  for (let tries = 0; readdirSync(`/proc/${pid}/fd`).length < count; tries++) {
    if (tries === 1000) throw new Error(`expected ${count} descriptors, the server has fewer after 20 s`);
    await pause(20);
  }
}

/** Bytes of memory that a process has for itself. */
const residentBytes = (pid) => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096;

/** A server and `count` connections that say nothing: `rate` is bytes of resident memory for each. */
export async function measureIdle(command, count) {
  const server = start(command);
  const port = (await server.line()).split(' ')[1];
  const before = residentBytes(server.child.pid);
  const client = start([...peer('tcp_idle'), port, String(count)]);
  await client.line();
  await holds(server.child.pid, count);
  const rate = (residentBytes(server.child.pid) - before) / count;
  server.child.stdin.write('stop\n');
  const [, heap] = (await server.line()).split(' ').map(Number);
  client.child.stdin.write('stop\n');
  return { rate, cpu: Number.NaN, heap };
}
