/**
 * The client for 31-udp-server: each line is a datagram, then an answer is awaited.
 *
 * Shows: no connect; the first sendto binds the socket to a port. Nothing says that a datagram or its answer was lost:
 * the handbook's client would wait for ever, this one waits two seconds.
 * Root: not needed.
 * Run: npm run example -- 31-udp-client [ADDRESS]; PORT says which port, 8888 otherwise
 */
import { createInterface } from 'node:readline';
import { AF_INET, kernel, SOCK_DGRAM, SocketError } from 'barewire';

const text = new TextDecoder();
const server = `${process.argv[2] ?? '127.0.0.1'}:${process.env.PORT ?? 8888}`;

const socket = kernel.socket(AF_INET, SOCK_DGRAM);
for await (const line of createInterface({ input: process.stdin })) {
  await socket.sendto(`${line}\n`, server);
  try {
    const { data } = await socket.recvfrom(1024, { timeoutMs: 2000 });
    console.log(`Server-> ${text.decode(data).trimEnd()}`);
  } catch (error) {
    if (!(error instanceof SocketError) || error.code !== 'ERR_SOCKET_TIMEOUT') throw error;
    console.log('Client-> no answer in two seconds: lost on the way, or nobody is there');
  }
}
socket.close();
