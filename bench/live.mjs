/**
 * Live capture on a veth pair in a network of its own: what is lost at a rate, and what a packet costs the receiver.
 * `npm run bench -- live` starts this file inside `unshare -rn`.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pause, peer, script, start } from './harness.mjs';

const [FROM, TO] = ['bw-from', 'bw-to'];
const SIZES = [
  ['300,000/s, 64 B', 64, 300_000],
  ['as fast as the sender goes, 64 B', 64, 0],
  ['as fast as the sender goes, 1,500 B', 1514, 0],
];
/** Lost at most, as a share of what was sent. */
const BARS = [0, 0.01, 0.01];
const MOST_CPU_US = 0.3;

/** Run this file again where it may make interfaces. @returns the exit code */
export function runLive(args) {
  const inside = spawnSync('unshare', ['-rn', process.execPath, fileURLToPath(import.meta.url), ...args], {
    stdio: 'inherit',
  });
  if (inside.error !== undefined || inside.status === null) {
    console.error(`bench: live is left out: unshare -rn: ${inside.error?.message ?? inside.signal}`);
    return 0;
  }
  return inside.status;
}

function contenders() {
  const found = {
    C: peer('ring_read').concat(TO),
    ring: script('live-barewire', 'ring', TO),
    copy: script('live-barewire', 'copy', TO),
  };
  return found;
}

const cpuTicks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

async function measure(command, size, rate, ms) {
  const receiver = start(command);
  await receiver.line();
  await pause(50);
  const before = cpuTicks(receiver.child.pid);
  const sender = start([...peer('packet_send'), FROM, size, rate, ms].map(String));
  const [sent, ns] = (await sender.line()).split(' ').map(Number);
  await pause(60);
  const cpuMs = cpuTicks(receiver.child.pid) - before;
  receiver.child.stdin.write('stop\n');
  const [got, dropped] = (await receiver.line()).split(' ').map(Number);
  return { sent, got, dropped, rate: (sent * 1e9) / ns, cpuUs: (cpuMs * 1000) / Math.max(1, got) };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function main(rounds, ms, isChecked) {
  spawnSync('ip', ['link', 'add', FROM, 'type', 'veth', 'peer', 'name', TO]);
  for (const name of [FROM, TO]) spawnSync('ip', ['link', 'set', name, 'up', 'addrgenmode', 'none']);
  let missed = 0;
  const bar = (isMet, text) => {
    if (!isMet) missed++;
    console.log(`  ${isMet ? 'met   ' : 'MISSED'} ${text}`);
  };
  for (const [i, [name, size, rate]] of SIZES.entries()) {
    console.log(`\nlive capture, ${name}`);
    console.log(
      `  ${'who'.padEnd(8)}${'sent/s'.padStart(12)}${'received'.padStart(12)}${'lost'.padStart(10)}${'CPU a packet'.padStart(16)}  counters agree`,
    );
    for (const [who, command] of Object.entries(contenders())) {
      const runs = [];
      for (let round = 0; round < rounds; round++) runs.push(await measure(command, size, rate, ms));
      const lost = median(runs.map(({ sent, got }) => (sent - got) / sent));
      const cpu = median(runs.map(({ cpuUs }) => cpuUs));
      const agrees = runs.every(({ sent, got, dropped }) => sent - got === dropped);
      const count = (value) => Math.round(value).toLocaleString('en-US').padStart(12);
      console.log(
        `  ${who.padEnd(8)}${count(median(runs.map((run) => run.rate)))}${count(median(runs.map(({ got }) => got)))}` +
          `${`${(lost * 100).toFixed(2)} %`.padStart(10)}${`${cpu.toFixed(3)} µs`.padStart(16)}  ${agrees ? 'yes' : 'no'}`,
      );
      if (who !== 'ring') continue;
      bar(lost <= BARS[i], `ring loses ≤ ${BARS[i] * 100} %: ${(lost * 100).toFixed(3)} %`);
      bar(cpu <= MOST_CPU_US, `ring takes ≤ ${MOST_CPU_US} µs of CPU a packet: ${cpu.toFixed(3)} µs`);
      bar(agrees, 'kernel counters equal sent − received');
    }
  }
  process.exit(isChecked && missed > 0 ? 1 : 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [rounds = '3', ms = '2000', check = ''] = process.argv.slice(2);
  await main(Number(rounds), Number(ms), check === 'check');
}
