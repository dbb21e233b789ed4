/** The long run; scripts/fuzz.mjs starts it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { toHex } from '../../src/core/index.ts';
import { type Failure, Fuzzer } from './fuzzer.ts';
import {
  BEGUN,
  type Figures,
  INPUT_OFFSET,
  LENGTH,
  type Said,
  SHARED_BYTES,
  TARGET,
  type WorkerData,
} from './shared.ts';
import { allTargets } from './targets/all.ts';

const HELP = `npm run fuzz -- [--seconds N] [--only TEXT] [--seed N] [--workers N] [--json]
npm run fuzz -- --only NAME --input FILE    feed one file to a target, as after a failure
npm run fuzz -- --list                      the targets

Feeds everything that takes bytes from outside with changed inputs and checks what must hold of any bytes.
Exit code: 0 nothing found, 1 something found, 2 wrong arguments. Ctrl-C ends it with what was found so far.
`;
/** Without a new input for so long, a target hangs. */
const HANG_MS = 10_000;

/** @returns the exit code */
export async function main(args: readonly string[], folder: string): Promise<number> {
  const values = readArguments(args);
  if (typeof values === 'string') {
    process.stderr.write(`fuzz: ${values}\n\n${HELP}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = allTargets.map(({ name }) => name).filter((name) => name.includes(values.only));
  if (values.list) {
    process.stdout.write(`${names.join('\n')}\n`);
    return 0;
  }
  if (names.length === 0) {
    process.stderr.write(`fuzz: --only: expected part of a target's name (--list), got '${values.only}'\n`);
    return 2;
  }
  if (values.input !== undefined) return feedOne(names, values.input);
  return new Run({ ...values, names, folder }).done;
}

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  readonly json: boolean;
  readonly names: readonly string[];
  readonly folder: string;
}

function readArguments(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '60' },
        seed: { type: 'string', default: String(Date.now() & 0x7fff_ffff) },
        workers: { type: 'string', default: String(Math.min(cpus().length, 4)) },
        only: { type: 'string', default: '' },
        input: { type: 'string' },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const number = (name: 'seconds' | 'seed' | 'workers', least: number): number => {
      const value = Number(values[name]);
      if (!Number.isSafeInteger(value) || value < least) {
        throw new RangeError(`--${name}: expected a whole number from ${least}, got '${values[name]}'`);
      }
      return value;
    };
    return { ...values, seconds: number('seconds', 1), seed: number('seed', 0), workers: number('workers', 1) };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function feedOne(names: readonly string[], file: string): number {
  const bytes = new Uint8Array(readFileSync(file));
  let code = 0;
  for (const target of allTargets.filter(({ name }) => names.includes(name))) {
    const failure = new Fuzzer(target, 0).run(bytes);
    process.stdout.write(failure === undefined ? `${target.name}: holds\n` : `${describe(failure)}\n`);
    if (failure !== undefined) code = 1;
  }
  return code;
}

function describe({ target, bytes, message }: Failure): string {
  return `${target}: ${bytes.length} bytes ${toHex(bytes)}\n${message}`;
}

/** Workers, a watch on them, and what they say. */
class Run {
  /** The exit code. */
  readonly done: Promise<number>;
  readonly #options: Options;
  readonly #failures: Failure[] = [];
  readonly #figures: (readonly Figures[])[] = [];

  constructor(options: Options) {
    this.#options = options;
    const { seed, workers, names, seconds, json } = options;
    if (!json) process.stdout.write(`${names.length} targets, ${workers} workers, ${seconds} s, seed ${seed}\n`);
    const ends = Array.from({ length: workers }, (_, i) => this.#start(i));
    this.done = Promise.all(ends).then(() => this.#finish());
  }

  #start(index: number): Promise<void> {
    const { seed, seconds, names } = this.#options;
    const shared = new SharedArrayBuffer(SHARED_BYTES);
    const data: WorkerData = { seed: seed + index, seconds, names, shared };
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: data });
    return new Promise((resolve, reject) => {
      const watch = this.#watch(shared, () => void worker.terminate());
      const stop = (): void => void worker.terminate();
      process.once('SIGINT', stop);
      worker.on('message', (said: Said) => this.#hear(index, said));
      worker.on('error', reject);
      worker.on('exit', () => {
        clearInterval(watch);
        process.removeListener('SIGINT', stop);
        resolve();
      });
    });
  }

  /** A worker that begins no new input hangs on the one at hand. */
  #watch(shared: SharedArrayBuffer, stop: () => void): NodeJS.Timeout {
    const words = new Int32Array(shared, 0, 3);
    let last = -1;
    return setInterval(() => {
      const begun = Atomics.load(words, BEGUN);
      if (begun === last && begun > 0) {
        const bytes = new Uint8Array(shared, INPUT_OFFSET, words[LENGTH]!).slice();
        this.#fail({ target: allTargets[words[TARGET]!]!.name, bytes, message: `took more than ${HANG_MS} ms` });
        stop();
      }
      last = begun;
    }, HANG_MS);
  }

  #hear(index: number, said: Said): void {
    if ('failure' in said) this.#fail(said.failure);
    else {
      this.#figures[index] = said.figures;
      if (process.stderr.isTTY) {
        const runs = this.#figures.flat().reduce((sum, figures) => sum + figures.runs, 0);
        process.stderr.write(`\r${runs.toLocaleString('en-US')} inputs, ${this.#failures.length} failures\u001b[K`);
      }
    }
  }

  #fail(failure: Failure): void {
    this.#failures.push(failure);
    mkdirSync(this.#options.folder, { recursive: true });
    const file = join(this.#options.folder, `${failure.target.replaceAll('/', '-')}-${this.#failures.length}.bin`);
    writeFileSync(file, failure.bytes);
    if (this.#options.json) return;
    process.stdout.write(
      `\nFAILED ${describe(failure)}\n  npm run fuzz -- --only ${failure.target} --input ${file}\n\n`,
    );
  }

  #finish(): number {
    const { names, json, seed } = this.#options;
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    const rows = names.map((name) => sumOf(name, this.#figures.flat()));
    const runs = rows.reduce((sum, row) => sum + row.runs, 0);
    if (json) {
      const failures = this.#failures.map(({ bytes, ...rest }) => ({ ...rest, hex: toHex(bytes) }));
      process.stdout.write(`${JSON.stringify({ seed, runs, rows, failures })}\n`);
    } else {
      for (const { name, runs, ways, slowestMs, seconds } of rows) {
        const rate = Math.round(runs / Math.max(seconds, 0.001)).toLocaleString('en-US');
        const count = runs.toLocaleString('en-US').padStart(12);
        process.stdout.write(
          `${name.padEnd(24)}${count} inputs ${rate.padStart(9)}/s ${String(ways).padStart(6)} ways, slowest ${slowestMs.toFixed(1)} ms\n`,
        );
      }
      process.stdout.write(`${runs.toLocaleString('en-US')} inputs, ${this.#failures.length} failures\n`);
    }
    return this.#failures.length === 0 ? 0 : 1;
  }
}

function sumOf(name: string, all: readonly Figures[]): Figures {
  const mine = all.filter((figures) => figures.name === name);
  return {
    name,
    runs: mine.reduce((sum, { runs }) => sum + runs, 0),
    ways: Math.max(0, ...mine.map(({ ways }) => ways)),
    slowestMs: Math.max(0, ...mine.map(({ slowestMs }) => slowestMs)),
    seconds: mine.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
