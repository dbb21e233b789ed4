/** EINTR never reaches a program: signals come by the hundred while calls block and while they wait (signal(7)). */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { findPython } from '../conformance/oracle.ts';
import { runChild } from './child.ts';

const python = findPython();

function withPython(title: string, body: () => Promise<void>): void {
  test(title, async (context) => {
    if (python === undefined) context.skip('python3 is not installed');
    await body();
  });
}

/** SIGUSR2, as Node keeps SIGUSR1 for its debugger: `count` of them, one each ms, while the child lives. */
function storm(pid: number, count: number): void {
  const program = `import os, time\ntry:\n  for i in range(${count}):\n    os.kill(${pid}, 12)\n    time.sleep(0.001)\nexcept OSError: pass`;
  spawn(python as string, ['-c', program], { stdio: 'ignore' });
}

const PREPARE = `
  import { kernel } from './src/os/kernel.ts';
  import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from './src/socket/index.ts';
  let signals = 0;
  process.on('SIGUSR2', () => { signals++; });
  const say = (text: unknown) => process.stdout.write(String(text) + ' ');
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  say('ready');
  while (signals === 0) await turn();
`;

async function underFire(source: string): Promise<string[]> {
  const { stdout, stderr, code, signal } = await runChild(`${PREPARE}${source}\nprocess.exit(0);`, {
    started: (child) => child.stdout?.once('data', () => storm(child.pid as number, 600)),
  });
  expect({ stderr, code, signal }).toEqual({ stderr: '', code: 0, signal: null });
  return stdout.trim().split(' ').slice(1);
}

describe('under a storm of signals', () => {
  withPython('a sync call waits its whole deadline, and no longer', async () => {
    const [code, early, late] = await underFire(`
      const [a] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      const started = performance.now();
      try { a.recvSync(1, { timeoutMs: 200 }); } catch (error: any) { say(error.code); }
      const ms = performance.now() - started;
      say(ms >= 199); say(ms < 1500);
    `);
    expect([code, early, late]).toEqual(['ERR_SOCKET_TIMEOUT', 'true', 'true']);
  });

  withPython('sync connect, accept, send and recv carry everything', async () => {
    const said = await underFire(`
      const listener = kernel.socket(AF_INET, SOCK_STREAM);
      listener.bind('127.0.0.1:0');
      listener.listen();
      let total = 0;
      for (let i = 0; i < 50; i++) {
        const client = kernel.socket(AF_INET, SOCK_STREAM);
        client.connectSync(listener.getsockname(), { timeoutMs: 5000 });
        const server = listener.acceptSync({ timeoutMs: 5000 });
        client.sendAllSync(new Uint8Array(20_000), { timeoutMs: 5000 });
        client.shutdown('wr');
        for (;;) {
          const count = server.recvSync(new Uint8Array(4096), { timeoutMs: 5000 });
          if (count === 0) break;
          total += count;
        }
        client.close();
        server.close();
        await turn();
      }
      say(total);
    `);
    expect(said).toEqual(['1000000']);
  });

  withPython('async calls carry everything, datagrams and streams', async () => {
    const said = await underFire(`
      const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      const [c, d] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
      const size = 4_000_000;
      const sending = a.sendAll(new Uint8Array(size)).then(() => a.close());
      let [total, messages] = [0, 0];
      const datagrams = (async () => {
        for (let i = 0; i < 500; i++) await c.send(Uint8Array.of(i & 255));
      })();
      const reading = (async () => {
        for (let i = 0; i < 500; i++) if ((await d.recv(4))[0] === (i & 255)) messages++;
      })();
      for await (const chunk of b.chunks(8192)) total += chunk.length;
      await Promise.all([sending, datagrams, reading]);
      say(total === size); say(messages); say(signals > 0);
    `);
    expect(said).toEqual(['true', '500', 'true']);
  });
});
