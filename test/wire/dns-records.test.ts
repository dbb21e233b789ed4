/** The data of DNS records of every known type: decoded, encoded to the same bytes, refused where it is cut; lines as tcpdump says them. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { concat, fromHex } from '../../src/core/index.ts';
import {
  buildPacket,
  type DnsData,
  type DnsInit,
  DnsType,
  decodeDns,
  decodeDnsData,
  decodeDnsStream,
  decodePacket,
  describeDnsData,
  describePacket,
  dnsTypeName,
  encodeDns,
  encodeDnsData,
  encodeDnsOverTcp,
} from '../../src/wire/index.ts';
import { dnsVectors } from '../vectors/dns.ts';

/** Data of each type as its RFC's section draws it; the names in it are `a.b.` */
const NAME = '01610162 00';
const samples: readonly (readonly [type: keyof typeof DnsType, hex: string, data: DnsData])[] = [
  ['DNAME', NAME, { kind: 'name', name: 'a.b' }],
  ['HINFO', '02 5043 00', { kind: 'hinfo', cpu: 'PC', os: '' }],
  ['RP', `${NAME} 00`, { kind: 'rp', mailbox: 'a.b', text: '.' }],
  ['AFSDB', `0001 ${NAME}`, { kind: 'mx', preference: 1, exchange: 'a.b' }],
  [
    'LOC',
    '00 12 16 13 8b40c960 82ded1a0 0098a55c',
    {
      kind: 'loc',
      version: 0,
      size: 0x12,
      horizontalPrecision: 0x16,
      verticalPrecision: 0x13,
      latitude: 0x8b40c960,
      longitude: 0x82ded1a0,
      altitude: 0x0098a55c,
    },
  ],
  [
    'NAPTR',
    `0064 0032 01 75 03 736970 00 ${NAME}`,
    {
      kind: 'naptr',
      order: 100,
      preference: 50,
      flags: 'u',
      services: 'sip',
      regexp: '',
      replacement: 'a.b',
    },
  ],
  ['DS', '4f66 08 02 e06d', { kind: 'ds', keyTag: 20326, algorithm: 8, digestType: 2, digest: fromHex('e06d') }],
  [
    'CDNSKEY',
    '0101 03 0d bbbb',
    { kind: 'dnskey', flags: 257, protocol: 3, algorithm: 13, publicKey: fromHex('bbbb') },
  ],
  [
    'RRSIG',
    `0001 0d 02 00000e10 6b36ec80 6b0f5f80 3039 ${NAME} aabb`,
    {
      kind: 'rrsig',
      typeCovered: 1,
      algorithm: 13,
      labels: 2,
      originalTtlS: 3600,
      expiration: 0x6b36ec80,
      inception: 0x6b0f5f80,
      keyTag: 12345,
      signer: 'a.b',
      signature: fromHex('aabb'),
    },
  ],
  // RFC 4034 §4.3's list: A MX RRSIG NSEC TYPE1234.
  [
    'NSEC',
    `${NAME} 0006 400100000003 041b ${'00'.repeat(26)}20`,
    { kind: 'nsec', next: 'a.b', types: [1, 15, 46, 47, 1234] },
  ],
  [
    'NSEC3',
    '01 01 000a 02 aabb 03 111111 0001 40',
    {
      kind: 'nsec3',
      algorithm: 1,
      flags: 1,
      iterations: 10,
      salt: fromHex('aabb'),
      nextHash: fromHex('111111'),
      types: [1],
    },
  ],
  [
    'NSEC3PARAM',
    '01 00 000a 00',
    { kind: 'nsec3param', algorithm: 1, flags: 0, iterations: 10, salt: new Uint8Array() },
  ],
  ['SSHFP', '04 02 c0', { kind: 'sshfp', algorithm: 4, fingerprintType: 2, fingerprint: fromHex('c0') }],
  ['SMIMEA', '03 01 01 cc', { kind: 'tlsa', usage: 3, selector: 1, matchingType: 1, association: fromHex('cc') }],
  ['URI', '000a 0001 683a', { kind: 'uri', priority: 10, weight: 1, target: 'h:' }],
];

test.each(samples)('%s %s', (type, hex, data) => {
  const bytes = fromHex(hex);
  expect(decodeDnsData(DnsType[type], bytes, 0, bytes.length, 0)).toEqual(data);
  expect(encodeDnsData(data)).toEqual(bytes);
  // RFC 3597 §3: what cannot be read is kept as it is.
  for (let end = 0; end < bytes.length; end++) {
    const cut = decodeDnsData(DnsType[type], bytes, 0, end, 0);
    expect(encodeDnsData(cut)).toEqual(bytes.subarray(0, end));
  }
});

describe('what a type does not allow stays raw', () => {
  test.each([
    ['NSEC', `${NAME} 0002 4000`, 'RFC 4034 §4.1.2: zeros at the end of a window'],
    ['NSEC', `${NAME} 0101 40 0001 40`, 'RFC 4034 §4.1.2: windows out of order'],
    ['NSEC', `${NAME} 0000`, 'RFC 4034 §4.1.2: an empty window'],
    ['RRSIG', '0001 0d 02 00000e10 6b36ec80 6b0f5f80 3039 c000 aabb', 'RFC 4034 §3.1.7: a compressed signer'],
    ['LOC', `01 ${'00'.repeat(15)}`, 'RFC 1876 §2: another version'],
    ['HINFO', '01 ff 00', 'bytes that are no text'],
    ['A', '0102030405', 'RFC 1035 §3.4.1: five bytes of address'],
    ['TXT', '', 'RFC 1035 §3.3.14: no string at all'],
  ] as const)('%s %s: %s', (type, hex, _why) => {
    const bytes = fromHex(hex);
    expect(decodeDnsData(DnsType[type], bytes, 0, bytes.length, 0)).toEqual({ kind: 'raw', data: bytes });
  });
});

test('any bytes as data of any type come back, or, where a name was compressed, their meaning does', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(DnsType)), fc.uint8Array({ maxLength: 60 }), (type, bytes) => {
      const data = decodeDnsData(type, bytes, 0, bytes.length, 0);
      describeDnsData(data);
      const again = encodeDnsData(data);
      expect(decodeDnsData(type, again, 0, again.length, 0)).toEqual(data);
    }),
    { numRuns: 5000 },
  );
});

test.each(dnsVectors.map(({ name, hex }) => [name, hex] as const))('%s: the same bytes, and cut a fault', (_, hex) => {
  const { payload } = decodePacket(fromHex(hex), 'raw');
  const message = decodeDns(payload);
  if (!message.ok) throw new Error('not understood');
  expect(encodeDns(message)).toEqual(payload);
  for (let end = 0; end < payload.length; end++) expect(decodeDns(payload, 0, end)).toMatchObject({ ok: false });
});

test('RFC 7766 §6.2.1.1: messages in a row over TCP, in pieces of any length', () => {
  const sent = [1, 2, 3].map((id) =>
    encodeDnsOverTcp({ header: { id }, questions: [{ name: 'a.b', type: 1, class: 1 }] }),
  );
  // A bad message between good ones costs only itself.
  const bytes = concat([sent[0]!, fromHex('0003 000000'), sent[1]!, sent[2]!]);
  const all = decodeDnsStream(bytes);
  expect(all.end).toBe(bytes.length);
  expect(all.messages.map((one) => (one.ok ? one.header.id : one.code))).toEqual([1, 'TRUNCATED', 2, 3]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const first = decodeDnsStream(bytes, 0, cut);
    const second = decodeDnsStream(bytes, first.end);
    expect(first.messages.length + second.messages.length).toBe(4);
    expect(second.end).toBe(bytes.length);
  }
});

test('types have names, others numbers', () => {
  expect([dnsTypeName(65), dnsTypeName(65280)]).toEqual(['HTTPS', 'TYPE65280']);
});

describe('tcpdump says the same', () => {
  const question = { name: 'example.org', type: DnsType.A, class: 1 };
  const address = { ...question, ttl: 1, data: { kind: 'address', address: '192.0.2.1' } } as const;
  const edns = { name: '.', type: DnsType.OPT, class: 1232, ttl: 0, data: { kind: 'opt', options: [] } } as const;
  const dname = { ...address, type: DnsType.DNAME, data: { kind: 'name', name: 'example.net' } } as const;
  const messages: readonly (readonly [what: string, port: number, init: DnsInit])[] = [
    ['a query with EDNS', 53, { header: { recursionDesired: 1 }, questions: [question], additionals: [edns] }],
    ['the root', 53, { questions: [{ ...question, name: '.' }] }],
    [
      'classes',
      53,
      { header: { checkingDisabled: 1 }, questions: [3, 4, 255, 9].map((one) => ({ ...question, class: one })) },
    ],
    ['RFC 1996: notify', 53, { header: { opcode: 4 }, questions: [{ ...question, type: DnsType.SOA }] }],
    [
      'RFC 2136: update',
      53,
      { header: { opcode: 5 }, questions: [question], answers: [address], authorities: [address] },
    ],
    ...[0, 3, 5, 6, 9, 10, 11].map(
      (rcode) =>
        [`rcode ${rcode}`, 53, { header: { response: 1, rcode }, questions: [question], answers: [dname] }] as const,
    ),
    ['RFC 6762 §5.4: QU and QM', 5353, { questions: [{ ...question, class: 0x8001 }, question] }],
    [
      'RFC 6762 §10.2: cache flush',
      5353,
      { header: { response: 1, authoritative: 1 }, answers: [{ ...address, class: 0x8001 }, address] },
    ],
    ['RFC 6762 §8.2: a probe', 5353, { questions: [{ ...question, type: 255 }], authorities: [address] }],
  ];

  test('of each message', (ctx) => {
    const packets = messages.map(([, port, init], i) => {
      const isAnswer = init.header?.response === 1;
      const udp = {
        srcPort: isAnswer || port === 5353 ? port : 40000,
        dstPort: isAnswer && port === 53 ? 40000 : port,
      };
      const payload = encodeDns({ ...init, header: { id: i, ...init.header } });
      return { t: 0n, bytes: buildPacket({ ipv4: { src: '192.0.2.1', dst: '192.0.2.2' }, udp, payload }) };
    });
    const folder = mkdtempSync(join(tmpdir(), 'barewire-dns-'));
    try {
      const path = join(folder, 'dns.pcap');
      writeFileSync(path, encodePcap(packets, { linkType: 101 }));
      const theirs = tcpdump(path);
      if (theirs === undefined) return ctx.skip('tcpdump is not installed');
      const said = packets.map(({ bytes }, i) => `${messages[i]![0]}: ${describePacket(decodePacket(bytes, 'raw'))}`);
      expect(said).toEqual(theirs.map((line, i) => `${messages[i]![0]}: ${line}`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Undefined where there is no tcpdump. */
function tcpdump(path: string): string[] | undefined {
  try {
    const output = execFileSync('tcpdump', ['-n', '-t', '-r', path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.trimEnd().split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
