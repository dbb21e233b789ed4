/**
 * One UDP socket, many peers: a server that tells each how long its datagram was. "exit" ends the server, for all.
 *
 * Shows: where TCP needs a socket for each client, one UDP socket serves them all; each answer goes to the address that
 * recvfrom gave. Started without an argument the lesson brings three clients along.
 * Root: not needed. `serve` binds 127.0.0.1, port 9999 or what PORT says.
 * Run: npm run example -- 32, or npm run example -- 32 serve (and `nc -u 127.0.0.1 9999` in other terminals)
 */
import { AF_INET, formatSocketAddress, kernel, SOCK_DGRAM, type Socket } from 'barewire';

const text = new TextDecoder();
const server = kernel.socket(AF_INET, SOCK_DGRAM);

if (process.argv[2] === 'serve') {
  server.bind(`127.0.0.1:${process.env.PORT ?? 9999}`);
  console.log(`bound to ${formatSocketAddress(server.getsockname())}`);
  process.once('SIGINT', () => server.close());
  await serve(server);
  console.log('closed');
} else {
  server.bind('127.0.0.1:0');
  const serving = serve(server);
  const clients = ['a', 'bb', 'ccc'].map((word) => ({ word, socket: kernel.socket(AF_INET, SOCK_DGRAM) }));
  for (const { word, socket } of clients) await socket.sendto(word, server.getsockname());
  for (const { word, socket } of clients) {
    const { data } = await socket.recvfrom(1024);
    console.log(`the client that sent "${word}" got: ${text.decode(data)}`);
  }
  await clients[0]!.socket.sendto('exit', server.getsockname());
  await serving;
  console.log('"exit" from one client stopped the server for all');
  for (const { socket } of clients) socket.close();
}

async function serve(socket: Socket<typeof SOCK_DGRAM>): Promise<void> {
  for await (const { data, address } of socket) {
    if (text.decode(data).trim() === 'exit') break;
    await socket.sendto(`Your data was ${data.length} bytes long`, address);
  }
  socket.close();
}
