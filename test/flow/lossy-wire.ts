/** A wire between two lab hosts that loses, repeats and reorders packets as a seed says, captured at the client's end. */
import { Random } from '../../src/core/index.ts';
import type { LabHosts } from '../../src/os/lab-hosts.ts';
import type { Frame } from './tshark.ts';

export interface Faults {
  readonly loss: number;
  readonly twice: number;
  /** Held back for `lateMs`, so that others pass it. */
  readonly late: number;
}

const DELAY_MS = 2;
const LATE_MS = 4;

export class LossyWire {
  /** What a capture on the client's interface has: its own packets before the wire, the server's behind it. */
  readonly frames: Frame[] = [];
  readonly #lab: LabHosts;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #base = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  /** Packets under way leave in the order in which they came, unless they are late. */
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(lab: LabHosts, seed: number, faults: Faults) {
    this.#lab = lab;
    this.#random = new Random(seed);
    this.#faults = faults;
    lab.client.device.onReceive((bytes) => {
      this.#capture(bytes);
      this.#carry(bytes, (packet) => lab.server.device.send(packet));
    });
    lab.server.device.onReceive((bytes) => {
      this.#carry(bytes, (packet) => {
        this.#capture(packet);
        lab.client.device.send(packet);
      });
    });
  }

  #capture(bytes: Uint8Array): void {
    this.frames.push({ t: this.#base + process.hrtime.bigint(), bytes: bytes.slice() });
  }

  #carry(bytes: Uint8Array, arrive: (packet: Uint8Array) => void): void {
    const { loss, twice, late } = this.#faults;
    if (this.#random.chance(loss)) return;
    const packet = bytes.slice();
    const copies = this.#random.chance(twice) ? 2 : 1;
    const delay = DELAY_MS + (this.#random.chance(late) ? LATE_MS : 0);
    for (let i = 0; i < copies; i++) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        arrive(packet);
      }, delay);
      this.#timers.add(timer);
    }
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#lab.close();
  }
}
