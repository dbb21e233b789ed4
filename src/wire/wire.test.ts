/** Headers decode, encode and describe as their RFCs say; every vector gives its own bytes again. */
import { describe, expect, test } from 'vitest';
import { allVectors } from '../../test/vectors/all.ts';
import { equal, fromHex, toHex } from '../core/index.ts';
import {
  arpTable,
  authenticationTable,
  bitDiagram,
  buildPacket,
  decodeIpv4,
  decodePacket,
  decodeQuoted,
  decodeTcp,
  decodeTcpOptions,
  decodeUdp,
  describeBytes,
  describePacket,
  encodeIpv4,
  encodePacket,
  encodeTcp,
  encodeTcpOptions,
  ethernetTable,
  fieldsOf,
  fragmentTable,
  type HeaderTable,
  Icmpv4Type,
  icmpv4Table,
  icmpv6Table,
  ipv4Table,
  ipv6Table,
  type Packet,
  routingTable,
  TcpFlags,
  tcpFlagsText,
  tcpTable,
  udpTable,
  verifyChecksums,
  vlanTable,
} from './index.ts';

function vector(name: string): { bytes: Uint8Array; packet: Packet } {
  const found = allVectors.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no vector '${name}'`);
  const bytes = fromHex(found.hex);
  return { bytes, packet: decodePacket(bytes, found.linkType) };
}

describe.each(allVectors)('$source: $name', ({ hex, linkType }) => {
  const bytes = fromHex(hex);

  test('decode, then encode, gives the same bytes', () => {
    const packet = decodePacket(bytes, linkType);
    expect(packet.fault).toBeUndefined();
    expect(packet.truncated).toBe(false);
    expect(toHex(encodePacket(packet))).toBe(toHex(bytes));
  });

  test('at another offset it reads the same', () => {
    const shifted = new Uint8Array(bytes.length + 9).fill(0xee);
    shifted.set(bytes, 5);
    const packet = decodePacket(shifted, linkType, { offset: 5, end: 5 + bytes.length });
    expect(describePacket(packet, { verbose: true })).toBe(describeBytes(bytes, linkType, { verbose: true }));
    expect(verifyChecksums(packet)).toEqual(verifyChecksums(decodePacket(bytes, linkType)));
  });

  test('every shorter prefix says so, keeps what it read, and still gives its bytes', () => {
    for (let length = 0; length < bytes.length; length++) {
      const packet = decodePacket(bytes.subarray(0, length), linkType, { wireLength: bytes.length });
      expect(packet.truncated, `first ${length} bytes`).toBe(true);
      describePacket(packet, { verbose: true });
      verifyChecksums(packet);
      expect(equal(encodePacket(packet), bytes.subarray(0, length))).toBe(true);
      // Without the length on the wire, the IP header's own length has to show it.
      const alone = decodePacket(bytes.subarray(0, length), linkType);
      const ip = decodePacket(bytes, linkType).layers.find(({ layer }) => layer === 'ipv4' || layer === 'ipv6');
      const zeroLength = ip?.layer === 'ipv4' && ip.totalLength === 0;
      if (ip !== undefined && !zeroLength && length < ip.claimedEnd) {
        expect(alone.truncated || !alone.ok, `first ${length} bytes alone`).toBe(true);
      }
    }
  });
});

describe('lines', () => {
  test.each([
    [
      'tcp4 2',
      'IP 127.0.0.1.34611 > 127.0.0.1.39714: Flags [S.], seq 1435635932, ack 1866268591, win 65483, options [mss 65495,sackOK,TS val 4051418298 ecr 76985042,nop,wscale 10], length 0',
    ],
    [
      'tcp4 8',
      'IP 127.0.0.1.39714 > 127.0.0.1.34611: Flags [P.U], seq 1866268596:1866268597, ack 1435635938, win 64, urg 1, options [nop,nop,TS val 76985042 ecr 4051418298], length 1',
    ],
    ['udp4-unreach 2', 'IP 127.0.0.1 > 127.0.0.1: ICMP 127.0.0.1 udp port 9 unreachable, length 40'],
    ['udp6-unreach 2', 'IP6 ::1 > ::1: ICMP6, destination unreachable, unreachable port, ::1 udp port 9, length 60'],
    ['icmp4-echo 1', 'IP 127.0.0.1 > 127.0.0.1: ICMP echo request, id 7, seq 1, length 16'],
    [
      'ICMP fragmentation needed, next-hop MTU 1400',
      'IP 192.0.2.254 > 192.0.2.1: ICMP 192.0.2.2 unreachable - need to frag (mtu 1400), length 36',
    ],
    ['ARP request padded to 60 bytes', 'ARP, Request who-has 192.0.2.2 tell 192.0.2.1, length 28'],
    ['802.1Q tag', 'vlan 100, p 3, IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 0, seq 1, length 8'],
  ])('%s', (name, line) => {
    expect(describePacket(vector(name).packet)).toBe(line);
  });

  test('relative numbers', () => {
    const { packet } = vector('tcp4 4');
    const text = describePacket(packet, { tcp: { seqBase: 1866268590, ackBase: 1435635932 } });
    expect(text).toContain('seq 1:6, ack 1,');
  });
});

describe('tables', () => {
  test('RFC 768: the diagram', () => {
    expect(bitDiagram(udpTable)).toBe(
      [
        ' 0                   1                   2                   3',
        ' 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1',
        '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
        '|            srcPort            |            dstPort            |',
        '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
        '|            length             |           checksum            |',
        '+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+',
      ].join('\n'),
    );
  });

  test('every number field holds its largest value and leaves its neighbours alone', () => {
    const tables = [
      arpTable,
      authenticationTable,
      ethernetTable,
      fragmentTable,
      icmpv4Table,
      icmpv6Table,
      ipv4Table,
      ipv6Table,
      routingTable,
      tcpTable,
      udpTable,
      vlanTable,
    ] as unknown as HeaderTable<Record<string, number>>[];
    for (const table of tables) {
      for (const { name, width, kind, bitOffset } of fieldsOf(table)) {
        if (kind !== 'number' && kind !== 'flags') continue;
        const field = table.fields[name]!;
        const bytes = new Uint8Array(table.fixedBytes);
        // Fragment offsets count bytes where the wire counts eights.
        field.write(bytes, 0, name === 'fragmentOffset' ? 0xfff8 : 2 ** width - 1);
        const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        const want = '0'.repeat(bitOffset) + '1'.repeat(width);
        expect(bits, `${table.layer}.${name}`).toBe(want.padEnd(table.fixedBytes * 8, '0'));
        expect(field.read(bytes, 0)).toBe(name === 'fragmentOffset' ? 0xfff8 : 2 ** width - 1);
        bytes.fill(0xff);
        field.write(bytes, 0, 0);
        expect(field.read(bytes, 0)).toBe(0);
      }
    }
  });
});

describe('faults', () => {
  test('RFC 9293 §3.1: a data offset under five words, or past the segment', () => {
    const bytes = encodeTcp({ srcPort: 1, dstPort: 2, dataOffsetWords: 4 });
    expect(decodeTcp(bytes)).toEqual({
      ok: false,
      code: 'BAD_LENGTH',
      layer: 'tcp',
      field: 'dataOffsetWords',
      offset: 12,
      need: 5,
      have: 4,
    });
    expect(decodeTcp(encodeTcp({ srcPort: 1, dstPort: 2, dataOffsetWords: 6 }))).toMatchObject({
      code: 'BAD_LENGTH',
      need: 24,
      have: 20,
    });
    expect(decodeTcp(bytes, 0, 19)).toMatchObject({ code: 'TRUNCATED', field: 'header', need: 20, have: 19 });
  });

  test('RFC 768: a length under eight, or past the packet', () => {
    expect(decodeUdp(fromHex('0001000200070000'))).toMatchObject({ code: 'BAD_LENGTH', need: 8, have: 7 });
    expect(decodeUdp(fromHex('0001000200090000'))).toMatchObject({ code: 'BAD_LENGTH', need: 9, have: 8 });
  });

  test('RFC 791 §3.1: version, header length, total length', () => {
    const good = encodeIpv4({ src: '1.1.1.1', dst: '2.2.2.2', protocol: 17 });
    const edit = (at: number, value: number): Uint8Array => good.map((byte, i) => (i === at ? value : byte));
    expect(decodeIpv4(edit(0, 0x65))).toMatchObject({ code: 'BAD_VERSION', need: 4, have: 6 });
    expect(decodeIpv4(edit(0, 0x44))).toMatchObject({ code: 'BAD_LENGTH', field: 'ihlWords', need: 5, have: 4 });
    expect(decodeIpv4(edit(3, 19))).toMatchObject({ code: 'BAD_LENGTH', field: 'totalLength', need: 20, have: 19 });
    expect(decodeIpv4(edit(3, 21))).toMatchObject({ ok: true, truncated: true });
  });

  test('the layers before a fault are kept', () => {
    const bytes = encodeIpv4({ src: '1.1.1.1', dst: '2.2.2.2', protocol: 6 }, new Uint8Array(20));
    const packet = decodePacket(bytes, 'raw');
    expect(packet.layers.map(({ layer }) => layer)).toEqual(['ipv4']);
    expect(packet.fault).toMatchObject({ layer: 'tcp', code: 'BAD_LENGTH', offset: 32 });
    expect(describePacket(packet)).toBe(
      'IP 1.1.1.1 > 2.2.2.2: tcp, length 20 [|tcp.dataOffsetWords at 32: BAD_LENGTH, need 5, have 0]',
    );
  });

  test('tunnels in tunnels end', () => {
    let bytes = encodeIpv4({ src: '1.1.1.1', dst: '2.2.2.2', protocol: 17 });
    for (let i = 0; i < 40; i++) bytes = encodeIpv4({ src: '1.1.1.1', dst: '2.2.2.2', protocol: 4 }, bytes);
    const packet = decodePacket(bytes, 'raw');
    expect(packet.fault?.code).toBe('TOO_MANY');
    expect(equal(encodePacket(packet), bytes)).toBe(true);
  });
});

describe('building', () => {
  test('lengths and checksums are filled in, and come out good', () => {
    const payload = Uint8Array.of(1, 2, 3);
    const v4 = { src: '10.0.0.1', dst: '10.0.0.2' };
    const v6 = { src: 'fd00::1', dst: 'fd00::2' };
    const ports = { srcPort: 40000, dstPort: 80 };
    const ethernet = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    for (const init of [
      {
        ethernet,
        ipv4: v4,
        tcp: { ...ports, flags: TcpFlags.SYN, options: [{ name: 'mss', mss: 1460 } as const] },
        payload,
      },
      { ethernet, ipv4: v4, udp: ports, payload },
      { ethernet, ipv4: v4, icmpv4: { type: Icmpv4Type.ECHO_REQUEST, id: 1, seq: 2 }, payload },
      { ethernet, ipv6: v6, tcp: ports, payload },
      { ethernet, ipv6: v6, udp: ports, payload },
      { ethernet, ipv6: v6, icmpv6: { type: 128, id: 1, seq: 2 }, payload },
    ]) {
      const packet = decodePacket(buildPacket(init));
      expect(packet.fault).toBeUndefined();
      expect(verifyChecksums(packet)).toEqual({ ip: 'ipv4' in init ? 'good' : 'absent', transport: 'good' });
      expect(packet.payload).toEqual(payload);
    }
  });

  test('RFC 768: a checksum that comes out as zero is sent as ones', () => {
    const addresses = { src: '0.0.0.0', dst: '0.0.0.0' };
    const sum = 17 + 10 + 10;
    const payload = Uint8Array.of((0xffff - sum) >> 8, (0xffff - sum) & 255);
    const packet = buildPacket({ ipv4: addresses, udp: { srcPort: 0, dstPort: 0 }, payload });
    expect(decodePacket(packet, 'raw').udp?.checksum).toBe(0xffff);
  });

  test('what is given is kept, wrong or not', () => {
    const bytes = buildPacket({
      ipv4: { src: '1.1.1.1', dst: '2.2.2.2', checksum: 1, totalLength: 41, ttl: 0 },
      tcp: { srcPort: 0, dstPort: 0, checksum: 0, window: 0 },
    });
    const packet = decodePacket(bytes, 'raw');
    expect([packet.ipv4?.checksum, packet.ipv4?.totalLength, packet.ipv4?.ttl]).toEqual([1, 41, 0]);
    expect([packet.tcp?.checksum, packet.tcp?.window, packet.truncated]).toEqual([0, 0, true]);
    expect(() => buildPacket({ ipv4: { src: '1.1.1.1', dst: '2.2.2.2' }, ipv6: { src: '::', dst: '::' } })).toThrow(
      /at most one/,
    );
    expect(() => buildPacket({ ipv4: { src: 'x', dst: '2.2.2.2' } })).toThrow(/IPv4 address, got 'x'/);
  });
});

describe('options', () => {
  test('RFC 9293 §3.1: the list is filled to whole words; over 40 bytes is refused', () => {
    expect(toHex(encodeTcpOptions([{ name: 'windowScale', shift: 7 }]))).toBe('03030700');
    expect(() => encodeTcpOptions([{ name: 'unknown', kind: 99, data: new Uint8Array(39) }])).toThrow(RangeError);
  });

  test('one odd option neither hangs nor takes the others with it', () => {
    expect(decodeTcpOptions(fromHex('020405b4 0800 01010101'.replaceAll(' ', '')))).toEqual([
      { name: 'mss', mss: 1460 },
      { name: 'malformed', data: fromHex('080001010101'), note: 'kind 8: expected a length of 2 to 6, got 0' },
    ]);
    expect(decodeTcpOptions(fromHex('0203050402'))).toMatchObject([
      { name: 'unknown', kind: 2 },
      { name: 'sackPermitted' },
    ]);
    expect(decodeTcpOptions(fromHex('0108'))).toMatchObject([{ name: 'nop' }, { name: 'malformed' }]);
  });

  test('RFC 9768, RFC 3168: letters of the flags', () => {
    expect([0, 2, 0x12, 0x18, 0x11, 4, 0x10, 0x1c2].map(tcpFlagsText)).toEqual([
      'none',
      'S',
      'S.',
      'P.',
      'F.',
      'R',
      '.',
      'SEWe',
    ]);
  });

  test('RFC 791 §3.1: record route as the kernel filled it in', () => {
    expect(vector('icmp4-rr 2').packet.ipv4?.options).toEqual([
      { name: 'recordRoute', pointer: 12, addresses: ['127.0.0.1', '127.0.0.1'] },
      { name: 'eol' },
    ]);
  });
});

describe('checksums', () => {
  test('the kernel leaves partial ones on loopback; wrong ones are found', () => {
    expect(verifyChecksums(vector('tcp4 1').packet)).toEqual({ ip: 'good', transport: 'partial' });
    expect(verifyChecksums(vector('tcp4-refused 2').packet).transport).toBe('good');
    expect(verifyChecksums(vector('TCP wrong checksum kept').packet).transport).toBe('bad');
    expect(verifyChecksums(vector('udp4-frag 2').packet).transport).toBe('unverified');
  });

  test('RFC 8200 §8.1, RFC 1122 §3.2.1.8: under source routes the final destination counts', () => {
    expect(verifyChecksums(vector('IPv6 routing header type 0, unfinished').packet).transport).toBe('good');
    expect(verifyChecksums(vector('IPv4 loose source route, unfinished').packet).transport).toBe('good');
  });
});

test('an ICMP error gives the packet it quotes', () => {
  const quoted = decodeQuoted(vector('udp4-unreach 2').packet.icmp!);
  expect([quoted?.ip?.dst, quoted?.udp?.dstPort]).toEqual(['127.0.0.1', 9]);
});

test('a view can be turned into an object to keep, and JSON', () => {
  const { packet } = vector('tcp4 1');
  expect(packet.tcp?.toObject()).toMatchObject({
    layer: 'tcp',
    dstPort: 34611,
    flags: TcpFlags.SYN,
    headerOffset: 34,
    headerEnd: 74,
  });
  expect(JSON.parse(JSON.stringify(packet)).layers).toHaveLength(3);
});
