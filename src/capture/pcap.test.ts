// pcap files: what is written is read back, in both byte orders and resolutions; every cut and every bad length gives
// whole packets and then one fault that says where.
import { describe, expect, it } from 'vitest';
import { fromHex } from '../core/index.ts';
import {
  type CaptureItem,
  captureFormat,
  encodePcap,
  type PcapOptions,
  PcapWriter,
  readCapture,
  readPackets,
} from './index.ts';

const T = 1_700_000_000_123_456_789n;
const A = fromHex('45000014000040004001000 00a4d00010a4d0002'.replaceAll(' ', ''));
const records = [
  { t: T, bytes: A },
  { t: T + 1_000n, bytes: new Uint8Array(0) },
  { t: T + 2_000_000_000n, bytes: Uint8Array.of(1, 2, 3), length: 1500 },
];

function faults(items: readonly CaptureItem[]): string[] {
  return items.flatMap((item) => (item.kind === 'fault' ? [`${item.fault.code} ${item.fault.field}`] : []));
}

describe('written and read back', () => {
  for (const resolution of ['us', 'ns'] as const) {
    for (const littleEndian of [true, false]) {
      it(`${resolution}, ${littleEndian ? 'little' : 'big'}-endian`, () => {
        const file = encodePcap(records, { linkType: 101, resolution, littleEndian });
        expect(captureFormat(file)).toBe('pcap');
        const [section, face, ...packets] = [...readCapture(file)];
        expect(section).toMatchObject({ kind: 'section', format: 'pcap', littleEndian, major: 2, minor: 4 });
        expect(face).toMatchObject({
          kind: 'interface',
          index: 0,
          linkType: 101,
          snapLen: 262_144,
          unitsPerSecond: resolution === 'ns' ? 1_000_000_000n : 1_000_000n,
        });
        const step = resolution === 'ns' ? 1n : 1000n;
        expect(packets).toMatchObject([
          { kind: 'packet', t: (T / step) * step, bytes: A, length: A.length, truncated: false, offset: 24 },
          { kind: 'packet', bytes: new Uint8Array(0), length: 0, truncated: false },
          { kind: 'packet', bytes: Uint8Array.of(1, 2, 3), length: 1500, truncated: true },
        ]);
      });
    }
  }

  it('the first bytes are those of the specification', () => {
    const file = encodePcap([{ t: 1_000_000_002n, bytes: Uint8Array.of(0xaa) }], {
      linkType: 1,
      snapLen: 65_535,
      littleEndian: false,
    });
    expect(file).toEqual(
      fromHex('a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000001  00000001 00000002 00000001 00000001 aa'),
    );
  });

  it('cuts packets at the snap length and keeps the wire length', () => {
    const file = encodePcap([{ t: T, bytes: A }], { linkType: 101, snapLen: 8 });
    expect([...readPackets(file)]).toMatchObject([{ bytes: A.subarray(0, 8), length: 20, truncated: true }]);
  });
});

describe('damage', () => {
  const file = encodePcap(records, { linkType: 101 });

  it('every cut gives the whole packets before it and one fault with its offset', () => {
    const whole = [...readPackets(file)];
    const ends = [24, ...whole.map((packet) => packet.offset + 16 + packet.bytes.length)];
    for (let length = 0; length < file.length; length++) {
      const items = [...readCapture(file.subarray(0, length))];
      const packets = items.filter((item) => item.kind === 'packet');
      expect(packets.length).toBe(Math.max(0, ends.filter((end) => end <= length).length - 1));
      const last = items.at(-1);
      if (ends.includes(length)) expect(faults(items)).toEqual([]);
      else {
        expect(faults(items)).toHaveLength(1);
        if (last?.kind !== 'fault') throw new Error('expected a fault at the end');
        expect(last.fault).toMatchObject({ code: 'TRUNCATED' });
        expect(last.fault.offset + last.fault.have).toBe(length);
        expect(last.fault.need).toBeGreaterThan(last.fault.have);
      }
    }
  });

  it('a captured length that cannot be ends the reading, and says where', () => {
    const bad = file.slice();
    bad.set([0xff, 0xff, 0xff, 0x7f], 24 + 16 + A.length + 8);
    const items = [...readCapture(bad)];
    expect(items.filter((item) => item.kind === 'packet')).toHaveLength(1);
    expect(items.at(-1)).toEqual({
      kind: 'fault',
      fault: {
        ok: false,
        code: 'BAD_LENGTH',
        layer: 'pcap',
        field: 'capturedLength',
        offset: 24 + 16 + A.length + 8,
        need: 262_144,
        have: 0x7fffffff,
      },
    });
  });

  it('a wire length under the captured one is not believed', () => {
    const odd = file.slice();
    odd[24 + 12] = 1;
    expect([...readPackets(odd)][0]).toMatchObject({ length: A.length, truncated: false });
  });

  it('other versions, other files', () => {
    const version = file.slice();
    version[4] = 3;
    expect(faults([...readCapture(version)])).toEqual(['BAD_VERSION major']);
    const old = file.slice();
    old[6] = 2;
    expect(faults([...readCapture(old)])).toEqual(['BAD_VERSION minor']);
    const modified = file.slice();
    modified.set([0x34, 0xcd, 0xb2, 0xa1]);
    expect(faults([...readCapture(modified)])).toEqual(['UNSUPPORTED magic']);
    expect(faults([...readCapture(fromHex('47494638 3961'))])).toEqual(['BAD_MAGIC magic']);
    expect(faults([...readCapture(new Uint8Array(0))])).toEqual(['TRUNCATED magic']);
  });
});

describe('the door', () => {
  const open = (options: PcapOptions): PcapWriter => new PcapWriter(() => {}, options);

  it('names what is wrong with an argument', () => {
    expect(() => open({ linkType: -1 })).toThrow(new RangeError('linkType: expected 0 to 65535, got -1'));
    expect(() => open({ linkType: 1, snapLen: 0 })).toThrow(new RangeError('snapLen: expected 1 to 262144, got 0'));
    const writer = open({ linkType: 1 });
    expect(() => writer.write({ t: -1n, bytes: A })).toThrow(RangeError);
    expect(() => writer.write({ t: 1n << 63n, bytes: A })).toThrow(RangeError);
  });
});
