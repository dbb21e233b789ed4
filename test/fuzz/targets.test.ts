/** The fuzzer finds what it is for, and a short run of it over everything that takes bytes finds nothing. */
import { expect, test } from 'vitest';
import { toHex } from '../../src/core/index.ts';
import { type Failure, Fuzzer } from './fuzzer.ts';
import { hold, type Target } from './target.ts';
import { allTargets } from './targets/all.ts';

const seed = Date.now() & 0x7fff_ffff;

function fuzz(target: Target, runs: number): Failure | undefined {
  const fuzzer = new Fuzzer(target, seed);
  for (let run = 0; run < runs; run++) {
    const failure = fuzzer.run(fuzzer.nextInput());
    if (failure !== undefined) return failure;
  }
  return undefined;
}

test.each(allTargets)(`$name (seed ${seed})`, (target) => {
  const failure = fuzz(target, 2500);
  expect(failure && `${toHex(failure.bytes)} ${failure.message}`).toBeUndefined();
});

test('it works its way in by the ways that inputs take, and shows the smallest input that fails', () => {
  const steps = (bytes: Uint8Array): number => {
    const wanted = [0x47, 0x4f, 0x3c];
    const wrong = wanted.findIndex((byte, i) => bytes[i] !== byte);
    return wrong < 0 ? wanted.length : wrong;
  };
  const target: Target = {
    name: 'planted',
    seeds: [new Uint8Array(20).fill(7)],
    run: (bytes) => {
      hold(steps(bytes) < 3, 'three bytes are right');
      return String(steps(bytes));
    },
  };
  const failure = fuzz(target, 200_000);
  expect(failure?.bytes).toEqual(Uint8Array.of(0x47, 0x4f, 0x3c));
  expect(failure?.message).toContain('three bytes are right');
});

test('an input that was written to is a failure', () => {
  const target: Target = {
    name: 'writes',
    seeds: [Uint8Array.of(1, 2)],
    run: (bytes) => {
      bytes[0] = 9;
      return '';
    },
  };
  expect(fuzz(target, 1)?.message).toBe('byte 0 of the input was changed');
});
