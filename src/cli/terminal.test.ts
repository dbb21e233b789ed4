/** Colour, width and character set are decided from the stream and the environment, each by the first that speaks. */
import { expect, test } from 'vitest';
import { lineWidth, paint, speaksUtf8, wantsColour } from './terminal.ts';

const tty = { isTTY: true, columns: 132 };
const pipe = {};

test.each([
  ['a terminal', tty, {}, 'auto', true],
  ['a pipe', pipe, {}, 'auto', false],
  ['a dumb terminal', tty, { TERM: 'dumb' }, 'auto', false],
  ['NO_COLOR', tty, { NO_COLOR: '1' }, 'auto', false],
  ['an empty NO_COLOR means nothing', tty, { NO_COLOR: '' }, 'auto', true],
  ['FORCE_COLOR into a pipe', pipe, { FORCE_COLOR: '1' }, 'auto', true],
  ['FORCE_COLOR=0 on a terminal', tty, { FORCE_COLOR: '0' }, 'auto', false],
  ['an empty FORCE_COLOR means nothing', pipe, { FORCE_COLOR: '' }, 'auto', false],
  ['NO_COLOR before FORCE_COLOR', tty, { NO_COLOR: '1', FORCE_COLOR: '1' }, 'auto', false],
  ['--color=always before NO_COLOR', pipe, { NO_COLOR: '1' }, 'always', true],
  ['--color=never before FORCE_COLOR', tty, { FORCE_COLOR: '1' }, 'never', false],
] as const)('colour: %s', (_name, stream, env, choice, expected) => {
  expect(wantsColour(stream, env, choice)).toBe(expected);
});

test('width: COLUMNS, the terminal, 80', () => {
  expect(lineWidth(tty, { COLUMNS: '100' })).toBe(100);
  expect(lineWidth(tty, { COLUMNS: 'many' })).toBe(132);
  expect(lineWidth(tty, { COLUMNS: '0' })).toBe(132);
  expect(lineWidth(pipe, {})).toBe(80);
  expect(lineWidth({ isTTY: true, columns: 0 }, {})).toBe(80);
});

test('UTF-8: LC_ALL, LC_CTYPE, LANG', () => {
  expect(speaksUtf8({ LANG: 'en_GB.UTF-8' })).toBe(true);
  expect(speaksUtf8({ LANG: 'de_DE.utf8' })).toBe(true);
  expect(speaksUtf8({ LC_ALL: 'C', LANG: 'en_GB.UTF-8' })).toBe(false);
  expect(speaksUtf8({ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' })).toBe(true);
  expect(speaksUtf8({})).toBe(false);
});

test('paint leaves text alone without colour', () => {
  expect(paint('x', 'red', false)).toBe('x');
  expect(paint('x', 'plain', true)).toBe('x');
  expect(paint('x', 'red', true)).toBe('\u001b[91mx\u001b[39m');
});
