/** Packets of every link type, whole and cut. */
import { equal, fromHex } from '../../../src/core/index.ts';
import {
  decodePacket,
  describePacket,
  encodePacket,
  formatTree,
  type LinkType,
  type Packet,
  packetTree,
  verifyChecksums,
} from '../../../src/wire/index.ts';
import { allVectors } from '../../vectors/all.ts';
import { hold, shapeOf, type Target } from '../target.ts';

const LINK_TYPES: readonly LinkType[] = ['ethernet', 'raw', 'ipv4', 'ipv6', 'sll', 'sll2', 'null'];

export const packetTargets: readonly Target[] = LINK_TYPES.map((linkType) => ({
  name: `wire/${linkType}`,
  seeds: allVectors.filter((vector) => vector.linkType === linkType).map(({ hex }) => fromHex(hex)),
  run: (bytes) => {
    // As if the capture had cut it, too.
    checkPacket(bytes, decodePacket(bytes, linkType, { wireLength: bytes.length + 100 }));
    return checkPacket(bytes, decodePacket(bytes, linkType));
  },
}));

function checkPacket(bytes: Uint8Array, packet: Packet): string {
  const line = describePacket(packet);
  describePacket(packet, { verbose: true });
  const { ip, transport } = verifyChecksums(packet);
  JSON.stringify(packet);
  formatTree(packetTree(packet));
  hold(equal(encodePacket(packet), bytes), 'encoding what was decoded gives other bytes');
  for (const layer of packet.layers) {
    hold(
      layer.headerOffset <= layer.headerEnd && layer.headerEnd <= layer.payloadEnd && layer.payloadEnd <= bytes.length,
      `${layer.layer}: bounds ${layer.headerOffset} ${layer.headerEnd} ${layer.payloadEnd} of ${bytes.length} bytes`,
    );
  }
  const { fault } = packet;
  if (fault !== undefined) hold(fault.offset <= bytes.length, `fault at ${fault.offset} of ${bytes.length} bytes`);
  const layers = packet.layers.map(({ layer }) => layer).join('/');
  return `${layers} ${fault?.code} ${fault?.layer} ${fault?.field} ${ip} ${transport} ${shapeOf(line)}`;
}
