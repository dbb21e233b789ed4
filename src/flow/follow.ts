/** Both directions of TCP connections at once: what each side read, in the order in which it could be read. */
import { type Packet, TcpFlags } from '../wire/index.ts';
import { type Flow, FlowTable, type FlowTableOptions } from './flows.ts';
import { type StreamEvent, type StreamOptions, TcpStream } from './tcp-stream.ts';

/** What a packet brought to a connection. */
export interface FollowEvent {
  readonly flow: Flow;
  /** Read by the server: sent by the client. */
  readonly isToServer: boolean;
  readonly event: StreamEvent;
}

export interface FollowOptions extends StreamOptions, FlowTableOptions {
  /** Follow only these; the others are counted. */
  readonly wanted?: ((flow: Flow) => boolean) | undefined;
}

interface Pair {
  readonly toServer: TcpStream;
  readonly toClient: TcpStream;
}

/**
 * Follows TCP connections through a capture.
 * @example
 * ```ts
 * import { TcpFollower } from 'barewire/flow';
 * import { buildPacket, decodePacket } from 'barewire/wire';
 *
 * const follower = new TcpFollower();
 * const payload = new TextEncoder().encode('hello');
 * const bytes = buildPacket({ ipv4: { src: '10.0.0.1', dst: '10.0.0.2' }, tcp: { srcPort: 1, dstPort: 2, seq: 7 }, payload });
 * for (const { event } of follower.add(decodePacket(bytes, 'raw'), 0n, bytes.length, 1)) console.log(event.kind); // data
 * ```
 */
export class TcpFollower {
  readonly table: FlowTable;
  readonly #options: FollowOptions;
  readonly #pairs = new Map<Flow, Pair>();
  /** Read to their ends: what is sent again later brings nothing. */
  readonly #ended = new WeakSet<Flow>();

  constructor(options: FollowOptions = {}) {
    this.#options = options;
    this.table = new FlowTable({
      ...options,
      onForgotten: (flow) => {
        this.#pairs.delete(flow);
        options.onForgotten?.(flow);
      },
    });
  }

  /**
   * Take a packet; UDP and others are counted only.
   * @param length on the wire
   * @param frame its number
   * @returns what it brought: `data` that is a view is good as long as the packet's bytes are
   */
  add(packet: Packet, t: bigint, length: number, frame: number): FollowEvent[] {
    const found = this.table.add(packet, t, length);
    const { tcp } = packet;
    if (found === undefined || tcp === undefined) return [];
    const { flow, isToServer } = found;
    if (this.#ended.has(flow) || this.#options.wanted?.(flow) === false) return [];
    const pair = this.#pairOf(flow);
    const [own, other] = isToServer ? [pair.toServer, pair.toClient] : [pair.toClient, pair.toServer];
    const events: StreamEvent[] = [];
    own.add(tcp, t, frame, events);
    const answers: StreamEvent[] = [];
    if ((tcp.flags & TcpFlags.ACK) !== 0) other.acknowledged(tcp.ack, answers);
    // RFC 9293 §3.5.3: a reset ends both directions.
    if ((tcp.flags & TcpFlags.RST) !== 0) other.end('rst', answers);
    if (own.isOver && other.isOver) {
      this.#pairs.delete(flow);
      this.#ended.add(flow);
    }
    return [...tagged(flow, isToServer, events), ...tagged(flow, !isToServer, answers)];
  }

  #pairOf(flow: Flow): Pair {
    let pair = this.#pairs.get(flow);
    if (pair === undefined) {
      pair = { toServer: new TcpStream(this.#options), toClient: new TcpStream(this.#options) };
      this.#pairs.set(flow, pair);
    }
    return pair;
  }

  /** The capture is over: what waited for missing bytes. */
  flush(): FollowEvent[] {
    const all: FollowEvent[] = [];
    for (const [flow, { toServer, toClient }] of this.#pairs) {
      for (const [stream, isToServer] of [
        [toServer, true],
        [toClient, false],
      ] as const) {
        const events: StreamEvent[] = [];
        stream.flush(events);
        all.push(...tagged(flow, isToServer, events));
      }
    }
    this.#pairs.clear();
    return all;
  }
}

function tagged(flow: Flow, isToServer: boolean, events: readonly StreamEvent[]): FollowEvent[] {
  return events.map((event) => ({ flow, isToServer, event }));
}
