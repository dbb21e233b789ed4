/**
 * A trace as a pcapng file, for Wireshark and tshark: one interface for each host's side of a link, so that a packet
 * stands there twice, when it left and when it arrived, and the delay between can be seen. The comments say what a
 * capture cannot: which call caused a packet, what the wire did to it, which state it led to.
 */
import { parseAddress } from '../addr/index.ts';
import { type ByteSink, LINKTYPE_RAW, PcapngWriter } from '../capture/index.ts';
import { concat } from '../core/index.ts';
import type { StateChange, Trace, TraceHost, TraceLink } from './event.ts';
import { explainCause } from './explain.ts';
import { inTimeOrder, type PacketHistory, packetHistories } from './packets.ts';

export interface TracePcapngOptions {
  /** Program that wrote the file, for its header. */
  readonly application?: string;
  readonly os?: string;
  readonly hardware?: string;
  /** Comments on packets; true when not given. */
  readonly comments?: boolean;
}

interface Side {
  readonly index: number;
  sent: bigint;
  received: bigint;
  dropped: bigint;
}

/** One packet at one side of its link. */
interface Sighting {
  readonly t: number;
  readonly host: string;
  readonly packet: PacketHistory;
  readonly direction: 'inbound' | 'outbound';
}

/** The whole file. Packets stand in order of time. */
export function traceToPcapng(trace: Trace, options: TracePcapngOptions = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  writeTracePcapng(trace, (bytes) => parts.push(bytes), options);
  return concat(parts);
}

/** The same, block by block. */
export function writeTracePcapng(trace: Trace, sink: ByteSink, options: TracePcapngOptions = {}): void {
  const { header } = trace;
  const writer = new PcapngWriter(sink, {
    application: options.application ?? 'barewire',
    ...(options.os === undefined ? {} : { os: options.os }),
    ...(options.hardware === undefined ? {} : { hardware: options.hardware }),
    comments: header.scenario === undefined ? [] : [`scenario ${header.scenario.id}`],
  });
  const epoch = BigInt(header.clock.unixNs);
  const sides = addSides(writer, header.hosts, header.links);
  const names = header.hosts.flatMap(({ name, ips }) =>
    ips.flatMap((ip) => {
      const address = parseAddress(ip);
      return address === null ? [] : [{ address, names: [name] }];
    }),
  );
  if (names.length > 0) writer.writeNames(names);
  const states = statesByCause(trace);
  for (const { t, host, packet, direction } of sightings(trace)) {
    const side = sides.get(sideKey(packet.link, host));
    if (side === undefined) continue;
    const isOut = direction === 'outbound';
    if (isOut) side.sent++;
    else side.received++;
    if (isOut && packet.drop !== undefined) side.dropped++;
    writer.writePacket({
      interface: side.index,
      t: epoch + BigInt(t),
      bytes: isOut ? packet.sent : packet.delivered,
      length: (isOut ? packet.tx?.len : packet.rx?.len) ?? 0,
      direction,
      packetId: BigInt(packet.pkt),
      comments: options.comments === false ? [] : commentsOn(trace, packet, isOut, states),
    });
  }
  const end = epoch + BigInt(trace.events.reduce((latest, event) => Math.max(latest, event.t), 0));
  for (const side of sides.values()) {
    writer.writeStatistics({
      interface: side.index,
      t: end,
      start: epoch,
      end,
      received: side.sent + side.received,
      dropped: 0n,
      ...(side.dropped === 0n ? {} : { comments: [`${side.dropped} sent here and dropped on the wire`] }),
    });
  }
}

function sideKey(link: string, host: string): string {
  return `${link} ${host}`;
}

function addSides(writer: PcapngWriter, hosts: readonly TraceHost[], links: readonly TraceLink[]): Map<string, Side> {
  const sides = new Map<string, Side>();
  for (const { id, a, b, mtu, linkType = LINKTYPE_RAW } of links) {
    for (const host of [a, b]) {
      const known = hosts.find((row) => row.id === host);
      const isOnly = links.filter((link) => link.a === host || link.b === host).length === 1;
      const ips = known?.ips.join(', ') ?? '';
      const index = writer.addInterface({
        linkType,
        name: isOnly ? host : `${host}-${id}`,
        description: `${known?.name ?? host} on link ${id}, mtu ${mtu}${ips === '' ? '' : `: ${ips}`}`,
      });
      sides.set(sideKey(id, host), { index, sent: 0n, received: 0n, dropped: 0n });
    }
  }
  return sides;
}

function sightings(trace: Trace): Sighting[] {
  const histories = packetHistories(trace);
  const seen: Sighting[] = [];
  for (const event of inTimeOrder(trace.events)) {
    if (event.k !== 'pkt.tx' && event.k !== 'pkt.rx') continue;
    const packet = histories.get(event.pkt)!;
    // Without bytes there is nothing to write: an arrival whose sending was not recorded.
    if (packet.sent.length === 0) continue;
    seen.push({ t: event.t, host: event.host, packet, direction: event.k === 'pkt.tx' ? 'outbound' : 'inbound' });
  }
  return seen;
}

/** State changes by the event that caused them. */
function statesByCause(trace: Trace): Map<number, StateChange[]> {
  const states = new Map<number, StateChange[]>();
  for (const event of trace.events) {
    if (event.k !== 'tcp.state' || event.cause === undefined || event.cause === null) continue;
    const known = states.get(event.cause);
    if (known === undefined) states.set(event.cause, [event]);
    else known.push(event);
  }
  return states;
}

function commentsOn(
  trace: Trace,
  packet: PacketHistory,
  isOut: boolean,
  states: ReadonlyMap<number, readonly StateChange[]>,
): string[] {
  const comments: string[] = [];
  const original = packet.tx ?? packet.dup;
  const cause = packet.tx === undefined ? undefined : explainCause(trace, packet.tx);
  if (cause !== undefined) comments.push(cause);
  if (packet.dup !== undefined) comments.push(`copy of packet #${packet.dup.of} made on the wire: ${packet.dup.why}`);
  if (isOut && packet.drop !== undefined) comments.push(`dropped on the wire: ${packet.drop.why}`);
  if (!isOut) {
    for (const hold of packet.holds) comments.push(`held on the wire: ${hold.why}`);
    for (const edit of packet.edits) comments.push(`edited on the wire: ${edit.why}`);
  }
  const here = isOut ? original : packet.rx;
  for (const state of (here === undefined ? undefined : states.get(here.seq)) ?? []) {
    const source = state.src === 'observed' ? '' : ` (${state.src})`;
    comments.push(`${state.host} ${state.old} -> ${state.new}${source}`);
  }
  // Frames are numbered by the reading program, twice for each packet: what the causes refer to must be said here.
  comments.push(`packet #${packet.pkt}`);
  return comments;
}
