/** The chat over TCP: our two ends, the C programs as either end, and peers that misbehave. */
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Program, Workshop } from '../peers/run.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.clear());
afterAll(() => workshop[Symbol.asyncDispose]());

async function serve(...args: string[]): Promise<{ server: Program; port: string }> {
  const server = workshop.cli('chat', 'serve', ...args);
  return { server, port: String(await server.port()) };
}

/** A bare TCP client: what it got so far, and waiting for more. */
class Bare {
  readonly socket: Socket;
  text = '';
  closed = false;
  constructor(port: string, host = '127.0.0.1') {
    this.socket = connect({ port: Number(port), host });
    this.socket.on('data', (data) => (this.text += data.toString()));
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('error', () => undefined);
  }
  async until(what: string | (() => boolean)): Promise<void> {
    const check = typeof what === 'string' ? (): boolean => this.text.includes(what) : what;
    for (let i = 0; !check(); i++) {
      if (i > 1000) throw new Error(`waited for ${String(what)}, got: ${this.text.slice(-2000)}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function records(program: Program): Record<string, unknown>[] {
  return program.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('our server and our clients', () => {
  it('carries lines between clients and the operator, and tells comings and goings', async () => {
    const { server, port } = await serve('127.0.0.1', '0');
    const alice = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'alice');
    await alice.says('* welcome alice, nobody else is here');
    const bob = workshop.cli('chat', 'join', 'localhost', port, '--name', 'bob');
    await bob.says('* welcome bob, with alice');
    await alice.says('* bob joined');
    bob.write('hello, grüße 👋\n');
    await alice.says('bob: hello, grüße 👋');
    server.write('from the operator\n');
    await Promise.all([alice.says('server: from the operator'), bob.says('server: from the operator')]);
    alice.write('/who\n');
    await alice.says('* 2 here: alice, bob');
    bob.write('/quit\n');
    expect(await bob.exits()).toBe(0);
    await alice.says('* bob left');
    expect(bob.stdout).not.toContain('bob: hello');
    expect(bob.stdout).not.toContain('you:');
  });

  it('gives a second alice another name', async () => {
    const { port } = await serve('0');
    const first = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'alice');
    await first.says('welcome alice,');
    const second = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'Alice');
    await second.says('welcome Alice-2,');
    second.write('/name you\n/name server\n/name bad name\n');
    await second.says('* you are now you-2');
    await second.says('* you are now server-2');
    await second.says('* a name has 1 to 32');
    await first.says('* Alice-2 is now you-2');
  });

  it('works in a pipe: plain lines, half-close at the end, the last answers printed', async () => {
    const { port } = await serve('0');
    const other = new Bare(port);
    other.socket.write('/name other\n');
    await other.until('welcome other');
    const pipe = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'pipe');
    pipe.end('one\ntwo\nlast without newline');
    expect(await pipe.exits()).toBe(0);
    expect(pipe.stdout).toBe('* welcome pipe, with other\n');
    expect(pipe.stderr).toBe('');
    await other.until('* pipe left');
    expect(other.text).toContain('pipe: one\npipe: two\npipe: last without newline\n');
  });

  it('serves on when its own input ends', async () => {
    const { server, port } = await serve('0');
    server.end('good evening\n');
    const client = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'late');
    await client.says('welcome late');
    client.end('still there?\n');
    expect(await client.exits()).toBe(0);
    await server.says('late: still there?');
  });

  it('listens on IPv6 and on every interface when told', async () => {
    const { server, port } = await serve('::', '0');
    const six = workshop.cli('chat', 'join', '::1', port, '--name', 'six');
    await six.says('welcome six');
    const four = workshop.cli('chat', 'join', '-4', 'localhost', port, '--name', 'four');
    await six.says('* four joined');
    const bare = new Bare(port);
    bare.socket.write('hi\n');
    await server.says('* 127.0.0.1:');
    four.end();
    expect(await four.exits()).toBe(0);
  });

  it('ends with 130 and a summary line on Ctrl-C, having said goodbye', async () => {
    const { server, port } = await serve('0');
    const client = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'hasty');
    await client.says('welcome hasty');
    client.child.kill('SIGINT');
    expect(await client.exits()).toBe(130);
    expect(client.stderr).toMatch(/^barewire chat join: sent 0 lines, received 0, [\d.]+ s\n$/);
    await server.says('* hasty left\n');
    const stays = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'stays');
    await stays.says('welcome stays');
    server.child.kill('SIGINT');
    expect(await server.exits()).toBe(130);
    expect(await stays.exits()).toBe(0);
    expect(stays.stdout).toContain('* the server is closing');
    expect(server.stderr).toContain('served 2 clients (at most 1 at once), 0 messages');
  });

  it('tells NDJSON events, typed, with one summary at the end', async () => {
    const { server, port } = await serve('0', '--json');
    const client = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'json', '--json');
    client.end('hi\n');
    expect(await client.exits()).toBe(0);
    server.child.kill('SIGINT');
    await server.exits();
    const own = records(client);
    expect(own.map((record) => record.type)).toEqual(['connected', 'welcome', 'delivered', 'summary']);
    expect(own[0]).toMatchObject({ v: 1, address: '127.0.0.1', port: Number(port) });
    expect(own.at(-1)).toMatchObject({ reason: 'done', sent: 1, delivered: 1, received: 0 });
    const theirs = records(server);
    expect(theirs.map((record) => record.type)).toEqual(['listening', 'joined', 'message', 'left', 'summary']);
    expect(theirs[2]).toMatchObject({ name: 'json', text: 'hi' });
    expect(theirs[3]).toMatchObject({ name: 'json', reason: 'closed' });
    expect(theirs[4]).toMatchObject({ reason: 'interrupted', clients: 1, peak_clients: 1, messages: 1 });
  });

  it('says in one line what is wrong', async () => {
    const { port } = await serve('0');
    const cases: [string[], number, string][] = [
      [['join', '127.0.0.1', '1'], 1, 'barewire chat join: 127.0.0.1:1 answered RST: host up, nothing listens on 1'],
      [['join', '127.0.0.1', '99999'], 2, "expected a number from 1 to 65535, got '99999'"],
      [['join', 'no-such-host.invalid'], 2, 'no-such-host.invalid: '],
      [['join', '::1', '-4'], 2, '::1 is not an IPv4 address'],
      [['serve', '127.0.0.1', port], 2, `127.0.0.1:${port} is in use`],
      [['serve', '192.0.2.1', '0'], 2, '192.0.2.1 is not on this host'],
    ];
    for (const [args, exitCode, message] of cases) {
      const program = workshop.cli('chat', ...args);
      expect([args, await program.exits()]).toEqual([args, exitCode]);
      expect(program.stderr).toContain(message);
      expect(program.stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('with the C programs', () => {
  it('answers each line of the C client, which waits in read after every one', async () => {
    const { server, port } = await serve('0');
    const peer = workshop.c('tcp_chat_client', '127.0.0.1', port);
    for (const line of ['first', '', 'third', '/who', '/nonsense', 'x'.repeat(1500)]) peer.write(`${line}\n`);
    peer.end();
    expect(await peer.exits()).toBe(0);
    expect(peer.stdout).toContain(
      'Server-> you: first\nServer-> you: \nServer-> you: third\nServer-> * 1 here: 127.0.0.1:',
    );
    expect(peer.stdout).toContain('Server-> * no command /nonsense');
    await server.says(': third');
    await server.says(' left');
  });

  it('lets the C client hear others when it has its turn', async () => {
    const { server, port } = await serve('0');
    const peer = workshop.c('tcp_chat_client', '127.0.0.1', port);
    peer.write('hello from C\n');
    await peer.says('you: hello from C');
    const ours = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'ours');
    await ours.says('* welcome ours, with 127.0.0.1:');
    ours.write('hello from ours\n');
    await server.says('ours: hello from ours');
    peer.write('again\n');
    await ours.says(': again');
    // One read a turn: what came in between may be the answer of this turn or of the next.
    peer.write('and again\n');
    await peer.says('ours: hello from ours');
  });

  it.each([['--plain'], ['--name=ours']])('talks with the C server (%s)', async (option) => {
    const peer = workshop.c('tcp_chat_server', '127.0.0.1', '0');
    const port = String(await peer.port());
    const ours = workshop.cli('chat', 'join', '127.0.0.1', port, option, '--linger', '0.3');
    if (option !== '--plain') {
      await peer.says('Client-> /name ours\n');
      peer.write('who is there: me\n');
      await ours.says('who is there: me\n');
    }
    ours.write('first\n');
    await peer.says('Client-> first\n');
    peer.write('answer one\n');
    await ours.says('answer one\n');
    ours.end('second\n');
    await peer.says('Client-> second\n');
    expect(await ours.exits()).toBe(0);
    expect(ours.stderr).toBe('');
  });
});

describe('what arrives in pieces, is too long, or is no text', () => {
  it('keeps characters whole that arrive in two reads, and replaces what is not UTF-8', async () => {
    const { server, port } = await serve('0');
    const bare = new Bare(port);
    bare.socket.setNoDelay(true);
    bare.socket.write(Buffer.from('caf\xc3', 'latin1'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    bare.socket.write(Buffer.from('\xa9\r\n\xff\xfe!\n\0nul\0\n', 'latin1'));
    await bare.until('you: nul');
    expect(bare.text).toBe('you: café\nyou: \ufffd\ufffd!\nyou: nul\n');
    await server.says(': café\n');
  });

  it('refuses a line of more than 64 KiB and takes the next', async () => {
    const { port } = await serve('0');
    const bare = new Bare(port);
    bare.socket.write(`${'x'.repeat(65_537)}\n${'y'.repeat(65_536)}\nshort\n`);
    await bare.until('you: short');
    expect(bare.text).toBe(`* line refused: longer than 65536 bytes\nyou: ${'y'.repeat(65_536)}\nyou: short\n`);
    const ours = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'ours');
    ours.end(`${'x'.repeat(70_000)}\nshort\n`);
    expect(await ours.exits()).toBe(0);
    expect(ours.stderr).toBe('line refused: longer than 65536 bytes\n');
    await bare.until('ours: short');
  });

  it('passes over NUL bytes and text without newline from a plain server', async () => {
    const plain = createServer((socket) => {
      socket.write(Buffer.from('pad\0\0\0ded\n'));
      socket.write('no newline');
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as { port: number };
    const ours = workshop.cli('chat', 'join', '127.0.0.1', String(port));
    await ours.says('padded\nno newline\n');
    plain.close();
  });
});

describe('peers that do not behave', () => {
  it('disconnects a client that does not read, and keeps its memory bounded', { timeout: 60_000 }, async () => {
    const { server, port } = await serve('0');
    const slow = new Bare(port);
    slow.socket.write('/name slow\n');
    await slow.until('welcome slow');
    slow.socket.pause();
    const before = residentKib(server.pid);
    const lines = 400;
    const talker = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'talker', '--json');
    const line = `${'z'.repeat(60_000)}\n`;
    for (let i = 0; i < lines; i++) talker.write(line);
    talker.end();
    await server.until('slow', () => server.stdout.includes('* slow was disconnected: it did not read'));
    while (talker.exitCode === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(records(talker).at(-1)).toMatchObject({ reason: 'done', sent: lines, delivered: lines });
    const grownMib = (residentKib(server.pid) - before) / 1024;
    console.log(`slow reader: server grew by ${grownMib.toFixed(0)} MiB while ${(lines * 60_000) / 1e6} MB passed`);
    expect(grownMib).toBeLessThan(200);
    slow.socket.destroy();
  });

  it('outlives 100 of 200 client processes killed at once', { timeout: 60_000 }, async () => {
    const { server, port } = await serve('0');
    const base = descriptors(server.pid);
    const clients = Array.from({ length: 200 }, () => workshop.c('tcp_chat_client', '127.0.0.1', port));
    await Promise.all(clients.map((client) => client.until('connected', () => client.stderr.includes('connected'))));
    for (const [i, client] of clients.entries()) client.write(`here is ${i}.\n`);
    await Promise.all(clients.map((client) => client.says('Server-> ')));
    expect(descriptors(server.pid)).toBe(base + 200);

    const survivors = clients.slice(100);
    const ticks = cpuTicks(server.pid);
    for (const client of clients.slice(0, 100)) client.child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // USER_HZ is 100: a tick is 1 % of a core for this second.
    const percent = cpuTicks(server.pid) - ticks;
    console.log(
      `after 100 kills: server used ${percent} % of a core, ${descriptors(server.pid)} descriptors (base ${base})`,
    );
    expect(descriptors(server.pid)).toBe(base + 100);
    expect(percent).toBeLessThan(5);

    for (const [i, client] of survivors.entries()) client.write(`alive ${i}.\n`);
    await Promise.all(survivors.map((_, i) => server.says(`: alive ${i}.\n`)));
    expect(server.stdout.match(/ left/g)).toHaveLength(100);
  });

  it('takes a reset as leaving', async () => {
    const { server, port } = await serve('0');
    const bare = new Bare(port);
    bare.socket.write('/name rude\n');
    await bare.until('welcome rude');
    bare.socket.resetAndDestroy();
    await server.says('* rude left (connection reset)');
    const next = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'rude');
    await next.says('welcome rude, nobody else');
  });

  it('turns away whom it has no room for', async () => {
    const { port } = await serve('0', '--max-clients', '1');
    const first = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'first');
    await first.says('welcome first');
    const second = workshop.cli('chat', 'join', '127.0.0.1', port, '--name', 'second');
    await second.says('* no room: 1 are here already');
    await second.exits();
  });
});

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function residentKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
