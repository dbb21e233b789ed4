/**
 * Shows what options of TCP do to segments on the wire and to timers, in the kernel’s table of sockets, in TCP_INFO and in
 * errors. Two hosts, and the wire between them in our hands.
 */
import { expect } from 'vitest';
import { SockDiag, type SocketRow } from '../../src/netlink/sock-diag.ts';
import { SO, type Socket, TCP } from '../../src/socket/index.ts';
import { type Packet, TcpFlags, type TcpHeader } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { type Connection, type Hosts, shows, text, timeoutMs, useHosts } from './setting.ts';

const tcpOf = (packet: Packet): TcpHeader | undefined => packet.find('tcp');
const isSyn = (packet: Packet): boolean => ((tcpOf(packet)?.flags ?? 0) & TcpFlags.SYN) !== 0;
const dataOf = (packet: Packet): number => tcpOf(packet)?.payload.length ?? 0;
const hasData = (packet: Packet): boolean => dataOf(packet) > 0;
const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

/** Segments of one connection that carry data. */
function segments(hosts: Hosts, from: number, pair: Connection): number[] {
  const port = portOf(pair.client);
  return hosts
    .packets('client', from)
    .filter((packet) => hasData(packet) && tcpOf(packet)?.srcPort === port)
    .map(dataOf);
}

function rowOf(hosts: Hosts, socket: Socket): SocketRow | undefined {
  using diag = new SockDiag(hosts.client);
  const port = portOf(socket);
  return diag.sockets({ protocol: 'tcp', family: 'inet' }).find((row) => row.source.port === port);
}

/** The client's first SYN to a listener. */
function synTo(hosts: Hosts, from: number, listener: Socket): Packet {
  const port = portOf(listener);
  return hosts.packets('client', from).find((packet) => isSyn(packet) && tcpOf(packet)?.dstPort === port) as Packet;
}

function hasSysctl(hosts: Hosts): boolean {
  try {
    return hosts.lab.client.getSysctl('ipv4.tcp_syn_linear_timeouts') !== '';
  } catch {
    return false;
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describeInNamespace(import.meta.url, 'effects of TCP options on segments and timers', () => {
  const hosts = useHosts();

  // ---------------------------------------------------------------- how data is cut into segments

  shows('TCP_NODELAY', 'small writes leave at once; without it they wait for the acknowledgement', async () => {
    for (const [on, count] of [
      [true, 3],
      [false, 2],
    ] as const) {
      const all = hosts();
      using pair = await all.connection();
      pair.server.set(TCP.QUICKACK, false);
      pair.client.set(TCP.NODELAY, on);
      const from = all.mark;
      for (const part of ['a', 'b', 'c']) pair.client.trySend(new TextEncoder().encode(part));
      let got = 0;
      while (got < 3) got += (await pair.server.recv(10, { timeoutMs })).length;
      expect(segments(all, from, pair)).toHaveLength(count);
    }
  });

  shows('TCP_CORK', 'small writes are joined to one segment, which leaves when the cork is taken off', async () => {
    const all = hosts();
    using pair = await all.connection();
    pair.client.set(TCP.CORK, true);
    const from = all.mark;
    for (const part of ['one ', 'two ', 'three']) await pair.client.send(part);
    expect(segments(all, from, pair)).toEqual([]);
    pair.client.set(TCP.CORK, false);
    expect(text(await pair.server.recv(100, { timeoutMs }))).toBe('one two three');
    expect(segments(all, from, pair)).toEqual([13]);
  });

  shows('TCP_MAXSEG', 'is announced in the SYN, and bounds segments', async () => {
    const all = hosts();
    const from = all.mark;
    using pair = await all.connection({ client: (socket) => socket.set(TCP.MAXSEG, 700) });
    const syn = synTo(all, from, pair.listener);
    expect(tcpOf(syn)?.options.find((option) => option.name === 'mss')).toMatchObject({ mss: 700 });
    await pair.client.send(new Uint8Array(2000));
    let got = 0;
    while (got < 2000) got += (await pair.server.recv(4096, { timeoutMs })).length;
    expect(Math.max(...segments(all, from, pair))).toBeLessThanOrEqual(700);
  });

  shows('TCP_WINDOW_CLAMP', 'no larger window is offered', async () => {
    const all = hosts();
    using pair = await all.connection({ client: (socket) => socket.set(TCP.WINDOW_CLAMP, 4000) });
    const from = all.mark;
    await pair.client.send('x');
    const packet = await all.packet('client', from, hasData);
    const scale = pair.client.get(TCP.INFO).rcvWscale;
    expect((tcpOf(packet)?.window ?? 0) << scale).toBeLessThanOrEqual(4000);
  });

  shows('TCP_QUICKACK', 'on, data is acknowledged at once; off, the acknowledgement waits', async () => {
    const all = hosts();
    using pair = await all.connection();
    const answered = async (on: boolean): Promise<boolean> => {
      for (;;) {
        pair.server.set(TCP.QUICKACK, on);
        const before = pair.client.get(TCP.INFO).bytesAcked ?? 0n;
        const begun = performance.now();
        await pair.client.send('x');
        await pair.server.recv(10, { timeoutMs });
        await pause(15);
        const acked = (pair.client.get(TCP.INFO).bytesAcked ?? 0n) > before;
        // On a busy machine the pause may outlast the 40 ms that an acknowledgement waits at least.
        if (on || !acked || performance.now() - begun < 35) return acked;
      }
    };
    expect(await answered(true)).toBe(true);
    expect(await answered(false)).toBe(false);
  });

  shows(
    'TCP_DELACK_MAX_US',
    'TCP_INFO says that no acknowledgement waits longer; less than two ticks is refused',
    async () => {
      using pair = await hosts().connection();
      pair.server.set(TCP.DELACK_MAX_US, 20_000);
      await pair.client.send('x');
      await pair.server.recv(1, { timeoutMs });
      const { atoUs } = pair.server.get(TCP.INFO);
      expect(atoUs).toBeGreaterThan(0);
      expect(atoUs).toBeLessThanOrEqual(20_000);
      expect(() => pair.server.set(TCP.DELACK_MAX_US, 1)).toThrow(/EINVAL/);
    },
  );

  shows('TCP_NOTSENT_LOWAT', 'the socket is not writable while more than that waits unsent', async () => {
    const all = hosts();
    using pair = await all.connection();
    pair.client.set(TCP.NOTSENT_LOWAT, 1000);
    // Nobody reads: data piles up unsent once the peer's window is full.
    const part = new Uint8Array(1000);
    for (;;) {
      while (pair.client.tryReady('out')) pair.client.trySend(part);
      await pause(20);
      if (!pair.client.tryReady('out')) break;
    }
    expect(pair.client.get(TCP.INFO).notsentBytes).toBeGreaterThanOrEqual(1000);
    pair.client.set(TCP.NOTSENT_LOWAT, 0x7fff_ffff);
    expect(pair.client.tryReady('out')).toBe(true);
  });

  shows('TCP_INQ', 'each receive tells what is left to read', async () => {
    using pair = await hosts().connection();
    pair.server.set(TCP.INQ, true);
    await pair.client.send('twelve bytes');
    await pair.server.ready('in', { timeoutMs });
    const message = await pair.server.recvmsg({ size: 4, controlSize: 64, timeoutMs });
    expect(message.control).toEqual([{ kind: 'tcp-inq', bytes: 8 }]);
  });

  shows('TCP_ZEROCOPY_RECEIVE', 'without a mapping it tells how much is there', async () => {
    using pair = await hosts().connection();
    await pair.client.send('twelve bytes');
    await pair.server.ready('in', { timeoutMs });
    expect(pair.server.get(TCP.ZEROCOPY_RECEIVE)).toMatchObject({ errno: 0 });
  });

  // ---------------------------------------------------------------- timers

  shows(['TCP_KEEPIDLE', 'SO_KEEPALIVE'], 'the keep-alive timer of sock_diag runs for so long', async () => {
    const all = hosts();
    using pair = await all.connection();
    expect(rowOf(all, pair.client)?.timer).toBe('none');
    pair.client.set(TCP.KEEPIDLE, 30);
    pair.client.set(SO.KEEPALIVE, true);
    const row = rowOf(all, pair.client);
    expect(row?.timer).toBe('keepalive');
    expect(row?.expiresMs).toBeGreaterThan(25_000);
    expect(row?.expiresMs).toBeLessThanOrEqual(30_500);
  });

  shows(
    ['TCP_KEEPINTVL', 'TCP_KEEPCNT'],
    'probes that nobody answers come so often and end the connection',
    async () => {
      const all = hosts();
      using pair = await all.connection();
      pair.client.set(TCP.KEEPIDLE, 1);
      pair.client.set(TCP.KEEPINTVL, 1);
      pair.client.set(TCP.KEEPCNT, 1);
      // A filter in front of the server drops everything, so that it is as gone as with a cut wire.
      pair.server.set(SO.ATTACH_FILTER, [{ code: 0x06, jt: 0, jf: 0, k: 0 }]);
      pair.client.set(SO.KEEPALIVE, true);
      await expect(pair.client.recv(1, { timeoutMs: 4000 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    },
  );

  shows('TCP_USER_TIMEOUT', 'data that nobody acknowledges ends the connection with ETIMEDOUT', async () => {
    const all = hosts();
    using pair = await all.connection();
    pair.client.set(TCP.USER_TIMEOUT, 300);
    pair.server.set(SO.ATTACH_FILTER, [{ code: 0x06, jt: 0, jf: 0, k: 0 }]);
    await pair.client.send('nobody hears this');
    await expect(pair.client.recv(1, { timeoutMs: 4000 })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  shows(['TCP_RTO_MIN_US', 'TCP_RTO_MAX_MS'], 'the retransmission timeout of TCP_INFO lies between them', async () => {
    using pair = await hosts().connection({
      client: (socket) => {
        socket.set(TCP.RTO_MIN_US, 50_000);
        socket.set(TCP.RTO_MAX_MS, 1000);
      },
    });
    await pair.client.send('x');
    await pair.server.recv(1, { timeoutMs });
    await expect.poll(() => pair.client.get(TCP.INFO).rtoUs, { timeout: timeoutMs, interval: 2 }).toBeLessThan(200_000);
    expect(pair.client.get(TCP.INFO).rtoUs).toBeGreaterThanOrEqual(50_000);
    expect(() => pair.client.set(TCP.RTO_MAX_MS, 1)).toThrow(/EINVAL/);
  });

  shows('TCP_SYNCNT', 'connect gives up after so many SYNs', async () => {
    const all = hosts();
    using socket = all.tcp('client');
    socket.set(TCP.SYNCNT, 1);
    // Else some more are sent, a second apart (Linux 6.5).
    if (hasSysctl(all)) all.lab.client.setSysctl('ipv4.tcp_syn_linear_timeouts', 0);
    const from = all.mark;
    // Nobody has this address: the server drops it.
    const failed = socket.connect('10.77.0.99:80', { timeoutMs: 8000 });
    await expect(failed).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    const syns = all.packets('client', from).filter((packet) => isSyn(packet) && packet.bytes[19] === 99);
    expect(syns).toHaveLength(2);
  });

  shows('TCP_LINGER2', 'a negative value ends FIN-WAIT-2 at once', async () => {
    const all = hosts();
    using pair = await all.connection();
    pair.client.set(TCP.LINGER2, -1);
    const port = portOf(pair.client);
    pair.client.close();
    using diag = new SockDiag(all.client);
    await expect
      .poll(() => diag.sockets({ protocol: 'tcp' }).some((row) => row.source.port === port), { timeout: timeoutMs })
      .toBe(false);
  });

  shows(
    'TCP_TX_DELAY',
    'the round-trip time of TCP_INFO grows by it (packets wait only where fq is the discipline)',
    async () => {
      using pair = await hosts().connection();
      const before = pair.client.get(TCP.INFO).rttUs;
      pair.client.set(TCP.TX_DELAY, 60_000);
      expect(pair.client.get(TCP.INFO).rttUs - before).toBe(60_000);
    },
  );

  shows('TCP_THIN_LINEAR_TIMEOUTS', 'the timeout of a thin stream does not double', async () => {
    const all = hosts();
    using pair = await all.connection({ client: (socket) => socket.set(TCP.RTO_MIN_US, 20_000) });
    // bbr never leaves what the kernel takes for the initial slow start, where no stream is thin.
    pair.client.set(TCP.CONGESTION, 'reno');
    await pair.client.send('x');
    await pair.server.recv(1, { timeoutMs });
    pair.client.set(TCP.THIN_LINEAR_TIMEOUTS, true);
    pair.server.set(SO.ATTACH_FILTER, [{ code: 0x06, jt: 0, jf: 0, k: 0 }]);
    await pair.client.send('y');
    await expect
      .poll(() => pair.client.get(TCP.INFO).retransmits, { timeout: timeoutMs, interval: 5 })
      .toBeGreaterThan(1);
    expect(pair.client.get(TCP.INFO).backoff).toBe(0);
  });
});
