/**
 * A vitest reporter that writes what `scripts/test.mjs` prints at the end: the counts, each skipped test with the
 * reason it gave to `ctx.skip(reason)`, and every way in which a run can be bad beyond a failed assertion. vitest's own
 * JSON reporter drops the reasons, and reports a file that failed to load as a file without tests.
 *
 * The report goes to the file named by BAREWIRE_TEST_REPORT. A run that a test starts inside another run (the same file
 * again in a namespace of its own) has a report file of its own; a copy of it goes to the folder BAREWIRE_TEST_RUN, so
 * that the outer run counts what passed and was skipped in there.
 */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export default class SkipReporter {
  #vitest;

  onInit(vitest) {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: [], problems: [], retried: [] };
    for (const module of modules) this.#addModule(module, report);
    for (const error of unhandledErrors) {
      report.failed += 1;
      report.problems.push(`outside any test: ${error.message ?? String(error)}`);
    }
    const { BAREWIRE_TEST_REPORT: file, BAREWIRE_TEST_RUN: outer } = process.env;
    if (file !== undefined) writeFileSync(file, JSON.stringify(report));
    if (outer !== undefined && file !== join(outer, 'report.json')) {
      writeFileSync(join(outer, `inner-${process.pid}-${Date.now()}.json`), JSON.stringify(report));
    }
  }

  #addModule(module, report) {
    const file = relative(process.cwd(), module.moduleId);
    const broken = module.errors().length > 0;
    if (broken) {
      report.failed += 1;
      report.problems.push(`${file}: the file failed outside its tests`);
    }
    const brokenSuites = new Set();
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length === 0) continue;
      brokenSuites.add(suite);
      report.failed += 1;
      report.problems.push(`${file}: ${suite.fullName}: the suite failed outside its tests`);
    }
    for (const test of module.children.allTests()) {
      if (this.#isFilteredOut(test)) continue;
      const name = `${file}: ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') {
        report.passed += 1;
        const { retryCount = 0 } = test.diagnostic() ?? {};
        if (retryCount > 0) report.retried.push({ name, reason: firstLine(result.errors) });
      } else if (result.state === 'failed') report.failed += 1;
      else if (result.state === 'pending') {
        report.failed += 1;
        report.problems.push(`${name}: did not finish`);
      } else if (broken || isInside(test, brokenSuites)) {
        // vitest calls a test "skipped" when its beforeAll failed; nobody chose to skip it.
        report.failed += 1;
        report.problems.push(`${name}: did not run, because what should prepare it failed`);
      } else if (result.note === undefined || result.note.trim() === '') {
        report.failed += 1;
        report.problems.push(`${name}: skipped without a reason; use ctx.skip('reason')`);
      } else report.skipped.push({ name, reason: result.note });
    }
  }

  /** `-t pattern` marks all other tests as skipped; they are not part of this run. */
  #isFilteredOut(test) {
    const pattern = test.project.config.testNamePattern ?? this.#vitest?.config.testNamePattern;
    return pattern != null && !test.fullName.replaceAll(' > ', ' ').match(pattern);
  }
}

function firstLine(errors) {
  return errors?.[0]?.message?.split('\n', 1)[0] ?? 'no error was kept';
}

function isInside(test, suites) {
  for (let parent = test.parent; parent !== undefined && parent.type === 'suite'; parent = parent.parent) {
    if (suites.has(parent)) return true;
  }
  return false;
}
