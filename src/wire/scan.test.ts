/** A scan finds what decodePacket finds, for every vector and for any bytes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allVectors } from '../../test/vectors/all.ts';
import { fromHex } from '../core/index.ts';
import { decodePacket, type Layer, PacketScan } from './index.ts';

const NUMBERS: Readonly<Record<string, number>> = {
  ethernet: 1,
  raw: 101,
  ipv4: 228,
  ipv6: 229,
  sll: 113,
  sll2: 276,
  null: 0,
};
const LINKS = new Set(['ethernet', 'vlan', 'sll', 'sll2', 'null']);

/** The outermost IP header and its transport, when nothing of the link is unusual. */
function outermost(bytes: Uint8Array, linkType: number): { ip: Layer | undefined; next: Layer | undefined } {
  const { layers } = decodePacket(bytes, linkType);
  const at = layers.findIndex(({ layer }) => !LINKS.has(layer));
  const ip = layers[at];
  if (ip?.layer !== 'ipv4' && ip?.layer !== 'ipv6') return { ip: undefined, next: undefined };
  const next = layers
    .slice(at + 1)
    .find(
      ({ layer }) => !['hop-by-hop', 'routing', 'destination-options', 'fragment', 'authentication'].includes(layer),
    );
  return { ip, next };
}

function check(bytes: Uint8Array, linkType: number): void {
  const scan = new PacketScan();
  const found = scan.scan(bytes, linkType);
  const { ip, next } = outermost(bytes, linkType);
  if (ip === undefined) return;
  expect(found).toBe(true);
  expect([scan.network, scan.version, scan.end]).toEqual([ip.headerOffset, ip.layer === 'ipv4' ? 4 : 6, ip.payloadEnd]);
  if (next?.layer !== 'tcp' && next?.layer !== 'udp') return;
  expect([scan.transport, scan.srcPort, scan.dstPort]).toEqual([next.headerOffset, next.srcPort, next.dstPort]);
  if (next.layer === 'tcp') expect([scan.tcpFlags, scan.payload]).toEqual([next.flags, next.headerEnd]);
  else expect(scan.payload).toBe(next.headerEnd);
}

describe('vectors', () => {
  test.each(allVectors)('$name', ({ hex, linkType }) => check(fromHex(hex), NUMBERS[linkType]!));
});

test('any bytes: it ends, and reads nothing outside', () => {
  const vectors = allVectors.map(({ hex, linkType }) => ({ bytes: fromHex(hex), linkType: NUMBERS[linkType]! }));
  const edits = fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...vectors), edits, fc.nat(200), ({ bytes, linkType }, changes, cut) => {
      const copy = bytes.slice(0, cut);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      const scan = new PacketScan();
      scan.scan(copy, linkType);
      for (const at of [scan.network, scan.transport, scan.end, scan.payload])
        expect(at).toBeLessThanOrEqual(copy.length);
      for (const number of [scan.srcPort, scan.dstPort, scan.protocol, scan.tcpFlags]) expect(number).not.toBeNaN();
    }),
    { numRuns: 3000 },
  );
});

test('a scan that finds nothing leaves nothing of the one before', () => {
  const scan = new PacketScan();
  scan.scan(fromHex(allVectors[0]!.hex), 1);
  expect(scan.scan(new Uint8Array(3), 1)).toBe(false);
  expect(scan).toMatchObject({ version: 0, protocol: 0, srcPort: 0, tcpFlags: 0, network: 3, transport: 3, end: 3 });
});
