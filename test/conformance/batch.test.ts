/** Batches on sockets and of sizes that are not the usual ones: nothing is lost, nothing left open, nothing hangs. */
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_UNIX,
  DatagramBatch,
  decodeControl,
  SO,
  SOCK_DGRAM,
  SOCK_STREAM,
  type SocketError,
} from '../../src/socket/index.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('a batch takes the bytes of a TCP stream, and does not throw them away', async () => {
  using listener = kernel.socket(AF_INET, SOCK_STREAM);
  listener.bind('127.0.0.1:0');
  listener.listen();
  using client = kernel.socket(AF_INET, SOCK_STREAM);
  await client.connect(listener.getsockname());
  using server = await listener.accept();
  await client.sendAll('hello');
  await server.ready('in');
  const batch = new DatagramBatch(2, 64);
  expect(await server.recvBatch(batch)).toBe(1);
  expect(text(batch.data(0))).toBe('hello');
});

test('descriptors that nobody asked for do not stay open behind a batch; those asked for are the caller’s', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  const send = (): Promise<number> => a.sendmsg({ data: 'x', control: [{ kind: 'rights', fds: [a, b] }] });
  const before = descriptors();
  await send();
  const plain = new DatagramBatch(4, 16);
  plain.controlLengths.fill(9);
  expect(await b.recvBatch(plain)).toBe(1);
  expect(plain.control(0).length).toBe(0);
  expect(descriptors()).toBe(before);

  await send();
  const asking = new DatagramBatch(4, 16, { controlSize: 64 });
  expect(await b.recvBatch(asking)).toBe(1);
  const control = asking.control(0);
  const [rights] = decodeControl(control, control.length);
  expect(descriptors()).toBe(before + 2);
  const fds = rights?.kind === 'rights' ? rights.fds : [];
  for (const fd of fds) kernel.adopt(fd).close();
  expect([fds.length, descriptors()]).toEqual([2, before]);
  a.close();
  b.close();
});

test.each([
  ['one datagram a message', 40_000, 40_000, 600],
  ['the most that UDP carries', 65_507, 65_507, 3],
  ['more than UDP carries', 65_536, 65_536, 3],
  ['a stride above what UDP carries', 65_536, 100, 3],
])('a run of %s: sent one by one, or refused as the kernel refuses one', async (_, stride, length, count) => {
  using receiver = kernel.socket(AF_INET, SOCK_DGRAM);
  receiver.bind('127.0.0.1:0');
  receiver.set(SO.RCVBUF, 4 << 20);
  using sender = kernel.socket(AF_INET, SOCK_DGRAM);
  sender.set(SO.SNDBUF, 4 << 20);
  await sender.connect(receiver.getsockname());
  const batch = new DatagramBatch(count, stride);
  for (let i = 0; i < count; i++) batch.put(i, new Uint8Array(length).fill(i));
  let code = 'sent';
  try {
    expect(await sender.sendBatch(batch, 0, count)).toBeGreaterThan(0);
  } catch (error) {
    code = (error as SocketError).code;
  }
  expect(code).toBe(length > 65_507 ? 'EMSGSIZE' : 'sent');
  if (code === 'sent') expect((await receiver.recv(65_536)).length).toBe(length);
});
