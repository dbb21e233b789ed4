/** UDP-Lite, SCTP, AH and ESP: bodies come out as sent, checksums are found wrong, what is cut is a fault. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c, equal, fromHex, utf8 } from '../../src/core/index.ts';
import {
  decodePacket,
  decodeSctp,
  decodeSctpChunks,
  decodeUdpLite,
  encodeAuthentication,
  encodeIpv4,
  encodeSctpChunks,
  encodeUdpLite,
  type Packet,
  type SctpChunk,
  verifyChecksums,
} from '../../src/wire/index.ts';
import { transportVectors } from '../vectors/transports.ts';

function packetOf(name: string, change?: (bytes: Uint8Array) => void): Packet {
  const vector = transportVectors.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector '${name}'`);
  const bytes = fromHex(vector.hex);
  change?.(bytes);
  return decodePacket(bytes, vector.linkType);
}

test('RFC 3720 appendix B.4: CRC-32C of the known texts', () => {
  expect(crc32c(utf8('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(utf8('456789'), 0, 6, crc32c(utf8('123')))).toBe(0xe3069283);
});

describe('UDP-Lite', () => {
  test('RFC 3828 §3.1: damage outside the cover is no damage', () => {
    const last = (bytes: Uint8Array): void => bytes.set([0], bytes.length - 1);
    expect(verifyChecksums(packetOf('UDP-Lite, only the header covered', last)).transport).toBe('good');
    expect(verifyChecksums(packetOf('UDP-Lite, all covered', last)).transport).toBe('bad');
  });

  test('a cover of 1 to 7 bytes or past the datagram is a fault', () => {
    const bytes = encodeUdpLite({ srcPort: 1, dstPort: 2, coverage: 7, checksum: 0 });
    expect(decodeUdpLite(bytes)).toMatchObject({ code: 'BAD_LENGTH', need: 8, have: 7 });
    bytes[5] = 9;
    expect(decodeUdpLite(bytes)).toMatchObject({ code: 'BAD_LENGTH', need: 9, have: 8 });
    for (let end = 0; end < 8; end++) expect(decodeUdpLite(bytes, 0, end)).toMatchObject({ code: 'TRUNCATED' });
  });
});

describe('SCTP', () => {
  test('RFC 9260 §3.3: chunks', () => {
    expect(packetOf('SCTP SACK with gaps').find('sctp')?.chunks).toEqual([
      {
        name: 'sack',
        flags: 0,
        cumulativeTsn: 1000,
        windowBytes: 60000,
        gaps: [
          { start: 2, end: 3 },
          { start: 5, end: 9 },
        ],
        duplicates: [998, 999],
      },
    ]);
    expect(packetOf('SCTP COOKIE ECHO with DATA').find('sctp')?.chunks).toMatchObject([
      { name: 'cookieEcho', data: fromHex('0102030405') },
      { name: 'data', flags: 3, tsn: 1000, stream: 4, streamSequence: 5, data: utf8('hello') },
    ]);
    expect(packetOf('SCTP INIT').find('sctp')?.chunks).toMatchObject([
      {
        name: 'init',
        parameters: [{ type: 5 }, { type: 12 }, { type: 0x8008, data: fromHex('c1') }, { type: 0xc000 }],
      },
    ]);
  });

  test('every vector’s chunks give their own bytes again', () => {
    for (const { hex } of transportVectors) {
      const sctp = decodePacket(fromHex(hex), 'raw').find('sctp');
      if (sctp !== undefined) expect(equal(encodeSctpChunks(sctp.chunks), sctp.payload)).toBe(true);
    }
  });

  test('any bytes: the walk ends, and chunks decoded, encoded and decoded are the same', () => {
    const chunk = fc.tuple(
      fc.constantFrom(0, 1, 2, 3, 4, 6, 7, 9, 11, 192),
      fc.nat(40),
      fc.uint8Array({ maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 3 }), (list) => {
        const bytes = Uint8Array.from(list.flatMap(([type, length, data]) => [type, 0, 0, length, ...data]));
        const chunks: SctpChunk[] = decodeSctpChunks(bytes);
        expect(decodeSctpChunks(encodeSctpChunks(chunks))).toEqual(chunks);
      }),
      { numRuns: 2000 },
    );
  });

  test('RFC 9260 §6.8: a wrong checksum; a cut header', () => {
    expect(verifyChecksums(packetOf('SCTP INIT', (bytes) => bytes.set([1], 40))).transport).toBe('bad');
    for (let end = 0; end < 12; end++) {
      expect(decodeSctp(new Uint8Array(12), 0, end)).toMatchObject({ code: 'TRUNCATED', need: 12, have: end });
    }
    expect(decodeSctpChunks(fromHex('00000003'))).toMatchObject([{ name: 'malformed' }]);
  });
});

test('RFC 4302 §2.2: an authentication header under twelve bytes or past the packet is a fault', () => {
  const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
  const header = encodeAuthentication({ nextHeader: 59, spi: 1, sequence: 1 }, new Uint8Array(12));
  const read = (length: number): unknown =>
    decodePacket(
      encodeIpv4(
        { ...ends, protocol: 51 },
        header.map((byte, i) => (i === 1 ? length : byte)),
      ),
      'raw',
    ).fault;
  expect([read(4), read(0), read(5)]).toMatchObject([
    undefined,
    { code: 'BAD_LENGTH', need: 12, have: 8 },
    { code: 'BAD_LENGTH', need: 28, have: 24 },
  ]);
  expect(() => encodeAuthentication({ nextHeader: 59, spi: 1, sequence: 1 }, new Uint8Array(3))).toThrow(RangeError);
});
