/** The table itself can be trusted: what is wrong fails, what is missing is told, and no rule stands there twice. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Group, type Need } from './case.ts';
import { gridCells } from './grid.ts';
import { hosts, type TestHost } from './hosts.ts';
import { dataOf, matches, parseScript, wordOfData } from './language.ts';
import { compare } from './oracle.ts';
import { runCase } from './runner.ts';
import { groups } from './table.ts';

const kernelHost = hosts[0] as TestHost;
const NOTHING: ReadonlyMap<Need, string> = new Map();

function caseOf(script: string): Group['cases'][number] {
  const group = new Group('a test');
  group.add('a case', 'a source', script);
  return group.cases[0] as Group['cases'][number];
}

describe('a case', () => {
  test('fails where the host does something else, and says in which form, where and what', async () => {
    const given = caseOf('a = socket inet stream\nlisten a -> EINVAL\nclose a');
    expect(await runCase(given, kernelHost, NOTHING)).toMatchObject({
      state: 'failed',
      reason: 'async, line 2: listen a -> EINVAL: got ok',
    });
  });

  test('fails where an error was not expected', async () => {
    const given = caseOf('a = socket inet stream\ngetpeername a');
    expect((await runCase(given, kernelHost, NOTHING)).reason).toBe('async, line 2: getpeername a: got ENOTCONN');
  });

  test('fails where a call waits without end', { timeout: 20_000 }, async () => {
    const given = caseOf('a,b = socketpair unix stream\nrecv a 1 -> "x"');
    expect((await runCase(given, kernelHost, NOTHING, ['sync'])).reason).toContain('got waited without end');
  });

  test('is skipped with the host’s reason where the host lacks what it needs', async () => {
    const given = caseOf('a = socket inet raw mine');
    const result = await runCase(given, kernelHost, new Map([['raw', 'this host has none']]));
    expect(result).toMatchObject({ state: 'skipped', reason: 'needs raw: this host has none' });
  });

  test('leaves nothing open, even when it fails', async () => {
    const made: { closed: boolean }[] = [];
    const { host } = kernelHost;
    const watched = Object.assign(Object.create(host) as typeof host, {
      socket: (...args: Parameters<typeof host.socket>) => {
        const socket = host.socket(...args);
        made.push(socket);
        return socket;
      },
    });
    await runCase(
      caseOf('a = socket inet stream\nb = socket inet dgram\nlisten b'),
      { ...kernelHost, host: watched },
      NOTHING,
    );
    expect(made).toHaveLength(2);
    expect(made.every(({ closed }) => closed)).toBe(true);
  });
});

describe('the language', () => {
  test.each([
    ['recieve a 10', "there is no call 'recieve'"],
    ['recv a', 'recv takes 2 words'],
    ['recv a 10 peak', "'peak' is one word too many, or no flag"],
    ['bind a b c', "'c' is one word too many, or no flag"],
    ['set a SO_REUSEADR 1', "there is no option 'SO_REUSEADR'"],
    ['a,b = socket inet stream', 'socket makes 1'],
  ])('%s: %s', (line, complaint) => {
    expect(() => parseScript(line)).toThrow(complaint);
  });

  test('comments and empty lines are no steps; what follows the arrow is the outcome as it stands', () => {
    const [first, second, ...rest] = parseScript(
      '# begin\n\na = socket inet stream # and so on\nrecvfrom a 4 peek -> "0123" of 10 from 127.0.0.1:b',
    );
    expect(first).toMatchObject({ call: 'socket', makes: ['a'], args: ['inet', 'stream'], expect: undefined });
    expect(second).toMatchObject({ args: ['a', '4'], flags: ['PEEK'], expect: '"0123" of 10 from 127.0.0.1:b' });
    expect(rest).toEqual([]);
  });

  test('data has one word, and the word gives the data back', () => {
    for (const word of ['"text"', '""', '"a\\"b"', 'x*1000', 'hex:00ff']) expect(wordOfData(dataOf(word))).toBe(word);
  });

  test('outcomes match what they should and nothing else', () => {
    expect(matches(undefined, 'ok')).toBe(true);
    expect(matches(undefined, 'EPIPE')).toBe(false);
    expect(matches('any', '12')).toBe(true);
    expect(matches('any', 'EAGAIN')).toBe(false);
    expect(matches('>=5', '5')).toBe(true);
    expect(matches('>=5', '4')).toBe(false);
    expect(matches('>=5', 'EINVAL')).toBe(false);
    expect(matches('EAGAIN', 'EAGAIN, but of poll, not recv')).toBe(false);
    expect(matches('?', 'EPIPE')).toBe(true);
  });

  test('a row of a grid that is too short is refused', () => {
    expect(() => gridCells('call a b\nrecv 1')).toThrow("row 'recv': expected 2 cells, got 1");
  });
});

describe('the comparison with CPython', () => {
  const given = caseOf('a = socket inet stream\ngetsockname a -> 0.0.0.0:0');
  const ours = [{ text: 'ok' }, { text: '0.0.0.0:0', bytes: '0200' }];

  test('says nothing where both saw the same', () => {
    expect(compare(given, ours, { id: given.id, outcomes: ours })).toBeUndefined();
  });

  test('names the line and both outcomes where they differ, also in bytes alone', () => {
    const outcomes = [{ text: 'ok' }, { text: '0.0.0.0:0', bytes: '0a00' }];
    expect(compare(given, ours, { id: given.id, outcomes })).toEqual({
      id: 'a case',
      line: 'getsockname a -> 0.0.0.0:0',
      ours: '0.0.0.0:0 (0200)',
      python: '0.0.0.0:0 (0a00)',
    });
  });

  test('tells a script that the oracle could not carry out', () => {
    const answer = { id: given.id, outcomes: [{ text: 'ok' }], broken: 'KeyError: x' };
    expect(compare(given, ours, answer)).toMatchObject({ python: 'KeyError: x' });
  });
});

describe('the table', () => {
  const cases = groups.flatMap((group) => group.cases);

  test('has no id twice, a source for every case, and grows', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(cases.filter(({ source }) => source.trim() === '')).toEqual([]);
    expect(cases.length).toBeGreaterThan(2500);
  });

  test('has no two cases of one script', () => {
    const scripts = new Map<string, string>();
    const twice: string[] = [];
    for (const { id, steps } of cases) {
      const script = steps.map(({ text }) => text).join('\n');
      const other = scripts.get(script);
      if (other !== undefined) twice.push(`${id} and ${other}`);
      scripts.set(script, id);
    }
    expect(twice).toEqual([]);
  });
});

test('the program prints JSON, and ends with 2 for what it does not know', () => {
  const root = join(import.meta.dirname, '..', '..');
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['scripts/conformance.mjs', ...args], { cwd: root, encoding: 'utf8' });
  const { status, stdout } = run('--only', 'socketpair/unix', '--json', '--no-python');
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as { host: string; groups: { cases: { state: string }[] }[] };
  expect(document.host).toBe('kernel');
  expect(document.groups.flatMap((group) => group.cases).map(({ state }) => state)).toContain('passed');
  expect(run('--host', 'nowhere')).toMatchObject({ status: 2, stderr: expect.stringContaining("got 'nowhere'") });
});
