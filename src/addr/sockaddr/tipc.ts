/** Cluster addresses: struct sockaddr_tipc (linux/tipc.h). Host byte order. */
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { checkU32, type FamilyCodec, parseU32, splitText } from './codec.ts';

const SERVICE_RANGE = 1;
const SERVICE_ADDR = 2;
const SOCKET_ADDR = 3;

/** One instance of a service, wherever it runs. */
export interface TipcServiceAddress {
  readonly family: 'tipc';
  readonly kind: 'service';
  readonly type: number;
  readonly instance: number;
  /** Node to look in; 0 (everywhere) is left out when decoding. */
  readonly node?: number;
  /** What a bind offers it to: TIPC_CLUSTER_SCOPE 2, TIPC_NODE_SCOPE 3, negative to withdraw; 0 is left out. */
  readonly scope?: number;
}

/** Several instances: for bind(2) and multicast. */
export interface TipcRangeAddress {
  readonly family: 'tipc';
  readonly kind: 'range';
  readonly type: number;
  readonly lower: number;
  readonly upper: number;
  readonly scope?: number;
}

/** One socket, by its own number. */
export interface TipcSocketAddress {
  readonly family: 'tipc';
  readonly kind: 'socket';
  readonly ref: number;
  readonly node: number;
  readonly scope?: number;
}

export type TipcAddress = TipcServiceAddress | TipcRangeAddress | TipcSocketAddress;

export const tipc: FamilyCodec<TipcAddress> = {
  number: 30,
  bytes: 16,
  write(addr, into, offset) {
    const scope = addr.scope ?? 0;
    if (!(Number.isInteger(scope) && scope >= -128 && scope <= 127)) {
      throw new RangeError(`scope: expected a whole number from -128 to 127, got ${String(scope)}`);
    }
    const [kind, ...words] = wordsOf(addr);
    into[offset + 2] = kind;
    into[offset + 3] = scope;
    for (const [i, [name, value]] of words.entries()) writeHostU32(into, offset + 4 + 4 * i, checkU32(value, name));
  },
  read(bytes, length, offset) {
    if (length < 16) return null;
    const signed = (bytes[offset + 3]! << 24) >> 24;
    const scope = signed === 0 ? {} : { scope: signed };
    const word = (i: number): number => readHostU32(bytes, offset + 4 + 4 * i);
    switch (bytes[offset + 2]) {
      case SERVICE_RANGE:
        return { family: 'tipc', kind: 'range', type: word(0), lower: word(1), upper: word(2), ...scope };
      case SERVICE_ADDR: {
        const node = word(2) === 0 ? {} : { node: word(2) };
        return { family: 'tipc', kind: 'service', type: word(0), instance: word(1), ...node, ...scope };
      }
      case SOCKET_ADDR:
        // The third word is not this kind's.
        return word(2) === 0 ? { family: 'tipc', kind: 'socket', ref: word(0), node: word(1), ...scope } : null;
      default:
        return null;
    }
  },
  parse(text) {
    const kind = text.slice(0, text.indexOf(':'));
    const rest = text.slice(kind.length + 1);
    const numbers = (names: string[]): number[] =>
      splitText(rest, `tipc:${kind}`, names).map((part, i) => parseU32(part, names[i]!));
    if (kind === 'service') {
      const [type, instance] = numbers(['TYPE', 'INSTANCE']) as [number, number];
      return { family: 'tipc', kind, type, instance };
    }
    if (kind === 'range') {
      const [type, lower, upper] = numbers(['TYPE', 'LOWER', 'UPPER']) as [number, number, number];
      return { family: 'tipc', kind, type, lower, upper };
    }
    if (kind === 'socket') {
      const [ref, node] = numbers(['REF', 'NODE']) as [number, number];
      return { family: 'tipc', kind, ref, node };
    }
    throw new TypeError(`tipc: expected tipc:service:…, tipc:range:… or tipc:socket:…, got 'tipc:${text}'`);
  },
  format(addr) {
    const [, ...words] = wordsOf(addr);
    const shown = addr.kind === 'service' ? words.slice(0, 2) : words;
    return `${addr.kind}:${shown.map(([, value]) => value).join(':')}`;
  },
};

/** The number of the kind, then its words with their names. */
function wordsOf(addr: TipcAddress): [number, ...[string, number][]] {
  switch (addr.kind) {
    case 'service':
      return [SERVICE_ADDR, ['type', addr.type], ['instance', addr.instance], ['node', addr.node ?? 0]];
    case 'range':
      return [SERVICE_RANGE, ['type', addr.type], ['lower', addr.lower], ['upper', addr.upper]];
    case 'socket':
      return [SOCKET_ADDR, ['ref', addr.ref], ['node', addr.node]];
    default:
      throw new TypeError(
        `kind: expected service, range or socket, got '${String((addr as { kind?: unknown }).kind)}'`,
      );
  }
}
