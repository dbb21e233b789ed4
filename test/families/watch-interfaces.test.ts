/** watchInterfaces() tells of links, addresses and routes as they come, change and go, once each. */
import { afterEach, expect, test } from 'vitest';
import { IN6_ADDR_GEN_MODE_NONE, Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { IFA_F_NODAD } from '../../src/netlink/rtnetlink-rows.ts';
import { interfaces } from '../../src/os/interfaces.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { type InterfaceEvent, type InterfaceWatch, watchInterfaces } from '../../src/os/watch-interfaces.ts';
import { describeInNamespace } from '../support/in-namespace.ts';

/** `link one added`, `address 10.9.0.1/24 on one added`, `route 10.9.0.0/24 added` */
function brief(event: InterfaceEvent): string {
  switch (event.kind) {
    case 'link':
      return `link ${event.link.name} ${event.change}`;
    case 'address':
      return `address ${event.address.address}/${event.address.prefixLength} on ${event.name} ${event.change}`;
    case 'route':
      return `route ${event.route.target ?? 'default'}/${event.route.prefixLength} ${event.change}`;
    case 'lost':
      return 'lost';
  }
}

/** Read on until `last` has come; returns the events up to it. */
async function until(watch: InterfaceWatch, last: (event: InterfaceEvent) => boolean): Promise<InterfaceEvent[]> {
  const events: InterfaceEvent[] = [];
  for (;;) {
    const { value, done } = await watch.next();
    if (done === true) throw new Error(`the watch ended after ${events.map(brief).join('; ')}`);
    events.push(value);
    if (last(value)) return events;
  }
}

describeInNamespace(import.meta.url, 'watchInterfaces', () => {
  const open: Disposable[] = [];
  afterEach(() => {
    for (const one of open.splice(0).reverse()) one[Symbol.dispose]();
  });
  function hosts(): { host: NetworkNamespace; route: Rtnetlink } {
    const host = NetworkNamespace.create('watched', { loopback: true });
    const route = new Rtnetlink(host);
    open.push(host, route);
    return { host, route };
  }

  test('links, addresses and routes, from the call on', async () => {
    const { host, route } = hosts();
    using watch = watchInterfaces({}, host);
    // Before anybody waits for them.
    route.addVeth({ name: 'one' }, { name: 'two' });
    const pair = await until(watch, (event) => brief(event) === 'link one added');
    expect(pair.map(brief).sort()).toEqual(['link one added', 'link two added']);
    const { index } = route.link('one');
    const peer = route.link('two').index;
    for (const each of [index, peer]) route.setLink(each, { ipv6AddrGenMode: IN6_ADDR_GEN_MODE_NONE });

    route.setLink(index, { up: true });
    route.setLink(peer, { up: true });
    const up = await until(watch, (event) => event.kind === 'link' && event.link.name === 'one' && event.link.running);
    expect(up.every((event) => event.kind !== 'link' || event.change === 'changed')).toBe(true);

    route.addAddress(index, '10.9.0.1/24');
    const four = await until(watch, (event) => brief(event) === 'route 10.9.0.0/24 added');
    expect(four.find(({ kind }) => kind === 'address')).toMatchObject({
      change: 'added',
      ifindex: index,
      name: 'one',
      address: { family: 'inet', address: '10.9.0.1', prefixLength: 24, scope: 'global', label: 'one' },
    });
    route.addAddress(index, 'fd09::1/64', IFA_F_NODAD);
    await until(watch, (event) => brief(event) === 'address fd09::1/64 on one added');

    expect(interfaces(host).find(({ name }) => name === 'one')).toMatchObject({
      kind: 'veth',
      type: 'ethernet',
      up: true,
      operState: 'up',
      addresses: [{ address: '10.9.0.1' }, { address: 'fd09::1' }],
    });

    route.addRoute({ target: '10.10.0.0/16', gateway: '10.9.0.2' });
    await until(watch, (event) => brief(event) === 'route 10.10.0.0/16 added');
    route.deleteRoute({ target: '10.10.0.0/16', gateway: '10.9.0.2' });
    await until(watch, (event) => brief(event) === 'route 10.10.0.0/16 removed');

    route.setLink(index, { mtu: 1400 });
    const mtu = await until(watch, (event) => event.kind === 'link');
    expect(mtu.at(-1)).toMatchObject({ change: 'changed', link: { name: 'one', mtu: 1400 } });

    route.deleteAddress(index, '10.9.0.1/24');
    await until(watch, (event) => brief(event) === 'address 10.9.0.1/24 on one removed');
    route.deleteLink(index);
    const gone = (await until(watch, (event) => brief(event) === 'link one removed')).map(brief);
    expect(gone).toContain('address fd09::1/64 on one removed');
  });

  test('what was there before is not told, and nothing is told twice', async () => {
    const { host, route } = hosts();
    route.addVeth({ name: 'one' }, { name: 'two' });
    using watch = watchInterfaces({}, host);
    const { index } = route.link('one');
    // No change, and the kernel tells of it all the same.
    route.setLink(index, { mtu: 1500 });
    route.setLink(index, { mtu: 1300 });
    expect((await until(watch, ({ kind }) => kind === 'link')).map(brief)).toEqual(['link one changed']);
    route.setLink(index, { name: 'uno' });
    expect((await until(watch, ({ kind }) => kind === 'link')).map(brief)).toEqual(['link uno changed']);
  });

  test('a program that does not keep up gets what is different now, and is told that some is lost', async () => {
    const { host, route } = hosts();
    using watch = watchInterfaces({ queueBytes: 4096 }, host);
    const all = Array.from({ length: 200 }, (_, i) => `10.20.${i >> 8}.${i & 255}`);
    for (const address of all) route.addAddress(1, `${address}/32`);
    const events = await until(watch, ({ kind }) => kind === 'lost');
    // Those that had room, then the others.
    const told = events.flatMap((event) => (event.kind === 'address' ? [event.address.address] : []));
    expect(told.sort()).toEqual(all.sort());
    for (const address of all) route.deleteAddress(1, `${address}/32`);
    const removed = await until(watch, ({ kind }) => kind === 'lost');
    expect(removed.filter((event) => event.kind === 'address' && event.change === 'removed').length).toBe(all.length);
  });

  test('it ends by its signal, by close, and by leaving the loop; without an error', async () => {
    const { host, route } = hosts();
    const stop = new AbortController();
    const aborted = watchInterfaces({ signal: stop.signal }, host);
    const waiting = aborted.next();
    stop.abort();
    expect(await waiting).toEqual({ value: undefined, done: true });
    expect((await aborted.next()).done).toBe(true);

    const closed = watchInterfaces({}, host);
    const next = closed.next();
    closed.close();
    expect((await next).done).toBe(true);

    const never = watchInterfaces({ signal: AbortSignal.abort() }, host);
    for await (const event of never) throw new Error(brief(event));

    const left = watchInterfaces({}, host);
    route.addAddress(1, '10.1.1.1/32');
    for await (const event of left) {
      expect(brief(event)).toBe('address 10.1.1.1/32 on lo added');
      break;
    }
    expect((await left.next()).done).toBe(true);
  });
});
