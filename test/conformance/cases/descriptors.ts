/** Several descriptors for one socket: dup(2), and descriptors that are sent to others (unix(7) SCM_RIGHTS). */
import { type Family, Group, INET, INET6, UNIX } from '../case.ts';
import { connected } from '../setup.ts';

const dups = new Group('descriptors: dup');

function dupsOf(family: Family): void {
  const add = (id: string, source: string, script: string): void =>
    dups.add(`dup/${family.name}/stream/${id}`, source, `${connected(family)}\nd = dup c\n${script}`);
  add(
    'closing one of two descriptors ends nothing',
    'close(2): the last descriptor, dup(2)',
    'close c\npoll s -> out\nsend d "still" -> 5\nrecv s 10 -> "still"',
  );
  add('closing the last one ends the connection', 'close(2)', 'close c\nclose d\nrecv s 10 -> ""');
  add(
    'the order does not matter',
    'close(2)',
    'close d\nsend c "still" -> 5\nrecv s 10 -> "still"\nclose c\nrecv s 10 -> ""',
  );
  add(
    'shutdown ends the connection for all',
    'shutdown(2): all or part of a connection',
    'shutdown d wr\ntrysend c "x" -> EPIPE\nrecv s 10 -> ""',
  );
  add('both read from one stream', 'dup(2)', 'send s "abcd" -> 4\nrecv c 2 -> "ab"\nrecv d 2 -> "cd"');
  add(
    'both have the same names',
    'dup(2)',
    `getpeername d -> ${family.bound('l')}\ngetpeername c -> ${family.bound('l')}`,
  );
  add('options are those of the socket', 'dup(2), socket(7)', 'set c SO_RCVBUF 20000\nget d SO_RCVBUF -> 40000');
  add(
    'a closed descriptor is EBADF, the other is not',
    'dup(2)',
    'close c\ntryrecv c 1 -> EBADF\ntryrecv d 1 -> EAGAIN',
  );
  add(
    'an error is told to one of them',
    'socket(7) SO_ERROR',
    `${family === UNIX ? 'send c "unread" -> 6' : 'set s SO_LINGER 1,0'}\nclose s\npoll c -> in|out|err|hup|rdhup\npoll d -> in|out|err|hup|rdhup\ntryrecv d 1 -> ECONNRESET\ntryrecv c 1 -> ""`,
  );
  add(
    'a listener may be one of two',
    'accept(2), dup(2)',
    `m = dup l\nclose l\nx = socket ${family.name} stream\nconnect x @m\ny = accept m\nsend x "hi" -> 2\nrecv y 10 -> "hi"`,
  );
}
for (const family of [INET, INET6, UNIX]) dupsOf(family);

const rights = new Group('descriptors: SCM_RIGHTS');

for (const type of ['stream', 'dgram', 'seqpacket']) {
  const add = (id: string, source: string, script: string, note?: string): void =>
    rights.add(`rights/${type}/${id}`, source, `${connected(INET)}\na,b = socketpair unix ${type}\n${script}`, note);
  add(
    'a connection goes from hand to hand',
    'unix(7) SCM_RIGHTS, cmsg(3)',
    'sendfd a "x" c -> 1\nd = recvfd b\nsend d "from d" -> 6\nrecv s 10 -> "from d"\ngetpeername d -> 127.0.0.1:l',
  );
  add(
    'it lives while it is on its way',
    'unix(7) SCM_RIGHTS',
    'sendfd a "x" c -> 1\nclose c\npoll s -> out\nd = recvfd b\nsend d "here" -> 4\nrecv s 10 -> "here"\nclose d\nrecv s 10 -> ""',
  );
  add(
    'it ends with the message that nobody read',
    'unix(7), close(2)',
    'sendfd a "x" c -> 1\nclose c\nclose a\nclose b\nrecv s 10 -> ""',
  );
  add(
    'without room for it, it is closed: MSG_CTRUNC',
    'recvmsg(2) MSG_CTRUNC, unix(7)',
    'sendfd a "x" c -> 1\nclose c\nrecvmsg b 10 -> "x" ctrunc\nrecv s 10 -> ""',
  );
  add('a plain recv closes it', 'unix(7)', 'sendfd a "x" c -> 1\nclose c\nrecv b 10 -> "x"\nrecv s 10 -> ""');
  add(
    'a peek shows it, and leaves it',
    'recv(2) MSG_PEEK, unix(7)',
    'sendfd a "x" c -> 1\nrecvmsg b 10 peek -> "x" ctrunc\nd = recvfd b\nsend d "y" -> 1\nrecv s 10 -> "y"',
  );
  add(
    'a listener goes too',
    'unix(7) SCM_RIGHTS',
    'sendfd a "x" l -> 1\nclose l\nm = recvfd b\nx = socket inet stream\nconnect x @m\ny = accept m\nsend x "hi" -> 2\nrecv y 10 -> "hi"',
  );
}

export const descriptorGroups: readonly Group[] = [dups, rights];
