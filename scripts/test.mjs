/**
 * Runs every test (vitest) and says at the end what was skipped and why.
 *
 *   npm test                                all tests
 *   npm test -- src/wire -t 'truncated'     arguments go to vitest
 *
 * The last line is always `N passed, N failed, N skipped`. The exit code is 0 only if at least one test ran, none
 * failed, and each skipped one gave its reason.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'barewire-test-'));
const reportFile = join(scratch, 'report.json');

const vitest = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    `--reporter=${join(root, 'scripts/reporter.mjs')}`,
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, BAREWIRE_TEST_REPORT: reportFile, BAREWIRE_TEST_RUN: scratch },
  },
);

// The terminal sends Ctrl-C to both; wait for vitest to end its workers and then report.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => vitest.kill('SIGTERM'));

const ending = await new Promise((resolve) => {
  vitest.on('error', (error) => resolve(`vitest did not start: ${error.message}`));
  vitest.on('close', (code, signal) => resolve(signal === null ? code : `vitest was ended by ${signal}`));
});

const report = readReport(reportFile);
for (const name of readdirSync(scratch).filter((name) => name.startsWith('inner-'))) {
  // Failures are not added: the test that started the inner run fails with them.
  const inner = readReport(join(scratch, name));
  report.passed += inner.passed;
  report.skipped.push(...inner.skipped);
  report.retried.push(...inner.retried);
  report.problems.push(...inner.problems);
}
rmSync(scratch, { recursive: true, force: true });

if (typeof ending === 'string') addProblem(ending);
else if (ending !== 0 && report.failed === 0) addProblem(`vitest ended with code ${ending}`);
if (report.passed + report.failed === 0) addProblem('no test ran');

if (report.skipped.length > 0) {
  process.stdout.write('\nSkipped:\n');
  for (const { name, reason } of report.skipped) process.stdout.write(`  ${name}\n    ${reason}\n`);
}
if (report.retried.length > 0) {
  process.stdout.write('\nPassed only at the second try (CI):\n');
  for (const { name, reason } of report.retried) process.stdout.write(`  ${name}\n    ${reason}\n`);
}
if (report.problems.length > 0) {
  process.stdout.write('\nProblems:\n');
  for (const problem of report.problems) process.stdout.write(`  ${problem}\n`);
}
process.exitCode = report.failed === 0 ? 0 : 1;
process.stdout.write(`\n${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped\n`);

function readReport(file) {
  try {
    return { retried: [], ...JSON.parse(readFileSync(file, 'utf8')) };
  } catch {
    return { passed: 0, failed: 0, skipped: [], problems: [], retried: [] };
  }
}

function addProblem(text) {
  report.failed += 1;
  report.problems.push(text);
}
