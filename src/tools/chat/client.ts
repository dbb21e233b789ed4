/**
 * One end of a chat: ours with our server, or with any program that sends lines.
 *
 * It says `/name NAME` first. The answer `* welcome …` makes the peer a chat server; anything else, or nothing within
 * `GREETING_MS`, makes it a plain peer, whose lines are shown as they come (a greeting that comes late still counts).
 * With `plain` nothing is announced at all: only what the user typed goes over the wire. Read protocol.ts first.
 */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../socket/constants.ts';
import type { Host } from '../../socket/host.ts';
import { TCP } from '../../socket/options/index.ts';
import type { Socket } from '../../socket/socket.ts';
import { byteLength, datagramLines, encodeLine, LineSplitter, MAX_LINE_BYTES } from './lines.ts';
import { ALIVE_EVERY_MS, GREETING_MS, MAX_UDP_LINE_BYTES, parseServerLine } from './protocol.ts';
import { domainOf } from './server.ts';

const READ_BYTES = 65_536;

/** Room for the sender's name before somebody's longest line. */
const MAX_INCOMING_BYTES: number = MAX_LINE_BYTES + 1024;

/** A plain peer may send no newline: after so long what is there is shown. */
const PLAIN_PARTIAL_MS = 100;

/** UDP: lines that may be without their echo, and how long the next line waits for it. A pipe is faster than a network. */
const MAX_UNANSWERED = 8;
const ANSWER_MS = 1000;

const GOODBYE_MS = 500;
const LAST_WORDS_MS = 200;
const DEFAULT_LINGER_MS = 2000;

export type ChatClientEvent =
  | { readonly type: 'connected'; readonly local: SocketAddress; readonly remote: SocketAddress }
  /** The peer is a chat server and calls us `name`. */
  | { readonly type: 'welcome'; readonly name: string; readonly text: string }
  /** The peer is not: its lines come as `text`. */
  | { readonly type: 'plain' }
  | { readonly type: 'message'; readonly name: string; readonly text: string }
  /** Our own line came back: the server has passed it on. */
  | { readonly type: 'delivered'; readonly text: string }
  | { readonly type: 'joined' | 'left'; readonly names: readonly string[]; readonly more: number }
  | { readonly type: 'renamed'; readonly from: string; readonly to: string }
  | { readonly type: 'named'; readonly name: string }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  /** Our own line was too long and was not sent. */
  | { readonly type: 'refused'; readonly bytes: number; readonly limit_bytes: number };

/** `done`: our input ended; `quit`: we said so; `closed`: the peer ended it. */
export type ChatEndReason = 'done' | 'quit' | 'interrupted' | 'closed' | 'error';

export interface ChatEnd {
  readonly reason: ChatEndReason;
  readonly error?: unknown;
  /** Lines sent, lines that the server gave back, lines of others received. */
  readonly sent: number;
  readonly delivered: number;
  readonly received: number;
}

export interface ChatClientOptions {
  readonly host: Host;
  readonly address: SocketAddress;
  readonly udp?: boolean | undefined;
  readonly name?: string | undefined;
  /** Announce nothing, show everything as it comes. */
  readonly plain?: boolean | undefined;
  /** For connecting. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long to go on listening after our input ended and nothing more came; default 2000. */
  readonly lingerMs?: number | undefined;
  readonly onEvent: (event: ChatClientEvent) => void;
}

/**
 * Connect and take part.
 * @throws SocketError ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH …; over UDP a refusal comes later, in `finished`
 */
export async function joinChat(options: ChatClientOptions): Promise<ChatClient> {
  const { host, address, timeoutMs, signal, udp = false } = options;
  const socket = host.socket(domainOf(address, AF_INET, AF_INET6), udp ? SOCK_DGRAM : SOCK_STREAM);
  try {
    await socket.connect(address, { timeoutMs, signal });
    if (!udp) socket.set(TCP.NODELAY, true);
    return new ChatClient(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

export class ChatClient {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Resolves when it is over, whatever the reason; never rejects. */
  readonly finished: Promise<ChatEnd>;
  readonly #socket: Socket;
  readonly #host: Host;
  readonly #emit: (event: ChatClientEvent) => void;
  readonly #udp: boolean;
  readonly #alwaysPlain: boolean;
  readonly #lingerMs: number;
  readonly #maxLineBytes: number;
  readonly #timers = new Set<() => void>();
  #resolveFinished!: (end: ChatEnd) => void;
  #name: string | undefined;
  #mode: 'unknown' | 'chat' | 'plain' = 'unknown';
  #ending: ChatEndReason | undefined;
  #isOver = false;
  #hasHeard = false;
  #sent = 0;
  #delivered = 0;
  #received = 0;
  #unanswered = 0;
  #onAnswer: (() => void) | undefined;
  #onGreeted: (() => void) | undefined;
  readonly #greeted: Promise<void> = new Promise((resolve) => {
    this.#onGreeted = resolve;
  });
  #cancelLinger: (() => void) | undefined;
  #cancelPartial: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();

  /** Called by `joinChat`: `socket` is connected and ours from now on. */
  constructor(socket: Socket, options: ChatClientOptions) {
    this.#socket = socket;
    this.#host = options.host;
    this.#emit = options.onEvent;
    this.#udp = options.udp ?? false;
    this.#name = options.name;
    this.#alwaysPlain = options.plain ?? false;
    this.#lingerMs = options.lingerMs ?? DEFAULT_LINGER_MS;
    this.#maxLineBytes = this.#udp ? MAX_UDP_LINE_BYTES : MAX_LINE_BYTES;
    this.local = socket.getsockname();
    this.remote = socket.getpeername();
    this.finished = new Promise((resolve) => {
      this.#resolveFinished = resolve;
    });
    this.#emit({ type: 'connected', local: this.local, remote: this.remote });
    this.#introduce();
    void (this.#udp ? this.#readDatagrams() : this.#readStream());
  }

  /** What we are called; the server may have changed it. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Whether the peer speaks our protocol. */
  get mode(): 'unknown' | 'chat' | 'plain' {
    return this.#mode;
  }

  /** Send one line, or do what it asks (`/quit`). Resolves when the next line may come. */
  async say(text: string): Promise<void> {
    if (this.#isOver || this.#ending !== undefined) return;
    if (/^\/(quit|bye)\s*$/.test(text)) {
      void this.quit('quit');
      return;
    }
    if (this.#mode === 'chat' && text.trim() === '') return;
    const bytes = byteLength(text);
    if (bytes > this.#maxLineBytes) {
      this.#emit({ type: 'refused', bytes, limit_bytes: this.#maxLineBytes });
      return;
    }
    // Before the greeting it is not known whether there will be echoes to wait for.
    if (this.#udp && this.#mode === 'unknown') await this.#greeted;
    if (this.#udp && this.#mode === 'chat' && this.#unanswered >= MAX_UNANSWERED) await this.#answered(MAX_UNANSWERED);
    const isSaid = !text.startsWith('/') || text.startsWith('//');
    if (isSaid) {
      this.#sent++;
      this.#unanswered++;
    }
    await this.#send(text);
  }

  /** Our input has ended: say so to the peer (half-close), go on listening until it closes or has nothing to say. */
  end(): void {
    void this.#end();
  }

  /** Say goodbye and close. */
  async quit(reason: 'quit' | 'interrupted' = 'quit'): Promise<ChatEnd> {
    if (!this.#isOver && this.#ending !== 'quit' && this.#ending !== 'interrupted') {
      this.#ending = reason;
      this.#timer(GOODBYE_MS, () => this.#finish(reason));
      // A plain peer has nothing to say to a goodbye.
      if (this.#mode !== 'chat') this.#finish(reason);
      else await this.#goodbye();
    }
    return this.finished;
  }

  #introduce(): void {
    if (this.#alwaysPlain) {
      this.#bePlain();
      return;
    }
    // Even without a name of its own a client says /name, so that the server knows it for one of ours.
    this.#sayName();
    this.#timer(GREETING_MS, () => {
      if (this.#mode === 'unknown') this.#bePlain();
    });
    if (this.#udp) this.#keepAlive();
  }

  #sayName(): void {
    void this.#send(`/name ${this.#name ?? ''}`.trimEnd());
  }

  #keepAlive(): void {
    this.#timer(ALIVE_EVERY_MS, () => {
      if (this.#mode === 'chat') void this.#send('/alive');
      else if (!this.#hasHeard) this.#sayName();
      this.#keepAlive();
    });
  }

  #bePlain(): void {
    this.#mode = 'plain';
    this.#onGreeted?.();
    this.#emit({ type: 'plain' });
  }

  #send(text: string): Promise<void> {
    const send = async (): Promise<void> => {
      if (this.#isOver) return;
      try {
        if (this.#udp) await this.#socket.send(encodeLine(text));
        else await this.#socket.sendAll(encodeLine(text));
      } catch (error) {
        this.#broken(error);
      }
    };
    this.#sending = this.#sending.then(send);
    return this.#sending;
  }

  /** Sending failed; what the peer said before it went may still be there to read, and tells more. */
  #broken(error: unknown): void {
    if (this.#isOver) return;
    this.#timer(LAST_WORDS_MS, () => this.#finish('error', error));
  }

  async #answered(below: number): Promise<void> {
    let cancel: (() => void) | undefined;
    while (this.#unanswered >= below && !this.#isOver) {
      const isAnswered = await new Promise<boolean>((resolve) => {
        this.#onAnswer = () => resolve(true);
        cancel = this.#timer(ANSWER_MS, () => resolve(false));
      });
      cancel?.();
      this.#onAnswer = undefined;
      // Lost on its way: UDP has no more to say about it.
      if (!isAnswered) this.#unanswered = 0;
    }
  }

  async #end(): Promise<void> {
    if (this.#isOver || this.#ending !== undefined) return;
    this.#ending = 'done';
    await this.#sending;
    if (this.#isOver) return;
    if (!this.#udp) {
      try {
        this.#socket.shutdown('wr');
      } catch (error) {
        this.#broken(error);
      }
    } else if (this.#mode === 'chat') {
      await this.#answered(1);
      await this.#send('/quit');
    }
    this.#linger();
  }

  async #goodbye(): Promise<void> {
    await this.#send('/quit');
    if (this.#udp || this.#isOver) return;
    try {
      this.#socket.shutdown('wr');
    } catch {
      this.#finish(this.#ending ?? 'quit');
    }
  }

  #linger(): void {
    this.#cancelLinger?.();
    this.#cancelLinger = this.#timer(this.#lingerMs, () => this.#finish('done'));
  }

  async #readStream(): Promise<void> {
    const lines = new LineSplitter(MAX_INCOMING_BYTES);
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await this.#socket.recv(buffer);
        this.#cancelPartial?.();
        if (count === 0) break;
        this.#heard();
        for (const line of lines.push(buffer.subarray(0, count)))
          this.#take(line.tooLong ? '(a line too long)' : line.text);
        if (lines.partialBytes > 0) this.#showPartialLater(lines);
      }
      for (const line of lines.end()) this.#take(line.text);
      this.#finish(this.#ending ?? 'closed');
    } catch (error) {
      this.#finish('error', error);
    }
  }

  #showPartialLater(lines: LineSplitter): void {
    this.#cancelPartial = this.#timer(PLAIN_PARTIAL_MS, () => {
      if (this.#mode === 'chat') return;
      if (this.#mode === 'unknown') {
        this.#showPartialLater(lines);
        return;
      }
      const text = lines.flushPartial();
      if (text !== '') this.#take(text);
    });
  }

  async #readDatagrams(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      while (!this.#isOver) {
        const count = await this.#socket.recv(buffer);
        this.#heard();
        for (const line of datagramLines(buffer.subarray(0, count))) this.#take(line);
      }
    } catch (error) {
      // Over UDP ECONNREFUSED is the ICMP answer to something that we sent: nobody is there (any more).
      this.#finish('error', error);
    }
  }

  #heard(): void {
    this.#hasHeard = true;
    if (this.#cancelLinger !== undefined) this.#linger();
  }

  #take(text: string): void {
    if (this.#isOver) return;
    const line = this.#alwaysPlain ? ({ kind: 'text', text } as const) : parseServerLine(text);
    if (line.kind === 'welcome') {
      this.#mode = 'chat';
      this.#onGreeted?.();
      this.#name = line.name;
      this.#emit({ type: 'welcome', name: line.name, text: line.text });
      return;
    }
    // Notices are the server's even before the welcome (`* no room`); what looks like `name: text` may be anybody's.
    if (this.#mode !== 'chat' && !text.startsWith('* ')) {
      if (this.#mode === 'unknown') this.#bePlain();
      this.#received++;
      this.#emit({ type: 'text', text });
      return;
    }
    switch (line.kind) {
      case 'echo':
        this.#delivered++;
        this.#unanswered = Math.max(0, this.#unanswered - 1);
        this.#onAnswer?.();
        this.#emit({ type: 'delivered', text: line.text });
        return;
      case 'message':
        this.#received++;
        this.#emit({ type: 'message', name: line.name, text: line.text });
        return;
      case 'joined':
      case 'left':
        this.#emit({ type: line.kind, names: line.names, more: line.more });
        return;
      case 'renamed':
        this.#emit({ type: 'renamed', from: line.from, to: line.to });
        return;
      case 'named':
        this.#name = line.name;
        this.#emit({ type: 'named', name: line.name });
        return;
      case 'alive':
        return;
      case 'stranger':
        // The server was restarted, or had given us up.
        this.#sayName();
        return;
      case 'bye':
        if (this.#ending !== undefined && this.#udp) this.#finish(this.#ending);
        return;
      case 'notice':
        this.#emit({ type: 'notice', text: line.text });
        return;
      case 'text':
        this.#received++;
        this.#emit({ type: 'text', text });
        return;
    }
  }

  #timer(ms: number, run: () => void): () => void {
    const cancel = this.#host.driver.setTimer(ms, () => {
      this.#timers.delete(forget);
      run();
    });
    const forget = (): void => {
      this.#timers.delete(forget);
      cancel();
    };
    this.#timers.add(forget);
    return forget;
  }

  #finish(reason: ChatEndReason, error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const forget of [...this.#timers]) forget();
    this.#onAnswer?.();
    this.#onGreeted?.();
    this.#socket.close();
    const counts = { sent: this.#sent, delivered: this.#delivered, received: this.#received };
    this.#resolveFinished(error === undefined ? { reason, ...counts } : { reason, error, ...counts });
  }
}
