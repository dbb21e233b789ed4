/** Zero-copy sends where the kernel has no more room for notes, and where nothing receives what is sent. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, SOCK_DGRAM, sendZeroCopy } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { setSysctl } from '../support/namespaces.ts';
import { pattern, readAll, tcpPair } from './streams.ts';

const timeoutMs = 5000;

describeInNamespace(import.meta.url, 'in a namespace of its own', () => {
  let near: NetworkNamespace;
  beforeAll(() => {
    near = NetworkNamespace.create('near');
    using route = new Rtnetlink(near);
    route.setLink(1, { up: true });
  });
  afterAll(() => near.close());

  test('no room for notes (ENOBUFS): sends wait for the completions of others, and all go', async () => {
    const [client, server] = await tcpPair(near, AF_INET, '127.0.0.1');
    using _client = client;
    using _server = server;
    setSysctl(near, 'core/optmem_max', 4096);
    const parts = Array.from({ length: 100 }, (_, i) => pattern(3000, i));
    const sending = Promise.all(parts.map((part) => sendZeroCopy(client, part, { timeoutMs })));
    const whole = Buffer.concat(parts);
    expect(Buffer.compare(await readAll(server, whole.length), whole)).toBe(0);
    expect(await sending).toHaveLength(100);
  });

  test('a packet that goes nowhere near a receiver is not copied', async () => {
    using route = new Rtnetlink(near);
    // A cable whose other end is not plugged in: what is sent is dropped as it is.
    route.addVeth({ name: 'plug0' }, { name: 'plug1' });
    const { index } = route.link('plug0');
    route.setLink(index, { up: true });
    route.addAddress(index, '10.99.0.1/24');
    route.addNeighbour(index, '10.99.0.2', '02:00:00:00:00:02');
    using udp = near.socket(AF_INET, SOCK_DGRAM);
    const result = await sendZeroCopy(udp, pattern(1000), { to: '10.99.0.2:9', timeoutMs });
    expect(result).toEqual({ bytes: 1000, copied: false });
  });
});
