/**
 * The programs that the lab runs: the handbook's servers and clients over any two hosts. Each uses the async form of the
 * face, one call a line, so that what is drawn can be read against what is written here.
 */
import { AF_INET, AF_INET6, type Host, SOCK_DGRAM, SOCK_STREAM, type Socket, SocketError } from '../../socket/index.ts';

/** What a program runs on. */
export interface Stage {
  readonly client: Host;
  readonly server: Host;
  readonly family: 4 | 6;
  /** Address and port of the server, as connect takes it. */
  readonly serverAddress: string;
  readonly signal: AbortSignal;
  /** Wait for so long, or until the run is aborted. */
  pause(ms: number): Promise<void>;
}

export interface Scenario {
  readonly id: string;
  /** What it shows, in a line. */
  readonly text: string;
  /** Rules for the wire that make the point of the scenario. */
  readonly drop?: readonly string[];
  run(stage: Stage): Promise<void>;
}

const FROM_CLIENT = 'hello\n';
const FROM_SERVER = 'world\n';

/** The handbook's backlog. */
const BACKLOG = 20;

/** How long the server of close-4 goes on after the client's FIN: more than a delayed ACK (40 ms on Linux). */
const LINGER_MS = 300;

const domain = (stage: Stage): number => (stage.family === 6 ? AF_INET6 : AF_INET);

/** Serve one connection: socket, bind, listen, accept, `talk`, close. */
async function serveOne(stage: Stage, talk: (connection: Socket) => Promise<void>): Promise<void> {
  const { signal } = stage;
  using listener = stage.server.socket(domain(stage), SOCK_STREAM);
  listener.bind(stage.serverAddress);
  listener.listen(BACKLOG);
  using connection = await listener.accept({ signal });
  await talk(connection);
}

async function connectAndTalk(stage: Stage, talk: (socket: Socket) => Promise<void>): Promise<void> {
  using socket = stage.client.socket(domain(stage), SOCK_STREAM);
  await socket.connect(stage.serverAddress, { signal: stage.signal });
  await talk(socket);
}

/** The server's program first, as a person would start them. */
async function both(server: Promise<void>, client: () => Promise<void>): Promise<void> {
  await Promise.all([server, client()]);
}

/** A line there, a line back, then the client closes. `beforeClose` is the server's doing after the client's FIN. */
function conversation(stage: Stage, beforeClose: () => Promise<void>): Promise<void> {
  const { signal } = stage;
  const server = serveOne(stage, async (connection) => {
    await connection.recv(1024, { signal });
    await connection.send(FROM_SERVER);
    await connection.recv(1024, { signal });
    await beforeClose();
  });
  return both(server, () =>
    connectAndTalk(stage, async (socket) => {
      await socket.send(FROM_CLIENT);
      await socket.recv(1024, { signal });
    }),
  );
}

async function refused(stage: Stage): Promise<void> {
  using socket = stage.client.socket(domain(stage), SOCK_STREAM);
  await expectError('ECONNREFUSED', socket.connect(stage.serverAddress, { signal: stage.signal }));
}

async function halfClose(stage: Stage): Promise<void> {
  const { signal } = stage;
  const server = serveOne(stage, async (connection) => {
    while ((await connection.recv(1024, { signal })).length > 0);
    for (const line of ['still here\n', 'and here\n', 'goodbye\n']) {
      await connection.send(line);
      await stage.pause(50);
    }
  });
  await both(server, () =>
    connectAndTalk(stage, async (socket) => {
      await socket.send(FROM_CLIENT);
      socket.shutdown('wr');
      while ((await socket.recv(1024, { signal })).length > 0);
    }),
  );
}

async function resetOnUnread(stage: Stage): Promise<void> {
  const { signal } = stage;
  const server = serveOne(stage, async (connection) => {
    // Wait for the data, and close without reading it.
    await connection.ready('in', { signal });
  });
  await both(server, () =>
    connectAndTalk(stage, async (socket) => {
      await socket.send('never read\n');
      await expectError('ECONNRESET', socket.recv(1024, { signal }));
    }),
  );
}

async function datagrams(stage: Stage): Promise<void> {
  const { signal } = stage;
  using server = stage.server.socket(domain(stage), SOCK_DGRAM);
  server.bind(stage.serverAddress);
  const serving = (async () => {
    const { address } = await server.recvfrom(1024, { signal });
    await server.sendto(FROM_SERVER, address);
  })();
  const asking = (async () => {
    using socket = stage.client.socket(domain(stage), SOCK_DGRAM);
    await socket.sendto(FROM_CLIENT, stage.serverAddress);
    await socket.recvfrom(1024, { signal });
  })();
  await Promise.all([serving, asking]);
}

/** The kernel's refusal is what the scenario shows; anything else is not what happened. */
async function expectError(code: string, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (error instanceof SocketError && error.code === code) return;
    throw error;
  }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'handshake',
    text: 'a line each way over TCP, closed by the client',
    run: (stage) => conversation(stage, async () => {}),
  },
  { id: 'refused', text: 'nobody listens: the SYN is answered with a RST', run: refused },
  {
    id: 'close-3',
    text: 'the server closes at once: FIN, FIN-ACK, ACK',
    run: (stage) => conversation(stage, async () => {}),
  },
  {
    id: 'close-4',
    text: 'the server closes later: its ACK and its FIN are two segments',
    run: (stage) => conversation(stage, () => stage.pause(LINGER_MS)),
  },
  {
    id: 'lost-syn',
    text: 'the wire loses the first SYN; the kernel sends it again after a second',
    drop: ['client>server:syn#1'],
    run: (stage) => conversation(stage, async () => {}),
  },
  { id: 'half-close', text: 'shutdown(SHUT_WR): the client has finished, the server still sends', run: halfClose },
  { id: 'udp', text: 'datagrams there and back, no connection', run: datagrams },
  { id: 'rst-on-unread', text: 'close with unread data: the peer gets a RST instead of a FIN', run: resetOnUnread },
];

export function findScenario(id: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.id === id);
}
