/**
 * Hands the connections of a listening socket to any of Node's servers (net, tls, http, https, http2): each is emitted
 * as 'connection', which Node documents as the way to serve a stream that it did not accept itself.
 */
import type { EventEmitter } from 'node:events';
import { type Socket, SocketError } from '../socket/index.ts';
import { afterTicks } from './after-ticks.ts';
import { type SocketDuplex, type SocketDuplexOptions, toDuplex } from './streams.ts';

/** Connections accepted before others have their turn. */
const ACCEPTS_PER_TURN = 64;

/** When accept(2) failed, the next try. */
const ACCEPT_RETRY_MS = 100;

export interface ServeOptions extends Omit<SocketDuplexOptions, 'signal'> {
  /** TCP_NODELAY on every connection. */
  readonly noDelay?: boolean | undefined;
}

export interface Serving extends AsyncDisposable {
  /** Open connections. */
  readonly connections: ReadonlySet<SocketDuplex>;
  /** Accept no more and close the listener; resolves when the last connection has ended. */
  close(): Promise<void>;
  /** Destroy every connection, then as `close`. */
  closeAll(): Promise<void>;
}

/**
 * Accept for `server` until `close()`.
 * @param listener listening; owned from now on
 */
export function serveConnections(server: EventEmitter, listener: Socket, options: ServeOptions = {}): Serving {
  const connections = new Set<SocketDuplex>();
  let closing = false;
  let drained: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    drained = resolve;
  });
  const check = (): void => {
    if (closing && connections.size === 0) drained();
  };
  const take = (socket: Socket): void => {
    const duplex = toDuplex(socket, options);
    if (options.noDelay === true) duplex.setNoDelay();
    connections.add(duplex);
    duplex.once('close', () => {
      connections.delete(duplex);
      check();
    });
    server.emit('connection', duplex);
  };
  acceptInto(listener, take, (error) => server.emit('error', error));
  const close = (): Promise<void> => {
    closing = true;
    listener.close();
    check();
    return done;
  };
  const closeAll = (): Promise<void> => {
    for (const duplex of connections) duplex.destroy();
    return close();
  };
  return { connections, close, closeAll, [Symbol.asyncDispose]: closeAll };
}

/**
 * Accept as connections come, a bounded number in one turn of the event loop.
 * @param onError EMFILE and the like; accepting goes on with the next connection
 */
export function acceptInto(listener: Socket, take: (socket: Socket) => void, onError: (error: Error) => void): void {
  let count = 0;
  const next = (): Socket | null => {
    try {
      return listener.closed ? null : listener.tryAccept();
    } catch (error) {
      // accept(2): an error of the connection that was next; the ones behind it are fine.
      const isTheirs = error instanceof SocketError && error.code === 'ECONNABORTED';
      if (!isTheirs) onError(error as Error);
      // Out of descriptors or memory: those that wait are told of by no further edge.
      listener.driver.setTimer(isTheirs ? 0 : ACCEPT_RETRY_MS, start);
      return null;
    }
  };
  const deliver = (socket: Socket): void => {
    // Accepted a moment ago, and the server was closed since.
    if (listener.closed) {
      socket.close();
      return;
    }
    try {
      take(socket);
    } catch (error) {
      // A listener threw: that is the process's affair, and others wait to be accepted.
      process.nextTick(() => {
        throw error;
      });
    }
    if (++count >= ACCEPTS_PER_TURN) {
      listener.driver.nextTurn(start);
      return;
    }
    const following = next();
    if (following !== null) afterTicks(() => deliver(following));
  };
  const start = (): void => {
    count = 0;
    const first = next();
    if (first !== null) deliver(first);
  };
  listener.onReadable(start);
}
