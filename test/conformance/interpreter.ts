/**
 * Runs a script of the language (language.ts) on a Host, in one of the three forms that every call has: `async`, `try`
 * (one system call, then readiness) or `sync` (poll(2) inside the call). The outcome must be the same in all of them.
 */
import { encodeSockAddr, type SocketAddress } from '../../src/addr/sockaddr.ts';
import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_UNSPEC,
  AF_VSOCK,
  type Host,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPPROTO_RAW,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6,
  type OutgoingMessage,
  type Received,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_RDM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  type Socket,
  SocketError,
  type WaitOptions,
} from '../../src/socket/index.ts';
import { Names } from './addresses.ts';
import { BITS, dataOf, FLAGS, MESSAGE_FLAGS, matches, OPTIONS, type Step, wordOfBits, wordOfData } from './language.ts';

export type Form = 'async' | 'try' | 'sync';
export const FORMS: readonly Form[] = ['async', 'try', 'sync'];

/** What one step gave. */
export interface Outcome {
  readonly text: string;
  /** getsockname and getpeername: the address's bytes, see Names.hex. */
  readonly bytes?: string;
}

/** Where Unix sockets with a path live; a host without a file system has none. */
export interface Files {
  readonly directory: string;
  unlink(path: string): void;
}

const DOMAINS: { readonly [word: string]: number } = {
  unspec: AF_UNSPEC,
  unix: AF_UNIX,
  inet: AF_INET,
  inet6: AF_INET6,
  netlink: AF_NETLINK,
  packet: AF_PACKET,
  vsock: AF_VSOCK,
};
const TYPES: { readonly [word: string]: number } = {
  stream: SOCK_STREAM,
  dgram: SOCK_DGRAM,
  raw: SOCK_RAW,
  rdm: SOCK_RDM,
  seqpacket: SOCK_SEQPACKET,
};
const PROTOCOLS: { readonly [word: string]: number } = {
  tcp: IPPROTO_TCP,
  udp: IPPROTO_UDP,
  icmp: IPPROTO_ICMP,
  icmp6: IPPROTO_ICMPV6,
  rawip: IPPROTO_RAW,
  // Unassigned (IANA), and seldom those of another run on this machine.
  mine: 143 + ((globalThis.process?.pid ?? 0) % 50),
  other: 193 + ((globalThis.process?.pid ?? 0) % 50),
};

/** Calls of the language that are not called as their system call. */
const SYSCALLS: { readonly [call: string]: string } = {
  tryrecvlen: 'recv',
  recvip: 'recvfrom',
  tryrecvip: 'recvfrom',
  sendfd: 'sendmsg',
  recvfd: 'recvmsg',
  recvall: 'recv',
  fill: 'send',
  drain: 'recv',
  set: 'setsockopt',
  get: 'getsockopt',
};

/** Long enough for a busy machine; nothing that passes comes near it. */
const DEADLINE_MS = 4000;
const WAITED = 'waited without end';

const FILL = new Uint8Array(65_536);

let runs = 0;

/** @returns the outcomes of the steps up to the first that is not what the script wants */
export async function runScript(
  steps: readonly Step[],
  host: Host,
  form: Form,
  files: Files | undefined,
): Promise<Outcome[]> {
  const run = new Run(host, form, files);
  const outcomes: Outcome[] = [];
  try {
    for (const step of steps) {
      const outcome = await run.step(step);
      outcomes.push(outcome);
      if (!matches(step.expect, outcome.text)) break;
    }
  } finally {
    run.end();
  }
  return outcomes;
}

class Run {
  readonly #host: Host;
  readonly #form: Form;
  readonly #files: Files | undefined;
  readonly #names: Names;
  readonly #paths: string[] = [];

  constructor(host: Host, form: Form, files: Files | undefined) {
    this.#host = host;
    this.#form = form;
    this.#files = files;
    const id = `bwc-${globalThis.process?.pid ?? 0}-${++runs}-`;
    this.#names = new Names(files === undefined ? '' : `${files.directory}/${runs}-`, id);
  }

  end(): void {
    for (const socket of this.#names.sockets.values()) socket.close();
    for (const path of this.#paths) this.#files?.unlink(path);
  }

  async step(step: Step): Promise<Outcome> {
    try {
      const result = await this.#call(step);
      return typeof result === 'string' ? { text: result } : result;
    } catch (error) {
      if (!(error instanceof SocketError)) throw error;
      if (error.code === 'ERR_SOCKET_TIMEOUT') return { text: WAITED };
      return { text: this.#faultOf(error, step) ?? error.code };
    }
  }

  /** What is wrong with an error beside its code, in words that no expectation has. */
  #faultOf(error: SocketError, { call, args }: Step): string | undefined {
    const syscall = SYSCALLS[call] ?? call.replace(/^try/, '');
    if (error.syscall !== syscall) return `${error.code}, but of ${error.syscall}, not ${syscall}`;
    if (error.errno >= 0) return `${error.code} with errno ${error.errno}`;
    if (!['bind', 'connect', 'sendto'].includes(syscall) || call === 'tryconnect') return undefined;
    const address = this.#names.parse((syscall === 'sendto' ? args[2] : args[1]) as string);
    if (address.family !== 'inet' && address.family !== 'inet6') return undefined;
    const same = error.address === address.address && error.port === address.port;
    return same ? undefined : `${error.code} with the address ${error.address}:${error.port}`;
  }

  async #call({ call, makes, args, flags: words, expect }: Step): Promise<string | Outcome> {
    const flags = words.reduce((sum, word) => sum | (FLAGS[word] as number), 0);
    const [first = '', second = '', third = ''] = args;
    const [name = '', other = ''] = makes;
    switch (call) {
      case 'socket':
        return this.#keep(name, this.#host.socket(number(DOMAINS, first), number(TYPES, second), protocol(third)));
      case 'socketpair': {
        const pair = this.#host.socketpair(number(DOMAINS, first), number(TYPES, second), protocol(third));
        this.#keep(name, pair[0]);
        return this.#keep(other, pair[1]);
      }
      case 'dup':
        return this.#keep(name, this.#names.socket(first).dup());
      case 'recvfd':
        return this.#keep(name, await this.#recvfd(this.#names.socket(first)));
      case 'port':
        this.#names.namePort(name, this.#freePort());
        return 'ok';
      case 'accept':
        return this.#keep(name, await this.#accept(this.#names.socket(first)));
      case 'tryaccept': {
        const listener = this.#names.socket(first);
        const accepted = await this.#once(
          () => listener.tryAccept(),
          (options) => listener.accept(options),
          (options) => listener.acceptSync(options),
        );
        return accepted === null ? 'EAGAIN' : this.#keep(name, accepted);
      }
      case 'unlink':
        this.#files?.unlink(this.#names.path(first));
        return 'ok';
      default:
        return this.#on(call, this.#names.socket(first), second, third, flags, expect);
    }
  }

  #keep(name: string, socket: Socket): string {
    if (name === '') throw new TypeError('a socket needs a name');
    this.#names.sockets.set(name, socket);
    return 'ok';
  }

  /** The calls that take a socket. */
  async #on(
    call: string,
    socket: Socket,
    second: string,
    third: string,
    flags: number,
    expect: string | undefined,
  ): Promise<string | Outcome> {
    switch (call) {
      case 'bind':
        socket.bind(this.#address(second));
        return 'ok';
      case 'listen':
        socket.listen(second === '' ? undefined : Number(second));
        return 'ok';
      case 'connect':
        await this.#connect(socket, this.#names.parse(second));
        return 'ok';
      case 'tryconnect':
        return this.#connectOnce(socket, this.#names.parse(second));
      case 'getsockname':
      case 'getpeername':
        return this.#name(socket, call);
      case 'send':
      case 'trysend':
        return String((await this.#send(socket, dataOf(second), flags, call === 'trysend')) ?? 'EAGAIN');
      case 'sendto':
      case 'trysendto': {
        const to = this.#names.parse(third);
        return String((await this.#sendto(socket, dataOf(second), to, flags, call === 'trysendto')) ?? 'EAGAIN');
      }
      case 'writev':
        return String(await this.#writev(socket, [dataOf(second), dataOf(third)]));
      case 'readv': {
        const parts = [new Uint8Array(Number(second)), new Uint8Array(Number(third))];
        const count = await this.#readv(socket, parts);
        return parts.map((part, i) => wordOfData(part.subarray(0, count - (i === 0 ? 0 : Number(second))))).join(' ');
      }
      case 'recv':
        return wordOfData(await this.#recv(socket, Number(second), flags));
      case 'tryrecv':
      case 'tryrecvlen': {
        const buffer = new Uint8Array(Number(second));
        const one = (): number | null => socket.tryRecv(buffer, 0, buffer.length, flags);
        // MSG_WAITALL is several system calls in the forms that wait.
        const count =
          (flags & (FLAGS.WAITALL as number)) !== 0
            ? one()
            : await this.#once(
                one,
                (options) => socket.recv(buffer, { flags, ...options }),
                (options) => socket.recvSync(buffer, { flags, ...options }),
              );
        if (count === null) return 'EAGAIN';
        return call === 'tryrecv' ? wordOfData(buffer.subarray(0, count)) : String(count);
      }
      case 'recvfrom':
        return this.#message(await this.#recvfrom(socket, Number(second), flags));
      case 'tryrecvfrom': {
        const message = await this.#recvfromNow(socket, Number(second), flags);
        return message === null ? 'EAGAIN' : this.#message(message);
      }
      case 'sendfd': {
        const control = [{ kind: 'rights', fds: [this.#names.socket(third)] }] as const;
        return String(await this.#sendmsg(socket, { data: dataOf(second), control }));
      }
      case 'recvmsg':
        return this.#recvmsg(socket, Number(second), flags);
      case 'recvip':
        return this.#ipPacket((await this.#recvfrom(socket, Number(second), flags)).data);
      case 'tryrecvip': {
        const message = await this.#recvfromNow(socket, Number(second), flags);
        return message === null ? 'EAGAIN' : this.#ipPacket(message.data);
      }
      case 'recvall':
        return this.#recvall(socket);
      case 'fill':
        while (socket.trySend(FILL) !== null);
        return 'full';
      case 'drain': {
        const buffer = new Uint8Array(65_536);
        // 0 is the end, or an empty message.
        while ((socket.tryRecv(buffer) ?? 0) > 0);
        return 'drained';
      }
      case 'shutdown':
        socket.shutdown(/^-?\d+$/.test(second) ? Number(second) : (second as 'rd' | 'wr' | 'both'));
        return 'ok';
      case 'close':
        this.#names.learn();
        socket.close();
        return 'ok';
      case 'set':
        return this.#set(socket, second, third);
      case 'get':
        return this.#get(socket, second);
      case 'ioctl':
        return this.#ioctl(socket, second);
      case 'poll':
        return this.#poll(socket, expect);
      default:
        throw new TypeError(`no call '${call}'`);
    }
  }

  #address(word: string): SocketAddress {
    const address = this.#names.parse(word);
    if (address.family === 'unix' && address.path !== undefined) this.#paths.push(address.path);
    return address;
  }

  /** A port that nobody has, of TCP and UDP, on any address of either family, at this moment. */
  #freePort(): number {
    for (;;) {
      const sockets = [SOCK_STREAM, SOCK_DGRAM].map((type) => this.#host.socket(AF_INET6, type));
      try {
        const [tcp, udp] = sockets as [Socket, Socket];
        for (const socket of sockets) socket.set(IPV6.V6ONLY, false);
        tcp.bind('[::]:0');
        const { port } = tcp.getsockname() as { port: number };
        udp.bind({ family: 'inet6', address: '::', port });
        if (!this.#names.hasPort(port)) return port;
      } catch (error) {
        if (!(error instanceof SocketError) || error.code !== 'EADDRINUSE') throw error;
      } finally {
        for (const socket of sockets) socket.close();
      }
    }
  }

  // ---------------------------------------------------------------- calls that wait, in the three forms

  /** The fast path takes no options, so only the forms that need a flag give some. */
  #options(flags: number): (WaitOptions & { flags?: number }) | undefined {
    return flags === 0 ? undefined : { flags, timeoutMs: DEADLINE_MS };
  }

  /** A promise of the async form, ended by the deadline: the socket is closed then, which rejects it. */
  async #bounded<T>(socket: Socket, promise: Promise<T>): Promise<T> {
    let late = false;
    const cancel = this.#host.driver.setTimer(DEADLINE_MS, () => {
      late = true;
      socket.close();
    });
    try {
      return await promise;
    } catch (error) {
      if (late) throw new SocketError({ code: 'ERR_SOCKET_TIMEOUT', text: WAITED }, { syscall: 'poll' });
      throw error;
    } finally {
      cancel();
    }
  }

  /** The try form: one system call, and readiness when it would block. */
  async #trying<T>(socket: Socket, direction: 'in' | 'out', attempt: () => T | null): Promise<T> {
    for (;;) {
      const result = attempt();
      if (result !== null) return result;
      await socket.ready(direction, { timeoutMs: DEADLINE_MS });
    }
  }

  /** A call that does not wait: `try…`, or in the other forms a deadline of 0. Null: it would have to wait. */
  async #once<T>(
    attempt: () => T | null,
    now: (options: { readonly timeoutMs: 0 }) => Promise<T>,
    nowSync: (options: { readonly timeoutMs: 0 }) => T,
  ): Promise<T | null> {
    if (this.#form === 'try') return attempt();
    try {
      return this.#form === 'sync' ? nowSync({ timeoutMs: 0 }) : await now({ timeoutMs: 0 });
    } catch (error) {
      if (error instanceof SocketError && error.code === 'ERR_SOCKET_TIMEOUT') return null;
      throw error;
    }
  }

  #recvfromNow(socket: Socket, size: number, flags: number): Promise<Received | null> {
    const buffer = new Uint8Array(size);
    return this.#once(
      () => socket.tryRecvfrom(buffer, flags),
      (options) => socket.recvfrom(buffer, { flags, ...options }),
      (options) => socket.recvfromSync(buffer, { flags, ...options }),
    );
  }

  #accept(socket: Socket): Promise<Socket> | Socket {
    if (this.#form === 'async') return this.#bounded(socket, socket.accept());
    if (this.#form === 'sync') return socket.acceptSync({ timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'in', () => socket.tryAccept());
  }

  async #connect(socket: Socket, address: SocketAddress): Promise<void> {
    if (this.#form === 'async') return this.#bounded(socket, socket.connect(address));
    if (this.#form === 'sync') return socket.connectSync(address, { timeoutMs: DEADLINE_MS });
    // connect(2), EALREADY: called again, it tells how the attempt that is under way went.
    while (socket.tryConnect(address) === null) await socket.ready('out', { timeoutMs: DEADLINE_MS });
  }

  /** `tryConnect` says null for all three of these: the driver tells which. */
  #connectOnce(socket: Socket, address: SocketAddress): string {
    const { driver, handle } = socket;
    if (socket.closed) return 'EBADF';
    const bytes = new Uint8Array(128);
    const { length } = encodeSockAddr(address, bytes);
    const result = driver.connect(handle, bytes, length);
    return result === 0 ? 'ok' : new SocketError(-result, { syscall: 'connect' }).code;
  }

  async #send(socket: Socket, data: Uint8Array, flags: number, once: boolean): Promise<number | null> {
    const one = (): number | null => socket.trySend(data, 0, data.length, flags);
    if (once)
      return this.#once(
        one,
        (options) => socket.send(data, { flags, ...options }),
        (options) => socket.sendSync(data, { flags, ...options }),
      );
    if (this.#form === 'async') return this.#bounded(socket, socket.send(data, this.#options(flags)));
    if (this.#form === 'sync') return socket.sendSync(data, { flags, timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'out', one);
  }

  async #sendto(
    socket: Socket,
    data: Uint8Array,
    to: SocketAddress,
    flags: number,
    once: boolean,
  ): Promise<number | null> {
    const one = (): number | null => socket.trySendto(data, to, flags);
    if (once)
      return this.#once(
        one,
        (options) => socket.sendto(data, to, { flags, ...options }),
        (options) => socket.sendtoSync(data, to, { flags, ...options }),
      );
    if (this.#form === 'async') return this.#bounded(socket, socket.sendto(data, to, this.#options(flags)));
    if (this.#form === 'sync') return socket.sendtoSync(data, to, { flags, timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'out', one);
  }

  async #writev(socket: Socket, parts: Uint8Array[]): Promise<number> {
    if (this.#form === 'async') return this.#bounded(socket, socket.writev(parts));
    if (this.#form === 'sync') return socket.writevSync(parts, { timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'out', () => socket.tryWritev(parts));
  }

  async #readv(socket: Socket, parts: Uint8Array[]): Promise<number> {
    if (this.#form === 'async') return this.#bounded(socket, socket.readv(parts));
    if (this.#form === 'sync') return socket.readvSync(parts, { timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'in', () => socket.tryReadv(parts));
  }

  async #recv(socket: Socket, size: number, flags: number): Promise<Uint8Array> {
    if (this.#form === 'async') return this.#bounded(socket, socket.recv(size, this.#options(flags)));
    if (this.#form === 'sync') return socket.recvSync(size, { flags, timeoutMs: DEADLINE_MS });
    const buffer = new Uint8Array(size);
    const count = await this.#trying(socket, 'in', () => socket.tryRecv(buffer, 0, size, flags));
    return buffer.subarray(0, count);
  }

  async #recvfrom(socket: Socket, size: number, flags: number): Promise<Received> {
    if (this.#form === 'async') return this.#bounded(socket, socket.recvfrom(size, this.#options(flags)));
    if (this.#form === 'sync') return socket.recvfromSync(size, { flags, timeoutMs: DEADLINE_MS });
    const buffer = new Uint8Array(size);
    return this.#trying(socket, 'in', () => socket.tryRecvfrom(buffer, flags));
  }

  async #sendmsg(socket: Socket, message: OutgoingMessage): Promise<number> {
    if (this.#form === 'async') return this.#bounded(socket, socket.sendmsg(message));
    if (this.#form === 'sync') return socket.sendmsgSync(message, { timeoutMs: DEADLINE_MS });
    return this.#trying(socket, 'out', () => socket.trySendmsg(message));
  }

  async #recvfd(socket: Socket): Promise<Socket> {
    const room = { size: 1 };
    const message =
      this.#form === 'async'
        ? await this.#bounded(socket, socket.recvmsg(room))
        : this.#form === 'sync'
          ? socket.recvmsgSync({ ...room, timeoutMs: DEADLINE_MS })
          : await this.#trying(socket, 'in', () => socket.tryRecvmsg(room));
    const [fd] = message.controlOf('rights')?.fds ?? [];
    if (fd === undefined) throw new TypeError('no descriptor came');
    return this.#host.adopt(fd);
  }

  async #recvmsg(socket: Socket, size: number, flags: number): Promise<string> {
    const room = { size, controlSize: 0, flags };
    const message =
      this.#form === 'async'
        ? await this.#bounded(socket, socket.recvmsg(room))
        : this.#form === 'sync'
          ? socket.recvmsgSync({ ...room, timeoutMs: DEADLINE_MS })
          : await this.#trying(socket, 'in', () => socket.tryRecvmsg(room));
    return `${wordOfData(message.data)} ${wordOfBits(message.flags, MESSAGE_FLAGS)}`;
  }

  /** What a raw IPv4 socket gives begins with the header, always (raw(7)). */
  #ipPacket(packet: Uint8Array): string {
    const address = (offset: number): string => packet.subarray(offset, offset + 4).join('.');
    const payload = packet.subarray(((packet[0] ?? 0) & 15) * 4);
    return `${wordOfData(payload)} from ${address(12)} to ${address(16)}`;
  }

  async #recvall(socket: Socket): Promise<string> {
    const parts: number[] = [];
    for (;;) {
      const bytes = await this.#recv(socket, 65_536, 0);
      if (bytes.length === 0) break;
      for (const byte of bytes) parts.push(byte);
    }
    return wordOfData(Uint8Array.from(parts));
  }

  // ---------------------------------------------------------------- names, options, readiness

  #name(socket: Socket, call: 'getsockname' | 'getpeername'): Outcome {
    const text = this.#names.print(socket[call]());
    const bytes = new Uint8Array(128);
    const length = socket.driver[call](socket.handle, bytes);
    return { text, bytes: this.#names.hex(bytes, length) };
  }

  #message({ data, address, length, truncated }: Received): string {
    const cut = truncated ? ` of ${length}` : '';
    return `${wordOfData(data)}${cut} from ${this.#names.print(address)}`;
  }

  #set(socket: Socket, option: string, value: string): string {
    const [level, number] = OPTIONS[option] as readonly [number, number];
    const ints = value.split(',').map(Number);
    socket.setsockopt(level, number, new Uint8Array(Int32Array.from(ints).buffer));
    return 'ok';
  }

  #get(socket: Socket, option: string): string {
    const [level, number] = OPTIONS[option] as readonly [number, number];
    const bytes = socket.getsockopt(level, number, option === 'SO_LINGER' ? 8 : 4);
    if (bytes.length < 4) return String(bytes[0]);
    const ints = Array.from(new Int32Array(bytes.slice().buffer));
    if (option !== 'SO_ERROR' || ints[0] === 0) return ints.join(',');
    return new SocketError(ints[0] as number, { syscall: 'getsockopt' }).code.replace(/^E/, 'error E');
  }

  #ioctl(socket: Socket, request: string): string {
    switch (request) {
      case 'FIONREAD':
        return String(socket.inq());
      case 'SIOCOUTQ':
        return String(socket.outq());
      case 'SIOCATMARK':
        return socket.atMark() ? '1' : '0';
      default:
        throw new TypeError(`no ioctl '${request}'`);
    }
  }

  async #poll(socket: Socket, expect: string | undefined): Promise<string> {
    if (socket.closed) return 'EBADF';
    const { driver } = socket;
    const wanted = BITS.reduce((sum, [word, bit]) => (word === 'err' || word === 'hup' ? sum : sum | bit), 0);
    for (let left = DEADLINE_MS; ; left--) {
      const bits = driver.poll(socket.handle, wanted, 0);
      const text = bits < 0 ? new SocketError(-bits, { syscall: 'poll' }).code : wordOfBits(bits);
      if (left === 0 || expect === undefined || matches(expect, text)) return text;
      await new Promise<void>((resolve) => driver.setTimer(1, resolve));
    }
  }
}

function number(table: { readonly [word: string]: number }, word: string): number {
  const value = table[word] ?? Number(word);
  if (!Number.isInteger(value))
    throw new TypeError(`'${word}' is neither a number nor one of ${Object.keys(table).join(' ')}`);
  return value;
}

function protocol(word: string): number {
  return word === '' ? 0 : number(PROTOCOLS, word);
}
