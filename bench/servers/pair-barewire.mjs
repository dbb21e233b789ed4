/** Twin of bench/peers/pair.c on Barewire. argv: type size ms, then `try` or `async`. */
import { AF_UNIX, kernel, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } from '../../dist/index.js';
import { now } from './report.mjs';

const [kind, sizeText, ms, form] = process.argv.slice(2);
const size = Number(sizeText);
const type = { stream: SOCK_STREAM, dgram: SOCK_DGRAM, seqpacket: SOCK_SEQPACKET }[kind];
const [a, b] = kernel.socketpair(AF_UNIX, type);
const out = new Uint8Array(size);
const into = new Uint8Array(65_536);
let count = 0;

function round() {
  for (let i = 0; i < 256; i++) {
    if (a.trySend(out) !== size) throw new Error('send');
    if (b.tryRecv(into) !== size) throw new Error('recv');
  }
  count += 256;
}

async function roundAsync() {
  for (let i = 0; i < 256; i++) {
    await a.send(out);
    await b.recv(into);
  }
  count += 256;
}

// A warm-up, as a program that runs for long has had one.
for (let end = now() + 1e8; now() < end; ) await (form === 'async' ? roundAsync() : round());
count = 0;
const start = now();
const end = start + Number(ms) * 1e6;
if (form === 'async') while (now() < end) await roundAsync();
else while (now() < end) round();
console.log(`${count} ${now() - start}`);
