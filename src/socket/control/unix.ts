/** Control messages of unix(7) and netlink(7) sockets: descriptors, credentials, labels. */
import { fromUtf8, readHostU32, utf8, writeHostU32 } from '../../core/bytes.ts';
import {
  type AnyRow,
  type ControlRow,
  checkI32,
  checkInt,
  checkU32,
  I32,
  I32_MAX,
  type NumberMessage,
  numberRow,
  readHostI32,
  U32,
} from './row.ts';

const SOL_SOCKET = 1;
const SOL_IP = 0;
const SOL_NETLINK = 270;

/** SCM_MAX_FD: so many descriptors pass in one message. */
export const SCM_MAX_FD = 253;

/** SCM_RIGHTS: open descriptors, passed from process to process. */
export interface Rights {
  readonly kind: 'rights';
  /** Sent: borrowed, still open here afterwards. Received from the codec: bare numbers that somebody must close. */
  readonly fds: readonly number[];
}

/** SCM_CREDENTIALS: who sent; checked by the kernel, so that only a privileged process can say another's. */
export interface Credentials {
  readonly kind: 'credentials';
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** SCM_SECURITY: the sender's security label (SO_PASSSEC; SELinux, AppArmor, Smack). */
export interface SecurityLabel<Kind extends 'security' | 'ip-security' = 'security' | 'ip-security'> {
  readonly kind: Kind;
  readonly label: string;
}

export type UnixControl =
  | Rights
  | Credentials
  | SecurityLabel<'security'>
  | SecurityLabel<'ip-security'>
  /** SCM_PIDFD (SO_PASSPIDFD, Linux 6.5): a pidfd of the sender; a descriptor that the receiver must close. */
  | NumberMessage<'pidfd', 'fd'>
  /** SCM_INQ (SO_INQ, Linux 6.17): bytes still unread in the socket after this receive. */
  | NumberMessage<'inq', 'bytes'>
  /** NETLINK_PKTINFO: the multicast group that a message came through; 0 for unicast. */
  | NumberMessage<'netlink-pktinfo', 'group'>
  /** NETLINK_LISTEN_ALL_NSID: id of the network namespace that a notification comes from. */
  | NumberMessage<'netlink-nsid', 'nsid'>;

const rights: ControlRow<Rights> = {
  name: 'SCM_RIGHTS',
  kind: 'rights',
  level: SOL_SOCKET,
  type: 1,
  decode: (data) => {
    if (data.length % 4 !== 0 || data.length > 4 * SCM_MAX_FD) return undefined;
    const fds = Array.from({ length: data.length / 4 }, (_, i) => readHostI32(data, 4 * i));
    return fds.every((fd) => fd >= 0) ? { kind: 'rights', fds } : undefined;
  },
  encode: ({ fds }) => {
    if (!Array.isArray(fds)) throw new TypeError(`rights.fds: expected an array, got ${typeof fds}`);
    if (fds.length > SCM_MAX_FD) {
      throw new RangeError(`rights.fds: expected at most ${SCM_MAX_FD} descriptors, got ${fds.length}`);
    }
    const data = new Uint8Array(4 * fds.length);
    fds.forEach((fd, i) => {
      writeHostU32(data, 4 * i, checkInt(fd, `rights.fds[${i}]`, 0, I32_MAX));
    });
    return data;
  },
};

const credentials: ControlRow<Credentials> = {
  name: 'SCM_CREDENTIALS',
  kind: 'credentials',
  level: SOL_SOCKET,
  type: 2,
  decode: (data) =>
    data.length === 12
      ? { kind: 'credentials', pid: readHostI32(data, 0), uid: readHostU32(data, 4), gid: readHostU32(data, 8) }
      : undefined,
  encode: ({ pid, uid, gid }) => {
    const data = new Uint8Array(12);
    writeHostU32(data, 0, checkI32(pid, 'credentials.pid'));
    writeHostU32(data, 4, checkU32(uid, 'credentials.uid'));
    writeHostU32(data, 8, checkU32(gid, 'credentials.gid'));
    return data;
  },
};

/** The same number at two levels: unix sockets say it at SOL_SOCKET, IP_PASSSEC at SOL_IP. */
function security(kind: SecurityLabel['kind'], level: number): ControlRow<SecurityLabel> {
  return {
    name: 'SCM_SECURITY',
    kind,
    level,
    type: 3,
    // SELinux ends the label with a NUL, AppArmor and Smack do not.
    decode: (data) => ({ kind, label: fromUtf8(data).replace(/\0+$/, '') }),
    encode: ({ label }) => {
      if (typeof label !== 'string') throw new TypeError(`${kind}.label: expected a string, got ${typeof label}`);
      return utf8(label);
    },
  };
}

export const unixRows: readonly AnyRow[] = [
  rights,
  credentials,
  security('security', SOL_SOCKET),
  security('ip-security', SOL_IP),
  numberRow('SCM_PIDFD', 'pidfd', SOL_SOCKET, 4, 'fd', I32),
  numberRow('SCM_INQ', 'inq', SOL_SOCKET, 84, 'bytes', I32),
  numberRow('NETLINK_PKTINFO', 'netlink-pktinfo', SOL_NETLINK, 3, 'group', U32),
  numberRow('NETLINK_LISTEN_ALL_NSID', 'netlink-nsid', SOL_NETLINK, 8, 'nsid', I32),
];
