/**
 * From bytes to layers: begins with the header that the link type names and goes on with what each header says comes
 * next. Stops with a fault, keeping the layers before it; stops without one where it knows no more.
 */
import { type DecodeFault, describeFault, fault } from '../core/fault.ts';
import { type ArpPacket, decodeArp } from './arp.ts';
import { decodeNull, decodeSll, decodeSll2, type NullHeader, type Sll2Header, type SllHeader } from './cooked.ts';
import { decodeEthernet, decodeVlan, type EthernetHeader, type VlanHeader } from './ethernet.ts';
import type { HeaderView } from './field.ts';
import { decodeGeneve, GENEVE_PORT, type GeneveHeader } from './geneve.ts';
import { decodeGre, type GreHeader } from './gre.ts';
import { EtherType } from './iana/ethertypes.ts';
import { IpProtocol } from './iana/protocols.ts';
import { decodeIcmpExtensions } from './icmp-extensions.ts';
import { decodeIcmpv4, type Icmpv4Message } from './icmpv4.ts';
import { decodeIcmpv6, type Icmpv6Message } from './icmpv6.ts';
import { decodeIgmp, type IgmpMessage } from './igmp.ts';
import { decodeIpv4, type Ipv4Header } from './ipv4.ts';
import { decodeIpv6, type Ipv6Header } from './ipv6.ts';
import {
  decodeAuthentication,
  decodeDestinationOptions,
  decodeEsp,
  decodeFragment,
  decodeHopByHop,
  decodeRouting,
  type Ipv6Extension,
} from './ipv6-extensions.ts';
import { decodeLlc, decodeSnap, type LlcHeader, type SnapHeader } from './llc.ts';
import { decodeMpls, type MplsHeader } from './mpls.ts';
import { decodePpp, decodePppoe, type PppHeader, PppoeCode, type PppoeHeader, PppProtocol } from './pppoe.ts';
import { decodeSctp, type SctpHeader } from './sctp.ts';
import { decodeTcp, type TcpHeader } from './tcp.ts';
import { decodeUdp, type UdpHeader } from './udp.ts';
import { decodeUdpLite, type UdpLiteHeader } from './udp-lite.ts';
import { decodeVxlan, VXLAN_PORT, VxlanFlags, type VxlanHeader } from './vxlan.ts';

/** What the first byte of a packet belongs to; numbers are pcap's link types. */
export type LinkType = 'ethernet' | 'raw' | 'ipv4' | 'ipv6' | 'sll' | 'sll2' | 'null' | number;

const linkTypeNames: Readonly<Record<number, LinkType>> = {
  0: 'null',
  1: 'ethernet',
  // BSD's LINKTYPE_NULL in network order: the reader takes either order.
  108: 'null',
  // DLT_RAW before it had a number of its own, still in files of OpenBSD and old tcpdumps.
  12: 'raw',
  14: 'raw',
  101: 'raw',
  113: 'sll',
  228: 'ipv4',
  229: 'ipv6',
  276: 'sll2',
};

export type Layer =
  | EthernetHeader
  | VlanHeader
  | SllHeader
  | Sll2Header
  | NullHeader
  | ArpPacket
  | Ipv4Header
  | Ipv6Header
  | Ipv6Extension
  | Icmpv4Message
  | Icmpv6Message
  | IgmpMessage
  | TcpHeader
  | UdpHeader
  | UdpLiteHeader
  | SctpHeader
  | GreHeader
  | MplsHeader
  | PppoeHeader
  | PppHeader
  | LlcHeader
  | SnapHeader
  | VxlanHeader
  | GeneveHeader;

/** Tunnels in tunnels and long extension chains end here, with TOO_MANY. */
export const MOST_LAYERS = 32;

/** A packet's layers, outermost first, and shortcuts to the ones most asked for. A view: good as long as its bytes. */
export class Packet {
  /** Borrowed. */
  readonly bytes: Uint8Array;
  /** Every layer read, outermost first. */
  readonly layers: Layer[] = [];
  /** What stopped the reading, if it was an error; the layers before it are good. */
  fault: DecodeFault | undefined = undefined;
  /** The capture, or a quote in an ICMP error, holds less than the headers claim. */
  truncated = false;
  /** Where what was not read begins: the application's data, or the header at fault. */
  payloadOffset: number;
  payloadEnd: number;
  /** Where the packet's bytes end: after `payloadEnd` when something follows the innermost payload (padding). */
  readonly end: number;
  /** The outermost frame; that of a tunnel is in `layers`. */
  ethernet: EthernetHeader | undefined = undefined;
  arp: ArpPacket | undefined = undefined;
  /** The innermost IP header: the one that the transport's checksum is over. */
  ip: Ipv4Header | Ipv6Header | undefined = undefined;
  /** The innermost transport: what belongs to `ip`. */
  tcp: TcpHeader | undefined = undefined;
  udp: UdpHeader | undefined = undefined;
  icmp: Icmpv4Message | Icmpv6Message | undefined = undefined;
  /** IPv4 or IPv6 says that this is one part of a larger packet; later parts have no transport header. */
  fragment: { readonly offset: number; readonly more: boolean; readonly id: number } | undefined = undefined;
  /** The IP protocol number where reading stopped or of the transport; undefined without an IP header. */
  protocol: number | undefined = undefined;

  constructor(bytes: Uint8Array, offset: number, end: number) {
    this.bytes = bytes;
    this.payloadOffset = offset;
    this.payloadEnd = end;
    this.end = end;
  }

  /** False when there is a fault. */
  get ok(): boolean {
    return this.fault === undefined;
  }

  get ipv4(): Ipv4Header | undefined {
    return this.ip?.layer === 'ipv4' ? this.ip : undefined;
  }

  get ipv6(): Ipv6Header | undefined {
    return this.ip?.layer === 'ipv6' ? this.ip : undefined;
  }

  /** What was not read, as a view; made on each call. */
  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadOffset, this.payloadEnd);
  }

  /** The first layer of that name, typed. */
  find<N extends Layer['layer']>(name: N): Extract<Layer, { readonly layer: N }> | undefined {
    return this.layers.find((layer): layer is Extract<Layer, { readonly layer: N }> => layer.layer === name);
  }

  /** All layers and the fault as plain objects, owned. */
  toObject(): Record<string, unknown> {
    return {
      ok: this.ok,
      truncated: this.truncated,
      layers: this.layers.map((layer) => layer.toObject()),
      payloadOffset: this.payloadOffset,
      payloadEnd: this.payloadEnd,
      ...(this.fault === undefined ? {} : { fault: this.fault, faultText: describeFault(this.fault) }),
    };
  }

  toJSON(): Record<string, unknown> {
    return this.toObject();
  }
}

/** Where a packet lies in its bytes, when that is not all of them. */
export interface PacketBounds {
  readonly offset?: number;
  readonly end?: number;
  /** Bytes that the packet had on the wire, as a capture file says; more than `end - offset` when it was cut. */
  readonly wireLength?: number;
}

/**
 * Decode every layer of a packet.
 * @param bytes borrowed, read-only; the result is a view into them
 * @param linkType a name, or pcap's number: 1 Ethernet, 101 raw IP (version by the first nibble)
 * @returns never throws for bad bytes: see `fault`, `truncated` and `layers`
 * @throws TypeError for a link type name that does not exist
 * @example
 * ```ts
 * import { decodePacket, encodeIpv4, encodeUdp } from 'barewire/wire';
 * const ends = { src: '10.0.0.1', dst: '10.0.0.2' };
 * const bytes = encodeIpv4({ ...ends, protocol: 17 }, encodeUdp({ srcPort: 1000, dstPort: 53 }, undefined, ends));
 * const packet = decodePacket(bytes, 'raw');
 * packet.udp?.dstPort; // 53
 * ```
 */
export function decodePacket(bytes: Uint8Array, linkType: LinkType = 'ethernet', bounds?: PacketBounds): Packet {
  const offset = Math.max(0, Math.min(bounds?.offset ?? 0, bytes.length));
  const end = Math.max(offset, Math.min(bounds?.end ?? bytes.length, bytes.length));
  const claimedEnd = Math.max(end, offset + (bounds?.wireLength ?? 0));
  const packet = new Packet(bytes, offset, end);
  const link = typeof linkType === 'number' ? linkTypeNames[linkType] : linkType;
  switch (link) {
    case 'ethernet':
      readEthernet(packet, offset, end, claimedEnd);
      break;
    case 'raw':
      readIp(packet, offset, end, claimedEnd);
      break;
    case 'ipv4':
      readIpv4(packet, offset, end, claimedEnd);
      break;
    case 'ipv6':
      readIpv6(packet, offset, end, claimedEnd);
      break;
    case 'sll':
      readCooked(packet, decodeSll(bytes, offset, end, claimedEnd));
      break;
    case 'sll2':
      readCooked(packet, decodeSll2(bytes, offset, end, claimedEnd));
      break;
    case 'null':
      readCooked(packet, decodeNull(bytes, offset, end, claimedEnd));
      break;
    default:
      // A number comes out of a file: that it is not known here is no mistake of the caller's.
      if (typeof linkType !== 'number')
        throw new TypeError(`linkType: expected a link type, got '${String(linkType)}'`);
      packet.fault = fault('UNSUPPORTED', 'link', 'linkType', offset, 1, linkType);
  }
  if (claimedEnd > end) packet.truncated = true;
  return packet;
}

/** The packet that an ICMP error quotes, decoded: usually `truncated`. Undefined for other messages. */
export function decodeQuoted(icmp: Icmpv4Message | Icmpv6Message): Packet | undefined {
  if (!icmp.isError || icmp.payloadEnd - icmp.payloadOffset < 20) return undefined;
  const extensions = decodeIcmpExtensions(icmp);
  return decodePacket(icmp.bytes, icmp.layer === 'icmpv4' ? 'ipv4' : 'ipv6', {
    offset: icmp.payloadOffset,
    end: extensions?.ok === true ? extensions.offset : icmp.payloadEnd,
  });
}

/** Note a layer or a fault; true when reading may go on. */
function take<L extends Layer & HeaderView>(packet: Packet, layer: L | DecodeFault): layer is L {
  return layer.ok
    ? enter(packet, layer, layer.headerEnd, layer.payloadEnd, layer.claimedEnd)
    : stop(packet, layer as DecodeFault);
}

function stop(packet: Packet, fault: DecodeFault): false {
  packet.fault = fault;
  return false;
}

/**
 * `take` for the headers of most packets. Their callers read what it needs of a layer themselves: each sees one kind of
 * header, where a function for all sees so many that the engine looks every property up by its name, which took a
 * quarter of the time.
 * @returns whether reading may go on
 */
function enter(packet: Packet, layer: Layer, headerEnd: number, payloadEnd: number, claimedEnd: number): boolean {
  packet.layers.push(layer);
  packet.payloadOffset = headerEnd;
  packet.payloadEnd = payloadEnd;
  if (claimedEnd > payloadEnd) packet.truncated = true;
  if (packet.layers.length < MOST_LAYERS) return true;
  return stop(packet, fault('TOO_MANY', layer.layer, 'layers', headerEnd, MOST_LAYERS, packet.layers.length + 1));
}

function readEthernet(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const frame = decodeEthernet(packet.bytes, offset, end, claimedEnd);
  if (!frame.ok) {
    packet.fault = frame;
    return;
  }
  if (!enter(packet, frame, frame.headerEnd, end, claimedEnd)) return;
  packet.ethernet ??= frame;
  readEtherType(packet, frame.etherType, frame.headerEnd, end, claimedEnd);
}

function readCooked(packet: Packet, header: SllHeader | Sll2Header | NullHeader | DecodeFault): void {
  if (!take(packet, header)) return;
  readEtherType(packet, header.etherType, header.headerEnd, header.payloadEnd, header.claimedEnd);
}

function readEtherType(packet: Packet, etherType: number, offset: number, end: number, claimedEnd: number): void {
  let type = etherType;
  let at = offset;
  while (type === EtherType.VLAN || type === EtherType.QINQ || type === EtherType.QINQ_OLD) {
    const tag = decodeVlan(packet.bytes, at, end, claimedEnd);
    if (!take(packet, tag)) return;
    type = tag.etherType;
    at = tag.headerEnd;
  }
  if (type === EtherType.IPV4) readIpv4(packet, at, end, claimedEnd);
  else if (type === EtherType.IPV6) readIpv6(packet, at, end, claimedEnd);
  else if (type === EtherType.ARP || type === EtherType.RARP) {
    const arp = decodeArp(packet.bytes, at, end, claimedEnd);
    if (take(packet, arp)) packet.arp = arp;
  } else readOtherEtherType(packet, type, at, end, claimedEnd);
}

/** What is rarer than IP and ARP. */
function readOtherEtherType(packet: Packet, type: number, at: number, end: number, claimedEnd: number): void {
  switch (type) {
    case EtherType.MPLS:
    case EtherType.MPLS_MULTICAST:
      readMpls(packet, at, end, claimedEnd);
      return;
    case EtherType.PPPOE_DISCOVERY:
    case EtherType.PPPOE_SESSION:
      readPppoe(packet, at, end, claimedEnd);
      return;
    case EtherType.TRANSPARENT_BRIDGING:
      readEthernet(packet, at, end, claimedEnd);
      return;
  }
  const link = packet.layers.at(-1)?.layer;
  // IEEE 802.3 §3.2.6: up to 1500 it is the length of what follows; padding comes after it.
  if ((link === 'ethernet' || link === 'vlan') && type >= 3 && type <= 1500) {
    if (at + type > claimedEnd) {
      packet.fault = fault('BAD_LENGTH', link, 'etherType', at - 2, type, claimedEnd - at);
    } else readLlc(packet, at, Math.min(end, at + type), at + type);
    // Cooked captures have 4 there for LLC frames (ETH_P_802_2), and no length.
  } else if (type === 4 && (link === 'sll' || link === 'sll2')) readLlc(packet, at, end, claimedEnd);
}

function readLlc(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const llc = decodeLlc(packet.bytes, offset, end, claimedEnd);
  if (!take(packet, llc) || llc.dsap !== 0xaa || llc.ssap !== 0xaa || llc.control !== 3) return;
  const snap = decodeSnap(packet.bytes, llc.headerEnd, end, claimedEnd);
  if (take(packet, snap) && snap.oui === 0) readEtherType(packet, snap.protocol, snap.headerEnd, end, claimedEnd);
}

function readPppoe(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const pppoe = decodePppoe(packet.bytes, offset, end, claimedEnd);
  if (!take(packet, pppoe) || pppoe.code !== PppoeCode.SESSION) return;
  const ppp = decodePpp(packet.bytes, pppoe.headerEnd, pppoe.payloadEnd, pppoe.claimedEnd);
  if (!take(packet, ppp)) return;
  if (ppp.protocol === PppProtocol.IPV4) readIpv4(packet, ppp.headerEnd, ppp.payloadEnd, ppp.claimedEnd);
  else if (ppp.protocol === PppProtocol.IPV6) readIpv6(packet, ppp.headerEnd, ppp.payloadEnd, ppp.claimedEnd);
  else if (ppp.protocol === PppProtocol.MPLS) readMpls(packet, ppp.headerEnd, ppp.payloadEnd, ppp.claimedEnd);
}

function readMpls(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  let entry = decodeMpls(packet.bytes, offset, end, claimedEnd);
  while (take(packet, entry) && entry.bottom === 0) {
    entry = decodeMpls(packet.bytes, entry.headerEnd, end, claimedEnd);
  }
  if (packet.fault !== undefined || !entry.ok) return;
  if (entry.headerEnd >= end) {
    packet.fault = fault('TRUNCATED', 'mpls', 'payload', entry.headerEnd, 1, 0);
    return;
  }
  // RFC 3032 §2.2: nothing in the stack says what is below it. RFC 4928 §2: the first nibble tells IP from the rest,
  // which begins with 0 or 1.
  const version = packet.bytes[entry.headerEnd]! >>> 4;
  if (version === 4) readIpv4(packet, entry.headerEnd, end, claimedEnd);
  else if (version === 6) readIpv6(packet, entry.headerEnd, end, claimedEnd);
}

function readGre(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const gre = decodeGre(packet.bytes, offset, end, claimedEnd);
  if (take(packet, gre)) readEtherType(packet, gre.protocol, gre.headerEnd, end, claimedEnd);
}

/** A port is only a hint: what does not begin as the tunnel's header does stays the datagram's data. */
function readUdpTunnel(packet: Packet, udp: UdpHeader): void {
  const { bytes, headerEnd: at, payloadEnd: end, claimedEnd } = udp;
  if (end - at < 8) return;
  if (udp.dstPort === VXLAN_PORT && (bytes[at]! & VxlanFlags.VNI) !== 0) {
    const vxlan = decodeVxlan(bytes, at, end, claimedEnd);
    if (take(packet, vxlan)) readEthernet(packet, vxlan.headerEnd, end, claimedEnd);
  } else if (udp.dstPort === GENEVE_PORT && bytes[at]! >>> 6 === 0) {
    const geneve = decodeGeneve(bytes, at, end, claimedEnd);
    if (take(packet, geneve)) readEtherType(packet, geneve.protocol, geneve.headerEnd, end, claimedEnd);
  }
}

function readIp(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  if (offset >= end) {
    packet.fault = fault('TRUNCATED', 'ip', 'version', offset, 1, 0);
    return;
  }
  const version = packet.bytes[offset]! >>> 4;
  if (version === 4) readIpv4(packet, offset, end, claimedEnd);
  else if (version === 6) readIpv6(packet, offset, end, claimedEnd);
  else packet.fault = fault('BAD_VERSION', 'ip', 'version', offset, 4, version);
}

function readIpv4(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const ip = decodeIpv4(packet.bytes, offset, end, claimedEnd);
  if (!ip.ok) {
    packet.fault = ip;
    return;
  }
  const { headerEnd, payloadEnd, protocol } = ip;
  // In a tunnel over UDP: the datagram around this packet is not its transport.
  packet.udp = undefined;
  packet.ip = ip;
  packet.protocol = protocol;
  packet.fragment = undefined;
  if (!enter(packet, ip, headerEnd, payloadEnd, ip.claimedEnd)) return;
  if (ip.isFragment) {
    const more = (ip.flags & 1) === 1;
    packet.fragment = { offset: ip.fragmentOffset, more, id: ip.id };
    // RFC 791 §3.2: only the first fragment has the transport header.
    if (ip.fragmentOffset > 0) return;
  }
  readTransport(packet, protocol, headerEnd, payloadEnd, ip.claimedEnd, 4);
}

function readIpv6(packet: Packet, offset: number, end: number, claimedEnd: number): void {
  const ip = decodeIpv6(packet.bytes, offset, end, claimedEnd);
  if (!ip.ok) {
    packet.fault = ip;
    return;
  }
  const { headerEnd, payloadEnd, nextHeader } = ip;
  // In a tunnel over UDP: the datagram around this packet is not its transport.
  packet.udp = undefined;
  packet.ip = ip;
  packet.protocol = nextHeader;
  packet.fragment = undefined;
  if (!enter(packet, ip, headerEnd, payloadEnd, ip.claimedEnd)) return;
  readTransport(packet, nextHeader, headerEnd, payloadEnd, ip.claimedEnd, 6);
}

function readTransport(
  packet: Packet,
  protocol: number,
  offset: number,
  end: number,
  claimedEnd: number,
  version: 4 | 6,
): void {
  const { bytes } = packet;
  switch (protocol) {
    case IpProtocol.TCP: {
      const tcp = decodeTcp(bytes, offset, end, claimedEnd);
      if (!tcp.ok) packet.fault = tcp;
      else if (enter(packet, tcp, tcp.headerEnd, end, claimedEnd)) packet.tcp = tcp;
      return;
    }
    case IpProtocol.UDP: {
      const udp = decodeUdp(bytes, offset, end, packet.fragment === undefined ? claimedEnd : Infinity);
      if (!udp.ok) {
        packet.fault = udp;
        return;
      }
      const { truncated } = packet;
      if (!enter(packet, udp, udp.headerEnd, udp.payloadEnd, udp.claimedEnd)) return;
      packet.udp = udp;
      // A first fragment's datagram is longer than the fragment: that is no cut capture.
      if (packet.fragment !== undefined) packet.truncated = truncated;
      else if (udp.dstPort === VXLAN_PORT || udp.dstPort === GENEVE_PORT) readUdpTunnel(packet, udp);
      return;
    }
    case IpProtocol.ICMP: {
      const icmp = decodeIcmpv4(bytes, offset, end, claimedEnd);
      if (take(packet, icmp)) packet.icmp = icmp;
      return;
    }
    case IpProtocol.ICMPV6: {
      const icmp = decodeIcmpv6(bytes, offset, end, claimedEnd);
      if (take(packet, icmp)) packet.icmp = icmp;
      return;
    }
    case IpProtocol.IPV4:
      readIpv4(packet, offset, end, claimedEnd);
      return;
    case IpProtocol.IPV6:
      readIpv6(packet, offset, end, claimedEnd);
      return;
    case IpProtocol.AH:
      readNext(packet, decodeAuthentication(bytes, offset, end, claimedEnd), version);
      return;
    case IpProtocol.IGMP:
      take(packet, decodeIgmp(bytes, offset, end, claimedEnd));
      return;
    case IpProtocol.GRE:
      readGre(packet, offset, end, claimedEnd);
      return;
    case IpProtocol.SCTP:
      take(packet, decodeSctp(bytes, offset, end, claimedEnd));
      return;
    case IpProtocol.UDPLITE:
      take(packet, decodeUdpLite(bytes, offset, end, packet.fragment === undefined ? claimedEnd : Infinity));
      return;
    case IpProtocol.MPLS:
      readMpls(packet, offset, end, claimedEnd);
      return;
    case IpProtocol.ESP:
      take(packet, decodeEsp(bytes, offset, end, claimedEnd));
      return;
  }
  // The others are extension headers of IPv6 only; in IPv4 the numbers mean nothing here.
  if (version === 6) readExtension(packet, protocol, offset, end, claimedEnd);
}

function readExtension(packet: Packet, protocol: number, offset: number, end: number, claimedEnd: number): void {
  const { bytes } = packet;
  switch (protocol) {
    case IpProtocol.HOPOPT:
      readNext(packet, decodeHopByHop(bytes, offset, end, claimedEnd), 6);
      return;
    case IpProtocol.IPV6_OPTS:
      readNext(packet, decodeDestinationOptions(bytes, offset, end, claimedEnd), 6);
      return;
    case IpProtocol.IPV6_ROUTE:
      readNext(packet, decodeRouting(bytes, offset, end, claimedEnd), 6);
      return;
    case IpProtocol.IPV6_FRAG: {
      const header = decodeFragment(bytes, offset, end, claimedEnd);
      if (!take(packet, header)) return;
      packet.protocol = header.nextHeader;
      const more = header.moreFragments === 1;
      // RFC 6946: offset 0 and no more fragments is a whole packet with a needless header.
      if (more || header.fragmentOffset > 0) packet.fragment = { offset: header.fragmentOffset, more, id: header.id };
      if (header.fragmentOffset === 0) readTransport(packet, header.nextHeader, header.headerEnd, end, claimedEnd, 6);
    }
  }
}

function readNext(
  packet: Packet,
  header: (Ipv6Extension & { readonly nextHeader: number }) | DecodeFault,
  version: 4 | 6,
): void {
  if (!take(packet, header)) return;
  packet.protocol = header.nextHeader;
  readTransport(packet, header.nextHeader, header.headerEnd, header.payloadEnd, header.claimedEnd, version);
}
