/** What the main thread and the workers of a long run tell each other. */
import type { Failure } from './fuzzer.ts';
import { MAX_INPUT_BYTES } from './mutate.ts';

export interface WorkerData {
  readonly seed: number;
  readonly names: readonly string[];
  readonly seconds: number;
  readonly shared: SharedArrayBuffer;
}

/** Int32 words in the shared memory: how many inputs were begun, which target, the input's length; then its bytes. */
export const BEGUN = 0;
export const TARGET = 1;
export const LENGTH = 2;
export const INPUT_OFFSET = 12;
export const SHARED_BYTES: number = INPUT_OFFSET + MAX_INPUT_BYTES;

export interface Figures {
  readonly name: string;
  readonly runs: number;
  readonly ways: number;
  readonly slowestMs: number;
  readonly seconds: number;
}
export type Said = { readonly figures: readonly Figures[] } | { readonly failure: Failure };
