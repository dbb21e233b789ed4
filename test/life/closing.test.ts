/** However a call that waits ends (done, closed, aborted, too late), it ends once, at once, and leaves nothing behind. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, AF_UNIX, SO, SOCK_DGRAM, SOCK_STREAM, Socket } from '../../src/socket/index.ts';
import { waitingCalls } from './waiting-calls.ts';

type Failure = Error & { code?: string };

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** The code that a promise rejects with, or what it resolves to. */
const ending = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: Failure) => error.code ?? `${error.name}: ${error.message}`,
  );

/** Whether it is still waiting, after everything that is ready now has had its turn. */
async function isWaiting(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<'waits'>((resolve) => setImmediate(() => setImmediate(resolve, 'waits')));
  return (await Promise.race([promise.then(String, String), turn])) === 'waits';
}

describe.each(waitingCalls)('$name', ({ prepare, start }) => {
  test('waits, and close ends it with ECANCELED', async () => {
    const situation = prepare();
    const call = start(situation.socket);
    const end = ending(call);
    expect(await isWaiting(call)).toBe(true);
    situation.socket.close();
    expect(await end).toBe('ECANCELED');
    situation.close();
  });

  test('close in the same turn as the call', async () => {
    const situation = prepare();
    const end = ending(start(situation.socket));
    situation.close();
    expect(await end).toBe('ECANCELED');
  });

  test('an abort ends it, and the socket goes on', async () => {
    const situation = prepare();
    const controller = new AbortController();
    const call = start(situation.socket, { signal: controller.signal });
    const end = ending(call);
    expect(await isWaiting(call)).toBe(true);
    controller.abort();
    expect(await end).toBe('ABORT_ERR');
    expect(situation.socket.closed).toBe(false);
    expect(situation.socket.get(SO.ERROR)).toBe(0);
    situation.close();
  });

  test('an abort and close in one turn: it ends once', async () => {
    const situation = prepare();
    const controller = new AbortController();
    const end = ending(start(situation.socket, { signal: controller.signal }));
    controller.abort();
    situation.close();
    expect(await end).toBe('ABORT_ERR');
  });

  test('a deadline ends it', async () => {
    const situation = prepare();
    expect(await ending(start(situation.socket, { timeoutMs: 5 }))).toBe('ERR_SOCKET_TIMEOUT');
    expect(await ending(start(situation.socket, { timeoutMs: 0 }))).toBe('ERR_SOCKET_TIMEOUT');
    situation.close();
  });

  test('it resolves when it can', async (context) => {
    const situation = prepare();
    if (situation.help === undefined) {
      situation.close();
      return context.skip('the other side answers only after a second');
    }
    const call = start(situation.socket);
    const end = ending(call);
    expect(await isWaiting(call)).toBe(true);
    situation.help();
    expect(await end).toBe('resolved');
    situation.close();
    return undefined;
  });
});

test('a hundred calls that wait on one socket are all ended by close, and no descriptor stays', async () => {
  const before = descriptors();
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const calls = Array.from({ length: 100 }, () => ending(a.recv(1)));
  a.close();
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['ECANCELED']));
  b.close();
  expect(descriptors()).toBe(before);
});

test('a new socket on the descriptor number of a closed one hears nothing of its calls', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const fd = a.fd;
  const old = ending(a.recv(10));
  a.close();
  b.close();
  const pairs = Array.from({ length: 8 }, () => kernel.socketpair(AF_UNIX, SOCK_STREAM)).flat();
  const reused = pairs.findIndex((socket) => socket.fd === fd);
  expect(reused).toBeGreaterThanOrEqual(0);
  const fresh = (pairs[reused] as Socket).recv(10);
  (pairs[reused ^ 1] as Socket).trySend(Uint8Array.of(1, 2, 3));
  expect(await old).toBe('ECANCELED');
  expect(await fresh).toEqual(Uint8Array.of(1, 2, 3));
  for (const socket of pairs) socket.close();
});

test('a socket may be closed by the listener that it woke', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const closed = new Promise<void>((resolve) => {
    a.onReadable(() => {
      a.close();
      resolve();
    });
  });
  b.trySend(Uint8Array.of(1));
  await closed;
  expect(a.closed).toBe(true);
  b.close();
});

test('sockets that wake each other may close each other', async () => {
  const pairs = Array.from({ length: 20 }, () => kernel.socketpair(AF_UNIX, SOCK_STREAM));
  const ends = pairs.map(([a]) =>
    ending(
      a.recv(1).then(() => {
        for (const [other] of pairs) other.close();
      }),
    ),
  );
  for (const [, b] of pairs) b.trySend(Uint8Array.of(1));
  const endings = await Promise.all(ends);
  expect(endings).toContain('resolved');
  expect(endings.filter((end) => end !== 'resolved' && end !== 'ECANCELED')).toEqual([]);
  for (const [, b] of pairs) b.close();
});

test('close twice, dispose after close, detach after close', () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  a.close();
  a.close();
  a[Symbol.dispose]();
  expect(a.fd).toBe(-1);
  expect(() => a.detach()).toThrow(/EBADF/);
  b.close();
});

test('iterators end without an error when the socket is closed under them', async () => {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  const [udp, other] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  const [stream, peer] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  const count = async (items: AsyncIterable<unknown>): Promise<number> => {
    let number = 0;
    for await (const _ of items) number++;
    return number;
  };
  const counts = [listener.accepts(), udp.messages(), stream.chunks()].map(count);
  await new Promise((resolve) => setImmediate(resolve));
  for (const socket of [listener, udp, stream, other, peer]) socket.close();
  expect(await Promise.all(counts)).toEqual([0, 0, 0]);
});

describe('after close', () => {
  /** Arguments for methods that check them before the descriptor. */
  const given: { readonly [method: string]: readonly unknown[] } = {
    bind: ['127.0.0.1:0'],
    connect: ['127.0.0.1:1'],
    tryConnect: ['127.0.0.1:1'],
    connectSync: ['127.0.0.1:1'],
    shutdown: ['wr'],
    get: [SO.TYPE],
    set: [SO.REUSEADDR, true],
    getsockopt: [1, 3],
    setsockopt: [1, 2, 1],
    ioctl: [0x541b, new Uint8Array(4)],
    fcntl: [3],
    ready: ['in'],
    tryReady: ['in'],
    readySync: ['in'],
    onReadable: [() => {}],
    onErrorQueue: [() => {}],
    sendto: ['x', '127.0.0.1:1'],
    trySendto: [Uint8Array.of(1), '127.0.0.1:1'],
    sendtoSync: ['x', '127.0.0.1:1'],
    sendfile: [0, { offset: 0, length: 1 }],
    trySendfile: [0, { offset: 0, length: 1 }],
    sendfileSync: [0, { offset: 0, length: 1 }],
    sendfileAll: [0, { offset: 0, length: 1 }],
    readv: [[new Uint8Array(1)]],
    tryReadv: [[new Uint8Array(1)]],
    readvSync: [[new Uint8Array(1)]],
    writev: [[new Uint8Array(1)]],
    tryWritev: [[new Uint8Array(1)]],
    writevSync: [[new Uint8Array(1)]],
    recv: [4],
    recvSync: [4],
    recvfrom: [4],
    recvfromSync: [4],
    tryRecv: [new Uint8Array(4)],
    tryRecvfrom: [new Uint8Array(4)],
    send: ['x'],
    sendSync: ['x'],
    sendAll: ['x'],
    sendAllSync: ['x'],
    trySend: [Uint8Array.of(1)],
    sendmsg: [{ data: 'x' }],
    trySendmsg: [{ data: 'x' }],
    sendmsgSync: [{ data: 'x' }],
  };
  /** Methods that are no calls of the socket: closing again, and iterators that are empty from then on. */
  const quiet = new Set(['constructor', 'close', 'accepts', 'messages', 'chunks']);

  function methods(): string[] {
    const names = new Set<string>();
    for (let object = Socket.prototype; object !== Object.prototype; object = Object.getPrototypeOf(object) as Socket) {
      for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
        if (typeof value === 'function' && !quiet.has(name)) names.add(name);
      }
    }
    return [...names];
  }

  /** Protected ones, for hosts and other rooms. */
  const inner = new Set([
    'read',
    'spawn',
    'isFree',
    'callAsync',
    'waitInLine',
    'counted',
    'settled',
    'callSync',
    'pollSync',
    'giveUp',
    'checked',
    'failure',
  ]);

  test.each(methods().filter((name) => !inner.has(name)))(
    '%s says EBADF, or that its argument is missing',
    async (name) => {
      const socket = kernel.socket(AF_INET, SOCK_STREAM);
      socket.close();
      const method = (socket as unknown as Record<string, (...args: unknown[]) => unknown>)[name];
      let caught: unknown = 'nothing';
      try {
        await method?.apply(socket, [...(given[name] ?? [])]);
      } catch (error) {
        caught = error;
      }
      if (given[name] === undefined && caught instanceof TypeError) return;
      expect(caught).toMatchObject({ name: 'SocketError', code: 'EBADF', errno: -9 });
    },
  );

  test('iterators of a closed socket are empty', async () => {
    const socket = kernel.socket(AF_UNIX, SOCK_DGRAM);
    socket.close();
    for await (const _ of socket.messages()) throw new Error('a message from nowhere');
    for await (const _ of socket.accepts()) throw new Error('a connection from nowhere');
    for await (const _ of socket.chunks()) throw new Error('bytes from nowhere');
  });
});
