/**
 * Between the lab command and the lab itself: what the command asks for, and what it gets. The command knows nothing of
 * namespaces, TUN devices and privileges.
 */
import type { Trace } from '../trace/event.ts';
import { CommandError } from './errors.ts';

/** What the lab can play, with what it shows. */
export const SCENARIOS: Readonly<Record<string, string>> = {
  handshake: 'connect, "hello" there and back, close by the client',
  refused: 'nobody listens: the SYN is answered with a RST',
  'close-3': 'the server closes at once: FIN, FIN,ACK, ACK',
  'close-4': 'the server closes later: its ACK and its FIN are two segments',
  'lost-syn': 'the wire loses the first SYN; the client sends it again after a second',
  'half-close': 'shutdown(SHUT_WR): the client has finished, the server still sends',
  udp: 'datagrams there and back, no connection',
  'rst-on-unread': 'close with unread data: the peer gets a RST instead of a FIN',
};

export const DEFAULT_SCENARIO = 'handshake';

export type WireChoice = 'auto' | 'tun' | 'veth' | 'loopback';

export type RuleKind = 'drop' | 'hold' | 'dup' | 'reorder';

/** What the wire is to do to which packet; `text` as given: `client>server:syn#1`, with `=MS` for hold. */
export interface RuleText {
  readonly kind: RuleKind;
  readonly text: string;
}

export interface LabOptions {
  readonly scenario: string;
  /** One way; undefined leaves it to the scenario. */
  readonly delayMs?: number;
  readonly rules: readonly RuleText[];
  readonly family: 4 | 6;
  readonly port?: number;
  readonly wire: WireChoice;
  /** Aborted by Ctrl-C: the run ends and what was recorded so far is the result. */
  readonly signal: AbortSignal;
}

export interface LabResult {
  readonly trace: Trace;
  readonly tier: 'tun' | 'veth' | 'loopback';
  /** One line each, for stderr: why a lesser wire was taken, and the like. */
  readonly notes: readonly string[];
}

/** What is wrong with a rule, in words; null when it is well-formed. */
export function checkRule(rule: RuleText): string | null {
  const [text, ms] = rule.kind === 'hold' ? splitHold(rule.text) : [rule.text, ''];
  if (ms === null) return `expected RULE=MS, such as client>server:syn#1=50`;
  if (!/^(?:client|server|\*)>(?:client|server|\*):[a-z-]+(?:#[1-9]\d*)?$/.test(text)) {
    return 'expected FROM>TO:WHAT#N, such as client>server:syn#1';
  }
  return null;
}

function splitHold(text: string): [rule: string, ms: string | null] {
  const match = /^(.*)=(\d+(?:\.\d+)?)$/.exec(text);
  return match === null ? [text, null] : [match[1]!, match[2]!];
}

/** Play a scenario and record it. */
export function runLab(options: LabOptions): Promise<LabResult> {
  return Promise.reject(new CommandError(`the lab cannot run '${options.scenario}' yet: it is not wired`));
}
