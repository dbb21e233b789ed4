/** Scenarios of net.Server, and of Unix sockets. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type * as NodeNet from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { event, listening, type Scenario, type Tape, turns } from './tape.ts';

function folder(tape: Tape): string {
  const path = mkdtempSync(join(tmpdir(), 'barewire-parity-'));
  tape.keep(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Paths differ between runs; what matters is the file's name. */
const nameOnly = (error: unknown): unknown => {
  const { message, address } = error as { message: string; address?: string };
  const short = (text: string): string => text.replaceAll(/\S*barewire-parity-\w+/g, 'FOLDER');
  return Object.assign(error as object, {
    message: short(message),
    ...(address === undefined ? {} : { address: short(address) }),
  });
};

export const serverScenarios: readonly Scenario[] = [
  {
    name: 'listen and close',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      tape.try('server', 'before', () => [server.listening, server.address(), server.maxConnections]);
      tape.try(
        'server',
        'listen',
        () => server.listen(0, '127.0.0.1', () => tape.log('server', 'callback')) === server,
      );
      tape.try('server', 'at once', () => [server.listening]);
      await event(server, 'listening');
      tape.try('server', 'listening', () => [server.listening, server.address()]);
      tape.try(
        'server',
        'close',
        () => server.close((error) => tape.log('server', 'close callback', error)) === server,
      );
      tape.try('server', 'closing', () => [server.listening, server.address()]);
      await event(server, 'close');
      tape.try(
        'server',
        'again',
        () => server.close((error) => tape.log('server', 'second callback', error)) === server,
      );
      await turns();
    },
  },
  {
    name: 'listen again after close, and twice without',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      await listening(server);
      tape.try('server', 'twice', () => server.listen(0));
      server.close();
      await event(server, 'close');
      await listening(server);
      tape.try('server', 'again', () => server.listening);
    },
  },
  {
    name: 'every address: the unspecified one',
    async run(net, tape) {
      const server = net.createServer((socket) => {
        tape.log('server', socket.remoteAddress, socket.localAddress, socket.remoteFamily);
        socket.end();
      });
      server.listen();
      await event(server, 'listening');
      tape.keep(() => server.close());
      const { port, address, family } = server.address() as NodeNet.AddressInfo;
      tape.log('server', address, family);
      for (const host of ['127.0.0.1', '::1']) {
        const client = net.connect(port, host);
        client.resume();
        await event(client, 'close');
      }
    },
  },
  {
    name: 'ipv6Only with a host, and port 0 in all forms',
    async run(net, tape) {
      const forms: unknown[][] = [
        [{ port: 0, host: '::', ipv6Only: true }],
        [{ port: 0, host: '127.0.0.1' }],
        [{ port: '0', host: 'localhost' }],
        [{ port: undefined }],
        [{ port: null }],
        [null],
        [0, '127.0.0.1', 5],
        [0, 5],
        [{ port: 0, exclusive: true, backlog: 3 }],
      ];
      for (const form of forms) {
        const server = net.createServer();
        tape.watch('server', server);
        (server.listen as (...args: unknown[]) => void)(...form);
        await event(server, 'listening');
        tape.try('server', 'address', () => server.address());
        server.close();
        await event(server, 'close');
      }
    },
  },
  {
    name: 'an address in use',
    async run(net, tape) {
      const first = net.createServer();
      const port = await listening(first);
      tape.keep(() => first.close());
      const second = net.createServer();
      tape.watch('second', second);
      second.listen(port, '127.0.0.1');
      await event(second, 'error');
      tape.try('second', 'state', () => [second.listening, second.address()]);
      const third = net.createServer();
      tape.watch('third', third);
      third.listen({ port });
      await Promise.race([event(third, 'error'), event(third, 'listening')]);
    },
  },
  {
    name: 'an address that is not ours, a name that is none',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      server.listen(0, '192.0.2.1');
      await event(server, 'error');
      const nameless = net.createServer();
      nameless.listen(0, 'name.invalid');
      const [error] = (await event(nameless, 'error')) as [{ syscall: string }];
      tape.log('nameless', error.syscall);
    },
  },
  {
    name: 'bad arguments',
    async run(net, tape) {
      const bad: unknown[][] = [
        [{}],
        [{ port: -1 }],
        [{ port: 65_536 }],
        [{ port: 'text' }],
        [{ port: true }],
        [true],
        [{ fd: -5 }],
        [{ path: '' }],
        [{ path: 0 }],
        [-1],
        [{ host: 'localhost' }],
        [{ port: 0, signal: 'x' }],
        [{ path: '\0name', readableAll: true }],
      ];
      for (const args of bad) {
        const server = net.createServer();
        tape.try('listen', JSON.stringify(args), () => {
          (server.listen as (...args: unknown[]) => void)(...args);
          return 'accepted';
        });
        server.on('error', () => undefined).close();
      }
      for (const options of [5, 'text', true, null, undefined, {}]) {
        tape.try(
          'createServer',
          JSON.stringify(options) ?? 'undefined',
          () => (net.createServer(options as never) as unknown as NodeNet.ServerOpts).allowHalfOpen,
        );
      }
      for (const options of [{ keepAliveInitialDelay: 'x' }, { highWaterMark: 'x' }]) {
        tape.try(
          'createServer',
          JSON.stringify(options),
          () => (net.createServer(options as never) as unknown as NodeNet.ServerOpts).allowHalfOpen,
        );
      }
    },
  },
  {
    name: 'a listening descriptor that is none',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      server.listen({ fd: 9999 });
      await event(server, 'error');
    },
  },
  {
    name: 'close with open connections waits for them',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      const port = await listening(server);
      const client = net.connect(port, '127.0.0.1');
      const [peer] = (await event(server, 'connection')) as [NodeNet.Socket];
      peer.resume();
      server.close(() => tape.log('server', 'closed'));
      await turns(10);
      const late = net.connect(port, '127.0.0.1');
      tape.watch('late', late);
      await event(late, 'close');
      tape.log('server', 'still open');
      client.end();
      client.resume();
      await event(server, 'close');
    },
  },
  {
    name: 'close gives up a listen under way',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      server.listen(0, 'localhost', () => tape.log('server', 'callback'));
      server.close();
      await event(server, 'close');
      await turns(20);
      tape.try('server', 'state', () => server.listening);
    },
  },
  {
    name: 'maxConnections: the rest is dropped',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.resume());
      server.maxConnections = 1;
      server.on('drop', (data) => tape.log('server', 'drop', { ...data, localPort: 'L', remotePort: 'R' }));
      const port = await listening(server);
      tape.keep(() => server.close());
      const first = net.connect(port, '127.0.0.1');
      await event(server, 'connection');
      const second = net.connect(port, '127.0.0.1');
      tape.read('second', second);
      await event(second, 'close');
      const counted = new Promise((resolve) => server.getConnections((error, count) => resolve([error, count])));
      tape.log('server', 'connections', await counted);
      first.destroy();
    },
  },
  {
    name: 'getConnections along the way',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.resume());
      const port = await listening(server);
      tape.keep(() => server.close());
      const count = (): Promise<unknown> =>
        new Promise((resolve) => server.getConnections((_, found) => resolve(found)));
      tape.log('server', await count());
      const clients = [net.connect(port, '127.0.0.1'), net.connect(port, '127.0.0.1')];
      await event(server, 'connection');
      for (const client of clients) if (client.connecting) await event(client, 'connect');
      await turns(10);
      tape.log('server', await count());
      for (const client of clients) client.destroy();
      await turns(20);
      tape.log('server', await count());
      tape.try('server', 'returns', () => server.getConnections(() => undefined) === server);
    },
  },
  {
    name: 'options of the server hold for its sockets',
    async run(net, tape) {
      const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, highWaterMark: 4321 });
      const { allowHalfOpen, pauseOnConnect, highWaterMark } = server as unknown as NodeNet.ServerOpts;
      tape.log('server', allowHalfOpen, pauseOnConnect, highWaterMark);
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1');
      const [peer] = (await event(server, 'connection')) as [NodeNet.Socket];
      tape.log(
        'peer',
        peer.allowHalfOpen,
        peer.isPaused(),
        peer.readableFlowing,
        peer.readableHighWaterMark,
        peer.writableHighWaterMark,
      );
      tape.log('peer', (peer as unknown as { server: unknown }).server === server);
      client.write('while paused');
      await turns(20);
      tape.try('peer', 'read', () => [peer.bytesRead, peer.readableLength]);
      peer.resume();
      peer.on('data', (data) => tape.log('peer', 'data', data));
      await event(peer, 'data');
      client.destroy();
      peer.destroy();
    },
  },
  {
    name: 'an aborted signal closes the server',
    async run(net, tape) {
      const abort = new AbortController();
      const server = net.createServer();
      tape.watch('server', server);
      server.listen({ port: 0, host: '127.0.0.1', signal: abort.signal });
      await event(server, 'listening');
      abort.abort();
      await event(server, 'close');
      const early = net.createServer();
      tape.watch('early', early);
      early.listen({ port: 0, signal: AbortSignal.abort() });
      await event(early, 'close');
    },
  },
  {
    name: 'async dispose',
    async run(net, tape) {
      const server = net.createServer();
      tape.watch('server', server);
      await listening(server);
      await (server as unknown as AsyncDisposable)[Symbol.asyncDispose]();
      tape.log('server', 'disposed', server.listening);
      await (server as unknown as AsyncDisposable)[Symbol.asyncDispose]();
    },
  },
  {
    name: 'a rejected promise of a connection listener (captureRejections)',
    async run(net, tape) {
      const server = net.createServer() as NodeNet.Server & Record<symbol, (...args: unknown[]) => void>;
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1');
      const [peer] = (await event(server, 'connection')) as [NodeNet.Socket];
      tape.watch('peer', peer);
      server[Symbol.for('nodejs.rejection')]?.(new Error('rejected'), 'connection', peer);
      await event(peer, 'close');
      client.destroy();
    },
  },
  {
    name: 'ref and unref return the server',
    async run(net, tape) {
      const server = net.createServer();
      tape.try('server', 'before', () => [server.unref() === server, server.ref() === server]);
      await listening(server);
      tape.try('server', 'listening', () => [server.unref() === server, server.ref() === server]);
      server.close();
      await event(server, 'close');
      tape.try('server', 'after', () => [server.unref() === server, server.ref() === server]);
    },
  },
  {
    name: 'Unix: a path, both ways, and the file goes with the server',
    async run(net, tape) {
      const path = join(folder(tape), 'socket');
      const server = net.createServer((socket) => {
        tape.log('server', socket.remoteAddress, socket.localAddress, socket.address(), socket.remotePort);
        socket.end('hi');
      });
      server.listen(path);
      await event(server, 'listening');
      tape.log('server', server.address() === path, existsSync(path));
      const client = net.connect(path);
      tape.read('client', client);
      client.removeAllListeners('connectionAttempt');
      tape.log('client', client.connecting, client.pending);
      await event(client, 'close');
      tape.log('client', client.address(), client.remoteAddress);
      server.close();
      await event(server, 'close');
      tape.log('server', existsSync(path));
    },
  },
  {
    name: 'Unix: nobody there, no such folder, no socket',
    async run(net, tape) {
      const place = folder(tape);
      writeFileSync(join(place, 'file'), '');
      for (const name of ['nobody', 'no/folder', 'file']) {
        const client = net.connect({ path: join(place, name) });
        client.on('error', (error) => tape.log('client', 'error', nameOnly(error)));
        client.on('close', (hadError) => tape.log('client', 'close', hadError));
        await event(client, 'close');
      }
      for (const name of ['no/folder', 'file']) {
        const server = net.createServer();
        server.listen(join(place, name));
        const [error] = await event(server, 'error');
        tape.log('server', 'error', nameOnly(error));
      }
    },
  },
  {
    name: 'Unix: readable and writable by all',
    async run(net, tape) {
      const path = join(folder(tape), 'socket');
      const server = net.createServer();
      server.listen({ path, readableAll: true, writableAll: true });
      await event(server, 'listening');
      tape.log('server', statSync(path).mode & 0o666);
      server.close();
      await event(server, 'close');
    },
  },
  {
    name: 'Unix: reset is refused, half-open works',
    async run(net, tape) {
      const path = join(folder(tape), 'socket');
      const server = net.createServer({ allowHalfOpen: true }).listen(path);
      await event(server, 'listening');
      tape.keep(() => server.close());
      const connection = event(server, 'connection');
      const client = net.connect({ path });
      const [peer] = (await connection) as [NodeNet.Socket];
      if (client.connecting) await event(client, 'connect');
      tape.try('client', 'reset', () => client.resetAndDestroy());
      client.on('data', (data) => tape.log('client', 'data', data));
      peer.on('data', (data) => tape.log('peer', 'data', data));
      client.end('question');
      await event(peer, 'end');
      peer.end('answer');
      await event(client, 'close');
    },
  },
  {
    name: 'Unix: an abstract name',
    async run(net, tape) {
      const name = `\0barewire-parity-${process.pid}-${Math.random()}`;
      const server = net.createServer((socket) => socket.end('hi')).listen(name);
      await event(server, 'listening');
      tape.log('server', server.address() === name);
      const client = net.connect(name);
      client.on('data', (data) => tape.log('client', 'data', data));
      await event(client, 'close');
      server.close();
      await event(server, 'close');
    },
  },
  {
    name: 'connections awaited one by one: none comes while nobody listens',
    async run(net, tape) {
      const server = net.createServer();
      const port = await listening(server);
      tape.keep(() => server.close());
      const clients = Array.from({ length: 10 }, () => net.connect(port, '127.0.0.1'));
      for (let index = 0; index < clients.length; index++) {
        const [peer] = (await once(server, 'connection')) as [NodeNet.Socket];
        peer.end(String(index));
      }
      tape.log('server', 'all came');
      for (const client of clients) {
        client.resume();
        if (!client.closed) await event(client, 'close');
      }
    },
  },
  {
    name: 'many connections at once',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('x'));
      const port = await listening(server);
      let bytes = 0;
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const client = net.connect(port, '127.0.0.1');
          client.on('data', (data) => (bytes += data.length));
          await event(client, 'close');
        }),
      );
      tape.log('clients', bytes);
      server.close();
      await event(server, 'close');
    },
  },
];
