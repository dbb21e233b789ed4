/**
 * One message of recvmsg(2) and sendmsg(2): several buffers, an address, control messages, flags. A `Message` is what
 * came in, an `OutgoingMessage` what shall go out.
 */
import type { SocketAddress } from '../addr/sockaddr.ts';
import { concat } from '../core/bytes.ts';
import type { AddressLike } from './call-arguments.ts';
import { MSG_CTRUNC, MSG_TRUNC } from './constants.ts';
import { type ControlMessage, decodeControl, encodeControl } from './control/index.ts';
import type { SocketDriver } from './driver.ts';
import { OwnedFd } from './owned-fd.ts';
import type { SocketCore } from './socket-core.ts';
import type { WaitOptions } from './wait-queue.ts';

type Rights = Extract<ControlMessage, { readonly kind: 'rights' }>;
type Pidfd = Extract<ControlMessage, { readonly kind: 'pidfd' }>;

/** A control message as it comes: descriptors are owned, and close themselves when nobody takes them. */
export type ReceivedControl =
  | Exclude<ControlMessage, Rights | Pidfd>
  | { readonly kind: 'rights'; readonly fds: readonly OwnedFd[] }
  /** `fd` is undefined when the kernel could make none: the sender was gone already. */
  | { readonly kind: 'pidfd'; readonly fd: OwnedFd | undefined };

/** A control message as it goes: descriptors by number, or whatever owns one and goes on owning it. */
export type OutgoingControl =
  | Exclude<ControlMessage, Rights>
  | { readonly kind: 'rights'; readonly fds: readonly (number | OwnedFd | SocketCore)[] };

/** How much room a message is given. */
export interface MessageRoom {
  /** Where the data goes, in order (at most 1024). Borrowed until the call settles. */
  readonly buffers?: readonly Uint8Array[] | undefined;
  /** Bytes of fresh memory, when no `buffers` are given. */
  readonly size?: number | undefined;
  /** Bytes of room for control messages: what does not fit is lost (`controlTruncated`). 1024 when left out. */
  readonly controlSize?: number | undefined;
  /** MSG_* bits. */
  readonly flags?: number | undefined;
}

export interface MessageOptions extends MessageRoom, WaitOptions {}

export interface OutgoingMessage {
  /** One buffer, or several that go as one message. Borrowed until the call settles; strings go as UTF-8. */
  readonly data: Uint8Array | string | readonly Uint8Array[];
  /** Where to; left out on a connected socket. */
  readonly to?: AddressLike | undefined;
  readonly control?: readonly OutgoingControl[] | undefined;
  /** MSG_* bits. */
  readonly flags?: number | undefined;
}

const CONTROL_ROOM = 1024;

/** A received message. */
export class Message {
  /** The filled parts of the buffers, in order: views. */
  readonly buffers: readonly Uint8Array[];
  /** The message's real length in bytes: more than the buffers hold when `truncated`. */
  readonly length: number;
  /** Who sent it; undefined on a connected stream, which tells no address. */
  readonly address: SocketAddress | undefined;
  readonly control: readonly ReceivedControl[];
  /** `msg_flags`: MSG_EOR, MSG_OOB, MSG_ERRQUEUE … */
  readonly flags: number;

  constructor(
    buffers: readonly Uint8Array[],
    length: number,
    address: SocketAddress | undefined,
    control: readonly ReceivedControl[],
    flags: number,
  ) {
    this.buffers = buffers;
    this.length = length;
    this.address = address;
    this.control = control;
    this.flags = flags;
  }

  /** The data in one piece: a view when one buffer holds it, a copy when several do. */
  get data(): Uint8Array {
    const only = this.buffers[0];
    if (this.buffers.length === 1 && only !== undefined) return only;
    return concat(this.buffers);
  }

  /** Whether the end of the message is lost because the buffers were too small (MSG_TRUNC). */
  get truncated(): boolean {
    return (this.flags & MSG_TRUNC) !== 0;
  }

  /** Whether control messages are lost because `controlSize` was too small (MSG_CTRUNC). */
  get controlTruncated(): boolean {
    return (this.flags & MSG_CTRUNC) !== 0;
  }

  /** The first control message of a kind. */
  controlOf<Kind extends ReceivedControl['kind']>(
    kind: Kind,
  ): Extract<ReceivedControl, { readonly kind: Kind }> | undefined {
    return this.control.find(
      (message): message is Extract<ReceivedControl, { readonly kind: Kind }> => message.kind === kind,
    );
  }
}

/** The buffers and the control room that a call of recvmsg is given. */
export function roomOf(options: MessageRoom | undefined): {
  readonly buffers: readonly Uint8Array[];
  readonly control: Uint8Array | null;
} {
  const { buffers, size, controlSize = CONTROL_ROOM } = options ?? {};
  if (buffers !== undefined) {
    if (!Array.isArray(buffers) || !buffers.every((buffer) => buffer instanceof Uint8Array)) {
      throw new TypeError(`buffers: expected an array of Uint8Arrays, got ${typeof buffers}`);
    }
    if (size !== undefined) throw new TypeError('size: expected either buffers or a size, got both');
  }
  checkSize('controlSize', controlSize);
  return {
    buffers: buffers ?? [new Uint8Array(checkSize('size', size ?? 65_536))],
    control: controlSize === 0 ? null : new Uint8Array(controlSize),
  };
}

function checkSize(name: string, size: number): number {
  if (!Number.isInteger(size) || size < 0 || size > 0x7fff_ffff) {
    throw new RangeError(`${name}: expected an integer from 0 to 2147483647, got ${String(size)}`);
  }
  return size;
}

/** The parts of `buffers` that `length` bytes filled. */
export function filled(buffers: readonly Uint8Array[], length: number): readonly Uint8Array[] {
  let left = length;
  const parts: Uint8Array[] = [];
  for (const buffer of buffers) {
    const count = Math.min(left, buffer.length);
    parts.push(count === buffer.length ? buffer : buffer.subarray(0, count));
    left -= count;
    if (left <= 0) break;
  }
  return parts;
}

/** Control data as it came, with every descriptor in it owned from now on. */
export function receiveControl(driver: SocketDriver, bytes: Uint8Array, length: number): ReceivedControl[] {
  const own = (fd: number): OwnedFd => new OwnedFd(driver, fd);
  return decodeControl(bytes, length).map((message) => {
    if (message.kind === 'rights') return { kind: 'rights', fds: message.fds.map(own) };
    if (message.kind === 'pidfd') return { kind: 'pidfd', fd: message.fd < 0 ? undefined : own(message.fd) };
    return message;
  });
}

/** Control data as sendmsg(2) wants it; null when there is none. */
export function sendControl(control: readonly OutgoingControl[] | undefined): Uint8Array | null {
  if (control === undefined || control.length === 0) return null;
  return encodeControl(
    control.map((message) =>
      message.kind === 'rights' ? { kind: 'rights', fds: message.fds.map(descriptorNumber) } : message,
    ),
  );
}

function descriptorNumber(owner: number | OwnedFd | SocketCore): number {
  const fd = typeof owner === 'number' ? owner : owner?.fd;
  if (Number.isInteger(fd) && (fd as number) >= 0) return fd as number;
  throw new TypeError(`fds: expected open descriptors, sockets or OwnedFds, got ${typeof owner} ${String(fd)}`);
}

/** The data of an outgoing message as the parts of one writev. */
export function partsOf(data: OutgoingMessage['data']): readonly Uint8Array[] {
  if (typeof data === 'string') return [new TextEncoder().encode(data)];
  if (data instanceof Uint8Array) return [data];
  if (Array.isArray(data) && data.every((part) => part instanceof Uint8Array)) return data;
  throw new TypeError(`data: expected a Uint8Array, a string or an array of Uint8Arrays, got ${typeof data}`);
}
