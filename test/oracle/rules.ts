/**
 * Differences between Wireshark and us that are known, each with its reason. Whatever no rule explains fails a run, so a
 * rule says as closely as it can when it holds.
 */
import { decodeApplication, decodeQuoted, EtherType, type Packet, PppoeCode } from '../../src/wire/index.ts';
import type { Case } from './compare.ts';
import { THEIR_NAMES } from './names.ts';

interface Rule {
  readonly reason: string;
  /** Wireshark's names. */
  readonly fields: RegExp;
  readonly holds: (one: Case) => boolean;
}

/** Places of these are compared as whole bytes. */
const HALF_BYTES = /^(ip\.version|ip\.hdr_len|ipv6\.version|tcp\.hdr_len|geneve\.version)$/;

const RULES: readonly Rule[] = [
  {
    reason: 'Wireshark calls the version of IPv6 ip.version too, and a hidden field has no place',
    fields: /^ip\.version$/,
    holds: ({ ours, theirs, subject }) =>
      subject === 'value' &&
      startsWith(
        theirs.filter((value) => value !== '6'),
        ours,
      ),
  },
  {
    reason: 'Wireshark puts numbers of half a byte at the whole byte',
    fields: HALF_BYTES,
    holds: ({ subject, ours, theirs }) => subject === 'place' && isPart(theirs, ours),
  },
  {
    reason: 'Wireshark reads reserved bits as one that is true',
    fields: /^(tcp\.flags\.res|geneve\.flags\.reserved)$/,
    holds: ({ subject, ours, theirs }) =>
      subject === 'value' && ours.every((value, i) => (value === '0' ? '0' : '1') === theirs[i]),
  },
  {
    reason: 'Wireshark calls the outer one of two tags ieee8021ad',
    fields: /^vlan\./,
    holds: ({ ours, theirs, their }) => their.protocols.includes('ieee8021ad') && endsWith(ours, theirs),
  },
  {
    reason: 'VXLAN without the flag of a valid VNI (RFC 7348 §5) is none to us; Wireshark reads on',
    fields: /./,
    holds: ({ packet, their, ours, theirs }) =>
      their.protocols.includes('vxlan') && packet.find('vxlan') === undefined && startsWith(theirs, ours),
  },
  {
    reason: 'the counts of a DNS update have other names (RFC 2136 §2.2)',
    fields: /^dns\.(count|qry)\./,
    holds: ({ packet, theirs }) => {
      const message = decodeApplication(packet);
      return theirs.length === 0 && message?.ok === true && message.kind === 'dns' && message.header.opcode === 5;
    },
  },
  {
    reason: 'Wireshark shows types that DNS records speak of under the name of their own',
    fields: /^dns\.resp\.type$/,
    holds: ({ ours, theirs }) => isPart(theirs, ours),
  },
  {
    reason: 'a request for a Fast Open cookie has an empty one',
    fields: /^tcp\.options\.tfo\.cookie$/,
    holds: ({ ours, theirs }) => isPart(ours, theirs) && ours.filter((value) => value !== '').join() === theirs.join(),
  },
  {
    reason: 'Wireshark takes the name of an SRV record apart (dns.srv.service, dns.srv.proto)',
    fields: /^dns\.resp\.name$/,
    holds: ({ ours, theirs }) =>
      isSame(
        ours.filter((name) => !name.startsWith('_')),
        theirs,
      ),
  },
  {
    reason: 'the time to live of an OPT record is none: those of additional records are not compared',
    fields: /^dns\.resp\.ttl$/,
    holds: ({ ours, theirs }) => startsWith(theirs, ours),
  },
  {
    reason: 'a list with something wrong in it is a fault to us; Wireshark shows what comes before',
    fields: /^(igmp|icmpv6\.mldr?|sctp)\./,
    holds: ({ packet, ours, theirs }) => hasBadList(packet) && startsWith(theirs, ours),
  },
  {
    reason: 'MLD: Wireshark reads records to the end of the message, we as many as it counts',
    fields: /^icmpv6\.mldr\./,
    holds: ({ packet, ours, theirs }) => packet.icmp?.type === 143 && startsWith(theirs, ours),
  },
  {
    reason: 'a TCP option of a wrong length stays raw; Wireshark reads what there is of it',
    fields: /^tcp\.options\./,
    holds: ({ packet, ours, theirs }) =>
      packet.tcp?.options.some(({ name }) => name === 'malformed') === true && isPart(theirs, ours),
  },
  {
    reason: 'a request target with a blank or what is no ASCII in it: Wireshark ends it there',
    fields: /^http\.request\.uri$/,
    holds: ({ ours, theirs }) =>
      isSame(
        ours.map((target) => target.replace(/[^\x21-\x7e].*/, '')),
        theirs,
      ),
  },
  {
    reason: 'Wireshark did not look into this segment, for which a damaged header before it is enough',
    fields: /^http\./,
    holds: ({ their, theirs }) => theirs.length === 0 && !their.protocols.includes('http'),
  },
  {
    reason: 'what is no ASCII in a text: Wireshark replaces it',
    fields: /^http\./,
    holds: ({ ours, theirs }) => isSame(ours.map(onlyAscii), theirs.map(onlyAscii)),
  },
  {
    reason: 'BSD loopback: Wireshark reads the family in the order of the sender, we as it stands',
    fields: /^null\.family$/,
    holds: ({ ours, theirs }) => swapped(Number(ours[0])) === Number(theirs[0]),
  },
  {
    reason: 'BSD loopback: Wireshark takes a family that does not exist for an EtherType or for PPP',
    fields: /^null\.family$/,
    holds: ({ packet, theirs }) => theirs.length === 0 && packet.find('null')?.etherType === 0,
  },
  {
    reason: 'Wireshark shows a frame length of 0 as an EtherType',
    fields: /^eth\.(type|len)$/,
    holds: ({ packet }) => packet.layers.some((layer) => layer.layer === 'ethernet' && layer.etherType === 0),
  },
  {
    reason: 'Wireshark goes by the EtherType of PPPoE in a frame whose code is of the other kind',
    fields: /./,
    holds: ({ packet, ours, theirs }) => isOddPppoe(packet) && startsWith(theirs, ours),
  },
  {
    reason: 'Wireshark reads PPP protocols of one byte also in PPPoE, where RFC 2516 §7 has none',
    fields: /./,
    holds: ({ packet }) => ((packet.find('ppp')?.protocol ?? 0) & 0x100) !== 0,
  },
  {
    reason: 'Wireshark has other names for the hardware addresses of other hardware than Ethernet',
    fields: /^arp\..*hw_mac$/,
    holds: ({ packet, theirs }) => theirs.length === 0 && packet.arp?.hardwareType !== 1,
  },
  {
    reason: 'Wireshark shows no checksum behind a UDP length that is too small',
    fields: /^udp\.checksum$/,
    holds: ({ packet, theirs, ours }) => startsWith(ours, theirs) && (packet.udp?.length ?? 8) < 8,
  },
  {
    reason: 'Wireshark shows the last address of an unfinished source route as the destination',
    fields: /^ip\.dst$/,
    holds: ({ packet }) =>
      packet.layers.some(
        (layer) =>
          layer.layer === 'ipv4' &&
          layer.options.some(({ name }) => name === 'looseSourceRoute' || name === 'strictSourceRoute'),
      ),
  },
  {
    reason: 'total length 0 is segmentation offload: Wireshark shows the length that it works out',
    fields: /^ip\.len$/,
    holds: ({ subject, ours, theirs }) =>
      subject === 'value' &&
      ours.length === theirs.length &&
      ours.every((value, i) => value === '0' || value === theirs[i]),
  },
  {
    reason: 'Wireshark has fields of its own for SNAP numbers of an organisation',
    fields: /^llc\.type$/,
    holds: ({ packet, theirs }) => theirs.length === 0 && packet.find('snap')?.oui !== 0,
  },
  {
    reason: 'Wireshark shows these bits of DNS in answers only',
    fields: /^dns\.flags\.(authoritative|recavail|authenticated|rcode)$/,
    holds: ({ packet, theirs }) => {
      const message = decodeApplication(packet);
      return theirs.length === 0 && message?.ok === true && message.kind === 'dns' && message.header.response === 0;
    },
  },
  {
    reason: 'DHCP: Wireshark reads a hardware type in the client identifier too',
    fields: /^dhcp\.hw\.type$/,
    holds: ({ ours, theirs }) => ours.length === 1 && startsWith(theirs, ours),
  },
  {
    reason: 'Wireshark reads the beginning of a message that is none; ours is whole or a fault',
    fields: /^(dns|ntp|dhcp|radius|stun|http)\./,
    holds: ({ packet, ours }) => ours.length === 0 && decodeApplication(packet)?.ok === false,
  },
  {
    reason: 'Wireshark guesses what a payload is: by other packets between these ports, in fragments, in cut datagrams',
    fields: /^(dns|ntp|dhcp|radius|stun|http)\./,
    holds: ({ packet, ours }) => ours.length === 0 && decodeApplication(packet) === undefined,
  },
  {
    reason: 'DHCP: Wireshark takes a count of seconds that is large for one in the wrong byte order',
    fields: /^dhcp\.secs$/,
    holds: ({ ours, theirs }) => swapped(Number(ours[0])) >>> 16 === Number(theirs[0]),
  },
  {
    reason: 'Wireshark reads extension headers of IPv6 in IPv4 too',
    fields: /^ipv6\.(hopopts|dstopts|routing|fraghdr)\./,
    holds: ({ packet, ours, theirs }) => packet.ip?.layer === 'ipv4' && startsWith(theirs, ours),
  },
  {
    reason: 'an ICMP error quotes the beginning of a packet: Wireshark reads what there is of a header that is cut',
    fields: /^(tcp|udp|icmp|icmpv6|sctp|ip|ipv6)\./,
    holds: ({ packet, ours, theirs }) => isCutQuote(packet) && startsWith(theirs, ours),
  },
  {
    reason:
      'ICMPv6 error of a type without a meaning: it quotes a packet as all errors do (RFC 4443 §2.4), unread by Wireshark',
    fields: /./,
    holds: ({ packet, ours, theirs }) =>
      packet.icmp?.layer === 'icmpv6' && packet.icmp.isError && packet.icmp.type > 4 && startsWith(ours, theirs),
  },
  {
    reason: 'Wireshark reads the type alone of IGMP messages that it does not know',
    fields: /^igmp\.checksum$/,
    holds: ({ packet, theirs }) =>
      theirs.length === 0 && ![0x11, 0x12, 0x16, 0x17, 0x22].includes(packet.find('igmp')?.type ?? 0),
  },
  {
    reason: 'names with bytes that are no ASCII: we escape them as RFC 1035 §5.1, Wireshark replaces them',
    fields: /^dns\..*name$/,
    holds: ({ ours, theirs }) =>
      ours.length === theirs.length && ours.every((value, i) => value === theirs[i] || /\\\d{3}/.test(value)),
  },
  {
    reason: 'Wireshark gave up in the middle of the packet, where we keep what is wrong raw and read on',
    fields: /./,
    holds: ({ their, ours, theirs }) => their.malformed && startsWith(ours, theirs),
  },
  {
    reason: 'Wireshark reads on in the packet that a redirect quotes in an option, which we give as bytes',
    fields: /./,
    holds: ({ packet, ours, theirs }) => packet.icmp?.type === 137 && startsWith(theirs, ours),
  },
  {
    reason: 'UDP-Lite without coverage: Wireshark shows the length that it works out as udp.length',
    fields: /^udp\.length$/,
    holds: ({ their, subject }) => subject === 'value' && their.protocols.includes('udplite'),
  },
  {
    reason: 'Wireshark reads PPP inside GRE, which we give as bytes',
    fields: /^ppp\./,
    holds: ({ packet, ours }) => ours.length === 0 && packet.find('gre')?.protocol === 0x880b,
  },
  {
    reason: 'behind an IP protocol that we leave raw: Wireshark reads on',
    fields: /./,
    holds: ({ packet, ours, theirs }) =>
      packet.fault === undefined && packet.layers.at(-1) === packet.ip && startsWith(theirs, ours),
  },
  {
    reason: 'a header at fault: Wireshark shows what there is of it, we none',
    fields: /./,
    holds: ({ packet, field, ours, theirs }) =>
      packet.fault !== undefined && isOfLayer(field, packet.fault.layer) && startsWith(theirs, ours),
  },
  {
    reason: 'behind a header at fault: Wireshark reads on',
    fields: /./,
    holds: ({ packet, ours, theirs }) => packet.fault !== undefined && startsWith(theirs, ours),
  },
];

/** Why a difference is right as it is; undefined when no rule says so. */
export function explain(one: Case): string | undefined {
  const seen = HALF_BYTES.test(one.field) && one.subject === 'place' ? { ...one, ours: one.ours.map(wholeByte) } : one;
  return RULES.find(({ fields, holds }) => fields.test(one.field) && holds(seen))?.reason;
}

function isSame(ours: readonly string[], theirs: readonly string[]): boolean {
  return ours.length === theirs.length && startsWith(ours, theirs);
}

function onlyAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '');
}

/** A body whose list of records or chunks does not fit into it. */
function hasBadList(packet: Packet): boolean {
  const igmp = packet.find('igmp');
  const icmp = packet.find('icmpv6');
  const bodies = [igmp?.query, igmp?.records, icmp?.mld];
  const isBad = bodies.some((body) => body !== undefined && 'ok' in body && !body.ok);
  return isBad || packet.find('sctp')?.chunks.some(({ name }) => name === 'malformed') === true;
}

function startsWith(longer: readonly string[], shorter: readonly string[]): boolean {
  return longer.length >= shorter.length && shorter.every((value, i) => value === longer[i]);
}

function endsWith(longer: readonly string[], shorter: readonly string[]): boolean {
  return startsWith(longer.toReversed(), shorter.toReversed());
}

/** The values of `part` are in `whole`, in their order. */
function isPart(whole: readonly string[], part: readonly string[]): boolean {
  let at = 0;
  for (const value of whole) if (value === part[at]) at++;
  return at === part.length;
}

/** Whether Wireshark's field is one of that layer of ours. */
function isOfLayer(field: string, layer: string): boolean {
  return Object.values(THEIR_NAMES[layer] ?? {}).some(
    (name) => (typeof name === 'string' ? name : name.name) === field,
  );
}

/** `14.4+4` is in `14.0+8`. */
function wholeByte(place: string): string {
  return place.replace(/\.\d\+\d+$/, '.0+8');
}

function swapped(value: number): number {
  return ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);
}

function isOddPppoe(packet: Packet): boolean {
  return packet.layers.some((layer, i) => {
    const before = packet.layers[i - 1];
    if (layer.layer !== 'pppoe' || before === undefined || !('etherType' in before)) return false;
    return (before.etherType === EtherType.PPPOE_SESSION) !== (layer.code === PppoeCode.SESSION);
  });
}

/** An ICMP error whose quote is no whole IP header, ends in a fault, or is of a protocol that we leave raw. */
function isCutQuote({ icmp }: Packet): boolean {
  if (icmp === undefined || !icmp.isError) return false;
  const quoted = decodeQuoted(icmp);
  return quoted === undefined || quoted.fault !== undefined || quoted.layers.at(-1) === quoted.ip;
}
