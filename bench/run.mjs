/**
 * Benches against the rivals in the same run:
 * `npm run bench -- [tcp-echo] [tcp-accept] [udp] [unix] [latency] [idle] [readiness]`.
 *
 * Each case runs its contenders one after the other, round after round, so that a busy machine slows all of them; what
 * counts is the median of the ratios within a round. `--rounds N`, `--ms N` (length of one measurement), `--only TEXT`
 * (cases whose name has it), `--json`, `--check` (exit 1 when a bar is missed).
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, '..', 'build', 'bench');

/** Compile a C peer unless it is newer than its source. */
function peer(name) {
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
function strangers(run, programs) {
  const found = {};
  for (const [name, file] of Object.entries(programs)) {
    const program = foreign[name];
    if (program === undefined) continue;
    const before = name === 'deno' ? ['run', '--allow-all'] : [];
    found[name] = run([program, ...before, join(here, 'servers', file)]);
  }
  return found;
}

const script = (name, ...args) => [process.execPath, join(here, 'servers', `${name}.mjs`), ...args];

/** What a program ran on the CPU so far: user and system, in ms. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function start(command) {
  const child = spawn(command[0], command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
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
  child.on('exit', (code, signal) => {
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
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One server, one load: `rate` per second as the load counts it (or the server, for receivers). */
async function measureServer(command, load, countAt, ms) {
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
async function measureSender(command) {
  const sender = start(command);
  const line = await sender.line();
  const [count, ns] = line.split(' ').map(Number);
  await new Promise((resolve) => sender.child.once('exit', resolve));
  return { rate: (count * 1e9) / ns, cpu: Number.NaN };
}

const tcpLoad = (mode, connections, size) => (port, ms) =>
  [...peer('tcp_load'), mode, port, connections, size, ms].map(String);
// With segmentation offload the sender is several times faster than any receiver: what is measured is the receiver.
const udpLoad = (size) => (port, ms) => [...peer('udp_send'), port, size, ms, 'gso'].map(String);

function echoCase(connections, size, bars) {
  const load = tcpLoad('echo', connections, size);
  const run = (command) => (ms) => measureServer(command, load, 'load', ms);
  return {
    name: `tcp-echo ${connections} × ${size >= 1024 ? `${size / 1024} KiB` : `${size} B`}`,
    unit: 'round trips/s',
    contenders: {
      C: run(peer('tcp_echo')),
      net: run(script('tcp-echo-net')),
      facade: run(script('tcp-echo-facade')),
      async: run(script('tcp-echo-barewire', 'async')),
      ready: run(script('tcp-echo-barewire', 'ready')),
      ...strangers(run, { bun: 'tcp-echo-bun.mjs', deno: 'tcp-echo-deno.mjs', python: 'tcp-echo-asyncio.py' }),
    },
    bars,
  };
}

function acceptCase() {
  const load = tcpLoad('connect', 16, 0);
  const run = (command) => (ms) => measureServer(command, load, 'load', ms);
  return {
    name: 'tcp-accept 16 at once',
    unit: 'connections/s',
    // The load, not the server, is the limit here: what differs is what a connection costs the server.
    perCpu: true,
    contenders: {
      C: run(peer('tcp_accept')),
      net: run(script('tcp-accept-net')),
      facade: run(script('tcp-accept-facade')),
      async: run(script('tcp-accept-barewire', 'async')),
      ready: run(script('tcp-accept-barewire', 'ready')),
    },
    bars: [['async', 'net', 1]],
  };
}

function udpReceiveCase(size) {
  const run = (command) => (ms) => measureServer(command, udpLoad(size), 'server', ms);
  return {
    name: `udp-recv ${size} B`,
    unit: 'datagrams/s',
    contenders: {
      C: run(peer('udp_recv')),
      dgram: run(script('udp-recv-dgram')),
      async: run(script('udp-recv-barewire', 'async')),
      batch: run(script('udp-recv-barewire', 'batch')),
      gro: run(script('udp-recv-barewire', 'gro')),
      ...strangers(run, { bun: 'udp-recv-bun.mjs', python: 'udp-recv-python.py' }),
    },
    bars: [
      ['batch', 'C', 0.85],
      ['batch', 'dgram', 3],
      ['async', 'dgram', 1],
      ...(size === 64 ? [['gro', 'dgram', 20]] : []),
    ],
  };
}

function udpSendCase(size) {
  // The datagrams go to a bound socket that nobody reads: the kernel drops them at its full buffer.
  const withSink = (make) => async (ms) => {
    const sink = start(peer('udp_sink'));
    const port = (await sink.line()).split(' ')[1];
    const result = await measureSender(make(port, ms));
    sink.child.stdin.write('stop\n');
    await sink.line();
    return result;
  };
  return {
    name: `udp-send ${size} B`,
    unit: 'datagrams/s',
    contenders: {
      C: withSink((port, ms) => [...peer('udp_send'), port, size, ms].map(String)),
      dgram: withSink((port, ms) => script('udp-send-dgram', port, size, ms).map(String)),
      async: withSink((port, ms) => script('udp-send-barewire', port, size, ms, 'async').map(String)),
      batch: withSink((port, ms) => script('udp-send-barewire', port, size, ms, 'batch').map(String)),
    },
    bars: [
      ['batch', 'C', 0.85],
      ['async', 'dgram', 1],
    ],
  };
}

/** Programs that measure themselves. */
const selfMeasured = (make) => (ms) => measureSender(make(ms));

function pairCase(type, size) {
  return {
    name: `unix ${type} ${size >= 1024 ? `${size / 1024} KiB` : `${size} B`}`,
    unit: 'messages/s, sent and received by one thread',
    contenders: {
      C: selfMeasured((ms) => [...peer('pair'), type, size, ms].map(String)),
      try: selfMeasured((ms) => script('pair-barewire', type, size, ms, 'try').map(String)),
      async: selfMeasured((ms) => script('pair-barewire', type, size, ms, 'async').map(String)),
    },
    bars: [['try', 'C', 0.85]],
  };
}

function readinessCase(total) {
  const run = (who) => selfMeasured((ms) => script('readiness', who, total, ms).map(String));
  return {
    name: `readiness 10 of ${total}`,
    unit: 'wake-ups/s',
    contenders: { barewire: run('barewire'), net: run('net') },
    bars: [['barewire', 'net', 1]],
  };
}

/** Memory is measured once for each: it hardly varies. */
function idle() {
  const count = 5_000;
  console.log(`\nidle connections (bytes each, both ends in one process; ${count} of them)`);
  const bars = [];
  for (const who of ['barewire', 'net']) {
    const command = [process.execPath, '--expose-gc', join(here, 'servers', 'idle.mjs'), who, String(count)];
    const { stdout, status } = spawnSync(command[0], command.slice(1), { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) {
      console.log(`  ${who}: not measured (are ${2 * count + 200} descriptors allowed? ulimit -n)`);
      continue;
    }
    const [heap, rss] = stdout.split(' ').map(Number);
    console.log(`  ${who.padEnd(9)} heap ${String(heap).padStart(6)}   resident ${String(rss).padStart(6)}`);
    // Two sockets stand in each figure.
    if (who === 'barewire') bars.push({ who, to: '4096 B of heap', bar: 4096, ratio: heap / 2, met: heap / 2 <= 4096 });
  }
  for (const { ratio, met } of bars) console.log(`  ${met ? 'met   ' : 'MISSED'} heap of one end ≤ 4096 B: ${ratio}`);
  return { name: 'idle', bars };
}

function latencyCase() {
  const run = (command) => (ms) => measureServer(command, tcpLoad('latency', 1, 64), 'load', ms);
  return {
    name: 'latency of one 64 B echo',
    unit: 'echoes/s of the median one; p50 and p99 in µs behind',
    isLatency: true,
    contenders: {
      C: run(peer('tcp_echo')),
      net: run(script('tcp-echo-net')),
      async: run(script('tcp-echo-barewire', 'async')),
      ready: run(script('tcp-echo-barewire', 'ready')),
      ...strangers(run, { bun: 'tcp-echo-bun.mjs', deno: 'tcp-echo-deno.mjs', python: 'tcp-echo-asyncio.py' }),
    },
    bars: [['ready', 'net', 1]],
  };
}

const cases = {
  'tcp-echo': () => [
    echoCase(1, 64, [
      ['async', 'net', 1],
      ['facade', 'net', 0.9],
    ]),
    echoCase(64, 64, [
      ['ready', 'C', 0.8],
      ['ready', 'net', 1.2],
      ['async', 'net', 1],
      ['facade', 'net', 1],
    ]),
    echoCase(16, 65_536, [
      ['ready', 'C', 0.85],
      ['ready', 'net', 2],
      ['async', 'net', 1],
      ['facade', 'net', 1.2],
    ]),
  ],
  'tcp-accept': () => [acceptCase()],
  unix: () => [pairCase('stream', 64), pairCase('stream', 65_536), pairCase('dgram', 64), pairCase('seqpacket', 64)],
  latency: () => [latencyCase()],
  readiness: () => [10, 100, 1000, 10_000].map(readinessCase),
  udp: () => [udpReceiveCase(64), udpReceiveCase(1200), udpSendCase(64), udpSendCase(1200)],
};

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

async function runCase({ name, unit, contenders, bars, perCpu = false, isLatency = false }, rounds, ms) {
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((who) => [who, []]));
  const rates = Object.fromEntries(names.map((who) => [who, []]));
  const cpus = Object.fromEntries(names.map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    // Begin each round with another contender, so that none always follows the heaviest.
    for (let i = 0; i < names.length; i++) {
      const who = names[(i + round) % names.length];
      progress(`${name}: round ${round + 1}/${rounds}, ${who}`);
      const { rate, cpu, p50, p99 } = await contenders[who](ms);
      rates[who].push(rate);
      cpus[who].push(cpu);
      if (isLatency) times[who].push([p50, p99]);
    }
  }
  progress('');
  const score = (who, i) => rates[who][i] / (perCpu ? cpus[who][i] : 1);
  const ratio = (who, to) => median(rates[who].map((_, i) => score(who, i) / score(to, i)));
  return {
    name,
    unit: perCpu ? `${unit}; ratios are per second of the server's CPU` : unit,
    rows: names.map((who) => ({
      who,
      rate: median(rates[who]),
      low: Math.min(...rates[who]),
      high: Math.max(...rates[who]),
      ofC: ratio(who, names[0]),
      ofNode: ratio(who, names[1]),
      ...(isLatency
        ? { p50Us: median(times[who].map(([p50]) => p50)) / 1e3, p99Us: median(times[who].map(([, p99]) => p99)) / 1e3 }
        : {}),
      cpu: median(cpus[who]),
    })),
    bars: bars.map(([who, to, bar]) => ({ who, to, bar, ratio: ratio(who, to), met: ratio(who, to) >= bar })),
  };
}

function print({ name, unit, rows, bars }) {
  const count = (value) => Math.round(value).toLocaleString('en-US').padStart(11);
  const two = (value) => (Number.isNaN(value) ? '    –' : value.toFixed(2).padStart(5));
  const [first, node] = rows.map(({ who }) => who);
  console.log(`\n${name} (${unit})`);
  console.log(
    `  ${'who'.padEnd(9)}${'median'.padStart(12)}${'low … high'.padStart(26)}   of ${first}  of ${node}  CPU`,
  );
  for (const { who, rate, low, high, ofC, ofNode, cpu, p50Us, p99Us } of rows) {
    const spread = `${count(low)} … ${count(high).trim()}`;
    console.log(
      `  ${who.padEnd(9)}${count(rate).padStart(12)}${spread.padStart(26)}  ${two(ofC)}   ${two(ofNode)} ${two(cpu)}${p50Us === undefined ? '' : `   p50 ${p50Us.toFixed(1)}  p99 ${p99Us.toFixed(1)}`}`,
    );
  }
  for (const { who, to, bar, ratio, met } of bars) {
    console.log(`  ${met ? 'met   ' : 'MISSED'} ${who} ≥ ${bar} of ${to}: ${ratio.toFixed(2)}`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    ms: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const all = [...Object.keys(cases), 'idle'];
const wanted = positionals.length === 0 ? all : positionals;
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`bench: expected ${all.join(', ')}; got ${unknown.join(', ')}`);
  process.exit(2);
}

const about = {
  node: process.version,
  kernel: release(),
  cpu: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
  rounds: Number(values.rounds),
  ms: Number(values.ms),
};
if (!values.json) {
  console.log(`Node ${about.node}, Linux ${about.kernel}, ${about.cpu}; ${about.rounds} rounds of ${about.ms} ms`);
  console.log('Ratios are medians within a round; CPU is the share of one core that the server took.');
}
const results = [];
for (const name of wanted) {
  if (name === 'idle') {
    results.push(idle());
    continue;
  }
  for (const each of cases[name]()) {
    if (!each.name.includes(values.only)) continue;
    const result = await runCase(each, about.rounds, about.ms);
    results.push(result);
    if (!values.json) print(result);
  }
}
if (values.json) console.log(JSON.stringify({ about, results }, null, 2));
const missed = results.flatMap(({ bars }) => bars.filter(({ met }) => !met));
if (!values.json) console.log(missed.length === 0 ? '\nEvery bar was met.' : `\n${missed.length} bars were missed.`);
process.exit(values.check && missed.length > 0 ? 1 : 0);
