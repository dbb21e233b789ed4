/**
 * What a ladder says of one packet, read from its bytes: what it is for, its flags, sequence numbers relative to the
 * first of their direction (RFC 9293 §3.4: SYN is 0, the first data byte 1), its options.
 */
import type { Trace } from '../../trace/event.ts';
import { decodeIpv4 } from '../../wire/ipv4.ts';
import { decodeTcp, TcpFlags } from '../../wire/tcp.ts';
import type { TcpOption } from '../../wire/tcp-options.ts';
import { decodeUdp } from '../../wire/udp.ts';
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
  readonly payload: Uint8Array;
  readonly source: string;
  readonly target: string;
  /** The same sequence numbers have been sent before. */
  readonly again: boolean;
}

export interface Segment {
  readonly srcPort: number;
  readonly dstPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly options: readonly TcpOption[];
}

/** The layers that a ladder reads, whatever the link. */
export interface ReadPacket {
  readonly src: string;
  readonly dst: string;
  readonly tcp?: Segment;
  readonly udp?: { readonly srcPort: number; readonly dstPort: number };
  readonly protocol: number;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** Read an IP packet; null when it is none. */
export function readPacket(bytes: Uint8Array): ReadPacket | null {
  const ip = decodeIpv4(bytes);
  if (!ip.ok) return null;
  const { src, dst, protocol } = ip;
  if (protocol === 6) {
    const tcp = decodeTcp(bytes, ip.headerEnd, ip.payloadEnd, ip.claimedEnd);
    return tcp.ok ? { src, dst, protocol, tcp, payload: tcp.payload } : { src, dst, protocol, payload: NOTHING };
  }
  if (protocol === 17) {
    const udp = decodeUdp(bytes, ip.headerEnd, ip.payloadEnd, ip.claimedEnd);
    return udp.ok ? { src, dst, protocol, udp, payload: udp.payload } : { src, dst, protocol, payload: NOTHING };
  }
  return { src, dst, protocol, payload: ip.payload };
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

function optionTexts(options: readonly TcpOption[]): string[] {
  const full: string[] = [];
  const short: string[] = [];
  for (const option of options) {
    if (option.name === 'mss') full.push(`mss=${option.mss}`), short.push(`mss=${option.mss}`);
    else if (option.name === 'windowScale') full.push(`wscale=${option.shift}`), short.push(`ws=${option.shift}`);
    else if (option.name === 'sackPermitted') full.push('sackOK'), short.push('sackOK');
    else if (option.name === 'timestamps') full.push('TS'), short.push('TS');
    else if (option.name === 'fastOpen') full.push('TFO'), short.push('TFO');
  }
  return full.length === 0 ? [] : [full.join(' '), short.join(' ')];
}

/** Texts of all packets of a trace, by packet number. A copy is read from the packet that it was made from. */
export function packetTexts(trace: Trace, absolute = false): Map<number, PacketText> {
  const texts = new Map<number, PacketText>();
  const bases = new Map<string, number>();
  const highest = new Map<string, Set<string>>();
  for (const event of trace.events) {
    if (event.k === 'pkt.dup') {
      const original = texts.get(event.of);
      if (original !== undefined) texts.set(event.pkt, original);
    }
    if (event.k !== 'pkt.tx') continue;
    const packet = readPacket(event.bytes);
    texts.set(event.pkt, describe(packet, event.len, bases, highest, absolute));
  }
  return texts;
}

function describe(
  packet: ReadPacket | null,
  size: number,
  bases: Map<string, number>,
  sent: Map<string, Set<string>>,
  absolute: boolean,
): PacketText {
  const length = packet?.payload.length ?? 0;
  const source = packet?.src ?? '';
  const target = packet?.dst ?? '';
  const common = { options: [], payload: packet?.payload ?? NOTHING, source, target, again: false };
  if (packet?.tcp === undefined) {
    if (packet?.udp !== undefined) {
      return { ...common, kind: 'data', protocol: 'udp', name: 'UDP', labels: [`UDP len=${length}`] };
    }
    const name = packet === null ? 'packet' : packet.protocol === 1 || packet.protocol === 58 ? 'ICMP' : `IP ${packet.protocol}`;
    return { ...common, kind: 'other', protocol: 'other', name, labels: [`${name} len=${size}`, name] };
  }
  const { seq, ack, flags, srcPort, dstPort, options } = packet.tcp;
  const there = `${source} ${srcPort} ${target} ${dstPort}`;
  const back = `${target} ${dstPort} ${source} ${srcPort}`;
  const isSyn = (flags & TcpFlags.SYN) !== 0;
  const isRst = (flags & TcpFlags.RST) !== 0;
  if (isSyn) {
    if (bases.get(there) !== seq) sent.delete(there);
    bases.set(there, seq);
  }
  // A stream met in the middle counts from 1, as tcpdump does. The number of a reset may be 0 (RFC 9293 §3.5.2): no base.
  else if (!isRst && !bases.has(there)) bases.set(there, (seq - 1) >>> 0);

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
    source: `${source}:${srcPort}`,
    target: `${target}:${dstPort}`,
    again,
  };
}
