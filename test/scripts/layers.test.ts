// What this shows: the layer check goes red on every kind of violation, in every form an import can take, and stays
// green on text that only looks like one.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../scripts/layers.mjs');
const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function check(files: Record<string, string>): { code: number | null; output: string } {
  const root = mkdtempSync(join(tmpdir(), 'barewire-layers-'));
  roots.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--root', root], { encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

/** A tree in which `text` stands in a file of `room`, with something to import in each room. */
function place(room: string, text: string): { code: number | null; output: string } {
  const rooms = ['core', 'addr', 'capture', 'wire', 'socket', 'trace', 'link', 'stack', 'os', 'tools', 'cli'];
  return check({
    ...Object.fromEntries(rooms.map((name) => [`src/${name}/thing.ts`, 'export type Thing = number;\n'])),
    'src/index.ts': 'export {};\n',
    [`src/${room}/planted.ts`]: text,
  });
}

test('allowed imports pass', () => {
  expect(place('wire', "import type { Thing } from '../core/thing.ts';\nimport '../addr/thing.ts';\n")).toEqual({
    code: 0,
    output: 'layers: 13 files, 2 imports, no violations\n',
  });
  expect(
    place('cli', "import { Command } from 'commander';\nimport fs from 'node:fs';\nexport * from '../index.ts';\n")
      .code,
  ).toBe(0);
  expect(place('os', "const addon = 'barewire.node';\nimport '../../native/x.ts';\n").code).toBe(0);
});

test.each([
  ['import', "import { Thing } from '../wire/thing.ts';"],
  ['import type', "import type { Thing } from '../wire/thing.ts';"],
  ['import { type }', "import { type Thing } from '../wire/thing.ts';"],
  ['import over lines', "import {\n  // from './nowhere'\n  Thing,\n} from '../wire/thing.ts';"],
  ['import default and named', "import thing, { Thing } from '../wire/thing.ts';"],
  ['import namespace', "import * as thing from '../wire/thing.ts';"],
  ['import for effect', "import '../wire/thing.ts';"],
  ['export from', "export { Thing } from '../wire/thing.ts';"],
  ['export type from', "export type { Thing } from '../wire/thing.ts';"],
  ['export all', "export * from '../wire/thing.ts';"],
  ['export namespace', "export * as thing from '../wire/thing.ts';"],
  ['export all types', "export type * from '../wire/thing.ts';"],
  ['dynamic import', "const thing = await import('../wire/thing.ts');"],
  ['dynamic import in a template', 'const text = `a ${ { b: await import(`../wire/thing.ts`) } } c`;'],
  ['import in a type', "type Other = import('../wire/thing.ts').Thing;"],
  ['behind a division', "const half = (4 as number)! / 2; const other = half / 2; import '../wire/thing.ts';"],
  ['behind a regular expression', "const quote = /[/'\"`]/; import '../wire/thing.ts';"],
])('a forbidden import is found: %s', (_form, text) => {
  const { code, output } = place('core', `${text}\n`);
  expect(output).toContain('core must not import wire (../wire/thing.ts); it may import no other room');
  expect(output).toMatch(/^src\/core\/planted\.ts:\d+: /);
  expect(code).toBe(1);
});

test('what only looks like an import is none', () => {
  const text = [
    "// import '../wire/thing.ts'",
    "/* export * from '../wire/thing.ts' */",
    'export const a = "import \'../wire/thing.ts\'";',
    "export const b = `import '../wire/thing.ts' ${1 / 2} export * from '../wire/thing.ts'`;",
    "export const c = /import '..\\/wire\\/thing.ts'/;",
    "export const d = { import: '../wire/thing.ts', from: '../wire/thing.ts' };",
    "export { a as default };\nconst from = '../wire/thing.ts';",
    'export const e = import.meta.url + d.import;',
  ].join('\n');
  expect(place('core', text)).toEqual({ code: 0, output: 'layers: 13 files, 0 imports, no violations\n' });
});

test.each([
  ['wire', "import 'node:fs';", 'wire must not import node:fs'],
  ['stack', "import type { Socket } from 'node:net';", 'stack must not import node:net'],
  ['wire', "import 'leftpad';", 'wire must not import leftpad'],
  ['os', "import 'commander';", 'os must not import commander'],
  ['cli', "import 'fs';", 'cli must not import fs'],
  ['os', "import '../tools/thing.ts';", 'os must not import tools'],
  ['tools', "import '../os/thing.ts';", 'tools must not import os'],
  ['os', "import '../index.ts';", 'os must not import index'],
  ['wire', "import 'barewire/addr';", 'imports its own package as barewire/addr'],
  ['cli', "import '../../package.json';", 'imports ../../package.json, outside src'],
  ['link', "import '../../native/addon.ts';", 'imports ../../native/addon.ts, outside src'],
  ['cli', "const path = '../build/barewire.node';", 'names a .node file'],
  ['cli', 'const path = `../build/${process.arch}.node`;', 'names a .node file'],
  ['cli', 'const room = await import(name);', 'import() of a computed name'],
  ['cli', 'const room = await import(`./${name}.ts`);', 'import() of a computed name'],
  ['wire', "import '../core/thing';", 'is not a file'],
  ['wire', '/// <reference types="node" />', '/// <reference>'],
  ['utils', 'export {};', "'utils' is not a room"],
  ['wire', "const open = 'never closed;\n", 'cannot be scanned: string without an end at line 1'],
])('forbidden in %s: %s', (room, text, expected) => {
  const { code, output } = place(room, `${text}\n`);
  expect(output).toContain(expected);
  expect(code).toBe(1);
});

test('a cycle of files within a room is found, with its path', () => {
  const { code, output } = check({
    'src/core/a.ts': "import { b } from './b.ts';\nexport const a = b;\n",
    'src/core/b.ts': "import { c } from './c.ts';\nexport const b = c;\n",
    'src/core/c.ts': "import { a } from './a.ts';\nexport const c = 1 || a;\n",
    'src/core/d.ts': "import './a.ts';\n",
  });
  expect(output).toContain('cycle: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts');
  expect(code).toBe(1);
});

test('a cycle of types alone is a cycle', () => {
  const { code, output } = check({
    'src/core/a.ts': "import type { B } from './b.ts';\nexport interface A { b: B }\n",
    'src/core/b.ts': "import type { A } from './a.ts';\nexport interface B { a: A }\n",
  });
  expect(output).toContain('cycle: src/core/a.ts → src/core/b.ts → src/core/a.ts');
  expect(code).toBe(1);
});

test('tests may import any room, but not in a circle', () => {
  const others = { 'package.json': '{}', 'src/core/a.ts': 'export {};\n', 'src/wire/b.ts': 'export {};\n' };
  expect(check({ ...others, 'src/core/a.test.ts': "import fs from 'node:fs';\nimport '../wire/b.ts';\n" }).code).toBe(
    0,
  );
  expect(
    check({
      ...others,
      'src/core/a.test.ts': "import './b.test.ts';\n",
      'src/core/b.test.ts': "import './a.test.ts';\n",
    }).output,
  ).toContain('cycle: ');
  expect(check({ ...others, 'src/core/c.ts': "import './a.test.ts';\n", 'src/core/a.test.ts': '' }).output).toContain(
    'imports the test ./a.test.ts',
  );
});
