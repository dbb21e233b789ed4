/** The wire on a clock that the test moves: when packets come, in which order, and what becomes of each. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MS, utf8, VirtualClock } from '../core/index.ts';
import { buildPacket, TcpFlags } from '../wire/index.ts';
import type { LinkDevice } from './device.ts';
import { makeDevicePair } from './pair.ts';
import { REORDER_LIMIT_MS, Wire, type WireOptions } from './wire.ts';
import { parseWireRule, type WireAction } from './wire-rules.ts';

const segment = (flags: number, data: string): Uint8Array =>
  buildPacket({
    ipv4: { src: '10.77.0.1', dst: '10.77.0.2' },
    tcp: { srcPort: 40_000, dstPort: 8888, flags },
    payload: utf8(data),
  });
const data = (text: string): Uint8Array => segment(TcpFlags.ACK | TcpFlags.PSH, text);
/** What `data` put in: after 20 bytes of IPv4 and 20 of TCP. */
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(40));

type Rule = readonly [WireAction, string];

/** A wire between two hosts that note what they get. */
class Bench {
  readonly clock = new VirtualClock();
  /** `12.5 server hello`: time in ms, who got it, what. */
  readonly got: string[] = [];
  /** What the listener heard, in order. */
  readonly told: string[] = [];
  readonly hosts: Readonly<Record<'client' | 'server', LinkDevice>>;
  readonly wire: Wire;

  constructor(rules: readonly Rule[] = [], options: Partial<WireOptions> = {}) {
    const [client, clientDevice] = makeDevicePair();
    const [server, serverDevice] = makeDevicePair();
    this.hosts = { client, server };
    for (const [name, host] of [
      ['client', client],
      ['server', server],
    ] as const) {
      host.onReceive((bytes) => this.got.push(`${this.#ms()} ${name} ${textOf(bytes)}`));
    }
    this.wire = new Wire({
      a: { name: 'client', device: clientDevice },
      b: { name: 'server', device: serverDevice },
      clock: this.clock,
      rules: rules.map(([action, text]) => parseWireRule(action, text)),
      listener: {
        onTx: (packet, from) => this.#tell(`tx ${packet} ${from}`),
        afterTx: (packet, from) => this.#tell(`sent ${packet} ${from}`),
        onRx: (packet, to) => this.#tell(`rx ${packet} ${to} (${this.got.length} got)`),
        afterRx: (packet, to) => this.#tell(`taken ${packet} ${to} (${this.got.length} got)`),
        onFate: (packet, from, fate, why) => this.#tell(`${fate} ${packet} ${from}: ${why}`),
        onCopy: (copy, original, from, why) => this.#tell(`dup ${copy} of ${original} ${from}: ${why}`),
      },
      ...options,
    });
  }

  send(from: 'client' | 'server', ...texts: readonly string[]): void {
    for (const text of texts) this.hosts[from].send(data(text));
  }

  #tell(what: string): void {
    this.told.push(what);
  }

  #ms(): number {
    return this.clock.now() / MS;
  }
}

describe('without rules', () => {
  test('a packet comes exactly after the delay, not before, in both directions', () => {
    const bench = new Bench();
    bench.send('client', 'ping');
    bench.clock.advance(5 * MS);
    bench.send('server', 'pong');
    bench.clock.advance(15 * MS - 1);
    expect(bench.got).toEqual([]);
    expect(bench.wire.inFlight).toBe(2);
    bench.clock.run();
    expect(bench.got).toEqual(['20 server ping', '25 client pong']);
    expect(bench.wire.inFlight).toBe(0);
  });

  test('the listener hears of a packet before the receiving host does, and again after', () => {
    const bench = new Bench();
    bench.send('client', 'x');
    bench.clock.run();
    expect(bench.told).toEqual(['tx 1 client', 'sent 1 client', 'rx 1 server (0 got)', 'taken 1 server (1 got)']);
  });

  test('packets of one instant keep their order', () => {
    const bench = new Bench([], { delayMs: 0 });
    bench.send('client', 'a', 'b', 'c');
    expect(bench.got).toEqual([]);
    bench.clock.run();
    expect(bench.got).toEqual(['0 server a', '0 server b', '0 server c']);
  });

  test('they keep it on a clock whose timers are late and fire in any order', () => {
    // As setTimeout does: a timer that was rounded up fires after one that was set later.
    const clock = new VirtualClock();
    let count = 0;
    const sloppy = {
      now: () => clock.now(),
      setTimer: (delayNs: number, fire: () => void) =>
        clock.setTimer(delayNs + (count++ % 2 === 0 ? 1.2 * MS : 0), fire),
    };
    const bench = new Bench([], { clock: sloppy });
    for (const text of 'abcdefgh') {
      bench.send('client', text);
      clock.advance(0.3 * MS);
    }
    clock.run();
    expect(bench.got.map((line) => line.at(-1)).join('')).toBe('abcdefgh');
  });

  test('a fraction of a millisecond counts', () => {
    const bench = new Bench([], { delayMs: 0.25 });
    bench.send('client', 'x');
    bench.clock.run();
    expect(bench.got).toEqual(['0.25 server x']);
  });
});

describe('rules', () => {
  test('drop: the second data segment of the client and nothing else', () => {
    const bench = new Bench([['drop', 'client>server:data#2']]);
    bench.send('client', 'a', 'b', 'c');
    bench.send('server', 'd', 'e');
    bench.clock.run();
    expect(bench.got.map((line) => line.slice(3))).toEqual(['server a', 'server c', 'client d', 'client e']);
    expect(bench.told).toContain('drop 2 client: client>server:data#2');
    expect(bench.told).not.toContain('rx 2 server (0 got)');
  });

  test('hold: so much later than the rest, which overtakes it', () => {
    const bench = new Bench([['hold', 'client>server:data#1=50']]);
    bench.send('client', 'a', 'b');
    bench.clock.run();
    expect(bench.got).toEqual(['20 server b', '70 server a']);
    expect(bench.told).toContain('hold 1 client: client>server:data#1=50');
  });

  test('hold: two rules for one packet add up', () => {
    const bench = new Bench([
      ['hold', '*:data=30'],
      ['hold', '*:any=5.5'],
    ]);
    bench.send('client', 'a');
    bench.clock.run();
    expect(bench.got).toEqual(['55.5 server a']);
  });

  test('dup: the copy follows at once, with a number of its own, and is not copied again', () => {
    const bench = new Bench([['dup', 'client>server:data']]);
    bench.send('client', 'a', 'b');
    bench.clock.run();
    expect(bench.got).toEqual(['20 server a', '20 server a', '20 server b', '20 server b']);
    expect(bench.told.filter((line) => /^(tx|dup)/.test(line))).toEqual([
      'tx 1 client',
      'dup 2 of 1 client: client>server:data',
      'tx 3 client',
      'dup 4 of 3 client: client>server:data',
    ]);
  });

  test('reorder: the next packet of that direction passes; the other direction does not count', () => {
    const bench = new Bench([['reorder', 'client>server:data#1']]);
    bench.send('client', 'a');
    bench.clock.advance(1 * MS);
    bench.send('server', 'x');
    bench.clock.advance(9 * MS);
    expect(bench.wire.inFlight).toBe(2);
    bench.send('client', 'b', 'c');
    bench.clock.run();
    expect(bench.got).toEqual(['21 client x', '30 server b', '30 server a', '30 server c']);
  });

  test('reorder: of every packet, pairs change places', () => {
    const bench = new Bench([['reorder', '*:data']]);
    bench.send('client', 'a', 'b', 'c', 'd');
    bench.clock.run();
    expect(bench.got.map((line) => line.at(-1)).join('')).toBe('badc');
  });

  test('reorder: when nothing follows, the packet goes after a while', () => {
    const bench = new Bench([['reorder', '*:data']]);
    bench.send('client', 'a');
    expect(bench.wire.inFlight).toBe(1);
    bench.clock.run();
    expect(bench.got).toEqual([`${REORDER_LIMIT_MS + 20} server a`]);
  });

  test('drop wins over all others, which count the packet nevertheless', () => {
    const bench = new Bench([
      ['dup', '*:data#2'],
      ['drop', '*:data#1'],
    ]);
    bench.send('client', 'a', 'b');
    bench.clock.run();
    expect(bench.got).toEqual(['20 server b', '20 server b']);
  });

  test('a host that is not on the wire is a mistake', () => {
    expect(() => new Bench([['drop', 'router>*:any']])).toThrow(
      "rules: 'router>*:any': expected client, server or * as a host, got 'router'",
    );
  });
});

describe('rate and queue', () => {
  test('a packet takes its length, and those behind it wait', () => {
    // 60 bytes, 480 bits: 4 ms at 120 kbit/s.
    const bench = new Bench([], { rateBitsPerSecond: 120_000 });
    const text = 'x'.repeat(20);
    bench.send('client', text, text);
    bench.clock.advance(50 * MS);
    bench.send('client', text);
    bench.clock.run();
    expect(bench.got.map((line) => Number.parseFloat(line))).toEqual([24, 28, 74]);
  });

  test('a full queue drops, says so, and takes packets again when there is room', () => {
    const bench = new Bench([], { queuePackets: 2 });
    bench.send('client', 'a', 'b', 'c');
    bench.send('server', 'd');
    bench.clock.run();
    bench.send('client', 'e');
    bench.clock.run();
    expect(bench.got.map((line) => line.slice(3))).toEqual(['server a', 'server b', 'client d', 'server e']);
    expect(bench.told).toContain('drop 3 client: queue of 2 packets is full');
  });

  test('held packets and copies take room too', () => {
    const held = new Bench([['reorder', '*:data#1']], { queuePackets: 1 });
    held.send('client', 'a', 'b');
    held.clock.run();
    expect(held.got.map((line) => line.at(-1))).toEqual(['a']);
    const copied = new Bench([['dup', '*:data']], { queuePackets: 1 });
    copied.send('client', 'a');
    copied.clock.run();
    expect(copied.got.map((line) => line.at(-1))).toEqual(['a']);
    expect(copied.told).toContain('drop 2 client: queue of 1 packets is full');
  });

  test('a device without room loses the packet, aloud', () => {
    const bench = new Bench();
    bench.hosts.server.close();
    bench.send('client', 'a');
    bench.clock.run();
    expect(bench.got).toEqual([]);
    expect(bench.told).toContain('drop 1 client: server had no room');
    expect(bench.wire.inFlight).toBe(0);
  });

  test.each([
    [{ delayMs: -1 }, 'delayMs: expected a number from 0 to 3600000, got -1'],
    [{ delayMs: Number.NaN }, 'delayMs: expected a number from 0 to 3600000, got NaN'],
    [{ rateBitsPerSecond: 0 }, 'rateBitsPerSecond: expected a number above 0, got 0'],
    [{ queuePackets: 0.5 }, 'queuePackets: expected an integer from 1, got 0.5'],
  ])('%j is refused', (options, said) => {
    expect(() => new Bench([], options)).toThrow(new RangeError(said));
  });
});

describe('end', () => {
  test('close: what is under way never comes, no timer is left, and nothing more is taken', () => {
    const bench = new Bench([
      ['reorder', '*:data#1'],
      ['hold', '*:data#3=100'],
    ]);
    bench.send('server', 'a');
    bench.send('client', 'b', 'c');
    bench.wire.close();
    bench.send('client', 'd');
    expect(bench.clock.pending).toBe(0);
    expect(bench.wire.inFlight).toBe(0);
    bench.clock.run();
    expect(bench.got).toEqual([]);
    expect(bench.told.filter((line) => line.startsWith('tx'))).toHaveLength(3);
    bench.wire.close();
  });

  test('close from within a delivery: the rest of that instant does not come either', () => {
    const bench = new Bench();
    bench.hosts.server.onReceive(() => {
      bench.got.push('one');
      bench.wire.close();
    });
    bench.send('client', 'a', 'b');
    bench.clock.run();
    expect(bench.got).toEqual(['one']);
    expect(bench.clock.pending).toBe(0);
  });

  test('a receiver that throws loses its packet and no other', () => {
    const bench = new Bench();
    const texts: string[] = [];
    bench.hosts.server.onReceive((bytes) => {
      texts.push(textOf(bytes));
      if (texts.length === 1) throw new Error('not today');
    });
    bench.send('client', 'a', 'b');
    expect(() => bench.clock.run()).toThrow('not today');
    bench.clock.run();
    expect(texts).toEqual(['a', 'b']);
  });
});

test('an answer sent while a packet is being delivered takes its own way', () => {
  const bench = new Bench([], { delayMs: 0 });
  bench.hosts.server.onReceive((bytes) => bench.send('server', `re ${textOf(bytes)}`));
  bench.send('client', 'a', 'b');
  bench.clock.run();
  expect(bench.got).toEqual(['0 client re a', '0 client re b']);
});

test('every packet comes exactly once and in order unless a rule says otherwise; with rules, the sums are right', () => {
  const step = fc.record({
    from: fc.constantFrom('client', 'server'),
    kind: fc.constantFrom('data', 'ack', 'fin'),
    waitMs: fc.integer({ min: 0, max: 30 }),
  });
  const rule = fc.tuple(
    fc.constantFrom<WireAction>('drop', 'dup', 'hold', 'reorder'),
    fc.constantFrom('*', 'client>server', 'server>*'),
    fc.constantFrom('data', 'fin', 'any'),
    fc.constantFrom('', '#1', '#2-3', '#3+'),
  );
  const rate = fc.constantFrom(undefined, 64_000, 1_000_000);
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(rule, { maxLength: 3 }), rate, (steps, rules, bits) => {
      const flags = { data: TcpFlags.ACK | TcpFlags.PSH, ack: TcpFlags.ACK, fin: TcpFlags.FIN | TcpFlags.ACK };
      const texts = rules.map(
        ([action, hosts, what, numbers]): Rule => [
          action,
          `${hosts}:${what}${numbers}${action === 'hold' ? '=7' : ''}`,
        ],
      );
      const bench = new Bench(texts, bits === undefined ? {} : { rateBitsPerSecond: bits });
      const sent = { client: 0, server: 0 };
      for (const { from, kind, waitMs } of steps) {
        // A pure ACK has no text: it is told apart by its number alone.
        bench.hosts[from].send(segment(flags[kind], kind === 'ack' ? '' : String(sent[from])));
        sent[from]++;
        bench.clock.advance(waitMs * MS);
      }
      bench.clock.run();
      const count = (word: string): number => bench.told.filter((line) => line.startsWith(`${word} `)).length;
      expect(bench.wire.inFlight).toBe(0);
      expect(count('tx')).toBe(steps.length);
      expect(bench.got).toHaveLength(steps.length + count('dup') - count('drop'));
      expect(count('rx')).toBe(bench.got.length);
      if (texts.length === 0) {
        const order = (name: string): string[] =>
          bench.told
            .filter((line) => line.startsWith('rx ') && line.includes(` ${name} `))
            .map((line) => line.split(' ')[1]!);
        for (const name of ['client', 'server']) {
          const numbers = order(name).map(Number);
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
      }
    }),
  );
});
