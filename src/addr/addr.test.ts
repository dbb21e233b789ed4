/** Addresses: text forms by RFC, the C functions against glibc, and the kernel's structs byte by byte. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex } from '../core/index.ts';
import {
  decodeSockAddr,
  encodeSockAddr,
  formatAddress,
  formatEndpoint,
  formatIpv4,
  formatIpv6,
  formatPrefix,
  formatSocketAddress,
  htonl,
  htons,
  INADDR_LOOPBACK,
  INADDR_NONE,
  inet_addr,
  inet_aton,
  inet_ntoa,
  inet_ntop,
  inet_pton,
  networkOf,
  ntohl,
  ntohs,
  parseEndpoint,
  parseIpv4,
  parseIpv6,
  parseMac,
  parsePrefix,
  parseScopedIpv6,
  parseSocketAddress,
  prefixContains,
  SockAddr,
  type SocketAddress,
} from './index.ts';

const AF_INET = 2;
const AF_INET6 = 10;

describe('text', () => {
  test('RFC 5952 §4, §5: one canonical form', () => {
    for (const [text, canonical] of [
      ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
      ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
      ['2001:DB8::', '2001:db8::'],
      ['0:0:0:0:0:0:0:0', '::'],
      ['::1', '::1'],
      ['1::', '1::'],
      ['0:0:1::', '0:0:1::'],
      ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
      ['::192.0.2.1', '::192.0.2.1'],
      ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
      ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
      ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ]) {
      expect(formatIpv6(parseIpv6(text!)!)).toBe(canonical);
    }
  });

  test('RFC 4291 §2.2: what is no address', () => {
    for (const text of [
      '',
      ':',
      ':::',
      '1',
      '1:2',
      '1::2::3',
      '12345::',
      ':1::',
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7:8::',
      '::1.2.3',
      '::1.2.3.4.5',
      '::1.2.3.256',
      '1:2:3:4:5:6:7:1.2.3.4',
      '1.2.3.4',
      'g::',
      '::1%lo',
      '1:',
      '::1:',
    ]) {
      expect(parseIpv6(text), text).toBeNull();
    }
  });

  test('RFC 4007 §11: zones', () => {
    expect(parseScopedIpv6('fe80::1%eth0')?.zone).toBe('eth0');
    expect(parseScopedIpv6('fe80::1%')).toBeNull();
  });

  test('any 32 and 128 bits survive text', () => {
    fc.assert(fc.property(fc.nat(0xffff_ffff), (n) => parseIpv4(formatIpv4(n)) === n));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(parseIpv6(formatIpv6(bytes))).toEqual(bytes);
      }),
    );
  });

  test('RFC 4632 §3.1: prefixes', () => {
    expect(formatPrefix(networkOf(parsePrefix('192.0.2.77/26')))).toBe('192.0.2.64/26');
    expect(prefixContains(parsePrefix('10.0.0.0/8'), '10.255.0.1')).toBe(true);
    expect(prefixContains(parsePrefix('10.0.0.0/8'), '11.0.0.1')).toBe(false);
    expect(prefixContains(parsePrefix('fe80::/10'), 'febf::1')).toBe(true);
    expect(prefixContains(parsePrefix('0.0.0.0/0'), '::1')).toBe(false);
    expect(formatAddress(networkOf(parsePrefix('ffff::/0')).bytes)).toBe('::');
    for (const bad of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/08', 'x/1', '::/129']) {
      expect(() => parsePrefix(bad)).toThrow(TypeError);
    }
  });

  test('link-layer addresses', () => {
    expect(toHex(parseMac('02-00-5E-10-00-01')!)).toBe('02005e100001');
    for (const bad of ['02:00:5e:10:00', '02:00:5e:10:00:0g', '02:00-5e:10:00:01', '0200.5e10.0001']) {
      expect(parseMac(bad)).toBeNull();
    }
  });

  test('endpoints, and a message that names what is wrong', () => {
    expect(parseEndpoint('[::1%lo]:80')).toEqual({ address: '::1', port: 80, zone: 'lo' });
    expect(parseEndpoint('127.0.0.1:0')).toEqual({ address: '127.0.0.1', port: 0 });
    expect(formatEndpoint('fe80::1', 80, 2)).toBe('[fe80::1%2]:80');
    expect(() => parseEndpoint('::1:80')).toThrow(/brackets/);
    expect(() => parseEndpoint('localhost:80')).toThrow(/not resolved/);
    expect(() => parseEndpoint('127.0.0.1:65536')).toThrow(RangeError);
    expect(() => parseEndpoint('127.0.0.1:')).toThrow(/decimal digits/);
    expect(() => parseEndpoint('[::1]')).toThrow(/port/);
  });
});

const texts = [
  '127.0.0.1',
  '1.2.3.4',
  '255.255.255.255',
  '256.1.1.1',
  '1.2.3',
  '1.2',
  '1',
  '0',
  '',
  ' 1.2.3.4',
  '1.2.3.4 ',
  '1.2.3.4 x',
  '1.2.3.4\t',
  '1.2.3.4x',
  '01.2.3.4',
  '010.0.0.1',
  '0x7f.1',
  '0x',
  '0x.1',
  '0X7F000001',
  '08.1.1.1',
  '4294967295',
  '4294967296',
  '1.16777215',
  '1.16777216',
  '1.2.65535',
  '1.2.65536',
  '1.2.3.256',
  '1..2',
  '.1',
  '1.',
  '1.2.3.4.5',
  '00000000177.1',
  '-1',
  '+1',
  '1.2.3.-4',
  '0xffffffff',
  '0x100000000',
  '1.2.3.0x4',
  '1.2.3.04',
  '::',
  '::1',
  '1::',
  'fe80::1%lo',
  '::ffff:1.2.3.4',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '00001::',
  '1:2:3:4:5:6:7:8::',
  '::1.2.3.04',
  '::1.2.3',
  'ABCD::',
  ':1',
  '1:',
  '0:0:0:0:0:1:2:3',
  '::5:6',
  '0:0:1:0:0:0:1:0',
  '::0.0.0.1',
  '::ffff:0:0',
  '::1:0:0',
  '1::2::3',
  '12345::',
  '::g',
];
const oracle = `
import json, socket, struct, sys
def attempt(f, *a):
    try: return f(*a)
    except (OSError, ValueError): return None
rows = []
for t in json.load(sys.stdin):
    aton = attempt(socket.inet_aton, t)
    p4 = attempt(socket.inet_pton, socket.AF_INET, t)
    p6 = attempt(socket.inet_pton, socket.AF_INET6, t)
    rows.append([None if aton is None else struct.unpack('=I', aton)[0], p4 and p4.hex(), p6 and p6.hex(),
                 p6 and socket.inet_ntop(socket.AF_INET6, p6)])
print(json.dumps({'rows': rows, 's': [socket.htons(v) for v in (0, 1, 80, 0x1234, 65535)],
                  'l': [socket.htonl(v) for v in (0, 1, 0x7f000001, 0x12345678, 0xffffffff)]}))
`;

describe('C functions', () => {
  test('glibc, asked through Python, gives the same answers', (context) => {
    const run = spawnSync('/usr/bin/env', ['python3', '-c', oracle], {
      input: JSON.stringify(texts),
      encoding: 'utf8',
    });
    if (run.status !== 0) return context.skip(`python3 does not run here: ${run.stderr || run.error?.message}`);
    const answer = JSON.parse(run.stdout) as {
      rows: [number | null, string | null, string | null, string | null][];
      s: number[];
      l: number[];
    };
    answer.rows.forEach(([aton, p4, p6, ntop], i) => {
      const text = texts[i]!;
      const ours = inet_pton(AF_INET6, text);
      expect(inet_aton(text), `inet_aton '${text}'`).toBe(aton);
      expect(toHexOrNull(inet_pton(AF_INET, text)), `inet_pton AF_INET '${text}'`).toBe(p4);
      expect(toHexOrNull(ours), `inet_pton AF_INET6 '${text}'`).toBe(p6);
      if (ours !== null) expect(inet_ntop(AF_INET6, ours)).toBe(ntop);
    });
    expect([0, 1, 80, 0x1234, 65535].map(htons)).toEqual(answer.s);
    expect([0, 1, 0x7f000001, 0x12345678, 0xffffffff].map(htonl)).toEqual(answer.l);
  });

  test('inet_addr cannot tell 255.255.255.255 from nonsense', () => {
    expect(inet_addr('255.255.255.255')).toBe(INADDR_NONE);
    expect(inet_addr('nonsense')).toBe(INADDR_NONE);
    expect(inet_addr('127.0.0.1')).toBe(htonl(INADDR_LOOPBACK));
    expect(inet_ntoa(htonl(INADDR_LOOPBACK))).toBe('127.0.0.1');
    expect([ntohs(htons(80)), ntohl(htonl(1))]).toEqual([80, 1]);
    expect(() => inet_pton(1, '1.2.3.4')).toThrow(/family/);
    expect(() => inet_ntop(AF_INET, new Uint8Array(3))).toThrow(RangeError);
  });
});

function toHexOrNull(bytes: Uint8Array | null): string | null {
  return bytes && toHex(bytes);
}

describe('socket addresses', () => {
  const rows: readonly (readonly [SocketAddress, string, string])[] = [
    // ip(7)
    [{ family: 'inet', address: '127.0.0.1', port: 80 }, '020000507f0000010000000000000000', '127.0.0.1:80'],
    // ipv6(7)
    [{ family: 'inet6', address: '::1', port: 80 }, `0a00005000000000${'0'.repeat(31)}100000000`, '[::1]:80'],
    [
      { family: 'inet6', address: 'fe80::1', port: 443, flowinfo: 0x12345, scopeId: 2 },
      `0a0001bb00012345fe80${'0'.repeat(27)}102000000`,
      '[fe80::1%2]:443',
    ],
    // unix(7)
    [{ family: 'unix', path: '/a' }, '01002f6100', 'unix:/a'],
    [{ family: 'unix', abstract: 'n' }, '0100006e', 'unix:@n'],
    [{ family: 'unix', abstract: Uint8Array.of(0xff, 0) }, '010000ff00', 'unix:@\ufffd\0'],
    [{ family: 'unix', abstract: 'a\0b' }, '010000610062', 'unix:@a\0b'],
    [{ family: 'unix' }, '0100', 'unix:'],
    // packet(7)
    [
      { family: 'packet', ifindex: 2, protocol: 0x0800, hatype: 1, pkttype: 4, address: '02:00:00:00:00:01' },
      '1100080002000000010004060200000000010000',
      'packet:2',
    ],
    // netlink(7)
    [{ family: 'netlink', pid: 7, groups: 1 }, '100000000700000001000000', 'netlink:7'],
    [{ family: 'raw', number: 40, data: Uint8Array.of(1, 2) }, '28000102', 'raw:40'],
  ];

  test('object to struct to object, and text', () => {
    for (const [addr, hex, text] of rows) {
      const { bytes, length } = encodeSockAddr(addr);
      expect(toHex(bytes.subarray(0, length)), text).toBe(hex);
      expect(decodeSockAddr(bytes, length)).toEqual(addr);
      expect(formatSocketAddress(addr)).toBe(text);
    }
  });

  test('text to object', () => {
    const ifindex = (name: string): number => (name === 'lo' ? 1 : 0);
    expect(parseSocketAddress('[::1%lo]:80', ifindex)).toEqual({
      family: 'inet6',
      address: '::1',
      port: 80,
      scopeId: 1,
    });
    expect(parseSocketAddress('[::1%2]:80')).toEqual({ family: 'inet6', address: '::1', port: 80, scopeId: 2 });
    expect(parseSocketAddress('unix:@name')).toEqual({ family: 'unix', abstract: 'name' });
    expect(parseSocketAddress('unix:/tmp/x')).toEqual({ family: 'unix', path: '/tmp/x' });
    expect(parseSocketAddress('packet:lo', ifindex)).toEqual({ family: 'packet', ifindex: 1, protocol: 3 });
    expect(() => parseSocketAddress('[::1%lo]:80')).toThrow(/expected a number .*got 'lo'/);
    expect(() => parseSocketAddress('packet:nope', ifindex)).toThrow(/interface of this host, got 'nope'/);
    expect(encodeSockAddr({ family: 'inet6', address: 'fe80::1%3', port: 1 }).bytes[24]).toBe(3);
  });

  test('bad fields are named', () => {
    expect(() => encodeSockAddr({ family: 'inet', address: 'x', port: 1 })).toThrow(/address: .*got 'x'/);
    expect(() => encodeSockAddr({ family: 'inet', address: '1.2.3.4', port: 65536 })).toThrow(/port: .*got 65536/);
    expect(() => encodeSockAddr({ family: 'inet', address: '1.2.3.4', port: '80' as unknown as number })).toThrow(
      TypeError,
    );
    expect(() => encodeSockAddr({ family: 'unix', path: 'x'.repeat(109) })).toThrow(/path: expected at most 108/);
    expect(() => encodeSockAddr({ family: 'unix', path: 'a\0' })).toThrow(/NUL/);
    expect(() => encodeSockAddr({ family: 'x' } as unknown as SocketAddress)).toThrow(/family/);
    expect(() => encodeSockAddr({ family: 'inet', address: '1.2.3.4', port: 1 }, new Uint8Array(8))).toThrow(/into/);
  });

  test('unix(7): a path of 108 bytes has no NUL; what the kernel pads is cut', () => {
    const longest = encodeSockAddr({ family: 'unix', path: 'x'.repeat(108) });
    expect(longest.length).toBe(110);
    expect(decodeSockAddr(longest.bytes, 110)).toEqual({ family: 'unix', path: 'x'.repeat(108) });
    expect(decodeSockAddr(Uint8Array.of(1, 0, 0x61, 0, 0, 0))).toEqual({ family: 'unix', path: 'a' });
  });

  test('short and odd lengths give raw and never throw; any bytes decode', () => {
    expect(decodeSockAddr(new Uint8Array(128), 0)).toEqual({ family: 'raw', number: 0, data: new Uint8Array(0) });
    expect(decodeSockAddr(Uint8Array.of(2, 0, 0, 80, 1), 5).family).toBe('raw');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 128 }), fc.nat(20), fc.nat(200), (bytes, family, length) => {
        if (bytes.length > 1) bytes.set([family, 0]);
        const addr = decodeSockAddr(bytes, length);
        formatSocketAddress(addr);
        if (addr.family === 'raw' && bytes.length > 126) return;
        encodeSockAddr(addr);
      }),
    );
  });

  test('an address encoded once', () => {
    const addr = new SockAddr('127.0.0.1:9000');
    expect([addr.length, addr.bytes.length, String(addr)]).toEqual([16, 128, '127.0.0.1:9000']);
    expect(encodeSockAddr(addr)).toBe(addr);
    expect(encodeSockAddr('unix:@x').length).toBe(4);
  });
});
