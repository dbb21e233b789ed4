/**
 * What an idle connection costs. argv: barewire|net, how many. Opens them to itself over loopback, each server end
 * waiting for data; prints bytes of JavaScript heap and of resident memory for one connection (both ends).
 */
import { once } from 'node:events';
import net from 'node:net';
import { AF_INET, kernel, SOCK_STREAM } from '../../dist/index.js';

const [who, countText] = process.argv.slice(2);
const count = Number(countText);
const settle = async () => {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc();
  }
};
const keep = [];

async function openBarewire(total) {
  const listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  keep.push(listener);
  const name = listener.getsockname();
  for (let i = 0; i < total; i++) {
    const client = kernel.socket(AF_INET, SOCK_STREAM);
    await client.connect(name);
    const server = await listener.accept();
    server.onReadable(() => {});
    client.onReadable(() => {});
    keep.push(client, server);
  }
}

async function openNet(total) {
  const server = net.createServer((socket) => {
    socket.on('data', () => {});
    keep.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  for (let i = 0; i < total; i++) {
    const client = net.createConnection(server.address().port, '127.0.0.1');
    client.on('data', () => {});
    keep.push(client);
    await once(client, 'connect');
  }
}

const open = who === 'net' ? openNet : openBarewire;
await open(100);
await settle();
const before = process.memoryUsage();
await open(count);
await settle();
const after = process.memoryUsage();
const each = (key) => Math.round((after[key] - before[key]) / count);
console.log(`${each('heapUsed')} ${each('rss')}`);
process.exit(0);
