/** What follows an NTP header: extension fields and authenticators are told apart by length, come back as they were, and are faults where they are cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../src/core/index.ts';
import {
  decodeNtp,
  decodeNtpTrailer,
  encodeNtp,
  encodeNtpTrailer,
  NtpExtensionType,
  type NtpTrailer,
} from '../../src/wire/index.ts';

const cookie = { type: NtpExtensionType.NTS_COOKIE, value: new Uint8Array(100).fill(7) };
const unique = { type: NtpExtensionType.UNIQUE_IDENTIFIER, value: new Uint8Array(32).fill(9) };

test('RFC 8915 §5: fields of network time security, through the packet', () => {
  const ntp = decodeNtp(encodeNtp({}, encodeNtpTrailer({ extensions: [unique, cookie] })));
  expect(ntp.ok && ntp.trailer).toEqual({ ok: true, extensions: [unique, cookie] });
  const plain = decodeNtp(encodeNtp({}));
  expect(plain.ok && plain.trailer).toBeUndefined();
});

test.each([
  ['00000001', 0],
  [`00000001${'aa'.repeat(16)}`, 16],
  [`00000001${'aa'.repeat(20)}`, 20],
])('RFC 5905 §7.3: %s is an authenticator with %i bytes', (hex, length) => {
  const trailer = decodeNtpTrailer(fromHex(hex));
  expect(trailer).toMatchObject({ ok: true, extensions: [], mac: { keyId: 1, digest: { length } } });
  expect(trailer.ok && encodeNtpTrailer(trailer)).toEqual(fromHex(hex));
});

test.each([
  ['0204', 'TRUNCATED'],
  ['0204 000c 0000000000000000', 'BAD_LENGTH'],
  ['0204 0012 0000000000000000 00000000 00000000', 'BAD_LENGTH'],
  [`0204 0024 ${'00'.repeat(28)}`, 'TRUNCATED'],
  ['0204 0000 00000000', 'BAD_LENGTH'],
])('RFC 7822 §3: %s is a fault, %s', (hex, code) => {
  // A MAC's lengths are none of these: they would be read as one.
  const bytes = fromHex(hex);
  const padded = [4, 20, 24].includes(bytes.length) ? Uint8Array.from([...bytes, 0, 0, 0, 0, 0, 0, 0, 0]) : bytes;
  expect(decodeNtpTrailer(padded)).toMatchObject({ ok: false, code, layer: 'ntp', field: 'extension' });
});

test('what a reader could not tell apart is not written', () => {
  expect(() => encodeNtpTrailer({ extensions: [{ type: 1, value: new Uint8Array(13) }] })).toThrow(/value: expected/);
  expect(() => encodeNtpTrailer({ extensions: [{ type: 1, value: new Uint8Array(16) }] })).toThrow(/24 bytes of value/);
  expect(() => encodeNtpTrailer({ extensions: [], mac: { keyId: 1, digest: new Uint8Array(5) } })).toThrow(/digest/);
});

test('any trailer that is written is read as it was; any bytes end', () => {
  const value = fc.integer({ min: 6, max: 40 }).chain((n) => fc.uint8Array({ minLength: 4 * n, maxLength: 4 * n }));
  const extensions = fc.array(fc.record({ type: fc.nat(65535), value }), { maxLength: 4 });
  const digest = fc.constantFrom(0, 16, 20).map((n) => new Uint8Array(n).fill(3));
  const mac = fc.record({ keyId: fc.nat(), digest });
  const trailers: fc.Arbitrary<Omit<NtpTrailer, 'ok'>> = fc.record(
    { extensions, mac },
    { requiredKeys: ['extensions'] },
  );
  fc.assert(
    fc.property(trailers, (trailer) => {
      expect(decodeNtpTrailer(encodeNtpTrailer(trailer))).toEqual({ ok: true, ...trailer });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), (bytes) => {
      const trailer = decodeNtpTrailer(bytes);
      if (trailer.ok) expect(encodeNtpTrailer(trailer)).toEqual(bytes);
    }),
  );
});
