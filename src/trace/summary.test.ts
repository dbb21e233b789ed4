// The figures of a trace, on connections whose figures are known.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../core/index.ts';
import { summarise } from './summary.ts';
import {
  CLIENT,
  CLIENT_ISS,
  DELAY_NS,
  datagramTrace,
  HEADER,
  handshakeTrace,
  lostSynTrace,
  refusedTrace,
  SERVER,
  SERVER_ISS,
} from './testing/handshake.ts';
import { ACK, FIN, RST, SYN, TraceScript, tcpSegment } from './testing/script.ts';

const MS = 1_000_000;

describe('TCP', () => {
  it('handshake, echo, close', () => {
    expect(summarise(handshakeTrace())).toEqual({
      packets: { sent: 10, delivered: 10, dropped: 0, duplicated: 0, bytes: 2 * 52 + 6 * 40 + 2 * 45 },
      udp: [],
      tcp: {
        flow: 1,
        client: 'client',
        server: 'server',
        clientAddress: '10.77.0.1:51234',
        serverAddress: '10.77.0.2:8888',
        segments: 10,
        dataSegments: 2,
        payloadBytes: { fromClient: 5, fromServer: 5 },
        retransmissions: 0,
        handshake: { synT: 1_050_000, synAckT: 41_100_000, ackT: 41_150_000, durationNs: 40_150_000 },
        pathRttNs: 40_000_000,
        roundTrips: 1,
        rttNs: 40_050_000,
        whoClosedFirst: 'client',
        closingSegments: 3,
        timeWaitHolder: 'client',
        resets: 0,
        refused: false,
        connectResult: 'ok',
      },
    });
  });

  it('a lost SYN: one second more, the round-trip time unharmed', () => {
    const { packets, tcp } = summarise(lostSynTrace());
    expect(packets).toMatchObject({ sent: 11, delivered: 10, dropped: 1 });
    expect(tcp).toMatchObject({
      segments: 11,
      retransmissions: 1,
      handshake: { synT: 1_050_000, durationNs: 1_040_150_000 },
      roundTrips: 26,
      rttNs: 40_050_000,
      payloadBytes: { fromClient: 5, fromServer: 5 },
      connectResult: 'ok',
    });
  });

  it('nobody listens', () => {
    expect(summarise(refusedTrace()).tcp).toMatchObject({
      segments: 2,
      handshake: { synT: 1_050_000, synAckT: null, ackT: null, durationNs: null },
      roundTrips: null,
      rttNs: null,
      whoClosedFirst: null,
      closingSegments: 1,
      timeWaitHolder: null,
      resets: 1,
      refused: true,
      connectResult: 'ECONNREFUSED',
    });
  });

  /** An established connection at 100 ms, without calls; what follows is the test's. */
  function connected(): TraceScript {
    const script = new TraceScript(HEADER, DELAY_NS);
    const flow = 1;
    script.packet(0, 'client', tcpSegment(CLIENT, SERVER, { seq: CLIENT_ISS, flags: SYN }), { flow });
    script.packet(
      20 * MS,
      'server',
      tcpSegment(SERVER, CLIENT, { seq: SERVER_ISS, ack: CLIENT_ISS + 1, flags: SYN | ACK }),
      { flow },
    );
    client(script, 40, 1, 1, ACK);
    return script;
  }
  type Wire = { drop?: string; payload?: Uint8Array };
  function client(script: TraceScript, ms: number, seq: number, ack: number, flags: number, wire: Wire = {}): void {
    const { payload, ...rest } = wire;
    const fields = {
      seq: CLIENT_ISS + seq,
      ack: SERVER_ISS + ack,
      flags,
      ...(payload === undefined ? {} : { payload }),
    };
    script.packet(ms * MS, 'client', tcpSegment(CLIENT, SERVER, fields), { flow: 1, ...rest });
  }
  function server(script: TraceScript, ms: number, seq: number, ack: number, flags: number, wire: Wire = {}): void {
    const { payload, ...rest } = wire;
    const fields = {
      seq: SERVER_ISS + seq,
      ack: CLIENT_ISS + ack,
      flags,
      ...(payload === undefined ? {} : { payload }),
    };
    script.packet(ms * MS, 'server', tcpSegment(SERVER, CLIENT, fields), { flow: 1, ...rest });
  }

  it('without calls the ACK ends the handshake', () => {
    expect(summarise(connected().build()).tcp).toMatchObject({
      handshake: { durationNs: 40 * MS },
      connectResult: null,
      whoClosedFirst: null,
      closingSegments: 0,
    });
  });

  it('half close: FIN, ACK, data that closes nothing, FIN, ACK', () => {
    const script = connected();
    client(script, 100, 1, 1, FIN | ACK);
    server(script, 120, 1, 2, ACK);
    server(script, 125, 1, 2, ACK, { payload: utf8('more') });
    client(script, 145, 2, 5, ACK);
    server(script, 150, 5, 2, FIN | ACK);
    client(script, 170, 2, 6, ACK);
    expect(summarise(script.build()).tcp).toMatchObject({
      whoClosedFirst: 'client',
      closingSegments: 4,
      dataSegments: 1,
      payloadBytes: { fromClient: 0, fromServer: 4 },
    });
  });

  it('both close at once: two FINs, two ACKs', () => {
    const script = connected();
    client(script, 100, 1, 1, FIN | ACK);
    server(script, 101, 1, 1, FIN | ACK);
    server(script, 120, 2, 2, ACK);
    client(script, 121, 2, 2, ACK);
    expect(summarise(script.build()).tcp).toMatchObject({ whoClosedFirst: 'client', closingSegments: 4 });
  });

  it('a lost last ACK: the FIN comes again and is acknowledged again', () => {
    const script = connected();
    server(script, 100, 1, 1, FIN | ACK);
    client(script, 120, 1, 2, FIN | ACK);
    server(script, 140, 2, 2, ACK, { drop: 'loss' });
    client(script, 340, 1, 2, FIN | ACK);
    server(script, 360, 2, 2, ACK);
    expect(summarise(script.build()).tcp).toMatchObject({
      whoClosedFirst: 'server',
      closingSegments: 5,
      retransmissions: 1,
    });
  });

  it('a reset ends it', () => {
    const script = connected();
    client(script, 100, 1, 1, ACK, { payload: utf8('x') });
    server(script, 120, 1, 0, RST);
    expect(summarise(script.build()).tcp).toMatchObject({
      whoClosedFirst: 'server',
      closingSegments: 1,
      resets: 1,
      refused: false,
    });
  });

  it('data sent again counts once, what is new in it counts', () => {
    const script = connected();
    client(script, 100, 1, 1, ACK, { payload: utf8('abcd'), drop: 'loss' });
    client(script, 101, 5, 1, ACK, { payload: utf8('ef') });
    client(script, 300, 1, 1, ACK, { payload: utf8('abcdefgh') });
    expect(summarise(script.build()).tcp).toMatchObject({
      dataSegments: 3,
      retransmissions: 1,
      payloadBytes: { fromClient: 8, fromServer: 0 },
    });
  });
});

describe('UDP', () => {
  it('counts datagrams each way', () => {
    expect(summarise(datagramTrace())).toMatchObject({
      packets: { sent: 5, delivered: 4, dropped: 1 },
      tcp: null,
      udp: [
        {
          flow: 1,
          a: '10.77.0.1:51234',
          b: '10.77.0.2:8888',
          sent: 5,
          delivered: 4,
          dropped: 1,
          duplicated: 0,
          payloadBytes: { fromA: 18, fromB: 8 },
        },
      ],
    });
  });

  it('nothing at all', () => {
    expect(summarise({ header: HEADER, events: [] })).toEqual({
      packets: { sent: 0, delivered: 0, dropped: 0, duplicated: 0, bytes: 0 },
      tcp: null,
      udp: [],
    });
  });
});
