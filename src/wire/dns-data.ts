/**
 * What DNS records hold, by type: a row for each kind, whose parts stand in the order of the wire (dns-parts.ts). Types
 * without a row stay bytes (RFC 3597), and so does data that is not as its type's RFC says.
 */
import { concat, fromUtf8, toHex } from '../core/bytes.ts';
import {
  address,
  type DnsOption,
  name,
  options,
  type Part,
  type PartCursor,
  plainName,
  rest,
  restText,
  shortBytes,
  shortText,
  strings,
  typeBitmap,
  u8,
  u16,
  u32,
  zero,
} from './dns-parts.ts';

export type { DnsOption } from './dns-parts.ts';

/** IANA "Resource Record (RR) TYPEs", as of 2026-11. */
export const DnsType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

const typeNames: ReadonlyMap<number, string> = new Map(Object.entries(DnsType).map(([name, type]) => [type, name]));

/** `AAAA`, or `TYPE1234` for a number without a name here (RFC 3597 §5). */
export function dnsTypeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The data of a record, fields in the order of the wire; `raw` also where it is not as its type's RFC says. */
export type DnsData =
  | { readonly kind: 'address'; readonly address: string }
  /** NS, CNAME, PTR (RFC 1035 §3.3), DNAME (RFC 6672 §2.1). */
  | { readonly kind: 'name'; readonly name: string }
  /** MX, and AFSDB (RFC 1183 §1), whose subtype stands in the same place. */
  | { readonly kind: 'mx'; readonly preference: number; readonly exchange: string }
  | { readonly kind: 'txt'; readonly strings: readonly Uint8Array[] }
  | {
      readonly kind: 'soa';
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly refreshS: number;
      readonly retryS: number;
      readonly expireS: number;
      readonly minimumS: number;
    }
  /** RFC 1035 §3.3.2, RFC 8482 */
  | { readonly kind: 'hinfo'; readonly cpu: string; readonly os: string }
  /** Who answers for a name. RFC 1183 §2.2 */
  | { readonly kind: 'rp'; readonly mailbox: string; readonly text: string }
  /** RFC 1876 §2: sizes are a digit and a power of ten in cm, places thousandths of an arc second around 2^31. */
  | {
      readonly kind: 'loc';
      readonly version: 0;
      readonly size: number;
      readonly horizontalPrecision: number;
      readonly verticalPrecision: number;
      readonly latitude: number;
      readonly longitude: number;
      /** In cm above 100,000 m under the reference spheroid. */
      readonly altitude: number;
    }
  /** RFC 2782 */
  | {
      readonly kind: 'srv';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  /** RFC 3403 §4.1 */
  | {
      readonly kind: 'naptr';
      readonly order: number;
      readonly preference: number;
      readonly flags: string;
      readonly services: string;
      readonly regexp: string;
      readonly replacement: string;
    }
  /** DS and CDS: the digest of a child's key. RFC 4034 §5.1 */
  | {
      readonly kind: 'ds';
      readonly keyTag: number;
      readonly algorithm: number;
      readonly digestType: number;
      readonly digest: Uint8Array;
    }
  /** DNSKEY and CDNSKEY; flag 256 a zone's key, 257 its entry point. RFC 4034 §2.1 */
  | {
      readonly kind: 'dnskey';
      readonly flags: number;
      readonly protocol: number;
      readonly algorithm: number;
      readonly publicKey: Uint8Array;
    }
  /** RFC 4034 §3.1; times in seconds since 1970, compared as serial numbers. */
  | {
      readonly kind: 'rrsig';
      readonly typeCovered: number;
      readonly algorithm: number;
      readonly labels: number;
      readonly originalTtlS: number;
      readonly expiration: number;
      readonly inception: number;
      readonly keyTag: number;
      readonly signer: string;
      readonly signature: Uint8Array;
    }
  /** No name lies between this and the next, and these types are all here. RFC 4034 §4.1 */
  | { readonly kind: 'nsec'; readonly next: string; readonly types: readonly number[] }
  /** RFC 5155 §3.2 */
  | {
      readonly kind: 'nsec3';
      readonly algorithm: number;
      readonly flags: number;
      readonly iterations: number;
      readonly salt: Uint8Array;
      readonly nextHash: Uint8Array;
      readonly types: readonly number[];
    }
  /** RFC 5155 §4.2 */
  | {
      readonly kind: 'nsec3param';
      readonly algorithm: number;
      readonly flags: number;
      readonly iterations: number;
      readonly salt: Uint8Array;
    }
  /** RFC 4255 §3.1 */
  | {
      readonly kind: 'sshfp';
      readonly algorithm: number;
      readonly fingerprintType: number;
      readonly fingerprint: Uint8Array;
    }
  /** TLSA (RFC 6698 §2.1) and SMIMEA (RFC 8162 §2). */
  | {
      readonly kind: 'tlsa';
      readonly usage: number;
      readonly selector: number;
      readonly matchingType: number;
      readonly association: Uint8Array;
    }
  /** RFC 7553 §4.5 */
  | { readonly kind: 'uri'; readonly priority: number; readonly weight: number; readonly target: string }
  /** RFC 8659 §4.1 */
  | { readonly kind: 'caa'; readonly flags: number; readonly tag: string; readonly value: Uint8Array }
  /** RFC 6891 §6.1.2 */
  | { readonly kind: 'opt'; readonly options: readonly DnsOption[] }
  /** SVCB and HTTPS; priority 0 is an alias. RFC 9460 §2.4.1 */
  | {
      readonly kind: 'svcb';
      readonly priority: number;
      readonly target: string;
      readonly parameters: readonly DnsOption[];
    }
  | { readonly kind: 'raw'; readonly data: Uint8Array };

type DataOf<K extends DnsData['kind']> = Extract<DnsData, { readonly kind: K }>;

/** A row: which types hold this kind, its parts in the order of the wire, and its words where those are not the parts'. */
interface Shape {
  readonly kind: DnsData['kind'];
  readonly types: readonly number[];
  readonly parts: readonly (readonly [field: string, part: Part<unknown>])[];
  readonly line: ((data: DnsData) => string) | undefined;
}

function shape<K extends DnsData['kind']>(
  kind: K,
  types: readonly (keyof typeof DnsType)[],
  parts: { readonly [F in Exclude<keyof DataOf<K>, 'kind'>]: Part<DataOf<K>[F]> },
  line?: (data: DataOf<K>) => string,
): Shape {
  return {
    kind,
    types: types.map((type) => DnsType[type]),
    parts: Object.entries(parts) as unknown as Shape['parts'],
    line: line as Shape['line'],
  };
}

const types = typeBitmap(dnsTypeName);
const soaNumbers = { serial: u32, refreshS: u32, retryS: u32, expireS: u32, minimumS: u32 };
const locSizes = { version: zero, size: u8, horizontalPrecision: u8, verticalPrecision: u8 };
const nsec3Head = { algorithm: u8, flags: u8, iterations: u16, salt: shortBytes };

const ipv4Shape = shape('address', ['A'], { address: address(4) });
const ipv6Shape = shape('address', ['AAAA'], { address: address(16) });

const shapes: readonly Shape[] = [
  ipv4Shape,
  ipv6Shape,
  shape('name', ['NS', 'CNAME', 'PTR', 'DNAME'], { name }),
  shape('mx', ['MX', 'AFSDB'], { preference: u16, exchange: name }, (mx) => ` ${mx.exchange}. ${mx.preference}`),
  shape('txt', ['TXT', 'SPF'], { strings }),
  shape('soa', ['SOA'], { primary: name, mailbox: name, ...soaNumbers }, () => ''),
  shape('hinfo', ['HINFO'], { cpu: shortText, os: shortText }),
  shape('rp', ['RP'], { mailbox: name, text: name }),
  shape('loc', ['LOC'], { ...locSizes, latitude: u32, longitude: u32, altitude: u32 }, describeLoc),
  shape(
    'srv',
    ['SRV'],
    { priority: u16, weight: u16, port: u16, target: name },
    (srv) => ` ${srv.target}.:${srv.port} ${srv.priority} ${srv.weight}`,
  ),
  shape('naptr', ['NAPTR'], {
    order: u16,
    preference: u16,
    flags: shortText,
    services: shortText,
    regexp: shortText,
    replacement: name,
  }),
  shape('ds', ['DS', 'CDS'], { keyTag: u16, algorithm: u8, digestType: u8, digest: rest }),
  shape('dnskey', ['DNSKEY', 'CDNSKEY'], { flags: u16, protocol: u8, algorithm: u8, publicKey: rest }),
  shape('rrsig', ['RRSIG'], {
    typeCovered: { ...u16, text: dnsTypeName },
    algorithm: u8,
    labels: u8,
    originalTtlS: u32,
    expiration: u32,
    inception: u32,
    keyTag: u16,
    signer: plainName,
    signature: rest,
  }),
  shape('nsec', ['NSEC'], { next: plainName, types }),
  shape('nsec3', ['NSEC3'], { ...nsec3Head, nextHash: shortBytes, types }),
  shape('nsec3param', ['NSEC3PARAM'], nsec3Head),
  shape('sshfp', ['SSHFP'], { algorithm: u8, fingerprintType: u8, fingerprint: rest }),
  shape('tlsa', ['TLSA', 'SMIMEA'], { usage: u8, selector: u8, matchingType: u8, association: rest }),
  shape('uri', ['URI'], { priority: u16, weight: u16, target: restText }),
  shape(
    'caa',
    ['CAA'],
    { flags: u8, tag: shortText, value: rest },
    ({ flags, tag, value }) => ` ${flags} ${JSON.stringify(tag)} ${JSON.stringify(fromUtf8(value))}`,
  ),
  shape('opt', ['OPT'], { options }, () => ''),
  shape(
    'svcb',
    ['SVCB', 'HTTPS'],
    { priority: u16, target: plainName, parameters: options },
    ({ priority, target }) => ` ${priority} ${target === '.' ? '' : target}.`,
  ),
];

const shapeOfType = new Map(shapes.flatMap((one) => one.types.map((type) => [type, one] as const)));
const shapeOfKind = new Map(shapes.map((one) => [one.kind, one]));

/** Decode the data of a record; never a fault, since the record's length bounds it. */
export function decodeDnsData(type: number, bytes: Uint8Array, offset: number, end: number, message: number): DnsData {
  const known = shapeOfType.get(type);
  const cursor = { bytes, at: offset, end, message };
  const data = known === undefined ? undefined : readShape(known, cursor);
  return data ?? { kind: 'raw', data: bytes.slice(offset, end) };
}

function readShape({ kind, parts }: Shape, cursor: PartCursor): DnsData | undefined {
  const data: Record<string, unknown> = { kind };
  for (const [field, part] of parts) {
    data[field] = part.read(cursor);
    if (data[field] === undefined) return undefined;
  }
  return cursor.at === cursor.end ? (data as DnsData) : undefined;
}

function shapeOf(data: Exclude<DnsData, { kind: 'raw' }>): Shape {
  // One kind for both families: an address tells its own.
  if (data.kind === 'address') return data.address.includes(':') ? ipv6Shape : ipv4Shape;
  return shapeOfKind.get(data.kind)!;
}

/** The bytes of a record's data, names not compressed. */
export function encodeDnsData(data: DnsData): Uint8Array {
  if (data.kind === 'raw') return data.data;
  const values = data as unknown as Readonly<Record<string, unknown>>;
  return concat(shapeOf(data).parts.map(([field, part]) => part.write(values[field])));
}

/** ` 192.0.2.1`, ` mail.example.org. 10`: what tcpdump puts behind the type, else what a zone file would. */
export function describeDnsData(data: DnsData): string {
  if (data.kind === 'raw') return data.data.length === 0 ? '' : ` 0x${toHex(data.data)}`;
  const { line, parts } = shapeOf(data);
  if (line !== undefined) return line(data);
  const values = data as unknown as Readonly<Record<string, unknown>>;
  return parts.map(([field, part]) => ` ${part.text(values[field])}`).join('');
}

/** ` 52.500000 13.400000 34.00m`: degrees north and east, metres over the spheroid. RFC 1876 §2 */
function describeLoc({ latitude, longitude, altitude }: DataOf<'loc'>): string {
  const degrees = (value: number): string => ((value - 2 ** 31) / 3_600_000).toFixed(6);
  return ` ${degrees(latitude)} ${degrees(longitude)} ${(altitude / 100 - 100_000).toFixed(2)}m`;
}
