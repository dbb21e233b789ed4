/** PPP over Ethernet: discovery and session (RFC 2516), and the protocol field of PPP (RFC 1661 §2). */
import { concat, fromUtf8, readU16, utf8, writeU16 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { type HeaderTable, headerTable, uint, type ViewClass, viewClass } from './field.ts';

/** RFC 2516 §5, §6 */
export const PppoeCode = { SESSION: 0x00, PADI: 0x09, PADO: 0x07, PADR: 0x19, PADS: 0x65, PADT: 0xa7 } as const;

const codeNames: ReadonlyMap<number, string> = new Map(Object.entries(PppoeCode).map(([name, code]) => [code, name]));

/** The header, in the order of the wire. */
export interface PppoeFields {
  /** 1. RFC 2516 §4 */
  version: number;
  /** 1. RFC 2516 §4 */
  type: number;
  /** See `PppoeCode`. RFC 2516 §4 */
  code: number;
  /** 0 until the session is there. RFC 2516 §4 */
  sessionId: number;
  /** Of the payload, bytes. RFC 2516 §4 */
  length: number;
}

export const pppoeTable: HeaderTable<PppoeFields> = headerTable<PppoeFields>('pppoe', 'RFC 2516 §4', 6, {
  version: uint(0, 4, '§4'),
  type: uint(4, 4, '§4'),
  code: uint(8, 8, '§4'),
  sessionId: uint(16, 16, '§4'),
  length: uint(32, 16, '§4'),
});

/** RFC 2516 appendix A */
export const PppoeTagType = {
  END_OF_LIST: 0x0000,
  SERVICE_NAME: 0x0101,
  AC_NAME: 0x0102,
  HOST_UNIQ: 0x0103,
  AC_COOKIE: 0x0104,
  VENDOR_SPECIFIC: 0x0105,
  RELAY_SESSION_ID: 0x0110,
  SERVICE_NAME_ERROR: 0x0201,
  AC_SYSTEM_ERROR: 0x0202,
  GENERIC_ERROR: 0x0203,
} as const;

const tagNames: ReadonlyMap<number, string> = new Map(
  Object.entries(PppoeTagType).map(([name, type]) => [type, name.toLowerCase().replaceAll('_', '-')]),
);

/** A tag of a discovery packet. RFC 2516 appendix A */
export interface PppoeTag {
  /** See `PppoeTagType`. */
  readonly type: number;
  readonly data: Uint8Array;
}

const PppoeView: ViewClass<PppoeFields> = viewClass(pppoeTable);

/** A decoded PPPoE header. */
export class PppoeHeader extends PppoeView {
  get layer(): 'pppoe' {
    return 'pppoe';
  }

  /** Tags of a discovery packet, decoded on each call; none in a session. Faults: TRUNCATED. */
  get tags(): readonly PppoeTag[] | DecodeFault {
    return this.code === PppoeCode.SESSION ? [] : decodePppoeTags(this.bytes, this.headerEnd, this.payloadEnd);
  }
}

/** Decode the tags of a discovery packet. Faults: TRUNCATED. */
export function decodePppoeTags(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): PppoeTag[] | DecodeFault {
  const tags: PppoeTag[] = [];
  let at = offset;
  while (at < end) {
    if (at + 4 > end) return fault('TRUNCATED', 'pppoe', 'tag', at, 4, end - at);
    const type = readU16(bytes, at);
    const next = at + 4 + readU16(bytes, at + 2);
    if (next > end) return fault('TRUNCATED', 'pppoe', 'tag', at, next - at, end - at);
    tags.push({ type, data: bytes.slice(at + 4, next) });
    // RFC 2516 appendix A: what follows the end of the list is not looked at.
    if (type === PppoeTagType.END_OF_LIST) break;
    at = next;
  }
  return tags;
}

/** Encode tags; a text is written as UTF-8. */
export function encodePppoeTags(
  tags: readonly { readonly type: number; readonly data: Uint8Array | string }[],
): Uint8Array {
  return concat(
    tags.map(({ type, data }) => {
      const value = typeof data === 'string' ? utf8(data) : data;
      const head = new Uint8Array(4);
      writeU16(head, 0, type);
      writeU16(head, 2, value.length);
      return concat([head, value]);
    }),
  );
}

/**
 * Decode one PPPoE header; padding after `length` bytes is not payload.
 * Faults: TRUNCATED; BAD_VERSION (version or type is not 1); BAD_LENGTH (past the end of the frame)
 */
export function decodePppoe(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): PppoeHeader | DecodeFault {
  if (end - offset < 6) return fault('TRUNCATED', 'pppoe', 'header', offset, 6, end - offset);
  if (bytes[offset] !== 0x11) return fault('BAD_VERSION', 'pppoe', 'version', offset, 0x11, bytes[offset]!);
  const headerEnd = offset + 6;
  const payloadEnd = headerEnd + readU16(bytes, offset + 4);
  if (payloadEnd > claimedEnd) {
    return fault('BAD_LENGTH', 'pppoe', 'length', offset + 4, payloadEnd - headerEnd, claimedEnd - headerEnd);
  }
  return new PppoeHeader(bytes, offset, headerEnd, Math.min(payloadEnd, end), payloadEnd);
}

/** Encode a PPPoE header and what follows it: tags, or a PPP packet. */
export function encodePppoe(init: Partial<PppoeFields> & { code: number }, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(6 + (payload?.length ?? 0));
  const table = pppoeTable.fields;
  table.version.write(bytes, 0, init.version ?? 1);
  table.type.write(bytes, 0, init.type ?? 1);
  table.code.write(bytes, 0, init.code);
  table.sessionId.write(bytes, 0, init.sessionId ?? 0);
  table.length.write(bytes, 0, init.length ?? payload?.length ?? 0);
  if (payload !== undefined) bytes.set(payload, 6);
  return bytes;
}

/** tcpdump's `PPPoE [ses 0x1]` and `PPPoE PADO [ac-name "bras"] [service-name]` */
export function describePppoe(pppoe: PppoeHeader): string {
  const session = pppoe.sessionId === 0 ? '' : ` [ses 0x${pppoe.sessionId.toString(16)}]`;
  if (pppoe.code === PppoeCode.SESSION) return `PPPoE${session}`;
  const { tags } = pppoe;
  const list = Array.isArray(tags) ? (tags as readonly PppoeTag[]).map(describeTag).join('') : ' [|tags]';
  return `PPPoE ${codeNames.get(pppoe.code) ?? `code 0x${pppoe.code.toString(16)}`}${session}${list}`;
}

function describeTag({ type, data }: PppoeTag): string {
  const name = tagNames.get(type) ?? `0x${type.toString(16).padStart(4, '0')}`;
  // Names and errors are text; cookies and the like are the sender's own bytes.
  const isText = type === PppoeTagType.SERVICE_NAME || type === PppoeTagType.AC_NAME || type >= 0x0201;
  return isText && data.length > 0 ? ` [${name} ${JSON.stringify(fromUtf8(data))}]` : ` [${name}]`;
}

// ------------------------------------------------------------------------------------------------------------------ PPP

/** RFC 1661 §2: what is in front of a PPP packet; PPPoE sends no address, control or compressed fields. */
export interface PppFields {
  /** See `PppProtocol`. RFC 1661 §2 */
  protocol: number;
}

/** IANA "PPP DLL Protocol Numbers". */
export const PppProtocol = {
  IPV4: 0x0021,
  IPV6: 0x0057,
  MPLS: 0x0281,
  IPCP: 0x8021,
  IPV6CP: 0x8057,
  LCP: 0xc021,
  PAP: 0xc023,
  CHAP: 0xc223,
} as const;

const protocolNames: ReadonlyMap<number, string> = new Map(
  Object.entries(PppProtocol).map(([name, protocol]) => [protocol, name]),
);

export const pppTable: HeaderTable<PppFields> = headerTable<PppFields>('ppp', 'RFC 1661 §2', 2, {
  protocol: uint(0, 16, '§2'),
});

const PppView: ViewClass<PppFields> = viewClass(pppTable);

/** A decoded PPP protocol field. */
export class PppHeader extends PppView {
  get layer(): 'ppp' {
    return 'ppp';
  }
}

/** Decode a PPP protocol field. Faults: TRUNCATED. */
export function decodePpp(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
  claimedEnd: number = end,
): PppHeader | DecodeFault {
  if (end - offset < 2) return fault('TRUNCATED', 'ppp', 'protocol', offset, 2, end - offset);
  return new PppHeader(bytes, offset, offset + 2, end, claimedEnd);
}

/** Encode a PPP protocol field and what follows it. */
export function encodePpp(init: PppFields, payload?: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + (payload?.length ?? 0));
  pppTable.fields.protocol.write(bytes, 0, init.protocol);
  if (payload !== undefined) bytes.set(payload, 2);
  return bytes;
}

/** `LCP`, or nothing for IP, whose own line follows. */
export function describePpp({ protocol }: PppHeader): string {
  if (protocol === PppProtocol.IPV4 || protocol === PppProtocol.IPV6) return '';
  return protocolNames.get(protocol) ?? `PPP protocol 0x${protocol.toString(16).padStart(4, '0')}`;
}
