/**
 * Plays one scenario between two hosts and records it: programs, wire, states, on one clock. Knows hosts and devices
 * only by their faces, so the hosts may be namespaces of this kernel or stacks of our own.
 */
import { formatEndpoint } from '../../addr/index.ts';
import { MS, systemClock } from '../../core/index.ts';
import type { LinkDevice } from '../../link/device.ts';
import { Wire, type WireListener } from '../../link/wire.ts';
import { parseWireRule, type WireRule } from '../../link/wire-rules.ts';
import { AbortError, type Host, observeHost } from '../../socket/index.ts';
import { type Trace, type TraceHeader, TraceRecorder } from '../../trace/index.ts';
import { inferStates } from './inferred-states.ts';
import { LabRecord } from './record.ts';
import type { Scenario } from './scenarios.ts';
import { type ObserveSockets, StateTracker } from './states.ts';

export interface LabSide {
  readonly name: string;
  readonly host: Host;
  /** IPv4 first, then IPv6. */
  readonly addresses: readonly string[];
  /** The host's socket table; without it states are inferred from segments and calls. */
  readonly observe?: ObserveSockets;
}

/** How packets come to be seen: over a wire of ours, or by listening to one that is there. */
export type LabPath =
  | { readonly kind: 'wire'; readonly client: LinkDevice; readonly server: LinkDevice; readonly delayMs: number }
  | { readonly kind: 'listen'; readonly linkType: number; start(listener: WireListener): () => void }
  | { readonly kind: 'none' };

export interface LabRun {
  readonly scenario: Scenario;
  readonly client: LabSide;
  readonly server: LabSide;
  readonly path: LabPath;
  readonly family: 4 | 6;
  readonly port: number;
  readonly rules: readonly WireRule[];
  readonly signal: AbortSignal;
  readonly env: NonNullable<TraceHeader['env']>;
  readonly producer: TraceHeader['producer'];
  readonly mtu: number;
}

const LINK = 'wire';

/** Longest wait for the last packets after the programs have ended: a few retransmissions. */
const LONGEST_DRAIN_MS = 10_000;

/** Play it; an aborted run yields what was recorded until then. */
export async function playLab(run: LabRun): Promise<Trace> {
  const { scenario, client, server, path, family, port, signal } = run;
  const began = systemClock.now();
  const recorder = new TraceRecorder({ header: header(run), now: () => systemClock.now() - began });
  const trackers = new Map<string, StateTracker>();
  const linkType = path.kind === 'listen' ? path.linkType : path.kind === 'wire' ? path.client.linkType : 101;
  const record = new LabRecord({
    recorder,
    link: LINK,
    linkType,
    look: (host, cause) => trackers.get(host)?.look(cause),
  });
  for (const [side, role] of [
    [client, 'client'],
    [server, 'server'],
  ] as const) {
    if (side.observe === undefined) continue;
    const { name, observe } = side;
    const sockOf = (flow: number): number => record.sockOfFlow(name, flow);
    const listenerSock = (): number => record.listenerSock(name);
    trackers.set(name, new StateTracker({ recorder, host: name, port, role, observe, sockOf, listenerSock }));
  }
  const unseen = [client, server].filter(({ observe }) => observe === undefined).map(({ name }) => name);
  const stopInferring = unseen.length === 0 ? () => {} : inferStates({ recorder, linkType, hosts: new Set(unseen) });
  const { inFlight, stop } = startPath(run, record.wireListener());
  try {
    const serverAddress = formatEndpoint(server.addresses[family === 6 ? 1 : 0] ?? '', port);
    await scenario.run({
      client: observeHost(client.host, record.observer(client.name)),
      server: observeHost(server.host, record.observer(server.name)),
      family,
      serverAddress,
      signal,
      pause: (ms, until = signal) => pause(ms, until),
      failed: (side, error) => {
        const host = run[side].name;
        recorder.emit({ k: 'note', host, src: 'observed', text: `the program of ${host} ended: ${error.message}` });
      },
    });
    const isBusy = (): boolean => inFlight() > 0 || [...trackers.values()].some(({ isPassing }) => isPassing);
    const delayMs = path.kind === 'wire' ? path.delayMs : 0;
    await drain(isBusy, () => (systemClock.now() - began - record.lastT) / MS, 2 * delayMs + 60, signal, trackers);
  } catch (error) {
    if (!(error instanceof AbortError) && !signal.aborted) throw error;
  } finally {
    stop();
    stopInferring();
  }
  return recorder.trace();
}

function header({ scenario, client, server, path, family, port, rules, env, producer, mtu }: LabRun): TraceHeader {
  const host = ({ name, addresses }: LabSide): TraceHeader['hosts'][number] => ({ id: name, name, ips: addresses });
  return {
    format: 'barewire-trace/1',
    producer,
    clock: { kind: 'mono', unixNs: String(BigInt(Date.now()) * 1_000_000n) },
    hosts: [host(client), host(server)],
    links: [{ id: LINK, a: client.name, b: server.name, mtu }],
    scenario: {
      id: scenario.id,
      version: 1,
      knobs: {
        family,
        port,
        ...(path.kind === 'wire' ? { delayMs: path.delayMs } : {}),
        ...(rules.length === 0 ? {} : { rules: rules.map(({ action, text }) => `${action} ${text}`).join(', ') }),
      },
    },
    env,
  };
}

function startPath(run: LabRun, listener: WireListener): { inFlight: () => number; stop: () => void } {
  const { path, client, server, scenario, rules } = run;
  if (path.kind === 'none') return { inFlight: () => 0, stop: () => {} };
  if (path.kind === 'listen') return { inFlight: () => 0, stop: path.start(listener) };
  const wire = new Wire({
    a: { name: client.name, device: path.client },
    b: { name: server.name, device: path.server },
    clock: systemClock,
    listener,
    delayMs: path.delayMs,
    rules: [...(scenario.drop ?? []).map((text) => parseWireRule('drop', text)), ...rules],
  });
  return { inFlight: () => wire.inFlight, stop: () => wire.close() };
}

/** Wait until nothing is under way and there has been neither call nor packet for `quietMs`: what a close sends comes after it. */
async function drain(
  isBusy: () => boolean,
  idleMs: () => number,
  quietMs: number,
  signal: AbortSignal,
  trackers: ReadonlyMap<string, StateTracker>,
): Promise<void> {
  const end = systemClock.now() + LONGEST_DRAIN_MS * MS;
  while (systemClock.now() < end && (isBusy() || idleMs() < quietMs)) {
    await pause(5, signal);
    for (const tracker of trackers.values()) tracker.look(null);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new AbortError(signal.reason));
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(new AbortError(signal.reason));
    };
    const timer = systemClock.setTimer(ms * MS, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
