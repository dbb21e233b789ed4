/** The table of lessons names every lesson once and nothing else; each lesson opens as all do and runs on plain Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { lessonNames } from '../../scripts/example.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const example = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'scripts/example.mjs'), ...args], { encoding: 'utf8' });

test('the table of lessons', () => {
  const table = readFileSync(join(root, 'examples/README.md'), 'utf8');
  const linked = [...table.matchAll(/\]\((\d\d-[\w-]+)\.ts\)/g)].map(([, name]) => name);
  expect([...new Set(linked)]).toEqual(linked);
  expect([...linked].sort((a = '', b = '') => (a < b ? -1 : 1))).toEqual(lessonNames());
  const numbers = linked.map((name) => Number(name?.slice(0, 2)));
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

test.each(lessonNames())('%s opens with what it shows, needs, and how to run it', (name) => {
  const text = readFileSync(join(root, 'examples', `${name}.ts`), 'utf8');
  expect(text).toMatch(
    /^\/\*\*\n \* \S.*[.:]\n \*\n \* Shows: [\s\S]*?\n \* Root: not needed[\s\S]*?\n \* Run: npm run example -- \d\d/,
  );
  // Node 22 strips types and does not know `using`; it resolves 'barewire' through package.json.
  expect(text).not.toMatch(/^\s*(await )?using /m);
  for (const [, from] of text.matchAll(/ from '([^']+)'/g)) expect(from).toMatch(/^(node:|barewire)/);
});

describe('scripts/example.mjs', () => {
  test('runs a lesson by number and by name', () => {
    for (const wanted of ['14', '14-byte-order', 'examples/14-byte-order.ts']) {
      expect(example(wanted).stdout).toContain('78 56 34 12');
    }
  });

  test('lists them', () => {
    expect(example().stdout).toContain('14-byte-order              Byte order: how this machine keeps');
  });

  test('says what is wrong with a name', () => {
    expect(example('99')).toMatchObject({ status: 2, stderr: expect.stringContaining("no lesson '99'") as string });
    expect(example('27').stderr).toContain('choose one of 27-tcp-client, 27-tcp-server');
  });
});

test('plain node runs a lesson', (context) => {
  if (!('typescript' in process.features)) context.skip(`Node ${process.versions.node} reads no TypeScript`);
  if (!existsSync(join(root, 'dist/index.js'))) context.skip('dist is missing: npm run build');
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'examples/15-htons.ts')], { encoding: 'utf8' });
  expect(stdout, stderr).toContain('47138');
});
