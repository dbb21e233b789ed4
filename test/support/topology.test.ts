/** The small internet of test/support/topology.ts is what its head says: hops, two ways, three kinds of refusal. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Rtnetlink } from '../../src/netlink/index.ts';
import { describeInNamespace } from './in-namespace.ts';
import { makeTopology, type Topology } from './topology.ts';

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

describeInNamespace(import.meta.url, 'the topology', () => {
  let net: Topology;
  beforeAll(async () => {
    net = await makeTopology();
  });
  afterAll(() => net[Symbol.dispose]());

  const hasPing = spawnSync('ping', ['-V']).error === undefined;

  test.for([
    ['10.91.6.2', 64, /icmp_seq=1 ttl=61/],
    ['fd91:6::2', 64, /icmp_seq=1 ttl=61/],
    ['10.91.6.2', 3, /From 10\.91\.[45]\.2 icmp_seq=1 Time to live exceeded/],
    ['fd91:6::2', 1, /From fd91:1::1 icmp_seq=1 Time exceeded: Hop limit/],
    ['10.91.100.1', 64, /From 10\.91\.1\.1 icmp_seq=1 Destination Host Unreachable/],
    ['10.91.101.1', 64, /From 10\.91\.1\.1 icmp_seq=1 Packet filtered/],
    ['10.91.102.1', 64, /0 received, 100% packet loss/],
    ['fd91:100::1', 64, /From fd91:1::1 icmp_seq=1 Destination unreachable/],
    ['10.92.0.1', 64, /Network is unreachable/],
  ] as const)('ping %s with a hop limit of %i', async ([target, ttl, expected], context) => {
    if (!hasPing) return context.skip('ping (iputils) is missing');
    expect(await output(net.spawn('client', 'ping', ['-c1', '-W1', '-n', '-t', String(ttl), target]))).toMatch(
      expected,
    );
  });

  test('r1 has two ways to the server, in both families', () => {
    using route = new Rtnetlink(net.hosts.r1);
    const ways = route.routes().filter(({ target }) => target === '10.91.6.0' || target === 'fd91:6::');
    const gateways = ways.flatMap(({ nextHops, gateway }) => nextHops?.map((hop) => hop.gateway) ?? [gateway]);
    expect(new Set(gateways)).toEqual(new Set(['10.91.2.2', '10.91.3.2', 'fd91:2::2', 'fd91:3::2']));
    for (const { nextHops } of ways) for (const { weight } of nextHops ?? []) expect(weight).toBe(1);
  });
});
