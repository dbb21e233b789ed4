/** Lines and safe text: pieces of any size give the same lines. */
import { describe, expect, it } from 'vitest';
import { datagramLines, decodeText, incompleteTail, LineSplitter, printable } from './lines.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const all = bytes('one\r\n\nzwölf 👋\nlast');
    for (let size = 1; size <= all.length; size++) {
      const splitter = new LineSplitter();
      const texts: string[] = [];
      for (let at = 0; at < all.length; at += size) {
        for (const line of splitter.push(all.subarray(at, at + size))) texts.push(line.text);
      }
      texts.push(...splitter.end().map((line) => line.text));
      expect(texts).toEqual(['one', '', 'zwölf 👋', 'last']);
    }
  });

  it('reports a line over the limit once and goes on after it', () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(bytes('1234\n12'))).toEqual([{ text: '1234', tooLong: false }]);
    expect(splitter.push(bytes('345'))).toEqual([{ text: '', tooLong: true }]);
    expect(splitter.push(bytes('678'))).toEqual([]);
    expect(splitter.push(bytes('9\nok\n'))).toEqual([{ text: 'ok', tooLong: false }]);
  });

  it('flushes what is there, except half a character', () => {
    const splitter = new LineSplitter();
    splitter.push(bytes('abc👋').subarray(0, 5));
    expect(splitter.flushPartial()).toBe('abc');
    expect(splitter.partialBytes).toBe(2);
    expect(splitter.push(bytes('👋\n').subarray(2))).toEqual([{ text: '👋', tooLong: false }]);
  });
});

it('counts the bytes of an unfinished character', () => {
  const cases: [number[], number][] = [
    [[], 0],
    [[0x61], 0],
    [[0xc3], 1],
    [[0xc3, 0xa9], 0],
    [[0xe2, 0x82], 2],
    [[0xf0, 0x9f, 0x91], 3],
    [[0xf0, 0x9f, 0x91, 0x8b], 0],
    [[0x80, 0x80, 0x80, 0x80], 0],
  ];
  for (const [data, count] of cases) expect([data, incompleteTail(Uint8Array.from(data))]).toEqual([data, count]);
});

it('parts a datagram into lines', () => {
  expect(datagramLines(bytes('one'))).toEqual(['one']);
  expect(datagramLines(bytes('one\n'))).toEqual(['one']);
  expect(datagramLines(bytes('one\r\ntwo\n'))).toEqual(['one', 'two']);
  expect(datagramLines(bytes(''))).toEqual(['']);
});

it('prints nothing that steers a terminal', () => {
  expect(printable('a\tb\x1b[31m\x07\r\n\x7f\x9b\u202ec\u2028')).toBe('a\tb[31mc');
  expect(decodeText(Uint8Array.from([0x61, 0, 0xff, 0x62]))).toBe('a\ufffdb');
});
