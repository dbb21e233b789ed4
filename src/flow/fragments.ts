/**
 * IP packets out of their fragments: IPv4 (RFC 791 §3.2, RFC 815) and IPv6 (RFC 8200 §4.5).
 *
 * What to do where fragments overlap is a choice that systems make differently, and that attackers use: it has a name
 * here. RFC 5722 forbids overlaps in IPv6 and says to drop the whole packet, which is `drop`.
 */
import { checksum, concat, equal, readU16, writeU16 } from '../core/index.ts';
import type { FragmentHeader, Ipv4Header, Ipv6Header, Packet } from '../wire/index.ts';

/** Of bytes that come twice: keep those that came first, or last, or drop the packet when they differ or overlap. */
export type OverlapPolicy = 'first' | 'last' | 'drop';

export interface FragmentOptions {
  /** `first` for IPv4 and `drop` for IPv6 when left out. */
  readonly overlap?: OverlapPolicy | undefined;
  /** Packets under way at most; the oldest is given up for a new one. */
  readonly maxPackets?: number | undefined;
  /** Bytes of fragments held at most. */
  readonly maxBytes?: number | undefined;
  /** How long a packet may take, by the stamps of its fragments, in ns; 30 s when left out (RFC 8200 §4.5 says 60). */
  readonly timeoutNs?: bigint | undefined;
}

/** A packet put together. */
export interface WholePacket {
  /** From the IP header on; owned. IPv4's checksum is made anew, IPv6 is without its fragment header. */
  readonly bytes: Uint8Array;
  readonly linkType: 'ipv4' | 'ipv6';
  /** Numbers of the fragments, in the order in which they came. */
  readonly frames: readonly number[];
  /** Some bytes came more than once. */
  readonly overlapped: boolean;
}

/** Why a packet will never be whole. */
export type FragmentLoss = 'overlap' | 'oversized' | 'inconsistent' | 'timeout' | 'limit';

export type FragmentResult =
  | { readonly kind: 'whole'; readonly packet: WholePacket }
  /** More are needed. */
  | { readonly kind: 'held' }
  | { readonly kind: 'lost'; readonly why: FragmentLoss };

const MAX_PACKET_BYTES = 65_535;
const DEFAULT_TIMEOUT_NS = 30_000_000_000n;
const MORE_FRAGMENTS = 0x2000;
/** Memory of one fragment besides its bytes. */
const OVERHEAD_BYTES = 100;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

interface Assembly {
  readonly key: string;
  readonly began: bigint;
  /** Everything before the fragmented part, from the first fragment. */
  head: Uint8Array | undefined;
  /** Where the whole ends, from the last fragment; -1 while unknown. */
  total: number;
  /** Sorted, without overlaps. */
  pieces: Piece[];
  bytes: number;
  isOverlapped: boolean;
  /** Further fragments are passed over until it is forgotten. */
  isDropped: boolean;
  readonly frames: number[];
}

export class FragmentReassembler {
  readonly #options: FragmentOptions;
  /** In the order in which they began. */
  readonly #assemblies = new Map<string, Assembly>();
  #bytes = 0;
  /** How many packets were given up, by reason. */
  readonly lost: Record<FragmentLoss, number> = { overlap: 0, oversized: 0, inconsistent: 0, timeout: 0, limit: 0 };

  constructor(options: FragmentOptions = {}) {
    this.#options = options;
  }

  /** Packets under way. */
  get pending(): number {
    return this.#assemblies.size;
  }

  /**
   * Take a packet that says it is a fragment.
   * @param packet decoded; its bytes are copied
   * @param t its stamp in ns; time runs by stamps alone
   * @param frame its number, for `frames`
   * @returns undefined for a packet that is no fragment, or whose capture was cut
   */
  add(packet: Packet, t: bigint, frame: number): FragmentResult | undefined {
    const part = partOf(packet);
    if (part === undefined) return undefined;
    this.#expire(t);
    const assembly = this.#assemblyOf(part.key, t);
    assembly.frames.push(frame);
    if (assembly.isDropped) return { kind: 'held' };
    const why = this.#place(assembly, part);
    if (why !== undefined) return this.#drop(assembly, why);
    const whole = finish(assembly, part.version);
    if (whole === undefined) {
      this.#limit(assembly);
      return { kind: 'held' };
    }
    this.#forget(assembly);
    return { kind: 'whole', packet: whole };
  }

  #assemblyOf(key: string, t: bigint): Assembly {
    let assembly = this.#assemblies.get(key);
    if (assembly === undefined) {
      assembly = {
        key,
        began: t,
        head: undefined,
        total: -1,
        pieces: [],
        bytes: 0,
        isOverlapped: false,
        isDropped: false,
        frames: [],
      };
      this.#assemblies.set(key, assembly);
    }
    return assembly;
  }

  #place(assembly: Assembly, part: Part): FragmentLoss | undefined {
    const end = part.start + part.data.length;
    if (end > MAX_PACKET_BYTES) return 'oversized';
    if (part.isLast) {
      if (assembly.total >= 0 && assembly.total !== end) return 'inconsistent';
      assembly.total = end;
    }
    const last = assembly.pieces.at(-1);
    const reach = Math.max(end, last === undefined ? 0 : last.start + last.bytes.length);
    if (assembly.total >= 0 && reach > assembly.total) return 'inconsistent';
    if (part.start === 0 && assembly.head === undefined) assembly.head = part.head;
    const policy = this.#options.overlap ?? (part.version === 6 ? 'drop' : 'first');
    const held = assembly.bytes;
    const isOverlapping = insert(assembly, { start: part.start, bytes: part.data.slice() }, policy);
    this.#bytes += assembly.bytes - held;
    return isOverlapping && policy === 'drop' ? 'overlap' : undefined;
  }

  #drop(assembly: Assembly, why: FragmentLoss): FragmentResult {
    this.lost[why]++;
    // RFC 5722 §4: fragments that come later are dropped too, so it stays known until its time is over.
    this.#bytes -= assembly.bytes;
    Object.assign(assembly, { isDropped: true, pieces: [], bytes: 0, head: undefined });
    return { kind: 'lost', why };
  }

  #forget(assembly: Assembly): void {
    this.#assemblies.delete(assembly.key);
    this.#bytes -= assembly.bytes;
  }

  #expire(t: bigint): void {
    const timeout = this.#options.timeoutNs ?? DEFAULT_TIMEOUT_NS;
    for (const assembly of this.#assemblies.values()) {
      if (t - assembly.began <= timeout) return;
      if (!assembly.isDropped) this.lost.timeout++;
      this.#forget(assembly);
    }
  }

  #limit(newest: Assembly): void {
    const { maxPackets = 1024, maxBytes = 4 << 20 } = this.#options;
    for (const assembly of this.#assemblies.values()) {
      const held = this.#bytes + this.#assemblies.size * OVERHEAD_BYTES;
      if (this.#assemblies.size <= maxPackets && held <= maxBytes) return;
      if (assembly === newest && this.#assemblies.size > 1) continue;
      if (!assembly.isDropped) this.lost.limit++;
      this.#forget(assembly);
    }
  }
}

/** One fragment, read. */
interface Part {
  readonly key: string;
  readonly version: 4 | 6;
  /** Where its data stands in the whole, in bytes behind the head. */
  readonly start: number;
  readonly data: Uint8Array;
  readonly isLast: boolean;
  /** What stands before the data; of use from the fragment at 0. */
  readonly head: Uint8Array;
}

function partOf(packet: Packet): Part | undefined {
  const { ip, fragment } = packet;
  if (ip === undefined || fragment === undefined || ip.truncated) return undefined;
  return ip.layer === 'ipv4' ? partOfIpv4(ip) : partOfIpv6(packet, ip);
}

function partOfIpv4(ip: Ipv4Header): Part | undefined {
  const { bytes, headerOffset, headerEnd, payloadEnd } = ip;
  const isLast = (ip.flags & 1) === 0;
  // RFC 791 §3.2: all but the last are multiples of eight bytes.
  if (payloadEnd === headerEnd || (!isLast && (payloadEnd - headerEnd) % 8 !== 0)) return undefined;
  return {
    key: `4 ${ip.srcValue} ${ip.dstValue} ${ip.protocol} ${ip.id}`,
    version: 4,
    start: ip.fragmentOffset,
    data: bytes.subarray(headerEnd, payloadEnd),
    isLast,
    head: bytes.slice(headerOffset, headerEnd),
  };
}

function partOfIpv6(packet: Packet, ip: Ipv6Header): Part | undefined {
  const header = packet.find('fragment') as FragmentHeader | undefined;
  if (header === undefined) return undefined;
  const { bytes, headerOffset } = ip;
  const isLast = header.moreFragments === 0;
  const data = bytes.subarray(header.headerEnd, ip.payloadEnd);
  if (data.length === 0 || (!isLast && data.length % 8 !== 0)) return undefined;
  const head = bytes.slice(headerOffset, header.headerOffset);
  writeNextHeader(packet, ip, head, header.nextHeader);
  return { key: `6 ${ip.src} ${ip.dst} ${header.id}`, version: 6, start: header.fragmentOffset, data, isLast, head };
}

/** RFC 8200 §4.5: the last header before the fragment header gets its next-header value. */
function writeNextHeader(packet: Packet, ip: Ipv6Header, head: Uint8Array, next: number): void {
  const index = packet.layers.findIndex(({ layer }) => layer === 'fragment');
  const before = packet.layers[index - 1];
  const at = before === undefined || before === ip ? 6 : before.headerOffset - ip.headerOffset;
  head[at] = next;
}

/** Put a piece among the others. @returns whether it covers bytes that were there */
function insert(assembly: Assembly, piece: Piece, policy: OverlapPolicy): boolean {
  const end = piece.start + piece.bytes.length;
  const others = assembly.pieces.filter(({ start, bytes }) => start < end && start + bytes.length > piece.start);
  if (others.length === 0) {
    add(assembly, piece);
    return false;
  }
  const [only] = others;
  // The same fragment once more, as networks repeat them, is no overlap (RFC 8200 §4.5).
  if (others.length === 1 && only!.start === piece.start && equal(only!.bytes, piece.bytes)) return false;
  assembly.isOverlapped = true;
  if (policy === 'drop') return true;
  if (policy === 'last') {
    for (const other of others) replaceBy(assembly, other, outside(other, piece.start, end));
    add(assembly, piece);
  } else {
    let parts = [piece];
    for (const { start, bytes } of others) parts = parts.flatMap((part) => outside(part, start, start + bytes.length));
    for (const part of parts) add(assembly, part);
  }
  return true;
}

function add(assembly: Assembly, piece: Piece): void {
  const at = assembly.pieces.findIndex(({ start }) => start > piece.start);
  if (at < 0) assembly.pieces.push(piece);
  else assembly.pieces.splice(at, 0, piece);
  assembly.bytes += piece.bytes.length;
}

function replaceBy(assembly: Assembly, piece: Piece, parts: readonly Piece[]): void {
  assembly.pieces.splice(assembly.pieces.indexOf(piece), 1, ...parts);
  assembly.bytes += parts.reduce((sum, { bytes }) => sum + bytes.length, 0) - piece.bytes.length;
}

/** What of a piece lies before `from` and behind `to`. */
function outside(piece: Piece, from: number, to: number): Piece[] {
  const end = piece.start + piece.bytes.length;
  const parts: Piece[] = [];
  if (piece.start < from) {
    parts.push({ start: piece.start, bytes: piece.bytes.subarray(0, Math.min(end, from) - piece.start) });
  }
  if (end > to) {
    const start = Math.max(piece.start, to);
    parts.push({ start, bytes: piece.bytes.subarray(start - piece.start) });
  }
  return parts;
}

/** The whole, when nothing is missing. */
function finish(assembly: Assembly, version: 4 | 6): WholePacket | undefined {
  const { head, total, pieces, frames, isOverlapped } = assembly;
  if (head === undefined || total < 0) return undefined;
  let at = 0;
  for (const { start, bytes } of pieces) {
    if (start !== at) return undefined;
    at += bytes.length;
  }
  if (at !== total) return undefined;
  const bytes = concat([head, ...pieces.map((piece) => piece.bytes)]);
  if (version === 4) {
    writeU16(bytes, 2, bytes.length);
    writeU16(bytes, 6, readU16(bytes, 6) & ~MORE_FRAGMENTS & 0xe000);
    writeU16(bytes, 10, 0);
    writeU16(bytes, 10, checksum(bytes.subarray(0, head.length)));
  } else writeU16(bytes, 4, bytes.length - 40);
  return { bytes, linkType: version === 4 ? 'ipv4' : 'ipv6', frames, overlapped: isOverlapped };
}
