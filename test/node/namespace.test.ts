/** Streams, HTTP and fetch work on the sockets of a network namespace, which nothing outside it can reach. */
import { createServer } from 'node:http';
import { Agent, request } from 'undici';
import { expect, test } from 'vitest';
import { NetworkNamespace } from '../../src/index.ts';
import { connector, serveHttp, toDuplex } from '../../src/node/index.ts';
import { AF_INET, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';

describeInNamespace(import.meta.url, 'in a namespace of their own', () => {
  function listenIn(inside: NetworkNamespace): Socket {
    const listener = inside.socket(AF_INET, SOCK_STREAM);
    listener.bind('127.0.0.1:80');
    listener.listen();
    return listener;
  }

  test('an HTTP server and its client', async () => {
    using inside = NetworkNamespace.create('web', { loopback: true });
    await using _serving = serveHttp(
      createServer((message, response) => response.end(`${message.method} ${message.url}`)),
      listenIn(inside),
    );
    const dispatcher = new Agent({ connect: connector({ via: inside }) });
    const { body } = await request('http://127.0.0.1/inside', { dispatcher });
    expect(await body.text()).toBe('GET /inside');
    await dispatcher.close();
  });

  test('one that was closed makes no socket in another that has its number now', () => {
    const gone = NetworkNamespace.create('gone');
    gone.close();
    using other = NetworkNamespace.create('other', { loopback: true });
    expect(other.fd).toBe(gone.fd);
    expect(() => gone.socket(AF_INET, SOCK_STREAM)).toThrow(/setns EBADF/);
    expect(() => gone.run(() => undefined)).toThrow(/setns EBADF/);
    gone.close();
    other.socket(AF_INET, SOCK_STREAM).close();
  });

  test('a stream that outlives the namespace object', async () => {
    const inside = NetworkNamespace.create('streams', { loopback: true });
    using listener = listenIn(inside);
    const client = inside.socket(AF_INET, SOCK_STREAM);
    await client.connect('127.0.0.1:80');
    const served = toDuplex(await listener.accept());
    inside.close();
    served.end('from inside');
    let text = '';
    for await (const chunk of toDuplex(client)) text += String(chunk);
    expect(text).toBe('from inside');
  });
});
