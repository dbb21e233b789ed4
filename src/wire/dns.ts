/**
 * DNS messages (RFC 1035 §4), also those of multicast DNS (RFC 6762): header, questions, records. Names: dns-name.ts; what
 * records hold: dns-data.ts.
 */
import { concat, readU16, readU32, writeU16, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type DnsData, DnsType, decodeDnsData, describeDnsData, dnsTypeName, encodeDnsData } from './dns-data.ts';
import { decodeName, encodeName } from './dns-name.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';

export const DNS_PORT = 53;
export const MDNS_PORT = 5353;

/** The header, in the order of the wire. */
export interface DnsFields {
  /** RFC 1035 §4.1.1; 0 in multicast DNS */
  id: number;
  /** 1: an answer. RFC 1035 §4.1.1 */
  response: number;
  /** 0 query, 4 notify, 5 update. RFC 1035 §4.1.1 */
  opcode: number;
  /** RFC 1035 §4.1.1 */
  authoritative: number;
  /** The rest did not fit: ask again over TCP. RFC 1035 §4.1.1 */
  truncated: number;
  /** RFC 1035 §4.1.1 */
  recursionDesired: number;
  /** RFC 1035 §4.1.1 */
  recursionAvailable: number;
  /** Kept as it came. RFC 1035 §4.1.1 */
  zero: number;
  /** All records were verified. RFC 4035 §3.2.3 */
  authenticData: number;
  /** RFC 4035 §3.2.2 */
  checkingDisabled: number;
  /** 0 no error, 2 server failure, 3 no such name, 5 refused. RFC 1035 §4.1.1 */
  rcode: number;
  /** RFC 1035 §4.1.1 */
  questionCount: number;
  /** RFC 1035 §4.1.1 */
  answerCount: number;
  /** RFC 1035 §4.1.1 */
  authorityCount: number;
  /** RFC 1035 §4.1.1 */
  additionalCount: number;
}

export const dnsTable: HeaderTable<DnsFields> = headerTable<DnsFields>('dns', 'RFC 1035 §4.1.1', 12, {
  id: uint(0, 16, '§4.1.1'),
  response: uint(16, 1, '§4.1.1'),
  opcode: uint(17, 4, '§4.1.1'),
  authoritative: uint(21, 1, '§4.1.1'),
  truncated: uint(22, 1, '§4.1.1'),
  recursionDesired: uint(23, 1, '§4.1.1'),
  recursionAvailable: uint(24, 1, '§4.1.1'),
  zero: uint(25, 1, '§4.1.1'),
  authenticData: uint(26, 1, 'RFC 4035 §3.2.3'),
  checkingDisabled: uint(27, 1, 'RFC 4035 §3.2.2'),
  rcode: uint(28, 4, '§4.1.1'),
  questionCount: uint(32, 16, '§4.1.1'),
  answerCount: uint(48, 16, '§4.1.1'),
  authorityCount: uint(64, 16, '§4.1.1'),
  additionalCount: uint(80, 16, '§4.1.1'),
});

/** RFC 1035 §4.1.2; of multicast DNS see `MDNS_TOP_BIT`. */
export interface DnsQuestion {
  readonly name: string;
  /** See `DnsType`. */
  readonly type: number;
  readonly class: number;
}

/** RFC 1035 §4.1.3; of multicast DNS see `MDNS_TOP_BIT`. */
export interface DnsRecord {
  readonly name: string;
  /** See `DnsType`. */
  readonly type: number;
  /** 1 Internet; of an OPT record the size of a datagram that its sender takes. RFC 6891 §6.1.2 */
  readonly class: number;
  /** Seconds; of an OPT record extended rcode, version and flags. RFC 6891 §6.1.3 */
  readonly ttl: number;
  readonly data: DnsData;
}

/** A decoded message: plain data, owned. */
export interface DnsMessage {
  readonly ok: true;
  readonly kind: 'dns';
  readonly header: Readonly<DnsFields>;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
  /** Bytes of the message, without what may follow it. */
  readonly size: number;
}

const DnsView: ViewClass<DnsFields> = viewClass(dnsTable);
const fieldNames = Object.keys(dnsTable.fields) as (keyof DnsFields)[];

/**
 * Decode one message. Over TCP two bytes of length stand in front (RFC 1035 §4.2.2): leave them out.
 * Faults: TRUNCATED; BAD_VALUE, BAD_LENGTH (a name; pointers that do not lead back are refused)
 */
export function decodeDns(bytes: Uint8Array, offset: number = 0, end: number = bytes.length): DnsMessage | DecodeFault {
  if (end - offset < 12) return fault('TRUNCATED', 'dns', 'header', offset, 12, end - offset);
  const view = new DnsView(bytes, offset, offset + 12, end, end);
  const header = Object.fromEntries(fieldNames.map((name) => [name, view[name]])) as unknown as DnsFields;
  let at = offset + 12;
  const questions: DnsQuestion[] = [];
  for (let i = 0; i < header.questionCount; i++) {
    const name = decodeName(bytes, at, end, offset);
    if (!name.ok) return name;
    at = name.end + 4;
    if (at > end) return fault('TRUNCATED', 'dns', 'question', name.end, 4, end - name.end);
    questions.push({ name: name.name, type: readU16(bytes, at - 4), class: readU16(bytes, at - 2) });
  }
  const sections: DnsRecord[][] = [];
  for (const count of [header.answerCount, header.authorityCount, header.additionalCount]) {
    const section: DnsRecord[] = [];
    for (let i = 0; i < count; i++) {
      const record = decodeRecord(bytes, at, end, offset);
      if ('ok' in record) return record;
      section.push(record.record);
      at = record.end;
    }
    sections.push(section);
  }
  const [answers, authorities, additionals] = sections as [DnsRecord[], DnsRecord[], DnsRecord[]];
  return { ok: true, kind: 'dns', header, questions, answers, authorities, additionals, size: at - offset };
}

function decodeRecord(
  bytes: Uint8Array,
  offset: number,
  end: number,
  message: number,
): { readonly record: DnsRecord; readonly end: number } | DecodeFault {
  const name = decodeName(bytes, offset, end, message);
  if (!name.ok) return name;
  const at = name.end;
  if (at + 10 > end) return fault('TRUNCATED', 'dns', 'record', at, 10, end - at);
  const type = readU16(bytes, at);
  const dataEnd = at + 10 + readU16(bytes, at + 8);
  if (dataEnd > end) return fault('TRUNCATED', 'dns', 'data', at + 10, dataEnd - at - 10, end - at - 10);
  const data = decodeDnsData(type, bytes, at + 10, dataEnd, message);
  const record = { name: name.name, type, class: readU16(bytes, at + 2), ttl: readU32(bytes, at + 4), data };
  return { record, end: dataEnd };
}

/** What `encodeDns` needs; counts come from the lists. */
export interface DnsInit {
  readonly header?: Partial<DnsFields>;
  readonly questions?: readonly DnsQuestion[];
  readonly answers?: readonly DnsRecord[];
  readonly authorities?: readonly DnsRecord[];
  readonly additionals?: readonly DnsRecord[];
}

/**
 * Encode a message. Names are not compressed, which every reader takes; a message that came compressed gets longer.
 * @throws TypeError, RangeError for names and addresses that are none
 * @example
 * ```ts
 * import { decodeDns, DnsType, encodeDns } from 'barewire/wire';
 * const query = encodeDns({
 *   header: { id: 7, recursionDesired: 1 },
 *   questions: [{ name: 'example.org', type: DnsType.AAAA, class: 1 }],
 * });
 * const message = decodeDns(query);
 * message.ok && message.questions[0]?.name; // 'example.org'
 * ```
 */
export function encodeDns(init: DnsInit): Uint8Array {
  const { questions = [], answers = [], authorities = [], additionals = [] } = init;
  const head = new Uint8Array(12);
  const values: Partial<DnsFields> = {
    questionCount: questions.length,
    answerCount: answers.length,
    authorityCount: authorities.length,
    additionalCount: additionals.length,
    ...init.header,
  };
  for (const name of fieldNames) dnsTable.fields[name].write(head, 0, values[name] ?? 0);
  return concat([
    head,
    ...questions.map((question) => {
      const tail = new Uint8Array(4);
      writeU16(tail, 0, question.type);
      writeU16(tail, 2, question.class);
      return concat([encodeName(question.name), tail]);
    }),
    ...[...answers, ...authorities, ...additionals].map(encodeRecord),
  ]);
}

function encodeRecord(record: DnsRecord): Uint8Array {
  const data = encodeDnsData(record.data);
  const middle = new Uint8Array(10);
  writeU16(middle, 0, record.type);
  writeU16(middle, 2, record.class);
  writeU32(middle, 4, record.ttl);
  writeU16(middle, 8, data.length);
  return concat([encodeName(record.name), middle, data]);
}

/** RFC 1035 §4.1.1, RFC 1996, RFC 2136 §2.2, in tcpdump's words. */
const opcodes = ['', ' inv_q', ' stat', ' op3', ' notify', ' update'];
const rcodes = [
  '',
  ...[' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused'],
  ...[' YXDomain', ' YXRRSet', ' NXRRSet', ' NotAuth', ' NotZone'],
];

/** Nothing for the Internet, which nearly all are. RFC 1035 §3.2.4 */
const classNames: ReadonlyMap<number, string> = new Map([
  [1, ''],
  [3, ' CHAOS'],
  [4, ' HS'],
  [255, ' ANY'],
]);

function classWords(number: number): string {
  return classNames.get(number) ?? ` (Class ${number})`;
}

/**
 * In multicast DNS the high bit of a question's class asks for an answer to the asker alone (QU), and that of a record's
 * class says that older records are to be forgotten. RFC 6762 §5.4, §10.2
 */
export const MDNS_TOP_BIT = 0x8000;

/**
 * tcpdump's words: `7+ [1au] AAAA? example.org. (40)`, `7 1/0/0 AAAA 2001:db8::1 (57)`.
 * @param isMulticast came from or went to port 5353, where the top bit of a class means something else
 */
export function describeDns(message: DnsMessage, isMulticast: boolean = false): string {
  const { header, size } = message;
  const opcode = opcodes[header.opcode] ?? ` op${header.opcode}`;
  const words = header.response === 0 ? queryWords(message, isMulticast) : answerWords(message, isMulticast);
  return `${header.id}${opcode}${words} (${size})`;
}

function queryWords(
  { header, questions, answers, authorities, additionals }: DnsMessage,
  isMulticast: boolean,
): string {
  const marks = (header.recursionDesired === 1 ? '+' : '') + (header.checkingDisabled === 1 ? '%' : '');
  const counts = [
    questions.length === 1 ? '' : ` [${questions.length}q]`,
    answers.length === 0 ? '' : ` [${answers.length}a]`,
    authorities.length === 0 ? '' : ` [${authorities.length}n]`,
    additionals.length === 0 ? '' : ` [${additionals.length}au]`,
  ];
  const asked = questions.map((question) => questionWords(question, isMulticast));
  return marks + counts.join('') + asked.join('');
}

function questionWords({ name, type, class: number }: DnsQuestion, isMulticast: boolean): string {
  const isUnicast = (number & MDNS_TOP_BIT) !== 0;
  const how = isMulticast ? classWords(number & ~MDNS_TOP_BIT) + (isUnicast ? ' (QU)' : ' (QM)') : classWords(number);
  return ` ${dnsTypeName(type)}${how}? ${name === '.' ? name : `${name}.`}`;
}

function answerWords(
  { header, questions, answers, authorities, additionals }: DnsMessage,
  isMulticast: boolean,
): string {
  const marks =
    (rcodes[header.rcode] ?? ` Resp${header.rcode}`) +
    (header.authoritative === 1 ? '*' : '') +
    (header.recursionAvailable === 1 ? '' : '-') +
    (header.truncated === 1 ? '|' : '') +
    (header.authenticData === 1 ? '$' : '');
  const asked = questions.length === 1 ? '' : ` [${questions.length}q]`;
  const counts = ` ${answers.length}/${authorities.length}/${additionals.length}`;
  return marks + asked + counts + answers.map((record) => recordWords(record, isMulticast)).join(',');
}

function recordWords({ type, class: number, data }: DnsRecord, isMulticast: boolean): string {
  // RFC 6891 §6.1.2: the class of this one is a size.
  if (type === DnsType.OPT) return ` OPT UDPsize=${number}`;
  const isFlush = isMulticast && (number & MDNS_TOP_BIT) !== 0;
  const how = isFlush ? `${classWords(number & ~MDNS_TOP_BIT)} (Cache flush)` : classWords(number);
  return `${how} ${dnsTypeName(type)}${describeDnsData(data)}`;
}
