/** node:http, node:https, undici, fetch, curl and openssl talk over our sockets, as clients and as servers. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createSecureServer, get as getSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer, TLSSocket, connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import { Agent, fetch as undiciFetch, request as undiciRequest } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { kernel } from '../../src/index.ts';
import {
  connector,
  httpAgent,
  httpsAgent,
  type Serving,
  secure,
  serveHttp,
  serveTls,
  toDuplex,
} from '../../src/node/index.ts';
import { AF_INET, AF_UNIX, SO, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { type Certificate, makeCertificate } from '../support/certificate.ts';

const run = promisify(execFile);
let certificate: Certificate;
beforeAll(() => {
  certificate = makeCertificate();
});
afterAll(() => certificate.remove());

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

let unique = 0;
const abstractName = (): string => `barewire-http-${process.pid}-${++unique}`;

function listenUnix(name: string): Socket {
  const listener = kernel.socket(AF_UNIX, SOCK_STREAM);
  listener.bind(`unix:@${name}`);
  listener.listen();
  return listener;
}

function listenTcp(): { listener: Socket; port: number } {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  return { listener, port: (listener.getsockname() as { port: number }).port };
}

function keep(serving: Serving): Serving {
  cleanup.push(() => serving.closeAll());
  return serving;
}

const echo = (message: IncomingMessage, response: import('node:http').ServerResponse): void => {
  response.setHeader('x-url', message.url ?? '');
  message.pipe(response);
};

/** A server of Node's own, for our clients. */
async function nodeServer(): Promise<{ server: Server; port: number; peers: Set<string | undefined> }> {
  const peers = new Set<string | undefined>();
  const server = createServer((message, response) => {
    peers.add(message.socket.remoteAddress);
    echo(message, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, port: (server.address() as AddressInfo).port, peers };
}

describe('servers', () => {
  test('curl over a Unix abstract socket', async () => {
    const name = abstractName();
    const serving = keep(serveHttp(createServer(echo), listenUnix(name)));
    const { stdout } = await run('curl', [
      ...['-sS', '--abstract-unix-socket', name, '-d', 'body', '-w', ' %{http_code}\n'],
      ...['http://any/one', 'http://any/two'],
    ]);
    expect(stdout).toBe('body 200\nbody 200\n');
    await serving.close();
    expect(serving.connections.size).toBe(0);
  });

  test('curl uploads and downloads a big body over TCP', async () => {
    const { listener, port } = listenTcp();
    keep(serveHttp(createServer(echo), listener));
    const body = 'x'.repeat(3 << 20);
    const url = `http://127.0.0.1:${port}/`;
    const small = await run('curl', ['-sS', '-d', 'body', '-w', ' %{num_connects}\n', url, url]);
    expect(small.stdout, 'the second request uses the first connection').toBe('body 1\nbody 0\n');
    const child = spawn('curl', ['-sS', '--data-binary', '@-', url]);
    child.stdin.end(body);
    expect((await text(child.stdout)) === body).toBe(true);
  });

  test('curl over https, and the server knows the addresses', async () => {
    const { listener, port } = listenTcp();
    const server = createSecureServer({ key: certificate.key, cert: certificate.cert }, (message, response) => {
      response.end(`${message.socket.remoteAddress} ${message.socket instanceof TLSSocket}`);
    });
    keep(serveHttp(server, listener));
    const { stdout } = await run('curl', ['-sS', '--cacert', certificate.certFile, `https://localhost:${port}/`]);
    expect(stdout).toBe('127.0.0.1 true');
  });

  test('an upgrade hands over the stream', async () => {
    const { listener, port } = listenTcp();
    const server = createServer();
    server.on('upgrade', (_, stream) => {
      stream.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
      stream.pipe(stream);
    });
    keep(serveHttp(server, listener));
    const asked = request({ port, host: '127.0.0.1', headers: { connection: 'upgrade', upgrade: 'echo' } }).end();
    const [, stream] = (await once(asked, 'upgrade')) as [unknown, import('node:stream').Duplex];
    stream.end('over the upgraded stream');
    expect(await text(stream)).toBe('over the upgraded stream');
  });

  test('a request that never ends is timed out as by Node', async () => {
    const { listener } = listenTcp();
    const server = createServer({ headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 50 });
    keep(serveHttp(server, listener));
    const client = kernel.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.getsockname());
    await client.sendAll('GET / HTTP/1.1\r\nHost: any\r\n');
    expect(await text(toDuplex(client))).toMatch(/^HTTP\/1.1 408 Request Timeout/);
  });
});

describe('clients', () => {
  test('http.request through httpAgent, keep-alive and all', async () => {
    const { port } = await nodeServer();
    const sockets: Socket[] = [];
    const agent = httpAgent({ keepAlive: true, prepare: (socket) => sockets.push(socket) });
    cleanup.push(() => agent.destroy());
    for (const body of ['one', 'two']) {
      const asked = request({ host: '127.0.0.1', port, method: 'POST', agent });
      asked.end(body);
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      expect(await text(response)).toBe(body);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sockets).toHaveLength(1);
  });

  test('a name with several addresses, and what a refused connection says', async () => {
    const { port } = await nodeServer();
    const asked = get({ host: 'localhost', port, agent: httpAgent() });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    response.resume();
    const refused = get({ host: '127.0.0.1', port: 1, agent: httpAgent() });
    expect((await once(refused, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', port: 1 });
  });

  test('bound to a device and to an address', async () => {
    const { port, peers } = await nodeServer();
    const devices: string[] = [];
    const agent = httpAgent({
      device: 'lo',
      localAddress: '127.0.0.9',
      prepare: (socket) => devices.push(socket.get(SO.BINDTODEVICE)),
    });
    const asked = get({ host: '127.0.0.1', port, agent });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    expect(devices).toEqual(['lo']);
    expect([...peers]).toEqual(['127.0.0.9']);
  });

  test('https.request through httpsAgent checks the certificate', async () => {
    const server = createSecureServer({ key: certificate.key, cert: certificate.cert }, echo).listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanup.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const asked = getSecure({ host: 'localhost', port, path: '/x', agent: httpsAgent({ ca: certificate.cert }) });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.headers['x-url']).toBe('/x');
    expect(response.socket.remotePort).toBe(port);
    response.resume();
    const distrusted = getSecure({ host: 'localhost', port, agent: httpsAgent() });
    expect((await once(distrusted, 'error'))[0]).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  });

  test("undici's request and fetch, and the global fetch, over a Unix abstract socket", async () => {
    const name = abstractName();
    keep(serveHttp(createServer(echo), listenUnix(name)));
    const dispatcher = new Agent({ connect: connector({ to: `unix:@${name}` }) });
    cleanup.push(() => dispatcher.close());
    const first = await undiciRequest('http://any/a', { method: 'POST', body: 'by request', dispatcher });
    expect(await first.body.text()).toBe('by request');
    const second = await undiciFetch('http://any/b', { method: 'POST', body: 'by fetch', dispatcher });
    expect(await second.text()).toBe('by fetch');
    expect(second.headers.get('x-url')).toBe('/b');
    const options = { method: 'POST', body: 'by the global one', dispatcher } as unknown as RequestInit;
    expect(await (await fetch('http://any/c', options)).text()).toBe('by the global one');
  });

  test('undici over https with a socket bound to a device', async () => {
    const { listener, port } = listenTcp();
    keep(serveHttp(createSecureServer({ key: certificate.key, cert: certificate.cert }, echo), listener));
    const connect = connector({ device: 'lo', tls: { ca: certificate.cert } });
    const dispatcher = new Agent({ connect });
    cleanup.push(() => dispatcher.close());
    const big = 'y'.repeat(1 << 20);
    const answer = await undiciRequest(`https://localhost:${port}/`, { method: 'POST', body: big, dispatcher });
    expect((await answer.body.text()) === big).toBe(true);
    const failing = new Agent({ connect: connector() });
    cleanup.push(() => failing.close());
    await expect(undiciRequest(`https://localhost:${port}/`, { dispatcher: failing })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
  });
});

describe('tls', () => {
  test("our client with openssl's server", async () => {
    const child = spawn('openssl', [
      ...['s_server', '-accept', '127.0.0.1:0', '-rev', '-naccept', '1'],
      ...['-key', certificate.keyFile, '-cert', certificate.certFile],
    ]);
    cleanup.push(() => child.kill());
    let said = '';
    const port = await new Promise<number>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        said += part;
        const found = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said);
        if (found !== null) resolve(Number(found[1]));
      });
    });
    const socket = kernel.socket(AF_INET, SOCK_STREAM);
    await socket.connect(`127.0.0.1:${port}`);
    const client = secure(socket, { servername: 'localhost', ca: certificate.cert });
    client.write('hello\n');
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(true);
    expect(client.remotePort).toBe(port);
    expect(String((await once(client, 'data'))[0])).toBe('olleh\n');
    client.end();
    await once(client, 'close');
    expect(socket.closed).toBe(true);
  });

  test("openssl's client with our server", async () => {
    const { listener, port } = listenTcp();
    const server = createTlsServer({ key: certificate.key, cert: certificate.cert }, (stream) => {
      stream.write(`you are ${stream.remoteAddress}\n`);
      stream.pipe(stream);
    });
    keep(serveTls(server, listener));
    const child = spawn('openssl', [
      ...['s_client', '-quiet', '-verify_return_error', '-CAfile', certificate.certFile, '-servername', 'localhost'],
      ...['-connect', `127.0.0.1:${port}`],
    ]);
    cleanup.push(() => child.kill());
    let said = '';
    child.stdout.setEncoding('utf8');
    child.stdin.write('ping\n');
    for await (const part of child.stdout) {
      said += part;
      if (said.includes('ping')) break;
    }
    expect(said).toBe('you are 127.0.0.1\nping\n');
  });

  test('tls.connect and TLSSocket take our streams as they are', async () => {
    const [one, other] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const secured = new TLSSocket(toDuplex(other), {
      isServer: true,
      key: certificate.key,
      cert: certificate.cert,
    });
    secured.pipe(secured);
    const client = tlsConnect({
      socket: toDuplex(one),
      servername: 'localhost',
      ca: certificate.cert,
    });
    const big = Buffer.alloc(1 << 20, 'z');
    client.end(big);
    const chunks: Buffer[] = [];
    client.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(client, 'end');
    expect(Buffer.concat(chunks).equals(big)).toBe(true);
  });
});
