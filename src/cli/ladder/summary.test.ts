/** The figures of a trace in words. */
import { expect, test } from 'vitest';
import { summarise } from '../../trace/summary.ts';
import { datagramTrace, HEADER, handshakeTrace, lostSynTrace, refusedTrace } from '../../trace/testing/handshake.ts';
import { printSummary } from './summary.ts';

test('handshake', () => {
  expect(printSummary(summarise(handshakeTrace()))).toMatchInlineSnapshot(`
    "connect    connected; handshake took 40.1 ms, 1 round trip of this path
    segments   10 sent; 5 bytes from client, 5 from server
    close      client closed first; 3 segments; client holds TIME-WAIT
    packets    10 sent, 10 delivered, 0 lost; 434 bytes on the wire
    "
  `);
});
test('lost SYN', () => {
  expect(printSummary(summarise(lostSynTrace()))).toMatchInlineSnapshot(`
    "connect    connected; handshake took 1.04 s, 26 round trips of this path
    segments   11 sent, 1 of them again; 5 bytes from client, 5 from server
    close      client closed first; 3 segments; client holds TIME-WAIT
    packets    11 sent, 10 delivered, 1 lost; 486 bytes on the wire
    "
  `);
});
test('refused', () => {
  expect(printSummary(summarise(refusedTrace()))).toMatchInlineSnapshot(`
    "connect    failed with ECONNREFUSED: a RST answered the SYN
    segments   2 sent; 0 bytes from client, 0 from server
    packets    2 sent, 2 delivered, 0 lost; 92 bytes on the wire
    "
  `);
});
test('datagrams', () => {
  expect(printSummary(summarise(datagramTrace()))).toMatchInlineSnapshot(`
    "datagrams  5 sent, 4 delivered, 1 lost; 18 bytes from 10.77.0.1:51234, 8 from
               10.77.0.2:8888
    packets    5 sent, 4 delivered, 1 lost; 166 bytes on the wire
    "
  `);
});
test('nothing', () => {
  expect(printSummary(summarise({ header: HEADER, events: [] }))).toBe('');
});
test('narrow: lines are broken, and stay under their label', () => {
  for (const line of printSummary(summarise(lostSynTrace()), 44).split('\n'))
    expect(line.length).toBeLessThanOrEqual(44);
});
