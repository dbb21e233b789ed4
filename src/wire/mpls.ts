/** MPLS label stack entries (RFC 3032 §2.1; RFC 5462 for the traffic class). */
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';

/** One entry, in the order of the wire. */
export interface MplsFields {
  /** 20 bits; under 16 reserved: 0 is explicit null for IPv4, 2 for IPv6. RFC 3032 §2.1 */
  label: number;
  /** RFC 5462; "experimental" before. */
  trafficClass: number;
  /** 1 on the last entry of the stack. RFC 3032 §2.1 */
  bottom: number;
  /** RFC 3032 §2.4 */
  ttl: number;
}

export const mplsTable: HeaderTable<MplsFields> = headerTable<MplsFields>('mpls', 'RFC 3032 §2.1', 4, {
  label: uint(0, 20, '§2.1'),
  trafficClass: uint(20, 3, 'RFC 5462'),
  bottom: uint(23, 1, '§2.1'),
  ttl: uint(24, 8, '§2.4'),
});

const MplsView: ViewClass<MplsFields> = viewClass(mplsTable);

/** A decoded label stack entry. */
export class MplsHeader extends MplsView {
  get layer(): 'mpls' {
    return 'mpls';
  }
}

/** An entry as a plain object, owned. */
export type MplsLabel = Readonly<MplsFields>;

/** Decode one label stack entry. Faults: TRUNCATED. */
export function decodeMpls(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): MplsHeader | DecodeFault {
  if (end - offset < 4) return fault('TRUNCATED', 'mpls', 'header', offset, 4, end - offset);
  return new MplsHeader(bytes, offset, offset + 4, end, claimedEnd);
}

/** Read one entry; unchecked, the caller has seen that four bytes are there. */
export function readMplsLabel(bytes: Uint8Array, offset: number): MplsLabel {
  const { label, trafficClass, bottom, ttl } = mplsTable.fields;
  return {
    label: label.read(bytes, offset),
    trafficClass: trafficClass.read(bytes, offset),
    bottom: bottom.read(bytes, offset),
    ttl: ttl.read(bytes, offset),
  };
}

/** Encode one entry and what follows it; it is the last one unless `bottom` is 0. */
export function encodeMpls(init: Partial<MplsFields> & { label: number }, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + (payload?.length ?? 0));
  const table = mplsTable.fields;
  table.label.write(bytes, 0, init.label);
  table.trafficClass.write(bytes, 0, init.trafficClass ?? 0);
  table.bottom.write(bytes, 0, init.bottom ?? 1);
  table.ttl.write(bytes, 0, init.ttl ?? 64);
  if (payload !== undefined) bytes.set(payload, 4);
  return bytes;
}

/** Encode entries as they are. */
export function encodeMplsLabels(labels: readonly MplsLabel[]): Uint8Array {
  const bytes = new Uint8Array(4 * labels.length);
  for (const [i, label] of labels.entries()) bytes.set(encodeMpls(label), 4 * i);
  return bytes;
}

/** tcpdump's `MPLS (label 100, tc 0, [S], ttl 64)`. */
export function describeMpls({ label, trafficClass, bottom, ttl }: MplsLabel): string {
  return `MPLS (label ${label}, tc ${trafficClass}${bottom === 1 ? ', [S]' : ''}, ttl ${ttl})`;
}
