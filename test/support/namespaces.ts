/** Namespaces for tests of the kernel: one with a loopback interface only, and a router between a client and nowhere. */
import { writeFileSync } from 'node:fs';
import { IN6_ADDR_GEN_MODE_NONE, Rtnetlink } from '../../src/netlink/rtnetlink.ts';
import { IFA_F_NODAD, IFA_F_TENTATIVE } from '../../src/netlink/rtnetlink-rows.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';

/** A namespace whose loopback interface is up, with interface number 1. Close it at the end. */
export function loopbackNamespace(name: string, mtu: number = 65_536): NetworkNamespace {
  const namespace = NetworkNamespace.create(name);
  using route = new Rtnetlink(namespace);
  route.setLink(1, { up: true, mtu });
  return namespace;
}

/**
 * Resolves when every IPv6 address serves: the kernel makes one usable, and then its local route, in a work queue of its
 * own, also without duplicate address detection.
 */
export async function addressesServe(route: Rtnetlink): Promise<void> {
  const RTN_LOCAL = 2;
  const isServing = (): boolean => {
    const addresses = route.addresses().filter(({ family }) => family === 'inet6');
    if (addresses.some(({ flags }) => (flags & IFA_F_TENTATIVE) !== 0)) return false;
    const up = new Set(route.links().flatMap((link) => (link.up ? [link.index] : [])));
    const local = new Set(route.routes().flatMap(({ type, target }) => (type === RTN_LOCAL ? [target] : [])));
    return addresses.every(({ address, ifindex }) => !up.has(ifindex) || local.has(address));
  };
  while (!isServing()) await new Promise((resolve) => setImmediate(resolve));
}

/** Set below /proc/sys/net of a namespace: `ipv4/ip_forward`. */
export function setSysctl(namespace: NetworkNamespace, name: string, value: number | string): void {
  namespace.run(() => writeFileSync(`/proc/sys/net/${name}`, String(value)));
}

export interface RoutedNamespaces extends Disposable {
  readonly client: NetworkNamespace;
  readonly router: NetworkNamespace;
  readonly far: NetworkNamespace;
}

/**
 * A client (10.88.0.1, fd88::1; also 10.88.0.9) whose default route is a router (10.88.0.2, fd88::2), and a host beyond it (10.88.3.1,
 * fd88:3::1) on a narrow link:
 *
 * | target | the router |
 * |---|---|
 * | 10.88.1.0/24, fd88:1::/64 | answers: host unreachable; no route |
 * | 10.88.2.0/24, fd88:2::/64 | answers: prohibited |
 * | 10.88.3.0/24, fd88:3::/64 | forwards packets of up to 1,300 bytes |
 */
export async function routedNamespaces(): Promise<RoutedNamespaces> {
  const client = NetworkNamespace.create('client');
  const router = NetworkNamespace.create('router');
  const far = NetworkNamespace.create('far');
  using inClient = new Rtnetlink(client);
  using inRouter = new Rtnetlink(router);
  using inFar = new Rtnetlink(far);
  for (const side of [inClient, inRouter, inFar]) side.setLink(1, { up: true });
  inClient.addVeth({ name: 'up0' }, { name: 'down0', netnsFd: router.fd });
  inRouter.addVeth({ name: 'narrow0', mtu: 1300 }, { name: 'narrow1', mtu: 1300, netnsFd: far.fd });
  const near = inClient.link('up0').index;
  const down = inRouter.link('down0').index;
  const narrow = inRouter.link('narrow0').index;
  const narrowEnd = inFar.link('narrow1').index;
  const links = [
    [inClient, near],
    [inRouter, down],
    [inRouter, narrow],
    [inFar, narrowEnd],
  ] as const;
  for (const [side, index] of links) {
    side.setLink(index, { ipv6AddrGenMode: IN6_ADDR_GEN_MODE_NONE });
    side.setLink(index, { up: true });
  }
  inClient.addAddress(near, '10.88.0.1/24');
  inClient.addAddress(near, 'fd88::1/64', IFA_F_NODAD);
  // A second address, for which the router's limit of ICMP errors counts anew.
  inClient.addAddress(near, '10.88.0.9/24');
  inRouter.addAddress(down, '10.88.0.2/24');
  inRouter.addAddress(down, 'fd88::2/64', IFA_F_NODAD);
  inRouter.addAddress(narrow, '10.88.3.2/24');
  inRouter.addAddress(narrow, 'fd88:3::2/64', IFA_F_NODAD);
  // Asking for the neighbour that a forwarded packet is for needs a link-local address (ndisc_solicit).
  inRouter.addAddress(narrow, 'fe80::2/64', IFA_F_NODAD);
  inFar.addAddress(narrowEnd, '10.88.3.1/24');
  inFar.addAddress(narrowEnd, 'fd88:3::1/64', IFA_F_NODAD);
  inFar.addRoute({ target: 'default', gateway: '10.88.3.2' });
  inFar.addRoute({ target: 'default6', gateway: 'fd88:3::2' });
  setSysctl(router, 'ipv4/ip_forward', 1);
  // Unreachable routes still answer at most five times at once and once a second (ip_error in net/ipv4/route.c).
  setSysctl(router, 'ipv4/icmp_ratelimit', 0);
  setSysctl(router, 'ipv6/icmp/ratelimit', 0);
  setSysctl(router, 'ipv6/conf/all/forwarding', 1);
  inClient.addRoute({ target: 'default', gateway: '10.88.0.2' });
  inClient.addRoute({ target: 'default6', gateway: 'fd88::2' });
  for (const [four, six, type] of [
    ['10.88.1.0/24', 'fd88:1::/64', 'unreachable'],
    ['10.88.2.0/24', 'fd88:2::/64', 'prohibit'],
  ] as const) {
    inRouter.addRoute({ target: four, type });
    inRouter.addRoute({ target: six, type });
  }
  for (const side of [inClient, inRouter, inFar]) await addressesServe(side);
  const close = (): void => {
    client.close();
    router.close();
    far.close();
  };
  return { client, router, far, [Symbol.dispose]: close };
}
