/** Bodies of IGMP, MLD, neighbour discovery and ICMP extensions come out typed, and what is cut or wrong is a fault. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { equal, fromHex } from '../../src/core/index.ts';
import {
  decodeIcmpExtensions,
  decodeName,
  decodeNdOptions,
  decodePacket,
  decodeQuoted,
  encodeName,
  encodeNdOptions,
  Icmpv4Message,
  type Packet,
  verifyChecksums,
} from '../../src/wire/index.ts';
import { membershipVectors } from '../vectors/membership.ts';

function packetOf(name: string): Packet {
  const vector = membershipVectors.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector '${name}'`);
  return decodePacket(fromHex(vector.hex), vector.linkType);
}

describe('IGMP', () => {
  test('RFC 3376 §4.1: a query with sources', () => {
    const igmp = packetOf('IGMPv3 query with sources').find('igmp');
    expect(igmp?.query).toEqual({
      suppress: true,
      robustness: 2,
      intervalCode: 125,
      sources: ['10.0.0.1', '10.0.0.2'],
    });
    expect([igmp?.version, igmp?.group, igmp?.maxResponseMs]).toEqual([3, '239.1.2.3', 41_600]);
  });

  test('RFC 3376 §4.2: records; a message that ends in one is a fault', () => {
    const packet = packetOf('IGMPv3 report');
    expect(packet.find('igmp')?.records).toMatchObject([
      { type: 4, group: '224.0.0.251', sources: [] },
      { type: 5, group: '232.1.1.1', sources: ['10.0.0.1', '10.0.0.2'], auxiliary: Uint8Array.of(1, 2, 3, 4) },
    ]);
    const igmp = packet.find('igmp')!;
    for (let end = igmp.headerEnd; end < igmp.payloadEnd; end++) {
      const cut = decodePacket(packet.bytes, 'raw', { end }).find('igmp');
      expect(cut?.records).toMatchObject({ ok: false, code: 'TRUNCATED', layer: 'igmp' });
    }
    const damaged = packet.bytes.slice();
    damaged[30]! ^= 1;
    expect(verifyChecksums(decodePacket(damaged, 'raw')).transport).toBe('bad');
  });
});

describe('MLD', () => {
  test('RFC 3810 §5.1.3: large delays are mantissa and exponent', () => {
    expect(packetOf('MLDv2 query with a source').icmp).toMatchObject({
      mld: { name: 'query', version: 2, maxResponseMs: 65_536, suppress: true, robustness: 3, intervalCode: 60 },
    });
    expect(packetOf('MLDv1 query').icmp).toMatchObject({ mld: { version: 1, group: '::', maxResponseMs: 1000 } });
  });

  test.each(['MLDv1 report', 'MLDv2 query with a source', 'MLDv2 report'])('%s, cut anywhere, is a fault', (name) => {
    const { bytes, icmp } = packetOf(name);
    for (let end = icmp!.headerEnd; end < icmp!.payloadEnd; end++) {
      expect(decodePacket(bytes, 'raw', { end }).icmp).toMatchObject({ mld: { ok: false, code: 'TRUNCATED' } });
    }
  });
});

describe('neighbour discovery options', () => {
  test('RFC 4861 §4.6, RFC 4191, RFC 8106: every kind', () => {
    const { icmp } = packetOf('router advertisement with every option');
    expect(icmp?.layer === 'icmpv6' && icmp.options).toEqual([
      { name: 'sourceLinkAddress', address: '02:00:00:00:00:01' },
      { name: 'mtu', mtu: 1480 },
      {
        name: 'prefixInformation',
        prefix: '2001:db8:1::',
        prefixLength: 64,
        flags: 0xc0,
        validLifetimeS: 86400,
        preferredLifetimeS: 14400,
      },
      {
        name: 'routeInformation',
        prefix: '2001:db8:2::',
        prefixLength: 48,
        prefixBytes: 8,
        flags: 8,
        lifetimeS: 600,
      },
      { name: 'rdnss', lifetimeS: 1200, servers: ['2001:db8::53', '2001:db8::54'] },
      { name: 'dnssl', lifetimeS: 1200, domains: ['example.org', 'corp.example.org'] },
      { name: 'unknown', kind: 14, data: fromHex('a1a2a3a4a5a6') },
    ]);
  });

  test('RFC 4861 §4.6: a length of zero ends the list', () => {
    expect(decodeNdOptions(fromHex('0101020000000001 0100000000000000'.replace(' ', '')))).toMatchObject([
      { name: 'sourceLinkAddress' },
      { name: 'malformed' },
    ]);
  });

  test('any list gives its own bytes again', () => {
    const kinds = fc.constantFrom(1, 2, 3, 4, 5, 14, 24, 25, 31);
    const option = fc.tuple(kinds, fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(fc.array(option, { maxLength: 4 }), (options) => {
        const bytes = Uint8Array.from(
          options.flatMap(([kind, units, data]) => [kind, units, ...data].slice(0, Math.max(8 * units, 1))),
        );
        expect(equal(encodeNdOptions(decodeNdOptions(bytes)), bytes)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('ICMP extensions', () => {
  test('RFC 4884 §4, RFC 4950: the labels, and the quote without its padding', () => {
    for (const name of [
      'ICMP time exceeded with an MPLS label stack',
      'ICMP time exceeded with labels, without the length',
      'ICMPv6 time exceeded with an MPLS label stack',
    ]) {
      const { icmp } = packetOf(name);
      expect(decodeIcmpExtensions(icmp!)).toMatchObject({
        ok: true,
        checksumState: 'good',
        objects: [
          {
            name: 'mpls',
            labels: [
              { label: 24001, trafficClass: 0, bottom: 0, ttl: 1 },
              { label: 16, trafficClass: 5, bottom: 1, ttl: 255 },
            ],
          },
          { name: 'unknown', classNumber: 2, type: 2 },
        ],
      });
      expect(decodeQuoted(icmp!)?.udp?.dstPort).toBe(33434);
    }
  });

  test('a quote under 128 bytes or past the end, a bad version and a cut object are faults', () => {
    const { icmp } = packetOf('ICMP time exceeded with an MPLS label stack');
    const message = icmp!.bytes.slice(icmp!.headerOffset, icmp!.payloadEnd);
    const decode = (change: (bytes: Uint8Array) => void, end: number = message.length): unknown => {
      const bytes = message.slice();
      change(bytes);
      return decodeIcmpExtensions(new Icmpv4Message(bytes, 0, 8, end, end));
    };
    expect(decode((bytes) => bytes.set([31], 5))).toMatchObject({ code: 'BAD_LENGTH', field: 'quoteLength' });
    expect(decode((bytes) => bytes.set([255], 5))).toMatchObject({ code: 'TRUNCATED', field: 'quote' });
    expect(decode((bytes) => bytes.set([0x30], 136))).toMatchObject({ code: 'BAD_VERSION', have: 3 });
    expect(decode((bytes) => bytes.set([3], 141))).toMatchObject({ code: 'BAD_LENGTH', need: 4, have: 3 });
    expect(decode((bytes) => bytes.set([9], 143))).toMatchObject({ checksumState: 'bad' });
    // Between two objects a cut cannot be seen but by the checksum.
    for (const end of [137, 139, 141, 145, 151, 153, 157, 159]) {
      expect(decode(() => {}, end)).toMatchObject({ code: 'TRUNCATED' });
    }
  });
});

describe('names', () => {
  test.each(['.', 'example.org', 'a\\.b.example', '\\255\\000x.org', 'back\\\\slash'])('%s', (name) => {
    expect(decodeName(encodeName(name), 0, 300)).toMatchObject({ ok: true, name, compressed: false });
  });

  test('RFC 1035 §4.1.4: pointers lead back; loops, also over labels, are refused', () => {
    const bytes = fromHex('03666f6f00 03626172c000 c00a c005'.replaceAll(' ', ''));
    expect(decodeName(bytes, 5, 15, 0)).toEqual({ ok: true, name: 'bar.foo', end: 11, compressed: true });
    expect(decodeName(fromHex('c000'), 0, 2, 0)).toMatchObject({ code: 'BAD_VALUE' });
    expect(decodeName(fromHex('0161c000'), 0, 4, 0)).toMatchObject({ code: 'BAD_VALUE' });
    expect(decodeName(fromHex('c002c000'), 0, 4, 0)).toMatchObject({ code: 'BAD_VALUE' });
    expect(decodeName(fromHex('4161'), 0, 2, 0)).toMatchObject({ code: 'BAD_VALUE', need: 63 });
    for (let end = 0; end < 9; end++) expect(decodeName(encodeName('foo.bar'), 0, end)).toMatchObject({ ok: false });
  });

  test('RFC 1035 §2.3.4: 63 bytes a label, 255 a name', () => {
    expect(() => encodeName(`${'a'.repeat(64)}.org`)).toThrow(RangeError);
    expect(() => encodeName(Array(5).fill('a'.repeat(63)).join('.'))).toThrow(RangeError);
    expect(() => encodeName('a..b')).toThrow(TypeError);
    expect(() => encodeName('bücher.example')).toThrow(/ASCII/);
  });
});
