/** Values of IPv6 and ICMP options that are structs (ipv6(7), RFC 3542, linux/in6.h, linux/icmp.h). */
import type { SocketAddress } from '../../addr/sockaddr.ts';
import { decodeSockAddr } from '../../addr/sockaddr.ts';
import { readHostU32, readU32, writeHostU32, writeU32 } from '../../core/bytes.ts';
import { checkInt } from '../control/row.ts';
import type { OptionType } from './row.ts';
import { atLeast, i32, ipv6, struct, u8, u16 } from './struct.ts';

/** struct in6_pktinfo: source address and interface of everything that is sent. */
export interface Ipv6Source {
  /** '::' leaves it to the kernel. */
  readonly address: string;
  /** 0 leaves it to the routing table. */
  readonly ifindex: number;
}

export const in6Pktinfo: OptionType<Ipv6Source> = struct('in6_pktinfo', 20, { address: ipv6(0), ifindex: i32(16) });

/** struct ip6_mtuinfo: what the path of a connected socket carries. */
export interface Ipv6PathMtu {
  readonly address: SocketAddress;
  readonly mtu: number;
}

export const ip6Mtuinfo: OptionType<Ipv6PathMtu> = {
  name: 'ip6_mtuinfo',
  size: 32,
  decode: (bytes) => {
    const whole = atLeast(bytes, 32);
    return { address: decodeSockAddr(whole, 28), mtu: readHostU32(whole, 28) };
  },
  encode: () => {
    throw new TypeError('IPV6_PATHMTU can only be read');
  },
};

/** struct in6_flowlabel_req: ask the kernel for a flow label, renew it or give it back. */
export interface FlowLabelRequest {
  readonly destination: string;
  /** 20 bits. */
  readonly label: number;
  /** IPV6_FL_A_GET 0, PUT 1, RENEW 2. */
  readonly action: number;
  /** IPV6_FL_S_*: who may share the label. */
  readonly share: number;
  /** IPV6_FL_F_*: CREATE 1, EXCL 2, REFLECT 4, REMOTE 8. */
  readonly flags: number;
  /** Seconds that it lasts. */
  readonly expires: number;
  /** Seconds that it stays after the last use. */
  readonly linger: number;
}

const flowLabelStruct = struct<Omit<FlowLabelRequest, 'label'>>('in6_flowlabel_req', 32, {
  destination: ipv6(0),
  action: u8(20),
  share: u8(21),
  flags: u16(22),
  expires: u16(24),
  linger: u16(26),
});

export const flowLabelReq: OptionType<FlowLabelRequest> = {
  name: 'in6_flowlabel_req',
  size: 32,
  decode: (bytes) => {
    const whole = atLeast(bytes, 32);
    return { ...flowLabelStruct.decode(whole), label: readU32(whole, 16) };
  },
  encode: (value) => {
    const bytes = flowLabelStruct.encode(value);
    // The label stands as on the wire, in network order.
    writeU32(bytes, 16, checkInt(value.label, 'in6_flowlabel_req.label', 0, 0xf_ffff));
    return bytes;
  },
};

/** A bit set of ICMP types: those in it are not received. */
export const icmpFilter: OptionType<readonly number[]> = typeSet('icmp_filter', 1, 31);

/** struct icmp6_filter (RFC 3542 §3.2), here as the list of types that are not received. */
export const icmp6Filter: OptionType<readonly number[]> = typeSet('icmp6_filter', 8, 255);

function typeSet(name: string, words: number, highest: number): OptionType<readonly number[]> {
  const size = 4 * words;
  return {
    name,
    size,
    decode: (bytes) => {
      const whole = atLeast(bytes, size);
      const types = Array.from({ length: 32 * words }, (_, type) => type);
      return types.filter((type) => ((readHostU32(whole, 4 * (type >> 5)) >>> (type & 31)) & 1) === 1);
    },
    encode: (blocked) => {
      if (!Array.isArray(blocked)) throw new TypeError(`${name}: expected an array of types, got ${typeof blocked}`);
      const bytes = new Uint8Array(size);
      for (const [i, type] of blocked.entries()) {
        const at = 4 * (checkInt(type, `${name}[${i}]`, 0, highest) >> 5);
        writeHostU32(bytes, at, (readHostU32(bytes, at) | (1 << (type & 31))) >>> 0);
      }
      return bytes;
    },
  };
}
