/**
 * Shows that docs/options.md says what the catalogue says, and that every option that can be set has a test of its effect
 * or a reason why there is none; those are listed.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { unseen } from './unseen.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

test('docs/options.md is up to date, and no option is forgotten', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/options-doc.mjs'), '--check'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  console.log(stdout.trim());
});

test('what cannot be seen here has a reason', () => {
  for (const [name, reason] of Object.entries(unseen)) {
    expect(reason, name).toMatch(/^[a-z].{10,}$/);
    console.log(`${name}: ${reason}`);
  }
});
