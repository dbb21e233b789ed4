/** What happens to the bytes of a stream: order, parts, peeking, waiting, ends, and the flags of send and recv. */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { connected } from '../setup.ts';

type Add = (id: string, source: string, script: string, note?: string) => void;

/** All that `c` sent has arrived once its end has. */
const arrived = `shutdown c wr
  poll s -> in|out|rdhup`;

function bytes(family: Family, add: Add): void {
  add(
    'two sends are read as one: a stream has no messages',
    'tcp(7), RFC 9293 §2.2; unix(7)',
    `send c "ab" -> 2\nsend c "cd" -> 2\n${arrived}\nrecv s 10 -> "abcd"`,
  );
  add(
    'one send is read in parts',
    'recv(2)',
    `send c "abcdef" -> 6\nrecv s 2 -> "ab"\nrecv s 3 -> "cde"\nrecv s 10 -> "f"\ntryrecv s 10 -> EAGAIN`,
  );
  add('bytes keep their values', 'recv(2)', 'send c hex:00ff0d0a80 -> 5\nrecv s 10 -> hex:00ff0d0a80');
  add(
    'a block of 20,000 bytes arrives whole',
    'RFC 9293 §3.7',
    `send c x*20000 -> 20000\n${arrived}\nrecvall s -> x*20000`,
  );
  add(
    'both directions are apart',
    'RFC 9293 §2.2',
    'send c "to s" -> 4\nsend s "to c" -> 4\nrecv c 10 -> "to c"\nrecv s 10 -> "to s"',
  );
  add('a send of nothing is nothing', 'send(2)', 'send c "" -> 0\ntryrecv s 10 -> EAGAIN\npoll s -> out');
  add(
    'writev sends its parts in order',
    'writev(2)',
    `writev c "head" "tail" -> 8\n${arrived}\nrecv s 10 -> "headtail"`,
  );
  add('readv fills its parts in order', 'readv(2)', `send c "abcd" -> 4\nreadv s 3 5 -> "abc" "d"`);
  add(
    'recvmsg of a stream has no flags',
    'recvmsg(2)',
    'send c "abcd" -> 4\nrecvmsg s 2 -> "ab" none\nrecvmsg s 9 -> "cd" none',
  );
  if (family !== UNIX) {
    add(
      'MSG_TRUNC throws bytes away unread',
      'tcp(7): MSG_TRUNC',
      'send c "abcdef" -> 6\npoll s -> in|out\ntryrecvlen s 4 trunc -> 4\nrecv s 10 -> "ef"',
      'Linux only; POSIX has no MSG_TRUNC for recv.',
    );
    add(
      'MSG_MORE holds bytes back until a send without it',
      'send(2) MSG_MORE, tcp(7) TCP_CORK',
      'send c "first " more -> 6\nsend c "second" -> 6\nrecv s 20 -> "first second"',
    );
    add(
      'TCP_CORK holds bytes back until it is cleared',
      'tcp(7) TCP_CORK',
      'set c TCP_CORK 1\nsend c "first " -> 6\nsend c "second" -> 6\nset c TCP_CORK 0\nrecv s 20 -> "first second"',
    );
    add(
      'sendto ignores the address on a connection',
      'send(2)',
      `sendto c "abc" ${family.name === 'inet' ? '127.0.0.9:9' : '[::1]:9'} -> 3\nrecv s 10 -> "abc"`,
    );
    add(
      'recvfrom of a stream has no address',
      'recvfrom(2)',
      'send c "abc" -> 3\nrecvfrom s 10 -> "abc" from no address',
    );
  }
}

function peeking(add: Add): void {
  add(
    'peek leaves the bytes',
    'recv(2) MSG_PEEK',
    'send c "abc" -> 3\nrecv s 10 peek -> "abc"\nrecv s 10 peek -> "abc"\nrecv s 10 -> "abc"\ntryrecv s 10 -> EAGAIN',
  );
  add(
    'peek shows the front',
    'recv(2) MSG_PEEK',
    'send c "abc" -> 3\nrecv s 2 peek -> "ab"\nrecv s 1 -> "a"\nrecv s 2 peek -> "bc"',
  );
  add(
    'peek at the end of the stream shows the end',
    'recv(2) MSG_PEEK',
    'shutdown c wr\nrecv s 10 peek -> ""\nrecv s 10 -> ""',
  );
  add(
    'peek sees bytes of several sends',
    'recv(2) MSG_PEEK',
    `send c "ab" -> 2\nsend c "cd" -> 2\n${arrived}\nrecv s 10 peek -> "abcd"\nrecv s 10 -> "abcd"`,
  );
}

function waiting(family: Family, add: Add): void {
  add('MSG_DONTWAIT with nothing there → EAGAIN', 'recv(2) MSG_DONTWAIT', 'tryrecv s 10 dontwait -> EAGAIN');
  add(
    'MSG_DONTWAIT with bytes there gives them',
    'recv(2) MSG_DONTWAIT',
    'send c "abc" -> 3\npoll s -> in|out\ntryrecv s 10 dontwait -> "abc"',
  );
  add(
    'MSG_WAITALL on a non-blocking socket gives what is there',
    'recv(2) MSG_WAITALL',
    'send c "abc" -> 3\npoll s -> in|out\ntryrecv s 10 waitall -> "abc"',
    'A blocking socket would wait for all ten; O_NONBLOCK goes before the flag.',
  );
  add(
    'MSG_WAITALL gives no more than is asked',
    'recv(2) MSG_WAITALL',
    'send c "abcdef" -> 6\npoll s -> in|out\ntryrecv s 4 waitall -> "abcd"\nrecv s 10 -> "ef"',
  );
  add(
    'MSG_WAITALL is cut short by the end of the stream',
    'recv(2) MSG_WAITALL',
    `send c "abc" -> 3\n${arrived}\ntryrecv s 10 waitall -> "abc"\nrecv s 10 -> ""`,
  );
  add(
    'a full send buffer → EAGAIN, and not writable',
    'send(2) EAGAIN, poll(2)',
    'fill c -> full\ntrysend c "x" -> EAGAIN\npoll c -> none\npoll s -> in|out',
  );
  add(
    'writable again once the peer has read',
    'poll(2), send(2)',
    'fill c -> full\npoll c -> none\ndrain s -> drained\npoll c -> out\nsend c "x" -> 1',
  );
  add(
    'MSG_DONTWAIT on a full send buffer → EAGAIN',
    'send(2) MSG_DONTWAIT',
    'fill c -> full\ntrysend c "x" dontwait -> EAGAIN',
  );
  if (family !== UNIX) {
    add(
      'SO_RCVLOWAT: readable only from so many bytes on',
      'socket(7) SO_RCVLOWAT',
      'set s SO_RCVLOWAT 4\nsend c "ab" -> 2\npoll s -> out\nioctl s FIONREAD -> 2\nsend c "cd" -> 2\npoll s -> in|out\nrecv s 10 -> "abcd"',
    );
    add(
      'SO_RCVLOWAT: the end of the stream is readable all the same',
      'socket(7) SO_RCVLOWAT',
      `set s SO_RCVLOWAT 100\nsend c "ab" -> 2\n${arrived}\nrecv s 10 -> "ab"`,
    );
    add(
      'SIOCOUTQ is 0 once the peer has everything',
      'tcp(7) SIOCOUTQ',
      'send c "abc" -> 3\nrecv s 10 -> "abc"\nioctl c SIOCOUTQ -> 0',
    );
  }
  add(
    'FIONREAD counts the bytes that wait',
    'tcp(7), unix(7) SIOCINQ',
    `ioctl s FIONREAD -> 0\nsend c "abcd" -> 4\npoll s -> in|out\nioctl s FIONREAD -> 4\nrecv s 3 -> "abc"\nioctl s FIONREAD -> 1`,
  );
}

function ends(family: Family, add: Add): void {
  add(
    'the end of the stream is told again and again',
    'recv(2), RFC 9293 §3.6',
    'shutdown c wr\nrecv s 10 -> ""\nrecv s 10 -> ""\npoll s -> in|out|rdhup',
  );
  add(
    'bytes come before the end',
    'RFC 9293 §3.6',
    `send c "last" -> 4\n${arrived}\nrecv s 10 -> "last"\nrecv s 10 -> ""`,
  );
  add(
    'half-close: the other direction goes on',
    'shutdown(2), RFC 9293 §3.6',
    'shutdown c wr\nrecv s 10 -> ""\nsend s "late" -> 4\nrecv c 10 -> "late"',
  );
  add(
    'half-close: the closer can no longer send',
    'shutdown(2), send(2) EPIPE',
    'shutdown c wr\ntrysend c "x" -> EPIPE\nwritev c "a" "b" -> EPIPE',
  );
  add(
    'both half-close: both read the end',
    'RFC 9293 §3.6',
    'shutdown c wr\nshutdown s wr\nrecv s 10 -> ""\nrecv c 10 -> ""\npoll c -> in|out|hup|rdhup\npoll s -> in|out|hup|rdhup',
  );
  add('shutdown twice in one direction is fine', 'shutdown(2)', 'shutdown c wr\nshutdown c wr\nrecv s 10 -> ""');
  add(
    'shutdown of one direction, then of the other',
    'shutdown(2)',
    'shutdown c wr\nshutdown c rd\nrecv c 10 -> ""\ntrysend c "x" -> EPIPE',
  );
  add('shutdown for reading ends reading', 'shutdown(2)', 'shutdown c rd\nrecv c 10 -> ""\ntrysend c "x" -> 1');
  add(
    'names stay after a half-close',
    'getpeername(2)',
    `shutdown c wr\ngetpeername c -> ${family.bound('l')}\ngetsockname s -> ${family.bound('l')}`,
  );
  add('closing one end tells the other', 'close(2)', 'close c\nrecv s 10 -> ""');
  add(
    'bytes sent before close arrive',
    'close(2), RFC 9293 §3.6',
    'send c "bye" -> 3\nclose c\nrecv s 10 -> "bye"\nrecv s 10 -> ""',
  );
  add(
    'a listener that is closed leaves its connections alone',
    'accept(2)',
    'close l\nsend c "still" -> 5\nrecv s 10 -> "still"',
  );
  if (family === UNIX) {
    add(
      'the peer of who shut down reading cannot send',
      'unix(7), send(2) EPIPE',
      'shutdown s rd\ntrysend c "x" -> EPIPE',
    );
    add(
      'unread bytes at close: the peer hears ECONNRESET',
      'unix(7)',
      'send c "unread" -> 6\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET\ntryrecv c 10 -> ""\ntrysend c "x" -> EPIPE',
    );
    add('a send after the peer closed → EPIPE at once', 'send(2) EPIPE', 'close s\ntrysend c "x" -> EPIPE');
  }
}

const resets: readonly (readonly [id: string, source: string, script: string, note?: string])[] = [
  [
    'unread bytes at close make a reset',
    'RFC 9293 §3.10.4, RFC 2525 §2.17',
    'send c "unread" -> 6\npoll s -> in|out\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET',
  ],
  [
    'all read at close: the end, no reset',
    'RFC 9293 §3.10.4',
    'send c "read" -> 4\nrecv s 10 -> "read"\nclose s\nrecv c 10 -> ""\nget c SO_ERROR -> 0',
  ],
  [
    'linger 0 makes a reset',
    'socket(7) SO_LINGER, RFC 9293 §3.10.5 (ABORT)',
    'set s SO_LINGER 1,0\nclose s\nrecv c 10 -> ECONNRESET',
  ],
  ['linger off makes an end', 'socket(7) SO_LINGER', 'set s SO_LINGER 0,0\nclose s\nrecv c 10 -> ""'],
  ['linger with time makes an end', 'socket(7) SO_LINGER', 'set s SO_LINGER 1,1\nclose s\nrecv c 10 -> ""'],
  [
    'a reset is told once: then the end',
    'recv(2), RFC 9293 §3.10.7.4',
    'set s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET\ntryrecv c 10 -> ""\ntryrecv c 10 -> ""',
  ],
  [
    'a reset is told once: then EPIPE',
    'send(2)',
    'set s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\ntrysend c "x" -> ECONNRESET\ntrysend c "x" -> EPIPE',
  ],
  [
    'recv takes the error, send says EPIPE',
    'socket(7) SO_ERROR',
    'set s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET\ntrysend c "x" -> EPIPE',
  ],
  [
    'SO_ERROR takes the error',
    'socket(7) SO_ERROR: reading clears it',
    'set s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\nget c SO_ERROR -> error ECONNRESET\nget c SO_ERROR -> 0\npoll c -> in|out|hup|rdhup\ntryrecv c 10 -> ""',
  ],
  [
    'bytes that arrived before a reset can be read',
    'RFC 9293 §3.10.7.4',
    'send s "before" -> 6\npoll c -> in|out\nset s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> "before"\ntryrecv c 10 -> ECONNRESET',
    'The RFC says that a reset flushes the queues; Linux keeps what has arrived.',
  ],
  [
    'a send to who closed: accepted once, then EPIPE',
    'send(2) EPIPE, RFC 9293 §3.10.7.1',
    'close s\npoll c -> in|out|rdhup\nsend c "x" -> 1\npoll c -> in|out|err|hup|rdhup\ntrysend c "x" -> EPIPE',
  ],
  [
    'a send to who closed: the error is EPIPE, as the peer had ended',
    'RFC 9293 §3.10.7.4 (CLOSE-WAIT)',
    'close s\npoll c -> in|out|rdhup\nsend c "x" -> 1\npoll c -> in|out|err|hup|rdhup\nget c SO_ERROR -> error EPIPE',
  ],
  [
    'a reset ends the half-close too',
    'RFC 9293 §3.10.7.4',
    'shutdown c wr\nrecv s 10 -> ""\nset s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET',
  ],
  [
    'connect to AF_UNSPEC resets the connection',
    'connect(2) AF_UNSPEC, RFC 9293 §3.10.5',
    'connect c unspec\ngetpeername c -> ENOTCONN\npoll s -> in|out|err|hup|rdhup\ntryrecv s 10 -> ECONNRESET',
  ],
  [
    'connect to AF_UNSPEC, then connect again',
    'connect(2) AF_UNSPEC',
    'connect c unspec\nconnect c @l\nt = accept l\nsend c "again" -> 5\nrecv t 10 -> "again"',
  ],
];

const urgent: readonly (readonly [id: string, source: string, script: string, note?: string])[] = [
  [
    'one byte, apart from the stream',
    'send(2) MSG_OOB, RFC 9293 §3.8.5, tcp(7)',
    'send c "u" oob -> 1\npoll s -> pri|out\nrecv s 1 oob -> "u"\ntryrecv s 10 -> EAGAIN',
  ],
  [
    'read once',
    'recv(2) MSG_OOB',
    'send c "u" oob -> 1\npoll s -> pri|out\nrecv s 1 oob -> "u"\ntryrecv s 1 oob -> EINVAL\npoll s -> out',
  ],
  ['nothing urgent → EINVAL', 'recv(2) MSG_OOB', 'tryrecv s 1 oob -> EINVAL'],
  [
    'peek leaves it',
    'recv(2) MSG_PEEK',
    'send c "u" oob -> 1\npoll s -> pri|out\nrecv s 1 oob peek -> "u"\nrecv s 1 oob -> "u"',
  ],
  [
    'only the last byte of a send is urgent',
    'tcp(7), RFC 6093 §2',
    'send c "abc" oob -> 3\npoll s -> in|pri|out\nrecv s 10 -> "ab"\nrecv s 1 oob -> "c"',
  ],
  [
    'a read stops at the mark',
    'sockatmark(3), tcp(7) SIOCATMARK',
    `send c "ab" -> 2\nsend c "u" oob -> 1\nsend c "cd" -> 2\nshutdown c wr\npoll s -> in|pri|out|rdhup\nioctl s SIOCATMARK -> 0\nrecv s 10 -> "ab"\nioctl s SIOCATMARK -> 1\nrecv s 10 -> "cd"`,
  ],
  [
    'SO_OOBINLINE leaves it in the stream',
    'socket(7) SO_OOBINLINE',
    `set s SO_OOBINLINE 1\nsend c "ab" -> 2\nsend c "u" oob -> 1\nsend c "cd" -> 2\nshutdown c wr\npoll s -> in|pri|out|rdhup\nrecv s 10 -> "ab"\nioctl s SIOCATMARK -> 1\nrecv s 10 -> "ucd"`,
  ],
  [
    'SO_OOBINLINE: recv with MSG_OOB → EINVAL',
    'socket(7) SO_OOBINLINE, recv(2)',
    'set s SO_OOBINLINE 1\nsend c "u" oob -> 1\npoll s -> in|pri|out\ntryrecv s 1 oob -> EINVAL\nrecv s 10 -> "u"',
  ],
  [
    'no mark when nothing was urgent',
    'tcp(7) SIOCATMARK',
    'ioctl s SIOCATMARK -> 0\nsend c "ab" -> 2\nrecv s 10 -> "ab"\nioctl s SIOCATMARK -> 0',
  ],
  ['recvmsg tells MSG_OOB', 'recvmsg(2) MSG_OOB', 'send c "u" oob -> 1\npoll s -> pri|out\nrecvmsg s 1 oob -> "u" oob'],
];

function groupsOf(family: Family): Group[] {
  const { name } = family;
  const collect = (subject: string, fill: (add: Add) => void): Group => {
    const group = new Group(`${name} stream: ${subject}`);
    fill((id, source, script, note) => {
      group.add(`${name}/stream/${id}`, source, `${connected(family)}\n${script}`, note);
    });
    return group;
  };
  const groups = [
    collect('bytes', (add) => bytes(family, add)),
    collect('peek', peeking),
    collect('waiting and room', (add) => waiting(family, add)),
    collect('half-close and end', (add) => ends(family, add)),
  ];
  if (family === UNIX) return groups;
  return [
    ...groups,
    collect('reset', (add) => {
      for (const [id, source, script, note] of resets) add(id, source, script, note);
    }),
    collect('urgent data', (add) => {
      for (const [id, source, script, note] of urgent) add(`urgent/${id}`, source, script, note);
    }),
  ];
}

export const streamDataGroups: readonly Group[] = [INET, INET6, UNIX].flatMap(groupsOf);
