/**
 * The bytes of one stream socket, pumped without a promise: recv(2) into a pooled buffer whenever the kernel says that
 * there is something, send(2) and writev(2) at once, and a wait only when the kernel's buffer is full. It is what Node
 * calls a handle, under the streams of this room.
 *
 * Reading follows what programs know of Node: nothing is read inside the call that asks for it, at most 32 reads in one
 * turn of the event loop, and a flow that does not read does not keep the process alive.
 */
import { AsyncResource } from 'node:async_hooks';
import { AF_INET, AF_INET6, IP, IPV6, SO, type Socket, SocketError, TCP } from '../socket/index.ts';
import { type AddressFields, addressFields } from './address-fields.ts';
import { afterTicks } from './after-ticks.ts';

/** Room for one read, as Node offers libuv. */
const READ_BYTES = 65_536;

/** Up to this, bytes move to memory of their own size; above, the pooled buffer itself is given away. */
const COPY_BYTES = 24_576;

/** Reads of one flow before others have their turn; libuv's number. */
const READS_PER_TURN = 32;

/** Most buffers that one writev(2) takes (IOV_MAX). */
const PARTS_PER_CALL = 1024;

/** Seconds between keep-alive probes and how many of them: what Node sets beside the initial delay. */
const KEEPALIVE_INTERVAL_SECONDS = 1;
const KEEPALIVE_PROBES = 10;

const ENOTCONN = 107;
const ECANCELED = 125;

/** One buffer for all flows of a thread: its bytes are copied out or it is given away before anybody else reads. */
let pool = Buffer.allocUnsafeSlow(READ_BYTES);

/** Open flows: like a handle of Node's, one lives until it is closed, although nobody may hold its stream any more. */
const open = new Set<Flow>();

function takeFromPool(count: number): Buffer {
  if (count <= COPY_BYTES) {
    const copy = Buffer.allocUnsafe(count);
    pool.copy(copy, 0, 0, count);
    return copy;
  }
  const taken = pool.subarray(0, count);
  pool = Buffer.allocUnsafeSlow(READ_BYTES);
  return taken;
}

/** Whoever gets the bytes. */
export interface FlowReader {
  /** @param chunk owned by the reader; false stops reading until `readStart` */
  onData(chunk: Buffer): boolean;
  /** The peer's FIN. */
  onEnd(): void;
  /** `read ECONNRESET` and the like; nothing more follows. */
  onError(error: SocketError): void;
}

/** A buffer of the reader's own to read into, in place of chunks. */
export interface ReadTarget {
  /** Asked for before each read. */
  buffer(): Uint8Array;
  /** `count` bytes are in the buffer; false stops reading. */
  onBytes(count: number): boolean;
}

/** Keep-alive in seconds: silence before the first probe, between probes; and how many. */
export interface KeepAliveSeconds {
  readonly idle: number;
  readonly interval: number | undefined;
  readonly count: number | undefined;
}

type Done = (error: SocketError | null) => void;

export class Flow {
  readonly socket: Socket;
  /** Bytes received so far. */
  bytesRead = 0;
  /** Bytes taken over for sending so far, those that wait for the kernel included. */
  bytesWritten = 0;
  /** Bytes taken over that the kernel has not. */
  writeQueueSize = 0;
  readonly #reader: FlowReader;
  readonly #target: ReadTarget | undefined;
  #resource: AsyncResource | undefined;
  #watching = false;
  #reading = false;
  /** A read would say EAGAIN: the next wake tells of more (the edge-triggered bargain). */
  #drained = false;
  #turnAsked = false;
  /** Chunks since the last wake. */
  #reads = 0;
  #ended = false;
  #closed = false;
  readonly #shutdowns: Done[] = [];
  #endAsked = false;
  #refed = true;
  /** The write that waits for the kernel. */
  #writing: Done | undefined;
  /** This flow's reading counts among what keeps the process alive. */
  #held = false;

  /** @param socket connected; the flow closes it from now on */
  constructor(socket: Socket, reader: FlowReader, target?: ReadTarget) {
    this.socket = socket;
    this.#reader = reader;
    this.#target = target;
    open.add(this);
  }

  get fd(): number {
    return this.socket.fd;
  }

  get reading(): boolean {
    return this.#reading;
  }

  /** node:http assigns this beside its calls of readStart and readStop, which alone count here. */
  set reading(_on: boolean) {}

  /** node:http asks for it; made only then. */
  getAsyncId(): number {
    this.#resource ??= new AsyncResource('BAREWIRE');
    return this.#resource.asyncId();
  }

  // ---------------------------------------------------------------- reading

  readStart(): void {
    if (this.#reading || this.#closed || this.#ended) return;
    this.#reading = true;
    this.#hold();
    // Stopped before the kernel had no more: no further edge will tell.
    if (!this.#drained) this.#readSoon();
  }

  readStop(): void {
    this.#reading = false;
    this.#hold();
  }

  #readSoon(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.socket.driver.nextTurn(() => {
      this.#turnAsked = false;
      if (!this.#reading || this.#drained) return;
      if (this.#watching) this.#read();
      else this.#watch();
    });
  }

  /** Not before the turn after accept or connect: a connection that is closed at once costs no epoll_ctl(2). */
  #watch(): void {
    try {
      this.socket.onReadable(() => {
        this.#drained = false;
        if (this.#reading) this.#read();
      });
    } catch (error) {
      this.#endReading();
      this.#reader.onError(renamed(error, 'read', this.fd));
      return;
    }
    this.#watching = true;
    // onReadable counts as one that keeps the process alive.
    this.#held = true;
    this.#hold();
  }

  #read(): void {
    this.#reads = 0;
    this.#readNext();
  }

  #readNext(): void {
    let more: boolean;
    try {
      more = this.#readOnce();
    } catch (error) {
      // A listener threw. Other sockets were woken with us and must hear of it: the error is nobody's but the
      // process's, as with every listener, and this flow goes on if the process does.
      process.nextTick(rethrow, error);
      if (this.#reading) this.#readSoon();
      return;
    }
    if (!more || !this.#reading) return;
    if (++this.#reads < READS_PER_TURN) afterTicks(this.#goOn);
    else this.#readSoon();
  }

  readonly #goOn = (): void => {
    if (this.#reading && !this.#drained) this.#readNext();
  };

  /** True when there may be more. */
  #readOnce(): boolean {
    const target = this.#target;
    const into = target === undefined ? pool : target.buffer();
    let count: number | null;
    try {
      count = this.socket.tryRecv(into);
    } catch (error) {
      this.#endReading();
      this.#reader.onError(renamed(error, 'read', this.fd));
      return false;
    }
    if (count === null) {
      this.#drained = true;
      return false;
    }
    if (count === 0) {
      this.#endReading();
      this.#atEndOfTurn();
      this.#reader.onEnd();
      return false;
    }
    this.bytesRead += count;
    const goOn = target === undefined ? this.#reader.onData(takeFromPool(count)) : target.onBytes(count);
    if (!goOn) this.readStop();
    return goOn;
  }

  #endReading(): void {
    this.#ended = true;
    this.readStop();
  }

  // ---------------------------------------------------------------- writing

  /**
   * Hand over all of `bytes`.
   * @param bytes borrowed until `done`, which is called before this returns when the kernel took everything
   */
  write(bytes: Uint8Array, done: Done): void {
    this.bytesWritten += bytes.length;
    let sent: number | null;
    try {
      sent = bytes.length === 0 ? 0 : this.socket.trySend(bytes);
    } catch (error) {
      done(renamed(error, 'write', this.fd));
      return;
    }
    if (sent === bytes.length) done(null);
    else this.#writeLater([bytes.subarray(sent ?? 0)], done);
  }

  /** `write` for several buffers, in order. */
  writev(parts: readonly Uint8Array[], done: Done): void {
    let total = 0;
    for (const part of parts) total += part.length;
    this.bytesWritten += total;
    let rest: readonly Uint8Array[] | null;
    try {
      rest = this.#push(parts);
    } catch (error) {
      done(renamed(error, 'write', this.fd));
      return;
    }
    if (rest.length === 0) done(null);
    else this.#writeLater(rest, done);
  }

  /** Gives the kernel what it takes now; returns what is left. */
  #push(parts: readonly Uint8Array[]): readonly Uint8Array[] {
    let rest = parts;
    while (rest.length > 0) {
      const first = rest[0] as Uint8Array;
      const sent =
        rest.length === 1 ? this.socket.trySend(first) : this.socket.tryWritev(rest.slice(0, PARTS_PER_CALL));
      if (sent === null) return rest;
      rest = without(rest, sent);
    }
    return rest;
  }

  #writeLater(parts: readonly Uint8Array[], done: Done): void {
    let rest = parts;
    this.#writing = done;
    this.writeQueueSize = sizeOf(rest);
    const settle = (error: SocketError | null): void => {
      this.#writing = undefined;
      this.writeQueueSize = 0;
      done(error);
    };
    const goOn = (): void => {
      if (this.#closed) return;
      try {
        rest = this.#push(rest);
      } catch (error) {
        settle(renamed(error, 'write', this.fd));
        return;
      }
      this.writeQueueSize = sizeOf(rest);
      if (rest.length === 0) settle(null);
      else wait();
    };
    const fail = (error: unknown): void => {
      // Closed meanwhile: close() settles.
      if (!this.#closed) settle(renamed(error, 'write', this.fd));
    };
    const wait = (): void => {
      this.socket.ready('out').then(goOn, fail);
    };
    wait();
  }

  /**
   * Half-close: send FIN, at the end of this turn as libuv does. Programs see 'finish' before whatever the peer answers
   * to it; an error in between (a write after `end`), or a destroy, comes first.
   */
  shutdown(done: Done): void {
    this.#atEndOfTurn();
    this.#shutdowns.push(done);
  }

  /** Asked for when the peer's FIN is read, too: its listeners' own setImmediate then comes after our end of turn. */
  #atEndOfTurn(): void {
    if (this.#endAsked) return;
    this.#endAsked = true;
    this.socket.driver.nextTurn(() => {
      this.#endAsked = false;
      for (const done of this.#shutdowns.splice(0)) done(this.#sendFin());
    });
  }

  #sendFin(): SocketError | null {
    if (this.#closed) return null;
    try {
      this.socket.shutdown('wr');
      return null;
    } catch (error) {
      // Not connected: the connection is gone already, so there is nothing to end.
      if (error instanceof SocketError && error.errno === -ENOTCONN) return null;
      return renamed(error, 'shutdown', this.fd);
    }
  }

  /** Close; unread data makes the kernel send RST. A write that waits fails with ECANCELED. Twice is fine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reading = false;
    open.delete(this);
    // Closing takes back what onReadable counted.
    if (this.#watching && !this.#held) this.socket.driver.pending(1);
    this.#held = false;
    this.socket.close();
    const writing = this.#writing;
    this.#writing = undefined;
    this.writeQueueSize = 0;
    if (writing !== undefined) setImmediate(writing, new SocketError(ECANCELED, { syscall: 'write' }));
  }

  /** Close with RST, whatever is unsent (SO_LINGER 0). */
  reset(): void {
    if (this.#closed) return;
    this.socket.set(SO.LINGER, { on: true, seconds: 0 });
    this.close();
  }

  // ---------------------------------------------------------------- what keeps the process alive

  ref(): void {
    this.#refed = true;
    this.#hold();
  }

  unref(): void {
    this.#refed = false;
    this.#hold();
  }

  hasRef(): boolean {
    return this.#refed;
  }

  #hold(): void {
    if (!this.#watching || this.#closed) return;
    const wanted = this.#reading && this.#refed;
    if (wanted === this.#held) return;
    this.#held = wanted;
    this.socket.driver.pending(wanted ? 1 : -1);
  }

  // ---------------------------------------------------------------- options and addresses

  get isTcp(): boolean {
    return this.socket.domain === AF_INET || this.socket.domain === AF_INET6;
  }

  /** TCP_NODELAY; nothing on a unix(7) socket, and no error on one that the peer has reset: as in Node, a wish. */
  setNoDelay(on: boolean): void {
    if (this.isTcp) quietly(() => this.socket.set(TCP.NODELAY, on));
  }

  /** SO_KEEPALIVE, with TCP_KEEPIDLE and the probes' figures when `idle` is not 0; nothing on a unix(7) socket. */
  setKeepAlive(on: boolean, { idle, interval, count }: KeepAliveSeconds): void {
    if (!this.isTcp) return;
    quietly(() => {
      this.socket.set(SO.KEEPALIVE, on);
      if (!on) return;
      if (idle > 0) this.socket.set(TCP.KEEPIDLE, idle);
      if (idle > 0 || interval !== undefined) this.socket.set(TCP.KEEPINTVL, interval ?? KEEPALIVE_INTERVAL_SECONDS);
      if (idle > 0 || count !== undefined) this.socket.set(TCP.KEEPCNT, count ?? KEEPALIVE_PROBES);
    });
  }

  /** IP_TOS, or IPV6_TCLASS: DSCP and ECN bits, 0 to 255. */
  setTypeOfService(tos: number): void {
    this.socket.set(this.socket.domain === AF_INET6 ? IPV6.TCLASS : IP.TOS, tos);
  }

  getTypeOfService(): number {
    return this.socket.get(this.socket.domain === AF_INET6 ? IPV6.TCLASS : IP.TOS);
  }

  sockname(): AddressFields {
    return addressFields(() => this.socket.getsockname());
  }

  peername(): AddressFields {
    return addressFields(() => this.socket.getpeername());
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function quietly(call: () => void): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
}

/** The same failure under the name that Node gives the call: read and write for recv and send. */
function renamed(error: unknown, syscall: string, fd: number): SocketError {
  if (!(error instanceof SocketError)) throw error;
  return new SocketError(-error.errno, { syscall, fd, cause: error.cause });
}

function sizeOf(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

/** What is left of `parts` after their first `count` bytes. */
function without(parts: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let left = count;
  let index = 0;
  while (index < parts.length && left >= (parts[index] as Uint8Array).length) {
    left -= (parts[index] as Uint8Array).length;
    index++;
  }
  const rest = parts.slice(index);
  if (left > 0) rest[0] = (rest[0] as Uint8Array).subarray(left);
  return rest;
}
