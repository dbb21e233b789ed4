/** Widths are those of a terminal's cells, and nothing that could steer a terminal gets through. */
import { expect, test } from 'vitest';
import { printable, shorten, textWidth, visible, wrap } from './text.ts';

test('textWidth', () => {
  expect(textWidth('abc')).toBe(3);
  expect(textWidth('你好')).toBe(4);
  expect(textWidth('e\u0301')).toBe(1);
  expect(textWidth('😀')).toBe(2);
  expect(textWidth('─►✕…→−')).toBe(6);
});

test('shorten', () => {
  expect(shorten('abcdef', 6, '…')).toBe('abcdef');
  expect(shorten('abcdefg', 6, '…')).toBe('abcde…');
  expect(shorten('abcdefg', 6, '...')).toBe('abc...');
  expect(shorten('你好世界', 6, '…')).toBe('你好…');
  expect(shorten('abc', 1, '…')).toBe('…');
  expect(shorten('abc', 0, '…')).toBe('');
  expect(shorten('abcdef', 2, '...')).toBe('..');
});

test('visible', () => {
  expect(visible('a\r\n\t"\\')).toBe('a\\r\\n\\t\\"\\\\');
  expect(visible('\u001b[2J\u0000\u009b')).toBe('\\x1b[2J\\x00\\x9b');
  expect(visible('\u202e\ud800')).toBe('\\u{202e}\\u{d800}');
  expect(visible('é你', true)).toBe('\\xe9\\u{4f60}');
  expect(printable('"\\\u0007')).toBe('"\\\\x07');
});

test('wrap', () => {
  expect(wrap('lost: client>server:syn#1', 40)).toEqual(['lost: client>server:syn#1']);
  expect(wrap('lost: client>server:syn#1', 22)).toEqual(['lost: client>server:', 'syn#1']);
  expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
  expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
  expect(wrap('你好世界', 5)).toEqual(['你好', '世界']);
  expect(wrap('', 5)).toEqual([]);
});
