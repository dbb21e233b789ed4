/** Notes on TCP segments, one by one. That they are those of tshark, frame for frame, is in test/flow. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPacket, decodePacket, TcpFlags, type TcpInit, type TcpOption } from '../wire/index.ts';
import { TcpAnalyser, type TcpAnalysis, TcpNote, tcpNoteNames } from './tcp-analysis.ts';

const { SYN, ACK, FIN, RST } = TcpFlags;
const MS = 1_000_000n;
const CLIENT_ISN = 0xffff_ff00;
const SERVER_ISN = 500;

interface Extra {
  readonly flags?: number;
  readonly window?: number;
  readonly options?: readonly TcpOption[];
}

/** A connection whose numbers are relative to the first byte of data of each end. */
class Talk {
  readonly analyser: TcpAnalyser = new TcpAnalyser();
  last: TcpAnalysis | undefined;
  #frame = 0;
  #t = 0n;

  /** The handshake, 2 ms from the SYN to the third segment; windows of 1000 units of 4 bytes from there on. */
  static opened(): Talk {
    const options = [{ name: 'windowScale', shift: 2 }] as const;
    const talk = new Talk();
    talk.client(-1, 0, { flags: SYN, options }).server(-1, 0, { flags: SYN | ACK, options, window: 4000 });
    return talk.after(2n).client(0, 0);
  }

  after(ms: bigint): this {
    this.#t += ms * MS;
    return this;
  }

  #add(
    isClient: boolean,
    seq: number,
    size: number,
    ack: number,
    { flags = ACK, window = 1000, options }: Extra,
  ): this {
    const [own, other] = isClient ? [CLIENT_ISN, SERVER_ISN] : [SERVER_ISN, CLIENT_ISN];
    const [srcPort, dstPort] = isClient ? [4000, 80] : [80, 4000];
    const tcp: TcpInit = {
      srcPort: srcPort!,
      dstPort: dstPort!,
      seq: (own + 1 + seq) >>> 0,
      ack: (other + 1 + ack) >>> 0,
      flags,
      window,
      ...(options === undefined ? {} : { options }),
    };
    const ipv4 = isClient ? { src: '10.0.0.1', dst: '10.0.0.2' } : { src: '10.0.0.2', dst: '10.0.0.1' };
    const bytes = buildPacket({ ipv4, tcp, payload: new Uint8Array(size) });
    this.last = this.analyser.add(decodePacket(bytes, 'raw'), this.#t, bytes.length, ++this.#frame);
    return this;
  }

  /** `size` bytes from `seq`. */
  client(seq: number, size: number, extra: Extra & { readonly ack?: number } = {}): this {
    return this.#add(true, seq, size, extra.ack ?? 0, extra);
  }

  server(seq: number, size: number, extra: Extra & { readonly ack?: number } = {}): this {
    return this.#add(false, seq, size, extra.ack ?? 0, extra);
  }

  get notes(): string {
    return tcpNoteNames(this.last!.notes).join(', ');
  }
}

describe('RFC 9293 §3.8.1, RFC 5681 §3.2: bytes again', () => {
  const sent = (): Talk => Talk.opened().client(0, 100).client(100, 100).client(200, 100);

  test('after a time', () => {
    const talk = sent().after(300n).client(0, 100);
    expect(talk.notes).toBe('retransmission');
    expect(talk.last?.again).toEqual({ ofFrame: 4, afterNs: 300n * MS });
  });

  test('cut in another way: the first sending of its first byte', () => {
    expect(sent().after(300n).client(150, 150).last?.again).toEqual({ ofFrame: 5, afterNs: 300n * MS });
  });

  test('after duplicate acknowledgements', () => {
    const talk = sent().server(0, 0, { ack: 100 });
    talk.server(0, 0, { ack: 100 });
    expect([talk.notes, talk.last?.duplicate]).toEqual(['duplicate ack', { count: 1, ofFrame: 7 }]);
    talk.server(0, 0, { ack: 100 });
    expect(talk.last?.duplicate).toEqual({ count: 2, ofFrame: 7 });
    expect(talk.after(10n).client(100, 100).notes).toBe('fast retransmission');
  });

  test('although acknowledged', () => {
    expect(sent().server(0, 0, { ack: 300 }).client(100, 100).notes).toBe('spurious retransmission');
  });

  test('behind others by so little that only the order changed; a first round trip says how little', () => {
    const talk = Talk.opened().client(100, 100);
    expect(talk.notes).toBe('lost segment');
    expect(talk.after(1n).client(0, 50).notes).toBe('out of order');
    expect(talk.after(5n).client(50, 20).notes).toBe('retransmission');
    expect(talk.last?.again).toBeUndefined();
  });

  test('a FIN', () => {
    const talk = Talk.opened()
      .client(0, 0, { flags: FIN | ACK })
      .after(300n);
    expect(talk.client(0, 0, { flags: FIN | ACK }).notes).toBe('retransmission');
  });
});

describe('what was not captured', () => {
  test('acknowledged: told once', () => {
    const talk = Talk.opened().client(0, 100).server(0, 0, { ack: 300 });
    expect(talk.notes).toBe('acked unseen');
    expect(talk.server(0, 10, { ack: 300 }).notes).toBe('');
  });

  test('a gap that is filled later: what came behind it counts as seen', () => {
    const talk = Talk.opened().client(100, 100).client(0, 100).server(0, 0, { ack: 200 });
    expect(talk.notes).toBe('');
  });

  test('bytes in flight are not known behind a gap, until the other end speaks', () => {
    const talk = Talk.opened().client(0, 100);
    expect(talk.last?.bytesInFlight).toBe(100);
    expect(talk.client(200, 100).last?.bytesInFlight).toBeUndefined();
    expect(talk.server(0, 0, { ack: 200 }).client(300, 50).last?.bytesInFlight).toBe(150);
  });
});

describe('RFC 9293 §3.8.4, §3.8.6: keep-alives and windows', () => {
  test('a keep-alive and its answer', () => {
    const talk = Talk.opened().client(0, 10).server(0, 0, { ack: 10 }).after(5000n).client(9, 1);
    expect(talk.notes).toBe('keep alive');
    expect(talk.server(0, 0, { ack: 10 }).notes).toBe('keep alive ack');
  });

  test('closed, probed, opened; full', () => {
    const talk = Talk.opened().client(0, 3990);
    expect(talk.client(3990, 10).notes).toBe('window full');
    expect(talk.server(0, 0, { ack: 4000, window: 0 }).notes).toBe('zero window');
    expect(talk.after(200n).client(4000, 1).notes).toBe('zero window probe');
    expect(talk.server(0, 0, { ack: 4000, window: 0 }).notes).toBe('zero window, zero window probe ack');
    expect(talk.server(0, 0, { ack: 4000, window: 250 }).notes).toBe('window update');
    expect(talk.last).toMatchObject({ windowBytes: 1000, isWindowScaleKnown: true });
    // The byte of the probe again, and more: new data.
    expect(talk.client(4000, 1000).notes).toBe('window full');
  });

  test('a probe whose byte is taken is no surprise', () => {
    const talk = Talk.opened().server(0, 0, { window: 0 }).client(0, 1);
    expect(talk.server(0, 0, { ack: 1, window: 0 }).notes).toBe('zero window');
  });

  test('without the handshake the scale is not known, and no window is full', () => {
    const talk = new Talk().server(0, 0, { window: 100 }).client(0, 100);
    expect([talk.notes, talk.last?.isWindowScaleKnown]).toEqual(['', false]);
  });

  test('scaled only when both ends offer it (RFC 7323 §2.2)', () => {
    const talk = new Talk().client(-1, 0, { flags: SYN, options: [{ name: 'windowScale', shift: 7 }] });
    talk.server(-1, 0, { flags: SYN | ACK }).client(0, 0, { window: 10 });
    expect(talk.last).toMatchObject({ windowBytes: 10, isWindowScaleKnown: true });
  });
});

describe('RFC 6298 §3: round trips', () => {
  test('of the handshake, from the last SYN', () => {
    const talk = new Talk().client(-1, 0, { flags: SYN }).after(1000n).client(-1, 0, { flags: SYN });
    talk
      .after(20n)
      .server(-1, 0, { flags: SYN | ACK })
      .after(1n)
      .client(0, 0);
    expect(talk.last?.initialRttNs).toBe(21n * MS);
    expect(talk.last?.acks).toEqual({ frame: 3, rttNs: MS, isAmbiguous: false });
  });

  test('of data; bytes that were sent twice tell little (Karn)', () => {
    const talk = Talk.opened().client(0, 100).after(30n).server(0, 0, { ack: 100 });
    expect(talk.last?.acks).toEqual({ frame: 4, rttNs: 30n * MS, isAmbiguous: false });
    talk.client(100, 100).after(400n).client(100, 100).after(30n).server(0, 0, { ack: 200 });
    expect(talk.last?.acks).toEqual({ frame: 6, rttNs: 430n * MS, isAmbiguous: true });
  });

  test('bytes in flight are without those of SACK blocks, and a block that tells of duplicates counts for nothing', () => {
    const sack = (...blocks: (readonly [number, number])[]): Extra & { readonly ack: number } => ({
      ack: 100,
      options: [
        {
          name: 'sack',
          blocks: blocks.map(([left, right]) => ({
            left: (CLIENT_ISN + 1 + left) >>> 0,
            right: (CLIENT_ISN + 1 + right) >>> 0,
          })),
        },
      ],
    });
    const talk = Talk.opened().client(0, 100).client(100, 100).client(200, 100);
    expect(talk.server(0, 0, sack([200, 300])).client(300, 100).last?.bytesInFlight).toBe(200);
    expect(talk.server(0, 0, sack([220, 250], [200, 300])).client(400, 50).last?.bytesInFlight).toBe(250);
  });
});

test('ports used again: told by the first segment of the new connection', () => {
  const talk = Talk.opened().client(0, 0, { flags: RST });
  expect(talk.client(99_999, 0, { flags: SYN }).last).toMatchObject({
    notes: TcpNote.PORTS_REUSED,
    flow: { index: 1 },
  });
  expect(talk.server(-1, 0, { flags: SYN | ACK }).notes).toBe('');
});

test('any segments: it ends, and says what can be', () => {
  const segment = fc.record({
    isClient: fc.boolean(),
    seq: fc.oneof(fc.nat(50), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    size: fc.nat(20),
    ack: fc.oneof(fc.nat(50), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
    flags: fc.oneof(fc.constant(ACK), fc.nat(0x1ff)),
    window: fc.constantFrom(0, 5, 1000),
  });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 60 }), (segments) => {
      const talk = new Talk();
      for (const { isClient, seq, size, ack, flags, window } of segments) {
        if (isClient) talk.client(seq, size, { ack, flags, window });
        else talk.server(seq, size, { ack, flags, window });
        const { notes, bytesInFlight = 0 } = talk.last!;
        const repeats = notes & 0xf;
        expect(repeats & (repeats - 1)).toBe(0);
        expect(bytesInFlight).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
