/**
 * Between the lab command and the lab: what the command asks for, and what it gets. Here alone it is decided what the
 * lab runs on: two namespaces joined by a wire of ours, or, where that is refused, this machine's loopback.
 */
import { release } from 'node:os';
import type { WireRule } from '../link/wire-rules.ts';
import { findScenario, type LabPath, type LabSide, playLab } from '../tools/lab/index.ts';
import type { TcpState, Trace } from '../trace/event.ts';
import { CommandError, UsageError } from './errors.ts';

export type WireChoice = 'auto' | 'tun' | 'veth' | 'loopback';

export interface LabOptions {
  readonly scenario: string;
  /** One way; undefined leaves it at 20 ms. */
  readonly delayMs?: number;
  readonly rules: readonly WireRule[];
  readonly family: 4 | 6;
  readonly port?: number;
  readonly wire: WireChoice;
  /** Aborted by Ctrl-C: the run ends and what was recorded so far is the result. */
  readonly signal: AbortSignal;
}

export type Tier = 'tun' | 'veth' | 'loopback';

export type LabResult =
  /** Played again by a process in a user namespace of its own, which has printed everything: its exit code. */
  | { readonly kind: 'elsewhere'; readonly exitCode: number }
  | {
      readonly kind: 'played';
      readonly trace: Trace;
      readonly tier: Tier;
      /** One line each, for stderr: why a lesser wire was taken, and the like. */
      readonly notes: readonly string[];
    };

const DEFAULT_DELAY_MS = 20;
const DEFAULT_PORT = 8888;
const LOOPBACK_MTU = 65_536;

const HOSTS = ['client', 'server', '*'];

/** Play a scenario and record it. */
export async function runLab(options: LabOptions): Promise<LabResult> {
  for (const { action, text, from, to } of options.rules) {
    const unknown = [from, to].find((name) => !HOSTS.includes(name));
    if (unknown !== undefined) {
      throw new UsageError(`--${action} '${text}': expected client, server or * as a host; got '${unknown}'`);
    }
  }
  const { LabRefused, reexecInUserNamespace } = await import('../os/capabilities.ts');
  if (options.wire === 'loopback') return playOnLoopback(options, []);
  try {
    const exitCode = await reexecInUserNamespace();
    if (exitCode !== null) return { kind: 'elsewhere', exitCode };
    return await playOnWire(options, options.wire);
  } catch (error) {
    if (!(error instanceof LabRefused)) throw error;
    const note = `${error.what} refused: ${error.text}; ${error.hint}`;
    if (options.wire !== 'auto') throw new CommandError(note);
    return playOnLoopback(options, [note]);
  }
}

async function playOnWire(options: LabOptions, wire: 'auto' | 'tun' | 'veth'): Promise<LabResult> {
  const { makeLabHosts } = await import('../os/lab-hosts.ts');
  const hosts = makeLabHosts({ wire, ipv6: options.family === 6 });
  try {
    const side = ({ name, host, addresses, observeSockets }: (typeof hosts)['client']): LabSide => ({
      name,
      host,
      addresses,
      observe: () => observeSockets() as ReturnType<NonNullable<LabSide['observe']>>,
    });
    const delayMs = options.delayMs ?? DEFAULT_DELAY_MS;
    const path: LabPath = { kind: 'wire', client: hosts.client.device, server: hosts.server.device, delayMs };
    const trace = await play(
      options,
      side(hosts.client),
      side(hosts.server),
      path,
      hosts.tier,
      hosts.client.device.mtu,
    );
    return { kind: 'played', trace, tier: hosts.tier, notes: hosts.notes };
  } finally {
    hosts.close();
  }
}

/** The same programs over lo: real calls and states; packets where a packet socket is allowed; no delay, no rules. */
async function playOnLoopback(options: LabOptions, reasons: readonly string[]): Promise<LabResult> {
  if (options.rules.length > 0 || options.delayMs !== undefined) {
    throw new CommandError([...reasons, 'loopback is no wire of ours: no delay and no rules there'].join('; '));
  }
  if (findScenario(options.scenario)?.drop !== undefined) {
    throw new CommandError([...reasons, `'${options.scenario}' needs a wire that loses packets`].join('; '));
  }
  const [{ kernel }, { SockDiag }, { listenOnLoopback }] = await Promise.all([
    import('../os/kernel.ts'),
    import('../netlink/sock-diag.ts'),
    import('../os/loopback-tap.ts'),
  ]);
  using diag = new SockDiag(kernel);
  const port = options.port ?? DEFAULT_PORT;
  const side = (name: string): LabSide => ({
    name,
    host: kernel,
    addresses: ['127.0.0.1', '::1'],
    observe: () => diag.sockets({ protocol: 'tcp' }) as readonly { state: TcpState; source: Peer; target: Peer }[],
  });
  const tap = listenOnLoopback(port);
  const path: LabPath = typeof tap === 'string' ? { kind: 'none' } : { kind: 'listen', linkType: 101, start: tap };
  const trace = await play(options, side('client'), side('server'), path, 'loopback', LOOPBACK_MTU);
  const notes = [
    ...reasons,
    `played over loopback instead: calls and states are real${typeof tap === 'string' ? `, packets were not seen (${tap})` : ''}`,
  ];
  return { kind: 'played', trace, tier: 'loopback', notes };
}

interface Peer {
  readonly address: string;
  readonly port: number;
}

function play(
  options: LabOptions,
  client: LabSide,
  server: LabSide,
  path: LabPath,
  tier: Tier,
  mtu: number,
): Promise<Trace> {
  const scenario = findScenario(options.scenario);
  if (scenario === undefined) throw new CommandError(`unknown scenario '${options.scenario}'`);
  const { family, port = DEFAULT_PORT, rules, signal } = options;
  const env = { kernel: release(), node: process.version, tier };
  return playLab({ scenario, client, server, path, family, port, rules, signal, env, producer: 'kernel', mtu });
}
