/** `barewire/dgram` does what `node:dgram` does: the same scenario runs on both, and events, values and errors are compared. */
import nodeDgram from 'node:dgram';
import { once } from 'node:events';
import { BlockList } from 'node:net';
import { expect, test } from 'vitest';
import ourDgram from '../../src/node/dgram.ts';

type Dgram = typeof nodeDgram;
type Log = (...values: unknown[]) => void;
interface Scenario {
  readonly name: string;
  readonly run: (dgram: Dgram, log: Log) => Promise<void> | void;
  /** Lines of Linux differ from one line of Node to the next. */
  readonly sorted?: boolean;
}

const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};

/** What of an error programs look at. */
function shown(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, code, errno, syscall, address, port } = error as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  return { name, message, code, errno, syscall, address, port };
}

async function record(dgram: Dgram, { run, sorted }: Scenario): Promise<unknown[]> {
  const lines: unknown[] = [];
  const ports = new Map<number, string>();
  const plain = (value: unknown): unknown => {
    if (typeof value === 'number' && value > 1023 && value < 65_536) {
      // Ephemeral ports differ from run to run: they are named in the order in which they are seen.
      if (!ports.has(value)) ports.set(value, `port ${ports.size}`);
      return ports.get(value);
    }
    if (Buffer.isBuffer(value)) return `buffer ${value.toString('latin1')}`;
    if (value instanceof Error) return plain(shown(value));
    if (typeof value === 'string') return value.replaceAll(/\b\d{4,5}\b/g, (digits) => String(plain(Number(digits))));
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, key === 'size' || key === 'errno' ? part : plain(part)]),
    );
  };
  await run(dgram, (...values) => lines.push(plain(values)));
  await turns(3);
  return sorted === true ? lines.map((line) => JSON.stringify(line)).sort() : lines;
}

/** What a call throws or gives. */
function tried(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return shown(error);
  }
}

function watch(socket: nodeDgram.Socket, name: string, log: Log): void {
  for (const event of ['listening', 'connect', 'close'] as const) socket.on(event, () => log(name, event));
  socket.on('error', (error) => log(name, 'error', error));
  socket.on('message', (message, info) => log(name, 'message', message, info));
}

async function bound(
  dgram: Dgram,
  type: nodeDgram.SocketType | nodeDgram.SocketOptions = 'udp4',
): Promise<nodeDgram.Socket> {
  const socket = typeof type === 'string' ? dgram.createSocket(type) : dgram.createSocket(type);
  const isV6 = (typeof type === 'string' ? type : type.type) === 'udp6';
  socket.bind(0, isV6 ? '::1' : '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const closed = async (...sockets: nodeDgram.Socket[]): Promise<void> => {
  for (const socket of sockets) {
    socket.close();
    await once(socket, 'close');
  }
};

const scenarios: readonly Scenario[] = [
  {
    name: 'bind, send, message, close: the order of events',
    run: async (dgram, log) => {
      const server = dgram.createSocket('udp4');
      watch(server, 'server', log);
      server.bind(0, '127.0.0.1', () => log('bound', server.address()));
      log(
        'after bind',
        tried(() => server.address()),
      );
      await once(server, 'listening');
      const client = dgram.createSocket('udp4');
      watch(client, 'client', log);
      client.send('hello', server.address().port, '127.0.0.1', (error, bytes) => log('sent', error, bytes));
      await once(server, 'message');
      server.close(() => log('closed'));
      client.close();
      log('after close');
      await turns(3);
    },
  },
  ...(['udp4', 'udp6'] as const).map(
    (type): Scenario => ({
      name: `an answer, ${type}`,
      run: async (dgram, log) => {
        const server = await bound(dgram, type);
        server.on('message', (message, info) => server.send(`${String(message)}!`, info.port, info.address));
        const client = await bound(dgram, type);
        client.send('question', server.address().port, type === 'udp6' ? '::1' : '127.0.0.1');
        const [message, info] = (await once(client, 'message')) as [Buffer, nodeDgram.RemoteInfo];
        log(message, info, server.address());
        await closed(server, client);
      },
    }),
  ),
  ...(
    [
      ['a string', ['text']],
      ['a typed array', [Uint16Array.of(1, 2)]],
      ['a view', [new DataView(new ArrayBuffer(3))]],
      ['a list', [[Buffer.from('a'), 'b', Uint8Array.of(99)]]],
      ['an empty list', [[]]],
      ['an empty string', ['']],
      ['offset and length', [Buffer.from('0123456789'), 2, 5]],
      ['a string with offset and length', ['0123456789', 3, 4]],
    ] as const
  ).map(
    ([name, given]): Scenario => ({
      name: `send ${name}`,
      run: async (dgram, log) => {
        const server = await bound(dgram);
        const client = dgram.createSocket('udp4');
        const send = client.send.bind(client) as (...args: unknown[]) => void;
        const sent = new Promise<void>((resolve) =>
          send(...given, server.address().port, '127.0.0.1', (...result: unknown[]) => {
            log('sent', ...result);
            resolve();
          }),
        );
        log(...(await once(server, 'message')));
        await sent;
        await closed(server, client);
      },
    }),
  ),
  {
    name: 'send to localhost by default, and by name',
    run: async (dgram, log) => {
      const server = await bound(dgram);
      const client = dgram.createSocket('udp4');
      client.send('default', server.address().port);
      log(((await once(server, 'message')) as [Buffer])[0]);
      client.send('named', server.address().port, 'localhost');
      log(((await once(server, 'message')) as [Buffer])[0]);
      await closed(server, client);
    },
  },
  {
    name: 'several sends before the bind is done keep their order',
    run: async (dgram, log) => {
      const server = await bound(dgram);
      const client = dgram.createSocket('udp4');
      const got: string[] = [];
      const all = new Promise<void>((resolve) =>
        server.on('message', (message) => {
          if (got.push(String(message)) === 5) resolve();
        }),
      );
      for (let i = 0; i < 5; i++) client.send(`message ${i}`, server.address().port, '127.0.0.1');
      await all;
      log(got);
      await closed(server, client);
    },
  },
  {
    name: 'too large: EMSGSIZE to the callback',
    run: async (dgram, log) => {
      const socket = await bound(dgram);
      await new Promise<void>((resolve) =>
        socket.send(Buffer.alloc(70_000), 9999, '127.0.0.1', (...result) => {
          log(...result);
          resolve();
        }),
      );
      await closed(socket);
    },
  },
  {
    name: 'a name that does not resolve: callback, and event without one',
    run: async (dgram, log) => {
      const socket = dgram.createSocket({
        type: 'udp4',
        lookup: ((_name: string, _family: number, done: (error: Error) => void) => {
          process.nextTick(done, Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
        }) as never,
      });
      socket.on('error', (error) => log('event', error));
      socket.bind(0);
      await once(socket, 'error');
      log(
        'bound?',
        tried(() => socket.address()),
      );
      await closed(socket);
    },
  },
  {
    name: 'lookup is asked with name and family',
    run: async (dgram, log) => {
      const socket = dgram.createSocket({
        type: 'udp4',
        lookup: ((name: string, family: number, done: (error: null, address: string, family: number) => void) => {
          log(name, family);
          process.nextTick(done, null, '127.0.0.1', 4);
        }) as never,
      });
      socket.bind(0);
      await once(socket, 'listening');
      await new Promise<void>((resolve) => socket.send('x', 9, 'some.where', () => resolve()));
      await closed(socket);
    },
  },
  {
    name: 'connect, send, remoteAddress, disconnect',
    run: async (dgram, log) => {
      const server = await bound(dgram);
      const client = dgram.createSocket('udp4');
      watch(client, 'client', log);
      log(
        tried(() => client.remoteAddress()),
        tried(() => client.disconnect()),
      );
      client.connect(server.address().port, '127.0.0.1', () => log('callback'));
      log(tried(() => client.connect(1)));
      await once(client, 'connect');
      log(client.remoteAddress());
      client.send('a');
      client.send(Buffer.from('0123'), 1, 2);
      client.send(['b', 'c'], (...result: unknown[]) => log('sent', ...result));
      for (let i = 0; i < 3; i++) log(((await once(server, 'message')) as [Buffer])[0]);
      log(
        tried(() => client.send('x', 1)),
        tried(() => client.send('x', 0, 1, 1, '127.0.0.1')),
        tried(() => client.connect(1)),
      );
      client.disconnect();
      log(tried(() => client.remoteAddress()));
      client.send('again', server.address().port, '127.0.0.1');
      log(((await once(server, 'message')) as [Buffer])[0]);
      await closed(server, client);
    },
  },
  {
    name: 'a connected socket hears only its peer',
    run: async (dgram, log) => {
      const peer = await bound(dgram);
      const stranger = await bound(dgram);
      const client = await bound(dgram);
      client.connect(peer.address().port, '127.0.0.1');
      await once(client, 'connect');
      stranger.send('from a stranger', client.address().port, '127.0.0.1');
      peer.send('from the peer', client.address().port, '127.0.0.1');
      log(((await once(client, 'message')) as [Buffer])[0]);
      await closed(peer, stranger, client);
    },
  },
  {
    name: 'nobody listens: ECONNREFUSED to a connected socket',
    run: async (dgram, log) => {
      const gone = await bound(dgram);
      const { port } = gone.address();
      await closed(gone);
      const client = dgram.createSocket('udp4');
      client.connect(port, '127.0.0.1');
      await once(client, 'connect');
      const failed = once(client, 'error');
      client.send('anybody?', (...result: unknown[]) => log('first', ...result));
      log(...(await failed.catch((error: unknown) => [error])));
      await closed(client);
    },
  },
  {
    name: 'connect fails: callback, and event without one',
    run: async (dgram, log) => {
      const client = dgram.createSocket('udp4');
      watch(client, 'client', log);
      // 240.0.0.0/4 has no route; the error comes from connect(2) itself.
      await new Promise<void>((resolve) =>
        client.connect(9, '255.255.255.255', (error?: Error) => {
          log('callback', error);
          resolve();
        }),
      );
      client.connect(9, '255.255.255.255');
      await once(client, 'error').catch(() => undefined);
      await closed(client);
    },
  },
  {
    name: 'a port in use',
    run: async (dgram, log) => {
      const first = await bound(dgram);
      const second = dgram.createSocket('udp4');
      watch(second, 'second', log);
      second.bind(first.address().port, '127.0.0.1', () => log('never'));
      await once(second, 'error');
      second.bind(0, '127.0.0.1');
      await once(second, 'listening');
      await closed(first, second);
    },
  },
  {
    name: 'reuseAddr shares it',
    run: async (dgram, log) => {
      const first = await bound(dgram, { type: 'udp4', reuseAddr: true });
      const second = dgram.createSocket({ type: 'udp4', reuseAddr: true });
      second.bind(first.address().port, '127.0.0.1');
      await once(second, 'listening');
      log(second.address().port === first.address().port);
      await closed(first, second);
    },
  },
  {
    name: 'an address that is not here',
    run: async (dgram, log) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0, '203.0.113.7');
      log(...(await once(socket, 'error').catch((error: unknown) => [error])));
      await closed(socket);
    },
  },
  {
    name: 'bind with options, port 0 and no address',
    run: async (dgram, log) => {
      const socket = dgram.createSocket('udp4');
      socket.bind({ port: 0, exclusive: true }, () => log('callback'));
      await once(socket, 'listening');
      log(socket.address());
      await closed(socket);
      const six = dgram.createSocket({ type: 'udp6', ipv6Only: true });
      six.bind();
      await once(six, 'listening');
      log(six.address());
      await closed(six);
    },
  },
  {
    name: 'bind twice, close twice, use after close',
    run: async (dgram, log) => {
      const socket = dgram.createSocket('udp4');
      socket.bind(0);
      log(tried(() => socket.bind(0)));
      await once(socket, 'listening');
      log(tried(() => socket.bind(0)));
      socket.close();
      log(
        tried(() => socket.close()),
        tried(() => socket.address()),
        tried(() => socket.send('x', 9)),
        tried(() => socket.bind()),
      );
      log(
        tried(() => socket.addMembership('224.0.0.9')),
        tried(() => socket.remoteAddress()),
      );
      await once(socket, 'close');
    },
  },
  {
    name: 'close while binding',
    run: async (dgram, log) => {
      const socket = dgram.createSocket('udp4');
      watch(socket, 'socket', log);
      socket.bind(0);
      log(socket.close(() => log('callback')) === socket);
      await once(socket, 'close');
    },
  },
  {
    name: 'close in the message handler ends the messages',
    run: async (dgram, log) => {
      const server = await bound(dgram);
      server.on('message', (message) => {
        log(message);
        server.close();
      });
      const client = await bound(dgram);
      for (const word of ['one', 'two', 'three']) client.send(word, server.address().port, '127.0.0.1');
      await once(server, 'close');
      await closed(client);
    },
  },
  ...(
    [
      ['no type', undefined],
      ['another type', 'tcp4'],
      ['options without a type', {}],
      ['a lookup that is none', { type: 'udp4', lookup: 'x' }],
      ['a signal that is none', { type: 'udp4', signal: 'x' }],
    ] as const
  ).map(
    ([name, given]): Scenario => ({
      name: `createSocket: ${name}`,
      run: (dgram, log) => log(tried(() => void dgram.createSocket(given as never))),
    }),
  ),
  {
    name: 'bad arguments of send',
    run: async (dgram, log) => {
      const socket = await bound(dgram);
      const send = socket.send.bind(socket) as (...args: unknown[]) => void;
      for (const given of [
        [],
        [7, 9],
        ['x'],
        ['x', 0],
        ['x', 70_000],
        ['x', -1],
        ['x', 'y'],
        [[1], 9],
        [{}, 9],
        [Buffer.alloc(4), 5, 1, 9],
        [Buffer.alloc(4), 0, 5, 9],
        ['x', 9, 7],
        ['x', 9, {}],
      ]) {
        log(
          given.length,
          tried(() => send(...given)),
        );
      }
      await closed(socket);
    },
  },
  {
    name: 'bad arguments of connect and bind',
    run: async (dgram, log) => {
      for (const given of [[], [0], [70_000], ['x'], [9, 7]]) {
        const socket = dgram.createSocket('udp4');
        log(
          given,
          tried(() => (socket.connect as (...args: unknown[]) => void)(...given)),
        );
        if (given.length !== 0) continue;
        socket.close();
      }
    },
  },
  {
    name: 'options on an unbound socket',
    run: (dgram, log) => {
      const socket = dgram.createSocket('udp4');
      for (const run of [
        () => socket.address(),
        () => socket.setBroadcast(true),
        () => socket.setTTL(7),
        () => socket.setMulticastTTL(7),
        () => socket.setMulticastLoopback(true),
        () => socket.setMulticastInterface('127.0.0.1'),
        () => socket.getRecvBufferSize(),
        () => socket.setSendBufferSize(4096),
        () => socket.getSendQueueSize(),
        () => socket.getSendQueueCount(),
      ]) {
        log(tried(run));
      }
      socket.close();
    },
  },
  {
    name: 'options on a bound socket',
    run: async (dgram, log) => {
      const socket = await bound(dgram);
      for (const run of [
        () => socket.setBroadcast(true),
        () => socket.setTTL(7),
        () => socket.setTTL(0),
        () => socket.setTTL(256),
        () => socket.setTTL('1' as never),
        () => socket.setMulticastTTL(0),
        () => socket.setMulticastTTL(1000),
        () => socket.setMulticastTTL('1' as never),
        () => socket.setMulticastLoopback(false),
        () => socket.setMulticastInterface('127.0.0.1'),
        () => socket.setMulticastInterface('::1'),
        () => socket.setMulticastInterface('nonsense'),
        () => socket.setMulticastInterface(7 as never),
        () => socket.setRecvBufferSize(10_000),
        () => socket.getRecvBufferSize() >= 10_000,
        () => socket.setSendBufferSize(-1),
        () => socket.setSendBufferSize('big' as never),
      ]) {
        log(tried(run));
      }
      await closed(socket);
    },
  },
  {
    name: 'groups: joined, heard, left; and what is refused',
    run: async (dgram, log) => {
      const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });
      socket.bind(0, '0.0.0.0');
      await once(socket, 'listening');
      log(
        socket.addMembership('239.9.9.9', '127.0.0.1'),
        tried(() => socket.addMembership('239.9.9.9', '127.0.0.1')),
      );
      socket.setMulticastInterface('127.0.0.1');
      socket.send('to the group', socket.address().port, '239.9.9.9');
      log(((await once(socket, 'message')) as [Buffer])[0]);
      socket.dropMembership('239.9.9.9', '127.0.0.1');
      log(tried(() => socket.dropMembership('239.9.9.9', '127.0.0.1')));
      log(
        tried(() => socket.addMembership('10.0.0.1', '127.0.0.1')),
        tried(() => socket.addMembership('nonsense')),
      );
      log(
        tried(() => socket.addMembership(undefined as never)),
        tried(() => socket.addMembership('239.9.9.9', 'nonsense')),
      );
      log(tried(() => socket.addSourceSpecificMembership('127.0.0.1', '232.1.1.1', '127.0.0.1')));
      log(tried(() => socket.dropSourceSpecificMembership('127.0.0.1', '232.1.1.1', '127.0.0.1')));
      log(tried(() => socket.dropSourceSpecificMembership('127.0.0.1', '232.1.1.1', '127.0.0.1')));
      log(
        tried(() => socket.addSourceSpecificMembership(7 as never, '232.1.1.1')),
        tried(() => socket.addSourceSpecificMembership('1.1.1.1', 7 as never)),
      );
      await closed(socket);
    },
  },
  {
    name: 'a signal closes the socket',
    run: async (dgram, log) => {
      const abort = new AbortController();
      const socket = dgram.createSocket({ type: 'udp4', signal: abort.signal });
      watch(socket, 'socket', log);
      socket.bind(0);
      await once(socket, 'listening');
      abort.abort();
      await once(socket, 'close');
      const early = dgram.createSocket({ type: 'udp4', signal: abort.signal });
      watch(early, 'early', log);
      await once(early, 'close');
    },
  },
  {
    name: 'ref and unref give the socket; buffers by option',
    run: async (dgram, log) => {
      const socket = await bound(dgram, { type: 'udp4', recvBufferSize: 20_000, sendBufferSize: 20_000 });
      log(socket.ref() === socket, socket.unref() === socket, socket.unref() === socket, socket.ref() === socket);
      log(socket.getRecvBufferSize() === 40_000, socket.getSendBufferSize() === 40_000);
      await closed(socket);
    },
  },
  {
    name: 'what a listener throws is the process’s, and the next message comes',
    run: async (dgram, log) => {
      const server = await bound(dgram);
      const seen = new Promise<void>((resolve) =>
        server.on('message', (message) => {
          log(message);
          if (String(message) === 'b') resolve();
        }),
      );
      const client = await bound(dgram);
      client.send('a', server.address().port, '127.0.0.1');
      client.send('b', server.address().port, '127.0.0.1');
      await seen;
      await closed(server, client);
    },
  },
  {
    name: 'a hundred datagrams in a burst, and the largest',
    run: async (dgram, log) => {
      const server = await bound(dgram, { type: 'udp4', recvBufferSize: 1 << 20 });
      const client = await bound(dgram);
      let count = 0;
      let bytes = 0;
      const all = new Promise<void>((resolve) =>
        server.on('message', (message) => {
          bytes += message.length;
          if (++count === 101) resolve();
        }),
      );
      for (let i = 0; i < 100; i++) client.send(Buffer.alloc(i), server.address().port, '127.0.0.1');
      client.send(Buffer.alloc(65_507), server.address().port, '127.0.0.1');
      await all;
      log(count, String(bytes).length, bytes === 4950 + 65_507);
      await closed(server, client);
    },
  },
  {
    name: 'asyncDispose',
    run: async (dgram, log) => {
      const socket = await bound(dgram);
      watch(socket, 'socket', log);
      await socket[Symbol.asyncDispose]();
      await socket[Symbol.asyncDispose]();
      log('disposed');
    },
  },
];

test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
  const expected = await record(nodeDgram, scenario);
  expect(await record(ourDgram as unknown as Dgram, scenario)).toEqual(expected);
  expect(expected.length).toBeGreaterThan(0);
});

test('connect after close says what happened, where Node trips over itself', () => {
  const socket = ourDgram.createSocket('udp4');
  socket.close();
  expect(() => socket.connect(9)).toThrow('Not running');
});

test('block lists keep datagrams out and in', async () => {
  const blocked = new BlockList();
  blocked.addAddress('127.0.0.9');
  const server = ourDgram.createSocket({ type: 'udp4', receiveBlockList: blocked } as never);
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const bad = ourDgram.createSocket('udp4');
  bad.bind(0, '127.0.0.9');
  await once(bad, 'listening');
  const good = ourDgram.createSocket('udp4');
  bad.send('blocked', server.address().port, '127.0.0.1');
  good.send('let in', server.address().port, '127.0.0.1');
  expect(String(((await once(server, 'message')) as [Buffer])[0])).toBe('let in');
  const careful = ourDgram.createSocket({ type: 'udp4', sendBlockList: blocked } as never);
  const error = await new Promise((resolve) => careful.send('x', 9, '127.0.0.9', resolve));
  expect(error).toMatchObject({ code: 'ERR_IP_BLOCKED' });
  for (const socket of [server, bad, good, careful]) socket.close();
});

test('there are enough of them', () => expect(scenarios.length).toBeGreaterThanOrEqual(40));
