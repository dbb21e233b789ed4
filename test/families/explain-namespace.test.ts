/** explain() speaks of the network namespace that the error comes from: its addresses, routes and settings. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { explain } from '../../src/os/explain.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace, setSysctl } from '../support/namespaces.ts';

function errorOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('expected a refusal');
}

describeInNamespace(import.meta.url, 'explain in a namespace', () => {
  test('explain: no address, no route', () => {
    using host = loopbackNamespace('explained');
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    const notHere = explain(
      errorOf(() => socket.bind('10.1.2.3:0')),
      host,
    );
    expect(notHere?.text).toMatch(/no interface has the address 10\.1\.2\.3; there are 127\.0\.0\.1 \(lo\)/);
    const noRoute = explain(
      errorOf(() => socket.tryConnect('10.1.2.3:9')),
      host,
    );
    expect(noRoute).toMatchObject({
      code: 'ENETUNREACH',
      text: expect.stringMatching(/no interface has a global IPv4 address/) as string,
    });
  });

  test('explain: the settings are the namespace’s', () => {
    using host = loopbackNamespace('settings');
    setSysctl(host, 'ipv4/ip_unprivileged_port_start', 2000);
    // Only group 0 is mapped inside a user namespace of one's own.
    setSysctl(host, 'ipv4/ping_group_range', '0 0');
    const made = (fields: object): Error => Object.assign(new Error('x'), { code: 'EACCES', ...fields });
    const low = explain(made({ syscall: 'bind', address: '127.0.0.1', port: 1999 }), host);
    expect(low?.text).toBe('ports below 2000 need CAP_NET_BIND_SERVICE');
    expect(explain(made({ syscall: 'bind', address: '127.0.0.1', port: 2000 }), host)).toBeUndefined();
    expect(explain(made({ syscall: 'socket' }), host)?.text).toBe('ICMP datagram sockets are for groups 0 to 0 here');
  });

  test('explain: a broadcast address without SO_BROADCAST; a route that prohibits', () => {
    using host = loopbackNamespace('broadcast');
    using route = new Rtnetlink(host);
    route.addVeth({ name: 'one' }, { name: 'two' });
    const { index } = route.link('one');
    route.setLink(index, { up: true });
    route.addAddress(index, '10.9.0.1/24');
    route.addRoute({ target: '10.66.0.0/16', type: 'prohibit' });
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    const send = (to: string) => () => socket.sendtoSync('x', to);
    expect(explain(errorOf(send('10.9.0.255:9')), host)).toMatchObject({
      text: '10.9.0.255 is a broadcast address',
      advice: 'set SO_BROADCAST to send to it',
    });
    expect(explain(errorOf(send('10.66.0.1:9')), host)?.text).toMatch(/a rule of this machine forbids packets/);
  });

  test('explain: a path that a program of another namespace holds is not called stale', () => {
    using host = loopbackNamespace('paths');
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    try {
      const path = join(folder, 's');
      using there = host.socket(AF_UNIX, SOCK_STREAM);
      there.bind({ family: 'unix', path });
      there.listen();
      using here = kernel.socket(AF_UNIX, SOCK_STREAM);
      const error = errorOf(() => here.bind({ family: 'unix', path }));
      expect(explain(error)?.text).toMatch(/is held: a process that may not be looked at/);
      expect(explain(error, host)?.holders?.[0]).toMatchObject({ state: 'LISTEN', pid: process.pid });
      // Nobody was disturbed by the question.
      expect(there.tryAccept()).toBeNull();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
