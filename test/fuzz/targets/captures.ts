/** Capture files, whole and in pieces. */

import { type CaptureItem, CaptureReader, encodePcap, PcapngWriter, readCapture } from '../../../src/capture/index.ts';
import { concat, equal } from '../../../src/core/index.ts';
import { hold, type Target } from '../target.ts';

const RECORDS = [
  { t: 1_700_000_000_123_456_789n, bytes: Uint8Array.of(0x45, 0, 0, 20) },
  { t: 1_700_000_001_000_000_000n, bytes: new Uint8Array(60) },
];

function pcapngFile(littleEndian: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes), {
    littleEndian,
    application: 'fuzz',
    comments: ['one'],
  });
  writer.addInterface({ linkType: 101, name: 'a' });
  for (const record of RECORDS) {
    writer.writePacket({ interface: 0, direction: 'inbound', comments: ['two'], ...record });
  }
  writer.writeStatistics({ interface: 0, t: 1n, received: 2n });
  return concat(parts);
}

export const captureTargets: readonly Target[] = [
  {
    name: 'capture/pcap',
    seeds: [true, false].map((littleEndian) => encodePcap(RECORDS, { linkType: 101, littleEndian })),
    run: checkFile,
  },
  { name: 'capture/pcapng', seeds: [pcapngFile(true), pcapngFile(false)], run: checkFile },
];

function checkFile(bytes: Uint8Array): string {
  const items: CaptureItem[] = [];
  for (const item of readCapture(bytes)) {
    items.push(item);
    // Every item but a fault stands for at least 12 bytes, and a block gives at most two faults.
    hold(items.length <= bytes.length + 3, 'more items than bytes');
    if (item.kind === 'packet') {
      const { byteOffset, length, buffer } = item.bytes;
      hold(buffer === bytes.buffer && byteOffset >= bytes.byteOffset, 'a packet is no view into the file');
      hold(byteOffset + length <= bytes.byteOffset + bytes.length, 'a packet ends behind the file');
      hold(item.length >= length, 'a packet is shorter on the wire than in the file');
    }
    if (item.kind === 'fault') hold(item.fault.offset <= bytes.length, `fault at ${item.fault.offset}`);
  }
  const pieces = inPieces(bytes);
  hold(pieces.length === items.length && pieces.every((piece, i) => isSame(piece, items[i]!)), 'other items in pieces');
  const last = items.at(-1);
  const end = last?.kind === 'fault' ? `${last.fault.code} ${last.fault.field}` : '';
  return `${[...new Set(items.map(({ kind }) => kind))].join()} ${end}`;
}

function inPieces(bytes: Uint8Array): CaptureItem[] {
  const reader = new CaptureReader();
  const items: CaptureItem[] = [];
  for (let at = 0; at < bytes.length; at += 7) items.push(...reader.push(bytes.slice(at, at + 7)));
  return [...items, ...reader.end()];
}

function isSame(a: CaptureItem, b: CaptureItem): boolean {
  if (a.kind === 'packet' && b.kind === 'packet')
    return equal(a.bytes, b.bytes) && a.t === b.t && a.offset === b.offset;
  if (a.kind === 'fault' && b.kind === 'fault')
    return a.fault.code === b.fault.code && a.fault.offset === b.fault.offset;
  return a.kind === b.kind;
}
