/** The conformance table holds on every host, in all three forms of every call, and CPython sees the same on the kernel. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openCalls, tableHosts } from './hosts.ts';
import { judge } from './judge.ts';
import { findPython } from './oracle.ts';
import { type CaseResult, runCase } from './runner.ts';
import { groups } from './table.ts';

for (const testHost of tableHosts) {
  describe(testHost.name, () => {
    const lacks = testHost.lacks?.() ?? new Map();
    const results: CaseResult[] = [];

    test.each(groups)('$subject', async ({ subject, cases }) => {
      const mine: CaseResult[] = [];
      for (const given of cases) mine.push(await runCase(given, testHost, lacks));
      results.push(...mine);
      const failures = mine
        .filter(({ state }) => state === 'failed')
        .map(({ case: { id }, reason }) => `${id}: ${reason}`);
      expect(failures, subject).toEqual([]);
    });

    test('nothing is left out in silence', (context) => {
      const skipped = results.filter(({ state }) => state === 'skipped');
      if (skipped.length === 0) return;
      const reasons = new Set(skipped.map(({ reason }) => reason));
      context.skip(`${skipped.length} cases: ${[...reasons].join('; ')}`);
    });

    test('an observer was told the end of every call', () => {
      expect([...openCalls.values()]).toEqual([]);
    });

    if (testHost.name !== 'kernel') return;

    test('CPython sees the same in every script, but for what differences.ts explains', async (context) => {
      const python = findPython();
      if (python === undefined) return context.skip('python3 is not installed');
      const all = groups.reduce((sum, { cases }) => sum + cases.length, 0);
      const whole = results.length === all;
      const { compared, unexplained, stale } = await judge(
        results,
        python,
        join(import.meta.dirname, 'oracle.py'),
        whole,
      );
      expect(unexplained).toEqual([]);
      expect(stale).toEqual([]);
      expect(compared).toBeGreaterThan(0);
      return undefined;
    });
  });
}
