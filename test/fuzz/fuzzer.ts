/**
 * Feeds one target with changed inputs. An input that takes a way not seen before is kept and changed further, so that
 * the corpus works itself through the layers of a packet without knowing them.
 */
import { Random } from '../../src/core/index.ts';
import { minimise, mutate } from './mutate.ts';
import type { Target } from './target.ts';

/** Inputs that are kept besides the seeds; then the oldest go. */
const MAX_KEPT = 4000;
/** One input may not take longer. Loaded machines stall; a decoder that is quadratic takes seconds. */
const SLOW_MS = 2000;

export interface Failure {
  readonly target: string;
  /** Smallest input found. */
  readonly bytes: Uint8Array;
  readonly message: string;
}

export class Fuzzer {
  readonly target: Target;
  readonly #random: Random;
  readonly #kept: Uint8Array[];
  readonly #ways: Set<string> = new Set();
  #next = 0;
  runs = 0;
  slowestMs = 0;

  constructor(target: Target, seed: number) {
    this.target = target;
    this.#random = new Random(seed);
    this.#kept = target.seeds.length === 0 ? [new Uint8Array(0)] : [...target.seeds];
  }

  /** Different ways that inputs took. */
  get ways(): number {
    return this.#ways.size;
  }

  /** The next input: first the seeds as they are, then changed ones. */
  nextInput(): Uint8Array {
    if (this.#next < this.target.seeds.length) return this.target.seeds[this.#next++]!;
    // Half of the time one of the newest, which are the farthest in.
    const { length } = this.#kept;
    const from = this.#random.chance(0.5) ? Math.max(0, length - 50) : 0;
    const base = this.#kept[this.#random.between(from, length - 1)]!;
    return mutate(base, this.#random.pick(this.#kept), this.#random);
  }

  /** Run one input. */
  run(bytes: Uint8Array): Failure | undefined {
    this.runs++;
    const begun = performance.now();
    const result = attempt(this.target, bytes);
    const ms = performance.now() - begun;
    if (ms > this.slowestMs) this.slowestMs = ms;
    if ('error' in result) return this.#failure(bytes, result.error);
    if (ms > SLOW_MS) return { target: this.target.name, bytes, message: `took ${ms.toFixed(0)} ms` };
    if (!this.#ways.has(result.way)) this.#keep(bytes, result.way);
    return undefined;
  }

  #keep(bytes: Uint8Array, way: string): void {
    this.#ways.add(way);
    this.#kept.push(bytes);
    if (this.#kept.length > this.target.seeds.length + MAX_KEPT) this.#kept.splice(this.target.seeds.length, 1);
  }

  #failure(bytes: Uint8Array, error: string): Failure {
    const smallest = minimise(bytes, (candidate) => 'error' in attempt(this.target, candidate));
    const result = attempt(this.target, smallest);
    return { target: this.target.name, bytes: smallest, message: 'error' in result ? result.error : error };
  }
}

function attempt(target: Target, bytes: Uint8Array): { readonly way: string } | { readonly error: string } {
  const before = bytes.slice();
  try {
    const way = target.run(bytes);
    const changed = bytes.findIndex((byte, i) => byte !== before[i]);
    return changed < 0 ? { way } : { error: `byte ${changed} of the input was changed` };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
