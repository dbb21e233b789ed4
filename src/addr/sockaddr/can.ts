/**
 * Controller area network: struct sockaddr_can (linux/can.h). What stands behind the interface depends on the protocol:
 * two identifiers for ISO 15765-2 (CAN_ISOTP), a name and addresses for SAE J1939, nothing for CAN_RAW and CAN_BCM.
 */
import { readHostU32, readHostU64, writeHostU32, writeHostU64 } from '../../core/bytes.ts';
import { checkU8, checkU32, type FamilyCodec, parseInterface, parseU32, splitText } from './codec.ts';

const FIXED_BYTES = 8;

export interface CanAddress {
  readonly family: 'can';
  /** 0: every CAN interface. */
  readonly ifindex: number;
  /** CAN_ISOTP: identifier that is received, and one that is sent. Left out when both are 0. */
  readonly rxId?: number;
  readonly txId?: number;
  /** CAN_J1939, in place of the identifiers. */
  readonly j1939?: {
    /** 64-bit NAME; 0n: none (J1939_NO_NAME). */
    readonly name: bigint;
    /** Parameter group number; 0x40000: none (J1939_NO_PGN). */
    readonly pgn: number;
    /** 0xff: none (J1939_NO_ADDR), 0xfe idle. */
    readonly address: number;
  };
}

export const can: FamilyCodec<CanAddress> = {
  number: 29,
  bytes: 24,
  write(addr, into, offset) {
    const { ifindex, rxId = 0, txId = 0, j1939 } = addr;
    writeHostU32(into, offset + 4, checkU32(ifindex, 'ifindex'));
    if (j1939 === undefined) {
      writeHostU32(into, offset + 8, checkU32(rxId, 'rxId'));
      writeHostU32(into, offset + 12, checkU32(txId, 'txId'));
      return;
    }
    if (rxId !== 0 || txId !== 0) throw new TypeError('j1939: expected no rxId and txId beside it (they share bytes)');
    writeHostU64(into, offset + 8, checkName(j1939.name));
    writeHostU32(into, offset + 16, checkU32(j1939.pgn, 'j1939.pgn'));
    into[offset + 20] = checkU8(j1939.address, 'j1939.address');
  },
  read(bytes, length, offset) {
    // getsockname(2) of a CAN_RAW socket gives 8 bytes, of CAN_ISOTP 16.
    if (length < FIXED_BYTES) return null;
    const ifindex = readHostU32(bytes, offset + 4);
    const u32 = (at: number): number => (length >= at + 4 ? readHostU32(bytes, offset + at) : 0);
    const pgn = u32(16);
    const address = length > 20 ? bytes[offset + 20]! : 0;
    // A J1939 address has a group or an address that is not 0: "none" is 0x40000 and 0xff.
    if (pgn !== 0 || address !== 0) {
      return { family: 'can', ifindex, j1939: { name: readHostU64(bytes, offset + 8), pgn, address } };
    }
    const rxId = u32(8);
    const txId = u32(12);
    return rxId === 0 && txId === 0 ? { family: 'can', ifindex } : { family: 'can', ifindex, rxId, txId };
  },
  parse(text, ifindex) {
    if (!text.includes(':')) return { family: 'can', ifindex: parseInterface(text, ifindex) };
    const [link, rx, tx] = splitText(text, 'can', ['INTERFACE', 'RX-ID', 'TX-ID']) as [string, string, string];
    return {
      family: 'can',
      ifindex: parseInterface(link, ifindex),
      rxId: parseU32(rx, 'rxId'),
      txId: parseU32(tx, 'txId'),
    };
  },
  format(addr, ifname) {
    const link = ifname?.(addr.ifindex) ?? String(addr.ifindex);
    const { rxId = 0, txId = 0 } = addr;
    return rxId === 0 && txId === 0 ? link : `${link}:${rxId}:${txId}`;
  },
};

function checkName(name: bigint): bigint {
  if (typeof name !== 'bigint' || name < 0n || name > 0xffff_ffff_ffff_ffffn) {
    throw new RangeError(`j1939.name: expected a bigint of 64 bits, got ${String(name)}`);
  }
  return name;
}
