// The recorder numbers without a gap, stamps what has no time, and tells listeners in one order.
import { describe, expect, it } from 'vitest';
import type { EventDraft, TraceEvent } from './event.ts';
import { TraceRecorder } from './recorder.ts';
import { HEADER } from './testing/handshake.ts';

const note = (text: string, t?: number): EventDraft => ({
  k: 'note',
  host: 'client',
  src: 'observed',
  text,
  ...(t === undefined ? {} : { t }),
});

describe('TraceRecorder', () => {
  it('numbers and stamps', () => {
    let now = 5;
    const recorder = new TraceRecorder({ header: HEADER, now: () => now });
    expect(recorder.emit(note('a'))).toBe(0);
    now = 9;
    expect(recorder.emit(note('b', 7))).toBe(1);
    const trace = recorder.trace();
    recorder.emit(note('c'));
    expect(trace.header).toBe(HEADER);
    expect(trace.events.map(({ seq, t }) => [seq, t])).toEqual([
      [0, 5],
      [1, 7],
    ]);
    expect(recorder.events).toHaveLength(3);
  });

  it('tells listeners in one order, also when one of them emits', () => {
    const recorder = new TraceRecorder({ header: HEADER, now: () => 0 });
    const heard: string[] = [];
    const hear = (who: string) => (event: TraceEvent) => {
      if (event.k === 'note') heard.push(`${who} ${event.text}`);
    };
    recorder.onEvent((event) => {
      if (event.k === 'note' && event.text === 'a') recorder.emit(note('answer'));
    });
    const end = recorder.onEvent(hear('x'));
    recorder.onEvent(hear('y'));
    recorder.emit(note('a'));
    end();
    recorder.emit(note('b'));
    expect(heard).toEqual(['x a', 'y a', 'x answer', 'y answer', 'y b']);
  });

  it('a listener that throws costs no event', () => {
    const recorder = new TraceRecorder({ header: HEADER, now: () => 0 });
    const end = recorder.onEvent(() => {
      throw new Error('broken view');
    });
    expect(() => recorder.emit(note('a'))).toThrow('broken view');
    end();
    recorder.emit(note('b'));
    expect(recorder.events.map(({ seq }) => seq)).toEqual([0, 1]);
  });

  it('gives both directions of a 5-tuple one number', () => {
    const recorder = new TraceRecorder({ header: HEADER, now: () => 0 });
    const flow = recorder.flowOf('tcp', '10.77.0.1', 1234, '10.77.0.2', 80);
    expect(flow).toBe(1);
    expect(recorder.flowOf('tcp', '10.77.0.2', 80, '10.77.0.1', 1234)).toBe(flow);
    expect(recorder.flowOf('udp', '10.77.0.2', 80, '10.77.0.1', 1234)).toBe(2);
    expect(recorder.flowOf('tcp', '10.77.0.2', 1234, '10.77.0.1', 80)).toBe(3);
    expect(recorder.nextPacket()).toBe(1);
    expect(recorder.nextPacket()).toBe(2);
    expect(recorder.nextSocket()).toBe(1);
  });
});
