/** Stream sockets behave as tcp(7) and unix(7) say, in all three forms, on every host. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { SocketAddress } from '../../src/addr/sockaddr.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  type Host,
  SO,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  type Socket,
  SocketError,
  TCP,
} from '../../src/socket/index.ts';
import { hosts } from './hosts.ts';

const directory = mkdtempSync(join(tmpdir(), 'barewire-'));
afterAll(() => rmSync(directory, { recursive: true }));

let unique = 0;
const families: readonly { name: string; domain: number; any: () => SocketAddress }[] = [
  { name: 'AF_INET', domain: AF_INET, any: () => ({ family: 'inet', address: '127.0.0.1', port: 0 }) },
  { name: 'AF_INET6', domain: AF_INET6, any: () => ({ family: 'inet6', address: '::1', port: 0 }) },
  { name: 'AF_UNIX path', domain: AF_UNIX, any: () => ({ family: 'unix', path: join(directory, `s${++unique}`) }) },
  {
    name: 'AF_UNIX abstract',
    domain: AF_UNIX,
    any: () => ({ family: 'unix', abstract: `barewire-${process.pid}-${++unique}` }),
  },
];

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function listen(host: Host, domain: number, address: SocketAddress): Socket {
  const listener = host.socket(domain, SOCK_STREAM);
  listener.bind(address);
  listener.listen();
  return listener;
}

async function connectedPair(host: Host): Promise<{ client: Socket; server: Socket; listener: Socket }> {
  const listener = listen(host, AF_INET, { family: 'inet', address: '127.0.0.1', port: 0 });
  const client = host.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  return { client, server: await listener.accept(), listener };
}

/** What a call rejects with, as the code that users match on. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'resolved',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );
}

for (const { name, host } of hosts) {
  describe.each(families)(`${name}, $name`, ({ domain, any }) => {
    test('async: connect, accept, a line each way, half-close, end of stream', async () => {
      using listener = listen(host, domain, any());
      using client = host.socket(domain, SOCK_STREAM);
      const [, server] = await Promise.all([client.connect(listener.getsockname()), listener.accept()]);
      await client.sendAll('ping');
      expect(text(await server.recv(100))).toBe('ping');
      client.shutdown('wr');
      expect((await server.recv(100)).length).toBe(0);
      await server.sendAll('still open this way');
      server.close();
      expect(text(await client.recv(100))).toBe('still open this way');
      expect((await client.recv(100)).length).toBe(0);
    });

    test('try: null where a call would block, values where it would not', async () => {
      using listener = listen(host, domain, any());
      expect(listener.tryAccept()).toBeNull();
      using client = host.socket(domain, SOCK_STREAM);
      await client.connect(listener.getsockname());
      await listener.ready('in');
      const server = listener.tryAccept();
      if (server === null) throw new Error('accept after ready said would block');
      const buffer = new Uint8Array(16);
      expect(server.tryRecv(buffer)).toBeNull();
      expect(client.trySend(new TextEncoder().encode('abc'))).toBe(3);
      await server.ready('in');
      expect(server.tryRecv(buffer, 4)).toBe(3);
      expect(text(buffer.subarray(4, 7))).toBe('abc');
      server.close();
    });

    test('sync: waits in poll(2), and a deadline ends the wait', () => {
      using listener = listen(host, domain, any());
      expect(() => listener.acceptSync({ timeoutMs: 20 })).toThrow(/ERR_SOCKET_TIMEOUT/);
      using client = host.socket(domain, SOCK_STREAM);
      client.connectSync(listener.getsockname(), { timeoutMs: 1000 });
      using server = listener.acceptSync({ timeoutMs: 1000 });
      client.sendAllSync('sync');
      expect(text(server.recvSync(10, { timeoutMs: 1000 }))).toBe('sync');
      expect(() => server.recvSync(10, { timeoutMs: 0 })).toThrow(/ERR_SOCKET_TIMEOUT/);
      client.close();
      expect(server.recvSync(10, { timeoutMs: 1000 }).length).toBe(0);
    });

    test('readv and writev fill and empty several buffers in order', async () => {
      using listener = listen(host, domain, any());
      using client = host.socket(domain, SOCK_STREAM);
      await client.connect(listener.getsockname());
      using server = await listener.accept();
      const encoder = new TextEncoder();
      expect(await client.writev([encoder.encode('head'), encoder.encode('tail')])).toBe(8);
      const [a, b] = [new Uint8Array(3), new Uint8Array(10)];
      expect(await server.readv([a, b])).toBe(8);
      expect(text(a) + text(b.subarray(0, 5))).toBe('headtail');
    });

    test('names: both ends agree on who is who', async () => {
      using listener = listen(host, domain, any());
      using client = host.socket(domain, SOCK_STREAM);
      await client.connect(listener.getsockname());
      using server = await listener.accept();
      expect(client.getpeername()).toEqual(listener.getsockname());
      expect(server.getsockname()).toEqual(listener.getsockname());
      expect(server.getpeername()).toEqual(client.getsockname());
    });

    test('more than the buffers hold arrives whole and in order', async () => {
      using listener = listen(host, domain, any());
      using client = host.socket(domain, SOCK_STREAM);
      await client.connect(listener.getsockname());
      using server = await listener.accept();
      const sent = new Uint8Array(8 << 20).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
      const sending = client.sendAll(sent).then(() => client.shutdown('wr'));
      const got = new Uint8Array(sent.length);
      let length = 0;
      for await (const chunk of server.chunks()) {
        got.set(chunk, length);
        length += chunk.length;
      }
      await sending;
      expect(length).toBe(sent.length);
      expect(Buffer.compare(got, sent)).toBe(0);
    });
  });

  describe(`${name}, errors`, () => {
    test('a refused connect says who, where and what, with the fields of Node', async () => {
      const closed = listen(host, AF_INET, { family: 'inet', address: '127.0.0.1', port: 0 });
      const address = closed.getsockname();
      closed.close();
      if (address.family !== 'inet') throw new Error(`expected an inet address, got ${address.family}`);
      using socket = host.socket(AF_INET, SOCK_STREAM);
      const error = await socket.connect(address).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SocketError);
      expect(error).toMatchObject({
        code: 'ECONNREFUSED',
        errno: -111,
        syscall: 'connect',
        address: '127.0.0.1',
        port: address.port,
        message: `connect ECONNREFUSED 127.0.0.1:${address.port}`,
      });
    });

    test('EADDRINUSE at bind; EINVAL at the second bind', () => {
      using first = listen(host, AF_INET, { family: 'inet', address: '127.0.0.1', port: 0 });
      using second = host.socket(AF_INET, SOCK_STREAM);
      expect(() => second.bind(first.getsockname())).toThrow(/bind EADDRINUSE 127\.0\.0\.1:/);
      expect(() => first.bind('127.0.0.1:0')).toThrow(/bind EINVAL/);
    });

    test('close with unread data sends RST: the peer gets ECONNRESET', async () => {
      const { client, server, listener } = await connectedPair(host);
      await client.sendAll('never read');
      await server.ready('in');
      server.close();
      expect(await codeOf(client.recv(10))).toBe('ECONNRESET');
      client.close();
      listener.close();
    });

    test('send after the peer has gone ends in EPIPE, and no signal kills the process', async () => {
      const { client, server, listener } = await connectedPair(host);
      server.close();
      const code = await (async () => {
        for (;;) await client.sendAll('x', { timeoutMs: 1000 });
      })().catch((error: SocketError) => error.code);
      expect(['EPIPE', 'ECONNRESET']).toContain(code);
      client.close();
      listener.close();
    });

    test('after close every call is EBADF, close again is fine, fd is -1', async () => {
      const { client, server, listener } = await connectedPair(host);
      client.close();
      client.close();
      expect(client.fd).toBe(-1);
      expect(client.closed).toBe(true);
      expect(await codeOf(client.recv(1))).toBe('EBADF');
      expect(await codeOf(client.send('x'))).toBe('EBADF');
      expect(() => client.getsockname()).toThrow(/EBADF/);
      expect(() => client.tryRecv(new Uint8Array(1))).toThrow(/EBADF/);
      // The number may be somebody else's by now: the old socket must never reach it.
      using other = host.socket(AF_INET, SOCK_STREAM);
      expect(() => client.listen()).toThrow(/EBADF/);
      expect(other.get(SO.ACCEPTCONN)).toBe(false);
      server.close();
      listener.close();
    });

    test('bad arguments are TypeErrors and RangeErrors that name the argument', async () => {
      using socket = host.socket(AF_INET, SOCK_STREAM);
      expect(() => host.socket('inet' as unknown as number, SOCK_STREAM)).toThrow(/domain: expected an integer/);
      expect(() => socket.shutdown('up' as 'rd')).toThrow(/how: expected/);
      await expect(socket.recv(-1)).rejects.toThrow(/size: expected/);
      await expect(socket.recv(new Uint8Array(1), { timeoutMs: -1 })).rejects.toThrow(/timeoutMs: expected/);
      expect(() => socket.bind('not an address')).toThrow(TypeError);
      expect(() => socket.bind({ family: 'inet', address: '127.0.0.1', port: 65_536 })).toThrow(RangeError);
    });
  });

  describe(`${name}, waiting`, () => {
    test('timeoutMs ends a wait with ERR_SOCKET_TIMEOUT and the socket goes on', async () => {
      const { client, server, listener } = await connectedPair(host);
      expect(await codeOf(server.recv(10, { timeoutMs: 10 }))).toBe('ERR_SOCKET_TIMEOUT');
      expect(await codeOf(server.recv(10, { timeoutMs: 0 }))).toBe('ERR_SOCKET_TIMEOUT');
      await client.sendAll('later');
      expect(text(await server.recv(10))).toBe('later');
      for (const socket of [client, server, listener]) socket.close();
    });

    test('a signal ends a wait with AbortError and the socket goes on', async () => {
      const { client, server, listener } = await connectedPair(host);
      const abort = new AbortController();
      const waiting = server.recv(10, { signal: abort.signal });
      abort.abort(new Error('enough'));
      const error = await waiting.catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: new Error('enough') });
      expect(await codeOf(server.recv(10, { signal: abort.signal }))).toBe('ABORT_ERR');
      await client.sendAll('later');
      expect(text(await server.recv(10))).toBe('later');
      for (const socket of [client, server, listener]) socket.close();
    });

    test('close rejects every waiter with ECANCELED', async () => {
      const { client, server, listener } = await connectedPair(host);
      const waiting = [server.recv(1), server.recv(1), listener.accept()].map(codeOf);
      server.close();
      listener.close();
      expect(await Promise.all(waiting)).toEqual(['ECANCELED', 'ECANCELED', 'ECANCELED']);
      client.close();
    });

    test('several readers of one socket are served in the order they came', async () => {
      const { client, server, listener } = await connectedPair(host);
      const readers = [server.recv(1), server.recv(1), server.recv(1)];
      await client.sendAll('abc');
      expect((await Promise.all(readers)).map(text)).toEqual(['a', 'b', 'c']);
      for (const socket of [client, server, listener]) socket.close();
    });

    test('a socket that is always ready does not starve the timers', async () => {
      const { client, server, listener } = await connectedPair(host);
      let stop = false;
      const timer = new Promise<void>((resolve) => setTimeout(resolve, 20)).then(() => {
        stop = true;
      });
      const echo = (async () => {
        const buffer = new Uint8Array(1);
        while (!stop) {
          await client.send('x');
          await server.recv(buffer);
        }
      })();
      await Promise.all([timer, echo]);
      expect(stop).toBe(true);
      for (const socket of [client, server, listener]) socket.close();
    });

    test('for await on a listener yields connections until it is closed', async () => {
      const listener = listen(host, AF_INET, { family: 'inet', address: '127.0.0.1', port: 0 });
      const address = listener.getsockname();
      const clients: Socket[] = [];
      const accepted: Socket[] = [];
      const serving = (async () => {
        for await (const connection of listener) {
          accepted.push(connection as Socket);
          if (accepted.length === 3) listener.close();
        }
      })();
      for (let i = 0; i < 3; i++) {
        const client = host.socket(AF_INET, SOCK_STREAM);
        clients.push(client);
        await client.connect(address);
      }
      await serving;
      expect(accepted.length).toBe(3);
      for (const socket of [...clients, ...accepted]) socket.close();
    });

    test('onReadable is told of data that was there before, and of what comes', async () => {
      const { client, server, listener } = await connectedPair(host);
      await client.sendAll('before');
      await server.ready('in');
      const got: string[] = [];
      const buffer = new Uint8Array(100);
      const done = new Promise<void>((resolve) => {
        const stop = server.onReadable(() => {
          for (let count = server.tryRecv(buffer); count !== null && count > 0; count = server.tryRecv(buffer)) {
            got.push(text(buffer.subarray(0, count)));
          }
          if (got.join('').endsWith('after')) {
            stop();
            resolve();
          } else void client.sendAll('after');
        });
      });
      await done;
      expect(got.join('')).toBe('beforeafter');
      for (const socket of [client, server, listener]) socket.close();
    });
  });

  describe(`${name}, options`, () => {
    test('get after set, through rows and through numbers', async () => {
      const { client, server, listener } = await connectedPair(host);
      client.set(TCP.NODELAY, true);
      expect(client.get(TCP.NODELAY)).toBe(true);
      client.set(SO.LINGER, { on: true, seconds: 7 });
      expect(client.get(SO.LINGER)).toEqual({ on: true, seconds: 7 });
      expect(new Uint8Array(client.getsockopt(1, 13, 8))).toEqual(new Uint8Array([1, 0, 0, 0, 7, 0, 0, 0]));
      expect(client.get(SO.TYPE)).toBe(SOCK_STREAM);
      expect(listener.get(SO.ACCEPTCONN)).toBe(true);
      expect(client.get(TCP.CONGESTION)).toMatch(/^[a-z0-9_]+$/);
      const info = client.get(TCP.INFO);
      expect(info.state).toBe('ESTABLISHED');
      expect(info.sndMss).toBeGreaterThan(500);
      for (const socket of [client, server, listener]) socket.close();
    });

    test('an option of another family names itself in the error', () => {
      using socket = host.socket(AF_UNIX, SOCK_STREAM);
      expect(() => socket.get(TCP.INFO)).toThrow(/getsockopt EOPNOTSUPP TCP_INFO/);
      expect(() => socket.set(TCP.NODELAY, 1 as unknown as boolean)).toThrow(/expected a boolean/);
    });

    test('SO_LINGER with 0 seconds makes close send RST', async () => {
      const { client, server, listener } = await connectedPair(host);
      client.set(SO.LINGER, { on: true, seconds: 0 });
      client.close();
      expect(await codeOf(server.recv(1))).toBe('ECONNRESET');
      server.close();
      listener.close();
    });
  });

  test(`${name}: socketpair talks both ways`, async () => {
    const [a, b] = host.socketpair(AF_UNIX, SOCK_STREAM);
    await a.sendAll('to b');
    expect(text(await b.recv(10))).toBe('to b');
    await b.sendAll('to a');
    expect(text(await a.recv(10))).toBe('to a');
    a.close();
    b.close();
  });

  test(`${name}: flags that ride in the type are no part of it: such a stream is one`, async () => {
    const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    using listener = host.socket(AF_INET, type);
    listener.bind('127.0.0.1:0');
    listener.listen();
    using client = host.socket(AF_INET, type);
    await client.connect(listener.getsockname());
    using server = await listener.accept();
    expect([client.type, server.type]).toEqual([SOCK_STREAM, SOCK_STREAM]);
    await client.sendAll('hello');
    await server.ready('in');
    expect(text((await server.recvfrom(10)).data)).toBe('hello');
    const [a, b] = host.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
    expect([a.type, b.type]).toEqual([SOCK_DGRAM, SOCK_DGRAM]);
    a.close();
    b.close();
  });

  test(`${name}: a stream cannot be iterated by mistake`, async () => {
    const [a, b] = host.socketpair(AF_UNIX, SOCK_STREAM);
    expect(() => a[Symbol.asyncIterator]()).toThrow(/use chunks\(\)/);
    a.close();
    b.close();
  });
}
