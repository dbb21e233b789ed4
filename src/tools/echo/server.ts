/** The echo server: over TCP any number of clients at once, over UDP one socket for all. Read answer.ts first. */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../socket/constants.ts';
import type { Host } from '../../socket/host.ts';
import { SO } from '../../socket/options/index.ts';
import type { Socket } from '../../socket/socket.ts';
import { answerTo, isExit, MESSAGE_BYTES } from './answer.ts';

const RETRY_MS = 200;

export type EchoServerEvent =
  | { readonly type: 'accepted'; readonly peer: SocketAddress }
  /** `data` is a view that is good until the handler returns. */
  | { readonly type: 'request'; readonly peer: SocketAddress; readonly data: Uint8Array }
  /** `exit`: the client said so; `closed`: end of stream; `reset`: broken connection. */
  | { readonly type: 'left'; readonly peer: SocketAddress; readonly reason: 'exit' | 'closed' | 'reset' }
  | { readonly type: 'error'; readonly error: unknown };

export interface EchoServerOptions {
  readonly host: Host;
  readonly address: SocketAddress;
  readonly udp?: boolean | undefined;
  readonly onEvent: (event: EchoServerEvent) => void;
}

export interface EchoServer {
  /** Where it listens, with the real port. */
  readonly address: SocketAddress;
  readonly requests: number;
  close(): void;
}

/**
 * Listen and answer; returns at once.
 * @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES
 */
export function serveEcho(options: EchoServerOptions): EchoServer {
  return new Server(options);
}

class Server implements EchoServer {
  readonly address: SocketAddress;
  requests = 0;
  readonly #host: Host;
  readonly #socket: Socket;
  readonly #emit: EchoServerOptions['onEvent'];
  readonly #connections = new Set<Socket>();

  constructor({ host, address, udp = false, onEvent }: EchoServerOptions) {
    this.#host = host;
    this.#emit = onEvent;
    if (address.family !== 'inet' && address.family !== 'inet6') {
      throw new TypeError(`address: expected family inet or inet6, got ${address.family}`);
    }
    const domain = address.family === 'inet' ? AF_INET : AF_INET6;
    this.#socket = host.socket(domain, udp ? SOCK_DGRAM : SOCK_STREAM);
    try {
      if (!udp) this.#socket.set(SO.REUSEADDR, true);
      this.#socket.bind(address);
      if (!udp) this.#socket.listen();
      this.address = this.#socket.getsockname();
    } catch (error) {
      this.#socket.close();
      throw error;
    }
    void (udp ? this.#answerAll() : this.#acceptAll());
  }

  close(): void {
    this.#socket.close();
    for (const connection of this.#connections) connection.close();
  }

  async #acceptAll(): Promise<void> {
    while (!this.#socket.closed) {
      try {
        void this.#serve(await this.#socket.accept());
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  async #serve(connection: Socket): Promise<void> {
    this.#connections.add(connection);
    let peer: SocketAddress | undefined;
    let reason: 'exit' | 'closed' | 'reset' = 'closed';
    try {
      peer = connection.getpeername();
      this.#emit({ type: 'accepted', peer });
      const buffer = new Uint8Array(MESSAGE_BYTES);
      for (;;) {
        const count = await connection.recv(buffer);
        if (count === 0) break;
        const data = buffer.subarray(0, count);
        if (isExit(data)) {
          reason = 'exit';
          break;
        }
        this.requests++;
        this.#emit({ type: 'request', peer, data });
        await connection.sendAll(answerTo(count));
      }
    } catch {
      reason = 'reset';
    }
    this.#connections.delete(connection);
    connection.close();
    if (peer !== undefined && !this.#socket.closed) this.#emit({ type: 'left', peer, reason });
  }

  async #answerAll(): Promise<void> {
    // A longer datagram is cut to 1024 bytes, as recvfrom(1024) does.
    const buffer = new Uint8Array(MESSAGE_BYTES);
    while (!this.#socket.closed) {
      try {
        const { data, address: peer } = await this.#socket.recvfrom(buffer);
        // `exit` ends the one who says it, and of a UDP client there is nothing here to end.
        if (isExit(data)) {
          this.#emit({ type: 'left', peer, reason: 'exit' });
          continue;
        }
        this.requests++;
        this.#emit({ type: 'request', peer, data });
        await this.#socket.sendto(answerTo(data.length), peer);
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  /** One failed call ends nothing; asking again at once might spin. */
  async #failed(error: unknown): Promise<void> {
    if (this.#socket.closed) return;
    this.#emit({ type: 'error', error });
    await new Promise<void>((resolve) => this.#host.driver.setTimer(RETRY_MS, resolve));
  }
}
