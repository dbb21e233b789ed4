/**
 * Datagram sockets: every call in every state. udp(7), unix(7), RFC 768, RFC 1122 §4.1.3, and the ERRORS sections of the
 * calls' own pages.
 */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { gridCells } from '../grid.ts';
import { at, boundDatagram } from '../setup.ts';

/** `l` is the peer, `c` the socket in question. */
const begin = (family: Family): string => `${boundDatagram(family, 'l')}\n c = socket ${family.name} dgram`;
const bound = (family: Family): string => `${begin(family)}\n bind c ${family.here('c')}`;
const connected = (family: Family): string => `${bound(family)}\n connect c @l`;

const states: { readonly [state: string]: (family: Family) => string } = {
  fresh: begin,
  bound,
  connected,
  'data-waits': (family) => `${connected(family)}\n sendto l "hello" @c\n poll c -> in|out`,
  // Nobody has the port: ICMP says so, and the socket remembers it (RFC 1122 §4.1.3.3).
  refused: (family) => `${connected(family)}\n close l\n send c "anybody?"\n poll c -> out|err`,
  'peer-closed': (family) => `${connected(family)}\n close l`,
  disconnected: (family) => `${connected(family)}\n connect c unspec`,
  'shut-rd': (family) => `${connected(family)}\n shutdown c rd`,
  'shut-wr': (family) => `${connected(family)}\n shutdown c wr`,
  'shut-both': (family) => `${connected(family)}\n shutdown c both`,
  closed: (family) => `${connected(family)}\n close c`,
};

interface Call {
  readonly line: (family: Family) => string;
  readonly source: string;
  readonly note?: string;
}

const calls: { readonly [call: string]: Call } = {
  getsockname: { line: () => 'getsockname c', source: 'getsockname(2)' },
  getpeername: { line: () => 'getpeername c', source: 'getpeername(2)' },
  SO_ERROR: { line: () => 'get c SO_ERROR', source: 'socket(7) SO_ERROR' },
  SO_TYPE: { line: () => 'get c SO_TYPE', source: 'socket(7) SO_TYPE' },
  poll: { line: () => 'poll c', source: 'poll(2), socket(7) I/O events' },
  recv: {
    line: () => 'tryrecv c 10',
    source: 'recv(2), udp(7)',
    note: 'After shutdown for reading poll says readable, and a non-blocking recv still says EAGAIN; a blocking one returns 0.',
  },
  'recv-PEEK': { line: () => 'tryrecv c 10 peek', source: 'recv(2) MSG_PEEK' },
  recvfrom: { line: () => 'tryrecvfrom c 10', source: 'recvfrom(2)' },
  send: {
    line: () => 'trysend c "x"',
    source: 'send(2), udp(7)',
    note: 'Without a peer Unix sockets say ENOTCONN, where POSIX (and UDP) say EDESTADDRREQ.',
  },
  'send-nothing': { line: () => 'trysend c ""', source: 'send(2), RFC 768: length 8' },
  'sendto-peer': {
    line: (family) => `trysendto c "x" ${at(family, 'l')}`,
    source: 'send(2), udp(7)',
    note: 'A connected socket may send to any address; POSIX allows EISCONN.',
  },
  'shutdown-rd': { line: () => 'shutdown c rd', source: 'shutdown(2) ENOTCONN' },
  'shutdown-wr': { line: () => 'shutdown c wr', source: 'shutdown(2) ENOTCONN' },
  'shutdown-both': { line: () => 'shutdown c both', source: 'shutdown(2) ENOTCONN' },
  'shutdown-3': { line: () => 'shutdown c 3', source: 'shutdown(2) EINVAL' },
  listen: { line: () => 'listen c', source: 'listen(2) EOPNOTSUPP' },
  accept: { line: () => 'a = tryaccept c', source: 'accept(2) EOPNOTSUPP' },
  bind: { line: (family) => `bind c ${family.here('c2')}`, source: 'bind(2) EINVAL' },
  connect: { line: () => 'tryconnect c @l', source: 'connect(2)' },
  disconnect: { line: () => 'tryconnect c unspec', source: 'connect(2) AF_UNSPEC' },
};

const udpRules = `
call          fresh        bound        connected  data-waits refused            disconnected shut-rd      shut-wr    shut-both         closed
getsockname   UNBOUND      BOUND        BOUND      BOUND      BOUND              .            BOUND        BOUND      BOUND             EBADF
getpeername   ENOTCONN     ENOTCONN     PEER       PEER       PEER               ENOTCONN     PEER         PEER       PEER              EBADF
SO_ERROR      0            0            0          0          error_ECONNREFUSED 0            0            0          0                 EBADF
SO_TYPE       2            2            2          2          2                  2            2            2          2                 EBADF
poll          out          out          out        in|out     out|err            out          in|out|rdhup out        in|out|hup|rdhup  EBADF
recv          EAGAIN       EAGAIN       EAGAIN     "hello"    ECONNREFUSED       EAGAIN       EAGAIN       EAGAIN     EAGAIN            EBADF
recv-PEEK     EAGAIN       EAGAIN       EAGAIN     "hello"    ECONNREFUSED       EAGAIN       EAGAIN       EAGAIN     EAGAIN            EBADF
recvfrom      EAGAIN       EAGAIN       EAGAIN     "hello"_from_PEER ECONNREFUSED EAGAIN      EAGAIN       EAGAIN     EAGAIN            EBADF
send          EDESTADDRREQ EDESTADDRREQ 1          1          ECONNREFUSED       EDESTADDRREQ 1            EPIPE      EPIPE             EBADF
send-nothing  EDESTADDRREQ EDESTADDRREQ 0          0          ECONNREFUSED       EDESTADDRREQ 0            EPIPE      EPIPE             EBADF
sendto-peer   1            1            1          1          ECONNREFUSED       1            1            EPIPE      EPIPE             EBADF
shutdown-rd   ENOTCONN     ENOTCONN     ok         ok         ok                 ENOTCONN     ok           ok         ok                EBADF
shutdown-wr   ENOTCONN     ENOTCONN     ok         ok         ok                 ENOTCONN     ok           ok         ok                EBADF
shutdown-both ENOTCONN     ENOTCONN     ok         ok         ok                 ENOTCONN     ok           ok         ok                EBADF
shutdown-3    EINVAL       EINVAL       EINVAL     EINVAL     EINVAL             EINVAL       EINVAL       EINVAL     EINVAL            EBADF
listen        EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP         EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP        EBADF
accept        EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP         EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP        EBADF
bind          ok           EINVAL       EINVAL     EINVAL     EINVAL             .            EINVAL       EINVAL     EINVAL            EBADF
connect       ok           ok           ok         ok         .                  ok           .            .          .                 EBADF
disconnect    ok           ok           ok         ok         ok                 ok           .            .          .                 EBADF
`;

const unixRules = `
call          fresh      bound      connected  data-waits peer-closed  disconnected shut-rd      shut-wr    shut-both        closed
getsockname   UNBOUND    BOUND      BOUND      BOUND      BOUND        BOUND        BOUND        BOUND      BOUND            EBADF
getpeername   ENOTCONN   ENOTCONN   PEER       PEER       PEER         ENOTCONN     PEER         PEER       PEER             EBADF
SO_ERROR      0          0          0          0          0            0            0            0          0                EBADF
SO_TYPE       2          2          2          2          2            2            2            2          2                EBADF
poll          out        out        out        in|out     out          out          in|out|rdhup out        in|out|hup|rdhup EBADF
recv          EAGAIN     EAGAIN     EAGAIN     "hello"    EAGAIN       EAGAIN       EAGAIN       EAGAIN     EAGAIN           EBADF
recv-PEEK     EAGAIN     EAGAIN     EAGAIN     "hello"    EAGAIN       EAGAIN       EAGAIN       EAGAIN     EAGAIN           EBADF
recvfrom      EAGAIN     EAGAIN     EAGAIN     "hello"_from_PEER EAGAIN EAGAIN      EAGAIN       EAGAIN     EAGAIN           EBADF
send          ENOTCONN   ENOTCONN   1          1          ECONNREFUSED ENOTCONN     1            EPIPE      EPIPE            EBADF
send-nothing  ENOTCONN   ENOTCONN   0          0          ECONNREFUSED ENOTCONN     0            EPIPE      EPIPE            EBADF
sendto-peer   1          1          1          1          ECONNREFUSED 1            1            EPIPE      EPIPE            EBADF
shutdown-rd   ok         ok         ok         ok         ok           ok           ok           ok         ok               EBADF
shutdown-wr   ok         ok         ok         ok         ok           ok           ok           ok         ok               EBADF
shutdown-both ok         ok         ok         ok         ok           ok           ok           ok         ok               EBADF
shutdown-3    EINVAL     EINVAL     EINVAL     EINVAL     EINVAL       EINVAL       EINVAL       EINVAL     EINVAL           EBADF
listen        EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP       EBADF
accept        EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP   EOPNOTSUPP EOPNOTSUPP       EBADF
bind          ok         EINVAL     EINVAL     EINVAL     EINVAL       EINVAL       EINVAL       EINVAL     EINVAL           EBADF
connect       ok         ok         ok         ok         .            ok           .            .          .                EBADF
disconnect    ok         ok         ok         ok         ok           ok           .            .          .                EBADF
`;

function outcome(value: string, family: Family): string {
  if (value === 'UNBOUND') return family.unbound;
  if (value === 'BOUND') return family.bound('c');
  return value.replace('PEER', family.bound('l'));
}

function groupOf(family: Family): Group {
  const group = new Group(`${family.name} dgram: every call in every state`);
  for (const { row, column, value } of gridCells(family === UNIX ? unixRules : udpRules)) {
    const call = calls[row];
    const state = states[column];
    if (call === undefined || state === undefined) throw new TypeError(`no call '${row}' or no state '${column}'`);
    const expected = outcome(value, family);
    const id = `${family.name}/dgram/${column}/${row} → ${expected}`;
    group.add(id, call.source, `${state(family)}\n${call.line(family)} -> ${expected}`, call.note);
  }
  return group;
}

export const datagramStateGroups: readonly Group[] = [INET, INET6, UNIX].map(groupOf);
