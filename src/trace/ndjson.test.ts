// The file gives back exactly the trace that was written, and says of every bad line what is wrong with it and where.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Trace, TraceEvent } from './event.ts';
import { decodeTrace, encodeTrace, readTrace } from './ndjson.ts';
import { datagramTrace, HEADER, handshakeTrace, lostSynTrace, refusedTrace } from './testing/handshake.ts';
import { describeProblem, validateTrace } from './validate.ts';

const traces: readonly [string, Trace][] = [
  ['handshake', handshakeTrace()],
  ['lost SYN', lostSynTrace()],
  ['refused', refusedTrace()],
  ['datagrams', datagramTrace()],
];

function problems(text: string): string[] {
  return readTrace(text).problems.map(describeProblem);
}

describe('round trip', () => {
  for (const [name, trace] of traces) {
    it(name, () => {
      expect(validateTrace(trace)).toEqual([]);
      const text = encodeTrace(trace);
      expect(decodeTrace(text)).toEqual(trace);
      expect(encodeTrace(decodeTrace(text))).toBe(text);
      expect(text.split('\n')).toHaveLength(trace.events.length + 2);
    });
  }

  it('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const event: TraceEvent = {
          seq: 0,
          t: 1,
          host: 'client',
          k: 'pkt.tx',
          src: 'observed',
          pkt: 1,
          link: 'wire',
          len: bytes.length,
          bytes,
        };
        expect(decodeTrace(encodeTrace({ header: HEADER, events: [event] })).events).toEqual([event]);
      }),
    );
  });

  it('a packet longer than one call of String.fromCharCode takes', () => {
    const bytes = Uint8Array.from({ length: 65_535 }, (_, i) => i * 7);
    const event = {
      seq: 0,
      t: 0,
      host: 'client',
      k: 'pkt.tx',
      src: 'simulated',
      pkt: 1,
      link: 'wire',
      len: 65_535,
      bytes,
    };
    expect(decodeTrace(encodeTrace({ header: HEADER, events: [event as TraceEvent] })).events).toEqual([event]);
  });

  it('kinds of a later version are kept', () => {
    const event = { seq: 0, t: 0, host: 'client', k: 'quic.stream', src: 'observed', id: 4, bytes: 'not base64!' };
    const text = encodeTrace({ header: HEADER, events: [event as unknown as TraceEvent] });
    expect(decodeTrace(text).events).toEqual([event]);
  });

  it('empty lines and CRLF are no events', () => {
    const trace = refusedTrace();
    expect(decodeTrace(encodeTrace(trace).replaceAll('\n', '\r\n\r\n'))).toEqual(trace);
  });
});

describe('a bad header is no trace, and says line 1', () => {
  const cases: [string, string][] = [
    ['', 'line 1: expected JSON, got '],
    ['# a trace', 'line 1: expected JSON, got # a trace'],
    ['[]', 'line 1: expected a header object, got []'],
    [
      JSON.stringify({ ...HEADER, format: 'barewire-trace/2' }),
      'line 1: format: expected one of barewire-trace/1, got "barewire-trace/2"',
    ],
    [
      JSON.stringify({ ...HEADER, clock: { kind: 'mono', unixNs: 12 } }),
      'line 1: clock.unixNs: expected a decimal number as a string, got 12',
    ],
    [
      JSON.stringify({ ...HEADER, hosts: [...HEADER.hosts, { id: 'client', name: '', ips: [] }] }),
      'line 1: hosts[2].id: expected an id of its own, got "client"',
    ],
    [
      JSON.stringify({ ...HEADER, links: [{ id: 'wire', a: 'client', b: 'nobody', mtu: 1500 }] }),
      'line 1: links[0].b: expected the id of a host, got "nobody"',
    ],
    [JSON.stringify({ ...HEADER, links: undefined }), 'line 1: links: expected an array, got nothing'],
  ];
  for (const [text, problem] of cases) {
    it(problem, () => {
      expect(readTrace(text).trace).toBeUndefined();
      expect(problems(text)).toContain(problem);
      expect(() => decodeTrace(text)).toThrow(TypeError);
    });
  }
});

describe('a bad event is left out, the others are kept', () => {
  const good = { seq: 0, t: 0, host: 'client', k: 'note', src: 'observed', text: 'x' };
  const tx = { ...good, k: 'pkt.tx', pkt: 1, link: 'wire', len: 1, bytes: 'AA==' };
  const cases: [unknown, string][] = [
    ['{"seq":0,', 'line 3: expected JSON, got {"seq":0,'],
    [{ ...good, t: -1 }, 'line 3: t: expected an integer from 0, got -1'],
    [{ ...good, t: 1.5 }, 'line 3: t: expected an integer from 0, got 1.5'],
    [{ ...good, src: 'guessed' }, 'line 3: src: expected one of observed, inferred, simulated, got "guessed"'],
    [{ ...good, text: undefined }, 'line 3: text: expected a string, got nothing'],
    [{ ...tx, bytes: 'AA=' }, 'line 3: bytes: expected base64, got AA='],
    [{ ...tx, bytes: 'A A=' }, 'line 3: bytes: expected base64, got A A='],
    [{ ...tx, bytes: undefined }, 'line 3: bytes: expected bytes (base64 in the file), got nothing'],
    [7, 'line 3: expected an object, got 7'],
    [
      { ...good, k: 'call.enter', name: 'connect', args: { addr: {} } },
      'line 3: args: expected an object of strings, numbers, booleans and nulls, got {"addr":{}}',
    ],
  ];
  for (const [line, problem] of cases) {
    it(problem, () => {
      const text = [HEADER, good, line, good]
        .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
        .join('\n');
      expect(problems(text)).toEqual([problem]);
      expect(readTrace(text).trace?.events).toHaveLength(2);
      expect(() => decodeTrace(text)).toThrow(new TypeError(`trace: ${problem}`));
    });
  }
});

describe('events that contradict each other', () => {
  const trace = handshakeTrace();
  const change = (seq: number, fields: object): string[] => {
    const events = trace.events.map((event) => (event.seq === seq ? { ...event, ...fields } : event) as TraceEvent);
    return validateTrace({ header: trace.header, events }).map(describeProblem);
  };
  const first = (k: string): number => trace.events.find((event) => event.k === k)!.seq;

  it('are named', () => {
    expect(change(3, { seq: 9 })).toContain('line 5: seq: expected 3, the next number, got 9');
    expect(change(2, { host: 'router' })).toContain('line 4: host: expected one of client, server, got "router"');
    expect(change(5, { cause: 5 })).toContain('line 7: cause: expected the seq of an earlier event, got 5');
    const exit = first('call.exit');
    expect(change(exit, { enter: exit })).toContain(
      `line ${exit + 2}: enter: expected the seq of an earlier call.enter, got ${exit}`,
    );
    const rx = first('pkt.rx');
    expect(change(rx, { pkt: 99 })).toContain(`line ${rx + 2}: pkt: expected a packet that was sent, got 99`);
    expect(change(rx, { link: 'x' })).toContain(`line ${rx + 2}: link: expected one of wire, got "x"`);
  });
});

describe('any text', () => {
  it('never throws', () => {
    const lines = encodeTrace(refusedTrace()).split('\n');
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.string({ unit: 'binary', maxLength: 6 }), (line, at, text) => {
        const broken = [...lines];
        const target = broken[line % broken.length]!;
        const cut = at % (target.length + 1);
        broken[line % broken.length] = target.slice(0, cut) + text + target.slice(cut + text.length);
        readTrace(broken.join('\n'));
        readTrace(text);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.json(), fc.json(), (header, event) => {
        readTrace(`${header}\n${event}`);
        readTrace(`${JSON.stringify(HEADER)}\n${event}`);
      }),
    );
  });
});
