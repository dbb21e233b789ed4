/** Packets of every link type, whole and cut. */
import { equal, fromHex } from '../../../src/core/index.ts';
import {
  decodeByPort,
  decodePacket,
  describeMessage,
  describePacket,
  encodePacket,
  formatTree,
  type LinkType,
  type Packet,
  packetTree,
  verifyChecksums,
} from '../../../src/wire/index.ts';
import { allVectors } from '../../vectors/all.ts';
import { encodeMessage, messageVectors } from '../../vectors/messages.ts';
import { hold, shapeOf, type Target } from '../target.ts';

const LINK_TYPES: readonly LinkType[] = ['ethernet', 'raw', 'ipv4', 'ipv6', 'sll', 'sll2', 'null'];

/** Payloads by their ports: what is decoded is encoded to the same bytes, but for BER's many ways to write a length. */
export const messageTargets: readonly Target[] = [
  ...new Set(messageVectors.map(({ name }) => name.split(' ')[0]!)),
].map((protocol) => {
  const vectors = messageVectors.filter(({ name }) => name.startsWith(`${protocol} `));
  const [{ transport, port }] = vectors as [(typeof vectors)[number]];
  return {
    name: `wire/message-${protocol.toLowerCase()}`,
    seeds: vectors.map(({ payload }) => payload),
    run: (bytes) => {
      const message = decodeByPort(transport, 40_000, port, bytes);
      if (message === undefined) return 'nothing';
      if (!message.ok) return `${message.code} ${message.field}`;
      const again = encodeMessage(message);
      if (again !== undefined && message.kind !== 'snmp') {
        const whole = message.kind === 'http' ? bytes.subarray(0, message.size) : bytes;
        hold(equal(again, whole), 'encoding what was decoded gives other bytes');
      }
      return shapeOf(describeMessage(message));
    },
  };
});

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
