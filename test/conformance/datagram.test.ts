/** Datagram sockets behave as udp(7) and unix(7) say, in all three forms and in batches, on every host. */
import { describe, expect, test } from 'vitest';
import { SockAddr, type SocketAddress } from '../../src/addr/sockaddr.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  DatagramBatch,
  type Host,
  SOCK_DGRAM,
  type Socket,
  type SocketError,
} from '../../src/socket/index.ts';
import { hosts } from './hosts.ts';

let unique = 0;
const families: readonly { name: string; domain: number; any: () => SocketAddress }[] = [
  { name: 'AF_INET', domain: AF_INET, any: () => ({ family: 'inet', address: '127.0.0.1', port: 0 }) },
  { name: 'AF_INET6', domain: AF_INET6, any: () => ({ family: 'inet6', address: '::1', port: 0 }) },
  {
    name: 'AF_UNIX',
    domain: AF_UNIX,
    any: () => ({ family: 'unix', abstract: `barewire-dgram-${process.pid}-${++unique}` }),
  },
];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (data: string): Uint8Array => new TextEncoder().encode(data);

function bound(host: Host, domain: number, address: SocketAddress): Socket<typeof SOCK_DGRAM> {
  const socket = host.socket(domain, SOCK_DGRAM);
  socket.bind(address);
  return socket;
}

for (const { name, host } of hosts) {
  describe.each(families)(`${name}, $name`, ({ domain, any }) => {
    test('async: sendto and recvfrom keep datagrams apart and name the sender', async () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      await a.sendto('one', b.getsockname());
      await a.sendto('two', new SockAddr(b.getsockname()));
      const first = await b.recvfrom(100);
      expect(first).toMatchObject({ length: 3, truncated: false, address: a.getsockname() });
      expect(text(first.data)).toBe('one');
      expect(text((await b.recvfrom(100)).data)).toBe('two');
    });

    test('try: null when nothing is there', () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      expect(b.tryRecvfrom(new Uint8Array(10))).toBeNull();
      expect(a.trySendto(bytes('x'), b.getsockname())).toBe(1);
      expect(text(b.recvfromSync(10, { timeoutMs: 1000 }).data)).toBe('x');
    });

    test('sync: sendto and recvfrom wait in poll(2)', () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      expect(() => b.recvfromSync(10, { timeoutMs: 10 })).toThrow(/ERR_SOCKET_TIMEOUT/);
      a.sendtoSync('sync', b.getsockname());
      expect(text(b.recvfromSync(10, { timeoutMs: 1000 }).data)).toBe('sync');
    });

    test('a datagram that does not fit is cut, and says so with its real length', async () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      await a.sendto('0123456789', b.getsockname());
      const message = await b.recvfrom(4);
      expect(message).toMatchObject({ length: 10, truncated: true });
      expect(text(message.data)).toBe('0123');
    });

    test('an empty datagram is a datagram, not an end', async () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      await a.sendto('', b.getsockname());
      await a.sendto('after', b.getsockname());
      expect((await b.recvfrom(10)).length).toBe(0);
      expect(text((await b.recvfrom(10)).data)).toBe('after');
    });

    test('batches: many in one call, in order, with senders', async () => {
      using a = bound(host, domain, any());
      using b = bound(host, domain, any());
      const out = new DatagramBatch(8, 32);
      for (let i = 0; i < 8; i++) out.put(i, bytes(`message ${i}`), b.getsockname());
      let sent = 0;
      while (sent < 8) sent += await a.sendBatch(out, sent, 8 - sent);
      const batch = new DatagramBatch(16, 6);
      const got: string[] = [];
      while (got.length < 8) {
        const count = await b.recvBatch(batch);
        for (let i = 0; i < count; i++) {
          got.push(text(batch.data(i)));
          expect(batch.truncated(i)).toBe(true);
          expect(batch.lengths[i]).toBe(9);
          expect(batch.address(i)).toEqual(a.getsockname());
        }
      }
      expect(got).toEqual(Array.from({ length: 8 }, () => 'messag'));
      expect(b.tryRecvBatch(batch)).toBeNull();
    });

    test('for await yields messages in memory of their own until close', async () => {
      using a = bound(host, domain, any());
      const b = bound(host, domain, any());
      for (const word of ['one', 'two', 'three']) await a.sendto(word, b.getsockname());
      const kept: Uint8Array[] = [];
      for await (const message of b) {
        kept.push(message.data);
        if (kept.length === 3) b.close();
      }
      expect(kept.map(text)).toEqual(['one', 'two', 'three']);
    });
  });

  test(`${name}: a connected datagram socket hears that its peer's port is closed`, async () => {
    const gone = bound(host, AF_INET, { family: 'inet', address: '127.0.0.1', port: 0 });
    const address = gone.getsockname();
    gone.close();
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    await socket.connect(address);
    await socket.send('anybody?');
    const error = await socket.recv(10, { timeoutMs: 1000 }).catch((caught: SocketError) => caught);
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'recv' });
  });

  test(`${name}: a datagram larger than UDP carries is EMSGSIZE with the address`, async () => {
    using socket = host.socket(AF_INET, SOCK_DGRAM);
    await expect(socket.sendto(new Uint8Array(65_508), '127.0.0.1:9')).rejects.toMatchObject({
      code: 'EMSGSIZE',
      address: '127.0.0.1',
      port: 9,
    });
  });
}
