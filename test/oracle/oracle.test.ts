/**
 * Every packet vector, captures of real programs, and copies of both with random errors, decoded by tshark and by us: no
 * field that both know differs without a reason in rules.ts, in what it says and in where it stands.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PcapngWriter } from '../../src/capture/index.ts';
import { concat, fromHex } from '../../src/core/index.ts';
import { allVectors } from '../vectors/all.ts';
import { compareCapture, type Difference } from './compare.ts';
import { tsharkVersion } from './tshark.ts';

const LINK_NUMBERS = { null: 0, ethernet: 1, raw: 101, sll: 113, sll2: 276 } as const;
const LINKS = Object.keys(LINK_NUMBERS) as (keyof typeof LINK_NUMBERS)[];
const SEEDS = [1, 2];

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'barewire-oracle-test-'));
  for (const link of LINKS) writeFileSync(join(folder, `${link}.pcapng`), captureOf(link));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function captureOf(link: keyof typeof LINK_NUMBERS): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes));
  const face = writer.addInterface({ linkType: LINK_NUMBERS[link] });
  const packets = allVectors.filter(({ linkType }) => linkType === link);
  for (const [i, { hex }] of packets.entries()) {
    writer.writePacket({ interface: face, t: BigInt(i), bytes: fromHex(hex) });
  }
  return concat(parts);
}

function unexplained(path: string): readonly Difference[] {
  return compareCapture(path).differences.filter(({ reason }) => reason === undefined);
}

function hasEditcap(): boolean {
  try {
    execFileSync('editcap', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const CAPTURES = join(import.meta.dirname, '../captures');

describe.each([
  ...LINKS.map((link) => [`vectors of ${link}`, () => join(folder, `${link}.pcapng`)] as const),
  ...readdirSync(CAPTURES)
    .filter((name) => name.endsWith('.pcapng'))
    .map((name) => [name, () => join(CAPTURES, name)] as const),
])('%s', (name, path) => {
  test('nothing unexplained', (ctx) => {
    if (tsharkVersion() === undefined) ctx.skip('tshark is not installed');
    expect(unexplained(path())).toEqual([]);
  }, 60_000);

  test('nor in a copy with errors in one byte of fifty', (ctx) => {
    if (tsharkVersion() === undefined || !hasEditcap()) ctx.skip('tshark and editcap are not installed');
    const damaged = join(folder, `${name}-damaged.pcapng`);
    for (const seed of SEEDS) {
      execFileSync('editcap', ['-E', '0.02', '--seed', String(seed), path(), damaged]);
      expect(unexplained(damaged), `editcap -E 0.02 --seed ${seed}`).toEqual([]);
    }
  }, 120_000);
});
