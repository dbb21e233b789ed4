/** What `barewire echo serve` and `barewire echo send` run: the faces of src/tools/echo. */
import { createInterface } from 'node:readline';
import { formatSocketAddress, type SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import { addressName, decodeText, printable } from '../tools/chat/index.ts';
import {
  connectEcho,
  ECHO_TCP_PORT,
  ECHO_UDP_PORT,
  type EchoClient,
  EchoClosedError,
  type EchoServerEvent,
  EXIT,
  serveEcho,
} from '../tools/echo/index.ts';
import { CommandError, ExitCode, errorMessage } from './errors.ts';
import { onSignals } from './signals.ts';
import {
  addressesOf,
  addressFields,
  explained,
  firstThatOpens,
  inputLines,
  listenArguments,
  portNumber,
  Report,
  releaseInput,
  seconds,
} from './talk.ts';

const MAX_INPUT_BYTES = 1024 * 1024;

export interface ServeFlags {
  readonly udp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly json: boolean;
}

export interface SendFlags extends ServeFlags {
  readonly timeout: string;
}

function shown(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}

function defaultPort(options: ServeFlags): number {
  return options.udp ? ECHO_UDP_PORT : ECHO_TCP_PORT;
}

/** @returns the exit code */
export async function serve(
  first: string | undefined,
  second: string | undefined,
  options: ServeFlags,
): Promise<number> {
  const report = new Report('echo serve', options.json);
  const { udp } = options;
  try {
    const [addressText = '127.0.0.1', portText] = listenArguments(first, second);
    const addresses = await addressesOf(addressText, portNumber(portText, defaultPort(options), 0), options);
    const server = await firstThatOpens(addresses, (address) =>
      serveEcho({ host: kernel, address, udp, onEvent: (event) => tellServerEvent(report, event, udp) }),
    );
    report.event('listening', { ...addressFields(server.address), protocol: udp ? 'udp' : 'tcp' });
    report.note(`listening on ${formatSocketAddress(server.address)}${udp ? ' (udp)' : ''}`);
    let signals: { stop: () => void } | undefined;
    const exitCode = await new Promise<number>((resolve) => {
      signals = onSignals(resolve);
    });
    server.close();
    signals?.stop();
    report.summary('interrupted', { requests: server.requests }, `answered ${server.requests} messages`);
    return exitCode;
  } catch (error) {
    throw report.fail(error, udp);
  }
}

function tellServerEvent(report: Report, event: EchoServerEvent, udp: boolean): void {
  switch (event.type) {
    case 'accepted':
      report.event(event.type, addressFields(event.peer), `* ${addressName(event.peer)} connected`);
      return;
    case 'request': {
      const text = decodeText(event.data);
      report.event(
        event.type,
        { ...addressFields(event.peer), bytes: event.data.length, text },
        `client ${addressName(event.peer)} request-> ${shown(text)}`,
      );
      return;
    }
    case 'left':
      report.event(
        event.type,
        { ...addressFields(event.peer), reason: event.reason },
        `* ${addressName(event.peer)} left${event.reason === 'reset' ? ' (connection reset)' : ''}`,
      );
      return;
    case 'error':
      report.event('error', { message: errorMessage(explained(event.error, udp)) });
      if (!report.json) report.note(`barewire echo serve: ${errorMessage(explained(event.error, udp))}`);
      return;
  }
}

/** @returns the exit code */
export async function send(host: string, portText: string | undefined, options: SendFlags): Promise<number> {
  const report = new Report('echo send', options.json);
  const { udp } = options;
  const abort = new AbortController();
  let signalCode = 0;
  const signals = onSignals((exitCode) => {
    signalCode = exitCode;
    abort.abort();
  });
  const counts = { requests: 0, answers: 0 };
  report.counts = () => counts;
  let triedLast: SocketAddress | undefined;
  let client: EchoClient | undefined;
  try {
    const addresses = await addressesOf(host, portNumber(portText, defaultPort(options)), options);
    const timeoutMs = seconds('--timeout', options.timeout);
    client = await firstThatOpens(addresses, (address) => {
      triedLast = address;
      return connectEcho({ host: kernel, address, udp, timeoutMs, signal: abort.signal });
    });
    report.event('connected', {
      ...addressFields(client.remote),
      local_address: addressFields(client.local).address,
      local_port: addressFields(client.local).port,
    });
    await askAll(client, report, counts, udp, abort.signal, signals.raise);
    if (signalCode !== 0) throw new CommandError('interrupted', signalCode);
    report.summary('done', counts);
    return 0;
  } catch (error) {
    if (signalCode !== 0) {
      report.summary('interrupted', counts, `sent ${counts.requests} messages, received ${counts.answers} answers`);
      return signalCode;
    }
    const failure = error instanceof EchoClosedError ? new CommandError(error.message, ExitCode.no) : error;
    throw report.fail(failure, udp, client?.remote ?? triedLast);
  } finally {
    signals.stop();
    client?.close();
    releaseInput();
  }
}

async function askAll(
  client: EchoClient,
  report: Report,
  counts: { requests: number; answers: number },
  udp: boolean,
  signal: AbortSignal,
  interrupt: () => void,
): Promise<void> {
  for await (const line of lines(report, signal, interrupt)) {
    if (line === undefined) {
      report.note(`line refused: longer than ${MAX_INPUT_BYTES} bytes`);
      continue;
    }
    if (line === EXIT) {
      await client.exit();
      return;
    }
    if (line === '' && !udp) {
      // The textbook client waits for ever here.
      report.note('an empty line sends nothing over TCP');
      continue;
    }
    counts.requests++;
    for (const answer of await client.ask(line)) {
      counts.answers++;
      report.event('answer', { text: answer }, shown(answer));
    }
    if (signal.aborted) return;
  }
}

/** The lines to send: from a terminal with a prompt, from anything else as they come. */
async function* lines(
  report: Report,
  signal: AbortSignal,
  interrupt: () => void,
): AsyncGenerator<string | undefined, void, void> {
  if (!process.stdin.isTTY || !process.stdout.isTTY || report.json) {
    const input = inputLines(MAX_INPUT_BYTES);
    const onAbort = (): void => releaseInput();
    signal.addEventListener('abort', onAbort);
    yield* input;
    return;
  }
  const editor = createInterface({ input: process.stdin, output: process.stdout, prompt: 'client request-> ' });
  editor.on('SIGINT', () => {
    interrupt();
    editor.close();
  });
  try {
    editor.prompt();
    for await (const line of editor) {
      yield line;
      editor.prompt();
    }
  } finally {
    editor.close();
  }
}
