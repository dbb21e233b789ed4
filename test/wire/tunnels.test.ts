/** Tunnels: fields, options and tags come out as sent, and headers that contradict themselves are faults. */
import { describe, expect, test } from 'vitest';
import { fromHex } from '../../src/core/index.ts';
import {
  buildPacket,
  decodeGeneve,
  decodeGre,
  decodeLlc,
  decodePacket,
  decodePppoe,
  decodeVxlan,
  encodeEthernet,
  encodeGre,
  encodeVxlan,
  fieldsOf,
  geneveTable,
  greTable,
  llcTable,
  mplsTable,
  type Packet,
  pppoeTable,
  vxlanTable,
} from '../../src/wire/index.ts';
import { tunnelVectors } from '../vectors/tunnels.ts';

function packetOf(name: string): Packet {
  const vector = tunnelVectors.find((one) => one.name === name);
  if (vector === undefined) throw new Error(`no vector '${name}'`);
  return decodePacket(fromHex(vector.hex), vector.linkType);
}

test('the innermost IP and transport, the outermost frame', () => {
  const packet = packetOf('VXLAN');
  expect([packet.ip?.src, packet.udp?.dstPort, packet.layers.map(({ layer }) => layer)]).toEqual([
    '10.0.0.1',
    9,
    ['ipv4', 'udp', 'vxlan', 'ethernet', 'ipv4', 'udp'],
  ]);
  expect(packetOf('VXLAN with ARP').arp?.targetAddress).toBe('10.0.0.2');
});

describe('GRE', () => {
  test('RFC 2784 §2.1, RFC 2890 §2: what the first bits announce', () => {
    const gre = packetOf('GRE with checksum, key and sequence number').find('gre');
    expect([gre?.key, gre?.sequence, gre?.reserved1, gre?.checksumState]).toEqual([100, 5, 0, 'good']);
    const damaged = encodeGre({ protocol: 0x800, checksum: 1 }, Uint8Array.of(1, 2, 3));
    expect(decodeGre(damaged)).toMatchObject({ checksum: 1, checksumState: 'bad', key: undefined });
  });

  test('version 1, source routes and cut headers are faults', () => {
    expect(decodeGre(fromHex('3001880b'))).toMatchObject({ code: 'UNSUPPORTED', field: 'version', have: 1 });
    expect(decodeGre(fromHex('40000800'))).toMatchObject({ code: 'UNSUPPORTED', field: 'routingPresent' });
    const bytes = encodeGre({ protocol: 0x800, checksum: 0, key: 1, sequence: 2 });
    for (let end = 0; end < 16; end++) expect(decodeGre(bytes, 0, end)).toMatchObject({ code: 'TRUNCATED' });
  });
});

describe('PPPoE', () => {
  test('RFC 2516 appendix A: tags; padding is none', () => {
    const pppoe = packetOf('PPPoE discovery: PADI').find('pppoe');
    expect(pppoe?.tags).toEqual([
      { type: 0x101, data: new Uint8Array(0) },
      { type: 0x103, data: fromHex('0badcafe') },
    ]);
    const cut = decodePppoe(fromHex('110900000006 0101 0003 6162'.replaceAll(' ', '')));
    expect(cut.ok && cut.tags).toMatchObject({ code: 'TRUNCATED', field: 'tag', need: 7, have: 6 });
  });

  test('RFC 2516 §4: version, type and length', () => {
    expect(decodePppoe(fromHex('210000010000'))).toMatchObject({ code: 'BAD_VERSION' });
    expect(decodePppoe(fromHex('110000010001'))).toMatchObject({ code: 'BAD_LENGTH', need: 1, have: 0 });
    for (let end = 0; end < 6; end++) {
      expect(decodePppoe(fromHex('110000010000'), 0, end)).toMatchObject({ code: 'TRUNCATED' });
    }
  });
});

test('MPLS: a stack without a bottom, or with nothing below it, is a fault', () => {
  const frame = (hex: string): Packet =>
    decodePacket(
      encodeEthernet({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02', etherType: 0x8847 }, fromHex(hex)),
    );
  expect(frame('0001003f').fault).toMatchObject({ code: 'TRUNCATED', layer: 'mpls', field: 'header' });
  expect(frame('0001013f').fault).toMatchObject({ code: 'TRUNCATED', layer: 'mpls', field: 'payload' });
  expect(frame('0001013f00000000').fault).toBeUndefined();
  expect(frame('0001003f'.repeat(40)).fault?.code).toBe('TOO_MANY');
});

test('IEEE 802.3 §3.2.6: a length past the end of the frame is a fault; numbered frames have two control bytes', () => {
  const ends = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
  expect(decodePacket(encodeEthernet({ ...ends, etherType: 9 }, fromHex('424203'))).fault).toMatchObject({
    code: 'BAD_LENGTH',
    field: 'etherType',
    need: 9,
    have: 3,
  });
  expect(packetOf('802.3 with LLC, numbered').find('llc')?.control2).toBe(5);
  expect(decodeLlc(fromHex('f0f000'))).toMatchObject({ code: 'TRUNCATED', field: 'control2' });
});

describe('VXLAN and Geneve', () => {
  test('RFC 7348 §5: without the VNI bit there is none; at the port it stays data', () => {
    const bytes = encodeVxlan({ vni: 5, flags: 0 });
    expect(decodeVxlan(bytes)).toMatchObject({ code: 'BAD_VALUE', field: 'flags' });
    for (let end = 0; end < 8; end++) expect(decodeVxlan(bytes, 0, end)).toMatchObject({ code: 'TRUNCATED' });
    const ends = { src: '192.0.2.1', dst: '192.0.2.2' };
    const packet = decodePacket(buildPacket({ ipv4: ends, udp: { srcPort: 1, dstPort: 4789 }, payload: bytes }), 'raw');
    expect([packet.fault, packet.payload]).toEqual([undefined, bytes]);
  });

  test('RFC 8926 §3.5: options', () => {
    const geneve = packetOf('Geneve with options').find('geneve');
    expect(geneve?.options).toEqual([
      { name: 'option', optionClass: 0x102, type: 0x80, data: fromHex('00010002') },
      { name: 'option', optionClass: 0x103, type: 1, data: new Uint8Array(0) },
    ]);
    expect(decodeGeneve(fromHex('4000655800000a00'))).toMatchObject({ code: 'BAD_VERSION' });
    expect(decodeGeneve(fromHex('0100655800000a00'))).toMatchObject({ code: 'BAD_LENGTH', need: 12, have: 8 });
    const odd = decodeGeneve(fromHex('0100655800000a00 01020001'.replace(' ', '')));
    expect(odd.ok && odd.options).toMatchObject([{ name: 'malformed' }]);
    for (let end = 0; end < 8; end++) {
      expect(decodeGeneve(geneve!.header, 0, end)).toMatchObject({ code: 'TRUNCATED' });
    }
  });
});

test('every table covers its header', () => {
  for (const table of [greTable, mplsTable, pppoeTable, llcTable, vxlanTable, geneveTable]) {
    const bits = fieldsOf<never>(table as never).reduce((sum, { width }) => sum + width, 0);
    expect(bits).toBe(8 * table.fixedBytes);
  }
});

test('IEEE 802.1ad: several tags, the outermost first, are announced as service tags but for the last', () => {
  const bytes = buildPacket({
    ethernet: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
    vlan: [{ vlan: 100 }, { vlan: 7, priority: 5 }],
    ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
    udp: { srcPort: 1, dstPort: 2 },
  });
  const { layers } = decodePacket(bytes, 'ethernet');
  expect(layers.map(({ layer }) => layer)).toEqual(['ethernet', 'vlan', 'vlan', 'ipv4', 'udp']);
  expect(layers.slice(0, 3).map((layer) => ('etherType' in layer ? layer.etherType : 0))).toEqual([
    0x88a8, 0x8100, 0x0800,
  ]);
  expect(() => buildPacket({ vlan: { vlan: 1 } })).toThrow('init: expected ethernet around vlan, got none');
});
