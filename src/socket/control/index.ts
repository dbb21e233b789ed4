/**
 * Control messages (ancillary data, cmsg(3)): what sendmsg(2) and recvmsg(2) carry beside the bytes.
 *
 * The buffer is a row of messages. Each has a header of 16 bytes (struct cmsghdr on 64-bit Linux: cmsg_len as size_t,
 * with the header counted; cmsg_level, cmsg_type), its data, and zeros up to the next multiple of 8. Rows of one
 * subject stand together: unix.ts, ip.ts, ipv6.ts, socket.ts, time.ts, errors.ts, transport.ts; row.ts says what a row
 * is.
 */
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { type ErrorControl, errorRows } from './errors.ts';
import { type IpControl, ipRows } from './ip.ts';
import { type Ipv6Control, ipv6Rows } from './ipv6.ts';
import { type AnyRow, type ControlRow, checkBytes, checkI32 } from './row.ts';
import { type SocketControl, socketRows } from './socket.ts';
import { type TimeControl, timeRows } from './time.ts';
import { type TransportControl, transportRows } from './transport.ts';
import { type UnixControl, unixRows } from './unix.ts';

export * from './errors.ts';
export type * from './ip.ts';
export type * from './ipv6.ts';
export type { BytesMessage, NumberMessage } from './row.ts';
export type * from './socket.ts';
export type * from './time.ts';
export type { ConnectionFigures, OptStats } from './time-stats.ts';
export type * from './transport.ts';
export { type Credentials, type Rights, SCM_MAX_FD, type SecurityLabel, type UnixControl } from './unix.ts';

/** Any message that has no row, or whose length is not its struct's: nothing is lost. */
export interface UnknownControl {
  readonly kind: 'unknown';
  readonly level: number;
  readonly type: number;
  /** Owned when decoded. */
  readonly data: Uint8Array;
}

/**
 * One control message. `kind` is its C name in small letters without SCM_ or SO_: `rights`, `timestampns`,
 * `ip-pktinfo`, `ipv6-hoplimit`, `udp-segment`.
 */
export type ControlMessage =
  | UnixControl
  | IpControl
  | Ipv6Control
  | SocketControl
  | TimeControl
  | ErrorControl
  | TransportControl
  | UnknownControl;

export type ControlKind = ControlMessage['kind'];

const HEADER = 16;
const ALIGN = 8;

const rows: readonly AnyRow[] = [
  ...unixRows,
  ...ipRows,
  ...ipv6Rows,
  ...socketRows,
  ...timeRows,
  ...errorRows,
  ...transportRows,
];

const byNumber = new Map<number, AnyRow[]>();
const byKind = new Map<string, AnyRow[]>();

// Types stay under 2^20; levels under 2^31.
const numberKey = (level: number, type: number): number => level * 0x10_0000 + type;

for (const row of rows) {
  const key = numberKey(row.level, row.type);
  byNumber.set(key, [...(byNumber.get(key) ?? []), row]);
  byKind.set(row.kind, [...(byKind.get(row.kind) ?? []), row]);
}

/** Every kind with its C name, level and type: for listings and tests. */
export function controlRows(): readonly Pick<ControlRow, 'name' | 'kind' | 'level' | 'type'>[] {
  return rows;
}

function align(length: number): number {
  return (length + ALIGN - 1) & ~(ALIGN - 1);
}

/** CMSG_LEN: bytes of a message with `dataLength` bytes of data, without padding behind it. */
export function controlLength(dataLength: number): number {
  return HEADER + dataLength;
}

/**
 * CMSG_SPACE, summed: the room that messages with so many bytes of data take. For `controlSize` of `recvmsg`.
 * @example
 * ```ts
 * import { controlSpace } from 'barewire';
 * controlSpace(3 * 4, 12); // three descriptors (SCM_RIGHTS) and credentials: 64 bytes
 * ```
 */
export function controlSpace(...dataLengths: number[]): number {
  let space = 0;
  for (const length of dataLengths) {
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError(`dataLengths: expected integers of 0 or more, got ${length}`);
    }
    space += align(HEADER + length);
  }
  return space;
}

/**
 * Decode what recvmsg(2) wrote. Never throws: a message without a row, cut short (MSG_CTRUNC) or of another size than
 * its struct is `unknown` with its bytes; what is not even a header ends the list.
 * @param bytes borrowed; nothing of it is kept
 * @param length msg_controllen as the kernel left it
 */
export function decodeControl(bytes: Uint8Array, length: number = bytes.length): ControlMessage[] {
  const messages: ControlMessage[] = [];
  const end = Math.min(length, bytes.length);
  let at = 0;
  while (at + HEADER <= end) {
    const claimed = readHostU32(bytes, at) + readHostU32(bytes, at + 4) * 2 ** 32;
    if (claimed < HEADER) break;
    const messageEnd = Math.min(at + claimed, end);
    const level = readHostU32(bytes, at + 8) | 0;
    const type = readHostU32(bytes, at + 12) | 0;
    const whole = at + claimed <= end;
    messages.push(decodeOne(level, type, bytes.subarray(at + HEADER, messageEnd), whole));
    if (!whole) break;
    at += align(claimed);
  }
  return messages;
}

function decodeOne(level: number, type: number, data: Uint8Array, whole: boolean): ControlMessage {
  if (whole && type >= 0 && type < 0x10_0000) {
    for (const row of byNumber.get(numberKey(level, type)) ?? []) {
      const message = row.decode(data) as ControlMessage | undefined;
      if (message !== undefined) return message;
    }
  }
  return { kind: 'unknown', level, type, data: data.slice() };
}

interface EncodedMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

function encodeOne(message: ControlMessage): EncodedMessage {
  if (message.kind === 'unknown') {
    const level = checkI32(message.level, 'unknown.level');
    return { level, type: checkI32(message.type, 'unknown.type'), data: checkBytes(message.data, 'unknown.data') };
  }
  // The kind picked the row, so the row takes this message: what the type checker cannot see through the table.
  const candidates = byKind.get(message.kind) as ControlRow<ControlMessage>[] | undefined;
  const row = candidates?.find(({ accepts }) => accepts?.(message) ?? true);
  if (row === undefined) throw new TypeError(`kind: expected a kind of control message, got '${String(message.kind)}'`);
  return { level: row.level, type: row.type, data: row.encode(message) };
}

/**
 * Encode messages as the whole buffer of msg_control, newly made; empty for none.
 * @throws TypeError or RangeError naming the field (`ip-ttl.ttl`), what was expected and what came
 * @example
 * ```ts
 * import { decodeControl, encodeControl } from 'barewire';
 * const bytes = encodeControl([{ kind: 'ip-ttl', ttl: 7 }, { kind: 'rights', fds: [0, 1, 2] }]);
 * console.log(bytes.length, decodeControl(bytes));
 * ```
 */
export function encodeControl(messages: readonly ControlMessage[]): Uint8Array {
  const encoded = messages.map(encodeOne);
  const buffer = new Uint8Array(controlSpace(...encoded.map(({ data }) => data.length)));
  let at = 0;
  for (const { level, type, data } of encoded) {
    writeHostU32(buffer, at, HEADER + data.length);
    writeHostU32(buffer, at + 8, level);
    writeHostU32(buffer, at + 12, type);
    buffer.set(data, at + HEADER);
    at += align(HEADER + data.length);
  }
  return buffer;
}
