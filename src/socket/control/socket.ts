/** Control messages that sockets of every family may carry (socket(7)): marks, drops, device memory. */
import { readHostU32, readHostU64, writeHostU32, writeHostU64 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type ControlRow,
  checkBigint,
  checkU32,
  I32,
  type NumberMessage,
  numberRow,
  U32,
  U64_MAX,
} from './row.ts';

const SOL_SOCKET = 1;

type DevmemKind = 'devmem-dmabuf' | 'devmem-linear';

/** SCM_DEVMEM_DMABUF, SCM_DEVMEM_LINEAR (MSG_SOCK_DEVMEM, Linux 6.12): a piece of payload in device memory. */
export interface DevmemFragment<Kind extends DevmemKind = DevmemKind> {
  readonly kind: Kind;
  readonly fragOffset: bigint;
  readonly fragSize: number;
  /** Given back with SO_DEVMEM_DONTNEED. */
  readonly fragToken: number;
  readonly dmabufId: number;
  readonly flags: number;
}

export type SocketControl =
  | DevmemFragment<'devmem-dmabuf'>
  | DevmemFragment<'devmem-linear'>
  /** SO_RXQ_OVFL: datagrams dropped because the receive buffer was full, since the socket was made (wraps at 2^32). */
  | NumberMessage<'rxq-ovfl', 'dropped'>
  /** SO_MARK: sent, this message's fwmark (CAP_NET_ADMIN or CAP_NET_RAW); received with SO_RCVMARK. */
  | NumberMessage<'mark', 'mark'>
  /** SO_PRIORITY: sent since Linux 6.14, this message's queueing priority; received with SO_RCVPRIORITY. */
  | NumberMessage<'priority', 'priority'>
  /** SO_WIFI_STATUS, on the error queue: 1 when the station acknowledged the frame. */
  | NumberMessage<'wifi-status', 'acked'>
  /** SCM_DEVMEM_DMABUF as it is sent (Linux 6.16): the buffer that the iovec's offsets point into. */
  | NumberMessage<'devmem-send', 'dmabufId'>;

function devmem(name: string, kind: DevmemFragment['kind'], type: number): ControlRow<DevmemFragment> {
  return {
    name,
    kind,
    level: SOL_SOCKET,
    type,
    decode: (data) =>
      data.length === 24
        ? {
            kind,
            fragOffset: readHostU64(data, 0),
            fragSize: readHostU32(data, 8),
            fragToken: readHostU32(data, 12),
            dmabufId: readHostU32(data, 16),
            flags: readHostU32(data, 20),
          }
        : undefined,
    encode: (message) => {
      const data = new Uint8Array(24);
      writeHostU64(data, 0, checkBigint(message.fragOffset, `${kind}.fragOffset`, 0n, U64_MAX));
      (['fragSize', 'fragToken', 'dmabufId', 'flags'] as const).forEach((field, i) => {
        writeHostU32(data, 8 + 4 * i, checkU32(message[field], `${kind}.${field}`));
      });
      return data;
    },
  };
}

export const socketRows: readonly AnyRow[] = [
  numberRow('SO_RXQ_OVFL', 'rxq-ovfl', SOL_SOCKET, 40, 'dropped', U32),
  numberRow('SO_MARK', 'mark', SOL_SOCKET, 36, 'mark', U32),
  numberRow('SO_PRIORITY', 'priority', SOL_SOCKET, 12, 'priority', U32),
  numberRow('SO_WIFI_STATUS', 'wifi-status', SOL_SOCKET, 41, 'acked', I32),
  devmem('SCM_DEVMEM_LINEAR', 'devmem-linear', 78),
  devmem('SCM_DEVMEM_DMABUF', 'devmem-dmabuf', 79),
  numberRow('SCM_DEVMEM_DMABUF', 'devmem-send', SOL_SOCKET, 79, 'dmabufId', U32),
];
