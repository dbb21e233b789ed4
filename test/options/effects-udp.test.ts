/** Shows what options of UDP and UDP-Lite do: datagrams that are gathered, cut and joined, checksums and their coverage. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, SO, SOCK_DGRAM, type Socket, UDP, UDPLITE } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, text, timeoutMs, useHosts } from './setting.ts';

const portOf = (socket: Socket): number => (socket.getsockname() as { port: number }).port;

describeInNamespace(import.meta.url, 'effects of UDP options', () => {
  const hosts = useHosts();
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

  async function silent(socket: Socket): Promise<void> {
    await expect(socket.recv(10, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
  }

  shows('UDP_CORK', 'writes are gathered to one datagram, which leaves when the cork is taken off', async () => {
    using receiver = udp();
    using sender = udp();
    await sender.connect(receiver.getsockname());
    sender.set(UDP.CORK, true);
    await sender.send('one ');
    await sender.send('two');
    await silent(receiver);
    sender.set(UDP.CORK, false);
    expect(text(await receiver.recv(100, { timeoutMs }))).toBe('one two');
  });

  shows('UDP_SEGMENT', 'one write leaves as datagrams of that size', async () => {
    using receiver = udp();
    using sender = udp();
    sender.set(UDP.SEGMENT, 400);
    await sender.sendto(new Uint8Array(1000), receiver.getsockname());
    const lengths: number[] = [];
    for (let i = 0; i < 3; i++) lengths.push((await receiver.recv(2000, { timeoutMs })).length);
    expect(lengths).toEqual([400, 400, 200]);
  });

  shows('UDP_GRO', 'such a run comes in as one, with the size of its datagrams', async () => {
    using receiver = udp();
    receiver.set(UDP.GRO, true);
    using sender = udp();
    sender.set(UDP.SEGMENT, 400);
    await sender.sendto(new Uint8Array(1000), receiver.getsockname());
    const message = await receiver.recvmsg({ size: 2000, controlSize: 64, timeoutMs });
    expect(message.length).toBe(1000);
    expect(message.control).toEqual([{ kind: 'udp-gro', bytes: 400 }]);
  });

  shows('SO_NO_CHECK', 'the checksum on the wire is 0', async () => {
    const all = hosts();
    using sender = all.udp('client');
    sender.set(SO.NO_CHECK, true);
    const from = all.mark;
    await sender.sendto('x', all.at('server', 9));
    const ours = await all.packet('client', from, (packet) => packet.find('udp')?.srcPort === portOf(sender));
    expect(ours.find('udp')?.checksum).toBe(0);
  });

  shows(
    ['UDP_NO_CHECK6_TX', 'UDP_NO_CHECK6_RX'],
    'the checksum on the wire is 0, and only those who allow it receive',
    async () => {
      const all = hosts();
      using receiver = all.udp('server', 6);
      using sender = all.udp('client', 6);
      sender.set(UDP.NO_CHECK6_TX, true);
      const from = all.mark;
      await sender.sendto('x', receiver.getsockname());
      const ours = await all.packet('client', from, (packet) => packet.find('udp')?.srcPort === portOf(sender));
      expect(ours.find('udp')?.checksum).toBe(0);
      await silent(receiver);
      receiver.set(UDP.NO_CHECK6_RX, true);
      await sender.sendto('y', receiver.getsockname());
      expect(text(await receiver.recv(8, { timeoutMs }))).toBe('y');
    },
  );

  shows('UDP_ENCAP', 'keep-alives of IPsec are taken out, an unknown kind is refused', async (context) => {
    using receiver = udp();
    expect(() => receiver.set(UDP.ENCAP, 99)).toThrow(/ENOPROTOOPT/);
    try {
      receiver.set(UDP.ENCAP, 2);
    } catch {
      return context.skip('this kernel has no ESP in UDP');
    }
    using sender = udp();
    // RFC 3948 §2.3: one byte 0xff.
    await sender.sendto(Uint8Array.of(0xff), receiver.getsockname());
    await silent(receiver);
    return undefined;
  });

  shows(
    ['UDPLITE_SEND_CSCOV', 'UDPLITE_RECV_CSCOV'],
    'the coverage is on the wire, and less is dropped',
    async (context) => {
      const all = hosts();
      const open = (side: 'client' | 'server'): Socket | undefined => {
        try {
          const socket = all[side].socket(AF_INET, SOCK_DGRAM, 136);
          socket.bind(all.at(side, 0));
          return socket;
        } catch {
          return undefined;
        }
      };
      using receiver = open('server');
      using sender = open('client');
      if (receiver === undefined || sender === undefined) return context.skip('this kernel has no UDP-Lite');
      sender.set(UDPLITE.SEND_CSCOV, 12);
      const from = all.mark;
      await sender.sendto(new Uint8Array(20), receiver.getsockname());
      const packet = await all.packet('client', from, ({ bytes }) => bytes[9] === 136);
      // RFC 3828 §3.1: the coverage stands where UDP has its length.
      expect([packet.bytes[24], packet.bytes[25]]).toEqual([0, 12]);
      expect((await receiver.recv(64, { timeoutMs })).length).toBe(20);
      receiver.set(UDPLITE.RECV_CSCOV, 28);
      await sender.sendto(new Uint8Array(20), receiver.getsockname());
      await silent(receiver);
      return undefined;
    },
  );
});
