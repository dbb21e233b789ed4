/**
 * What is to happen to which packet on a wire: `server>client:syn-ack#1`, as docs/wire-rules.md describes it.
 *
 *     FROM>TO:WHAT[#NUMBERS][=MS]
 *
 * FROM and TO are host names or `*`; `*:WHAT` is short for `*>*:WHAT`. WHAT is a kind of packet. `#2` means the second
 * such packet, `#2-4` the second to the fourth, `#2+` the second and all later ones; without it, all.
 */
import { decodePacket, TcpFlags } from '../wire/index.ts';

export type WireAction = 'drop' | 'hold' | 'dup' | 'reorder';

const KINDS = ['syn', 'syn-ack', 'ack', 'data', 'fin', 'rst', 'tcp', 'udp', 'icmp', 'any'] as const;
export type PacketKind = (typeof KINDS)[number];

export interface WireRule {
  readonly action: WireAction;
  /** As it was written: the reason that a trace gives. */
  readonly text: string;
  readonly from: string;
  readonly to: string;
  readonly kind: PacketKind;
  /** The first and last number that it is for, counted from 1 in its direction and kind. */
  readonly first: number;
  readonly last: number;
  /** Only of `hold`: how much longer than the wire's delay. */
  readonly extraMs: number;
}

const FORM = 'FROM>TO:WHAT[#NUMBERS][=MS], for example server>client:syn-ack#1';
const LONGEST_HOLD_MS = 3_600_000;

/**
 * Read a rule.
 * @param text as docs/wire-rules.md describes it; space around it is nothing
 * @throws TypeError that names the part that is wrong, what was expected and what came
 */
export function parseWireRule(action: WireAction, text: string): WireRule {
  const wrong = (what: string): TypeError => new TypeError(`--${action} '${text}': ${what}`);
  const trimmed = text.trim();
  const colon = trimmed.indexOf(':');
  if (colon < 0) throw wrong(`expected ${FORM}; the ':' is missing`);
  const [from, to] = parseHosts(trimmed.slice(0, colon), wrong);
  const rest = /^(?<kind>[^#=]*)(?:#(?<numbers>[^=]*))?(?:=(?<ms>.*))?$/.exec(trimmed.slice(colon + 1))?.groups;
  if (rest === undefined) throw wrong(`expected ${FORM}`);
  const { kind, numbers, ms } = rest;
  if (!isKind(kind)) throw wrong(`WHAT: expected one of ${KINDS.join(', ')}; got '${kind}'`);
  const [first, last] = parseNumbers(numbers, wrong);
  const extraMs = parseHoldMs(action, ms, wrong);
  return { action, text: trimmed, from, to, kind, first, last, extraMs };
}

type Wrong = (what: string) => TypeError;

function parseHosts(text: string, wrong: Wrong): [from: string, to: string] {
  if (text.trim() === '*') return ['*', '*'];
  const [from = '', to = '', ...more] = text.split('>').map((name) => name.trim());
  if (!text.includes('>') || more.length > 0) throw wrong(`hosts: expected FROM>TO or *; got '${text}'`);
  for (const [part, name] of [
    ['FROM', from],
    ['TO', to],
  ] as const) {
    if (!/^(?:\*|[\w.-]+)$/.test(name)) throw wrong(`${part}: expected the name of a host or *; got '${name}'`);
  }
  if (from === to && from !== '*') throw wrong(`TO: expected another host than FROM; got '${to}'`);
  return [from, to];
}

function isKind(text: string | undefined): text is PacketKind {
  return KINDS.some((kind) => kind === text);
}

function parseNumbers(text: string | undefined, wrong: Wrong): [first: number, last: number] {
  if (text === undefined) return [1, Number.POSITIVE_INFINITY];
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === '+' ? Number.POSITIVE_INFINITY : Number(match?.[3] ?? match?.[1]);
  if (match === null || first < 1 || last < first) {
    throw wrong(`NUMBERS: expected #N, #N-M or #N+ counted from 1; got '#${text}'`);
  }
  return [first, last];
}

function parseHoldMs(action: WireAction, text: string | undefined, wrong: Wrong): number {
  if (action !== 'hold') {
    if (text !== undefined) throw wrong(`MS: expected no =MS, which belongs to hold; got '=${text}'`);
    return 0;
  }
  const ms = /^\d+(?:\.\d+)?$/.test(text ?? '') ? Number(text) : 0;
  if (!(ms > 0 && ms <= LONGEST_HOLD_MS)) {
    const got = text === undefined ? 'none' : `'=${text}'`;
    throw wrong(`MS: expected =MS, milliseconds above 0 and up to ${LONGEST_HOLD_MS}; got ${got}`);
  }
  return ms;
}

/** What a packet is, from its bytes: every kind that it belongs to. */
export function packetKinds(bytes: Uint8Array, linkType = 101): ReadonlySet<PacketKind> {
  const kinds = new Set<PacketKind>(['any']);
  const { tcp, udp, icmp, payloadOffset, payloadEnd } = decodePacket(bytes, linkType);
  if (icmp !== undefined) return kinds.add('icmp');
  if (udp !== undefined) return kinds.add('udp');
  if (tcp === undefined) return kinds;
  kinds.add('tcp');
  const has = (flag: number): boolean => (tcp.flags & flag) !== 0;
  if (has(TcpFlags.SYN)) kinds.add(has(TcpFlags.ACK) ? 'syn-ack' : 'syn');
  if (has(TcpFlags.FIN)) kinds.add('fin');
  if (has(TcpFlags.RST)) kinds.add('rst');
  if (payloadEnd > payloadOffset) kinds.add('data');
  // A pure ACK: it carries nothing else that one could lose.
  if (kinds.size === 2 && has(TcpFlags.ACK)) kinds.add('ack');
  return kinds;
}

/** Applies rules to the packets of one wire, in order, counting as it goes. */
export class WireRules {
  readonly #rules: readonly { readonly rule: WireRule; seen: number }[];

  constructor(rules: readonly WireRule[]) {
    this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
  }

  /** The rules that this packet meets, in the order in which they were given. */
  match(from: string, to: string, bytes: Uint8Array, linkType: number): WireRule[] {
    if (this.#rules.length === 0) return [];
    const kinds = packetKinds(bytes, linkType);
    const met: WireRule[] = [];
    for (const entry of this.#rules) {
      const { rule } = entry;
      const isDirection = (rule.from === '*' || rule.from === from) && (rule.to === '*' || rule.to === to);
      if (!isDirection || !kinds.has(rule.kind)) continue;
      entry.seen++;
      if (entry.seen >= rule.first && entry.seen <= rule.last) met.push(rule);
    }
    return met;
  }
}
