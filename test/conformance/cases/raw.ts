/**
 * Raw IPv4 sockets: which packets reach which socket (raw(7), ip(7)): the protocol must agree, the destination must be
 * the bound address if there is one, the source the connected one if there is one.
 */
import { Group } from '../case.ts';

const delivery = new Group('raw: who receives which packet');

interface Receiver {
  readonly name: string;
  readonly protocol: 'mine' | 'other';
  readonly bound?: string;
  /** The name that connect gave it. */
  readonly named?: string;
  readonly peer?: string;
}

const receivers: readonly Receiver[] = [
  { name: 'unbound', protocol: 'mine' },
  { name: 'bound to 127.0.0.2', protocol: 'mine', bound: '127.0.0.2' },
  // As for UDP, connect gives an unbound socket the address from which the route begins.
  { name: 'connected to 127.0.0.3', protocol: 'mine', named: '127.0.0.1', peer: '127.0.0.3' },
  { name: 'bound to 127.0.0.2, connected to 127.0.0.3', protocol: 'mine', bound: '127.0.0.2', peer: '127.0.0.3' },
  { name: 'another protocol', protocol: 'other' },
];

interface Packet {
  readonly protocol: 'mine' | 'other';
  readonly source: string;
  readonly target: string;
}

const packets: readonly Packet[] = [
  { protocol: 'mine', source: '127.0.0.3', target: '127.0.0.2' },
  { protocol: 'mine', source: '127.0.0.3', target: '127.0.0.1' },
  { protocol: 'mine', source: '127.0.0.4', target: '127.0.0.2' },
  { protocol: 'mine', source: '127.0.0.4', target: '127.0.0.1' },
  { protocol: 'other', source: '127.0.0.3', target: '127.0.0.2' },
];

for (const { name, protocol, bound, named = bound, peer } of receivers) {
  for (const packet of packets) {
    const hears =
      protocol === packet.protocol &&
      (named === undefined || named === packet.target) &&
      (peer === undefined || peer === packet.source);
    const what = `"packet" from ${packet.source} to ${packet.target}`;
    delivery.add(
      `raw/${name}/protocol ${packet.protocol}, ${packet.source} → ${packet.target}/${hears ? 'received' : 'not received'}`,
      'raw(7), ip(7)',
      // `all` hears every packet of its protocol: once it has this one, every other socket has had its turn.
      `all = socket inet raw ${packet.protocol}
       r = socket inet raw ${protocol}
       ${bound === undefined ? '' : `bind r ${bound}:0`}
       ${peer === undefined ? '' : `connect r ${peer}:0`}
       x = socket inet raw ${packet.protocol}
       bind x ${packet.source}:0
       sendto x "packet" ${packet.target}:0 -> 6
       recvip all 100 -> ${what}
       tryrecvip r 100 -> ${hears ? what : 'EAGAIN'}`,
    );
  }
}

const calls = new Group('raw: calls');
const add = (id: string, source: string, script: string, note?: string): void =>
  calls.add(`raw/${id}`, source, script, note);

add(
  'every socket of the protocol gets a copy',
  'raw(7)',
  'a = socket inet raw mine\nb = socket inet raw mine\nsendto a "x" 127.0.0.1:0 -> 1\nrecvip a 100 -> "x" from 127.0.0.1 to 127.0.0.1\nrecvip b 100 -> "x" from 127.0.0.1 to 127.0.0.1',
);
add(
  'the header comes along',
  'raw(7): IPv4',
  'a = socket inet raw mine\nsendto a "abcd" 127.0.0.1:0 -> 4\npoll a -> in|out\ntryrecvlen a 100 -> 24',
);
add(
  'a packet that does not fit is cut',
  'recv(2) MSG_TRUNC',
  'a = socket inet raw mine\nsendto a "abcd" 127.0.0.1:0 -> 4\npoll a -> in|out\ntryrecvlen a 10 trunc -> 24',
);
add('send without a peer → EDESTADDRREQ', 'send(2)', 'a = socket inet raw mine\ntrysend a "x" -> EDESTADDRREQ');
add(
  'send with a peer',
  'raw(7), connect(2)',
  'a = socket inet raw mine\nb = socket inet raw mine\nbind b 127.0.0.2:0\nconnect a 127.0.0.2:0\nsend a "x" -> 1\nrecvip b 100 -> "x" from 127.0.0.1 to 127.0.0.2',
);
add(
  'the source is the bound address',
  'raw(7), bind(2)',
  'a = socket inet raw mine\nbind a 127.0.0.7:0\nsendto a "x" 127.0.0.7:0 -> 1\nrecvip a 100 -> "x" from 127.0.0.7 to 127.0.0.7',
);
add(
  'bind to an address of another host → EADDRNOTAVAIL',
  'bind(2)',
  'a = socket inet raw mine\nbind a 192.0.2.77:0 -> EADDRNOTAVAIL',
);
add(
  'no listening → EOPNOTSUPP',
  'listen(2)',
  'a = socket inet raw mine\nlisten a -> EOPNOTSUPP\nb = tryaccept a -> EOPNOTSUPP',
);
add(
  'IPPROTO_RAW sets IP_HDRINCL',
  'raw(7)',
  'a = socket inet raw rawip\nget a IP_HDRINCL -> 1\nb = socket inet raw mine\nget b IP_HDRINCL -> 0',
);
add(
  'IPPROTO_RAW only sends',
  'raw(7)',
  'a = socket inet raw rawip\nb = socket inet raw mine\nsendto b "x" 127.0.0.1:0 -> 1\nrecvip b 100 -> "x" from 127.0.0.1 to 127.0.0.1\ntryrecv a 100 -> EAGAIN',
);
add(
  'IP_HDRINCL: a header of one’s own, checksum and id filled in',
  'raw(7): IP_HDRINCL',
  `a = socket inet raw mine\nbind a 127.0.0.6:0\nset a IP_HDRINCL 1\nb = socket inet raw mine\nbind b 127.0.0.5:0\nsendto a hex:4500001800000000400000007f0000067f00000561626364 127.0.0.5:0 -> 24\ntryrecv b 100 -> EAGAIN`,
  'Protocol 0 in the header: the packet is of protocol 0 and reaches nobody here.',
);
add(
  'IP_HDRINCL: too short for a header → EINVAL',
  'raw(7), send(2)',
  'a = socket inet raw mine\nset a IP_HDRINCL 1\ntrysendto a "short" 127.0.0.1:0 -> EINVAL',
);
add(
  'on loopback ping hears its own request, then the answer',
  'RFC 792, raw(7)',
  'a = socket inet raw icmp\nbind a 127.0.0.8:0\nconnect a 127.0.0.8:0\nsend a hex:0800f7fd00010001 -> 8\nrecvip a 100 -> hex:0800f7fd00010001 from 127.0.0.8 to 127.0.0.8\nrecvip a 100 -> hex:0000fffd00010001 from 127.0.0.8 to 127.0.0.8',
);
add(
  'disconnecting: no peer',
  'connect(2) AF_UNSPEC',
  'a = socket inet raw mine\nconnect a 127.0.0.2:7\ngetpeername a -> 127.0.0.2:7\nconnect a unspec\ngetpeername a -> ENOTCONN',
);

const six = new Group('raw: IPv6');
const addSix = (id: string, source: string, script: string): void => six.add(`raw6/${id}`, source, script);
addSix(
  'the payload comes without a header',
  'ipv6(7), RFC 3542 §3',
  'a = socket inet6 raw mine\nsendto a "abcd" [::1]:0 -> 4\nrecvfrom a 100 -> "abcd" from [::1]:0',
);
addSix(
  'every socket of the protocol gets a copy',
  'raw(7)',
  'a = socket inet6 raw mine\nb = socket inet6 raw mine\nsendto a "x" [::1]:0 -> 1\nrecv a 100 -> "x"\nrecv b 100 -> "x"',
);
addSix(
  'another protocol gets nothing',
  'raw(7)',
  'a = socket inet6 raw mine\nb = socket inet6 raw other\nsendto a "x" [::1]:0 -> 1\nrecv a 100 -> "x"\ntryrecv b 100 -> EAGAIN',
);
addSix(
  'a socket of IPv4 gets nothing',
  'raw(7)',
  'a = socket inet6 raw mine\nb = socket inet raw mine\nsendto a "x" [::1]:0 -> 1\nrecv a 100 -> "x"\ntryrecv b 100 -> EAGAIN',
);
addSix(
  'bound to ::1 it hears what is for ::1',
  'bind(2), raw(7)',
  'a = socket inet6 raw mine\nbind a [::1]:0\nsendto a "x" [::1]:0 -> 1\nrecv a 100 -> "x"',
);
addSix(
  'connected: send without an address',
  'connect(2)',
  'a = socket inet6 raw mine\nconnect a [::1]:0\nsend a "x" -> 1\nrecv a 100 -> "x"',
);
addSix('send without a peer → EDESTADDRREQ', 'send(2)', 'a = socket inet6 raw mine\ntrysend a "x" -> EDESTADDRREQ');
addSix(
  'a packet that does not fit is cut, with its real length',
  'recv(2) MSG_TRUNC',
  'a = socket inet6 raw mine\nsendto a "0123456789" [::1]:0 -> 10\nrecvfrom a 4 -> "0123" of 10 from [::1]:0',
);

export const rawGroups: readonly Group[] = [delivery, calls, six];
