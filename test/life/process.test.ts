/** What a process owes its sockets: it lives while a call waits, ends when none does, and may end at any moment. */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { bundleModule } from '../support/run-module.ts';
import { runChild } from './child.ts';

const IMPORTS = `
  import { kernel } from './src/os/kernel.ts';
  import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from './src/socket/index.ts';
  const say = (text: string) => process.stdout.write(text + ' ');
`;

describe('a process', () => {
  test('ends by itself with open sockets when no call waits', async () => {
    const ending = await runChild(`${IMPORTS}
      const listener = kernel.socket(AF_INET, SOCK_STREAM);
      listener.bind('127.0.0.1:0');
      listener.listen();
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      b.trySend(Uint8Array.of(1));
      await a.recv(1);
      (globalThis as any).kept = [listener, a, b];
      say('done');
    `);
    expect(ending).toMatchObject({ code: 0, signal: null, stdout: 'done ', stderr: '' });
  });

  test('lives while a call waits, and ends when it has been closed', async () => {
    const ending = await runChild(`${IMPORTS}
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      a.recv(1).catch((error) => say(error.code));
      setTimeout(() => { say('closing'); a.close(); b.close(); }, 50).unref();
    `);
    expect(ending).toMatchObject({ code: 0, stdout: 'closing ECANCELED ' });
  });

  test('ends after an abort and after a deadline: nothing waits any more', async () => {
    const ending = await runChild(`${IMPORTS}
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      await a.recv(1, { timeoutMs: 5 }).catch((error) => say(error.code));
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 5);
      await a.recv(1, { signal: controller.signal }).catch((error) => say(error.code));
      (globalThis as any).kept = [a, b];
    `);
    expect(ending).toMatchObject({ code: 0, stdout: 'ERR_SOCKET_TIMEOUT ABORT_ERR ' });
  });

  test.each(['process.exit(7)', 'process.reallyExit(7)'])('%s while calls of every kind wait', async (exit) => {
    const ending = await runChild(`${IMPORTS}
      const [a] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      const udp = kernel.socket(AF_INET, SOCK_DGRAM);
      udp.bind('127.0.0.1:0');
      const listener = kernel.socket(AF_INET, SOCK_STREAM);
      listener.listen();
      void a.recv(1); void udp.recvfrom(1); void listener.accept(); void a.ready('pri');
      udp.onReadable(() => {});
      setImmediate(() => { (${exit.replace('process.', '(process as any).')}); });
    `);
    expect(ending).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('an uncaught error in a listener ends it as any other', async () => {
    const ending = await runChild(`${IMPORTS}
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      a.onReadable(() => { throw new Error('from the listener'); });
      b.trySend(Uint8Array.of(1));
    `);
    expect(ending.code).toBe(1);
    expect(ending.stderr).toContain('from the listener');
  });

  test('a signal ends it while a call waits', async () => {
    const ending = await runChild(`${IMPORTS}
      const [a] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      void a.recv(1);
      process.kill(process.pid, 'SIGTERM');
    `);
    expect(ending).toMatchObject({ code: null, signal: 'SIGTERM' });
  });
});

describe('a worker', () => {
  const BODY = `${IMPORTS}
    import { parentPort, workerData } from 'node:worker_threads';
    const listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:0');
    listener.listen();
    const client = kernel.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.getsockname());
    const server = await listener.accept();
    await client.sendAll('from the worker');
    const got = new TextDecoder().decode(await server.recv(100));
    parentPort!.postMessage(got);
    if (workerData.then === 'end') { listener.close(); client.close(); server.close(); }
    else if (workerData.then === 'wait') { await server.recv(1); }
    else { server.recvSync(1, { timeoutMs: 300 }); }
  `;

  /** What the worker says first, and its exit code. */
  async function run(then: 'end' | 'wait' | 'block', terminate: boolean): Promise<[string, number]> {
    const file = await bundleModule(BODY);
    try {
      const worker = new Worker(file, { workerData: { then } });
      const exit = new Promise<number>((resolve) => worker.once('exit', resolve));
      const failed = new Promise<never>((_, reject) => worker.once('error', reject));
      failed.catch(() => {});
      const said = await Promise.race([new Promise<string>((resolve) => worker.once('message', resolve)), failed]);
      if (terminate) await worker.terminate();
      return [said, await exit];
    } finally {
      rmSync(file);
    }
  }

  test('uses sockets of its own and ends when they are closed', async () => {
    expect(await run('end', false)).toEqual(['from the worker', 0]);
  });

  test('is terminated while a call waits', async () => {
    expect(await run('wait', true)).toEqual(['from the worker', 1]);
  });

  test('is terminated while it is blocked in a sync call: ends when that returns', async () => {
    expect((await run('block', true))[0]).toBe('from the worker');
  });

  test('several at once, each with calls that wait, terminated together', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => run('wait', true)));
    expect(all.map(([said]) => said)).toEqual(Array.from({ length: 4 }, () => 'from the worker'));
  });
});
