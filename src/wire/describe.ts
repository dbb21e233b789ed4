/** One line a packet, in tcpdump's words. Never throws, whatever the bytes. */
import { describeFault } from '../core/fault.ts';
import { describeApplication } from './application.ts';
import { type ArpPacket, describeArp } from './arp.ts';
import { describeEthernet } from './ethernet.ts';
import { describeGeneve } from './geneve.ts';
import { describeGre } from './gre.ts';
import { etherTypeName } from './iana/ethertypes.ts';
import { ipProtocolName } from './iana/protocols.ts';
import { describeIcmpExtensions } from './icmp-extensions.ts';
import { describeIcmpv4, type Icmpv4Message, type QuotedEnds } from './icmpv4.ts';
import { describeIcmpv6, type Icmpv6Message } from './icmpv6.ts';
import { describeIgmp } from './igmp.ts';
import { describeIpv4 } from './ipv4.ts';
import { describeIpv6 } from './ipv6.ts';
import { describeIpv6Extension, describeLaterFragment } from './ipv6-extensions.ts';
import { describeLlc, describeSnap } from './llc.ts';
import { describeMpls } from './mpls.ts';
import { decodePacket, decodeQuoted, type Layer, type LinkType, type Packet } from './packet.ts';
import { describePpp, describePppoe } from './pppoe.ts';
import { describeSctp, type SctpHeader } from './sctp.ts';
import { describeTcp, type TcpDescribeBase } from './tcp.ts';
import { describeUdp } from './udp.ts';
import { describeUdpLite, type UdpLiteHeader } from './udp-lite.ts';
import { verifyChecksums } from './verify.ts';
import { describeVxlan } from './vxlan.ts';

export interface DescribeOptions {
  /** Subtracted from TCP sequence and acknowledgement numbers, to print them relative. */
  readonly tcp?: TcpDescribeBase;
  /** Show the fields of the IP header and of the link header too, and say when a checksum is wrong. */
  readonly verbose?: boolean;
  /** Show the link header; as `verbose` when left out. */
  readonly link?: boolean;
}

/**
 * Describe a decoded packet.
 * @example
 * ```ts
 * import { buildPacket, decodePacket, describePacket } from 'barewire/wire';
 * const bytes = buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, udp: { srcPort: 1000, dstPort: 53 } });
 * describePacket(decodePacket(bytes, 'raw')); // 'IP 10.0.0.1.1000 > 10.0.0.2.53: UDP, length 0'
 * ```
 */
export function describePacket(packet: Packet, options?: DescribeOptions): string {
  let text = '';
  const showsLink = options?.link ?? options?.verbose === true;
  if (showsLink && packet.ethernet !== undefined) text = `${describeEthernet(packet.ethernet)}: `;
  const { layers } = packet;
  // The innermost packet is described whole, the tunnels around it in a few words each.
  const head = layers.findLastIndex(({ layer }) => layer === 'ipv4' || layer === 'ipv6' || layer === 'arp');
  for (let i = 0; i < head; i++) text += describeOuter(layers[i]!, layers[i + 1]!);
  const inner = layers.slice(head + 1).map(describeTunnel);
  const tunnels = inner.filter((words) => words !== '').join(', ');
  if (head < 0) text += describeLink(packet, tunnels);
  else if (layers[head]!.layer === 'arp') text += `ARP, ${describeArp(layers[head] as ArpPacket)}`;
  else text += describeIp(packet, layers.slice(head + 1), tunnels, options);
  if (packet.fault !== undefined) text += ` [|${describeFault(packet.fault)}]`;
  else if (packet.truncated) text += ' [truncated]';
  return text;
}

/** Decode and describe in one go. */
export function describeBytes(bytes: Uint8Array, linkType: LinkType = 'ethernet', options?: DescribeOptions): string {
  return describePacket(decodePacket(bytes, linkType), options);
}

/** A header around the innermost packet: its words and what joins them to what follows. */
function describeOuter(layer: Layer, next: Layer): string {
  switch (layer.layer) {
    case 'ipv4':
    case 'ipv6': {
      const name = layer.layer === 'ipv4' ? 'IP' : 'IP6';
      return next.layer === 'udp'
        ? `${name} ${layer.src}.${next.srcPort} > ${layer.dst}.${next.dstPort}: `
        : `${name} ${layer.src} > ${layer.dst}: `;
    }
    case 'mpls':
    case 'pppoe':
      return `${describeTunnel(layer)} `;
    case 'vlan':
      return `${describeTunnel(layer)}, `;
    default: {
      const words = describeTunnel(layer);
      return words === '' ? '' : `${words}: `;
    }
  }
}

/** Words for a header that carries another packet; empty for the others, which have lines of their own. */
function describeTunnel(layer: Layer): string {
  switch (layer.layer) {
    case 'vlan':
      return `vlan ${layer.vlan}, p ${layer.priority}`;
    case 'gre':
      return describeGre(layer);
    case 'mpls':
      return describeMpls(layer);
    case 'pppoe':
      return describePppoe(layer);
    case 'ppp':
      return describePpp(layer);
    case 'llc':
      return describeLlc(layer);
    case 'snap':
      return describeSnap(layer);
    case 'vxlan':
      return describeVxlan(layer);
    case 'geneve':
      return describeGeneve(layer);
    default:
      return '';
  }
}

/** A frame without IP or ARP in it. */
function describeLink(packet: Packet, tunnels: string): string {
  const last = packet.layers.at(-1);
  const length = packet.payloadEnd - packet.payloadOffset;
  if (last === undefined) return `unknown, length ${length}`;
  const before = tunnels === '' ? '' : `${tunnels}, `;
  if ('etherType' in last) {
    const type = last.etherType;
    return type < 0x600 && (last.layer === 'ethernet' || last.layer === 'vlan')
      ? `${before}802.3, length ${length}`
      : `${before}ethertype ${etherTypeName(type)}, length ${length}`;
  }
  return tunnels === '' ? `${last.layer}, length ${length}` : `${before}length ${length}`;
}

function describeIp(
  packet: Packet,
  inner: readonly Layer[],
  tunnels: string,
  options: DescribeOptions | undefined,
): string {
  const ip = packet.ip!;
  const ports = packet.tcp ?? packet.udp ?? inner.find(hasPorts);
  let text = ip.layer === 'ipv4' ? 'IP ' : 'IP6 ';
  if (options?.verbose === true) text += `(${ip.layer === 'ipv4' ? describeIpv4(ip) : describeIpv6(ip)}) `;
  const ends =
    ports === undefined ? `${ip.src} > ${ip.dst}` : `${ip.src}.${ports.srcPort} > ${ip.dst}.${ports.dstPort}`;
  text += `${ends}: `;
  for (const layer of inner) {
    if (isExtension(layer) && layer.layer !== 'esp') text += `${describeIpv6Extension(layer)} `;
  }
  text += tunnels === '' ? describeTransport(packet, options) : tunnels;
  if (options?.verbose === true) {
    const { ip: header, transport } = verifyChecksums(packet);
    if (header === 'bad') text += ' (bad ip checksum)';
    if (transport === 'bad') text += ' (bad checksum)';
  }
  return text;
}

function hasPorts(layer: Layer): layer is UdpLiteHeader | SctpHeader {
  return layer.layer === 'udp-lite' || layer.layer === 'sctp';
}

function isExtension(layer: Layer): layer is Parameters<typeof describeIpv6Extension>[0] & Layer {
  switch (layer.layer) {
    case 'hop-by-hop':
    case 'destination-options':
    case 'routing':
    case 'fragment':
    case 'authentication':
    case 'esp':
      return true;
    default:
      return false;
  }
}

function describeTransport(packet: Packet, options: DescribeOptions | undefined): string {
  const { tcp, udp, icmp, fragment } = packet;
  const protocol = packet.protocol ?? 0;
  const length = packet.payloadEnd - packet.payloadOffset;
  if (tcp !== undefined) {
    const said = describeApplication(packet);
    return describeTcp(tcp, options?.tcp) + (said === undefined ? '' : `: ${said}`);
  }
  if (udp !== undefined) return describeApplication(packet) ?? describeUdp(udp);
  if (icmp !== undefined) {
    const quoted = quotedEnds(icmp);
    const text = icmp.layer === 'icmpv4' ? describeIcmpv4(icmp, quoted) : describeIcmpv6(icmp, quoted);
    return text + describeIcmpExtensions(icmp);
  }
  if (fragment !== undefined && fragment.offset > 0) {
    return describeLaterFragment(protocol, fragment.offset, length);
  }
  const last = packet.layers.at(-1);
  if (last?.layer === 'sctp') return describeSctp(last);
  if (last?.layer === 'udp-lite') return describeUdpLite(last);
  const igmp = packet.find('igmp');
  if (igmp !== undefined) return describeIgmp(igmp);
  const esp = packet.find('esp');
  if (esp !== undefined) return describeIpv6Extension(esp);
  if (protocol === 59 && packet.ipv6 !== undefined) return 'no next header';
  return `${ipProtocolName(protocol)}, length ${length}`;
}

function quotedEnds(icmp: Icmpv4Message | Icmpv6Message): QuotedEnds | undefined {
  const quoted = decodeQuoted(icmp);
  if (quoted?.ip === undefined) return undefined;
  const protocol = ipProtocolName(quoted.protocol ?? 0);
  const { dst } = quoted.ip;
  const port = quotedPort(quoted);
  return port === undefined ? { dst, protocol } : { dst, protocol, port: `${protocol} port ${port}` };
}

/** RFC 792 promises eight bytes of the transport header: ports, though for TCP not a whole header. */
function quotedPort(quoted: Packet): number | undefined {
  const ports = quoted.tcp ?? quoted.udp;
  if (ports !== undefined) return ports.dstPort;
  const at = quoted.payloadOffset;
  const atTransport = quoted.fragment === undefined || quoted.fragment.offset === 0;
  if (!atTransport || (quoted.protocol !== 6 && quoted.protocol !== 17) || quoted.payloadEnd - at < 4) return undefined;
  return (quoted.bytes[at + 2]! << 8) | quoted.bytes[at + 3]!;
}
