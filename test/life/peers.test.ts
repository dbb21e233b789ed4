/** Peers that behave badly: one that never reads, one that resets, one that is killed, one that sends without end. */
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, SO, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { findPython } from '../conformance/oracle.ts';

const python = findPython();

function withPython(title: string, body: () => Promise<void>): void {
  test(title, async (context) => {
    if (python === undefined) context.skip('python3 is not installed');
    await body();
  });
}
const block = new Uint8Array(65_536);

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

function listen(): Socket<typeof SOCK_STREAM> {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  return listener;
}

/** A client in Python that has connected to `listener` and runs `script` with its socket `s`; our end of it, how to stop it and how to tell it to go on. */
async function pythonPeer(
  listener: Socket<typeof SOCK_STREAM>,
  script: string,
): Promise<[Socket, () => Promise<void>, () => void]> {
  const { port } = listener.getsockname() as { port: number };
  const program = `import socket, struct, sys, time, os\ns = socket.create_connection(("127.0.0.1", ${port}))\n${script}`;
  const child = spawn(python as string, ['-c', program], { stdio: ['pipe', 'ignore', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.stdin.end();
    child.kill('SIGKILL');
    await closed;
  };
  return [await listener.accept({ timeoutMs: 5000 }), stop, () => void child.stdin.write('go')];
}

describe('a peer in Python', () => {
  withPython('that never reads: send waits, memory does not grow, abort ends the wait, close ends all', async () => {
    using listener = listen();
    const [socket, stop] = await pythonPeer(listener, 'sys.stdin.read()');
    let taken = 0;
    for (;;) {
      const count = socket.trySend(block);
      if (count === null) break;
      taken += count;
    }
    expect(taken).toBeGreaterThan(0);
    const calls = Array.from({ length: 200 }, () => codeOf(socket.send(block)));
    const controller = new AbortController();
    const aborted = codeOf(socket.sendAll(block, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toBe('ABORT_ERR');
    expect(await codeOf(socket.send(block, { timeoutMs: 5 }))).toBe('ERR_SOCKET_TIMEOUT');
    socket.close();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['ECANCELED']));
    await stop();
  });

  const RESET =
    's.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))\nsys.stdin.read(1)\ns.close()';

  withPython('that resets while recv waits: ECONNRESET once, then the end', async () => {
    using listener = listen();
    const [socket, stop, go] = await pythonPeer(listener, RESET);
    const call = codeOf(socket.recv(10));
    go();
    expect(await call).toBe('ECONNRESET');
    expect(await socket.recv(10)).toHaveLength(0);
    expect(socket.get(SO.ERROR)).toBe(0);
    socket.close();
    await stop();
  });

  withPython('that resets while several calls wait: every one ends', async () => {
    using listener = listen();
    const [socket, stop, go] = await pythonPeer(listener, RESET);
    while (socket.trySend(block) !== null);
    const calls = [socket.recv(10), socket.recv(10), socket.ready('in'), socket.send(block), socket.send(block)];
    const codes = calls.map(codeOf);
    go();
    const ends = await Promise.all(codes);
    expect(ends.filter((end) => end === 'ECONNRESET')).toHaveLength(1);
    for (const end of ends) expect(['ECONNRESET', 'EPIPE', 'resolved']).toContain(end);
    socket.close();
    await stop();
  });

  withPython('that is killed with bytes unread: the next calls fail, none hangs', async () => {
    using listener = listen();
    const [socket, stop] = await pythonPeer(listener, 'sys.stdin.read()');
    await socket.send('never read');
    const call = codeOf(socket.recv(10));
    await stop();
    expect(await call).toBe('ECONNRESET');
    expect(await codeOf(socket.send('x'))).toBe('EPIPE');
    socket.close();
  });

  withPython('that sends without end: a reader that stops holds it back, and timers run meanwhile', async () => {
    using listener = listen();
    const script = 'data = b"x" * 65536\ntry:\n  while True: s.sendall(data)\nexcept OSError: pass';
    const [socket, stop] = await pythonPeer(listener, script);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    let read = 0;
    // Should the reader starve the timers, this would never end. A slow peer may need more ticks than five.
    while (ticks < 5 || read <= block.length) read += await socket.recv(block);
    expect(read).toBeGreaterThan(block.length);
    clearInterval(timer);
    socket.close();
    await stop();
  });

  withPython('that connects and resets a hundred times: accept gives sockets or goes on, never an error', async () => {
    using listener = listen();
    const { port } = listener.getsockname() as { port: number };
    const program = `import socket, struct\nfor i in range(100):\n  s = socket.create_connection(("127.0.0.1", ${port}))\n  s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))\n  s.close()`;
    const child = spawn(python as string, ['-c', program], { stdio: 'inherit' });
    for (let i = 0; i < 100; i++) {
      const socket = await listener.accept({ timeoutMs: 5000 });
      expect(await codeOf(socket.recv(1))).toBe('ECONNRESET');
      socket.close();
    }
    await new Promise((resolve) => (child.exitCode === null ? child.on('close', resolve) : resolve(undefined)));
  });
});
