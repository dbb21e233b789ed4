/**
 * Two namespaces with our wire between them: a TCP connection is led across packet by packet, and at each step the
 * kernel's own table shows the state that RFC 9293 names. On TUN and on veth pairs, over IPv4 and IPv6.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { pseudoSumV4, pseudoSumV6, readU16, readU32, sum16 } from '../../src/core/index.ts';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { IFF_MULTICAST, IFF_NOARP } from '../../src/netlink/rtnetlink-rows.ts';
import { readCapabilities } from '../../src/os/capabilities.ts';
import { type LabHost, type LabHosts, LabRefused, makeLabHosts, type WireTier } from '../../src/os/lab-hosts.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { TunDevice } from '../../src/os/tun.ts';
import { AF_INET, AF_INET6, SOCK_STREAM, SocketError } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { LabWire } from '../support/lab-wire.ts';

const SYN = 0x02;
const ACK = 0x10;

describeInNamespace(import.meta.url, 'lab hosts', () => {
  let lab: LabHosts | undefined;
  afterEach(() => {
    vi.restoreAllMocks();
    lab?.close();
  });

  describe.each(['tun', 'veth'] as const)('wire %s', (tier) => {
    /** The hosts, or a skip with the reason for which this machine refuses them. */
    const make = (
      context: { skip: (reason: string) => never },
      options: { mtu?: number; ipv6?: boolean } = {},
    ): LabHosts => {
      try {
        lab = makeLabHosts({ wire: tier, ...options });
        return lab;
      } catch (error) {
        if (error instanceof LabRefused && tier === 'tun') return context.skip(error.message);
        throw error;
      }
    };

    test.for(['inet', 'inet6'] as const)('%s: handshake, data and close, state by state', async (family, context) => {
      const { client, server } = make(context);
      expect(server.observeSockets()).toEqual([]);
      const wire = new LabWire(lab!);
      const domain = family === 'inet' ? AF_INET : AF_INET6;
      const address = server.addresses[family === 'inet' ? 0 : 1]!;
      const at = { family, address, port: 80 } as const;

      using listener = server.host.socket(domain, SOCK_STREAM);
      listener.bind(at);
      listener.listen(5);
      using socket = client.host.socket(domain, SOCK_STREAM);
      expect(socket.tryConnect(at)).toBeNull();

      const syn = await wire.next('client');
      expect(tcpFlags(syn)).toBe(SYN);
      expect(states(client)).toEqual(['SYN-SENT']);
      expect(states(server)).toEqual(['LISTEN']);
      wire.pass('client', syn);

      const synAck = await wire.next('server');
      expect(tcpFlags(synAck)).toBe(SYN | ACK);
      expect(states(server)).toEqual(['LISTEN', 'SYN-RECEIVED']);
      const halfOpen = server.observeSockets().find((row) => row.state === 'SYN-RECEIVED');
      expect(halfOpen).toMatchObject({
        inode: 0,
        source: { address, port: 80 },
        target: { address: client.addresses[family === 'inet' ? 0 : 1] },
      });
      wire.pass('server', synAck);

      const ack = await wire.next('client');
      expect(tcpFlags(ack)).toBe(ACK);
      expect(states(client)).toEqual(['ESTABLISHED']);
      expect(states(server)).toEqual(['LISTEN', 'SYN-RECEIVED']);
      wire.flow();
      wire.pass('client', ack);
      await socket.ready('out', { timeoutMs: 1000 });
      using accepted = await listener.accept({ timeoutMs: 5000 });
      const full = server.observeSockets({ tcpInfo: true }).find((row) => row.state === 'ESTABLISHED');
      // One name from half-open on.
      expect(full?.cookie).toBe(halfOpen?.cookie);
      expect(full?.tcpInfo?.length).toBeGreaterThan(100);

      const data = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7);
      const [sent, received] = await Promise.all([
        socket.sendAll(data).then(() => socket.shutdown('wr')),
        readAll(accepted),
      ]);
      expect(sent).toBeUndefined();
      expect(Buffer.compare(received, data)).toBe(0);
      await accepted.sendAll('bye');
      accepted.close();
      expect(await readAll(socket)).toEqual(new TextEncoder().encode('bye'));
      await until(() => states(client).includes('TIME-WAIT'));

      for (const { from, bytes } of wire.seen) {
        expect(bytes.length).toBeLessThanOrEqual(1500);
        expect(checkPacket(bytes), `packet from ${from}`).toBe('tcp');
      }
    });

    test('a packet with a wrong checksum is dropped by the kernel, as from a real cable', async (context) => {
      const { client, server } = make(context);
      const wire = new LabWire(lab!);
      const at = `${server.addresses[0]}:80`;
      using listener = server.host.socket(AF_INET, SOCK_STREAM);
      listener.bind(at);
      listener.listen();
      using socket = client.host.socket(AF_INET, SOCK_STREAM);
      socket.tryConnect(at);
      const syn = await wire.next('client');
      const damaged = syn.slice();
      damaged[36] = damaged[36]! ^ 0x55;
      const before = checksumErrors(server);
      wire.pass('client', damaged);
      await until(() => checksumErrors(server) === before + 1);
      expect(states(server)).toEqual(['LISTEN']);
    });

    test('nothing is on the wire that a program did not cause', async (context) => {
      const { client, server } = make(context);
      const wire = new LabWire(lab!);
      for (const { host, ifname } of [client, server]) {
        using route = new Rtnetlink(host);
        const link = route.link(ifname);
        expect(link).toMatchObject({ up: true, mtu: 1500 });
        expect(link.flags & (IFF_NOARP | IFF_MULTICAST)).toBe(IFF_NOARP);
        expect(route.link('lo').up).toBe(true);
      }
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect(wire.seen).toEqual([]);
    });

    test('routes, neighbours and addresses are as they were asked for', (context) => {
      const { client } = make(context);
      using route = new Rtnetlink(client.host);
      const { index } = route.link(client.ifname);
      const of = (): string[] =>
        route
          .addresses()
          .filter((row) => row.ifindex === index)
          .map((row) => row.address);
      expect(of()).toEqual(['10.77.0.1', 'fd77::1']);
      route.addAddress(index, '10.88.0.1/16');
      route.deleteAddress(index, '10.77.0.1/24');
      expect(of()).toEqual(['10.88.0.1', 'fd77::1']);
      route.addRoute({ target: 'default', gateway: '10.88.0.9' });
      route.addRoute({ target: 'fd99::/32', ifindex: index });
      const routes = route.routes();
      expect(routes).toContainEqual(expect.objectContaining({ gateway: '10.88.0.9', prefixLength: 0, family: 'inet' }));
      expect(routes).toContainEqual(expect.objectContaining({ target: 'fd99::', prefixLength: 32, ifindex: index }));
      expect(() => route.addRoute({ target: '10.99.0.0/16', gateway: '10.200.0.1' })).toThrow(
        expect.objectContaining({ code: 'ENETUNREACH', message: expect.stringContaining('Nexthop') }),
      );
      if (tier === 'veth') {
        route.addNeighbour(index, '10.88.0.9', '02:00:00:00:00:99');
        expect(route.neighbours()).toContainEqual(
          expect.objectContaining({ address: '10.88.0.9', hardwareAddress: '02:00:00:00:00:99', state: 0x80 }),
        );
      }
    });

    test('a small MTU, without IPv6', (context) => {
      const { client, server, notes } = make(context, { mtu: 576 });
      expect(client.addresses).toEqual(['10.77.0.1']);
      expect(server.device.mtu).toBe(576);
      expect(notes.join()).toContain('no IPv6');
    });

    test('settings are those of the host alone', (context) => {
      const { client, server } = make(context);
      client.setSysctl('ipv4.tcp_syn_retries', 2);
      expect(client.getSysctl('ipv4.tcp_syn_retries')).toBe('2');
      expect(server.getSysctl('ipv4.tcp_syn_retries')).not.toBe('2');
      // The hosts' small connection table must not make their queues small.
      using fresh = NetworkNamespace.create('fresh');
      const usual = fresh.run(() => readFileSync('/proc/sys/net/ipv4/tcp_max_syn_backlog', 'utf8')).trim();
      expect(server.getSysctl('ipv4.tcp_max_syn_backlog')).toBe(usual);
      expect(() => client.getSysctl('../kernel/hostname')).toThrow(TypeError);
    });

    test('every descriptor is closed', (context) => {
      make(context).close();
      const before = descriptors();
      for (let i = 0; i < 5; i++) {
        const made = make(context);
        made.client.device.onReceive(() => {});
        made.client.observeSockets();
        made.close();
        made.close();
        expect(made.client.device.send(new Uint8Array(20))).toBe(false);
      }
      expect(descriptors()).toEqual(before);
    });
  });

  test("'auto' takes TUN where it can and says why where it cannot", () => {
    lab = makeLabHosts();
    if (lab.tier === 'veth') expect(lab.notes.join()).toMatch(/TUN: E[A-Z]+ /);
    else expect(lab.notes).toEqual([]);
  });

  test('a failure half way leaves nothing open', () => {
    lab = makeLabHosts({ wire: 'veth' });
    lab.close();
    const before = descriptors();
    const create = NetworkNamespace.create.bind(NetworkNamespace);
    vi.spyOn(NetworkNamespace, 'create').mockImplementation((name) => {
      if (name === 'wire') throw new SocketError(1, { syscall: 'unshare' });
      return create(name);
    });
    expect(() => makeLabHosts({ wire: 'veth' })).toThrow(
      expect.objectContaining({ name: 'LabRefused', what: 'network namespace', code: 'EPERM' }),
    );
    expect(descriptors()).toEqual(before);
  });

  test('when the second TUN device is refused, the first makes room for veth', (context) => {
    if (!readCapabilities().tun.usable) context.skip('/dev/net/tun is not open to this user');
    const open = TunDevice.open.bind(TunDevice);
    vi.spyOn(TunDevice, 'open')
      .mockImplementationOnce(open)
      .mockImplementationOnce(() => {
        throw new SocketError(16, { syscall: 'ioctl', option: 'TUNSETIFF' });
      });
    lab = makeLabHosts();
    expect(lab.tier).toBe('veth');
    expect(lab.notes).toEqual([expect.stringContaining('TUN: EBUSY')]);
  });

  test('a veth pair goes with one of its ends; a link can be renamed and moved', () => {
    const here = NetworkNamespace.create('here');
    const there = NetworkNamespace.create('there');
    try {
      using route = new Rtnetlink(here);
      using far = new Rtnetlink(there);
      route.addVeth({ name: 'a', address: '02:00:00:00:00:0a' }, { name: 'b', netnsFd: there.fd, mtu: 1400 });
      expect(far.link('b')).toMatchObject({ kind: 'veth', mtu: 1400, up: false });
      route.setLink(route.link('a').index, { name: 'renamed', mtu: 1300, address: '02:00:00:00:00:0b', up: true });
      expect(route.link('renamed')).toMatchObject({ mtu: 1300, address: '02:00:00:00:00:0b', up: true });
      expect(() => route.addVeth({ name: 'renamed' }, { name: 'c' })).toThrow(
        expect.objectContaining({ code: 'EEXIST' }),
      );
      route.deleteLink(route.link('renamed').index);
      expect(() => far.link('b')).toThrow(expect.objectContaining({ code: 'ENODEV' }));
    } finally {
      here.close();
      there.close();
    }
  });

  test('bad arguments are named', () => {
    expect(() => makeLabHosts({ wire: 'rope' as WireTier })).toThrow(/^wire: expected/);
    expect(() => makeLabHosts({ mtu: 67 })).toThrow(/^mtu: expected/);
  });
});

function states(host: LabHost): string[] {
  return host
    .observeSockets()
    .map((row) => row.state)
    .sort();
}

async function readAll(socket: {
  recv(size: number, options: { timeoutMs: number }): Promise<Uint8Array>;
}): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const part = await socket.recv(65_536, { timeoutMs: 5000 });
    if (part.length === 0) return new Uint8Array(Buffer.concat(parts));
    parts.push(part);
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1500; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 15 s: ${condition.toString()}`);
}

function checksumErrors({ host }: LabHost): number {
  const lines = host
    .run(() => readFileSync('/proc/net/snmp', 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'));
  const column = lines[0]!.split(' ').indexOf('InCsumErrors');
  return Number(lines[1]!.split(' ')[column]);
}

function descriptors(): string[] {
  return readdirSync('/proc/self/fd').sort();
}

function tcpOffset(bytes: Uint8Array): number {
  return bytes[0]! >>> 4 === 4 ? (bytes[0]! & 15) * 4 : 40;
}

function tcpFlags(bytes: Uint8Array): number {
  return bytes[tcpOffset(bytes) + 13]! & 0x3f;
}

/** 'tcp' for a whole TCP packet whose checksums are right, else what is wrong. */
function checkPacket(bytes: Uint8Array): string {
  const at = tcpOffset(bytes);
  if (bytes[0]! >>> 4 === 4) {
    if (readU16(bytes, 2) !== bytes.length) return `total length ${readU16(bytes, 2)}, bytes ${bytes.length}`;
    if (bytes[9] !== 6) return `protocol ${bytes[9]}`;
    if (sum16(bytes, 0, at) !== 0xffff) return 'bad header checksum';
    const pseudo = pseudoSumV4(readU32(bytes, 12), readU32(bytes, 16), 6, bytes.length - at);
    return sum16(bytes, at, bytes.length, pseudo) === 0xffff ? 'tcp' : 'bad TCP checksum';
  }
  if (readU16(bytes, 4) + 40 !== bytes.length) return `payload length ${readU16(bytes, 4)}, bytes ${bytes.length}`;
  if (bytes[6] !== 6) return `next header ${bytes[6]}`;
  const pseudo = pseudoSumV6(bytes.subarray(8, 24), bytes.subarray(24, 40), 6, bytes.length - 40);
  return sum16(bytes, 40, bytes.length, pseudo) === 0xffff ? 'tcp' : 'bad TCP checksum';
}
