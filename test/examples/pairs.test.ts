/** Lessons that talk to another program: with each other, and with C, Python and nc at the other end, both ways round. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Workshop } from '../peers/run.ts';
import { Lessons, portOf } from './lessons.ts';

let lessons: Lessons;
let workshop: Workshop;
beforeAll(async () => {
  [lessons, workshop] = await Promise.all([Lessons.bundle(), Workshop.open()]);
});
afterEach(() => workshop.clear());
afterAll(async () => {
  await lessons?.[Symbol.asyncDispose]();
  await workshop?.[Symbol.asyncDispose]();
});

const ANY_PORT = { PORT: '0' };

describe('27, TCP server and client', () => {
  test('with each other', async () => {
    const server = lessons.start('27-tcp-server', [], ANY_PORT);
    const port = await portOf(server);
    const client = lessons.start('27-tcp-client', [], { PORT: String(port) });
    client.write('hello\n');
    await server.says('Client-> hello');
    server.write('good day\n');
    await client.says('Server-> good day');
    client.end();
    expect(await client.exits()).toBe(0);
    await server.says('the connection is over');
    expect(await server.exits()).toBe(0);
  });

  test("our server with C's client", async () => {
    const server = lessons.start('27-tcp-server', [], ANY_PORT);
    const client = workshop.c('tcp_chat_client', '127.0.0.1', String(await portOf(server)));
    client.write('from C\n');
    await server.says('Client-> from C');
    server.write('to C\n');
    await client.says('Server-> to C');
    client.end();
    expect(await server.exits()).toBe(0);
  });

  test("our client with C's server", async () => {
    const server = workshop.c('tcp_chat_server', '127.0.0.1', '0');
    const client = lessons.start('27-tcp-client', [], { PORT: String(await server.port()) });
    client.write('to C\n');
    await server.says('to C');
    server.write('from C\n');
    await client.says('Server-> from C');
    client.end();
    expect(await client.exits()).toBe(0);
  });

  test('nobody listens: the client says so and ends with an error', async () => {
    const server = lessons.start('27-tcp-server', [], ANY_PORT);
    const port = await portOf(server);
    server.child.kill('SIGINT');
    await server.exits();
    const client = lessons.start('27-tcp-client', [], { PORT: String(port) });
    expect(await client.exits()).toBe(1);
    expect(client.stderr).toBe('connect error: Connection refused\n');
  });
});

test('28, iterative: the second client is answered when the first has left', async () => {
  const server = lessons.start('28-', [], ANY_PORT);
  const port = String(await portOf(server));
  const first = workshop.run('nc', '127.0.0.1', port);
  first.write('first\n');
  await first.says('first');
  const second = workshop.run('nc', '127.0.0.1', port);
  second.write('second\n');
  first.write('again\n');
  await first.says('again');
  expect(second.stdout).toBe('');
  first.child.kill();
  await server.says('client 1: 12 bytes and back');
  await second.says('second');
  server.child.kill('SIGINT');
  await server.exits();
  expect(server.stderr).toBe('');
});

describe('29, concurrent server and its client', () => {
  test('two clients at once, one of them in Python', async () => {
    const server = lessons.start('29-concurrent-server', [], ANY_PORT);
    const port = String(await portOf(server));
    const python = workshop.python('tcp_echo_client', '127.0.0.1', port);
    python.write('from Python\n');
    await python.says('Your data was 11 bytes long');
    const ours = lessons.start('29-concurrent-client', [], { PORT: port });
    ours.write('hello\n');
    await ours.says('Your data was 5 bytes long');
    await server.says('2 at once');
    python.write('still here\n');
    await python.says('Your data was 10 bytes long');
    python.end('exit\n');
    ours.end('exit\n');
    expect(await python.exits()).toBe(0);
    expect(await ours.exits()).toBe(0);
    server.child.kill('SIGINT');
    await server.says('closed');
    expect(await server.exits()).toBe(0);
  });

  test("our client with Python's server", async () => {
    const server = workshop.python('tcp_echo_server', '127.0.0.1', '0');
    const client = lessons.start('29-concurrent-client', [], { PORT: String(await server.port()) });
    client.end('to Python\nexit\n');
    expect(await client.exits()).toBe(0);
    expect(client.stdout).toContain('response-> Your data was 9 bytes long');
    expect(client.stdout).toMatch(/client socket-> 127\.0\.0\.1:\d+/);
  });

  test('Ctrl-C with a client in the middle', async () => {
    const server = lessons.start('29-concurrent-server', [], ANY_PORT);
    workshop.run('nc', '127.0.0.1', String(await portOf(server)));
    await server.says('1 at once');
    server.child.kill('SIGINT');
    await server.says('closed');
    expect(await server.exits()).toBe(0);
    expect(server.stderr).toBe('');
  });
});

test('30, chat: everybody else hears what one says; nc is a client, too', async () => {
  const server = lessons.start('30-chat-server', [], ANY_PORT);
  const port = String(await portOf(server));
  const alice = lessons.start('30-chat-client', ['alice'], { PORT: port });
  const nc = workshop.run('nc', '127.0.0.1', port);
  await server.says('2 in the room');
  alice.write('hello\n');
  await nc.says('alice: hello');
  nc.write('two words');
  nc.write(' in pieces\n');
  await alice.says('two words in pieces\n');
  expect(alice.stdout).not.toContain('alice: hello');
  nc.child.kill();
  await server.until('one left', () => server.stdout.trimEnd().endsWith('1 in the room'));
  server.child.kill('SIGINT');
  expect(await server.exits()).toBe(0);
  alice.end();
  expect(await alice.exits()).toBe(0);
});

describe('31, UDP server and client', () => {
  test('with each other', async () => {
    const server = lessons.start('31-udp-server', [], ANY_PORT);
    const client = lessons.start('31-udp-client', [], { PORT: String(await portOf(server)) });
    client.write('hello\n');
    await server.says('Client-> hello');
    server.write('good day\n');
    await client.says('Server-> good day');
    client.end();
    expect(await client.exits()).toBe(0);
  });

  test("our client with C's server", async () => {
    const server = workshop.c('udp_chat_server', '127.0.0.1', '0');
    const client = lessons.start('31-udp-client', [], { PORT: String(await server.port()) });
    client.write('to C\n');
    await server.says('to C');
    server.write('from C\n');
    await client.says('Server-> from C');
  });

  test("our server with C's client", async () => {
    const server = lessons.start('31-udp-server', [], ANY_PORT);
    const client = workshop.c('udp_chat_client', '127.0.0.1', String(await portOf(server)));
    client.write('from C\n');
    await server.says('Client-> from C');
    server.write('to C\n');
    await client.says('to C');
  });
});

test("32, one UDP socket: Python's client", async () => {
  const server = lessons.start('32-', ['serve'], ANY_PORT);
  const client = workshop.python('udp_echo_client', '127.0.0.1', String(await portOf(server)));
  client.end('from Python\nexit\n');
  expect(await client.exits()).toBe(0);
  expect(client.stdout).toContain('Your data was 11 bytes long');
  await server.says('closed');
  expect(await server.exits()).toBe(0);
});

describe('34, HTTP client', () => {
  test("with Python's web server", async () => {
    const server = workshop.run('python3', '-u', '-m', 'http.server', '0', '--bind', '127.0.0.1');
    await server.says('Serving HTTP');
    const port = /port (\d+)/.exec(server.stdout)?.[1] ?? '';
    const client = lessons.start('34-', ['127.0.0.1', 'localhost', port]);
    expect(await client.exits(), client.stderr).toBe(0);
    expect(client.stdout).toMatch(/^HTTP\/1\.0 200 OK\r?\nServer: SimpleHTTP/);
    expect(client.stdout).toContain('</html>');
  });

  test('what is no address, and nobody there', async () => {
    const wrong = lessons.start('34-', ['010.0.0.1']);
    expect(await wrong.exits()).toBe(1);
    expect(wrong.stderr).toBe("inet_pton: '010.0.0.1' is no IPv4 address\n");
    const nobody = lessons.start('34-', ['127.0.0.1', 'localhost', '1']);
    expect(await nobody.exits()).toBe(1);
    expect(nobody.stderr).toBe('connect error: Connection refused\n');
  });
});

test("36, HTTPS client with openssl's server, its certificate among Node's authorities", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-https-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
    const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert, ...subject], { stdio: 'pipe' });
    const server = workshop.run('openssl', 's_server', '-accept', '127.0.0.1:0', '-www', '-key', key, '-cert', cert);
    await server.says('ACCEPT');
    const port = /ACCEPT \S*:(\d+)/.exec(server.stdout)?.[1] ?? '';
    const trusting = { NODE_EXTRA_CA_CERTS: cert };
    const client = lessons.start('36-', ['127.0.0.1', 'localhost', port], trusting);
    expect(await client.exits(), client.stderr).toBe(0);
    expect(client.stdout).toMatch(/^HTTP\/1\.0 200 ok over TLSv1\.3/i);
    const doubting = lessons.start('36-', ['127.0.0.1', 'localhost', port]);
    expect(await doubting.exits()).toBe(1);
    expect(doubting.stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
