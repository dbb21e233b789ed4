/**
 * Makes a trace: numbers events, stamps them, keeps them in order and tells whoever listens.
 *
 * One recorder serves all hosts of a run, because `seq` counts over all of them. Read event.ts first.
 */
import type { EventDraft, Trace, TraceEvent, TraceHeader } from './event.ts';

export interface RecorderOptions {
  readonly header: TraceHeader;
  /** Integer ns since the start of the trace: the stamp of a draft that has no `t`. */
  readonly now: () => number;
}

/** Both ends in one order, so that a packet and its answer have the same key. */
function flowKey(protocol: string | number, addrA: string, portA: number, addrB: string, portB: number): string {
  const a = `${addrA} ${portA}`;
  const b = `${addrB} ${portB}`;
  return a < b ? `${protocol} ${a} ${b}` : `${protocol} ${b} ${a}`;
}

export class TraceRecorder {
  readonly header: TraceHeader;
  readonly #now: () => number;
  readonly #events: TraceEvent[] = [];
  readonly #listeners = new Set<(event: TraceEvent) => void>();
  readonly #flows = new Map<string, number>();
  #packets = 0;
  #sockets = 0;
  /** Events that the listeners have been told of. */
  #told = 0;
  #telling = false;

  constructor(options: RecorderOptions) {
    this.header = options.header;
    this.#now = options.now;
  }

  /**
   * Record one event.
   * @param draft kept as it is; the recorder owns its `bytes` from now on, so hand over a copy of a reused buffer
   * @returns its `seq`, to be given as `cause` or `enter` of what follows from it
   */
  emit(draft: EventDraft): number {
    const seq = this.#events.length;
    this.#events.push({ ...draft, seq, t: draft.t ?? this.#now() } as TraceEvent);
    this.#tell();
    return seq;
  }

  /** Call `listener` for every event from now on, in order. Returns the function that ends it. */
  onEvent(listener: (event: TraceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** The events so far: a live view, it grows while the recording goes on. */
  get events(): readonly TraceEvent[] {
    return this.#events;
  }

  /** The trace as it is now; what is recorded later does not show in it. */
  trace(): Trace {
    return { header: this.header, events: this.#events.slice() };
  }

  /**
   * The number of a 5-tuple, from 1 in order of first sight; the same for both directions.
   * @param protocol name or IP protocol number; keep to one of the two
   */
  flowOf(protocol: string | number, addrA: string, portA: number, addrB: string, portB: number): number {
    const key = flowKey(protocol, addrA, portA, addrB, portB);
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = this.#flows.size + 1;
      this.#flows.set(key, flow);
    }
    return flow;
  }

  /** A new packet number, from 1. */
  nextPacket(): number {
    return ++this.#packets;
  }

  /** A new socket number, from 1, for producers that have no kernel cookie. */
  nextSocket(): number {
    return ++this.#sockets;
  }

  /** A listener may emit: its event waits until every listener has heard the one before, so that all hear one order. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#told < this.#events.length) {
        const event = this.#events[this.#told++]!;
        for (const listener of [...this.#listeners]) listener(event);
      }
    } finally {
      this.#telling = false;
    }
  }
}
