/**
 * TLS by Node (OpenSSL) over our sockets. `tls.connect({ socket: toDuplex(…) })` works as it is; what is here adds the
 * addresses, which Node leaves out for a transport that is not a net.Socket of its own.
 */
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type Server, type TLSSocket } from 'node:tls';
import { Socket } from '../socket/index.ts';
import { type ServeOptions, type Serving, serveConnections } from './serve.ts';
import { type SocketDuplex, toDuplex } from './streams.ts';

const ADDRESS_FIELDS = [
  'remoteAddress',
  'remotePort',
  'remoteFamily',
  'localAddress',
  'localPort',
  'localFamily',
] as const;

/**
 * A TLS client on a connected socket. Wait for 'secureConnect', or write at once: what is written waits for the
 * handshake. Closing it closes the socket.
 * @param transport connected; the TLS stream owns it from now on
 * @param options as for `tls.connect`; `servername` is the name that the certificate must have
 *
 * @example
 * ```ts no-run
 * import { AF_INET, kernel, SOCK_STREAM } from 'barewire';
 * import { secure } from 'barewire/node';
 * const socket = kernel.socket(AF_INET, SOCK_STREAM);
 * await socket.connect('192.0.2.1:443');
 * const tls = secure(socket, { servername: 'example.org', ALPNProtocols: ['http/1.1'] });
 * tls.end('GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n');
 * for await (const chunk of tls) process.stdout.write(chunk as Uint8Array);
 * ```
 */
export function secure(transport: Socket | Duplex, options: ConnectionOptions = {}): TLSSocket {
  const duplex = transport instanceof Socket ? toDuplex(transport) : transport;
  const secured = connect({ ...options, socket: duplex });
  lendAddresses(secured, duplex);
  return secured;
}

/**
 * Serve TLS on a listening socket: every connection becomes a 'connection' of `server`, and 'secureConnection' after
 * its handshake.
 */
export function serveTls(server: Server, listener: Socket, options: ServeOptions = {}): Serving {
  const serving = serveConnections(server, listener, options);
  lendToServer(server);
  return serving;
}

/** Gives the TLS sockets of a server the addresses of what they run on. */
export function lendToServer(server: Server): void {
  server.prependListener('secureConnection', (secured: TLSSocket) => {
    const transport = transportOf(secured);
    if (transport !== undefined) lendAddresses(secured, transport);
  });
}

function lendAddresses(secured: TLSSocket, transport: Duplex): void {
  // Asked once while it is open: then it is known after the end, too.
  void (transport as Partial<SocketDuplex>).remoteAddress;
  for (const field of ADDRESS_FIELDS) {
    Object.defineProperty(secured, field, {
      configurable: true,
      enumerable: true,
      get: () => (transport as Partial<SocketDuplex>)[field],
    });
  }
}

/**
 * The stream below a TLS socket that a server made. Node tells nobody; it keeps it in the adapter that it puts round
 * streams of others, and a Node that does no longer leaves the addresses undefined.
 */
function transportOf(secured: TLSSocket): Duplex | undefined {
  type Inner = { readonly _handle?: { readonly _parentWrap?: { readonly stream?: Duplex } } | null };
  return (secured as unknown as Inner)._handle?._parentWrap?.stream;
}
