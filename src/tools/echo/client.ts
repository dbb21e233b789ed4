/** The echo client: one message, its answer, the next message. Read answer.ts first. */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM, SOCK_STREAM } from '../../socket/constants.ts';
import type { Host } from '../../socket/host.ts';
import type { Socket } from '../../socket/socket.ts';
import { EXIT, MESSAGE_BYTES, readAnswers } from './answer.ts';

/** Largest payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM = 65_507;

export interface EchoClientOptions {
  readonly host: Host;
  readonly address: SocketAddress;
  readonly udp?: boolean | undefined;
  /** For connecting, and for each answer. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server ended the connection before it had answered. */
export class EchoClosedError extends Error {
  override readonly name: string = 'EchoClosedError';
  constructor() {
    super('the server closed the connection without an answer');
  }
}

/** @throws SocketError ECONNREFUSED, ETIMEDOUT …; over UDP a refusal comes with the first `ask` */
export async function connectEcho(options: EchoClientOptions): Promise<EchoClient> {
  const { host, address, timeoutMs, signal, udp = false } = options;
  if (address.family !== 'inet' && address.family !== 'inet6') {
    throw new TypeError(`address: expected family inet or inet6, got ${address.family}`);
  }
  const socket = host.socket(address.family === 'inet' ? AF_INET : AF_INET6, udp ? SOCK_DGRAM : SOCK_STREAM);
  try {
    await socket.connect(address, { timeoutMs, signal });
    return new EchoClient(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

export class EchoClient implements Disposable {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly #socket: Socket;
  readonly #udp: boolean;
  readonly #timeoutMs: number | undefined;
  readonly #signal: AbortSignal | undefined;

  /** Called by `connectEcho`: `socket` is connected and ours from now on. */
  constructor(socket: Socket, options: EchoClientOptions) {
    this.#socket = socket;
    this.#udp = options.udp ?? false;
    this.#timeoutMs = options.timeoutMs;
    this.#signal = options.signal;
    this.local = socket.getsockname();
    this.remote = socket.getpeername();
  }

  /**
   * Send one message and wait for what the server says to it: one answer, or several when TCP parted the message.
   * @throws RangeError for an empty message over TCP (it would send nothing) or one that no datagram holds;
   * SocketError ECONNREFUSED, ECONNRESET, ERR_SOCKET_TIMEOUT; EchoClosedError
   */
  async ask(message: string): Promise<readonly string[]> {
    const bytes = new TextEncoder().encode(message);
    const io = { timeoutMs: this.#timeoutMs, signal: this.#signal };
    if (this.#udp) {
      if (bytes.length > MAX_DATAGRAM) {
        throw new RangeError(`message: expected at most ${MAX_DATAGRAM} bytes for one datagram, got ${bytes.length}`);
      }
      await this.#socket.send(bytes, io);
      return [new TextDecoder().decode(await this.#socket.recv(MESSAGE_BYTES, io))];
    }
    if (bytes.length === 0) throw new RangeError('message: expected at least one byte, got an empty line');
    // Not awaited before reading: a long message and its many answers could fill both directions.
    const sending = this.#socket.sendAll(bytes, io);
    // Its failure is reported below, where the answer is missed, or as the reading's own.
    sending.catch(() => undefined);
    const answers = await this.#readAll(bytes.length, io);
    await sending;
    return answers;
  }

  async #readAll(
    sent: number,
    io: { timeoutMs: number | undefined; signal: AbortSignal | undefined },
  ): Promise<readonly string[]> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(MESSAGE_BYTES);
    let text = '';
    for (;;) {
      const count = await this.#socket.recv(buffer, io);
      if (count === 0) throw new EchoClosedError();
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
      const { answers, missing } = readAnswers(text, sent);
      if (missing === 0) return answers;
    }
  }

  /** Tell the server that this client ends. */
  async exit(): Promise<void> {
    await this.#socket.send(EXIT, { timeoutMs: this.#timeoutMs, signal: this.#signal });
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
