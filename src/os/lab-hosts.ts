/**
 * Two hosts of the real kernel with our wire between them: each a network namespace of its own, and every packet that
 * one sends to the other passes through this process. network_namespaces(7), rtnetlink(7), veth(4).
 *
 * Two ways to have the wire's ends in hand. **TUN**: one device in each host; its descriptor is the wire. **veth**: a
 * third namespace holds the far ends of two pairs, and packet sockets on them are the wire; for those who may not open
 * /dev/net/tun (it belongs to root on many machines, also inside a user namespace). Both carry whole IP packets with
 * right checksums and nothing that a program did not cause: no ARP, no router solicitations, no duplicate address
 * detection, no multicast reports.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { utf8, writeHostU32 } from '../core/index.ts';
import type { LinkDevice } from '../link/device.ts';
import { IN6_ADDR_GEN_MODE_NONE, Rtnetlink } from '../netlink/rtnetlink.ts';
import { IFA_F_NODAD } from '../netlink/rtnetlink-rows.ts';
import { SockDiag, type SocketRow } from '../netlink/sock-diag.ts';
import { AF_INET, SOCK_DGRAM, SocketError } from '../socket/index.ts';
import { LabRefused, readCapabilities } from './capabilities.ts';
import { kernelDriver } from './kernel-driver.ts';
import { NetworkNamespace } from './namespace.ts';
import { PacketDevice } from './packet-device.ts';
import { TunDevice } from './tun.ts';

export { LabRefused } from './capabilities.ts';

export type WireTier = 'tun' | 'veth';

export interface LabHostsOptions {
  /** `auto`: TUN where it may be opened, else veth. */
  readonly wire?: 'auto' | WireTier;
  /** 68 to 65535; under 1280 there is no IPv6 (RFC 8200 §5). */
  readonly mtu?: number;
  readonly ipv6?: boolean;
}

export interface LabHost {
  readonly name: 'client' | 'server';
  readonly host: NetworkNamespace;
  /** Our side of the wire: receives what the host sends, sends what the host is to receive. */
  readonly device: LinkDevice;
  /** IPv4, then IPv6 unless it is off. */
  readonly addresses: readonly string[];
  readonly ifname: string;
  /** The host's TCP sockets as the kernel has them now (sock_diag(7)); with `tcpInfo`, struct tcp_info too. */
  observeSockets(options?: { readonly tcpInfo?: boolean }): SocketRow[];
  /** Read or set below /proc/sys/net of this host: `setSysctl('ipv4.tcp_syncookies', 0)`. */
  getSysctl(name: string): string;
  setSysctl(name: string, value: string | number): void;
}

export interface LabHosts {
  readonly tier: WireTier;
  /** Remarks for people: which wire and why, what is missing. */
  readonly notes: readonly string[];
  readonly client: LabHost;
  readonly server: LabHost;
  /** Close the wire and let go of the namespaces; they end with the last socket in them. Twice is fine. */
  close(): void;
}

interface Plan {
  readonly name: 'client' | 'server';
  readonly ipv4: string;
  readonly ipv6: string;
  readonly mac: string;
  /** Name and hardware address of the far end of the veth pair. */
  readonly wireName: string;
  readonly wireMac: string;
}

const CLIENT: Plan = {
  name: 'client',
  ipv4: '10.77.0.1',
  ipv6: 'fd77::1',
  mac: '02:00:00:00:77:01',
  wireName: 'client',
  wireMac: '02:00:00:00:77:11',
};
const SERVER: Plan = {
  name: 'server',
  ipv4: '10.77.0.2',
  ipv6: 'fd77::2',
  mac: '02:00:00:00:77:02',
  wireName: 'server',
  wireMac: '02:00:00:00:77:12',
};

/** Name of the interface in both hosts. */
const IFNAME = 'bw0';
const IPV6_LEAST_MTU = 1280;
/** Buckets of a host's connection table: a lab has few connections. */
const TABLE_ENTRIES = 1024;

/** linux/ethtool.h: one 32-bit command, one 32-bit value; the ifreq points to them. */
const SIOCETHTOOL = 0x8946;
const ETHTOOL_STXCSUM = 0x17;
const ETHTOOL_STSO = 0x1f;
const ETHTOOL_SGSO = 0x24;
const ETHTOOL_SGRO = 0x2c;
const OFFLOADS: readonly (readonly [number, string])[] = [
  [ETHTOOL_STSO, 'tso'],
  [ETHTOOL_SGSO, 'gso'],
  [ETHTOOL_SGRO, 'gro'],
  [ETHTOOL_STXCSUM, 'tx-checksum'],
];
const RTN_LOCAL = 2;
/** Most that is waited for the route of an address. */
const LOCAL_ROUTE_MS = 1000;
const IFREQ_BYTES = 40;
const IFREQ_DATA = 16;

/**
 * Make the two hosts and the wire. Nothing on the machine changes outside the new namespaces.
 * @throws LabRefused when the machine says no (and then nothing is left behind)
 */
export function makeLabHosts(options: LabHostsOptions = {}): LabHosts {
  const { wire = 'auto', mtu = 1500, ipv6 = true } = options;
  if (wire !== 'auto' && wire !== 'tun' && wire !== 'veth') {
    throw new TypeError(`wire: expected 'auto', 'tun' or 'veth', got '${String(wire)}'`);
  }
  if (!Number.isInteger(mtu) || mtu < 68 || mtu > 65_535) {
    throw new RangeError(`mtu: expected an integer from 68 to 65535, got ${mtu}`);
  }
  const builder = new Builder(mtu, ipv6);
  try {
    return builder.build(wire);
  } catch (error) {
    builder.close();
    throw error;
  }
}

class Builder {
  readonly #mtu: number;
  readonly #ipv6: boolean;
  readonly #notes: string[] = [];
  /** Closed in the opposite order. */
  readonly #opened: { close(): void }[] = [];

  constructor(mtu: number, ipv6: boolean) {
    this.#mtu = mtu;
    this.#ipv6 = ipv6 && mtu >= IPV6_LEAST_MTU;
    if (ipv6 && !this.#ipv6) this.#notes.push(`no IPv6: it needs an MTU of ${IPV6_LEAST_MTU}, this wire has ${mtu}`);
  }

  close(): void {
    for (let last = this.#opened.pop(); last !== undefined; last = this.#opened.pop()) last.close();
  }

  build(wire: 'auto' | WireTier): LabHosts {
    const { client, server } = this.#makePair();
    for (const host of [client, server]) withRtnetlink(host, (route) => route.setLink(1, { up: true }));
    const tier = this.#chooseTier(wire, client, server);
    const [clientDevice, serverDevice] = tier.devices;
    const made: LabHosts = {
      tier: tier.name,
      notes: this.#notes,
      client: this.#finish(CLIENT, client, clientDevice),
      server: this.#finish(SERVER, server, serverDevice),
      close: () => this.close(),
    };
    return made;
  }

  /**
   * Both hosts with a small connection table of their own, made from a namespace that asks for it and then goes
   * (ip-sysctl, tcp_child_ehash_entries, Linux 6.1). Reading the socket table walks all entries; in the machine's table
   * that takes ten times as long as in one of this size.
   */
  #makePair(): { client: NetworkNamespace; server: NetworkNamespace } {
    const nursery = makeNamespace('nursery');
    try {
      const limits = nursery.run(() => askForSmallTables());
      const make = (name: string): NetworkNamespace => {
        const host = this.#keep(nursery.run(() => makeNamespace(name)));
        host.run(() => {
          for (const [path, value] of limits) writeFileSync(path, value);
        });
        return host;
      };
      return { client: make('client'), server: make('server') };
    } finally {
      nursery.close();
    }
  }

  #chooseTier(
    wire: 'auto' | WireTier,
    client: NetworkNamespace,
    server: NetworkNamespace,
  ): { name: WireTier; devices: readonly [LinkDevice, LinkDevice] } {
    if (wire !== 'veth') {
      let first: LinkDevice | undefined;
      try {
        first = this.#openTun(client);
        return { name: 'tun', devices: [first, this.#openTun(server)] };
      } catch (error) {
        if (!(error instanceof LabRefused) || wire === 'tun') throw error;
        // Its interface would have the name of the veth end.
        first?.close();
        this.#notes.push(`TUN: ${error.code} (${error.text}); the wire is veth pairs and packet sockets instead`);
      }
    }
    return { name: 'veth', devices: this.#openVeth(client, server) };
  }

  #openTun(host: NetworkNamespace): LinkDevice {
    try {
      return this.#keep(TunDevice.open({ host, name: IFNAME, mtu: this.#mtu }));
    } catch (error) {
      throw refusedBy(error, 'TUN');
    }
  }

  #openVeth(client: NetworkNamespace, server: NetworkNamespace): readonly [LinkDevice, LinkDevice] {
    const wire = this.#keep(makeNamespace('wire'));
    return withRtnetlink(wire, (route) => {
      const open = (plan: Plan, host: NetworkNamespace): LinkDevice => {
        const mtu = this.#mtu;
        try {
          const peer = { name: IFNAME, address: plan.mac, mtu, netnsFd: host.fd };
          route.addVeth({ name: plan.wireName, address: plan.wireMac, mtu }, peer);
        } catch (error) {
          throw refusedBy(error, 'veth');
        }
        const { index } = route.link(plan.wireName);
        quiet(route, index);
        route.setLink(index, { noarp: true, up: true });
        this.#turnOffOffload(host, plan.name);
        // With NOARP the kernel takes each neighbour to have the interface's own hardware address, so nothing is asked;
        // the wire's end sees PACKET_OTHERHOST, which packet sockets get and its IP layer ignores.
        withRtnetlink(host, (inside) => inside.setLink(inside.link(IFNAME).index, { noarp: true }));
        try {
          const { wireName: name, mac: target } = plan;
          return this.#keep(new PacketDevice({ host: wire, name, ifindex: index, mtu, target }));
        } catch (error) {
          throw refusedBy(error, 'veth');
        }
      };
      return [open(CLIENT, client), open(SERVER, server)];
    });
  }

  /** A veth end promises to finish checksums and cut segments, and then does not: nobody reads them on the way. */
  #turnOffOffload(host: NetworkNamespace, hostName: string): void {
    const socket = host.socket(AF_INET, SOCK_DGRAM);
    try {
      for (const [command, what] of OFFLOADS) {
        const request = new Uint8Array(IFREQ_BYTES);
        request.set(utf8(IFNAME));
        const value = new Uint8Array(8);
        writeHostU32(value, 0, command);
        const result = kernelDriver().native.ioctl(socket.handle, SIOCETHTOOL, request, IFREQ_DATA, value);
        // GRO exists on the receiving side only and never shows on the wire.
        if (result < 0 && command !== ETHTOOL_SGRO) {
          const { code } = new SocketError(-result, { syscall: 'ioctl' });
          this.#notes.push(`${hostName}: ${what} offload stays on (${code}): packets on the wire may be unfinished`);
        }
      }
    } finally {
      socket.close();
    }
  }

  /** Addresses, MTU, up: the same for both tiers. */
  #finish(plan: Plan, host: NetworkNamespace, device: LinkDevice): LabHost {
    const addresses = [plan.ipv4];
    withRtnetlink(host, (route) => {
      const { index } = route.link(IFNAME);
      quiet(route, index);
      route.setLink(index, { mtu: this.#mtu, multicast: false });
      route.setLink(index, { up: true });
      route.addAddress(index, `${plan.ipv4}/24`);
      if (!this.#ipv6) return;
      try {
        route.addAddress(index, `${plan.ipv6}/64`, IFA_F_NODAD);
        awaitLocalRoute(route, plan.ipv6);
        addresses.push(plan.ipv6);
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        this.#notes.push(`${plan.name}: no IPv6 on this machine (${error.message})`);
      }
    });
    const diag = this.#keep(new SockDiag(host));
    return {
      name: plan.name,
      host,
      device,
      addresses,
      ifname: IFNAME,
      observeSockets: ({ tcpInfo = false } = {}) => diag.sockets({ protocol: 'tcp', tcpInfo }),
      getSysctl: (name) => host.run(() => readFileSync(sysctlPath(name), 'utf8')).trim(),
      setSysctl: (name, value) => host.run(() => writeFileSync(sysctlPath(name), String(value))),
    };
  }

  #keep<T extends { close(): void }>(opened: T): T {
    this.#opened.push(opened);
    return opened;
  }
}

/**
 * Ask for small tables in the namespaces that are made from this one.
 * @returns what the kernel derives from the table's size, and the values with which it would be the machine's own;
 *   nothing where the table cannot be chosen (older kernels, /proc/sys read-only)
 */
function askForSmallTables(): readonly (readonly [path: string, value: string])[] {
  try {
    writeFileSync(sysctlPath('ipv4.tcp_child_ehash_entries'), String(TABLE_ENTRIES));
    return ['ipv4.tcp_max_syn_backlog', 'ipv4.tcp_max_tw_buckets'].map((name) => {
      const path = sysctlPath(name);
      return [path, readFileSync(path, 'utf8').trim()] as const;
    });
  } catch {
    return [];
  }
}

/** No link-local address, hence no router solicitation and no multicast report. Fails where there is no IPv6. */
function quiet(route: Rtnetlink, index: number): void {
  try {
    route.setLink(index, { ipv6AddrGenMode: IN6_ADDR_GEN_MODE_NONE });
  } catch (error) {
    if (!(error instanceof SocketError) || (error.code !== 'EAFNOSUPPORT' && error.code !== 'EOPNOTSUPP')) throw error;
  }
}

/**
 * The kernel makes the local route of a new IPv6 address in a work queue of its own, also without duplicate address
 * detection (addrconf_dad_work): until then it drops what comes for the address. That takes well under a millisecond.
 */
function awaitLocalRoute(route: Rtnetlink, address: string): void {
  const patience = performance.now() + LOCAL_ROUTE_MS;
  const isThere = (): boolean => route.routes().some(({ target, type }) => target === address && type === RTN_LOCAL);
  while (!isThere() && performance.now() < patience);
}

function withRtnetlink<T>(host: NetworkNamespace, use: (route: Rtnetlink) => T): T {
  const route = new Rtnetlink(host);
  try {
    return use(route);
  } finally {
    route.close();
  }
}

function sysctlPath(name: string): string {
  if (!/^\w[\w.-]*$/.test(name))
    throw new TypeError(`name: expected a setting as 'ipv4.tcp_syncookies', got '${name}'`);
  return `/proc/sys/net/${name.replaceAll('.', '/')}`;
}

function makeNamespace(name: string): NetworkNamespace {
  try {
    return NetworkNamespace.create(name);
  } catch (error) {
    throw refusedBy(error, 'network namespace');
  }
}

/** The kernel's no as a LabRefused; anything else is a mistake of ours and stays what it is. */
function refusedBy(error: unknown, what: 'network namespace' | 'TUN' | 'veth'): unknown {
  if (!(error instanceof SocketError)) return error;
  const { userNamespace } = readCapabilities();
  const refuse = (text: string, hint: string): LabRefused => new LabRefused(what, error.code, text, hint, error);
  if (what === 'network namespace') {
    if (error.code === 'ENOSPC') return refuse('too many network namespaces', 'raise user.max_net_namespaces');
    if (error.code !== 'EPERM') return refuse(error.message, 'run on Linux with network namespaces (CONFIG_NET_NS)');
    return userNamespace.allowed
      ? refuse('making one needs CAP_SYS_ADMIN', 'run as root, or inside: unshare --user --map-root-user --net')
      : new LabRefused(
          'user namespace',
          error.code,
          userNamespace.text,
          `run as root, or ${userNamespace.hint}`,
          error,
        );
  }
  if (what === 'TUN') {
    if (error.code === 'EACCES') return refuse('/dev/net/tun is not open to this user', 'run as root, or use veth');
    if (error.code === 'ENOENT' || error.code === 'ENODEV' || error.code === 'ENXIO') {
      return refuse('this kernel has no TUN device, or /dev/net/tun is missing', 'load it with: sudo modprobe tun');
    }
    return refuse(error.message, 'use veth');
  }
  if (error.code === 'EOPNOTSUPP') return refuse('this kernel has no veth', 'load it with: sudo modprobe veth');
  return refuse(error.message, 'run as root, with CAP_NET_ADMIN and CAP_NET_RAW');
}
