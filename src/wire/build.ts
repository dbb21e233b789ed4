/**
 * Packets from parts: one call for the usual stack of headers, and a decoded packet back to its bytes.
 */
import { concat } from '../core/bytes.ts';
import { type ArpInit, encodeArp } from './arp.ts';
import { nullTable, sll2Table, sllTable } from './cooked.ts';
import { type EthernetInit, encodeEthernet, encodeVlan } from './ethernet.ts';
import type { Fields, HeaderTable } from './field.ts';
import { encodeGeneve } from './geneve.ts';
import { encodeGre } from './gre.ts';
import { EtherType } from './iana/ethertypes.ts';
import { IpProtocol } from './iana/protocols.ts';
import { encodeIcmpv4, type Icmpv4Init } from './icmpv4.ts';
import { encodeIcmpv6, type Icmpv6Init } from './icmpv6.ts';
import { encodeIgmp } from './igmp.ts';
import { encodeIpv4, type Ipv4Init } from './ipv4.ts';
import { encodeIpv6, type Ipv6Init } from './ipv6.ts';
import {
  encodeAuthentication,
  encodeEsp,
  encodeFragment,
  encodeOptionsHeader,
  routingTable,
} from './ipv6-extensions.ts';
import { encodeLlc, encodeSnap } from './llc.ts';
import { encodeMpls } from './mpls.ts';
import type { Layer, Packet } from './packet.ts';
import { encodePpp, encodePppoe } from './pppoe.ts';
import { encodeSctp } from './sctp.ts';
import { encodeTcp, type TcpInit } from './tcp.ts';
import { encodeUdp, type UdpInit } from './udp.ts';
import { encodeUdpLite } from './udp-lite.ts';
import { encodeVxlan } from './vxlan.ts';

type Optional<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;

type VlanInit = Optional<Parameters<typeof encodeVlan>[0], 'etherType'>;

/** The headers of a packet, from the link to the transport; at most one on each level. */
export interface PacketInit {
  readonly ethernet?: Optional<EthernetInit, 'etherType'>;
  /** One tag, or several from the outermost in: all but the last are service tags (0x88a8, IEEE 802.1ad). */
  readonly vlan?: VlanInit | readonly VlanInit[];
  readonly arp?: ArpInit;
  readonly ipv4?: Optional<Ipv4Init, 'protocol'>;
  readonly ipv6?: Optional<Ipv6Init, 'nextHeader'>;
  readonly tcp?: TcpInit;
  readonly udp?: UdpInit;
  readonly icmpv4?: Icmpv4Init;
  readonly icmpv6?: Icmpv6Init;
  readonly payload?: Uint8Array;
}

/**
 * Build a packet: lengths, checksums and what-comes-next are filled in unless given.
 * @returns newly made bytes, beginning with the outermost header given
 * @throws TypeError when two headers of one level are given
 * @example
 * ```ts
 * import { buildPacket, TcpFlags } from 'barewire/wire';
 * const syn = buildPacket({
 *   ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
 *   tcp: { srcPort: 40000, dstPort: 80, flags: TcpFlags.SYN, options: [{ name: 'mss', mss: 1460 }] },
 * });
 * syn.length; // 44
 * ```
 */
export function buildPacket(init: PacketInit): Uint8Array {
  const { ethernet, arp, ipv4, ipv6, tcp, udp, icmpv4, icmpv6 } = init;
  only('tcp, udp, icmpv4, icmpv6', [tcp, udp, icmpv4, icmpv6]);
  only('arp, ipv4, ipv6', [arp, ipv4, ipv6]);
  const ends = ipv4 ?? ipv6;
  let bytes = init.payload ?? new Uint8Array(0);
  let protocol: number = IpProtocol.IPV6_NONXT;
  if (tcp !== undefined) {
    bytes = encodeTcp(tcp, bytes, ends);
    protocol = IpProtocol.TCP;
  } else if (udp !== undefined) {
    bytes = encodeUdp(udp, bytes, ends);
    protocol = IpProtocol.UDP;
  } else if (icmpv4 !== undefined) {
    bytes = encodeIcmpv4(icmpv4, bytes);
    protocol = IpProtocol.ICMP;
  } else if (icmpv6 !== undefined) {
    bytes = encodeIcmpv6(icmpv6, bytes, ends);
    protocol = IpProtocol.ICMPV6;
  }
  let etherType = 0;
  if (ipv4 !== undefined) {
    bytes = encodeIpv4({ ...ipv4, protocol: ipv4.protocol ?? protocol }, bytes);
    etherType = EtherType.IPV4;
  } else if (ipv6 !== undefined) {
    bytes = encodeIpv6({ ...ipv6, nextHeader: ipv6.nextHeader ?? protocol }, bytes);
    etherType = EtherType.IPV6;
  } else if (arp !== undefined) {
    bytes = encodeArp(arp);
    etherType = EtherType.ARP;
  }
  if (ethernet === undefined) {
    if (init.vlan !== undefined) throw new TypeError('init: expected ethernet around vlan, got none');
    return bytes;
  }
  const tags = [init.vlan ?? []].flat();
  for (const [i, tag] of tags.toReversed().entries()) {
    bytes = encodeVlan({ ...tag, etherType: tag.etherType ?? etherType }, bytes);
    etherType = i === 0 ? EtherType.VLAN : EtherType.QINQ;
  }
  return encodeEthernet({ ...ethernet, etherType: ethernet.etherType ?? etherType }, bytes);
}

function only(names: string, inits: readonly unknown[]): void {
  const count = inits.filter((init) => init !== undefined).length;
  if (count > 1) throw new TypeError(`init: expected at most one of ${names}, got ${count}`);
}

/**
 * Encode a decoded packet again, every header from its fields and options. Gives the same bytes for any packet: flags,
 * reserved bits, padding, wrong lengths and checksums included.
 */
export function encodePacket(packet: Packet): Uint8Array {
  const { layers, bytes } = packet;
  const last = layers.at(-1);
  if (last === undefined) return packet.payload.slice();
  let inner = last.payload;
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]!;
    inner = encodeLayer(layer, inner);
    // What lies after the inner packet and inside the outer one: Ethernet padding, options after a UDP datagram.
    const trailer = bytes.subarray(layer.payloadEnd, layers[i - 1]?.payloadEnd ?? packet.end);
    if (trailer.length > 0) inner = concat([inner, trailer]);
  }
  return inner;
}

/** One header from its fields, and what follows it. */
export function encodeLayer(layer: Layer, payload: Uint8Array): Uint8Array {
  switch (layer.layer) {
    case 'ethernet':
      return encodeEthernet(layer, payload);
    case 'vlan':
      return encodeVlan(layer, payload);
    case 'sll':
      return concat([encodeFields(sllTable, layer), payload]);
    case 'sll2':
      return concat([encodeFields(sll2Table, layer), payload]);
    case 'null':
      return concat([encodeFields(nullTable, layer), payload]);
    case 'arp':
      return concat([encodeArp(layer), payload]);
    case 'ipv4':
      return encodeIpv4(layer, payload);
    case 'ipv6':
      return encodeIpv6(layer, payload);
    case 'hop-by-hop':
    case 'destination-options':
      return encodeOptionsHeader(layer, payload);
    case 'fragment':
      return encodeFragment(layer, payload);
    case 'routing':
      return concat([encodeFields(routingTable, layer), restOf(layer, 4), payload]);
    case 'authentication':
      return encodeAuthentication(layer, restOf(layer, 12), payload);
    case 'esp':
      return encodeEsp(layer, payload);
    case 'icmpv4':
      return encodeIcmpv4(layer, payload);
    case 'icmpv6':
      return encodeIcmpv6(layer, payload);
    case 'igmp':
      return encodeIgmp(layer, payload);
    case 'udp-lite':
      return encodeUdpLite(layer, payload);
    case 'sctp':
      return encodeSctp(layer, payload);
    case 'gre':
      return encodeGre(layer, payload);
    case 'mpls':
      return encodeMpls(layer, payload);
    case 'pppoe':
      return encodePppoe(layer, payload);
    case 'ppp':
      return encodePpp(layer, payload);
    case 'llc':
      return encodeLlc(layer, payload);
    case 'snap':
      return encodeSnap(layer, payload);
    case 'vxlan':
      return encodeVxlan(layer, payload);
    case 'geneve':
      return encodeGeneve(layer, payload);
    case 'tcp':
      return encodeTcp(layer, payload);
    case 'udp':
      return encodeUdp(layer, payload);
  }
}

function encodeFields<F extends object>(table: HeaderTable<F>, values: F): Uint8Array {
  const bytes = new Uint8Array(table.fixedBytes);
  for (const name of Object.keys(table.fields) as (keyof F)[]) {
    (table.fields as Fields<F>)[name].write(bytes, 0, values[name]);
  }
  return bytes;
}

/** The part of a header that no table describes: route data, the integrity check value. */
function restOf(layer: Layer, fixedBytes: number): Uint8Array {
  return layer.bytes.subarray(layer.headerOffset + fixedBytes, layer.headerEnd);
}
