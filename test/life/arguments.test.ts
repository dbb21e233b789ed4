/**
 * Whatever a program hands over, a call answers with a result or an error and the process goes on: memory that is shared,
 * detached, resized or of another kind, and addresses, options and control messages of random bytes.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { kernel } from '../../src/os/kernel.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  DatagramBatch,
  SOCK_DGRAM,
  SOCK_STREAM,
  type Socket,
} from '../../src/socket/index.ts';

const RUNS = 300;

/** A result, or the name of what was thrown: anything but a crash. */
function outcome(run: () => unknown): string {
  try {
    return `gave ${typeof run()}`;
  } catch (error) {
    return error instanceof Error ? error.name : 'threw something else';
  }
}

function withPair<T>(type: number, use: (a: Socket, b: Socket) => T): T {
  const [a, b] = kernel.socketpair(AF_UNIX, type);
  try {
    return use(a, b);
  } finally {
    a.close();
    b.close();
  }
}

const detached = (): Uint8Array => {
  const bytes = new Uint8Array(16);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
};

/** ES2024, in Node 20 and later; not yet among the types of ES2023. */
type Resizable = ArrayBuffer & { resize(bytes: number): void };
const ResizableBuffer = ArrayBuffer as unknown as new (bytes: number, options: { maxByteLength: number }) => Resizable;

describe('memory that is not plain', () => {
  test('a SharedArrayBuffer carries bytes both ways', () => {
    withPair(SOCK_STREAM, (a, b) => {
      const shared = new Uint8Array(new SharedArrayBuffer(8));
      shared.set([1, 2, 3]);
      expect(a.trySend(shared, 0, 3)).toBe(3);
      const into = new Uint8Array(new SharedArrayBuffer(8), 2, 4);
      expect(b.tryRecv(into)).toBe(3);
      expect(Array.from(into)).toEqual([1, 2, 3, 0]);
    });
  });

  test('an array that was detached is empty: nothing is read from it or written to it', () => {
    withPair(SOCK_DGRAM, (a, b) => {
      expect(detached().length).toBe(0);
      expect(outcome(() => a.trySend(detached()))).toMatch(/gave number|Error/);
      expect(outcome(() => b.tryRecv(detached()))).toMatch(/gave number|Error/);
      expect(outcome(() => a.trySend(detached(), 0, 16))).toMatch(/Error/);
      expect(outcome(() => b.tryRecv(detached(), 4, 8))).toMatch(/Error/);
      expect(outcome(() => a.tryWritev([detached(), Uint8Array.of(7)]))).toMatch(/gave number|Error/);
      expect(outcome(() => b.tryReadv([detached(), new Uint8Array(4)]))).toMatch(/gave|Error/);
      expect(outcome(() => a.trySendmsg({ data: detached() }))).toMatch(/gave number|Error/);
      expect(outcome(() => b.tryRecvmsg({ buffers: [detached()] }))).toMatch(/gave|Error/);
      expect(outcome(() => a.setsockopt(1, 2, detached()))).toMatch(/Error/);
      expect(outcome(() => a.ioctl(0x541b, detached()))).toMatch(/Error/);
    });
  });

  test('an array that is detached while the call waits: the call ends, nothing crashes', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const buffer = new Uint8Array(64);
    const call = a.recv(buffer).then(String, (error: Error) => error.name);
    await new Promise((resolve) => setImmediate(resolve));
    structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    b.trySend(Uint8Array.of(1, 2, 3));
    b.close();
    expect(await call).toMatch(/^\d+$|Error/);
    a.close();
  });

  test('an array that shrinks while the call waits: nothing is written past its end', async (context) => {
    const memory = new ResizableBuffer(64, { maxByteLength: 128 });
    if (memory.resize === undefined) return context.skip('this Node has no resizable ArrayBuffer');
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const whole = new Uint8Array(memory);
    const call = a.recv(whole).then(String, (error: Error) => error.name);
    await new Promise((resolve) => setImmediate(resolve));
    memory.resize(2);
    b.trySend(Uint8Array.of(1, 2, 3, 4, 5));
    b.close();
    expect(await call).toMatch(/^[0-2]$|Error/);
    memory.resize(8);
    expect(Array.from(whole.subarray(2, 8))).toEqual([0, 0, 0, 0, 0, 0]);
    a.close();
    return undefined;
  });

  test.each([
    ['an ArrayBuffer', () => new ArrayBuffer(4)],
    ['a DataView', () => new DataView(new ArrayBuffer(4))],
    ['a Float64Array', () => new Float64Array(4)],
    ['a number', () => 4.5],
    ['null', () => null],
    ['an object', () => ({ length: 4 })],
    ['a negative size', () => -1],
    ['a huge size', () => 2 ** 53],
    ['NaN', () => Number.NaN],
  ])('%s where bytes are wanted is an error', (_name, make) => {
    withPair(SOCK_STREAM, (a, b) => {
      b.trySend(Uint8Array.of(1, 2, 3, 4));
      const wrong = make() as never;
      for (const run of [
        () => a.trySend(wrong),
        () => a.sendSync(wrong, { timeoutMs: 1 }),
        () => a.trySendmsg({ data: wrong }),
        () => a.tryWritev([wrong]),
        () => a.tryReadv([wrong]),
        () => a.tryRecv(wrong),
        () => a.tryRecvmsg({ buffers: [wrong] }),
      ]) {
        expect(outcome(run), run.toString()).toMatch(/Error$/);
      }
    });
  });

  test('what is no memory is a TypeError that names the argument, and an async call rejects with it', async () => {
    const [a, b] = kernel.socketpair(AF_UNIX, SOCK_STREAM);
    const wrong = ['text', new ArrayBuffer(4), null, undefined, {}] as unknown as readonly Uint8Array[];
    for (const buffer of wrong) {
      const expected = /^buffer: expected a Uint8Array, got (string|object|null|undefined)$/;
      await expect(a.recv(buffer)).rejects.toThrow(expected);
      await expect(a.recv(buffer, { timeoutMs: 0 })).rejects.toThrow(expected);
      await expect(a.recvfrom(buffer)).rejects.toThrow(expected);
      expect(() => a.recvSync(buffer)).toThrow(expected);
      expect(() => a.tryRecvfrom(buffer)).toThrow(expected);
    }
    for (const data of [5, new ArrayBuffer(4), null] as unknown as readonly Uint8Array[]) {
      const expected = /^data: expected a Uint8Array or a string, got/;
      await expect(a.send(data)).rejects.toThrow(expected);
      await expect(a.sendAll(data)).rejects.toThrow(expected);
      await expect(a.sendto(data, 'unix:@x')).rejects.toThrow(expected);
      expect(() => a.sendSync(data)).toThrow(expected);
    }
    a.close();
    b.close();
  });

  test('offsets and lengths outside the array are errors', () => {
    withPair(SOCK_STREAM, (a, b) => {
      const bytes = new Uint8Array(8);
      for (const [offset, length] of [
        [9, 0],
        [0, 9],
        [4, 5],
        [-1, 4],
        [0, -1],
        [2 ** 31, 1],
      ] as const) {
        expect(
          outcome(() => a.trySend(bytes, offset, length)),
          `send ${offset} ${length}`,
        ).toMatch(/Error$/);
        expect(
          outcome(() => b.tryRecv(bytes, offset, length)),
          `recv ${offset} ${length}`,
        ).toMatch(/Error$/);
      }
      expect(b.tryRecv(new Uint8Array(8))).toBeNull();
    });
  });

  test('numbers that are no 32-bit integers are errors too', () => {
    withPair(SOCK_STREAM, (a) => {
      const bytes = new Uint8Array(8);
      const taken = [2 ** 32, Number.NaN, 0.5].filter(
        (offset) => outcome(() => a.trySend(bytes, offset, 1)) === 'gave number',
      );
      expect(taken).toEqual([]);
    });
  });

  test('a batch whose arrays were detached is an error, not a crash', () => {
    withPair(SOCK_DGRAM, (a, b) => {
      const batch = new DatagramBatch(4, 64);
      batch.put(0, Uint8Array.of(1));
      structuredClone(batch.slab.buffer, { transfer: [batch.slab.buffer] });
      expect(outcome(() => a.trySendBatch(batch, 0, 1))).toMatch(/Error$/);
      expect(outcome(() => b.tryRecvBatch(batch))).toMatch(/Error$/);
      const fresh = new DatagramBatch(4, 64);
      for (const [first, count] of [
        [0, 5],
        [5, 1],
        [-1, 1],
        [0, 2 ** 31],
      ] as const) {
        expect(
          outcome(() => a.trySendBatch(fresh, first, count)),
          `${first} ${count}`,
        ).toMatch(/Error$/);
      }
    });
  });
});

describe('random bytes', () => {
  const { driver } = kernel;
  const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

  test('as addresses: bind, connect and sendto answer', () => {
    fc.assert(
      fc.property(
        bytes(128),
        fc.integer({ min: 0, max: 140 }),
        fc.constantFrom(AF_INET, AF_INET6, AF_UNIX),
        (data, length, domain) => {
          const address = new Uint8Array(128);
          address.set(data);
          // Nothing may leave this host, and no file may be made: addresses of loopback, names that are abstract.
          if (domain === AF_UNIX) address.set([1, 0, 0]);
          else if (domain === AF_INET) address.set([2, 0, address[2] as number, address[3] as number, 127]);
          else
            address.set([
              10,
              0,
              address[2] as number,
              address[3] as number,
              0,
              0,
              0,
              0,
              ...new Array<number>(15).fill(0),
              1,
            ]);
          const socket = kernel.socket(domain, SOCK_DGRAM);
          const results = [
            driver.bind(socket.handle, address, length),
            driver.connect(socket.handle, address, length),
            driver.send(socket.handle, new Uint8Array(0), 0, 0, 0x4000),
          ];
          socket.close();
          return results.every(Number.isInteger);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('as addresses of a family that the socket does not have', () => {
    fc.assert(
      fc.property(bytes(126), fc.integer({ min: 11, max: 65_535 }), (data, family) => {
        const address = new Uint8Array(128);
        address.set([family & 255, family >> 8]);
        address.set(data, 2);
        const socket = kernel.socket(AF_INET, SOCK_STREAM);
        const results = [
          driver.bind(socket.handle, address, data.length + 2),
          driver.connect(socket.handle, address, data.length + 2),
        ];
        socket.close();
        return results.every((result) => result < 0);
      }),
      { numRuns: RUNS },
    );
  });

  test('as control messages to send: the kernel takes or refuses them, and what arrives can be read', () => {
    fc.assert(
      fc.property(
        bytes(96),
        fc.integer({ min: 0, max: 96 }),
        fc.constantFrom(SOCK_STREAM, SOCK_DGRAM),
        (data, length, type) =>
          withPair(type, (a, b) => {
            const sent = driver.sendmsg(a.handle, [Uint8Array.of(1)], null, 0, data, Math.min(length, data.length), 0);
            const message = b.tryRecvmsg({ size: 8 });
            for (const one of message?.control ?? []) if (one.kind === 'rights') for (const fd of one.fds) fd.close();
            return Number.isInteger(sent);
          }),
      ),
      { numRuns: RUNS },
    );
  });

  test('as control messages with true headers: level, type and length at random', () => {
    const header = fc.record({
      length: fc.oneof(fc.integer({ min: 0, max: 64 }), fc.constantFrom(2 ** 31, 2 ** 32, 0xffff_ffff)),
      level: fc.constantFrom(0, 1, 6, 17, 41),
      type: fc.integer({ min: 0, max: 80 }),
      data: bytes(40),
    });
    fc.assert(
      fc.property(fc.array(header, { maxLength: 4 }), fc.constantFrom(AF_INET, AF_UNIX), (headers, domain) => {
        const control = new Uint8Array(64 * headers.length);
        const view = new DataView(control.buffer);
        for (const [i, { length, level, type, data }] of headers.entries()) {
          view.setBigUint64(64 * i, BigInt(length), true);
          view.setInt32(64 * i + 8, level, true);
          view.setInt32(64 * i + 12, type, true);
          control.set(data, 64 * i + 16);
        }
        const socket = kernel.socket(domain, SOCK_DGRAM);
        socket.bind(domain === AF_INET ? '127.0.0.1:0' : 'unix:');
        socket.tryConnect(socket.getsockname());
        const sent = driver.sendmsg(socket.handle, [Uint8Array.of(1)], null, 0, control, control.length, 0x4000);
        const message = socket.tryRecvmsg({ size: 8 });
        for (const one of message?.control ?? []) if (one.kind === 'rights') for (const fd of one.fds) fd.close();
        socket.close();
        return Number.isInteger(sent);
      }),
      { numRuns: RUNS },
    );
  });

  test('as options: any level, number and value is taken or refused', () => {
    // Not SO_DETACH_REUSEPORT_BPF and the like: numbers that programs use; each on a socket that goes at once.
    const level = fc.constantFrom(0, 1, 6, 17, 41, 255, 99_999, -1);
    fc.assert(
      fc.property(
        level,
        fc.integer({ min: -2, max: 90 }),
        bytes(72),
        fc.integer({ min: 0, max: 80 }),
        (where, number, value, room) => {
          const socket = kernel.socket(AF_INET, SOCK_STREAM);
          const answers = [
            outcome(() => socket.setsockopt(where, number, value)),
            outcome(() => socket.getsockopt(where, number, room)),
          ];
          socket.close();
          return answers.every((answer) => /gave|SocketError|RangeError|TypeError/.test(answer));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('as text: addresses parse or throw a TypeError or RangeError', () => {
    const socket = kernel.socket(AF_INET, SOCK_DGRAM);
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const answer =
          outcome(() => socket.getpeername() && text) + outcome(() => kernel.socket(AF_INET, text as never));
        return /Error/.test(answer);
      }),
      { numRuns: 100 },
    );
    fc.assert(
      fc.property(
        fc.constantFrom('127.0.0.1:', '[::1]:', 'unix:@', 'packet:', 'netlink:', ''),
        fc.string({ maxLength: 200 }),
        (prefix, rest) => {
          const other = kernel.socket(AF_INET, SOCK_DGRAM);
          const answer = outcome(() => other.bind(prefix + rest));
          other.close();
          return /gave|SocketError|TypeError|RangeError/.test(answer);
        },
      ),
      { numRuns: RUNS },
    );
    socket.close();
  });
});
