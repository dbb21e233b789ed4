/**
 * Connection-mode sockets: every call in every state. tcp(7), unix(7), RFC 9293 §3.10 and the ERRORS sections of the
 * calls' own pages; where Linux answers otherwise than POSIX says, the note of the row tells.
 */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { gridCells } from '../grid.ts';
import { connected } from '../setup.ts';

interface Kind {
  readonly family: Family;
  readonly type: 'stream' | 'seqpacket';
  readonly rules: string;
}

const connect = (kind: Kind): string => connected(kind.family, kind.type);

/** Somebody else is connected to the listener, so that `@l` can be connected to. */
const fresh = (kind: Kind): string =>
  `${connected(kind.family, kind.type, 'x')}\n c = socket ${kind.family.name} ${kind.type}`;

/** How the socket `c` gets into each state. */
const states: { readonly [state: string]: (kind: Kind) => string } = {
  fresh: (kind) => fresh(kind),
  bound: (kind) => `${fresh(kind)}\n bind c ${kind.family.here('c')}`,
  listening: (kind) => `${fresh(kind)}\n bind c ${kind.family.here('c')}\n listen c`,
  // A full accept queue drops the SYN: the connection stays under way for a second.
  connecting: ({ family, type }) => `
    l = socket ${family.name} ${type}
    bind l ${family.here('l')}
    listen l 0
    x = socket ${family.name} ${type}
    connect x @l
    poll l -> in
    c = socket ${family.name} ${type}
    tryconnect c @l -> EINPROGRESS`,
  connected: connect,
  'data-waits': (kind) => `${connect(kind)}\n send s "hello"\n poll c -> in|out`,
  'peer-shut-wr': (kind) => `${connect(kind)}\n shutdown s wr\n poll c -> in|out|rdhup`,
  'peer-closed': (kind) => `${connect(kind)}\n close s\n ${ended(kind)}`,
  'peer-closed-after-data': (kind) => `${connect(kind)}\n send s "bye"\n close s\n ${ended(kind)}`,
  'peer-reset': (kind) =>
    kind.family === UNIX
      ? `${connect(kind)}\n send c "never read"\n close s\n poll c -> in|out|err|hup|rdhup`
      : `${connect(kind)}\n set s SO_LINGER 1,0\n close s\n poll c -> in|out|err|hup|rdhup`,
  'shut-rd': (kind) => `${connect(kind)}\n shutdown c rd`,
  'shut-wr': (kind) => `${connect(kind)}\n shutdown c wr`,
  'shut-both': (kind) => `${connect(kind)}\n shutdown c both`,
  closed: (kind) => `${connect(kind)}\n close c`,
};

/** A TCP socket hears FIN and may still send; a Unix socket knows that nobody is there. */
const ended = ({ family }: Kind): string => `poll c -> ${family === UNIX ? 'in|out|hup|rdhup' : 'in|out|rdhup'}`;

interface Call {
  readonly line: (kind: Kind) => string;
  readonly source: string;
  readonly note?: string;
}

const calls: { readonly [call: string]: Call } = {
  getsockname: { line: () => 'getsockname c', source: 'getsockname(2)' },
  getpeername: { line: () => 'getpeername c', source: 'getpeername(2)' },
  SO_ERROR: { line: () => 'get c SO_ERROR', source: 'socket(7) SO_ERROR' },
  SO_ACCEPTCONN: { line: () => 'get c SO_ACCEPTCONN', source: 'socket(7) SO_ACCEPTCONN' },
  SO_TYPE: { line: () => 'get c SO_TYPE', source: 'socket(7) SO_TYPE' },
  poll: { line: () => 'poll c', source: 'poll(2), socket(7) I/O events' },
  recv: {
    line: () => 'tryrecv c 10',
    source: 'recv(2), RFC 9293 §3.10.3',
    note: 'Linux says EINVAL for a Unix stream socket that is not connected, POSIX ENOTCONN.',
  },
  'recv-PEEK': { line: () => 'tryrecv c 10 peek', source: 'recv(2) MSG_PEEK' },
  send: {
    line: () => 'trysend c "x"',
    source: 'send(2), RFC 9293 §3.10.2',
    note: 'Linux says EPIPE for a TCP socket that was never connected, POSIX ENOTCONN.',
  },
  'send-nothing': { line: () => 'trysend c ""', source: 'send(2)' },
  'sendto-address': {
    line: () => 'trysendto c "x" @l',
    source: 'send(2): the address is ignored, or EISCONN',
    note: 'TCP and seqpacket sockets ignore the address, Unix stream sockets refuse it.',
  },
  'shutdown-rd': { line: () => 'shutdown c rd', source: 'shutdown(2)' },
  'shutdown-wr': { line: () => 'shutdown c wr', source: 'shutdown(2)' },
  'shutdown-both': {
    line: () => 'shutdown c both',
    source: 'shutdown(2)',
    note: 'Linux lets a Unix socket be shut down before it is connected, POSIX says ENOTCONN.',
  },
  'shutdown-3': { line: () => 'shutdown c 3', source: 'shutdown(2) EINVAL' },
  listen: { line: () => 'listen c', source: 'listen(2)' },
  accept: { line: () => 'a = tryaccept c', source: 'accept(2) EINVAL' },
  bind: { line: ({ family }) => `bind c ${family.here('c2')}`, source: 'bind(2) EINVAL' },
  connect: {
    line: () => 'tryconnect c @l',
    source: 'connect(2)',
    note: 'A listening socket: Linux says EISCONN (TCP) or EINVAL (Unix), POSIX EOPNOTSUPP.',
  },
};

const tcpRules = `
call           fresh    bound    listening connecting connected data-waits peer-shut-wr peer-closed peer-closed-after-data peer-reset shut-rd shut-wr shut-both closed
getsockname    UNBOUND  BOUND    BOUND     BOUND      BOUND     BOUND      BOUND        BOUND       BOUND                  .          BOUND   BOUND   BOUND     EBADF
getpeername    ENOTCONN ENOTCONN ENOTCONN  ENOTCONN   PEER      PEER       PEER         PEER        PEER                   ENOTCONN   PEER    PEER    PEER      EBADF
SO_ERROR       0        0        0         0          0         0          0            0           0                      error_ECONNRESET 0 0       0         EBADF
SO_ACCEPTCONN  0        0        1         0          0         0          0            0           0                      0          0       0       0         EBADF
SO_TYPE        1        1        1         1          1         1          1            1           1                      1          1       1       1         EBADF
poll           out|hup  out|hup  none      none       out       in|out     in|out|rdhup in|out|rdhup in|out|rdhup          in|out|err|hup|rdhup in|out|rdhup out in|out|hup|rdhup EBADF
recv           ENOTCONN ENOTCONN ENOTCONN  EAGAIN     EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
recv-PEEK      ENOTCONN ENOTCONN ENOTCONN  EAGAIN     EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
send           EPIPE    EPIPE    EPIPE     EAGAIN     1         1          1            1           1                      ECONNRESET 1       EPIPE   EPIPE     EBADF
send-nothing   EPIPE    EPIPE    EPIPE     EAGAIN     0         0          0            0           0                      ECONNRESET 0       EPIPE   EPIPE     EBADF
sendto-address EPIPE    EPIPE    EPIPE     EAGAIN     1         1          1            1           1                      ECONNRESET 1       EPIPE   EPIPE     EBADF
shutdown-rd    ENOTCONN ENOTCONN ok        ok         ok        ok         ok           ok          ok                     ENOTCONN   ok      ok      ok        EBADF
shutdown-wr    ENOTCONN ENOTCONN ok        ok         ok        ok         ok           ok          ok                     ENOTCONN   ok      ok      ok        EBADF
shutdown-both  ENOTCONN ENOTCONN ok        ok         ok        ok         ok           ok          ok                     ENOTCONN   ok      ok      ok        EBADF
shutdown-3     EINVAL   EINVAL   EINVAL    EINVAL     EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
listen         ok       ok       ok        EINVAL     EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
accept         EINVAL   EINVAL   EAGAIN    EINVAL     EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
bind           ok       EINVAL   EINVAL    EINVAL     EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 .          EINVAL  EINVAL  EINVAL    EBADF
connect        EINPROGRESS EINPROGRESS EISCONN EALREADY .       .          .            .           .                      .          .       .       .         EBADF
`;

const unixRules = `
call           fresh    bound    listening connected data-waits peer-shut-wr peer-closed peer-closed-after-data peer-reset shut-rd shut-wr shut-both closed
getsockname    UNBOUND  BOUND    BOUND     UNBOUND   UNBOUND    UNBOUND      UNBOUND     UNBOUND                UNBOUND    UNBOUND UNBOUND UNBOUND   EBADF
getpeername    ENOTCONN ENOTCONN ENOTCONN  PEER      PEER       PEER         PEER        PEER                   PEER       PEER    PEER    PEER      EBADF
SO_ERROR       0        0        0         0         0          0            0           0                      error_ECONNRESET 0 0       0         EBADF
SO_ACCEPTCONN  0        0        1         0         0          0            0           0                      0          0       0       0         EBADF
SO_TYPE        1        1        1         1         1          1            1           1                      1          1       1       1         EBADF
poll           out|hup  out|hup  none      out       in|out     in|out|rdhup in|out|hup|rdhup in|out|hup|rdhup  in|out|err|hup|rdhup in|out|rdhup out in|out|hup|rdhup EBADF
recv           EINVAL   EINVAL   EINVAL    EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
recv-PEEK      EINVAL   EINVAL   EINVAL    EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
send           ENOTCONN ENOTCONN ENOTCONN  1         1          1            EPIPE       EPIPE                  EPIPE      1       EPIPE   EPIPE     EBADF
send-nothing   ENOTCONN ENOTCONN ENOTCONN  0         0          0            EPIPE       EPIPE                  EPIPE      0       EPIPE   EPIPE     EBADF
sendto-address EOPNOTSUPP EOPNOTSUPP EOPNOTSUPP EISCONN EISCONN EISCONN      EISCONN     EISCONN                EISCONN    EISCONN EISCONN EISCONN   EBADF
shutdown-rd    ok       ok       .         ok        ok         ok           ok          ok                     ok         ok      ok      ok        EBADF
shutdown-wr    ok       ok       .         ok        ok         ok           ok          ok                     ok         ok      ok      ok        EBADF
shutdown-both  ok       ok       .         ok        ok         ok           ok          ok                     ok         ok      ok      ok        EBADF
shutdown-3     EINVAL   EINVAL   EINVAL    EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
listen         EINVAL   ok       ok        EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
accept         EINVAL   EINVAL   EAGAIN    EINVAL    EINVAL     EINVAL       EINVAL      EINVAL                 EINVAL     EINVAL  EINVAL  EINVAL    EBADF
bind           ok       EINVAL   EINVAL    .         .          .            .           .                      .          .       .       .         EBADF
connect        ok       ok       EINVAL    EISCONN   EISCONN    EISCONN      EISCONN     EISCONN                EISCONN    EISCONN EISCONN EISCONN   EBADF
`;

/** A seqpacket socket is a Unix stream socket but for these rows. */
const seqpacketRules = `
call           fresh    bound    listening connected data-waits peer-shut-wr peer-closed peer-closed-after-data peer-reset shut-rd shut-wr shut-both closed
SO_TYPE        5        5        5         5         5          5            5           5                      5          5       5       5         EBADF
recv           ENOTCONN ENOTCONN ENOTCONN  EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
recv-PEEK      ENOTCONN ENOTCONN ENOTCONN  EAGAIN    "hello"    ""           ""          "bye"                  ECONNRESET ""      EAGAIN  ""        EBADF
send           ENOTCONN ENOTCONN ENOTCONN  1         1          1            EPIPE       EPIPE                  ECONNRESET 1       EPIPE   EPIPE     EBADF
send-nothing   ENOTCONN ENOTCONN ENOTCONN  0         0          0            EPIPE       EPIPE                  ECONNRESET 0       EPIPE   EPIPE     EBADF
sendto-address ENOTCONN ENOTCONN ENOTCONN  1         1          1            EPIPE       EPIPE                  ECONNRESET 1       EPIPE   EPIPE     EBADF
`;

const kinds: readonly Kind[] = [
  { family: INET, type: 'stream', rules: tcpRules },
  { family: INET6, type: 'stream', rules: tcpRules },
  { family: UNIX, type: 'stream', rules: unixRules },
  { family: UNIX, type: 'seqpacket', rules: seqpacketRules },
];

/** In the rules' words: names differ from family to family. */
function outcome(value: string, { family }: Kind): string {
  if (value === 'UNBOUND') return family.unbound;
  if (value === 'BOUND') return family.bound('c');
  return value === 'PEER' ? family.bound('l') : value;
}

function groupOf(kind: Kind): Group {
  const group = new Group(`${kind.family.name} ${kind.type}: every call in every state`);
  const cells = gridCells(kind.rules);
  const own = new Set(cells.map(({ row }) => row));
  const inherited = kind.rules === seqpacketRules ? gridCells(unixRules).filter(({ row }) => !own.has(row)) : [];
  for (const { row, column, value } of [...cells, ...inherited]) {
    const call = calls[row];
    const state = states[column];
    if (call === undefined || state === undefined) throw new TypeError(`no call '${row}' or no state '${column}'`);
    const expected = outcome(value, kind);
    const id = `${kind.family.name}/${kind.type}/${column}/${row} → ${expected}`;
    group.add(id, call.source, `${state(kind)}\n${call.line(kind)} -> ${expected}`, call.note);
  }
  return group;
}

export const streamStateGroups: readonly Group[] = kinds.map(groupOf);
