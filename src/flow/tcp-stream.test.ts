/** However a stream of bytes is cut, repeated, reordered and lost on its way, its receiver's bytes come out, or named gaps. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../core/index.ts';
import { decodeTcp, encodeTcp, TcpFlags, type TcpHeader } from '../wire/index.ts';
import { type StreamEvent, type StreamOptions, TcpStream } from './tcp-stream.ts';

function segment(seq: number, payload: Uint8Array, flags: number = TcpFlags.ACK): TcpHeader {
  const tcp = decodeTcp(encodeTcp({ srcPort: 1, dstPort: 2, seq: seq >>> 0, flags }, payload));
  if (!tcp.ok) throw new Error('no segment');
  return tcp;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Feeds segments and says what came out, as short words. */
class Reader {
  readonly stream: TcpStream;
  readonly events: StreamEvent[] = [];
  #frame = 0;

  constructor(options?: StreamOptions) {
    this.stream = new TcpStream(options);
  }

  add(seq: number, payload: Uint8Array | string, flags?: number): this {
    const bytes = typeof payload === 'string' ? text(payload) : payload;
    this.stream.add(segment(seq, bytes, flags), 0n, ++this.#frame, this.events);
    return this;
  }

  ack(ack: number): this {
    this.stream.acknowledged(ack >>> 0, this.events);
    return this;
  }

  get bytes(): Uint8Array {
    return concat(this.events.flatMap((event) => (event.kind === 'data' ? [event.bytes] : [])));
  }

  get words(): string[] {
    return this.events.map((event) => {
      if (event.kind === 'data') return new TextDecoder().decode(event.bytes);
      if (event.kind === 'end') return `end ${event.why}`;
      return `${event.kind} ${event.offset}+${event.length}`;
    });
  }
}

const ISN = 0xffff_fff0;

describe('RFC 9293 §3.4', () => {
  test('in order, from a SYN to a FIN, over the wrap of the numbers', () => {
    const reader = new Reader()
      .add(ISN, '', TcpFlags.SYN)
      .add(ISN + 1, 'a'.repeat(20))
      .add(ISN + 21, 'bc', TcpFlags.FIN | 16);
    expect(reader.words).toEqual(['a'.repeat(20), 'bc', 'end fin']);
    expect(reader.stream.isn).toBe(ISN);
    expect(reader.stream.offsetOf((ISN + 23) >>> 0)).toBe(22);
  });

  test('met in the middle: the first byte seen is the first', () => {
    expect(new Reader().add(5000, 'one').add(5003, 'two').words).toEqual(['one', 'two']);
  });

  test('a segment that comes early waits, and is told before one that comes later', () => {
    const reader = new Reader().add(1, '', TcpFlags.SYN).add(5, 'efgh').add(9, 'ij');
    expect(reader.words).toEqual([]);
    expect(reader.stream.heldBytes).toBe(6);
    reader.add(2, 'bcd');
    expect(reader.words).toEqual(['bcd', 'efgh', 'ij']);
    expect(reader.stream.heldBytes).toBe(0);
  });

  test('sent again: told, not delivered; with new bytes behind the old ones: the new ones', () => {
    expect(new Reader().add(1, 'abc').add(1, 'abc').add(2, 'bcdef').words).toEqual([
      'abc',
      'repeated 0+3',
      'repeated 1+2',
      'def',
    ]);
  });

  test('a keep-alive repeats one byte', () => {
    expect(new Reader().add(100, 'abc').add(102, 'c').words).toEqual(['abc', 'repeated 2+1']);
  });

  test('what nobody can send is passed over', () => {
    const reader = new Reader().add(1, 'abc').add(0x7fff_0000, 'xyz').add(4, 'd');
    expect(reader.words).toEqual(['abc', `outside ${0x7fff_0000 - 1}+3`, 'd']);
  });

  test('a FIN before missing bytes ends only when they have come', () => {
    const reader = new Reader().add(1, '', TcpFlags.SYN).add(5, '', TcpFlags.FIN);
    expect(reader.words).toEqual([]);
    expect(reader.add(2, 'abc').words).toEqual(['abc', 'end fin']);
    expect(reader.add(2, 'abc').words).toHaveLength(2);
  });

  test('a FIN from before what was read, or a reset from elsewhere, ends nothing', () => {
    const reader = new Reader()
      .add(1, 'abcdef')
      .add(2, '', TcpFlags.FIN | 16)
      .add(0x7000_0000, '', TcpFlags.RST)
      .add(7, 'g');
    expect(reader.words).toEqual(['abcdef', `outside ${0x7000_0000 - 1}+0`, 'g']);
  });

  test('a reset ends at once; what waited comes behind its gap', () => {
    expect(new Reader().add(1, 'a').add(5, 'e').add(6, '', TcpFlags.RST).words).toEqual([
      'a',
      'gap 1+3',
      'e',
      'end rst',
    ]);
  });
});

describe('missing bytes', () => {
  test('acknowledged, so received, though not captured', () => {
    const reader = new Reader().add(1, 'abc').add(10, 'jkl').ack(10);
    expect(reader.words).toEqual(['abc', 'gap 3+6', 'jkl']);
  });

  test('acknowledged before they were captured: no gap yet', () => {
    expect(new Reader().add(1, 'abc').ack(7).add(4, 'def').words).toEqual(['abc', 'def']);
  });

  test('a limit of what waits: the oldest gap is given up', () => {
    const reader = new Reader({ maxHeldBytes: 1000 }).add(1, 'a');
    for (let i = 0; i < 20; i++) reader.add(10 + 100 * i, new Uint8Array(50));
    expect(reader.stream.heldBytes).toBeLessThanOrEqual(1000);
    expect(reader.words[1]).toBe('gap 1+8');
  });

  test('the end of the capture: what waits comes', () => {
    const reader = new Reader().add(1, 'a').add(3, 'c').add(5, 'e');
    reader.stream.flush(reader.events);
    expect(reader.words).toEqual(['a', 'gap 1+1', 'c', 'gap 3+1', 'e']);
  });
});

test.each([
  ['first', 'abCDEFgh'],
  ['last', 'abCDxyzw'],
] as const)('overlaps that differ, policy %s', (overlap, expected) => {
  const reader = new Reader({ overlap })
    .add(1, '', TcpFlags.SYN)
    .add(4, 'CDEF')
    .add(6, 'xyzw')
    .add(8, overlap === 'first' ? 'gh' : '');
  reader.add(2, 'ab');
  const seen = new TextDecoder().decode(reader.bytes);
  expect(seen.slice(0, 6)).toBe(expected.slice(0, 6));
  expect(reader.events).toContainEqual({ kind: 'different', offset: 4, length: 2, frame: 3 });
});

test('a stream cut anyhow, shuffled, repeated and overlapping is the stream', () => {
  const cuts = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 300, maxLength: 300 }),
      fc.nat(),
      cuts,
      fc.boolean(),
      (bytes, isn, extra, last) => {
        const base = (isn + 1) >>> 0;
        const whole = Array.from({ length: 15 }, (_, i) => [i * 20, 20] as const);
        const order = [...extra, ...whole].sort((a, b) => ((a[0] * 7919 + a[1]) % 101) - ((b[0] * 7919 + b[1]) % 101));
        const reader = new Reader({ overlap: last ? 'last' : 'first' }).add(isn >>> 0, '', TcpFlags.SYN);
        for (const [at, length] of order) {
          const piece = bytes.subarray(at, at + length);
          if (piece.length > 0) reader.add(base + at, piece);
        }
        expect(reader.bytes).toEqual(bytes);
        expect(reader.stream.heldBytes).toBe(0);
        expect(reader.events.some(({ kind }) => kind === 'gap' || kind === 'different')).toBe(false);
      },
    ),
  );
});

test('with segments lost, every byte is delivered at its offset or lies in a gap, once', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 200, maxLength: 200 }),
      fc.uniqueArray(fc.nat(19), { minLength: 1, maxLength: 19 }),
      fc.nat(),
      (bytes, kept, isn) => {
        const reader = new Reader().add(isn >>> 0, '', TcpFlags.SYN);
        for (const i of kept) reader.add(isn + 1 + i * 10, bytes.subarray(i * 10, i * 10 + 10));
        reader.stream.flush(reader.events);
        let next = 0;
        for (const event of reader.events) {
          if (event.kind === 'data') {
            expect(event.offset).toBe(next);
            expect(event.bytes).toEqual(bytes.subarray(next, next + event.bytes.length));
            next += event.bytes.length;
          } else if (event.kind === 'gap') {
            expect(event.offset).toBe(next);
            next += event.length;
          }
        }
        expect(next).toBe((Math.max(...kept) + 1) * 10);
      },
    ),
  );
});
