/** explain() names who holds an address and what else stands in the way. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { explain } from '../../src/os/explain.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_INET6, AF_UNIX, IPV6, SO, SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/index.ts';

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
        inode: expect.any(Number) as number,
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

  test('only those that stand in the way are named: of its protocol, and of an address that overlaps', () => {
    using tcp = kernel.socket(AF_INET, SOCK_STREAM);
    tcp.bind('127.0.0.1:0');
    tcp.listen();
    const { port } = tcp.getsockname() as { port: number };
    using other = kernel.socket(AF_INET, SOCK_STREAM);
    other.bind({ family: 'inet', address: '127.0.0.9', port });
    using udp = kernel.socket(AF_INET, SOCK_DGRAM);
    udp.bind({ family: 'inet', address: '127.0.0.1', port });
    using six = kernel.socket(AF_INET6, SOCK_STREAM);
    six.set(IPV6.V6ONLY, true);
    six.bind({ family: 'inet6', address: '::', port });
    six.listen();
    const named = (domain: number, type: number, address: string): (string | undefined)[] => {
      using socket = kernel.socket(domain, type);
      const family = domain === AF_INET ? 'inet' : 'inet6';
      const error = refusal(() => socket.bind({ family, address, port }));
      return (explain(error)?.holders ?? []).map((holder) => `${holder.protocol} ${holder.address}`).sort();
    };
    const v4 = [`tcp 127.0.0.1:${port}`, `tcp 127.0.0.9:${port}`];
    expect(named(AF_INET, SOCK_STREAM, '127.0.0.1')).toEqual([v4[0]]);
    expect(named(AF_INET, SOCK_STREAM, '0.0.0.0')).toEqual(v4);
    expect(named(AF_INET, SOCK_DGRAM, '127.0.0.1')).toEqual([`udp 127.0.0.1:${port}`]);
    expect(named(AF_INET6, SOCK_STREAM, '::1')).toEqual([`tcp [::]:${port}`]);
    expect(named(AF_INET6, SOCK_STREAM, '::')).toEqual([
      `tcp 127.0.0.1:${port}`,
      `tcp 127.0.0.9:${port}`,
      `tcp [::]:${port}`,
    ]);
    expect(named(AF_INET6, SOCK_DGRAM, '::ffff:127.0.0.1')).toEqual([`udp 127.0.0.1:${port}`]);
  });

  test('errors of Node’s own servers', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as { port: number };
    const second = createServer().listen(port, '127.0.0.1');
    const [error] = (await once(second, 'error')) as [unknown];
    expect(explain(error)?.holders).toMatchObject([{ protocol: 'tcp', state: 'LISTEN', pid: process.pid }]);
    first.close();
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    const path = join(folder, 's');
    const local = createServer().listen(path);
    await once(local, 'listening');
    const [taken] = (await once(createServer().listen(path), 'error')) as [unknown];
    expect(explain(taken)?.holders).toMatchObject([{ protocol: 'unix', address: path, state: 'LISTEN' }]);
    const [missing] = (await once(connect(`${path}-not`), 'error')) as [unknown];
    expect(explain(missing)?.text).toBe(`there is no ${path}-not`);
    local.close();
    await once(local, 'close');
    rmSync(folder, { recursive: true });
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

  test('abstract names, and Unix paths that are not there', () => {
    const address = { family: 'unix', abstract: `barewire-${process.pid}` } as const;
    using first = kernel.socket(AF_UNIX, SOCK_DGRAM);
    first.bind(address);
    using second = kernel.socket(AF_UNIX, SOCK_DGRAM);
    const held = explain(refusal(() => second.bind(address)));
    expect(held?.holders?.[0]).toMatchObject({ address: `@${address.abstract}`, state: 'bound', pid: process.pid });
    const connect = (path: string) => () => second.connectSync({ family: 'unix', path });
    expect(explain(refusal(connect('/nowhere/at-all')))?.text).toBe('there is no directory /nowhere');
    expect(explain(refusal(connect('/nowhere-at-all')))?.text).toBe('there is no /nowhere-at-all');
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
