/**
 * Sockets that tell an observer about every call, as the program makes it: the async form of connect is one call from
 * the moment it is made until it resolves, just as the blocking C call would be. A plain `Socket` has no trace of this:
 * what is not observed costs nothing.
 */
import { decodeSockAddr, formatSocketAddress, SockAddr, type SocketAddress } from '../addr/sockaddr.ts';
import {
  AF_ALG,
  AF_CAN,
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  AF_PACKET,
  AF_UNIX,
  AF_VSOCK,
  AF_XDP,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from './constants.ts';
import type { Handle, SocketDriver } from './driver.ts';
import { AbortError, SocketError } from './error.ts';
import { DriverHost, type Host } from './host.ts';
import type { Message, OutgoingMessage } from './message.ts';
import type { Option } from './options/index.ts';
import { type AddressLike, type Received, Socket } from './socket.ts';

export type CallValue = string | number | boolean | null;

export interface ObservedCall {
  /** Unique among the sockets of one observer; never reused, unlike descriptors. */
  readonly socketId: number;
  readonly fd: number;
  /** The C name. */
  readonly name: string;
  readonly args: Readonly<Record<string, CallValue>>;
}

export interface ObservedResult {
  /** What the C call would have returned: 0, a count, a descriptor, -1. */
  readonly ret: number;
  /** `ECONNREFUSED` and the like when ret is -1. */
  readonly errno?: string;
  readonly bytes?: number;
  /** What came back besides: the data as text, the peer's address. */
  readonly out?: Readonly<Record<string, CallValue>>;
  /** The socket that the call made: socket(2), accept(2). */
  readonly opened?: { readonly socketId: number; readonly fd: number };
}

export interface CallObserver {
  /** @returns a token that `exit` is given */
  enter(call: ObservedCall): number;
  exit(token: number, result: ObservedResult): void;
}

/** A host whose sockets tell `observer` about every call. */
export function observeHost(host: Host, observer: CallObserver): Host {
  return new ObservedHost(host.name, host.driver, observer);
}

let lastSocketId = 0;

class ObservedHost extends DriverHost {
  readonly #observer: CallObserver;

  constructor(name: string, driver: SocketDriver, observer: CallObserver) {
    super(name, driver);
    this.#observer = observer;
  }

  override socket<Type extends number>(domain: number, type: Type, protocol = 0): Socket<Type> {
    const call = { socketId: lastSocketId + 1, fd: -1, name: 'socket', args: socketArguments(domain, type, protocol) };
    const token = this.#observer.enter(call);
    try {
      const socket = super.socket(domain, type, protocol) as ObservedSocket<Type>;
      this.#observer.exit(token, { ret: socket.fd, opened: { socketId: socket.id, fd: socket.fd } });
      return socket;
    } catch (error) {
      this.#observer.exit(token, failed(error));
      throw error;
    }
  }

  protected override wrap<Type extends number>(
    handle: Handle,
    domain: number,
    type: Type,
    protocol: number,
  ): Socket<Type> {
    return new ObservedSocket(this.#observer, this.driver, handle, domain, type, protocol);
  }
}

class ObservedSocket<Type extends number = number> extends Socket<Type> {
  readonly id: number = ++lastSocketId;
  readonly observer: CallObserver;
  /** True while one call runs inside another (recv of a size inside recv of a buffer): told once, as the outer one. */
  inside = false;

  constructor(
    observer: CallObserver,
    driver: SocketDriver,
    handle: Handle,
    domain: number,
    type: Type,
    protocol: number,
  ) {
    super(driver, handle, domain, type, protocol);
    this.observer = observer;
  }

  protected override spawn(handle: Handle): Socket<Type> {
    return new ObservedSocket(this.observer, this.driver, handle, this.domain, this.type, this.protocol);
  }
}

type Arguments = Record<string, CallValue>;

const FAMILIES = new Map(
  Object.entries({ AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_XDP, AF_CAN, AF_ALG }).map(
    ([k, v]) => [v, k],
  ),
);
const TYPES = new Map(Object.entries({ SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET }).map(([k, v]) => [v, k]));

/** Families and types by their C names, as the program wrote them. */
function socketArguments(domain: number, type: number, protocol: number): Arguments {
  return { domain: FAMILIES.get(domain) ?? domain, type: TYPES.get(type) ?? type, protocol };
}
type Outcome = Omit<ObservedResult, 'errno'>;

/** How one method is told: its C name, its arguments by name, what its result means. */
interface Row {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: one table for methods of many signatures; each row knows its own
  readonly args: (...given: any[]) => Arguments;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly outcome: (result: any, given: any[]) => Outcome;
}

const none = (): Arguments => ({});
const zero = (): Outcome => ({ ret: 0 });
const addressText = (address: AddressLike): string =>
  typeof address === 'string'
    ? address
    : formatSocketAddress(address instanceof SockAddr ? decodeSockAddr(address.bytes, address.length) : address);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);
const textOf = (data: Uint8Array | string): string => (typeof data === 'string' ? data : text(data));
const size = (target: Uint8Array | number): number => (typeof target === 'number' ? target : target.length);

const address = (given: AddressLike): Arguments => ({ addr: addressText(given) });
const moved = (count: number | null): Outcome => (count === null ? wouldBlock() : { ret: count, bytes: count });
const wouldBlock = (): ObservedResult => ({ ret: -1, errno: 'EAGAIN' });
const received = (result: number | null | Uint8Array, given: [Uint8Array | number, ...unknown[]]): Outcome => {
  if (result === null) return wouldBlock();
  const target = given[0];
  const data = typeof result === 'number' ? (target as Uint8Array).subarray(0, result) : result;
  return { ret: data.length, bytes: data.length, out: { buf: text(data) } };
};
const receivedFrom = (result: Received | null): Outcome =>
  result === null
    ? wouldBlock()
    : {
        ret: result.length,
        bytes: result.data.length,
        out: { buf: text(result.data), addr: formatSocketAddress(result.address) },
      };
const accepted = (result: ObservedSocket | null): Outcome => {
  if (result === null) return wouldBlock();
  const outcome = { ret: result.fd, opened: { socketId: result.id, fd: result.fd } };
  const room = new Uint8Array(128);
  const length = result.driver.getpeername(result.handle, room);
  // A peer that has gone already has no name.
  return length < 0 ? outcome : { ...outcome, out: { addr: formatSocketAddress(decodeSockAddr(room, length)) } };
};
const named = (result: SocketAddress): Outcome => ({ ret: 0, out: { addr: formatSocketAddress(result) } });
const connected = (result: true | null | undefined): Outcome =>
  result === null ? ({ ret: -1, errno: 'EINPROGRESS' } as ObservedResult) : { ret: 0 };
const optionValue = (value: unknown): CallValue =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value);
const parts = (given: readonly Uint8Array[]): Arguments => ({
  iovcnt: given.length,
  len: given.reduce((sum, part) => sum + part.length, 0),
});
const batch = (_: unknown, first: number, count: number): Arguments => ({ first, vlen: count });

const recv: Row = { name: 'recv', args: (target) => ({ len: size(target) }), outcome: received as Row['outcome'] };
const send: Row = { name: 'send', args: (data) => ({ buf: textOf(data) }), outcome: moved };
const recvfrom: Row = { name: 'recvfrom', args: (target) => ({ len: size(target) }), outcome: receivedFrom };
const sendto: Row = {
  name: 'sendto',
  args: (data, target) => ({ buf: textOf(data), addr: addressText(target) }),
  outcome: moved,
};
const accept: Row = { name: 'accept', args: none, outcome: accepted };
const connect: Row = { name: 'connect', args: address, outcome: connected };
const readv: Row = { name: 'readv', args: parts, outcome: moved };
const writev: Row = { name: 'writev', args: parts, outcome: moved };
const recvmmsg: Row = { name: 'recvmmsg', args: (given) => ({ vlen: given.capacity }), outcome: moved };
const sendmmsg: Row = { name: 'sendmmsg', args: batch, outcome: moved };

const recvmsg: Row = {
  name: 'recvmsg',
  args: (room) => ({ len: room?.size ?? null, flags: room?.flags ?? 0 }),
  outcome: (result: Message | null) =>
    result === null
      ? wouldBlock()
      : {
          ret: result.length,
          bytes: result.length,
          out: {
            buf: text(result.data),
            control: result.control.map(({ kind }) => kind).join(),
            ...(result.address === undefined ? {} : { addr: formatSocketAddress(result.address) }),
          },
        },
};
const sendmsg: Row = {
  name: 'sendmsg',
  args: ({ data, to, control }: OutgoingMessage) => ({
    buf: Array.isArray(data) ? data.map(text).join('') : textOf(data as Uint8Array | string),
    control: control?.map(({ kind }) => kind).join() ?? null,
    ...(to === undefined ? {} : address(to)),
  }),
  outcome: moved,
};
const sendfile: Row = { name: 'sendfile', args: (_, range) => ({ count: range.length }), outcome: moved };
const splice: Row = { name: 'splice', args: (_, length) => ({ len: length }), outcome: moved };
const value = (result: number | boolean): Outcome => ({ ret: 0, out: { value: result } });
const poll: Row = { name: 'poll', args: (direction) => ({ events: direction }), outcome: () => ({ ret: 1 }) };

/**
 * Every method that is a system call. A call that is missing here is missing in the trace: twin of receive.ts, send.ts,
 * transfer.ts and socket.ts.
 */
const CALLS: Readonly<Partial<Record<keyof Socket, Row>>> = {
  bind: { name: 'bind', args: address, outcome: zero },
  listen: { name: 'listen', args: (backlog) => ({ backlog: backlog ?? null }), outcome: zero },
  shutdown: { name: 'shutdown', args: (how) => ({ how }), outcome: zero },
  close: { name: 'close', args: none, outcome: zero },
  getsockname: { name: 'getsockname', args: none, outcome: named },
  getpeername: { name: 'getpeername', args: none, outcome: named },
  get: {
    name: 'getsockopt',
    args: (option: Option<unknown>) => ({ option: option.name }),
    outcome: (value) => ({ ret: 0, out: { value: optionValue(value) } }),
  },
  set: {
    name: 'setsockopt',
    args: (option: Option<unknown>, value) => ({ option: option.name, value: optionValue(value) }),
    outcome: zero,
  },
  getsockopt: { name: 'getsockopt', args: (level, option) => ({ level, option }), outcome: zero },
  setsockopt: { name: 'setsockopt', args: (level, option) => ({ level, option }), outcome: zero },
  connect,
  connectSync: connect,
  tryConnect: connect,
  accept,
  acceptSync: accept,
  tryAccept: accept,
  recv,
  recvSync: recv,
  tryRecv: recv,
  send,
  sendSync: send,
  trySend: send,
  recvfrom,
  recvfromSync: recvfrom,
  tryRecvfrom: recvfrom,
  sendto,
  sendtoSync: sendto,
  trySendto: sendto,
  readv,
  tryReadv: readv,
  readvSync: readv,
  writev,
  tryWritev: writev,
  writevSync: writev,
  recvBatch: recvmmsg,
  tryRecvBatch: recvmmsg,
  recvBatchSync: recvmmsg,
  sendBatch: sendmmsg,
  trySendBatch: sendmmsg,
  sendBatchSync: sendmmsg,
  recvmsg,
  tryRecvmsg: recvmsg,
  recvmsgSync: recvmsg,
  sendmsg,
  trySendmsg: sendmsg,
  sendmsgSync: sendmsg,
  sendfile,
  trySendfile: sendfile,
  sendfileSync: sendfile,
  spliceTo: splice,
  trySpliceTo: splice,
  spliceFrom: splice,
  trySpliceFrom: splice,
  ioctl: { name: 'ioctl', args: (request) => ({ request }), outcome: moved },
  fcntl: { name: 'fcntl', args: (cmd, arg) => ({ cmd, arg: arg ?? 0 }), outcome: moved },
  inq: { name: 'ioctl', args: () => ({ request: 'SIOCINQ' }), outcome: value },
  outq: { name: 'ioctl', args: () => ({ request: 'SIOCOUTQ' }), outcome: value },
  atMark: { name: 'ioctl', args: () => ({ request: 'SIOCATMARK' }), outcome: value },
  dup: { name: 'dup', args: none, outcome: (copy) => ({ ret: copy.fd, opened: { socketId: copy.id, fd: copy.fd } }) },
  ready: poll,
  readySync: poll,
};

function failed(error: unknown): ObservedResult {
  if (error instanceof SocketError || error instanceof AbortError) return { ret: -1, errno: error.code };
  return { ret: -1, errno: error instanceof Error ? error.name : 'unknown' };
}

type Method = (this: ObservedSocket, ...given: unknown[]) => unknown;

function observed(row: Row, method: Method): Method {
  return function (...given) {
    if (this.inside || (row.name === 'close' && this.closed)) return method.apply(this, given);
    const call = { socketId: this.id, fd: this.fd, name: row.name, args: row.args(...given) };
    const token = this.observer.enter(call);
    const done = (value: unknown): unknown => {
      this.observer.exit(token, row.outcome(value, given));
      return value;
    };
    const threw = (error: unknown): never => {
      this.observer.exit(token, failed(error));
      throw error;
    };
    this.inside = true;
    let result: unknown;
    try {
      result = method.apply(this, given);
    } catch (error) {
      return threw(error);
    } finally {
      this.inside = false;
    }
    return result instanceof Promise ? result.then(done, threw) : done(result);
  };
}

for (const [method, row] of Object.entries(CALLS)) {
  const original = Socket.prototype[method as keyof Socket] as Method;
  Object.defineProperty(ObservedSocket.prototype, method, { value: observed(row, original) });
}
