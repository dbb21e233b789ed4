/** The wire between two lab hosts, held by a test: packets wait until the test lets them pass, or flow by themselves. */
import type { LabHosts } from '../../src/os/lab-hosts.ts';

export type Side = 'client' | 'server';

const PATIENCE_MS = 5_000;

export class LabWire {
  readonly #lab: LabHosts;
  /** Packets that a host sent and that nobody took yet. */
  readonly #sent: Record<Side, Uint8Array[]> = { client: [], server: [] };
  readonly #waiting: Partial<Record<Side, (bytes: Uint8Array) => void>> = {};
  /** Every packet that any host sent. */
  readonly seen: { readonly from: Side; readonly bytes: Uint8Array }[] = [];
  #flowing = false;

  constructor(lab: LabHosts) {
    this.#lab = lab;
    for (const side of ['client', 'server'] as const)
      lab[side].device.onReceive((bytes) => this.#received(side, bytes));
  }

  #received(from: Side, bytes: Uint8Array): void {
    this.seen.push({ from, bytes });
    if (this.#flowing) {
      this.pass(from, bytes);
      return;
    }
    const waiting = this.#waiting[from];
    if (waiting === undefined) {
      this.#sent[from].push(bytes);
      return;
    }
    delete this.#waiting[from];
    waiting(bytes);
  }

  /** The next packet that a host sends; it is held until `pass`. */
  next(from: Side): Promise<Uint8Array> {
    const first = this.#sent[from].shift();
    if (first !== undefined) return Promise.resolve(first);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no packet from ${from} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#waiting[from] = (bytes) => {
        clearTimeout(timer);
        resolve(bytes);
      };
    });
  }

  /** Bring a packet to the other host. */
  pass(from: Side, bytes: Uint8Array): boolean {
    return this.#lab[from === 'client' ? 'server' : 'client'].device.send(bytes);
  }

  /** From now on everything passes at once. */
  flow(): void {
    this.#flowing = true;
    for (const side of ['client', 'server'] as const) {
      for (const bytes of this.#sent[side].splice(0)) this.pass(side, bytes);
    }
  }
}
