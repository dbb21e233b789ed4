/**
 * Shows that values survive encoding and decoding, that a few structs have the bytes that C gives them, and that a value
 * which cannot be one is refused with the field's name.
 */
import { describe, expect, test } from 'vitest';
import {
  asking,
  ICMPV6,
  IP,
  IPV6,
  MCAST,
  MCAST6,
  type Option,
  optionRows,
  PACKET,
  RAW,
  SO,
  TCP,
  TLS,
  UDP,
} from '../../src/socket/options/index.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const inet = (address: string) => ({ family: 'inet', address, port: 0 }) as const;
const inet6 = (address: string) => ({ family: 'inet6', address, port: 0 }) as const;
const both = (option: Option<unknown>, value: unknown): unknown => {
  const { type } = option;
  return type.decode(type.encode(value));
};

describe('values come back as they went', () => {
  const cases: readonly [Option<unknown>, unknown][] = [
    [SO.LINGER, { on: true, seconds: 3 }],
    [SO.PEERCRED, { pid: 7, uid: 4294967295, gid: 100 }],
    [SO.RCVTIMEO, 1500.25],
    [SO.BINDTODEVICE, 'lo'],
    [SO.MAX_PACING_RATE, 2n ** 40n],
    [SO.TIMESTAMPING, { flags: 0x11f, bindPhc: -1 }],
    [SO.TXTIME, { clockId: 11, flags: 2 }],
    [SO.MARK, 0xffff_ffff],
    [SO.PEERGROUPS, [0, 1000]],
    [SO.PEERNAME, inet('127.0.0.1')],
    [SO.DEVMEM_DONTNEED, { start: 4, count: 2 }],
    [TCP.REPAIR_WINDOW, { sndWl1: 1, sndWnd: 2, maxWindow: 3, rcvWnd: 4, rcvWup: 0xffff_fffe }],
    [TCP.REPAIR_OPTIONS, [{ code: 2, value: 1460 }]],
    [
      TLS.TX,
      {
        version: 0x0304,
        cipher: 51,
        iv: new Uint8Array(8),
        key: new Uint8Array(16),
        salt: new Uint8Array(4),
        recSeq: new Uint8Array(8),
      },
    ],
    [
      TLS.RX,
      {
        version: 0x0303,
        cipher: 54,
        iv: new Uint8Array(12),
        key: new Uint8Array(32),
        salt: new Uint8Array(0),
        recSeq: new Uint8Array(8),
      },
    ],
    [IP.ADD_MEMBERSHIP, { group: '239.1.2.3', address: '127.0.0.1', ifindex: 1 }],
    [IP.ADD_SOURCE_MEMBERSHIP, { group: '232.1.2.3', interface: '127.0.0.1', source: '127.0.0.2' }],
    [IP.MSFILTER, { group: '239.1.2.3', interface: '127.0.0.1', mode: 0, sources: ['192.0.2.1', '192.0.2.2'] }],
    [IP.UNICAST_IF, 0x0102],
    [IP.OPTIONS, bytes(1, 1, 1, 0)],
    [IPV6.ADD_MEMBERSHIP, { group: 'ff02::1', ifindex: 3 }],
    [IPV6.PKTINFO, { address: '::1', ifindex: 1 }],
    [IPV6.FLOWLABEL_MGR, { destination: '::1', label: 0xabcde, action: 0, share: 1, flags: 1, expires: 6, linger: 6 }],
    [MCAST.JOIN_GROUP, { ifindex: 2, group: inet('239.9.9.9') }],
    [MCAST6.JOIN_SOURCE_GROUP, { ifindex: 2, group: inet6('ff35::1'), source: inet6('::1') }],
    [MCAST6.MSFILTER, { ifindex: 2, group: inet6('ff15::1'), mode: 1, sources: [inet6('::1')] }],
    [RAW.ICMP_FILTER, [0, 8, 31]],
    [ICMPV6.FILTER, [1, 128, 255]],
    [PACKET.FANOUT, { id: 65535, type: 6, flags: 0x8000 }],
    [UDP.SEGMENT, 1200],
  ];
  test.each(cases)('$name', (option, value) => {
    expect(both(option, value)).toEqual(value);
  });
});

describe('bytes as C has them', () => {
  test('a classic BPF program is a count, and a pointer to eight bytes an instruction', () => {
    const program = [{ code: 0x06, jt: 1, jf: 2, k: 0xffff_ffff }];
    const { type } = SO.ATTACH_FILTER;
    expect(type.encode(program)).toEqual(bytes(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    expect(type.pointee?.(program)).toEqual({ offset: 8, bytes: bytes(6, 0, 1, 2, 255, 255, 255, 255) });
    expect(type.decode(bytes(6, 0, 1, 2, 255, 255, 255, 255))).toEqual(program);
  });

  test('a packet membership says its address’s length', () => {
    const value = { ifindex: 2, type: 0, address: bytes(1, 0, 94, 1, 2, 3) };
    expect(PACKET.ADD_MEMBERSHIP.type.encode(value)).toEqual(bytes(2, 0, 0, 0, 0, 0, 6, 0, 1, 0, 94, 1, 2, 3, 0, 0));
  });

  test('a ring is four numbers, and three more for TPACKET_V3', () => {
    const ring = { blockSize: 4096, blockCount: 1, frameSize: 2048, frameCount: 2 };
    expect(PACKET.RX_RING.type.encode(ring)).toHaveLength(16);
    expect(PACKET.RX_RING.type.encode({ ...ring, retireMs: 5 })).toHaveLength(28);
  });

  test('an MD5 key stands behind its address and length', () => {
    const value = TCP.MD5SIG.type.encode({ address: '192.0.2.1', key: bytes(9, 8, 7) });
    expect(value).toHaveLength(216);
    expect([...value.subarray(0, 8)]).toEqual([2, 0, 0, 0, 192, 0, 2, 1]);
    expect([...value.subarray(130, 132), ...value.subarray(136, 140)]).toEqual([3, 0, 9, 8, 7, 0]);
  });

  test('an option that answers a question has it in its room', () => {
    const asked = asking(IP.MSFILTER, { group: '239.1.2.3', interface: '127.0.0.1', mode: 0, sources: [] });
    expect([...(asked.type.request as Uint8Array).subarray(0, 4)]).toEqual([239, 1, 2, 3]);
  });
});

describe('what cannot be a value is refused before the kernel sees it', () => {
  const wrong: readonly [Option<unknown>, unknown, RegExp][] = [
    [SO.REUSEADDR, 1, /expected a boolean/],
    [SO.SNDBUF, 1.5, /32-bit integer/],
    [SO.LINGER, { on: true, seconds: -(2 ** 40) }, /linger.seconds: expected an integer/],
    [SO.LINGER, null, /linger: expected an object/],
    [SO.RCVTIMEO, -1, /milliseconds of 0 or more/],
    [SO.MAX_PACING_RATE, 5, /expected a bigint/],
    [SO.ATTACH_FILTER, [], /filter.length/],
    [IP.ADD_MEMBERSHIP, { group: 'x' }, /ip_mreqn.group: expected an IPv4 address, got 'x'/],
    [IP.MSFILTER, { group: '239.1.2.3', interface: '127.0.0.1', mode: 0 }, /sources: expected an array/],
    [IPV6.PKTINFO, { address: '127.0.0.1', ifindex: 0 }, /in6_pktinfo.address: expected an IPv6 address/],
    [ICMPV6.FILTER, [256], /icmp6_filter\[0\]/],
    [TLS.TX, { version: 0x0304, cipher: 1 }, /tls_crypto_info.cipher/],
    [PACKET.ADD_MEMBERSHIP, { ifindex: 1, type: 0, address: new Uint8Array(9) }, /at most 8 bytes/],
    [TCP.MD5SIG, { address: '::1', key: new Uint8Array(81) }, /at most 80 bytes/],
    [TCP.INFO, {}, /only be read/],
  ];
  test.each(wrong)('$name', (option, value, message) => {
    expect(() => option.type.encode(value)).toThrow(message);
  });

  test('decoding never throws, whatever the kernel gives: no bytes, one, or all bits set', () => {
    for (const { type, name } of optionRows()) {
      for (const given of [0, 1, 4, type.size]) {
        expect(() => type.decode(new Uint8Array(given).fill(0xff)), `${name} of ${given} bytes`).not.toThrow();
      }
    }
  });
});
