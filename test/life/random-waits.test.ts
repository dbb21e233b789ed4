/**
 * Calls that wait are begun, aborted, timed out and closed in random order: each ends once, and what they carry is neither
 * lost nor doubled nor out of order. The seed of a run stands in the name of the test that failed.
 */
import { describe, expect, test } from 'vitest';
import { Random } from '../../src/core/index.ts';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, MSG_PEEK, SOCK_DGRAM, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';

const SEEDS = Array.from({ length: 40 }, (_, i) => 1000 + i);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Options of a call that may end early: by a deadline, by an abort in a later turn, or not at all. */
function patience(random: Random): { timeoutMs?: number; signal?: AbortSignal } | undefined {
  const kind = random.below(6);
  if (kind === 0) return { timeoutMs: random.below(3) };
  if (kind === 1) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), random.below(3));
    return { signal: controller.signal };
  }
  if (kind === 2) {
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    return { signal: controller.signal, timeoutMs: 1 };
  }
  return kind === 3 ? {} : undefined;
}

/** What a call gave, or nothing when it ended early in one of the ways that it was told to. */
async function result<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_SOCKET_TIMEOUT' || code === 'ABORT_ERR' || code === 'ECANCELED') return undefined;
    throw error;
  }
}

/** Byte number `n` of the stream. */
const byteAt = (n: number): number => (n * 7 + (n >> 8)) & 255;

async function streamRun(seed: number): Promise<void> {
  const random = new Random(seed);
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const sends: Promise<number | undefined>[] = [];
  const parts: Uint8Array[] = [];
  const reads: Promise<Uint8Array | undefined>[] = [];
  let next = 0;
  for (let step = 0; step < 60; step++) {
    const size = random.between(1, random.below(4) === 0 ? 200_000 : 300);
    switch (random.below(5)) {
      case 0:
      case 1: {
        const options = patience(random);
        reads.push(result(options === undefined ? b.recv(size) : b.recv(size, options)));
        break;
      }
      case 2:
        void result(b.recv(size, { ...patience(random), flags: MSG_PEEK }));
        void result(b.ready('in', patience(random)));
        break;
      case 3: {
        // One send at a time: what it did not take is where the next begins.
        await Promise.all(sends);
        const bytes = Uint8Array.from({ length: size }, (_, i) => byteAt(next + i));
        const options = patience(random);
        const sent = result(options === undefined ? a.send(bytes) : a.send(bytes, options)).then((count) => {
          next += count ?? 0;
          return count;
        });
        sends.push(sent);
        // A full buffer is emptied by nobody else.
        reads.push(result(b.recv(300_000, { timeoutMs: 50 })));
        break;
      }
      default:
        await turn();
    }
  }
  await Promise.all(sends);
  a.shutdown('wr');
  for (const read of reads) parts.push((await read) ?? new Uint8Array(0));
  for (;;) {
    const rest = await b.recv(100_000);
    if (rest.length === 0) break;
    parts.push(rest);
  }
  const got = parts.flatMap((part) => Array.from(part));
  expect(got.length).toBe(next);
  expect(got.findIndex((byte, n) => byte !== byteAt(n))).toBe(-1);
  a.close();
  b.close();
}

async function datagramRun(seed: number): Promise<void> {
  const random = new Random(seed);
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  const reads: Promise<number | undefined>[] = [];
  let sent = 0;
  const numberOf = (bytes: Uint8Array): number => ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  for (let step = 0; step < 80; step++) {
    switch (random.below(6)) {
      case 0:
        reads.push(result(b.recv(2, patience(random))).then((bytes) => bytes && numberOf(bytes)));
        break;
      case 1:
        reads.push(result(b.recvfrom(2, patience(random))).then((message) => message && numberOf(message.data)));
        break;
      case 2:
        reads.push(
          result(b.recvmsg({ size: 2, ...patience(random) })).then((message) => message && numberOf(message.data)),
        );
        break;
      case 3:
        if (a.trySend(Uint8Array.of(sent >> 8, sent & 255)) !== null) sent++;
        break;
      case 4:
        void result(b.recv(2, { ...patience(random), flags: MSG_PEEK }));
        break;
      default:
        await turn();
    }
  }
  a.close();
  const numbers: (number | undefined)[] = [];
  const buffer = new Uint8Array(2);
  // Whoever still waits after the last datagram waits for ever: close ends it.
  await turn();
  await turn();
  const left: number[] = [];
  while (b.tryRecv(buffer) !== null) left.push(numberOf(buffer));
  b.close();
  for (const read of reads) numbers.push(await read);
  const got = [...numbers.filter((number) => number !== undefined), ...left];
  expect(got).toEqual(Array.from({ length: sent }, (_, i) => i));
}

async function acceptRun(seed: number): Promise<void> {
  const random = new Random(seed);
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const at = listener.getsockname();
  const clients: Socket[] = [];
  const accepts: Promise<Socket | undefined>[] = [];
  const connects: Promise<void>[] = [];
  for (let step = 0; step < 60; step++) {
    switch (random.below(3)) {
      case 0: {
        const client = kernel.socket(AF_INET, SOCK_STREAM);
        clients.push(client);
        connects.push(client.connect(at));
        break;
      }
      case 1:
        accepts.push(result(listener.accept(patience(random))));
        break;
      default:
        await turn();
    }
  }
  await Promise.all(connects);
  const rest: Socket[] = [];
  // All are in the queue or have been taken; whoever waits in line is served first.
  await turn();
  await turn();
  for (let socket = listener.tryAccept(); socket !== null; socket = listener.tryAccept()) rest.push(socket);
  listener.close();
  const accepted = [...(await Promise.all(accepts)).filter((socket) => socket !== undefined), ...rest];
  const peers = accepted.map((socket) => JSON.stringify(socket.getpeername())).sort();
  expect(peers).toEqual(clients.map((client) => JSON.stringify(client.getsockname())).sort());
  for (const socket of [...accepted, ...clients]) socket.close();
}

describe.each([
  ['the bytes of a stream', streamRun],
  ['datagrams', datagramRun],
  ['connections', acceptRun],
] as const)('%s', (_what, run) => {
  test.each(SEEDS)('seed %i: all arrive once and in order', async (seed) => {
    await run(seed);
  });
});
