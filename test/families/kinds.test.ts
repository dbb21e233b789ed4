/**
 * Shows which families and types this kernel has, the same that CPython finds, and that the families which every kernel
 * has work through plain sockets: Unix sockets by path, questions to the kernel over netlink, vsock where it goes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  AF_INET,
  AF_NETLINK,
  AF_UNIX,
  AF_VSOCK,
  kernel,
  NETLINK_ROUTE,
  NETLINK_SOCK_DIAG,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  socketKinds,
} from '../../src/index.ts';
import { decodeMessages, encodeMessage, NetlinkWriter, NLM_F_DUMP, NLM_F_REQUEST } from '../../src/netlink/message.ts';
import { encodeDiagRequest } from '../../src/netlink/sock-diag.ts';
import { everySupport, supportOf } from '../../src/os/supports.ts';

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const ORACLE = `
import errno, json, socket, sys
def attempt(domain, type, protocol):
    try:
        socket.socket(domain, type, protocol).close()
        return None
    except OSError as error:
        return errno.errorcode[error.errno]
print(json.dumps([attempt(*kind) for kind in json.load(sys.stdin)]))
`;

describe('what this kernel has', () => {
  test('every family with every type: as CPython finds it', (context) => {
    const kinds = socketKinds(kernel);
    expect(kinds.length).toBeGreaterThan(40 * 5);
    expect(kinds.find(({ domain, typeNumber }) => domain === AF_INET && typeNumber === SOCK_STREAM)).toEqual({
      family: 'AF_INET',
      domain: AF_INET,
      type: 'SOCK_STREAM',
      typeNumber: SOCK_STREAM,
      protocol: 0,
      supported: true,
    });
    for (const { supported, reason, code } of kinds) {
      expect(supported ? [reason, code] : (reason ?? '').length > 10).toEqual(
        supported ? [undefined, undefined] : true,
      );
    }
    const input = JSON.stringify(kinds.map(({ domain, typeNumber, protocol }) => [domain, typeNumber, protocol]));
    const python = spawnSync('python3', ['-c', ORACLE], { input, encoding: 'utf8' });
    if (python.status !== 0) return context.skip('no python3 here');
    const theirs = JSON.parse(python.stdout) as (string | null)[];
    const differences = kinds
      .map(({ family, type, code }, i) => `${family} ${type} ours ${code ?? 'opens'} theirs ${theirs[i] ?? 'opens'}`)
      .filter((_, i) => (kinds[i]?.code ?? null) !== theirs[i]);
    expect(differences).toEqual([]);
    return undefined;
  });

  test('the answers are plain data, and agree with each other', () => {
    const all = everySupport(kernel);
    expect(JSON.parse(JSON.stringify(all))).toEqual(all);
    expect(supportOf('AF_UNIX datagram', kernel).supported).toBe(true);
    const opens = (family: string): boolean =>
      socketKinds(kernel).some((kind) => kind.family === family && kind.supported);
    for (const family of ['AF_CAN', 'AF_ALG', 'AF_VSOCK', 'AF_TIPC']) {
      expect([family, kernel.supports(family).supported]).toEqual([family, opens(family)]);
    }
  });
});

describe('families in use', () => {
  test.each([
    ['stream', SOCK_STREAM],
    ['datagram', SOCK_DGRAM],
    ['seqpacket', SOCK_SEQPACKET],
  ] as const)('AF_UNIX %s by path and by abstract name, answered', async (_, type) => {
    const folder = mkdtempSync(join(tmpdir(), 'barewire-'));
    try {
      for (const name of [`unix:${join(folder, 's')}`, `unix:@barewire-${process.pid}-${type}`]) {
        using server = kernel.socket(AF_UNIX, type);
        server.bind(name);
        using client = kernel.socket(AF_UNIX, type);
        // Bound without a name, so that a datagram can be answered (unix(7), autobind).
        client.bind('unix:');
        if (type === SOCK_DGRAM) {
          await client.sendto('ask', name);
          const { data, address } = await server.recvfrom(100);
          expect([textOf(data), address]).toEqual(['ask', client.getsockname()]);
          await server.sendto('answer', address!);
        } else {
          server.listen();
          await client.connect(name);
          using connection = await server.accept();
          await client.send('ask');
          expect(textOf(await connection.recv(100))).toBe('ask');
          expect(connection.getpeername()).toEqual(client.getsockname());
          await connection.send('answer');
        }
        expect(textOf(await client.recv(100))).toBe('answer');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    ['route', NETLINK_ROUTE, 18, new NetlinkWriter().zeros(16).finish(), 16],
    ['sock_diag', NETLINK_SOCK_DIAG, 20, encodeDiagRequest('inet', 'udp'), 20],
  ] as const)('NETLINK %s: a question and its whole answer', async (_, protocol, type, body, answer) => {
    using bound = kernel.socket(AF_INET, SOCK_DGRAM);
    bound.bind('127.0.0.1:0');
    using socket = kernel.socket(AF_NETLINK, SOCK_RAW, protocol);
    socket.bind('netlink:0');
    const own = socket.getsockname();
    if (own.family !== 'netlink') throw new Error('not netlink');
    expect(own.pid).toBeGreaterThan(0);
    await socket.connect({ family: 'netlink', pid: 0, groups: 0 });
    await socket.send(encodeMessage({ type, flags: NLM_F_REQUEST | NLM_F_DUMP, sequence: 77, portId: 0, body }));
    const types = new Set<number>();
    const NLMSG_DONE = 3;
    while (!types.has(NLMSG_DONE)) {
      const decoded = decodeMessages(await socket.recv(65_536));
      if (!decoded.ok) throw new Error('an answer that cannot be read');
      for (const message of decoded.messages) {
        expect([message.sequence, message.portId]).toEqual([77, own.pid]);
        types.add(message.type);
      }
    }
    expect(types).toEqual(new Set([answer, NLMSG_DONE]));
  });

  test('VSOCK on this machine: a connection to itself', async (context) => {
    const { supported, reason } = kernel.supports('AF_VSOCK loopback');
    if (!supported) return context.skip(`AF_VSOCK loopback: ${reason}`);
    using listener = kernel.socket(AF_VSOCK, SOCK_STREAM);
    listener.bind('vsock:1:any');
    listener.listen();
    using client = kernel.socket(AF_VSOCK, SOCK_STREAM);
    await client.connect(listener.getsockname());
    using connection = await listener.accept();
    await client.send('hello');
    expect(textOf(await connection.recv(100))).toBe('hello');
    return undefined;
  });
});
