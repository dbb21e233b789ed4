/** The cursor sees the packets that readCapture gives, of good files and of damaged ones. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, equal } from '../core/index.ts';
import {
  CaptureCursor,
  type CapturedPacket,
  type CaptureFill,
  encodePcap,
  PcapngWriter,
  readCapture,
} from './index.ts';

const packets = Array.from({ length: 5 }, (_, i) => ({
  t: 1_700_000_000_123_456_789n + BigInt(i) * 1_000_000n,
  bytes: new Uint8Array(20 + i * 3).fill(i),
  length: 100,
}));

function pcapng(littleEndian: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  const sink = (bytes: Uint8Array): void => void parts.push(bytes);
  // Two sections, two interfaces, comments and statistics between packets.
  for (const linkType of [1, 101]) {
    const writer = new PcapngWriter(sink, { littleEndian });
    writer.addInterface({ linkType });
    writer.addInterface({ linkType: 228, name: 'second' });
    for (const [i, packet] of packets.entries()) {
      writer.writePacket({ interface: i % 2, comments: i === 2 ? ['here'] : [], ...packet });
      if (i === 3) writer.writeStatistics({ interface: 0, t: 1n });
    }
  }
  return concat(parts);
}

const files: [string, Uint8Array][] = [
  ['pcap, µs', encodePcap(packets, { linkType: 1, resolution: 'us' })],
  ['pcap, ns, big-endian', encodePcap(packets, { linkType: 101, littleEndian: false })],
  ['pcapng', pcapng(true)],
  ['pcapng, big-endian', pcapng(false)],
];

/** Gives a file in pieces of so many bytes. */
function inPieces(file: Uint8Array, size: number): CaptureFill {
  let given = 0;
  return (into, at) => {
    const piece = file.subarray(given, given + Math.min(size, into.length - at));
    into.set(piece, at);
    given += piece.length;
    return piece.length;
  };
}

function compare(file: Uint8Array, source: Uint8Array | CaptureFill = file): void {
  const items = [...readCapture(file)];
  const expected = items.filter((item): item is CapturedPacket => item.kind === 'packet');
  const cursor = new CaptureCursor(source);
  let count = 0;
  while (cursor.next()) {
    const packet = expected[count++]!;
    expect(equal(cursor.bytes.subarray(cursor.offset, cursor.end), packet.bytes)).toBe(true);
    expect([cursor.t, cursor.wireLength, cursor.linkType, cursor.interface]).toEqual([
      packet.t,
      packet.length,
      packet.linkType,
      packet.interface,
    ]);
  }
  expect(count).toBe(expected.length);
  const last = items.at(-1);
  if (last?.kind === 'fault') expect(cursor.fault).toEqual(last.fault);
  expect(cursor.next()).toBe(false);
}

describe.each(files)('%s', (_, file) => {
  test('whole', () => compare(file));

  test('byte by byte', () => compare(file, inPieces(file, 1)));

  test('cut anywhere, or with some bytes changed', () => {
    const edits = fc.array(fc.tuple(fc.nat(file.length - 1), fc.constantFrom(0, 1, 0x7f, 0xff)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.nat(file.length), edits, (cut, changes) => {
        const bad = file.slice(0, cut);
        for (const [at, value] of changes) if (at < bad.length) bad[at] = value;
        compare(bad);
        compare(bad, inPieces(bad, 1 + (cut % 50)));
      }),
      { numRuns: 500 },
    );
  });
});

test('what is no capture has a fault at once', () => {
  const cursor = new CaptureCursor(new Uint8Array(40));
  expect([cursor.next(), cursor.fault?.code]).toEqual([false, 'BAD_MAGIC']);
});

test('a packet larger than the buffer', () => {
  const large = encodePcap([{ t: 1n, bytes: new Uint8Array(200_000).fill(7) }, ...packets], { linkType: 1 });
  const many = concat([large, large.subarray(24), large.subarray(24)]);
  compare(many, inPieces(many, 1 << 20));
});
