/** A template's packets are those that buildPacket makes of the same fields; wrong checksums stay when they are given. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPacket, decodePacket, PacketTemplate, verifyChecksums } from './index.ts';

const ETHERNET = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
const IPV4 = { src: '10.0.0.1', dst: '10.0.0.2', ttl: 9 };
const IPV6 = { src: '2001:db8::1', dst: '2001:db8::2' };
const port = fc.nat(65_535);
const payload = fc.uint8Array({ maxLength: 64 });

describe('what buildPacket makes', () => {
  test('TCP over IPv4 and Ethernet, with options', () => {
    const tcp = { srcPort: 1, dstPort: 2, options: [{ name: 'mss', mss: 1460 }] } as const;
    const template = new PacketTemplate({ ethernet: ETHERNET, ipv4: IPV4, tcp });
    fc.assert(
      fc.property(port, fc.nat(), fc.nat(255), fc.nat(65_535), payload, (srcPort, seq, flags, id, bytes) => {
        const built = template.build({ tcp: { srcPort, seq, flags }, ipv4: { id } }, bytes);
        const whole = { ...tcp, srcPort, seq, flags };
        expect(built).toEqual(buildPacket({ ethernet: ETHERNET, ipv4: { ...IPV4, id }, tcp: whole, payload: bytes }));
      }),
    );
  });

  test('UDP over IPv6, other addresses too', () => {
    const template = new PacketTemplate({ ipv6: IPV6, udp: { srcPort: 1, dstPort: 53 } });
    fc.assert(
      fc.property(port, fc.nat(255), payload, (srcPort, hopLimit, bytes) => {
        const built = template.build({ ipv6: { hopLimit, dst: '2001:db8::9' }, udp: { srcPort } }, bytes);
        const ipv6 = { ...IPV6, dst: '2001:db8::9', hopLimit };
        expect(built).toEqual(buildPacket({ ipv6, udp: { srcPort, dstPort: 53 }, payload: bytes }));
      }),
    );
  });
});

test('nothing changed: the template itself, and its own payload', () => {
  const init = { ipv4: IPV4, udp: { srcPort: 5, dstPort: 6 }, payload: Uint8Array.of(1, 2, 3) };
  const template = new PacketTemplate(init);
  expect(template.build()).toEqual(buildPacket(init));
  expect(template.headerBytes).toBe(28);
});

test('checksums that are given stay as they are', () => {
  const template = new PacketTemplate({ ipv4: IPV4, tcp: { srcPort: 5, dstPort: 6 } });
  const bytes = template.build({ tcp: { checksum: 0x1234 }, ipv4: { checksum: 1 } });
  const packet = decodePacket(bytes, 'raw');
  expect([packet.tcp?.checksum, packet.ipv4?.checksum]).toEqual([0x1234, 1]);
  expect(verifyChecksums(packet)).toEqual({ ip: 'bad', transport: 'bad' });
});

test('what the template has not is a mistake that names it', () => {
  const template = new PacketTemplate({ ipv4: IPV4, udp: { srcPort: 5, dstPort: 6 } });
  expect(() => template.build({ tcp: { seq: 1 } })).toThrow(
    'changes: expected ipv4 and udp, as the template has, got tcp',
  );
  expect(() => template.build({ udp: { seq: 1 } as object })).toThrow(
    'changes.udp: expected a field of the header, got seq',
  );
  expect(() => new PacketTemplate({ ipv4: IPV4, icmpv4: { type: 8 } })).toThrow(
    'init: expected ipv4 or ipv6, and tcp or udp',
  );
});
