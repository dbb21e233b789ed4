/**
 * `node:dgram` over our sockets: the same calls, events, errors and order of things, received in batches (one recvmmsg(2)
 * for up to 32 datagrams) and sent at once. A program changes the module's name and nothing else.
 *
 * @example
 * ```ts
 * import { createSocket } from 'barewire/dgram';
 * const server = createSocket('udp4', (message, { port }) => server.send(message, port));
 * server.bind(0, '127.0.0.1', () => {
 *   const client = createSocket('udp4', (message) => {
 *     console.log(String(message)); // hello
 *     client.close();
 *     server.close();
 *   });
 *   client.send('hello', server.address().port);
 * });
 * ```
 */
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SocketAddress } from '../addr/index.ts';
import { ifIndexToName } from '../os/interfaces.ts';
import { kernel } from '../os/kernel.ts';
import {
  AF_INET,
  AF_INET6,
  type Socket as BareSocket,
  DatagramBatch,
  errnoNumber,
  IPV6,
  SO,
  SOCK_DGRAM,
  SocketError,
} from '../socket/index.ts';
import {
  type BindArguments,
  bindArguments,
  type CreateOptions,
  checkCreate,
  type Lookup,
  remotePort,
  type SendArguments,
  sendArguments,
} from './dgram-arguments.ts';
import * as multicast from './dgram-multicast.ts';
import { argumentType, callError, codedError, hostError } from './net-errors.ts';

export type SocketType = 'udp4' | 'udp6';
export type { BindOptions, SocketOptions } from './dgram-arguments.ts';

/** Who sent a datagram. */
export interface RemoteInfo {
  readonly address: string;
  readonly family: 'IPv4' | 'IPv6';
  readonly port: number;
  /** Bytes. */
  readonly size: number;
}

// biome-ignore lint/suspicious/noExplicitAny: as EventEmitter has it
type Callback = (...args: any[]) => void;

/** Datagrams of one recvmmsg(2). */
const BATCH = 32;
const LARGEST = 65_536;

// Received datagrams are copied out before anybody else runs, so one slab serves every socket of the thread.
let slab: DatagramBatch | undefined;

type Received = readonly [data: Buffer, info: RemoteInfo];

interface Waiting {
  readonly bytes: number;
  readonly send: () => number | null;
  readonly done: (error: Error | null, bytes?: number) => void;
}

export class Socket extends EventEmitter {
  readonly type: SocketType;
  readonly #options: CreateOptions;
  readonly #lookup: Lookup;
  /** undefined until something needs the descriptor, as with libuv; null once closed. */
  #socket: BareSocket | undefined | null;
  #binding: 'no' | 'under way' | 'yes' = 'no';
  #connecting: 'no' | 'under way' | 'yes' = 'no';
  /** What was asked for while binding. */
  #queue: (() => void)[] | undefined;
  readonly #outgoing: Waiting[] = [];
  #stopReading: (() => void) | undefined;
  #isReferenced = true;

  constructor(type: SocketType | CreateOptions, listener?: Callback) {
    super();
    const options = checkCreate(type);
    this.type = options.type;
    this.#options = options;
    this.#lookup = options.lookup;
    if (typeof listener === 'function') this.on('message', listener);
    const { signal } = options;
    if (signal === undefined) return;
    const onAbort = (): void => {
      this.close();
    };
    if (signal.aborted) onAbort();
    else {
      signal.addEventListener('abort', onAbort, { once: true });
      this.once('close', () => signal.removeEventListener('abort', onAbort));
    }
  }

  // ---------------------------------------------------------------- the descriptor

  /** @throws ERR_SOCKET_DGRAM_NOT_RUNNING after close */
  #check(): void {
    if (this.#socket === null) throw codedError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  }

  get #isV6(): boolean {
    return this.type === 'udp6';
  }

  #open(): BareSocket {
    this.#socket ??= kernel.socket(this.#isV6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    return this.#socket as BareSocket;
  }

  /** Run a call of the socket; what it throws is Node's error of that name. */
  #call<T>(name: string, run: (socket: BareSocket) => T, opens = false): T {
    this.#check();
    if (this.#socket === undefined && !opens) throw callError(errnoNumber('EBADF') as number, name);
    try {
      return run(this.#open());
    } catch (error) {
      if (error instanceof SocketError) throw callError(-error.errno, name);
      throw error;
    }
  }

  // ---------------------------------------------------------------- bind

  bind(...given: unknown[]): this {
    this.#check();
    if (this.#binding !== 'no') throw codedError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound');
    const { callback, ...where } = bindArguments(given, this.#isV6);
    this.#binding = 'under way';
    if (callback !== undefined) this.#once('listening', callback);
    if (where.fd !== undefined) this.#bindDescriptor(where.fd);
    else this.#resolve(where.address, (error, ip) => this.#bindTo(error, ip, where));
    return this;
  }

  /** Call back at the event, unless an error comes first. */
  #once(event: string, callback: Callback): void {
    const onEvent = (...args: unknown[]): void => {
      forget();
      callback.apply(this, args);
    };
    const forget = (): void => {
      this.removeListener('error', forget);
      this.removeListener(event, onEvent);
    };
    this.on('error', forget);
    this.on(event, onEvent);
  }

  #bindDescriptor(fd: number): void {
    const adopted = kernel.adopt(fd);
    this.#socket = adopted;
    this.#listening();
  }

  #resolve(address: string | undefined, then: (error: Error | null, ip: string) => void): void {
    const fallback = this.#isV6 ? '::1' : '127.0.0.1';
    const name = address === undefined || address === '' ? fallback : address;
    this.#lookup(name, this.#isV6 ? 6 : 4, (error, ip) => then(error, ip));
  }

  #bindTo(error: Error | null, ip: string, { port }: BindArguments): void {
    if (this.#socket === null) return;
    const failed = (cause: Error): void => {
      this.#binding = 'no';
      this.#queue = undefined;
      this.emit('error', cause);
    };
    if (error !== null) {
      failed(error);
      return;
    }
    const { reuseAddr, reusePort, ipv6Only, recvBufferSize, sendBufferSize } = this.#options;
    try {
      const socket = this.#open();
      if (reuseAddr) socket.set(SO.REUSEADDR, true);
      if (reusePort) socket.set(SO.REUSEPORT, true);
      if (this.#isV6 && ipv6Only) socket.set(IPV6.V6ONLY, true);
      socket.bind(this.#address(ip, port));
      if (recvBufferSize !== undefined) socket.set(SO.RCVBUF, recvBufferSize);
      if (sendBufferSize !== undefined) socket.set(SO.SNDBUF, sendBufferSize);
    } catch (caught) {
      if (!(caught instanceof SocketError)) throw caught;
      failed(hostError(-caught.errno, 'bind', ip, port));
      return;
    }
    this.#listening();
  }

  #address(address: string, port: number): SocketAddress {
    return { family: this.#isV6 ? 'inet6' : 'inet', address, port };
  }

  #listening(): void {
    this.#startReading();
    this.#binding = 'yes';
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    // Programs that listen for 'listening' are told first, then what waited for it is done.
    this.emit('listening');
    for (const run of queue) run();
  }

  /** Do it when the socket is bound. */
  #enqueue(run: () => void): void {
    this.#queue ??= [];
    this.#queue.push(run);
  }

  // ---------------------------------------------------------------- receive

  #startReading(): void {
    const socket = this.#open();
    this.#stopReading = socket.onReadable(() => this.#read(socket));
    if (!this.#isReferenced) socket.driver.pending(-1);
  }

  /** Take what is there, up to a batch, and hand it out one by one. */
  #read(socket: BareSocket): void {
    slab ??= new DatagramBatch(BATCH, LARGEST);
    for (let errors = 0; errors < BATCH && this.#socket === socket; errors++) {
      try {
        const count = socket.tryRecvBatch(slab);
        if (count === null) return;
        const batch = slab;
        const received = Array.from({ length: count }, (_, i) => this.#received(batch, i));
        this.#deliver(socket, received, 0);
        return;
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        this.emit('error', callError(-error.errno, 'recvmsg'));
      }
    }
  }

  /**
   * Between two messages everything runs that the first one has set going, promises too, as it does in Node, where each
   * message is a callback of its own: a program that awaits one message after the other misses none.
   */
  #deliver(socket: BareSocket, received: readonly Received[], index: number): void {
    if (this.#socket !== socket) return;
    const [data, info] = received[index] as Received;
    if (index + 1 < received.length) {
      queueMicrotask(() => process.nextTick(() => this.#deliver(socket, received, index + 1)));
    } else socket.driver.nextTurn(() => this.#read(socket));
    if (this.#options.receiveBlockList?.check(info.address, this.#isV6 ? 'ipv6' : 'ipv4') === true) return;
    this.emit('message', data, info);
  }

  #received(batch: DatagramBatch, index: number): Received {
    const data = Buffer.from(batch.data(index));
    const from = batch.address(index);
    if (from.family === 'inet')
      return [data, { address: from.address, family: 'IPv4', port: from.port, size: data.length }];
    if (from.family !== 'inet6') return [data, { address: '', family: 'IPv4', port: 0, size: data.length }];
    const zone = from.scopeId === undefined ? '' : `%${ifIndexToName(from.scopeId) ?? from.scopeId}`;
    return [data, { address: `${from.address}${zone}`, family: 'IPv6', port: from.port, size: data.length }];
  }

  // ---------------------------------------------------------------- connect

  connect(port: number, address?: string | Callback, callback?: Callback): void {
    const number = remotePort(port);
    const [name, then] = typeof address === 'function' ? ['', address] : [address ?? '', callback];
    if (typeof name !== 'string') throw argumentType('address', 'of type string', name);
    if (this.#connecting !== 'no') throw isConnected();
    this.#check();
    this.#connecting = 'under way';
    if (this.#binding === 'no') this.bind({ port: 0, exclusive: true });
    const go = (): void => {
      if (then !== undefined) this.once('connect', then);
      this.#resolve(name, (error, ip) => this.#connectTo(error, ip, name, number, then));
    };
    if (this.#binding === 'yes') go();
    else this.#enqueue(go);
  }

  #connectTo(error: Error | null, ip: string, name: string, port: number, callback: Callback | undefined): void {
    if (this.#socket === null) return;
    let failure = error;
    if (failure === null) {
      try {
        this.#open().tryConnect(this.#address(ip, port));
      } catch (caught) {
        if (!(caught instanceof SocketError)) throw caught;
        failure = hostError(-caught.errno, 'connect', name, port);
      }
    }
    if (failure === null) {
      this.#connecting = 'yes';
      process.nextTick(() => this.emit('connect'));
      return;
    }
    this.#connecting = 'no';
    const told = failure;
    process.nextTick(() => {
      if (callback === undefined) this.emit('error', told);
      else {
        this.removeListener('connect', callback);
        callback(told);
      }
    });
  }

  disconnect(): void {
    if (this.#connecting !== 'yes') throw notConnected();
    // AF_UNSPEC takes the peer away (connect(2)).
    this.#call('connect', (socket) => socket.tryConnect({ family: 'raw', number: 0, data: new Uint8Array(14) }));
    this.#connecting = 'no';
  }

  // ---------------------------------------------------------------- send

  send(...given: unknown[]): void {
    const wanted = sendArguments(given, this.#connecting === 'yes');
    this.#check();
    if (this.#binding === 'no') this.bind({ port: 0, exclusive: true });
    if (this.#binding !== 'yes') this.#enqueue(() => this.#sendResolved(wanted));
    else this.#sendResolved(wanted);
  }

  #sendResolved(wanted: SendArguments): void {
    if (this.#connecting === 'yes') this.#transmit(null, undefined, wanted);
    else this.#resolve(wanted.address, (error, ip) => this.#transmit(error, ip, wanted));
  }

  #transmit(error: Error | null, ip: string | undefined, { list, port, address, callback }: SendArguments): void {
    if (error !== null) {
      process.nextTick(() => (callback === undefined ? this.emit('error', error) : callback(error)));
      return;
    }
    if (this.#socket === null) return;
    if (ip !== undefined && this.#options.sendBlockList?.check(ip, this.#isV6 ? 'ipv6' : 'ipv4') === true) {
      const blocked = codedError(Error, 'ERR_IP_BLOCKED', `IP(${ip}) is blocked by net.BlockList`);
      if (callback !== undefined) process.nextTick(callback, blocked);
      return;
    }
    const socket = this.#open();
    const to = ip === undefined ? undefined : this.#address(ip, port ?? 0);
    const message = { data: list, to };
    const waiting: Waiting = {
      bytes: list.reduce((sum, part) => sum + part.length, 0),
      send: () => socket.trySendmsg(message),
      done: (failure, bytes) => {
        if (callback === undefined) return;
        if (failure === null) process.nextTick(callback, null, bytes);
        else
          process.nextTick(
            callback,
            failure instanceof SocketError ? hostError(-failure.errno, 'send', address ?? '', port) : failure,
          );
      },
    };
    if (this.#outgoing.length > 0 || !this.#sent(waiting)) this.#wait(socket, waiting);
  }

  /** One try; false: the kernel has no room. */
  #sent({ send, done }: Waiting): boolean {
    try {
      const bytes = send();
      if (bytes === null) return false;
      done(null, bytes);
    } catch (error) {
      done(error as Error);
    }
    return true;
  }

  #wait(socket: BareSocket, waiting: Waiting): void {
    this.#outgoing.push(waiting);
    if (this.#outgoing.length > 1) return;
    const flush = async (): Promise<void> => {
      while (this.#outgoing.length > 0) {
        await socket.ready('out');
        let first = this.#outgoing[0];
        while (first !== undefined && this.#sent(first)) {
          this.#outgoing.shift();
          first = this.#outgoing[0];
        }
      }
    };
    flush().catch(() => {
      const canceled = errnoNumber('ECANCELED') as number;
      for (const { done } of this.#outgoing.splice(0)) done(callError(canceled, 'send'));
    });
  }

  /** Bytes that wait for room in the kernel. */
  getSendQueueSize(): number {
    return this.#outgoing.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  getSendQueueCount(): number {
    return this.#outgoing.length;
  }

  // ---------------------------------------------------------------- the end, and names

  close(callback?: Callback): this {
    if (typeof callback === 'function') this.on('close', callback);
    if (this.#queue !== undefined) {
      this.#queue.push(() => this.close());
      return this;
    }
    this.#check();
    this.#stopReading?.();
    // onReadable's stop has taken the reference that unref() had taken before.
    if (!this.#isReferenced && this.#stopReading !== undefined) this.#socket?.driver.pending(1);
    this.#socket?.close();
    this.#socket = null;
    process.nextTick(() => this.emit('close'));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket === null) return;
    await new Promise<void>((resolve) => this.close(() => resolve()));
  }

  address(): AddressInfo {
    return this.#call('getsockname', (socket) => addressInfo(socket.getsockname()));
  }

  remoteAddress(): AddressInfo {
    this.#check();
    if (this.#connecting !== 'yes') throw notConnected();
    return this.#call('getpeername', (socket) => addressInfo(socket.getpeername()));
  }

  ref(): this {
    if (!this.#isReferenced && this.#stopReading !== undefined) this.#socket?.driver.pending(1);
    this.#isReferenced = true;
    return this;
  }

  unref(): this {
    if (this.#isReferenced && this.#stopReading !== undefined) this.#socket?.driver.pending(-1);
    this.#isReferenced = false;
    return this;
  }

  // ---------------------------------------------------------------- options

  setBroadcast(flag: boolean): void {
    this.#call('setBroadcast', (socket) => socket.set(SO.BROADCAST, Boolean(flag)));
  }

  setTTL(ttl: number): number {
    return this.#call('setTTL', (socket) => multicast.setTtl(socket, ttl), typeof ttl !== 'number');
  }

  setMulticastTTL(ttl: number): number {
    return this.#call('setMulticastTTL', (socket) => multicast.setMulticastTtl(socket, ttl), typeof ttl !== 'number');
  }

  setMulticastLoopback(flag: boolean): boolean {
    return this.#call('setMulticastLoopback', (socket) => multicast.setLoopback(socket, flag));
  }

  setMulticastInterface(address: string): void {
    this.#call(
      'setMulticastInterface',
      (socket) => multicast.setInterface(socket, address),
      typeof address !== 'string',
    );
  }

  addMembership(group: string, address?: string): void {
    this.#call('addMembership', (socket) => multicast.join(this.#forGroup(socket), group, address), true);
  }

  dropMembership(group: string, address?: string): void {
    this.#call('dropMembership', (socket) => multicast.leave(this.#forGroup(socket), group, address), true);
  }

  addSourceSpecificMembership(source: string, group: string, address?: string): void {
    const run = (socket: BareSocket): void => multicast.joinSource(this.#forGroup(socket), source, group, address);
    this.#call('addSourceSpecificMembership', run, true);
  }

  dropSourceSpecificMembership(source: string, group: string, address?: string): void {
    const run = (socket: BareSocket): void => multicast.leaveSource(this.#forGroup(socket), source, group, address);
    this.#call('dropSourceSpecificMembership', run, true);
  }

  /** libuv binds a socket that joins a group before bind() was called: to any port, so that it hears something. */
  #forGroup(socket: BareSocket): BareSocket {
    const name = socket.getsockname() as { readonly port?: number };
    if (this.#binding === 'no' && name.port === 0) socket.bind(this.#address(this.#isV6 ? '::' : '0.0.0.0', 0));
    return socket;
  }

  setRecvBufferSize(size: number): void {
    this.#bufferSize(SO.RCVBUF, 'uv_recv_buffer_size', size);
  }

  setSendBufferSize(size: number): void {
    this.#bufferSize(SO.SNDBUF, 'uv_send_buffer_size', size);
  }

  getRecvBufferSize(): number {
    return this.#bufferSize(SO.RCVBUF, 'uv_recv_buffer_size', undefined);
  }

  getSendBufferSize(): number {
    return this.#bufferSize(SO.SNDBUF, 'uv_send_buffer_size', undefined);
  }

  #bufferSize(option: typeof SO.RCVBUF, name: string, size: number | undefined): number {
    if (size !== undefined && (size >>> 0 !== size || size > 0x7fff_ffff)) {
      throw codedError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE', 'Buffer size must be a positive integer');
    }
    try {
      return this.#call(name, (socket) => {
        if (size !== undefined) socket.set(option, size);
        return socket.get(option);
      });
    } catch (error) {
      throw multicast.bufferSizeError(error, name);
    }
  }
}

function addressInfo(name: SocketAddress): AddressInfo {
  if (name.family !== 'inet' && name.family !== 'inet6')
    throw new TypeError(`expected an IP address, got ${name.family}`);
  return { address: name.address, family: name.family === 'inet6' ? 'IPv6' : 'IPv4', port: name.port };
}

const isConnected = (): Error => codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
const notConnected = (): Error => codedError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected');

/** A datagram socket, not yet bound. @param listener of 'message' */
export function createSocket(
  type: SocketType | CreateOptions,
  listener?: (message: Buffer, info: RemoteInfo) => void,
): Socket {
  return new Socket(type, listener);
}

const dgram: { readonly createSocket: typeof createSocket; readonly Socket: typeof Socket } = { createSocket, Socket };
export default dgram;
