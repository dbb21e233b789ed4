/**
 * Threads that share the packets of an interface (PACKET_FANOUT): each packet is seen by one of them, and by which is what
 * the mode says.
 */
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LiveStatistics } from '../../src/capture/index.ts';
import type { FanoutOptions } from '../../src/os/capture/open.ts';
import { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, SOCK_DGRAM } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { bundleModule } from '../support/run-module.ts';

const WORKERS = 3;
const FLOWS = 12;
const PACKETS_OF_A_FLOW = 50;
const PORT = 9000;

/** Tells the source port and the number in the payload of all that it sees, and at the end what the kernel counted. */
const BODY = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { openCapture } from '../../src/os/capture/open.ts';
  import { decodePacket } from '../../src/wire/index.ts';
  const capture = openCapture('lo', { fanout: workerData, filter: 'udp dst port ${PORT}', latency: 'low' });
  parentPort.once('message', () => {
    parentPort.postMessage({ statistics: capture.statistics() });
    capture.close();
  });
  parentPort.postMessage('ready');
  for await (const batch of capture) {
    parentPort.postMessage(Array.from(batch, ({ bytes }) => {
      const packet = decodePacket(bytes, 'ethernet');
      return [packet.udp.srcPort, new DataView(packet.payload.buffer, packet.payload.byteOffset).getUint32(0)];
    }));
  }
`;

type Seen = readonly [port: number, number: number];

class Member {
  readonly seen: Seen[] = [];
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #failed: Promise<never>;
  #statistics: (statistics: LiveStatistics) => void = () => undefined;

  constructor(file: string, fanout: FanoutOptions, onSeen: () => void) {
    const worker = new Worker(file, { workerData: fanout });
    this.#worker = worker;
    this.#failed = new Promise((_, reject) => worker.once('error', reject));
    this.#failed.catch(() => undefined);
    const ready = new Promise<void>((resolve) => {
      worker.on('message', (message: 'ready' | Seen[] | { statistics: LiveStatistics }) => {
        if (message === 'ready') return resolve();
        if (!Array.isArray(message)) return this.#statistics(message.statistics);
        this.seen.push(...message);
        onSeen();
      });
    });
    this.ready = Promise.race([ready, this.#failed]);
  }

  end(): Promise<LiveStatistics> {
    const statistics = new Promise<LiveStatistics>((resolve) => {
      this.#statistics = resolve;
    });
    this.#worker.postMessage('end');
    return Promise.race([statistics, this.#failed]);
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

describeInNamespace(import.meta.url, 'fanout over worker threads', () => {
  let host: NetworkNamespace;
  let file: string;

  beforeAll(async () => {
    host = NetworkNamespace.create('fanout', { loopback: true });
    file = await bundleModule(BODY, [], import.meta.dirname);
  });
  afterAll(() => {
    rmSync(file);
    host.close();
  });

  /** Numbered datagrams of several flows, one of each in turn, to a port where somebody listens: no ICMP errors. */
  async function sendAll(): Promise<number[]> {
    using receiver = host.socket(AF_INET, SOCK_DGRAM);
    receiver.bind(`127.0.0.1:${PORT}`);
    const senders = Array.from({ length: FLOWS }, () => host.socket(AF_INET, SOCK_DGRAM));
    const numbers = Array.from({ length: FLOWS * PACKETS_OF_A_FLOW }, (_, i) => i);
    const payload = new DataView(new ArrayBuffer(4));
    for (const i of numbers) {
      payload.setUint32(0, i);
      await senders[i % FLOWS]!.sendto(new Uint8Array(payload.buffer), `127.0.0.1:${PORT}`);
    }
    for (const sender of senders) sender.close();
    return numbers;
  }

  /** What each member of a group saw, and what the kernel counted for all. */
  async function shared(fanout: FanoutOptions) {
    const total = FLOWS * PACKETS_OF_A_FLOW;
    let onAll = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      onAll = resolve;
    });
    const onSeen = (): void => {
      if (members.reduce((sum, { seen }) => sum + seen.length, 0) >= total) onAll();
    };
    // A thread begins in the namespace of the one that started it.
    const members = host.run(() => Array.from({ length: WORKERS }, () => new Member(file, fanout, onSeen)));
    try {
      await Promise.all(members.map(({ ready }) => ready));
      const sent = await sendAll();
      await all;
      const statistics = await Promise.all(members.map((member) => member.end()));
      const received = statistics.reduce((sum, { received }) => sum + received, 0);
      const dropped = statistics.reduce((sum, { dropped }) => sum + dropped, 0);
      return { sent, seen: members.map(({ seen }) => seen), received, dropped };
    } finally {
      await Promise.all(members.map((member) => member.terminate()));
    }
  }

  test.each(['hash', 'round-robin', 'cpu'] as const)('%s: no packet is lost, none is seen twice', async (mode) => {
    const { sent, seen, received, dropped } = await shared({ group: 7, mode });
    const numbers = seen.flat().map(([, number]) => number);
    expect(numbers.sort((a, b) => a - b)).toEqual(sent);
    expect({ received, dropped }).toEqual({ received: sent.length, dropped: 0 });
    if (mode === 'round-robin') {
      expect(seen.map(({ length }) => length)).toEqual(new Array(WORKERS).fill(sent.length / WORKERS));
    }
    if (mode === 'hash') {
      const flows = seen.map((packets) => new Set(packets.map(([port]) => port)));
      expect(
        flows.reduce((sum, { size }) => sum + size, 0),
        'a flow has one thread',
      ).toBe(FLOWS);
    }
  });
});
