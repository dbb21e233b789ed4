/** A packet as Wireshark's names with our values: the tree of `packetTree`, flattened. */
import { toHex } from '../../src/core/index.ts';
import { type Packet, packetTree, type TreeNode } from '../../src/wire/index.ts';
import { THEIR_NAMES, type TheirName } from './names.ts';

/** One occurrence of a field. */
export interface Found {
  /** In the form of `plain`. */
  readonly value: string;
  /** First bit and number of bits in the packet; both -1 where only the value is known. */
  readonly bitOffset: number;
  readonly bitWidth: number;
}

export type Fields = ReadonlyMap<string, readonly Found[]>;

/** Every path and the name that Wireshark has for it. */
export const NAME_OF: ReadonlyMap<string, TheirName> = new Map(
  Object.entries(THEIR_NAMES).flatMap(([layer, names]) =>
    Object.entries(names).map(([field, name]) => [`${layer}.${field}`, name] as const),
  ),
);

/** All of Wireshark's names that are compared. */
export const COMPARED: readonly string[] = [
  ...new Set(
    [...NAME_OF.values()].flatMap((name) =>
      typeof name === 'string' ? [name] : [name.name, ...(name.lengthName === undefined ? [] : [name.lengthName])],
    ),
  ),
];

/** The fields of a decoded packet, those of quoted packets and tunnels among them, in the order of the bytes. */
export function ourFields(packet: Packet): Fields {
  const fields = new Map<string, Found[]>();
  const visit = (node: TreeNode): void => {
    const name = node.value === undefined ? undefined : NAME_OF.get(node.path);
    if (name !== undefined) add(fields, name, node);
    node.children.forEach(visit);
  };
  packetTree(packet).forEach(visit);
  return fields;
}

function add(fields: Map<string, Found[]>, name: TheirName, { value, bitOffset, bitWidth }: TreeNode): void {
  const { name: usual, times = 1, lengthName } = typeof name === 'string' ? { name } : name;
  const text = lengthName !== undefined && Number(value) < 0x600 ? lengthName : usual;
  const found = { value: plain(typeof value === 'number' ? value * times : value), bitOffset, bitWidth };
  const list = fields.get(text);
  if (list === undefined) fields.set(text, [found]);
  else list.push(found);
}

/** Numbers decimal, truth as 1 and 0, bytes as hex digits, texts in small letters. */
export function plain(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  return String(value as string | number | bigint).toLowerCase();
}
