/** The chat over UDP: members by datagram, the C programs as either end, peers that vanish. */
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { type ChatServerEvent, serveChat } from '../../src/tools/chat/index.ts';
import { type Program, Workshop } from '../peers/run.ts';

let workshop: Workshop;
beforeAll(async () => {
  workshop = await Workshop.open();
});
afterEach(() => workshop.clear());
afterAll(() => workshop[Symbol.asyncDispose]());

async function serve(...args: string[]): Promise<{ server: Program; port: string }> {
  const server = workshop.cli('chat', 'serve', '--udp', ...args);
  return { server, port: String(await server.port()) };
}

describe('our server and our clients', () => {
  it('carries lines, names and goodbyes', async () => {
    const { server, port } = await serve('0');
    const alice = workshop.cli('chat', 'join', '-u', '127.0.0.1', port, '--name', 'alice');
    await alice.says('welcome alice');
    const bob = workshop.cli('chat', 'join', '-u', '127.0.0.1', port, '--name', 'alice');
    await bob.says('welcome alice-2, with alice');
    bob.write('hello\n');
    await alice.says('alice-2: hello');
    server.write('operator\n');
    await bob.says('server: operator');
    bob.child.kill('SIGINT');
    expect(await bob.exits()).toBe(130);
    await alice.says('* alice-2 left');
    alice.end('last\n');
    expect(await alice.exits()).toBe(0);
    await server.says('alice: last');
    await server.says('* alice left');
  });

  it('loses nothing of a pipe that is faster than the network', async () => {
    const { port } = await serve('::1', '0');
    const pipe = workshop.cli('chat', 'join', '-u', '::1', port, '--name', 'pipe', '--json');
    pipe.end(Array.from({ length: 2000 }, (_, i) => `line ${i} ${'.'.repeat(500)}\n`).join(''));
    expect(await pipe.exits()).toBe(0);
    const summary = JSON.parse(pipe.stdout.trim().split('\n').at(-1) ?? '') as unknown;
    expect(summary).toMatchObject({ type: 'summary', reason: 'done', sent: 2000, delivered: 2000 });
  });

  it('says when nobody is there', async () => {
    const client = workshop.cli('chat', 'join', '-u', '127.0.0.1', '1');
    expect(await client.exits()).toBe(1);
    expect(client.stderr).toBe(
      'barewire chat join: 127.0.0.1:1 answered ICMP port unreachable (connection refused): nothing listens there\n',
    );
  });

  it('survives members that are gone, and forgets them', async () => {
    const events: ChatServerEvent[] = [];
    const server = serveChat({
      host: kernel,
      udp: true,
      address: { family: 'inet', address: '127.0.0.1', port: 0 },
      idleMs: 300,
      onEvent: (event) => events.push(event),
    });
    const { port } = server.address as { port: number };
    const gone = createSocket('udp4');
    await new Promise<void>((resolve) => gone.send('/name gone\n', port, '127.0.0.1', () => resolve()));
    await until(() => server.names.includes('gone'));
    gone.close();
    // Each of these draws an ICMP error from the closed port.
    for (let i = 0; i < 50; i++) server.say(`line ${i}`);
    const stays = createSocket('udp4');
    const heard: string[] = [];
    stays.on('message', (data) => heard.push(data.toString()));
    const alive = setInterval(() => stays.send('/alive\n', port, '127.0.0.1'), 50);
    stays.send('/name stays\n', port, '127.0.0.1');
    await until(() => heard.join('').includes('* gone left\n'));
    clearInterval(alive);
    expect(heard).toContain('* alive\n');
    expect(server.names).toEqual(['stays']);
    expect(events).toContainEqual(expect.objectContaining({ type: 'left', name: 'gone', reason: 'silent' }));
    expect(events.filter((event) => event.type === 'error')).toEqual([]);
    stays.close();
    await server.close();
  });
});

describe('with the C programs', () => {
  it('answers each datagram of the C client with one', async () => {
    const { server, port } = await serve('0');
    const peer = workshop.c('udp_chat_client', '127.0.0.1', port);
    peer.end('first\n\nthird\n');
    expect(await peer.exits()).toBe(0);
    expect(peer.stdout).toBe('Server-> you: first\nServer-> you: \nServer-> you: third\n');
    await server.says(': third');
  });

  it.each([['--plain'], ['--name=ours']])('talks with the C server (%s)', async (option) => {
    const peer = workshop.c('udp_chat_server', '127.0.0.1', '0');
    const port = String(await peer.port());
    const ours = workshop.cli('chat', 'join', '-u', '127.0.0.1', port, option, '--linger', '0.3');
    if (option !== '--plain') {
      await peer.says('Client-> /name ours\n');
      peer.write('who are you\n');
      await ours.says('who are you\n');
    }
    ours.write('first\n');
    await peer.says('Client-> first\n');
    peer.write('answer one\n');
    await ours.says('answer one\n');
    ours.end('second\n');
    await peer.says('Client-> second\n');
    expect(await ours.exits()).toBe(0);
    expect(peer.stdout).not.toContain('/quit');
  });
});

async function until(check: () => boolean): Promise<void> {
  for (let i = 0; !check(); i++) {
    if (i > 1000) throw new Error(`waited in vain for ${check.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
