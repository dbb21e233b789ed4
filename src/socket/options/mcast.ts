/** Multicast options that take either family (RFC 3678). */
import { IPPROTO_IP, IPPROTO_IPV6 } from '../constants.ts';
import {
  type GroupFilter,
  type GroupMembership,
  type GroupSourceMembership,
  groupFilter,
  groupReq,
  groupSourceReq,
} from './multicast.ts';
import { type Option, rowsOf } from './row.ts';

export interface McastLevel {
  readonly JOIN_GROUP: Option<GroupMembership>;
  readonly BLOCK_SOURCE: Option<GroupSourceMembership>;
  readonly UNBLOCK_SOURCE: Option<GroupSourceMembership>;
  readonly LEAVE_GROUP: Option<GroupMembership>;
  readonly JOIN_SOURCE_GROUP: Option<GroupSourceMembership>;
  readonly LEAVE_SOURCE_GROUP: Option<GroupSourceMembership>;
  readonly MSFILTER: Option<GroupFilter>;
}

function mcast(level: number): McastLevel {
  const row = rowsOf(level, 'MCAST_');
  return {
    JOIN_GROUP: row('JOIN_GROUP', 42, groupReq, 'w'),
    BLOCK_SOURCE: row('BLOCK_SOURCE', 43, groupSourceReq, 'w'),
    UNBLOCK_SOURCE: row('UNBLOCK_SOURCE', 44, groupSourceReq, 'w'),
    LEAVE_GROUP: row('LEAVE_GROUP', 45, groupReq, 'w'),
    JOIN_SOURCE_GROUP: row('JOIN_SOURCE_GROUP', 46, groupSourceReq, 'w'),
    LEAVE_SOURCE_GROUP: row('LEAVE_SOURCE_GROUP', 47, groupSourceReq, 'w'),
    MSFILTER: row('MSFILTER', 48, groupFilter),
  };
}

/** Multicast of IPv4 sockets by interface index (RFC 3678 §5). `MCAST6` has the same for IPv6 sockets. */
export const MCAST: McastLevel = mcast(IPPROTO_IP);

/** Multicast of IPv6 sockets by interface index (RFC 3678 §5). */
export const MCAST6: McastLevel = mcast(IPPROTO_IPV6);
