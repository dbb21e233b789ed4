/** Control messages keep what they say through encode and decode, byte for byte as CPython and the kernel lay them out. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { controlSamples } from '../../../test/support/control-samples.ts';
import { concat, fromHex, toHex } from '../../core/bytes.ts';
import {
  type ControlKind,
  type ControlMessage,
  controlLength,
  controlRows,
  controlSpace,
  decodeControl,
  encodeControl,
} from './index.ts';

const title = (message: ControlMessage): string => `${message.kind}${'wide' in message ? ' (_NEW)' : ''}`;

describe('every kind', () => {
  test('has a sample, and at least fifty are known', () => {
    const sampled = new Set<string>(controlSamples.map(({ kind }) => kind));
    expect(controlRows().filter(({ kind }) => !sampled.has(kind))).toEqual([]);
    expect(sampled.size).toBeGreaterThanOrEqual(50);
  });

  test.each(controlSamples.map((message) => [title(message), message] as const))('%s, both ways', (_, message) => {
    const bytes = encodeControl([message]);
    expect(decodeControl(bytes)).toEqual([message]);
    expect(encodeControl(decodeControl(bytes))).toEqual(bytes);
  });

  test.each(controlSamples.map((message) => [title(message), message] as const))('%s, cut anywhere', (_, message) => {
    const bytes = encodeControl([message]);
    const whole = new DataView(bytes.buffer).getUint32(0, true);
    for (let length = 0; length < whole; length++) {
      const got = decodeControl(bytes, length);
      if (length < 16) expect(got).toEqual([]);
      else expect(got).toMatchObject([{ kind: 'unknown', data: bytes.slice(16, length) }]);
      // The kernel writes the shortened length into the header when the room ends inside a message (MSG_CTRUNC).
      const shortened = bytes.slice(0, length);
      if (length < 16) continue;
      new DataView(shortened.buffer).setUint32(0, length, true);
      expect(encodeControl(decodeControl(shortened)).slice(0, length)).toEqual(shortened);
    }
  });

  test('has a line in docs/control-messages.md', () => {
    const page = readFileSync(new URL('../../../docs/control-messages.md', import.meta.url), 'utf8');
    expect(controlRows().filter(({ kind }) => !page.includes(`\`${kind}\``))).toEqual([]);
  });

  test('can be picked by its kind in the type checker too', () => {
    type Lost = { [K in ControlKind]: Extract<ControlMessage, { readonly kind: K }> extends never ? K : never };
    expectTypeOf<Lost[ControlKind]>().toEqualTypeOf<never>();
  });

  test('all in one buffer, in order', () => {
    const all = encodeControl(controlSamples);
    expect(all).toEqual(concat(controlSamples.map((message) => encodeControl([message]))));
    expect(decodeControl(all)).toEqual(controlSamples);
    expect(decodeControl(concat([all, new Uint8Array(40)]), all.length)).toEqual(controlSamples);
  });
});

test('no messages take no room', () => {
  expect(encodeControl([])).toEqual(new Uint8Array(0));
  expect(decodeControl(new Uint8Array(64))).toEqual([]);
  expect(decodeControl(new Uint8Array(0), 64)).toEqual([]);
});

test('what is decoded does not change with the buffer', () => {
  const bytes = encodeControl([{ kind: 'ip-retopts', data: Uint8Array.of(1, 2, 3, 4) }]);
  const [message] = decodeControl(bytes);
  bytes.fill(0);
  expect(message).toEqual({ kind: 'ip-retopts', data: Uint8Array.of(1, 2, 3, 4) });
});

describe('what cannot be encoded is refused by the name of the field', () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    ['no such kind', { kind: 'nonsense' }, /^kind: expected a kind of control message, got 'nonsense'/],
    ['a fd that is none', { kind: 'rights', fds: [-1] }, /^rights\.fds\[0\]: expected an integer from 0/],
    ['too many fds', { kind: 'rights', fds: new Array(254).fill(0) }, /^rights\.fds: expected at most 253/],
    ['no array', { kind: 'rights', fds: 3 }, /^rights\.fds: expected an array, got number/],
    ['a number of another type', { kind: 'ip-ttl', ttl: '7' }, /^ip-ttl\.ttl: expected a number, got string/],
    ['a fraction', { kind: 'ip-ttl', ttl: 1.5 }, /^ip-ttl\.ttl: expected an integer/],
    ['too large', { kind: 'ip-tos', tos: 256 }, /^ip-tos\.tos: expected an integer from 0 to 255, got 256/],
    ['a name', { kind: 'ip-pktinfo', ifindex: 0, specDst: 'lo', address: '0.0.0.0' }, /^ip-pktinfo\.specDst: .* 'lo'/],
    [
      'IPv4 for IPv6',
      { kind: 'ipv6-pktinfo', address: '1.2.3.4', ifindex: 0 },
      /^ipv6-pktinfo\.address: .*'1\.2\.3\.4'/,
    ],
    ['finer than its clock', { kind: 'timestamp', ns: 1n }, /^timestamp\.ns: expected a multiple of 1000 ns, got 1/],
    ['a number for a bigint', { kind: 'txtime', ns: 1 }, /^txtime\.ns: expected a bigint, got number/],
    ['a time before all', { kind: 'txtime', ns: -1n }, /^txtime\.ns: expected from 0 to/],
    ['bytes that are none', { kind: 'ipv6-rthdr', data: 'x' }, /^ipv6-rthdr\.data: expected a Uint8Array, got string/],
    [
      'an offender of another family',
      { ...controlSamples.find(({ kind }) => kind === 'ip-recverr'), offender: { family: 'unix' } },
      /^ip-recverr\.offender: expected inet, got family 'unix'/,
    ],
  ];
  test.each(wrong)('%s', (_, message, expected) => {
    let thrown: unknown;
    try {
      encodeControl([message as ControlMessage]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown === undefined || thrown instanceof TypeError || thrown instanceof RangeError).toBe(true);
    expect((thrown as Error).message).toMatch(expected);
  });
});

/** What CPython's struct and socket modules make of the same messages, with the numbers that its `socket` knows. */
const ORACLE = `
import json, socket, struct
from socket import *
p = struct.pack
def whole(level, type, data):
    head = p('@NiI', CMSG_LEN(len(data)), level, type)
    return (head + data).ljust(CMSG_SPACE(len(data)), b'\\0').hex()
a = inet_aton
def a6(t): return inet_pton(AF_INET6, t)
def name(n, default): return getattr(socket, n, default)
sin = p('=H', AF_INET) + p('!H', 53) + a('192.0.2.1') + bytes(8)
sin6 = p('=H', AF_INET6) + p('!HI', 53, 0) + a6('2001:db8::1') + p('=I', 0)
hop6 = p('=H', AF_INET6) + p('!HI', 0, 0) + a6('fe80::2') + p('=I', 4)
ee = lambda e, o, t, c, i, d: p('=IBBBBII', e, o, t, c, 0, i, d)
print(json.dumps({
  'lengths': [[CMSG_LEN(n), CMSG_SPACE(n)] for n in range(65)],
  'messages': {
    'rights': whole(SOL_SOCKET, SCM_RIGHTS, p('@3i', 0, 7, 1023)),
    'credentials': whole(SOL_SOCKET, SCM_CREDENTIALS, p('@iII', 4711, 1000, 4294967295)),
    'ip-pktinfo': whole(IPPROTO_IP, name('IP_PKTINFO', 8), p('@i', 2) + a('127.0.0.2') + a('127.255.255.255')),
    'ip-origdstaddr': whole(IPPROTO_IP, 20, sin),
    'ip-ttl': whole(IPPROTO_IP, IP_TTL, p('@i', 64)),
    'ip-tos': whole(IPPROTO_IP, IP_TOS, b'\\xb9'),
    'ip-retopts': whole(IPPROTO_IP, IP_RETOPTS, b'\\1\\1\\1\\0'),
    'ip-recvopts': whole(IPPROTO_IP, IP_RECVOPTS, b'\\7\\7\\4' + bytes(5)),
    'ip-recverr': whole(IPPROTO_IP, 11, ee(111, 2, 3, 3, 0, 0) + p('=HH', AF_INET, 0) + a('192.0.2.254') + bytes(8)),
    'ipv6-recverr': whole(IPPROTO_IPV6, 25, ee(111, 3, 1, 4, 0, 0) + p('=HHI', AF_INET6, 0, 0) + a6('::1') + bytes(4)),
    'ipv6-pktinfo': whole(IPPROTO_IPV6, IPV6_PKTINFO, a6('fe80::1') + p('@I', 3)),
    'ipv6-hoplimit': whole(IPPROTO_IPV6, IPV6_HOPLIMIT, p('@i', -1)),
    'ipv6-tclass': whole(IPPROTO_IPV6, IPV6_TCLASS, p('@i', 0xb9)),
    'ipv6-dontfrag': whole(IPPROTO_IPV6, IPV6_DONTFRAG, p('@i', 1)),
    'ipv6-pathmtu': whole(IPPROTO_IPV6, IPV6_PATHMTU, hop6 + p('@I', 1280)),
    'ipv6-hopopts': whole(IPPROTO_IPV6, IPV6_HOPOPTS, bytes([0, 0, 5, 2, 0, 0, 1, 0])),
    'ipv6-dstopts': whole(IPPROTO_IPV6, IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0])),
    'ipv6-rthdrdstopts': whole(IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0])),
    'ipv6-rthdr': whole(IPPROTO_IPV6, IPV6_RTHDR, bytes([0, 0, 2, 0, 0, 0, 0, 0])),
    'ipv6-flowinfo': whole(IPPROTO_IPV6, 11, p('!I', 0x0b9abcde)),
    'ipv6-origdstaddr': whole(IPPROTO_IPV6, 74, sin6),
    'mark': whole(SOL_SOCKET, SO_MARK, p('@I', 0xffffffff)),
    'priority': whole(SOL_SOCKET, SO_PRIORITY, p('@I', 6)),
    'timestamp': whole(SOL_SOCKET, 29, p('@ll', 1700000000, 123456)),
    'timestampns': whole(SOL_SOCKET, 35, p('@ll', 1700000000, 123456789)),
    'timestamping': whole(SOL_SOCKET, 37, p('@6l', 1700000000, 1, 0, 0, 0, 5)),
    'txtime': whole(SOL_SOCKET, 61, p('@Q', 2**64 - 1)),
    'udp-segment': whole(IPPROTO_UDP, 103, p('@H', 1200)),
    'udp-gro': whole(IPPROTO_UDP, 104, p('@i', 1472)),
    'packet-auxdata': whole(263, 8, p('@IIIHHHH', 0x51, 1514, 96, 66, 80, 0x6001, 0x8100)),
    'alg-iv': whole(SOL_ALG, ALG_SET_IV, p('@I12B', 12, *range(1, 13))),
    'alg-op': whole(SOL_ALG, ALG_SET_OP, p('@I', 1)),
    'alg-aead-assoclen': whole(SOL_ALG, ALG_SET_AEAD_ASSOCLEN, p('@I', 8)),
  },
}))
`;

describe('against CPython', () => {
  let oracle: { lengths: [number, number][]; messages: Record<string, string> } | undefined;
  try {
    oracle = JSON.parse(execFileSync('python3', ['-c', ORACLE], { encoding: 'utf8' })) as typeof oracle;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }

  test('CMSG_LEN and CMSG_SPACE', (context) => {
    if (oracle === undefined) return context.skip('no python3');
    expect(oracle.lengths.map((_, n) => [controlLength(n), controlSpace(n)])).toEqual(oracle.lengths);
    expect(controlSpace(12, 12)).toBe(64);
    expect(() => controlSpace(-1)).toThrow(/^dataLengths: expected integers of 0 or more, got -1/);
    return undefined;
  });

  test('messages, byte for byte', (context) => {
    if (oracle === undefined) return context.skip('no python3');
    for (const [kind, hex] of Object.entries(oracle.messages)) {
      const sample = controlSamples.find((message) => message.kind === kind) as ControlMessage;
      expect(toHex(encodeControl([sample])), kind).toBe(hex);
      expect(decodeControl(fromHex(hex))).toEqual([sample]);
    }
    return undefined;
  });
});
