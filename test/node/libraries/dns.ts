/**
 * Runs in a process of its own: dns2, unchanged, a name server and its client over UDP and TCP, all on `barewire/dgram` and
 * `barewire/net`. Prints what happened, as JSON.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Socket } from '../../../src/node/dgram.ts';
import { asked } from '../../support/facade-hook.ts';

interface Answer {
  readonly answers: readonly { readonly address?: string; readonly data?: string }[];
}
type Client = (options: { dns: string; port: number }) => (name: string, type?: string) => Promise<Answer>;
interface Packet {
  readonly questions: readonly { readonly name: string }[];
  readonly answers: unknown[];
}
interface Dns2 {
  createUDPServer(handle: (request: Packet, send: (response: Packet) => void) => void): Socket;
  UDPClient: Client;
  TCPClient: Client;
  createServer(options: object): {
    listen(options: object): Promise<Record<string, { port: number }>>;
    close(): Promise<void>;
  };
  readonly Packet: { createResponseFromRequest(request: Packet): Packet; TYPE: { A: number }; CLASS: { IN: number } };
}

const dns2 = createRequire(import.meta.url)('dns2') as Dns2;
const { Packet } = dns2;

function answer(request: Packet, send: (response: Packet) => void): void {
  const response = Packet.createResponseFromRequest(request);
  const name = request.questions[0]?.name ?? '';
  const count = name.startsWith('many.') ? 100 : 1;
  for (let i = 1; i <= count; i++) {
    response.answers.push({ name, type: Packet.TYPE.A, class: Packet.CLASS.IN, ttl: 60, address: `192.0.2.${i}` });
  }
  send(response);
}

const server = dns2.createServer({ udp: true, tcp: true, handle: answer });
const bound = await server.listen({ udp: { port: 0, address: '127.0.0.1' }, tcp: { port: 0, address: '127.0.0.1' } });
const udp = dns2.UDPClient({ dns: '127.0.0.1', port: (bound.udp as { port: number }).port });
const tcp = dns2.TCPClient({ dns: '127.0.0.1', port: (bound.tcp as { port: number }).port });
const addresses = async (asking: Promise<Answer>): Promise<(string | undefined)[]> =>
  (await asking).answers.map(({ address }) => address);

const single = await addresses(udp('one.example'));
const parallel = await Promise.all(Array.from({ length: 50 }, (_, i) => addresses(udp(`name${i}.example`))));
const overTcp = (await addresses(tcp('many.example'))).length;
await server.close();

const alone = dns2.createUDPServer(answer);
alone.bind(0, '127.0.0.1');
await once(alone, 'listening');
const isOurs = alone instanceof Socket;
alone.close();

console.log(JSON.stringify({ single, parallel: parallel.flat().length, overTcp, isOurs, asked: [...asked.keys()] }));
