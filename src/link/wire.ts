/**
 * The wire: joins two link devices and carries every packet from one to the other, late, twice, out of order or not at
 * all, as its rules say. It tells a listener about each packet at both of its ends.
 */
import { type Clock, MS, type Timer } from '../core/index.ts';
import type { LinkDevice } from './device.ts';
import { type WireRule, WireRules } from './wire-rules.ts';

export interface WireEnd {
  /** The host's name in rules and for the listener. */
  readonly name: string;
  readonly device: LinkDevice;
}

export interface WireListener {
  /** The packet left `from`. */
  onTx(packet: number, from: string, bytes: Uint8Array): void;
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
  /** Packets under way in one direction; more are dropped, as by a router. 10,000 by default. */
  readonly queuePackets?: number;
}

/** A packet that is held back for reordering goes after this long even when no other passes it. */
const REORDER_LIMIT_MS = 500;

interface Flight {
  readonly packet: number;
  readonly bytes: Uint8Array;
  readonly timer: Timer;
}

export class Wire {
  readonly #options: WireOptions;
  readonly #rules: WireRules;
  readonly #flights = new Set<Flight>();
  readonly #underWay: Record<string, number> = {};
  /** Packets that wait for another to pass them, by direction. */
  readonly #heldBack = new Map<WireEnd, { packet: number; bytes: Uint8Array; timer: Timer }>();
  #lastPacket = 0;
  #closed = false;

  constructor(options: WireOptions) {
    const { a, b, delayMs = 20 } = options;
    if (!(delayMs >= 0) || delayMs > 3_600_000) {
      throw new RangeError(`delayMs: expected a number from 0 to 3600000, got ${String(delayMs)}`);
    }
    this.#options = options;
    this.#rules = new WireRules(options.rules ?? []);
    a.device.onReceive((bytes) => this.#take(a, b, bytes));
    b.device.onReceive((bytes) => this.#take(b, a, bytes));
  }

  /** Packets under way, held ones included. */
  get inFlight(): number {
    return this.#flights.size + this.#heldBack.size;
  }

  /** Nothing is delivered any more; the devices stay open. */
  close(): void {
    this.#closed = true;
    for (const { timer } of this.#flights) timer.cancel();
    for (const { timer } of this.#heldBack.values()) timer.cancel();
    this.#flights.clear();
    this.#heldBack.clear();
  }

  #take(from: WireEnd, to: WireEnd, bytes: Uint8Array): void {
    if (this.#closed) return;
    const packet = ++this.#lastPacket;
    const { listener, queuePackets = 10_000 } = this.#options;
    listener?.onTx(packet, from.name, bytes);
    if ((this.#underWay[from.name] ?? 0) >= queuePackets) {
      listener?.onFate(packet, from.name, 'drop', `queue of ${queuePackets} packets is full`);
      return;
    }
    const met = this.#rules.match(from.name, to.name, bytes, from.device.linkType);
    const drop = met.find(({ action }) => action === 'drop');
    if (drop !== undefined) {
      listener?.onFate(packet, from.name, 'drop', drop.text);
      return;
    }
    const reorder = met.find(({ action }) => action === 'reorder');
    if (reorder !== undefined && !this.#heldBack.has(from)) {
      listener?.onFate(packet, from.name, 'hold', reorder.text);
      const release = (): void => this.#release(from, to);
      const timer = this.#options.clock.setTimer(REORDER_LIMIT_MS * MS, release);
      this.#heldBack.set(from, { packet, bytes, timer });
    } else {
      const held = met.filter(({ action }) => action === 'hold');
      for (const { text } of held) listener?.onFate(packet, from.name, 'hold', text);
      const extraMs = held.reduce((sum, rule) => sum + rule.extraMs, 0);
      this.#carry(from, to, packet, bytes, extraMs);
      this.#release(from, to);
    }
    for (const { action, text } of met) {
      if (action !== 'dup') continue;
      const copy = ++this.#lastPacket;
      listener?.onCopy(copy, packet, from.name, text);
      this.#carry(from, to, copy, bytes.slice(), 0);
    }
  }

  #release(from: WireEnd, to: WireEnd): void {
    const held = this.#heldBack.get(from);
    if (held === undefined) return;
    this.#heldBack.delete(from);
    held.timer.cancel();
    this.#carry(from, to, held.packet, held.bytes, 0);
  }

  #carry(from: WireEnd, to: WireEnd, packet: number, bytes: Uint8Array, extraMs: number): void {
    const { clock, delayMs = 20 } = this.#options;
    this.#underWay[from.name] = (this.#underWay[from.name] ?? 0) + 1;
    const timer = clock.setTimer(Math.round((delayMs + extraMs) * MS), () => {
      this.#flights.delete(flight);
      this.#underWay[from.name] = (this.#underWay[from.name] ?? 1) - 1;
      this.#deliver(from, to, packet, bytes);
    });
    const flight: Flight = { packet, bytes, timer };
    this.#flights.add(flight);
  }

  #deliver(from: WireEnd, to: WireEnd, packet: number, bytes: Uint8Array): void {
    const { listener } = this.#options;
    listener?.onRx(packet, to.name, bytes);
    if (!to.device.send(bytes)) listener?.onFate(packet, from.name, 'drop', `${to.name} had no room`);
    listener?.afterRx?.(packet, to.name);
  }
}
