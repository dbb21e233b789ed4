/** What looking at a socket table again and again says, and what it does not. */
import { describe, expect, test } from 'vitest';
import { type StateChange, type TcpState, TraceRecorder } from '../../trace/index.ts';
import { type SocketState, StateTracker } from './states.ts';

const CLIENT = { address: '10.77.0.1', port: 40_000 };
const SERVER = { address: '10.77.0.2', port: 8888 };
const NOBODY = { address: '0.0.0.0', port: 0 };

const atClient = (state: TcpState, source = CLIENT): SocketState => ({ state, source, target: SERVER });
const atServer = (state: TcpState): SocketState => ({ state, source: SERVER, target: CLIENT });
const listener: SocketState = { state: 'LISTEN', source: { ...SERVER, address: '0.0.0.0' }, target: NOBODY };

/** Look at each of these tables in turn. */
function look(role: 'client' | 'server', first: readonly SocketState[], ...tables: readonly SocketState[][]): string[] {
  const recorder = new TraceRecorder({
    header: {
      format: 'barewire-trace/1',
      producer: 'kernel',
      clock: { kind: 'virtual', unixNs: '0' },
      hosts: [{ id: role, name: role, ips: [] }],
      links: [],
    },
    now: () => 0,
  });
  let rows = first;
  const observe = (): readonly SocketState[] => rows;
  const options = { recorder, host: role, port: SERVER.port, role, observe, listenerSock: () => 1 };
  const tracker = new StateTracker({ ...options, sockOf: (flow) => 10 + flow });
  for (const table of tables) {
    rows = table;
    tracker.look(null);
  }
  return recorder.events
    .filter((event): event is StateChange => event.k === 'tcp.state')
    .map((event) => `${event.sock} ${event.old} > ${event.new}${event.src === 'observed' ? '' : ` ${event.src}`}`);
}

test('each change between two looks is told once', () => {
  const tables = [[atClient('SYN-SENT')], [atClient('SYN-SENT')], [atClient('ESTABLISHED')], []];
  expect(look('client', [], ...tables)).toEqual([
    '11 CLOSED > SYN-SENT',
    '11 SYN-SENT > ESTABLISHED',
    '11 ESTABLISHED > CLOSED',
  ]);
});

describe('what must have been between two looks is inferred', () => {
  test.each<[TcpState, TcpState, readonly string[]]>([
    ['SYN-RECEIVED', 'ESTABLISHED', ['SYN-RECEIVED > ESTABLISHED']],
    [
      'SYN-RECEIVED',
      'LAST-ACK',
      ['SYN-RECEIVED > ESTABLISHED inferred', 'ESTABLISHED > CLOSE-WAIT inferred', 'CLOSE-WAIT > LAST-ACK'],
    ],
    ['ESTABLISHED', 'TIME-WAIT', ['ESTABLISHED > FIN-WAIT-1 inferred', 'FIN-WAIT-1 > TIME-WAIT']],
    ['ESTABLISHED', 'CLOSED', ['ESTABLISHED > CLOSED']],
  ])('%s, then %s', (first, second, changes) => {
    const tables = [[atServer(first)], second === 'CLOSED' ? [] : [atServer(second)]];
    const told = look('server', [], ...tables).map((line) => line.slice(3));
    expect(told.slice(-changes.length)).toEqual(changes);
  });

  test('a connection of the server comes from LISTEN, one of the client from CLOSED', () => {
    expect(look('server', [], [listener, atServer('ESTABLISHED')])).toEqual([
      '1 CLOSED > LISTEN',
      '11 LISTEN > SYN-RECEIVED inferred',
      '11 SYN-RECEIVED > ESTABLISHED',
    ]);
    expect(look('client', [], [atClient('ESTABLISHED')])).toEqual([
      '11 CLOSED > SYN-SENT inferred',
      '11 SYN-SENT > ESTABLISHED',
    ]);
  });
});

describe('sockets that are none of this run', () => {
  const old = { ...CLIENT, port: 39_999 };

  test('those of an earlier one, which hold TIME-WAIT, are not told, nor their end', () => {
    const earlier = atClient('TIME-WAIT', old);
    expect(look('client', [earlier], [earlier], [earlier, atClient('SYN-SENT')], [atClient('SYN-SENT')])).toEqual([
      '11 CLOSED > SYN-SENT',
    ]);
  });

  test('the same ports taken again by this run are told', () => {
    expect(look('client', [atClient('TIME-WAIT')], [atClient('TIME-WAIT')], [atClient('SYN-SENT')])).toEqual([
      '11 CLOSED > SYN-SENT',
    ]);
    expect(look('client', [atClient('TIME-WAIT')], [], [atClient('TIME-WAIT')]).at(-1)).toBe('11 CLOSED > TIME-WAIT');
  });

  test('other ports and the other end are left alone', () => {
    const other = { ...SERVER, port: 22 };
    expect(
      look('client', [], [{ state: 'ESTABLISHED', source: CLIENT, target: other }, atServer('ESTABLISHED')]),
    ).toEqual([]);
  });
});
