/**
 * Shows what options of level SOL_SOCKET make come along with a message: times, senders, counts.
 */
import { closeSync } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_UNIX,
  MSG_PEEK,
  type Option,
  SO,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, text, timeoutMs } from './setting.ts';

describeInNamespace(import.meta.url, 'effects of options on what comes with a message', () => {
  let local: NetworkNamespace;
  beforeAll(() => {
    local = loopbackNamespace('local');
  });
  afterAll(() => local.close());

  function udp(address = '127.0.0.1:0', prepare: (socket: Socket) => void = () => {}): Socket {
    const socket = local.socket(AF_INET, SOCK_DGRAM);
    prepare(socket);
    socket.bind(address);
    return socket;
  }

  const unixPair = (): [Socket, Socket] => local.socketpair(AF_UNIX, SOCK_STREAM);

  const stamps: readonly [Option<boolean>, string][] = [
    [SO.TIMESTAMP, 'timestamp'],
    [SO.TIMESTAMPNS, 'timestampns'],
    [SO.TIMESTAMP_NEW, 'timestamp'],
    [SO.TIMESTAMPNS_NEW, 'timestampns'],
  ];

  shows(
    ['SO_TIMESTAMP', 'SO_TIMESTAMPNS', 'SO_TIMESTAMP_NEW', 'SO_TIMESTAMPNS_NEW'],
    'the time of arrival comes with each message',
    async () => {
      for (const [option, kind] of stamps) {
        using receiver = udp();
        receiver.set(option, true);
        using sender = udp();
        await sender.sendto('x', receiver.getsockname());
        const message = await receiver.recvmsg({ size: 8, controlSize: 128, timeoutMs });
        expect(message.control[0]).toMatchObject({ kind, ns: expect.any(BigInt) });
      }
    },
  );

  shows(['SO_TIMESTAMPING', 'SO_TIMESTAMPING_NEW'], 'software times of arrival come with each message', async () => {
    for (const option of [SO.TIMESTAMPING, SO.TIMESTAMPING_NEW]) {
      using receiver = udp();
      receiver.set(option, { flags: 0x18, bindPhc: 0 });
      using sender = udp();
      const stamp = async (): Promise<bigint> => {
        await sender.sendto('x', receiver.getsockname());
        const message = await receiver.recvmsg({ size: 8, controlSize: 128, timeoutMs });
        return message.controlOf('timestamping')?.softwareNs ?? 0n;
      };
      // The kernel begins to take times a little after the first socket asked for them.
      await expect.poll(stamp, { timeout: timeoutMs, interval: 5 }).toBeGreaterThan(0n);
    }
  });

  shows('SO_RXQ_OVFL', 'the count of dropped datagrams comes with the next message', async () => {
    using receiver = udp();
    receiver.set(SO.RXQ_OVFL, true);
    receiver.set(SO.RCVBUF, 2048);
    using sender = udp();
    for (let i = 0; i < 64; i++) sender.trySendto(new Uint8Array(500), receiver.getsockname());
    while (receiver.tryRecv(new Uint8Array(500)) !== null);
    sender.trySendto(Uint8Array.of(1), receiver.getsockname());
    const message = await receiver.recvmsg({ size: 500, controlSize: 64, timeoutMs });
    expect(message.controlOf('rxq-ovfl')?.dropped).toBeGreaterThan(0);
    expect(receiver.get(SO.MEMINFO).drops).toBeGreaterThan(0);
  });

  shows('SO_SELECT_ERR_QUEUE', 'poll tells urgent data when the error queue has something', async () => {
    using socket = udp();
    socket.set(SO.SELECT_ERR_QUEUE, true);
    socket.set(SO.TIMESTAMPING, { flags: 0x12, bindPhc: 0 });
    using other = udp();
    await socket.sendto('x', other.getsockname());
    await socket.ready('pri', { timeoutMs });
    const message = await socket.recvmsg({ size: 0, controlSize: 256, flags: 0x2000, timeoutMs });
    expect(message.controlOf('timestamping')).toBeDefined();
  });

  shows(
    ['SO_PASSCRED', 'SO_PEERCRED', 'SO_PEERGROUPS'],
    'the sender’s process and user come with the message',
    async () => {
      const [a, b] = unixPair();
      b.set(SO.PASSCRED, true);
      await a.send('x');
      const message = await b.recvmsg({ size: 8, controlSize: 64, timeoutMs });
      expect(message.controlOf('credentials')).toMatchObject({ pid: process.pid, uid: process.getuid?.() });
      expect(a.get(SO.PEERCRED)).toMatchObject({ pid: process.pid, gid: process.getgid?.() });
      expect(Array.isArray(a.get(SO.PEERGROUPS))).toBe(true);
      a.close();
      b.close();
    },
  );

  shows(['SO_PASSPIDFD', 'SO_PEERPIDFD'], 'a pidfd of the sender comes with the message', async () => {
    const [a, b] = unixPair();
    b.set(SO.PASSPIDFD, true);
    await a.send('x');
    const message = await b.recvmsg({ size: 8, controlSize: 64, timeoutMs });
    const pidfd = message.controlOf('pidfd')?.fd;
    expect(pidfd?.fd).toBeGreaterThan(0);
    pidfd?.close();
    const peer = a.get(SO.PEERPIDFD);
    expect(peer).toBeGreaterThan(0);
    closeSync(peer);
    a.close();
    b.close();
  });

  shows('SO_PASSRIGHTS', 'switched off, descriptors do not come in', async () => {
    const [a, b] = unixPair();
    b.set(SO.PASSRIGHTS, false);
    expect(() => a.trySendmsg({ data: 'x', control: [{ kind: 'rights', fds: [0] }] })).toThrow(/EPERM/);
    b.set(SO.PASSRIGHTS, true);
    expect(a.trySendmsg({ data: 'x', control: [{ kind: 'rights', fds: [0] }] })).toBe(1);
    const message = await b.recvmsg({ size: 8, controlSize: 64, timeoutMs });
    for (const fd of message.controlOf('rights')?.fds ?? []) fd.close();
    a.close();
    b.close();
  });

  shows('SO_INQ', 'the count of unread bytes comes with the message', async () => {
    const [a, b] = unixPair();
    b.set(SO.INQ, true);
    await a.send('twelve bytes');
    const message = await b.recvmsg({ size: 4, controlSize: 64, timeoutMs });
    expect(message.control).toEqual([{ kind: 'inq', bytes: 8 }]);
    a.close();
    b.close();
  });

  shows('SO_PEEK_OFF', 'on a Unix datagram socket peeks walk through a message', async () => {
    const [a, b] = local.socketpair(AF_UNIX, SOCK_DGRAM);
    b.set(SO.PEEK_OFF, 2);
    await a.send('abcdef');
    expect(text(await b.recv(2, { flags: MSG_PEEK, timeoutMs }))).toBe('cd');
    expect(text(await b.recv(2, { flags: MSG_PEEK, timeoutMs }))).toBe('ef');
    a.close();
    b.close();
  });
});
