/** Options of netlink sockets (netlink(7)). */
import { SOL_NETLINK } from '../constants.ts';
import { type Option, rowsOf } from './row.ts';
import { bool, int, listOf } from './values.ts';

const groups = listOf(256);

export interface NetlinkLevel {
  readonly ADD_MEMBERSHIP: Option<number>;
  readonly DROP_MEMBERSHIP: Option<number>;
  readonly PKTINFO: Option<boolean>;
  readonly BROADCAST_ERROR: Option<boolean>;
  readonly NO_ENOBUFS: Option<boolean>;
  readonly LISTEN_ALL_NSID: Option<boolean>;
  readonly LIST_MEMBERSHIPS: Option<readonly number[]>;
  readonly CAP_ACK: Option<boolean>;
  readonly EXT_ACK: Option<boolean>;
  readonly GET_STRICT_CHK: Option<boolean>;
}

const netlink = rowsOf(SOL_NETLINK, 'NETLINK_');

/** Options of netlink sockets. */
export const NETLINK: NetlinkLevel = {
  ADD_MEMBERSHIP: netlink('ADD_MEMBERSHIP', 1, int, 'w'),
  DROP_MEMBERSHIP: netlink('DROP_MEMBERSHIP', 2, int, 'w'),
  PKTINFO: netlink('PKTINFO', 3, bool),
  BROADCAST_ERROR: netlink('BROADCAST_ERROR', 4, bool),
  NO_ENOBUFS: netlink('NO_ENOBUFS', 5, bool),
  LISTEN_ALL_NSID: netlink('LISTEN_ALL_NSID', 8, bool),
  LIST_MEMBERSHIPS: netlink('LIST_MEMBERSHIPS', 9, groups, 'r'),
  CAP_ACK: netlink('CAP_ACK', 10, bool),
  EXT_ACK: netlink('EXT_ACK', 11, bool),
  GET_STRICT_CHK: netlink('GET_STRICT_CHK', 12, bool),
};
