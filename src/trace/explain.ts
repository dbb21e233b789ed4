/**
 * Why a packet was sent, in words: the chain of causes from the packet back to the call, the timer or the knob that
 * began it. Views and the comments of an exported capture say it alike.
 */
import type { CallEnter, Trace, TraceEvent } from './event.ts';
import { eventBySeq } from './packets.ts';

/** Longest chain that is followed: an echo that never ends would otherwise be told from its first day. */
const MAX_CHAIN = 16;

/** Arguments that carry data rather than a name: shown in quotes. */
const DATA_ARGUMENTS: ReadonlySet<string> = new Set(['buf', 'data']);

/** `connect(10.77.0.2:8888)`, `send("hello")`: without the descriptor and without flags that are 0. */
export function callText(call: CallEnter): string {
  const args: string[] = [];
  for (const [name, value] of Object.entries(call.args)) {
    if (name === 'flags' && (value === 0 || value === '0' || value === '')) continue;
    args.push(DATA_ARGUMENTS.has(name) && typeof value === 'string' ? JSON.stringify(value) : String(value));
  }
  return `${call.name}(${args.join(', ')})`;
}

/**
 * The events that led to this one, nearest first, as far as they are known.
 * The chain ends at a call, or after 16 links.
 */
export function causeChain(trace: Trace, event: TraceEvent): TraceEvent[] {
  const chain: TraceEvent[] = [];
  let at: TraceEvent | undefined = event;
  while (chain.length < MAX_CHAIN && at.cause !== undefined && at.cause !== null) {
    // A cause that is not earlier would be a loop.
    if (at.cause >= at.seq) break;
    at = eventBySeq(trace.events, at.cause);
    if (at === undefined) break;
    chain.push(at);
    if (at.k === 'call.enter' || at.k === 'call.exit') break;
  }
  return chain;
}

/** One link of the chain in words; undefined for a link that only passes on (the sending of a packet that arrived). */
function linkText(trace: Trace, event: TraceEvent): string | undefined {
  switch (event.k) {
    case 'call.enter':
      return `${event.host} ${callText(event)}`;
    case 'call.exit': {
      const enter = eventBySeq(trace.events, event.enter);
      return `the return of ${event.host} ${enter?.k === 'call.enter' ? callText(enter) : 'a call'}`;
    }
    case 'pkt.tx':
    case 'pkt.rx':
    case 'pkt.drop':
    case 'pkt.hold':
    case 'pkt.edit':
    case 'pkt.dup':
      return `packet #${event.pkt}`;
    case 'timer':
      return `${event.host} ${event.name} timer`;
    case 'tcp.state':
      return `${event.host} ${event.old} -> ${event.new}`;
    case 'knob':
      return `knob ${event.path} = ${event.new}`;
    default:
      return undefined;
  }
}

/**
 * `caused by client connect(10.77.0.2:8888)`, or through packets:
 * `caused by packet #2 ← packet #1 ← client connect(10.77.0.2:8888)`.
 * @returns undefined when no cause is known
 */
export function explainCause(trace: Trace, event: TraceEvent): string | undefined {
  const links: string[] = [];
  for (const link of causeChain(trace, event)) {
    const text = linkText(trace, link);
    // Arrival and sending of one packet are one link.
    if (text !== undefined && links.at(-1) !== text) links.push(text);
  }
  // Of an arrival the first link is the packet itself.
  if ('pkt' in event && links[0] === `packet #${event.pkt}`) links.shift();
  return links.length === 0 ? undefined : `caused by ${links.join(' ← ')}`;
}

/** `explainCause` for the packet of this number. */
export function explainPacket(trace: Trace, pkt: number): string | undefined {
  const sent = trace.events.find((event) => event.k === 'pkt.tx' && event.pkt === pkt);
  return sent === undefined ? undefined : explainCause(trace, sent);
}
