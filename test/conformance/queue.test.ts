/**
 * Calls that wait end once and in their order, whatever happens meanwhile: sendAll in its turn hears deadline, abort and
 * close; a listener that throws keeps no other call from its wake-up; a hook that closes the socket or aborts a call
 * while it is being tried leaves nothing behind.
 */
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_UNIX, MSG_PEEK, MSG_WAITALL, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { type QueueOwner, WaitQueue } from '../../src/socket/wait-queue.ts';

const pair = (): [Socket, Socket] => kernel.socketpair(AF_UNIX, SOCK_STREAM);

/** Counts what keeps the process alive. */
class Owner implements QueueOwner {
  count = 0;
  arm(): void {
    // Nothing to register: drain() is called by hand.
  }
  pending(change: 1 | -1): void {
    this.count += change;
  }
  setTimer(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  }
  fd(): number {
    return 7;
  }
}

test('sendAll behind one that stalls: deadline, abort and close are heard', async () => {
  const [a, b] = pair();
  const stalled = a.sendAll(new Uint8Array(8 << 20));
  const ending = stalled.catch((error: { code: string }) => error.code);
  await expect(a.sendAll('late', { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
  await expect(a.sendAll('never', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' });
  const abort = new AbortController();
  const aborted = a.sendAll('aborted', { signal: abort.signal });
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
  const waiting = a.sendAll('closed');
  a.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ECANCELED' });
  expect(await ending).toBe('ECANCELED');
  b.close();
});

test('sendAll: the deadline is for the whole, however often a piece goes', async () => {
  const [a, b] = pair();
  const reading = setInterval(() => b.tryRecv(new Uint8Array(4096)), 10);
  const began = performance.now();
  await expect(a.sendAll(new Uint8Array(64 << 20), { timeoutMs: 150 })).rejects.toMatchObject({
    code: 'ERR_SOCKET_TIMEOUT',
  });
  expect(performance.now() - began).toBeLessThan(5000);
  clearInterval(reading);
  a.close();
  b.close();
});

test('sendAllSync: the deadline is for the whole, also while a slow reader makes room again and again', () => {
  const [a, b] = pair();
  // No longer than five seconds, if the deadline were not heard.
  const slowly = 'for i in $(seq 500); do head -c 65536 > /dev/null; sleep 0.01; done';
  const reader = spawn('sh', ['-c', slowly], { stdio: [b.fd, 'ignore', 'ignore'] });
  const began = performance.now();
  expect(() => a.sendAllSync(new Uint8Array(64 << 20), { timeoutMs: 200 })).toThrow(/not done after 200 ms/);
  expect(performance.now() - began).toBeLessThan(3000);
  reader.kill();
  a.close();
  b.close();
});

test('a listener that throws keeps no call of the socket from its wake-up', async () => {
  const [a, b] = pair();
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  // vitest's own listener would take the planted exception for a failure.
  const others = process.listeners('uncaughtException').filter((listener) => !String(listener).includes('native code'));
  for (const listener of others.slice(0, -1)) process.removeListener('uncaughtException', listener);
  let isPlanted = false;
  a.onReadable(() => {
    if (!isPlanted) return;
    isPlanted = false;
    throw new Error('planted');
  });
  await new Promise(setImmediate);
  while (a.trySend(new Uint8Array(65_536)) !== null);
  const sending = a.send('x');
  isPlanted = true;
  // One wake-up tells both: there is data, and there is room.
  b.trySend(Uint8Array.of(1));
  while (b.tryRecv(new Uint8Array(1 << 20)) !== null);
  expect(await sending).toBe(1);
  expect(await thrown).toMatchObject({ message: 'planted' });
  for (const listener of others.slice(0, -1)) process.on('uncaughtException', listener as never);
  a.close();
  b.close();
});

test('an attempt during which the queue fails: each ends once', async () => {
  const owner = new Owner();
  const queue = new WaitQueue(owner);
  const first = queue.wait('recv', undefined, () => {
    queue.failAll(() => new Error('closed'));
    return 1;
  });
  const second = queue.wait('recv', undefined, () => 2);
  const ends = Promise.allSettled([first, second]);
  queue.drain();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect([owner.count, queue.isEmpty]).toEqual([0, true]);
});

test('an attempt during which its own call is aborted: the next one keeps its place', async () => {
  const owner = new Owner();
  const queue = new WaitQueue(owner);
  const abort = new AbortController();
  const first = queue.wait('recv', { signal: abort.signal }, () => {
    abort.abort();
    return 1;
  });
  let ready = false;
  const second = queue.wait('recv', undefined, () => (ready ? 2 : undefined));
  const ends = Promise.allSettled([first, second]);
  queue.drain();
  ready = true;
  queue.drain();
  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect([owner.count, queue.isEmpty]).toEqual([0, true]);
});

test('a partial result that throws, and a timer that cannot be set, end the call', async () => {
  const owner = new Owner();
  const queue = new WaitQueue(owner);
  const odd = queue.wait(
    'recv',
    { timeoutMs: 1 },
    () => undefined,
    () => {
      throw new Error('partial');
    },
  );
  await expect(odd).rejects.toThrow('partial');
  owner.setTimer = () => {
    throw new Error('no timer');
  };
  await expect(queue.wait('recv', { timeoutMs: 1 }, () => undefined)).rejects.toThrow('no timer');
  expect([owner.count, queue.isEmpty]).toEqual([0, true]);
});

test('a call that waits for more than is there gives up: the next one takes what is there', async () => {
  const [a, b] = pair();
  const abort = new AbortController();
  const greedy = a.recv(new Uint8Array(100), { flags: MSG_PEEK | MSG_WAITALL, signal: abort.signal });
  greedy.catch(() => undefined);
  const modest = a.recv(new Uint8Array(100), { timeoutMs: 2000 });
  await b.send('ten bytes.');
  await a.ready('in');
  abort.abort();
  expect(await modest).toBe(10);
  await Promise.allSettled([greedy]);
  a.close();
  b.close();
});

test('sendAll: turns are taken in the order of the calls, also by one that comes as a turn is given back', async () => {
  const [a, b] = pair();
  const big = a.sendAll(new Uint8Array(4 << 20).fill(1));
  const waiting = a.sendAll(new Uint8Array(10).fill(2));
  const late = big.then(() => a.sendAll(new Uint8Array(10).fill(3)));
  const seen: number[] = [];
  const buffer = new Uint8Array(65_536);
  for (let left = (4 << 20) + 20; left > 0; ) {
    const count = await b.recv(buffer);
    left -= count;
    for (const byte of buffer.subarray(0, count)) if (seen.at(-1) !== byte) seen.push(byte);
  }
  await Promise.all([waiting, late]);
  expect(seen).toEqual([1, 2, 3]);
  a.close();
  b.close();
});
