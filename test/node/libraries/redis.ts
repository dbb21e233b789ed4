/**
 * Runs in a process of its own: ioredis, unchanged, with a small server of the Redis protocol, both on `barewire/net`.
 * Prints what happened, as JSON.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type * as RedisPackage from 'ioredis';
import { createServer, Socket } from '../../../src/node/net.ts';
import { asked } from '../../support/facade-hook.ts';

const { Redis } = createRequire(import.meta.url)('ioredis') as typeof RedisPackage;

/** The commands of one connection, as lists of words: https://redis.io/docs/latest/develop/reference/protocol-spec/. */
class Commands {
  #bytes = Buffer.alloc(0);

  *add(chunk: Buffer): Generator<string[]> {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    for (let words = this.#take(); words !== null; words = this.#take()) yield words;
  }

  #take(): string[] | null {
    let at = 0;
    const line = (): string | null => {
      const end = this.#bytes.indexOf('\r\n', at);
      if (end < 0) return null;
      const text = this.#bytes.toString('latin1', at + 1, end);
      at = end + 2;
      return text;
    };
    const count = line();
    if (count === null) return null;
    const words: string[] = [];
    for (let index = 0; index < Number(count); index++) {
      const length = line();
      if (length === null || this.#bytes.length < at + Number(length) + 2) return null;
      words.push(this.#bytes.toString('utf8', at, at + Number(length)));
      at += Number(length) + 2;
    }
    this.#bytes = this.#bytes.subarray(at);
    return words;
  }
}

const bulk = (text: string | undefined): string =>
  text === undefined ? '$-1\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const list = (...parts: string[]): string => `*${parts.length}\r\n${parts.join('')}`;

const store = new Map<string, string>();
const subscribers = new Map<string, Set<Socket>>();

function answer(socket: Socket, [command = '', ...args]: string[]): string {
  const [key = '', value = ''] = args;
  switch (command.toLowerCase()) {
    case 'info':
      return bulk('redis_version:7.0.0\r\nloading:0\r\n');
    case 'ping':
      return '+PONG\r\n';
    case 'set':
      store.set(key, value);
      return '+OK\r\n';
    case 'get':
      return bulk(store.get(key));
    case 'incr':
      store.set(key, String(Number(store.get(key) ?? 0) + 1));
      return `:${store.get(key)}\r\n`;
    case 'subscribe': {
      const set = subscribers.get(key) ?? new Set();
      subscribers.set(key, set.add(socket));
      return list(bulk('subscribe'), bulk(key), `:${set.size}\r\n`);
    }
    case 'publish': {
      const set = subscribers.get(key) ?? new Set();
      for (const to of set) to.write(list(bulk('message'), bulk(key), bulk(value)));
      return `:${set.size}\r\n`;
    }
    case 'hangup':
      setImmediate(() => socket.resetAndDestroy());
      return '';
    case 'quit':
      setImmediate(() => socket.end());
      return '+OK\r\n';
    default:
      return `-ERR unknown command '${command}'\r\n`;
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  const commands = new Commands();
  socket.on('data', (chunk: Buffer) => {
    socket.cork();
    for (const words of commands.add(chunk)) socket.write(answer(socket, words));
    socket.uncork();
  });
  socket.on('error', () => undefined);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as { port: number };

const results: Record<string, unknown> = {};
const options = { port, host: '127.0.0.1', retryStrategy: () => 10, maxRetriesPerRequest: 0 };
const client = new Redis(options);
client.on('error', () => undefined);
results.ping = await client.ping();
results.ours = (client as unknown as { stream: unknown }).stream instanceof Socket;
await client.set('greeting', 'grüße');
results.get = await client.get('greeting');
results.none = await client.get('nothing');

const big = 'x'.repeat(2 << 20);
await client.set('big', big);
results.big = (await client.get('big')) === big;

const pipeline = client.pipeline();
for (let index = 0; index < 1000; index++) pipeline.incr('counter');
results.pipeline = (await pipeline.exec())?.at(-1);

const subscriber = new Redis(options);
await subscriber.subscribe('news');
const heard = once(subscriber, 'message');
results.published = await client.publish('news', 'hello');
results.heard = await heard;

const again = new Promise((resolve) => client.once('ready', resolve));
client.call('hangup').catch(() => undefined);
await again;
results.afterReset = await client.incr('counter');

subscriber.disconnect();
await client.quit();
server.close();
await once(server, 'close');
results.asked = [...asked.keys()];
console.log(JSON.stringify(results));
