/**
 * What the extensions of a hello say (RFC 8446 §4.2, and the documents named below): those that people look at, by kind.
 * Others stay bytes, and so does data that is not as its document says. tls.ts has the hellos.
 */
import { equal, fromUtf8, readU16, readU32, toHex, utf8 } from '../core/bytes.ts';
import { type TlsRegistry, tlsName } from './tls-names.ts';

/** An extension of a hello. RFC 8446 §4.2 */
export interface TlsExtension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** A key for one group. RFC 8446 §4.2.8 */
export interface TlsKeyShare {
  readonly group: number;
  readonly key: Uint8Array;
}

/** What an extension says. Plain data, owned. */
export type TlsExtensionValue =
  /** server_name (RFC 6066 §3), application_layer_protocol_negotiation (RFC 7301 §3.1). */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** Groups, schemes, versions, formats, modes, sizes: see `tlsName`. */
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] }
  /** Offered; of a server one. */
  | { readonly kind: 'keyShares'; readonly shares: readonly TlsKeyShare[] }
  /** The group that a HelloRetryRequest asks for, or the identity that a server takes. RFC 8446 §4.2.8, §4.2.11 */
  | { readonly kind: 'selected'; readonly number: number }
  /** Identities with the age of each in ms, hidden by a sum, and the proofs. RFC 8446 §4.2.11 */
  | {
      readonly kind: 'preSharedKeys';
      readonly identities: readonly { readonly identity: Uint8Array; readonly obfuscatedAge: number }[];
      readonly binders: readonly Uint8Array[];
    }
  /** Session ticket (RFC 5077 §3.2), cookie (RFC 8446 §4.2.2), renegotiation info (RFC 5746 §3.2). */
  | { readonly kind: 'opaque'; readonly data: Uint8Array }
  /** Its being there says it all. */
  | { readonly kind: 'present' };

type Read = (data: Uint8Array, isClient: boolean) => TlsExtensionValue | undefined;

/** The bytes of a vector with its length in front, when it is all of `data`. */
function vector(data: Uint8Array, lengthBytes: 1 | 2): Uint8Array | undefined {
  if (data.length < lengthBytes) return undefined;
  const length = lengthBytes === 1 ? data[0]! : readU16(data, 0);
  return data.length === lengthBytes + length ? data.subarray(lengthBytes) : undefined;
}

/** Vectors one after another. */
function vectors(data: Uint8Array, lengthBytes: 1 | 2): Uint8Array[] | undefined {
  const list: Uint8Array[] = [];
  for (let at = 0; at < data.length; ) {
    if (at + lengthBytes > data.length) return undefined;
    const end = at + lengthBytes + (lengthBytes === 1 ? data[at]! : readU16(data, at));
    if (end > data.length) return undefined;
    list.push(data.slice(at + lengthBytes, end));
    at = end;
  }
  return list;
}

/** A list of numbers with its length in front; of a server, where `single`, one number without. */
function numbers(lengthBytes: 1 | 2, width: 1 | 2, single: boolean = false): Read {
  return (data, isClient) => {
    const list = single && !isClient ? data : vector(data, lengthBytes);
    if (list === undefined || list.length % width !== 0 || list.length === 0) return undefined;
    if (single && !isClient && list.length !== width) return undefined;
    const count = list.length / width;
    const at = (i: number): number => (width === 1 ? list[i]! : readU16(list, 2 * i));
    return { kind: 'numbers', numbers: Array.from({ length: count }, (_, i) => at(i)) };
  };
}

function texts(list: readonly Uint8Array[] | undefined): TlsExtensionValue | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const names = list.map((bytes) => fromUtf8(bytes));
  return names.every((name, i) => equal(utf8(name), list[i]!)) ? { kind: 'names', names } : undefined;
}

/** RFC 6066 §3: typed names, of which only host names (0) exist; a server answers with nothing. */
const serverNames: Read = (data) => {
  if (data.length === 0) return { kind: 'present' };
  const list = vector(data, 2);
  if (list === undefined || list[0] !== 0) return undefined;
  return texts(vectors(list.subarray(1), 2));
};

const protocols: Read = (data) => {
  const list = vector(data, 2);
  return list === undefined ? undefined : texts(vectors(list, 1));
};

/** RFC 8446 §4.2.8: a list, one share, or the group alone in a HelloRetryRequest. */
const keyShares: Read = (data, isClient) => {
  if (!isClient && data.length === 2) return { kind: 'selected', number: readU16(data, 0) };
  const list = isClient ? vector(data, 2) : data;
  if (list === undefined) return undefined;
  const shares: TlsKeyShare[] = [];
  for (let at = 0; at < list.length; ) {
    const end = at + 4 + (at + 4 > list.length ? 0 : readU16(list, at + 2));
    if (end > list.length) return undefined;
    shares.push({ group: readU16(list, at), key: list.slice(at + 4, end) });
    at = end;
  }
  return isClient || shares.length === 1 ? { kind: 'keyShares', shares } : undefined;
};

/** RFC 8446 §4.2.11 */
const preSharedKeys: Read = (data, isClient) => {
  if (!isClient) return data.length === 2 ? { kind: 'selected', number: readU16(data, 0) } : undefined;
  const bindersAt = data.length < 2 ? 2 : 2 + readU16(data, 0);
  if (bindersAt > data.length) return undefined;
  const identities: { identity: Uint8Array; obfuscatedAge: number }[] = [];
  for (let at = 2; at < bindersAt; ) {
    const end = at + 6 + (at + 2 > bindersAt ? 0 : readU16(data, at));
    if (end > bindersAt) return undefined;
    identities.push({ identity: data.slice(at + 2, end - 4), obfuscatedAge: readU32(data, end - 4) });
    at = end;
  }
  const list = vector(data.subarray(bindersAt), 2);
  const binders = list === undefined ? undefined : vectors(list, 1);
  return binders === undefined ? undefined : { kind: 'preSharedKeys', identities, binders };
};

const present: Read = (data) => (data.length === 0 ? { kind: 'present' } : undefined);
const opaque: Read = (data) => ({ kind: 'opaque', data: data.slice() });

function opaqueVector(lengthBytes: 1 | 2): Read {
  return (data) => {
    const inside = vector(data, lengthBytes);
    return inside === undefined ? undefined : { kind: 'opaque', data: inside.slice() };
  };
}

/** By type; the names are in tls-names.ts. */
const readers: ReadonlyMap<number, Read> = new Map<number, Read>([
  [0, serverNames],
  [10, numbers(2, 2)],
  [11, numbers(1, 1)],
  [13, numbers(2, 2)],
  [16, protocols],
  [22, present],
  [23, present],
  [27, numbers(1, 2)],
  [28, (data) => (data.length === 2 ? { kind: 'numbers', numbers: [readU16(data, 0)] } : undefined)],
  [35, opaque],
  [41, preSharedKeys],
  [42, present],
  [43, numbers(1, 2, true)],
  [44, opaqueVector(2)],
  [45, numbers(1, 1)],
  [49, present],
  [50, numbers(2, 2)],
  [51, keyShares],
  [0xff01, opaqueVector(1)],
]);

/**
 * What an extension says.
 * @param isClient whether it stands in a ClientHello: a server's choice has another form than a client's list
 * @returns undefined for types that stay bytes, and for data that is not as its document says
 */
export function tlsExtensionValue({ type, data }: TlsExtension, isClient: boolean): TlsExtensionValue | undefined {
  return readers.get(type)?.(data, isClient);
}

/** Where the numbers of an extension have their names. */
const registryOf: ReadonlyMap<number, TlsRegistry> = new Map([
  [10, 'group'],
  [13, 'signatureScheme'],
  [43, 'version'],
  [50, 'signatureScheme'],
]);

/** `supported_groups x25519 secp256r1`, `key_share x25519`; what stays bytes in hex. */
export function describeTlsExtension(extension: TlsExtension, isClient: boolean): string {
  const name = tlsName('extension', extension.type);
  const value = tlsExtensionValue(extension, isClient);
  return `${name} ${value === undefined ? hexWord(extension.data) : valueWords(extension.type, value)}`.trimEnd();
}

function valueWords(type: number, value: TlsExtensionValue): string {
  switch (value.kind) {
    case 'names':
      return value.names.map((name) => JSON.stringify(name)).join(' ');
    case 'numbers': {
      const registry = registryOf.get(type);
      return value.numbers.map((one) => (registry === undefined ? String(one) : tlsName(registry, one))).join(' ');
    }
    case 'keyShares':
      return value.shares.map(({ group }) => tlsName('group', group)).join(' ');
    case 'selected':
      return type === 51 ? tlsName('group', value.number) : String(value.number);
    case 'preSharedKeys':
      return `${value.identities.length} identities`;
    case 'opaque':
      return hexWord(value.data);
    case 'present':
      return '';
  }
}

function hexWord(data: Uint8Array): string {
  if (data.length === 0) return '';
  return data.length > 32 ? `(${data.length} bytes)` : `0x${toHex(data)}`;
}
