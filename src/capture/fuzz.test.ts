// Random bytes and damaged files: reading never throws, always ends, never reads outside of the file, and reading in
// pieces finds the same as reading at once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../core/index.ts';
import { type CaptureItem, CaptureReader, encodePcap, PcapngWriter, readCapture } from './index.ts';

const packets = fc.array(
  fc.record({
    t: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
    bytes: fc.uint8Array({ maxLength: 80 }),
    comments: fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 }),
  }),
  { maxLength: 8 },
);

const files = fc.tuple(packets, fc.boolean(), fc.boolean()).map(([records, littleEndian, isPcap]) => {
  if (isPcap) return encodePcap(records, { linkType: 101, littleEndian });
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes), { littleEndian, application: 'fuzz' });
  writer.addInterface({ linkType: 101, name: 'a' });
  for (const record of records) writer.writePacket({ interface: 0, direction: 'inbound', ...record });
  writer.writeStatistics({ interface: 0, t: 1n, received: BigInt(records.length) });
  return concat(parts);
});

const edits = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff)), { minLength: 1, maxLength: 6 });

/** Reads all, and says what must hold of any bytes. */
function readAll(bytes: Uint8Array): CaptureItem[] {
  const items: CaptureItem[] = [];
  for (const item of readCapture(bytes)) {
    items.push(item);
    // Every item but a fault stands for at least 12 bytes, and a block gives at most two faults.
    expect(items.length).toBeLessThanOrEqual(bytes.length + 3);
    if (item.kind === 'packet') {
      expect(item.bytes.buffer).toBe(bytes.buffer);
      expect(item.bytes.byteOffset + item.bytes.length).toBeLessThanOrEqual(bytes.byteOffset + bytes.length);
      expect(item.length).toBeGreaterThanOrEqual(item.bytes.length);
    }
    if (item.kind === 'fault') {
      expect(item.fault.offset).toBeLessThanOrEqual(bytes.length);
      expect(item.fault.need).not.toBe(item.fault.have);
    }
  }
  return items;
}

describe('any bytes', () => {
  it('random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readAll(bytes)),
      { numRuns: 2000 },
    );
  });

  it('random behind a right beginning', () => {
    fc.assert(
      fc.property(files, fc.uint8Array({ maxLength: 200 }), (file, rest) => {
        readAll(concat([file.subarray(0, 28), rest]));
        readAll(concat([file, rest]));
      }),
      { numRuns: 1000 },
    );
  });

  it('valid files with some bytes changed, cut anywhere', () => {
    fc.assert(
      fc.property(files, edits, fc.nat(), (file, changes, cut) => {
        const bad = file.slice();
        for (const [at, value] of changes) bad[at % bad.length] = value;
        readAll(bad);
        readAll(bad.subarray(0, cut % (bad.length + 1)));
      }),
      { numRuns: 3000 },
    );
  });

  it('in pieces as at once', () => {
    fc.assert(
      fc.property(files, edits, fc.boolean(), fc.integer({ min: 1, max: 40 }), (file, changes, isGood, size) => {
        const bytes = file.slice();
        if (!isGood) for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const reader = new CaptureReader();
        const items: CaptureItem[] = [];
        for (let at = 0; at < bytes.length; at += size) items.push(...reader.push(bytes.slice(at, at + size)));
        items.push(...reader.end());
        expect(items).toEqual([...readCapture(bytes)]);
      }),
      { numRuns: 1000 },
    );
  });

  it('valid files give back what was written', () => {
    fc.assert(
      fc.property(packets, fc.boolean(), (records, littleEndian) => {
        const parts: Uint8Array[] = [];
        const writer = new PcapngWriter((bytes) => parts.push(bytes), { littleEndian });
        writer.addInterface({ linkType: 101 });
        for (const record of records) writer.writePacket({ interface: 0, ...record });
        const read = readAll(concat(parts)).flatMap((item) => (item.kind === 'packet' ? [item] : []));
        expect(read.map(({ t, bytes, comments }) => ({ t, bytes, comments }))).toEqual(records);
      }),
    );
  });
});
