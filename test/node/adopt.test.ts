/**
 * Live sockets of Node's are borrowed and taken over without losing a byte; sockets of a service manager are found by
 * name, and what it is told arrives as sd_notify(3) writes it, descriptors too.
 */
import { spawn, spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { adopt, borrow, listenFds, notify, startWatchdog, takeOver, watchdogIntervalMs } from '../../src/node/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, SO, SOCK_DGRAM, SOCK_STREAM, TCP } from '../../src/socket/index.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("Node's sockets", () => {
  async function pair(): Promise<{ client: net.Socket; peer: net.Socket; server: net.Server }> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.createConnection((server.address() as AddressInfo).port, '127.0.0.1');
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
      [net.Socket],
      unknown,
    ];
    return { client, peer, server };
  }

  test('borrowed: options and TCP_INFO of a live connection, which Node goes on using', async () => {
    const { client, peer, server } = await pair();
    {
      using socket = borrow(client);
      expect([socket.domain, socket.type]).toEqual([AF_INET, SOCK_STREAM]);
      socket.set(TCP.KEEPCNT, 7);
      expect(socket.get(TCP.INFO).state).toBe('ESTABLISHED');
      expect(socket.getpeername()).toMatchObject({ port: (server.address() as AddressInfo).port });
    }
    peer.write('still there');
    expect(String((await once(client, 'data'))[0])).toBe('still there');
    using again = adopt(client);
    expect(again.get(TCP.KEEPCNT)).toBe(7);
    client.destroy();
    expect(() => borrow(client)).toThrow(/EBADF/);
    peer.destroy();
    server.close();
  });

  test('taken over: what Node had read comes first, the connection lives on', async () => {
    const { client, peer, server } = await pair();
    client.pause();
    const arrived = once(client, 'readable');
    peer.write('early');
    await arrived;
    const { socket, buffered } = takeOver(client);
    expect(text(buffered)).toBe('early');
    await once(client, 'close');
    peer.write(' late');
    expect(text(await socket.recv(100))).toBe(' late');
    await socket.sendAll('from us');
    expect(String((await once(peer, 'data'))[0])).toBe('from us');
    socket.close();
    peer.destroy();
    server.close();
  });

  test('servers and datagram sockets', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    using listening = borrow(server);
    expect(listening.get(SO.ACCEPTCONN)).toBe(true);
    const udp = dgram.createSocket('udp4').bind(0, '127.0.0.1');
    await once(udp, 'listening');
    using datagrams = borrow(udp);
    expect(datagrams.getsockname()).toMatchObject({ port: udp.address().port });
    udp.close();
    server.close();
  });

  test.each([[null], [7.5], ['socket'], [{}]])('%j is no socket', (target) => {
    expect(() => adopt(target as never)).toThrow(/expected|EINVAL|EBADF/);
  });
});

describe('the service manager', () => {
  test('sockets that it opened are found, by name, and only by the process that they are for', async () => {
    using listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:0');
    listener.listen();
    using datagrams = kernel.socket(AF_INET, SOCK_DGRAM);
    datagrams.bind('127.0.0.1:0');
    const program = `
      import { listenFds } from 'barewire/node';
      const passed = listenFds();
      const left = Object.keys(process.env).filter((name) => name.startsWith('LISTEN_'));
      console.log(JSON.stringify({ names: passed.map(({ name }) => name), types: passed.map(({ socket }) => socket.type), left, again: listenFds().length }));
      const connection = await passed[0].socket.accept();
      await connection.sendAll('activated');
      process.exit(0);
    `;
    // The shell becomes node, so that its process id is the one in LISTEN_PID, as with systemd.
    const child = spawn(
      'sh',
      ['-c', 'LISTEN_PID=$$ exec "$0" --input-type=module -e "$1"', process.execPath, program],
      {
        cwd: join(import.meta.dirname, '..', '..'),
        stdio: ['ignore', 'pipe', 'inherit', listener.fd, datagrams.fd],
        env: { ...process.env, LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:dns' },
      },
    );
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(JSON.parse(String(line))).toEqual({
      names: ['web', 'dns'],
      types: [SOCK_STREAM, SOCK_DGRAM],
      left: [],
      again: 0,
    });
    using client = kernel.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.getsockname());
    expect(text(await client.recv(20))).toBe('activated');
    await once(child, 'exit');
  });

  test('systemd-socket-activate hands its listener over, closed on exec from then on', async (context) => {
    if (spawnSync('systemd-socket-activate', ['--version']).status !== 0) {
      return context.skip('systemd-socket-activate is not installed');
    }
    const folder = mkdtempSync(join(tmpdir(), 'barewire-activate-'));
    const path = join(folder, 'socket');
    const program = `
      import { readFileSync } from 'node:fs';
      import { listenFds } from 'barewire/node';
      const [{ name, socket }] = listenFds();
      const flags = /flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + socket.fd, 'utf8'))[1];
      const isClosedOnExec = (parseInt(flags, 8) & 0o2000000) !== 0;
      const connection = await socket.accept();
      await connection.sendAll(JSON.stringify({ name, isClosedOnExec }));
      process.exit(0);
    `;
    const activate = ['-l', path, '--fdname=web', process.execPath, '--input-type=module', '-e', program];
    const child = spawn('systemd-socket-activate', activate, {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    try {
      // It says that it listens, and starts the program with the first connection.
      await once(child.stderr as NodeJS.ReadableStream, 'data');
      using client = kernel.socket(AF_UNIX, SOCK_STREAM);
      await client.connect({ family: 'unix', path });
      expect(JSON.parse(text(await client.recv(200, { timeoutMs: 10_000 })))).toEqual({
        name: 'web',
        isClosedOnExec: true,
      });
    } finally {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    }
    return undefined;
  });

  test('variables for somebody else, or that make no sense', () => {
    expect(listenFds({})).toEqual([]);
    expect(listenFds({ LISTEN_PID: '1', LISTEN_FDS: '1' })).toEqual([]);
    expect(() => listenFds({ LISTEN_PID: String(process.pid), LISTEN_FDS: 'many' })).toThrow(
      /LISTEN_FDS: expected 0 to 1024/,
    );
  });

  test('what it is told arrives, descriptors too', async () => {
    using manager = kernel.socket(AF_UNIX, SOCK_DGRAM);
    manager.bind({ family: 'unix' });
    const name = manager.getsockname();
    if (name.family !== 'unix' || typeof name.abstract !== 'string') throw new Error('no abstract name');
    const environment = { NOTIFY_SOCKET: `@${name.abstract}` };
    expect(await notify({ ready: true, status: 'two words', mainPid: 7 }, environment)).toBe(true);
    expect(text(await manager.recv(200))).toBe('READY=1\nSTATUS=two words\nMAINPID=7');
    using kept = kernel.socket(AF_INET, SOCK_DGRAM);
    await notify({ store: { name: 'kept', fds: [kept] } }, environment);
    const message = await manager.recvmsg({ size: 200 });
    expect(text(message.data)).toBe('FDSTORE=1\nFDNAME=kept');
    const [fd] = message.controlOf('rights')?.fds ?? [];
    using copy = kernel.adopt(fd as never);
    expect(copy.type).toBe(SOCK_DGRAM);
    expect(await notify({ ready: true }, {})).toBe(false);
    await expect(notify({ status: 'two\nlines' }, environment)).rejects.toThrow(/STATUS: expected one line/);
    await expect(notify({ ready: true }, { NOTIFY_SOCKET: 'tcp:1' })).rejects.toThrow(/NOTIFY_SOCKET: expected a path/);
  });

  test('the watchdog is told at half its interval, as long as all is well', async () => {
    using manager = kernel.socket(AF_UNIX, SOCK_DGRAM);
    manager.bind({ family: 'unix' });
    const name = manager.getsockname();
    if (name.family !== 'unix' || typeof name.abstract !== 'string') throw new Error('no abstract name');
    const environment = { NOTIFY_SOCKET: `@${name.abstract}`, WATCHDOG_USEC: '40000' };
    expect(watchdogIntervalMs(environment)).toBe(40);
    expect(watchdogIntervalMs({ ...environment, WATCHDOG_PID: '1' })).toBeUndefined();
    const stop = startWatchdog(() => true, environment);
    for (let i = 0; i < 2; i++) expect(text(await manager.recv(100, { timeoutMs: 5000 }))).toBe('WATCHDOG=1');
    stop();
  });
});
