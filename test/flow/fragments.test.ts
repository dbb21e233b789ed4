/** Packets put together out of their fragments are those that tshark puts together. */
import { expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { Random, toHex } from '../../src/core/index.ts';
import { FragmentReassembler } from '../../src/flow/index.ts';
import { buildPacket, decodePacket, encodeFragment, encodeIpv4, encodeIpv6 } from '../../src/wire/index.ts';
import { type Frame, hasTshark, tsharkFields } from './tshark.ts';

const ENDS4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const ENDS6 = { src: '2001:db8::1', dst: '2001:db8::2' };

/** A datagram in fragments of any sizes. */
function cut(random: Random, version: 4 | 6, id: number): Uint8Array[] {
  const payload = Uint8Array.from({ length: random.between(20, 4000) }, () => random.below(256));
  const udp = { srcPort: 4000, dstPort: 40_000 };
  const whole = buildPacket(version === 4 ? { ipv4: ENDS4, udp, payload } : { ipv6: ENDS6, udp, payload });
  const transport = whole.subarray(version === 4 ? 20 : 40);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < transport.length; ) {
    const data = transport.subarray(at, at + 8 * random.between(1, 180));
    const more = at + data.length < transport.length ? 1 : 0;
    parts.push(
      version === 4
        ? encodeIpv4({ ...ENDS4, protocol: 17, id, fragmentOffset: at, flags: more }, data)
        : encodeIpv6(
            { ...ENDS6, nextHeader: 44 },
            encodeFragment({ nextHeader: 17, fragmentOffset: at, moreFragments: more, id }, data),
          ),
    );
    at += data.length;
  }
  return parts;
}

test.for([4, 6] as const)('IPv%i: mixed, shuffled, some lost', (version, context) => {
  if (!hasTshark) return context.skip('tshark is not installed');
  const random = new Random(5);
  const packets = Array.from({ length: 60 }, (_, i) => cut(random, version, i + 1))
    .flat()
    .filter(() => random.chance(0.98))
    .map((bytes) => ({ bytes, at: random.float() }))
    .sort((a, b) => a.at - b.at);
  const frames: Frame[] = packets.map(({ bytes }, i) => ({ t: BigInt(i) * 1_000_000n, bytes }));
  const field = version === 4 ? 'ip.reassembled.data' : 'ipv6.reassembled.data';
  const rows = tsharkFields(encodePcap(frames, { linkType: 101 }), [field, 'udp.srcport']);

  const reassembler = new FragmentReassembler();
  const ours = frames.map(({ t, bytes }, i) => {
    const result = reassembler.add(decodePacket(bytes, 'raw'), t, i + 1);
    return result?.kind === 'whole' ? toHex(result.packet.bytes.subarray(version === 4 ? 20 : 40)) : '';
  });
  expect(ours).toEqual(rows.map((row) => row[field]));
  expect(ours.filter((one) => one !== '').length).toBeGreaterThan(30);
  expect(reassembler.pending).toBeGreaterThan(0);
  return undefined;
});
