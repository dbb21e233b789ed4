/** A packet as one JSON record: numbers as numbers, and short, for a line each. */
import type { TcpAnalyser } from '../../flow/index.ts';
import { decodeApplication, decodePacket, describeApplication, tcpFlagsText } from '../../wire/index.ts';
import { notesFields } from './notes.ts';
import type { ShownPacket } from './printer.ts';
import { isoTime } from './time.ts';

/**
 * @param number counted from 1
 * @param analyser has seen the packets before this one; tells of TCP segments
 * @returns fields that a packet does not have are left out
 */
export function packetRecord(shown: ShownPacket, number: number, analyser?: TcpAnalyser): Record<string, unknown> {
  const packet = decodePacket(shown.bytes, shown.linkType, { wireLength: shown.length });
  const { ip, tcp, udp, icmp, arp, fault } = packet;
  const ports = tcp ?? udp;
  const message = decodeApplication(packet);
  const analysis = analyser?.add(packet, shown.t ?? 0n, shown.length, number);
  return {
    v: 1,
    type: 'packet',
    number,
    ...(shown.t === null ? {} : { time: isoTime(shown.t) }),
    length: shown.length,
    ...(shown.bytes.length < shown.length ? { captured: shown.bytes.length } : {}),
    ...(shown.place === undefined ? {} : { interface: shown.place }),
    layers: packet.layers.map(({ layer }) => layer).join('/'),
    ...(ip === undefined ? {} : { src: ip.src, dst: ip.dst }),
    ...(ip?.layer === 'ipv4' ? { ttl: ip.ttl } : ip?.layer === 'ipv6' ? { hop_limit: ip.hopLimit } : {}),
    ...(ports === undefined ? {} : { src_port: ports.srcPort, dst_port: ports.dstPort }),
    ...(tcp === undefined
      ? {}
      : { flags: tcpFlagsText(tcp.flags), seq: tcp.seq, ack: tcp.ack, window: tcp.window, payload: tcp.payloadSize }),
    ...(udp === undefined ? {} : { payload: udp.payloadSize }),
    ...(icmp === undefined ? {} : { icmp_type: icmp.type, icmp_code: icmp.code }),
    ...(arp === undefined ? {} : { operation: arp.operation }),
    ...(message?.ok === true ? { application: message.kind, said: describeApplication(packet) } : {}),
    ...(analysis === undefined ? {} : notesFields(analysis)),
    ...(fault === undefined ? {} : { fault: `${fault.code} ${fault.layer}.${fault.field}` }),
    ...(shown.comments === undefined || shown.comments.length === 0 ? {} : { comments: shown.comments }),
  };
}
