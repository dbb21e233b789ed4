/**
 * Shows that extended BPF programs do their work on our sockets. Python loads them with bpf(2), which Node has no way to,
 * and passes their descriptors.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, type TestContext } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import type { NetworkNamespace } from '../../src/os/namespace.ts';
import { AF_INET, AF_UNIX, type OwnedFd, SO, SOCK_DGRAM, SOCK_STREAM, type Socket } from '../../src/socket/index.ts';
import { describeInNamespace } from '../support/in-namespace.ts';
import { loopbackNamespace } from '../support/namespaces.ts';
import { shows, timeoutMs } from './setting.ts';

/** Loads "return N" as a socket filter (type 1) and sends the descriptor, or the errno as text. */
const LOADER = `
import array, ctypes, os, platform, socket, struct, sys
name, result = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
code = struct.pack('<BBhiBBhi', 0xb7, 0, 0, result, 0x95, 0, 0, 0)
text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b'GPL')
attr = ctypes.create_string_buffer(struct.pack('<IIQQ', 1, 2, ctypes.addressof(text), ctypes.addressof(licence)), 128)
number = {'x86_64': 321, 'aarch64': 280}[platform.machine()]
fd = libc.syscall(number, 5, attr, 128)
peer = socket.socket(socket.AF_UNIX)
peer.connect('\\0' + name)
if fd < 0: peer.send(os.strerror(ctypes.get_errno()).encode())
else: socket.send_fds(peer, [b'loaded'], [fd])
`;

describeInNamespace(import.meta.url, 'effects of extended BPF programs', () => {
  let local: NetworkNamespace;
  beforeAll(() => {
    local = loopbackNamespace('ebpf');
  });
  afterAll(() => local.close());

  /** The descriptor of a program that returns `result`; a skip where this process may have none. */
  async function program(result: number, context: TestContext): Promise<OwnedFd> {
    const name = `barewire-ebpf-${randomUUID()}`;
    using listener = kernel.socket(AF_UNIX, SOCK_STREAM);
    listener.bind(`unix:@${name}`);
    listener.listen();
    const python = spawn('python3', ['-c', LOADER, name, String(result)], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    python.stderr.on('data', (text) => {
      complaint += String(text);
    });
    const failed = new Promise<never>((_, reject) => {
      python.once('error', () => reject(new Error('there is no python3')));
      python.once('exit', (code) => {
        if (code !== 0) reject(new Error(`python3 ended with ${code}: ${complaint.trim().split('\n').at(-1)}`));
      });
    });
    let refused: string;
    try {
      using peer = await Promise.race([listener.accept({ timeoutMs }), failed]);
      const message = await peer.recvmsg({ size: 100, controlSize: 64, timeoutMs });
      const fd = message.controlOf('rights')?.fds[0];
      if (fd !== undefined) return fd;
      refused = `bpf(2): ${new TextDecoder().decode(message.data)}`;
    } catch (error) {
      refused = (error as Error).message;
    } finally {
      python.kill();
    }
    return context.skip(`no program could be loaded: ${refused}`);
  }

  function udp(prepare: (socket: Socket) => void = () => {}, address = '127.0.0.1:0'): Socket {
    const socket = local.socket(AF_INET, SOCK_DGRAM);
    prepare(socket);
    socket.bind(address);
    return socket;
  }

  shows(
    ['SO_ATTACH_BPF', 'SO_DETACH_FILTER'],
    'a program that returns 0 drops everything, until it is taken away',
    async (context) => {
      using drop = await program(0, context);
      using receiver = udp();
      using sender = udp();
      receiver.set(SO.ATTACH_BPF, drop.fd);
      sender.trySendto(Uint8Array.of(1), receiver.getsockname());
      await expect(receiver.recv(8, { timeoutMs: 30 })).rejects.toMatchObject({ code: 'ERR_SOCKET_TIMEOUT' });
      receiver.set(SO.DETACH_FILTER, true);
      sender.trySendto(Uint8Array.of(2), receiver.getsockname());
      expect(await receiver.recv(8, { timeoutMs })).toEqual(Uint8Array.of(2));
      expect(() => receiver.set(SO.ATTACH_BPF, receiver.fd)).toThrow(/EINVAL/);
    },
  );

  shows(
    'SO_ATTACH_REUSEPORT_EBPF',
    'a program that returns 1 picks the second socket of the group',
    async (context) => {
      using second = await program(1, context);
      using a = udp((socket) => socket.set(SO.REUSEPORT, true));
      const address = a.getsockname() as { port: number };
      using b = udp((socket) => socket.set(SO.REUSEPORT, true), `127.0.0.1:${address.port}`);
      a.set(SO.ATTACH_REUSEPORT_EBPF, second.fd);
      for (let i = 0; i < 16; i++) {
        using sender = udp();
        sender.trySendto(Uint8Array.of(i), a.getsockname());
      }
      expect([a.tryReady('in'), b.tryReady('in')]).toEqual([false, true]);
      expect(() => a.set(SO.ATTACH_REUSEPORT_EBPF, a.fd)).toThrow(/EINVAL/);
    },
  );
});
