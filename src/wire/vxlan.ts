/** Virtual networks over UDP: VXLAN (RFC 7348 §5). Its payload is an Ethernet frame. */
import { type DecodeFault, fault } from '../core/fault.ts';
import { flags, type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';

/** The port that IANA assigned; Linux took 8472 before. */
export const VXLAN_PORT = 4789;

/** Named bits of `flags`. RFC 7348 §5 */
export const VxlanFlags = { VNI: 0x08 } as const;

/** The header, in the order of the wire. */
export interface VxlanFields {
  /** The VNI bit is always set. RFC 7348 §5 */
  flags: number;
  /** Kept as it came. RFC 7348 §5 */
  reserved: number;
  /** VXLAN network identifier. RFC 7348 §5 */
  vni: number;
  /** Kept as it came. RFC 7348 §5 */
  reserved2: number;
}

export const vxlanTable: HeaderTable<VxlanFields> = headerTable<VxlanFields>('vxlan', 'RFC 7348 §5', 8, {
  flags: flags(0, 8, '§5', VxlanFlags),
  reserved: uint(8, 24, '§5'),
  vni: uint(32, 24, '§5'),
  reserved2: uint(56, 8, '§5'),
});

const VxlanView: ViewClass<VxlanFields> = viewClass(vxlanTable);

/** A decoded VXLAN header. */
export class VxlanHeader extends VxlanView {
  get layer(): 'vxlan' {
    return 'vxlan';
  }
}

/** Decode one VXLAN header. Faults: TRUNCATED; BAD_VALUE (the VNI bit is not set). */
export function decodeVxlan(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): VxlanHeader | DecodeFault {
  if (end - offset < 8) return fault('TRUNCATED', 'vxlan', 'header', offset, 8, end - offset);
  // RFC 7348 §5: without the bit there is no valid network identifier.
  if ((bytes[offset]! & VxlanFlags.VNI) === 0) {
    return fault('BAD_VALUE', 'vxlan', 'flags', offset, VxlanFlags.VNI, bytes[offset]!);
  }
  return new VxlanHeader(bytes, offset, offset + 8, end, claimedEnd);
}

/** Encode a VXLAN header and the frame in it. */
export function encodeVxlan(init: Partial<VxlanFields> & { vni: number }, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + (payload?.length ?? 0));
  const table = vxlanTable.fields;
  table.flags.write(bytes, 0, init.flags ?? VxlanFlags.VNI);
  table.reserved.write(bytes, 0, init.reserved ?? 0);
  table.vni.write(bytes, 0, init.vni);
  table.reserved2.write(bytes, 0, init.reserved2 ?? 0);
  if (payload !== undefined) bytes.set(payload, 8);
  return bytes;
}

/** tcpdump's `VXLAN, flags [I] (0x08), vni 100` */
export function describeVxlan(vxlan: VxlanHeader): string {
  return `VXLAN, flags [I] (0x${vxlan.flags.toString(16).padStart(2, '0')}), vni ${vxlan.vni}`;
}
