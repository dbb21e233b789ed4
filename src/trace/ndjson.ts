/**
 * The trace as a file: NDJSON, the header on line 1, one event on each further line, `bytes` of packets in base64.
 * docs/trace-format.md shows every kind.
 *
 * Reading is strict about each line and lenient about the file: a bad event line is reported with its number and left
 * out, the others are kept. A file without a good header is no trace.
 */
import type { Trace, TraceEvent, TraceHeader } from './event.ts';
import { describeProblem, type TraceProblem, validateEvent, validateHeader } from './validate.ts';

/** How many bytes go through one String.fromCharCode: engines limit the number of arguments. */
const CHUNK_BYTES = 8192;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(text);
}

/** Undefined when `text` is not base64 as `toBase64` writes it: atob alone would let white space and cut ends pass. */
function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** Line 1, without the line end. */
export function encodeHeader(header: TraceHeader): string {
  return JSON.stringify(header);
}

/** One line, without the line end; what is common to all events stands first. */
export function encodeEvent(event: TraceEvent): string {
  const { seq, t, host, k, ...rest } = event;
  const fields: Record<string, unknown> = { seq, t, host, k, ...rest };
  if (fields.bytes instanceof Uint8Array) fields.bytes = toBase64(fields.bytes);
  return JSON.stringify(fields);
}

/** The whole file, line end at the end. */
export function encodeTrace(trace: Trace): string {
  const lines = [encodeHeader(trace.header)];
  for (const event of trace.events) lines.push(encodeEvent(event));
  return `${lines.join('\n')}\n`;
}

function parse(text: string, line: number): { value: unknown } | { problem: TraceProblem } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const got = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    return { problem: { line, field: '', expected: 'JSON', got } };
  }
}

/**
 * One event from its line.
 * @param line its number in the file, for the problems
 */
export function decodeEvent(text: string, line: number): { event?: TraceEvent; problems: TraceProblem[] } {
  const parsed = parse(text, line);
  if ('problem' in parsed) return { problems: [parsed.problem] };
  let { value } = parsed;
  // Only packets carry bytes; in call.exit the field of this name is a count.
  if (isRecord(value) && typeof value.k === 'string' && value.k.startsWith('pkt.') && typeof value.bytes === 'string') {
    const bytes = fromBase64(value.bytes);
    if (bytes === undefined) return { problems: [{ line, field: 'bytes', expected: 'base64', got: value.bytes }] };
    value = { ...value, bytes };
  }
  const problems = validateEvent(value, line);
  return problems.length > 0 ? { problems } : { event: value as TraceEvent, problems };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface DecodedTrace {
  /** Absent when line 1 is no header. */
  readonly trace?: Trace;
  /** Lines left out, and why. */
  readonly problems: readonly TraceProblem[];
}

/** Read a file; empty lines are passed over. Never throws on any text. */
export function readTrace(text: string): DecodedTrace {
  const lines = text.split('\n');
  const first = (lines[0] ?? '').trim();
  const parsed = parse(first, 1);
  if ('problem' in parsed) return { problems: [parsed.problem] };
  const problems = validateHeader(parsed.value);
  if (problems.length > 0) return { problems };
  const header = parsed.value as TraceHeader;
  const events: TraceEvent[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === '') continue;
    const decoded = decodeEvent(line, i + 1);
    if (decoded.event !== undefined) events.push(decoded.event);
    problems.push(...decoded.problems);
  }
  return { trace: { header, events }, problems };
}

/**
 * Read a file that must be good.
 * @throws TypeError that names line, field, expected and got of the first problem
 */
export function decodeTrace(text: string): Trace {
  const { trace, problems } = readTrace(text);
  if (trace === undefined || problems.length > 0) throw new TypeError(`trace: ${describeProblem(problems[0]!)}`);
  return trace;
}
