/**
 * TCP conversations as a seed makes them: two ends that send, acknowledge, repeat, probe, close their windows and lose
 * segments, on the wire and in the capture, over the wrap of sequence numbers. Not a TCP, but all that one can say.
 */
import { Random, seqMax } from '../../src/core/index.ts';
import { buildPacket, type SackBlock, TcpFlags, type TcpOption } from '../../src/wire/index.ts';
import type { Frame } from './tshark.ts';

const { SYN, ACK, FIN, RST, PSH } = TcpFlags;

interface End {
  readonly src: string;
  readonly port: number;
  readonly isn: number;
  next: number;
  /** What it has from the other end. */
  got: number;
  sacked: SackBlock[];
  window: number;
}

const START = 1_700_000_000_000_000_000n;
const PAUSE_NS = 10n ** 12n;
const STEPS_NS = [20_000n, 400_000n, 2_500_000n, 8_000_000n, 30_000_000n, 400_000_000n];

class Session {
  readonly frames: Frame[] = [];
  readonly #random: Random;
  readonly #ends: readonly [End, End];
  readonly #shift: number | undefined;
  #captureLoss: number;
  #t: bigint;

  constructor(random: Random, port: number, t: bigint, captureLoss: number) {
    this.#captureLoss = captureLoss;
    this.#random = random;
    this.#t = t;
    const isn = (): number => random.pick([random.u32(), (0xffff_ffff - random.below(5000)) >>> 0]);
    this.#ends = [this.#end('10.0.0.1', port, isn()), this.#end('10.0.0.2', 80, isn())];
    this.#shift = random.chance(0.7) ? random.below(8) : undefined;
  }

  #end(src: string, port: number, isn: number): End {
    return { src, port, isn, next: (isn + 1) >>> 0, got: 0, sacked: [], window: 5000 };
  }

  #send(from: 0 | 1, flags: number, seq: number, size: number, options: readonly TcpOption[] = []): void {
    this.#t += this.#random.pick(STEPS_NS);
    // Not all that was sent is captured.
    if (this.#random.chance(this.#captureLoss)) return;
    const own = this.#ends[from];
    const other = this.#ends[1 - from]!;
    const bytes = buildPacket({
      ipv4: { src: own.src, dst: other.src },
      tcp: {
        srcPort: own.port,
        dstPort: other.port,
        seq: seq >>> 0,
        ack: (flags & ACK) === 0 ? 0 : own.got,
        flags,
        window: own.window,
        options,
      },
      payload: new Uint8Array(size).fill(65),
    });
    this.frames.push({ t: this.#t, bytes });
  }

  #handshake(): void {
    const [client, server] = this.#ends;
    const scale: TcpOption[] = this.#shift === undefined ? [] : [{ name: 'windowScale', shift: this.#shift }];
    const loss = this.#captureLoss;
    // Without the first SYN nothing tells that ports are used again.
    this.#captureLoss = 0;
    this.#send(0, SYN, client.isn, 0, scale);
    this.#captureLoss = loss;
    while (this.#random.chance(0.1)) this.#send(0, SYN, client.isn, 0, scale);
    server.got = client.next;
    this.#send(1, SYN | ACK, server.isn, 0, scale);
    client.got = server.next;
    // The window of a SYN is not scaled: with the same field it would be another one.
    client.window = 4000;
    server.window = 4000;
    this.#send(0, ACK, client.next, 0);
  }

  #data(from: 0 | 1): void {
    const random = this.#random;
    const own = this.#ends[from];
    const other = this.#ends[from === 0 ? 1 : 0];
    const size = random.pick([1, 10, 500, 1460]);
    const seq = own.next;
    own.next = (own.next + size) >>> 0;
    this.#send(from, ACK | PSH, seq, size);
    if (random.chance(0.15)) {
      // Lost on its way; what comes behind it is reported.
      this.#send(from, ACK, own.next, 100);
      other.sacked = [{ left: own.next, right: (own.next + 100) >>> 0 }];
      own.next = (own.next + 100) >>> 0;
      for (let i = random.below(4); i > 0; i--) this.#ack(from === 0 ? 1 : 0);
      this.#send(from, ACK, seq, size);
      other.sacked = [];
    }
    other.got = own.next;
  }

  #ack(from: 0 | 1): void {
    const { next, sacked } = this.#ends[from];
    this.#send(from, ACK, next, 0, sacked.length === 0 ? [] : [{ name: 'sack', blocks: sacked }]);
  }

  /** Begin so far back; a part may be new. */
  #again(from: 0 | 1, back: number, size: number): void {
    const own = this.#ends[from];
    const sent = (own.next - own.isn - 1) >>> 0;
    const seq = (own.next - Math.min(back, sent)) >>> 0;
    const end = (seq + size) >>> 0;
    this.#send(from, ACK, seq, size);
    own.next = seqMax(own.next, end);
    this.#ends[1 - from]!.got = own.next;
  }

  #closeWindow(from: 0 | 1): void {
    const own = this.#ends[from];
    const other: 0 | 1 = from === 0 ? 1 : 0;
    const { window } = own;
    own.window = 0;
    this.#ack(from);
    this.#send(other, ACK, this.#ends[other].next, 1);
    this.#ack(from);
    own.window = window;
    this.#ack(from);
  }

  #step(): void {
    const random = this.#random;
    const from: 0 | 1 = random.chance(0.6) ? 0 : 1;
    const own = this.#ends[from];
    const deeds: readonly (() => void)[] = [
      () => this.#data(from),
      () => this.#data(from),
      () => this.#data(from),
      () => this.#ack(from),
      () => this.#ack(from),
      () => this.#again(from, random.pick([1, 10, 500, 1460, 2000]), random.pick([1, 10, 500])),
      () => this.#send(from, ACK, own.next - 1, random.below(2)),
      () => this.#closeWindow(from),
      () => {
        own.window = random.between(1, 6000);
        this.#ack(from);
      },
    ];
    random.pick(deeds)();
  }

  /** @param hasHandshake false: the capture begins in the middle */
  play(steps: number, hasHandshake: boolean): void {
    if (hasHandshake) this.#handshake();
    else {
      for (const from of [0, 1] as const) this.#ends[from].got = this.#ends[1 - from]!.next;
    }
    for (let i = 0; i < steps; i++) this.#step();
    if (this.#random.chance(0.3)) {
      this.#send(0, RST | ACK, this.#ends[0].next, 0);
      return;
    }
    for (const from of [0, 1] as const) {
      this.#send(from, FIN | ACK, this.#ends[from].next, 0);
      if (this.#random.chance(0.2)) this.#send(from, FIN | ACK, this.#ends[from].next, 0);
      this.#ends[from].next = (this.#ends[from].next + 1) >>> 0;
      this.#ends[1 - from]!.got = this.#ends[from].next;
    }
    this.#ack(0);
  }
}

/**
 * So many conversations, one after the other; some use the ports of one before.
 * @param captureLoss how likely a segment is sent but not captured
 */
export function randomSessions(seed: number, count: number, captureLoss: number): Frame[] {
  const random = new Random(seed);
  const frames: Frame[] = [];
  for (let i = 0; i < count; i++) {
    const hasHandshake = random.chance(0.8);
    const port = hasHandshake && random.chance(0.2) ? 1024 : 1025 + i;
    const session = new Session(random, port, START + BigInt(i) * PAUSE_NS, captureLoss);
    session.play(random.between(3, 40), hasHandshake);
    frames.push(...session.frames);
  }
  return frames;
}
