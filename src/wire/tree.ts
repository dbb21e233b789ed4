/**
 * A packet as a tree: layers, their fields with bit positions, options, what the application says, what was not read.
 * For the long listing of a packet, for a grid of its bytes, for whoever compares with another decoder. Everything
 * comes from the field tables and from what the decoders give.
 */
import { toHex } from '../core/bytes.ts';
import { describeFault } from '../core/fault.ts';
import { decodeApplication } from './application.ts';
import { type FieldInfo, fieldsOf, type HeaderView, tableOf } from './field.ts';
import { Icmpv4Type, Icmpv6Type } from './iana/icmp.ts';
import { decodeIcmpExtensions } from './icmp-extensions.ts';
import { decodeQuoted, type Layer, type Packet } from './packet.ts';
import { type ChecksumState, verifyChecksums } from './verify.ts';

export interface TreeNode {
  /** `tcp.srcPort`; the same words for the same field in every packet. */
  readonly path: string;
  readonly label: string;
  /** The value for people; empty where the children say it all. */
  readonly text: string;
  /** Position of its bits in the packet's bytes, from the first bit of byte 0; -1 where it is no part of them. */
  readonly bitOffset: number;
  readonly bitWidth: number;
  /** A row of dots and digits for bits that are not whole bytes: `.... ..1.` */
  readonly bits?: string;
  readonly children: readonly TreeNode[];
}

const TITLES: Partial<Record<Layer['layer'], string>> = {
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
    nodes.push(partNode(message.kind, message.kind, messageFields(message), packet.payloadOffset, packet.payloadEnd));
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
  const table = tableOf(layer);
  const name = layer.layer;
  const fields = table === undefined ? [] : fieldsOf(table);
  const children = fields.map((field) => fieldNode(layer, name, field, checksumOf(layer, packet, sums)));
  children.push(...extraNodes(layer));
  return {
    path: name,
    label: TITLES[name] ?? name,
    text: table === undefined ? '' : `${table.rfc}, ${layer.headerEnd - layer.headerOffset} bytes`,
    bitOffset: layer.headerOffset * 8,
    bitWidth: (layer.headerEnd - layer.headerOffset) * 8,
    children,
  };
}

/** The verdict on this layer's checksum, where one was made. */
function checksumOf(layer: Layer, packet: Packet, sums: Sums): ChecksumState | undefined {
  if (layer === packet.ip) return sums.ip;
  return layer === packet.layers.at(-1) ? sums.transport : undefined;
}

function fieldNode(layer: HeaderView, name: string, field: FieldInfo, sum: ChecksumState | undefined): TreeNode {
  const value = (layer as unknown as Readonly<Record<string, number | string>>)[field.name]!;
  const isSum = field.name === 'checksum';
  const verdict = isSum && sum !== undefined ? ` (${SUM_WORDS[sum]})` : '';
  const bits = bitRow(value, field.bitOffset, field.width);
  return {
    path: `${name}.${field.name}`,
    label: field.name,
    text: `${valueText(value, field, isSum || field.name === 'etherType')}${verdict}`,
    bitOffset: layer.headerOffset * 8 + field.bitOffset,
    bitWidth: field.width,
    ...(bits === undefined ? {} : { bits }),
    children: (field.bits ?? []).map(([mask, bit]) => flagNode(layer, name, field, Number(value), mask, bit)),
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
  layer: HeaderView,
  name: string,
  field: FieldInfo,
  value: number,
  mask: number,
  bit: string,
): TreeNode {
  const position = field.width - 1 - (31 - Math.clz32(mask));
  const isSet = (value & mask) !== 0;
  return {
    path: `${name}.${field.name}.${bit}`,
    label: bit,
    text: isSet ? 'set' : 'not set',
    bitOffset: layer.headerOffset * 8 + field.bitOffset + position,
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
function extraNodes(layer: Layer & HeaderView): TreeNode[] {
  const name = layer.layer;
  const nodes: TreeNode[] = [];
  for (const [key, value] of Object.entries(gettersOf(layer))) {
    const node = partNode(`${name}.${key}`, key, value, layer.headerOffset, layer.headerEnd);
    if (node.children.length > 0 || node.text !== '') nodes.push({ ...node, bitOffset: -1, bitWidth: 0 });
  }
  if (layer.layer === 'icmpv4' || layer.layer === 'icmpv6') {
    const quoted = decodeQuoted(layer);
    if (quoted !== undefined)
      nodes.push({ ...textNode(`${name}.quoted`, ''), label: 'quoted', children: packetTree(quoted) });
    const extensions = decodeIcmpExtensions(layer);
    if (extensions?.ok === true) {
      nodes.push(partNode(`${name}.extensions`, 'extensions', extensions.objects, extensions.offset, layer.payloadEnd));
    }
  }
  return nodes;
}

/** Not of the packet's contents, or told elsewhere. */
const OTHER_GETTERS: ReadonlySet<string> = new Set(['layer', 'kind']);

const ECHO_GETTERS: ReadonlySet<string> = new Set(['id', 'seq']);

/** Whether an ICMP message has an identifier and a sequence number. */
function isEcho(layer: Layer): boolean {
  if (layer.layer === 'icmpv6') return layer.type === Icmpv6Type.ECHO_REQUEST || layer.type === Icmpv6Type.ECHO_REPLY;
  if (layer.layer !== 'icmpv4') return true;
  return layer.type === 0 || layer.type === Icmpv4Type.ECHO_REQUEST || (layer.type >= 13 && layer.type <= 18);
}

/** The getters that the header's class adds to its table. */
function gettersOf(layer: Layer): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const descriptors = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(layer) as object);
  for (const [key, { get }] of Object.entries(descriptors)) {
    if (get === undefined || OTHER_GETTERS.has(key) || key.endsWith('Value')) continue;
    const value: unknown = get.call(layer);
    // What a message of this type does not have reads as false or as bits of something else.
    if (value !== false && !(ECHO_GETTERS.has(key) && !isEcho(layer))) found[key] = value;
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
  if (value instanceof Uint8Array) return { ...base, text: hexText(value), children: [] };
  if (Array.isArray(value)) {
    const children = value.map((item, i) => inside(`${path}[${i}]`, nameIn(item) ?? String(i), withoutName(item)));
    return { ...base, text: value.length === 0 ? '' : String(value.length), children };
  }
  if (typeof value === 'object') {
    const children = Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'function' || item === undefined ? [] : [inside(`${path}.${key}`, key, item)],
    );
    const only = children.length === 1 && children[0]!.children.length === 0 ? children[0]! : undefined;
    return only === undefined ? { ...base, text: '', children } : { ...base, text: only.text, children: [] };
  }
  return { ...base, text: String(value as string | number | boolean | bigint), children: [] };
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
