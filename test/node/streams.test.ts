/** A socket as a Node stream and as Web Streams: back pressure, half-close, errors and figures are those of node:net. */
import { once } from 'node:events';
import { createConnection, createServer, type Socket as NodeSocket, type Server } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { kernel } from '../../src/index.ts';
import {
  toDuplex as makeDuplex,
  type SocketDuplex,
  type SocketDuplexOptions,
  toWebStreams,
} from '../../src/node/index.ts';
import {
  AF_INET,
  AF_UNIX,
  SO,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  SocketError,
  TCP,
} from '../../src/socket/index.ts';
import { runModule } from '../support/run-module.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Our socket, connected over loopback TCP to a peer of Node's own. */
async function withNodePeer(): Promise<{ ours: Socket<typeof SOCK_STREAM>; peer: NodeSocket }> {
  const server: Server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ours = kernel.socket(AF_INET, SOCK_STREAM);
  const [[peer]] = (await Promise.all([
    once(server, 'connection'),
    ours.connect(`127.0.0.1:${(server.address() as { port: number }).port}`),
  ])) as [[NodeSocket], unknown];
  server.close();
  closers.push(() => peer.destroy());
  return { ours, peer };
}

function toDuplex(socket: Socket, options?: SocketDuplexOptions): SocketDuplex {
  const duplex = makeDuplex(socket, options);
  closers.push(() => duplex.destroy());
  return duplex;
}

function pattern(size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
  return bytes;
}

/** Everything until the end; unlike `for await` this leaves the writing side alone. */
async function all(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk)).resume();
  await once(stream, 'end');
  return Buffer.concat(chunks);
}

describe('toDuplex', () => {
  test('carries bytes both ways and ends when both have ended', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    const sent = pattern(1 << 20);
    const echoed = pipeline(peer.resume(), peer);
    duplex.write('text, then ');
    duplex.end(sent);
    const received = await all(duplex);
    expect(received.equals(Buffer.concat([Buffer.from('text, then '), sent]))).toBe(true);
    expect(duplex.bytesRead).toBe(received.length);
    expect(duplex.bytesWritten).toBe(received.length);
    await echoed;
    expect(duplex.closed || (await once(duplex, 'close'))).toBeTruthy();
    expect(ours.fd).toBe(-1);
  });

  test('a slow reader stops the sender: what nobody takes stays with the sender', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    const big = pattern(16 << 20);
    expect(duplex.write(big)).toBe(false);
    expect(duplex.writableNeedDrain).toBe(true);
    expect(duplex.bytesWritten).toBe(big.length);
    // The peer is paused, so most of it is still here.
    expect(duplex._handle?.writeQueueSize).toBeGreaterThan(0);
    const received = all(peer);
    duplex.end();
    expect((await received).equals(big)).toBe(true);
    expect(duplex.writableLength).toBe(0);
  });

  test('a slow program stops the peer: at most a read and the high-water mark wait here', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours, { readableHighWaterMark: 32_768 });
    const big = pattern(16 << 20);
    expect(peer.write(big)).toBe(false);
    peer.end();
    await once(duplex, 'readable');
    // Several turns of the loop, so that reading would have gone on.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(duplex.readableLength).toBeLessThanOrEqual(32_768 + 65_536);
    expect(peer.writableLength).toBeGreaterThan(0);
    expect((await all(duplex)).equals(big)).toBe(true);
  });

  test('pause and resume lose nothing', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    const big = pattern(4 << 20);
    peer.end(big);
    const chunks: Buffer[] = [];
    duplex.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      duplex.pause();
      setImmediate(() => duplex.resume());
    });
    await once(duplex, 'end');
    expect(Buffer.concat(chunks).equals(big)).toBe(true);
  });

  test('half-close: our FIN leaves the other direction open', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    duplex.end('question');
    expect((await all(peer)).toString()).toBe('question');
    peer.end('answer');
    expect((await all(duplex)).toString()).toBe('answer');
  });

  test("the peer's FIN ends our side too, unless allowHalfOpen", async () => {
    const first = await withNodePeer();
    const closing = toDuplex(first.ours);
    first.peer.end('bye');
    expect((await all(closing)).toString()).toBe('bye');
    closing.on('error', () => undefined);
    const refused = await new Promise((resolve) => closing.write('late', resolve));
    expect(refused).toMatchObject({
      code: 'EPIPE',
      message: 'This socket has been ended by the other party',
    });

    const second = await withNodePeer();
    const open = toDuplex(second.ours, { allowHalfOpen: true });
    second.peer.end('bye');
    open.resume();
    await once(open, 'end');
    expect(open.writable).toBe(true);
    open.end('still here');
    expect((await all(second.peer)).toString()).toBe('still here');
  });

  test('a reset is `read ECONNRESET`, and close says that there was an error', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    const closed = new Promise((resolve) => duplex.once('close', resolve));
    peer.resetAndDestroy();
    const [error] = (await once(duplex, 'error')) as [SocketError];
    expect(error).toBeInstanceOf(SocketError);
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' });
    expect(await closed).toBe(true);
    expect(ours.closed).toBe(true);
  });

  test('writing to a peer that is gone is `write EPIPE`', async () => {
    const [ours, theirs] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const duplex = toDuplex(ours, { allowHalfOpen: true });
    theirs.close();
    await once(duplex.resume(), 'end');
    duplex.write('anyone?');
    const [error] = (await once(duplex, 'error')) as [SocketError];
    expect(error).toMatchObject({ code: 'EPIPE', syscall: 'write', message: 'write EPIPE' });
  });

  test('destroy closes the descriptor at once and fails the write under way', async () => {
    const { ours } = await withNodePeer();
    const duplex = toDuplex(ours);
    const outcome = new Promise<Error | null | undefined>((resolve) => duplex.write(pattern(16 << 20), resolve));
    expect(ours.fd).toBeGreaterThan(0);
    duplex.destroy();
    expect(ours.fd).toBe(-1);
    expect(await outcome).toMatchObject({ code: 'ECANCELED', message: 'write ECANCELED' });
  });

  test('what is corked leaves as one writev: one read on the other side', async () => {
    const [ours, theirs] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const duplex = toDuplex(ours);
    duplex.cork();
    for (const word of ['a', 'bc', 'def']) duplex.write(word);
    expect(theirs.tryRecv(new Uint8Array(100))).toBe(null);
    duplex.uncork();
    expect(new TextDecoder().decode(await theirs.recv(100))).toBe('abcdef');
    duplex.destroy();
    theirs.close();
  });

  test('thousands of corked pieces arrive whole, past what one writev takes', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    const pieces = Array.from({ length: 5000 }, (_, index) => Buffer.from(`${index},`));
    duplex.cork();
    for (const piece of pieces) duplex.write(piece);
    duplex.uncork();
    duplex.end();
    expect((await all(peer)).equals(Buffer.concat(pieces))).toBe(true);
  });

  test('setNoDelay and setKeepAlive reach the kernel', async () => {
    const { ours } = await withNodePeer();
    const duplex = toDuplex(ours).setNoDelay().setKeepAlive(true, 7000);
    expect(ours.get(TCP.NODELAY)).toBe(true);
    expect(ours.get(SO.KEEPALIVE)).toBe(true);
    expect(ours.get(TCP.KEEPIDLE)).toBe(7);
    duplex.setNoDelay(false).setKeepAlive(false);
    expect(ours.get(TCP.NODELAY)).toBe(false);
    expect(ours.get(SO.KEEPALIVE)).toBe(false);
  });

  test('addresses are those of the connection', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours);
    expect(duplex.address()).toEqual(
      peer.remoteAddress ? { address: peer.remoteAddress, family: 'IPv4', port: peer.remotePort } : {},
    );
    expect([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily]).toEqual([
      peer.localAddress,
      peer.localPort,
      'IPv4',
    ]);
    duplex.destroy();
    expect(duplex.localPort).toBe(undefined);
    expect(duplex.remotePort).toBe(peer.localPort);
  });

  test('an idle socket tells so, and traffic puts it off', async () => {
    const { ours, peer } = await withNodePeer();
    const duplex = toDuplex(ours).setTimeout(250);
    const begun = performance.now();
    duplex.resume();
    setTimeout(() => peer.write('x'), 100);
    await once(duplex, 'timeout');
    expect(performance.now() - begun).toBeGreaterThanOrEqual(345);
    expect(duplex.destroyed).toBe(false);
  });

  test('a listener that throws does not deafen the sockets woken with it', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const [c, d] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const [first, second] = [toDuplex(b), toDuplex(d)];
    const seen: string[] = [];
    const uncaught = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const thrown = once(process, 'uncaughtException');
      first.on('data', (data: Buffer) => {
        seen.push(`first ${String(data)}`);
        if (seen.length < 3 && String(data) === '1') throw new Error('from a listener');
      });
      second.on('data', (data: Buffer) => seen.push(`second ${String(data)}`));
      await new Promise((resolve) => setImmediate(resolve));
      a.trySend(Buffer.from('1'));
      c.trySend(Buffer.from('1'));
      expect(String((await thrown)[0])).toContain('from a listener');
      a.trySend(Buffer.from('2'));
      await once(first, 'data');
    } finally {
      for (const listener of uncaught) process.on('uncaughtException', listener);
    }
    expect(seen).toEqual(['first 1', 'second 1', 'first 2']);
    for (const stream of [first, second]) stream.destroy();
    a.close();
    c.close();
  });

  test('an aborted signal destroys', async () => {
    const { ours } = await withNodePeer();
    const abort = new AbortController();
    const duplex = toDuplex(ours, { signal: abort.signal });
    abort.abort();
    expect((await once(duplex, 'error'))[0]).toMatchObject({ name: 'AbortError' });
    expect(ours.closed).toBe(true);
  });

  test('unref lets the process end, a reading stream keeps it', async () => {
    const run = (extra: string): Promise<string> =>
      runModule(`
        import { AF_UNIX, kernel, SOCK_STREAM } from 'barewire';
        import { toDuplex } from 'barewire/node';
        const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
        const duplex = toDuplex(a);
        duplex.on('data', (data) => { console.log(String(data)); duplex.destroy(); });
        ${extra}`);
    expect(await run('duplex.unref(); globalThis.kept = b;')).toBe('');
    expect(await run('toDuplex(b, { pauseOnCreate: true }); duplex.unref();')).toBe('');
    expect(await run('setTimeout(() => b.trySend(Buffer.from("late")), 100).unref();')).toBe('late\n');
  });

  test('refuses what is no stream', () => {
    using datagram = kernel.socket(AF_INET, SOCK_DGRAM);
    expect(() => makeDuplex(datagram)).toThrow('socket: expected a stream socket (SOCK_STREAM), got type 2');
    expect(() => toWebStreams(datagram)).toThrow(TypeError);
  });
});

describe('toWebStreams', () => {
  test('carries bytes both ways; close is a half-close', async () => {
    const { ours, peer } = await withNodePeer();
    const { readable, writable, closed } = toWebStreams(ours);
    const sent = pattern(1 << 20);
    const echoed = pipeline(peer.resume(), peer);
    const writer = writable.getWriter();
    const writing = writer.write(sent).then(() => writer.close());
    expect(Buffer.from(await new Response(readable).arrayBuffer()).equals(sent)).toBe(true);
    await Promise.all([writing, echoed, closed]);
    expect(ours.closed).toBe(true);
  });

  test("a reader's own buffer is filled by the kernel", async () => {
    const { ours, peer } = await withNodePeer();
    const { readable, writable } = toWebStreams(ours);
    peer.end('hello there');
    const reader = readable.getReader({ mode: 'byob' });
    const first = await reader.read(new Uint8Array(5));
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('hello');
    const second = await reader.read(new Uint8Array(100));
    expect(Buffer.from(second.value as Uint8Array).toString()).toBe(' there');
    expect((await reader.read(new Uint8Array(1))).done).toBe(true);
    await writable.close();
    expect(ours.closed).toBe(true);
  });

  test('a chunk that is no bytes ends the connection, as any write that fails', async () => {
    const { ours, peer } = await withNodePeer();
    const { writable, closed } = toWebStreams(ours);
    const ended = once(peer, 'close').catch((error: unknown) => error);
    peer.resume();
    const write = writable.getWriter().write('text' as unknown as Uint8Array);
    await expect(write).rejects.toThrow(/chunk: expected a Uint8Array, got string/);
    await expect(closed).rejects.toThrow(TypeError);
    expect(ours.closed).toBe(true);
    expect(await ended).toMatchObject({ code: 'ECONNRESET' });
  });

  test('back pressure: nothing is read before somebody asks, and a write waits for room', async () => {
    const { ours, peer } = await withNodePeer();
    const { readable, writable } = toWebStreams(ours);
    peer.write('one');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ours.tryRecv(new Uint8Array(0))).toBe(0);
    const reader = readable.getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe('one');

    const writer = writable.getWriter();
    let written = false;
    const writing = writer.write(pattern(16 << 20)).then(() => {
      written = true;
    });
    expect(writer.desiredSize).toBeLessThanOrEqual(0);
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(written).toBe(false);
    peer.resume();
    await writing;
  });

  test('abort sends RST, also while a write waits', async () => {
    // Both ends ours: libuv takes a reset behind unread data for an end of the stream.
    using listener = kernel.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:0');
    listener.listen();
    const ours = kernel.socket(AF_INET, SOCK_STREAM);
    await ours.connect(listener.getsockname());
    using peer = await listener.accept();
    const { writable, closed } = toWebStreams(ours);
    const writer = writable.getWriter();
    const writing = writer.write(pattern(16 << 20)).catch((error: unknown) => error);
    writer.closed.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    await writer.abort(new Error('no longer'));
    expect(await writing).toBeInstanceOf(Error);
    await expect(closed).rejects.toThrow('no longer');
    const reading = async (): Promise<void> => {
      while ((await peer.recv(65_536)).length > 0);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('cancel ends a read that waits; writing goes on', async () => {
    const { ours, peer } = await withNodePeer();
    const { readable, writable } = toWebStreams(ours);
    const reader = readable.getReader();
    const reading = reader.read();
    await reader.cancel();
    expect((await reading).done).toBe(true);
    const writer = writable.getWriter();
    await writer.write(Buffer.from('still'));
    await writer.close();
    expect((await all(peer)).toString()).toBe('still');
    expect(ours.closed).toBe(true);
  });

  test('a reset errors the reader and rejects closed', async () => {
    const { ours, peer } = await withNodePeer();
    const { readable, closed } = toWebStreams(ours);
    const reading = readable.getReader().read();
    peer.resetAndDestroy();
    await expect(reading).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(closed).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

test('a client of Node on our duplex server', async () => {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const name = listener.getsockname();
  const client = createConnection((name as { port: number }).port, '127.0.0.1');
  const served = toDuplex(await listener.accept());
  served.pipe(served);
  client.end('round trip');
  expect((await all(client)).toString()).toBe('round trip');
  listener.close();
});
