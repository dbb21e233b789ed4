/**
 * interfaces() lists what `ip` lists, also what is down; watchInterfaces() tells of changes as they happen; explain()
 * names who holds an address and what else stands in the way.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/os/explain.ts';
import {
  type InterfaceEvent,
  ifIndexToName,
  ifNameToIndex,
  interfaces,
  watchInterfaces,
} from '../../src/os/interfaces.ts';
import { kernel } from '../../src/os/kernel.ts';
import { Rtnetlink } from '../../src/os/netlink/rtnetlink.ts';
import { IFA_F_NODAD } from '../../src/os/netlink/rtnetlink-rows.ts';
import { AF_INET, AF_INET6, AF_UNIX, SO, SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';

const ip = spawnSync('ip', ['-j', 'address'], { encoding: 'utf8' });

test('this machine: as `ip address` says', (ctx) => {
  if (ip.status !== 0) ctx.skip('no ip command');
  const theirs = JSON.parse(ip.stdout) as {
    ifindex: number;
    ifname: string;
    mtu: number;
    flags: string[];
    addr_info: { local: string; prefixlen: number }[];
  }[];
  const ours = interfaces();
  for (const row of theirs) {
    const found = ours.find(({ index }) => index === row.ifindex);
    if (found === undefined) continue;
    expect(found).toMatchObject({ name: row.ifname, mtu: row.mtu });
    const flags = row.flags.filter((flag) => flag !== 'NO-CARRIER' && flag !== 'RUNNING');
    expect(found.flags.filter((flag) => flag !== 'RUNNING').sort()).toEqual(flags.sort());
    expect(found.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).sort()).toEqual(
      row.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`).sort(),
    );
  }
  expect([ifNameToIndex('lo'), ifIndexToName(1), ifNameToIndex('nosuch'), ifIndexToName(999_999)]).toEqual([
    1,
    'lo',
    undefined,
    undefined,
  ]);
});

describeInNamespace(import.meta.url, 'changes', () => {
  test('links, addresses and routes, as they come and go', async () => {
    using host = loopbackNamespace('watched');
    using route = new Rtnetlink(host);
    const stop = new AbortController();
    const events: InterfaceEvent[] = [];
    let wanted: { is: (event: InterfaceEvent) => boolean; seen: () => void } | undefined;
    const watching = (async () => {
      for await (const event of watchInterfaces({ signal: stop.signal }, host)) {
        events.push(event);
        if (wanted?.is(event) === true) wanted.seen();
      }
    })();
    const until = (is: (event: InterfaceEvent) => boolean): Promise<void> =>
      events.some(is) ? Promise.resolve() : new Promise((seen) => (wanted = { is, seen }));
    route.addVeth({ name: 'one' }, { name: 'two' });
    await until((event) => event.kind === 'link' && event.link.name === 'two');
    const index = ifNameToIndex('one', host) as number;
    route.setLink(index, { up: true });
    await until((event) => event.kind === 'link' && event.link.name === 'one' && event.link.up);
    route.addAddress(index, '10.9.0.1/24');
    await until((event) => event.kind === 'address' && event.address.address === '10.9.0.1' && !event.removed);
    await until((event) => event.kind === 'route' && event.route.target === '10.9.0.0');
    route.addAddress(index, 'fd09::1/64', IFA_F_NODAD);
    await until((event) => event.kind === 'address' && event.address.address === 'fd09::1');
    // The kernel works out the state of the carrier a moment later, and tells of it.
    await until(
      (event) => event.kind === 'link' && event.link.name === 'one' && event.link.operState === 'lowerlayerdown',
    );
    const now = interfaces(host).find(({ name }) => name === 'one');
    expect(now).toMatchObject({ kind: 'veth', type: 'ethernet', up: true, running: false });
    expect(now?.addresses.find(({ family }) => family === 'inet')).toMatchObject({
      prefixLength: 24,
      scope: 'global',
      label: 'one',
    });
    route.deleteAddress(index, '10.9.0.1/24');
    await until((event) => event.kind === 'address' && event.address.address === '10.9.0.1' && event.removed);
    route.deleteLink(index);
    await until((event) => event.kind === 'link' && event.removed && event.link.name === 'one');
    stop.abort();
    await watching;
    expect(events.some(({ kind }) => kind === 'lost')).toBe(false);
  });

  test('explain: no address, no route', () => {
    using host = loopbackNamespace('explained');
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    const errorOf = (run: () => void): unknown => {
      try {
        run();
      } catch (error) {
        return error;
      }
      throw new Error('expected a refusal');
    };
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
});

describe('explain', () => {
  const refusal = (run: () => unknown): unknown => {
    try {
      run();
    } catch (error) {
      return error;
    }
    throw new Error('expected a refusal');
  };

  test('a port that another process holds: its name and number', async (ctx) => {
    if (spawnSync('python3', ['-V']).status !== 0) ctx.skip('no python3');
    const program =
      'import socket,sys;s=socket.socket();s.bind(("127.0.0.1",0));s.listen();print(s.getsockname()[1],flush=True);sys.stdin.read()';
    const child = spawn('python3', ['-c', program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const port = Number(String((await once(child.stdout, 'data'))[0]));
    using socket = kernel.socket(AF_INET, SOCK_STREAM);
    const explanation = explain(refusal(() => socket.bind({ family: 'inet', address: '127.0.0.1', port })));
    expect(explanation?.holders).toEqual([
      {
        protocol: 'tcp',
        address: `127.0.0.1:${port}`,
        state: 'LISTEN',
        uid: process.getuid?.(),
        pid: child.pid,
        command: 'python3',
      },
    ]);
    expect(explanation?.text).toMatch(/^port \d+ is held: python3 \(pid \d+\), tcp 127/);
    expect(explanation?.advice).toMatch(/end that program/);
    child.stdin.end();
    await once(child, 'exit');
  });

  test('an IPv6 wildcard that holds the IPv4 port too; UDP', () => {
    using six = kernel.socket(AF_INET6, SOCK_DGRAM);
    six.bind('[::]:0');
    const { port } = six.getsockname() as { port: number };
    using four = kernel.socket(AF_INET, SOCK_DGRAM);
    const explanation = explain(refusal(() => four.bind({ family: 'inet', address: '127.0.0.1', port })));
    expect(explanation?.holders?.find(({ pid }) => pid === process.pid)).toMatchObject({
      protocol: 'udp',
      address: `[::]:${port}`,
      state: 'bound',
    });
  });

  test('a port that only connections in TIME-WAIT hold', async () => {
    using listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.set(SO.REUSEADDR, true);
    listener.bind('127.0.0.1:0');
    listener.listen();
    const name = listener.getsockname();
    const client = kernel.socket(AF_INET, SOCK_STREAM);
    await client.connect(name);
    const connection = await listener.accept();
    connection.close();
    await client.recv(1);
    client.close();
    listener.close();
    using again = kernel.socket(AF_INET, SOCK_STREAM);
    const explanation = explain(refusal(() => again.bind(name)));
    expect(explanation?.holders?.map(({ state }) => state)).toEqual(['TIME-WAIT']);
    expect(explanation?.advice).toMatch(/SO_REUSEADDR/);
    again.set(SO.REUSEADDR, true);
    again.bind(name);
  });

  test('Unix paths: a live listener, a stale file, a file that is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    const path = join(folder, 's');
    const bind = () => {
      using socket = kernel.socket(AF_UNIX, SOCK_STREAM);
      socket.bind({ family: 'unix', path });
    };
    const live = kernel.socket(AF_UNIX, SOCK_STREAM);
    live.bind({ family: 'unix', path });
    live.listen();
    expect(explain(refusal(bind))?.holders?.[0]).toMatchObject({ protocol: 'unix', address: path, pid: process.pid });
    live.close();
    expect(explain(refusal(bind))?.advice).toMatch(/remove the file/);
    rmSync(path);
    writeFileSync(path, 'text');
    expect(explain(refusal(bind))?.text).toMatch(/exists and is no socket/);
    rmSync(folder, { recursive: true });
  });

  test('refused: nobody listens, or somebody on another address', () => {
    using listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.2:0');
    listener.listen();
    const { port } = listener.getsockname() as { port: number };
    const connect = (address: string) => () => {
      using client = kernel.socket(AF_INET, SOCK_STREAM);
      client.connectSync({ family: 'inet', address, port });
    };
    expect(explain(refusal(connect('127.0.0.1')))).toMatchObject({
      text: expect.stringMatching(/listened on, but on another address: .*127\.0\.0\.2/) as string,
    });
    listener.close();
    expect(explain(refusal(connect('127.0.0.1')))?.text).toBe(`nobody listens on port ${port} of this machine`);
  });

  test('limits, and what it has nothing to say about', () => {
    const limit = explain(Object.assign(new Error('x'), { code: 'EMFILE', syscall: 'socket' }));
    expect(limit?.text).toMatch(/this process has \d+ open files and may have \d+/);
    expect(explain(Object.assign(new Error('x'), { code: 'EPIPE', syscall: 'send' }))).toBeUndefined();
    expect(explain('EADDRINUSE')).toBeUndefined();
    expect(explain(undefined)).toBeUndefined();
    expect(
      explain(Object.assign(new Error('x'), { code: 'EACCES', syscall: 'bind', address: '127.0.0.1', port: 80 }))
        ?.text ?? 'ports',
    ).toMatch(/ports/);
  });
});
