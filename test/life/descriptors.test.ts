/** Descriptors and memory: many sockets leave nothing behind, too many are an error that passes, lost ones are found. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/index.ts';
import { runChild } from './child.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('ten thousand sockets, opened, used and closed: the descriptors are as many as before', async () => {
  const warm = kernel.socket(AF_INET, SOCK_DGRAM);
  warm.bind('127.0.0.1:0');
  // The first call that waits makes the descriptor of the readiness loop, which stays.
  const first = warm.recv(1);
  await warm.sendto('x', warm.getsockname());
  await first;
  warm.close();
  const before = descriptors();
  for (let round = 0; round < 100; round++) {
    const pairs = Array.from({ length: 50 }, () => kernel.socketpair(AF_UNIX, SOCK_STREAM));
    const reads = pairs.map(([a]) => a.recv(1));
    for (const [, b] of pairs) b.trySend(Uint8Array.of(1));
    await Promise.all(reads);
    for (const socket of pairs.flat()) socket.close();
  }
  expect(descriptors()).toBe(before);
});

test('ten thousand sockets leave no memory behind', async () => {
  const { stdout, stderr, code } = await runChild(
    `
    import { kernel } from './src/os/kernel.ts';
    import { AF_UNIX, SOCK_STREAM } from './src/socket/index.ts';
    async function round(count: number): Promise<number> {
      for (let i = 0; i < count; i++) {
        const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
        const read = a.recv(1);
        b.trySend(Uint8Array.of(1));
        await read;
        a.close();
        b.close();
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
      (globalThis as any).gc();
      (globalThis as any).gc();
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return heapUsed + external + arrayBuffers;
    }
    await round(2500);
    const before = await round(100);
    const after = await round(5000);
    console.log(Math.round((after - before) / 1024));
  `,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  expect(code).toBe(0);
  // 5,000 pairs that left 100 bytes each would be 500 KiB.
  expect(Number(stdout)).toBeLessThan(300);
});

const EXHAUSTED = `
  import { readdirSync } from 'node:fs';
  import { kernel } from './src/os/kernel.ts';
  import { AF_INET, SOCK_STREAM, type Socket } from './src/socket/index.ts';
  const say = (text: unknown) => process.stdout.write(String(text) + '\\n');
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  // The first call that waits makes the descriptor of the readiness loop.
  await listener.accept({ timeoutMs: 1 }).catch(() => {});
  const kept: Socket[] = [];
  for (;;) {
    try { kept.push(kernel.socket(AF_INET, SOCK_STREAM)); }
    catch (error: any) { say(error.code + ' ' + error.syscall); break; }
  }
`;

test('no descriptor left: EMFILE from socket, socketpair and accept, the queue keeps its connection', async () => {
  const { stdout, code, stderr } = await runChild(
    `${EXHAUSTED}
    try { kernel.socketpair(1, SOCK_STREAM); } catch (error: any) { say(error.code + ' ' + error.syscall); }
    await client.connect(listener.getsockname());
    for (let i = 0; i < 3; i++) await listener.accept().catch((error) => say(error.code + ' ' + error.syscall));
    kept.pop()!.close();
    const server = await listener.accept({ timeoutMs: 2000 });
    await client.sendAll('after all');
    say(new TextDecoder().decode(await server.recv(100)));
    process.exit(0);
  `,
    { before: 'ulimit -n 64' },
  );
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual([
    'EMFILE socket',
    'EMFILE socketpair',
    'EMFILE accept',
    'EMFILE accept',
    'EMFILE accept',
    'after all',
  ]);
  expect(code).toBe(0);
});

test('no descriptor left while accept waits: it rejects once, and the process does not spin', async () => {
  const { stdout, code, stderr } = await runChild(
    `${EXHAUSTED}
    const waiting = listener.accept().catch((error) => say(error.code));
    await client.connect(listener.getsockname());
    await waiting;
    const before = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { user, system } = process.cpuUsage(before);
    say(user + system < 150_000 ? 'idle' : 'busy for ' + (user + system) + ' us of 300000');
    kept.pop()!.close();
    (await listener.accept({ timeoutMs: 2000 })).close();
    say('accepted');
    process.exit(0);
  `,
    { before: 'ulimit -n 64' },
  );
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual(['EMFILE socket', 'EMFILE', 'idle', 'accepted']);
  expect(code).toBe(0);
});

test('a socket that nobody holds is closed by the garbage collector, which warns; one that waits is not', async () => {
  const { stdout, stderr, code } = await runChild(
    `
    import { kernel } from './src/os/kernel.ts';
    import { AF_INET, AF_UNIX, SOCK_STREAM } from './src/socket/index.ts';
    let warned = 0;
    process.on('warning', (warning) => { if (warning.name === 'SocketLeakWarning') warned++; });
    const [kept, peer] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const fd = (() => kernel.socketpair(AF_UNIX, SOCK_STREAM)[0].fd)();
    const { readlinkSync } = await import('node:fs');
    const name = readlinkSync('/proc/self/fd/' + fd);
    // Forgotten after it has waited: for bytes, and with a listener that is gone again.
    await (async () => {
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      const waiting = a.recv(1);
      b.onReadable(() => undefined)();
      await b.ready('out');
      b.trySend(new Uint8Array(1));
      await waiting;
    })();
    const isOpen = () => { try { return readlinkSync('/proc/self/fd/' + fd) === name; } catch { return false; } };
    let pending = (() => {
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      (globalThis as any).held = b;
      return a.recv(5);
    })();
    for (let i = 0; i < 100 && (isOpen() || warned < 4); i++) {
      (globalThis as any).gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.stdout.write(warned + ' warned ');
    process.stdout.write(isOpen() ? 'open ' : 'closed ');
    for (let i = 0; i < 5; i++) { (globalThis as any).gc(); await new Promise((resolve) => setTimeout(resolve, 2)); }
    (globalThis as any).held.trySend(new TextEncoder().encode('alive'));
    process.stdout.write(new TextDecoder().decode(await pending) + ' ');
    process.stdout.write(kept.closed || peer.closed ? 'lost' : 'kept');
  `,
    { flags: ['--expose-gc', '--no-warnings'] },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^4 warned closed alive kept$/);
  expect(code).toBe(0);
});

test('a pipe that nobody holds is closed by the garbage collector', async () => {
  const { stdout, stderr, code } = await runChild(
    `
    import { readdirSync, readlinkSync } from 'node:fs';
    import { kernel } from './src/os/kernel.ts';
    import { Pipe } from './src/socket/index.ts';
    const nameOf = (fd: string) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
    const open = () => readdirSync('/proc/self/fd').filter((fd) => nameOf(fd).startsWith('pipe:')).length;
    using kept = new Pipe(kernel);
    const before = open();
    (() => { for (let i = 0; i < 50; i++) new Pipe(kernel); })();
    const most = open();
    for (let i = 0; i < 100 && open() > before; i++) {
      (globalThis as any).gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    process.stdout.write([most - before, open() - before, kept.capacity].join(' '));
  `,
    { flags: ['--expose-gc'] },
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('100 0 65536');
  expect(code).toBe(0);
});
