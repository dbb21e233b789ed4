/**
 * Headers and packets: decode, encode, verify, describe. Portable; no sockets. Begin with `decodePacket`, `buildPacket`
 * and `describePacket`; each header has `decodeX`, `encodeX`, `describeX` and its field table besides.
 */

export { checksum, pseudoSumV4, pseudoSumV6, sum16, updateChecksum } from '../core/checksum.ts';
export {
  type DecodeFault,
  describeFault,
  type FaultCode,
  isFault,
} from '../core/fault.ts';
export * from './application.ts';
export * from './arp.ts';
export * from './build.ts';
export * from './cooked.ts';
export * from './describe.ts';
export * from './dhcp-options.ts';
export * from './dhcpv4.ts';
export * from './dhcpv6.ts';
export * from './dns.ts';
export * from './dns-data.ts';
export * from './dns-name.ts';
export * from './dns-tcp.ts';
export * from './ethernet.ts';
export * from './field.ts';
export * from './geneve.ts';
export * from './gre.ts';
export * from './hex-dump.ts';
export * from './http1.ts';
export * from './iana/index.ts';
export * from './icmp-extensions.ts';
export * from './icmpv4.ts';
export * from './icmpv6.ts';
export * from './igmp.ts';
export * from './ipv4.ts';
export * from './ipv6.ts';
export * from './ipv6-extensions.ts';
export * from './llc.ts';
export * from './mld.ts';
export * from './mpls.ts';
export * from './multicast-record.ts';
export * from './nd-options.ts';
export * from './ntp.ts';
export * from './ntp-trailer.ts';
export * from './packet.ts';
export * from './pppoe.ts';
export * from './pseudo.ts';
export * from './quic.ts';
export * from './radius.ts';
export * from './scan.ts';
export * from './sctp.ts';
export * from './sctp-chunks.ts';
export * from './snmp.ts';
export * from './stun.ts';
export * from './syslog.ts';
export * from './tcp.ts';
export * from './tcp-options.ts';
export * from './template.ts';
export * from './tftp.ts';
export * from './tls.ts';
export * from './tls-extensions.ts';
export * from './tls-names.ts';
export {
  type CommonOption,
  decodeOptionList,
  type EndOption,
  encodeOption,
  type MalformedOption,
  type NopOption,
  type UnknownOption,
} from './tlv.ts';
export * from './tree.ts';
export * from './udp.ts';
export * from './udp-lite.ts';
export * from './verify.ts';
export * from './vxlan.ts';
