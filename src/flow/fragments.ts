/**
 * IP packets out of their fragments: IPv4 (RFC 791 §3.2, RFC 815) and IPv6 (RFC 8200 §4.5).
 *
 * What to do where fragments overlap is a choice that systems make differently, and that attackers use: it has a name
 * here. RFC 5722 forbids overlaps in IPv6 and says to drop the whole packet, which is `drop`.
 */
import { checksum, concat, equal, readU16, writeU16 } from '../core/index.ts';
import type { FragmentHeader, Ipv4Header, Ipv6Header, Packet } from '../wire/index.ts';

/**
 * Of bytes that come twice: keep those that came first, or last, or `drop` the packet, unless the whole fragment came
 * twice (RFC 8200 §4.5). `linux` drops it too, but passes over a fragment whose bytes are all there, whatever they say.
 */
export type OverlapPolicy = 'first' | 'last' | 'drop' | 'linux';

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
  /** Of TCP, and cut so that filters see no whole header (RFC 1858 §3, §4). */
  readonly tiny: boolean;
}

/** Why a packet will never be whole. */
export type FragmentLoss = 'overlap' | 'oversized' | 'inconsistent' | 'timeout' | 'limit';

/** Why a fragment is passed over: no data, not a multiple of eight bytes though more follow, or cut by the capture. */
export type FragmentRefusal = 'empty' | 'misaligned' | 'cut';

export type FragmentResult =
  | { readonly kind: 'whole'; readonly packet: WholePacket }
  /** More are needed. */
  | { readonly kind: 'held' }
  /** This one does not count. */
  | { readonly kind: 'refused'; readonly why: FragmentRefusal }
  | { readonly kind: 'lost'; readonly why: FragmentLoss };

const MAX_PACKET_BYTES = 65_535;
const IPV6_HEADER_BYTES = 40;
const TCP = 6;
const TCP_HEADER_BYTES = 20;
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
  isTiny: boolean;
  /** Further fragments are passed over until it is forgotten. */
  isDropped: boolean;
  frames: number[];
}

/** Many small fragments, or one many times, cost memory too. */
function costOf({ bytes, frames }: Assembly): number {
  return bytes + frames.length * OVERHEAD_BYTES;
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
   * @returns undefined for a packet that is no fragment
   */
  add(packet: Packet, t: bigint, frame: number): FragmentResult | undefined {
    const part = partOf(packet);
    if (part === undefined) return undefined;
    if (typeof part === 'string') return { kind: 'refused', why: part };
    this.#expire(t);
    const assembly = this.#assemblyOf(part.key, t);
    if (assembly.isDropped) return { kind: 'held' };
    assembly.frames.push(frame);
    this.#bytes += OVERHEAD_BYTES;
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
        isTiny: false,
        isDropped: false,
        frames: [],
      };
      this.#assemblies.set(key, assembly);
    }
    return assembly;
  }

  #place(assembly: Assembly, part: Part): FragmentLoss | undefined {
    const end = part.start + part.data.length;
    // What the length field of the whole counts besides the data: IPv4's header, IPv6's extension headers.
    const counted = part.head.length - (part.version === 6 ? IPV6_HEADER_BYTES : 0);
    if (counted + end > MAX_PACKET_BYTES) return 'oversized';
    if (part.isTiny) assembly.isTiny = true;
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
    return isOverlapping && (policy === 'drop' || policy === 'linux') ? 'overlap' : undefined;
  }

  #drop(assembly: Assembly, why: FragmentLoss): FragmentResult {
    this.lost[why]++;
    // RFC 5722 §4: fragments that come later are dropped too, so it stays known until its time is over.
    this.#bytes -= costOf(assembly);
    Object.assign(assembly, { isDropped: true, pieces: [], bytes: 0, head: undefined, frames: [] });
    return { kind: 'lost', why };
  }

  #forget(assembly: Assembly): void {
    this.#assemblies.delete(assembly.key);
    this.#bytes -= costOf(assembly);
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
  readonly isTiny: boolean;
  /** What stands before the data; of use from the fragment at 0. */
  readonly head: Uint8Array;
}

function partOf(packet: Packet): Part | FragmentRefusal | undefined {
  const part = outermostPart(packet);
  if (part === undefined || typeof part === 'string') return part;
  if (part.data.length === 0) return 'empty';
  // RFC 791 §3.2, RFC 8200 §4.5: all but the last are multiples of eight bytes.
  return !part.isLast && part.data.length % 8 !== 0 ? 'misaligned' : part;
}

/** In a tunnel, the first fragment of the packet around it shows the packet inside: what was cut is the outer one. */
function outermostPart(packet: Packet): Part | 'cut' | undefined {
  let ip: Ipv6Header | undefined;
  // The same private addresses and numbers may be in use on several VLANs.
  let vlans = '';
  for (const layer of packet.layers) {
    if (layer.layer === 'vlan') vlans += ` ${layer.vlan}`;
    else if (layer.layer === 'ipv6') ip = layer;
    else if (layer.layer === 'ipv4') {
      if (layer.isFragment) return layer.truncated ? 'cut' : partOfIpv4(layer, vlans);
    } else if (layer.layer === 'fragment' && ip !== undefined) {
      // RFC 6946: offset 0 and no more fragments is a whole packet.
      if (layer.moreFragments === 0 && layer.fragmentOffset === 0) continue;
      return ip.truncated ? 'cut' : partOfIpv6(packet, ip, layer, vlans);
    }
  }
  return undefined;
}

function partOfIpv4(ip: Ipv4Header, vlans: string): Part {
  const { bytes, headerOffset, headerEnd, payloadEnd } = ip;
  const data = bytes.subarray(headerEnd, payloadEnd);
  const isLast = (ip.flags & 1) === 0;
  return {
    key: `4 ${ip.srcValue} ${ip.dstValue} ${ip.protocol} ${ip.id}${vlans}`,
    version: 4,
    start: ip.fragmentOffset,
    data,
    isLast,
    isTiny: isTiny(ip.protocol, ip.fragmentOffset, data.length, isLast),
    head: bytes.slice(headerOffset, headerEnd),
  };
}

function partOfIpv6(packet: Packet, ip: Ipv6Header, header: FragmentHeader, vlans: string): Part {
  const { bytes, headerOffset } = ip;
  const isLast = header.moreFragments === 0;
  const data = bytes.subarray(header.headerEnd, ip.payloadEnd);
  const head = bytes.slice(headerOffset, header.headerOffset);
  writeNextHeader(packet, ip, header, head);
  return {
    key: `6 ${ip.src} ${ip.dst} ${header.id}${vlans}`,
    version: 6,
    start: header.fragmentOffset,
    data,
    isLast,
    isTiny: isTiny(header.nextHeader, header.fragmentOffset, data.length, isLast),
    head,
  };
}

function isTiny(protocol: number, start: number, size: number, isLast: boolean): boolean {
  return protocol === TCP && (start === 0 ? !isLast && size < TCP_HEADER_BYTES : start < TCP_HEADER_BYTES);
}

/** RFC 8200 §4.5: the last header before the fragment header gets its next-header value. */
function writeNextHeader(packet: Packet, ip: Ipv6Header, header: FragmentHeader, head: Uint8Array): void {
  const before = packet.layers[packet.layers.indexOf(header) - 1];
  const at = before === undefined || before === ip ? 6 : before.headerOffset - ip.headerOffset;
  head[at] = header.nextHeader;
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
  if (policy === 'linux') return !covers(others, piece.start, end);
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

/** Whether sorted pieces have every byte from `from` to `to`. */
function covers(pieces: readonly Piece[], from: number, to: number): boolean {
  let at = from;
  for (const { start, bytes } of pieces) {
    if (start > at) return false;
    at = start + bytes.length;
  }
  return at >= to;
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
  const { head, total, pieces, frames, isOverlapped, isTiny: tiny } = assembly;
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
  return { bytes, linkType: version === 4 ? 'ipv4' : 'ipv6', frames, overlapped: isOverlapped, tiny };
}
