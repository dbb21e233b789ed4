/** Datagrams: boundaries, cutting, filtering by connect, errors that ICMP brings, who of several sockets receives. */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { at, boundDatagram } from '../setup.ts';

type Add = (id: string, source: string, script: string, note?: string) => void;

/** `a` and `b` are bound, neither is connected. */
function messages(family: Family, add: Add): void {
  add(
    'two sends are two messages',
    'udp(7), unix(7), RFC 768',
    'sendto b "one" @a -> 3\nsendto b "two" @a -> 3\nrecv a 10 -> "one"\nrecv a 10 -> "two"\ntryrecv a 10 -> EAGAIN',
  );
  add('the sender is told', 'recvfrom(2)', `sendto b "x" @a -> 1\nrecvfrom a 10 -> "x" from ${at(family, 'b')}`);
  add(
    'one socket answers many',
    'recvfrom(2), sendto(2)',
    `${boundDatagram(family, 'c')}\nsendto b "b?" @a -> 2\nsendto c "c?" @a -> 2\nrecvfrom a 10 -> "b?" from ${at(family, 'b')}\nsendto a "b!" @b -> 2\nrecvfrom a 10 -> "c?" from ${at(family, 'c')}\nsendto a "c!" @c -> 2\nrecv b 10 -> "b!"\nrecv c 10 -> "c!"`,
  );
  add(
    'a message that does not fit is cut, and its rest is gone',
    'recv(2): truncation',
    'sendto b "0123456789" @a -> 10\nsendto b "next" @a -> 4\nrecv a 4 -> "0123"\nrecv a 10 -> "next"',
  );
  add(
    'recvfrom tells the real length of what it cut',
    'recv(2) MSG_TRUNC',
    `sendto b "0123456789" @a -> 10\nrecvfrom a 4 -> "0123" of 10 from ${at(family, 'b')}`,
  );
  add(
    'MSG_TRUNC makes recv return the real length',
    'recv(2) MSG_TRUNC, udp(7)',
    'sendto b "0123456789" @a -> 10\npoll a -> in|out\ntryrecvlen a 4 trunc -> 10',
  );
  add(
    'MSG_TRUNC of what fits is its length',
    'recv(2) MSG_TRUNC',
    'sendto b "0123" @a -> 4\npoll a -> in|out\ntryrecvlen a 10 trunc -> 4',
  );
  add(
    'recvmsg tells MSG_TRUNC',
    'recvmsg(2) MSG_TRUNC',
    'sendto b "0123456789" @a -> 10\nrecvmsg a 4 -> "0123" trunc\nsendto b "0123" @a -> 4\nrecvmsg a 4 -> "0123" none',
  );
  add(
    'a length of 0 asked: the message is cut to nothing, and gone',
    'recv(2)',
    'sendto b "gone" @a -> 4\nsendto b "next" @a -> 4\npoll a -> in|out\ntryrecv a 0 -> ""\nrecv a 10 -> "next"',
  );
  add(
    'an empty message is a message',
    'RFC 768, udp(7)',
    `sendto b "" @a -> 0\nsendto b "after" @a -> 5\npoll a -> in|out\nrecvfrom a 10 -> "" from ${at(family, 'b')}\nrecv a 10 -> "after"`,
  );
  add(
    'peek leaves the message',
    'recv(2) MSG_PEEK',
    `sendto b "twice" @a -> 5\nrecvfrom a 10 peek -> "twice" from ${at(family, 'b')}\nrecv a 10 peek -> "twice"\nrecv a 10 -> "twice"\ntryrecv a 10 peek -> EAGAIN`,
  );
  add(
    'peek with a short buffer leaves the whole',
    'recv(2) MSG_PEEK, MSG_TRUNC',
    'sendto b "0123456789" @a -> 10\nrecvmsg a 4 peek -> "0123" trunc\ntryrecvlen a 0 peek trunc -> 10\nrecv a 20 -> "0123456789"',
  );
  add(
    'readv spreads one message, and no more',
    'readv(2)',
    'sendto b "abcd" @a -> 4\nsendto b "efgh" @a -> 4\nreadv a 3 5 -> "abc" "d"\nreadv a 2 9 -> "ef" "gh"',
  );
  add('writev makes one message', 'writev(2)', 'connect b @a\nwritev b "he" "ad" -> 4\nrecv a 10 -> "head"');
  add(
    'MSG_WAITALL does not join messages',
    'recv(2) MSG_WAITALL',
    'sendto b "one" @a -> 3\nsendto b "two" @a -> 3\nrecv a 6 waitall -> "one"',
  );
  add('MSG_DONTWAIT with nothing there → EAGAIN', 'recv(2)', 'tryrecv a 10 dontwait -> EAGAIN');
  add('sending to oneself', 'udp(7), unix(7)', `sendto a "me" @a -> 2\nrecvfrom a 10 -> "me" from ${at(family, 'a')}`);
  add(
    'FIONREAD is the length of the next message',
    'udp(7) SIOCINQ',
    `ioctl a FIONREAD -> 0\nsendto b "abc" @a -> 3\npoll a -> in|out\nioctl a FIONREAD -> 3\n${family === UNIX ? '' : 'sendto b "defgh" @a -> 5\nioctl a FIONREAD -> 3\nrecv a 10 -> "abc"\nioctl a FIONREAD -> 5'}`,
  );
  add(
    'what waits can be read after the sender closed',
    'udp(7), unix(7)',
    'sendto b "left" @a -> 4\nclose b\nrecv a 10 -> "left"',
  );
  add(
    'close forgets what waits',
    'close(2)',
    'sendto b "lost" @a -> 4\npoll a -> in|out\nclose a\ntryrecv a 10 -> EBADF',
  );
  if (family === UNIX) return;
  const most = family === INET ? 65_507 : 65_527;
  add(
    `the longest message: ${most} bytes`,
    'RFC 768, RFC 791, RFC 8200: length of 16 bits',
    `set a SO_RCVBUF 200000\nset b SO_SNDBUF 200000\nsendto b x*${most} @a -> ${most}\nrecv a 70000 -> x*${most}`,
  );
  add(
    'one byte more → EMSGSIZE',
    'send(2) EMSGSIZE',
    `set b SO_SNDBUF 200000\ntrysendto b x*${most + 1} @a -> EMSGSIZE\ntryrecv a 10 -> EAGAIN`,
  );
  add(
    'MSG_MORE collects one message',
    'send(2) MSG_MORE, udp(7) UDP_CORK',
    'connect b @a\nsend b "one " more -> 4\nsend b "two " more -> 4\nsend b "three" -> 5\nrecv a 20 -> "one two three"',
  );
  add(
    'UDP_CORK collects one message until it is cleared',
    'udp(7) UDP_CORK',
    'connect b @a\nset b UDP_CORK 1\nsend b "one " -> 4\nsend b "two" -> 3\ntryrecv a 20 -> EAGAIN\nset b UDP_CORK 0\nrecv a 20 -> "one two"',
  );
  if (family === INET) add('MSG_OOB → EOPNOTSUPP', 'send(2) EOPNOTSUPP', 'trysendto b "x" @a oob -> EOPNOTSUPP');
}

function connecting(family: Family, add: Add): void {
  add(
    'a connected socket hears its peer only',
    'connect(2), udp(7), unix(7)',
    `${boundDatagram(family, 'x')}\nconnect a @b\n${family === UNIX ? 'trysendto x "no" @a -> EPERM' : 'sendto x "no" @a -> 2'}\nsendto b "yes" @a -> 3\nrecv a 10 -> "yes"\ntryrecv a 10 -> EAGAIN`,
    family === UNIX ? 'Linux tells the stranger EPERM; POSIX has no such error.' : undefined,
  );
  add(
    'the peer of a connected socket need not be connected',
    'connect(2)',
    `connect b @a\nsend b "x" -> 1\nrecvfrom a 10 -> "x" from ${at(family, 'b')}\nsendto a "y" @b -> 1\nrecv b 10 -> "y"`,
  );
  add(
    'both may be connected',
    'connect(2)',
    'connect a @b\nconnect b @a\nsend a "x" -> 1\nsend b "y" -> 1\nrecv a 10 -> "y"\nrecv b 10 -> "x"',
  );
  add(
    'sendto elsewhere from a connected socket',
    'send(2), udp(7)',
    `${boundDatagram(family, 'c')}\nconnect b @a\nsendto b "to c" @c -> 4\nsend b "to a" -> 4\nrecv c 10 -> "to c"\nrecv a 10 -> "to a"`,
    'POSIX allows EISCONN.',
  );
  add(
    'connecting again changes who is heard',
    'connect(2)',
    `${boundDatagram(family, 'c')}\nconnect a @b\nconnect a @c\nsendto c "yes" @a -> 3\nrecv a 10 -> "yes"\ngetpeername a -> ${at(family, 'c')}`,
  );
  add(
    'disconnecting: no peer',
    'connect(2) AF_UNSPEC',
    `connect a @b\nconnect a unspec\ngetpeername a -> ENOTCONN\ntrysend a "x" -> ${family === UNIX ? 'ENOTCONN' : 'EDESTADDRREQ'}`,
  );
  add(
    'disconnecting a socket that never connected is fine',
    'connect(2) AF_UNSPEC',
    'connect a unspec\ngetpeername a -> ENOTCONN',
  );
  add(
    'connect to oneself',
    'connect(2)',
    `connect a @a\ngetpeername a -> ${at(family, 'a')}\nsend a "me" -> 2\nrecv a 10 -> "me"`,
  );
  if (family === UNIX) {
    add(
      'the peer closed: ECONNREFUSED, and the connection is forgotten',
      'unix(7) ECONNREFUSED',
      'connect b @a\nclose a\ntrysend b "x" -> ECONNREFUSED\ntrysend b "x" -> ENOTCONN\ngetpeername b -> ENOTCONN',
    );
    add(
      'an unbound sender has no address',
      'unix(7): unnamed, recvfrom(2)',
      'u = socket unix dgram\nsendto u "x" @a -> 1\nrecvfrom a 10 -> "x" from no address',
    );
    add(
      'the receiver shut down reading → EPIPE',
      'shutdown(2), unix(7)',
      'connect b @a\nshutdown a rd\ntrysend b "x" -> EPIPE\ntrysendto b "x" @a -> EPIPE',
    );
    add(
      'a full receiver → EAGAIN, not writable; room again, writable',
      'unix(7): reliable, send(2) EAGAIN',
      'connect b @a\nfill b -> full\npoll b -> none\ntrysend b "x" -> EAGAIN\ndrain a -> drained\npoll b -> out',
    );
    add('sendto a path that is not there → ENOENT', 'unix(7), send(2)', 'trysendto a "x" path:none -> ENOENT');
    add(
      'sendto an abstract name that nobody has → ECONNREFUSED',
      'unix(7) ECONNREFUSED',
      'trysendto a "x" abstract:none -> ECONNREFUSED',
    );
    add(
      'sendto a stream socket → EPROTOTYPE',
      'unix(7) EPROTOTYPE',
      's = socket unix stream\nbind s path:s\ntrysendto a "x" path:s -> EPROTOTYPE',
    );
    add(
      'SO_PASSCRED binds the sender',
      'unix(7): Autobind, SO_PASSCRED',
      'u = socket unix dgram\nset u SO_PASSCRED 1\nconnect u @a\ngetsockname u -> autobound',
    );
    add(
      'no room for credentials: MSG_CTRUNC',
      'cmsg(3), recvmsg(2) MSG_CTRUNC, unix(7)',
      'set a SO_PASSCRED 1\nsendto b "x" @a -> 1\nrecvmsg a 10 -> "x" ctrunc',
    );
    add(
      'the path is renamed with the name only: a bound socket keeps its name',
      'unix(7)',
      'unlink a\ngetsockname a -> path:a\ntrysendto b "x" path:a -> ENOENT',
    );
    return;
  }
  const lo = family.here('x').replace(/:0$/, '');
  add(
    'nobody has the port: the next recv is ECONNREFUSED, once',
    'udp(7), RFC 1122 §4.1.3.3',
    'connect b @a\nclose a\nsend b "x" -> 1\npoll b -> out|err\ntryrecv b 10 -> ECONNREFUSED\ntryrecv b 10 -> EAGAIN\npoll b -> out',
  );
  add(
    'nobody has the port: the next send is ECONNREFUSED, once',
    'udp(7), RFC 1122 §4.1.3.3',
    'connect b @a\nclose a\nsend b "x" -> 1\npoll b -> out|err\ntrysend b "y" -> ECONNREFUSED\ntrysend b "z" -> 1',
  );
  add(
    'nobody has the port: SO_ERROR tells, once',
    'socket(7) SO_ERROR',
    'connect b @a\nclose a\nsend b "x" -> 1\npoll b -> out|err\nget b SO_ERROR -> error ECONNREFUSED\nget b SO_ERROR -> 0\ntryrecv b 10 -> EAGAIN',
  );
  add(
    'nobody has the port: a socket without a peer is not told',
    'udp(7)',
    `p = port\nsendto b "x" ${lo}:p -> 1\nsendto b "y" ${lo}:p -> 1\ntryrecv b 10 -> EAGAIN\nget b SO_ERROR -> 0`,
  );
  add(
    'after ECONNREFUSED the socket goes on',
    'udp(7)',
    `p = port\nconnect b ${lo}:p\nsend b "x" -> 1\npoll b -> out|err\ntryrecv b 10 -> ECONNREFUSED\nl = socket ${family.name} dgram\nbind l ${lo}:p\nsend b "now" -> 3\nrecv l 10 -> "now"`,
  );
  add(
    'two sockets may connect to one place',
    'udp(7)',
    'x = socket ' +
      family.name +
      ' dgram\nconnect x @a\nconnect b @a\nsend x "x" -> 1\nsend b "b" -> 1\nrecv a 1 -> "x"\nrecv a 1 -> "b"',
  );
}

/** Which of several sockets on one port a datagram is for: the one whose addresses say the most. */
function delivery(add: Add): void {
  const open = (name: string, address: string): string =>
    `${name} = socket inet dgram\nset ${name} SO_REUSEADDR 1\nbind ${name} ${address}`;
  const base = `p = port\n${open('any', '0.0.0.0:p')}\n${open('one', '127.0.0.1:p')}\nx = socket inet dgram\nbind x 127.0.0.1:0`;
  add(
    'the specific address wins over the wildcard',
    'udp(7), RFC 1122 §4.1.3.5',
    `${base}\nsendto x "m" 127.0.0.1:p -> 1\nrecv one 10 -> "m"\ntryrecv any 10 -> EAGAIN`,
  );
  add(
    'another address goes to the wildcard',
    'udp(7), ip(7)',
    `${base}\nsendto x "m" 127.0.0.2:p -> 1\nrecv any 10 -> "m"\ntryrecv one 10 -> EAGAIN`,
  );
  add(
    'a connected socket wins for its peer',
    'udp(7), connect(2)',
    `${base}\n${open('mine', '127.0.0.1:p')}\nconnect mine @x\nsendto x "m" 127.0.0.1:p -> 1\nrecv mine 10 -> "m"\ntryrecv one 10 -> EAGAIN`,
  );
  add(
    'others go past a connected socket',
    'udp(7), connect(2)',
    `${base}\n${open('mine', '127.0.0.1:p')}\nconnect mine @x\ny = socket inet dgram\nsendto y "m" 127.0.0.1:p -> 1\nrecv one 10 -> "m"\ntryrecv mine 10 -> EAGAIN`,
  );
  add(
    'when the specific one closes, the wildcard hears',
    'udp(7)',
    `${base}\nclose one\nsendto x "m" 127.0.0.1:p -> 1\nrecv any 10 -> "m"`,
  );
  add(
    'from a wildcard socket the source is the address of the route',
    'ip(7), RFC 1122 §4.1.3.5',
    `${base}\nsendto any "m" @x -> 1\nrecvfrom x 10 -> "m" from 127.0.0.1:p`,
  );
  add(
    'from a specific socket the source is its address',
    'ip(7)',
    `p = port\n${open('two', '127.0.0.2:p')}\nx = socket inet dgram\nbind x 127.0.0.1:0\nsendto two "m" @x -> 1\nrecvfrom x 10 -> "m" from 127.0.0.2:p`,
  );
  add(
    'broadcast without SO_BROADCAST → EACCES',
    'send(2) EACCES, socket(7) SO_BROADCAST, ip(7)',
    'p = port\nx = socket inet dgram\ntrysendto x "m" 127.255.255.255:p -> EACCES\ntryconnect x 127.255.255.255:p -> EACCES',
  );
  add(
    'broadcast with SO_BROADCAST reaches the wildcard',
    'socket(7) SO_BROADCAST',
    `${base}\nset x SO_BROADCAST 1\nsendto x "m" 127.255.255.255:p -> 1\nrecv any 10 -> "m"\ntryrecv one 10 -> EAGAIN`,
  );
  add(
    'broadcast reaches each socket of the port',
    'udp(7), RFC 1122 §3.3.6',
    `${base}\n${open('other', '0.0.0.0:p')}\nset x SO_BROADCAST 1\nsendto x "m" 127.255.255.255:p -> 1\nrecv any 10 -> "m"\nrecv other 10 -> "m"`,
  );
}

function dual(add: Add): void {
  const open = (only: 0 | 1): string => `d = socket inet6 dgram\nset d IPV6_V6ONLY ${only}\nbind d [::]:0`;
  add(
    'a dual socket hears IPv4, mapped',
    'ipv6(7), RFC 3493 §3.7',
    `${open(0)}\nx = socket inet dgram\nbind x 127.0.0.1:0\nsendto x "m" 127.0.0.1:d -> 1\nrecvfrom d 10 -> "m" from [::ffff:127.0.0.1]:x`,
  );
  add(
    'a dual socket hears IPv6',
    'ipv6(7)',
    `${open(0)}\nx = socket inet6 dgram\nbind x [::1]:0\nsendto x "m" [::1]:d -> 1\nrecvfrom d 10 -> "m" from [::1]:x`,
  );
  add(
    'a dual socket answers IPv4',
    'RFC 3493 §3.7',
    `${open(0)}\nx = socket inet dgram\nbind x 127.0.0.1:0\nsendto d "m" [::ffff:127.0.0.1]:x -> 1\nrecvfrom x 10 -> "m" from 127.0.0.1:d`,
  );
  add(
    'a V6ONLY socket does not hear IPv4',
    'ipv6(7) IPV6_V6ONLY',
    `${open(1)}\nx = socket inet dgram\nconnect x 127.0.0.1:d\nsend x "m" -> 1\npoll x -> out|err\ntryrecv x 10 -> ECONNREFUSED\ntryrecv d 10 -> EAGAIN`,
  );
  add(
    'a V6ONLY socket does not send to a mapped address → ENETUNREACH',
    'ipv6(7) IPV6_V6ONLY',
    `${open(1)}\ntrysendto d "m" [::ffff:127.0.0.1]:9 -> ENETUNREACH`,
  );
  add(
    'connect to a mapped address names both ends mapped',
    'RFC 3493 §3.7',
    'x = socket inet dgram\nbind x 127.0.0.1:0\nd = socket inet6 dgram\nset d IPV6_V6ONLY 0\nconnect d [::ffff:127.0.0.1]:x\ngetpeername d -> [::ffff:127.0.0.1]:x\ngetsockname d -> [::ffff:127.0.0.1]:d',
  );
}

function collect(subject: string, prefix: string, setup: string, fill: (add: Add) => void): Group {
  const group = new Group(subject);
  fill((id, source, script, note) => {
    group.add(`${prefix}/${id}`, source, `${setup}\n${script}`, note);
  });
  return group;
}

const both = (family: Family): string => `${boundDatagram(family, 'a')}\n${boundDatagram(family, 'b')}`;

export const datagramDataGroups: readonly Group[] = [
  ...[INET, INET6, UNIX].flatMap((family) => [
    collect(`${family.name} dgram: messages`, `${family.name}/dgram`, both(family), (add) => {
      messages(family, add);
    }),
    collect(`${family.name} dgram: connect`, `${family.name}/dgram/connect`, both(family), (add) => {
      connecting(family, add);
    }),
  ]),
  collect('inet dgram: who receives', 'inet/dgram/delivery', '', delivery),
  collect('inet6 dgram: both versions of IP', 'inet6/dgram/dual', '', dual),
];
