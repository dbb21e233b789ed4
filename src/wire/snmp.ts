/** SNMP: version 1 (RFC 1157 §4), 2c (RFC 1901 §3, RFC 3416 §3), and of version 3 its header (RFC 3412 §6). */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { fromUtf8, toHex, utf8 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import {
  type BerElement,
  BerTag,
  berElement,
  berElements,
  berInteger,
  berOid,
  encodeBer,
  encodeBerInteger,
  encodeBerOid,
} from './ber.ts';

export const SNMP_PORT = 161;
export const SNMP_TRAP_PORT = 162;

/** Tags of the operations. RFC 1157 §4.1, RFC 3416 §3 */
export const snmpOperations: ReadonlyMap<number, string> = new Map([
  [0xa0, 'GetRequest'],
  [0xa1, 'GetNextRequest'],
  [0xa2, 'GetResponse'],
  [0xa3, 'SetRequest'],
  [0xa4, 'Trap'],
  [0xa5, 'GetBulkRequest'],
  [0xa6, 'InformRequest'],
  [0xa7, 'V2Trap'],
  [0xa8, 'Report'],
]);

/** A variable and its value. */
export interface SnmpBinding {
  /** `1.3.6.1.2.1.1.1.0` */
  readonly oid: string;
  /** Tag of the value's type: 2 integer, 4 octets, 5 none, 6 identifier, 0x40 address, 0x41 counter, 0x43 ticks. */
  readonly tag: number;
  /** The value's content as it stands. */
  readonly data: Uint8Array;
  /** The value in words. */
  readonly text: string;
}

interface Common {
  readonly ok: true;
  readonly kind: 'snmp';
}

/** A decoded message; owned. */
export type SnmpMessage = Common &
  (
    | {
        /** 0 is version 1, 1 is version 2c. */
        readonly version: 0 | 1;
        /** Goes in the clear. */
        readonly community: Uint8Array;
        /** Tag of the operation: `snmpOperations`. */
        readonly operation: number;
        readonly requestId: number;
        /** Of a GetBulkRequest the number of variables that are not repeated. RFC 3416 §3 */
        readonly error: number;
        /** Of a GetBulkRequest how often the others are repeated. */
        readonly errorIndex: number;
        readonly bindings: readonly SnmpBinding[];
      }
    /** Version 1's trap has another shape (RFC 1157 §4.1.6): who, which, when. */
    | {
        readonly version: 0 | 1;
        readonly community: Uint8Array;
        readonly operation: 0xa4;
        readonly enterprise: string;
        readonly agent: string;
        readonly generic: number;
        readonly specific: number;
        readonly bindings: readonly SnmpBinding[];
      }
    /** What follows may be encrypted. RFC 3412 §6 */
    | {
        readonly version: 3;
        readonly messageId: number;
        readonly maxSize: number;
        /** 1 authenticated, 2 encrypted, 4 an answer is expected. RFC 3412 §6.4 */
        readonly flags: number;
        readonly securityModel: number;
      }
  );

const TRAP = 0xa4;
const IP_ADDRESS = 0x40;
const MOST_BINDINGS = 1000;

/** Decode one message. Faults: TRUNCATED; BAD_VALUE (an element is not what stands there in RFC 1157); BAD_VERSION */
export function decodeSnmp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): SnmpMessage | DecodeFault {
  const whole = berElement(bytes, offset, end);
  if (whole === undefined) return fault('TRUNCATED', 'snmp', 'message', offset, end - offset + 1, end - offset);
  if (whole.tag !== BerTag.SEQUENCE) return fault('BAD_VALUE', 'snmp', 'message', offset, BerTag.SEQUENCE, whole.tag);
  const [first, second, third] = berElements(bytes, whole.start, whole.end) ?? [];
  const version = first?.tag === BerTag.INTEGER ? berInteger(bytes, first) : undefined;
  if (version === undefined || second === undefined) return wrong('version', whole);
  if (version === 3) return versionThree(bytes, second);
  if (version !== 0 && version !== 1) return fault('BAD_VERSION', 'snmp', 'version', first!.start, 1, version);
  if (second.tag !== BerTag.OCTETS || third === undefined) return wrong('community', second);
  return operationOf(bytes, version, bytes.slice(second.start, second.end), third);
}

const wrong = (field: string, { start, tag }: BerElement): DecodeFault =>
  fault('BAD_VALUE', 'snmp', field, start, 0, tag);

function operationOf(
  bytes: Uint8Array,
  version: 0 | 1,
  community: Uint8Array,
  operation: BerElement,
): SnmpMessage | DecodeFault {
  if (!snmpOperations.has(operation.tag)) return wrong('operation', operation);
  const parts = berElements(bytes, operation.start, operation.end) ?? [];
  const last = parts.at(-1);
  const bindings = last === undefined ? undefined : bindingsOf(bytes, last);
  if (bindings === undefined) return wrong('bindings', operation);
  const common = { ok: true, kind: 'snmp', version, community, bindings } as const;
  if (operation.tag === TRAP) {
    const [enterprise, agent, generic, specific] = parts;
    const oid = enterprise === undefined ? undefined : berOid(bytes, enterprise);
    const numbers = [generic, specific].map((one) => (one === undefined ? undefined : berInteger(bytes, one)));
    if (oid === undefined || agent === undefined || numbers.includes(undefined)) return wrong('trap', operation);
    return {
      ...common,
      operation: TRAP,
      enterprise: oid,
      agent: valueText(bytes, agent),
      generic: numbers[0]!,
      specific: numbers[1]!,
    };
  }
  const [requestId, error, errorIndex] = parts.slice(0, 3).map((part) => berInteger(bytes, part));
  if (parts.length !== 4 || requestId === undefined || error === undefined || errorIndex === undefined) {
    return wrong('requestId', operation);
  }
  return { ...common, operation: operation.tag, requestId, error, errorIndex };
}

function bindingsOf(bytes: Uint8Array, list: BerElement): SnmpBinding[] | undefined {
  const elements = list.tag === BerTag.SEQUENCE ? berElements(bytes, list.start, list.end) : undefined;
  if (elements === undefined || elements.length > MOST_BINDINGS) return undefined;
  const bindings: SnmpBinding[] = [];
  for (const element of elements) {
    const [name, value] = berElements(bytes, element.start, element.end) ?? [];
    const oid = name?.tag === BerTag.OID ? berOid(bytes, name) : undefined;
    if (oid === undefined || value === undefined) return undefined;
    bindings.push({ oid, tag: value.tag, data: bytes.slice(value.start, value.end), text: valueText(bytes, value) });
  }
  return bindings;
}

function valueText(bytes: Uint8Array, value: BerElement): string {
  const data = bytes.subarray(value.start, value.end);
  switch (value.tag) {
    case BerTag.INTEGER:
    case 0x41:
    case 0x42:
    case 0x43:
    case 0x46:
      return String(berInteger(bytes, value) ?? toHex(data));
    case BerTag.OCTETS: {
      const text = fromUtf8(data);
      return /^[\x20-\x7e]*$/.test(text) ? `"${text}"` : toHex(data);
    }
    case BerTag.NULL:
      return '';
    case BerTag.OID:
      return berOid(bytes, value) ?? toHex(data);
    case IP_ADDRESS:
      return data.length === 4 ? formatIpv4Bytes(data) : toHex(data);
    // RFC 3416 §3: no such object, no such instance, end of the view.
    case 0x80:
      return 'noSuchObject';
    case 0x81:
      return 'noSuchInstance';
    case 0x82:
      return 'endOfMibView';
    default:
      return toHex(data);
  }
}

function versionThree(bytes: Uint8Array, header: BerElement): SnmpMessage | DecodeFault {
  const [id, size, flags, model] = berElements(bytes, header.start, header.end) ?? [];
  const [messageId, maxSize, securityModel] = [id, size, model].map((one) =>
    one === undefined ? undefined : berInteger(bytes, one),
  );
  if (messageId === undefined || maxSize === undefined || securityModel === undefined || flags?.tag !== BerTag.OCTETS) {
    return wrong('header', header);
  }
  return { ok: true, kind: 'snmp', version: 3, messageId, maxSize, flags: bytes[flags.start] ?? 0, securityModel };
}

export interface SnmpInit {
  readonly version: 0 | 1;
  readonly community: Uint8Array | string;
  readonly operation: number;
  readonly requestId: number;
  readonly error?: number;
  readonly errorIndex?: number;
  readonly bindings?: readonly Pick<SnmpBinding, 'oid' | 'tag' | 'data'>[];
}

/** Encode a request or response of version 1 or 2c, with the shortest lengths. @throws RangeError for a bad identifier */
export function encodeSnmp(init: SnmpInit): Uint8Array {
  const { version, community, operation, requestId, error = 0, errorIndex = 0, bindings = [] } = init;
  const list = bindings.map(({ oid, tag, data }) =>
    encodeBer(BerTag.SEQUENCE, encodeBerOid(oid), encodeBer(tag, data)),
  );
  return encodeBer(
    BerTag.SEQUENCE,
    encodeBerInteger(version),
    encodeBer(BerTag.OCTETS, typeof community === 'string' ? utf8(community) : community),
    encodeBer(
      operation,
      encodeBerInteger(requestId),
      encodeBerInteger(error),
      encodeBerInteger(errorIndex),
      encodeBer(BerTag.SEQUENCE, ...list),
    ),
  );
}

/** `SNMPv2c C="public" GetRequest(17) 1.3.6.1.2.1.1.1.0` */
export function describeSnmp(message: SnmpMessage): string {
  if (message.version === 3) {
    const { flags } = message;
    const words = [(flags & 1) === 0 ? 'noAuth' : 'auth', (flags & 2) === 0 ? 'noPriv' : 'priv'].join('');
    return `SNMPv3 id ${message.messageId} ${words}`;
  }
  const name = snmpOperations.get(message.operation)!;
  const head = `SNMPv${message.version === 0 ? '1' : '2c'} C="${fromUtf8(message.community)}" ${name}`;
  const told = message.bindings.map(({ oid, text }) => (text === '' ? oid : `${oid}=${text}`)).join(' ');
  if (!('requestId' in message)) return `${head} ${message.enterprise} ${message.agent} ${told}`.trimEnd();
  const error = message.error === 0 || message.operation === 0xa5 ? '' : ` error ${message.error}`;
  return `${head}(${message.requestId})${error} ${told}`.trimEnd();
}
