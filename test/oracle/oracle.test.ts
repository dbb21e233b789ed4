/**
 * Every packet vector, and copies of them with random errors, decoded by tshark and by us: no field that both know
 * differs without a reason in rules.ts, in what it says and in where it stands.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PcapngWriter } from '../../src/capture/index.ts';
import { concat, fromHex } from '../../src/core/index.ts';
import * as wire from '../../src/wire/index.ts';
import { allVectors } from '../vectors/all.ts';
import { compareCapture, type Difference } from './compare.ts';
import { THEIR_NAMES } from './names.ts';
import { tsharkVersion } from './tshark.ts';

const LINK_NUMBERS = { null: 0, ethernet: 1, raw: 101, sll: 113, sll2: 276 } as const;
const LINKS = Object.keys(LINK_NUMBERS) as (keyof typeof LINK_NUMBERS)[];
const SEEDS = [1, 2, 3, 4];

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

describe.each(LINKS)('%s', (link) => {
  test('nothing unexplained in the vectors', (ctx) => {
    if (tsharkVersion() === undefined) ctx.skip('tshark is not installed');
    expect(unexplained(join(folder, `${link}.pcapng`))).toEqual([]);
  }, 60_000);

  test('nor in copies with errors in one byte of fifty', (ctx) => {
    if (tsharkVersion() === undefined || !hasEditcap()) ctx.skip('tshark and editcap are not installed');
    for (const seed of SEEDS) {
      const path = join(folder, `${link}-${seed}.pcapng`);
      execFileSync('editcap', ['-E', '0.02', '--seed', String(seed), join(folder, `${link}.pcapng`), path]);
      expect(unexplained(path), `seed ${seed}`).toEqual([]);
    }
  }, 120_000);
});

/** Tables whose fields are compared as others', or that Wireshark has no fields for. */
const NOT_COMPARED = new Set(['tls']);

test('every header table has its names', () => {
  const tables = (Object.values(wire) as unknown[]).filter(isTable);
  expect(tables.length).toBeGreaterThan(25);
  for (const { layer } of tables) {
    if (!NOT_COMPARED.has(layer)) expect(Object.keys(THEIR_NAMES), layer).toContain(layer);
  }
});

function isTable(one: unknown): one is { readonly layer: string } {
  return typeof one === 'object' && one !== null && 'fixedBytes' in one;
}
