/**
 * Packets of a trace: what became of each, and what it says. Events of one packet are scattered over the stream; here
 * they are gathered under its number.
 */
import type { PacketDup, PacketFate, PacketRx, PacketTx, Trace, TraceEvent } from './event.ts';

export interface PacketHistory {
  readonly pkt: number;
  readonly link: string;
  /** Host that sent it. */
  readonly from: string;
  /** Host at the other end of the link; undefined when the header does not know the link. */
  readonly to: string | undefined;
  /** Absent for a copy made on the wire. */
  readonly tx?: PacketTx;
  readonly rx?: PacketRx;
  readonly drop?: PacketFate;
  readonly holds: readonly PacketFate[];
  readonly edits: readonly PacketFate[];
  /** For a copy: how it was made. */
  readonly dup?: PacketDup;
  readonly sent: Uint8Array;
  /** As it reached the other end: other than `sent` only when the wire edited it. */
  readonly delivered: Uint8Array;
}

type Growing = { -readonly [K in keyof PacketHistory]: PacketHistory[K] } & {
  holds: PacketFate[];
  edits: PacketFate[];
};

const NOTHING = new Uint8Array(0);

/** The event with this `seq`, also in a trace from which bad lines were left out. */
export function eventBySeq(events: readonly TraceEvent[], seq: number): TraceEvent | undefined {
  const there = events[seq];
  return there?.seq === seq ? there : events.find((event) => event.seq === seq);
}

/** Events in order of time; those of one instant in order of `seq`. The same array when it is so already. */
export function inTimeOrder(events: readonly TraceEvent[]): readonly TraceEvent[] {
  for (let i = 1; i < events.length; i++) {
    if (events[i]!.t < events[i - 1]!.t) return [...events].sort((a, b) => a.t - b.t || a.seq - b.seq);
  }
  return events;
}

/** Every packet by its number, in order of first sight. */
export function packetHistories(trace: Trace): ReadonlyMap<number, PacketHistory> {
  const peers = new Map<string, { a: string; b: string }>(trace.header.links.map((link) => [link.id, link]));
  const table = new Map<number, Growing>();
  const find = (event: PacketTx | PacketRx | PacketFate | PacketDup): Growing => {
    const known = table.get(event.pkt);
    if (known !== undefined) return known;
    const link = peers.get(event.link);
    const other = link === undefined ? undefined : link.a === event.host ? link.b : link.a;
    // A packet whose sending was not seen: the one who got it is the other end.
    const isRx = event.k === 'pkt.rx';
    const made: Growing = {
      pkt: event.pkt,
      link: event.link,
      from: isRx ? (other ?? '') : event.host,
      to: isRx ? event.host : other,
      holds: [],
      edits: [],
      sent: NOTHING,
      delivered: NOTHING,
    };
    table.set(event.pkt, made);
    return made;
  };
  for (const event of trace.events) {
    switch (event.k) {
      case 'pkt.tx': {
        const packet = find(event);
        packet.tx = event;
        packet.from = event.host;
        packet.sent = event.bytes;
        packet.delivered = event.bytes;
        break;
      }
      case 'pkt.rx':
        find(event).rx = event;
        break;
      case 'pkt.drop':
        find(event).drop = event;
        break;
      case 'pkt.hold':
        find(event).holds.push(event);
        break;
      case 'pkt.edit': {
        const packet = find(event);
        packet.edits.push(event);
        if (event.bytes !== undefined) packet.delivered = event.bytes;
        break;
      }
      case 'pkt.dup': {
        const packet = find(event);
        packet.dup = event;
        const original = table.get(event.of);
        if (original !== undefined) {
          packet.sent = original.delivered;
          packet.delivered = original.delivered;
        }
        break;
      }
      default:
    }
  }
  return table;
}
