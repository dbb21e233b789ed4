/** Scenarios of net.Socket. */
import { once } from 'node:events';
import type * as NodeNet from 'node:net';
import { event, listening, type Net, type Scenario, type Tape, turns } from './tape.ts';

/** A port that nobody listens on: taken and given back. */
async function freePort(net: Net): Promise<number> {
  const server = net.createServer();
  const port = await listening(server);
  server.close();
  await event(server, 'close');
  return port;
}

interface Pair {
  readonly server: NodeNet.Server;
  readonly client: NodeNet.Socket;
  readonly peer: NodeNet.Socket;
  readonly port: number;
}

async function pair(
  net: Net,
  tape: Tape,
  serverOptions: NodeNet.ServerOpts = {},
  clientOptions: object = {},
): Promise<Pair> {
  const server = net.createServer(serverOptions);
  const port = await listening(server);
  tape.keep(() => server.close());
  const connection = event(server, 'connection');
  const client = net.connect({ port, host: '127.0.0.1', ...clientOptions });
  tape.watch('client', client);
  const [[peer]] = (await Promise.all([connection, event(client, 'connect')])) as [[NodeNet.Socket], unknown];
  tape.watch('peer', peer);
  return { server, client, peer, port };
}

const closed = (...sockets: NodeNet.Socket[]): Promise<unknown> =>
  Promise.all(sockets.map((socket) => event(socket, 'close')));

const BIG = 8 << 20;

export const socketScenarios: readonly Scenario[] = [
  {
    name: 'connection refused',
    async run(net, tape) {
      const client = net.connect(await freePort(net), '127.0.0.1', () => tape.log('client', 'never'));
      tape.watch('client', client);
      tape.try('client', 'state', () => [client.connecting, client.pending, client.readyState, client.destroyed]);
      await closed(client);
      tape.try('client', 'state', () => [client.connecting, client.pending, client.readyState, client.destroyed]);
    },
  },
  {
    name: 'connection refused by every address of a name',
    async run(net, tape) {
      const lookup = (_: string, __: unknown, done: (...args: unknown[]) => void): void =>
        done(null, [
          { address: '127.0.0.1', family: 4 },
          { address: '::1', family: 6 },
          { address: '127.0.0.2', family: 4 },
        ]);
      const client = net.connect({
        port: await freePort(net),
        host: 'several',
        lookup,
        autoSelectFamily: true,
      } as never);
      tape.watch('client', client);
      await closed(client);
      tape.try('client', 'attempted', () => client.autoSelectFamilyAttemptedAddresses);
    },
  },
  {
    name: 'the second address answers',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('hi'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const lookup = (_: string, __: unknown, done: (...args: unknown[]) => void): void =>
        done(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]);
      const client = net.connect({ port, host: 'several', lookup, autoSelectFamily: true } as never);
      tape.read('client', client);
      await closed(client);
      tape.try('client', 'attempted', () => client.autoSelectFamilyAttemptedAddresses);
    },
  },
  {
    name: 'a lookup of the program: one address, options as given',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('hi'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const lookup = (name: string, options: unknown, done: (...args: unknown[]) => void): void => {
        tape.log('lookup', name, options);
        done(null, '127.0.0.1', 4);
      };
      const client = net.connect({ port, host: 'one', lookup, family: 4 } as never);
      tape.read('client', client);
      await closed(client);
    },
  },
  {
    name: 'a lookup that fails, that answers nonsense, or a family that is none',
    async run(net, tape) {
      const answers: unknown[][] = [[new Error('no such name')], [null, 'nonsense', 4], [null, '127.0.0.1', 9]];
      for (const answer of answers) {
        const lookup = (_: string, __: unknown, done: (...args: unknown[]) => void): void => done(...answer);
        const client = net.connect({ port: 80, host: 'name', lookup, autoSelectFamily: false } as never);
        tape.watch('client', client);
        await closed(client);
      }
    },
  },
  {
    name: 'a name of the hosts file',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('hi'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect({ port, host: 'localhost', family: 4 });
      tape.read('client', client);
      await closed(client);
    },
  },
  {
    name: 'a name that does not exist',
    async run(net, tape) {
      const client = net.connect({ port: 80, host: 'name.invalid', family: 4 });
      client.on('error', (error: Error & { code?: string; syscall?: string }) =>
        tape.log('client', 'error', error.syscall),
      );
      await closed(client);
    },
  },
  {
    name: 'hello and goodbye, with every event',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.on('data', (data) => tape.log('client', 'data', data));
      peer.on('data', (data) => tape.log('peer', 'data', data));
      client.write('hello');
      await event(peer, 'data');
      peer.end('goodbye');
      await closed(client, peer);
    },
  },
  {
    name: 'states and figures along a connection',
    async run(net, tape) {
      const { client, peer, port } = await pair(net, tape);
      const state = (name: string): void =>
        tape.try(name, 'state', () => [
          ...[client.connecting, client.pending, client.readyState, client.readable, client.writable],
          ...[client.bytesRead, client.bytesWritten, client.destroyed, client.closed, client.bufferSize],
          ...[client.timeout, client.allowHalfOpen, client.isPaused(), client.readableFlowing],
        ]);
      state('open');
      tape.try('addresses', 'of the client', () => [
        client.remoteAddress,
        client.remotePort === port,
        client.remoteFamily,
        client.localAddress,
        client.localFamily,
        Object.keys(client.address()),
      ]);
      client.write('12345');
      state('written');
      peer.resume();
      peer.write('abc');
      client.resume();
      await event(client, 'data');
      state('read');
      client.end();
      state('ended');
      await closed(client, peer);
      state('closed');
      tape.try('addresses', 'at the end', () => [client.localAddress, client.localPort, client.address()]);
    },
  },
  {
    name: 'remote address after the end is known when it was asked before',
    async run(net, tape) {
      const { client, peer, port } = await pair(net, tape);
      tape.try('before', 'remote', () => client.remotePort === port);
      client.destroy();
      peer.destroy();
      await closed(client, peer);
      tape.try('after', 'remote', () => [client.remoteAddress, client.remotePort === port, peer.remoteAddress]);
    },
  },
  {
    name: 'writes before the connection',
    async run(net, tape) {
      const server = net.createServer((socket) => tape.read('peer', socket));
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1');
      tape.watch('client', client);
      tape.try('client', 'write', () => client.write('one'));
      tape.try('client', 'write', () => client.write(Buffer.from('two'), () => tape.log('client', 'written')));
      tape.try('client', 'figures', () => [client.bytesWritten, client.writableLength]);
      client.end('three', () => tape.log('client', 'finished'));
      client.resume();
      await closed(client);
      tape.try('client', 'figures', () => [client.bytesWritten, client.writableLength]);
    },
  },
  {
    name: 'end before the connection',
    async run(net, tape) {
      const server = net.createServer((socket) => tape.read('peer', socket));
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1');
      tape.read('client', client);
      client.end();
      await closed(client);
    },
  },
  {
    name: 'destroy before the connection, with a write under way',
    async run(net, tape) {
      const server = net.createServer();
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1');
      tape.watch('client', client);
      client.write('never', (error) => tape.log('client', 'write', error));
      client.destroy();
      tape.try('client', 'state', () => [client.connecting, client.destroyed, client.pending]);
      await closed(client);
      await turns();
    },
  },
  {
    name: "destroy in the 'connect' listener",
    async run(net, tape) {
      const server = net.createServer((socket) => tape.read('peer', socket));
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect(port, '127.0.0.1', () => client.destroy());
      tape.watch('client', client);
      await closed(client);
    },
  },
  {
    name: 'destroy with an error of the program',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      client.destroy(new Error('of the program'));
      await closed(client, peer);
    },
  },
  {
    name: 'destroy twice, and destroySoon',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.on('data', (data) => tape.log('peer', 'data', data));
      client.write('last words');
      client.destroySoon();
      client.destroySoon();
      await closed(client, peer);
      tape.try('client', 'again', () => client.destroy() === client);
      await turns();
    },
  },
  {
    name: 'reset: resetAndDestroy makes the peer see ECONNRESET',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      tape.try('client', 'call', () => client.resetAndDestroy() === client);
      await closed(client, peer);
    },
  },
  {
    name: 'reset while connecting, and of a socket that never was',
    async run(net, tape) {
      const server = net.createServer((socket) => tape.read('peer', socket));
      const port = await listening(server);
      tape.keep(() => server.close());
      const connection = event(server, 'connection');
      const client = net.connect(port, '127.0.0.1');
      tape.watch('client', client);
      client.resetAndDestroy();
      await closed(client);
      const [peer] = (await connection) as [NodeNet.Socket];
      if (!peer.destroyed) await closed(peer);
      const fresh = new net.Socket();
      tape.watch('fresh', fresh);
      fresh.resetAndDestroy();
      await closed(fresh);
    },
  },
  {
    name: 'the peer closes with our data unread: ECONNRESET',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, { pauseOnConnect: true });
      client.resume();
      client.write('unread');
      await turns(20);
      peer.destroy();
      await closed(client, peer);
    },
  },
  {
    name: 'writing on after the peer closed: EPIPE or ECONNRESET',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, {}, { allowHalfOpen: true });
      client.resume();
      peer.destroy();
      await event(client, 'end');
      client.write('first');
      await turns(20);
      client.write('second', (error) => tape.log('client', 'write', error?.message));
      if (!client.destroyed) await closed(client);
    },
  },
  {
    name: 'write after end',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      client.end('bye');
      tape.try('client', 'write', () => client.write('late', (error) => tape.log('client', 'callback', error)));
      await closed(client, peer);
    },
  },
  {
    name: "write after the peer's FIN ended our side",
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.on('end', () => {
        setImmediate(() => {
          tape.try('client', 'write', () => client.write('late', (error) => tape.log('client', 'callback', error)));
        });
      });
      client.resume();
      peer.end();
      await closed(client, peer);
      await turns();
    },
  },
  {
    name: 'write of what is no data',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      for (const what of [123, null, undefined, {}, true])
        tape.try('client', 'write', () => client.write(what as never));
      client.end();
      client.resume();
      await closed(client);
    },
  },
  {
    name: 'write after destroy, and on a socket that never connected',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      client.destroy();
      tape.try('client', 'write', () => client.write('late', (error) => tape.log('client', 'callback', error)));
      await closed(client);
      const fresh = new net.Socket();
      tape.watch('fresh', fresh);
      tape.try('fresh', 'write', () => fresh.write('x', (error) => tape.log('fresh', 'callback', error)));
      await turns();
      fresh.destroy();
      await turns();
    },
  },
  {
    name: 'half-open: we end, the peer goes on',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, { allowHalfOpen: true });
      client.on('data', (data) => tape.log('client', 'data', data));
      peer.on('data', (data) => tape.log('peer', 'data', data));
      client.end('question');
      await event(peer, 'end');
      tape.try('peer', 'state', () => [peer.readyState, peer.writable, peer.readable]);
      peer.write('part one, ');
      await turns();
      tape.try('client', 'state', () => [client.readyState, client.writable, client.readable]);
      peer.end('part two');
      await closed(client, peer);
    },
  },
  {
    name: 'half-open: a server with allowHalfOpen that never ends keeps the connection',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, { allowHalfOpen: true });
      client.resume();
      peer.resume();
      client.end();
      await event(peer, 'end');
      await turns(10);
      tape.try('client', 'state', () => [client.destroyed, client.readyState]);
      tape.try('peer', 'state', () => [peer.destroyed, peer.readyState]);
      peer.end();
      await closed(client, peer);
    },
  },
  {
    name: 'an end that nobody reads',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.end();
      await turns(20);
      tape.try('client', 'state', () => [client.readableEnded, client.readyState, client.destroyed]);
      client.resume();
      await turns(10);
      if (!client.destroyed) client.destroy();
    },
  },
  {
    name: 'data and end that wait for a reader',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.end('waiting');
      await turns(20);
      tape.try('client', 'state', () => [client.readableLength, client.readableEnded, client.bytesRead]);
      client.on('data', (data) => tape.log('client', 'data', data));
      await closed(client);
    },
  },
  {
    name: 'back pressure: a big write to a peer that does not read',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, { pauseOnConnect: true });
      client.resume();
      tape.try('client', 'write', () => client.write(Buffer.alloc(BIG, 'x'), () => tape.log('client', 'written')));
      tape.try('client', 'figures', () => [client.writableLength, client.bytesWritten, client.writableNeedDrain]);
      await turns(10);
      tape.try('client', 'figures', () => [client.writableNeedDrain, client.bytesWritten]);
      let bytes = 0;
      peer.on('data', (data) => (bytes += data.length));
      peer.resume();
      await event(client, 'drain');
      client.end();
      await closed(peer);
      tape.log('peer', bytes, peer.bytesRead);
    },
  },
  {
    name: 'many writes, their callbacks in order',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.resume();
      let bytes = 0;
      peer.on('data', (data) => (bytes += data.length));
      for (let index = 0; index < 8; index++) {
        tape.try('client', 'write', () =>
          client.write(Buffer.alloc(3000, index), () => tape.log('client', 'written', index)),
        );
      }
      client.end(() => tape.log('client', 'end callback'));
      await closed(client, peer);
      tape.log('peer', bytes);
    },
  },
  {
    name: 'cork and uncork',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.resume();
      client.cork();
      for (const part of ['a', 'b', 'c']) client.write(part);
      tape.try('client', 'corked', () => [client.writableCorked, client.bytesWritten, client.writableLength]);
      await turns();
      tape.try('peer', 'read so far', () => peer.bytesRead);
      peer.once('data', (data) => tape.log('peer', 'data', data));
      client.uncork();
      client.end();
      await closed(client, peer);
      tape.try('client', 'figures', () => client.bytesWritten);
    },
  },
  {
    name: 'strings in encodings',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.resume();
      const chunks: Buffer[] = [];
      peer.on('data', (data: Buffer) => chunks.push(data));
      client.write('grüße ');
      client.write('6869', 'hex');
      client.write('aGk=', 'base64');
      client.setDefaultEncoding('latin1');
      client.write('ü');
      client.end('h', 'utf16le');
      await closed(client, peer);
      tape.log('peer', Buffer.concat(chunks).toString('hex'), client.bytesWritten);
    },
  },
  {
    name: 'setEncoding: characters are not cut in two',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      client.setEncoding('utf8');
      client.on('data', (data) => tape.log('client', 'data', typeof data === 'string' ? data : 'no string'));
      const bytes = Buffer.from('€€');
      peer.write(bytes.subarray(0, 4));
      await turns(10);
      peer.end(bytes.subarray(4));
      await closed(client, peer);
    },
  },
  {
    name: 'pause and resume',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape, {}, {});
      tape.watch('flow', client, ['pause', 'resume']);
      client.on('data', (data) => {
        tape.log('client', 'data', data);
        client.pause();
        setImmediate(() => client.resume());
      });
      for (const part of ['1', '2', '3']) {
        peer.write(part);
        await turns(10);
      }
      peer.end();
      await closed(client, peer);
      tape.tracks.flow = (tape.tracks.flow as unknown[][]).filter(([name]) => name === 'pause' || name === 'resume');
    },
  },
  {
    name: 'readable and read()',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      let text = '';
      client.on('readable', () => {
        for (let chunk = client.read() as Buffer | null; chunk !== null; chunk = client.read() as Buffer | null)
          text += String(chunk);
      });
      peer.write('one');
      await turns(10);
      peer.end('two');
      await closed(client, peer);
      tape.log('client', text);
    },
  },
  {
    name: 'data awaited piece by piece: nothing comes while nobody listens',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.end(Buffer.alloc(BIG / 8));
      let bytes = 0;
      const ended = event(client, 'end').then(() => null);
      for (;;) {
        const data = once(client, 'data') as Promise<[Buffer]>;
        const next = await Promise.race([data, ended]);
        if (next === null) break;
        bytes += next[0].length;
      }
      tape.log('client', bytes);
    },
  },
  {
    name: 'async iterator',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.write('one ');
      peer.end('two');
      let text = '';
      for await (const chunk of client) text += String(chunk);
      tape.log('client', text, client.destroyed);
      if (!client.closed) await closed(client);
    },
  },
  {
    name: 'async iterator over a connection that is reset',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.write('one');
      await event(client, 'readable');
      peer.resetAndDestroy();
      try {
        for await (const _ of client);
        tape.log('client', 'ended');
      } catch (error) {
        tape.log('client', 'caught', error);
      }
    },
  },
  {
    name: 'pipe: an echo server',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.pipe(peer);
      let bytes = 0;
      client.on('data', (data) => (bytes += data.length));
      client.end(Buffer.alloc(BIG / 4));
      await closed(client, peer);
      tape.log('client', bytes, client.bytesRead, client.bytesWritten);
    },
  },
  {
    name: 'idle timeout',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      tape.try('client', 'set', () => client.setTimeout(30, () => tape.log('client', 'callback')) === client);
      tape.try('client', 'value', () => client.timeout);
      await event(client, 'timeout');
      tape.try('client', 'state', () => [client.destroyed, client.listenerCount('timeout')]);
      client.setTimeout(0);
      client.destroy();
      peer.resume();
      await closed(client, peer);
    },
  },
  {
    name: 'idle timeout put off by traffic, and turned off',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      peer.resume();
      const listener = (): void => tape.log('client', 'too early');
      client.setTimeout(1000, listener);
      client.setTimeout(0, listener);
      tape.try('client', 'listeners', () => client.listenerCount('timeout'));
      client.setTimeout(250);
      let ticks = 0;
      const timer = setInterval(() => {
        client.write('x');
        if (++ticks === 4) clearInterval(timer);
      }, 50);
      await event(client, 'timeout');
      tape.log('client', 'ticks', ticks);
      client.destroy();
    },
  },
  {
    name: 'setTimeout: bad values',
    async run(net, tape) {
      const socket = new net.Socket();
      for (const value of ['100', -1, Number.NaN, Number.POSITIVE_INFINITY, {}, undefined]) {
        tape.try('socket', JSON.stringify(value) ?? 'undefined', () => socket.setTimeout(value as never) === socket);
      }
      tape.try('socket', 'callback', () => socket.setTimeout(10, 'no function' as never));
      socket.destroy();
      tape.try('socket', 'destroyed', () => socket.setTimeout(-1) === socket);
    },
  },
  {
    name: 'options return the socket, before and after connecting',
    async run(net, tape) {
      const fresh = new net.Socket();
      for (const call of ['setNoDelay', 'setKeepAlive', 'ref', 'unref', 'pause', 'resume'] as const) {
        tape.try('fresh', call, () => fresh[call]() === fresh);
      }
      const { client, peer } = await pair(
        net,
        tape,
        { noDelay: true, keepAlive: true, keepAliveInitialDelay: 2000 },
        { noDelay: true, keepAlive: true },
      );
      for (const call of ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const) {
        tape.try('client', call, () => client[call]() === client);
      }
      client.destroy();
      peer.destroy();
      for (const call of ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const) {
        tape.try('destroyed', call, () => client[call]() === client);
      }
      await closed(client);
    },
  },
  {
    name: 'bad arguments of connect',
    async run(net, tape) {
      const bad: unknown[][] = [
        [],
        [{}],
        [{ port: null }],
        [{ port: true }],
        [{ port: 'text' }],
        [{ port: '' }],
        [{ port: ' ' }],
        [{ port: -1 }],
        [{ port: 65_536 }],
        [{ port: 1.5 }],
        [{ port: Number.NaN }],
        [{ port: 80, localAddress: 'nowhere' }],
        [{ port: 80, localPort: 'text' }],
        [{ port: 80, host: 'name', lookup: 'text' }],
        [{ port: 80, autoSelectFamily: 'yes' }],
        [{ port: 80, autoSelectFamilyAttemptTimeout: -10 }],
        [{ port: 80, autoSelectFamilyAttemptTimeout: '10' }],
        [{ path: 5 }],
        [{ port: 1, keepAliveInitialDelay: 'x' }],
        [{ port: 1, objectMode: true }],
        [{ port: 1, readableObjectMode: true }],
        [{ fd: -1, port: 1 }],
        [{ fd: 'x', port: 1 }],
        [{ port: 1, signal: 'x' }],
      ];
      for (const args of bad) {
        tape.try('connect', JSON.stringify(args), () => {
          const socket = (net.connect as (...args: unknown[]) => NodeNet.Socket)(...args);
          socket.on('error', () => undefined).destroy();
          return 'accepted';
        });
      }
    },
  },
  {
    name: 'arguments of connect that are good',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end());
      const port = await listening(server);
      tape.keep(() => server.close());
      const good: unknown[][] = [
        [port, '127.0.0.1'],
        [String(port), '127.0.0.1'],
        [{ port: String(port), host: '127.0.0.1' }],
        [{ port: ` ${port} `, host: '127.0.0.1' }],
        [{ port, host: '127.0.0.1', localAddress: '127.0.0.1' }],
        [{ port, host: '127.0.0.1', family: 'IPv4' }],
        [{ port, host: '::ffff:127.0.0.1' }],
      ];
      for (const args of good) {
        const client = (net.createConnection as (...args: unknown[]) => NodeNet.Socket)(...args, () =>
          tape.log('client', 'callback'),
        );
        tape.watch('client', client).resume();
        await closed(client);
      }
    },
  },
  {
    name: 'local port that is taken',
    async run(net, tape) {
      const server = net.createServer();
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port });
      tape.watch('client', client);
      await closed(client);
    },
  },
  {
    name: 'local address and port that are free',
    async run(net, tape) {
      const server = net.createServer((socket) => {
        tape.log('server', socket.remoteAddress);
        socket.end();
      });
      const port = await listening(server);
      tape.keep(() => server.close());
      const localPort = await freePort(net);
      const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.7', localPort });
      tape.watch('client', client).resume();
      await event(client, 'connect');
      tape.log('client', client.localAddress, client.localPort === localPort);
      await closed(client);
    },
  },
  {
    name: 'a socket that connects again after it closed',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('hi'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const client = new net.Socket();
      tape.read('client', client);
      for (let round = 0; round < 2; round++) {
        client.connect(port, '127.0.0.1');
        await closed(client);
        tape.try('client', 'state', () => [client.destroyed, client.bytesRead, client.readyState]);
      }
    },
  },
  {
    name: 'an aborted signal',
    async run(net, tape) {
      const server = net.createServer();
      const port = await listening(server);
      tape.keep(() => server.close());
      const abort = new AbortController();
      const client = net.connect({ port, host: '127.0.0.1', signal: abort.signal } as never);
      tape.watch('client', client);
      await event(client, 'connect');
      abort.abort();
      await closed(client);
      const early = net.connect({ port, host: '127.0.0.1', signal: AbortSignal.abort() } as never);
      tape.watch('early', early);
      await closed(early);
    },
  },
  {
    name: 'onread: a buffer of the program',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('0123456789'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const buffer = Buffer.alloc(4);
      let text = '';
      const callback = (count: number, bytes: Uint8Array): boolean => {
        text += Buffer.from(bytes.subarray(0, count)).toString();
        return true;
      };
      const client = net.connect({ port, host: '127.0.0.1', onread: { buffer, callback } } as never);
      tape.watch('client', client);
      client.on('data', () => tape.log('client', 'data never comes'));
      await closed(client);
      tape.log('client', text, client.bytesRead);
    },
  },
  {
    name: 'onread: a callback that stops, and resume',
    async run(net, tape) {
      const server = net.createServer((socket) => socket.end('0123456789'));
      const port = await listening(server);
      tape.keep(() => server.close());
      const counts: number[] = [];
      const client: NodeNet.Socket = net.connect({
        port,
        host: '127.0.0.1',
        onread: {
          buffer: () => Buffer.alloc(4),
          callback: (count: number) => {
            counts.push(count);
            client.pause();
            setImmediate(() => client.resume());
            return false;
          },
        },
      } as never);
      tape.watch('client', client);
      await closed(client);
      tape.log('client', counts);
    },
  },
  {
    name: 'without new, prototypes and names',
    async run(net, tape) {
      const socket = (net.Socket as unknown as () => NodeNet.Socket)();
      const server = (net.Server as unknown as () => NodeNet.Server)();
      tape.log('values', socket instanceof net.Socket, server instanceof net.Server);
      tape.log('values', socket.constructor === net.Socket, server.constructor === net.Server);
      class Mine extends net.Socket {}
      const mine = new Mine();
      tape.log('values', mine instanceof net.Socket, mine instanceof Mine);
      tape.log('listeners', socket.listenerCount('end'), socket.eventNames());
      tape.log(
        'exports',
        [
          'BlockList',
          'SocketAddress',
          'Socket',
          'Stream',
          'Server',
          'connect',
          'createConnection',
          'createServer',
          'isIP',
          'isIPv4',
          'isIPv6',
          'getDefaultAutoSelectFamily',
          'setDefaultAutoSelectFamily',
          'getDefaultAutoSelectFamilyAttemptTimeout',
          'setDefaultAutoSelectFamilyAttemptTimeout',
        ].map((name) => typeof (net as unknown as Record<string, unknown>)[name]),
      );
      tape.log('values', net.isIP('::1'), net.isIPv4('1.2.3.4'), net.isIPv6('x'), net.getDefaultAutoSelectFamily());
      tape.log('values', net.getDefaultAutoSelectFamilyAttemptTimeout());
      tape.try('values', 'set', () => net.setDefaultAutoSelectFamily('yes' as never));
      tape.try('values', 'set', () => net.setDefaultAutoSelectFamilyAttemptTimeout(0));
      mine.destroy();
    },
  },
  {
    name: 'a listener that throws reaches uncaughtException, and the socket goes on',
    async run(net, tape) {
      const { client, peer } = await pair(net, tape);
      const before = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      const thrown = event(process, 'uncaughtException');
      client.once('data', () => {
        throw new Error('from a listener');
      });
      peer.write('one');
      tape.log('process', (await thrown)[0]);
      for (const listener of before) process.on('uncaughtException', listener);
      client.on('data', (data) => tape.log('client', 'data', data));
      peer.end('two');
      await closed(client, peer);
    },
  },
];
