/** Names of sockets: what getsockname and getpeername tell before and after each call, and which addresses bind takes. */
import { type Family, Group, INET, INET6 } from '../case.ts';

const names = new Group('names before and after each call');

for (const family of [INET, INET6]) {
  const { name, unbound } = family;
  const any = name === 'inet' ? '0.0.0.0' : '[::]';
  const add = (id: string, source: string, script: string, note?: string): void =>
    names.add(`${name}/${id}`, source, script, note);
  for (const type of ['stream', 'dgram']) {
    add(
      `${type}/bind to port 0 picks a port and keeps the address`,
      'ip(7): ephemeral port',
      `a = socket ${name} ${type}
       getsockname a -> ${unbound}
       bind a ${family.here('a')}
       getsockname a -> ${family.bound('a')}
       getpeername a -> ENOTCONN`,
    );
    add(
      `${type}/bind to the wildcard keeps it as the name`,
      'ip(7) INADDR_ANY',
      `a = socket ${name} ${type}
       bind a ${any}:0
       getsockname a -> ${any}:a`,
    );
    add(
      `${type}/connect names both ends and picks the local address`,
      'connect(2), ip(7)',
      `l = socket ${name} ${type}
       bind l ${family.here('l')}
       ${type === 'stream' ? 'listen l' : ''}
       c = socket ${name} ${type}
       connect c @l
       getsockname c -> ${family.bound('c')}
       getpeername c -> ${family.bound('l')}`,
    );
    add(
      `${type}/connect from a wildcard-bound socket fills in the address, keeps the port`,
      'ip(7), connect(2)',
      `l = socket ${name} ${type}
       bind l ${family.here('l')}
       ${type === 'stream' ? 'listen l' : ''}
       c = socket ${name} ${type}
       bind c ${any}:0
       getsockname c -> ${any}:c
       connect c @l
       getsockname c -> ${family.bound('c')}`,
    );
  }
  add(
    'stream/listen without bind picks a port on the wildcard',
    'ip(7): listen on an unbound socket',
    `a = socket ${name} stream
     listen a
     getsockname a -> ${any}:a`,
  );
  add(
    'stream/an accepted socket has the listener as its name and the client as its peer',
    'accept(2), getpeername(2)',
    `l = socket ${name} stream
     bind l ${any}:0
     listen l
     c = socket ${name} stream
     connect c ${family.here('x').replace(/0$/, 'l')}
     s = accept l
     getsockname s -> ${family.bound('l')}
     getpeername s -> ${family.bound('c')}
     getpeername c -> ${family.bound('l')}
     getsockname l -> ${any}:l
     getpeername l -> ENOTCONN`,
  );
  add(
    'stream/a connect to the wildcard reaches this host',
    'ip(7) INADDR_ANY; RFC 3493 §3.7',
    `l = socket ${name} stream
     bind l ${family.here('l')}
     listen l
     c = socket ${name} stream
     connect c ${any}:l
     getpeername c -> ${family.bound('l')}`,
  );
  add(
    'dgram/sendto without bind picks a port on the wildcard',
    'udp(7), ip(7)',
    `a = socket ${name} dgram
     bind a ${family.here('a')}
     b = socket ${name} dgram
     sendto b "x" @a -> 1
     getsockname b -> ${any}:b
     recvfrom a 10 -> "x" from ${family.bound('b')}`,
  );
  add(
    'dgram/disconnecting forgets the peer, and the address that connect picked',
    'connect(2) AF_UNSPEC, udp(7)',
    `a = socket ${name} dgram
     bind a ${family.here('a')}
     b = socket ${name} dgram
     connect b @a
     getpeername b -> ${family.bound('a')}
     connect b unspec
     getpeername b -> ENOTCONN
     getsockname b -> ${unbound}`,
  );
  add(
    'dgram/disconnecting keeps a name that bind gave',
    'connect(2) AF_UNSPEC, udp(7)',
    `a = socket ${name} dgram
     bind a ${family.here('a')}
     p = port
     b = socket ${name} dgram
     bind b ${family.here('p').replace(/0$/, 'p')}
     connect b @a
     connect b unspec
     getpeername b -> ENOTCONN
     getsockname b -> ${family.bound('p')}`,
  );
  add(
    'dgram/disconnecting forgets a port that bind was not told',
    'connect(2) AF_UNSPEC',
    `a = socket ${name} dgram
     bind a ${family.here('a')}
     b = socket ${name} dgram
     bind b ${family.here('b')}
     connect b @a
     connect b unspec
     getsockname b -> ${family.here('b')}`,
    'Linux keeps what bind fixed: the address, but not a port that it picked itself. POSIX says nothing.',
  );
  add(
    'dgram/connecting again changes the peer',
    'connect(2): datagram sockets may connect several times',
    `a = socket ${name} dgram
     bind a ${family.here('a')}
     b = socket ${name} dgram
     bind b ${family.here('b')}
     c = socket ${name} dgram
     connect c @a
     connect c @b
     getpeername c -> ${family.bound('b')}`,
  );
}

names.add(
  'inet/127.0.0.2 is this host too: the name is the address that was connected to',
  'RFC 1122 §3.2.1.3 (g)',
  `l = socket inet stream
   bind l 0.0.0.0:0
   listen l
   c = socket inet stream
   connect c 127.0.0.2:l
   s = accept l
   getsockname s -> 127.0.0.2:l
   getpeername c -> 127.0.0.2:l`,
);
names.add(
  'inet6/an IPv4 peer of a dual socket is a mapped address',
  'RFC 4291 §2.5.5.2, ipv6(7)',
  `l = socket inet6 stream
   set l IPV6_V6ONLY 0
   bind l [::]:0
   listen l
   c = socket inet stream
   connect c 127.0.0.1:l
   s = accept l
   getsockname s -> [::ffff:127.0.0.1]:l
   getpeername s -> [::ffff:127.0.0.1]:c`,
);
names.add(
  'inet6/V6ONLY can no longer change once bound',
  'ipv6(7) IPV6_V6ONLY, RFC 3493 §5.3',
  `a = socket inet6 stream
   bind a [::1]:0
   set a IPV6_V6ONLY 1 -> EINVAL`,
);
names.add(
  'inet6/a V6ONLY socket refuses a mapped address',
  'ipv6(7) IPV6_V6ONLY',
  `a = socket inet6 stream
   set a IPV6_V6ONLY 1
   bind a [::ffff:127.0.0.1]:0 -> EINVAL`,
);

const refused = new Group('addresses that bind and connect refuse');

function refusedBy(family: Family, type: string): void {
  const { name } = family;
  const inet = name === 'inet' ? '16-byte' : '28-byte';
  const add = (id: string, source: string, script: string, note?: string): void =>
    refused.add(`${name}/${type}/${id}`, source, `a = socket ${name} ${type}\n${script}`, note);
  const foreign = name === 'inet' ? '192.0.2.77:0' : '[2001:db8::77]:0';
  add('bind to an address of another host → EADDRNOTAVAIL', 'bind(2)', `bind a ${foreign} -> EADDRNOTAVAIL`);
  add('bind twice → EINVAL', 'bind(2)', `bind a ${family.here('a')}\nbind a ${family.here('b')} -> EINVAL`);
  add(
    `bind with a short address → EINVAL`,
    `bind(2), ${inet} sockaddr`,
    `bind a raw:${name === 'inet' ? 2 : 10}:0000 -> EINVAL`,
  );
  add(
    'bind with a Unix address → EAFNOSUPPORT',
    'bind(2) EINVAL, ip(7) EAFNOSUPPORT',
    `bind a raw:1:2f00000000000000000000000000000000000000000000000000 -> EAFNOSUPPORT`,
  );
  if (type === 'stream') {
    add('connect with AF_UNIX → EAFNOSUPPORT', 'connect(2)', `tryconnect a raw:1:${'00'.repeat(26)} -> EAFNOSUPPORT`);
    add(
      'connect where nobody listens → ECONNREFUSED',
      'connect(2), RFC 9293 §3.10.7.3',
      `p = port\nconnect a ${family.here('a').replace(/0$/, 'p')} -> ECONNREFUSED`,
    );
  } else {
    const wrong = name === 'inet' ? 'EAFNOSUPPORT' : 'EINVAL';
    add(
      `sendto with AF_UNIX → ${wrong}`,
      'send(2), ip(7)',
      `trysendto a "x" raw:1:${'00'.repeat(26)} -> ${wrong}`,
      'POSIX says EAFNOSUPPORT; so does Linux for IPv4, but EINVAL for IPv6.',
    );
    add('sendto port 0 → EINVAL', 'udp(7), send(2)', `trysendto a "x" ${family.here('a')} -> EINVAL`);
    add('send without a peer → EDESTADDRREQ', 'udp(7), send(2)', `trysend a "x" -> EDESTADDRREQ`);
  }
}
for (const family of [INET, INET6]) for (const type of ['stream', 'dgram']) refusedBy(family, type);

refused.add(
  'inet/bind to a port in use → EADDRINUSE, and the socket stays free',
  'bind(2)',
  `p = port
   a = socket inet stream
   bind a 127.0.0.1:p
   b = socket inet stream
   bind b 127.0.0.1:p -> EADDRINUSE
   getsockname b -> 0.0.0.0:0
   bind b 127.0.0.1:0
   getsockname b -> 127.0.0.1:b`,
);
refused.add(
  'inet/TCP and UDP have ports of their own',
  'RFC 9293, RFC 768',
  `p = port
   a = socket inet stream
   bind a 127.0.0.1:p
   b = socket inet dgram
   bind b 127.0.0.1:p`,
);
refused.add(
  'inet/IP_FREEBIND binds to an address that is not there yet',
  'ip(7) IP_FREEBIND',
  `a = socket inet stream
   set a IP_FREEBIND 1
   bind a 192.0.2.77:0
   getsockname a -> 192.0.2.77:a`,
);

const unix = new Group('unix: paths, abstract names, autobind');

for (const type of ['stream', 'dgram', 'seqpacket']) {
  const add = (id: string, source: string, script: string, note?: string): void =>
    unix.add(`unix/${type}/${id}`, source, script, note);
  const connection = type !== 'dgram';
  add(
    'bind to a path, and the name is the path',
    'unix(7): pathname',
    `a = socket unix ${type}\nbind a path:a\ngetsockname a -> path:a`,
  );
  add(
    'bind to an abstract name',
    'unix(7): abstract',
    `a = socket unix ${type}\nbind a abstract:a\ngetsockname a -> abstract:a`,
  );
  add(
    'bind to no name picks an abstract one',
    'unix(7): Autobind',
    `a = socket unix ${type}\nbind a unnamed\ngetsockname a -> autobound`,
  );
  add(
    'bind to a path in use → EADDRINUSE',
    'unix(7) EADDRINUSE',
    `a = socket unix ${type}\nbind a path:a\nb = socket unix ${type}\nbind b path:a -> EADDRINUSE`,
  );
  add(
    'bind to an abstract name in use → EADDRINUSE',
    'unix(7)',
    `a = socket unix ${type}\nbind a abstract:a\nb = socket unix ${type}\nbind b abstract:a -> EADDRINUSE`,
  );
  add(
    'an abstract name is free as soon as its socket is closed',
    'unix(7): abstract',
    `a = socket unix ${type}\nbind a abstract:a\nclose a\nb = socket unix ${type}\nbind b abstract:a`,
  );
  add(
    'a path stays after close: bind → EADDRINUSE until unlinked',
    'unix(7)',
    `a = socket unix ${type}\nbind a path:a\nclose a\nb = socket unix ${type}\nbind b path:a -> EADDRINUSE\nunlink a\nbind b path:a`,
  );
  add(
    'bind in a folder that is not there → ENOENT',
    'bind(2)',
    `a = socket unix ${type}\nbind a path:none/a -> ENOENT`,
  );
  add('bind twice → EINVAL', 'bind(2)', `a = socket unix ${type}\nbind a path:a\nbind a path:b -> EINVAL`);
  add(
    'REUSEADDR changes nothing',
    'unix(7): socket options',
    `a = socket unix ${type}\nset a SO_REUSEADDR 1\nbind a path:a\nclose a\nb = socket unix ${type}\nset b SO_REUSEADDR 1\nbind b path:a -> EADDRINUSE`,
  );
  add(
    'connect to a path that is not there → ENOENT',
    'connect(2), unix(7)',
    `a = socket unix ${type}\ntryconnect a path:none -> ENOENT`,
  );
  add(
    'connect to an abstract name that nobody has → ECONNREFUSED',
    'unix(7) ECONNREFUSED',
    `a = socket unix ${type}\ntryconnect a abstract:none -> ECONNREFUSED`,
  );
  add(
    'connect to a path whose socket is closed → ECONNREFUSED',
    'unix(7) ECONNREFUSED',
    `a = socket unix ${type}\nbind a path:a\n${connection ? 'listen a\n' : ''}close a\nb = socket unix ${type}\ntryconnect b path:a -> ECONNREFUSED`,
  );
  add(
    'connect to a path that was unlinked → ENOENT',
    'unix(7), unlink(2)',
    `a = socket unix ${type}\nbind a path:a\n${connection ? 'listen a\n' : ''}unlink a\nb = socket unix ${type}\ntryconnect b path:a -> ENOENT`,
  );
  add(
    'connect with AF_INET → EINVAL',
    'unix(7) EINVAL',
    `a = socket unix ${type}\ntryconnect a raw:2:${'00'.repeat(14)} -> EINVAL`,
  );
  for (const other of ['stream', 'dgram', 'seqpacket'].filter((word) => word !== type)) {
    add(
      `connect to a ${other} socket → EPROTOTYPE`,
      'unix(7) EPROTOTYPE',
      `a = socket unix ${other}\nbind a path:a\n${other === 'dgram' ? '' : 'listen a\n'}b = socket unix ${type}\ntryconnect b path:a -> EPROTOTYPE`,
    );
  }
  if (connection) {
    add(
      'connect to a socket that does not listen → ECONNREFUSED',
      'unix(7), connect(2)',
      `a = socket unix ${type}\nbind a path:a\nb = socket unix ${type}\ntryconnect b @a -> ECONNREFUSED`,
    );
    add(
      'a bound client has a name for its peer',
      'unix(7)',
      `l = socket unix ${type}\nbind l path:l\nlisten l\nc = socket unix ${type}\nbind c path:c\nconnect c @l\ns = accept l\ngetpeername s -> path:c\ngetsockname s -> path:l\ngetpeername c -> path:l`,
    );
    add(
      'an unbound client is unnamed for its peer',
      'unix(7): unnamed',
      `l = socket unix ${type}\nbind l path:l\nlisten l\nc = socket unix ${type}\nconnect c @l\ns = accept l\ngetpeername s -> unnamed\ngetsockname s -> path:l`,
    );
    add(
      'an unlinked listener keeps its connections',
      'unix(7), unlink(2)',
      `l = socket unix ${type}\nbind l path:l\nlisten l\nc = socket unix ${type}\nconnect c @l\nunlink l\ns = accept l\nsend c "still" -> 5\nrecv s 10 -> "still"`,
    );
    add(
      'a full backlog → EAGAIN',
      'connect(2) EAGAIN (Unix), listen(2)',
      `l = socket unix ${type}\nbind l path:l\nlisten l 0\na = socket unix ${type}\nconnect a @l\nb = socket unix ${type}\ntryconnect b @l -> EAGAIN\ns = accept l\ntryconnect b @l -> ok`,
      'A blocking connect would wait here; POSIX has no such EAGAIN.',
    );
    add(
      'connecting to a listener that is shut down → ECONNREFUSED',
      'shutdown(2), unix(7)',
      `l = socket unix ${type}\nbind l path:l\nlisten l\nshutdown l rd\nc = socket unix ${type}\ntryconnect c @l -> ECONNREFUSED`,
    );
    add(
      'closing a listener resets what waits in its queue',
      'unix(7)',
      `l = socket unix ${type}\nbind l path:l\nlisten l\nc = socket unix ${type}\nconnect c @l\nclose l\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET`,
    );
  }
}

export const addressGroups: readonly Group[] = [names, refused, unix];
