// What this shows: the counts at the end of `npm test` are honest. A skip without a reason, a file that does not load, a
// test that its beforeAll kept from running, and a test file without tests are failures, not silence.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
// Inside the project, where the planted tests find vitest.
mkdirSync(join(root, 'out'), { recursive: true });
const scratch = mkdtempSync(join(root, 'out/reporter-'));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Report {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
  problems: string[];
  retried: { name: string; reason: string }[];
}

/** `BAREWIRE_TEST_RUN` is taken away: what is planted here must not count in the run that this test is part of. */
function runPlanted(
  files: Record<string, string>,
  args: string[] = [],
  env: NodeJS.ProcessEnv = { BAREWIRE_TEST_RUN: undefined },
): Report {
  const folder = mkdtempSync(join(scratch, 'run-'));
  const head = "import { beforeAll, describe, expect, test } from 'vitest';\n";
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), head + text);
  writeFileSync(join(folder, 'vitest.config.ts'), 'export default {};\n');
  const report = join(folder, 'report.json');
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      `--root=${folder}`,
      `--reporter=${join(root, 'scripts/reporter.mjs')}`,
      ...args,
    ],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, BAREWIRE_TEST_REPORT: report, ...env } },
  );
  expect(existsSync(report), stdout + stderr).toBe(true);
  return JSON.parse(readFileSync(report, 'utf8'));
}

test('passed, failed, and skipped with a reason', () => {
  expect(
    runPlanted({
      'a.test.ts': `
        test('passes', () => {});
        test('fails', () => expect(1).toBe(2));
        describe('group', () => test('skips', (ctx) => ctx.skip('no tun device here')));`,
    }),
  ).toEqual({
    passed: 1,
    failed: 1,
    skipped: [{ name: 'a.test.ts: group > skips', reason: 'no tun device here' }],
    problems: [],
    retried: [],
  });
});

test('a skip without a reason fails, however it is written', () => {
  const { failed, skipped, problems } = runPlanted({
    'a.test.ts': `
      test('bare', (ctx) => ctx.skip());
      test.skip('static', () => {});
      test.todo('later');
      describe.skip('group', () => test('inside', () => {}));`,
  });
  expect({ failed, skipped: skipped.length }).toEqual({ failed: 4, skipped: 0 });
  expect(problems[0]).toBe("a.test.ts: bare: skipped without a reason; use ctx.skip('reason')");
});

test('what breaks outside a test is counted', () => {
  expect(
    runPlanted({
      'hook.test.ts': `
        describe('group', () => {
          beforeAll(() => { throw new Error('planted'); });
          test('never runs', () => {});
        });`,
      'load.test.ts': "import './missing.ts';",
      'none.test.ts': '',
      'stray.test.ts': "test('passes', () => void Promise.reject(new Error('planted')));",
    }),
  ).toEqual({
    passed: 1,
    failed: 5,
    skipped: [],
    problems: [
      'hook.test.ts: group: the suite failed outside its tests',
      'hook.test.ts: group > never runs: did not run, because what should prepare it failed',
      'load.test.ts: the file failed outside its tests',
      'none.test.ts: the file failed outside its tests',
      'outside any test: planted',
    ],
    retried: [],
  });
});

test('tests that -t leaves out are not part of the run', () => {
  const files = { 'a.test.ts': "test('one', () => {});\ndescribe('two', () => test('three', () => {}));" };
  expect(runPlanted(files, ['-t', 'two three'])).toEqual({
    passed: 1,
    failed: 0,
    skipped: [],
    problems: [],
    retried: [],
  });
});

test('a run inside a run leaves a copy for the outer one', () => {
  const outer = mkdtempSync(join(scratch, 'outer-'));
  const report = runPlanted({ 'a.test.ts': "test('one', () => {});" }, [], { BAREWIRE_TEST_RUN: outer });
  const copies = readdirSync(outer);
  expect(copies).toEqual([expect.stringMatching(/^inner-\d+-\d+\.json$/)]);
  expect(JSON.parse(readFileSync(join(outer, copies[0]!), 'utf8'))).toEqual(report);
});

test('a test that passes only at its second try is named, with what went wrong first', () => {
  const report = runPlanted({ 'flaky.test.ts': "let tries = 0;\ntest('flaky', () => expect(++tries).toBe(2));" }, [
    '--retry=1',
  ]);
  expect(report).toMatchObject({ passed: 1, failed: 0 });
  expect(report.retried).toEqual([
    { name: 'flaky.test.ts: flaky', reason: 'expected 1 to be 2 // Object.is equality' },
  ]);
});
