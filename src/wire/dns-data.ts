/**
 * What DNS records hold, by type: RFC 1035 §3.3, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 8659 (CAA), RFC 6891 (OPT), RFC 9460
 * (SVCB, HTTPS). Other types stay bytes.
 */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { formatIpv6 } from '../addr/ipv6.ts';
import { concat, fromUtf8, readU16, readU32, toHex, utf8, writeU16, writeU32 } from '../core/bytes.ts';
import { decodeName, encodeName } from './dns-name.ts';
import { encodeAddress } from './multicast-record.ts';

/** IANA "Resource Record (RR) TYPEs". */
export const DnsType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

const typeNames: ReadonlyMap<number, string> = new Map(Object.entries(DnsType).map(([name, type]) => [type, name]));

/** `AAAA`, or `TYPE1234` for a number without a name here (RFC 3597 §5). */
export function dnsTypeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** A number and its bytes: an option of OPT, a parameter of SVCB and HTTPS. */
export interface DnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** The data of a record; `raw` also where it is not as its type's RFC says. */
export type DnsData =
  | { readonly kind: 'address'; readonly address: string }
  /** NS, CNAME, PTR. */
  | { readonly kind: 'name'; readonly name: string }
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
  | {
      readonly kind: 'srv';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly kind: 'caa'; readonly flags: number; readonly tag: string; readonly value: Uint8Array }
  | { readonly kind: 'opt'; readonly options: readonly DnsOption[] }
  /** Priority 0 is an alias. RFC 9460 §2.4.1 */
  | {
      readonly kind: 'svcb';
      readonly priority: number;
      readonly target: string;
      readonly parameters: readonly DnsOption[];
    }
  | { readonly kind: 'raw'; readonly data: Uint8Array };

/** Decode the data of a record; never a fault, since the record's length bounds it. */
export function decodeDnsData(type: number, bytes: Uint8Array, offset: number, end: number, message: number): DnsData {
  return decodeKnown(type, bytes, offset, end, message) ?? { kind: 'raw', data: bytes.slice(offset, end) };
}

function decodeKnown(type: number, bytes: Uint8Array, at: number, end: number, message: number): DnsData | null {
  const length = end - at;
  /** A name that the data ends with. */
  const lastName = (offset: number): string | null => {
    const name = decodeName(bytes, offset, end, message);
    return name.ok && name.end === end ? name.name : null;
  };
  switch (type) {
    case DnsType.A:
      return length === 4 ? { kind: 'address', address: formatIpv4Bytes(bytes, at) } : null;
    case DnsType.AAAA:
      return length === 16 ? { kind: 'address', address: formatIpv6(bytes, at) } : null;
    case DnsType.NS:
    case DnsType.CNAME:
    case DnsType.PTR: {
      const name = lastName(at);
      return name === null ? null : { kind: 'name', name };
    }
    case DnsType.MX: {
      const exchange = length < 3 ? null : lastName(at + 2);
      return exchange === null ? null : { kind: 'mx', preference: readU16(bytes, at), exchange };
    }
    case DnsType.SRV: {
      const target = length < 7 ? null : lastName(at + 6);
      if (target === null) return null;
      const [priority, weight, port] = [readU16(bytes, at), readU16(bytes, at + 2), readU16(bytes, at + 4)];
      return { kind: 'srv', priority, weight, port, target };
    }
    case DnsType.SOA:
      return decodeSoa(bytes, at, end, message);
    case DnsType.TXT: {
      const strings: Uint8Array[] = [];
      for (let next = at; next < end; next += 1 + bytes[next]!) {
        if (next + 1 + bytes[next]! > end) return null;
        strings.push(bytes.slice(next + 1, next + 1 + bytes[next]!));
      }
      return strings.length === 0 ? null : { kind: 'txt', strings };
    }
    case DnsType.CAA: {
      const valueAt = at + 2 + (bytes[at + 1] ?? 0);
      if (length < 2 || valueAt > end) return null;
      const tag = bytes.subarray(at + 2, valueAt);
      if (tag.some((byte) => byte > 0x7f)) return null;
      return { kind: 'caa', flags: bytes[at]!, tag: fromUtf8(tag), value: bytes.slice(valueAt, end) };
    }
    case DnsType.OPT: {
      const options = decodeOptions(bytes, at, end);
      return options === null ? null : { kind: 'opt', options };
    }
    case DnsType.SVCB:
    case DnsType.HTTPS: {
      // RFC 9460 §2.2: the target is not compressed.
      const target = length < 3 ? null : decodeName(bytes, at + 2, end);
      if (target === null || !target.ok) return null;
      const parameters = decodeOptions(bytes, target.end, end);
      if (parameters === null) return null;
      return { kind: 'svcb', priority: readU16(bytes, at), target: target.name, parameters };
    }
    default:
      return null;
  }
}

function decodeSoa(bytes: Uint8Array, offset: number, end: number, message: number): DnsData | null {
  const primary = decodeName(bytes, offset, end, message);
  if (!primary.ok) return null;
  const mailbox = decodeName(bytes, primary.end, end, message);
  if (!mailbox.ok || mailbox.end + 20 !== end) return null;
  const at = mailbox.end;
  return {
    kind: 'soa',
    primary: primary.name,
    mailbox: mailbox.name,
    serial: readU32(bytes, at),
    refreshS: readU32(bytes, at + 4),
    retryS: readU32(bytes, at + 8),
    expireS: readU32(bytes, at + 12),
    minimumS: readU32(bytes, at + 16),
  };
}

function decodeOptions(bytes: Uint8Array, offset: number, end: number): DnsOption[] | null {
  const options: DnsOption[] = [];
  let at = offset;
  while (at < end) {
    if (at + 4 > end) return null;
    const next = at + 4 + readU16(bytes, at + 2);
    if (next > end) return null;
    options.push({ code: readU16(bytes, at), data: bytes.slice(at + 4, next) });
    at = next;
  }
  return options;
}

/** The bytes of a record's data, names not compressed. */
export function encodeDnsData(data: DnsData): Uint8Array {
  switch (data.kind) {
    case 'address':
      return encodeAddress(data.address, data.address.includes(':') ? 16 : 4);
    case 'name':
      return encodeName(data.name);
    case 'mx':
      return concat([u16s(data.preference), encodeName(data.exchange)]);
    case 'srv':
      return concat([u16s(data.priority, data.weight, data.port), encodeName(data.target)]);
    case 'txt':
      return concat(data.strings.map((text) => concat([shortLength(text), text])));
    case 'soa': {
      const numbers = new Uint8Array(20);
      const { serial, refreshS, retryS, expireS, minimumS } = data;
      for (const [i, value] of [serial, refreshS, retryS, expireS, minimumS].entries()) writeU32(numbers, 4 * i, value);
      return concat([encodeName(data.primary), encodeName(data.mailbox), numbers]);
    }
    case 'caa': {
      const tag = utf8(data.tag);
      return concat([Uint8Array.of(data.flags), shortLength(tag), tag, data.value]);
    }
    case 'opt':
      return encodeOptions(data.options);
    case 'svcb':
      return concat([u16s(data.priority), encodeName(data.target), encodeOptions(data.parameters)]);
    case 'raw':
      return data.data;
  }
}

function u16s(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  for (const [i, value] of values.entries()) writeU16(bytes, 2 * i, value);
  return bytes;
}

function shortLength(text: Uint8Array): Uint8Array {
  if (text.length > 255) throw new RangeError(`text: expected at most 255 bytes, got ${text.length}`);
  return Uint8Array.of(text.length);
}

function encodeOptions(options: readonly DnsOption[]): Uint8Array {
  return concat(options.map(({ code, data }) => concat([u16s(code, data.length), data])));
}

/** ` 192.0.2.1`, ` 10 mail.example.org.`: what tcpdump puts behind the type. */
export function describeDnsData(data: DnsData): string {
  switch (data.kind) {
    case 'address':
      return ` ${data.address}`;
    case 'name':
      return ` ${data.name}.`;
    case 'mx':
      return ` ${data.exchange}. ${data.preference}`;
    case 'srv':
      return ` ${data.target}.:${data.port} ${data.priority} ${data.weight}`;
    case 'txt':
      return data.strings.map((text) => ` ${JSON.stringify(fromUtf8(text))}`).join('');
    case 'caa':
      return ` ${data.flags} ${JSON.stringify(data.tag)} ${JSON.stringify(fromUtf8(data.value))}`;
    case 'svcb':
      return ` ${data.priority} ${data.target === '.' ? '' : data.target}.`;
    case 'raw':
      return data.data.length === 0 ? '' : ` 0x${toHex(data.data)}`;
    default:
      return '';
  }
}
