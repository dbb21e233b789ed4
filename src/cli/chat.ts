/** What `barewire chat serve` and `barewire chat join` run: the faces of src/tools/chat. */
import { userInfo } from 'node:os';
import { formatSocketAddress, type SocketAddress } from '../addr/index.ts';
import { kernel } from '../os/kernel.ts';
import {
  CHAT_PORT,
  type ChatClient,
  type ChatClientEvent,
  type ChatEnd,
  type ChatServerEvent,
  joinChat,
  MAX_LINE_BYTES,
  printable,
  SERVER_NAME,
  serveChat,
} from '../tools/chat/index.ts';
import { CommandError, errorMessage } from './errors.ts';
import { LineEditor } from './line-editor.ts';
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

export interface ServeOptions {
  readonly udp: boolean;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly json: boolean;
  readonly maxClients: string | undefined;
}

export interface JoinOptions extends Omit<ServeOptions, 'maxClients'> {
  readonly name: string | undefined;
  readonly plain: boolean;
  readonly listen: boolean;
  readonly timeout: string;
  readonly linger: string;
}

/** What a stranger wrote must not steer our terminal; into a pipe it goes as it is. */
function shown(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}

function isInteractive(report: Report): boolean {
  return process.stdin.isTTY && process.stdout.isTTY && !report.json;
}

// ------------------------------------------------------------------------------------------------------------- serve

/** @returns the exit code */
export async function serve(
  first: string | undefined,
  second: string | undefined,
  options: ServeOptions,
): Promise<number> {
  const report = new Report('chat serve', options.json);
  try {
    return await serveUntilStopped(first, second, options, report);
  } catch (error) {
    releaseInput();
    throw report.fail(error, options.udp);
  }
}

async function serveUntilStopped(
  first: string | undefined,
  second: string | undefined,
  options: ServeOptions,
  report: Report,
): Promise<number> {
  const [addressText = '127.0.0.1', portText] = listenArguments(first, second);
  const addresses = await addressesOf(addressText, portNumber(portText, CHAT_PORT, 0), options);
  const maxClients = options.maxClients === undefined ? undefined : Number(options.maxClients);
  if (maxClients !== undefined && !(Number.isInteger(maxClients) && maxClients > 0)) {
    throw new CommandError(`--max-clients: expected a whole number of 1 or more, got '${options.maxClients}'`);
  }
  const server = await firstThatOpens(addresses, (address) =>
    serveChat({
      host: kernel,
      address,
      udp: options.udp,
      maxClients,
      onEvent: (event) => tellServerEvent(report, event, options.udp === true),
    }),
  );
  report.event('listening', { ...addressFields(server.address), protocol: options.udp === true ? 'udp' : 'tcp' });
  report.note(`listening on ${formatSocketAddress(server.address)}${options.udp === true ? ' (udp)' : ''}`);

  let stop: (exitCode: number) => void = () => undefined;
  const stopped = new Promise<number>((resolve) => {
    stop = resolve;
  });
  const signals = onSignals(stop);
  const hear = (text: string): void => {
    const line = text.trim();
    if (line === '/quit') stop(0);
    else if (line === '/who') report.note(`* ${server.names.length} here: ${shown(server.names.join(', '))}`);
    else if (line !== '') server.say(text.startsWith('//') ? text.slice(1) : text);
  };
  let editor: LineEditor | undefined;
  if (isInteractive(report)) {
    editor = new LineEditor({
      input: process.stdin,
      output: process.stdout,
      prompt: `${SERVER_NAME}> `,
      onLine: hear,
      onEnd: () => report.note('(input ended; the server goes on, Ctrl-C stops it)'),
      onInterrupt: signals.raise,
    });
    const { print } = editor;
    report.print = (text) => print.call(editor, text);
  } else {
    void hearPipe(report, hear);
  }

  const exitCode = await stopped;
  await server.close();
  editor?.close();
  releaseInput();
  const { joined, peak, messages } = server.stats;
  report.summary(
    exitCode === 0 ? 'done' : 'interrupted',
    { clients: joined, peak_clients: peak, messages },
    `served ${joined} clients (at most ${peak} at once), ${messages} messages, ${duration(report)}`,
  );
  signals.stop();
  return exitCode;
}

/** The end of the operator's input ends nothing: a server started with `< /dev/null` serves. */
async function hearPipe(report: Report, hear: (line: string) => void): Promise<void> {
  try {
    for await (const line of inputLines(MAX_LINE_BYTES)) {
      if (line === undefined) report.note(`line refused: longer than ${MAX_LINE_BYTES} bytes`);
      else hear(line);
    }
  } catch (error) {
    report.note(`input: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function tellServerEvent(report: Report, event: ChatServerEvent, udp: boolean): void {
  switch (event.type) {
    case 'joined':
      report.event(event.type, { name: event.name, address: event.address }, `* ${shown(event.name)} joined`);
      return;
    case 'left': {
      const how = { quit: 'left', closed: 'left', reset: 'left (connection reset)' }[event.reason as string];
      const text = how ?? (event.reason === 'slow' ? 'was disconnected: it did not read' : 'left (silent too long)');
      const { name, address, reason } = event;
      report.event(event.type, { name, address, reason }, `* ${shown(name)} ${text}`);
      return;
    }
    case 'renamed':
      report.event(
        event.type,
        { from: event.from, to: event.to, address: event.address },
        `* ${shown(event.from)} is now ${shown(event.to)}`,
      );
      return;
    case 'message':
      // On a terminal the operator's own line stands there as typed.
      report.event(
        event.type,
        { name: event.name, text: event.text },
        event.name === SERVER_NAME ? undefined : shown(`${event.name}: ${event.text}`),
      );
      return;
    case 'refused':
      report.event(
        event.type,
        { name: event.name, limit_bytes: event.limit_bytes },
        `* refused a line of ${shown(event.name)}: longer than ${event.limit_bytes} bytes`,
      );
      return;
    case 'error':
      report.event('error', { message: errorMessage(explained(event.error, udp)) });
      if (!report.json) report.note(`barewire chat serve: ${errorMessage(explained(event.error, udp))}`);
      return;
  }
}

// -------------------------------------------------------------------------------------------------------------- join

/** @returns the exit code */
export async function join(host: string, portText: string | undefined, options: JoinOptions): Promise<number> {
  const report = new Report('chat join', options.json);
  const abort = new AbortController();
  let client: ChatClient | undefined;
  let end: ChatEnd;
  let triedLast: SocketAddress | undefined;
  let signalCode = 0;
  const signals = onSignals((exitCode) => {
    signalCode = exitCode;
    if (client === undefined) abort.abort();
    else void client.quit('interrupted');
  });
  let editor: LineEditor | undefined;
  try {
    const addresses = await addressesOf(host, portNumber(portText, CHAT_PORT), options);
    const timeoutMs = seconds('--timeout', options.timeout);
    const lingerMs = seconds('--linger', options.linger) ?? 0;
    const name = options.name ?? loginName();
    const joined = await firstThatOpens(addresses, (address) => {
      triedLast = address;
      return joinChat({
        host: kernel,
        address,
        udp: options.udp,
        plain: options.plain,
        name,
        timeoutMs,
        lingerMs,
        signal: abort.signal,
        onEvent: (event) => {
          tellClientEvent(report, event);
          if (event.type === 'welcome' || event.type === 'named') editor?.setPrompt(`${printable(event.name)}> `);
        },
      });
    });
    client = joined;
    const hear = (line: string): Promise<void> => joined.say(line);
    if (isInteractive(report) && options.listen !== true) {
      editor = new LineEditor({
        input: process.stdin,
        output: process.stdout,
        prompt: options.plain === true ? '> ' : `${printable(joined.name ?? '')}> `,
        onLine: (line) => void hear(line),
        onEnd: () => joined.end(),
        onInterrupt: signals.raise,
      });
      const { print } = editor;
      report.print = (text) => print.call(editor, text);
    } else if (options.listen !== true) {
      void sendPipe(joined, report, hear);
    }
    end = await joined.finished;
  } catch (error) {
    editor?.close();
    releaseInput();
    if (signalCode !== 0) {
      report.summary('interrupted', {}, `interrupted before a connection, ${duration(report)}`);
      return signalCode;
    }
    throw report.fail(error, options.udp, triedLast);
  } finally {
    signals.stop();
  }
  editor?.close();
  releaseInput();
  return conclude(report, end, signalCode, client, options.udp === true);
}

async function sendPipe(client: ChatClient, report: Report, hear: (line: string) => Promise<void>): Promise<void> {
  try {
    for await (const line of inputLines(MAX_LINE_BYTES)) {
      if (line === undefined) report.note(`line refused: longer than ${MAX_LINE_BYTES} bytes`);
      else await hear(line);
    }
  } catch (error) {
    report.note(`input: ${error instanceof Error ? error.message : String(error)}`);
  }
  client.end();
}

function conclude(report: Report, end: ChatEnd, signalCode: number, client: ChatClient, udp: boolean): number {
  const { sent, delivered, received, reason } = end;
  const fields = { sent, delivered, received, ended_by: reason === 'closed' || reason === 'error' ? 'peer' : 'self' };
  if (reason === 'interrupted' || signalCode !== 0) {
    const counts = `sent ${sent} lines, received ${received}, ${duration(report)}`;
    report.summary('interrupted', fields, counts);
    return signalCode === 0 ? 130 : signalCode;
  }
  if (reason === 'error') {
    report.counts = () => fields;
    throw report.fail(end.error, udp, client.remote);
  }
  if (reason === 'closed' && process.stdout.isTTY) report.note('(the server closed the connection)');
  report.summary('done', fields);
  return 0;
}

function tellClientEvent(report: Report, event: ChatClientEvent): void {
  const { type } = event;
  switch (type) {
    case 'connected':
      report.event(type, {
        address: addressFields(event.remote).address,
        port: addressFields(event.remote).port,
        local_address: addressFields(event.local).address,
        local_port: addressFields(event.local).port,
      });
      return;
    case 'welcome':
      report.event(type, { name: event.name, text: event.text }, shown(`* ${event.text}`));
      return;
    case 'plain':
      report.event(type, {});
      if (process.stdout.isTTY && !report.json) report.note('(no greeting: lines go as they are)');
      return;
    case 'message':
      report.event(type, { name: event.name, text: event.text }, shown(`${event.name}: ${event.text}`));
      return;
    case 'delivered':
      report.event(type, { text: event.text });
      return;
    case 'joined':
    case 'left': {
      const more = event.more > 0 ? ` and ${event.more} more` : '';
      report.event(type, { names: event.names, more: event.more }, shown(`* ${event.names.join(', ')}${more} ${type}`));
      return;
    }
    case 'renamed':
      report.event(type, { from: event.from, to: event.to }, shown(`* ${event.from} is now ${event.to}`));
      return;
    case 'named':
      report.event(type, { name: event.name }, shown(`* you are now ${event.name}`));
      return;
    case 'notice':
      report.event(type, { text: event.text }, shown(`* ${event.text}`));
      return;
    case 'text':
      report.event(type, { text: event.text }, shown(event.text));
      return;
    case 'refused':
      report.event(type, { bytes: event.bytes, limit_bytes: event.limit_bytes });
      if (!report.json) report.note(`line refused: ${event.bytes} bytes, at most ${event.limit_bytes}`);
      return;
  }
}

function loginName(): string | undefined {
  try {
    return process.env.USER || userInfo().username;
  } catch {
    // A container's uid may have no entry in passwd(5).
    return undefined;
  }
}

function duration(report: Report): string {
  return `${(report.elapsedMs / 1000).toFixed(1)} s`;
}
