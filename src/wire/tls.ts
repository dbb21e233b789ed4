/**
 * TLS as far as it is in the clear: records (RFC 8446 §5.1) and the two hellos (§4.1.2, §4.1.3) with server name (RFC 6066
 * §3), application protocols (RFC 7301 §3.1) and versions (RFC 8446 §4.2.1).
 */
import { concat, readU16, readU24, toHex } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';
import { type TlsExtension, tlsExtensionValue } from './tls-extensions.ts';
import { tlsName, tlsVersionName } from './tls-names.ts';

/** RFC 8446 §5.1 */
export const TlsContentType = { CHANGE_CIPHER_SPEC: 20, ALERT: 21, HANDSHAKE: 22, APPLICATION_DATA: 23 } as const;

/** A record's header, in the order of the wire. */
export interface TlsRecordFields {
  /** See `TlsContentType`. RFC 8446 §5.1 */
  type: number;
  /** 0x0301 or 0x0303 whatever is spoken. RFC 8446 §5.1 */
  legacyVersion: number;
  /** Of what follows, bytes; at most 2^14 + 256. RFC 8446 §5.1, §5.2 */
  length: number;
}

export const tlsRecordTable: HeaderTable<TlsRecordFields> = headerTable<TlsRecordFields>('tls', 'RFC 8446 §5.1', 5, {
  type: uint(0, 8, '§5.1'),
  legacyVersion: uint(8, 16, '§5.1'),
  length: uint(24, 16, '§5.1'),
});

const TlsRecordView: ViewClass<TlsRecordFields> = viewClass(tlsRecordTable);

/** A decoded record; its payload is in the clear only while hands are shaken. */
export class TlsRecord extends TlsRecordView {
  get layer(): 'tls' {
    return 'tls';
  }
}

/**
 * Decode one record's header.
 * Faults: TRUNCATED (also when the record goes on in a later segment); BAD_VALUE (a type that is none); BAD_VERSION;
 * BAD_LENGTH (over 16,640)
 */
export function decodeTlsRecord(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): TlsRecord | DecodeFault {
  if (end - offset < 5) return fault('TRUNCATED', 'tls', 'header', offset, 5, end - offset);
  const type = bytes[offset]!;
  if (type < 20 || type > 23) return fault('BAD_VALUE', 'tls', 'type', offset, 22, type);
  if (bytes[offset + 1] !== 3) return fault('BAD_VERSION', 'tls', 'legacyVersion', offset + 1, 3, bytes[offset + 1]!);
  const length = readU16(bytes, offset + 3);
  if (length > 16_640) return fault('BAD_LENGTH', 'tls', 'length', offset + 3, 16_640, length);
  if (offset + 5 + length > end) return fault('TRUNCATED', 'tls', 'record', offset + 5, length, end - offset - 5);
  return new TlsRecord(bytes, offset, offset + 5, offset + 5 + length, offset + 5 + length);
}

/** Encode one record. */
export function encodeTlsRecord(init: Partial<TlsRecordFields> & { type: number }, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  tlsRecordTable.fields.type.write(bytes, 0, init.type);
  tlsRecordTable.fields.legacyVersion.write(bytes, 0, init.legacyVersion ?? 0x0303);
  tlsRecordTable.fields.length.write(bytes, 0, init.length ?? payload.length);
  bytes.set(payload, 5);
  return bytes;
}

/** What both hellos say. Plain data, owned. */
interface TlsHello {
  readonly ok: true;
  /** 0x0303 also in TLS 1.3. */
  readonly legacyVersion: number;
  /** 32 bytes. */
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** Every extension in order, those read below too. */
  readonly extensions: readonly TlsExtension[];
  /** `h2`, `http/1.1`; of a server the one it chose. RFC 7301 §3.1 */
  readonly applicationProtocols: readonly string[];
  /** Offered, or of a server chosen: 0x0304 is TLS 1.3; without the extension `legacyVersion`. RFC 8446 §4.2.1 */
  readonly versions: readonly number[];
}

/** RFC 8446 §4.1.2 */
export interface TlsClientHello extends TlsHello {
  readonly kind: 'clientHello';
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: Uint8Array;
  /** Whom the client wants to talk to (SNI). RFC 6066 §3 */
  readonly serverName?: string;
}

/** RFC 8446 §4.1.3 */
export interface TlsServerHello extends TlsHello {
  readonly kind: 'serverHello';
  readonly cipherSuite: number;
  readonly compressionMethod: number;
}

/** A vector's bytes with a length in front; the readers below check each against what holds it. */
class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  failure: DecodeFault | undefined = undefined;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** `length` bytes from here on, copied; empty once something was missing. */
  take(length: number, field: string): Uint8Array {
    if (this.at + length > this.end) {
      this.failure ??= fault('TRUNCATED', 'tls', field, this.at, length, this.end - this.at);
      this.at = this.end;
      return new Uint8Array(0);
    }
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  number(length: 1 | 2, field: string): number {
    const bytes = this.take(length, field);
    return bytes.length < length ? 0 : length === 1 ? bytes[0]! : readU16(bytes, 0);
  }

  vector(lengthBytes: 1 | 2, field: string): Uint8Array {
    return this.take(this.number(lengthBytes, field), field);
  }
}

/**
 * Decode a ClientHello or ServerHello: a handshake message, as the payload of a record begins with.
 * Faults: TRUNCATED (also of a vector inside); BAD_LENGTH (bytes behind the extensions); UNSUPPORTED (another handshake message)
 */
export function decodeTlsHello(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): TlsClientHello | TlsServerHello | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'tls', 'handshake', offset, 4, end - offset);
  const type = bytes[offset]!;
  if (type !== 1 && type !== 2) return fault('UNSUPPORTED', 'tls', 'handshake', offset, 1, type);
  const length = readU24(bytes, offset + 1);
  if (offset + 4 + length > end) return fault('TRUNCATED', 'tls', 'handshake', offset + 4, length, end - offset - 4);
  const reader = new Reader(bytes, offset + 4, offset + 4 + length);
  const legacyVersion = reader.number(2, 'legacyVersion');
  const random = reader.take(32, 'random');
  const sessionId = reader.vector(1, 'sessionId');
  const suites = type === 1 ? u16List(reader.vector(2, 'cipherSuites')) : [reader.number(2, 'cipherSuite')];
  const compression = type === 1 ? reader.vector(1, 'compressionMethods') : reader.take(1, 'compressionMethod');
  const extensions: TlsExtension[] = [];
  // RFC 8446 §4.1.2: old hellos end here.
  if (reader.at < reader.end) {
    const inner = reader.number(2, 'extensions');
    if (reader.at + inner > reader.end) reader.take(inner, 'extensions');
    else if (reader.at + inner < reader.end) {
      const left = reader.end - reader.at;
      reader.failure ??= fault('BAD_LENGTH', 'tls', 'extensions', reader.at - 2, left, inner);
    }
    while (reader.at < reader.end && reader.failure === undefined) {
      const one = reader.number(2, 'extension');
      extensions.push({ type: one, data: reader.vector(2, 'extension') });
    }
  }
  if (reader.failure !== undefined) return reader.failure;
  const common = { ok: true, legacyVersion, random, sessionId, extensions } as const;
  const applicationProtocols = namesOf(extensions, 16);
  const chosen = versionsOf(extensions, type === 1);
  const versions = chosen.length === 0 ? [legacyVersion] : chosen;
  if (type === 2) {
    const [cipherSuite = 0] = suites;
    return {
      ...common,
      kind: 'serverHello',
      cipherSuite,
      compressionMethod: compression[0]!,
      applicationProtocols,
      versions,
    };
  }
  const [serverName] = namesOf(extensions, 0);
  return {
    ...common,
    kind: 'clientHello',
    cipherSuites: suites,
    compressionMethods: compression,
    applicationProtocols,
    versions,
    ...(serverName === undefined ? {} : { serverName }),
  };
}

function u16List(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length >>> 1 }, (_, i) => readU16(bytes, 2 * i));
}

/** Of server_name and ALPN, which have the same form in both hellos. */
function namesOf(extensions: readonly TlsExtension[], type: number): readonly string[] {
  const found = extensions.find((extension) => extension.type === type);
  const value = found === undefined ? undefined : tlsExtensionValue(found, true);
  return value?.kind === 'names' ? value.names : [];
}

/** RFC 8446 §4.2.1 */
function versionsOf(extensions: readonly TlsExtension[], isClient: boolean): readonly number[] {
  const found = extensions.find(({ type }) => type === 43);
  const value = found === undefined ? undefined : tlsExtensionValue(found, isClient);
  return value?.kind === 'numbers' ? value.numbers : [];
}

/** What `encodeTlsHello` needs; server name, protocols and versions are in the extensions. */
export type TlsHelloInit =
  | Omit<TlsClientHello, 'ok' | 'applicationProtocols' | 'versions' | 'serverName'>
  | Omit<TlsServerHello, 'ok' | 'applicationProtocols' | 'versions'>;

/** Encode a hello: a handshake message, to be put into a record. Without extensions their length is left out too. */
export function encodeTlsHello(hello: TlsHelloInit): Uint8Array {
  const body = [u16Bytes(hello.legacyVersion), hello.random, withLength(hello.sessionId, 1)];
  if (hello.kind === 'clientHello') {
    body.push(withLength(concat(hello.cipherSuites.map(u16Bytes)), 2), withLength(hello.compressionMethods, 1));
  } else {
    body.push(u16Bytes(hello.cipherSuite), Uint8Array.of(hello.compressionMethod));
  }
  const extensions = hello.extensions.map(({ type, data }) => concat([u16Bytes(type), withLength(data, 2)]));
  if (extensions.length > 0) body.push(withLength(concat(extensions), 2));
  return concat([Uint8Array.of(hello.kind === 'clientHello' ? 1 : 2), withLength(concat(body), 3)]);
}

function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

/** A vector: `bytes` with their length in front. */
function withLength(bytes: Uint8Array, lengthBytes: 1 | 2 | 3): Uint8Array {
  const most = 2 ** (8 * lengthBytes) - 1;
  if (bytes.length > most)
    throw new RangeError(`hello: expected vectors of at most ${most} bytes, got ${bytes.length}`);
  const { length } = bytes;
  return concat([Uint8Array.of(length >>> 16, length >>> 8, length).subarray(3 - lengthBytes), bytes]);
}

/** An alert in the clear. RFC 8446 §6 */
export interface TlsAlert {
  readonly ok: true;
  readonly kind: 'tlsAlert';
  /** 1 warning, 2 fatal; of no meaning in TLS 1.3. */
  readonly level: number;
  /** `tlsName('alert', description)` */
  readonly description: number;
}

/** Decode an alert: the payload of a record. Faults: TRUNCATED; BAD_LENGTH (more than two bytes: it is encrypted) */
export function decodeTlsAlert(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): TlsAlert | DecodeFault {
  if (end - offset < 2) return fault('TRUNCATED', 'tls', 'alert', offset, 2, end - offset);
  if (end - offset > 2) return fault('BAD_LENGTH', 'tls', 'alert', offset, 2, end - offset);
  return { ok: true, kind: 'tlsAlert', level: bytes[offset]!, description: bytes[offset + 1]! };
}

/** Encode an alert, to be put into a record. */
export function encodeTlsAlert({ level, description }: Pick<TlsAlert, 'level' | 'description'>): Uint8Array {
  return Uint8Array.of(level, description);
}

const alertLevels: ReadonlyMap<number, string> = new Map([
  [1, 'warning'],
  [2, 'fatal'],
]);

/** `Alert fatal handshake_failure` */
export function describeTlsAlert({ level, description }: TlsAlert): string {
  return `Alert ${alertLevels.get(level) ?? `level ${level}`} ${tlsName('alert', description)}`;
}

/** `ClientHello example.org, alpn h2 http/1.1, TLS 1.3`; the highest version that has a name (RFC 8701 offers others). */
export function describeTlsHello(hello: TlsClientHello | TlsServerHello): string {
  const version = Math.max(...hello.versions.filter((one) => one <= 0x0304), 0);
  const words = [
    hello.kind === 'clientHello'
      ? `ClientHello${hello.serverName === undefined ? '' : ` ${JSON.stringify(hello.serverName)}`}`
      : `ServerHello cipher 0x${toHex(Uint8Array.of(hello.cipherSuite >>> 8, hello.cipherSuite))}`,
  ];
  if (hello.applicationProtocols.length > 0)
    words.push(`alpn ${hello.applicationProtocols.map((one) => JSON.stringify(one)).join(' ')}`);
  words.push(tlsVersionName(version));
  return words.join(', ');
}
