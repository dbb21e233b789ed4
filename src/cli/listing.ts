/** A trace as tcpdump would print it at both ends: one line for each time that a packet left, arrived or was lost. */
import type { Trace } from '../trace/event.ts';
import { describePacket } from '../wire/describe.ts';
import { decodePacket } from '../wire/packet.ts';
import { directionsOf, RAW_IP, SequenceBases } from './ladder/packet.ts';
import { printable } from './text.ts';

export interface ListingOptions {
  readonly unicode: boolean;
  /** Sequence numbers as they are on the wire. */
  readonly absolute?: boolean;
}

/** @returns lines that end in a newline: milliseconds, host, direction, packet */
export function listPackets(trace: Trace, options: ListingOptions): string {
  const linkTypes = new Map(trace.header.links.map((link) => [link.id, link.linkType ?? RAW_IP]));
  const bases = new SequenceBases();
  const texts = new Map<number, string>();
  const names = new Map(trace.header.hosts.map((host) => [host.id, printable(host.name, !options.unicode)]));
  const nameWidth = Math.max(0, ...[...names.values()].map((name) => name.length));
  const timeWidth = ms(trace.events.at(-1)?.t ?? 0).length;
  const lines: string[] = [];
  const add = (t: number, host: string, word: string, text: string): void => {
    lines.push(
      `${ms(t).padStart(timeWidth)} ${(names.get(host) ?? host).padEnd(nameWidth)} ${word.padEnd(4)} ${text}\n`,
    );
  };
  for (const event of trace.events) {
    switch (event.k) {
      case 'pkt.tx': {
        const packet = decodePacket(event.bytes, linkTypes.get(event.link) ?? RAW_IP);
        let base = {};
        if (packet.tcp !== undefined && options.absolute !== true) {
          const directions = directionsOf(packet);
          bases.see(directions, packet.tcp);
          base = { seqBase: bases.get(directions.there) ?? 0, ackBase: bases.get(directions.back) ?? 0 };
        }
        const text = printable(describePacket(packet, { tcp: base }), !options.unicode);
        texts.set(event.pkt, text);
        add(event.t, event.host, 'out', text);
        break;
      }
      case 'pkt.rx':
        add(event.t, event.host, 'in', texts.get(event.pkt) ?? `packet ${event.pkt}`);
        break;
      case 'pkt.dup':
        texts.set(event.pkt, texts.get(event.of) ?? `packet ${event.pkt}`);
        add(event.t, event.host, 'copy', `${texts.get(event.pkt)} (${printable(event.why, !options.unicode)})`);
        break;
      case 'pkt.drop':
      case 'pkt.hold':
      case 'pkt.edit': {
        const word = event.k === 'pkt.drop' ? 'lost' : event.k === 'pkt.hold' ? 'held' : 'edit';
        add(
          event.t,
          event.host,
          word,
          `${texts.get(event.pkt) ?? `packet ${event.pkt}`} (${printable(event.why, !options.unicode)})`,
        );
        break;
      }
    }
  }
  return lines.join('');
}

function ms(ns: number): string {
  return (ns / 1_000_000).toFixed(3);
}
