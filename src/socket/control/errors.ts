/**
 * Control messages of the error queue (MSG_ERRQUEUE): struct sock_extended_err (linux/errqueue.h, ip(7) IP_RECVERR)
 * with the address of whoever found the fault.
 */
import { decodeSockAddr, type SocketAddress, writeSockAddr } from '../../addr/sockaddr.ts';
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { type AnyRow, type ControlRow, checkInt, checkU32 } from './row.ts';

export const SO_EE_ORIGIN_NONE = 0;
export const SO_EE_ORIGIN_LOCAL = 1;
export const SO_EE_ORIGIN_ICMP = 2;
export const SO_EE_ORIGIN_ICMP6 = 3;
/** A transmit timestamp (SO_TIMESTAMPING) or the state of a Wi-Fi frame. */
export const SO_EE_ORIGIN_TXSTATUS = 4;
export const SO_EE_ORIGIN_ZEROCOPY = 5;
export const SO_EE_ORIGIN_TXTIME = 6;

/** ee_code of a zero-copy completion whose data the kernel copied after all. */
export const SO_EE_CODE_ZEROCOPY_COPIED = 1;

type ErrorKind = 'ip-recverr' | 'ipv6-recverr' | 'packet-tx-timestamp' | 'vsock-recverr';

/** One entry of the error queue. */
export interface ExtendedError<Kind extends ErrorKind = ErrorKind> {
  readonly kind: Kind;
  /** ee_errno: positive; 0 for a zero-copy completion, ENOMSG for a timestamp. */
  readonly errno: number;
  /** SO_EE_ORIGIN_*: 1 local, 2 ICMP, 3 ICMPv6, 4 timestamp, 5 zero copy, 6 txtime. */
  readonly origin: number;
  /** Type of the ICMP message. */
  readonly type: number;
  /** Code of the ICMP message; for zero copy, 1 when the data was copied. */
  readonly code: number;
  /** The MTU for EMSGSIZE; SCM_TSTAMP_* for a timestamp; the first id of a zero-copy range. */
  readonly info: number;
  /** The id of a timestamp; the last id of a zero-copy range; RFC 4884's length and flags. */
  readonly data: number;
  /** Who sent the ICMP message: port 0. Left out when there is none (the kernel writes family 0). */
  readonly offender?: SocketAddress;
}

export type ErrorControl =
  | ExtendedError<'ip-recverr'>
  | ExtendedError<'ipv6-recverr'>
  | ExtendedError<'packet-tx-timestamp'>
  | ExtendedError<'vsock-recverr'>;

const FIXED = 16;

function row(
  name: string,
  kind: ExtendedError['kind'],
  level: number,
  type: number,
  offenderBytes: number,
): ControlRow<ExtendedError> {
  return {
    name,
    kind,
    level,
    type,
    decode: (data) => {
      if (data.length !== FIXED + offenderBytes) return undefined;
      const error = {
        kind,
        errno: readHostU32(data, 0),
        origin: data[4] as number,
        type: data[5] as number,
        code: data[6] as number,
        info: readHostU32(data, 8),
        data: readHostU32(data, 12),
      };
      const offender = decodeSockAddr(data, offenderBytes, FIXED);
      if (offender.family === 'raw') return error;
      // An address of another family is not of this kind of message: it stays as its bytes.
      return offender.family === familyOf(offenderBytes) ? { ...error, offender } : undefined;
    },
    encode: (error) => {
      const data = new Uint8Array(FIXED + offenderBytes);
      writeHostU32(data, 0, checkU32(error.errno, `${kind}.errno`));
      data[4] = checkInt(error.origin, `${kind}.origin`, 0, 255);
      data[5] = checkInt(error.type, `${kind}.type`, 0, 255);
      data[6] = checkInt(error.code, `${kind}.code`, 0, 255);
      writeHostU32(data, 8, checkU32(error.info, `${kind}.info`));
      writeHostU32(data, 12, checkU32(error.data, `${kind}.data`));
      if (error.offender !== undefined) writeOffender(error.offender, data, offenderBytes, `${kind}.offender`);
      return data;
    },
  };
}

function writeOffender(offender: SocketAddress, data: Uint8Array, room: number, field: string): void {
  const family = familyOf(room);
  if (offender.family !== family) {
    throw new TypeError(`${field}: expected ${family ?? 'no address'}, got family '${offender.family}'`);
  }
  writeSockAddr(offender, data, FIXED);
}

/** The family of an offender's address, by the room for it. */
function familyOf(room: number): 'inet' | 'inet6' | undefined {
  return room === 16 ? 'inet' : room === 28 ? 'inet6' : undefined;
}

export const errorRows: readonly AnyRow[] = [
  row('IP_RECVERR', 'ip-recverr', 0, 11, 16),
  row('IPV6_RECVERR', 'ipv6-recverr', 41, 25, 28),
  row('PACKET_TX_TIMESTAMP', 'packet-tx-timestamp', 263, 16, 0),
  row('VSOCK_RECVERR', 'vsock-recverr', 287, 1, 0),
];
