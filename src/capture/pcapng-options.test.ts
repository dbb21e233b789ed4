/** Every block and option that has a name comes back as it was written, in both byte orders; others stay raw. */
import { describe, expect, test } from 'vitest';
import { concat } from '../core/index.ts';
import { type CaptureItem, PcapngWriter, readCapture, SECRETS_TLS } from './index.ts';

const INTERFACE = {
  linkType: 1,
  snapLen: 100,
  name: 'eth0',
  description: 'the first',
  os: 'Linux',
  hardware: 'a card',
  filter: 'tcp',
  comments: ['of an interface'],
  ipv4: ['10.0.0.1/24', '192.0.2.1/32'],
  ipv6: ['2001:db8::1/64'],
  hardwareAddress: '02:00:00:00:00:01',
  eui64: '02:00:00:ff:fe:00:00:01',
  speed: 10_000_000_000n,
  sendSpeed: 1n,
  receiveSpeed: 2n ** 63n,
  fcsBytes: 4,
} as const;

const PACKET = {
  t: 1_700_000_000_123_456_789n,
  bytes: Uint8Array.of(1, 2, 3, 4, 5),
  length: 60,
  direction: 'outbound',
  comments: ['one', 'two'],
  packetId: 7n,
  dropCount: 3n,
  hash: { algorithm: 2, data: Uint8Array.of(9, 8, 7, 6) },
  queue: 11,
  verdicts: [
    { type: 1, data: new Uint8Array(8) },
    { type: 0, data: Uint8Array.of(1) },
  ],
  process: { pid: 4711, tid: 4712 },
} as const;

function write(littleEndian: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes), {
    littleEndian,
    hardware: 'h',
    os: 'o',
    application: 'a',
  });
  const index = writer.addInterface(INTERFACE);
  writer.writePacket({ interface: index, ...PACKET });
  writer.writeSimplePacket(new Uint8Array(100).fill(6), 150);
  writer.writeNames([{ address: Uint8Array.of(10, 0, 0, 1), names: ['a.example', 'b.example'] }]);
  writer.writeSecrets(SECRETS_TLS, new TextEncoder().encode('CLIENT_RANDOM 00 11'));
  writer.writeCustom(32_473, Uint8Array.of(1, 2, 3));
  writer.writeCustom(32_473, Uint8Array.of(4), false);
  writer.writeBlock(0x7000, new Uint8Array(8));
  writer.writeStatistics({
    interface: index,
    t: 5n,
    start: 1n,
    end: 4n,
    received: 9n,
    dropped: 1n,
    accepted: 8n,
    osDropped: 2n,
    delivered: 6n,
    comments: ['end'],
  });
  return concat(parts);
}

describe.each([true, false])('little-endian %s', (littleEndian) => {
  const items = [...readCapture(write(littleEndian))];
  const of = <K extends CaptureItem['kind']>(kind: K): Extract<CaptureItem, { readonly kind: K }>[] =>
    items.filter((item): item is Extract<CaptureItem, { readonly kind: K }> => item.kind === kind);

  test('no fault, and nothing raw that has a name', () => {
    expect(of('fault')).toEqual([]);
    for (const item of [...of('interface'), ...of('packet')]) expect(item.options).toEqual([]);
  });

  test('interface', () => {
    const { linkType, snapLen, ...rest } = INTERFACE;
    expect(of('interface')).toMatchObject([{ linkType, snapLen, unitsPerSecond: 1_000_000_000n, ...rest }]);
  });

  test('packets', () => {
    const [enhanced, simple] = of('packet');
    expect(enhanced).toMatchObject({ ...PACKET, truncated: true });
    expect(simple).toMatchObject({ t: null, length: 150, truncated: true, bytes: new Uint8Array(100).fill(6) });
  });

  test('names, keys, custom and unknown blocks, statistics', () => {
    expect(of('names')[0]?.records).toEqual([
      { address: Uint8Array.of(10, 0, 0, 1), names: ['a.example', 'b.example'] },
    ]);
    expect(of('secrets')).toMatchObject([{ type: SECRETS_TLS, data: new TextEncoder().encode('CLIENT_RANDOM 00 11') }]);
    expect(of('custom')).toMatchObject([
      { enterprise: 32_473, data: Uint8Array.of(1, 2, 3, 0), mayCopy: true },
      { enterprise: 32_473, data: Uint8Array.of(4, 0, 0, 0), mayCopy: false },
    ]);
    expect(of('block')).toMatchObject([{ type: 0x7000, body: new Uint8Array(8), littleEndian }]);
    expect(of('statistics')).toMatchObject([
      { t: 5n, start: 1n, end: 4n, received: 9n, delivered: 6n, comments: ['end'] },
    ]);
  });

  test('cut at every byte: what is whole, then one fault that says where', () => {
    const file = write(littleEndian);
    for (let end = 12; end < file.length; end++) {
      const cut = [...readCapture(file.subarray(0, end))];
      const faults = cut.filter(({ kind }) => kind === 'fault');
      expect(faults.length).toBeLessThanOrEqual(1);
      expect(cut.slice(0, -1).map(({ kind }) => kind)).toEqual(items.slice(0, cut.length - 1).map(({ kind }) => kind));
    }
  });
});

test('a mask that is no prefix stays raw; a wrong argument is named', () => {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes));
  const odd = { code: 4, value: Uint8Array.of(10, 0, 0, 1, 255, 0, 255, 0) };
  writer.addInterface({ linkType: 1, options: [odd] });
  const [item] = [...readCapture(concat(parts))].filter(({ kind }) => kind === 'interface');
  expect(item).toMatchObject({ options: [odd] });
  expect(() => writer.addInterface({ linkType: 1, ipv4: ['10.0.0.300/24'] })).toThrow(/^ipv4: expected an address/);
  expect(() => writer.addInterface({ linkType: 1, ipv6: ['::1/129'] })).toThrow(/^prefix: expected a length up to 128/);
  expect(() => writer.addInterface({ linkType: 1, hardwareAddress: 'x' })).toThrow(/^address: expected 6 bytes/);
  expect(() => writer.writeSimplePacket(new Uint8Array(5), 9)).toThrow('bytes: expected 9, got 5');
});
