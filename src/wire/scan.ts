/**
 * Where the headers of a packet are, and no more: for counting and sorting millions of packets, where even a view of
 * each header is too much. One `PacketScan` is used for all of them and allocates nothing. What it finds is what
 * `decodePacket` finds as the outermost IP header and what is behind it; tunnels are not looked into.
 */
import { readU16, readU32 } from '../core/bytes.ts';
import { EtherType } from './iana/ethertypes.ts';
import { IpProtocol } from './iana/protocols.ts';

const LINKTYPE_NULL = 0;
const LINKTYPE_ETHERNET = 1;
const LINKTYPE_RAW = 101;
const LINKTYPE_LINUX_SLL = 113;
const LINKTYPE_IPV4 = 228;
const LINKTYPE_IPV6 = 229;
const LINKTYPE_LINUX_SLL2 = 276;
const MOST_TAGS = 8;
const MOST_EXTENSIONS = 16;

/**
 * @example
 * ```ts
 * import { buildPacket, PacketScan } from 'barewire/wire';
 * const bytes = buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, udp: { srcPort: 1000, dstPort: 53 } });
 * const scan = new PacketScan();
 * if (scan.scan(bytes, 101)) console.log(scan.version, scan.protocol, scan.dstPort); // 4 17 53
 * ```
 */
export class PacketScan {
  /** 4 or 6; 0 when there is no whole IP header. */
  version = 0;
  /** EtherType behind VLAN tags; 0 where the link has none. */
  etherType = 0;
  /** Offset of the IP header in the bytes. */
  network = 0;
  /** IP protocol of what is at `transport`. */
  protocol = 0;
  /** Offset behind the IP header and its extension headers. */
  transport = 0;
  /** Where the IP packet ends: by its length, or where the bytes do. */
  end = 0;
  /** 0 where there are none: another protocol, a later fragment, a packet that was cut. */
  srcPort = 0;
  dstPort = 0;
  /** TCP's flags; 0 for others. */
  tcpFlags = 0;
  /** Offset of TCP's or UDP's payload; `end` for others. */
  payload = 0;
  /** In bytes; only the first fragment, at 0, has a transport header. */
  fragmentOffset = 0;

  /**
   * Find the headers of `bytes[offset … end)`.
   * @param bytes borrowed, read-only
   * @param linkType a `LINKTYPE_` number
   * @returns whether there is a whole IP header; all fields are set anew either way
   */
  scan(bytes: Uint8Array, linkType: number, offset: number = 0, end: number = bytes.length): boolean {
    this.version = 0;
    this.etherType = 0;
    this.protocol = 0;
    this.srcPort = 0;
    this.dstPort = 0;
    this.tcpFlags = 0;
    this.fragmentOffset = 0;
    this.network = end;
    this.transport = end;
    this.payload = end;
    this.end = end;
    const at = this.#link(bytes, linkType, offset, end);
    if (at < 0 || at >= end) return false;
    const version = bytes[at]! >>> 4;
    if (version === 4) return this.#ipv4(bytes, at, end);
    return version === 6 && this.#ipv6(bytes, at, end);
  }

  /** @returns where the IP header begins; -1 when there is none */
  #link(bytes: Uint8Array, linkType: number, offset: number, end: number): number {
    switch (linkType) {
      case LINKTYPE_ETHERNET:
        return offset + 14 > end ? -1 : this.#tags(bytes, readU16(bytes, offset + 12), offset + 14, end);
      case LINKTYPE_RAW:
      case LINKTYPE_IPV4:
      case LINKTYPE_IPV6:
        return offset;
      case LINKTYPE_LINUX_SLL:
        return offset + 16 > end ? -1 : this.#tags(bytes, readU16(bytes, offset + 14), offset + 16, end);
      case LINKTYPE_LINUX_SLL2:
        return offset + 20 > end ? -1 : this.#tags(bytes, readU16(bytes, offset), offset + 20, end);
      case LINKTYPE_NULL:
        return offset + 4 > end ? -1 : offset + 4;
      default:
        return -1;
    }
  }

  #tags(bytes: Uint8Array, etherType: number, offset: number, end: number): number {
    let type = etherType;
    let at = offset;
    for (let i = 0; i < MOST_TAGS && (type === EtherType.VLAN || type === EtherType.QINQ); i++) {
      if (at + 4 > end) return -1;
      type = readU16(bytes, at + 2);
      at += 4;
    }
    this.etherType = type;
    return type === EtherType.IPV4 || type === EtherType.IPV6 ? at : -1;
  }

  #ipv4(bytes: Uint8Array, at: number, end: number): boolean {
    const headerBytes = (bytes[at]! & 0x0f) * 4;
    if (headerBytes < 20 || at + headerBytes > end) return false;
    const total = readU16(bytes, at + 2);
    this.version = 4;
    this.network = at;
    // 0: the card was to cut it (RFC 791 knows no such length); less than the header is a lie.
    this.end = total >= headerBytes ? Math.min(end, at + total) : end;
    this.fragmentOffset = (readU16(bytes, at + 6) & 0x1fff) * 8;
    let next = bytes[at + 9]!;
    let offset = at + headerBytes;
    while (next === IpProtocol.AH && this.fragmentOffset === 0 && offset + 8 <= this.end) {
      next = bytes[offset]!;
      offset += 4 * (bytes[offset + 1]! + 2);
    }
    this.#transport(bytes, next, Math.min(offset, this.end));
    return true;
  }

  #ipv6(bytes: Uint8Array, at: number, end: number): boolean {
    if (at + 40 > end) return false;
    const length = readU16(bytes, at + 4);
    this.version = 6;
    this.network = at;
    this.end = length > 0 ? Math.min(end, at + 40 + length) : end;
    let next = bytes[at + 6]!;
    let offset = at + 40;
    for (let i = 0; i < MOST_EXTENSIONS && offset + 8 <= this.end; i++) {
      if (next === IpProtocol.HOPOPT || next === IpProtocol.IPV6_ROUTE || next === IpProtocol.IPV6_OPTS) {
        next = bytes[offset]!;
        offset += 8 * (bytes[offset + 1]! + 1);
      } else if (next === IpProtocol.IPV6_FRAG) {
        next = bytes[offset]!;
        this.fragmentOffset = readU16(bytes, offset + 2) & 0xfff8;
        offset += 8;
        if (this.fragmentOffset > 0) break;
      } else if (next === IpProtocol.AH) {
        next = bytes[offset]!;
        offset += 4 * (bytes[offset + 1]! + 2);
      } else break;
    }
    this.#transport(bytes, next, Math.min(offset, this.end));
    return true;
  }

  #transport(bytes: Uint8Array, protocol: number, at: number): void {
    const { end } = this;
    this.protocol = protocol;
    this.transport = at;
    this.payload = end;
    if (this.fragmentOffset > 0 || at + 8 > end) return;
    if (protocol === IpProtocol.TCP) {
      if (at + 20 > end) return;
      this.#ports(bytes, at);
      const headerBytes = (bytes[at + 12]! >>> 4) * 4;
      this.tcpFlags = readU16(bytes, at + 12) & 0x1ff;
      if (headerBytes >= 20 && at + headerBytes <= end) this.payload = at + headerBytes;
    } else if (protocol === IpProtocol.UDP) {
      this.#ports(bytes, at);
      this.payload = at + 8;
    } else if (protocol === IpProtocol.SCTP || protocol === IpProtocol.UDPLITE) this.#ports(bytes, at);
  }

  #ports(bytes: Uint8Array, at: number): void {
    const ports = readU32(bytes, at);
    this.srcPort = ports >>> 16;
    this.dstPort = ports & 0xffff;
  }
}
