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
  /** Bytes held at most by all streams together; then those that began first give up. 64 MiB when left out. */
  readonly maxTotalHeldBytes?: number | undefined;
}

const DEFAULT_TOTAL_BYTES = 64 << 20;

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
  readonly #mostBytes: number;
  #heldBytes = 0;

  constructor(options: FollowOptions = {}) {
    this.#options = options;
    this.#mostBytes = options.maxTotalHeldBytes ?? DEFAULT_TOTAL_BYTES;
    this.table = new FlowTable({
      ...options,
      onForgotten: (flow) => {
        this.#drop(flow);
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
    const { flow, isToServer, replaced } = found;
    const before = replaced === undefined ? [] : this.#endReplaced(replaced);
    if (this.#ended.has(flow) || this.#options.wanted?.(flow) === false) return before;
    const pair = this.#pairOf(flow);
    const [own, other] = isToServer ? [pair.toServer, pair.toClient] : [pair.toClient, pair.toServer];
    const heldBefore = heldBy(pair);
    const events: StreamEvent[] = [];
    own.add(tcp, t, frame, events);
    const answers: StreamEvent[] = [];
    if ((tcp.flags & TcpFlags.ACK) !== 0) other.acknowledged(tcp.ack, answers);
    // RFC 9293 §3.5.3: a reset ends both directions.
    if ((tcp.flags & TcpFlags.RST) !== 0 && own.isOver) other.end('rst', answers);
    this.#heldBytes += heldBy(pair) - heldBefore;
    if (own.isOver && other.isOver) {
      this.#pairs.delete(flow);
      this.#ended.add(flow);
    }
    const brought = [...before, ...tagged(flow, isToServer, events), ...tagged(flow, !isToServer, answers)];
    return this.#heldBytes <= this.#mostBytes ? brought : [...brought, ...this.#release()];
  }

  /** Another connection has its ports now: nothing more of it will come. */
  #endReplaced(flow: Flow): FollowEvent[] {
    const pair = this.#pairs.get(flow);
    if (pair === undefined) return [];
    this.#drop(flow);
    const toServer: StreamEvent[] = [];
    const toClient: StreamEvent[] = [];
    pair.toServer.end('reused', toServer);
    pair.toClient.end('reused', toClient);
    return [...tagged(flow, true, toServer), ...tagged(flow, false, toClient)];
  }

  /** Make those let go that began first, until the limit holds. */
  #release(): FollowEvent[] {
    const all: FollowEvent[] = [];
    for (const [flow, pair] of this.#pairs) {
      if (this.#heldBytes <= this.#mostBytes) break;
      this.#heldBytes -= heldBy(pair);
      const toServer: StreamEvent[] = [];
      const toClient: StreamEvent[] = [];
      pair.toServer.release(toServer);
      pair.toClient.release(toClient);
      all.push(...tagged(flow, true, toServer), ...tagged(flow, false, toClient));
    }
    return all;
  }

  #drop(flow: Flow): void {
    const pair = this.#pairs.get(flow);
    if (pair === undefined) return;
    this.#heldBytes -= heldBy(pair);
    this.#pairs.delete(flow);
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
    this.#heldBytes = 0;
    return all;
  }
}

function heldBy({ toServer, toClient }: Pair): number {
  return toServer.heldBytes + toClient.heldBytes;
}

function tagged(flow: Flow, isToServer: boolean, events: readonly StreamEvent[]): FollowEvent[] {
  return events.map((event) => ({ flow, isToServer, event }));
}
