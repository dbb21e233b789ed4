/** Runs in a process of its own: ws, unchanged, as client and server on our sockets. Prints what happened, as JSON. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as WsPackage from 'ws';
import { kernel } from '../../../src/index.ts';
import { serveHttp } from '../../../src/node/index.ts';
import { Socket } from '../../../src/node/net.ts';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../../src/socket/index.ts';
import { asked } from '../../support/facade-hook.ts';

const { WebSocket, WebSocketServer } = createRequire(import.meta.url)('ws') as typeof WsPackage;

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
const { port } = listener.getsockname() as { port: number };
const path = join(tmpdir(), `barewire-ws-${process.pid}`);
const unixListener = kernel.socket(AF_UNIX, SOCK_STREAM);
unixListener.bind({ family: 'unix', path });
unixListener.listen();

const results: Record<string, unknown> = {};
const closes: unknown[] = [];
const webServer = createServer();
const server = new WebSocketServer({ server: webServer, perMessageDeflate: true });
server.on('connection', (connection, request) => {
  connection.on('message', (data, isBinary) => connection.send(data as Buffer, { binary: isBinary }));
  connection.on('close', (code) => closes.push(code));
  results.remote = request.socket.remoteAddress ?? results.remote;
});
const serving = [serveHttp(webServer, listener), serveHttp(webServer, unixListener)];

async function talk(url: string): Promise<unknown> {
  const client = new WebSocket(url, { perMessageDeflate: true });
  await once(client, 'open');
  const inner = (client as unknown as { _socket: unknown })._socket;
  client.send('text');
  const [text] = (await once(client, 'message')) as [Buffer];
  const big = Buffer.alloc(1 << 20);
  for (let at = 0; at < big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  client.send(big);
  const [echoed, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
  const pong = once(client, 'pong');
  client.ping('are you there');
  const [answer] = (await pong) as [Buffer];
  client.close(1000, 'done');
  const [code, reason] = (await once(client, 'close')) as [number, Buffer];
  return [inner instanceof Socket, String(text), isBinary && big.equals(echoed), String(answer), code, String(reason)];
}

results.tcp = await talk(`ws://127.0.0.1:${port}/chat`);
results.unix = await talk(`ws+unix:${path}:/chat`);

const cut = new WebSocket(`ws://127.0.0.1:${port}/`);
await once(cut, 'open');
for (const connection of server.clients) connection.terminate();
results.terminated = (await once(cut, 'close'))[0];

const refused = new WebSocket('ws://127.0.0.1:1/');
results.refused = ((await once(refused, 'error'))[0] as { code: string }).code;

await Promise.all(serving.map((one) => one.close()));
results.closes = closes;
results.asked = [...asked.keys()];
console.log(JSON.stringify(results));
