/**
 * Requests and dumps over a netlink socket (netlink(7), and RFC 3549 for the idea).
 *
 * The calls are synchronous: the kernel works on a request inside send(2) and its answer lies in the receive queue when
 * the call returns; the next part of a dump is made inside recv(2). So nothing here ever waits for another process.
 */
import { type DecodeFault, describeFault } from '../core/index.ts';
import { AF_NETLINK, type Host, MSG_TRUNC, SOCK_RAW, SOL_NETLINK, type Socket, SocketError } from '../socket/index.ts';
import {
  decodeAck,
  decodeDone,
  decodeMessages,
  encodeMessage,
  NETLINK_CAP_ACK,
  NETLINK_EXT_ACK,
  NETLINK_GET_STRICT_CHK,
  type NetlinkAck,
  type NetlinkMessage,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSG_NOOP,
  NLMSG_OVERRUN,
} from './message.ts';

/** The kernel's parts of a dump are at most 32 KiB; a single message is far smaller. */
const RECEIVE_BYTES = 65_536;
/** A dump that other changes interrupt is begun again so often. */
const DUMP_ATTEMPTS = 8;
/** An answer comes at once or not at all; this only keeps a mistake from becoming a hang. */
const ANSWER_TIMEOUT_MS = 5_000;

/** What an answer that cannot be read is reported as. */
export const ERR_NETLINK_FORMAT = 'ERR_NETLINK_FORMAT';
/** The table kept changing while it was dumped. */
export const ERR_NETLINK_INTERRUPTED = 'ERR_NETLINK_INTERRUPTED';

/** The kernel refused a request: `syscall` is the family and the message's name, `detail` the kernel's own sentence. */
export class NetlinkError extends SocketError {
  /** Extended acknowledgement: what the kernel says about its refusal, where it does. */
  readonly detail: string | undefined;

  constructor(errno: number, what: string, fd: number, detail: string | undefined) {
    super(errno, { syscall: what, fd });
    this.detail = detail;
    if (detail !== undefined) this.message += `: ${detail}`;
  }
}

export interface NetlinkRequest {
  /** For errors: `rtnetlink RTM_NEWLINK`. */
  readonly name: string;
  readonly type: number;
  /** Besides NLM_F_REQUEST, NLM_F_ACK and NLM_F_DUMP, which are set here. */
  readonly flags?: number;
  readonly body: Uint8Array;
}

/** One netlink socket. Not bound to groups: nothing but answers arrives. */
export class NetlinkClient implements Disposable {
  readonly #socket: Socket;
  readonly #buffer: Uint8Array = new Uint8Array(RECEIVE_BYTES);
  #sequence = 0;

  /**
   * @param host where the socket is made: netlink speaks of the network namespace of its socket
   * @param protocol NETLINK_ROUTE, NETLINK_SOCK_DIAG
   */
  constructor(host: Host, protocol: number) {
    const socket = host.socket(AF_NETLINK, SOCK_RAW, protocol);
    this.#socket = socket;
    // Each may be unknown to an old kernel, which then answers without it.
    for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK]) {
      try {
        socket.setsockopt(SOL_NETLINK, option, 1);
      } catch (error) {
        if (!(error instanceof SocketError) || error.code !== 'ENOPROTOOPT') {
          socket.close();
          throw error;
        }
      }
    }
  }

  get closed(): boolean {
    return this.#socket.closed;
  }

  /**
   * Send one request and wait for its acknowledgement.
   * @returns messages that came before the acknowledgement, owned
   * @throws NetlinkError
   */
  request(request: NetlinkRequest): NetlinkMessage[] {
    const sequence = this.#send(request, NLM_F_ACK);
    const answers: NetlinkMessage[] = [];
    for (;;) {
      for (const message of this.#receive(request.name)) {
        if (message.sequence !== sequence || message.type === NLMSG_NOOP) continue;
        if (message.type === NLMSG_ERROR) {
          this.#check(decodeAck(message), request.name);
          return answers;
        }
        answers.push(owned(message));
      }
    }
  }

  /**
   * Ask for a whole table.
   * @param each gets one message; its body is good during the call only. A dump that was interrupted is begun again:
   *   `restart` says to forget what came so far.
   */
  dump(request: NetlinkRequest, each: (message: NetlinkMessage) => void, restart: () => void): void {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      if (attempt > 0) restart();
      if (!this.#dumpOnce(request, each)) return;
    }
    const text = `the table changed during each of ${DUMP_ATTEMPTS} dumps`;
    throw new SocketError({ code: ERR_NETLINK_INTERRUPTED, text }, { syscall: request.name, fd: this.#socket.fd });
  }

  /** @returns whether the dump was interrupted */
  #dumpOnce(request: NetlinkRequest, each: (message: NetlinkMessage) => void): boolean {
    const sequence = this.#send(request, NLM_F_DUMP);
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(request.name)) {
        if (message.sequence !== sequence || message.type === NLMSG_NOOP) continue;
        if ((message.flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
        if (message.type === NLMSG_DONE) {
          this.#check(decodeDone(message), request.name);
          return interrupted;
        }
        if (message.type === NLMSG_ERROR) {
          this.#check(decodeAck(message), request.name);
          return interrupted;
        }
        each(message);
      }
    }
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(request: NetlinkRequest, flags: number): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const message = {
      type: request.type,
      flags: NLM_F_REQUEST | flags | (request.flags ?? 0),
      sequence: this.#sequence,
      portId: 0,
      body: request.body,
    };
    // Without an address the message goes to port 0, the kernel (netlink(7)).
    this.#socket.sendSync(encodeMessage(message), { timeoutMs: ANSWER_TIMEOUT_MS });
    return this.#sequence;
  }

  #receive(name: string): readonly NetlinkMessage[] {
    const buffer = this.#buffer;
    // MSG_TRUNC makes recv(2) return the real length, so that a cut answer is noticed.
    const length =
      this.#socket.tryRecv(buffer, 0, buffer.length, MSG_TRUNC) ??
      this.#socket.recvSync(buffer, { flags: MSG_TRUNC, timeoutMs: ANSWER_TIMEOUT_MS });
    if (length > buffer.length)
      throw this.#format(`answer of ${length} bytes, expected at most ${buffer.length}`, name);
    const decoded = decodeMessages(buffer.subarray(0, length));
    if (!decoded.ok) throw this.#format(describeFault(decoded), name);
    for (const message of decoded.messages) {
      if (message.type === NLMSG_OVERRUN) throw this.#format('the kernel says that data was lost', name);
    }
    return decoded.messages;
  }

  #check(ack: NetlinkAck | DecodeFault, name: string): void {
    if (!ack.ok) throw this.#format(describeFault(ack), name);
    if (ack.errno !== 0) throw new NetlinkError(ack.errno, name, this.#socket.fd, ack.text);
  }

  #format(text: string, name: string): SocketError {
    return new SocketError({ code: ERR_NETLINK_FORMAT, text }, { syscall: name, fd: this.#socket.fd });
  }
}

function owned(message: NetlinkMessage): NetlinkMessage {
  return { ...message, body: message.body.slice() };
}

/** For decoders of bodies: the value, or the fault as an error. */
export function expectDecoded<T extends { readonly ok: true }>(decoded: T | DecodeFault, name: string): T {
  if (decoded.ok) return decoded;
  throw new SocketError({ code: ERR_NETLINK_FORMAT, text: describeFault(decoded) }, { syscall: name });
}
