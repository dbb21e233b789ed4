/**
 * TCP header (RFC 9293 §3.1), flags as RFC 3168 §6.1 (ECE, CWR) and RFC 9768 (AE, once NS) extend them. The options
 * have a file of their own: tcp-options.ts.
 */
import { writeU16 } from '../core/bytes.ts';
import { checksum } from '../core/checksum.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { flags, type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { IpProtocol } from './iana/protocols.ts';
import { type PseudoAddresses, pseudoSum } from './pseudo.ts';
import { decodeTcpOptions, describeTcpOptions, encodeTcpOptions, type TcpOption } from './tcp-options.ts';

/** The fixed part, in the order of the wire. */
export interface TcpFields {
  /** Source port. RFC 9293 §3.1 */
  srcPort: number;
  /** Destination port. RFC 9293 §3.1 */
  dstPort: number;
  /** Sequence number of the first data byte; with SYN the initial one, and data begins after it. RFC 9293 §3.1, §3.4 */
  seq: number;
  /** Next sequence number the sender expects; means something with ACK. RFC 9293 §3.1 */
  ack: number;
  /** Header length in 32-bit words, options included: 5…15. RFC 9293 §3.1 */
  dataOffsetWords: number;
  /** Three bits without a meaning, kept as they came. RFC 9293 §3.1 */
  reserved: number;
  /** Control bits: see `TcpFlags`. RFC 9293 §3.1, RFC 3168 §6.1, RFC 9768 §3.1.1 */
  flags: number;
  /** Receive window as written: bytes after a shift by the window scale, unshifted with SYN. RFC 7323 §2.2 */
  window: number;
  /** Over pseudo header, header and data. RFC 9293 §3.1 */
  checksum: number;
  /** Urgent pointer: means something with URG. RFC 9293 §3.8.5, RFC 6093 */
  urgent: number;
}

/** Masks for `flags`. */
export const TcpFlags = {
  FIN: 0x001,
  SYN: 0x002,
  RST: 0x004,
  PSH: 0x008,
  ACK: 0x010,
  URG: 0x020,
  ECE: 0x040,
  CWR: 0x080,
  /** Accurate ECN (RFC 9768); RFC 3540 called the bit NS. */
  AE: 0x100,
} as const;

export const tcpTable: HeaderTable<TcpFields> = headerTable<TcpFields>('tcp', 'RFC 9293 §3.1', 20, {
  srcPort: uint(0, 16, '§3.1'),
  dstPort: uint(16, 16, '§3.1'),
  seq: uint(32, 32, '§3.1, §3.4'),
  ack: uint(64, 32, '§3.1'),
  dataOffsetWords: uint(96, 4, '§3.1'),
  reserved: uint(100, 3, '§3.1'),
  flags: flags(103, 9, '§3.1, RFC 3168 §6.1, RFC 9768 §3.1.1', TcpFlags),
  window: uint(112, 16, '§3.1, RFC 7323 §2.2'),
  checksum: uint(128, 16, '§3.1'),
  urgent: uint(144, 16, '§3.1, §3.8.5'),
});

/** tcpdump's letters, in its order. */
const flagLetters: readonly (readonly [number, string])[] = [
  [TcpFlags.FIN, 'F'],
  [TcpFlags.SYN, 'S'],
  [TcpFlags.RST, 'R'],
  [TcpFlags.PSH, 'P'],
  [TcpFlags.ACK, '.'],
  [TcpFlags.URG, 'U'],
  [TcpFlags.ECE, 'E'],
  [TcpFlags.CWR, 'W'],
  [TcpFlags.AE, 'e'],
];

/** Every combination, made once: 512 texts. */
const flagTexts: readonly string[] = Array.from({ length: 512 }, (_, bits) => {
  const text = flagLetters.map(([mask, letter]) => ((bits & mask) === 0 ? '' : letter)).join('');
  return text === '' ? 'none' : text;
});

/**
 * Flags as tcpdump prints them: `S`, `S.`, `P.`, `F.`, `R`, `.`, `none`.
 * @example
 * ```ts
 * import { TcpFlags, tcpFlagsText } from 'barewire/wire';
 * tcpFlagsText(TcpFlags.SYN | TcpFlags.ACK); // 'S.'
 * ```
 */
export function tcpFlagsText(bits: number): string {
  return flagTexts[bits & 0x1ff]!;
}

const TcpView: ViewClass<TcpFields> = viewClass(tcpTable);

/** A decoded TCP header; see `HeaderView` for how long it is good. */
export class TcpHeader extends TcpView {
  get layer(): 'tcp' {
    return 'tcp';
  }

  /** Decoded on each call: keep the result. Byte arrays in it are copies. */
  get options(): readonly TcpOption[] {
    return decodeTcpOptions(this.bytes, this.headerOffset + 20, this.headerEnd);
  }

  /** Sequence numbers that the segment takes up: its data, SYN and FIN (SEG.LEN of RFC 9293 §3.4). */
  get sequenceLength(): number {
    const bits = this.flags;
    return this.payloadSize + ((bits >>> 1) & 1) + (bits & 1);
  }
}

/**
 * Decode one TCP header (RFC 9293 §3.1); options when asked for.
 * @param bytes borrowed, read-only; may hold more than this segment
 * @param offset where the header begins
 * @param end where the captured segment ends
 * @param claimedEnd where the segment ends by the IP header, when the capture was cut
 * @returns a view: host-order numbers, good until you reuse `bytes`
 * Faults: TRUNCATED (need, have); BAD_LENGTH (data offset under 5 words or past the end)
 * @example
 * ```ts
 * import { decodeTcp, encodeTcp, TcpFlags } from 'barewire/wire';
 * const tcp = decodeTcp(encodeTcp({ srcPort: 40000, dstPort: 80, flags: TcpFlags.SYN }));
 * if (tcp.ok) console.log(tcp.dstPort); // 80
 * ```
 */
export function decodeTcp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): TcpHeader | DecodeFault {
  if (end - offset < 20) return fault('TRUNCATED', 'tcp', 'header', offset, 20, end - offset);
  const words = bytes[offset + 12]! >>> 4;
  if (words < 5) return fault('BAD_LENGTH', 'tcp', 'dataOffsetWords', offset + 12, 5, words);
  const headerEnd = offset + 4 * words;
  if (headerEnd > claimedEnd) {
    return fault('BAD_LENGTH', 'tcp', 'dataOffsetWords', offset + 12, 4 * words, claimedEnd - offset);
  }
  if (headerEnd > end) return fault('TRUNCATED', 'tcp', 'options', offset + 20, 4 * words, end - offset);
  return new TcpHeader(bytes, offset, headerEnd, end, claimedEnd);
}

/** What `encodeTcp` needs; the rest is filled in, or kept when given. */
export interface TcpInit extends Partial<TcpFields> {
  srcPort: number;
  dstPort: number;
  options?: readonly TcpOption[];
}

/**
 * Encode header, options and data as one segment.
 * @param payload copied
 * @param addresses for the checksum; without them it is left 0 unless `init.checksum` is given
 * @returns newly made bytes; `dataOffsetWords` and `checksum` are computed where `init` does not give them, so a decoded
 * header gives its own bytes again, wrong checksum and all
 */
export function encodeTcp(init: TcpInit, payload?: Uint8Array, addresses?: PseudoAddresses): Uint8Array {
  const options = init.options === undefined || init.options.length === 0 ? undefined : encodeTcpOptions(init.options);
  const headerBytes = 20 + (options?.length ?? 0);
  const bytes = new Uint8Array(headerBytes + (payload?.length ?? 0));
  if (options !== undefined) bytes.set(options, 20);
  if (payload !== undefined) bytes.set(payload, headerBytes);
  writeTcpFields(init, bytes, 0, headerBytes);
  if (init.checksum === undefined && addresses !== undefined) {
    const sum = pseudoSum(addresses, IpProtocol.TCP, bytes.length);
    writeU16(bytes, 16, checksum(bytes, 0, bytes.length, sum));
  }
  return bytes;
}

const table = tcpTable.fields;

/** Write the fixed part at `offset`; the checksum is `init.checksum` or 0. For senders that lay out a packet in place. */
export function writeTcpFields(init: TcpInit, bytes: Uint8Array, offset: number, headerBytes: number = 20): void {
  table.srcPort.write(bytes, offset, init.srcPort);
  table.dstPort.write(bytes, offset, init.dstPort);
  table.seq.write(bytes, offset, init.seq ?? 0);
  table.ack.write(bytes, offset, init.ack ?? 0);
  table.dataOffsetWords.write(bytes, offset, init.dataOffsetWords ?? headerBytes >>> 2);
  table.reserved.write(bytes, offset, init.reserved ?? 0);
  table.flags.write(bytes, offset, init.flags ?? 0);
  table.window.write(bytes, offset, init.window ?? 0xffff);
  table.checksum.write(bytes, offset, init.checksum ?? 0);
  table.urgent.write(bytes, offset, init.urgent ?? 0);
}

/** What is subtracted from sequence and acknowledgement numbers before printing: the initial ones make them relative. */
export interface TcpDescribeBase {
  readonly seqBase?: number;
  readonly ackBase?: number;
}

/**
 * One segment in tcpdump's words: `Flags [S.], seq 1, ack 2, win 64240, options [mss 1460], length 0`.
 * @param base for relative numbers; SACK blocks are printed as they are
 */
export function describeTcp(tcp: TcpHeader, base?: TcpDescribeBase): string {
  const bits = tcp.flags;
  const length = tcp.payloadSize;
  let text = `Flags [${tcpFlagsText(bits)}]`;
  const seq = (tcp.seq - (base?.seqBase ?? 0)) >>> 0;
  if (length > 0) text += `, seq ${seq}:${(seq + length) >>> 0}`;
  else if ((bits & (TcpFlags.SYN | TcpFlags.FIN | TcpFlags.RST)) !== 0) text += `, seq ${seq}`;
  if ((bits & TcpFlags.ACK) !== 0) text += `, ack ${(tcp.ack - (base?.ackBase ?? 0)) >>> 0}`;
  text += `, win ${tcp.window}`;
  if ((bits & TcpFlags.URG) !== 0) text += `, urg ${tcp.urgent}`;
  if (tcp.headerEnd - tcp.headerOffset > 20) text += `, options [${describeTcpOptions(tcp.options, base?.ackBase)}]`;
  return `${text}, length ${length}`;
}
