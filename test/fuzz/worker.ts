/**
 * Feeds the targets one after the other until the time is over. What is being fed stands in shared memory, so that the
 * main thread can say which input a target hangs on.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Fuzzer } from './fuzzer.ts';
import { BEGUN, INPUT_OFFSET, LENGTH, type Said, TARGET, type WorkerData } from './shared.ts';
import { allTargets } from './targets/all.ts';

/** Long enough that a target gets warm, short enough that all get their turn. */
const TURN_MS = 250;
/** The same bug again and again says nothing new. */
const MOST_FAILURES = 3;

fuzzAll(workerData as WorkerData, (said) => parentPort?.postMessage(said));

function fuzzAll({ seed, names, seconds, shared }: WorkerData, say: (said: Said) => void): void {
  const words = new Int32Array(shared, 0, 3);
  const input = new Uint8Array(shared, INPUT_OFFSET);
  const turns = names.map((name) => {
    const index = allTargets.findIndex((target) => target.name === name);
    return { index, fuzzer: new Fuzzer(allTargets[index]!, seed), failures: 0, ms: 0 };
  });
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end && turns.some(({ failures }) => failures < MOST_FAILURES)) {
    for (const turn of turns) {
      if (turn.failures >= MOST_FAILURES) continue;
      const begun = performance.now();
      const until = Math.min(begun + TURN_MS, end);
      words[TARGET] = turn.index;
      while (performance.now() < until && turn.failures < MOST_FAILURES) {
        const bytes = turn.fuzzer.nextInput();
        input.set(bytes);
        words[LENGTH] = bytes.length;
        Atomics.add(words, BEGUN, 1);
        const failure = turn.fuzzer.run(bytes);
        if (failure === undefined) continue;
        turn.failures++;
        say({ failure });
      }
      turn.ms += performance.now() - begun;
    }
    say({
      figures: turns.map(({ fuzzer, ms }) => ({
        name: fuzzer.target.name,
        runs: fuzzer.runs,
        ways: fuzzer.ways,
        slowestMs: fuzzer.slowestMs,
        seconds: ms / 1000,
      })),
    });
  }
}
