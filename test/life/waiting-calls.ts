/** Every call that can wait, each on a socket on which it does: nothing to read, nobody to accept, no room to send. */
import { closeSync, openSync } from 'node:fs';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_UNIX,
  DatagramBatch,
  Pipe,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
  type WaitOptions,
} from '../../src/socket/index.ts';

export interface Situation {
  /** The socket whose call waits. */
  readonly socket: Socket;
  /** Makes the call possible: it must then resolve. Undefined where only an end of another kind is short enough. */
  readonly help?: () => void;
  readonly close: () => void;
}

export interface WaitingCall {
  readonly name: string;
  readonly prepare: () => Situation;
  readonly start: (socket: Socket, options?: WaitOptions) => Promise<unknown>;
}

const block = new Uint8Array(65_536);

function streamPair(): Situation & { readonly peer: Socket } {
  const [socket, peer] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  return {
    socket,
    peer,
    close: () => {
      socket.close();
      peer.close();
    },
  };
}

const quietStream = (): Situation => {
  const pair = streamPair();
  return { ...pair, help: () => void pair.peer.trySend(Uint8Array.of(1)) };
};

const fullStream = (): Situation => {
  const pair = streamPair();
  while (pair.socket.trySend(block) !== null);
  const drain = (): void => {
    while (pair.peer.tryRecv(block) !== null);
  };
  return { ...pair, help: drain };
};

const quietDatagram = (): Situation => {
  const [socket, peer] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  return {
    socket,
    help: () => void peer.trySend(Uint8Array.of(1)),
    close: () => {
      socket.close();
      peer.close();
    },
  };
};

let unique = 0;

const fullDatagram = (): Situation => {
  const peer = kernel.socket(AF_UNIX, SOCK_DGRAM);
  peer.bind(`unix:@barewire-life-${process.pid}-${++unique}`);
  const socket = kernel.socket(AF_UNIX, SOCK_DGRAM);
  socket.tryConnect(peer.getsockname());
  while (socket.trySend(block) !== null);
  return {
    socket,
    help: () => {
      while (peer.tryRecv(block) !== null);
    },
    close: () => {
      socket.close();
      peer.close();
    },
  };
};

const emptyListener = (): Situation => {
  const socket = kernel.socket(AF_INET, SOCK_STREAM);
  socket.bind('127.0.0.1:0');
  socket.listen();
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  return {
    socket,
    help: () => void client.tryConnect(socket.getsockname()),
    close: () => {
      socket.close();
      client.close();
    },
  };
};

/** A full accept queue: the SYN is dropped, and sent again after a second. */
const unansweredConnect = (): Situation => {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen(0);
  const first = kernel.socket(AF_INET, SOCK_STREAM);
  first.connectSync(listener.getsockname());
  listener.readySync('in', { timeoutMs: 2000 });
  const socket = kernel.socket(AF_INET, SOCK_STREAM);
  targets.set(socket, listener);
  return {
    socket,
    close: () => {
      for (const one of [listener, first, socket]) one.close();
    },
  };
};
const targets = new WeakMap<Socket, Socket>();

function batch(): DatagramBatch {
  const made = new DatagramBatch(2, 65_536);
  made.put(0, block);
  made.put(1, block);
  return made;
}

async function withPipe<T>(use: (pipe: Pipe) => Promise<T>, filled = false): Promise<T> {
  using pipe = new Pipe(kernel);
  if (filled) {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    a.trySend(block);
    b.trySpliceTo(pipe, 60_000);
    a.close();
    b.close();
  }
  return await use(pipe);
}

async function withFile<T>(use: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(process.execPath, 'r');
  try {
    return await use(fd);
  } finally {
    closeSync(fd);
  }
}

const parts = (): Uint8Array[] => [new Uint8Array(8), new Uint8Array(8)];

export const waitingCalls: readonly WaitingCall[] = [
  { name: 'recv into a buffer', prepare: quietStream, start: (s, o) => s.recv(new Uint8Array(8), o) },
  { name: 'recv of a size', prepare: quietStream, start: (s, o) => s.recv(8, o) },
  { name: 'recvfrom', prepare: quietDatagram, start: (s, o) => s.recvfrom(8, o) },
  { name: 'recvmsg', prepare: quietDatagram, start: (s, o) => s.recvmsg({ size: 8, ...o }) },
  { name: 'recvBatch', prepare: quietDatagram, start: (s, o) => s.recvBatch(batch(), o) },
  { name: 'readv', prepare: quietStream, start: (s, o) => s.readv(parts(), o) },
  { name: 'accept', prepare: emptyListener, start: async (s, o) => (await s.accept(o)).close() },
  {
    name: 'connect',
    prepare: unansweredConnect,
    start: (s, o) => s.connect((targets.get(s) as Socket).getsockname(), o),
  },
  { name: 'send', prepare: fullStream, start: (s, o) => s.send(block, o) },
  { name: 'sendAll', prepare: fullStream, start: (s, o) => s.sendAll('x', o) },
  { name: 'send of a datagram', prepare: fullDatagram, start: (s, o) => s.send(block, o) },
  { name: 'sendto', prepare: fullDatagram, start: (s, o) => s.sendto(block, s.getpeername(), o) },
  { name: 'sendmsg', prepare: fullStream, start: (s, o) => s.sendmsg({ data: block }, o) },
  { name: 'sendBatch', prepare: fullDatagram, start: (s, o) => s.sendBatch(batch(), 0, 2, o) },
  { name: 'writev', prepare: fullStream, start: (s, o) => s.writev(parts(), o) },
  {
    name: 'sendfile',
    prepare: fullStream,
    start: (s, o) => withFile((fd) => s.sendfile(fd, { offset: 0, length: 1000, ...o })),
  },
  { name: 'spliceTo', prepare: quietStream, start: (s, o) => withPipe((pipe) => s.spliceTo(pipe, 100, o)) },
  { name: 'spliceFrom', prepare: fullStream, start: (s, o) => withPipe((pipe) => s.spliceFrom(pipe, 100, o), true) },
  { name: "ready('in')", prepare: quietStream, start: (s, o) => s.ready('in', o) },
  { name: "ready('out')", prepare: fullStream, start: (s, o) => s.ready('out', o) },
];
