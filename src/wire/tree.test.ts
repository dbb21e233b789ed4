/** The tree of every vector: all fields of the tables, at their bits, inside the packet; and how it is printed. */
import { describe, expect, test } from 'vitest';
import { allVectors } from '../../test/vectors/all.ts';
import { fromHex } from '../core/index.ts';
import {
  buildPacket,
  decodePacket,
  fieldsOf,
  formatTree,
  hexDump,
  type LinkType,
  packetTree,
  type TreeNode,
  tableOf,
} from './index.ts';

const all = (nodes: readonly TreeNode[]): TreeNode[] => nodes.flatMap((node) => [node, ...all(node.children)]);

describe.each(allVectors)('$name', ({ hex, linkType }) => {
  const bytes = fromHex(hex);
  const packet = decodePacket(bytes, linkType as LinkType);
  const tree = packetTree(packet);

  test('every layer, and every field of its table at its place', () => {
    expect(tree.slice(0, packet.layers.length).map(({ path }) => path)).toEqual(
      packet.layers.map(({ layer }) => layer),
    );
    for (const [i, layer] of packet.layers.entries()) {
      const fields = fieldsOf(tableOf(layer)!);
      const nodes = tree[i]!.children.slice(0, fields.length);
      expect(
        nodes.map(({ label, bitOffset, bitWidth }) => [label, bitOffset - layer.headerOffset * 8, bitWidth]),
      ).toEqual(fields.map(({ name, bitOffset, width }) => [name, bitOffset, width]));
    }
  });

  test('no node reaches out of the packet; every one has a line', () => {
    for (const { bitOffset, bitWidth, path } of all(tree)) {
      expect(bitOffset + Math.max(0, bitWidth), path).toBeLessThanOrEqual(bytes.length * 8);
    }
    expect(formatTree(tree).length).toBe(all(tree).length);
    expect(formatTree(tree).join('')).not.toMatch(/undefined|\[object/);
  });
});

const SYN = decodePacket(
  buildPacket({
    ethernet: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
    ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
    tcp: { srcPort: 40_000, dstPort: 80, flags: 2, options: [{ name: 'mss', mss: 1460 }] },
  }),
);

test('numbers with their names, flags bit by bit, checksums with their verdict, options', () => {
  const lines = formatTree(packetTree(SYN)).map((line) => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      'etherType: ipv4 (0x0800)',
      'protocol: tcp (6)',
      '0110 .... = dataOffsetWords: 6',
      '.... ...0 0000 0010 = flags: 0x002 (SYN)',
      '.... ..1. = SYN: set',
      '.... ...0 = FIN: not set',
      'options: 1',
      'mss: 1460',
    ]),
  );
  expect(lines.find((line) => line.startsWith('checksum: 0x'))).toMatch(/^checksum: 0x[\da-f]{4} \(good\)$/);
});

test('a wrong checksum is bad, and says so', () => {
  const bytes = SYN.bytes.slice();
  bytes[24] = bytes[24]! ^ 1;
  expect(formatTree(packetTree(decodePacket(bytes))).join('\n')).toMatch(/checksum: 0x[\da-f]{4} \(bad\)/);
});

test('what is missing: truncated, fault', () => {
  const cut = packetTree(decodePacket(SYN.bytes.subarray(0, 40), 'ethernet', { wireLength: 58 }));
  expect(cut.map(({ label }) => label).slice(2)).toEqual(['payload', 'truncated', 'fault']);
});

test('hexDump: the form of tcpdump -X and -x', () => {
  const bytes = Uint8Array.from({ length: 19 }, (_, i) => i + 0x3b);
  expect(hexDump(bytes)).toEqual([
    '0x0000:  3b3c 3d3e 3f40 4142 4344 4546 4748 494a  ;<=>?@ABCDEFGHIJ',
    '0x0010:  4b4c 4d                                  KLM',
  ]);
  expect(hexDump(bytes, { plain: true, from: 16 })[1]).toBe('0x0020:  4b4c 4d');
  expect(hexDump(new Uint8Array(0))).toEqual([]);
});
