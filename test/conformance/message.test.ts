/**
 * recvmsg, sendmsg and what goes with them: control messages and descriptors that are owned, several buffers, waiting
 * for all of a stream, files and pipes as sources, a second descriptor for one socket.
 */
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_UNIX,
  DatagramBatch,
  MSG_OOB,
  MSG_PEEK,
  MSG_WAITALL,
  type OwnedFd,
  Pipe,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  poll,
  pollSync,
  receiveFile,
  relay,
  SO,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  type SocketError,
  UDP,
} from '../../src/socket/index.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (data: string): Uint8Array => new TextEncoder().encode(data);
const here = fileURLToPath(import.meta.url);

async function tcpPair(): Promise<[Socket<typeof SOCK_STREAM>, Socket<typeof SOCK_STREAM>]> {
  using listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  return [client, await listener.accept()];
}

describe('messages', () => {
  test('gather and scatter: several buffers each way, boundaries kept, all three forms', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_SEQPACKET);
    expect(a.trySendmsg({ data: [bytes('one '), bytes('two')] })).toBe(7);
    expect(await a.sendmsg({ data: 'three' })).toBe(5);
    expect(a.sendmsgSync({ data: bytes('four') })).toBe(4);
    const buffers = [new Uint8Array(2), new Uint8Array(10)];
    const first = await b.recvmsg({ buffers });
    expect(first.buffers.map(text)).toEqual(['on', 'e two']);
    expect(text(first.data)).toBe('one two');
    expect(text(b.tryRecvmsg({ size: 3 })?.data ?? bytes(''))).toBe('thr');
    const last = b.recvmsgSync({ size: 10, timeoutMs: 1000 });
    expect([text(last.data), last.truncated, last.control]).toEqual(['four', false, []]);
    expect(b.tryRecvmsg()).toBeNull();
    a.close();
    expect((await b.recvmsg()).length).toBe(0);
    b.close();
  });

  test('a message cut says so, with its real length', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    await a.send('0123456789');
    const message = await b.recvmsg({ size: 4 });
    expect([message.length, message.truncated, text(message.data)]).toEqual([10, true, '0123']);
    a.close();
    b.close();
  });

  test('descriptors pass, are owned, and close themselves', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const file = openSync(here, 'r');
    const [extra, other] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    await a.sendmsg({ data: 'x', control: [{ kind: 'rights', fds: [file, extra] }] });
    extra.close();
    const { control } = await b.recvmsg({ size: 1 });
    const rights = control[0] as { readonly fds: readonly OwnedFd[] };
    expect(rights.fds).toHaveLength(2);
    const [received, socket] = rights.fds as [OwnedFd, OwnedFd];
    expect(fstatSync(received.fd).ino).toBe(fstatSync(file).ino);
    const number = received.fd;
    received.close();
    received.close();
    expect(received.fd).toBe(-1);
    expect(() => fstatSync(number)).toThrow(/EBADF/);
    using adopted = kernel.adopt(socket);
    expect([adopted.domain, adopted.type, socket.closed]).toEqual([AF_UNIX, SOCK_DGRAM, true]);
    await other.send('still here');
    expect(text(await adopted.recv(20))).toBe('still here');
    expect(() => kernel.adopt(file)).toThrow(/ENOTSOCK/);
    expect(fstatSync(file).isFile()).toBe(true);
    closeSync(file);
    for (const one of [a, b, other]) one.close();
  });

  test('no room for control messages: said, and no descriptor leaks', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const count = kernel.driver as unknown as { native: { openHandles(): number } };
    const before = count.native.openHandles();
    await a.sendmsg({ data: 'x', control: [{ kind: 'rights', fds: [a, b] }] });
    const message = await b.recvmsg({ size: 1, controlSize: 0 });
    expect([message.controlTruncated, message.control]).toEqual([true, []]);
    expect(count.native.openHandles()).toBe(before);
    a.close();
    b.close();
  });

  test.each([
    [{ data: 7 }, /data: expected a Uint8Array, a string or an array/],
    [{ data: [new Uint8Array(1), 'x'] }, /data: expected/],
    [{ data: 'x', control: [{ kind: 'rights', fds: [-1] }] }, /fds: expected open descriptors/],
    [{ data: 'x', control: [{ kind: 'rights', fds: [undefined] }] }, /fds: expected open descriptors/],
  ])('bad message %j', async (message, error) => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    await expect(a.sendmsg(message as never)).rejects.toThrow(error);
    await expect(b.recvmsg({ size: -1 })).rejects.toThrow(/size: expected an integer/);
    await expect(b.recvmsg({ buffers: [new Uint8Array(1)], size: 1 })).rejects.toThrow(/either buffers or a size/);
    a.close();
    b.close();
  });
});

describe('streams', () => {
  test('MSG_WAITALL waits for all, or for the end, in the async and the sync form', async () => {
    const [a, b] = await tcpPair();
    const target = new Uint8Array(6);
    const all = b.recv(target, { flags: MSG_WAITALL });
    await a.send('abc');
    await a.send('def');
    expect(await all).toBe(6);
    expect(text(target)).toBe('abcdef');
    await a.send('xy');
    const peeked = b.recv(3, { flags: MSG_WAITALL | MSG_PEEK });
    await a.send('z');
    expect(text(await peeked)).toBe('xyz');
    a.shutdown('wr');
    expect(text(b.recvSync(10, { flags: MSG_WAITALL, timeoutMs: 1000 }))).toBe('xyz');
    a.close();
    b.close();
  });

  test('a reset after a part: the part first, then ECONNRESET', async () => {
    const [a, b] = await tcpPair();
    const waiting = b.recv(new Uint8Array(10), { flags: MSG_WAITALL });
    await a.send('part');
    while (b.inq() > 0) await b.ready('in');
    a.set(SO.LINGER, { on: true, seconds: 0 });
    a.close();
    expect(await waiting).toBe(4);
    await expect(b.recv(1)).rejects.toMatchObject({ code: 'ECONNRESET' });
    b.close();
  });

  test('urgent data: ready("pri"), the mark, the byte out of band', async () => {
    const [a, b] = await tcpPair();
    const urgent = b.ready('pri', { timeoutMs: 2000 });
    await a.send('before');
    await a.send('!', { flags: MSG_OOB });
    await urgent;
    expect(text(await b.recv(1, { flags: MSG_OOB }))).toBe('!');
    expect(b.atMark()).toBe(false);
    expect(text(await b.recv(100))).toBe('before');
    expect(b.atMark()).toBe(true);
    a.close();
    b.close();
  });

  test('sendAll: several at once take their turns', async () => {
    const [a, b] = await tcpPair();
    const size = 700_000;
    const all = Promise.all([1, 2, 3].map((value) => a.sendAll(new Uint8Array(size).fill(value))));
    const got = await b.recv(3 * size, { flags: MSG_WAITALL });
    await all;
    expect([0, 1, 2].map((i) => new Set(got.subarray(i * size, (i + 1) * size)))).toEqual(
      [1, 2, 3].map((v) => new Set([v])),
    );
    // One that is aborted leaves the turn to the next.
    const abort = new AbortController();
    const aborted = a.sendAll(new Uint8Array(50 << 20), { signal: abort.signal });
    const next = a.sendAll('x');
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
    const reading = (async () => {
      for await (const _ of b.chunks()) if (b.closed) return;
    })();
    await next;
    a.close();
    await reading;
    b.close();
  });

  test('queues: what can be read, what is not acknowledged', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    await a.send('12345');
    expect(b.inq()).toBe(5);
    expect(a.outq()).toBeGreaterThan(0);
    await b.recv(5);
    expect([b.inq(), a.outq()]).toEqual([0, 0]);
    a.close();
    b.close();
  });

  test('dup: the connection ends with its last descriptor', async () => {
    const [a, b] = await tcpPair();
    const copy = a.dup();
    a.close();
    await copy.send('alive');
    expect(text(await b.recv(10))).toBe('alive');
    await expect(b.recv(1, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    copy.close();
    expect(await b.recv(new Uint8Array(1))).toBe(0);
    b.close();
  });

  test('sendfile: a part, the whole, from the position', async () => {
    const [a, b] = await tcpPair();
    const content = readFileSync(here);
    const file = openSync(here, 'r');
    expect(await a.sendfile(file, { offset: 4, length: 10 })).toBe(10);
    expect(text(await b.recv(10, { flags: MSG_WAITALL }))).toBe(content.toString('latin1', 4, 14));
    expect(a.trySendfile({ fd: file }, { length: 3 })).toBe(3);
    expect(a.sendfileSync(file, { length: 3 })).toBe(3);
    expect(text(await b.recv(6, { flags: MSG_WAITALL }))).toBe(content.toString('latin1', 0, 6));
    const sending = a.sendfileAll(file, { offset: 0, length: Number.MAX_SAFE_INTEGER });
    const received = await b.recv(content.length, { flags: MSG_WAITALL });
    expect(Buffer.compare(received, content)).toBe(0);
    expect(await sending).toBe(content.length);
    expect(() => a.trySendfile(999_999, { length: 1 })).toThrow(/EBADF/);
    closeSync(file);
    a.close();
    b.close();
  });

  test('splice: a relay moves a stream to another socket and half-closes it', async () => {
    const [a, b] = await tcpPair();
    const [c, d] = await tcpPair();
    using pipe = new Pipe(kernel);
    const relayed = relay(b, c, pipe);
    const data = new Uint8Array(1 << 20).map((_, i) => i * 7);
    const sent = a.sendAll(data).then(() => a.shutdown('wr'));
    const got = new Uint8Array(data.length);
    expect(await d.recv(got, { flags: MSG_WAITALL })).toBe(data.length);
    expect(Buffer.compare(got, data)).toBe(0);
    expect(await d.recv(new Uint8Array(1))).toBe(0);
    await sent;
    expect(await relayed).toBe(data.length);
    for (const one of [a, b, c, d]) one.close();
  });

  test('splice: what is received goes to a file', async () => {
    const [a, b] = await tcpPair();
    using pipe = new Pipe(kernel);
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    const file = openSync(join(folder, 'received'), 'w+');
    const data = new Uint8Array(300_000).map((_, i) => i * 3);
    const written = receiveFile(b, file, pipe, { length: data.length });
    await a.sendAll(data);
    expect(await written).toBe(data.length);
    expect(Buffer.compare(readFileSync(join(folder, 'received')), data)).toBe(0);
    closeSync(file);
    rmSync(folder, { recursive: true });
    a.close();
    b.close();
  });

  test('poll over many: sync, async, timeout, abort, closed', async () => {
    const [a, b] = await tcpPair();
    const entries = [
      { socket: a, events: POLLIN | POLLOUT },
      { socket: b, events: POLLIN },
    ];
    expect(pollSync(entries)).toEqual([POLLOUT, 0]);
    const waiting = [{ socket: b, events: POLLIN }];
    expect(await poll(waiting, { timeoutMs: 10 })).toEqual([0]);
    expect(pollSync(waiting, { timeoutMs: 10 })).toEqual([0]);
    const later = poll(waiting, { timeoutMs: 5000 });
    await a.send('x');
    expect(await later).toEqual([POLLIN]);
    await b.recv(1);
    const abort = new AbortController();
    const aborted = poll(waiting, { signal: abort.signal });
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
    a.close();
    expect((await poll(waiting))[0]).toBe(POLLIN);
    b.close();
    await expect(poll(waiting)).rejects.toMatchObject({ code: 'EBADF' });
    expect(await poll([], { timeoutMs: 5 })).toEqual([]);
  });

  test("poll for the peer's end alone, with data still to be read", async () => {
    const [a, b] = await tcpPair();
    await a.sendAll('x');
    const waiting = poll([{ socket: b, events: POLLRDHUP }], { timeoutMs: 5000 });
    const ready = b.ready('rdhup', { timeoutMs: 5000 });
    await b.ready('in');
    expect([b.tryReady('rdhup'), b.tryReady('in')]).toEqual([false, true]);
    a.shutdown('wr');
    expect(await waiting).toEqual([POLLRDHUP]);
    await ready;
    a.close();
    b.close();
  });

  test('poll goes on waiting when another call takes what has come', async () => {
    const [a, b] = await tcpPair();
    const waiting = poll([{ socket: b, events: POLLIN }], { timeoutMs: 5000 });
    const taken = b.recv(1);
    await a.sendAll('x');
    await taken;
    await new Promise((resolve) => setImmediate(resolve));
    await a.sendAll('y');
    expect(await waiting).toEqual([POLLIN]);
    expect(await b.recv(1)).toEqual(bytes('y'));
    await expect(poll([], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORT_ERR' });
    a.close();
    b.close();
  });

  test('one signal ends many calls, without a warning of too many listeners', async () => {
    const [a, b] = await tcpPair();
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    const abort = new AbortController();
    const { signal } = abort;
    const calls = Array.from({ length: 20 }, () => b.recv(1, { signal }));
    const many = poll(
      Array.from({ length: 20 }, () => ({ socket: b, events: POLLIN })),
      { signal },
    );
    const settled = Promise.allSettled([...calls, many]);
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    for (const { status } of await settled) expect(status).toBe('rejected');
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
    process.off('warning', onWarning);
    await a.sendAll('x');
    expect(await b.recv(1)).toEqual(bytes('x'));
    a.close();
    b.close();
  });

  test('a full pipe is an error, not a wait without end', async () => {
    const [a, b] = await tcpPair();
    using pipe = new Pipe(kernel, 4096);
    await a.sendAll(new Uint8Array(20_000));
    let moved = 0;
    const error = await (async () => {
      for (;;) moved += await b.spliceTo(pipe, 4096);
    })().catch((caught: SocketError) => caught);
    expect(error).toMatchObject({ code: 'EAGAIN', syscall: 'splice' });
    expect(moved).toBeGreaterThan(0);
    a.close();
    b.close();
  });
});

describe('segmentation', () => {
  function udpPair(): [Socket<typeof SOCK_DGRAM>, Socket<typeof SOCK_DGRAM>] {
    const a = kernel.socket(AF_INET, SOCK_DGRAM);
    const b = kernel.socket(AF_INET, SOCK_DGRAM);
    b.bind('127.0.0.1:0');
    b.set(SO.RCVBUF, 4 << 20);
    return [a, b];
  }

  test.each(['connected', 'addressed'])('runs of one size go as one and arrive as many (%s)', async (kind) => {
    const [a, b] = udpPair();
    const peer = b.getsockname();
    if (kind === 'connected') await a.connect(peer);
    const batch = new DatagramBatch(200, 100);
    for (let i = 0; i < 200; i++) {
      const data = new Uint8Array(i === 150 ? 40 : 100).fill(i);
      batch.put(i, data, kind === 'connected' ? undefined : peer);
    }
    for (let sent = 0; sent < 200; ) sent += await a.sendBatch(batch, sent, 200 - sent);
    for (let i = 0; i < 200; i++) {
      const got = await b.recv(200);
      expect([got.length, got[0]]).toEqual([i === 150 ? 40 : 100, i]);
    }
    expect(b.tryRecv(new Uint8Array(1))).toBeNull();
    a.close();
    b.close();
  });

  test('UDP_GRO: joined datagrams are told apart again', async () => {
    const [a, b] = udpPair();
    b.set(UDP.GRO, true);
    await a.connect(b.getsockname());
    const out = new DatagramBatch(50, 64);
    for (let i = 0; i < 50; i++) out.put(i, new Uint8Array(i === 49 ? 10 : 64).fill(i));
    expect(await a.sendBatch(out, 0, 50)).toBe(50);
    const into = new DatagramBatch(16, 65_536);
    const seen: number[][] = [];
    while (seen.length < 50) {
      const count = await b.recvBatch(into, { timeoutMs: 2000 });
      into.each(count, (start, end, index) => {
        seen.push([end - start, into.slab[start] as number]);
        expect(into.address(index)).toEqual(a.getsockname());
      });
    }
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => [i === 49 ? 10 : 64, i]));
    a.close();
    b.close();
  });

  test('datagrams larger than the path are sent one by one', async () => {
    const [a, b] = udpPair();
    await a.connect(b.getsockname());
    const batch = new DatagramBatch(3, 65_536);
    // Three of 33,000: two would not fit one message, and each is longer than what loopback segments to.
    for (let i = 0; i < 3; i++) batch.put(i, new Uint8Array(33_000).fill(i));
    for (let sent = 0; sent < 3; ) sent += await a.sendBatch(batch, sent, 3 - sent);
    for (let i = 0; i < 3; i++) expect((await b.recv(65_536)).length).toBe(33_000);
    a.close();
    b.close();
  });
});
