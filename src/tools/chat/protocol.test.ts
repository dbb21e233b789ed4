/** The chat's protocol: what is said reads back as what was meant, and names cannot pretend. */
import { describe, expect, it } from 'vitest';
import { addressName, cleanName, freeName, notice, parseClientLine, parseServerLine } from './protocol.ts';

it('reads what clients send', () => {
  expect(parseClientLine('hello')).toEqual({ kind: 'say', text: 'hello' });
  expect(parseClientLine('//hello')).toEqual({ kind: 'say', text: '/hello' });
  expect(parseClientLine('/name alice ')).toEqual({ kind: 'name', name: 'alice' });
  expect(parseClientLine('/name')).toEqual({ kind: 'name', name: '' });
  expect(parseClientLine('/bye')).toEqual({ kind: 'quit' });
  expect(parseClientLine('/shrug')).toEqual({ kind: 'unknown', command: '/shrug' });
});

it('reads what the server sends', () => {
  expect(parseServerLine('alice: a: b')).toEqual({ kind: 'message', name: 'alice', text: 'a: b' });
  expect(parseServerLine('[::1]:4000: hi')).toEqual({ kind: 'message', name: '[::1]:4000', text: 'hi' });
  expect(parseServerLine('you: ')).toEqual({ kind: 'echo', text: '' });
  expect(parseServerLine('just text')).toEqual({ kind: 'text', text: 'just text' });
  expect(parseServerLine('two words: text')).toEqual({ kind: 'text', text: 'two words: text' });
  expect(parseServerLine(notice.welcome('alice', ['bob']))).toMatchObject({ kind: 'welcome', name: 'alice' });
  expect(parseServerLine(notice.named('al'))).toEqual({ kind: 'named', name: 'al' });
  expect(parseServerLine(notice.renamed('a', 'b'))).toEqual({ kind: 'renamed', from: 'a', to: 'b' });
  expect(parseServerLine(notice.stranger)).toEqual({ kind: 'stranger' });
  expect(parseServerLine(notice.full(3))).toEqual({ kind: 'notice', text: 'no room: 3 are here already' });
});

it('lists many who come or go in one line', () => {
  const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
  expect(parseServerLine(notice.left(names))).toEqual({ kind: 'left', names: names.slice(0, 20), more: 80 });
  expect(parseServerLine(notice.joined(['a', 'b']))).toEqual({ kind: 'joined', names: ['a', 'b'], more: 0 });
});

describe('names', () => {
  it('are letters, digits and . _ - of any script', () => {
    expect(cleanName(' jürgen_2 ')).toBe('jürgen_2');
    expect(cleanName('李雷')).toBe('李雷');
    for (const bad of ['', 'two words', 'a:b', '*', 'x'.repeat(33), 'a\u0007', 'a\u200bb']) {
      expect([bad, cleanName(bad)]).toEqual([bad, null]);
    }
  });

  it('get a number when somebody has them', () => {
    const taken = new Set(['alice', 'alice-2']);
    expect(freeName('Alice', (name) => taken.has(name))).toBe('Alice-3');
    expect(freeName('YOU', () => false)).toBe('YOU-2');
    expect(freeName('server', () => false)).toBe('server-2');
  });

  it('of those who say none are their addresses', () => {
    expect(addressName({ family: 'inet', address: '192.0.2.1', port: 5 })).toBe('192.0.2.1:5');
    expect(addressName({ family: 'inet6', address: '::1', port: 5 })).toBe('[::1]:5');
    expect(addressName({ family: 'inet6', address: '::ffff:192.0.2.1', port: 5 })).toBe('192.0.2.1:5');
  });
});
