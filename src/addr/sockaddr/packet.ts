/** A network interface: struct sockaddr_ll, packet(7). The protocol stands in network byte order. */
import { readHostU16, readHostU32, readU16, writeHostU16, writeHostU32, writeU16 } from '../../core/bytes.ts';
import { formatMac, parseMac } from '../mac.ts';
import { checkU8, checkU16, checkU32, type FamilyCodec, parseInterface } from './codec.ts';

const ETH_P_ALL = 3;

export interface PacketAddress {
  readonly family: 'packet';
  /** 0 means every interface. */
  readonly ifindex: number;
  /** EtherType as a plain number, ETH_P_IP 0x0800; or ETH_P_ALL 3, which alone also sees what goes out. */
  readonly protocol: number;
  /** ARPHRD_ number of the interface: 1 is Ethernet, 772 loopback. */
  readonly hatype?: number;
  /** PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
  readonly pkttype?: number;
  /** Link-layer address, up to 8 bytes as `02:00:00:00:00:01`. */
  readonly address?: string;
}

export const packet: FamilyCodec<PacketAddress> = {
  number: 17,
  bytes: 20,
  write(addr, into, offset) {
    writeU16(into, offset + 2, checkU16(addr.protocol, 'protocol'));
    writeHostU32(into, offset + 4, checkU32(addr.ifindex, 'ifindex'));
    writeHostU16(into, offset + 8, checkU16(addr.hatype ?? 0, 'hatype'));
    into[offset + 10] = checkU8(addr.pkttype ?? 0, 'pkttype');
    // An empty array just to have nothing to copy would cost ten times the rest.
    if (addr.address === undefined || addr.address === '') return;
    const mac = hardwareAddress(addr.address);
    into[offset + 11] = mac.length;
    into.set(mac, offset + 12);
  },
  read(bytes, length, offset) {
    if (length < 12) return null;
    const addressLength = Math.min(bytes[offset + 11]!, 8, length - 12);
    const fixed = {
      family: 'packet',
      ifindex: readHostU32(bytes, offset + 4),
      protocol: readU16(bytes, offset + 2),
      hatype: readHostU16(bytes, offset + 8),
      pkttype: bytes[offset + 10]!,
    } as const;
    return addressLength === 0 ? fixed : { ...fixed, address: formatMac(bytes, offset + 12, addressLength) };
  },
  // ETH_P_ALL, as it is what a socket that listens to an interface wants.
  parse: (text, ifindex) => ({ family: 'packet', ifindex: parseInterface(text, ifindex), protocol: ETH_P_ALL }),
  format: (addr, ifname) => ifname?.(addr.ifindex) ?? String(addr.ifindex),
};

function hardwareAddress(text: string): Uint8Array {
  const length = (text.length + 1) / 3;
  const mac = Number.isInteger(length) && length <= 8 ? parseMac(text, length) : null;
  if (mac === null) throw new TypeError(`address: expected up to 8 bytes as 02:00:00:00:00:01, got '${text}'`);
  return mac;
}
