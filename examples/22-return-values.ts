/**
 * What read, write, send and recv return: a count, 0, or an error. Each made on purpose.
 *
 * Shows: >0 bytes, perhaps fewer than asked for; 0 is the end of the stream; ECONNRESET when the other side threw
 * the connection away; EPIPE when we write after that, or after our own shutdown; EINTR never arrives: the C layer asks
 * again when a signal interrupts a call.
 * Root: not needed.
 * Run: npm run example -- 22
 */
import { AF_INET, kernel, SO, SOCK_STREAM, type Socket, SocketError } from 'barewire';

const listener = kernel.socket(AF_INET, SOCK_STREAM);
listener.bind('127.0.0.1:0');
listener.listen();

{
  const [here, there] = await connectedPair();
  await there.send('hello');
  console.log(`> 0         recv(3) of 5 bytes: ${(await here.recv(3)).length}, then ${(await here.recv(100)).length}`);
  console.log(`EAGAIN      nothing there:      ${here.tryRecv(new Uint8Array(10))} from tryRecv, where C has -1`);
  there.close();
  console.log(`0           the peer closed:    ${(await here.recv(100)).length}, the end of the stream`);
  here.close();
}
{
  const [here, there] = await connectedPair();
  there.set(SO.LINGER, { on: true, seconds: 0 });
  there.close(); // RST instead of FIN
  await tell('ECONNRESET', 'recv after RST', () => here.recv(100));
  await tell('EPIPE', 'send after that', () => here.send('x'));
  here.close();
}
{
  const [here, there] = await connectedPair();
  here.shutdown('wr');
  await tell('EPIPE', 'send after shutdown(wr)', () => here.send('x'));
  here.close();
  there.close();
}
{
  const idle = kernel.socket(AF_INET, SOCK_STREAM);
  await tell('ENOTCONN', 'recv without connect', () => idle.recv(100));
  idle.close();
  await tell('EBADF', 'recv after close', () => idle.recv(100));
}
{
  // A signal arrives while a call waits. In C, recv may return -1 with EINTR here.
  const [here, there] = await connectedPair();
  process.once('SIGUSR1', () => void there.send('after the signal'));
  const received = here.recv(100);
  process.kill(process.pid, 'SIGUSR1');
  console.log(`EINTR       never seen: recv waited through a signal and returned ${(await received).length}`);
  here.close();
  there.close();
}
listener.close();

async function connectedPair(): Promise<[Socket, Socket]> {
  const client = kernel.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  return [client, await listener.accept()];
}

async function tell(expected: string, what: string, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
    console.log(`${expected.padEnd(11)} ${what}: no error`);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    console.log(`${expected.padEnd(11)} ${what}: ${error.message}`);
  }
}
