/** Listeners: queues, order, backlog, what happens to connections that nobody accepts, TIME-WAIT, and connect twice. */
import { type Family, Group, INET, INET6 } from '../case.ts';
import { at, connected } from '../setup.ts';

function listenerGroup(family: Family): Group {
  const { name } = family;
  const group = new Group(`${name} stream: listen, accept, connect`);
  const add = (id: string, source: string, script: string, note?: string): void =>
    group.add(`${name}/stream/${id}`, source, script, note);
  const lo = family.here('x').replace(/:0$/, '');
  const listening = (more = ''): string => `l = socket ${name} stream\n${more}\nbind l ${lo}:0\nlisten l`;
  const client = (c: string): string => `${c} = socket ${name} stream\nconnect ${c} @l`;

  add(
    'listen/a connection is made before anybody accepts it',
    'listen(2), accept(2)',
    `${listening()}\n${client('c')}\ngetpeername c -> ${at(family, 'l')}\npoll l -> in`,
  );
  add(
    'listen/bytes wait for accept',
    'listen(2)',
    `${listening()}\n${client('c')}\nsend c "early" -> 5\ns = accept l\nrecv s 10 -> "early"`,
  );
  add(
    'accept/first come, first served',
    'accept(2): the first of the queue',
    `${listening()}\n${client('a')}\n${client('b')}\n${client('c')}\nx = accept l\ny = accept l\nz = accept l\ngetpeername x -> ${at(family, 'a')}\ngetpeername y -> ${at(family, 'b')}\ngetpeername z -> ${at(family, 'c')}`,
  );
  add(
    'accept/an empty queue → EAGAIN, not readable',
    'accept(2) EAGAIN, poll(2)',
    `${listening()}\nx = tryaccept l -> EAGAIN\npoll l -> none`,
  );
  add(
    'accept/readable until the queue is empty',
    'accept(2), poll(2)',
    `${listening()}\n${client('a')}\n${client('b')}\npoll l -> in\nx = accept l\npoll l -> in\ny = accept l\npoll l -> none`,
  );
  add(
    'accept/a client that has closed is accepted: then the end',
    'accept(2)',
    `${listening()}\n${client('c')}\nsend c "bye" -> 3\nclose c\ns = accept l\nrecv s 10 -> "bye"\nrecv s 10 -> ""`,
  );
  add(
    'accept/a client that has reset is accepted: then the error',
    'accept(2)',
    `${listening()}\n${client('c')}\npoll l -> in\nset c SO_LINGER 1,0\nclose c\ns = accept l\npoll s -> in|out|err|hup|rdhup\ntryrecv s 10 -> ECONNRESET`,
    'Linux accepts and tells with the first call; POSIX has ECONNABORTED for this.',
  );
  add(
    'accept/the accepted socket does not listen',
    'accept(2)',
    `${listening()}\n${client('c')}\ns = accept l\nget s SO_ACCEPTCONN -> 0\nget l SO_ACCEPTCONN -> 1\nt = tryaccept s -> EINVAL`,
  );
  add(
    'listen/closing resets who waits in the queue',
    'RFC 9293 §3.10.4',
    `${listening()}\n${client('c')}\npoll l -> in\nclose l\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNRESET`,
  );
  add(
    'listen/a closed listener refuses',
    'connect(2) ECONNREFUSED, RFC 9293 §3.10.7.1',
    `p = port\nl = socket ${name} stream\nbind l ${lo}:p\nlisten l\nclose l\nc = socket ${name} stream\nconnect c ${lo}:p -> ECONNREFUSED`,
  );
  add(
    'listen/a socket that is only bound refuses',
    'connect(2) ECONNREFUSED',
    `l = socket ${name} stream\nbind l ${lo}:0\nc = socket ${name} stream\nconnect c @l -> ECONNREFUSED`,
  );
  add(
    'listen/shutdown for reading ends listening',
    'shutdown(2)',
    `${listening()}\nshutdown l rd\nc = socket ${name} stream\nconnect c ${at(family, 'l')} -> ECONNREFUSED`,
    'Linux takes a listener back to CLOSED; POSIX says nothing.',
  );
  add('listen/again changes the backlog only', 'listen(2)', `${listening()}\nlisten l 5\n${client('c')}\ns = accept l`);
  add(
    'listen/a backlog of 0 holds one connection',
    'listen(2), RFC 9293 §3.10.7.2',
    `l = socket ${name} stream\nbind l ${lo}:0\nlisten l 0\n${client('a')}\npoll l -> in\nb = socket ${name} stream\ntryconnect b @l -> EINPROGRESS\ngetpeername b -> ENOTCONN\npoll b -> none`,
    'Linux queues one more than the backlog, and then drops SYNs; POSIX lets the backlog be a hint.',
  );
  add(
    'listen/a backlog of 1 holds two',
    'listen(2)',
    `l = socket ${name} stream\nbind l ${lo}:0\nlisten l 1\n${client('a')}\n${client('b')}\npoll l -> in\nc = socket ${name} stream\ntryconnect c @l -> EINPROGRESS\ngetpeername c -> ENOTCONN`,
    'Linux queues one more than the backlog, and then drops SYNs; POSIX lets the backlog be a hint.',
  );
  add(
    'listen/two sockets bound by REUSEADDR: only one may listen',
    'socket(7) SO_REUSEADDR',
    `p = port\na = socket ${name} stream\nset a SO_REUSEADDR 1\nbind a ${lo}:p\nb = socket ${name} stream\nset b SO_REUSEADDR 1\nbind b ${lo}:p\nlisten a\nlisten b -> EADDRINUSE`,
  );
  add(
    'listen/two sockets bound by REUSEPORT: both may listen',
    'socket(7) SO_REUSEPORT',
    `p = port\na = socket ${name} stream\nset a SO_REUSEPORT 1\nbind a ${lo}:p\nb = socket ${name} stream\nset b SO_REUSEPORT 1\nbind b ${lo}:p\nlisten a\nlisten b`,
  );
  add(
    'listen/TCP_DEFER_ACCEPT: nobody is told before bytes come',
    'tcp(7) TCP_DEFER_ACCEPT',
    `${listening('set l TCP_DEFER_ACCEPT 5')}\n${client('c')}\nx = tryaccept l -> EAGAIN\npoll l -> none\nsend c "now" -> 3\ns = accept l\nrecv s 10 -> "now"`,
  );

  add(
    'connect/where nobody listens → ECONNREFUSED',
    'connect(2), RFC 9293 §3.10.7.1',
    `p = port\nc = socket ${name} stream\nconnect c ${lo}:p -> ECONNREFUSED\ngetpeername c -> ENOTCONN`,
  );
  add(
    'connect/the first answer is EINPROGRESS, a second call tells the rest',
    'connect(2) EINPROGRESS',
    `${listening()}\nc = socket ${name} stream\ntryconnect c @l -> EINPROGRESS\npoll c -> out\nget c SO_ERROR -> 0\ntryconnect c @l -> ok\ntryconnect c @l -> EISCONN`,
  );
  add(
    'connect/a refusal is in SO_ERROR once, and in the ready bits',
    'connect(2) EINPROGRESS, socket(7) SO_ERROR',
    `p = port\nc = socket ${name} stream\ntryconnect c ${lo}:p -> EINPROGRESS\npoll c -> in|out|err|hup|rdhup\nget c SO_ERROR -> error ECONNREFUSED\nget c SO_ERROR -> 0`,
  );
  add(
    'connect/a refusal is told by the second call',
    'connect(2)',
    `p = port\nc = socket ${name} stream\ntryconnect c ${lo}:p -> EINPROGRESS\npoll c -> in|out|err|hup|rdhup\ntryconnect c ${lo}:p -> ECONNREFUSED\nget c SO_ERROR -> 0`,
  );
  add(
    'connect/a refusal is told by recv',
    'connect(2), recv(2)',
    `p = port\nc = socket ${name} stream\ntryconnect c ${lo}:p -> EINPROGRESS\npoll c -> in|out|err|hup|rdhup\ntryrecv c 10 -> ECONNREFUSED`,
  );
  add(
    'connect/a refusal is told by send',
    'connect(2), send(2)',
    `p = port\nc = socket ${name} stream\ntryconnect c ${lo}:p -> EINPROGRESS\npoll c -> in|out|err|hup|rdhup\ntrysend c "x" -> ECONNREFUSED`,
  );
  add(
    'connect/while under way: nothing can be sent or read yet',
    'connect(2), send(2)',
    `l = socket ${name} stream\nbind l ${lo}:0\nlisten l 0\n${client('a')}\npoll l -> in\nc = socket ${name} stream\ntryconnect c @l -> EINPROGRESS\ntryconnect c @l -> EALREADY\ntrysend c "x" -> EAGAIN\ntryrecv c 1 -> EAGAIN`,
  );
  add(
    'connect/to itself: one socket is both ends',
    'RFC 9293 §3.5 (simultaneous open)',
    `p = port\nc = socket ${name} stream\nbind c ${lo}:p\nconnect c ${lo}:p\ngetpeername c -> ${lo}:p\nsend c "me" -> 2\nrecv c 10 -> "me"\nshutdown c wr\nrecv c 10 -> ""`,
  );
  add(
    'connect/twice → EISCONN',
    'connect(2) EISCONN',
    `${connected(family)}\ntryconnect c @l -> EISCONN\nconnect c @l -> EISCONN`,
  );
  add('connect/an accepted socket → EISCONN', 'connect(2) EISCONN', `${connected(family)}\ntryconnect s @l -> EISCONN`);
  add(
    'connect/again after a refusal tries again',
    'connect(2)',
    `p = port\nc = socket ${name} stream\nconnect c ${lo}:p -> ECONNREFUSED\nconnect c ${lo}:p -> ECONNREFUSED\nl = socket ${name} stream\nbind l ${lo}:p\nlisten l\nconnect c ${lo}:p\ngetpeername c -> ${lo}:p`,
    'POSIX leaves the state of the socket unspecified; Linux lets it connect.',
  );
  add(
    'connect/from a port that was chosen',
    'connect(2), bind(2)',
    `${listening()}\np = port\nc = socket ${name} stream\nbind c ${lo}:p\nconnect c @l\ns = accept l\ngetpeername s -> ${lo}:p`,
  );
  add(
    'connect/two from one port to two places',
    'tcp(7), ip(7): REUSEADDR',
    `${listening()}\nm = socket ${name} stream\nbind m ${lo}:0\nlisten m\np = port\na = socket ${name} stream\nset a SO_REUSEADDR 1\nbind a ${lo}:p\nb = socket ${name} stream\nset b SO_REUSEADDR 1\nbind b ${lo}:p\nconnect a @l\nconnect b @m\ngetsockname a -> ${lo}:p\ngetsockname b -> ${lo}:p`,
  );
  add(
    'connect/the same four numbers twice → EADDRNOTAVAIL',
    'connect(2) EADDRNOTAVAIL, RFC 9293 §3.10.1',
    `${listening()}\np = port\na = socket ${name} stream\nset a SO_REUSEADDR 1\nbind a ${lo}:p\nb = socket ${name} stream\nset b SO_REUSEADDR 1\nbind b ${lo}:p\nconnect a @l\nconnect b @l -> EADDRNOTAVAIL`,
  );

  const ended = (option: string): string => `p = port
    l = socket ${name} stream
    ${option}
    bind l ${lo}:p
    listen l
    ${client('c')}
    s = accept l
    close s
    recv c 10 -> ""
    close c
    close l
    n = socket ${name} stream`;
  add(
    'TIME-WAIT/the port of who closed first is taken',
    'RFC 9293 §3.3.2 (TIME-WAIT), tcp(7)',
    `${ended('')}\nbind n ${lo}:p -> EADDRINUSE`,
  );
  add(
    'TIME-WAIT/REUSEADDR on both: free',
    'socket(7) SO_REUSEADDR',
    `${ended('set l SO_REUSEADDR 1')}\nset n SO_REUSEADDR 1\nbind n ${lo}:p\nlisten n`,
  );
  add(
    'TIME-WAIT/REUSEADDR on the new one only: taken',
    'socket(7) SO_REUSEADDR',
    `${ended('')}\nset n SO_REUSEADDR 1\nbind n ${lo}:p -> EADDRINUSE`,
    'Linux wants the option on the old socket too.',
  );
  add(
    'TIME-WAIT/a reset leaves none',
    'RFC 9293 §3.10.5 (ABORT)',
    `p = port\nl = socket ${name} stream\nbind l ${lo}:p\nlisten l\n${client('c')}\ns = accept l\nset s SO_LINGER 1,0\nclose s\npoll c -> in|out|err|hup|rdhup\nclose c\nclose l\nn = socket ${name} stream\nbind n ${lo}:p`,
  );
  add(
    'a live connection keeps the listener’s port',
    'tcp(7), socket(7) SO_REUSEADDR',
    `p = port\nl = socket ${name} stream\nbind l ${lo}:p\nlisten l\n${client('c')}\ns = accept l\nclose l\nn = socket ${name} stream\nbind n ${lo}:p -> EADDRINUSE`,
  );
  add(
    'a live connection lets REUSEADDR bind and listen again',
    'socket(7) SO_REUSEADDR',
    `p = port\nl = socket ${name} stream\nset l SO_REUSEADDR 1\nbind l ${lo}:p\nlisten l\n${client('c')}\ns = accept l\nclose l\nn = socket ${name} stream\nset n SO_REUSEADDR 1\nbind n ${lo}:p\nlisten n\nd = socket ${name} stream\nconnect d @n\nt = accept n\ngetpeername t -> ${at(family, 'd')}`,
  );
  return group;
}

export const listeningGroups: readonly Group[] = [INET, INET6].map(listenerGroup);
