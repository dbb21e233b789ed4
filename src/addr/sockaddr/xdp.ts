/** One queue of an interface, frames without a copy: struct sockaddr_xdp (linux/if_xdp.h). Host byte order. */
import { readHostU16, readHostU32, writeHostU16, writeHostU32 } from '../../core/bytes.ts';
import { checkU16, checkU32, type FamilyCodec, parseInterface, parseU32, splitText } from './codec.ts';

export interface XdpAddress {
  readonly family: 'xdp';
  readonly ifindex: number;
  readonly queueId: number;
  /** XDP_SHARED_UMEM 1, XDP_COPY 2, XDP_ZEROCOPY 4, XDP_USE_NEED_WAKEUP 8; 0 is left out when decoding. */
  readonly flags?: number;
  /** The descriptor whose memory is shared, with XDP_SHARED_UMEM; 0 is left out when decoding. */
  readonly sharedUmemFd?: number;
}

export const xdp: FamilyCodec<XdpAddress> = {
  number: 44,
  bytes: 16,
  write(addr, into, offset) {
    writeHostU16(into, offset + 2, checkU16(addr.flags ?? 0, 'flags'));
    writeHostU32(into, offset + 4, checkU32(addr.ifindex, 'ifindex'));
    writeHostU32(into, offset + 8, checkU32(addr.queueId, 'queueId'));
    writeHostU32(into, offset + 12, checkU32(addr.sharedUmemFd ?? 0, 'sharedUmemFd'));
  },
  read(bytes, length, offset) {
    if (length < 16) return null;
    const flags = readHostU16(bytes, offset + 2);
    const sharedUmemFd = readHostU32(bytes, offset + 12);
    return {
      family: 'xdp',
      ifindex: readHostU32(bytes, offset + 4),
      queueId: readHostU32(bytes, offset + 8),
      ...(flags === 0 ? {} : { flags }),
      ...(sharedUmemFd === 0 ? {} : { sharedUmemFd }),
    };
  },
  parse(text, ifindex) {
    const [link, queue] = splitText(text, 'xdp', ['INTERFACE', 'QUEUE']) as [string, string];
    return { family: 'xdp', ifindex: parseInterface(link, ifindex), queueId: parseU32(queue, 'queueId') };
  },
  format: (addr, ifname) => `${ifname?.(addr.ifindex) ?? addr.ifindex}:${addr.queueId}`,
};
