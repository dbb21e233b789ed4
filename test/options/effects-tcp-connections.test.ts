/**
 * Shows what options of TCP do to connections: how they begin and end, how they move to another socket, what SOL_SOCKET
 * means for them. Two hosts, and the wire between them in our hands.
 */
import { expect } from 'vitest';
import { readU32 } from '../../src/core/index.ts';
import {
  AF_INET,
  asking,
  MPTCP,
  MSG_FASTOPEN,
  MSG_OOB,
  MSG_PEEK,
  SO,
  SOCK_STREAM,
  type Socket,
  TCP,
  TCP_RECV_QUEUE,
  TCP_REPAIR_OFF_NO_WP,
  TCP_REPAIR_ON,
  TCP_SEND_QUEUE,
} from '../../src/socket/index.ts';
import { type Packet, TcpFlags, type TcpHeader } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type Hosts, shows, text, timeoutMs, useHosts } from './setting.ts';

const IPPROTO_MPTCP = 262;

const tcpOf = (packet: Packet): TcpHeader | undefined => packet.find('tcp');
const isSyn = (packet: Packet): boolean => ((tcpOf(packet)?.flags ?? 0) & TcpFlags.SYN) !== 0;
const isReset = (packet: Packet): boolean => ((tcpOf(packet)?.flags ?? 0) & TcpFlags.RST) !== 0;
const dataOf = (packet: Packet): number => tcpOf(packet)?.payload.length ?? 0;
const hasData = (packet: Packet): boolean => dataOf(packet) > 0;
const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

/** The client's first SYN to a listener. */
function synTo(hosts: Hosts, from: number, listener: Socket): Packet {
  const port = portOf(listener);
  return hosts.packets('client', from).find((packet) => isSyn(packet) && tcpOf(packet)?.dstPort === port) as Packet;
}

describeInNamespace(import.meta.url, 'effects of options on TCP connections', () => {
  const hosts = useHosts();

  // ---------------------------------------------------------------- connections

  shows('TCP_DEFER_ACCEPT', 'the listener hears of a connection with its first data', async () => {
    const all = hosts();
    using listener = all.listener(4, (socket) => socket.set(TCP.DEFER_ACCEPT, 5));
    using client = all.tcp('client');
    await client.connect(listener.getsockname(), { timeoutMs });
    await expect(listener.accept({ timeoutMs: 50 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    await client.send('hello');
    using server = await listener.accept({ timeoutMs });
    expect(server.tryReady('in')).toBe(true);
  });

  shows(['TCP_SAVE_SYN', 'TCP_SAVED_SYN'], 'the headers of the SYN are there, once', async () => {
    using pair = await hosts().connection({ listener: (socket) => socket.set(TCP.SAVE_SYN, 1) });
    const syn = pair.server.get(TCP.SAVED_SYN);
    expect([syn[0], syn[9]]).toEqual([0x45, 6]);
    expect((syn[20 + 13] as number) & TcpFlags.SYN).toBe(TcpFlags.SYN);
    expect(pair.server.get(TCP.SAVED_SYN)).toHaveLength(0);
  });

  shows(['TCP_FASTOPEN', 'TCP_FASTOPEN_KEY'], 'with a cookie in hand, data travels in the SYN', async () => {
    const all = hosts();
    all.lab.client.setSysctl('ipv4.tcp_fastopen', 1);
    all.lab.server.setSysctl('ipv4.tcp_fastopen', 2);
    using listener = all.listener(4, (socket) => {
      socket.set(TCP.FASTOPEN, 5);
      socket.set(TCP.FASTOPEN_KEY, new Uint8Array(16).fill(7));
    });
    for (const inSyn of [0, 5]) {
      const from = all.mark;
      using client = all.tcp('client');
      const hello = new TextEncoder().encode('hello');
      const taken = (): number | null => client.trySendto(hello, listener.getsockname(), MSG_FASTOPEN);
      // Without a cookie the SYN asks for one, and nothing is taken yet.
      if (inSyn === 0) expect(taken).toThrow(/EINPROGRESS/);
      else expect(taken()).toBe(5);
      using server = await listener.accept({ timeoutMs });
      if (inSyn === 0) await client.send(hello, { timeoutMs });
      expect(text(await server.recv(10, { timeoutMs }))).toBe('hello');
      expect(dataOf(synTo(all, from, listener))).toBe(inSyn);
      if (inSyn > 0) expect(client.get(TCP.INFO).options & 32).toBe(32);
    }
  });

  shows(
    ['TCP_FASTOPEN_CONNECT', 'TCP_FASTOPEN_NO_COOKIE'],
    'connect sends nothing; the first data goes with the SYN',
    async () => {
      const all = hosts();
      all.lab.client.setSysctl('ipv4.tcp_fastopen', 1);
      all.lab.server.setSysctl('ipv4.tcp_fastopen', 2);
      using listener = all.listener(4, (socket) => {
        socket.set(TCP.FASTOPEN, 5);
        socket.set(TCP.FASTOPEN_NO_COOKIE, true);
      });
      const from = all.mark;
      using client = all.tcp('client');
      client.set(TCP.FASTOPEN_CONNECT, true);
      client.set(TCP.FASTOPEN_NO_COOKIE, true);
      expect(client.tryConnect(listener.getsockname())).toBe(true);
      expect(all.packets('client', from)).toEqual([]);
      await client.send('early', { timeoutMs });
      using server = await listener.accept({ timeoutMs });
      expect(text(await server.recv(10, { timeoutMs }))).toBe('early');
      expect(dataOf(synTo(all, from, listener))).toBe(5);
    },
  );

  shows('TCP_CONGESTION', 'an unknown name is refused; another one has other figures', async () => {
    using pair = await hosts().connection({ client: (socket) => socket.set(TCP.CONGESTION, 'reno') });
    expect(pair.client.get(TCP.CC_INFO)).toEqual({ kind: 'none' });
    expect(() => pair.client.set(TCP.CONGESTION, 'nonesuch')).toThrow(/ENOENT/);
  });

  shows('TCP_CC_INFO', 'bbr tells its bandwidth and gains', async (context) => {
    using pair = await hosts().connection();
    try {
      pair.client.set(TCP.CONGESTION, 'bbr');
    } catch {
      return context.skip('this kernel has no bbr');
    }
    await pair.client.send(new Uint8Array(10_000));
    await pair.server.recv(10_000, { timeoutMs });
    expect(pair.client.get(TCP.CC_INFO)).toMatchObject({ kind: 'bbr', pacingGain: expect.any(Number) });
    return undefined;
  });

  shows('TCP_MD5SIG', 'segments of both sides are signed; without the key nobody gets through', async () => {
    const all = hosts();
    const key = new TextEncoder().encode('shared key');
    using listener = all.listener(4, (socket) => socket.set(TCP.MD5SIG, { address: all.address('client'), key }));
    const from = all.mark;
    using client = all.tcp('client');
    client.set(TCP.MD5SIG, { address: all.address('server'), key });
    await client.connect(listener.getsockname(), { timeoutMs });
    const syn = synTo(all, from, listener);
    expect(tcpOf(syn)?.options.some(({ name }) => name === 'md5')).toBe(true);
    using stranger = all.tcp('client');
    await expect(stranger.connect(listener.getsockname(), { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'ERR_SOCKET_TIMEOUT',
    });
  });

  shows('TCP_MD5SIG_EXT', 'a key for a whole prefix signs too', async () => {
    const all = hosts();
    const key = new TextEncoder().encode('shared key');
    const prefix = { address: '10.77.0.0', key, flags: 1, prefixLength: 24 };
    using listener = all.listener(4, (socket) => socket.set(TCP.MD5SIG_EXT, prefix));
    using client = all.tcp('client');
    client.set(TCP.MD5SIG_EXT, prefix);
    await client.connect(listener.getsockname(), { timeoutMs });
  });

  shows('TCP_ULP', 'an unknown layer is refused', () => {
    using socket = hosts().tcp('client');
    expect(() => socket.set(TCP.ULP, 'nonesuch')).toThrow(/ENOENT/);
  });

  shows('TCP_IS_MPTCP', 'a plain connection is none', async () => {
    using pair = await hosts().connection();
    expect(pair.client.get(TCP.IS_MPTCP)).toBe(false);
  });

  shows(
    ['MPTCP_INFO', 'MPTCP_TCPINFO', 'MPTCP_SUBFLOW_ADDRS', 'MPTCP_FULL_INFO', 'TCP_IS_MPTCP'],
    'a Multipath TCP connection tells of itself and its first path',
    async (context) => {
      const all = hosts();
      const open = (side: 'client' | 'server'): Socket => all[side].socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
      let listener: Socket;
      try {
        listener = open('server');
      } catch {
        return context.skip('this kernel has no Multipath TCP');
      }
      listener.bind(all.at('server', 0));
      listener.listen();
      using client = open('client');
      await client.connect(listener.getsockname(), { timeoutMs });
      using server = await listener.accept({ timeoutMs });
      listener.close();
      await client.send('hello');
      expect(text(await server.recv(10, { timeoutMs }))).toBe('hello');
      expect(client.get(TCP.IS_MPTCP)).toBe(true);
      expect(client.get(MPTCP.INFO)).toMatchObject({ subflows: 0, token: expect.any(Number) });
      // struct mptcp_subflow_data: its own size, then how large one entry is.
      const ask = (size: number): Uint8Array => {
        const question = new Uint8Array(4096);
        new DataView(question.buffer).setUint32(0, 16, true);
        new DataView(question.buffer).setUint32(12, size, true);
        return question;
      };
      const paths = (answer: Uint8Array): number => new DataView(answer.buffer, answer.byteOffset).getUint32(4, true);
      expect(paths(client.get(asking(MPTCP.TCPINFO, ask(280))))).toBe(1);
      expect(paths(client.get(asking(MPTCP.SUBFLOW_ADDRS, ask(256))))).toBe(1);
      expect(client.get(MPTCP.FULL_INFO).length).toBeGreaterThan(0);
      return undefined;
    },
  );

  shows('TCP_INFO', 'counts what was sent and received, and names the state', async () => {
    using pair = await hosts().connection();
    await pair.client.send(new Uint8Array(3000));
    let got = 0;
    while (got < 3000) got += (await pair.server.recv(4096, { timeoutMs })).length;
    const [client, server] = [pair.client.get(TCP.INFO), pair.server.get(TCP.INFO)];
    expect(client).toMatchObject({ state: 'ESTABLISHED', bytesSent: 3000n, sndWscale: server.rcvWscale });
    expect(server).toMatchObject({ state: 'ESTABLISHED', bytesReceived: 3000n, dataSegsIn: client.dataSegsOut });
  });

  // ---------------------------------------------------------------- repair

  shows(
    ['TCP_REPAIR', 'TCP_REPAIR_QUEUE', 'TCP_QUEUE_SEQ', 'TCP_REPAIR_OPTIONS', 'TCP_REPAIR_WINDOW', 'TCP_TIMESTAMP'],
    'a live connection moves to another socket, and the peer notices nothing',
    async () => {
      const all = hosts();
      using pair = await all.connection();
      await pair.client.send('before ');
      expect(text(await pair.server.recv(20, { timeoutMs }))).toBe('before ');
      const { client: old } = pair;
      const [source, target] = [old.getsockname(), old.getpeername()];
      const info = old.get(TCP.INFO);
      old.set(TCP.REPAIR, TCP_REPAIR_ON);
      const sequence = (queue: number): number => {
        old.set(TCP.REPAIR_QUEUE, queue);
        expect(old.get(TCP.REPAIR_QUEUE)).toBe(queue);
        return old.get(TCP.QUEUE_SEQ);
      };
      const state = {
        send: sequence(TCP_SEND_QUEUE),
        receive: sequence(TCP_RECV_QUEUE),
        window: old.get(TCP.REPAIR_WINDOW),
        timestamp: old.get(TCP.TIMESTAMP),
      };
      const from = all.mark;
      old.close();
      using moved = all.tcp('client');
      moved.set(SO.REUSEADDR, true);
      moved.set(TCP.REPAIR, TCP_REPAIR_ON);
      moved.bind(source);
      moved.set(TCP.REPAIR_QUEUE, TCP_SEND_QUEUE);
      moved.set(TCP.QUEUE_SEQ, state.send);
      moved.set(TCP.REPAIR_QUEUE, TCP_RECV_QUEUE);
      moved.set(TCP.QUEUE_SEQ, state.receive);
      expect(moved.tryConnect(target)).toBe(true);
      moved.set(TCP.REPAIR_OPTIONS, [
        { code: 2, value: info.sndMss + 12 },
        { code: 3, value: (info.rcvWscale << 16) | info.sndWscale },
        { code: 4, value: 0 },
        { code: 8, value: 0 },
      ]);
      moved.set(TCP.TIMESTAMP, state.timestamp);
      moved.set(TCP.REPAIR_WINDOW, state.window);
      moved.set(TCP.REPAIR, TCP_REPAIR_OFF_NO_WP);
      expect(all.packets('client', from)).toEqual([]);
      await moved.send('after');
      expect(text(await pair.server.recv(20, { timeoutMs }))).toBe('after');
      await pair.server.send('seen');
      expect(text(await moved.recv(20, { timeoutMs }))).toBe('seen');
    },
  );

  // ---------------------------------------------------------------- SOL_SOCKET as TCP knows it

  shows('SO_LINGER', 'with 0 seconds close sends RST', async () => {
    const all = hosts();
    using pair = await all.connection();
    pair.client.set(SO.LINGER, { on: true, seconds: 0 });
    const from = all.mark;
    pair.client.close();
    await all.packet('client', from, isReset);
    await expect(pair.server.recv(1, { timeoutMs })).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  shows('SO_OOBINLINE', 'urgent data stays in the stream', async () => {
    for (const [on, rest] of [
      [true, 'ab!'],
      [false, 'ab'],
    ] as const) {
      using pair = await hosts().connection();
      pair.server.set(SO.OOBINLINE, on);
      await pair.client.send('ab');
      await pair.client.send('!', { flags: MSG_OOB });
      await pair.server.ready('pri', { timeoutMs });
      let seen = '';
      for (let part = text(await pair.server.recv(10, { timeoutMs })); ; part = text(await pair.server.recv(10))) {
        seen += part;
        if (!pair.server.tryReady('in')) break;
      }
      expect(seen).toBe(rest);
    }
  });

  shows('SO_RCVLOWAT', 'the socket is readable when so many bytes are there', async () => {
    using pair = await hosts().connection();
    pair.server.set(SO.RCVLOWAT, 10);
    await pair.client.send('short');
    await expect.poll(() => pair.server.inq(), { timeout: timeoutMs, interval: 1 }).toBe(5);
    expect(pair.server.tryReady('in')).toBe(false);
    await pair.client.send('enough');
    await pair.server.ready('in', { timeoutMs });
  });

  shows('SO_MAX_PACING_RATE', 'TCP_INFO has it, and a transfer takes as long as it says', async () => {
    using pair = await hosts().connection();
    pair.client.set(SO.MAX_PACING_RATE, 2_000_000n);
    expect(pair.client.get(TCP.INFO).maxPacingRate).toBe(2_000_000n);
    const begun = performance.now();
    await pair.client.sendAll(new Uint8Array(200_000), { timeoutMs });
    let got = 0;
    while (got < 200_000) got += (await pair.server.recv(65_536, { timeoutMs })).length;
    expect(performance.now() - begun).toBeGreaterThan(50);
  });

  shows(['SO_SNDBUF', 'SO_BUF_LOCK'], 'a small buffer takes few bytes; the kernel leaves it so', async () => {
    using pair = await hosts().connection();
    pair.client.set(SO.SNDBUF, 4608);
    expect(pair.client.get(SO.BUF_LOCK) & 1).toBe(1);
    const taken = pair.client.trySend(new Uint8Array(1_000_000)) ?? 0;
    expect(taken).toBeLessThan(200_000);
    expect(pair.client.get(SO.MEMINFO).sendBuffer).toBe(9216);
  });

  shows('SO_RCVBUF', 'a small buffer offers a small window', async () => {
    using pair = await hosts().connection({ client: (socket) => socket.set(SO.RCVBUF, 4096) });
    expect(pair.client.get(TCP.INFO).rcvSsthresh).toBeLessThan(8192);
  });

  shows('SO_PEEK_OFF', 'each peek goes on where the last one ended', async () => {
    using pair = await hosts().connection();
    pair.server.set(SO.PEEK_OFF, 0);
    await pair.client.send('onetwo');
    await pair.server.ready('in', { timeoutMs });
    const flags = MSG_PEEK;
    expect(text(await pair.server.recv(3, { flags, timeoutMs }))).toBe('one');
    expect(text(await pair.server.recv(3, { flags, timeoutMs }))).toBe('two');
    expect(text(await pair.server.recv(6, { timeoutMs }))).toBe('onetwo');
  });

  shows('SO_ACCEPTCONN', 'says who listens', async () => {
    using pair = await hosts().connection();
    expect([pair.listener.get(SO.ACCEPTCONN), pair.client.get(SO.ACCEPTCONN)]).toEqual([true, false]);
  });

  shows('SO_TXREHASH', 'retransmissions have another flow label with 1, the same with 0', async () => {
    const all = hosts();
    for (const rehash of [1, 0]) {
      using pair = await all.connection({
        version: 6,
        client: (socket) => {
          socket.set(SO.TXREHASH, rehash);
          socket.set(TCP.RTO_MIN_US, 20_000);
        },
      });
      await pair.client.send('x');
      await pair.server.recv(1, { timeoutMs });
      pair.server.set(SO.ATTACH_FILTER, [{ code: 0x06, jt: 0, jf: 0, k: 0 }]);
      const from = all.mark;
      const port = portOf(pair.client);
      await pair.client.send('lost');
      const labels = (): number[] => {
        const sent = all.packets('client', from).filter((packet) => hasData(packet) && tcpOf(packet)?.srcPort === port);
        return sent.map(({ bytes }) => readU32(bytes, 0) & 0xf_ffff);
      };
      await expect.poll(() => labels().length, { timeout: timeoutMs, interval: 5 }).toBeGreaterThanOrEqual(4);
      expect(new Set(labels()).size > 1).toBe(rehash === 1);
      expect(() => pair.client.set(SO.TXREHASH, 2)).toThrow(/EINVAL/);
    }
  });

  shows('SO_ZEROCOPY', 'MSG_ZEROCOPY is honoured and its end is told on the error queue', async () => {
    using pair = await hosts().connection();
    pair.client.set(SO.ZEROCOPY, true);
    await pair.client.send(new Uint8Array(5000), { flags: 0x400_0000 });
    await pair.client.ready('err', { timeoutMs });
    const message = await pair.client.recvmsg({ size: 0, controlSize: 256, flags: 0x2000, timeoutMs });
    expect(message.controlOf('ip-recverr')).toMatchObject({ origin: 5, info: 0, data: 0 });
  });
});
