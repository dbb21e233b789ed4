/** Logical link control behind an 802.3 length (IEEE 802.2 §3.2), and SNAP, which names an EtherType (IEEE 802 §10). */
import { concat } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, named, uint, type ViewClass, viewClass } from './field.ts';
import { EtherType, etherTypeName } from './iana/ethertypes.ts';

/** The header, in the order of the wire. */
export interface LlcFields {
  /** Destination service access point; the low bit says group. 0xaa is SNAP, 0x42 spanning tree. IEEE 802.2 §3.3.1 */
  dsap: number;
  /** Source service access point; the low bit says response. IEEE 802.2 §3.3.1 */
  ssap: number;
  /** Its first byte; frames that are numbered have a second. 3 is unnumbered information. IEEE 802.2 §5.2 */
  control: number;
}

export const llcTable: HeaderTable<LlcFields> = headerTable<LlcFields>('llc', 'IEEE 802.2 §3.2', 3, {
  dsap: uint(0, 8, '§3.3.1'),
  ssap: uint(8, 8, '§3.3.1'),
  control: uint(16, 8, '§5.2'),
});

const LlcView: ViewClass<LlcFields> = viewClass(llcTable);

/** A decoded LLC header. */
export class LlcHeader extends LlcView {
  get layer(): 'llc' {
    return 'llc';
  }

  /** Second control byte of information and supervisory frames; undefined in unnumbered ones. IEEE 802.2 §5.2 */
  get control2(): number | undefined {
    return this.headerEnd - this.headerOffset === 4 ? this.bytes[this.headerOffset + 3] : undefined;
  }
}

/** Decode one LLC header. Faults: TRUNCATED. */
export function decodeLlc(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): LlcHeader | DecodeFault {
  if (end - offset < 3) return fault('TRUNCATED', 'llc', 'header', offset, 3, end - offset);
  // IEEE 802.2 §5.2: two low bits set mark the unnumbered formats, which have one control byte.
  const length = (bytes[offset + 2]! & 3) === 3 ? 3 : 4;
  if (end - offset < length) return fault('TRUNCATED', 'llc', 'control2', offset + 3, 1, 0);
  return new LlcHeader(bytes, offset, offset + length, end, claimedEnd);
}

/** Encode an LLC header and what follows it. */
export function encodeLlc(init: LlcFields & { control2?: number | undefined }, payload?: Uint8Array): Uint8Array {
  const head = Uint8Array.of(init.dsap, init.ssap, init.control);
  const more = (init.control & 3) === 3 ? new Uint8Array(0) : Uint8Array.of(init.control2 ?? 0);
  return concat([head, more, payload ?? new Uint8Array(0)]);
}

/** `LLC, dsap 0x42, ssap 0x42, ctrl 0x03` */
export function describeLlc({ dsap, ssap, control }: LlcHeader): string {
  const [to, from, how] = [dsap, ssap, control].map((byte) => byte.toString(16).padStart(2, '0'));
  return `LLC, dsap 0x${to}, ssap 0x${from}, ctrl 0x${how}`;
}

// ----------------------------------------------------------------------------------------------------------------- SNAP

/** What follows an LLC header with both access points 0xaa. */
export interface SnapFields {
  /** Who defines `protocol`; 0 for EtherTypes. IEEE 802 §10.3 */
  oui: number;
  /** IEEE 802 §10.3 */
  protocol: number;
}

export const snapTable: HeaderTable<SnapFields> = headerTable<SnapFields>('snap', 'IEEE 802 §10.3', 5, {
  oui: uint(0, 24, '§10.3'),
  protocol: named(uint(24, 16, '§10.3'), etherTypeName),
});

const SnapView: ViewClass<SnapFields> = viewClass(snapTable);

/** A decoded SNAP header. */
export class SnapHeader extends SnapView {
  get layer(): 'snap' {
    return 'snap';
  }
}

/** Decode one SNAP header. Faults: TRUNCATED. */
export function decodeSnap(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): SnapHeader | DecodeFault {
  if (end - offset < 5) return fault('TRUNCATED', 'snap', 'header', offset, 5, end - offset);
  return new SnapHeader(bytes, offset, offset + 5, end, claimedEnd);
}

/** Encode a SNAP header and what follows it. */
export function encodeSnap(init: SnapFields, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + (payload?.length ?? 0));
  snapTable.fields.oui.write(bytes, 0, init.oui);
  snapTable.fields.protocol.write(bytes, 0, init.protocol);
  if (payload !== undefined) bytes.set(payload, 5);
  return bytes;
}

/** `oui 0x00000c, pid 0x2000`; nothing for an IP EtherType, whose own line follows. */
export function describeSnap({ oui, protocol }: SnapHeader): string {
  if (oui !== 0) return `oui 0x${oui.toString(16).padStart(6, '0')}, pid 0x${protocol.toString(16).padStart(4, '0')}`;
  return protocol === EtherType.IPV4 || protocol === EtherType.IPV6 ? '' : `ethertype ${etherTypeName(protocol)}`;
}
