/** Which protocols a capture holds, each below the one that carries it. */
import type { CapturedPacket } from '../../capture/index.ts';
import { decodeApplication, decodePacket } from '../../wire/index.ts';
import { record } from '../records.ts';

/** Tunnels in tunnels could make any number: what would be more is counted with what carries it. */
const MAX_NODES = 1000;

interface Node {
  readonly name: string;
  packets: number;
  bytes: number;
  readonly children: Map<string, Node>;
}

const nodeOf = (name: string): Node => ({ name, packets: 0, bytes: 0, children: new Map() });

export class Hierarchy {
  readonly #root = nodeOf('');
  #nodes = 0;

  add({ bytes, linkType, length }: CapturedPacket): void {
    const packet = decodePacket(bytes, linkType, { wireLength: length });
    const message = decodeApplication(packet);
    const names: string[] = packet.layers.map(({ layer }) => layer);
    if (message?.ok === true) names.push(message.kind);
    if (packet.fault !== undefined) names.push('(damaged)');
    let node = this.#root;
    count(node, length);
    for (const name of names) {
      const child = node.children.get(name) ?? this.#made(node, name);
      if (child === undefined) return;
      count(child, length);
      node = child;
    }
  }

  #made(parent: Node, name: string): Node | undefined {
    if (this.#nodes >= MAX_NODES) return undefined;
    this.#nodes++;
    const node = nodeOf(name);
    parent.children.set(name, node);
    return node;
  }

  /** A line a protocol, indented below what carries it. */
  text(): string {
    const rows = [...walk(this.#root, [])];
    const width = Math.max(8, ...rows.map(({ path, node }) => 2 * path.length + node.name.length));
    const line = (name: string, packets: string, bytes: string, share: string): string =>
      `${name.padEnd(width)}  ${packets.padStart(10)}  ${bytes.padStart(14)}  ${share.padStart(7)}\n`;
    const lines = rows.map(({ path, node }) =>
      line(
        `${'  '.repeat(path.length)}${node.name}`,
        String(node.packets),
        String(node.bytes),
        `${((100 * node.packets) / this.#root.packets).toFixed(1)} %`,
      ),
    );
    return `${line('protocol', 'packets', 'bytes', 'packets')}${lines.join('')}`;
  }

  /** A record a protocol. */
  records(): string {
    return [...walk(this.#root, [])]
      .map(({ path, node }) =>
        record('protocol', { layers: [...path, node.name].join('/'), packets: node.packets, bytes: node.bytes }),
      )
      .join('');
  }
}

function count(node: Node, length: number): void {
  node.packets++;
  node.bytes += length;
}

/** The most frequent first, each before what it carries. */
function* walk(parent: Node, path: readonly string[]): Generator<{ path: readonly string[]; node: Node }> {
  for (const node of [...parent.children.values()].toSorted((a, b) => b.packets - a.packets)) {
    yield { path, node };
    yield* walk(node, [...path, node.name]);
  }
}
