/**
 * One interface, several threads: PACKET_FANOUT shares the packets of a group of captures between its members.
 *
 * Shows: three worker threads, each with a ring of its own, join a group. By `hash` all packets of a connection go to the
 * same thread, so each can keep track of its connections alone. Nobody sees a packet that another one has seen.
 * Root: not needed: the lesson makes a network namespace of its own.
 * Run: npm run example -- 42
 */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AF_INET, SOCK_DGRAM } from 'barewire';
import { NetworkNamespace, openCapture, reexecInUserNamespace } from 'barewire/os';
import { decodePacket } from 'barewire/wire';

const PACKETS = 90;
const FLOWS = 10;

if (isMainThread) await main();
else await member();

/** What each thread does: join, then tell the source ports of what it sees. */
async function member(): Promise<void> {
  const capture = openCapture('lo', {
    fanout: { group: 1, mode: workerData },
    filter: 'udp dst port 9000',
    latency: 'low',
  });
  parentPort?.postMessage('joined');
  for await (const batch of capture) {
    const ports = Array.from(batch, ({ bytes }) => decodePacket(bytes, 'ethernet').udp?.srcPort);
    parentPort?.postMessage(ports);
  }
}

async function main(): Promise<void> {
  const code = await reexecInUserNamespace();
  if (code !== null) process.exit(code);
  const host = NetworkNamespace.create('lesson', { loopback: true });
  for (const mode of ['hash', 'round-robin'] as const) await share(host, mode);
  host.close();
}

async function share(host: NetworkNamespace, mode: 'hash' | 'round-robin'): Promise<void> {
  // A thread begins in the network namespace of the one that starts it.
  const file = fileURLToPath(import.meta.url);
  const workers = host.run(() => [1, 2, 3].map(() => new Worker(file, { workerData: mode })));
  await Promise.all(workers.map((worker) => once(worker, 'message')));

  const seen = workers.map((): number[] => []);
  const all = new Promise<void>((resolve) => {
    for (const [i, worker] of workers.entries()) {
      worker.on('message', (ports: number[]) => {
        seen[i]?.push(...ports);
        if (seen.flat().length === PACKETS) resolve();
      });
    }
  });
  await send(host);
  await all;

  console.log(`${mode}: ${seen.flat().length} packets of ${new Set(seen.flat()).size} flows`);
  for (const [i, ports] of seen.entries()) {
    console.log(`  thread ${i + 1}: ${ports.length} packets of ${new Set(ports).size} flows`);
  }
  const threadsOfFlows = seen.reduce((sum, ports) => sum + new Set(ports).size, 0);
  console.log(`  a flow has ${threadsOfFlows === FLOWS ? 'one thread' : 'several threads'}`);
  await Promise.all(workers.map((worker) => worker.terminate()));
}

/** One datagram of each flow in turn, to somebody who listens. */
async function send(host: NetworkNamespace): Promise<void> {
  const receiver = host.socket(AF_INET, SOCK_DGRAM);
  receiver.bind('127.0.0.1:9000');
  const senders = Array.from({ length: FLOWS }, () => host.socket(AF_INET, SOCK_DGRAM));
  for (let i = 0; i < PACKETS; i += FLOWS) {
    for (const sender of senders) await sender.sendto('x', '127.0.0.1:9000');
  }
  for (const socket of [...senders, receiver]) socket.close();
}
