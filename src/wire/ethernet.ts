/** Ethernet II header and 802.1Q tags (IEEE 802.3 §3.2, 802.1Q §9.6, 802.1ad). */
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, macAddress, named, uint, type ViewClass, viewClass } from './field.ts';
import { etherTypeName } from './iana/ethertypes.ts';

/** The header, in the order of the wire. */
export interface EthernetFields {
  /** Destination station. IEEE 802.3 §3.2.4 */
  dst: string;
  /** Source station. IEEE 802.3 §3.2.5 */
  src: string;
  /** What the payload is (see `EtherType`); under 1536 a length, and an LLC header follows. IEEE 802.3 §3.2.6 */
  etherType: number;
}

export const ethernetTable: HeaderTable<EthernetFields> = headerTable<EthernetFields>(
  'ethernet',
  'IEEE 802.3 §3.2',
  14,
  {
    dst: macAddress(0, '§3.2.4'),
    src: macAddress(48, '§3.2.5'),
    etherType: named(uint(96, 16, '§3.2.6'), etherTypeName),
  },
);

const EthernetView: ViewClass<EthernetFields> = viewClass(ethernetTable);

/** A decoded Ethernet header; see `HeaderView` for how long it is good. */
export class EthernetHeader extends EthernetView {
  get layer(): 'ethernet' {
    return 'ethernet';
  }
}

/** Decode one Ethernet header. Faults: TRUNCATED. */
export function decodeEthernet(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): EthernetHeader | DecodeFault {
  if (end - offset < 14) return fault('TRUNCATED', 'ethernet', 'header', offset, 14, end - offset);
  return new EthernetHeader(bytes, offset, offset + 14, end, claimedEnd);
}

/** What `encodeEthernet` needs. */
export type EthernetInit = EthernetFields;

/** Encode header and payload as one frame; not filled up to the 60 bytes of the wire, which is the card's business. */
export function encodeEthernet(init: EthernetInit, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(14 + (payload?.length ?? 0));
  ethernetTable.fields.dst.write(bytes, 0, init.dst);
  ethernetTable.fields.src.write(bytes, 0, init.src);
  ethernetTable.fields.etherType.write(bytes, 0, init.etherType);
  if (payload !== undefined) bytes.set(payload, 14);
  return bytes;
}

/** `02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype ipv4 (0x0800)` */
export function describeEthernet(frame: EthernetHeader): string {
  const type = frame.etherType;
  const what =
    type < 0x600
      ? `802.3, length ${type}`
      : `ethertype ${etherTypeName(type)} (0x${type.toString(16).padStart(4, '0')})`;
  return `${frame.src} > ${frame.dst}, ${what}`;
}

// ---------------------------------------------------------------------------------------------------------- VLAN tags

/** One tag after its EtherType (0x8100 or 0x88a8), in the order of the wire. */
export interface VlanFields {
  /** Priority code point. IEEE 802.1Q §9.6 */
  priority: number;
  /** Drop eligible. IEEE 802.1Q §9.6 */
  dropEligible: number;
  /** VLAN identifier; 0 carries priority only. IEEE 802.1Q §9.6 */
  vlan: number;
  /** EtherType of what follows the tag. */
  etherType: number;
}

export const vlanTable: HeaderTable<VlanFields> = headerTable<VlanFields>('vlan', 'IEEE 802.1Q §9.6', 4, {
  priority: uint(0, 3, '§9.6'),
  dropEligible: uint(3, 1, '§9.6'),
  vlan: uint(4, 12, '§9.6'),
  etherType: named(uint(16, 16, '§9.6'), etherTypeName),
});

const VlanView: ViewClass<VlanFields> = viewClass(vlanTable);

/** A decoded VLAN tag. */
export class VlanHeader extends VlanView {
  get layer(): 'vlan' {
    return 'vlan';
  }
}

/** Decode one VLAN tag, beginning after its own EtherType. Faults: TRUNCATED. */
export function decodeVlan(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): VlanHeader | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'vlan', 'header', offset, 4, end - offset);
  return new VlanHeader(bytes, offset, offset + 4, end, claimedEnd);
}

/** Encode a tag (without the EtherType before it) and what follows. */
export function encodeVlan(init: Partial<VlanFields> & { etherType: number }, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + (payload?.length ?? 0));
  vlanTable.fields.priority.write(bytes, 0, init.priority ?? 0);
  vlanTable.fields.dropEligible.write(bytes, 0, init.dropEligible ?? 0);
  vlanTable.fields.vlan.write(bytes, 0, init.vlan ?? 0);
  vlanTable.fields.etherType.write(bytes, 0, init.etherType);
  if (payload !== undefined) bytes.set(payload, 4);
  return bytes;
}
