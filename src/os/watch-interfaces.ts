/**
 * What changes about the interfaces, addresses and routes of a host, as it changes: the multicast groups of
 * rtnetlink(7). The kernel repeats itself and leaves out what was before, so what is known is kept and compared.
 */

import { expectDecoded } from '../netlink/client.ts';
import { decodeMessages, NETLINK_ROUTE, type NetlinkMessage, NLM_F_REPLACE } from '../netlink/message.ts';
import { Rtnetlink } from '../netlink/rtnetlink.ts';
import { decodeAddress, decodeLink, decodeRoute, type Route } from '../netlink/rtnetlink-rows.ts';
import { AF_NETLINK, type Host, SO, SOCK_RAW, type Socket, SocketError } from '../socket/index.ts';
import { type AssignedAddress, describeAddress, describeLink, type InterfaceLink } from './interface-rows.ts';
import { kernel } from './kernel.ts';

export type Change = 'added' | 'changed' | 'removed';

export type InterfaceEvent =
  /** `link` as it is now; of one that is gone, as it was. */
  | { readonly kind: 'link'; readonly change: Change; readonly link: InterfaceLink }
  | {
      readonly kind: 'address';
      readonly change: Change;
      readonly ifindex: number;
      /** The interface's name. */
      readonly name: string;
      readonly address: AssignedAddress;
    }
  /** Every table's routes, also those that the kernel makes for an address. */
  | { readonly kind: 'route'; readonly change: Change; readonly route: Route }
  /**
   * Changes came faster than they were read, and the kernel dropped some. What is different about links and addresses
   * now has been told before this; changes that were undone meanwhile, and those of routes, may be missing.
   */
  | { readonly kind: 'lost' };

export interface WatchOptions {
  /** Ends the watch: the loop over it ends, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** SO_RCVBUF: room for changes that wait to be read; 1 MiB, or what net.core.rmem_max allows. */
  readonly queueBytes?: number;
}

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_NEWADDR = 20;
const RTM_DELADDR = 21;
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
/** RTMGRP_LINK, IPV4_IFADDR, IPV4_ROUTE, IPV6_IFADDR, IPV6_ROUTE (rtnetlink.h). */
const GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
const RECEIVE_BYTES = 65_536;
/** Room for the burst of a machine that starts its containers. */
const QUEUE_BYTES = 1 << 20;

/**
 * Watch the interfaces of a host, from this call on, until the signal aborts, the loop is left or the watch is closed.
 * Needs no privilege. Keeps the process alive while somebody waits for the next change.
 * @param host this machine, or a network namespace
 * @example
 * ```ts
 * import { watchInterfaces } from 'barewire';
 * for await (const event of watchInterfaces({ signal: AbortSignal.timeout(10) })) {
 *   if (event.kind === 'link') console.log(event.link.name, event.change, event.link.up ? 'up' : 'down');
 * }
 * ```
 */
export function watchInterfaces(options: WatchOptions = {}, host: Host = kernel): InterfaceWatch {
  return new InterfaceWatch(host, options);
}

/** The changes in their order, for one `for await` loop. */
export class InterfaceWatch implements AsyncIterableIterator<InterfaceEvent, void, void>, Disposable {
  readonly #socket: Socket;
  readonly #events: AsyncGenerator<InterfaceEvent, void, void>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.close();

  constructor(host: Host, { signal, queueBytes = QUEUE_BYTES }: WatchOptions) {
    const socket = host.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    this.#socket = socket;
    this.#signal = signal;
    try {
      socket.set(SO.RCVBUF, queueBytes);
      socket.bind({ family: 'netlink', pid: 0, groups: GROUPS });
      // Asked after the groups are joined: what changes in between is told, and seen to be known already.
      const known = new Known(host);
      known.refresh();
      this.#events = events(socket, known);
    } catch (error) {
      socket.close();
      throw error;
    }
    if (signal?.aborted === true) this.close();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  next(): Promise<IteratorResult<InterfaceEvent, void>> {
    return this.#events.next();
  }

  /** What leaving the loop calls. */
  return(): Promise<IteratorResult<InterfaceEvent, void>> {
    this.close();
    return this.#events.return();
  }

  /** End the watch; whoever waits for the next change is told that there is none. */
  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#socket.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

async function* events(socket: Socket, known: Known): AsyncGenerator<InterfaceEvent, void, void> {
  const buffer = new Uint8Array(RECEIVE_BYTES);
  // All of a message's changes at once: the buffer is read into again while the program works on the first.
  const read = (length: number): InterfaceEvent[] => {
    const { messages } = expectDecoded(decodeMessages(buffer.subarray(0, length)), 'rtnetlink events');
    return messages.flatMap((message) => known.take(message) ?? []);
  };
  // Until its queue is empty, the kernel drops without another word (NETLINK_S_CONGESTED).
  const drain = (): InterfaceEvent[] => {
    const told: InterfaceEvent[] = [];
    for (;;) {
      try {
        const length = socket.tryRecv(buffer);
        if (length === null) return told;
        told.push(...read(length));
      } catch (error) {
        if (!isOverrun(error)) throw error;
      }
    }
  };
  while (!socket.closed) {
    let told: InterfaceEvent[];
    try {
      told = read(await socket.recv(buffer));
    } catch (error) {
      if (socket.closed) return;
      if (!isOverrun(error)) throw error;
      told = [...drain(), ...known.refresh(), { kind: 'lost' }];
    }
    yield* told;
  }
}

/** netlink(7): messages were dropped for want of room. */
function isOverrun(error: unknown): boolean {
  return error instanceof SocketError && error.code === 'ENOBUFS';
}

/** The links and addresses as they were last told. */
class Known {
  readonly #host: Host;
  readonly #links = new Map<number, InterfaceLink>();
  readonly #addresses = new Map<string, { readonly ifindex: number; readonly address: AssignedAddress }>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Ask for everything; returns what is different from what was known. */
  refresh(): InterfaceEvent[] {
    using netlink = new Rtnetlink(this.#host);
    const links = netlink.links();
    const rows = netlink.addresses();
    const names = new Map(links.map(({ index, name }) => [index, name]));
    const addresses = rows.map((row) => ({ ifindex: row.ifindex, address: describeAddress(row) }));
    const there = new Set(addresses.map(({ ifindex, address }) => keyOf(ifindex, address)));
    const gone = [...this.#addresses].filter(([key]) => !there.has(key)).map(([, row]) => row);
    return [
      ...gone.map(({ ifindex, address }) => this.#address(ifindex, address, true)),
      ...[...this.#links.values()].filter(({ index }) => !names.has(index)).map((link) => this.#link(link, true)),
      ...links.map((link) => this.#link(describeLink(link, names), false)),
      ...addresses.map(({ ifindex, address }) => this.#address(ifindex, address, false)),
    ].filter((event) => event !== undefined);
  }

  /** undefined for a message that says nothing new. */
  take({ type, flags, body }: NetlinkMessage): InterfaceEvent | undefined {
    switch (type) {
      case RTM_NEWLINK:
      case RTM_DELLINK:
        // Bridges tell of their ports with the same message, of a family of their own.
        if (body[0] !== 0) return undefined;
        return this.#link(describeLink(decodeLink(body), this.#names()), type === RTM_DELLINK);
      case RTM_NEWADDR:
      case RTM_DELADDR: {
        const row = decodeAddress(body);
        return row === null ? undefined : this.#address(row.ifindex, describeAddress(row), type === RTM_DELADDR);
      }
      case RTM_NEWROUTE:
      case RTM_DELROUTE: {
        const route = decodeRoute(body);
        if (route === null) return undefined;
        const change = type === RTM_DELROUTE ? 'removed' : (flags & NLM_F_REPLACE) !== 0 ? 'changed' : 'added';
        return { kind: 'route', change, route };
      }
      default:
        return undefined;
    }
  }

  #names(): ReadonlyMap<number, string> {
    return new Map([...this.#links].map(([index, { name }]) => [index, name]));
  }

  #link(link: InterfaceLink, removed: boolean): InterfaceEvent | undefined {
    const change = keep(this.#links, link.index, link, removed);
    return change === undefined ? undefined : { kind: 'link', change, link };
  }

  #address(ifindex: number, address: AssignedAddress, removed: boolean): InterfaceEvent | undefined {
    const change = keep(this.#addresses, keyOf(ifindex, address), { ifindex, address }, removed);
    const name = this.#links.get(ifindex)?.name ?? String(ifindex);
    return change === undefined ? undefined : { kind: 'address', change, ifindex, name, address };
  }
}

function keyOf(ifindex: number, { address, prefixLength, peer }: AssignedAddress): string {
  return `${ifindex} ${address}/${prefixLength} ${peer ?? ''}`;
}

/** Remember a row; undefined when nothing about it is different. */
function keep<K, V>(known: Map<K, V>, key: K, row: V, removed: boolean): Change | undefined {
  const before = known.get(key);
  if (removed) return known.delete(key) ? 'removed' : undefined;
  known.set(key, row);
  if (before === undefined) return 'added';
  return JSON.stringify(before) === JSON.stringify(row) ? undefined : 'changed';
}
