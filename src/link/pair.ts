/** Two link devices in memory, joined back to back: what one sends the other receives, at once and unchanged. */
import type { LinkDevice } from './device.ts';

const RAW_IP = 101;

class PairedDevice implements LinkDevice {
  readonly name: string;
  readonly mtu: number;
  readonly linkType: number;
  peer: PairedDevice | undefined;
  #receiver: ((bytes: Uint8Array) => void) | undefined;
  #closed = false;

  constructor(name: string, mtu: number, linkType: number) {
    this.name = name;
    this.mtu = mtu;
    this.linkType = linkType;
  }

  send(bytes: Uint8Array): boolean {
    const { peer } = this;
    if (this.#closed || peer === undefined || peer.#closed || bytes.length > this.mtu) return false;
    // The receiver owns what it gets; the sender keeps what it lent.
    peer.#receiver?.(bytes.slice());
    return peer.#receiver !== undefined;
  }

  onReceive(receiver: (bytes: Uint8Array) => void): void {
    this.#receiver = receiver;
  }

  close(): void {
    this.#closed = true;
  }
}

/** @returns both ends; a packet sent into one comes out of the other within the call */
export function makeDevicePair({
  mtu = 1500,
  linkType = RAW_IP,
}: {
  readonly mtu?: number;
  readonly linkType?: number;
} = {}): readonly [LinkDevice, LinkDevice] {
  const a = new PairedDevice('pair-a', mtu, linkType);
  const b = new PairedDevice('pair-b', mtu, linkType);
  a.peer = b;
  b.peer = a;
  return [a, b];
}
