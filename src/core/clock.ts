/**
 * Time as a value that is handed in. Whatever waits takes a `Clock`; tests and simulations give it a `VirtualClock`,
 * which moves only when told, so that no test waits on real time and every run is the same.
 *
 * Times and delays are integer nanoseconds: exact in a double for 104 days, which is longer than a process that cares.
 */

/** A running timer. `cancel` after it fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Nanoseconds since a fixed but unnamed instant; never goes back. */
  now(): number;
  /** Run `fire` once, `delayNs` from now; never within this call, however small the delay. */
  setTimer(delayNs: number, fire: () => void): Timer;
}

/** Nanoseconds in one microsecond, millisecond, second. */
export const US = 1_000;
export const MS = 1_000_000;
export const SECOND = 1_000_000_000;

/** setTimeout takes a signed 32-bit count of milliseconds and fires at once above it. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function checkDelay(delayNs: number): void {
  if (!(delayNs >= 0)) throw new RangeError(`delayNs: expected a number of nanoseconds from 0, got ${delayNs}`);
}

/** The clock of this machine: `performance.now()` and `setTimeout`, so timers are good to about a millisecond. */
export const systemClock: Clock = {
  now(): number {
    return Math.round(performance.now() * MS);
  },
  setTimer(delayNs: number, fire: () => void): Timer {
    checkDelay(delayNs);
    const dueNs = systemClock.now() + delayNs;
    let handle: ReturnType<typeof setTimeout>;
    const wait = (leftNs: number): void => {
      handle = setTimeout(wake, Math.min(Math.ceil(leftNs / MS), LONGEST_TIMEOUT_MS));
    };
    const wake = (): void => {
      const leftNs = dueNs - systemClock.now();
      // Engines round timeouts down now and then: firing early would break whoever compares against now().
      if (leftNs > 0) wait(leftNs);
      else fire();
    };
    wait(delayNs);
    return { cancel: () => clearTimeout(handle) };
  },
};

interface VirtualTimer extends Timer {
  readonly dueNs: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/**
 * A clock that moves only when told. Timers fire in order of their due time, and those of one instant in the order in
 * which they were set.
 */
export class VirtualClock implements Clock {
  #nowNs: number;
  #order = 0;
  #live = 0;
  /** Binary heap, earliest first; cancelled timers stay until they come to the top. */
  readonly #heap: VirtualTimer[] = [];

  constructor(startNs: number = 0) {
    this.#nowNs = startNs;
  }

  now(): number {
    return this.#nowNs;
  }

  /** Timers set and neither fired nor cancelled. */
  get pending(): number {
    return this.#live;
  }

  /** When the next timer is due, or undefined when there is none. */
  get nextDueNs(): number | undefined {
    return this.#top()?.dueNs;
  }

  setTimer(delayNs: number, fire: () => void): Timer {
    checkDelay(delayNs);
    const timer: VirtualTimer = {
      dueNs: this.#nowNs + Math.round(delayNs),
      order: this.#order++,
      fire,
      cancel: () => {
        if (timer.fire === undefined) return;
        timer.fire = undefined;
        this.#live--;
      },
    };
    this.#live++;
    this.#push(timer);
    return timer;
  }

  /** Move on by `byNs`, firing every timer on the way at its own time, timers set meanwhile included. */
  advance(byNs: number): void {
    checkDelay(byNs);
    this.advanceTo(this.#nowNs + byNs);
  }

  /** Move on to `timeNs`; a time already past does nothing. */
  advanceTo(timeNs: number): void {
    for (;;) {
      const timer = this.#top();
      if (timer === undefined || timer.dueNs > timeNs) break;
      this.#fire(timer);
    }
    if (timeNs > this.#nowNs) this.#nowNs = timeNs;
  }

  /** Move on to the next timer and fire it. False when there is none. */
  step(): boolean {
    const timer = this.#top();
    if (timer === undefined) return false;
    this.#fire(timer);
    return true;
  }

  /**
   * Fire timers until none is left.
   * @param limit how many at most: two sides that keep waking each other would never end
   * @returns how many fired
   */
  run(limit: number = 1_000_000): number {
    let fired = 0;
    while (fired < limit && this.step()) fired++;
    return fired;
  }

  #fire(timer: VirtualTimer): void {
    this.#pop();
    this.#nowNs = timer.dueNs;
    const fire = timer.fire!;
    timer.fire = undefined;
    this.#live--;
    fire();
  }

  #top(): VirtualTimer | undefined {
    for (;;) {
      const timer = this.#heap[0];
      if (timer === undefined || timer.fire !== undefined) return timer;
      this.#pop();
    }
  }

  #push(timer: VirtualTimer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!earlier(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (!earlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function earlier(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.dueNs < b.dueNs || (a.dueNs === b.dueNs && a.order < b.order);
}
