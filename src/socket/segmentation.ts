/**
 * Sending a run of datagrams of one size to one peer as few large messages that the kernel cuts (UDP_SEGMENT, udp(7)):
 * one walk through the stack instead of one for each datagram. What leaves the machine is the same.
 */
import { writeHostU16, writeHostU32 } from '../core/bytes.ts';
import { ADDRESS_ROOM, type DatagramBatch } from './batch.ts';
import { IPPROTO_UDP, MSG_NOSIGNAL } from './constants.ts';
import type { Handle, SocketDriver } from './driver.ts';

const UDP_SEGMENT = 103;
/** UDP_MAX_SEGMENTS of Linux before 6.9, which doubled it. */
const MOST_SEGMENTS = 64;
/** The most that one IPv4 datagram carries; IPv6 carries a little more. */
const MOST_BYTES = 65_507;
/** CMSG_SPACE(2) and CMSG_LEN(2) on 64-bit Linux. */
const CONTROL_SPACE = 24;
const CONTROL_LENGTH = 18;
const MOST_MESSAGES = 1024 / 2;

// One set of arrays serves every socket of the thread: they are filled and read within one call.
const lengths = new Int32Array(MOST_MESSAGES);
const addressLengths = new Int32Array(MOST_MESSAGES);
const addresses = new Uint8Array(MOST_MESSAGES * ADDRESS_ROOM);
const controls = new Uint8Array(MOST_MESSAGES * CONTROL_SPACE);
const controlLengths = new Int32Array(MOST_MESSAGES).fill(CONTROL_SPACE);

/**
 * How many datagrams of `batch` from `first` on are a run: of the slab's full stride, for one peer, without control. None
 * where no two of them fit into one message.
 */
export function runLength(batch: DatagramBatch, first: number, count: number): number {
  if (2 * batch.stride > MOST_BYTES) return 0;
  const end = first + count;
  let at = first;
  // The last of a run may be shorter: nothing follows it in its message.
  while (at < end && batch.controlLengths[at] === 0 && samePeer(batch, first, at)) {
    const length = batch.lengths[at] as number;
    if (length === 0 || length > batch.stride) break;
    at++;
    if (length < batch.stride) break;
  }
  return at - first;
}

function samePeer(batch: DatagramBatch, a: number, b: number): boolean {
  const length = batch.addressLengths[a] as number;
  if (batch.addressLengths[b] !== length) return false;
  const from = a * ADDRESS_ROOM;
  const to = b * ADDRESS_ROOM;
  for (let i = 0; i < length; i++) if (batch.addresses[from + i] !== batch.addresses[to + i]) return false;
  return true;
}

/**
 * Send a run that `runLength` found.
 * @returns how many datagrams went, or -errno
 */
export function sendRun(
  driver: SocketDriver,
  handle: Handle,
  batch: DatagramBatch,
  first: number,
  run: number,
  flags: number,
): number {
  const { stride } = batch;
  const each = Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / stride));
  const messages = Math.ceil(run / each);
  const last = batch.lengths[first + run - 1] as number;
  const addressLength = batch.addressLengths[first] as number;
  const from = first * ADDRESS_ROOM;
  for (let i = 0; i < messages; i++) {
    const segments = Math.min(each, run - i * each);
    lengths[i] = i === messages - 1 ? (segments - 1) * stride + last : segments * stride;
    addressLengths[i] = addressLength;
    if (addressLength > 0) addresses.set(batch.addresses.subarray(from, from + addressLength), i * ADDRESS_ROOM);
    writeSegmentControl(i * CONTROL_SPACE, stride);
  }
  const sent = driver.sendmmsg(
    handle,
    batch.slab.subarray(first * stride, (first + run) * stride),
    each * stride,
    0,
    messages,
    lengths,
    addresses,
    addressLengths,
    flags | MSG_NOSIGNAL,
    controls,
    CONTROL_SPACE,
    controlLengths,
  );
  return sent < 0 ? sent : Math.min(sent * each, run);
}

function writeSegmentControl(at: number, size: number): void {
  writeHostU32(controls, at, CONTROL_LENGTH);
  writeHostU32(controls, at + 4, 0);
  writeHostU32(controls, at + 8, IPPROTO_UDP);
  writeHostU32(controls, at + 12, UDP_SEGMENT);
  writeHostU16(controls, at + 16, size);
}
