/** The kernel's tables as peers: struct sockaddr_nl, netlink(7). Host byte order. */
import { readHostU32, writeHostU32 } from '../../core/bytes.ts';
import { checkU32, type FamilyCodec, parseU32 } from './codec.ts';

export interface NetlinkAddress {
  readonly family: 'netlink';
  /** Port id; 0 is the kernel. */
  readonly pid: number;
  /** Bit mask of multicast groups. */
  readonly groups: number;
}

export const netlink: FamilyCodec<NetlinkAddress> = {
  number: 16,
  bytes: 12,
  write(addr, into, offset) {
    writeHostU32(into, offset + 4, checkU32(addr.pid, 'pid'));
    writeHostU32(into, offset + 8, checkU32(addr.groups, 'groups'));
  },
  read(bytes, length, offset) {
    if (length < 12) return null;
    return { family: 'netlink', pid: readHostU32(bytes, offset + 4), groups: readHostU32(bytes, offset + 8) };
  },
  parse: (text) => ({ family: 'netlink', pid: parseU32(text, 'netlink'), groups: 0 }),
  format: (addr) => String(addr.pid),
};
