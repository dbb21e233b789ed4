/** Where a packet's network header begins and how its protocol is told, by link type; and what `vlan`, `mpls` change. */
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
} from '../link-types.ts';
import { always, and, type Condition, type Graph, type Load, loadAt, never, not, or, TESTS } from './graph.ts';
import { ALU, ANCILLARY_VLAN_TAG, ANCILLARY_VLAN_TAG_PRESENT, AND, B, H, K, W } from './program.ts';
import type { Span } from './syntax.ts';

const ETHERTYPE_IP = 0x0800;
const ETHERTYPE_IP6 = 0x86dd;
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100] as const;
const ETHERTYPE_MPLS = 0x8847;
const ETHERTYPE_PPPOE_DISCOVERY = 0x8863;
const ETHERTYPE_PPPOE_SESSION = 0x8864;
const PPP_IP = 0x0021;
const PPP_IP6 = 0x0057;
/** The largest number in an EtherType's place that is a length (IEEE 802.3). */
const LARGEST_LENGTH = 1500;

/** How the network protocol stands in the packet. */
type Protocol =
  /** An EtherType at an offset. */
  | { readonly kind: 'ethertype'; readonly at: number; readonly mayBeLength: boolean }
  /** The version in the first half-byte of the header itself; `bottomAt`: the MPLS byte that says it is the last label. */
  | { readonly kind: 'version'; readonly bottomAt: number | undefined }
  | { readonly kind: 'ppp'; readonly at: number }
  /** BSD's address family: the 32-bit number that stands for each. */
  | { readonly kind: 'family'; readonly ip: number; readonly ip6: readonly number[] }
  | { readonly kind: 'fixed'; readonly type: number };

export interface LinkOptions {
  /** Running in Linux's kernel: outer VLAN tags are taken out of the packet and known beside it. */
  readonly isLive: boolean;
}

/** The link layer at one point of an expression: `vlan` and the like move what follows them. */
export class LinkLayer {
  readonly #graph: Graph;
  readonly linkType: number;
  readonly #isLive: boolean;
  #protocol: Protocol;
  #networkAt: number;
  #vlans = 0;

  /** @throws RangeError for a link type without network packets that filters know */
  constructor(graph: Graph, linkType: number, { isLive }: LinkOptions) {
    const known = LAYOUTS.get(linkType);
    if (known === undefined) throw new RangeError(`linkType: expected one that filters know, got ${linkType}`);
    this.#graph = graph;
    this.linkType = linkType;
    this.#isLive = isLive;
    [this.#networkAt, this.#protocol] = known;
  }

  /** Offset of the network header from the packet's first byte. */
  get networkAt(): number {
    return this.#networkAt;
  }

  get isEthernet(): boolean {
    return this.linkType === LINKTYPE_ETHERNET;
  }

  /** Whether an IPv4 or IPv6 header may be here at all. */
  ip(span: Span): Condition {
    return this.#network(ETHERTYPE_IP, 0x40, PPP_IP, span);
  }

  ip6(span: Span): Condition {
    return this.#network(ETHERTYPE_IP6, 0x60, PPP_IP6, span);
  }

  #network(ethertype: number, version: number, ppp: number, span: Span): Condition {
    const protocol = this.#protocol;
    switch (protocol.kind) {
      case 'ethertype':
        return this.#is(loadAt(H, protocol.at), ethertype, span);
      case 'version': {
        const isVersion = this.#is(masked(loadAt(B, this.#networkAt), 0xf0), version, span);
        if (protocol.bottomAt === undefined) return isVersion;
        return and(this.#graph.test(loadAt(B, protocol.bottomAt), TESTS.bits, 1, span), isVersion);
      }
      case 'ppp':
        return this.#is(loadAt(H, protocol.at), ppp, span);
      case 'family': {
        const families = ethertype === ETHERTYPE_IP ? [protocol.ip] : protocol.ip6;
        return or(...families.map((family) => this.#is(loadAt(W, 0), family, span)));
      }
      case 'fixed':
        return protocol.type === ethertype ? always : never;
    }
  }

  /** `ether proto N`. */
  etherType(type: number, span: Span): Condition {
    if (type === ETHERTYPE_IP) return this.ip(span);
    if (type === ETHERTYPE_IP6) return this.ip6(span);
    const protocol = this.#protocol;
    if (protocol.kind === 'ppp') return this.#is(loadAt(H, protocol.at), type, span);
    if (protocol.kind !== 'ethertype') return never;
    if (type > LARGEST_LENGTH || !protocol.mayBeLength) return this.#is(loadAt(H, protocol.at), type, span);
    return this.sap(type, span);
  }

  /** An 802.2 service access point behind an Ethernet length: `ether proto stp`. */
  sap(sap: number, span: Span): Condition {
    const protocol = this.#protocol;
    if (protocol.kind !== 'ethertype' || !protocol.mayBeLength) return never;
    const isLength = not(this.#graph.test(loadAt(H, protocol.at), TESTS.greater, LARGEST_LENGTH, span));
    // ISO and NetBEUI stand in both the destination's and the source's place.
    const isBoth = sap === 0xfe || sap === 0xf0;
    const load = isBoth ? loadAt(H, protocol.at + 2) : loadAt(B, protocol.at + 2);
    return and(isLength, this.#is(load, isBoth ? (sap << 8) | sap : sap, span));
  }

  /** Six bytes at the source's or the destination's place of an Ethernet header. */
  hardwareAddress(direction: 'src' | 'dst', mac: Uint8Array, span: Span): Condition | undefined {
    const at = this.isEthernet
      ? direction === 'dst'
        ? 0
        : 6
      : this.linkType === LINKTYPE_LINUX_SLL && direction === 'src'
        ? 6
        : undefined;
    if (at === undefined) return undefined;
    const [a, b, c, d, e, f] = mac as unknown as readonly [number, number, number, number, number, number];
    return and(
      this.#is(loadAt(W, at + 2), ((c << 24) | (d << 16) | (e << 8) | f) >>> 0, span),
      this.#is(loadAt(H, at), (a << 8) | b, span),
    );
  }

  /** Linux's packet type, where the captured header has it. */
  packetType(type: number, span: Span): Condition | undefined {
    if (this.linkType === LINKTYPE_LINUX_SLL) return this.#is(loadAt(H, 0), type, span);
    if (this.linkType === LINKTYPE_LINUX_SLL2) return this.#is(loadAt(B, 10), type, span);
    return undefined;
  }

  /** `vlan`, `vlan ID`: from here on everything is behind the tag. undefined where there are no tags. */
  vlan(id: number | undefined, span: Span): Condition | undefined {
    if (this.#protocol.kind !== 'ethertype' || !this.isEthernet) return undefined;
    if (this.#isLive && this.#vlans++ === 0) {
      const isTagged = not(this.#is(loadAt(B, ANCILLARY_VLAN_TAG_PRESENT), 0, span));
      if (id === undefined) return isTagged;
      return and(isTagged, this.#is(masked(loadAt(H, ANCILLARY_VLAN_TAG), 0x0fff), id, span));
    }
    const { at } = this.#protocol;
    const isTagged = or(...VLAN_TYPES.map((type) => this.#is(loadAt(H, at), type, span)));
    this.#protocol = { kind: 'ethertype', at: at + 4, mayBeLength: true };
    this.#networkAt += 4;
    if (id === undefined) return isTagged;
    return and(isTagged, this.#is(masked(loadAt(H, at + 2), 0x0fff), id, span));
  }

  /** `mpls`, `mpls LABEL`: what follows is behind the label; again for the next label of a stack. */
  mpls(label: number | undefined, span: Span): Condition | undefined {
    const protocol = this.#protocol;
    const at = this.#networkAt;
    let isLabelled: Condition;
    if (protocol.kind === 'ethertype') isLabelled = this.#is(loadAt(H, protocol.at), ETHERTYPE_MPLS, span);
    else if (protocol.kind === 'version' && protocol.bottomAt !== undefined) {
      isLabelled = not(this.#graph.test(loadAt(B, protocol.bottomAt), TESTS.bits, 1, span));
    } else return undefined;
    this.#networkAt = at + 4;
    this.#protocol = { kind: 'version', bottomAt: at + 2 };
    if (label === undefined) return isLabelled;
    return and(isLabelled, this.#is(masked(loadAt(W, at), 0xffff_f000), (label << 12) >>> 0, span));
  }

  pppoeDiscovery(span: Span): Condition | undefined {
    if (this.#protocol.kind !== 'ethertype') return undefined;
    return this.#is(loadAt(H, this.#protocol.at), ETHERTYPE_PPPOE_DISCOVERY, span);
  }

  /** `pppoes`, `pppoes SESSION`: what follows is inside the session. */
  pppoeSession(session: number | undefined, span: Span): Condition | undefined {
    const protocol = this.#protocol;
    if (protocol.kind !== 'ethertype') return undefined;
    const at = this.#networkAt;
    const isSession = this.#is(loadAt(H, protocol.at), ETHERTYPE_PPPOE_SESSION, span);
    this.#protocol = { kind: 'ppp', at: at + 6 };
    this.#networkAt = at + 8;
    return session === undefined ? isSession : and(isSession, this.#is(loadAt(H, at + 2), session, span));
  }

  #is(load: Load, value: number, span: Span): Condition {
    return this.#graph.test(load, TESTS.equal, value, span);
  }
}

/** A load and a mask over it. */
export function masked(load: Load, mask: number): Load {
  return mask >>> 0 === 0xffff_ffff ? load : [...load, { code: ALU + AND + K, jt: 0, jf: 0, k: mask >>> 0 }];
}

const swapped = (family: number): number => (family << 24) >>> 0;
/** AF_INET6 as Linux, the BSDs and macOS number it. */
const AF_INET6 = [10, 24, 28, 30] as const;

const LAYOUTS: ReadonlyMap<number, readonly [networkAt: number, protocol: Protocol]> = new Map<
  number,
  readonly [number, Protocol]
>([
  [LINKTYPE_ETHERNET, [14, { kind: 'ethertype', at: 12, mayBeLength: true }]],
  [LINKTYPE_LINUX_SLL, [16, { kind: 'ethertype', at: 14, mayBeLength: false }]],
  [LINKTYPE_LINUX_SLL2, [20, { kind: 'ethertype', at: 0, mayBeLength: false }]],
  [LINKTYPE_RAW, [0, { kind: 'version', bottomAt: undefined }]],
  [LINKTYPE_IPV4, [0, { kind: 'fixed', type: ETHERTYPE_IP }]],
  [LINKTYPE_IPV6, [0, { kind: 'fixed', type: ETHERTYPE_IP6 }]],
  // The family is in the order of the machine that captured: little-endian, as every one that Node runs on.
  [LINKTYPE_NULL, [4, { kind: 'family', ip: swapped(2), ip6: AF_INET6.map(swapped) }]],
  [LINKTYPE_LOOP, [4, { kind: 'family', ip: 2, ip6: AF_INET6 }]],
]);
