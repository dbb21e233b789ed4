/** One error queue, many who read it: each gets what is its own, nothing is lost, and the process lives as long as needed. */
import { expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  drainErrorQueue,
  type QueuedError,
  SOCK_DGRAM,
  sendTimed,
  sendZeroCopy,
  watchErrors,
} from '../../src/socket/index.ts';
import { runModule } from '../support/run-module.ts';

const timeoutMs = 5000;

/** A small generator with a seed (mulberry32): the same script each time it is printed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const seed = Date.now() & 0x7fff_ffff;

test(`zero-copy sends, timed sends and lost datagrams in any order on one socket (seed ${seed})`, async () => {
  const random = seeded(seed);
  using to = kernel.socket(AF_INET, SOCK_DGRAM);
  to.bind('127.0.0.1:0');
  const there = to.getsockname();
  using closed = kernel.socket(AF_INET, SOCK_DGRAM);
  closed.bind('127.0.0.1:0');
  const gone = closed.getsockname();
  closed.close();
  using udp = kernel.socket(AF_INET, SOCK_DGRAM);
  const told: QueuedError[] = [];
  watchErrors(udp, (error) => told.push(error));
  const outcomes: Promise<unknown>[] = [];
  let lost = 0;
  for (let i = 0; i < 600; i++) {
    const choice = random();
    if (choice < 0.4) outcomes.push(sendZeroCopy(udp, new Uint8Array(2000), { to: there, timeoutMs }));
    else if (choice < 0.8) outcomes.push(sendTimed(udp, 'tick', { to: there, timeoutMs }));
    else {
      lost++;
      outcomes.push(udp.sendto(`lost ${lost}`, gone));
    }
    if (random() < 0.1) await new Promise((resolve) => setImmediate(resolve));
  }
  for (const outcome of await Promise.allSettled(outcomes)) expect(outcome).toMatchObject({ status: 'fulfilled' });
  while (told.length < lost) await new Promise((resolve) => setImmediate(resolve));
  expect(told).toHaveLength(lost);
  expect(new Set(told.map(({ payload }) => new TextDecoder().decode(payload))).size).toBe(lost);
  expect(drainErrorQueue(udp)).toEqual([]);
});

test('a thousand timed sends in one turn of the event loop are all reported', async () => {
  using to = kernel.socket(AF_INET, SOCK_DGRAM);
  to.bind('127.0.0.1:0');
  using udp = kernel.socket(AF_INET, SOCK_DGRAM);
  await udp.connect(to.getsockname());
  const times = await Promise.all(Array.from({ length: 1000 }, () => sendTimed(udp, 'x', { timeoutMs })));
  for (let i = 1; i < times.length; i++) expect(times[i]?.queuedNs).toBeGreaterThan(times[i - 1]?.queuedNs ?? 0n);
});

test('the process waits for what is outstanding, and ends when nothing is', async () => {
  const printed = await runModule(`
    import { AF_INET, explainErrors, kernel, SOCK_DGRAM, SOCK_STREAM, sendTimed, sendZeroCopy, watchErrors } from './src/index.ts';
    const to = kernel.socket(AF_INET, SOCK_DGRAM);
    to.bind('127.0.0.1:0');
    const udp = kernel.socket(AF_INET, SOCK_DGRAM);
    explainErrors(udp);
    watchErrors(udp, () => undefined);
    const { bytes } = await sendTimed(udp, 'four', { to: to.getsockname() });
    const zero = await sendZeroCopy(udp, new Uint8Array(5), { to: to.getsockname() });
    console.log(bytes, zero.bytes);
  `);
  expect(printed).toBe('4 5\n');
});
