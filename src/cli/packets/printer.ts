/** A packet as lines for people: tcpdump's line, the tree of its fields, its bytes. */
import { TcpAnalyser } from '../../flow/index.ts';
import {
  type DescribeOptions,
  decodePacket,
  describePacket,
  formatTree,
  hexDump,
  type Packet,
  packetTree,
  printableBytes,
} from '../../wire/index.ts';
import { printable } from '../text.ts';
import { notesText } from './notes.ts';
import { SequenceNumbers } from './sequence.ts';
import { PacketTimes, type TimeForm } from './time.ts';

/** What is printed of a packet, whether it comes from a file or from an interface. */
export interface ShownPacket {
  readonly t: bigint | null;
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly linkType: number;
  readonly comments?: readonly string[];
  /** Shown before the packet where several interfaces are captured: `eth0 In`. */
  readonly place?: string | undefined;
}

/** `-x` hexadecimal, `-X` with characters, `-A` characters; `xx` and `XX` with the link header. */
export type ByteForm = 'none' | 'x' | 'xx' | 'X' | 'XX' | 'A';

export interface PrinterOptions {
  readonly time: TimeForm;
  readonly nanoseconds: boolean;
  /** Sequence numbers as they are on the wire. */
  readonly absolute: boolean;
  /** The link header. */
  readonly link: boolean;
  /** The fields of the IP header, checksums that are wrong, comments. */
  readonly verbose: boolean;
  /** Less: ends and length. */
  readonly quiet: boolean;
  /** The tree of all fields below the line. */
  readonly tree: boolean;
  readonly bytes: ByteForm;
  /** The packet's number in front. */
  readonly numbers: boolean;
  /** What is remarkable about a TCP segment. */
  readonly notes: boolean;
}

export class PacketPrinter {
  readonly #options: PrinterOptions;
  readonly #times: PacketTimes;
  readonly #numbers = new SequenceNumbers();
  readonly #analyser: TcpAnalyser | undefined;

  constructor(options: PrinterOptions) {
    this.#options = options;
    this.#times = new PacketTimes(options.time, options.nanoseconds);
    this.#analyser = options.notes ? new TcpAnalyser() : undefined;
  }

  /**
   * The lines of one packet, each with its newline.
   * @param number counted from 1
   */
  print(shown: ShownPacket, number: number): string {
    const options = this.#options;
    const packet = decodePacket(shown.bytes, shown.linkType, { wireLength: shown.length });
    const head = `${options.numbers ? `${String(number).padStart(5)}  ` : ''}${this.#times.next(shown.t)}`;
    const place = shown.place === undefined ? '' : `${shown.place} `;
    const analysis = this.#analyser?.add(packet, shown.t ?? 0n, shown.length, number);
    const notes = analysis === undefined ? '' : notesText(analysis);
    const lines = [`${head}${place}${printable(this.#line(packet, shown.length))}${notes}`];
    if (options.verbose || options.tree) {
      for (const comment of shown.comments ?? []) lines.push(`    # ${printable(comment)}`);
    }
    if (options.tree) lines.push(...formatTree(packetTree(packet), 1).map((line) => printable(line)));
    lines.push(...byteLines(packet, options.bytes));
    return `${lines.join('\n')}\n`;
  }

  #line(packet: Packet, length: number): string {
    const { verbose, link, quiet, absolute } = this.#options;
    if (quiet) return quietLine(packet);
    const options = { verbose, tcp: absolute ? {} : this.#numbers.of(packet) };
    return link ? lineWithLink(packet, length, options) : describePacket(packet, { ...options, link: false });
  }
}

/** What tcpdump calls the commonest types, and the word that it leaves out behind them. */
const ETHERTYPES: ReadonlyMap<number, readonly [name: string, word: string]> = new Map([
  [0x0800, ['IPv4', 'IP ']],
  [0x0806, ['ARP', 'ARP, ']],
  [0x86dd, ['IPv6', 'IP6 ']],
]);

/** `02:… > 02:…, ethertype IPv4 (0x0800), length 74: 10.0.0.1.80 > …` */
function lineWithLink(packet: Packet, length: number, options: DescribeOptions): string {
  const { ethernet } = packet;
  const named = ethernet === undefined ? undefined : ETHERTYPES.get(ethernet.etherType);
  if (ethernet === undefined || named === undefined) return describePacket(packet, { ...options, link: true });
  const [name, word] = named;
  const type = ethernet.etherType.toString(16).padStart(4, '0');
  const line = describePacket(packet, { ...options, link: false });
  const rest = line.startsWith(word) ? line.slice(word.length) : line;
  return `${ethernet.src} > ${ethernet.dst}, ethertype ${name} (0x${type}), length ${length}: ${rest}`;
}

/** `IP 10.0.0.1.80 > 10.0.0.2.4000: tcp 20`; what has no ports is short anyhow. */
function quietLine(packet: Packet): string {
  const { ip, tcp, udp } = packet;
  const ports = tcp ?? udp;
  if (ip === undefined || ports === undefined) return describePacket(packet);
  const name = ip.layer === 'ipv4' ? 'IP' : 'IP6';
  const size = packet.payloadEnd - packet.payloadOffset;
  const said = tcp === undefined ? `UDP, length ${size}` : `tcp ${size}`;
  return `${name} ${ip.src}.${ports.srcPort} > ${ip.dst}.${ports.dstPort}: ${said}`;
}

function byteLines(packet: Packet, form: ByteForm): string[] {
  if (form === 'none') return [];
  // tcpdump's doubled letters show the link header too.
  const whole = form === 'xx' || form === 'XX';
  const start = whole ? 0 : (packet.layers.find(({ layer }) => !LINK_LAYERS.has(layer))?.headerOffset ?? 0);
  const bytes = packet.bytes.subarray(start, packet.end);
  if (form === 'A') return [asciiOf(bytes)];
  return hexDump(bytes, { plain: form === 'x' || form === 'xx' }).map((line) => `\t${line}`);
}

const LINK_LAYERS: ReadonlySet<string> = new Set(['ethernet', 'vlan', 'sll', 'sll2', 'null']);

/** As tcpdump: lines and tabs are kept, a CR at the end of a line is not; the rest that cannot be shown is a dot. */
function asciiOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let from = 0; from <= bytes.length; ) {
    const found = bytes.indexOf(LF, from);
    const end = found < 0 ? bytes.length : found;
    const isCut = end > from && bytes[end - 1] === CR;
    lines.push(withTabs(bytes.subarray(from, isCut ? end - 1 : end)));
    from = end + 1;
  }
  return lines.join('\n');
}

function withTabs(bytes: Uint8Array): string {
  const text = printableBytes(bytes);
  return bytes.includes(TAB) ? Array.from(text, (shown, i) => (bytes[i] === TAB ? '\t' : shown)).join('') : text;
}

const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
