/**
 * close() and reference counts: the FIN goes out when the last descriptor is closed.
 *
 * Shows: dup() makes a second descriptor for the same connection (fork does the same); closing one changes nothing for
 * the peer; closing the other ends the connection. shutdown() does not count: it works at once.
 * Root: not needed.
 * Run: npm run example -- 24
 */
import { AF_INET, kernel, SOCK_STREAM, type Socket, TCP } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();
const buffer = new Uint8Array(100);

{
  const [here, there] = await connectedPair();
  const second = here.dup();
  console.log(`two descriptors: ${here.fd !== second.fd}`);
  here.close();
  console.log(`close() of the first:  the peer's recv would wait: ${there.tryRecv(buffer) === null}, ${state(there)}`);
  await second.send('still here');
  console.log(`the second still works: the peer got ${await there.recv(buffer)} bytes`);
  second.close();
  console.log(`close() of the second: the peer's recv returns ${await there.recv(buffer)}, ${state(there)}`);
  there.close();
}
{
  const [here, there] = await connectedPair();
  const second = here.dup();
  here.shutdown('wr');
  console.log(`shutdown() with two:   the peer's recv returns ${await there.recv(buffer)}, ${state(there)}`);
  for (const socket of [here, second, there]) socket.close();
}
listener.close();

async function connectedPair(): Promise<[Socket, Socket]> {
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  return [client, await listener.accept()];
}

function state(socket: Socket): string {
  return socket.get(TCP.INFO).state;
}
