/** Unix sockets that keep records (seqpacket) and pairs, beyond what every state table says. unix(7), recv(2). */
import { Group, UNIX } from '../case.ts';
import { connected } from '../setup.ts';

const records = new Group('unix seqpacket: records');
const add = (id: string, source: string, script: string, note?: string): void =>
  records.add(`unix/seqpacket/${id}`, source, `${connected(UNIX, 'seqpacket')}\n${script}`, note);

add(
  'two sends are two records',
  'unix(7) SOCK_SEQPACKET',
  'send c "one" -> 3\nsend c "two" -> 3\nrecv s 10 -> "one"\nrecv s 10 -> "two"',
);
add(
  'a record that does not fit is cut, and its rest is gone',
  'unix(7), recv(2)',
  'send c "0123456789" -> 10\nsend c "next" -> 4\nrecv s 4 -> "0123"\nrecv s 10 -> "next"',
);
add('recvmsg tells MSG_TRUNC', 'recvmsg(2)', 'send c "0123456789" -> 10\nrecvmsg s 4 -> "0123" trunc');
add(
  'MSG_TRUNC makes recv return the real length',
  'recv(2) MSG_TRUNC',
  'send c "0123456789" -> 10\npoll s -> in|out\ntryrecvlen s 4 trunc -> 10',
);
add(
  'records come before the end',
  'unix(7)',
  'send c "one" -> 3\nsend c "two" -> 3\nclose c\nrecv s 10 -> "one"\nrecv s 10 -> "two"\nrecv s 10 -> ""',
);
add(
  'an empty record reads as the end does',
  'recv(2): 0',
  'send c "" -> 0\nsend c "after" -> 5\npoll s -> in|out\nrecv s 10 -> ""\nrecv s 10 -> "after"',
  'recv cannot tell an empty record from the end.',
);
add('peek leaves the record', 'recv(2) MSG_PEEK', 'send c "x" -> 1\nrecv s 10 peek -> "x"\nrecv s 10 -> "x"');
add(
  'MSG_WAITALL does not join records',
  'recv(2) MSG_WAITALL',
  'send c "one" -> 3\nsend c "two" -> 3\nrecv s 6 waitall -> "one"',
);
add('writev makes one record', 'writev(2)', 'writev c "he" "ad" -> 4\nsend c "x" -> 1\nrecv s 10 -> "head"');
add(
  'readv spreads one record',
  'readv(2)',
  'send c "abcd" -> 4\nsend c "ef" -> 2\nreadv s 3 5 -> "abc" "d"\nrecv s 10 -> "ef"',
);
add(
  'half-close: records the other way go on',
  'shutdown(2)',
  'shutdown c wr\nrecv s 10 -> ""\nsend s "late" -> 4\nrecv c 10 -> "late"',
);
add(
  'unread records at close: the peer hears ECONNRESET, once',
  'unix(7)',
  'send c "unread" -> 6\nclose s\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET\ntryrecv c 10 -> ""',
);
add('a send after the peer closed → EPIPE', 'send(2) EPIPE', 'close s\ntrysend c "x" -> EPIPE');
add('the address of sendto is ignored', 'send(2)', 'sendto c "x" path:none -> 1\nrecv s 10 -> "x"');
add(
  'a record larger than the send buffer → EMSGSIZE',
  'send(2) EMSGSIZE',
  'set c SO_SNDBUF 4096\ntrysend c x*100000 -> EMSGSIZE',
);
add(
  'MSG_OOB → EOPNOTSUPP',
  'send(2) EOPNOTSUPP, unix(7)',
  'trysend c "x" oob -> EOPNOTSUPP\ntryrecv s 1 oob -> EOPNOTSUPP',
);
add(
  'a full receiver → EAGAIN; room again, writable',
  'unix(7): reliable',
  'fill c -> full\ntrysend c "x" -> EAGAIN\ndrain s -> drained\npoll c -> out',
);

const pairs = new Group('unix socketpair: ends and resets');
const addPair = (type: string, id: string, source: string, script: string, note?: string): void =>
  pairs.add(`socketpair/${type}/${id}`, source, `a,b = socketpair unix ${type}\n${script}`, note);

for (const type of ['stream', 'seqpacket']) {
  addPair(
    type,
    'closing one end ends the other',
    'close(2), unix(7)',
    'close a\nrecv b 10 -> ""\npoll b -> in|out|hup|rdhup\ntrysend b "x" -> EPIPE',
  );
  addPair(
    type,
    'half-close',
    'shutdown(2)',
    'shutdown a wr\nrecv b 10 -> ""\nsend b "back" -> 4\nrecv a 10 -> "back"\ntrysend a "x" -> EPIPE',
  );
  addPair(
    type,
    'unread bytes at close: ECONNRESET',
    'unix(7)',
    'send b "unread" -> 6\nclose a\npoll b -> in|out|err|hup|rdhup\nget b SO_ERROR -> error ECONNRESET\nget b SO_ERROR -> 0\nrecv b 10 -> ""',
  );
  addPair(
    type,
    'shutdown of both directions ends both',
    'shutdown(2)',
    'shutdown a both\nrecv a 10 -> ""\nrecv b 10 -> ""\ntrysend a "x" -> EPIPE\ntrysend b "x" -> EPIPE',
  );
  addPair(
    type,
    'is connected: connect → EISCONN',
    'connect(2) EISCONN',
    `l = socket unix ${type}\nbind l path:l\nlisten l\ntryconnect a @l -> EISCONN`,
  );
  addPair(
    type,
    'full, then room again',
    'send(2) EAGAIN, poll(2)',
    'fill a -> full\ntrysend a "x" -> EAGAIN\npoll a -> none\npoll b -> in|out\ndrain b -> drained\npoll a -> out',
  );
}
addPair(
  'dgram',
  'closing one end: ECONNREFUSED',
  'unix(7) ECONNREFUSED',
  'close a\ntrysend b "x" -> ECONNREFUSED\ntryrecv b 10 -> EAGAIN',
);
addPair(
  'dgram',
  'messages keep their bounds',
  'unix(7)',
  'send a "one" -> 3\nsend a "two" -> 3\nrecv b 10 -> "one"\nrecv b 10 -> "two"',
);
addPair(
  'dgram',
  'the sender has no address',
  'unix(7): unnamed',
  'send a "x" -> 1\nrecvfrom b 10 -> "x" from no address',
);
addPair(
  'stream',
  'SO_PEEK_OFF moves on with each peek',
  'socket(7) SO_PEEK_OFF',
  'set b SO_PEEK_OFF 0\nsend a "abcdef" -> 6\nrecv b 2 peek -> "ab"\nrecv b 2 peek -> "cd"\nrecv b 2 -> "ab"\nrecv b 10 peek -> "ef"\nrecv b 10 -> "cdef"',
);
addPair(
  'stream',
  'SO_PEEK_OFF -1: every peek from the front',
  'socket(7) SO_PEEK_OFF',
  'set b SO_PEEK_OFF -1\nsend a "abcd" -> 4\nrecv b 2 peek -> "ab"\nrecv b 2 peek -> "ab"',
);

export const recordGroups: readonly Group[] = [records, pairs];
