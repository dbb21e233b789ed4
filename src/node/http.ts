/**
 * HTTP by Node and by undici over our sockets: agents for `http.request` and `https.request`, a connector for undici
 * (and so for `fetch`), and servers. Whatever a socket can be told before it connects (a Unix address, abstract too, a
 * device, a mark, a namespace) thereby holds for requests.
 */
import { Agent, type AgentOptions, type Server } from 'node:http';
import { Agent as SecureAgent, type AgentOptions as SecureAgentOptions } from 'node:https';
import { isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, Server as TlsServer } from 'node:tls';
import type { Socket } from '../socket/index.ts';
import { type DialOptions, dial } from './dial.ts';
import { type ServeOptions, type Serving, serveConnections } from './serve.ts';
import { type SocketDuplex, toDuplex } from './streams.ts';
import { lendToServer, secure } from './tls.ts';

/** What Node's agents and undici say of a connection that they want. */
interface Wanted {
  readonly hostname?: string | null | undefined;
  readonly host?: string | null | undefined;
  readonly port?: string | number | null | undefined;
}

type Created = (error: Error | null, stream: SocketDuplex | TLSSocket | null) => void;

async function open(wanted: Wanted, options: DialOptions, defaultPort: number): Promise<SocketDuplex> {
  const name = wanted.hostname ?? wanted.host ?? 'localhost';
  const port = wanted.port === undefined || wanted.port === null || wanted.port === '' ? defaultPort : wanted.port;
  const socket = await dial(name, Number(port), options);
  // HTTP writes whole messages: waiting for an acknowledgement to fill a segment only delays them.
  return toDuplex(socket).setNoDelay();
}

/** An IP address is no server name (RFC 6066 §3). */
function serverName(name: string | null | undefined): { servername?: string } {
  return typeof name === 'string' && name !== '' && isIP(name) === 0 ? { servername: name } : {};
}

/**
 * An agent for `http.request`: its connections are made by us.
 *
 * @example
 * ```ts
 * import { createServer, get } from 'node:http';
 * import { AF_UNIX, kernel, SOCK_STREAM } from 'barewire';
 * import { httpAgent, serveHttp } from 'barewire/node';
 * const listener = kernel.socket(AF_UNIX, SOCK_STREAM);
 * const address = `unix:@example-${process.pid}`;
 * listener.bind(address);
 * listener.listen();
 * const serving = serveHttp(createServer((request, response) => response.end(`you want ${request.url}`)), listener);
 * get('http://any/page', { agent: httpAgent({ to: address }) }, async (response) => {
 *   for await (const chunk of response) console.log(String(chunk)); // you want /page
 *   await serving.close();
 * });
 * ```
 */
export function httpAgent(options: DialOptions & AgentOptions = {}): Agent {
  const agent = new Agent(options);
  const createConnection = (wanted: Wanted, created: Created): void => {
    open(wanted, options, 80).then(
      (duplex) => created(null, duplex),
      (error: unknown) => created(error as Error, null),
    );
  };
  return Object.assign(agent, { createConnection });
}

/** An agent for `https.request`. TLS options (`ca`, `cert`, `rejectUnauthorized` …) as for Node's. */
export function httpsAgent(options: DialOptions & SecureAgentOptions = {}): SecureAgent {
  const agent = new SecureAgent(options);
  const createConnection = (wanted: Wanted & ConnectionOptions, created: Created): void => {
    open(wanted, options, 443).then(
      (duplex) => {
        const { path: _, ...tls } = wanted as ConnectionOptions & { path?: unknown };
        created(null, secure(duplex, { ...serverName(wanted.host), ...tls }));
      },
      (error: unknown) => created(error as Error, null),
    );
  };
  return Object.assign(agent, { createConnection });
}

export interface ConnectorOptions extends DialOptions {
  /** For `https:`: `ca`, `cert`, `rejectUnauthorized` and whatever else `tls.connect` takes. */
  readonly tls?: ConnectionOptions | undefined;
}

/** What undici says of a connection that it wants. */
export interface ConnectorTarget {
  readonly hostname: string;
  readonly protocol: string;
  readonly port: string;
  readonly servername?: string | null | undefined;
  /** A connection through a proxy that is already there, to be secured. */
  readonly httpSocket?: unknown;
}

/** undici's callback: the error, or null and the stream. */
// biome-ignore lint/suspicious/noExplicitAny: undici types it by net.Socket and TLSSocket, which our stream stands in for
export type ConnectorCallback = (...result: any[]) => void;

/**
 * How undici connects, and with it the global `fetch`.
 *
 * @example
 * ```ts no-run
 * import { Agent } from 'undici';
 * import { connector } from 'barewire/node';
 * const dispatcher = new Agent({ connect: connector({ to: 'unix:@engine' }) });
 * const response = await fetch('http://engine/version', { dispatcher } as RequestInit);
 * console.log(await response.text());
 * ```
 */
export function connector(options: ConnectorOptions = {}): (target: ConnectorTarget, done: ConnectorCallback) => void {
  return (target, done) => {
    openFor(target, options).then(
      (stream) => done(null, stream),
      (error: unknown) => done(error, null),
    );
  };
}

async function openFor(target: ConnectorTarget, options: ConnectorOptions): Promise<SocketDuplex | TLSSocket> {
  const isSecure = target.protocol === 'https:';
  const given = target.httpSocket as SocketDuplex | undefined | null;
  const duplex = given ?? (await open(target, options, isSecure ? 443 : 80));
  if (!isSecure) return duplex;
  const name = target.servername ?? options.tls?.servername ?? target.hostname;
  const secured = secure(duplex, { ALPNProtocols: ['http/1.1'], ...options.tls, ...serverName(name) });
  await new Promise<void>((resolve, reject) => {
    secured.once('secureConnect', () => {
      secured.off('error', reject);
      resolve();
    });
    secured.once('error', reject);
  });
  return secured;
}

/**
 * Serve HTTP, or HTTPS with an `https.Server`, on a listening socket of ours. Requests, upgrades and timeouts are as if
 * the server had listened itself; stop with the returned `close()`, not with the server's.
 * @param listener listening; owned from now on
 */
export function serveHttp(server: Server, listener: Socket, options: ServeOptions = {}): Serving {
  const isSecure = server instanceof TlsServer;
  // As Node's own: a client that has sent its request may close its side; over TLS the two end together.
  const serving = serveConnections(server, listener, { allowHalfOpen: !isSecure, noDelay: true, ...options });
  if (isSecure) lendToServer(server);
  // Starts what Node starts when it listens itself: the watch on slow headers and requests.
  server.emit('listening');
  const end = (closing: () => Promise<void>) => (): Promise<void> => {
    // Ends idle keep-alive connections, and the watch.
    server.close();
    return closing();
  };
  const closeAll = end(() => serving.closeAll());
  return {
    connections: serving.connections,
    close: end(() => serving.close()),
    closeAll,
    [Symbol.asyncDispose]: closeAll,
  };
}
