/**
 * Benches against the rivals in the same run:
 * `npm run bench -- [tcp-echo] [tcp-accept] [udp] [unix] [one-way] [latency] [idle] [readiness] [wire] [capture] [live]`.
 *
 * Each case runs its contenders one after the other, round after round, so that a busy machine slows all of them; what
 * counts is the median of the ratios within a round. `--rounds N`, `--ms N` (length of one measurement), `--only TEXT`
 * (cases whose name has it), `--json`, `--check` (exit 1 when a bar is missed).
 */
import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { cases } from './cases.mjs';
import { progress } from './harness.mjs';
import { runLive } from './live.mjs';

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
};

async function runCase(given, rounds, ms) {
  const {
    name,
    unit,
    contenders,
    bars,
    heapBars = [],
    rateBars = [],
    mostBars = [],
    perCpu = false,
    isLatency = false,
    isLess = false,
  } = given;
  const names = Object.keys(contenders);
  const times = Object.fromEntries(names.map((who) => [who, []]));
  const heaps = Object.fromEntries(names.map((who) => [who, []]));
  const rates = Object.fromEntries(names.map((who) => [who, []]));
  const cpus = Object.fromEntries(names.map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    // Begin each round with another contender, so that none always follows the heaviest.
    for (let i = 0; i < names.length; i++) {
      const who = names[(i + round) % names.length];
      progress(`${name}: round ${round + 1}/${rounds}, ${who}`);
      const { rate, cpu, p50, p99, heap } = await contenders[who](ms);
      rates[who].push(rate);
      cpus[who].push(cpu);
      heaps[who].push(heap);
      if (isLatency) times[who].push([p50, p99]);
    }
  }
  progress('');
  // Where less is better the ratio is turned over: more than 1 is good everywhere.
  const score = (who, i) => (isLess ? 1 / rates[who][i] : rates[who][i] / (perCpu ? cpus[who][i] : 1));
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
      ofNode: ratio(who, names[1] ?? names[0]),
      ...(isLatency
        ? { p50Us: median(times[who].map(([p50]) => p50)) / 1e3, p99Us: median(times[who].map(([, p99]) => p99)) / 1e3 }
        : {}),
      cpu: median(cpus[who]),
      ...(isLess ? { heap: median(heaps[who]) } : {}),
    })),
    bars: [
      ...bars.map(([who, to, bar]) => ({ who, to, bar, ratio: ratio(who, to), met: ratio(who, to) >= bar })),
      ...rateBars.map(([who, least]) => ({ who, least, rate: median(rates[who]), met: median(rates[who]) >= least })),
      ...mostBars.map(([who, limit]) => ({ who, limit, rate: median(rates[who]), met: median(rates[who]) <= limit })),
      ...heapBars.map(([who, most]) => ({ who, most, heap: median(heaps[who]), met: median(heaps[who]) <= most })),
    ],
  };
}

const latency = (p50Us, p99Us) => (p50Us === undefined ? '' : `   p50 ${p50Us.toFixed(1)}  p99 ${p99Us.toFixed(1)}`);

function print({ name, unit, rows, bars }) {
  const count = (value) => Math.round(value).toLocaleString('en-US').padStart(11);
  const two = (value) => (Number.isFinite(value) ? value.toFixed(2) : '–').padStart(5);
  const [first, node = first] = rows.map(({ who }) => who);
  console.log(`\n${name} (${unit})`);
  console.log(
    `  ${'who'.padEnd(9)}${'median'.padStart(12)}${'low … high'.padStart(26)}   of ${first}  of ${node}  CPU`,
  );
  for (const { who, rate, low, high, ofC, ofNode, cpu, heap, p50Us, p99Us } of rows) {
    const spread = `${count(low)} … ${count(high).trim()}`;
    const behind = heap > 0 ? `   heap ${heap}` : latency(p50Us, p99Us);
    console.log(
      `  ${who.padEnd(9)}${count(rate).padStart(12)}${spread.padStart(26)}  ${two(ofC)}   ${two(ofNode)} ${two(cpu)}${behind}`,
    );
  }
  for (const { met, who, ...bar } of bars) {
    const text = barText(bar);
    console.log(`  ${met ? 'met   ' : 'MISSED'} ${who} ${text}`);
  }
}

function barText({ to, bar, ratio, most, heap, least, limit, rate }) {
  if (limit !== undefined) return `≤ ${limit}: ${Math.round(rate)}`;
  if (least !== undefined)
    return `≥ ${Math.round(least).toLocaleString('en-US')}/s: ${Math.round(rate).toLocaleString('en-US')}`;
  return most === undefined ? `≥ ${bar} of ${to}: ${ratio.toFixed(2)}` : `≤ ${most} B of heap: ${heap}`;
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
const all = Object.keys(cases);
const wanted = positionals.length === 0 ? all : positionals.filter((name) => name !== 'live');
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`bench: expected ${[...all, 'live'].join(', ')}; got ${unknown.join(', ')}`);
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
/** Files that a process may have open: Node raises its own limit to the hard one, and its children inherit that. */
const descriptors = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
const results = [];
for (const name of wanted) {
  for (const each of cases[name]()) {
    if (!each.name.includes(values.only)) continue;
    if (each.descriptors > descriptors) {
      console.error(`${each.name}: left out, it needs ${each.descriptors} open files and ${descriptors} are allowed`);
      continue;
    }
    const result = await runCase(each, about.rounds, about.ms);
    results.push(result);
    if (!values.json) print(result);
  }
}
if (values.json) console.log(JSON.stringify({ about, results }, null, 2));
const missed = results.flatMap(({ bars }) => bars.filter(({ met }) => !met));
if (!values.json && results.length > 0)
  console.log(missed.length === 0 ? '\nEvery bar was met.' : `\n${missed.length} bars were missed.`);
let code = values.check && missed.length > 0 ? 1 : 0;
if (positionals.length === 0 || positionals.includes('live')) {
  code ||= runLive([values.rounds, values.ms, ...(values.check ? ['check'] : [])]);
}
process.exit(code);
