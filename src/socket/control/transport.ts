/** Control messages of UDP, TCP, kernel TLS and packet sockets (udp(7), tcp(7), packet(7)), and of AF_ALG. */
import { concat, readHostU16, readHostU32, writeHostU16, writeHostU32 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type ControlRow,
  checkBytes,
  checkInt,
  checkU32,
  I32,
  type NumberMessage,
  numberRow,
  U8,
  U16,
  U32,
} from './row.ts';

const SOL_TCP = 6;
const SOL_UDP = 17;
const SOL_PACKET = 263;
const SOL_ALG = 279;
const SOL_TLS = 282;

/** PACKET_AUXDATA: what the packet itself does not say (struct tpacket_auxdata). */
export interface PacketAuxdata {
  readonly kind: 'packet-auxdata';
  /** TP_STATUS_*: 1 user, 8 checksum not ready (filled in by the card), 0x10 VLAN valid, 0x40 VLAN TPID valid. */
  readonly status: number;
  /** Length on the wire, in bytes. */
  readonly length: number;
  /** Bytes that the socket's filter (SO_ATTACH_FILTER) kept. */
  readonly snapLength: number;
  /** Where the link-layer header begins. */
  readonly mac: number;
  /** Where the network header begins. */
  readonly net: number;
  readonly vlanTci: number;
  readonly vlanTpid: number;
}

/** ALG_SET_IV: initialisation vector of a cipher (AF_ALG). */
export interface AlgIv {
  readonly kind: 'alg-iv';
  readonly iv: Uint8Array;
}

export type TransportControl =
  | PacketAuxdata
  | AlgIv
  /** UDP_SEGMENT, sent: size in bytes of the datagrams that this send is cut into (GSO). */
  | NumberMessage<'udp-segment', 'bytes'>
  /** UDP_GRO, received: size in bytes of the datagrams that were joined into this one. */
  | NumberMessage<'udp-gro', 'bytes'>
  /** TCP_CM_INQ (TCP_INQ): bytes still unread in the socket after this receive. */
  | NumberMessage<'tcp-inq', 'bytes'>
  /** TLS_SET_RECORD_TYPE, sent on a kernel TLS socket: 21 alert, 22 handshake, 23 application data. */
  | NumberMessage<'tls-set-record-type', 'recordType'>
  /** TLS_GET_RECORD_TYPE, received from a kernel TLS socket. */
  | NumberMessage<'tls-get-record-type', 'recordType'>
  /** ALG_SET_OP: 0 decrypt, 1 encrypt. */
  | NumberMessage<'alg-op', 'op'>
  /** ALG_SET_AEAD_ASSOCLEN: bytes of associated data. */
  | NumberMessage<'alg-aead-assoclen', 'bytes'>;

const auxdata: ControlRow<PacketAuxdata> = {
  name: 'PACKET_AUXDATA',
  kind: 'packet-auxdata',
  level: SOL_PACKET,
  type: 8,
  decode: (data) =>
    data.length === 20
      ? {
          kind: 'packet-auxdata',
          status: readHostU32(data, 0),
          length: readHostU32(data, 4),
          snapLength: readHostU32(data, 8),
          mac: readHostU16(data, 12),
          net: readHostU16(data, 14),
          vlanTci: readHostU16(data, 16),
          vlanTpid: readHostU16(data, 18),
        }
      : undefined,
  encode: (message) => {
    const data = new Uint8Array(20);
    (['status', 'length', 'snapLength'] as const).forEach((field, i) => {
      writeHostU32(data, 4 * i, checkU32(message[field], `packet-auxdata.${field}`));
    });
    (['mac', 'net', 'vlanTci', 'vlanTpid'] as const).forEach((field, i) => {
      writeHostU16(data, 12 + 2 * i, checkInt(message[field], `packet-auxdata.${field}`, 0, 0xffff));
    });
    return data;
  },
};

const algIv: ControlRow<AlgIv> = {
  name: 'ALG_SET_IV',
  kind: 'alg-iv',
  level: SOL_ALG,
  type: 2,
  decode: (data) =>
    data.length >= 4 && readHostU32(data, 0) === data.length - 4 ? { kind: 'alg-iv', iv: data.slice(4) } : undefined,
  encode: ({ iv }) => {
    const length = new Uint8Array(4);
    writeHostU32(length, 0, checkBytes(iv, 'alg-iv.iv').length);
    return concat([length, iv]);
  },
};

export const transportRows: readonly AnyRow[] = [
  numberRow('UDP_SEGMENT', 'udp-segment', SOL_UDP, 103, 'bytes', U16),
  numberRow('UDP_GRO', 'udp-gro', SOL_UDP, 104, 'bytes', I32),
  numberRow('TCP_CM_INQ', 'tcp-inq', SOL_TCP, 36, 'bytes', I32),
  numberRow('TLS_SET_RECORD_TYPE', 'tls-set-record-type', SOL_TLS, 1, 'recordType', U8),
  numberRow('TLS_GET_RECORD_TYPE', 'tls-get-record-type', SOL_TLS, 2, 'recordType', U8),
  auxdata,
  algIv,
  numberRow('ALG_SET_OP', 'alg-op', SOL_ALG, 3, 'op', U32),
  numberRow('ALG_SET_AEAD_ASSOCLEN', 'alg-aead-assoclen', SOL_ALG, 4, 'bytes', U32),
];
