/** Who owns a descriptor, a signal's listener, a timer: what is handed on works there, what is done leaves nothing. */
import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { closeSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, type Socket, SocketError } from '../../src/socket/index.ts';
import { runChild } from './child.ts';

const pair = (): [Socket, Socket] => kernel.socketpair(AF_UNIX, SOCK_STREAM);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

test('detach ends the calls that wait and leaves the descriptor open', async () => {
  const [a, b] = pair();
  const call = codeOf(a.recv(1));
  const fd = a.detach();
  expect(await call).toBe('ECANCELED');
  expect(readlinkSync(`/proc/self/fd/${fd}`)).toMatch(/^socket:/);
  expect(a.closed).toBe(true);
  a.close();
  expect(b.trySend(Uint8Array.of(1))).toBe(1);
  closeSync(fd);
  b.close();
});

test('a descriptor that was watched, detached and adopted again is watched again', async () => {
  const [a, b] = pair();
  expect(await codeOf(a.recv(1, { timeoutMs: 1 }))).toBe('ERR_SOCKET_TIMEOUT');
  for (let round = 0, socket = a; round < 3; round++) {
    const again = kernel.adopt(socket.detach());
    const waiting = again.recv(10);
    await new Promise((resolve) => setImmediate(resolve));
    await b.send(`round ${round}`);
    expect(text(await waiting)).toBe(`round ${round}`);
    socket = again;
    if (round === 2) again.close();
  }
  b.close();
});

test('two descriptors of one socket wait apart; closing one leaves the other waiting', async () => {
  const [a, b] = pair();
  const copy = a.dup();
  const first = codeOf(a.recv(10));
  const second = copy.recv(10);
  a.close();
  expect(await first).toBe('ECANCELED');
  await new Promise((resolve) => setImmediate(resolve));
  await b.send('the copy');
  expect(text(await second)).toBe('the copy');
  copy.close();
  b.close();
});

test('events of a closed descriptor whose socket lives on reach nobody else', async () => {
  const [a, b] = pair();
  const copy = a.dup();
  expect(await codeOf(a.recv(1, { timeoutMs: 1 }))).toBe('ERR_SOCKET_TIMEOUT');
  const fd = a.fd;
  a.close();
  // The number is given out again, while the kernel still watches the old socket under it.
  const [c, d] = pair();
  expect([c.fd, d.fd]).toContain(fd);
  const woken: string[] = [];
  for (const [name, socket] of [['c', c] as const, ['d', d] as const]) socket.onReadable(() => woken.push(name));
  await new Promise((resolve) => setTimeout(resolve, 5));
  woken.length = 0;
  for (let i = 0; i < 5; i++) {
    await b.send('x');
    await copy.recv(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(woken).toEqual([]);
  await d.send('y');
  await expect.poll(() => woken.length).toBe(1);
  expect(woken).toEqual(['c']);
  for (const socket of [b, c, d, copy]) socket.close();
});

test('a socket that was sent to oneself is the same connection, and waits on its own', async () => {
  const [a, b] = pair();
  const [c, d] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  await c.sendmsg({ data: 'take it', control: [{ kind: 'rights', fds: [a] }] });
  const message = await d.recvmsg({ size: 10 });
  const [owned] = message.controlOf('rights')?.fds ?? [];
  if (owned === undefined) throw new Error('nothing came');
  const again = kernel.adopt(owned);
  expect([again.domain, again.type]).toEqual([AF_UNIX, SOCK_STREAM]);
  const waiting = again.recv(10);
  a.close();
  await b.send('hello');
  expect(text(await waiting)).toBe('hello');
  for (const socket of [again, b, c, d]) socket.close();
});

test('adopt refuses what is no socket, and leaves it open', () => {
  expect(() => kernel.adopt(0x7fff_0000)).toThrow(SocketError);
  const [a, b] = pair();
  const fd = a.detach();
  const taken = kernel.adopt(fd);
  expect(taken.fd).toBe(fd);
  taken.close();
  b.close();
});

test('programs that are started inherit no socket', () => {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.listen();
  const [a, b] = pair();
  const copy = a.dup();
  const inherited = execFileSync('/bin/sh', ['-c', 'ls -l /proc/self/fd'], { encoding: 'utf8' });
  const mine = [listener, a, b, copy].map(({ fd }) => readlinkSync(`/proc/self/fd/${fd}`));
  for (const name of mine) expect(inherited).not.toContain(name);
  for (const socket of [listener, a, b, copy]) socket.close();
});

test('calls that are done leave no listener on their signal, however they ended', async () => {
  const [a, b] = pair();
  const { signal } = new AbortController();
  for (let i = 0; i < 100; i++) {
    const call = a.recv(1, { signal });
    await b.send('x');
    await call;
  }
  await codeOf(a.recv(1, { signal, timeoutMs: 1 }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const closed = codeOf(a.recv(1, { signal }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  a.close();
  await closed;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  b.close();
});

test('an aborted call gives the reason of the signal as its cause', async () => {
  const [a, b] = pair();
  const controller = new AbortController();
  const call = a.recv(1, { signal: controller.signal });
  const reason = new Error('the user left');
  controller.abort(reason);
  await expect(call).rejects.toMatchObject({ name: 'AbortError', cause: reason });
  await expect(a.recv(1, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({ cause: reason });
  a.close();
  b.close();
});

test('the deadline of a call that is done keeps no process alive', async () => {
  const started = performance.now();
  const { code, stdout } = await runChild(`
    import { kernel } from './src/os/kernel.ts';
    import { AF_UNIX, SOCK_STREAM } from './src/socket/index.ts';
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const call = a.recv(1, { timeoutMs: 60_000 });
    b.trySend(Uint8Array.of(1));
    await call;
    const other = a.recv(1, { timeoutMs: 60_000 }).catch((error) => console.log(error.code));
    a.close();
    await other;
    (globalThis as any).kept = b;
  `);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ECANCELED\n' });
  expect(performance.now() - started).toBeLessThan(30_000);
});
