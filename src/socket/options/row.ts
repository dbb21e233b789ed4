/**
 * A socket option as a row: its C name, level and number, and how its value's bytes are read and written. Getter and
 * setter both come from the row, so that an option can never be read at one level and written at another.
 */

/** How the bytes of an option's value are read and written (host byte order, except addresses). */
export interface OptionType<T> {
  /** What a value is, in a word or two: `int`, `bool`, `ip_mreqn`. */
  readonly name: string;
  /** Bytes of room that getsockopt is given. */
  readonly size: number;
  /** @param bytes borrowed: exactly what the kernel wrote */
  decode(bytes: Uint8Array): T;
  /** @returns the bytes for setsockopt; throws TypeError or RangeError for a value that cannot be one */
  encode(value: T): Uint8Array;
  /** For a struct that holds a pointer: where in it, and what it points to; borrowed for the time of the call. */
  pointee?(value: T): Pointee;
  /** What getsockopt reads from the buffer before it writes there: the question of options that answer one. */
  readonly request?: Uint8Array;
  /** Bytes of one unit of getsockopt's length, where it counts something else (SO_GET_FILTER: instructions). */
  readonly unit?: number;
}

export interface Pointee {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** `rw`: getsockopt and setsockopt; `r`, `w`: one of them. */
export type Access = 'rw' | 'r' | 'w';

export interface Option<T> {
  /** The C name. */
  readonly name: string;
  readonly level: number;
  readonly number: number;
  readonly type: OptionType<T>;
  readonly access: Access;
  /** For a second name of the same number: the first. */
  readonly alias?: string;
}

type MakeRow = <T>(name: string, number: number, type: OptionType<T>, access?: Access, alias?: string) => Option<T>;

/** Makes the rows of one level; `name` without the prefix. */
export function rowsOf(level: number, prefix: string): MakeRow {
  return (name, number, type, access = 'rw', alias) => ({
    name: `${prefix}${name}`,
    level,
    number,
    type,
    access,
    ...(alias === undefined ? {} : { alias: `${prefix}${alias}` }),
  });
}

/**
 * The same row, asked with a question: what options such as IP_MSFILTER and IPV6_FLOWLABEL_MGR find in getsockopt's
 * buffer. The question is a value of the option's type with the fields filled that say what is asked for.
 * @example
 * ```ts
 * import { AF_INET, asking, IP, kernel, MCAST_INCLUDE, SOCK_DGRAM } from 'barewire';
 * using socket = kernel.socket(AF_INET, SOCK_DGRAM);
 * const wanted = { group: '232.1.2.3', interface: '127.0.0.1' };
 * socket.set(IP.ADD_SOURCE_MEMBERSHIP, { ...wanted, source: '127.0.0.2' });
 * // Room for four sources, and whose filter it is.
 * const sources = ['0.0.0.0', '0.0.0.0', '0.0.0.0', '0.0.0.0'];
 * const filter = socket.get(asking(IP.MSFILTER, { ...wanted, mode: MCAST_INCLUDE, sources }));
 * console.log(filter.sources); // ['127.0.0.2']
 * ```
 */
export function asking<T>(option: Option<T>, question: T): Option<T> {
  const request = option.type.encode(question);
  return { ...option, type: { ...option.type, request, size: Math.max(option.type.size, request.length) } };
}
