/**
 * The chat over TCP: one connection a client.
 *
 * A client that is gone (end of stream, reset) leaves at once; its descriptor is closed and no longer watched, so it
 * can never keep the server busy. Read protocol.ts first.
 */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_STREAM } from '../../socket/constants.ts';
import type { Host } from '../../socket/host.ts';
import { SO, TCP } from '../../socket/options/index.ts';
import type { Socket } from '../../socket/socket.ts';
import { encodeLine, LineSplitter, MAX_LINE_BYTES } from './lines.ts';
import { Outbox } from './outbox.ts';
import { addressName, GREETING_MS, notice } from './protocol.ts';
import { type LeaveReason, type Member, Room, type RoomStats } from './room.ts';
import {
  type ChatServer,
  type ChatServerOptions,
  checkLimit,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_QUEUE_BYTES,
  domainOf,
} from './server.ts';

const READ_BYTES = 16_384;
/** Reads from one client before others have their turn. */
const READS_PER_TURN = 4;

/** After an error of accept(2) (no descriptors left): asking again at once would only spin. */
const ACCEPT_RETRY_MS = 200;

/** How long a connection that is being closed may take to deliver what waits. */
const CLOSE_LINGER_MS = 1000;
const SHUTDOWN_LINGER_MS = 500;

/**
 * A client that pours in a file waits while somebody who does read is this far behind; somebody who took nothing for a
 * second is not waited for, and nobody waits longer than that second.
 */
const HIGH_WATER_BYTES = 256 * 1024;
const PAUSE_LIMIT_MS = 1000;
const PAUSE_STEP_MS = 10;

/**
 * A client that never said its name may be a program that sends no newline, or fgets(3) with a long line cut at 1023
 * bytes, and that now waits for our answer: after so long a line counts as whole.
 */
const LONG_PARTIAL_BYTES = 1023;
const LONG_PARTIAL_MS = 250;
const PARTIAL_MS = 2000;

interface TcpMember extends Member {
  readonly socket: Socket;
  readonly outbox: Outbox;
  readonly lines: LineSplitter;
  /** No longer of the room; what waits is still delivered. */
  closing: boolean;
  closed: boolean;
  pausedSince: number | undefined;
  cancelGreeting: () => void;
  cancelPartial: (() => void) | undefined;
  cancelLinger: (() => void) | undefined;
}

/**
 * Listen and serve.
 * @throws SocketError EADDRINUSE, EADDRNOTAVAIL, EACCES
 */
export function serveTcpChat(options: ChatServerOptions): ChatServer {
  return new TcpChatServer(options);
}

class TcpChatServer implements ChatServer {
  readonly address: SocketAddress;
  readonly #host: Host;
  readonly #listener: Socket;
  readonly #room: Room;
  readonly #emit: ChatServerOptions['onEvent'];
  readonly #maxClients: number;
  readonly #queueBytes: number;
  readonly #connections = new Set<TcpMember>();
  readonly #buffer = new Uint8Array(READ_BYTES);
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: ChatServerOptions) {
    this.#host = options.host;
    this.#emit = options.onEvent;
    this.#maxClients = checkLimit('maxClients', options.maxClients ?? DEFAULT_MAX_CLIENTS);
    this.#queueBytes = checkLimit('queueBytes', options.queueBytes ?? DEFAULT_QUEUE_BYTES);
    this.#room = new Room((ms, run) => this.#setTimer(ms, run), options.onEvent);
    this.#listener = options.host.socket(domainOf(options.address, AF_INET, AF_INET6), SOCK_STREAM);
    try {
      this.#listener.set(SO.REUSEADDR, true);
      this.#listener.bind(options.address);
      this.#listener.listen();
      this.address = this.#listener.getsockname();
    } catch (error) {
      this.#listener.close();
      throw error;
    }
    void this.#acceptAll();
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

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.close();
    this.#room.broadcast(notice.closing);
    this.#room.close();
    if (this.#connections.size === 0) return;
    let cancel: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      cancel = this.#setTimer(SHUTDOWN_LINGER_MS, resolve);
      for (const member of [...this.#connections]) {
        this.#dismiss(member);
        member.outbox.onceDrained(() => this.#close(member));
      }
    });
    cancel?.();
    for (const member of [...this.#connections]) this.#close(member);
  }

  #setTimer(ms: number, run: () => void): () => void {
    return this.#host.driver.setTimer(ms, run);
  }

  async #acceptAll(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#welcome(await this.#listener.accept());
      } catch (error) {
        if (this.#isClosed) return;
        this.#emit({ type: 'error', error });
        await new Promise<void>((resolve) => this.#setTimer(ACCEPT_RETRY_MS, resolve));
      }
    }
  }

  #welcome(socket: Socket): void {
    let address: string;
    try {
      address = addressName(socket.getpeername());
      socket.set(TCP.NODELAY, true);
    } catch {
      // Gone between its SYN and our accept.
      socket.close();
      return;
    }
    if (this.#connections.size >= this.#maxClients) {
      socket.trySend(encodeLine(notice.full(this.#maxClients)));
      socket.close();
      return;
    }
    const member: TcpMember = {
      socket,
      address,
      name: address,
      wanted: undefined,
      joined: false,
      closing: false,
      closed: false,
      pausedSince: undefined,
      lines: new LineSplitter(MAX_LINE_BYTES),
      outbox: new Outbox(socket, this.#queueBytes, () => this.#drop(member, 'reset')),
      cancelGreeting: this.#setTimer(GREETING_MS, () => this.#room.enter(member)),
      cancelPartial: undefined,
      cancelLinger: undefined,
      deliver: (bytes) => {
        if (!member.outbox.write(bytes)) this.#evict(member);
      },
      depart: () => this.#finish(member),
    };
    this.#connections.add(member);
    socket.onReadable(() => this.#read(member));
  }

  #read(member: TcpMember): void {
    if (member.pausedSince !== undefined) return;
    for (let reads = 0; reads < READS_PER_TURN; reads++) {
      if (member.closed) return;
      let count: number | null;
      try {
        count = member.socket.tryRecv(this.#buffer);
      } catch {
        this.#drop(member, 'reset');
        return;
      }
      if (count === null) return;
      if (count === 0) {
        this.#end(member);
        return;
      }
      // After goodbye the peer may go on writing; reading it away lets our last words arrive instead of a reset.
      if (!member.closing) this.#take(member, this.#buffer.subarray(0, count));
      if (this.#isCongested()) {
        member.pausedSince = performance.now();
        this.#resumeLater(member);
        return;
      }
    }
    this.#host.driver.nextTurn(() => this.#read(member));
  }

  #isCongested(): boolean {
    const now = performance.now();
    for (const { outbox } of this.#connections) {
      if (outbox.queuedBytes > HIGH_WATER_BYTES && now - outbox.progressAt < PAUSE_LIMIT_MS) return true;
    }
    return false;
  }

  #resumeLater(member: TcpMember): void {
    this.#setTimer(PAUSE_STEP_MS, () => {
      if (member.closed || member.pausedSince === undefined) return;
      if (this.#isCongested() && performance.now() - member.pausedSince < PAUSE_LIMIT_MS) {
        this.#resumeLater(member);
        return;
      }
      member.pausedSince = undefined;
      this.#read(member);
    });
  }

  #take(member: TcpMember, bytes: Uint8Array): void {
    member.cancelPartial?.();
    member.cancelPartial = undefined;
    this.#handle(member, member.lines.push(bytes));
    const partial = member.lines.partialBytes;
    if (partial === 0 || member.closing || member.wanted !== undefined) return;
    const patience = partial >= LONG_PARTIAL_BYTES ? LONG_PARTIAL_MS : PARTIAL_MS;
    member.cancelPartial = this.#setTimer(patience, () => {
      const text = member.lines.flushPartial();
      if (text !== '') this.#handle(member, [{ text, tooLong: false }]);
    });
  }

  #handle(member: TcpMember, lines: readonly { readonly text: string; readonly tooLong: boolean }[]): void {
    for (const line of lines) {
      if (member.closing) return;
      member.cancelGreeting();
      if (line.tooLong) this.#room.refuse(member, MAX_LINE_BYTES);
      else this.#room.line(member, line.text);
    }
  }

  /** End of stream: it has said all; it leaves, after what waits for it was sent. */
  #end(member: TcpMember): void {
    if (!member.closing) this.#handle(member, member.lines.end());
    this.#room.remove(member, 'closed');
    this.#dismiss(member);
    member.outbox.onceDrained(() => this.#close(member));
    this.#lingerAtMost(member);
  }

  /** Our end first: send what waits, FIN, then wait a moment for the peer's FIN. */
  #finish(member: TcpMember): void {
    this.#dismiss(member);
    member.outbox.onceDrained(() => {
      try {
        member.socket.shutdown('wr');
      } catch {
        this.#close(member);
      }
    });
    this.#lingerAtMost(member);
  }

  #lingerAtMost(member: TcpMember): void {
    if (!member.closed) member.cancelLinger ??= this.#setTimer(CLOSE_LINGER_MS, () => this.#close(member));
  }

  #evict(member: TcpMember): void {
    if (member.closing) return;
    this.#dismiss(member);
    member.outbox.replaceWith(encodeLine(notice.slow(this.#queueBytes)));
    this.#finish(member);
    this.#room.remove(member, 'slow', `it did not read, ${this.#queueBytes} bytes waited`);
  }

  #drop(member: TcpMember, reason: LeaveReason): void {
    this.#close(member);
    this.#room.remove(member, reason);
  }

  /** From now on it neither speaks nor hears. */
  #dismiss(member: TcpMember): void {
    member.closing = true;
    member.cancelGreeting();
    member.cancelPartial?.();
  }

  #close(member: TcpMember): void {
    if (member.closed) return;
    member.closed = true;
    this.#dismiss(member);
    member.cancelLinger?.();
    member.outbox.stop();
    member.socket.close();
    this.#connections.delete(member);
    if (this.#connections.size === 0) this.#onEmpty?.();
  }
}
