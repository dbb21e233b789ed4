/** Shows that calls take interface names in an address's text and find them in the socket's own namespace. */
import { expect, test } from 'vitest';
import { AF_INET6, AF_PACKET, SOCK_DGRAM, SOCK_RAW } from '../../src/index.ts';
import { IFA_F_NODAD, IN6_ADDR_GEN_MODE_NONE, Rtnetlink } from '../../src/netlink/index.ts';
import { createConnection, listen } from '../../src/node/index.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { addressesServe } from '../support/namespaces.ts';

describeInNamespace(import.meta.url, 'interfaces by name', () => {
  test('packet:NAME binds to the interface of that name', () => {
    using space = NetworkNamespace.create('names');
    using route = new Rtnetlink(space);
    route.addVeth({ name: 'left0' }, { name: 'right0' });
    using socket = space.socket(AF_PACKET, SOCK_RAW, 0);
    socket.bind('packet:right0');
    expect(socket.getsockname()).toMatchObject({ family: 'packet', ifindex: route.link('right0').index, protocol: 3 });
  });

  test('a zone by name: bind, connect and send to a link-local address', async () => {
    using space = NetworkNamespace.create('zones', { loopback: true });
    using route = new Rtnetlink(space);
    route.addVeth({ name: 'left0' }, { name: 'right0' });
    const { index } = route.link('left0');
    for (const name of ['left0', 'right0']) {
      // An address that the kernel makes itself is asked for on the link first, which takes a second.
      route.setLink(route.link(name).index, { ipv6AddrGenMode: IN6_ADDR_GEN_MODE_NONE });
      route.setLink(route.link(name).index, { up: true });
    }
    route.addAddress(index, 'fe80::77/64', IFA_F_NODAD);
    await addressesServe(route);
    using server = space.socket(AF_INET6, SOCK_DGRAM);
    server.bind('[fe80::77%left0]:0');
    const at = server.getsockname();
    if (at.family !== 'inet6') throw new Error('not IPv6');
    expect(at.scopeId).toBe(index);
    using client = space.socket(AF_INET6, SOCK_DGRAM);
    const to = `[fe80::77%left0]:${at.port}`;
    await client.sendto('a', to);
    client.sendtoSync('b', to);
    await client.sendmsg({ data: 'c', to });
    await client.connect(to);
    client.sendSync('d');
    const came: string[] = [];
    while (came.length < 4) came.push(new TextDecoder().decode(await server.recv(9)));
    // Each processor has a queue of its own for loopback: the order is not certain.
    expect(came.sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('listen and createConnection take them too', async () => {
    using space = NetworkNamespace.create('node', { loopback: true });
    using route = new Rtnetlink(space);
    route.addAddress(1, 'fe80::5/64', IFA_F_NODAD);
    await addressesServe(route);
    const listener = await listen('[fe80::5%lo]:0', { via: space });
    const client = await createConnection(`[fe80::5%lo]:${listener.port}`, undefined, { via: space });
    expect(client.getpeername()).toMatchObject({ address: 'fe80::5', scopeId: 1 });
    client.close();
    await listener.close();
    await expect(listen('[fe80::5%nope0]:0', { via: space })).rejects.toThrow(/nope0/);
  });

  test('a name that no interface has is ENODEV, in every form', async () => {
    using space = NetworkNamespace.create('none');
    using socket = space.socket(AF_INET6, SOCK_DGRAM);
    const refused = { code: 'ENODEV', syscall: 'if_nametoindex', address: 'nope0' };
    expect(() => socket.bind('[fe80::1%nope0]:1')).toThrow(expect.objectContaining(refused));
    await expect(socket.connect('[fe80::1%nope0]:1')).rejects.toMatchObject(refused);
    await expect(socket.sendto('x', '[fe80::1%nope0]:1')).rejects.toMatchObject(refused);
    await expect(socket.sendmsg({ data: 'x', to: '[fe80::1%nope0]:1' })).rejects.toMatchObject(refused);
    expect(() => socket.sendtoSync('x', '[fe80::1%nope0]:1')).toThrow(expect.objectContaining(refused));
    expect(() => socket.bind('[fe80::1%a-name-of-17-byte]:1')).toThrow(expect.objectContaining({ code: 'ENODEV' }));
    socket.close();
    expect(() => socket.bind('[fe80::1%lo]:1')).toThrow(expect.objectContaining({ code: 'EBADF' }));
  });

  test('an error names the address as it was given', async () => {
    using space = NetworkNamespace.create('errors', { loopback: true });
    using socket = space.socket(AF_INET6, SOCK_DGRAM);
    expect(() => socket.bind('[fe80::1%lo]:1')).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL', port: 1 }));
    await expect(socket.connect('[fe80::1%lo]:1')).rejects.toMatchObject({ address: 'fe80::1' });
  });
});
