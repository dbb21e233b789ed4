/**
 * The wire: joins two link devices and carries every packet from one to the other, late, twice, out of order or not at
 * all, as its rules say (docs/wire-rules.md). It tells a listener about each packet at both of its ends.
 *
 * A packet never arrives before its time, and two packets of one direction never overtake each other unless a rule
 * says so: everything under way stands in one list by due time with one timer for its head, because timers of the
 * event loop that are due within the same millisecond may fire in any order.
 */
import { type Clock, MS, SECOND, type Timer } from '../core/index.ts';
import type { LinkDevice } from './device.ts';
import { type WireRule, WireRules } from './wire-rules.ts';

export interface WireEnd {
  /** The host's name in rules and for the listener. */
  readonly name: string;
  readonly device: LinkDevice;
}

/** What is told of a packet, in this order: onTx, fates and copies, afterTx; then onRx, afterRx. */
export interface WireListener {
  /** The packet left `from`. `bytes` are the wire's: read them, keep them, do not change them. */
  onTx(packet: number, from: string, bytes: Uint8Array): void;
  /** The wire has taken the packet: the moment to look at the sender, for the delay counts from before this. */
  afterTx?(packet: number, from: string): void;
  /** The packet is about to be handed to `to`: told before, for the kernel acts on it inside the write. */
  onRx(packet: number, to: string, bytes: Uint8Array): void;
  /** After the write: what the receiving host did at once has been done. */
  afterRx?(packet: number, to: string): void;
  /** A rule, a full queue or a refusing device had its way with the packet. */
  onFate(packet: number, from: string, fate: 'drop' | 'hold', why: string): void;
  /** `copy` was made of `original`. */
  onCopy(copy: number, original: number, from: string, why: string): void;
}

export interface WireOptions {
  readonly a: WireEnd;
  readonly b: WireEnd;
  readonly clock: Clock;
  readonly listener?: WireListener;
  readonly rules?: readonly WireRule[];
  /** One way, in ms; 20 by default. */
  readonly delayMs?: number;
  /** Bits that each direction carries in a second, one packet after the other; without it, any number at once. */
  readonly rateBitsPerSecond?: number;
  /** Packets under way in one direction; more are dropped, as by a router. 10,000 by default. */
  readonly queuePackets?: number;
}

/** A packet that is held back for reordering goes after this long even when no other passes it. */
export const REORDER_LIMIT_MS = 500;

const DEFAULT_DELAY_MS = 20;
const LONGEST_DELAY_MS = 3_600_000;
const DEFAULT_QUEUE_PACKETS = 10_000;

/** One direction. */
interface Lane {
  readonly from: WireEnd;
  readonly to: WireEnd;
  /** Packets on their way or held back. */
  underWay: number;
  /** When the last bit of what was sent so far is out: with a rate, the next packet begins then. */
  freeNs: number;
  /** The packet that waits for another to pass it. */
  heldBack: { readonly packet: number; readonly bytes: Uint8Array; readonly timer: Timer } | undefined;
}

interface Flight {
  readonly lane: Lane;
  readonly packet: number;
  readonly bytes: Uint8Array;
  readonly dueNs: number;
}

export class Wire {
  readonly #clock: Clock;
  readonly #listener: WireListener | undefined;
  readonly #rules: WireRules;
  readonly #delayNs: number;
  readonly #rate: number | undefined;
  readonly #queuePackets: number;
  readonly #lanes: readonly [Lane, Lane];
  /** By due time; those of one instant in the order in which they were sent. */
  readonly #flights: Flight[] = [];
  #alarm: { readonly dueNs: number; readonly timer: Timer } | undefined;
  #lastPacket = 0;
  #closed = false;

  /** @throws RangeError for a delay, rate or queue that is none; TypeError for a rule of a host that is not here */
  constructor(options: WireOptions) {
    const { a, b, clock, listener, rules = [], delayMs = DEFAULT_DELAY_MS, rateBitsPerSecond } = options;
    const { queuePackets = DEFAULT_QUEUE_PACKETS } = options;
    if (!(delayMs >= 0) || delayMs > LONGEST_DELAY_MS) {
      throw new RangeError(`delayMs: expected a number from 0 to ${LONGEST_DELAY_MS}, got ${String(delayMs)}`);
    }
    if (rateBitsPerSecond !== undefined && !(rateBitsPerSecond > 0 && Number.isFinite(rateBitsPerSecond))) {
      throw new RangeError(`rateBitsPerSecond: expected a number above 0, got ${String(rateBitsPerSecond)}`);
    }
    if (!Number.isInteger(queuePackets) || queuePackets < 1) {
      throw new RangeError(`queuePackets: expected an integer from 1, got ${String(queuePackets)}`);
    }
    const names = [a.name, b.name, '*'];
    for (const { text, from, to } of rules) {
      const unknown = [from, to].find((name) => !names.includes(name));
      if (unknown === undefined) continue;
      throw new TypeError(`rules: '${text}': expected ${a.name}, ${b.name} or * as a host, got '${unknown}'`);
    }
    this.#clock = clock;
    this.#listener = listener;
    this.#rules = new WireRules(rules);
    this.#delayNs = Math.round(delayMs * MS);
    this.#rate = rateBitsPerSecond;
    this.#queuePackets = queuePackets;
    const lane = (from: WireEnd, to: WireEnd): Lane => ({ from, to, underWay: 0, freeNs: 0, heldBack: undefined });
    this.#lanes = [lane(a, b), lane(b, a)];
    for (const each of this.#lanes) each.from.device.onReceive((bytes) => this.#take(each, bytes));
  }

  /** Packets under way, held ones included. */
  get inFlight(): number {
    return this.#lanes[0].underWay + this.#lanes[1].underWay;
  }

  /** Nothing is taken or delivered any more; the devices stay open. */
  close(): void {
    this.#closed = true;
    this.#alarm?.timer.cancel();
    this.#alarm = undefined;
    this.#flights.length = 0;
    for (const lane of this.#lanes) {
      lane.heldBack?.timer.cancel();
      lane.heldBack = undefined;
      lane.underWay = 0;
    }
  }

  #take(lane: Lane, bytes: Uint8Array): void {
    if (this.#closed) return;
    const packet = ++this.#lastPacket;
    const from = lane.from.name;
    this.#listener?.onTx(packet, from, bytes);
    this.#send(lane, packet, bytes);
    this.#listener?.afterTx?.(packet, from);
  }

  #send(lane: Lane, packet: number, bytes: Uint8Array): void {
    const { from, to } = lane;
    const tell = (fate: 'drop' | 'hold', why: string): void => this.#listener?.onFate(packet, from.name, fate, why);
    const met = this.#rules.match(from.name, to.name, bytes, from.device.linkType);
    const drop = met.find(({ action }) => action === 'drop');
    if (drop !== undefined) {
      tell('drop', drop.text);
      return;
    }
    if (!this.#hasRoom(lane)) {
      tell('drop', this.#fullText());
      return;
    }
    const reorder = met.find(({ action }) => action === 'reorder');
    if (reorder !== undefined && lane.heldBack === undefined) {
      tell('hold', reorder.text);
      lane.underWay++;
      const timer = this.#clock.setTimer(REORDER_LIMIT_MS * MS, () => this.#release(lane));
      lane.heldBack = { packet, bytes, timer };
    } else {
      const held = met.filter(({ action }) => action === 'hold');
      for (const { text } of held) tell('hold', text);
      lane.underWay++;
      this.#carry(lane, packet, bytes, Math.round(held.reduce((sum, { extraMs }) => sum + extraMs, 0) * MS));
      this.#release(lane);
    }
    for (const { action, text } of met) {
      if (action === 'dup') this.#copy(lane, packet, bytes, text);
    }
  }

  /** The copy is a packet of its own: never held, and it meets no rules, or it would be copied for ever. */
  #copy(lane: Lane, original: number, bytes: Uint8Array, why: string): void {
    const copy = ++this.#lastPacket;
    this.#listener?.onCopy(copy, original, lane.from.name, why);
    if (!this.#hasRoom(lane)) {
      this.#listener?.onFate(copy, lane.from.name, 'drop', this.#fullText());
      return;
    }
    lane.underWay++;
    this.#carry(lane, copy, bytes.slice(), 0);
  }

  /** Another packet has passed the one that was held back, or none has for too long. */
  #release(lane: Lane): void {
    const held = lane.heldBack;
    if (held === undefined) return;
    lane.heldBack = undefined;
    held.timer.cancel();
    this.#carry(lane, held.packet, held.bytes, 0);
  }

  #hasRoom(lane: Lane): boolean {
    return lane.underWay < this.#queuePackets;
  }

  #fullText(): string {
    return `queue of ${this.#queuePackets} packets is full`;
  }

  #carry(lane: Lane, packet: number, bytes: Uint8Array, extraNs: number): void {
    const lastBitNs = Math.max(this.#clock.now(), lane.freeNs) + this.#lengthNs(bytes.length);
    lane.freeNs = lastBitNs;
    const flight: Flight = { lane, packet, bytes, dueNs: lastBitNs + this.#delayNs + extraNs };
    // Nearly always the last place.
    let at = this.#flights.length;
    while (at > 0 && this.#flights[at - 1]!.dueNs > flight.dueNs) at--;
    this.#flights.splice(at, 0, flight);
    this.#setAlarm();
  }

  /** Between the first and the last bit. */
  #lengthNs(bytes: number): number {
    return this.#rate === undefined ? 0 : Math.ceil((bytes * 8 * SECOND) / this.#rate);
  }

  #setAlarm(): void {
    const dueNs = this.#flights[0]?.dueNs;
    if (dueNs === this.#alarm?.dueNs) return;
    this.#alarm?.timer.cancel();
    this.#alarm = undefined;
    if (dueNs === undefined) return;
    const timer = this.#clock.setTimer(Math.max(0, dueNs - this.#clock.now()), () => {
      this.#alarm = undefined;
      this.#arrive();
    });
    this.#alarm = { dueNs, timer };
  }

  /** Hand over what is due. What becomes due meanwhile waits for the next turn, so that sockets get theirs. */
  #arrive(): void {
    const nowNs = this.#clock.now();
    try {
      while ((this.#flights[0]?.dueNs ?? Number.POSITIVE_INFINITY) <= nowNs) this.#deliver(this.#flights.shift()!);
    } finally {
      // Also when a listener or a device threw: what is left must still arrive.
      this.#setAlarm();
    }
  }

  #deliver({ lane, packet, bytes }: Flight): void {
    const { from, to } = lane;
    lane.underWay--;
    this.#listener?.onRx(packet, to.name, bytes);
    if (!to.device.send(bytes)) this.#listener?.onFate(packet, from.name, 'drop', `${to.name} had no room`);
    this.#listener?.afterRx?.(packet, to.name);
  }
}
