/**
 * What TCP sequence numbers are counted from, by tcpdump's rule: the first segments of a connection, up to one that
 * acknowledges, show their numbers as they are on the wire, and so does each SYN; the segments after it count from there.
 */
import { type Packet, TcpFlags } from '../../wire/index.ts';

/** The longest silent connections are forgotten, and counted anew when they speak again. */
const MAX_CONNECTIONS = 65_536;

/** `near` is the end whose address and port come first as text. */
interface Bases {
  readonly near: number;
  readonly far: number;
}

export class SequenceNumbers {
  readonly #connections = new Map<string, Bases>();

  /** @returns what is subtracted from the segment's numbers; nothing where they are shown as they are */
  of({ ip, tcp }: Packet): { readonly seqBase?: number; readonly ackBase?: number } {
    // Only a segment with both numbers tells where both directions begin: of a handshake it is the SYN-ACK.
    if (ip === undefined || tcp === undefined || (tcp.flags & TcpFlags.ACK) === 0) return {};
    const source = `${ip.src} ${tcp.srcPort}`;
    const target = `${ip.dst} ${tcp.dstPort}`;
    const isNear = source <= target;
    const key = isNear ? `${source} ${target}` : `${target} ${source}`;
    const known = this.#connections.get(key);
    if (known !== undefined && (tcp.flags & TcpFlags.SYN) === 0) {
      this.#keep(key, known);
      return isNear ? { seqBase: known.near, ackBase: known.far } : { seqBase: known.far, ackBase: known.near };
    }
    const [own, peer] = [tcp.seq, (tcp.ack - 1) >>> 0];
    this.#keep(key, isNear ? { near: own, far: peer } : { near: peer, far: own });
    return {};
  }

  /** As the youngest. */
  #keep(key: string, bases: Bases): void {
    this.#connections.delete(key);
    if (this.#connections.size >= MAX_CONNECTIONS) {
      const oldest = this.#connections.keys().next();
      if (oldest.done !== true) this.#connections.delete(oldest.value);
    }
    this.#connections.set(key, bases);
  }
}
