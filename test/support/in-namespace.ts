/**
 * Tests that need privilege over the network, for root and for everybody else.
 *
 * `describeInNamespace` runs its tests right here when the process may make network namespaces (root, or inside
 * `unshare -Urn`). For an ordinary user it stands for one test that runs the same file again with vitest inside a user
 * and network namespace and fails when that run fails. Where the kernel allows neither, it skips with the reason.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { IN_USERNS, readCapabilities, tryUserNamespace } from '../../src/os/capabilities.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const RERUN_TIMEOUT_MS = 120_000;

/** In step with scripts/reporter.mjs. */
interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly problems: readonly string[];
}

/** @param fileUrl `import.meta.url` of the test file; all its tests should stand inside the one description */
export function describeInNamespace(fileUrl: string, title: string, body: () => void): void {
  if (readCapabilities().canUnshareNet) {
    describe(title, body);
    return;
  }
  const refused = tryUserNamespace();
  describe(title, () => {
    test(
      'all of it, in a user and network namespace of its own',
      async (context) => {
        if (refused !== null) return context.skip(refused.message);
        const { report, output } = await rerun(fileURLToPath(fileUrl));
        expect(report, output).toMatchObject({ failed: 0 });
        expect(report.passed + report.skipped.length, output).toBeGreaterThan(0);
        for (const { name, reason } of report.skipped) console.log(`skipped inside: ${name}: ${reason}`);
        if (report.passed === 0) context.skip(report.skipped.map(({ reason }) => reason).join('; '));
        return undefined;
      },
      RERUN_TIMEOUT_MS,
    );
  });
}

async function rerun(file: string): Promise<{ report: Report; output: string }> {
  const scratch = mkdtempSync(join(tmpdir(), 'barewire-namespace-'));
  const reportFile = join(scratch, 'report.json');
  try {
    const child = spawn(
      'unshare',
      [
        '--user',
        '--map-root-user',
        '--net',
        process.execPath,
        join(root, 'node_modules/vitest/vitest.mjs'),
        'run',
        file,
        // The cache directory belongs to whoever installed the project.
        '--no-cache',
        '--reporter=default',
        `--reporter=${join(root, 'scripts/reporter.mjs')}`,
      ],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, [IN_USERNS]: '1', BAREWIRE_TEST_REPORT: reportFile },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const ending = await new Promise<string>((resolve) => {
      child.on('error', (error) => resolve(error.message));
      child.on('close', (code, signal) => resolve(`code ${code}, signal ${signal}`));
    });
    try {
      return { report: JSON.parse(readFileSync(reportFile, 'utf8')) as Report, output };
    } catch {
      throw new Error(`the run inside the namespace left no report (${ending}):\n${output}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
