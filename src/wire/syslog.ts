/**
 * syslog: RFC 5424, and what came before it (RFC 3164), of which only the priority is sure. Over TCP each message has
 * its length in front (RFC 6587 §3.4.1): `decodeSyslog` begins at the `<`.
 */
import { fromUtf8 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { fromOctets, toOctets } from './octets.ts';

export const SYSLOG_PORT = 514;

/** RFC 5424 §6.2.1 */
export const syslogSeverities: readonly string[] = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'info',
  'debug',
];
export const syslogFacilities: readonly string[] = [
  ...['kernel', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['ntp', 'audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

/** What RFC 5424 §6 puts in front of a message; `-` where the sender says nothing. */
export interface SyslogHeader {
  readonly version: number;
  readonly timestamp: string;
  readonly host: string;
  readonly application: string;
  readonly process: string;
  readonly messageId: string;
  /** `-`, or elements in brackets, as they stand. RFC 5424 §6.3 */
  readonly structured: string;
}

/** A decoded message; owned. Texts of the header have a character for each byte. */
export interface SyslogMessage {
  readonly ok: true;
  readonly kind: 'syslog';
  /** 0 … 23 */
  readonly facility: number;
  /** 0 emergency … 7 debug. RFC 5424 §6.2.1 */
  readonly severity: number;
  /** Undefined for the older form. */
  readonly header: SyslogHeader | undefined;
  /** What follows: the message, in the older form with its time and host. */
  readonly message: Uint8Array;
  /** Whether a space stands before the message: RFC 5424's header may end without one. */
  readonly hasMessage: boolean;
}

const MOST_PRIORITY = 191;
/** Version 1 to 999, five words, structured data. */
const HEADER = /^([1-9]\d{0,2}) (\S+) (\S+) (\S+) (\S+) (\S+) (-|(?:\[(?:[^\\"\]]|"(?:[^"\\]|\\[\s\S])*")*\])+)( |$)/;

/** Decode one message. Faults: TRUNCATED; BAD_VALUE (no priority, or one above 191) */
export function decodeSyslog(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): SyslogMessage | DecodeFault {
  if (end - offset < 3) return fault('TRUNCATED', 'syslog', 'priority', offset, 3, end - offset);
  const head = /^<(0|[1-9]\d{0,2})>/.exec(fromOctets(bytes, offset, Math.min(end, offset + 5)));
  const priority = Number(head?.[1] ?? -1);
  if (head === null || priority > MOST_PRIORITY) {
    return fault('BAD_VALUE', 'syslog', 'priority', offset, MOST_PRIORITY, priority);
  }
  const at = offset + head[0].length;
  const parts = HEADER.exec(fromOctets(bytes, at, end));
  const base = { ok: true, kind: 'syslog', facility: priority >>> 3, severity: priority & 7 } as const;
  if (parts === null) return { ...base, header: undefined, message: bytes.slice(at, end), hasMessage: true };
  const [whole, version, timestamp, host, application, process, messageId, structured, space] =
    parts as unknown as string[];
  const header = {
    version: Number(version),
    timestamp: timestamp!,
    host: host!,
    application: application!,
    process: process!,
    messageId: messageId!,
    structured: structured!,
  };
  return { ...base, header, message: bytes.slice(at + whole!.length, end), hasMessage: space === ' ' };
}

/** Encode one message; what was decoded gives its own bytes again. */
export function encodeSyslog(message: Omit<SyslogMessage, 'ok' | 'kind'>): Uint8Array {
  const { facility, severity, header, hasMessage } = message;
  let head = `<${facility * 8 + severity}>`;
  if (header !== undefined) {
    const { version, timestamp, host, application, process, messageId, structured } = header;
    head += [version, timestamp, host, application, process, messageId, structured].join(' ');
    if (hasMessage) head += ' ';
  }
  const front = toOctets(head);
  const bytes = new Uint8Array(front.length + message.message.length);
  bytes.set(front);
  bytes.set(message.message, front.length);
  return bytes;
}

/** `SYSLOG auth.critical, su: 'su root' failed` */
export function describeSyslog({ facility, severity, header, message }: SyslogMessage): string {
  const who = header === undefined || header.application === '-' ? '' : `${header.application}: `;
  const text = fromUtf8(message)
    .replace(/^\ufeff/, '')
    .trimEnd();
  return `SYSLOG ${syslogFacilities[facility] ?? facility}.${syslogSeverities[severity]}, ${who}${text}`;
}
