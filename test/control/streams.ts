/** For tests of streams: two connected sockets, bytes that tell where they stood, and reading them all. */
import type { Host } from '../../src/socket/host.ts';
import { SOCK_STREAM, type Socket } from '../../src/socket/index.ts';

const timeoutMs = 5000;

/** A connection over loopback. */
export async function tcpPair(host: Host, family: number, address: string): Promise<[Socket, Socket]> {
  using listener = host.socket(family, SOCK_STREAM);
  listener.bind(`${address}:0`);
  listener.listen();
  const client = host.socket(family, SOCK_STREAM);
  await client.connect(listener.getsockname(), { timeoutMs });
  return [client, await listener.accept({ timeoutMs })];
}

/** So many bytes, or fewer when the stream ends. */
export async function readAll(socket: Socket, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = await socket.recv(all.subarray(at), { timeoutMs });
    if (count === 0) break;
    at += count;
  }
  return all.subarray(0, at);
}

/** Bytes that tell where they stood. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + seed;
  return bytes;
}
