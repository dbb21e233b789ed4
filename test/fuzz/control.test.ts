/** Whatever the bytes, control messages are decoded without throwing, and what was decoded can be encoded again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { controlRows, decodeControl, encodeControl } from '../../src/socket/control/index.ts';
import { controlSamples } from '../support/control-samples.ts';

const seed = Date.now() & 0x7fff_ffff;

function check(bytes: Uint8Array, length: number): void {
  const before = bytes.slice();
  const messages = decodeControl(bytes, length);
  expect(bytes).toEqual(before);
  // Once around gives a cut message its length and drops padding; from then on nothing changes.
  const settled = decodeControl(encodeControl(messages));
  expect(decodeControl(encodeControl(settled))).toEqual(settled);
}

test(`random bytes (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 160 }), fc.nat(200), (bytes, length) => check(bytes, length)),
    { seed, numRuns: 3000 },
  );
});

test(`random data under known levels and types (seed ${seed})`, () => {
  const row = fc.constantFrom(...controlRows().map(({ level, type }) => ({ level, type })));
  const message = fc
    .tuple(row, fc.uint8Array({ maxLength: 64 }))
    .map(([{ level, type }, data]) => ({ kind: 'unknown', level, type, data }) as const);
  fc.assert(
    fc.property(fc.array(message, { maxLength: 5 }), fc.nat(400), (messages, length) => {
      const bytes = encodeControl(messages);
      check(bytes, bytes.length);
      check(bytes, length);
    }),
    { seed, numRuns: 3000 },
  );
});

test(`samples with bytes changed (seed ${seed})`, () => {
  const all = encodeControl(controlSamples);
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(all.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const bytes = all.slice();
      for (const [at, value] of changes) bytes[at] = value;
      check(bytes, bytes.length);
    }),
    { seed, numRuns: 200 },
  );
});

test('ip(7): an offender of another family than the message’s leaves it as bytes, and so nothing is lost', () => {
  const message = new Uint8Array(48);
  // cmsg_len, level SOL_IP, type IP_RECVERR; sa_family AF_UNIX where the offender stands.
  message.set([48, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11]);
  message.set([1, 0], 32);
  const decoded = decodeControl(message);
  expect(decoded).toMatchObject([{ kind: 'unknown', level: 0, type: 11 }]);
  expect(encodeControl(decoded)).toEqual(message);
});
