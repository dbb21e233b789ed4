/**
 * The link headers that captures have where there is no Ethernet: Linux cooked v1 and v2 (tcpdump.org link types 113 and
 * 276, what `-i any` gives) and the address family of BSD loopback (link type 0).
 */
import { readU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { EtherType, etherTypeName } from './iana/ethertypes.ts';

/** LINKTYPE_LINUX_SLL, in the order of the wire. */
export interface SllFields {
  /** 0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 from us. */
  packetType: number;
  /** ARPHRD_ number of the interface. */
  hardwareType: number;
  /** Bytes of the sender's address that count. */
  addressLength: number;
  /** First four bytes of the sender's address. */
  addressHigh: number;
  /** Last four. */
  addressLow: number;
  /** EtherType of the payload. */
  etherType: number;
}

export const sllTable: HeaderTable<SllFields> = headerTable<SllFields>('sll', 'LINKTYPE_LINUX_SLL', 16, {
  packetType: uint(0, 16, ''),
  hardwareType: uint(16, 16, ''),
  addressLength: uint(32, 16, ''),
  addressHigh: uint(48, 32, ''),
  addressLow: uint(80, 32, ''),
  etherType: named(uint(112, 16, ''), etherTypeName),
});

/** LINKTYPE_LINUX_SLL2, in the order of the wire. */
export interface Sll2Fields {
  /** EtherType of the payload. */
  etherType: number;
  /** Kept as it came. */
  reserved: number;
  /** Number of the interface. */
  ifindex: number;
  /** ARPHRD_ number of the interface. */
  hardwareType: number;
  /** 0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 from us. */
  packetType: number;
  /** Bytes of the sender's address that count. */
  addressLength: number;
  /** First four bytes of the sender's address. */
  addressHigh: number;
  /** Last four. */
  addressLow: number;
}

export const sll2Table: HeaderTable<Sll2Fields> = headerTable<Sll2Fields>('sll2', 'LINKTYPE_LINUX_SLL2', 20, {
  etherType: named(uint(0, 16, ''), etherTypeName),
  reserved: uint(16, 16, ''),
  ifindex: uint(32, 32, ''),
  hardwareType: uint(64, 16, ''),
  packetType: uint(80, 8, ''),
  addressLength: uint(88, 8, ''),
  addressHigh: uint(96, 32, ''),
  addressLow: uint(128, 32, ''),
});

/** LINKTYPE_NULL: four bytes in the order of the machine that captured. */
export interface NullFields {
  /** As read big-endian; see `etherType` for what it means. */
  family: number;
}

export const nullTable: HeaderTable<NullFields> = headerTable<NullFields>('null', 'LINKTYPE_NULL', 4, {
  family: uint(0, 32, ''),
});

const SllView: ViewClass<SllFields> = viewClass(sllTable);
const Sll2View: ViewClass<Sll2Fields> = viewClass(sll2Table);
const NullView: ViewClass<NullFields> = viewClass(nullTable);

/** A decoded Linux cooked header. */
export class SllHeader extends SllView {
  get layer(): 'sll' {
    return 'sll';
  }
}

/** A decoded Linux cooked header, version 2. */
export class Sll2Header extends Sll2View {
  get layer(): 'sll2' {
    return 'sll2';
  }
}

/** A decoded BSD loopback header. */
export class NullHeader extends NullView {
  get layer(): 'null' {
    return 'null';
  }

  /** The EtherType that the address family stands for; 0 for none. AF_INET is 2 everywhere, AF_INET6 is not. */
  get etherType(): number {
    const value = readU32(this.bytes, this.headerOffset);
    const family = value > 0xffff && (value & 0xff_ffff) === 0 ? value >>> 24 : value;
    if (family === 2) return EtherType.IPV4;
    return family === 10 || family === 24 || family === 28 || family === 30 ? EtherType.IPV6 : 0;
  }
}

/** Decode a Linux cooked header. Faults: TRUNCATED. */
export function decodeSll(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): SllHeader | DecodeFault {
  if (end - offset < 16) return fault('TRUNCATED', 'sll', 'header', offset, 16, end - offset);
  return new SllHeader(bytes, offset, offset + 16, end, claimedEnd);
}

/** Decode a Linux cooked header, version 2. Faults: TRUNCATED. */
export function decodeSll2(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): Sll2Header | DecodeFault {
  if (end - offset < 20) return fault('TRUNCATED', 'sll2', 'header', offset, 20, end - offset);
  return new Sll2Header(bytes, offset, offset + 20, end, claimedEnd);
}

/** Decode a BSD loopback header. Faults: TRUNCATED. */
export function decodeNull(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): NullHeader | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'null', 'header', offset, 4, end - offset);
  return new NullHeader(bytes, offset, offset + 4, end, claimedEnd);
}
