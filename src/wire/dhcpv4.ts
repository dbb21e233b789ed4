/** DHCP for IPv4 (RFC 2131 §2, in the shape of BOOTP, RFC 951); its options: dhcp-options.ts. */
import { formatMac } from '../addr/mac.ts';
import { concat, readU32, toHex } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import {
  type DhcpOption,
  DhcpOptionCode,
  decodeDhcpOptions,
  encodeDhcpOptions,
  joinDhcpOptions,
} from './dhcp-options.ts';
import { flags, type HeaderTable, headerTable, ipv4Address, uint, type ViewClass, viewClass } from './field.ts';

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** The first 28 bytes, in the order of the wire. */
export interface Dhcpv4Fields {
  /** 1 from a client, 2 from a server. RFC 2131 §2 */
  operation: number;
  /** ARP's hardware type: 1 Ethernet. RFC 2131 §2 */
  hardwareType: number;
  /** Bytes of `clientHardware` that count. RFC 2131 §2 */
  hardwareLength: number;
  /** Relays on the way. RFC 2131 §2 */
  hops: number;
  /** Joins question and answer. RFC 2131 §2 */
  transactionId: number;
  /** Seconds since the client began. RFC 2131 §2 */
  seconds: number;
  /** 0x8000: the answer is to be broadcast. RFC 2131 §2 */
  flags: number;
  /** The client's, when it has one. RFC 2131 §2 */
  clientAddress: string;
  /** What the server gives. RFC 2131 §2 */
  yourAddress: string;
  /** Of the next server for booting. RFC 2131 §2 */
  serverAddress: string;
  /** Of the relay. RFC 2131 §2 */
  relayAddress: string;
}

export const dhcpv4Table: HeaderTable<Dhcpv4Fields> = headerTable<Dhcpv4Fields>('dhcpv4', 'RFC 2131 §2', 28, {
  operation: uint(0, 8, '§2'),
  hardwareType: uint(8, 8, '§2'),
  hardwareLength: uint(16, 8, '§2'),
  hops: uint(24, 8, '§2'),
  transactionId: uint(32, 32, '§2'),
  seconds: uint(64, 16, '§2'),
  flags: flags(80, 16, '§2'),
  clientAddress: ipv4Address(96, '§2'),
  yourAddress: ipv4Address(128, '§2'),
  serverAddress: ipv4Address(160, '§2'),
  relayAddress: ipv4Address(192, '§2'),
});

/** RFC 2132 §9.6 */
export const DhcpMessageType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

const messageNames: ReadonlyMap<number, string> = new Map(
  Object.entries(DhcpMessageType).map(([name, type]) => [type, name.toLowerCase()]),
);

/** What every DHCP message has before its options: RFC 2131 §3. */
const MAGIC = 0x63825363;
const OPTIONS_AT = 240;

/** Bits of option 52, and the rooms that they open. RFC 2132 §9.3 */
const OVERLOADED = [
  [1, 108, 236],
  [2, 44, 108],
] as const;

const Dhcpv4View: ViewClass<Dhcpv4Fields> = viewClass(dhcpv4Table);

/** A decoded DHCP message; `headerEnd` is where the options begin. */
export class Dhcpv4Message extends Dhcpv4View {
  get layer(): 'dhcpv4' {
    return 'dhcpv4';
  }

  get kind(): 'dhcpv4' {
    return 'dhcpv4';
  }

  /** The client's link-layer address; `hardwareLength` bytes of the field's 16. */
  get clientHardware(): string {
    return formatMac(this.bytes, this.headerOffset + 28, Math.min(16, this.hardwareLength));
  }

  /** The server's name as bytes, 64 of them, zeros included; may hold options (RFC 2132 §9.3). */
  get serverName(): Uint8Array {
    return this.bytes.slice(this.headerOffset + 44, this.headerOffset + 108);
  }

  /** The boot file's name as bytes, 128 of them, zeros included; may hold options (RFC 2132 §9.3). */
  get bootFile(): Uint8Array {
    return this.bytes.slice(this.headerOffset + 108, this.headerOffset + 236);
  }

  /** Options in order, without padding and end, decoded on each call. Faults: TRUNCATED. */
  get options(): readonly DhcpOption[] | DecodeFault {
    return decodeDhcpOptions(this.bytes, this.headerEnd, this.payloadEnd);
  }

  /**
   * What the message says in all: options of the same code joined (RFC 3396), those in the room of the boot file and of
   * the server's name too where option 52 says so (RFC 2132 §9.3). Faults: TRUNCATED.
   */
  get allOptions(): readonly DhcpOption[] | DecodeFault {
    const { options } = this;
    if ('ok' in options) return options;
    const overload = options.find(({ code }) => code === DhcpOptionCode.OVERLOAD)?.data[0] ?? 0;
    const all = [...options];
    // RFC 2131 §4.1: the file's room first.
    for (const [bit, from, to] of OVERLOADED) {
      if ((overload & bit) === 0) continue;
      const more = decodeDhcpOptions(this.bytes, this.headerOffset + from, this.headerOffset + to);
      if ('ok' in more) return more;
      all.push(...more);
    }
    return joinDhcpOptions(all);
  }

  /** See `DhcpMessageType`; undefined without the option. RFC 2132 §9.6 */
  get messageType(): number | undefined {
    const { options } = this;
    if ('ok' in options) return undefined;
    return options.find(({ code }) => code === DhcpOptionCode.MESSAGE_TYPE)?.data[0];
  }
}

/** Decode one DHCP message. Faults: TRUNCATED; BAD_MAGIC (BOOTP without options). */
export function decodeDhcpv4(
  bytes: Uint8Array,
  offset: number = 0,
  end: number = bytes.length,
): Dhcpv4Message | DecodeFault {
  if (end - offset < OPTIONS_AT) return fault('TRUNCATED', 'dhcpv4', 'header', offset, OPTIONS_AT, end - offset);
  const magic = readU32(bytes, offset + 236);
  if (magic !== MAGIC) return fault('BAD_MAGIC', 'dhcpv4', 'magic', offset + 236, MAGIC, magic);
  return new Dhcpv4Message(bytes, offset, offset + OPTIONS_AT, end, end);
}

/** What `encodeDhcpv4` needs. */
export interface Dhcpv4Init extends Partial<Dhcpv4Fields> {
  operation: number;
  /** The client's link-layer address, as bytes; at most 16. */
  clientHardwareBytes: Uint8Array;
  serverName?: Uint8Array;
  bootFile?: Uint8Array;
  options: readonly DhcpOption[];
}

/** Encode one DHCP message; the end of the options is added, padding is not. Long data is split (RFC 3396). */
export function encodeDhcpv4(init: Dhcpv4Init): Uint8Array {
  const bytes = new Uint8Array(OPTIONS_AT);
  const table = dhcpv4Table.fields;
  table.operation.write(bytes, 0, init.operation);
  table.hardwareType.write(bytes, 0, init.hardwareType ?? 1);
  table.hardwareLength.write(bytes, 0, init.hardwareLength ?? init.clientHardwareBytes.length);
  table.hops.write(bytes, 0, init.hops ?? 0);
  table.transactionId.write(bytes, 0, init.transactionId ?? 0);
  table.seconds.write(bytes, 0, init.seconds ?? 0);
  table.flags.write(bytes, 0, init.flags ?? 0);
  table.clientAddress.write(bytes, 0, init.clientAddress ?? '0.0.0.0');
  table.yourAddress.write(bytes, 0, init.yourAddress ?? '0.0.0.0');
  table.serverAddress.write(bytes, 0, init.serverAddress ?? '0.0.0.0');
  table.relayAddress.write(bytes, 0, init.relayAddress ?? '0.0.0.0');
  bytes.set(bounded('clientHardwareBytes', init.clientHardwareBytes, 16), 28);
  if (init.serverName !== undefined) bytes.set(bounded('serverName', init.serverName, 64), 44);
  if (init.bootFile !== undefined) bytes.set(bounded('bootFile', init.bootFile, 128), 108);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  return concat([bytes, encodeDhcpOptions(init.options)]);
}

function bounded(name: string, value: Uint8Array, most: number): Uint8Array {
  if (value.length > most) throw new RangeError(`${name}: expected at most ${most} bytes, got ${value.length}`);
  return value;
}

/** `DHCP discover, xid 0x12345678, from 02:00:00:00:00:01`, with the address that a server gives. */
export function describeDhcpv4(dhcp: Dhcpv4Message): string {
  const type = messageNames.get(dhcp.messageType ?? 0) ?? (dhcp.operation === 1 ? 'request' : 'reply');
  const id = toHex(dhcp.bytes.subarray(dhcp.headerOffset + 4, dhcp.headerOffset + 8));
  const gives = dhcp.yourAddress === '0.0.0.0' ? '' : `, your ip ${dhcp.yourAddress}`;
  return `DHCP ${type}, xid 0x${id}, for ${dhcp.clientHardware}${gives}, length ${dhcp.payloadEnd - dhcp.headerOffset}`;
}
