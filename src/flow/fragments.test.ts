/** Fragments in any order give the packet that they were cut from; overlaps, floods and nonsense end as named. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildPacket,
  decodePacket,
  encodeEthernet,
  encodeFragment,
  encodeIpv4,
  encodeIpv6,
  encodeVlan,
  type Packet,
  verifyChecksums,
} from '../wire/index.ts';
import { FragmentReassembler, type FragmentResult } from './fragments.ts';

const ENDS4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const ENDS6 = { src: '2001:db8::1', dst: '2001:db8::2' };

/** A UDP datagram over IPv4 or IPv6, and its transport part. */
function datagram(version: 4 | 6, size: number): { whole: Uint8Array; transport: Uint8Array } {
  const payload = Uint8Array.from({ length: size }, (_, i) => i * 7);
  const udp = { srcPort: 4000, dstPort: 53 };
  const whole = buildPacket(
    version === 4 ? { ipv4: { ...ENDS4, id: 77 }, udp, payload } : { ipv6: ENDS6, udp, payload },
  );
  return { whole, transport: whole.subarray(version === 4 ? 20 : 40) };
}

function fragment(version: 4 | 6, start: number, data: Uint8Array, isLast: boolean, id = 77): Packet {
  const bytes =
    version === 4
      ? encodeIpv4({ ...ENDS4, protocol: 17, id, fragmentOffset: start, flags: isLast ? 0 : 1 }, data)
      : encodeIpv6(
          { ...ENDS6, nextHeader: 44 },
          encodeFragment({ nextHeader: 17, fragmentOffset: start, moreFragments: isLast ? 0 : 1, id }, data),
        );
  return decodePacket(bytes, 'raw');
}

function cut(version: 4 | 6, transport: Uint8Array, size: number): Packet[] {
  const parts: Packet[] = [];
  for (let at = 0; at < transport.length; at += size) {
    parts.push(fragment(version, at, transport.subarray(at, at + size), at + size >= transport.length));
  }
  return parts;
}

const kinds = (results: readonly (FragmentResult | undefined)[]): string[] =>
  results.map((result) =>
    result === undefined ? 'none' : 'why' in result ? `${result.kind} ${result.why}` : result.kind,
  );

describe.each([4, 6] as const)('IPv%i', (version) => {
  test('every order, and fragments that come twice: the packet, with right checksums', () => {
    const { whole, transport } = datagram(version, 500);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(cut(version, transport, 104), { minLength: 5, maxLength: 5 }),
        // Not the last one: with it the packet is whole before it comes again.
        fc.nat(3),
        (parts, twice) => {
          const reassembler = new FragmentReassembler();
          const order = [parts[twice]!, ...parts];
          const results = order.map((part, i) => reassembler.add(part, BigInt(i), i + 1));
          const done = results.find((result) => result?.kind === 'whole');
          expect(done?.kind === 'whole' && done.packet.frames).toEqual([1, 2, 3, 4, 5, 6]);
          const packet = decodePacket(done!.kind === 'whole' ? done!.packet.bytes : new Uint8Array(0), 'raw');
          expect(packet.udp?.payload).toEqual(decodePacket(whole, 'raw').udp?.payload);
          expect(verifyChecksums(packet).transport).toBe('good');
          if (version === 4) expect(verifyChecksums(packet).ip).toBe('good');
          expect(reassembler.pending).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('overlaps: first and last keep what their names say, drop gives the packet up and what comes after it', () => {
    const { transport } = datagram(version, 100);
    const [a, b] = [transport.subarray(0, 64), transport.subarray(64)];
    const other = new Uint8Array(64).fill(0xee);
    const run = (overlap: 'first' | 'last' | 'drop'): [string[], number | undefined] => {
      const reassembler = new FragmentReassembler({ overlap });
      const results = [
        reassembler.add(fragment(version, 64, b, true), 0n, 1),
        reassembler.add(fragment(version, 32, other, false), 1n, 2),
        reassembler.add(fragment(version, 0, a, false), 2n, 3),
      ];
      const done = results.at(-1);
      return [kinds(results), done?.kind === 'whole' ? done.packet.bytes.at(-b.length) : undefined];
    };
    expect(run('first')).toEqual([['held', 'held', 'whole'], b[0]]);
    expect(run('last')).toEqual([['held', 'held', 'whole'], 0xee]);
    expect(run('drop')).toEqual([['held', 'lost overlap', 'held'], undefined]);
  });

  test('beyond what a packet can hold, or past its own end: lost', () => {
    const reassembler = new FragmentReassembler();
    const data = new Uint8Array(64);
    expect(kinds([reassembler.add(fragment(version, 65_528, data, true), 0n, 1)])).toEqual(['lost oversized']);
    expect(
      kinds([
        reassembler.add(fragment(version, 8, data, true, 5), 0n, 2),
        reassembler.add(fragment(version, 128, data, false, 5), 0n, 3),
      ]),
    ).toEqual(['held', 'lost inconsistent']);
    expect(reassembler.lost).toMatchObject({ oversized: 1, inconsistent: 1 });
  });

  test('time by stamps, and limits: the oldest are given up', () => {
    const data = new Uint8Array(8);
    const slow = new FragmentReassembler({ timeoutNs: 1000n });
    slow.add(fragment(version, 0, data, false, 1), 0n, 1);
    slow.add(fragment(version, 0, data, false, 2), 2000n, 2);
    expect([slow.pending, slow.lost.timeout]).toEqual([1, 1]);
    const small = new FragmentReassembler({ maxPackets: 10 });
    for (let id = 0; id < 1000; id++) small.add(fragment(version, 0, data, false, id), BigInt(id), id);
    expect([small.pending, small.lost.limit]).toEqual([10, 990]);
  });

  test('what is no fragment is none of its business', () => {
    expect(new FragmentReassembler().add(decodePacket(datagram(version, 10).whole, 'raw'), 0n, 1)).toBeUndefined();
  });
});

test('what no length field can say is oversized: data and header together', () => {
  const reassembler = new FragmentReassembler();
  const head = fragment(4, 0, new Uint8Array(65_504), false, 1);
  const end = (size: number): Packet => fragment(4, 65_504, new Uint8Array(size), true, 1);
  expect(kinds([reassembler.add(head, 0n, 1), reassembler.add(end(11), 0n, 2)])).toEqual(['held', 'whole']);
  expect(kinds([reassembler.add(head, 0n, 1), reassembler.add(end(12), 0n, 2)])).toEqual(['held', 'lost oversized']);
});

test('linux: what is there already is passed over, whatever it says; what overlaps in part drops the packet', () => {
  const reassembler = new FragmentReassembler({ overlap: 'linux' });
  const add = (id: number, start: number, size: number, isLast: boolean): FragmentResult | undefined =>
    reassembler.add(fragment(4, start, new Uint8Array(size).fill(start), isLast, id), 0n, 1);
  expect(kinds([add(1, 0, 64, false), add(1, 8, 16, false), add(1, 64, 8, true)])).toEqual(['held', 'held', 'whole']);
  expect(kinds([add(2, 0, 64, false), add(2, 56, 16, false)])).toEqual(['held', 'lost overlap']);
});

test('fragments that do not count are refused by name', () => {
  const reassembler = new FragmentReassembler();
  const whole = encodeIpv4({ ...ENDS4, protocol: 17, id: 9, flags: 1 }, new Uint8Array(64));
  const results = [
    reassembler.add(fragment(4, 0, new Uint8Array(12), false), 0n, 1),
    reassembler.add(fragment(4, 8, new Uint8Array(0), true), 0n, 2),
    reassembler.add(decodePacket(whole.subarray(0, 40), 'raw', { wireLength: whole.length }), 0n, 3),
  ];
  expect(results.map((result) => result?.kind === 'refused' && result.why)).toEqual(['misaligned', 'empty', 'cut']);
  expect(reassembler.pending).toBe(0);
});

test('a TCP header cut in two, which filters do not see (RFC 1858), is told', () => {
  const reassembler = new FragmentReassembler();
  const part = (start: number, size: number, isLast: boolean): FragmentResult | undefined => {
    const init = { ...ENDS4, protocol: 6, id: 3, fragmentOffset: start, flags: isLast ? 0 : 1 };
    return reassembler.add(decodePacket(encodeIpv4(init, new Uint8Array(size).fill(0x50)), 'raw'), 0n, 1);
  };
  part(0, 8, false);
  expect(part(8, 32, true)).toMatchObject({ kind: 'whole', packet: { tiny: true } });
});

test('a tunnel whose outer packet is cut: the first fragment shows the inner one, and is a fragment all the same', () => {
  const inner = datagram(4, 200).whole;
  const cutAt = (start: number, data: Uint8Array, isLast: boolean): Packet =>
    decodePacket(
      encodeIpv4({ ...ENDS4, protocol: 4, id: 5, fragmentOffset: start, flags: isLast ? 0 : 1 }, data),
      'raw',
    );
  const reassembler = new FragmentReassembler();
  reassembler.add(cutAt(0, inner.subarray(0, 104), false), 0n, 1);
  const done = reassembler.add(cutAt(104, inner.subarray(104), true), 0n, 2);
  expect(done?.kind === 'whole' && decodePacket(done.packet.bytes, 'raw').udp?.payload).toEqual(
    decodePacket(inner, 'raw').udp?.payload,
  );
});

test('VLANs are kept apart', () => {
  const reassembler = new FragmentReassembler();
  const { transport } = datagram(4, 100);
  const onVlan = (vlan: number, start: number, end: number): Packet => {
    const init = { ...ENDS4, protocol: 17, id: 5, fragmentOffset: start, flags: end < transport.length ? 1 : 0 };
    const ip = encodeIpv4(init, transport.subarray(start, end));
    const macs = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
    return decodePacket(encodeEthernet({ ...macs, etherType: 0x8100 }, encodeVlan({ vlan, etherType: 0x800 }, ip)));
  };
  const results = [onVlan(1, 0, 64), onVlan(2, 64, 108), onVlan(1, 64, 108)].map((one) => reassembler.add(one, 0n, 1));
  expect(kinds(results)).toEqual(['held', 'held', 'whole']);
});

test('one fragment a thousand times costs memory too, and is given up', () => {
  const reassembler = new FragmentReassembler({ maxBytes: 10_000 });
  for (let i = 0; i < 1000; i++) reassembler.add(fragment(4, 0, new Uint8Array(8), false), 0n, i);
  expect(reassembler.lost.limit).toBeGreaterThan(5);
});

test('any fragments: it ends, within its memory', () => {
  const parts = fc.array(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 8 }), fc.boolean(), fc.nat(3)), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(parts, fc.constantFrom('first', 'last', 'drop', 'linux'), fc.boolean(), (given, overlap, six) => {
      const reassembler = new FragmentReassembler({ overlap, maxPackets: 2, maxBytes: 4000 });
      for (const [i, [start, length, isLast, id]] of given.entries()) {
        const data = new Uint8Array(length * 8).fill(i);
        const result = reassembler.add(fragment(six ? 6 : 4, start * 8, data, isLast, id), BigInt(i), i);
        if (result?.kind === 'whole') expect(decodePacket(result.packet.bytes, 'raw').fragment).toBeUndefined();
        expect(reassembler.pending).toBeLessThanOrEqual(3);
      }
    }),
  );
});
