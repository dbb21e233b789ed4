/**
 * Descriptors that poll(2) calls ready although the call would block: an error queue that nobody reads, a datagram socket
 * that was shut down. A call with a deadline must end at it, and must not spend the time spinning.
 */
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_UNIX,
  DatagramBatch,
  MSG_ERRQUEUE,
  MSG_WAITALL,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';
import { runChild } from './child.ts';

const PREPARE = `
  import { kernel } from './src/os/kernel.ts';
  import { AF_INET, IP, SOCK_DGRAM } from './src/socket/index.ts';
  const socket = kernel.socket(AF_INET, SOCK_DGRAM);
  socket.bind('127.0.0.1:0');
  async function tell(run: () => unknown) {
    const cpu = process.cpuUsage();
    const started = performance.now();
    const code = await Promise.resolve().then(run).then(() => 'resolved', (error: any) => error.code);
    const { user, system } = process.cpuUsage(cpu);
    const busy = user + system > 100_000 ? 'busy' : 'idle';
    process.stdout.write(code + ' ' + (performance.now() - started < 1500 ? 'in time' : 'late') + ' ' + busy);
    process.exit(0);
  }
`;

const ERROR_QUEUE = `
  const gone = kernel.socket(AF_INET, SOCK_DGRAM);
  gone.bind('127.0.0.1:0');
  const nobody = gone.getsockname();
  gone.close();
  socket.set(IP.RECVERR, true);
  socket.trySendto(Uint8Array.of(1), nobody);
  await socket.ready('err', { timeoutMs: 2000 });
  // The error is told once; its entry stays in the queue.
  try { socket.tryRecv(new Uint8Array(1)); } catch {}
`;

const SHUT_DOWN = `
  socket.tryConnect(socket.getsockname());
  socket.shutdown('rd');
`;

/** As many bytes as are there are fewer than MSG_WAITALL wants, and MSG_PEEK leaves them: readable without end. */
const PEEK_ALL = `
  import { MSG_PEEK, MSG_WAITALL, SOCK_STREAM } from './src/socket/index.ts';
  const [stream, peer] = kernel.socketpair(1, SOCK_STREAM);
  peer.trySend(Uint8Array.of(1, 2, 3));
`;

const WAIT = '{ timeoutMs: 250 }';

describe.each([
  ['an entry in the error queue', ERROR_QUEUE, 'ERR_SOCKET_TIMEOUT'],
  // As a blocking recv(2) does, the call says 0 at once.
  ['shutdown for reading', SHUT_DOWN, 'resolved'],
])('%s', (_name, prepare, expected) => {
  test.for([
    ['recv', `socket.recv(8, ${WAIT})`],
    ['recvSync', `socket.recvSync(8, ${WAIT})`],
  ])('%s ends at its deadline and does not spin', async ([, call]) => {
    const { stdout, stderr, signal } = await runChild(`${PREPARE}${prepare}\nawait tell(() => ${call});`, {
      timeoutMs: 2000,
    });
    expect({ stderr, signal }).toEqual({ stderr: '', signal: null });
    expect(stdout).toBe(`${expected} in time idle`);
  });
});

test.for([
  ['recv', 'stream.recv(8, { flags: MSG_PEEK | MSG_WAITALL, timeoutMs: 250 })'],
  ['recvSync', 'stream.recvSync(8, { flags: MSG_PEEK | MSG_WAITALL, timeoutMs: 250 })'],
])('%s that peeks for more than is there ends at its deadline and does not spin', async ([, call]) => {
  const { stdout, stderr, signal } = await runChild(`${PEEK_ALL}${PREPARE}\nawait tell(() => ${call});`, {
    timeoutMs: 2000,
  });
  expect({ stderr, signal }).toEqual({ stderr: '', signal: null });
  expect(stdout).toMatch(/ in time idle$/);
});

test('MSG_WAITALL with a deadline: what has come is told, or still there', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  b.trySend(Uint8Array.of(1, 2, 3));
  const first = await a.recv(8, { flags: MSG_WAITALL, timeoutMs: 20 }).catch(() => new Uint8Array(0));
  b.trySend(Uint8Array.of(4));
  const second = await a.recv(8);
  for (const socket of [a, b]) socket.close();
  expect([...first, ...second]).toEqual([1, 2, 3, 4]);
});

describe('shutdown(2) for reading of a datagram socket: what is queued, then 0, as a blocking recv(2) says', () => {
  /** Without a peer the call says ENOTCONN, and does it all the same. */
  function shutUdp(): Socket {
    const socket = kernel.socket(AF_INET, SOCK_DGRAM);
    socket.bind('127.0.0.1:0');
    socket.trySendto(Uint8Array.of(7), socket.getsockname());
    expect(() => socket.shutdown('rd')).toThrow(expect.objectContaining({ code: 'ENOTCONN' }));
    return socket;
  }

  test('the forms that wait; the one that does not has EAGAIN, as the kernel says', async () => {
    using socket = shutUdp();
    const buffer = new Uint8Array(8);
    expect(await socket.recv(buffer)).toBe(1);
    expect([await socket.recv(buffer), socket.recvSync(buffer), socket.tryRecv(buffer)]).toEqual([0, 0, null]);
  });

  test('every call that reads; the error queue is another matter', async () => {
    using socket = shutUdp();
    const buffer = new Uint8Array(8);
    expect(await socket.recvfrom(buffer)).toMatchObject({ length: 1 });
    expect(await socket.recvfrom(buffer)).toMatchObject({ length: 0, truncated: false, address: { family: 'raw' } });
    expect(await socket.recvmsg({ buffers: [buffer] })).toMatchObject({ length: 0, address: undefined, control: [] });
    expect(await socket.readv([buffer])).toBe(0);
    expect(await socket.recvBatch(new DatagramBatch(2, 8))).toBe(0);
    expect(socket.tryRecvmsg({ flags: MSG_ERRQUEUE })).toBeNull();
  });

  test('a call that waits ends, and so does the iteration', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    const waiting = a.recv(new Uint8Array(8), { timeoutMs: 2000 });
    const seen: number[] = [];
    const iteration = (async () => {
      for await (const { data } of b) seen.push(data.length);
    })();
    await a.send('one');
    await a.send('');
    a.shutdown('rd');
    b.shutdown('rd');
    expect(await waiting).toBe(0);
    await iteration;
    expect(seen).toEqual([3]);
    a.close();
    b.close();
  });
});
