/**
 * Live capture on interfaces of namespaces made here: the ring and the copying path give the same packets, whole or cut,
 * with what the kernel had taken off; what is lost is counted; what is given back is not shown again.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PacketBatch } from '../../src/capture/index.ts';
import { Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { openInjector } from '../../src/os/capture/inject.ts';
import { type Capture, type CaptureOptions, openCapture } from '../../src/os/capture/open.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, SOCK_DGRAM, type Socket } from '../../src/socket/index.ts';
import { buildPacket, decodePacket, describePacket } from '../../src/wire/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';

const MACS = { src: '02:00:00:00:00:0a', dst: '02:00:00:00:00:0b' } as const;

describeInNamespace(import.meta.url, 'live capture', () => {
  let here: NetworkNamespace;
  let there: NetworkNamespace;
  let sender: Socket;

  beforeAll(() => {
    here = NetworkNamespace.create('here', { loopback: true });
    there = NetworkNamespace.create('there');
    using inHere = new Rtnetlink(here);
    using inThere = new Rtnetlink(there);
    inHere.addVeth({ name: 'left' }, { name: 'right', netnsFd: there.fd });
    inHere.setLink(inHere.link('left').index, { up: true });
    inThere.setLink(inThere.link('right').index, { up: true });
    sender = here.socket(AF_INET, SOCK_DGRAM);
  });

  afterAll(() => {
    sender.close();
    here.close();
    there.close();
  });

  const open = (name: string, options: CaptureOptions = {}): Capture =>
    openCapture(name, { host: here, latency: 'low', poison: true, ...options });

  async function say(text: string, port: number): Promise<void> {
    await sender.sendto(text, `127.0.0.1:${port}`);
  }

  const lines = (capture: Capture, batch: PacketBatch): string[] =>
    Array.from(batch, ({ bytes, length }) =>
      describePacket(decodePacket(bytes, capture.linkType, { wireLength: length })).replace(/\.\d+ >/, ' >'),
    );

  /** What comes until the packet whose line ends with `last`. */
  async function read(capture: Capture, last: string): Promise<string[]> {
    const all: string[] = [];
    while (!all.some((line) => line.endsWith(last))) {
      all.push(...lines(capture, await capture.next({ timeoutMs: 5000 })));
    }
    return all;
  }

  test.each(['ring', 'copy'] as const)(
    '%s: what the filter lets through, once each, in order, with its time',
    async (backend) => {
      using capture = open('lo', { backend, filter: 'udp port 5000' });
      expect(capture).toMatchObject({ backend, linkType: 1, interface: 'lo', snapLen: 262_144 });
      const before = BigInt(Date.now()) * 1_000_000n;
      await say('a', 5000);
      await say('bb', 5001);
      await say('ccc', 5000);
      const batch = await capture.next({ timeoutMs: 5000 });
      const times = Array.from(batch, ({ t }) => t);
      const got = lines(capture, batch);
      if (got.length < 2) got.push(...(await read(capture, 'length 3')));
      expect(got).toEqual([
        'IP 127.0.0.1 > 127.0.0.1.5000: UDP, length 1',
        'IP 127.0.0.1 > 127.0.0.1.5000: UDP, length 3',
      ]);
      expect(times[0]).toBeGreaterThan(before - 1_000_000_000n);
      expect(times.every((t, i) => i === 0 || t >= times[i - 1]!)).toBe(true);
      expect(capture.statistics()).toMatchObject({ received: 2, dropped: 0 });
    },
  );

  test.each(['ring', 'copy'] as const)(
    '%s: cut to the snap length, and the length on the wire told',
    async (backend) => {
      using capture = open('lo', { backend, snapLen: 50, filter: 'udp port 5002' });
      await say('x'.repeat(100), 5002);
      const batch = await capture.next({ timeoutMs: 5000 });
      expect(batch.at(0)).toMatchObject({ capturedLength: 50, length: 142, truncated: true, direction: 'inbound' });
      expect(decodePacket(batch.at(0).bytes, 'ethernet', { wireLength: 142 })).toMatchObject({ truncated: true });
      expect(() => batch.at(1)).toThrow(RangeError);
    },
  );

  test.each(['ring', 'copy'] as const)(
    '%s: the VLAN tag that the kernel took off stands in the frame again',
    async (backend) => {
      using capture = openCapture('right', { host: there, backend, filter: 'vlan 7' });
      using injector = openInjector('left', { host: here });
      const frame = buildPacket({
        ethernet: MACS,
        vlan: { vlan: 7, priority: 3 },
        ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
        udp: { srcPort: 1, dstPort: 9 },
        payload: new Uint8Array(30).fill(5),
      });
      await injector.send(frame);
      const batch = await capture.next({ timeoutMs: 5000 });
      expect(batch.at(0).bytes).toEqual(frame);
      expect(batch.at(0).length).toBe(frame.length);
    },
  );

  test.each(['ring', 'copy'] as const)(
    '%s: every interface at once, with a cooked header; loopback once',
    async (backend) => {
      using capture = open('any', { backend, filter: 'host 127.0.0.1 and udp' });
      await say('one', 5003);
      await say('last', 5003);
      const got = await read(capture, 'length 4');
      expect(got).toEqual([
        'IP 127.0.0.1 > 127.0.0.1.5003: UDP, length 3',
        'IP 127.0.0.1 > 127.0.0.1.5003: UDP, length 4',
      ]);
      expect(capture.linkType).toBe(276);
    },
  );

  test('a filter that the kernel cannot decide for cooked packets is asked here', async () => {
    using capture = open('any', { filter: 'greater 100 and udp port 5004' });
    await say('short', 5004);
    await say('y'.repeat(200), 5004);
    expect(await read(capture, 'length 200')).toEqual(['IP 127.0.0.1 > 127.0.0.1.5004: UDP, length 200']);
  });

  test('one direction only', async () => {
    using out = open('lo', { direction: 'out', filter: 'udp port 5005' });
    using incoming = open('lo', { direction: 'in', filter: 'udp port 5005' });
    await say('both ways', 5005);
    const directions = [await out.next({ timeoutMs: 5000 }), await incoming.next({ timeoutMs: 5000 })].map((batch) =>
      Array.from(batch, ({ direction }) => direction),
    );
    expect(directions).toEqual([['outbound'], ['inbound']]);
  });

  test('another filter: nothing that only the one before let through comes any more', async () => {
    using capture = open('lo', { filter: 'udp port 5006', latency: 'throughput' });
    for (let i = 0; i < 50; i++) await say('old', 5006);
    capture.setFilter('udp port 5007');
    for (let i = 0; i < 50; i++) await say('old', 5006);
    await say('new', 5007);
    await say('newest', 5007);
    const got = await read(capture, 'length 6');
    expect(got.filter((line) => line.includes('5006'))).toEqual([]);
    expect(got.length).toBe(2);
  });

  test.each(['ring', 'copy'] as const)('%s: nor when nobody reads for long after the change', async (backend) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      using capture = open('lo', { backend, filter: 'udp port 5060' });
      await say('old', 5060);
      capture.setFilter('udp port 5061');
      vi.advanceTimersByTime(60_000);
      await say('later', 5061);
      vi.useRealTimers();
      expect(await read(capture, 'length 5')).toEqual(['IP 127.0.0.1 > 127.0.0.1.5061: UDP, length 5']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('not read: the kernel drops and counts, and every packet is either read or counted', async () => {
    using capture = open('lo', { filter: 'udp port 5008', bufferBytes: 512 * 1024 });
    const payload = new Uint8Array(1000);
    for (let i = 0; i < 3000; i++) await sender.sendto(payload, '127.0.0.1:5008');
    let seen = 0;
    for (let batch = capture.tryNext(); batch !== null; batch = capture.tryNext()) seen += batch.length;
    const { received, dropped } = capture.statistics();
    expect(received).toBe(3000);
    expect(dropped).toBeGreaterThan(0);
    // What was in the block that the kernel is still filling comes when its time is up.
    while (seen < received - dropped) seen += (await capture.next({ timeoutMs: 5000 })).length;
    expect(seen + capture.statistics().dropped).toBe(3000);
    expect(capture.tryNext()).toBeNull();
  });

  test('a packet of a batch that was given back throws; a copy stays as it was', async () => {
    using capture = open('lo', { filter: 'udp port 5009' });
    await say('keep me', 5009);
    const batch = await capture.next({ timeoutMs: 5000 });
    const packet = batch.at(0);
    const copy = packet.copy(capture.linkType);
    const before = copy.bytes.slice();
    const view = packet.bytes;
    expect(capture.tryNext()).toBeNull();
    expect(() => packet.bytes).toThrow(/copy\(\) keeps a packet/);
    // Overwritten, as `poison` says: who kept the view would see it.
    expect(view.every((byte) => byte === 0xdd)).toBe(true);
    expect(copy.bytes).toEqual(before);
    expect(copy).toMatchObject({ kind: 'packet', linkType: 1, direction: 'inbound', truncated: false });
  });

  test('after close views are empty, waiting ends, and the iteration too', async () => {
    const capture = open('lo', { filter: 'udp port 5010' });
    await say('x', 5010);
    const view = (await capture.next({ timeoutMs: 5000 })).at(0).bytes;
    const waiting = capture.next();
    const iterating = (async () => {
      let batches = 0;
      for await (const _ of capture) batches++;
      return batches;
    })();
    capture.close();
    await expect(waiting).rejects.toMatchObject({ code: 'ECANCELED' });
    expect(await iterating).toBe(0);
    expect(view.length).toBe(0);
    expect(() => capture.tryNext()).toThrow(expect.objectContaining({ code: 'EBADF' }));
    capture.close();
  });

  test('deadline and abort leave it usable', async () => {
    using capture = open('lo', { filter: 'udp port 5011' });
    await expect(capture.next({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
    await expect(capture.next({ signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    await say('still here', 5011);
    expect((await capture.next({ timeoutMs: 5000 })).length).toBe(1);
  });

  test('an interface that goes down says ENETDOWN; when it is up again the capture goes on', async () => {
    using route = new Rtnetlink(here);
    const { index } = route.link('left');
    using capture = open('left', { filter: 'udp port 9' });
    route.setLink(index, { up: false });
    await expect(capture.next({ timeoutMs: 5000 })).rejects.toMatchObject({ code: 'ENETDOWN', address: 'left' });
    route.setLink(index, { up: true });
    using injector = openInjector('right', { host: there });
    const frame = buildPacket({
      ethernet: MACS,
      ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
      udp: { srcPort: 1, dstPort: 9 },
    });
    await injector.send(frame);
    expect((await capture.next({ timeoutMs: 5000 })).length).toBe(1);
  });

  test('injection: many at once arrive in their order; one that is too large says what fits', async () => {
    using capture = openCapture('right', { host: there, filter: 'udp dst port 77' });
    using injector = openInjector('left', { host: here });
    const frames = Array.from({ length: 200 }, (_, i) =>
      buildPacket({
        ethernet: MACS,
        ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
        udp: { srcPort: i + 1, dstPort: 77 },
        payload: new Uint8Array(10),
      }),
    );
    expect(await injector.sendAll(frames)).toBe(200);
    const ports: (number | undefined)[] = [];
    while (ports.length < 200) {
      for (const { bytes } of await capture.next({ timeoutMs: 5000 })) {
        ports.push(decodePacket(bytes, 'ethernet').udp?.srcPort);
      }
    }
    expect(ports).toEqual(frames.map((_, i) => i + 1));
    await expect(injector.send(new Uint8Array(2000))).rejects.toMatchObject({
      code: 'EMSGSIZE',
      address: 'left',
      cause: { message: 'frame: expected at most 1500 bytes behind the link header, got 2000 with it' },
    });
  });

  test('what cannot be: no such interface, options out of range, a filter with a mistake', () => {
    const bad = (name: string, options: object): unknown => {
      try {
        open(name, options).close();
      } catch (error) {
        return error;
      }
      return undefined;
    };
    expect(bad('nope0', {})).toMatchObject({ code: 'ENODEV', address: 'nope0' });
    expect(bad('lo', { snapLen: 0 })).toMatchObject({ name: 'RangeError', message: /^snapLen: expected .* got 0$/ });
    expect(bad('lo', { direction: 'up' })).toMatchObject({
      message: "direction: expected 'in', 'out' or 'both', got up",
    });
    expect(bad('lo', { fanout: { group: 1, mode: 'x' } })).toMatchObject({ message: /^fanout\.mode: expected one of/ });
    expect(bad('lo', { filter: 'tcp prot 80' })).toMatchObject({ code: 'ERR_FILTER' });
  });
});
