/**
 * A packet as a tree: layers, their fields with bit positions, options, what the application says, what was not read.
 * For the long listing of a packet, for a grid of its bytes, for whoever compares with another decoder. Everything
 * comes from the field tables and from what the decoders give.
 */
import { toHex } from '../core/bytes.ts';
import { type DecodeFault, describeFault, isFault } from '../core/fault.ts';
import { type ApplicationMessage, decodeApplication } from './application.ts';
import { dnsTable } from './dns.ts';
import { type FieldInfo, fieldsOf, type HeaderTable, HeaderView, tableOf } from './field.ts';
import { Icmpv4Type, Icmpv6Type } from './iana/icmp.ts';
import { decodeIcmpExtensions } from './icmp-extensions.ts';
import { Icmpv4Message } from './icmpv4.ts';
import { Icmpv6Message } from './icmpv6.ts';
import { decodeQuoted, type Layer, type Packet } from './packet.ts';
import { type ChecksumState, verifyChecksums, verifyIpv4Checksum } from './verify.ts';

export interface TreeNode {
  /** `tcp.srcPort`; the same words for the same field in every packet. */
  readonly path: string;
  readonly label: string;
  /** The value for people; empty where the children say it all. */
  readonly text: string;
  /** The value for programs; undefined where the children are the value. */
  readonly value?: unknown;
  /** Position of its bits in the packet's bytes, from the first bit of byte 0; -1 where it is no part of them. */
  readonly bitOffset: number;
  readonly bitWidth: number;
  /** A row of dots and digits for bits that are not whole bytes: `.... ..1.` */
  readonly bits?: string;
  readonly children: readonly TreeNode[];
}

const TITLES: Readonly<Record<string, string>> = {
  ethernet: 'Ethernet',
  vlan: 'VLAN tag',
  sll: 'Linux cooked capture',
  sll2: 'Linux cooked capture 2',
  null: 'BSD loopback',
  arp: 'Address resolution',
  ipv4: 'Internet Protocol 4',
  ipv6: 'Internet Protocol 6',
  tcp: 'Transmission Control Protocol',
  udp: 'User Datagram Protocol',
  icmpv4: 'Internet Control Message Protocol',
  icmpv6: 'Internet Control Message Protocol 6',
};

/**
 * The tree of a decoded packet.
 * @returns one node a layer, then the application's message, bytes that were not read, the fault
 * @example
 * ```ts
 * import { buildPacket, decodePacket, formatTree, packetTree } from 'barewire/wire';
 * const bytes = buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, udp: { srcPort: 1000, dstPort: 53 } });
 * console.log(formatTree(packetTree(decodePacket(bytes, 'raw'))).join('\n'));
 * ```
 */
export function packetTree(packet: Packet): TreeNode[] {
  const sums = verifyChecksums(packet);
  const nodes = packet.layers.map((layer) => layerNode(layer, packet, sums));
  const message = decodeApplication(packet);
  if (message?.ok === true) {
    // RFC 1035 §4.2.2: over TCP a message comes after its length.
    const start = packet.payloadOffset + (message.kind === 'dns' && packet.tcp !== undefined ? 2 : 0);
    nodes.push(messageNode(message, start, packet.payloadEnd));
  } else if (packet.payloadEnd > packet.payloadOffset) {
    nodes.push(bytesNode('payload', packet.bytes, packet.payloadOffset, packet.payloadEnd));
  }
  if (packet.end > packet.payloadEnd && packet.fault === undefined) {
    nodes.push(bytesNode('trailer', packet.bytes, packet.payloadEnd, packet.end));
  }
  if (packet.truncated) nodes.push(textNode('truncated', 'the capture ends before the packet does'));
  if (packet.fault !== undefined) {
    nodes.push({ ...textNode('fault', describeFault(packet.fault)), bitOffset: packet.fault.offset * 8, bitWidth: 0 });
  }
  return nodes;
}

type Sums = ReturnType<typeof verifyChecksums>;

function layerNode(layer: Layer & HeaderView, packet: Packet, sums: Sums): TreeNode {
  return headerNode(layer, layer.layer, checksumOf(layer, packet, sums));
}

/** A header with a table: its fields, then what its class has besides. */
function headerNode(view: HeaderView, name: string, sum?: ChecksumState): TreeNode {
  const table = tableOf(view);
  const { headerOffset, headerEnd } = view;
  const children = table === undefined ? [] : tableNodes(table, view, headerOffset, name, sum);
  children.push(...extraNodes(view, name));
  return {
    path: name,
    label: TITLES[name] ?? name,
    text: table === undefined ? '' : `${table.rfc}, ${headerEnd - headerOffset} bytes`,
    bitOffset: headerOffset * 8,
    bitWidth: (headerEnd - headerOffset) * 8,
    children,
  };
}

/** The fields of a table, whose values are in a view or in a plain object. */
function tableNodes(
  table: HeaderTable<unknown>,
  values: object,
  offset: number,
  name: string,
  sum?: ChecksumState,
): TreeNode[] {
  return remembered(fieldLists, table, fieldsOf).map((field) =>
    fieldNode((values as Values)[field.name]!, field, offset * 8 + field.bitOffset, name, sum),
  );
}

/** The fields of each table, sorted once. */
const fieldLists = new WeakMap<HeaderTable<unknown>, readonly FieldInfo[]>();

function remembered<K extends WeakKey, V>(known: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make(key);
    known.set(key, value);
  }
  return value;
}

type Values = Readonly<Record<string, number | string>>;

/** What the application says; a header of its own stands at its bits, the rest by its parts. */
function messageNode(message: ApplicationMessage, start: number, end: number): TreeNode {
  const { kind } = message;
  if (message instanceof HeaderView) return headerNode(message, kind);
  const { header, ...fields } = messageFields(message);
  const node = partNode(kind, kind, fields, start, end);
  if (message.kind !== 'dns') return node;
  return { ...node, children: [...tableNodes(dnsTable, header as object, start, kind), ...node.children] };
}

/** The verdict on this layer's checksum, where one was made. */
function checksumOf(layer: Layer, packet: Packet, sums: Sums): ChecksumState | undefined {
  if (layer.layer === 'ipv4') return verifyIpv4Checksum(layer);
  return layer === packet.layers.at(-1) ? sums.transport : undefined;
}

function fieldNode(
  value: number | string,
  field: FieldInfo,
  bitOffset: number,
  layer: string,
  sum: ChecksumState | undefined,
): TreeNode {
  const path = `${layer}.${field.name}`;
  const isSum = field.name === 'checksum';
  const verdict = isSum && sum !== undefined ? ` (${SUM_WORDS[sum]})` : '';
  const bits = bitRow(value, field.bitOffset, field.width);
  return {
    path,
    label: field.name,
    text: `${valueText(value, field, isSum || field.name === 'etherType')}${verdict}`,
    value,
    bitOffset,
    bitWidth: field.width,
    ...(bits === undefined ? {} : { bits }),
    children: (field.bits ?? []).map((bit) => flagNode(Number(value), bit, field, bitOffset, path)),
  };
}

const SUM_WORDS: Readonly<Record<ChecksumState, string>> = {
  good: 'good',
  bad: 'bad',
  absent: 'none',
  partial: 'left to the card: the sum of the pseudo header alone',
  unverified: 'not verified, bytes are missing',
};

function valueText(value: number | string, field: FieldInfo, isHex: boolean): string {
  if (typeof value === 'string') return value;
  const hex = `0x${value.toString(16).padStart(Math.ceil(field.width / 4), '0')}`;
  if (field.kind === 'flags') {
    const set = (field.bits ?? []).flatMap(([mask, name]) => ((value & mask) === 0 ? [] : [name]));
    return set.length === 0 ? hex : `${hex} (${set.join(', ')})`;
  }
  const number = isHex ? hex : String(value);
  const name = field.nameOf?.(value);
  return name === undefined || name === String(value) ? number : `${name} (${number})`;
}

function flagNode(
  value: number,
  [mask, bit]: readonly [mask: number, name: string],
  field: FieldInfo,
  bitOffset: number,
  path: string,
): TreeNode {
  const position = field.width - 1 - (31 - Math.clz32(mask));
  const isSet = (value & mask) !== 0;
  return {
    path: `${path}.${bit}`,
    label: bit,
    text: isSet ? 'set' : 'not set',
    value: isSet ? 1 : 0,
    bitOffset: bitOffset + position,
    bitWidth: 1,
    bits: bitRow(isSet ? 1 : 0, field.bitOffset + position, 1) ?? '',
    children: [],
  };
}

/** `.... 0101` for the low half of a byte; undefined for whole bytes. */
function bitRow(value: number | string, bitOffset: number, width: number): string | undefined {
  if (typeof value === 'string' || (bitOffset % 8 === 0 && width % 8 === 0)) return undefined;
  const before = bitOffset % 8;
  const total = Math.ceil((before + width) / 8) * 8;
  const digits = value.toString(2).padStart(width, '0');
  const row = `${'.'.repeat(before)}${digits}`.padEnd(total, '.');
  return row.match(/.{4}/g)!.join(' ');
}

/** What a layer has besides its table: options, records, chunks; and for ICMP errors the packet that they quote. */
function extraNodes(view: HeaderView, name: string): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (const [key, value] of Object.entries(gettersOf(view, name))) {
    const node = inside(`${name}.${key}`, key, value);
    if (node.children.length > 0 || node.text !== '') nodes.push(node);
  }
  if (view instanceof Icmpv4Message || view instanceof Icmpv6Message) nodes.push(...errorNodes(view, name));
  return nodes;
}

/** What an ICMP error carries: the packet that caused it, and extension objects. */
function errorNodes(icmp: Icmpv4Message | Icmpv6Message, name: string): TreeNode[] {
  const nodes: TreeNode[] = [];
  const quoted = decodeQuoted(icmp);
  if (quoted !== undefined) {
    nodes.push({ ...textNode(`${name}.quoted`, ''), label: 'quoted', children: packetTree(quoted) });
  }
  const extensions = decodeIcmpExtensions(icmp);
  if (extensions?.ok === true) {
    nodes.push(partNode(`${name}.extensions`, 'extensions', extensions.objects, extensions.offset, icmp.payloadEnd));
  }
  return nodes;
}

/** Not of the packet's contents, or told elsewhere. */
const OTHER_GETTERS: ReadonlySet<string> = new Set(['layer', 'kind', 'allOptions']);

/** Of the getters over an ICMP message's last four bytes, each means something in messages of these types only. */
const TYPES_OF_GETTER: Readonly<Record<string, readonly number[]>> = {
  'icmpv4.id': [0, 8, 13, 14, 15, 16, 17, 18, 42, 43],
  'icmpv4.seq': [0, 8, 13, 14, 15, 16, 17, 18],
  'icmpv4.gateway': [Icmpv4Type.REDIRECT],
  'icmpv4.nextHopMtu': [Icmpv4Type.DESTINATION_UNREACHABLE],
  'icmpv4.pointer': [Icmpv4Type.PARAMETER_PROBLEM],
  'icmpv6.id': [Icmpv6Type.ECHO_REQUEST, Icmpv6Type.ECHO_REPLY],
  'icmpv6.seq': [Icmpv6Type.ECHO_REQUEST, Icmpv6Type.ECHO_REPLY],
  'icmpv6.mtu': [Icmpv6Type.PACKET_TOO_BIG],
  'icmpv6.pointer': [Icmpv6Type.PARAMETER_PROBLEM],
};

type Getters = readonly (readonly [name: string, get: () => unknown])[];

/** The getters of each class of headers. */
const getterLists = new WeakMap<object, Getters>();

function gettersIn(prototype: object): Getters {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { get }]) =>
    get === undefined || OTHER_GETTERS.has(name) || name.endsWith('Value') ? [] : [[name, get] as const],
  );
}

/** What the getters that the header's class adds to its table say. */
function gettersOf(view: HeaderView, name: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const { type } = view as { readonly type?: unknown };
  for (const [key, get] of remembered(getterLists, Object.getPrototypeOf(view) as object, gettersIn)) {
    if (TYPES_OF_GETTER[`${name}.${key}`]?.includes(type as number) === false) continue;
    const value: unknown = get.call(view);
    if (value !== false) found[key] = value;
  }
  return found;
}

/** The parts of a message without what says that it is one. */
function messageFields(message: object): Record<string, unknown> {
  const own = 'toObject' in message ? (message as HeaderView).toObject() : message;
  const hidden = new Set(['ok', 'kind', 'layer', 'headerOffset', 'headerEnd', 'payloadOffset', 'payloadEnd', 'bytes']);
  return Object.fromEntries(Object.entries(own).filter(([key]) => !hidden.has(key)));
}

/** Any value as a node: objects and lists by their parts. */
function partNode(path: string, label: string, value: unknown, start: number, end: number): TreeNode {
  const base = { path, label, bitOffset: start * 8, bitWidth: (end - start) * 8 };
  if (value === undefined || value === null) return { ...base, text: '', children: [] };
  if (value instanceof Uint8Array) return { ...base, text: hexText(value), value, children: [] };
  if (Array.isArray(value)) {
    const children = value.map((item, i) => itemNode(path, item, i));
    return { ...base, text: value.length === 0 ? '' : String(value.length), children };
  }
  if (isFaultObject(value)) return { ...base, text: describeFault(value), value: value.code, children: [] };
  if (typeof value === 'object') {
    const children = Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'function' || item === undefined ? [] : [inside(`${path}.${key}`, key, item)],
    );
    const only = children.length === 1 && children[0]!.children.length === 0 ? children[0]! : undefined;
    // One part alone is not worth a line of its own; the path is still the part's.
    return only === undefined ? { ...base, text: '', children } : { ...only, label };
  }
  return { ...base, text: String(value as string | number | boolean | bigint), value, children: [] };
}

function isFaultObject(value: unknown): value is DecodeFault {
  return typeof value === 'object' && value !== null && 'ok' in value && isFault(value as { readonly ok: boolean });
}

/** One of a list. Its path has its kind and not its number, so that the same words mean the same in every packet. */
function itemNode(path: string, item: unknown, i: number): TreeNode {
  const name = nameIn(item);
  if (isRecord(item)) return { ...inside(path, name ?? '.', withoutName(item)), value: item.name };
  return inside(name === undefined ? path : `${path}.${name}`, name ?? String(i), withoutName(item));
}

/** A question or record of DNS: its name is whose it is, not what it is. */
function isRecord(item: unknown): item is { readonly name: string; readonly class: number } {
  return typeof item === 'object' && item !== null && 'name' in item && 'class' in item;
}

/** A part whose place in the bytes is not known. */
function inside(path: string, label: string, value: unknown): TreeNode {
  return { ...partNode(path, label, value, 0, 0), bitOffset: -1, bitWidth: 0 };
}

/** Options and records have a name or a kind: it is the label. */
function nameIn(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { name, kind } = item as { readonly name?: unknown; readonly kind?: unknown };
  return typeof name === 'string' && name !== '' ? name : typeof kind === 'string' ? kind : undefined;
}

function withoutName(item: unknown): unknown {
  const name = nameIn(item);
  if (name === undefined || item instanceof Uint8Array) return item;
  return Object.fromEntries(Object.entries(item as object).filter(([, value]) => value !== name));
}

const MOST_HEX = 32;

function hexText(bytes: Uint8Array): string {
  const shown = toHex(bytes.subarray(0, MOST_HEX));
  return bytes.length > MOST_HEX ? `${shown}… (${bytes.length} bytes)` : shown;
}

function bytesNode(label: string, bytes: Uint8Array, start: number, end: number): TreeNode {
  const text = `${end - start} bytes: ${hexText(bytes.subarray(start, end))}`;
  return { path: label, label, text, bitOffset: start * 8, bitWidth: (end - start) * 8, children: [] };
}

function textNode(label: string, text: string): TreeNode {
  return { path: label, label, text, bitOffset: -1, bitWidth: 0, children: [] };
}

/** The tree as lines: four spaces a level, bits that are no whole bytes in front of their name. */
export function formatTree(nodes: readonly TreeNode[], depth: number = 0): string[] {
  return nodes.flatMap(({ label, text, bits, children }) => {
    const head = `${'    '.repeat(depth)}${bits === undefined ? '' : `${bits} = `}${label}`;
    return [text === '' ? head : `${head}: ${text}`, ...formatTree(children, depth + 1)];
  });
}
