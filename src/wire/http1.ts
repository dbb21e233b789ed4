/**
 * The head of an HTTP/1 message: start line and header fields (RFC 9112 §2 to §5). The body is not looked at: where it
 * ends is a matter of many rules (RFC 9112 §6).
 */
import { type DecodeFault, fault } from '../core/fault.ts';
import { fromOctets, toOctets } from './octets.ts';

export const HTTP_PORTS: readonly number[] = [80, 3128, 8000, 8008, 8080, 8888];

export interface HttpField {
  /** As it stands: names are compared without case. RFC 9110 §5.1 */
  readonly name: string;
  /** Without the space around it; lines that were folded are joined by a space (RFC 9112 §5.2). */
  readonly value: string;
  /** The line with its end, where it is not plainly `name: value` and CRLF. */
  readonly raw?: string;
}

interface Common {
  readonly ok: true;
  readonly kind: 'http';
  /** `HTTP/1.1` */
  readonly version: string;
  readonly fields: readonly HttpField[];
  /** Whether the empty line was there: the head may go on in the next segment. */
  readonly isWhole: boolean;
  /** End of the start line: CRLF, or LF alone from careless senders. */
  readonly lineEnd: string;
  /** The empty line as it stands; empty when it is not there. */
  readonly blank: string;
  /** A line that has begun and not ended. */
  readonly rest: string;
  /** Bytes of the head, the empty line included: the body begins there. */
  readonly size: number;
}

/** A decoded head; owned. Texts have a character for each byte. */
export type HttpHead = Common &
  (
    | { readonly start: 'request'; readonly method: string; readonly target: string }
    | { readonly start: 'response'; readonly status: number; readonly reason: string | undefined }
  );

/** More than any server takes: what goes on without an end is no head. */
const MOST_BYTES = 65_536;
const MOST_FIELDS = 1000;
const REQUEST = /^([!#$%&'*+.^_`|~\w-]+) ([^ \r\n]+) (HTTP\/\d\.\d)$/;
const RESPONSE = /^(HTTP\/\d\.\d) (\d{3})(?: (.*))?$/;
const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/;

/** Whether bytes begin as a head does: a method and a space, or a version. */
export function looksLikeHttp(bytes: Uint8Array, offset: number, end: number): boolean {
  return /^(HTTP\/\d\.\d |[A-Z]{3,16} \S)/.test(fromOctets(bytes, offset, Math.min(end, offset + 20)));
}

/**
 * Decode the head that a message begins with.
 * Faults: TRUNCATED (the start line has no end); BAD_VALUE (start line, a field without a name); TOO_MANY
 */
export function decodeHttpHead(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): HttpHead | DecodeFault {
  const text = fromOctets(bytes, offset, Math.min(end, offset + MOST_BYTES));
  const first = text.indexOf('\n');
  if (first < 0) return fault('TRUNCATED', 'http', 'startLine', offset, text.length + 1, text.length);
  const lineEnd = text[first - 1] === '\r' ? '\r\n' : '\n';
  const start = startOf(text.slice(0, first + 1 - lineEnd.length));
  if (start === undefined) return fault('BAD_VALUE', 'http', 'startLine', offset, 0, 0);
  const fields: HttpField[] = [];
  let at = first + 1;
  let blank = '';
  for (let next = text.indexOf('\n', at); next >= 0; next = text.indexOf('\n', at)) {
    const line = text.slice(at, next + 1);
    at = next + 1;
    if (line === '\r\n' || line === '\n') {
      blank = line;
      break;
    }
    const problem = addField(fields, line);
    if (problem !== undefined)
      return fault(problem, 'http', 'field', offset + at - line.length, MOST_FIELDS, fields.length);
  }
  const rest = blank === '' ? text.slice(at) : '';
  const common = {
    ok: true,
    kind: 'http',
    fields,
    isWhole: blank !== '',
    lineEnd,
    blank,
    rest,
    size: at + rest.length,
  } as const;
  return { ...common, ...start };
}

type Start =
  | { readonly start: 'request'; readonly method: string; readonly target: string; readonly version: string }
  | {
      readonly start: 'response';
      readonly status: number;
      readonly reason: string | undefined;
      readonly version: string;
    };

function startOf(line: string): Start | undefined {
  const response = RESPONSE.exec(line);
  if (response !== null) {
    return { start: 'response', version: response[1]!, status: Number(response[2]), reason: response[3] };
  }
  const request = REQUEST.exec(line);
  if (request === null) return undefined;
  return { start: 'request', method: request[1]!, target: request[2]!, version: request[3]! };
}

function addField(fields: HttpField[], line: string): 'BAD_VALUE' | 'TOO_MANY' | undefined {
  const last = fields.at(-1);
  if (/^[ \t]/.test(line) && last !== undefined) {
    const raw = (last.raw ?? plain(last)) + line;
    fields[fields.length - 1] = { name: last.name, value: `${last.value} ${line.trim()}`, raw };
    return undefined;
  }
  if (fields.length >= MOST_FIELDS) return 'TOO_MANY';
  const parts = FIELD.exec(line.replace(/\r?\n$/, ''));
  if (parts === null) return 'BAD_VALUE';
  const field = { name: parts[1]!, value: parts[2]! };
  fields.push(plain(field) === line ? field : { ...field, raw: line });
  return undefined;
}

const plain = ({ name, value }: HttpField): string => `${name}: ${value}\r\n`;

/** A head to encode; `lineEnd` is CRLF and `blank` is there unless told. */
export type HttpInit = { readonly fields?: readonly HttpField[]; readonly version?: string } & Partial<
  Pick<Common, 'lineEnd' | 'blank' | 'rest'>
> &
  (
    | { readonly start: 'request'; readonly method: string; readonly target: string }
    | { readonly start: 'response'; readonly status: number; readonly reason?: string | undefined }
  );

/** Encode a head; what was decoded gives its own bytes again. */
export function encodeHttpHead(head: HttpInit): Uint8Array {
  const { version = 'HTTP/1.1', fields = [], lineEnd = '\r\n', blank = '\r\n', rest = '' } = head;
  const line =
    head.start === 'request'
      ? `${head.method} ${head.target} ${version}`
      : `${version} ${String(head.status).padStart(3, '0')}${head.reason === undefined ? '' : ` ${head.reason}`}`;
  return toOctets(`${line}${lineEnd}${fields.map((field) => field.raw ?? plain(field)).join('')}${blank}${rest}`);
}

/** The first field of that name, without case. */
export function httpField(head: HttpHead, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return head.fields.find((field) => field.name.toLowerCase() === wanted)?.value;
}

/** `HTTP: GET /index.html HTTP/1.1`, as tcpdump says it. */
export function describeHttp(head: HttpHead): string {
  return head.start === 'request'
    ? `HTTP: ${head.method} ${head.target} ${head.version}`
    : `HTTP: ${head.version} ${head.status}${head.reason === undefined ? '' : ` ${head.reason}`}`;
}
