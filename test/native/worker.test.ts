/** Each environment has its own state: workers use the addon at once, and one that dies leaves nothing open. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { addonPath } from '../../src/os/load.ts';

const path = addonPath();

/** What a worker does: opens sockets, waits in the readiness loop, and reports. */
const BODY = `
  const { parentPort, workerData } = require('node:worker_threads');
  const native = require(workerData.path);
  const ready = new Int32Array(4096), woken = new Int32Array(64), pair = new Int32Array(2);
  const started = native.loopStart(ready, woken, (count) => parentPort.postMessage({ woken: count }));
  native.loopRef(1);
  for (let i = 0; i < 50; i++) native.socketpair(1, 1, 0, pair);
  native.watch(pair[0], 1);
  parentPort.postMessage({ started, open: native.openHandles() });
  parentPort.on('message', () => native.send(pair[1], new Uint8Array(1), 0, 1, 0));
`;

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

function message(worker: Worker): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test('two workers have handles and a loop each; terminating them closes every descriptor', async () => {
  createRequire(import.meta.url)(path);
  const warm = new Worker(BODY, { eval: true, workerData: { path } });
  await message(warm);
  await warm.terminate();
  const before = openDescriptors();
  for (let round = 0; round < 3; round++) {
    const workers = [0, 1].map(() => new Worker(BODY, { eval: true, workerData: { path } }));
    // Both listen before either is awaited: a message with no listener is lost.
    for (const started of await Promise.all(workers.map(message))) expect(started).toEqual({ started: 0, open: 100 });
    for (const worker of workers) {
      const woken = message(worker);
      worker.postMessage('go');
      expect(await woken).toEqual({ woken: 1 });
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  expect(openDescriptors()).toBe(before);
});
