/** The error queue of datagram sockets (ip(7) IP_RECVERR, ipv6(7) IPV6_RECVERR), and what is refused without privilege. */
import { type Family, Group, INET, INET6 } from '../case.ts';
import { boundDatagram } from '../setup.ts';

const queue = new Group('error queue');

function queueOf(family: Family): void {
  const { name } = family;
  const option = name === 'inet' ? 'IP_RECVERR' : 'IPV6_RECVERR';
  const gone = family.here('x').replace(/0$/, 'p');
  const add = (id: string, source: string, script: string, note?: string): void =>
    queue.add(
      `errqueue/${name}/${id}`,
      source,
      `p = port\n${boundDatagram(family, 'b')}\nset b ${option} 1\n${script}`,
      note,
    );
  const refused = `sendto b "ping" ${gone} -> 4\npoll b -> out|err`;
  add(
    'a socket without a peer is told too',
    `${option}: ip(7), ipv6(7)`,
    `${refused}\ntryrecv b 10 -> ECONNREFUSED\ntryrecv b 10 -> EAGAIN`,
  );
  add(
    'the error stays in the queue after it was told',
    `${option}: ip(7)`,
    `${refused}\ntryrecv b 10 -> ECONNREFUSED\npoll b -> out|err`,
  );
  add(
    'the queue gives back what was sent',
    `MSG_ERRQUEUE: recv(2), ${option}`,
    `${refused}\nrecvmsg b 100 errqueue -> "ping" ctrunc|errqueue\ntryrecv b 100 errqueue -> EAGAIN\npoll b -> out`,
  );
  add(
    'reading the queue takes the error away',
    `recv(2) MSG_ERRQUEUE, ip(7)`,
    `${refused}\nrecvmsg b 100 errqueue -> "ping" ctrunc|errqueue\ntryrecv b 10 -> EAGAIN\nget b SO_ERROR -> 0`,
  );
  add(
    'what does not fit is cut',
    'recvmsg(2) MSG_TRUNC',
    `${refused}\nrecvmsg b 2 errqueue -> "pi" ctrunc|trunc|errqueue`,
  );
  add(
    'two errors, in their order',
    'ip(7) IP_RECVERR',
    `sendto b "one" ${gone} -> 3\npoll b -> out|err\ntryrecv b 10 -> ECONNREFUSED\nsendto b "two" ${gone} -> 3\nrecvmsg b 9 errqueue -> "one" ctrunc|errqueue\nrecvmsg b 9 errqueue -> "two" ctrunc|errqueue\ntryrecv b 9 errqueue -> EAGAIN`,
  );
  add(
    'datagrams still arrive',
    `${option}: ip(7)`,
    `${boundDatagram(family, 'a')}\n${refused}\nsendto a "hello" @b -> 5\npoll b -> in|out|err\ntryrecv b 10 -> ECONNREFUSED\nrecv b 10 -> "hello"`,
  );
  queue.add(
    `errqueue/${name}/nothing is queued without the option`,
    `${option}: ip(7), ipv6(7)`,
    `p = port\n${boundDatagram(family, 'b')}\nsendto b "x" ${gone} -> 1\ntryrecv b 10 errqueue -> EAGAIN\npoll b -> out`,
  );
}
for (const family of [INET, INET6]) queueOf(family);

const privilege = new Group('what an ordinary user may not');
for (const [id, source, script] of [
  ['a raw socket → EPERM', 'raw(7) EPERM', 'a = socket inet raw icmp -> EPERM'],
  ['a raw IPv6 socket → EPERM', 'raw(7) EPERM', 'a = socket inet6 raw icmp6 -> EPERM'],
  ['a packet socket → EPERM', 'packet(7) EPERM', 'a = socket packet raw 0 -> EPERM'],
  ['a privileged port, TCP → EACCES', 'ip(7) EACCES', 'a = socket inet stream\nbind a 127.0.0.1:1 -> EACCES'],
  ['a privileged port, UDP → EACCES', 'ip(7) EACCES', 'a = socket inet dgram\nbind a 127.0.0.1:1 -> EACCES'],
  ['a privileged port, IPv6 → EACCES', 'ip(7) EACCES', 'a = socket inet6 stream\nbind a [::1]:1 -> EACCES'],
] as const) {
  privilege.add(`privilege/${id}`, source, script, undefined, ['unprivileged']);
}

export const errorGroups: readonly Group[] = [queue, privilege];
