/**
 * Checks a trace against the format. The answer is a list of problems, each with line, field, expected and got; an empty
 * list means that every view may trust the types of event.ts. Unknown kinds and unknown fields are allowed.
 */
import type { Trace } from './event.ts';

export interface TraceProblem {
  /** Line of the NDJSON file: the header is 1, the first event 2. */
  readonly line: number;
  /** Path of the field (`hosts[1].id`), empty for the whole line. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
}

/** `line 3: t: expected an integer from 0, got -1`. */
export function describeProblem(problem: TraceProblem): string {
  const field = problem.field === '' ? '' : `${problem.field}: `;
  return `line ${problem.line}: ${field}expected ${problem.expected}, got ${problem.got}`;
}

interface Check {
  readonly expected: string;
  readonly ok: (value: unknown) => boolean;
}

type Fields = Readonly<Record<string, { readonly check: Check; readonly optional: boolean }>>;

const string: Check = { expected: 'a string', ok: (v) => typeof v === 'string' };
const name: Check = { expected: 'a string that is not empty', ok: (v) => typeof v === 'string' && v !== '' };
const integer: Check = { expected: 'an integer', ok: Number.isSafeInteger };
const count: Check = { expected: 'an integer from 0', ok: (v) => Number.isSafeInteger(v) && (v as number) >= 0 };
const number: Check = { expected: 'a finite number', ok: Number.isFinite };
const bytes: Check = { expected: 'bytes (base64 in the file)', ok: (v) => v instanceof Uint8Array };
const record: Check = { expected: 'an object', ok: isRecord };
const causeOf: Check = { expected: 'an integer from 0, or null', ok: (v) => v === null || count.ok(v) };
const scalar: Check = { expected: 'a string, a number, true, false or null', ok: isScalar };
const scalars: Check = {
  expected: 'an object of strings, numbers, booleans and nulls',
  ok: (v) => isRecord(v) && Object.values(v).every(isScalar),
};
const numbers: Check = {
  expected: 'an object of numbers',
  ok: (v) => isRecord(v) && Object.values(v).every((value) => Number.isFinite(value)),
};
const place: Check = {
  expected: 'an object with file and line',
  ok: (v) => isRecord(v) && string.ok(v.file) && count.ok(v.line),
};
const fill: Check = {
  expected: 'an object with n and perhaps max',
  ok: (v) => isRecord(v) && count.ok(v.n) && (v.max === undefined || count.ok(v.max)),
};
const decimal: Check = {
  expected: 'a decimal number as a string',
  ok: (v) => typeof v === 'string' && /^\d{1,19}$/.test(v),
};
const state: Check = oneOf(
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
);

function oneOf(...values: string[]): Check {
  return { expected: `one of ${values.join(', ')}`, ok: (v) => typeof v === 'string' && values.includes(v) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isScalar(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function must(check: Check): { check: Check; optional: boolean } {
  return { check, optional: false };
}

function may(check: Check): { check: Check; optional: boolean } {
  return { check, optional: true };
}

const common: Fields = {
  seq: must(count),
  t: must(count),
  host: must(name),
  k: must(name),
  flow: may(count),
  sock: may(count),
  cause: may(causeOf),
  src: must(oneOf('observed', 'inferred', 'simulated')),
  err: may(number),
};

const packet: Fields = { pkt: must(count), link: must(name) };
const fate: Fields = { ...packet, why: must(string), bytes: may(bytes) };

/** Twin of the event interfaces in event.ts. */
const kinds: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ['call.enter', { name: must(name), fd: may(integer), args: must(scalars), pid: may(count), loc: may(place) }],
  ['call.exit', { enter: must(count), ret: must(integer), errno: may(name), bytes: may(count), out: may(scalars) }],
  ['pkt.tx', { ...packet, len: must(count), dur: may(count), bytes: must(bytes) }],
  ['pkt.rx', { ...packet, len: must(count) }],
  ['pkt.drop', fate],
  ['pkt.hold', fate],
  ['pkt.edit', fate],
  ['pkt.dup', { ...packet, of: must(count), why: must(string) }],
  ['tcp.state', { old: must(state), new: must(state), by: may(string) }],
  ['tcp.vars', { vars: must(numbers) }],
  ['queue', { listener: must(string), syn: may(fill), accept: may(fill) }],
  [
    'timer',
    {
      name: must(oneOf('rto', 'delack', 'persist', 'keepalive', 'timewait')),
      what: must(oneOf('set', 'fire', 'cancel')),
      at: may(count),
    },
  ],
  ['opt', { level: must(string), name: must(name), value: must(scalar) }],
  ['counter', { name: must(name), delta: must(number) }],
  ['out', { stream: must(oneOf('stdout', 'stderr')), text: must(string) }],
  ['knob', { path: must(name), old: must(scalar), new: must(scalar) }],
  ['note', { text: must(string) }],
]);

const headerFields: Fields = {
  format: must(oneOf('barewire-trace/1')),
  producer: must(oneOf('kernel', 'sim', 'pcap')),
  clock: must(record),
  hosts: must({ expected: 'an array', ok: Array.isArray }),
  links: must({ expected: 'an array', ok: Array.isArray }),
  scenario: may(record),
  env: may(record),
};
const clockFields: Fields = { kind: must(oneOf('mono', 'virtual')), unixNs: must(decimal) };
const hostFields: Fields = {
  id: must(name),
  name: must(string),
  ips: must({ expected: 'an array of strings', ok: (v) => Array.isArray(v) && v.every(string.ok) }),
};
const linkFields: Fields = {
  id: must(name),
  a: must(name),
  b: must(name),
  mtu: must(count),
  linkType: may(count),
};
const scenarioFields: Fields = { id: must(name), version: must(integer), knobs: must(scalars), seed: may(integer) };
const envFields: Fields = { kernel: may(string), node: may(string), tier: may(string) };

/** A value for people: short, and telling types apart. */
function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function checkFields(value: unknown, fields: Fields, path: string, line: number, problems: TraceProblem[]): boolean {
  const before = problems.length;
  if (!isRecord(value)) {
    problems.push({ line, field: path, expected: 'an object', got: show(value) });
    return false;
  }
  for (const [field, { check, optional }] of Object.entries(fields)) {
    const got = value[field];
    if ((got === undefined && optional) || check.ok(got)) continue;
    problems.push({ line, field: path === '' ? field : `${path}.${field}`, expected: check.expected, got: show(got) });
  }
  return problems.length === before;
}

/** Problems of a header by itself; empty when it is a `TraceHeader`. */
export function validateHeader(header: unknown): TraceProblem[] {
  const problems: TraceProblem[] = [];
  if (!isRecord(header) || !checkFields(header, headerFields, '', 1, problems)) {
    if (!isRecord(header)) problems.push({ line: 1, field: '', expected: 'a header object', got: show(header) });
    return problems;
  }
  checkFields(header.clock, clockFields, 'clock', 1, problems);
  if (header.scenario !== undefined) checkFields(header.scenario, scenarioFields, 'scenario', 1, problems);
  if (header.env !== undefined) checkFields(header.env, envFields, 'env', 1, problems);
  const ids = new Set<string>();
  for (const [i, host] of (header.hosts as unknown[]).entries()) {
    if (!checkFields(host, hostFields, `hosts[${i}]`, 1, problems)) continue;
    const { id } = host as { id: string };
    if (ids.has(id)) problems.push({ line: 1, field: `hosts[${i}].id`, expected: 'an id of its own', got: show(id) });
    ids.add(id);
  }
  const links = new Set<string>();
  for (const [i, link] of (header.links as unknown[]).entries()) {
    if (!checkFields(link, linkFields, `links[${i}]`, 1, problems)) continue;
    const { id, a, b } = link as { id: string; a: string; b: string };
    if (links.has(id)) problems.push({ line: 1, field: `links[${i}].id`, expected: 'an id of its own', got: show(id) });
    links.add(id);
    for (const [end, host] of [['a', a] as const, ['b', b] as const]) {
      if (ids.has(host)) continue;
      problems.push({ line: 1, field: `links[${i}].${end}`, expected: 'the id of a host', got: show(host) });
    }
  }
  return problems;
}

/** Problems of one event by itself, whatever came before it; empty when it is a `TraceEvent` (or of an unknown kind). */
export function validateEvent(event: unknown, line: number): TraceProblem[] {
  const problems: TraceProblem[] = [];
  checkFields(event, common, '', line, problems);
  if (isRecord(event) && typeof event.k === 'string') {
    const fields = kinds.get(event.k);
    if (fields !== undefined) checkFields(event, fields, '', line, problems);
  }
  return problems;
}

/** True for the kinds of event.ts. */
export function isKnownKind(kind: string): boolean {
  return kinds.has(kind);
}

/** All problems of a trace: of its header, of each event, and of what events say about each other. */
export function validateTrace(trace: Trace): TraceProblem[] {
  const problems = validateHeader(trace.header);
  if (problems.length > 0) return problems;
  const hosts = new Set(trace.header.hosts.map((host) => host.id));
  const links = new Set(trace.header.links.map((link) => link.id));
  const kindOf = new Map<number, string>();
  const packets = new Set<number>();
  for (const [i, event] of trace.events.entries()) {
    const line = i + 2;
    const problem = (field: string, expected: string, got: unknown): void => {
      problems.push({ line, field, expected, got: show(got) });
    };
    const own = validateEvent(event, line);
    problems.push(...own);
    if (own.length > 0) continue;
    if (event.seq !== i) problem('seq', `${i}, the next number`, event.seq);
    if (!hosts.has(event.host)) problem('host', `one of ${[...hosts].join(', ')}`, event.host);
    if (event.cause !== undefined && event.cause !== null && !kindOf.has(event.cause)) {
      problem('cause', 'the seq of an earlier event', event.cause);
    }
    if (event.k === 'call.exit' && kindOf.get(event.enter) !== 'call.enter') {
      problem('enter', 'the seq of an earlier call.enter', event.enter);
    }
    kindOf.set(event.seq, event.k);
    if (!('pkt' in event)) continue;
    if (!links.has(event.link)) problem('link', `one of ${[...links].join(', ')}`, event.link);
    const isNew = event.k === 'pkt.tx' || event.k === 'pkt.dup';
    if (event.k === 'pkt.dup' && !packets.has(event.of)) problem('of', 'a packet that was sent', event.of);
    if (event.k === 'pkt.tx' && packets.has(event.pkt)) problem('pkt', 'a number of its own', event.pkt);
    // What is not known yet and was not sent here came from outside of the trace, which only a packet file may show.
    if (!isNew && !packets.has(event.pkt) && trace.header.producer !== 'pcap') {
      problem('pkt', 'a packet that was sent', event.pkt);
    }
    packets.add(event.pkt);
  }
  return problems;
}
