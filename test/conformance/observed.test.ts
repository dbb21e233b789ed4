/** An observed host tells every call of its sockets once, with what went in and what came out, and changes nothing. */
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import { AF_INET, SOCK_DGRAM, SOCK_STREAM } from '../../src/socket/constants.ts';
import { type CallObserver, type ObservedCall, type ObservedResult, observeHost } from '../../src/socket/observed.ts';
import { SO } from '../../src/socket/options/index.ts';

interface Told {
  readonly call: ObservedCall;
  result?: ObservedResult;
}

function recorder(): { told: Told[]; observer: CallObserver; lines: () => string[] } {
  const told: Told[] = [];
  const observer: CallObserver = {
    enter: (call) => told.push({ call }) - 1,
    exit: (token, result) => {
      const entry = told[token];
      if (entry?.result !== undefined) throw new Error('exit told twice');
      if (entry !== undefined) entry.result = result;
    },
  };
  const lines = (): string[] =>
    told.map(({ call, result }) => `${call.name} ${result?.ret} ${result?.errno ?? ''}`.trim());
  return { told, observer, lines };
}

describe('observeHost', () => {
  test('tells a whole TCP conversation in the order of its calls', async () => {
    const { told, observer, lines } = recorder();
    const host = observeHost(kernel, observer);
    const listener = host.socket(AF_INET, SOCK_STREAM);
    listener.set(SO.REUSEADDR, true);
    listener.bind('127.0.0.1:0');
    listener.listen(5);
    const client = host.socket(AF_INET, SOCK_STREAM);
    await client.connect(listener.getsockname());
    const server = await listener.accept();
    await client.sendAll('hello');
    await server.recv(100);
    client.close();
    await server.recv(100);
    server.close();
    listener.close();
    listener.close();
    expect(lines()).toEqual([
      `socket ${told[0]?.result?.ret}`,
      'setsockopt 0',
      'bind 0',
      'listen 0',
      `socket ${told[4]?.result?.ret}`,
      'getsockname 0',
      'connect 0',
      `accept ${told[7]?.result?.opened?.fd}`,
      'send 5',
      'recv 5',
      'close 0',
      'recv 0',
      'close 0',
      'close 0',
    ]);
    expect(told[3]?.call.args).toEqual({ backlog: 5 });
    expect(told[8]?.call.args).toEqual({ buf: 'hello' });
    expect(told[9]?.result?.out).toEqual({ buf: 'hello' });
    // The accepted socket has a name of its own, which its calls carry.
    const id = told[7]?.result?.opened?.socketId;
    expect(told[9]?.call.socketId).toBe(id);
    expect(new Set(told.map(({ call }) => call.socketId)).size).toBe(3);
  });

  test('tells would-block as EAGAIN and failures by their code, and rejects as a plain socket does', async () => {
    const { observer, lines } = recorder();
    const host = observeHost(kernel, observer);
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    socket.bind('127.0.0.1:0');
    expect(socket.tryRecvfrom(new Uint8Array(1))).toBeNull();
    await expect(socket.recv(1, { timeoutMs: 5 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    expect(() => socket.getpeername()).toThrow(/ENOTCONN/);
    expect(lines().slice(2)).toEqual(['recvfrom -1 EAGAIN', 'recv -1 ERR_SOCKET_TIMEOUT', 'getpeername -1 ENOTCONN']);
  });
});
