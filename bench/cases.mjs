/** The cases: who runs against whom under which load, and the bars that a ratio must reach. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  measureIdle,
  measureSender,
  measureServer,
  peer,
  script,
  start,
  strangers,
  tcpLoad,
  udpLoad,
} from './harness.mjs';
import { captureCases, wireCases } from './offline.mjs';

function echoCase(connections, size, bars) {
  const load = tcpLoad('echo', connections, size);
  const run = (command) => (ms) => measureServer(command, load, 'load', ms);
  return {
    name: `tcp-echo ${connections} × ${size >= 1024 ? `${size / 1024} KiB` : `${size} B`}`,
    unit: 'round trips/s',
    contenders: {
      C: run(peer('tcp_echo')),
      net: run(script('tcp-echo-net')),
      facade: run(script('tcp-echo-facade')),
      async: run(script('tcp-echo-barewire', 'async')),
      ready: run(script('tcp-echo-barewire', 'ready')),
      ...strangers(run, { bun: 'tcp-echo-bun.mjs', deno: 'tcp-echo-deno.mjs', python: 'tcp-echo-asyncio.py' }),
    },
    bars,
  };
}

function acceptCase() {
  const load = tcpLoad('connect', 16, 0);
  const run = (command) => (ms) => measureServer(command, load, 'load', ms);
  return {
    name: 'tcp-accept 16 at once',
    unit: 'connections/s',
    // The load, not the server, is the limit here: what differs is what a connection costs the server.
    perCpu: true,
    contenders: {
      C: run(peer('tcp_accept')),
      net: run(script('tcp-accept-net')),
      facade: run(script('tcp-accept-facade')),
      async: run(script('tcp-accept-barewire', 'async')),
      ready: run(script('tcp-accept-barewire', 'ready')),
    },
    bars: [['async', 'net', 1]],
  };
}

function udpReceiveCase(size) {
  const run = (command) => (ms) => measureServer(command, udpLoad(size), 'server', ms);
  return {
    name: `udp-recv ${size} B`,
    unit: 'datagrams/s',
    contenders: {
      C: run(peer('udp_recv')),
      dgram: run(script('udp-recv-dgram')),
      async: run(script('udp-recv-barewire', 'async')),
      batch: run(script('udp-recv-barewire', 'batch')),
      gro: run(script('udp-recv-barewire', 'gro')),
      ...strangers(run, { bun: 'udp-recv-bun.mjs', python: 'udp-recv-python.py' }),
    },
    bars: [
      ['batch', 'C', 0.85],
      ['batch', 'dgram', 3],
      ['async', 'dgram', 1],
      ...(size === 64 ? [['gro', 'dgram', 20]] : []),
    ],
  };
}

function udpSendCase(size) {
  // The datagrams go to a bound socket that nobody reads: the kernel drops them at its full buffer.
  const withSink = (make) => async (ms) => {
    const sink = start(peer('udp_sink'));
    const port = (await sink.line()).split(' ')[1];
    const result = await measureSender(make(port, ms));
    sink.child.stdin.write('stop\n');
    await sink.line();
    return result;
  };
  return {
    name: `udp-send ${size} B`,
    unit: 'datagrams/s',
    contenders: {
      C: withSink((port, ms) => [...peer('udp_send'), port, size, ms].map(String)),
      dgram: withSink((port, ms) => script('udp-send-dgram', port, size, ms).map(String)),
      async: withSink((port, ms) => script('udp-send-barewire', port, size, ms, 'async').map(String)),
      batch: withSink((port, ms) => script('udp-send-barewire', port, size, ms, 'batch').map(String)),
    },
    bars: [
      ['batch', 'C', 0.85],
      ['async', 'dgram', 1],
    ],
  };
}

/** Programs that measure themselves. */
const selfMeasured = (make) => (ms) => measureSender(make(ms));

function pairCase(type, size) {
  return {
    name: `unix ${type} ${size >= 1024 ? `${size / 1024} KiB` : `${size} B`}`,
    unit: 'messages/s, sent and received by one thread',
    contenders: {
      C: selfMeasured((ms) => [...peer('pair'), type, size, ms].map(String)),
      try: selfMeasured((ms) => script('pair-barewire', type, size, ms, 'try').map(String)),
      async: selfMeasured((ms) => script('pair-barewire', type, size, ms, 'async').map(String)),
    },
    bars: [['try', 'C', 0.85]],
  };
}

function readinessCase(total) {
  const run = (who) => selfMeasured((ms) => script('readiness', who, total, ms).map(String));
  return {
    name: `readiness 10 of ${total}`,
    unit: 'wake-ups/s',
    contenders: { barewire: run('barewire'), net: run('net') },
    bars: [['barewire', 'net', 1]],
  };
}

/** Bytes or messages in one direction, from a C program to the receiver that is measured. */
function oneWayCase(kind, size) {
  const load = (where, ms) => [...peer('source'), kind, where, size, ms].map(String);
  const where = kind === 'tcp' ? '0' : join(tmpdir(), `barewire-bench-${process.pid}.sock`);
  const run = (command) => async (ms) => {
    try {
      return await measureServer(command, load, 'load', ms);
    } finally {
      if (kind !== 'tcp') rmSync(where, { force: true });
    }
  };
  const isStream = kind === 'tcp' || kind === 'unix';
  return {
    name: `one-way ${kind} ${size >= 1024 ? `${size / 1024} KiB` : `${size} B`}`,
    unit: 'messages/s',
    contenders: {
      C: run([...peer('sink'), kind, where]),
      ...(isStream && { net: run(script('sink-net', kind, where)) }),
      async: run(script('sink-barewire', kind, where, 'async')),
      ready: run(script('sink-barewire', kind, where, 'ready')),
    },
    bars: [['ready', 'C', 0.85], ...(isStream ? [['ready', 'net', 1]] : [])],
  };
}

/** What a connection costs a server while it says nothing: resident memory, and for JavaScript the heap. */
function idleCase(count) {
  const run = (command) => () => measureIdle(command, count);
  const collected = (name, ...args) => {
    const [node, ...rest] = script(name, ...args);
    return run([node, '--expose-gc', ...rest]);
  };
  return {
    name: `idle ${count}`,
    unit: 'bytes of resident memory for each connection; of JavaScript heap behind',
    isLess: true,
    descriptors: count + 100,
    contenders: {
      C: run(peer('tcp_echo')),
      net: collected('tcp-idle-net'),
      facade: collected('tcp-idle-net', 'facade'),
      async: collected('tcp-idle-barewire', 'async'),
      ready: collected('tcp-idle-barewire', 'ready'),
    },
    bars: [],
    heapBars: [
      ['async', 4096],
      ['ready', 4096],
    ],
  };
}

function latencyCase() {
  const run = (command) => (ms) => measureServer(command, tcpLoad('latency', 1, 64), 'load', ms);
  return {
    name: 'latency of one 64 B echo',
    unit: 'echoes/s of the median one; p50 and p99 in µs behind',
    isLatency: true,
    contenders: {
      C: run(peer('tcp_echo')),
      net: run(script('tcp-echo-net')),
      async: run(script('tcp-echo-barewire', 'async')),
      ready: run(script('tcp-echo-barewire', 'ready')),
      ...strangers(run, { bun: 'tcp-echo-bun.mjs', deno: 'tcp-echo-deno.mjs', python: 'tcp-echo-asyncio.py' }),
    },
    bars: [['ready', 'net', 1]],
  };
}

/** What can be asked for by name: one function for each, which makes its cases. */
export const cases = {
  wire: wireCases,
  capture: captureCases,
  'tcp-echo': () => [
    echoCase(1, 64, [
      ['ready', 'C', 0.85],
      ['async', 'net', 1],
      ['facade', 'net', 0.9],
    ]),
    echoCase(64, 64, [
      ['ready', 'C', 0.85],
      ['ready', 'net', 1.2],
      ['async', 'net', 1],
      ['facade', 'net', 1],
    ]),
    echoCase(16, 65_536, [
      ['ready', 'C', 0.85],
      ['ready', 'net', 2],
      ['async', 'net', 1],
      ['facade', 'net', 1.2],
    ]),
  ],
  'tcp-accept': () => [acceptCase()],
  unix: () => [pairCase('stream', 64), pairCase('stream', 65_536), pairCase('dgram', 64), pairCase('seqpacket', 64)],
  'one-way': () => [
    oneWayCase('tcp', 65_536),
    oneWayCase('unix', 65_536),
    oneWayCase('dgram', 1024),
    oneWayCase('seqpacket', 1024),
  ],
  latency: () => [latencyCase()],
  idle: () => [idleCase(10_000)],
  readiness: () => [10, 100, 1000, 10_000].map(readinessCase),
  udp: () => [udpReceiveCase(64), udpReceiveCase(1200), udpSendCase(64), udpSendCase(1200)],
};
