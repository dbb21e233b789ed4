/** Calls in random order give the same in the three forms and in CPython, on sockets whose two ends see each other at once. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hosts, type TestHost } from './hosts.ts';
import { judge } from './judge.ts';
import { findPython } from './oracle.ts';
import { randomGroup, randomKinds } from './random-scripts.ts';
import { type CaseResult, runCase } from './runner.ts';

// One seed for every run; `npm run conformance -- --random 1000` tries others, and says which.
const SEED = 20_260_101;
const kernelHost = hosts[0] as TestHost;

test.for(randomKinds.filter(({ isPrompt }) => isPrompt))('$name', async (kind, context) => {
  const group = randomGroup(kind, 150, SEED);
  const results: CaseResult[] = [];
  for (const given of group.cases) results.push(await runCase(given, kernelHost, new Map()));
  expect(results.filter(({ state }) => state !== 'passed').map(({ reason }) => reason)).toEqual([]);
  const python = findPython();
  if (python === undefined) return context.skip('the forms agree; python3 is not installed');
  const { unexplained } = await judge(results, python, join(import.meta.dirname, 'oracle.py'), false);
  expect(unexplained).toEqual([]);
  return undefined;
});
