/**
 * What a page does with the portable rooms, and a Node process as well: decode, verify, encode again, write and read a
 * capture, filter. All of it as text, so that the two can be compared.
 */
import { formatPrefix, networkOf, parsePrefix } from 'barewire/addr';
import { CaptureReader, compiled, compileFilter, PcapngWriter, packetFilter } from 'barewire/capture';
import { decodePacket, describePacket, encodePacket, type LinkType, verifyChecksums } from 'barewire/wire';
import { allVectors } from '../vectors/all.ts';

export interface Report {
  readonly packets: readonly string[];
  readonly capture: readonly string[];
  readonly filters: readonly string[];
  /** Which way a filter took: a page's policy may forbid to make code of text. */
  readonly filterKind: 'compiled' | 'interpreted';
  readonly network: string;
}

export function makeReport(): Report {
  const packets = allVectors.map(({ hex, linkType }) => ({ bytes: fromHex(hex), linkType: linkType as LinkType }));
  return {
    packets: packets.map(({ bytes, linkType }) => onePacket(bytes, linkType)),
    capture: throughAFile(packets.map(({ bytes }) => bytes)),
    filters: ['tcp port 80 or udp port 53', 'ip6 and not icmp6', 'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0'].map(
      (text) => {
        const keep = packetFilter(compileFilter(text).program);
        return packets.map(({ bytes }) => (keep(bytes, bytes.length) > 0 ? '1' : '0')).join('');
      },
    ),
    filterKind: mayCompile() ? 'compiled' : 'interpreted',
    network: formatPrefix(networkOf(parsePrefix('2001:db8::1/32'))),
  };
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

function onePacket(bytes: Uint8Array, linkType: LinkType): string {
  const packet = decodePacket(bytes, linkType);
  const again = encodePacket(packet);
  const isSame = again.length === bytes.length && again.every((byte, i) => byte === bytes[i]);
  const { ip, transport } = verifyChecksums(packet);
  return `${describePacket(packet, { verbose: true })} ${ip} ${transport} ${isSame}`;
}

function throughAFile(packets: readonly Uint8Array[]): string[] {
  const reader = new CaptureReader();
  const lines: string[] = [];
  const writer = new PcapngWriter((chunk) => {
    for (const item of reader.push(chunk)) if (item.kind === 'packet') lines.push(`${item.t} ${item.bytes.join()}`);
  });
  writer.addInterface({ linkType: 1 });
  for (const [i, bytes] of packets.entries()) writer.writePacket({ interface: 0, t: BigInt(i), bytes });
  return lines;
}

function mayCompile(): boolean {
  try {
    compiled(compileFilter('ip').program);
    return true;
  } catch {
    return false;
  }
}
