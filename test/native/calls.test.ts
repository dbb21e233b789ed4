/** The addon keeps its contract: values or −errno, bad arguments never throw or crash, stale handles reach nothing. */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeSockAddr } from '../../src/addr/sockaddr.ts';
import { loadNative } from '../../src/os/load.ts';
import { Ready, slotOf } from '../../src/os/native.ts';
import { type Handle, Register } from '../../src/socket/system-calls.ts';

const native = loadNative();
const [EBADF, EAGAIN, EFAULT, ENODEV, EINVAL, EINPROGRESS] = [9, 11, 14, 19, 22, 115];
const [AF_UNIX, AF_INET, SOCK_STREAM, SOCK_DGRAM] = [1, 2, 1, 2];
const loopback = encodeSockAddr('127.0.0.1:0');
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

function ok(result: number): number {
  if (result < 0) throw new Error(`expected a value, got errno ${-result}`);
  return result;
}

function pair(type = SOCK_STREAM): [Handle, Handle] {
  const handles = new Int32Array(2);
  ok(native.socketpair(AF_UNIX, type, 0, handles));
  return [handles[0] as Handle, handles[1] as Handle];
}

function udp(): { handle: Handle; name: Uint8Array; nameLength: number } {
  const handle = ok(native.socket(AF_INET, SOCK_DGRAM, 0));
  ok(native.bind(handle, loopback.bytes, loopback.length));
  const name = new Uint8Array(128);
  return { handle, name, nameLength: ok(native.getsockname(handle, name)) };
}

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

describe('values', () => {
  test('a TCP conversation through the bare calls, addresses in the registers', () => {
    const listener = ok(native.socket(AF_INET, SOCK_STREAM, 0));
    ok(native.bind(listener, loopback.bytes, loopback.length));
    ok(native.listen(listener, 5));
    expect(native.accept(listener, null)).toBe(-EAGAIN);
    const name = new Uint8Array(128);
    const length = ok(native.getsockname(listener, name));
    const client = ok(native.socket(AF_INET, SOCK_STREAM, 0));
    expect(native.connect(client, name, length)).toBe(-EINPROGRESS);
    expect(native.poll(Int32Array.of(listener), Int32Array.of(1), new Int32Array(1), 1000)).toBe(1);
    const peer = new Uint8Array(128);
    const server = ok(native.accept(listener, peer));
    expect(native.registers[Register.addressLength]).toBe(16);
    const clientName = new Uint8Array(128);
    ok(native.getsockname(client, clientName));
    expect(peer).toEqual(clientName);
    expect(native.send(client, bytes('..hello'), 2, 5, 0)).toBe(5);
    const buffer = new Uint8Array(16);
    expect(native.recv(server, buffer, 1, 10, 0)).toBe(5);
    expect(text(buffer.subarray(1, 6))).toBe('hello');
    expect(native.recv(server, buffer, 0, 16, 0)).toBe(-EAGAIN);
    expect(native.shutdown(client, 1)).toBe(0);
    expect(native.poll(Int32Array.of(server), Int32Array.of(1), new Int32Array(1), 1000)).toBe(1);
    expect(native.recv(server, buffer, 0, 16, 0)).toBe(0);
    for (const handle of [listener, client, server]) expect(native.close(handle)).toBe(0);
  });

  test('recvmsg and sendmsg carry control data both ways: SO_PASSCRED puts SCM_CREDENTIALS into it', () => {
    const [a, b] = pair(SOCK_DGRAM);
    ok(native.setsockopt(b, 1, 16, Uint8Array.of(1, 0, 0, 0), 4));
    expect(native.sendmsg(a, [bytes('he'), bytes('llo')], null, 0, null, 0, 0)).toBe(5);
    const control = new Uint8Array(64);
    const data = new Uint8Array(16);
    expect(native.recvmsg(b, [data], null, control, 0)).toBe(5);
    expect(text(data.subarray(0, 5))).toBe('hello');
    const view = new DataView(control.buffer);
    expect(native.registers[Register.controlLength]).toBeGreaterThanOrEqual(28);
    expect([view.getUint32(8, true), view.getUint32(12, true)]).toEqual([1, 2]);
    expect(view.getUint32(16, true)).toBe(process.pid);
    native.close(a);
    native.close(b);
  });

  test('recvmmsg and sendmmsg move batches with lengths, flags and senders', () => {
    const a = udp();
    const b = udp();
    const slab = new Uint8Array(4 * 8);
    const addresses = new Uint8Array(4 * 128);
    for (let i = 0; i < 4; i++) {
      slab.set(bytes(`msg ${i}`), i * 8);
      addresses.set(b.name.subarray(0, 16), i * 128);
    }
    const lengths = new Int32Array(4).fill(5);
    const addressLengths = new Int32Array(4).fill(16);
    expect(native.sendmmsg(a.handle, slab, 8, 1, 3, lengths, addresses, addressLengths, 0)).toBe(3);
    const into = new Uint8Array(8 * 3);
    const got = new Int32Array(8);
    const flags = new Int32Array(8);
    const from = new Uint8Array(8 * 128);
    const fromLengths = new Int32Array(8);
    const MSG_TRUNC = 0x20;
    expect(native.recvmmsg(b.handle, into, 3, 8, got, flags, from, fromLengths, MSG_TRUNC)).toBe(3);
    expect(text(into.subarray(0, 9))).toBe('msgmsgmsg');
    expect([...got.subarray(0, 3)]).toEqual([5, 5, 5]);
    expect((flags[0] as number) & MSG_TRUNC).toBe(MSG_TRUNC);
    expect(from.subarray(0, 16)).toEqual(a.name.subarray(0, 16));
    expect(native.recvmmsg(b.handle, into, 3, 8, got, flags, null, null, 0)).toBe(-EAGAIN);
    native.close(a.handle);
    native.close(b.handle);
  });

  test('adopt takes a descriptor over, dup copies, detach gives it away', () => {
    const before = openDescriptors();
    const handle = ok(native.adopt(openSync('/dev/zero', 'r')));
    const buffer = new Uint8Array(4).fill(9);
    expect(native.read(handle, buffer, 0, 4)).toBe(4);
    expect([...buffer]).toEqual([0, 0, 0, 0]);
    const copy = ok(native.dup(handle));
    expect(native.fd(copy)).not.toBe(native.fd(handle));
    expect(native.close(copy)).toBe(0);
    const fd = ok(native.detach(handle));
    expect(native.fd(handle)).toBe(-EBADF);
    closeSync(fd);
    expect(openDescriptors()).toBe(before);
  });

  test('a pointer inside an option value is the kernel’s for the call only: a classic BPF program that drops all', () => {
    const a = udp();
    const b = udp();
    const dropAll = Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0);
    const program = new Uint8Array(16);
    new DataView(program.buffer).setUint16(0, 1, true);
    const SO_ATTACH_FILTER = 26;
    expect(native.setsockopt(b.handle, 1, SO_ATTACH_FILTER, program, 16, 8, dropAll)).toBe(0);
    expect([...program.subarray(8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    ok(native.sendto(a.handle, bytes('x'), 0, 1, 0, b.name, b.nameLength));
    expect(native.poll(Int32Array.of(b.handle), Int32Array.of(1), new Int32Array(1), 20)).toBe(0);
    native.close(a.handle);
    native.close(b.handle);
  });
});

describe('rings', () => {
  test('mmap of what has no ring says why; a buffer that was unmapped has no bytes', () => {
    const { handle } = udp();
    expect(native.mmap(handle, 4096)).toBe(-ENODEV);
    expect(native.mmap(handle, 0)).toBe(-EINVAL);
    ok(native.close(handle));
    expect(native.mmap(handle, 4096)).toBe(-EBADF);
    expect(native.munmap(new Uint8Array(8) as unknown as ArrayBuffer)).toBe(-EINVAL);
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    expect([native.munmap(buffer), view.length]).toEqual([0, 0]);
  });
});

test('SO_GET_FILTER counts instructions: no room for them is EFAULT, and nothing is written past the array', () => {
  const { handle } = udp();
  const COUNT = 50;
  const instructions = new Uint8Array(COUNT * 8);
  for (let i = 0; i < COUNT; i++) instructions[i * 8] = i === COUNT - 1 ? 6 : 0;
  const program = new Uint8Array(16);
  program[0] = COUNT;
  const SO_GET_FILTER = 26;
  expect(native.setsockopt(handle, 1, SO_GET_FILTER, program, 16, 8, instructions)).toBe(0);
  const memory = new Uint8Array(1000).fill(0xaa);
  expect(native.getsockopt(handle, 1, SO_GET_FILTER, memory.subarray(0, 60), 60)).toBe(-EFAULT);
  expect(memory.every((byte) => byte === 0xaa)).toBe(true);
  expect(native.getsockopt(handle, 1, SO_GET_FILTER, memory.subarray(0, COUNT * 8), COUNT)).toBe(COUNT);
  expect(memory[COUNT * 8]).toBe(0xaa);
  native.close(handle);
});

describe('bad arguments', () => {
  test('every call with no arguments, wrong types or a handle that was never ours answers a negative number', () => {
    const calls = Object.entries(native).filter((entry): entry is [string, (...given: unknown[]) => number] => {
      const [name, value] = entry;
      return typeof value === 'function' && !['openHandles', 'loopStop', 'unshare', 'setns'].includes(name);
    });
    expect(calls.length).toBeGreaterThan(30);
    const odd: unknown[] = [
      undefined,
      null,
      'text',
      1.5,
      -1,
      2 ** 40,
      Number.NaN,
      {},
      [],
      new Uint8Array(1),
      7n,
      () => 0,
    ];
    for (const [name, call] of calls) {
      if (name === 'socket') continue;
      for (const value of odd) {
        const given = Array.from({ length: 9 }, () => value);
        for (const length of [0, 1, 3, 9]) {
          const result = call(...given.slice(0, length));
          expect(result, `${name}(${length} × ${String(value)})`).toBeLessThan(0);
        }
      }
    }
  });

  test('offsets and lengths outside their array are EFAULT, wrong types EINVAL, closed handles EBADF', () => {
    const [a, b] = pair();
    const buffer = new Uint8Array(8);
    for (const [offset, length] of [
      [0, 9],
      [9, 0],
      [8, 1],
      [-1, 1],
      [1, -1],
      [0x7fffffff, 0x7fffffff],
    ] as const) {
      expect(native.recv(a, buffer, offset, length, 0)).toBe(-EFAULT);
      expect(native.send(a, buffer, offset, length, 0)).toBe(-EFAULT);
      expect(native.read(a, buffer, offset, length)).toBe(-EFAULT);
    }
    expect(native.recv(a, new Int32Array(8) as unknown as Uint8Array, 0, 8, 0)).toBe(-EINVAL);
    expect(native.bind(a, buffer, 9)).toBe(-EFAULT);
    expect(native.getsockopt(a, 1, 3, buffer, 9)).toBe(-EFAULT);
    expect(native.setsockopt(a, 1, 26, new Uint8Array(8), 8, 1, new Uint8Array(8))).toBe(-EFAULT);
    expect(
      native.writev(
        a,
        Array.from({ length: 1025 }, () => buffer),
      ),
    ).toBe(-EINVAL);
    const many = new Int32Array(2000);
    expect(native.recvmmsg(a, buffer, 8, 1025, many, many, null, null, 0)).toBe(-EFAULT);
    expect(native.recvmmsg(a, buffer, 8, 2, many, many, null, null, 0)).toBe(-EFAULT);
    expect(native.sendmmsg(a, buffer, 8, 0, 1, Int32Array.of(9), null, null, 0)).toBe(-EFAULT);
    native.close(a);
    native.close(b);
    expect(native.close(a)).toBe(-EBADF);
    expect(native.recv(a, buffer, 0, 8, 0)).toBe(-EBADF);
  });

  test('a stale handle never reaches the descriptor number that the kernel gave out again', () => {
    const [a, b] = pair();
    const fd = native.fd(a);
    native.close(a);
    const others: Handle[] = [];
    let reused: Handle | undefined;
    for (let i = 0; i < 100 && reused === undefined; i++) {
      const handle = ok(native.socket(AF_INET, SOCK_DGRAM, 0));
      others.push(handle);
      if (native.fd(handle) === fd) reused = handle;
    }
    expect(reused).toBeDefined();
    expect(native.fd(a)).toBe(-EBADF);
    expect(native.close(a)).toBe(-EBADF);
    for (const handle of others) expect(native.close(handle)).toBe(0);
    native.close(b);
  });

  test('ten thousand sockets opened and closed leave no descriptor and no handle behind', () => {
    const before = [openDescriptors(), native.openHandles()];
    for (let i = 0; i < 10_000; i++) expect(native.close(ok(native.socket(AF_INET, SOCK_DGRAM, 0)))).toBe(0);
    expect([openDescriptors(), native.openHandles()]).toEqual(before);
  });
});

describe('readiness', () => {
  test('the loop wakes for what is ready, with more ready than one turn tells, each once', async () => {
    const ready = new Int32Array(1 << 16);
    const woken = new Int32Array(4);
    const seen = new Map<Handle, number>();
    let turns = 0;
    let finish = (): void => {};
    const all = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const pairs = Array.from({ length: 20 }, () => pair());
    const started = native.loopStart(ready, woken, (count) => {
      turns++;
      expect(count).toBeLessThanOrEqual(4);
      for (let i = 0; i < count; i++) {
        const handle = woken[i] as Handle;
        const bits = ready[slotOf(handle)] as number;
        ready[slotOf(handle)] = 0;
        if ((bits & Ready.in) !== 0) seen.set(handle, (seen.get(handle) ?? 0) + 1);
      }
      if (seen.size === 20) finish();
    });
    expect(started).toBe(0);
    expect(native.loopStart(ready, woken, () => {})).toBeLessThan(0);
    expect(native.loopRef(1)).toBe(0);
    for (const [a, b] of pairs) {
      expect(native.watch(a, Ready.in)).toBe(0);
      expect(native.watch(a, Ready.in | Ready.out)).toBe(0);
      expect(native.watch(a, Ready.in)).toBe(0);
      ok(native.send(b, bytes('x'), 0, 1, 0));
    }
    await all;
    expect(turns).toBeGreaterThanOrEqual(5);
    expect([...seen.keys()].toSorted((x, y) => x - y)).toEqual(pairs.map(([a]) => a).toSorted((x, y) => x - y));
    for (const handle of pairs.flat()) native.close(handle);
    expect(native.loopStop()).toBe(0);
    expect(native.watch(pairs[0]?.[0] as Handle, Ready.in)).toBe(-EBADF);
  });
});
