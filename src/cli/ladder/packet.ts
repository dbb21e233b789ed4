/**
 * What a ladder says of one packet, read from its bytes: what it is for, its flags, sequence numbers relative to the
 * first of their direction (RFC 9293 §3.4: SYN is 0, the first data byte 1), its options.
 */
import type { Trace } from '../../trace/event.ts';
import { decodePacket, type Packet } from '../../wire/packet.ts';
import { TcpFlags } from '../../wire/tcp.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';
import type { PacketKind } from './glyphs.ts';

export interface PacketText {
  readonly kind: PacketKind;
  readonly protocol: 'tcp' | 'udp' | 'other';
  /** `SYN-ACK`, `PSH,ACK`, `UDP`. */
  readonly name: string;
  /** From the fullest to the barest. */
  readonly labels: readonly string[];
  /** What a SYN offers: `mss=1460 sackOK wscale=7`; from the fullest to the barest, empty when there is none. */
  readonly options: readonly string[];
  readonly source: string;
  readonly target: string;
  /** The same sequence numbers have been sent before. */
  readonly again: boolean;
}

/** Flag names in the order in which people say them. */
const FLAG_NAMES: readonly (readonly [mask: number, name: string])[] = [
  [TcpFlags.SYN, 'SYN'],
  [TcpFlags.FIN, 'FIN'],
  [TcpFlags.RST, 'RST'],
  [TcpFlags.PSH, 'PSH'],
  [TcpFlags.URG, 'URG'],
  [TcpFlags.ACK, 'ACK'],
  [TcpFlags.ECE, 'ECE'],
  [TcpFlags.CWR, 'CWR'],
  [TcpFlags.AE, 'AE'],
];

function flagsName(flags: number): string {
  const names = FLAG_NAMES.filter(([mask]) => (flags & mask) !== 0).map(([, name]) => name);
  if (names.length === 0) return 'none';
  const text = names.join(',');
  return text.startsWith('SYN,ACK') ? text.replace('SYN,ACK', 'SYN-ACK') : text;
}

function kindOf(flags: number, length: number): PacketKind {
  if ((flags & TcpFlags.RST) !== 0) return 'rst';
  if ((flags & TcpFlags.SYN) !== 0) return 'syn';
  if ((flags & TcpFlags.FIN) !== 0) return 'fin';
  return length > 0 ? 'data' : 'ack';
}

/** Long and short; null for those that are no offer (NOP, end). */
function optionText(option: TcpOption): readonly [full: string, short: string] | null {
  switch (option.name) {
    case 'mss':
      return [`mss=${option.mss}`, `mss=${option.mss}`];
    case 'windowScale':
      return [`wscale=${option.shift}`, `ws=${option.shift}`];
    case 'sackPermitted':
      return ['sackOK', 'sackOK'];
    case 'timestamps':
      return ['TS', 'TS'];
    case 'fastOpen':
      return ['TFO', 'TFO'];
    default:
      return null;
  }
}

function optionTexts(options: readonly TcpOption[]): string[] {
  const full: string[] = [];
  const short: string[] = [];
  for (const option of options) {
    const texts = optionText(option);
    if (texts === null) continue;
    full.push(texts[0]);
    short.push(texts[1]);
  }
  return full.length === 0 ? [] : [full.join(' '), short.join(' ')];
}

/** Texts of all packets of a trace, by packet number. A copy is read from the packet that it was made from. */
export function packetTexts(trace: Trace, absolute = false): Map<number, PacketText> {
  const texts = new Map<number, PacketText>();
  const bases = new SequenceBases();
  const sent = new Map<string, Set<string>>();
  const linkTypes = new Map(trace.header.links.map((link) => [link.id, link.linkType ?? RAW_IP]));
  for (const event of trace.events) {
    if (event.k === 'pkt.dup') {
      const original = texts.get(event.of);
      if (original !== undefined) texts.set(event.pkt, original);
    }
    if (event.k !== 'pkt.tx') continue;
    const packet = decodePacket(event.bytes, linkTypes.get(event.link) ?? RAW_IP);
    texts.set(event.pkt, describe(packet, event.len, bases, sent, absolute));
  }
  return texts;
}

/** Link type of packets that begin with their IP header. */
export const RAW_IP = 101;

/** The number that each direction of each connection counts from. */
export class SequenceBases {
  readonly #bases = new Map<string, number>();

  /** Take a segment's number into account. True when it begins a new connection of the same ports. */
  see(
    { there, back }: Directions,
    tcp: { readonly seq: number; readonly ack: number; readonly flags: number },
  ): boolean {
    const known = this.#bases.get(there);
    if ((tcp.flags & TcpFlags.SYN) !== 0) {
      this.#bases.set(there, tcp.seq);
      return known !== tcp.seq;
    }
    // A stream met in the middle counts from 1, as with tcpdump. A reset may have number 0 (RFC 9293 §3.5.2): no base.
    if ((tcp.flags & TcpFlags.RST) !== 0) return false;
    if (known === undefined) this.#bases.set(there, (tcp.seq - 1) >>> 0);
    if ((tcp.flags & TcpFlags.ACK) !== 0 && !this.#bases.has(back)) this.#bases.set(back, (tcp.ack - 1) >>> 0);
    return false;
  }

  get(direction: string): number | undefined {
    return this.#bases.get(direction);
  }
}

/** Names of a packet's own direction and of the other one. */
export interface Directions {
  readonly there: string;
  readonly back: string;
}

/** Both directions of a packet with ports. */
export function directionsOf(packet: Packet): Directions {
  const ports = packet.tcp ?? packet.udp;
  const source = `${packet.ip?.src} ${ports?.srcPort}`;
  const target = `${packet.ip?.dst} ${ports?.dstPort}`;
  return { there: `${source} ${target}`, back: `${target} ${source}` };
}

function describe(
  packet: Packet,
  size: number,
  bases: SequenceBases,
  sent: Map<string, Set<string>>,
  absolute: boolean,
): PacketText {
  const { ip, tcp, udp } = packet;
  const source = ip?.src ?? '';
  const target = ip?.dst ?? '';
  const common = { options: [], source, target, again: false };
  if (ip === undefined || tcp === undefined) {
    const ends = udp === undefined ? {} : endsOf(source, udp.srcPort, target, udp.dstPort);
    if (udp !== undefined) {
      return { ...common, ...ends, kind: 'data', protocol: 'udp', name: 'UDP', labels: [`UDP len=${udp.payloadSize}`] };
    }
    const name = packet.icmp !== undefined ? 'ICMP' : packet.arp !== undefined ? 'ARP' : 'packet';
    return { ...common, kind: 'other', protocol: 'other', name, labels: [`${name} ${size} B`, name] };
  }
  const { seq, ack, flags, srcPort, dstPort, options, payloadSize: length } = tcp;
  const directions = directionsOf(packet);
  const { there, back } = directions;
  const isSyn = (flags & TcpFlags.SYN) !== 0;
  if (bases.see(directions, tcp)) sent.delete(there);

  const sequenceLength = length + (isSyn || (flags & TcpFlags.FIN) !== 0 ? 1 : 0);
  const known = sent.get(there) ?? new Set<string>();
  const again = sequenceLength > 0 && known.has(`${seq} ${sequenceLength}`);
  if (sequenceLength > 0) known.add(`${seq} ${sequenceLength}`);
  sent.set(there, known);

  const shown = (value: number, base: number | undefined): number =>
    absolute || base === undefined ? value : (value - base) >>> 0;
  const name = flagsName(flags);
  const parts = [name, `seq=${shown(seq, bases.get(there))}`];
  if ((flags & TcpFlags.ACK) !== 0) parts.push(`ack=${shown(ack, bases.get(back))}`);
  if (length > 0) parts.push(`len=${length}`);
  const full = parts.join(' ');
  const labels = [full, ...(length > 0 ? [`${name} ${parts[1]} len=${length}`, `${name} len=${length}`] : []), name];
  return {
    ...common,
    kind: kindOf(flags, length),
    protocol: 'tcp',
    name,
    labels: again ? [...labels.map((label) => `${label} again`), ...labels.slice(-1)] : labels,
    options: isSyn ? optionTexts(options) : [],
    ...endsOf(source, srcPort, target, dstPort),
    again,
  };
}

function endsOf(source: string, srcPort: number, target: string, dstPort: number): { source: string; target: string } {
  const text = (address: string, port: number): string => `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return { source: text(source, srcPort), target: text(target, dstPort) };
}
