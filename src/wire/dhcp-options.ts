/**
 * The options of DHCP for IPv4: RFC 2132, and those of later documents in IANA's "BOOTP Vendor Extensions and DHCP
 * Options". Each has a name and most have a form in which their data is read; others stay bytes. dhcpv4.ts has the
 * messages.
 */
import { formatIpv4Bytes } from '../addr/ipv4.ts';
import { concat, equal, fromUtf8, readU16, readU32, toHex, utf8, writeU16, writeU32 } from '../core/bytes.ts';
import { type DecodeFault, fault } from '../core/fault.ts';
import { decodeName, encodeName } from './dns-name.ts';
import { encodeAddress } from './multicast-record.ts';

/** One option; `dhcpOptionValue` reads `data`. */
export interface DhcpOption {
  /** See `DhcpOptionCode`. */
  readonly code: number;
  readonly data: Uint8Array;
}

/** A route to a network. RFC 3442 */
export interface DhcpRoute {
  /** `10.0.0.0/8` */
  readonly prefix: string;
  readonly router: string;
}

/** What an option says: one number, address or text; several; routes; or options inside it (RFC 3046). */
export type DhcpValue =
  | number
  | boolean
  | string
  | readonly number[]
  | readonly string[]
  | readonly DhcpRoute[]
  | readonly DhcpOption[];

/** How the data of an option is read and written; `read` gives undefined where it is not as the RFC says. */
interface Format {
  read(data: Uint8Array): DhcpValue | undefined;
  write(value: DhcpValue): Uint8Array;
}

function unsigned(length: 1 | 2 | 4): Format {
  return {
    read(data) {
      if (data.length !== length) return undefined;
      if (length === 1) return data[0];
      return length === 2 ? readU16(data, 0) : readU32(data, 0);
    },
    write(value) {
      const bytes = new Uint8Array(length);
      const most = 2 ** (8 * length) - 1;
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
        throw new RangeError(`value: expected a whole number from 0 to ${most}, got ${JSON.stringify(value)}`);
      }
      if (length === 1) bytes[0] = value;
      else if (length === 2) writeU16(bytes, 0, value);
      else writeU32(bytes, 0, value);
      return bytes;
    },
  };
}

/** One after another to the end, `size` bytes each. */
function many(one: Format, size: number, least: number = 1): Format {
  return {
    read(data) {
      if (data.length % size !== 0 || data.length < size * least) return undefined;
      const count = data.length / size;
      return Array.from({ length: count }, (_, i) => one.read(data.subarray(size * i, size * (i + 1)))) as DhcpValue;
    },
    write: (value) => concat(listOf(value).map((item) => one.write(item as DhcpValue))),
  };
}

function listOf(value: DhcpValue): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`value: expected a list, got ${typeof value}`);
  return value as readonly unknown[];
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`value: expected text, got ${typeof value}`);
  return value;
}

const u8 = unsigned(1);
const u16 = unsigned(2);
const u32 = unsigned(4);

/** Seconds east of UTC: the only signed one. RFC 2132 §3.4 */
const s32: Format = {
  read: (data) => (data.length === 4 ? readU32(data, 0) | 0 : undefined),
  write: (value) => u32.write(Number(value) >>> 0),
};

const bool: Format = {
  read: (data) => (data.length === 1 && data[0]! <= 1 ? data[0] === 1 : undefined),
  write: (value) => Uint8Array.of(value === true ? 1 : 0),
};

/** An option that says all by being there. RFC 4039 §4 */
const present: Format = {
  read: (data) => (data.length === 0 ? true : undefined),
  write: () => new Uint8Array(0),
};

const ipv4: Format = {
  read: (data) => (data.length === 4 ? formatIpv4Bytes(data, 0) : undefined),
  write: (value) => encodeAddress(textOf(value), 4),
};

const ipv4s = many(ipv4, 4);

/** UTF-8 text, of which other bytes are none; a zero at the end is kept. RFC 2132 §2 */
const text: Format = {
  read(data) {
    const read = fromUtf8(data);
    return equal(utf8(read), data) ? read : undefined;
  },
  write: (value) => utf8(textOf(value)),
};

/** Names in the form of DNS, joined (RFC 3397 §2): pointers count from the begin of the (joined) data. */
const names: Format = {
  read(data) {
    const list: string[] = [];
    for (let at = 0; at < data.length; ) {
      const name = decodeName(data, at, data.length, 0);
      if (!name.ok) return undefined;
      list.push(name.name);
      at = name.end;
    }
    return list.length === 0 ? undefined : list;
  },
  write: (value) => concat(listOf(value).map((name) => encodeName(textOf(name)))),
};

/** RFC 3442: width of the network, as many of its bytes as that needs, the router. */
const routes: Format = {
  read(data) {
    const list: DhcpRoute[] = [];
    for (let at = 0; at < data.length; ) {
      const width = data[at]!;
      const octets = Math.ceil(width / 8);
      if (width > 32 || at + 1 + octets + 4 > data.length) return undefined;
      const network = new Uint8Array(4);
      network.set(data.subarray(at + 1, at + 1 + octets));
      list.push({
        prefix: `${formatIpv4Bytes(network, 0)}/${width}`,
        router: formatIpv4Bytes(data, at + 1 + octets),
      });
      at += 1 + octets + 4;
    }
    return list.length === 0 ? undefined : list;
  },
  write: (value) =>
    concat(
      (listOf(value) as readonly DhcpRoute[]).map(({ prefix, router }) => {
        const [network = '', width = ''] = prefix.split('/');
        if (!/^\d+$/.test(width) || Number(width) > 32) {
          throw new RangeError(`prefix: expected a width of 0 to 32, got '${prefix}'`);
        }
        const octets = ipv4.write(network).subarray(0, Math.ceil(Number(width) / 8));
        return concat([Uint8Array.of(Number(width)), octets, ipv4.write(router)]);
      }),
    ),
};

/** Code, length, data, without end and padding. RFC 3046 §2.0, RFC 2132 §8.4 */
const inner: Format = {
  read(data) {
    const list: DhcpOption[] = [];
    for (let at = 0; at < data.length; ) {
      const next = at + 2 + (data[at + 1] ?? 0);
      if (next > data.length) return undefined;
      list.push({ code: data[at]!, data: data.slice(at + 2, next) });
      at = next;
    }
    return list;
  },
  write: (value) =>
    concat(
      (listOf(value) as readonly DhcpOption[]).map(({ code, data }) => {
        if (data.length > 255) throw new RangeError(`data: expected at most 255 bytes, got ${data.length}`);
        return concat([Uint8Array.of(code, data.length), data]);
      }),
    ),
};

/** IANA's codes, as of 2026-11; of RFC 2132 where nothing else stands. `PAD` and `END` have neither length nor data. */
export const DhcpOptionCode = {
  PAD: 0,
  SUBNET_MASK: 1,
  TIME_OFFSET: 2,
  ROUTER: 3,
  TIME_SERVERS: 4,
  NAME_SERVERS: 5,
  DNS_SERVERS: 6,
  LOG_SERVERS: 7,
  LPR_SERVERS: 9,
  HOST_NAME: 12,
  BOOT_FILE_SIZE: 13,
  DOMAIN_NAME: 15,
  SWAP_SERVER: 16,
  ROOT_PATH: 17,
  EXTENSIONS_PATH: 18,
  IP_FORWARDING: 19,
  NON_LOCAL_SOURCE_ROUTING: 20,
  POLICY_FILTER: 21,
  MOST_REASSEMBLY_BYTES: 22,
  DEFAULT_TTL: 23,
  PATH_MTU_TIMEOUT: 24,
  PATH_MTU_PLATEAUS: 25,
  INTERFACE_MTU: 26,
  ALL_SUBNETS_LOCAL: 27,
  BROADCAST_ADDRESS: 28,
  MASK_DISCOVERY: 29,
  MASK_SUPPLIER: 30,
  ROUTER_DISCOVERY: 31,
  ROUTER_SOLICITATION: 32,
  STATIC_ROUTES: 33,
  TRAILERS: 34,
  ARP_TIMEOUT: 35,
  ETHERNET_802_3: 36,
  TCP_TTL: 37,
  TCP_KEEPALIVE_INTERVAL: 38,
  TCP_KEEPALIVE_GARBAGE: 39,
  NIS_DOMAIN: 40,
  NIS_SERVERS: 41,
  NTP_SERVERS: 42,
  VENDOR_SPECIFIC: 43,
  NETBIOS_NAME_SERVERS: 44,
  NETBIOS_DATAGRAM_SERVERS: 45,
  NETBIOS_NODE_TYPE: 46,
  NETBIOS_SCOPE: 47,
  FONT_SERVERS: 48,
  DISPLAY_MANAGERS: 49,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  OVERLOAD: 52,
  MESSAGE_TYPE: 53,
  SERVER_ID: 54,
  PARAMETER_LIST: 55,
  MESSAGE: 56,
  MOST_MESSAGE_BYTES: 57,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  VENDOR_CLASS: 60,
  CLIENT_ID: 61,
  NIS_PLUS_DOMAIN: 64,
  NIS_PLUS_SERVERS: 65,
  TFTP_SERVER_NAME: 66,
  BOOT_FILE_NAME: 67,
  HOME_AGENTS: 68,
  SMTP_SERVERS: 69,
  POP3_SERVERS: 70,
  NNTP_SERVERS: 71,
  WWW_SERVERS: 72,
  /** RFC 3004 */
  USER_CLASS: 77,
  /** RFC 4039 */
  RAPID_COMMIT: 80,
  /** RFC 4702: flags and two codes, then a name in either of two forms. */
  CLIENT_FQDN: 81,
  /** RFC 3046 */
  RELAY_AGENT: 82,
  /** RFC 3118 */
  AUTHENTICATION: 90,
  /** RFC 4388 */
  LAST_TRANSACTION_TIME: 91,
  ASSOCIATED_ADDRESSES: 92,
  /** RFC 4578 */
  CLIENT_ARCHITECTURE: 93,
  CLIENT_INTERFACE: 94,
  CLIENT_UUID: 97,
  /** RFC 4833 */
  POSIX_TIMEZONE: 100,
  TZDB_TIMEZONE: 101,
  /** RFC 8925: seconds to go without IPv4. */
  IPV6_ONLY_PREFERRED: 108,
  /** RFC 8910 */
  CAPTIVE_PORTAL: 114,
  /** RFC 2563 */
  AUTO_CONFIGURE: 116,
  /** RFC 2937 */
  NAME_SERVICE_SEARCH: 117,
  /** RFC 3011 */
  SUBNET_SELECTION: 118,
  /** RFC 3397 */
  DOMAIN_SEARCH: 119,
  /** RFC 3361 */
  SIP_SERVERS: 120,
  /** RFC 3442 */
  CLASSLESS_ROUTES: 121,
  /** RFC 3925 */
  VENDOR_IDENTIFYING_CLASS: 124,
  VENDOR_IDENTIFYING: 125,
  /** RFC 5859 */
  TFTP_SERVERS: 150,
  /** RFC 5071 */
  PXE_CONFIG_FILE: 209,
  PXE_PATH_PREFIX: 210,
  PXE_REBOOT_TIME: 211,
  /** Microsoft's number for RFC 3442's routes. */
  MICROSOFT_ROUTES: 249,
  /** Web proxy auto-discovery, by custom. */
  PROXY_AUTO_DISCOVERY: 252,
  END: 255,
} as const;

type DhcpOptionName = keyof typeof DhcpOptionCode;

/** Which options have which form; those that are not here stay bytes. */
const forms: readonly (readonly [format: Format, names: readonly DhcpOptionName[]])[] = [
  [
    ipv4,
    [
      'SUBNET_MASK',
      'SWAP_SERVER',
      'BROADCAST_ADDRESS',
      'ROUTER_SOLICITATION',
      'REQUESTED_ADDRESS',
      'SERVER_ID',
      'SUBNET_SELECTION',
    ],
  ],
  [s32, ['TIME_OFFSET']],
  [
    ipv4s,
    [
      'ROUTER',
      'TIME_SERVERS',
      'NAME_SERVERS',
      'DNS_SERVERS',
      'LOG_SERVERS',
      'LPR_SERVERS',
      'NIS_SERVERS',
      'NTP_SERVERS',
      'NETBIOS_NAME_SERVERS',
      'NETBIOS_DATAGRAM_SERVERS',
      'FONT_SERVERS',
      'DISPLAY_MANAGERS',
      'NIS_PLUS_SERVERS',
      'SMTP_SERVERS',
      'POP3_SERVERS',
      'NNTP_SERVERS',
      'WWW_SERVERS',
      'ASSOCIATED_ADDRESSES',
      'TFTP_SERVERS',
    ],
  ],
  [
    text,
    [
      'HOST_NAME',
      'DOMAIN_NAME',
      'ROOT_PATH',
      'EXTENSIONS_PATH',
      'NIS_DOMAIN',
      'NETBIOS_SCOPE',
      'MESSAGE',
      'VENDOR_CLASS',
      'NIS_PLUS_DOMAIN',
      'TFTP_SERVER_NAME',
      'BOOT_FILE_NAME',
      'POSIX_TIMEZONE',
      'TZDB_TIMEZONE',
      'CAPTIVE_PORTAL',
      'PXE_CONFIG_FILE',
      'PXE_PATH_PREFIX',
      'PROXY_AUTO_DISCOVERY',
    ],
  ],
  [u16, ['BOOT_FILE_SIZE', 'MOST_REASSEMBLY_BYTES', 'INTERFACE_MTU', 'MOST_MESSAGE_BYTES']],
  [
    bool,
    [
      'IP_FORWARDING',
      'NON_LOCAL_SOURCE_ROUTING',
      'ALL_SUBNETS_LOCAL',
      'MASK_DISCOVERY',
      'MASK_SUPPLIER',
      'ROUTER_DISCOVERY',
      'TRAILERS',
      'ETHERNET_802_3',
      'TCP_KEEPALIVE_GARBAGE',
    ],
  ],
  [many(ipv4, 4, 2), ['POLICY_FILTER', 'STATIC_ROUTES']],
  [u8, ['DEFAULT_TTL', 'TCP_TTL', 'NETBIOS_NODE_TYPE', 'OVERLOAD', 'MESSAGE_TYPE', 'AUTO_CONFIGURE']],
  [
    u32,
    [
      'PATH_MTU_TIMEOUT',
      'ARP_TIMEOUT',
      'TCP_KEEPALIVE_INTERVAL',
      'LEASE_TIME',
      'RENEWAL_TIME',
      'REBINDING_TIME',
      'LAST_TRANSACTION_TIME',
      'IPV6_ONLY_PREFERRED',
      'PXE_REBOOT_TIME',
    ],
  ],
  [many(u16, 2), ['PATH_MTU_PLATEAUS', 'CLIENT_ARCHITECTURE', 'NAME_SERVICE_SEARCH']],
  [many(u8, 1), ['PARAMETER_LIST']],
  [many(ipv4, 4, 0), ['HOME_AGENTS']],
  [present, ['RAPID_COMMIT']],
  [inner, ['RELAY_AGENT']],
  [names, ['DOMAIN_SEARCH']],
  [routes, ['CLASSLESS_ROUTES', 'MICROSOFT_ROUTES']],
];

const formatOfCode: ReadonlyMap<number, Format> = new Map(
  forms.flatMap(([format, names]) => names.map((name) => [DhcpOptionCode[name], format] as const)),
);

const nameOfCode: ReadonlyMap<number, string> = new Map(
  Object.entries(DhcpOptionCode).map(([name, code]) => [code, name.toLowerCase().replaceAll('_', '-')]),
);

/** `dns-servers`, or `option-200` for a code without a name here. */
export function dhcpOptionName(code: number): string {
  return nameOfCode.get(code) ?? `option-${code}`;
}

/**
 * What an option says, as its RFC has it.
 * @returns undefined for options that stay bytes, and for data that is not as the RFC says
 * @example
 * ```ts
 * import { DhcpOptionCode, dhcpOption, dhcpOptionValue } from 'barewire/wire';
 * const option = dhcpOption(DhcpOptionCode.CLASSLESS_ROUTES, [{ prefix: '10.0.0.0/8', router: '192.0.2.1' }]);
 * option.data.length; // 6
 * dhcpOptionValue(option); // [{ prefix: '10.0.0.0/8', router: '192.0.2.1' }]
 * ```
 */
export function dhcpOptionValue({ code, data }: DhcpOption): DhcpValue | undefined {
  return formatOfCode.get(code)?.read(data);
}

/**
 * An option from its value, the other way round.
 * @throws TypeError for a code whose data has no form here, and for a value of another form; RangeError for numbers
 */
export function dhcpOption(code: number, value: DhcpValue): DhcpOption {
  const format = formatOfCode.get(code);
  if (format === undefined) throw new TypeError(`code: expected an option with a known form, got ${code}`);
  return { code, data: format.write(value) };
}

/** `router 192.0.2.254`, `lease-time 3600`; bytes in hex. */
export function describeDhcpOption(option: DhcpOption): string {
  const value = dhcpOptionValue(option);
  const name = dhcpOptionName(option.code);
  if (value === undefined) return `${name} 0x${toHex(option.data)}`;
  return `${name} ${valueText(value)}`;
}

function valueText(value: DhcpValue): string {
  if (typeof value === 'string') return /^[\d.]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object') return String(value);
  return value
    .map((item) => {
      if (typeof item !== 'object') return String(item);
      return 'router' in item ? `${item.prefix} via ${item.router}` : `${item.code}=0x${toHex(item.data)}`;
    })
    .join(', ');
}

/** Decode a list of options up to its end. Faults: TRUNCATED (also when there is no end, RFC 2131 §4.1). */
export function decodeDhcpOptions(bytes: Uint8Array, offset: number, end: number): DhcpOption[] | DecodeFault {
  const options: DhcpOption[] = [];
  let at = offset;
  for (;;) {
    if (at >= end) return fault('TRUNCATED', 'dhcpv4', 'options', at, 1, 0);
    const code = bytes[at]!;
    if (code === DhcpOptionCode.END) return options;
    if (code === DhcpOptionCode.PAD) {
      at++;
      continue;
    }
    const next = at + 2 + (bytes[at + 1] ?? 0);
    if (at + 2 > end || next > end) return fault('TRUNCATED', 'dhcpv4', 'options', at, next - at, end - at);
    options.push({ code, data: bytes.slice(at + 2, next) });
    at = next;
  }
}

/** Bytes of a list of options, with its end; data over 255 bytes goes in several of the same code (RFC 3396 §5). */
export function encodeDhcpOptions(options: readonly DhcpOption[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { code, data } of options) {
    let at = 0;
    do {
      const piece = data.subarray(at, at + 255);
      parts.push(Uint8Array.of(code, piece.length), piece);
      at += 255;
    } while (at < data.length);
  }
  return concat([...parts, Uint8Array.of(DhcpOptionCode.END)]);
}

/** Options of the same code joined, where the first stood (RFC 3396 §7). */
export function joinDhcpOptions(options: readonly DhcpOption[]): DhcpOption[] {
  const joined = new Map<number, Uint8Array[]>();
  for (const { code, data } of options) {
    const parts = joined.get(code);
    if (parts === undefined) joined.set(code, [data]);
    else parts.push(data);
  }
  return [...joined].map(([code, parts]) => ({ code, data: concat(parts) }));
}
