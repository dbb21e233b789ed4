/** The ladder is drawn as it should look, fits its width, and says without colour what it says with it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../core/index.ts';
import type { Trace, TraceEvent } from '../../trace/event.ts';
import {
  CLIENT,
  datagramTrace,
  HEADER,
  handshakeTrace,
  lostSynTrace,
  refusedTrace,
  SERVER,
} from '../../trace/testing/handshake.ts';
import { ACK, PSH, SYN_OPTIONS, TraceScript, tcpSegment, udpDatagram } from '../../trace/testing/script.ts';
import { textWidth } from '../text.ts';
import { drawLadder } from './ladder.ts';
import type { LadderOptions } from './style.ts';

const MS = 1_000_000;

function draw(trace: Trace, options: Partial<LadderOptions> = {}): string[] {
  const text = drawLadder(trace, { width: 80, unicode: true, colour: false, ...options });
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

/** Client to server and back, in flight at once, the first one held so that it arrives last; one copy, one lost. */
function troubledTrace(): Trace {
  const script = new TraceScript(HEADER, 20 * MS);
  const common = { flow: 1 };
  const data = (seq: number, text: string): Uint8Array =>
    tcpSegment(CLIENT, SERVER, { seq, ack: 5_001, flags: PSH | ACK, payload: utf8(text) });
  const held = script.packet(1 * MS, 'client', data(1_001, 'one'), { ...common, delayNs: 50 * MS });
  script.add(
    1 * MS,
    { k: 'pkt.hold', host: 'client', src: 'observed', link: 'wire', pkt: 1, why: 'client>server:data#1=30' },
    held.tx,
  );
  const second = script.packet(5 * MS, 'client', data(1_004, 'two'), common);
  script.packet(8 * MS, 'server', tcpSegment(SERVER, CLIENT, { seq: 5_001, ack: 1_001, flags: ACK }), common);
  script.packet(9 * MS, 'client', data(1_007, 'three'), { ...common, drop: 'client>server:data#3' });
  script.add(
    12 * MS,
    { k: 'pkt.dup', host: 'client', src: 'observed', link: 'wire', pkt: 9, of: 2, why: 'client>server:data#2' },
    second.tx,
  );
  script.add(33 * MS, { k: 'pkt.rx', host: 'server', src: 'observed', link: 'wire', pkt: 9, len: 43 });
  script.packet(60 * MS, 'client', data(1_007, 'three'), common);
  return script.build();
}

const TRACES: Readonly<Record<string, Trace>> = {
  handshake: handshakeTrace(),
  'lost SYN': lostSynTrace(),
  refused: refusedTrace(),
  datagrams: datagramTrace(),
  troubled: troubledTrace(),
  empty: { header: HEADER, events: [] },
  'no hosts': { header: { ...HEADER, hosts: [], links: [] }, events: [] },
};

describe('80 columns', () => {
  test('handshake', () => {
    expect(draw(handshakeTrace()).slice(0, 24)).toEqual([
      '    ms client 10.77.0.1:51234          handshake           10.77.0.2:8888 server',
      '       calls           state ┬─── wire, 20 ms each way ───┬ state          calls',
      '  0.00                       │                            │    socket(INET) → 3╸',
      '  0.04                       │                            │     bind(:8888) → 0╸',
      '  0.08                       │                            │       listen(5) → 0╸',
      '  0.09                       │                            │ LISTEN',
      '  0.12                       │                            │            accept()┓',
      '  0.50 ╺socket(INET) → 3     │                            │                    ┃',
      '  1.00 ┏connect(server:8888) │                            │                    ┃',
      '  1.02 ┃            SYN-SENT ├─ SYN seq=0 ──────────────╮ │                    ┃',
      '       ┃                     │ mss=1460 sackOK wscale=7 │ │                    ┃',
      '       ┋                     ┊      ─── 20.0 ms ───     ┊ ┊                    ┋',
      ' 21.05 ┃                     │                          ╰►│ ~SYN-RECEIVED      ┃',
      ' 21.10 ┃                     │ ╭──── SYN-ACK seq=0 ack=1 ─┤                    ┃',
      '       ┃                     │ │ mss=1460 sackOK wscale=7 │                    ┃',
      '       ┋                     ┊ ┊    ─── 20.0 ms ───       ┊                    ┋',
      ' 41.10 ┃         ESTABLISHED │◄╯                          │                    ┃',
      ' 41.15 ┗connect → 0          ├─ ACK seq=1 ack=1 ────────╮ │                    ┃',
      ' 41.30 ╺send("hello") → 5    ├┄PSH,ACK seq=1 ack=1 len=5┤ │                    ┃',
      ' 41.45 ┏recv(4096)           │                          │ │                    ┃',
      '       ┋                     ┊      ─── 19.7 ms ───     ┊ ┊                    ┋',
      ' 61.15 ┃                     │                      ACK ├►│ ESTABLISHED        ┃',
      ' 61.22 ┃                     │                          │ │ → 4 10.77.0.1:51234┛',
      ' 61.27 ┃                     │                          │ │          recv(4096)┓',
    ]);
  });

  test('the close: both ends, TIME-WAIT inferred, and what the mark means', () => {
    expect(draw(handshakeTrace()).slice(-16)).toEqual([
      ' 81.55 ┗recv → 5 "hello"     ├─ ACK seq=6 ack=6 ────────╮ │                    ┃',
      ' 81.65 ╺close() → 0          │                          │ │                    ┃',
      ' 81.67            FIN-WAIT-1 ├╌ FIN,ACK seq=6 ack=6 ╌╌╌╌┤ │                    ┃',
      '                             ┊      ─── 19.9 ms ───     ┊ ┊                    ┋',
      '101.55                       │                      ACK ├►│                    ┃',
      '101.70                       │                          ╰►│ CLOSE-WAIT         ┃',
      '101.75                       │                            │   → 0 end of stream┛',
      '101.80                       │                            │         close() → 0╸',
      '101.82                       │ ╭╌╌╌╌ FIN,ACK seq=6 ack=7 ╌┤ LAST-ACK',
      '                             ┊ ┊    ─── 20.0 ms ───       ┊',
      '121.85           ~FIN-WAIT-2 │◄╯                          │',
      '121.87            ~TIME-WAIT ├─ ACK seq=7 ack=7 ────────╮ │',
      '                             ┊      ─── 20.0 ms ───     ┊ ┊',
      '141.90                       │                          ╰►│ CLOSED',
      '',
      '       ~ inferred, not seen',
    ]);
  });

  test('a refused connection', () => {
    expect(draw(refusedTrace()).slice(3)).toEqual([
      '                             ┊      ─── 1.00 ms ───       ┊',
      '  1.00 ┏connect(server:8888) │                            │',
      '  1.02 ┃            SYN-SENT ├─ SYN seq=0 ──────────────╮ │',
      '       ┃                     │ mss=1460 sackOK wscale=7 │ │',
      '       ┋                     ┊      ─── 20.0 ms ───     ┊ ┊',
      ' 21.05 ┃                     │                          ╰►│',
      ' 21.10 ┃                     │ ╭━━━━ RST,ACK seq=0 ack=1 ━┤',
      '       ┋                     ┊ ┊    ─── 20.0 ms ───       ┊',
      ' 41.10 ┃              CLOSED │◄╯                          │',
      ' 41.15 ┗→ −1 ECONNREFUSED    │                            │',
    ]);
  });

  test('a lost SYN ends on the wire with its reason, and is seen to be sent again', () => {
    const lines = draw(lostSynTrace());
    expect(lines.slice(9, 16)).toEqual([
      '   1.0 ┃            SYN-SENT ├─ SYN seq=0 ──────────✕     │                    ┃',
      '       ┃                     │ mss=1460 sackOK wscale=7   │                    ┃',
      '       ┃                     │ lost: client>server:syn#1  │                    ┃',
      '       ┋                     ┊       ─── 1.00 s ───       ┊                    ┋',
      '1001.0 ┃          ~rto fires ├─ SYN seq=0 again ────────╮ │                    ┃',
      '       ┃                     │ mss=1460 sackOK wscale=7 │ │                    ┃',
      '       ┋                     ┊      ─── 20.0 ms ───     ┊ ┊                    ┋',
    ]);
    expect(lines.at(-1)).toBe('       ~ inferred, not seen   ✕ lost on the wire');
  });

  test('a lost SYN in ASCII', () => {
    const lines = draw(lostSynTrace(), { unicode: false });
    expect(lines.slice(8, 16)).toEqual([
      '   1.0 /connect(server:8888) |                            |                    |',
      '   1.0 |            SYN-SENT |- SYN seq=0 ----------x     |                    |',
      '       |                     | mss=1460 sackOK wscale=7   |                    |',
      '       |                     | lost: client>server:syn#1  |                    |',
      '       :                     :       --- 1.00 s ---       :                    :',
      '1001.0 |          ~rto fires |- SYN seq=0 again --------. |                    |',
      '       |                     | mss=1460 sackOK wscale=7 | |                    |',
      '       :                     :      --- 20.0 ms ---     : :                    :',
    ]);
    expect(lines.join('\n')).toMatch(/^[\n\x20-\x7e]*$/);
  });
});

test('120 columns: options beside the SYN, addresses in full, a column for each packet in flight', () => {
  const lines = draw(handshakeTrace(), { width: 120 });
  const text = lines.join('\n');
  expect(text).toContain('connect(10.77.0.2:8888)');
  expect(text).toMatch(/├─ ?SYN seq=0 mss=1460 sackOK wscale=7/);
  expect(text).toMatch(/PSH,ACK seq=1 ack=1 len=5 ┄+╮ │/);
});

test('held, overtaken, copied and lost packets are told apart, and lines that cross show it', () => {
  const text = draw(troubledTrace(), { width: 100 }).join('\n');
  for (const part of ['held: client>server:data#1=30', 'lost: client>server:data#3', '✕']) {
    expect(text).toContain(part);
  }
  expect(text).toMatch(/copied: client>server: +│.*\n.*data#2/);
  expect(text).toMatch(/PSH,ACK copy/);
  expect(text).toMatch(/PSH,ACK late/);
  expect(text).toContain('┼');
  expect(text).toContain('len=5 again');
});

test('absolute sequence numbers on request', () => {
  const text = draw(handshakeTrace(), { width: 120, absolute: true }).join('\n');
  expect(text).toContain('seq=1000000000');
  expect(text).toContain('seq=3000000000 ack=1000000001');
});

test('below 60 columns: one event a line', () => {
  expect(draw(refusedTrace(), { width: 44 })).toEqual([
    '  0.00 client socket(INET, STREAM) → 3',
    '  1.00 client connect(10.77.0.2:8888)',
    '  1.02 client [SYN-SENT]',
    '  1.05 client ─► SYN seq=0',
    ' 21.05 server ►│ SYN',
    ' 21.10 server ◄─ RST,ACK seq=0 ack=1',
    ' 41.10 client │◄ RST,ACK',
    ' 41.12 client [CLOSED]',
    ' 41.15 client connect → −1 ECONNREFUSED',
  ]);
});

test('control characters, and wide ones, do not reach the layout', () => {
  const script = new TraceScript({ ...HEADER, scenario: { id: 'x\u001b[2J', version: 1, knobs: {} } }, MS);
  const call = script.enter(0, 'client', 'send', { args: { buf: '\u001b[31m\r\n你好世界你好世界你好世界' } });
  script.packet(MS, 'client', udpDatagram(CLIENT, SERVER, utf8('x')), { flow: 1, drop: 'why\u0007\u202e' });
  script.exit(5 * MS, call, { ret: 9, out: { buf: '你好\u0000' } });
  for (const width of [40, 60, 61, 80, 100]) {
    const lines = draw(script.build(), { width });
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
  }
});

describe('colour', () => {
  const ESC = '\u001b';
  const SGR = new RegExp(`${ESC}\\[[0-9;]*m`, 'g');
  test.each(Object.entries(TRACES))('%s: only when asked, and it changes nothing else', (_name, trace) => {
    const plain = drawLadder(trace, { width: 80, unicode: true, colour: false });
    expect(plain).not.toContain('\u001b');
    expect(drawLadder(trace, { width: 80, unicode: true, colour: true }).replace(SGR, '')).toBe(plain);
  });
  test('SYN blue, data green, FIN orange, RST red', () => {
    const lines = drawLadder(handshakeTrace(), { width: 80, unicode: true, colour: true }).split('\n');
    const styleOf = (label: string): string | undefined => {
      const line = lines.find((text) => text.includes(label))!;
      return [...line.slice(0, line.indexOf(label)).matchAll(SGR)].at(-1)?.[0];
    };
    expect(styleOf('SYN seq=0')).toBe('\u001b[94m');
    expect(styleOf('PSH,ACK seq=1 ack=1')).toBe('\u001b[32m');
    expect(styleOf('FIN,ACK seq=6 ack=6')).toBe('\u001b[38;5;208m');
    const refused = drawLadder(refusedTrace(), { width: 80, unicode: true, colour: true });
    expect(refused).toContain('\u001b[91m╭━━━━ RST,ACK');
  });
});

describe('no line is wider than asked', () => {
  test.each(Object.entries(TRACES))('%s, 20 to 200 columns', (_name, trace) => {
    for (let width = 20; width <= 200; width++) {
      for (const unicode of [true, false]) {
        for (const line of draw(trace, { width, unicode })) expect(textWidth(line)).toBeLessThanOrEqual(width);
      }
    }
  });

  test('random traces', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    const hosts = fc.constantFrom('client', 'server');
    const packet = fc.record({
      k: fc.constant('packet' as const),
      t: fc.nat(100 * MS),
      host: hosts,
      flags: fc.integer({ min: 0, max: 255 }),
      seq: fc.integer({ min: 0, max: 0xffff_ffff }),
      size: fc.nat(40),
      fate: fc.constantFrom('rx', 'drop', 'none', 'late drop', 'dup'),
      why: text,
      delay: fc.nat(60 * MS),
      options: fc.boolean(),
    });
    const call = fc.record({
      k: fc.constant('call' as const),
      t: fc.nat(100 * MS),
      host: hosts,
      name: fc.constantFrom('connect', 'recv', 'send', 'accept'),
      data: text,
      length: fc.nat(60 * MS),
      ret: fc.integer({ min: -1, max: 100 }),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(packet, call), { maxLength: 30 }),
        fc.integer({ min: 20, max: 200 }),
        fc.boolean(),
        (plan, width, unicode) => {
          const script = new TraceScript(HEADER, MS);
          let copies = 1_000;
          for (const item of plan) {
            if (item.k === 'call') {
              const entered = script.enter(item.t, item.host, item.name, { args: { buf: item.data } });
              if (item.ends)
                script.exit(item.t + item.length, entered, { ret: item.ret, errno: 'EIO', out: { buf: item.data } });
              continue;
            }
            const [from, to] = item.host === 'client' ? [CLIENT, SERVER] : [SERVER, CLIENT];
            const bytes = tcpSegment(from, to, {
              seq: item.seq,
              ack: item.seq ^ 0x5555,
              flags: item.flags,
              payload: new Uint8Array(item.size),
              ...(item.options ? { options: SYN_OPTIONS } : {}),
            });
            const { tx } = script.packet(item.t, item.host, bytes, {
              flow: 1,
              delayNs: item.delay,
              ...(item.fate === 'drop' ? { drop: item.why } : {}),
            });
            if (item.fate === 'dup') {
              const pkt = ++copies;
              const of = (tx.draft as TraceEvent & { pkt: number }).pkt;
              const common = { src: 'observed', link: 'wire', pkt } as const;
              script.add(item.t + 1, { k: 'pkt.dup', host: item.host, of, why: item.why, ...common }, tx);
              script.add(item.t + item.delay, {
                k: 'pkt.rx',
                host: item.host === 'client' ? 'server' : 'client',
                len: 40,
                ...common,
              });
            }
          }
          for (const line of draw(script.build(), { width, unicode }))
            expect(textWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 150 },
    );
  });
});
