/** Bytes, checksum, sequence numbers, virtual time and the seeded source do what their heads say. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checksum,
  fromHex,
  Random,
  readHostU32,
  readU16,
  readU24,
  readU32,
  readU64,
  seqDiff,
  seqGe,
  seqInWindow,
  seqLe,
  seqLt,
  seqMax,
  sum16,
  systemClock,
  toHex,
  updateChecksum,
  VirtualClock,
  writeHostU32,
  writeU16,
  writeU24,
  writeU32,
  writeU64,
} from './index.ts';

describe('bytes', () => {
  test('what is written is read again, big-endian', () => {
    const bytes = new Uint8Array(17);
    writeU16(bytes, 0, 0x1234);
    writeU24(bytes, 2, 0xabcdef);
    writeU32(bytes, 5, 0xfedcba98);
    writeU64(bytes, 9, 0x8001_0203_0405_0607n);
    expect(toHex(bytes)).toBe('1234abcdeffedcba988001020304050607');
    expect([readU16(bytes, 0), readU24(bytes, 2), readU32(bytes, 5)]).toEqual([0x1234, 0xabcdef, 0xfedcba98]);
    expect(readU64(bytes, 9)).toBe(0x8001_0203_0405_0607n);
    writeHostU32(bytes, 0, 0xdeadbeef);
    expect(readHostU32(bytes, 0)).toBe(0xdeadbeef);
    expect(new Uint32Array(bytes.slice(0, 4).buffer)[0]).toBe(0xdeadbeef);
  });

  test('hex in and out, and what is no hex', () => {
    expect(toHex(fromHex('00:1a-2B 3c'))).toBe('001a2b3c');
    expect(() => fromHex('0')).toThrow(/even number/);
    expect(() => fromHex('0g')).toThrow(/got 'g'/);
  });
});

/** The definition, word by word. */
function slowSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

describe('checksum', () => {
  test('RFC 1071 §3: the worked example', () => {
    expect(sum16(fromHex('0001f203f4f5f6f7'))).toBe(0xddf2);
    expect(checksum(fromHex('0001f203f4f5f6f7'))).toBe(0x220d);
  });

  test('RFC 1071 §2: any start, any length, any parity agrees with the definition', () => {
    const random = new Random(1071);
    const buffer = random.bytes(70_001);
    for (const length of [0, 1, 2, 19, 20, 31, 32, 33, 40, 41, 64, 1459, 1460, 65_535, 66_000, 69_990]) {
      for (const view of [0, 1, 2, 3]) {
        for (const offset of [0, 1, 2, 3]) {
          const bytes = buffer.subarray(view);
          const end = offset + length;
          expect(sum16(bytes, offset, end)).toBe(slowSum(bytes.slice(offset, end)));
        }
      }
    }
  });

  test('all ones and all zeros of 64 KiB do not overflow', () => {
    expect(sum16(new Uint8Array(65_536).fill(0xff))).toBe(0xffff);
    expect(sum16(new Uint8Array(65_536))).toBe(0);
  });

  test('RFC 1624 §4: one word changed, the corner case of RFC 1141 included', () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0x0000);
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 8, maxLength: 40 }),
        fc.integer({ min: 0, max: 0xffff }),
        (bytes, word) => {
          bytes[0] = 1;
          const old = readU16(bytes, 2);
          const before = checksum(bytes);
          writeU16(bytes, 2, word);
          expect(updateChecksum(before, old, word)).toBe(checksum(bytes));
        },
      ),
    );
  });
});

describe('sequence numbers', () => {
  test('RFC 9293 §3.4: comparison survives the wrap', () => {
    expect(seqLt(0xffff_ffff, 0)).toBe(true);
    expect(seqLt(0, 0xffff_ffff)).toBe(false);
    expect(seqLe(5, 5) && seqGe(5, 5)).toBe(true);
    expect(seqDiff(3, 0xffff_fffe)).toBe(5);
    expect(seqMax(0xffff_fff0, 10)).toBe(10);
    expect(seqInWindow(2, 0xffff_fffe, 10)).toBe(true);
    expect(seqInWindow(8, 0xffff_fffe, 10)).toBe(false);
  });
});

describe('clock', () => {
  test('virtual time fires in order of due time, then of setting, and meets timers set on the way', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.setTimer(20, () => log.push(`b@${clock.now()}`));
    clock.setTimer(10, () => {
      log.push(`a@${clock.now()}`);
      clock.setTimer(10, () => log.push(`d@${clock.now()}`));
    });
    const gone = clock.setTimer(15, () => log.push('gone'));
    clock.setTimer(20, () => log.push(`c@${clock.now()}`));
    gone.cancel();
    gone.cancel();
    expect(clock.pending).toBe(3);
    clock.advance(19);
    expect(log).toEqual(['a@10']);
    expect(clock.now()).toBe(19);
    expect(clock.nextDueNs).toBe(20);
    clock.run();
    expect(log).toEqual(['a@10', 'b@20', 'c@20', 'd@20']);
    expect(() => clock.setTimer(-1, () => {})).toThrow(RangeError);
  });

  test('a thousand timers in random order come out sorted', () => {
    const clock = new VirtualClock();
    const random = new Random(7);
    const seen: number[] = [];
    for (let i = 0; i < 1000; i++) clock.setTimer(random.below(500), () => seen.push(clock.now()));
    expect(clock.run()).toBe(1000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  test('the system clock does not go back and can be cancelled', () => {
    const before = systemClock.now();
    systemClock.setTimer(1e15, () => {}).cancel();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  });
});

describe('random', () => {
  test('one seed, one run; near seeds differ', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, (_, i, r = new Random(seed)) => r.u32() + i);
    expect(draw(1)).toEqual(draw(1));
    const a = new Random(1);
    const b = new Random(2);
    expect(Array.from({ length: 4 }, () => a.u32())).not.toEqual(Array.from({ length: 4 }, () => b.u32()));
    for (let i = 0; i < 1000; i++) expect(a.below(6)).toBeLessThan(6);
    expect(() => a.below(0)).toThrow(RangeError);
  });
});
