/** The echo pair: our ends with each other and with the Python programs, byte for byte, over TCP and UDP. */
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Program, Workshop } from '../peers/run.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.clear());
afterAll(() => workshop[Symbol.asyncDispose]());

const answer = (bytes: number): string => `Your data was ${bytes} bytes long\n`;

type Side = 'ours' | 'python';

async function serve(side: Side, udp: boolean): Promise<{ server: Program; port: string }> {
  const server =
    side === 'python'
      ? workshop.python(udp ? 'udp_echo_server' : 'tcp_echo_server', '127.0.0.1', '0')
      : workshop.cli('echo', 'serve', ...(udp ? ['--udp'] : []), '0');
  return { server, port: String(await server.port()) };
}

function send(udp: boolean, port: string, ...more: string[]): Program {
  return workshop.cli('echo', 'send', ...(udp ? ['--udp'] : []), '127.0.0.1', port, ...more);
}

describe.each([
  ['TCP', false],
  ['UDP', true],
] as const)('over %s', (_, udp) => {
  it.each<[Side]>([['ours'], ['python']])('our client with the server of %s', async (side) => {
    const { port } = await serve(side, udp);
    const client = send(udp, port);
    client.end('hi\ngrüße\nthis line has no end');
    expect(await client.exits()).toBe(0);
    expect(client.stdout).toBe(answer(2) + answer(7) + answer(20));
    expect(client.stderr).toBe('');
  });

  it('our server with the client of python', async () => {
    const { server, port } = await serve('ours', udp);
    const client = workshop.python(udp ? 'udp_echo_client' : 'tcp_echo_client', '127.0.0.1', port);
    client.end('hi\ngrüße\nexit\nnot sent\n');
    expect(await client.exits()).toBe(0);
    const said = (bytes: number): string => `server response-> 'Your data was ${bytes} bytes long'\n`;
    expect(client.stdout).toBe(said(2) + said(7));
    await server.says(' left');
    expect(server.stdout).toContain('request-> grüße\n');
  });

  it('"exit" ends the one who says it and nobody else', async () => {
    const { port } = await serve('ours', udp);
    const stays = send(udp, port);
    stays.write('before\n');
    await stays.says(answer(6));
    const leaves = send(udp, port);
    leaves.end('exit\n');
    expect(await leaves.exits()).toBe(0);
    expect(leaves.stdout).toBe('');
    stays.end('after!!\n');
    expect(await stays.exits()).toBe(0);
    expect(stays.stdout).toBe(answer(6) + answer(7));
  });

  it('tells records, and refusal, in one line', async () => {
    const { port } = await serve('ours', udp);
    const client = send(udp, port, '--json');
    client.end('hi\n');
    expect(await client.exits()).toBe(0);
    const records = client.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(records).toMatchObject([
      { v: 1, type: 'connected', port: Number(port) },
      { type: 'answer', text: 'Your data was 2 bytes long' },
      { type: 'summary', reason: 'done', requests: 1, answers: 1 },
    ]);
    const refused = send(udp, '1');
    refused.end('hi\n');
    expect(await refused.exits()).toBe(1);
    expect(refused.stderr).toMatch(/^barewire echo send: 127\.0\.0\.1:1 answered .*nothing listens.*\n$/);
  });
});

it('parts the answers to a message that TCP parted', async () => {
  for (const side of ['ours', 'python'] as const) {
    const { port } = await serve(side, false);
    const client = send(false, port);
    client.end(`${'x'.repeat(3000)}\nhi\n`);
    expect(await client.exits()).toBe(0);
    const lengths = [...client.stdout.matchAll(/^Your data was (\d+) bytes long$/gm)].map((match) => Number(match[1]));
    expect(lengths.at(-1)).toBe(2);
    expect(lengths.slice(0, -1).reduce((sum, length) => sum + length, 0)).toBe(3000);
  }
});

it('cuts a datagram of more than 1024 bytes as recvfrom(1024) does, and answers an empty one', async () => {
  const { port } = await serve('ours', true);
  const client = send(true, port);
  client.end(`${'x'.repeat(3000)}\n\n`);
  expect(await client.exits()).toBe(0);
  expect(client.stdout).toBe(answer(1024) + answer(0));
});

it('does not wait for ever: not for an empty line, a silent server, or one that closes', async () => {
  const { port } = await serve('ours', false);
  const client = send(false, port);
  client.end('\nhi\n');
  expect(await client.exits()).toBe(0);
  expect([client.stdout, client.stderr]).toEqual([answer(2), 'an empty line sends nothing over TCP\n']);

  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const at = (server: typeof silent): string => String((server.address() as { port: number }).port);
  const waits = send(false, at(silent), '--timeout', '0.2', '--json');
  waits.write('hi\n');
  expect(await waits.exits()).toBe(1);
  expect(waits.stderr).toBe(`barewire echo send: 127.0.0.1:${at(silent)}: no answer in time\n`);
  expect(JSON.parse(waits.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    type: 'summary',
    reason: 'deadline',
  });
  silent.close();

  const closing = createServer((socket) => socket.once('data', () => socket.end()));
  await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
  const missed = send(false, at(closing));
  missed.write('hi\n');
  expect(await missed.exits()).toBe(1);
  expect(missed.stderr).toBe('barewire echo send: the server closed the connection without an answer\n');
  closing.close();
});

it('stops with 130 on Ctrl-C, both ends', async () => {
  const { server, port } = await serve('ours', false);
  const client = send(false, port);
  client.write('hi\n');
  await client.says(answer(2));
  client.child.kill('SIGINT');
  expect(await client.exits()).toBe(130);
  server.child.kill('SIGINT');
  expect(await server.exits()).toBe(130);
  expect(server.stderr).toContain('answered 1 messages');
});

it('serves IPv6, and a client that is reset ends alone', async () => {
  const server = workshop.cli('echo', 'serve', '::1', '0');
  const port = await server.port();
  const rude = connect({ port, host: '::1' });
  rude.write('hello');
  await server.says('request-> hello');
  rude.resetAndDestroy();
  await server.says('left (connection reset)');
  const client = workshop.cli('echo', 'send', '::1', String(port));
  client.end('hi\n');
  expect(await client.exits()).toBe(0);
  expect(client.stdout).toBe(answer(2));
});

it('prompts at a terminal', async () => {
  const { port } = await serve('ours', false);
  const pty = new URL('../peers/terminal.py', import.meta.url).pathname;
  const client = workshop.run(
    'python3',
    pty,
    '24',
    '80',
    process.execPath,
    workshop.cliPath,
    'echo',
    'send',
    '::ffff:127.0.0.1',
    port,
  );
  await client.says('client request-> ');
  client.write('hi\r');
  await client.says('Your data was 2 bytes long');
  client.write('exit\r');
  expect(await client.exits()).toBe(0);
});
