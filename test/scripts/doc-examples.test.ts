// What this shows: a documentation example that does not compile, throws, or is marked with an unknown word fails the
// check, with the line in the document; good ones count.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readCapabilities, tryUserNamespace } from '../../src/os/capabilities.ts';

const root = join(import.meta.dirname, '../..');
mkdirSync(join(root, 'out'), { recursive: true });
const scratch = mkdtempSync(join(root, 'out/planted-'));
afterAll(() => rmSync(scratch, { recursive: true }));

function check(name: string, text: string): { code: number | null; output: string } {
  const file = join(scratch, name);
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/doc-examples.mjs'), file], {
    encoding: 'utf8',
  });
  return { code: status, output: (stdout + stderr).replaceAll(`${scratch.slice(root.length + 1)}/`, '') };
}

test('blocks of a page: run, only checked, other languages', () => {
  const page = [
    '```ts',
    "import { strict as assert } from 'node:assert';",
    'assert.equal(1 + 1, 2);',
    '```',
    '- in a list',
    '  ```ts no-run',
    "  throw new Error('not run');",
    '  ```',
    '```sh',
    'false',
    '```',
  ].join('\n');
  expect(check('good.md', page)).toEqual({ code: 0, output: '1 examples ran, 1 only checked\n' });
});

test('what needs a namespace runs where one can be made, and else is named', () => {
  const allowed = readCapabilities().canUnshareNet || tryUserNamespace() === null;
  const { output } = check('namespace.md', "```ts namespace\nthrow new Error('ran');\n```\n");
  expect(output).toContain(allowed ? 'Error: ran' : 'namespace.md:1: only checked: no namespace can be made here');
});

test('a wrong type and a throw are failures with their lines', () => {
  const { code, output } = check(
    'bad.md',
    "Text.\n\n```ts\nconst n: number = 'one';\n```\n\n```ts\nthrow new Error('planted');\n```\n",
  );
  expect(output).toContain("bad.md:4: TS2322: Type 'string' is not assignable to type 'number'.");
  expect(output).toContain('bad.md:8: the example ended with code 1');
  expect(output).toContain('Error: planted');
  expect(output).toMatch(/1 examples ran, 1 only checked, 2 failed\n$/);
  expect(code).toBe(1);
});

test('an unknown mark, a block without an end, and a page without examples are failures', () => {
  expect(check('mark.md', '```ts maybe\nexport {};\n```\n').output).toContain("mark.md:1: unknown mark 'maybe'");
  expect(check('end.md', '```ts\nexport {};\n').output).toContain('end.md:1: code block without an end');
  expect(check('none.md', 'Words.\n')).toEqual({ code: 1, output: 'no example found\n0 examples ran, 1 failed\n' });
});

test('@example in a doc comment, fenced and not', () => {
  const source = [
    '/**',
    ' * Adds.',
    ' * @example',
    " * throw new Error('first');",
    ' * @returns the sum',
    ' * @example',
    ' * ```ts',
    " * throw new Error('second');",
    ' * ```',
    ' */',
    'export const add = 1;',
  ].join('\n');
  const { output } = check('source.ts', source);
  expect(output).toContain('source.ts:4: the example ended with code 1');
  expect(output).toContain('source.ts:8: the example ended with code 1');
  expect(output).toContain('2 examples ran, 2 failed');
});
