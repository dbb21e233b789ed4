/** Whatever sizes bytes come in, and however readers pause, they arrive whole and in order; in a worker thread, too. */
import { once } from 'node:events';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kernel } from '../../src/index.ts';
import { serveConnections, toDuplex } from '../../src/node/index.ts';
import { connect, createServer, type Server } from '../../src/node/net.ts';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../src/socket/index.ts';
import { bundleModule } from '../support/run-module.ts';

/** What one side does: pieces to write, corked or not, and after how many chunks it stops reading for a turn. */
interface Side {
  readonly pieces: readonly number[];
  readonly corked: boolean;
  readonly pauseAfter: number;
}

const side: fc.Arbitrary<Side> = fc.record({
  pieces: fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 200_000 })), { maxLength: 30 }),
  corked: fc.boolean(),
  pauseAfter: fc.integer({ min: 1, max: 20 }),
});

const byteAt = (position: number, seed: number): number => (Math.imul(position + seed, 2_654_435_761) >>> 24) & 0xff;

async function send(stream: Duplex, { pieces, corked }: Side, seed: number): Promise<void> {
  let position = 0;
  if (corked) stream.cork();
  for (const size of pieces) {
    const piece = Buffer.allocUnsafe(size);
    for (let index = 0; index < size; index++) piece[index] = byteAt(position + index, seed);
    position += size;
    if (!stream.write(piece) && !corked) await once(stream, 'drain');
  }
  if (corked) stream.uncork();
  stream.end();
}

/** How many bytes came before the end; throws at the first wrong one. */
function check(stream: Duplex, { pauseAfter }: Side, seed: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let position = 0;
    let chunks = 0;
    stream.on('data', (chunk: Buffer) => {
      for (const byte of chunk) {
        if (byte !== byteAt(position, seed)) return reject(new Error(`wrong byte at ${position}`));
        position++;
      }
      if (++chunks % pauseAfter !== 0) return undefined;
      stream.pause();
      setImmediate(() => stream.resume());
      return undefined;
    });
    stream.once('end', () => resolve(position));
    stream.once('error', reject);
    stream.resume();
  });
}

const sum = ({ pieces }: Side): number => pieces.reduce((total, size) => total + size, 0);

async function converse(one: Duplex, other: Duplex, a: Side, b: Side): Promise<void> {
  const [, , fromOther, fromOne] = await Promise.all([
    send(one, a, 1),
    send(other, b, 7),
    check(one, a, 7),
    check(other, b, 1),
  ]);
  expect([fromOne, fromOther]).toEqual([sum(a), sum(b)]);
}

test('toDuplex over a Unix pair', async () => {
  await fc.assert(
    fc.asyncProperty(side, side, async (a, b) => {
      const [one, other] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
      await converse(toDuplex(one, { allowHalfOpen: true }), toDuplex(other, { allowHalfOpen: true }), a, b);
    }),
    { numRuns: 40 },
  );
});

test('net over TCP', async () => {
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await fc.assert(
    fc.asyncProperty(side, side, async (a, b) => {
      const accepted = once(server, 'connection');
      const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true } as never);
      const [peer] = (await accepted) as [Duplex];
      await converse(client, peer, a, b);
    }),
    { numRuns: 40 },
  );
  server.close();
});

test('HTTP/2, many streams on one of our connections', async () => {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  await using _serving = serveConnections(
    createHttp2Server().on('stream', (stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(`${headers[':path']}`.repeat(10_000));
    }),
    listener,
  );
  const session = connectHttp2('http://any', { createConnection: () => toDuplex(client) });
  const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
  const bodies = await Promise.all(paths.map((path) => text(session.request({ ':path': path }))));
  expect(bodies).toEqual(paths.map((path) => path.repeat(10_000)));
  session.close();
  await once(session, 'close');
});

test('a worker thread has sockets of its own', async () => {
  const file = await bundleModule(`
    import { connect, createServer } from 'barewire/net';
    import { parentPort } from 'node:worker_threads';
    const server = createServer((socket) => socket.end('from the worker')).listen(0, '127.0.0.1', () => {
      let text = '';
      const client = connect(server.address().port, '127.0.0.1');
      client.on('data', (data) => { text += data; });
      client.on('close', () => { parentPort.postMessage(text); server.close(); });
    });`);
  const worker = new Worker(file);
  const exited = once(worker, 'exit');
  const [said] = (await once(worker, 'message')) as [string];
  expect(said).toBe('from the worker');
  expect(await exited).toEqual([0]);
});
