/** What tests of options share: how a test says which options it shows, two hosts with our wire between, pairs of sockets. */
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { type LabHosts, makeLabHosts } from '../../src/os/lab-hosts.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import {
  AF_INET,
  AF_INET6,
  type Option,
  optionNamed,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';
import { decodePacket, type Packet } from '../../src/wire/index.ts';
import { LabWire, type Side } from '../support/lab-wire.ts';

export const timeoutMs = 5000;

/**
 * A test that shows an effect of options. scripts/options-doc.mjs reads these calls out of the files: write the names as
 * literals, and `what` as a literal in single quotes.
 */
export function shows(
  names: string | readonly string[],
  what: string,
  body: (context: TestContext) => Promise<void> | void,
): void {
  const list = typeof names === 'string' ? [names] : names;
  for (const name of list) if (optionNamed(name) === undefined) throw new Error(`${name} is no option`);
  test(`${list.join(', ')}: ${what}`, body);
}

/** An option that is one value of a type which the table of options cannot name. */
export function set(socket: Socket, option: Option<unknown>, value: unknown): void {
  socket.set(option, value);
}

export type Version = 4 | 6;

/** Two namespaces whose wire is held by this process: everything passes, and all of it can be looked at. */
export class Hosts {
  readonly lab: LabHosts;
  readonly wire: LabWire;
  readonly client: NetworkNamespace;
  readonly server: NetworkNamespace;

  constructor(lab: LabHosts) {
    this.lab = lab;
    this.wire = new LabWire(lab);
    this.wire.flow();
    this.client = lab.client.host;
    this.server = lab.server.host;
    // Else a few ICMP errors a second are all there are.
    lab.server.setSysctl('ipv4.icmp_ratelimit', 0);
    lab.server.setSysctl('ipv6.icmp.ratelimit', 0);
  }

  address(side: Side, version: Version = 4): string {
    return this.lab[side].addresses[version === 4 ? 0 : 1] as string;
  }

  /** Text that bind, connect and sendto take. */
  at(side: Side, port: number, version: Version = 4): string {
    const address = this.address(side, version);
    return version === 4 ? `${address}:${port}` : `[${address}]:${port}`;
  }

  /** What a host has sent since `from` packets ago, decoded. */
  packets(side: Side, from: number = 0): Packet[] {
    const sent = this.wire.seen.slice(from).filter((packet) => packet.from === side);
    return sent.map(({ bytes }) => decodePacket(bytes, 'raw'));
  }

  get mark(): number {
    return this.wire.seen.length;
  }

  /** Waits until a packet of `side` fits. */
  async packet(side: Side, from: number, fits: (packet: Packet) => boolean): Promise<Packet> {
    return expect
      .poll(() => this.packets(side, from).find(fits), { timeout: timeoutMs, interval: 2 })
      .toBeDefined()
      .then(() => this.packets(side, from).find(fits) as Packet);
  }

  udp(side: Side, version: Version = 4): Socket {
    const socket = this[side].socket(version === 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    socket.bind(this.at(side, 0, version));
    return socket;
  }

  tcp(side: Side, version: Version = 4): Socket {
    return this[side].socket(version === 4 ? AF_INET : AF_INET6, SOCK_STREAM);
  }

  /** A listener of the server, on a port of the kernel's choice. */
  listener(version: Version = 4, prepare: (socket: Socket) => void = () => {}): Socket {
    const listener = this.tcp('server', version);
    prepare(listener);
    listener.bind(this.at('server', 0, version));
    listener.listen(8);
    return listener;
  }

  async connection(
    options: {
      readonly version?: Version;
      readonly client?: (socket: Socket) => void;
      readonly listener?: (socket: Socket) => void;
    } = {},
  ): Promise<Connection> {
    const { version = 4 } = options;
    const listener = this.listener(version, options.listener);
    const client = this.tcp('client', version);
    options.client?.(client);
    await client.connect(listener.getsockname(), { timeoutMs });
    const server = await listener.accept({ timeoutMs });
    return new Connection(client, server, listener);
  }
}

export class Connection implements Disposable {
  readonly client: Socket;
  readonly server: Socket;
  readonly listener: Socket;

  constructor(client: Socket, server: Socket, listener: Socket) {
    this.client = client;
    this.server = server;
    this.listener = listener;
  }

  [Symbol.dispose](): void {
    for (const socket of [this.client, this.server, this.listener]) socket.close();
  }
}

/** Two hosts for all tests of a description. */
export function useHosts(): () => Hosts {
  let hosts: Hosts | undefined;
  beforeAll(() => {
    hosts = new Hosts(makeLabHosts());
  });
  afterAll(() => hosts?.lab.close());
  return () => {
    if (hosts === undefined) throw new Error('the hosts are made in beforeAll');
    return hosts;
  };
}

export const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
