/**
 * The chat over UDP: one socket for all. A client is an address that has sent a datagram; it leaves with `/quit`, or by
 * saying nothing for a minute (our clients say `/alive` every twenty seconds).
 *
 * The socket is not connected, so an ICMP error from a peer that died reaches no call of ours (udp(7)); a send that
 * fails all the same is reported and otherwise ignored, since UDP promises nothing. Read protocol.ts first.
 */
import { formatSocketAddress, SockAddr, type SocketAddress } from '../../addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from '../../socket/constants.ts';
import type { Host } from '../../socket/host.ts';
import type { Received, Socket } from '../../socket/socket.ts';
import { datagramLines, encodeLine } from './lines.ts';
import { ALIVE_LIMIT_MS, addressName, MAX_UDP_LINE_BYTES, notice } from './protocol.ts';
import { type Member, Room, type RoomStats } from './room.ts';
import { type ChatServer, type ChatServerOptions, checkLimit, DEFAULT_MAX_CLIENTS, domainOf } from './server.ts';

const LARGEST_DATAGRAM = 65_536;
const DATAGRAMS_PER_TURN = 64;
/** How many times within the limit we look for silent members. */
const SWEEPS = 6;

interface UdpMember extends Member {
  heardAt: number;
}

/**
 * Bind and serve.
 * @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES
 */
export function serveUdpChat(options: ChatServerOptions): ChatServer {
  return new UdpChatServer(options);
}

class UdpChatServer implements ChatServer {
  readonly address: SocketAddress;
  readonly #host: Host;
  readonly #socket: Socket;
  readonly #room: Room;
  readonly #emit: ChatServerOptions['onEvent'];
  readonly #maxClients: number;
  readonly #idleMs: number;
  readonly #members = new Map<string, UdpMember>();
  readonly #buffer = new Uint8Array(LARGEST_DATAGRAM);
  #cancelSweep: (() => void) | undefined;

  constructor(options: ChatServerOptions) {
    this.#host = options.host;
    this.#emit = options.onEvent;
    this.#maxClients = checkLimit('maxClients', options.maxClients ?? DEFAULT_MAX_CLIENTS);
    this.#idleMs = checkLimit('idleMs', options.idleMs ?? ALIVE_LIMIT_MS);
    this.#room = new Room((ms, run) => this.#host.driver.setTimer(ms, run), options.onEvent);
    this.#socket = options.host.socket(domainOf(options.address, AF_INET, AF_INET6), SOCK_DGRAM);
    try {
      this.#socket.bind(options.address);
      this.address = this.#socket.getsockname();
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    this.#socket.onReadable(() => this.#read());
    this.#sweepLater();
  }

  get names(): readonly string[] {
    return this.#room.names;
  }

  get stats(): RoomStats {
    return this.#room.stats;
  }

  say(text: string): void {
    this.#room.say(text);
  }

  close(): Promise<void> {
    if (!this.#socket.closed) {
      this.#room.broadcast(notice.closing);
      this.#room.close();
      this.#cancelSweep?.();
      this.#socket.close();
    }
    return Promise.resolve();
  }

  #read(): void {
    for (let i = 0; i < DATAGRAMS_PER_TURN; i++) {
      if (this.#socket.closed) return;
      let received: Received | null;
      try {
        received = this.#socket.tryRecvfrom(this.#buffer);
      } catch (error) {
        this.#emit({ type: 'error', error });
        continue;
      }
      if (received === null) return;
      this.#take(received);
    }
    this.#host.driver.nextTurn(() => this.#read());
  }

  #take({ data, address }: Received): void {
    const key = formatSocketAddress(address);
    let member = this.#members.get(key);
    if (member === undefined) {
      if (this.#members.size >= this.#maxClients) {
        this.#send(encodeLine(notice.full(this.#maxClients)), new SockAddr(address));
        return;
      }
      member = this.#meet(key, address);
    }
    member.heardAt = performance.now();
    if (data.length > MAX_UDP_LINE_BYTES) {
      this.#room.refuse(member, MAX_UDP_LINE_BYTES);
    } else {
      // One datagram is one message; newlines inside it part lines as they do on a stream.
      for (const line of datagramLines(data)) {
        this.#room.line(member, line);
        if (!this.#members.has(key)) return;
      }
    }
    // Who only asked whether we know it, or said goodbye, is not a member.
    if (!member.joined) this.#members.delete(key);
  }

  #meet(key: string, address: SocketAddress): UdpMember {
    const target = new SockAddr(address);
    const name = addressName(address);
    const member: UdpMember = {
      address: name,
      name,
      wanted: undefined,
      joined: false,
      heardAt: 0,
      deliver: (bytes) => this.#send(bytes, target),
      depart: () => this.#members.delete(key),
    };
    this.#members.set(key, member);
    return member;
  }

  #send(bytes: Uint8Array, target: SockAddr): void {
    try {
      // null: no room in the send buffer; then this datagram is lost, as it might be anywhere on its way.
      this.#socket.trySendto(bytes, target);
    } catch (error) {
      this.#emit({ type: 'error', error });
    }
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#host.driver.setTimer(Math.ceil(this.#idleMs / SWEEPS), () => {
      const oldest = performance.now() - this.#idleMs;
      for (const [key, member] of [...this.#members]) {
        if (member.heardAt > oldest) continue;
        this.#members.delete(key);
        this.#room.remove(member, 'silent');
      }
      this.#sweepLater();
    });
  }
}
