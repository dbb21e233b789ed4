// pcapng: everything that the writer knows is read back; blocks made by hand after the specification are understood in
// both byte orders; damage inside a block costs that block, damage of the chain ends the reading, each with its place.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, utf8 } from '../core/index.ts';
import {
  type CapturedPacket,
  type CaptureItem,
  CaptureReader,
  captureFormat,
  linkTypeName,
  PcapngWriter,
  readCapture,
  readPackets,
  SECRETS_TLS,
  type SectionOptions,
} from './index.ts';

const T = 1_700_000_000_123_456_789n;
const PACKET = fromHex('450000140000400040010000 0a4d0001 0a4d0002 ff');

function write(fill: (writer: PcapngWriter) => void, section?: SectionOptions): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes), section);
  fill(writer);
  return concat(parts);
}

function faults(items: Iterable<CaptureItem>): string[] {
  return [...items].flatMap((item) =>
    item.kind === 'fault' ? [`${item.fault.code} ${item.fault.field} at ${item.fault.offset}`] : [],
  );
}

/** A file with all that the writer can say. */
function everything(littleEndian: boolean): Uint8Array {
  return write(
    (writer) => {
      writer.addInterface({
        linkType: 101,
        snapLen: 20,
        name: 'client',
        description: 'client on link wire',
        os: 'Linux',
        hardware: 'none',
        filter: 'tcp port 80',
        comments: ['first interface'],
        options: [{ code: 800, value: fromHex('0000000000000001') }],
      });
      writer.addInterface({ linkType: 1, name: 'server' });
      writer.writeNames([
        { address: Uint8Array.of(10, 77, 0, 1), names: ['client', 'c.example'] },
        { address: new Uint8Array(16), names: ['any6'] },
      ]);
      writer.writeSecrets(SECRETS_TLS, utf8('CLIENT_RANDOM 00 11\n'));
      writer.writePacket({
        interface: 0,
        t: T,
        bytes: PACKET,
        direction: 'outbound',
        flags: 0x20,
        comments: ['caused by client connect(10.77.0.2:8888)', 'SYN-SENT ü'],
        packetId: 7n,
        dropCount: 3n,
        options: [{ code: 600, value: fromHex('00000002') }],
      });
      writer.writePacket({ interface: 1, t: T + 20_000_000n, bytes: PACKET, length: 1500, direction: 'inbound' });
      writer.writePacket({ interface: 1, t: 0n, bytes: new Uint8Array(0) });
      writer.writeBlock(0x7bad, fromHex('0000e5a1 00000000'));
      writer.writeStatistics({
        interface: 1,
        t: T + 1n,
        start: T,
        end: T + 1n,
        received: 2n,
        dropped: 1n,
        accepted: 2n,
        osDropped: 0n,
        delivered: 1n << 40n,
        comments: ['done'],
      });
    },
    {
      littleEndian,
      hardware: 'two cores',
      os: 'Linux 6',
      application: 'barewire',
      comments: ['a', 'b'],
      options: [{ code: 99, value: Uint8Array.of(1) }],
    },
  );
}

describe('written and read back', () => {
  for (const littleEndian of [true, false]) {
    it(littleEndian ? 'little-endian' : 'big-endian', () => {
      const file = everything(littleEndian);
      expect(captureFormat(file)).toBe('pcapng');
      expect([...readCapture(file)]).toEqual([
        {
          kind: 'section',
          format: 'pcapng',
          littleEndian,
          major: 1,
          minor: 0,
          hardware: 'two cores',
          os: 'Linux 6',
          application: 'barewire',
          comments: ['a', 'b'],
          options: [{ code: 99, value: Uint8Array.of(1) }],
        },
        {
          kind: 'interface',
          index: 0,
          linkType: 101,
          snapLen: 20,
          unitsPerSecond: 1_000_000_000n,
          offsetSeconds: 0n,
          name: 'client',
          description: 'client on link wire',
          os: 'Linux',
          hardware: 'none',
          filter: 'tcp port 80',
          comments: ['first interface'],
          options: [{ code: 800, value: fromHex('0000000000000001') }],
        },
        {
          kind: 'interface',
          index: 1,
          linkType: 1,
          snapLen: 0,
          unitsPerSecond: 1_000_000_000n,
          offsetSeconds: 0n,
          name: 'server',
          comments: [],
          options: [],
        },
        {
          kind: 'names',
          records: [
            { address: Uint8Array.of(10, 77, 0, 1), names: ['client', 'c.example'] },
            { address: new Uint8Array(16), names: ['any6'] },
          ],
        },
        { kind: 'secrets', type: SECRETS_TLS, data: utf8('CLIENT_RANDOM 00 11\n') },
        {
          kind: 'packet',
          t: T,
          interface: 0,
          linkType: 101,
          bytes: PACKET.subarray(0, 20),
          length: 21,
          truncated: true,
          flags: 0x22,
          direction: 'outbound',
          comments: ['caused by client connect(10.77.0.2:8888)', 'SYN-SENT ü'],
          packetId: 7n,
          dropCount: 3n,
          options: [{ code: 600, value: fromHex('00000002') }],
          offset: expect.any(Number),
        },
        {
          kind: 'packet',
          t: T + 20_000_000n,
          interface: 1,
          linkType: 1,
          bytes: PACKET,
          length: 1500,
          truncated: true,
          flags: 1,
          direction: 'inbound',
          comments: [],
          options: [],
          offset: expect.any(Number),
        },
        {
          kind: 'packet',
          t: 0n,
          interface: 1,
          linkType: 1,
          bytes: new Uint8Array(0),
          length: 0,
          truncated: false,
          comments: [],
          options: [],
          offset: expect.any(Number),
        },
        { kind: 'block', type: 0x7bad, body: fromHex('0000e5a1 00000000'), littleEndian, offset: expect.any(Number) },
        {
          kind: 'statistics',
          interface: 1,
          t: T + 1n,
          start: T,
          end: T + 1n,
          received: 2n,
          dropped: 1n,
          accepted: 2n,
          osDropped: 0n,
          delivered: 1n << 40n,
          comments: ['done'],
          options: [],
        },
      ]);
    });
  }

  it('several sections, of different byte order: interfaces count anew', () => {
    const one = write((writer) => {
      writer.addInterface({ linkType: 101 });
      writer.addInterface({ linkType: 1 });
      writer.writePacket({ interface: 1, t: T, bytes: PACKET });
    });
    const two = write(
      (writer) => {
        writer.addInterface({ linkType: 113 });
        writer.writePacket({ interface: 0, t: T, bytes: PACKET });
      },
      { littleEndian: false },
    );
    const packets = [...readPackets(concat([one, two, one]))];
    expect(packets.map((packet) => packet.linkType)).toEqual([1, 113, 1]);
  });
});

/** Blocks by hand, big-endian, so that the reader is not only tested on our own writer. */
const SHB = fromHex('0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c');

function block(type: string, body: string): Uint8Array {
  const inner = fromHex(body);
  const total = (inner.length + 12).toString(16).padStart(8, '0');
  return concat([fromHex(type + total), inner, fromHex(total)]);
}

function idb(options: string): Uint8Array {
  return block('00000001', `0065 0000 00000000 ${options}`);
}

function epb(high: string, low: string): Uint8Array {
  return block('00000006', `00000000 ${high} ${low} 00000001 00000001 aa000000`);
}

describe('stamps: if_tsresol and if_tsoffset', () => {
  const cases: [string, string, string, string, bigint][] = [
    ['microseconds when nothing is said', '', '00000000', '000f4241', 1_000_001_000n],
    ['10^-9', '0009 0001 09000000', '00000001', '00000000', 4_294_967_296n],
    ['10^-3', '0009 0001 03000000', '00000000', '00000005', 5_000_000n],
    ['10^-12', '0009 0001 0c000000', '00000000', '00001388', 5n],
    ['10^0', '0009 0001 00000000', '00000000', '00000002', 2_000_000_000n],
    ['2^-10', '0009 0001 8a000000', '00000000', '00000200', 500_000_000n],
    ['2^-32', '0009 0001 a0000000', '00000001', '80000000', 1_500_000_000n],
    ['an offset of 10 s', '0009 0001 09000000 000e 0008 000000000000000a', '00000000', '00000001', 10_000_000_001n],
    ['an offset of -1 s', '0009 0001 09000000 000e 0008 ffffffffffffffff', '00000000', '77359400', 1_000_000_000n],
  ];
  for (const [name, options, high, low, t] of cases) {
    it(name, () => {
      expect([...readPackets(concat([SHB, idb(options), epb(high, low)]))].map((packet) => packet.t)).toEqual([t]);
    });
  }
});

describe('other packet blocks', () => {
  it('simple packets have no stamp and are cut by the snap length', () => {
    const file = concat([
      SHB,
      block('00000001', '0065 0000 00000004'),
      block('00000003', '00000002 aabb0000'),
      block('00000003', '00000064 aabbccdd'),
    ]);
    expect([...readPackets(file)]).toMatchObject([
      { t: null, linkType: 101, bytes: fromHex('aabb'), length: 2, truncated: false },
      { t: null, bytes: fromHex('aabbccdd'), length: 100, truncated: true },
    ]);
  });

  it('the obsolete packet block is read', () => {
    const old = block('00000002', '0000 0007 00000000 00000001 00000001 00000001 aa000000 0001 0002 68690000');
    expect([...readPackets(concat([SHB, idb(''), old]))]).toMatchObject([
      { t: 1000n, bytes: fromHex('aa'), dropCount: 7n, comments: ['hi'] },
    ]);
  });

  it('unknown blocks are handed over and do not disturb', () => {
    const items = [...readCapture(concat([SHB, idb(''), block('80000abc', '01020304'), epb('00000000', '00000000')]))];
    expect(items[2]).toEqual({
      kind: 'block',
      type: 0x80000abc,
      body: fromHex('01020304'),
      littleEndian: false,
      offset: SHB.length + 20,
    });
    expect(items[3]).toMatchObject({ kind: 'packet' });
  });

  it('options may end without opt_endofopt, a comment may be empty', () => {
    const packet = block('00000006', '00000000 00000000 00000000 00000000 00000000 0001 0000 0001 0001 61000000');
    expect([...readPackets(concat([SHB, idb(''), packet]))]).toMatchObject([{ comments: ['', 'a'] }]);
  });
});

describe('damage', () => {
  const at = SHB.length + idb('').length;

  it('inside a block: a fault, and the next block is read', () => {
    const good = epb('00000000', '00000001');
    const cases: [string, Uint8Array, string][] = [
      ['no such interface', block('00000006', `00000009 ${'00'.repeat(16)}`), `BAD_VALUE interface at ${at + 8}`],
      [
        'captured length past the block',
        block('00000006', '00000000 00000000 00000000 00000064 00000064 aa000000'),
        `BAD_LENGTH capturedLength at ${at + 20}`,
      ],
      ['a block too short for its kind', block('00000006', '00000000'), `TRUNCATED header at ${at + 8}`],
      ['a short interface', block('00000001', '00650000'), `TRUNCATED header at ${at + 8}`],
      ['short statistics', block('00000005', '00000000'), `TRUNCATED header at ${at + 8}`],
      [
        'secrets past the block',
        block('0000000a', '00000000 00000009 00000000'),
        `BAD_LENGTH secretsLength at ${at + 12}`,
      ],
      ['a name record past the block', block('00000004', '0001 0040 0a4d0001'), `BAD_LENGTH record at ${at + 8}`],
      ['a name record too short', block('00000004', '0001 0002 0a4d0000'), `BAD_LENGTH record at ${at + 8}`],
      ['a simple packet past the block', block('00000003', '00000040 00000000'), `BAD_LENGTH length at ${at + 8}`],
    ];
    for (const [name, bad, fault] of cases) {
      const items = [...readCapture(concat([SHB, idb(''), bad, good]))];
      expect(faults(items), name).toEqual([fault]);
      expect(items.filter((item) => item.kind === 'packet').length, name).toBe(1);
    }
  });

  it('a damaged option: the packet is given, then the fault', () => {
    const bad = block('00000006', '00000000 00000000 00000000 00000001 00000001 aa000000 0001 0099 61000000');
    const items = [...readCapture(concat([SHB, idb(''), bad]))];
    expect(items[2]).toMatchObject({ kind: 'packet', bytes: fromHex('aa') });
    expect(faults(items)).toEqual([`BAD_LENGTH options at ${at + 32}`]);
  });

  it('of the chain: the reading ends', () => {
    const good = epb('00000000', '00000001');
    const lengths = ['00000000', '0000000b', '0000000d', '7ffffff0', '01000004'];
    for (const length of lengths) {
      const bad = concat([fromHex(`00000006 ${length}`), good.subarray(8)]);
      expect(faults(readCapture(concat([SHB, idb(''), bad, good])))).toEqual([`BAD_LENGTH totalLength at ${at + 4}`]);
    }
    const trailing = good.slice();
    trailing[trailing.length - 1] = 0;
    expect(faults(readCapture(concat([SHB, idb(''), trailing, good])))).toEqual([
      `BAD_LENGTH trailingLength at ${at + good.length - 4}`,
    ]);
    const magic = SHB.slice();
    magic[8] = 0;
    expect(faults(readCapture(magic))).toEqual(['BAD_MAGIC byteOrderMagic at 8']);
    const version = SHB.slice();
    version[13] = 2;
    expect(faults(readCapture(version))).toEqual(['BAD_VERSION major at 12']);
  });

  it('every cut gives the whole blocks before it and one fault', () => {
    const file = everything(true);
    const whole = [...readCapture(file)];
    let before = 0;
    for (let length = 4; length < file.length; length++) {
      const items = [...readCapture(file.subarray(0, length))];
      const good = items.filter((item) => item.kind !== 'fault');
      expect(good).toEqual(whole.slice(0, good.length));
      expect(good.length).toBeGreaterThanOrEqual(before);
      before = good.length;
      const bad = items.filter((item) => item.kind === 'fault');
      expect(bad.length).toBeLessThanOrEqual(1);
      if (bad[0] !== undefined) expect(bad[0].fault.offset + bad[0].fault.have).toBe(length);
    }
    expect(before).toBe(whole.length - 1);
  });
});

describe('in pieces', () => {
  it('gives the same items whatever the size of the pieces', () => {
    for (const file of [everything(true), everything(false)]) {
      const whole = [...readCapture(file)];
      for (const size of [1, 3, 7, 64, 1000, file.length]) {
        const reader = new CaptureReader();
        const items: CaptureItem[] = [];
        for (let at = 0; at < file.length; at += size) items.push(...reader.push(file.slice(at, at + size)));
        items.push(...reader.end());
        expect(items).toEqual(whole);
      }
    }
  });

  it('says at the end that a record is cut, once', () => {
    const file = everything(true);
    const reader = new CaptureReader();
    reader.push(file.slice(0, file.length - 3));
    expect(faults(reader.end())).toEqual(faults(readCapture(file.subarray(0, file.length - 3))));
    expect(reader.end()).toEqual([]);
    expect(reader.push(file)).toEqual([]);
    expect(reader.done).toBe(true);
  });

  it('stops at what is no capture, and at an empty stream', () => {
    const reader = new CaptureReader();
    expect(reader.push(utf8('GI'))).toEqual([]);
    expect(faults(reader.push(utf8('F89a')))).toEqual(['BAD_MAGIC magic at 0']);
    expect(reader.end()).toEqual([]);
    expect(faults(new CaptureReader().end())).toEqual(['TRUNCATED magic at 0']);
  });
});

describe('the door', () => {
  it('names what is wrong with an argument', () => {
    expect(() => write((writer) => writer.addInterface({ linkType: 70_000 }))).toThrow(
      new RangeError('linkType: expected 0 to 65535, got 70000'),
    );
    expect(() => write((writer) => writer.writePacket({ interface: 0, t: 0n, bytes: PACKET }))).toThrow(
      new RangeError('interface: expected one of the 0 added so far, got 0'),
    );
    expect(() =>
      write((writer) => writer.writePacket({ interface: writer.addInterface({ linkType: 1 }), t: -1n, bytes: PACKET })),
    ).toThrow(RangeError);
    expect(() => write((writer) => writer.writeNames([{ address: new Uint8Array(5), names: [] }]))).toThrow(RangeError);
    expect(() => write((writer) => writer.writeBlock(1, new Uint8Array(3)))).toThrow(RangeError);
    const comment = 'x'.repeat(70_000);
    expect(() => write(() => {}, { comments: [comment] })).toThrow(
      new RangeError('option 1: expected at most 65535 bytes, got 70000'),
    );
  });

  it('link types have names', () => {
    expect(linkTypeName(101)).toBe('RAW');
    expect(linkTypeName(4711)).toBe('LINKTYPE 4711');
    const packet: CapturedPacket | undefined = [...readPackets(everything(true))][0];
    expect(packet?.linkType).toBe(101);
  });
});
