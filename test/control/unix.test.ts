/**
 * Control messages of Unix sockets with CPython at the other end: descriptors of sockets, files and processes change
 * hands in both directions and stay what they were; credentials are the kernel's word.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_UNIX,
  OwnedFd,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../../src/socket/index.ts';
import { Program } from '../peers/run.ts';

const SO_PASSCRED = 16;
const SO_PASSSEC = 34;
const SO_PASSPIDFD = 76;
const SO_INQ = 84;
const timeoutMs = 5000;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'barewire-control-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

function hasPython(): boolean {
  try {
    execFileSync('python3', ['-c', 'import socket']);
    return true;
  } catch {
    return false;
  }
}
const python = hasPython() ? undefined : 'no python3';

let count = 0;
/** Runs a program that finds `s`, connected to us, and returns our end; `ended` resolves with what it printed. */
async function withPython(
  type: number,
  program: string,
): Promise<{ readonly conn: Socket; readonly pid: number; ended(): Promise<string> }> {
  using listener = kernel.socket(AF_UNIX, type);
  const path = join(folder, `s${count++}`);
  listener.bind({ family: 'unix', path });
  listener.listen();
  const head = `import array, os, struct
from socket import *
s = socket(AF_UNIX, ${type})
s.settimeout(10)
s.connect(${JSON.stringify(path)})
`;
  const peer = new Program('python3', ['-c', head + program]);
  const conn = await listener.accept({ timeoutMs });
  return {
    conn,
    pid: peer.pid,
    ended: async () => {
      await peer.until('exit', () => peer.exitCode !== undefined);
      expect(peer.stderr).toBe('');
      return peer.stdout;
    },
  };
}

describe.each([
  ['SOCK_STREAM', SOCK_STREAM],
  ['SOCK_SEQPACKET', SOCK_SEQPACKET],
] as const)('SCM_RIGHTS over %s', (_, type) => {
  test('Python receives a file, a socket and a process from us', async (context) => {
    if (python !== undefined) return context.skip(python);
    const file = join(folder, 'sent');
    writeFileSync(file, 'from a file of ours');
    const fd = openSync(file, 'r');
    using udp = kernel.socket(AF_INET, SOCK_DGRAM);
    udp.bind('127.0.0.1:0');
    const { port } = udp.getsockname() as { port: number };
    const { conn, ended } = await withPython(
      type,
      `data, fds, flags, _ = recv_fds(s, 100, 10)
u = socket(fileno=fds[1])
print(data.decode(), os.read(fds[0], 100).decode(), u.getsockname()[1], u.type == SOCK_DGRAM, flags & MSG_CTRUNC)
p = os.pidfd_open(os.getpid())
send_fds(s, [b'a process'], [p])
s.recv(1)
`,
    );
    using ours = conn;
    await ours.sendmsg({ data: 'two', control: [{ kind: 'rights', fds: [fd, udp] }] });
    const back = await ours.recvmsg({ size: 100, timeoutMs });
    expect(text(back.data)).toBe('a process');
    using pidfd = back.controlOf('rights')?.fds[0] as OwnedFd;
    expect(readlinkSync(`/proc/self/fd/${pidfd.fd}`)).toMatch(/pidfd/);
    // Still ours: what was sent is a copy.
    expect(fstatSync(fd).isFile()).toBe(true);
    closeSync(fd);
    await ours.send('.');
    expect(await ended()).toBe(`two from a file of ours ${port} True 0\n`);
    return undefined;
  });

  test('we receive a file, a listening socket and a pipe from Python, each owned', async (context) => {
    if (python !== undefined) return context.skip(python);
    const file = join(folder, `python-${type}`);
    writeFileSync(file, 'from a file of hers');
    const before = openDescriptors();
    const { conn, ended } = await withPython(
      type,
      `f = os.open(${JSON.stringify(file)}, os.O_RDONLY)
l = socket(AF_INET, SOCK_STREAM); l.bind(('127.0.0.1', 0)); l.listen()
r, w = os.pipe()
os.write(w, b'from a pipe')
s.sendmsg([b'three'], [(SOL_SOCKET, SCM_RIGHTS, array.array('i', [f, l.fileno(), r]))])
s.recv(1)
print('done')
`,
    );
    {
      using ours = conn;
      const message = await ours.recvmsg({ size: 100, timeoutMs });
      expect(text(message.data)).toBe('three');
      const fds = message.controlOf('rights')?.fds ?? [];
      expect(fds).toHaveLength(3);
      const [hers, listening, pipe] = fds as [OwnedFd, OwnedFd, OwnedFd];
      const room = new Uint8Array(100);
      expect(text(room.subarray(0, readSync(hers.fd, room)))).toBe('from a file of hers');
      expect(text(room.subarray(0, readSync(pipe.fd, room)))).toBe('from a pipe');
      using listener = kernel.adopt(listening);
      using client = kernel.socket(AF_INET, SOCK_STREAM);
      await client.connect(listener.getsockname(), { timeoutMs });
      using server = await listener.accept({ timeoutMs });
      await client.send('through a listener of hers');
      expect(text(await (server as Socket).recv(100, { timeoutMs }))).toBe('through a listener of hers');
      for (const owned of [hers, pipe]) owned.close();
      await ours.send('.');
    }
    expect(await ended()).toBe('done\n');
    expect(openDescriptors()).toBe(before);
    return undefined;
  });
});

test('253 descriptors pass in one message, 254 are refused before anything is sent', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  const before = openDescriptors();
  const fds = new Array<number>(253).fill(a.fd);
  await a.sendmsg({ data: 'many', control: [{ kind: 'rights', fds }] });
  await expect(a.sendmsg({ data: 'more', control: [{ kind: 'rights', fds: [...fds, 0] }] })).rejects.toThrow(
    /^rights\.fds: expected at most 253 descriptors, got 254/,
  );
  const message = await b.recvmsg({ size: 10, controlSize: 2048, timeoutMs });
  const rights = message.controlOf('rights');
  expect(rights?.fds).toHaveLength(253);
  expect(new Set(rights?.fds.map(({ fd }) => fd)).size).toBe(253);
  for (const fd of rights?.fds ?? []) fd.close();
  expect(openDescriptors()).toBe(before);
  expect(b.tryRecvmsg({ size: 10 })).toBeNull();
  a.close();
  b.close();
});

test('too little room: the descriptors that fit are owned, the others closed by the kernel, and the message says so', async () => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
  const before = openDescriptors();
  await a.sendmsg({ data: 'x', control: [{ kind: 'rights', fds: [0, 1, 2] }] });
  const message = await b.recvmsg({ size: 10, controlSize: 24, timeoutMs });
  expect(message.controlTruncated).toBe(true);
  const fds = message.controlOf('rights')?.fds ?? [];
  expect(fds).toHaveLength(2);
  expect(openDescriptors()).toBe(before + 2);
  for (const fd of fds) fd.close();
  expect(openDescriptors()).toBe(before);
  a.close();
  b.close();
});

describe('who sent', () => {
  test('SCM_CREDENTIALS both ways with Python', async (context) => {
    if (python !== undefined) return context.skip(python);
    const { conn, pid, ended } = await withPython(
      SOCK_STREAM,
      `s.setsockopt(SOL_SOCKET, SO_PASSCRED, 1)
s.send(b'ready')
data, control, _, _ = s.recvmsg(100, 200)
[(level, type, cred)] = control
print(data.decode(), level == SOL_SOCKET, type == SCM_CREDENTIALS, *struct.unpack('iII', cred))
`,
    );
    using ours = conn;
    ours.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    const message = await ours.recvmsg({ size: 100, timeoutMs });
    const [uid, gid] = [process.getuid?.() ?? -1, process.getgid?.() ?? -1];
    expect(message.controlOf('credentials')).toEqual({ kind: 'credentials', pid, uid, gid });
    const mine = { kind: 'credentials', pid: process.pid, uid, gid } as const;
    await ours.sendmsg({ data: 'me', control: [mine] });
    expect(await ended()).toBe(`me True True ${process.pid} ${uid} ${gid}\n`);
    return undefined;
  });

  test('what is not one’s own is refused', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    const control = [{ kind: 'credentials', pid: 0x3fff_ffff, uid: 0, gid: 0 }] as const;
    await expect(a.sendmsg({ data: 'x', control })).rejects.toMatchObject({
      // Nobody may name a process that does not exist, and only root another one.
      code: expect.stringMatching(/^(EPERM|ESRCH)$/),
    });
    a.close();
    b.close();
  });

  test('descriptors and credentials in one message', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_SEQPACKET);
    b.setsockopt(SOL_SOCKET, SO_PASSCRED, 1);
    await a.sendmsg({ data: 'both', control: [{ kind: 'rights', fds: [a] }] });
    const message = await b.recvmsg({ size: 10, timeoutMs });
    expect(message.controlOf('credentials')).toMatchObject({ pid: process.pid });
    using copy = kernel.adopt(message.controlOf('rights')?.fds[0] as OwnedFd);
    expect(copy.type).toBe(SOCK_SEQPACKET);
    a.close();
    b.close();
  });

  test('SCM_PIDFD: a descriptor of the process that sent', async (context) => {
    if (python !== undefined) return context.skip(python);
    const { conn, pid, ended } = await withPython(SOCK_STREAM, "s.recv(1)\ns.send(b'me')\ns.recv(1)\n");
    using ours = conn;
    try {
      ours.setsockopt(SOL_SOCKET, SO_PASSPIDFD, 1);
    } catch (error) {
      if (!(error instanceof SocketError && error.code === 'ENOPROTOOPT')) throw error;
      return context.skip('this kernel has no SO_PASSPIDFD (Linux 6.5)');
    }
    await ours.send('.');
    const message = await ours.recvmsg({ size: 10, timeoutMs });
    const fd = message.controlOf('pidfd')?.fd;
    expect(fd).toBeInstanceOf(OwnedFd);
    const info = execFileSync('cat', ['/proc/self/fdinfo/3'], {
      stdio: ['pipe', 'pipe', 'pipe', fd?.fd],
      encoding: 'utf8',
    });
    expect(info).toMatch(new RegExp(`^Pid:\\t${pid}$`, 'm'));
    fd?.close();
    await ours.send('.');
    expect(await ended()).toBe('');
    return undefined;
  });

  test('SCM_SECURITY', async (context) => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_DGRAM);
    b.setsockopt(SOL_SOCKET, SO_PASSSEC, 1);
    await a.send('x');
    const label = (await b.recvmsg({ size: 10, timeoutMs })).controlOf('security');
    a.close();
    b.close();
    if (label === undefined) return context.skip('no security module gives sockets a label here');
    expect(label.label).not.toBe('');
    return undefined;
  });
});

test('SCM_INQ: what is left to read', async (context) => {
  const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
  try {
    b.setsockopt(SOL_SOCKET, SO_INQ, 1);
  } catch (error) {
    a.close();
    b.close();
    if (!(error instanceof SocketError && error.code === 'ENOPROTOOPT')) throw error;
    return context.skip('this kernel has no SO_INQ (Linux 6.17)');
  }
  await a.send('twelve bytes');
  const message = await b.recvmsg({ size: 5, timeoutMs });
  expect(message.controlOf('inq')).toEqual({ kind: 'inq', bytes: 7 });
  a.close();
  b.close();
  return undefined;
});
