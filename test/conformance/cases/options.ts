/** Options that change what calls do or that the kernel changes itself; the whole catalogue has tests of its own. */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { connected } from '../setup.ts';

const options = new Group('options: values, bounds, inheritance');
const add = (id: string, source: string, script: string, note?: string): void =>
  options.add(`options/${id}`, source, script, note);

const types: readonly (readonly [Family, string])[] = [
  [INET, 'stream'],
  [INET, 'dgram'],
  [INET6, 'stream'],
  [INET6, 'dgram'],
  [UNIX, 'stream'],
  [UNIX, 'dgram'],
];

for (const [{ name }, type] of types) {
  const open = `a = socket ${name} ${type}`;
  const base = `${name}/${type}`;
  add(
    `${base}/SO_SNDBUF is doubled`,
    'socket(7) SO_SNDBUF',
    `${open}\nset a SO_SNDBUF 20000\nget a SO_SNDBUF -> 40000`,
  );
  add(
    `${base}/SO_RCVBUF is doubled`,
    'socket(7) SO_RCVBUF',
    `${open}\nset a SO_RCVBUF 20000\nget a SO_RCVBUF -> 40000`,
  );
  add(
    `${base}/SO_SNDBUF has a least value`,
    'socket(7): minimum 2048',
    `${open}\nset a SO_SNDBUF 1\nget a SO_SNDBUF -> >=2048`,
  );
  add(
    `${base}/SO_RCVBUF has a least value`,
    'socket(7): minimum 256',
    `${open}\nset a SO_RCVBUF 1\nget a SO_RCVBUF -> >=256`,
  );
  add(
    `${base}/SO_REUSEADDR is 0 or 1`,
    'socket(7)',
    `${open}\nget a SO_REUSEADDR -> 0\nset a SO_REUSEADDR 7\nget a SO_REUSEADDR -> 1`,
  );
  add(
    `${base}/SO_LINGER: on and seconds`,
    'socket(7) SO_LINGER',
    `${open}\nget a SO_LINGER -> 0,0\nset a SO_LINGER 1,5\nget a SO_LINGER -> 1,5`,
  );
  add(
    `${base}/SO_RCVLOWAT is 1 at first`,
    'socket(7) SO_RCVLOWAT',
    `${open}\nget a SO_RCVLOWAT -> 1\nset a SO_RCVLOWAT 0\nget a SO_RCVLOWAT -> 1`,
  );
  add(
    `${base}/SO_TYPE cannot be set → ENOPROTOOPT`,
    'socket(7): read only, setsockopt(2)',
    `${open}\nset a SO_TYPE 1 -> ENOPROTOOPT`,
  );
  add(
    `${base}/SO_ERROR cannot be set → ENOPROTOOPT`,
    'socket(7): read only, setsockopt(2)',
    `${open}\nset a SO_ERROR 1 -> ENOPROTOOPT`,
  );
  add(
    `${base}/SO_ACCEPTCONN cannot be set → ENOPROTOOPT`,
    'socket(7): read only, setsockopt(2)',
    `${open}\nset a SO_ACCEPTCONN 1 -> ENOPROTOOPT`,
  );
  const wrong = name === 'unix' ? 'EOPNOTSUPP' : type === 'stream' ? undefined : 'ENOPROTOOPT';
  if (wrong !== undefined) {
    add(
      `${base}/TCP_NODELAY → ${wrong}`,
      'setsockopt(2) ENOPROTOOPT',
      `${open}\nset a TCP_NODELAY 1 -> ${wrong}`,
      name === 'unix' ? 'A Unix socket has no options below SOL_SOCKET: Linux says EOPNOTSUPP.' : undefined,
    );
  }
}

for (const family of [INET, INET6]) {
  const open = `a = socket ${family.name} stream`;
  const base = `${family.name}/stream`;
  add(`${base}/TCP_NODELAY`, 'tcp(7)', `${open}\nget a TCP_NODELAY -> 0\nset a TCP_NODELAY 1\nget a TCP_NODELAY -> 1`);
  add(`${base}/TCP_KEEPIDLE 0 → EINVAL`, 'tcp(7), setsockopt(2) EINVAL', `${open}\nset a TCP_KEEPIDLE 0 -> EINVAL`);
  add(
    `${base}/TCP_KEEPIDLE, KEEPINTVL and KEEPCNT keep what is set`,
    'tcp(7)',
    `${open}\nset a TCP_KEEPIDLE 11\nset a TCP_KEEPINTVL 12\nset a TCP_KEEPCNT 13\nget a TCP_KEEPIDLE -> 11\nget a TCP_KEEPINTVL -> 12\nget a TCP_KEEPCNT -> 13`,
  );
  add(`${base}/TCP_KEEPCNT 128 → EINVAL`, 'tcp(7)', `${open}\nset a TCP_KEEPCNT 128 -> EINVAL`);
  add(
    `${base}/TCP_USER_TIMEOUT`,
    'tcp(7), RFC 5482',
    `${open}\nget a TCP_USER_TIMEOUT -> 0\nset a TCP_USER_TIMEOUT 1500\nget a TCP_USER_TIMEOUT -> 1500\nset a TCP_USER_TIMEOUT -1 -> EINVAL`,
  );
  add(
    `${base}/TCP_MAXSEG out of range → EINVAL`,
    'tcp(7) TCP_MAXSEG',
    `${open}\nset a TCP_MAXSEG 1 -> EINVAL\nset a TCP_MAXSEG 100000 -> EINVAL`,
  );
  add(
    `${base}/an accepted socket has the listener's options`,
    'tcp(7): inherited, socket(7)',
    `l = socket ${family.name} stream\nset l SO_KEEPALIVE 1\nset l TCP_NODELAY 1\nset l SO_LINGER 1,3\nset l SO_OOBINLINE 1\nset l TCP_KEEPIDLE 77\nbind l ${family.here('l')}\nlisten l\nc = socket ${family.name} stream\nconnect c @l\ns = accept l\nget s SO_KEEPALIVE -> 1\nget s TCP_NODELAY -> 1\nget s SO_LINGER -> 1,3\nget s SO_OOBINLINE -> 1\nget s TCP_KEEPIDLE -> 77\nget c SO_KEEPALIVE -> 0`,
    'POSIX leaves open which options are inherited.',
  );
  add(
    `${base}/a closed socket has no options → EBADF`,
    'getsockopt(2) EBADF',
    `${connected(family)}\nclose c\nget c SO_REUSEADDR -> EBADF\nset c SO_REUSEADDR 1 -> EBADF`,
  );
}

add(
  'inet/IP_TTL from 1 to 255, -1 for the default',
  'ip(7) IP_TTL',
  'a = socket inet dgram\nset a IP_TTL 9\nget a IP_TTL -> 9\nset a IP_TTL 0 -> EINVAL\nset a IP_TTL 256 -> EINVAL\nset a IP_TTL -1\nget a IP_TTL -> 64',
);
add(
  'inet/IP_TOS keeps ECN bits out of a stream socket',
  'ip(7) IP_TOS, RFC 3168',
  'a = socket inet stream\nset a IP_TOS 255\nget a IP_TOS -> 252',
);
add('inet/IP_TOS of a datagram socket', 'ip(7) IP_TOS', 'a = socket inet dgram\nset a IP_TOS 184\nget a IP_TOS -> 184');
add(
  'inet6/IPV6_UNICAST_HOPS from 0 to 255, -1 for the default',
  'ipv6(7)',
  'a = socket inet6 dgram\nset a IPV6_UNICAST_HOPS 9\nget a IPV6_UNICAST_HOPS -> 9\nset a IPV6_UNICAST_HOPS 256 -> EINVAL\nset a IPV6_UNICAST_HOPS -2 -> EINVAL\nset a IPV6_UNICAST_HOPS -1\nget a IPV6_UNICAST_HOPS -> 64',
);
add(
  'inet/an IPv6 option on an IPv4 socket → ENOPROTOOPT',
  'setsockopt(2) ENOPROTOOPT',
  'a = socket inet dgram\nset a IPV6_V6ONLY 1 -> ENOPROTOOPT',
);
add(
  'unix/an IPv4 option on a Unix socket → EOPNOTSUPP',
  'setsockopt(2)',
  'a = socket unix stream\nset a IP_TTL 1 -> EOPNOTSUPP',
);

export const optionGroups: readonly Group[] = [options];
