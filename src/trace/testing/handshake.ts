/**
 * Synthetic traces that views and reducers are tested on: one connection from `client` 10.77.0.1:51234 to `server`
 * 10.77.0.2:8888 over 20 ms each way. The client sends "hello", the server echoes it, the client closes first and holds
 * TIME-WAIT. Calls, states (SYN-RECEIVED and TIME-WAIT inferred, as on Linux without a stack of one's own) and packets
 * are those that Linux shows; times are made up and never change.
 */
import { utf8 } from '../../core/index.ts';
import type { Trace, TraceHeader } from '../event.ts';
import {
  ACK,
  type Endpoint4,
  FIN,
  PSH,
  RST,
  SYN,
  SYN_OPTIONS,
  TraceScript,
  tcpSegment,
  udpDatagram,
} from './script.ts';

export const CLIENT: Endpoint4 = { ip: '10.77.0.1', port: 51_234 };
export const SERVER: Endpoint4 = { ip: '10.77.0.2', port: 8_888 };
/** Initial sequence numbers. */
export const CLIENT_ISS = 1_000_000_000;
export const SERVER_ISS = 3_000_000_000;
/** Socket numbers in the trace. */
export const CLIENT_SOCK = 1;
export const LISTENER_SOCK = 2;
export const ACCEPTED_SOCK = 3;
/** The flow number of the connection. */
export const FLOW = 1;
/** One way. */
export const DELAY_NS = 20_000_000;

const US = 1_000;
const MS = 1_000_000;

/** Two hosts and one raw IP link. */
export const HEADER: TraceHeader = {
  format: 'barewire-trace/1',
  producer: 'kernel',
  clock: { kind: 'mono', unixNs: '1700000000123456789' },
  hosts: [
    { id: 'client', name: 'client', ips: [CLIENT.ip] },
    { id: 'server', name: 'server', ips: [SERVER.ip] },
  ],
  links: [{ id: 'wire', a: 'client', b: 'server', mtu: 1500 }],
};

export interface HandshakeOptions {
  /** The wire loses the first SYN; the client sends it again after its RTO of one second. */
  readonly lostSyn?: boolean;
}

/** Handshake, echo of "hello", close by the client. */
export function handshakeTrace(options: HandshakeOptions = {}): Trace {
  const header: TraceHeader = {
    ...HEADER,
    scenario: { id: 'handshake', version: 1, knobs: { delayMs: 20, lostSyn: options.lostSyn ?? false } },
  };
  const script = new TraceScript(header, DELAY_NS);
  const target = `${SERVER.ip}:${SERVER.port}`;
  const hello = utf8('hello');
  const cli = { sock: CLIENT_SOCK, flow: FLOW };
  const srv = { sock: ACCEPTED_SOCK, flow: FLOW };
  const lsn = { sock: LISTENER_SOCK };
  const stream = { domain: 'AF_INET', type: 'SOCK_STREAM', protocol: 0 };

  // The server gets ready.
  const s1 = script.enter(0, 'server', 'socket', { ...lsn, args: stream, line: 3 });
  script.exit(20 * US, s1, { ret: 3 });
  const s2 = script.enter(40 * US, 'server', 'bind', { ...lsn, fd: 3, args: { addr: target }, line: 4 });
  script.exit(60 * US, s2, { ret: 0 });
  const s3 = script.enter(80 * US, 'server', 'listen', { ...lsn, fd: 3, args: { backlog: 5 }, line: 5 });
  script.state(90 * US, 'server', 'CLOSED', 'LISTEN', { ...lsn, by: 'sock_diag', cause: s3 });
  script.exit(100 * US, s3, { ret: 0 });
  const queue = (t: number, syn: number, accept: number): void => {
    script.add(t, {
      k: 'queue',
      host: 'server',
      src: 'observed',
      ...lsn,
      listener: target,
      syn: { n: syn, max: 5 },
      accept: { n: accept, max: 5 },
    });
  };
  queue(110 * US, 0, 0);
  const accept = script.enter(120 * US, 'server', 'accept', { ...lsn, fd: 3, line: 6 });

  // The client calls.
  const c1 = script.enter(500 * US, 'client', 'socket', { ...cli, args: stream, line: 3 });
  script.exit(520 * US, c1, { ret: 3 });
  const connect = script.enter(1 * MS, 'client', 'connect', { ...cli, fd: 3, args: { addr: target }, line: 4 });
  script.state(1 * MS + 20 * US, 'client', 'CLOSED', 'SYN-SENT', { ...cli, by: 'TCP_INFO', cause: connect });
  const syn = tcpSegment(CLIENT, SERVER, { seq: CLIENT_ISS, flags: SYN, options: SYN_OPTIONS });
  const setRto = (t: number, at: number): void => {
    script.add(t, { k: 'timer', host: 'client', src: 'inferred', ...cli, name: 'rto', what: 'set', at });
  };
  let start = 1 * MS + 50 * US;
  let synCause = connect;
  setRto(start, start + 1_000 * MS);
  if (options.lostSyn === true) {
    script.packet(start, 'client', syn, { ...cli, cause: connect, drop: 'client>server:syn#1' });
    start += 1_000 * MS;
    synCause = script.add(start - 10 * US, {
      k: 'timer',
      host: 'client',
      src: 'inferred',
      ...cli,
      name: 'rto',
      what: 'fire',
    });
    setRto(start, start + 2_000 * MS);
  }
  const p1 = script.packet(start, 'client', syn, { ...cli, cause: synCause });

  // Each half trip from here on: `at(n)` is the instant at which the n-th arrives.
  const at = (halfTrips: number, us: number): number => start + halfTrips * DELAY_NS + us * US;
  script.state(at(1, 20), 'server', 'LISTEN', 'SYN-RECEIVED', { ...srv, by: 'packet', cause: p1.rx, inferred: true });
  queue(at(1, 30), 1, 0);
  const p2 = script.packet(
    at(1, 50),
    'server',
    tcpSegment(SERVER, CLIENT, {
      seq: SERVER_ISS,
      ack: CLIENT_ISS + 1,
      flags: SYN | ACK,
      window: 65_160,
      options: SYN_OPTIONS,
    }),
    { ...srv, cause: p1.rx },
  );
  script.state(at(2, 70), 'client', 'SYN-SENT', 'ESTABLISHED', { ...cli, by: 'TCP_INFO', cause: p2.rx });
  script.add(at(2, 80), { k: 'timer', host: 'client', src: 'inferred', ...cli, name: 'rto', what: 'cancel' });
  const ack = { seq: CLIENT_ISS + 1, ack: SERVER_ISS + 1, flags: ACK, window: 502 };
  const p3 = script.packet(at(2, 100), 'client', tcpSegment(CLIENT, SERVER, ack), { ...cli, cause: p2.rx });
  script.exit(at(2, 150), connect, { ret: 0, cause: p2.rx });

  // "hello" goes out behind the ACK and the server wakes up.
  const send = script.enter(at(2, 250), 'client', 'send', { ...cli, fd: 3, args: { buf: 'hello', flags: 0 }, line: 5 });
  const p4 = script.packet(
    at(2, 300),
    'client',
    tcpSegment(CLIENT, SERVER, { ...ack, flags: PSH | ACK, payload: hello }),
    { ...cli, cause: send },
  );
  script.exit(at(2, 350), send, { ret: 5, bytes: 5 });
  const recv = script.enter(at(2, 400), 'client', 'recv', { ...cli, fd: 3, args: { len: 4096, flags: 0 }, line: 6 });
  script.state(at(3, 120), 'server', 'SYN-RECEIVED', 'ESTABLISHED', { ...srv, by: 'sock_diag', cause: p3.rx });
  queue(at(3, 130), 0, 1);
  script.exit(at(3, 170), accept, { ret: 4, out: { addr: `${CLIENT.ip}:${CLIENT.port}` }, cause: p3.rx });
  queue(at(3, 180), 0, 0);
  const r1 = script.enter(at(3, 220), 'server', 'recv', { ...srv, fd: 4, args: { len: 4096, flags: 0 }, line: 7 });
  const back = { seq: SERVER_ISS + 1, ack: CLIENT_ISS + 6, flags: ACK, window: 510 };
  script.packet(at(3, 330), 'server', tcpSegment(SERVER, CLIENT, back), { ...srv, cause: p4.rx });
  script.exit(at(3, 360), r1, { ret: 5, bytes: 5, out: { buf: 'hello' }, cause: p4.rx });

  // The echo.
  const echo = script.enter(at(3, 420), 'server', 'send', { ...srv, fd: 4, args: { buf: 'hello', flags: 0 }, line: 8 });
  const p6 = script.packet(
    at(3, 470),
    'server',
    tcpSegment(SERVER, CLIENT, { ...back, flags: PSH | ACK, payload: hello }),
    { ...srv, cause: echo },
  );
  script.exit(at(3, 500), echo, { ret: 5, bytes: 5 });
  const r2 = script.enter(at(3, 550), 'server', 'recv', { ...srv, fd: 4, args: { len: 4096, flags: 0 }, line: 7 });
  const got = { seq: CLIENT_ISS + 6, ack: SERVER_ISS + 6, flags: ACK, window: 502 };
  script.packet(at(4, 500), 'client', tcpSegment(CLIENT, SERVER, got), { ...cli, cause: p6.rx });
  script.exit(at(4, 530), recv, { ret: 5, bytes: 5, out: { buf: 'hello' }, cause: p6.rx });

  // The close, three segments: Linux puts the server's ACK and FIN into one when the program closes at once.
  const close = script.enter(at(4, 600), 'client', 'close', { ...cli, fd: 3, line: 7 });
  script.state(at(4, 620), 'client', 'ESTABLISHED', 'FIN-WAIT-1', { ...cli, by: 'sock_diag', cause: close });
  const p8 = script.packet(at(4, 650), 'client', tcpSegment(CLIENT, SERVER, { ...got, flags: FIN | ACK }), {
    ...cli,
    cause: close,
  });
  script.exit(at(4, 700), close, { ret: 0 });
  script.state(at(5, 670), 'server', 'ESTABLISHED', 'CLOSE-WAIT', { ...srv, by: 'sock_diag', cause: p8.rx });
  script.exit(at(5, 700), r2, { ret: 0, bytes: 0, cause: p8.rx });
  const end = script.enter(at(5, 750), 'server', 'close', { ...srv, fd: 4, line: 9 });
  script.state(at(5, 770), 'server', 'CLOSE-WAIT', 'LAST-ACK', { ...srv, by: 'sock_diag', cause: end });
  const p9 = script.packet(
    at(5, 800),
    'server',
    tcpSegment(SERVER, CLIENT, { ...back, seq: SERVER_ISS + 6, ack: CLIENT_ISS + 7, flags: FIN | ACK }),
    { ...srv, cause: end },
  );
  script.exit(at(5, 850), end, { ret: 0 });
  script.state(at(6, 820), 'client', 'FIN-WAIT-1', 'FIN-WAIT-2', {
    ...cli,
    by: 'packet',
    cause: p9.rx,
    inferred: true,
  });
  script.state(at(6, 821), 'client', 'FIN-WAIT-2', 'TIME-WAIT', { ...cli, by: 'packet', cause: p9.rx, inferred: true });
  script.add(at(6, 822), {
    k: 'timer',
    host: 'client',
    src: 'inferred',
    ...cli,
    name: 'timewait',
    what: 'set',
    at: at(6, 822) + 60_000 * MS,
  });
  const p10 = script.packet(
    at(6, 850),
    'client',
    tcpSegment(CLIENT, SERVER, { ...got, seq: CLIENT_ISS + 7, ack: SERVER_ISS + 7 }),
    { ...cli, cause: p9.rx },
  );
  script.state(at(7, 870), 'server', 'LAST-ACK', 'CLOSED', { ...srv, by: 'sock_diag', cause: p10.rx });
  return script.build();
}

/** The same connection when the wire loses the first SYN. */
export function lostSynTrace(): Trace {
  return handshakeTrace({ lostSyn: true });
}

/** Nobody listens: the SYN is answered with a RST and connect() fails with ECONNREFUSED. */
export function refusedTrace(): Trace {
  const script = new TraceScript(HEADER, DELAY_NS);
  const cli = { sock: CLIENT_SOCK, flow: FLOW };
  const target = `${SERVER.ip}:${SERVER.port}`;
  const c1 = script.enter(0, 'client', 'socket', {
    ...cli,
    args: { domain: 'AF_INET', type: 'SOCK_STREAM', protocol: 0 },
    line: 3,
  });
  script.exit(20 * US, c1, { ret: 3 });
  const connect = script.enter(1 * MS, 'client', 'connect', { ...cli, fd: 3, args: { addr: target }, line: 4 });
  script.state(1 * MS + 20 * US, 'client', 'CLOSED', 'SYN-SENT', { ...cli, by: 'TCP_INFO', cause: connect });
  const start = 1 * MS + 50 * US;
  const syn = tcpSegment(CLIENT, SERVER, { seq: CLIENT_ISS, flags: SYN, options: SYN_OPTIONS });
  const p1 = script.packet(start, 'client', syn, { ...cli, cause: connect });
  const rst = tcpSegment(SERVER, CLIENT, { seq: 0, ack: CLIENT_ISS + 1, flags: RST | ACK, window: 0 });
  const p2 = script.packet(start + DELAY_NS + 50 * US, 'server', rst, { flow: FLOW, cause: p1.rx });
  const back = start + 2 * DELAY_NS + 50 * US;
  script.state(back + 20 * US, 'client', 'SYN-SENT', 'CLOSED', { ...cli, by: 'TCP_INFO', cause: p2.rx });
  script.exit(back + 50 * US, connect, { ret: -1, errno: 'ECONNREFUSED', cause: p2.rx });
  return script.build();
}

/** Three datagrams from client to server, the second one lost, each that arrives is answered. */
export function datagramTrace(): Trace {
  const script = new TraceScript(HEADER, DELAY_NS);
  for (let i = 0; i < 3; i++) {
    const text = `ping ${i + 1}`;
    const t = (1 + 10 * i) * MS;
    const args = { buf: text, flags: 0, addr: `${SERVER.ip}:${SERVER.port}` };
    const call = script.enter(t, 'client', 'sendto', { sock: CLIENT_SOCK, flow: FLOW, fd: 3, args });
    const { rx } = script.packet(t + 20 * US, 'client', udpDatagram(CLIENT, SERVER, utf8(text)), {
      sock: CLIENT_SOCK,
      flow: FLOW,
      cause: call,
      ...(i === 1 ? { drop: 'loss 33 %' } : {}),
    });
    script.exit(t + 40 * US, call, { ret: text.length, bytes: text.length });
    if (i === 1) continue;
    const answer = udpDatagram(SERVER, CLIENT, utf8('pong'));
    script.packet(t + DELAY_NS + 100 * US, 'server', answer, { sock: LISTENER_SOCK, flow: FLOW, cause: rx });
  }
  return script.build();
}
