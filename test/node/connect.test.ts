/**
 * Connecting to names and listening: the fastest address wins and the others are closed, failures name every address,
 * getaddrinfo answers as CPython's does, and a listener outlives bad connections, stale files and want of descriptors.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import dns from 'node:dns';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  AI_NUMERICHOST,
  AI_PASSIVE,
  AI_V4MAPPED,
  type Attempt,
  type ConnectError,
  connectFirst,
  createConnection,
  getaddrinfo,
  getnameinfo,
  getservbyname,
  getservbyport,
  interleave,
  type Listener,
  listen,
  NI_NAMEREQD,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
} from '../../src/node/index.ts';
import { parseServices } from '../../src/node/services.ts';
import { kernel } from '../../src/os/kernel.ts';
import { kernelDriver } from '../../src/os/kernel-driver.ts';
import { AF_INET, AF_INET6, AF_UNSPEC, SOCK_DGRAM, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';

const hasPython = spawnSync('python3', ['-V']).status === 0;
const descriptors = (): number => kernelDriver().native.openHandles();
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('the race', () => {
  let good: Listener;
  /** A listener whose backlog is full: further SYNs are dropped, as behind a firewall that says nothing. */
  let silent: Socket<typeof SOCK_STREAM>;
  const fillers: Socket[] = [];
  const at = (address: string, port = good.port) => ({ family: 'inet', address, port }) as const;
  const silentAddress = () => silent.getsockname();

  beforeAll(async () => {
    good = await listen(0, { host: '127.0.0.4' });
    silent = kernel.socket(AF_INET, SOCK_STREAM);
    silent.bind('127.0.0.2:0');
    silent.listen(0);
    for (let i = 0; i < 4; i++) {
      const filler = kernel.socket(AF_INET, SOCK_STREAM);
      fillers.push(filler);
      filler.tryConnect(silent.getsockname());
    }
    await fillers[0]?.ready('out');
  });
  afterAll(async () => {
    for (const filler of fillers) filler.close();
    silent.close();
    await good.close();
  });

  test('an address that says nothing costs the delay, not its timeout; it is closed when another wins', async () => {
    const before = descriptors();
    const attempts: Attempt[] = [];
    const began = performance.now();
    const socket = await connectFirst([silentAddress(), at('127.0.0.4')], {
      attemptDelayMs: 50,
      onAttempt: (attempt) => attempts.push(attempt),
    });
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(45);
    expect(took).toBeLessThan(1000);
    expect(socket.getpeername()).toEqual(at('127.0.0.4'));
    socket.close();
    await new Promise(setImmediate);
    expect(attempts.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
      undefined,
      'ABORT_ERR',
    ]);
    expect(descriptors()).toBeLessThanOrEqual(before);
  });

  test('a refusal starts the next attempt at once', async () => {
    const began = performance.now();
    using socket = await connectFirst([at('127.0.0.3'), at('127.0.0.3'), at('127.0.0.4')], { attemptDelayMs: 5000 });
    expect(performance.now() - began).toBeLessThan(2000);
    expect(socket.getpeername()).toEqual(at('127.0.0.4'));
  });

  test('several are under way at the same time', async () => {
    const attempts: Attempt[] = [];
    const addresses = [silentAddress(), silentAddress(), silentAddress(), at('127.0.0.4')];
    const socket = await connectFirst(addresses, {
      attemptDelayMs: 20,
      onAttempt: (attempt) => attempts.push(attempt),
    });
    socket.close();
    await new Promise(setImmediate);
    expect(attempts).toHaveLength(4);
    const winner = attempts.find(({ error }) => error === undefined) as Attempt;
    for (const { startedMs, endedMs } of attempts) {
      expect(startedMs).toBeLessThanOrEqual(winner.startedMs);
      expect(endedMs).toBeGreaterThanOrEqual(winner.startedMs);
    }
  });

  test('all refuse: one error that names every address, with the errors in it', async () => {
    const failed = connectFirst([at('127.0.0.3'), at('127.0.0.5')], {}, 'two.example');
    const error = (await failed.catch((caught: unknown) => caught)) as ConnectError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error).toMatchObject({ name: 'ConnectError', code: 'ECONNREFUSED', syscall: 'connect' });
    expect(error.message).toMatch(
      /none of the 2 addresses of two\.example answered: 127\.0\.0\.3:\d+ ECONNREFUSED; 127/,
    );
    expect(error.errors).toHaveLength(2);
  });

  test('one address: its own error', async () => {
    await expect(connectFirst([at('127.0.0.3')])).rejects.toMatchObject({ name: 'SocketError', code: 'ECONNREFUSED' });
  });

  test('a deadline for the whole, and an abort in the middle, leave nothing open', async () => {
    const before = descriptors();
    const many = [silentAddress(), silentAddress()];
    const late = connectFirst(many, { attemptDelayMs: 10, timeoutMs: 60 });
    await expect(late).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    const abort = new AbortController();
    const aborted = connectFirst(many, { attemptDelayMs: 10, signal: abort.signal });
    setTimeout(() => abort.abort(), 40);
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await expect(connectFirst(many, { signal: abort.signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await new Promise(setImmediate);
    expect(descriptors()).toBeLessThanOrEqual(before);
  });

  test('families in turn, beginning with the best', () => {
    const four = (last: number) => ({ family: 'inet', address: `10.0.0.${last}`, port: 1 }) as const;
    const six = (last: number) => ({ family: 'inet6', address: `fd00::${last}`, port: 1 }) as const;
    expect(interleave([six(1), six(2), six(3), four(1)])).toEqual([six(1), four(1), six(2), six(3)]);
    expect(interleave([four(1), six(1), four(2)])).toEqual([four(1), six(1), four(2)]);
  });

  test('a name, a port by name, a local address, bad arguments', async () => {
    using socket = await createConnection('127.0.0.4', good.port, { localAddress: '127.0.0.9' });
    expect(socket.getsockname()).toMatchObject({ address: '127.0.0.9' });
    await expect(createConnection('127.0.0.4', 'no-such-service')).rejects.toMatchObject({ code: 'EAI_SERVICE' });
    await expect(createConnection('127.0.0.4', 70_000)).rejects.toThrow(/port: expected 0 to 65535, got 70000/);
    await expect(createConnection('::1', good.port, { localAddress: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EAI_ADDRFAMILY',
    });
    const hasty = connectFirst([at('127.0.0.4')], { attemptDelayMs: 0 });
    await expect(hasty).rejects.toThrow(/attemptDelayMs: expected 10 or more/);
    await expect(connectFirst([])).rejects.toThrow(/expected at least one/);
  });

  test('a listener of attempts that throws: the process is told, and the race goes on', async () => {
    const uncaught = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const told: string[] = [];
    process.on('uncaughtException', ({ message }) => told.push(message));
    const onAttempt = (): never => {
      throw new Error('of the listener');
    };
    try {
      using socket = await connectFirst([at('127.0.0.3'), at('127.0.0.4')], { onAttempt });
      expect(socket.getpeername()).toMatchObject({ address: '127.0.0.4' });
      await new Promise(setImmediate);
      expect(told).toEqual(['of the listener', 'of the listener']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of uncaught) process.on('uncaughtException', listener);
    }
  });
});

describe('listeners', () => {
  test('dual-stack: IPv4 and IPv6 on one socket', async (ctx) => {
    await using server = await listen(0, { host: '*' });
    if (server.address.family !== 'inet6') ctx.skip('no IPv6 here');
    for (const host of ['127.0.0.1', '::1']) {
      using client = await createConnection(host, server.port);
      using connection = await server.accept();
      await client.send('x');
      expect(text(await connection.recv(1))).toBe('x');
    }
  });

  test('loopback unless told otherwise, and the port in use is an error with the address', async () => {
    await using server = await listen(0);
    expect(server.address).toMatchObject({ family: 'inet', address: '127.0.0.1' });
    await expect(listen(server.port)).rejects.toMatchObject({ code: 'EADDRINUSE', port: server.port });
    await using one = await listen(0, { reusePort: true });
    await using other = await listen(one.port, { reusePort: true });
    expect(other.port).toBe(one.port);
  });

  test('Unix paths: a stale file is replaced, a live one is not, ours goes with the listener', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    const path = join(folder, 'socket');
    const stale = kernel.socket(1, SOCK_STREAM);
    stale.bind({ family: 'unix', path });
    stale.close();
    const server = await listen(`unix:${path}`);
    await expect(listen(`unix:${path}`)).rejects.toMatchObject({ code: 'EADDRINUSE', address: path });
    using client = await createConnection(`unix:${path}`);
    using connection = await server.accept();
    await client.send('y');
    expect(text(await connection.recv(1))).toBe('y');
    await server.close();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'a file of somebody');
    await expect(listen(`unix:${path}`)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(existsSync(path)).toBe(true);
    rmSync(folder, { recursive: true });
  });

  test('serve: many at once, a handler that throws ends its own connection only, close drains', async () => {
    const server = await listen(0);
    const errors: unknown[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const serving = server.serve(
      async (connection) => {
        const word = text(await connection.recv(10));
        if (word === 'throw') throw new Error('handler');
        if (word === 'hold') await held;
        await connection.sendAll(`${word}!`);
      },
      { onError: (error) => errors.push(error) },
    );
    const say = async (word: string): Promise<string> => {
      using client = await createConnection('127.0.0.1', server.port);
      await client.send(word);
      return text(await client.recv(100));
    };
    const holding = say('hold');
    expect(await say('throw')).toBe('');
    expect(await say('a')).toBe('a!');
    expect(errors).toHaveLength(1);
    const closed = server.close({ drainMs: 5000 });
    await serving;
    release();
    expect(await holding).toBe('hold!');
    await closed;
    expect(server.connections).toBe(0);
  });

  test('maxConnections: further ones wait their turn', async () => {
    const server = await listen(0);
    let most = 0;
    const serving = server.serve(
      async (connection) => {
        most = Math.max(most, server.connections);
        await connection.sendAll(await connection.recv(1));
        await connection.recv(1);
      },
      { maxConnections: 2 },
    );
    const client = async (): Promise<void> => {
      using socket = await createConnection('127.0.0.1', server.port);
      await socket.send('z');
      expect(text(await socket.recv(1))).toBe('z');
    };
    await Promise.all(Array.from({ length: 8 }, client));
    expect(most).toBe(2);
    await server.close();
    await serving;
  });

  test('at its limit, serve hears of close and of abort, and close still drains', async () => {
    const ends: (() => void)[] = [];
    const greet = async (connection: Socket): Promise<void> => {
      await connection.sendAll('held');
      await new Promise<void>((resolve) => ends.push(resolve));
      await connection.sendAll(' and let go');
    };
    const server = await listen(0);
    const serving = server.serve(greet, { maxConnections: 1 });
    using client = await createConnection('127.0.0.1', server.port);
    expect(text(await client.recv(100))).toBe('held');
    const closed = server.close({ drainMs: 5000 });
    await serving;
    expect(server.connections).toBe(1);
    ends[0]?.();
    expect(text(await client.recv(100))).toBe(' and let go');
    await closed;

    const abort = new AbortController();
    await using other = await listen(0);
    const until = other.serve(greet, { maxConnections: 1, signal: abort.signal });
    using second = await createConnection('127.0.0.1', other.port);
    expect(text(await second.recv(100))).toBe('held');
    abort.abort();
    await until;
    ends[1]?.();
  });

  test('out of descriptors: waits without spinning, and goes on when there are some', () => {
    // A process of its own, with few descriptors.
    const program = `
      import { openSync, closeSync } from 'node:fs';
      import { createConnection, listen } from 'barewire/node';
      const server = await listen(0);
      const errors = [];
      const serving = server.serve((connection) => connection.sendAll('served'), { onError: (error) => errors.push(error.code) });
      const client = await createConnection('127.0.0.1', server.port);
      await client.recv(10);
      const second = await createConnection('127.0.0.1', server.port);
      const held = [];
      try { for (;;) held.push(openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
      closeSync(held.pop());
      // The descriptor that is left goes to the client; none is left for the server.
      const third = await createConnection('127.0.0.1', server.port);
      const cpu = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 400));
      const { user, system } = process.cpuUsage(cpu);
      for (const fd of held) closeSync(fd);
      const answer = new TextDecoder().decode(await third.recv(10));
      console.log(JSON.stringify({ answer, errors: [...new Set(errors)], cpuMs: Math.round((user + system) / 1000) }));
      process.exit(0);
    `;
    const out = execFileSync(
      'sh',
      ['-c', 'ulimit -n 64; exec "$0" --conditions=barewire --input-type=module -e "$1"', process.execPath, program],
      {
        cwd: join(import.meta.dirname, '..', '..'),
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    const { answer, errors, cpuMs } = JSON.parse(out) as { answer: string; errors: string[]; cpuMs: number };
    expect({ answer, errors }).toEqual({ answer: 'served', errors: ['EMFILE'] });
    expect(cpuMs).toBeLessThan(200);
  });
});

describe('names', () => {
  test.each([
    ['127.0.0.1', 80, {}, [1, 2, 3]],
    ['127.0.0.1', 'domain', {}, [1, 2]],
    ['::1', 53, { type: SOCK_DGRAM }, [2]],
    ['10.1', 80, { type: SOCK_STREAM }, [1]],
  ] as const)('getaddrinfo(%s, %s) gives what CPython gives', async (host, service, hints, types) => {
    const entries = await getaddrinfo(host, service, hints);
    expect(entries.map(({ type }) => type)).toEqual(types);
    if (!hasPython) return;
    const type = 'type' in hints ? hints.type : 0;
    const code = `import socket,json;print(json.dumps([[f,t,p,a[0],a[1]] for f,t,p,_,a in socket.getaddrinfo(${JSON.stringify(host)}, ${JSON.stringify(service)}, 0, ${type})]))`;
    const theirs = JSON.parse(execFileSync('python3', ['-c', code], { encoding: 'utf8' })) as unknown[];
    const seen = entries.map(({ family, type: kind, protocol, address }) => [
      family,
      kind,
      protocol,
      address.address,
      address.port,
    ]);
    expect(seen).toEqual(theirs);
  });

  test('no host: this machine, or any address for AI_PASSIVE', async () => {
    const addresses = async (flags: number): Promise<string[]> =>
      (await getaddrinfo(null, 80, { flags, type: SOCK_STREAM })).map(({ address }) => address.address);
    expect(await addresses(AI_PASSIVE)).toEqual(['0.0.0.0', '::']);
    expect(await addresses(0)).toEqual(['::1', '127.0.0.1']);
  });

  test('localhost, zones, mapped addresses, and errors by their C names', async () => {
    const local = await getaddrinfo('localhost', 1, { family: AF_INET, type: SOCK_STREAM });
    expect(local[0]?.address).toEqual({ family: 'inet', address: '127.0.0.1', port: 1 });
    expect((await getaddrinfo('fe80::1%lo', 1, { type: SOCK_STREAM }))[0]?.address.address).toBe('fe80::1%lo');
    const mapped = await getaddrinfo('10.0.0.1', 1, { family: AF_INET6, flags: AI_V4MAPPED, type: SOCK_STREAM });
    expect(mapped[0]?.address.address).toBe('::ffff:10.0.0.1');
    const failing: readonly (readonly [Promise<unknown>, string])[] = [
      [getaddrinfo('10.0.0.1', 1, { family: AF_INET6 }), 'EAI_ADDRFAMILY'],
      [getaddrinfo('name', 1, { flags: AI_NUMERICHOST }), 'EAI_NONAME'],
      [getaddrinfo(null), 'EAI_NONAME'],
      [getaddrinfo('', 1), 'EAI_NONAME'],
      [getaddrinfo('127.0.0.1', 'no-such-service'), 'EAI_SERVICE'],
      [getaddrinfo('127.0.0.1', 1, { family: 99 }), 'EAI_FAMILY'],
      [getaddrinfo('127.0.0.1', 1, { type: 99 }), 'EAI_SOCKTYPE'],
      [getaddrinfo('127.0.0.1', 1, { family: AF_UNSPEC, type: SOCK_DGRAM, protocol: 6 }), 'EAI_SOCKTYPE'],
      [getaddrinfo('localhost', 1, { signal: AbortSignal.abort() }), 'ABORT_ERR'],
    ];
    for (const [failed, code] of failing) await expect(failed).rejects.toMatchObject({ code });
  });

  test('a signal that is aborted already: no lookup is begun, so none fails later with nobody to hear it', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const lookup = vi.spyOn(dns.promises, 'lookup').mockImplementation(() => Promise.reject(new Error('no such name')));
    const signal = AbortSignal.abort();
    await expect(getaddrinfo('name.example', 1, { signal })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect([lookup.mock.calls.length, unhandled]).toEqual([0, []]);
    lookup.mockRestore();
    process.off('unhandledRejection', onUnhandled);
  });

  test('getnameinfo: numeric, named, and required', async () => {
    const address = { family: 'inet', address: '127.0.0.1', port: 80 } as const;
    expect(await getnameinfo(address, NI_NUMERICHOST | NI_NUMERICSERV)).toEqual({ host: '127.0.0.1', service: '80' });
    expect((await getnameinfo(address, NI_NUMERICHOST)).service).toBe('http');
    expect((await getnameinfo(address)).host).toMatch(/localhost|127\.0\.0\.1/);
    const nameless = { family: 'inet', address: '127.9.9.9', port: 1 } as const;
    const named = getnameinfo(nameless, NI_NAMEREQD, { timeoutMs: 3000 });
    await expect(named).rejects.toThrow(/EAI_NONAME|EAI_AGAIN|ERR_SOCKET_TIMEOUT/);
  });

  test('services', () => {
    expect(getservbyname('https', 'tcp')).toMatchObject({ port: 443 });
    expect(getservbyport(53, 'udp')).toMatchObject({ name: 'domain' });
    expect(getservbyname('no-such-service')).toBeUndefined();
    expect(parseServices('# none\nweb 80/tcp www http # text\nbad\nworse 99999/tcp\n')).toEqual([
      { name: 'web', port: 80, protocol: 'tcp', aliases: ['www', 'http'] },
    ]);
  });
});
