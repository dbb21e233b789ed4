/**
 * The programs that the lab runs: the handbook's servers and clients over any two hosts. Each uses the async form of the
 * face, one call a line, so that what is drawn can be read against what is written here.
 */
import { AF_INET, AF_INET6, type Host, SOCK_DGRAM, SOCK_STREAM, type Socket, SocketError } from '../../socket/index.ts';
import { SCENARIO_TEXTS } from './scenario-texts.ts';

/** What a program runs on. */
export interface Stage {
  readonly client: Host;
  readonly server: Host;
  readonly family: 4 | 6;
  /** Address and port of the server, as connect takes it. */
  readonly serverAddress: string;
  readonly signal: AbortSignal;
  /** Wait for so long, or until `signal` (that of the run, unless given) aborts. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  /** A program has ended with an error that the scenario does not count on: rules can bring that about. */
  failed(side: 'client' | 'server', error: SocketError): void;
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

/** How long one program may go on after the other has failed: it may wait for ever. */
const GRACE_MS = 1_000;

const domain = (stage: Stage): number => (stage.family === 6 ? AF_INET6 : AF_INET);

type Talk = (connection: Socket, stage: Stage) => Promise<void>;

/** Serve one connection: socket, bind, listen, accept, `talk`, close. */
async function serveOne(stage: Stage, talk: Talk): Promise<void> {
  const { signal } = stage;
  using listener = stage.server.socket(domain(stage), SOCK_STREAM);
  listener.bind(stage.serverAddress);
  listener.listen(BACKLOG);
  using connection = await listener.accept({ signal });
  await talk(connection, stage);
}

async function connectAndTalk(stage: Stage, talk: Talk): Promise<void> {
  using socket = stage.client.socket(domain(stage), SOCK_STREAM);
  await socket.connect(stage.serverAddress, { signal: stage.signal });
  await talk(socket, stage);
}

type Program = (stage: Stage) => Promise<void>;

/** Run both programs, the server's first, as a person would start them. When one fails, the other does not wait on. */
async function both(stage: Stage, server: Program, client: Program): Promise<void> {
  const over = new AbortController();
  const done = new AbortController();
  const inner: Stage = { ...stage, signal: AbortSignal.any([stage.signal, over.signal]) };
  const play = async (side: 'client' | 'server', program: Program): Promise<void> => {
    try {
      await program(inner);
    } catch (error) {
      if (over.signal.aborted) return;
      // A pause that `done` ends is no failure.
      stage.pause(GRACE_MS, AbortSignal.any([stage.signal, done.signal])).then(
        () => over.abort(),
        () => {},
      );
      if (!(error instanceof SocketError)) throw error;
      stage.failed(side, error);
    }
  };
  const results = await Promise.allSettled([play('server', server), play('client', client)]);
  done.abort();
  const broken = results.find((result) => result.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}

/** A line there, a line back, then the client closes. `beforeClose` is the server's doing after the client's FIN. */
function conversation(stage: Stage, beforeClose: () => Promise<void>): Promise<void> {
  return both(
    stage,
    (inner) =>
      serveOne(inner, async (connection, { signal }) => {
        await connection.recv(1024, { signal });
        await connection.send(FROM_SERVER);
        await connection.recv(1024, { signal });
        await beforeClose();
      }),
    (inner) =>
      connectAndTalk(inner, async (socket, { signal }) => {
        await socket.send(FROM_CLIENT);
        await socket.recv(1024, { signal });
      }),
  );
}

function refused(stage: Stage): Promise<void> {
  const nobody: Program = async () => {};
  return both(stage, nobody, async ({ client, serverAddress, signal }) => {
    using socket = client.socket(domain(stage), SOCK_STREAM);
    await expectError('ECONNREFUSED', socket.connect(serverAddress, { signal }));
  });
}

function halfClose(stage: Stage): Promise<void> {
  return both(
    stage,
    (inner) =>
      serveOne(inner, async (connection, { signal, pause }) => {
        while ((await connection.recv(1024, { signal })).length > 0);
        for (const line of ['still here\n', 'and here\n', 'goodbye\n']) {
          await connection.send(line);
          await pause(50);
        }
      }),
    (inner) =>
      connectAndTalk(inner, async (socket, { signal }) => {
        await socket.send(FROM_CLIENT);
        socket.shutdown('wr');
        while ((await socket.recv(1024, { signal })).length > 0);
      }),
  );
}

function resetOnUnread(stage: Stage): Promise<void> {
  return both(
    stage,
    (inner) =>
      serveOne(inner, async (connection, { signal }) => {
        // Wait for the data, and close without reading it.
        await connection.ready('in', { signal });
      }),
    (inner) =>
      connectAndTalk(inner, async (socket, { signal }) => {
        await socket.send('never read\n');
        await expectError('ECONNRESET', socket.recv(1024, { signal }));
      }),
  );
}

function datagrams(stage: Stage): Promise<void> {
  return both(
    stage,
    async ({ server, serverAddress, signal }) => {
      using socket = server.socket(domain(stage), SOCK_DGRAM);
      socket.bind(serverAddress);
      const { address } = await socket.recvfrom(1024, { signal });
      await socket.sendto(FROM_SERVER, address);
    },
    async ({ client, serverAddress, signal }) => {
      using socket = client.socket(domain(stage), SOCK_DGRAM);
      await socket.sendto(FROM_CLIENT, serverAddress);
      await socket.recvfrom(1024, { signal });
    },
  );
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
    text: SCENARIO_TEXTS.handshake,
    run: (stage) => conversation(stage, async () => {}),
  },
  { id: 'refused', text: SCENARIO_TEXTS.refused, run: refused },
  {
    id: 'close-3',
    text: SCENARIO_TEXTS['close-3'],
    run: (stage) => conversation(stage, async () => {}),
  },
  {
    id: 'close-4',
    text: SCENARIO_TEXTS['close-4'],
    run: (stage) => conversation(stage, () => stage.pause(LINGER_MS)),
  },
  {
    id: 'lost-syn',
    text: SCENARIO_TEXTS['lost-syn'],
    drop: ['client>server:syn#1'],
    run: (stage) => conversation(stage, async () => {}),
  },
  { id: 'half-close', text: SCENARIO_TEXTS['half-close'], run: halfClose },
  { id: 'udp', text: SCENARIO_TEXTS.udp, run: datagrams },
  { id: 'rst-on-unread', text: SCENARIO_TEXTS['rst-on-unread'], run: resetOnUnread },
];

export function findScenario(id: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.id === id);
}
