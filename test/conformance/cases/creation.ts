/** socket(2) and socketpair(2): which domain, type and protocol go together. */
import { Group } from '../case.ts';
import { gridCells } from '../grid.ts';

const creation = new Group('socket: domain × type × protocol');

/** unix(7): a raw Unix socket is a datagram socket. POSIX says EPROTOTYPE where Linux says ESOCKTNOSUPPORT. */
const byProtocol = `
protocol  inet/stream     inet/dgram      inet/raw        inet/rdm        inet6/stream    inet6/dgram     inet6/rdm       unix/stream     unix/dgram      unix/seqpacket  unix/raw        unix/rdm
0         ok              ok              EPROTONOSUPPORT ESOCKTNOSUPPORT ok              ok              ESOCKTNOSUPPORT ok              ok              ok              ok              ESOCKTNOSUPPORT
1         EPROTONOSUPPORT .               ok              .               EPROTONOSUPPORT EPROTONOSUPPORT .               ok              ok              ok              ok              ESOCKTNOSUPPORT
tcp       ok              EPROTONOSUPPORT ok              .               ok              EPROTONOSUPPORT .               EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT .
udp       EPROTONOSUPPORT ok              ok              .               EPROTONOSUPPORT ok              .               EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT .
-1        EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT .
1000      EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EINVAL          EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT EPROTONOSUPPORT .
`;
for (const { row, column, value } of gridCells(byProtocol)) {
  const [domain = '', type = ''] = column.split('/');
  creation.add(
    `socket/${domain}/${type}/protocol ${row} → ${value}`,
    'socket(2)',
    `a = socket ${domain} ${type} ${row} -> ${value}`,
    value === 'ESOCKTNOSUPPORT' ? 'POSIX says EPROTOTYPE for a type that the domain does not have.' : undefined,
  );
}

const strange: readonly (readonly [what: string, words: string, outcome: string])[] = [
  ['domain 99', '99 stream', 'EAFNOSUPPORT'],
  ['domain -1', '-1 stream', 'EAFNOSUPPORT'],
  ['domain unspec', 'unspec stream', 'EAFNOSUPPORT'],
  ['inet, type 0', 'inet 0', 'ESOCKTNOSUPPORT'],
  ['inet, type 11', 'inet 11', 'EINVAL'],
  ['inet, type -1', 'inet -1', 'EINVAL'],
  ['netlink, stream', 'netlink stream', 'ESOCKTNOSUPPORT'],
  ['netlink, protocol 99', 'netlink raw 99', 'EPROTONOSUPPORT'],
  ['netlink, route', 'netlink raw 0', 'ok'],
];
for (const [what, words, outcome] of strange) {
  creation.add(`socket/${what} → ${outcome}`, 'socket(2)', `a = socket ${words} -> ${outcome}`);
}

for (const [domain, type, protocol, number] of [
  ['inet', 'stream', 6, 2],
  ['inet', 'dgram', 17, 2],
  ['inet6', 'stream', 6, 10],
  ['inet6', 'dgram', 17, 10],
  ['unix', 'stream', 0, 1],
  ['unix', 'dgram', 0, 1],
  ['unix', 'seqpacket', 0, 1],
] as const) {
  creation.add(
    `socket/${domain}/${type}/SO_DOMAIN and SO_PROTOCOL tell → ${number}, ${protocol}`,
    'socket(7) SO_DOMAIN, SO_PROTOCOL',
    `a = socket ${domain} ${type}
     get a SO_DOMAIN -> ${number}
     get a SO_PROTOCOL -> ${protocol}`,
  );
}

const pairs = new Group('socketpair');

for (const [domain, type, outcome] of [
  ['unix', 'stream', 'ok'],
  ['unix', 'dgram', 'ok'],
  ['unix', 'seqpacket', 'ok'],
  ['inet', 'stream', 'EOPNOTSUPP'],
  ['inet', 'dgram', 'EOPNOTSUPP'],
  ['inet6', 'stream', 'EOPNOTSUPP'],
] as const) {
  pairs.add(
    `socketpair/${domain}/${type} → ${outcome}`,
    'socketpair(2)',
    `a,b = socketpair ${domain} ${type} -> ${outcome}`,
  );
}

for (const type of ['stream', 'dgram', 'seqpacket']) {
  const pair = `a,b = socketpair unix ${type}`;
  pairs.add(
    `socketpair/${type}/both ends send and receive`,
    'socketpair(2)',
    `${pair}
     send a "to b" -> 4
     send b "to a" -> 4
     recv a 10 -> "to a"
     recv b 10 -> "to b"`,
  );
  pairs.add(
    `socketpair/${type}/both ends are connected and unnamed`,
    'unix(7): unnamed',
    `${pair}
     getsockname a -> unnamed
     getpeername a -> unnamed
     getsockname b -> unnamed
     getpeername b -> unnamed`,
  );
  pairs.add(
    `socketpair/${type}/a sent message waits after its sender is closed`,
    'socketpair(2), unix(7)',
    `${pair}
     send a "left" -> 4
     close a
     recv b 10 -> "left"`,
  );
  pairs.add(
    `socketpair/${type}/cannot listen: it has no name`,
    'listen(2)',
    `${pair}
     listen a -> ${type === 'dgram' ? 'EOPNOTSUPP' : 'EINVAL'}`,
  );
  pairs.add(
    `socketpair/${type}/peek leaves what it shows`,
    'recv(2) MSG_PEEK',
    `${pair}
     send a "twice" -> 5
     recv b 10 peek -> "twice"
     recv b 10 -> "twice"
     tryrecv b 10 -> EAGAIN`,
  );
}

export const creationGroups: readonly Group[] = [creation, pairs];
