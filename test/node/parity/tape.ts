/** Records what a scenario sees, one track for each thing watched, so that two runs can be compared. */
import type { EventEmitter } from 'node:events';
import type * as NodeNet from 'node:net';

export type Net = typeof NodeNet;

export interface Scenario {
  readonly name: string;
  run(net: Net, tape: Tape): Promise<void>;
}

const SOCKET_EVENTS = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connect',
  'ready',
  'data',
  'end',
  'finish',
  'timeout',
  'drain',
  'error',
  'close',
];
const SERVER_EVENTS = ['listening', 'connection', 'drop', 'error', 'close'];

/** What would differ between two runs of the same program: ports, sizes of the pieces that data comes in. */
function plain(value: unknown): unknown {
  if (value instanceof AggregateError) return { ...fields(value), errors: value.errors.map(plain) };
  if (value instanceof Error) return fields(value);
  if (typeof value === 'string') return value.replaceAll(/\b\d{5}\b/g, 'PORT');
  if (typeof value === 'number' && value > 9999 && value < 65_536) return 'PORT';
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'function') return 'function';
  if (value === null || typeof value !== 'object') return value;
  if ('remoteAddress' in value && 'on' in value) return 'socket';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function fields(error: Error): object {
  const { name, message } = error;
  const { code, errno, syscall, address, port, localAddress, localPort } = error as unknown as Record<string, unknown>;
  return {
    name,
    message: plain(message),
    code,
    errno,
    syscall,
    address,
    port: plain(port),
    localAddress,
    localPort: plain(localPort),
  };
}

export class Tape {
  readonly tracks: Record<string, unknown[]> = {};
  readonly #cleanup: (() => void)[] = [];
  #ended = false;

  log(track: string, ...what: unknown[]): void {
    if (this.#ended) return;
    const entries = (this.tracks[track] ??= []);
    const entry = what.map(plain);
    const last = entries.at(-1);
    if (entry[0] === 'data' && Array.isArray(last) && last[0] === 'data') last[1] = joined(last[1], entry[1]);
    else entries.push(entry);
  }

  /** Records the events of a socket or server; `more` are further names. */
  watch<T extends EventEmitter>(track: string, emitter: T, more: readonly string[] = []): T {
    const isServer = 'listen' in emitter;
    for (const name of [...(isServer ? SERVER_EVENTS : SOCKET_EVENTS), ...more]) {
      // 'data' makes a stream flow, which is the scenario's to decide; an error without a listener ends the process.
      if (name === 'data') continue;
      emitter.on(name, (...args: unknown[]) => this.log(track, name, ...args));
    }
    this.#cleanup.push(() =>
      isServer ? (emitter as unknown as NodeNet.Server).close() : (emitter as unknown as NodeNet.Socket).destroy(),
    );
    return emitter;
  }

  /** `watch`, and everything that is read. */
  read<T extends EventEmitter>(track: string, emitter: T): T {
    this.watch(track, emitter);
    emitter.on('data', (data: unknown) => this.log(track, 'data', data));
    return emitter;
  }

  /** Values at this moment; what throws is recorded as its error. */
  try(track: string, name: string, ask: () => unknown): void {
    try {
      this.log(track, name, ask());
    } catch (error) {
      this.log(track, name, 'throws', error);
    }
  }

  keep(close: () => void): void {
    this.#cleanup.push(close);
  }

  /** Once what was under way has been told. */
  async end(): Promise<void> {
    await turns(20);
    this.#ended = true;
    for (const close of this.#cleanup.reverse()) close();
  }
}

function joined(before: unknown, after: unknown): unknown {
  const text = `${String(before)}${String(after)}`;
  return text.length > 200 ? `${text.slice(0, 200)}` : text;
}

/** The next time that `name` is emitted; an earlier time is not waited for. */
export function event(emitter: EventEmitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => emitter.once(name, (...args: unknown[]) => resolve(args)));
}

export function turns(count = 5): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => {
      if (left === 0) resolve();
      else setImmediate(next, left - 1);
    };
    next(count);
  });
}

/** A listening server on 127.0.0.1, and its port. */
export async function listening(server: NodeNet.Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await event(server, 'listening');
  return (server.address() as NodeNet.AddressInfo).port;
}
