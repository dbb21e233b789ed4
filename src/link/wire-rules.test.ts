/** What a rule is made of, which packets it is for, and what is said about a bad one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../core/index.ts';
import { buildPacket, TcpFlags } from '../wire/index.ts';
import { packetKinds, parseWireRule, type WireAction, WireRules } from './wire-rules.ts';

const { SYN, ACK, FIN, RST, PSH } = TcpFlags;
const ends = { src: '10.77.0.1', dst: '10.77.0.2' };
const tcp = (flags: number, data = ''): Uint8Array =>
  buildPacket({ ipv4: ends, tcp: { srcPort: 40_000, dstPort: 8888, flags }, payload: utf8(data) });

describe('a rule is read', () => {
  const every = { first: 1, last: Number.POSITIVE_INFINITY, extraMs: 0 };
  test.each<[WireAction, string, object]>([
    ['drop', 'server>client:syn-ack#1', { from: 'server', to: 'client', kind: 'syn-ack', first: 1, last: 1 }],
    ['drop', 'client>server:data', { from: 'client', to: 'server', kind: 'data', ...every }],
    ['dup', '*:fin', { from: '*', to: '*', kind: 'fin', ...every }],
    ['dup', '*>server:any#2-4', { from: '*', to: 'server', kind: 'any', first: 2, last: 4 }],
    ['reorder', 'a>*:udp#3+', { from: 'a', to: '*', kind: 'udp', first: 3, last: Number.POSITIVE_INFINITY }],
    ['hold', 'client>server:data#1=50', { kind: 'data', first: 1, last: 1, extraMs: 50 }],
    ['hold', '*:icmp=0.5', { kind: 'icmp', extraMs: 0.5 }],
    ['drop', '  client > server:rst  ', { text: 'client > server:rst', from: 'client', to: 'server', kind: 'rst' }],
  ])('%s %s', (action, text, expected) => {
    expect(parseWireRule(action, text)).toMatchObject({ action, text: text.trim(), ...expected });
  });
});

describe('a bad rule: part, expected, got', () => {
  test.each<[WireAction, string, string]>([
    [
      'drop',
      'nothing',
      "expected FROM>TO:WHAT[#NUMBERS][=MS], for example server>client:syn-ack#1; the ':' is missing",
    ],
    ['drop', '', "the ':' is missing"],
    ['drop', 'client:syn', "hosts: expected FROM>TO or *; got 'client'"],
    ['drop', 'a>b>c:syn', "hosts: expected FROM>TO or *; got 'a>b>c'"],
    ['drop', '>server:syn', "FROM: expected the name of a host or *; got ''"],
    ['drop', 'client>:syn', "TO: expected the name of a host or *; got ''"],
    ['drop', 'client>the server:syn', "TO: expected the name of a host or *; got 'the server'"],
    ['drop', 'client>client:syn', "TO: expected another host than FROM; got 'client'"],
    ['drop', 'client>server:', "WHAT: expected one of syn, syn-ack, ack, data, fin, rst, tcp, udp, icmp, any; got ''"],
    ['drop', 'client>server:SYN', "got 'SYN'"],
    ['drop', 'client>server:psh', "got 'psh'"],
    ['drop', 'client>server:syn#', "NUMBERS: expected #N, #N-M or #N+ counted from 1; got '#'"],
    ['drop', 'client>server:syn#0', "got '#0'"],
    ['drop', 'client>server:syn#-1', "got '#-1'"],
    ['drop', 'client>server:syn#3-2', "got '#3-2'"],
    ['drop', 'client>server:syn#1-2+', "got '#1-2+'"],
    ['drop', 'client>server:syn#1.5', "got '#1.5'"],
    ['drop', 'client>server:syn#1#2', "got '#1#2'"],
    ['drop', 'client>server:syn=5', "MS: expected no =MS, which belongs to hold; got '=5'"],
    ['hold', 'client>server:syn#1', 'MS: expected =MS, milliseconds above 0 and up to 3600000; got none'],
    ['hold', 'client>server:syn#1=', "got '='"],
    ['hold', 'client>server:syn#1=0', "got '=0'"],
    ['hold', 'client>server:syn#1=-5', "got '=-5'"],
    ['hold', 'client>server:syn#1=1e3', "got '=1e3'"],
    ['hold', 'client>server:syn#1=Infinity', "got '=Infinity'"],
    ['hold', 'client>server:syn#1=3600001', "got '=3600001'"],
    ['hold', 'client>server:syn=5#1', "got '=5#1'"],
  ])('%s %s', (action, text, said) => {
    const parse = () => parseWireRule(action, text);
    expect(parse).toThrow(TypeError);
    expect(parse).toThrow(said);
    expect(parse).toThrow(`--${action} '${text}': `);
  });

  test('any text at all is a rule or a TypeError', () => {
    const part = fc.constantFrom('client', 'server', '*', '>', ':', '#', '=', 'syn', 'data', '1', '-', '+', ' ', '\n');
    const text = fc.oneof(
      fc.string(),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom<WireAction>('drop', 'hold', 'dup', 'reorder'), text, (action, given) => {
        try {
          const { first, last, extraMs } = parseWireRule(action, given);
          expect(first).toBeGreaterThanOrEqual(1);
          expect(last).toBeGreaterThanOrEqual(first);
          expect(extraMs > 0).toBe(action === 'hold');
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });
});

describe('what a packet is', () => {
  test.each<[string, Uint8Array, string]>([
    ['SYN', tcp(SYN), 'any syn tcp'],
    ['SYN-ACK', tcp(SYN | ACK), 'any syn-ack tcp'],
    ['a pure ACK', tcp(ACK), 'ack any tcp'],
    ['data, which acknowledges too', tcp(ACK | PSH, 'x'), 'any data tcp'],
    ['a SYN with data (Fast Open)', tcp(SYN, 'x'), 'any data syn tcp'],
    ['FIN', tcp(FIN | ACK), 'any fin tcp'],
    ['FIN with data', tcp(FIN | ACK, 'x'), 'any data fin tcp'],
    ['RST', tcp(RST), 'any rst tcp'],
    ['RST, ACK', tcp(RST | ACK), 'any rst tcp'],
    ['UDP', buildPacket({ ipv4: ends, udp: { srcPort: 1, dstPort: 2 }, payload: utf8('x') }), 'any udp'],
    [
      'over IPv6',
      buildPacket({ ipv6: { src: 'fd00::1', dst: 'fd00::2' }, tcp: { srcPort: 1, dstPort: 2, flags: SYN } }),
      'any syn tcp',
    ],
    // Destination unreachable; what follows the header is the packet that it is about, here a SYN.
    ['ICMP about a SYN', buildPacket({ ipv4: ends, icmpv4: { type: 3, code: 3 }, payload: tcp(SYN) }), 'any icmp'],
    ['nothing that one knows', Uint8Array.of(0, 1, 2, 3), 'any'],
    ['no bytes', new Uint8Array(0), 'any'],
    ['a TCP header cut short', tcp(SYN).subarray(0, 30), 'any'],
  ])('%s', (_, bytes, kinds) => {
    expect([...packetKinds(bytes)].sort().join(' ')).toBe(kinds);
  });

  test('any bytes at all are a packet of some kind', () => {
    const good = [tcp(SYN), tcp(ACK | PSH, 'hello'), tcp(FIN | ACK)];
    /** A real packet with some bytes changed and the end cut off: nearer to the decoder than noise. */
    const damaged = fc
      .tuple(fc.constantFrom(...good), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat(60))
      .map(([packet, changes, length]) => {
        const bytes = packet.slice();
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes.subarray(0, length);
      });
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged),
        fc.constantFrom(101, 1, 113, 0, 65_535),
        (bytes, linkType) => {
          const kinds = packetKinds(bytes, linkType);
          expect(kinds).toContain('any');
          for (const kind of ['syn', 'syn-ack', 'ack', 'data', 'fin', 'rst'] as const) {
            if (kinds.has(kind)) expect(kinds).toContain('tcp');
          }
          expect(['tcp', 'udp', 'icmp'].filter((kind) => kinds.has(kind as 'tcp')).length).toBeLessThan(2);
        },
      ),
    );
  });
});

describe('a rule counts the packets that it is about', () => {
  const met = (texts: readonly string[], packets: readonly [from: string, to: string, bytes: Uint8Array][]): string[] =>
    (() => {
      const rules = new WireRules(texts.map((text) => parseWireRule('drop', text)));
      return packets.map(([from, to, bytes]) =>
        rules
          .match(from, to, bytes, 101)
          .map(({ text }) => text)
          .join(' '),
      );
    })();
  const data = tcp(ACK | PSH, 'x');

  test('in its direction and of its kind only', () => {
    const packets: [string, string, Uint8Array][] = [
      ['client', 'server', tcp(SYN)],
      ['server', 'client', data],
      ['client', 'server', data],
      ['client', 'server', tcp(ACK)],
      ['client', 'server', data],
    ];
    expect(met(['client>server:data#2'], packets)).toEqual(['', '', '', '', 'client>server:data#2']);
  });

  test('a range, an open range, both directions', () => {
    const packets = ['client', 'server', 'client', 'client'].map((from): [string, string, Uint8Array] => [
      from,
      from === 'client' ? 'server' : 'client',
      data,
    ]);
    expect(met(['*:data#2-3'], packets)).toEqual(['', '*:data#2-3', '*:data#2-3', '']);
    expect(met(['client>*:any#2+'], packets)).toEqual(['', '', 'client>*:any#2+', 'client>*:any#2+']);
    expect(met(['*:tcp', '*>client:data'], packets)).toEqual(['*:tcp', '*:tcp *>client:data', '*:tcp', '*:tcp']);
  });
});
